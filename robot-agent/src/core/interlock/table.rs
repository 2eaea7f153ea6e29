//! The table of interlocks, and the document made from it.

use core::fmt::Write as _;

use protocol::cause::Cause;
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::profile::Profile;

use super::{Active, Row};
use crate::core::machine::Stop;

const MS: (&str, f64) = ("ms", 1e3);
const MM: (&str, f64) = ("mm", 1e3);
const MM_S: (&str, f64) = ("mm/s", 1e3);
const N: (&str, f64) = ("N", 1.0);
const YES: (&str, f64) = ("(1 = yes)", 1.0);
const COUNT: (&str, f64) = ("in a row", 1.0);

const fn none(_: &Profile) -> Option<f64> {
    None
}

const fn zero(_: &Profile) -> f64 {
    0.0
}

const fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

const RE_ENGAGE: &str = "release, then engage again under the new epoch";
const ACK_RESET: &str = "acknowledge, then local reset";

/// A measured speed above this multiple of the limit is no longer the governor's overshoot.
///
/// The governor never orders more than the limit; a servo that follows it overshoots by up to a
/// fifth. Half as much again is a robot that does not obey.
const SPEED_BREACH: f64 = 1.5;

/// How far the tip may be from its setpoint. Unit: metre.
///
/// An arm that is blocked, switched off or out of reach stays behind; set free, it would jump the
/// whole way. Its servo's own lag is a seventh of this, and a probe pressed with 20 N gives 2 mm.
const TRACKING_MAX_M: f64 = 0.015;

/// Ticks that may be missed within a second.
///
/// A missed tick moves nothing and stops nothing: ages go on growing, and a loop that hangs is for the
/// robot's own watchdog. A tenth of them is a computer that can no longer be trusted to be on time.
const OVERRUNS_MAX: f64 = 100.0;

/// Every interlock, in order of priority among equals.
pub const TABLE: [Row; 13] = [
    Row {
        cause: Cause::RobotFault,
        watches: "fault reported by the robot, or a reading that is not a number",
        unit: YES,
        reading: |r| flag(r.robot_fault),
        soft: none,
        hard: zero,
        stop: Stop::Fault,
        active: Active::Always,
        cleared_by: "local reset, then the self-test",
        source: "transition table, row 1",
        hazards: "H23 H24 H41",
    },
    Row {
        cause: Cause::ContactForce,
        watches: "contact force along the tool axis",
        unit: N,
        reading: |r| r.contact_n,
        soft: |p| Some(p.force.soft_n),
        hard: |p| p.force.hard_n,
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "abdominal scans up to 34.5 N (Sensors 2025, 25, 3415); limits [P]",
        hazards: "H20",
    },
    Row {
        cause: Cause::Workspace,
        watches: "distance of the measured tip outside the workspace",
        unit: MM,
        reading: |r| r.outside_m,
        soft: none,
        hard: |p| p.workspace.breach_margin_m,
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "[P]",
        hazards: "H19",
    },
    Row {
        cause: Cause::Speed,
        watches: "measured tip speed",
        unit: MM_S,
        reading: |r| r.speed_m_s,
        soft: none,
        hard: |p| p.motion.speed_free_max_m_s * SPEED_BREACH,
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "1.5 x the largest speed ever ordered [P]",
        hazards: "H21",
    },
    Row {
        cause: Cause::Tracking,
        watches: "distance of the measured tip from where it was ordered to be",
        unit: MM,
        reading: |r| r.tracking_m,
        soft: none,
        hard: |_| TRACKING_MAX_M,
        stop: Stop::Protective,
        active: Active::Powered,
        cleared_by: ACK_RESET,
        source: "7 x the lag of a 20 ms servo at 100 mm/s [P]",
        hazards: "H24",
    },
    Row {
        cause: Cause::CmdSilence,
        watches: "time since the newest valid command",
        unit: MS,
        reading: |r| r.silence_s,
        soft: |p| Some(p.freshness.silence_soft.as_secs_f64()),
        hard: |p| p.freshness.silence_hard.as_secs_f64(),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "libfranka 20 ms, UR at most 200 ms; ultrasound 40 / 150 ms [P]",
        hazards: "H02 H32",
    },
    Row {
        cause: Cause::LoopAge,
        watches: "age of the state that steers",
        unit: MS,
        reading: |r| r.loop_age_s,
        soft: |p| Some(p.freshness.loop_age_soft.as_secs_f64()),
        hard: |p| p.freshness.loop_age_hard.as_secs_f64(),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "echo age of the reference [P]",
        hazards: "H03 H10 H31",
    },
    Row {
        cause: Cause::ViewAge,
        watches: "age of the picture that steers",
        unit: MS,
        reading: |r| r.view_age_s,
        soft: |p| Some(p.freshness.view_age_soft.as_secs_f64()),
        hard: |p| p.freshness.view_age_hard.as_secs_f64(),
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "at most 140 ms video in Acemoglu 2020; up to 200 ms ideal in Xu 2014",
        hazards: "H25",
    },
    Row {
        cause: Cause::Deadman,
        watches: "release of the deadman (0 held, 1 released)",
        unit: ("", 1.0),
        reading: |r| 1.0 - r.deadman,
        soft: none,
        hard: |_| 1.0 - DEADMAN_HELD_MIN,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 7",
        hazards: "H14",
    },
    Row {
        cause: Cause::Authority,
        watches: "no operator holds authority",
        unit: YES,
        reading: |r| flag(!r.authority),
        soft: none,
        hard: zero,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 11",
        hazards: "H27 H28 H39",
    },
    Row {
        cause: Cause::BadFrames,
        watches: "malformed commands from the holder of authority",
        unit: COUNT,
        reading: |r| f64::from(r.bad_frames),
        soft: none,
        hard: |_| 2.0,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "transition table, row 10: bad_run 3",
        hazards: "H23",
    },
    Row {
        cause: Cause::ServoOverrun,
        watches: "servo ticks missed within a second",
        unit: ("ticks", 1.0),
        reading: |r| f64::from(r.overruns),
        soft: none,
        hard: |_| OVERRUNS_MAX,
        stop: Stop::Hold,
        active: Active::Following,
        cleared_by: RE_ENGAGE,
        source: "a tenth of the ticks of a second [P]",
        hazards: "H30 H33",
    },
    Row {
        cause: Cause::Clutch,
        watches: "clutch not seen open under this epoch",
        unit: YES,
        reading: |r| flag(r.clutch_unseen),
        soft: none,
        hard: zero,
        stop: Stop::Refuse,
        active: Active::Following,
        cleared_by: "open the clutch with the deadman held",
        source: "transition table, row 16",
        hazards: "H15 H16",
    },
];

/// The table as a Markdown document with the limits of `profile`. `SAFETY.md` holds it word for word.
pub fn document(profile: &Profile) -> String {
    let mut out = format!("Limits of the profile `{}`.\n\n", profile.name);
    out.push_str("| interlock | watches | soft | hard | stops with | when | ended by | limits from | hazards |\n");
    out.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in &TABLE {
        let show = |limit: Option<f64>| {
            limit.map_or_else(
                || "–".to_owned(),
                |l| format!("{} {}", (l * row.unit.1 * 1e6).round() / 1e6, row.unit.0),
            )
        };
        let stop = match row.stop {
            Stop::Refuse => "refuses to engage",
            Stop::Hold => "HOLD",
            Stop::Protective => "PSTOP",
            Stop::Emergency => "ESTOP",
            Stop::Fault => "FAULT",
        };
        let when = match row.active {
            Active::Following => "following",
            Active::Powered => "powered",
            Active::Always => "always",
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {stop} | {when} | {} | {} | {} |",
            row.cause.id(),
            row.watches,
            show((row.soft)(profile)),
            show(Some((row.hard)(profile))),
            row.cleared_by,
            row.source,
            row.hazards,
        );
    }
    out
}
