//! H.264 of pictures: constrained baseline, no reordering, one access unit in and out.

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;

use crate::picture::{NEUTRAL, Picture};

/// Bits a second that pictures may take. 640 × 480 ultrasound with speckle is clear at this rate.
const BIT_RATE: u32 = 4_000_000;

/// Pictures between keyframes that nobody asked for: a decoder that lost its way unnoticed recovers.
const KEYFRAME_EVERY: u32 = 300;

/// The shortest side of a picture. Unit: pixel. One macroblock; the encoder takes nothing smaller.
pub const SIDE_MIN: u16 = 16;

/// The most pixels of a picture: 36,864 macroblocks, those of H.264 levels 5.1 and 5.2.
pub const PIXELS_MAX: u32 = 36_864 * 256;

/// Why a picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// No picture of this size can be.
    #[error(
        "both sides must be even and at least {SIDE_MIN} pixels, and {PIXELS_MAX} pixels are the most"
    )]
    Size,
    /// This picture is not of the size that was told at the start.
    #[error("the source told pictures of {told:?} pixels, and this one has {got:?}")]
    OtherSize {
        /// Width and height as told.
        told: (u16, u16),
        /// Width and height of the picture.
        got: (u16, u16),
    },
    /// The encoder says no.
    #[error("the H.264 encoder failed: {0}")]
    Encoder(#[from] openh264::Error),
}

/// Encodes a flow of pictures of one size.
pub struct PictureEncoder {
    encoder: Encoder,
    size: (u16, u16),
    neutral: Vec<u8>,
}

impl PictureEncoder {
    /// An encoder for pictures of this size at this rate, tried on a black one: the library looks at a
    /// size only when the first picture of it comes.
    ///
    /// # Errors
    /// [`EncodeError`] if no picture of this size can be encoded.
    pub fn new(width: u16, height: u16, rate_hz: f64) -> Result<Self, EncodeError> {
        let pixels = u32::from(width) * u32::from(height);
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        if !even || width.min(height) < SIDE_MIN || pixels > PIXELS_MAX {
            return Err(EncodeError::Size);
        }
        let mut trial = Self::untried(width, height, rate_hz)?;
        trial.encode(&Picture::black(width, height), true, &mut Vec::new())?;
        Self::untried(width, height, rate_hz)
    }

    fn untried(width: u16, height: u16, rate_hz: f64) -> Result<Self, EncodeError> {
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .rate_control_mode(RateControlMode::Bufferbased)
            .bitrate(BitRate::from_bps(BIT_RATE))
            .max_frame_rate(FrameRate::from_hz(rate_hz as f32))
            .intra_frame_period(IntraFramePeriod::from_num_frames(KEYFRAME_EVERY))
            .skip_frames(false)
            .scene_change_detect(false)
            // It takes what an instrument uncovers for background and leaves dots of the instrument there.
            .background_detection(false)
            .num_threads(1)
            .vui(VuiConfig::bt709_full());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)?;
        let neutral = vec![NEUTRAL; usize::from(width / 2) * usize::from(height / 2)];
        Ok(Self { encoder, size: (width, height), neutral })
    }

    /// Encodes `picture` into `unit` (Annex B); returns whether it is a keyframe.
    ///
    /// # Errors
    /// [`EncodeError`]; the next picture should then be a keyframe.
    pub fn encode(
        &mut self,
        picture: &Picture,
        keyframe: bool,
        unit: &mut Vec<u8>,
    ) -> Result<bool, EncodeError> {
        let got = (picture.width, picture.height);
        let (width, height) = (usize::from(picture.width), usize::from(picture.height));
        let (cb, cr) =
            picture.colour.as_ref().map_or((&self.neutral, &self.neutral), |c| (&c.cb, &c.cr));
        let whole = picture.grey.len() == width * height
            && [cb, cr].iter().all(|plane| plane.len() == self.neutral.len());
        // The library would panic.
        if got != self.size || !whole {
            return Err(EncodeError::OtherSize { told: self.size, got });
        }
        let planes =
            YUVSlices::new((&picture.grey, cb, cr), (width, height), (width, width / 2, width / 2));
        if keyframe {
            self.encoder.force_intra_frame();
        }
        let stream = self.encoder.encode(&planes)?;
        unit.clear();
        stream.write_vec(unit);
        Ok(matches!(stream.frame_type(), FrameType::IDR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Colour;
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource;

    #[test]
    fn a_size_that_can_not_be_encoded_is_refused_before_the_first_picture() {
        for size in [(0, 0), (0, 48), (64, 14), (63, 48), (64, 47), (u16::MAX - 1, 16_384)] {
            let refused = PictureEncoder::new(size.0, size.1, 40.0);
            assert!(matches!(refused, Err(EncodeError::Size)), "{size:?}");
        }
        for size in [(16, 16), (18, 40), (1280, 720)] {
            assert!(PictureEncoder::new(size.0, size.1, 40.0).is_ok(), "{size:?}");
        }
    }

    #[test]
    fn a_picture_of_another_size_than_was_told_is_refused() {
        let mut encoder = PictureEncoder::new(64, 48, 40.0).unwrap();
        let mut cut = Picture::black(64, 48);
        cut.grey.pop();
        for picture in [Picture::black(48, 64), Picture::black(32, 32), cut] {
            let refused = encoder.encode(&picture, true, &mut Vec::new());
            assert!(matches!(refused, Err(EncodeError::OtherSize { told: (64, 48), .. })));
        }
        assert!(encoder.encode(&Picture::black(64, 48), true, &mut Vec::new()).is_ok());
    }

    #[test]
    fn colour_arrives_and_a_grey_picture_has_none() {
        let mut encoder = PictureEncoder::new(64, 48, 40.0).unwrap();
        let mut decoder = Decoder::new().unwrap();
        let mut unit = Vec::new();
        let mut picture = Picture::black(64, 48);
        picture.grey.fill(120);
        let mut colour = Colour::neutral(64, 48);
        colour.cb.fill(60);
        colour.cr.fill(200);
        for wanted in [Some(colour), None] {
            let (cb, cr) = wanted.as_ref().map_or((128, 128), |_| (60, 200));
            picture.colour = wanted;
            encoder.encode(&picture, true, &mut unit).unwrap();
            let yuv = decoder.decode(&unit).unwrap().expect("one in, one out");
            let near = |plane: &[u8], stride: usize, value: u8| {
                (0..24).all(|y| {
                    plane[y * stride..y * stride + 32].iter().all(|p| p.abs_diff(value) < 6)
                })
            };
            assert!(near(yuv.u(), yuv.strides().1, cb) && near(yuv.v(), yuv.strides().2, cr));
        }
        picture.colour = Some(Colour::neutral(32, 48));
        let refused = encoder.encode(&picture, true, &mut unit);
        assert!(matches!(refused, Err(EncodeError::OtherSize { .. })), "half a plane");
    }

    /// A slanted bar that crosses still ground, as an instrument does: `front` pixels of the first row are behind it.
    fn crossed(front: f32) -> Picture {
        let mut picture = Picture::black(640, 480);
        for (i, pixel) in picture.grey.iter_mut().enumerate() {
            let (x, y) = ((i % 640) as f32, (i / 640) as f32);
            let ahead = x + 0.6 * y - front;
            let ground = 110.0 + 25.0 * (x / 37.0).sin() * (y / 29.0).cos();
            *pixel = if (0.0..60.0).contains(&ahead) { 30.0 + ahead } else { ground } as u8;
        }
        picture
    }

    #[test]
    fn nothing_stays_where_an_instrument_was() {
        let mut encoder = PictureEncoder::new(640, 480, 60.0).unwrap();
        let mut decoder = Decoder::new().unwrap();
        let mut unit = Vec::new();
        let mut worst = 0;
        for n in 0..160_u8 {
            let picture = crossed(2.3 * f32::from(n));
            encoder.encode(&picture, false, &mut unit).unwrap();
            let yuv = decoder.decode(&unit).unwrap().expect("one in, one out");
            if n == 159 {
                let rows = yuv.y().chunks(yuv.strides().0).zip(picture.grey.chunks(640));
                let errors = rows.flat_map(|(got, wanted)| {
                    got.iter().zip(wanted).map(|(got, wanted)| got.abs_diff(*wanted))
                });
                worst = errors.max().unwrap();
            }
        }
        assert!(worst < 16, "{worst} of 255");
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same_picture_one_in_one_out() {
        let mut encoder = PictureEncoder::new(64, 48, 40.0).unwrap();
        let mut decoder = Decoder::new().unwrap();
        let mut unit = Vec::new();
        for n in 0..5_u8 {
            let mut picture = Picture::black(64, 48);
            for (i, p) in picture.grey.iter_mut().enumerate() {
                *p = (i % 64) as u8 * 3 + n * 4;
            }
            let key = encoder.encode(&picture, n == 3, &mut unit).unwrap();
            assert_eq!(key, n == 0 || n == 3);
            let yuv = decoder.decode(&unit).unwrap().expect("one in, one out");
            let worst = (0..48)
                .flat_map(|y| (0..64).map(move |x| (x, y)))
                .map(|(x, y)| {
                    let got = i32::from(yuv.y()[y * yuv.strides().0 + x]);
                    (got - i32::from(picture.grey[y * 64 + x])).abs()
                })
                .max();
            assert!(worst.unwrap() < 40, "{worst:?}");
        }
    }
}
