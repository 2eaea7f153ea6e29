//! Two arms through ports: surgery.

use super::*;

/// Nothing retracts: an instrument that holds tissue stays where it is, under power, and calls.
#[test]
fn a_held_instrument_stays_where_it_is_and_calls() {
    let mut b = Bench::engaged_for(surgery());
    b.hand = Vector3::new(0.02, 0.0, 0.0);
    b.run(1_500);
    assert!((b.tip.position().x - 0.02).abs() < 1e-4, "{:?}", b.tip);
    b.deadman = 0.0;
    b.force_n = 3.9;
    b.run(40);
    b.stays_put(|b| b.run(60_000));
    assert_eq!(b.word(), OperatingState::Hold);
    assert!(b.calls > 57_000);
}

/// CONTACT-FORCE: beyond 8 N it stops, and does not leave by itself.
#[test]
fn too_much_force_stops_an_instrument_where_it_is() {
    let mut b = Bench::engaged_for(surgery());
    b.force_n = 8.1;
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::ContactForce))
    );
    b.stays_put(|b| b.run(5_000));
}

/// PORT: the governor keeps the tip in the cone and within the depths of its port.
#[test]
fn the_setpoint_stays_in_the_cone_of_the_port() {
    for (hand, depth, angle) in [
        (Vector3::new(0.0, 0.0, 0.07), Some(0.045), None),
        (Vector3::new(0.149, 0.0, 0.0), None, Some(55.0)),
        (Vector3::new(0.0, 0.0, -0.19), Some(0.240), None),
    ] {
        let mut b = Bench::engaged_for(surgery());
        b.hand = hand;
        b.run(12_000);
        let way = b.tip.position() - port(0);
        if let Some(depth) = depth {
            assert!((way.norm() - depth).abs() < 0.001, "{} m deep", way.norm());
        }
        if let Some(angle) = angle {
            let at = way.angle(&-Vector3::z()).to_degrees();
            assert!(at < angle + 1e-3 && at > angle - 2.0, "{at} degrees");
        }
        assert!(b.state.unwrap().clamps.contains(Clamp::Port), "{hand:?}");
        assert_eq!(b.word(), OperatingState::Engaged);
    }
}

/// PORT: a shaft that is measured beside its port, or a tip beyond its cone, stops.
#[test]
fn a_shaft_that_leaves_its_port_stops() {
    let mut b = Bench::engaged_for(surgery());
    b.beside_port_m = 0.005;
    b.run(10);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.beside_port_m = 0.0051;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Port)));
}

/// The second arm follows its own displacement, is limited like the first, and stands without one.
#[test]
fn both_arms_follow_their_own_displacement() {
    let mut b = Bench::engaged_for(surgery());
    b.sends = false;
    let (first, second) = (b.tip.position(), b.second.position());
    for n in 0..1_500 {
        let mut frame = b.command();
        let mut arm = ArmCommand::neutral();
        arm.displacement.translation = Vector3::new(0.0, 0.0, 2e-5 * f64::from(n.min(1_000)));
        frame.motion = Motion::Arms([ArmCommand::neutral(), arm]);
        let now = b.now();
        b.core.handle_command(&frame, now);
        b.run(1);
    }
    assert_eq!(b.word(), OperatingState::Engaged);
    assert!((b.tip.position() - first).norm() < 1e-9);
    assert!((b.second.position() - second - Vector3::new(0.0, 0.0, 0.02)).norm() < 1e-4);
}

/// The jaw goes to where it is asked, no faster than its rate and no wider than it may.
#[test]
fn a_jaw_catches_up_at_its_rate() {
    let mut b = Bench::engaged_for(surgery());
    b.sends = false;
    let mut opened = Vec::new();
    for _ in 0..3_000 {
        let mut frame = b.command();
        if let Motion::Arms([arm, _]) = &mut frame.motion {
            arm.jaw_rad = 3.0;
        }
        let now = b.now();
        b.core.handle_command(&frame, now);
        b.run(1);
        let Order::Servo { arms } = b.order else { panic!("{:?}", b.order) };
        opened.push(arms[0].jaw_rad.to_degrees());
    }
    assert!((opened[999] - 36.0).abs() < 0.5, "{} degrees in a second", opened[999]);
    assert!((opened[2_999] - 80.0).abs() < 1e-9, "{}", opened[2_999]);
    assert!(b.state.unwrap().clamps.contains(Clamp::Jaw));
}

/// A rigid tool is turned so that it passes through its port, whatever the hand turns.
#[test]
fn a_rigid_shaft_passes_through_its_port() {
    let p = surgery();
    let mut d = description(&p);
    if let Body::Arms { ports, .. } = &mut d.body {
        for port in ports.iter_mut().flatten() {
            port.shaft = Shaft::Rigid;
        }
    }
    let mut b = Bench::new(p, &d);
    b.sends = false;
    b.run(60);
    b.local(LocalEvent::PowerOn);
    b.session(SessionEvent::Open { session: ME });
    b.sends = true;
    b.run(10);
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged, "{:?}", b.state);
    b.hand = Vector3::new(0.08, 0.03, -0.02);
    for _ in 0..4_000 {
        let before = b.tip.iso.rotation;
        b.run(1);
        let way = b.tip.position() - port(0);
        let axis = b.tip.iso.rotation * Vector3::z();
        let beside = (way - axis * way.dot(&axis)).norm();
        assert!(beside < 1e-5, "{beside} m beside the port");
        let turned = before.angle_to(&b.tip.iso.rotation);
        assert!(turned <= 60.0_f64.to_radians() * 1e-3 * 1.01, "{turned} rad in a millisecond");
    }
    assert!((b.tip.position() - Vector3::new(0.08, 0.13, -0.12)).norm() < 1e-3, "{:?}", b.tip);
}

/// CONTACT-FORCE: an instrument that leans on something, or pulls at it, is stopped like one that presses.
#[test]
fn an_instrument_is_stopped_by_a_force_in_any_direction() {
    let mut b = Bench::engaged_for(surgery());
    b.force_n = -8.1;
    b.run(1);
    let stopped = (b.word(), b.core.state().cause());
    assert_eq!(stopped, (OperatingState::Pstop, Some(Cause::ContactForce)));
}

fn jaw(b: &Bench) -> f64 {
    match b.order {
        Order::Servo { arms } => arms[0].jaw_rad,
        _ => panic!("{:?}", b.order),
    }
}

/// CLUTCH: a hand that says nothing of the jaws opens and closes none: they may hold tissue.
#[test]
fn engaging_moves_no_jaw() {
    let mut b = Bench::new(surgery(), &description(&surgery()));
    b.jaw_rad = 0.7;
    b.sends = false;
    b.run(60);
    b.local(LocalEvent::PowerOn);
    b.session(SessionEvent::Open { session: ME }).unwrap().unwrap();
    b.run(5);
    let (closed, anchor) = (Vector3::zeros(), jaw(&b));
    assert!((anchor - 0.7).abs() < 1e-9);
    b.sends = true;
    b.jaw_rad = 0.0;
    b.engage();
    assert_eq!((b.word(), b.hand), (OperatingState::Engaged, closed));
    b.run(3_000);
    assert!((jaw(&b) - 0.7).abs() < 1e-9, "the hand has not met it: {}", jaw(&b));
    for n in 0..60 {
        b.jaw_rad = 0.01 * f64::from(n);
        b.run(10);
    }
    assert!((jaw(&b) - 0.7).abs() < 1e-9, "not yet: {}", jaw(&b));
    b.jaw_rad = 0.69;
    b.run(100);
    assert!((jaw(&b) - 0.69).abs() < 1e-9, "met");
    b.jaw_rad = 0.1;
    b.run(3_000);
    assert!((jaw(&b) - 0.1).abs() < 1e-9, "and it has it from now on");
    b.engage();
    b.jaw_rad = 0.5;
    b.run(1_000);
    assert!((jaw(&b) - 0.5).abs() < 1e-9, "a hand that begins where the jaw is has it at once");
}

/// CLUTCH: a hand that passes the jaw between two commands has met it.
#[test]
fn a_hand_that_passes_the_jaw_has_met_it() {
    let mut b = Bench::engaged_for(surgery());
    b.jaw_rad = 0.5;
    b.run(2_000);
    assert!(jaw(&b) > 0.4, "it began where the hand was: {}", jaw(&b));
    b.mode = Mode::Hold;
    b.run(5);
    b.jaw_rad = 0.0;
    b.close();
    b.run(50);
    let held = jaw(&b);
    assert!(held > 0.4);
    b.jaw_rad = held + 0.3;
    b.run(500);
    assert!(jaw(&b) > held + 0.1, "{}", jaw(&b));
}
