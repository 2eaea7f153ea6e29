//! Outages of the network, with the real QUIC between the two real cores.

use core::fmt::Write as _;

use super::*;

/// Outages of each length.
const TIMES: u32 = 20;

/// Of the tables on the page.
const HEAD: &str =
    "| dark | times | longest wait | held | stale | session |\n|---|---|---|---|---|---|\n";

/// How much later than a round trip the first command after an outage may pass.
const MARGIN: Duration = Duration::from_millis(3);

/// The robot tells its state this often.
const STATE_EVERY: Duration = Duration::from_millis(2);

/// Steers, is cut off for so long in the middle of a motion, and comes back. Returns the theatre 200 ms after that,
/// and how long the robot waited for a command that goes by a fresh state.
fn cut_off(dark: Duration, seed: u32) -> (Theatre, Pointer, Option<Duration>) {
    let (mut t, mut hand) = over(Transport::Quic, &profile(), &one_way(ONE_WAY), u64::from(seed));
    t.run(&mut hand, 50);
    hand.held = true;
    hand.x = 0.5;
    t.run(&mut hand, 1_500 + seed * 7);
    assert_eq!(t.state(), OperatingState::Engaged);
    t.faults.dark = true;
    t.run(&mut hand, u32::try_from(dark.as_millis()).unwrap());
    t.faults.dark = false;
    let (back, soft) = (t.world_now(), profile().freshness.loop_age_soft);
    let mut first = None;
    for _ in 0..200 {
        let before = t.told().map(|told| told.seq);
        t.step(&mut hand);
        let waited = t.world_now().saturating_sub(back);
        let told = t.told().filter(|told| Some(told.seq) != before);
        let age = told.and_then(|told| told.loop_age);
        if age.is_some_and(|age| age <= soft.min(waited + STATE_EVERY)) {
            first = first.or(Some(waited));
        }
    }
    (t, hand, first)
}

/// CMD-SILENCE: twenty outages of each length that a session survives. Nothing stale is followed, the first fresh
/// command passes within a round trip, and what was held is held until the operator engages again.
#[test]
fn after_an_outage_a_fresh_command_passes_within_a_round_trip_and_nothing_stale_does() {
    let mut page = String::from(HEAD);
    for (ms, holds) in [(50, false), (300, true), (2_000, true)] {
        let (mut longest, mut held, mut stale) = (Duration::ZERO, 0, 0);
        for seed in 0..TIMES {
            let (mut t, mut hand, first) = cut_off(Duration::from_millis(ms), seed);
            let first = first.expect("a fresh command");
            longest = longest.max(first);
            assert!(first <= 2 * ONE_WAY + MARGIN + STATE_EVERY, "{ms} ms, {seed}: {first:?}");
            assert_eq!(t.carrier().ended(), [""; 0], "the session survives");
            let is_held = t.state() == OperatingState::Hold;
            assert_eq!(is_held, holds, "{ms} ms, {seed}: {:?}", t.state());
            held += u32::from(is_held);
            if is_held {
                let followed = t.record().followed;
                t.run(&mut hand, 1_000);
                assert_eq!(t.record().followed, followed, "not before it is engaged again");
                engage_again(&mut t, &mut hand);
                assert_eq!(t.state(), OperatingState::Engaged);
            }
            stale += t.record().stale;
        }
        assert_eq!(stale, 0);
        let wait = longest.as_millis();
        let _ = writeln!(page, "| {ms} ms | {TIMES} | {wait} ms | {held} | {stale} | goes on |");
    }
    println!("{page}");
    holds("outages", &page);
}

/// AUTHORITY: an outage as long as a silence that QUIC allows ends the session on both sides, with that word; the
/// robot holds, and nothing is followed any more.
#[test]
fn an_outage_beyond_the_limit_ends_the_session_and_nothing_is_followed() {
    const MS: u64 = 10_100;
    let (mut held, mut stale) = (0, 0);
    for seed in 0..TIMES {
        let (t, _, _) = cut_off(Duration::from_millis(MS), seed);
        assert_eq!(t.carrier().ended(), ["E-LNK-SILENT", "E-LNK-SILENT"]);
        assert!(!t.state().follows(), "{:?}", t.state());
        let stops = t.record().transitions.iter().filter(|(_, t)| t.to == OperatingState::Hold);
        held += u32::from(stops.count() == 1);
        stale += t.record().stale;
    }
    assert_eq!((held, stale), (TIMES, 0));
    let row = format!("| {MS} ms | {TIMES} | – | {held} | {stale} | ended, `E-LNK-SILENT` |\n");
    holds("ends", &format!("{HEAD}{row}"));
}
