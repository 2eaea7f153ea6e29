//! What a hand can be: each device turns into the same kind of sample.
//!
//! A device reads no clock; it is given the time, and stamps a sample with when the hardware itself
//! last reported, and whether it reports without pause ([`Stamp`]). A device never repeats old values to
//! look alive: one that is gone says so.

mod choice;
#[cfg(feature = "gamepad")]
pub mod gamepad;
pub mod pad;
pub mod random;
pub mod script;

use protocol::frame::StateFrame;
use protocol::time::{Moment, Operator};

pub use crate::core::hand::{
    ArmHand, ArmSide, Clutch, Deflection, Grasp, HandMotion, HandSample, Stamp,
};

/// Something that a hand holds.
pub trait HandDevice {
    /// What it is called, for the page and the log.
    fn name(&self) -> &str;

    /// What the hand does now. Called once per tick; does not block.
    fn sample(&mut self, now: Moment<Operator>) -> HandSample;

    /// The newest state of the robot, for devices that answer to it. Most do not.
    fn observe(&mut self, _state: &StateFrame, _now: Moment<Operator>) {}

    /// True once for every time STOP was pressed on the device itself.
    fn take_stop(&mut self) -> bool {
        false
    }

    /// Why the device gives nothing, or what the hand has to do first; `None` if all is well.
    fn note(&self) -> Option<&str> {
        None
    }
}
