//! What an operator can set on the robot's imaging device: depth, gain, focus, frequency, and freeze.
//!
//! Numbers are whole and in units so small that no step of a knob is lost: what was asked for can be compared with
//! what is in force. Nothing here steers motion. A device that is frozen captures nothing, so the picture that
//! steers grows old, and the robot holds by its own judgement.

use core::fmt;

use bincode::{Decode, Encode};

/// A setting that has a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Knob {
    /// Depth of the picture. Unit: µm.
    Depth,
    /// Gain. Unit: a hundredth of a dB.
    Gain,
    /// Depth of the focus. Unit: µm.
    Focus,
    /// Transmit frequency. Unit: kHz.
    Frequency,
}

impl Knob {
    /// Every knob.
    pub const ALL: [Self; 4] = [Self::Depth, Self::Gain, Self::Focus, Self::Frequency];

    /// What people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Gain => "gain",
            Self::Focus => "focus",
            Self::Frequency => "frequency",
        }
    }

    /// The unit that people use, and how many of the wire's units it has.
    pub const fn unit(self) -> (&'static str, f64) {
        match self {
            Self::Depth | Self::Focus => ("mm", 1e3),
            Self::Gain => ("dB", 1e2),
            Self::Frequency => ("MHz", 1e3),
        }
    }

    /// A value of the wire as people write it.
    fn told(self, value: i32) -> impl fmt::Display {
        let (_, scale) = self.unit();
        f64::from(value) / scale
    }
}

/// Settings of an imaging device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Imaging {
    /// Depth of the picture. Unit: µm.
    pub depth_um: i32,
    /// Gain. Unit: a hundredth of a dB.
    pub gain_cdb: i32,
    /// Depth of the focus. Unit: µm.
    pub focus_um: i32,
    /// Transmit frequency. Unit: kHz.
    pub frequency_khz: i32,
    /// True while no new picture is captured.
    pub frozen: bool,
}

impl Imaging {
    /// Where this knob stands.
    pub const fn knob(&self, knob: Knob) -> i32 {
        match knob {
            Knob::Depth => self.depth_um,
            Knob::Gain => self.gain_cdb,
            Knob::Focus => self.focus_um,
            Knob::Frequency => self.frequency_khz,
        }
    }
}

/// The least and the greatest that a device takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Span {
    /// The least.
    pub min: i32,
    /// The greatest.
    pub max: i32,
}

/// What a device takes of each setting. Units: those of [`Imaging`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ImagingRanges {
    /// Depth of the picture.
    pub depth_um: Span,
    /// Gain.
    pub gain_cdb: Span,
    /// Depth of the focus.
    pub focus_um: Span,
    /// Transmit frequency.
    pub frequency_khz: Span,
}

impl ImagingRanges {
    /// The range of this knob.
    pub const fn knob(&self, knob: Knob) -> Span {
        match knob {
            Knob::Depth => self.depth_um,
            Knob::Gain => self.gain_cdb,
            Knob::Focus => self.focus_um,
            Knob::Frequency => self.frequency_khz,
        }
    }

    /// Errors: the first setting outside its range.
    pub fn check(&self, wanted: &Imaging) -> Result<(), ImagingRefusal> {
        for knob in Knob::ALL {
            let (got, Span { min, max }) = (wanted.knob(knob), self.knob(knob));
            if !(min..=max).contains(&got) {
                return Err(ImagingRefusal::Range { knob, got, min, max });
            }
        }
        Ok(())
    }
}

/// What a device is set to, and what it can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ImagingState {
    /// What is in force.
    pub now: Imaging,
    /// What it takes.
    pub ranges: ImagingRanges,
}

/// Why settings were refused. What was in force stays in force, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ImagingRefusal {
    /// A setting is outside its range.
    Range {
        /// Which.
        knob: Knob,
        /// What was asked for.
        got: i32,
        /// The least.
        min: i32,
        /// The greatest.
        max: i32,
    },
    /// Nothing can be set on this robot's pictures.
    Fixed,
    /// The device did not take it.
    Device,
}

impl ImagingRefusal {
    /// The identifier that every surface shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Range { .. } => "E-IMG-RANGE",
            Self::Fixed => "E-IMG-FIXED",
            Self::Device => "E-IMG-DEVICE",
        }
    }

    /// What to do about it.
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Range { .. } => {
                "Choose a value within the limits; what was set before is still in force."
            }
            Self::Fixed => "Have the pictures set at the robot.",
            Self::Device => {
                "Try again; if it stays, have somebody look at the device. What was set before is still in force."
            }
        }
    }
}

impl fmt::Display for ImagingRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Range { knob, got, min, max } => {
                let ((unit, _), word) = (knob.unit(), knob.word());
                let (got, min, max) = (knob.told(got), knob.told(min), knob.told(max));
                write!(
                    f,
                    "The {word} can not be {got} {unit}; this probe takes {min} to {max} {unit}."
                )
            }
            Self::Fixed => f.write_str("Nothing can be set on this robot's pictures."),
            Self::Device => f.write_str("The imaging device did not take these settings."),
        }
    }
}

/// What the robot says of its imaging device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ImagingReport {
    /// Rises with every report: of two that come on different paths the newer one counts.
    pub serial: u32,
    /// The newest request that this report knows of; 0 if nobody has asked.
    pub request: u32,
    /// What is in force; `None` if nothing can be set.
    pub state: Option<ImagingState>,
    /// Why that request was refused.
    pub refused: Option<ImagingRefusal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: ImagingRanges = ImagingRanges {
        depth_um: Span { min: 50_000, max: 250_000 },
        gain_cdb: Span { min: -4_000, max: 4_000 },
        focus_um: Span { min: 20_000, max: 200_000 },
        frequency_khz: Span { min: 2_000, max: 6_000 },
    };

    const GOOD: Imaging = Imaging {
        depth_um: 160_000,
        gain_cdb: -250,
        focus_um: 80_000,
        frequency_khz: 3_500,
        frozen: false,
    };

    #[test]
    fn a_value_outside_its_range_is_refused_with_value_limits_and_fix() {
        assert_eq!(RANGES.check(&GOOD), Ok(()));
        let cases = [
            (Imaging { depth_um: 250_001, ..GOOD }, "depth", "250.001 mm", "50 to 250 mm"),
            (Imaging { gain_cdb: -4_050, ..GOOD }, "gain", "-40.5 dB", "-40 to 40 dB"),
            (Imaging { focus_um: i32::MAX, ..GOOD }, "focus", "2147483.647 mm", "20 to 200 mm"),
            (Imaging { frequency_khz: 0, ..GOOD }, "frequency", "0 MHz", "2 to 6 MHz"),
        ];
        for (wanted, word, got, limits) in cases {
            let refusal = RANGES.check(&wanted).unwrap_err();
            let said = refusal.to_string();
            assert!(said.contains(word) && said.contains(got) && said.contains(limits), "{said}");
            assert!(refusal.fix().contains("still in force"));
        }
    }

    #[test]
    fn the_ends_of_a_range_are_taken() {
        for knob in Knob::ALL {
            let Span { min, max } = RANGES.knob(knob);
            for value in [min, max] {
                let mut wanted = GOOD;
                match knob {
                    Knob::Depth => wanted.depth_um = value,
                    Knob::Gain => wanted.gain_cdb = value,
                    Knob::Focus => wanted.focus_um = value,
                    Knob::Frequency => wanted.frequency_khz = value,
                }
                assert_eq!(RANGES.check(&wanted), Ok(()), "{knob:?} {value}");
            }
        }
    }
}
