use super::*;
use proptest::prelude::*;

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

fn green() -> Readings {
    Readings {
        authority: true,
        deadman: 1.0,
        clutch_unseen: false,
        silence_s: 0.001,
        loop_age_s: 0.005,
        view_age_s: 0.040,
        speed_m_s: 0.020,
        outside_m: 0.0,
        tracking_m: 0.002,
        contact_n: 5.0,
        robot_fault: false,
        bad_frames: 0,
        overruns: 0,
    }
}

fn hardest(readings: &Readings) -> Option<(Cause, Stop)> {
    judge(readings, &profile()).hardest(true, true).map(|t| (t.cause, t.stop))
}

#[test]
fn green_readings_stop_nothing() {
    let v = judge(&green(), &profile());
    assert!(v.tripped.is_empty() && v.soft.is_empty());
    assert_eq!(v.hardest(true, true), None);
}

/// Each interlock: inside at its limit, tripped just beyond it.
#[test]
fn each_interlock_trips_just_beyond_its_limit_and_not_at_it() {
    type Case = (Cause, fn(&mut Readings, f64), f64, f64, Stop);
    let cases: [Case; 9] = [
        (Cause::CmdSilence, |r, v| r.silence_s = v, 0.150, 0.1501, Stop::Hold),
        (Cause::LoopAge, |r, v| r.loop_age_s = v, 0.250, 0.2501, Stop::Hold),
        (Cause::ViewAge, |r, v| r.view_age_s = v, 0.200, 0.2001, Stop::Hold),
        (Cause::Deadman, |r, v| r.deadman = v, 0.5, 0.4999, Stop::Hold),
        (Cause::Speed, |r, v| r.speed_m_s = v, 0.150, 0.1501, Stop::Protective),
        (Cause::Workspace, |r, v| r.outside_m = v, 0.010, 0.0101, Stop::Protective),
        (Cause::ContactForce, |r, v| r.contact_n = v, 20.0, 20.01, Stop::Protective),
        (Cause::Tracking, |r, v| r.tracking_m = v, 0.015, 0.0151, Stop::Protective),
        (Cause::BadFrames, |r, v| r.bad_frames = v as u32, 2.0, 3.0, Stop::Hold),
    ];
    for (cause, set, inside, beyond, stop) in cases {
        let mut r = green();
        set(&mut r, inside);
        assert_eq!(hardest(&r), None, "{cause} at its limit");
        set(&mut r, beyond);
        assert_eq!(hardest(&r), Some((cause, stop)), "{cause} beyond its limit");
    }
}

#[test]
fn facts_trip_when_they_are_so() {
    let r = Readings { authority: false, ..green() };
    assert_eq!(hardest(&r), Some((Cause::Authority, Stop::Hold)));
    let r = Readings { robot_fault: true, ..green() };
    assert_eq!(hardest(&r), Some((Cause::RobotFault, Stop::Fault)));
    let r = Readings { overruns: 101, ..green() };
    assert_eq!(hardest(&r), Some((Cause::ServoOverrun, Stop::Hold)));
    assert_eq!(hardest(&Readings { overruns: 100, ..green() }), None);
    let r = Readings { clutch_unseen: true, ..green() };
    assert_eq!(hardest(&r), None, "an unseen clutch refuses and does not stop");
    assert!(judge(&r, &profile()).tripped.contains(Cause::Clutch));
}

#[test]
fn soft_limits_slow_before_hard_limits_stop() {
    type Case = (Cause, fn(&mut Readings, f64), f64, f64);
    let cases: [Case; 4] = [
        (Cause::CmdSilence, |r, v| r.silence_s = v, 0.040, 0.0401),
        (Cause::LoopAge, |r, v| r.loop_age_s = v, 0.140, 0.1401),
        (Cause::ViewAge, |r, v| r.view_age_s = v, 0.140, 0.1401),
        (Cause::ContactForce, |r, v| r.contact_n = v, 12.0, 12.01),
    ];
    for (cause, set, inside, beyond) in cases {
        let mut r = green();
        set(&mut r, inside);
        assert!(judge(&r, &profile()).soft.is_empty(), "{cause} at its soft limit");
        set(&mut r, beyond);
        let v = judge(&r, &profile());
        assert!(v.soft.contains(cause) && v.tripped.is_empty(), "{cause}");
    }
}

#[test]
fn what_is_not_known_is_not_safe() {
    let nan = f64::NAN;
    let cases = [
        Readings { silence_s: nan, ..green() },
        Readings { loop_age_s: f64::INFINITY, ..green() },
        Readings { view_age_s: nan, ..green() },
        Readings { deadman: nan, ..green() },
        Readings { speed_m_s: nan, ..green() },
        Readings { outside_m: nan, ..green() },
        Readings { tracking_m: nan, ..green() },
        Readings { contact_n: nan, ..green() },
    ];
    for r in cases {
        assert!(hardest(&r).is_some(), "{r:?}");
    }
    assert!(seconds(None).is_infinite());
    assert!((seconds(Some(Duration::from_millis(5))) - 0.005).abs() < 1e-12);
}

#[test]
fn the_hardest_stop_wins_and_of_equals_the_first_of_the_table() {
    let r = Readings { view_age_s: 1.0, silence_s: 1.0, ..green() };
    assert_eq!(hardest(&r), Some((Cause::CmdSilence, Stop::Hold)));
    let r = Readings { contact_n: 30.0, ..r };
    assert_eq!(hardest(&r), Some((Cause::ContactForce, Stop::Protective)));
    let r = Readings { robot_fault: true, ..r };
    assert_eq!(hardest(&r), Some((Cause::RobotFault, Stop::Fault)));
}

#[test]
fn an_interlock_stops_only_where_it_applies() {
    let v = judge(&Readings { view_age_s: 1.0, ..green() }, &profile());
    assert_eq!(v.hardest(false, true), None, "nobody follows an old picture while standing");
    let v = judge(&Readings { contact_n: 30.0, ..green() }, &profile());
    assert!(v.hardest(false, true).is_some(), "a patient pressing a standing probe counts");
    assert_eq!(v.hardest(false, false), None);
    let v = judge(&Readings { robot_fault: true, ..green() }, &profile());
    assert!(v.hardest(false, false).is_some());
}

#[test]
fn a_trip_carries_its_figures() {
    let t = judge(&Readings { view_age_s: 0.312, ..green() }, &profile()).hardest(true, true);
    let t = t.unwrap();
    assert!((t.reading - 0.312).abs() < 1e-12 && (t.limit - 0.2).abs() < 1e-12);
}

#[test]
fn every_cause_has_at_most_one_row() {
    let mut set = CauseSet::EMPTY;
    for row in &TABLE {
        assert!(!set.contains(row.cause), "{} twice", row.cause);
        set = set.with(row.cause);
        assert!((row.soft)(&profile()).is_none_or(|s| s < (row.hard)(&profile())));
    }
}

proptest! {
    /// A worse reading never stops less.
    #[test]
    fn verdicts_are_monotonic(a in 0.0..1.0_f64, worse in 0.0..1.0_f64, f in 0.0..40.0_f64) {
        let base = Readings { view_age_s: a, silence_s: a / 2.0, contact_n: f, ..green() };
        let bad = Readings {
            view_age_s: a + worse, silence_s: a / 2.0 + worse, contact_n: f + worse, ..base
        };
        let (v, w) = (judge(&base, &profile()), judge(&bad, &profile()));
        prop_assert_eq!(v.tripped.bits() & !w.tripped.bits(), 0);
        prop_assert_eq!(v.soft.bits() & !w.soft.bits(), 0);
        prop_assert_eq!(w.tripped.bits() & !w.soft.bits(), 0, "tripped is soft too");
    }
}
