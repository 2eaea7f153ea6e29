//! Facts about contact.

use proptest::prelude::*;

use nalgebra::{Translation3, UnitQuaternion};

use super::*;
use crate::phantom::{Phantom, Placement};

/// Flat tissue filling z < 0.
struct Flat;

impl Surface for Flat {
    fn nearest(&self, point: &Point3<f64>, _t_s: f64) -> SurfacePoint {
        SurfacePoint { distance_m: point.z, normal: Vector3::z_axis(), stiffness_scale: 1.0 }
    }
}

fn still() -> Twist {
    Twist { linear_m_s: Vector3::zeros(), angular_rad_s: Vector3::zeros() }
}

fn down(depth_m: f64) -> Isometry3<f64> {
    Isometry3::from_parts(
        Translation3::new(0.0, 0.0, -depth_m),
        UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, 0.0),
    )
}

/// A cylinder with no rounding in elevation: its force on flat tissue has a closed form.
fn cylinder() -> ProbeFace {
    ProbeFace { elevation_radius_m: 1e6, ..ProbeFace::default() }
}

/// F = w·k·(3π/8)·√(2R)·δ² for n = 1.5, from ∫(δ − x²/2R)^1.5 dx.
fn analytic_force_n(settings: &ContactSettings, face: &ProbeFace, depth_m: f64) -> f64 {
    2.0 * face.half_width_m
        * settings.stiffness_pa_m
        * (3.0 * std::f64::consts::PI / 8.0)
        * (2.0 * face.radius_m).sqrt()
        * depth_m
        * depth_m
}

/// Depth at which a mass on contact comes to rest under a steady push, and its last 100 forces.
fn settle(push_n: f64, mass_kg: f64) -> (f64, Vec<f64>) {
    let (settings, face) = (ContactSettings::default(), cylinder());
    let (mut depth, mut speed, dt) = (-0.005_f64, 0.0_f64, 1e-3);
    let mut last = Vec::new();
    for tick in 0..4000 {
        let twist = Twist { linear_m_s: Vector3::new(0.0, 0.0, -speed), ..still() };
        let force = contact_wrench(&settings, &face, &Flat, &down(depth), &twist, 0.0).force_n.z;
        speed += dt * (push_n - force) / mass_kg;
        depth += dt * speed;
        if tick >= 3900 {
            last.push(force);
        }
    }
    (depth, last)
}

#[test]
fn a_push_of_5_n_rests_at_the_analytic_depth_without_chatter() {
    let (settings, face) = (ContactSettings::default(), cylinder());
    let (depth, last) = settle(5.0, 2.5);
    let want = (5.0 / analytic_force_n(&settings, &face, 1.0)).sqrt();
    assert!((depth / want - 1.0).abs() < 0.1, "{depth} against {want}");
    let spread = last.iter().fold(0.0_f64, |m, f| m.max((f - 5.0).abs()));
    assert!(spread < 0.02, "{spread} N of ripple");
}

#[test]
fn an_abdomen_returns_5_to_8_n_at_8_to_10_mm() {
    let torso = Phantom::shipped().unwrap();
    for (press_m, x_m, y_m) in
        [(0.008, 0.0, 0.0), (0.009, -0.05, 0.0), (0.009, 0.0, -0.1), (0.010, 0.0, 0.0)]
    {
        let pose = torso.probe_pose(&Placement { x_m, y_m, press_m, ..Placement::default() });
        let force = contact_wrench(
            &ContactSettings::default(),
            &ProbeFace::default(),
            &torso,
            &pose,
            &still(),
            0.0,
        )
        .force_n
        .norm();
        assert!((4.8..=8.2).contains(&force), "{force} N at {press_m} m, x {x_m}, y {y_m}");
    }
}

#[test]
fn ribs_are_stiffer_than_belly() {
    let torso = Phantom::shipped().unwrap();
    let force = |y_m: f64| {
        let at = Placement { x_m: -0.06, y_m, press_m: 0.006, ..Placement::default() };
        let pose = torso.probe_pose(&at);
        let (settings, face) = (ContactSettings::default(), ProbeFace::default());
        contact_wrench(&settings, &face, &torso, &pose, &still(), 0.0).force_n.norm()
    };
    assert!(force(0.14) > 2.0 * force(0.0), "{} {}", force(0.14), force(0.0));
}

#[test]
fn a_tilted_press_turns_the_probe_back() {
    let face = ProbeFace::default();
    let tilted = down(0.004) * UnitQuaternion::from_euler_angles(0.0, 0.25, 0.0);
    let wrench = contact_wrench(&ContactSettings::default(), &face, &Flat, &tilted, &still(), 0.0);
    let upright =
        contact_wrench(&ContactSettings::default(), &face, &Flat, &down(0.004), &still(), 0.0);
    assert!(upright.torque_n_m.norm() < 1e-9);
    assert!(wrench.torque_n_m.norm() > 0.01, "{}", wrench.torque_n_m);
}

#[test]
fn sliding_meets_a_tenth_of_the_normal_force() {
    let twist = Twist { linear_m_s: Vector3::new(0.05, 0.0, 0.0), ..still() };
    let settings = ContactSettings::default();
    let force = contact_wrench(&settings, &cylinder(), &Flat, &down(0.008), &twist, 0.0).force_n;
    assert!((force.x / force.z + 0.1).abs() < 0.002, "{force}");
}

proptest! {
    /// Whatever pose and speed, tissue never pulls and the wrench is finite.
    #[test]
    fn tissue_never_pulls_for_any_pose_and_speed(
        x in prop::num::f64::ANY, z in -0.1_f64..0.1, roll in -4.0_f64..4.0, pitch in -4.0_f64..4.0,
        v in prop::array::uniform3(-1e3_f64..1e3), w in prop::array::uniform3(-1e3_f64..1e3),
    ) {
        let pose = Isometry3::from_parts(
            Translation3::new(x, 0.0, z),
            UnitQuaternion::from_euler_angles(roll, pitch, 0.0),
        );
        let twist = Twist { linear_m_s: Vector3::from(v), angular_rad_s: Vector3::from(w) };
        let settings = ContactSettings::default();
        let wrench = contact_wrench(&settings, &ProbeFace::default(), &Flat, &pose, &twist, 0.0);
        prop_assert!(wrench.force_n.iter().chain(wrench.torque_n_m.iter()).all(|f| f.is_finite()));
        prop_assert!(wrench.force_n.z >= 0.0);
    }

    /// A hair of motion changes the force by a hair, through first touch and lift-off.
    #[test]
    fn force_is_continuous_in_depth(depth in -0.002_f64..0.03, speed in -0.1_f64..0.1) {
        let twist = Twist { linear_m_s: Vector3::new(0.0, 0.0, speed), ..still() };
        let settings = ContactSettings::default();
        let at = |d| contact_wrench(&settings, &ProbeFace::default(), &Flat, &down(d), &twist, 0.0).force_n.z;
        prop_assert!((at(depth + 1e-6) - at(depth)).abs() < 0.02);
    }
}
