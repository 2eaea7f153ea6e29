//! A profile: every limit and rate of one kind of work, read from one file that both ends must share.
//!
//! Robot and console compare the hash of what they read (of the values, not of the text) before
//! authority is granted. Limits are data, so that a clinical engineer can review them; their allowed
//! ranges are code, so that no file can widen them.

mod body;
mod file;
pub mod quantity;
mod raw;

use core::time::Duration;

use nalgebra::{UnitQuaternion, Vector3};

use crate::picture::ViewSource;

/// The version of the file's layout.
pub const SCHEMA: u32 = 2;

/// No profile has more zones.
pub const ZONES_MAX: usize = 16;

/// No name in it is longer: one line of the page. Unit: character.
pub const NAME_MAX: usize = 64;

/// No profile file is larger. Unit: byte.
pub const PROFILE_MAX: usize = 64 * 1024;

/// A measured speed above this multiple of the largest that is ever ordered stops the robot.
///
/// The governor never orders more than the limit; a servo that follows it overshoots by up to a
/// fifth. Half as much again is a robot that does not obey.
pub const SPEED_BREACH: f64 = 1.5;

/// Nobody engages while what decides a motion has not been recorded for longer than this.
///
/// The journal comes round every 10 ms; one that has not for a second does not keep up. A robot that
/// already follows goes on for [`Reaction::unrecorded_max`], because a stop can itself harm.
pub const UNRECORDED_SOFT: Duration = Duration::from_secs(1);

/// How far an obstacle may be inside the distance kept before a base counts as slowed. Unit: metre.
///
/// The base comes to rest at that distance: without some slack it would be slow for standing there.
pub const OBSTACLE_SLACK_M: f64 = 0.05;

/// The ultrasound profile that is shipped: one arm with a probe.
pub const ULTRASOUND: &str = include_str!("../../../profiles/ultrasound.toml");

/// The surgery profile that is shipped: two arms through ports.
pub const SURGERY: &str = include_str!("../../../profiles/surgery.toml");

/// The telecare profile that is shipped: a mobile base.
pub const TELECARE: &str = include_str!("../../../profiles/telecare.toml");

/// The surgery profile for two rooms on one network that is shipped: as [`SURGERY`], with a link of 1 ms.
pub const SURGERY_LAN: &str = include_str!("../../../profiles/surgery-lan.toml");

/// Every profile that is shipped.
pub const SHIPPED: [&str; 4] = [ULTRASOUND, SURGERY, TELECARE, SURGERY_LAN];

/// Why a text is not a profile.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, an unknown or missing key, or a value with a wrong unit; shows line and column.
    #[error("{0}")]
    Syntax(Box<toml::de::Error>),
    /// A value outside what is allowed.
    #[error("line {line}, column {column}: {key} is {value}; {allowed}")]
    Range {
        /// Line of the value, from 1.
        line: usize,
        /// Column of the value, from 1.
        column: usize,
        /// The key, with its table.
        key: &'static str,
        /// The value, in the usual unit.
        value: String,
        /// What would be allowed.
        allowed: String,
    },
    /// Too large to be a profile.
    #[error("a profile has at most {PROFILE_MAX} bytes, this has {got}")]
    Size {
        /// Bytes that came.
        got: usize,
    },
}

/// How often things happen. Unit: hertz.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// Command frames from the console.
    pub command_hz: f64,
    /// State frames from the robot.
    pub state_hz: f64,
    /// Pictures from the robot.
    pub picture_hz: f64,
}

/// How old things may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Freshness {
    /// Time without a valid command: slower beyond it.
    pub silence_soft: Duration,
    /// Time without a valid command, or without a new sample of the hand: hold beyond it.
    pub silence_hard: Duration,
    /// Age of the state that steers: slower beyond it.
    pub loop_age_soft: Duration,
    /// Age of the state that steers: hold beyond it.
    pub loop_age_hard: Duration,
    /// Age of the picture that steers: slower beyond it.
    pub view_age_soft: Duration,
    /// Age of the picture that steers: hold beyond it.
    pub view_age_hard: Duration,
    /// How far the tip or the base may move while the picture ages. Unit: metre.
    pub stale_displacement_max_m: f64,
    /// Share of commands lost within a second: slower beyond it. 0 to 1.
    pub loss_soft: f64,
    /// All green for this long ends DEGRADED.
    pub recover_after: Duration,
    /// Longest stay in DEGRADED.
    pub degraded_max: Duration,
    /// The source of the pictures that steer: only their age counts.
    pub steering: ViewSource,
    /// How old a command may be when it arrives; `None` where the loop age is the only bound of it.
    pub command_age: Option<CommandAge>,
}

/// How long a command may be on its way from the hand to the robot, for links that are short enough for a limit
/// of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandAge {
    /// 99 of 100 commands of each second are to be younger. Shown, and stops nothing.
    pub target: Duration,
    /// Slower beyond it.
    pub soft: Duration,
    /// Hold beyond it.
    pub hard: Duration,
}

/// What moves, and its limits.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a process has one profile")]
pub enum Body {
    /// One or two arms.
    Arms(ArmLimits),
    /// A mobile base.
    Base(BaseLimits),
}

/// The limits of arms. Each arm has the same.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmLimits {
    /// Arms that the work needs, 1 or 2.
    pub count: usize,
    /// How fast the tip may move.
    pub motion: Motion,
    /// Where the tip may be.
    pub workspace: Workspace,
    /// Where it must not be.
    pub zones: Vec<Zone>,
    /// How hard it may press.
    pub force: Forces,
    /// How near to the ends of its range an arm may come.
    pub reach: ReachLimits,
    /// How an instrument may move in the port it passes through; `None` for work without ports.
    pub port: Option<PortLimits>,
    /// How its jaw may move; `None` for a tool without one.
    pub jaw: Option<JawLimits>,
}

/// How fast the tip may move. Norms of vectors, not single axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    /// Out of contact. Unit: metre per second.
    pub speed_free_max_m_s: f64,
    /// In contact. Unit: metre per second.
    pub speed_contact_max_m_s: f64,
    /// Unit: metre per second squared.
    pub acceleration_max_m_s2: f64,
    /// Unit: metre per second cubed.
    pub jerk_max_m_s3: f64,
    /// Turning. Unit: radian per second.
    pub rotation_max_rad_s: f64,
    /// Unit: radian per second squared.
    pub rotation_acceleration_max_rad_s2: f64,
    /// Unit: radian per second cubed.
    pub rotation_jerk_max_rad_s3: f64,
    /// The largest change of the commanded displacement from one frame to the next. Unit: metre.
    pub step_max_m: f64,
}

/// Where the tip may be: a box in the frame of the robot's base. Unit: metre.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Lowest corner.
    pub min_m: [f64; 3],
    /// Highest corner.
    pub max_m: [f64; 3],
    /// How far outside the box, or inside a no-go zone, the measured tip may be before it is a breach.
    pub breach_margin_m: f64,
}

/// A zone that the tip must not enter, in the frame of the robot's base.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// What it protects.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// How far the tip keeps away from it. Unit: metre.
    pub margin_m: f64,
}

/// The shape of a zone. Unit: metre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Everything within `radius_m` of `centre_m`.
    Sphere {
        /// Its centre.
        centre_m: [f64; 3],
        /// Its radius.
        radius_m: f64,
    },
    /// An axis-aligned box.
    Box {
        /// Lowest corner.
        min_m: [f64; 3],
        /// Highest corner.
        max_m: [f64; 3],
    },
    /// Everything behind a plane.
    HalfSpace {
        /// A point of the plane.
        point_m: [f64; 3],
        /// Points to the side that is allowed. Unit length.
        normal: [f64; 3],
    },
}

/// Contact force along the tool axis. Unit: newton.
#[derive(Debug, Clone, PartialEq)]
pub struct Forces {
    /// No further inward beyond it.
    pub soft_n: f64,
    /// Protective stop beyond it.
    pub hard_n: f64,
    /// The most that a standing tool keeps pressing with; `None` if it holds its position.
    pub hold_max_n: Option<f64>,
    /// Fastest motion of the local force loop. Unit: metre per second.
    pub approach_speed_max_m_s: f64,
}

/// How near to the ends of its range an arm may come. Shares of the range, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct ReachLimits {
    /// Distance of the nearest joint from its end: slower below it.
    pub joint_soft: f64,
    /// Distance of the nearest joint from its end: protective stop below it.
    pub joint_hard: f64,
    /// Distance from a singular pose: slower below it.
    pub dexterity_soft: f64,
    /// Distance from a singular pose: protective stop below it.
    pub dexterity_hard: f64,
}

/// How an instrument may move in its port, the remote centre of motion.
#[derive(Debug, Clone, PartialEq)]
pub struct PortLimits {
    /// Largest angle between the port's axis and the way from the port to the tip. Unit: radian.
    pub cone_max_rad: f64,
    /// Least depth of the tip below the port. Unit: metre.
    pub depth_min_m: f64,
    /// Greatest depth of the tip below the port. Unit: metre.
    pub depth_max_m: f64,
    /// How far the shaft may pass beside the port before it is a breach. Unit: metre.
    pub breach_m: f64,
}

/// How a jaw may move.
#[derive(Debug, Clone, PartialEq)]
pub struct JawLimits {
    /// Widest opening. Unit: radian.
    pub open_max_rad: f64,
    /// Fastest motion. Unit: radian per second.
    pub rate_max_rad_s: f64,
}

/// The limits of a mobile base.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseLimits {
    /// Forward and backward. Unit: metre per second.
    pub speed_max_m_s: f64,
    /// Unit: metre per second squared.
    pub acceleration_max_m_s2: f64,
    /// Deceleration of a stop. Unit: metre per second squared.
    pub brake_m_s2: f64,
    /// Unit: metre per second cubed.
    pub jerk_max_m_s3: f64,
    /// Turning. Unit: radian per second.
    pub turn_max_rad_s: f64,
    /// Unit: radian per second squared.
    pub turn_acceleration_max_rad_s2: f64,
    /// Unit: radian per second cubed.
    pub turn_jerk_max_rad_s3: f64,
    /// Comes to rest this far from an obstacle. Unit: metre.
    pub obstacle_keep_m: f64,
    /// Protective stop when an obstacle is nearer than this. Unit: metre.
    pub obstacle_hard_m: f64,
    /// Protective stop when a bumper is pressed harder. Unit: newton.
    pub bumper_hard_n: f64,
}

/// What an engage needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Engage {
    /// Everything green for this long before the clutch closes.
    pub fresh_run: Duration,
    /// Largest angle between commanded and measured orientation. Unit: radian.
    pub align_max_rad: f64,
    /// Largest displacement in the first frame of an engage. Unit: metre.
    pub start_displacement_max_m: f64,
}

/// What the robot does by itself after a protective stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// How the tool is lifted; `None` if it stays where it is.
    pub lift: Option<Lift>,
    /// Power the drives off after this long in HOLD; `None` for never.
    pub park_after: Option<Duration>,
    /// Call the people beside the robot after this long in HOLD.
    pub alarm_after: Duration,
    /// Hold once what decides a motion has not been recorded for this long.
    pub unrecorded_max: Duration,
}

/// How a tool is lifted along its own axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Lift {
    /// After this long in HOLD.
    pub after: Duration,
    /// How far. Unit: metre.
    pub distance_m: f64,
    /// How fast. Unit: metre per second.
    pub speed_m_s: f64,
}

/// How the operator's hand is read. Used by the console only, yet part of the profile: both ends
/// agree on how a hand becomes a motion.
#[derive(Debug, Clone, PartialEq)]
pub struct Hand {
    /// Motion of the tip per motion of the hand, 0 to 1.
    pub scale: f64,
    /// Deflection of a stick that counts as none, 0 to 1.
    pub dead_zone: f64,
    /// Cut-off of the tremor filter. Unit: hertz.
    pub tremor_cutoff_hz: f64,
    /// Hand speed at full deflection of a stick, before scaling. Unit: metre per second.
    pub speed_full_m_s: f64,
    /// Turn rate at full deflection. Unit: radian per second.
    pub turn_full_rad_s: f64,
    /// How far down the camera looks that steers; `None` if the hand goes by the axes of the tool. Unit: radian.
    pub view_down_rad: Option<f64>,
}

impl Hand {
    /// How the picture that steers is turned in the frame of the robot's base: x to the right of it, y up in it, z out
    /// of it to the eye. `None` if the hand goes by the axes of the tool.
    ///
    /// The camera looks ahead, along the base's x, and down by [`Hand::view_down_rad`]; the base's y is to the left.
    pub fn view_axes(&self) -> Option<UnitQuaternion<f64>> {
        let (sin, cos) = self.view_down_rad?.sin_cos();
        let (right, up, out) =
            (-Vector3::y(), Vector3::new(sin, 0.0, cos), Vector3::new(-cos, 0.0, sin));
        Some(UnitQuaternion::from_basis_unchecked(&[right, up, out]))
    }
}

/// Every limit and rate of one kind of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its values: equal hashes mean equal limits.
    pub hash: [u8; 32],
    /// How often things happen.
    pub rates: Rates,
    /// How old things may be.
    pub freshness: Freshness,
    /// What moves, and its limits.
    pub body: Body,
    /// What an engage needs.
    pub engage: Engage,
    /// What the robot does by itself.
    pub reaction: Reaction,
    /// How the hand is read.
    pub hand: Hand,
}

impl Profile {
    /// The profile in `text` (TOML).
    ///
    /// # Errors
    /// [`ProfileError`], which names line, column, value and what is allowed.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        file::parse(text)
    }

    /// The limits of the arms, if it is arms that move.
    pub const fn arms(&self) -> Option<&ArmLimits> {
        match &self.body {
            Body::Arms(arms) => Some(arms),
            Body::Base(_) => None,
        }
    }

    /// The limits of the base, if it is a base that moves.
    pub const fn base(&self) -> Option<&BaseLimits> {
        match &self.body {
            Body::Arms(_) => None,
            Body::Base(base) => Some(base),
        }
    }

    /// The first eight digits of the hash, as shown on the page and in the log.
    pub fn short_hash(&self) -> String {
        let [a, b, c, d, ..] = self.hash;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

#[cfg(test)]
mod tests;
