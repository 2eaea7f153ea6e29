/**
 * Every sentence the page itself can say, in one table, so that a translation is one more column and a
 * reviewer reads the wording in one sitting. Sentences about interlocks come from the robot and are
 * shown as they are: console, command line and log must use the same words.
 */

/** What an unknown number looks like. */
export const UNKNOWN_NUMBER = '--';

const en = {
    // Static labels, put into elements that carry `data-text`.
    label: {
        title: 'Farreach console',
        force: 'Contact force',
        bumper: 'Bumper',
        interlocks: 'Interlocks',
        viewAge: 'View age',
        viewAgeEnds: 'captured → acted on',
        loopAge: 'Loop age',
        loopAgeEnds: 'state sent → acted on',
        speed: 'Speed',
        hand: 'Hand',
        stop: 'STOP',
        stopKey: 'Space',
        acknowledge: 'ACKNOWLEDGE',
        helpButton: '?',
        helpTitle: 'Keys',
        helpClose: 'Close',
        padTitle: 'Practice pad',
        padForce: 'Force wanted',
        lastMinute: 'View age, 60 s',
        picture: 'Picture from the robot',
        p50: 'p50',
        p95: 'p95',
        depth: 'Depth',
        rate: 'Rate',
        dropped: 'Dropped',
        probe: 'Probe',
        tip: 'Tip',
        way: 'Way',
        robot: 'Robot',
        decoder: 'Decoder',
        imaging: 'Imaging device',
        gain: 'Gain',
        focus: 'Focus',
        frequency: 'Frequency',
        depthLess: 'Less depth',
        depthMore: 'More depth',
        gainLess: 'Less gain',
        gainMore: 'More gain',
        focusLess: 'Focus nearer',
        focusMore: 'Focus deeper',
        frequencyLess: 'Lower frequency',
        frequencyMore: 'Higher frequency',
    },
    help: [
        ['Space', 'STOP, whatever has the focus'],
        ['?', 'show or hide this list'],
        ['Tab, Enter', 'reach and press a button'],
        ['Pointer', 'hold the practice pad, then drag'],
        ['Arrows, W A S D', 'deflect, only while the pad is held'],
        ['Q, E', 'turn, only while the pad is held'],
        ['T, G', 'inward, outward, only while the pad is held'],
        ['C, V', 'close, open the jaw, only while the pad is held'],
        ['Shift', 'while it and the pad are held: the right arm'],
        ['F', 'freeze the picture, or go on'],
        ['1, 2', 'less, more depth'],
        ['3, 4', 'less, more gain'],
        ['5, 6', 'focus nearer, deeper'],
        ['7, 8', 'lower, higher frequency'],
        ['Esc', 'close this list'],
    ],
    helpRule: 'No key ever starts motion.',
    simulated: 'SIMULATED',
    liveRobot: 'LIVE ROBOT',
    modeUnknown: 'MODE UNKNOWN',
    profileHash: (/** @type {string} */ hash) => `config ${hash}`,
    state: {
        noWord: {
            code: 'NO-STATUS',
            sentence: 'No word from the console process.',
            fix: 'The robot holds by itself. Check that farreach is running; this page connects again.',
        },
        opening: {
            code: 'OPENING',
            sentence: 'Connecting to the console process.',
            fix: 'If this stays, check that farreach is running.',
        },
        backlog: {
            code: 'PAGE-LATE',
            sentence: 'This page is late: what it shows would be old.',
            fix: 'Close other programs and tabs. The robot holds by itself.',
        },
        linkConnecting: {
            code: 'LINK',
            sentence: 'Connecting to the robot.',
            fix: 'If this stays, check the address and the network.',
        },
        linkLost: {
            code: 'LINK',
            sentence: 'The link to the robot is lost.',
            fix: 'The robot holds by itself. When the link returns, release and engage again.',
        },
        stateUnknown: {
            code: 'STATE',
            sentence: 'The robot has not told its state.',
            fix: 'Treat it as moving until it does.',
        },
        stopUnconfirmed: {
            code: 'STOP-UNCONFIRMED',
            sentence: 'The robot has not confirmed the STOP.',
            fix: 'Use the emergency stop at the robot. Treat the robot as moving.',
        },
        plain: {
            INIT: 'The robot is testing itself.',
            STANDBY: 'Drives are off. Power on at the robot.',
            READY: 'Ready. Hold the deadman to engage.',
            ENGAGED: 'The robot follows your hand.',
            DEGRADED: 'The robot follows, slower.',
            HOLD: 'The robot holds its position.',
            PSTOP: 'Protective stop.',
            ESTOP: 'Emergency stop pressed at the robot.',
            FAULT: 'The robot has a fault.',
        },
        cannotEngage: 'Cannot engage',
        limit: (/** @type {string} */ limit) => `limit ${limit}`,
    },
    stop: {
        idle: 'Software stop over the network. The emergency stop is at the robot.',
        sent: 'STOP sent…',
        confirmed: (/** @type {string} */ ms) => `STOP confirmed by robot (${ms})`,
        motionStopped: 'Motion stopped.',
        lifting: 'The robot lifts the tool.',
        unconfirmed: '*** STOP NOT CONFIRMED - USE THE EMERGENCY STOP',
        unsent: '*** STOP NOT SENT - USE THE EMERGENCY STOP',
        unknown: 'STOP: state unknown',
    },
    picture: {
        stale: 'STALE',
        none: 'NO PICTURE',
        frozen: 'FROZEN',
        cause: {
            none: '',
            never: 'No picture has been shown yet.',
            socket: 'No word from the console process.',
            link: 'The link to the robot is down.',
            age: 'The picture is older than its limit.',
            frozen: 'No new picture is reaching this screen.',
            freeze: 'Frozen from here. The robot holds without new pictures.',
            fault: 'This page can not show pictures.',
        },
        noDecoder:
            'This browser offers no video decoder here. Open the page as http://127.0.0.1 in a current '
            + 'Chromium, Chrome, Edge or Safari: decoders exist only on a secure origin.',
        notH264: 'This browser can not decode H.264. Use a build of the browser that includes it.',
        workerDied: 'The picture worker has failed. Reload this page.',
    },
    imaging: { freeze: 'Freeze', unfreeze: 'Unfreeze' },
    pad: {
        hold: 'HOLD TO MOVE',
        held: 'MOVING',
        heldIdle: 'HELD',
        again: 'LET GO',
        refused: 'NO MOTION NOW',

    },
    hand: (
        /** @type {string} */ source, /** @type {string} */ clutch, /** @type {string} */ deadman,
        /** @type {?string} */ arm,
    ) => `${source} · clutch ${clutch} · deadman ${deadman}${arm ? ` · ${arm} arm` : ''}`,
    padHand: (/** @type {string} */ clutch) => `Clutch ${clutch}`,
    padArm: (/** @type {string} */ arm, /** @type {string} */ word) => `${arm.toUpperCase()} ARM\n${word}`,
    padHint: (/** @type {{axial: boolean, jaw: boolean, pair: boolean}} */ { axial, jaw, pair }) => [
        'While held: drag or arrows or WASD to move, Q E to turn',
        ...(axial ? ['T G in, out'] : []),
        ...(jaw ? ['C V close, open'] : []),
        ...(pair ? ['Shift for the right arm'] : []),
    ].join(', ') + '.',
    tipOf: (/** @type {string} */ arm) => `Tip, ${arm} arm`,
    jaw: (/** @type {string} */ opening) => `jaw ${opening}°`,
    notLimited: 'Not limited',
    clamped: (/** @type {string} */ limit, /** @type {string} */ by) => `${limit} by ${by}`,
    limited: (/** @type {string} */ clamps) => `LIMITED ${clamps}`,
    ahead: (/** @type {string} */ distance) => `ahead ${distance}`,
    behind: (/** @type {string} */ distance) => `behind ${distance}`,
    turn: (/** @type {string} */ rate) => `turn ${rate}`,
    interlockCount: (/** @type {string} */ ok, /** @type {string} */ all) => `${ok}/${all} ok`,
    limitOnly: (/** @type {string} */ limit) => `limit ${limit}`,
    interlockState: { ok: 'ok', warn: 'warning', fail: 'failed', unknown: 'unknown' },
    fixedBy: (/** @type {string} */ id, /** @type {string} */ owner, /** @type {string} */ fix) =>
        `${id}, ${owner}: ${fix}`,
    wanted: (/** @type {string} */ newton) => `wanted ${newton}`,
    soft: (/** @type {string} */ value) => `soft ${value}`,
    hard: (/** @type {string} */ value) => `hard ${value}`,
    cap: (/** @type {string} */ value) => `cap ${value}`,
    clock: (/** @type {string} */ offset, /** @type {string} */ error) => `clock ${offset} ± ${error}`,
    wayIn: (/** @type {string} */ p99, /** @type {string} */ target) => `hand → robot p99 ${p99} / ${target}`,
    path: (/** @type {string} */ trip, /** @type {string} */ lost) => `${trip}, ${lost} lost`,
    pathDown: 'down',
    clockSuspect: 'clock suspect',
    clockUnknown: 'clock unknown',
    rest: 'not attributed',
    alarmNone: 'No alarm',
    alarmMore: (/** @type {number} */ n) => `+${n}`,
    stopUnconfirmedAlarm: {
        code: 'STOP-UNCONFIRMED',
        text: 'Use the emergency stop',
    },
    noWordAlarm: { code: 'NO-STATUS', text: 'Robot state unknown' },
    spoken: {
        state: (/** @type {string} */ word, /** @type {string} */ sentence) => `${word}. ${sentence}`,
    },
    decoder: {
        pending: 'self-test running',
        held: (/** @type {string} */ where, /** @type {number} */ out, /** @type {number} */ into) =>
            `${where}, holds pictures back (${out} of ${into} out)`,
        good: (/** @type {string} */ where, /** @type {string} */ ms) => `${where}, 1-in/1-out, ${ms} ms`,
        skipped: (/** @type {string} */ where) => `${where}, self-test skipped: no video encoder here`,
        failed: (/** @type {string} */ where, /** @type {string} */ why) => `${where}, self-test failed: ${why}`,
        none: 'none',
        hardware: 'hardware',
        software: 'software',
    },
};

/** The table in use. */
export const strings = en;

/**
 * Puts the table's labels into every element below `root` that carries `data-text`.
 * @param {ParentNode} root
 */
export function fillLabels(root) {
    /** @type {Record<string, string>} */
    const labels = strings.label;
    for (const element of root.querySelectorAll('[data-text]')) {
        const key = element.getAttribute('data-text') ?? '';
        element.textContent = labels[key] ?? key;
    }
    for (const element of root.querySelectorAll('[data-label]')) {
        const key = element.getAttribute('data-label') ?? '';
        element.setAttribute('aria-label', labels[key] ?? key);
    }
}
