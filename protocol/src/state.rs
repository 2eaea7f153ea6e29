//! The words for what the robot is doing, and their projection on CRTK.
//!
//! The machine itself lives in the robot's core; the words are shared, so that robot, console, log
//! and documents say the same thing.

use core::fmt;

/// What the robot is doing, as told on the wire. Source: the states in SAFETY.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OperatingState {
    /// Self-test; drives off, brakes on.
    Init = 0,
    /// Healthy; drives off; nobody may move it.
    Standby = 1,
    /// Drives on at standstill; a session may exist; the clutch is open.
    Ready = 2,
    /// Follows the hand.
    Engaged = 3,
    /// Follows the hand, slower: a soft limit is exceeded. The only state that heals by itself.
    Degraded = 4,
    /// Protective standstill, drives on; only a new engage under a new epoch ends it.
    Hold = 5,
    /// Stopped after a limit or force violation, or by request; needs acknowledgement, then a local reset.
    Pstop = 6,
    /// Stopped by the local emergency stop; drives off.
    Estop = 7,
    /// Internal or drive fault; drives off; back through INIT.
    Fault = 8,
}

/// A robot's state in CRTK's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crtk {
    /// Drives off.
    Disabled,
    /// Powered and accepting motion.
    Enabled,
    /// Powered, motion refused until the operator resumes deliberately.
    Paused,
    /// Hardware or internal fault.
    Fault,
}

impl OperatingState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 9] = [
        Self::Init,
        Self::Standby,
        Self::Ready,
        Self::Engaged,
        Self::Degraded,
        Self::Hold,
        Self::Pstop,
        Self::Estop,
        Self::Fault,
    ];

    /// The state with this code on the wire; `None` for a code nobody has defined.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The word used everywhere: page, log, recording, documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Standby => "STANDBY",
            Self::Ready => "READY",
            Self::Engaged => "ENGAGED",
            Self::Degraded => "DEGRADED",
            Self::Hold => "HOLD",
            Self::Pstop => "PSTOP",
            Self::Estop => "ESTOP",
            Self::Fault => "FAULT",
        }
    }

    /// True where the robot follows the hand.
    pub const fn follows(self) -> bool {
        matches!(self, Self::Engaged | Self::Degraded)
    }

    /// True where the drives carry the arm.
    pub const fn powered(self) -> bool {
        matches!(self, Self::Ready | Self::Engaged | Self::Degraded | Self::Hold | Self::Pstop)
    }

    /// What integrators see. Source: CRTK robot API, operating states.
    pub const fn crtk(self) -> Crtk {
        match self {
            Self::Init | Self::Standby | Self::Estop => Crtk::Disabled,
            Self::Ready | Self::Engaged | Self::Degraded => Crtk::Enabled,
            Self::Hold | Self::Pstop => Crtk::Paused,
            Self::Fault => Crtk::Fault,
        }
    }
}

impl Crtk {
    /// CRTK's own word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Enabled => "ENABLED",
            Self::Paused => "PAUSED",
            Self::Fault => "FAULT",
        }
    }
}

impl fmt::Display for OperatingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_state_and_no_other_code_is_one() {
        for code in 0..=u8::MAX {
            match OperatingState::from_code(code) {
                Some(state) => assert_eq!(state.code(), code),
                None => assert!(code > 8),
            }
        }
    }

    #[test]
    fn the_projection_is_the_table_of_the_reference() {
        let words: Vec<_> =
            OperatingState::ALL.iter().map(|s| (s.to_string(), s.crtk().word())).collect();
        let words: Vec<_> = words.iter().map(|(word, crtk)| (word.as_str(), *crtk)).collect();
        assert_eq!(
            words,
            [
                ("INIT", "DISABLED"),
                ("STANDBY", "DISABLED"),
                ("READY", "ENABLED"),
                ("ENGAGED", "ENABLED"),
                ("DEGRADED", "ENABLED"),
                ("HOLD", "PAUSED"),
                ("PSTOP", "PAUSED"),
                ("ESTOP", "DISABLED"),
                ("FAULT", "FAULT"),
            ]
        );
    }

    #[test]
    fn nothing_follows_without_power() {
        for s in OperatingState::ALL {
            assert!(!s.follows() || s.powered(), "{s}");
        }
        let powered: Vec<_> = OperatingState::ALL
            .into_iter()
            .filter(|s| s.powered())
            .map(OperatingState::code)
            .collect();
        assert_eq!(powered, [2, 3, 4, 5, 6]);
        let follows = OperatingState::ALL.into_iter().filter(|s| s.follows());
        assert_eq!(follows.map(OperatingState::code).collect::<Vec<_>>(), [3, 4]);
    }
}
