use super::*;
use std::collections::BTreeSet;

const NOW: Moment<Robot> = Moment::from_ns(77);
const THEN: Moment<Robot> = Moment::from_ns(1);

fn states() -> Vec<State> {
    vec![
        State::Init,
        State::Standby { stopped_by: None },
        State::Standby { stopped_by: Some(Cause::ContactForce) },
        State::Ready,
        State::Engaged,
        State::Degraded { since: THEN },
        State::Hold { cause: Cause::ViewAge, since: THEN },
        State::Pstop { cause: Cause::ContactForce, since: THEN, reset: Reset::Unacknowledged },
        State::Pstop { cause: Cause::ContactForce, since: THEN, reset: Reset::Acknowledged },
        State::Estop { since: THEN },
        State::Fault { cause: Cause::RobotFault, since: THEN },
    ]
}

fn events() -> Vec<Event> {
    let mut all = vec![
        Event::SelfTestPassed,
        Event::SelfTestFailed,
        Event::PowerOn,
        Event::PowerOff,
        Event::LocalReset { estop_released: true },
        Event::LocalReset { estop_released: false },
        Event::Acknowledge,
        Event::Grant,
        Event::SoftExceeded,
        Event::SoftClear,
        Event::ClutchOpened,
        Event::Engage,
        Event::ParkDue,
    ];
    for stop in [Stop::Refuse, Stop::Hold, Stop::Protective, Stop::Emergency, Stop::Fault] {
        all.push(Event::Trip(Cause::Speed, stop));
    }
    all
}

/// What began before a clock was set back has lasted as long as it had; what began after it is left alone.
#[test]
fn a_clock_that_is_set_back_takes_what_lasts_with_it() {
    let (by, now) = (Duration::from_nanos(50), Moment::from_ns(60));
    let since = |ns| Moment::from_ns(ns);
    assert_eq!(set_back(since(100), by, now), since(50));
    assert_eq!(set_back(since(61), by, now), since(11));
    assert_eq!(set_back(since(60), by, now), since(60));
    let at = |moment| {
        [
            State::Degraded { since: moment },
            State::Hold { cause: Cause::ViewAge, since: moment },
            State::Pstop { cause: Cause::Speed, since: moment, reset: Reset::Acknowledged },
            State::Estop { since: moment },
            State::Fault { cause: Cause::RobotFault, since: moment },
        ]
    };
    for (then, mended) in at(since(100)).into_iter().zip(at(since(50))) {
        assert_eq!(then.with_clock_set_back(by, now), mended);
    }
    for state in [State::Init, State::Standby { stopped_by: None }, State::Ready, State::Engaged] {
        assert_eq!(state.with_clock_set_back(by, now), state);
    }
}

/// Every pair that changes the state; all others keep it. The golden transition table.
#[test]
fn the_table_is_the_one_in_the_reference() {
    let mut rows = Vec::new();
    for from in states() {
        for event in events() {
            let to = next(from, event, NOW);
            if to != from {
                rows.push(format!("{} {event:?} -> {}", from.word(), to.word()));
            }
        }
    }
    let got = rows.join("\n");
    let golden = include_str!("machine_table.txt").trim();
    assert_eq!(got, golden, "the transition table changed; it is now:\n{got}\n");
}

#[test]
fn authority_to_move_rises_only_by_an_engage() {
    for from in states() {
        for event in events() {
            let to = next(from, event, NOW);
            if to.word().follows() && !from.word().follows() {
                assert_eq!(event, Event::Engage, "{from:?}");
                assert!(matches!(from, State::Ready | State::Hold { .. }));
            }
        }
    }
}

#[test]
fn power_comes_only_from_the_bedside() {
    for from in states() {
        for event in events() {
            let to = next(from, event, NOW);
            if to.word().powered() && !from.word().powered() {
                assert!(matches!(from, State::Standby { .. }) && event == Event::PowerOn);
            }
        }
    }
}

#[test]
fn every_state_reaches_a_safe_one_under_every_trip() {
    for from in states() {
        for stop in [Stop::Hold, Stop::Protective, Stop::Emergency, Stop::Fault] {
            let to = next(from, Event::Trip(Cause::Speed, stop), NOW);
            assert!(!to.word().follows(), "{from:?} {stop:?}");
            let again = next(to, Event::Trip(Cause::Deadman, stop), NOW);
            assert_eq!(again, to, "the first cause is kept");
        }
    }
}

#[test]
fn a_softer_stop_never_replaces_a_harder_one() {
    for from in states() {
        for stop in [Stop::Refuse, Stop::Hold, Stop::Protective, Stop::Emergency] {
            let to = next(from, Event::Trip(Cause::Speed, stop), NOW);
            let hardness = |s: State| match s {
                State::Hold { .. } => 1,
                State::Pstop { .. } => 2,
                State::Estop { .. } => 3,
                State::Fault { .. } => 4,
                _ => 0,
            };
            assert!(hardness(to) >= hardness(from), "{from:?} {stop:?} {to:?}");
        }
    }
}

#[test]
fn every_step_into_a_stop_and_every_grant_raises_the_epoch() {
    let mut raised = BTreeSet::new();
    for from in states() {
        for event in events() {
            let to = next(from, event, NOW);
            if raises_epoch(from, event, to) {
                raised.insert((from.word().word(), to.word().word()));
            } else if to.word().follows() {
                assert!(from.word().follows() || event == Event::Engage);
            }
            let into_stop = !matches!(
                to.word(),
                OperatingState::Init
                    | OperatingState::Standby
                    | OperatingState::Ready
                    | OperatingState::Engaged
                    | OperatingState::Degraded
            );
            if into_stop && from.word() != to.word() {
                assert!(raises_epoch(from, event, to), "{from:?} {event:?}");
            }
            if event == Event::Grant {
                assert!(raises_epoch(from, event, to));
            }
        }
    }
    assert!(raised.contains(&("STANDBY", "READY")), "an engage must follow a power-on");
    assert!(raised.contains(&("PSTOP", "READY")), "an engage must follow a reset");
    assert!(!raised.contains(&("ENGAGED", "READY")), "opening the clutch keeps the epoch");
    assert!(!raised.contains(&("ENGAGED", "DEGRADED")));
}

#[test]
fn a_second_stop_from_afar_wants_a_second_acknowledgement() {
    let again = next(states()[8], Event::Trip(Cause::RemoteStop, Stop::Protective), NOW);
    assert_eq!(again, states()[7], "the first cause and its moment stay");
    let other = next(states()[8], Event::Trip(Cause::Speed, Stop::Protective), NOW);
    assert_eq!(other, states()[8]);
}

#[test]
fn a_stop_keeps_its_moment_and_an_emergency_stop_names_itself() {
    let held = next(State::Engaged, Event::Trip(Cause::Deadman, Stop::Hold), NOW);
    assert_eq!(held, State::Hold { cause: Cause::Deadman, since: NOW });
    assert_eq!(held.cause(), Some(Cause::Deadman));
    assert_eq!(State::Estop { since: NOW }.cause(), Some(Cause::LocalEstop));
    assert_eq!(State::Ready.cause(), None);
    let acknowledged = next(states()[7], Event::Acknowledge, NOW);
    assert_eq!(acknowledged, states()[8]);
}
