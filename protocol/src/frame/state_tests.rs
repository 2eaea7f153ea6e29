use super::*;
use crate::frame::Clamp;
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
    clamps.add(Clamp::Speed, 0.5);
    clamps.add(Clamp::Obstacle, 0.25);
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
        command_age: Some(Duration::from_micros(9)),
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
                jaw_setpoint_rad: 0.375,
            },
            ArmState::absent(),
        ],
        base: BaseState {
            linear_m_s: 0.5,
            angular_rad_s: -0.25,
            wanted_linear_m_s: 0.75,
            wanted_angular_rad_s: -0.5,
            ahead_m: 2.0,
            behind_m: 4.0,
            bumper_n: 8.0,
        },
    }
}

#[test]
fn the_layout_is_the_golden_one() {
    let bytes = frame().encode().unwrap();
    let head = [
        2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0,
        0, 0, 0, 0, 5, 0, 0, 0, 5, 5, 32, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0,
        0, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 255, 255, 255, 255, 9, 0, 0, 0, 0, 0, 0,
        0x3f, 0, 0, 0x80, 0x3e, 1, 8,
    ];
    assert_eq!(&bytes[..94], head);
    let float = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((float(94), float(98), float(138)), (0.5, 0.0, 0.25), "what the clamps took away");
    let base: Vec<f32> = (0..7).map(|n| float(142 + 4 * n)).collect();
    assert_eq!(base, [0.5, -0.25, 0.75, -0.5, 2.0, 4.0, 8.0]);
    assert_eq!(float(170), 0.5);
    assert_eq!(float(182), 1.0, "x of the quaternion comes first");
    assert_eq!(float(198), 0.75);
    assert_eq!((float(226), float(230), float(234)), (1.0, 2.0, 4.0));
    assert_eq!((float(238), float(250), float(254), float(258)), (0.5, 0.5, 0.375, 0.0));
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
        ages: [u32; 3],
        speeds: [f32; 2],
        clamps: u16,
        clamped_by: [f32; 12],
        base: [f32; 7],
        arms: [[f32; 22]; 2],
    }
    let bytes = frame().encode().unwrap();
    let other: Frame = wincode::deserialize(&bytes).unwrap();
    assert_eq!((other.version, other.kind, other.stamps), (2, 2, [1, 2, 3, 4]));
    assert_eq!((other.hold, other.state, other.stopped_by), (5, 5, 5));
    assert_eq!((other.sets, other.epoch, other.stop_confirmed), ([32, 16, 4], 6, 7));
    assert_eq!((other.ages, other.speeds, other.clamps), ([8, u32::MAX, 9], [0.5, 0.25], 2049));
    assert_eq!((other.clamped_by[0], other.clamped_by[11]), (0.5, 0.25));
    assert_eq!(other.base, [0.5, -0.25, 0.75, -0.5, 2.0, 4.0, 8.0]);
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
    for (at, name) in [
        (84, "speed"),
        (88, "speed_cap"),
        (94, "clamped_by"),
        (138, "clamped_by"),
        (142, "base_linear"),
        (146, "base_angular"),
        (150, "base_wanted_linear"),
        (154, "base_wanted_angular"),
        (158, "ahead"),
        (162, "behind"),
        (166, "bumper"),
        (170, "measured"),
        (198, "setpoint"),
        (226, "force"),
        (238, "torque"),
        (250, "jaw"),
        (254, "jaw_setpoint"),
        (258, "measured"),
        (338, "jaw"),
        (342, "jaw_setpoint"),
    ] {
        let FrameError::Range { field, .. } = with(at, &nan) else { panic!("{at}") };
        assert_eq!(field, name, "{at}");
        let huge = 1e30_f32.to_le_bytes();
        assert!(matches!(with(at, &huge), FrameError::Range { .. }), "{at}");
    }
    for (at, name) in [(182, "measured"), (210, "setpoint"), (270, "measured"), (298, "setpoint")] {
        assert_eq!(with(at, &nan), FrameError::NotARotation { field: name }, "{at}");
    }
    assert!(StateFrame { speed_m_s: f64::NAN, ..frame() }.encode().is_err());
    for got in 0..good.len() {
        let error = FrameError::Length { expected: STATE_BYTES, got };
        assert_eq!(StateFrame::decode(&good[..got]), Err(error));
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
fn the_ends_of_every_range_survive_the_wire_and_what_lies_beyond_does_not() {
    type Set = fn(&mut BaseState, f64);
    let base = |change: Set, value: f64| {
        let mut f = frame();
        change(&mut f.base, value);
        f.encode().and_then(|bytes| StateFrame::decode(&bytes)).map(|back| back == f)
    };
    let cases: [(Set, f64, f64); 7] = [
        (|b, v| b.linear_m_s = v, -100.0, 100.0),
        (|b, v| b.angular_rad_s = v, -100.0, 100.0),
        (|b, v| b.wanted_linear_m_s = v, -100.0, 100.0),
        (|b, v| b.wanted_angular_rad_s = v, -100.0, 100.0),
        (|b, v| b.ahead_m = v, 0.0, 1e4),
        (|b, v| b.behind_m = v, 0.0, 1e4),
        (|b, v| b.bumper_n = v, 0.0, 1e4),
    ];
    for (n, (change, min, max)) in cases.into_iter().enumerate() {
        assert_eq!((base(change, min), base(change, max)), (Ok(true), Ok(true)), "{n}");
        assert!(base(change, min - 0.01).is_err() && base(change, max + 0.01).is_err(), "{n}");
    }
}

#[test]
fn what_a_clamp_took_away_survives_the_wire_and_what_was_not_enforced_is_zero() {
    let back = StateFrame::decode(&frame().encode().unwrap()).unwrap();
    let got: Vec<_> = back.clamps.iter().map(|c| (c.word(), back.clamps.by(c))).collect();
    assert_eq!(got, [("SPEED", 0.5), ("OBSTACLE", 0.25)]);
    assert_eq!((back.clamps.contains(Clamp::Force), back.clamps.by(Clamp::Force)), (false, 0.0));
    let mut most = frame();
    most.clamps.add(Clamp::Jaw, f64::INFINITY);
    let back = StateFrame::decode(&most.encode().unwrap()).unwrap();
    assert!((back.clamps.by(Clamp::Jaw) - CLAMPED_MAX).abs() < 1.0);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), STATE_BYTES)) {
        bytes[0] = FRAME_VERSION;
        bytes[1] = 2;
        let _ = StateFrame::decode(&bytes);
    }
}
