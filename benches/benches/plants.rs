//! The cost of a millisecond of the simulated robots: `cargo bench -p benches --bench plants`.
//!
//! Each step is that of the plant alone, as [`sim::bedside::Plant`] makes it once a millisecond.

#![expect(clippy::unwrap_used, reason = "a bench that can not be set up has nothing to measure")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nalgebra::{Isometry3, Vector3};
use protocol::ARMS;
use protocol::pose::Pose;
use protocol::time::Moment;
use robot_agent::robot::{ArmOrder, Order};
use sim::bedside::Plant;
use sim::carebase::{CareModel, CarePlant};
use sim::psm::{PsmModel, PsmPlant};
use sim::rigid::no_outside;
use sim::task::PegBoard;
use sim::{ArmModel, Command, Phantom, Placement, UltrasoundPlant};

const DT_S: f64 = 1e-3;

/// The probe pressed 9 mm into the abdomen, sliding to and fro.
fn arm7(c: &mut Criterion) {
    let phantom = Phantom::shipped().unwrap();
    let pressed =
        |x_m: f64| phantom.probe_pose(&Placement { x_m, press_m: 0.009, ..Placement::default() });
    let mut plant = UltrasoundPlant::new(ArmModel::shipped().unwrap(), phantom.clone(), 1);
    plant.enable_drives();
    let mut tick = 0_u32;
    let mut step = |plant: &mut UltrasoundPlant| {
        tick += 1;
        let goal = pressed(0.01 * (f64::from(tick) * 2e-3).sin());
        plant.step(DT_S, Command::Follow(&goal));
    };
    for _ in 0..4_000 {
        step(&mut plant);
    }
    let goal = pressed(0.0);
    assert!(plant.true_wrench().force_n.norm() > 1.0, "the probe does not touch");
    c.bench_function("plant step, arm7 in contact", |b| {
        b.iter(|| plant.step(DT_S, Command::Follow(black_box(&goal))));
    });
    assert!(plant.true_wrench().force_n.norm() > 1.0, "the bench measured a probe in the air");
}

/// Both tips on circles of 5 mm, wrists turning, jaws opening, in the air and over the board.
fn psm(c: &mut Criterion) {
    circles(c, "plant step, two psm", PsmPlant::shipped(1).unwrap());
    let over = PsmPlant::shipped(1).unwrap().over(PegBoard::new());
    circles(c, "plant step, two psm over the board", over);
}

fn circles(c: &mut Criterion, name: &str, mut plant: PsmPlant) {
    plant.enable_drives();
    let start = plant.measure(Moment::from_ns(0)).arms;
    let order = |tick: u32| {
        let (sin, cos) = (f64::from(tick) * 4e-3).sin_cos();
        let arms = start.map(|arm| {
            let mut iso: Isometry3<f64> = arm.tip.iso;
            iso.translation.vector += Vector3::new(1.0 - cos, sin, 1.0 - cos) * 0.005;
            ArmOrder { tip: Pose::new(iso), jaw_rad: 0.2 * (1.0 - cos) }
        });
        Order::Servo { arms }
    };
    let mut tick = 0;
    c.bench_function(name, |b| {
        b.iter(|| {
            tick += 1;
            plant.step(black_box(Some(&order(tick))));
        });
    });
    let Order::Servo { arms } = order(tick) else { return };
    let tips = plant.measure(Moment::from_ns(0)).arms;
    for (asked, tip) in arms.iter().zip(&tips).take(ARMS) {
        let off_m = (asked.tip.position() - tip.tip.position()).norm();
        assert!(off_m < 1e-3, "the bench measured arms that did not follow: {off_m} m off");
    }
}

/// A base that drives in circles.
fn carebase(c: &mut Criterion) {
    let mut plant = CarePlant::new(CareModel::shipped().unwrap(), 1);
    plant.enable_drives();
    let order = Order::Drive { linear_m_s: 0.3, angular_rad_s: 0.6 };
    c.bench_function("plant step, carebase", |b| b.iter(|| plant.step(black_box(Some(&order)))));
}

/// What a step is made of.
fn dynamics(c: &mut Criterion) {
    let arm = ArmModel::shipped().unwrap();
    let (tree, q) = (arm.tree(), *arm.home_rad());
    let (v, effort) = (q * 0.1, q * 3.0);
    c.bench_function("forward dynamics, 7 joints", |b| {
        b.iter(|| tree.forward_dynamics(black_box(&q), &v, &effort, &no_outside()));
    });
    c.bench_function("inverse dynamics, 7 joints", |b| {
        b.iter(|| tree.inverse_dynamics(black_box(&q), &v, &effort, &no_outside()));
    });
    c.bench_function("mass matrix, 7 joints", |b| b.iter(|| tree.mass_matrix(black_box(&q))));
    let psm = PsmModel::shipped().unwrap();
    let joints = sim::psm::PsmJoints::from([0.1, 0.2, 0.1, 0.3, 0.2, -0.2, 0.1]);
    let tip = psm.forward(&joints);
    c.bench_function("inverse kinematics, psm", |b| {
        b.iter(|| psm.inverse(black_box(&tip), 0.1, &joints).unwrap());
    });
}

criterion_group!(plants, arm7, psm, carebase, dynamics);
criterion_main!(plants);
