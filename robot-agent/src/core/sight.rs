//! What the console had seen when the hand was sampled, and how old that is now.

use core::time::Duration;

use protocol::frame::CommandFrame;
use protocol::freshness::StampLog;
use protocol::time::{Moment, Robot};

/// State frames remembered. At 500 a second, 4 s: well beyond every hard limit on the loop age.
const STATES: usize = 2048;

/// Pictures remembered. At 40 a second, 6 s.
const VIEWS: usize = 256;

/// The newest accepted command, and when it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) frame: CommandFrame,
    pub(super) arrived: Moment<Robot>,
}

/// The robot's memory of what it sent, and of what came back.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) states: StampLog<STATES>,
    pub(super) views: StampLog<VIEWS>,
    pub(super) newest: Option<Newest>,
}

impl Sight {
    pub(super) const fn new() -> Self {
        Self { states: StampLog::new(), views: StampLog::new(), newest: None }
    }

    /// Time since the newest accepted command; `None` if there is none.
    pub(super) fn silence(&self, now: Moment<Robot>) -> Option<Duration> {
        self.newest.and_then(|n| now.since(n.arrived))
    }

    /// Age of the state that steers.
    pub(super) fn loop_age(&self, now: Moment<Robot>) -> Option<Duration> {
        self.newest.and_then(|n| self.states.age_of(n.frame.seen_state, now).known())
    }

    /// Age of the picture that steers.
    pub(super) fn view_age(&self, now: Moment<Robot>) -> Option<Duration> {
        self.newest.and_then(|n| self.views.age_of(n.frame.seen_view, now).known())
    }
}
