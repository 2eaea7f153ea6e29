//! The zoo of known bugs: each is put into a copy of the source, and the suite must find it.
//!
//! A test that passes says little until it has been seen to fail. The faults in `faults.toml` are of the
//! kinds that have moved robots: a duplicate accepted, an epoch forgotten, a timer refreshed by a frame
//! that was dropped, a comparison the wrong way round. Each names the test that finds it.
//!
//! A test that fails anyway finds everything; so each must first pass in the copy without a fault.
//!
//! Without `--ignored` only the list is checked: that each text is still there, exactly once. The whole
//! run builds the crates once per fault: `cargo test -p robot-agent --no-default-features --test zoo
//! -- --ignored --nocapture`. With `FARREACH_ZOO_RECORD=FILE` the table is written there, too; with
//! `FARREACH_ZOO_ONLY=TEXT` only faults with that text in their name are tried.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says where")]
#![allow(clippy::print_stdout, reason = "the table is the result")]
#![allow(
    clippy::disallowed_methods,
    reason = "how long it takes to find a fault is part of the result"
)]

mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use run::Fate;

/// Fewer would not be a zoo.
const FAULTS_MIN: usize = 25;

/// No fault takes longer, its build included: a test that waits for ever has not found it. A hundred times
/// what the slowest takes.
const FAULT_MAX: Duration = Duration::from_mins(10);

/// The same for all tests of a suite without a fault, and the first build.
const SOUND_MAX: Duration = Duration::from_mins(30);

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

#[test]
#[ignore = "builds the crates once per fault; ./check runs it"]
fn every_fault_is_found() {
    let copy = root().join("target/zoo/source");
    let _ = fs::remove_dir_all(&copy);
    copy_tree(&root(), &copy);
    let mut table =
        String::from("| fault | what goes wrong | found by | found in |\n|---|---|---|---|\n");
    let mut lost = Vec::new();
    let only = std::env::var("FARREACH_ZOO_ONLY").unwrap_or_default();
    let faults: Vec<_> = faults().into_iter().filter(|f| f.id.contains(&only)).collect();
    assert!(!faults.is_empty(), "no fault is called `{only}`");
    assert_sound(&copy, &faults);
    for f in faults {
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
}

/// These tests of one part of the suite, in the copy. `FARREACH_MODEL` and flags of the compiler would
/// make another suite of it.
fn tests(copy: &Path, package: &str, suite: &str, names: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(copy).args(["test", "--locked", "--offline", "-p", package]);
    cargo.arg("--no-default-features");
    if suite == "lib" {
        cargo.arg("--lib");
    } else {
        cargo.args(["--test", suite]);
    }
    cargo.arg("--").args(names).env("CARGO_TARGET_DIR", root().join("target/zoo/build"));
    // One file changes at a time.
    cargo.env("CARGO_INCREMENTAL", "1");
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("RUST_BACKTRACE", "0").env_remove("RUSTFLAGS");
    cargo.env_remove("FARREACH_MODEL");
    cargo
}

/// Runs the one test; building counts, as it does for who waits for the answer.
fn try_on(copy: &Path, f: &Fault) -> Fate {
    let mut command = tests(copy, &f.package, &f.suite, &[&f.found_by]);
    match run::run(&mut command, FAULT_MAX, copy) {
        Some(ended) => ended.fate(),
        None => Fate::NotRun(format!("no end within {} s", FAULT_MAX.as_secs())),
    }
}

/// Without a fault every test that is to find one passes: or it would fail under any fault, and be
/// taken for having found it.
fn assert_sound(copy: &Path, faults: &[Fault]) {
    let mut suites = BTreeMap::<(&str, &str), BTreeSet<&str>>::new();
    for f in faults {
        suites.entry((&f.package, &f.suite)).or_default().insert(&f.found_by);
    }
    for ((package, suite), names) in suites {
        let began = Instant::now();
        let names: Vec<_> = names.into_iter().collect();
        let ended = run::run(&mut tests(copy, package, suite, &names), SOUND_MAX, copy);
        let lacks =
            ended.map_or_else(|| vec!["no end".to_owned()], |e| e.lacks(names.iter().copied()));
        assert!(lacks.is_empty(), "without a fault, {package} {suite}: {lacks:?}");
        let seconds = began.elapsed().as_secs_f64();
        println!("{:<28} {seconds:<8.1}s {package} {suite}", "no fault, all pass");
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
