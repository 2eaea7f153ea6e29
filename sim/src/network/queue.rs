//! The bottleneck: how long a packet waits until it has been sent, and whether there is room for it.

use core::time::Duration;

use super::spec::{HEADER_BYTES, QueueLimit, RateSpec};

/// A sender with a rate in front of a queue whose tail is dropped.
#[derive(Debug, Clone)]
pub(super) struct Bottleneck {
    rate: Option<RateSpec>,
    /// When all that was let in will have been sent.
    free_at: Duration,
    /// When the stretch without a pause that ends then begins: an outage parts it from what was let in before.
    busy_from: Duration,
    /// The stretch before that: from when to when.
    older: (Duration, Duration),
}

impl Bottleneck {
    pub(super) const fn new(rate: Option<RateSpec>) -> Self {
        let never = Duration::ZERO;
        Self { rate, free_at: never, busy_from: never, older: (never, never) }
    }

    /// When a packet that comes at `now` would begin to be sent, or `None` if there is no room.
    pub(super) fn begins(&self, now: Duration, bytes: u64) -> Option<Duration> {
        let Some(rate) = self.rate else { return Some(now.max(self.free_at)) };
        let limit = match rate.queue {
            QueueLimit::Bytes(bytes) => time_for(bytes, rate),
            QueueLimit::Time(time) => time,
        };
        let fits = self.unsent(now).saturating_add(self.sending(bytes)) <= limit;
        fits.then_some(now.max(self.free_at))
    }

    /// How long it takes to send a packet.
    pub(super) fn sending(&self, bytes: u64) -> Duration {
        self.rate.map_or(Duration::ZERO, |rate| time_for(bytes.saturating_add(HEADER_BYTES), rate))
    }

    /// How long it takes to send all that was let in and is not sent at `now`.
    fn unsent(&self, now: Duration) -> Duration {
        let left = |from: Duration, until: Duration| until.saturating_sub(now.max(from));
        left(self.older.0, self.older.1).saturating_add(left(self.busy_from, self.free_at))
    }

    /// Lets in a packet that comes at `now` and begins at `begin`; returns when it will have been sent.
    pub(super) fn admit(&mut self, now: Duration, begin: Duration, bytes: u64) -> Duration {
        if begin > self.free_at {
            // Three stretches at a time count as two, the pause between the older ones as if it were full.
            let from = if self.older.1 > now { self.older.0 } else { self.busy_from };
            self.older = (from, self.free_at);
            self.busy_from = begin;
        }
        self.free_at = begin.saturating_add(self.sending(bytes));
        self.free_at
    }

    /// How long a packet that came at `now` would wait.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.free_at.saturating_sub(now)
    }
}

fn time_for(wire_bytes: u64, rate: RateSpec) -> Duration {
    let ns = u128::from(wire_bytes) * 8_000_000_000 / u128::from(rate.bits_per_s.get());
    Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::num::NonZeroU64;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// One byte in a millisecond.
    fn slow(queue: QueueLimit) -> Bottleneck {
        let bits_per_s = NonZeroU64::new(8_000).unwrap();
        Bottleneck::new(Some(RateSpec { bits_per_s, queue }))
    }

    #[test]
    fn packets_are_sent_one_after_another_with_their_headers() {
        let mut b = slow(QueueLimit::Bytes(1000));
        let begin = b.begins(ms(5), 72).unwrap();
        assert_eq!((begin, b.admit(ms(5), begin, 72)), (ms(5), ms(105)));
        let begin = b.begins(ms(10), 2).unwrap();
        assert_eq!((begin, b.admit(ms(10), begin, 2)), (ms(105), ms(135)));
        assert_eq!(b.wait(ms(35)), ms(100));
        assert_eq!(b.begins(ms(500), 1), Some(ms(500)));
    }

    #[test]
    fn a_packet_for_which_there_is_no_room_is_dropped() {
        for limit in [QueueLimit::Bytes(200), QueueLimit::Time(ms(200))] {
            let mut b = slow(limit);
            for _ in 0..2 {
                let begin = b.begins(ms(0), 72).unwrap();
                b.admit(begin, begin, 72);
            }
            assert_eq!(b.begins(ms(0), 1), None);
            assert_eq!(b.begins(ms(28), 1), None);
            assert_eq!(b.begins(ms(29), 1), Some(ms(200)));
        }
    }

    /// While it is closed nothing leaves, so that room is counted from its end.
    #[test]
    fn a_closed_queue_fills() {
        let mut b = slow(QueueLimit::Bytes(200));
        assert_eq!(b.admit(ms(9_000), ms(10_000), 72), ms(10_100));
        assert_eq!(b.begins(ms(9_000), 72), Some(ms(10_100)));
        b.admit(ms(9_000), ms(10_100), 72);
        assert_eq!(b.begins(ms(9_500), 1), None);
    }

    /// An outage that begins while the queue is not empty makes no room in it, and neither does another one.
    #[test]
    fn what_was_let_in_before_an_outage_still_takes_its_room() {
        let mut b = slow(QueueLimit::Bytes(300));
        b.admit(ms(0), ms(0), 72);
        b.admit(ms(0), ms(1_000), 72);
        assert_eq!(b.begins(ms(0), 73), None, "200 of 300 are taken");
        assert_eq!(b.begins(ms(0), 72), Some(ms(1_100)));
        assert_eq!(b.begins(ms(50), 122), Some(ms(1_100)), "half of the first is sent");
        b.admit(ms(50), ms(2_000), 72);
        assert_eq!(b.begins(ms(50), 23), None);
    }
}
