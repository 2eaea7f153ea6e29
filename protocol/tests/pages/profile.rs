//! The page of the profile: every key with its shipped values and its range.

use core::fmt::Write as _;
use std::collections::BTreeSet;
use std::fs;

use protocol::profile::{Profile, ProfileError, SHIPPED, ULTRASOUND};

use super::reference;

/// One of each shape of zone, for the keys that no shipped profile has.
const ZONES: &str = r#"
[[arms.zone]]
name = "head"
margin = "20 mm"

[arms.zone.sphere]
centre = ["0 mm", "0 mm", "0 mm"]
radius = "120 mm"

[[arms.zone]]
name = "mast"
margin = "20 mm"

[arms.zone.box]
min = ["0 mm", "0 mm", "0 mm"]
max = ["1 mm", "1 mm", "1 mm"]

[[arms.zone]]
name = "table"
margin = "20 mm"

[arms.zone.half_space]
point = ["0 mm", "0 mm", "0 mm"]
normal = [0.0, 0.0, 1.0]
"#;

/// A key of a profile, as the page shows it.
struct Key {
    path: String,
    value: String,
    allowed: String,
    optional: bool,
}

/// What is refused in place of `value`.
fn absurd(value: &str) -> String {
    let list = value.starts_with('[');
    let quoted = value.trim_start_matches('[').strip_prefix('"');
    let unit = quoted.and_then(|q| Some(q.split('"').next()?.split_once(' ')?.1));
    match (unit, quoted) {
        (Some(unit), _) if list => format!("[\"1e12 {unit}\", \"1 {unit}\", \"1 {unit}\"]"),
        (Some(unit), _) => format!("\"1e12 {unit}\""),
        (None, Some(_)) => "\"\"".to_owned(),
        (None, None) if list => "[0.0, 0.0, 0.0]".to_owned(),
        (None, None) => "99".to_owned(),
    }
}

/// The keys of this text, with what the parser says is allowed for each.
fn keys_of(text: &str) -> Vec<Key> {
    let (mut table, mut keys) = (String::new(), Vec::new());
    let lines: Vec<&str> = text.lines().collect();
    for (n, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            table = format!("{}.", line.trim_matches(['[', ']']));
        }
        let Some((name, value)) = line.split_once(" = ") else { continue };
        let value = value.split(" #").next().unwrap().trim();
        let with = |new: &str| {
            let mut lines = lines.clone();
            lines[n] = new;
            Profile::parse(&lines.join("\n"))
        };
        let path = format!("{table}{name}");
        let allowed = match with(&format!("{name} = {}", absurd(value))) {
            Err(ProfileError::Range { key: got, allowed, .. }) if got == path => allowed,
            other => panic!("{path}: {other:?}"),
        };
        let allowed = allowed.trim_start_matches("allowed is ").trim_start_matches("allowed are ");
        keys.push(Key {
            path,
            value: value.replace(['"', '[', ']'], ""),
            allowed: allowed.to_owned(),
            optional: with("").is_ok(),
        });
    }
    keys
}

/// The beginning of the row for `key`: its shipped values, and what is allowed for arms and a base.
fn row(key: &str, shipped: &[Vec<Key>; 4], zoned: &[Key]) -> String {
    let find = |keys: &[Key]| {
        keys.iter().find(|k| k.path == key).map(|k| (k.value.clone(), k.allowed.clone()))
    };
    let [ultrasound, surgery, telecare, lan] = shipped.each_ref().map(|keys| find(keys));
    let arms = find(zoned).or_else(|| lan.clone()).map(|(_, allowed)| allowed);
    let base = telecare.clone().map(|(_, allowed)| allowed);
    let allowed = match (arms, base) {
        (Some(arms), Some(base)) if arms != base => format!("{arms}; a base {base}"),
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => panic!("{key} is in no profile"),
    };
    let value =
        |found: Option<(String, String)>| found.map_or("—".to_owned(), |(value, _)| value);
    let values = [ultrasound, surgery, telecare, lan].map(value);
    format!("| `{key}` | {} | {allowed} |", values.join(" | "))
}

#[test]
fn the_page_of_the_profile_has_every_key_with_its_shipped_values_and_its_range() {
    let page = fs::read_to_string(reference("profile.md")).unwrap();
    let shipped = SHIPPED.map(keys_of);
    let zoned = keys_of(&ULTRASOUND.replacen("[arms.force]", &format!("{ZONES}\n[arms.force]"), 1));
    let every = || shipped.iter().flatten().chain(&zoned);
    let all: BTreeSet<&str> = every().map(|k| k.path.as_str()).collect();
    assert!(all.len() > 70, "{}", all.len());
    let mut missing = String::new();
    for key in &all {
        let row = row(key, &shipped, &zoned);
        let Some(line) = page.lines().find(|l| l.starts_with(&row)) else {
            let _ = writeln!(missing, "{row}");
            continue;
        };
        let optional = every().any(|k| k.path == *key && k.optional);
        assert_eq!(line.contains("may be left out"), optional, "{key}");
    }
    assert!(missing.is_empty(), "profile.md lacks these rows:\n{missing}");
    let rows = page.lines().filter(|l| l.starts_with("| `")).count();
    assert_eq!(rows, all.len(), "profile.md has a row for a key that does not exist");
}
