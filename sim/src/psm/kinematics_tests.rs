//! Facts about the patient-side arm: its remote centre, its published table, its inverse.

use nalgebra::{Matrix4, Rotation3, Translation3, UnitQuaternion};
use proptest::prelude::*;

use super::*;

/// The table of the dVRK user guide, modified Denavit-Hartenberg: twist, length, offset of the angle, offset of the
/// distance, and whether the joint slides. The last row is the tip.
const TABLE: [(f64, f64, f64, f64, bool); 7] = {
    const R: f64 = std::f64::consts::FRAC_PI_2;
    [
        (R, 0.0, R, 0.0, false),
        (-R, 0.0, -R, 0.0, false),
        (R, 0.0, 0.0, -0.4318, true),
        (0.0, 0.0, 0.0, 0.4162, false),
        (-R, 0.0, -R, 0.0, false),
        (-R, 0.0091, -R, 0.0, false),
        (-R, 0.0, R, 0.0102, false),
    ]
};

/// The product of the rows: `Rx(α)·Tx(a)·Rz(θ)·Tz(d)` each (Craig).
fn published(q: &PsmJoints) -> Matrix4<f64> {
    TABLE.iter().enumerate().fold(Matrix4::identity(), |pose, (i, row)| {
        let (twist, length, mut turn, mut slide, slides) = *row;
        match (i, slides) {
            (6, _) => {}
            (_, true) => slide += q[i],
            (_, false) => turn += q[i],
        }
        pose * Rotation3::from_axis_angle(&Vector3::x_axis(), twist).to_homogeneous()
            * Translation3::new(length, 0.0, 0.0).to_homogeneous()
            * Rotation3::from_axis_angle(&Vector3::z_axis(), turn).to_homogeneous()
            * Translation3::new(0.0, 0.0, slide).to_homogeneous()
    })
}

fn psm() -> PsmModel {
    PsmModel::shipped().unwrap()
}

/// Joints at these shares of their ranges.
fn spread(psm: &PsmModel, shares: [f64; PSM_JOINTS]) -> PsmJoints {
    let mut q = PsmJoints::zeros();
    for ((q, joint), share) in q.iter_mut().zip(psm.tree().joints()).zip(shares) {
        *q = joint.lower + (joint.upper - joint.lower) * share;
    }
    q
}

#[test]
fn at_zero_the_shaft_hangs_down_and_the_tool_points_along_it() {
    let tip = psm().forward(&PsmJoints::zeros());
    let want = Vector3::new(0.0, 0.0, 0.4318 - 0.4162 - 0.0091 - 0.0102);
    assert!((tip.translation.vector - want).norm() < 1e-12, "{tip}");
    assert!((tip.rotation * Vector3::z() + Vector3::z()).norm() < 1e-12);
}

#[test]
fn every_joint_has_the_published_range_and_effort() {
    let degrees = |x: f64| x.to_radians();
    let want = [
        (degrees(91.0), degrees(91.0), 4.97),
        (degrees(53.0), degrees(53.0), 4.97),
        (0.0, 0.24, 14.81),
        (degrees(260.0), degrees(260.0), 0.33),
        (degrees(80.0), degrees(80.0), 0.25),
        (degrees(80.0), degrees(80.0), 0.2),
        (degrees(40.0), degrees(80.0), 0.16),
    ];
    let psm = psm();
    for (i, (joint, (below, above, effort))) in psm.tree().joints().zip(want).enumerate() {
        assert!((joint.lower + below).abs() < 1e-5 && (joint.upper - above).abs() < 1e-5, "{i}");
        assert_eq!((joint.effort_max, psm.slides(i)), (effort, i == 2));
    }
}

#[test]
fn what_the_arm_can_not_reach_is_refused_with_the_joint() {
    let psm = psm();
    let home = PsmJoints::from_column_slice(&[0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0]);
    let tip = psm.forward(&home);
    let at = |x: f64, y: f64, z: f64| {
        let mut pose = tip;
        pose.translation = Translation3::new(x, y, z);
        psm.inverse(&pose, 0.0, &home)
    };
    assert!(at(0.0, 0.0, -0.1).is_ok());
    assert!(matches!(at(0.0, 0.0, -0.3), Err(PsmError::Range { joint: 2, .. })));
    assert!(matches!(at(0.0, 0.2, -0.1), Err(PsmError::Range { joint: 1, .. })));
    assert!(matches!(at(0.0, 0.0, -0.0193), Err(PsmError::AtCentre { .. })));
    assert!(at(f64::NAN, 0.0, -0.1).is_err());
    let folded = UnitQuaternion::from_axis_angle(&Vector3::x_axis(), 1.5);
    let pose = Isometry3::from_parts(tip.translation, folded * tip.rotation);
    assert!(matches!(psm.inverse(&pose, 0.0, &home), Err(PsmError::Range { .. })));
}

proptest! {
    /// The remote centre stays in the shaft, wherever the joints are.
    #[test]
    fn the_remote_centre_does_not_move(shares in prop::array::uniform7(0.0_f64..=1.0)) {
        let psm = psm();
        let q = spread(&psm, shares);
        let poses = psm.tree().poses(&q);
        prop_assert!(psm.beside_centre_m(&poses) < 1e-9, "{}", psm.beside_centre_m(&poses));
        // Insertion is depth: the wrist is 15.6 mm above the centre at insertion 0.
        prop_assert!((psm.depth_m(&poses) - (q[2] - 0.0156)).abs() < 1e-12);
    }

    #[test]
    fn the_pose_is_that_of_the_published_table(shares in prop::array::uniform7(0.0_f64..=1.0)) {
        let psm = psm();
        let q = spread(&psm, shares);
        let off = psm.forward(&q).to_homogeneous() - published(&q);
        prop_assert!(off.amax() < 1e-12, "{off}");
    }

    /// The inverse undoes the pose wherever the wrist is below the centre.
    #[test]
    fn the_inverse_finds_the_joints_again(shares in prop::array::uniform7(0.01_f64..=0.99)) {
        let psm = psm();
        let mut q = spread(&psm, shares);
        q[2] = 0.03 + 0.2 * shares[2];
        let near = q.add_scalar(0.1);
        let found = psm.inverse(&psm.forward(&q), q[6], &near);
        prop_assert!(found.is_ok(), "{q} {found:?}");
        prop_assert!((found.unwrap() - q).amax() < 1e-9, "{q}");
    }
}
