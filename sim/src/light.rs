//! A plant that costs nothing: tips that lag behind their orders.
//!
//! Problem: most of what a fault does to the system has nothing to do with joints and flesh, and a body with seven
//! joints in contact makes virtual time a fifth as fast. Method: the robot says of itself what the real plant says;
//! its tips follow their orders as a servo of the first order would, its sensors tremble, its drives have a watchdog.
//! An arm with a probe rests on an elastic plane.
//!
//! Limits: no joints, so none has an end and no pose is singular; no mass; what holds an arm back is only the plane.

use nalgebra::{Isometry3, Vector3};
use protocol::ARMS;
use protocol::pose::Pose;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::robot::{ArmReading, Body, Order, OwnLimits, Reading, RobotFault};

use crate::bedside::{Before, Plant, STEP};
use crate::noise::Noise;
use crate::robot::can_follow;
use crate::task::{PegBoard, Tool};
use crate::truth::{TipMotion, Truth, Watched};
use crate::watchdog::{DriveWatchdog, Drives};

/// Time constant of the servos. Unit: s. That of the arm with joints.
const LAG_S: f64 = 0.01;

/// Time constant of the brakes. Unit: s.
const BRAKE_S: f64 = 0.003;

/// Stiffness and damping of the plane. Unit: N/m, N·s/m. An abdomen under a probe, as at 5 N.
const STIFFNESS_N_M: f64 = 1_000.0;
const DAMPING_N_S_M: f64 = 15.0;

/// How deep the probe is pressed at first. Unit: m.
const PRESSED_M: f64 = 0.001;

/// Noise of position and force, standard deviation. Unit: m, N.
const NOISE_M: f64 = 2e-6;
const NOISE_N: f64 = 0.03;

/// One tip.
#[derive(Debug, Clone)]
struct LightArm {
    tip: Isometry3<f64>,
    velocity_m_s: Vector3<f64>,
    wanted: Isometry3<f64>,
    jaw_rad: f64,
    jaw_wanted_rad: f64,
    /// A point of the plane, and the normal out of the body.
    plane: Option<(Vector3<f64>, Vector3<f64>)>,
    force_n: Vector3<f64>,
    sensed: ArmReading,
}

/// Arms that are tips and nothing else.
#[derive(Debug, Clone)]
pub struct LightArms {
    name: String,
    body: Body,
    widest: OwnLimits,
    arms: Vec<LightArm>,
    board: Option<PegBoard>,
    watchdog: DriveWatchdog,
    noise: Noise,
}

impl LightArms {
    /// What says of itself what `plant` says, its tips where those are. The seed chooses the noise of its sensors.
    /// With `on_a_plane` the tips rest on one, square to the tools.
    pub fn like(plant: &dyn Plant, on_a_plane: bool, seed: u64) -> Self {
        let body = plant.body();
        let reading = plant.measure(Moment::START);
        let arms = reading.arms.iter().take(body.arms()).map(|arm| LightArm::at(arm, on_a_plane));
        Self {
            name: plant.name(),
            body,
            widest: plant.widest(),
            arms: arms.collect(),
            board: None,
            watchdog: DriveWatchdog::default(),
            noise: Noise::new(seed),
        }
    }
}

impl LightArms {
    /// The same arms over this board. What blocks a tip or a ring pushes at the sensors, and moves no tip.
    #[must_use]
    pub fn over(mut self, board: PegBoard) -> Self {
        self.board = Some(board);
        self
    }

    /// What the board and its rings do in one step, and what the tips feel of it.
    fn touch(&mut self, dt_s: f64) {
        let (Some(board), [left, right]) = (&mut self.board, self.arms.as_mut_slice()) else {
            return;
        };
        let tools = [&*left, &*right].map(|arm| Tool {
            tip: arm.tip,
            velocity_m_s: arm.velocity_m_s,
            jaw_rad: arm.jaw_rad,
        });
        let [on_left, on_right] = board.step(&tools, dt_s);
        left.force_n += on_left.wrench.force_n;
        right.force_n += on_right.wrench.force_n;
    }

    /// Another noise of the sensors.
    pub const fn reseed(&mut self, seed: u64) {
        self.noise = Noise::new(seed);
    }
}

impl LightArm {
    fn at(reading: &ArmReading, on_a_plane: bool) -> Self {
        let tip = reading.tip.iso;
        let out = -(tip.rotation * Vector3::z());
        let plane = on_a_plane.then(|| (tip.translation.vector + out * PRESSED_M, out));
        Self {
            tip,
            velocity_m_s: Vector3::zeros(),
            wanted: tip,
            jaw_rad: reading.jaw_rad,
            jaw_wanted_rad: reading.jaw_rad,
            plane,
            force_n: Vector3::zeros(),
            sensed: *reading,
        }
    }

    fn stay(&mut self) {
        self.wanted = self.tip;
        self.jaw_wanted_rad = self.jaw_rad;
    }

    fn step(&mut self, powered: bool, dt_s: f64) {
        let before = self.tip.translation.vector;
        if powered {
            let share = 1.0 - (-dt_s / LAG_S).exp();
            self.tip = before_after(&self.tip, &self.wanted, share);
            self.jaw_rad += (self.jaw_wanted_rad - self.jaw_rad) * share;
        } else {
            let left = (-dt_s / BRAKE_S).exp();
            self.tip.translation.vector += self.velocity_m_s * left * dt_s;
        }
        self.velocity_m_s = (self.tip.translation.vector - before) / dt_s;
        self.force_n = self.push();
    }

    /// What the plane gives back.
    fn push(&self) -> Vector3<f64> {
        let Some((point, out)) = &self.plane else { return Vector3::zeros() };
        let depth_m = -(self.tip.translation.vector - point).dot(out);
        if depth_m <= 0.0 {
            return Vector3::zeros();
        }
        let inward_m_s = -self.velocity_m_s.dot(out);
        out * (STIFFNESS_N_M * depth_m + DAMPING_N_S_M * inward_m_s).max(0.0)
    }

    fn sense(&mut self, noise: &mut Noise) {
        let mut tip = self.tip;
        tip.translation.vector += Vector3::from_fn(|_, _| NOISE_M * noise.normal());
        self.sensed = ArmReading {
            tip: Pose::new(tip),
            velocity_m_s: self.velocity_m_s,
            force_n: self.force_n + Vector3::from_fn(|_, _| NOISE_N * noise.normal()),
            jaw_rad: self.jaw_rad,
            ..self.sensed
        };
    }
}

/// From one pose a share of the way to another.
fn before_after(from: &Isometry3<f64>, to: &Isometry3<f64>, share: f64) -> Isometry3<f64> {
    let at = from.translation.vector.lerp(&to.translation.vector, share);
    let turn = from.rotation.try_slerp(&to.rotation, share, 1e-9).unwrap_or(to.rotation);
    Isometry3::from_parts(at.into(), turn)
}

impl Plant for LightArms {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn body(&self) -> Body {
        self.body.clone()
    }

    fn widest(&self) -> OwnLimits {
        self.widest
    }

    fn drives(&self) -> Drives {
        self.watchdog.drives()
    }

    fn enable_drives(&mut self) {
        self.watchdog.enable();
        self.arms.iter_mut().for_each(LightArm::stay);
    }

    fn disable_drives(&mut self) {
        self.watchdog.disable();
    }

    fn step(&mut self, order: Option<&Order>) {
        let dt_s = STEP.as_secs_f64();
        let powered = self.watchdog.pass(dt_s, order.is_some()) == Drives::On;
        let wanted: [_; ARMS] = match order {
            Some(Order::Servo { arms }) => arms.map(Some),
            _ => [None; ARMS],
        };
        for (arm, wanted) in self.arms.iter_mut().zip(wanted) {
            if let Some(wanted) = wanted.filter(|_| powered) {
                (arm.wanted, arm.jaw_wanted_rad) = (wanted.tip.iso, wanted.jaw_rad);
            }
            arm.step(powered, dt_s);
        }
        self.touch(dt_s);
        for arm in &mut self.arms {
            arm.sense(&mut self.noise);
        }
    }

    fn measure(&self, at: Moment<RobotTime>) -> Reading {
        let mut reading = Reading::resting(at);
        for (out, arm) in reading.arms.iter_mut().zip(&self.arms) {
            *out = arm.sensed;
        }
        reading
    }

    fn load_n(&self) -> f64 {
        self.arms.iter().map(|arm| arm.sensed.force_n.norm()).fold(0.0, f64::max)
    }

    fn accepts(
        &self,
        order: &Order,
        before: Option<Before<'_>>,
        own: &OwnLimits,
    ) -> Result<(), RobotFault> {
        let orders = match order {
            Order::Off | Order::Stand => return Ok(()),
            Order::Drive { .. } => return Err(RobotFault::Refused),
            Order::Servo { arms } => arms,
        };
        for (i, (arm, order)) in self.arms.iter().zip(orders).enumerate() {
            let last = before.and_then(|before| match before.order {
                Order::Servo { arms } => Some((arms.get(i)?.tip.iso, before.span)),
                _ => None,
            });
            let (from, span) = last.unwrap_or((arm.wanted, STEP));
            if !can_follow(&order.tip.iso, &[from, arm.tip], own.speed_max_m_s, span) {
                return Err(RobotFault::Refused);
            }
        }
        Ok(())
    }
}

impl Watched for LightArms {
    fn board(&self) -> Option<&PegBoard> {
        self.board.as_ref()
    }

    fn truth(&self) -> Truth {
        let mut tips = [None; ARMS];
        for (out, arm) in tips.iter_mut().zip(&self.arms) {
            *out = Some(TipMotion {
                at_m: arm.tip.translation.vector,
                velocity_m_s: arm.velocity_m_s,
                axis: arm.tip.rotation * Vector3::z(),
                opening: arm.tip.rotation * Vector3::y(),
            });
        }
        Truth {
            tips,
            base: None,
            drives: self.watchdog.drives(),
            force_n: self.arms.iter().map(|arm| arm.force_n.norm()).fold(0.0, f64::max),
        }
    }
}
