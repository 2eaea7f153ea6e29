/** The top line: state, why, alarm, and what this page is connected to. */

import { byId, setData, setText } from './format.js';
import { UNKNOWN_NUMBER, strings } from './strings.js';

/** @typedef {import('./types.js').View} View */

/** Shape of each state: colour is never the only difference. */
const ICONS = {
    INIT: 'dots',
    STANDBY: 'ring',
    READY: 'check',
    ENGAGED: 'play',
    DEGRADED: 'slow',
    HOLD: 'pause',
    PSTOP: 'octagon',
    ESTOP: 'hand',
    FAULT: 'cross',
    UNKNOWN: 'question',
};

/** Asterisks before an alarm, by priority, as patient monitors write them. */
const STARS = { high: '***', medium: '**', low: '*' };

/** At most one spoken change per this time, or a screen reader never stops talking. */
const SPEAK_EVERY_MS = 5_000;

export class Chip {
    constructor() {
        this.chip = byId('chip');
        this.word = byId('chip-word');
        this.icon = byId('chip-icon');
        this.reason = byId('reason');
        this.code = byId('reason-code');
        this.sentence = byId('reason-sentence');
        this.fix = byId('reason-fix');
        this.measured = byId('reason-measured');
        this.value = byId('reason-value');
        this.limit = byId('reason-limit');
        this.spokenAt = -Infinity;
        this.spoken = '';
        this.alarmed = '';
        this.asked = false;
    }

    /**
     * Tells `say` the word for the state that stands on the page, as it is read there and not as it was
     * meant, once the browser has taken it. A hidden tab or a stopped renderer says nothing.
     * @param {(word: string) => void} say
     */
    report(say) {
        if (this.asked) return;
        this.asked = true;
        requestAnimationFrame(() => {
            const word = this.word.textContent ?? '';
            requestAnimationFrame(() => {
                this.asked = false;
                if (!document.hidden) say(word);
            });
        });
    }

    /**
     * @param {View} view
     * @param {number} now
     */
    render(view, now) {
        /** @type {Record<string, string>} */
        const icons = ICONS;
        setData(this.chip, 'state', view.word);
        setText(this.word, view.word);
        // "Ready" that can not engage must not look like an invitation.
        const barred = view.word === 'READY' && view.live?.state.can_engage === false;
        setData(this.chip, 'barred', String(barred));
        const shape = `#icon-${barred ? icons.STANDBY : icons[view.word] ?? icons.UNKNOWN}`;
        if (this.icon.getAttribute('href') !== shape) this.icon.setAttribute('href', shape);
        this.renderReason(view);
        this.renderBadges(view);
        this.renderAlarm(view);
        this.speak(view, now);
    }

    /** @param {View} view */
    renderReason({ reason, live }) {
        setData(this.reason, 'code', reason.code);
        const heading = reason.heading ? `${reason.heading}: ` : '';
        setText(this.code, reason.code);
        this.code.hidden = reason.code === '';
        setText(this.sentence, `${heading}${reason.sentence}`);
        setText(this.fix, reason.fix ?? '');
        const measured = live !== null && Boolean(reason.value);
        this.measured.hidden = !measured;
        setText(this.value, measured ? reason.value ?? '' : '');
        setText(this.limit, measured && reason.limit ? strings.state.limit(reason.limit) : '');
    }

    /** @param {View} view */
    renderBadges({ status }) {
        const mode = byId('mode');
        const kind = status ? (status.simulated ? 'simulated' : 'live') : 'unknown';
        setData(mode, 'kind', kind);
        const words = { simulated: strings.simulated, live: strings.liveRobot, unknown: strings.modeUnknown };
        setText(mode, words[kind]);
        setText(byId('profile-name'), status?.profile.name ?? UNKNOWN_NUMBER);
        setText(byId('profile-hash'), strings.profileHash(status?.profile.hash ?? UNKNOWN_NUMBER));
    }

    /** @param {View} view */
    renderAlarm({ alarms, heard }) {
        const line = byId('alarm');
        const first = alarms[0];
        setData(line, 'priority', first ? first.priority : 'none');
        setText(byId('alarm-stars'), first ? STARS[first.priority] ?? '*' : '');
        setText(byId('alarm-code'), first ? first.code : heard ? strings.alarmNone : UNKNOWN_NUMBER);
        setText(byId('alarm-text'), first ? first.text : '');
        setText(byId('alarm-more'), alarms.length > 1 ? strings.alarmMore(alarms.length - 1) : '');
        line.title = alarms.map((a) => `${STARS[a.priority] ?? '*'} ${a.code} ${a.text}`).join('\n');
        // role=alert interrupts the reader: only a high alarm may, and once per alarm.
        const high = first?.priority === 'high' ? first.code : '';
        if (high !== this.alarmed) {
            this.alarmed = high;
            setText(byId('live-alert'), high && first ? `${first.code}. ${first.text}` : '');
        }
    }

    /**
     * @param {View} view
     * @param {number} now
     */
    speak({ word, reason }, now) {
        const sentence = strings.spoken.state(word, reason.sentence);
        if (sentence === this.spoken || now - this.spokenAt < SPEAK_EVERY_MS) return;
        this.spoken = sentence;
        this.spokenAt = now;
        setText(byId('live-polite'), sentence);
    }
}
