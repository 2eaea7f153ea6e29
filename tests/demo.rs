//! `farreach demo --headless`, as CI runs it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

#[path = "support/process.rs"]
mod process;

use process::{Folder, output, stderr};

#[test]
fn a_headless_demonstration_ends_well_and_sums_itself_up() {
    let folder = Folder::new("demo");
    let json = folder.path("demo.json");
    let done = output(&["demo", "--headless", "--duration", "5s", "--json", &json]);
    let table = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{table}\n{}", stderr(&done));
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    // How many of each depends on the machine; that there are any, and that none is stale, does not.
    for key in ["pictures_presented", "commands_accepted", "ticks_followed", "engages"] {
        assert!(report[key].as_u64().unwrap() > 0, "{key} in {report}");
    }
    assert_eq!(report["stale_executed"], 0);
    assert_eq!(report["stops"], 0);
    assert!(report["holds"].is_u64());
    assert!(report["force_max_n"].as_f64().unwrap() < report["force_limit_n"].as_f64().unwrap());
    for age in ["view_age_ms", "loop_age_ms"] {
        let p = |q: &str| report[age][q].as_f64().unwrap();
        assert!(p("p50") <= p("p95") && p("p95") <= p("p99"), "{report}");
    }
    for row in ["pictures presented", "commands accepted", "stale executed", "view age"] {
        assert!(table.contains(row), "{row} is not in:\n{table}");
    }
}

#[test]
fn wrong_flags_are_refused_with_what_is_allowed() {
    for (args, expected) in [
        (vec!["demo", "--duration", "10"], "write for example 10s"),
        (vec!["demo", "--headless", "--duration", "5h"], "use ms, s or m"),
        (vec!["demo", "--hand", "foot"], "possible values"),
        (vec!["demo", "--page", "0.0.0.0:0"], "loopback"),
        (vec!["demo", "--profile", "surgery", "--phantom", "thyroid"], "a robot with a probe"),
        (vec!["fly"], "unrecognized subcommand"),
    ] {
        let refused = output(&args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}: {}", stderr(&refused));
        assert!(stderr(&refused).contains(expected), "{args:?}: {}", stderr(&refused));
    }
}

/// A robot with two arms and a base: the scripted hand steers what the profile is for, by the picture it is for.
#[test]
fn the_other_bodies_are_demonstrated_as_well() {
    let folder = Folder::new("demo-bodies");
    for profile in ["surgery", "telecare"] {
        let json = folder.path(profile);
        let flags = ["demo", "--headless", "--duration", "6s", "--profile", profile, "--json"];
        let done = output(&[&flags[..], &[json.as_str()]].concat());
        let table = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(done.status.code(), Some(0), "{profile}: {table}\n{}", stderr(&done));
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
        assert_eq!(report["profile"], profile);
        for key in ["pictures_presented", "commands_accepted", "ticks_followed", "engages"] {
            assert!(report[key].as_u64().unwrap() > 0, "{key} in {report}");
        }
        assert_eq!((&report["stale_executed"], &report["stops"]), (&0.into(), &0.into()));
    }
}

#[test]
fn a_profile_that_no_simulated_robot_is_for_is_refused_with_what_there_is() {
    let folder = Folder::new("demo-misfit");
    let path = folder.path("odd.toml");
    let odd = include_str!("../profiles/surgery.toml").replace("\"endoscope\" ", "\"room\" ");
    std::fs::write(&path, odd).unwrap();
    let refused = output(&["demo", "--headless", "--profile", &path]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("no simulated robot is for the profile"));
    assert!(stderr(&refused).contains("two arms with endoscope"), "{}", stderr(&refused));
}
