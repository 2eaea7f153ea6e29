use core::time::Duration;

use nalgebra::UnitQuaternion;
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::picture::ViewSource;
use protocol::profile::{SURGERY, ULTRASOUND};
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::Moment;

use super::*;
use crate::robot::Shaft;

fn profile(text: &str) -> Profile {
    Profile::parse(text).unwrap()
}

fn frame(engage_count: u32, x: f64) -> CommandFrame {
    let mut arm = ArmCommand::neutral();
    arm.displacement.translation.x = x;
    CommandFrame {
        session: SessionId::new(1),
        seq: 1 + (x * 1e6) as u64,
        epoch: 1,
        engage_count,
        t_input: Moment::from_ns(1),
        seen_state: 1,
        seen_view: 1,
        view_source: ViewSource::Ultrasound,
        mode: Mode::Follow,
        deadman: DEADMAN_HELD_MIN,
        stop_request: 0,
        shown_state: OperatingState::Engaged,
        motion: HandMotion::Arms([arm, ArmCommand::neutral()]),
    }
}

/// One arm under the ultrasound profile, its drives on, where it can move any way.
struct Alone {
    motion: ArmMotion,
    profile: Profile,
    reading: Reading,
}

impl Alone {
    fn new() -> Self {
        let profile = profile(ULTRASOUND);
        let body = Body::Arms { count: 1, speed_max_m_s: 1.0, ports: [None; ARMS] };
        let (motion, misfit) = ArmMotion::new(profile.arms().unwrap(), &body);
        assert_eq!(misfit, None);
        let mut reading = Reading::resting(Moment::START);
        reading.arms[0].tip.iso.translation.vector = Vector3::new(0.5, 0.0, 0.3);
        let mut alone = Self { motion, profile, reading };
        alone.step(Wish::Stand, None);
        alone.reading.powered = true;
        alone
    }

    fn step(&mut self, wish: Wish, frame: Option<&CommandFrame>) -> Order {
        let step = Step {
            wish,
            frame,
            reading: &self.reading,
            seen_age: Some(Duration::from_millis(10)),
            silence: Some(Duration::ZERO),
            dt_s: 1e-3,
        };
        self.motion.step(&step, self.profile.arms().unwrap(), &self.profile)
    }

    fn x(&self) -> f64 {
        self.motion.setpoint(0).position().x
    }
}

/// CLUTCH: the hand of another closing leads nothing, also if nobody has told the arms of its end.
#[test]
fn the_hand_of_another_closing_leads_nothing() {
    let mut a = Alone::new();
    a.motion.engage(&frame(1, 0.0));
    for _ in 0..100 {
        a.step(Wish::Follow, Some(&frame(2, 0.05)));
    }
    assert!((a.x() - 0.5).abs() < 1e-12);
    for _ in 0..100 {
        a.step(Wish::Follow, Some(&frame(1, 0.05)));
    }
    assert!(a.x() > 0.5 + 1e-4);
}

/// CLUTCH: how the hand was turned when the clutch closed counts as its start.
#[test]
fn the_turn_of_the_hand_at_the_closing_turns_nothing() {
    let mut a = Alone::new();
    let turned = |angle: f64| {
        let mut frame = frame(1, 0.0);
        if let HandMotion::Arms([arm, _]) = &mut frame.motion {
            arm.displacement.rotation = UnitQuaternion::from_euler_angles(angle, 0.0, 0.0);
        }
        frame
    };
    a.motion.engage(&turned(0.05));
    for _ in 0..500 {
        a.step(Wish::Follow, Some(&CommandFrame { seq: 2, ..turned(0.05) }));
    }
    assert!(a.motion.setpoint(0).angle_to(&a.reading.arms[0].tip) < 1e-9);
    for _ in 0..2_000 {
        a.step(Wish::Follow, Some(&CommandFrame { seq: 3, ..turned(0.15) }));
    }
    let angle = a.motion.setpoint(0).angle_to(&a.reading.arms[0].tip);
    assert!((angle - 0.1).abs() < 1e-4, "{angle} rad");
}

/// A tool that moves aside comes to rest first, and lifts then.
#[test]
fn a_lift_begins_once_the_tool_has_come_to_rest() {
    let mut a = Alone::new();
    a.motion.engage(&frame(1, 0.0));
    for _ in 0..500 {
        a.step(Wish::Follow, Some(&frame(1, 0.1)));
    }
    assert!(a.motion.lateral_speed_m_s() > 0.05);
    a.motion.disengage();
    let z = a.motion.setpoint(0).position().z;
    let mut ticks = 0;
    while !a.motion.stands() {
        a.step(Wish::Lift, None);
        assert!((a.motion.setpoint(0).position().z - z).abs() < 1e-12);
        ticks += 1;
        assert!(ticks < 500, "it never stands");
    }
    assert!(ticks > 5, "{ticks}");
    for _ in 0..500 {
        a.step(Wish::Lift, None);
    }
    assert!((a.motion.setpoint(0).position().z - z).abs() > 0.005, "along its own axis");
}

#[test]
fn slower_than_a_millimetre_a_second_stands() {
    assert!(!is_standing(STANDING_MAX_M_S) && is_standing(0.99 * STANDING_MAX_M_S));
    assert!(!is_standing(f64::NAN));
}

#[test]
fn the_state_tells_what_is_measured_and_what_was_ordered() {
    let mut a = Alone::new();
    a.reading.arms[0].force_n.y = 3.0;
    a.reading.arms[0].jaw_rad = 0.2;
    let [arm, absent] = a.motion.states(&a.reading);
    assert_eq!((arm.measured, arm.setpoint), (a.reading.arms[0].tip, a.motion.setpoint(0)));
    assert_eq!((arm.force_n.y, arm.jaw_rad), (3.0, 0.2));
    assert_eq!(absent, ArmState::absent());
}

/// CONTACT-FORCE: of an arm without a port the push along the tool, of one in a port every direction; and
/// where the profile knows no ports, those of the robot count for nothing.
#[test]
fn what_is_felt_depends_on_the_port() {
    let port = Port { centre_m: Vector3::zeros(), axis: -Vector3::z(), shaft: Shaft::Wristed };
    let body = Body::Arms { count: 2, speed_max_m_s: 1.0, ports: [Some(port); ARMS] };
    let aside = ArmReading { force_n: Vector3::new(3.0, 4.0, 0.0), ..ArmReading::absent() };
    for (text, felt) in [(SURGERY, 5.0), (ULTRASOUND, 0.0)] {
        let (motion, _) = ArmMotion::new(profile(text).arms().unwrap(), &body);
        for arm in motion.arms() {
            assert!((felt_n(arm, &aside) - felt).abs() < 1e-12, "{text}");
        }
    }
}

/// CLUTCH: a jaw is met by a hand within two degrees of it, or on its other side.
#[test]
fn a_jaw_is_met_from_two_degrees_on() {
    for (anchor_rad, start_rad, hand_rad, met) in [
        (0.2, 0.5, 0.2 + JAW_MET_RAD - 1e-9, true),
        (0.2, 0.5, 0.2 - JAW_MET_RAD + 1e-9, true),
        (0.2, 0.5, 0.2 + JAW_MET_RAD + 1e-9, false),
        (0.0, 0.5, JAW_MET_RAD, true),
        (0.2, 0.5, 0.1, true),
        (0.2, 0.0, 0.1, false),
        (0.2, 0.0, 0.3, true),
        (0.2, 0.2, 0.9, true),
        (0.0, JAW_MET_RAD, 0.9, true),
    ] {
        let mut grip = Grip::new(anchor_rad, start_rad);
        grip.note(hand_rad);
        assert_eq!(grip.met, met, "from {start_rad} to {hand_rad}, the jaw at {anchor_rad}");
        grip.note(0.9);
        assert!(grip.met || !met, "what was met stays met");
    }
}
