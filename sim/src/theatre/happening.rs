//! What happened in the theatre: in the last step, and since the start.

use core::time::Duration;

use protocol::frame::CommandFrame;
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::core::{Grant, LocalEvent, SessionEvent, Tick, Transition};
use robot_agent::robot::{Reading, RobotFault};

/// What happened since the start.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Changes of state, with their moments on the robot's clock.
    pub transitions: Vec<(Moment<RobotTime>, Transition)>,
    /// Ticks that followed the hand.
    pub followed: u64,
    /// Commands that were followed in the tick in which they arrived.
    pub in_time: u64,
    /// Ticks that followed by a picture older than its hard limit, by the theatre's own reckoning.
    pub stale: u64,
    /// Largest contact force. Unit: newton.
    pub force_max_n: f64,
    /// Ticks that followed with the tool in contact.
    pub in_contact: u64,
    /// Ticks in which the people beside the robot were called.
    pub calls: u64,
}

/// What happened in the last step, and between it and the one before.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that happened")]
pub struct Happening {
    /// What was done at the robot.
    pub done: Vec<LocalEvent>,
    /// What was said on session streams, and what was answered.
    pub said: Vec<(SessionEvent, Option<Grant>)>,
    /// Commands that arrived, in their order, each with the epoch that it came into.
    pub heard: Vec<(CommandFrame, u32)>,
    /// The tick, if the servo had one.
    pub ticked: Option<Ticked>,
    /// The agent's process has started anew.
    pub born: bool,
    /// The robot's clock was set back.
    pub set_back: bool,
    /// The robot's computer was suspended.
    pub slept: bool,
    /// The step has ended.
    over: bool,
}

/// What a tick was given and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Ticked {
    /// What it decided.
    pub tick: Tick,
    /// What the robot measured.
    pub reading: Result<Reading, RobotFault>,
    /// What the robot does now.
    pub word: OperatingState,
    /// The epoch now.
    pub epoch: u32,
    /// For how long nothing has been recorded.
    pub unrecorded: Duration,
    /// Ticks that were missed within the last second.
    pub overruns: u32,
}

impl Happening {
    /// To write into: what was done since the last step belongs to the next.
    pub(super) fn next(&mut self) -> &mut Self {
        if core::mem::take(&mut self.over) {
            self.done.clear();
            self.said.clear();
            self.heard.clear();
            self.ticked = None;
            (self.born, self.set_back, self.slept) = (false, false, false);
        }
        self
    }

    /// The step has ended.
    pub(super) const fn end(&mut self) {
        self.over = true;
    }
}
