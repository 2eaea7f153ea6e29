//! Bytes and plain numbers: bincode, little-endian, fixed-width, so that a frame is a table of offsets.
//!
//! The crate behind the name `bincode` is `cu-bincode`, a maintained fork of bincode 2 (upstream is
//! unmaintained, RUSTSEC-2025-0141). It is used in this module only; golden byte vectors and a
//! cross-decode against an independent implementation keep the layout from depending on it.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::{Decode, Encode};

use super::FrameError;

/// No frame or session message is larger. Unit: byte.
///
/// Bounds what a decoder may allocate or read for a hostile length field.
pub const MESSAGE_MAX: usize = 4096;

const CONFIG: Configuration<LittleEndian, Fixint, Limit<MESSAGE_MAX>> = bincode::config::standard()
    .with_fixed_int_encoding()
    .with_little_endian()
    .with_limit::<MESSAGE_MAX>();

/// The bytes of `value` in `out`; returns how many.
///
/// # Errors
/// [`FrameError::Length`] if `out` is too small.
pub fn encode_into<T: Encode>(value: &T, out: &mut [u8]) -> Result<usize, FrameError> {
    let room = out.len();
    bincode::encode_into_slice(value, out, CONFIG)
        .map_err(|_| FrameError::Length { expected: room.saturating_add(1), got: room })
}

/// The bytes of `value`, allocated. For session messages; frames use [`encode_into`].
///
/// # Errors
/// [`FrameError::Malformed`] if `value` is larger than [`MESSAGE_MAX`].
pub fn encode_to_vec<T: Encode>(value: &T) -> Result<Vec<u8>, FrameError> {
    let bytes = bincode::encode_to_vec(value, CONFIG).map_err(|_| FrameError::Malformed)?;
    if bytes.len() > MESSAGE_MAX { Err(FrameError::Malformed) } else { Ok(bytes) }
}

/// The value that `bytes` hold, and nothing but it: trailing bytes are refused.
///
/// # Errors
/// [`FrameError::Malformed`], or [`FrameError::Length`] for trailing bytes.
pub fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, FrameError> {
    if bytes.len() > MESSAGE_MAX {
        return Err(FrameError::Length { expected: MESSAGE_MAX, got: bytes.len() });
    }
    let (value, used) =
        bincode::decode_from_slice(bytes, CONFIG).map_err(|_| FrameError::Malformed)?;
    if used == bytes.len() {
        Ok(value)
    } else {
        Err(FrameError::Length { expected: used, got: bytes.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that encode to `size` bytes: their number, then themselves.
    fn filling(size: usize) -> Vec<u8> {
        vec![7; size - 8]
    }

    #[test]
    fn a_message_at_the_limit_passes_and_one_beyond_it_does_not() {
        let bytes = encode_to_vec(&filling(MESSAGE_MAX)).unwrap();
        assert_eq!(bytes.len(), MESSAGE_MAX);
        assert_eq!(decode(&bytes), Ok(filling(MESSAGE_MAX)));
        assert_eq!(encode_to_vec(&filling(MESSAGE_MAX + 1)), Err(FrameError::Malformed));
        let mut long = bytes;
        long.push(7);
        assert_eq!(
            decode::<Vec<u8>>(&long),
            Err(FrameError::Length { expected: MESSAGE_MAX, got: MESSAGE_MAX + 1 })
        );
    }

    #[test]
    fn what_is_left_over_is_refused_and_so_is_what_does_not_fit() {
        assert_eq!(decode::<u16>(&[1, 2, 3]), Err(FrameError::Length { expected: 2, got: 3 }));
        assert_eq!(decode::<u16>(&[1]), Err(FrameError::Malformed));
        let mut room = [0; 3];
        assert_eq!(encode_into(&0x0201_u16, &mut room), Ok(2));
        assert_eq!(room, [1, 2, 0]);
        assert_eq!(encode_into(&7_u32, &mut room), Err(FrameError::Length { expected: 4, got: 3 }));
    }
}
