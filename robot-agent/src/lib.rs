//! The robot side of Farreach: a pure core that decides, a shell that owns the world, and the trait
//! that an integrator implements.
//!
//! - [`robot`]: the integrator's trait. Start here to connect a robot.
//! - [`conform`]: tries whether a robot keeps the promises of its trait.
//! - [`core`]: frames, readings and the time go in; an order to the robot, a state frame and a record
//!   come out. It reads no clock, opens no socket, allocates nothing per tick.
//! - `shell` (feature `shell`): threads, sockets, the encoder. It turns the world into events.

pub mod conform;
pub mod core;
pub mod picture;
pub mod robot;
#[cfg(feature = "shell")]
pub mod shell;
