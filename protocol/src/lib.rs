//! What both ends of Farreach must agree on: time, units, frames, ages, states, profiles and the link.
//!
//! Everything here but `link` and `host` is pure: no clock is read, no socket is opened, nothing is drawn at
//! random. The robot and the operator build their cores on these types and never import each other,
//! so a rule that both must follow has exactly one home, and this is it.
//!
//! Read in this order: [`time`] (why moments of two clocks do not subtract), [`frame`] (what is on
//! the wire), [`freshness`] (how the robot alone judges the age of what steered it), [`state`] and
//! [`cause`] (the words everybody uses).

pub mod cause;
pub mod clock;
pub mod frame;
pub mod freshness;
#[cfg(feature = "host")]
pub mod host;
pub mod imaging;
#[cfg(feature = "quic")]
pub mod link;
pub mod picture;
pub mod pose;
pub mod profile;
pub mod session;
pub mod state;
pub mod time;
pub mod units;

/// The wire protocol spoken by this build, as offered in ALPN on the control connection.
///
/// Its version is that of the frames, [`frame::FRAME_VERSION`]: peers with another one refuse each
/// other during the handshake, and not frame by frame in a session that can say nothing.
pub const PROTOCOL: &str = "farreach/2";

const _: () = assert!(
    matches!(PROTOCOL.as_bytes(), [.., b'/', digit] if *digit == b'0' + frame::FRAME_VERSION),
    "the version in ALPN is that of the frames"
);

/// The protocol of the picture connection, as offered in ALPN. It has a version of its own: the layout
/// of a picture's header is the one that it began with.
pub const PROTOCOL_MEDIA: &str = "farreach-media/1";

/// Arms in one frame. A robot with one arm leaves the second slot neutral.
///
/// Two is the number of instruments that one pair of hands steers.
pub const ARMS: usize = 2;
