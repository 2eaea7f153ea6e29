//! Facts about the two-arm robot, and the suite that every robot must pass.

use core::time::Duration;

use protocol::profile::Profile;
use robot_agent::conform::{Check, Consent, Cuboid, Report, Space, Suite, VirtualTime};
use robot_agent::core::Core;
use robot_agent::robot::Robot;

use super::*;
use crate::hands::Hands;

fn ms(ms: u64) -> Moment<RobotTime> {
    Moment::from_ns(ms * 1_000_000)
}

fn robot() -> PsmRobot {
    PsmRobot::shipped(1).unwrap()
}

/// The order to be `off_m` from the tips of `reading`, both jaws open by `jaw_rad`.
fn beside(reading: &Reading, off_m: Vector3<f64>, jaw_rad: f64) -> Order {
    let arms = reading.arms.map(|arm| {
        let mut iso = arm.tip.iso;
        iso.translation.vector += off_m;
        ArmOrder { tip: Pose::new(iso), jaw_rad }
    });
    Order::Servo { arms }
}

/// Orders and reads for `ticks` ticks from `from`, in milliseconds; the last reading.
fn give(
    robot: &mut PsmRobot,
    from: u64,
    ticks: u64,
    mut order: impl FnMut(u64) -> Order,
) -> Result<Reading, RobotFault> {
    let mut last = robot.read(ms(from));
    for n in 1..=ticks {
        robot.command(&order(n), ms(from + n))?;
        last = robot.read(ms(from + n));
    }
    last
}

#[test]
fn both_arms_follow_orders_and_jaws_open() {
    let mut robot = robot();
    assert!(robot.describe().simulated);
    let start = robot.read(ms(1)).unwrap();
    assert!(!start.powered && start.is_sane());
    // 20 mm/s into the body for half a second, then half a second there.
    let order = |n: u64| {
        let t = n.min(500) as f64;
        beside(&start, Vector3::new(0.0, 0.0, -2e-5 * t), 1e-3 * t)
    };
    let reading = give(&mut robot, 1, 1_000, order).unwrap();
    assert!(reading.powered && reading.is_sane());
    for (now, then) in reading.arms.iter().zip(&start.arms) {
        let off = now.tip.position() - then.tip.position() + Vector3::z() * 0.01;
        assert!(off.norm() < 0.000_3, "{off}");
        assert!((now.jaw_rad - 0.5).abs() < 0.01, "{}", now.jaw_rad);
        assert!(now.beside_port_m < 1e-9);
    }
    assert!((reading.arms[0].tip.position().y - 0.1).abs() < 1e-3);
    assert!((reading.arms[1].tip.position().y + 0.1).abs() < 1e-3);
}

#[test]
fn a_reading_is_as_old_as_its_stamp_says() {
    let mut robot = robot();
    robot.read(ms(1)).unwrap();
    let start = give(&mut robot, 1, 20, |_| Order::Stand).unwrap();
    assert_eq!(start.at, ms(19));
    let mut lived = Vec::new();
    for n in 0..100 {
        robot.command(&beside(&start, Vector3::z() * (-1e-4 * n as f64), 0.0), ms(21 + n)).unwrap();
        let reading = robot.read(ms(22 + n)).unwrap();
        let truly = robot.inner().arms()[0].model().forward(&robot.inner().arms()[0].state().q);
        lived.push((reading.at, reading.arms[0].tip.position().z, ms(22 + n), truly.translation.z));
    }
    // At 100 mm/s two milliseconds are 0.2 mm: each sample is the truth of its stamp, not of the call.
    let (at, said_m, called, truth_m) = lived[90];
    let stamped = lived.iter().find(|(.., now, _)| *now == at).unwrap().3;
    assert!((said_m - stamped).abs() < 3e-5, "{said_m} {stamped}");
    assert!((said_m - truth_m).abs() > 1e-4);
    assert_eq!(called.since(at), Some(Duration::from_millis(2)));
}

/// ROBOT-FAULT: an agent that has died is noticed by the robot itself, within its 30 ms, and it brakes.
#[test]
fn silence_trips_the_drives_after_30_ms_and_both_arms_brake() {
    let mut robot = robot();
    let start = robot.read(ms(1)).unwrap();
    give(&mut robot, 1, 100, |n| beside(&start, Vector3::z() * (-1e-4 * n as f64), 0.0)).unwrap();
    assert!(robot.read(ms(131)).is_ok());
    assert_eq!(robot.read(ms(133)), Err(RobotFault::Watchdog));
    robot.command(&Order::Stand, ms(134)).unwrap();
    assert_eq!(robot.read(ms(200)), Err(RobotFault::Watchdog), "it stays tripped");
    for arm in robot.inner().arms() {
        assert_eq!(arm.state().v.amax(), 0.0, "it stands");
    }
    robot.recover();
    assert!(!robot.read(ms(201)).unwrap().powered);
}

/// ROBOT-FAULT: what can not be reached, or is beyond the own limits, changes nothing.
#[test]
fn an_order_out_of_reach_or_too_far_is_refused() {
    let mut robot = robot();
    robot.limit(&OwnLimits { speed_max_m_s: 0.1, force_max_n: 8.0 }).unwrap();
    let start = robot.read(ms(1)).unwrap();
    give(&mut robot, 1, 50, |_| beside(&start, Vector3::zeros(), 0.0)).unwrap();
    let at = |off_m: Vector3<f64>| beside(&start, off_m, 0.0);
    assert_eq!(robot.command(&at(Vector3::z() * -0.001), ms(52)), Err(RobotFault::Refused));
    let drive = Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 };
    assert_eq!(robot.command(&drive, ms(52)), Err(RobotFault::Refused));
    assert_eq!(robot.command(&at(Vector3::z() * -0.000_05), ms(52)), Ok(()));
    // Down at 90 mm/s to where insertion ends, at 0.24.
    let mut fault = None;
    for n in 0..3_000_u64 {
        let order = at(Vector3::z() * (-9e-5 * n as f64));
        if let Err(refused) = robot.command(&order, ms(53 + n)) {
            fault = Some((refused, n));
            break;
        }
        let _ = robot.read(ms(54 + n));
    }
    let (fault, n) = fault.unwrap();
    assert_eq!(fault, RobotFault::Unreachable);
    assert!((9e-5 * n as f64 - (0.24 - 0.0963)).abs() < 1e-3, "{n}");
}

/// ROBOT-FAULT: force that lasts beyond the robot's own limit takes the drives off.
#[test]
fn a_force_that_lasts_beyond_the_own_limit_switches_the_drives_off() {
    let mut robot = robot();
    robot.limit(&OwnLimits { speed_max_m_s: 0.1, force_max_n: 5.0 }).unwrap();
    give(&mut robot, 1, 50, |_| Order::Stand).unwrap();
    let push =
        |newton: f64| Wrench { force_n: Vector3::x() * newton, torque_n_m: Vector3::zeros() };
    robot.inner_mut().push(1, push(4.0));
    assert!(give(&mut robot, 51, 300, |_| Order::Stand).is_ok());
    robot.inner_mut().push(1, push(6.0));
    assert!(give(&mut robot, 351, 90, |_| Order::Stand).is_ok());
    assert_eq!(give(&mut robot, 441, 30, |_| Order::Stand), Err(RobotFault::Drives));
}

#[test]
fn the_surgery_profile_fits_it() {
    let profile = Profile::parse(include_str!("../../../profiles/surgery.toml")).unwrap();
    let mut robot = robot();
    let mut core = Core::new(profile, &robot.describe(), 1);
    core.handle_own_limits(robot.limit(&core.own_limits()));
    assert_eq!(core.misfit(), None);
}

/// The robot with everything that can be done to it.
fn hands(robot: PsmRobot) -> Hands<impl Plant> {
    Hands { robot, restart: |robot| PsmRobot::around(robot.inner().clone()) }
}

fn conform(mut robot: PsmRobot) -> Report {
    let tips = robot.read(ms(500)).unwrap().arms.map(|arm| arm.tip.position());
    let suite = Suite {
        space: Space::Arms(tips.map(|tip| Cuboid::around(&tip, 0.08))),
        limits: OwnLimits { speed_max_m_s: 0.1, force_max_n: 8.0 },
    };
    let mut stage = VirtualTime::starting(ms(1_000));
    suite.run(&mut hands(robot), &mut stage, Consent::RobotMayMove).unwrap()
}

#[test]
fn it_keeps_every_promise_of_the_trait() {
    for seed in [1, 7] {
        let report = conform(PsmRobot::shipped(seed).unwrap());
        assert!(report.passed(), "{report}");
        // In virtual time latency says nothing, and an arm is no base.
        let unknown: Vec<Check> = report.not_tried().collect();
        assert_eq!(unknown, [Check::Latency, Check::Ranges, Check::StopWay], "{report}");
    }
}
