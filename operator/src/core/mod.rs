//! The pure half: no clock is read, nothing is sent, nothing is drawn at random.
//!
//! Read in this order: [`hand`] (what a device says), [`clutch`] (which of it is an act of the
//! operator), [`displacement`] (how far a tip is asked to go), [`jaw`] (how far open) or [`base_drive`] (how fast a base),
//! [`screen`] (which state the operator is shown), [`session`] (all of it together).

pub mod base_drive;
pub mod clutch;
pub mod displacement;
pub mod hand;
pub mod histogram;
pub mod jaw;
pub mod made;
pub mod screen;
pub mod session;
pub mod shaping;
pub mod stages;
pub mod stats;
pub mod steered;
pub mod stop;
pub mod tremor;
pub mod way_in;
pub mod window;

pub use session::{Counters, OperatorCore};
