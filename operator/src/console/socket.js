/**
 * The one connection to the console process: text both ways, pictures in.
 *
 * Nothing is queued here. A message that can not leave now is refused to the caller, because a command
 * that waits for a connection is a command about a picture that nobody sees any more.
 */

/** First pause before connecting again. */
const RETRY_MIN_MS = 250;

/** Longest pause: a clinician who restarts the program should not have to reload the page. */
const RETRY_MAX_MS = 2_000;

/** Bytes that may wait in the browser before the connection counts as stuck (about 400 messages). */
const WAITING_MAX_BYTES = 64 * 1024;

/**
 * @typedef {object} Listener
 * @property {(socket: 'connecting'|'open'|'closed') => void} changed
 * @property {(message: any) => void} said
 * @property {(picture: ArrayBuffer) => void} picture
 */

export class Socket {
    /**
     * @param {string} url
     * @param {Listener} listener
     */
    constructor(url, listener) {
        this.url = url;
        this.listener = listener;
        this.retryMs = RETRY_MIN_MS;
        this.retired = false;
        /** @type {?WebSocket} */
        this.web = null;
    }

    /**
     * Another page steers now: keep what there is, but never call again. The newest caller steers, so
     * a forgotten tab that reconnects would take the robot from the hand that has it.
     */
    retire() {
        this.retired = true;
    }

    /** Connects, and keeps connecting for as long as the page lives. */
    connect() {
        this.listener.changed('connecting');
        const web = new WebSocket(this.url);
        web.binaryType = 'arraybuffer';
        this.web = web;
        web.onopen = () => {
            this.retryMs = RETRY_MIN_MS;
            this.listener.changed('open');
        };
        web.onmessage = ({ data }) => this.receive(data);
        // An error is always followed by a close; only the close is an event for us.
        web.onclose = () => {
            this.web = null;
            this.listener.changed('closed');
            if (this.retired) return;
            setTimeout(() => this.connect(), this.retryMs);
            this.retryMs = Math.min(2 * this.retryMs, RETRY_MAX_MS);
        };
    }

    /** @param {string|ArrayBuffer} data */
    receive(data) {
        if (typeof data !== 'string') {
            this.listener.picture(data);
            return;
        }
        let message;
        try {
            message = JSON.parse(data);
        } catch {
            // Not our protocol: what is not understood refreshes nothing.
            return;
        }
        if (message && typeof message === 'object') this.listener.said(message);
    }

    /**
     * True when the message has been handed to an open connection that still drains.
     * STOP alone may wait behind others: it is the one message that late is still right.
     * @param {{type?: string}} message
     * @returns {boolean}
     */
    send(message) {
        const { web } = this;
        if (!web || web.readyState !== WebSocket.OPEN) return false;
        if (web.bufferedAmount > WAITING_MAX_BYTES && message.type !== 'stop') return false;
        web.send(JSON.stringify(message));
        return true;
    }

    /** Drops the connection, and with it every message that waits in it. */
    restart() {
        this.web?.close();
    }
}
