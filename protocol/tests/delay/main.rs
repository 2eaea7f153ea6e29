//! Pictures yield to commands on a full link: real QUIC in virtual time over one bottleneck.
//!
//! `cargo test -p protocol --all-features --test delay -- --nocapture issue` prints the tables of
//! ADR 0015.
#![cfg(feature = "quic")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails says where"
)]
#![allow(clippy::print_stdout, reason = "the tables are what the documents quote")]

mod ends;
mod path;
mod rig;
mod troubles;

use path::{RATE, SECOND};
use rig::{Carrier, Outcome, Rig, Trial, percentile};

/// What a command may wait behind pictures, at the 95th percentile. Unit: ms.
const ADDED_MAX_MS: f64 = 10.0;

/// Runs a trial and prints a row about it.
fn row(trial: &Trial) -> Outcome {
    let outcome = Rig::new(trial.clone()).run();
    let shared = if trial.flipped { &outcome.commands } else { &outcome.states };
    let (from, to) = (trial.counts_from, trial.lasts);
    println!(
        "| {:?} | {} ms | {} Mbit/s | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} % | {:.0} ms |",
        trial.carrier,
        (trial.ways[0].delay + trial.ways[1].delay).as_millis(),
        trial.offered[0] / 1_000_000,
        percentile(shared, 50),
        percentile(shared, 95),
        percentile(shared, 99),
        outcome.rate(0, from, to),
        outcome.bits(0, from, to) * 100.0 / RATE as f64,
        outcome.age_p95(from),
    );
    outcome
}

fn head() {
    println!(
        "| pictures | round trip | offered | +p50 ms | +p95 ms | +p99 ms | pictures/s | use | age |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

#[test]
fn issue_states_wait_at_most_10_ms_behind_pictures() {
    head();
    for round_trip in [2, 20, 100] {
        for offered in [15, 25, 40] {
            let trial = Trial::new(Carrier::Yielding, round_trip, offered);
            let outcome = row(&trial);
            assert!(percentile(&outcome.states, 95) <= ADDED_MAX_MS, "states: {trial:?}");
            assert!(percentile(&outcome.commands, 95) <= ADDED_MAX_MS, "commands: {trial:?}");
            if offered == 40 && round_trip <= 20 {
                let bits = outcome.bits(0, trial.counts_from, trial.lasts);
                assert!(bits >= 0.75 * RATE as f64, "{bits} bit/s: {trial:?}");
            }
        }
    }
}

#[test]
fn issue_commands_that_go_the_way_of_pictures_wait_at_most_10_ms() {
    head();
    for round_trip in [2, 20, 100] {
        for offered in [15, 25, 40] {
            let mut trial = Trial::new(Carrier::Yielding, round_trip, offered);
            trial.flipped = true;
            let outcome = row(&trial);
            assert!(percentile(&outcome.commands, 95) <= ADDED_MAX_MS, "commands: {trial:?}");
            assert!(percentile(&outcome.states, 95) <= ADDED_MAX_MS, "states: {trial:?}");
        }
    }
}

/// What the controller prevents, and proof that the tests above would see it.
#[test]
fn issue_loss_based_control_fills_the_queue() {
    head();
    for carrier in [Carrier::Cubic, Carrier::Bbr, Carrier::Shared] {
        for round_trip in [2, 20, 100] {
            for offered in [15, 25, 40] {
                let outcome = row(&Trial::new(carrier, round_trip, offered));
                if offered == 40 && carrier != Carrier::Bbr {
                    assert!(percentile(&outcome.states, 95) > 10.0 * ADDED_MAX_MS);
                }
            }
        }
    }
}

#[test]
fn one_seed_is_one_run() {
    let mut trial = Trial::new(Carrier::Yielding, 20, 40);
    trial.ways[0].loss_permille = 20;
    trial.ways[0].jitter = std::time::Duration::from_millis(10);
    assert_eq!(Rig::new(trial.clone()).run(), Rig::new(trial).run());
}

/// Between and around the points of the issue there is no cliff.
#[test]
fn at_other_rates_and_round_trips_control_frames_wait_hardly_longer() {
    let mut worst = (0.0, String::new());
    for round_trip in [1, 10, 60] {
        for offered in [10, 60] {
            for rate in [10, 50, 100] {
                let mut trial = Trial::new(Carrier::Yielding, round_trip, offered);
                trial.lasts = 5 * SECOND;
                trial.ways.iter_mut().for_each(|way| way.rate = rate * 1_000_000);
                let p95 = percentile(&Rig::new(trial).run().states, 95);
                let of = format!("{round_trip} ms, {offered} of {rate} Mbit/s: {p95:.1} ms");
                if p95 > worst.0 {
                    worst = (p95, of);
                }
            }
        }
    }
    println!("worst: {}", worst.1);
    assert!(worst.0 <= 1.2 * ADDED_MAX_MS, "{}", worst.1);
}
