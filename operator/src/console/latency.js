/**
 * The bottom strip: how old is what steers, measured as one number; the stages that it is made of; the
 * last minute; the clock that only the stages depend on.
 *
 * The headline is measured by the robot on its own clock, never summed here: medians do not add, and the
 * stages lean on an estimate of the other clock. What the stages do not explain is drawn as such.
 */

import { History, drawHistory } from './chart.js';
import { mark, place } from './force.js';
import { byId, milliseconds, number, quantity, setData, setText } from './format.js';
import { strings } from './strings.js';

/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').Age} Age */
/** @typedef {import('./types.js').Status} Status */

const MINUTE_MS = 60_000;

/** Ten points per second: more than the strip has pixels. */
const MINUTE_COUNT_MAX = 600;

/** Beyond the hard limit, so that a breach is seen as one. */
const HEADROOM = 1.2;

/** Scale before the robot has told its limits. */
const SCALE_DEFAULT_MS = 200;

/** Stages with a look of their own. */
const STAGES_MAX = 5;

/** Unexplained time below this is the rounding of the stages. */
const REST_MIN_MS = 1;

/** From here on the headline needs smaller digits. */
const LONG_MS = 999.5;

/** @type {Age} */
const UNKNOWN_AGE = { p50_ms: null, p95_ms: null, now_ms: null, soft_ms: null, hard_ms: null };

export class Latency {
    constructor() {
        this.history = new History(MINUTE_MS, MINUTE_COUNT_MAX);
        this.minute = /** @type {HTMLCanvasElement} */ (byId('minute'));
        this.bar = byId('stages');
        this.legend = byId('stage-legend');
        this.shape = '';
        /** @type {string[]} */
        this.names = [];
    }

    /**
     * @param {View} view
     * @param {number} now
     */
    render({ live }, now) {
        const age = live?.ages.view ?? UNKNOWN_AGE;
        const loop = live?.ages.loop ?? UNKNOWN_AGE;
        renderAge('view', age);
        renderAge('loop', loop);
        renderWayIn(live);
        const top = (age.hard_ms ?? SCALE_DEFAULT_MS) * HEADROOM;
        this.renderStages(live, age, top);
        mark(byId('stage-soft'), age.soft_ms, top);
        mark(byId('stage-hard'), age.hard_ms, top);
        mark(byId('stage-now'), age.now_ms, top);
        setText(byId('stage-soft-text'), number(age.soft_ms));
        setText(byId('stage-hard-text'), quantity(age.hard_ms, 'ms'));
        this.history.push(age.now_ms, now);
        drawHistory(this.minute, this.history, now, {
            top,
            colour: '#62d0ff',
            marks: [
                { value: age.soft_ms, colour: '#ffd84a' },
                { value: age.hard_ms, colour: '#ff6b66' },
            ],
        });
        renderPaths(live);
        renderClock(live);
    }

    /**
     * @param {?Status} live
     * @param {Age} age
     * @param {number} top
     */
    renderStages(live, age, top) {
        // The names stay when the numbers go, so that the strip keeps its shape.
        if (live) this.names = live.stages.slice(0, STAGES_MAX).map((stage) => stage.name);
        const stages = this.names.map((name, index) => ({ name, ms: live?.stages[index].ms ?? null }));
        this.build(this.names);
        let sum = 0;
        stages.forEach((stage, index) => {
            const part = /** @type {HTMLElement} */ (this.bar.children[index]);
            const row = this.legend.children[index];
            // A negative stage is a clock that lies. It is said so, never drawn as zero time.
            const valid = typeof stage.ms === 'number' && stage.ms >= 0;
            sum += valid ? stage.ms ?? 0 : 0;
            place(part, 'width', valid ? (stage.ms ?? 0) / top : 0);
            setText(row.children[2], quantity(stage.ms, 'ms', 1));
            setData(row, 'valid', String(valid || stage.ms === null));
        });
        const rest = /** @type {HTMLElement} */ (this.bar.children[stages.length]);
        const unexplained = age.now_ms === null ? 0 : age.now_ms - sum;
        place(rest, 'width', unexplained > REST_MIN_MS ? unexplained / top : 0);
    }

    /**
     * Makes the parts again only when the stages have other names.
     * @param {string[]} names
     */
    build(names) {
        const shape = names.join('\n');
        if (shape === this.shape && this.bar.childElementCount > 0) return;
        this.shape = shape;
        const part = (/** @type {string} */ stage) => {
            const element = document.createElement('span');
            element.className = 'stage';
            element.dataset.stage = stage;
            return element;
        };
        const parts = names.map((_, index) => part(String(index)));
        const rest = part('rest');
        rest.title = strings.rest;
        this.bar.replaceChildren(...parts, rest);
        this.legend.replaceChildren(...names.map((name, index) => {
            const row = document.createElement('li');
            const [key, label, value] = ['span', 'span', 'span'].map((tag) => document.createElement(tag));
            key.className = 'stage key';
            key.dataset.stage = String(index);
            label.className = 'name';
            label.textContent = name;
            value.className = 'number';
            row.append(key, label, value);
            return row;
        }));
    }
}

/**
 * @param {'view'|'loop'} which
 * @param {Age} age
 */
function renderAge(which, age) {
    setText(byId(`${which}-age-p50`), milliseconds(age.p50_ms));
    setText(byId(`${which}-age-p95`), milliseconds(age.p95_ms));
    const { now_ms: now, soft_ms: soft, hard_ms: hard } = age;
    const long = Math.max(age.p50_ms ?? 0, age.p95_ms ?? 0) >= LONG_MS;
    setData(byId(`${which}-age`), 'long', String(long));
    let level = 'ok';
    if (now === null) level = 'unknown';
    else if (hard !== null && !(now <= hard)) level = 'hard';
    else if (soft !== null && !(now <= soft)) level = 'soft';
    setData(byId(`${which}-age`), 'level', level);
}

/**
 * From the hand to the robot, against the target of the profile: a short link says here whether it is one.
 * @param {?Status} live
 */
function renderWayIn(live) {
    const command = live?.ages.command ?? null;
    const line = byId('way-in');
    line.hidden = command === null;
    byId('loop-age-ends').hidden = !line.hidden;
    if (command === null) return;
    const { p99_ms: p99, target_ms: target, now_ms: now, soft_ms: soft, hard_ms: hard } = command;
    let level = 'ok';
    if (p99 === null) level = 'unknown';
    else if (now !== null && !(now <= hard)) level = 'hard';
    else if (!(p99 <= target) || (now !== null && !(now <= soft))) level = 'soft';
    setData(line, 'level', level);
    setText(line, strings.wayIn(number(p99, 2), quantity(target, 'ms')));
}

/**
 * With one path there is nothing to compare. With several, each has a line: what it takes, what it loses.
 * @param {?Status} live
 */
function renderPaths(live) {
    const paths = live?.paths ?? [];
    const list = byId('paths');
    list.hidden = paths.length < 2;
    // There is room for one of them; a clock that lies is said in any case.
    byId('clock').hidden = !list.hidden && live?.clock.suspect !== true;
    if (list.hidden) return;
    while (list.childElementCount < paths.length) {
        const row = document.createElement('li');
        row.append(document.createElement('b'), document.createElement('span'));
        list.append(row);
    }
    while (list.childElementCount > paths.length) list.lastElementChild?.remove();
    paths.forEach((path, index) => {
        const row = list.children[index];
        setData(row, 'up', String(path.up));
        setText(row.children[0], path.name);
        const lost = path.lost_up_percent === null && path.lost_down_percent === null
            ? null : Math.max(path.lost_up_percent ?? 0, path.lost_down_percent ?? 0);
        setText(row.children[1], path.up
            ? strings.path(quantity(path.round_trip_ms, 'ms', 1), quantity(lost, '%', 1))
            : strings.pathDown);
    });
}

/** @param {?Status} live */
function renderClock(live) {
    const line = byId('clock');
    const { offset_ms: offset, error_ms: error, suspect } = live?.clock
        ?? { offset_ms: null, error_ms: null, suspect: false };
    setData(line, 'suspect', String(suspect));
    if (suspect) setText(line, strings.clockSuspect);
    else if (offset === null) setText(line, strings.clockUnknown);
    else setText(line, strings.clock(quantity(offset, 'ms', 2), quantity(error, 'ms', 2)));
}
