//! Between the interlock's verdict and the robot: whatever comes in, what goes out is inside every limit.
//!
//! The governor owns the setpoint. Each tick it moves it from where it was toward what is wanted, no
//! faster, no harder and no further than allowed, and says which limit it enforced. It never takes
//! the wanted pose itself: a target can jump, a setpoint can not.

mod arm;
mod workspace;

pub use arm::{ArmGovernor, Drive};
pub use workspace::outside_m;

use core::time::Duration;

use protocol::freshness::geometric_cap_m_s;
use protocol::profile::Profile;

use super::contact::CONTACT_MIN_N;

/// Stopping may decelerate this much harder than steering accelerates.
///
/// 40 mm/s at 3 × 1 m/s² ends within 14 ms and 0.3 mm.
pub const STOP_FACTOR: f64 = 3.0;

/// What a tip may do in this tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Fastest translation. Unit: metre per second.
    pub speed_m_s: f64,
    /// Fastest rotation. Unit: radian per second.
    pub rotation_rad_s: f64,
    /// Hardest change of velocity. Unit: metre per second squared.
    pub acceleration_m_s2: f64,
    /// True if the age of the picture, not the profile, sets the speed.
    pub by_view_age: bool,
}

/// The caps for a tip pressed with `contact_n` and steered by what was seen this long ago: the older
/// of picture and state.
///
/// Unknown age: no motion. So is an age beyond its hard limit: the cap is a quotient up to there and
/// zero beyond, and does not wait for the interlock.
pub fn caps(profile: &Profile, contact_n: f64, seen_age: Option<Duration>) -> Caps {
    let motion = &profile.motion;
    // Written so that a force that is not a number counts as contact.
    let free = contact_n < CONTACT_MIN_N;
    let speed = if free {
        motion.speed_free_max_m_s
    } else {
        motion.speed_contact_max_m_s.min(motion.speed_free_max_m_s)
    };
    let by_age = match seen_age {
        Some(age) if age <= profile.freshness.view_age_hard => {
            geometric_cap_m_s(profile.freshness.stale_displacement_max_m, age)
        }
        Some(_) | None => 0.0,
    };
    let scale = (by_age / speed).min(1.0);
    Caps {
        speed_m_s: speed.min(by_age),
        // A turn moves what the tip touches, too: it is slowed in the same proportion.
        rotation_rad_s: motion.rotation_max_rad_s * scale,
        acceleration_m_s2: motion.acceleration_max_m_s2,
        by_view_age: by_age < speed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile::parse(protocol::profile::ULTRASOUND).unwrap()
    }

    fn cap(contact_n: f64, age_ms: Option<u64>) -> Caps {
        caps(&profile(), contact_n, age_ms.map(Duration::from_millis))
    }

    /// VIEW-AGE: the older the picture, the slower the tip, down to nothing.
    #[test]
    fn the_age_of_the_picture_caps_the_speed() {
        assert!((cap(0.0, Some(10)).speed_m_s - 0.100).abs() < 1e-12);
        assert!((cap(0.0, Some(50)).speed_m_s - 0.080).abs() < 1e-12);
        assert!((cap(5.0, Some(50)).speed_m_s - 0.040).abs() < 1e-12);
        assert!((cap(5.0, Some(160)).speed_m_s - 0.025).abs() < 1e-12);
        assert!((cap(5.0, Some(200)).speed_m_s - 0.020).abs() < 1e-12);
        assert_eq!(cap(5.0, Some(201)).speed_m_s, 0.0);
        assert_eq!(cap(5.0, None).speed_m_s, 0.0);
        assert!(cap(5.0, Some(160)).by_view_age && !cap(5.0, Some(50)).by_view_age);
    }

    #[test]
    fn turning_slows_in_proportion() {
        let full = profile().motion.rotation_max_rad_s;
        assert!((cap(5.0, Some(160)).rotation_rad_s - full * 0.625).abs() < 1e-12);
        assert_eq!(cap(5.0, Some(20)).rotation_rad_s, full);
        assert_eq!(cap(5.0, None).rotation_rad_s, 0.0);
    }

    #[test]
    fn a_force_that_is_not_a_number_counts_as_contact() {
        assert!((cap(f64::NAN, Some(10)).speed_m_s - 0.040).abs() < 1e-12);
    }
}
