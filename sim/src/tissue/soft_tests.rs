//! Facts about the tissues by name.

use std::fmt::Write as _;

use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
use robot_agent::core::contact::normal_speed;

use super::*;
use crate::phantom::{Phantom, Placement};
use crate::tissue::{ProbeFace, Surface, SurfacePoint, Twist, contact_wrench};
use crate::{ArmModel, Command, UltrasoundPlant};

const DT_S: f64 = 1e-3;
const PRESS_N: f64 = 5.0;
/// Mass behind a probe: that of an arm at its tip, of the size of `arm7`.
const MASS_KG: f64 = 2.5;

/// Flat tissue filling z < 0.
struct Flat;

impl Surface for Flat {
    fn nearest(&self, point: &Point3<f64>, _t_s: f64) -> SurfacePoint {
        SurfacePoint { distance_m: point.z, normal: Vector3::z_axis(), stiffness_scale: 1.0 }
    }
}

/// The default footprint without its bends.
fn flat_face() -> ProbeFace {
    ProbeFace { radius_m: 1e6, elevation_radius_m: 1e6, ..ProbeFace::default() }
}

fn area_m2() -> f64 {
    let face = ProbeFace::default();
    4.0 * face.half_arc_m * face.half_width_m
}

fn down(depth_m: f64) -> Isometry3<f64> {
    let turn = UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, 0.0);
    Isometry3::from_parts(Translation3::new(0.0, 0.0, -depth_m), turn)
}

fn sinking(speed_m_s: f64) -> Twist {
    Twist { linear_m_s: Vector3::new(0.0, 0.0, -speed_m_s), angular_rad_s: Vector3::zeros() }
}

/// Force of the bent face at rest, by an integral of its own: strips of a tenth of a millimetre, no patches.
fn bent_force_n(tissue: &SoftTissue, depth_m: f64) -> f64 {
    let face = ProbeFace::default();
    let (columns, rows) = (630, 180);
    let (da, dy) = (2.0 * face.half_arc_m / 630.0, 2.0 * face.half_width_m / 180.0);
    let mut sum = 0.0;
    for i in 0..columns {
        let angle = ((f64::from(i) + 0.5) * da - face.half_arc_m) / face.radius_m;
        for j in 0..rows {
            let y = (f64::from(j) + 0.5) * dy - face.half_width_m;
            let sag = face.radius_m * (1.0 - angle.cos()) + y * y / (2.0 * face.elevation_radius_m);
            let strain = ((depth_m - sag) / tissue.thickness_m).max(0.0);
            sum += tissue.modulus_pa * strain / (1.0 - strain) * da * dy;
        }
    }
    sum
}

/// The depth of the bent face under [`PRESS_N`], by bisection.
fn bent_depth_m(tissue: &SoftTissue) -> f64 {
    let (mut low, mut high) = (0.0, 0.95 * tissue.thickness_m);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if bent_force_n(tissue, middle) < PRESS_N { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// A mass that comes down at this speed and is pushed with [`PRESS_N`]: depth at rest, and the last second of forces.
fn slide(tissue: &SoftTissue, face: &ProbeFace, speed_m_s: f64) -> (f64, Vec<f64>) {
    let (mut depth, mut speed) = (-0.005, speed_m_s);
    let mut last = Vec::new();
    for tick in 0..6_000 {
        let contact = tissue.contact();
        let felt = contact_wrench(&contact, face, &Flat, &down(depth), &sinking(speed), 0.0);
        speed += DT_S * (PRESS_N - felt.force_n.z) / MASS_KG;
        depth += DT_S * speed;
        if tick >= 5_000 {
            last.push(felt.force_n.z);
        }
    }
    (depth, last)
}

fn variance(forces: &[f64]) -> f64 {
    let mean = forces.iter().sum::<f64>() / forces.len() as f64;
    forces.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / forces.len() as f64
}

#[test]
fn five_newtons_rest_at_the_analytic_depth_on_every_tissue() {
    for tissue in &SOFT_TISSUES {
        let (flat, _) = slide(tissue, &flat_face(), 0.0);
        let want = tissue.flat_depth_m(PRESS_N, area_m2());
        assert!((flat / want - 1.0).abs() < 0.01, "{}, flat: {flat} against {want}", tissue.name);
        let (bent, _) = slide(tissue, &ProbeFace::default(), 0.0);
        let want = bent_depth_m(tissue);
        assert!((bent / want - 1.0).abs() < 0.1, "{}, bent: {bent} against {want}", tissue.name);
    }
}

#[test]
fn no_tissue_chatters_at_a_kilohertz_even_after_a_fast_approach() {
    for tissue in &SOFT_TISSUES {
        for face in [flat_face(), ProbeFace::default()] {
            for speed_m_s in [0.0, 0.1, 0.25] {
                let (_, last) = slide(tissue, &face, speed_m_s);
                let spread = variance(&last).sqrt();
                assert!(spread < 0.01, "{} from {speed_m_s} m/s: {spread} N", tissue.name);
                assert!(last.iter().all(|f| *f > 4.9), "{} loses contact", tissue.name);
            }
        }
    }
}

/// Force of a body at this pose of a probe at rest, by an integral of its own.
fn force_on_n(tissue: &SoftTissue, torso: &Phantom, pose: &Isometry3<f64>, t_s: f64) -> f64 {
    let face = ProbeFace::default();
    let (da, dy) = (2.0 * face.half_arc_m / 126.0, 2.0 * face.half_width_m / 36.0);
    let mut sum = Vector3::zeros();
    for i in 0..126 {
        let angle = ((f64::from(i) + 0.5) * da - face.half_arc_m) / face.radius_m;
        for j in 0..36 {
            let y = (f64::from(j) + 0.5) * dy - face.half_width_m;
            let sag = face.radius_m * (1.0 - angle.cos()) + y * y / (2.0 * face.elevation_radius_m);
            let at = pose * Point3::new(face.radius_m * angle.sin(), y, -sag);
            let near = torso.nearest(&at, t_s);
            let strain = (-near.distance_m / tissue.thickness_m).max(0.0);
            let pressure = near.stiffness_scale * tissue.modulus_pa * strain / (1.0 - strain);
            sum += near.normal.into_inner() * (pressure * da * dy);
        }
    }
    sum.z
}

/// The arm presses its probe on the belly as the robot's core has it do: faster while force is missing.
#[test]
fn the_arm_with_the_cores_force_loop_rests_at_the_analytic_depth_on_every_tissue() {
    for tissue in &SOFT_TISSUES {
        let (arm, torso) = (ArmModel::shipped().unwrap(), Phantom::shipped().unwrap());
        let mut plant = UltrasoundPlant::new(arm, torso.clone(), 1).touching(tissue.contact());
        plant.enable_drives();
        let at = |press_m: f64| torso.probe_pose(&Placement { press_m, ..Placement::default() });
        let mut press_m = -0.03;
        let (mut off, mut forces) = (0.0_f64, Vec::new());
        for tick in 0..14_000 {
            let force_n = plant.sensed_wrench().force_n.z;
            press_m += normal_speed(PRESS_N, force_n, 0.01) * DT_S;
            plant.step(DT_S, Command::Follow(&at(press_m)));
            if tick < 10_000 {
                continue;
            }
            // The body breathes under the probe, so the depth is compared as a force that it should give.
            forces.push(plant.true_wrench().force_n.z);
            if tick % 100 == 0 {
                let want = force_on_n(tissue, &torso, plant.tip(), plant.time_s());
                off = off.max((forces.last().unwrap() / want - 1.0).abs());
            }
        }
        let mean = forces.iter().sum::<f64>() / forces.len() as f64;
        assert!((mean - PRESS_N).abs() < 0.5, "{}: {mean} N", tissue.name);
        assert!(off < 0.1, "{}: {off} off", tissue.name);
        // What is left is breathing, slower than a tenth of a second.
        let chatter: Vec<f64> = forces.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let spread = variance(&chatter).sqrt();
        assert!(spread < 0.02, "{}: {spread} N from one millisecond to the next", tissue.name);
        assert!(forces.iter().all(|f| *f > 2.0), "{} loses contact", tissue.name);
    }
}

/// No force loop: the arm is sent 4 mm into the stiffest tissue at a tenth of a metre a second, and stays there.
#[test]
fn the_arm_that_comes_fast_upon_the_stiffest_tissue_settles_without_chatter() {
    let tissue = SoftTissue::named("rib").unwrap();
    let (arm, torso) = (ArmModel::shipped().unwrap(), Phantom::shipped().unwrap());
    let mut plant = UltrasoundPlant::new(arm, torso.clone(), 1).touching(tissue.contact());
    plant.enable_drives();
    let (mut press_m, mut most, mut last) = (-0.03, 0.0_f64, Vec::new());
    for tick in 0..6_000 {
        // Two seconds to get there, over the body.
        if tick > 2_000 {
            press_m = (press_m + 0.1 * DT_S).min(0.004);
        }
        let goal = torso.probe_pose(&Placement { press_m, ..Placement::default() });
        plant.step(DT_S, Command::Follow(&goal));
        most = most.max(plant.true_wrench().force_n.norm());
        if tick >= 5_500 {
            last.push(plant.true_wrench().force_n.z);
        }
    }
    let changes: Vec<f64> = last.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(variance(&changes).sqrt() < 0.01, "{} N a millisecond", variance(&changes).sqrt());
    assert!(last.iter().all(|f| *f > 2.0), "it loses contact");
    assert!(most < 40.0, "{most} N at the impact");
}

#[test]
fn tissue_stiffens_with_depth_and_damps_more_the_deeper_it_is() {
    for tissue in &SOFT_TISSUES {
        let force = |depth_m: f64, speed_m_s: f64| {
            let contact = tissue.contact();
            let twist = sinking(speed_m_s);
            contact_wrench(&contact, &flat_face(), &Flat, &down(depth_m), &twist, 0.0).force_n.z
        };
        let h = tissue.thickness_m;
        let slope = |at: f64| force(at + 1e-5, 0.0) - force(at, 0.0);
        assert!(slope(0.5 * h) > 3.0 * slope(0.01 * h), "{}", tissue.name);
        let damping = |at: f64| force(at, 0.05) - force(at, 0.0);
        assert!(damping(0.5 * h) > 3.0 * damping(0.1 * h), "{}", tissue.name);
        // Pressed through the whole layer the force stays a number.
        assert!(force(2.0 * h, 0.0).is_finite() && force(2.0 * h, 0.0) >= force(0.9 * h, 0.0));
    }
    assert_eq!(SoftTissue::named("rib"), SOFT_TISSUES.last());
    assert_eq!(SoftTissue::named("iron"), None);
}

#[test]
fn the_page_of_the_simulator_holds_the_tissues_in_force() {
    let mut wanted = String::from(
        "| tissue | modulus | strained thickness | damping | depth under 5 N, flat / bent face | source of the modulus |\n\
         |---|---|---|---|---|---|\n",
    );
    for tissue in &SOFT_TISSUES {
        let (flat, bent) = (tissue.flat_depth_m(PRESS_N, area_m2()), bent_depth_m(tissue));
        let _ = writeln!(
            wanted,
            "| {} | {:.2} kPa | {:.0} mm | {:.0} s/m | {:.1} / {:.1} mm | {} |",
            tissue.name,
            tissue.modulus_pa * 1e-3,
            tissue.thickness_m * 1e3,
            tissue.damping_s_m,
            flat * 1e3,
            bent * 1e3,
            tissue.source
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/reference/simulator.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- tissues:begin -->\n", "<!-- tissues:end -->");
    let (before, rest) = text.split_once(begin).expect("the opening marker");
    let (got, after) = rest.split_once(end).expect("the closing marker");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(path, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
    } else {
        assert_eq!(got, wanted, "simulator.md has drifted; run this again with UPDATE_PAGES=1");
    }
}
