//! The pure half: no clock is read, nothing is sent, nothing is drawn at random.
//!
//! Read in this order: [`hand`] (what a device says), [`clutch`] (which of it is an act of the
//! operator), [`displacement`] (how far the tip is asked to go), [`session`] (all of it together).

pub mod clutch;
pub mod displacement;
pub mod hand;
pub mod histogram;
pub mod session;
pub mod shaping;
pub mod stages;
pub mod stats;
pub mod stop;
pub mod tremor;
pub mod window;

pub use session::{Counters, OperatorCore};
