//! `farreach patient` as a user runs it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

#[path = "support/process.rs"]
mod process;

use std::path::Path;
use std::process::Output;

use process::{Folder, output};

fn patient(args: &[&str]) -> Output {
    output(&[&["patient"], args].concat())
}

#[test]
fn waves_and_numerics_say_that_they_are_simulated_and_what_can_not_be_measured() {
    let folder = Folder::new("patient");
    let (events, csv, json) =
        (folder.path("events.toml"), folder.path("waves.csv"), folder.path("numerics.json"));
    std::fs::write(&events, "[[event]]\nat_s = 20\nkind = \"lead-off\"\n").unwrap();
    let files = ["--events", &events, "--csv", &csv, "--json", &json];
    let done = patient(&[&["--duration", "30s", "--seed", "7"], &files[..]].concat());
    assert!(done.status.success() && done.stdout.is_empty(), "{done:?}");
    let waves = std::fs::read_to_string(&csv).unwrap();
    let lines: Vec<&str> = waves.lines().collect();
    assert!(lines[0].starts_with("# simulated"));
    assert_eq!(lines.len(), 2 + 30 * 250);
    let columns = lines[1].split(',').count();
    assert!(lines.iter().skip(2).all(|line| line.split(',').count() == columns));
    assert!(!lines[2 + 19 * 250].contains(",,") && lines[2 + 21 * 250].contains(",,"));
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["simulated"], true);
    let seconds = report["seconds"].as_array().unwrap();
    assert_eq!(seconds.len(), 30);
    assert!(seconds[18]["heart_per_min"].as_f64().unwrap() > 60.0);
    assert!(seconds[29]["heart_per_min"].is_null() && seconds[29]["ecg"] == "lead off");
    assert!(seconds[29]["pulse_per_min"].as_f64().unwrap() > 60.0);
    // One seed is one run.
    let again = patient(&["--duration", "2s", "--seed", "7", "--csv", "-"]);
    let begins = String::from_utf8(again.stdout).unwrap();
    assert!(waves.starts_with(&begins) && begins.lines().count() == 502);
}

#[test]
fn what_is_wrong_ends_with_2_and_says_what_to_write() {
    let folder = Folder::new("patient-wrong");
    let events = folder.path("events.toml");
    std::fs::write(&events, "[[event]]\nat_s = 1\nkind = \"bleeding\"\namount = 9000\n").unwrap();
    let cases: [(&[&str], &str); 3] = [
        (&["--events", &events], "amount = 9000; write a number from 0 to 3000 ml/min"),
        (&["--duration", "1500ms"], "write whole seconds"),
        (&["--events", "nowhere.toml"], "can not read the events nowhere.toml"),
    ];
    for (args, says) in cases {
        let done = patient(args);
        assert_eq!(done.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&done.stderr).contains(says), "{done:?}");
    }
    assert!(!Path::new("nowhere.toml").exists());
}

#[test]
fn without_files_it_prints_a_table() {
    let done = patient(&["--duration", "20s"]);
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.starts_with("Simulated patient"), "{table}");
    assert_eq!(table.lines().count(), 2 + 4);
    assert!(table.contains("--"), "breaths can not be measured after five seconds");
}
