//! Why the robot stopped or refuses: one code, one sentence, one fix, used by every surface.
//!
//! The code is what a person reads out on the telephone; the sentence says what happened; the fix
//! says what to do. They are promises: `docs/src/reference/codes.md` lists them and a test keeps
//! that page equal to this table.

use core::fmt;

/// What stopped the robot or keeps it from following. The number is the code on the wire and the
/// bit in a [`CauseSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cause {
    /// No operator holds authority over this robot.
    Authority = 0,
    /// The deadman is not held.
    Deadman = 1,
    /// The clutch was never seen open under this epoch.
    Clutch = 2,
    /// No valid command arrives.
    CmdSilence = 3,
    /// The state that the console last received is too old.
    LoopAge = 4,
    /// The picture that steers is too old.
    ViewAge = 5,
    /// The tip moves faster than allowed.
    Speed = 6,
    /// The tip left the workspace.
    Workspace = 7,
    /// The contact force is above its limit.
    ContactForce = 8,
    /// The robot reported a fault.
    RobotFault = 9,
    /// Somebody pressed STOP on the console.
    RemoteStop = 10,
    /// The local emergency stop is pressed.
    LocalEstop = 11,
    /// Authenticated command frames are malformed.
    BadFrames = 12,
    /// A soft limit was exceeded for too long.
    DegradedTooLong = 13,
    /// The self-test has not passed.
    SelfTest = 14,
    /// The drives are off.
    PowerOff = 15,
    /// The good frames since the last gap are too few to follow.
    FreshRun = 16,
    /// The hand was not at its starting point when the clutch closed, or the arm did not rest.
    EngageJump = 17,
    /// A stop waits for acknowledgement and a local reset.
    NotReset = 18,
    /// The servo loop missed its deadlines.
    ServoOverrun = 19,
    /// The arm is not where it was ordered to be.
    Tracking = 20,
    /// Too many commands are lost on the way.
    Loss = 21,
    /// Commands arrive, but the hand they speak of was not sampled anew.
    InputStall = 22,
    /// The console shows another state than the robot told it.
    StateMismatch = 23,
    /// A joint is at the end of its range.
    JointLimit = 24,
    /// The arm is nearly singular: small motions of the tip need large ones of its joints.
    Singularity = 25,
    /// The shaft does not pass through its port.
    Port = 26,
    /// The tip is inside a no-go zone.
    NoGo = 27,
    /// Something stands in the way of the base.
    Obstacle = 28,
    /// A sensor repeats itself.
    SensorFrozen = 29,
    /// The robot's computer stood still, or its clock ran backwards.
    ClockLost = 30,
    /// The robot captures no pictures.
    MediaStall = 31,
    /// What decides a motion is not recorded.
    RecorderStall = 32,
    /// The servo loop stood still.
    ServoStall = 33,
    /// A guard at the robot is open: a light curtain, an enabling switch.
    Guard = 34,
    /// The command that steers was too old when it arrived.
    CmdAge = 35,
}

/// Who can mend a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The person at the console.
    Operator,
    /// The people beside the robot.
    Bedside,
    /// Whoever runs the network.
    Network,
}

impl Owner {
    /// The word on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Bedside => "bedside",
            Self::Network => "network",
        }
    }
}

impl Cause {
    /// Every cause, in the order of their codes.
    pub const ALL: [Self; 36] = [
        Self::Authority,
        Self::Deadman,
        Self::Clutch,
        Self::CmdSilence,
        Self::LoopAge,
        Self::ViewAge,
        Self::Speed,
        Self::Workspace,
        Self::ContactForce,
        Self::RobotFault,
        Self::RemoteStop,
        Self::LocalEstop,
        Self::BadFrames,
        Self::DegradedTooLong,
        Self::SelfTest,
        Self::PowerOff,
        Self::FreshRun,
        Self::EngageJump,
        Self::NotReset,
        Self::ServoOverrun,
        Self::Tracking,
        Self::Loss,
        Self::InputStall,
        Self::StateMismatch,
        Self::JointLimit,
        Self::Singularity,
        Self::Port,
        Self::NoGo,
        Self::Obstacle,
        Self::SensorFrozen,
        Self::ClockLost,
        Self::MediaStall,
        Self::RecorderStall,
        Self::ServoStall,
        Self::Guard,
        Self::CmdAge,
    ];

    /// The cause with this code; `None` for a code nobody has defined.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.code() == code)
    }

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The identifier that every surface shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Authority => "AUTHORITY",
            Self::Deadman => "DEADMAN",
            Self::Clutch => "CLUTCH",
            Self::CmdSilence => "CMD-SILENCE",
            Self::LoopAge => "LOOP-AGE",
            Self::ViewAge => "VIEW-AGE",
            Self::Speed => "SPEED",
            Self::Workspace => "WORKSPACE",
            Self::ContactForce => "CONTACT-FORCE",
            Self::RobotFault => "ROBOT-FAULT",
            Self::RemoteStop => "REMOTE-STOP",
            Self::LocalEstop => "LOCAL-ESTOP",
            Self::BadFrames => "BAD-FRAMES",
            Self::DegradedTooLong => "DEGRADED-TOO-LONG",
            Self::SelfTest => "SELF-TEST",
            Self::PowerOff => "POWER-OFF",
            Self::FreshRun => "FRESH-RUN",
            Self::EngageJump => "ENGAGE-JUMP",
            Self::NotReset => "NOT-RESET",
            Self::ServoOverrun => "SERVO-OVERRUN",
            Self::Tracking => "TRACKING",
            Self::Loss => "LOSS",
            Self::InputStall => "INPUT-STALL",
            Self::StateMismatch => "STATE-MISMATCH",
            Self::JointLimit => "JOINT-LIMIT",
            Self::Singularity => "SINGULARITY",
            Self::Port => "PORT",
            Self::NoGo => "NO-GO",
            Self::Obstacle => "OBSTACLE",
            Self::SensorFrozen => "SENSOR-FROZEN",
            Self::ClockLost => "CLOCK-LOST",
            Self::MediaStall => "MEDIA-STALL",
            Self::RecorderStall => "RECORDER-STALL",
            Self::ServoStall => "SERVO-STALL",
            Self::Guard => "GUARD",
            Self::CmdAge => "CMD-AGE",
        }
    }

    /// What happened, in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Authority => "No operator holds authority over this robot.",
            Self::Deadman => "The deadman is not held.",
            Self::Clutch => "The clutch has not been seen open since the last stop.",
            Self::CmdSilence => "No valid command arrives from the console.",
            Self::LoopAge => "The robot state that the console last received is too old.",
            Self::ViewAge => "The picture that steers is too old.",
            Self::Speed => "The tip moves faster than its limit.",
            Self::Workspace => "The tip has left the workspace.",
            Self::ContactForce => "The contact force is above its limit.",
            Self::RobotFault => "The robot reports a fault.",
            Self::RemoteStop => "STOP was pressed on the console.",
            Self::LocalEstop => "The emergency stop at the robot is pressed.",
            Self::BadFrames => "The console sends commands that can not be valid.",
            Self::DegradedTooLong => "A soft limit was exceeded for too long.",
            Self::SelfTest => "The robot has not passed its self-test.",
            Self::PowerOff => "The drives are off.",
            Self::FreshRun => "Too few fresh commands have arrived in a row.",
            Self::EngageJump => "The hand or the arm moves, or did when the clutch closed.",
            Self::NotReset => "A stop has not been acknowledged and reset.",
            Self::ServoOverrun => "The robot's control loop missed its deadlines.",
            Self::Tracking => "The arm is not where it was ordered to be.",
            Self::Loss => "Too many commands are lost on the way.",
            Self::InputStall => "The console repeats an old sample of the hand.",
            Self::StateMismatch => "The console shows another state than the robot is in.",
            Self::JointLimit => "A joint of the arm is at the end of its range.",
            Self::Singularity => "The arm is stretched or folded so that it can not be steered.",
            Self::Port => "The shaft of the instrument has left its port.",
            Self::NoGo => "The tip is inside a no-go zone.",
            Self::Obstacle => "Something is too near to the base.",
            Self::SensorFrozen => "A sensor of the robot no longer changes.",
            Self::ClockLost => "The robot's clock can not be trusted.",
            Self::MediaStall => "The robot captures no pictures.",
            Self::RecorderStall => "The robot's recorder does not keep up.",
            Self::ServoStall => "The robot's control loop stood still.",
            Self::Guard => "A guard at the robot is open.",
            Self::CmdAge => "Commands arrive too long after the hand was sampled.",
        }
    }

    /// What to do about it.
    #[expect(clippy::too_many_lines, reason = "a table: one row per cause")]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Authority => {
                "Connect a console with an operator certificate; only one may hold authority."
            }
            Self::Deadman => {
                "Release the deadman and the clutch, then hold the deadman and engage again."
            }
            Self::Clutch => "Hold the deadman, open the clutch, then close it.",
            Self::CmdSilence => "Check the link and the console process, then engage again.",
            Self::LoopAge => "Check the link from the robot to the console, then engage again.",
            Self::ViewAge => {
                "Check that the console page is visible and the picture moves, then engage again."
            }
            Self::Speed => {
                "Acknowledge, have the arm checked at the bedside, reset there, then engage again."
            }
            Self::Workspace => {
                "Acknowledge, have the arm brought back and reset at the bedside, then engage again."
            }
            Self::ContactForce => {
                "Acknowledge, have the patient and the probe checked, reset at the bedside."
            }
            Self::RobotFault => {
                "Have the robot checked at the bedside; a reset there runs the self-test again."
            }
            Self::RemoteStop => "Acknowledge on the console, then reset at the bedside.",
            Self::LocalEstop => {
                "Release the emergency stop at the bedside, then reset there and power on."
            }
            Self::BadFrames => {
                "Check the versions and the input device of the console, then engage again."
            }
            Self::DegradedTooLong => {
                "Find out which soft limit was exceeded (see the log), then engage again."
            }
            Self::SelfTest => {
                "Read the self-test's line in the robot's log; reset at the bedside to repeat it."
            }
            Self::PowerOff => "Power the drives on at the bedside; this can not be done from afar.",
            Self::FreshRun => "Wait until the link is steady, then close the clutch.",
            Self::EngageJump => {
                "Open the clutch, hold the hand still until the arm rests, then close it."
            }
            Self::NotReset => {
                "Acknowledge the stop on the console, then have it reset at the bedside."
            }
            Self::ServoOverrun => "Free the robot's computer of other work, then engage again.",
            Self::Tracking => {
                "Acknowledge, have what blocks the arm taken away, reset at the bedside."
            }
            Self::Loss => "Check the link; motion is slow until the loss falls below its limit.",
            Self::InputStall => "Check the input device and its connection, then engage again.",
            Self::StateMismatch => {
                "Reload the console page; if it stays, restart the console, then engage again."
            }
            Self::JointLimit => {
                "Acknowledge, have the arm moved away from the end of its range, reset at the bedside."
            }
            Self::Singularity => {
                "Acknowledge, have the arm moved out of the singular pose, reset at the bedside."
            }
            Self::Port => {
                "Acknowledge, have the port and the instrument checked, reset at the bedside."
            }
            Self::NoGo => {
                "Acknowledge, have the arm brought out and reset at the bedside, then engage again."
            }
            Self::Obstacle => {
                "Acknowledge, have the way cleared, reset at the bedside, then engage again."
            }
            Self::SensorFrozen => {
                "Have the robot's sensors checked at the bedside; a reset there runs the self-test again."
            }
            Self::ClockLost => {
                "Wait a second, then engage again; keep the robot's computer from sleeping."
            }
            Self::MediaStall => {
                "Have the camera or scanner and its cable checked at the bedside, then engage again."
            }
            Self::RecorderStall => {
                "Have the disk and the load of the robot's computer checked, then engage again."
            }
            Self::ServoStall => "Free the robot's computer of other work, then engage again.",
            Self::Guard => {
                "Close the guard at the robot, acknowledge, reset at the bedside, then engage again."
            }
            Self::CmdAge => {
                "Check the link from the console to the robot, or use a profile for longer links; engage again."
            }
        }
    }

    /// Who can mend it.
    pub const fn owner(self) -> Owner {
        match self {
            Self::Authority
            | Self::Deadman
            | Self::Clutch
            | Self::ViewAge
            | Self::RemoteStop
            | Self::BadFrames
            | Self::EngageJump
            | Self::InputStall
            | Self::StateMismatch => Owner::Operator,
            Self::CmdSilence
            | Self::CmdAge
            | Self::LoopAge
            | Self::DegradedTooLong
            | Self::FreshRun
            | Self::Loss => Owner::Network,
            Self::Speed
            | Self::Workspace
            | Self::ContactForce
            | Self::RobotFault
            | Self::LocalEstop
            | Self::SelfTest
            | Self::PowerOff
            | Self::NotReset
            | Self::ServoOverrun
            | Self::Tracking
            | Self::JointLimit
            | Self::Singularity
            | Self::Port
            | Self::NoGo
            | Self::Obstacle
            | Self::SensorFrozen
            | Self::ClockLost
            | Self::MediaStall
            | Self::RecorderStall
            | Self::ServoStall
            | Self::Guard => Owner::Bedside,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A set of causes, one bit each: bit `n` is the cause with code `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct CauseSet(u64);

impl CauseSet {
    /// No cause.
    pub const EMPTY: Self = Self(0);

    /// The set with exactly these bits; bits that nobody has defined are dropped, so that an older
    /// console can show what it knows of a newer robot.
    pub fn from_bits(bits: u64) -> Self {
        let said = Self(bits);
        Cause::ALL.into_iter().filter(|c| said.contains(*c)).fold(Self::EMPTY, Self::with)
    }

    /// The bits, as on the wire.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// This set and `cause`.
    #[must_use]
    pub const fn with(self, cause: Cause) -> Self {
        Self(self.0 | (1 << cause.code()))
    }

    /// This set without `cause`.
    #[must_use]
    pub const fn without(self, cause: Cause) -> Self {
        Self(self.0 & !(1 << cause.code()))
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if `cause` is in it.
    pub const fn contains(self, cause: Cause) -> bool {
        self.0 & (1 << cause.code()) != 0
    }

    /// True if nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::ALL.into_iter().filter(move |c| self.contains(*c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_ids_and_texts_are_distinct_and_complete() {
        let ids: BTreeSet<_> = Cause::ALL.iter().map(|c| c.id()).collect();
        assert_eq!(ids.len(), Cause::ALL.len());
        for (n, c) in Cause::ALL.iter().enumerate() {
            assert_eq!(usize::from(c.code()), n);
            assert_eq!(Cause::from_code(c.code()), Some(*c));
            assert!(c.sentence().ends_with('.') && c.fix().ends_with('.'), "{c}");
            assert_eq!(c.to_string(), c.id());
        }
        let owners: BTreeSet<_> = Cause::ALL.iter().map(|c| c.owner().word()).collect();
        assert_eq!(owners.into_iter().collect::<Vec<_>>(), ["bedside", "network", "operator"]);
        assert_eq!(Cause::ViewAge.owner().word(), "operator");
        assert_eq!(Cause::Loss.owner().word(), "network");
        assert_eq!(Cause::Guard.owner().word(), "bedside");
        assert_eq!(Cause::from_code(Cause::ALL.len() as u8), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set = CauseSet::EMPTY.with(Cause::ViewAge).with(Cause::Authority);
        assert!(set.contains(Cause::ViewAge) && set.contains(Cause::Authority));
        assert!(!set.contains(Cause::Deadman));
        assert_eq!(set.iter().collect::<Vec<_>>(), [Cause::Authority, Cause::ViewAge]);
        assert!(!set.is_empty() && CauseSet::EMPTY.is_empty());
        assert_eq!(set.without(Cause::ViewAge), CauseSet::EMPTY.with(Cause::Authority));
        assert_eq!(set.without(Cause::Speed), set);
        assert_eq!(set.with(Cause::ViewAge), set, "twice is once");
        let other = CauseSet::EMPTY.with(Cause::Speed).with(Cause::Authority);
        assert_eq!(set.union(other), set.with(Cause::Speed));
    }

    #[test]
    fn unknown_bits_are_dropped() {
        assert_eq!(CauseSet::from_bits(1 << 63), CauseSet::EMPTY);
        assert_eq!(CauseSet::from_bits((1 << 63) | 1).bits(), 1);
        let all = CauseSet::from_bits(u64::MAX);
        assert_eq!(all.bits(), (1 << Cause::ALL.len()) - 1);
        assert_eq!(all.iter().collect::<Vec<_>>(), Cause::ALL);
    }
}
