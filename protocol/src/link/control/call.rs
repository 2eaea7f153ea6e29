//! One call: from the handshake over the robot's word to frames and messages, and to its end.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use quinn_proto::{
    Connection, ConnectionError, ConnectionEvent, ConnectionHandle, Dir, Event as Heard,
    ReadableError, StreamEvent, StreamId, VarInt, WriteError,
};
use rustls::pki_types::CertificateDer;

use super::super::admit::{self, ADMITTED};
use super::super::error::Close;
use super::super::messages;
use super::inbox::Inbox;
use super::{CallId, Event, HANDSHAKE_MAX_MS, Health, Way};
use crate::frame::FrameError;
use crate::link::{LinkError, Peer, Role};
use crate::session::SESSION_MESSAGE_MAX;

/// Said but not taken by QUIC yet, at most. Unit: byte. A side that lets so much lie does not listen.
const UNSAID_MAX: usize = 16 * SESSION_MESSAGE_MAX;

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// TLS is not done.
    Handshake,
    /// A console waits for the robot's word that it is admitted.
    Waiting,
    /// Frames and messages.
    Joined,
    /// It has ended, and this side knows.
    Over,
}

/// One call.
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) handle: ConnectionHandle,
    pub(super) connection: Connection,
    /// The address that QUIC knows: of a robot, the one that was dialled.
    pub(super) dialled: SocketAddr,
    /// QUIC has forgotten it.
    pub(super) drained: bool,
    /// Where the newest authentic frame came from.
    heard_at: Way,
    phase: Phase,
    /// It must be joined by then.
    deadline: Instant,
    session: Option<StreamId>,
    inbox: Inbox,
    unsaid: Vec<u8>,
    finishing: bool,
    longest: usize,
}

impl Call {
    pub(super) fn new(
        id: CallId,
        handle: ConnectionHandle,
        connection: Connection,
        way: Way,
        deadline: Instant,
    ) -> Self {
        Self {
            id,
            handle,
            connection,
            dialled: way.address,
            drained: false,
            heard_at: way,
            phase: Phase::Handshake,
            deadline,
            session: None,
            inbox: Inbox::default(),
            unsaid: Vec::new(),
            finishing: false,
            longest: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// True while it shakes hands.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Handshake | Phase::Waiting)
    }

    /// Takes in a packet that came from there.
    pub(super) fn receive(&mut self, event: ConnectionEvent, from: Way) {
        let before = self.connection.stats().frame_rx.datagram;
        self.connection.handle_event(event);
        // Only what QUIC could decrypt, and had not seen before, is counted.
        if self.connection.stats().frame_rx.datagram > before {
            self.heard_at = from;
        }
    }

    /// Lets time pass; true if anything was due.
    pub(super) fn elapse(&mut self, now: Instant) -> bool {
        let timer = self.connection.poll_timeout().is_some_and(|due| due <= now);
        if timer {
            self.connection.handle_timeout(now);
        }
        timer || self.is_late(now)
    }

    fn is_late(&self, now: Instant) -> bool {
        self.is_waiting() && now >= self.deadline
    }

    pub(super) fn due(&mut self) -> Option<Instant> {
        let timer = self.connection.poll_timeout();
        let deadline = self.is_waiting().then_some(self.deadline);
        timer.into_iter().chain(deadline).min()
    }

    /// The end of a call that was not joined in time.
    pub(super) fn timed_out(&mut self, now: Instant) -> Option<Event> {
        if !self.is_late(now) {
            return None;
        }
        self.close(Close::Done.code(), b"the handshake took too long", now);
        let address = self.dialled;
        Some(self.ended(LinkError::TimedOut { address, after_ms: HANDSHAKE_MAX_MS }))
    }

    /// Puts the next packet into `packet`; returns where it goes.
    pub(super) fn transmit(&mut self, packet: &mut Vec<u8>, now: Instant) -> Option<Way> {
        let transmit = self.connection.poll_transmit(now, 1, packet)?;
        if self.phase == Phase::Joined {
            self.longest = self.longest.max(transmit.size);
        }
        let moved = self.connection.side().is_client() && transmit.destination == self.dialled;
        let address = if moved { self.heard_at.address } else { transmit.destination };
        Some(Way { port: self.heard_at.port, address })
    }

    pub(super) fn frame(&mut self) -> Option<Bytes> {
        if self.phase != Phase::Joined {
            return None;
        }
        self.connection.datagrams().recv()
    }

    pub(super) fn send_frame(&mut self, frame: &[u8]) -> Result<(), LinkError> {
        if self.phase != Phase::Joined {
            return Err(LinkError::ClosedHere);
        }
        let frame = Bytes::copy_from_slice(frame);
        self.connection.datagrams().send(frame, true).map_err(|_| LinkError::NoDatagrams)
    }

    pub(super) fn say<T: bincode::Encode>(&mut self, message: &T) -> Result<(), LinkError> {
        if self.phase != Phase::Joined {
            return Err(LinkError::ClosedHere);
        }
        let bytes = messages::framed(message)?;
        if self.session.is_none() && self.connection.side().is_client() {
            self.session = self.connection.streams().open(Dir::Bi);
        }
        if self.session.is_none() || self.unsaid.len() + bytes.len() > UNSAID_MAX {
            return Err(LinkError::Length {
                max: UNSAID_MAX,
                got: self.unsaid.len() + bytes.len(),
            });
        }
        self.unsaid.extend_from_slice(&bytes);
        self.write();
        Ok(())
    }

    pub(super) fn finish(&mut self) {
        self.finishing = true;
        self.write();
    }

    /// Hands QUIC what was said, as much as it takes.
    fn write(&mut self) {
        let Some(session) = self.session else { return };
        let mut stream = self.connection.send_stream(session);
        while !self.unsaid.is_empty() {
            match stream.write(&self.unsaid) {
                Ok(n) => drop(self.unsaid.drain(..n)),
                Err(WriteError::Blocked) => return,
                // The other side does not want to hear it.
                Err(WriteError::Stopped(_) | WriteError::ClosedStream) => self.unsaid.clear(),
            }
        }
        if self.finishing {
            // Fails only for a stream that is finished already.
            let _ = stream.finish();
        }
    }

    /// The next whole message of the session stream.
    pub(super) fn message(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        let Some(session) = self.session.filter(|_| self.phase == Phase::Joined) else {
            return Ok(None);
        };
        loop {
            if let Some(message) = self.inbox.take() {
                return Ok(Some(message));
            }
            let wanted = self.inbox.wants()?;
            let mut stream = self.connection.recv_stream(session);
            let mut chunks = match stream.read(true) {
                Ok(chunks) => chunks,
                Err(ReadableError::ClosedStream | ReadableError::IllegalOrderedRead) => {
                    return Err(LinkError::Truncated);
                }
            };
            let next = chunks.next(wanted);
            // Whether QUIC has something to say about it: it is always asked.
            let _ = chunks.finalize();
            match next {
                Ok(Some(chunk)) => self.inbox.put(&chunk.bytes),
                Ok(None) if self.inbox.is_empty() => return Err(LinkError::Finished),
                Ok(None) => return Err(LinkError::Truncated),
                Err(quinn_proto::ReadError::Blocked) => return Ok(None),
                Err(quinn_proto::ReadError::Reset(code)) => {
                    return Err(LinkError::Stream { code: code.into_inner() });
                }
            }
        }
    }

    pub(super) fn close(&mut self, code: VarInt, why: &[u8], now: Instant) {
        self.phase = Phase::Over;
        self.connection.close(now, code, Bytes::copy_from_slice(why));
    }

    pub(super) fn health(&self) -> Health {
        let stats = self.connection.stats();
        Health {
            round_trip: stats.path.rtt,
            sent: stats.path.sent_packets,
            lost: stats.path.lost_packets,
            received: stats.udp_rx.datagrams,
            longest: self.longest,
        }
    }

    /// Where the other side is.
    pub(super) fn address(&self) -> SocketAddr {
        if self.connection.side().is_client() {
            self.heard_at.address
        } else {
            self.connection.remote_address()
        }
    }

    /// What QUIC tells, as far as anybody outside must know. `allowed`: the roles that a robot admits;
    /// `None` for a console.
    pub(super) fn hear(
        &mut self,
        heard: Heard,
        allowed: Option<&[Role]>,
        now: Instant,
    ) -> Option<Event> {
        match heard {
            Heard::Connected => self.judge(allowed, now),
            Heard::ConnectionLost { reason } => self.lost(reason),
            Heard::Stream(StreamEvent::Opened { dir: Dir::Uni } | StreamEvent::Readable { .. })
                if self.phase == Phase::Waiting =>
            {
                self.hear_word(now)
            }
            Heard::Stream(StreamEvent::Opened { dir: Dir::Bi }) => {
                while let Some(stream) = self.connection.streams().accept(Dir::Bi) {
                    // Whatever is opened beside the first is never read.
                    self.session.get_or_insert(stream);
                }
                None
            }
            Heard::Stream(StreamEvent::Writable { .. }) => {
                self.write();
                None
            }
            Heard::Stream(_)
            | Heard::HandshakeDataReady
            | Heard::DatagramReceived
            | Heard::DatagramsUnblocked => None,
        }
    }

    fn ended(&mut self, why: LinkError) -> Event {
        self.phase = Phase::Over;
        Event::Ended { call: self.id, address: self.dialled, why }
    }

    fn lost(&mut self, reason: ConnectionError) -> Option<Event> {
        if self.is_over() {
            return None;
        }
        let why = if self.is_waiting() {
            LinkError::handshake(reason, self.dialled, HANDSHAKE_MAX_MS)
        } else {
            reason.into()
        };
        Some(self.ended(why))
    }

    /// The handshake is done: who is there, and may they be?
    fn judge(&mut self, allowed: Option<&[Role]>, now: Instant) -> Option<Event> {
        let robots = [Role::Robot];
        match admit::judged(self.peer(), allowed.unwrap_or(&robots)) {
            Ok(peer) if allowed.is_some() => {
                self.give_word();
                self.phase = Phase::Joined;
                Some(Event::Joined { call: self.id, peer })
            }
            Ok(_) => {
                self.phase = Phase::Waiting;
                None
            }
            Err((close, sentence, why)) => {
                self.close(close.code(), sentence.as_bytes(), now);
                Some(self.ended(why))
            }
        }
    }

    fn peer(&self) -> Option<Peer> {
        let identity = self.connection.crypto_session().peer_identity()?;
        let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
        chain.first().and_then(Peer::of_certificate)
    }

    /// A robot says that the console is admitted.
    fn give_word(&mut self) {
        // A console that allows no stream is never told, and gives up.
        if let Some(stream) = self.connection.streams().open(Dir::Uni) {
            let mut stream = self.connection.send_stream(stream);
            let _ = stream.write(&[ADMITTED]);
            let _ = stream.finish();
        }
    }

    /// A console hears whether it is admitted.
    fn hear_word(&mut self, now: Instant) -> Option<Event> {
        if self.session.is_none() {
            self.session = self.connection.streams().accept(Dir::Uni);
        }
        let mut stream = self.connection.recv_stream(self.session?);
        let mut chunks = stream.read(true).ok()?;
        let next = chunks.next(1);
        let _ = chunks.finalize();
        let word = next.ok()??.bytes.first().copied()?;
        self.session = None;
        if word == ADMITTED {
            self.phase = Phase::Joined;
            let peer = self.peer()?;
            return Some(Event::Joined { call: self.id, peer });
        }
        self.close(Close::Done.code(), b"that is no word of admission", now);
        let got = u32::from(word);
        Some(self.ended(FrameError::Undefined { field: "admission", got }.into()))
    }
}
