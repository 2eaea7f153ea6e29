/** The list of keys. It covers the interlocks for as long as it is open, never the picture or STOP. */

import { byId } from './format.js';
import { strings } from './strings.js';

export class Help {
    constructor() {
        this.panel = byId('help');
        this.button = byId('help-button');
        this.button.addEventListener('click', () => this.show(this.panel.hidden));
        byId('help-close').addEventListener('click', () => this.show(false));
        window.addEventListener('keydown', (event) => {
            if (event.key === '?') this.show(this.panel.hidden);
            else if (event.key === 'Escape') this.show(false);
        });
    }

    /** @param {boolean} open */
    show(open) {
        if (this.panel.hidden === !open) return;
        this.panel.hidden = !open;
        this.button.setAttribute('aria-expanded', String(open));
        // Focus must not stay on a button that has gone.
        if (!open && this.panel.contains(document.activeElement)) this.button.focus();
    }

    /** Fills the list from the table. */
    render() {
        const list = byId('help-list');
        list.replaceChildren(...strings.help.flatMap(([keys, does]) => {
            const term = document.createElement('dt');
            const text = document.createElement('dd');
            term.textContent = keys;
            text.textContent = does;
            return [term, text];
        }));
        byId('help-rule').textContent = strings.helpRule;
    }
}
