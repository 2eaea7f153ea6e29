use super::*;
use std::collections::BTreeSet;

use nalgebra::Isometry3;
use protocol::cause::{Cause, CauseSet};
use protocol::frame::{ArmState, BaseState, Clamp, ClampSet};
use protocol::pose::{Displacement, Pose};
use protocol::profile::{SURGERY, SURGERY_LAN, TELECARE, ULTRASOUND};
use protocol::session::SessionId;
use serde_json::{Value, json};

use crate::core::session::tests::state_frame;
use crate::devices::{ArmHand, ArmSide, Deflection, HandMotion, HandSample};
use crate::shell::shared::fixture::{board, snapshot};

fn at(ms: u64) -> Moment<Operator> {
    Moment::from_ns(ms * 1_000_000)
}

fn profile() -> Profile {
    Profile::parse(ULTRASOUND).unwrap()
}

const PICTURES: Pictures =
    Pictures { shown: Some(12), dropped: Some(1), rate_hz: Some(40.0), depth_mm: Some(150.0) };

/// What the page is told of this frame at 1,010 ms.
fn told(frame: Option<&StateFrame>, change: impl FnOnce(&mut Snapshot, &mut Board)) -> Value {
    told_under(&profile(), frame, change)
}

fn told_under(
    profile: &Profile,
    frame: Option<&StateFrame>,
    change: impl FnOnce(&mut Snapshot, &mut Board),
) -> Value {
    let (mut snapshot, mut board) = (snapshot(profile), board());
    snapshot.core.handle_welcome(SessionId::new(1), 1, true);
    if let Some(frame) = frame {
        snapshot.core.handle_state(frame, at(1_000));
        snapshot.state_since = Some(at(990));
        snapshot.stopped = frame.stopped_by.map(|_| *frame);
    }
    change(&mut snapshot, &mut board);
    let known = Known {
        board: &board,
        snapshot: &snapshot,
        profile,
        stop: snapshot.core.stop_phase(at(1_010)),
        pictures: PICTURES,
        imaging_asked: 0,
        steers: true,
    };
    serde_json::to_value(compose(&known, at(1_010))).unwrap()
}

fn unchanged(_: &mut Snapshot, _: &mut Board) {}

fn degraded() -> StateFrame {
    let mut clamps = ClampSet::EMPTY;
    clamps.add(Clamp::ViewAge, 0.0137);
    let arm = ArmState { force_n: nalgebra::Vector3::new(0.0, 0.0, -6.25), ..ArmState::absent() };
    StateFrame {
        state: OperatingState::Degraded,
        soft: CauseSet::EMPTY.with(Cause::ViewAge),
        epoch: 3,
        view_age: Some(Duration::from_millis(152)),
        loop_age: Some(Duration::from_micros(21_400)),
        speed_m_s: 0.012,
        speed_cap_m_s: 0.0263,
        clamps,
        arms: [arm, ArmState::absent()],
        ..state_frame()
    }
}

#[test]
fn one_status_is_what_the_page_reads() {
    let status = told(Some(&degraded()), |s, _| {
        s.sample = HandSample {
            deadman: 1.0,
            clutch: crate::devices::Clutch::Closed,
            force_wanted_n: 5.0,
            ..HandSample::neutral(at(1_009))
        };
    });
    let interlocks = status["interlocks"].clone();
    let mut rest = status;
    rest.as_object_mut().unwrap().remove("interlocks");
    assert_eq!(rest["profile"]["hash"], profile().short_hash());
    rest["profile"]["hash"] = "00000000".into();
    let golden: Value = serde_json::from_str(include_str!("compose_golden.json")).unwrap();
    assert_eq!(rest, golden);
    assert_eq!(
        interlocks[5],
        json!({
            "id": "VIEW-AGE",
            "state": "warn",
            "value": "152 ms",
            "limit": "140 ms",
            "owner": "operator",
            "fix": Cause::ViewAge.fix(),
        })
    );
    let row = |id: &str| interlocks.as_array().unwrap().iter().find(|r| r["id"] == id).unwrap();
    assert_eq!(row("CONTACT-FORCE")["value"], "6.2 N");
    assert_eq!(row("CMD-SILENCE")["value"], Value::Null);
    assert_eq!(row("CMD-SILENCE")["limit"], "150 ms");
}

/// The ids of the interlocks on the page under this profile.
fn ids(profile: &Profile) -> BTreeSet<String> {
    let rows = causes::interlocks(Some(&state_frame()), profile);
    rows.iter().map(|r| r.id.to_owned()).collect()
}

#[test]
fn only_interlocks_that_the_work_can_meet_are_shown() {
    let parse = |text| Profile::parse(text).unwrap();
    let zone = "[[arms.zone]]\nname = \"head\"\nmargin = \"5 mm\"\n\
                sphere = { centre = [\"0 mm\", \"0 mm\", \"0 mm\"], radius = \"9 mm\" }\n";
    let zoned = ULTRASOUND.replacen("[arms.force]", &format!("{zone}\n[arms.force]"), 1);
    let all: BTreeSet<_> = causes::INTERLOCKS.iter().map(|c| c.id().to_owned()).collect();
    assert_eq!(all.len(), causes::INTERLOCKS.len(), "each is there once");
    let without = |ids: &[&str]| {
        let mut rest = all.clone();
        for id in ids {
            assert!(rest.remove(*id), "{id}");
        }
        rest
    };
    assert_eq!(ids(&parse(ULTRASOUND)), without(&["CMD-AGE", "PORT", "NO-GO", "OBSTACLE"]));
    assert_eq!(ids(&parse(&zoned)), without(&["CMD-AGE", "PORT", "OBSTACLE"]));
    assert_eq!(ids(&parse(SURGERY)), without(&["CMD-AGE", "NO-GO", "OBSTACLE"]));
    assert_eq!(ids(&parse(SURGERY_LAN)), without(&["NO-GO", "OBSTACLE"]));
    assert_eq!(
        ids(&parse(TELECARE)),
        without(&["CMD-AGE", "WORKSPACE", "JOINT-LIMIT", "SINGULARITY", "NO-GO", "PORT"])
    );
}

/// Acts and stages of the machine are causes, but no conditions that are judged in every tick.
#[test]
fn every_cause_that_is_judged_in_every_tick_is_an_interlock_of_the_page() {
    let rest: Vec<_> =
        Cause::ALL.into_iter().filter(|c| !causes::INTERLOCKS.contains(c)).map(Cause::id).collect();
    assert_eq!(
        rest,
        [
            "REMOTE-STOP",
            "LOCAL-ESTOP",
            "DEGRADED-TOO-LONG",
            "SELF-TEST",
            "POWER-OFF",
            "FRESH-RUN",
            "ENGAGE-JUMP",
            "NOT-RESET"
        ]
    );
}

#[test]
fn limits_are_those_in_force_in_the_unit_that_people_read() {
    let limits = |text: &str, soft: bool| {
        let mut frame = state_frame();
        if soft {
            frame.soft = causes::INTERLOCKS.iter().fold(CauseSet::EMPTY, |set, c| set.with(*c));
        }
        let profile = Profile::parse(text).unwrap();
        let rows = causes::interlocks(Some(&frame), &profile);
        move |id: &str| rows.iter().find(|r| r.id == id).unwrap().limit.clone().unwrap_or_default()
    };
    let (soft, hard) = (limits(SURGERY, true), limits(SURGERY, false));
    for (id, wanted_soft, wanted_hard) in [
        ("VIEW-AGE", "100 ms", "140 ms"),
        ("MEDIA-STALL", "100 ms", "140 ms"),
        ("CMD-SILENCE", "15 ms", "50 ms"),
        ("INPUT-STALL", "15 ms", "50 ms"),
        ("LOSS", "1.0 %", "1.0 %"),
        ("SPEED", "90 mm/s", "90 mm/s"),
        ("WORKSPACE", "3 mm", "3 mm"),
        ("PORT", "5 mm", "5 mm"),
        ("JOINT-LIMIT", "95 % used", "99 % used"),
        ("SINGULARITY", "90 % used", "97 % used"),
        ("CONTACT-FORCE", "4 N", "8 N"),
        ("RECORDER-STALL", "1 s", "60 s"),
        ("STATE-MISMATCH", "", ""),
        ("GUARD", "", ""),
    ] {
        assert_eq!((soft(id).as_str(), hard(id).as_str()), (wanted_soft, wanted_hard), "{id}");
    }
    let (soft, hard) = (limits(TELECARE, true), limits(TELECARE, false));
    for (id, wanted_soft, wanted_hard) in [
        ("OBSTACLE", "450 mm", "200 mm"),
        ("CONTACT-FORCE", "50 N", "50 N"),
        ("SPEED", "1200 mm/s", "1200 mm/s"),
    ] {
        assert_eq!((soft(id).as_str(), hard(id).as_str()), (wanted_soft, wanted_hard), "{id}");
    }
}

#[test]
fn a_clamp_says_how_much_it_took_away_in_the_unit_that_people_read() {
    for (clamp, by, text) in [
        (Clamp::Speed, 0.014, "14 mm/s"),
        (Clamp::Speed, 0.0014, "1.4 mm/s"),
        (Clamp::Acceleration, 0.25, "250 mm/s"),
        (Clamp::ViewAge, 0.00994, "9.9 mm/s"),
        (Clamp::ViewAge, 0.00996, "10 mm/s"),
        (Clamp::JointLimit, 0.02, "20 mm/s"),
        (Clamp::Singularity, 0.02, "20 mm/s"),
        (Clamp::Obstacle, 0.3, "300 mm/s"),
        (Clamp::Workspace, 0.012, "12 mm"),
        (Clamp::NoGo, 0.0005, "0.5 mm"),
        (Clamp::Port, 0.1, "100 mm"),
        (Clamp::Force, 2.5, "2.5 N"),
        (Clamp::Rotation, 0.5, "29 °/s"),
        (Clamp::Jaw, 0.1, "5.7 °"),
    ] {
        let mut clamps = ClampSet::EMPTY;
        clamps.add(clamp, by);
        let status = told(Some(&StateFrame { clamps, ..state_frame() }), unchanged);
        assert_eq!(status["clamps"], json!([{ "limit": clamp.word(), "text": text }]));
    }
}

#[test]
fn of_a_base_its_speeds_and_what_is_in_its_way_are_told_and_no_tip() {
    let profile = Profile::parse(TELECARE).unwrap();
    let moving = BaseState {
        linear_m_s: 0.4,
        angular_rad_s: -0.5,
        wanted_linear_m_s: 0.5,
        wanted_angular_rad_s: -0.6,
        ahead_m: 0.44,
        behind_m: 3.0,
        bumper_n: 12.5,
    };
    let slowed = StateFrame {
        state: OperatingState::Degraded,
        soft: CauseSet::EMPTY.with(Cause::Obstacle),
        base: moving,
        ..state_frame()
    };
    let status = told_under(&profile, Some(&slowed), unchanged);
    assert_eq!(
        status["base"],
        json!({
            "wanted_mm_s": 500.0,
            "turn_deg_s": -28.648,
            "wanted_turn_deg_s": -34.377,
            "ahead_mm": 440.0,
            "behind_mm": 3000.0,
        })
    );
    assert_eq!(status["probe"]["x_mm"], Value::Null);
    let force = json!({ "normal_n": 12.5, "wanted_n": null, "soft_n": null, "hard_n": 50.0 });
    assert_eq!(status["force"], force);
    let reason = &status["state"]["reason"];
    assert_eq!((&reason["value"], &reason["limit"]), (&json!("440 mm"), &json!("450 mm")));
    let base = BaseState { wanted_linear_m_s: -0.1, behind_m: 0.15, ..moving };
    let stopped = StateFrame {
        state: OperatingState::Pstop,
        stopped_by: Some(Cause::Obstacle),
        base,
        ..state_frame()
    };
    let reason = told_under(&profile, Some(&stopped), unchanged)["state"]["reason"].clone();
    assert_eq!((&reason["value"], &reason["limit"]), (&json!("150 mm"), &json!("200 mm")));
    let unknown = told_under(&profile, None, unchanged);
    assert_eq!(unknown["base"]["ahead_mm"], Value::Null);
    assert_eq!(told(Some(&slowed), unchanged)["base"], Value::Null, "arms have none");
}

#[test]
fn where_no_tool_presses_by_itself_no_force_is_wanted() {
    let wish = |text, newton| {
        let profile = Profile::parse(text).unwrap();
        let status = told_under(&profile, Some(&state_frame()), |s, _| {
            s.sample = HandSample { force_wanted_n: newton, ..HandSample::neutral(at(1_009)) };
        });
        status["force"]["wanted_n"].clone()
    };
    assert_eq!(wish(SURGERY, 5.0), Value::Null);
    assert_eq!((wish(ULTRASOUND, 5.0), wish(ULTRASOUND, 50.0)), (json!(5.0), json!(12.0)));
}

#[test]
fn the_page_knows_which_arm_a_hand_moves_and_whether_it_has_a_jaw() {
    let hand = |text, motion| {
        let profile = Profile::parse(text).unwrap();
        let arm = |x, jaw_rad| ArmState {
            measured: Pose::new(Isometry3::translation(x, 0.0, 0.0)),
            jaw_rad,
            ..ArmState::absent()
        };
        let frame = StateFrame { arms: [arm(0.001, 0.1), arm(0.002, 0.2)], ..state_frame() };
        let status = told_under(&profile, Some(&frame), |s, _| {
            s.sample = HandSample { motion, ..HandSample::neutral(at(1_009)) };
        });
        let (hand, tip) = (&status["hand"], &status["probe"]);
        let told = ["arms", "arm", "jaw"].map(|key| hand[key].clone());
        (told, (tip["x_mm"].clone(), tip["jaw_deg"].clone()))
    };
    let none = Value::Null;
    let right = HandMotion::Rate(Deflection { arm: ArmSide::Right, ..Deflection::NONE });
    let each = HandMotion::Arms([ArmHand { place: Displacement::none(), jaw_rad: 0.0 }; 2]);
    let (left_tip, right_tip) = ((json!(1.0), json!(5.73)), (json!(2.0), json!(11.459)));
    let of_left = [json!(2), json!("left"), json!(true)];
    assert_eq!(hand(SURGERY, HandMotion::still()), (of_left, left_tip.clone()));
    let of_right = [json!(2), json!("right"), json!(true)];
    assert_eq!(hand(SURGERY, right), (of_right, right_tip));
    assert_eq!(hand(SURGERY, each), ([json!(2), none.clone(), json!(true)], left_tip));
    let of_probe = [json!(1), none.clone(), json!(false)];
    assert_eq!(hand(ULTRASOUND, right), (of_probe, (json!(1.0), none.clone())));
    let of_base = [json!(0), none.clone(), json!(false)];
    assert_eq!(hand(TELECARE, right), (of_base, (none.clone(), none)));
}

/// The names of the fields in `{a: string, b: {c: number}}`, the outer ones only.
fn fields(shape: &str) -> BTreeSet<String> {
    let mut depth = 0;
    let (mut names, mut word) = (BTreeSet::new(), String::new());
    for c in shape.chars() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            ':' if depth == 1 => {
                names.insert(word.trim_matches([' ', '?']).to_owned());
            }
            _ => {}
        }
        word =
            if matches!(c, '{' | ',' | '*' | '\n') { String::new() } else { word + &c.to_string() };
    }
    names
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_shapes_are_those_that_the_page_declares() {
    let types = include_str!("../../console/types.js");
    let full = StateFrame {
        state: OperatingState::Hold,
        stopped_by: Some(Cause::ViewAge),
        view_age: Some(Duration::from_millis(230)),
        ..degraded()
    };
    let status = told(Some(&full), unchanged);
    let typedef = |name: &str| {
        let line = types.lines().find(|l| l.ends_with(&format!("}} {name}"))).unwrap();
        fields(line.split_once("@typedef {").unwrap().1)
    };
    assert_eq!(keys(&status["state"]["reason"]), typedef("Reason"));
    assert_eq!(keys(&status["ages"]["view"]), typedef("Age"));
    assert_eq!(keys(&status["ages"]["loop"]), typedef("Age"));
    let lan = told_under(&Profile::parse(SURGERY_LAN).unwrap(), Some(&full), unchanged);
    assert_eq!(keys(&lan["ages"]["command"]), typedef("CommandAge"));
    assert_eq!(keys(&status["stages"][0]), typedef("Stage"));
    assert_eq!(keys(&status["paths"][0]), typedef("Path"));
    assert_eq!(keys(&status["interlocks"][0]), typedef("Interlock"));
    assert_eq!(keys(&status["alarms"][0]), typedef("Alarm"));
    let block = types.split_once("@typedef {object} Status").unwrap().1;
    let block = block.split_once("@typedef").unwrap().0;
    let mut declared = BTreeSet::new();
    for property in block.split("@property {").skip(1) {
        // The type ends at the brace that closes it; the name follows.
        let mut depth = 1;
        let end = property
            .find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            })
            .unwrap();
        let (shape, rest) = property.split_at(end);
        let name = rest[1..].split_whitespace().next().unwrap().to_owned();
        if shape.starts_with('{') && !shape.ends_with("[]") {
            assert_eq!(keys(&status[&name]), fields(shape), "{name}");
        } else if let Some(item) = shape.strip_suffix("[]").filter(|s| s.starts_with('{')) {
            assert_eq!(keys(&status[&name][0]), fields(item), "{name}");
        }
        declared.insert(name);
    }
    assert_eq!(keys(&status), declared);
    let base = told_under(&Profile::parse(TELECARE).unwrap(), Some(&full), unchanged);
    assert_eq!(keys(&base["base"]), typedef("Base"));
}

#[test]
fn without_a_fresh_state_everything_of_the_robot_is_null() {
    let profile = profile();
    for frame in [None, Some(degraded())] {
        let (mut snapshot, board) = (snapshot(&profile), board());
        if let Some(frame) = frame {
            snapshot.core.handle_state(&frame, at(1_000));
        }
        let known = Known {
            board: &board,
            snapshot: &snapshot,
            profile: &profile,
            stop: StopPhase::Idle,
            pictures: PICTURES,
            imaging_asked: 0,
            steers: true,
        };
        let status = serde_json::to_value(compose(&known, at(1_101))).unwrap();
        assert_eq!(status["state"]["word"], "UNKNOWN");
        for path in [
            "/state/since_ms",
            "/state/epoch",
            "/state/reason",
            "/ages/view/p50_ms",
            "/ages/view/now_ms",
            "/ages/loop/p95_ms",
            "/force/normal_n",
            "/force/wanted_n",
            "/speed/mm_s",
            "/speed/cap_mm_s",
            "/probe/x_mm",
            "/hand/deadman",
            "/stages/0/ms",
        ] {
            assert_eq!(status.pointer(path), Some(&Value::Null), "{path}");
        }
        for row in status["interlocks"].as_array().unwrap() {
            assert_eq!((row["state"].as_str(), &row["value"]), (Some("unknown"), &Value::Null));
        }
        let silent = frame.map(|_| json!("NO-STATE"));
        assert_eq!(
            status.pointer("/alarms/0/code"),
            silent.as_ref(),
            "it followed, or nobody knows"
        );
        assert_eq!(status["state"]["can_engage"], false);
    }
}

#[test]
fn a_hand_that_rests_is_not_in_the_way_and_everything_else_is() {
    let resting = CauseSet::EMPTY.with(Cause::Deadman).with(Cause::Clutch).with(Cause::FreshRun);
    let ready = |blocking| told(Some(&StateFrame { blocking, ..state_frame() }), unchanged);
    assert_eq!(ready(resting)["state"]["can_engage"], true);
    let status = ready(resting.with(Cause::ViewAge));
    assert_eq!(status["state"]["can_engage"], false);
    assert_eq!(status["state"]["why_not"]["code"], "VIEW-AGE");
    let held = CauseSet::EMPTY.with(Cause::FreshRun);
    assert_eq!(ready(held)["state"]["why_not"]["code"], "FRESH-RUN");
    let off = StateFrame {
        state: OperatingState::Standby,
        blocking: resting.with(Cause::PowerOff).with(Cause::LoopAge),
        ..state_frame()
    };
    assert_eq!(told(Some(&off), unchanged)["state"]["why_not"]["code"], "POWER-OFF");
}

#[test]
fn a_stop_keeps_the_reading_of_its_moment() {
    let then = StateFrame {
        state: OperatingState::Hold,
        stopped_by: Some(Cause::ViewAge),
        view_age: Some(Duration::from_millis(230)),
        ..state_frame()
    };
    let now = StateFrame { seq: 2, view_age: Some(Duration::from_millis(30)), ..then };
    let status = told(Some(&then), |s, _| {
        s.core.handle_state(&now, at(1_005));
    });
    assert_eq!(status["state"]["reason"]["value"], "230 ms");
    assert_eq!(status["state"]["reason"]["limit"], "200 ms");
    assert_eq!(status["ages"]["view"]["now_ms"], 30.0);
    let recovered = told(Some(&StateFrame { seq: 1, ..now }), unchanged);
    assert_eq!(recovered["state"]["reason"].get("value"), None, "it would contradict the sentence");
}

#[test]
fn alarms_have_the_priority_of_what_they_mean() {
    let alarm = |state, stopped_by| {
        told(Some(&StateFrame { state, stopped_by, ..state_frame() }), unchanged)["alarms"].clone()
    };
    for (state, priority) in [
        (OperatingState::Hold, "medium"),
        (OperatingState::Pstop, "high"),
        (OperatingState::Estop, "high"),
        (OperatingState::Fault, "high"),
    ] {
        let alarms = alarm(state, Some(Cause::CmdSilence));
        assert_eq!(alarms[0]["priority"], priority, "{state}");
        assert_eq!(alarms[0]["code"], "CMD-SILENCE");
    }
    assert_eq!(alarm(OperatingState::Ready, None), json!([]));
    let lost = |following| {
        told(None, |s, b| {
            s.lost_following = following;
            let reason = crate::shell::Reason::from(&protocol::link::LinkError::Silent);
            b.link = Link::Lost(reason);
        })
    };
    assert_eq!(lost(true)["alarms"][0]["priority"], "high");
    assert_eq!(lost(true)["alarms"][0]["code"], "LINK-LOST");
    assert_eq!(lost(true)["link_reason"]["code"], "E-LNK-SILENT");
    assert_eq!(lost(false)["alarms"], json!([]));
}

#[test]
fn a_stop_is_told_as_the_robot_confirms_it() {
    let status = told(Some(&degraded()), |s, _| {
        s.core.request_stop(at(1_001));
    });
    assert_eq!(status["stop"], json!({ "phase": "sent", "ms": 9.0 }));
    let status = told(Some(&degraded()), |s, _| {
        s.core.request_stop(at(1_001));
        let confirmed = StateFrame {
            seq: 2,
            state: OperatingState::Pstop,
            stopped_by: Some(Cause::RemoteStop),
            stop_confirmed: 1,
            ..degraded()
        };
        s.core.handle_state(&confirmed, at(1_006));
    });
    assert_eq!(status["stop"], json!({ "phase": "confirmed", "ms": 5.0 }));
}

#[test]
fn a_path_tells_what_it_takes_and_loses_and_nothing_while_it_is_down() {
    let status = told(None, |_, board| {
        let wired = board.paths[0].clone();
        board.paths.push(PathState { name: "5g".to_owned(), figures: None, ..wired });
    });
    let wired = json!({"name": "wired", "up": true, "round_trip_ms": 12.0, "lost_up_percent": 1.0,
        "lost_down_percent": null, "first_percent": 100.0});
    let mobile = json!({"name": "5g", "up": false, "round_trip_ms": null, "lost_up_percent": null,
        "lost_down_percent": null, "first_percent": null});
    assert_eq!(status["paths"], json!([wired, mobile]));
}

#[test]
fn what_the_robot_refused_is_told_until_something_else_is_asked_for() {
    use protocol::imaging::{ImagingRefusal, Knob};
    let refused =
        ImagingRefusal::Range { knob: Knob::Depth, got: 300_000, min: 50_000, max: 250_000 };
    let told_after = |asked: u32| {
        let (snapshot, mut board) = (snapshot(&profile()), board());
        let report = board.imaging.as_mut().unwrap();
        (report.request, report.refused) = (7, Some(refused));
        let known = Known {
            board: &board,
            snapshot: &snapshot,
            profile: &profile(),
            stop: StopPhase::Idle,
            pictures: PICTURES,
            imaging_asked: asked,
            steers: true,
        };
        serde_json::to_value(compose(&known, at(1_010))).unwrap()["imaging"].clone()
    };
    let told = told_after(7);
    assert_eq!(told["refused"]["code"], "E-IMG-RANGE");
    let sentence = told["refused"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("300 mm") && sentence.contains("50 to 250 mm"), "{sentence}");
    assert_eq!(told["depth_mm"]["now"], 160.0, "what was in force stays");
    assert_eq!(told_after(8)["refused"], Value::Null);
}

#[test]
fn pictures_on_which_nothing_can_be_set_have_no_knobs() {
    let without = told(Some(&degraded()), |_, board| board.imaging = None);
    assert_eq!(without["imaging"], Value::Null);
    let fixed = told(Some(&degraded()), |_, board| {
        board.imaging.as_mut().unwrap().state = None;
    });
    assert_eq!(fixed["imaging"], Value::Null);
}
