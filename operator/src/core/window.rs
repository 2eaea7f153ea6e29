//! Percentiles of the last second in fixed memory.

use core::time::Duration;

use protocol::time::{Moment, Operator};

/// How far back a window looks: long enough for a p95, short enough to show what is now.
pub const WINDOW: Duration = Duration::from_secs(1);

/// Values kept. A thousand state frames a second is the most that a profile allows.
const CAPACITY: usize = 1024;

/// The values of the last second. Bound: 16 kB; adding takes constant time and does not allocate.
#[derive(Debug, Clone)]
pub struct Window {
    ring: Box<[(Moment<Operator>, f64)]>,
    next: usize,
    filled: usize,
}

impl Default for Window {
    fn default() -> Self {
        let ring = vec![(Moment::START, 0.0); CAPACITY].into_boxed_slice();
        Self { ring, next: 0, filled: 0 }
    }
}

impl Window {
    /// Adds a value; one that is not finite is ignored.
    pub fn add(&mut self, value: f64, at: Moment<Operator>) {
        if !value.is_finite() {
            return;
        }
        if let Some(slot) = self.ring.get_mut(self.next) {
            *slot = (at, value);
        }
        self.next = (self.next + 1) % CAPACITY;
        self.filled = (self.filled + 1).min(CAPACITY);
    }

    /// The value that `percent` of the last second's values do not exceed (nearest rank); `None` if
    /// there are none.
    pub fn percentile(&self, percent: f64, now: Moment<Operator>) -> Option<f64> {
        let mut sorted = [0.0_f64; CAPACITY];
        let mut n = 0_usize;
        for (value, slot) in self.recent(now).zip(sorted.iter_mut()) {
            *slot = value;
            n += 1;
        }
        let sorted = sorted.get_mut(..n)?;
        sorted.sort_unstable_by(f64::total_cmp);
        if percent.is_nan() {
            return None;
        }
        let rank = (percent.clamp(0.0, 100.0) / 100.0 * n as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).copied()
    }

    /// How many values the last second has.
    pub fn count(&self, now: Moment<Operator>) -> usize {
        self.recent(now).count()
    }

    /// Forgets everything.
    pub const fn clear(&mut self) {
        self.next = 0;
        self.filled = 0;
    }

    fn recent(&self, now: Moment<Operator>) -> impl Iterator<Item = f64> {
        self.ring
            .iter()
            .take(self.filled)
            .filter(move |(at, _)| now.since(*at).is_some_and(|age| age <= WINDOW))
            .map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment<Operator> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn only_the_last_second_counts() {
        let mut w = Window::default();
        assert_eq!(w.percentile(50.0, at(1)), None);
        w.add(900.0, at(10));
        for ms in 1..=100 {
            w.add(ms as f64, at(1000 + ms));
        }
        assert_eq!(w.percentile(100.0, at(1010)), Some(900.0));
        assert_eq!(w.count(at(1101)), 100);
        assert_eq!(w.percentile(50.0, at(1101)), Some(50.0));
        assert_eq!(w.percentile(95.0, at(1101)), Some(95.0));
        assert_eq!(w.percentile(0.0, at(1101)), Some(1.0));
        assert_eq!(w.percentile(50.0, at(3000)), None);
        w.clear();
        assert_eq!(w.count(at(1101)), 0);
    }

    #[test]
    fn more_values_than_fit_push_out_the_oldest() {
        let mut w = Window::default();
        for n in 0..3000_u32 {
            w.add(f64::from(n), at(500));
        }
        assert_eq!(w.count(at(500)), CAPACITY);
        assert_eq!(w.percentile(0.0, at(500)), Some(1976.0));
        w.add(f64::NAN, at(500));
        assert_eq!(w.percentile(100.0, at(500)), Some(2999.0));
    }
}
