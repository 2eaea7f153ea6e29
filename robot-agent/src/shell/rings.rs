//! What the threads say to each other, through wait-free rings.

use protocol::frame::CommandFrame;
pub use protocol::host::ring::{Receiver, Sender, ring};
use protocol::picture::ViewSource;
use protocol::session::SessionId;
use protocol::time::{Moment, Robot};

use crate::core::{Followed, Grant, LocalEvent, Transition};

/// From the control link to the servo: what comes as datagrams, and may get lost like them.
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation per command")]
#[derive(Debug, Clone, Copy)]
pub enum Inbound {
    /// A command frame that decoded, and when it arrived.
    Command(CommandFrame, Moment<Robot>),
    /// A datagram of this session that is none.
    Malformed(SessionId),
}

/// From the servo to the control link: what must not get lost among state frames.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// To a request for authority.
    Granted(SessionId, Grant),
    /// The core took authority back from this session.
    Ended(SessionId),
}

/// A picture was captured.
#[derive(Debug, Clone, Copy)]
pub struct Captured {
    /// What it shows.
    pub source: ViewSource,
    /// Its number among those of its source.
    pub view: u64,
    /// When.
    pub at: Moment<Robot>,
}

/// One tick, for the journal.
#[derive(Debug, Clone, Copy)]
pub struct TickRecord {
    /// When it was made.
    pub at: Moment<Robot>,
    /// The state changed.
    pub transition: Option<Transition>,
    /// The robot followed the hand.
    pub followed: Option<Followed>,
    /// Largest contact force. Unit: newton.
    pub contact_n: f64,
    /// The people beside the robot are called.
    pub calls: bool,
    /// Time that the core took. Unit: nanosecond.
    pub core_ns: u64,
    /// How late the tick began. Unit: nanosecond.
    pub late_ns: u64,
    /// Ticks missed since the last.
    pub missed: u64,
    /// Frames accepted so far.
    pub accepted: u64,
    /// Frames dropped so far, for whatever reason.
    pub dropped: u64,
}

/// From the bedside to the servo.
pub type LocalSender = Sender<LocalEvent>;
