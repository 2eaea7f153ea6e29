//! The servo thread: read the robot, tick the core, write the robot, a thousand times a second.
//!
//! It never waits for anybody but the clock. Deadlines are absolute, so that a late tick does not make
//! the next one late; ticks that were missed altogether are counted and not caught up.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::host::HostClock;
use protocol::time::{Moment, Robot as RobotTime};

use super::rings::{Captured, Inbound, Outbound, Receiver, Sender, TickRecord};
use crate::core::{Core, LocalEvent, SessionEvent};
use crate::robot::{Robot, RobotFault};

/// The period of the servo loop.
pub const PERIOD: Duration = Duration::from_millis(1);

/// Frames taken in per tick at most: a flood can not keep the servo from its tick.
const INBOUND_MAX: usize = 64;

/// What the servo thread is connected to.
pub struct Connections {
    /// From the control link.
    pub inbound: Receiver<Inbound>,
    /// To the control link.
    pub outbound: Sender<Outbound>,
    /// From the media thread.
    pub captured: Receiver<Captured>,
    /// From the bedside.
    pub local: Receiver<LocalEvent>,
    /// To the journal.
    pub journal: Sender<TickRecord>,
}

/// The state of the loop.
pub struct Servo {
    core: Core,
    robot: Box<dyn Robot>,
    clock: HostClock<RobotTime>,
    rings: Connections,
    overruns: Overruns,
    command_fault: Option<RobotFault>,
}

impl Servo {
    /// A servo that has not begun.
    pub fn new(
        core: Core,
        robot: Box<dyn Robot>,
        clock: HostClock<RobotTime>,
        rings: Connections,
    ) -> Self {
        Self { core, robot, clock, rings, overruns: Overruns::new(), command_fault: None }
    }

    /// Runs until `stop` is set. The robot is ordered off at the end.
    pub fn run(mut self, stop: &Arc<AtomicBool>) {
        let mut due = self.clock.now();
        while !stop.load(Ordering::Relaxed) {
            self.clock.wait_until(due);
            let now = self.clock.now();
            let late = now.since(due).unwrap_or(Duration::ZERO);
            let missed = whole_periods(late);
            self.overruns.note(now, missed);
            self.tick(now, late, missed);
            due = due.after(PERIOD * u32::try_from(missed + 1).unwrap_or(u32::MAX));
        }
        let now = self.clock.now();
        let _ = self.robot.command(&crate::robot::Order::Off, now);
    }

    fn tick(&mut self, now: Moment<RobotTime>, late: Duration, missed: u64) {
        self.take_in(now);
        let reading = self.robot.read(now);
        // A command that was not passed on is a fault of the robot, like a reading that is not true.
        let reading = self.command_fault.take().map_or(reading, Err);
        let before = self.clock.now();
        let tick = self.core.tick(now, reading, self.overruns.last_second());
        let core_ns = elapsed_ns(before, self.clock.now());
        self.command_fault = self.robot.command(&tick.order, now).err();
        if let Some(session) = tick.ended {
            self.rings.outbound.send(Outbound::Ended(session));
        }
        if let Some(frame) = tick.frame {
            self.rings.outbound.send(Outbound::State(frame));
        }
        let counts = self.core.counts();
        self.rings.journal.send(TickRecord {
            at: now,
            transition: tick.transition,
            followed: tick.followed,
            contact_n: tick.contact_n,
            core_ns,
            late_ns: u64::try_from(late.as_nanos()).unwrap_or(u64::MAX),
            missed,
            accepted: counts.accepted,
            dropped: counts.other_session
                + counts.other_epoch
                + counts.not_newer
                + counts.malformed
                + self.rings.inbound.dropped(),
        });
    }

    fn take_in(&mut self, now: Moment<RobotTime>) {
        while let Some(captured) = self.rings.captured.take() {
            self.core.handle_view(captured.view, captured.at);
        }
        while let Some(event) = self.rings.local.take() {
            if self.core.handle_local(event, now) {
                self.robot.recover();
            }
        }
        for _ in 0..INBOUND_MAX {
            match self.rings.inbound.take() {
                Some(Inbound::Command(frame)) => self.core.handle_command(&frame, now),
                Some(Inbound::Session(event)) => self.session(event, now),
                None => break,
            }
        }
    }

    fn session(&mut self, event: SessionEvent, now: Moment<RobotTime>) {
        let answer = self.core.handle_session(event, now);
        if let (SessionEvent::Open { session }, Some(grant)) = (event, answer) {
            self.rings.outbound.send(Outbound::Granted(session, grant));
        }
    }
}

/// Whole periods in `late`: ticks that were missed altogether.
fn whole_periods(late: Duration) -> u64 {
    u64::try_from(late.as_nanos() / PERIOD.as_nanos()).unwrap_or(u64::MAX)
}

fn elapsed_ns(from: Moment<RobotTime>, to: Moment<RobotTime>) -> u64 {
    to.since(from).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
}

/// Ticks missed within the last second.
struct Overruns {
    recent: VecDeque<(Moment<RobotTime>, u64)>,
}

/// Gaps remembered: at most one per tick of a second.
const GAPS_MAX: usize = 1_024;

impl Overruns {
    fn new() -> Self {
        Self { recent: VecDeque::with_capacity(GAPS_MAX) }
    }

    fn note(&mut self, now: Moment<RobotTime>, missed: u64) {
        while let Some((at, _)) = self.recent.front() {
            if now.since(*at).is_some_and(|age| age <= Duration::from_secs(1)) {
                break;
            }
            self.recent.pop_front();
        }
        if missed > 0 && self.recent.len() < GAPS_MAX {
            self.recent.push_back((now, missed));
        }
    }

    fn last_second(&self) -> u32 {
        let sum: u64 = self.recent.iter().map(|(_, missed)| missed).sum();
        u32::try_from(sum).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Moment<RobotTime> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn a_tick_is_missed_when_a_whole_period_has_gone_by() {
        assert_eq!(whole_periods(Duration::from_micros(999)), 0);
        assert_eq!(whole_periods(Duration::from_millis(1)), 1);
        assert_eq!(whole_periods(Duration::from_micros(3_700)), 3);
    }

    #[test]
    fn overruns_are_those_of_the_last_second() {
        let mut o = Overruns::new();
        o.note(ms(1_000), 3);
        o.note(ms(1_500), 2);
        assert_eq!(o.last_second(), 5);
        o.note(ms(2_000), 0);
        assert_eq!(o.last_second(), 5);
        o.note(ms(2_001), 0);
        assert_eq!(o.last_second(), 2);
    }
}
