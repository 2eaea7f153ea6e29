//! A path in virtual time: a rate, a drop-tail queue, a delay, and what radio adds to it.

use std::time::Duration;

/// Bytes of the IP and UDP headers around a packet.
const HEADERS: u64 = 28;

/// A moment of the simulation. Unit: nanosecond since its beginning.
pub(crate) type Ns = u64;

pub(crate) const MS: Ns = 1_000_000;
pub(crate) const SECOND: Ns = 1000 * MS;

/// The bottleneck of the issue. Unit: bit per second.
pub(crate) const RATE: u64 = 25_000_000;

/// One direction of a path, as data.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// Before this moment only the delay counts: handshakes, whose lengths are random, leave no trace.
    pub(crate) begins: Ns,
    /// Unit: bit per second. The narrowest link of the path.
    pub(crate) rate: u64,
    /// What waits longer than this is dropped on arrival.
    pub(crate) queue: Duration,
    /// One way, without a queue.
    pub(crate) delay: Duration,
    /// Delay of the radio: uniform between zero and this, drawn anew every 5 ms, in order.
    pub(crate) jitter: Duration,
    /// Lost at random, of a thousand.
    pub(crate) loss_permille: u64,
    /// Nothing passes from the first moment to the second.
    pub(crate) outage: (Ns, Ns),
    /// From this moment on the delay is this: another route.
    pub(crate) moved: (Ns, Duration),
    /// From this moment on the rate is this. Unit: bit per second.
    pub(crate) then: (Ns, u64),
}

impl Spec {
    /// 25 Mbit/s with a drop-tail queue of 200 ms and this round trip.
    pub(crate) fn of_issue(round_trip: Duration) -> Self {
        Self {
            begins: 0,
            rate: RATE,
            queue: Duration::from_millis(200),
            delay: round_trip / 2,
            jitter: Duration::ZERO,
            loss_permille: 0,
            outage: (0, 0),
            moved: (Ns::MAX, Duration::ZERO),
            then: (Ns::MAX, 0),
        }
    }

    /// One way without a queue.
    pub(crate) fn delay(&self, now: Ns) -> Ns {
        let delay = if now < self.moved.0 { self.delay } else { self.moved.1 };
        delay.as_nanos() as Ns
    }

    /// How long a packet of this size takes to pass the link. Unit: nanosecond.
    pub(crate) fn serialised(&self, now: Ns, bytes: usize) -> Ns {
        let rate = if now < self.then.0 { self.rate } else { self.then.1 };
        (bytes as u64 + HEADERS) * 8 * 1_000_000_000 / rate
    }
}

/// A seeded source of chance (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, or zero.
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }
}

/// One direction of a path at work.
pub(crate) struct Way {
    pub(crate) spec: Spec,
    chance: Chance,
    free_at: Ns,
    last_arrival: Ns,
    jitter: (Ns, Ns),
}

impl Way {
    pub(crate) fn new(spec: Spec, seed: u64) -> Self {
        Self { spec, chance: Chance(seed), free_at: 0, last_arrival: 0, jitter: (0, 0) }
    }

    /// When a packet that enters now arrives; none if it is dropped.
    pub(crate) fn offer(&mut self, now: Ns, bytes: usize) -> Option<Ns> {
        const SLOT: Ns = 5 * MS;
        let spec = &self.spec;
        if now < spec.begins {
            return Some(now + spec.delay(now));
        }
        let wait = self.free_at.saturating_sub(now);
        if wait > spec.queue.as_nanos() as Ns
            || (spec.outage.0..spec.outage.1).contains(&now)
            || self.chance.below(1000) < spec.loss_permille
        {
            return None;
        }
        self.free_at = self.free_at.max(now) + spec.serialised(now, bytes);
        let slot = self.free_at / SLOT;
        if slot != self.jitter.0 {
            self.jitter = (slot, self.chance.below(spec.jitter.as_nanos() as u64));
        }
        let arrival = self.free_at + spec.delay(now) + self.jitter.1;
        self.last_arrival = self.last_arrival.max(arrival);
        Some(self.last_arrival)
    }
}
