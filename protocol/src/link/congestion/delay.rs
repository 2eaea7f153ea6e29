//! The window of pictures: backs off on *delay*, before the bottleneck's queue fills.
//!
//! Problem: commands and pictures share the narrowest queue of the path. A controller that slows
//! down on loss fills that queue to its end, and a command then waits behind 200 ms of pictures.
//! Reading the queue from round trips is easy to get wrong in five ways: the round trip without a
//! queue is unknown and changes (a handover, another route); a flow that always has a queue never
//! sees the path at rest, and takes its own queue for the path; radio links vary by tens of
//! milliseconds without any queue; the answer to a step comes a round trip later, so naive steps
//! overshoot; and pictures come in bursts, so that the shortest round trip says nothing.
//!
//! The rule chosen, in three phases:
//! - [`Phase::Start`]: the window doubles each round trip until the queue shows.
//! - [`Phase::Hold`]: once per [`Epoch`] the *mean* round trip of packets is compared with the round
//!   trip at rest ([`Path`]). In flight ÷ rate = round trip, so the window that gives the
//!   wanted queue is known in one division, as in FAST TCP. Only packets sent under the present
//!   window count, so a step waits for its own answer.
//! - [`Phase::Rest`]: every few seconds, and when cutting the window has not shortened the queue, the
//!   flight is held below what the path itself carries. No queue can be ours then: the mean round
//!   trip *is* that of the path at rest, its jitter included. If halving the flight shortens the
//!   round trip further, it is halved again before that is believed. A longer route is so found
//!   within a second, and jitter becomes part of what is normal.
//!
//! Loss is not a signal up to 10 %: radio loses at random. More of it, ECN and persistent congestion
//! cut the window. The wanted queue shrinks with the rate, which is what makes two such flows meet.
//!
//! Limits: below about 2 Mbit/s four packets are themselves longer than the wanted queue. Beside a
//! flow that fills the queue by itself the queue can not be kept short; then this controller takes
//! that queue for the path and keeps its share instead of starving.

use core::any::Any;
use std::sync::Arc;
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory};
use quinn_proto::RttEstimator;

use super::epoch::{Batch, Epoch};

/// The queue that one flow keeps at [`TARGET_RATE`], as a mean over its packets. Unit: second.
///
/// The longest wait is about twice the mean, because pictures come in bursts: 10 ms for a command.
const TARGET_S: f64 = 0.004;

/// The rate at which [`TARGET_S`] holds. Unit: byte per second. 25 Mbit/s.
const TARGET_RATE: f64 = 25e6 / 8.0;

/// Shortest and longest wanted queue. Unit: second. Below the first, the timers of an ordinary
/// computer look like a queue; beyond the second, commands wait too long.
const TARGET_MIN_S: f64 = 0.002;
const TARGET_MAX_S: f64 = 0.006;

/// The round trip at which half of the queue is wanted. Unit: second. QUIC sends 5/4 of a window in a
/// round trip, so a flow that was idle sends it in 4/5 of one and leaves up to 1/5 in the queue.
const LONG_S: f64 = 0.2;

/// How much of the wanted growth one step takes. Cuts are taken whole.
const GAIN: f64 = 0.8;

/// The smallest part of the window that one step leaves, and the largest that it adds.
const CUT_MIN: f64 = 0.1;
const GROW_MAX: f64 = 0.5;

/// Steps in a row without a queue after which the window grows by [`Phase::Start`] again.
const CALM_MAX: u32 = 4;

/// Growing by [`Phase::Start`] causes a queue for one round trip before it can be seen. Later than
/// the first time it is slowed down so that this queue is about as long as this. Unit: second.
const OVERSHOOT_S: f64 = 0.02;

/// Answers are collected for this long at least: one picture at 50 a second. Unit: second.
const COLLECT_S: f64 = 0.02;

/// Packets whose round trip a step needs at least; and those with which a bad queue needs no more.
const PACKETS_MIN: u32 = 4;
const PACKETS_ENOUGH: u32 = 16;

/// Cuts in a row, of a queue twice as long as wanted, after which the path is looked at in rest:
/// cutting should have helped by then.
const CUTS_MAX: u32 = 1;

/// The path is looked at in rest this often at least, or once in so many round trips. A flow that
/// never rests takes its own queue for the path.
const REST_EVERY_S: f64 = 5.0;
const REST_EVERY_ROUNDS: f64 = 20.0;

/// In rest the flight is this part of what the path carries without a queue.
const REST_PART: f64 = 0.75;

/// Packets of the smallest window in rest: two in flight, because a lone one is answered late.
const PACKETS_REST: f64 = 3.0;

/// Looks at the path in one rest at most, each at half the flight of the one before.
const LOOKS_MAX: u32 = 16;

/// From this part of lost bytes on the window is cut. Radio loses up to 5 % at random.
const LOSS_CUT: f64 = 0.10;

/// How much one epoch counts in the mean of the part lost.
const LOSS_WEIGHT: f64 = 0.25;

/// What remains of the window after a mark of congestion. RFC 8511 has 0.8 to 0.85 for loss-based
/// flows; this one has been told by delay before.
const AFTER_MARK: f64 = 0.7;

/// A small picture passes whatever happens. Unit: byte per second. 300 kbit/s.
const FLOOR_RATE: f64 = 300e3 / 8.0;

/// Packets in flight at least, and at first (RFC 9002, section 7.2).
const PACKETS_FLOOR: f64 = 4.0;
const PACKETS_INITIAL: f64 = 10.0;

/// The window held the sender back if the flight came this close to it.
const PACKETS_SLACK: f64 = 3.0;

/// Answers in a row that show a queue before [`Phase::Start`] ends.
const RISEN_MAX: u32 = 8;

/// Makes [`Yielding`] controllers.
#[derive(Debug, Clone, Copy, Default)]
pub struct YieldingConfig;

impl ControllerFactory for YieldingConfig {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        Box::new(Yielding::new(now, mtu))
    }
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Grows by this part of what is acknowledged; 1 doubles each round trip.
    Start { part: f64, risen: Option<Risen> },
    /// Keeps the wanted queue. Steps in a row that found none, and that found far too much.
    Hold { calm: u32, cuts: u32 },
    /// Looks at the path without a queue of its own. `window`: for afterwards, in bytes;
    /// `last_s`: the queue that the last look saw; `looks`: so far.
    Rest { window: f64, last_s: f64, looks: u32 },
}

const HOLD: Phase = Phase::Hold { calm: 0, cuts: 0 };

/// Answers in a row that show a queue.
#[derive(Debug, Clone, Copy)]
struct Risen {
    /// The first of them, which is not counted.
    since: Instant,
    answers: u32,
    bytes: f64,
}

/// The path with nothing of this flow waiting.
#[derive(Debug, Clone, Copy)]
struct Path {
    /// The mean round trip. Unit: second.
    mean_s: f64,
    /// How much longer single round trips are. Unit: second.
    jitter_s: f64,
}

/// Keeps the queue that pictures cause at a few milliseconds. See the module for how.
///
/// Bound: constant time and no allocation per acknowledgement.
#[derive(Debug, Clone)]
pub struct Yielding {
    /// Unit: byte.
    window: f64,
    /// Unit: byte.
    mtu: f64,
    phase: Phase,
    /// None before the first answer.
    path: Option<Path>,
    /// When the path was last looked at in rest.
    rested: Instant,
    /// What the flow carried when it last had no more than the wanted queue. Unit: byte per second.
    carried: f64,
    /// The part of bytes lost of late.
    lost: f64,
    batch: Batch,
    epoch: Epoch,
}

impl Yielding {
    /// Before the first packet.
    pub fn new(now: Instant, mtu: u16) -> Self {
        let mtu = f64::from(mtu);
        Self {
            window: PACKETS_INITIAL * mtu,
            mtu,
            phase: Phase::Start { part: 1.0, risen: None },
            path: None,
            rested: now,
            carried: 0.0,
            lost: 0.0,
            batch: Batch::default(),
            epoch: Epoch::new(now),
        }
    }

    /// The smallest window. Unit: byte.
    fn floor(&self) -> f64 {
        let round_trip_s = self.path.map_or(0.0, |path| path.mean_s) + TARGET_MAX_S;
        (PACKETS_FLOOR * self.mtu).max(FLOOR_RATE * round_trip_s)
    }

    fn set(&mut self, window: f64, phase: Phase, now: Instant) {
        self.window = window.max(match phase {
            Phase::Rest { .. } => PACKETS_REST * self.mtu,
            Phase::Start { .. } | Phase::Hold { .. } => self.floor(),
        });
        self.phase = phase;
        self.epoch = Epoch::new(now);
    }

    fn start(&mut self, now: Instant, round_trip_s: f64, flight: f64) {
        let Phase::Start { part, risen } = self.phase else { return };
        let mut path = self.path.unwrap_or(Path { mean_s: round_trip_s, jitter_s: 0.0 });
        path.mean_s = path.mean_s.min(round_trip_s + path.jitter_s);
        self.path = Some(path);
        let target_s = target_s(self.window / round_trip_s, path.mean_s);
        if round_trip_s - path.mean_s <= target_s + path.jitter_s {
            // Not beyond what was used: a picture flow often has nothing to send.
            if 2.0 * flight >= self.window {
                self.window += part * self.batch.bytes() as f64;
            }
            self.phase = Phase::Start { part, risen: None };
            return;
        }
        let mut risen = risen.unwrap_or(Risen { since: now, answers: 0, bytes: 0.0 });
        if risen.since < now {
            risen.answers += 1;
            risen.bytes += self.batch.bytes() as f64;
        }
        let lasts_s = now.saturating_duration_since(risen.since).as_secs_f64();
        if risen.answers < RISEN_MAX && lasts_s < path.mean_s.max(COLLECT_S) {
            self.phase = Phase::Start { part, risen: Some(risen) };
            return;
        }
        // While there is a queue, answers come at the rate of the bottleneck. It is no less than what
        // was answered before the window grew, and no more than what fits the window.
        let most = self.window / round_trip_s;
        self.carried = (risen.bytes / lasts_s.max(1e-6)).clamp(most / (1.0 + part), most);
        let window = self.carried * (path.mean_s + target_s);
        self.look(now, window, self.carried * path.mean_s);
    }

    fn hold(&mut self, now: Instant) {
        let Phase::Hold { calm, cuts } = self.phase else { return };
        let (Some(mut path), Some(mean_s)) = (self.path, self.epoch.mean_s()) else { return };
        let target_s = target_s(self.window / mean_s, path.mean_s);
        let bad = mean_s - path.mean_s > 3.0 * target_s && self.epoch.packets() >= PACKETS_ENOUGH;
        if !bad && !self.collected(now, path.mean_s) {
            return;
        }
        // A shorter route at once, luck with jitter little by little.
        let shorter_s = (path.mean_s - mean_s).max(0.0);
        path.mean_s -= if shorter_s > target_s { shorter_s } else { shorter_s / 8.0 };
        self.path = Some(path);
        self.lost += LOSS_WEIGHT * (self.epoch.lost_part() - self.lost);
        let queue_s = mean_s - path.mean_s;
        let used = self.window.min(self.epoch.peak as f64);
        let ideal = (path.mean_s + target_s) / mean_s;
        if queue_s > target_s {
            let window = self.window * ideal.max(CUT_MIN);
            let cuts = if queue_s > 2.0 * target_s { cuts + 1 } else { 0 };
            if cuts > CUTS_MAX {
                self.look(now, window, used * path.mean_s / self.epoch.longest_s);
            } else {
                self.set(window, Phase::Hold { calm: 0, cuts }, now);
            }
            return;
        }
        self.carried = used / mean_s;
        if self.lost > LOSS_CUT {
            self.set(self.window * (1.0 - self.lost / 2.0), HOLD, now);
        } else if used + PACKETS_SLACK * self.mtu < self.window {
            self.unused(now, used);
        } else if self.rest_due(now, path) {
            self.look(now, self.window, used * path.mean_s / self.epoch.longest_s);
        } else if calm >= CALM_MAX {
            let part = (OVERSHOOT_S / path.mean_s).clamp(0.1, 1.0);
            self.set(self.window, Phase::Start { part, risen: None }, now);
        } else {
            let calm = if queue_s < target_s / 2.0 { calm + 1 } else { 0 };
            let step = (GAIN * (ideal - 1.0)).clamp(0.0, GROW_MAX);
            self.set(self.window * (1.0 + step), Phase::Hold { calm, cuts: 0 }, now);
        }
    }

    /// True once enough answers about the present window are in.
    fn collected(&self, now: Instant, rest_s: f64) -> bool {
        self.epoch.packets() >= PACKETS_MIN
            && self.epoch.answered_for(now).as_secs_f64() >= COLLECT_S.max(rest_s / 2.0)
    }

    fn rest_due(&self, now: Instant, path: Path) -> bool {
        let since = now.saturating_duration_since(self.rested).as_secs_f64();
        since > REST_EVERY_S.max(REST_EVERY_ROUNDS * path.mean_s)
    }

    /// A window that nobody fills says nothing about the path: it is not trusted for longer than
    /// about a second (after RFC 7661).
    fn unused(&mut self, now: Instant, used: f64) {
        let enough = (2.0 * used).max(PACKETS_INITIAL * self.mtu);
        let part = now.saturating_duration_since(self.epoch.began).as_secs_f64().min(1.0);
        let excess = (self.window - enough).max(0.0);
        self.set(self.window - part * excess, HOLD, now);
    }

    /// Begins to look at the path in rest; without a queue it would carry `flight` bytes.
    fn look(&mut self, now: Instant, window: f64, flight: f64) {
        self.set(REST_PART * flight, Phase::Rest { window, last_s: f64::INFINITY, looks: 0 }, now);
    }

    fn rest(&mut self, now: Instant) {
        let Phase::Rest { window, last_s, looks } = self.phase else { return };
        let (Some(path), Some(mean_s)) = (self.path, self.epoch.mean_s()) else { return };
        if !self.collected(now, 0.0) {
            return;
        }
        let target_s = target_s(self.carried, path.mean_s);
        let queue_s = mean_s - path.mean_s;
        let same = queue_s <= target_s / 4.0;
        if !same && queue_s < last_s - target_s && looks < LOOKS_MAX {
            // It may be at least partly ours. Look deeper.
            let phase = Phase::Rest { window, last_s: queue_s, looks: looks + 1 };
            self.set(self.window / 2.0, phase, now);
            return;
        }
        self.path = Some(Path { mean_s, jitter_s: self.epoch.longest_s - mean_s });
        self.rested = now;
        // If halving the flight has not helped, it is the path that is longer, and the window has been
        // cut for nothing.
        let start = Phase::Start { part: 1.0, risen: None };
        self.set(window, if queue_s > target_s { start } else { HOLD }, now);
    }
}

/// The wanted queue of a flow of this rate on a path of this round trip. Unit: second.
fn target_s(rate: f64, rest_s: f64) -> f64 {
    let of_rate = TARGET_S * (TARGET_RATE / rate.max(1.0)).sqrt();
    (of_rate / (1.0 + rest_s / LONG_S)).clamp(TARGET_MIN_S, TARGET_MAX_S)
}

impl Controller for Yielding {
    fn on_ack(&mut self, _: Instant, sent: Instant, bytes: u64, _: bool, _: &RttEstimator) {
        self.batch.packet(sent, bytes);
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, _: bool, _: Option<u64>) {
        let flight = in_flight.saturating_add(self.batch.bytes());
        self.epoch.answer(now, &self.batch, flight);
        if let Some((_, round_trip_s)) = self.batch.round_trip_s(now) {
            match self.phase {
                Phase::Start { .. } => self.start(now, round_trip_s, flight as f64),
                Phase::Hold { .. } => self.hold(now),
                Phase::Rest { .. } => self.rest(now),
            }
        }
        self.batch = Batch::default();
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, persistent: bool, lost: u64) {
        if persistent {
            // Nothing is known about the path any more.
            self.path = None;
            self.set(0.0, Phase::Start { part: 1.0, risen: None }, now);
        } else if lost > 0 {
            self.epoch.loss(lost);
            let starting = matches!(self.phase, Phase::Start { .. });
            if starting && self.epoch.lost_part() > LOSS_CUT {
                self.set(self.window / 2.0, HOLD, now);
            }
        } else if sent >= self.epoch.began {
            self.set(self.window * AFTER_MARK, HOLD, now);
        }
    }

    fn on_mtu_update(&mut self, mtu: u16) {
        self.mtu = f64::from(mtu);
        self.window = self.window.max(self.floor());
    }

    fn window(&self) -> u64 {
        self.window as u64
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        (PACKETS_INITIAL * self.mtu) as u64
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
#[path = "delay_tests.rs"]
mod tests;
