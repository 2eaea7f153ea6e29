//! Facts about one arm in motion.

use nalgebra::UnitQuaternion;

use super::*;

const DT_S: f64 = 1e-3;

fn arm() -> PsmArm {
    PsmArm::new(PsmModel::shipped().unwrap(), 1)
}

/// The tip goes around a circle of 10 mm within a second while it turns and its jaw opens.
fn target(start: &Isometry3<f64>, t: f64) -> (Isometry3<f64>, f64) {
    let (sin, cos) = (std::f64::consts::TAU * t).sin_cos();
    let mut pose = *start;
    pose.translation.vector += Vector3::new(0.01 * (1.0 - cos), 0.01 * sin, 0.005 * (1.0 - cos));
    pose.rotation =
        UnitQuaternion::from_euler_angles(0.2 * sin, 0.3 * (1.0 - cos), 0.2 * sin) * pose.rotation;
    (pose, 0.25 * (1.0 - cos))
}

#[test]
fn the_tip_follows_a_circle_and_the_shaft_stays_in_the_centre() {
    let mut arm = arm();
    let start = arm.model().forward(&arm.state().q);
    arm.stand();
    let (mut behind_m, mut beside_m, mut jaw_off) = (0.0_f64, 0.0_f64, 0.0_f64);
    for n in 0..1_000 {
        let (pose, jaw_rad) = target(&start, f64::from(n) * DT_S);
        let joints = arm.joints_for(&pose, jaw_rad).unwrap();
        arm.follow(&joints, DT_S);
        arm.step(true, DT_S);
        let poses = arm.model().tree().poses(&arm.state().q);
        let tip = arm.model().forward(&arm.state().q);
        behind_m = behind_m.max((tip.translation.vector - pose.translation.vector).norm());
        beside_m = beside_m.max(arm.model().beside_centre_m(&poses));
        jaw_off = jaw_off.max((arm.state().q[6] - jaw_rad).abs());
    }
    assert!(behind_m < 1.5e-3, "{behind_m} m behind at 63 mm/s");
    assert!(beside_m < 1e-9, "{beside_m}");
    assert!(jaw_off < 0.05, "{jaw_off}");
}

#[test]
fn what_the_sensors_say_is_near_the_truth_and_never_the_truth() {
    let mut arm = arm();
    arm.stand();
    let mut off = Vec::new();
    for _ in 0..500 {
        arm.step(true, DT_S);
        let truly = arm.model().forward(&arm.state().q);
        off.push((arm.sample().tip.translation.vector - truly.translation.vector).norm());
    }
    let most = off.iter().copied().fold(0.0, f64::max);
    assert!(off.iter().all(|x| *x > 0.0) && most < 3e-5, "{most}");
    let again = |seed| {
        let mut arm = PsmArm::new(PsmModel::shipped().unwrap(), seed);
        arm.step(true, DT_S);
        *arm.sample()
    };
    assert_eq!(again(3), again(3));
    assert_ne!(again(3), again(4));
}

#[test]
fn a_push_at_the_tip_is_felt_and_gives_way_to_the_side_that_it_pushes() {
    let mut arm = arm();
    arm.stand();
    let start = arm.model().forward(&arm.state().q).translation.vector;
    arm.push(Wrench { force_n: Vector3::y() * 3.0, torque_n_m: Vector3::zeros() });
    for _ in 0..300 {
        arm.step(true, DT_S);
    }
    let moved = arm.model().forward(&arm.state().q).translation.vector - start;
    assert!(moved.y > 1e-5 && moved.x.abs() < 0.2 * moved.y, "{moved}");
    assert!((arm.sample().wrench.force_n.y - 3.0).abs() < 0.2);
}

#[test]
fn dexterity_falls_toward_the_centre_and_reach_toward_the_ends() {
    let mut arm = arm();
    let mut at = |insertion_m: f64, wrist: f64| {
        let mut q = PsmJoints::from(HOME);
        (q[2], q[4]) = (insertion_m, wrist);
        arm.driven.place(q);
        arm.measure();
        *arm.sample()
    };
    let (deep, home, shallow) = (at(0.2, 0.0), at(0.0963, 0.0), at(0.02, 0.0));
    assert!(deep.dexterity > home.dexterity && home.dexterity > shallow.dexterity);
    assert!(home.dexterity > 0.2 && shallow.dexterity < 0.1, "{home:?} {shallow:?}");
    assert!(home.limit_margin > 0.5);
    assert!((at(0.0963, 1.39).limit_margin - 0.0045).abs() < 1e-3);
}

#[test]
fn a_step_allocates_nothing() {
    let mut arm = arm();
    arm.stand();
    let goal = arm.model().forward(&arm.state().q);
    let counted = allocation_counter::measure(|| {
        for _ in 0..20 {
            let joints = arm.joints_for(&goal, 0.1).unwrap();
            arm.follow(&joints, DT_S);
            arm.step(true, DT_S);
        }
    });
    assert_eq!(counted.count_total, 0);
}
