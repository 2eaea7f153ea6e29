//! What sound meets: how much comes back, how much is lost, how much is let through.

use serde::Deserialize;

/// Acoustic class of a medium: what happens to sound at its surface and behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Impedance {
    /// Lets sound through, scatters none.
    Fluid,
    /// Lets sound through and scatters.
    Soft,
    /// Reflects at its surface; nothing is seen behind.
    Bone,
    /// Reflects at its surface, with a dirty shadow behind.
    Gas,
    /// Outside the body.
    Air,
}

/// Acoustic properties at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tissue {
    /// Index of the medium, for its name.
    pub medium: u8,
    /// Acoustic class.
    pub impedance: Impedance,
    /// Backscatter relative to liver. Unit: dB.
    pub echo_db: f64,
    /// Loss one way. Unit: dB per cm and MHz.
    pub attenuation_db_cm_mhz: f64,
    /// Slow variation of the backscatter. Unit: dB, standard deviation about half of it.
    pub texture_db: f64,
    /// Thickness of fibres along the layers; 0 where there are none. Unit: m.
    pub grain_m: f64,
}

impl Tissue {
    /// Outside the body.
    pub const AIR: Self = Self {
        medium: u8::MAX,
        impedance: Impedance::Air,
        echo_db: -120.0,
        attenuation_db_cm_mhz: 100.0,
        texture_db: 0.0,
        grain_m: 0.0,
    };

    /// Loss at the surface of this medium, on top of the loss inside it. Unit: dB, there and back.
    ///
    /// Bone returns about 40 % of the amplitude and swallows the rest within millimetres by its attenuation; gas
    /// returns nearly all, and what fades away behind it is reverberation. 120 dB is beyond any dynamic range.
    pub const fn shadow_db(&self) -> f64 {
        match self.impedance {
            Impedance::Bone => 8.0,
            Impedance::Gas => 6.0,
            Impedance::Air => 120.0,
            Impedance::Fluid | Impedance::Soft => 0.0,
        }
    }
}
