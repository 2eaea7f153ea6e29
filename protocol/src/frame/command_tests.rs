use super::*;
use nalgebra::UnitQuaternion;
use proptest::prelude::*;

fn frame() -> CommandFrame {
    CommandFrame {
        session: SessionId::new(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100),
        seq: 0x11,
        epoch: 0x22,
        engage_count: 0x33,
        t_input: Moment::from_ns(0x44),
        seen_state: 0x55,
        seen_view: 0x66,
        view_source: ViewSource::Drive,
        mode: Mode::Follow,
        deadman: 1.0,
        stop_request: 0x77,
        shown_state: OperatingState::Engaged,
        motion: Motion::Arms([
            ArmCommand {
                displacement: Displacement {
                    translation: Vector3::new(0.5, -0.25, 0.125),
                    rotation: UnitQuaternion::identity(),
                },
                jaw_rad: 0.5,
                force_wanted_n: 5.0,
            },
            ArmCommand::neutral(),
        ]),
    }
}

/// The bytes that another language tests against: `docs/src/reference/wire.md`.
fn golden() -> Vec<u8> {
    let mut b = vec![2, 1];
    b.extend(0..16);
    b.extend([0x11, 0, 0, 0, 0, 0, 0, 0, 0x22, 0, 0, 0, 0x33, 0, 0, 0]);
    b.extend([0x44, 0, 0, 0, 0, 0, 0, 0, 0x55, 0, 0, 0, 0, 0, 0, 0, 0x66, 0, 0, 0, 0, 0, 0, 0]);
    b.extend([1, 0, 0, 0x80, 0x3f, 0x77, 0, 0, 0, 3, 1, 2]);
    b.extend([0; 8]);
    b.extend([0, 0, 0, 0x3f, 0, 0, 0x80, 0xbe, 0, 0, 0, 0x3e]);
    b.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f]);
    b.extend([0, 0, 0, 0x3f, 0, 0, 0xa0, 0x40]);
    b.extend([0; 24]);
    b.extend([0, 0, 0x80, 0x3f]);
    b.extend([0; 8]);
    b
}

#[test]
fn the_layout_is_the_golden_one() {
    let bytes = frame().encode().unwrap();
    assert_eq!(bytes.as_slice(), golden());
    assert_eq!(CommandFrame::decode(&bytes), Ok(frame()));
}

#[test]
fn the_datagram_fits_the_burst_of_5qi_82() {
    const { assert!(COMMAND_BYTES + super::super::DATAGRAM_OVERHEAD <= super::super::COMMAND_WIRE_MAX) }
}

/// An independent implementation of the same encoding reads the same numbers.
#[test]
fn a_second_decoder_agrees() {
    #[derive(wincode::SchemaRead, wincode::SchemaWrite)]
    struct Arm {
        t: [f32; 3],
        q: [f32; 4],
        jaw: f32,
        force: f32,
    }
    #[derive(wincode::SchemaRead, wincode::SchemaWrite)]
    struct Frame {
        version: u8,
        kind: u8,
        session: [u8; 16],
        seq: u64,
        epoch: u32,
        engage_count: u32,
        t_input: u64,
        seen_state: u64,
        seen_view: u64,
        mode: u8,
        deadman: f32,
        stop_request: u32,
        shown_state: u8,
        motion: u8,
        view_source: u8,
        base: [f32; 2],
        arms: [Arm; 2],
    }
    let bytes = frame().encode().unwrap();
    let other: Frame = wincode::deserialize(&bytes).unwrap();
    assert_eq!((other.version, other.kind, other.seq, other.epoch), (2, 1, 0x11, 0x22));
    assert_eq!((other.engage_count, other.t_input), (0x33, 0x44));
    assert_eq!((other.seen_state, other.seen_view, other.mode), (0x55, 0x66, 1));
    assert_eq!(other.session, core::array::from_fn(|i| i as u8));
    assert_eq!((other.deadman, other.stop_request, other.shown_state), (1.0, 0x77, 3));
    assert_eq!((other.motion, other.view_source, other.base), (1, 2, [0.0; 2]));
    assert_eq!(other.arms[0].t, [0.5, -0.25, 0.125]);
    assert_eq!((other.arms[0].q, other.arms[1].q), ([0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]));
    assert_eq!((other.arms[0].jaw, other.arms[0].force), (0.5, 5.0));
    assert_eq!(wincode::serialize(&other).unwrap(), bytes);
}

#[test]
fn what_is_not_a_command_is_refused_for_its_own_reason() {
    let good = golden();
    let with = |at: usize, new: &[u8]| {
        let mut b = good.clone();
        b[at..at + new.len()].copy_from_slice(new);
        CommandFrame::decode(&b).unwrap_err()
    };
    let nan = f32::NAN.to_le_bytes();
    assert_eq!(with(0, &[9]), FrameError::Version { got: 9 });
    assert_eq!(with(1, &[2]), FrameError::Kind { expected: 1, got: 2 });
    assert_eq!(with(58, &[3]), FrameError::Undefined { field: "mode", got: 3 });
    assert_eq!(with(67, &[9]), FrameError::Undefined { field: "shown_state", got: 9 });
    assert_eq!(with(68, &[3]), FrameError::Undefined { field: "motion", got: 3 });
    assert_eq!(with(69, &[4]), FrameError::Undefined { field: "view_source", got: 4 });
    assert_eq!(with(0, &[1]), FrameError::Version { got: 1 });
    assert!(matches!(with(59, &nan), FrameError::Range { field: "deadman", .. }));
    assert!(matches!(with(59, &1.01_f32.to_le_bytes()), FrameError::Range { .. }));
    assert!(matches!(with(70, &nan), FrameError::Range { field: "base_linear", .. }));
    assert!(matches!(with(74, &nan), FrameError::Range { field: "base_angular", .. }));
    for at in [78, 82, 86, 114, 118, 122] {
        assert!(matches!(with(at, &nan), FrameError::Range { field: "translation", .. }));
        assert!(matches!(with(at, &2.1_f32.to_le_bytes()), FrameError::Range { .. }));
    }
    for at in [90, 102, 126, 138] {
        assert_eq!(with(at, &nan), FrameError::NotARotation { field: "rotation" });
    }
    assert!(matches!(with(106, &nan), FrameError::Range { field: "jaw", .. }));
    assert!(matches!(with(110, &(-0.1_f32).to_le_bytes()), FrameError::Range { .. }));
}

#[test]
fn a_frame_of_another_length_is_refused() {
    let good = golden();
    for got in 0..good.len() {
        let error = FrameError::Length { expected: COMMAND_BYTES, got };
        assert_eq!(CommandFrame::decode(&good[..got]), Err(error));
    }
    let mut long = good;
    long.push(0);
    assert_eq!(
        CommandFrame::decode(&long),
        Err(FrameError::Length { expected: COMMAND_BYTES, got: COMMAND_BYTES + 1 })
    );
}

#[test]
fn a_command_that_the_robot_would_refuse_is_not_sent() {
    assert!(CommandFrame { deadman: f64::NAN, ..frame() }.encode().is_err());
    let twist = BaseTwist { linear_m_s: f64::INFINITY, angular_rad_s: 0.0 };
    assert!(CommandFrame { motion: Motion::Base(twist), ..frame() }.encode().is_err());
}

#[test]
fn every_source_survives_the_wire() {
    for view_source in ViewSource::ALL {
        let f = CommandFrame { view_source, ..frame() };
        let bytes = f.encode().unwrap();
        assert_eq!((bytes[69], CommandFrame::decode(&bytes)), (view_source.code(), Ok(f)));
    }
}

#[test]
fn every_mode_survives_the_wire() {
    for (n, mode) in [Mode::Hold, Mode::Follow, Mode::Retract].into_iter().enumerate() {
        let f = CommandFrame { mode, ..frame() };
        let bytes = f.encode().unwrap();
        assert_eq!((usize::from(bytes[58]), CommandFrame::decode(&bytes)), (n, Ok(f)));
    }
}

#[test]
fn a_leap_is_how_far_the_farther_arm_is_from_where_it_was() {
    let at = |first: [f64; 3], second: [f64; 3]| {
        let arm = |translation: [f64; 3]| {
            let mut arm = ArmCommand::neutral();
            arm.displacement.translation = translation.into();
            arm
        };
        CommandFrame { motion: Motion::Arms([arm(first), arm(second)]), ..frame() }
    };
    let from = at([0.1, 0.0, 0.0], [0.0, 0.2, 0.0]);
    assert_eq!(from.leap_m(&from), 0.0);
    let first = at([0.1, 0.03, 0.04], [0.0, 0.2, 0.0]);
    let second = at([0.1, 0.0, 0.0], [0.0, 0.2, -0.07]);
    let both = at([0.1, 0.03, 0.04], [0.0, 0.2, -0.07]);
    for (to, wanted) in [(first, 0.05), (second, 0.07), (both, 0.07)] {
        assert!((to.leap_m(&from) - wanted).abs() < 1e-12, "{}", to.leap_m(&from));
        assert!((from.leap_m(&to) - wanted).abs() < 1e-12);
    }
    let twist = |linear_m_s| {
        let motion = Motion::Base(BaseTwist { linear_m_s, angular_rad_s: 0.0 });
        CommandFrame { motion, ..frame() }
    };
    assert_eq!(twist(0.5).leap_m(&twist(-0.5)), 0.0, "a base has no displacement");
    assert_eq!((from.leap_m(&twist(0.5)), twist(0.5).leap_m(&from)), (0.0, 0.0));
}

#[test]
fn a_twist_survives_the_wire() {
    let twist = BaseTwist { linear_m_s: 0.5, angular_rad_s: -0.25 };
    let f = CommandFrame { motion: Motion::Base(twist), mode: Mode::Retract, ..frame() };
    assert_eq!(CommandFrame::decode(&f.encode().unwrap()), Ok(f));
}

proptest! {
    /// Whatever arrives, what is decoded is finite, and encodes to something equal.
    #[test]
    fn arbitrary_bytes_never_make_a_command_that_is_not_one(
        mut bytes in proptest::collection::vec(any::<u8>(), COMMAND_BYTES),
        tame in any::<bool>(),
    ) {
        bytes[0] = FRAME_VERSION;
        bytes[1] = 1;
        if tame {
            // Most random floats are out of range: take the golden ones where it counts.
            let good = golden();
            bytes[58..].copy_from_slice(&good[58..]);
        }
        if let Ok(f) = CommandFrame::decode(&bytes) {
            let Motion::Arms(arms) = f.motion else { return Ok(()) };
            for arm in arms {
                prop_assert!(arm.displacement.translation.iter().all(|v| v.is_finite()));
                prop_assert!((arm.displacement.rotation.norm() - 1.0).abs() < 1e-9);
            }
            prop_assert!(f.encode().is_ok());
        }
    }
}
