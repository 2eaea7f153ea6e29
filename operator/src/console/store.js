/**
 * The one state of the page. Facts go in; a `View` comes out; widgets see only the view.
 *
 * The problem: consoles freeze halfway. The picture stands still while a panel beside it still says
 * "21 ms, 9/9 ok", because each widget kept its own last value. The rule here: freshness is judged once,
 * in `derive`, and when the word of the console process is old, or the link or the robot's state is
 * unknown, `live` is `null` and no number exists to be shown.
 *
 * The limit of it: this judges what a person sees. What the robot does is judged by the robot alone.
 */

import { strings } from './strings.js';

/** @typedef {import('./types.js').Facts} Facts */
/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').Status} Status */
/** @typedef {import('./types.js').Presented} Presented */
/** @typedef {import('./types.js').Alarm} Alarm */
/** @typedef {import('./types.js').Reason} Reason */

/** Age at which a status is no longer shown. Ten statuses lost in a row: not jitter on a loopback. */
export const STATUS_MAX_MS = 500;

/** Silence of the picture that makes it stale: eight pictures at 33 Hz. */
export const PICTURE_MAX_MS = 250;

/** Without an answer to STOP for this long, tell the clinician to use the hard-wired stop. */
export const STOP_ANSWER_MAX_MS = 500;

/** Two statuses: what the console said before it can have heard our STOP does not confirm it. */
const STOP_ECHO_MIN_MS = 100;

const RANK = { high: 0, medium: 1, low: 2 };

/** States in which the robot follows the hand. */
const FOLLOWING = new Set(['ENGAGED', 'DEGRADED']);

/** @returns {Facts} */
export function noFacts() {
    return {
        socket: 'connecting',
        status: null,
        statusAt: null,
        backlogMs: 0,
        presented: null,
        presentedAt: null,
        stopPressedAt: null,
        stopUnsent: false,
        pictureFault: null,
        decoder: strings.decoder.pending,
    };
}

/**
 * What may be shown at `now`. Pure: a test can hand it any facts and any time.
 * @param {Facts} facts
 * @param {number} now  page time, ms
 * @returns {View}
 */
export function derive(facts, now) {
    const age = facts.statusAt === null ? Infinity : now - facts.statusAt + facts.backlogMs;
    // Written so that an age that is not a number counts as too old.
    const heard = facts.socket === 'open' && facts.status !== null && age <= STATUS_MAX_MS;
    const status = heard ? facts.status : null;
    const known = status !== null && status.link === 'up' && status.state.word !== 'UNKNOWN';
    const live = known ? status : null;
    const stop = stopOf(facts, status, now);
    return {
        heard,
        known,
        status,
        live,
        word: live ? live.state.word : 'UNKNOWN',
        reason: reasonOf(facts, status, live, stop),
        stop,
        canAcknowledge: live !== null && live.state.word === 'PSTOP',
        // From the last word even when that is old: what moves about on the page is missed by the hand.
        padShown: facts.status?.simulated === true && facts.status.hand.source === 'practice pad',
        picture: pictureOf(facts, status, live, now),
        presented: facts.presented,
        alarms: alarmsOf(facts, status, stop),
        decoder: facts.decoder,
    };
}

/**
 * @param {Facts} facts
 * @param {?Status} status
 * @param {?Status} live
 * @param {{phase: string}} stop
 * @returns {View['reason']}
 */
function reasonOf(facts, status, live, stop) {
    const say = strings.state;
    // Nothing that the page could say matters more than this.
    if (isUnheard(stop)) return say.stopUnconfirmed;
    if (!status) {
        if (facts.socket === 'connecting' && facts.status === null) return say.opening;
        return facts.socket === 'open' && facts.backlogMs > STATUS_MAX_MS ? say.backlog : say.noWord;
    }
    if (!live) {
        if (status.link === 'up') return status.state.reason ?? say.stateUnknown;
        return status.link_reason ?? (status.link === 'lost' ? say.linkLost : say.linkConnecting);
    }
    const { word, reason, can_engage: canEngage, why_not: whyNot } = live.state;
    if (reason) return reason;
    if (whyNot && !canEngage && !FOLLOWING.has(word)) return { heading: say.cannotEngage, ...whyNot };
    /** @type {Record<string, string>} */
    const plain = say.plain;
    return { code: '', sentence: plain[word] ?? '' };
}

/**
 * The words about STOP. "Confirmed" is the robot's own word or nothing: the page never infers it.
 * @param {Facts} facts
 * @param {?Status} status
 * @param {number} now
 * @returns {{phase: string, ms: ?number}}
 */
function stopOf(facts, status, now) {
    if (facts.stopUnsent) return { phase: 'unsent', ms: null };
    const said = status?.stop ?? null;
    if (facts.stopPressedAt !== null) {
        const waited = now - facts.stopPressedAt;
        if (said?.phase === 'unconfirmed' || waited > STOP_ANSWER_MAX_MS) {
            return { phase: 'unconfirmed', ms: null };
        }
        return { phase: 'sent', ms: null };
    }
    if (!said) return { phase: facts.status && facts.status.stop.phase !== 'idle' ? 'unknown' : 'idle', ms: null };
    // A robot that follows is not stopped, whatever an older confirmation says.
    if (said.phase === 'confirmed' && FOLLOWING.has(status?.state.word ?? '')) return { phase: 'idle', ms: null };
    return said;
}

/**
 * @param {Facts} facts
 * @param {?Status} status
 * @param {?Status} live
 * @param {number} now
 * @returns {View['picture']}
 */
function pictureOf(facts, status, live, now) {
    const never = facts.presentedAt === null;
    const stale = (/** @type {string} */ cause) => ({ stale: true, cause, never });
    if (facts.pictureFault) return stale('fault');
    if (!status) return stale('socket');
    if (!live) return stale('link');
    // Whoever froze it wants to look at it: it is named, and not crossed out.
    if (live.imaging?.frozen) return stale('freeze');
    if (facts.presentedAt === null) return stale('never');
    if (!(now - facts.presentedAt <= PICTURE_MAX_MS)) return stale('frozen');
    const { now_ms: age, hard_ms: hard } = live.ages.view;
    if (age !== null && hard !== null && !(age <= hard)) return stale('age');
    return { stale: false, cause: 'none', never };
}

/**
 * @param {Facts} facts
 * @param {?Status} status
 * @param {{phase: string}} stop
 * @returns {Alarm[]}
 */
function alarmsOf(facts, status, stop) {
    /** @type {Alarm[]} */
    const alarms = [];
    if (isUnheard(stop)) {
        alarms.push({ priority: 'high', ...strings.stopUnconfirmedAlarm });
    }
    // Only after it has spoken once: an empty page that is still connecting is not an emergency.
    if (!status && facts.status) alarms.push({ priority: 'high', ...strings.noWordAlarm });
    if (status) alarms.push(...status.alarms);
    return alarms.sort((a, b) => (RANK[a.priority] ?? 2) - (RANK[b.priority] ?? 2));
}

/**
 * A STOP was asked for and the robot has not said that it stopped.
 * @param {{phase: string}} stop
 */
function isUnheard({ phase }) {
    return phase === 'unconfirmed' || phase === 'unsent';
}

/** Keeps the facts, tells the listeners. */
export class Store {
    constructor() {
        /** @type {Facts} */
        this.facts = noFacts();
        /** @type {((view: View, now: number) => void)[]} */
        this.listeners = [];
        /** Smallest page time minus process time seen on this socket: the fastest delivery. */
        this.fastest = Infinity;
    }

    /** @param {(view: View, now: number) => void} listener */
    subscribe(listener) {
        this.listeners.push(listener);
    }

    /**
     * Tells every widget what may be shown now. Called on each fact and by a timer, because becoming
     * old is not an event that anybody sends.
     * @param {number} now
     */
    publish(now) {
        const view = derive(this.facts, now);
        for (const listener of this.listeners) listener(view, now);
    }

    /**
     * @param {Facts['socket']} socket
     * @param {number} now
     */
    socketChanged(socket, now) {
        this.facts.socket = socket;
        // A new connection may be a new process with a new clock.
        this.fastest = Infinity;
        if (socket !== 'open') this.facts.statusAt = null;
        this.publish(now);
    }

    /**
     * @param {Status} status
     * @param {number} now
     */
    statusArrived(status, now) {
        const { facts } = this;
        // The same status again is not news, however punctually it is repeated.
        const advanced = facts.statusAt === null || !facts.status || status.t_ms > facts.status.t_ms;
        if (!advanced) return;
        const transit = now - status.t_ms;
        this.fastest = Math.min(this.fastest, transit);
        facts.backlogMs = transit - this.fastest;
        facts.status = status;
        facts.statusAt = now;
        this.settleStop(status, now);
        this.publish(now);
    }

    /**
     * Hands the words about STOP back to the console process once it has clearly heard this press.
     * @param {Status} status
     * @param {number} now
     */
    settleStop(status, now) {
        const { facts } = this;
        if (facts.stopPressedAt === null) return;
        const { phase } = status.stop;
        const heardIt = now - facts.stopPressedAt >= STOP_ECHO_MIN_MS;
        if (phase === 'sent' || phase === 'unconfirmed' || (phase === 'confirmed' && heardIt)) {
            facts.stopPressedAt = null;
        }
    }

    /**
     * @param {boolean} sent  whether the request left this page
     * @param {number} now
     */
    stopPressed(sent, now) {
        this.facts.stopUnsent = !sent;
        // A second press must not restart the time after which the clinician is told to reach for the
        // hard-wired stop.
        if (sent && this.facts.stopPressedAt === null) this.facts.stopPressedAt = now;
        this.publish(now);
    }

    /**
     * @param {Presented} presented
     * @param {number} now
     */
    picturePresented(presented, now) {
        this.facts.presented = presented;
        this.facts.presentedAt = now;
    }

    /**
     * @param {?string} fault
     * @param {number} now
     */
    pictureFailed(fault, now) {
        this.facts.pictureFault = fault;
        this.publish(now);
    }

    /** @param {string} report */
    decoderTested(report) {
        this.facts.decoder = report;
    }
}
