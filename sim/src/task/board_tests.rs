//! Facts about the board.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};

use super::*;
use crate::psm::{PSM_PORTS_M, PsmJoints, PsmModel};
use crate::task::{BOARD_CENTRE_M, BOARD_HALF_M, Group, PEG_HEIGHT_M, RING_RADIUS_M};

/// The tool straight down at a point of the robot's base, in the frame of an arm.
fn straight_down(at_m: &Vector3<f64>, port_m: &Vector3<f64>) -> Isometry3<f64> {
    let down = UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, 0.0);
    Isometry3::from_parts(Translation3::from(at_m - port_m), down)
}

#[test]
fn both_arms_reach_every_peg_and_lift_a_ring_over_it_inside_the_cone_of_the_profile() {
    let (model, board) = (PsmModel::shipped().unwrap(), PegBoard::new());
    let mut least = 1.0_f64;
    for port_m in PSM_PORTS_M {
        for peg in board.pegs() {
            // On the board, and with the whole ring over the peg.
            for height in [0.0, 0.5 * PEG_HEIGHT_M, PEG_HEIGHT_M + 10e-3] {
                let tip = straight_down(&(peg.foot_m + Vector3::z() * height), &port_m);
                let q = model.inverse(&tip, 0.0, &PsmJoints::zeros()).unwrap();
                least = least.min(model.limit_margin(&q));
                let cone = q[0].cos() * q[1].cos();
                assert!(cone > 52_f64.to_radians().cos(), "{} rad", cone.acos());
            }
        }
    }
    assert!(least > 0.05, "{least} of the range of a joint");
}

#[test]
fn pegs_are_mirrored_and_rings_lie_apart_from_each_other_and_inside_the_board() {
    let board = PegBoard::new();
    for (left, right) in board.pegs().iter().take(6).zip(board.pegs().iter().skip(6)) {
        assert_eq!((left.group, right.group), (Group::Left, Group::Right));
        let mirrored = Vector3::new(left.foot_m.x, -left.foot_m.y, left.foot_m.z);
        assert!((right.foot_m - mirrored).norm() < 1e-12);
    }
    for (n, ring) in board.rings().iter().enumerate() {
        let at = ring.pose().translation.vector - BOARD_CENTRE_M;
        assert!(at.x.abs() + RING_RADIUS_M < BOARD_HALF_M[0] && at.y > 0.0);
        assert!(at.y + RING_RADIUS_M < BOARD_HALF_M[1]);
        for other in board.rings().iter().skip(n + 1) {
            let apart = (other.pose().translation.vector - ring.pose().translation.vector).norm();
            assert!(apart > 2.0 * RING_RADIUS_M + 4e-3, "{apart}");
        }
    }
}
