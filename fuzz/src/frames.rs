//! The two frames of the control plane.
//!
//! Most of a frame is canonical: what decodes encodes to the same bytes. What is not, and why:
//!
//! - A rotation is normalised on the way in, so its sixteen bytes may differ by what the sender's norm
//!   was off.
//! - A command moves arms or a base. The numbers of the other are checked, then dropped, and are neutral
//!   in what is encoded again.
//! - In a state, causes and clamps that nobody has defined are dropped from their sets, and with a clamp
//!   that is not in the set the amount that it would have taken away. An amount of minus nothing is
//!   nothing.

use core::ops::Range;

use nalgebra::{UnitQuaternion, Vector3};
use protocol::cause::{Cause, CauseSet};
use protocol::frame::command::{COMMAND_BYTES, FORCE_WANTED_MAX_N, TRANSLATION_MAX_M};
use protocol::frame::state::STATE_BYTES;
use protocol::frame::{Clamp, CommandFrame, Motion, StateFrame};

/// Where the numbers of the base are in a command.
const BASE: Range<usize> = 70..78;
/// Where the arms are in a command.
const ARMS_IN_COMMAND: Range<usize> = 78..150;
/// The rotations in a command.
const ROTATIONS_IN_COMMAND: [Range<usize>; 2] = [90..106, 126..142];
/// The three sets of causes in a state.
const CAUSES: Range<usize> = 40..64;
/// The rotations in a state.
const ROTATIONS_IN_STATE: [Range<usize>; 4] = [182..198, 210..226, 270..286, 298..314];
/// The set of clamps in a state.
const CLAMPS: Range<usize> = 92..94;
/// How much each clamp took away, four bytes each, in the order of their bits.
const CLAMPED_BY: usize = 94;
/// No clamp takes away more, in any unit.
const CLAMPED_MAX: f64 = 1e6;

/// How far a component of a rotation moves by being rounded to an f32 and normalised once more.
const ROUNDING: f64 = 2e-7;

/// What decodes means something, and means the same once it has been encoded again.
pub fn command_frame(bytes: &[u8]) {
    let frame = match CommandFrame::decode(bytes) {
        Ok(frame) => frame,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(bytes.len(), COMMAND_BYTES);
    assert!((0.0..=1.0).contains(&frame.deadman));
    match &frame.motion {
        Motion::Arms(arms) => {
            for arm in arms {
                assert_within(&arm.displacement.translation, TRANSLATION_MAX_M);
                assert_rotation(&arm.displacement.rotation);
                assert!((-4.0..=4.0).contains(&arm.jaw_rad));
                assert!((0.0..=FORCE_WANTED_MAX_N).contains(&arm.force_wanted_n));
            }
        }
        Motion::Base(twist) => {
            assert!((-5.0..=5.0).contains(&twist.linear_m_s));
            assert!((-10.0..=10.0).contains(&twist.angular_rad_s));
        }
    }
    let again = frame.encode().expect("what was decoded can be encoded");
    let same = CommandFrame::decode(&again).expect("what was encoded can be decoded");
    assert!(same_command(&frame, &same), "{frame:?}\n{same:?}");
    let free = match &frame.motion {
        Motion::Arms(_) => [&[BASE][..], &ROTATIONS_IN_COMMAND].concat(),
        Motion::Base(_) => vec![ARMS_IN_COMMAND],
    };
    assert_same_but(bytes, &again, &free);
    assert!(CommandFrame::decode(&[bytes, &[0]].concat()).is_err(), "a byte behind the frame");
}

/// What decodes means something, and means the same once it has been encoded again.
pub fn state_frame(bytes: &[u8]) {
    let frame = match StateFrame::decode(bytes) {
        Ok(frame) => frame,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(bytes.len(), STATE_BYTES);
    assert_clamps(bytes, &frame);
    let known = Cause::ALL.into_iter().fold(CauseSet::EMPTY, CauseSet::with).bits();
    for causes in [frame.tripped, frame.soft, frame.blocking] {
        assert_eq!(causes.bits() & !known, 0, "a cause that nobody has defined");
    }
    assert!((0.0..=1e3).contains(&frame.speed_m_s) && (0.0..=1e3).contains(&frame.speed_cap_m_s));
    let base = &frame.base;
    for speed in
        [base.linear_m_s, base.angular_rad_s, base.wanted_linear_m_s, base.wanted_angular_rad_s]
    {
        assert!(speed.abs() <= 100.0, "{speed}");
    }
    for positive in [base.ahead_m, base.behind_m, base.bumper_n] {
        assert!((0.0..=1e4).contains(&positive), "{positive}");
    }
    for arm in &frame.arms {
        for pose in [&arm.measured, &arm.setpoint] {
            assert_within(&pose.position(), 100.0);
            assert_rotation(&pose.iso.rotation);
        }
        assert_within(&arm.force_n, 1e4);
        assert_within(&arm.torque_n_m, 1e4);
        assert!([arm.jaw_rad, arm.jaw_setpoint_rad].iter().all(|jaw| (-4.0..=4.0).contains(jaw)));
        // Six terms of at most 1e4, each with a factor of at most one.
        assert!(arm.contact_force_n().abs() <= 3e4);
    }
    let again = frame.encode().expect("what was decoded can be encoded");
    let same = StateFrame::decode(&again).expect("what was encoded can be decoded");
    assert!(same_state(&frame, &same), "{frame:?}\n{same:?}");
    let dropped = Clamp::ALL.into_iter().enumerate().filter(|(_, c)| frame.clamps.by(*c) == 0.0);
    let amounts = dropped.map(|(n, _)| CLAMPED_BY + 4 * n..CLAMPED_BY + 4 * (n + 1));
    let free: Vec<_> =
        [CAUSES, CLAMPS].into_iter().chain(ROTATIONS_IN_STATE).chain(amounts).collect();
    assert_same_but(bytes, &again, &free);
    assert!(StateFrame::decode(&[bytes, &[0]].concat()).is_err(), "a byte behind the frame");
}

/// The set is that of the bytes, without what nobody has defined; each amount is in its range, and
/// nothing where the limit was not enforced.
fn assert_clamps(bytes: &[u8], frame: &StateFrame) {
    let sent = u16::from_le_bytes([bytes[CLAMPS.start], bytes[CLAMPS.start + 1]]);
    for clamp in Clamp::ALL {
        let by = frame.clamps.by(clamp);
        assert_eq!(frame.clamps.contains(clamp), sent & clamp as u16 != 0, "{clamp:?}");
        assert!((0.0..=CLAMPED_MAX).contains(&by), "{clamp:?} by {by}");
        assert!(frame.clamps.contains(clamp) || by == 0.0, "{clamp:?} by {by}");
    }
}

/// Equal but for the rounding of rotations.
fn same_command(a: &CommandFrame, b: &CommandFrame) -> bool {
    let mut b = *b;
    if let (Motion::Arms(a), Motion::Arms(b)) = (&a.motion, &mut b.motion) {
        for (a, b) in a.iter().zip(b) {
            b.displacement.rotation = rounded(&a.displacement.rotation, b.displacement.rotation);
        }
    }
    *a == b
}

/// Equal but for the rounding of rotations.
fn same_state(a: &StateFrame, b: &StateFrame) -> bool {
    let mut b = *b;
    for (a, b) in a.arms.iter().zip(&mut b.arms) {
        b.measured.iso.rotation = rounded(&a.measured.iso.rotation, b.measured.iso.rotation);
        b.setpoint.iso.rotation = rounded(&a.setpoint.iso.rotation, b.setpoint.iso.rotation);
    }
    *a == b
}

/// `a` if `b` is `a` but for rounding, else `b`.
fn rounded(a: &UnitQuaternion<f64>, b: UnitQuaternion<f64>) -> UnitQuaternion<f64> {
    if (a.coords - b.coords).amax() <= ROUNDING { *a } else { b }
}

fn assert_within(v: &Vector3<f64>, max: f64) {
    assert!(v.iter().all(|x| x.abs() <= max), "{v:?} is beyond {max}");
}

fn assert_rotation(q: &UnitQuaternion<f64>) {
    assert!((q.coords.norm() - 1.0).abs() <= 1e-12, "{q:?} is not of unit length");
}

/// Fails on the first byte that differs outside of the ranges that may.
fn assert_same_but(before: &[u8], after: &[u8], free: &[Range<usize>]) {
    assert_eq!(before.len(), after.len());
    for (at, (a, b)) in before.iter().zip(after).enumerate() {
        assert!(a == b || free.iter().any(|r| r.contains(&at)), "byte {at}: {a} became {b}");
    }
}
