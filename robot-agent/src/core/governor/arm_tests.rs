use super::*;
use core::time::Duration;
use proptest::prelude::*;

use crate::core::governor::{caps, outside_m};

const DT: f64 = 1e-3;

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

/// The probe looks down, 30 cm above the base plane.
fn start() -> Pose<Base, Tip> {
    Pose::new(Isometry3::new(
        Vector3::new(0.5, 0.0, 0.3),
        Vector3::new(core::f64::consts::PI, 0.0, 0.0),
    ))
}

fn moved(x: f64, y: f64, z: f64) -> Pose<Base, Tip> {
    let s = start();
    Pose::new(Isometry3::from_parts(
        Translation3::from(s.position() + Vector3::new(x, y, z)),
        s.iso.rotation,
    ))
}

fn young() -> Caps {
    caps(&profile(), 0.0, Some(Duration::from_millis(30)))
}

fn follow(target: Pose<Base, Tip>, force_wanted_n: f64) -> Drive {
    Drive::Follow { target, force_wanted_n }
}

#[test]
fn it_arrives_without_overshoot() {
    let mut g = ArmGovernor::at(start());
    let mut farthest: f64 = 0.0;
    for _ in 0..2_000 {
        g.step(&follow(moved(0.03, 0.0, 0.0), 0.0), 0.0, &young(), &profile(), DT);
        farthest = farthest.max(g.setpoint().position().x - 0.5);
    }
    assert!((g.setpoint().position() - moved(0.03, 0.0, 0.0).position()).norm() < 1e-6);
    assert!(farthest <= 0.030_001, "{farthest}");
}

#[test]
fn its_own_pose_as_the_target_moves_nothing() {
    let mut g = ArmGovernor::at(start());
    let clamps = g.step(&follow(start(), 0.0), 0.0, &young(), &profile(), DT);
    assert_eq!(g.setpoint(), start());
    assert_eq!(clamps, ClampSet::EMPTY);
}

#[test]
fn a_stop_ends_motion_within_the_stopping_distance() {
    let mut g = ArmGovernor::at(start());
    let contact = caps(&profile(), 1.0, Some(Duration::from_millis(30)));
    for _ in 0..300 {
        g.step(&follow(moved(0.2, 0.0, 0.0), 0.0), 1.0, &contact, &profile(), DT);
    }
    assert!((g.speed_m_s() - 0.040).abs() < 1e-9, "{}", g.speed_m_s());
    let from = g.setpoint().position();
    for _ in 0..14 {
        g.step(&Drive::Stand, 1.0, &contact, &profile(), DT);
    }
    assert!(g.speed_m_s() < 1e-9);
    assert!((g.setpoint().position() - from).norm() < 0.000_3);
}

/// CONTACT-FORCE: with a wanted force the axis belongs to the force loop, whatever the hand does.
#[test]
fn the_hand_can_not_press_while_a_force_is_wanted() {
    let mut g = ArmGovernor::at(start());
    for _ in 0..500 {
        g.step(&follow(moved(0.0, 0.01, -0.2), 5.0), 5.0, &young(), &profile(), DT);
    }
    assert!((g.setpoint().position().z - 0.3).abs() < 1e-9);
    assert!((g.setpoint().position().y - 0.01).abs() < 1e-4);
}

#[test]
fn nobody_presses_beyond_the_soft_limit() {
    let mut g = ArmGovernor::at(start());
    let mut clamps = ClampSet::EMPTY;
    for _ in 0..100 {
        clamps = g.step(&follow(moved(0.0, 0.0, -0.1), 0.0), 12.0, &young(), &profile(), DT);
    }
    assert_eq!(g.setpoint().position().z, 0.3);
    assert!(clamps.contains(Clamp::Force));
    for _ in 0..100 {
        clamps = g.step(&follow(start(), 30.0), 12.5, &young(), &profile(), DT);
    }
    assert!(g.setpoint().position().z > 0.3, "a surplus over the soft limit is given way to");
    assert!(clamps.contains(Clamp::Force), "30 N were wanted and 12 N are allowed");
}

#[test]
fn a_standing_probe_yields_outward_only() {
    let mut g = ArmGovernor::at(start());
    for _ in 0..200 {
        g.step(&Drive::Stand, 0.0, &young(), &profile(), DT);
    }
    assert_eq!(g.setpoint(), start());
    for _ in 0..200 {
        g.step(&Drive::Stand, 9.0, &young(), &profile(), DT);
    }
    assert!(g.setpoint().position().z > 0.301);
}

#[test]
fn a_lift_goes_its_distance_at_its_speed_and_ends() {
    let mut g = ArmGovernor::at(start());
    let mut fastest: f64 = 0.0;
    for _ in 0..3_000 {
        g.step(&Drive::Lift, 0.0, &young(), &profile(), DT);
        fastest = fastest.max(g.speed_m_s());
    }
    assert!((g.setpoint().position().z - 0.320).abs() < 1e-5, "{:?}", g.setpoint());
    assert!(fastest <= 0.020 + 1e-9);
    g.step(&Drive::Lift, 0.0, &young(), &profile(), DT);
    assert!(g.speed_m_s() < 1e-4);
    g.settle();
    for _ in 0..3_000 {
        g.step(&Drive::Lift, 0.0, &young(), &profile(), DT);
    }
    assert!((g.setpoint().position().z - 0.340).abs() < 2e-5);
}

#[test]
fn it_stays_in_the_workspace_and_says_so() {
    let mut g = ArmGovernor::at(start());
    let mut clamps = ClampSet::EMPTY;
    for _ in 0..10_000 {
        clamps = g.step(&follow(moved(1.0, 0.0, 0.0), 0.0), 0.0, &young(), &profile(), DT);
    }
    assert!(clamps.contains(Clamp::Workspace));
    assert!((g.setpoint().position().x - 0.7).abs() < 1e-6);
}

#[test]
fn no_age_means_no_motion() {
    let mut g = ArmGovernor::at(start());
    let still = caps(&profile(), 0.0, None);
    let turned = Pose::new(Isometry3::from_parts(
        moved(0.1, 0.0, 0.0).iso.translation,
        start().iso.rotation * UnitQuaternion::from_euler_angles(0.0, 0.3, 0.0),
    ));
    for _ in 0..100 {
        g.step(&follow(turned, 5.0), 0.0, &still, &profile(), DT);
    }
    assert!((g.setpoint().position() - start().position()).norm() < 1e-9);
    assert!(g.setpoint().angle_to(&start()) < 1e-9);
}

#[test]
fn a_target_that_is_no_pose_is_nowhere_to_go() {
    for (x, y, z) in [(f64::NAN, 0.0, 0.0), (0.0, f64::INFINITY, 0.0), (0.0, 0.0, f64::NAN)] {
        let mut g = ArmGovernor::at(start());
        for _ in 0..200 {
            g.step(&follow(moved(x, y, z), 0.0), 0.0, &young(), &profile(), DT);
        }
        assert_eq!(g.setpoint(), start(), "({x}, {y}, {z})");
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -1.0..1.0_f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => -1e12..1e12_f64,
    ]
}

fn any_drive() -> impl Strategy<Value = Drive> {
    prop_oneof![
        6 => (any_number(), any_number(), any_number(), any_number(), any_number(), any_number())
            .prop_map(|(x, y, z, roll, pitch, f)| Drive::Follow {
                target: Pose::new(Isometry3::new(
                    Vector3::new(x, y, z),
                    Vector3::new(roll, pitch, 0.0),
                )),
                force_wanted_n: f,
            }),
        1 => Just(Drive::Stand),
        1 => Just(Drive::Lift),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// SPEED, WORKSPACE: whatever comes in, what goes out is inside every limit.
    #[test]
    fn whatever_comes_in_what_goes_out_is_inside_every_limit(
        steps in proptest::collection::vec((any_drive(), any_number(), 0_u64..300, 1_usize..20), 1..12),
    ) {
        let p = profile();
        let mut g = ArmGovernor::at(start());
        for (drive, contact, age_ms, ticks) in steps {
            let caps = caps(&p, contact * 20.0, Some(Duration::from_millis(age_ms)));
            for _ in 0..ticks {
                let (before, velocity) = (g.setpoint(), g.velocity_m_s);
                g.step(&drive, contact * 20.0, &caps, &p, DT);
                let after = g.setpoint();
                prop_assert!(after.is_finite());
                prop_assert!(outside_m(&p.workspace, &after.position()) < 1e-9);
                // Braking from a higher cap takes its time: the speed never exceeds what it was.
                let most = velocity.norm().max(caps.speed_m_s).max(p.force.approach_speed_max_m_s);
                let speed = (after.position() - before.position()).norm() / DT;
                prop_assert!(speed <= most + 1e-6, "{speed} m/s with {most} allowed");
                prop_assert!(speed <= p.motion.speed_free_max_m_s + 1e-6);
                prop_assert!(before.angle_to(&after) <= caps.rotation_rad_s * DT + 1e-7);
            }
        }
    }
}
