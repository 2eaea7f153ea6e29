//! A millisecond of two arms that carry a ring allocates nothing.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::pose::Pose;
use robot_agent::robot::{ArmOrder, Order};
use sim::bedside::Plant;
use sim::psm::PsmPlant;
use sim::task::{PegBoard, RING_HOLE_RADIUS_M, RING_RADIUS_M};
use sim::truth::Watched as _;

#[test]
fn a_step_of_arms_and_board_allocates_nothing() {
    let mut plant = PsmPlant::shipped(1).unwrap().over(PegBoard::new());
    plant.enable_drives();
    let wall_m = 0.5 * (RING_HOLE_RADIUS_M + RING_RADIUS_M);
    let ring = plant.board().unwrap().rings()[0].pose().translation.vector;
    let turn =
        UnitQuaternion::from_euler_angles(core::f64::consts::PI, 0.0, 0.5 * core::f64::consts::PI);
    let at = |m: Vector3<f64>| Pose::new(Isometry3::from_parts(Translation3::from(m), turn));
    let mut jaw_rad = 0.8_f64;
    let mut order = |height_m: f64, jaw_to_rad: f64, ticks: u32| {
        let left = at(ring + Vector3::new(wall_m, 0.0, height_m));
        let right = at(Vector3::new(0.0, -0.1, -0.1));
        for _ in 0..ticks {
            jaw_rad += (jaw_to_rad - jaw_rad).clamp(-2e-3, 2e-3);
            let order = Order::Servo { arms: [left, right].map(|tip| ArmOrder { tip, jaw_rad }) };
            plant.step(Some(&order));
        }
    };
    let info = allocation_counter::measure(|| {
        order(0.03, 0.8, 2_000);
        order(0.0, 0.8, 1_000);
        order(0.0, 0.0, 500);
        order(0.03, 0.0, 1_000);
    });
    assert_eq!(info.count_total, 0);
    assert_eq!(plant.board().unwrap().score().picked, 1, "it carried nothing");
}
