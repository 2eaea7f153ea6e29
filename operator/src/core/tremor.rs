//! The tremor filter: what a hand wants is slow, what it trembles is not.
//!
//! A second-order Butterworth low-pass, one tick per command frame: `|H(f)|² = 1 / (1 + (f/fc)⁴)`.
//! Voluntary motion stays below 2 Hz (98.9 % of its power), tremor lies at 6 to 12 Hz. With the
//! cut-off of the shipped profile, fc = 6 Hz:
//!
//! | frequency | amplitude left |
//! |---|---|
//! | 2 Hz | 99 % |
//! | 6 Hz | 71 % |
//! | 8 Hz | 49 % |
//! | 10 Hz | 34 % |
//! | 12 Hz | 24 % |
//!
//! What it costs: the hand arrives later by the group delay, `√2 / (2π·fc)` = 38 ms for slow motion
//! (41 ms at 2 Hz). This delay lies before the command is stamped, so it is in no age and no stage;
//! it is named here and on the page instead. After a sudden stop the output swings past by 4 %.
//!
//! The filter counts ticks, not time: a late tick is one tick. Its gain at rest is exactly one, so a
//! filtered step arrives whole, however the ticks are spaced.

use core::f64::consts::{PI, SQRT_2};

/// The highest cut-off, as a fraction of the tick rate.
///
/// Below half the rate is what the transform needs; beyond a quarter its poles turn negative and the
/// filter rings at the rate of the ticks instead of smoothing.
const CUTOFF_MAX: f64 = 0.25;

/// A second-order Butterworth low-pass for one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TremorFilter {
    gain: f64,
    a1: f64,
    a2: f64,
    s1: f64,
    s2: f64,
}

impl TremorFilter {
    /// A filter at rest, for `cutoff_hz` at `tick_hz` ticks per second.
    ///
    /// A cut-off above a quarter of the tick rate is brought down to it: at 20 ticks a second, the
    /// slowest that a profile allows, that is 5 Hz.
    pub fn new(cutoff_hz: f64, tick_hz: f64) -> Self {
        let ratio = (cutoff_hz / tick_hz).clamp(1e-6, CUTOFF_MAX);
        // A ratio that is no number would poison every output; the strongest filter is safe.
        let ratio = if ratio.is_finite() { ratio } else { 1e-6 };
        // Bilinear transform with the cut-off pre-warped, transposed direct form II.
        let k = (PI * ratio).tan();
        let norm = 1.0 / (1.0 + SQRT_2 * k + k * k);
        Self {
            gain: k * k * norm,
            a1: 2.0 * (k * k - 1.0) * norm,
            a2: (1.0 - SQRT_2 * k + k * k) * norm,
            s1: 0.0,
            s2: 0.0,
        }
    }

    /// The output of this tick. A number that is not finite counts as zero.
    pub fn tick(&mut self, input: f64) -> f64 {
        let input = if input.is_finite() { input } else { 0.0 };
        let fed = self.gain * input;
        let output = fed + self.s1;
        self.s1 = 2.0 * fed - self.a1 * output + self.s2;
        self.s2 = fed - self.a2 * output;
        output
    }

    /// Back at rest.
    pub const fn reset(&mut self) {
        self.s1 = 0.0;
        self.s2 = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Amplitude at `f` after the start has died away.
    fn amplitude(fc: f64, f: f64, rate: f64) -> f64 {
        let mut filter = TremorFilter::new(fc, rate);
        let ticks = (rate * (4.0 / fc + 4.0 / f)) as u32;
        let (mut re, mut im, mut n) = (0.0, 0.0, 0.0);
        for tick in 0..ticks * 2 {
            let phase = 2.0 * PI * f * f64::from(tick) / rate;
            let out = filter.tick(phase.sin());
            if tick >= ticks {
                re += out * phase.cos();
                im += out * phase.sin();
                n += 1.0;
            }
        }
        2.0 * f64::hypot(re, im) / n
    }

    #[test]
    fn tremor_is_attenuated_as_documented_and_voluntary_motion_is_not() {
        for (f, left) in [(2.0, 0.994), (6.0, 0.707), (8.0, 0.490), (10.0, 0.339), (12.0, 0.243)] {
            let got = amplitude(6.0, f, 1000.0);
            assert!((got - left).abs() < 0.02, "{f} Hz: {got:.3} for {left}");
        }
    }

    #[test]
    fn slow_motion_is_late_by_the_documented_group_delay() {
        let mut filter = TremorFilter::new(6.0, 1000.0);
        let mut late = 0.0;
        for tick in 0..2000 {
            let at = f64::from(tick);
            late = at - filter.tick(at);
        }
        assert!((late - 37.5).abs() < 0.6, "{late} ms");
    }

    proptest! {
        #[test]
        fn a_constant_comes_out_whole(
            fc in 1.0_f64..30.0, rate in 20.0_f64..1000.0, level in -10.0_f64..10.0,
        ) {
            let mut filter = TremorFilter::new(fc, rate);
            let mut out = 0.0;
            for _ in 0..20_000 {
                out = filter.tick(level);
            }
            prop_assert!((out - level).abs() < 1e-6, "{} for {}", out, level);
        }

        #[test]
        fn bounded_input_gives_bounded_output_for_ever(fc in 1.0_f64..30.0, rate in 20.0_f64..1000.0) {
            // The sum of the absolute impulse response is the largest output that any input inside
            // one can ever give. It is largest, 1.293, at a quarter of the tick rate.
            let mut filter = TremorFilter::new(fc, rate);
            let response: Vec<f64> =
                (0..20_000).map(|n| filter.tick(if n == 0 { 1.0 } else { 0.0 })).collect();
            let worst: f64 = response.iter().map(|h| h.abs()).sum();
            prop_assert!((1.0 - 1e-9..=1.3).contains(&worst), "{}", worst);
            prop_assert!(response.iter().skip(19_000).all(|h| h.abs() < 1e-12));
        }

        #[test]
        fn a_step_arrives_whole_however_it_is_cut(
            steps in proptest::collection::vec(-0.01_f64..0.01, 1..100),
        ) {
            let mut filter = TremorFilter::new(6.0, 1000.0);
            let mut arrived: f64 = steps.iter().map(|s| filter.tick(*s)).sum();
            for _ in 0..5_000 {
                arrived += filter.tick(0.0);
            }
            prop_assert!((arrived - steps.iter().sum::<f64>()).abs() < 1e-9);
        }

        #[test]
        fn a_number_that_is_none_leaves_no_trace(bad in prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)
        ]) {
            let (mut a, mut b) = (TremorFilter::new(6.0, 1000.0), TremorFilter::new(6.0, 1000.0));
            a.tick(0.3);
            b.tick(0.3);
            prop_assert_eq!(a.tick(bad), b.tick(0.0));
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn no_cutoff_makes_it_unstable() {
        for fc in [0.0, -1.0, 1e9, f64::NAN, f64::INFINITY] {
            let mut filter = TremorFilter::new(fc, 100.0);
            for _ in 0..1000 {
                assert!(filter.tick(1.0).abs() <= 1.3, "{fc}");
            }
        }
    }
}
