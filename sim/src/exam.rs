//! What is examined: a body, the probe for it, its settings, and where the probe is put.

use crate::model_file::ModelError;
use crate::phantom::{Phantom, Placement};
use crate::tissue::ProbeFace;
use crate::ultrasound::{Probe, Settings};

/// An examination that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exam {
    /// `abdomen`: a torso under a curved probe.
    #[default]
    Abdomen,
    /// `thyroid`: a neck under a linear probe.
    Thyroid,
}

impl Exam {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Abdomen, Self::Thyroid];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abdomen => "abdomen",
            Self::Thyroid => "thyroid",
        }
    }

    /// The body.
    ///
    /// Errors: none in a released build; a test reads the files.
    pub fn phantom(self) -> Result<Phantom, ModelError> {
        match self {
            Self::Abdomen => Phantom::shipped(),
            Self::Thyroid => Phantom::neck(),
        }
    }

    /// The probe.
    pub const fn probe(self) -> Probe {
        match self {
            Self::Abdomen => Probe::curved(),
            Self::Thyroid => Probe::linear(),
        }
    }

    /// What touches the skin.
    pub fn face(self) -> ProbeFace {
        match self {
            Self::Abdomen => ProbeFace::default(),
            Self::Thyroid => ProbeFace::linear(),
        }
    }

    /// What the scanner is set to before anybody turns a knob.
    pub const fn settings(self) -> Settings {
        match self {
            Self::Abdomen => Settings::abdomen(),
            Self::Thyroid => Settings::small_parts(),
        }
    }

    /// Where the people at the bedside have put the probe, pressed as lightly as its own weight would: over the
    /// liver, or over the right lobe beside the windpipe. So there is a picture before anybody steers.
    pub const fn ready(self) -> Placement {
        let (x_m, y_m, press_m) = match self {
            Self::Abdomen => (-0.045, 0.03, 0.004),
            Self::Thyroid => (-0.018, 0.008, 0.003),
        };
        Placement { x_m, y_m, turn_rad: 0.0, rock_rad: 0.0, tilt_rad: 0.0, press_m }
    }
}
