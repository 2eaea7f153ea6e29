//! What goes into the core and what comes out of it.

use core::time::Duration;

use protocol::cause::Cause;
use protocol::frame::StateFrame;
use protocol::session::{Refusal, SessionId};
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use crate::robot::Order;

/// What is said about authority, by the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionEvent {
    /// A console asks for authority, under a number drawn at random for it.
    Open {
        /// The number.
        session: SessionId,
    },
    /// Its connection has ended, or it gave authority back.
    Close {
        /// Whose.
        session: SessionId,
    },
    /// It asks to stop.
    Stop {
        /// Who asks.
        session: SessionId,
        /// Counts the stops of that session.
        request: u32,
    },
    /// It has read why the robot stopped.
    Acknowledge {
        /// Who has.
        session: SessionId,
        /// The epoch of the stop.
        epoch: u32,
    },
    /// It sent a datagram that is no command frame.
    Malformed {
        /// Who did.
        session: SessionId,
    },
}

/// The answer to [`SessionEvent::Open`].
pub type Grant = Result<u32, Refusal>;

/// What is done at the robot itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalEvent {
    /// The emergency stop is pressed.
    EstopPressed,
    /// The emergency stop is released: by itself this does nothing.
    EstopReleased,
    /// Reset.
    Reset,
    /// Drives on.
    PowerOn,
    /// Drives off.
    PowerOff,
}

/// A change of state, with the figures behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// Before.
    pub from: OperatingState,
    /// After.
    pub to: OperatingState,
    /// What stopped the robot, if something did.
    pub cause: Option<Cause>,
    /// Reading and limit of the interlock that tripped, in its own unit.
    pub figures: Option<(f64, f64)>,
    /// The epoch from here on.
    pub epoch: u32,
}

/// A tick in which the robot followed the hand: the evidence that it was allowed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Followed {
    /// The command that was followed.
    pub seq: u64,
    /// When its hand was sampled.
    pub t_input: Moment<Operator>,
    /// The picture that steered.
    pub seen_view: u64,
    /// Age of the state that steered.
    pub loop_age: Option<Duration>,
    /// Age of the picture that steered.
    pub view_age: Option<Duration>,
}

/// How the computer does that the core runs on: what the core can not see by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Host {
    /// Servo ticks missed within the last second.
    pub overruns: u32,
    /// For how long no picture has been captured that could have been.
    pub uncaptured: Duration,
    /// For how long what decides a motion has not been recorded.
    pub unrecorded: Duration,
    /// True if the computer stood still since the last tick and its monotonic clock with it.
    pub suspended: bool,
}

/// What a tick decided.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    /// For the robot.
    pub order: Order,
    /// For the console, if one is due.
    pub frame: Option<StateFrame>,
    /// The state changed.
    pub transition: Option<Transition>,
    /// The robot followed the hand.
    pub followed: Option<Followed>,
    /// Authority was taken back from this session: by silence, an emergency stop or a fault.
    pub ended: Option<SessionId>,
    /// Largest contact force measured. Unit: newton.
    pub contact_n: f64,
    /// True while the people beside the robot should be called: it holds, and nobody engages again.
    pub calls: bool,
}
