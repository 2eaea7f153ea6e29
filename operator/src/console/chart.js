/** Two small charts on canvas. A gap in the data is a gap in the line: nothing is drawn across it. */

/**
 * Values of the last `spanMs`, with the time each was true. Bounded by count as well as by time.
 */
export class History {
    /**
     * @param {number} spanMs
     * @param {number} countMax
     */
    constructor(spanMs, countMax) {
        this.spanMs = spanMs;
        this.countMax = countMax;
        /** @type {{at: number, value: ?number}[]} */
        this.points = [];
    }

    /**
     * @param {?number|undefined} value  `null` marks a time at which it was unknown
     * @param {number} now
     */
    push(value, now) {
        const known = typeof value === 'number' && Number.isFinite(value);
        // The page is drawn more often than a chart has room for points.
        const newest = this.points.at(-1);
        if (newest && now - newest.at < this.spanMs / this.countMax) return;
        this.points.push({ at: now, value: known ? value : null });
        while (this.points.length > this.countMax || now - this.points[0].at > this.spanMs) {
            this.points.shift();
        }
    }
}

/**
 * Draws a history with its marks.
 * @param {HTMLCanvasElement} canvas
 * @param {History} history
 * @param {number} now
 * @param {{top: number, marks: {value: ?number|undefined, colour: string}[], colour: string}} look
 */
export function drawHistory(canvas, history, now, { top, marks, colour }) {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
    if (canvas.width !== pixels.width || canvas.height !== pixels.height) Object.assign(canvas, pixels);
    const context = canvas.getContext('2d');
    if (!context || width === 0) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const y = (/** @type {number} */ value) => height - 1 - (Math.min(value, top) / top) * (height - 2);
    context.lineWidth = 1;
    for (const mark of marks) {
        if (typeof mark.value !== 'number') continue;
        context.strokeStyle = mark.colour;
        context.setLineDash([3, 3]);
        context.beginPath();
        context.moveTo(0, Math.round(y(mark.value)) + 0.5);
        context.lineTo(width, Math.round(y(mark.value)) + 0.5);
        context.stroke();
    }
    context.setLineDash([]);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.beginPath();
    let drawing = false;
    for (const point of history.points) {
        const x = width - ((now - point.at) / history.spanMs) * width;
        if (point.value === null) drawing = false;
        else if (drawing) context.lineTo(x, y(point.value));
        else context.moveTo(x, y(point.value));
        drawing = point.value !== null;
    }
    context.stroke();
}
