//! What the robot decided, for people and programs: the log of transitions, the counts, the audit.
//!
//! The audit is the ground truth that a demonstration is judged by. The core says how old the picture
//! was that steered each tick; the journal hears the capture times on another way, from the capture
//! thread itself, and computes the age again. A tick that followed beyond a hard limit is counted as
//! stale, whatever the core thought of it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::host::HostClock;
use protocol::profile::Profile;
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};

use super::arrivals::{Arrivals, WayIn};
use super::rings::{Captured, Receiver, TickRecord};
use super::watchdog::Heartbeat;
use crate::core::{Followed, Transition};

/// Pictures whose capture times are remembered.
const VIEWS: usize = 512;

/// How often the rings are emptied: far below the second from which on nobody engages unrecorded.
const DRAIN_EVERY: Duration = Duration::from_millis(10);

/// What has happened since the robot was started.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Ticks made.
    pub ticks: u64,
    /// Ticks missed.
    pub ticks_missed: u64,
    /// Command frames that passed identity.
    pub commands_accepted: u64,
    /// Command frames dropped, for whatever reason.
    pub commands_dropped: u64,
    /// Ticks that followed the hand.
    pub followed: u64,
    /// Ticks that followed the hand although something that steered was beyond its hard limit.
    pub stale_executed: u64,
    /// Largest contact force. Unit: newton.
    pub force_max_n: f64,
    /// Times the robot went to HOLD.
    pub holds: u64,
    /// Times the robot went to PSTOP, ESTOP or FAULT.
    pub stops: u64,
    /// Times the robot began to follow.
    pub engages: u64,
    /// Times the people beside the robot were called.
    pub calls: u64,
    /// The newest transition.
    pub last: Option<Transition>,
    /// The state now.
    pub state: Option<OperatingState>,
    /// Pictures skipped before capture, because the link was busy.
    pub pictures_skipped: u64,
    /// Median and 99th percentile of the core's time per tick over the last second.
    pub core_time: Option<(Duration, Duration)>,
    /// Records lost because the journal was too slow.
    pub records_lost: u64,
    /// From the hand's sample to the ring of the servo, where both ends share a clock.
    pub way_in: Option<WayIn>,
}

/// Reads what the servo writes.
pub struct Journal {
    ticks: Receiver<TickRecord>,
    captured: Receiver<Captured>,
    profile: Profile,
    /// Of commands, if the operator's clock is this robot's clock, as in a demonstration.
    arrivals: Option<Arrivals>,
    views: BTreeMap<u64, Moment<Robot>>,
    core_ns: Vec<u64>,
    calling: bool,
    summary: Arc<Mutex<Summary>>,
}

/// A view of the journal's summary.
#[derive(Clone)]
pub struct SummaryHandle(Arc<Mutex<Summary>>);

impl SummaryHandle {
    /// The summary now.
    pub fn get(&self) -> Summary {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Journal {
    /// A journal of these rings.
    pub fn new(
        ticks: Receiver<TickRecord>,
        captured: Receiver<Captured>,
        profile: Profile,
        arrivals: Option<Arrivals>,
    ) -> Self {
        Self {
            ticks,
            captured,
            profile,
            arrivals,
            views: BTreeMap::new(),
            core_ns: Vec::with_capacity(1_000),
            calling: false,
            summary: Arc::default(),
        }
    }

    /// A handle to the summary, for other threads.
    pub fn summary(&self) -> SummaryHandle {
        SummaryHandle(Arc::clone(&self.summary))
    }

    /// Records until `stop` is set. Each beat of `heart` says up to when everything is recorded.
    pub fn run(mut self, clock: HostClock<Robot>, heart: &Heartbeat, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let begun = clock.now();
            self.drain();
            heart.beat(begun);
            clock.wait_until(begun.after(DRAIN_EVERY));
        }
        self.drain();
    }

    /// Takes in everything that has been written since the last call.
    pub fn drain(&mut self) {
        // Pictures first: a tick may have been steered by one that was captured just before it.
        while let Some(c) = self.captured.take() {
            if c.source != self.profile.freshness.steering {
                continue;
            }
            self.views.insert(c.view, c.at);
            if self.views.len() > VIEWS {
                self.views.pop_first();
            }
        }
        let shared = Arc::clone(&self.summary);
        let mut summary = shared.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(record) = self.ticks.take() {
            self.note(&record, &mut summary);
        }
        summary.records_lost = self.ticks.dropped() + self.captured.dropped();
        let way_in = self.arrivals.as_mut().and_then(Arrivals::drain);
        summary.way_in = way_in.or(summary.way_in);
    }

    fn note(&mut self, record: &TickRecord, summary: &mut Summary) {
        summary.ticks += 1;
        summary.ticks_missed += record.missed;
        summary.commands_accepted = record.accepted;
        summary.commands_dropped = record.dropped;
        if record.contact_n > summary.force_max_n {
            summary.force_max_n = record.contact_n;
        }
        if let Some(followed) = &record.followed {
            summary.followed += 1;
            if self.was_stale(record.at, followed) {
                summary.stale_executed += 1;
            }
        }
        if let Some(t) = record.transition {
            note_transition(&t, summary);
        }
        if record.calls && !self.calling {
            summary.calls += 1;
            tracing::warn!(
                "the people beside the robot are called: it stands still, and nobody engages again"
            );
        }
        self.calling = record.calls;
        self.core_ns.push(record.core_ns);
        if self.core_ns.len() >= 1_000 {
            self.core_ns.sort_unstable();
            let at = |i: usize| Duration::from_nanos(self.core_ns.get(i).copied().unwrap_or(0));
            summary.core_time = Some((at(500), at(990)));
            self.core_ns.clear();
        }
    }

    /// True if what steered this tick was older than allowed, by the journal's own reckoning.
    fn was_stale(&self, at: Moment<Robot>, followed: &Followed) -> bool {
        let f = &self.profile.freshness;
        let view_age = self.views.get(&followed.seen_view).and_then(|c| at.since(*c));
        let view_stale = view_age.is_none_or(|age| age > f.view_age_hard);
        let loop_stale = followed.loop_age.is_none_or(|age| age > f.loop_age_hard);
        // On one clock the true age of the hand's sample is known, too.
        let hand = at.since(Moment::from_ns(followed.t_input.as_ns()));
        let hand_stale = self.arrivals.is_some() && hand.is_none_or(|age| age > f.view_age_hard);
        view_stale || loop_stale || hand_stale
    }
}

fn note_transition(t: &Transition, summary: &mut Summary) {
    summary.last = Some(*t);
    summary.state = Some(t.to);
    match t.to {
        OperatingState::Hold => summary.holds += 1,
        OperatingState::Pstop | OperatingState::Estop | OperatingState::Fault => {
            summary.stops += 1;
        }
        OperatingState::Engaged if t.from != OperatingState::Degraded => summary.engages += 1,
        _ => {}
    }
    match (t.cause, t.figures) {
        (Some(cause), Some((reading, limit))) => tracing::warn!(
            code = cause.id(),
            epoch = t.epoch,
            "{} -> {}: {} ({reading:.4} with a limit of {limit:.4}, SI units)",
            t.from,
            t.to,
            cause.sentence(),
        ),
        (Some(cause), None) => tracing::warn!(
            code = cause.id(),
            epoch = t.epoch,
            "{} -> {}: {}",
            t.from,
            t.to,
            cause.sentence()
        ),
        (None, _) => tracing::debug!(epoch = t.epoch, "{} -> {}", t.from, t.to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::arrivals::arrivals;
    use crate::shell::rings::{Sender, ring};
    use protocol::picture::ViewSource;

    fn ms(ms: u64) -> Moment<Robot> {
        Moment::from_ns(ms * 1_000_000)
    }

    fn journal(same_clock: bool) -> (Sender<TickRecord>, Sender<Captured>, Journal) {
        let (ticks, from_ticks) = ring(8);
        let (captured, from_captured) = ring(8);
        let profile = Profile::parse(protocol::profile::ULTRASOUND).unwrap();
        let arrivals = same_clock.then(|| arrivals(HostClock::start()).1);
        (ticks, captured, Journal::new(from_ticks, from_captured, profile, arrivals))
    }

    fn followed(view: u64, hand: u64) -> Followed {
        Followed {
            seq: 1,
            t_input: Moment::from_ns(hand * 1_000_000),
            seen_view: view,
            loop_age: Some(Duration::from_millis(5)),
            view_age: Some(Duration::ZERO),
        }
    }

    fn record(at: u64, followed: Option<Followed>) -> TickRecord {
        TickRecord {
            at: ms(at),
            transition: None,
            followed,
            contact_n: 3.0,
            calls: false,
            core_ns: 5,
            late_ns: 0,
            missed: 0,
            accepted: 1,
            dropped: 0,
        }
    }

    fn stale(same_clock: bool, at: u64, f: Followed) -> u64 {
        let (mut ticks, mut captured, mut j) = journal(same_clock);
        captured.send(Captured { source: ViewSource::Ultrasound, view: 7, at: ms(1_000) });
        captured.send(Captured { source: ViewSource::Room, view: 8, at: ms(1_000) });
        ticks.send(record(at, Some(f)));
        j.drain();
        j.summary().get().stale_executed
    }

    /// The audit does not believe the core: `view_age` says zero in all of these.
    #[test]
    fn a_motion_by_an_old_or_unknown_picture_is_counted_whatever_the_core_says() {
        assert_eq!(stale(false, 1_200, followed(7, 0)), 0);
        assert_eq!(stale(false, 1_201, followed(7, 0)), 1);
        assert_eq!(stale(false, 1_001, followed(8, 0)), 1, "a picture of another source");
        assert_eq!(stale(false, 999, followed(7, 0)), 1, "a picture from the future");
        let f = Followed { loop_age: None, ..followed(7, 0) };
        assert_eq!(stale(false, 1_001, f), 1);
    }

    #[test]
    fn on_one_clock_an_old_hand_is_counted_too() {
        assert_eq!(stale(true, 1_150, followed(7, 1_000)), 0);
        assert_eq!(stale(true, 1_150, followed(7, 900)), 1);
        assert_eq!(stale(true, 1_150, followed(7, 1_151)), 1, "a hand from the future");
    }

    #[test]
    fn counts_are_kept() {
        use OperatingState::{Degraded, Engaged, Fault, Hold, Ready};
        let (mut ticks, _captured, mut j) = journal(false);
        let to = |from, to| Transition { from, to, cause: None, figures: None, epoch: 1 };
        for t in [to(Ready, Engaged), to(Engaged, Degraded), to(Degraded, Engaged)] {
            ticks.send(TickRecord { transition: Some(t), ..record(1, None) });
        }
        for t in [to(Engaged, Hold), to(Hold, Fault)] {
            ticks.send(TickRecord { transition: Some(t), contact_n: f64::NAN, ..record(1, None) });
        }
        j.drain();
        let s = j.summary().get();
        assert_eq!((s.ticks, s.engages, s.holds, s.stops), (5, 1, 1, 1));
        assert_eq!((s.state, s.commands_accepted), (Some(Fault), 1));
        assert_eq!(s.force_max_n, 3.0);
    }

    #[test]
    fn people_are_called_once_per_stop() {
        let (mut ticks, _captured, mut j) = journal(false);
        for calls in [false, true, true, false, true] {
            ticks.send(TickRecord { calls, ..record(1, None) });
        }
        j.drain();
        assert_eq!(j.summary().get().calls, 2);
    }

    /// RECORDER-STALL: a real journal thread that hangs at its work does not beat, and beats again
    /// once it works.
    #[test]
    fn a_journal_that_hangs_falls_silent_for_as_long_as_it_hangs() {
        let (_ticks, _captured, j) = journal(false);
        let (clock, stop, summary) = (HostClock::start(), AtomicBool::new(false), j.summary());
        let heart = Heartbeat::new(clock.now());
        let patience = clock.now().after(Duration::from_mins(1));
        let wait_until = |fact: &dyn Fn(Duration) -> bool| {
            while !fact(heart.silence(clock.now())) {
                assert!(clock.now() < patience);
                std::thread::yield_now();
            }
        };
        std::thread::scope(|s| {
            s.spawn(|| j.run(clock, &heart, &stop));
            wait_until(&|silence| silence < Duration::from_millis(100));
            let blocked = summary.0.lock().unwrap();
            wait_until(&|silence| silence > Duration::from_millis(300));
            drop(blocked);
            wait_until(&|silence| silence < Duration::from_millis(100));
            stop.store(true, Ordering::Relaxed);
        });
    }
}
