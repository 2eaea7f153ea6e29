/**
 * Contact force, or that on the bumper of a base, against its limits, and how it went over the last ten
 * seconds; speed and clamps.
 */

import { History, drawHistory } from './chart.js';
import { byId, number, quantity, setData, setText } from './format.js';
import { UNKNOWN_NUMBER, strings } from './strings.js';

/** @typedef {import('./types.js').View} View */

const TREND_MS = 10_000;

/** One point per status. */
const TREND_COUNT_MAX = 200;

/** The bar ends a little beyond the hard limit, so that a breach is seen as one. */
const HEADROOM = 1.15;

/** Scale of the bar before the robot has told its limit. */
const SCALE_DEFAULT_N = 20;

export class Force {
    constructor() {
        this.history = new History(TREND_MS, TREND_COUNT_MAX);
        this.trend = /** @type {HTMLCanvasElement} */ (byId('force-trend'));
        this.bar = byId('force-bar');
        this.fill = byId('force-fill');
    }

    /**
     * @param {View} view
     * @param {number} now
     */
    render({ live, padShown }, now) {
        const { normal_n: normal, wanted_n: wanted, soft_n: soft, hard_n: hard } = live?.force
            ?? { normal_n: null, wanted_n: null, soft_n: null, hard_n: null };
        const top = (hard ?? SCALE_DEFAULT_N) * HEADROOM;
        setText(byId('force'), quantity(normal, 'N', 1));
        if (live) {
            setText(byId('force-label'), live.base ? strings.label.bumper : strings.label.force);
            byId('force-wanted').hidden = wanted === null;
            byId('force-soft').hidden = soft === null;
        }
        setText(byId('force-wanted'), strings.wanted(quantity(wanted, 'N', 1)));
        setData(this.bar, 'level', level(normal, soft, hard));
        place(this.fill, 'width', normal === null ? 0 : Math.max(0, normal) / top);
        mark(byId('force-mark-wanted'), wanted, top);
        mark(byId('force-mark-soft'), soft, top);
        mark(byId('force-mark-hard'), hard, top);
        setText(byId('force-soft'), strings.soft(quantity(soft, 'N')));
        setText(byId('force-hard'), strings.hard(quantity(hard, 'N')));
        this.bar.setAttribute('aria-valuetext', quantity(normal, 'N', 1));
        this.bar.setAttribute('aria-valuemax', String(hard ?? SCALE_DEFAULT_N));
        this.bar.setAttribute('aria-valuenow', String(normal ?? 0));
        this.history.push(normal, now);
        drawHistory(this.trend, this.history, now, {
            top,
            colour: '#62d0ff',
            marks: [
                { value: soft, colour: '#ffd84a' },
                { value: hard, colour: '#ff6b66' },
            ],
        });
        this.renderSpeed(live);
        // The practice pad shows its own hold: the line is for hands that this page can not see.
        byId('hand-section').hidden = padShown && !live?.hand.note;
    }

    /** @param {View['live']} live */
    renderSpeed(live) {
        setText(byId('speed'), quantity(live?.speed.mm_s, 'mm/s'));
        setText(byId('speed-cap'), strings.cap(quantity(live?.speed.cap_mm_s, 'mm/s')));
        const clamps = live?.clamps ?? [];
        const line = byId('clamps');
        setData(line, 'count', number(clamps.length));
        const limits = clamps.map((c) => strings.clamped(c.limit, c.text)).join(' · ');
        const words = limits ? strings.limited(limits) : strings.notLimited;
        setText(line, live ? words : UNKNOWN_NUMBER);
        // Several do not fit the line.
        line.title = limits;
        const hand = live?.hand;
        setText(byId('hand'), hand
            ? strings.hand(hand.source, hand.clutch, percent(hand.deadman), hand.arm)
            : UNKNOWN_NUMBER);
        setText(byId('hand-note'), hand?.note ?? '');
    }
}

/** @param {?number} share */
function percent(share) {
    return share === null ? quantity(null, '%') : quantity(share * 100, '%');
}

/**
 * @param {?number} value
 * @param {?number} soft
 * @param {?number} hard
 * @returns {string}
 */
function level(value, soft, hard) {
    if (value === null) return 'unknown';
    if (hard !== null && !(value < hard)) return 'hard';
    if (soft !== null && !(value < soft)) return 'soft';
    return 'ok';
}

/**
 * @param {HTMLElement} element
 * @param {'width'|'left'} property
 * @param {number} share
 */
export function place(element, property, share) {
    const text = `${(100 * Math.min(1, share)).toFixed(2)}%`;
    if (element.style[property] !== text) element.style[property] = text;
}

/**
 * Puts a mark at `value` of `top`, or hides it when there is no value.
 * @param {HTMLElement} element
 * @param {?number|undefined} value
 * @param {number} top
 */
export function mark(element, value, top) {
    element.hidden = typeof value !== 'number';
    if (typeof value === 'number') place(element, 'left', value / top);
}
