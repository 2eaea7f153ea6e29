//! The point spread: how far one scatterer smears along and across the beams.
//!
//! Along the beam it is the pulse. Across, a two-way beam is the product of what is sent and what is heard: what is
//! heard is focused everywhere (dynamic receive), what is sent only at the focus, and around it widens as a cone.

use super::probe::{Probe, Settings};
use super::speckle::Lattice;
use super::{BEAMS, SAMPLES};

/// Samples to either side that an echo reaches along the beam at most: at 2 MHz in the shallowest picture.
const AXIAL_REACH: usize = 12;

/// Beams to either side that an echo reaches.
const LATERAL_REACH: usize = 4;

/// Length of the aperture. Unit: m. With 3.5 MHz it gives 2 mm at 80 mm.
const APERTURE_M: f64 = 0.018;

/// Width of the diffraction of one way, as a deviation, in wavelengths × depth ÷ aperture: a Hann-weighted aperture.
const DIFFRACTION: f64 = 0.6;

/// Width of the sent cone, as a deviation, in parts of its full width.
const CONE_PART: f64 = 0.3;

/// No beam is narrower than this. Unit: wavelength, a deviation.
const NARROWEST_WAVES: f64 = 0.8;

/// Deviation of the pulse's envelope. Unit: wavelength. Two cycles there and back.
const PULSE_WAVES: f64 = 0.75;

/// Separable Gaussian point spread, lateral width varying with depth.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    axial: Vec<f32>,
    /// One row of weights per sample for each beam offset.
    lateral: Vec<f32>,
    scratch: Vec<f32>,
}

/// Deviation of the two-way beam at a way along it. Unit: m.
fn beam_sigma_m(settings: &Settings, way_m: f64) -> f64 {
    let wave_m = settings.wave_m();
    // The receiver opens up with depth.
    let aperture_m = APERTURE_M.min(0.006 + 0.4 * way_m);
    let heard = DIFFRACTION * wave_m * way_m.max(0.01) / aperture_m;
    let off_focus = (way_m - settings.focus_m).abs() / settings.focus_m;
    let sent = heard.hypot(CONE_PART * aperture_m * off_focus);
    (heard * sent / heard.hypot(sent)).max(NARROWEST_WAVES * wave_m)
}

impl Spread {
    pub(super) fn new(probe: &Probe, settings: &Settings, lattice: Lattice) -> Self {
        let step_m = settings.depth_m / SAMPLES as f64;
        // Never under 0.8 samples, where it could not be drawn.
        let sigma = (PULSE_WAVES * settings.wave_m() / step_m).max(0.8);
        let reach = ((2.7 * sigma).ceil() as usize).min(AXIAL_REACH);
        let mut axial = vec![0.0_f32; 2 * reach + 1];
        fill(&mut axial, sigma, step_m / lattice.along_m);
        let rows = 2 * LATERAL_REACH + 1;
        let mut lateral = vec![0.0; rows * SAMPLES];
        for sample in 0..SAMPLES {
            let way_m = (sample as f64 + 0.5) * step_m;
            let spacing_m = probe.spacing_m(way_m);
            let sigma = beam_sigma_m(settings, way_m) / spacing_m;
            let mut weights = [0.0_f32; 2 * LATERAL_REACH + 1];
            fill(&mut weights, sigma.max(0.45), spacing_m / lattice.across_m);
            for (row, weight) in lateral.chunks_exact_mut(SAMPLES).zip(weights) {
                if let Some(slot) = row.get_mut(sample) {
                    *slot = weight;
                }
            }
        }
        Self { axial, lateral, scratch: vec![0.0; SAMPLES + 2 * reach] }
    }

    /// Blurs `field` (beam-major, BEAMS × SAMPLES) along the beams in place, then across them into `out`.
    pub(super) fn apply(&mut self, field: &mut [f32], out: &mut [f32]) {
        let reach = self.axial.len() / 2;
        for beam in field.chunks_exact_mut(SAMPLES) {
            if let Some(middle) = self.scratch.get_mut(reach..reach + SAMPLES) {
                middle.copy_from_slice(beam);
            }
            beam.fill(0.0);
            for (tap, weight) in self.axial.iter().enumerate() {
                let shifted = self.scratch.get(tap..tap + SAMPLES).unwrap_or_default();
                for (o, x) in beam.iter_mut().zip(shifted) {
                    *o += weight * x;
                }
            }
        }
        for (b, target) in out.chunks_exact_mut(SAMPLES).enumerate() {
            target.fill(0.0);
            for (tap, weights) in self.lateral.chunks_exact(SAMPLES).enumerate() {
                let Some(source) = (b + tap).checked_sub(LATERAL_REACH).filter(|s| *s < BEAMS)
                else {
                    continue;
                };
                let beam = field.get(source * SAMPLES..(source + 1) * SAMPLES).unwrap_or_default();
                for ((o, x), w) in target.iter_mut().zip(beam).zip(weights) {
                    *o += w * x;
                }
            }
        }
    }
}

/// Gaussian weights under which the scatterers keep their power, `step` of their cells apart.
fn fill(weights: &mut [f32], sigma: f64, step: f64) {
    let middle = (weights.len() / 2) as f64;
    for (i, w) in weights.iter_mut().enumerate() {
        let x = (i as f64 - middle) / sigma;
        *w = (-0.5 * x * x).exp() as f32;
    }
    // Neighbours within a cell are alike and add up; without this a finer picture would be a brighter one.
    let power: f64 = weights
        .iter()
        .enumerate()
        .flat_map(|(i, a)| weights.iter().enumerate().map(move |(j, b)| (i, *a, j, *b)))
        .map(|(i, a, j, b)| f64::from(a * b) * Lattice::likeness(step * i.abs_diff(j) as f64))
        .sum();
    let level = (1.0 / power.sqrt()) as f32;
    for w in weights {
        *w *= level;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beam_is_narrowest_at_the_focus_and_twice_as_fine_at_twice_the_frequency() {
        let at = |settings: &Settings, mm: u32| beam_sigma_m(settings, f64::from(mm) * 1e-3);
        let plain = Settings::default();
        for focus_mm in [40_u32, 80, 120] {
            let settings = Settings { focus_m: f64::from(focus_mm) * 1e-3, ..plain };
            let unfocused = Settings { focus_m: 0.005, ..plain };
            assert!(at(&settings, focus_mm) < 0.75 * at(&unfocused, focus_mm), "{focus_mm}");
        }
        let finer = Settings { frequency_mhz: 7.0, ..plain };
        let ratio = at(&plain, 80) / at(&finer, 80);
        assert!((ratio - 2.0).abs() < 1e-9, "{ratio}");
    }
}
