//! The table of interlocks.

use protocol::cause::Cause;
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::profile::{OBSTACLE_SLACK_M, Profile, SPEED_BREACH, UNRECORDED_SOFT};

use super::{Active, Row, Soft};
use crate::core::machine::Stop;

/// The unit of a reading, with its factor from SI.
type Unit = (&'static str, f64);

const MS: Unit = ("ms", 1e3);
const MM: Unit = ("mm", 1e3);
const MM_S: Unit = ("mm/s", 1e3);
const DEG: Unit = ("°", 180.0 / core::f64::consts::PI);
const DEG_S: Unit = ("°/s", 180.0 / core::f64::consts::PI);
const N: Unit = ("N", 1.0);
const PERCENT: Unit = ("%", 1e2);
const YES: Unit = ("(1 = yes)", 1.0);
const COUNT: Unit = ("in a row", 1.0);
const TICKS: Unit = ("ticks", 1.0);
const PLAIN: Unit = ("", 1.0);

const fn none(_: &Profile) -> Option<f64> {
    None
}

#[expect(clippy::unnecessary_wraps, reason = "a row without a hard limit has none")]
const fn zero(_: &Profile) -> Option<f64> {
    Some(0.0)
}

const fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

const RE_ENGAGE: &str = "release, then engage again under the new epoch";
const ACK_RESET: &str = "acknowledge, then local reset";
const SELF_TEST: &str = "local reset, then the self-test";
const OPEN_CLUTCH: &str = "open the clutch with the deadman held";
const CLOCK_GOOD: &str = "a second without another, then as for any hold";

/// How far the tip may be from its setpoint. Unit: metre.
///
/// An arm that is blocked, switched off or out of reach stays behind; set free, it would jump the
/// whole way. Its servo's own lag is a seventh of this, and a probe pressed with 20 N gives 2 mm.
const TRACKING_MAX_M: f64 = 0.015;

/// How far a tool may be turned otherwise than ordered. Unit: radian.
///
/// As far beyond the lag of the servo as [`TRACKING_MAX_M`], and some more for what tissue twists.
const TRACKING_MAX_RAD: f64 = 15.0_f64.to_radians();

/// How far the speed of a base may be from the one ordered. Unit: metre per second.
///
/// A base that answers within 300 ms and brakes at 1 m/s2 lags by 0.3 m/s.
const TRACKING_MAX_M_S: f64 = 0.4;

/// How far the turn rate of a base may be from the one ordered. Unit: radian per second. Half of what is
/// usual for a walking aid.
const TRACKING_MAX_RAD_S: f64 = 30.0_f64.to_radians();

/// How old the distances to obstacles may be. Unit: second. Three scans of a scanner of 20 Hz: the
/// governor reckons with one.
const RANGE_AGE_MAX_S: f64 = 0.150;

/// How old a reading may be. Unit: second. Twenty ticks: a driver that polls slower is no servo.
const SENSOR_AGE_MAX_S: f64 = 0.020;

/// How far an arm may go while a sensor says the same to the last bit. Unit: metre.
const FROZEN_MAX_M: f64 = 0.003;

/// For how long a console may show another state than it was told. Unit: second.
const MISTAKEN_MAX_S: f64 = 0.100;

/// Bad frames in a row that are taken for noise.
const BAD_RUN_MAX: f64 = 2.0;

/// The longest pause of the servo loop. Unit: second.
///
/// A robot's own watchdog takes 30 ms for a dead agent; the loop must have held before that.
const PAUSE_MAX_S: f64 = 0.020;

/// Ticks that may be missed within a second.
///
/// A missed tick moves nothing and stops nothing: ages go on growing. A tenth of them is a computer
/// that can no longer be trusted to be on time.
const OVERRUNS_MAX: f64 = 100.0;

/// Every interlock, in order of priority among equals. A cause that watches different things of arms and
/// of a base has a row for each.
pub const TABLE: [Row; 36] = [
    Row {
        cause: Cause::RobotFault,
        watches: "fault reported by the robot, or a reading that is not a number",
        unit: YES,
        reading: |r| flag(r.robot_fault),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: zero,
        stop: Stop::Fault,
        active: Active::Always,
        cleared_by: SELF_TEST,
        source: "transition table, row 1",
        hazards: &["H23", "H24", "H41"],
        proven_by: &[
            "a_fault_takes_the_drives_off_and_only_a_reset_and_a_self_test_bring_them_back",
            "drives_that_go_off_and_poses_that_are_none_are_faults",
        ],
    },
    Row {
        cause: Cause::SensorFrozen,
        watches: "age of what the sensors say",
        unit: MS,
        reading: |r| r.sensor_age_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |_| Some(SENSOR_AGE_MAX_S),
        stop: Stop::Fault,
        active: Active::Powered,
        cleared_by: SELF_TEST,
        source: "the longest that libfranka lets its robot go on without an answer, 20 ms",
        hazards: &["H24"],
        proven_by: &["sensors_that_have_stopped_are_a_fault"],
    },
    Row {
        cause: Cause::SensorFrozen,
        watches: "way of the arm while a sensor repeated itself",
        unit: MM,
        reading: |r| r.frozen_m,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| p.arms().map(|_| FROZEN_MAX_M),
        stop: Stop::Fault,
        active: Active::Powered,
        cleared_by: SELF_TEST,
        source: "above the noise of any servo, a fifth of TRACKING [P]",
        hazards: &["H24"],
        proven_by: &["a_sensor_that_repeats_itself_is_a_fault"],
    },
    Row {
        cause: Cause::SensorFrozen,
        watches: "age of the distances to obstacles",
        unit: MS,
        reading: |r| r.range_age_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| p.base().map(|_| RANGE_AGE_MAX_S),
        stop: Stop::Fault,
        active: Active::Powered,
        cleared_by: SELF_TEST,
        source: "three scans at 20 Hz [P]",
        hazards: &["H24", "H43"],
        proven_by: &["a_scanner_that_stops_is_a_fault"],
    },
    Row {
        cause: Cause::ContactForce,
        watches: "contact force along the tool axis; in a port, in any direction",
        unit: N,
        reading: |r| r.contact_n,
        soft: |p| Some(p.arms()?.force.soft_n),
        beyond_soft: Soft::Degrades,
        hard: |p| Some(p.arms()?.force.hard_n),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "abdominal scans up to 34.5 N (Sensors 2025, 25, 3415); limits [P]",
        hazards: &["H20"],
        proven_by: &[
            "too_much_force_stops_and_lifts_the_probe",
            "nobody_presses_beyond_the_soft_limit",
        ],
    },
    Row {
        cause: Cause::ContactForce,
        watches: "force on the bumper",
        unit: N,
        reading: |r| r.bumper_n,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.base()?.bumper_hard_n),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: &["H20"],
        proven_by: &["a_bumper_that_is_pressed_stops_the_base"],
    },
    Row {
        cause: Cause::Workspace,
        watches: "distance of the measured tip outside the workspace",
        unit: MM,
        reading: |r| r.outside_m,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.arms()?.workspace.breach_margin_m),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: &["H19"],
        proven_by: &["a_measured_breach_stops_until_reset"],
    },
    Row {
        cause: Cause::NoGo,
        watches: "depth of the measured tip inside a no-go zone",
        unit: MM,
        reading: |r| r.no_go_m,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.arms()?.workspace.breach_margin_m),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "as the edge of the workspace [P]",
        hazards: &["H19"],
        proven_by: &["a_tip_inside_a_no_go_zone_stops"],
    },
    Row {
        cause: Cause::Port,
        watches: "distance of the shaft beside its port",
        unit: MM,
        reading: |r| r.beside_port_m,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.arms()?.port.as_ref()?.breach_m),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: &["H19"],
        proven_by: &["a_shaft_that_leaves_its_port_stops"],
    },
    Row {
        cause: Cause::JointLimit,
        watches: "share of its range that the joint nearest to its end has used",
        unit: PERCENT,
        reading: |r| r.joint_used,
        soft: |p| Some(1.0 - p.arms()?.reach.joint_soft),
        beyond_soft: Soft::Governs,
        hard: |p| Some(1.0 - p.arms()?.reach.joint_hard),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: &["H22"],
        proven_by: &["near_the_end_of_a_joint_the_arm_slows_and_at_it_stops"],
    },
    Row {
        cause: Cause::Singularity,
        watches: "nearness of a singular pose (100 % is singular)",
        unit: PERCENT,
        reading: |r| r.singular,
        soft: |p| Some(1.0 - p.arms()?.reach.dexterity_soft),
        beyond_soft: Soft::Governs,
        hard: |p| Some(1.0 - p.arms()?.reach.dexterity_hard),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: &["H22"],
        proven_by: &["near_a_singular_pose_the_arm_slows_and_in_it_stops"],
    },
    Row {
        cause: Cause::Speed,
        watches: "measured speed of a tip",
        unit: MM_S,
        reading: |r| r.speed_m_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.arms()?.motion.speed_free_max_m_s * SPEED_BREACH),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "1.5 x the largest speed ever ordered [P]",
        hazards: &["H21"],
        proven_by: &["a_measured_breach_stops_until_reset"],
    },
    Row {
        cause: Cause::Speed,
        watches: "measured speed of the base",
        unit: MM_S,
        reading: |r| r.speed_m_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.base()?.speed_max_m_s * SPEED_BREACH),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "1.5 x the largest speed ever ordered [P]",
        hazards: &["H21"],
        proven_by: &["a_base_that_does_not_obey_stops"],
    },
    Row {
        cause: Cause::Speed,
        watches: "measured turn rate of the base",
        unit: DEG_S,
        reading: |r| r.turn_rad_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.base()?.turn_max_rad_s * SPEED_BREACH),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "1.5 x the largest turn rate ever ordered [P]",
        hazards: &["H21"],
        proven_by: &["a_base_that_turns_otherwise_than_ordered_stops"],
    },
    Row {
        cause: Cause::Tracking,
        watches: "distance of the measured tip from where it was ordered to be",
        unit: MM,
        reading: |r| r.tracking_m,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| p.arms().map(|_| TRACKING_MAX_M),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "7 x the lag of a 20 ms servo at 100 mm/s [P]",
        hazards: &["H24"],
        proven_by: &["an_arm_that_does_not_obey_stops_and_is_not_asked_again"],
    },
    Row {
        cause: Cause::Tracking,
        watches: "angle of the measured tool from how it was ordered to be",
        unit: DEG,
        reading: |r| r.tracking_rad,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| p.arms().map(|_| TRACKING_MAX_RAD),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "10 x the lag of a 20 ms servo at 60 degrees a second [P]",
        hazards: &["H24"],
        proven_by: &["a_wrist_that_does_not_obey_stops"],
    },
    Row {
        cause: Cause::Tracking,
        watches: "difference of the speed of the base from the one ordered",
        unit: MM_S,
        reading: |r| r.tracking_m_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| p.base().map(|_| TRACKING_MAX_M_S),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "half the largest speed [P]",
        hazards: &["H24"],
        proven_by: &["a_base_that_does_not_obey_stops"],
    },
    Row {
        cause: Cause::Tracking,
        watches: "difference of the turn rate of the base from the one ordered",
        unit: DEG_S,
        reading: |r| r.tracking_rad_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| p.base().map(|_| TRACKING_MAX_RAD_S),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "half the largest turn rate [P]",
        hazards: &["H24"],
        proven_by: &["a_base_that_turns_otherwise_than_ordered_stops"],
    },
    Row {
        cause: Cause::Obstacle,
        watches: "how far an obstacle is inside the distance kept, where the base moves to",
        unit: MM,
        reading: |r| r.obstacle_m,
        soft: |p| p.base().map(|_| OBSTACLE_SLACK_M),
        beyond_soft: Soft::Governs,
        hard: |p| p.base().map(|b| b.obstacle_keep_m - b.obstacle_hard_m),
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: &["H43"],
        proven_by: &["an_obstacle_brakes_the_base_and_stops_it_before_contact"],
    },
    Row {
        cause: Cause::Guard,
        watches: "a guard at the robot is open",
        unit: YES,
        reading: |r| flag(r.guard_open),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: zero,
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "hazard H43",
        hazards: &["H43"],
        proven_by: &["an_open_guard_stops_until_reset"],
    },
    Row {
        cause: Cause::ClockLost,
        watches: "the robot's clock ran backwards, or its computer stood still",
        unit: YES,
        reading: |r| flag(r.clock_lost),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: zero,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: CLOCK_GOOD,
        source: "transition table, row 9",
        hazards: &["H11", "H12"],
        proven_by: &["a_clock_that_lost_its_meaning_holds_and_every_age_with_it"],
    },
    Row {
        cause: Cause::CmdSilence,
        watches: "time since the newest valid command",
        unit: MS,
        reading: |r| r.silence_s,
        soft: |p| Some(p.freshness.silence_soft.as_secs_f64()),
        beyond_soft: Soft::Degrades,
        hard: |p| Some(p.freshness.silence_hard.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "libfranka 20 ms, UR at most 200 ms; limits of the reference",
        hazards: &["H02", "H10", "H32"],
        proven_by: &["silence_holds_at_the_limit_not_after_it"],
    },
    Row {
        cause: Cause::InputStall,
        watches: "time since the hand was sampled anew",
        unit: MS,
        reading: |r| r.sample_age_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.freshness.silence_hard.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "as silence: a sample that is repeated is none",
        hazards: &["H14"],
        proven_by: &["a_console_that_repeats_an_old_sample_is_held"],
    },
    Row {
        cause: Cause::CmdAge,
        watches: "age of the hand's sample when its command arrived, at most",
        unit: MS,
        reading: |r| r.command_age_s,
        soft: |p| Some(p.freshness.command_age.as_ref()?.soft.as_secs_f64()),
        beyond_soft: Soft::Degrades,
        hard: |p| Some(p.freshness.command_age.as_ref()?.hard.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 5; the reference's limits for one network, libfranka 1 ms",
        hazards: &["H03", "H04"],
        proven_by: &["a_command_that_was_long_on_its_way_slows_then_holds"],
    },
    Row {
        cause: Cause::LoopAge,
        watches: "age of the state that steers",
        unit: MS,
        reading: |r| r.loop_age_s,
        soft: |p| Some(p.freshness.loop_age_soft.as_secs_f64()),
        beyond_soft: Soft::Degrades,
        hard: |p| Some(p.freshness.loop_age_hard.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "echo age of the reference [P]",
        hazards: &["H03", "H04", "H10", "H12", "H31"],
        proven_by: &["a_console_that_hears_nothing_is_held"],
    },
    Row {
        cause: Cause::ViewAge,
        watches: "age of the picture that steers",
        unit: MS,
        reading: |r| r.view_age_s,
        soft: |p| Some(p.freshness.view_age_soft.as_secs_f64()),
        beyond_soft: Soft::Degrades,
        hard: |p| Some(p.freshness.view_age_hard.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "at most 140 ms video in Acemoglu 2020; up to 200 ms ideal in Xu 2014",
        hazards: &["H03", "H04", "H25", "H26"],
        proven_by: &[
            "a_frozen_picture_slows_then_holds_and_nothing_resumes_by_itself",
            "a_picture_of_another_source_does_not_steer",
        ],
    },
    Row {
        cause: Cause::Loss,
        watches: "share of commands lost within a second",
        unit: PERCENT,
        reading: |r| r.loss,
        soft: |p| Some(p.freshness.loss_soft),
        beyond_soft: Soft::Degrades,
        hard: none,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "loss within a second, limits of the reference",
        hazards: &["H01"],
        proven_by: &["loss_slows_and_heals"],
    },
    Row {
        cause: Cause::Deadman,
        watches: "release of the deadman (0 held, 1 released)",
        unit: PLAIN,
        reading: |r| 1.0 - r.deadman,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |_| Some(1.0 - DEADMAN_HELD_MIN),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 7",
        hazards: &["H14"],
        proven_by: &["a_release_that_is_over_within_one_tick_is_a_release"],
    },
    Row {
        cause: Cause::Authority,
        watches: "no operator holds authority",
        unit: YES,
        reading: |r| flag(!r.authority),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: zero,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 11",
        hazards: &["H27", "H28", "H39"],
        proven_by: &["authority_is_one_at_a_time_and_its_end_holds"],
    },
    Row {
        cause: Cause::StateMismatch,
        watches: "time for which the console has shown another state than it was told",
        unit: MS,
        reading: |r| r.mistaken_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |_| Some(MISTAKEN_MAX_S),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "100 ms, hazard H38",
        hazards: &["H38"],
        proven_by: &["a_console_that_shows_another_state_is_held"],
    },
    Row {
        cause: Cause::BadFrames,
        watches: "commands of the holder that can not be meant",
        unit: COUNT,
        reading: |r| f64::from(r.bad_frames),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |_| Some(BAD_RUN_MAX),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 10: bad_run 3",
        hazards: &["H21", "H23"],
        proven_by: &["malformed_frames_from_the_holder_hold", "a_hand_that_leaps_is_not_followed"],
    },
    Row {
        cause: Cause::ServoStall,
        watches: "time since the tick before",
        unit: MS,
        reading: |r| r.pause_s,
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |_| Some(PAUSE_MAX_S),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "below the 30 ms of a robot's own watchdog",
        hazards: &["H30"],
        proven_by: &["a_servo_that_stood_still_holds"],
    },
    Row {
        cause: Cause::ServoOverrun,
        watches: "servo ticks missed within a second",
        unit: TICKS,
        reading: |r| f64::from(r.overruns),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: |_| Some(OVERRUNS_MAX),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "a tenth of the ticks of a second [P]",
        hazards: &["H30", "H33"],
        proven_by: &["a_servo_that_misses_its_ticks_holds"],
    },
    Row {
        cause: Cause::MediaStall,
        watches: "time for which no picture was captured that could have been",
        unit: MS,
        reading: |r| r.uncaptured_s,
        soft: |p| Some(p.freshness.view_age_soft.as_secs_f64()),
        beyond_soft: Soft::Degrades,
        hard: |p| Some(p.freshness.view_age_hard.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "as the age of the picture",
        hazards: &["H25"],
        proven_by: &["a_camera_that_stops_holds"],
    },
    Row {
        cause: Cause::RecorderStall,
        watches: "time for which what decides a motion was not recorded",
        unit: MS,
        reading: |r| r.unrecorded_s,
        soft: |_| Some(UNRECORDED_SOFT.as_secs_f64()),
        beyond_soft: Soft::Refuses,
        hard: |p| Some(p.reaction.unrecorded_max.as_secs_f64()),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "a stop caused by the recorder can itself harm: 60 s for surgery",
        hazards: &["H34"],
        proven_by: &["a_recorder_that_stops_keeps_from_engaging_and_holds_late"],
    },
    Row {
        cause: Cause::Clutch,
        watches: "clutch not seen open under this epoch",
        unit: YES,
        reading: |r| flag(r.clutch_unseen),
        soft: none,
        beyond_soft: Soft::Refuses,
        hard: zero,
        stop: Stop::Refuse,
        active: Active::Following,
        cleared_by: OPEN_CLUTCH,
        source: "transition table, row 16",
        hazards: &["H15", "H16"],
        proven_by: &["a_clutch_that_was_never_seen_open_does_not_engage"],
    },
];
