//! On the limit and one step beside it: which side of each limit the limit itself is on.

use protocol::frame::command::DEADMAN_HELD_MIN;

use super::*;

/// SELF-TEST: only a reset begins it again, and nothing else that is done at the robot.
#[test]
fn the_self_test_is_not_begun_again_by_another_act() {
    let mut b = Bench::new(profile(), &description(&profile()));
    b.sends = false;
    b.run(40);
    b.local(LocalEvent::PowerOn);
    b.run(12);
    assert_eq!(b.word(), OperatingState::Standby, "refused, and the test went on");
}

/// LOCAL-ESTOP: an arm that is exactly as fast as rest allows is not at rest: it still brakes.
#[test]
fn the_drives_stay_on_until_the_arm_is_slower_than_rest() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.local(LocalEvent::EstopPressed);
    for _ in 0..50 {
        b.velocity = Vector3::new(STOPPED_MAX_M_S, 0.0, 0.0);
        b.run(1);
        assert!(matches!(b.order, Order::Servo { .. }));
    }
    b.velocity = Vector3::new(0.99 * STOPPED_MAX_M_S, 0.0, 0.0);
    b.run(1);
    assert_eq!(b.order, Order::Off);
}

/// REMOTE-STOP: it is confirmed once setpoint and arm have both come to rest, not by one of them.
#[test]
fn a_stop_is_confirmed_only_when_the_arm_rests_too() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    for speed in [0.2, STOPPED_MAX_M_S] {
        for _ in 0..50 {
            b.velocity = Vector3::new(speed, 0.0, 0.0);
            b.run(1);
        }
        assert_eq!(b.state.unwrap().stop_confirmed, 0, "at {speed} m/s");
    }
    b.run(10);
    assert_eq!(b.state.unwrap().stop_confirmed, 1);
}

/// A command of the hand that has leapt by a metre.
fn leap(b: &mut Bench) -> CommandFrame {
    let mut frame = b.command();
    if let Motion::Arms([arm, _]) = &mut frame.motion {
        arm.displacement.translation.x += 1.0;
    }
    frame
}

/// BAD-FRAMES: a hand that leads nothing may be anywhere; only one that is followed can leap.
#[test]
fn a_leap_counts_only_while_it_would_be_followed() {
    let mut b = Bench::engaged();
    let now = b.now();
    let mut frame = leap(&mut b);
    frame.mode = Mode::Hold;
    b.core.handle_command(&frame, now);
    assert_eq!(b.core.counts().bad, 0, "the hand let go");
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    b.run(5);
    assert_eq!(b.word(), OperatingState::Hold);
    let (now, frame) = (b.now(), leap(&mut b));
    b.core.handle_command(&frame, now);
    assert_eq!(b.core.counts().bad, 0, "nothing follows it");
    let mut b = Bench::engaged();
    let (now, frame) = (b.now(), leap(&mut b));
    b.core.handle_command(&frame, now);
    assert_eq!(b.core.counts().bad, 1, "it would be followed");
    let mut b = Bench::engaged();
    let (now, mut frame) = (b.now(), leap(&mut b));
    frame.deadman = 0.0;
    b.core.handle_command(&frame, now);
    assert_eq!(b.word(), OperatingState::Hold, "a release is heard wherever the hand is");
}

/// BAD-FRAMES: a hand that leapt and stays there is not followed because more frames have come since.
#[test]
fn a_leap_that_stays_is_refused_until_it_holds() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.015, 0.0, 0.0);
    b.reached = b.hand;
    b.stays_put(|b| b.run(2));
    assert_eq!((b.word(), b.core.counts().bad), (OperatingState::Engaged, 2));
    b.stays_put(|b| b.run(1));
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::BadFrames)));
}

/// BAD-FRAMES: frames that were lost explain some way, and not any.
#[test]
fn a_gap_explains_twenty_steps_and_no_more() {
    let step = profile().arms().unwrap().motion.step_max_m;
    for (way, bad) in [(20.0 * step - 1e-9, 0), (20.0 * step + 1e-6, 1)] {
        let mut b = Bench::engaged();
        b.seq += 100;
        let mut frame = b.command();
        if let Motion::Arms([arm, _]) = &mut frame.motion {
            arm.displacement.translation.x += way;
        }
        let now = b.now();
        b.core.handle_command(&frame, now);
        assert_eq!(b.core.counts().bad, bad, "{way} m");
    }
}

/// BAD-FRAMES: between the frame that closes the clutch and the tick that engages the hand can leap, too.
#[test]
fn a_leap_right_after_the_closing_is_refused() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(300);
    b.engage_count += 1;
    b.mode = Mode::Follow;
    let (now, frame) = (b.now(), b.command());
    b.core.handle_command(&frame, now);
    let frame = leap(&mut b);
    b.core.handle_command(&frame, now);
    assert_eq!(b.core.counts().bad, 1);
}

/// FRESH-RUN: a run of exactly the profile's length is long enough.
#[test]
fn a_fresh_run_is_long_enough_at_its_limit() {
    let mut b = Bench::ready();
    let (now, reading, run) = (b.now(), b.reading().unwrap(), b.profile.engage.fresh_run);
    let verdict = judge(&b.core.readings(now, Some(&reading), &b.host), &b.profile);
    let short = |core: &Core, run| core.blocking(&verdict, run).contains(Cause::FreshRun);
    assert!(!short(&b.core, run));
    assert!(short(&b.core, run.saturating_sub(Duration::from_nanos(1))));
}

/// CONTACT-FORCE: a probe that presses too hard is lifted at once, and one without a lift stands.
#[test]
fn only_a_tool_that_can_be_lifted_is_lifted_from_what_it_presses() {
    let mut b = Bench::engaged();
    let z = b.tip.position().z;
    b.force_n = 1_000.0;
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::ContactForce))
    );
    assert_eq!(b.core.wish(b.now()), Wish::Lift);
    b.force_n = 0.0;
    b.run(300);
    assert!(b.tip.position().z > z + 0.002, "long before a lift that waits");
    let mut b = Bench::engaged_for(surgery());
    b.force_n = 1_000.0;
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::ContactForce));
    assert_eq!(b.core.wish(b.now()), Wish::Stand);
}

/// DEADMAN: the lift and the call for the bedside come after their time, not at it.
#[test]
fn lift_and_call_come_after_their_time() {
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    b.run(5);
    let State::Hold { since, .. } = b.core.state() else { panic!("{}", b.word()) };
    let later = |by: Duration, ns| since.after(by + Duration::from_nanos(ns));
    let after = b.profile.reaction.lift.unwrap().after;
    assert_eq!(b.core.wish(later(after, 0)), Wish::Stand);
    assert_eq!(b.core.wish(later(after, 1)), Wish::Lift);
    let alarm = b.profile.reaction.alarm_after;
    assert!(!b.core.calls(later(alarm, 0)) && b.core.calls(later(alarm, 1)));
}

/// What is audited as followed is the newest command, and only while it steers.
#[test]
fn what_is_followed_is_told_and_nothing_else() {
    let mut b = Bench::engaged();
    b.ms += 1;
    let (now, frame) = (b.now(), b.command());
    b.core.handle_command(&frame, now);
    let followed = b.core.tick(now, b.reading(), &b.host).followed.unwrap();
    assert_eq!((followed.seq, followed.t_input), (frame.seq, frame.t_input));
    assert_eq!(followed.seen_view, frame.seen_view);
    b.retracts = true;
    b.ms += 1;
    let (now, frame) = (b.now(), b.command());
    b.core.handle_command(&frame, now);
    assert!(b.core.tick(now, b.reading(), &b.host).followed.is_none(), "it lifts: no hand steers");
    assert!(b.word().follows());
}

/// DEADMAN: a deadman that is pressed just far enough is held.
#[test]
fn a_deadman_at_its_limit_is_held() {
    let mut b = Bench::engaged();
    b.deadman = DEADMAN_HELD_MIN;
    b.run(50);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.deadman = DEADMAN_HELD_MIN - 1e-6;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Hold);
}

/// FRESH-RUN: it begins anew whenever something was not fresh.
#[test]
fn the_fresh_run_begins_anew_when_something_was_not_fresh() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(300);
    assert!(b.state.unwrap().blocking.is_empty());
    b.sees_views = false;
    b.run(400);
    b.sees_views = true;
    b.run(100);
    let blocking = b.state.unwrap().blocking;
    assert!(blocking.contains(Cause::FreshRun) && !blocking.contains(Cause::ViewAge));
    b.run(200);
    assert!(b.state.unwrap().blocking.is_empty());
}

/// DEADMAN: each stop has its lift, whatever the one before has used.
#[test]
fn a_probe_that_is_held_again_lifts_again() {
    let mut b = Bench::engaged();
    for round in 0..2 {
        let z = b.tip.position().z;
        b.deadman = 0.0;
        b.run(4_000);
        let lifted = b.tip.position().z - z;
        assert!((lifted - 0.020).abs() < 1e-4, "round {round}: {lifted} m");
        b.engage();
        assert_eq!(b.word(), OperatingState::Engaged);
    }
}

/// REMOTE-STOP: nor is it confirmed while the setpoint still runs out.
#[test]
fn a_stop_is_confirmed_only_when_the_setpoint_rests_too() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(500);
    b.obeys = false;
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    b.velocity = Vector3::zeros();
    b.run(3);
    assert_eq!((b.word(), b.state.unwrap().stop_confirmed), (OperatingState::Pstop, 0));
    b.run(100);
    assert_eq!(b.state.unwrap().stop_confirmed, 1);
}

#[test]
fn the_console_is_told_the_speed_that_is_allowed() {
    let mut b = Bench::ready();
    assert_eq!(b.state.unwrap().speed_cap_m_s, 0.0);
    b.engage();
    b.run(5);
    assert!((b.state.unwrap().speed_cap_m_s - 0.1).abs() < 1e-12, "{:?}", b.state);
    let mut b = Bench::engaged_for(telecare());
    b.run(5);
    assert!((b.state.unwrap().speed_cap_m_s - 0.8).abs() < 1e-12, "{:?}", b.state);
}

/// AUTHORITY: nothing that the last operator has sent is the next one's.
#[test]
fn the_next_operator_inherits_no_command() {
    let mut b = Bench::engaged();
    b.session(SessionEvent::Close { session: ME });
    b.sends = false;
    b.run(5);
    assert!(b.state.unwrap().echo_seq > 0);
    b.session(SessionEvent::Open { session: OTHER }).unwrap().unwrap();
    b.run(5);
    let state = b.state.unwrap();
    assert_eq!((state.echo_seq, state.loop_age, state.view_age), (0, None, None));
}
