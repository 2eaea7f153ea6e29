//! H.264 of grey pictures: constrained baseline, no reordering, one access unit in and out.

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;

use crate::picture::Picture;

/// Bits a second that pictures may take. 640 × 480 ultrasound with speckle is clear at this rate.
const BIT_RATE: u32 = 4_000_000;

/// Pictures between keyframes that nobody asked for: a decoder that lost its way unnoticed recovers.
const KEYFRAME_EVERY: u32 = 300;

/// A grey value that leaves colour out.
const NEUTRAL: u8 = 128;

/// Why a picture could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("the H.264 encoder failed: {0}")]
pub struct EncodeError(#[from] openh264::Error);

/// Encodes a flow of pictures of one size.
pub struct PictureEncoder {
    encoder: Encoder,
    neutral: Vec<u8>,
}

impl PictureEncoder {
    /// An encoder for pictures of this size at this rate.
    ///
    /// # Errors
    /// [`EncodeError`] if the encoder refuses its settings.
    pub fn new(width: u16, height: u16, rate_hz: f64) -> Result<Self, EncodeError> {
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .rate_control_mode(RateControlMode::Bufferbased)
            .bitrate(BitRate::from_bps(BIT_RATE))
            .max_frame_rate(FrameRate::from_hz(rate_hz as f32))
            .intra_frame_period(IntraFramePeriod::from_num_frames(KEYFRAME_EVERY))
            .skip_frames(false)
            .scene_change_detect(false)
            .num_threads(1)
            .vui(VuiConfig::bt709_full());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)?;
        let neutral = vec![NEUTRAL; usize::from(width / 2) * usize::from(height / 2)];
        Ok(Self { encoder, neutral })
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
        let (width, height) = (usize::from(picture.width), usize::from(picture.height));
        let planes = YUVSlices::new(
            (&picture.grey, &self.neutral, &self.neutral),
            (width, height),
            (width, width / 2, width / 2),
        );
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
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource;

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
