//! Between the interlock's verdict and the robot: whatever comes in, what goes out is inside every limit.
//!
//! The governor owns the setpoint. Each tick it moves it from where it was toward what is wanted, no
//! faster, no harder and no further than allowed, and says which limit it enforced and by how much. It
//! never takes the wanted pose itself: a target can jump, a setpoint can not.
//!
//! Three rooms below it: [`axis`] changes a velocity within acceleration and jerk, [`region`] says where
//! a tip may be, [`tracker`] joins the two so that the way to a stop is always known. [`ArmGovernor`]
//! and [`BaseGovernor`] turn what a person wants into a wanted velocity.

pub mod axis;
pub mod region;
pub mod tracker;

mod arm;
mod base;

pub use arm::{ArmGovernor, Drive, Place, Task};
pub use base::{BaseCaps, BaseGovernor, base_caps};

use core::time::Duration;

use protocol::freshness::geometric_cap_m_s;
use protocol::profile::{ArmLimits, Freshness};

use super::contact::CONTACT_MIN_N;
use crate::robot::Reach;

/// A stop is the motion of a following arm, played this much faster: 3 times the acceleration, 9 times
/// the jerk. 40 mm/s at 2 m/s2 and 200 m/s3 end within 25 ms and half a millimetre.
pub const STOP_FACTOR: f64 = 3.0;

/// The slowest that nearness to the end of an arm's reach makes it: slow enough to be noticed long
/// before the hard limit, fast enough to steer back. A share of the speed.
const CRAWL: f64 = 0.1;

/// Which limit sets the speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CappedBy {
    /// That of the profile.
    Profile,
    /// The age of what steers.
    Age,
    /// A joint near its end.
    Joint,
    /// A singular pose nearby.
    Singularity,
}

/// What a tip may do in this tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Fastest translation. Unit: metre per second.
    pub speed_m_s: f64,
    /// Fastest rotation. Unit: radian per second.
    pub rotation_rad_s: f64,
    /// What sets them.
    pub by: CappedBy,
}

/// The caps for a tip pressed with `contact_n` and steered by what was seen this long ago: the older
/// of picture and state.
///
/// Unknown age: no motion. So is an age beyond its hard limit: the cap is a quotient up to there and
/// zero beyond, and does not wait for the interlock.
pub fn caps(
    limits: &ArmLimits,
    freshness: &Freshness,
    contact_n: f64,
    reach: &Reach,
    seen_age: Option<Duration>,
) -> Caps {
    let motion = &limits.motion;
    // Written so that a force that is not a number counts as contact.
    let free = contact_n < CONTACT_MIN_N;
    let speed = if free {
        motion.speed_free_max_m_s
    } else {
        motion.speed_contact_max_m_s.min(motion.speed_free_max_m_s)
    };
    let by_age = age_cap_m_s(freshness, seen_age);
    let joint = share(reach.joint, limits.reach.joint_hard, limits.reach.joint_soft);
    let dexterity =
        share(reach.dexterity, limits.reach.dexterity_hard, limits.reach.dexterity_soft);
    let by_reach = speed * joint.min(dexterity);
    let capped = speed.min(by_age).min(by_reach);
    let by = if capped >= speed {
        CappedBy::Profile
    } else if by_age <= by_reach {
        CappedBy::Age
    } else if joint <= dexterity {
        CappedBy::Joint
    } else {
        CappedBy::Singularity
    };
    // A turn moves what the tip touches, too: it is slowed in the same proportion.
    Caps { speed_m_s: capped, rotation_rad_s: motion.rotation_max_rad_s * (capped / speed), by }
}

/// The speed that the age of what steers allows. Unit: metre per second.
fn age_cap_m_s(freshness: &Freshness, seen_age: Option<Duration>) -> f64 {
    match seen_age {
        Some(age) if age <= freshness.view_age_hard => {
            geometric_cap_m_s(freshness.stale_displacement_max_m, age)
        }
        Some(_) | None => 0.0,
    }
}

/// The share of the speed left at `value`: all of it from `soft` on, a crawl at `hard`.
fn share(value: f64, hard: f64, soft: f64) -> f64 {
    let left = (value - hard) / (soft - hard);
    // What is not a number is the hard limit.
    if left.is_nan() { CRAWL } else { left.clamp(CRAWL, 1.0) }
}

/// Cases of a property test: `default`, or as many as `FARREACH_CASES` asks for in a longer run.
#[cfg(test)]
fn cases(default: u32) -> u32 {
    std::env::var("FARREACH_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[cfg(test)]
#[path = "caps_tests.rs"]
mod tests;
