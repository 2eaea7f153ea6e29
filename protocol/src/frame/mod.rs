//! The frames of the control plane: what is in a datagram, and what is refused.
//!
//! Two floors, kept apart: [`codec`] turns bytes into plain numbers and back with a layout that is a
//! table of offsets (`docs/src/reference/wire.md`); [`command`] and [`state`] turn plain numbers
//! into things that mean something, and refuse those that do not. Nothing above ever sees a NaN, an
//! infinity, a rotation that is none, or a frame of another version.

pub mod clamp;
pub mod codec;
pub mod command;
pub mod state;

pub use clamp::{Clamp, ClampSet};
pub use command::{ArmCommand, BaseTwist, CommandFrame, Mode, Motion};
pub use state::{ArmState, BaseState, StateFrame};

/// The version of the frame layout. The first byte of every frame, and the version in
/// [`PROTOCOL`](crate::PROTOCOL).
pub const FRAME_VERSION: u8 = 2;

/// The largest control datagram with its QUIC, UDP and IP headers. Unit: byte.
///
/// Source: 3GPP TS 23.501 table 5.7.4-1: 5QI 82 and 85 carry bursts of 255 bytes.
pub const COMMAND_WIRE_MAX: usize = 255;

/// The largest state datagram with its headers. Unit: byte. Source: 5QI 87 (bursts of 500 bytes).
pub const STATE_WIRE_MAX: usize = 500;

/// What QUIC, UDP and IPv6 add to a datagram at most. Unit: byte.
///
/// IPv6 40, UDP 8, QUIC short header 1 + connection id 8 + packet number 4, frame type and length
/// 3, AEAD tag 16.
pub const DATAGRAM_OVERHEAD: usize = 80;

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FrameError {
    /// Wrong number of bytes for this kind of frame.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that this kind of frame has.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Another version of the layout.
    #[error("expected frame version {FRAME_VERSION}, got {got}; update the older side")]
    Version {
        /// The version that came.
        got: u8,
    },
    /// Another kind of frame.
    #[error("expected a frame of kind {expected}, got kind {got}")]
    Kind {
        /// The kind that was expected.
        expected: u8,
        /// The kind that came.
        got: u8,
    },
    /// An enumeration with a value that nobody has defined.
    #[error("field `{field}` has the undefined value {got}")]
    Undefined {
        /// The field, by its name in `wire.md`.
        field: &'static str,
        /// What came.
        got: u32,
    },
    /// A number that is NaN, infinite or outside what the field can mean.
    #[error("field `{field}` is {got}, outside {min} to {max}")]
    Range {
        /// The field, by its name in `wire.md`.
        field: &'static str,
        /// What came.
        got: f64,
        /// The smallest meaning.
        min: f64,
        /// The largest meaning.
        max: f64,
    },
    /// Four numbers that are no rotation.
    #[error("field `{field}` is not a unit quaternion")]
    NotARotation {
        /// The field, by its name in `wire.md`.
        field: &'static str,
    },
    /// The bytes do not decode at all.
    #[error("not a frame")]
    Malformed,
}

/// `value` if it lies inside `[min, max]`. NaN does not.
pub(crate) fn within(
    field: &'static str,
    value: f32,
    min: f64,
    max: f64,
) -> Result<f64, FrameError> {
    let value = f64::from(value);
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(FrameError::Range { field, got: value, min, max })
    }
}
