//! What carries frames, over the link model.

use core::num::NonZeroU64;

use super::*;
use crate::network::{
    Chance, LossSpec, Order, OutageSpec, QueueLimit, RateSpec, ReorderSpec, When,
};

const BOTH: [Transport; 2] = [Transport::Frames, Transport::Quic];

/// Everything that a network may do, a little of each.
fn rough() -> LinkSpec {
    let chance = |share| Chance::new(share).unwrap();
    let mut link = one_way(ONE_WAY);
    link.delay.jitter = Duration::from_micros(900);
    link.delay.order = Order::Free;
    link.loss = LossSpec::Independent(chance(0.01));
    link.reorder = Some(ReorderSpec { chance: chance(0.01), by: ONE_WAY });
    link.duplicate = chance(0.01);
    let when = When::Once { at: Duration::from_secs(3), length: Duration::from_millis(30) };
    link.outages = vec![OutageSpec { when, lose: Chance::ALWAYS }];
    let queue = QueueLimit::Time(Duration::from_millis(50));
    link.rate = Some(RateSpec { bits_per_s: NonZeroU64::new(5_000_000).unwrap(), queue });
    link
}

/// Steers for so long; the numbers and the times of all commands that arrived, and the tally.
fn arrivals(
    transport: Transport,
    link: &LinkSpec,
    seed: u64,
    ms: u32,
) -> (Vec<(u64, Duration)>, Tally) {
    let (mut t, mut hand) = over(transport, &patient(), link, seed);
    t.run(&mut hand, 50);
    (hand.held, hand.x) = (true, 0.3);
    let mut all = Vec::new();
    for _ in 0..ms {
        t.step(&mut hand);
        if t.is_new {
            all.push((t.newest, t.world_now()));
        }
    }
    assert_eq!(t.state(), OperatingState::Engaged, "{transport:?}");
    assert_eq!(t.record().stale, 0);
    (all, t.carrier().tally().clone())
}

#[test]
fn one_seed_is_one_run_over_either() {
    for transport in BOTH {
        let run = |seed| arrivals(transport, &rough(), seed, 4_000);
        let (first, tally) = run(7);
        assert!(first.len() > 3_000 && tally.lost > 30, "{transport:?}: {tally:?}");
        let (again, same) = run(7);
        assert!(first == again && tally == same, "{transport:?}");
        assert!(first != run(8).0, "{transport:?}");
    }
}

#[test]
fn a_link_that_is_only_late_delivers_every_command_in_time_over_either() {
    for transport in BOTH {
        let (all, tally) = arrivals(transport, &one_way(ONE_WAY), 1, 2_000);
        let numbers: Vec<u64> = all.iter().map(|(seq, _)| *seq).collect();
        assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "{transport:?}");
        assert!(all.windows(2).all(|two| two[1].1 == two[0].1 + STEP), "{transport:?}");
        let on_their_way = tally.sent - tally.delivered;
        assert_eq!((tally.lost, tally.arrived), (0, tally.delivered), "{transport:?}");
        assert!(on_their_way <= 10, "{transport:?}: {on_their_way}");
        assert_eq!(tally.added.max(), Duration::ZERO, "{transport:?}");
    }
}

#[test]
fn what_the_network_lost_and_what_it_delivered_is_all_that_was_sent() {
    for transport in BOTH {
        let (_, tally) = arrivals(transport, &rough(), 3, 4_000);
        let known = tally.lost + tally.delivered;
        assert!(known <= tally.sent && known + 30 >= tally.sent, "{transport:?}: {tally:?}");
        assert_eq!(tally.arrived, tally.delivered, "{transport:?}");
    }
}

/// Nothing is sent in the dark, and what was on its way still arrives.
#[test]
fn in_the_dark_nothing_is_sent_either_way() {
    for transport in BOTH {
        let (mut t, mut hand) = over(transport, &patient(), &one_way(ONE_WAY), 1);
        t.run(&mut hand, 100);
        t.faults.dark = true;
        t.run(&mut hand, 10);
        let (commands, states) = (t.newest, t.operator().newest_state().unwrap().seq);
        t.run(&mut hand, 40);
        let after = (t.newest, t.operator().newest_state().unwrap().seq);
        assert_eq!(after, (commands, states), "{transport:?}");
        t.faults.dark = false;
        t.run(&mut hand, 10);
        assert_eq!(t.newest, commands + 51, "{transport:?}: the first after fifty that were lost");
        t.run(&mut hand, 5);
        assert!(t.operator().newest_state().unwrap().seq > states, "{transport:?}");
    }
}

/// A link that is as wide as the frames are with what QUIC adds to them, and no wider.
#[test]
fn frames_take_as_much_of_a_narrow_link_as_the_packets_of_quic() {
    use crate::network::HEADER_BYTES;
    use protocol::frame::command::COMMAND_BYTES;
    let wire = COMMAND_BYTES as u64 + SEALED_BYTES as u64 + HEADER_BYTES;
    let queue = QueueLimit::Time(Duration::from_millis(20));
    let wide =
        |bytes: u64| Some(RateSpec { bits_per_s: NonZeroU64::new(bytes * 8_000).unwrap(), queue });
    for transport in BOTH {
        let lost = |rate| {
            let (mut t, mut hand) = over(transport, &patient(), &one_way(ONE_WAY), 1);
            let narrow = LinkSpec { rate, ..one_way(ONE_WAY) };
            t.carrier = transport.carrier(&narrow, &one_way(ONE_WAY), 1).unwrap();
            t.run(&mut hand, 4_000);
            t.carrier().tally().lost
        };
        // An acknowledgement now and then is what QUIC sends beside.
        assert_eq!(lost(wide(wire + 8)), 0, "{transport:?}");
        assert!(lost(wide(wire - 8)) > 50, "{transport:?}");
    }
}

#[test]
fn a_link_that_is_slower_than_a_handshake_may_be_is_refused() {
    let link = one_way(Duration::from_secs(3));
    let refused = Transport::Quic.carrier(&link, &link, 1).err();
    assert_eq!(refused.map(|why| why.code()), Some("E-LNK-TIMEOUT"));
}
