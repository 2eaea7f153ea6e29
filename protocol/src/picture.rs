//! Pictures on the media link: a header, then one H.264 access unit.
//!
//! The robot numbers every picture it captures and remembers its own time of each. The header
//! carries that number, which the console sends back in command frames once the picture has been
//! *presented*; the times in it serve attribution only.

use bincode::{Decode, Encode};

use crate::frame::{FrameError, codec};
use crate::time::{Moment, Robot};

/// Bytes of a picture header on the wire. Unit: byte.
pub const HEADER_BYTES: usize = 38;

/// The largest encoded picture. Unit: byte.
///
/// A forced keyframe of 1080p was measured at 143 kB; four times that still ends a broken or
/// hostile stream early.
pub const PICTURE_MAX: usize = 600_000;

const VERSION: u8 = 1;
const FLAG_KEYFRAME: u8 = 1;

/// What is known of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureHeader {
    /// The robot's number of it; the first is 1.
    pub view: u64,
    /// When the scene was captured.
    pub captured: Moment<Robot>,
    /// From capture until it was handed to the link. Unit: microsecond.
    pub encode_us: u32,
    /// Width. Unit: pixel.
    pub width: u16,
    /// Height. Unit: pixel.
    pub height: u16,
    /// Depth shown by an ultrasound picture; 0 for other pictures. Unit: micrometre.
    pub depth_um: u32,
    /// True if it decodes without any picture before it.
    pub keyframe: bool,
    /// Pictures skipped before this one because the link was busy.
    pub skipped: u32,
    /// Bytes of the access unit that follows.
    pub length: u32,
}

#[derive(Encode, Decode)]
struct HeaderWire {
    version: u8,
    flags: u8,
    view: u64,
    captured_ns: u64,
    encode_us: u32,
    width: u16,
    height: u16,
    depth_um: u32,
    skipped: u32,
    length: u32,
}

impl PictureHeader {
    /// The header as it goes on the wire.
    ///
    /// # Errors
    /// [`FrameError::Range`] for a length above [`PICTURE_MAX`].
    pub fn encode(&self) -> Result<[u8; HEADER_BYTES], FrameError> {
        let wire = HeaderWire {
            version: VERSION,
            flags: u8::from(self.keyframe) * FLAG_KEYFRAME,
            view: self.view,
            captured_ns: self.captured.as_ns(),
            encode_us: self.encode_us,
            width: self.width,
            height: self.height,
            depth_um: self.depth_um,
            skipped: self.skipped,
            length: self.length,
        };
        Self::from_wire(&wire)?;
        let mut bytes = [0; HEADER_BYTES];
        codec::encode_into(&wire, &mut bytes)?;
        Ok(bytes)
    }

    /// The header that these bytes hold.
    ///
    /// # Errors
    /// [`FrameError`] for another version, undefined flags or a length above [`PICTURE_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        Self::from_wire(&codec::decode(bytes)?)
    }

    fn from_wire(wire: &HeaderWire) -> Result<Self, FrameError> {
        if wire.version != VERSION {
            return Err(FrameError::Version { got: wire.version });
        }
        if wire.flags > FLAG_KEYFRAME {
            return Err(FrameError::Undefined { field: "flags", got: u32::from(wire.flags) });
        }
        if wire.length as usize > PICTURE_MAX {
            return Err(FrameError::Range {
                field: "length",
                got: f64::from(wire.length),
                min: 0.0,
                max: PICTURE_MAX as f64,
            });
        }
        Ok(Self {
            view: wire.view,
            captured: Moment::from_ns(wire.captured_ns),
            encode_us: wire.encode_us,
            width: wire.width,
            height: wire.height,
            depth_um: wire.depth_um,
            keyframe: wire.flags == FLAG_KEYFRAME,
            skipped: wire.skipped,
            length: wire.length,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> PictureHeader {
        PictureHeader {
            view: 0x0102_0304_0506_0708,
            captured: Moment::from_ns(9),
            encode_us: 10,
            width: 640,
            height: 480,
            depth_um: 150_000,
            keyframe: true,
            skipped: 11,
            length: 12,
        }
    }

    #[test]
    fn the_layout_is_the_table_in_the_reference() {
        let bytes = header().encode().unwrap();
        assert_eq!(
            bytes,
            [
                1, 1, 8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 128, 2, 224, 1,
                240, 73, 2, 0, 11, 0, 0, 0, 12, 0, 0, 0
            ]
        );
        assert_eq!(PictureHeader::decode(&bytes), Ok(header()));
    }

    #[test]
    fn a_picture_of_another_version_or_size_is_refused() {
        let good = header().encode().unwrap();
        let mut bytes = good;
        bytes[0] = 2;
        assert_eq!(PictureHeader::decode(&bytes), Err(FrameError::Version { got: 2 }));
        let mut bytes = good;
        bytes[1] = 2;
        assert!(PictureHeader::decode(&bytes).is_err());
        let mut bytes = good;
        bytes[34..38].copy_from_slice(&(PICTURE_MAX as u32 + 1).to_le_bytes());
        assert!(PictureHeader::decode(&bytes).is_err());
        assert!(PictureHeader { length: u32::MAX, ..header() }.encode().is_err());
        assert!(PictureHeader::decode(&good[..37]).is_err());
    }
}
