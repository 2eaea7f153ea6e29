//! How the drives follow: each joint a driven inertia that lags, saturates, rubs and yields.
//!
//! Method: semi-implicit Euler (symplectic: a spring neither gains nor loses energy by the method) with a fixed
//! sub-step. Dry friction and brakes are applied as an impulse that can stop the joint and never reverse it; a
//! sign function of the speed would chatter at standstill, and a smoothed one would creep.

use super::model::{ArmModel, JointModel, JointVector};

/// Longest sub-step. Unit: s. At 0.25 ms a drive of 300 rad/s, the stiffest a model may ask for, is stable.
const SUBSTEP_MAX_S: f64 = 0.25e-3;

/// Most sub-steps of one call, so that a wild `dt_s` costs bounded time; the rest of the time is not simulated.
const SUBSTEPS_MAX: usize = 400;

/// Brake torque per greatest drive torque. Brakes of arms hold more than the drive gives.
const BRAKE_PER_EFFORT: f64 = 1.5;

/// What the drives are asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JointTarget {
    /// Follow this angle and speed. Unit: rad, rad/s.
    Follow {
        /// Joint angles.
        joints_rad: JointVector,
        /// Joint speeds.
        velocity_rad_s: JointVector,
    },
    /// Drives off: the brakes clamp.
    Brake,
}

/// Angles and speeds of the joints as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Servo {
    joints_rad: JointVector,
    velocity_rad_s: JointVector,
}

impl Servo {
    /// Joints at rest at these angles. Unit: rad.
    pub fn at_rest(joints_rad: JointVector) -> Self {
        Self { joints_rad, velocity_rad_s: JointVector::zeros() }
    }

    /// Joint angles as measured. Unit: rad.
    pub const fn joints_rad(&self) -> &JointVector {
        &self.joints_rad
    }

    /// Joint speeds as measured. Unit: rad/s.
    pub const fn velocity_rad_s(&self) -> &JointVector {
        &self.velocity_rad_s
    }

    /// Moves the joints on by `dt_s` under a constant outside torque (Jᵀ · wrench, N·m).
    ///
    /// Whatever comes in, angles stay in range, speeds within their limits, and nothing becomes NaN. No allocation.
    pub fn step(
        &mut self,
        arm: &ArmModel,
        target: &JointTarget,
        outside_n_m: &JointVector,
        dt_s: f64,
    ) {
        if !(dt_s > 0.0 && dt_s.is_finite()) {
            return;
        }
        let substeps = ((dt_s / SUBSTEP_MAX_S).ceil() as usize).clamp(1, SUBSTEPS_MAX);
        let h = (dt_s / substeps as f64).min(SUBSTEP_MAX_S);
        for (i, joint) in arm.joints().iter().enumerate() {
            let at = |v: &JointVector| v.get(i).copied().unwrap_or(0.0);
            let outside = Some(at(outside_n_m)).filter(|x| x.is_finite()).unwrap_or(0.0);
            let wanted = match target {
                JointTarget::Follow { joints_rad, velocity_rad_s } => {
                    Some((at(joints_rad), at(velocity_rad_s)))
                        .filter(|(q, v)| q.is_finite() && v.is_finite())
                }
                JointTarget::Brake => None,
            };
            let mut state = JointState { q: at(&self.joints_rad), v: at(&self.velocity_rad_s) };
            for _ in 0..substeps {
                state = match wanted {
                    Some(wanted) => state.driven(joint, wanted, outside, h),
                    None => state.braked(joint, outside, h),
                };
            }
            if let Some(q) = self.joints_rad.get_mut(i) {
                *q = state.q;
            }
            if let Some(v) = self.velocity_rad_s.get_mut(i) {
                *v = state.v;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct JointState {
    q: f64,
    v: f64,
}

impl JointState {
    fn driven(self, joint: &JointModel, wanted: (f64, f64), outside: f64, h: f64) -> Self {
        let pull = joint.stiffness_n_m_rad * (wanted.0 - self.q)
            + joint.damping_n_m_s_rad * (wanted.1 - self.v);
        // The drive knows its limits; friction and the patient do not.
        let effort_max =
            joint.effort_max_n_m.min(joint.acceleration_max_rad_s2 * joint.inertia_kg_m2);
        let torque = pull.clamp(-effort_max, effort_max) + outside;
        let v = self.v + h * torque / joint.inertia_kg_m2;
        let v = v / (1.0 + h * joint.viscous_n_m_s_rad / joint.inertia_kg_m2);
        self.moved(joint, rubbed(v, h * joint.coulomb_n_m / joint.inertia_kg_m2), h)
    }

    fn braked(self, joint: &JointModel, outside: f64, h: f64) -> Self {
        let v = self.v + h * outside / joint.inertia_kg_m2;
        let brake = BRAKE_PER_EFFORT * joint.effort_max_n_m + joint.coulomb_n_m;
        self.moved(joint, rubbed(v, h * brake / joint.inertia_kg_m2), h)
    }

    /// The joint after `h` seconds at this speed; it stops dead at the end of its range.
    fn moved(self, joint: &JointModel, v: f64, h: f64) -> Self {
        let v = v.clamp(-joint.velocity_max_rad_s, joint.velocity_max_rad_s);
        let free = self.q + h * v;
        let q = free.clamp(joint.lower_rad, joint.upper_rad);
        Self { q, v: if (free - q).abs() > 0.0 { 0.0 } else { v } }
    }
}

/// The speed after dry friction took `most` of it away at most, never reversing it.
fn rubbed(v: f64, most: f64) -> f64 {
    v - v.clamp(-most, most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_home() -> (ArmModel, Servo) {
        let arm = ArmModel::shipped().unwrap();
        let servo = Servo::at_rest(*arm.home_rad());
        (arm, servo)
    }

    fn hold(arm: &ArmModel) -> JointTarget {
        JointTarget::Follow { joints_rad: *arm.home_rad(), velocity_rad_s: JointVector::zeros() }
    }

    #[test]
    fn a_small_step_settles_within_150_ms_without_ringing() {
        let (arm, mut servo) = at_home();
        let goal = arm.home_rad().add_scalar(0.002);
        let target = JointTarget::Follow { joints_rad: goal, velocity_rad_s: JointVector::zeros() };
        let mut over = 0.0_f64;
        for _ in 0..150 {
            servo.step(&arm, &target, &JointVector::zeros(), 1e-3);
            over = over.max((servo.joints_rad() - goal).max());
        }
        for (i, joint) in arm.joints().iter().enumerate() {
            // What remains is dry friction over stiffness, as on a real joint.
            let stuck = joint.coulomb_n_m / joint.stiffness_n_m_rad;
            assert!((servo.joints_rad()[i] - goal[i]).abs() < stuck + 2e-5, "{}", joint.name);
        }
        assert!(over < 1e-4, "{over}");
    }

    #[test]
    fn an_outside_torque_bends_a_joint_by_torque_over_stiffness() {
        let (arm, mut servo) = at_home();
        let mut outside = JointVector::zeros();
        outside[1] = 10.0;
        for _ in 0..500 {
            servo.step(&arm, &hold(&arm), &outside, 1e-3);
        }
        let joint = &arm.joints()[1];
        let bent = servo.joints_rad()[1] - arm.home_rad()[1];
        let want = 10.0 / joint.stiffness_n_m_rad;
        assert!(
            (bent - want).abs() <= joint.coulomb_n_m / joint.stiffness_n_m_rad + 1e-6,
            "{bent} {want}"
        );
        assert!(servo.velocity_rad_s().amax() < 1e-6);
    }

    #[test]
    fn the_brakes_stop_full_speed_within_30_ms_and_then_hold() {
        let (arm, mut servo) = at_home();
        for (v, joint) in servo.velocity_rad_s.iter_mut().zip(arm.joints()) {
            *v = joint.velocity_max_rad_s;
        }
        for _ in 0..30 {
            servo.step(&arm, &JointTarget::Brake, &JointVector::zeros(), 1e-3);
        }
        let stopped = servo;
        assert!(stopped.velocity_rad_s().amax() == 0.0, "{}", stopped.velocity_rad_s());
        let mut push = JointVector::zeros();
        push[0] = 40.0;
        for _ in 0..1000 {
            servo.step(&arm, &JointTarget::Brake, &push, 1e-3);
        }
        assert_eq!(servo, stopped);
    }

    #[test]
    fn a_step_of_no_time_or_of_nonsense_changes_nothing() {
        let (arm, mut servo) = at_home();
        let before = servo;
        for dt_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            servo.step(&arm, &hold(&arm), &JointVector::repeat(5.0), dt_s);
        }
        assert_eq!(servo, before);
    }

    proptest! {
        /// Whatever is asked and whatever pushes, the joints stay inside range and speed.
        #[test]
        fn limits_hold_for_any_input(
            goal in prop::array::uniform7(prop::num::f64::ANY),
            speed in prop::array::uniform7(-100.0_f64..100.0),
            push in prop::array::uniform7(-500.0_f64..500.0),
        ) {
            let (arm, mut servo) = at_home();
            let target = JointTarget::Follow {
                joints_rad: JointVector::from_column_slice(&goal),
                velocity_rad_s: JointVector::from_column_slice(&speed),
            };
            let push = JointVector::from_column_slice(&push);
            for _ in 0..300 {
                servo.step(&arm, &target, &push, 1e-3);
                for (i, joint) in arm.joints().iter().enumerate() {
                    let (q, v) = (servo.joints_rad()[i], servo.velocity_rad_s()[i]);
                    prop_assert!((joint.lower_rad..=joint.upper_rad).contains(&q), "{q}");
                    prop_assert!(v.abs() <= joint.velocity_max_rad_s, "{v}");
                }
            }
        }
    }
}
