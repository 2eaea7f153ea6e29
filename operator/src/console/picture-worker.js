/**
 * Decodes the pictures, draws the newest, and says which one has really been presented.
 *
 * Why a worker: a busy page must not delay a picture. Why two animation frames: drawing is not showing.
 * The report for a picture drawn in one animation frame leaves in the next one, which the browser gives
 * only after it has taken the first. A hidden tab, a stopped renderer or a hung compositor gets no next
 * frame, so the reports end by themselves, the robot's view age grows, and the robot stops.
 */

import { codecOf, parsePicture } from './annex-b.js';
import { selfTest } from './decoder-test.js';

/** Pictures waiting in the decoder beyond which it has lost the race: start again at a keyframe. */
const QUEUE_MAX = 3;

/** A decoder that is fed and silent for this long is stuck. */
const SILENT_MAX_MS = 300;

/** One request per this time: a keyframe is large, and asking faster makes the link worse. */
const KEYFRAME_EVERY_MS = 250;

/** Pictures between the call to decode and its answer; beyond it the oldest note is forgotten. */
const NOTES_MAX = 32;

/** Coarse grid on which a test samples the brightness of what is on the screen. */
const GRID = { columns: 16, rows: 12 };

/**
 * @typedef {{view: bigint, depthMm: number, fedAt: number}} Note
 * @typedef {{note: Note, frame: VideoFrame, decodeMs: number}} Decoded
 */

/** @type {?OffscreenCanvas} */
let canvas = null;
/** @type {?OffscreenCanvasRenderingContext2D} */
let context = null;
/** @type {?VideoDecoder} */
let decoder = null;
/** @type {HardwareAcceleration} */
let acceleration = 'no-preference';
let codec = '';
let ready = false;
let needsKeyframe = true;
let askedAt = -Infinity;
let fedAt = -Infinity;
let answeredAt = -Infinity;
let stamp = 0;
let dropped = 0;
/** @type {bigint} */
let newestView = -1n;
/** @type {Map<number, Note>} */
const notes = new Map();
/** @type {?Decoded} */
let waiting = null;
/** @type {?object} */
let drawn = null;
let frameAsked = false;

self.onmessage = ({ data }) => {
    if (data.type === 'picture') feed(data.bytes);
    else if (data.type === 'canvas') start(data.canvas);
    else if (data.type === 'sample') postMessage({ type: 'sample', id: data.id, grey: sample() });
};

/** @param {OffscreenCanvas} offscreen */
async function start(offscreen) {
    canvas = offscreen;
    context = canvas.getContext('2d', { alpha: false });
    if (typeof VideoDecoder === 'undefined') {
        postMessage({ type: 'fault', fault: 'noDecoder' });
        return;
    }
    // Before the first real picture, or the test would measure the competition.
    const verdict = await selfTest();
    acceleration = verdict.acceleration;
    postMessage({ type: 'decoder', report: verdict.report });
    ready = true;
    if (!verdict.supported) postMessage({ type: 'fault', fault: 'notH264' });
    askKeyframe(performance.now());
}

/** @param {ArrayBuffer} bytes */
function feed(bytes) {
    const now = performance.now();
    const picture = parsePicture(bytes);
    if (!picture || !ready) return;
    // The same picture again is not a newer picture: it is not shown and not reported.
    if (picture.view === newestView) return;
    // Pictures come in order, so a lower number is a robot that has started anew: from a keyframe.
    // Whether its pictures may steer is the robot's judgement of their age, not ours.
    const anew = picture.view < newestView;
    if (decoder && (anew || decoder.decodeQueueSize > QUEUE_MAX || stuck(now))) restart();
    if (needsKeyframe && !picture.keyframe) {
        dropped += 1;
        askKeyframe(now);
        return;
    }
    if (picture.keyframe && !configure(picture.unit)) return;
    newestView = picture.view;
    decode(picture, now);
}

/**
 * @param {NonNullable<ReturnType<typeof parsePicture>>} picture
 * @param {number} now
 */
function decode(picture, now) {
    if (!decoder) return;
    stamp += 1;
    notes.set(stamp, { view: picture.view, depthMm: picture.depthMm, fedAt: now });
    if (notes.size > NOTES_MAX) notes.delete(notes.keys().next().value ?? 0);
    // Measured from the first picture that has had no answer, or a slow decoder would look alive.
    if (answeredAt >= fedAt) fedAt = now;
    try {
        decoder.decode(new EncodedVideoChunk({
            type: picture.keyframe ? 'key' : 'delta',
            timestamp: stamp,
            data: picture.unit,
        }));
        needsKeyframe = false;
    } catch {
        restart();
        askKeyframe(now);
    }
}

/** @param {number} now */
function stuck(now) {
    return fedAt > answeredAt && now - fedAt > SILENT_MAX_MS;
}

/**
 * Makes a decoder for the stream that this keyframe starts. False when there can be none.
 * @param {Uint8Array} unit
 * @returns {boolean}
 */
function configure(unit) {
    const found = codecOf(unit);
    if (decoder && decoder.state === 'configured' && found === codec) return true;
    codec = found;
    try {
        if (!decoder || decoder.state === 'closed') {
            decoder = new VideoDecoder({ output: show, error: failed });
        }
        decoder.configure({ codec, optimizeForLatency: true, hardwareAcceleration: acceleration });
        return true;
    } catch {
        postMessage({ type: 'fault', fault: 'notH264' });
        return false;
    }
}

/** Forgets everything undecoded and waits for a keyframe. */
function restart() {
    dropped += notes.size;
    notes.clear();
    needsKeyframe = true;
    fedAt = -Infinity;
    answeredAt = -Infinity;
    codec = '';
    if (decoder && decoder.state !== 'closed') decoder.reset();
}

function failed() {
    decoder = null;
    restart();
    askKeyframe(performance.now());
}

/** @param {number} now */
function askKeyframe(now) {
    if (now - askedAt < KEYFRAME_EVERY_MS) return;
    askedAt = now;
    postMessage({ type: 'keyframe' });
}

/** @param {VideoFrame} frame */
function show(frame) {
    const now = performance.now();
    answeredAt = now;
    const note = notes.get(frame.timestamp);
    notes.delete(frame.timestamp);
    if (!note) {
        frame.close();
        return;
    }
    // Newest wins: an older picture that nobody has seen yet is of no use to the hand.
    if (waiting) {
        waiting.frame.close();
        dropped += 1;
    }
    waiting = { note, frame, decodeMs: now - note.fedAt };
    askFrame();
}

function askFrame() {
    if (frameAsked) return;
    frameAsked = true;
    requestAnimationFrame(onFrame);
}

function onFrame() {
    frameAsked = false;
    if (drawn) {
        // This callback exists, so the browser has taken the picture of the one before.
        postMessage({ type: 'presented', presented: drawn, dropped });
        drawn = null;
    }
    if (!waiting || !canvas || !context) return;
    const { note, frame, decodeMs } = waiting;
    waiting = null;
    const began = performance.now();
    const [width, height] = [frame.displayWidth, frame.displayHeight];
    if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
    }
    context.drawImage(frame, 0, 0, width, height);
    frame.close();
    drawn = {
        view: note.view.toString(),
        decode_ms: round(decodeMs),
        draw_ms: round(performance.now() - began),
        queue: decoder?.decodeQueueSize ?? 0,
        width,
        height,
        depth_mm: note.depthMm,
    };
    askFrame();
}

/** @param {number} ms */
function round(ms) {
    return Math.round(ms * 100) / 100;
}

/**
 * Grey values, 0 to 255, row by row, of what was drawn last. For the browser test only.
 * @returns {number[]}
 */
function sample() {
    const { columns, rows } = GRID;
    if (!canvas || !context || newestView < 0n) return new Array(columns * rows).fill(0);
    const small = new OffscreenCanvas(columns, rows).getContext('2d', { willReadFrequently: true });
    if (!small) return [];
    small.drawImage(canvas, 0, 0, columns, rows);
    const { data } = small.getImageData(0, 0, columns, rows);
    const grey = [];
    for (let at = 0; at < data.length; at += 4) {
        grey.push(Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]));
    }
    return grey;
}
