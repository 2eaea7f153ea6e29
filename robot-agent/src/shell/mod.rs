//! The shell around the core: threads, clocks, sockets, the encoder.
//!
//! | thread | owns | talks to |
//! |---|---|---|
//! | [`servo`] | the core and the robot, 1 kHz | everybody, through wait-free rings |
//! | [`control`] | the control connection | servo |
//! | [`media`] | the media connection; a second thread captures and encodes | servo (times of pictures) |
//! | [`journal`] | what was decided, for people and programs | servo |
//! | [`watchdog`] | watches the servo | control |
//!
//! The servo thread never waits for another: it drains rings, ticks, and fills rings. A ring that is
//! full drops and counts.

pub mod arrivals;
pub mod control;
pub mod encoder;
pub mod imaging;
pub mod journal;
pub mod media;
pub mod node;
pub mod rings;
pub mod servo;
pub mod watchdog;

pub use node::{NodeConfig, NodeError, RobotNode};
