/**
 * The practice pad: a hand for the simulated robot when there is no device.
 *
 * Holding it with the pointer is the deadman and the clutch in one. Keys only deflect what the pointer
 * holds; alone they do nothing, and a key that was down before the hold counts only once pressed anew.
 * Everything that can take the pointer away (release, cancel, focus, tab, connection) ends the hold.
 *
 * Where there are two arms, it moves the left one, and the right one while Shift is down. Going over to
 * the other arm begins a new deflection: wherever the pointer is then is the middle, and keys count once
 * pressed anew.
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

/**
 * @typedef {object} Deflection
 * @property {number} x to the right
 * @property {number} y away from the operator (up)
 * @property {number} z inward
 * @property {number} turn counter-clockwise
 * @property {number} jaw open
 */

/** @type {Deflection} */
const NONE = { x: 0, y: 0, z: 0, turn: 0, jaw: 0 };

/** What each key deflects. Letters that lie in the same place on most keyboards, and that nothing else uses. */
const KEYS = new Map([
    ['ArrowRight', { x: 1 }], ['KeyD', { x: 1 }],
    ['ArrowLeft', { x: -1 }], ['KeyA', { x: -1 }],
    ['ArrowUp', { y: 1 }], ['KeyW', { y: 1 }],
    ['ArrowDown', { y: -1 }], ['KeyS', { y: -1 }],
    ['KeyQ', { turn: 1 }], ['KeyE', { turn: -1 }],
    ['KeyT', { z: 1 }], ['KeyG', { z: -1 }],
    ['KeyV', { jaw: 1 }], ['KeyC', { jaw: -1 }],
]);

/** Held, they mean the right arm. */
const SHIFTS = ['ShiftLeft', 'ShiftRight'];

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
        /** Where the pointer took it, and where the middle of the deflection is since.
         * @type {?{id: number, x: number, y: number}} */
        this.hold = null;
        this.drag = { x: 0, y: 0 };
        this.pointer = { x: 0, y: 0 };
        /** Two arms, of which this moves one at a time. */
        this.pair = false;
        this.right = false;
        /** The arm that it moves, by the word of the console process; null where there are not two.
         * @type {?string} */
        this.arm = null;
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
        window.addEventListener('keyup', (event) => {
            this.keys.delete(event.code);
            if (SHIFTS.includes(event.code)) this.take(event.shiftKey);
        }, { capture: true });
    }

    /** @param {PointerEvent} event */
    press(event) {
        if (event.button !== 0 || !event.isPrimary || this.hold || !this.heard) return;
        this.pad.setPointerCapture(event.pointerId);
        this.hold = { id: event.pointerId, x: event.clientX, y: event.clientY };
        // Wherever it is taken, the hold begins without deflection: taking it moves nothing.
        this.pointer = { x: event.clientX, y: event.clientY };
        this.right = this.pair && event.shiftKey;
        this.begin();
        this.followed = false;
        this.tell(performance.now());
    }

    /** Here is the middle, and no key is down. */
    begin() {
        if (this.hold) this.hold = { ...this.hold, ...this.pointer };
        this.drag = { x: 0, y: 0 };
        this.keys.clear();
    }

    /**
     * Goes over to the other arm.
     * @param {boolean} right
     */
    take(right) {
        if (!this.pair || right === this.right) return;
        this.right = right;
        this.begin();
        // The console process waits for a hand at rest before the other arm moves: this says so.
        if (this.hold) this.tell(performance.now());
    }

    /** @param {PointerEvent} event */
    move(event) {
        if (!this.hold || event.pointerId !== this.hold.id) return;
        // Some systems lose the release event; the buttons of the next move still tell.
        if ((event.buttons & 1) === 0) {
            this.release();
            return;
        }
        this.pointer = { x: event.clientX, y: event.clientY };
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
        if (!this.hold) return;
        if (SHIFTS.includes(event.code)) this.take(true);
        if (!KEYS.has(event.code)) return;
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

    /**
     * Where hand and keys point together, each within one.
     * @returns {Deflection}
     */
    deflection() {
        const sum = { ...NONE, ...this.drag };
        for (const code of this.keys) {
            const key = { ...NONE, ...KEYS.get(code) };
            sum.x += key.x;
            sum.y += key.y;
            sum.z += key.z;
            sum.turn += key.turn;
            sum.jaw += key.jaw;
        }
        const length = Math.hypot(sum.x, sum.y);
        // Radial: a square dead zone would pull diagonal motion to the axes.
        const scale = length <= DEAD_ZONE ? 0 : Math.min(1, length) / length;
        const clamp = (/** @type {number} */ v) => Math.max(-1, Math.min(1, v));
        return {
            x: sum.x * scale,
            y: sum.y * scale,
            z: clamp(sum.z),
            turn: clamp(sum.turn),
            jaw: clamp(sum.jaw),
        };
    }

    /** @param {number} now */
    tell(now) {
        this.sentAt = now;
        this.seq += 1;
        const held = this.hold !== null;
        const { x, y, z, turn, jaw } = held ? this.deflection() : NONE;
        const arm = held && this.right ? 'right' : 'left';
        const forceN = Number(this.slider.value);
        const sent = this.send({
            type: 'pad', held, x: round(x), y: round(y), z, turn, jaw, arm,
            force_n: forceN, seq: this.seq, t_ms: now,
        });
        // A hold that nobody hears must not turn into motion when the connection returns.
        if (!sent && held) this.release();
    }

    show() {
        const held = this.hold !== null;
        const { x, y } = held ? this.deflection() : NONE;
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
        const word = words[state];
        setText(byId('pad-word'), held && this.arm ? strings.padArm(this.arm, word) : word);
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
        const hand = live?.hand;
        setText(byId('pad-hand'), strings.padHand(hand?.clutch ?? UNKNOWN_NUMBER));
        this.arm = hand?.arm ?? null;
        if (hand) {
            this.pair = hand.arms === 2;
            // While a force is wanted, inward and outward are the robot's.
            const free = this.slider.disabled || Number(this.slider.value) === 0;
            const axial = free && hand.arms > 0;
            setText(byId('pad-hint'), strings.padHint({ axial, jaw: hand.jaw, pair: this.pair }));
        }
        setText(byId('pad-force-value'),
            quantity(this.slider.disabled ? null : Number(this.slider.value), 'N', 1));
        this.show();
    }
}

/** @param {number} share */
function round(share) {
    return Math.round(share * 1000) / 1000;
}
