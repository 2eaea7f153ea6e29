//! The reference pages say what the code says.
//!
//! A page that has drifted is worse than none: somebody in another hospital reads a code aloud and
//! gets the wrong fix. Blocks between markers are generated; after a change of the code:
//! `UPDATE_PAGES=1 cargo test -p protocol --test pages`, then read the difference. Tables written
//! by hand are compared cell by cell.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails says where"
)]

use core::fmt::Write as _;
use core::time::Duration;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion, Vector3};
use protocol::cause::{Cause, CauseSet};
use protocol::frame::command::COMMAND_BYTES;
use protocol::frame::state::STATE_BYTES;
use protocol::frame::{
    ArmCommand, ArmState, BaseState, Clamp, ClampSet, CommandFrame, Mode, Motion, StateFrame,
};
use protocol::imaging::Imaging;
use protocol::picture::{HEADER_BYTES, PictureHeader, ViewSource};
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile::{Profile, ULTRASOUND};
use protocol::session::{OperatorMessage, Refusal, SessionId, encode};
use protocol::state::OperatingState;
use protocol::time::Moment;

#[path = "pages/profile.rs"]
mod profile;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn reference(page: &str) -> PathBuf {
    root().join("docs/src/reference").join(page)
}

/// The page holds `wanted` between the markers `name:begin` and `name:end`.
fn holds(page: &str, name: &str, wanted: &str) {
    let path = reference(page);
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{begin} in {page}"));
    let (block, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{end} in {page}"));
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
    } else {
        assert_eq!(block, wanted, "{page} has drifted; run this again with UPDATE_PAGES=1");
    }
}

/// The blocks of one page are compared one after another: each may rewrite the page.
#[test]
fn the_page_of_codes_is_the_one_in_force() {
    let mut causes = String::from("| code | id | what happened | what to do | who can mend it |\n");
    causes.push_str("|---|---|---|---|---|\n");
    for c in Cause::ALL {
        let (code, owner) = (c.code(), c.owner().word());
        let _ = writeln!(causes, "| {code} | `{c}` | {} | {} | {owner} |", c.sentence(), c.fix());
    }
    holds("codes.md", "causes", &causes);

    let mut refusals =
        String::from("| code | id | what is wrong, and what to do |\n|---|---|---|\n");
    for r in Refusal::ALL {
        let _ = writeln!(refusals, "| {} | `{}` | {} |", r as u8, r.id(), r.sentence());
    }
    holds("codes.md", "refusals", &refusals);

    let mut states = String::from("| code | word | CRTK | follows the hand | drives |\n");
    states.push_str("|---|---|---|---|---|\n");
    for s in OperatingState::ALL {
        let (follows, drives) =
            (if s.follows() { "yes" } else { "no" }, if s.powered() { "on" } else { "off" });
        let (code, crtk) = (s.code(), s.crtk().word());
        let _ = writeln!(states, "| {code} | `{s}` | `{crtk}` | {follows} | {drives} |");
    }
    holds("codes.md", "states", &states);

    let mut clamps = String::from("| bit | word | unit of the amount |\n|---|---|---|\n");
    for c in Clamp::ALL {
        let _ = writeln!(clamps, "| {} | `{}` | {} |", c as u16, c.word(), c.unit());
    }
    holds("codes.md", "clamps", &clamps);

    let mut sources = String::from("| code | word |\n|---|---|\n");
    for s in ViewSource::ALL {
        let _ = writeln!(sources, "| {} | `{}` |", s.code(), s.word());
    }
    holds("codes.md", "sources", &sources);
}

/// All that begins with one of the prefixes, up to what can not be in a code.
fn codes_in(text: &str, prefixes: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for prefix in prefixes {
        for (at, _) in text.match_indices(prefix) {
            let rest = text[at..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '-');
            found.insert(rest.collect());
        }
    }
    found
}

/// The text of all Rust files below `dir`.
fn rust(dir: &Path, into: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_code_of_errors_is_on_the_page_of_codes_and_no_other() {
    let mut code = String::new();
    for dir in ["protocol/src", "robot-agent/src", "operator/src", "benches/src", "src"] {
        rust(&root().join(dir), &mut code);
    }
    let page = fs::read_to_string(reference("codes.md")).unwrap();
    let prefixes =
        ["E-LNK-", "E-KEY-", "E-CON-", "E-AUTH-", "E-ROB-", "E-BEN-", "E-IMG-", "\"PAD-"];
    let mut wanted = codes_in(&code, &prefixes);
    // What is left of a prefix that only tests look for.
    wanted.retain(|c| !c.ends_with('-'));
    let on_page = codes_in(&page.replace("`PAD-", "\"PAD-"), &prefixes);
    assert_eq!(on_page, wanted);
}

#[test]
fn every_exit_code_is_on_the_page_of_codes() {
    let code = fs::read_to_string(root().join("src/exit.rs")).unwrap();
    let endings = code.split_once("enum Ending {").unwrap().1.split('}').next().unwrap();
    let wanted: Vec<u8> = endings
        .split(" = ")
        .skip(1)
        .map(|r| r.split(',').next().unwrap().parse().unwrap())
        .collect();
    let page = fs::read_to_string(reference("codes.md")).unwrap();
    let section = page.split_once("## Exit codes\n").unwrap().1;
    let got: Vec<u8> =
        section.lines().filter_map(|l| l.split('|').nth(1)?.trim().parse().ok()).collect();
    assert_eq!(got, wanted);
}

#[test]
fn the_page_of_the_command_names_every_key_of_the_summary_and_every_flag() {
    let page = fs::read_to_string(reference("cli.md")).unwrap();
    let report = fs::read_to_string(root().join("src/report.rs")).unwrap();
    let fields = report.split_once("struct Report {").unwrap().1.split('}').next().unwrap();
    for key in fields.lines().filter_map(|l| l.trim().split_once(": ")).map(|(key, _)| key) {
        assert!(page.contains(&format!("| `{key}` |")), "the key {key}");
    }
    let cli = fs::read_to_string(root().join("src/cli.rs")).unwrap();
    for part in cli.split("#[arg(").skip(1).filter(|p| p.starts_with("long")) {
        let field = part.split_once("pub(crate) ").map_or(part, |(_, f)| f);
        let name = field.trim_start().split(':').next().unwrap().replace('_', "-");
        let name = name.trim_start_matches("r#");
        if !name.contains(char::is_whitespace) {
            assert!(page.contains(&format!("`--{name}")), "the flag --{name}");
        }
    }
}

#[test]
fn every_direct_dependency_is_on_its_page() {
    let page = fs::read_to_string(reference("dependencies.md")).unwrap();
    let own = ["protocol", "robot-agent", "operator", "sim", "benches"];
    for member in [".", "protocol", "robot-agent", "operator", "sim", "benches"] {
        let manifest = fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for name in
                manifest.get(kind).and_then(|t| t.as_table()).into_iter().flat_map(|t| t.keys())
            {
                let there = own.contains(&name.as_str()) || page.contains(&format!("\n| `{name}`"));
                assert!(there, "{name} of {member}");
            }
        }
    }
}

/// Rows `| offset | size | type | field | … |` under this heading.
fn offsets(page: &str, heading: &str) -> Vec<(usize, usize, String, String)> {
    let section = page.split_once(&format!("## {heading}\n")).expect(heading).1;
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let (offset, size) = (cells.get(1)?.parse().ok()?, cells.get(2)?.parse().ok()?);
            Some((offset, size, (*cells.get(3)?).to_owned(), (*cells.get(4)?).to_owned()))
        })
        .collect()
}

fn bytes_of(kind: &str) -> usize {
    let (kind, count) = match kind.split_once(" × ") {
        Some((count, kind)) => (kind, count.parse().unwrap()),
        None => (kind, 1),
    };
    let one = match kind {
        "u8" => 1,
        "u16" => 2,
        "u32" | "f32" => 4,
        "u64" => 8,
        other => panic!("{other} is not a type of the wire"),
    };
    count * one
}

#[test]
fn the_offset_tables_cover_every_byte_once() {
    let page = fs::read_to_string(reference("wire.md")).unwrap();
    let tables = [
        ("Command frame", COMMAND_BYTES),
        ("State frame", STATE_BYTES),
        ("Picture header", HEADER_BYTES),
    ];
    for (heading, bytes) in tables {
        let mut next = 0;
        for (offset, size, kind, field) in offsets(&page, heading) {
            assert_eq!(offset, next, "{heading}: {field}");
            assert_eq!(size, bytes_of(&kind), "{heading}: {field}");
            next += size;
        }
        assert_eq!(next, bytes, "{heading}");
        assert!(page.contains(&format!("{bytes} bytes")), "{heading}");
    }
}

/// What goes over the network, as the people who provide it are told.
#[test]
fn the_page_of_two_machines_tells_the_load_of_the_network() {
    // QUIC, UDP and IP, at most; as on the page of the wire.
    const HEADERS: usize = 80;
    let page = fs::read_to_string(root().join("docs/src/how-to/two-machines.md")).unwrap();
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let rates = Profile::parse(ULTRASOUND).unwrap().rates;
    let told = format!(
        "{} commands a second of at most {} bytes with headers, {} states a second of at most {}.",
        rates.command_hz,
        COMMAND_BYTES + HEADERS,
        rates.state_hz,
        STATE_BYTES + HEADERS
    );
    assert!(page.contains(&told), "{told}");
    let wire = fs::read_to_string(reference("wire.md")).unwrap();
    assert!(wire.contains(&format!("({HEADERS} bytes at most)")));
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("```text\n");
    for line in bytes.chunks(16) {
        let line: Vec<_> = line.iter().map(|b| format!("{b:02x}")).collect();
        let _ = writeln!(text, "{}", line.join(" "));
    }
    text.push_str("```\n");
    text
}

/// The frame of the golden test beside the encoder.
fn command() -> CommandFrame {
    let mut arm = ArmCommand::neutral();
    arm.displacement = Displacement {
        translation: Vector3::new(0.5, -0.25, 0.125),
        rotation: UnitQuaternion::identity(),
    };
    arm.jaw_rad = 0.5;
    arm.force_wanted_n = 5.0;
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
        motion: Motion::Arms([arm, ArmCommand::neutral()]),
    }
}

/// The frame of the golden test beside the encoder.
fn state() -> StateFrame {
    let pose = |x| -> Pose<Base, Tip> {
        Pose::new(Isometry3::from_parts(
            Translation3::new(x, -0.5, 0.25),
            UnitQuaternion::from_quaternion(Quaternion::new(0.0, 1.0, 0.0, 0.0)),
        ))
    };
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

/// The header of the golden test beside the encoder.
fn picture() -> PictureHeader {
    PictureHeader {
        source: ViewSource::Endoscope,
        view: 0x0102_0304_0506_0708,
        captured: Moment::from_ns(9),
        encode_us: 10,
        width: 640,
        height: 480,
        depth_um: 150_000,
        keyframe: true,
        skipped: 11,
        length: 12,
    }
}

/// The request of the golden test beside the messages.
fn imaging() -> OperatorMessage {
    let wanted = Imaging {
        depth_um: 120_000,
        gain_cdb: -250,
        focus_um: 60_000,
        frequency_khz: 3_500,
        frozen: true,
    };
    OperatorMessage::Imaging { request: 7, wanted }
}

#[test]
fn the_golden_bytes_on_the_page_are_what_the_encoders_make() {
    holds("wire.md", "command", &hex(&command().encode().unwrap()));
    holds("wire.md", "state", &hex(&state().encode().unwrap()));
    holds("wire.md", "picture", &hex(&picture().encode().unwrap()));
    holds("wire.md", "imaging", &hex(&encode(&imaging()).unwrap()));
}

/// All Markdown below `dir`.
fn markdown(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            markdown(&path, into);
        } else if path.extension().is_some_and(|e| e == "md") {
            into.push(path);
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    markdown(&root().join("docs/src"), &mut pages);
    for name in ["ARCHITECTURE.md", "SAFETY.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        pages.push(root().join(name));
    }
    pages
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if link.contains("://") || target.is_empty() {
                continue;
            }
            let path = page.parent().unwrap().join(target);
            assert!(path.exists(), "{} links to {target}", page.display());
        }
    }
}

#[test]
fn every_page_of_the_book_is_in_its_table_of_contents() {
    let source = root().join("docs/src");
    let summary = fs::read_to_string(source.join("SUMMARY.md")).unwrap();
    let mut pages = Vec::new();
    markdown(&source, &mut pages);
    for page in pages {
        let name = page.strip_prefix(&source).unwrap().display().to_string();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "{name}");
    }
}

#[test]
fn every_file_that_a_page_names_exists() {
    let tops = ["src/", "protocol/", "robot-agent/", "operator/", "sim/", "benches/", "profiles/"];
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = tops.iter().any(|top| word.starts_with(top));
            if is_path && !word.contains(char::is_whitespace) {
                // Of a pattern, what stands before its first star.
                let path = root().join(word.split('*').next().unwrap());
                assert!(path.exists(), "{} names {word}", page.display());
            }
        }
    }
}
