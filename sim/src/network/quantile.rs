//! What delays are like: a distribution by its quantiles.
//!
//! Sources publish a median and a few percentiles of a tail, not a law. Between two of them the logarithm
//! of the share that is beyond falls in a straight line, which is how the tails of networks look; a line
//! through the shares themselves would put far too much just below the next percentile.

use core::time::Duration;

/// How far the tail goes beyond the last percentile: one in so many of those beyond it has the largest.
const BEYOND_LAST: f64 = 100.0;

/// Points of a table, at most.
pub const POINTS_MAX: usize = 32;

/// Parts of a sum of exponential laws, at most.
pub const PARTS_MAX: usize = 8;

/// A distribution of delays.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(Duration),
    /// By percentiles.
    Quantiles(Quantiles),
    /// The least, and an exponential law that is drawn from several.
    HyperExponential(HyperExponential),
}

impl Default for Distribution {
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

impl Distribution {
    /// The delay that a share `beyond` exceeds, `beyond` in `(0, 1]`. Unit: second.
    pub(super) fn beyond(&self, beyond: f64) -> f64 {
        match self {
            Self::Constant(delay) => delay.as_secs_f64(),
            Self::Quantiles(table) => table.beyond(beyond),
            Self::HyperExponential(law) => law.beyond(beyond),
        }
    }

    /// The least delay.
    pub fn least(&self) -> Duration {
        match self {
            Self::Constant(delay) => *delay,
            Self::Quantiles(table) => table.points.first().map_or(Duration::ZERO, |p| p.1),
            Self::HyperExponential(law) => law.least,
        }
    }
}

/// Why points are no distribution.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum QuantileError {
    /// Too few or too many.
    #[error("a distribution has 2 to {POINTS_MAX} points, this has {0}")]
    Count(usize),
    /// The first is not the least, or the last not the largest.
    #[error("the first point must be at 0 % and the last at 100 %")]
    Ends,
    /// Not in ascending order: the point with this index, from 0.
    #[error("share and delay must not fall from one point to the next")]
    Order(usize),
}

/// A distribution by percentiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// Share below, and delay.
    points: Vec<(f64, Duration)>,
}

impl Quantiles {
    /// The distribution with these points: the share of delays below (0 to 1), and the delay. From 0 (the
    /// least) to 1 (the largest).
    pub fn new(points: Vec<(f64, Duration)>) -> Result<Self, QuantileError> {
        if !(2..=POINTS_MAX).contains(&points.len()) {
            return Err(QuantileError::Count(points.len()));
        }
        let ends = (points.first().map(|p| p.0), points.last().map(|p| p.0));
        if ends != (Some(0.0), Some(1.0)) {
            return Err(QuantileError::Ends);
        }
        // Written so that NaN is out of order.
        let rises = |a: &(f64, Duration), b: &(f64, Duration)| b.0 > a.0 && b.1 >= a.1;
        match points.iter().zip(points.iter().skip(1)).position(|(a, b)| !rises(a, b)) {
            Some(at) => Err(QuantileError::Order(at + 1)),
            None => Ok(Self { points }),
        }
    }

    fn beyond(&self, beyond: f64) -> f64 {
        let mut low = (1.0, 0.0);
        for (share, delay) in &self.points {
            let (here, delay) = (1.0 - share, delay.as_secs_f64());
            if here >= beyond {
                low = (here, delay);
                continue;
            }
            // The largest would be reached never: it is, by one in so many beyond the last percentile.
            let end = if here > 0.0 { here } else { low.0 / BEYOND_LAST };
            let way = (low.0 / beyond).ln() / (low.0 / end).ln();
            return low.1 + (delay - low.1) * way.clamp(0.0, 1.0);
        }
        low.1
    }
}

/// Why parts are no distribution.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PartsError {
    /// None, or too many.
    #[error("a hyper-exponential law has 1 to {PARTS_MAX} parts, this has {0}")]
    Count(usize),
    /// Shares do not make a whole.
    #[error("the shares of the parts must add up to 100 %, these make {:.3} %", .0 * 100.0)]
    Sum(f64),
}

/// The least, and an exponential law that is drawn from several.
#[derive(Debug, Clone, PartialEq)]
pub struct HyperExponential {
    least: Duration,
    /// Share, and mean in seconds.
    parts: Vec<(f64, f64)>,
}

impl HyperExponential {
    /// `least` and beyond it parts, each with its share (0 to 1) and its mean.
    pub fn new(least: Duration, parts: &[(f64, Duration)]) -> Result<Self, PartsError> {
        if !(1..=PARTS_MAX).contains(&parts.len()) {
            return Err(PartsError::Count(parts.len()));
        }
        let sum: f64 = parts.iter().map(|p| p.0).sum();
        let whole = (sum - 1.0).abs() < 1e-6 && parts.iter().all(|p| p.0 >= 0.0);
        if !whole {
            return Err(PartsError::Sum(sum));
        }
        let parts = parts.iter().map(|(share, mean)| (*share, mean.as_secs_f64())).collect();
        Ok(Self { least, parts })
    }

    fn beyond(&self, beyond: f64) -> f64 {
        let least = self.least.as_secs_f64();
        let slowest = self.parts.iter().map(|p| p.1).fold(0.0, f64::max);
        if !(slowest > 0.0) {
            return least;
        }
        let share = |x: f64| -> f64 {
            self.parts.iter().map(|(s, m)| if *m > 0.0 { s * (-x / m).exp() } else { 0.0 }).sum()
        };
        // The slowest part alone is beyond the whole.
        let (mut low, mut high) = (0.0, slowest * (1.0 / beyond).ln() + slowest);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if share(middle) > beyond { low = middle } else { high = middle }
        }
        least + low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_table_meets_its_points_and_falls_exponentially_between_them() {
        let points = vec![(0.0, ms(10)), (0.5, ms(20)), (0.99, ms(100)), (1.0, ms(300))];
        let table = Quantiles::new(points).unwrap();
        let at = |beyond| (table.beyond(beyond) * 1e3 * 1e6).round() / 1e6;
        assert_eq!([at(1.0), at(0.5), at(0.01)], [10.0, 20.0, 100.0]);
        // Half-way in the logarithm from one in two to one in a hundred.
        assert_eq!(at((0.5_f64 * 0.01).sqrt()), 60.0);
        assert_eq!([at(1e-4), at(1e-9)], [300.0, 300.0]);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        let new = |points: &[(f64, Duration)]| Quantiles::new(points.to_vec()).unwrap_err();
        assert_eq!(new(&[(0.0, ms(1))]), QuantileError::Count(1));
        assert_eq!(new(&[(0.0, ms(1)), (0.9, ms(2))]), QuantileError::Ends);
        assert_eq!(new(&[(0.0, ms(1)), (0.5, ms(3)), (1.0, ms(2))]), QuantileError::Order(2));
        assert_eq!(new(&[(0.0, ms(1)), (f64::NAN, ms(3)), (1.0, ms(4))]), QuantileError::Order(1));
        assert_eq!(HyperExponential::new(ms(1), &[]), Err(PartsError::Count(0)));
        assert_eq!(HyperExponential::new(ms(1), &[(0.5, ms(1))]), Err(PartsError::Sum(0.5)));
    }

    #[test]
    fn a_hyper_exponential_law_is_the_sum_of_its_parts() {
        let law = HyperExponential::new(ms(70), &[(0.75, ms(40)), (0.25, ms(10))]).unwrap();
        assert!((law.beyond(1.0) - 0.07).abs() < 1e-9);
        for x in [1.0, 30.0, 200.0] {
            let beyond = 0.75 * (-x / 40.0_f64).exp() + 0.25 * (-x / 10.0_f64).exp();
            assert!((law.beyond(beyond) * 1e3 - 70.0 - x).abs() < 1e-6, "{x}");
        }
    }
}
