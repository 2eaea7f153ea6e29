//! A picture as the page gets it: a header of its own, then the access unit.

use crate::shell::mailbox::Picture;

/// Bytes before the access unit.
pub const HEADER_BYTES: usize = 32;

/// `FRP1`, little-endian.
const MAGIC: u32 = 0x3150_5246;

const KEYFRAME: u32 = 1;

/// The header of this picture. Little-endian: magic u32, flags u32 (bit 0 keyframe), view u64, width
/// u16, height u16, encode time u32 (µs), depth u32 (µm), reserved u32.
pub fn header_bytes(picture: &Picture) -> [u8; HEADER_BYTES] {
    let header = &picture.header;
    let mut bytes = [0; HEADER_BYTES];
    let fields: [&[u8]; 8] = [
        &MAGIC.to_le_bytes(),
        &(u32::from(header.keyframe) * KEYFRAME).to_le_bytes(),
        &header.view.to_le_bytes(),
        &header.width.to_le_bytes(),
        &header.height.to_le_bytes(),
        &header.encode_us.to_le_bytes(),
        &header.depth_um.to_le_bytes(),
        &0_u32.to_le_bytes(),
    ];
    for (byte, value) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
        *byte = *value;
    }
    bytes
}

/// The whole message.
pub(super) fn message(picture: &Picture) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_BYTES + picture.unit.len());
    message.extend_from_slice(&header_bytes(picture));
    message.extend_from_slice(&picture.unit);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::picture::{PictureHeader, ViewSource};
    use protocol::time::Moment;

    #[test]
    fn the_header_is_what_the_page_reads() {
        let header = PictureHeader {
            source: ViewSource::Ultrasound,
            view: 0x0102_0304_0506_0708,
            captured: Moment::from_ns(9),
            encode_us: 10,
            width: 640,
            height: 480,
            depth_um: 150_000,
            keyframe: true,
            skipped: 11,
            length: 2,
        };
        let picture = Picture { header, unit: vec![0xAA, 0xBB], session: 1 };
        let golden = [
            0x46, 0x52, 0x50, 0x31, 1, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 128, 2, 224, 1, 10, 0, 0,
            0, 240, 73, 2, 0, 0, 0, 0, 0, 0xAA, 0xBB,
        ];
        assert_eq!(message(&picture), golden);
        let delta = PictureHeader { keyframe: false, ..header };
        assert_eq!(header_bytes(&Picture { header: delta, ..picture })[4], 0);
    }
}
