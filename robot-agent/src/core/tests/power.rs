//! Drives that are off, come on, or do not obey: nothing moves but by an act.

use super::*;

/// LOCAL-ESTOP: it never takes the drives on: whoever pushes a robot that is off keeps a free hand.
#[test]
fn an_emergency_stop_of_a_robot_that_is_off_leaves_it_off() {
    for profile in [profile(), telecare()] {
        let mut b = Bench::new(profile.clone(), &description(&profile));
        b.sends = false;
        b.run(60);
        assert_eq!(b.word(), OperatingState::Standby);
        b.local(LocalEvent::EstopPressed);
        for _ in 0..600 {
            b.velocity = Vector3::new(0.3, 0.0, 0.0);
            b.base.linear_m_s = 0.3;
            b.run(1);
            assert_eq!((b.word(), b.order), (OperatingState::Estop, Order::Off));
        }
    }
}

/// LOCAL-ESTOP: once off is off, also if the arm sags before its brakes grip.
#[test]
fn the_drives_stay_off_once_an_emergency_stop_took_them_off() {
    let mut b = Bench::engaged();
    b.local(LocalEvent::EstopPressed);
    b.run(2);
    assert_eq!(b.order, Order::Off, "it stood already");
    b.powered = true;
    for _ in 0..400 {
        b.velocity = Vector3::new(0.05, 0.0, 0.0);
        b.order = Order::Stand;
        b.run(1);
        assert_eq!(b.order, Order::Off);
    }
}

/// LOCAL-ESTOP: a reset leads through the self-test, so that a robot that never passed it can not be powered.
#[test]
fn an_emergency_stop_does_not_skip_the_self_test() {
    let mut b = Bench::new(profile(), &description(&profile()));
    b.sends = false;
    b.core.handle_own_limits(Err(RobotFault::Silent));
    for event in [LocalEvent::EstopPressed, LocalEvent::EstopReleased, LocalEvent::Reset] {
        b.local(event);
    }
    b.run(100);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Fault, Some(Cause::SelfTest)));
    let mut b = Bench::new(profile(), &description(&profile()));
    b.sends = false;
    b.run(40);
    b.local(LocalEvent::EstopPressed);
    b.run(1);
    b.local(LocalEvent::EstopReleased);
    b.local(LocalEvent::Reset);
    b.run(40);
    assert_eq!(b.word(), OperatingState::Init, "the ticks before it do not count");
    b.run(11);
    assert_eq!(b.word(), OperatingState::Standby);
}

/// SELF-TEST: after a reset the limits are read again, and what was wrong may be right now.
#[test]
fn limits_that_were_read_again_count() {
    let mut b = Bench::new(profile(), &description(&profile()));
    b.sends = false;
    b.core.handle_own_limits(Err(RobotFault::Silent));
    b.run(5);
    assert_eq!(b.core.state().cause(), Some(Cause::SelfTest));
    b.core.handle_own_limits(Ok(own_limits(&profile())));
    b.local(LocalEvent::Reset);
    b.run(60);
    assert_eq!(b.word(), OperatingState::Standby);
}

/// CONTACT-FORCE, REMOTE-STOP: power alone moves nothing, whatever had stopped the robot before.
#[test]
fn a_stop_that_power_brought_back_does_not_lift() {
    for remote in [false, true] {
        let mut b = Bench::engaged();
        if remote {
            b.session(SessionEvent::Stop { session: ME, request: 1 });
        } else {
            b.force_n = 25.0;
        }
        b.run(5);
        assert_eq!(b.word(), OperatingState::Pstop);
        b.local(LocalEvent::PowerOff);
        b.run(600);
        b.force_n = 0.0;
        assert_eq!((b.word(), b.order), (OperatingState::Standby, Order::Off));
        b.local(LocalEvent::PowerOn);
        assert_eq!(b.word(), OperatingState::Pstop);
        b.stays_put(|b| b.run(3_000));
    }
}

/// POWER-OFF: until the drives carry it an arm is asked to be where it is, and nobody engages.
#[test]
fn a_setpoint_does_not_run_ahead_of_drives_that_come_on() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(5);
    b.powered = false;
    b.deadman = 0.0;
    b.run(5);
    b.deadman = 1.0;
    b.run(260);
    assert!(b.state.unwrap().blocking.contains(Cause::PowerOff));
    b.tip = down(0.5, 0.01, 0.3);
    b.close();
    assert_eq!(b.word(), OperatingState::Ready);
    let Order::Servo { arms } = b.order else { panic!("{:?}", b.order) };
    assert!((arms[0].tip.position() - b.tip.position()).norm() < 1e-8);
}

/// POWER-OFF: drives that drop out for a moment come back without a jump.
#[test]
fn drives_that_drop_out_for_a_moment_do_not_jump_when_they_are_back() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(300);
    let x = b.tip.position().x;
    (b.powered, b.obeys) = (false, false);
    b.run(300);
    b.tip = down(x, 0.0, 0.3);
    (b.powered, b.obeys) = (true, true);
    let mut before = b.tip.position().x;
    for _ in 0..50 {
        b.run(1);
        let step = b.tip.position().x - before;
        assert!(step < 1.1e-4, "{step} m in a tick");
        before = b.tip.position().x;
    }
    assert_eq!(b.word(), OperatingState::Engaged);
    assert!(before > x + 1e-4, "and it follows again");
}

/// ROBOT-FAULT: drives that stay on although they were ordered off are a fault.
#[test]
fn drives_that_do_not_go_off_are_a_fault() {
    let mut b = Bench::ready();
    b.local(LocalEvent::PowerOff);
    b.run(1);
    assert_eq!(b.word(), OperatingState::Standby);
    for _ in 0..499 {
        b.order = Order::Stand;
        b.run(1);
    }
    assert_eq!(b.word(), OperatingState::Standby, "they may take their time");
    for _ in 0..3 {
        b.order = Order::Stand;
        b.run(1);
    }
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Fault, Some(Cause::RobotFault))
    );
}
