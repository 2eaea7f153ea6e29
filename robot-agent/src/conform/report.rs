//! What came out: one finding per check, and a table for people.

use core::fmt;
use core::time::Duration;

use super::Announcement;
use crate::robot::RobotFault;

/// One promise of the trait that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The description is stable and can be true.
    Describe,
    /// `read` and `command` return at once.
    Latency,
    /// Readings advance, and are neither old nor from the future.
    Fresh,
    /// Every number of a reading is one that a robot can have.
    Sane,
    /// A base measures its distance to obstacles.
    Ranges,
    /// The limits read back are not wider than those asked for.
    Limits,
    /// `Stand` and `Servo` or `Drive` switch the drives on.
    Powered,
    /// `Off` switches them off.
    Off,
    /// The same order again moves nothing.
    Stands,
    /// The first order at the measured pose moves nothing.
    Engage,
    /// Nor does it after the drives were off, elsewhere than where the robot was engaged before.
    Reengage,
    /// A slow motion is followed.
    Follows,
    /// A slow turn is followed.
    Turns,
    /// The velocity read is that of the motion.
    Velocity,
    /// A base stops in a short way.
    StopWay,
    /// An order that is not finite is refused.
    NotFinite,
    /// An order beyond the robot's own limits is refused, or followed no faster than they allow.
    TooFast,
    /// Without orders the robot stops by itself and says so.
    Silence,
    /// A reset ends the fault and moves nothing.
    Recover,
    /// `stop` takes the drives off, once and again.
    Stop,
    /// A new agent finds a robot that stands, its drives off, the old orders forgotten.
    Restart,
    /// A sensor without new samples is noticed.
    Sensor,
    /// Drives that were cut are not reported as on.
    Drives,
    /// A guard that opens is reported, and that it closes.
    Guard,
}

impl Check {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 24] = [
        Self::Describe,
        Self::Latency,
        Self::Fresh,
        Self::Sane,
        Self::Ranges,
        Self::Limits,
        Self::Powered,
        Self::Off,
        Self::Stands,
        Self::Engage,
        Self::Reengage,
        Self::Follows,
        Self::Turns,
        Self::Velocity,
        Self::StopWay,
        Self::NotFinite,
        Self::TooFast,
        Self::Silence,
        Self::Recover,
        Self::Stop,
        Self::Restart,
        Self::Sensor,
        Self::Drives,
        Self::Guard,
    ];

    /// Its name in the report and in the book.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Latency => "latency",
            Self::Fresh => "fresh",
            Self::Sane => "sane",
            Self::Ranges => "ranges",
            Self::Limits => "limits",
            Self::Powered => "powered",
            Self::Off => "off",
            Self::Stands => "stands",
            Self::Engage => "engage",
            Self::Reengage => "reengage",
            Self::Follows => "follows",
            Self::Turns => "turns",
            Self::Velocity => "velocity",
            Self::StopWay => "stop-way",
            Self::NotFinite => "not-finite",
            Self::TooFast => "too-fast",
            Self::Silence => "silence",
            Self::Recover => "recover",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Sensor => "sensor",
            Self::Drives => "drives",
            Self::Guard => "guard",
        }
    }

    /// What is expected of the robot.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Describe => "the description never changes and can be true",
            Self::Latency => "read and command return at once",
            Self::Fresh => "readings advance, neither old nor from the future",
            Self::Sane => "every number read is one that a robot can have",
            Self::Ranges => "obstacles are 0 to 10 km away, and seen less than 150 ms ago",
            Self::Limits => "limits read back are not wider than asked for",
            Self::Powered => "Stand, Servo and Drive switch the drives on",
            Self::Off => "Off switches the drives off",
            Self::Stands => "the same order again moves nothing",
            Self::Engage => "the first order at the measured pose moves nothing",
            Self::Reengage => "nor does it after Off, elsewhere",
            Self::Follows => "a slow motion is followed",
            Self::Turns => "a slow turn is followed",
            Self::Velocity => "the velocity read is that of the motion",
            Self::StopWay => "a base stops in a short way",
            Self::NotFinite => "an order that is not finite is refused",
            Self::TooFast => "a jump is refused, or taken at the robot's own limit",
            Self::Silence => "without orders it stops and reports its watchdog",
            Self::Recover => "a reset ends the fault and moves nothing",
            Self::Stop => "stop takes the drives off, once and again",
            Self::Restart => "a new agent finds it standing, drives off",
            Self::Sensor => "a sensor without samples is noticed",
            Self::Drives => "drives that were cut are not reported as on",
            Self::Guard => "an open guard is reported, and a closed one",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// What was measured, or may at most be measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A way. Unit: metre; shown in millimetres.
    Way(f64),
    /// A speed. Unit: metre per second; shown in millimetres per second.
    Speed(f64),
    /// An angle. Unit: radian; shown in degrees.
    Angle(f64),
    /// A turn rate. Unit: radian per second; shown in degrees per second.
    TurnRate(f64),
    /// A force. Unit: newton.
    Force(f64),
    /// A span of time.
    Time(Duration),
    /// A count, or a number without a unit.
    Number(f64),
    /// What the robot reported.
    Fault(RobotFault),
    /// What can be said and not measured.
    Fact(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Way(m) => format!("{:.2} mm", m * 1e3),
            Self::Speed(m_s) => format!("{:.2} mm/s", m_s * 1e3),
            Self::Angle(rad) => format!("{:.2} deg", rad.to_degrees()),
            Self::TurnRate(rad_s) => format!("{:.2} deg/s", rad_s.to_degrees()),
            Self::Force(n) => format!("{n:.1} N"),
            Self::Time(t) => format!("{:.3} ms", t.as_secs_f64() * 1e3),
            Self::Number(x) => format!("{x}"),
            Self::Fault(fault) => format!("{fault:?}"),
            Self::Fact(fact) => (*fact).to_owned(),
        };
        f.pad(&text)
    }
}

/// Why a check was not tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Why {
    /// The rig can not do what it needs.
    NoAbility(&'static str),
    /// The stage has no stopwatch.
    NoStopwatch,
    /// It is for another kind of body.
    OtherBody,
    /// The box leaves no room for the motion.
    NoRoom,
    /// The drives did not come on.
    NoPower,
    /// It was not tried for long enough to say anything.
    TooShort,
    /// Without this promise it would be dangerous or say nothing.
    Needs(Check),
    /// The robot is in a fault that a reset does not end.
    InFault(RobotFault),
    /// The robot left its space in this check, and nothing was moved since.
    LeftSpace(Check),
    /// This computer paused for longer than the robot's watchdog.
    Paused(Duration),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAbility(what) => write!(f, "the rig can not {what}"),
            Self::NoStopwatch => f.write_str("the stage has no stopwatch"),
            Self::OtherBody => f.write_str("it is for another kind of body"),
            Self::NoRoom => f.write_str("the space leaves no room for it"),
            Self::NoPower => f.write_str("the drives did not come on"),
            Self::TooShort => f.write_str("too little was tried before"),
            Self::Needs(check) => write!(f, "it needs '{check}'"),
            Self::InFault(fault) => write!(f, "{fault}, and a reset does not end it"),
            Self::LeftSpace(check) => write!(f, "the robot left its space in '{check}'"),
            Self::Paused(gap) => {
                write!(f, "this computer paused for {} ms: a real-time priority", gap.as_millis())
            }
        }
    }
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The promise was kept.
    Passed {
        /// What was measured, at worst.
        measured: Value,
        /// What was allowed.
        limit: Value,
    },
    /// The promise was broken.
    Failed {
        /// What was measured.
        measured: Value,
        /// What was allowed.
        limit: Value,
        /// What the integrator can do.
        advice: &'static str,
    },
    /// Nothing is known.
    NotTried {
        /// Why.
        why: Why,
    },
}

impl Verdict {
    /// True if the promise was kept.
    pub const fn passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }

    /// True if it was broken.
    pub const fn failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

/// What came out of one check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// How it came out.
    pub verdict: Verdict,
}

/// What came out of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was announced before.
    pub announcement: Announcement,
    /// One finding for each of [`Check::ALL`], in that order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How `check` came out.
    pub fn verdict(&self, check: Check) -> Option<&Verdict> {
        self.findings.iter().find(|f| f.check == check).map(|f| &f.verdict)
    }

    /// True if no promise was found broken. What was not tried is not known: see [`Report::not_tried`].
    pub fn passed(&self) -> bool {
        !self.findings.iter().any(|f| f.verdict.failed())
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = Check> + '_ {
        self.findings.iter().filter(|f| f.verdict.failed()).map(|f| f.check)
    }

    /// The checks of which nothing is known.
    pub fn not_tried(&self) -> impl Iterator<Item = Check> + '_ {
        self.findings.iter().filter(|f| !f.verdict.passed() && !f.verdict.failed()).map(|f| f.check)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.announcement)?;
        writeln!(f, "{:<11}{:<53}{:<8}{:<22}limit", "check", "expected", "", "measured")?;
        for Finding { check, verdict } in &self.findings {
            write!(f, "{check:<11}{:<53}", check.expected())?;
            match verdict {
                Verdict::Passed { measured, limit } => {
                    writeln!(f, "{:<8}{measured:<22}{limit}", "passed")?;
                }
                Verdict::Failed { measured, limit, advice } => {
                    writeln!(f, "{:<8}{measured:<22}{limit}", "FAILED")?;
                    writeln!(f, "{:<11}to do: {advice}", "")?;
                }
                Verdict::NotTried { why } => writeln!(f, "{:<8}not tried: {why}", "-")?,
            }
        }
        let (failed, unknown) = (self.failed().count(), self.not_tried().count());
        let passed = self.findings.len() - failed - unknown;
        write!(f, "\n{passed} passed, {failed} failed, {unknown} not tried")
    }
}
