//! One arm's governor exactly at a limit and just beside it, and what it tells of what it took away.

use super::tests::{Bench, DT, caps_at, follow, moved, start, young};
use super::*;
use core::f64::consts::PI;

use protocol::profile::{Motion, Profile};

use super::super::axis::AxisLimits;
use super::super::region::{Shape, Zone};

fn v(x: f64, y: f64, z: f64) -> Vector3<f64> {
    Vector3::new(x, y, z)
}

/// A bench whose tip moves with just this velocity and no acceleration.
fn cruising(velocity: Vector3<f64>) -> Bench {
    let mut g = Bench::new();
    let limits = translation(&g);
    // Half a second is enough to get there.
    g.arm.tip.step(&velocity, 1.0, &limits, None, 0.5);
    assert_eq!((g.arm.velocity_m_s(), g.arm.acceleration_m_s2()), (velocity, Vector3::zeros()));
    g
}

/// A bench whose tip turns just so fast about the vertical, and stands.
fn turning(speed_rad_s: f64) -> Bench {
    let mut g = Bench::new();
    let limits = rotation(&g);
    g.arm.turn.step(&v(0.0, 0.0, speed_rad_s), 10.0, &limits, None, 0.5);
    assert_eq!(g.arm.turn.velocity(), v(0.0, 0.0, speed_rad_s));
    g
}

fn motion(g: &Bench) -> &Motion {
    &g.profile.arms().unwrap().motion
}

fn translation(g: &Bench) -> MotionLimits {
    MotionLimits::of_length(motion(g).acceleration_max_m_s2, motion(g).jerk_max_m_s3)
}

fn rotation(g: &Bench) -> MotionLimits {
    let most = motion(g).rotation_acceleration_max_rad_s2;
    MotionLimits::of_length(most, motion(g).rotation_jerk_max_rad_s3)
}

/// The speed from which a stop along one axis takes `way`: v²/2A + vA/2J, with 1/√3 of each limit.
fn braked_within(way: f64, acceleration_max: f64, jerk_max: f64) -> f64 {
    let share = 3.0_f64.sqrt();
    let (a, j) = (acceleration_max / share, jerk_max / share);
    let half = a * a / (2.0 * j);
    (half * half + 2.0 * a * way).sqrt() - half
}

/// Where the tip is, and so far from there.
fn beside(g: &Bench, by: Vector3<f64>) -> Pose<Base, Tip> {
    let setpoint = g.arm.setpoint();
    let place = Translation3::from(setpoint.position() + by);
    Pose::new(Isometry3::from_parts(place, setpoint.iso.rotation))
}

/// Where the tip is, turned about an axis of the base.
fn turned(g: &Bench, by: Vector3<f64>) -> Pose<Base, Tip> {
    let setpoint = g.arm.setpoint();
    let rotation = UnitQuaternion::from_scaled_axis(by) * setpoint.iso.rotation;
    Pose::new(Isometry3::from_parts(setpoint.iso.translation, rotation))
}

fn only(clamp: Clamp, by: f64, told: &ClampSet) {
    assert_eq!(told.iter().collect::<Vec<_>>(), [clamp]);
    assert!((told.by(clamp) - by).abs() < 1e-9, "{clamp:?} by {}, not {by}", told.by(clamp));
}

/// 1 mm/s, 0.01 rad/s, 0.05 m/s2.
#[test]
fn rest_is_below_each_of_its_three_limits() {
    assert!(cruising(v(0.000_999, 0.0, 0.0)).arm.is_at_rest());
    assert!(!cruising(v(0.001, 0.0, 0.0)).arm.is_at_rest());
    assert!(turning(0.009_99).arm.is_at_rest());
    assert!(!turning(0.01).arm.is_at_rest());
    for (acceleration, rests) in [(0.049, true), (0.05, false)] {
        let mut g = Bench::new();
        // A jerk that is a power of two: the acceleration is just what its limit says.
        let axis = AxisLimits { acceleration, jerk: 1024.0 };
        let limits = MotionLimits::per_axis(axis, axis, axis);
        g.arm.tip.step(&v(0.0, 0.01, 0.0), 1.0, &limits, None, DT);
        assert_eq!(g.arm.acceleration_m_s2(), v(0.0, acceleration, 0.0));
        assert!(g.speed() < 0.000_1);
        assert_eq!(g.arm.is_at_rest(), rests, "{acceleration} m/s2");
    }
}

#[test]
fn what_goes_along_the_tool_is_not_lateral() {
    // The probe looks down.
    let g = cruising(v(0.03, 0.0, -0.04));
    assert!((g.speed() - 0.05).abs() < 1e-12);
    assert!((g.arm.lateral_speed_m_s() - 0.03).abs() < 1e-12);
    assert!(cruising(v(0.0, 0.0, -0.04)).arm.lateral_speed_m_s() < 1e-12);
}

/// SPEED: what is told is how much faster the way ahead would let it be.
#[test]
fn at_the_speed_limit_it_is_told_what_the_limit_takes_away() {
    let mut g = cruising(v(0.1, 0.0, 0.0));
    let target = beside(&g, v(0.1, 0.0, 0.0));
    let clamps = g.step(&follow(target, 0.0), 0.0, &young());
    // A tick of the way is as good as gone.
    let way = 0.1 - 0.1 * DT;
    let m = motion(&g);
    let free = braked_within(way, m.acceleration_max_m_s2, m.jerk_max_m_s3);
    only(Clamp::Speed, free - 0.1, &clamps);
    assert!(free > 0.4, "{free} m/s without the limit");
}

#[test]
fn at_the_turning_limit_it_is_told_what_the_limit_takes_away() {
    let full = 60.0_f64.to_radians();
    let mut g = turning(full);
    let target = turned(&g, v(0.0, 0.0, 0.5));
    let clamps = g.step(&follow(target, 0.0), 0.0, &young());
    let m = motion(&g);
    let (acceleration, jerk) = (m.rotation_acceleration_max_rad_s2, m.rotation_jerk_max_rad_s3);
    let free = braked_within(0.5 - full * DT, acceleration, jerk);
    only(Clamp::Rotation, free - full, &clamps);
    assert!(free > 2.0 * full, "{free} rad/s without the limit");
}

/// Far below the limit it is the acceleration that holds a tip back, not the speed.
#[test]
fn a_speed_limit_is_told_above_95_percent_of_it() {
    let (speed, turn) = (young().speed_m_s, young().rotation_rad_s);
    for (share, told) in [(0.0, false), (0.949, false), (0.95, false), (0.951, true)] {
        let mut g = cruising(v(share * speed, 0.0, 0.0));
        let target = beside(&g, v(0.1, 0.0, 0.0));
        let clamps = g.step(&follow(target, 0.0), 0.0, &young());
        assert_eq!(clamps.contains(Clamp::Speed), told, "{share} of the speed");
        let mut g = turning(share * turn);
        let target = turned(&g, v(0.0, 0.0, 0.5));
        let clamps = g.step(&follow(target, 0.0), 0.0, &young());
        assert_eq!(clamps.contains(Clamp::Rotation), told, "{share} of the turn");
    }
}

/// What a hand does not notice is not told: a millimetre per second, a milliradian per second.
#[test]
fn a_cut_of_a_millimetre_per_second_is_not_told_and_more_is() {
    let caps =
        |speed_m_s, rotation_rad_s| Caps { speed_m_s, rotation_rad_s, by: CappedBy::Profile };
    for (cut, told) in [(0.000_999, false), (0.001, false), (0.001_001, true)] {
        // 15 µm are left when the tick is over: at 100 per second 1.5 mm/s. Of numbers as near as
        // these to a thousandth the difference has no rounding error.
        let mut g = cruising(v(0.001, 0.0, 0.0));
        let target = beside(&g, v(1.6e-5, 0.0, 0.0));
        let way = target.position() - g.at();
        let along = g.arm.tip.velocity_toward(&way, f64::INFINITY, &translation(&g), DT).norm();
        assert!((along - 0.001_5).abs() < 1e-9, "{along}");
        let clamps = g.step(&follow(target, 0.0), 0.0, &caps(along - cut, 1.0));
        assert_eq!(clamps.contains(Clamp::Speed), told, "{cut} m/s");
        assert!(!told || (clamps.by(Clamp::Speed) - cut).abs() < 1e-12);

        let mut g = turning(0.001);
        let target = turned(&g, v(0.0, 0.0, 1.6e-5));
        let way = g.arm.way_round(&target, None);
        let toward = g.arm.turn.velocity_toward(&way, f64::INFINITY, &rotation(&g), DT).norm();
        assert!((toward - 0.001_5).abs() < 1e-9, "{toward}");
        let clamps = g.step(&follow(target, 0.0), 0.0, &caps(0.1, toward - cut));
        assert_eq!(clamps.contains(Clamp::Rotation), told, "{cut} rad/s");
    }
}

#[test]
fn what_the_acceleration_takes_away_is_told() {
    let mut g = Bench::new();
    let clamps = g.step_for(&follow(moved(0.1, 0.0, 0.0), 0.0), 0.0, &young(), 0.01);
    // In 10 ms at 200/√3 m/s³: 5.8 of the 100 mm/s.
    let gained = 200.0 / 3.0_f64.sqrt() * 0.01 * 0.01 / 2.0;
    assert!((g.speed() - gained).abs() < 1e-12);
    only(Clamp::Acceleration, 0.1 - gained, &clamps);
}

#[test]
fn a_velocity_that_lacks_a_millimetre_per_second_is_not_told_and_more_is() {
    for (way, told) in [(0.99e-5, false), (1e-5, false), (1.01e-5, true)] {
        let mut g = Bench::new();
        // 100 per second: a millimetre per second for 10 µm. In no time nothing of it is gained.
        let clamps = g.step_for(&follow(moved(0.0, way, 0.0), 0.0), 0.0, &young(), 0.0);
        assert_eq!(clamps.contains(Clamp::Acceleration), told, "{way} m");
        assert!(!told || (clamps.by(Clamp::Acceleration) - way * 100.0).abs() < 1e-12);
    }
    let mut g = Bench::new();
    let clamps = g.step(&follow(moved(5e-6, 0.0, 0.0), 0.0), 0.0, &young());
    assert!(g.speed() > 0.0 && clamps.is_empty(), "{clamps:?}");
}

/// WORKSPACE: what is told is how far the hand wants beyond the wall.
#[test]
fn a_target_beyond_a_wall_is_told_by_how_far() {
    let mut g = Bench::new();
    let clamps = g.step(&follow(moved(1.0, 0.0, 0.0), 0.0), 0.0, &young());
    // From x = 0.5 m to 1.5 m; the wall is at 0.7 m.
    assert!((clamps.by(Clamp::Workspace) - 0.8).abs() < 1e-12);
}

/// A bench with a ball of 20 mm to keep out of, its near side 40 mm before the tip.
fn before_a_ball() -> Bench {
    let mut g = Bench::new();
    let centre = moved(0.06, 0.0, 0.0).position();
    let zones = [Zone { shape: Shape::Sphere { centre, radius: 0.02 }, margin_m: 0.0 }];
    g.region = Region::new(v(0.3, -0.22, 0.15), v(0.7, 0.22, 0.48), None, &zones).unwrap();
    g
}

/// NO-GO: behind a zone lies a place that is allowed, on a way that is not.
#[test]
fn a_way_that_is_blocked_is_told_by_what_is_left_of_it() {
    let mut g = before_a_ball();
    let target = moved(0.12, 0.0, 0.0);
    let mut told = 0.0;
    for _ in 0..2_000 {
        let clamps = g.step(&follow(target, 0.0), 0.0, &young());
        if clamps.contains(Clamp::NoGo) {
            told = clamps.by(Clamp::NoGo);
            assert_eq!(told, (target.position() - g.at()).norm());
        }
    }
    assert!((told - 0.08).abs() < 1e-4, "{told} m, 80 mm from the near side of the ball");
}

/// NO-GO: once the depth of the target in a zone is told, the way to it is not told again.
#[test]
fn a_target_inside_a_zone_is_told_by_its_depth_alone() {
    let mut g = before_a_ball();
    // 5 mm deep from the far side.
    let target = moved(0.075, 0.0, 0.0);
    for _ in 0..2_000 {
        let clamps = g.step(&follow(target, 0.0), 0.0, &young());
        assert!((clamps.by(Clamp::NoGo) - 0.005).abs() < 1e-9, "{}", clamps.by(Clamp::NoGo));
    }
    assert!((g.at() - moved(0.04, 0.0, 0.0).position()).norm() < 1e-4, "{}", g.at());
}

/// WORKSPACE: a lift goes to no place of the hand's, so nothing of its way is missing.
#[test]
fn a_lift_that_ends_at_a_wall_is_told_by_an_amount_of_zero() {
    let mut g = Bench::of(Bench::new().profile, moved(0.0, 0.0, 0.175));
    let mut told = false;
    for _ in 0..2_000 {
        let clamps = g.step(&Drive::Lift, 0.0, &young());
        told |= clamps.contains(Clamp::Workspace);
        assert_eq!(clamps.by(Clamp::Workspace), 0.0);
    }
    assert!(told && (g.at().z - 0.48).abs() < 1e-4, "{}", g.at());
}

/// CONTACT-FORCE: without a wanted force the axis is the hand's: its own place is its own place.
#[test]
fn no_wanted_force_gives_no_way() {
    for contact_n in [5.0, 12.0, 14.0] {
        let mut g = Bench::new();
        let clamps = g.step(&follow(start(), 0.0), contact_n, &young());
        assert_eq!(g.arm.setpoint(), start(), "{contact_n} N");
        assert!(clamps.is_empty(), "nobody presses: {clamps:?} at {contact_n} N");
    }
}

/// CONTACT-FORCE: what is told is by how much the wanted force exceeds the soft limit of 12 N.
#[test]
fn a_wanted_force_is_told_by_how_much_it_exceeds_the_soft_limit() {
    for (wanted_n, cut_n) in [(11.9, None), (12.0, None), (12.5, Some(0.5)), (30.0, Some(18.0))] {
        let clamps = Bench::new().step(&follow(start(), wanted_n), 0.0, &young());
        assert_eq!(clamps.contains(Clamp::Force), cut_n.is_some(), "{wanted_n} N");
        assert_eq!(clamps.by(Clamp::Force), cut_n.unwrap_or(0.0), "{wanted_n} N");
    }
}

/// CONTACT-FORCE: what is told to a hand that presses on is the surplus over the soft limit of 12 N.
#[test]
fn a_hand_that_presses_on_is_told_by_how_much_it_presses_too_hard() {
    for (contact_n, surplus_n) in [(11.9, None), (12.0, Some(0.0)), (14.0, Some(2.0))] {
        let mut g = Bench::new();
        let down = follow(moved(0.0, 0.0, -0.05), 0.0);
        let clamps = g.step(&down, contact_n, &caps_at(contact_n, 30));
        assert_eq!(clamps.contains(Clamp::Force), surplus_n.is_some(), "{contact_n} N");
        assert_eq!(clamps.by(Clamp::Force), surplus_n.unwrap_or(0.0), "{contact_n} N");
        assert_eq!(g.at().z < 0.3, surplus_n.is_none(), "{contact_n} N");
    }
}

fn port(centre_m: Vector3<f64>, shaft: Shaft) -> Port {
    Port { centre_m, axis: -Vector3::z(), shaft }
}

/// SPEED: a step aside turns a rigid shaft by the step over the depth of its tip.
#[test]
fn a_rigid_shaft_is_as_fast_as_its_depth_lets_it_turn() {
    let turn_rad_s = 60.0_f64.to_radians();
    for (depth_m, fastest) in [
        (0.02, turn_rad_s * 0.02),
        (0.05, turn_rad_s * 0.05),
        (0.09, turn_rad_s * 0.09),
        (0.10, 0.1),
        (0.20, 0.1),
    ] {
        for (shaft, fastest) in [(Shaft::Rigid, fastest), (Shaft::Wristed, 0.1)] {
            let mut g = Bench::new();
            g.port = Some(port(start().position() + v(0.0, 0.0, depth_m), shaft));
            // 0.2 s are enough to get there.
            g.step_for(&follow(moved(0.1, 0.0, 0.0), 0.0), 0.0, &young(), 0.2);
            assert!((g.speed() - fastest).abs() < 1e-9, "{shaft:?} {depth_m} m: {}", g.speed());
        }
    }
}

/// PORT: a rigid shaft that is not in line with its port is turned into it, at the turning limit.
#[test]
fn a_rigid_shaft_turns_into_its_port_at_its_turning_limit() {
    let mut g = Bench::new();
    // The line from the port to the tip is 0.2 rad from where the tool points.
    let centre = start().position() + v(0.05 * 0.2_f64.tan(), 0.0, 0.05);
    g.port = Some(port(centre, Shaft::Rigid));
    let most_rad = 60.0_f64.to_radians() * DT;
    for tick in 1..=200_u32 {
        g.step(&follow(beside(&g, Vector3::zeros()), 0.0), 0.0, &young());
        let expected = (most_rad * f64::from(tick)).min(0.2);
        let turned = g.arm.setpoint().angle_to(&start());
        assert!((turned - expected).abs() < 1e-6, "{turned} after {tick} ms");
    }
}

/// PORT: with a wrist the tip points where the hand does, with a rigid shaft where its port lets it.
#[test]
fn a_wrist_turns_any_way_and_a_rigid_shaft_about_itself() {
    // Not half a turn: half a turn is its own opposite.
    let place = Pose::new(Isometry3::new(v(0.5, 0.0, 0.3), v(2.0, 0.0, 0.0)));
    let axis = place.iso.rotation * Vector3::z();
    for (by, follows_when_rigid) in [(axis * 0.3, true), (axis.cross(&Vector3::x()) * 0.3, false)] {
        for shaft in [None, Some(Shaft::Wristed), Some(Shaft::Rigid)] {
            let mut g = Bench::of(Bench::new().profile, place);
            g.port = shaft.map(|shaft| port(place.position() - axis * 0.1, shaft));
            let target = turned(&g, by);
            for _ in 0..1_000 {
                g.step(&follow(target, 0.0), 0.0, &young());
            }
            let follows = shaft != Some(Shaft::Rigid) || follows_when_rigid;
            let goal = if follows { target } else { place };
            let left = g.arm.setpoint().angle_to(&goal);
            assert!(left < 1e-4, "{shaft:?}, {by}: {left} rad");
        }
    }
}

/// An instrument of the surgery profile, its jaw opened so far: 80 degrees at most, 36 a second.
fn instrument(jaw_rad: f64) -> Bench {
    let profile = Profile::parse(protocol::profile::SURGERY).unwrap();
    let place = Pose::new(Isometry3::new(v(0.0, 0.0, -0.1), v(PI, 0.0, 0.0)));
    let mut g = Bench::of(profile, place);
    g.arm = ArmGovernor::at(place, jaw_rad);
    g
}

fn jaw_to(g: &mut Bench, jaw_rad: f64, dt_s: f64) -> ClampSet {
    let drive = Drive::Follow { target: g.arm.setpoint(), force_wanted_n: 0.0, jaw_rad };
    g.step_for(&drive, 0.0, &young(), dt_s)
}

#[test]
fn a_jaw_that_lags_is_told_by_how_far() {
    let step = 36.0_f64.to_radians() * 0.01;
    for (from, wanted) in [(0.0, 0.5), (0.2, 0.5), (0.5, 0.2)] {
        let mut g = instrument(from);
        let clamps = jaw_to(&mut g, wanted, 0.01);
        let next = from + step.copysign(wanted - from);
        assert!((g.arm.jaw_rad() - next).abs() < 1e-12);
        only(Clamp::Jaw, (wanted - next).abs(), &clamps);
    }
    let most = 80.0_f64.to_radians();
    let clamps = jaw_to(&mut instrument(most), most + 0.1, DT);
    only(Clamp::Jaw, 0.1, &clamps);
}

/// Two degrees, as on the dVRK.
#[test]
fn a_jaw_that_lags_by_two_degrees_is_not_told_and_more_is() {
    // Closed it can not follow at all.
    for (wanted, told) in [(-0.034_9, false), (-0.035, false), (-0.035_1, true)] {
        let clamps = jaw_to(&mut instrument(0.0), wanted, DT);
        assert_eq!(clamps.contains(Clamp::Jaw), told, "{wanted} rad");
    }
    assert!(jaw_to(&mut instrument(0.5), 0.5, DT).is_empty(), "a jaw that is there does not lag");
    assert!(jaw_to(&mut instrument(0.5), 0.53, DT).is_empty());
}

#[test]
fn a_velocity_is_shortened_to_its_cap_and_keeps_its_direction() {
    assert!((shortened(v(0.03, 0.0, 0.04), 0.01) - v(0.006, 0.0, 0.008)).norm() < 1e-15);
    assert_eq!(shortened(v(0.03, 0.0, 0.04), 0.051), v(0.03, 0.0, 0.04));
    assert_eq!(shortened(v(0.03, 0.0, 0.04), 0.0), Vector3::zeros());
    assert_eq!(shortened(Vector3::zeros(), 0.0), Vector3::zeros(), "nothing is not shortened");
}

/// A pose that is taken up anew is no new stop: what was retreated still counts.
#[test]
fn taking_a_pose_up_anew_keeps_what_was_retreated() {
    let mut g = Bench::new();
    for _ in 0..3_000 {
        g.step(&Drive::Lift, 0.0, &young());
    }
    g.arm.jaw_rad = 0.2;
    g.arm.regrip(&start());
    assert_eq!((g.arm.setpoint(), g.arm.jaw_rad(), g.speed()), (start(), 0.2, 0.0));
    for _ in 0..1_000 {
        g.step(&Drive::Lift, 0.0, &young());
    }
    assert!(
        (g.at() - start().position()).norm() < 1e-4,
        "the 20 mm of a lift were gone: {}",
        g.at()
    );
    g.arm.rest(&moved(0.1, 0.0, 0.0), 0.3);
    assert_eq!((g.arm.setpoint(), g.arm.jaw_rad()), (moved(0.1, 0.0, 0.0), 0.3));
}
