//! The state machine of the robot: one total function from a state and an event to a state.
//!
//! Problem: a robot that resumes by itself, or that a second fault frees from the first, hurts
//! somebody. So there is one `match`, a row per fact, the refusals written out. Authority to move
//! rises only through [`Event::Engage`], which the engage discipline emits after a deliberate act of
//! the operator under the current epoch. Source: the transition table in SAFETY.md, rows 1 to 25.

use core::time::Duration;

use protocol::cause::Cause;
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};

/// How hard a cause stops the robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// Nothing stops; an engage is refused.
    Refuse,
    /// Stop category 2: stand still, drives on; the operator engages again.
    Hold,
    /// Stand or yield; acknowledgement by the operator, then a local reset.
    Protective,
    /// Stop category 1: local emergency stop.
    Emergency,
    /// Stop category 0: internal or drive fault.
    Fault,
}

/// Progress of the two acts that end a protective stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reset {
    /// The operator has not acknowledged.
    Unacknowledged,
    /// Acknowledged; a local reset is awaited.
    Acknowledged,
}

/// What the robot is doing, with what belongs to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Self-test.
    Init,
    /// Healthy, drives off.
    Standby {
        /// The stop that power did not end, or that came while there was none: power brings it back.
        stopped_by: Option<Cause>,
    },
    /// Drives on, standing.
    Ready,
    /// Follows the hand.
    Engaged,
    /// Follows the hand with a soft limit exceeded; what the age of the picture allows caps its speed.
    Degraded {
        /// Since when.
        since: Moment<Robot>,
    },
    /// Protective standstill.
    Hold {
        /// What caused it: the first cause, whatever came later.
        cause: Cause,
        /// Since when.
        since: Moment<Robot>,
    },
    /// Stopped until acknowledged and reset.
    Pstop {
        /// What caused it.
        cause: Cause,
        /// Since when.
        since: Moment<Robot>,
        /// What has been done to end it.
        reset: Reset,
    },
    /// Emergency stop.
    Estop {
        /// Since when.
        since: Moment<Robot>,
    },
    /// Internal or drive fault.
    Fault {
        /// What caused it.
        cause: Cause,
        /// Since when.
        since: Moment<Robot>,
    },
}

/// What can happen to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The self-test has passed.
    SelfTestPassed,
    /// The self-test has failed.
    SelfTestFailed,
    /// Somebody at the robot powers the drives on.
    PowerOn,
    /// Somebody at the robot powers the drives off.
    PowerOff,
    /// Somebody at the robot resets; `estop_released` tells whether the emergency stop is out.
    LocalReset {
        /// True if the emergency stop is not pressed.
        estop_released: bool,
    },
    /// The operator who holds authority has read why the robot stopped.
    Acknowledge,
    /// A cause stops the robot this hard.
    Trip(Cause, Stop),
    /// An operator is granted authority.
    Grant,
    /// A soft limit is exceeded.
    SoftExceeded,
    /// Everything has been inside its soft limits for the recovery time.
    SoftClear,
    /// The clutch is open.
    ClutchOpened,
    /// The engage discipline has been followed to its end.
    Engage,
    /// Nobody has engaged again for the parking time.
    ParkDue,
}

/// A moment on a clock that was then set back by so much to `now`. One in what is the future now goes back with it; one
/// that is not may have been read off the clock as it is.
pub fn set_back(moment: Moment<Robot>, by: Duration, now: Moment<Robot>) -> Moment<Robot> {
    if moment > now { moment.before(by) } else { moment }
}

impl State {
    /// The word for it.
    pub const fn word(&self) -> OperatingState {
        match self {
            Self::Init => OperatingState::Init,
            Self::Standby { .. } => OperatingState::Standby,
            Self::Ready => OperatingState::Ready,
            Self::Engaged => OperatingState::Engaged,
            Self::Degraded { .. } => OperatingState::Degraded,
            Self::Hold { .. } => OperatingState::Hold,
            Self::Pstop { .. } => OperatingState::Pstop,
            Self::Estop { .. } => OperatingState::Estop,
            Self::Fault { .. } => OperatingState::Fault,
        }
    }

    /// The same where the clock was set back by so much to `now`: what has lasted goes on to have lasted, and is not over
    /// because it began in what is the future now.
    #[must_use]
    pub fn with_clock_set_back(self, by: Duration, now: Moment<Robot>) -> Self {
        let mend = |since| set_back(since, by, now);
        match self {
            Self::Init | Self::Standby { .. } | Self::Ready | Self::Engaged => self,
            Self::Degraded { since } => Self::Degraded { since: mend(since) },
            Self::Hold { cause, since } => Self::Hold { cause, since: mend(since) },
            Self::Pstop { cause, since, reset } => Self::Pstop { cause, since: mend(since), reset },
            Self::Estop { since } => Self::Estop { since: mend(since) },
            Self::Fault { cause, since } => Self::Fault { cause, since: mend(since) },
        }
    }

    /// What stopped the robot, while it is stopped.
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Hold { cause, .. } | Self::Pstop { cause, .. } | Self::Fault { cause, .. } => {
                Some(*cause)
            }
            Self::Estop { .. } => Some(Cause::LocalEstop),
            Self::Init
            | Self::Standby { .. }
            | Self::Ready
            | Self::Engaged
            | Self::Degraded { .. } => None,
        }
    }
}

/// Moves the machine one event forward. Total: every pair has a row, and a pair that is not listed
/// keeps the state.
pub const fn next(from: State, event: Event, now: Moment<Robot>) -> State {
    match event {
        Event::Trip(cause, stop) => trip(from, cause, stop, now),
        Event::SelfTestPassed => match from {
            State::Init => State::Standby { stopped_by: None },
            _ => from,
        },
        Event::SelfTestFailed => match from {
            State::Init => State::Fault { cause: Cause::SelfTest, since: now },
            _ => from,
        },
        Event::PowerOn => match from {
            State::Standby { stopped_by: None } => State::Ready,
            // A stop is not undone by power: it wants its acknowledgement and its reset.
            State::Standby { stopped_by: Some(cause) } => {
                State::Pstop { cause, since: now, reset: Reset::Unacknowledged }
            }
            _ => from,
        },
        Event::PowerOff => match from {
            State::Ready | State::Engaged | State::Degraded { .. } | State::Hold { .. } => {
                State::Standby { stopped_by: None }
            }
            // Power off and on is no reset.
            State::Pstop { cause, .. } => State::Standby { stopped_by: Some(cause) },
            State::Init | State::Standby { .. } | State::Estop { .. } | State::Fault { .. } => from,
        },
        Event::LocalReset { estop_released } => local_reset(from, estop_released),
        Event::Acknowledge => match from {
            State::Pstop { cause, since, .. } => {
                State::Pstop { cause, since, reset: Reset::Acknowledged }
            }
            _ => from,
        },
        // A new operator inherits the state and may do nothing with it before an engage of his own.
        Event::Grant => match from {
            State::Engaged | State::Degraded { .. } => {
                State::Hold { cause: Cause::Authority, since: now }
            }
            _ => from,
        },
        Event::SoftExceeded => match from {
            State::Engaged => State::Degraded { since: now },
            _ => from,
        },
        Event::SoftClear => match from {
            State::Degraded { .. } => State::Engaged,
            _ => from,
        },
        Event::ClutchOpened => match from {
            State::Engaged | State::Degraded { .. } => State::Ready,
            _ => from,
        },
        Event::Engage => match from {
            State::Ready | State::Hold { .. } => State::Engaged,
            _ => from,
        },
        Event::ParkDue => match from {
            State::Hold { .. } => State::Standby { stopped_by: None },
            _ => from,
        },
    }
}

/// A trip wins from anywhere it applies; the first cause of a kind is kept, a harder stop replaces it.
const fn trip(from: State, cause: Cause, stop: Stop, now: Moment<Robot>) -> State {
    match (stop, from) {
        (Stop::Refuse, _) | (_, State::Fault { .. }) => from,
        (Stop::Fault, _) => State::Fault { cause, since: now },
        (_, State::Estop { .. }) => from,
        (Stop::Emergency, _) => State::Estop { since: now },
        // Whoever presses STOP again wants it read and reset again.
        (Stop::Protective, State::Pstop { cause: first, since, .. })
            if matches!(cause, Cause::RemoteStop) =>
        {
            State::Pstop { cause: first, since, reset: Reset::Unacknowledged }
        }
        (Stop::Protective, State::Standby { stopped_by: None })
            if matches!(cause, Cause::RemoteStop) =>
        {
            State::Standby { stopped_by: Some(cause) }
        }
        (_, State::Init | State::Standby { .. } | State::Pstop { .. }) => from,
        (
            Stop::Protective,
            State::Ready | State::Engaged | State::Degraded { .. } | State::Hold { .. },
        ) => State::Pstop { cause, since: now, reset: Reset::Unacknowledged },
        (Stop::Hold, State::Engaged | State::Degraded { .. }) => State::Hold { cause, since: now },
        (Stop::Hold, State::Ready | State::Hold { .. }) => from,
    }
}

const fn local_reset(from: State, estop_released: bool) -> State {
    match from {
        // Both acts, in this order: acknowledged by the operator, then reset at the robot.
        State::Pstop { reset: Reset::Acknowledged, .. } if estop_released => State::Ready,
        // Never straight to READY: release, reset and power-on are three acts. And through the self-test:
        // it may not have passed before, and it is what finds drives that did not go off.
        State::Estop { .. } | State::Fault { .. } if estop_released => State::Init,
        _ => from,
    }
}

/// True if this step ends every engagement there was: frames made before it must not move anything.
pub const fn raises_epoch(from: State, event: Event, to: State) -> bool {
    let stopped = matches!(
        to,
        State::Hold { .. } | State::Pstop { .. } | State::Estop { .. } | State::Fault { .. }
    ) && from.word() as u8 != to.word() as u8;
    stopped
        // STOP again: an acknowledgement that was sent before it is none of it.
        || matches!((from, event), (State::Pstop { .. }, Event::Trip(Cause::RemoteStop, _)))
        || matches!(event, Event::Grant)
        || matches!((event, to), (Event::PowerOn | Event::LocalReset { .. }, State::Ready))
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
