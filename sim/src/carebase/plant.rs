//! The base behind the integrator's trait, for the telecare profile.

use core::time::Duration;

use nalgebra::Vector2;
use protocol::ARMS;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::robot::{BaseReading, Body, Order, OwnLimits, Reading, RobotFault};

use super::base::{BarPush, CareBase, Wheels};
use super::model::CareModel;
use crate::bedside::{Before, Plant, STEP, Simulated};
use crate::model_file::ModelError;
use crate::truth::{BaseMotion, Truth, Watched};
use crate::watchdog::{DriveWatchdog, Drives};

/// The robot's own limits where nobody asked for tighter ones: what its drives reach, and what its bumper bears.
const WIDEST: OwnLimits = OwnLimits { speed_max_m_s: 1.0, force_max_n: 150.0 };

/// Fastest turn that it takes an order for. Unit: rad/s. Twice what the telecare profile allows.
const TURN_MAX_RAD_S: f64 = 2.1;

/// Age of the samples of odometry and bumper when they can be read, in steps. Assumed.
const DELAY_STEPS: usize = 2;

/// Steps from one scan of the distances to the next: 20 Hz, as scanners of this kind have.
const SCAN_STEPS: u32 = 50;

/// A walking aid in its room.
#[derive(Debug, Clone)]
pub struct CarePlant {
    base: CareBase,
    watchdog: DriveWatchdog,
    wheels: Wheels,
    /// Distances of the last scan, ahead and behind. Unit: m.
    ranges_m: (f64, f64),
    /// Steps since that scan.
    scan_age: u32,
}

/// A walking aid behind the integrator's trait.
pub type CareRobot = Simulated<CarePlant>;

impl CareRobot {
    /// The robot with its shipped model, standing in its room.
    ///
    /// # Errors
    /// None in a released build; a test reads the model.
    pub fn shipped(seed: u64) -> Result<Self, ModelError> {
        Ok(Self::around(CarePlant::new(CareModel::shipped()?, seed)))
    }
}

impl CarePlant {
    /// At rest, drives off. The seed chooses the noise of the sensors.
    pub fn new(model: CareModel, seed: u64) -> Self {
        let base = CareBase::new(model, seed);
        Self {
            ranges_m: base.ranges_m(),
            base,
            watchdog: DriveWatchdog::default(),
            wheels: Wheels::Brake,
            scan_age: 0,
        }
    }

    /// Base and room.
    pub const fn base(&self) -> &CareBase {
        &self.base
    }

    /// What the person does at the bar from now on.
    pub const fn push(&mut self, push: BarPush) {
        self.base.push(push);
    }

    /// What the sensor of the bar says. The integrator's trait has no word for it yet.
    pub const fn bar(&self) -> &BarPush {
        &self.base.sample().bar
    }
}

impl Plant for CarePlant {
    fn name(&self) -> String {
        self.base.model().name.clone()
    }

    fn body(&self) -> Body {
        Body::Base { speed_max_m_s: WIDEST.speed_max_m_s }
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
        self.base.stand();
        self.wheels = Wheels::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 };
    }

    fn disable_drives(&mut self) {
        self.watchdog.disable();
        self.wheels = Wheels::Brake;
    }

    fn step(&mut self, order: Option<&Order>) {
        let powered = self.watchdog.pass(STEP.as_secs_f64(), order.is_some()) == Drives::On;
        self.wheels = match order {
            _ if !powered => Wheels::Brake,
            Some(Order::Drive { linear_m_s, angular_rad_s }) => {
                Wheels::Drive { linear_m_s: *linear_m_s, angular_rad_s: *angular_rad_s }
            }
            Some(_) => Wheels::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 },
            // Until the watchdog trips, the last order stays in force.
            None => self.wheels,
        };
        self.base.step(&self.wheels, STEP.as_secs_f64());
        self.scan_age += 1;
        if self.scan_age >= SCAN_STEPS {
            (self.ranges_m, self.scan_age) = (self.base.ranges_m(), 0);
        }
    }

    fn measure(&self, at: Moment<RobotTime>) -> Reading {
        let sample = self.base.sample();
        let mut reading = Reading::resting(at);
        let scanned = at.as_ns().saturating_sub(nanoseconds(STEP * self.scan_age));
        reading.base = BaseReading {
            linear_m_s: sample.linear_m_s,
            angular_rad_s: sample.angular_rad_s,
            ranged_at: Moment::from_ns(scanned),
            ahead_m: self.ranges_m.0,
            behind_m: self.ranges_m.1,
            bumper_n: sample.bumper_n,
        };
        reading
    }

    fn load_n(&self) -> f64 {
        self.base.sample().bumper_n
    }

    fn accepts(
        &self,
        order: &Order,
        _before: Option<Before<'_>>,
        own: &OwnLimits,
    ) -> Result<(), RobotFault> {
        match order {
            Order::Off | Order::Stand => Ok(()),
            Order::Drive { linear_m_s, angular_rad_s }
                if linear_m_s.abs() <= own.speed_max_m_s
                    && angular_rad_s.abs() <= TURN_MAX_RAD_S =>
            {
                Ok(())
            }
            Order::Drive { .. } | Order::Servo { .. } => Err(RobotFault::Refused),
        }
    }
}

impl Watched for CarePlant {
    fn truth(&self) -> Truth {
        let pose = self.base.pose();
        let (linear_m_s, angular_rad_s) = self.base.speed();
        let motion = BaseMotion {
            at_m: Vector2::new(pose.x_m, pose.y_m),
            heading_rad: pose.heading_rad,
            linear_m_s,
            angular_rad_s,
        };
        Truth {
            tips: [None; ARMS],
            base: Some(motion),
            drives: self.watchdog.drives(),
            force_n: self.base.sample().bumper_n,
        }
    }
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "plant_tests.rs"]
mod tests;
