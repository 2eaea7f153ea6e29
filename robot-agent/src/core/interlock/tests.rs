use super::*;
use proptest::prelude::*;

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

fn profiles() -> Vec<Profile> {
    protocol::profile::SHIPPED.iter().map(|text| Profile::parse(text).unwrap()).collect()
}

fn green() -> Readings {
    Readings {
        authority: true,
        deadman: 1.0,
        clutch_unseen: false,
        silence_s: 0.001,
        sample_age_s: 0.001,
        loop_age_s: 0.005,
        command_age_s: 0.001,
        view_age_s: 0.040,
        loss: 0.0,
        mistaken_s: 0.0,
        speed_m_s: 0.020,
        turn_rad_s: 0.1,
        outside_m: 0.0,
        no_go_m: 0.0,
        beside_port_m: 0.0,
        joint_used: 0.5,
        singular: 0.5,
        tracking_m: 0.002,
        tracking_rad: 0.02,
        tracking_m_s: 0.0,
        tracking_rad_s: 0.0,
        contact_n: 3.0,
        bumper_n: 0.0,
        obstacle_m: -3.0,
        guard_open: false,
        robot_fault: false,
        sensor_age_s: 0.001,
        range_age_s: 0.05,
        frozen_m: 0.0,
        clock_lost: false,
        bad_frames: 0,
        overruns: 0,
        pause_s: 0.001,
        uncaptured_s: 0.0,
        unrecorded_s: 0.0,
    }
}

fn hardest(readings: &Readings) -> Option<(Cause, Stop)> {
    judge(readings, &profile()).hardest(true, true).map(|t| (t.cause, t.stop))
}

/// How each row's reading is set, in the order of the table; the id guards against a shifted line.
type Setter = fn(&mut Readings, f64);
const SETTERS: [(Cause, Setter); TABLE.len()] = [
    (Cause::RobotFault, |r, v| r.robot_fault = v > 0.0),
    (Cause::SensorFrozen, |r, v| r.sensor_age_s = v),
    (Cause::SensorFrozen, |r, v| r.frozen_m = v),
    (Cause::SensorFrozen, |r, v| r.range_age_s = v),
    (Cause::ContactForce, |r, v| r.contact_n = v),
    (Cause::ContactForce, |r, v| r.bumper_n = v),
    (Cause::Workspace, |r, v| r.outside_m = v),
    (Cause::NoGo, |r, v| r.no_go_m = v),
    (Cause::Port, |r, v| r.beside_port_m = v),
    (Cause::JointLimit, |r, v| r.joint_used = v),
    (Cause::Singularity, |r, v| r.singular = v),
    (Cause::Speed, |r, v| r.speed_m_s = v),
    (Cause::Speed, |r, v| r.speed_m_s = v),
    (Cause::Speed, |r, v| r.turn_rad_s = v),
    (Cause::Tracking, |r, v| r.tracking_m = v),
    (Cause::Tracking, |r, v| r.tracking_rad = v),
    (Cause::Tracking, |r, v| r.tracking_m_s = v),
    (Cause::Tracking, |r, v| r.tracking_rad_s = v),
    (Cause::Obstacle, |r, v| r.obstacle_m = v),
    (Cause::Guard, |r, v| r.guard_open = v > 0.0),
    (Cause::ClockLost, |r, v| r.clock_lost = v > 0.0),
    (Cause::CmdSilence, |r, v| r.silence_s = v),
    (Cause::InputStall, |r, v| r.sample_age_s = v),
    (Cause::CmdAge, |r, v| r.command_age_s = v),
    (Cause::LoopAge, |r, v| r.loop_age_s = v),
    (Cause::ViewAge, |r, v| r.view_age_s = v),
    (Cause::Loss, |r, v| r.loss = v),
    (Cause::Deadman, |r, v| r.deadman = 1.0 - v),
    (Cause::Authority, |r, v| r.authority = v <= 0.0),
    (Cause::StateMismatch, |r, v| r.mistaken_s = v),
    (Cause::BadFrames, |r, v| r.bad_frames = v.ceil() as u32),
    (Cause::ServoStall, |r, v| r.pause_s = v),
    (Cause::ServoOverrun, |r, v| r.overruns = v.ceil() as u32),
    (Cause::MediaStall, |r, v| r.uncaptured_s = v),
    (Cause::RecorderStall, |r, v| r.unrecorded_s = v),
    (Cause::Clutch, |r, v| r.clutch_unseen = v > 0.0),
];

fn with(row: usize, value: f64) -> Readings {
    let mut readings = green();
    let (cause, set) = SETTERS[row];
    assert_eq!(cause, TABLE[row].cause);
    set(&mut readings, value);
    readings
}

/// Just beyond: the least that every row tells apart.
fn beyond(limit: f64) -> f64 {
    limit + limit.abs().max(1.0) * 1e-9
}

#[test]
fn green_readings_stop_nothing_in_any_profile() {
    for p in profiles() {
        let v = judge(&green(), &p);
        assert!(v.tripped.is_empty() && v.soft.is_empty(), "{}: {v:?}", p.name);
        assert!(v.slowing.is_empty() && v.blocking.is_empty());
        assert_eq!(v.hardest(true, true), None);
    }
}

/// Each interlock of each profile: inside at its limit, tripped just beyond it.
#[test]
fn each_interlock_trips_just_beyond_its_limit_and_not_at_it() {
    let mut tried = 0;
    for p in profiles() {
        for (n, row) in TABLE.iter().enumerate() {
            let Some(limit) = (row.hard)(&p) else { continue };
            let inside = judge(&with(n, limit), &p);
            assert!(!inside.tripped.contains(row.cause), "{} {} at {limit}", p.name, row.watches);
            let v = judge(&with(n, beyond(limit)), &p);
            assert!(v.tripped.contains(row.cause), "{} {} beyond {limit}", p.name, row.watches);
            assert!(v.soft.contains(row.cause) && v.blocking.contains(row.cause));
            let hardest = v.hardest(true, true).map(|t| (t.cause, t.stop));
            if row.stop == Stop::Refuse {
                assert_eq!(hardest, None, "{} only refuses", row.cause);
            } else {
                assert_eq!(hardest, Some((row.cause, row.stop)));
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 26 + 27 + 24 + 28);
}

/// Each soft limit of each profile: kept at its limit, and beyond it exactly what its row says.
#[test]
fn soft_limits_act_before_hard_limits_stop() {
    let mut tried = 0;
    for p in profiles() {
        for (n, row) in TABLE.iter().enumerate() {
            let Some(limit) = (row.soft)(&p) else { continue };
            assert!((row.hard)(&p).is_none_or(|hard| limit < hard), "{} {}", p.name, row.cause);
            let v = judge(&with(n, limit), &p);
            assert!(v.soft.is_empty() && v.blocking.is_empty() && v.slowing.is_empty());
            let v = judge(&with(n, beyond(limit)), &p);
            assert!(v.soft.contains(row.cause) && v.tripped.is_empty(), "{}", row.cause);
            assert_eq!(v.blocking.contains(row.cause), row.beyond_soft != Soft::Governs);
            assert_eq!(v.slowing.contains(row.cause), row.beyond_soft == Soft::Degrades);
            tried += 1;
        }
    }
    assert_eq!(tried, 9 + 9 + 7 + 10);
}

/// Every reading that is a number, in every profile that limits it: not known is not safe.
#[test]
fn what_is_not_known_is_not_safe() {
    let mut tried = 0;
    for p in profiles() {
        for (n, row) in TABLE.iter().enumerate() {
            let readings = with(n, f64::NAN);
            if (row.reading)(&readings).is_nan() && (row.hard)(&p).is_some() {
                let trip = judge(&readings, &p).hardest(true, true);
                assert_eq!(trip.map(|t| t.cause), Some(row.cause));
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 19 + 20 + 17 + 21);
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

/// A cause may watch one thing of arms and another of a base; in one profile nothing is watched twice.
#[test]
fn in_one_profile_a_reading_has_one_row() {
    for p in profiles() {
        let rows = TABLE.iter().filter(|r| (r.hard)(&p).is_some() || (r.soft)(&p).is_some());
        let mut watched: Vec<_> = rows.map(|r| r.watches).collect();
        let all = watched.len();
        watched.sort_unstable();
        watched.dedup();
        assert_eq!(watched.len(), all, "{}", p.name);
    }
}

/// The limits are those of the reference: one line per interlock and profile.
#[test]
fn the_limits_are_the_golden_ones() {
    let got = document(&profiles());
    let golden = include_str!("limits.txt");
    assert_eq!(got, golden, "the limits changed; they are now:\n{got}");
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

/// Each row says which tests show it.
#[test]
fn the_table_of_proofs_has_a_line_for_each_row() {
    let page = proofs();
    assert_eq!(page.lines().count(), 2 + TABLE.len());
    for (row, line) in TABLE.iter().zip(page.lines().skip(2)) {
        assert!(line.starts_with(&format!("| {} | {} | `", row.cause.id(), row.watches)), "{line}");
        assert!(row.proven_by.iter().all(|test| line.contains(test)), "{line}");
    }
}
