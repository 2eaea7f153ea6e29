//! The integrator's trait: describe, read, command, stop. Everything that keeps a patient safe is
//! inherited.
//!
//! The servo thread calls [`Robot::read`] and [`Robot::command`] once per millisecond. Both must return
//! at once: a method that waits for its hardware starves the interlocks. Errors are values; a method
//! that can not tell the truth must return one, because the core treats silence about a fault as the
//! fault itself.

use core::fmt;
use core::time::Duration;

use nalgebra::Vector3;
use protocol::ARMS;
use protocol::frame::command::JAW_MAX_RAD;
use protocol::pose::{Base, Pose, Tip, rotation_from};
use protocol::time::{Moment, Robot as RobotClock};

/// No arm reaches further. Unit: metre.
const REACH_MAX_M: f64 = 100.0;
/// No arm is faster. Unit: metre per second.
const SPEED_SENSED_MAX_M_S: f64 = 100.0;
/// No sensor reads more. Unit: newton, newton metre.
const WRENCH_MAX: f64 = 1e4;

/// No base is steered faster. Unit: metre per second, radian per second.
const TWIST_MAX: f64 = 100.0;
/// No obstacle is seen further away. Unit: metre.
pub const RANGE_MAX_M: f64 = 1e4;

/// What a robot is and what it can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Name, shown on the console and in the log.
    pub name: String,
    /// True if nothing real moves. Only then may a practice device steer it.
    pub simulated: bool,
    /// What moves.
    pub body: Body,
    /// The robot's own watchdog: with no order for this long it stops by itself. A robot without one
    /// can not be used: nothing would stop it if this program died.
    pub watchdog: Duration,
}

/// What moves.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Arms with tools.
    Arms {
        /// How many, 1 to [`ARMS`].
        count: usize,
        /// Fastest tip speed that they can follow. Unit: metre per second.
        speed_max_m_s: f64,
        /// The ports that their instruments pass through, in the frame of the base.
        ports: [Option<Port>; ARMS],
    },
    /// A mobile base.
    Base {
        /// Fastest speed that it can follow. Unit: metre per second.
        speed_max_m_s: f64,
    },
}

impl Body {
    /// Arms that there are; 0 for a base.
    pub fn arms(&self) -> usize {
        match self {
            Self::Arms { count, .. } => (*count).clamp(1, ARMS),
            Self::Base { .. } => 0,
        }
    }

    /// Fastest speed of a tip or of the base. Unit: metre per second.
    pub const fn speed_max_m_s(&self) -> f64 {
        match self {
            Self::Arms { speed_max_m_s, .. } | Self::Base { speed_max_m_s } => *speed_max_m_s,
        }
    }
}

/// A port: the remote centre of motion of an instrument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Port {
    /// The point that the shaft must pass through. Frame: base. Unit: metre.
    pub centre_m: Vector3<f64>,
    /// The middle of its cone, into the body. Frame: base. Unit length.
    pub axis: Vector3<f64>,
    /// What keeps the shaft in it.
    pub shaft: Shaft,
}

/// What keeps a shaft in its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shaft {
    /// The instrument has a wrist and the arm's mechanism or controller keeps the shaft in the port:
    /// the tip may point anywhere.
    Wristed,
    /// The tool axis is the shaft: the governor turns the tip so that it passes through the port.
    Rigid,
}

/// Limits that the robot's own controller enforces beside the governor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnLimits {
    /// Fastest tip or base. Unit: metre per second.
    pub speed_max_m_s: f64,
    /// Hardest contact. Unit: newton.
    pub force_max_n: f64,
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
    /// How near the arm is to the ends of what it can do.
    pub reach: Reach,
    /// How far the shaft passes beside its port; 0 for an arm without one. Unit: metre.
    pub beside_port_m: f64,
}

/// How near an arm is to the ends of what it can do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Distance of the nearest joint from the nearer end of its range, as a share of half the range:
    /// 1 in the middle, 0 at the end.
    pub joint: f64,
    /// Distance from a singular pose: smallest over largest singular value of the Jacobian for motions
    /// of the tip that do not turn it, as a share of that in the best pose. 1 in the best pose, 0 where
    /// it is singular. (With the turns left in, a wrist hides that an elbow is straight.)
    pub dexterity: f64,
}

impl Reach {
    /// Nowhere near any end: for arms that can not get there.
    pub const AMPLE: Self = Self { joint: 1.0, dexterity: 1.0 };
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
            reach: Reach::AMPLE,
            beside_port_m: 0.0,
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
            && self.reach.joint.abs() <= 1.0
            && self.reach.dexterity.abs() <= 1.0
            && (0.0..=REACH_MAX_M).contains(&self.beside_port_m)
    }
}

/// What is measured of a mobile base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseReading {
    /// Speed, forward positive (`measured_cv`). Unit: metre per second.
    pub linear_m_s: f64,
    /// Turn rate, counter-clockwise. Unit: radian per second.
    pub angular_rad_s: f64,
    /// When the distances were measured: a scanner is slower than the servo, and it can fail alone.
    pub ranged_at: Moment<RobotClock>,
    /// Distance to the nearest obstacle ahead; [`RANGE_MAX_M`] where there is none. Unit: metre.
    pub ahead_m: f64,
    /// Distance to the nearest obstacle behind. Unit: metre.
    pub behind_m: f64,
    /// Force on the bumper. Unit: newton.
    pub bumper_n: f64,
}

impl BaseReading {
    /// A base that is not there.
    pub const fn absent() -> Self {
        Self {
            linear_m_s: 0.0,
            angular_rad_s: 0.0,
            ranged_at: Moment::START,
            ahead_m: RANGE_MAX_M,
            behind_m: RANGE_MAX_M,
            bumper_n: 0.0,
        }
    }

    fn is_sane(&self) -> bool {
        self.linear_m_s.abs() <= TWIST_MAX
            && self.angular_rad_s.abs() <= TWIST_MAX
            && (0.0..=RANGE_MAX_M).contains(&self.ahead_m)
            && (0.0..=RANGE_MAX_M).contains(&self.behind_m)
            && (0.0..=WRENCH_MAX).contains(&self.bumper_n)
    }
}

/// What is measured of the robot, at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// When arms, odometry, bumper and guards were measured: the age of the sensors counts, not the age of
    /// the call.
    pub at: Moment<RobotClock>,
    /// True while the drives carry the arms or the base.
    pub powered: bool,
    /// True while a guard at the robot is open: an enabling switch, a light curtain, a door.
    pub guard_open: bool,
    /// The arms; absent ones are neutral.
    pub arms: [ArmReading; ARMS],
    /// The base; neutral for arms.
    pub base: BaseReading,
}

impl Reading {
    /// A robot that stands, its drives off.
    pub fn resting(at: Moment<RobotClock>) -> Self {
        Self {
            at,
            powered: false,
            guard_open: false,
            arms: [ArmReading::absent(); ARMS],
            base: BaseReading::absent(),
        }
    }

    /// True if every number in it is one that a robot can have and a state frame can carry, and every
    /// rotation is one. A driver that builds a pose by hand can get it wrong; a force along an axis
    /// that is none would read as no force.
    pub fn is_sane(&self) -> bool {
        self.arms.iter().all(ArmReading::is_sane) && self.base.is_sane()
    }
}

/// Where one arm is asked to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmOrder {
    /// Wanted pose of the tip.
    pub tip: Pose<Base, Tip>,
    /// Wanted opening of the jaw. Unit: radian.
    pub jaw_rad: f64,
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
        /// The arms; absent ones are neutral.
        arms: [ArmOrder; ARMS],
    },
    /// Drive like this (CRTK `servo_cv`).
    Drive {
        /// Forward speed. Unit: metre per second.
        linear_m_s: f64,
        /// Turn rate, counter-clockwise. Unit: radian per second.
        angular_rad_s: f64,
    },
}

impl Order {
    /// True if every number in it is finite. A robot refuses any other order.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Off | Self::Stand => true,
            Self::Servo { arms } => arms.iter().all(|a| a.tip.is_finite() && a.jaw_rad.is_finite()),
            Self::Drive { linear_m_s, angular_rad_s } => {
                linear_m_s.is_finite() && angular_rad_s.is_finite()
            }
        }
    }
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
    /// The order was refused: it holds a number that is none, or breaks the robot's own limits.
    Refused,
}

impl fmt::Display for RobotFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "the robot does not answer",
            Self::Drives => "the drives have switched themselves off",
            Self::Sensor => "a sensor is broken or frozen",
            Self::Unreachable => "the arm can not reach the ordered pose",
            Self::Watchdog => "the robot's own watchdog has tripped",
            Self::Refused => "the robot refused an order beyond its own limits",
        })
    }
}

/// A robot that Farreach can move.
///
/// `describe`, `read` and `command` are what an integrator writes; the rest has defaults. Whether an
/// implementation keeps its promises is tried by [`crate::conform`].
pub trait Robot: Send {
    /// What it is: always the same. Called before anything else.
    fn describe(&self) -> Description;

    /// What is measured now. Returns at once.
    ///
    /// # Errors
    /// A [`RobotFault`] whenever the reading would not be true.
    fn read(&mut self, now: Moment<RobotClock>) -> Result<Reading, RobotFault>;

    /// Passes an order on. Returns at once. Called every tick, so that the robot's own watchdog can
    /// tell a living agent from a dead one. An order that is not finite is refused and changes nothing.
    ///
    /// # Errors
    /// A [`RobotFault`] if the order was not passed on.
    fn command(&mut self, order: &Order, now: Moment<RobotClock>) -> Result<(), RobotFault>;

    /// Stops whatever happens: called when the agent ends, in order or not. The default takes the drives
    /// off; a robot that falls without them brakes first.
    ///
    /// # Errors
    /// A [`RobotFault`] if the robot could not be told.
    fn stop(&mut self, now: Moment<RobotClock>) -> Result<(), RobotFault> {
        self.command(&Order::Off, now)
    }

    /// Takes `wanted` over into the robot's own controller and returns the limits read back from it:
    /// the self-test fails if they are wider. The default has none of its own and returns `wanted`.
    ///
    /// # Errors
    /// A [`RobotFault`] if they could not be set or not be read back.
    fn limit(&mut self, wanted: &OwnLimits) -> Result<OwnLimits, RobotFault> {
        Ok(*wanted)
    }

    /// Tries to clear a fault at a local reset. The default has nothing to clear.
    fn recover(&mut self) {}
}
