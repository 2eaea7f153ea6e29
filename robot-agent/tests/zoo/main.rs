//! The zoo of known bugs: each is put into a copy of the source, and the suite must find it.
//!
//! A test that passes says little until it has been seen to fail. The faults in `faults.toml` are of the
//! kinds that have moved robots: a duplicate accepted, an epoch forgotten, a timer refreshed by a frame
//! that was dropped, a comparison the wrong way round. Each names the test that finds it.
//!
//! Without `--ignored` only the list is checked: that each text is still there, exactly once. The whole
//! run builds the crates once per fault: `cargo test -p robot-agent --no-default-features --test zoo
//! -- --ignored --nocapture`. With `FARREACH_ZOO_RECORD=FILE` the table is written there, too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says where")]
#![allow(clippy::print_stdout, reason = "the table is the result")]
#![allow(
    clippy::disallowed_methods,
    reason = "how long it takes to find a fault is part of the result"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde::Deserialize;

/// Fewer would not be a zoo.
const FAULTS_MIN: usize = 25;

#[derive(Deserialize)]
struct Zoo {
    fault: Vec<Fault>,
}

/// One bug: a text in a file, and what a careless hand would have written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    /// Its name.
    id: String,
    /// What goes wrong with it.
    what: String,
    /// Below the root of the repository.
    file: String,
    from: String,
    to: String,
    /// The crate whose test finds it.
    package: String,
    /// The part of the test suite: `lib`, or the name of an integration test.
    suite: String,
    /// The test that finds it.
    found_by: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn faults() -> Vec<Fault> {
    let text = fs::read_to_string(root().join("robot-agent/tests/zoo/faults.toml")).unwrap();
    toml::from_str::<Zoo>(&text).unwrap().fault
}

#[test]
fn every_fault_can_still_be_planted() {
    let faults = faults();
    assert!(faults.len() >= FAULTS_MIN, "{}", faults.len());
    let mut ids = BTreeSet::new();
    for f in &faults {
        assert!(ids.insert(&f.id), "{} twice", f.id);
        let text = fs::read_to_string(root().join(&f.file)).unwrap();
        assert_eq!(text.matches(&f.from).count(), 1, "{}: `{}` in {}", f.id, f.from, f.file);
        assert!(f.from != f.to && !f.what.is_empty(), "{}", f.id);
    }
}

/// What became of a planted fault.
enum Fate {
    Found,
    Missed,
    /// The copy did not compile, or no test ran: that is no finding.
    NotRun(String),
}

#[test]
#[ignore = "builds the crates once per fault; ./check runs it"]
fn every_fault_is_found() {
    let copy = root().join("target/zoo/source");
    let _ = fs::remove_dir_all(&copy);
    copy_tree(&root(), &copy);
    let mut table =
        String::from("| fault | what goes wrong | found by | found in |\n|---|---|---|---|\n");
    let mut lost = Vec::new();
    for f in faults() {
        let path = copy.join(&f.file);
        let sound = fs::read_to_string(&path).unwrap();
        fs::write(&path, sound.replacen(&f.from, &f.to, 1)).unwrap();
        let began = Instant::now();
        let fate = try_on(&copy, &f);
        let seconds = began.elapsed().as_secs_f64();
        fs::write(&path, sound).unwrap();
        let told = match &fate {
            Fate::Found => format!("{seconds:.1} s"),
            Fate::Missed => "MISSED".to_owned(),
            Fate::NotRun(why) => format!("NOT RUN: {why}"),
        };
        println!("{:<28} {told:<10} {}", f.id, f.found_by);
        writeln!(table, "| {} | {} | `{}` | {told} |", f.id, f.what, f.found_by).unwrap();
        if !matches!(fate, Fate::Found) {
            lost.push(f.id);
        }
    }
    if let Some(path) = std::env::var_os("FARREACH_ZOO_RECORD") {
        fs::write(path, &table).unwrap();
    }
    assert!(lost.is_empty(), "not found: {lost:?}");
    let sound = Fault { id: "none".into(), ..faults().swap_remove(0) };
    assert!(matches!(try_on(&copy, &sound), Fate::Missed), "without a fault the test must pass");
}

/// Runs the one test; building counts, as it does for who waits for the answer.
fn try_on(copy: &Path, f: &Fault) -> Fate {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(copy).args(["test", "--locked", "--offline", "-p", &f.package]);
    cargo.arg("--no-default-features");
    if f.suite == "lib" {
        cargo.arg("--lib");
    } else {
        cargo.args(["--test", &f.suite]);
    }
    cargo.arg(&f.found_by).env("CARGO_TARGET_DIR", root().join("target/zoo/build"));
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("RUST_BACKTRACE", "0").env_remove("RUSTFLAGS");
    let output = cargo.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let ran = text.lines().any(|l| l.starts_with("running ") && !l.starts_with("running 0"));
    match (ran, output.status.success()) {
        (true, false) => Fate::Found,
        (true, true) => Fate::Missed,
        (false, true) => Fate::NotRun("no such test".to_owned()),
        (false, false) => {
            let why = String::from_utf8_lossy(&output.stderr);
            let line = why.lines().find(|l| l.starts_with("error")).unwrap_or("no reason given");
            Fate::NotRun(line.to_owned())
        }
    }
}

/// Copies the sources of the workspace, and nothing that is built.
fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, path) = (entry.file_name(), entry.path());
        if [".git", "target", "corpus", "node_modules"].iter().any(|skip| name == *skip) {
            continue;
        }
        if path.is_dir() {
            copy_tree(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
