//! What links do besides being full: outages, other routes, loss, jitter, another rate, company.
//!
//! Each test prints what the pictures got, second by second.

use std::time::Duration;

use super::path::{MS, Ns, RATE, SECOND};
use super::rig::{Carrier, Outcome, Rig, Trial, percentile};

/// When the trouble begins, since pictures began.
const TROUBLE: Ns = 3 * SECOND;

/// 40 Mbit/s offered at this round trip for so long, with the trouble that `shape` makes.
fn tried(round_trip_ms: u64, seconds: Ns, shape: impl Fn(&mut Trial, Ns)) -> Outcome {
    let mut trial = Trial::new(Carrier::Yielding, round_trip_ms, 40);
    trial.lasts = seconds * SECOND;
    let at = trial.start() + TROUBLE;
    shape(&mut trial, at);
    let outcome = Rig::new(trial.clone()).run();
    for flow in 0..trial.offered.len() {
        let second = |s| outcome.bits(flow, s * SECOND, (s + 1) * SECOND) / 1e6;
        let bits: Vec<String> = (0..seconds).map(|s| format!("{:.0}", second(s))).collect();
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        println!("{name}, {round_trip_ms} ms: {} Mbit/s", bits.join(" "));
    }
    outcome
}

/// The part of the bottleneck that pictures of the first flow had, between two seconds.
fn part(outcome: &Outcome, from: Ns, to: Ns) -> f64 {
    outcome.bits(0, from * SECOND, to * SECOND) / RATE as f64
}

#[test]
fn an_outage_of_300_ms_is_over_in_a_second_and_a_half() {
    for round_trip in [2, 20, 100] {
        let outcome = tried(round_trip, 8, |trial, at| {
            trial.ways.iter_mut().for_each(|way| way.outage = (at, at + 300 * MS));
        });
        assert!(part(&outcome, 5, 8) >= 0.6, "{round_trip}");
    }
}

/// QUIC probes a dead path at doubling intervals, so what follows an outage may wait once more as
/// long as the outage lasted.
#[test]
fn an_outage_of_2_s_is_over_after_as_long_again() {
    for round_trip in [2, 20, 100] {
        let outcome = tried(round_trip, 11, |trial, at| {
            trial.ways.iter_mut().for_each(|way| way.outage = (at, at + 2 * SECOND));
        });
        assert!(part(&outcome, 8, 11) >= 0.6, "{round_trip}");
    }
}

#[test]
fn a_route_that_is_30_ms_longer_does_not_starve_pictures() {
    for round_trip in [2, 20, 100] {
        let outcome = tried(round_trip, 10, |trial, at| {
            let way = &mut trial.ways[0];
            way.moved = (at, way.delay + Duration::from_millis(30));
            trial.counts_from = 5 * SECOND;
        });
        assert!(part(&outcome, 5, 10) >= 0.6, "{round_trip}");
        let p95 = percentile(&outcome.states, 95);
        assert!(p95 <= 10.0, "{round_trip}: {p95}");
    }
}

/// How short the queue gets depends on how the bursts of pictures fall: 9 to 13 ms, as frames are some bytes longer or
/// shorter. A queue that grew would be 30 ms.
#[test]
fn a_route_that_is_30_ms_shorter_does_not_grow_a_queue() {
    for round_trip in [62, 100] {
        let outcome = tried(round_trip, 10, |trial, at| {
            let way = &mut trial.ways[0];
            way.moved = (at, way.delay.saturating_sub(Duration::from_millis(30)));
            trial.counts_from = 5 * SECOND;
        });
        assert!(part(&outcome, 5, 10) >= 0.6, "{round_trip}");
        let p95 = percentile(&outcome.states, 95);
        assert!(p95 <= 15.0, "{round_trip}: {p95}");
    }
}

#[test]
fn random_loss_of_1_percent_keeps_70_percent_and_of_5_percent_a_third() {
    for round_trip in [2, 20] {
        let with =
            |permille| tried(round_trip, 10, |trial, _| trial.ways[0].loss_permille = permille);
        let whole = part(&with(0), 1, 10);
        assert!(part(&with(10), 1, 10) >= 0.7 * whole, "{round_trip}");
        assert!(part(&with(50), 1, 10) >= whole / 3.0, "{round_trip}");
    }
}

/// What is in flight when the rate falls lasts five times as long: a second at 100 ms. And states
/// alone take half of what is left, so that one packet of pictures lasts 5 ms.
#[test]
fn a_rate_that_falls_to_a_fifth_is_followed() {
    for (round_trip, counts_from) in [(2, 5), (20, 5), (100, 8)] {
        let outcome = tried(round_trip, 12, |trial, at| {
            trial.ways[0].then = (at, RATE / 5);
            trial.counts_from = counts_from * SECOND;
        });
        assert!(percentile(&outcome.states, 95) <= 30.0, "{round_trip}");
        assert!(part(&outcome, counts_from, 12) > 0.04, "{round_trip}");
    }
}

#[test]
fn a_rate_that_grows_fivefold_is_used_within_two_seconds() {
    for round_trip in [2, 20, 100] {
        let outcome = tried(round_trip, 10, |trial, at| {
            trial.ways[0].rate = RATE / 5;
            trial.ways[0].then = (at, RATE);
        });
        assert!(part(&outcome, 5, 10) >= 0.6, "{round_trip}");
    }
}

#[test]
fn two_flows_share() {
    for round_trip in [2, 20, 100] {
        let outcome = tried(round_trip, 14, |trial, _| {
            trial.offered.push(trial.offered[0]);
            trial.begins.push(2 * SECOND);
        });
        let bits = [0, 1].map(|flow| outcome.bits(flow, 4 * SECOND, 14 * SECOND));
        let least = bits[0].min(bits[1]) / (bits[0] + bits[1]);
        assert!(least >= 0.25, "{round_trip}: the smaller share is {least}");
        assert!(bits[0] + bits[1] >= 0.6 * RATE as f64, "{round_trip}");
    }
}

/// The queue is not ours to shorten then: the flow takes it for the path, and lives.
#[test]
fn beside_a_flow_that_fills_the_queue_pictures_do_not_starve() {
    for round_trip in [2, 20, 100] {
        let outcome = tried(round_trip, 20, |trial, _| {
            trial.offered.push(trial.offered[0]);
            trial.begins.push(2 * SECOND);
            trial.greedy = 1;
        });
        let bits = outcome.bits(0, 5 * SECOND, 20 * SECOND);
        assert!(bits >= 0.3e6, "{round_trip}: {bits} bit/s");
    }
}

/// Jitter of 10 ms leaves pictures 30 % of the rate at least, jitter of 30 ms a thumbnail at least.
#[test]
fn jitter_without_a_queue_does_not_starve_pictures() {
    for (jitter_ms, least) in [(10, 0.3), (30, 0.3e6 / RATE as f64)] {
        for round_trip in [2, 20] {
            for seed in 0..5 {
                let outcome = tried(round_trip, 8, |trial, _| {
                    trial.ways[0].jitter = Duration::from_millis(jitter_ms);
                    trial.seed = seed;
                });
                assert!(part(&outcome, 2, 8) >= least, "{jitter_ms} {round_trip} {seed}");
            }
        }
    }
}

#[test]
fn over_a_satellite_pictures_flow_and_the_queue_stays_short() {
    let mut trial = Trial::new(Carrier::Yielding, 600, 10);
    (trial.lasts, trial.counts_from) = (20 * SECOND, 6 * SECOND);
    let outcome = Rig::new(trial).run();
    assert!(percentile(&outcome.states, 95) <= 10.0);
    assert!(part(&outcome, 6, 20) >= 0.2);
}

#[test]
fn a_local_network_carries_every_picture() {
    for rate in [100_000_000, 1_000_000_000] {
        let mut trial = Trial::new(Carrier::Yielding, 0, 40);
        for way in &mut trial.ways {
            (way.rate, way.delay) = (rate, Duration::from_micros(100));
        }
        let (from, to) = (trial.counts_from, trial.lasts);
        let outcome = Rig::new(trial).run();
        assert!(outcome.rate(0, from, to) >= 59.0);
        assert!(percentile(&outcome.states, 95) <= 10.0);
    }
}

#[test]
fn a_small_flow_on_a_wide_link_is_never_held_back() {
    let mut trial = Trial::new(Carrier::Yielding, 20, 1);
    trial.lasts = 8 * SECOND;
    let outcome = Rig::new(trial).run();
    assert!(outcome.rate(0, SECOND, 8 * SECOND) >= 59.0);
    assert!(outcome.age_p95(SECOND) <= 13.0);
}
