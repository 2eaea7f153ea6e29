//! The practice pad of the page: a hand for a simulated robot when there is no device.
//!
//! One button does it all, so the order of the act is kept here: pressing holds the deadman with the
//! clutch open; once the robot says that nothing blocks it, the clutch closes. Anything that happens
//! while the button is held (a stop, a page that hangs, a tab that was hidden) spends the press:
//! nothing more comes of it until the button is released and pressed again.
//!
//! A page is no safety device: it is throttled, hidden and reloaded. So the pad steers simulated
//! robots only, and its word lasts [`REPORT_AGE_MAX`].

use core::time::Duration;

use protocol::frame::StateFrame;
use protocol::time::{Moment, Operator};

use super::choice::Choice;
use super::{ArmSide, Clutch, Deflection, HandDevice, HandMotion, HandSample};
use crate::core::shaping;

/// A report older than this is no hand: the page hangs or is hidden.
///
/// A page reports about 60 times a second; eight missed reports are no jitter.
pub const REPORT_AGE_MAX: Duration = Duration::from_millis(150);

/// A state older than this says nothing about what blocks the robot now.
const STATE_AGE_MAX: Duration = Duration::from_millis(100);

/// What the page says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PadReport {
    /// True while the pointer holds the pad.
    pub held: bool,
    /// To the right, −1 to 1.
    pub x: f64,
    /// Up, −1 to 1.
    pub y: f64,
    /// Inward, −1 to 1.
    pub z: f64,
    /// From right towards up, −1 to 1.
    pub turn: f64,
    /// Opens the jaw, −1 to 1.
    pub jaw: f64,
    /// The arm that it moves.
    pub arm: ArmSide,
    /// Contact force wanted. Unit: newton.
    pub force_n: f64,
    /// Rises with every report of one page.
    pub seq: u64,
    /// When the console process received it.
    pub arrived: Moment<Operator>,
}

impl PadReport {
    /// What it asks for, with every number brought inside.
    fn asked(&self) -> Deflection {
        let [x, y] = shaping::stick([self.x, self.y], 0.0);
        let [z, turn, jaw] = [self.z, self.turn, self.jaw].map(shaping::unit);
        Deflection { arm: self.arm, x, y, z, turn, jaw, ..Deflection::NONE }
    }
}

/// Why a press gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadRefusal {
    /// The robot is not a simulated one.
    NotSimulated,
    /// The robot stopped while the pad was held.
    Stopped,
    /// The page was silent while the pad was held.
    PageSilent,
    /// The state of the robot was unknown when the pad was pressed.
    StateUnknown,
}

impl PadRefusal {
    /// The identifier that every surface shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::NotSimulated => "PAD-NOT-SIMULATED",
            Self::Stopped => "PAD-STOPPED",
            Self::PageSilent => "PAD-PAGE-SILENT",
            Self::StateUnknown => "PAD-STATE-UNKNOWN",
        }
    }

    /// What happened and what to do, in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotSimulated => {
                "The practice pad steers only a simulated robot: connect a gamepad to steer this one."
            }
            Self::Stopped => {
                "The robot stopped while the pad was held: release the pad and press it again."
            }
            Self::PageSilent => {
                "The page was hidden or hung while the pad was held: release the pad and press it again."
            }
            Self::StateUnknown => {
                "The state of the robot was unknown: wait until it is shown, release the pad and press it again."
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Press {
    None,
    Open { epoch: u32 },
    Closed { epoch: u32 },
    Spent { why: PadRefusal },
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    epoch: u32,
    blocked: bool,
    at: Moment<Operator>,
}

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FarSide {
    /// No robot has told.
    Unknown,
    /// Something real: not for a pad.
    Real,
    /// Nothing real can move.
    Simulated,
}

/// The practice pad.
#[derive(Debug, Clone)]
pub struct PracticePad {
    far_side: FarSide,
    newest: PadReport,
    asked: Deflection,
    choice: Choice,
    press: Press,
    seen: Option<Seen>,
    not_newer: u64,
}

impl Default for PracticePad {
    fn default() -> Self {
        Self::new()
    }
}

impl PracticePad {
    /// A pad that nobody holds, and that steers nothing before it is told that the robot is simulated.
    pub const fn new() -> Self {
        Self {
            far_side: FarSide::Unknown,
            newest: UNTOUCHED,
            asked: Deflection::NONE,
            choice: Choice::first(),
            press: Press::None,
            seen: None,
            not_newer: 0,
        }
    }

    /// Whether the robot can move anything real. Changing it ends a press.
    pub fn set_simulated(&mut self, simulated: bool) {
        let far_side = if simulated { FarSide::Simulated } else { FarSide::Real };
        if far_side != self.far_side {
            self.far_side = far_side;
            self.spend(PadRefusal::NotSimulated);
        }
    }

    /// No robot is at the other end any more. That ends a press, too.
    pub fn robot_lost(&mut self) {
        self.far_side = FarSide::Unknown;
        self.spend(PadRefusal::StateUnknown);
    }

    /// Another page has connected: its reports count from the start, and a press does not carry over.
    pub const fn page_changed(&mut self) {
        self.newest = UNTOUCHED;
        self.asked = Deflection::NONE;
        self.choice = Choice::first();
        self.press = Press::None;
    }

    /// Takes in what the page says. A report that is not newer than the last is dropped and counted.
    pub fn report(&mut self, report: PadReport) {
        if report.seq <= self.newest.seq {
            self.not_newer += 1;
            return;
        }
        let silent = !is_fresh(&self.newest, report.arrived);
        self.newest = report;
        // Of every report, for a rest between two ticks is a rest, too.
        self.asked = self.choice.take(report.asked());
        if silent {
            self.spend(PadRefusal::PageSilent);
        }
        match (self.press, report.held) {
            (_, false) => self.press = Press::None,
            (Press::None, true) => self.press = self.begin(report.arrived),
            (Press::Open { .. } | Press::Closed { .. } | Press::Spent { .. }, true) => {}
        }
    }

    /// Why the pad gives nothing; `None` if it does, or if nobody presses it.
    pub const fn refusal(&self) -> Option<PadRefusal> {
        match self.press {
            Press::Spent { why } => Some(why),
            Press::None | Press::Open { .. } | Press::Closed { .. } => None,
        }
    }

    /// Reports dropped because they were not newer.
    pub const fn not_newer(&self) -> u64 {
        self.not_newer
    }

    fn begin(&self, now: Moment<Operator>) -> Press {
        match (self.far_side, self.seen) {
            (FarSide::Real, _) => Press::Spent { why: PadRefusal::NotSimulated },
            (FarSide::Simulated, Some(seen)) if is_known(&seen, now) => {
                Press::Open { epoch: seen.epoch }
            }
            (FarSide::Simulated | FarSide::Unknown, _) => {
                Press::Spent { why: PadRefusal::StateUnknown }
            }
        }
    }

    /// A press that is under way gives nothing more.
    fn spend(&mut self, why: PadRefusal) {
        if matches!(self.press, Press::Open { .. } | Press::Closed { .. }) {
            self.press = Press::Spent { why };
        }
    }

    fn judge(&mut self, now: Moment<Operator>) {
        if !is_fresh(&self.newest, now) {
            self.spend(PadRefusal::PageSilent);
        }
        let (Press::Open { epoch } | Press::Closed { epoch }, Some(seen)) = (self.press, self.seen)
        else {
            return;
        };
        if seen.epoch != epoch {
            self.spend(PadRefusal::Stopped);
        } else if !seen.blocked && is_known(&seen, now) {
            self.press = Press::Closed { epoch };
        }
    }
}

impl HandDevice for PracticePad {
    fn name(&self) -> &'static str {
        "practice pad"
    }

    fn sample(&mut self, now: Moment<Operator>) -> HandSample {
        self.judge(now);
        let PadReport { force_n, arrived, .. } = self.newest;
        let neutral = HandSample { force_wanted_n: force_n, ..HandSample::neutral(arrived) };
        let motion = HandMotion::Rate(self.asked);
        match self.press {
            Press::None | Press::Spent { .. } => neutral,
            Press::Open { .. } => {
                let still = Deflection { arm: self.asked.arm, ..Deflection::NONE };
                HandSample { deadman: 1.0, motion: HandMotion::Rate(still), ..neutral }
            }
            Press::Closed { .. } => {
                HandSample { deadman: 1.0, clutch: Clutch::Closed, motion, ..neutral }
            }
        }
    }

    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        self.seen = Some(Seen { epoch: state.epoch, blocked: !state.blocking.is_empty(), at: now });
    }

    fn note(&self) -> Option<&str> {
        self.refusal().map(PadRefusal::sentence)
    }
}

const UNTOUCHED: PadReport = PadReport {
    held: false,
    x: 0.0,
    y: 0.0,
    z: 0.0,
    turn: 0.0,
    jaw: 0.0,
    arm: ArmSide::Left,
    force_n: 0.0,
    seq: 0,
    arrived: Moment::START,
};

/// A report can arrive a moment after `now` was read: that is fresh.
fn is_fresh(report: &PadReport, now: Moment<Operator>) -> bool {
    now.since(report.arrived).is_none_or(|age| age <= REPORT_AGE_MAX)
}

fn is_known(seen: &Seen, now: Moment<Operator>) -> bool {
    now.since(seen.at).is_none_or(|age| age <= STATE_AGE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hand::Grasp;
    use crate::core::session::tests::state_frame;
    use protocol::cause::{Cause, CauseSet};

    fn at(ms: u64) -> Moment<Operator> {
        Moment::from_ns(ms * 1_000_000)
    }

    fn report(held: bool, seq: u64) -> PadReport {
        let arrived = at(seq);
        PadReport { held, x: 0.5, force_n: 5.0, seq, arrived, ..UNTOUCHED }
    }

    fn robot(pad: &mut PracticePad, ms: u64, epoch: u32, blocked: bool) {
        let blocking = CauseSet::EMPTY;
        let blocking = if blocked { blocking.with(Cause::FreshRun) } else { blocking };
        pad.observe(&StateFrame { epoch, blocking, ..state_frame() }, at(ms));
    }

    fn ready() -> PracticePad {
        let mut pad = PracticePad::new();
        pad.set_simulated(true);
        robot(&mut pad, 1_000, 3, true);
        pad.report(report(false, 1_000));
        pad
    }

    fn grasp(pad: &mut PracticePad, ms: u64) -> Grasp {
        pad.sample(at(ms)).grasp(at(ms))
    }

    #[test]
    fn one_press_holds_then_closes_once_nothing_blocks() {
        let mut pad = ready();
        assert_eq!(grasp(&mut pad, 1_001), Grasp::Released);
        pad.report(report(true, 1_010));
        assert_eq!(grasp(&mut pad, 1_011), Grasp::Open);
        assert_eq!(pad.sample(at(1_011)).motion, HandMotion::still());
        robot(&mut pad, 1_020, 3, false);
        assert_eq!(grasp(&mut pad, 1_021), Grasp::Closed);
        let HandMotion::Rate(asked) = pad.sample(at(1_021)).motion else { panic!("a rate") };
        assert!((asked.x - 0.5).abs() < 1e-12);
        robot(&mut pad, 1_030, 3, true);
        assert_eq!(grasp(&mut pad, 1_031), Grasp::Closed, "what blocks later is the robot's");
        pad.report(report(false, 1_040));
        assert_eq!(grasp(&mut pad, 1_041), Grasp::Released);
        assert_eq!(pad.refusal(), None);
    }

    #[test]
    fn a_stop_spends_the_press() {
        for closed in [false, true] {
            let mut pad = ready();
            pad.report(report(true, 1_010));
            robot(&mut pad, 1_020, 3, !closed);
            grasp(&mut pad, 1_021);
            robot(&mut pad, 1_030, 4, false);
            assert_eq!(grasp(&mut pad, 1_031), Grasp::Released);
            assert_eq!(pad.refusal(), Some(PadRefusal::Stopped));
            pad.report(report(true, 1_040));
            assert_eq!(grasp(&mut pad, 1_041), Grasp::Released, "still held");
            pad.report(report(false, 1_050));
            pad.report(report(true, 1_060));
            assert_eq!(grasp(&mut pad, 1_061), Grasp::Closed);
        }
    }

    /// INPUT-STALL: the console does not lend a page that hangs its own time.
    #[test]
    fn a_sample_is_as_old_as_the_newest_report_of_the_page() {
        let mut pad = ready();
        pad.report(report(true, 1_010));
        for ms in [1_011, 1_100, 9_000] {
            assert_eq!(pad.sample(at(ms)).sampled_at(at(ms)), Some(at(1_010)));
        }
        pad.report(report(false, 9_001));
        assert_eq!(pad.sample(at(9_002)).sampled_at(at(9_002)), Some(at(9_001)));
        pad.page_changed();
        assert_eq!(pad.sample(at(9_003)).sampled_at(at(9_003)), Some(Moment::START));
    }

    #[test]
    fn a_silent_page_is_no_hand_after_the_limit_not_at_it() {
        let mut pad = ready();
        pad.report(report(true, 1_010));
        robot(&mut pad, 1_100, 3, false);
        assert_eq!(grasp(&mut pad, 1_160), Grasp::Closed);
        assert_eq!(grasp(&mut pad, 1_161), Grasp::Released);
        pad.report(report(true, 1_170));
        assert_eq!(grasp(&mut pad, 1_171), Grasp::Released, "its return is not a press");
        assert_eq!(pad.note(), Some(PadRefusal::PageSilent.sentence()));
    }

    #[test]
    fn a_gap_between_reports_counts_even_if_nobody_sampled_in_it() {
        let mut pad = ready();
        pad.report(report(true, 1_010));
        pad.report(report(true, 1_161));
        assert_eq!(pad.refusal(), Some(PadRefusal::PageSilent));
        pad.report(report(false, 1_170));
        robot(&mut pad, 5_000, 3, true);
        pad.report(report(true, 5_000));
        assert_eq!(grasp(&mut pad, 5_001), Grasp::Open, "a press after a long rest is a press");
    }

    #[test]
    fn a_real_robot_is_never_steered() {
        let mut pad = ready();
        pad.report(report(true, 1_010));
        pad.set_simulated(false);
        assert_eq!(grasp(&mut pad, 1_011), Grasp::Released);
        assert_eq!(pad.refusal(), Some(PadRefusal::NotSimulated));
        pad.report(report(false, 1_020));
        pad.report(report(true, 1_030));
        assert_eq!(grasp(&mut pad, 1_031), Grasp::Released);
        assert_eq!(pad.refusal(), Some(PadRefusal::NotSimulated));
        pad.set_simulated(true);
        assert_eq!(grasp(&mut pad, 1_032), Grasp::Released, "not without a new press");
    }

    #[test]
    fn a_lost_robot_ends_a_press_and_is_named_as_what_it_is() {
        let mut pad = ready();
        pad.report(report(true, 1_010));
        pad.robot_lost();
        assert_eq!(grasp(&mut pad, 1_011), Grasp::Released);
        assert_eq!(pad.refusal(), Some(PadRefusal::StateUnknown));
        pad.set_simulated(true);
        robot(&mut pad, 1_020, 3, false);
        assert_eq!(grasp(&mut pad, 1_021), Grasp::Released, "not without a new press");
        pad.report(report(false, 1_030));
        pad.report(report(true, 1_040));
        assert_eq!(pad.refusal(), None);
    }

    #[test]
    fn a_press_while_the_robot_is_unknown_is_refused_with_its_reason() {
        let mut pad = ready();
        pad.report(report(true, 1_101));
        assert_eq!(grasp(&mut pad, 1_102), Grasp::Released);
        assert_eq!(pad.refusal(), Some(PadRefusal::StateUnknown));
    }

    #[test]
    fn old_reports_are_dropped_and_another_page_starts_anew() {
        let mut pad = ready();
        pad.report(report(true, 1_010));
        pad.report(report(false, 1_010));
        pad.report(report(false, 1_005));
        assert_eq!(pad.not_newer(), 2);
        assert_eq!(grasp(&mut pad, 1_011), Grasp::Open);
        pad.page_changed();
        assert_eq!(grasp(&mut pad, 1_012), Grasp::Released);
        pad.report(PadReport { seq: 1, ..report(true, 1_020) });
        assert_eq!(grasp(&mut pad, 1_021), Grasp::Open);
    }

    #[test]
    fn the_other_arm_begins_from_rest_and_its_jaw_with_it() {
        let mut pad = ready();
        robot(&mut pad, 1_009, 3, false);
        pad.report(report(true, 1_010));
        let mut asked = |ms, change: &dyn Fn(&mut PadReport)| {
            let mut next = report(true, ms);
            change(&mut next);
            pad.report(next);
            let HandMotion::Rate(asked) = pad.sample(at(ms)).motion else { panic!("a rate") };
            asked
        };
        let right = Deflection { arm: ArmSide::Right, ..Deflection::NONE };
        assert_eq!(asked(1_020, &|_| {}), Deflection { x: 0.5, ..Deflection::NONE });
        assert_eq!(asked(1_030, &|r| r.arm = ArmSide::Right), right);
        assert_eq!(asked(1_040, &|r| (r.arm, r.x) = (ArmSide::Right, 0.0)), right);
        let closes = asked(1_050, &|r| (r.arm, r.z, r.jaw) = (ArmSide::Right, 0.5, -1.0));
        assert_eq!(closes, Deflection { x: 0.5, z: 0.5, jaw: -1.0, ..right });
    }

    #[test]
    fn numbers_from_a_page_are_brought_inside() {
        let mut pad = ready();
        let wild = PadReport { x: 9.0, y: f64::NAN, turn: -7.0, z: 1e300, ..report(true, 1_010) };
        pad.report(PadReport { jaw: f64::INFINITY, ..wild });
        robot(&mut pad, 1_011, 3, false);
        let HandMotion::Rate(asked) = pad.sample(at(1_012)).motion else { panic!("a rate") };
        assert_eq!(asked, Deflection { turn: -1.0, z: 1.0, ..Deflection::NONE });
    }
}
