/**
 * STOP: the button, the space bar, and the words about it.
 *
 * The space bar is taken before any element can see it: a clinician who has just moved a slider or
 * reached a button with Tab must not press that instead. This STOP is software over a network; the
 * hard-wired stop at the robot is the one that is certain, and the page says so when in doubt.
 */

import { byId, quantity, setData, setText } from './format.js';
import { strings } from './strings.js';

/** @typedef {import('./types.js').View} View */

/** A tool slower than this stands; what is left is the noise of its sensors. Unit: mm/s. */
const STANDS_MAX_MM_S = 5;

export class Stop {
    /**
     * @param {import('./store.js').Store} store
     * @param {(message: object) => boolean} send
     * @param {() => void} letGo  ends whatever holds the robot from this page
     */
    constructor(store, send, letGo) {
        this.store = store;
        this.send = send;
        this.letGo = letGo;
        this.phase = byId('stop-phase');
        this.acknowledge = /** @type {HTMLButtonElement} */ (byId('ack'));
        // On press, not on release: a stop does not wait for the finger to come up.
        byId('stop').addEventListener('pointerdown', () => this.press());
        // What remains for click: Enter on the button, and assistive technology. Never the second half
        // of a pointer press, which has been sent already (its `detail` counts clicks).
        byId('stop').addEventListener('click', (event) => {
            if (event.detail === 0) this.press();
        });
        this.acknowledge.addEventListener('click', () => this.send({ type: 'acknowledge' }));
        window.addEventListener('keydown', (event) => this.onSpace(event), { capture: true });
        window.addEventListener('keyup', (event) => this.onSpace(event), { capture: true });
        window.addEventListener('keypress', (event) => this.onSpace(event), { capture: true });
    }

    /** @param {KeyboardEvent} event */
    onSpace(event) {
        if (event.code !== 'Space' && event.key !== ' ') return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (event.type === 'keydown' && !event.repeat) this.press();
    }

    press() {
        const sent = this.send({ type: 'stop' });
        this.letGo();
        this.store.stopPressed(sent, performance.now());
    }

    /**
     * Sends a STOP that could not leave while there was no connection. It is the one message that late
     * is still right.
     */
    connected() {
        if (this.store.facts.stopUnsent) this.press();
    }

    /** @param {View} view */
    render({ stop, canAcknowledge, live }) {
        setData(this.phase, 'phase', stop.phase);
        setText(this.phase, words(stop, live?.speed.mm_s ?? null));
        this.acknowledge.hidden = !canAcknowledge;
    }
}

/**
 * After a stop the robot may lift its tool by itself; then nobody says that nothing moves.
 * @param {{phase: string, ms: ?number}} stop
 * @param {?number} speed measured, mm/s; null if it is not known
 * @returns {string}
 */
function words({ phase, ms }, speed) {
    const say = strings.stop;
    switch (phase) {
        case 'idle': return say.idle;
        case 'sent': return say.sent;
        case 'confirmed': {
            const moves = speed !== null && speed > STANDS_MAX_MM_S;
            return `${moves ? say.lifting : say.motionStopped} ${say.confirmed(quantity(ms, 'ms'))}`;
        }
        case 'unsent': return say.unsent;
        case 'unconfirmed': return say.unconfirmed;
        default: return say.unknown;
    }
}
