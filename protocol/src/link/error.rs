//! Why a link was not made or was lost: one sentence, one code, one fix, on both sides.
//!
//! The QUIC stack reports TLS alert numbers and the peer's own words. Numbers mean nothing to a
//! clinician, and words of a stranger do not belong in a log as they are. So alerts become
//! sentences, with whose certificate it was, and foreign words become a short [`PeerText`].

use core::fmt;
use std::io;
use std::net::SocketAddr;

use quinn::{ConnectionError, TransportErrorCode};

use super::keys::KeyError;
use super::role::{Peer, Role};
use crate::frame::FrameError;
use crate::{PROTOCOL, PROTOCOL_MEDIA};

/// The longest [`PeerText`]. Unit: byte. One long sentence.
pub const PEER_TEXT_MAX: usize = 200;

/// Words that the other side chose: printable and at most [`PEER_TEXT_MAX`] long.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerText(String);

impl PeerText {
    /// What is printable of the first bytes. Everything else becomes `?`.
    pub fn new(bytes: &[u8]) -> Self {
        let plain = |b: &u8| {
            if matches!(b, b' '..=b'~') { char::from(*b) } else { '?' }
        };
        Self(bytes.iter().take(PEER_TEXT_MAX).map(plain).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "no reason given" } else { &self.0 })
    }
}

/// Whose certificate is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// That of this side, and the other side refused it.
    Ours,
    /// That of the other side, and this side refused it.
    Theirs,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "this side's certificate",
            Self::Theirs => "the other side's certificate",
        })
    }
}

/// Why this side closes a connection. The number is the application close code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Close {
    /// Finished; nothing is wrong.
    Done = 0,
    /// The certificate's role may not do this.
    WrongRole = 1,
    /// The certificate names no role.
    NoRole = 2,
}

impl Close {
    /// The code on the wire.
    pub fn code(self) -> quinn::VarInt {
        quinn::VarInt::from_u32(self as u32)
    }
}

/// Why a link was not made or was lost.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LinkError {
    /// No certificate was shown.
    #[error("{}", no_certificate(*.0))]
    NoCertificate(Whose),
    /// The certificate was issued by an authority that the side which judged it does not trust.
    #[error("{0} was issued by another authority")]
    OtherAuthority(Whose),
    /// The certificate is outside its days.
    #[error("{0} has expired, or is not valid yet")]
    Expired(Whose),
    /// A console's certificate was shown by the listening side, or the other way round.
    #[error("{0} is for another use: only a robot may listen, and a robot may not connect")]
    OtherUse(Whose),
    /// The other side's certificate names no role, or more than one.
    #[error("the other side's certificate names no role")]
    NoRole,
    /// The other side's role may not do this.
    #[error("the other side is {peer}, and only {} may do this", words(allowed))]
    WrongRole {
        /// Who it is.
        peer: Peer,
        /// Who would have been admitted.
        allowed: Vec<Role>,
    },
    /// The other side does not admit this side's role.
    #[error("the other side refused this side's role: {reason}")]
    RoleRefused {
        /// Its sentence.
        reason: PeerText,
    },
    /// The two sides have no protocol in common.
    #[error(
        "the other side speaks another protocol: this side speaks {PROTOCOL} for control and {PROTOCOL_MEDIA} for pictures"
    )]
    OtherVersion,
    /// The handshake was not complete in time.
    #[error("no answer from {address} within {after_ms} ms")]
    TimedOut {
        /// Who was called, or who called.
        address: SocketAddr,
        /// How long this side waited.
        after_ms: u64,
    },
    /// An established connection fell silent.
    #[error("the other side has been silent for too long, so the link is closed")]
    Silent,
    /// Another process has the address.
    #[error("address already in use: {address}")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address can not be bound.
    #[error("can not listen on {address}: {kind}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// The address can not be called.
    #[error("{address} can not be called")]
    Address {
        /// The address.
        address: SocketAddr,
    },
    /// The caller was asked to prove its address and comes again by itself. Not a failure.
    #[error("{address} was asked to prove its address")]
    Unproven {
        /// The address.
        address: SocketAddr,
    },
    /// The other side admits nobody more at the moment.
    #[error("the other side takes no more connections at the moment")]
    Busy,
    /// The other side closed the connection.
    #[error("closed by the other side (code {code}): {reason}")]
    Closed {
        /// Its code.
        code: u64,
        /// Its sentence.
        reason: PeerText,
    },
    /// This side closed the connection.
    #[error("this side closed the link")]
    ClosedHere,
    /// The other side no longer knows this connection.
    #[error("the other side no longer knows this connection; it has probably restarted")]
    Restarted,
    /// QUIC or TLS failed in a way that none of the others names.
    #[error("the link failed (code {code:#x}): {reason}")]
    Transport {
        /// QUIC's error code.
        code: u64,
        /// What is known.
        reason: PeerText,
    },
    /// A message or picture is longer than it may be.
    #[error("expected at most {max} bytes, and {got} were announced")]
    Length {
        /// The largest allowed. Unit: byte.
        max: usize,
        /// What was announced. Unit: byte.
        got: usize,
    },
    /// A picture's bytes and its header disagree.
    #[error("the header announces {expected} bytes, and there are {got}")]
    Disagree {
        /// What the header announces. Unit: byte.
        expected: usize,
        /// What there is. Unit: byte.
        got: usize,
    },
    /// The other side ended its session stream between two messages.
    #[error("the other side has said its last word")]
    Finished,
    /// A stream ended in the middle of a message or picture.
    #[error("the stream ended in the middle of a message or picture")]
    Truncated,
    /// The other side gave up one stream.
    #[error("the other side gave up a stream (code {code})")]
    Stream {
        /// Its code.
        code: u64,
    },
    /// A message or header means nothing.
    #[error("malformed message or header: {0}")]
    Malformed(#[from] FrameError),
    /// The other side takes no datagrams.
    #[error("the other side takes no datagrams on this connection")]
    NoDatagrams,
    /// TLS could not be set up from this identity.
    #[error("TLS can not be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Keys or certificates are wrong.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

fn no_certificate(whose: Whose) -> &'static str {
    match whose {
        Whose::Ours => "this side showed no certificate, and the other side requires one",
        Whose::Theirs => "the other side showed no certificate",
    }
}

fn words(roles: &[Role]) -> String {
    let words: Vec<_> = roles.iter().map(|r| r.word()).collect();
    if words.is_empty() { "nobody".to_owned() } else { words.join(" or ") }
}

impl LinkError {
    /// The code that every surface shows.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCertificate(_) => "E-LNK-NO-CERT",
            Self::OtherAuthority(_) => "E-LNK-AUTHORITY",
            Self::Expired(_) => "E-LNK-EXPIRED",
            Self::OtherUse(_) => "E-LNK-USE",
            Self::NoRole => "E-LNK-NO-ROLE",
            Self::WrongRole { .. } | Self::RoleRefused { .. } => "E-LNK-ROLE",
            Self::OtherVersion => "E-LNK-VERSION",
            Self::TimedOut { .. } => "E-LNK-TIMEOUT",
            Self::Silent => "E-LNK-SILENT",
            Self::InUse { .. } => "E-LNK-IN-USE",
            Self::Bind { .. } => "E-LNK-BIND",
            Self::Address { .. } => "E-LNK-ADDRESS",
            Self::Unproven { .. } => "E-LNK-UNPROVEN",
            Self::Busy => "E-LNK-BUSY",
            Self::Closed { .. } => "E-LNK-CLOSED",
            Self::ClosedHere => "E-LNK-CLOSED-HERE",
            Self::Restarted => "E-LNK-RESTARTED",
            Self::Transport { .. } => "E-LNK-TRANSPORT",
            Self::Length { .. } | Self::Disagree { .. } => "E-LNK-LENGTH",
            Self::Finished => "E-LNK-FINISHED",
            Self::Truncated => "E-LNK-TRUNCATED",
            Self::Stream { .. } => "E-LNK-STREAM",
            Self::Malformed(_) => "E-LNK-MALFORMED",
            Self::NoDatagrams => "E-LNK-DATAGRAMS",
            Self::Tls(_) => "E-LNK-TLS",
            Self::Keys(error) => error.code(),
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoCertificate(_) => {
                "issue a certificate with `farreach keys issue` and pass it with --keys"
            }
            Self::OtherAuthority(_) => {
                "let the same authority issue both certificates, and give both sides its ca.pem"
            }
            Self::Expired(_) => {
                "check the time of day on both machines; if it is right, issue a new certificate with `farreach keys issue`"
            }
            Self::OtherUse(_) => {
                "give the robot a certificate with the role robot and the console one with the role operator, and check the address"
            }
            Self::NoRole => "issue the certificate with `farreach keys issue --role ...`",
            Self::WrongRole { .. } | Self::RoleRefused { .. } => {
                "connect with a certificate of a role that is admitted; `farreach keys issue --role ...` makes one"
            }
            Self::OtherVersion => {
                "install the same version on both sides, and check that control and media addresses are not swapped"
            }
            Self::TimedOut { .. } => {
                "check the address, that the robot agent runs, and that the network passes UDP to this port"
            }
            Self::Silent | Self::Restarted => {
                "check the network and the other side, then connect again"
            }
            Self::InUse { .. } => "stop the other process, or pass --listen with another port",
            Self::Bind { .. } => "pass --listen with an address of this machine",
            Self::Address { .. } => "pass an address and a port, for example 192.0.2.7:4433",
            Self::Unproven { .. } => "nothing: it comes again by itself",
            Self::Busy => "wait a moment, then connect again",
            Self::Closed { .. } | Self::ClosedHere | Self::Finished => {
                "connect again when the reason is gone"
            }
            Self::Transport { .. }
            | Self::Length { .. }
            | Self::Disagree { .. }
            | Self::Truncated
            | Self::Stream { .. }
            | Self::Malformed(_)
            | Self::NoDatagrams => "install the same version on both sides, then connect again",
            Self::Tls(_) => "issue the certificate again with `farreach keys issue`",
            Self::Keys(error) => error.fix(),
        }
    }

    /// What it means that a socket can not be bound to `address`.
    pub(super) fn bind(error: &io::Error, address: SocketAddr) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            kind => Self::Bind { address, kind },
        }
    }

    /// What an error during the handshake means; `address` is the other side's.
    pub(super) fn handshake(error: ConnectionError, address: SocketAddr, after_ms: u64) -> Self {
        match error {
            ConnectionError::TimedOut => Self::TimedOut { address, after_ms },
            other => other.into(),
        }
    }
}

/// TLS alerts, RFC 8446 section 6, as carried by QUIC, RFC 9001 section 4.8.
mod alert {
    pub(super) const BAD_CERTIFICATE: u8 = 42;
    pub(super) const UNSUPPORTED_CERTIFICATE: u8 = 43;
    pub(super) const CERTIFICATE_EXPIRED: u8 = 45;
    pub(super) const UNKNOWN_CA: u8 = 48;
    /// A signature does not fit the key. Also what an authority with the same name and another key
    /// looks like.
    pub(super) const DECRYPT_ERROR: u8 = 51;
    pub(super) const CERTIFICATE_REQUIRED: u8 = 116;
    pub(super) const NO_APPLICATION_PROTOCOL: u8 = 120;
}

fn of_code(code: TransportErrorCode, whose: Whose, reason: &[u8]) -> LinkError {
    let is = |alert: u8| code == TransportErrorCode::crypto(alert);
    if code == TransportErrorCode::CONNECTION_REFUSED {
        LinkError::Busy
    } else if is(alert::CERTIFICATE_REQUIRED) {
        LinkError::NoCertificate(whose)
    } else if is(alert::UNKNOWN_CA) || is(alert::DECRYPT_ERROR) {
        LinkError::OtherAuthority(whose)
    } else if is(alert::CERTIFICATE_EXPIRED) {
        LinkError::Expired(whose)
    } else if is(alert::BAD_CERTIFICATE) || is(alert::UNSUPPORTED_CERTIFICATE) {
        LinkError::OtherUse(whose)
    } else if is(alert::NO_APPLICATION_PROTOCOL) {
        LinkError::OtherVersion
    } else {
        LinkError::Transport { code: code.into(), reason: PeerText::new(reason) }
    }
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            // This side judged the other.
            ConnectionError::TransportError(e) => {
                of_code(e.code, Whose::Theirs, e.reason.as_bytes())
            }
            // The other side judged this one.
            ConnectionError::ConnectionClosed(e) => of_code(e.error_code, Whose::Ours, &e.reason),
            ConnectionError::ApplicationClosed(e) => {
                let reason = PeerText::new(&e.reason);
                if e.error_code == Close::WrongRole.code() || e.error_code == Close::NoRole.code() {
                    Self::RoleRefused { reason }
                } else {
                    Self::Closed { code: e.error_code.into_inner(), reason }
                }
            }
            ConnectionError::VersionMismatch => Self::OtherVersion,
            ConnectionError::Reset => Self::Restarted,
            ConnectionError::TimedOut => Self::Silent,
            ConnectionError::LocallyClosed => Self::ClosedHere,
            ConnectionError::CidsExhausted => Self::Busy,
        }
    }
}

impl From<quinn::WriteError> for LinkError {
    fn from(error: quinn::WriteError) -> Self {
        match error {
            quinn::WriteError::ConnectionLost(e) => e.into(),
            quinn::WriteError::Stopped(code) => Self::Stream { code: code.into_inner() },
            quinn::WriteError::ClosedStream | quinn::WriteError::ZeroRttRejected => {
                Self::ClosedHere
            }
        }
    }
}

impl From<quinn::ReadError> for LinkError {
    fn from(error: quinn::ReadError) -> Self {
        match error {
            quinn::ReadError::ConnectionLost(e) => e.into(),
            quinn::ReadError::Reset(code) => Self::Stream { code: code.into_inner() },
            quinn::ReadError::ClosedStream
            | quinn::ReadError::IllegalOrderedRead
            | quinn::ReadError::ZeroRttRejected => Self::ClosedHere,
        }
    }
}

impl From<quinn::ReadExactError> for LinkError {
    fn from(error: quinn::ReadExactError) -> Self {
        match error {
            quinn::ReadExactError::FinishedEarly(_) => Self::Truncated,
            quinn::ReadExactError::ReadError(e) => e.into(),
        }
    }
}

impl From<quinn::SendDatagramError> for LinkError {
    fn from(error: quinn::SendDatagramError) -> Self {
        match error {
            quinn::SendDatagramError::ConnectionLost(e) => e.into(),
            quinn::SendDatagramError::UnsupportedByPeer
            | quinn::SendDatagramError::Disabled
            | quinn::SendDatagramError::TooLarge => Self::NoDatagrams,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_short_and_printable() {
        let text = PeerText::new(b"ok\x1b[31m\n\xff");
        assert_eq!(text.as_str(), "ok?[31m??");
        assert_eq!(PeerText::new(&[b'x'; 5000]).as_str().len(), PEER_TEXT_MAX);
        assert_eq!(PeerText::new(b"").to_string(), "no reason given");
    }

    #[test]
    fn the_sentences_name_what_we_speak_and_who_is_admitted() {
        assert!(LinkError::OtherVersion.to_string().contains("this side speaks farreach/2"));
        let wrong = LinkError::WrongRole {
            peer: Peer { role: Role::Observer, name: "anna".into() },
            allowed: vec![Role::Operator, Role::Bedside],
        };
        assert_eq!(
            wrong.to_string(),
            "the other side is observer anna, and only operator or bedside may do this"
        );
    }
}
