//! Where the tip is, and how it moves with the joints.

use nalgebra::{Isometry3, SMatrix, Translation3, UnitQuaternion, Vector3};

use super::model::{ArmModel, JOINTS, JointVector};

/// Tip twist per joint speed. Shape: 6×7; rows 0–2 linear (m/rad), rows 3–5 angular (rad/rad).
/// Frame: base axes, at the tip point.
pub type Jacobian = SMatrix<f64, 6, JOINTS>;

/// Pose of the tip in the base frame at these joint angles.
pub fn forward(arm: &ArmModel, joints_rad: &JointVector) -> Isometry3<f64> {
    let mut pose = Isometry3::identity();
    for (joint, angle) in arm.joints().iter().zip(joints_rad.iter()) {
        pose *= joint.origin * UnitQuaternion::from_axis_angle(&joint.axis, *angle);
    }
    pose * arm.tip()
}

/// Pose of the tip in the base frame, and the geometric Jacobian there. No allocation.
pub fn tip_and_jacobian(arm: &ArmModel, joints_rad: &JointVector) -> (Isometry3<f64>, Jacobian) {
    let mut axes = [(Vector3::zeros(), Vector3::zeros()); JOINTS];
    let mut pose = Isometry3::identity();
    for ((joint, angle), axis) in arm.joints().iter().zip(joints_rad.iter()).zip(&mut axes) {
        pose *= joint.origin;
        *axis = (pose.rotation * joint.axis.into_inner(), pose.translation.vector);
        pose *= Isometry3::from_parts(
            Translation3::identity(),
            UnitQuaternion::from_axis_angle(&joint.axis, *angle),
        );
    }
    let tip = pose * arm.tip();
    let mut jacobian = Jacobian::zeros();
    for (mut column, (axis, origin)) in jacobian.column_iter_mut().zip(axes) {
        let linear = axis.cross(&(tip.translation.vector - origin));
        column.fixed_rows_mut::<3>(0).copy_from(&linear);
        column.fixed_rows_mut::<3>(3).copy_from(&axis);
    }
    (tip, jacobian)
}

/// Distance from a singular posture: √det(J·Jᵀ) (Yoshikawa 1985). 0 when a direction of motion is lost.
///
/// Mixes metres and radians, so compare it only with values of the same arm (`arm7` at home: about 0.09).
pub fn manipulability(jacobian: &Jacobian) -> f64 {
    (jacobian * jacobian.transpose()).determinant().max(0.0).sqrt()
}

/// Room to the nearest joint limit: 1 when every joint is mid-range, 0 when one is at its limit.
pub fn limit_margin(arm: &ArmModel, joints_rad: &JointVector) -> f64 {
    arm.joints()
        .iter()
        .zip(joints_rad.iter())
        .map(|(joint, angle)| {
            let half = 0.5 * (joint.upper_rad - joint.lower_rad);
            (angle - joint.lower_rad).min(joint.upper_rad - angle) / half
        })
        .fold(1.0, f64::min)
        .clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arm() -> ArmModel {
        ArmModel::shipped().unwrap()
    }

    #[test]
    fn at_home_the_probe_points_straight_down_over_the_bed() {
        let arm = arm();
        let tip = forward(&arm, arm.home_rad());
        assert!((tip.translation.vector - Vector3::new(0.5, 0.0, 0.35)).norm() < 1e-9);
        assert!((tip.rotation * Vector3::z() + Vector3::z()).norm() < 1e-9);
        assert!((tip.rotation * Vector3::x() - Vector3::x()).norm() < 1e-9);
    }

    /// The stretched arm can be added up by hand: 333 + 316 + 384 mm up, 88 mm out, 247 mm down again.
    #[test]
    fn the_stretched_arm_adds_up_by_hand() {
        let tip = forward(&arm(), &JointVector::zeros());
        let want = Vector3::new(0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.247);
        assert!((tip.translation.vector - want).norm() < 1e-12, "{tip}");
    }

    #[test]
    fn manipulability_falls_when_the_arm_stretches() {
        let arm = arm();
        let at = |q: &JointVector| manipulability(&tip_and_jacobian(&arm, q).1);
        assert!((at(arm.home_rad()) - 0.09).abs() < 0.005, "{}", at(arm.home_rad()));
        assert!(at(&JointVector::zeros()) < 1e-6);
    }

    #[test]
    fn the_margin_is_zero_at_a_limit_and_one_in_the_middle() {
        let arm = arm();
        let mut q = JointVector::zeros();
        for (angle, joint) in q.iter_mut().zip(arm.joints()) {
            *angle = 0.5 * (joint.lower_rad + joint.upper_rad);
        }
        assert!((limit_margin(&arm, &q) - 1.0).abs() < 1e-12);
        q[3] = arm.joints()[3].upper_rad;
        assert!(limit_margin(&arm, &q) < 1e-12);
    }

    proptest! {
        /// The Jacobian is the derivative of the forward kinematics, at any posture.
        #[test]
        fn the_jacobian_is_the_derivative_of_the_pose(angles in prop::array::uniform7(-2.8_f64..2.8)) {
            let arm = arm();
            let q = JointVector::from_column_slice(&angles);
            let (tip, jacobian) = tip_and_jacobian(&arm, &q);
            prop_assert!((tip.translation.vector - forward(&arm, &q).translation.vector).norm() < 1e-12);
            let h = 1e-6;
            for i in 0..JOINTS {
                let (mut up, mut down) = (q, q);
                up[i] += h;
                down[i] -= h;
                let (a, b) = (forward(&arm, &down), forward(&arm, &up));
                let linear = (b.translation.vector - a.translation.vector) / (2.0 * h);
                let angular = (b.rotation * a.rotation.inverse()).scaled_axis() / (2.0 * h);
                prop_assert!((jacobian.fixed_view::<3, 1>(0, i) - linear).norm() < 1e-7);
                prop_assert!((jacobian.fixed_view::<3, 1>(3, i) - angular).norm() < 1e-7);
            }
        }
    }
}
