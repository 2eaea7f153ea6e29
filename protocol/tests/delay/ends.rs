//! Real QUIC without input and output: two ends, driven by whoever has the time.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::link::endpoint::{client_config, server_config};
use protocol::link::role::ROBOT_SERVER_NAME;
use protocol::link::{Authority, Kind, Role};
use quinn_proto::{
    Connection, ConnectionHandle, DatagramEvent, Dir, EcnCodepoint, Endpoint, EndpointConfig,
    Event, StreamEvent, StreamId, TransportConfig,
};

use super::path::{MS, Ns};

/// Where a packet comes from and goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Robot,
    Console,
}

/// A packet on the way.
pub(crate) type Packet = (Vec<u8>, Option<EcnCodepoint>);

/// What an end hears from the other side.
#[derive(Default)]
pub(crate) struct Heard {
    /// Whole datagrams.
    pub(crate) frames: Vec<Vec<u8>>,
    /// The first eight bytes of pictures of which everything has arrived, and their length.
    pub(crate) pictures: Vec<([u8; 8], usize)>,
}

/// One end of one connection.
pub(crate) struct Node {
    pub(crate) end: End,
    endpoint: Endpoint,
    open: Option<(ConnectionHandle, Connection)>,
    reading: Vec<(StreamId, Vec<u8>, usize)>,
    pub(crate) heard: Heard,
    /// When it next wants to be called.
    pub(crate) due: Ns,
}

fn address(end: End) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 1 + end as u16).into()
}

/// The configurations of the link, with other transports if any are given (robot's, console's).
pub(crate) fn joined(
    kind: Kind,
    other: Option<(TransportConfig, TransportConfig)>,
    seed: u8,
    base: Instant,
) -> [Node; 2] {
    let authority = Authority::create("north").unwrap();
    let robot = authority.issue(Role::Robot, "theatre-4", 1).unwrap();
    let console = authority.issue(Role::Operator, "anna", 1).unwrap();
    let mut server = server_config(kind, &robot).unwrap();
    let mut client = client_config(kind, &console).unwrap();
    if let Some((robot, console)) = other {
        server.transport_config(Arc::new(robot));
        client.transport_config(Arc::new(console));
    }
    let node = |end, server| {
        let config = Arc::new(EndpointConfig::default());
        let endpoint = Endpoint::new(config, server, true, Some([seed + end as u8; 32]));
        let (open, reading, heard) = (None, Vec::new(), Heard::default());
        Node { end, endpoint, open, reading, heard, due: Ns::MAX }
    };
    let (listening, mut calling) =
        (node(End::Robot, Some(Arc::new(server))), node(End::Console, None));
    let name = ROBOT_SERVER_NAME;
    calling.open = Some(calling.endpoint.connect(base, client, address(End::Robot), name).unwrap());
    [listening, calling]
}

impl Node {
    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        self.open.as_mut().map(|(_, connection)| connection)
    }

    /// A packet has arrived. What the endpoint itself answers goes into `out`.
    pub(crate) fn receive(&mut self, now: Instant, (bytes, ecn): &Packet, out: &mut Vec<Packet>) {
        let other = if self.end == End::Robot { End::Console } else { End::Robot };
        let mut buffer = Vec::new();
        let data = bytes.as_slice().into();
        match self.endpoint.handle(now, address(other), None, *ecn, data, &mut buffer) {
            Some(DatagramEvent::ConnectionEvent(_, event)) => {
                self.connection().unwrap().handle_event(event);
            }
            Some(DatagramEvent::NewConnection(incoming)) => {
                self.open = self.endpoint.accept(incoming, now, &mut buffer, None).ok();
            }
            Some(DatagramEvent::Response(_)) => out.push((buffer, None)),
            None => {}
        }
    }

    /// Lets QUIC do all that it has to do now. What is to be sent goes into `out`.
    pub(crate) fn drive(&mut self, now: Instant, base: Instant, out: &mut Vec<Packet>) {
        // What one call of the system may hold, in quinn.
        const SEGMENTS: usize = 10;
        let Some((handle, connection)) = &mut self.open else { return };
        if connection.poll_timeout().is_some_and(|at| at <= now) {
            connection.handle_timeout(now);
        }
        loop {
            let mut buffer = Vec::new();
            let Some(sent) = connection.poll_transmit(now, SEGMENTS, &mut buffer) else { break };
            for packet in buffer.chunks(sent.segment_size.unwrap_or(sent.size)) {
                out.push((packet.to_vec(), sent.ecn));
            }
        }
        while let Some(event) = connection.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(*handle, event) {
                connection.handle_event(event);
            }
        }
        let mut readable = Vec::new();
        while let Some(event) = connection.poll() {
            match event {
                Event::Stream(StreamEvent::Opened { dir: Dir::Uni }) => {
                    while let Some(id) = connection.streams().accept(Dir::Uni) {
                        self.reading.push((id, Vec::new(), 0));
                        readable.push(id);
                    }
                }
                Event::Stream(StreamEvent::Readable { id }) => readable.push(id),
                Event::DatagramReceived => {
                    while let Some(frame) = connection.datagrams().recv() {
                        self.heard.frames.push(frame.to_vec());
                    }
                }
                Event::ConnectionLost { reason } => panic!("{:?} lost: {reason}", self.end),
                _ => {}
            }
        }
        for id in readable {
            read(connection, id, &mut self.reading, &mut self.heard);
        }
        // An ordinary timer fires at the next whole millisecond.
        self.due = connection.poll_timeout().map_or(Ns::MAX, |at| {
            let at = at.saturating_duration_since(base).as_nanos() as Ns;
            at.next_multiple_of(MS)
        });
    }
}

fn read(
    connection: &mut Connection,
    id: StreamId,
    reading: &mut Vec<(StreamId, Vec<u8>, usize)>,
    heard: &mut Heard,
) {
    let Some(place) = reading.iter().position(|(reading, ..)| *reading == id) else { return };
    let mut stream = connection.recv_stream(id);
    let Ok(mut chunks) = stream.read(true) else { return };
    let (_, head, length) = &mut reading[place];
    while let Ok(next) = chunks.next(usize::MAX) {
        let Some(chunk) = next else {
            let head = head[..8].try_into().unwrap();
            heard.pictures.push((head, *length));
            reading.swap_remove(place);
            break;
        };
        if head.len() < 8 {
            head.extend_from_slice(&chunk.bytes);
        }
        *length += chunk.bytes.len();
    }
    let _ = chunks.finalize();
}

/// The first moment. Virtual time is an offset from it.
pub(crate) fn beginning() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "QUIC's time has no other origin")]
    let now = Instant::now();
    now + Duration::from_secs(1)
}
