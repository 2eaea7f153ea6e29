use super::*;
use core::time::Duration;

use protocol::profile::Profile;

use crate::core::governor::caps;
use crate::robot::Reach;

pub(super) const DT: f64 = 1e-3;

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

/// The probe looks down, 30 cm above the base plane.
pub(super) fn start() -> Pose<Base, Tip> {
    Pose::new(Isometry3::new(
        Vector3::new(0.5, 0.0, 0.3),
        Vector3::new(core::f64::consts::PI, 0.0, 0.0),
    ))
}

pub(super) fn moved(x: f64, y: f64, z: f64) -> Pose<Base, Tip> {
    let s = start();
    Pose::new(Isometry3::from_parts(
        Translation3::from(s.position() + Vector3::new(x, y, z)),
        s.iso.rotation,
    ))
}

pub(super) fn young() -> Caps {
    caps_at(0.0, 30)
}

pub(super) fn caps_at(contact_n: f64, age_ms: u64) -> Caps {
    let p = profile();
    let age = Duration::from_millis(age_ms);
    caps(p.arms().unwrap(), &p.freshness, contact_n, &Reach::AMPLE, Some(age))
}

pub(super) fn follow(target: Pose<Base, Tip>, force_wanted_n: f64) -> Drive {
    Drive::Follow { target, force_wanted_n, jaw_rad: 0.0 }
}

/// An arm where the profile puts it.
pub(super) struct Bench {
    pub(super) profile: Profile,
    pub(super) region: Region,
    pub(super) port: Option<Port>,
    pub(super) arm: ArmGovernor,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::of(profile(), start())
    }

    /// An arm of this profile at this place; no port, no zones.
    pub(super) fn of(profile: Profile, place: Pose<Base, Tip>) -> Self {
        let workspace = &profile.arms().unwrap().workspace;
        let (min, max) = (Vector3::from(workspace.min_m), Vector3::from(workspace.max_m));
        let region = Region::new(min, max, None, &[]).unwrap();
        Self { profile, region, port: None, arm: ArmGovernor::at(place, 0.0) }
    }

    pub(super) fn step(&mut self, drive: &Drive, contact_n: f64, caps: &Caps) -> ClampSet {
        self.step_for(drive, contact_n, caps, DT)
    }

    pub(super) fn step_for(
        &mut self,
        drive: &Drive,
        contact_n: f64,
        caps: &Caps,
        dt_s: f64,
    ) -> ClampSet {
        let place = Place {
            limits: self.profile.arms().unwrap(),
            lift: self.profile.reaction.lift.as_ref(),
            region: &self.region,
            port: self.port.as_ref(),
        };
        self.arm.step(&Task { drive: *drive, contact_n, caps: *caps, place, dt_s })
    }

    pub(super) fn at(&self) -> Vector3<f64> {
        self.arm.setpoint().position()
    }

    pub(super) fn speed(&self) -> f64 {
        self.arm.velocity_m_s().norm()
    }
}

#[test]
fn it_arrives_without_overshoot() {
    let mut g = Bench::new();
    let mut farthest: f64 = 0.0;
    for _ in 0..2_000 {
        g.step(&follow(moved(0.03, 0.0, 0.0), 0.0), 0.0, &young());
        farthest = farthest.max(g.at().x - 0.5);
    }
    assert!((g.at() - moved(0.03, 0.0, 0.0).position()).norm() < 1e-6);
    assert!(farthest <= 0.030_001, "{farthest}");
}

#[test]
fn its_own_pose_as_the_target_moves_nothing() {
    let mut g = Bench::new();
    let clamps = g.step(&follow(start(), 0.0), 0.0, &young());
    assert_eq!(g.arm.setpoint(), start());
    assert_eq!(clamps, ClampSet::EMPTY);
}

#[test]
fn a_stop_ends_motion_within_the_stopping_distance() {
    let mut g = Bench::new();
    let contact = caps_at(1.0, 30);
    for _ in 0..300 {
        g.step(&follow(moved(0.2, 0.0, 0.0), 0.0), 1.0, &contact);
    }
    assert!((g.speed() - 0.040).abs() < 1e-9, "{}", g.speed());
    let from = g.at();
    let mut ticks = 0;
    while g.speed() > 0.0 {
        g.step(&Drive::Stand, 1.0, &contact);
        ticks += 1;
    }
    assert!(ticks <= 21, "{ticks} ms");
    assert!((g.at() - from).norm() < 0.000_45, "{}", (g.at() - from).norm());
}

/// CONTACT-FORCE: with a wanted force the axis belongs to the force loop, whatever the hand does.
#[test]
fn the_hand_can_not_press_while_a_force_is_wanted() {
    let mut g = Bench::new();
    for _ in 0..500 {
        g.step(&follow(moved(0.0, 0.01, -0.2), 5.0), 5.0, &young());
    }
    assert!((g.at().z - 0.3).abs() < 1e-9);
    assert!((g.at().y - 0.01).abs() < 1e-4);
}

/// CONTACT-FORCE: at the soft limit nobody presses any further, and beyond it the tool gives way.
#[test]
fn nobody_presses_beyond_the_soft_limit() {
    let mut g = Bench::new();
    let mut clamps = ClampSet::EMPTY;
    for _ in 0..100 {
        clamps = g.step(&follow(moved(0.0, 0.0, -0.1), 0.0), 12.0, &young());
    }
    assert_eq!(g.at().z, 0.3);
    assert!(clamps.contains(Clamp::Force));
    for _ in 0..100 {
        clamps = g.step(&follow(start(), 30.0), 12.5, &young());
    }
    assert!(g.at().z > 0.3, "a surplus over the soft limit is given way to");
    assert!(clamps.contains(Clamp::Force), "30 N were wanted and 12 N are allowed");
}

#[test]
fn a_standing_probe_yields_outward_only() {
    let mut g = Bench::new();
    for _ in 0..200 {
        g.step(&Drive::Stand, 0.0, &young());
    }
    assert_eq!(g.arm.setpoint(), start());
    for _ in 0..200 {
        g.step(&Drive::Stand, 9.0, &young());
    }
    assert!(g.at().z > 0.301);
}

#[test]
fn a_lift_goes_its_distance_at_its_speed_and_ends() {
    let mut g = Bench::new();
    let mut fastest: f64 = 0.0;
    for _ in 0..3_000 {
        g.step(&Drive::Lift, 0.0, &young());
        fastest = fastest.max(g.speed());
    }
    assert!((g.at().z - 0.320).abs() < 1e-5, "{:?}", g.arm.setpoint());
    assert!(fastest <= 0.020 + 1e-9);
    g.step(&Drive::Lift, 0.0, &young());
    assert!(g.speed() < 1e-4);
    g.arm.settle();
    for _ in 0..3_000 {
        g.step(&Drive::Lift, 0.0, &young());
    }
    assert!((g.at().z - 0.340).abs() < 2e-5);
}

#[test]
fn it_stays_in_the_workspace_and_says_so() {
    let mut g = Bench::new();
    let mut clamps = ClampSet::EMPTY;
    for _ in 0..10_000 {
        clamps = g.step(&follow(moved(1.0, 0.0, 0.0), 0.0), 0.0, &young());
    }
    assert!(clamps.contains(Clamp::Workspace));
    assert!((g.at().x - 0.7).abs() < 1e-6);
}

#[test]
fn no_age_means_no_motion() {
    let mut g = Bench::new();
    let p = profile();
    let still = caps(p.arms().unwrap(), &p.freshness, 0.0, &Reach::AMPLE, None);
    let turned = Pose::new(Isometry3::from_parts(
        moved(0.1, 0.0, 0.0).iso.translation,
        start().iso.rotation * UnitQuaternion::from_euler_angles(0.0, 0.3, 0.0),
    ));
    for _ in 0..100 {
        g.step(&follow(turned, 5.0), 0.0, &still);
    }
    assert!((g.at() - start().position()).norm() < 1e-9);
    assert!(g.arm.setpoint().angle_to(&start()) < 1e-9);
}

#[test]
fn a_target_that_is_no_pose_is_nowhere_to_go() {
    for (x, y, z) in [(f64::NAN, 0.0, 0.0), (0.0, f64::INFINITY, 0.0), (0.0, 0.0, f64::NAN)] {
        let mut g = Bench::new();
        for _ in 0..200 {
            g.step(&follow(moved(x, y, z), 0.0), 0.0, &young());
        }
        assert_eq!(g.arm.setpoint(), start(), "({x}, {y}, {z})");
        // Nor to turn, however sound its rotation is.
        let mut target = moved(x, y, z);
        target.iso.rotation =
            UnitQuaternion::from_euler_angles(0.0, 0.0, 0.3) * start().iso.rotation;
        for _ in 0..200 {
            g.step(&follow(target, 0.0), 0.0, &young());
        }
        assert_eq!(g.arm.setpoint(), start(), "({x}, {y}, {z})");
    }
}
