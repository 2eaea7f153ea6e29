//! The robot under test: arm, probe and patient in one step.
//!
//! Problem: the robot core must meet a robot that can refuse, lag, be pushed and cut out, a thousand times a second
//! and the same way each time. Method: one step takes one command and moves everything on by one period: tip
//! setpoint → joint setpoints (differential step), then, in sub-steps, contact at the present pose → force on the
//! last body → rigid-body dynamics with the drives. The plant is a function of its models, its seed and its commands
//! alone.
//!
//! The plant has its own watchdog, as real controllers have: if commands cease for [`WATCHDOG_S`], it brakes and
//! stays braked until its drives are enabled again. The simulated robot must not be safer than a real one in any
//! other way: it follows any finite setpoint as fast as its joints can.
//!
//! Limits: the force sensor is ideal but for noise; the probe's weight is taken as compensated; only the probe's
//! face can touch the patient.

use nalgebra::{Isometry3, Vector3};

use crate::arm::{
    ArmModel, IkSettings, JOINTS, JointModel, JointVector, forward, ik_step, isotropy,
    limit_margin, manipulability, tip_and_jacobian,
};
use crate::driven::{Driven, Target};
use crate::noise::Noise;
use crate::phantom::Phantom;
use crate::rigid::{Force, Outside, Placement, State, no_outside};
use crate::tissue::{ContactSettings, ProbeFace, Twist, Wrench, contact_wrench};
use crate::watchdog::DriveWatchdog;

pub use crate::watchdog::{Drives, WATCHDOG_S};

/// Longest sub-step of contact. Unit: s. At 0.5 ms the stiffest tissue (ribs, 25 kN/m at 30 mm) stays stable.
const CONTACT_STEP_MAX_S: f64 = 0.5e-3;

/// Longest step. Unit: s; a longer one is cut to this.
const STEP_MAX_S: f64 = 0.02;

/// Brake torque per greatest drive torque. Brakes of arms hold more than the drive gives.
const BRAKE_PER_EFFORT: f64 = 1.5;

/// Noise of the force sensor, standard deviation. Unit: N, N·m. Of the size that six-axis sensors list.
const FORCE_NOISE_N: f64 = 0.03;
const TORQUE_NOISE_N_M: f64 = 0.001;

/// What the plant is told in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Command<'a> {
    /// Nothing arrived. The last command stays in force until the watchdog trips.
    Silence,
    /// Stay where the setpoint is.
    Hold,
    /// Bring the tip to this pose (base frame). A pose that is not finite counts as silence.
    Follow(&'a Isometry3<f64>),
}

impl<'a> From<Option<&'a Isometry3<f64>>> for Command<'a> {
    /// No pose is a hold, never silence.
    fn from(target: Option<&'a Isometry3<f64>>) -> Self {
        target.map_or(Self::Hold, Self::Follow)
    }
}

/// A seven-joint arm holding a probe over a torso.
#[derive(Debug, Clone)]
pub struct UltrasoundPlant {
    arm: ArmModel,
    phantom: Phantom,
    face: ProbeFace,
    contact: ContactSettings,
    ik: IkSettings,
    servo: Driven<JOINTS>,
    setpoint_rad: JointVector,
    setpoint_rad_s: JointVector,
    goal: Option<Isometry3<f64>>,
    watchdog: DriveWatchdog,
    time_s: f64,
    tip: Isometry3<f64>,
    twist: Twist,
    manipulability: f64,
    isotropy: f64,
    wrench: Wrench,
    sensed: Wrench,
    noise: Noise,
}

impl UltrasoundPlant {
    /// The arm at home over the phantom, drives off. The seed chooses the sensor's noise.
    pub fn new(arm: ArmModel, phantom: Phantom, seed: u64) -> Self {
        let home = *arm.home_rad();
        let (tip, jacobian) = tip_and_jacobian(&arm, &home);
        Self {
            servo: driven(&arm),
            setpoint_rad: home,
            setpoint_rad_s: JointVector::zeros(),
            goal: None,
            watchdog: DriveWatchdog::default(),
            time_s: 0.0,
            tip,
            twist: Twist { linear_m_s: Vector3::zeros(), angular_rad_s: Vector3::zeros() },
            manipulability: manipulability(&jacobian),
            isotropy: isotropy(&jacobian),
            wrench: Wrench::zero(),
            sensed: Wrench::zero(),
            noise: Noise::new(seed),
            face: ProbeFace::default(),
            contact: ContactSettings::default(),
            ik: IkSettings::default(),
            arm,
            phantom,
        }
    }

    /// Another noise of the sensors.
    pub const fn reseed(&mut self, seed: u64) {
        self.noise = Noise::new(seed);
    }

    /// The same over a body that resists like this.
    #[must_use]
    pub const fn touching(mut self, contact: ContactSettings) -> Self {
        self.contact = contact;
        self
    }

    /// The same plant with another probe in its hand.
    #[must_use]
    pub const fn with_face(mut self, face: ProbeFace) -> Self {
        self.face = face;
        self
    }

    /// Releases the brakes and holds the posture that the arm is in. Clears a tripped watchdog.
    pub fn enable_drives(&mut self) {
        self.watchdog.enable();
        self.goal = None;
        self.setpoint_rad = self.servo.state().q;
        self.setpoint_rad_s = JointVector::zeros();
    }

    /// Cuts the drives: the brakes clamp the joints.
    pub fn disable_drives(&mut self) {
        self.watchdog.disable();
        self.goal = None;
        self.setpoint_rad_s = JointVector::zeros();
    }

    /// Moves arm and patient on by `dt_s` (at most 20 ms; nothing happens for a time that is not positive).
    ///
    /// No allocation; about 20 µs in contact.
    pub fn step(&mut self, dt_s: f64, command: Command<'_>) {
        if dt_s.is_nan() || dt_s <= 0.0 {
            return;
        }
        let dt_s = dt_s.min(STEP_MAX_S);
        self.hear(dt_s, command);
        let target = self.next_setpoint(dt_s);
        let substeps = (dt_s / CONTACT_STEP_MAX_S).ceil().max(1.0);
        let h = dt_s / substeps;
        for _ in 0..substeps as usize {
            let (tip, jacobian) = tip_and_jacobian(&self.arm, &self.servo.state().q);
            let speed = jacobian * self.servo.state().v;
            let twist = Twist {
                linear_m_s: speed.fixed_rows::<3>(0).into_owned(),
                angular_rad_s: speed.fixed_rows::<3>(3).into_owned(),
            };
            let time_s = self.time_s;
            self.wrench =
                contact_wrench(&self.contact, &self.face, &self.phantom, &tip, &twist, time_s);
            let outside = self.outside(&tip);
            self.servo.step(&target, &outside, h);
            self.time_s += h;
        }
        self.measure();
    }

    /// Pose of the tip as the encoders see it. Frame: base → tip.
    pub const fn tip(&self) -> &Isometry3<f64> {
        &self.tip
    }

    /// Speed of the tip. Frame: base axes.
    pub const fn twist(&self) -> &Twist {
        &self.twist
    }

    /// Pose that the joint setpoints lead to. Frame: base → tip.
    pub fn setpoint_tip(&self) -> Isometry3<f64> {
        forward(&self.arm, &self.setpoint_rad)
    }

    /// Joint angles as measured. Unit: rad.
    pub const fn joints_rad(&self) -> &JointVector {
        &self.servo.state().q
    }

    /// Joint speeds as measured. Unit: rad/s.
    pub const fn joint_velocity_rad_s(&self) -> &JointVector {
        &self.servo.state().v
    }

    /// Wrench on the probe as the sensor reads it, noise included. Frame: base axes, about the tip.
    pub const fn sensed_wrench(&self) -> &Wrench {
        &self.sensed
    }

    /// Wrench on the probe as it is. No robot knows it; for tests and for judging sensors.
    pub const fn true_wrench(&self) -> &Wrench {
        &self.wrench
    }

    /// Room to the nearest joint limit, 0 to 1.
    pub fn limit_margin(&self) -> f64 {
        limit_margin(&self.arm, &self.servo.state().q)
    }

    /// Distance from a singular posture (Yoshikawa). 0 when a direction of motion is lost.
    pub const fn manipulability(&self) -> f64 {
        self.manipulability
    }

    /// Tip speed in the slowest direction over that in the fastest, at the same effort of the joints and without
    /// turning the tip, 0 to 1.
    pub const fn isotropy(&self) -> f64 {
        self.isotropy
    }

    /// Time simulated since the start. Unit: s.
    pub const fn time_s(&self) -> f64 {
        self.time_s
    }

    /// State of the drives.
    pub const fn drives(&self) -> Drives {
        self.watchdog.drives()
    }

    /// Whether the plant's own watchdog braked it.
    pub const fn watchdog_tripped(&self) -> bool {
        matches!(self.watchdog.drives(), Drives::Tripped)
    }

    /// The arm's model.
    pub const fn arm(&self) -> &ArmModel {
        &self.arm
    }

    /// The patient.
    pub const fn phantom(&self) -> &Phantom {
        &self.phantom
    }

    /// Takes the command in, or counts the silence.
    fn hear(&mut self, dt_s: f64, command: Command<'_>) {
        let heard = match command {
            Command::Follow(pose) => finite(pose),
            Command::Hold => true,
            Command::Silence => false,
        };
        match (self.watchdog.pass(dt_s, heard), command) {
            (Drives::Off | Drives::Tripped, _) | (Drives::On, Command::Hold) => self.goal = None,
            (Drives::On, Command::Follow(pose)) if heard => self.goal = Some(*pose),
            (Drives::On, Command::Follow(_) | Command::Silence) => {}
        }
    }

    /// The contact, on the last body. Its frame is the tip's without the tip.
    fn outside(&self, tip: &Isometry3<f64>) -> Outside<JOINTS> {
        let mut outside = no_outside();
        let (force_n, torque_n_m) = (self.wrench.force_n, self.wrench.torque_n_m);
        let hand = Placement::from(&(tip * self.arm.tip().inverse()));
        if let Some(last) = outside.last_mut() {
            *last = hand.force_in(&Force::at(&tip.translation.vector, force_n, torque_n_m));
        }
        outside
    }

    fn next_setpoint(&mut self, dt_s: f64) -> Target<JOINTS> {
        if self.drives() != Drives::On {
            return Target::Brake;
        }
        let step = ik_step(
            &self.arm,
            &self.ik,
            &self.setpoint_rad,
            &self.setpoint_rad_s,
            self.goal.as_ref(),
            dt_s,
        );
        let acceleration = (step.velocity_rad_s - self.setpoint_rad_s) / dt_s;
        self.setpoint_rad_s = step.velocity_rad_s;
        self.setpoint_rad += step.velocity_rad_s * dt_s;
        let state = State { q: self.setpoint_rad, v: self.setpoint_rad_s };
        Target::Follow { state, acceleration }
    }

    fn measure(&mut self) {
        let (tip, jacobian) = tip_and_jacobian(&self.arm, &self.servo.state().q);
        let speed = jacobian * self.servo.state().v;
        self.tip = tip;
        self.twist = Twist {
            linear_m_s: speed.fixed_rows::<3>(0).into_owned(),
            angular_rad_s: speed.fixed_rows::<3>(3).into_owned(),
        };
        self.manipulability = manipulability(&jacobian);
        self.isotropy = isotropy(&jacobian);
        let mut noisy = |v: Vector3<f64>, size: f64| v.map(|x| x + size * self.noise.normal());
        self.sensed = Wrench {
            force_n: noisy(self.wrench.force_n, FORCE_NOISE_N),
            torque_n_m: noisy(self.wrench.torque_n_m, TORQUE_NOISE_N_M),
        };
    }
}

/// The arm at home with the servos that its file gives it.
fn driven(arm: &ArmModel) -> Driven<JOINTS> {
    let of = |number: fn(&JointModel) -> f64| {
        let mut all = JointVector::zeros();
        for (out, joint) in all.iter_mut().zip(arm.joints()) {
            *out = number(joint);
        }
        all
    };
    let gains = (of(|joint| joint.stiffness_n_m_rad), of(|joint| joint.damping_n_m_s_rad));
    Driven::with_gains(arm.tree().clone(), *arm.home_rad(), gains, BRAKE_PER_EFFORT)
}

fn finite(pose: &Isometry3<f64>) -> bool {
    pose.translation.vector.iter().chain(pose.rotation.coords.iter()).all(|x| x.is_finite())
}

#[cfg(test)]
#[path = "plant_tests.rs"]
mod tests;
