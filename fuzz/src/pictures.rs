//! Picture headers, and the buffer that puts pictures in order.

use std::collections::BTreeSet;

use protocol::link::order::{ASK_AGAIN_AFTER, Ordered, WAIT_MAX};
use protocol::link::pictures::is_keyframe_request;
use protocol::picture::{HEADER_BYTES, PICTURE_MAX, PictureHeader, ViewSource};
use protocol::time::Moment;

use crate::bytes::Bytes;

/// What decodes is canonical, announces no more than a picture may have, and nothing may follow it.
pub fn picture_header(bytes: &[u8]) {
    assert!(!is_keyframe_request(bytes) || bytes.len() == 1);
    let Ok(header) = PictureHeader::decode(bytes) else { return };
    assert_eq!(bytes.len(), HEADER_BYTES);
    assert!(header.length as usize <= PICTURE_MAX);
    assert_eq!(bytes[1], header.source.code() << 4 | u8::from(header.keyframe), "flags");
    assert_eq!(header.encode().as_ref().map(<[u8; _]>::as_slice), Ok(bytes), "canonical");
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(PictureHeader::decode(&longer).is_err(), "a byte behind the header");
}

/// Whatever arrives in whatever order: views only rise, each builds on the one before or on nothing, no
/// more than [`WAIT_MAX`] wait, a keyframe never waits, and a broken chain asks for a keyframe.
pub fn picture_order(bytes: &[u8]) {
    let mut program = Bytes::new(bytes);
    let mut buffer = Ordered::<PictureHeader>::new();
    let (mut view, mut newest) = (0_u64, 0_u64);
    let (mut pushed, mut released, mut last) = (0_u64, 0_u64, 0_u64);
    let mut waited_for = BTreeSet::new();
    let mut unanswered = 0;
    while !program.is_empty() {
        let header = next_header(&mut program, &mut view);
        // A second picture of one view that waits is dropped, keyframe or not.
        let new = header.view > last && waited_for.insert(header.view);
        let release = buffer.push(&header, header);
        pushed += 1;
        for picture in &release.pictures {
            assert!(picture.view > last, "view {} after {last}", picture.view);
            let before = picture.view.saturating_sub(1).saturating_sub(u64::from(picture.skipped));
            assert!(picture.keyframe || before == last, "{picture:?} does not build on {last}");
            last = picture.view;
            released += 1;
        }
        let waiting = pushed - released - buffer.dropped();
        assert!(waiting <= WAIT_MAX as u64, "{waiting} wait");
        let released_now = release.pictures.contains(&header);
        assert!(released_now || !(new && header.keyframe), "a keyframe waits");
        if header.view > newest {
            newest = header.view;
            unanswered += 1;
        }
        if release.keyframe_wanted || !release.pictures.is_empty() {
            unanswered = 0;
        }
        assert!(unanswered <= WAIT_MAX as u32 + ASK_AGAIN_AFTER + 1, "nobody asks for a keyframe");
    }
}

fn next_header(program: &mut Bytes<'_>, view: &mut u64) -> PictureHeader {
    let what = program.u8();
    *view = match what & 0x07 {
        // Mostly the next one; sometimes late, repeated, far ahead, or anything at all.
        0..=3 => view.saturating_add(1),
        4 => view.saturating_add(u64::from(program.u8())),
        5 => view.saturating_sub(u64::from(program.u8())),
        6 => *view,
        _ => program.u64(),
    };
    let skipped = match what >> 6 {
        0 | 1 => 0,
        2 => u32::from(program.u8()),
        _ => program.u32(),
    };
    PictureHeader {
        source: ViewSource::Ultrasound,
        view: *view,
        captured: Moment::START,
        encode_us: 0,
        width: 0,
        height: 0,
        depth_um: 0,
        keyframe: what & 0x08 != 0,
        skipped,
        length: 0,
    }
}
