//! A walking aid on two driven wheels, with a bar that the person holds.
//!
//! Problem: a base that moves exactly as it is told stops exactly as it is told. A real one has mass, drives that
//! saturate, wheels that rub and slip, and a person who leans on it while it should stand.
//!
//! Method: two wheels that roll, `v = r·(ωr + ωl)/2` and `ω = r·(ωr − ωl)/b`, so the whole base is two coordinates
//! with a constant 2×2 inertia. Drives, friction and brakes work on the wheels as on the joints of an arm
//! ([`crate::rigid::Stepper`]): semi-implicit, so that stiff friction is stable. The floor holds no more than its grip,
//! so neither drive nor brake gives more.
//!
//! - [`CareModel`]: its numbers, from a file. - [`CareBase`]: base, wheels, sensors and a room with walls.
//! - [`CarePlant`], [`CareRobot`]: behind the integrator's trait, for the telecare profile.
//!
//! Frames: x ahead, y to the left, z up; turns counter-clockwise. The origin of the base is in the middle of the axle.
//!
//! Limits: the floor is level; wheels that slip are wheels that push less, there is no sliding; the castor follows
//! without resistance; walls are four; the scanner looks straight ahead and straight behind.

mod base;
mod model;
mod plant;

pub use base::{BarPush, CareBase, Pose2};
pub use model::{CareModel, Room};
pub use plant::{CarePlant, CareRobot};
