//! Writes valid inputs for every target into `corpus/`, for a fuzzer to start from.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --no-default-features --example seeds`. The same inputs
//! every time, but for the certificates, whose keys are drawn anew.

mod programs;

use std::fs;
use std::path::Path;

use nalgebra::{UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::cause::{Cause, CauseSet};
use protocol::frame::{
    ArmCommand, ArmState, BaseState, BaseTwist, Clamp, ClampSet, CommandFrame, Mode, Motion,
    StateFrame,
};
use protocol::imaging::{
    Imaging, ImagingRanges, ImagingRefusal, ImagingReport, ImagingState, Span,
};
use protocol::link::{Authority, Role};
use protocol::picture::{PictureHeader, ViewSource};
use protocol::pose::Displacement;
use protocol::profile::SHIPPED;
use protocol::session::{OperatorMessage, Refusal, RobotMessage, SessionId, encode};
use protocol::state::OperatingState;
use protocol::time::Moment;

/// Profiles that are shipped; the target takes what follows this number for a text of its own.
const SHIPPED_COUNT: u8 = SHIPPED.len() as u8;

fn main() {
    write("command_frame", commands());
    write("state_frame", states());
    write("session_messages", messages());
    write("picture_header", headers());
    write("picture_order", arrivals());
    write("profile", profiles());
    write("certificate", certificates());
    write("key_files", key_edits());
    write("page_messages", page());
    write("model_files", edits(&[0, 1, 2, 0x80, 0x81, 0x82], b"<robot><link name='l0'/></robot>"));
    write("robot_session", programs::all(&commands()[1]));
}

fn write(target: &str, inputs: Vec<Vec<u8>>) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&directory).expect("the corpus can be written");
    for (n, input) in inputs.iter().enumerate() {
        fs::write(directory.join(format!("seed-{n:02}")), input)
            .expect("the corpus can be written");
    }
}

fn command(mode: Mode, motion: Motion) -> Vec<u8> {
    let frame = CommandFrame {
        session: SessionId::new(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10),
        seq: 7,
        epoch: 3,
        engage_count: 2,
        t_input: Moment::from_ns(123_456_789),
        seen_state: 40,
        seen_view: 5,
        view_source: ViewSource::Endoscope,
        mode,
        deadman: 0.75,
        stop_request: 1,
        shown_state: OperatingState::Engaged,
        motion,
    };
    frame.encode().expect("a valid frame").to_vec()
}

fn commands() -> Vec<Vec<u8>> {
    let arm = ArmCommand {
        displacement: Displacement {
            translation: Vector3::new(0.01, -0.02, 0.03),
            rotation: UnitQuaternion::from_euler_angles(0.1, 0.2, -0.3),
        },
        jaw_rad: 0.4,
        force_wanted_n: 5.0,
    };
    let base = Motion::Base(BaseTwist { linear_m_s: 0.5, angular_rad_s: -0.25 });
    vec![
        command(Mode::Hold, Motion::Arms([ArmCommand::neutral(); ARMS])),
        command(Mode::Follow, Motion::Arms([arm, ArmCommand::neutral()])),
        command(Mode::Retract, base),
    ]
}

fn states() -> Vec<Vec<u8>> {
    let mut frame = StateFrame {
        seq: 9,
        t_robot: Moment::from_ns(987_654_321),
        echo_seq: 8,
        echo_t_input: Moment::from_ns(123_456_789),
        echo_hold: core::time::Duration::from_micros(250),
        state: OperatingState::Engaged,
        stopped_by: None,
        tripped: CauseSet::EMPTY,
        soft: CauseSet::EMPTY,
        blocking: CauseSet::EMPTY,
        epoch: 3,
        stop_confirmed: 0,
        loop_age: Some(core::time::Duration::from_millis(12)),
        view_age: Some(core::time::Duration::from_millis(60)),
        command_age: None,
        speed_m_s: 0.04,
        speed_cap_m_s: 0.1,
        clamps: ClampSet::EMPTY,
        arms: [ArmState::absent(); ARMS],
        base: BaseState::absent(),
    };
    let engaged = frame.encode().expect("a valid frame").to_vec();
    frame.state = OperatingState::Hold;
    frame.stopped_by = Some(Cause::ViewAge);
    frame.tripped = CauseSet::EMPTY.with(Cause::ViewAge);
    (frame.loop_age, frame.view_age) = (None, None);
    frame.arms[0].force_n = Vector3::new(0.0, 1.0, -5.0);
    let held = frame.encode().expect("a valid frame").to_vec();
    frame.state = OperatingState::Degraded;
    for (n, clamp) in Clamp::ALL.into_iter().enumerate() {
        frame.clamps.add(clamp, n as f64 / 8.0);
    }
    frame.base = BaseState {
        linear_m_s: 0.5,
        angular_rad_s: -0.25,
        wanted_linear_m_s: 0.75,
        wanted_angular_rad_s: -0.5,
        ahead_m: 2.0,
        behind_m: 4.0,
        bumper_n: 8.0,
    };
    vec![engaged, held, frame.encode().expect("a valid frame").to_vec()]
}

fn messages() -> Vec<Vec<u8>> {
    let operator = [
        OperatorMessage::Hello { console: "room 4".into(), profile: [7; 32] },
        OperatorMessage::Hello { console: "ä".repeat(480), profile: [0; 32] },
        OperatorMessage::Stop { request: 1 },
        OperatorMessage::Acknowledge { epoch: 9 },
        OperatorMessage::Release,
    ];
    let robot = [
        RobotMessage::Welcome {
            session: [3; 16],
            epoch: 100,
            robot: "sim".into(),
            simulated: true,
        },
        RobotMessage::Refused { code: Refusal::Taken as u8 },
    ];
    let operator = operator.iter().map(|m| encode(m).expect("a valid message"));
    let robot = robot.iter().map(|m| encode(m).expect("a valid message"));
    operator.chain(robot).chain(imaging()).collect()
}

fn imaging() -> [Vec<u8>; 3] {
    let now = Imaging {
        depth_um: 120_000,
        gain_cdb: -250,
        focus_um: 60_000,
        frequency_khz: 3_500,
        frozen: false,
    };
    let wide = Span { min: -1_000_000, max: 1_000_000 };
    let narrow = Span { min: 0, max: 100_000 };
    let ranges =
        ImagingRanges { depth_um: narrow, gain_cdb: wide, focus_um: wide, frequency_khz: wide };
    let state = Some(ImagingState { now, ranges });
    let report = ImagingReport { serial: 2, request: 1, state, refused: ranges.check(&now).err() };
    let unset = ImagingReport { state: None, refused: Some(ImagingRefusal::Fixed), ..report };
    let asks = encode(&OperatorMessage::Imaging { request: 7, wanted: now });
    let says = |report| encode(&RobotMessage::Imaging { report }).expect("a valid message");
    [asks.expect("a valid message"), says(report), says(unset)]
}

fn headers() -> Vec<Vec<u8>> {
    let header = |source, keyframe, length| PictureHeader {
        source,
        view: 17,
        captured: Moment::from_ns(1_000_000),
        encode_us: 4_000,
        width: 640,
        height: 480,
        depth_um: 150_000,
        keyframe,
        skipped: 0,
        length,
    };
    let bytes = |h: PictureHeader| h.encode().expect("a valid header").to_vec();
    vec![
        bytes(header(ViewSource::Ultrasound, true, 50_000)),
        bytes(header(ViewSource::Room, false, 600_000)),
        vec![1],
    ]
}

fn arrivals() -> Vec<Vec<u8>> {
    vec![
        // A keyframe, then in order; late; a gap that breaks the chain; a new keyframe.
        vec![0x08, 0, 0, 0, 4, 2, 5, 2, 0, 0],
        vec![0x08, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0, 0],
        vec![
            0x08, 0x80, 3, 0x84, 2, 1, 6, 6, 0x0D, 1, 7, 255, 255, 255, 255, 255, 255, 255, 255, 0,
        ],
    ]
}

/// The shipped profiles: each untouched, with one edit of each kind, and as a text of its own.
fn profiles() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for choice in 0..SHIPPED_COUNT {
        all.push(vec![choice]);
        all.extend(edits_of(choice));
    }
    all.extend(SHIPPED.iter().map(|text| [&[SHIPPED_COUNT], text.as_bytes()].concat()));
    all
}

/// A text that is not shipped; the shipped one untouched, and with one edit of each kind.
fn edits(choices: &[u8], raw: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for choice in choices {
        all.push([&[*choice], raw].concat());
        if *choice >= 0x80 {
            continue;
        }
        all.push(vec![*choice]);
        all.extend(edits_of(*choice));
    }
    all
}

/// One edit of each kind, at two lines.
fn edits_of(choice: u8) -> Vec<Vec<u8>> {
    let places = (0..7).flat_map(|kind| [15, 60].map(|line| (kind, line)));
    let edit = |(kind, line)| [&[choice, kind, line, 0, 6], &b"\"9 mm\""[..]].concat();
    places.map(edit).collect()
}

fn certificates() -> Vec<Vec<u8>> {
    let authority = Authority::create("one").expect("a good name");
    let leaf = |role, name| authority.issue(role, name, 1).expect("a good name").leaf().to_vec();
    let mut all: Vec<_> = Role::ALL.into_iter().map(|role| leaf(role, "anna.4")).collect();
    all.push(leaf(Role::Robot, &"x".repeat(64)));
    all.push(b"a reason\r\nfor closing".to_vec());
    all
}

fn key_edits() -> Vec<Vec<u8>> {
    let mut all = vec![vec![0], vec![7], vec![1], vec![2], vec![4], vec![0x40], vec![0x80]];
    for part in [8, 16, 32, 56] {
        for kind in 0..7 {
            for line in [0, 3] {
                all.push([&[part, kind, line, 0, 4], &b"MIIB"[..]].concat());
            }
        }
    }
    all
}

fn page() -> Vec<Vec<u8>> {
    // Seven bytes for the flood: a start, a count, a step.
    let slow = [0, 0, 100, 0, 9, 61, 0];
    let messages = [
        r#"{"type":"keyframe"}"#,
        r#"{"type":"stop"}"#,
        r#"{"type":"acknowledge"}"#,
        r#"{"type":"presented","view":"18446744073709551615","decode_ms":1.5,"draw_ms":0.2}"#,
        r#"{"type":"shown","word":"ENGAGED"}"#,
        r#"{"type":"pad","held":true,"x":0.5,"y":-1,"z":0,"jaw":0,"arm":"left","turn":1,"force_n":5,"seq":7}"#,
        r#"{"type":"pad","held":true,"x":1e300,"y":-9,"z":0,"jaw":0,"arm":"left","turn":7,"force_n":-5,"seq":8}"#,
        r#"{"type":"decoder","report":"software, 1-in/1-out, 9 ms"}"#,
    ];
    let mut all: Vec<Vec<u8>> =
        messages.iter().map(|m| [&slow[..], m.as_bytes()].concat()).collect();
    all.push([&slow[..], messages.join("\n").as_bytes()].concat());
    all.push(vec![0, 0, 255, 1, 0, 0, 0]);
    let knobs = r#"{"type":"imaging","depth_mm":120,"gain_db":-2.5,"focus_mm":1e300,"frequency_mhz":3.5,"frozen":true}"#;
    all.push([&slow[..], knobs.as_bytes()].concat());
    all
}
