//! How fast and how far the arm under the ultrasound profile does what a stop asks of it.

use super::*;
use crate::plant::Drives;

/// Milliseconds until `fact`, at most `limit`.
fn until(t: &mut Theatre, hand: &mut Pointer, limit: u32, fact: impl Fn(&Theatre) -> bool) -> u32 {
    for ms in 0..=limit {
        if fact(t) {
            return ms;
        }
        t.step(hand);
    }
    panic!("not within {limit} ms: {} by {:?}", t.state(), last_cause(t));
}

fn speed_m_s(t: &Theatre) -> f64 {
    t.robot().plant().twist().linear_m_s.norm()
}

const fn drives(t: &Theatre) -> Drives {
    t.robot().plant().drives()
}

/// CMD-SILENCE: from the last command to HOLD the profile's limit, and from there to standstill less than
/// 100 ms and 2 mm.
#[test]
fn a_hold_comes_at_its_limit_and_stands_within_a_tenth_of_a_second() {
    let (mut t, mut hand) = steering();
    let silence = profile().freshness.silence_hard.as_millis();
    t.faults.dead_operator = true;
    let held = until(&mut t, &mut hand, 200, |t| t.state() == OperatingState::Hold);
    assert!(u128::from(held) >= silence && u128::from(held) <= silence + 2, "{held} ms");
    let from = t.tip();
    let stood = until(&mut t, &mut hand, 100, |t| speed_m_s(t) < 0.003);
    let way = (t.tip() - from).norm();
    assert!(stood <= 100 && way < 0.002, "{stood} ms, {way} m");
}

/// CMD-SILENCE: alarm after 2 s, lift after 2 s to its end and no further, drives off after 10 s.
#[test]
fn a_hold_that_nobody_ends_calls_lifts_to_the_end_and_parks() {
    let (mut t, mut hand) = steering();
    t.faults.dead_operator = true;
    until(&mut t, &mut hand, 200, |t| t.state() == OperatingState::Hold);
    t.run(&mut hand, 1_900);
    let (calls, before, axis) =
        (t.record().calls, t.tip(), t.robot().plant().tip().rotation * Vector3::z());
    assert_eq!(calls, 0);
    t.run(&mut hand, 2_600);
    assert!(t.record().calls > 2_000);
    let lifted = -(t.tip() - before).dot(&axis);
    assert!((lifted - 0.020).abs() < 0.001, "it lifted by {lifted} m");
    assert!(((t.tip() - before) + axis * lifted).norm() < 0.001, "and not aside");
    t.run(&mut hand, 5_000);
    let still = -(t.tip() - before).dot(&axis);
    assert!((still - lifted).abs() < 0.000_5, "it went on lifting: {still} m");
    assert_eq!((t.state(), drives(&t)), (OperatingState::Hold, Drives::On));
    let parked = until(&mut t, &mut hand, 1_000, |t| t.state() == OperatingState::Standby);
    assert!((495..=505).contains(&parked), "10 s after HOLD: {parked} ms");
    t.run(&mut hand, 2);
    assert_eq!(drives(&t), Drives::Off);
    let calls = t.record().calls;
    t.run(&mut hand, 100);
    assert_eq!(t.record().calls, calls, "a parked robot calls nobody");
}

/// LOCAL-ESTOP: stop category 1: at once, but standing before the drives go.
#[test]
fn an_emergency_stop_brakes_and_then_takes_the_drives_off() {
    let (mut t, mut hand) = steering();
    assert!(speed_m_s(&t) > 0.01);
    t.local(LocalEvent::EstopPressed);
    t.run(&mut hand, 1);
    assert_eq!(t.state(), OperatingState::Estop);
    off_at_a_stand(&mut t, &mut hand);
}

/// POWER-OFF: whoever switches the drives off while the arm follows gets a stop first.
#[test]
fn a_power_off_while_following_stops_first() {
    let (mut t, mut hand) = steering();
    assert!(speed_m_s(&t) > 0.01);
    t.local(LocalEvent::PowerOff);
    t.run(&mut hand, 1);
    assert_eq!((t.state(), last_cause(&t)), (OperatingState::Hold, Some(Cause::PowerOff)));
    off_at_a_stand(&mut t, &mut hand);
    assert_eq!(t.state(), OperatingState::Standby);
}

/// The drives go off within the 500 ms of the fallback, once the setpoint stands, and within 3 mm.
fn off_at_a_stand(t: &mut Theatre, hand: &mut Pointer) {
    let (mut speed, from) = (f64::INFINITY, t.tip());
    for ms in 0..=502 {
        if drives(t) == Drives::Off {
            // What is ordered stands by then; the arm itself still swings in, and its brakes take it.
            assert!(speed < 0.010, "{speed} m/s when the drives went off");
            let way = (t.tip() - from).norm();
            assert!(ms > 2 && way < 0.003, "{ms} ms, {way} m");
            return;
        }
        speed = speed_m_s(t);
        t.step(hand);
    }
    panic!("the drives are still on");
}
