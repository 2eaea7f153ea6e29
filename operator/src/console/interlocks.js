/** Every condition for motion, what it measures, its limit, who can mend it and how. Failing ones first. */

import { byId, number, setData, setText } from './format.js';
import { UNKNOWN_NUMBER, strings } from './strings.js';

/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').Interlock} Interlock */

/** @type {Record<string, number>} */
const RANK = { fail: 0, warn: 1, unknown: 2, ok: 3 };

/** @type {Record<string, string>} */
const ICONS = { fail: 'cross', warn: 'slow', unknown: 'question', ok: 'check' };

const SVG = 'http://www.w3.org/2000/svg';

export class Interlocks {
    constructor() {
        this.list = byId('interlocks');
        this.count = byId('interlock-count');
        /** @type {Map<string, HTMLElement>} */
        this.rows = new Map();
        /** @type {Interlock[]} */
        this.known = [];
        this.order = '';
    }

    /** @param {View} view */
    render({ live }) {
        // The names stay on the screen, so that the reader keeps the place; nothing else of them does.
        if (live) this.known = live.interlocks;
        const rows = live ? [...live.interlocks] : this.known.map(unknown);
        const rank = (/** @type {Interlock} */ row) => RANK[row.state] ?? RANK.unknown;
        rows.sort((a, b) => rank(a) - rank(b));
        const ok = rows.filter((row) => row.state === 'ok').length;
        setText(this.count, strings.interlockCount(
            number(live ? ok : null), number(live ? rows.length : null)));
        setData(this.count, 'all', String(live !== null && ok === rows.length));
        for (const row of rows) this.renderRow(row);
        const more = this.list.scrollHeight - this.list.scrollTop > this.list.clientHeight + 2;
        setData(this.list, 'more', String(more));
        const order = rows.map((row) => row.id).join(' ');
        if (order === this.order) return;
        this.order = order;
        const ids = new Set(rows.map((row) => row.id));
        for (const id of this.rows.keys()) if (!ids.has(id)) this.rows.delete(id);
        this.list.replaceChildren(...rows.flatMap((row) => this.rows.get(row.id) ?? []));
    }

    /** @param {Interlock} row */
    renderRow(row) {
        let item = this.rows.get(row.id);
        if (!item) {
            item = newRow(row.id);
            this.rows.set(row.id, item);
        }
        const state = row.state in RANK ? row.state : 'unknown';
        setData(item, 'state', state);
        const [icon, , spoken, measured, owner, fix] = item.children;
        const shape = `#icon-${ICONS[state]}`;
        const use = icon.firstElementChild;
        if (use && use.getAttribute('href') !== shape) use.setAttribute('href', shape);
        /** @type {Record<string, string>} */
        const words = strings.interlockState;
        setText(spoken, words[state]);
        setText(measured, figures(row, state));
        setText(owner, row.owner);
        setText(fix, row.fix);
        item.title = strings.fixedBy(row.id, row.owner, row.fix);
    }
}

/**
 * What is said beside the name: value and limit. A dash means "not known"; an interlock that has no
 * figure, or whose figure only the robot has, says nothing instead.
 * @param {Interlock} row
 * @param {string} state
 */
function figures(row, state) {
    if (state === 'unknown') return UNKNOWN_NUMBER;
    if (row.value === null) return row.limit ? strings.limitOnly(row.limit) : '';
    return row.limit ? `${withoutUnitOf(row.limit, row.value)} / ${row.limit}` : row.value;
}

/**
 * A unit that stands behind the limit is not said twice: the room is the name's.
 * @param {string} limit  such as "140 ms"
 * @param {string} value  such as "57 ms"
 */
function withoutUnitOf(limit, value) {
    const [number, ...unit] = value.split(' ');
    return limit.endsWith(` ${unit.join(' ')}`) ? number : value;
}

/**
 * @param {Interlock} row
 * @returns {Interlock}
 */
function unknown(row) {
    return { ...row, state: 'unknown', value: null, limit: null };
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function newRow(id) {
    const item = document.createElement('li');
    item.dataset.id = id;
    const icon = document.createElementNS(SVG, 'svg');
    icon.setAttribute('class', 'icon');
    icon.setAttribute('aria-hidden', 'true');
    icon.append(document.createElementNS(SVG, 'use'));
    const part = (/** @type {string} */ name) => {
        const element = document.createElement('span');
        element.className = name;
        return element;
    };
    const name = part('id');
    name.textContent = id;
    item.append(icon, name, part('spoken'), part('measured'), part('owner'), part('fix'));
    return item;
}
