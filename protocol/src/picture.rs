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
/// The lower half of the flags: what kind of picture it is.
const DELTA: u8 = 0;
const KEYFRAME: u8 = 1;

/// Values of the lower half; the upper half of the flags is the source.
const KINDS: u8 = 16;

/// Where a picture comes from. A robot may have several sources; each numbers its own pictures, and
/// only one of them steers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ViewSource {
    /// The picture of an ultrasound probe.
    Ultrasound = 0,
    /// The camera inside the patient.
    Endoscope = 1,
    /// The camera that looks where a mobile base goes.
    Drive = 2,
    /// A camera that shows the room.
    Room = 3,
}

impl ViewSource {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::Ultrasound, Self::Endoscope, Self::Drive, Self::Room];

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The source with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// The word in profiles and on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ultrasound => "ultrasound",
            Self::Endoscope => "endoscope",
            Self::Drive => "drive",
            Self::Room => "room",
        }
    }

    /// The source that this word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// What is known of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureHeader {
    /// Where it comes from.
    pub source: ViewSource,
    /// The robot's number of it among those of its source; the first is 1.
    pub view: u64,
    /// When the scene was captured.
    pub captured: Moment<Robot>,
    /// From capture until it was handed to the link. Unit: microsecond.
    pub encode_us: u32,
    /// Width. Unit: pixel.
    pub width: u16,
    /// Height. Unit: pixel.
    pub height: u16,
    /// How much an ultrasound picture shows from its first row to its last; 0 for other pictures. Unit: micrometre.
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
            flags: self.source.code() * KINDS + if self.keyframe { KEYFRAME } else { DELTA },
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
    /// [`FrameError`] for another version, undefined flags, an unknown source or a length above [`PICTURE_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        Self::from_wire(&codec::decode(bytes)?)
    }

    fn from_wire(wire: &HeaderWire) -> Result<Self, FrameError> {
        if wire.version != VERSION {
            return Err(FrameError::Version { got: wire.version });
        }
        let undefined = FrameError::Undefined { field: "flags", got: u32::from(wire.flags) };
        let keyframe = match wire.flags % KINDS {
            DELTA => false,
            KEYFRAME => true,
            _ => return Err(undefined),
        };
        let source = ViewSource::from_code(wire.flags / KINDS).ok_or(undefined)?;
        if wire.length as usize > PICTURE_MAX {
            return Err(FrameError::Range {
                field: "length",
                got: f64::from(wire.length),
                min: 0.0,
                max: PICTURE_MAX as f64,
            });
        }
        Ok(Self {
            source,
            view: wire.view,
            captured: Moment::from_ns(wire.captured_ns),
            encode_us: wire.encode_us,
            width: wire.width,
            height: wire.height,
            depth_um: wire.depth_um,
            keyframe,
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
            source: ViewSource::Endoscope,
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
                1, 0x11, 8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 128, 2, 224,
                1, 240, 73, 2, 0, 11, 0, 0, 0, 12, 0, 0, 0
            ]
        );
        assert_eq!(PictureHeader::decode(&bytes), Ok(header()));
    }

    #[test]
    fn a_picture_says_where_it_comes_from() {
        for (n, source) in ViewSource::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(source.code()), n);
            assert_eq!(ViewSource::from_word(source.word()), Some(source));
            for keyframe in [false, true] {
                let h = PictureHeader { source, keyframe, ..header() };
                assert_eq!(PictureHeader::decode(&h.encode().unwrap()), Ok(h));
            }
        }
        assert_eq!(ViewSource::from_code(4), None);
        assert_eq!(ViewSource::from_word("window"), None);
    }

    #[test]
    fn a_picture_of_another_version_or_size_is_refused() {
        let good = header().encode().unwrap();
        let mut bytes = good;
        bytes[0] = 2;
        assert_eq!(PictureHeader::decode(&bytes), Err(FrameError::Version { got: 2 }));
        for flags in [2, 8, 0x40, 0xf1] {
            let mut bytes = good;
            bytes[1] = flags;
            let got = u32::from(flags);
            let undefined = FrameError::Undefined { field: "flags", got };
            assert_eq!(PictureHeader::decode(&bytes), Err(undefined));
        }
        let mut bytes = good;
        bytes[34..38].copy_from_slice(&(PICTURE_MAX as u32 + 1).to_le_bytes());
        assert!(PictureHeader::decode(&bytes).is_err());
        assert!(PictureHeader { length: u32::MAX, ..header() }.encode().is_err());
        let largest = PictureHeader { length: PICTURE_MAX as u32, ..header() };
        assert_eq!(PictureHeader::decode(&largest.encode().unwrap()), Ok(largest));
        assert!(PictureHeader::decode(&good[..37]).is_err());
    }
}
