//! Whether a robot is the one that the profile is for.
//!
//! A profile that limits what a robot does not have, or a robot that does what no limit knows, is a
//! mistake of the installation. It is found before the drives are on, and told in one sentence.

use core::fmt;
use core::time::Duration;

use protocol::profile::{Body as Work, Profile, SPEED_BREACH};

use crate::robot::{Body, Description, OwnLimits};

/// The longest that a robot's own watchdog may take. The widest of the reference: 100 ms for a base.
const WATCHDOG_MAX: Duration = Duration::from_millis(100);

/// Why a robot can not be used with a profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Misfit {
    /// The profile is for arms and the robot is a base, or the other way round.
    OtherBody,
    /// Too few arms.
    Arms {
        /// How many the profile needs.
        needed: usize,
        /// How many there are.
        there: usize,
    },
    /// An arm without a port, for a profile with ports.
    NoPort {
        /// Which arm, from 0.
        arm: usize,
    },
    /// The workspace, the zones and the port leave no place, or one of them is broken.
    NoRegion {
        /// Which arm, from 0.
        arm: usize,
    },
    /// The robot can not follow as fast as the profile lets the hand steer.
    TooSlow {
        /// What the robot can follow. Unit: metre per second.
        robot_m_s: f64,
        /// What the profile allows. Unit: metre per second.
        profile_m_s: f64,
    },
    /// No watchdog of its own, or one that is too slow.
    Watchdog {
        /// How long it takes.
        watchdog: Duration,
    },
    /// The robot's own limits are wider than asked.
    OwnLimits {
        /// What was asked.
        asked: OwnLimits,
        /// What was read back.
        read: OwnLimits,
    },
    /// The robot's own limits could not be set or not be read back.
    LimitsUnread,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherBody => {
                f.write_str("the profile is for another kind of robot: start with its own profile")
            }
            Self::Arms { needed, there } => {
                write!(f, "the profile needs {needed} arms and the robot has {there}")
            }
            Self::NoPort { arm } => write!(
                f,
                "the profile is for instruments in ports and arm {arm} describes none: \
                 give its port in `Description`"
            ),
            Self::NoRegion { arm } => write!(
                f,
                "workspace, zones and port leave arm {arm} no place, or are broken: \
                 compare the profile with the port that the robot describes"
            ),
            Self::TooSlow { robot_m_s, profile_m_s } => write!(
                f,
                "the robot follows {robot_m_s} m/s at most and the profile allows {profile_m_s} m/s: \
                 lower the speed in the profile"
            ),
            Self::Watchdog { watchdog } => write!(
                f,
                "the robot's own watchdog takes {} ms; it needs one of 1 to {} ms, because \
                 nothing else stops it if this program dies",
                watchdog.as_millis(),
                WATCHDOG_MAX.as_millis()
            ),
            Self::OwnLimits { asked, read } => write!(
                f,
                "the robot's own limits were set to {} m/s and {} N and read back as {} m/s and {} N",
                asked.speed_max_m_s, asked.force_max_n, read.speed_max_m_s, read.force_max_n
            ),
            Self::LimitsUnread => {
                f.write_str("the robot's own limits could not be set or not be read back")
            }
        }
    }
}

/// What the robot lacks for the work of the profile.
pub(super) fn misfit(profile: &Profile, robot: &Description) -> Option<Misfit> {
    let watchdog = robot.watchdog;
    if watchdog.is_zero() || watchdog > WATCHDOG_MAX {
        return Some(Misfit::Watchdog { watchdog });
    }
    let profile_m_s = match (&profile.body, &robot.body) {
        (Work::Arms(limits), Body::Arms { ports, .. }) => {
            let (needed, there) = (limits.count, robot.body.arms());
            if there < needed {
                return Some(Misfit::Arms { needed, there });
            }
            let bare = ports.iter().take(there).position(Option::is_none);
            if let (Some(arm), Some(_)) = (bare, &limits.port) {
                return Some(Misfit::NoPort { arm });
            }
            limits.motion.speed_free_max_m_s
        }
        (Work::Base(limits), Body::Base { .. }) => limits.speed_max_m_s,
        (Work::Arms(_), Body::Base { .. }) | (Work::Base(_), Body::Arms { .. }) => {
            return Some(Misfit::OtherBody);
        }
    };
    let robot_m_s = robot.body.speed_max_m_s();
    // Written so that a speed that is not a number is too slow.
    (!(robot_m_s >= profile_m_s)).then_some(Misfit::TooSlow { robot_m_s, profile_m_s })
}

/// The limits that the robot's own controller is asked to keep: those at which the interlocks stop.
pub fn own_limits(profile: &Profile) -> OwnLimits {
    match &profile.body {
        Work::Arms(limits) => OwnLimits {
            speed_max_m_s: limits.motion.speed_free_max_m_s * SPEED_BREACH,
            force_max_n: limits.force.hard_n,
        },
        Work::Base(limits) => OwnLimits {
            speed_max_m_s: limits.speed_max_m_s * SPEED_BREACH,
            force_max_n: limits.bumper_hard_n,
        },
    }
}

/// Whether what was read back is at least as narrow as what was asked.
pub(in crate::core) fn wider(asked: &OwnLimits, read: &OwnLimits) -> Option<Misfit> {
    let narrow = read.speed_max_m_s <= asked.speed_max_m_s && read.force_max_n <= asked.force_max_n;
    (!narrow).then_some(Misfit::OwnLimits { asked: *asked, read: *read })
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
