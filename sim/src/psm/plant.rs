//! Two patient-side arms at the ports of a patient, as a robot for the surgery profile.

use nalgebra::{Isometry3, Vector3};
use protocol::ARMS;
use protocol::pose::Pose;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::robot::{
    ArmOrder, ArmReading, Body, Order, OwnLimits, Port, Reach, Reading, RobotFault, Shaft,
};

use super::arm::PsmArm;
use super::kinematics::{PSM_JOINTS, PsmModel};
use crate::bedside::{Before, Plant, STEP, Simulated};
use crate::rigid::State;
use crate::robot::can_follow;
use crate::task::{PegBoard, Tool};
use crate::tissue::Wrench;
use crate::truth::{Truth, Watched};
use crate::urdf::UrdfError;
use crate::watchdog::{DriveWatchdog, Drives};

/// The ports: on either side of the middle, at the height of the base frame's origin. Frame: base, x forward, y left,
/// z up; the abdomen of the surgery profile's workspace is below. Unit: m.
pub const PSM_PORTS_M: [Vector3<f64>; ARMS] =
    [Vector3::new(0.0, 0.1, 0.0), Vector3::new(0.0, -0.1, 0.0)];

/// The robot's own limits where nobody asked for tighter ones. The speed: twice the fastest percent of suturing, which
/// the joints reach from 70 mm below the port. The force: what an instrument bears before its cables stretch; assumed.
const WIDEST: OwnLimits = OwnLimits { speed_max_m_s: 0.2, force_max_n: 20.0 };

/// Age of the samples of joints and forces when they can be read, in steps. Assumed: a fieldbus and a filter.
const DELAY_STEPS: usize = 2;

/// Two arms, the left one first.
#[derive(Debug, Clone)]
pub struct PsmPlant {
    arms: [PsmArm; ARMS],
    /// What pushes at the tips from outside, the board apart.
    pushed: [Wrench; ARMS],
    board: Option<PegBoard>,
    watchdog: DriveWatchdog,
}

/// Two patient-side arms behind the integrator's trait.
pub type PsmRobot = Simulated<PsmPlant>;

impl PsmRobot {
    /// The robot with its shipped model, both arms at home.
    ///
    /// # Errors
    /// None in a released build; a test reads the model.
    pub fn shipped(seed: u64) -> Result<Self, UrdfError> {
        Ok(Self::around(PsmPlant::shipped(seed)?))
    }
}

impl PsmPlant {
    /// Both arms at home, drives off. The seed chooses the noise of the sensors.
    ///
    /// # Errors
    /// None in a released build; a test reads the model.
    pub fn shipped(seed: u64) -> Result<Self, UrdfError> {
        let model = PsmModel::shipped()?;
        let left = PsmArm::new(model.clone(), seed);
        let right = PsmArm::new(model, other(seed));
        Ok(Self {
            arms: [left, right],
            pushed: [Wrench::zero(); ARMS],
            board: None,
            watchdog: DriveWatchdog::default(),
        })
    }

    /// The same arms over this board, which lies between the ports.
    #[must_use]
    pub fn over(mut self, board: PegBoard) -> Self {
        self.board = Some(board);
        self
    }

    /// Another noise of the sensors.
    pub const fn reseed(&mut self, seed: u64) {
        let [left, right] = &mut self.arms;
        left.reseed(seed);
        right.reseed(other(seed));
    }

    /// The arms, the left one first.
    pub const fn arms(&self) -> &[PsmArm; ARMS] {
        &self.arms
    }

    /// What pushes at the tip of one arm from now on. Frame: base axes, at the tip. An arm that is not there feels
    /// nothing.
    pub fn push(&mut self, arm: usize, wrench: Wrench) {
        if let (Some(arm), Some(pushed)) = (self.arms.get_mut(arm), self.pushed.get_mut(arm)) {
            arm.push(wrench);
            *pushed = wrench;
        }
    }

    /// What board and rings do in one step, and what the arms feel of it.
    fn touch(&mut self, dt_s: f64) {
        let Some(board) = &mut self.board else { return };
        let ([left, right], [left_m, right_m]) = (&self.arms, &PSM_PORTS_M);
        let tools = [(left, left_m), (right, right_m)].map(|(arm, port_m)| {
            let (tip, twist) = arm.tip_and_twist();
            let jaw_rad = arm.state().q.get(PSM_JOINTS - 1).copied().unwrap_or(0.0);
            Tool { tip: in_robot(&tip, port_m), velocity_m_s: twist.linear_m_s, jaw_rad }
        });
        let felt = board.step(&tools, dt_s);
        for ((arm, pushed), felt) in self.arms.iter_mut().zip(&self.pushed).zip(&felt) {
            arm.push(Wrench {
                force_n: pushed.force_n + felt.wrench.force_n,
                torque_n_m: pushed.torque_n_m + felt.wrench.torque_n_m,
            });
            arm.push_jaw(felt.jaw_n_m);
        }
    }

    /// One step of [`STEP`] under an order. Two arms: about 30 µs. No allocation.
    fn move_on(&mut self, order: Option<&Order>) {
        let dt_s = STEP.as_secs_f64();
        self.touch(dt_s);
        let powered = self.watchdog.pass(dt_s, order.is_some()) == Drives::On;
        for (i, (arm, port_m)) in self.arms.iter_mut().zip(PSM_PORTS_M).enumerate() {
            match order {
                Some(Order::Servo { arms }) if powered => {
                    let wanted = arms.get(i).map(|order| in_arm(order, &port_m));
                    // What can not be reached was refused before it came here.
                    match wanted.and_then(|(tip, jaw)| arm.joints_for(&tip, jaw).ok()) {
                        Some(joints) => arm.follow(&joints, dt_s),
                        None => arm.hold(),
                    }
                }
                _ if powered => arm.hold(),
                _ => {}
            }
            arm.step(powered, dt_s);
        }
    }
}

/// Another stream: one seed for both would let both arms tremble alike.
const fn other(seed: u64) -> u64 {
    seed ^ 0x5851_F42D_4C95_7F2D
}

/// The order of one arm in the frame of its base.
fn in_arm(order: &ArmOrder, port_m: &Vector3<f64>) -> (Isometry3<f64>, f64) {
    let mut tip = order.tip.iso;
    tip.translation.vector -= port_m;
    (tip, order.jaw_rad)
}

/// A pose of an arm in the frame of the robot.
fn in_robot(tip: &Isometry3<f64>, port_m: &Vector3<f64>) -> Isometry3<f64> {
    let mut tip = *tip;
    tip.translation.vector += port_m;
    tip
}

impl Plant for PsmPlant {
    fn name(&self) -> String {
        "psm".to_owned()
    }

    fn body(&self) -> Body {
        let ports = PSM_PORTS_M
            .map(|centre_m| Some(Port { centre_m, axis: -Vector3::z(), shaft: Shaft::Wristed }));
        Body::Arms { count: ARMS, speed_max_m_s: WIDEST.speed_max_m_s, ports }
    }

    fn widest(&self) -> OwnLimits {
        WIDEST
    }

    fn delay_steps(&self) -> usize {
        DELAY_STEPS
    }

    fn drives(&self) -> Drives {
        self.watchdog.drives()
    }

    fn enable_drives(&mut self) {
        self.watchdog.enable();
        for arm in &mut self.arms {
            arm.stand();
        }
    }

    fn disable_drives(&mut self) {
        self.watchdog.disable();
    }

    fn step(&mut self, order: Option<&Order>) {
        self.move_on(order);
    }

    fn measure(&self, at: Moment<RobotTime>) -> Reading {
        let mut reading = Reading::resting(at);
        for ((out, arm), port_m) in reading.arms.iter_mut().zip(&self.arms).zip(PSM_PORTS_M) {
            let sample = arm.sample();
            *out = ArmReading {
                tip: Pose::new(in_robot(&sample.tip, &port_m)),
                velocity_m_s: sample.twist.linear_m_s,
                force_n: sample.wrench.force_n,
                torque_n_m: sample.wrench.torque_n_m,
                jaw_rad: sample.jaw_rad,
                reach: Reach { joint: sample.limit_margin, dexterity: sample.dexterity },
                beside_port_m: sample.beside_centre_m,
            };
        }
        reading
    }

    fn load_n(&self) -> f64 {
        self.arms.iter().map(|arm| arm.sample().wrench.force_n.norm()).fold(0.0, f64::max)
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
        for (i, ((arm, order), port_m)) in self.arms.iter().zip(orders).zip(PSM_PORTS_M).enumerate()
        {
            let (tip, jaw_rad) = in_arm(order, &port_m);
            let last = before.and_then(|before| match before.order {
                Order::Servo { arms } => Some((in_arm(arms.get(i)?, &port_m).0, before.span)),
                _ => None,
            });
            let setpoint: &State<PSM_JOINTS> = arm.setpoint();
            let (from, span) = last.unwrap_or_else(|| (arm.model().forward(&setpoint.q), STEP));
            let here = [from, arm.model().forward(&arm.state().q)];
            if !can_follow(&tip, &here, own.speed_max_m_s, span) {
                return Err(RobotFault::Refused);
            }
            arm.joints_for(&tip, jaw_rad).map_err(|_| RobotFault::Unreachable)?;
        }
        Ok(())
    }
}

impl Watched for PsmPlant {
    fn board(&self) -> Option<&PegBoard> {
        self.board.as_ref()
    }

    fn truth(&self) -> Truth {
        let mut tips = [None; ARMS];
        for ((out, arm), port_m) in tips.iter_mut().zip(&self.arms).zip(PSM_PORTS_M) {
            *out = Some(arm.motion(&port_m));
        }
        let forces = self.arms.iter().map(|arm| arm.pushed().force_n.norm());
        Truth {
            tips,
            base: None,
            drives: self.watchdog.drives(),
            force_n: forces.fold(0.0, f64::max),
        }
    }
}

#[cfg(test)]
#[path = "plant_tests.rs"]
mod tests;
