//! Facts about the plant.

use super::*;
use crate::phantom::Placement;

const DT: f64 = 1e-3;

fn plant(seed: u64) -> UltrasoundPlant {
    let mut plant =
        UltrasoundPlant::new(ArmModel::shipped().unwrap(), Phantom::shipped().unwrap(), seed);
    plant.enable_drives();
    plant
}

fn press(plant: &UltrasoundPlant, x_m: f64, y_m: f64, press_m: f64) -> Isometry3<f64> {
    plant.phantom().probe_pose(&Placement { x_m, y_m, press_m, ..Placement::default() })
}

fn follow(plant: &mut UltrasoundPlant, pose: &Isometry3<f64>, ticks: usize) {
    for _ in 0..ticks {
        plant.step(DT, Command::Follow(pose));
    }
}

/// Lowers the setpoint at 30 mm/s, as the governor would.
fn lower(plant: &mut UltrasoundPlant, x_m: f64, y_m: f64, press_m: f64) {
    for tick in 0..=2400 {
        let pose = press(plant, x_m, y_m, press_m - 0.03 * f64::from(2400 - tick) * DT);
        plant.step(DT, Command::Follow(&pose));
    }
}

#[test]
fn in_free_space_the_tip_reaches_its_setpoint() {
    let mut plant = plant(1);
    let goal = press(&plant, -0.04, 0.03, -0.03);
    follow(&mut plant, &goal, 2500);
    let error = plant.tip().translation.vector - goal.translation.vector;
    assert!(error.norm() < 5e-4, "{error}");
    assert!(plant.tip().rotation.angle_to(&goal.rotation) < 3e-3);
    assert!(plant.true_wrench().force_n.norm() < 1e-9);
}

#[test]
fn pressing_meets_the_force_of_an_abdomen_and_settles() {
    let mut plant = plant(1);
    lower(&mut plant, 0.0, 0.0, 0.010);
    let goal = press(&plant, 0.0, 0.0, 0.010);
    follow(&mut plant, &goal, 1000);
    let mut forces = Vec::new();
    for _ in 0..200 {
        plant.step(DT, Command::Follow(&goal));
        forces.push(plant.true_wrench().force_n.z);
    }
    let mean = forces.iter().sum::<f64>() / forces.len() as f64;
    assert!((4.0..9.0).contains(&mean), "{mean} N");
    let ripple = forces.iter().fold(0.0_f64, |m, f| m.max((f - mean).abs()));
    assert!(ripple < 0.05, "{ripple} N of chatter");
}

#[test]
fn the_stiffest_place_pressed_hard_stays_stable() {
    let mut plant = plant(1);
    lower(&mut plant, -0.06, 0.14, 0.020);
    let goal = press(&plant, -0.06, 0.14, 0.020);
    follow(&mut plant, &goal, 1500);
    // The joints may still be drifting to mid-range; the tip may not.
    assert!(plant.twist().linear_m_s.norm() < 1e-3, "{}", plant.twist().linear_m_s);
    assert!(plant.true_wrench().force_n.norm() > 15.0);
}

#[test]
fn silence_trips_the_watchdog_after_30_ms_and_only_enabling_clears_it() {
    let mut plant = plant(1);
    let goal = press(&plant, 0.05, 0.0, -0.05);
    follow(&mut plant, &goal, 200);
    for _ in 0..30 {
        plant.step(DT, Command::Silence);
    }
    assert_eq!(plant.drives(), Drives::On);
    plant.step(DT, Command::Silence);
    assert!(plant.watchdog_tripped());
    follow(&mut plant, &goal, 100);
    assert!(plant.watchdog_tripped());
    assert!(plant.joint_velocity_rad_s().amax() < 1e-12);
    plant.enable_drives();
    follow(&mut plant, &goal, 2000);
    assert!((plant.tip().translation.vector - goal.translation.vector).norm() < 5e-4);
}

#[test]
fn a_hold_keeps_the_watchdog_fed_and_the_arm_still() {
    let mut plant = plant(1);
    let before = *plant.tip();
    for _ in 0..500 {
        plant.step(DT, None.into());
    }
    assert_eq!(plant.drives(), Drives::On);
    assert!((plant.tip().translation.vector - before.translation.vector).norm() < 1e-9);
}

#[test]
fn a_pose_that_is_not_a_number_counts_as_silence() {
    let mut plant = plant(1);
    let mut goal = *plant.tip();
    goal.translation.vector.x = f64::NAN;
    follow(&mut plant, &goal, 40);
    assert!(plant.watchdog_tripped());
}

#[test]
fn without_drives_nothing_moves() {
    let mut plant = plant(1);
    plant.disable_drives();
    let before = *plant.tip();
    let goal = press(&plant, 0.0, 0.0, 0.0);
    follow(&mut plant, &goal, 500);
    assert_eq!(*plant.tip(), before);
    assert_eq!(plant.drives(), Drives::Off);
}

/// Bits of everything measured over a run, folded into one number.
fn digest(seed: u64) -> u64 {
    let mut plant = plant(seed);
    let mut sum = 0_u64;
    for tick in 0..3000 {
        let goal = press(&plant, 0.02 * (f64::from(tick) * DT).sin(), 0.0, 0.005);
        plant.step(DT, Command::Follow(&goal));
        for x in plant.joints_rad().iter().chain(plant.sensed_wrench().force_n.iter()) {
            sum = sum.rotate_left(7) ^ x.to_bits();
        }
    }
    sum
}

#[test]
fn one_seed_is_one_run() {
    assert_eq!(digest(5), digest(5));
    assert_ne!(digest(5), digest(6));
}
