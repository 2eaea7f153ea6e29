use super::super::{Profile, SHIPPED, SURGERY, TELECARE, ULTRASOUND};
use super::*;

/// `text` with one change, which must be there to be made.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in the profile");
    text.replacen(from, to, 1)
}

/// The line and column of the first `value` after `key` at the start of a line.
fn place(text: &str, key: &str, value: &str) -> (usize, usize) {
    let (n, line) =
        text.lines().enumerate().find(|(_, l)| l.starts_with(key) && l.contains(value)).unwrap();
    (n + 1, line.find(value).unwrap() + 1)
}

/// The profile is refused with this sentence, at this value of this line.
fn refused(text: &str, (key, value): (&str, &str), sentence: &str) {
    let (line, column) = place(text, key, value);
    let e = Profile::parse(text).unwrap_err();
    assert_eq!(e.to_string(), format!("line {line}, column {column}: {sentence}"));
}

/// Everything between two headings, the second of which stays.
fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    format!("{before}{to}{}", rest.split_once(to).unwrap().1)
}

#[test]
fn a_profile_has_arms_or_a_base() {
    let neither = without(TELECARE, "[base]", "[engage]");
    assert_eq!(
        Profile::parse(&neither).unwrap_err().to_string(),
        "line 1, column 1: arms is missing; a profile has the table [arms] or the table [base]"
    );
    let base = format!("[base]{}", TELECARE.split_once("[base]").unwrap().1);
    let base = base.split_once("[engage]").unwrap().0;
    let both = with(ULTRASOUND, "[engage]", &format!("{base}\n[engage]"));
    let line = 1 + both.lines().position(|l| l == "[base]").unwrap();
    let e = Profile::parse(&both).unwrap_err().to_string();
    assert!(e.starts_with(&format!("line {line}, column ")), "{e}");
    assert!(
        e.ends_with("base is present beside [arms]; a profile has one of the two tables"),
        "{e}"
    );
}

/// SPEED: what the robot does by itself, or in contact, is not what it would stop for.
#[test]
fn no_speed_is_above_the_one_that_the_robot_stops_at() {
    let slow = with(ULTRASOUND, "speed_free_max = \"100 mm/s\"", "speed_free_max = \"19 mm/s\"");
    let fit = with(&slow, "speed_contact_max = \"40 mm/s\"", "speed_contact_max = \"19 mm/s\"");
    let fit = with(&fit, "approach_speed_max = \"20 mm/s\"", "approach_speed_max = \"19 mm/s\"");
    let fit = with(&fit, "\nspeed = \"20 mm/s\"", "\nspeed = \"0.019 m/s\"");
    assert!(Profile::parse(&fit).is_ok(), "as fast is not faster");
    for (table, key, fast) in [
        ("arms.motion", "speed_contact_max", "40 mm/s"),
        ("arms.force", "approach_speed_max", "20 mm/s"),
        ("reaction.lift", "speed", "20 mm/s"),
    ] {
        let line = |text: &str| {
            text.lines().find(|l| l.starts_with(&format!("{key} = "))).unwrap().to_owned()
        };
        let text = fit.replacen(&line(&fit), &line(&slow), 1);
        refused(
            &text,
            (key, &format!("\"{fast}\"")),
            &format!(
                "{table}.{key} is {fast}; it must be at most arms.motion.speed_free_max (19 mm/s): \
                 lower this one, or raise that"
            ),
        );
    }
}

#[test]
fn work_is_done_with_one_arm_or_two() {
    for count in ["0", "3", "4294967295"] {
        let text = with(ULTRASOUND, "count = 1", &format!("count = {count}"));
        let sentence = format!("arms.count is {count}; allowed is 1 to 2");
        refused(&text, ("count", count), &sentence);
    }
    let text = with(ULTRASOUND, "count = 1", "count = 2");
    assert_eq!(Profile::parse(&text).unwrap().arms().unwrap().count, 2);
}

#[test]
fn soft_limits_lie_before_hard_ones() {
    for (text, from, to, at, sentence) in [
        (
            ULTRASOUND,
            "soft = \"12 N\"",
            "soft = \"21 N\"",
            ("soft", "\"21 N\""),
            "arms.force.soft is 21 N; it must be below arms.force.hard (20 N)",
        ),
        (
            ULTRASOUND,
            "soft = \"12 N\"",
            "soft = \"5 N\"",
            ("hold_max", "\"5 N\""),
            "arms.force.hold_max is 5 N; it must be below arms.force.soft (5 N)",
        ),
        (
            ULTRASOUND,
            "joint_hard = \"1 %\"",
            "joint_hard = \"5 %\"",
            ("joint_hard", "\"5 %\""),
            "arms.reach.joint_hard is 5 %; it must be below arms.reach.joint_soft (5 %)",
        ),
        (
            ULTRASOUND,
            "dexterity_hard = \"3 %\"",
            "dexterity_hard = \"16 %\"",
            ("dexterity_hard", "\"16 %\""),
            "arms.reach.dexterity_hard is 16 %; it must be below arms.reach.dexterity_soft (15 %)",
        ),
        (
            SURGERY,
            "depth_max = \"240 mm\"",
            "depth_max = \"40 mm\"",
            ("depth_min", "\"45 mm\""),
            "arms.port.depth_min is 45 mm; it must be below arms.port.depth_max (40 mm)",
        ),
        (
            TELECARE,
            "obstacle_hard = \"200 mm\"",
            "obstacle_hard = \"500 mm\"",
            ("obstacle_hard", "\"500 mm\""),
            "base.obstacle_hard is 500 mm; it must be below base.obstacle_keep (500 mm)",
        ),
        (
            TELECARE,
            "acceleration_max = \"500 mm/s2\"",
            "acceleration_max = \"1 m/s2\"",
            ("acceleration_max", "\"1 m/s2\""),
            "base.acceleration_max is 1000 mm/s2; it must be below base.brake (1000 mm/s2)",
        ),
    ] {
        refused(&with(text, from, to), at, sentence);
    }
}

#[test]
fn each_corner_of_the_workspace_lies_before_its_opposite() {
    for (n, corner) in ["300 mm", "-220 mm", "150 mm"].into_iter().enumerate() {
        let high = ["700 mm", "220 mm", "480 mm"][n];
        let old = format!("\"{corner}\"");
        let text = with(ULTRASOUND, &old, &format!("\"{high}\""));
        let sentence =
            format!("arms.workspace.min is {high}; it must be below arms.workspace.max ({high})");
        refused(&text, ("min", &format!("\"{high}\"")), &sentence);
    }
    let text = with(ULTRASOUND, "\"-220 mm\", ", "\"-2001 mm\", ");
    let sentence = "arms.workspace.min is -2001 mm; allowed is -2000 mm to 2000 mm";
    refused(&text, ("min", "\"-2001 mm\""), sentence);
}

/// The ultrasound profile with these zones.
fn zoned(zones: &str) -> String {
    with(ULTRASOUND, "[arms.force]", &format!("{zones}\n[arms.force]"))
}

const SPHERE: &str = "[[arms.zone]]\nname = \"head\"\nmargin = \"20 mm\"\n\
                      sphere = { centre = [\"0 mm\", \"10 mm\", \"20 mm\"], radius = \"120 mm\" }\n";
const CUBOID: &str = "[[arms.zone]]\nname = \"mast\"\nmargin = \"0 mm\"\n\
                      box = { min = [\"0 mm\", \"0 mm\", \"0 mm\"], max = [\"1 m\", \"1 m\", \"1 m\"] }\n";
const HALF_SPACE: &str = "[[arms.zone]]\nname = \"table\"\nmargin = \"5 mm\"\n\
                          half_space = { point = [\"0 mm\", \"0 mm\", \"90 mm\"], normal = [0.0, 0.6, 0.8] }\n";

#[test]
fn zones_have_the_shape_that_is_written() {
    let profile = Profile::parse(&zoned(&format!("{SPHERE}{CUBOID}{HALF_SPACE}"))).unwrap();
    let zones = &profile.arms().unwrap().zones;
    assert_eq!(
        zones.iter().map(|z| z.name.as_str()).collect::<Vec<_>>(),
        ["head", "mast", "table"]
    );
    assert_eq!(zones.iter().map(|z| z.margin_m).collect::<Vec<_>>(), [0.02, 0.0, 0.005]);
    assert_eq!(zones[0].shape, Shape::Sphere { centre_m: [0.0, 0.01, 0.02], radius_m: 0.12 });
    assert_eq!(zones[1].shape, Shape::Box { min_m: [0.0; 3], max_m: [1.0; 3] });
    let Shape::HalfSpace { point_m, normal } = zones[2].shape else { panic!("a half-space") };
    assert_eq!(point_m, [0.0, 0.0, 0.09]);
    assert!((normal[1] - 0.6).abs() < 1e-12 && (normal[2] - 0.8).abs() < 1e-12);
}

#[test]
fn a_zone_has_exactly_one_shape() {
    let none = zoned("[[arms.zone]]\nname = \"head\"\nmargin = \"20 mm\"\n");
    let several = zoned(&format!(
        "{SPHERE}box = {{ min = [\"0 mm\", \"0 mm\", \"0 mm\"], max = [\"1 m\", \"1 m\", \"1 m\"] }}\n"
    ));
    for text in [none, several] {
        refused(
            &text,
            ("margin", "\"20 mm\""),
            "arms.zone is `head` without a shape, or with several; \
             a zone has exactly one of sphere, box and half_space",
        );
    }
}

#[test]
fn a_profile_has_at_most_sixteen_zones() {
    let zones = |n| zoned(&SPHERE.repeat(n));
    assert_eq!(Profile::parse(&zones(ZONES_MAX)).unwrap().arms().unwrap().zones.len(), 16);
    let text = zones(ZONES_MAX + 1);
    let margins = text.lines().enumerate().filter(|(_, l)| l.starts_with("margin"));
    let line = 1 + margins.last().unwrap().0;
    assert_eq!(
        Profile::parse(&text).unwrap_err().to_string(),
        format!(
            "line {line}, column 10: arms.zone is given 17 times; allowed are at most 16 zones"
        )
    );
}

#[test]
fn the_normal_of_a_half_space_has_unit_length() {
    for bad in ["[0.0, 0.6, 0.82]", "[0.0, 0.6, 0.78]", "[0.0, 0.0, 0.0]", "[nan, 0.6, 0.8]"] {
        let text = zoned(&with(HALF_SPACE, "[0.0, 0.6, 0.8]", bad));
        let e = Profile::parse(&text).unwrap_err().to_string();
        let (line, column) = place(&text, "half_space", bad);
        assert!(e.starts_with(&format!("line {line}, column {column}: ")), "{e}");
        assert!(e.contains("arms.zone.half_space.normal is ["), "{e}");
        assert!(e.ends_with("it must have the length 1 and point to the allowed side"), "{e}");
    }
    // What four decimals leave is made exact.
    let text = zoned(&with(HALF_SPACE, "[0.0, 0.6, 0.8]", "[0.0, 0.6005, 0.8]"));
    let profile = Profile::parse(&text).unwrap();
    let Shape::HalfSpace { normal, .. } = profile.arms().unwrap().zones[0].shape else {
        panic!("a half-space")
    };
    assert!((normal.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn a_zone_is_inside_its_ranges() {
    for (from, to, at, sentence) in [
        (
            "\"120 mm\"",
            "\"1001 mm\"",
            ("sphere", "\"1001 mm\""),
            "arms.zone.sphere.radius is 1001 mm; allowed is 1 mm to 1000 mm",
        ),
        (
            "\"10 mm\"",
            "\"2001 mm\"",
            ("sphere", "\"2001 mm\""),
            "arms.zone.sphere.centre is 2001 mm; allowed is -2000 mm to 2000 mm",
        ),
        (
            "\"20 mm\"",
            "\"101 mm\"",
            ("margin", "\"101 mm\""),
            "arms.zone.margin is 101 mm; allowed is 0 mm to 100 mm",
        ),
        (
            "\"head\"",
            "\"\"",
            ("name", "\"\""),
            "arms.zone.name is \"\"; allowed are 1 to 64 characters on one line",
        ),
    ] {
        refused(&zoned(&with(SPHERE, from, to)), at, sentence);
    }
    let text = zoned(&with(CUBOID, "max = [\"1 m\"", "max = [\"0 m\""));
    let sentence = "arms.zone.box.min is 0 mm; it must be below arms.zone.box.max (0 mm)";
    refused(&text, ("box", "\"0 mm\""), sentence);
    let text = zoned(&with(HALF_SPACE, "\"90 mm\"", "\"-2001 mm\""));
    let sentence = "arms.zone.half_space.point is -2001 mm; allowed is -2000 mm to 2000 mm";
    refused(&text, ("half_space", "\"-2001 mm\""), sentence);
}

/// Two profiles that differ in a zone only are two profiles.
#[test]
fn the_hash_covers_every_number_of_a_zone() {
    let hash = |zones: &str| Profile::parse(&zoned(zones)).unwrap().hash;
    let all = format!("{SPHERE}{CUBOID}{HALF_SPACE}");
    let mut seen = vec![Profile::parse(ULTRASOUND).unwrap().hash, hash(&all), hash(SPHERE)];
    for (from, to) in [
        ("\"head\"", "\"neck\""),
        ("\"20 mm\"\ns", "\"21 mm\"\ns"),
        ("\"10 mm\"", "\"11 mm\""),
        ("\"120 mm\"", "\"121 mm\""),
        ("{ min = [\"0 mm\"", "{ min = [\"1 mm\""),
        ("\"1 m\"] }", "\"1.1 m\"] }"),
        ("\"90 mm\"", "\"91 mm\""),
        ("0.6, 0.8", "0.8, 0.6"),
        ("0.6, 0.8", "0.6, -0.8"),
        ("[0.0, ", "[-0.0, "),
    ] {
        seen.push(hash(&with(&all, from, to)));
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

/// `line` with an absurd number in place of its first one, and that value in the words of a refusal.
fn absurd(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(" = ")?;
    let value = value.split(" #").next()?.trim();
    let quoted = value.trim_start_matches('[').strip_prefix('"')?;
    let (number, unit) = quoted.split('"').next()?.split_once(' ')?;
    number.parse::<f64>().ok()?;
    Some((
        key.to_owned(),
        line.replacen(&format!("\"{number} {unit}\""), &format!("\"1e9 {unit}\""), 1),
    ))
}

/// No value of a shipped file can be set to anything at all.
#[test]
fn every_value_has_a_range() {
    for text in SHIPPED {
        let (mut table, mut tried) = (String::new(), 0);
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                name.clone_into(&mut table);
            }
            let Some((key, other)) = absurd(line) else { continue };
            let mut lines = lines.clone();
            lines[n] = &other;
            let e = Profile::parse(&lines.join("\n")).unwrap_err();
            let ProfileError::Range { line, key: named, allowed, .. } = &e else {
                panic!("{key}: {e}")
            };
            assert_eq!((*line, *named), (n + 1, format!("{table}.{key}").as_str()), "{e}");
            assert!(allowed.starts_with("allowed is ") && allowed.contains(" to "), "{e}");
            tried += 1;
        }
        assert!(tried > 25, "{tried}");
    }
}
