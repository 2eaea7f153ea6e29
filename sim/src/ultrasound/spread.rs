//! The point spread: how far one scatterer smears along and across the beams.

use super::probe::{Probe, Settings};
use super::{BEAMS, SAMPLES};

/// Samples to either side that an echo reaches along the beam.
const AXIAL_REACH: usize = 4;

/// Beams to either side that an echo reaches.
const LATERAL_REACH: usize = 4;

/// Length of the aperture. Unit: m. With 3.5 MHz it gives 2 mm at 80 mm.
const APERTURE_M: f64 = 0.018;

/// Part of the geometric cone that a dynamically focused receiver leaves over.
const CONE_PART: f64 = 0.18;

/// Speed of sound that every scanner assumes. Unit: m/s.
const SOUND_M_S: f64 = 1540.0;

/// Separable Gaussian point spread, lateral width varying with depth.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    axial: [f32; 2 * AXIAL_REACH + 1],
    /// One row of weights per sample for each beam offset.
    lateral: Vec<f32>,
    scratch: Vec<f32>,
}

impl Spread {
    pub(super) fn new(probe: &Probe, settings: &Settings) -> Self {
        let step_m = settings.depth_m / SAMPLES as f64;
        let wave_m = SOUND_M_S / (settings.frequency_mhz * 1e6);
        // Two cycles there and back; never under 0.8 samples, where it could not be drawn.
        let sigma = (0.75 * wave_m / step_m).max(0.8);
        let mut axial = [0.0_f32; 2 * AXIAL_REACH + 1];
        fill(&mut axial, sigma);
        let rows = 2 * LATERAL_REACH + 1;
        let mut lateral = vec![0.0; rows * SAMPLES];
        for sample in 0..SAMPLES {
            let way_m = (sample as f64 + 0.5) * step_m;
            // Diffraction at this depth, and the cone toward and away from the focus.
            let aperture_m = APERTURE_M.min(0.006 + 0.4 * way_m);
            let diffraction = 0.42 * wave_m * way_m.max(0.01) / aperture_m;
            let off_focus = (way_m - settings.focus_m).abs() / settings.focus_m;
            let cone = CONE_PART * 0.5 * aperture_m * off_focus;
            let sigma = diffraction.hypot(cone).max(3.5e-4) / probe.spacing_m(way_m);
            let mut weights = [0.0_f32; 2 * LATERAL_REACH + 1];
            fill(&mut weights, sigma.max(0.45));
            for (row, weight) in lateral.chunks_exact_mut(SAMPLES).zip(weights) {
                if let Some(slot) = row.get_mut(sample) {
                    *slot = weight;
                }
            }
        }
        Self { axial, lateral, scratch: vec![0.0; SAMPLES + 2 * AXIAL_REACH] }
    }

    /// Blurs `field` (beam-major, BEAMS × SAMPLES) along the beams in place, then across them into `out`.
    pub(super) fn apply(&mut self, field: &mut [f32], out: &mut [f32]) {
        for beam in field.chunks_exact_mut(SAMPLES) {
            if let Some(middle) = self.scratch.get_mut(AXIAL_REACH..AXIAL_REACH + SAMPLES) {
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

/// Gaussian weights of unit energy, so that blurred noise keeps its power.
fn fill(weights: &mut [f32], sigma: f64) {
    let middle = (weights.len() / 2) as f64;
    for (i, w) in weights.iter_mut().enumerate() {
        let x = (i as f64 - middle) / sigma;
        *w = (-0.5 * x * x).exp() as f32;
    }
    let energy: f32 = weights.iter().map(|w| w * w).sum();
    let level = 1.0 / energy.sqrt();
    for w in weights {
        *w *= level;
    }
}
