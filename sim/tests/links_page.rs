//! The models do what their sources published, and the page of links says so.
//!
//! What is expected stands in the `[published]` table of each preset file and nowhere else.
//!
//! After a change: `UPDATE_PAGES=1 cargo test -p sim --test links_page`, then read the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sim::network::LinkPreset;
use sim::network::preset::NAMES;
use sim::network::survey::survey;

/// Two days of virtual time: one probe in a thousand is a thousand probes.
const PROBES: u32 = 1_000_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The block of the page between its markers is `wanted`, or becomes it.
fn holds(block: &str, wanted: &str) {
    let path = root().join("docs/src/reference/links.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {block}:begin -->\n"), format!("<!-- {block}:end -->"));
    let (before, rest) = text.split_once(&begin).expect("the opening marker");
    let (got, after) = rest.split_once(&end).expect("the closing marker");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
    } else {
        assert_eq!(got, wanted, "links.md has drifted; run this again with UPDATE_PAGES=1");
    }
}

/// One test, because a survey takes its time and the page must not be written by two at once.
#[test]
fn the_models_do_what_their_sources_published_and_the_page_says_it() {
    let presets: Vec<_> = NAMES.iter().map(|name| LinkPreset::builtin(name).unwrap()).collect();

    let mut names = String::from("| name | what it is |\n|---|---|\n");
    for p in &presets {
        let _ = writeln!(names, "| [`{}`](#{}) | {} |", p.name, p.name, p.about);
    }
    holds("presets", &names);

    let mut figures =
        String::from("| preset | figure | published | model | source |\n|---|---|---|---|---|\n");
    let mut wrong = Vec::new();
    for p in &presets {
        let found = survey(p, 1, PROBES);
        for f in &p.published {
            let (want, got) = (f.show(f.value), f.show(found.figure(f).unwrap()));
            if !found.figure(f).is_some_and(|got| f.is_met_by(got)) {
                wrong.push(format!("{}: {} is {got}, published {want}", p.name, f.key()));
            }
            let _ = writeln!(
                figures,
                "| `{}` | `{}` | {want} | {got} | {} |",
                p.name,
                f.key(),
                f.source
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    holds("figures", &figures);

    let mut sources = String::new();
    for p in &presets {
        let _ = writeln!(sources, "### {}\n\n{}.\n", p.name, p.about);
        for s in &p.sources {
            let _ = writeln!(sources, "- {}: {}.", s.tag, s.what);
        }
        for a in &p.assumed {
            let _ = writeln!(sources, "- Assumed: {a}");
        }
        sources.push('\n');
    }
    holds("sources", &sources);
}

#[test]
fn every_file_of_a_preset_is_built_in() {
    let mut files: Vec<String> = fs::read_dir(root().join("links"))
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".toml").map(str::to_owned)
        })
        .collect();
    files.sort();
    let mut names: Vec<_> = NAMES.iter().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(files, names);
}
