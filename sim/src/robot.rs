//! The simulated robot behind the integrator's trait, and its ultrasound pictures.
//!
//! A model to copy from: [`SimRobot`] is what a driver for a real arm looks like. It answers at once,
//! tells every fault, keeps limits of its own, and leaves the rest of safety to the agent. Time passes
//! in the plant as it passes on the robot's clock: each reading first steps the plant up to now.

use core::time::Duration;

use nalgebra::Isometry3;
use protocol::ARMS;
use protocol::picture::ViewSource;
use protocol::pose::Pose;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::picture::{Picture, PictureSource};
use robot_agent::robot::{
    ArmReading, Body, Description, Order, OwnLimits, Reach, Reading, Robot, RobotFault,
};

use crate::arm::{ArmModel, best_isotropy};
use crate::phantom::{Phantom, Placement};
use crate::plant::{Command, Drives, UltrasoundPlant, WATCHDOG_S};
use crate::snapshot::{SnapshotReader, SnapshotWriter, snapshot};
use crate::ultrasound::{Probe, Scanner, ScannerError, Settings};

/// The step of the plant.
const STEP: Duration = Duration::from_millis(1);

/// The plant's own watchdog.
const WATCHDOG: Duration = Duration::from_millis((WATCHDOG_S * 1e3) as u64);

/// Steps made at most for one reading. A servo that slept longer finds that the plant lost the time;
/// by then its watchdog has tripped anyway.
const STEPS_MAX: u32 = 100;

/// Where the people at the bedside have put the probe: on the skin over the liver, pressed as lightly
/// as its own weight would. So there is a picture before anybody steers.
const READY: Placement = Placement {
    x_m: -0.045,
    y_m: 0.03,
    turn_rad: 0.0,
    rock_rad: 0.0,
    tilt_rad: 0.0,
    press_m: 0.004,
};

/// Steps to bring it there from home: ample at half a metre per second.
const READY_STEPS: u32 = 2_000;

/// The robot's own limits where nobody asked for tighter ones: the fastest that its drives follow, and what a
/// collaborative arm of its size stops at.
const WIDEST: OwnLimits = OwnLimits { speed_max_m_s: 0.5, force_max_n: 100.0 };

/// What an order may be further from the last than its speed limit allows. Unit: metre. Rounding, and the
/// setpoint that starts at the measured pose while the arm still bends.
const STEP_TOLERANCE_M: f64 = 0.000_1;

/// How long the force may be beyond its own limit. The interlock, which may have the same one, stops and yields
/// first; what lasts longer is an agent that does neither.
const OVER_FORCE_MAX: Duration = Duration::from_millis(100);

/// A stamp from the future is this far ahead.
const AHEAD: Duration = Duration::from_millis(50);

/// What can be broken in the simulated robot, for tests of those who must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimFault {
    /// The arm's sensors repeat what they read last, bit by bit, under new stamps. The driver can not tell that
    /// from an arm that stands: who knows that the arm was asked to move must notice.
    FrozenSensor,
    /// The sensors' samples cease to come. The driver knows the time of the last one, and says it.
    LostSensor,
    /// A number read of the arm is none.
    NanReading,
    /// Readings are stamped ahead of the robot's clock.
    FutureReading,
    /// The drives are cut by hardware, as by the emergency stop.
    DrivesCut,
    /// The hardware answers nothing and takes no orders.
    Silent,
}

/// The last pose that was ordered.
#[derive(Debug, Clone, Copy)]
struct Setpoint {
    tip: Isometry3<f64>,
    at: Moment<RobotTime>,
}

/// A 7-joint arm with an ultrasound probe over a torso phantom.
pub struct SimRobot {
    plant: UltrasoundPlant,
    /// The best [`UltrasoundPlant::isotropy`] of this arm.
    isotropy_max: f64,
    stepped_to: Option<Moment<RobotTime>>,
    order: Option<Order>,
    setpoint: Option<Setpoint>,
    own: OwnLimits,
    over_force: Duration,
    /// Why the drives have switched themselves off, until a reset.
    tripped: Option<RobotFault>,
    broken: Option<SimFault>,
    guard_open: bool,
    /// What the sensors read last before they broke.
    last_sample: Option<Reading>,
    snapshot: SnapshotWriter,
}

impl SimRobot {
    /// The robot with its shipped models, its probe put on the skin over the liver, and where its
    /// pictures can see the probe from.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn shipped(seed: u64) -> Result<(Self, SnapshotReader), String> {
        let arm = ArmModel::shipped().map_err(|e| e.to_string())?;
        let phantom = Phantom::shipped().map_err(|e| e.to_string())?;
        let ready = phantom.probe_pose(&READY);
        let mut plant = UltrasoundPlant::new(arm, phantom, seed);
        plant.enable_drives();
        for _ in 0..READY_STEPS {
            plant.step(STEP.as_secs_f64(), Command::Follow(&ready));
        }
        Ok(Self::new(plant))
    }

    /// A robot made of this plant, as an agent finds it that has just connected: its drives off.
    pub fn new(mut plant: UltrasoundPlant) -> (Self, SnapshotReader) {
        plant.disable_drives();
        let (writer, reader) = snapshot();
        let robot = Self {
            isotropy_max: best_isotropy(plant.arm()),
            plant,
            stepped_to: None,
            order: None,
            setpoint: None,
            own: WIDEST,
            over_force: Duration::ZERO,
            tripped: None,
            broken: None,
            guard_open: false,
            last_sample: None,
            snapshot: writer,
        };
        (robot, reader)
    }

    /// The plant, for those who test.
    pub const fn plant(&self) -> &UltrasoundPlant {
        &self.plant
    }

    /// Breaks the robot, or mends it with `None`. Drives that were cut stay off until a reset.
    pub const fn set_fault(&mut self, fault: Option<SimFault>) {
        self.broken = fault;
        self.last_sample = None;
    }

    /// Opens or closes the guard at the robot. The robot only reports it.
    pub const fn set_guard_open(&mut self, open: bool) {
        self.guard_open = open;
    }

    fn step_to(&mut self, now: Moment<RobotTime>) {
        let Some(mut at) = self.stepped_to else {
            self.stepped_to = Some(now);
            return;
        };
        for _ in 0..STEPS_MAX {
            if at.after(STEP) > now {
                break;
            }
            at = at.after(STEP);
            // An order counts once: a robot that hears nothing more is for its watchdog to stop.
            let order = self.order.take();
            self.step(order);
        }
        // What is beyond the most steps is lost time, not debt.
        self.stepped_to = Some(if now.since(at).is_some_and(|d| d >= STEP) { now } else { at });
    }

    fn step(&mut self, order: Option<Order>) {
        let dt_s = STEP.as_secs_f64();
        if self.broken == Some(SimFault::DrivesCut) {
            self.trip(RobotFault::Drives);
        }
        let may_power = self.tripped.is_none() && self.plant.drives() == Drives::Off;
        if may_power && matches!(order, Some(Order::Stand | Order::Servo { .. })) {
            self.plant.enable_drives();
        }
        match order {
            None | Some(Order::Drive { .. }) => self.plant.step(dt_s, Command::Silence),
            Some(Order::Off) => {
                // Only a reset ends the plant's own watchdog.
                if !self.plant.watchdog_tripped() {
                    self.plant.disable_drives();
                }
                self.plant.step(dt_s, Command::Silence);
            }
            Some(Order::Stand) => self.plant.step(dt_s, Command::Hold),
            Some(Order::Servo { arms: [arm, _] }) => {
                self.plant.step(dt_s, Command::Follow(&arm.tip.iso));
            }
        }
        let force_n = self.plant.sensed_wrench().force_n.norm();
        let over = self.plant.drives() == Drives::On && !(force_n <= self.own.force_max_n);
        self.over_force = if over { self.over_force + STEP } else { Duration::ZERO };
        if self.over_force > OVER_FORCE_MAX {
            self.trip(RobotFault::Drives);
        }
    }

    /// The drives switch themselves off, until a reset.
    fn trip(&mut self, fault: RobotFault) {
        self.plant.disable_drives();
        self.tripped = self.tripped.or(Some(fault));
    }

    /// What the sensors measure, at the time of the last step.
    fn sample(&self, at: Moment<RobotTime>) -> Reading {
        let wrench = self.plant.sensed_wrench();
        let mut reading = Reading::resting(at);
        reading.powered = self.plant.drives() == Drives::On;
        reading.guard_open = self.guard_open;
        if let Some(first) = reading.arms.first_mut() {
            *first = ArmReading {
                tip: Pose::new(*self.plant.tip()),
                velocity_m_s: self.plant.twist().linear_m_s,
                force_n: wrench.force_n,
                torque_n_m: wrench.torque_n_m,
                reach: Reach {
                    joint: self.plant.limit_margin(),
                    dexterity: (self.plant.isotropy() / self.isotropy_max).min(1.0),
                },
                ..ArmReading::absent()
            };
        }
        reading
    }

    /// What becomes of a sample in broken sensors.
    fn as_broken(&mut self, sample: &Reading) -> Reading {
        let mut reading = *sample;
        match self.broken {
            Some(SimFault::FrozenSensor) => {
                reading.arms = self.last_sample.get_or_insert(*sample).arms;
            }
            Some(SimFault::LostSensor) => reading = *self.last_sample.get_or_insert(*sample),
            Some(SimFault::NanReading) => {
                if let Some(arm) = reading.arms.first_mut() {
                    arm.tip.iso.translation.vector.z = f64::NAN;
                }
            }
            Some(SimFault::FutureReading) => reading.at = sample.at.after(AHEAD),
            Some(SimFault::DrivesCut | SimFault::Silent) | None => {}
        }
        reading
    }

    /// Whether the tip can be there in time: near enough to where it was last asked to be, or to where it is.
    fn can_follow(&self, tip: &Isometry3<f64>, now: Moment<RobotTime>) -> bool {
        let (from, span) = match self.setpoint {
            Some(last) => (last.tip, now.since(last.at).unwrap_or(STEP)),
            None => (self.plant.setpoint_tip(), STEP),
        };
        let span_s = span.clamp(STEP, WATCHDOG).as_secs_f64();
        let way_max_m = self.own.speed_max_m_s * span_s + STEP_TOLERANCE_M;
        [from, *self.plant.tip()]
            .iter()
            .any(|from| (tip.translation.vector - from.translation.vector).norm() <= way_max_m)
    }
}

impl Robot for SimRobot {
    fn describe(&self) -> Description {
        Description {
            name: format!("{}-sim", self.plant.arm().name()),
            simulated: true,
            body: Body::Arms { count: 1, speed_max_m_s: WIDEST.speed_max_m_s, ports: [None; ARMS] },
            watchdog: WATCHDOG,
        }
    }

    fn read(&mut self, now: Moment<RobotTime>) -> Result<Reading, RobotFault> {
        self.step_to(now);
        self.snapshot.write(self.plant.tip(), self.plant.time_s());
        if self.broken == Some(SimFault::Silent) {
            return Err(RobotFault::Silent);
        }
        if self.plant.watchdog_tripped() {
            return Err(RobotFault::Watchdog);
        }
        if let Some(fault) = self.tripped {
            return Err(fault);
        }
        let sample = self.sample(self.stepped_to.unwrap_or(now));
        Ok(self.as_broken(&sample))
    }

    fn command(&mut self, order: &Order, now: Moment<RobotTime>) -> Result<(), RobotFault> {
        if self.broken == Some(SimFault::Silent) {
            return Err(RobotFault::Silent);
        }
        if !order.is_finite() {
            return Err(RobotFault::Refused);
        }
        self.setpoint = match order {
            Order::Off | Order::Stand => None,
            Order::Servo { arms: [arm, _] } if self.can_follow(&arm.tip.iso, now) => {
                Some(Setpoint { tip: arm.tip.iso, at: now })
            }
            Order::Servo { .. } | Order::Drive { .. } => return Err(RobotFault::Refused),
        };
        self.order = Some(*order);
        Ok(())
    }

    fn limit(&mut self, wanted: &OwnLimits) -> Result<OwnLimits, RobotFault> {
        // Written so that NaN is refused.
        if !(wanted.speed_max_m_s > 0.0 && wanted.force_max_n > 0.0) {
            return Err(RobotFault::Refused);
        }
        self.own = OwnLimits {
            speed_max_m_s: wanted.speed_max_m_s.min(WIDEST.speed_max_m_s),
            force_max_n: wanted.force_max_n.min(WIDEST.force_max_n),
        };
        Ok(self.own)
    }

    fn recover(&mut self) {
        self.plant.disable_drives();
        self.tripped = None;
        self.over_force = Duration::ZERO;
        (self.order, self.setpoint) = (None, None);
    }
}

/// B-mode pictures of what is under the simulated probe.
pub struct SimPictures {
    scanner: Scanner,
    phantom: Phantom,
    probe: SnapshotReader,
}

impl SimPictures {
    /// Pictures of this size, of the shipped phantom, as the probe of `probe` sees it.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken or the size is not one.
    pub fn shipped(
        probe: SnapshotReader,
        (width, height): (u16, u16),
        seed: u64,
    ) -> Result<Self, String> {
        let phantom = Phantom::shipped().map_err(|e| e.to_string())?;
        let scanner = Scanner::new(
            Probe::curved(),
            Settings::default(),
            usize::from(width),
            usize::from(height),
            seed,
        )
        .map_err(|e: ScannerError| e.to_string())?;
        Ok(Self { scanner, phantom, probe })
    }
}

impl PictureSource for SimPictures {
    fn size(&self) -> (u16, u16) {
        let (width, height) = self.scanner.size();
        (u16::try_from(width).unwrap_or(u16::MAX), u16::try_from(height).unwrap_or(u16::MAX))
    }

    fn shows(&self) -> ViewSource {
        ViewSource::Ultrasound
    }

    fn capture(&mut self, _now: Moment<RobotTime>, _budget: Duration, into: &mut Picture) -> bool {
        let Some((pose, time_s)) = self.probe.read() else { return false };
        into.depth_um = (self.scanner.settings().depth_m * 1e6) as u32;
        self.scanner.render(&self.phantom, &pose, time_s, &mut into.grey).is_ok()
    }
}

#[cfg(test)]
#[path = "robot_tests.rs"]
mod tests;
