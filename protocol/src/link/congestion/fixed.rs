//! The window of commands and states: as wide as their own rate needs, whatever is lost.

use core::any::Any;
use std::sync::Arc;
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory};

/// Bytes in flight on the control connection, whatever is lost. Unit: byte.
///
/// Commands are capped by their own rate: 1,000 frames of 230 bytes a second are 1.9 Mbit/s on the
/// wire. For ten seconds, after which the connection is dead, that is 2.3 MB; so this window never
/// closes on a live connection, and no command waits for a loss timer.
pub const COMMAND_WINDOW: u64 = 4 * 1024 * 1024;

/// A congestion controller that never slows down: for the flow of commands and states only.
///
/// Problem: QUIC applies congestion control to datagrams. After a blackout an adaptive window is
/// shut, and opens with backed-off timers: the first command after 5 s came 3.7 s late with Cubic,
/// and one path delay late with this. The flow limits itself: frames have a fixed size and rate,
/// nothing is retransmitted, and old frames are dropped at the source.
///
/// Caveat: it does not yield on a congested link, so it is fair to others only while the sender
/// keeps to its own rate, which the profile sets (1,000 frames a second at most) and nothing here
/// enforces. It must never carry pictures, files
/// or anything whose rate grows.
#[derive(Debug, Clone, Copy)]
pub struct FixedWindow;

impl ControllerFactory for FixedWindow {
    fn build(self: Arc<Self>, _: Instant, _: u16) -> Box<dyn Controller> {
        Box::new(*self)
    }
}

impl Controller for FixedWindow {
    fn on_congestion_event(&mut self, _: Instant, _: Instant, _: bool, _: u64) {}

    fn on_mtu_update(&mut self, _: u16) {}

    fn window(&self) -> u64 {
        COMMAND_WINDOW
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(*self)
    }

    fn initial_window(&self) -> u64 {
        COMMAND_WINDOW
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::DATAGRAM_OVERHEAD;
    use crate::frame::command::COMMAND_BYTES;
    use crate::link::transport::IDLE_MAX_MS;

    #[test]
    fn the_command_window_never_closes_on_a_live_connection() {
        const RATE_MAX_BYTES_S: u64 = 1_000 * (COMMAND_BYTES + DATAGRAM_OVERHEAD) as u64;
        assert!(COMMAND_WINDOW >= RATE_MAX_BYTES_S * u64::from(IDLE_MAX_MS) / 1000);
    }
}
