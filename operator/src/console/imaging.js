/**
 * The knobs of the imaging device: depth, gain, focus, frequency, freeze.
 *
 * A knob shows what is in force at the robot, never what was asked for. A request carries all settings, so one
 * that is made before the last is answered builds on that one. Freezing is no way to hold the robot and no way
 * to go on without pictures: it captures nothing, and the robot judges the age of the picture by itself.
 */

import { byId, quantity, setText } from './format.js';
import { strings } from './strings.js';

/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').Imaging} Imaging */
/** @typedef {{depth_mm: number, gain_db: number, focus_mm: number, frequency_mhz: number, frozen: boolean}} Wanted */

/** The robot answers within a picture and a round trip: after this long what was asked for is forgotten. */
const ANSWER_MAX_MS = 1_000;

/** @typedef {'depth_mm'|'gain_db'|'focus_mm'|'frequency_mhz'} Key */

/**
 * Each knob: its keys for less and more, its unit, decimals, and the step over a range of this size.
 * @type {{key: Key, id: string, less: string, more: string, unit: string, digits: number, step: (range: number) => number}[]}
 */
const KNOBS = [
    { key: 'depth_mm', id: 'depth', less: 'Digit1', more: 'Digit2', unit: 'mm', digits: 0, step: (range) => (range > 100 ? 10 : 5) },
    { key: 'gain_db', id: 'gain', less: 'Digit3', more: 'Digit4', unit: 'dB', digits: 0, step: () => 2 },
    { key: 'focus_mm', id: 'focus', less: 'Digit5', more: 'Digit6', unit: 'mm', digits: 0, step: (range) => (range > 100 ? 10 : 2) },
    { key: 'frequency_mhz', id: 'frequency', less: 'Digit7', more: 'Digit8', unit: 'MHz', digits: 1, step: () => 0.5 },
];

const FREEZE_KEY = 'KeyF';

export class Imaging {
    /** @param {(message: object) => boolean} send */
    constructor(send) {
        this.send = send;
        this.section = byId('imaging');
        this.freeze = byId('imaging-freeze');
        /** @type {?Imaging} */
        this.now = null;
        /** @type {?{wanted: Wanted, at: number}} */
        this.asked = null;
        for (const knob of KNOBS) {
            byId(`${knob.id}-less`).addEventListener('click', () => this.turn(knob, -1));
            byId(`${knob.id}-more`).addEventListener('click', () => this.turn(knob, 1));
        }
        this.freeze.addEventListener('click', () => this.toggle());
        window.addEventListener('keydown', (event) => this.press(event));
    }

    /** @param {KeyboardEvent} event */
    press(event) {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.code === FREEZE_KEY) {
            if (!event.repeat) this.toggle();
            return;
        }
        const knob = KNOBS.find(({ less, more }) => event.code === less || event.code === more);
        if (knob) this.turn(knob, event.code === knob.more ? 1 : -1);
    }

    /** What a request builds on: what was asked for last, or what is in force. */
    wanted() {
        const { now, asked } = this;
        if (!now) return null;
        if (asked && performance.now() - asked.at < ANSWER_MAX_MS) return asked.wanted;
        return inForce(now);
    }

    /**
     * One step: to the next multiple of it, within the range.
     * @param {typeof KNOBS[number]} knob
     * @param {1|-1} way
     */
    turn({ key, step }, way) {
        const wanted = this.wanted();
        if (!wanted || !this.now) return;
        const { min, max } = this.now[key];
        const by = step(max - min);
        // The small part makes 0.3 / 0.1 a whole number of steps.
        const steps = wanted[key] / by;
        const next = way > 0 ? Math.floor(steps + 1e-6) + 1 : Math.ceil(steps - 1e-6) - 1;
        this.ask({ ...wanted, [key]: Math.min(max, Math.max(min, next * by)) });
    }

    toggle() {
        const wanted = this.wanted();
        if (wanted) this.ask({ ...wanted, frozen: !wanted.frozen });
    }

    /** @param {Wanted} wanted */
    ask(wanted) {
        if (this.send({ type: 'imaging', ...wanted })) this.asked = { wanted, at: performance.now() };
    }

    /** @param {View} view */
    render({ live }) {
        const now = live?.imaging ?? null;
        this.now = now;
        if (!now) this.asked = null;
        this.section.hidden = now === null;
        if (!now) return;
        if (now.refused || (this.asked && same(this.asked.wanted, inForce(now)))) this.asked = null;
        for (const { key, id, unit, digits } of KNOBS) {
            const { now: value, min, max } = now[key];
            setText(byId(`${id}-value`), quantity(value, unit, digits));
            /** @type {HTMLButtonElement} */ (byId(`${id}-less`)).disabled = value <= min;
            /** @type {HTMLButtonElement} */ (byId(`${id}-more`)).disabled = value >= max;
        }
        this.freeze.setAttribute('aria-pressed', String(now.frozen));
        setText(this.freeze, now.frozen ? strings.imaging.unfreeze : strings.imaging.freeze);
        setText(byId('imaging-refused'), now.refused ? `${now.refused.sentence} ${now.refused.fix ?? ''}` : '');
    }
}

/**
 * @param {Imaging} now
 * @returns {Wanted}
 */
function inForce(now) {
    return {
        depth_mm: now.depth_mm.now,
        gain_db: now.gain_db.now,
        focus_mm: now.focus_mm.now,
        frequency_mhz: now.frequency_mhz.now,
        frozen: now.frozen,
    };
}

/**
 * @param {Wanted} a
 * @param {Wanted} b
 */
function same(a, b) {
    return a.frozen === b.frozen && KNOBS.every(({ key }) => a[key] === b[key]);
}
