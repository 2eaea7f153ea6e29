//! The share of commands lost within the last second.
//!
//! Gaps in the sequence, whatever their cause: lost on the way, dropped by a queue that kept the newest,
//! or overtaken. Source of the limits: the numeric defaults of the hazard analysis, 1 to 5 % in a second.

use core::time::Duration;

use protocol::time::{Moment, Robot};

/// Parts that the second is cut into.
const BUCKETS: usize = 10;

/// How long one part lasts.
const BUCKET: Duration = Duration::from_millis(100);

/// Fewer commands than this in a second say nothing about a share.
const ENOUGH: u64 = 20;

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    number: u64,
    came: u64,
    missed: u64,
}

/// Counts commands that came and commands that were missed. Bound: ten pairs of counts.
#[derive(Debug, Clone, Default)]
pub(super) struct LossMeter {
    buckets: [Bucket; BUCKETS],
}

impl LossMeter {
    /// One command has come, and `missed` before it have not.
    pub(super) fn note(&mut self, missed: u64, now: Moment<Robot>) {
        let number = Self::number(now);
        if let Some(bucket) = self.buckets.get_mut((number % BUCKETS as u64) as usize) {
            if bucket.number != number {
                *bucket = Bucket { number, came: 0, missed: 0 };
            }
            bucket.came += 1;
            bucket.missed = bucket.missed.saturating_add(missed);
        }
    }

    /// The share that was missed within the last second, 0 to 1; 0 while too little came to say.
    pub(super) fn share(&self, now: Moment<Robot>) -> f64 {
        let newest = Self::number(now);
        let recent = self.buckets.iter().filter(|b| newest.wrapping_sub(b.number) < BUCKETS as u64);
        let (came, missed) = recent.fold((0_u64, 0_u64), |(came, missed), b| {
            (came + b.came, missed.saturating_add(b.missed))
        });
        let sent = came.saturating_add(missed);
        if sent < ENOUGH { 0.0 } else { missed as f64 / sent as f64 }
    }

    const fn number(now: Moment<Robot>) -> u64 {
        now.as_ns() / BUCKET.as_nanos() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Moment<Robot> {
        Moment::from_ns(ms * 1_000_000)
    }

    /// LOSS: the share is that of the last second, no more and no less.
    #[test]
    fn the_share_is_that_of_the_last_second() {
        let mut m = LossMeter::default();
        for t in 1_000..2_000 {
            m.note(u64::from(t % 100 == 0), ms(t));
        }
        let share = m.share(ms(1_999));
        assert!((share - 10.0 / 1_010.0).abs() < 1e-9, "{share}");
        for t in 2_000..2_900 {
            m.note(0, ms(t));
        }
        let share = m.share(ms(2_899));
        assert!((share - 1.0 / 1_001.0).abs() < 1e-9, "{share}");
        assert_eq!(m.share(ms(2_900)), 0.0);
        assert_eq!(m.share(ms(9_000)), 0.0, "nothing came lately");
    }

    #[test]
    fn too_few_commands_say_nothing() {
        let mut m = LossMeter::default();
        for t in 0..9 {
            m.note(1, ms(t));
        }
        assert_eq!(m.share(ms(9)), 0.0);
        m.note(1, ms(9));
        assert!((m.share(ms(9)) - 0.5).abs() < 1e-12);
        m.note(u64::MAX, ms(9));
        assert!((m.share(ms(9)) - 1.0).abs() < 1e-9);
    }
}
