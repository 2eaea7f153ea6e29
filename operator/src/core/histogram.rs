//! Percentiles of a whole run in fixed memory: a histogram with logarithmic buckets.
//!
//! Every power of two is cut into 64 buckets, so a bucket is at most 1/64 as wide as its values and
//! its middle is at most 0.8 % off any of them. Values below 64 ns are exact. The range is that of
//! the clock (584 years): nothing overflows, nothing is clipped.

use core::time::Duration;

const SUB_BITS: u32 = 6;
const SUB: u64 = 1 << SUB_BITS;
const BUCKETS: usize = ((64 - SUB_BITS as usize) + 1) * SUB as usize;

/// Counts durations. Bound: 30 kB; recording takes constant time and does not allocate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
    count: u64,
    max_ns: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), count: 0, max_ns: 0 }
    }

    /// Counts one value.
    pub fn record(&mut self, value: Duration) {
        let ns = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.counts.get_mut(index(ns)) {
            *bucket = bucket.saturating_add(1);
            self.count = self.count.saturating_add(1);
            self.max_ns = self.max_ns.max(ns);
        }
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.count = self.count.saturating_add(other.count);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// The value that `percent` of all values (0 to 100, nearest rank) do not exceed, within 1 %;
    /// `None` if there are no values or `percent` is no number.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        if self.count == 0 || percent.is_nan() {
            return None;
        }
        let rank = (percent.clamp(0.0, 100.0) / 100.0 * self.count as f64).ceil() as u64;
        let rank = rank.clamp(1, self.count);
        let mut seen = 0_u64;
        for (bucket, n) in (0_usize..).zip(&self.counts) {
            seen = seen.saturating_add(*n);
            if seen >= rank {
                return Some(Duration::from_nanos(middle(bucket).min(self.max_ns)));
            }
        }
        Some(self.max())
    }

    /// How many values were counted.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The largest value, exactly; zero if there are none.
    pub const fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }

    /// The buckets that hold values, in rising order: the largest value of each, and how many.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        (0_usize..)
            .zip(&self.counts)
            .filter(|(_, n)| **n > 0)
            .map(|(bucket, n)| (Duration::from_nanos(upper(bucket)), *n))
    }
}

/// The bucket of a value: its highest bit chooses the power, the next six bits the part of it.
const fn index(ns: u64) -> usize {
    if ns < SUB {
        return ns as usize;
    }
    let power = ns.ilog2() - SUB_BITS;
    (power as u64 * SUB + (ns >> power)) as usize
}

/// The smallest value of a bucket, and how many values wide it is.
const fn range(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    if bucket < 2 * SUB {
        return (bucket, 1);
    }
    let power = bucket / SUB - 1;
    ((bucket % SUB + SUB) << power, 1 << power)
}

const fn middle(bucket: usize) -> u64 {
    let (low, width) = range(bucket);
    low + width / 2
}

const fn upper(bucket: usize) -> u64 {
    let (low, width) = range(bucket);
    low + (width - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_value_has_a_bucket_that_holds_it() {
        for shift in 0..64 {
            for ns in [1_u64 << shift, (1 << shift) - 1, u64::MAX >> shift, (1 << shift) | 5] {
                let bucket = index(ns);
                let (low, width) = range(bucket);
                assert!(bucket < BUCKETS && low <= ns && ns - low < width, "{ns}");
            }
        }
    }

    #[test]
    fn an_empty_histogram_has_no_percentile() {
        let h = Histogram::new();
        assert_eq!((h.percentile(50.0), h.count(), h.max()), (None, 0, Duration::ZERO));
    }

    #[test]
    fn one_value_is_every_percentile() {
        let mut h = Histogram::new();
        h.record(Duration::from_nanos(50));
        for p in [0.0, 50.0, 100.0, -3.0, 400.0] {
            assert_eq!(h.percentile(p), Some(Duration::from_nanos(50)));
        }
        assert_eq!(h.percentile(f64::NAN), None);
        h.record(Duration::MAX);
        assert_eq!(h.max(), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn merging_is_recording_both() {
        let (mut a, mut b, mut both) = (Histogram::new(), Histogram::new(), Histogram::new());
        for ms in [1, 5, 9, 200] {
            a.record(Duration::from_millis(ms));
            b.record(Duration::from_micros(ms * 7));
            both.record(Duration::from_millis(ms));
            both.record(Duration::from_micros(ms * 7));
        }
        a.merge(&b);
        assert_eq!(a, both);
        assert_eq!(a.buckets().map(|(_, n)| n).sum::<u64>(), 8);
    }

    proptest! {
        #[test]
        fn percentiles_are_within_one_percent_of_the_sorted_values(
            mut values in proptest::collection::vec(0_u64..10_000_000_000, 1..300),
            percent in 0.0_f64..=100.0,
        ) {
            let mut h = Histogram::new();
            for ns in &values {
                h.record(Duration::from_nanos(*ns));
            }
            values.sort_unstable();
            let rank = (percent / 100.0 * values.len() as f64).ceil() as usize;
            let truth = values[rank.clamp(1, values.len()) - 1] as f64;
            let got = h.percentile(percent).unwrap().as_nanos() as f64;
            prop_assert!((got - truth).abs() <= 0.01 * truth, "{} for {}", got, truth);
            prop_assert!(h.percentile(100.0).unwrap() <= h.max());
        }
    }
}
