//! The operator side: from the hand to a command frame, and from a state frame to what is shown.
//!
//! [`core`] is pure: it takes events and the time, and returns what to send. [`devices`] turn what
//! a hand does into one kind of sample; those that need hardware hide behind a feature. Neither
//! judges freshness: only the robot can, on its own clock. [`shell`] owns what the core must not:
//! clocks, threads, sockets, the page.

pub mod core;
pub mod devices;
#[cfg(feature = "shell")]
pub mod shell;
