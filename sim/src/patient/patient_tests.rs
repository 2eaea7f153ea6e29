//! Facts about the patient: what the monitor measures agrees with itself, and with what happens.

use super::*;

/// The run of a script: all waves, and the numerics of each second.
fn run(script: &str, seed: u64, seconds: u32) -> (Vec<Waves>, Vec<Numerics>) {
    let mut patient = Patient::new(Script::parse(script).unwrap(), seed);
    let mut monitor = Monitor::new();
    let (mut waves, mut numerics) = (Vec::new(), Vec::new());
    for n in 1..=seconds * SAMPLES_PER_S {
        let sample = patient.step();
        monitor.take(&sample);
        waves.push(sample);
        if n.is_multiple_of(SAMPLES_PER_S) {
            numerics.push(monitor.numerics());
        }
    }
    (waves, numerics)
}

fn event(at_s: f64, kind: &str) -> String {
    format!("[[event]]\nat_s = {at_s}\nkind = \"{kind}\"\n")
}

fn event_of(at_s: f64, kind: &str, amount: f64) -> String {
    event(at_s, kind) + &format!("amount = {amount}\n")
}

fn near(got: Option<f64>, want: f64, off: f64) {
    assert!(got.is_some_and(|got| (got - want).abs() <= off), "{got:?} against {want}");
}

#[test]
fn at_rest_every_number_is_that_of_a_healthy_adult() {
    for seed in [1, 2, 3] {
        let (_, numerics) = run("", seed, 120);
        for now in numerics.iter().skip(30) {
            assert_eq!(now.ecg, EcgStatus::Beats);
            near(now.heart_per_min, 70.0, 4.0);
            near(now.spo2_percent, 98.0, 1.0);
            near(now.systolic_mmhg, 117.0, 6.0);
            near(now.diastolic_mmhg, 76.0, 6.0);
            near(now.mean_mmhg, 93.0, 4.0);
            near(now.breaths_per_min, 14.0, 0.3);
            near(now.end_tidal_mmhg, 38.0, 1.5);
            near(now.perfusion_percent, 1.7, 0.8);
        }
    }
}

#[test]
fn pulse_is_the_rate_of_the_heart_and_the_capnogram_breathes_with_the_lungs() {
    let script = event_of(60.0, "bleeding", 600.0);
    let (_, numerics) = run(&script, 1, 240);
    for now in numerics.iter().skip(40) {
        // The finger is a beat late, and beats are not all alike.
        near(now.pulse_per_min, now.heart_per_min.unwrap(), 1.5);
        near(now.co2_breaths_per_min, now.breaths_per_min.unwrap(), 0.3);
    }
}

/// R waves by eye: the highest sample wherever the electrocardiogram is above 0.7 mV.
fn r_times_s(waves: &[Waves]) -> Vec<f64> {
    let mut found = Vec::new();
    let mut best: Option<(f64, f64)> = None;
    for sample in waves {
        let ecg = sample.ecg_mv.unwrap_or(0.0);
        if ecg > 0.7 {
            if best.is_none_or(|(_, height)| ecg > height) {
                best = Some((sample.t_s, ecg));
            }
        } else if let Some((t_s, _)) = best.take() {
            found.push(t_s);
        }
    }
    found
}

#[test]
fn what_the_monitor_says_is_what_stands_in_the_waves() {
    let (waves, numerics) = run("", 1, 60);
    let last = numerics.last().unwrap();
    let beats = r_times_s(&waves);
    let newest: Vec<f64> = beats.iter().rev().take(9).copied().collect();
    near(last.heart_per_min, 60.0 * 8.0 / (newest[0] - newest[8]), 1.0);
    assert!((68..=72).contains(&beats.len()), "{} beats in a minute", beats.len());
    // Pressure between two R: its greatest, least and mean.
    let recent: Vec<f64> = waves
        .iter()
        .filter(|w| w.t_s >= newest[8] && w.t_s < newest[0])
        .map(|w| w.pressure_mmhg)
        .collect();
    let mean = recent.iter().sum::<f64>() / recent.len() as f64;
    near(last.mean_mmhg, mean, 1.0);
    let (low, high) = recent.iter().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(*p), h.max(*p)));
    near(last.systolic_mmhg, high, 3.0);
    near(last.diastolic_mmhg, low, 3.0);
    // The pressure rises after each R, the finger later.
    let rise = |from_s: f64, of: fn(&Waves) -> f64| {
        let beat = waves.iter().filter(|w| w.t_s >= from_s && w.t_s < from_s + 0.6);
        beat.max_by(|a, b| of(a).total_cmp(&of(b))).unwrap().t_s - from_s
    };
    for r in beats.iter().skip(5).take(40) {
        let (artery, finger) = (rise(*r, |w| w.pressure_mmhg), rise(*r, |w| w.pleth_ir_percent));
        assert!(artery > 0.1 && finger > artery + 0.1, "{artery} {finger}");
    }
}

#[test]
fn bleeding_quickens_the_heart_lowers_the_pressure_and_empties_the_finger() {
    let (_, numerics) = run(&event_of(60.0, "bleeding", 600.0), 1, 240);
    let (rest, light, heavy) = (numerics[55], numerics[125], numerics[239]);
    // 15 % after 75 s of it: made up for. 36 % after 180 s: not.
    near(light.mean_mmhg, rest.mean_mmhg.unwrap(), 10.0);
    assert!(light.heart_per_min.unwrap() > rest.heart_per_min.unwrap() + 8.0);
    assert!(heavy.heart_per_min.unwrap() > light.heart_per_min.unwrap() + 15.0, "{heavy:?}");
    assert!(heavy.mean_mmhg.unwrap() < rest.mean_mmhg.unwrap() - 20.0, "{heavy:?}");
    let pulse = |n: Numerics| n.systolic_mmhg.unwrap() - n.diastolic_mmhg.unwrap();
    assert!(pulse(heavy) < 0.5 * pulse(rest));
    assert!(heavy.perfusion_percent.unwrap() < 0.4 * rest.perfusion_percent.unwrap());
    assert!(heavy.end_tidal_mmhg.unwrap() < rest.end_tidal_mmhg.unwrap() - 2.0);
}

#[test]
fn the_finger_hears_of_a_desaturation_later_than_the_lungs() {
    let mut patient =
        Patient::new(Script::parse(&event_of(60.0, "desaturation", 82.0)).unwrap(), 1);
    let mut monitor = Monitor::new();
    let (mut truly, mut shown) = (None, None);
    for n in 0..150 * SAMPLES_PER_S {
        monitor.take(&patient.step());
        let t_s = f64::from(n) / f64::from(SAMPLES_PER_S);
        if truly.is_none() && patient.true_saturation_percent() < 90.0 {
            truly = Some(t_s);
        }
        let spo2 = monitor.numerics().spo2_percent;
        if t_s > 60.0 && shown.is_none() && spo2.is_some_and(|percent| percent < 90.0) {
            shown = Some(t_s);
        }
    }
    let late_s = shown.unwrap() - truly.unwrap();
    assert!((10.0..25.0).contains(&late_s), "{late_s} s late");
    let end = monitor.numerics();
    near(end.spo2_percent, 82.0, 1.0);
    assert!(end.heart_per_min.unwrap() > 73.0, "{end:?}");
}

#[test]
fn asystole_leaves_nothing_to_measure_but_a_mean_that_falls() {
    let (waves, numerics) = run(&event(60.0, "asystole"), 1, 150);
    let flat = |w: &&Waves| w.t_s > 62.5;
    assert!(waves.iter().filter(flat).all(|w| w.ecg_mv.unwrap().abs() < 0.1));
    assert!(waves.iter().filter(|w| w.t_s > 75.0).all(|w| w.pressure_mmhg < 10.0));
    assert!(waves.iter().filter(|w| w.t_s > 75.0).all(|w| w.pleth_ir_percent.abs() < 0.05));
    for now in numerics.iter().filter(|n| n.t_s > 70.0) {
        assert_eq!(now.ecg, EcgStatus::NoBeat);
        assert_eq!((now.heart_per_min, now.pulse_per_min, now.spo2_percent), (None, None, None));
        assert_eq!((now.systolic_mmhg, now.diastolic_mmhg), (None, None), "{}", now.t_s);
    }
    let end = numerics.last().unwrap();
    near(end.mean_mmhg, 7.0, 1.0);
    // The ventilator goes on, and brings less and less carbon dioxide out.
    near(end.breaths_per_min, 14.0, 0.3);
    assert!(end.end_tidal_mmhg.is_none_or(|mmhg| mmhg < 10.0), "{end:?}");
}

#[test]
fn a_lead_that_is_off_hides_the_heart_and_nothing_else() {
    let script = event(60.0, "lead-off") + &event(90.0, "lead-on");
    let (waves, numerics) = run(&script, 1, 100);
    assert!(waves.iter().all(|w| w.ecg_mv.is_none() == (60.0..90.0).contains(&w.t_s)));
    // Back on, the first number is a right one.
    let first = numerics.iter().find(|n| n.t_s > 90.0 && n.heart_per_min.is_some()).unwrap();
    assert!(first.t_s < 95.0, "{}", first.t_s);
    near(first.heart_per_min, 70.0, 5.0);
    near(numerics[99].heart_per_min, 70.0, 4.0);
    for now in numerics.iter().filter(|n| n.t_s > 61.0 && n.t_s < 90.0) {
        assert_eq!((now.ecg, now.heart_per_min), (EcgStatus::LeadOff, None));
        near(now.pulse_per_min, 70.0, 4.0);
        near(now.spo2_percent, 98.0, 1.0);
        near(now.systolic_mmhg, 117.0, 6.0);
    }
}

#[test]
fn recovery_brings_everything_back() {
    let script = event_of(30.0, "bleeding", 1_200.0)
        + &event_of(31.0, "desaturation", 80.0)
        + &event(60.0, "lead-off")
        + &event(90.0, "asystole")
        + &event(110.0, "recovery");
    let (_, numerics) = run(&script, 1, 400);
    assert_eq!(numerics[105].pulse_per_min, None);
    let end = numerics.last().unwrap();
    assert_eq!(end.ecg, EcgStatus::Beats);
    near(end.heart_per_min, 70.0, 4.0);
    near(end.spo2_percent, 98.0, 1.0);
    near(end.mean_mmhg, 93.0, 4.0);
    near(end.end_tidal_mmhg, 38.0, 1.5);
}

#[test]
fn one_seed_is_one_run() {
    let digest = |seed| {
        let (waves, _) = run(&event_of(5.0, "bleeding", 300.0), seed, 30);
        waves.iter().fold(0_u64, |sum, w| {
            let all = [w.ecg_mv.unwrap_or(0.0), w.pressure_mmhg, w.pleth_red_percent, w.co2_mmhg];
            all.iter().fold(sum, |sum, x| sum.rotate_left(7) ^ x.to_bits())
        })
    };
    assert_eq!(digest(4), digest(4));
    assert_ne!(digest(4), digest(5));
}

#[test]
fn a_wrong_script_is_refused_with_the_value_the_limit_and_what_to_write() {
    let refused = |text: &str| Script::parse(text).unwrap_err().to_string();
    assert_eq!(
        refused(&event_of(1.0, "bleeding", 5e3)),
        "event 1 has amount = 5000; write a number from 0 to 3000 ml/min"
    );
    assert_eq!(
        refused(&(event(0.0, "asystole") + &event_of(1.0, "desaturation", 20.0))),
        "event 2 has amount = 20; write a number from 50 to 100 %"
    );
    assert_eq!(
        refused(&event(-1.0, "asystole")),
        "event 1 has at_s = -1; write a number from 0 to 86400 s"
    );
    assert_eq!(
        refused(&event(1.0, "bleeding")),
        "event 1, bleeding, has no amount; write amount = a number from 0 to 3000, ml/min"
    );
    assert_eq!(
        refused(&event_of(1.0, "lead-off", 2.0)),
        "event 1, lead-off, has amount = 2; it has none: remove the amount"
    );
    assert!(
        refused(&event(1.0, "fever")).starts_with("event 1 has kind \"fever\"; write bleeding,")
    );
    assert!(refused("[[event]]\nat_s = nan\nkind = \"asystole\"\n").contains("at_s = NaN"));
    let unknown = refused(&(event(1.0, "asystole") + "until_s = 3\n"));
    assert!(unknown.starts_with("line 4: ") && unknown.contains("until_s"), "{unknown}");
    let many = event(1.0, "asystole").repeat(EVENTS_MAX + 1);
    assert!(refused(&many).starts_with("the script has 257 events; at most 256"));
    assert!(refused(&"#".repeat(70_000)).starts_with("the script is 70000 bytes long"));
    // Events may stand in any order.
    let script = Script::parse(&(event(9.0, "recovery") + &event(3.0, "asystole"))).unwrap();
    assert_eq!(script.events()[0], Event { at_s: 3.0, kind: EventKind::Asystole });
}

/// The page's script is the file's, and the file is a script.
#[test]
fn the_script_on_the_page_is_read() {
    let page = include_str!("../../../docs/src/how-to/simulate-a-patient.md");
    let file = include_str!("../../../docs/src/how-to/patient-events.toml");
    assert!(page.contains(file), "the page has drifted from patient-events.toml");
    let kinds: Vec<EventKind> =
        Script::parse(file).unwrap().events().iter().map(|event| event.kind).collect();
    assert_eq!(kinds.len(), 6);
    assert_eq!(kinds[0], EventKind::Bleeding(600.0));
}
