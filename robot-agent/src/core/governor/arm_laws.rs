//! Laws of one arm's governor: whatever comes in, however long the ticks are, what goes out is inside
//! every limit at every tick.

use super::*;
use core::time::Duration;
use proptest::prelude::*;
use protocol::profile::Profile;

use super::super::region;
use crate::core::governor::{caps, cases};
use crate::robot::Reach;

fn profile() -> Profile {
    Profile::parse(protocol::profile::SURGERY).unwrap()
}

/// The workspace, a port above it, a ball, a box and a wall to keep out of.
fn region_of(limits: &ArmLimits, port: &Port) -> Region {
    let bounds = limits.port.as_ref().unwrap();
    let cone = region::Port {
        centre: port.centre_m,
        axis: port.axis,
        cone_max_rad: bounds.cone_max_rad,
        depth_min_m: bounds.depth_min_m,
        depth_max_m: bounds.depth_max_m,
    };
    let zone = |shape| region::Zone { shape, margin_m: 0.002 };
    let zones = [
        zone(region::Shape::Sphere { centre: Vector3::new(0.02, 0.0, -0.11), radius: 0.01 }),
        zone(region::Shape::Box {
            min: Vector3::new(-0.04, -0.02, -0.2),
            max: Vector3::new(-0.01, 0.02, -0.11),
        }),
        zone(region::Shape::HalfSpace {
            point: Vector3::new(0.0, 0.02, -0.1),
            normal: Vector3::new(0.0, -0.8, -0.6),
        }),
    ];
    let (min, max) = (Vector3::from(limits.workspace.min_m), Vector3::from(limits.workspace.max_m));
    Region::new(min, max, Some(cone), &zones).unwrap()
}

/// A tool that looks down, somewhere in the region.
fn start() -> Pose<Base, Tip> {
    Pose::new(Isometry3::new(
        Vector3::new(0.0, 0.0, -0.1),
        Vector3::new(core::f64::consts::PI, 0.0, 0.0),
    ))
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        12 => -0.3..0.3_f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => -1e12..1e12_f64,
        1 => Just(f64::MIN_POSITIVE / 2.0),
    ]
}

fn any_drive() -> impl Strategy<Value = Drive> {
    let numbers = proptest::array::uniform8(any_number());
    prop_oneof![
        8 => numbers.prop_map(|[x, y, z, roll, pitch, yaw, force, jaw]| Drive::Follow {
            target: Pose::new(Isometry3::new(
                Vector3::new(x, y, z),
                Vector3::new(roll * 10.0, pitch * 10.0, yaw * 10.0),
            )),
            force_wanted_n: force * 40.0,
            jaw_rad: jaw * 10.0,
        }),
        1 => Just(Drive::Stand),
        1 => Just(Drive::Lift),
    ]
}

/// What one stretch of ticks has in common.
#[derive(Debug, Clone)]
struct Stretch {
    drive: Drive,
    contact_n: f64,
    age_ms: u64,
    reach: Reach,
    dt_s: f64,
    ticks: usize,
}

fn any_stretch() -> impl Strategy<Value = Stretch> {
    let reach =
        (any_number(), any_number()).prop_map(|(joint, dexterity)| Reach { joint, dexterity });
    (any_drive(), any_number(), 0_u64..220, reach, 0.000_2..0.005_f64, 1_usize..60).prop_map(
        |(drive, force, age_ms, reach, dt_s, ticks)| Stretch {
            drive,
            contact_n: force * 40.0,
            age_ms,
            reach,
            dt_s,
            ticks,
        },
    )
}

/// What must hold between two ticks.
struct Witness {
    shaft: Shaft,
    fastest: f64,
    stopping_allowed: bool,
}

impl Witness {
    fn check(
        &mut self,
        s: &Stretch,
        caps: &Caps,
        limits: &ArmLimits,
        region: &Region,
        before: &ArmGovernor,
        after: &ArmGovernor,
    ) -> Result<(), TestCaseError> {
        let motion = &limits.motion;
        let pose = after.setpoint();
        prop_assert!(pose.is_finite() && after.jaw_rad().is_finite());
        // Place: never outside of anything.
        prop_assert!(region.outside_m(&pose.position()) < 1e-6, "{:?}", pose);
        // Speed: never above the largest cap there ever was, and above the present one only braking.
        let follows = matches!(s.drive, Drive::Follow { .. });
        let cap = if follows { caps.speed_m_s } else { motion.speed_contact_max_m_s };
        self.fastest = self.fastest.max(cap);
        let (speed, old) = (after.velocity_m_s().norm(), before.velocity_m_s().norm());
        prop_assert!(speed <= self.fastest + 1e-4, "{speed} m/s with {}", self.fastest);
        prop_assert!(speed <= motion.speed_free_max_m_s + 1e-4);
        // Acceleration and jerk: those of a stop at most, those of following once it has rested.
        self.stopping_allowed = !follows || (self.stopping_allowed && !before.is_at_rest());
        let (k, jerk_k) = if self.stopping_allowed {
            (STOP_FACTOR, STOP_FACTOR * STOP_FACTOR)
        } else {
            (1.0, 1.0)
        };
        let most = motion.acceleration_max_m_s2 * k;
        let pull = after.acceleration_m_s2();
        prop_assert!(pull.norm() <= most + 1e-9, "{} m/s2 of {most}", pull.norm());
        let jerk = (pull - before.acceleration_m_s2()).norm() / s.dt_s;
        prop_assert!(jerk <= motion.jerk_max_m_s3 * jerk_k + 1e-6, "{jerk} m/s3");
        let change = (after.velocity_m_s() - before.velocity_m_s()).norm() / s.dt_s;
        prop_assert!(change <= most + 1e-9, "{change} m/s2, from {old} to {speed} m/s");
        // Rotation.
        let turned = before.setpoint().angle_to(&pose);
        let shaft = if self.shaft == Shaft::Rigid { 2.0 } else { 1.0 };
        prop_assert!(turned <= motion.rotation_max_rad_s * s.dt_s * shaft + 1e-6, "{turned}");
        // Jaw.
        let jaw = limits.jaw.as_ref().unwrap();
        prop_assert!((0.0..=jaw.open_max_rad).contains(&after.jaw_rad()));
        prop_assert!(
            (after.jaw_rad() - before.jaw_rad()).abs() <= jaw.rate_max_rad_s * s.dt_s + 1e-12
        );
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2_000)))]

    /// SPEED, WORKSPACE, NO-GO, PORT: whatever comes in, what goes out is inside every limit.
    #[test]
    fn whatever_comes_in_what_goes_out_is_inside_every_limit(
        rigid in any::<bool>(),
        stretches in proptest::collection::vec(any_stretch(), 1..8),
    ) {
        let p = profile();
        let limits = p.arms().unwrap();
        let shaft = if rigid { Shaft::Rigid } else { Shaft::Wristed };
        let port = Port { centre_m: Vector3::zeros(), axis: -Vector3::z(), shaft };
        let region = region_of(limits, &port);
        let lift = Lift { after: Duration::ZERO, distance_m: 0.02, speed_m_s: 0.02 };
        let place =
            Place { limits, lift: Some(&lift), region: &region, port: Some(&port) };
        let mut arm = ArmGovernor::at(start(), 0.0);
        let mut witness = Witness { shaft, fastest: 0.0, stopping_allowed: false };
        for s in stretches {
            let age = Duration::from_millis(s.age_ms);
            let caps = caps(limits, &p.freshness, s.contact_n, &s.reach, Some(age));
            for _ in 0..s.ticks {
                let before = arm.clone();
                let task =
                    Task { drive: s.drive, contact_n: s.contact_n, caps, place, dt_s: s.dt_s };
                arm.step(&task);
                witness.check(&s, &caps, limits, &region, &before, &arm)?;
            }
        }
    }

    /// CONTACT-FORCE: pressed on tissue of any stiffness, by any hand, the force ends below the hard limit.
    #[test]
    fn no_hand_presses_beyond_the_hard_limit(
        stiffness_n_m in 50.0..2_000.0_f64,
        wanted in proptest::collection::vec((-0.05..0.05_f64, -1.0..40.0_f64, 1_usize..400), 1..8),
    ) {
        let p = profile();
        let limits = p.arms().unwrap();
        let (min, max) =
            (Vector3::from(limits.workspace.min_m), Vector3::from(limits.workspace.max_m));
        let region = Region::new(min, max, None, &[]).unwrap();
        let place = Place { limits, lift: None, region: &region, port: None };
        let mut arm = ArmGovernor::at(start(), 0.0);
        for (z, force_wanted_n, ticks) in wanted {
            let mut target = start();
            target.iso.translation.vector.z += z;
            let drive = Drive::Follow { target, force_wanted_n, jaw_rad: 0.0 };
            for _ in 0..ticks {
                // The skin is a millimetre below the start.
                let depth_m = (start().position().z - 0.001 - arm.setpoint().position().z).max(0.0);
                let contact_n = stiffness_n_m * depth_m;
                let age = Some(Duration::from_millis(20));
                let caps = caps(limits, &p.freshness, contact_n, &Reach::AMPLE, age);
                arm.step(&Task { drive, contact_n, caps, place, dt_s: 1e-3 });
                let most = limits.force.soft_n + stiffness_n_m * 0.001_6;
                prop_assert!(contact_n <= most, "{contact_n} N with {stiffness_n_m} N/m");
            }
        }
    }
}
