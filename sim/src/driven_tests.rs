//! Facts about driven joints, on both arms.

use nalgebra::Vector3;
use proptest::prelude::*;

use super::*;
use crate::rigid::{Force, no_outside};

type V = SVector<f64, 7>;

const HOME: [f64; 7] =
    [0.0, -0.181_472_146_171, 0.0, -2.121_642_173_643, 0.0, 1.940_170_027_472, 0.0];

fn arm7() -> Driven<7> {
    let tree = Tree::from_urdf(include_str!("../models/arm7.urdf")).unwrap();
    Driven::at_rest(tree, V::from(HOME), &Tuning::default())
}

fn psm() -> Driven<7> {
    let tree = Tree::from_urdf(include_str!("../models/psm.urdf")).unwrap();
    let home = V::from([0.1, -0.2, 0.1, 0.5, 0.3, -0.4, 0.2]);
    let tuning = Tuning { bandwidth_rad_s: 100.0, ..Tuning::default() };
    Driven::at_rest(tree, home, &tuning)
}

fn hold(arm: &Driven<7>) -> Target<7> {
    Target::rest(arm.state().q)
}

#[test]
fn an_arm_that_is_held_stays_where_it_is_under_gravity() {
    for mut arm in [arm7(), psm()] {
        let (target, start) = (hold(&arm), arm.state().q);
        for _ in 0..1_000 {
            arm.step(&target, &no_outside(), 1e-3);
        }
        assert!((arm.state().q - start).amax() < 1e-6, "{}", arm.state().q - start);
        let weight = arm.tree().gravity_efforts(&start);
        assert!((arm.effort() - weight).amax() < 1e-3 && weight.amax() > 2.0, "{weight}");
    }
}

#[test]
fn a_small_step_settles_within_150_ms_and_hardly_rings() {
    for mut arm in [arm7(), psm()] {
        let (start, wanted) = (arm.state().q, arm.state().q.add_scalar(0.002));
        let mut over = f64::NEG_INFINITY;
        for _ in 0..150 {
            arm.step(&Target::rest(wanted), &no_outside(), 1e-3);
            over = over.max((arm.state().q - wanted).max());
        }
        for ((joint, stiffness), off) in
            arm.tree().joints().zip(arm.stiffness().iter()).zip((arm.state().q - wanted).iter())
        {
            // What remains is dry friction over stiffness, as on a real joint.
            let stuck = joint.coulomb / stiffness;
            assert!(off.abs() < stuck + 2e-5, "{} {off} {stuck}", joint.name);
        }
        assert!(over < 1e-4, "{over} from {start}");
    }
}

#[test]
fn one_joint_that_accelerates_pulls_at_its_neighbours() {
    let mut arm = arm7();
    let start = arm.state().q;
    let mut wanted = start;
    wanted[1] += 0.05;
    let mut pulled = 0.0_f64;
    for _ in 0..100 {
        arm.step(&Target::rest(wanted), &no_outside(), 1e-3);
        pulled = pulled.max((arm.state().q[3] - start[3]).abs());
    }
    assert!(pulled > 1e-4, "{pulled}");
}

/// Speeds up and stops all joints at once; with the arm's own model the servos have nearly nothing left to do.
#[test]
fn a_smooth_motion_is_followed_and_its_end_is_an_end() {
    for mut arm in [arm7(), psm()] {
        let start = arm.state().q;
        let mut behind = 0.0_f64;
        for n in 0..250 {
            let t = f64::from(n) * 1e-3;
            // A hump of speed over 200 ms.
            let (sin, cos) = (std::f64::consts::PI * t.min(0.2) / 0.2).sin_cos();
            let rate = std::f64::consts::PI / 0.2;
            let (q, v, a) = ((1.0 - cos) / rate, sin, if t < 0.2 { rate * cos } else { 0.0 });
            let state = State { q: start.add_scalar(0.1 * q), v: V::repeat(0.1 * v) };
            let acceleration = V::repeat(0.1 * a);
            arm.step(&Target::Follow { state, acceleration }, &no_outside(), 1e-3);
            behind = behind.max((arm.state().q - state.q).amax());
        }
        assert!(behind < 3e-3, "{behind} behind");
        assert!(arm.state().v.amax() < 0.02, "{}", arm.state().v);
    }
}

#[test]
fn drives_give_no_more_than_they_have_and_the_arm_gives_way() {
    let mut arm = arm7();
    let (target, start) = (hold(&arm), arm.state().q);
    // 20 N·m about the last joint, whose drive gives 12.
    let mut outside = no_outside();
    outside[6] = Force { moment_n_m: Vector3::z() * 20.0, force_n: Vector3::zeros() };
    for _ in 0..500 {
        arm.step(&target, &outside, 1e-3);
        for (joint, effort) in arm.tree().joints().zip(arm.effort().iter()) {
            assert!(effort.abs() <= joint.effort_max, "{} {effort}", joint.name);
        }
    }
    assert!(arm.state().q[6] - start[6] > 0.5, "{}", arm.state().q[6] - start[6]);
}

#[test]
fn an_outside_torque_bends_a_joint_by_torque_over_stiffness() {
    let mut arm = arm7();
    let (target, start) = (hold(&arm), arm.state().q);
    let mut outside = no_outside();
    outside[6] = Force { moment_n_m: Vector3::z() * 2.0, force_n: Vector3::zeros() };
    for _ in 0..800 {
        arm.step(&target, &outside, 1e-3);
    }
    let bent = arm.state().q[6] - start[6];
    let (want, stuck) = (2.0 / arm.stiffness()[6], 0.04 / arm.stiffness()[6]);
    assert!((bent - want).abs() <= stuck + 1e-5, "{bent} {want}");
}

#[test]
fn the_brakes_stop_full_speed_and_then_hold_against_gravity_and_a_push() {
    for mut arm in [arm7(), psm()] {
        arm.state.v = arm.tree().of_joints(|joint| joint.velocity_max);
        let mut stood = None;
        for ms in 0..100 {
            arm.step(&Target::Brake, &no_outside(), 1e-3);
            if arm.state().v.amax() == 0.0 {
                stood = stood.or(Some(ms));
            }
        }
        // All joints at once, at the reach that home has: 2.6 kg·m² and its neighbours under 130 N·m.
        assert!(stood.is_some_and(|ms| ms < 90), "{stood:?} {}", arm.state().v);
        let stopped = *arm.state();
        let mut outside = no_outside();
        outside[6] = Force { moment_n_m: Vector3::zeros(), force_n: Vector3::y() * 0.5 };
        for _ in 0..1_000 {
            arm.step(&Target::Brake, &outside, 1e-3);
        }
        assert_eq!(*arm.state(), stopped);
    }
}

#[test]
fn a_step_of_no_time_changes_nothing_and_a_target_that_is_none_brakes() {
    let mut arm = arm7();
    let before = *arm.state();
    for dt_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        arm.step(&hold(&arm), &no_outside(), dt_s);
    }
    assert_eq!(*arm.state(), before);
    arm.step(&Target::rest(V::repeat(f64::NAN)), &no_outside(), 1e-3);
    assert_eq!(*arm.state(), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is asked and whatever pushes, joints stay inside range and speed, and drives inside their efforts.
    #[test]
    fn limits_hold_for_any_input(
        goal in prop::array::uniform7(-10.0_f64..10.0),
        speed in prop::array::uniform7(-100.0_f64..100.0),
        push in prop::array::uniform3(-300.0_f64..300.0),
        which in any::<bool>(),
    ) {
        let mut arm = if which { arm7() } else { psm() };
        let state = State { q: V::from(goal), v: V::from(speed) };
        let target = Target::Follow { state, acceleration: V::from(speed) * 10.0 };
        let mut outside = no_outside();
        outside[6] = Force { moment_n_m: Vector3::zeros(), force_n: Vector3::from(push) };
        for _ in 0..200 {
            arm.step(&target, &outside, 1e-3);
            let state = *arm.state();
            for (i, joint) in arm.tree().joints().enumerate() {
                prop_assert!((joint.lower..=joint.upper).contains(&state.q[i]), "{}", state.q[i]);
                prop_assert!(state.v[i].abs() <= joint.velocity_max, "{}", state.v[i]);
                prop_assert!(arm.effort()[i].abs() <= joint.effort_max, "{}", arm.effort()[i]);
            }
        }
    }
}
