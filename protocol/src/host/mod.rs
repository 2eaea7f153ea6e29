//! What both shells need of the computer they run on: a monotonic clock, word of a sleep, a ring between
//! two threads, a real-time priority.
//!
//! Not part of the agreement between the two ends, but the same on both, and neither end may import
//! the other. Feature `host`; the cores never see it.

pub mod awake;
pub mod clock;
pub mod priority;
pub mod ring;
pub mod suspend;

pub use clock::HostClock;
