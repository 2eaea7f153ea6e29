//! Trials, whole.

use super::*;
use crate::network::LinkPreset;
use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};

pub(super) fn setting(profile: &str) -> Setting {
    let link = LinkPreset::builtin("lan").unwrap();
    Setting {
        profile: Profile::parse(profile).unwrap(),
        link: (link.up, link.down),
        transport: Transport::Frames,
        length: LENGTH,
        hand: None,
    }
}

#[test]
fn one_seed_is_one_trial_bit_by_bit() {
    for (profile, substance) in [
        (ULTRASOUND, Substance::Light),
        (ULTRASOUND, Substance::Full),
        (SURGERY, Substance::Full),
        (TELECARE, Substance::Full),
    ] {
        let mut setting = setting(profile);
        setting.length = Duration::from_secs(6);
        let stage = Stage::new(&setting.profile, substance).unwrap();
        let digest = |seed| {
            let script = Script::of_seed(seed, &setting);
            let outcome = run(&setting, &stage, seed, &script, &mut |_| {}).unwrap();
            assert_eq!(outcome.violation, None);
            outcome.digest
        };
        assert_eq!(digest(3), digest(3));
        assert_ne!(digest(3), digest(4));
    }
}

/// What was found once, made small: `farreach trials --save` wrote them.
#[test]
fn no_case_that_was_found_breaks_a_promise() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (profile, seed) = name.rsplit_once('-').expect("PROFILE-SEED.toml");
        let text = match profile {
            "ultrasound" => ULTRASOUND,
            "surgery" => SURGERY,
            "telecare" => TELECARE,
            other => panic!("no profile {other}"),
        };
        let setting = setting(text);
        let script = Script::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let stage = Stage::new(&setting.profile, Substance::Light).unwrap();
        let outcome = run(&setting, &stage, seed.parse().unwrap(), &script, &mut |_| {}).unwrap();
        assert_eq!(outcome.violation, None, "{name}");
        cases += 1;
    }
    assert!(cases > 0);
}

/// Where nothing goes wrong and the network is good, nothing stops the robot.
#[test]
fn nothing_stops_a_robot_that_nothing_happens_to() {
    for profile in [ULTRASOUND, SURGERY, TELECARE] {
        let setting = setting(profile);
        let stage = Stage::new(&setting.profile, Substance::Full).unwrap();
        let outcome = run(&setting, &stage, 5, &Script::default(), &mut |_| {}).unwrap();
        assert_eq!(outcome.violation, None);
        let tally = outcome.tally;
        assert_eq!((tally.stops, tally.nuisances(), tally.lasted_ms), (0, 0, 16_000));
        assert!(tally.following_ms > 10_000, "{} ms", tally.following_ms);
    }
}

/// Who sees gets something done; who can not see, less; who only moves is not counted.
#[test]
fn what_gets_done_is_counted_by_how_the_robot_moves() {
    let dark = Fault { kind: Kind::FrozenPicture, at_ms: 1_500, lasts_ms: 13_000, amount: 0.0 };
    for profile in [ULTRASOUND, SURGERY, TELECARE] {
        let setting = setting(profile);
        let stage = Stage::new(&setting.profile, Substance::Light).unwrap();
        let task = Task::of(&setting.profile);
        let tally = |hand, faults: &[Fault]| {
            let script = Script { hand, faults: faults.to_vec() };
            run(&setting, &stage, 3, &script, &mut |_| {}).map(|outcome| outcome.tally)
        };
        let (well, ill) = (tally(task.hand, &[]).unwrap(), tally(task.hand, &[dark]).unwrap());
        let (most, less) = (well.undisturbed.mean().unwrap(), ill.disturbed.mean().unwrap());
        assert!(most > 2.0 && less < 0.5 * most, "{}: {most} and {less}", setting.profile.name);
        assert_eq!((well.disturbed.mean(), ill.undisturbed.mean()), (None, None));
        assert_eq!(ill.rows[&Kind::FrozenPicture].done, ill.disturbed);
        match task.hand {
            Hand::User => {
                let uncounted = tally(Hand::Script, &[]).unwrap();
                assert_eq!(uncounted.undisturbed.mean(), None);
            }
            Hand::Script | Hand::Rings => {
                for hand in [Hand::User, Hand::Rings] {
                    let error = tally(hand, &[]).unwrap_err();
                    assert!(error.contains("telecare") && error.contains("hand"), "{error}");
                }
            }
        }
    }
}

/// Somebody carries a ring, with light arms and with those that have joints and drives, and drops none where a hold
/// stops the arm with the ring in its jaw.
#[test]
fn a_ring_is_carried_through_a_hold() {
    let mut setting = setting(SURGERY);
    setting.length = Duration::from_secs(40);
    for (substance, asked) in [(Substance::Light, 2.0), (Substance::Full, 1.0)] {
        let stage = Stage::new(&setting.profile, substance).unwrap();
        let faults =
            vec![Fault { kind: Kind::Blackout, at_ms: 14_500, lasts_ms: 300, amount: 0.0 }];
        let script = Script { hand: Hand::Rings, faults };
        let outcome = run(&setting, &stage, 1, &script, &mut |_| {}).unwrap();
        assert_eq!(outcome.violation, None, "{substance:?}");
        assert_eq!(outcome.tally.stops, 1, "{substance:?}");
        let brought = outcome.tally.disturbed.mean().unwrap();
        assert!(brought >= asked, "{substance:?}: {brought}");
    }
}

/// A fault leads to the stops that it calls for, and they are put down to it.
#[test]
fn a_stop_is_put_down_to_the_fault_that_called_for_it() {
    let script = |kind, at_ms, lasts_ms| Script {
        hand: Hand::Script,
        faults: vec![Fault { kind, at_ms, lasts_ms, amount: 0.0 }],
    };
    let setting = setting(ULTRASOUND);
    let stage = Stage::new(&setting.profile, Substance::Light).unwrap();
    for (kind, lasts_ms, stop_ms) in [
        (Kind::Blackout, 400, 130..260),
        (Kind::FrozenPicture, 400, 150..300),
        (Kind::Estop, 100, 1..100),
        (Kind::SensorNan, 50, 1..50),
    ] {
        let faults = script(kind, 4_500, lasts_ms);
        let outcome = run(&setting, &stage, 5, &faults, &mut |_| {}).unwrap();
        let tally = outcome.tally;
        let row = tally.rows[&kind];
        assert_eq!((row.injected, row.following, row.stopped), (1, 1, 1), "{kind}");
        assert_eq!((tally.stops, tally.nuisances(), row.survived), (1, 0, 1), "{kind}");
        assert!(stop_ms.contains(&row.stop_max_ms), "{kind}: {} ms", row.stop_max_ms);
        assert!(row.way_max_mm < 12.0, "{kind}: {} mm", row.way_max_mm);
    }
    // What calls for no stop of this kind makes it a nuisance: nothing else may.
    let mut tally = Tally::default();
    let mut sum = Tally::default();
    for seed in (0..20).rev() {
        let nuisance = Nuisance { stops: 2, seeds: [seed].into() };
        tally.nuisance.insert(Some("VIEW-AGE"), nuisance);
        sum.add(&tally);
    }
    assert_eq!(sum.nuisances(), 40);
    let named = &sum.nuisance[&Some("VIEW-AGE")].seeds;
    assert!(named.iter().copied().eq(0..8), "the lowest seeds are named: {named:?}");
}

/// The real QUIC carries a trial as well.
#[test]
fn a_trial_runs_over_quic() {
    let setting = Setting { transport: Transport::Quic, ..setting(TELECARE) };
    let stage = Stage::new(&setting.profile, Substance::Light).unwrap();
    let digest = || {
        let script = Script::of_seed(11, &setting);
        let outcome = run(&setting, &stage, 11, &script, &mut |_| {}).unwrap();
        assert_eq!(outcome.violation, None);
        assert!(outcome.tally.following_ms > 3_000);
        outcome.digest
    };
    assert_eq!(digest(), digest());
}

/// The page of trials shows the tables of the code.
#[test]
fn the_page_shows_every_promise_and_every_fault() {
    use core::fmt::Write as _;
    let mut rules = "| rule | promise |\n|---|---|\n".to_owned();
    for rule in Rule::ALL {
        let _ = writeln!(rules, "| `{rule}` | {} |", rule.promise());
    }
    let mut faults =
        "| kind | what | lasts | amount | calls for |\n|---|---|---|---|---|\n".to_owned();
    for about in fault::KINDS {
        let (least, most) = about.lasts_ms;
        let lasts =
            if least == most { "at once".to_owned() } else { format!("{least} to {most} ms") };
        let amount =
            about.amount.map_or("–".to_owned(), |a| format!("{} to {} {}", a.min, a.max, a.unit));
        let calls: Vec<_> = about.calls_for.iter().map(|cause| cause.id()).collect();
        let calls = if calls.is_empty() { "no stop".to_owned() } else { calls.join(", ") };
        let _ = writeln!(
            faults,
            "| `{}` | {} | {lasts} | {amount} | {calls} |",
            about.name, about.what
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/explanation/trials.md");
    let mut page = std::fs::read_to_string(path).unwrap();
    for (block, wanted) in [("rules", &rules), ("faults", &faults)] {
        let (begin, end) = (format!("<!-- {block}:begin -->\n"), format!("<!-- {block}:end -->"));
        let (before, rest) = page.split_once(&begin).expect("the opening marker");
        let (got, after) = rest.split_once(&end).expect("the closing marker");
        if std::env::var_os("UPDATE_PAGES").is_some() {
            page = format!("{before}{begin}{wanted}{end}{after}");
        } else {
            assert_eq!(got, wanted, "trials.md has drifted; run this again with UPDATE_PAGES=1");
        }
    }
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(path, page).unwrap();
    }
}
