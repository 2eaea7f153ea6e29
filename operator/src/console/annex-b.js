/** The bytes of a picture: Farreach's header, and as much of H.264 Annex B as a decoder has to be told. */

/** `FRP1`, little-endian. */
const MAGIC = 0x31505246;

/** Bytes before the access unit. */
export const HEADER_BYTES = 32;

const KEYFRAME = 1;

const NAL_SPS = 7;

/** Constrained baseline, level 3.1: what the robot encodes when a keyframe does not say. */
export const CODEC_DEFAULT = 'avc1.42E01F';

/**
 * The picture in a message, or `null` for anything that is not one.
 * @param {ArrayBuffer} bytes
 * @returns {?{view: bigint, keyframe: boolean, depthMm: number, unit: Uint8Array<ArrayBuffer>}}
 */
export function parsePicture(bytes) {
    if (bytes.byteLength <= HEADER_BYTES) return null;
    const header = new DataView(bytes, 0, HEADER_BYTES);
    if (header.getUint32(0, true) !== MAGIC) return null;
    return {
        keyframe: (header.getUint32(4, true) & KEYFRAME) !== 0,
        view: header.getBigUint64(8, true),
        depthMm: header.getUint32(24, true) / 1000,
        unit: new Uint8Array(bytes, HEADER_BYTES),
    };
}

/**
 * The codec string of the sequence parameter set in a keyframe: profile, constraints, level.
 * @param {Uint8Array} unit
 * @returns {string}
 */
export function codecOf(unit) {
    for (let at = 0; at + 6 < unit.length; at += 1) {
        const startCode = unit[at] === 0 && unit[at + 1] === 0 && unit[at + 2] === 1;
        if (!startCode || (unit[at + 3] & 0x1f) !== NAL_SPS) continue;
        const hex = [unit[at + 4], unit[at + 5], unit[at + 6]]
            .map((byte) => byte.toString(16).padStart(2, '0').toUpperCase());
        return `avc1.${hex.join('')}`;
    }
    return CODEC_DEFAULT;
}
