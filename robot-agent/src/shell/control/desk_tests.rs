//! The desk in virtual time: real QUIC on both ends, a servo that answers, networks that are queues.

use std::collections::VecDeque;

use protocol::ARMS;
use protocol::cause::CauseSet;
use protocol::frame::{ArmCommand, ArmState, BaseState, ClampSet, Mode, Motion};
use protocol::imaging::{Imaging, ImagingRefusal, ImagingReport};
use protocol::link::control::Way;
use protocol::link::{Authority, Role};
use protocol::picture::ViewSource;
use protocol::session::encode;
use protocol::state::OperatingState;
use protocol::time::Moment;

use super::*;
use crate::shell::imaging::tests::{Device, PLAIN};
use crate::shell::imaging::{Knobs, imaging};
use crate::shell::rings::ring;

const MS: Duration = Duration::from_millis(1);
const PROFILE: [u8; 32] = [7; 32];

/// Packets on their way: when they arrive, from where.
type Wire = VecDeque<(Instant, SocketAddr, Vec<u8>)>;

/// A console on one path.
struct Caller {
    link: ControlLink,
    call: CallId,
    at: SocketAddr,
    delay: Duration,
    up: Wire,
    down: Wire,
    cut: bool,
    joined: bool,
    ended: Option<String>,
    heard: Vec<RobotMessage>,
    states: usize,
}

struct World {
    now: Instant,
    desk: Desk,
    said: Receiver<SessionEvent>,
    commands: Receiver<Inbound>,
    answers: Sender<Answer>,
    states: Sender<StateFrame>,
    stall: watch::Sender<bool>,
    holder: watch::Receiver<Option<String>>,
    knobs: Knobs,
    /// What the servo answers, if it does.
    grant: Option<Grant>,
    heard: Vec<SessionEvent>,
    authority: Authority,
    callers: Vec<Caller>,
}

fn robot_at() -> SocketAddr {
    "192.0.2.7:4610".parse().unwrap()
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "the origin of virtual time")]
    fn new() -> Self {
        let authority = Authority::create("north").unwrap();
        let robot = authority.issue(Role::Robot, "theatre-4", 1).unwrap();
        let link = ControlLink::robot(&robot, &[Role::Operator], Some([1; 32])).unwrap();
        let greeting = Greeting { robot: "arm".to_owned(), simulated: true, profile: PROFILE };
        let (said_tx, said) = ring(8);
        let (commands_tx, commands) = ring(64);
        let (answers, answers_rx) = ring(8);
        let (states, states_rx) = ring(8);
        let (stall, stalled) = watch::channel(false);
        let (holder_name, holder) = watch::channel(None);
        let (wake, _) = UnixStream::pair().unwrap();
        let (desired, knobs) = imaging();
        let connections = Connections {
            said: said_tx,
            commands: commands_tx,
            answers: answers_rx,
            states: states_rx,
            wake,
            stalled,
            holder_name,
            imaging: desired,
            stamper: None,
        };
        let now = Instant::now();
        let (desk, _) = Desk::new(link, greeting, connections, HostClock::sharing(now));
        Self {
            now,
            desk,
            said,
            commands,
            answers,
            states,
            stall,
            holder,
            knobs,
            grant: Some(Ok(5)),
            heard: Vec::new(),
            authority,
            callers: Vec::new(),
        }
    }

    /// Somebody calls from there; returns their number.
    fn call(&mut self, name: &str, address: &str, delay: Duration) -> usize {
        let identity = self.authority.issue(Role::Operator, name, 1).unwrap();
        let mut link = ControlLink::console(&identity, Some([2; 32])).unwrap();
        let call = link.call(robot_at(), self.now).unwrap();
        self.callers.push(Caller {
            link,
            call,
            at: address.parse().unwrap(),
            delay,
            up: Wire::new(),
            down: Wire::new(),
            cut: false,
            joined: false,
            ended: None,
            heard: Vec::new(),
            states: 0,
        });
        self.callers.len() - 1
    }

    /// One millisecond.
    fn step(&mut self) {
        self.now += MS;
        let now = self.now;
        for caller in &mut self.callers {
            while caller.up.front().is_some_and(|(due, ..)| *due <= now) {
                let (_, address, packet) = caller.up.pop_front().unwrap();
                self.desk.link.receive(Way { port: 0, address }, &packet, now);
            }
        }
        self.desk.link.elapse(now);
        self.desk.turn(now);
        while let Some(event) = self.said.take() {
            self.heard.push(event);
            if let (SessionEvent::Open { session }, Some(grant)) = (event, self.grant) {
                self.answers.send(Answer::Granted(session, grant));
            }
        }
        let mut packet = Vec::new();
        while let Some(way) = self.desk.link.transmit(&mut packet, now) {
            let to = self.callers.iter_mut().find(|caller| caller.at == way.address);
            if let Some(caller) = to.filter(|caller| !caller.cut) {
                caller.down.push_back((now + caller.delay, robot_at(), packet.clone()));
            }
        }
        for caller in &mut self.callers {
            caller.step(now);
        }
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.step();
        }
    }

    fn say(&mut self, who: usize, message: &OperatorMessage) {
        let caller = &mut self.callers[who];
        caller.link.say(caller.call, message).unwrap();
    }

    /// Somebody calls, says hello and is granted authority.
    fn steering(&mut self, name: &str, address: &str, delay: Duration) -> (usize, SessionId) {
        let who = self.call(name, address, delay);
        self.run(100);
        self.say(who, &hello(PROFILE));
        self.run(100);
        let [RobotMessage::Welcome { session, epoch: 5, .. }] = &self.callers[who].heard[..] else {
            panic!("{:?}", self.callers[who].heard);
        };
        (who, SessionId::from_bytes(*session))
    }

    /// The capture thread between two pictures; true if it is frozen.
    fn picture(&mut self, device: &mut Device) -> bool {
        let frozen = self.knobs.turn(device);
        self.run(30);
        frozen
    }

    /// What this caller was told last of the imaging device.
    fn told(&self, who: usize) -> Option<ImagingReport> {
        self.callers[who].heard.iter().rev().find_map(|message| match message {
            RobotMessage::Imaging { report } => Some(*report),
            _ => None,
        })
    }

    fn passed(&mut self) -> Vec<u64> {
        let mut passed = Vec::new();
        while let Some(item) = self.commands.take() {
            match item {
                Inbound::Command(frame, _) => passed.push(frame.seq),
                Inbound::Malformed(_) => passed.push(0),
            }
        }
        passed
    }
}

impl Caller {
    fn step(&mut self, now: Instant) {
        while self.down.front().is_some_and(|(due, ..)| *due <= now) {
            let (_, address, packet) = self.down.pop_front().unwrap();
            self.link.receive(Way { port: 0, address }, &packet, now);
        }
        self.link.elapse(now);
        while let Some(event) = self.link.poll() {
            match event {
                Event::Joined { .. } => self.joined = true,
                Event::Frame { .. } => self.states += 1,
                Event::Ended { why, .. } => self.ended = Some(why.to_string()),
            }
        }
        while let Ok(Some(bytes)) = self.link.message(self.call) {
            self.heard.push(decode(&bytes).unwrap());
        }
        let mut packet = Vec::new();
        while self.link.transmit(&mut packet, now).is_some() {
            if !self.cut {
                self.up.push_back((now + self.delay, self.at, packet.clone()));
            }
        }
    }
}

fn hello(profile: [u8; 32]) -> OperatorMessage {
    OperatorMessage::Hello { console: "room 4".to_owned(), profile }
}

fn command(session: SessionId, seq: u64) -> Vec<u8> {
    let frame = CommandFrame {
        session,
        seq,
        epoch: 5,
        engage_count: 1,
        t_input: Moment::from_ns(seq),
        seen_state: 1,
        seen_view: 1,
        view_source: ViewSource::Ultrasound,
        mode: Mode::Hold,
        deadman: 0.0,
        stop_request: 0,
        shown_state: OperatingState::Ready,
        motion: Motion::Arms([ArmCommand::neutral(); ARMS]),
    };
    frame.encode().unwrap().to_vec()
}

fn state() -> StateFrame {
    StateFrame {
        seq: 1,
        t_robot: Moment::from_ns(2),
        echo_seq: 0,
        echo_t_input: Moment::START,
        echo_hold: Duration::ZERO,
        state: OperatingState::Ready,
        stopped_by: None,
        tripped: CauseSet::EMPTY,
        soft: CauseSet::EMPTY,
        blocking: CauseSet::EMPTY,
        epoch: 5,
        stop_confirmed: 0,
        loop_age: None,
        view_age: None,
        command_age: None,
        speed_m_s: 0.0,
        speed_cap_m_s: 0.0,
        clamps: ClampSet::EMPTY,
        arms: [ArmState::absent(); ARMS],
        base: BaseState::absent(),
    }
}

#[test]
fn who_says_hello_is_granted_authority_and_steers() {
    let mut world = World::new();
    let (anna, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    assert_eq!(*world.holder.borrow(), Some("anna".to_owned()));
    let call = world.callers[anna].call;
    world.callers[anna].link.send_frame(call, &command(session, 1)).unwrap();
    world.run(10);
    assert_eq!(world.passed(), [1]);
    world.say(anna, &OperatorMessage::Stop { request: 3 });
    world.run(20);
    assert_eq!(world.heard.last(), Some(&SessionEvent::Stop { session, request: 3 }));
    world.say(anna, &OperatorMessage::Release);
    world.run(100);
    assert_eq!(world.heard.last(), Some(&SessionEvent::Close { session }));
    assert_eq!(*world.holder.borrow(), None);
    assert!(world.callers[anna].ended.is_some());
}

#[test]
fn a_frame_of_another_session_or_of_somebody_else_is_nobodys() {
    let mut world = World::new();
    let (anna, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    let eve = world.call("eve", "198.51.100.66:5000", 5 * MS);
    world.run(100);
    for (who, session) in [(anna, SessionId::new(9)), (eve, session)] {
        let caller = &mut world.callers[who];
        caller.link.send_frame(caller.call, &command(session, 1)).unwrap();
        world.run(10);
    }
    assert_eq!(world.passed(), [0_u64; 0]);
}

#[test]
fn each_refusal_is_told_and_then_the_call_is_closed() {
    for (profile, grant, stalled, expected) in [
        ([8; 32], Some(Ok(5)), false, Refusal::Profile),
        (PROFILE, Some(Err(Refusal::Taken)), false, Refusal::Taken),
        (PROFILE, Some(Ok(5)), true, Refusal::Stalled),
        (PROFILE, None, false, Refusal::Stalled),
    ] {
        let mut world = World::new();
        world.grant = grant;
        world.stall.send_replace(stalled);
        let anna = world.call("anna", "198.51.100.1:5000", 5 * MS);
        world.run(100);
        world.say(anna, &hello(profile));
        world.run(2_000);
        let caller = &world.callers[anna];
        assert_eq!(caller.heard, [RobotMessage::Refused { code: expected as u8 }]);
        assert!(caller.ended.is_some(), "{expected:?}");
        assert_eq!(*world.holder.borrow(), None);
    }
}

#[test]
fn who_says_nothing_is_asked_to_leave() {
    let mut world = World::new();
    let anna = world.call("anna", "198.51.100.1:5000", 5 * MS);
    world.run(2_900);
    assert!(world.callers[anna].joined && world.callers[anna].heard.is_empty());
    world.run(1_000);
    // Without a stream of the console there is nothing to answer on: the close itself says it.
    let ended = world.callers[anna].ended.clone().unwrap();
    assert!(ended.contains("did not introduce itself"), "{ended}");
    assert!(world.desk.guests.is_empty());
}

#[test]
fn a_servo_that_stands_still_ends_the_session() {
    let mut world = World::new();
    let (anna, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    world.stall.send_replace(true);
    world.run(1_000);
    let told = RobotMessage::Refused { code: Refusal::Stalled as u8 };
    assert_eq!(world.callers[anna].heard.last(), Some(&told));
    assert_eq!(world.heard.last(), Some(&SessionEvent::Close { session }));
    assert_eq!(*world.holder.borrow(), None);
}

#[test]
fn authority_that_the_core_takes_back_ends_the_session_with_a_sentence() {
    let mut world = World::new();
    let (anna, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    world.answers.send(Answer::Ended(session));
    world.run(50);
    let ended = world.callers[anna].ended.clone().unwrap();
    assert!(ended.contains("taken authority back"), "{ended}");
}

#[test]
fn messages_wait_while_the_servo_has_no_room() {
    let mut world = World::new();
    let (anna, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    for request in 1..=100 {
        world.say(anna, &OperatorMessage::Stop { request });
        world.run(1);
    }
    world.run(100);
    let stops: Vec<_> = (1..=100).map(|request| SessionEvent::Stop { session, request }).collect();
    assert!(world.heard.ends_with(&stops));
}

/// Only who steers may come on another path, and with the number of the session.
#[test]
fn a_path_is_for_who_steers() {
    let mut world = World::new();
    let (_, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    let join = |session: SessionId| OperatorMessage::Join { session: session.to_bytes() };
    for (name, address, session, joins) in [
        ("eve", "198.51.100.66:5000", session, false),
        ("anna", "198.51.100.2:5000", SessionId::new(1), false),
        ("anna", "198.51.100.3:5000", session, true),
    ] {
        let who = world.call(name, address, 5 * MS);
        world.run(100);
        world.say(who, &join(session));
        world.run(100);
        assert_eq!(world.callers[who].heard == [RobotMessage::Joined], joins, "{name} {address}");
    }
}

/// One path is cut, again and again, now this one and now the other: every command is passed on once and in
/// order, and the robot waits for none longer than one path takes longer than the other.
#[test]
fn a_path_that_is_cut_costs_no_command() {
    let (fast, slow) = (5 * MS, 9 * MS);
    let mut world = World::new();
    let (first, session) = world.steering("anna", "198.51.100.1:5000", fast);
    let second = world.call("anna", "203.0.113.1:6000", slow);
    world.run(100);
    world.say(second, &OperatorMessage::Join { session: session.to_bytes() });
    world.run(100);
    assert_eq!(world.callers[second].heard, [RobotMessage::Joined]);
    let (mut seq, mut passed, mut gap, mut longest) = (0, Vec::new(), 0_u64, 0);
    for cut in 0..100_u64 {
        let which = if cut % 2 == 0 { first } else { second };
        // Of no length that would fit the rhythm of anything.
        for (is_cut, ms) in [(true, 30 + cut * 7 % 41), (false, 20 + cut * 11 % 37)] {
            world.callers[which].cut = is_cut;
            for _ in 0..ms {
                seq += 1;
                for who in [first, second] {
                    let caller = &mut world.callers[who];
                    let _ = caller.link.send_frame(caller.call, &command(session, seq));
                }
                world.step();
                let new = world.passed();
                gap = if new.is_empty() { gap + 1 } else { 0 };
                if !passed.is_empty() {
                    longest = longest.max(gap);
                }
                passed.extend(new);
            }
        }
    }
    world.run(20);
    passed.extend(world.passed());
    // What had left on the fast path when it came back overtakes what is under way on the slow one.
    assert!(passed.is_sorted() && passed.windows(2).all(|two| two[0] < two[1]));
    assert_eq!(passed.last(), Some(&seq));
    let skipped = seq - passed.len() as u64;
    assert!(skipped <= 100 * 4, "{skipped} of {seq} were overtaken");
    assert!(longest <= 4, "{longest} ms without a command");
}

#[test]
fn states_go_out_on_every_path_and_the_session_lives_with_the_last_one() {
    let mut world = World::new();
    let (first, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    let second = world.call("anna", "203.0.113.1:6000", 9 * MS);
    world.run(100);
    world.say(second, &OperatorMessage::Join { session: session.to_bytes() });
    world.run(100);
    let state = state();
    world.states.send(state);
    world.run(20);
    assert_eq!((world.callers[first].states, world.callers[second].states), (1, 1));
    let (call, now) = (world.callers[first].call, world.now);
    world.callers[first].link.close(call, 0, b"gone", now);
    world.run(100);
    assert_eq!(*world.holder.borrow(), Some("anna".to_owned()));
    let (call, now) = (world.callers[second].call, world.now);
    world.callers[second].link.close(call, 0, b"gone", now);
    world.run(100);
    assert_eq!(*world.holder.borrow(), None);
    assert_eq!(world.heard.last(), Some(&SessionEvent::Close { session }));
}

#[test]
fn what_means_nothing_ends_the_call() {
    let mut world = World::new();
    let (anna, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    // A message of the other side: it has no such variant.
    let bytes = encode(&RobotMessage::Refused { code: 200 }).unwrap();
    assert!(decode::<OperatorMessage>(&bytes).is_err());
    world.say(anna, &OperatorMessage::Stop { request: 1 });
    let caller = &mut world.callers[anna];
    caller.link.say(caller.call, &RobotMessage::Refused { code: 200 }).unwrap();
    world.run(100);
    assert!(world.callers[anna].ended.is_some());
    assert_eq!(world.heard.last(), Some(&SessionEvent::Close { session }));
}

fn sets(request: u32, wanted: Imaging) -> OperatorMessage {
    OperatorMessage::Imaging { request, wanted }
}

#[test]
fn who_steers_sets_the_imaging_device_and_nobody_else_does() {
    let mut world = World::new();
    let mut device = Device { now: Some(PLAIN), broken: false };
    let eve = world.call("eve", "198.51.100.66:5000", 5 * MS);
    let (anna, _) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    world.picture(&mut device);
    assert_eq!(world.told(anna).unwrap().state.unwrap().now, PLAIN);

    let frozen = Imaging { frozen: true, ..PLAIN };
    world.say(eve, &sets(1, frozen));
    world.run(100);
    assert!(!world.picture(&mut device), "she holds no authority");

    let deeper = Imaging { depth_um: 150_000, ..PLAIN };
    world.say(anna, &sets(2, deeper));
    world.run(100);
    assert!(!world.picture(&mut device));
    let told = world.told(anna).unwrap();
    assert_eq!((told.request, told.refused, told.state.unwrap().now), (2, None, deeper));

    let too_deep = Imaging { depth_um: 200_001, ..PLAIN };
    world.say(anna, &sets(3, too_deep));
    world.run(100);
    world.picture(&mut device);
    let told = world.told(anna).unwrap();
    assert!(matches!(told.refused, Some(ImagingRefusal::Range { got: 200_001, .. })), "{told:?}");
    assert_eq!(told.state.unwrap().now, deeper);
    assert!(world.callers[anna].ended.is_none(), "a refusal ends nothing");
    assert_eq!(world.told(eve), None);
}

/// The same request comes on every path, and what was said before may come late on the slower one.
#[test]
fn a_request_that_comes_late_on_another_path_sets_nothing_back() {
    let mut world = World::new();
    let mut device = Device { now: Some(PLAIN), broken: false };
    let (fast, session) = world.steering("anna", "198.51.100.1:5000", 5 * MS);
    let slow = world.call("anna", "203.0.113.1:6000", 80 * MS);
    world.run(1_000);
    world.say(slow, &OperatorMessage::Join { session: session.to_bytes() });
    world.run(400);
    let (near, far) =
        (Imaging { depth_um: 60_000, ..PLAIN }, Imaging { depth_um: 150_000, ..PLAIN });
    for who in [fast, slow] {
        world.say(who, &sets(1, near));
    }
    world.run(20);
    world.picture(&mut device);
    assert_eq!(device.now, Some(near));
    world.say(fast, &sets(2, far));
    world.run(20);
    world.picture(&mut device);
    world.run(400);
    world.picture(&mut device);
    assert_eq!(device.now, Some(far), "the first request has come again, late");
    for who in [fast, slow] {
        assert_eq!(world.told(who).unwrap().state.unwrap().now, far);
    }
}

#[test]
fn who_comes_later_is_told_what_is_in_force() {
    let mut world = World::new();
    let frozen = Imaging { frozen: true, ..PLAIN };
    let mut device = Device { now: Some(frozen), broken: false };
    world.knobs.turn(&mut device);
    world.run(10);
    let who = world.call("anna", "198.51.100.1:5000", 5 * MS);
    world.run(100);
    world.say(who, &hello(PROFILE));
    world.run(100);
    assert_eq!(world.told(who).unwrap().state.unwrap().now, frozen);
}
