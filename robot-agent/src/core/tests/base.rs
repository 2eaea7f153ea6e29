//! A mobile base: telecare.

use super::*;

fn driving(linear_m_s: f64) -> Bench {
    let mut b = Bench::engaged_for(telecare());
    b.twist.linear_m_s = linear_m_s;
    b.run(3_000);
    b
}

/// The frame that engages moves nothing; then the base takes up speed within its limits.
#[test]
fn a_base_takes_up_speed_within_its_limits() {
    let mut b = Bench::engaged_for(telecare());
    assert_eq!(b.order, Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 });
    b.twist = BaseTwist { linear_m_s: 2.0, angular_rad_s: -9.0 };
    let mut before = 0.0;
    for _ in 0..4_000 {
        b.run(1);
        let Order::Drive { linear_m_s, angular_rad_s } = b.order else { panic!("{:?}", b.order) };
        assert!((linear_m_s - before) <= 0.5e-3 + 1e-9, "0.5 m/s2");
        assert!(linear_m_s <= 0.8 && angular_rad_s >= -60.0_f64.to_radians() - 1e-12);
        before = linear_m_s;
    }
    assert!((before - 0.8).abs() < 1e-9, "{before}");
    assert!(b.state.unwrap().clamps.contains(Clamp::Speed));
    assert!(b.state.unwrap().clamps.contains(Clamp::Rotation));
    assert!((b.state.unwrap().base.linear_m_s - 0.8).abs() < 1e-6);
}

#[test]
fn a_twist_while_closing_does_not_engage() {
    let mut b = Bench::ready_for(telecare());
    b.deadman = 1.0;
    b.run(600);
    b.engage_count += 1;
    b.mode = Mode::Follow;
    b.twist.linear_m_s = 0.1;
    b.run(50);
    assert_eq!(b.word(), OperatingState::Ready);
    assert!(b.state.unwrap().blocking.contains(Cause::EngageJump));
}

/// CMD-SILENCE: a speed holds for as long as commands come; then the base brakes before it holds.
#[test]
fn a_silent_console_brakes_the_base_at_one_metre_per_second_squared() {
    let mut b = driving(0.4);
    b.sends = false;
    b.run(100);
    assert!((b.base.linear_m_s - 0.4).abs() < 1e-6, "within the soft limit it goes on");
    let from = b.base.ahead_m;
    b.run(200);
    assert_eq!(b.word(), OperatingState::Degraded);
    assert!(b.base.linear_m_s < 0.3, "{}", b.base.linear_m_s);
    b.run(2);
    assert_eq!(b.core.state().cause(), Some(Cause::CmdSilence));
    b.run(400);
    assert!(b.base.linear_m_s.abs() < 1e-9);
    let way = from - b.base.ahead_m;
    assert!(way < 0.4 * 0.4 / 2.0 + 0.4 * 0.06, "it came to rest after {way} m");
}

/// DEADMAN: 0.8 m/s end within a second and half a metre.
#[test]
fn a_released_deadman_stops_a_base_within_half_a_metre() {
    let mut b = driving(0.8);
    let from = b.base.ahead_m;
    b.deadman = 0.0;
    b.run(950);
    assert!(b.base.linear_m_s.abs() < 1e-9, "{}", b.base.linear_m_s);
    assert!(from - b.base.ahead_m < 0.40, "{}", from - b.base.ahead_m);
}

/// VIEW-AGE: the geometric budget of a base: 100 mm per view age.
#[test]
fn an_old_picture_slows_a_base() {
    let mut b = driving(0.8);
    b.sees_views = false;
    b.run(330);
    assert_eq!(b.word(), OperatingState::Degraded);
    assert!(b.base.linear_m_s < 0.65, "{}", b.base.linear_m_s);
    assert!(b.state.unwrap().clamps.contains(Clamp::ViewAge));
    b.run(80);
    assert_eq!(b.core.state().cause(), Some(Cause::ViewAge));
}

/// OBSTACLE: something appears ahead: the base comes to rest at its distance, and where that is too late
/// it stops hard before contact.
#[test]
fn an_obstacle_brakes_the_base_and_stops_it_before_contact() {
    let mut b = driving(0.8);
    b.base.ahead_m = 2.0;
    b.run(6_000);
    assert_eq!(b.word(), OperatingState::Engaged);
    assert!(b.base.ahead_m > 0.45 && b.base.ahead_m < 0.6, "{} m", b.base.ahead_m);
    assert!(b.state.unwrap().clamps.contains(Clamp::Obstacle));
    b.twist.linear_m_s = -0.3;
    b.run(1_000);
    assert!(b.base.linear_m_s < -0.2, "it may go back");

    let mut b = driving(0.8);
    b.base.ahead_m = 0.5;
    b.run(700);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Obstacle)));
    b.run(2_000);
    assert!(b.base.ahead_m > 0.0, "{} m", b.base.ahead_m);
    assert!(b.base.linear_m_s.abs() < 1e-9);
}

/// OBSTACLE: nobody is kept from standing beside somebody.
#[test]
fn somebody_near_a_standing_base_stops_nothing() {
    let mut b = Bench::engaged_for(telecare());
    b.base.ahead_m = 0.05;
    b.base.behind_m = 0.05;
    b.run(2_000);
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// CONTACT-FORCE: a bumper.
#[test]
fn a_bumper_that_is_pressed_stops_the_base() {
    let mut b = driving(0.4);
    b.base.bumper_n = 50.0;
    b.run(10);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.base.bumper_n = 50.1;
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::ContactForce))
    );
}

/// SPEED, TRACKING: a base that is pushed, or does not brake, does not obey.
#[test]
fn a_base_that_does_not_obey_stops() {
    let mut b = driving(0.4);
    b.obeys = false;
    b.base.linear_m_s = 0.85;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Tracking)));
    let mut b = driving(0.8);
    b.obeys = false;
    b.base.linear_m_s = 1.21;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Speed)));
}

/// Nobody engages again: after half a minute the drives go off.
#[test]
fn a_held_base_is_parked() {
    let mut b = driving(0.4);
    b.deadman = 0.0;
    b.run(29_900);
    assert_eq!(b.word(), OperatingState::Hold);
    b.run(200);
    assert_eq!((b.word(), b.order), (OperatingState::Standby, Order::Off));
}

/// SPEED, TRACKING: a base that turns by itself, or does not turn, is found like one that drives.
#[test]
fn a_base_that_turns_otherwise_than_ordered_stops() {
    for (turn_rad_s, cause) in [(0.53, Cause::Tracking), (1.6, Cause::Speed)] {
        let mut b = Bench::engaged_for(telecare());
        b.obeys = false;
        b.base.angular_rad_s = turn_rad_s;
        b.run(1);
        assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(cause)));
    }
    let mut b = Bench::engaged_for(telecare());
    b.obeys = false;
    b.base.angular_rad_s = -0.52;
    b.run(50);
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// REMOTE-STOP: a stop is not confirmed, and power does not go, while the base still turns.
#[test]
fn a_base_that_spins_is_not_at_rest() {
    let mut b = Bench::engaged_for(telecare());
    b.obeys = false;
    b.base.angular_rad_s = 0.1;
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    b.run(100);
    assert_eq!(b.state.unwrap().stop_confirmed, 0);
    b.base.angular_rad_s = STOPPED_MAX_RAD_S;
    b.run(100);
    assert_eq!(b.state.unwrap().stop_confirmed, 0);
    b.base.angular_rad_s = 0.99 * STOPPED_MAX_RAD_S;
    b.run(100);
    assert_eq!(b.state.unwrap().stop_confirmed, 1);
}

/// SENSOR-FROZEN: a scanner can stop while the odometry goes on.
#[test]
fn a_scanner_that_stops_is_a_fault() {
    let mut b = Bench::engaged_for(telecare());
    b.range_age_ms = 150;
    b.run(100);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.range_age_ms = 151;
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Fault, Some(Cause::SensorFrozen))
    );
}

/// OBSTACLE: wheels that count nothing do not hide what the base is ordered to.
#[test]
fn an_obstacle_stops_also_where_the_odometry_has_failed() {
    for forward in [1.0, -1.0] {
        let mut b = Bench::engaged_for(telecare());
        (b.base.ahead_m, b.base.behind_m) = (5.0, 5.0);
        b.twist.linear_m_s = 0.2 * forward;
        b.run(2_000);
        b.obeys = false;
        (b.base.linear_m_s, b.base.angular_rad_s) = (0.0, 0.0);
        if forward > 0.0 {
            b.base.ahead_m = 0.1;
        } else {
            b.base.behind_m = 0.1;
        }
        b.run(1);
        let stopped = (b.word(), b.core.state().cause());
        assert_eq!(stopped, (OperatingState::Pstop, Some(Cause::Obstacle)));
    }
}

/// REMOTE-STOP: nor while the base is still ordered to move, whatever its wheels say.
#[test]
fn a_stop_is_not_confirmed_while_the_base_is_ordered_to_move() {
    let mut b = driving(0.2);
    b.obeys = false;
    b.base.linear_m_s = 0.0;
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    b.run(5);
    assert_eq!((b.word(), b.state.unwrap().stop_confirmed), (OperatingState::Pstop, 0));
    b.run(1_000);
    assert_eq!(b.state.unwrap().stop_confirmed, 1);
}
