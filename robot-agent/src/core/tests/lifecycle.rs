//! States, authority, power, resets: who may do what, and in which order.

use super::*;

#[test]
fn it_tests_itself_then_waits_for_power_from_the_bedside() {
    let b = Bench::ready();
    let words: Vec<_> = b.changes.iter().map(|c| (c.from.word(), c.to.word())).collect();
    assert_eq!(words, [("INIT", "STANDBY"), ("STANDBY", "READY")]);
}

/// AUTHORITY: one at a time; its end holds; the next operator starts under a new epoch.
#[test]
fn authority_is_one_at_a_time_and_its_end_holds() {
    let mut b = Bench::engaged();
    assert_eq!(b.session(SessionEvent::Open { session: OTHER }), Some(Err(Refusal::Taken)));
    b.session(SessionEvent::Close { session: OTHER });
    b.run(5);
    assert_eq!(b.word(), OperatingState::Engaged, "a stranger ends nothing");
    b.session(SessionEvent::Close { session: ME });
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::Authority)));
    let epoch = b.core.epoch();
    let granted = b.session(SessionEvent::Open { session: OTHER }).unwrap();
    assert_eq!(granted, Ok(epoch + 1));
    b.stays_put(|b| b.run(300));
}

#[test]
fn a_stop_from_afar_needs_acknowledgement_then_a_reset_at_the_bedside() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(300);
    b.session(SessionEvent::Stop { session: OTHER, request: 1 });
    b.run(1);
    assert_eq!(b.word(), OperatingState::Engaged, "a stranger stops nothing");
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    b.run(1);
    assert_eq!(b.word(), OperatingState::Pstop);
    assert_eq!(b.state.unwrap().stop_confirmed, 0, "not before the arm has come to rest");
    b.run(60);
    assert_eq!(b.state.unwrap().stop_confirmed, 1);
    b.stays_put(|b| b.run(1_900));
    let z = b.tip.position().z;
    b.run(2_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4, "it stands first, and lifts later");
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Pstop, "a reset before the acknowledgement is nothing");
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch: epoch - 1 });
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Pstop, "an older stop was acknowledged");
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    assert_eq!((b.word(), b.core.epoch()), (OperatingState::Ready, epoch + 1));
    b.stays_put(|b| b.run(300));
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
}

#[test]
fn a_stop_flag_counts_under_any_epoch_and_once() {
    let mut b = Bench::engaged();
    b.stop_request = 1;
    let mut frame = b.command();
    frame.epoch -= 1;
    let now = b.now();
    b.core.handle_command(&frame, now);
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::RemoteStop))
    );
    b.run(100);
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    b.run(20);
    assert_eq!(b.word(), OperatingState::Ready, "the same request does not stop twice");
}

/// ROBOT-FAULT: a fault, or a reading that is no number, takes the drives off; back through INIT.
#[test]
fn a_fault_takes_the_drives_off_and_only_a_reset_and_a_self_test_bring_them_back() {
    let mut b = Bench::engaged();
    b.fault = Some(RobotFault::Sensor);
    b.run(1);
    assert_eq!((b.word(), b.order), (OperatingState::Fault, Order::Off));
    b.fault = None;
    b.run(200);
    assert_eq!(b.word(), OperatingState::Fault);
    b.local(LocalEvent::PowerOn);
    assert_eq!(b.word(), OperatingState::Fault);
    b.local(LocalEvent::Reset);
    b.run(5);
    assert_eq!(b.word(), OperatingState::Init);
    b.run(60);
    assert_eq!(b.word(), OperatingState::Standby);
    let mut b = Bench::engaged();
    b.force_n = f64::NAN;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Fault);
}

/// LOCAL-ESTOP: brakes, then drives off; release, reset and power-on are three acts.
#[test]
fn an_emergency_stop_brakes_then_cuts_power_and_is_left_in_three_acts() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(300);
    b.local(LocalEvent::EstopPressed);
    b.run(1);
    assert_eq!(b.word(), OperatingState::Estop);
    assert!(matches!(b.order, Order::Servo { .. }), "it brakes under power first");
    b.run(100);
    assert_eq!(b.order, Order::Off);
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Estop, "still pressed");
    b.local(LocalEvent::EstopReleased);
    b.run(10);
    assert_eq!(b.word(), OperatingState::Estop, "released is not reset");
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Init, "through the self-test");
    b.run(60);
    assert_eq!(b.word(), OperatingState::Standby);
    b.local(LocalEvent::PowerOn);
    assert_eq!(b.word(), OperatingState::Ready);
    assert_eq!(b.ended, [ME], "the console is told that it holds nothing any more");
}

/// AUTHORITY: a console that was silent for too long is told so when it comes back.
#[test]
fn a_lease_that_ends_by_silence_is_told() {
    let mut b = Bench::engaged();
    b.sends = false;
    b.run(5_010);
    assert_eq!(b.ended, [ME]);
    let accepted = b.core.counts().accepted;
    b.sends = true;
    b.run(100);
    assert_eq!(b.core.counts().accepted, accepted, "its frames are a stranger's now");
}

#[test]
fn a_held_probe_is_lifted_then_parked() {
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    let z = b.tip.position().z;
    b.run(1_990);
    assert!((b.tip.position().z - z).abs() < 1e-9);
    b.run(2_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4);
    b.run(6_100);
    assert_eq!((b.word(), b.order), (OperatingState::Standby, Order::Off));
}

/// ROBOT-FAULT: drives that went off by themselves, and a pose that is none, are faults.
#[test]
fn drives_that_go_off_and_poses_that_are_none_are_faults() {
    let mut b = Bench::engaged();
    b.powered = false;
    b.run(499);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.run(3);
    assert_eq!(b.word(), OperatingState::Fault);
    let mut b = Bench::engaged();
    b.tip.iso.rotation =
        UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.0, 0.0, 0.0, 0.0));
    b.run(1);
    assert_eq!(b.word(), OperatingState::Fault);
}

/// LOCAL-ESTOP: it brakes under power whatever the direction.
#[test]
fn an_emergency_stop_brakes_along_the_tool_too() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.0, 0.0, 0.1);
    b.run(300);
    assert!(b.velocity.norm() > 0.05);
    b.local(LocalEvent::EstopPressed);
    let cut_at = b.drives_off_at(600);
    assert!(cut_at < 0.005, "the drives went off at {cut_at} m/s");
}

/// Only a reset that ends a fault lets the robot clear its own.
#[test]
fn a_reset_that_is_refused_clears_nothing() {
    let mut b = Bench::engaged();
    let now = b.now();
    assert!(!b.core.handle_local(LocalEvent::Reset, now));
    b.local(LocalEvent::EstopPressed);
    b.run(1);
    assert!(!b.core.handle_local(LocalEvent::Reset, now), "still pressed");
    b.local(LocalEvent::EstopReleased);
    assert!(b.core.handle_local(LocalEvent::Reset, now));
}

/// SELF-TEST: a robot that does not fit the profile is never powered.
#[test]
fn a_robot_that_does_not_fit_its_profile_fails_the_self_test() {
    let p = profile();
    let watchdog = Duration::ZERO;
    let mut b = Bench::new(p.clone(), &Description { watchdog, ..description(&p) });
    assert_eq!(b.core.misfit(), Some(Misfit::Watchdog { watchdog }));
    b.sends = false;
    b.run(2);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Fault, Some(Cause::SelfTest)));
    b.local(LocalEvent::Reset);
    b.run(100);
    assert_eq!(b.word(), OperatingState::Fault, "a reset does not make it fit");
}

/// SELF-TEST: limits that the robot's own controller did not take over are found before power.
#[test]
fn own_limits_that_were_not_taken_over_fail_the_self_test() {
    let asked = own_limits(&profile());
    let wide = OwnLimits { force_max_n: asked.force_max_n + 1.0, ..asked };
    for (read, fits) in [(Ok(asked), true), (Ok(wide), false), (Err(RobotFault::Silent), false)] {
        let mut b = Bench::new(profile(), &description(&profile()));
        b.core.handle_own_limits(read);
        b.sends = false;
        b.run(60);
        let word = if fits { OperatingState::Standby } else { OperatingState::Fault };
        assert_eq!(b.word(), word, "{read:?}");
    }
}

/// SELF-TEST: drives that are on during the self-test are not ours.
#[test]
fn drives_that_are_on_during_the_self_test_fail_it() {
    let mut b = Bench::new(profile(), &description(&profile()));
    b.sends = false;
    for _ in 0..999 {
        b.order = Order::Stand;
        b.run(1);
        b.order = Order::Stand;
    }
    assert_eq!(b.word(), OperatingState::Init);
    b.order = Order::Stand;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Fault, Some(Cause::SelfTest)));
}

/// POWER-OFF: power off while following is a stop first, then power off.
#[test]
fn a_power_off_while_following_stops_before_the_drives_go() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(300);
    b.local(LocalEvent::PowerOff);
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::PowerOff)));
    let cut_at = b.drives_off_at(500);
    assert!(cut_at < 0.002, "the drives went off at {cut_at} m/s");
    assert_eq!(b.word(), OperatingState::Standby);
    b.local(LocalEvent::PowerOn);
    b.stays_put(|b| b.run(300));
    assert_eq!(b.word(), OperatingState::Ready);
}

/// POWER-OFF: a probe that lifts by itself stops before its drives go, too.
#[test]
fn a_power_off_while_lifting_stops_before_the_drives_go() {
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    b.run(2_500);
    assert!(b.velocity.norm() > 0.019, "it lifts at {} m/s", b.velocity.norm());
    b.local(LocalEvent::PowerOff);
    let cut_at = b.drives_off_at(500);
    assert!(cut_at < 0.002, "the drives went off at {cut_at} m/s");
    assert_eq!(b.word(), OperatingState::Standby);
}

/// CLOCK-LOST: a clock that is set back makes nothing run out. A stop is braked to its end, and who is held is called for,
/// and lifts, as late as ever.
#[test]
fn a_clock_that_is_set_back_ends_no_patience() {
    let moving = || {
        let mut b = Bench::engaged();
        b.hand = Vector3::new(0.0, 0.1, 0.0);
        b.run(150);
        assert!(b.velocity.norm() > 0.02, "{} m/s", b.velocity.norm());
        b
    };
    let mut b = moving();
    b.ms -= 4;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::ClockLost)));
    b.ms -= 10;
    b.run(200);
    assert_eq!(b.word(), OperatingState::Hold, "it is not parked");
    for event in [LocalEvent::PowerOff, LocalEvent::EstopPressed] {
        let mut b = moving();
        b.local(event);
        b.run(2);
        b.ms -= 8;
        let cut_at = b.drives_off_at(500);
        assert!(cut_at < 0.002, "{event:?}: the drives went off at {cut_at} m/s");
    }
    let mut b = Bench::engaged();
    b.run(3_000);
    b.deadman = 0.0;
    b.run(1_500);
    b.ms -= 1_700;
    b.run(480);
    assert_eq!((b.calls, b.velocity.norm()), (0, 0.0), "neither called nor lifted yet");
    b.run(100);
    assert!(b.calls > 0 && b.velocity.norm() > 0.0, "{} calls", b.calls);
}

/// POWER-OFF: drives that do not come to rest go off anyway.
#[test]
fn a_power_off_does_not_wait_for_ever() {
    let mut b = Bench::engaged();
    b.force_n = 11.0;
    b.hand = Vector3::new(0.0, 0.0, 0.1);
    b.run(100);
    b.local(LocalEvent::PowerOff);
    b.run(500);
    assert_eq!(b.word(), OperatingState::Hold, "it yields to the tissue and does not rest");
    b.run(2);
    assert_eq!(b.word(), OperatingState::Standby);
}

/// REMOTE-STOP, NOT-RESET: power off and on is no reset, and a STOP counts without power, too.
#[test]
fn power_does_not_undo_a_stop() {
    let mut b = Bench::engaged();
    b.force_n = 20.5;
    b.run(1);
    b.force_n = 0.0;
    b.local(LocalEvent::PowerOff);
    b.run(600);
    assert_eq!(b.word(), OperatingState::Standby);
    b.local(LocalEvent::PowerOn);
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::ContactForce))
    );

    let mut b = Bench::ready();
    b.local(LocalEvent::PowerOff);
    b.run(2);
    assert_eq!(b.word(), OperatingState::Standby);
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    b.run(2);
    assert!(b.state.unwrap().blocking.contains(Cause::NotReset));
    b.local(LocalEvent::PowerOn);
    b.run(2);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::RemoteStop))
    );
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Ready);
}

/// The people beside the robot are called once it has held for two seconds, and no longer than it does.
#[test]
fn a_hold_that_lasts_calls_the_bedside() {
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    b.run(2_000);
    assert_eq!(b.calls, 0);
    b.run(10);
    assert!(b.calls >= 8, "{}", b.calls);
    b.run(2_000);
    let calls = b.calls;
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
    let mut c = Bench::ready();
    c.run(5_000);
    assert_eq!((c.calls, c.word()), (0, OperatingState::Ready));
    assert!(b.calls > calls, "it called until it was engaged");
}

/// AUTHORITY: one who has lost authority is told before another one gets it.
#[test]
fn nobody_is_granted_authority_before_the_last_one_knows() {
    let mut b = Bench::engaged();
    b.local(LocalEvent::EstopPressed);
    assert_eq!(b.session(SessionEvent::Open { session: OTHER }), Some(Err(Refusal::Taken)));
    b.run(1);
    assert_eq!(b.ended, [ME]);
    assert!(b.session(SessionEvent::Open { session: OTHER }).unwrap().is_ok());
}
