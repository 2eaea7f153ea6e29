//! Session messages: what is said once on the reliable stream.

use protocol::frame::FrameError;
use protocol::imaging::{ImagingRefusal, ImagingReport, ImagingState, Knob};
use protocol::session::{
    OperatorMessage, Refusal, RobotMessage, SESSION_MESSAGE_MAX, decode, encode,
};

/// What decodes is canonical, bounded, and nothing may follow it.
pub fn session_messages(bytes: &[u8]) {
    if let Some(OperatorMessage::Hello { console, .. }) = canonical(bytes) {
        assert!(console.len() < bytes.len());
    }
    match canonical::<RobotMessage>(bytes) {
        Some(RobotMessage::Refused { code }) => {
            assert!(Refusal::from_code(code).is_none_or(|r| r as u8 == code));
        }
        Some(RobotMessage::Imaging { report }) => imaging(&report),
        _ => {}
    }
}

/// What ranges take lies in all of them, and what they refuse is said with the knob's own value and limits.
fn imaging(report: &ImagingReport) {
    if let Some(ImagingState { now, ranges }) = report.state {
        let inside = |knob: Knob| {
            let (at, span) = (now.knob(knob), ranges.knob(knob));
            span.min <= at && at <= span.max
        };
        match ranges.check(&now) {
            Ok(()) => assert!(Knob::ALL.into_iter().all(inside)),
            Err(ImagingRefusal::Range { knob, got, .. }) => {
                assert!(!inside(knob) && got == now.knob(knob));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    if let Some(refused) = report.refused {
        assert!(!refused.to_string().is_empty() && !refused.fix().is_empty());
    }
}

fn canonical<T>(bytes: &[u8]) -> Option<T>
where
    T: bincode::Encode + bincode::Decode<()> + PartialEq + core::fmt::Debug,
{
    let message: T = match decode(bytes) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            let oversized = bytes.len() > SESSION_MESSAGE_MAX;
            assert_eq!(oversized, error == too_long(bytes.len()), "{error:?}");
            return None;
        }
    };
    assert!(bytes.len() <= SESSION_MESSAGE_MAX);
    assert_eq!(encode(&message).as_deref(), Ok(bytes), "the encoding is canonical");
    let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(decode::<T>(&longer).is_err(), "a byte behind the message");
    let shorter = bytes.split_last().map_or(bytes, |(_, head)| head);
    assert!(decode::<T>(shorter).is_err(), "a byte too few");
    Some(message)
}

const fn too_long(got: usize) -> FrameError {
    FrameError::Length { expected: SESSION_MESSAGE_MAX, got }
}
