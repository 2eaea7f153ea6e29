//! One direction of a link as a pure function of its specification, its seed and what was offered.
//!
//! What happens to a packet, in this order: there is room for it in the queue or not; it waits until it
//! has been sent, and until an outage is over if it is not lost in it; the medium may lose it; then it
//! is late by what the link is late by at that moment, and by what it alone is.

use core::time::Duration;

use super::Chance;
use super::delay::DelayProcess;
use super::loss::LossProcess;
use super::outage::{Outage, scaled};
use super::queue::Bottleneck;
use super::spec::{IDLE_STEPS_MAX, IdleStep, LinkSpec, OUTAGES_MAX, Order, ReorderSpec};
use crate::noise::Noise;

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Delivered {
        /// When, since the start.
        at: Duration,
        /// When it arrives once more, if it does.
        again: Option<Duration>,
        /// How long it waited until it began to be sent.
        queued: Duration,
    },
    /// It does not.
    Lost(Reason),
}

/// Why a packet is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The medium lost it.
    Medium,
    /// There was no room in the queue.
    Queue,
    /// The link was out.
    Outage,
}

/// What has become of all packets. Offered is delivered and lost together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Packets that were offered.
    pub offered: u64,
    /// Packets that arrive, those that arrive twice counted once.
    pub delivered: u64,
    /// Of those, packets that arrive twice.
    pub duplicated: u64,
    /// Of those, packets that were held back so that others overtake them.
    pub reordered: u64,
    /// Packets that the medium lost.
    pub lost_medium: u64,
    /// Packets for which there was no room.
    pub lost_queue: u64,
    /// Packets that were lost in an outage.
    pub lost_outage: u64,
    /// What was offered, without headers. Unit: byte.
    pub offered_bytes: u64,
    /// What arrives, without headers, each packet counted once. Unit: byte.
    pub delivered_bytes: u64,
}

impl Counts {
    /// Packets that do not arrive.
    pub const fn lost(&self) -> u64 {
        self.lost_medium.saturating_add(self.lost_queue).saturating_add(self.lost_outage)
    }

    fn note(&mut self, fate: Fate, bytes: u64) {
        self.offered += 1;
        self.offered_bytes = self.offered_bytes.saturating_add(bytes);
        match fate {
            Fate::Delivered { again, .. } => {
                self.delivered += 1;
                self.delivered_bytes = self.delivered_bytes.saturating_add(bytes);
                self.duplicated += u64::from(again.is_some());
            }
            Fate::Lost(Reason::Medium) => self.lost_medium += 1,
            Fate::Lost(Reason::Queue) => self.lost_queue += 1,
            Fate::Lost(Reason::Outage) => self.lost_outage += 1,
        }
    }
}

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct LinkModel {
    delay: DelayProcess,
    jitter: Duration,
    order: Order,
    loss: LossProcess,
    bottleneck: Bottleneck,
    outages: Vec<Outage>,
    idle: Vec<IdleStep>,
    reorder: Option<ReorderSpec>,
    duplicate: Chance,
    /// Draws of delays and losses apart, so that a loss does not change the delays of the rest.
    noise: [Noise; 2],
    /// When the last packet was offered.
    last_offer: Option<Duration>,
    /// When the last packet in order arrives.
    last_arrival: Duration,
    counts: Counts,
}

impl LinkModel {
    /// The link of this specification and seed, at time zero.
    pub fn new(spec: &LinkSpec, seed: u64) -> Self {
        let mut seeds = Noise::new(seed);
        let noise = [Noise::new(seeds.bits()), Noise::new(seeds.bits())];
        let outages = spec.outages.iter().take(OUTAGES_MAX);
        Self {
            delay: DelayProcess::new(&spec.delay),
            jitter: spec.delay.jitter,
            order: spec.delay.order,
            loss: LossProcess::new(spec.loss),
            bottleneck: Bottleneck::new(spec.rate),
            outages: outages.map(|o| Outage::new(*o, seeds.bits())).collect(),
            idle: spec.idle.iter().take(IDLE_STEPS_MAX).copied().collect(),
            reorder: spec.reorder,
            duplicate: spec.duplicate,
            noise,
            last_offer: None,
            last_arrival: Duration::ZERO,
            counts: Counts::default(),
        }
    }

    /// The link after `before`, which it replaces: counts go on, and no packet arrives before those that
    /// are still on their way. What waits in the old queue does not wait in the new one.
    #[must_use]
    pub fn following(mut self, before: &Self) -> Self {
        self.last_offer = before.last_offer;
        self.last_arrival = before.last_arrival;
        self.counts = before.counts;
        self
    }

    /// What becomes of a packet of `bytes` bytes, without headers, that is handed to the link at `now`
    /// since the start. A `now` before that of the packet before counts as that one.
    ///
    /// Bound: no allocation; at most a few thousand steps after a long silence with outages.
    pub fn offer(&mut self, now: Duration, bytes: usize) -> Fate {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let now = now.max(self.last_offer.unwrap_or(Duration::ZERO));
        let silence = self.last_offer.replace(now).map(|last| now.saturating_sub(last));
        let fate = self.decide(now, silence, bytes);
        self.counts.note(fate, bytes);
        fate
    }

    /// What has become of all packets.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How long a packet that came at `now` would wait until it began to be sent.
    pub fn wait(&self, now: Duration) -> Duration {
        self.bottleneck.wait(now)
    }

    fn decide(&mut self, now: Duration, silence: Option<Duration>, bytes: u64) -> Fate {
        let Some(free) = self.bottleneck.begins(now, bytes) else {
            return Fate::Lost(Reason::Queue);
        };
        let Some(begin) = self.after_outages(free) else {
            return Fate::Lost(Reason::Outage);
        };
        let sent = self.bottleneck.admit(now, begin, bytes);
        let [delays, losses] = &mut self.noise;
        // Drawn for lost packets, too: the delay goes on with time, not with luck.
        let late = self.delay.at(sent, delays);
        if self.loss.loses(losses) {
            return Fate::Lost(Reason::Medium);
        }
        let mut at = sent.saturating_add(scaled(Duration::from_secs(1), late));
        if !self.jitter.is_zero() {
            at = at.saturating_add(scaled(self.jitter, losses.uniform()));
        }
        at = at.saturating_add(self.penalty(silence));
        at = self.in_order(at, bytes);
        let [_, losses] = &mut self.noise;
        let again = self.duplicate.happens(losses).then_some(at);
        Fate::Delivered { at, again, queued: begin.saturating_sub(now) }
    }

    /// When the packet that would begin to be sent at `begin` does; `None` if it is lost.
    fn after_outages(&mut self, begin: Duration) -> Option<Duration> {
        let mut begin = begin;
        let [_, losses] = &mut self.noise;
        // One outage may end within another: each moves the beginning on, and none comes twice.
        for _ in 0..OUTAGES_MAX {
            let mut moved = false;
            for outage in &mut self.outages {
                let Some((end, lose)) = outage.at(begin) else { continue };
                // One without end holds for ever, which is lost.
                if lose.happens(losses) || end == Duration::MAX {
                    return None;
                }
                (begin, moved) = (end, true);
            }
            if !moved {
                return Some(begin);
            }
        }
        None
    }

    fn penalty(&self, silence: Option<Duration>) -> Duration {
        let Some(silence) = silence else { return Duration::ZERO };
        let steps = self.idle.iter().rev();
        steps.into_iter().find(|s| silence >= s.after).map_or(Duration::ZERO, |s| s.extra)
    }

    /// When a packet arrives that would at `at`, if it were alone.
    fn in_order(&mut self, at: Duration, bytes: u64) -> Duration {
        let at = match self.order {
            Order::Free => at,
            // Nor do they come faster than they can be sent.
            Order::Kept => at.max(self.last_arrival.saturating_add(self.bottleneck.sending(bytes))),
        };
        let [_, losses] = &mut self.noise;
        if let Some(reorder) = self.reorder
            && reorder.chance.happens(losses)
        {
            self.counts.reordered += 1;
            return at.saturating_add(scaled(reorder.by, losses.uniform()));
        }
        if self.order == Order::Kept {
            self.last_arrival = at;
        }
        at
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
