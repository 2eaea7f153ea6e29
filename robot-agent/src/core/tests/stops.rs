//! Limits that are passed, and what the robot does about each.

use super::*;

/// DEADMAN: released, the tip stands within 50 ms.
#[test]
fn a_released_deadman_stops_within_fifty_milliseconds() {
    let mut b = Bench::engaged();
    b.force_n = 3.0;
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(400);
    assert!((b.velocity.norm() - 0.040).abs() < 1e-6, "{}", b.velocity.norm());
    b.deadman = 0.49;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::Deadman)));
    b.run(49);
    assert!(b.velocity.norm() < 1e-9);
    b.stays_put(|b| {
        b.deadman = 1.0;
        b.run(500);
    });
    assert_eq!(b.word(), OperatingState::Hold, "holding it again is not an engage");
}

/// CONTACT-FORCE: beyond the hard limit the probe lifts at once, along its axis, by its distance.
#[test]
fn too_much_force_stops_and_lifts_the_probe() {
    let mut b = Bench::engaged();
    b.force_n = 20.5;
    let z = b.tip.position().z;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Pstop);
    assert_eq!(b.core.state().cause(), Some(Cause::ContactForce));
    b.run(3_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4, "{}", b.tip.position().z - z);
}

/// WORKSPACE, SPEED: measured breaches stop until reset.
#[test]
fn a_measured_breach_stops_until_reset() {
    let mut b = Bench::engaged();
    b.tip =
        Pose::new(Isometry3::from_parts(Vector3::new(0.72, 0.0, 0.3).into(), b.tip.iso.rotation));
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Workspace)));
    let mut b = Bench::engaged();
    b.velocity = Vector3::new(0.0, 0.151, 0.0);
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Speed)));
}

#[test]
fn a_soft_limit_for_too_long_holds() {
    let mut b = Bench::engaged();
    b.force_n = 13.0;
    b.run(4_990);
    assert_eq!(b.word(), OperatingState::Degraded);
    b.run(20);
    assert_eq!(b.core.state().cause(), Some(Cause::DegradedTooLong));
}

#[test]
fn degraded_heals_by_itself_after_the_recovery_time() {
    let mut b = Bench::engaged();
    b.force_n = 13.0;
    b.run(10);
    b.force_n = 3.0;
    b.run(490);
    assert_eq!(b.word(), OperatingState::Degraded);
    b.run(20);
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// TRACKING: an arm that stays behind stops before it can jump.
#[test]
fn an_arm_that_does_not_obey_stops_and_is_not_asked_again() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.hand = Vector3::new(0.1, 0.0, 0.0);
    b.run(1_000);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Tracking)));
    let Order::Servo { arms } = b.order else { panic!("{:?}", b.order) };
    let behind = (arms[0].tip.position() - b.tip.position()).norm();
    assert!(behind < 1e-8, "{behind} m: free again, it would jump there");
    b.run(3_000);
    assert_eq!(b.order, Order::Servo { arms }, "it stands");
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    b.run(10);
    assert_eq!(b.word(), OperatingState::Ready, "it is where it is asked to be");
}

/// TRACKING: an arm that still moves is not taken for one that stands: it is held where it stops.
#[test]
fn an_arm_that_does_not_obey_is_held_where_it_comes_to_rest() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.tip = down(0.52, 0.0, 0.3);
    b.velocity = Vector3::new(0.05, 0.0, 0.0);
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::Tracking));
    let setpoint_x = |b: &Bench| match b.order {
        Order::Servo { arms } => arms[0].tip.position().x,
        _ => panic!("{:?}", b.order),
    };
    for _ in 0..200 {
        b.tip = down(b.tip.position().x + 5e-5, 0.0, 0.3);
        b.velocity = Vector3::new(0.05, 0.0, 0.0);
        b.run(1);
        assert!(setpoint_x(&b) < 0.501, "it is still on its way");
    }
    b.run(2);
    assert!((setpoint_x(&b) - 0.53).abs() < 1e-6, "{}", setpoint_x(&b));
    b.tip = down(0.534, 0.0, 0.3);
    b.run(50);
    assert!((setpoint_x(&b) - 0.53).abs() < 1e-6, "once: it does not give way for ever");
}

/// TRACKING: taking up an arm where it rests asks for no motion that its quiet sensors could fail to show.
#[test]
fn an_arm_that_is_taken_up_where_it_rests_is_not_frozen() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.lives = false;
    b.tip = down(0.52, 0.0, 0.3);
    b.run(500);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Tracking)));
}

/// TRACKING: a wrist that is stuck, or turns by itself, would snap over once it is free.
#[test]
fn a_wrist_that_does_not_obey_stops() {
    let mut b = Bench::engaged();
    let turned = |angle: f64| {
        let turn = UnitQuaternion::from_axis_angle(&Vector3::y_axis(), angle);
        let tip = down(0.5, 0.0, 0.3);
        Pose::new(Isometry3::from_parts(tip.iso.translation, turn * tip.iso.rotation))
    };
    b.obeys = false;
    b.tip = turned(0.25);
    b.run(5);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.tip = turned(0.27);
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Tracking)));
}

/// CONTACT-FORCE: it leaves each time, not only the first.
#[test]
fn over_force_lifts_again_after_a_reset() {
    let mut b = Bench::engaged();
    for round in 0..2 {
        let z = b.tip.position().z;
        b.force_n = 20.5;
        b.run(3_000);
        assert_eq!(b.word(), OperatingState::Pstop, "round {round}");
        assert!((b.tip.position().z - z - 0.020).abs() < 1e-4, "round {round}");
        b.force_n = 0.0;
        b.run(10);
        let epoch = b.core.epoch();
        b.session(SessionEvent::Acknowledge { session: ME, epoch });
        b.local(LocalEvent::Reset);
        b.run(10);
        assert_eq!(b.word(), OperatingState::Ready);
    }
}

/// SENSOR-FROZEN: a reading that repeats itself to the last bit while the arm should move is none.
#[test]
fn a_sensor_that_repeats_itself_is_a_fault() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.lives = false;
    b.hand = Vector3::new(0.05, 0.0, 0.0);
    b.run(300);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Fault, Some(Cause::SensorFrozen))
    );
}

/// SENSOR-FROZEN: so is one that is old, whatever it says.
#[test]
fn sensors_that_have_stopped_are_a_fault() {
    let mut b = Bench::engaged();
    b.reading_age_ms = 20;
    b.run(100);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.reading_age_ms = 21;
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::SensorFrozen));
    assert_eq!(b.order, Order::Off);
}

/// JOINT-LIMIT: slower from the soft limit on, without DEGRADED, so that it can be steered back.
#[test]
fn near_the_end_of_a_joint_the_arm_slows_and_at_it_stops() {
    let mut b = Bench::engaged();
    b.reach.joint = 0.02;
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(6_000);
    assert_eq!(b.word(), OperatingState::Engaged, "steering back takes its time");
    assert!((b.velocity.norm() - 0.025).abs() < 1e-6, "{}", b.velocity.norm());
    assert!(b.state.unwrap().clamps.contains(Clamp::JointLimit));
    assert!(b.state.unwrap().clamps.by(Clamp::JointLimit) > 0.01);
    b.reach.joint = 0.009;
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::JointLimit))
    );
}

/// SINGULARITY: the same, near a pose from which small motions are not possible.
#[test]
fn near_a_singular_pose_the_arm_slows_and_in_it_stops() {
    let mut b = Bench::engaged();
    b.reach.dexterity = 0.09;
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(500);
    assert_eq!(b.word(), OperatingState::Engaged);
    assert!((b.velocity.norm() - 0.050).abs() < 1e-6, "{}", b.velocity.norm());
    assert!(b.state.unwrap().clamps.contains(Clamp::Singularity));
    b.reach.dexterity = 0.029;
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::Singularity))
    );
}

/// NO-GO: the setpoint goes around a zone, and a tip that is measured inside one stops.
#[test]
fn a_tip_inside_a_no_go_zone_stops() {
    let text = profile_text_with_zone();
    let mut b = Bench::engaged_for(Profile::parse(&text).unwrap());
    let centre = Vector3::new(0.55, 0.0, 0.3);
    b.hand = Vector3::new(0.1, 0.003, 0.0);
    let mut nearest = f64::INFINITY;
    for _ in 0..6_000 {
        b.run(1);
        nearest = nearest.min((b.tip.position() - centre).norm());
    }
    assert!(nearest >= 0.035 - 1e-6, "{nearest} m from the centre");
    assert!(nearest < 0.036, "it comes near: {nearest} m");
    assert!(b.state.unwrap().clamps.contains(Clamp::NoGo));
    assert!(b.state.unwrap().clamps.by(Clamp::NoGo) > 0.001, "how deep the hand wants in");
    assert_eq!(b.word(), OperatingState::Engaged);
    b.tip = down(0.55, 0.0, 0.324);
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::NoGo)));
}

/// The ultrasound profile with a ball of 30 mm and a margin of 5 mm in the way.
fn profile_text_with_zone() -> String {
    let zone = "[[arms.zone]]\nname = \"drain\"\nmargin = \"5 mm\"\n\
                sphere = { centre = [\"550 mm\", \"0 mm\", \"300 mm\"], radius = \"30 mm\" }\n\n";
    protocol::profile::ULTRASOUND.replacen("[arms.force]", &format!("{zone}[arms.force]"), 1)
}

/// GUARD: an open guard stops what is powered, until it is closed, acknowledged and reset.
#[test]
fn an_open_guard_stops_until_reset() {
    let mut b = Bench::engaged();
    b.guard_open = true;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Guard)));
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    b.run(1);
    assert_eq!(b.word(), OperatingState::Pstop, "still open: it stops again");
    b.guard_open = false;
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    b.run(1);
    assert_eq!(b.word(), OperatingState::Ready);
}

/// SERVO-STALL: a loop that stood still does not go on as if nothing had been.
#[test]
fn a_servo_that_stood_still_holds() {
    let mut b = Bench::engaged();
    b.ms += 19;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Engaged, "20 ms between two ticks");
    b.ms += 20;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::ServoStall)));
}

/// SERVO-STALL: the setpoint moves no further for a late tick than for one of 5 ms.
#[test]
fn a_late_tick_does_not_leap() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(400);
    let from = b.tip.position();
    b.ms += 18;
    b.run(1);
    let moved = (b.tip.position() - from).norm();
    assert!((moved - 0.000_5).abs() < 1e-6, "{moved} m at 100 mm/s");
}

/// SERVO-OVERRUN: a tenth of the ticks of a second.
#[test]
fn a_servo_that_misses_its_ticks_holds() {
    let mut b = Bench::engaged();
    b.host.overruns = 100;
    b.run(10);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.host.overruns = 101;
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::ServoOverrun));
}

/// MEDIA-STALL: a camera that hangs is named, before the age of its last picture is.
#[test]
fn a_camera_that_stops_holds() {
    let mut b = Bench::engaged();
    for ms in 0..=200 {
        b.host.uncaptured = Duration::from_millis(ms);
        b.run(1);
        let degraded = ms > 140;
        assert_eq!(b.word() == OperatingState::Degraded, degraded, "{ms} ms");
    }
    b.host.uncaptured = Duration::from_millis(201);
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::MediaStall));
}

/// RECORDER-STALL: nobody engages without a record, and who follows is stopped late.
#[test]
fn a_recorder_that_stops_keeps_from_engaging_and_holds_late() {
    let mut b = Bench::engaged();
    b.host.unrecorded = Duration::from_secs(10);
    b.run(700);
    assert_eq!(b.word(), OperatingState::Engaged, "not even slower: a stop can itself harm");
    b.host.unrecorded = Duration::from_millis(10_001);
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::RecorderStall));
    b.host.unrecorded = Duration::from_millis(1_001);
    b.engage();
    assert_eq!(b.word(), OperatingState::Hold);
    assert!(b.state.unwrap().blocking.contains(Cause::RecorderStall));
    b.host.unrecorded = Duration::from_secs(1);
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
}
