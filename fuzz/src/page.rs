//! What the browser says to the console's process.

use core::time::Duration;

use operator::devices::pad::PracticePad;
use operator::devices::{Deflection, HandDevice, HandMotion};
use protocol::time::Moment;

use crate::bytes::Bytes;

#[allow(dead_code, reason = "the console uses all of it, these invariants most of it")]
#[path = "../../operator/src/shell/server/messages.rs"]
mod messages;

use messages::{MESSAGE_MAX, MESSAGES_PER_SECOND, PageMessage, Rate};

/// Whatever a page says: what is understood is short and finite, a flood is cut, and what the pad makes
/// of it is a hand, not a number out of range.
pub fn page_messages(bytes: &[u8]) {
    let mut program = Bytes::new(bytes);
    flood(&mut program);
    let mut pad = PracticePad::new();
    pad.set_simulated(true);
    // A socket carries text, each message on a line of this input.
    for (n, line) in program.rest().split(|b| *b == b'\n').enumerate() {
        let Ok(text) = core::str::from_utf8(line) else { continue };
        let Some(message) = PageMessage::parse(text) else { continue };
        assert!(text.len() <= MESSAGE_MAX);
        let now = Moment::from_ns(1 + n as u64 * 16_000_000);
        match &message {
            PageMessage::Presented { decode_ms, draw_ms, .. } => {
                assert!(decode_ms.is_finite() && draw_ms.is_finite());
            }
            PageMessage::Pad { x, y, turn, force_n, .. } => {
                assert!([x, y, turn, force_n].into_iter().all(|v| v.is_finite()));
            }
            PageMessage::Decoder { report } => assert!(report.len() <= MESSAGE_MAX),
            PageMessage::Shown { .. }
            | PageMessage::Imaging { .. }
            | PageMessage::Keyframe
            | PageMessage::Stop
            | PageMessage::Acknowledge => {}
        }
        assert_eq!(message.imaging().is_some(), matches!(message, PageMessage::Imaging { .. }));
        let report = message.pad(now);
        assert_eq!(report.is_some(), matches!(message, PageMessage::Pad { .. }));
        if let Some(report) = report {
            pad.report(report);
            assert_is_hand(&mut pad, now);
            assert_is_hand(&mut pad, now.after(Duration::from_secs(1)));
        }
    }
}

fn assert_is_hand(pad: &mut PracticePad, now: Moment<protocol::time::Operator>) {
    let sample = pad.sample(now);
    assert!((0.0..=1.0).contains(&sample.deadman), "{sample:?}");
    match sample.motion {
        HandMotion::Rate(Deflection { x, y, z, turn, tilt, jaw, .. }) => {
            let all = [x, y, z, turn, tilt, jaw];
            assert!(all.iter().all(|v| (-1.0..=1.0).contains(v)), "{sample:?}");
        }
        HandMotion::Displacement(_) | HandMotion::Arms(_) => panic!("a pad has no place"),
    }
    assert!(pad.refusal().is_none_or(|r| !r.sentence().is_empty()));
}

/// No second, wherever it begins, hears more than twice the limit, and none that the counter began
/// hears more than it.
fn flood(program: &mut Bytes<'_>) {
    let (mut now_ns, count) = (u64::from(program.u16()), program.u8());
    let step_ns = u64::from(program.u32());
    let mut rate = Rate::new(Moment::from_ns(now_ns));
    let mut heard = std::collections::VecDeque::new();
    for _ in 0..u32::from(count) * 8 {
        now_ns = now_ns.saturating_add(step_ns);
        if rate.admits(Moment::from_ns(now_ns)) {
            heard.push_back(now_ns);
        }
        while heard.front().is_some_and(|at| now_ns - at >= 1_000_000_000) {
            heard.pop_front();
        }
        assert!(heard.len() <= 2 * MESSAGES_PER_SECOND as usize, "{} heard", heard.len());
    }
}
