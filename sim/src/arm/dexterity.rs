//! How far a posture is from a singular one, as one number that means the same for arms of any size.
//!
//! Problem: the determinant of the Jacobian (Yoshikawa) mixes metres with radians and grows with the arm, so no
//! limit on it can stand in a profile. The ratio of the smallest to the largest singular value of the
//! translational Jacobian has no unit: the tip speed in the slowest direction over that in the fastest, at the
//! same effort of the joints. Divided by the best ratio that the arm has anywhere, it is 1 in every arm's best
//! posture.
//!
//! The rows of translation alone fail, because an order is a whole pose: the stretched arm can still move its tip
//! outward by turning the wrist. Of `arm7` with its probe down they say 0.41 at home and still 0.26 at the end of
//! its reach, where the elbow is straight. So only those joint motions count that do not turn the tip: 0.49 at
//! home, 0.01 at the end.

use nalgebra::Matrix3;

use super::kinematics::{Jacobian, tip_and_jacobian};
use super::model::{ArmModel, JOINTS, JointVector};

/// Postures per joint of the first, coarse search. The first joint turns everything alike and the last turns
/// the tool: neither is searched.
const GRID: usize = 5;

/// Halvings of the step of the second, fine search: 1/8 of a joint's range down to 1/1000.
const HALVINGS: i32 = 7;

/// Keeps the inverse finite where the tip can not turn in one direction; far below what a joint adds (1).
const DAMPING: f64 = 1e-9;

/// Smallest over largest singular value of the translational Jacobian of the joint motions that do not turn the
/// tip: 1 where it moves as easily in every direction, 0 where it can not in one. No allocation; about 140 ns.
pub fn isotropy(jacobian: &Jacobian) -> f64 {
    let (linear, angular) = (jacobian.fixed_rows::<3>(0), jacobian.fixed_rows::<3>(3));
    let turning = angular * angular.transpose() + Matrix3::identity() * DAMPING;
    let both = linear * angular.transpose();
    // What turns with the tip is taken out: the Schur complement of the rotation in J·Jᵀ.
    let Some(inverse) = turning.try_inverse() else { return 0.0 };
    let free = linear * linear.transpose() - both * inverse * both.transpose();
    let (least, most) = extreme_eigenvalues(&free);
    // Written so that NaN, and an arm that can not move at all, are singular.
    if most > 0.0 { (least.max(0.0) / most).sqrt() } else { 0.0 }
}

/// The highest [`isotropy`] found inside the joint limits: a fixed grid, then steps of one joint at a time from
/// its best point. A function of the model alone; about 1 ms.
pub fn best_isotropy(arm: &ArmModel) -> f64 {
    let at = |q: &JointVector| isotropy(&tip_and_jacobian(arm, q).1);
    let angle = |joint: usize, share: f64| {
        arm.joints().get(joint).map_or(0.0, |j| j.lower_rad + (j.upper_rad - j.lower_rad) * share)
    };
    let searched = 1..JOINTS - 1;
    let mut best = (at(arm.home_rad()), *arm.home_rad());
    for n in 0..GRID.pow(searched.len() as u32) {
        let mut q = *arm.home_rad();
        let mut rest = n;
        for joint in searched.clone() {
            // Half a step from either end: no joint is best at its limit.
            let share = ((rest % GRID) as f64 + 0.5) / GRID as f64;
            rest /= GRID;
            if let Some(q) = q.get_mut(joint) {
                *q = angle(joint, share);
            }
        }
        let here = at(&q);
        if here > best.0 {
            best = (here, q);
        }
    }
    for halving in 0..HALVINGS {
        let share = 0.125 * 0.5_f64.powi(halving);
        for joint in searched.clone() {
            let step = angle(joint, share) - angle(joint, 0.0);
            for step in [-step, step] {
                let mut q = best.1;
                if let Some(q) = q.get_mut(joint) {
                    *q = (*q + step).clamp(angle(joint, 0.0), angle(joint, 1.0));
                }
                let here = at(&q);
                if here > best.0 {
                    best = (here, q);
                }
            }
        }
    }
    best.0
}

/// Least and greatest eigenvalue of a symmetric matrix, in closed form (Smith 1961).
fn extreme_eigenvalues(a: &Matrix3<f64>) -> (f64, f64) {
    let middle = a.trace() / 3.0;
    let apart = a - Matrix3::identity() * middle;
    let size = (apart.norm_squared() / 6.0).sqrt();
    if size <= f64::EPSILON * middle.abs() {
        return (middle, middle);
    }
    let angle = (0.5 * (apart / size).determinant()).clamp(-1.0, 1.0).acos() / 3.0;
    let third = 2.0 * std::f64::consts::FRAC_PI_3;
    (middle + 2.0 * size * (angle + third).cos(), middle + 2.0 * size * angle.cos())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arm::ik::{IkSettings, ik_step};
    use crate::arm::kinematics::forward;

    fn arm() -> ArmModel {
        ArmModel::shipped().unwrap()
    }

    /// The arm with its probe down at this place, or as near as it can get. Unit: metre.
    fn reached(arm: &ArmModel, x_m: f64, z_m: f64) -> Jacobian {
        let (mut q, mut v) = (*arm.home_rad(), JointVector::zeros());
        let mut goal = forward(arm, &q);
        (goal.translation.vector.x, goal.translation.vector.z) = (x_m, z_m);
        for _ in 0..4_000 {
            v = ik_step(arm, &IkSettings::default(), &q, &v, Some(&goal), 1e-3).velocity_rad_s;
            q += v * 1e-3;
        }
        tip_and_jacobian(arm, &q).1
    }

    #[test]
    fn over_the_bed_the_arm_is_dexterous_and_at_the_end_of_its_reach_it_is_not() {
        let arm = arm();
        let best = best_isotropy(&arm);
        assert!((0.75..0.85).contains(&best), "{best}");
        let share = |x_m, z_m| isotropy(&reached(&arm, x_m, z_m)) / best;
        for (x_m, z_m) in [(0.35, 0.2), (0.5, 0.2), (0.5, 0.35), (0.65, 0.25)] {
            assert!(share(x_m, z_m) > 0.25, "{} at {x_m} {z_m}", share(x_m, z_m));
        }
        for (x_m, z_m) in [(1.0, 0.3), (0.9, 0.15), (0.8, 0.48)] {
            assert!(share(x_m, z_m) < 0.03, "{} at {x_m} {z_m}", share(x_m, z_m));
            // The rows of translation alone do not see it.
            let alone = reached(&arm, x_m, z_m).fixed_rows::<3>(0).into_owned().singular_values();
            assert!(alone.min() / alone.max() > 0.2, "{alone}");
        }
    }

    #[test]
    fn what_can_not_move_or_is_no_number_is_singular() {
        assert_eq!(isotropy(&Jacobian::zeros()), 0.0);
        assert_eq!(isotropy(&Jacobian::repeat(f64::NAN)), 0.0);
        assert_eq!(isotropy(&Jacobian::repeat(f64::INFINITY)), 0.0);
    }

    proptest! {
        /// The closed form is the singular value decomposition of the motions that do not turn the tip.
        #[test]
        fn isotropy_is_the_ratio_of_singular_values(angles in prop::array::uniform7(-2.8_f64..2.8)) {
            let arm = arm();
            let jacobian = tip_and_jacobian(&arm, &JointVector::from_column_slice(&angles)).1;
            let angular = jacobian.fixed_rows::<3>(3).into_owned();
            prop_assume!(angular.singular_values().min() > 1e-2);
            let turning = angular.pseudo_inverse(1e-9).unwrap() * angular;
            let still = nalgebra::SMatrix::<f64, JOINTS, JOINTS>::identity() - turning;
            let singular = (jacobian.fixed_rows::<3>(0) * still).singular_values();
            let want = singular.min() / singular.max();
            prop_assert!((isotropy(&jacobian) - want).abs() < 1e-4, "{} {want}", isotropy(&jacobian));
        }

        #[test]
        fn no_posture_inside_the_limits_is_much_better_than_the_best(
            shares in prop::array::uniform7(0.0_f64..1.0),
        ) {
            let arm = arm();
            let q = JointVector::from_fn(|i, _| {
                let joint = &arm.joints()[i];
                joint.lower_rad + (joint.upper_rad - joint.lower_rad) * shares[i]
            });
            let here = isotropy(&tip_and_jacobian(&arm, &q).1);
            prop_assert!(here <= 1.02 * best_isotropy(&arm), "{here}");
        }
    }
}
