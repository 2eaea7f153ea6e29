use super::*;
use nalgebra::Vector3;
use proptest::prelude::*;

fn with(from: &str, to: &str) -> Result<Profile, ProfileError> {
    assert!(ULTRASOUND.contains(from), "{from} is not in the profile");
    Profile::parse(&ULTRASOUND.replacen(from, to, 1))
}

fn near(got: f64, want: f64) -> bool {
    (got - want).abs() < 1e-9
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_ultrasound_profile_has_the_limits_of_the_reference() {
    let p = Profile::parse(ULTRASOUND).unwrap();
    assert_eq!((p.name.as_str(), p.short_hash().len()), ("ultrasound", 8));
    let f = &p.freshness;
    assert_eq!((f.view_age_soft, f.view_age_hard), (ms(140), ms(200)));
    assert_eq!((f.loop_age_soft, f.loop_age_hard), (ms(140), ms(250)));
    assert_eq!((f.silence_soft, f.silence_hard), (ms(40), ms(150)));
    assert_eq!((f.recover_after, f.degraded_max), (ms(500), ms(5_000)));
    assert!(near(f.stale_displacement_max_m, 0.004) && near(f.loss_soft, 0.02));
    assert_eq!(f.steering, ViewSource::Ultrasound);
    assert!(p.base().is_none());
    let arms = p.arms().unwrap();
    assert_eq!((arms.count, arms.port.as_ref(), arms.jaw.as_ref()), (1, None, None));
    assert!(near(arms.force.soft_n, 12.0) && near(arms.force.hard_n, 20.0));
    assert!(arms.force.hold_max_n.is_some_and(|n| near(n, 5.0)));
    assert!(near(arms.motion.speed_free_max_m_s, 0.1));
    assert!(near(arms.motion.speed_contact_max_m_s, 0.04));
    assert!(near(arms.motion.acceleration_max_m_s2, 2.0));
    assert!(near(arms.motion.jerk_max_m_s3, 200.0) && near(arms.motion.step_max_m, 0.01));
    assert!(near(arms.motion.rotation_max_rad_s, 60_f64.to_radians()));
    assert!(near(arms.motion.rotation_acceleration_max_rad_s2, 600_f64.to_radians()));
    assert!(near(arms.motion.rotation_jerk_max_rad_s3, 30_000_f64.to_radians()));
    assert!(near(arms.reach.joint_soft, 0.05) && near(arms.reach.dexterity_hard, 0.03));
    let lift = p.reaction.lift.unwrap();
    assert_eq!((lift.after, p.reaction.park_after), (ms(2_000), Some(ms(10_000))));
    assert!(near(lift.distance_m, 0.02) && near(lift.speed_m_s, 0.02));
}

#[test]
fn the_surgery_profile_has_the_limits_of_the_reference() {
    let p = Profile::parse(SURGERY).unwrap();
    let f = &p.freshness;
    assert_eq!((f.view_age_soft, f.view_age_hard), (ms(100), ms(140)));
    assert_eq!((f.silence_soft, f.silence_hard), (ms(15), ms(50)));
    assert_eq!((f.degraded_max, f.steering), (ms(2_000), ViewSource::Endoscope));
    let arms = p.arms().unwrap();
    assert_eq!((arms.count, arms.force.hold_max_n), (2, None));
    assert!(near(arms.force.soft_n, 4.0) && near(arms.force.hard_n, 8.0));
    let port = arms.port.as_ref().unwrap();
    assert!(near(port.cone_max_rad, 55_f64.to_radians()) && near(port.breach_m, 0.005));
    assert!(near(port.depth_min_m, 0.045) && near(port.depth_max_m, 0.24));
    let jaw = arms.jaw.as_ref().unwrap();
    assert!(near(jaw.open_max_rad, 80_f64.to_radians()));
    assert!(near(jaw.rate_max_rad_s, 36_f64.to_radians()));
    // An instrument that holds tissue stays where it is, under power.
    assert_eq!((&p.reaction.lift, p.reaction.park_after), (&None, None));
    assert!(near(p.hand.scale, 0.2));
}

#[test]
fn the_axes_of_the_picture_are_right_up_and_out_of_it() {
    let hand = |text| Profile::parse(text).unwrap().hand;
    let axes = hand(SURGERY).view_axes().unwrap();
    let half = core::f64::consts::FRAC_1_SQRT_2;
    let same = |a: Vector3<f64>, b: [f64; 3]| assert!((a - Vector3::from(b)).norm() < 1e-12, "{a}");
    same(axes * Vector3::x(), [0.0, -1.0, 0.0]);
    same(axes * Vector3::y(), [half, 0.0, half]);
    same(axes * Vector3::z(), [-half, 0.0, half]);
    assert!(hand(ULTRASOUND).view_axes().is_none(), "the picture of a probe turns with the probe");
    let base = format!("{TELECARE}view_down = \"45 deg\"\n");
    let said = Profile::parse(&base).unwrap_err().to_string();
    assert!(said.contains("hand.view_down") && said.contains("a base is driven"), "{said}");
}

/// Only what a link of 1 ms changes is different.
#[test]
fn the_surgery_profile_for_one_network_differs_in_what_the_link_may_do_and_in_nothing_else() {
    let lan = Profile::parse(SURGERY_LAN).unwrap();
    let wan = Profile::parse(SURGERY).unwrap();
    let f = &lan.freshness;
    assert_eq!((f.silence_soft, f.silence_hard), (ms(5), ms(20)));
    let age = CommandAge { target: ms(1), soft: ms(3), hard: ms(10) };
    assert_eq!(f.command_age, Some(age));
    let freshness = Freshness {
        silence_soft: f.silence_soft,
        silence_hard: f.silence_hard,
        command_age: f.command_age.clone(),
        ..wan.freshness.clone()
    };
    assert_eq!(lan, Profile { name: "surgery-lan".into(), hash: lan.hash, freshness, ..wan });
}

#[test]
fn the_ages_of_a_command_must_rise_from_the_target_to_the_hard_limit() {
    let refused = |from: &str, to: &str| {
        let text = SURGERY_LAN.replacen(from, to, 1);
        assert_ne!(text, SURGERY_LAN);
        Profile::parse(&text).unwrap_err().to_string()
    };
    let said = refused("target = \"1 ms\"", "target = \"3 ms\"");
    assert!(said.contains("freshness.command_age.target is 3 ms"), "{said}");
    assert!(said.contains("below freshness.command_age.soft (3 ms)"), "{said}");
    let said = refused("soft = \"3 ms\"", "soft = \"10 ms\"");
    assert!(said.contains("below freshness.command_age.hard (10 ms)"), "{said}");
    let said = refused("hard = \"10 ms\"", "# hard");
    assert!(said.contains("missing field `hard`"), "{said}");
}

#[test]
fn the_telecare_profile_has_the_limits_of_the_reference() {
    let p = Profile::parse(TELECARE).unwrap();
    let f = &p.freshness;
    assert_eq!((f.view_age_soft, f.view_age_hard), (ms(200), ms(400)));
    assert_eq!((f.silence_soft, f.silence_hard), (ms(100), ms(300)));
    assert_eq!(f.steering, ViewSource::Drive);
    assert!(near(f.stale_displacement_max_m, 0.1) && near(p.rates.command_hz, 50.0));
    assert!(p.arms().is_none());
    let base = p.base().unwrap();
    assert!(near(base.speed_max_m_s, 0.8) && near(base.brake_m_s2, 1.0));
    assert!(near(base.acceleration_max_m_s2, 0.5) && near(base.jerk_max_m_s3, 10.0));
    assert!(near(base.turn_max_rad_s, 60_f64.to_radians()));
    assert!(near(base.turn_acceleration_max_rad_s2, 120_f64.to_radians()));
    assert!(near(base.turn_jerk_max_rad_s3, 1200_f64.to_radians()));
    assert!(near(base.obstacle_keep_m, 0.5) && near(base.obstacle_hard_m, 0.2));
    assert!(near(base.bumper_hard_n, 50.0));
    assert_eq!((&p.reaction.lift, p.reaction.park_after), (&None, Some(ms(30_000))));
    assert_eq!((p.reaction.alarm_after, p.reaction.unrecorded_max), (ms(2_000), ms(10_000)));
}

#[test]
fn every_shipped_profile_has_a_hash_of_its_own() {
    let hashes = SHIPPED.map(|text| Profile::parse(text).unwrap().hash);
    assert_eq!(std::collections::BTreeSet::from(hashes).len(), SHIPPED.len());
    let [first, second, third, fourth, ..] = hashes[0];
    let word = u32::from_be_bytes([first, second, third, fourth]);
    assert_eq!(Profile::parse(ULTRASOUND).unwrap().short_hash(), format!("{word:08x}"));
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let e = with("view_age_soft", "vew_age_soft").unwrap_err().to_string();
    assert!(e.contains("line ") && e.contains("column ") && e.contains("vew_age_soft"), "{e}");
    assert!(e.contains("expected one of") && e.contains("view_age_soft"), "{e}");
}

#[test]
fn a_wrong_unit_is_named_with_its_place_and_what_is_allowed() {
    let e = with("hard = \"20 N\"", "hard = \"20 kg\"").unwrap_err().to_string();
    assert!(e.contains("line ") && e.contains("column "), "{e}");
    assert!(e.contains("`kg`") && e.contains("a force in one of: N"), "{e}");
}

#[test]
fn a_value_without_a_unit_is_refused() {
    let e = with("hard = \"20 N\"", "hard = 20").unwrap_err().to_string();
    assert!(e.contains("a force is written with its unit"), "{e}");
}

#[test]
fn a_limit_outside_its_range_is_refused_with_line_column_value_and_range() {
    let line = 1 + ULTRASOUND.lines().position(|l| l.starts_with("hard = \"20 N\"")).unwrap();
    let e = with("hard = \"20 N\"", "hard = \"31 N\"").unwrap_err();
    assert_eq!(
        e.to_string(),
        format!("line {line}, column 8: arms.force.hard is 31 N; allowed is 2 N to 30 N")
    );
}

#[test]
fn a_soft_limit_above_its_hard_limit_is_refused() {
    let e = with("soft = \"12 N\"", "soft = \"20 N\"").unwrap_err().to_string();
    assert!(e.contains("arms.force.soft is 20 N; it must be below arms.force.hard (20 N)"), "{e}");
    for (key, at, hard) in [
        ("view_age_soft", "140 ms", "200 ms"),
        ("loop_age_soft", "140 ms", "250 ms"),
        ("silence_soft", "40 ms", "150 ms"),
    ] {
        let (from, to) = (format!("{key} = \"{at}\""), format!("{key} = \"{hard}\""));
        let e = with(&from, &to).unwrap_err().to_string();
        assert!(e.contains(&format!("freshness.{key} is {hard}; it must be below")), "{e}");
    }
}

#[test]
fn the_hash_covers_values_and_not_comments() {
    let base = Profile::parse(ULTRASOUND).unwrap().hash;
    let comment = Profile::parse(&format!("# another comment\n{ULTRASOUND}")).unwrap().hash;
    assert_eq!(base, comment);
    assert_eq!(base, with("hard = \"20 N\"", "hard = \"20.0 N\"").unwrap().hash);
    assert_ne!(base, with("hard = \"20 N\"", "hard = \"19 N\"").unwrap().hash);
    assert_ne!(base, with("name = \"ultrasound\"", "name = \"other\"").unwrap().hash);
}

/// The line with another value of the same kind; `None` for a line without a value.
fn perturbed(line: &str) -> Option<String> {
    let (key, value) = line.split_once(" = ")?;
    let value = value.split(" #").next()?.trim_end();
    let at = value.find(|c: char| c.is_ascii_digit())?;
    let digit = value[at..].chars().next()?;
    let other = if digit == '9' { '8' } else { char::from(digit as u8 + 1) };
    Some(format!("{key} = {}{other}{}", &value[..at], &value[at + 1..]))
}

/// A profile whose limits differ is another profile, whichever limit it is.
#[test]
fn every_value_is_covered_by_the_hash() {
    for text in SHIPPED {
        let hash = Profile::parse(text).unwrap().hash;
        let lines: Vec<&str> = text.lines().collect();
        let (mut refused, mut changed) = (0, 0);
        for (n, line) in lines.iter().enumerate() {
            let Some(other) = perturbed(line) else { continue };
            let mut lines = lines.clone();
            lines[n] = &other;
            match Profile::parse(&lines.join("\n")) {
                Ok(profile) => {
                    assert_ne!(profile.hash, hash, "{other}");
                    changed += 1;
                }
                Err(_) => refused += 1,
            }
        }
        let values = lines.iter().filter(|l| perturbed(l).is_some()).count();
        assert_eq!(refused + changed, values);
        assert!(values > 25 && changed > values / 2, "{changed} of {values}");
    }
}

/// What is optional is covered, too: without it the robot does something else.
#[test]
fn what_is_left_out_changes_the_hash() {
    let without = |text: &str, from: &str, to: &str| {
        let (before, rest) = text.split_once(from).unwrap();
        let (_, after) = rest.split_once(to).unwrap();
        Profile::parse(&format!("{before}{to}{after}")).unwrap()
    };
    let whole = Profile::parse(ULTRASOUND).unwrap();
    let no_lift = without(ULTRASOUND, "[reaction.lift]", "[hand]");
    assert_eq!(no_lift.reaction.lift, None);
    let no_park = without(ULTRASOUND, "park_after", "alarm_after");
    assert_eq!(no_park.reaction.park_after, None);
    let no_yield = without(ULTRASOUND, "hold_max", "approach_speed_max");
    assert_eq!(no_yield.arms().unwrap().force.hold_max_n, None);
    let mut hashes = vec![whole.hash, no_lift.hash, no_park.hash, no_yield.hash];
    let no_port = without(SURGERY, "[arms.port]", "[arms.jaw]");
    assert_eq!(no_port.arms().unwrap().port, None);
    let no_jaw = without(SURGERY, "[arms.jaw]", "[engage]");
    assert_eq!(no_jaw.arms().unwrap().jaw, None);
    hashes.extend([Profile::parse(SURGERY).unwrap().hash, no_port.hash, no_jaw.hash]);
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 7);
}

#[test]
fn another_schema_and_an_oversized_file_are_refused() {
    let e = with("schema = 2", "schema = 1").unwrap_err().to_string();
    assert!(e.contains("line 7, column 10: schema is 1; this version reads schema 2"), "{e}");
    let huge = "#".repeat(PROFILE_MAX + 1);
    assert_eq!(Profile::parse(&huge), Err(ProfileError::Size { got: PROFILE_MAX + 1 }));
    let whole = format!("{ULTRASOUND}{}", "#".repeat(PROFILE_MAX - ULTRASOUND.len()));
    assert!(Profile::parse(&whole).is_ok(), "at the limit");
}

#[test]
fn a_name_fits_one_line_of_the_page() {
    let named = |name: &str| with("name = \"ultrasound\"", &format!("name = {name}"));
    for bad in [r#""""#, r#""a\nb""#, r#""a\u0007""#, &format!("{:?}", "x".repeat(NAME_MAX + 1))] {
        let e = named(bad).unwrap_err().to_string();
        assert!(e.starts_with("line 8, column 8: name is "), "{e}");
        assert!(e.ends_with("allowed are 1 to 64 characters on one line"), "{e}");
    }
    assert_eq!(named("\"x\"").unwrap().name, "x");
    let longest = "ü".repeat(NAME_MAX);
    assert_eq!(named(&format!("{longest:?}")).unwrap().name, longest);
}

#[test]
fn a_picture_that_nobody_knows_does_not_steer() {
    let line = 1 + ULTRASOUND.lines().position(|l| l.starts_with("steering")).unwrap();
    let e = with("steering = \"ultrasound\"", "steering = \"window\"").unwrap_err();
    assert_eq!(
        e.to_string(),
        format!(
            "line {line}, column 12: freshness.steering is `window`; \
             allowed is one of ultrasound, endoscope, drive, room"
        )
    );
    for source in ViewSource::ALL {
        let to = format!("steering = \"{}\"", source.word());
        let p = with("steering = \"ultrasound\"", &to).unwrap();
        assert_eq!(p.freshness.steering, source);
    }
}

#[test]
fn a_base_may_go_further_while_the_picture_ages_than_a_tip() {
    let e = with("\"4 mm\"", "\"21 mm\"").unwrap_err().to_string();
    assert!(e.contains("freshness.stale_displacement_max is 21 mm; allowed is 0.1 mm to 20 mm"));
    let e = with("\"80 mm/s\"", "\"251 mm/s\"").unwrap_err().to_string();
    assert!(e.contains("hand.speed_full is 251 mm/s; allowed is 1 mm/s to 250 mm/s"), "{e}");
    let base = |from: &str, to: &str| Profile::parse(&TELECARE.replacen(from, to, 1));
    let e = base("\"100 mm\"", "\"201 mm\"").unwrap_err().to_string();
    assert!(e.contains("freshness.stale_displacement_max is 201 mm; allowed is 1 mm to 200 mm"));
    let speed = "speed_full = \"800 mm/s\"";
    let e = base(speed, "speed_full = \"1501 mm/s\"").unwrap_err().to_string();
    assert!(e.contains("hand.speed_full is 1501 mm/s; allowed is 1 mm/s to 1500 mm/s"), "{e}");
    assert!(base(speed, "speed_full = \"1500 mm/s\"").is_ok());
}

/// A rounded unit factor must not refuse the end of a range, and nothing else may pass beyond it.
#[test]
fn a_range_ends_where_it_says() {
    let from = "start_displacement_max = \"0.5 mm\"";
    let start = |mm: &str| with(from, &format!("start_displacement_max = \"{mm} mm\""));
    for inside in ["0.05", "5", "0.5"] {
        assert!(start(inside).is_ok(), "{inside}");
    }
    for outside in ["5.0000001", "0.0499999"] {
        let e = start(outside).unwrap_err().to_string();
        assert!(e.contains(&format!("is {outside} mm; allowed is 0.05 mm to 5 mm")), "{e}");
    }
}

#[test]
fn a_base_has_no_tool_to_lift() {
    let lift = "[reaction.lift]\nafter = \"2 s\"\ndistance = \"20 mm\"\nspeed = \"20 mm/s\"\n";
    let text = TELECARE.replacen("[hand]", &format!("{lift}\n[hand]"), 1);
    let line = 1 + text.lines().position(|l| l == "[reaction.lift]").unwrap();
    let e = Profile::parse(&text).unwrap_err().to_string();
    assert!(e.starts_with(&format!("line {line}, column ")), "{e}");
    assert!(
        e.ends_with("reaction.lift is present beside [base]; a base has no tool to lift"),
        "{e}"
    );
}

proptest! {
    /// A text either is a profile or says what is wrong; it never takes the process with it.
    #[test]
    fn a_text_that_was_tampered_with_is_refused_or_read(
        which in 0_usize..3,
        at in 0_usize..4_000,
        new in any::<char>(),
    ) {
        let mut text: Vec<char> = SHIPPED[which].chars().collect();
        let at = at % text.len();
        text[at] = new;
        let text: String = text.into_iter().collect();
        if let Err(e) = Profile::parse(&text) {
            prop_assert!(!e.to_string().is_empty());
        }
    }
}
