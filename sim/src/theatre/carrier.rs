//! What carries frames between the two sides of a theatre.

use core::time::Duration;
use std::collections::VecDeque;

use protocol::frame::{CommandFrame, StateFrame};

/// Carries commands to the robot and states to the console, on the time of the world, which nobody in it can read:
/// `now` only rises.
pub trait Carrier {
    /// The console sends a command.
    fn send_command(&mut self, frame: &CommandFrame, now: Duration);
    /// The robot sends a state.
    fn send_state(&mut self, frame: &StateFrame, now: Duration);
    /// The next command that has arrived at the robot.
    fn next_command(&mut self, now: Duration) -> Option<CommandFrame>;
    /// The next state that has arrived at the console.
    fn next_state(&mut self, now: Duration) -> Option<StateFrame>;
}

/// Whole frames, in order, after a constant delay.
#[derive(Debug)]
pub(super) struct Queues {
    delay_up: Duration,
    delay_down: Duration,
    up: VecDeque<(Duration, CommandFrame)>,
    down: VecDeque<(Duration, StateFrame)>,
}

impl Queues {
    pub(super) const fn new(delay_up: Duration, delay_down: Duration) -> Self {
        Self { delay_up, delay_down, up: VecDeque::new(), down: VecDeque::new() }
    }
}

impl Carrier for Queues {
    fn send_command(&mut self, frame: &CommandFrame, now: Duration) {
        self.up.push_back((now + self.delay_up, *frame));
    }

    fn send_state(&mut self, frame: &StateFrame, now: Duration) {
        self.down.push_back((now + self.delay_down, *frame));
    }

    fn next_command(&mut self, now: Duration) -> Option<CommandFrame> {
        due(&mut self.up, now)
    }

    fn next_state(&mut self, now: Duration) -> Option<StateFrame> {
        due(&mut self.down, now)
    }
}

/// What has arrived by `now`, oldest first.
fn due<T>(queue: &mut VecDeque<(Duration, T)>, now: Duration) -> Option<T> {
    if queue.front().is_some_and(|(at, _)| *at <= now) {
        queue.pop_front().map(|(_, item)| item)
    } else {
        None
    }
}
