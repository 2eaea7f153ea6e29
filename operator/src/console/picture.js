/**
 * The picture: hands the bytes to the worker, its reports to the console process, and shows plainly when
 * what is on the screen must no longer be believed.
 */

import { byId, number, quantity, setData, setText } from './format.js';
import { placePicture } from './ruler.js';
import { strings } from './strings.js';

/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').Presented} Presented */

/** Bound on the answer of the worker to a test's question. */
const SAMPLE_MAX_MS = 1_000;

export class Picture {
    /**
     * @param {import('./store.js').Store} store
     * @param {(message: object) => boolean} send
     */
    constructor(store, send) {
        this.store = store;
        this.send = send;
        this.suppressed = false;
        this.sampleId = 0;
        /** @type {Map<number, (grey: number[]) => void>} */
        this.samples = new Map();
        this.frame = byId('picture-frame');
        this.canvas = /** @type {HTMLCanvasElement} */ (byId('picture'));
        this.overlay = /** @type {HTMLCanvasElement} */ (byId('overlay'));
        this.text = byId('parameters');
        this.knobs = byId('imaging');
        this.word = byId('stale-word');
        this.cause = byId('stale-cause');
        this.placed = '';
        this.report = '';
        this.worker = new Worker(new URL('./picture-worker.js', import.meta.url), { type: 'module' });
        this.worker.onmessage = ({ data }) => this.heard(data);
        this.worker.onerror = () => store.pictureFailed(strings.picture.workerDied, performance.now());
        const offscreen = this.canvas.transferControlToOffscreen();
        this.worker.postMessage({ type: 'canvas', canvas: offscreen }, [offscreen]);
    }

    /**
     * The bytes move to the worker, they are not copied.
     * @param {ArrayBuffer} bytes
     */
    feed(bytes) {
        this.worker.postMessage({ type: 'picture', bytes }, [bytes]);
    }

    /** A new console process has not heard what this decoder can do, and starts with a keyframe. */
    greet() {
        if (this.report) this.send({ type: 'decoder', report: this.report });
        this.send({ type: 'keyframe' });
    }

    /** @param {any} data */
    heard(data) {
        if (data.type === 'presented') {
            this.presented(data.presented);
        } else if (data.type === 'keyframe') {
            this.send({ type: 'keyframe' });
        } else if (data.type === 'decoder') {
            this.report = data.report;
            this.store.decoderTested(data.report);
            this.send({ type: 'decoder', report: data.report });
        } else if (data.type === 'fault') {
            const sentence = data.fault === 'noDecoder' ? strings.picture.noDecoder : strings.picture.notH264;
            this.store.pictureFailed(sentence, performance.now());
        } else if (data.type === 'sample') {
            this.samples.get(data.id)?.(data.grey);
            this.samples.delete(data.id);
        }
    }

    /** @param {Presented} presented */
    presented(presented) {
        // Some browsers run the animation frames of hidden pages. Nobody sees a hidden page.
        if (document.hidden) return;
        this.store.picturePresented(presented, performance.now());
        if (this.suppressed) return;
        const { view, decode_ms, draw_ms, queue } = presented;
        this.send({ type: 'presented', view, decode_ms, draw_ms, queue });
    }

    /** @param {View} view */
    render(view) {
        const { stale, cause, never } = view.picture;
        setData(this.frame, 'stale', String(stale));
        setData(this.frame, 'cause', cause);
        /** @type {Record<string, string>} */
        const causes = strings.picture.cause;
        const fault = this.store.facts.pictureFault;
        const named = cause === 'freeze' ? strings.picture.frozen : strings.picture.stale;
        setText(this.word, stale ? (never ? strings.picture.none : named) : '');
        setText(this.cause, stale ? (fault ?? causes[cause] ?? '') : '');
        this.renderParameters(view);
        this.place(view);
    }

    /** @param {View} view */
    renderParameters(view) {
        const { live } = view;
        // The depth belongs to the picture that is on the screen, not to the newest status.
        // A device with knobs tells its own; what the picture shows is a little more.
        const shown = live ? (view.presented?.depth_mm || live.pictures.depth_mm) : null;
        const depth = live?.imaging?.depth_mm.now ?? shown;
        setText(byId('parameter-robot'), live?.robot || number(null));
        setText(byId('parameter-depth'), quantity(depth, 'mm'));
        // A camera has no depth to show, and its picture no side to spare.
        const camera = view.presented !== null && !view.presented.depth_mm && !depth;
        setData(this.text, 'of', camera ? 'camera' : 'section');
        for (const id of ['depth-label', 'parameter-depth']) byId(id).hidden = camera;
        setText(byId('parameter-rate'), quantity(live?.pictures.rate_hz, 'Hz', 1));
        setText(byId('parameter-dropped'), number(live?.pictures.dropped));
        this.renderPlace(live, camera);
        setText(byId('decoder'), view.decoder);
    }

    /**
     * Where the tip is; of a base, what is in its way.
     * @param {View['live']} live
     * @param {boolean} camera  the picture is that of a camera beside the tool
     */
    renderPlace(live, camera) {
        const base = live?.base;
        const { x_mm: x, y_mm: y, z_mm: z, jaw_deg: jaw } = live?.probe
            ?? { x_mm: null, y_mm: null, z_mm: null, jaw_deg: null };
        // Of two arms that move at once, the first.
        const arm = live?.hand.arm ?? (live?.hand.arms === 2 ? 'left' : null);
        const tip = arm ? strings.tipOf(arm) : camera ? strings.label.tip : strings.label.probe;
        setText(byId('probe-label'), base ? strings.label.way : tip);
        setText(byId('probe-x'),
            base ? strings.ahead(metres(base.ahead_mm)) : `x ${quantity(x, 'mm')}`);
        setText(byId('probe-y'),
            base ? strings.behind(metres(base.behind_mm)) : `y ${quantity(y, 'mm')}`);
        setText(byId('probe-z'),
            base ? strings.turn(quantity(base.turn_deg_s, '°/s')) : `z ${quantity(z, 'mm')}`);
        byId('probe-jaw').hidden = !live?.hand.jaw;
        setText(byId('probe-jaw'), strings.jaw(number(jaw)));
    }

    /**
     * Moves the picture and redraws the ruler, only when something of it has changed.
     * @param {View} view
     */
    place(view) {
        const { presented } = view;
        const depth = view.live ? (presented?.depth_mm || view.live.pictures.depth_mm || 0) : 0;
        const key = [
            this.frame.clientWidth, this.frame.clientHeight, devicePixelRatio,
            presented?.width ?? 0, presented?.height ?? 0, depth, view.picture.stale,
        ].join(' ');
        if (key === this.placed) return;
        this.placed = key;
        const size = { width: presented?.width ?? 4, height: presented?.height ?? 3 };
        const { frame, canvas, overlay, text, knobs } = this;
        placePicture({ frame, canvas, overlay, text, knobs }, size, depth);
    }

    /**
     * Brightness of the last drawn picture on a 16 × 12 grid. For the browser test only.
     * @returns {Promise<number[]>}
     */
    sample() {
        this.sampleId += 1;
        const id = this.sampleId;
        return new Promise((resolve, reject) => {
            this.samples.set(id, resolve);
            setTimeout(() => {
                if (this.samples.delete(id)) reject(new Error('the picture worker does not answer'));
            }, SAMPLE_MAX_MS);
            this.worker.postMessage({ type: 'sample', id });
        });
    }
}

/**
 * A distance across a room.
 * @param {?number} mm
 */
function metres(mm) {
    return quantity(mm === null ? null : mm / 1e3, 'm', 2);
}
