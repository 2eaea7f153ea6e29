/**
 * Asks the decoder, before the first picture, whether it gives one picture out for each one in.
 *
 * Some hardware decoders hold pictures back until the next keyframe. Such a decoder plays films well
 * and makes a robot steered through it dangerous, and nothing in its interface admits it. So it is
 * tried, and on failure the software decoder is tried instead.
 */

import { CODEC_DEFAULT } from './annex-b.js';
import { strings } from './strings.js';

/** Pictures of the test: more than the deepest reordering of this profile. */
const PICTURES = 20;

/** Size of the test's pictures. Small: what is tested is the order, not the speed. */
const SIZE = { width: 320, height: 240 };

/** A picture not out after this has been held back: a tenfold of a slow decode. */
const OUT_MAX_MS = 150;

/** Bound on making the canned pictures. */
const ENCODE_MAX_MS = 2_000;

/**
 * @typedef {{supported: boolean, acceleration: HardwareAcceleration, report: string}} Verdict
 */

/** @returns {Promise<Verdict>} */
export async function selfTest() {
    const words = strings.decoder;
    const supports = async (/** @type {HardwareAcceleration} */ wish) => {
        const config = { codec: CODEC_DEFAULT, hardwareAcceleration: wish };
        return VideoDecoder.isConfigSupported(config).then((s) => s.supported === true, () => false);
    };
    if (!(await supports('no-preference'))) {
        return { supported: false, acceleration: 'no-preference', report: words.none };
    }
    const where = (await supports('prefer-hardware')) ? words.hardware : words.software;
    /** @type {EncodedVideoChunk[]} */
    let chunks = [];
    try {
        chunks = await cannedPictures();
    } catch {
        chunks = [];
    }
    if (chunks.length === 0) {
        return { supported: true, acceleration: 'no-preference', report: words.skipped(where) };
    }
    const first = await attempt(chunks, 'no-preference', where);
    if (first.good || where === words.software) {
        return { supported: true, acceleration: 'no-preference', report: first.report };
    }
    const second = await attempt(chunks, 'prefer-software', words.software);
    return { supported: true, acceleration: 'prefer-software', report: second.report };
}

/**
 * @param {EncodedVideoChunk[]} chunks
 * @param {HardwareAcceleration} hardwareAcceleration
 * @param {string} where
 * @returns {Promise<{good: boolean, report: string}>}
 */
async function attempt(chunks, hardwareAcceleration, where) {
    const words = strings.decoder;
    /** @type {number[]} */
    const took = [];
    let began = 0;
    let out = 0;
    let wake = () => {};
    let failure = '';
    const decoder = new VideoDecoder({
        output: (frame) => {
            frame.close();
            out += 1;
            took.push(performance.now() - began);
            wake();
        },
        error: (error) => {
            failure = error.message;
            wake();
        },
    });
    try {
        decoder.configure({ codec: CODEC_DEFAULT, optimizeForLatency: true, hardwareAcceleration });
        for (const [index, chunk] of chunks.entries()) {
            began = performance.now();
            const answered = new Promise((resolve) => { wake = () => resolve(true); });
            decoder.decode(chunk);
            await Promise.race([answered, pause(index === 0 ? ENCODE_MAX_MS : OUT_MAX_MS)]);
            if (failure) return { good: false, report: words.failed(where, failure) };
            // The next one goes in only when this one is out: a decoder that needs it has failed.
            if (out <= index) return { good: false, report: words.held(where, out, index + 1) };
        }
    } catch (error) {
        return { good: false, report: words.failed(where, String(error)) };
    } finally {
        if (decoder.state !== 'closed') decoder.close();
    }
    took.sort((a, b) => a - b);
    const median = took[took.length >> 1] ?? 0;
    return { good: true, report: words.good(where, median.toFixed(1)) };
}

/**
 * A moving bar, encoded here. Empty when this browser can not encode.
 * @returns {Promise<EncodedVideoChunk[]>}
 */
async function cannedPictures() {
    if (typeof VideoEncoder === 'undefined') return [];
    /** @type {VideoEncoderConfig} */
    const config = {
        codec: CODEC_DEFAULT,
        ...SIZE,
        bitrate: 500_000,
        framerate: 30,
        latencyMode: 'realtime',
        avc: { format: 'annexb' },
    };
    if (!(await VideoEncoder.isConfigSupported(config)).supported) return [];
    /** @type {EncodedVideoChunk[]} */
    const chunks = [];
    const encoder = new VideoEncoder({ output: (chunk) => chunks.push(chunk), error: () => {} });
    encoder.configure(config);
    const canvas = new OffscreenCanvas(SIZE.width, SIZE.height);
    const context = canvas.getContext('2d', { alpha: false });
    for (let index = 0; context && index < PICTURES; index += 1) {
        context.fillStyle = '#000';
        context.fillRect(0, 0, SIZE.width, SIZE.height);
        context.fillStyle = '#fff';
        context.fillRect(index * 12, 0, 24, SIZE.height);
        const frame = new VideoFrame(canvas, { timestamp: index * 33_333 });
        encoder.encode(frame, { keyFrame: index === 0 });
        frame.close();
    }
    await Promise.race([encoder.flush(), pause(ENCODE_MAX_MS)]);
    encoder.close();
    return chunks.length === PICTURES && chunks[0].type === 'key' ? chunks : [];
}

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
function pause(ms) {
    return new Promise((resolve) => { setTimeout(resolve, ms); });
}
