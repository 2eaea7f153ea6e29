/**
 * The shapes that pass between the console process, the store and the widgets. Types only: no module
 * imports this file at run time, editors and `tsc --checkJs` do.
 *
 * A number that is `null` is unknown. No widget may replace it by zero or by the value it had before.
 *
 * @typedef {{code: string, sentence: string, fix?: string, value?: string, limit?: string}} Reason
 * @typedef {{p50_ms: ?number, p95_ms: ?number, now_ms: ?number, soft_ms: ?number, hard_ms: ?number}} Age
 * @typedef {{p99_ms: ?number, now_ms: ?number, target_ms: number, soft_ms: number, hard_ms: number, seconds: number, met: number}} CommandAge
 * @typedef {{name: string, ms: ?number}} Stage
 * @typedef {{name: string, up: boolean, round_trip_ms: ?number, lost_up_percent: ?number, lost_down_percent: ?number, first_percent: ?number}} Path
 * @typedef {{id: string, state: string, value: ?string, limit: ?string, owner: string, fix: string}} Interlock
 * @typedef {{wanted_mm_s: ?number, turn_deg_s: ?number, wanted_turn_deg_s: ?number, ahead_mm: ?number, behind_mm: ?number}} Base
 * @typedef {{now: number, min: number, max: number}} Setting
 * @typedef {{depth_mm: Setting, gain_db: Setting, focus_mm: Setting, frequency_mhz: Setting, frozen: boolean, refused: ?Reason}} Imaging
 * @typedef {{priority: 'high'|'medium'|'low', code: string, text: string}} Alarm
 *
 * What the console process says about 20 times per second.
 * @typedef {object} Status
 * @property {'status'} type
 * @property {number} t_ms  monotonic time of the console process
 * @property {'up'|'connecting'|'lost'} link
 * @property {?Reason} link_reason
 * @property {boolean} simulated
 * @property {{name: string, hash: string}} profile
 * @property {string} robot
 * @property {{word: string, crtk: string, since_ms: ?number, reason: ?Reason, epoch: ?number,
 *   can_engage: boolean, why_not: ?Reason}} state
 * @property {{phase: string, ms: ?number}} stop
 * @property {{view: Age, loop: Age, command: ?CommandAge}} ages  command: null where the profile has no target
 * @property {Stage[]} stages
 * @property {{offset_ms: ?number, error_ms: ?number, suspect: boolean}} clock
 * @property {Path[]} paths  one, or several at a time
 * @property {{normal_n: ?number, wanted_n: ?number, soft_n: ?number, hard_n: ?number}} force
 * @property {Interlock[]} interlocks
 * @property {{mm_s: ?number, cap_mm_s: ?number}} speed
 * @property {{limit: string, text: string}[]} clamps
 * @property {{source: string, deadman: ?number, clutch: string, arms: number, arm: ?string, jaw: boolean, note: string}} hand
 * @property {{x_mm: ?number, y_mm: ?number, z_mm: ?number, jaw_deg: ?number}} probe
 * @property {?Base} base  null for arms
 * @property {{shown: ?number, dropped: ?number, rate_hz: ?number, depth_mm: ?number}} pictures
 * @property {?Imaging} imaging  null where nothing can be set, or nothing is known
 * @property {Alarm[]} alarms
 *
 * One picture that has been presented to the eye.
 * @typedef {object} Presented
 * @property {string} view  picture number, decimal (it does not fit a double)
 * @property {number} decode_ms
 * @property {number} draw_ms
 * @property {number} queue  pictures still waiting in the decoder
 * @property {number} width  pixels
 * @property {number} height  pixels
 * @property {number} depth_mm  depth shown by the picture, 0 when it has none
 *
 * Everything that has reached the page, unjudged.
 * @typedef {object} Facts
 * @property {'connecting'|'open'|'closed'} socket
 * @property {?Status} status
 * @property {?number} statusAt  page time of the newest status whose own clock had advanced
 * @property {number} backlogMs  how much later than the fastest one that status came
 * @property {?Presented} presented
 * @property {?number} presentedAt
 * @property {?number} stopPressedAt
 * @property {boolean} stopUnsent
 * @property {?string} pictureFault
 * @property {string} decoder  report of the decoder's self-test
 *
 * What the widgets may show: derived from the facts and the time, nowhere else.
 * @typedef {object} View
 * @property {boolean} heard  a fresh word from the console process exists
 * @property {boolean} known  and it says that the robot's state is known
 * @property {?Status} status  only while `heard`
 * @property {?Status} live  only while `known`: every number of the robot comes from here
 * @property {string} word
 * @property {Reason & {heading?: string}} reason
 * @property {{phase: string, ms: ?number}} stop
 * @property {boolean} canAcknowledge
 * @property {boolean} padShown
 * @property {{stale: boolean, cause: string, never: boolean}} picture
 * @property {?Presented} presented
 * @property {Alarm[]} alarms  most urgent first
 * @property {string} decoder
 */
export {};
