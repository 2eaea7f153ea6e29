/** Numbers as text. One place, so that an unknown number can only ever be written one way. */

import { UNKNOWN_NUMBER } from './strings.js';

/**
 * `value` with `digits` decimals, or the unknown mark. Not a number and infinities are unknown.
 * @param {?number|undefined} value
 * @param {number} [digits]
 * @returns {string}
 */
export function number(value, digits = 0) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return UNKNOWN_NUMBER;
    const text = value.toFixed(digits);
    // "-0.0" reads as a direction where there is none.
    return Number(text) === 0 ? text.replace('-', '') : text;
}

/**
 * A number with its unit; the unit stays when the number is unknown.
 * @param {?number|undefined} value
 * @param {string} unit
 * @param {number} [digits]
 * @returns {string}
 */
export function quantity(value, unit, digits = 0) {
    return `${number(value, digits)} ${unit}`;
}

/**
 * Milliseconds: whole, but with one decimal below 10, where the first digit is half of the message.
 * @param {?number|undefined} value
 * @returns {string}
 */
export function milliseconds(value) {
    return number(value, typeof value === 'number' && Math.abs(value) < 9.95 ? 1 : 0);
}

/**
 * Writes only when the text differs: a screen reader and the layout both notice every write.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/**
 * Sets a data attribute only when it differs.
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
export function setData(element, name, value) {
    if (element.getAttribute(`data-${name}`) !== value) element.setAttribute(`data-${name}`, value);
}

/**
 * The element with this id. A page without it is not this page: fail at start, not in use.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
    const element = document.getElementById(id);
    if (!element) throw new Error(`index.html has no #${id}`);
    return element;
}
