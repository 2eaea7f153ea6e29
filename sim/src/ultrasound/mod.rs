//! A B-mode picture computed from the phantom under the probe.
//!
//! Problem: the operator steers by the picture, so it must follow the probe as a real one does: anatomy in the right
//! place, speckle that travels with the tissue and stands still with the probe, shadow behind bone, black where the
//! face has lost contact. A wave simulation takes minutes a frame; a textured slice shows no shadow and swims.
//!
//! Method, per beam: cut the phantom into pieces, walk the samples adding up losses in decibels, and place at each
//! sample a complex random scatterer taken from a lattice fixed in the body. Then blur axially and laterally with
//! the point spread of the array at its frequency and focus, take the envelope, compress, and scan-convert by table.
//! Blurring a complex Gaussian field is what makes speckle, so its envelope is Rayleigh-distributed as in flesh.
//! Under the face the body is squeezed, not replaced: the skin stays at the top of the picture however deep the
//! probe is pressed.
//!
//! Limits: sound is lost in proportion to the frequency that is set, and the pulse does not change on its way; no
//! refraction, no multiple reflections, no Doppler, no motion inside a frame, elevation is a plane, and
//! the side lobes are Gaussian. Electronic noise is frozen, so that one pose is one picture.

mod compress;
mod convert;
mod probe;
mod scan;
mod scanner;
mod speckle;
mod spread;

pub use probe::{Array, Probe, Ranges, ScannerError, Settings};
pub use scanner::Scanner;

/// Beams of a picture. At 60° and 150 mm they are 1.8 mm apart, just under the lateral resolution there.
pub const BEAMS: usize = 128;

/// Samples along a beam. At 160 mm depth they are 0.42 mm apart, half the axial resolution.
pub const SAMPLES: usize = 384;
