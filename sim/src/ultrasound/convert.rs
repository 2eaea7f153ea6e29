//! From beams and samples to pixels, by a table made once.

use super::probe::{Probe, Settings};
use super::{BEAMS, SAMPLES};

/// Bilinear weights are whole numbers of 1/64.
const UNIT: u32 = 64;

/// Where the pixels of a picture lie among the beams.
#[derive(Debug, Clone)]
pub(super) struct Convert {
    spans: Vec<Span>,
    taps: Vec<Tap>,
    metres_per_pixel: f64,
    top_left_m: (f64, f64),
}

/// A run of pixels inside the fan.
#[derive(Debug, Clone, Copy)]
struct Span {
    pixel: usize,
    taps: usize,
    length: usize,
}

#[derive(Debug, Clone, Copy)]
struct Tap {
    cell: u32,
    across: u8,
    along: u8,
}

impl Convert {
    pub(super) fn new(probe: &Probe, settings: &Settings, width: usize, height: usize) -> Self {
        let (half_m, top_m, bottom_m) = probe.extent_m(settings.depth_m);
        let metres_per_pixel =
            (2.0 * half_m / width as f64).max((bottom_m - top_m) / height as f64) * 1.01;
        let left_m = -0.5 * width as f64 * metres_per_pixel;
        let spare_m = height as f64 * metres_per_pixel - (bottom_m - top_m);
        let top_left_m = (left_m, top_m - 0.5 * spare_m);
        let mut convert =
            Self { spans: Vec::new(), taps: Vec::new(), metres_per_pixel, top_left_m };
        let step_m = settings.depth_m / SAMPLES as f64;
        for row in 0..height {
            let mut span: Option<Span> = None;
            for column in 0..width {
                let x_m = left_m + (column as f64 + 0.5) * metres_per_pixel;
                let z_m = top_left_m.1 + (row as f64 + 0.5) * metres_per_pixel;
                let (beam, way_m) = probe.locate(x_m, z_m);
                if let Some(tap) = Tap::at(beam, way_m / step_m - 0.5) {
                    let pixel = row * width + column;
                    let start = Span { pixel, taps: convert.taps.len(), length: 0 };
                    span.get_or_insert(start).length += 1;
                    convert.taps.push(tap);
                } else {
                    convert.spans.extend(span.take());
                }
            }
            convert.spans.extend(span.take());
        }
        convert
    }

    pub(super) const fn metres_per_pixel(&self) -> f64 {
        self.metres_per_pixel
    }

    /// Place of the picture's top left corner: lateral and depth. Unit: m.
    pub(super) const fn top_left_m(&self) -> (f64, f64) {
        self.top_left_m
    }

    /// Draws `greys` (beam-major, BEAMS × SAMPLES) into a cleared picture.
    pub(super) fn draw(&self, greys: &[u8], picture: &mut [u8]) {
        picture.fill(0);
        for span in &self.spans {
            let taps = self.taps.get(span.taps..span.taps + span.length).unwrap_or_default();
            let pixels = picture.get_mut(span.pixel..span.pixel + span.length).unwrap_or_default();
            for (pixel, tap) in pixels.iter_mut().zip(taps) {
                let cell = tap.cell as usize;
                let near = greys.get(cell..cell + 2).unwrap_or_default();
                let far = greys.get(cell + SAMPLES..cell + SAMPLES + 2).unwrap_or_default();
                if let (&[a, b], &[c, d]) = (near, far) {
                    let (across, along) = (u32::from(tap.across), u32::from(tap.along));
                    let left = u32::from(a) * (UNIT - along) + u32::from(b) * along;
                    let right = u32::from(c) * (UNIT - along) + u32::from(d) * along;
                    let sum = left * (UNIT - across) + right * across;
                    *pixel = ((sum + UNIT * UNIT / 2) / (UNIT * UNIT)) as u8;
                }
            }
        }
    }
}

impl Tap {
    /// The tap at fractional beam and sample, or nothing outside the fan.
    fn at(beam: f64, sample: f64) -> Option<Self> {
        let inside = (-0.5..BEAMS as f64 - 0.5).contains(&beam)
            && (-0.5..SAMPLES as f64 - 0.5).contains(&sample);
        if !inside {
            return None;
        }
        let beam = beam.clamp(0.0, BEAMS as f64 - 1.001);
        let sample = sample.clamp(0.0, SAMPLES as f64 - 1.001);
        let part = |x: f64| ((x - x.floor()) * f64::from(UNIT)).round() as u8;
        let cell = (beam as usize * SAMPLES + sample as usize) as u32;
        Some(Self { cell, across: part(beam), along: part(sample) })
    }
}
