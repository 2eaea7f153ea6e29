/**
 * Joins the parts. The page shows and asks; it decides nothing about safety: the robot judges by itself
 * how old the picture was that steered it, and a page that fails in any way makes that picture old.
 */

import { Chip } from './chip.js';
import { Force } from './force.js';
import { Help } from './help.js';
import { Imaging } from './imaging.js';
import { Interlocks } from './interlocks.js';
import { Latency } from './latency.js';
import { Pad } from './pad.js';
import { Picture } from './picture.js';
import { Socket } from './socket.js';
import { Stop } from './stop.js';
import { Store } from './store.js';
import { fillLabels, strings } from './strings.js';

/** How often becoming old is looked for. A fifth of the shortest limit on this page. */
const LOOK_EVERY_MS = 50;

/** A page that stays late for this long drops its connection, and with it what waits in there. */
const BACKLOG_MAX_MS = 500;
const BACKLOG_PATIENCE_MS = 2_000;

/** A connection over which nothing new comes for this long is a dead one. */
const SILENT_MAX_MS = 3_000;

const parameters = new URLSearchParams(location.search);
const token = parameters.get('token') ?? '';

const store = new Store();
/** @type {(message: object) => boolean} */
const send = (message) => socket.send(message);
fillLabels(document);
document.title = strings.label.title;

const picture = new Picture(store, send);
const pad = new Pad(send);
const stop = new Stop(store, send, () => pad.release());
const chip = new Chip();
const force = new Force();
const latency = new Latency();
const interlocks = new Interlocks();
const imaging = new Imaging(send);
const help = new Help();

const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const url = `${scheme}//${location.host}/ws?token=${encodeURIComponent(token)}`;
let punctualAt = performance.now();
const socket = new Socket(url, {
    changed: (state) => {
        const now = performance.now();
        punctualAt = now;
        store.socketChanged(state, now);
        if (state === 'open') {
            stop.connected();
            picture.greet();
        } else {
            pad.release();
        }
    },
    said: (message) => {
        if (message.type !== 'status') return;
        if (message.state?.reason?.code === 'PAGE-TAKEN') socket.retire();
        // Whatever becomes of it, what stands on the page afterwards is what is told.
        chip.report((word) => send({ type: 'shown', word }));
        store.statusArrived(message, performance.now());
    },
    picture: (bytes) => picture.feed(bytes),
});

store.subscribe((view, now) => {
    chip.render(view, now);
    stop.render(view);
    picture.render(view);
    force.render(view, now);
    latency.render(view, now);
    interlocks.render(view);
    pad.render(view);
    imaging.render(view);
    document.documentElement.dataset.heard = String(view.heard);
    document.documentElement.dataset.known = String(view.known);
});

setInterval(() => {
    const now = performance.now();
    store.publish(now);
    const { socket: state, backlogMs, statusAt } = store.facts;
    if (state !== 'open') return;
    if (backlogMs <= BACKLOG_MAX_MS) punctualAt = Math.max(punctualAt, statusAt ?? punctualAt);
    const late = backlogMs > BACKLOG_MAX_MS && now - punctualAt > BACKLOG_PATIENCE_MS;
    const silent = now - punctualAt > SILENT_MAX_MS;
    if (late || silent) {
        punctualAt = now;
        socket.restart();
    }
}, LOOK_EVERY_MS);

help.render();
socket.connect();

if (parameters.get('test') === '1') {
    // Hooks for the browser test, absent otherwise: it withholds the reports as a frozen page would, and
    // looks at what is on the screen.
    Object.assign(globalThis, {
        farreachTest: {
            suppressPresented: (/** @type {boolean} */ on) => { picture.suppressed = on; },
            samplePicture: () => picture.sample(),
            lastPicture: async () => {
                const { presented, presentedAt } = store.facts;
                const grey = await picture.sample();
                const mean = grey.reduce((sum, value) => sum + value, 0) / Math.max(1, grey.length);
                const agoMs = presentedAt === null ? null : performance.now() - presentedAt;
                return { ...presented, mean, presented_ago_ms: agoMs };
            },
        },
    });
}
