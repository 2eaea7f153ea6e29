//! The command frame: everything the robot needs to know about one sample of the hand.
//!
//! Complete in itself, never retransmitted, never queued. It names the newest state the console had
//! *received* and the newest picture that had been *presented* when the hand was sampled, so that
//! the robot can judge, on its own clock, how old the world was that steered this motion.

use bincode::{Decode, Encode};
use nalgebra::Vector3;

use super::{FRAME_VERSION, FrameError, codec, within};
use crate::ARMS;
use crate::picture::ViewSource;
use crate::pose::{Displacement, rotation_from};
use crate::session::SessionId;
use crate::state::OperatingState;
use crate::time::{Moment, Operator};

/// Bytes of a command frame. Unit: byte.
pub const COMMAND_BYTES: usize = 150;

const KIND: u8 = 1;

/// The deadman counts as held from this level. Both ends go by it: a console that drew the line elsewhere
/// would show a hand as holding that the robot takes for released.
pub const DEADMAN_HELD_MIN: f64 = 0.5;

/// A displacement beyond this is not a hand. Unit: metre.
///
/// A reach of two metres covers every console; a larger number is a bug or an attack.
pub const TRANSLATION_MAX_M: f64 = 2.0;

/// A wanted contact force beyond this is not a command for a patient. Unit: newton.
pub const FORCE_WANTED_MAX_N: f64 = 100.0;

/// No jaw is open wider than this, to either side. Unit: radian.
pub const JAW_MAX_RAD: f64 = 4.0;

/// What the hand asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// The clutch is open: stay where you are.
    Hold = 0,
    /// The clutch is closed: follow the displacement.
    Follow = 1,
    /// Lift the tool away along its own axis.
    Retract = 2,
}

impl Mode {
    fn from_code(code: u8) -> Result<Self, FrameError> {
        match code {
            0 => Ok(Self::Hold),
            1 => Ok(Self::Follow),
            2 => Ok(Self::Retract),
            _ => Err(FrameError::Undefined { field: "mode", got: u32::from(code) }),
        }
    }
}

/// What one arm is asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmCommand {
    /// From where the arm was at engage.
    pub displacement: Displacement,
    /// Opening of the hand. Unit: radian. The jaw follows it from when the two first agree after an
    /// engage: a hand that never says anything else moves no jaw.
    pub jaw_rad: f64,
    /// Contact force wanted along the tool axis; 0 leaves the axis to the hand. Unit: newton.
    pub force_wanted_n: f64,
}

impl ArmCommand {
    /// Stay at the anchor and ask for nothing.
    pub fn neutral() -> Self {
        Self { displacement: Displacement::none(), jaw_rad: 0.0, force_wanted_n: 0.0 }
    }
}

/// The wanted motion of a mobile base, in its own frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseTwist {
    /// Forward speed. Unit: metre per second.
    pub linear_m_s: f64,
    /// Turn rate, counter-clockwise. Unit: radian per second.
    pub angular_rad_s: f64,
}

/// What moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Motion {
    /// Arms; a robot with one arm uses the first slot.
    Arms([ArmCommand; ARMS]),
    /// A mobile base.
    Base(BaseTwist),
}

/// One sample of the operator's hand, with what the operator had seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommandFrame {
    /// The session that the robot granted.
    pub session: SessionId,
    /// Raised by one for every frame; the first is 1.
    pub seq: u64,
    /// The robot's epoch that this frame was made under.
    pub epoch: u32,
    /// How many times the operator has closed the clutch in this session.
    pub engage_count: u32,
    /// When the device was sampled.
    pub t_input: Moment<Operator>,
    /// The newest state frame received; 0 for none.
    pub seen_state: u64,
    /// The newest picture of `view_source` presented to the eye; 0 for none.
    pub seen_view: u64,
    /// The source of the picture that steers.
    pub view_source: ViewSource,
    /// What the hand asks for.
    pub mode: Mode,
    /// How far the deadman is pressed, 0 to 1.
    pub deadman: f64,
    /// A stop that the console has asked for and not seen confirmed; 0 for none.
    pub stop_request: u32,
    /// The state that the console shows to the operator.
    pub shown_state: OperatingState,
    /// The wanted motion.
    pub motion: Motion,
}

#[derive(Encode, Decode)]
struct ArmWire {
    translation_m: [f32; 3],
    rotation_xyzw: [f32; 4],
    jaw_rad: f32,
    force_wanted_n: f32,
}

#[derive(Encode, Decode)]
struct CommandWire {
    version: u8,
    kind: u8,
    session: [u8; 16],
    seq: u64,
    epoch: u32,
    engage_count: u32,
    t_input_ns: u64,
    seen_state: u64,
    seen_view: u64,
    mode: u8,
    deadman: f32,
    stop_request: u32,
    shown_state: u8,
    motion: u8,
    view_source: u8,
    base_linear_m_s: f32,
    base_angular_rad_s: f32,
    arms: [ArmWire; ARMS],
}

const MOTION_ARMS: u8 = 1;
const MOTION_BASE: u8 = 2;

impl CommandFrame {
    /// The frame as it goes on the wire.
    ///
    /// # Errors
    /// [`FrameError::Range`] if a field is outside what a frame can carry: a command that the
    /// robot would refuse is refused where it is made.
    pub fn encode(&self) -> Result<[u8; COMMAND_BYTES], FrameError> {
        let mut bytes = [0; COMMAND_BYTES];
        let wire = self.to_wire();
        Self::from_wire(&wire)?;
        let used = codec::encode_into(&wire, &mut bytes)?;
        if used == COMMAND_BYTES {
            Ok(bytes)
        } else {
            Err(FrameError::Length { expected: COMMAND_BYTES, got: used })
        }
    }

    /// The frame that these bytes hold.
    ///
    /// # Errors
    /// [`FrameError`]: wrong length, version or kind, an undefined value, a number that is NaN,
    /// infinite or out of range, or a rotation that is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        expect_header(bytes, KIND, COMMAND_BYTES)?;
        Self::from_wire(&codec::decode(bytes)?)
    }

    /// How far the commanded displacement of an arm is from that in `other`; of two arms the larger.
    /// 0 for a base. Unit: metre.
    pub fn leap_m(&self, other: &Self) -> f64 {
        match (&self.motion, &other.motion) {
            (Motion::Arms(mine), Motion::Arms(theirs)) => {
                let pairs = mine.iter().zip(theirs);
                let leaps = pairs
                    .map(|(a, b)| (a.displacement.translation - b.displacement.translation).norm());
                leaps.fold(0.0, f64::max)
            }
            _ => 0.0,
        }
    }

    fn to_wire(self) -> CommandWire {
        let neutral = ArmCommand::neutral();
        let (motion, arms, base) = match self.motion {
            Motion::Arms(arms) => {
                (MOTION_ARMS, arms, BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 })
            }
            Motion::Base(twist) => (MOTION_BASE, [neutral; ARMS], twist),
        };
        CommandWire {
            version: FRAME_VERSION,
            kind: KIND,
            session: self.session.to_bytes(),
            seq: self.seq,
            epoch: self.epoch,
            engage_count: self.engage_count,
            t_input_ns: self.t_input.as_ns(),
            seen_state: self.seen_state,
            seen_view: self.seen_view,
            mode: self.mode as u8,
            deadman: self.deadman as f32,
            stop_request: self.stop_request,
            shown_state: self.shown_state.code(),
            motion,
            view_source: self.view_source.code(),
            base_linear_m_s: base.linear_m_s as f32,
            base_angular_rad_s: base.angular_rad_s as f32,
            arms: arms.map(ArmCommand::to_wire),
        }
    }

    fn from_wire(wire: &CommandWire) -> Result<Self, FrameError> {
        let [first, second] = &wire.arms;
        let arms = [ArmCommand::from_wire(first)?, ArmCommand::from_wire(second)?];
        let base = BaseTwist {
            linear_m_s: within("base_linear", wire.base_linear_m_s, -5.0, 5.0)?,
            angular_rad_s: within("base_angular", wire.base_angular_rad_s, -10.0, 10.0)?,
        };
        let motion = match wire.motion {
            MOTION_ARMS => Motion::Arms(arms),
            MOTION_BASE => Motion::Base(base),
            got => {
                return Err(FrameError::Undefined { field: "motion", got: u32::from(got) });
            }
        };
        let view_source = ViewSource::from_code(wire.view_source).ok_or(FrameError::Undefined {
            field: "view_source",
            got: u32::from(wire.view_source),
        })?;
        Ok(Self {
            session: SessionId::from_bytes(wire.session),
            seq: wire.seq,
            epoch: wire.epoch,
            engage_count: wire.engage_count,
            t_input: Moment::from_ns(wire.t_input_ns),
            seen_state: wire.seen_state,
            seen_view: wire.seen_view,
            view_source,
            mode: Mode::from_code(wire.mode)?,
            deadman: within("deadman", wire.deadman, 0.0, 1.0)?,
            stop_request: wire.stop_request,
            shown_state: OperatingState::from_code(wire.shown_state).ok_or(
                FrameError::Undefined { field: "shown_state", got: u32::from(wire.shown_state) },
            )?,
            motion,
        })
    }
}

impl ArmCommand {
    fn to_wire(self) -> ArmWire {
        let t = self.displacement.translation;
        let q = self.displacement.rotation.coords;
        ArmWire {
            translation_m: [t.x as f32, t.y as f32, t.z as f32],
            rotation_xyzw: [q.x as f32, q.y as f32, q.z as f32, q.w as f32],
            jaw_rad: self.jaw_rad as f32,
            force_wanted_n: self.force_wanted_n as f32,
        }
    }

    fn from_wire(wire: &ArmWire) -> Result<Self, FrameError> {
        let reach = |v| within("translation", v, -TRANSLATION_MAX_M, TRANSLATION_MAX_M);
        let [x, y, z] = wire.translation_m;
        let rotation = rotation_from(wire.rotation_xyzw.map(f64::from))
            .ok_or(FrameError::NotARotation { field: "rotation" })?;
        Ok(Self {
            displacement: Displacement {
                translation: Vector3::new(reach(x)?, reach(y)?, reach(z)?),
                rotation,
            },
            jaw_rad: within("jaw", wire.jaw_rad, -JAW_MAX_RAD, JAW_MAX_RAD)?,
            force_wanted_n: within("force_wanted", wire.force_wanted_n, 0.0, FORCE_WANTED_MAX_N)?,
        })
    }
}

/// Checks the two bytes that every frame begins with, and its length.
pub(super) fn expect_header(bytes: &[u8], kind: u8, length: usize) -> Result<(), FrameError> {
    match bytes {
        [version, ..] if *version != FRAME_VERSION => Err(FrameError::Version { got: *version }),
        [_, got, ..] if *got != kind => Err(FrameError::Kind { expected: kind, got: *got }),
        _ if bytes.len() != length => {
            Err(FrameError::Length { expected: length, got: bytes.len() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
