//! The control link without input and output: packets, time and wishes go in, packets and events come out.
//!
//! Problem: between a hand and a robot, a runtime costs more than encryption does. Every hop over a task, a
//! channel or a second thread is a wake-up, and at a thousand frames a second the wake-ups are the delay.
//! Nor can a runtime be run in virtual time, so the QUIC that a simulation tries is not the one that steers.
//!
//! The rule chosen: QUIC itself is a state machine (`quinn-proto`); this room drives it and knows nothing of
//! sockets or clocks. Whoever owns a socket calls [`receive`](ControlLink::receive) with what arrived,
//! [`elapse`](ControlLink::elapse) with the time, and sends what [`transmit`](ControlLink::transmit) gives.
//! [`Port`](port::Port) is a socket that does this for a thread of its own; a simulated network does it in
//! virtual time.
//!
//! What it promises:
//! - A frame leaves at once or is replaced by the next one; nothing is queued ([`ControlLink::send_frame`]).
//! - Callers are bounded: each proves its address before it costs a handshake, at most
//!   [`WAITING_MAX`] shake hands at a time, each for [`HANDSHAKE_MAX_MS`].
//! - A console follows a robot that moves to another address, once a packet from there has proven to be the
//!   robot's (below).
//! - Every call ends with exactly one [`Event::Ended`], unless this side closed it.
//!
//! A robot that moves: QUIC lets only the console's address change. Here the console's QUIC is kept believing
//! in the address that was dialled, and what it sends goes to where the newest authentic frame came from.
//! An attacker who overtakes every packet can direct the commands elsewhere, where nobody can read them, and
//! so interrupt the link; whoever stands there can interrupt it anyway.
//!
//! Limits: one session stream per call. Congestion is not controlled here: frames limit themselves.

mod call;
mod inbox;
pub mod port;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use quinn_proto::{
    ClientConfig, ConnectionHandle, DatagramEvent, Endpoint, EndpointConfig, Incoming, Transmit,
};

use self::call::Call;
use super::endpoint::{self, HANDSHAKE_MAX, HANDSHAKE_MAX_MS, WAITING_MAX};
use super::role::ROBOT_SERVER_NAME;
use super::{Identity, Kind, LinkError, Peer, Role};

/// Answers to strangers that wait for the socket at most; more are dropped, and strangers ask again.
const ANSWERS_MAX: usize = 32;

/// Names one call of this end, for as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(u64);

/// Where a packet comes from or goes to: through which of this end's ports, and to which address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The number that this end gives the port.
    pub port: usize,
    /// The other side.
    pub address: SocketAddr,
}

/// What has happened on the link.
#[derive(Debug)]
pub enum Event {
    /// The other side is known and admitted; frames and messages may go both ways.
    Joined {
        /// Which call.
        call: CallId,
        /// Who is there.
        peer: Peer,
    },
    /// A frame has arrived. Not decoded: who it is from is known, what it says is not.
    Frame {
        /// Which call.
        call: CallId,
        /// Its bytes.
        bytes: Bytes,
    },
    /// The call is over, or never came about.
    Ended {
        /// Which call.
        call: CallId,
        /// The other side.
        address: SocketAddr,
        /// Why.
        why: LinkError,
    },
}

/// How a call does, as QUIC counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Round trip, smoothed; includes how long the other side waited before it acknowledged.
    pub round_trip: Duration,
    /// Packets sent.
    pub sent: u64,
    /// Of those, never acknowledged.
    pub lost: u64,
    /// Packets received, of whatever kind.
    pub received: u64,
    /// Largest packet sent since the call was joined. Unit: byte, without IP and UDP.
    pub longest: usize,
}

/// Which end it is.
enum End {
    Robot { allowed: Vec<Role> },
    Console { config: ClientConfig },
}

/// One end of the control link: a robot that is called, or a console that calls.
pub struct ControlLink {
    endpoint: Endpoint,
    end: End,
    calls: Vec<Call>,
    called: u64,
    answers: VecDeque<(Way, Vec<u8>)>,
    events: VecDeque<Event>,
    scratch: Vec<u8>,
    /// Which call is asked first for its packet: nobody waits behind a talker.
    turn: usize,
}

impl ControlLink {
    /// A robot's end. It admits callers with a certificate of the same authority and one of these roles.
    ///
    /// `seed` makes what QUIC draws by lot repeatable, for simulations; `None` draws from the system.
    ///
    /// # Errors
    /// [`LinkError::Tls`].
    pub fn robot(
        identity: &Identity,
        allowed: &[Role],
        seed: Option<[u8; 32]>,
    ) -> Result<Self, LinkError> {
        let server = Arc::new(endpoint::server_config(Kind::Control, identity)?);
        let endpoint = Endpoint::new(config(seed), Some(server), false, None);
        Ok(Self::new(endpoint, End::Robot { allowed: allowed.to_vec() }))
    }

    /// A console's end. `seed`: as for [`robot`](Self::robot).
    ///
    /// # Errors
    /// [`LinkError::Tls`].
    pub fn console(identity: &Identity, seed: Option<[u8; 32]>) -> Result<Self, LinkError> {
        let config_of_calls = endpoint::client_config(Kind::Control, identity)?;
        let endpoint = Endpoint::new(config(seed), None, false, None);
        Ok(Self::new(endpoint, End::Console { config: config_of_calls }))
    }

    fn new(endpoint: Endpoint, end: End) -> Self {
        Self {
            endpoint,
            end,
            calls: Vec::new(),
            called: 0,
            answers: VecDeque::new(),
            events: VecDeque::new(),
            scratch: Vec::new(),
            turn: 0,
        }
    }

    /// Calls a robot, through port 0. It is there once [`Event::Joined`] says so.
    ///
    /// Bound: [`HANDSHAKE_MAX_MS`], after which the call has ended.
    ///
    /// # Errors
    /// [`LinkError::Address`] for an address that can not be called, and on a robot's end.
    pub fn call(&mut self, address: SocketAddr, now: Instant) -> Result<CallId, LinkError> {
        let End::Console { config } = &self.end else { return Err(LinkError::Address { address }) };
        let (handle, connection) = self
            .endpoint
            .connect(now, config.clone(), address, ROBOT_SERVER_NAME)
            .map_err(|_| LinkError::Address { address })?;
        Ok(self.begin(handle, connection, Way { port: 0, address }, now))
    }

    fn begin(
        &mut self,
        handle: ConnectionHandle,
        connection: quinn_proto::Connection,
        way: Way,
        now: Instant,
    ) -> CallId {
        self.called += 1;
        let id = CallId(self.called);
        self.calls.push(Call::new(id, handle, connection, way, now + HANDSHAKE_MAX));
        id
    }

    /// Takes in one packet.
    pub fn receive(&mut self, from: Way, packet: &[u8], now: Instant) {
        let believed = self.believed(from.address);
        self.scratch.clear();
        let event = self.endpoint.handle(
            now,
            believed,
            None,
            None,
            BytesMut::from(packet),
            &mut self.scratch,
        );
        match event {
            Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                let Some(at) = self.calls.iter().position(|c| c.handle == handle) else { return };
                if let Some(call) = self.calls.get_mut(at) {
                    call.receive(event, from);
                }
                self.settle(at, now);
                self.calls.retain(|call| !call.drained);
            }
            Some(DatagramEvent::NewConnection(incoming)) => self.greet(incoming, from.port, now),
            Some(DatagramEvent::Response(transmit)) => self.answer(&transmit, from.port),
            None => {}
        }
    }

    /// The address that QUIC knows the sender by: for a console, the one it dialled.
    fn believed(&self, from: SocketAddr) -> SocketAddr {
        if matches!(self.end, End::Robot { .. }) {
            return from;
        }
        let known = self.calls.iter().any(|call| call.dialled == from);
        let mut dialled = self.calls.iter().filter(|call| !call.is_over()).map(|call| call.dialled);
        match (known, dialled.next(), dialled.next()) {
            (false, Some(only), None) => only,
            _ => from,
        }
    }

    /// A caller: first it proves its address, then it finds room, then it may shake hands.
    fn greet(&mut self, incoming: Incoming, port: usize, now: Instant) {
        self.scratch.clear();
        if !incoming.remote_address_validated() {
            if let Ok(transmit) = self.endpoint.retry(incoming, &mut self.scratch) {
                self.answer(&transmit, port);
            }
            return;
        }
        if self.calls.iter().filter(|call| call.is_waiting()).count() >= WAITING_MAX {
            let transmit = self.endpoint.refuse(incoming, &mut self.scratch);
            self.answer(&transmit, port);
            return;
        }
        let address = incoming.remote_address();
        match self.endpoint.accept(incoming, now, &mut self.scratch, None) {
            Ok((handle, connection)) => {
                self.begin(handle, connection, Way { port, address }, now);
                self.settle(self.calls.len().saturating_sub(1), now);
            }
            Err(error) => {
                if let Some(transmit) = error.response {
                    self.answer(&transmit, port);
                }
                self.called += 1;
                let why = LinkError::handshake(error.cause, address, HANDSHAKE_MAX_MS);
                self.events.push_back(Event::Ended { call: CallId(self.called), address, why });
            }
        }
    }

    fn answer(&mut self, transmit: &Transmit, port: usize) {
        if self.answers.len() < ANSWERS_MAX {
            let packet = self.scratch.get(..transmit.size).unwrap_or_default().to_vec();
            let way = Way { port, address: transmit.destination };
            self.answers.push_back((way, packet));
        }
    }

    /// Lets time pass: timers run out, and calls that were not joined in time end.
    pub fn elapse(&mut self, now: Instant) {
        for at in 0..self.calls.len() {
            let Some(call) = self.calls.get_mut(at) else { break };
            if call.elapse(now) {
                self.settle(at, now);
            }
        }
        self.calls.retain(|call| !call.drained);
    }

    /// When [`elapse`](Self::elapse) must be called at the latest; `None` if nothing is due.
    pub fn due(&mut self) -> Option<Instant> {
        self.calls.iter_mut().filter_map(Call::due).min()
    }

    /// The next packet to send and where to; its bytes are put into `packet`. Ask until there is none.
    pub fn transmit(&mut self, packet: &mut Vec<u8>, now: Instant) -> Option<Way> {
        packet.clear();
        if let Some((to, bytes)) = self.answers.pop_front() {
            packet.extend_from_slice(&bytes);
            return Some(to);
        }
        let calls = self.calls.len();
        for _ in 0..calls {
            self.turn = (self.turn + 1) % calls;
            let Some(call) = self.calls.get_mut(self.turn) else { break };
            if let Some(to) = call.transmit(packet, now) {
                return Some(to);
            }
        }
        None
    }

    /// The next thing that has happened. Ask until there is none.
    pub fn poll(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let frame = |call: &mut Call| call.frame().map(|bytes| (call.id, bytes));
        let (call, bytes) = self.calls.iter_mut().find_map(frame)?;
        Some(Event::Frame { call, bytes })
    }

    /// The next session message that has arrived on this call: its bytes, without the length.
    ///
    /// Messages that are not fetched stay where they are, and a console that talks too much waits.
    ///
    /// # Errors
    /// [`LinkError::Length`] and whatever ended the stream; it means nothing more.
    pub fn message(&mut self, call: CallId) -> Result<Option<Vec<u8>>, LinkError> {
        self.find(call).map_or(Ok(None), Call::message)
    }

    /// Sends a frame now. If the one before has not left yet, this one takes its place.
    ///
    /// # Errors
    /// [`LinkError::ClosedHere`] if the call is not joined, [`LinkError::NoDatagrams`] if the other side
    /// takes none, or none of this length.
    pub fn send_frame(&mut self, call: CallId, frame: &[u8]) -> Result<(), LinkError> {
        self.find(call).map_or(Err(LinkError::ClosedHere), |call| call.send_frame(frame))
    }

    /// Says a session message, which is repeated until it has arrived.
    ///
    /// # Errors
    /// [`LinkError`] for a message that is too long, a call that is not joined, and for a side that has let
    /// too many messages lie.
    pub fn say<T: bincode::Encode>(&mut self, call: CallId, message: &T) -> Result<(), LinkError> {
        self.find(call).map_or(Err(LinkError::ClosedHere), |call| call.say(message))
    }

    /// Ends the session stream of this side; what was said before still arrives.
    pub fn finish(&mut self, call: CallId) {
        if let Some(call) = self.find(call) {
            call.finish();
        }
    }

    /// Closes a call, with a sentence for the other side. No [`Event::Ended`] follows.
    pub fn close(&mut self, call: CallId, code: u32, why: &[u8], now: Instant) {
        let Some(at) = self.calls.iter().position(|c| c.id == call) else { return };
        if let Some(call) = self.calls.get_mut(at) {
            call.close(code.into(), why, now);
        }
        self.settle(at, now);
    }

    /// Closes every call, and takes no more.
    pub fn close_all(&mut self, code: u32, why: &[u8], now: Instant) {
        self.endpoint.set_server_config(None);
        let calls: Vec<_> = self.calls.iter().map(|call| call.id).collect();
        for call in calls {
            self.close(call, code, why, now);
        }
    }

    /// How a call does; `None` once it is over.
    pub fn health(&self, call: CallId) -> Option<Health> {
        self.calls.iter().find(|c| c.id == call && !c.is_over()).map(Call::health)
    }

    /// Where the other side is now; `None` once the call is over.
    pub fn address(&self, call: CallId) -> Option<SocketAddr> {
        self.calls.iter().find(|c| c.id == call && !c.is_over()).map(Call::address)
    }

    /// True if no call is left, not even one that says good-bye.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    fn find(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id && !call.is_over())
    }

    /// Lets a call and the endpoint tell each other what they must, and hears what has happened.
    fn settle(&mut self, at: usize, now: Instant) {
        let Some(call) = self.calls.get_mut(at) else { return };
        loop {
            while let Some(event) = call.connection.poll_endpoint_events() {
                call.drained |= event.is_drained();
                if let Some(event) = self.endpoint.handle_event(call.handle, event) {
                    call.connection.handle_event(event);
                }
            }
            let Some(event) = call.connection.poll() else { break };
            let allowed = match &self.end {
                End::Robot { allowed } => Some(allowed.as_slice()),
                End::Console { .. } => None,
            };
            if let Some(event) = call.hear(event, allowed, now) {
                self.events.push_back(event);
            }
        }
        if let Some(event) = call.timed_out(now) {
            self.events.push_back(event);
        }
    }
}

/// What both ends give QUIC.
fn config(seed: Option<[u8; 32]>) -> Arc<EndpointConfig> {
    let mut config = EndpointConfig::default();
    config.rng_seed(seed);
    Arc::new(config)
}
