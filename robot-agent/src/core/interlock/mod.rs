//! The interlocks: what is watched, within which limits, and how hard each stops the robot.
//!
//! One interlock is one row of one table ([`TABLE`]). [`judge`] compares all readings with all limits
//! and has no effect; what follows from a verdict is the machine's business. Every comparison is
//! written so that a reading that is not a number trips: what is not known is not safe.

mod table;

pub use table::{TABLE, document};

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

/// What is known in one tick. A value that is not known is NaN or infinite.
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
    /// Age of the state that steers. Unit: second.
    pub loop_age_s: f64,
    /// Age of the picture that steers. Unit: second.
    pub view_age_s: f64,
    /// Measured speed of the fastest tip. Unit: metre per second.
    pub speed_m_s: f64,
    /// How far the farthest tip is outside the workspace. Unit: metre.
    pub outside_m: f64,
    /// How far the farthest tip is from its setpoint. Unit: metre.
    pub tracking_m: f64,
    /// The largest contact force. Unit: newton.
    pub contact_n: f64,
    /// True if the robot reports a fault or its reading is not a number.
    pub robot_fault: bool,
    /// Malformed datagrams from the holder in a row.
    pub bad_frames: u32,
    /// Servo ticks missed in the last second.
    pub overruns: u32,
}

/// One interlock.
pub struct Row {
    /// The code it stops with.
    pub cause: Cause,
    /// What is watched, for people.
    pub watches: &'static str,
    /// Unit of the reading as shown, and the factor from the reading to it.
    pub unit: (&'static str, f64),
    /// The reading.
    pub reading: fn(&Readings) -> f64,
    /// Slower beyond this, where there is such a limit.
    pub soft: fn(&Profile) -> Option<f64>,
    /// Stopped beyond this.
    pub hard: fn(&Profile) -> f64,
    /// How hard it stops.
    pub stop: Stop,
    /// When it stops.
    pub active: Active,
    /// What ends the stop.
    pub cleared_by: &'static str,
    /// Where the limits come from.
    pub source: &'static str,
    /// The hazards it guards against, by their id in the hazard list.
    pub hazards: &'static str,
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
    trips: [Option<Trip>; TABLE.len()],
}

impl Verdict {
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
    let mut verdict =
        Verdict { tripped: CauseSet::EMPTY, soft: CauseSet::EMPTY, trips: [None; TABLE.len()] };
    for (row, slot) in TABLE.iter().zip(verdict.trips.iter_mut()) {
        let reading = (row.reading)(readings);
        let inside = |limit: f64| reading <= limit;
        let hard = (row.hard)(profile);
        if !inside(hard) {
            verdict.tripped = verdict.tripped.with(row.cause);
            *slot = Some(Trip {
                cause: row.cause,
                stop: row.stop,
                active: row.active,
                reading,
                limit: hard,
            });
        }
        if !inside((row.soft)(profile).unwrap_or(hard)) {
            verdict.soft = verdict.soft.with(row.cause);
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
