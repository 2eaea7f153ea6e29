use super::*;
use nalgebra::UnitQuaternion;
use proptest::prelude::*;

fn pose(x: f64) -> Pose<Base, Tip> {
    Pose::new(Isometry3::from_parts(
        Translation3::new(x, -0.5, 0.25),
        UnitQuaternion::from_quaternion(nalgebra::Quaternion::new(0.0, 1.0, 0.0, 0.0)),
    ))
}

fn frame() -> StateFrame {
    let mut clamps = ClampSet::EMPTY;
    clamps.add(Clamp::Speed);
    clamps.add(Clamp::Force);
    StateFrame {
        seq: 1,
        t_robot: Moment::from_ns(2),
        echo_seq: 3,
        echo_t_input: Moment::from_ns(4),
        echo_hold: Duration::from_nanos(5),
        state: OperatingState::Hold,
        stopped_by: Some(Cause::ViewAge),
        tripped: CauseSet::EMPTY.with(Cause::ViewAge),
        soft: CauseSet::EMPTY.with(Cause::LoopAge),
        blocking: CauseSet::EMPTY.with(Cause::Clutch),
        epoch: 6,
        stop_confirmed: 7,
        loop_age: Some(Duration::from_micros(8)),
        view_age: None,
        speed_m_s: 0.5,
        speed_cap_m_s: 0.25,
        clamps,
        arms: [
            ArmState {
                measured: pose(0.5),
                setpoint: pose(0.75),
                force_n: Vector3::new(1.0, 2.0, 4.0),
                torque_n_m: Vector3::new(0.5, 0.25, 0.125),
                jaw_rad: 0.5,
            },
            ArmState::absent(),
        ],
    }
}

#[test]
fn the_layout_is_the_golden_one() {
    let bytes = frame().encode().unwrap();
    let head = [
        1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0,
        0, 0, 0, 0, 5, 0, 0, 0, 5, 5, 32, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0,
        0, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0x3f, 0, 0,
        0x80, 0x3e, 9, 0,
    ];
    assert_eq!(&bytes[..90], head);
    assert_eq!(&bytes[90..94], 0.5_f32.to_le_bytes());
    assert_eq!(&bytes[102..106], 1.0_f32.to_le_bytes(), "x of the quaternion comes first");
    assert_eq!(&bytes[118..122], 0.75_f32.to_le_bytes());
    assert_eq!(&bytes[146..150], 1.0_f32.to_le_bytes());
    assert_eq!(&bytes[170..174], 0.5_f32.to_le_bytes());
    assert_eq!(bytes.len(), STATE_BYTES);
    assert_eq!(StateFrame::decode(&bytes), Ok(frame()));
}

#[test]
fn the_datagram_fits_the_burst_of_5qi_87() {
    const { assert!(STATE_BYTES + super::super::DATAGRAM_OVERHEAD <= super::super::STATE_WIRE_MAX) }
}

/// An independent implementation of the same encoding reads the same numbers.
#[test]
fn a_second_decoder_agrees() {
    #[derive(wincode::SchemaRead, wincode::SchemaWrite)]
    struct Frame {
        version: u8,
        kind: u8,
        stamps: [u64; 4],
        hold: u32,
        state: u8,
        stopped_by: u8,
        sets: [u64; 3],
        epoch: u32,
        stop_confirmed: u32,
        ages: [u32; 2],
        speeds: [f32; 2],
        clamps: u16,
        arms: [[f32; 21]; 2],
    }
    let bytes = frame().encode().unwrap();
    let other: Frame = wincode::deserialize(&bytes).unwrap();
    assert_eq!((other.version, other.kind, other.stamps), (1, 2, [1, 2, 3, 4]));
    assert_eq!((other.hold, other.state, other.stopped_by), (5, 5, 5));
    assert_eq!((other.sets, other.epoch, other.stop_confirmed), ([32, 16, 4], 6, 7));
    assert_eq!((other.ages, other.speeds, other.clamps), ([8, u32::MAX], [0.5, 0.25], 9));
    assert_eq!(other.arms[0][0..3], [0.5, -0.5, 0.25]);
    assert_eq!(wincode::serialize(&other).unwrap(), bytes);
}

#[test]
fn ages_too_long_to_write_stay_ages_and_unknown_stays_unknown() {
    let f = StateFrame { loop_age: Some(Duration::from_secs(100_000)), ..frame() };
    let back = StateFrame::decode(&f.encode().unwrap()).unwrap();
    assert_eq!(back.loop_age, Some(Duration::from_micros(u64::from(u32::MAX - 1))));
    assert_eq!(back.view_age, None);
}

#[test]
fn a_state_that_is_none_is_refused() {
    let good = frame().encode().unwrap();
    let with = |at: usize, new: &[u8]| {
        let mut b = good;
        b[at..at + new.len()].copy_from_slice(new);
        StateFrame::decode(&b).unwrap_err()
    };
    let nan = f32::NAN.to_le_bytes();
    assert_eq!(with(0, &[0]), FrameError::Version { got: 0 });
    assert_eq!(with(1, &[1]), FrameError::Kind { expected: 2, got: 1 });
    assert_eq!(with(38, &[9]), FrameError::Undefined { field: "state", got: 9 });
    assert_eq!(with(39, &[200]), FrameError::Undefined { field: "stopped_by", got: 200 });
    for at in [80, 84, 90, 118, 146, 158, 170] {
        assert!(matches!(with(at, &nan), FrameError::Range { .. }), "{at}");
    }
    for at in [102, 130] {
        assert!(matches!(with(at, &nan), FrameError::NotARotation { .. }), "{at}");
    }
    assert!(StateFrame { speed_m_s: f64::NAN, ..frame() }.encode().is_err());
    for n in 0..good.len() {
        assert!(StateFrame::decode(&good[..n]).is_err(), "{n} bytes passed");
    }
}

#[test]
fn the_tissue_pushes_against_the_tool_axis() {
    // The probe looks down (its z axis is -z of the base), the tissue pushes up with 6 N.
    let arm = ArmState {
        measured: pose(0.0),
        force_n: Vector3::new(0.3, 0.0, 6.0),
        ..ArmState::absent()
    };
    assert!((arm.contact_force_n() - 6.0).abs() < 1e-9);
}

#[test]
fn a_clamp_set_holds_what_was_added() {
    let clamps = frame().clamps;
    assert_eq!(clamps.iter().map(Clamp::word).collect::<Vec<_>>(), ["SPEED", "FORCE"]);
    assert!(!clamps.contains(Clamp::ViewAge));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), STATE_BYTES)) {
        bytes[0] = 1;
        bytes[1] = 2;
        let _ = StateFrame::decode(&bytes);
    }
}
