//! The integrator's trait: describe, read, command. Everything that keeps a patient safe is inherited.
//!
//! The servo thread calls [`Robot::read`] and [`Robot::command`] once per millisecond. Both must return
//! at once: a method that waits for its hardware starves the interlocks. Errors are values; a method
//! that can not tell the truth must return one, because the core treats silence about a fault as the
//! fault itself.

use core::fmt;

use nalgebra::Vector3;
use protocol::ARMS;
use protocol::pose::{Base, Pose, Tip, rotation_from};
use protocol::time::{Moment, Robot as RobotClock};

/// No arm reaches further. Unit: metre.
const REACH_MAX_M: f64 = 100.0;
/// No arm is faster. Unit: metre per second.
const SPEED_SENSED_MAX_M_S: f64 = 100.0;
/// No sensor reads more. Unit: newton, newton metre.
const WRENCH_MAX: f64 = 1e4;
/// No jaw opens further. Unit: radian.
const JAW_MAX_RAD: f64 = 4.0;

/// What a robot is and what it can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Name, shown on the console and in the log.
    pub name: String,
    /// True if nothing real moves. Only then may a practice device steer it.
    pub simulated: bool,
    /// Arms it has, 1 to [`ARMS`].
    pub arms: usize,
    /// Fastest tip speed it can follow. Unit: metre per second.
    pub speed_max_m_s: f64,
}

/// What is measured of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmReading {
    /// Where the tip is (CRTK `measured_cp`).
    pub tip: Pose<Base, Tip>,
    /// Velocity of the tip along the base axes (`measured_cv`). Unit: metre per second.
    pub velocity_m_s: Vector3<f64>,
    /// Force on the tip along the base axes (`measured_cf`). Unit: newton.
    pub force_n: Vector3<f64>,
    /// Torque on the tip about the base axes. Unit: newton metre.
    pub torque_n_m: Vector3<f64>,
    /// Opening of the jaw. Unit: radian.
    pub jaw_rad: f64,
}

impl ArmReading {
    /// An arm that is not there.
    pub fn absent() -> Self {
        Self {
            tip: Pose::identity(),
            velocity_m_s: Vector3::zeros(),
            force_n: Vector3::zeros(),
            torque_n_m: Vector3::zeros(),
            jaw_rad: 0.0,
        }
    }

    /// Force with which the tissue pushes the tool back along its own axis. Unit: newton.
    pub fn contact_force_n(&self) -> f64 {
        -(self.tip.iso.rotation * Vector3::z()).dot(&self.force_n)
    }

    fn is_sane(&self) -> bool {
        let q = self.tip.iso.rotation.coords;
        let within = |v: &Vector3<f64>, max: f64| v.iter().all(|x| x.abs() <= max);
        rotation_from([q.x, q.y, q.z, q.w]).is_some()
            && within(&self.tip.position(), REACH_MAX_M)
            && within(&self.velocity_m_s, SPEED_SENSED_MAX_M_S)
            && within(&self.force_n, WRENCH_MAX)
            && within(&self.torque_n_m, WRENCH_MAX)
            && self.jaw_rad.abs() <= JAW_MAX_RAD
    }
}

/// What is measured of the robot, at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// When it was measured.
    pub at: Moment<RobotClock>,
    /// True while the drives carry the arms.
    pub powered: bool,
    /// The arms; absent ones are neutral.
    pub arms: [ArmReading; ARMS],
}

impl Reading {
    /// True if every number in it is one that an arm can have and a state frame can carry, and every
    /// rotation is one. A driver that builds a pose by hand can get it wrong; a force along an axis
    /// that is none would read as no force.
    pub fn is_sane(&self) -> bool {
        self.arms.iter().all(ArmReading::is_sane)
    }
}

/// What the robot is asked to do in this tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// Drives off, brakes on.
    Off,
    /// Drives on, stand still where you are.
    Stand,
    /// Be here (CRTK `servo_cp`); never further from the last order than the governor allows.
    Servo {
        /// Wanted tip poses; absent arms are neutral.
        tips: [Pose<Base, Tip>; ARMS],
    },
}

/// A fault that the robot reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RobotFault {
    /// No answer from the hardware.
    Silent,
    /// The drives have switched themselves off.
    Drives,
    /// A sensor is broken or frozen.
    Sensor,
    /// The order can not be reached: outside joint limits or singular.
    Unreachable,
    /// The robot's own watchdog has tripped.
    Watchdog,
}

impl fmt::Display for RobotFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "the robot does not answer",
            Self::Drives => "the drives have switched themselves off",
            Self::Sensor => "a sensor is broken or frozen",
            Self::Unreachable => "the arm can not reach the ordered pose",
            Self::Watchdog => "the robot's own watchdog has tripped",
        })
    }
}

/// A robot that Farreach can move.
pub trait Robot: Send {
    /// What it is. Called once, before anything else.
    fn describe(&self) -> Description;

    /// What is measured now.
    ///
    /// # Errors
    /// A [`RobotFault`] whenever the reading would not be true.
    fn read(&mut self, now: Moment<RobotClock>) -> Result<Reading, RobotFault>;

    /// Passes an order on. Called every tick, so that the robot's own watchdog can tell a living
    /// agent from a dead one.
    ///
    /// # Errors
    /// A [`RobotFault`] if the order was not passed on.
    fn command(&mut self, order: &Order, now: Moment<RobotClock>) -> Result<(), RobotFault>;

    /// Tries to clear a fault at a local reset. The default has nothing to clear.
    fn recover(&mut self) {}
}
