//! What no hand is without: physiological tremor.

use core::f64::consts::{PI, TAU};

use nalgebra::Vector3;

use crate::noise::Noise;

/// Root of the mean square along one axis. Unit: m. Source: 50 to 200 µm in the literature of steady hands; this is
/// 120 µm over three axes.
const RMS_M: f64 = 70e-6;

/// Where most of it is. Unit: Hz. Source: 6 to 12 Hz.
const CENTRE_HZ: f64 = 8.5;

/// Width of each of two resonators in a row. Unit: Hz. Together half of the power passes between 6.9 and 10.4 Hz.
const WIDTH_HZ: f64 = 5.5;

/// Ticks until the answer to one impulse has died away, in widths.
const DIES_WIDTHS: f64 = 6.0;

/// One resonator: zeros at rest and at half the tick rate.
#[derive(Debug, Clone, Copy, Default)]
struct Resonator {
    a1: f64,
    a2: f64,
    x: [f64; 2],
    y: [f64; 2],
}

impl Resonator {
    fn new(tick_hz: f64) -> Self {
        let r = (-PI * WIDTH_HZ / tick_hz).exp();
        Self { a1: 2.0 * r * (TAU * CENTRE_HZ / tick_hz).cos(), a2: -r * r, ..Self::default() }
    }

    const fn tick(&mut self, x: f64) -> f64 {
        let [x1, x2] = self.x;
        let [y1, y2] = self.y;
        let y = x - x2 + self.a1 * y1 + self.a2 * y2;
        (self.x, self.y) = ([x, x1], [y, y1]);
        y
    }
}

/// A place that trembles around zero.
#[derive(Debug, Clone)]
pub struct Tremor {
    noise: Noise,
    axes: [[Resonator; 2]; 3],
    gain: f64,
}

impl Tremor {
    /// The tremor of this seed, for a hand that is read `tick_hz` times a second.
    pub fn new(tick_hz: f64, seed: u64) -> Self {
        let pair = [Resonator::new(tick_hz); 2];
        let [mut first, mut second] = pair;
        let ticks = (DIES_WIDTHS * tick_hz / WIDTH_HZ) as u32;
        let power: f64 = (0..ticks)
            .map(|tick| second.tick(first.tick(if tick == 0 { 1.0 } else { 0.0 })).powi(2))
            .sum();
        Self { noise: Noise::new(seed), axes: [pair; 3], gain: RMS_M / power.sqrt() }
    }

    /// Where it is in the next tick. Unit: m.
    pub fn tick(&mut self) -> Vector3<f64> {
        let Self { noise, axes: [x, y, z], gain } = self;
        let mut axis =
            |[first, second]: &mut [Resonator; 2]| *gain * second.tick(first.tick(noise.normal()));
        Vector3::new(axis(x), axis(y), axis(z))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK_HZ: f64 = 1_000.0;

    #[test]
    fn it_is_as_large_as_published_and_most_of_it_between_6_and_12_hz() {
        for seed in 0..4 {
            let mut tremor = Tremor::new(TICK_HZ, seed);
            for _ in 0..1_000 {
                tremor.tick();
            }
            let way: Vec<_> = (0..16_384).map(|_| tremor.tick()).collect();
            let squares: f64 = way.iter().map(Vector3::norm_squared).sum();
            let rms_um = (squares / way.len() as f64).sqrt() * 1e6;
            assert!((50.0..200.0).contains(&rms_um), "{rms_um}");
            // Power by frequency, in bands of half a hertz.
            let seconds = way.len() as f64 / TICK_HZ;
            let power = |hz: f64| {
                let (mut re, mut im) = (0.0, 0.0);
                for (n, at) in way.iter().enumerate() {
                    let (sin, cos) = (TAU * hz * n as f64 / TICK_HZ).sin_cos();
                    re += at.x * cos;
                    im += at.x * sin;
                }
                (re * re + im * im) / seconds
            };
            let bands: Vec<(f64, f64)> = (1..=50)
                .map(|band| {
                    let from = f64::from(band) * 0.5;
                    (from, (0..8).map(|part| power(from + f64::from(part) / 16.0)).sum())
                })
                .collect();
            let total: f64 = bands.iter().map(|(_, power)| power).sum();
            let inside: f64 =
                bands.iter().filter(|(hz, _)| (6.0..12.0).contains(hz)).map(|b| b.1).sum();
            let peak = bands.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |b| b.0);
            assert!((6.0..12.0).contains(&peak), "{peak}");
            assert!(inside > 0.7 * total, "{inside} of {total}");
        }
    }
}
