//! Two ends of the link in virtual time, over a network that is two queues.

use core::time::Duration;
use std::collections::VecDeque;

use super::*;
use crate::link::{Authority, tls};

/// One direction: packets on their way, each with when it arrives.
type Wire = VecDeque<(Instant, SocketAddr, Vec<u8>)>;

const MS: Duration = Duration::from_millis(1);

struct World {
    now: Instant,
    delay: Duration,
    robot: ControlLink,
    console: ControlLink,
    up: Wire,
    down: Wire,
    robot_at: SocketAddr,
    console_at: SocketAddr,
    /// Packets for which this is true are lost; counts both ways.
    lose: fn(u64) -> bool,
    sent: u64,
    longest: usize,
    heard: Vec<(char, Event)>,
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn way(address: SocketAddr) -> Way {
    Way { port: 0, address }
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "the origin of virtual time")]
    fn new(role: Role) -> Self {
        let authority = Authority::create("north").unwrap();
        let robot = authority.issue(Role::Robot, "theatre-4", 1).unwrap();
        let console = authority.issue(role, "anna", 1).unwrap();
        Self {
            now: Instant::now(),
            delay: 5 * MS,
            robot: ControlLink::robot(&robot, &[Role::Operator], Some([1; 32])).unwrap(),
            console: ControlLink::console(&console, Some([2; 32])).unwrap(),
            up: Wire::new(),
            down: Wire::new(),
            robot_at: at("192.0.2.1:4610"),
            console_at: at("198.51.100.7:50000"),
            lose: |_| false,
            sent: 0,
            longest: 0,
            heard: Vec::new(),
        }
    }

    /// One millisecond.
    fn step(&mut self) {
        self.now += MS;
        let mut packet = Vec::new();
        while self.up.front().is_some_and(|(due, ..)| *due <= self.now) {
            let (_, from, bytes) = self.up.pop_front().unwrap();
            self.robot.receive(way(from), &bytes, self.now);
        }
        while self.down.front().is_some_and(|(due, ..)| *due <= self.now) {
            let (_, from, bytes) = self.down.pop_front().unwrap();
            self.console.receive(way(from), &bytes, self.now);
        }
        self.robot.elapse(self.now);
        self.console.elapse(self.now);
        while let Some(Way { address: to, .. }) = self.console.transmit(&mut packet, self.now) {
            self.sent += 1;
            self.longest = self.longest.max(packet.len());
            if to == self.robot_at && !(self.lose)(self.sent) {
                self.up.push_back((self.now + self.delay, self.console_at, packet.clone()));
            }
        }
        while let Some(Way { address: to, .. }) = self.robot.transmit(&mut packet, self.now) {
            self.sent += 1;
            if to == self.console_at && !(self.lose)(self.sent) {
                self.down.push_back((self.now + self.delay, self.robot_at, packet.clone()));
            }
        }
        while let Some(event) = self.robot.poll() {
            self.heard.push(('r', event));
        }
        while let Some(event) = self.console.poll() {
            self.heard.push(('c', event));
        }
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.step();
        }
    }

    /// A call that is joined on both sides: the console's, then the robot's.
    fn joined(&mut self) -> (CallId, CallId) {
        let call = self.console.call(self.robot_at, self.now).unwrap();
        self.run(100);
        let robots = self.heard.iter().find_map(|(who, event)| match event {
            Event::Joined { call, .. } if *who == 'r' => Some(*call),
            _ => None,
        });
        self.heard.clear();
        (call, robots.expect("joined"))
    }

    fn frames(&self, at: char) -> usize {
        let frame = |(who, e): &&(char, Event)| *who == at && matches!(e, Event::Frame { .. });
        self.heard.iter().filter(frame).count()
    }

    /// Commands and states, each a millisecond.
    fn flow(&mut self, (console, robot): (CallId, CallId), ms: u64) {
        for _ in 0..ms {
            self.console.send_frame(console, &[7; 150]).unwrap();
            self.robot.send_frame(robot, &[8; 258]).unwrap();
            self.step();
        }
    }
}

#[test]
fn a_call_is_joined_on_both_sides_and_frames_go_both_ways() {
    let mut world = World::new(Role::Operator);
    let call = world.console.call(world.robot_at, world.now).unwrap();
    world.run(100);
    let peers: Vec<_> = world
        .heard
        .drain(..)
        .map(|(who, event)| match event {
            Event::Joined { peer, .. } => (who, peer.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [('r', "operator anna".to_owned()), ('c', "robot theatre-4".to_owned())];
    assert_eq!(peers, expected);
    world.console.send_frame(call, &[1; 150]).unwrap();
    world.run(10);
    let got = world.heard.pop();
    assert!(matches!(got, Some(('r', Event::Frame { bytes, .. })) if bytes[..] == [1; 150]));
}

#[test]
fn who_may_not_is_told_so_on_both_sides() {
    let mut world = World::new(Role::Observer);
    world.console.call(world.robot_at, world.now).unwrap();
    world.run(100);
    let why: Vec<_> = world
        .heard
        .iter()
        .map(|(who, event)| match event {
            Event::Ended { why, .. } => (*who, why.code()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(why, [('r', "E-LNK-ROLE"), ('c', "E-LNK-ROLE")]);
    world.run(1_000);
    assert!(world.robot.is_idle() && world.console.is_idle());
}

#[test]
fn another_version_is_told_so_on_both_sides() {
    let mut world = World::new(Role::Operator);
    let authority = Authority::create("north").unwrap();
    let identity = authority.issue(Role::Operator, "anna", 1).unwrap();
    let older = tls::client(&identity, "farreach/1").unwrap();
    let crypto = quinn_proto::crypto::rustls::QuicClientConfig::try_from(older).unwrap();
    let End::Console { config } = &mut world.console.end else { panic!() };
    *config = ClientConfig::new(Arc::new(crypto));
    world.console.call(world.robot_at, world.now).unwrap();
    world.run(100);
    let ended = |(who, event): &(char, Event)| match event {
        Event::Ended { why, .. } => (*who, why.code()),
        other => panic!("{other:?}"),
    };
    let why: Vec<_> = world.heard.iter().map(ended).collect();
    assert_eq!(why, [('r', "E-LNK-VERSION"), ('c', "E-LNK-VERSION")]);
}

#[test]
fn nobody_there_is_said_once_the_time_is_up() {
    let mut world = World::new(Role::Operator);
    world.lose = |_| true;
    world.console.call(world.robot_at, world.now).unwrap();
    world.run(HANDSHAKE_MAX_MS + 50);
    let [('c', Event::Ended { why, .. })] = &world.heard[..] else { panic!("{:?}", world.heard) };
    assert_eq!(why.code(), "E-LNK-TIMEOUT");
    // QUIC says good-bye for three times its timer, which has grown meanwhile.
    world.run(30_000);
    assert!(world.console.is_idle());
}

#[test]
fn messages_arrive_whole_in_order_and_despite_loss() {
    use crate::session::{OperatorMessage, decode};
    let mut world = World::new(Role::Operator);
    let (console, robot) = world.joined();
    world.lose = |n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62 == 0;
    for request in 1..=20 {
        world.console.say(console, &OperatorMessage::Stop { request }).unwrap();
    }
    let mut got = Vec::new();
    for _ in 0..3_000 {
        world.flow((console, robot), 1);
        while let Some(bytes) = world.robot.message(robot).unwrap() {
            got.push(decode::<OperatorMessage>(&bytes).unwrap());
        }
    }
    let said: Vec<_> = (1..=20).map(|request| OperatorMessage::Stop { request }).collect();
    assert_eq!(got, said);
}

#[test]
fn a_frame_that_has_not_left_is_replaced_by_the_next() {
    let mut world = World::new(Role::Operator);
    let (console, _) = world.joined();
    for n in 0..50 {
        world.console.send_frame(console, &[n; 150]).unwrap();
    }
    world.run(20);
    let frames: Vec<_> = world
        .heard
        .iter()
        .filter_map(|(_, e)| if let Event::Frame { bytes, .. } = e { Some(bytes[0]) } else { None })
        .collect();
    assert_eq!(frames, [49]);
}

/// The way back after a blackout is as long as the network, not as a timer: nobody waits for QUIC.
#[test]
fn after_a_blackout_the_first_frame_arrives_at_once() {
    for dark_ms in [50, 300, 2_000, 9_000] {
        let mut world = World::new(Role::Operator);
        let calls = world.joined();
        world.flow(calls, 500);
        world.lose = |_| true;
        world.flow(calls, dark_ms);
        world.heard.clear();
        world.lose = |_| false;
        // One way takes five milliseconds, and the frame of this millisecond is the first.
        world.flow(calls, 5);
        assert_eq!(world.frames('r'), 0, "{dark_ms}");
        world.flow(calls, 1);
        assert_eq!((world.frames('r'), world.frames('c')), (1, 1), "{dark_ms}");
        world.flow(calls, 100);
        assert_eq!((world.frames('r'), world.frames('c')), (101, 101), "{dark_ms}");
    }
}

#[test]
fn a_call_that_hears_nothing_for_too_long_ends_with_that_word() {
    let mut world = World::new(Role::Operator);
    let calls = world.joined();
    world.flow(calls, 100);
    world.heard.clear();
    world.lose = |_| true;
    world.run(10_500);
    let why: Vec<_> = world
        .heard
        .iter()
        .filter_map(|(who, e)| match e {
            Event::Ended { why, .. } => Some((*who, why.code())),
            _ => None,
        })
        .collect();
    assert_eq!(why.len(), 2, "{why:?}");
    assert!(why.iter().all(|(_, code)| *code == "E-LNK-SILENT"), "{why:?}");
}

/// With IPv6 and UDP around it, a command fits the 255 bytes of a burst that a mobile network guarantees;
/// and what acknowledges does not grow with what is lost.
#[test]
fn packets_stay_short_and_few_whatever_is_lost() {
    const HEADERS: usize = 40 + 8;
    let packets = |lose: fn(u64) -> bool| {
        let mut world = World::new(Role::Operator);
        let calls = world.joined();
        world.lose = lose;
        world.flow(calls, 500);
        (world.sent, world.longest) = (0, 0);
        world.flow(calls, 5_000);
        (world.sent, world.longest + HEADERS)
    };
    let clean = packets(|_| false);
    for lossy in [packets(|n| n % 100 == 0), packets(|n| n % 20 == 0), packets(|n| n % 50 < 5)] {
        println!("clean {clean:?}, lossy {lossy:?}");
        assert!(lossy.1 <= 255, "{lossy:?}");
        assert!(lossy.0 as f64 <= 1.02 * clean.0 as f64, "{lossy:?} {clean:?}");
    }
    assert!(clean.1 <= 255, "{clean:?}");
}

#[test]
fn the_console_may_move_and_so_may_the_robot() {
    let mut world = World::new(Role::Operator);
    let calls = world.joined();
    world.flow(calls, 100);
    world.console_at = at("203.0.113.9:40000");
    world.flow(calls, 100);
    world.heard.clear();
    world.flow(calls, 100);
    assert_eq!((world.frames('r'), world.frames('c')), (100, 100), "the console moved");
    world.robot_at = at("203.0.113.200:4610");
    world.flow(calls, 100);
    world.heard.clear();
    world.flow(calls, 100);
    assert_eq!((world.frames('r'), world.frames('c')), (100, 100), "the robot moved");
    assert_eq!(world.console.address(calls.0), Some(world.robot_at));
}

#[test]
fn a_stranger_can_not_draw_the_commands_to_itself() {
    let mut world = World::new(Role::Operator);
    let calls = world.joined();
    world.flow(calls, 50);
    let stranger = at("203.0.113.66:4610");
    let overheard = world.down.front().map(|(_, _, bytes)| bytes.clone()).unwrap();
    world.flow(calls, 20);
    for packet in [overheard, vec![0x41; 200], vec![0xC0; 1_200]] {
        world.console.receive(way(stranger), &packet, world.now);
        assert_eq!(world.console.address(calls.0), Some(world.robot_at));
    }
}

/// 50,000 packets a second of strangers, some of which look like the beginning of a call: nothing grows, and no
/// frame is lost for it.
#[test]
fn a_flood_of_strangers_costs_no_memory_and_no_frame() {
    let mut world = World::new(Role::Operator);
    let calls = world.joined();
    world.flow(calls, 100);
    world.heard.clear();
    let mut lot = 1_u64;
    let mut draw = || {
        lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lot >> 33
    };
    for _ in 0..1_000 {
        for _ in 0..50 {
            let mut packet: Vec<u8> = (0..draw() % 1_300).map(|_| draw() as u8).collect();
            if draw() % 2 == 0 && packet.len() > 20 {
                // A long header of the version in force, with connection numbers of eight bytes.
                packet[..6].copy_from_slice(&[0xC3, 0, 0, 0, 1, 8]);
                packet[14] = 8;
            }
            let from = SocketAddr::from(([203, 0, 113, draw() as u8], draw() as u16));
            world.robot.receive(way(from), &packet, world.now);
        }
        assert!(world.robot.calls.len() <= 1 + WAITING_MAX);
        assert!(world.robot.answers.len() <= ANSWERS_MAX);
        world.flow(calls, 1);
    }
    world.run(10);
    assert_eq!((world.frames('r'), world.frames('c')), (1_005, 1_005), "five were on their way");
}

/// Callers that begin and never go on hold a place for a while, and no more than there are places.
#[test]
fn callers_that_never_go_on_are_bounded_and_forgotten() {
    let mut world = World::new(Role::Operator);
    let authority = Authority::create("north").unwrap();
    let identity = authority.issue(Role::Operator, "anna", 1).unwrap();
    for port in 1..=3 * WAITING_MAX as u16 {
        let from = SocketAddr::from(([203, 0, 113, 5], port));
        let mut caller = ControlLink::console(&identity, None).unwrap();
        caller.call(world.robot_at, world.now).unwrap();
        // It proves its address, sends its first flight, and is never heard again.
        let mut packet = Vec::new();
        for _ in 0..2 {
            while caller.transmit(&mut packet, world.now).is_some() {
                world.robot.receive(way(from), &packet, world.now);
            }
            while world.robot.transmit(&mut packet, world.now).is_some() {
                caller.receive(way(world.robot_at), &packet, world.now);
            }
        }
        let waiting = world.robot.calls.iter().filter(|call| call.is_waiting()).count();
        assert!(waiting <= WAITING_MAX, "{waiting}");
    }
    assert!(!world.robot.is_idle());
    world.run(60_000);
    assert!(world.robot.is_idle(), "all are forgotten");
}
