//! What a core makes of its hand: when it was sampled, and how it drives a base.

use super::tests::{Pair, at};
use super::*;
use crate::core::base_drive::STAND;
use crate::core::hand::{ArmHand, ArmSide, Clutch, Deflection, HandMotion, Stamp};
use protocol::frame::{ArmCommand, BaseTwist, Motion};
use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};

/// INPUT-STALL: a device that hangs is not hidden by a console that goes on.
#[test]
fn the_stamp_of_a_hung_device_stands_still_and_that_of_a_connected_pad_does_not() {
    let mut p = Pair::new();
    p.ms = 2_000;
    let hung = HandSample::neutral(at(1_990));
    let first = p.says_hand(&hung);
    assert_eq!(first.t_input, at(1_990));
    for _ in 0..500 {
        let frame = p.says_hand(&hung);
        assert_eq!((frame.t_input, frame.deadman), (at(1_990), 0.0));
    }
    let still = HandSample { stamp: Stamp::OnChange(at(1_990)), ..hung };
    for _ in 0..500 {
        assert_eq!(p.says_hand(&still).t_input, at(p.ms), "a hand that keeps still");
    }
    let last = p.last.t_input;
    for gone in [HandSample { connected: false, ..still }, HandSample::gone(at(9_000))] {
        assert_eq!(p.says_hand(&gone).t_input, last, "the pad was pulled out");
    }
}

#[test]
fn the_stamp_never_runs_backwards_nor_ahead() {
    let mut p = Pair::new();
    p.ms = 2_000;
    assert_eq!(p.says_hand(&HandSample::neutral(at(1_999))).t_input, at(1_999));
    assert_eq!(p.says_hand(&HandSample::neutral(at(1_500))).t_input, at(1_999));
    // A report can be a little younger than the tick that reads it; one of tomorrow is none.
    assert_eq!(p.says_hand(&HandSample::neutral(at(2_006))).t_input, at(2_003));
    let tomorrow = HandSample { deadman: 1.0, ..HandSample::neutral(at(99_000_000)) };
    let frame = p.says_hand(&tomorrow);
    assert_eq!((frame.t_input, frame.mode), (at(2_003), Mode::Hold));
    p.core.handle_disconnected();
    p.core.handle_welcome(SessionId::new(8), 1, true);
    assert_eq!(p.says_hand(&HandSample::neutral(at(1_000))).t_input, at(2_003));
}

fn twist(frame: &CommandFrame) -> BaseTwist {
    match frame.motion {
        Motion::Base(twist) => twist,
        Motion::Arms(_) => panic!("not a base"),
    }
}

const FORWARD_LEFT: HandMotion =
    HandMotion::Rate(Deflection { y: 1.0, turn: 1.0, ..Deflection::NONE });

#[test]
fn a_base_is_driven_only_while_the_robot_follows() {
    let mut p = Pair::with(TELECARE);
    for (deadman, clutch) in [(0.0, Clutch::Open), (1.0, Clutch::Open)] {
        assert_eq!(twist(&p.moves(deadman, clutch, FORWARD_LEFT)), STAND);
    }
    p.says(|_| {});
    let closing = p.moves(1.0, Clutch::Closed, FORWARD_LEFT);
    assert_eq!((closing.mode, closing.engage_count, twist(&closing)), (Mode::Follow, 1, STAND));
    for _ in 0..20 {
        assert_eq!(twist(&p.moves(1.0, Clutch::Closed, FORWARD_LEFT)), STAND, "it waits");
    }
    p.says(|f| f.state = OperatingState::Engaged);
    let first = twist(&p.moves(1.0, Clutch::Closed, FORWARD_LEFT));
    assert!(first.linear_m_s > 0.0 && first.linear_m_s < 0.2, "from rest: {first:?}");
    for _ in 0..300 {
        p.moves(1.0, Clutch::Closed, FORWARD_LEFT);
        p.says(|_| {});
    }
    let full = twist(&p.last);
    assert!((full.linear_m_s - 0.8).abs() < 1e-6, "{full:?}");
    assert!((full.angular_rad_s - 60_f64.to_radians()).abs() < 1e-6, "{full:?}");
    assert!(p.last.encode().is_ok() && !p.core.held_back());
    assert_eq!(p.core.commanded(), Displacement::none());
    let open = p.moves(1.0, Clutch::Open, FORWARD_LEFT);
    assert_eq!((open.mode, twist(&open)), (Mode::Hold, STAND), "at once");
}

#[test]
fn a_base_that_has_stopped_is_asked_to_stand_whatever_the_hand_does() {
    let stops: [fn(&mut Pair); 4] = [
        |p| p.says(|f| (f.state, f.epoch) = (OperatingState::Hold, 2)),
        |p| assert_eq!(p.core.request_stop(at(p.ms)), 1),
        |p| assert_eq!(p.hand(0.0, Clutch::Closed, 1.0).mode, Mode::Hold),
        |p| assert_eq!(p.says_hand(&HandSample::gone(at(p.ms))).mode, Mode::Hold),
    ];
    for stop in stops {
        let mut p = Pair::with(TELECARE);
        p.engage();
        for _ in 0..100 {
            p.moves(1.0, Clutch::Closed, FORWARD_LEFT);
        }
        assert!(twist(&p.last).linear_m_s > 0.5);
        stop(&mut p);
        for _ in 0..100 {
            let frame = p.moves(1.0, Clutch::Closed, FORWARD_LEFT);
            assert_eq!((frame.mode, twist(&frame)), (Mode::Hold, STAND));
        }
    }
}

fn arms(frame: &CommandFrame) -> [ArmCommand; 2] {
    match frame.motion {
        Motion::Arms(arms) => arms,
        Motion::Base(_) => panic!("not arms"),
    }
}

/// A robot that does what it is told, with something between its second jaw's fingers.
fn obeys(p: &mut Pair) {
    let told = arms(&p.last);
    p.says(|f| {
        for (arm, told) in f.arms.iter_mut().zip(told) {
            (arm.jaw_setpoint_rad, arm.jaw_rad) = (told.jaw_rad, told.jaw_rad + 0.2);
        }
    });
}

#[test]
fn a_hand_without_fingers_moves_the_arm_and_the_jaw_that_it_names_and_no_other() {
    let mut p = Pair::with(SURGERY);
    p.says(|f| (f.arms[0].jaw_setpoint_rad, f.arms[1].jaw_setpoint_rad) = (0.5, 0.25));
    p.engage();
    let jaws = |frame: &CommandFrame| arms(frame).map(|arm| arm.jaw_rad);
    assert_eq!(jaws(&p.last), [0.5, 0.25], "it says where the jaws are");
    let asked = Deflection { x: 1.0, jaw: -1.0, ..Deflection::NONE };
    let mut before = jaws(&p.last);
    for arm in [ArmSide::Right, ArmSide::Left] {
        for _ in 0..100 {
            p.moves(1.0, Clutch::Closed, HandMotion::Rate(Deflection { arm, ..asked }));
            obeys(&mut p);
        }
        let after = jaws(&p.last);
        let (moved, other) = if arm == ArmSide::Right { (1, 0) } else { (0, 1) };
        assert_eq!(after[other], before[other]);
        assert!(after[moved] < before[moved] - 0.05, "{after:?}");
        before = after;
    }
    let moved = arms(&p.last).map(|arm| arm.displacement.translation.norm() > 1e-4);
    assert_eq!(moved, [true, true]);
    p.hand(0.0, Clutch::Open, 0.0);
    assert_eq!(jaws(&p.last), before, "let go, it says what the robot last asked for");
}

#[test]
fn fingers_speak_for_themselves_and_a_tool_without_a_jaw_has_none() {
    let mut p = Pair::with(SURGERY);
    p.says(|f| f.arms[0].jaw_setpoint_rad = 0.5);
    let place = Displacement::none();
    let hands = [0.1, f64::NAN].map(|jaw_rad| ArmHand { place, jaw_rad });
    let frame = p.moves(0.0, Clutch::Open, HandMotion::Arms(hands));
    assert_eq!(arms(&frame).map(|arm| arm.jaw_rad), [0.1, 0.0]);
    let frame = p.moves(0.0, Clutch::Open, HandMotion::Displacement(place));
    assert_eq!(arms(&frame).map(|arm| arm.jaw_rad), [0.5, 0.0]);
    let mut p = Pair::with(ULTRASOUND);
    p.says(|f| f.arms[0].jaw_setpoint_rad = 0.5);
    assert_eq!(arms(&p.hand(0.0, Clutch::Open, 0.0)).map(|arm| arm.jaw_rad), [0.0, 0.0]);
}
