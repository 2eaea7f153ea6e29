/**
 * Where the picture stands in its frame, and the depth ruler beside it.
 *
 * The picture keeps its shape. What is left of the frame goes to the left side, where the parameters
 * stand, except for the strip at the right that the ruler needs: text over a picture hides anatomy.
 * Where the parameters do not fit and nothing is to be measured, the picture stands in the middle.
 */

/** Strip for the ruler, in rem, wide enough for "150" and its tick. */
const RULER_REM = 3.25;

/** Width that the parameter block needs beside the picture, in rem. */
const PARAMETERS_REM = 8.25;

/** Height that the orientation mark takes, in rem. */
const MARKER_REM = 2.5;

/** Steps between labelled ticks, mm; the first one that leaves at most six labels is taken. */
const STEPS_MM = [5, 10, 20, 50, 100];

/**
 * @param {{frame: HTMLElement, canvas: HTMLElement, overlay: HTMLCanvasElement, text: HTMLElement, knobs: HTMLElement}} parts
 * @param {{width: number, height: number}} picture  pixels of the picture
 * @param {number} depthMm  0 when the picture has no depth
 */
export function placePicture({ frame, canvas, overlay, text, knobs }, picture, depthMm) {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const [width, height] = [frame.clientWidth, frame.clientHeight];
    const scale = Math.min(width / picture.width, height / picture.height);
    const shown = { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) };
    const spare = width - shown.width;
    // Only a section has a depth to measure.
    const ruler = depthMm > 0 ? RULER_REM * rem : 0;
    const right = spare >= ruler ? ruler : 0;
    const beside = spare - right >= PARAMETERS_REM * rem;
    const box = {
        left: beside || depthMm > 0 ? spare - right : Math.round(spare / 2),
        top: Math.round((height - shown.height) / 2),
        ...shown,
    };
    // Through the object model: the content policy forbids style attributes in the markup.
    canvas.style.left = `${box.left}px`;
    canvas.style.top = `${box.top}px`;
    canvas.style.width = `${box.width}px`;
    canvas.style.height = `${box.height}px`;
    frame.dataset.parameters = beside ? 'beside' : 'over';
    // Over the picture the text stands below the orientation mark, beside it at the top of the frame.
    // Without a mark it is a line at the top, in the style sheet.
    const below = !beside && depthMm > 0;
    text.style.top = below ? `${box.top + MARKER_REM * rem}px` : '';
    text.style.left = below ? `${box.left + 0.375 * rem}px` : '';
    knobs.style.left = text.style.left;
    drawOverlay(overlay, { width, height, rem }, box, right > 0 ? 'beside' : 'over', depthMm);
}

/**
 * @param {HTMLCanvasElement} overlay
 * @param {{width: number, height: number, rem: number}} frame
 * @param {{left: number, top: number, width: number, height: number}} box
 * @param {'beside'|'over'} where
 * @param {number} depthMm
 */
function drawOverlay(overlay, frame, box, where, depthMm) {
    const ratio = devicePixelRatio || 1;
    overlay.width = Math.round(frame.width * ratio);
    overlay.height = Math.round(frame.height * ratio);
    const context = overlay.getContext('2d');
    if (!context) return;
    context.scale(ratio, ratio);
    if (!(depthMm > 0)) return;
    const { rem } = frame;
    const edge = box.left + box.width;
    const strip = RULER_REM * rem;
    const x = where === 'beside' ? edge + 0.25 * rem : edge - strip + 0.5 * rem;
    if (where === 'over') {
        context.fillStyle = 'rgba(9, 12, 15, 0.86)';
        context.fillRect(edge - strip, box.top, strip, box.height);
    }
    drawTicks(context, { x, top: box.top, height: box.height, rem }, depthMm);
    drawMarker(context, box, rem);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, top: number, height: number, rem: number}} at
 * @param {number} depthMm
 */
function drawTicks(context, { x, top, height, rem }, depthMm) {
    const step = STEPS_MM.find((mm) => depthMm / mm <= 6) ?? depthMm;
    const minor = step / 5;
    context.strokeStyle = '#c9d6e2';
    context.fillStyle = '#e8eef4';
    context.lineWidth = Math.max(1, 0.0625 * rem);
    context.font = `${0.8125 * rem}px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = 'left';
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, top + height);
    for (let index = 0; index * minor <= depthMm + 1e-6; index += 1) {
        const y = top + (index * minor / depthMm) * height;
        const major = index % 5 === 0;
        context.moveTo(x, y);
        context.lineTo(x + (major ? 0.75 : 0.375) * rem, y);
        if (!major) continue;
        // The ends of the scale stay inside the frame.
        const half = 0.4 * rem;
        const middle = Math.min(Math.max(y, top + half), top + height - half);
        context.textBaseline = 'middle';
        context.fillText(index === 0 ? 'mm' : String(Math.round(index * minor)), x + 0.95 * rem, middle);
    }
    context.stroke();
}

/**
 * The mark at the top-left that tells which side of the probe is which side of the picture.
 * @param {CanvasRenderingContext2D} context
 * @param {{left: number, top: number}} box
 * @param {number} rem
 */
function drawMarker(context, box, rem) {
    const [x, y, radius] = [box.left + 1.25 * rem, box.top + 1.25 * rem, 0.55 * rem];
    context.beginPath();
    context.arc(x, y, 1.7 * radius, 0, 2 * Math.PI);
    context.fillStyle = 'rgba(9, 12, 15, 0.86)';
    context.fill();
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = '#ffd84a';
    context.fill();
    context.fillStyle = '#0b0e11';
    context.font = `bold ${0.8 * rem}px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText('P', x, y + 0.04 * rem);
}
