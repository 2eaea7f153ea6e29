//! The simulated ultrasound robot behind the integrator's trait, and its pictures.
//!
//! The arm and the probe are in [`crate::plant`]; what every simulated robot has around its plant is in
//! [`crate::bedside`].

use core::time::Duration;

use nalgebra::{Isometry3, Vector3};
use protocol::ARMS;
use protocol::imaging::{Imaging, ImagingRanges, ImagingRefusal, ImagingState, Span};
use protocol::picture::ViewSource;
use protocol::pose::Pose;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::picture::{Picture, PictureSource};
use robot_agent::robot::{ArmReading, Body, Order, OwnLimits, Reach, Reading, RobotFault};

use crate::arm::{ArmModel, best_isotropy};
use crate::bedside::{Before, Plant, STEP, Simulated};
use crate::exam::Exam;
use crate::phantom::Phantom;
use crate::plant::{Command, Drives, UltrasoundPlant};
use crate::snapshot::{SnapshotReader, SnapshotWriter, snapshot};
use crate::truth::{TipMotion, Truth, Watched};
use crate::ultrasound::{Ranges, Scanner, ScannerError, Settings};

pub use crate::bedside::SimFault;

/// Steps to bring it there from home: ample at half a metre per second.
const READY_STEPS: u32 = 2_000;

/// The robot's own limits where nobody asked for tighter ones: the fastest that its drives follow, and what a
/// collaborative arm of its size stops at.
const WIDEST: OwnLimits = OwnLimits { speed_max_m_s: 0.5, force_max_n: 100.0 };

/// What an order may be further from the last than its speed limit allows. Unit: metre. Rounding, and the
/// setpoint that starts at the measured pose while the arm still bends.
pub(crate) const STEP_TOLERANCE_M: f64 = 0.000_1;

/// An arm with a probe, as a plant that a robot is made around.
pub struct UltrasoundArm {
    plant: UltrasoundPlant,
    /// The best [`UltrasoundPlant::isotropy`] of this arm.
    isotropy_max: f64,
    snapshot: SnapshotWriter,
}

/// A 7-joint arm with an ultrasound probe over a torso phantom.
pub type SimRobot = Simulated<UltrasoundArm>;

impl SimRobot {
    /// The robot with its shipped models, its probe put on the skin over the liver, and where its
    /// pictures can see the probe from.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn shipped(seed: u64) -> Result<(Self, SnapshotReader), String> {
        Self::examining(Exam::Abdomen, seed)
    }

    /// The same for this examination.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn examining(exam: Exam, seed: u64) -> Result<(Self, SnapshotReader), String> {
        shipped_plant(exam, seed).map(Self::new)
    }

    /// A robot made of this plant, as an agent finds it that has just connected: its drives off.
    pub fn new(plant: UltrasoundPlant) -> (Self, SnapshotReader) {
        let (arm, reader) = UltrasoundArm::new(plant);
        (Self::around(arm), reader)
    }

    /// The plant, for those who test.
    pub const fn plant(&self) -> &UltrasoundPlant {
        &self.inner().plant
    }
}

impl UltrasoundArm {
    /// An arm around this plant, and where its pictures can see the probe from.
    fn new(plant: UltrasoundPlant) -> (Self, SnapshotReader) {
        let (snapshot, reader) = snapshot();
        let isotropy_max = best_isotropy(plant.arm());
        (Self { plant, isotropy_max, snapshot }, reader)
    }

    /// The shipped arm, its probe put on the skin over the liver.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn shipped(seed: u64) -> Result<Self, String> {
        shipped_plant(Exam::Abdomen, seed).map(|plant| Self::new(plant).0)
    }

    /// Another one like it, of which nobody makes pictures. The seed chooses the noise of its sensors.
    #[must_use]
    pub fn like(&self, seed: u64) -> Self {
        let mut plant = self.plant.clone();
        plant.reseed(seed);
        Self { plant, isotropy_max: self.isotropy_max, snapshot: snapshot().0 }
    }
}

fn shipped_plant(exam: Exam, seed: u64) -> Result<UltrasoundPlant, String> {
    let arm = ArmModel::shipped().map_err(|e| e.to_string())?;
    let phantom = exam.phantom().map_err(|e| e.to_string())?;
    let ready = phantom.probe_pose(&exam.ready());
    let mut plant = UltrasoundPlant::new(arm, phantom, seed).with_face(exam.face());
    plant.enable_drives();
    for _ in 0..READY_STEPS {
        plant.step(STEP.as_secs_f64(), Command::Follow(&ready));
    }
    Ok(plant)
}

impl Plant for UltrasoundArm {
    fn name(&self) -> String {
        self.plant.arm().name().to_owned()
    }

    fn body(&self) -> Body {
        Body::Arms { count: 1, speed_max_m_s: WIDEST.speed_max_m_s, ports: [None; ARMS] }
    }

    fn widest(&self) -> OwnLimits {
        WIDEST
    }

    fn drives(&self) -> Drives {
        self.plant.drives()
    }

    fn enable_drives(&mut self) {
        self.plant.enable_drives();
    }

    fn disable_drives(&mut self) {
        self.plant.disable_drives();
    }

    fn step(&mut self, order: Option<&Order>) {
        let command = match order {
            None | Some(Order::Drive { .. } | Order::Off) => Command::Silence,
            Some(Order::Stand) => Command::Hold,
            Some(Order::Servo { arms: [arm, _] }) => Command::Follow(&arm.tip.iso),
        };
        self.plant.step(STEP.as_secs_f64(), command);
    }

    fn measure(&self, at: Moment<RobotTime>) -> Reading {
        let wrench = self.plant.sensed_wrench();
        let mut reading = Reading::resting(at);
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

    fn load_n(&self) -> f64 {
        self.plant.sensed_wrench().force_n.norm()
    }

    fn accepts(
        &self,
        order: &Order,
        before: Option<Before<'_>>,
        own: &OwnLimits,
    ) -> Result<(), RobotFault> {
        let Order::Servo { arms: [arm, _] } = order else {
            return if matches!(order, Order::Drive { .. }) {
                Err(RobotFault::Refused)
            } else {
                Ok(())
            };
        };
        let last = before.and_then(|before| match before.order {
            Order::Servo { arms: [arm, _] } => Some((arm.tip.iso, before.span)),
            _ => None,
        });
        let (from, span) = last.unwrap_or_else(|| (self.plant.setpoint_tip(), STEP));
        let here = [from, *self.plant.tip()];
        if can_follow(&arm.tip.iso, &here, own.speed_max_m_s, span) {
            Ok(())
        } else {
            Err(RobotFault::Refused)
        }
    }

    fn shown(&mut self) {
        self.snapshot.write(self.plant.tip(), self.plant.time_s());
    }
}

impl Watched for UltrasoundArm {
    fn truth(&self) -> Truth {
        let tip = self.plant.tip();
        let motion = TipMotion {
            at_m: tip.translation.vector,
            velocity_m_s: self.plant.twist().linear_m_s,
            axis: tip.rotation * Vector3::z(),
            opening: tip.rotation * Vector3::y(),
        };
        Truth {
            tips: [Some(motion), None],
            base: None,
            drives: self.plant.drives(),
            force_n: self.plant.true_wrench().force_n.norm(),
        }
    }
}

/// Whether a tip can be at `wanted` in time: near enough to where it was last asked to be, or to where it is.
pub(crate) fn can_follow(
    wanted: &Isometry3<f64>,
    here: &[Isometry3<f64>],
    speed_max_m_s: f64,
    span: Duration,
) -> bool {
    let way_max_m = speed_max_m_s * span.as_secs_f64() + STEP_TOLERANCE_M;
    let at_m = wanted.translation.vector;
    here.iter().any(|from| (at_m - from.translation.vector).norm() <= way_max_m)
}

/// B-mode pictures of what is under the simulated probe.
pub struct SimPictures {
    scanner: Scanner,
    phantom: Phantom,
    probe: SnapshotReader,
    frozen: bool,
}

impl SimPictures {
    /// Pictures of this size, of the shipped phantom, as the probe of `probe` sees it.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken or the size is not one.
    pub fn shipped(probe: SnapshotReader, size: (u16, u16), seed: u64) -> Result<Self, String> {
        Self::examining(Exam::Abdomen, probe, size, seed)
    }

    /// The same for this examination.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken or the size is not one.
    pub fn examining(
        exam: Exam,
        probe: SnapshotReader,
        (width, height): (u16, u16),
        seed: u64,
    ) -> Result<Self, String> {
        let phantom = exam.phantom().map_err(|e| e.to_string())?;
        let scanner = Scanner::new(
            exam.probe(),
            exam.settings(),
            usize::from(width),
            usize::from(height),
            seed,
        )
        .map_err(|e: ScannerError| e.to_string())?;
        Ok(Self { scanner, phantom, probe, frozen: false })
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
        let (_, rows) = self.scanner.size();
        into.depth_um = (self.scanner.metres_per_pixel() * rows as f64 * 1e6).round() as u32;
        self.scanner.render(&self.phantom, &pose, time_s, &mut into.grey).is_ok()
    }

    fn imaging(&self) -> Option<ImagingState> {
        let set = self.scanner.settings();
        let now = Imaging {
            depth_um: whole(set.depth_m * 1e6),
            gain_cdb: whole(set.gain_db * 1e2),
            focus_um: whole(set.focus_m * 1e6),
            frequency_khz: whole(set.frequency_mhz * 1e3),
            frozen: self.frozen,
        };
        Some(ImagingState { now, ranges: whole_ranges(&self.scanner.probe().ranges()) })
    }

    fn set_imaging(&mut self, wanted: &Imaging) -> Result<(), ImagingRefusal> {
        let settings = Settings {
            depth_m: f64::from(wanted.depth_um) / 1e6,
            gain_db: f64::from(wanted.gain_cdb) / 1e2,
            focus_m: f64::from(wanted.focus_um) / 1e6,
            frequency_mhz: f64::from(wanted.frequency_khz) / 1e3,
            ..*self.scanner.settings()
        };
        self.scanner.set(settings).map_err(|_| ImagingRefusal::Device)?;
        self.frozen = wanted.frozen;
        Ok(())
    }
}

/// A setting in the units of the wire.
const fn whole(value: f64) -> i32 {
    value.round() as i32
}

fn whole_ranges(ranges: &Ranges) -> ImagingRanges {
    let span = |(min, max): (f64, f64), scale: f64| Span {
        min: whole(min * scale),
        max: whole(max * scale),
    };
    ImagingRanges {
        depth_um: span(ranges.depth_m, 1e6),
        gain_cdb: span(ranges.gain_db, 1e2),
        focus_um: span(ranges.focus_m, 1e6),
        frequency_khz: span(ranges.frequency_mhz, 1e3),
    }
}

#[cfg(test)]
#[path = "robot_tests.rs"]
mod tests;
