//! Facts about the simulated robot, and the suite that every robot must pass.

use nalgebra::{Translation3, Vector3};
use robot_agent::conform::{Check, Consent, Cuboid, Space, Suite, VirtualTime};
use robot_agent::robot::{ArmOrder, Robot};

use super::*;
use crate::hands::Hands;
use protocol::imaging::Knob;

fn ms(ms: u64) -> Moment<RobotTime> {
    Moment::from_ns(ms * 1_000_000)
}

/// The order to be `z_m` above `tip`.
fn above(tip: &Pose<protocol::pose::Base, protocol::pose::Tip>, z_m: f64) -> Order {
    let mut iso = tip.iso;
    iso.translation = Translation3::from(tip.position() + Vector3::new(0.0, 0.0, z_m));
    let arm = ArmOrder { tip: Pose::new(iso), jaw_rad: 0.0 };
    Order::Servo { arms: [arm, ArmOrder { tip: Pose::identity(), jaw_rad: 0.0 }] }
}

/// A robot over the bed, in the air.
fn in_the_air() -> SimRobot {
    let arm = ArmModel::shipped().unwrap();
    SimRobot::new(UltrasoundPlant::new(arm, Phantom::shipped().unwrap(), 1)).0
}

/// Orders and reads for `ticks` ticks from `from`, in milliseconds; the last reading.
fn give(
    robot: &mut SimRobot,
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
fn it_follows_orders_and_reads_true() {
    let (mut robot, eye) = SimRobot::shipped(1).unwrap();
    assert!(robot.describe().simulated);
    let start = robot.read(ms(1)).unwrap();
    assert!(!start.powered);
    let from = start.arms[0].tip;
    // 20 mm/s upward for half a second, then half a second there.
    let order = |n: u64| above(&from, 2e-5 * n.min(500) as f64);
    let reading = give(&mut robot, 1, 1_000, order).unwrap();
    assert!(reading.powered && reading.is_sane());
    let off = (reading.arms[0].tip.position() - from.position() - Vector3::z() * 0.01).norm();
    assert!(off < 0.000_5, "{off} m off");
    let (seen, _) = eye.read().unwrap();
    assert!((seen.translation.vector - reading.arms[0].tip.position()).norm() < 1e-12);
    robot.command(&Order::Off, ms(1_002)).unwrap();
    assert!(!robot.read(ms(1_003)).unwrap().powered);
}

#[test]
fn a_reading_is_stamped_with_the_step_that_it_shows() {
    let mut robot = in_the_air();
    robot.read(Moment::from_ns(1_000_000_000)).unwrap();
    let late = robot.read(Moment::from_ns(1_002_700_000)).unwrap();
    assert_eq!(late.at, Moment::from_ns(1_002_000_000));
}

/// ROBOT-FAULT: an agent that has died is noticed by the robot itself, within its 30 ms.
#[test]
fn silence_trips_the_robots_own_watchdog_and_only_a_reset_clears_it() {
    let mut robot = in_the_air();
    assert_eq!(robot.describe().watchdog, Duration::from_millis(30));
    let tip = robot.read(ms(1)).unwrap().arms[0].tip;
    give(&mut robot, 1, 50, |_| above(&tip, 0.0)).unwrap();
    assert!(robot.read(ms(80)).is_ok());
    assert_eq!(robot.read(ms(83)), Err(RobotFault::Watchdog));
    for order in [above(&tip, 0.0), Order::Off, Order::Stand] {
        robot.command(&order, ms(86)).unwrap();
        assert_eq!(robot.read(ms(87)), Err(RobotFault::Watchdog), "it stays tripped");
    }
    robot.recover();
    assert!(robot.read(ms(88)).is_ok());
}

/// ROBOT-FAULT: what its own limits do not allow changes nothing.
#[test]
fn an_order_beyond_the_own_speed_is_refused_and_changes_nothing() {
    let mut robot = in_the_air();
    let wanted = OwnLimits { speed_max_m_s: 0.1, force_max_n: 20.0 };
    assert_eq!(robot.limit(&wanted), Ok(wanted));
    let tip = robot.read(ms(1)).unwrap().arms[0].tip;
    give(&mut robot, 1, 50, |_| above(&tip, 0.0)).unwrap();
    // A tick at 0.1 m/s is 0.1 mm, and 0.1 mm is tolerated.
    assert_eq!(robot.command(&above(&tip, 0.000_25), ms(52)), Err(RobotFault::Refused));
    assert_eq!(robot.command(&above(&tip, f64::NAN), ms(52)), Err(RobotFault::Refused));
    let drive = Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 };
    assert_eq!(robot.command(&drive, ms(52)), Err(RobotFault::Refused));
    let after = give(&mut robot, 52, 50, |_| above(&tip, 0.0)).unwrap();
    assert!((after.arms[0].tip.position() - tip.position()).norm() < 1e-4);
    assert_eq!(robot.command(&above(&tip, 0.000_19), ms(103)), Ok(()));
}

#[test]
fn limits_are_read_back_and_never_wider_than_the_arm_has() {
    let mut robot = in_the_air();
    let boundless = OwnLimits { speed_max_m_s: f64::INFINITY, force_max_n: 1e6 };
    assert_eq!(robot.limit(&boundless), Ok(WIDEST));
    for bad in [0.0, -1.0, f64::NAN] {
        let wanted = OwnLimits { speed_max_m_s: bad, ..WIDEST };
        assert_eq!(robot.limit(&wanted), Err(RobotFault::Refused));
        let wanted = OwnLimits { force_max_n: bad, ..WIDEST };
        assert_eq!(robot.limit(&wanted), Err(RobotFault::Refused));
    }
}

/// ROBOT-FAULT: force that lasts beyond the robot's own limit takes the drives off.
#[test]
fn a_force_that_lasts_beyond_the_own_limit_switches_the_drives_off() {
    let (mut robot, _) = SimRobot::shipped(1).unwrap();
    robot.limit(&OwnLimits { speed_max_m_s: 0.1, force_max_n: 6.0 }).unwrap();
    let tip = robot.read(ms(1)).unwrap().arms[0].tip;
    // 20 mm/s downward, into the belly.
    let mut over_at = None;
    let mut tripped_at = None;
    for n in 2..3_000 {
        robot.command(&above(&tip, -2e-5 * n as f64), ms(n)).unwrap();
        match robot.read(ms(n)) {
            Ok(r) if over_at.is_none() && r.arms[0].force_n.norm() > 6.0 => over_at = Some(n),
            Ok(_) => {}
            Err(fault) => {
                assert_eq!(fault, RobotFault::Drives);
                tripped_at = Some(n);
                break;
            }
        }
    }
    let lasted = tripped_at.unwrap() - over_at.unwrap();
    assert!((100..200).contains(&lasted), "{lasted} ms");
    assert_eq!(robot.plant().drives(), Drives::Off);
    robot.recover();
    assert!(!robot.read(ms(3_001)).unwrap().powered);
}

#[test]
fn reach_is_ample_at_home_and_gone_where_the_arm_is_stretched() {
    let mut robot = in_the_air();
    let home = robot.read(ms(1)).unwrap().arms[0].reach;
    assert!(home.joint > 0.3 && home.dexterity > 0.4, "{home:?}");
    // 0.2 m/s outward for three seconds: the arm is straight before.
    let tip = robot.read(ms(1)).unwrap().arms[0].tip;
    let outward = |n: u64| {
        let mut iso = tip.iso;
        iso.translation.vector.x += 2e-4 * n as f64;
        above(&Pose::new(iso), 0.0)
    };
    let mut least = home.dexterity;
    for n in 2..3_000 {
        if robot.command(&outward(n), ms(n)).is_err() {
            break;
        }
        least = least.min(robot.read(ms(n)).unwrap().arms[0].reach.dexterity);
    }
    assert!(least < 0.1, "{least}");
}

#[test]
fn a_frozen_sensor_repeats_every_bit_under_new_stamps_while_the_arm_moves() {
    let mut robot = in_the_air();
    let tip = robot.read(ms(1)).unwrap().arms[0].tip;
    give(&mut robot, 1, 100, |_| above(&tip, 0.0)).unwrap();
    robot.set_fault(Some(SimFault::FrozenSensor));
    let frozen = robot.read(ms(102)).unwrap();
    let later = give(&mut robot, 102, 200, |n| above(&tip, 2e-5 * n as f64)).unwrap();
    assert_eq!(later.arms, frozen.arms);
    assert!(later.at > frozen.at && later.powered);
    let truly = robot.plant().tip().translation.vector - tip.position();
    assert!(truly.norm() > 0.003, "{truly}");
    robot.set_fault(None);
    assert_ne!(robot.read(ms(303)).unwrap().arms, frozen.arms);
}

#[test]
fn each_other_fault_shows_as_what_it_is() {
    let broken = |fault: SimFault| {
        let mut robot = in_the_air();
        give(&mut robot, 1, 50, |_| Order::Stand).unwrap();
        robot.set_fault(Some(fault));
        robot.read(ms(52)).ok();
        robot.command(&Order::Stand, ms(52)).ok();
        (robot.read(ms(54)), robot)
    };
    let (lost, _) = broken(SimFault::LostSensor);
    assert_eq!(lost.unwrap().at, ms(52));
    let (nan, _) = broken(SimFault::NanReading);
    assert!(!nan.unwrap().is_sane());
    let (ahead, _) = broken(SimFault::FutureReading);
    assert!(ahead.unwrap().at > ms(54));
    let (silent, mut robot) = broken(SimFault::Silent);
    assert_eq!(silent, Err(RobotFault::Silent));
    assert_eq!(robot.command(&Order::Stand, ms(55)), Err(RobotFault::Silent));
    let (cut, mut robot) = broken(SimFault::DrivesCut);
    assert_eq!(cut, Err(RobotFault::Drives));
    robot.set_fault(None);
    assert_eq!(robot.read(ms(56)), Err(RobotFault::Drives), "until a reset");
    robot.recover();
    assert!(robot.read(ms(57)).is_ok());
}

/// The robot with everything that can be done to it.
fn hands(robot: SimRobot) -> Hands<impl Plant> {
    Hands { robot, restart: |robot| SimRobot::new(robot.plant().clone()).0 }
}

fn conform(robot: SimRobot) -> robot_agent::conform::Report {
    let home_m = robot.plant().tip().translation.vector;
    let suite = Suite {
        space: Space::Arms([Cuboid::around(&home_m, 0.12); ARMS]),
        limits: OwnLimits { speed_max_m_s: 0.1, force_max_n: 20.0 },
    };
    let mut stage = VirtualTime::starting(ms(1_000));
    suite.run(&mut hands(robot), &mut stage, Consent::RobotMayMove).unwrap()
}

/// What is asked of every robot is asked of the simulated one first.
#[test]
fn it_keeps_every_promise_of_the_trait() {
    let report = conform(in_the_air());
    assert!(report.passed(), "{report}");
    // In virtual time latency says nothing, and an arm is no base.
    let unknown: Vec<Check> = report.not_tried().collect();
    assert_eq!(unknown, [Check::Latency, Check::Ranges, Check::StopWay], "{report}");
}

#[test]
fn it_keeps_them_with_the_probe_on_the_skin() {
    let report = conform(SimRobot::shipped(7).unwrap().0);
    assert!(report.passed(), "{report}");
}

#[test]
fn it_keeps_them_with_the_linear_probe_on_the_neck() {
    let report = conform(SimRobot::examining(Exam::Thyroid, 7).unwrap().0);
    assert!(report.passed(), "{report}");
}

/// The bedside has put the probe there before anybody steers: lightly, and with a picture.
#[test]
fn in_each_examination_the_probe_is_ready_on_the_skin() {
    for exam in Exam::ALL {
        let (mut robot, eye) = SimRobot::examining(exam, 1).unwrap();
        let mut pictures = SimPictures::examining(exam, eye, (320, 240), 1).unwrap();
        let mut picture = Picture::black(320, 240);
        robot.read(ms(1)).unwrap();
        assert!(pictures.capture(ms(1), STEP, &mut picture));
        let coupled = pictures.scanner.coupled_part();
        assert!(coupled > 0.65, "{coupled} of the beams touch: {}", exam.name());
        let force_n = robot.plant().true_wrench().force_n.norm();
        assert!((0.5..8.0).contains(&force_n), "{force_n} N: {}", exam.name());
    }
}

#[test]
fn pictures_show_what_is_under_the_probe() {
    let (mut robot, eye) = SimRobot::shipped(1).unwrap();
    let mut pictures = SimPictures::shipped(eye, (320, 240), 1).unwrap();
    let mut picture = Picture::black(320, 240);
    assert!(!pictures.capture(ms(1), STEP, &mut picture), "nothing is known of the probe yet");
    robot.read(ms(1)).unwrap();
    assert!(pictures.capture(ms(1), STEP, &mut picture));
    assert!(picture.depth_um > 10_000);
    let bright = picture.grey.iter().filter(|p| **p > 40).count();
    assert!(bright > 320 * 240 / 10, "{bright} pixels show the liver");
}

/// What is told as in force is what was asked for, to the last unit, and the picture shows it.
#[test]
fn what_an_operator_sets_is_in_force_and_what_is_out_of_range_is_not() {
    for exam in Exam::ALL {
        let (mut robot, eye) = SimRobot::examining(exam, 1).unwrap();
        let mut pictures = SimPictures::examining(exam, eye, (320, 240), 1).unwrap();
        let mut picture = Picture::black(320, 240);
        robot.read(ms(1)).unwrap();
        let state = pictures.imaging().unwrap();
        assert_eq!(state.ranges.check(&state.now), Ok(()), "{}", exam.name());
        for knob in Knob::ALL {
            let Span { min, max } = state.ranges.knob(knob);
            for value in [min, max, min + (max - min) / 3] {
                let wanted = with(state.now, knob, value);
                assert_eq!(pictures.set_imaging(&wanted), Ok(()), "{knob:?} {value}");
                assert_eq!(pictures.imaging().unwrap().now, wanted);
                assert!(pictures.capture(ms(1), STEP, &mut picture));
                // From the first row to the last there is more: a fan begins above its middle, and a shallow one is
                // wider than the picture is high.
                let (shown, depth) = (f64::from(picture.depth_um), f64::from(wanted.depth_um));
                assert!((1.0..2.0).contains(&(shown / depth)), "{shown} and {depth}");
            }
            let before = pictures.imaging().unwrap();
            let refused = pictures.set_imaging(&with(before.now, knob, max + max.abs()));
            assert_eq!(refused, Err(ImagingRefusal::Device), "{knob:?}");
            assert_eq!(pictures.imaging(), Some(before));
        }
    }
}

fn with(mut imaging: Imaging, knob: Knob, value: i32) -> Imaging {
    match knob {
        Knob::Depth => imaging.depth_um = value,
        Knob::Gain => imaging.gain_cdb = value,
        Knob::Focus => imaging.focus_um = value,
        Knob::Frequency => imaging.frequency_khz = value,
    }
    imaging
}
