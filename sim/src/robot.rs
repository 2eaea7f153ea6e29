//! The simulated robot behind the integrator's trait, and its ultrasound pictures.
//!
//! A model to copy from: [`SimRobot`] is what a driver for a real arm looks like. It answers at once,
//! tells every fault, and leaves safety to the agent. Time passes in the plant as it passes on the
//! robot's clock: each reading first steps the plant up to now.

use core::time::Duration;

use nalgebra::Isometry3;
use protocol::ARMS;
use protocol::pose::Pose;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::picture::{Picture, PictureSource};
use robot_agent::robot::{ArmReading, Description, Order, Reading, Robot, RobotFault};

use crate::arm::ArmModel;
use crate::phantom::{Phantom, Placement};
use crate::plant::{Command, Drives, UltrasoundPlant};
use crate::snapshot::{SnapshotReader, SnapshotWriter, snapshot};
use crate::ultrasound::{Probe, Scanner, ScannerError, Settings};

/// The step of the plant.
const STEP: Duration = Duration::from_millis(1);

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

/// A 7-joint arm with an ultrasound probe over a torso phantom.
pub struct SimRobot {
    plant: UltrasoundPlant,
    stepped_to: Option<Moment<RobotTime>>,
    order: Option<Order>,
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
        plant.disable_drives();
        Ok(Self::new(plant))
    }

    /// A robot made of this plant.
    pub fn new(plant: UltrasoundPlant) -> (Self, SnapshotReader) {
        let (writer, reader) = snapshot();
        (Self { plant, stepped_to: None, order: None, snapshot: writer }, reader)
    }

    /// The plant, for those who test.
    pub const fn plant(&self) -> &UltrasoundPlant {
        &self.plant
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
            self.step(self.order);
            self.order = None;
        }
        // What is beyond the most steps is lost time, not debt.
        self.stepped_to = Some(if now.since(at).is_some_and(|d| d >= STEP) { now } else { at });
    }

    fn step(&mut self, order: Option<Order>) {
        let dt_s = STEP.as_secs_f64();
        match order {
            None => self.plant.step(dt_s, Command::Silence),
            Some(Order::Off) => {
                self.plant.disable_drives();
                self.plant.step(dt_s, Command::Silence);
            }
            Some(Order::Stand) => self.plant.step(dt_s, Command::Hold),
            Some(Order::Servo { tips: [tip, _] }) => {
                if self.plant.drives() == Drives::Off {
                    self.plant.enable_drives();
                }
                self.plant.step(dt_s, Command::Follow(&tip.iso));
            }
        }
    }
}

impl Robot for SimRobot {
    fn describe(&self) -> Description {
        Description {
            name: format!("{}-sim", self.plant.arm().name()),
            simulated: true,
            arms: 1,
            speed_max_m_s: 0.5,
        }
    }

    fn read(&mut self, now: Moment<RobotTime>) -> Result<Reading, RobotFault> {
        self.step_to(now);
        let tip: Isometry3<f64> = *self.plant.tip();
        self.snapshot.write(&tip, self.plant.time_s());
        if self.plant.watchdog_tripped() {
            return Err(RobotFault::Watchdog);
        }
        let wrench = self.plant.sensed_wrench();
        let arm = ArmReading {
            tip: Pose::new(tip),
            velocity_m_s: self.plant.twist().linear_m_s,
            force_n: wrench.force_n,
            torque_n_m: wrench.torque_n_m,
            jaw_rad: 0.0,
        };
        let mut arms = [ArmReading::absent(); ARMS];
        if let Some(first) = arms.first_mut() {
            *first = arm;
        }
        Ok(Reading { at: now, powered: self.plant.drives() == Drives::On, arms })
    }

    fn command(&mut self, order: &Order, _now: Moment<RobotTime>) -> Result<(), RobotFault> {
        self.order = Some(*order);
        Ok(())
    }

    fn recover(&mut self) {
        self.plant.disable_drives();
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

    fn capture(&mut self, _now: Moment<RobotTime>, _budget: Duration, into: &mut Picture) -> bool {
        let Some((pose, time_s)) = self.probe.read() else { return false };
        into.depth_um = (self.scanner.settings().depth_m * 1e6) as u32;
        self.scanner.render(&self.phantom, &pose, time_s, &mut into.grey).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Moment<RobotTime> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn it_follows_orders_and_reads_true() {
        let (mut robot, eye) = SimRobot::shipped(1).unwrap();
        assert!(robot.describe().simulated);
        let start = robot.read(ms(1)).unwrap();
        assert!(!start.powered);
        let mut tips = [Pose::identity(); ARMS];
        tips[0] = Pose::new(Isometry3::from_parts(
            (start.arms[0].tip.position() + nalgebra::Vector3::new(0.01, 0.0, 0.0)).into(),
            start.arms[0].tip.iso.rotation,
        ));
        let mut reading = start;
        for t in 2..1_000 {
            robot.command(&Order::Servo { tips }, ms(t)).unwrap();
            reading = robot.read(ms(t)).unwrap();
        }
        assert!(reading.powered && reading.is_sane());
        let off = (reading.arms[0].tip.position() - tips[0].position()).norm();
        assert!(off < 0.000_5, "{off} m off");
        let (seen, _) = eye.read().unwrap();
        assert!((seen.translation.vector - reading.arms[0].tip.position()).norm() < 1e-12);
        robot.command(&Order::Off, ms(1_000)).unwrap();
        assert!(!robot.read(ms(1_001)).unwrap().powered);
    }

    /// ROBOT-FAULT: an agent that has died is noticed by the robot itself, within its 30 ms.
    #[test]
    fn silence_trips_the_robots_own_watchdog_and_a_reset_clears_it() {
        let (mut robot, _) = SimRobot::shipped(1).unwrap();
        let tips = [robot.read(ms(1)).unwrap().arms[0].tip, Pose::identity()];
        for t in 2..50 {
            robot.command(&Order::Servo { tips }, ms(t)).unwrap();
            robot.read(ms(t)).unwrap();
        }
        assert!(robot.read(ms(75)).is_ok());
        assert_eq!(robot.read(ms(85)), Err(RobotFault::Watchdog));
        robot.command(&Order::Servo { tips }, ms(86)).unwrap();
        assert_eq!(robot.read(ms(87)), Err(RobotFault::Watchdog), "it stays tripped");
        robot.recover();
        assert!(robot.read(ms(88)).is_ok());
    }

    #[test]
    fn pictures_show_what_is_under_the_probe() {
        let (mut robot, eye) = SimRobot::shipped(1).unwrap();
        let mut pictures = SimPictures::shipped(eye, (320, 240), 1).unwrap();
        let mut picture = Picture::black(320, 240);
        assert!(!pictures.capture(ms(1), STEP, &mut picture), "nothing is known of the probe yet");
        robot.read(ms(1)).unwrap();
        assert!(pictures.capture(ms(1), STEP, &mut picture));
        assert!(picture.depth_um > 10_000);
        let bright = picture.grey.iter().filter(|p| **p > 40).count();
        assert!(bright > 320 * 240 / 10, "{bright} pixels show the liver");
    }
}
