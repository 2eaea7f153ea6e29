//! Outages of the network, with the real QUIC between the two real cores.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use protocol::frame::CommandFrame;
use protocol::link::control::{CallId, ControlLink, Event, Way};
use protocol::link::{Authority, Role};

use super::*;

/// One way. A round trip is twice that.
const ONE_WAY: Duration = Duration::from_millis(10);

/// How much later than a round trip the first command after an outage may pass.
const MARGIN: Duration = Duration::from_millis(3);

/// The robot tells its state this often.
const STATE_EVERY: Duration = Duration::from_millis(2);

type Wire = VecDeque<(Duration, Vec<u8>)>;

/// QUIC on both ends, and a network with a switch.
struct Net {
    base: Instant,
    robot: ControlLink,
    console: ControlLink,
    call: CallId,
    answered: Option<CallId>,
    up: Wire,
    down: Wire,
    dark: bool,
    commands: VecDeque<CommandFrame>,
    states: VecDeque<StateFrame>,
    /// Of each state that the robot told: when, and how old the state was that steered.
    loop_ages: Vec<(Duration, Option<Duration>)>,
    ended: Vec<&'static str>,
}

#[derive(Clone)]
struct Quic(Rc<RefCell<Net>>);

fn way(who: u8) -> Way {
    Way { port: 0, address: ([192, 0, 2, who], 4610).into() }
}

impl Net {
    #[expect(clippy::disallowed_methods, reason = "the origin of virtual time")]
    fn joined() -> Rc<RefCell<Self>> {
        let authority = Authority::create("north").unwrap();
        let issue = |role| authority.issue(role, "x", 1).unwrap();
        let base = Instant::now();
        let (keys, seeds) = ((issue(Role::Robot), issue(Role::Operator)), ([1; 32], [2; 32]));
        let robot = ControlLink::robot(&keys.0, &[Role::Operator], Some(seeds.0)).unwrap();
        let mut console = ControlLink::console(&keys.1, Some(seeds.1)).unwrap();
        let call = console.call(way(1).address, base).unwrap();
        let mut net = Self {
            base,
            robot,
            console,
            call,
            answered: None,
            up: Wire::new(),
            down: Wire::new(),
            dark: false,
            commands: VecDeque::new(),
            states: VecDeque::new(),
            loop_ages: Vec::new(),
            ended: Vec::new(),
        };
        for ms in 0..200 {
            net.carry(Duration::from_millis(ms));
        }
        assert!(net.answered.is_some(), "joined");
        Rc::new(RefCell::new(net))
    }

    /// Moves packets.
    fn carry(&mut self, now: Duration) {
        let at = self.base + now;
        let arrived = |wire: &mut Wire| {
            wire.front().is_some_and(|(due, _)| *due <= now).then(|| wire.pop_front().unwrap().1)
        };
        while let Some(packet) = arrived(&mut self.up) {
            self.robot.receive(way(2), &packet, at);
        }
        while let Some(packet) = arrived(&mut self.down) {
            self.console.receive(way(1), &packet, at);
        }
        self.robot.elapse(at);
        self.console.elapse(at);
        let mut packet = Vec::new();
        while self.console.transmit(&mut packet, at).is_some() {
            if !self.dark {
                self.up.push_back((now + ONE_WAY, packet.clone()));
            }
        }
        while self.robot.transmit(&mut packet, at).is_some() {
            if !self.dark {
                self.down.push_back((now + ONE_WAY, packet.clone()));
            }
        }
        while let Some(event) = self.robot.poll() {
            match event {
                Event::Joined { call, .. } => self.answered = Some(call),
                Event::Frame { bytes, .. } => {
                    self.commands.push_back(CommandFrame::decode(&bytes).unwrap());
                }
                Event::Ended { why, .. } => self.ended.push(why.code()),
            }
        }
        while let Some(event) = self.console.poll() {
            match event {
                Event::Joined { .. } => {}
                Event::Frame { bytes, .. } => {
                    self.states.push_back(StateFrame::decode(&bytes).unwrap());
                }
                Event::Ended { why, .. } => self.ended.push(why.code()),
            }
        }
    }
}

impl Carrier for Quic {
    fn send_command(&mut self, frame: &CommandFrame, now: Duration) {
        let mut net = self.0.borrow_mut();
        let call = net.call;
        // A call that has ended takes none.
        let _ = net.console.send_frame(call, &frame.encode().unwrap());
        net.carry(now);
    }

    fn send_state(&mut self, frame: &StateFrame, now: Duration) {
        let mut net = self.0.borrow_mut();
        net.loop_ages.push((now, frame.loop_age));
        let call = net.answered.unwrap();
        let _ = net.robot.send_frame(call, &frame.encode().unwrap());
        net.carry(now);
    }

    fn next_command(&mut self, now: Duration) -> Option<CommandFrame> {
        let mut net = self.0.borrow_mut();
        net.carry(now);
        net.commands.pop_front()
    }

    fn next_state(&mut self, now: Duration) -> Option<StateFrame> {
        let mut net = self.0.borrow_mut();
        net.carry(now);
        net.states.pop_front()
    }
}

/// Steers, is cut off for so long in the middle of a motion, and comes back. Returns the theatre 200 ms after that,
/// and how long the robot waited for a command that goes by a fresh state.
fn cut_off(dark: Duration, seed: u32) -> (Theatre, Pointer, Rc<RefCell<Net>>, Option<Duration>) {
    let net = Net::joined();
    let carrier = Box::new(Quic(Rc::clone(&net)));
    let mut t = Theatre::ready_over(&profile(), Delays::default(), 1, carrier).unwrap();
    let mut hand = Pointer::new();
    t.run(&mut hand, 50);
    hand.held = true;
    hand.x = 0.5;
    t.run(&mut hand, 1_500 + seed * 7);
    assert_eq!(t.state(), OperatingState::Engaged);
    net.borrow_mut().dark = true;
    t.run(&mut hand, u32::try_from(dark.as_millis()).unwrap());
    net.borrow_mut().dark = false;
    let back = t.world_now();
    t.run(&mut hand, 200);
    let soft = profile().freshness.loop_age_soft;
    let fresh = |(at, age): &(Duration, Option<Duration>)| {
        let waited = at.checked_sub(back).filter(|waited| !waited.is_zero())?;
        age.filter(|age| *age <= soft.min(waited + STATE_EVERY)).map(|_| waited)
    };
    let first = net.borrow().loop_ages.iter().find_map(fresh);
    (t, hand, net, first)
}

/// CMD-SILENCE: twenty outages of each length that a session survives. Nothing stale is followed, the first fresh
/// command passes within a round trip, and what was held is held until the operator engages again.
#[test]
fn after_an_outage_a_fresh_command_passes_within_a_round_trip_and_nothing_stale_does() {
    println!("{:>8} {:>8} {:>12} {:>10} {:>8}", "dark", "times", "longest wait", "held", "stale");
    for (ms, holds) in [(50, false), (300, true), (2_000, true)] {
        let (mut longest, mut held, mut stale) = (Duration::ZERO, 0, 0);
        for seed in 0..20 {
            let (mut t, mut hand, net, first) = cut_off(Duration::from_millis(ms), seed);
            let first = first.expect("a fresh command");
            longest = longest.max(first);
            assert!(first <= 2 * ONE_WAY + MARGIN + STATE_EVERY, "{ms} ms, {seed}: {first:?}");
            assert_eq!(net.borrow().ended, [""; 0], "the session survives");
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
        println!("{ms:>5} ms {:>8} {longest:>12?} {held:>10} {stale:>8}", 20);
        assert_eq!(stale, 0);
    }
}

/// AUTHORITY: an outage as long as a silence that QUIC allows ends the session on both sides, with that word; the
/// robot holds, and nothing is followed any more.
#[test]
fn an_outage_beyond_the_limit_ends_the_session_and_nothing_is_followed() {
    for seed in 0..20 {
        let (t, _, net, _) = cut_off(Duration::from_millis(10_100), seed);
        assert_eq!(net.borrow().ended, ["E-LNK-SILENT", "E-LNK-SILENT"]);
        assert!(!t.state().follows(), "{:?}", t.state());
        assert_eq!(t.record().stale, 0);
    }
}
