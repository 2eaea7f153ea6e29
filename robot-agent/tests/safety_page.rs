//! `SAFETY.md` holds the interlock table word for word, and every test that it names exists.
//!
//! After a change of the table: `UPDATE_PAGES=1 cargo test -p robot-agent --test safety_page`.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::path::Path;

use protocol::profile::{Profile, ULTRASOUND};
use robot_agent::core::interlock::{TABLE, document};

const BEGIN: &str = "<!-- interlocks:begin -->\n";
const END: &str = "<!-- interlocks:end -->";

#[test]
fn the_safety_page_holds_the_interlock_table_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SAFETY.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("SAFETY.md has the opening marker");
    let (block, after) = rest.split_once(END).expect("SAFETY.md has the closing marker");
    let wanted = document(&Profile::parse(ULTRASOUND).unwrap());
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        block, wanted,
        "SAFETY.md is not the table in force; run this test again with UPDATE_PAGES=1"
    );
}

/// Every interlock names a hazard, and the page says of each such hazard what is done about it.
#[test]
fn every_hazard_that_an_interlock_names_is_on_the_safety_page() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../SAFETY.md");
    let page = fs::read_to_string(path).unwrap();
    for row in &TABLE {
        assert!(!row.hazards.is_empty(), "{}", row.cause);
        for hazard in row.hazards.split(' ') {
            assert!(page.contains(&format!("\n| {hazard} |")), "{hazard} of {}", row.cause);
        }
    }
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
fn every_test_that_the_safety_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("SAFETY.md")).unwrap();
    let mut code = String::new();
    for dir in ["protocol", "robot-agent", "operator", "sim", "src", "tests"] {
        rust(&root.join(dir), &mut code);
    }
    let mut named = 0;
    for word in page.split('`').skip(1).step_by(2) {
        let is_name =
            word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if is_name && word.matches('_').count() >= 2 {
            assert!(code.contains(&format!("fn {word}(")), "SAFETY.md names the test {word}");
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}
