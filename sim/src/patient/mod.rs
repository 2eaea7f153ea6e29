//! A patient with vital signs: waveforms from one heart and one pair of lungs, so that they agree.
//!
//! Problem: a monitor fed with a sine for each wave shows numbers that no body has: a pulse that goes on under a flat
//! electrocardiogram, a pressure that bleeding does not touch. So the waves here have common causes. Beats come from one
//! clock that breathing disturbs; each beat draws the electrocardiogram and ejects a stroke volume into an elastic
//! artery, whose pressure is what it is; the finger sees that pressure later and smoother; breaths give the volume of
//! the lungs and the capnogram, whose end is what the circulation brings to them.
//!
//! - [`Patient`]: moves on by 4 ms, one [`Waves`] a step.
//! - [`Script`]: what happens to it and when, from text.
//! - [`Monitor`]: measures [`Numerics`] from the waves alone, by finding beats and breaths in them. What it can not
//!   measure is nothing, never zero.
//!
//! Method: virtual time and a seed; one seed is one run. The electrocardiogram is a sum of Gaussians around each R, as
//! in McSharry et al. (2003). The artery is a two-element windkessel. Bleeding takes stroke volume, and reflexes answer
//! with rate and resistance; the sizes follow the classes of haemorrhage that trauma courses teach (recalled).
//!
//! What it does not model: arrhythmia but for a heart that stands still, an own drive to breathe (the patient is
//! ventilated), drugs, movement of the limb. It is a source of plausible signals, of no clinical value.

mod body;
mod detect;
mod monitor;
mod script;
mod waves;

pub use body::{Patient, SAMPLES_PER_S};
pub use monitor::{EcgStatus, Monitor, Numerics};
pub use script::{EVENTS_MAX, Event, EventKind, Script, ScriptError};
pub use waves::Waves;

#[cfg(test)]
#[path = "patient_tests.rs"]
mod tests;
