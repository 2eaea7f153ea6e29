//! The eye of a console without a page: decodes every picture for real, then says it was presented.
//!
//! What does not decode is not presented; what builds on it is not even tried. Its presentations
//! are therefore as honest as a page's: a robot that trusts them trusts a picture that exists.

use std::sync::Arc;

use openh264::decoder::{Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource as _;
use openh264::{Error, OpenH264API};
use protocol::link::order::ASK_AGAIN_AFTER;
use tokio::sync::watch;

use super::mailbox::{Mailbox, Picture};
use super::shared::Shared;

/// A decoder for pictures without reordering: one in, one out, nothing held back.
///
/// # Errors
/// What the library says.
pub fn decoder() -> Result<Decoder, Error> {
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    Decoder::with_api_config(OpenH264API::from_source(), config)
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// It was decoded.
    Presented,
    /// It was not; `keyframe_wanted` is true if a keyframe must be asked for now.
    Dropped {
        /// See above.
        keyframe_wanted: bool,
    },
}

/// Decodes a flow of pictures.
pub struct Player {
    decoder: Decoder,
    session: u64,
    /// Pictures dropped since a keyframe was asked for; `None` while the chain is whole.
    broken: Option<u32>,
}

impl Player {
    /// A player that begins with the first keyframe.
    pub const fn new(decoder: Decoder) -> Self {
        Self { decoder, session: 0, broken: Some(0) }
    }

    /// Decodes one picture.
    pub fn show(&mut self, picture: &Picture) -> Shown {
        if picture.session != self.session {
            self.session = picture.session;
            self.broken = Some(0);
        }
        if picture.header.keyframe {
            self.broken = None;
        }
        if let Some(dropped) = self.broken {
            let dropped = dropped.saturating_add(1);
            let keyframe_wanted = dropped >= ASK_AGAIN_AFTER;
            self.broken = Some(if keyframe_wanted { 0 } else { dropped });
            return Shown::Dropped { keyframe_wanted };
        }
        if self.decodes(picture) {
            return Shown::Presented;
        }
        self.broken = Some(0);
        Shown::Dropped { keyframe_wanted: true }
    }

    /// True if a picture of the announced size came out.
    fn decodes(&mut self, picture: &Picture) -> bool {
        let size = (usize::from(picture.header.width), usize::from(picture.header.height));
        match self.decoder.decode(&picture.unit) {
            Ok(Some(decoded)) => decoded.dimensions() == size,
            Ok(None) | Err(_) => false,
        }
    }
}

/// Plays what comes into the mailbox until `stop` is set.
pub async fn run(
    decoder: Decoder,
    mailbox: &Arc<Mailbox>,
    shared: &Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut player = Player::new(decoder);
    loop {
        let picture = tokio::select! {
            picture = mailbox.next() => picture,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match player.show(&picture) {
            Shown::Presented => shared.presented(picture.header.view, picture.session),
            Shown::Dropped { keyframe_wanted } => {
                shared.outlet.count_dropped(1);
                if keyframe_wanted {
                    shared.outlet.ask_keyframe();
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use openh264::encoder::{Encoder, EncoderConfig, FrameType, IntraFramePeriod, UsageType};
    use openh264::formats::YUVSlices;
    use protocol::picture::{PictureHeader, ViewSource};
    use protocol::time::Moment;

    /// A small film: a keyframe every `period` pictures, in which something moves.
    pub(crate) fn film(pictures: u64, period: u32) -> Vec<Picture> {
        const SIZE: usize = 64;
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .intra_frame_period(IntraFramePeriod::from_num_frames(period))
            .skip_frames(false)
            .scene_change_detect(false);
        let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config).unwrap();
        let neutral = vec![128; SIZE * SIZE / 4];
        let mut film = Vec::new();
        for view in 1..=pictures {
            let grey: Vec<u8> =
                (0..SIZE * SIZE).map(|i| ((i % SIZE) as u64 * 3 + view * 7) as u8).collect();
            let planes = YUVSlices::new(
                (&grey, &neutral, &neutral),
                (SIZE, SIZE),
                (SIZE, SIZE / 2, SIZE / 2),
            );
            let stream = encoder.encode(&planes).unwrap();
            let keyframe = matches!(stream.frame_type(), FrameType::IDR);
            let unit = stream.to_vec();
            let header = PictureHeader {
                source: ViewSource::Ultrasound,
                view,
                captured: Moment::from_ns(view),
                encode_us: 1,
                width: SIZE as u16,
                height: SIZE as u16,
                depth_um: 120_000,
                keyframe,
                skipped: 0,
                length: unit.len() as u32,
            };
            film.push(Picture { header, unit, session: 1 });
        }
        film
    }

    #[test]
    fn every_whole_picture_is_decoded_one_in_one_out() {
        let mut player = Player::new(decoder().unwrap());
        for picture in film(10, 5) {
            assert_eq!(player.show(&picture), Shown::Presented, "{}", picture.header.view);
        }
    }

    #[test]
    fn a_picture_that_does_not_decode_is_not_presented_and_breaks_the_chain() {
        let mut player = Player::new(decoder().unwrap());
        let mut film = film(12, 6);
        assert!(film[6].header.keyframe);
        let spoilt = film[2].unit.len() / 2;
        for byte in &mut film[2].unit[spoilt.min(6)..] {
            *byte = 0xA5;
        }
        let shown: Vec<_> = film.iter().map(|p| player.show(p)).collect();
        assert_eq!(shown[..2], [Shown::Presented; 2]);
        assert_eq!(shown[2], Shown::Dropped { keyframe_wanted: true });
        assert_eq!(shown[3..6], [Shown::Dropped { keyframe_wanted: false }; 3]);
        assert_eq!(shown[6..], [Shown::Presented; 6]);
    }

    #[test]
    fn a_flow_that_does_not_begin_with_a_keyframe_waits_for_one_and_asks_again() {
        let mut player = Player::new(decoder().unwrap());
        let film = film(14, 30);
        let asked: Vec<_> = film[1..]
            .iter()
            .filter(|p| player.show(p) == Shown::Dropped { keyframe_wanted: true })
            .map(|p| p.header.view)
            .collect();
        assert_eq!(asked, [1 + u64::from(ASK_AGAIN_AFTER)]);
        assert_eq!(player.show(&film[0]), Shown::Presented);
    }

    #[test]
    fn a_picture_of_another_size_than_announced_is_not_presented() {
        let mut player = Player::new(decoder().unwrap());
        let mut picture = film(1, 5).remove(0);
        picture.header.width = 32;
        assert_eq!(player.show(&picture), Shown::Dropped { keyframe_wanted: true });
    }

    #[test]
    fn another_session_begins_with_a_keyframe() {
        let mut player = Player::new(decoder().unwrap());
        let film = film(3, 30);
        assert_eq!(player.show(&film[0]), Shown::Presented);
        let other = Picture { session: 2, ..film[1].clone() };
        assert_eq!(player.show(&other), Shown::Dropped { keyframe_wanted: false });
    }
}
