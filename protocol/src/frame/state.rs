//! The state frame: what the robot does, why, and how old everything was when it last acted.

use bincode::{Decode, Encode};
use core::time::Duration;
use nalgebra::{Isometry3, Translation3, Vector3};

use super::clamp::{CLAMPED_MAX, CLAMPS, ClampSet};
use super::command::{JAW_MAX_RAD, expect_header};
use super::{FRAME_VERSION, FrameError, codec, within};
use crate::ARMS;
use crate::cause::{Cause, CauseSet};
use crate::pose::{Base, Pose, Tip, rotation_from};
use crate::state::OperatingState;
use crate::time::{Moment, Operator, Robot};

/// Bytes of a state frame. Unit: byte.
pub const STATE_BYTES: usize = 346;

const KIND: u8 = 2;
const NO_CAUSE: u8 = u8::MAX;
const UNKNOWN_AGE: u32 = u32::MAX;

/// What one arm does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmState {
    /// Where the tip is.
    pub measured: Pose<Base, Tip>,
    /// Where the robot's core last asked the tip to be.
    pub setpoint: Pose<Base, Tip>,
    /// Force on the tip along the base axes. Unit: newton.
    pub force_n: Vector3<f64>,
    /// Torque on the tip about the base axes. Unit: newton metre.
    pub torque_n_m: Vector3<f64>,
    /// Opening of the jaw, as measured. Unit: radian.
    pub jaw_rad: f64,
    /// How far the robot's core last asked the jaw to open. What it holds keeps a jaw wider than that. Unit: radian.
    pub jaw_setpoint_rad: f64,
}

impl ArmState {
    /// An arm that is not there.
    pub fn absent() -> Self {
        Self {
            measured: Pose::identity(),
            setpoint: Pose::identity(),
            force_n: Vector3::zeros(),
            torque_n_m: Vector3::zeros(),
            jaw_rad: 0.0,
            jaw_setpoint_rad: 0.0,
        }
    }

    /// Force with which the tissue pushes the tool back along its own axis; positive in contact.
    /// Unit: newton.
    pub fn contact_force_n(&self) -> f64 {
        let axis = self.measured.iso.rotation * Vector3::z();
        -axis.dot(&self.force_n)
    }
}

/// What a mobile base does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseState {
    /// Measured speed, forward positive. Unit: metre per second.
    pub linear_m_s: f64,
    /// Measured turn rate, counter-clockwise. Unit: radian per second.
    pub angular_rad_s: f64,
    /// Speed that the robot's core last asked for. Unit: metre per second.
    pub wanted_linear_m_s: f64,
    /// Turn rate that the robot's core last asked for. Unit: radian per second.
    pub wanted_angular_rad_s: f64,
    /// Distance to the nearest obstacle ahead. Unit: metre.
    pub ahead_m: f64,
    /// Distance to the nearest obstacle behind. Unit: metre.
    pub behind_m: f64,
    /// Force on the bumper. Unit: newton.
    pub bumper_n: f64,
}

impl BaseState {
    /// A base that is not there.
    pub const fn absent() -> Self {
        Self {
            linear_m_s: 0.0,
            angular_rad_s: 0.0,
            wanted_linear_m_s: 0.0,
            wanted_angular_rad_s: 0.0,
            ahead_m: 0.0,
            behind_m: 0.0,
            bumper_n: 0.0,
        }
    }
}

/// One frame of the robot's state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateFrame {
    /// Raised by one for every frame; the first is 1.
    pub seq: u64,
    /// When it was made.
    pub t_robot: Moment<Robot>,
    /// The newest command frame accepted; 0 for none.
    pub echo_seq: u64,
    /// The `t_input` of that command.
    pub echo_t_input: Moment<Operator>,
    /// Time from the arrival of that command to `t_robot`.
    pub echo_hold: Duration,
    /// What the robot is doing.
    pub state: OperatingState,
    /// What stopped it, while it is stopped.
    pub stopped_by: Option<Cause>,
    /// Interlocks beyond their hard limit now.
    pub tripped: CauseSet,
    /// Interlocks beyond their soft limit now.
    pub soft: CauseSet,
    /// What keeps the robot from engaging now; empty if it would.
    pub blocking: CauseSet,
    /// The epoch that the next engage must carry.
    pub epoch: u32,
    /// The newest stop request that has taken effect; 0 for none.
    pub stop_confirmed: u32,
    /// Age of the state that steers, when last judged; `None` if unknown.
    pub loop_age: Option<Duration>,
    /// Age of the picture that steers, when last judged; `None` if unknown.
    pub view_age: Option<Duration>,
    /// How old the sample of the hand was at most when the newest command arrived; `None` if unknown.
    pub command_age: Option<Duration>,
    /// Measured speed of the fastest tip, or of the base. Unit: metre per second.
    pub speed_m_s: f64,
    /// The speed allowed now. Unit: metre per second.
    pub speed_cap_m_s: f64,
    /// The limits enforced in the last tick.
    pub clamps: ClampSet,
    /// The arms; absent ones are neutral.
    pub arms: [ArmState; ARMS],
    /// The base; neutral for arms.
    pub base: BaseState,
}

#[derive(Encode, Decode)]
struct ArmWire {
    measured_m: [f32; 3],
    measured_xyzw: [f32; 4],
    setpoint_m: [f32; 3],
    setpoint_xyzw: [f32; 4],
    force_n: [f32; 3],
    torque_n_m: [f32; 3],
    jaw_rad: f32,
    jaw_setpoint_rad: f32,
}

#[derive(Encode, Decode)]
struct StateWire {
    version: u8,
    kind: u8,
    seq: u64,
    t_robot_ns: u64,
    echo_seq: u64,
    echo_t_input_ns: u64,
    echo_hold_ns: u32,
    state: u8,
    stopped_by: u8,
    tripped: u64,
    soft: u64,
    blocking: u64,
    epoch: u32,
    stop_confirmed: u32,
    loop_age_us: u32,
    view_age_us: u32,
    command_age_us: u32,
    speed_m_s: f32,
    speed_cap_m_s: f32,
    clamps: u16,
    clamped_by: [f32; CLAMPS],
    base: [f32; 7],
    arms: [ArmWire; ARMS],
}

impl StateFrame {
    /// The frame as it goes on the wire.
    ///
    /// # Errors
    /// [`FrameError::Range`] if a field is outside what a frame can carry.
    pub fn encode(&self) -> Result<[u8; STATE_BYTES], FrameError> {
        let mut bytes = [0; STATE_BYTES];
        let wire = self.to_wire();
        Self::from_wire(&wire)?;
        let used = codec::encode_into(&wire, &mut bytes)?;
        if used == STATE_BYTES {
            Ok(bytes)
        } else {
            Err(FrameError::Length { expected: STATE_BYTES, got: used })
        }
    }

    /// The frame that these bytes hold.
    ///
    /// # Errors
    /// [`FrameError`]: wrong length, version or kind, an undefined value, a number that is NaN,
    /// infinite or out of range, or a rotation that is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        expect_header(bytes, KIND, STATE_BYTES)?;
        Self::from_wire(&codec::decode(bytes)?)
    }

    fn to_wire(self) -> StateWire {
        StateWire {
            version: FRAME_VERSION,
            kind: KIND,
            seq: self.seq,
            t_robot_ns: self.t_robot.as_ns(),
            echo_seq: self.echo_seq,
            echo_t_input_ns: self.echo_t_input.as_ns(),
            echo_hold_ns: u32::try_from(self.echo_hold.as_nanos()).unwrap_or(u32::MAX),
            state: self.state.code(),
            stopped_by: self.stopped_by.map_or(NO_CAUSE, Cause::code),
            tripped: self.tripped.bits(),
            soft: self.soft.bits(),
            blocking: self.blocking.bits(),
            epoch: self.epoch,
            stop_confirmed: self.stop_confirmed,
            loop_age_us: age_to_wire(self.loop_age),
            view_age_us: age_to_wire(self.view_age),
            command_age_us: age_to_wire(self.command_age),
            speed_m_s: self.speed_m_s as f32,
            speed_cap_m_s: self.speed_cap_m_s as f32,
            clamps: self.clamps.bits(),
            clamped_by: self.clamps.amounts().map(|v| v as f32),
            base: self.base.to_wire(),
            arms: self.arms.map(ArmState::to_wire),
        }
    }

    fn from_wire(wire: &StateWire) -> Result<Self, FrameError> {
        let [first, second] = &wire.arms;
        let mut clamped_by = [0.0; CLAMPS];
        for (to, from) in clamped_by.iter_mut().zip(wire.clamped_by) {
            *to = within("clamped_by", from, 0.0, CLAMPED_MAX)?;
        }
        let undefined = |field, got| FrameError::Undefined { field, got };
        let stopped_by = match wire.stopped_by {
            NO_CAUSE => None,
            code => Some(Cause::from_code(code).ok_or(undefined("stopped_by", u32::from(code)))?),
        };
        Ok(Self {
            seq: wire.seq,
            t_robot: Moment::from_ns(wire.t_robot_ns),
            echo_seq: wire.echo_seq,
            echo_t_input: Moment::from_ns(wire.echo_t_input_ns),
            echo_hold: Duration::from_nanos(u64::from(wire.echo_hold_ns)),
            state: OperatingState::from_code(wire.state)
                .ok_or(undefined("state", u32::from(wire.state)))?,
            stopped_by,
            tripped: CauseSet::from_bits(wire.tripped),
            soft: CauseSet::from_bits(wire.soft),
            blocking: CauseSet::from_bits(wire.blocking),
            epoch: wire.epoch,
            stop_confirmed: wire.stop_confirmed,
            loop_age: age_from_wire(wire.loop_age_us),
            view_age: age_from_wire(wire.view_age_us),
            command_age: age_from_wire(wire.command_age_us),
            speed_m_s: within("speed", wire.speed_m_s, 0.0, 1e3)?,
            speed_cap_m_s: within("speed_cap", wire.speed_cap_m_s, 0.0, 1e3)?,
            clamps: ClampSet::from_wire(wire.clamps, clamped_by),
            arms: [ArmState::from_wire(first)?, ArmState::from_wire(second)?],
            base: BaseState::from_wire(wire.base)?,
        })
    }
}

impl BaseState {
    fn to_wire(self) -> [f32; 7] {
        [
            self.linear_m_s,
            self.angular_rad_s,
            self.wanted_linear_m_s,
            self.wanted_angular_rad_s,
            self.ahead_m,
            self.behind_m,
            self.bumper_n,
        ]
        .map(|v| v as f32)
    }

    fn from_wire(wire: [f32; 7]) -> Result<Self, FrameError> {
        let [linear, angular, wanted_linear, wanted_angular, ahead, behind, bumper] = wire;
        Ok(Self {
            linear_m_s: within("base_linear", linear, -100.0, 100.0)?,
            angular_rad_s: within("base_angular", angular, -100.0, 100.0)?,
            wanted_linear_m_s: within("base_wanted_linear", wanted_linear, -100.0, 100.0)?,
            wanted_angular_rad_s: within("base_wanted_angular", wanted_angular, -100.0, 100.0)?,
            ahead_m: within("ahead", ahead, 0.0, 1e4)?,
            behind_m: within("behind", behind, 0.0, 1e4)?,
            bumper_n: within("bumper", bumper, 0.0, 1e4)?,
        })
    }
}

impl ArmState {
    fn to_wire(self) -> ArmWire {
        let (measured_m, measured_xyzw) = pose_to_wire(&self.measured);
        let (setpoint_m, setpoint_xyzw) = pose_to_wire(&self.setpoint);
        ArmWire {
            measured_m,
            measured_xyzw,
            setpoint_m,
            setpoint_xyzw,
            force_n: self.force_n.map(|v| v as f32).into(),
            torque_n_m: self.torque_n_m.map(|v| v as f32).into(),
            jaw_rad: self.jaw_rad as f32,
            jaw_setpoint_rad: self.jaw_setpoint_rad as f32,
        }
    }

    fn from_wire(wire: &ArmWire) -> Result<Self, FrameError> {
        Ok(Self {
            measured: pose_from_wire("measured", wire.measured_m, wire.measured_xyzw)?,
            setpoint: pose_from_wire("setpoint", wire.setpoint_m, wire.setpoint_xyzw)?,
            force_n: vector("force", wire.force_n, 1e4)?,
            torque_n_m: vector("torque", wire.torque_n_m, 1e4)?,
            jaw_rad: jaw("jaw", wire.jaw_rad)?,
            jaw_setpoint_rad: jaw("jaw_setpoint", wire.jaw_setpoint_rad)?,
        })
    }
}

fn jaw(field: &'static str, rad: f32) -> Result<f64, FrameError> {
    within(field, rad, -JAW_MAX_RAD, JAW_MAX_RAD)
}

fn age_to_wire(age: Option<Duration>) -> u32 {
    age.map_or(UNKNOWN_AGE, |a| u32::try_from(a.as_micros()).unwrap_or(UNKNOWN_AGE - 1))
}

fn age_from_wire(us: u32) -> Option<Duration> {
    (us != UNKNOWN_AGE).then(|| Duration::from_micros(u64::from(us)))
}

fn pose_to_wire(pose: &Pose<Base, Tip>) -> ([f32; 3], [f32; 4]) {
    let q = pose.iso.rotation.coords;
    (pose.position().map(|v| v as f32).into(), [q.x as f32, q.y as f32, q.z as f32, q.w as f32])
}

fn pose_from_wire(
    field: &'static str,
    m: [f32; 3],
    xyzw: [f32; 4],
) -> Result<Pose<Base, Tip>, FrameError> {
    let rotation = rotation_from(xyzw.map(f64::from)).ok_or(FrameError::NotARotation { field })?;
    let translation = Translation3::from(vector(field, m, 100.0)?);
    Ok(Pose::new(Isometry3::from_parts(translation, rotation)))
}

fn vector(field: &'static str, v: [f32; 3], max: f64) -> Result<Vector3<f64>, FrameError> {
    let [x, y, z] = v;
    Ok(Vector3::new(
        within(field, x, -max, max)?,
        within(field, y, -max, max)?,
        within(field, z, -max, max)?,
    ))
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
