//! One patient-side arm with servos on its joints, and what its sensors say of it.

use nalgebra::{Isometry3, Vector3};

use super::kinematics::{PSM_JOINTS, PsmError, PsmJoints, PsmModel};
use crate::arm::isotropy;
use crate::driven::{Driven, Target, Tuning};
use crate::noise::Noise;
use crate::rigid::{Force, Outside, State, no_outside};
use crate::tissue::{Twist, Wrench};
use crate::truth::TipMotion;

/// Posture at power-on: the tip 100 mm below the remote centre, shaft straight down, jaw closed.
const HOME: [f64; PSM_JOINTS] = [0.0, 0.0, 0.0963, 0.0, 0.0, 0.0, 0.0];

/// Bandwidth of the servos. Unit: rad/s. Assumed: above that of a collaborative arm, as the instrument is light.
const BANDWIDTH_RAD_S: f64 = 100.0;

/// Noise of the encoders, standard deviation: rad, rad, m, then rad. Assumed; the tip trembles by some micrometres.
const ENCODER_NOISE: [f64; PSM_JOINTS] = [2e-5, 2e-5, 2e-6, 1e-4, 1e-4, 1e-4, 1e-4];

/// Noise of speeds, as a multiple of that of the encoders: a difference over 50 ms. Unit: 1/s.
const SPEED_NOISE_PER_S: f64 = 20.0;

/// Noise of force and moment at the tip, standard deviation. Unit: N, N·m. Assumed, for an instrument that senses them.
const FORCE_NOISE_N: f64 = 0.03;
const TORQUE_NOISE_N_M: f64 = 0.000_5;

/// Postures of the search for the best dexterity, per joint: pitch, insertion and the two of the wrist.
const GRID: usize = 7;

/// What the sensors of an arm say. Frame: its base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PsmSample {
    /// Pose of the tip (`measured_cp`).
    pub tip: Isometry3<f64>,
    /// Velocity of the tip along the base axes (`measured_cv`).
    pub twist: Twist,
    /// Force and moment on the tip along the base axes (`measured_cf`).
    pub wrench: Wrench,
    /// Opening of the jaw. Unit: rad.
    pub jaw_rad: f64,
    /// Room to the nearest joint limit, 0 to 1.
    pub limit_margin: f64,
    /// Distance from a singular pose, as a share of that in the best, 0 to 1.
    pub dexterity: f64,
    /// How far the shaft passes beside the remote centre. Unit: m.
    pub beside_centre_m: f64,
}

/// One arm. Frame: its base, at the remote centre.
#[derive(Debug, Clone)]
pub struct PsmArm {
    model: PsmModel,
    driven: Driven<PSM_JOINTS>,
    setpoint: State<PSM_JOINTS>,
    /// How the speeds of the setpoint change.
    setpoint_change: PsmJoints,
    /// What pushes at the tip. Frame: base axes.
    push: Wrench,
    /// What pushes the jaw open. Unit: N·m.
    jaw_n_m: f64,
    isotropy_max: f64,
    noise: Noise,
    sample: PsmSample,
}

impl PsmArm {
    /// The arm at home, its brakes closed. The seed chooses the noise of its sensors.
    pub fn new(model: PsmModel, seed: u64) -> Self {
        let home = PsmJoints::from(HOME);
        let tuning = Tuning { bandwidth_rad_s: BANDWIDTH_RAD_S, ..Tuning::default() };
        let mut arm = Self {
            driven: Driven::at_rest(model.tree().clone(), home, &tuning),
            setpoint: State::at_rest(home),
            setpoint_change: PsmJoints::zeros(),
            push: Wrench::zero(),
            jaw_n_m: 0.0,
            isotropy_max: best_isotropy(&model),
            noise: Noise::new(seed),
            sample: PsmSample {
                tip: model.forward(&home),
                twist: Twist { linear_m_s: Vector3::zeros(), angular_rad_s: Vector3::zeros() },
                wrench: Wrench::zero(),
                jaw_rad: 0.0,
                limit_margin: model.limit_margin(&home),
                dexterity: 1.0,
                beside_centre_m: 0.0,
            },
            model,
        };
        arm.measure();
        arm
    }

    /// The chain.
    pub const fn model(&self) -> &PsmModel {
        &self.model
    }

    /// Joints as they are.
    pub const fn state(&self) -> &State<PSM_JOINTS> {
        self.driven.state()
    }

    /// Joints and drives.
    pub const fn driven(&self) -> &Driven<PSM_JOINTS> {
        &self.driven
    }

    /// What the sensors said after the last step.
    pub const fn sample(&self) -> &PsmSample {
        &self.sample
    }

    /// Where the joints are asked to be (`setpoint_js`).
    pub const fn setpoint(&self) -> &State<PSM_JOINTS> {
        &self.setpoint
    }

    /// What pushes at the tip from now on. Frame: base axes, at the tip.
    pub const fn push(&mut self, wrench: Wrench) {
        self.push = wrench;
    }

    /// Another noise of the sensors.
    pub const fn reseed(&mut self, seed: u64) {
        self.noise = Noise::new(seed);
    }

    /// What pushes at the tip. Frame: base axes, at the tip.
    pub const fn pushed(&self) -> &Wrench {
        &self.push
    }

    /// What pushes the jaw open from now on, against the finger that carries the tip. Unit: N·m.
    pub const fn push_jaw(&mut self, moment_n_m: f64) {
        self.jaw_n_m = moment_n_m;
    }

    /// Pose and velocity of the tip as they are: for what the arm touches. Frame: base.
    pub fn tip_and_twist(&self) -> (Isometry3<f64>, Twist) {
        let State { q, v } = self.driven.state();
        let poses = self.model.tree().poses(q);
        let speed = self.model.jacobian(&poses) * v;
        let twist = Twist {
            linear_m_s: speed.fixed_rows::<3>(0).into_owned(),
            angular_rad_s: speed.fixed_rows::<3>(3).into_owned(),
        };
        (Isometry3::from(&self.model.tree().frame_in(&poses, self.model.tip())), twist)
    }

    /// How the tip moves, without sensors, for a base at `port_m`.
    pub fn motion(&self, port_m: &Vector3<f64>) -> TipMotion {
        let (tip, twist) = self.tip_and_twist();
        TipMotion {
            at_m: tip.translation.vector + port_m,
            velocity_m_s: twist.linear_m_s,
            axis: tip.rotation * Vector3::z(),
            opening: tip.rotation * Vector3::y(),
        }
    }

    /// The setpoint is where the joints are, and rests there.
    pub fn stand(&mut self) {
        self.setpoint = State::at_rest(self.driven.state().q);
        self.setpoint_change = PsmJoints::zeros();
    }

    /// The setpoint stays where it is.
    pub fn hold(&mut self) {
        self.setpoint.v = PsmJoints::zeros();
        self.setpoint_change = PsmJoints::zeros();
    }

    /// The joints for this pose of the tip and this opening of the jaw.
    ///
    /// # Errors
    /// [`PsmError`], if the arm can not get there.
    pub fn joints_for(&self, tip: &Isometry3<f64>, jaw_rad: f64) -> Result<PsmJoints, PsmError> {
        self.model.inverse(tip, jaw_rad, &self.setpoint.q)
    }

    /// Moves the setpoint toward these joints, no faster than the joints can.
    pub fn follow(&mut self, wanted: &PsmJoints, dt_s: f64) {
        if !(dt_s > 0.0 && wanted.iter().all(|x| x.is_finite())) {
            return;
        }
        let before = self.setpoint.v;
        let setpoint = self.setpoint.q.iter_mut().zip(self.setpoint.v.iter_mut());
        for (((q, v), wanted), joint) in setpoint.zip(wanted.iter()).zip(self.model.tree().joints())
        {
            let wanted = wanted.clamp(joint.lower, joint.upper);
            *v = ((wanted - *q) / dt_s).clamp(-joint.velocity_max, joint.velocity_max);
            *q += *v * dt_s;
        }
        self.setpoint_change = (self.setpoint.v - before) / dt_s;
    }

    /// Moves the arm on by `dt_s`, its drives on or its brakes closed. No allocation; about 15 µs a millisecond.
    pub fn step(&mut self, powered: bool, dt_s: f64) {
        let outside = self.outside();
        let follow = Target::Follow { state: self.setpoint, acceleration: self.setpoint_change };
        let target = if powered { follow } else { Target::Brake };
        self.driven.step(&target, &outside, dt_s);
        self.measure();
    }

    /// The push at the tip, on the body that carries it, and that between finger and jaw.
    fn outside(&self) -> Outside<PSM_JOINTS> {
        let mut outside = no_outside();
        if self.push == Wrench::zero() && self.jaw_n_m == 0.0 {
            return outside;
        }
        let tree = self.model.tree();
        let poses = tree.poses(&self.driven.state().q);
        let at_m = tree.frame_in(&poses, self.model.tip()).origin_m;
        let force = Force::at(&at_m, self.push.force_n, self.push.torque_n_m);
        let carrier = tree.carrier(self.model.tip());
        if let Some((out, pose)) =
            carrier.and_then(|body| Some((outside.get_mut(body)?, poses.get(body)?)))
        {
            *out = pose.force_in(&force);
        }
        // The jaw turns about z of both bodies: what opens it pushes the finger back.
        let moment = Force { moment_n_m: Vector3::z() * self.jaw_n_m, force_n: Vector3::zeros() };
        let [.., finger, jaw] = &mut outside;
        *finger += moment * -1.0;
        *jaw += moment;
        outside
    }

    fn measure(&mut self) {
        let State { mut q, mut v } = *self.driven.state();
        for ((q, v), noise) in q.iter_mut().zip(v.iter_mut()).zip(ENCODER_NOISE) {
            *q += noise * self.noise.normal();
            *v += noise * SPEED_NOISE_PER_S * self.noise.normal();
        }
        let tree = self.model.tree();
        let poses = tree.poses(&q);
        let speed = self.model.jacobian(&poses) * v;
        let scaled = self.model.scaled_jacobian(&poses);
        let mut noisy = |x: Vector3<f64>, size: f64| x.map(|x| x + size * self.noise.normal());
        self.sample = PsmSample {
            tip: Isometry3::from(&tree.frame_in(&poses, self.model.tip())),
            twist: Twist {
                linear_m_s: speed.fixed_rows::<3>(0).into_owned(),
                angular_rad_s: speed.fixed_rows::<3>(3).into_owned(),
            },
            wrench: Wrench {
                force_n: noisy(self.push.force_n, FORCE_NOISE_N),
                torque_n_m: noisy(self.push.torque_n_m, TORQUE_NOISE_N_M),
            },
            jaw_rad: q.get(6).copied().unwrap_or(0.0),
            limit_margin: self.model.limit_margin(&q),
            dexterity: (isotropy(&scaled) / self.isotropy_max).clamp(0.0, 1.0),
            beside_centre_m: self.model.beside_centre_m(&poses),
        };
    }
}

/// The highest isotropy on a grid inside the ranges; about 2 ms. Yaw and roll turn everything alike.
fn best_isotropy(model: &PsmModel) -> f64 {
    let joints: Vec<_> = model.tree().joints().collect();
    let mut best = 0.0_f64;
    for n in 0..GRID.pow(4) {
        let (mut q, mut rest) = (PsmJoints::from(HOME), n);
        for at in [1, 2, 4, 5] {
            let share = ((rest % GRID) as f64 + 0.5) / GRID as f64;
            rest /= GRID;
            if let (Some(q), Some(joint)) = (q.get_mut(at), joints.get(at)) {
                *q = joint.lower + (joint.upper - joint.lower) * share;
            }
        }
        best = best.max(isotropy(&model.scaled_jacobian(&model.tree().poses(&q))));
    }
    best
}

#[cfg(test)]
#[path = "arm_tests.rs"]
mod tests;
