//! Who slows down on a full link: pictures, and they first.
//!
//! [`FixedWindow`] is for commands and states, whose rate is their own; [`Yielding`] is for pictures,
//! which take what is left and leave the bottleneck's queue all but empty. ADR 0015 says why.

mod delay;
mod epoch;
mod fixed;

pub use delay::{Yielding, YieldingConfig};
pub use fixed::{COMMAND_WINDOW, FixedWindow};
