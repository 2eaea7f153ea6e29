//! The kinds of faults that a trial can have: what each is, how strong it may be, and which stops it calls for.

use core::fmt;
use core::str::FromStr;

use protocol::cause::Cause;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Commands are lost on the way, each for itself.
    Loss,
    /// Nothing comes through, either way.
    Blackout,
    /// The picture on the screen no longer changes.
    FrozenPicture,
    /// The words on the page no longer change.
    FrozenPage,
    /// The console's process stands still, then goes on with what has waited.
    HungConsole,
    /// The device repeats what it said last.
    HungHand,
    /// The hand leaps.
    HandLeap,
    /// The operator's process dies, and is started anew.
    OperatorDeath,
    /// The operator gives authority back, and asks for it again.
    OperatorLeaves,
    /// The operator presses STOP.
    RemoteStop,
    /// A second console asks for authority and sends commands.
    SecondOperator,
    /// Somebody sends commands of the holder once more.
    Replay,
    /// The holder's console sends what is no command.
    Malformed,
    /// The camera that steers delivers nothing.
    DeadCamera,
    /// Another camera is on, under the same numbers.
    RoomCamera,
    /// The disk of the recorder does not answer.
    StalledDisk,
    /// The servo thread stands still.
    ServoStall,
    /// The servo misses ticks.
    ServoOverrun,
    /// The robot's computer sleeps, its clock with it.
    Suspend,
    /// The robot's clock is set back.
    ClockBack,
    /// The robot's clock is slow.
    RobotDrift,
    /// The operator's clock jumps ahead.
    OperatorClock,
    /// The operator's clock is fast.
    OperatorDrift,
    /// The agent's process dies, and is started anew.
    AgentRestart,
    /// The sensors repeat themselves under new stamps.
    SensorFrozen,
    /// The sensors' samples cease to come.
    SensorLost,
    /// A number that is read is none.
    SensorNan,
    /// Readings are stamped ahead of the robot's clock.
    SensorAhead,
    /// The drives are cut by hardware.
    DrivesCut,
    /// The robot answers nothing.
    RobotSilent,
    /// Somebody opens the guard.
    GuardOpen,
    /// Somebody presses the emergency stop.
    Estop,
    /// Somebody switches power off.
    PowerOff,
}

/// What belongs to a kind.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The kind.
    pub kind: Kind,
    /// Its name in scripts and tables.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Shortest and longest that a random script has. Unit: ms.
    pub lasts_ms: (u32, u32),
    /// Least and most that a random script has, if it has an amount.
    pub amount: Option<Amount>,
    /// The stops that it calls for. A stop of another cause is a nuisance.
    pub calls_for: &'static [Cause],
}

/// How strong a fault may be.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
    /// Its unit, as in scripts.
    pub unit: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "a column of the table, which may be empty")]
const fn amount(min: f64, max: f64, unit: &'static str) -> Option<Amount> {
    Some(Amount { min, max, unit })
}

/// What a console that is not heard leads to, and one that does not hear.
const NOT_HEARD: &[Cause] = &[
    Cause::CmdSilence,
    Cause::LoopAge,
    Cause::ViewAge,
    Cause::InputStall,
    Cause::Loss,
    Cause::DegradedTooLong,
    Cause::Authority,
    Cause::StateMismatch,
    Cause::MediaStall,
    Cause::CmdAge,
    Cause::Deadman,
];

/// What sensors, drives and a computer that fail lead to.
const BROKEN: &[Cause] = &[
    Cause::RobotFault,
    Cause::SensorFrozen,
    Cause::Tracking,
    Cause::PowerOff,
    Cause::SelfTest,
    Cause::Speed,
];

/// What a servo that does not run leads to.
const NOT_RUN: &[Cause] = &[
    Cause::ServoStall,
    Cause::ClockLost,
    Cause::RobotFault,
    Cause::CmdSilence,
    Cause::LoopAge,
    Cause::ViewAge,
    Cause::InputStall,
    Cause::Loss,
    Cause::MediaStall,
    Cause::SensorFrozen,
    Cause::DegradedTooLong,
    Cause::CmdAge,
    Cause::StateMismatch,
    Cause::Deadman,
];

macro_rules! table {
    ($($kind:ident $name:literal $what:literal $lasts:expr, $amount:expr, $calls:expr;)+) => {
        /// All kinds.
        pub const KINDS: &[About] = &[$(About {
            kind: Kind::$kind,
            name: $name,
            what: $what,
            lasts_ms: $lasts,
            amount: $amount,
            calls_for: $calls,
        }),+];
    };
}

table! {
    Loss "loss" "commands are lost, each for itself" (200, 3_000), amount(1.0, 60.0, "%"), NOT_HEARD;
    Blackout "blackout" "nothing comes through, either way" (5, 2_500), None, NOT_HEARD;
    FrozenPicture "frozen-picture" "the picture on the screen no longer changes" (50, 3_000), None,
        &[Cause::ViewAge, Cause::DegradedTooLong];
    FrozenPage "frozen-page" "the words on the page no longer change" (50, 3_000), None,
        &[Cause::StateMismatch, Cause::Deadman];
    HungConsole "hung-console" "the console stands still, then goes on with what has waited"
        (5, 2_000), None, NOT_HEARD;
    HungHand "hung-hand" "the device repeats what it said last" (20, 2_000), None,
        &[Cause::InputStall, Cause::DegradedTooLong, Cause::Deadman];
    HandLeap "hand-leap" "the hand leaps" (1, 500), amount(1.0, 200.0, "mm"),
        &[Cause::BadFrames, Cause::EngageJump];
    OperatorDeath "operator-death" "the console dies and is started anew" (100, 3_000), None, NOT_HEARD;
    OperatorLeaves "operator-leaves" "the operator gives authority back" (100, 2_000), None,
        &[Cause::Authority];
    RemoteStop "remote-stop" "the operator presses STOP" (1, 1), None, &[Cause::RemoteStop];
    SecondOperator "second-operator" "a second console asks for authority and sends commands"
        (50, 3_000), None, &[];
    Replay "replay" "commands of the holder come once more" (50, 3_000), amount(2.0, 1_500.0, "ms"), &[];
    Malformed "malformed" "the holder's console sends what is no command" (1, 200), None,
        &[Cause::BadFrames];
    DeadCamera "dead-camera" "the camera that steers delivers nothing" (50, 2_000), None,
        &[Cause::ViewAge, Cause::MediaStall, Cause::DegradedTooLong];
    RoomCamera "room-camera" "another camera is on, under the same numbers" (50, 3_000), None, &[];
    StalledDisk "stalled-disk" "the recorder's disk does not answer" (200, 5_000), None,
        &[Cause::RecorderStall];
    ServoStall "servo-stall" "the servo thread stands still" (2, 300), None, NOT_RUN;
    ServoOverrun "servo-overrun" "the servo misses ticks" (10, 2_000), amount(20.0, 400.0, "1/s"),
        &[Cause::ServoOverrun];
    Suspend "suspend" "the robot's computer sleeps, its clock with it" (2, 1_500), None, NOT_RUN;
    ClockBack "clock-back" "the robot's clock is set back" (1, 1), amount(1.0, 2_000.0, "ms"), NOT_RUN;
    RobotDrift "robot-drift" "the robot's clock is slow" (500, 6_000), amount(1.0, 500.0, "ppm"), &[];
    OperatorClock "operator-clock" "the operator's clock jumps ahead" (1, 1),
        amount(1.0, 3_600_000.0, "ms"), &[];
    OperatorDrift "operator-drift" "the operator's clock is fast" (500, 6_000),
        amount(1.0, 500.0, "ppm"), &[];
    AgentRestart "agent-restart" "the agent dies and is started anew" (5, 1_500), None, NOT_RUN;
    SensorFrozen "sensor-frozen" "the sensors repeat themselves under new stamps" (50, 1_500), None, BROKEN;
    SensorLost "sensor-lost" "the sensors' samples cease to come" (5, 1_000), None, BROKEN;
    SensorNan "sensor-nan" "a number that is read is none" (1, 500), None, BROKEN;
    SensorAhead "sensor-ahead" "readings are stamped ahead of the clock" (1, 500), None, BROKEN;
    DrivesCut "drives-cut" "the drives are cut by hardware" (1, 500), None, BROKEN;
    RobotSilent "robot-silent" "the robot answers nothing" (1, 500), None, BROKEN;
    GuardOpen "guard-open" "somebody opens the guard" (1, 1_000), None, &[Cause::Guard];
    Estop "estop" "somebody presses the emergency stop" (1, 1_000), None, &[Cause::LocalEstop];
    PowerOff "power-off" "somebody switches power off" (1, 1), None, &[Cause::PowerOff];
}

impl Kind {
    /// What belongs to it.
    pub fn about(self) -> &'static About {
        // Every kind has its row: a test looks.
        KINDS.iter().find(|about| about.kind == self).unwrap_or(&UNKNOWN)
    }
}

const UNKNOWN: About = About {
    kind: Kind::Loss,
    name: "unknown",
    what: "",
    lasts_ms: (1, 1),
    amount: None,
    calls_for: &[],
};

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.about().name)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        KINDS.iter().find(|about| about.name == name).map(|about| about.kind).ok_or_else(|| {
            let names: Vec<_> = KINDS.iter().map(|about| about.name).collect();
            format!("no fault is called \"{name}\"; expected one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row_and_a_name_of_its_own() {
        for about in KINDS {
            assert_eq!(about.name.parse::<Kind>(), Ok(about.kind));
            assert_eq!(about.kind.about().name, about.name);
            assert!(about.lasts_ms.0 >= 1 && about.lasts_ms.0 <= about.lasts_ms.1);
        }
        // The last of the enumeration is as far as the table is long.
        assert_eq!(Kind::PowerOff as usize + 1, KINDS.len());
        let error = "fire".parse::<Kind>().unwrap_err();
        assert!(error.contains("\"fire\"") && error.contains("blackout"), "{error}");
    }
}
