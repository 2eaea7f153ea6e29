//! The scanner: buffers, tables, and the order of work.

use nalgebra::Isometry3;

use super::compress::Compress;
use super::convert::Convert;
use super::probe::{Probe, ScannerError, Settings};
use super::scan::View;
use super::speckle::{Lattice, Speckle};
use super::spread::Spread;
use super::{BEAMS, SAMPLES};
use crate::noise::Noise;
use crate::phantom::{BeamPath, Phantom};

/// Level of electronic noise before time gain compensation. Unit: dB relative to liver at the face.
const NOISE_DB: f32 = -78.0;

/// How deep the ringing of the face is seen. Unit: wavelength.
const RINGING_WAVES: f64 = 5.7;

/// Makes pictures. Owns all its buffers: a picture allocates nothing.
#[derive(Debug, Clone)]
pub struct Scanner {
    probe: Probe,
    settings: Settings,
    width: usize,
    height: usize,
    speckle: Speckle,
    compress: Compress,
    convert: Convert,
    spread: Spread,
    gain_db: Vec<f32>,
    noise: Vec<f32>,
    path: BeamPath,
    coupled: Vec<bool>,
    echo_re: Vec<f32>,
    echo_im: Vec<f32>,
    blurred_re: Vec<f32>,
    blurred_im: Vec<f32>,
    power: Vec<f32>,
    greys: Vec<u8>,
}

impl Scanner {
    /// A scanner for pictures of `width` × `height` pixels; the seed chooses the speckle.
    ///
    /// Errors: a size or setting out of range. Bound: about 5 MiB at 640×480.
    pub fn new(
        probe: Probe,
        settings: Settings,
        width: usize,
        height: usize,
        seed: u64,
    ) -> Result<Self, ScannerError> {
        if !(16..=4096).contains(&width) || !(16..=4096).contains(&height) {
            return Err(ScannerError::Size { width, height });
        }
        probe.check()?;
        settings.check(&probe)?;
        let lattice = Lattice::of(&probe, &settings);
        let cells = BEAMS * SAMPLES;
        let gain_db = gain_table(&settings);
        let mut random = Noise::new(seed ^ 0x5EED);
        Ok(Self {
            probe,
            settings,
            width,
            height,
            speckle: Speckle::new(seed, lattice),
            compress: Compress::new(&settings),
            convert: Convert::new(&probe, &settings, width, height),
            spread: Spread::new(&probe, &settings, lattice),
            noise: (0..cells).map(|_| random.normal() as f32).collect(),
            gain_db,
            path: BeamPath::default(),
            coupled: vec![false; BEAMS],
            echo_re: vec![0.0; cells],
            echo_im: vec![0.0; cells],
            blurred_re: vec![0.0; cells],
            blurred_im: vec![0.0; cells],
            power: vec![0.0; cells],
            greys: vec![0; cells],
        })
    }

    /// Turns to other settings; makes the tables anew (some milliseconds, allocates).
    ///
    /// Errors: a setting out of range; the old settings then stay.
    pub fn set(&mut self, settings: Settings) -> Result<(), ScannerError> {
        settings.check(&self.probe)?;
        if settings == self.settings {
            return Ok(());
        }
        let lattice = Lattice::of(&self.probe, &settings);
        self.speckle.lay(lattice);
        self.compress = Compress::new(&settings);
        if settings.depth_m != self.settings.depth_m {
            self.convert = Convert::new(&self.probe, &settings, self.width, self.height);
        }
        self.spread = Spread::new(&self.probe, &settings, lattice);
        self.gain_db = gain_table(&settings);
        self.settings = settings;
        Ok(())
    }

    /// Draws the picture under the probe at a pose (base frame) into `out`.
    ///
    /// Shape: width × height bytes of grey, row-major, top row first. The same inputs give the same picture. Lifted
    /// beyond the gel the picture is black.
    ///
    /// Errors: a buffer of another size, a pose that is not finite; `out` is then untouched.
    pub fn render(
        &mut self,
        phantom: &Phantom,
        probe_pose: &Isometry3<f64>,
        t_s: f64,
        out: &mut [u8],
    ) -> Result<(), ScannerError> {
        let expected = self.width * self.height;
        if out.len() != expected {
            return Err(ScannerError::Buffer { got: out.len(), expected });
        }
        let numbers = probe_pose.translation.vector.iter().chain(probe_pose.rotation.coords.iter());
        if !t_s.is_finite() || !numbers.copied().all(f64::is_finite) {
            return Err(ScannerError::Pose);
        }
        self.listen(phantom, probe_pose, t_s);
        self.spread.apply(&mut self.echo_re, &mut self.blurred_re);
        self.spread.apply(&mut self.echo_im, &mut self.blurred_im);
        self.detect();
        self.convert.draw(&self.greys, out);
        Ok(())
    }

    /// Pixels across and down.
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Settings in force.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Probe in force.
    pub const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Size of a pixel. Unit: m.
    pub const fn metres_per_pixel(&self) -> f64 {
        self.convert.metres_per_pixel()
    }

    /// Pixel (column, row) that shows a place of the picture's plane: lateral and depth in the probe frame, m.
    pub fn pixel_at(&self, x_m: f64, z_m: f64) -> (f64, f64) {
        let (left_m, top_m) = self.convert.top_left_m();
        let scale = self.convert.metres_per_pixel();
        ((x_m - left_m) / scale, (z_m - top_m) / scale)
    }

    /// Part of the beams that touched in the last picture, 0 to 1.
    pub fn coupled_part(&self) -> f64 {
        self.coupled.iter().filter(|c| **c).count() as f64 / BEAMS as f64
    }

    /// Echo power of the last picture before compression. Shape: [`BEAMS`] × [`SAMPLES`], beam-major.
    pub fn power(&self) -> &[f32] {
        &self.power
    }

    /// Fills the beams with echoes.
    fn listen(&mut self, phantom: &Phantom, pose: &Isometry3<f64>, t_s: f64) {
        let view = View {
            phantom,
            probe: &self.probe,
            settings: &self.settings,
            speckle: &self.speckle,
            compress: &self.compress,
            gain_db: &self.gain_db,
            pose,
            t_s,
        };
        let beams =
            self.echo_re.chunks_exact_mut(SAMPLES).zip(self.echo_im.chunks_exact_mut(SAMPLES));
        for (b, ((re, im), coupled)) in beams.zip(&mut self.coupled).enumerate() {
            let beam = view.beam(b);
            *coupled = beam.is_some();
            if let Some(beam) = beam {
                view.fill(&beam, &mut self.path, re, im);
            } else {
                re.fill(0.0);
                im.fill(0.0);
            }
        }
    }

    /// Envelope, electronic noise, and greys.
    fn detect(&mut self) {
        let beams =
            self.blurred_re.chunks_exact(SAMPLES).zip(self.blurred_im.chunks_exact(SAMPLES));
        let outputs =
            self.power.chunks_exact_mut(SAMPLES).zip(self.greys.chunks_exact_mut(SAMPLES));
        let inputs = beams.zip(self.noise.chunks_exact(SAMPLES)).zip(&self.coupled);
        for ((((re, im), noise), coupled), (power, greys)) in inputs.zip(outputs) {
            if !coupled {
                power.fill(0.0);
                greys.fill(0);
                continue;
            }
            let samples = re.iter().zip(im).zip(noise.iter().zip(&self.gain_db));
            for (((re, im), (noise, gain_db)), (power, grey)) in
                samples.zip(power.iter_mut().zip(greys))
            {
                let floor = self.compress.amplitude(NOISE_DB + gain_db) * noise;
                *power = re * re + im * im + floor * floor;
                *grey = self.compress.grey(*power);
            }
        }
    }
}

/// Time gain compensation and the focus's extra brightness, per sample. Unit: dB.
fn gain_table(settings: &Settings) -> Vec<f32> {
    (0..SAMPLES)
        .map(|i| {
            let way_m = (i as f64 + 0.5) * settings.depth_m / SAMPLES as f64;
            let compensation =
                2.0 * settings.compensation_db_cm_mhz * settings.frequency_mhz * way_m * 100.0;
            let off_focus = (way_m - settings.focus_m) / (0.6 * settings.focus_m);
            // The face rings for a moment after it has sent.
            let ringing_m = RINGING_WAVES * settings.wave_m();
            let ringing = 7.0 * (-(way_m / ringing_m).powi(2)).exp();
            (compensation + 2.0 / (1.0 + off_focus * off_focus) + ringing) as f32
        })
        .collect()
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
