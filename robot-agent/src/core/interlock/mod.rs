//! The interlocks: what is watched, within which limits, and how hard each stops the robot.
//!
//! One interlock is one row of one table ([`TABLE`]). [`judge`] compares all readings with all limits
//! and has no effect; what follows from a verdict is the machine's business. Every comparison is
//! written so that a reading that is not a number trips: what is not known is not safe.

mod document;
mod table;

pub use document::{document, proofs};
pub use table::TABLE;

use core::time::Duration;

use protocol::cause::{Cause, CauseSet};
use protocol::profile::Profile;

use super::machine::Stop;

/// When an interlock may stop the robot. Outside of that it only keeps it from engaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// While the robot follows the hand.
    Following,
    /// While the drives are on.
    Powered,
    /// Always.
    Always,
}

/// What comes of a reading between the soft and the hard limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soft {
    /// Nobody engages.
    Refuses,
    /// Nobody engages, and a robot that follows is DEGRADED until it heals.
    Degrades,
    /// The governor slows that motion alone: it must be possible to steer back.
    Governs,
}

/// What is known in one tick. A value that is not known is NaN or infinite.
#[expect(clippy::struct_excessive_bools, reason = "each is another thing that is watched")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Readings {
    /// True while an operator holds authority.
    pub authority: bool,
    /// How far the deadman is pressed, 0 to 1.
    pub deadman: f64,
    /// True if the clutch was closed out of order.
    pub clutch_unseen: bool,
    /// Time since the newest accepted frame. Unit: second.
    pub silence_s: f64,
    /// Time since the first frame that spoke of the newest sample of the hand. Unit: second.
    pub sample_age_s: f64,
    /// Age of the state that steers. Unit: second.
    pub loop_age_s: f64,
    /// How old the sample of the hand was, at most, when the newest command arrived. Unit: second.
    pub command_age_s: f64,
    /// Age of the picture that steers. Unit: second.
    pub view_age_s: f64,
    /// Share of commands lost within a second, 0 to 1.
    pub loss: f64,
    /// For how long the console has shown another state than it was told. Unit: second.
    pub mistaken_s: f64,
    /// Measured speed of the fastest tip, or of the base. Unit: metre per second.
    pub speed_m_s: f64,
    /// Measured turn rate of the base. Unit: radian per second.
    pub turn_rad_s: f64,
    /// How far the farthest tip is outside the workspace. Unit: metre.
    pub outside_m: f64,
    /// How deep the deepest tip is inside a no-go zone. Unit: metre.
    pub no_go_m: f64,
    /// How far the farthest shaft passes beside its port. Unit: metre.
    pub beside_port_m: f64,
    /// How much of its range the joint nearest to its end has used, 0 to 1.
    pub joint_used: f64,
    /// How near the nearest arm is to a singular pose, 0 to 1.
    pub singular: f64,
    /// How far the farthest tip is from its setpoint. Unit: metre.
    pub tracking_m: f64,
    /// How far the tool that is turned most otherwise than ordered is. Unit: radian.
    pub tracking_rad: f64,
    /// How far the speed of the base is from the one ordered. Unit: metre per second.
    pub tracking_m_s: f64,
    /// How far the turn rate of the base is from the one ordered. Unit: radian per second.
    pub tracking_rad_s: f64,
    /// The largest contact force of a tool; of an instrument in a port the whole force on its tip. Unit:
    /// newton.
    pub contact_n: f64,
    /// The force on the bumper. Unit: newton.
    pub bumper_n: f64,
    /// How far an obstacle is inside the distance that the base keeps, on the side that it moves to.
    /// Unit: metre.
    pub obstacle_m: f64,
    /// True if a guard at the robot is open.
    pub guard_open: bool,
    /// True if the robot reports a fault or its reading is not a number.
    pub robot_fault: bool,
    /// Age of what the sensors say. Unit: second.
    pub sensor_age_s: f64,
    /// Age of the distances to obstacles. Unit: second.
    pub range_age_s: f64,
    /// How far an arm moved, or should have, while a sensor repeated itself. Unit: metre.
    pub frozen_m: f64,
    /// True if the robot's clock has lost its meaning.
    pub clock_lost: bool,
    /// Bad frames from the holder in a row.
    pub bad_frames: u32,
    /// Servo ticks missed in the last second.
    pub overruns: u32,
    /// Time since the tick before this one. Unit: second.
    pub pause_s: f64,
    /// For how long no picture has been captured that could have been. Unit: second.
    pub uncaptured_s: f64,
    /// For how long what decides a motion has not been recorded. Unit: second.
    pub unrecorded_s: f64,
}

/// One interlock.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its id, shown everywhere.
    pub cause: Cause,
    /// What it watches.
    pub watches: &'static str,
    /// Unit of reading and limits in messages, with the factor from SI.
    pub unit: (&'static str, f64),
    /// The reading; higher is worse.
    pub reading: fn(&Readings) -> f64,
    /// The soft limit, where there is one.
    pub soft: fn(&Profile) -> Option<f64>,
    /// What comes of being beyond the soft limit.
    pub beyond_soft: Soft,
    /// The hard limit; `None` where a profile has no use for it.
    pub hard: fn(&Profile) -> Option<f64>,
    /// How hard it stops.
    pub stop: Stop,
    /// When it stops.
    pub active: Active,
    /// What ends the stop.
    pub cleared_by: &'static str,
    /// Where the limits come from.
    pub source: &'static str,
    /// The hazards that it guards against.
    pub hazards: &'static [&'static str],
    /// The tests that show it: in virtual time, with the whole core.
    pub proven_by: &'static [&'static str],
}

/// A limit that was exceeded, with the figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trip {
    /// The interlock.
    pub cause: Cause,
    /// How hard it stops.
    pub stop: Stop,
    /// When it may stop.
    pub active: Active,
    /// What was read, in the unit of the row.
    pub reading: f64,
    /// The limit, in the unit of the row.
    pub limit: f64,
}

/// What all interlocks say in one tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Beyond their hard limits.
    pub tripped: CauseSet,
    /// Beyond their soft limits, the tripped ones included.
    pub soft: CauseSet,
    /// Those of them that keep from engaging.
    pub blocking: CauseSet,
    /// Those of them that degrade.
    pub slowing: CauseSet,
    trips: [Option<Trip>; TABLE.len()],
}

impl Verdict {
    /// True if every limit that keeps from engaging is kept, the clutch aside: that is the operator's act.
    pub fn is_green(&self) -> bool {
        self.blocking.without(Cause::Clutch).is_empty()
    }

    /// The hardest stop that applies now; of equals, the first in the table.
    pub fn hardest(&self, following: bool, powered: bool) -> Option<Trip> {
        let applies = |t: &Trip| match t.active {
            Active::Following => following,
            Active::Powered => powered,
            Active::Always => true,
        };
        // `max_by_key` keeps the last of equals: the table is walked from its end.
        self.trips
            .iter()
            .rev()
            .flatten()
            .filter(|t| t.stop != Stop::Refuse && applies(t))
            .max_by_key(|t| t.stop)
            .copied()
    }
}

/// Compares all readings with all limits. No effect, no allocation.
pub fn judge(readings: &Readings, profile: &Profile) -> Verdict {
    let mut verdict = Verdict {
        tripped: CauseSet::EMPTY,
        soft: CauseSet::EMPTY,
        blocking: CauseSet::EMPTY,
        slowing: CauseSet::EMPTY,
        trips: [None; TABLE.len()],
    };
    for (row, slot) in TABLE.iter().zip(verdict.trips.iter_mut()) {
        let reading = (row.reading)(readings);
        // Written so that a reading that is not a number is beyond every limit.
        let beyond = |limit: f64| !(reading <= limit);
        let (soft, hard) = ((row.soft)(profile), (row.hard)(profile));
        if let Some(limit) = hard.filter(|l| beyond(*l)) {
            let (cause, stop, active) = (row.cause, row.stop, row.active);
            verdict.tripped = verdict.tripped.with(cause);
            *slot = Some(Trip { cause, stop, active, reading, limit });
        }
        if soft.or(hard).is_some_and(beyond) {
            verdict.soft = verdict.soft.with(row.cause);
            // Beyond the hard limit nobody engages, whatever the soft limit does.
            if row.beyond_soft != Soft::Governs || hard.is_none_or(beyond) {
                verdict.blocking = verdict.blocking.with(row.cause);
            }
            if row.beyond_soft == Soft::Degrades {
                verdict.slowing = verdict.slowing.with(row.cause);
            }
        }
    }
    verdict
}

/// Seconds in `age`; infinite if there is no age.
pub fn seconds(age: Option<Duration>) -> f64 {
    age.map_or(f64::INFINITY, |a| a.as_secs_f64())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
