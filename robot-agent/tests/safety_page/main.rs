//! `SAFETY.md` holds the interlocks, the hazards and their tests word for word, and every test exists.
//!
//! After a change: `UPDATE_PAGES=1 cargo test -p robot-agent --test safety_page`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod hazards;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use protocol::cause::Cause;
use protocol::profile::{Profile, SHIPPED};
use robot_agent::core::interlock::{TABLE, document, proofs};

use hazards::{Covered, HAZARDS, Hazard};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("SAFETY.md")).unwrap()
}

/// The block of the page between its markers is `wanted`, or becomes it.
fn holds(block: &str, wanted: &str) {
    let (begin, end) = (format!("<!-- {block}:begin -->\n"), format!("<!-- {block}:end -->"));
    let page = page();
    let (before, rest) = page.split_once(&begin).expect("SAFETY.md has the opening marker");
    let (got, after) = rest.split_once(&end).expect("SAFETY.md has the closing marker");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(root().join("SAFETY.md"), format!("{before}{begin}{wanted}{end}{after}"))
            .unwrap();
        return;
    }
    assert_eq!(got, wanted, "SAFETY.md is not what is in force; run this with UPDATE_PAGES=1");
}

fn hazards_table() -> String {
    let mut out = String::from(
        "| hazard | what | covered | interlocks | how else, or what is missing | shown by, beside the interlocks' own tests |\n|---|---|---|---|---|---|\n",
    );
    for h in &HAZARDS {
        let covered = match h.covered {
            Covered::Yes => "yes",
            Covered::Partly => "partly",
            Covered::No => "no",
        };
        let causes: Vec<_> = h.interlocks.iter().map(|c| c.id()).collect();
        let tests: Vec<_> = h.tests.iter().map(|t| format!("`{t}`")).collect();
        let cell = |text: String| if text.is_empty() { "–".to_owned() } else { text };
        let _ = writeln!(
            out,
            "| {} | {} | {covered} | {} | {} | {} |",
            h.id,
            h.what,
            cell(causes.join(", ")),
            cell(h.remark.to_owned()),
            cell(tests.join(", ")),
        );
    }
    out
}

/// One test, so that pages are not written by two at once.
#[test]
fn the_safety_page_holds_what_is_in_force() {
    let profiles: Vec<_> = SHIPPED.iter().map(|text| Profile::parse(text).unwrap()).collect();
    holds("interlocks", &document(&profiles));
    holds("proofs", &proofs());
    holds("hazards", &hazards_table());
}

/// From the interlock to the hazard: each row names hazards of the list, and they name it.
#[test]
fn every_interlock_guards_against_a_hazard_that_knows_it() {
    for row in &TABLE {
        assert!(!row.hazards.is_empty(), "{}: {}", row.cause, row.watches);
        for id in row.hazards {
            let hazard = HAZARDS.iter().find(|h| h.id == *id);
            let hazard = hazard.unwrap_or_else(|| panic!("{} names {id}", row.cause));
            assert!(hazard.interlocks.contains(&row.cause), "{id} does not know {}", row.cause);
            assert_ne!(hazard.covered, Covered::No, "{id}");
        }
    }
}

/// From the hazard to the interlock, and on to the tests: nothing is claimed without either.
#[test]
fn every_hazard_that_is_covered_has_an_interlock_or_a_test() {
    let mut ids = BTreeSet::new();
    for h in &HAZARDS {
        assert!(ids.insert(h.id), "{} twice", h.id);
        for cause in h.interlocks {
            let known = TABLE.iter().any(|r| r.cause == *cause && r.hazards.contains(&h.id));
            assert!(known, "{} claims {cause}, whose row does not name it", h.id);
        }
        let shown = !h.interlocks.is_empty() || !h.tests.is_empty();
        assert_eq!(shown, h.covered != Covered::No, "{}", h.id);
        assert!(h.covered == Covered::Yes || !h.remark.is_empty(), "{} says why not", h.id);
    }
}

/// The Rust files below `dir`.
fn rust(dir: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(fs::read_to_string(&path).unwrap());
        }
    }
}

fn code(dirs: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for dir in dirs {
        rust(&root().join(dir), &mut files);
    }
    files
}

/// The doc comment above `fn name(`, if there is such a test.
fn doc_of(files: &[String], name: &str) -> Option<String> {
    let head = format!("fn {name}(");
    files.iter().find_map(|text| {
        let at = text.find(&head)?;
        let before: Vec<_> = text[..at].lines().rev().skip(1).collect();
        let above = before.iter().take_while(|l| {
            let l = l.trim();
            l.starts_with("///") || l.starts_with("#[") || l.starts_with("#!")
        });
        Some(above.map(|l| l.trim()).collect::<Vec<_>>().join(" "))
    })
}

/// From the interlock to its tests: each is there, and says in its first words what it shows.
#[test]
fn every_interlock_has_a_test_that_names_it() {
    let files = code(&["robot-agent/src"]);
    for row in &TABLE {
        assert!(!row.proven_by.is_empty(), "{}: {}", row.cause, row.watches);
        for test in row.proven_by {
            let doc = doc_of(&files, test).unwrap_or_else(|| panic!("no test `{test}`"));
            assert!(doc.contains(row.cause.id()), "`{test}` does not say {}: {doc}", row.cause);
        }
    }
}

/// From the tests to the interlocks: whoever begins with an id begins with one that exists.
#[test]
fn every_id_that_a_test_begins_with_is_a_cause() {
    let known: BTreeSet<_> = Cause::ALL.iter().map(|c| c.id()).collect();
    let mut named = BTreeSet::new();
    for text in code(&["protocol", "robot-agent", "operator", "sim"]) {
        for line in text.lines().filter_map(|l| l.trim().strip_prefix("/// ")) {
            let Some((head, _)) = line.split_once(": ") else { continue };
            for id in head.split(", ") {
                let is_id = id.len() > 4
                    && id.chars().all(|c| c.is_ascii_uppercase() || c == '-')
                    && id.chars().any(|c| c == '-');
                if is_id {
                    assert!(known.contains(id), "a test begins with {id}, which is no cause");
                    named.insert(id.to_owned());
                }
            }
        }
    }
    assert!(named.len() > 20, "{named:?}");
}

#[test]
fn every_test_that_the_safety_page_names_exists() {
    let code = code(&["protocol", "robot-agent", "operator", "sim", "src", "tests"]).concat();
    let page = page();
    let mut named = 0;
    for word in page.split('`').skip(1).step_by(2) {
        let is_name =
            word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if is_name && word.matches('_').count() >= 2 {
            assert!(code.contains(&format!("fn {word}(")), "SAFETY.md names the test {word}");
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}

/// A hazard's tests are all named on the page; this one keeps the data honest where the page is stale.
#[test]
fn every_test_that_a_hazard_names_exists() {
    let code = code(&["protocol", "robot-agent", "operator", "sim", "src", "tests"]).concat();
    for Hazard { id, tests, .. } in &HAZARDS {
        for test in *tests {
            assert!(code.contains(&format!("fn {test}(")), "{id} names {test}");
        }
    }
}
