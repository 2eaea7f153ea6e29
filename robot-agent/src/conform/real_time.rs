//! Real time for robots of steel.

use core::time::Duration;

use protocol::host::HostClock;
use protocol::time::{Moment, Robot as RobotClock};

use super::limits::TICK;
use super::rig::Stage;

/// Ticks and a stopwatch from the clock of this computer. Give the thread a real-time priority, as the servo
/// thread has: otherwise the suite measures the computer, and says so.
#[derive(Debug)]
pub struct RealTime {
    clock: HostClock<RobotClock>,
    due: Moment<RobotClock>,
}

impl RealTime {
    /// Ticks on `clock`, which is the one that the driver stamps its readings with.
    pub fn on(clock: HostClock<RobotClock>) -> Self {
        Self { due: clock.now(), clock }
    }
}

impl Stage for RealTime {
    fn next_tick(&mut self) -> Moment<RobotClock> {
        self.due = self.due.after(TICK);
        self.clock.wait_until(self.due);
        let now = self.clock.now();
        if now.since(self.due).is_some_and(|late| late >= TICK) {
            self.due = now;
        }
        now
    }

    fn stopwatch(&mut self) -> Option<Duration> {
        self.clock.now().since(Moment::START)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_a_millisecond_apart_and_missed_ones_are_skipped() {
        let clock = HostClock::start();
        let mut stage = RealTime::on(clock);
        let first = stage.next_tick();
        clock.wait_until(first.after(TICK * 20));
        let late = stage.next_tick();
        assert!(late.since(first).unwrap() >= TICK * 20);
        assert!(stage.next_tick().since(late).unwrap() >= TICK / 2, "nothing is caught up");
    }
}
