//! The servo thread: read the robot, tick the core, write the robot, a thousand times a second.
//!
//! It never waits for anybody but the clock. Deadlines are absolute, so that a late tick does not make
//! the next one late; ticks that were missed altogether are counted and not caught up.
//!
//! However the thread ends, in order or by a panic of a driver, the robot is told to stop.

use core::time::Duration;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::frame::StateFrame;
use protocol::host::HostClock;
use protocol::host::suspend::SuspendWatch;
use protocol::time::{Moment, Robot as RobotTime};

use super::rings::{Answer, Captured, Inbound, Receiver, Sender, TickRecord};
use super::watchdog::{Heartbeat, Vitals};
use crate::core::{Core, Host, LocalEvent, SessionEvent, Tick};
use crate::robot::{Robot, RobotFault};

/// The period of the servo loop.
pub const PERIOD: Duration = Duration::from_millis(1);

/// Frames taken in per tick at most: a flood can not keep the servo from its tick.
const COMMANDS_MAX: usize = 64;

/// As [`COMMANDS_MAX`], for what is said on the session stream.
const SAID_MAX: usize = 16;

/// What the servo thread is connected to.
pub struct Connections {
    /// What operators have said on the session stream. A ring of its own: commands can not crowd it out.
    pub said: Receiver<SessionEvent>,
    /// Commands, from the control link.
    pub commands: Receiver<Inbound>,
    /// To the control link: what operators must hear.
    pub answers: Sender<Answer>,
    /// To the control link: states to send.
    pub states: Sender<StateFrame>,
    /// From the media thread.
    pub captured: Receiver<Captured>,
    /// From the bedside.
    pub local: Receiver<LocalEvent>,
    /// To the journal.
    pub journal: Sender<TickRecord>,
    /// How the other threads do.
    pub vitals: Vitals,
    /// Raised at the end of each tick.
    pub heart: Heartbeat,
}

/// The state of the loop.
pub struct Servo {
    core: Core,
    robot: Box<dyn Robot>,
    clock: HostClock<RobotTime>,
    rings: Connections,
    overruns: Overruns,
    suspended: SuspendWatch,
    command_fault: Option<RobotFault>,
    /// The tick before.
    ticked: Moment<RobotTime>,
}

impl Servo {
    /// A servo that has not begun.
    pub fn new(
        core: Core,
        robot: Box<dyn Robot>,
        clock: HostClock<RobotTime>,
        rings: Connections,
    ) -> Self {
        Self {
            core,
            robot,
            clock,
            rings,
            overruns: Overruns::new(),
            suspended: SuspendWatch::start(),
            command_fault: None,
            ticked: Moment::START,
        }
    }

    /// Runs until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
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
    }

    fn tick(&mut self, now: Moment<RobotTime>, late: Duration, missed: u64) {
        self.take_in(now);
        self.ticked = now;
        let host = self.host(now);
        let reading = self.robot.read(now);
        // A command that was not passed on is a fault of the robot, like a reading that is not true.
        let reading = self.command_fault.take().map_or(reading, Err);
        let before = self.clock.now();
        let tick = self.core.tick(now, reading, &host);
        let core_ns = elapsed_ns(before, self.clock.now());
        self.command_fault = self.robot.command(&tick.order, now).err();
        self.give_out(&tick, Taken { at: now, core_ns, late, missed });
        self.rings.heart.beat(self.clock.now());
    }

    /// How this computer does.
    fn host(&mut self, now: Moment<RobotTime>) -> Host {
        Host {
            overruns: self.overruns.last_second(),
            uncaptured: self.rings.vitals.pictures.silence(now),
            unrecorded: self.rings.vitals.records.silence(now),
            suspended: self.suspended.has_stood_still(),
        }
    }

    fn give_out(&mut self, tick: &Tick, taken: Taken) {
        if let Some(session) = tick.ended {
            self.rings.answers.send(Answer::Ended(session));
        }
        if let Some(frame) = tick.frame {
            self.rings.states.send(frame);
        }
        let counts = self.core.counts();
        self.rings.journal.send(TickRecord {
            at: taken.at,
            transition: tick.transition,
            followed: tick.followed,
            contact_n: tick.contact_n,
            calls: tick.calls,
            core_ns: taken.core_ns,
            late_ns: u64::try_from(taken.late.as_nanos()).unwrap_or(u64::MAX),
            missed: taken.missed,
            accepted: counts.accepted,
            dropped: counts.other_session
                + counts.other_epoch
                + counts.not_newer
                + counts.bad
                + self.rings.commands.dropped(),
        });
    }

    fn take_in(&mut self, now: Moment<RobotTime>) {
        while let Some(captured) = self.rings.captured.take() {
            self.core.handle_view(captured.source, captured.view, captured.at);
        }
        while let Some(event) = self.rings.local.take() {
            if self.core.handle_local(event, now) {
                self.robot.recover();
                // What was restarted may have forgotten them.
                let limits = self.robot.limit(&self.core.own_limits());
                self.core.handle_own_limits(limits);
            }
        }
        for _ in 0..SAID_MAX {
            let Some(event) = self.rings.said.take() else { break };
            self.hear(event, now);
        }
        for _ in 0..COMMANDS_MAX {
            match self.rings.commands.take() {
                Some(Inbound::Command(frame, at)) => {
                    // In order with what the core has heard before, whatever the other thread's clock says.
                    self.core.handle_command(&frame, at.max(self.ticked).min(now));
                }
                Some(Inbound::Malformed(session)) => {
                    self.hear(SessionEvent::Malformed { session }, now);
                }
                None => break,
            }
        }
    }

    fn hear(&mut self, event: SessionEvent, now: Moment<RobotTime>) {
        let answer = self.core.handle_session(event, now);
        if let (SessionEvent::Open { session }, Some(grant)) = (event, answer) {
            self.rings.answers.send(Answer::Granted(session, grant));
        }
    }
}

impl Drop for Servo {
    fn drop(&mut self) {
        let now = self.clock.now();
        // A driver that has panicked may do so again; then the robot's own watchdog is what is left.
        match catch_unwind(AssertUnwindSafe(|| self.robot.stop(now))) {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::error!("the robot could not be told to stop: {fault}"),
            Err(_) => tracing::error!("the robot could not be told to stop: its driver panicked"),
        }
    }
}

/// When a tick was taken, and how long it took.
#[derive(Debug, Clone, Copy)]
struct Taken {
    at: Moment<RobotTime>,
    core_ns: u64,
    late: Duration,
    missed: u64,
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
    use crate::robot::{Body, Description, Order, Reading};
    use crate::shell::rings::ring;
    use protocol::profile::Profile;

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

    /// A robot that stands, and nobody at the other ends of the rings.
    fn servo() -> Servo {
        let profile = Profile::parse(protocol::profile::ULTRASOUND).unwrap();
        let core = Core::new(profile, &Still.describe(), 1);
        let rings = Connections {
            said: ring(1).1,
            commands: ring(1).1,
            answers: ring(1).0,
            states: ring(1).0,
            captured: ring(1).1,
            local: ring(1).1,
            journal: ring(1).0,
            vitals: Vitals::new(ms(1_000)),
            heart: Heartbeat::new(ms(1_000)),
        };
        Servo::new(core, Box::new(Still), HostClock::start(), rings)
    }

    struct Still;

    impl Robot for Still {
        fn describe(&self) -> Description {
            Description {
                name: "still".to_owned(),
                simulated: true,
                body: Body::Arms { count: 1, speed_max_m_s: 1.0, ports: [None; 2] },
                watchdog: Duration::from_millis(30),
            }
        }

        fn read(&mut self, now: Moment<RobotTime>) -> Result<Reading, RobotFault> {
            Ok(Reading::resting(now))
        }

        fn command(&mut self, _: &Order, _: Moment<RobotTime>) -> Result<(), RobotFault> {
            Ok(())
        }
    }

    /// SERVO-OVERRUN, MEDIA-STALL, RECORDER-STALL: the core hears what the other threads did not do.
    #[test]
    fn the_core_is_told_how_its_computer_does() {
        let mut servo = servo();
        servo.overruns.note(ms(1_500), 7);
        servo.rings.vitals.pictures.beat(ms(1_400));
        let host = servo.host(ms(1_600));
        assert_eq!(host.overruns, 7);
        assert_eq!(host.uncaptured, Duration::from_millis(200));
        assert_eq!(host.unrecorded, Duration::from_millis(600));
        assert!(!host.suspended);
    }

    #[test]
    fn the_heart_beats_at_the_end_of_a_tick() {
        let mut servo = servo();
        servo.rings.heart.beat(Moment::START);
        let before = servo.clock.now();
        servo.tick(before, Duration::ZERO, 0);
        assert_eq!(servo.rings.heart.silence(before), Duration::ZERO);
    }
}
