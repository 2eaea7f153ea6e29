//! Facts about the care robot, and the suite that every robot must pass.

use protocol::profile::Profile;
use robot_agent::conform::{Check, Consent, Space, Suite, VirtualTime};
use robot_agent::core::Core;
use robot_agent::robot::Robot;

use super::*;
use crate::hands::Hands;

fn ms(ms: u64) -> Moment<RobotTime> {
    Moment::from_ns(ms * 1_000_000)
}

fn robot() -> CareRobot {
    CareRobot::shipped(1).unwrap()
}

fn drive(linear_m_s: f64, angular_rad_s: f64) -> Order {
    Order::Drive { linear_m_s, angular_rad_s }
}

/// Gives one order for `ticks` ticks from `from`, in milliseconds; the last reading.
fn give(
    robot: &mut CareRobot,
    from: u64,
    ticks: u64,
    order: &Order,
) -> Result<Reading, RobotFault> {
    let mut last = robot.read(ms(from));
    for n in 1..=ticks {
        robot.command(order, ms(from + n))?;
        last = robot.read(ms(from + n));
    }
    last
}

#[test]
fn it_drives_turns_and_stops() {
    let mut robot = robot();
    assert!(!robot.read(ms(1)).unwrap().powered);
    let rolling = give(&mut robot, 1, 1_000, &drive(0.5, 0.2)).unwrap();
    assert!(rolling.powered && rolling.is_sane());
    assert!((rolling.base.linear_m_s - 0.5).abs() < 0.02, "{:?}", rolling.base);
    assert!((rolling.base.angular_rad_s - 0.2).abs() < 0.02, "{:?}", rolling.base);
    let standing = give(&mut robot, 1_001, 500, &Order::Stand).unwrap();
    assert!(standing.powered && standing.base.linear_m_s.abs() < 0.003, "{:?}", standing.base);
}

/// ROBOT-FAULT: an agent that has died is noticed by the robot itself, within its 30 ms, and it brakes.
#[test]
fn silence_trips_the_drives_after_30_ms_and_the_base_brakes() {
    let mut robot = robot();
    give(&mut robot, 1, 1_000, &drive(0.5, 0.0)).unwrap();
    assert!(robot.read(ms(1_031)).is_ok());
    assert_eq!(robot.read(ms(1_033)), Err(RobotFault::Watchdog));
    // 220 N of grip on 45 kg and the wheels: 0.5 m/s ends within 125 ms.
    assert!((1_034..1_163).all(|n| robot.read(ms(n)) == Err(RobotFault::Watchdog)));
    assert_eq!(robot.inner().base().speed(), (0.0, 0.0));
    robot.recover();
    assert!(!robot.read(ms(1_163)).unwrap().powered);
}

#[test]
fn distances_are_as_old_as_their_stamp_says() {
    let mut robot = robot();
    give(&mut robot, 1, 1_000, &drive(0.5, 0.0)).unwrap();
    let mut oldest = Duration::ZERO;
    for n in 0..200 {
        let reading = give(&mut robot, 1_001 + n, 1, &drive(0.5, 0.0)).unwrap();
        let age = ms(1_002 + n).since(reading.base.ranged_at).unwrap();
        oldest = oldest.max(age);
        let now_m = robot.inner().base().ranges_m().0;
        // At 0.5 m/s it was that much further away then.
        let then_m = now_m + 0.5 * age.as_secs_f64();
        assert!((reading.base.ahead_m - then_m).abs() < 2e-3, "{then_m} {:?}", reading.base);
    }
    assert!((50..60).contains(&oldest.as_millis()), "{oldest:?}");
}

#[test]
fn what_is_beyond_its_own_limits_is_refused_and_changes_nothing() {
    let mut robot = robot();
    robot.limit(&OwnLimits { speed_max_m_s: 0.4, force_max_n: 50.0 }).unwrap();
    give(&mut robot, 1, 500, &drive(0.3, 0.0)).unwrap();
    for order in [drive(0.5, 0.0), drive(-0.5, 0.0), drive(0.0, 3.0), drive(f64::NAN, 0.0)] {
        assert_eq!(robot.command(&order, ms(502)), Err(RobotFault::Refused));
    }
    let after = give(&mut robot, 501, 100, &drive(0.3, 0.0)).unwrap();
    assert!((after.base.linear_m_s - 0.3).abs() < 0.02);
}

/// ROBOT-FAULT: a bumper that stays pressed takes the drives off.
#[test]
fn a_wall_that_is_driven_into_switches_the_drives_off() {
    let mut robot = robot();
    robot.limit(&OwnLimits { speed_max_m_s: 1.0, force_max_n: 50.0 }).unwrap();
    let fault = give(&mut robot, 1, 10_000, &drive(0.8, 0.0)).unwrap_err();
    assert_eq!(fault, RobotFault::Drives);
    let (ahead_m, _) = robot.inner().base().ranges_m();
    assert_eq!(ahead_m, 0.0);
}

#[test]
fn a_person_who_leans_on_the_bar_is_felt_and_does_not_move_a_base_that_stands() {
    let mut robot = robot();
    give(&mut robot, 1, 200, &Order::Stand).unwrap();
    let from_m = robot.inner().base().pose().x_m;
    robot.inner_mut().push(BarPush { ahead_n: 60.0, turn_n_m: 0.0 });
    give(&mut robot, 201, 2_000, &Order::Stand).unwrap();
    assert!((robot.inner().bar().ahead_n - 60.0).abs() < 3.0);
    assert!((robot.inner().base().pose().x_m - from_m).abs() < 0.03);
    assert!(robot.inner().base().speed().0.abs() < 1e-3);
}

#[test]
fn the_telecare_profile_fits_it() {
    let profile = Profile::parse(include_str!("../../../profiles/telecare.toml")).unwrap();
    let mut robot = robot();
    let mut core = Core::new(profile, &robot.describe(), 1);
    core.handle_own_limits(robot.limit(&core.own_limits()));
    assert_eq!(core.misfit(), None);
}

/// The robot with everything that can be done to it.
fn hands(robot: CareRobot) -> Hands<impl Plant> {
    Hands { robot, restart: |robot| CareRobot::around(robot.inner().clone()) }
}

#[test]
fn it_keeps_every_promise_of_the_trait() {
    let suite = Suite {
        space: Space::Base { radius_m: 0.5 },
        limits: OwnLimits { speed_max_m_s: 0.8, force_max_n: 50.0 },
    };
    let mut stage = VirtualTime::starting(ms(1_000));
    let report = suite.run(&mut hands(robot()), &mut stage, Consent::RobotMayMove).unwrap();
    assert!(report.passed(), "{report}");
    // In virtual time latency says nothing, and a base has no tips.
    let unknown: Vec<Check> = report.not_tried().collect();
    assert_eq!(unknown, [Check::Latency, Check::Velocity], "{report}");
}
