use super::*;
use crate::core::base_drive::STAND;
use crate::core::hand::{ArmSide, Clutch, Deflection, HandMotion};
use proptest::prelude::*;
use protocol::ARMS;
use protocol::cause::CauseSet;
use protocol::frame::{ArmCommand, ArmState, BaseState, ClampSet, Motion};
use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};
use protocol::time::Robot;

/// A state in which nothing happens.
pub(crate) fn state_frame() -> StateFrame {
    StateFrame {
        seq: 1,
        t_robot: Moment::<Robot>::from_ns(1),
        echo_seq: 0,
        echo_t_input: Moment::START,
        echo_hold: Duration::ZERO,
        state: OperatingState::Ready,
        stopped_by: None,
        tripped: CauseSet::EMPTY,
        soft: CauseSet::EMPTY,
        blocking: CauseSet::EMPTY,
        epoch: 1,
        stop_confirmed: 0,
        loop_age: None,
        view_age: None,
        command_age: None,
        speed_m_s: 0.0,
        speed_cap_m_s: 0.0,
        clamps: ClampSet::EMPTY,
        arms: [ArmState::absent(); ARMS],
        base: BaseState::absent(),
    }
}

pub(super) fn at(ms: u64) -> Moment<Operator> {
    Moment::from_ns(ms * 1_000_000)
}

fn header(view: u64) -> PictureHeader {
    PictureHeader {
        source: ViewSource::Ultrasound,
        view,
        captured: Moment::from_ns(1),
        encode_us: 1,
        width: 1,
        height: 1,
        depth_um: 0,
        keyframe: true,
        skipped: 0,
        length: 0,
    }
}

/// A core, and a robot that says at once what the test tells it to say.
pub(super) struct Pair {
    pub(super) core: OperatorCore,
    pub(super) ms: u64,
    pub(super) frame: StateFrame,
    pub(super) last: CommandFrame,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(ULTRASOUND)
    }

    pub(super) fn with(profile: &str) -> Self {
        let mut core = OperatorCore::new(&Profile::parse(profile).unwrap());
        core.handle_welcome(SessionId::new(7), 1, true);
        let last = core.tick(at(1_000), &HandSample::neutral(at(1_000))).unwrap();
        Self { core, ms: 1_000, frame: state_frame(), last }
    }

    pub(super) fn says(&mut self, change: impl FnOnce(&mut StateFrame)) {
        change(&mut self.frame);
        self.frame.seq += 1;
        self.frame.echo_seq = self.last.seq;
        self.core.handle_state(&self.frame, at(self.ms));
    }

    pub(super) fn hand(&mut self, deadman: f64, clutch: Clutch, x: f64) -> CommandFrame {
        let motion = HandMotion::Rate(Deflection { x, ..Deflection::NONE });
        self.moves(deadman, clutch, motion)
    }

    pub(super) fn moves(
        &mut self,
        deadman: f64,
        clutch: Clutch,
        motion: HandMotion,
    ) -> CommandFrame {
        let neutral = HandSample::neutral(at(self.ms + 1));
        self.says_hand(&HandSample { deadman, clutch, motion, ..neutral })
    }

    pub(super) fn says_hand(&mut self, sample: &HandSample) -> CommandFrame {
        self.ms += 1;
        self.last = self.core.tick(at(self.ms), sample).unwrap();
        self.last
    }

    pub(super) fn engage(&mut self) {
        self.hand(0.0, Clutch::Open, 0.0);
        self.hand(1.0, Clutch::Open, 0.0);
        self.says(|_| {});
        self.hand(1.0, Clutch::Closed, 0.0);
        self.says(|f| f.state = OperatingState::Engaged);
        self.hand(1.0, Clutch::Closed, 0.0);
        assert!(self.core.grip().follows(), "{:?}", self.core.grip());
    }
}

fn travel_m(frame: &CommandFrame) -> f64 {
    match &frame.motion {
        Motion::Arms([arm, _]) => arm.displacement.translation.norm(),
        Motion::Base(_) => panic!("not an arm"),
    }
}

#[test]
fn without_a_session_there_is_no_frame() {
    let mut core = OperatorCore::new(&Profile::parse(ULTRASOUND).unwrap());
    assert_eq!(core.tick(at(1), &HandSample::neutral(at(1))), None);
    core.handle_welcome(SessionId::new(7), 3, true);
    let frame = core.tick(at(2), &HandSample::neutral(at(2))).unwrap();
    assert_eq!((frame.seq, frame.epoch, frame.engage_count), (1, 3, 0));
    assert_eq!((frame.seen_state, frame.seen_view, frame.mode), (0, 0, Mode::Hold));
    assert!(core.simulated());
    core.handle_disconnected();
    assert_eq!(core.tick(at(3), &HandSample::neutral(at(3))), None);
    assert!(!core.simulated() && core.session().is_none());
}

#[test]
fn the_full_act_engages_and_the_displacement_waits_for_the_robot() {
    let mut p = Pair::new();
    p.hand(0.0, Clutch::Open, 1.0);
    assert_eq!(p.hand(1.0, Clutch::Open, 1.0).mode, Mode::Hold);
    p.says(|_| {});
    for _ in 0..40 {
        let frame = p.hand(1.0, Clutch::Closed, 1.0);
        assert_eq!((frame.mode, frame.engage_count), (Mode::Follow, 1));
        assert!(travel_m(&frame) == 0.0);
    }
    p.says(|f| f.state = OperatingState::Engaged);
    assert!(travel_m(&p.hand(1.0, Clutch::Closed, 1.0)) < 1e-6, "it starts from rest");
    for _ in 0..200 {
        p.hand(1.0, Clutch::Closed, 1.0);
    }
    assert!((0.004..0.010).contains(&travel_m(&p.last)), "{}", travel_m(&p.last));
    let open = p.hand(1.0, Clutch::Open, 1.0);
    assert_eq!((open.mode, travel_m(&open)), (Mode::Hold, 0.0));
    p.says(|f| f.state = OperatingState::Ready);
    p.hand(1.0, Clutch::Open, 0.0);
    let again = p.hand(1.0, Clutch::Closed, 0.0);
    assert_eq!((again.mode, again.engage_count, again.epoch), (Mode::Follow, 2, 1));
}

/// C3, C5: a button held through a stop never engages under the new epoch.
#[test]
fn a_button_held_through_a_stop_does_nothing_until_it_is_released() {
    let mut p = Pair::new();
    p.engage();
    p.says(|f| {
        f.epoch = 2;
        f.state = OperatingState::Hold;
    });
    for _ in 0..500 {
        let frame = p.hand(1.0, Clutch::Closed, 1.0);
        assert_eq!((frame.mode, frame.epoch, frame.engage_count), (Mode::Hold, 2, 1));
        assert!(frame.deadman == 1.0, "the robot is told what the hand does");
        p.says(|f| f.state = OperatingState::Ready);
    }
    assert_eq!(p.core.grip(), Grip::MustRelease { why: MustReleaseWhy::Epoch });
    p.hand(1.0, Clutch::Open, 0.0);
    assert_eq!(p.hand(1.0, Clutch::Closed, 0.0).mode, Mode::Hold, "opening is not releasing");
    p.engage();
    assert_eq!(p.last.engage_count, 2);
}

/// C3: a device that comes back with its buttons pressed is not believed.
#[test]
fn a_device_that_was_away_must_be_seen_released() {
    let mut p = Pair::new();
    p.engage();
    p.ms += 1;
    let frame = p.core.tick(at(p.ms), &HandSample::gone(at(p.ms))).unwrap();
    assert_eq!((frame.mode, frame.deadman), (Mode::Hold, 0.0));
    p.says(|f| {
        f.epoch = 2;
        f.state = OperatingState::Hold;
    });
    for clutch in [Clutch::Open, Clutch::Closed] {
        let frame = p.hand(1.0, clutch, 0.0);
        assert_eq!((frame.mode, frame.deadman), (Mode::Hold, 0.0));
    }
    p.engage();
}

#[test]
fn a_new_session_begins_the_act_anew() {
    let mut p = Pair::new();
    p.engage();
    p.core.handle_disconnected();
    p.core.handle_welcome(SessionId::new(8), 4, false);
    let frame = p.hand(1.0, Clutch::Closed, 1.0);
    assert_eq!((frame.seq, frame.epoch, frame.engage_count, frame.mode), (1, 4, 0, Mode::Hold));
    assert_eq!((frame.seen_state, frame.seen_view), (0, 0));
    assert_eq!(p.core.grip(), Grip::start());
}

#[test]
fn a_refused_closing_must_be_opened_and_says_so() {
    let mut p = Pair::new();
    p.hand(0.0, Clutch::Open, 0.0);
    p.hand(1.0, Clutch::Open, 0.0);
    p.says(|_| {});
    for _ in 0..103 {
        p.hand(1.0, Clutch::Closed, 0.0);
        p.says(|_| {});
    }
    assert_eq!(p.hand(1.0, Clutch::Closed, 0.0).mode, Mode::Hold);
    assert_eq!(p.core.grip().refusal().unwrap().0, "HAND-OPEN-REFUSED");
    p.says(|f| f.state = OperatingState::Engaged);
    assert_eq!(p.hand(1.0, Clutch::Closed, 0.0).mode, Mode::Hold, "too late");
}

#[test]
fn the_newest_state_wins_and_old_ones_are_counted() {
    let mut p = Pair::new();
    let frame = |seq, state| StateFrame { seq, state, ..state_frame() };
    assert!(p.core.handle_state(&frame(9, OperatingState::Hold), at(1_000)));
    assert!(!p.core.handle_state(&frame(8, OperatingState::Engaged), at(1_001)));
    assert!(!p.core.handle_state(&frame(9, OperatingState::Engaged), at(1_002)));
    assert_eq!(p.core.state(at(1_003)).unwrap().state, OperatingState::Hold);
    assert_eq!((p.core.counters().states, p.core.counters().states_not_newer), (1, 2));
    assert_eq!(p.hand(0.0, Clutch::Open, 0.0).seen_state, 9);
    assert_eq!(p.last.shown_state, OperatingState::Hold);
}

#[test]
fn a_state_is_unknown_after_the_limit_not_at_it() {
    let mut p = Pair::new();
    assert_eq!(p.core.state_age(at(1)), None);
    p.core.handle_state(&state_frame(), at(1_000));
    assert!(p.core.state(at(1_100)).is_some());
    assert!(p.core.state(Moment::from_ns(1_100_000_001)).is_none());
    assert!(p.core.newest_state().is_some());
    assert_eq!(p.core.state_age(at(1_500)), Some(Duration::from_millis(500)));
}

/// STATE-MISMATCH: word and number are those of one frame, however old it is.
#[test]
fn the_state_that_is_shown_is_that_of_the_frame_that_was_seen() {
    let mut p = Pair::new();
    let seen = |f: &CommandFrame| (f.seen_state, f.shown_state);
    assert_eq!(seen(&p.last), (0, OperatingState::Init));
    for (seq, state) in [
        (3, OperatingState::Ready),
        (5, OperatingState::Engaged),
        (9, OperatingState::Hold),
        (12, OperatingState::Fault),
    ] {
        p.core.handle_state(&StateFrame { seq, state, ..state_frame() }, at(p.ms));
        let old = StateFrame { seq: seq - 1, state: OperatingState::Estop, ..state_frame() };
        assert!(!p.core.handle_state(&old, at(p.ms)));
        assert_eq!(seen(&p.hand(0.0, Clutch::Open, 0.0)), (seq, state));
        p.ms += 5_000;
        assert_eq!(seen(&p.hand(0.0, Clutch::Open, 0.0)), (seq, state), "nothing newer has come");
    }
    p.core.handle_disconnected();
    p.core.handle_welcome(SessionId::new(8), 1, true);
    assert_eq!(seen(&p.hand(0.0, Clutch::Open, 0.0)), (0, OperatingState::Init));
}

/// STATE-MISMATCH: what a page shows is told once it has had time to follow; a page that was closed,
/// or a console without one, shows nobody anything.
#[test]
fn a_page_that_shows_another_state_is_told_as_it_is() {
    let mut p = Pair::new();
    p.core.handle_page_opened(at(p.ms));
    p.core.handle_shown(Some(OperatingState::Ready), at(p.ms));
    let seen = |p: &mut Pair| {
        p.says(|_| {});
        let frame = p.hand(0.0, Clutch::Open, 0.0);
        (frame.seen_state == p.frame.seq, frame.shown_state)
    };
    assert_eq!(seen(&mut p), (true, OperatingState::Ready));
    p.frame.state = OperatingState::Engaged;
    let late = (0..400).map(|_| seen(&mut p)).position(|(newest, shown)| {
        assert!(newest, "the number stays that of the newest");
        shown == OperatingState::Ready
    });
    assert!((145..=155).contains(&late.unwrap()), "{late:?}");
    p.core.handle_shown(Some(OperatingState::Engaged), at(p.ms));
    assert_eq!(seen(&mut p).1, OperatingState::Engaged);
    p.core.handle_shown(None, at(p.ms));
    p.ms += 200;
    assert_eq!(seen(&mut p).1, OperatingState::Init);
    p.core.handle_page_closed();
    assert_eq!(seen(&mut p).1, OperatingState::Engaged);
}

/// C1: the same picture again, an older one, or one that never arrived is not a new one.
#[test]
fn only_a_newer_picture_that_arrived_counts_as_seen() {
    let mut p = Pair::new();
    let source = ViewSource::Ultrasound;
    assert!(!p.core.handle_presented(source, 1, at(1_000)), "it never arrived");
    p.core.handle_picture(&header(5), at(1_000));
    assert!(p.core.handle_presented(source, 4, at(1_001)));
    assert!(!p.core.handle_presented(source, 4, at(1_002)));
    assert!(!p.core.handle_presented(source, 3, at(1_002)));
    assert!(!p.core.handle_presented(source, u64::MAX, at(1_002)));
    assert_eq!(p.hand(0.0, Clutch::Open, 0.0).seen_view, 4);
    let c = p.core.counters();
    assert_eq!((c.views, c.views_repeated, c.views_unknown), (1, 2, 2));
}

/// VIEW-AGE: only the picture that steers can be seen; a camera in the room says nothing of the tip.
#[test]
fn a_picture_of_another_source_never_counts_as_seen() {
    for (text, steering) in [
        (ULTRASOUND, ViewSource::Ultrasound),
        (SURGERY, ViewSource::Endoscope),
        (TELECARE, ViewSource::Drive),
    ] {
        let mut p = Pair::with(text);
        assert_eq!((p.last.view_source, p.last.seen_view), (steering, 0));
        let others = ViewSource::ALL.into_iter().filter(|s| *s != steering);
        for (n, source) in others.enumerate() {
            let view = 7 + n as u64;
            p.core.handle_picture(&PictureHeader { source, ..header(view) }, at(p.ms));
            assert!(!p.core.handle_presented(source, view, at(p.ms)));
            assert!(!p.core.handle_presented(steering, view, at(p.ms)), "it never arrived");
        }
        p.core.handle_picture(&PictureHeader { source: steering, ..header(2) }, at(p.ms));
        let room = if steering == ViewSource::Room { ViewSource::Drive } else { ViewSource::Room };
        assert!(!p.core.handle_presented(room, 2, at(p.ms)), "the number is that of another");
        assert!(p.core.handle_presented(steering, 2, at(p.ms)));
        let frame = p.hand(0.0, Clutch::Open, 0.0);
        assert_eq!((frame.view_source, frame.seen_view), (steering, 2));
        let c = p.core.counters();
        assert_eq!((c.views, c.views_unknown, c.views_other_source), (1, 3, 7), "{text}");
    }
}

#[test]
fn a_stop_lets_go_at_once_and_every_frame_carries_it_until_confirmed() {
    let mut p = Pair::new();
    p.engage();
    assert_eq!(p.core.request_stop(at(p.ms)), 1);
    for _ in 0..50 {
        let frame = p.hand(1.0, Clutch::Closed, 1.0);
        assert_eq!((frame.mode, frame.stop_request), (Mode::Hold, 1));
    }
    p.says(|f| {
        f.state = OperatingState::Pstop;
        f.stop_confirmed = 1;
        f.epoch = 2;
    });
    assert_eq!(p.hand(1.0, Clutch::Closed, 1.0).stop_request, 0);
    assert!(matches!(p.core.stop_phase(at(p.ms)), StopPhase::Confirmed { .. }));
}

#[test]
fn the_epoch_never_falls_and_a_welcome_does_not_lower_it() {
    let mut p = Pair::new();
    p.says(|f| f.epoch = 5);
    p.says(|f| f.epoch = 4);
    assert_eq!(p.core.epoch(), 5);
    p.core.handle_welcome(SessionId::new(9), 3, true);
    assert_eq!(p.core.epoch(), 5);
}

#[test]
fn the_wanted_force_stays_below_the_limit_and_is_never_nan() {
    let mut p = Pair::new();
    for (wanted, sent) in [(5.0, 5.0), (50.0, 12.0), (-1.0, 0.0), (f64::NAN, 0.0)] {
        let sample = HandSample { force_wanted_n: wanted, ..HandSample::neutral(at(1_001)) };
        let frame = p.core.tick(at(1_001), &sample).unwrap();
        let Motion::Arms([arm, other]) = frame.motion else { panic!("not an arm") };
        assert!((arm.force_wanted_n - sent).abs() < 1e-12);
        assert_eq!(other, ArmCommand::neutral());
    }
}

#[test]
fn where_no_tool_presses_by_itself_no_force_is_wanted() {
    for text in [SURGERY, TELECARE] {
        let mut p = Pair::with(text);
        let sample = HandSample { force_wanted_n: 5.0, ..HandSample::neutral(at(1_001)) };
        match p.core.tick(at(1_001), &sample).unwrap().motion {
            Motion::Arms([arm, _]) => assert!(arm.force_wanted_n == 0.0),
            Motion::Base(twist) => assert_eq!(twist, STAND),
        }
    }
}

#[test]
fn the_clock_is_estimated_from_when_the_command_was_made() {
    let mut p = Pair::new();
    assert_eq!(p.core.clock(at(1_000)), None);
    // The hand is old; the frame is not.
    let old = HandSample::neutral(at(600));
    p.ms += 9;
    p.says_hand(&old);
    let made = at(p.ms);
    let frame = |seq, echo_seq| StateFrame {
        seq,
        t_robot: Moment::from_ns(made.as_ns() + 5_000_000_000 + 10_000_000),
        echo_seq,
        echo_t_input: at(600),
        ..state_frame()
    };
    let arrived = made.after(Duration::from_millis(20));
    p.core.handle_state(&frame(2, 999), arrived);
    p.core.handle_state(&frame(3, 0), arrived);
    assert_eq!(p.core.clock(arrived), None, "no such command was made");
    p.core.handle_state(&frame(4, p.last.seq), arrived);
    let offset = p.core.clock(at(1_100)).unwrap();
    assert!((offset.ns - 5e9).abs() < 1.0, "{offset:?}");
    assert!((offset.rtt_ns - 20e6).abs() < 1.0, "{offset:?}");
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -2.0_f64..2.0, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(1e300)]
}

proptest! {
    /// Whatever device and robot say, every frame is one that can be sent, its number rises, and it
    /// asks to follow only in the epoch of the act.
    #[test]
    fn every_frame_can_be_sent(
        profile in 0_usize..3,
        steps in proptest::collection::vec(
            (any_number(), any::<bool>(), any_number(), any_number(), 0_u8..40, 0_u64..30), 1..200),
    ) {
        let mut p = Pair::with([ULTRASOUND, SURGERY, TELECARE][profile]);
        let mut before = p.last;
        let mut seq = p.last.seq;
        let mut acted_in = p.last.epoch;
        for (deadman, closed, x, force_wanted_n, robot, gap) in steps {
            match robot {
                0 => p.says(|f| f.epoch += 1),
                1 => p.core.handle_disconnected(),
                2 => p.core.handle_welcome(SessionId::new(1), 1, true),
                3 => { p.core.request_stop(at(p.ms)); }
                4..=20 => p.says(|f| f.state = OperatingState::Engaged),
                _ => p.says(|f| f.state = OperatingState::Ready),
            }
            if matches!(robot, 1 | 2) {
                p.frame = StateFrame { epoch: 1, ..state_frame() };
                seq = 0;
                acted_in = 0;
            }
            p.ms += gap;
            let clutch = if closed { Clutch::Closed } else { Clutch::Open };
            let motion = HandMotion::Rate(Deflection {
                x, y: x, z: x, turn: x, tilt: x, jaw: x, arm: if closed { ArmSide::Left } else { ArmSide::Right },
            });
            let sample = HandSample {
                deadman, clutch, motion, force_wanted_n, ..HandSample::neutral(at(p.ms))
            };
            if let Some(frame) = p.core.tick(at(p.ms), &sample) {
                prop_assert!(frame.encode().is_ok(), "{:?}", frame);
                prop_assert!(frame.seq > seq);
                seq = frame.seq;
                if frame.deadman < 0.5 {
                    acted_in = frame.epoch;
                }
                if frame.mode == Mode::Follow {
                    prop_assert_eq!(acted_in, frame.epoch);
                } else if let Motion::Base(twist) = frame.motion {
                    prop_assert_eq!(twist, STAND);
                }
                prop_assert!(frame.t_input >= before.t_input);
                (p.last, before) = (frame, frame);
            }
        }
    }
}
