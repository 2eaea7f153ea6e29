use std::net::{Ipv4Addr, UdpSocket};

use super::super::model::LinkModel;
use super::super::spec::{DelaySpec, LinkSpec, LossSpec, OutageSpec, QueueLimit, RateSpec, When};
use super::super::{Chance, Distribution, LinkPreset};
use super::traffic::{Due, RelayCore};
use super::*;
use crate::noise::Noise;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn late(by: Duration) -> LinkSpec {
    let distribution = Distribution::Constant(by);
    LinkSpec { delay: DelaySpec { distribution, ..DelaySpec::default() }, ..LinkSpec::default() }
}

fn preset(name: &str, spec: &LinkSpec) -> LinkPreset {
    LinkPreset {
        name: name.to_owned(),
        about: "a test".to_owned(),
        up: spec.clone(),
        down: spec.clone(),
        sources: Vec::new(),
        published: Vec::new(),
        assumed: Vec::new(),
    }
}

fn plan(spec: &LinkSpec) -> Plan {
    Plan { preset: preset("test", spec), then: Vec::new(), faults: Vec::new(), seed: 1 }
}

fn drain(core: &mut RelayCore, now: Duration) -> Vec<(Direction, u64, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(Due { direction, client, bytes, .. }) = core.poll_due(now) {
        all.push((direction, client, bytes));
    }
    all
}

#[test]
fn a_packet_waits_until_it_is_due_and_goes_to_its_client() {
    let mut core = RelayCore::new(plan(&late(ms(20))));
    core.handle_packet(ms(0), Direction::Up, 1, b"first");
    core.handle_packet(ms(5), Direction::Down, 2, b"second");
    assert_eq!(core.next_due(), Some(ms(20)));
    assert_eq!(drain(&mut core, ms(19)), []);
    assert_eq!(drain(&mut core, ms(20)), [(Direction::Up, 1, b"first".to_vec())]);
    assert_eq!(drain(&mut core, ms(30)), [(Direction::Down, 2, b"second".to_vec())]);
    assert_eq!(core.next_due(), None);
    let stats = core.stats(ms(30));
    assert_eq!((stats.up.counts.delivered, stats.down.counts.delivered), (1, 1));
    assert_eq!((stats.up.delay.max(), stats.down.late.max()), (ms(20), ms(5)));
}

#[test]
fn pairs_share_one_bottleneck() {
    let bits_per_s = core::num::NonZeroU64::new(1_000_000).unwrap();
    let rate = Some(RateSpec { bits_per_s, queue: QueueLimit::Time(ms(100)) });
    let mut core = RelayCore::new(plan(&LinkSpec { rate, ..late(ms(0)) }));
    // Ten milliseconds each.
    for client in [1, 2, 1] {
        core.handle_packet(ms(0), Direction::Up, client, &[0; 1222]);
    }
    core.handle_packet(ms(0), Direction::Down, 1, &[0; 1222]);
    let due: Vec<_> = std::iter::from_fn(|| core.poll_due(ms(100)))
        .map(|due| (due.at, due.direction, due.client))
        .collect();
    let up = Direction::Up;
    assert_eq!(
        due,
        [(ms(10), up, 1), (ms(10), Direction::Down, 1), (ms(20), up, 2), (ms(30), up, 1)]
    );
}

#[test]
fn a_fault_stops_both_directions_and_then_is_over() {
    let when = When::Once { at: ms(100), length: ms(50) };
    let faults = vec![OutageSpec { when, lose: Chance::ALWAYS }];
    let mut core = RelayCore::new(Plan { faults, ..plan(&late(ms(1))) });
    for at in [99, 100, 149, 150] {
        core.handle_packet(ms(at), Direction::Up, 1, b"x");
        core.handle_packet(ms(at), Direction::Down, 1, b"x");
    }
    assert_eq!(drain(&mut core, ms(200)).len(), 4);
    let stats = core.stats(ms(200));
    assert_eq!((stats.up.counts.lost_outage, stats.down.counts.lost_outage), (2, 2));
}

#[test]
fn a_plan_changes_the_link_and_nothing_overtakes() {
    let then = vec![(ms(100), preset("fast", &late(ms(1))))];
    let mut core = RelayCore::new(Plan { then, ..plan(&late(ms(50))) });
    core.handle_packet(ms(99), Direction::Up, 1, b"slow");
    core.handle_packet(ms(100), Direction::Up, 1, b"fast");
    assert_eq!(core.next_due(), Some(ms(149)));
    let bytes: Vec<_> = drain(&mut core, ms(149)).into_iter().map(|d| d.2).collect();
    assert_eq!(bytes, [b"slow".to_vec(), b"fast".to_vec()]);
    let stats = core.stats(ms(200));
    assert_eq!((stats.preset.as_str(), stats.up.counts.offered), ("fast", 2));
}

#[test]
fn memory_is_bounded_and_what_has_no_room_is_counted() {
    let mut core = RelayCore::new(plan(&late(ms(60_000))));
    let many = traffic::WAITING_MAX as u64 + 10;
    for _ in 0..many {
        core.handle_packet(ms(0), Direction::Up, 1, b"x");
    }
    let stats = core.stats(ms(0));
    assert_eq!(stats.waiting, traffic::WAITING_MAX);
    assert_eq!((stats.up.lost_relay, stats.up.counts.delivered), (10, many));
}

/// Sends back what comes, until a packet says to end.
fn echo() -> (SocketAddr, JoinHandle<u64>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let run = move || {
        let mut buffer = [0; 2048];
        for answered in 0.. {
            let (bytes, from) = socket.recv_from(&mut buffer).unwrap();
            if &buffer[..bytes] == b"end" {
                return answered;
            }
            socket.send_to(&buffer[..bytes], from).unwrap();
        }
        0
    };
    (address, std::thread::spawn(run))
}

fn end(echo: (SocketAddr, JoinHandle<u64>)) -> u64 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.send_to(b"end", echo.0).unwrap();
    echo.1.join().unwrap()
}

/// Real sockets: what is lost is what the model says, and the rest comes back to whom it belongs.
#[test]
fn two_clients_of_two_pairs_get_their_own_back_but_for_what_the_model_loses() {
    let loss = LossSpec::Independent(Chance::new(0.2).unwrap());
    let preset =
        LinkPreset { down: late(ms(1)), ..preset("test", &LinkSpec { loss, ..late(ms(2)) }) };
    let echoes = [echo(), echo()];
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let pairs = [&echoes[0], &echoes[1]].map(|echo| Pair { listen: any, to: echo.0 });
    let plan = Plan { preset, ..plan(&late(ms(0))) };
    let mut model = LinkModel::new(&plan.preset.up, Noise::new(plan.seed).bits());
    let relay = Relay::start(&pairs, plan).unwrap();
    let clients = [0, 1].map(|pair: usize| {
        let socket = UdpSocket::bind(any).unwrap();
        socket.connect(relay.listening()[pair]).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    });
    let mut lost = 0;
    // One client after the other, so that the order in which the model sees packets is known.
    for i in 0..200_u8 {
        let socket = &clients[usize::from(i / 100)];
        while i == 100 && relay.stats().up.counts.offered < 100 {
            std::thread::yield_now();
        }
        socket.send(&[i; 64]).unwrap();
        if matches!(model.offer(Duration::ZERO, 64), super::super::Fate::Lost(_)) {
            lost += 1;
            continue;
        }
        let mut buffer = [0; 2048];
        assert_eq!(socket.recv(&mut buffer).unwrap(), 64);
        assert_eq!(buffer[..64], [i; 64]);
    }
    let stats = relay.end().unwrap();
    assert!((20..60).contains(&lost));
    let (up, down) = (stats.up.counts, stats.down.counts);
    assert_eq!((up.offered, up.lost_medium, up.delivered), (200, lost, 200 - lost));
    assert_eq!((down.offered, down.delivered), (200 - lost, 200 - lost));
    assert_eq!((stats.clients, stats.refused, stats.unsent), (2, 0, 0));
    assert_eq!(echoes.into_iter().map(end).sum::<u64>(), 200 - lost);
}

#[test]
fn an_address_in_use_and_a_loop_are_refused() {
    let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = taken.local_addr().unwrap();
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let refused = |pairs: &[Pair]| Relay::start(pairs, plan(&late(ms(0)))).unwrap_err().to_string();
    let listen = refused(&[Pair { listen: at, to }]);
    assert!(listen.starts_with(&format!("can not listen at {at}: ")), "{listen}");
    drop(taken);
    assert!(refused(&[Pair { listen: at, to: at }]).contains("to be relayed to itself"));
    assert_eq!(refused(&[]), "a relay has 1 to 8 pairs of addresses, this has 0");
}
