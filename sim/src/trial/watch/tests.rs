//! Each promise, broken: the watcher must see it, and must see nothing where it is kept.

use core::time::Duration;

use nalgebra::Vector3;
use operator::devices::script::ScriptedHand;
use protocol::frame::{CommandFrame, Mode};
use protocol::picture::ViewSource;
use protocol::session::SessionId;
use robot_agent::core::{LocalEvent, SessionEvent};
use robot_agent::robot::{Order, RobotFault};

use super::*;
use crate::bedside::Simulated;
use crate::light::LightArms;
use crate::network::LinkSpec;
use crate::robot::UltrasoundArm;
use crate::theatre::{Delays, Frames};

/// A theatre in which everything is well, and somebody who has watched it all.
struct House {
    theatre: Theatre<Simulated<LightArms>>,
    hand: ScriptedHand,
    watcher: Watcher,
    now_ms: u32,
}

impl House {
    fn new() -> Self {
        let profile = Profile::parse(protocol::profile::ULTRASOUND).unwrap();
        let plant = LightArms::like(&UltrasoundArm::shipped(0).unwrap(), true, 1);
        let carrier = Box::new(Frames::new(&LinkSpec::default(), &LinkSpec::default(), 1));
        let robot = Simulated::around(plant);
        let theatre = Theatre::around(robot, &profile, Delays::default(), 1, carrier).unwrap();
        let (hand, watcher) = (ScriptedHand::new(&profile, 1), Watcher::new(&theatre));
        Self { theatre, hand, watcher, now_ms: 0 }
    }

    fn step(&mut self) {
        self.theatre.step(&mut self.hand);
        let truth = self.theatre.robot().truth();
        self.watcher.see(&self.theatre, &truth, self.now_ms);
        assert_eq!(self.watcher.found(), None, "at {} ms", self.now_ms);
        self.now_ms += 1;
    }

    /// Until it does what is wanted.
    fn until(mut self, word: Word) -> Self {
        for _ in 0..10_000 {
            self.step();
            if self.theatre.state() == word {
                return self;
            }
        }
        panic!("it never is {word}");
    }

    /// The next step, as it would have been if it had been otherwise: the promise that the watcher finds broken.
    fn otherwise(mut self, change: impl FnOnce(&mut Story)) -> Option<Rule> {
        self.theatre.step(&mut self.hand);
        let mut story = Story {
            happening: self.theatre.happening().clone(),
            truth: self.theatre.robot().truth(),
            state_age_ms: Some(5),
            view_age_ms: Some(40),
            later_ms: 0,
        };
        change(&mut story);
        let now_ms = self.now_ms + story.later_ms;
        self.watcher.hear(&story.happening, now_ms);
        let step = Step {
            profile: self.theatre.profile(),
            now_ms,
            happening: &story.happening,
            truth: story.truth,
            state_age_ms: story.state_age_ms,
            view_age_ms: story.view_age_ms,
        };
        self.watcher.judge(&step);
        self.watcher.found().map(|violation| violation.rule)
    }
}

/// What may be otherwise.
struct Story {
    happening: Happening,
    truth: Truth,
    state_age_ms: Option<u32>,
    view_age_ms: Option<u32>,
    later_ms: u32,
}

impl Story {
    fn ticked(&mut self) -> &mut Ticked {
        self.happening.ticked.as_mut().unwrap()
    }

    fn heard(&mut self) -> &mut CommandFrame {
        &mut self.happening.heard.last_mut().unwrap().0
    }

    /// The tick says that this came of it.
    fn becomes(&mut self, word: Word, new_epoch: bool) {
        let ticked = self.ticked();
        ticked.word = word;
        ticked.epoch += u32::from(new_epoch);
        ticked.tick.frame = None;
        ticked.tick.followed = None;
    }
}

fn engaged(change: impl FnOnce(&mut Story)) -> Option<Rule> {
    House::new().until(Word::Engaged).otherwise(change)
}

fn ready(change: impl FnOnce(&mut Story)) -> Option<Rule> {
    House::new().until(Word::Ready).otherwise(change)
}

#[test]
fn nothing_is_found_where_everything_is_well() {
    assert_eq!(engaged(|_| {}), None);
    assert_eq!(ready(|_| {}), None);
    let mut house = House::new();
    for _ in 0..10_000 {
        house.step();
    }
}

#[test]
fn a_command_that_does_not_count_is_not_followed() {
    assert_eq!(engaged(|s| s.heard().session = SessionId::new(99)), Some(Rule::NoCommand));
    assert_eq!(
        engaged(|s| s.ticked().tick.followed.as_mut().unwrap().seq += 1),
        Some(Rule::NoCommand)
    );
    // Of another epoch: the newest that counts is the one before.
    assert_eq!(engaged(|s| s.heard().epoch -= 1), Some(Rule::NoCommand));
    assert_eq!(engaged(|s| s.heard().seq = 1), Some(Rule::NoCommand));
}

#[test]
fn a_hand_that_does_not_hold_is_not_followed() {
    assert_eq!(engaged(|s| s.heard().deadman = 0.0), Some(Rule::Deadman));
    assert_eq!(engaged(|s| s.heard().mode = Mode::Hold), Some(Rule::Deadman));
}

#[test]
fn what_is_old_is_not_followed() {
    let silent = |later_ms| {
        engaged(|s| {
            s.happening.heard.clear();
            s.ticked().tick.followed = None;
            s.later_ms = later_ms;
        })
    };
    assert_eq!((silent(148), silent(152)), (None, Some(Rule::Silence)));
    let state = |age_ms| engaged(|s| s.state_age_ms = age_ms);
    assert_eq!((state(Some(250)), state(Some(253))), (None, Some(Rule::OldState)));
    assert_eq!(state(None), Some(Rule::OldState));
    let view = |age_ms| engaged(|s| s.view_age_ms = age_ms);
    assert_eq!((view(Some(200)), view(Some(203))), (None, Some(Rule::OldPicture)));
    assert_eq!(view(None), Some(Rule::OldPicture));
    assert_eq!(engaged(|s| s.heard().view_source = ViewSource::Room), Some(Rule::OtherPicture));
    let old_hand = |later_ms| {
        engaged(|s| {
            s.heard().t_input = protocol::time::Moment::from_ns(1);
            s.later_ms = later_ms;
        })
    };
    assert_eq!((old_hand(148), old_hand(152)), (None, Some(Rule::OldHand)));
}

#[test]
fn a_robot_that_is_not_well_does_not_follow() {
    assert_eq!(engaged(|s| s.ticked().reading = Err(RobotFault::Silent)), Some(Rule::NotWell));
    let guard = |s: &mut Story| s.ticked().reading.as_mut().unwrap().guard_open = true;
    assert_eq!(engaged(guard), Some(Rule::NotWell));
    let nan = |s: &mut Story| s.ticked().reading.as_mut().unwrap().arms[0].jaw_rad = f64::NAN;
    assert_eq!(engaged(nan), Some(Rule::NotWell));
    let disk = |s: &mut Story| s.ticked().unrecorded = Duration::from_secs(11);
    assert_eq!(engaged(disk), Some(Rule::NotWell));
    assert_eq!(engaged(|s| s.ticked().overruns = 101), Some(Rule::NotWell));
}

#[test]
fn who_leaves_or_stops_is_not_followed() {
    let session = SessionId::new(2);
    let close = SessionEvent::Close { session };
    // Nobody holds authority then, so that nobody can command.
    assert_eq!(engaged(|s| s.happening.said.push((close, None))), Some(Rule::NoCommand));
    let stop = SessionEvent::Stop { session, request: 1 };
    assert_eq!(engaged(|s| s.happening.said.push((stop, None))), Some(Rule::Stopped));
    assert_eq!(engaged(|s| s.heard().stop_request = 1), Some(Rule::Stopped));
    let pressed = LocalEvent::EstopPressed;
    assert_eq!(engaged(|s| s.happening.done.push(pressed)), Some(Rule::Stopped));
}

#[test]
fn nobody_follows_without_the_act() {
    let follow = |s: &mut Story| {
        s.becomes(Word::Engaged, false);
        s.heard().deadman = 1.0;
        s.heard().mode = Mode::Follow;
    };
    assert_eq!(ready(follow), Some(Rule::Unasked));
}

#[test]
fn what_engages_moves_nothing() {
    // The tick before the one that engages is known only when that one is.
    let mut house = House::new();
    let mut before = house.watcher.motion.before();
    while house.theatre.state() != Word::Engaged {
        before = house.watcher.motion.before();
        house.step();
    }
    let mut ticked = house.theatre.happening().ticked.unwrap();
    let mut watcher = Watcher::new(&house.theatre);
    watcher.motion.set_before(before);
    let Order::Servo { arms } = &mut ticked.tick.order else { panic!("it servos") };
    arms[0].tip.iso.translation.vector.x += 5e-5;
    let mut happening = Happening::default();
    happening.ticked = Some(ticked);
    let step = Step {
        profile: house.theatre.profile(),
        now_ms: house.now_ms - 1,
        happening: &happening,
        truth: house.theatre.robot().truth(),
        state_age_ms: Some(1),
        view_age_ms: Some(1),
    };
    let mut all = Vec::new();
    watcher.motion.order(&step, &ticked, Word::Ready, &mut all);
    assert_eq!(all.first().map(|(rule, _)| *rule), Some(Rule::Jump), "{all:?}");
}

#[test]
fn a_stop_and_a_grant_begin_an_epoch() {
    assert_eq!(engaged(|s| s.becomes(Word::Hold, false)), Some(Rule::Epoch));
    assert_eq!(engaged(|s| s.becomes(Word::Hold, true)), None);
    let open = SessionEvent::Open { session: SessionId::new(2) };
    assert_eq!(ready(|s| s.happening.said.push((open, Some(Ok(9))))), Some(Rule::Epoch));
}

#[test]
fn power_and_reset_come_from_the_bedside() {
    let hold = |word: Word| {
        let mut house = House::new().until(Word::Ready);
        house.watcher.word = word;
        house
    };
    let becomes = |from, to| hold(from).otherwise(|s| s.becomes(to, true));
    assert_eq!(becomes(Word::Standby, Word::Ready), Some(Rule::Bedside));
    assert_eq!(becomes(Word::Fault, Word::Init), Some(Rule::Bedside));
    assert_eq!(becomes(Word::Estop, Word::Init), Some(Rule::Bedside));
    assert_eq!(becomes(Word::Fault, Word::Ready), Some(Rule::Bedside));
    assert_eq!(becomes(Word::Pstop, Word::Ready), Some(Rule::Bedside));
    let powered = hold(Word::Standby).otherwise(|s| {
        s.happening.done.push(LocalEvent::PowerOn);
        s.becomes(Word::Ready, true);
    });
    assert_eq!(powered, None);
    let reset = hold(Word::Fault).otherwise(|s| {
        s.happening.done.push(LocalEvent::Reset);
        s.becomes(Word::Init, true);
    });
    assert_eq!(reset, None);
}

#[test]
fn authority_that_somebody_holds_is_not_given_to_another() {
    let open = SessionEvent::Open { session: SessionId::new(77) };
    let granted = |s: &mut Story| {
        let epoch = s.ticked().epoch + 1;
        s.happening.said.push((open, Some(Ok(epoch))));
        s.becomes(Word::Hold, true);
    };
    assert_eq!(engaged(granted), Some(Rule::OneHolder));
}

#[test]
fn orders_stay_inside_their_limits() {
    let moved = |by: Vector3<f64>| {
        engaged(|s| {
            let Order::Servo { arms } = &mut s.ticked().tick.order else { panic!("it servos") };
            arms[0].tip.iso.translation.vector += by;
        })
    };
    assert_eq!(moved(Vector3::new(0.0, 0.0, 5e-5)), None);
    assert_eq!(moved(Vector3::new(0.0, 0.0, 5e-4)), Some(Rule::Order));
    assert_eq!(moved(Vector3::new(0.0, 5.0, 0.0)), Some(Rule::Order));
    // An arm that does not follow may be asked to be where it is, however far it was asked to be.
    let asked_to_stay = |beside_m: f64| {
        let mut house = House::new().until(Word::Ready);
        house.step();
        house.otherwise(|s| {
            let Order::Servo { arms } = &mut s.ticked().tick.order else { panic!("it servos") };
            arms[0].tip.iso.translation.vector.x += 0.003;
            let at_m = arms[0].tip.iso.translation.vector;
            s.truth.tips[0].as_mut().unwrap().at_m = at_m.add_scalar(beside_m);
        })
    };
    assert_eq!((asked_to_stay(0.0), asked_to_stay(0.000_5)), (None, Some(Rule::Order)));
    let drive = Order::Drive { linear_m_s: 0.1, angular_rad_s: 0.0 };
    assert_eq!(engaged(|s| s.ticked().tick.order = drive), Some(Rule::Order));
}

#[test]
fn a_robot_that_presses_does_not_follow() {
    let mut house = House::new().until(Word::Engaged);
    let mut truth = house.theatre.robot().truth();
    truth.force_n = 21.0;
    for _ in 0..8 {
        house.theatre.step(&mut house.hand);
        house.watcher.see(&house.theatre, &truth, house.now_ms);
        house.now_ms += 1;
    }
    assert_eq!(house.watcher.found().map(|v| v.rule), Some(Rule::Force));
}

#[test]
fn what_is_stopped_stands() {
    // What it does so long after following has ended, how far it has come by then and how fast it is.
    let moving_under = |force_n: f64, scenes: &[(u32, Word, f64, f64)]| {
        let mut house = House::new().until(Word::Engaged);
        let truth = house.theatre.robot().truth();
        let mut story = house.theatre.happening().clone();
        let mut ticked = story.ticked.unwrap();
        (ticked.word, ticked.epoch, ticked.tick.frame) = (Word::Hold, ticked.epoch + 1, None);
        (ticked.tick.followed, ticked.tick.order) = (None, Order::Stand);
        story.heard.clear();
        for (ms, word, way_m, speed_m_s) in [(0, Word::Hold, 0.0, 0.0)].iter().chain(scenes) {
            let mut moved = Truth { force_n, ..truth };
            let tip = moved.tips[0].as_mut().unwrap();
            tip.at_m.x += way_m;
            tip.velocity_m_s = Vector3::new(*speed_m_s, 0.0, 0.0);
            ticked.epoch += u32::from(ticked.word != *word);
            story.done.clear();
            if ticked.word == Word::Standby && *word == Word::Ready {
                story.done.push(LocalEvent::PowerOn);
            }
            ticked.word = *word;
            story.ticked = Some(ticked);
            let step = Step {
                profile: house.theatre.profile(),
                now_ms: house.now_ms + ms,
                happening: &story,
                truth: moved,
                state_age_ms: None,
                view_age_ms: None,
            };
            house.watcher.hear(&story, step.now_ms);
            house.watcher.judge(&step);
        }
        house.watcher.found().map(|v| v.rule)
    };
    let moving = |scenes: &[(u32, Word, f64, f64)]| moving_under(0.0, scenes);
    let creeping = |ms, way_m, speed_m_s| moving(&[(ms, Word::Hold, way_m, speed_m_s)]);
    assert_eq!(creeping(100, 0.007, 0.05), None);
    assert_eq!(creeping(100, 0.009, 0.05), Some(Rule::StopWay));
    // A probe may lift by itself.
    assert_eq!(creeping(400, 0.007, 0.02), None);
    assert_eq!(creeping(400, 0.007, 0.035), Some(Rule::Stands));
    // A lift that is ended has to stop, too, and is given what a stop takes.
    let lifted = |ms, way_m, speed_m_s| {
        let lift = (3_000, Word::Hold, 0.01, 0.02);
        moving(&[
            lift,
            (3_001, Word::Estop, 0.01, 0.02),
            (ms, Word::Estop, 0.01 + way_m, speed_m_s),
        ])
    };
    assert_eq!((lifted(3_100, 0.003, 0.01), lifted(3_400, 0.003, 0.0)), (None, None));
    assert_eq!(lifted(3_100, 0.009, 0.01), Some(Rule::StopWay));
    assert_eq!(lifted(3_400, 0.003, 0.01), Some(Rule::Stands));
    // Drives that come on take over what the brakes held, in their time and by no more than they may.
    let takes_over = |ms, way_m| {
        let off = (400, Word::Standby, 0.0, 0.0);
        moving(&[off, (800, Word::Ready, 0.0, 0.0), (ms, Word::Ready, way_m, 0.02)])
    };
    assert_eq!((takes_over(940, 0.000_4), takes_over(960, 0.000_4)), (None, Some(Rule::Stands)));
    assert_eq!(takes_over(940, 0.000_6), Some(Rule::Stands));
    // A standing arm that presses harder than 5 N yields, at 20 mm/s and the servo's swing.
    let presses = |force_n, speed_m_s| {
        let on = (400, Word::Standby, 0.0, 0.0);
        moving_under(
            force_n,
            &[on, (500, Word::Ready, 0.0, 0.0), (800, Word::Ready, 0.0, speed_m_s)],
        )
    };
    assert_eq!((presses(6.0, 0.02), presses(6.0, 0.024)), (None, Some(Rule::Stands)));
    assert_eq!(presses(4.0, 0.006), Some(Rule::Stands));
}

#[test]
fn an_arm_stands_when_its_drives_are_switched_off() {
    let parked_at = |speed_m_s: f64, force_n: f64| {
        let mut house = House::new().until(Word::Engaged);
        house.theatre.faults.dead_operator = true;
        for _ in 0..400 {
            house.step();
        }
        house.otherwise(|s| {
            s.becomes(Word::Standby, true);
            s.truth.tips[0].as_mut().unwrap().velocity_m_s = Vector3::new(speed_m_s, 0.0, 0.0);
            s.truth.force_n = force_n;
        })
    };
    assert_eq!((parked_at(0.01, 0.0), parked_at(0.02, 0.0)), (None, Some(Rule::Stands)));
    // What presses may be yielded to.
    assert_eq!((parked_at(0.02, 5.0), parked_at(0.03, 5.0)), (None, Some(Rule::Stands)));
}

#[test]
fn who_is_held_for_long_calls() {
    let mut house = House::new().until(Word::Engaged);
    house.theatre.faults.dead_operator = true;
    for _ in 0..2_100 {
        house.step();
    }
    assert_eq!(house.theatre.state(), Word::Hold);
    let silent = house.otherwise(|s| {
        s.later_ms = 200;
        s.ticked().tick.calls = false;
    });
    assert_eq!(silent, Some(Rule::Calls));
}

#[test]
fn what_is_told_is_what_is() {
    let mut frame = None;
    let mut house = House::new().until(Word::Engaged);
    while frame.is_none() {
        house.step();
        frame = house.theatre.happening().ticked.unwrap().tick.frame;
    }
    let told = |word, epoch| {
        engaged(|s| {
            let mut frame = frame.unwrap();
            (frame.state, frame.epoch) = (word, frame.epoch + epoch);
            s.ticked().tick.frame = Some(frame);
        })
    };
    assert_eq!(told(Word::Engaged, 0), None);
    assert_eq!(told(Word::Ready, 0), Some(Rule::Tells));
    assert_eq!(told(Word::Engaged, 1), Some(Rule::Tells));
}

#[test]
fn a_violation_says_when_and_what() {
    let violation = Violation { rule: Rule::Silence, at_ms: 1_234, seen: "160 ms".to_owned() };
    let text = violation.to_string();
    assert_eq!(text, "silence at 1234 ms: 160 ms (The robot follows only while commands come.)");
    let codes: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
}
