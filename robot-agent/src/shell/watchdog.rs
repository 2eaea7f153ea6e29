//! Signs of life, and who watches them.
//!
//! Problem: a thread that hangs says nothing, and what it should have said is then nobody's. So every
//! thread that others depend on raises a [`Heartbeat`] when it has *finished* a piece of its work; being
//! alive is no work. The servo reads the others' ([`Vitals`]) and the core judges them. The servo itself
//! is watched from outside, by a thread that does nothing else: a servo that stands still sends no state
//! frames, so the control link must say why.
//!
//! Rule: the watchdog reports; it does not stop. A servo that comes back after 20 ms says SERVO-STALL
//! itself, and one that does not is stopped by the robot's own watchdog.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use protocol::host::HostClock;
use protocol::session::Refusal;
use protocol::time::{Moment, Robot};
use tokio::sync::watch;

/// How long the servo may stand still until the control link is told, unless configured otherwise.
///
/// From 100 ms on the console shows the state as unknown by itself; shorter pauses are over before
/// anybody can read a sentence. A session that ended takes its operator as long to get back as this.
pub const STALL_MAX: Duration = Duration::from_millis(250);

/// How often the watchdog looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// When a thread last finished a piece of its work. Wait-free; shared by cloning.
#[derive(Debug, Clone)]
pub struct Heartbeat(Arc<AtomicU64>);

impl Heartbeat {
    /// A thread that begins now has until now done all that it had to.
    pub fn new(now: Moment<Robot>) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_ns())))
    }

    /// A piece of work was finished that covers everything up to `at`.
    pub fn beat(&self, at: Moment<Robot>) {
        self.0.store(at.as_ns(), Ordering::Relaxed);
    }

    /// Time since the last beat.
    pub fn silence(&self, now: Moment<Robot>) -> Duration {
        // A beat later than `now` came while the caller was on its way here.
        now.since(Moment::from_ns(self.0.load(Ordering::Relaxed))).unwrap_or(Duration::ZERO)
    }
}

/// The threads that the core wants to know about.
#[derive(Debug, Clone)]
pub struct Vitals {
    /// The capture thread: a picture was captured, or nobody asked for one.
    pub pictures: Heartbeat,
    /// The journal: everything written until then is recorded.
    pub records: Heartbeat,
}

impl Vitals {
    /// Nothing is late yet.
    pub fn new(now: Moment<Robot>) -> Self {
        Self { pictures: Heartbeat::new(now), records: Heartbeat::new(now) }
    }
}

/// What the watchdog has noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noticed {
    /// The servo stands still, for this long so far.
    Stalled(Duration),
    /// It works again.
    Resumed,
}

/// Tells the beginning and the end of a stall, each once.
#[derive(Debug)]
struct StallWatch {
    limit: Duration,
    stalled: bool,
}

impl StallWatch {
    const fn new(limit: Duration) -> Self {
        Self { limit, stalled: false }
    }

    fn note(&mut self, silence: Duration) -> Option<Noticed> {
        let stalled = silence > self.limit;
        if stalled == self.stalled {
            return None;
        }
        self.stalled = stalled;
        Some(if stalled { Noticed::Stalled(silence) } else { Noticed::Resumed })
    }
}

/// The watchdog thread: watches `servo` until `stop` is set, and says to `stalled` what it sees.
pub fn run(
    servo: &Heartbeat,
    limit: Duration,
    clock: HostClock<Robot>,
    stalled: &watch::Sender<bool>,
    stop: &AtomicBool,
) {
    let mut watched = StallWatch::new(limit);
    while !stop.load(Ordering::Relaxed) {
        clock.wait_until(clock.now().after(LOOK_EVERY));
        match watched.note(servo.silence(clock.now())) {
            Some(Noticed::Stalled(silence)) => {
                // The link first: the log may be what everything waits for.
                stalled.send_replace(true);
                tracing::error!(
                    code = Refusal::Stalled.id(),
                    "the servo has stood still for {} ms: the session ends, and the robot's own \
                     watchdog stops the robot",
                    silence.as_millis()
                );
            }
            Some(Noticed::Resumed) => {
                stalled.send_replace(false);
                tracing::warn!("the servo works again; operators may connect");
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn at(ms: u64) -> Moment<Robot> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn silence_counts_from_the_work_that_was_finished() {
        let heart = Heartbeat::new(at(1_000));
        let thread = heart.clone();
        assert_eq!(heart.silence(at(1_030)), ms(30));
        thread.beat(at(1_020));
        assert_eq!(heart.silence(at(1_030)), ms(10));
        thread.beat(at(1_031));
        assert_eq!(heart.silence(at(1_030)), Duration::ZERO, "it came in between");
    }

    /// SERVO-STALL: told once when it begins and once when it ends, however long it lasts.
    #[test]
    fn a_stall_is_told_once_and_so_is_its_end() {
        let mut w = StallWatch::new(ms(20));
        assert_eq!(w.note(ms(20)), None, "at the limit, not beyond");
        assert_eq!(w.note(ms(21)), Some(Noticed::Stalled(ms(21))));
        assert_eq!(w.note(ms(5_000)), None);
        assert_eq!(w.note(ms(1)), Some(Noticed::Resumed));
        assert_eq!(w.note(ms(1)), None);
        assert_eq!(w.note(ms(30)), Some(Noticed::Stalled(ms(30))));
    }

    /// A real servo thread that hangs, and a real watchdog.
    #[test]
    fn the_watchdog_says_that_the_servo_hangs_and_that_it_works_again() {
        let clock = HostClock::start();
        let (heart, stop) = (Heartbeat::new(clock.now()), AtomicBool::new(false));
        let (tell, told) = watch::channel(false);
        let patience = clock.now().after(Duration::from_mins(1));
        std::thread::scope(|s| {
            s.spawn(|| run(&heart, ms(30), clock, &tell, &stop));
            while !*told.borrow() {
                assert!(clock.now() < patience, "nobody noticed that nothing beats");
            }
            while *told.borrow() {
                heart.beat(clock.now());
                assert!(clock.now() < patience, "nobody noticed that it beats again");
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
}
