//! Each fault that the interlocks know of, caused, with both cores and the arm.

use super::*;
use crate::robot::SimFault;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The state and its cause, after the fault has had `ms` to be noticed.
fn after(
    fault: impl FnOnce(&mut Theatre, &mut Pointer),
    ms: u32,
) -> (OperatingState, Option<Cause>) {
    let (mut t, mut hand) = steering();
    fault(&mut t, &mut hand);
    t.run(&mut hand, ms);
    assert_eq!(t.record().stale, 0);
    (t.state(), last_cause(&t))
}

const ENGAGED: (OperatingState, Option<Cause>) = (OperatingState::Engaged, None);

const fn held(cause: Cause) -> (OperatingState, Option<Cause>) {
    (OperatingState::Hold, Some(cause))
}

const fn fault(cause: Cause) -> (OperatingState, Option<Cause>) {
    (OperatingState::Fault, Some(cause))
}

/// SERVO-STALL, ROBOT-FAULT: a short pause is none, a longer one holds, and beyond 30 ms the arm's own
/// watchdog has taken the agent for dead.
#[test]
fn a_servo_that_stands_still_holds_and_then_the_arms_own_watchdog_trips() {
    let stalled = |by| after(|t, hand| t.suffer(Mishap::ServoStall(ms(by)), hand), 5);
    assert_eq!(stalled(10), ENGAGED);
    assert_eq!(stalled(25), held(Cause::ServoStall));
    assert_eq!(stalled(40), fault(Cause::RobotFault));
}

/// ROBOT-FAULT: after the watchdog only a reset, a self-test, power and a new engage move the arm.
#[test]
fn after_the_watchdog_the_whole_way_back_is_walked_and_nothing_moves_before() {
    let (mut t, mut hand) = steering();
    t.suffer(Mishap::ServoStall(ms(40)), &mut hand);
    t.run(&mut hand, 1_000);
    assert_eq!(t.state(), OperatingState::Fault);
    let from = t.tip();
    t.local(LocalEvent::Reset);
    t.run(&mut hand, 200);
    assert_eq!(t.state(), OperatingState::Standby);
    t.local(LocalEvent::PowerOn);
    t.run(&mut hand, 500);
    assert_eq!(t.state(), OperatingState::Ready, "authority ended with the fault");
    assert!((t.tip() - from).norm() < 0.002, "but for what the brakes let it sag");
}

/// CLOCK-LOST: a clock that stood still or ran back makes every age meaningless, also that of what
/// came just now.
#[test]
fn a_clock_that_lost_its_meaning_holds_for_a_second() {
    for mishap in [Mishap::Suspend(ms(15)), Mishap::ClockBack(ms(5)), Mishap::ClockBack(ms(900))] {
        let (mut t, mut hand) = steering();
        t.suffer(mishap, &mut hand);
        t.run(&mut hand, 5);
        assert_eq!((t.state(), last_cause(&t)), held(Cause::ClockLost), "{mishap:?}");
        engage_again(&mut t, &mut hand);
        assert_eq!(t.state(), OperatingState::Hold, "{mishap:?}: within a second");
        t.run(&mut hand, 300);
        engage_again(&mut t, &mut hand);
        assert_eq!(t.state(), OperatingState::Engaged, "{mishap:?}");
    }
}

/// CLOCK-LOST: an arm does not sleep with its computer.
#[test]
fn a_long_sleep_is_a_fault_of_the_arm() {
    let slept = after(|t, hand| t.suffer(Mishap::Suspend(ms(60_000)), hand), 5);
    assert_eq!(slept, fault(Cause::RobotFault));
}

/// SERVO-OVERRUN
#[test]
fn a_servo_that_misses_a_tenth_of_its_ticks_holds() {
    assert_eq!(after(|t, _| t.faults.overruns = 100, 50), ENGAGED);
    assert_eq!(after(|t, _| t.faults.overruns = 101, 5), held(Cause::ServoOverrun));
}

/// MEDIA-STALL, VIEW-AGE: the picture that steers ages from its capture on, so its age is the first to
/// tell; whoever engages again is told what is the matter.
#[test]
fn a_camera_that_dies_holds_and_is_named() {
    let (mut t, mut hand) = steering();
    t.faults.dead_camera = true;
    t.run(&mut hand, 230);
    assert_eq!((t.state(), last_cause(&t)), held(Cause::ViewAge));
    engage_again(&mut t, &mut hand);
    assert_eq!(t.state(), OperatingState::Hold);
    let state = t.operator().newest_state().unwrap();
    assert!(state.blocking.contains(Cause::MediaStall), "{:?}", state.blocking);
}

/// VIEW-AGE: a second camera keeps nobody going, though its pictures are fresh and bear the same
/// numbers.
#[test]
fn a_picture_that_does_not_steer_does_not_refresh() {
    let both = after(|t, _| t.faults.room_camera = true, 1_000);
    assert_eq!(both, ENGAGED);
    let only_the_room = |t: &mut Theatre, _: &mut Pointer| {
        t.faults.room_camera = true;
        t.faults.dead_camera = true;
    };
    assert_eq!(after(only_the_room, 250), held(Cause::ViewAge));
}

/// RECORDER-STALL: nobody begins unrecorded; who follows already is given the profile's time.
#[test]
fn a_recorder_that_stalls_keeps_from_engaging_and_holds_late() {
    assert_eq!(after(|t, _| t.faults.dead_recorder = true, 9_900), ENGAGED);
    assert_eq!(after(|t, _| t.faults.dead_recorder = true, 10_100), held(Cause::RecorderStall));
    let (mut t, mut hand) = steering();
    t.faults.dead_recorder = true;
    t.run(&mut hand, 1_100);
    engage_again(&mut t, &mut hand);
    assert_eq!(t.state(), OperatingState::Hold);
    let state = t.operator().newest_state().unwrap();
    assert!(state.blocking.contains(Cause::RecorderStall), "{:?}", state.blocking);
}

/// LOSS: a bad link slows, and heals by itself once it is good again.
#[test]
fn loss_slows_and_heals() {
    let (mut t, mut hand) = steering();
    t.faults.loss = 0.1;
    t.run(&mut hand, 1_000);
    assert_eq!(t.state(), OperatingState::Degraded);
    assert!(t.operator().newest_state().unwrap().soft.contains(Cause::Loss));
    t.faults.loss = 0.0;
    t.run(&mut hand, 2_000);
    assert_eq!(t.state(), OperatingState::Engaged);
}

/// INPUT-STALL: frames arrive, and all speak of the same sample.
#[test]
fn a_device_that_hangs_holds() {
    assert_eq!(after(|t, _| t.faults.hung_hand = true, 155), held(Cause::InputStall));
}

/// STATE-MISMATCH: a page that shows the operator something else is not steered by. It has 150 ms to
/// come right, and the robot waits for another 100.
#[test]
fn a_page_that_shows_another_state_holds() {
    let wrong = |t: &mut Theatre, _: &mut Pointer| t.faults.shown = Some(OperatingState::Ready);
    assert_eq!(after(wrong, 245), ENGAGED);
    assert_eq!(after(wrong, 260), held(Cause::StateMismatch));
    let right = |t: &mut Theatre, _: &mut Pointer| t.faults.shown = Some(OperatingState::Engaged);
    assert_eq!(after(right, 1_000), ENGAGED);
}

/// STATE-MISMATCH: a page that stands still beside pictures that go on is noticed at the next change
/// of state, and nothing can be engaged from it.
#[test]
fn a_page_that_stands_still_holds_at_the_next_change_of_state() {
    let (mut t, mut hand) = steering();
    t.faults.frozen_page = true;
    t.run(&mut hand, 1_000);
    assert_eq!(t.state(), OperatingState::Engaged, "what it shows is still true");
    t.faults.loss = 0.1;
    t.run(&mut hand, 2_000);
    assert_eq!((t.state(), last_cause(&t)), held(Cause::StateMismatch));
    t.faults.loss = 0.0;
    hand.held = false;
    t.run(&mut hand, 2_000);
    hand.held = true;
    t.run(&mut hand, 1_000);
    assert_eq!(t.state(), OperatingState::Hold);
    let blocking = t.operator().newest_state().unwrap().blocking;
    assert!(blocking.contains(Cause::StateMismatch), "{blocking:?}");
    t.faults.frozen_page = false;
    hand.held = false;
    t.run(&mut hand, 500);
    hand.held = true;
    t.run(&mut hand, 1_000);
    assert_eq!(t.state(), OperatingState::Engaged);
}

/// SENSOR-FROZEN, ROBOT-FAULT, GUARD: what the robot does not tell, and what it tells.
#[test]
fn a_broken_robot_is_noticed() {
    let broken = |fault| after(move |t, _| t.robot_mut().set_fault(Some(fault)), 400);
    assert_eq!(broken(SimFault::FrozenSensor), fault(Cause::SensorFrozen));
    assert_eq!(broken(SimFault::LostSensor), fault(Cause::SensorFrozen));
    assert_eq!(broken(SimFault::FutureReading), fault(Cause::SensorFrozen));
    assert_eq!(broken(SimFault::NanReading), fault(Cause::RobotFault));
    assert_eq!(broken(SimFault::DrivesCut), fault(Cause::RobotFault));
    assert_eq!(broken(SimFault::Silent), fault(Cause::RobotFault));
    let open = after(|t, _| t.robot_mut().set_guard_open(true), 5);
    assert_eq!(open, (OperatingState::Pstop, Some(Cause::Guard)));
}

/// SERVO-OVERRUN: ticks that come late, as on a busy computer, cost speed and nothing else.
#[test]
fn a_servo_that_is_often_late_follows_all_the_same() {
    let run = |t: &mut Theatre, hand: &mut Pointer, times: u32, late: u64| {
        for _ in 0..times {
            t.run(hand, 7);
            t.suffer(Mishap::ServoStall(ms(late)), hand);
        }
    };
    for late in [1, 3, 5] {
        let (mut t, mut hand) = (theatre(1), Pointer::new());
        hand.force_n = 5.0;
        t.run(&mut hand, 50);
        hand.held = true;
        run(&mut t, &mut hand, 100, late);
        assert_eq!(t.state(), OperatingState::Engaged, "{late} ms");
        let from = t.tip();
        hand.x = 0.5;
        run(&mut t, &mut hand, 300, late);
        let way = (t.tip() - from).norm();
        let force = t.operator().newest_state().unwrap().arms[0].contact_force_n();
        assert!(way > 0.02 && (3.0..6.0).contains(&force), "{late} ms: {way} m, {force} N");
    }
}

/// The frame that closes the clutch counts also if another one arrives in the same tick.
#[test]
fn a_clutch_that_closes_between_two_ticks_is_followed() {
    let (mut t, mut hand) = (theatre(1), Pointer::new());
    t.run(&mut hand, 50);
    (hand.held, hand.x) = (true, 0.5);
    let from = t.tip();
    for _ in 0..700 {
        t.step(&mut hand);
        t.suffer(Mishap::ServoStall(ms(2)), &mut hand);
    }
    assert_eq!(t.state(), OperatingState::Engaged);
    let way = (t.tip() - from).norm();
    assert!(way > 0.02, "engaged, and moved by {way} m");
}
