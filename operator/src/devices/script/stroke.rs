//! One smooth motion from here to there.
//!
//! Strokes are minimum-jerk (Flash and Hogan 1985): `s(τ) = 10τ³ − 15τ⁴ + 6τ⁵`, with a peak speed of 1.875 times the
//! mean and a peak acceleration of 5.77 times way over time squared.

use core::time::Duration;

use protocol::time::{Moment, Operator};

/// Ratio of peak and mean speed of a stroke.
pub const PEAK_TO_MEAN: f64 = 1.875;

/// Ratio of the peak acceleration of a stroke and its way over the square of its time.
pub const PEAK_ACCELERATION: f64 = 5.774;

/// A stroke in time, or a rest.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    began: Moment<Operator>,
    takes: Duration,
}

impl Span {
    /// One that is over.
    pub const OVER: Self = Self { began: Moment::START, takes: Duration::ZERO };

    /// One that begins now. Unit of the time: second.
    pub fn from_now(now: Moment<Operator>, takes_s: f64) -> Self {
        Self { began: now, takes: Duration::from_secs_f64(takes_s) }
    }

    /// True if nothing of it is left.
    pub fn is_over(&self, now: Moment<Operator>) -> bool {
        now >= self.began.after(self.takes)
    }

    /// Share of the way that is gone, 0 to 1.
    pub fn way(&self, now: Moment<Operator>) -> f64 {
        minimum_jerk(self.time(now))
    }

    /// Speed, in ways a second.
    pub fn speed(&self, now: Moment<Operator>) -> f64 {
        let t = self.time(now).clamp(0.0, 1.0);
        let takes_s = self.takes.as_secs_f64();
        if takes_s > 0.0 { 30.0 * (t * (1.0 - t)).powi(2) / takes_s } else { 0.0 }
    }

    /// Share of the time that is gone.
    fn time(&self, now: Moment<Operator>) -> f64 {
        let gone = now.since(self.began).unwrap_or(Duration::ZERO).as_secs_f64();
        if self.takes.is_zero() { 1.0 } else { gone / self.takes.as_secs_f64() }
    }
}

/// Share of the way after this share of the time.
fn minimum_jerk(share: f64) -> f64 {
    let t = share.clamp(0.0, 1.0);
    t * t * t * (10.0 + t * (6.0 * t - 15.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_are_smooth_and_end_where_they_should() {
        assert!(minimum_jerk(-1.0) == 0.0 && (minimum_jerk(2.0) - 1.0).abs() < 1e-12);
        let span = Span::from_now(Moment::from_ns(5), 2.0);
        let at = |ms: u64| Moment::from_ns(5 + ms * 1_000_000);
        let (mut peak, mut steepest, mut before) = (0.0_f64, 0.0_f64, 0.0);
        for ms in 0..2_000 {
            let speed = (span.way(at(ms + 1)) - span.way(at(ms))) * 1e3;
            assert!(speed >= -1e-9);
            assert!((speed - span.speed(at(ms))).abs() < 2e-3, "{ms}: {speed}");
            steepest = steepest.max((speed - before) * 1e3);
            peak = peak.max(speed);
            before = speed;
        }
        assert!((2.0 * peak - PEAK_TO_MEAN).abs() < 1e-3, "{peak}");
        assert!((4.0 * steepest - PEAK_ACCELERATION).abs() < 0.05, "{steepest}");
        assert!(!span.is_over(at(1_999)) && span.is_over(at(2_000)));
        assert!(Span::OVER.is_over(at(0)) && Span::OVER.speed(at(0)) == 0.0);
    }
}
