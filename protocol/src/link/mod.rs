//! The link: two QUIC connections between one console and one robot, and who may open them.
//!
//! Problem: a command must arrive now or never, a picture may be late but must be whole, and
//! neither may be obeyed or shown when it comes from a stranger. The naive ways fail measurably:
//! QUIC's defaults deliver more than two thousand stale commands after a blackout of two seconds,
//! hold the first fresh command back for seconds (backed-off loss timers), let captured 0-RTT bytes
//! be played again, and let pictures and commands share one congestion window.
//!
//! The rule chosen:
//! - [`Kind::Control`] and [`Kind::Media`] are two connections on two sockets, each with a
//!   [`transport`] of its own; datagram queues hold a few frames and drop the oldest.
//! - [`control`] is QUIC without input and output, for the threads that steer; everything `async` here is
//!   quinn, for media and tools.
//! - TLS 1.3 with certificates on both sides, from one authority ([`keys`]), with no resumption and
//!   no early data ([`tls`]).
//! - The role is in the certificate ([`role`]), and the robot admits roles, not addresses
//!   ([`mod@admit`]). [`endpoint::connect`] returns only once the robot has said that it admits the
//!   console, so that a refusal is one sentence at the call that caused it, on both sides.
//! - Everything that comes from the other side is bounded before it is read: [`messages`],
//!   [`pictures`], the reason of a close ([`error`]).
//!
//! Limits: nothing here judges freshness; the robot's core does. Nothing here starts a thread, picks
//! a runtime or writes a log: every `async` function runs on the caller's runtime, which must have
//! tokio's I/O and time drivers. Revocation lists are not read: certificates are short-lived, and a
//! role is withdrawn by not issuing the next one.

pub mod admit;
pub mod congestion;
pub mod control;
pub mod endpoint;
pub mod error;
pub mod keys;
pub mod messages;
pub mod order;
pub mod pictures;
pub mod role;
pub mod socket;
pub mod tls;
pub mod transport;

pub use admit::admit;
pub use endpoint::{connect, listen};
pub use error::{LinkError, PeerText, Whose};
pub use keys::{Authority, Identity, KeyError};
pub use role::{Peer, Role, peer_of};

use crate::{PROTOCOL, PROTOCOL_MEDIA};

/// Which of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Command and state frames as datagrams; session messages on one stream.
    Control,
    /// Pictures, one stream each.
    Media,
}

impl Kind {
    /// The protocol that this connection offers in ALPN, and the only one it accepts.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Control => PROTOCOL,
            Self::Media => PROTOCOL_MEDIA,
        }
    }
}
