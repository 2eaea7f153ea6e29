//! One step from where the tip is toward where it should be.
//!
//! Problem: the robot core sends a tip pose every millisecond; the drives want joint speeds. Solving for the posture
//! afresh each time can jump between its many solutions. A differential step can not: it only ever moves on from
//! the present posture. Near a singular posture the plain inverse asks for boundless joint speed, so the inverse is
//! damped there (Nakamura and Hanafusa 1986), which trades accuracy for speed exactly where it must. The seventh
//! joint's freedom pulls the arm to mid-range.
//!
//! The approach speed falls with the square root of the distance, so the arm can always stop at the target within
//! its acceleration; a proportional rule alone overshoots as soon as the acceleration saturates.

use nalgebra::{Cholesky, Isometry3, Matrix6, Vector3, Vector6};

use super::kinematics::{Jacobian, manipulability, tip_and_jacobian};
use super::model::{ArmModel, JointModel, JointVector};

/// How a differential step weighs speed against calm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IkSettings {
    /// Approach speed per distance, close to the target. Unit: 1/s. Beyond 0.5 per step it would ring.
    pub gain_per_s: f64,
    /// Deceleration that the approach keeps in hand. Unit: m/s².
    pub linear_deceleration_m_s2: f64,
    /// The same for rotation. Unit: rad/s².
    pub angular_deceleration_rad_s2: f64,
    /// Greatest approach speed. Unit: m/s.
    pub linear_speed_max_m_s: f64,
    /// Greatest approach turn. Unit: rad/s.
    pub angular_speed_max_rad_s: f64,
    /// Manipulability below which damping sets in.
    pub manipulability_min: f64,
    /// Damping at a singular posture (λ of damped least squares).
    pub damping_max: f64,
    /// Pull to mid-range by the free joint. Unit: 1/s.
    pub centering_per_s: f64,
}

impl Default for IkSettings {
    /// Suits an arm of one metre reach: 300/s settles in 3 ms, 3 m/s² and 12 rad/s² stay below what the joints
    /// of `arm7` can give at that reach.
    fn default() -> Self {
        Self {
            gain_per_s: 300.0,
            linear_deceleration_m_s2: 3.0,
            angular_deceleration_rad_s2: 12.0,
            linear_speed_max_m_s: 0.5,
            angular_speed_max_rad_s: 1.5,
            manipulability_min: 0.03,
            damping_max: 0.08,
            centering_per_s: 0.5,
        }
    }
}

/// What a differential step asks of the joints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IkStep {
    /// Joint speeds that hold every joint limit. Unit: rad/s.
    pub velocity_rad_s: JointVector,
    /// Distance left to the target at the start of the step. Unit: m.
    pub distance_m: f64,
    /// Turn left to the target at the start of the step. Unit: rad.
    pub angle_rad: f64,
    /// Whether a joint's speed, acceleration or range cut the step short.
    pub limited: bool,
}

/// Joint speeds for the next `dt_s` toward `target` (tip pose in the base frame).
///
/// `joints_rad` and `velocity_rad_s` are where the last step left the setpoint. The result respects every joint's
/// range, speed and acceleration. No allocation; about 2 µs. A target that is not finite gives a braked stop; a
/// state or a time that is not finite gives zero speed at once.
pub fn ik_step(
    arm: &ArmModel,
    settings: &IkSettings,
    joints_rad: &JointVector,
    velocity_rad_s: &JointVector,
    target: Option<&Isometry3<f64>>,
    dt_s: f64,
) -> IkStep {
    let mut step = IkStep {
        velocity_rad_s: JointVector::zeros(),
        distance_m: 0.0,
        angle_rad: 0.0,
        limited: false,
    };
    let state = joints_rad.iter().chain(velocity_rad_s.iter());
    if !(dt_s > 0.0 && dt_s.is_finite() && state.copied().all(f64::is_finite)) {
        return step;
    }
    if let Some(target) = target.filter(|t| is_finite(t)) {
        let (tip, jacobian) = tip_and_jacobian(arm, joints_rad);
        let linear = target.translation.vector - tip.translation.vector;
        let angular = (target.rotation * tip.rotation.inverse()).scaled_axis();
        step.distance_m = linear.norm();
        step.angle_rad = angular.norm();
        let twist = approach(settings, &linear, &angular, dt_s);
        step.velocity_rad_s =
            joint_speeds(settings, &jacobian, &twist, &centering(arm, settings, joints_rad));
    }
    let wanted = step.velocity_rad_s;
    step.velocity_rad_s = hold_limits(arm, joints_rad, velocity_rad_s, wanted, dt_s);
    step.limited = (step.velocity_rad_s - wanted).norm() > 1e-9;
    step
}

/// Whether every number of a pose is finite.
fn is_finite(pose: &Isometry3<f64>) -> bool {
    pose.translation.vector.iter().chain(pose.rotation.coords.iter()).all(|x| x.is_finite())
}

fn approach(
    settings: &IkSettings,
    linear: &Vector3<f64>,
    angular: &Vector3<f64>,
    dt_s: f64,
) -> Vector6<f64> {
    let gain = settings.gain_per_s.min(0.5 / dt_s.max(1e-6));
    let scaled = |error: &Vector3<f64>, deceleration: f64, speed_max: f64| {
        let distance = error.norm();
        if distance < 1e-12 {
            return Vector3::zeros();
        }
        // Proportional up to the distance where the square root takes over with the same slope.
        let knee = deceleration / (gain * gain);
        let speed = if distance < knee {
            gain * distance
        } else {
            (2.0 * deceleration * (distance - 0.5 * knee)).sqrt()
        };
        error * (speed.min(speed_max) / distance)
    };
    let v = scaled(linear, settings.linear_deceleration_m_s2, settings.linear_speed_max_m_s);
    let w = scaled(angular, settings.angular_deceleration_rad_s2, settings.angular_speed_max_rad_s);
    Vector6::new(v.x, v.y, v.z, w.x, w.y, w.z)
}

fn centering(arm: &ArmModel, settings: &IkSettings, joints_rad: &JointVector) -> JointVector {
    let mut pull = JointVector::zeros();
    for ((out, joint), angle) in pull.iter_mut().zip(arm.joints()).zip(joints_rad.iter()) {
        *out = settings.centering_per_s * (0.5 * (joint.lower_rad + joint.upper_rad) - angle);
    }
    pull
}

/// `J⁺·twist + (I − J⁺J)·pull` with the damped inverse, from one 6×6 factorisation.
fn joint_speeds(
    settings: &IkSettings,
    jacobian: &Jacobian,
    twist: &Vector6<f64>,
    pull: &JointVector,
) -> JointVector {
    let shortfall = 1.0 - (manipulability(jacobian) / settings.manipulability_min).min(1.0);
    let lambda = settings.damping_max * shortfall;
    let gram = jacobian * jacobian.transpose() + Matrix6::identity() * (lambda * lambda + 1e-8);
    // Positive definite by construction; a stop is the only safe answer if rounding says otherwise.
    Cholesky::new(gram).map_or_else(JointVector::zeros, |factor| {
        pull + jacobian.transpose() * factor.solve(&(twist - jacobian * pull))
    })
}

/// The wanted speeds, slowed together to hold the speed limits, then each held to its acceleration and range.
fn hold_limits(
    arm: &ArmModel,
    joints_rad: &JointVector,
    velocity_rad_s: &JointVector,
    wanted: JointVector,
    dt_s: f64,
) -> JointVector {
    let excess = arm
        .joints()
        .iter()
        .zip(wanted.iter())
        .map(|(joint, v)| v.abs() / joint.velocity_max_rad_s)
        .fold(1.0, f64::max);
    let mut held = wanted / excess;
    let states = joints_rad.iter().zip(velocity_rad_s.iter());
    for ((v, joint), (angle, before)) in held.iter_mut().zip(arm.joints()).zip(states) {
        *v = hold_joint(joint, *angle, *before, *v, dt_s);
    }
    held
}

fn hold_joint(joint: &JointModel, angle: f64, before: f64, wanted: f64, dt_s: f64) -> f64 {
    let change = joint.acceleration_max_rad_s2 * dt_s;
    // Half the acceleration is kept for braking in front of a limit, the other half for the servo's lag.
    let room = |distance: f64| (joint.acceleration_max_rad_s2 * distance.max(0.0)).sqrt();
    let most = room(joint.upper_rad - angle).min((joint.upper_rad - angle).max(0.0) / dt_s);
    let least = -room(angle - joint.lower_rad).min((angle - joint.lower_rad).max(0.0) / dt_s);
    wanted
        .clamp(before - change, before + change)
        .clamp(-joint.velocity_max_rad_s, joint.velocity_max_rad_s)
        .max(least)
        .min(most)
}

#[cfg(test)]
mod tests {
    use nalgebra::{Translation3, UnitQuaternion};
    use proptest::prelude::*;

    use super::*;
    use crate::arm::kinematics::forward;

    const DT: f64 = 1e-3;

    struct Chase {
        arm: ArmModel,
        q: JointVector,
        v: JointVector,
    }

    impl Chase {
        fn new() -> Self {
            let arm = ArmModel::shipped().unwrap();
            Self { q: *arm.home_rad(), v: JointVector::zeros(), arm }
        }

        fn toward(&mut self, target: &Isometry3<f64>) -> IkStep {
            let step =
                ik_step(&self.arm, &IkSettings::default(), &self.q, &self.v, Some(target), DT);
            self.v = step.velocity_rad_s;
            self.q += self.v * DT;
            step
        }
    }

    fn down_at(x: f64, y: f64, z: f64, tilt_rad: f64) -> Isometry3<f64> {
        let down = UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, 0.0);
        let tilt = UnitQuaternion::from_euler_angles(0.0, tilt_rad, 0.0);
        Isometry3::from_parts(Translation3::new(x, y, z), tilt * down)
    }

    #[test]
    fn the_step_follows_a_path_over_the_torso() {
        let mut chase = Chase::new();
        let mut worst_mm = 0.0_f64;
        for tick in 0..20_000 {
            let t = f64::from(tick) * DT;
            // 40 mm/s at most, with a rocking tilt: the contact speed limit of the ultrasound profile.
            let target = down_at(
                0.5 + 0.08 * (0.35 * t).sin(),
                0.12 * (0.3 * t).sin(),
                0.35 - 0.1 * (1.0 - (0.2 * t).cos()),
                0.3 * (0.4 * t).sin(),
            );
            let step = chase.toward(&target);
            if tick > 500 {
                worst_mm = worst_mm.max(step.distance_m * 1e3);
                assert!(step.angle_rad < 0.02, "{}", step.angle_rad);
            }
        }
        assert!(worst_mm < 1.0, "{worst_mm} mm behind");
    }

    #[test]
    fn a_far_target_is_reached_and_not_overshot() {
        let mut chase = Chase::new();
        let target = down_at(0.42, 0.1, 0.3, 0.2);
        let start =
            (forward(&chase.arm, &chase.q).translation.vector - target.translation.vector).norm();
        let mut nearest = start;
        for _ in 0..3000 {
            let step = chase.toward(&target);
            assert!(step.distance_m < nearest + 2e-4, "{} after {nearest}", step.distance_m);
            nearest = nearest.min(step.distance_m);
        }
        assert!(nearest < 1e-5, "{nearest}");
    }

    #[test]
    fn an_unreachable_target_leaves_the_arm_inside_its_limits() {
        let mut chase = Chase::new();
        let target = down_at(3.0, 2.0, -1.0, 1.5);
        for _ in 0..5000 {
            chase.toward(&target);
        }
        for (joint, angle) in chase.arm.joints().iter().zip(chase.q.iter()) {
            assert!((joint.lower_rad..=joint.upper_rad).contains(angle), "{} {angle}", joint.name);
        }
    }

    #[test]
    fn a_target_that_is_not_a_number_stops_the_arm() {
        let mut chase = Chase::new();
        for _ in 0..100 {
            chase.toward(&down_at(0.45, 0.1, 0.3, 0.0));
        }
        assert!(chase.v.norm() > 0.01);
        for _ in 0..500 {
            chase.toward(&down_at(f64::NAN, 0.0, 0.3, 0.0));
        }
        assert!(chase.v.norm() < 1e-12);
    }

    #[test]
    fn a_state_or_a_time_that_is_not_a_number_gives_zero_speed() {
        let chase = Chase::new();
        let target = down_at(0.45, 0.1, 0.3, 0.0);
        let settings = IkSettings::default();
        let lost = JointVector::repeat(f64::NAN);
        for (q, v, dt) in [
            (&lost, &chase.v, DT),
            (&chase.q, &lost, DT),
            (&chase.q, &chase.v, f64::NAN),
            (&chase.q, &chase.v, -DT),
        ] {
            let step = ik_step(&chase.arm, &settings, q, v, Some(&target), dt);
            assert_eq!(step.velocity_rad_s, JointVector::zeros());
        }
    }

    proptest! {
        /// Whatever the target, no step breaks a speed or an acceleration limit, and none is NaN.
        #[test]
        fn any_target_gives_speeds_inside_the_limits(
            x in -2.0_f64..2.0, y in -2.0_f64..2.0, z in -2.0_f64..2.0,
            roll in -3.0_f64..3.0, pitch in -3.0_f64..3.0,
        ) {
            let mut chase = Chase::new();
            let target = Isometry3::from_parts(
                Translation3::new(x, y, z),
                UnitQuaternion::from_euler_angles(roll, pitch, 0.0),
            );
            for _ in 0..200 {
                let before = chase.v;
                chase.toward(&target);
                for ((joint, v), b) in chase.arm.joints().iter().zip(chase.v.iter()).zip(before.iter()) {
                    prop_assert!(v.abs() <= joint.velocity_max_rad_s + 1e-9);
                    // Toward a limit the range may brake harder than the drive accelerates.
                    prop_assert!(v.abs() <= b.abs() + joint.acceleration_max_rad_s2 * DT + 1e-9);
                }
            }
        }
    }
}
