//! The QUIC of the programs over the link model, on the theatre's time.
//!
//! Both ends are the control link that the shells drive ([`ControlLink`]); only the sockets are replaced, by two
//! link models, and the clock, by the theatre's. What QUIC draws by lot comes from the seed. Keys and TLS do not:
//! the bytes of packets differ from run to run, but nothing goes by them. Handshake packets differ in length, too,
//! so the handshake goes over a link without loss that is as fast as the real one ever is, and the models begin
//! after it: frames arrive at the same times in every run.
//!
//! Limits: time passes in steps of the theatre, so that a timer of QUIC is up to a step late. Session messages
//! are not carried: the theatre grants authority by itself.

use core::time::Duration;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Instant;

use protocol::frame::command::COMMAND_BYTES;
use protocol::frame::{CommandFrame, StateFrame};
use protocol::link::control::{CallId, ControlLink, Event, Way};
use protocol::link::endpoint::HANDSHAKE_MAX_MS;
use protocol::link::{Authority, LinkError, Role};

use super::STEP;
use super::carrier::{Carrier, Tally};
use super::wire::Wire;
use crate::network::{DelaySpec, Distribution, LinkSpec};
use crate::noise::Noise;

/// After the handshake its last acknowledgements pass for so long.
const SETTLE: Duration = Duration::from_millis(200);

/// What both ends are called in their certificates.
///
/// Signatures differ by some bytes from key to key. With a short name the robot's first answer would take one
/// packet or two for it; with this one it takes two.
const NAME: &str = "one-end-of-the-link-in-the-theatre";

/// Both ends of the control link, and the network between them.
pub struct Quic {
    /// Time zero of the theatre.
    origin: Instant,
    robot: ControlLink,
    console: ControlLink,
    /// The console's name of the call.
    call: CallId,
    /// The robot's, once it has admitted the console.
    answered: Option<CallId>,
    /// Ends that know that they are joined.
    joined: u32,
    up: Wire<Packet>,
    down: Wire<Packet>,
    commands: VecDeque<CommandFrame>,
    states: VecDeque<StateFrame>,
    /// When the command was given to QUIC that has not left yet.
    unsent: Option<Duration>,
    tally: Tally,
    ended: Vec<LinkError>,
    scratch: Vec<u8>,
}

/// What a socket would have sent.
#[derive(Debug, Clone)]
struct Packet {
    bytes: Vec<u8>,
    /// When the command in it was given to QUIC, if there is one.
    given: Option<Duration>,
}

/// Where the robot is.
const ROBOT: Way = Way { port: 0, address: address(1) };

/// Where the console is.
const CONSOLE: Way = Way { port: 0, address: address(2) };

const fn address(who: u8) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, who), 4610))
}

impl Quic {
    /// A call that is joined, over a network of these two directions. One seed is one run.
    ///
    /// # Errors
    /// [`LinkError`] if it is not joined within [`HANDSHAKE_MAX_MS`].
    pub fn joined(up: &LinkSpec, down: &LinkSpec, seed: u64) -> Result<Self, LinkError> {
        let mut seeds = Noise::new(seed);
        let mut quic = Self::calling(up, down, &mut seeds)?;
        let took = quic.shake_hands()?;
        // The theatre begins where the handshake has ended.
        quic.origin += took;
        quic.up = Wire::new(up, seeds.bits());
        quic.down = Wire::new(down, seeds.bits());
        Ok(quic)
    }

    /// A console that begins to call.
    #[expect(clippy::disallowed_methods, reason = "the origin of virtual time")]
    fn calling(up: &LinkSpec, down: &LinkSpec, seeds: &mut Noise) -> Result<Self, LinkError> {
        let authority = Authority::create("theatre")?;
        let issue = |role| authority.issue(role, NAME, 1);
        let (robot, console) = (issue(Role::Robot)?, issue(Role::Operator)?);
        let origin = Instant::now();
        let robot = ControlLink::robot(&robot, &[Role::Operator], Some(lots(seeds)))?;
        let mut console = ControlLink::console(&console, Some(lots(seeds)))?;
        let call = console.call(ROBOT.address, origin)?;
        Ok(Self {
            origin,
            robot,
            console,
            call,
            answered: None,
            joined: 0,
            up: Wire::new(&calm(up), 0),
            down: Wire::new(&calm(down), 0),
            commands: VecDeque::new(),
            states: VecDeque::new(),
            unsent: None,
            tally: Tally::default(),
            ended: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Lets both ends join; returns how long that took.
    fn shake_hands(&mut self) -> Result<Duration, LinkError> {
        let max = Duration::from_millis(HANDSHAKE_MAX_MS) + SETTLE;
        let mut end = None;
        let mut now = Duration::ZERO;
        while now <= end.unwrap_or(max) {
            self.carry(now);
            if let Some(why) = self.ended.pop() {
                return Err(why);
            }
            if end.is_none() && self.joined == 2 {
                end = Some(now + SETTLE);
            }
            now += STEP;
        }
        // Whoever is late is told so by its own end before.
        end.map(|_| now).ok_or(LinkError::Silent)
    }

    /// Moves packets, and lets time pass at both ends.
    fn carry(&mut self, now: Duration) {
        let at = self.origin + now;
        while let Some(parcel) = self.up.arrived(now) {
            let counts = parcel.item.given.filter(|_| !parcel.again);
            self.tally.delivered += u64::from(counts.is_some());
            self.robot.receive(CONSOLE, &parcel.item.bytes, at);
            let frames = self.hear_robot();
            if let (Some(given), true) = (counts, frames > 0) {
                self.tally.arrived += 1;
                let waited = parcel.offered.saturating_sub(given);
                self.tally.added.note(waited, parcel.due, now);
            }
        }
        while let Some(parcel) = self.down.arrived(now) {
            self.console.receive(ROBOT, &parcel.item.bytes, at);
        }
        self.robot.elapse(at);
        self.console.elapse(at);
        self.hear_robot();
        self.hear_console();
        self.give_out(now, at);
    }

    /// Hands the network what both ends have to send.
    fn give_out(&mut self, now: Duration, at: Instant) {
        while self.console.transmit(&mut self.scratch, at).is_some() {
            // After the handshake nothing else is as long as a command.
            let long = self.scratch.len() >= COMMAND_BYTES;
            let given = if long { self.unsent.take() } else { None };
            let packet = Packet { bytes: self.scratch.clone(), given };
            if !self.up.offer(packet, self.scratch.len(), now) && given.is_some() {
                self.tally.lost += 1;
            }
        }
        while self.robot.transmit(&mut self.scratch, at).is_some() {
            let packet = Packet { bytes: self.scratch.clone(), given: None };
            self.down.offer(packet, self.scratch.len(), now);
        }
    }

    /// Takes in what the robot's end has to tell; returns how many commands that were.
    fn hear_robot(&mut self) -> usize {
        let before = self.commands.len();
        while let Some(event) = self.robot.poll() {
            match event {
                Event::Joined { call, .. } => {
                    self.answered = Some(call);
                    self.joined += 1;
                }
                Event::Frame { bytes, .. } => {
                    self.commands.extend(CommandFrame::decode(&bytes).ok());
                }
                Event::Ended { why, .. } => self.ended.push(why),
            }
        }
        self.commands.len() - before
    }

    fn hear_console(&mut self) {
        while let Some(event) = self.console.poll() {
            match event {
                Event::Joined { .. } => self.joined += 1,
                Event::Frame { bytes, .. } => self.states.extend(StateFrame::decode(&bytes).ok()),
                Event::Ended { why, .. } => self.ended.push(why),
            }
        }
    }
}

/// As fast as this link ever is, and nothing else that it does.
fn calm(spec: &LinkSpec) -> LinkSpec {
    let distribution = Distribution::Constant(spec.delay.distribution.least());
    LinkSpec { delay: DelaySpec { distribution, ..DelaySpec::default() }, ..LinkSpec::default() }
}

/// What one end draws its lots from.
fn lots(seeds: &mut Noise) -> [u8; 32] {
    let mut lots = [0; 32];
    for eight in lots.chunks_exact_mut(8) {
        eight.copy_from_slice(&seeds.bits().to_le_bytes());
    }
    lots
}

impl Carrier for Quic {
    fn send_command(&mut self, frame: &CommandFrame, now: Duration) {
        self.tally.sent += 1;
        // A call that has ended takes none.
        if let Ok(bytes) = frame.encode()
            && self.console.send_frame(self.call, &bytes).is_ok()
        {
            self.unsent = Some(now);
        }
        self.carry(now);
    }

    fn send_state(&mut self, frame: &StateFrame, now: Duration) {
        if let (Ok(bytes), Some(call)) = (frame.encode(), self.answered) {
            let _ = self.robot.send_frame(call, &bytes);
        }
        self.carry(now);
    }

    fn next_command(&mut self, now: Duration) -> Option<CommandFrame> {
        self.carry(now);
        self.commands.pop_front()
    }

    fn next_state(&mut self, now: Duration) -> Option<StateFrame> {
        self.carry(now);
        self.states.pop_front()
    }

    fn set_dark(&mut self, dark: bool) {
        self.up.set_dark(dark);
        self.down.set_dark(dark);
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn ended(&self) -> Vec<&'static str> {
        self.ended.iter().map(LinkError::code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of other lengths, and nothing else: what comes after does not depend on the keys.
    #[test]
    fn every_handshake_takes_as_many_packets_and_as_long() {
        let link = LinkSpec::default();
        let handshake = || {
            let mut quic = Quic::calling(&link, &link, &mut Noise::new(1)).unwrap();
            let took = quic.shake_hands().unwrap();
            (quic.up.offered(), quic.down.offered(), took)
        };
        let first = handshake();
        for _ in 0..40 {
            assert_eq!(handshake(), first);
        }
    }
}
