//! What is under way to the robot, with marks that no robot can read.

use protocol::frame::{BaseTwist, CommandFrame, Mode, Motion};
use protocol::picture::ViewSource;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::Moment;

/// What the hand does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Hand {
    /// The deadman is released.
    Released,
    /// The deadman is held, the clutch open.
    Open,
    /// The deadman is held, the clutch closed.
    Closed,
    /// The deadman is held, and the tool should be lifted.
    Retract,
}

/// A command frame under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Frame {
    /// The session that it names.
    pub(crate) session: u32,
    /// Its number.
    pub(crate) seq: u64,
    /// The epoch that it names.
    pub(crate) epoch: u32,
    /// What the hand did.
    pub(crate) hand: Hand,
    /// How many times the clutch was closed in its session.
    pub(crate) count: u32,
    /// The stop that it asks for; 0 for none.
    pub(crate) stop: u32,
    /// Mark: the grant that it was made under; 0 for none.
    pub(crate) grant: u32,
    /// Mark: the era that it was made in.
    pub(crate) era: u32,
}

impl Frame {
    /// The frame as the robot reads it.
    pub(crate) const fn command(&self) -> CommandFrame {
        let (deadman, mode) = match self.hand {
            Hand::Released => (0.0, Mode::Hold),
            Hand::Open => (1.0, Mode::Hold),
            Hand::Closed => (1.0, Mode::Follow),
            Hand::Retract => (1.0, Mode::Retract),
        };
        CommandFrame {
            session: SessionId::new(self.session as u128),
            seq: self.seq,
            epoch: self.epoch,
            engage_count: self.count,
            t_input: Moment::from_ns(1),
            seen_state: 0,
            seen_view: 0,
            view_source: ViewSource::Ultrasound,
            mode,
            deadman,
            stop_request: self.stop,
            shown_state: OperatingState::Ready,
            motion: Motion::Base(BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 }),
        }
    }
}

/// An acknowledgement under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledgement {
    /// Who acknowledges.
    pub(crate) session: u32,
    /// The epoch that is acknowledged.
    pub(crate) epoch: u32,
    /// Mark: the grant that it was made under; 0 for none.
    pub(crate) grant: u32,
    /// Mark: how many stops there had been.
    pub(crate) stops: u32,
    /// Mark: the era that it was made in.
    pub(crate) era: u32,
}
