/**
 * The practice pad: a hand for the simulated robot when there is no device.
 *
 * Holding it with the pointer is the deadman and the clutch in one. Keys only deflect what the pointer
 * holds; alone they do nothing, and a key that was down before the hold counts only once pressed anew.
 * Everything that can take the pointer away (release, cancel, focus, tab, connection) ends the hold.
 *
 * It speaks also while nobody holds it: only so is a hand that rests something else than a page that
 * hangs. A page that nobody sees draws no frames, and says nothing.
 */

import { byId, quantity, setData, setText } from './format.js';
import { UNKNOWN_NUMBER, strings } from './strings.js';

/** @typedef {import('./types.js').View} View */

/** About 60 messages per second, also on a screen that is faster. */
const SEND_EVERY_MS = 15;

/** Deflection below this is a hand that rests. */
const DEAD_ZONE = 0.06;

/** Full deflection, as a share of the pad's width. */
const REACH = 0.36;

/** Direction of each key: x to the right, y away from the operator (up), turn counter-clockwise. */
const KEYS = new Map([
    ['ArrowRight', { x: 1 }], ['KeyD', { x: 1 }],
    ['ArrowLeft', { x: -1 }], ['KeyA', { x: -1 }],
    ['ArrowUp', { y: 1 }], ['KeyW', { y: 1 }],
    ['ArrowDown', { y: -1 }], ['KeyS', { y: -1 }],
    ['KeyQ', { turn: 1 }], ['KeyE', { turn: -1 }],
]);

export class Pad {
    /** @param {(message: object) => boolean} send */
    constructor(send) {
        this.send = send;
        this.section = byId('pad-section');
        this.pad = byId('pad');
        this.knob = byId('pad-knob');
        this.slider = /** @type {HTMLInputElement} */ (byId('pad-force'));
        this.seq = 0;
        this.sentAt = -Infinity;
        /** @type {?{id: number, x: number, y: number}} */
        this.hold = null;
        this.drag = { x: 0, y: 0 };
        /** @type {Set<string>} */
        this.keys = new Set();
        this.following = false;
        /** The robot has followed during this hold. */
        this.followed = false;
        this.sliderSet = false;
        /** A hold would engage. Only a label: whether it does is the robot's decision. */
        this.welcome = false;
        this.heard = false;
        this.shown = false;
        this.listen();
        requestAnimationFrame(() => this.tick());
    }

    listen() {
        const { pad } = this;
        const release = () => this.release();
        pad.addEventListener('pointerdown', (event) => this.press(event));
        pad.addEventListener('pointermove', (event) => this.move(event));
        for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'contextmenu']) {
            pad.addEventListener(end, release);
        }
        pad.addEventListener('contextmenu', (event) => event.preventDefault());
        window.addEventListener('blur', release);
        window.addEventListener('pagehide', release);
        document.addEventListener('visibilitychange', release);
        window.addEventListener('keydown', (event) => this.key(event), { capture: true });
        window.addEventListener('keyup', (event) => this.keys.delete(event.code), { capture: true });
    }

    /** @param {PointerEvent} event */
    press(event) {
        if (event.button !== 0 || !event.isPrimary || this.hold || !this.heard) return;
        this.pad.setPointerCapture(event.pointerId);
        this.hold = { id: event.pointerId, x: event.clientX, y: event.clientY };
        // Wherever it is taken, the hold begins without deflection: taking it moves nothing.
        this.drag = { x: 0, y: 0 };
        this.keys.clear();
        this.followed = false;
        this.tell(performance.now());
    }

    /** @param {PointerEvent} event */
    move(event) {
        if (!this.hold || event.pointerId !== this.hold.id) return;
        // Some systems lose the release event; the buttons of the next move still tell.
        if ((event.buttons & 1) === 0) {
            this.release();
            return;
        }
        const reach = this.pad.clientWidth * REACH;
        this.drag = {
            x: (event.clientX - this.hold.x) / reach,
            y: (this.hold.y - event.clientY) / reach,
        };
    }

    /** Ends the hold and says so once. Without a hold it says nothing. */
    release() {
        if (!this.hold) return;
        const { id } = this.hold;
        this.hold = null;
        this.keys.clear();
        this.drag = { x: 0, y: 0 };
        if (this.pad.hasPointerCapture(id)) this.pad.releasePointerCapture(id);
        this.tell(performance.now());
        this.show();
    }

    /** @param {KeyboardEvent} event */
    key(event) {
        if (!this.hold || !KEYS.has(event.code)) return;
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        // Otherwise an arrow would also move the slider that has the focus.
        event.preventDefault();
        event.stopPropagation();
        if (!event.repeat) this.keys.add(event.code);
    }

    tick() {
        const now = performance.now();
        if (this.shown && this.heard && now - this.sentAt >= SEND_EVERY_MS) this.tell(now);
        if (this.hold) this.show();
        requestAnimationFrame(() => this.tick());
    }

    /** Where hand and keys point together, each within one. */
    deflection() {
        const sum = { x: this.drag.x, y: this.drag.y, turn: 0 };
        for (const code of this.keys) {
            const { x = 0, y = 0, turn = 0 } = /** @type {{x?: number, y?: number, turn?: number}} */ (
                KEYS.get(code) ?? {});
            sum.x += x;
            sum.y += y;
            sum.turn += turn;
        }
        const length = Math.hypot(sum.x, sum.y);
        // Radial: a square dead zone would pull diagonal motion to the axes.
        const scale = length <= DEAD_ZONE ? 0 : Math.min(1, length) / length;
        const clamp = (/** @type {number} */ v) => Math.max(-1, Math.min(1, v));
        return { x: sum.x * scale, y: sum.y * scale, turn: clamp(sum.turn) };
    }

    /** @param {number} now */
    tell(now) {
        this.sentAt = now;
        this.seq += 1;
        const held = this.hold !== null;
        const { x, y, turn } = held ? this.deflection() : { x: 0, y: 0, turn: 0 };
        const forceN = Number(this.slider.value);
        const sent = this.send({
            type: 'pad', held, x: round(x), y: round(y), turn, force_n: forceN, seq: this.seq, t_ms: now,
        });
        // A hold that nobody hears must not turn into motion when the connection returns.
        if (!sent && held) this.release();
    }

    show() {
        const held = this.hold !== null;
        const { x, y } = held ? this.deflection() : { x: 0, y: 0 };
        const moving = held && this.following;
        const free = this.welcome ? 'free' : 'refused';
        const state = !held ? free : moving ? 'moving' : this.followed ? 'again' : 'held';
        setData(this.pad, 'hold', state);
        const words = {
            free: strings.pad.hold,
            refused: strings.pad.refused,
            moving: strings.pad.held,
            held: strings.pad.heldIdle,
            again: strings.pad.again,
        };
        setText(byId('pad-word'), words[state]);
        const reach = this.pad.clientWidth * REACH;
        this.knob.style.transform = `translate(${(x * reach).toFixed(1)}px, ${(-y * reach).toFixed(1)}px)`;
    }

    /** @param {View} view */
    render({ padShown, heard, live }) {
        // Without a word from the console process nobody could say what the hold does.
        if (!padShown || !heard) this.release();
        this.heard = heard;
        this.shown = padShown;
        this.section.hidden = !padShown;
        if (!padShown) return;
        const word = live?.state.word ?? 'UNKNOWN';
        this.following = word === 'ENGAGED' || word === 'DEGRADED';
        if (this.hold && this.following) this.followed = true;
        this.welcome = live !== null && (this.following || live.state.can_engage);
        const force = live?.force;
        this.slider.disabled = typeof force?.wanted_n !== 'number';
        // Where no tool presses by itself there is nothing to want.
        if (live) {
            for (const id of ['pad-force-label', 'pad-force-value', 'pad-force']) {
                byId(id).hidden = this.slider.disabled;
            }
        }
        if (force && force.soft_n !== null && this.slider.max !== String(force.soft_n)) {
            this.slider.max = String(force.soft_n);
        }
        // The first value comes from the robot; afterwards the slider is the operator's.
        if (force && force.wanted_n !== null && !this.sliderSet) {
            this.slider.value = String(force.wanted_n);
            this.sliderSet = true;
        }
        setText(byId('pad-hand'), strings.padHand(live?.hand.clutch ?? UNKNOWN_NUMBER));
        setText(byId('pad-force-value'),
            quantity(this.slider.disabled ? null : Number(this.slider.value), 'N', 1));
        this.show();
    }
}

/** @param {number} share */
function round(share) {
    return Math.round(share * 1000) / 1000;
}
