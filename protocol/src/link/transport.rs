//! How QUIC behaves on each of the two connections, number by number.
//!
//! QUIC's defaults are made for web pages. Each number here that differs says what the default does
//! to a command or a picture. Measured on loopback with quinn 0.11; see ADR 0005 and ADR 0016.

use core::time::Duration;
use std::sync::Arc;

use quinn::{TransportConfig, VarInt};

use super::Kind;
use super::congestion::{FixedWindow, YieldingConfig};
use crate::frame::command::COMMAND_BYTES;
use crate::frame::state::STATE_BYTES;
use crate::picture::{HEADER_BYTES, PICTURE_MAX};

/// Which end of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Listens: the robot.
    Robot,
    /// Connects: a console.
    Console,
}

/// A connection that has heard nothing for this long is dead. Unit: millisecond.
///
/// Far above every outage that a session survives (the robot holds long before), and far below the
/// default of 30 s, which keeps a dead operator's authority alive.
pub const IDLE_MAX_MS: u32 = 10_000;

/// How often the console shows that it is there when it has nothing to say.
pub const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Frames that wait for the socket at most: a frame that could not leave is replaced by the next. The
/// default, 1 MiB, delivers more than 2,000 stale commands after a blackout of 2 s.
pub const FRAMES_QUEUED_MAX: usize = 1;

/// Received frames that wait for a reader at most; beyond it the oldest is dropped. A reader that
/// hung for a second finds 16 ms of commands, not a second of them.
pub const FRAMES_UNREAD_MAX: usize = 16;

/// What QUIC adds to each queued datagram in its own count. Unit: byte.
///
/// Private to the library (the size of its handle on the bytes); being wrong by a little makes the
/// queue a frame longer or shorter.
const QUEUED_OVERHEAD: usize = 32;

/// Picture bytes that the robot buffers or has in flight at most. Unit: byte.
///
/// The product of 20 Mbit/s and 200 ms. It is a ceiling for memory;
/// [`PictureSender`](super::pictures::PictureSender) keeps the queue shorter than that.
pub const PICTURE_WINDOW: u64 = 512 * 1024;

/// Pictures that may be on their way at once. At 60 per second and a round trip of 200 ms, 12 are.
pub const PICTURES_OPEN_MAX: u32 = 32;

/// How one side of one connection behaves.
pub fn config(kind: Kind, side: Side) -> TransportConfig {
    let mut config = TransportConfig::default();
    config.max_idle_timeout(Some(VarInt::from_u32(IDLE_MAX_MS).into()));
    // One side is enough, and a robot need not keep a console's connection alive.
    if side == Side::Console {
        config.keep_alive_interval(Some(KEEP_ALIVE));
    }
    match kind {
        Kind::Control => control(&mut config, side),
        Kind::Media => media(&mut config, side),
    }
    config
}

fn control(config: &mut TransportConfig, side: Side) {
    let (sent, received) = match side {
        Side::Robot => (STATE_BYTES, COMMAND_BYTES),
        Side::Console => (COMMAND_BYTES, STATE_BYTES),
    };
    config
        .datagram_send_buffer_size(FRAMES_QUEUED_MAX * (sent + QUEUED_OVERHEAD))
        .datagram_receive_buffer_size(Some(FRAMES_UNREAD_MAX * (received + QUEUED_OVERHEAD)))
        // Probes and batching add jitter to small packets, 1,000 times a second.
        .mtu_discovery_config(None)
        .enable_segmentation_offload(false)
        .congestion_controller_factory(Arc::new(FixedWindow))
        // Session messages are 1 kB at most, and few.
        .stream_receive_window(VarInt::from_u32(16 * 1024))
        .receive_window(VarInt::from_u32(64 * 1024))
        .send_window(64 * 1024);
    streams(config, side, Kind::Control);
}

fn media(config: &mut TransportConfig, side: Side) {
    let picture = u32::try_from(HEADER_BYTES + PICTURE_MAX).unwrap_or(u32::MAX);
    config
        // Keyframe requests are one byte, and one is as good as many.
        .datagram_send_buffer_size(2 * (1 + QUEUED_OVERHEAD))
        .datagram_receive_buffer_size(Some(4 * (1 + QUEUED_OVERHEAD)))
        .congestion_controller_factory(Arc::new(YieldingConfig))
        .stream_receive_window(VarInt::from_u32(picture))
        .receive_window(VarInt::from_u32(picture.saturating_mul(2)))
        .send_window(PICTURE_WINDOW)
        // The oldest picture first: sharing the link between pictures delays them all.
        .send_fairness(false);
    streams(config, side, Kind::Media);
}

/// How many streams the other side may open here. Everything that no part of Farreach opens is zero.
fn streams(config: &mut TransportConfig, side: Side, kind: Kind) {
    let (two_way, one_way) = match (side, kind) {
        // Session messages, and room for the stream of a console that reconnects its page.
        (Side::Robot, Kind::Control) => (4, 0),
        (Side::Robot, Kind::Media) => (0, 0),
        // The robot's word that the console is admitted.
        (Side::Console, Kind::Control) => (0, 1),
        // The same, and pictures.
        (Side::Console, Kind::Media) => (0, PICTURES_OPEN_MAX),
    };
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(two_way))
        .max_concurrent_uni_streams(VarInt::from_u32(one_way));
}
