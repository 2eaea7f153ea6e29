//! Networks that lose packets, with the real QUIC between the two real cores.

use core::fmt::Write as _;

use super::*;
use crate::network::{Chance, LossSpec, TwoStates};

/// Steering that is counted. Unit: millisecond.
const LASTS_MS: u32 = 60_000;

/// What the network delivers and the robot does not follow in time, at most.
const MISSED_MAX: f64 = 0.001;

fn chance(share: f64) -> Chance {
    Chance::new(share).unwrap()
}

/// One packet in a hundred, in bursts of eight in the mean.
fn bursts() -> LossSpec {
    let to_good = 1.0 / 8.0;
    let to_bad = to_good * 0.01 / 0.99;
    let states = TwoStates { to_bad: chance(to_bad), to_good: chance(to_good) };
    LossSpec::GilbertElliott { states, good: Chance::NEVER, bad: Chance::ALWAYS }
}

/// What became of the commands of a minute of steering to and fro: those that were followed in the tick in which
/// they arrived, and the rest as the carrier tells it.
fn steered(loss: LossSpec) -> (u64, Tally) {
    let link = LinkSpec { loss, ..one_way(ONE_WAY) };
    let (mut t, mut hand) = over(Transport::Quic, &patient(), &link, 1);
    t.run(&mut hand, 50);
    hand.held = true;
    t.run(&mut hand, 2_000);
    assert!(t.state().follows(), "{loss:?}: {:?}", t.state());
    let (followed, before) = (t.record().in_time, t.carrier().tally().clone());
    for ms in 0..LASTS_MS {
        hand.x = if ms % 2_000 < 1_000 { 0.4 } else { -0.4 };
        t.step(&mut hand);
        assert!(t.state().follows(), "{loss:?}, {ms} ms: {:?} by {:?}", t.state(), last_cause(&t));
    }
    assert_eq!((t.record().stale, t.carrier().ended()), (0, vec![]));
    let mut tally = t.carrier().tally().clone();
    tally.sent -= before.sent;
    tally.lost -= before.lost;
    tally.delivered -= before.delivered;
    tally.arrived -= before.arrived;
    (t.record().in_time - followed, tally)
}

/// What the network delivers is followed in the tick in which it arrives, however much the network loses: nothing
/// is repeated, and nothing waits for what was lost.
#[test]
fn what_a_lossy_network_delivers_is_followed_at_once() {
    let mut page = String::from(
        "| lost | sent | lost by the network | delivered | followed in time | share | added, p99 | added, max |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let cases = [
        ("nothing", LossSpec::Never, 0.0),
        ("1 %, each for itself", LossSpec::Independent(chance(0.01)), 0.01),
        ("5 %, each for itself", LossSpec::Independent(chance(0.05)), 0.05),
        ("1 %, in bursts of 8", bursts(), 0.01),
    ];
    for (name, loss, share) in cases {
        let (followed, tally) = steered(loss);
        let Tally { sent, lost, delivered, arrived, added } = &tally;
        assert_eq!(*sent, u64::from(LASTS_MS), "{name}");
        let got = *lost as f64 / *sent as f64;
        assert!((got - share).abs() <= 0.25 * share, "{name}: {got}");
        // But for what was on its way when counting began, and when it ended.
        assert!((lost + delivered).abs_diff(*sent) <= 10, "{name}: {tally:?}");
        assert_eq!(arrived, delivered, "{name}");
        let in_time = followed as f64 / *delivered as f64;
        assert!(followed <= *delivered && in_time >= 1.0 - MISSED_MAX, "{name}: {in_time}");
        let (p99, max) = (added.percentile(0.99).unwrap(), added.max());
        assert_eq!((p99, max), (Duration::ZERO, Duration::ZERO), "{name}");
        let _ = writeln!(
            page,
            "| {name} | {sent} | {lost} | {delivered} | {followed} | {:.3} % | {} ms | {} ms |",
            100.0 * in_time,
            p99.as_millis(),
            max.as_millis()
        );
    }
    println!("{page}");
    holds("loss", &page);
}
