//! Where the view age goes: which stage of the loop used how much of it.
//!
//! The robot's own view age is the total and is measured directly. It is cut with the stamps at hand:
//!
//! ```text
//! captured ─encode─▶ sent ─network down─▶ received ─decode─▶ presented ─hand, network up─▶ judged
//!   robot            robot                 console            console                       robot
//! ```
//!
//! `network down` and the last stage cross from one clock to the other and need the estimate of the
//! offset; without one they are left out, never shown as zero. The last stage is what remains of the
//! total. When the estimate is wrong a stage turns negative: it stays negative, and the clock is
//! called suspect. Medians of stages do not add up to the median of the total, exactly.

use core::time::Duration;

use protocol::clock::Offset;
use protocol::picture::PictureHeader;
use protocol::time::{Moment, Operator, Robot};

use super::window::Window;

/// Pictures remembered: two seconds at 60 per second, far beyond any age at which a robot moves.
const PICTURES: usize = 128;

/// A part of the way from the scene to the motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From the capture until the picture is handed to the link, measured by the robot.
    CaptureEncode,
    /// From the robot's link to the console.
    NetworkDown,
    /// From the arrival until the picture is presented, measured by the console.
    DecodeShow,
    /// From the presentation until the robot acts: the hand, the console, the network, the tick.
    HandNetworkUp,
}

impl Stage {
    /// Every stage, in the order of the way.
    pub const ALL: [Self; 4] =
        [Self::CaptureEncode, Self::NetworkDown, Self::DecodeShow, Self::HandNetworkUp];

    /// The words on the page.
    pub const fn words(self) -> &'static str {
        match self {
            Self::CaptureEncode => "capture + encode",
            Self::NetworkDown => "network down",
            Self::DecodeShow => "decode + show",
            Self::HandNetworkUp => "hand + network up",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Shown {
    NotYet,
    At(Moment<Operator>),
}

#[derive(Debug, Clone, Copy)]
struct Picture {
    view: u64,
    captured: Moment<Robot>,
    encode_us: u32,
    received: Moment<Operator>,
    shown: Shown,
}

/// Attributes the view age to stages. Bound: 73 kB; nothing allocates after `default`.
#[derive(Debug, Clone)]
pub struct Stages {
    pictures: [Option<Picture>; PICTURES],
    windows: [Window; 4],
}

impl Default for Stages {
    fn default() -> Self {
        Self { pictures: [None; PICTURES], windows: Default::default() }
    }
}

impl Stages {
    /// A picture has arrived.
    pub fn handle_picture(&mut self, header: &PictureHeader, received: Moment<Operator>) {
        if let Some(slot) = self.pictures.get_mut(picture_slot(header.view)) {
            *slot = Some(Picture {
                view: header.view,
                captured: header.captured,
                encode_us: header.encode_us,
                received,
                shown: Shown::NotYet,
            });
        }
    }

    /// A picture has been presented to the eye; only the first time counts.
    pub fn handle_presented(&mut self, view: u64, at: Moment<Operator>) {
        if let Some(Some(picture)) = self.pictures.get_mut(picture_slot(view))
            && picture.view == view
            && matches!(picture.shown, Shown::NotYet)
        {
            picture.shown = Shown::At(at);
        }
    }

    /// The robot has judged a command that was steered by this picture: cuts the view age that it
    /// tells into stages.
    pub fn handle_judged(
        &mut self,
        seen_view: u64,
        view_age: Option<Duration>,
        offset: Option<Offset>,
        now: Moment<Operator>,
    ) {
        let Some(picture) = self.picture(seen_view) else { return };
        let Shown::At(shown) = picture.shown else { return };
        let encode = f64::from(picture.encode_us) * 1e3;
        self.add(Stage::CaptureEncode, Some(encode), now);
        self.add(Stage::DecodeShow, Some(ns(shown) - ns(picture.received)), now);
        let captured = picture.captured.as_ns() as f64;
        let down = offset.map(|o| ns(picture.received) + o.ns - captured - encode);
        self.add(Stage::NetworkDown, down, now);
        let up = offset
            .zip(view_age)
            .map(|(o, age)| age.as_nanos() as f64 - (ns(shown) + o.ns - captured));
        self.add(Stage::HandNetworkUp, up, now);
    }

    /// Percentile of a stage over the last second; `None` if it could not be measured. It may be
    /// negative; see [`Stages::clock_suspect`]. Unit: nanosecond.
    pub fn percentile_ns(&self, stage: Stage, percent: f64, now: Moment<Operator>) -> Option<f64> {
        self.windows.get(stage as usize)?.percentile(percent, now)
    }

    /// Median of a stage over the last second; `None` if it could not be measured or is negative.
    pub fn median(&self, stage: Stage, now: Moment<Operator>) -> Option<Duration> {
        let ns = self.percentile_ns(stage, 50.0, now)?;
        (ns >= 0.0).then(|| Duration::from_nanos(ns as u64))
    }

    /// True if a stage's median is negative: then the offset of the clocks is wrong, and every stage
    /// that crosses them with it.
    pub fn clock_suspect(&self, now: Moment<Operator>) -> bool {
        Stage::ALL.iter().any(|s| self.percentile_ns(*s, 50.0, now).is_some_and(|ns| ns < 0.0))
    }

    /// Forgets everything: the numbers of another connection mean other pictures.
    pub fn clear(&mut self) {
        self.pictures = [None; PICTURES];
        self.windows.iter_mut().for_each(Window::clear);
    }

    fn picture(&self, view: u64) -> Option<Picture> {
        let picture = (*self.pictures.get(picture_slot(view))?)?;
        (picture.view == view).then_some(picture)
    }

    fn add(&mut self, stage: Stage, value: Option<f64>, now: Moment<Operator>) {
        if let (Some(value), Some(window)) = (value, self.windows.get_mut(stage as usize)) {
            window.add(value, now);
        }
    }
}

const fn picture_slot(view: u64) -> usize {
    (view % PICTURES as u64) as usize
}

/// Exact up to 104 days of uptime, and to 2 ns beyond.
fn ns(at: Moment<Operator>) -> f64 {
    at.as_ns() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::picture::ViewSource;

    const OFFSET_NS: f64 = 7e9;

    fn op(ms: u64) -> Moment<Operator> {
        Moment::from_ns(ms * 1_000_000)
    }

    fn header(view: u64, captured_ms: u64) -> PictureHeader {
        PictureHeader {
            source: ViewSource::Ultrasound,
            view,
            captured: Moment::from_ns(7_000_000_000 + captured_ms * 1_000_000),
            encode_us: 4_000,
            width: 640,
            height: 480,
            depth_um: 0,
            keyframe: true,
            skipped: 0,
            length: 1,
        }
    }

    /// The robot has judged a command that was steered by this picture, 70 ms after its capture.
    fn judge(s: &mut Stages, view: u64, offset: Option<Offset>) {
        s.handle_judged(view, Some(Duration::from_millis(70)), offset, op(180));
    }

    fn offset(ns: f64) -> Offset {
        Offset { ns, error_ns: 1e5, rtt_ns: 2e5 }
    }

    fn one_loop() -> Stages {
        let mut s = Stages::default();
        s.handle_picture(&header(9, 100), op(125));
        s.handle_presented(9, op(132));
        s.handle_presented(9, op(900));
        s
    }

    fn ms(s: &Stages, stage: Stage) -> Option<f64> {
        s.percentile_ns(stage, 50.0, op(180)).map(|ns| (ns / 1e3).round() / 1e3)
    }

    #[test]
    fn the_stages_tile_the_age_that_the_robot_judged() {
        let mut s = one_loop();
        judge(&mut s, 9, Some(offset(OFFSET_NS)));
        let stages: Vec<_> = Stage::ALL.iter().map(|st| ms(&s, *st)).collect();
        assert_eq!(stages, [Some(4.0), Some(21.0), Some(7.0), Some(38.0)]);
        assert!(!s.clock_suspect(op(180)));
        assert_eq!(s.median(Stage::DecodeShow, op(180)), Some(Duration::from_millis(7)));
    }

    #[test]
    fn a_stage_that_can_not_be_measured_is_left_out() {
        let mut s = one_loop();
        judge(&mut s, 9, None);
        assert_eq!(ms(&s, Stage::NetworkDown), None);
        assert_eq!(ms(&s, Stage::HandNetworkUp), None);
        assert_eq!(ms(&s, Stage::DecodeShow), Some(7.0));
        let mut s = one_loop();
        judge(&mut s, 8, Some(offset(OFFSET_NS)));
        judge(&mut s, 0, Some(offset(OFFSET_NS)));
        assert!(Stage::ALL.iter().all(|st| ms(&s, *st).is_none()), "an unknown picture");
    }

    #[test]
    fn a_negative_stage_stays_negative_and_the_clock_is_suspect() {
        let mut s = one_loop();
        judge(&mut s, 9, Some(offset(OFFSET_NS - 5e8)));
        assert_eq!(ms(&s, Stage::NetworkDown), Some(-479.0));
        assert_eq!(s.median(Stage::NetworkDown, op(180)), None);
        assert!(s.clock_suspect(op(180)));
    }

    #[test]
    fn a_picture_that_was_never_shown_has_no_stages() {
        let mut s = Stages::default();
        s.handle_picture(&header(9, 100), op(125));
        s.handle_presented(8, op(132));
        judge(&mut s, 9, Some(offset(OFFSET_NS)));
        assert!(Stage::ALL.iter().all(|st| ms(&s, *st).is_none()));
        s.clear();
        assert!(Stage::ALL.iter().all(|st| ms(&s, *st).is_none()));
    }
}
