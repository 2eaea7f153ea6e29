//! A profile: every limit and rate of one kind of work, read from one file that both ends must share.
//!
//! Robot and console compare the hash of what they read (of the values, not of the text) before
//! authority is granted. Limits are data, so that a clinical engineer can review them; their allowed
//! ranges are code, so that no file can widen them.

mod file;
mod quantity;

use core::time::Duration;

/// The version of the file's layout.
pub const SCHEMA: u32 = 1;

/// No profile file is larger. Unit: byte.
pub const PROFILE_MAX: usize = 64 * 1024;

/// The ultrasound profile that is shipped.
pub const ULTRASOUND: &str = include_str!("../../../profiles/ultrasound.toml");

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
    /// Time without a valid command: hold beyond it.
    pub silence_hard: Duration,
    /// Age of the state that steers: slower beyond it.
    pub loop_age_soft: Duration,
    /// Age of the state that steers: hold beyond it.
    pub loop_age_hard: Duration,
    /// Age of the picture that steers: slower beyond it.
    pub view_age_soft: Duration,
    /// Age of the picture that steers: hold beyond it.
    pub view_age_hard: Duration,
    /// How far the tip may move while the picture ages. Unit: metre.
    pub stale_displacement_max_m: f64,
    /// All green for this long ends DEGRADED.
    pub recover_after: Duration,
    /// Longest stay in DEGRADED.
    pub degraded_max: Duration,
}

/// How fast the tip may move.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion {
    /// Out of contact. Unit: metre per second.
    pub speed_free_max_m_s: f64,
    /// In contact. Unit: metre per second.
    pub speed_contact_max_m_s: f64,
    /// Turning. Unit: radian per second.
    pub rotation_max_rad_s: f64,
    /// Unit: metre per second squared.
    pub acceleration_max_m_s2: f64,
}

/// Where the tip may be: a box in the frame of the robot's base. Unit: metre.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Lowest corner.
    pub min_m: [f64; 3],
    /// Highest corner.
    pub max_m: [f64; 3],
    /// How far outside the box the measured tip may be before it is a breach.
    pub breach_margin_m: f64,
}

/// Contact force along the tool axis. Unit: newton.
#[derive(Debug, Clone, PartialEq)]
pub struct Forces {
    /// No further inward beyond it.
    pub soft_n: f64,
    /// Protective stop beyond it.
    pub hard_n: f64,
    /// The most that a standing probe keeps pressing with.
    pub hold_max_n: f64,
    /// Fastest motion of the local force loop. Unit: metre per second.
    pub approach_speed_max_m_s: f64,
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
    /// Lift the probe after this long in HOLD.
    pub retract_after: Duration,
    /// How far. Unit: metre.
    pub retract_distance_m: f64,
    /// How fast. Unit: metre per second.
    pub retract_speed_m_s: f64,
    /// Power the drives off after this long in HOLD.
    pub park_after: Duration,
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
    /// How fast the tip may move.
    pub motion: Motion,
    /// Where the tip may be.
    pub workspace: Workspace,
    /// How hard it may press.
    pub force: Forces,
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

    /// The first eight digits of the hash, as shown on the page and in the log.
    pub fn short_hash(&self) -> String {
        let [a, b, c, d, ..] = self.hash;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(from: &str, to: &str) -> Result<Profile, ProfileError> {
        assert!(ULTRASOUND.contains(from), "{from} is not in the profile");
        Profile::parse(&ULTRASOUND.replacen(from, to, 1))
    }

    #[test]
    fn the_shipped_profile_has_the_limits_of_the_reference() {
        let p = Profile::parse(ULTRASOUND).unwrap();
        assert_eq!(p.freshness.view_age_soft, Duration::from_millis(140));
        assert_eq!(p.freshness.view_age_hard, Duration::from_millis(200));
        assert_eq!(p.freshness.silence_soft, Duration::from_millis(40));
        assert_eq!(p.freshness.silence_hard, Duration::from_millis(150));
        assert!((p.force.soft_n - 12.0).abs() < 1e-12 && (p.force.hard_n - 20.0).abs() < 1e-12);
        assert!((p.motion.speed_contact_max_m_s - 0.040).abs() < 1e-12);
        assert_eq!(p.short_hash().len(), 8);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let e = with("view_age_soft", "vew_age_soft").unwrap_err().to_string();
        assert!(e.contains("line ") && e.contains("column ") && e.contains("vew_age_soft"), "{e}");
        assert!(e.contains("expected one of") && e.contains("view_age_soft"), "{e}");
    }

    #[test]
    fn a_wrong_unit_is_named_with_its_place_and_what_is_allowed() {
        let e = with("hard = \"20 N\"", "hard = \"20 kg\"").unwrap_err().to_string();
        assert!(e.contains("line ") && e.contains("column "), "{e}");
        assert!(e.contains("`kg`") && e.contains("a force in one of: N"), "{e}");
    }

    #[test]
    fn a_value_without_a_unit_is_refused() {
        let e = with("hard = \"20 N\"", "hard = 20").unwrap_err().to_string();
        assert!(e.contains("a force is written with its unit"), "{e}");
    }

    #[test]
    fn a_limit_outside_its_range_is_refused_with_line_column_value_and_range() {
        let line = 1 + ULTRASOUND.lines().position(|l| l.starts_with("hard = \"20 N\"")).unwrap();
        let e = with("hard = \"20 N\"", "hard = \"31 N\"").unwrap_err();
        assert_eq!(
            e.to_string(),
            format!("line {line}, column 8: force.hard is 31 N; allowed is 2 N to 30 N")
        );
    }

    #[test]
    fn a_soft_limit_above_its_hard_limit_is_refused() {
        let e = with("soft = \"12 N\"", "soft = \"20 N\"").unwrap_err().to_string();
        assert!(e.contains("force.soft is 20 N; it must be below force.hard (20 N)"), "{e}");
        assert!(with("view_age_soft = \"140 ms\"", "view_age_soft = \"200 ms\"").is_err());
        assert!(with("loop_age_soft = \"140 ms\"", "loop_age_soft = \"250 ms\"").is_err());
        assert!(with("silence_soft = \"40 ms\"", "silence_soft = \"150 ms\"").is_err());
    }

    #[test]
    fn the_hash_covers_values_and_not_comments() {
        let base = Profile::parse(ULTRASOUND).unwrap().hash;
        let comment = Profile::parse(&format!("# another comment\n{ULTRASOUND}")).unwrap().hash;
        assert_eq!(base, comment);
        assert_eq!(base, with("hard = \"20 N\"", "hard = \"20.0 N\"").unwrap().hash);
        assert_ne!(base, with("hard = \"20 N\"", "hard = \"19 N\"").unwrap().hash);
        assert_ne!(base, with("name = \"ultrasound\"", "name = \"other\"").unwrap().hash);
    }

    #[test]
    fn another_schema_and_an_oversized_file_are_refused() {
        let e = with("schema = 1", "schema = 2").unwrap_err().to_string();
        assert!(e.contains("schema is 2; this version reads schema 1"), "{e}");
        let huge = "#".repeat(PROFILE_MAX + 1);
        assert_eq!(Profile::parse(&huge), Err(ProfileError::Size { got: PROFILE_MAX + 1 }));
    }
}
