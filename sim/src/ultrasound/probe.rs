//! The array that sends and receives, and what the sonographer can turn.

use nalgebra::{Point3, Vector3};
use thiserror::Error;

use super::BEAMS;

/// Shape of the array's face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Array {
    /// Elements on an arc; beams fan out.
    Curved {
        /// Radius of the arc. Unit: m.
        radius_m: f64,
        /// Full angle of the fan. Unit: rad.
        sector_rad: f64,
    },
    /// Elements on a line; beams are parallel.
    Linear {
        /// Length of the line. Unit: m.
        width_m: f64,
    },
}

/// An ultrasound probe. Probe frame: +z out of the face, +x lateral (right in the picture), origin mid-face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// Shape of the array.
    pub array: Array,
    /// Thickest film of gel through which an element still couples. Unit: m.
    pub gel_max_m: f64,
}

impl Default for Probe {
    /// A common abdominal probe: 60 mm radius, 60° fan.
    fn default() -> Self {
        Self::curved()
    }
}

impl Probe {
    /// A common abdominal probe: 60 mm radius, 60° fan.
    pub const fn curved() -> Self {
        let sector_rad = std::f64::consts::FRAC_PI_3;
        Self { array: Array::Curved { radius_m: 0.060, sector_rad }, gel_max_m: 1e-3 }
    }

    /// A linear probe for small parts: 40 mm wide.
    pub const fn linear() -> Self {
        Self { array: Array::Linear { width_m: 0.040 }, gel_max_m: 1e-3 }
    }

    /// What can be set with this probe: a fan looks deep with low frequencies, a line looks near with high ones.
    pub const fn ranges(&self) -> Ranges {
        let gain_db = (-40.0, 40.0);
        match self.array {
            Array::Curved { .. } => Ranges {
                depth_m: (0.05, 0.25),
                gain_db,
                frequency_mhz: (2.0, 6.0),
                focus_m: (0.02, 0.2),
            },
            Array::Linear { .. } => Ranges {
                depth_m: (0.02, 0.08),
                gain_db,
                frequency_mhz: (5.0, 12.0),
                focus_m: (0.005, 0.06),
            },
        }
    }

    /// Origin and unit direction of a beam in the probe frame; `beam` may lie between two.
    pub(super) fn beam(&self, beam: f64) -> (Point3<f64>, Vector3<f64>) {
        let across = (beam + 0.5) / BEAMS as f64 - 0.5;
        match self.array {
            Array::Curved { radius_m, sector_rad } => {
                let (s, c) = (across * sector_rad).sin_cos();
                (Point3::new(radius_m * s, 0.0, radius_m * (c - 1.0)), Vector3::new(s, 0.0, c))
            }
            Array::Linear { width_m } => (Point3::new(across * width_m, 0.0, 0.0), Vector3::z()),
        }
    }

    /// Beam number and way along it of a point of the picture's plane (lateral, depth).
    pub(super) fn locate(&self, x_m: f64, z_m: f64) -> (f64, f64) {
        let (across, way_m) = match self.array {
            Array::Curved { radius_m, sector_rad } => {
                let down = z_m + radius_m;
                (x_m.atan2(down) / sector_rad, x_m.hypot(down) - radius_m)
            }
            Array::Linear { width_m } => (x_m / width_m, z_m),
        };
        ((across + 0.5) * BEAMS as f64 - 0.5, way_m)
    }

    /// Distance between neighbouring beams at a way along them. Unit: m.
    pub(super) fn spacing_m(&self, way_m: f64) -> f64 {
        let length = match self.array {
            Array::Curved { radius_m, sector_rad } => (radius_m + way_m) * sector_rad,
            Array::Linear { width_m } => width_m,
        };
        length / BEAMS as f64
    }

    /// What the picture must show: lateral half width, least and greatest depth, in the probe frame. Unit: m.
    pub(super) fn extent_m(&self, depth_m: f64) -> (f64, f64, f64) {
        match self.array {
            Array::Curved { radius_m, sector_rad } => {
                let (s, c) = (0.5 * sector_rad).sin_cos();
                ((radius_m + depth_m) * s, radius_m * (c - 1.0), depth_m)
            }
            Array::Linear { width_m } => (0.5 * width_m, 0.0, depth_m),
        }
    }
}

/// Speed of sound that every scanner assumes. Unit: m/s.
const SOUND_M_S: f64 = 1540.0;

/// What the sonographer can turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Depth of the picture. Unit: m.
    pub depth_m: f64,
    /// Overall gain. Unit: dB; 0 shows liver as middle grey.
    pub gain_db: f64,
    /// Transmit frequency. Unit: MHz.
    pub frequency_mhz: f64,
    /// Depth of the transmit focus. Unit: m.
    pub focus_m: f64,
    /// Range of echo levels between black and white. Unit: dB.
    pub dynamic_range_db: f64,
    /// Loss that time gain compensation assumes, one way. Unit: dB per cm and MHz.
    pub compensation_db_cm_mhz: f64,
}

impl Default for Settings {
    /// [`Settings::abdomen`].
    fn default() -> Self {
        Self::abdomen()
    }
}

/// Why a scanner refused its settings or its picture.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum ScannerError {
    /// The picture is smaller or larger than a scanner makes.
    #[error("a picture of {width}×{height} pixels; expected 16 to 4096 each way")]
    Size {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// A setting is outside its range or not finite.
    #[error("{setting} is {got}; expected {min} to {max}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        got: f64,
        /// Least accepted.
        min: f64,
        /// Greatest accepted.
        max: f64,
    },
    /// The buffer for the picture does not hold width × height bytes.
    #[error("the buffer holds {got} bytes; expected {expected}")]
    Buffer {
        /// Bytes in the buffer.
        got: usize,
        /// Bytes needed.
        expected: usize,
    },
    /// The pose of the probe is not finite.
    #[error("the pose of the probe is not finite")]
    Pose,
}

/// The least and the greatest that a probe takes of each setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranges {
    /// Depth of the picture. Unit: m.
    pub depth_m: (f64, f64),
    /// Overall gain. Unit: dB.
    pub gain_db: (f64, f64),
    /// Transmit frequency. Unit: MHz.
    pub frequency_mhz: (f64, f64),
    /// Depth of the transmit focus. Unit: m.
    pub focus_m: (f64, f64),
}

impl Settings {
    /// An abdominal preset: 160 mm deep, 3.5 MHz, focus at 80 mm.
    pub const fn abdomen() -> Self {
        Self {
            depth_m: 0.16,
            gain_db: 0.0,
            frequency_mhz: 3.5,
            focus_m: 0.08,
            dynamic_range_db: 58.0,
            compensation_db_cm_mhz: 0.5,
        }
    }

    /// A preset for small parts: 40 mm deep, 7.5 MHz, focus at 18 mm.
    pub const fn small_parts() -> Self {
        Self {
            depth_m: 0.04,
            gain_db: 0.0,
            frequency_mhz: 7.5,
            focus_m: 0.018,
            dynamic_range_db: 58.0,
            compensation_db_cm_mhz: 0.6,
        }
    }

    /// Errors: the first setting out of the range of this probe, with the range.
    pub fn check(&self, probe: &Probe) -> Result<(), ScannerError> {
        let within = |setting, got: f64, (min, max)| {
            if (min..=max).contains(&got) {
                Ok(())
            } else {
                Err(ScannerError::Setting { setting, got, min, max })
            }
        };
        let ranges = probe.ranges();
        within("depth_m", self.depth_m, ranges.depth_m)?;
        within("gain_db", self.gain_db, ranges.gain_db)?;
        within("frequency_mhz", self.frequency_mhz, ranges.frequency_mhz)?;
        within("focus_m", self.focus_m, ranges.focus_m)?;
        within("dynamic_range_db", self.dynamic_range_db, (20.0, 90.0))?;
        within("compensation_db_cm_mhz", self.compensation_db_cm_mhz, (0.0, 2.0))
    }

    /// Wavelength. Unit: m.
    pub(super) const fn wave_m(&self) -> f64 {
        SOUND_M_S / (self.frequency_mhz * 1e6)
    }
}

impl Probe {
    /// Errors: the first dimension out of range, with the range.
    pub fn check(&self) -> Result<(), ScannerError> {
        let within = |setting, got: f64, min, max| {
            if (min..=max).contains(&got) {
                Ok(())
            } else {
                Err(ScannerError::Setting { setting, got, min, max })
            }
        };
        within("gel_max_m", self.gel_max_m, 1e-5, 0.01)?;
        match self.array {
            Array::Curved { radius_m, sector_rad } => {
                within("radius_m", radius_m, 0.005, 0.2)?;
                within("sector_rad", sector_rad, 0.1, 2.0)
            }
            Array::Linear { width_m } => within("width_m", width_m, 0.01, 0.2),
        }
    }
}
