//! What a page says. Everything in it is untrusted: a page can be broken, slow, or not ours.

use core::time::Duration;

use protocol::imaging::Imaging;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};
use serde::Deserialize;

use crate::devices::ArmSide;
use crate::devices::pad::PadReport;

/// No message of a page is larger. Unit: byte. The largest, the decoder's report, is about a hundred.
pub(super) const MESSAGE_MAX: usize = 4 * 1024;

/// Messages of one page that are heard per second, STOP excepted. A page that works says about 150:
/// sixty of its pad, sixty of its pictures, twenty of its state, a few more.
pub(super) const MESSAGES_PER_SECOND: u32 = 400;

/// The longest report of a decoder that goes into the log. Unit: character.
pub(super) const REPORT_MAX: usize = 120;

/// An arm, as the page calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PageArm {
    /// The first.
    Left,
    /// The second.
    Right,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum PageMessage {
    /// The page needs a keyframe.
    Keyframe,
    /// A picture has been presented to the eye.
    Presented {
        /// Its number, decimal: it does not fit a double.
        view: String,
        /// From the decoder's input to its output.
        decode_ms: f64,
        /// Drawing.
        draw_ms: f64,
    },
    /// A state stands on the page, and the browser has taken it.
    Shown {
        /// Which.
        word: ShownWord,
    },
    /// STOP.
    Stop,
    /// The operator has read why the robot stopped.
    Acknowledge,
    /// The practice pad.
    Pad {
        /// True while the pointer holds it.
        held: bool,
        /// To the right.
        x: f64,
        /// Up.
        y: f64,
        /// Inward.
        z: f64,
        /// Counter-clockwise.
        turn: f64,
        /// Opens the jaw.
        jaw: f64,
        /// The arm that moves.
        arm: PageArm,
        /// Contact force wanted.
        force_n: f64,
        /// Rises with every report.
        seq: u64,
    },
    /// The imaging device shall be set like this, all of it.
    Imaging {
        /// Depth of the picture. Unit: mm.
        depth_mm: f64,
        /// Gain. Unit: dB.
        gain_db: f64,
        /// Depth of the focus. Unit: mm.
        focus_mm: f64,
        /// Transmit frequency. Unit: MHz.
        frequency_mhz: f64,
        /// No new pictures.
        frozen: bool,
    },
    /// What the decoder of the page can do.
    Decoder {
        /// In words.
        report: String,
    },
}

/// A word that the page shows where the state of the robot belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ShownWord(Option<OperatingState>);

/// What the page shows when it does not know the state.
const UNKNOWN: &str = "UNKNOWN";

impl ShownWord {
    /// The state; `None` for [`UNKNOWN`].
    pub(super) const fn state(self) -> Option<OperatingState> {
        self.0
    }
}

impl TryFrom<String> for ShownWord {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let state = OperatingState::ALL.into_iter().find(|state| state.word() == text);
        if state.is_none() && text != UNKNOWN {
            return Err("not a word for a state");
        }
        Ok(Self(state))
    }
}

impl PageMessage {
    /// The message in this text; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MESSAGE_MAX { None } else { serde_json::from_str(text).ok() }
    }

    /// The report of the pad, if it is one.
    pub(super) fn pad(&self, arrived: Moment<Operator>) -> Option<PadReport> {
        match *self {
            Self::Pad { held, x, y, z, turn, jaw, arm, force_n, seq } => {
                let arm = match arm {
                    PageArm::Left => ArmSide::Left,
                    PageArm::Right => ArmSide::Right,
                };
                Some(PadReport { held, x, y, z, turn, jaw, arm, force_n, seq, arrived })
            }
            _ => None,
        }
    }

    /// The settings, if it is such a message. What is far out of any range stays out of it: the robot refuses it.
    pub(super) fn imaging(&self) -> Option<Imaging> {
        let Self::Imaging { depth_mm, gain_db, focus_mm, frequency_mhz, frozen } = *self else {
            return None;
        };
        let whole = |value: f64, scale: f64| (value * scale).round() as i32;
        Some(Imaging {
            depth_um: whole(depth_mm, 1e3),
            gain_cdb: whole(gain_db, 1e2),
            focus_um: whole(focus_mm, 1e3),
            frequency_khz: whole(frequency_mhz, 1e3),
            frozen,
        })
    }
}

/// Counts messages against [`MESSAGES_PER_SECOND`].
#[derive(Debug)]
pub(super) struct Rate {
    since: Moment<Operator>,
    heard: u32,
}

impl Rate {
    pub(super) const fn new(now: Moment<Operator>) -> Self {
        Self { since: now, heard: 0 }
    }

    /// True if one more may be heard now.
    pub(super) fn admits(&mut self, now: Moment<Operator>) -> bool {
        if now.since(self.since).is_none_or(|d| d >= Duration::from_secs(1)) {
            *self = Self::new(now);
        }
        self.heard = self.heard.saturating_add(1);
        self.heard <= MESSAGES_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_says_is_understood() {
        let parse = PageMessage::parse;
        assert_eq!(parse(r#"{"type":"keyframe"}"#), Some(PageMessage::Keyframe));
        assert_eq!(parse(r#"{"type":"stop"}"#), Some(PageMessage::Stop));
        assert_eq!(parse(r#"{"type":"acknowledge"}"#), Some(PageMessage::Acknowledge));
        let presented = r#"{"type":"presented","view":"18446744073709551615","decode_ms":1.5,"draw_ms":0.2,"queue":0}"#;
        assert_eq!(
            parse(presented),
            Some(PageMessage::Presented {
                view: u64::MAX.to_string(),
                decode_ms: 1.5,
                draw_ms: 0.2
            })
        );
        let pad = r#"{"type":"pad","held":true,"x":0.5,"y":-1,"z":0.25,"turn":1,"jaw":-1,"arm":"right","force_n":5,"seq":7,"t_ms":1234.5}"#;
        let at = Moment::from_ns(9);
        let report = parse(pad).unwrap().pad(at).unwrap();
        let expected = PadReport {
            held: true,
            x: 0.5,
            y: -1.0,
            z: 0.25,
            turn: 1.0,
            jaw: -1.0,
            arm: ArmSide::Right,
            force_n: 5.0,
            seq: 7,
            arrived: at,
        };
        assert_eq!(report, expected);
        assert!(parse(r#"{"type":"decoder","report":"software, 1-in/1-out, 9 ms"}"#).is_some());
    }

    #[test]
    fn settings_are_taken_to_the_last_unit_of_the_wire_and_absurd_ones_stay_absurd() {
        let text = |depth: &str| {
            format!(
                r#"{{"type":"imaging","depth_mm":{depth},"gain_db":-2.5,"focus_mm":18,"frequency_mhz":7.5,"frozen":true}}"#
            )
        };
        let imaging = |depth: &str| PageMessage::parse(&text(depth))?.imaging();
        let wanted = Imaging {
            depth_um: 39_999,
            gain_cdb: -250,
            focus_um: 18_000,
            frequency_khz: 7_500,
            frozen: true,
        };
        assert_eq!(imaging("39.999"), Some(wanted));
        assert_eq!(imaging("1e300").unwrap().depth_um, i32::MAX);
        assert_eq!(imaging("-1e300").unwrap().depth_um, i32::MIN);
        for nothing in ["null", "\"40\"", "NaN", "true"] {
            assert_eq!(imaging(nothing), None, "{nothing}");
        }
        assert_eq!(PageMessage::Stop.imaging(), None);
    }

    #[test]
    fn every_word_that_the_page_can_show_is_understood_and_no_other() {
        let shown = |word: &str| {
            let parsed = PageMessage::parse(&format!(r#"{{"type":"shown","word":"{word}"}}"#))?;
            let PageMessage::Shown { word } = parsed else { panic!("{parsed:?}") };
            Some(word.state())
        };
        for state in OperatingState::ALL {
            assert_eq!(shown(state.word()), Some(Some(state)));
        }
        assert_eq!(shown("UNKNOWN"), Some(None));
        for other in ["", "ready", "READY ", "UNKNOWN2", "MOVING"] {
            assert_eq!(shown(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for text in [
            "",
            "7",
            "null",
            "[]",
            "{}",
            r#"{"type":"move"}"#,
            r#"{"type":"pad","held":1}"#,
            r#"{"type":"shown"}"#,
            r#"{"type":"shown","word":3}"#,
            r#"{"type":"shown","word":null}"#,
        ] {
            assert_eq!(PageMessage::parse(text), None, "{text}");
        }
        let long = format!(r#"{{"type":"decoder","report":"{}"}}"#, "x".repeat(MESSAGE_MAX));
        assert_eq!(PageMessage::parse(&long), None);
    }

    #[test]
    fn a_flood_is_cut_and_the_next_second_begins_anew() {
        let at = |ms: u64| Moment::from_ns(ms * 1_000_000);
        let mut rate = Rate::new(at(0));
        let heard = (0..1_000).filter(|_| rate.admits(at(500))).count();
        assert_eq!(heard, MESSAGES_PER_SECOND as usize);
        assert!(!rate.admits(at(999)) && rate.admits(at(1_000)));
    }
}
