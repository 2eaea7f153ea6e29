//! The rig: flows of pictures and of control frames over one bottleneck, in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::frame::command::COMMAND_BYTES;
use protocol::frame::state::STATE_BYTES;
use protocol::link::Kind;
use protocol::link::pictures::PIECE_BYTES;
use protocol::link::transport::{self, PICTURE_WINDOW, Side};
use quinn_proto::congestion::{BbrConfig, CubicConfig};
use quinn_proto::{Connection, Dir, StreamId, TransportConfig};

use super::ends::{End, Node, Packet, beginning, joined};
use super::path::{MS, Ns, SECOND, Spec, Way};

/// The period of commands and states.
const TICK: Ns = MS;

/// The period of pictures: 60 a second.
const PICTURE: Ns = SECOND / 60;

/// Who carries the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// What Farreach does.
    Yielding,
    /// A connection of their own with Cubic.
    Cubic,
    /// A connection of their own with the BBR that quinn has.
    Bbr,
    /// One connection for everything, with the defaults of QUIC.
    Shared,
}

/// What is tried.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) carrier: Carrier,
    /// From the robot to the console, and back.
    pub(crate) ways: [Spec; 2],
    /// Unit: bit per second, at 60 pictures a second; one for each media connection.
    pub(crate) offered: Vec<u64>,
    /// So many of them, the last ones, have Cubic whatever the carrier is.
    pub(crate) greedy: usize,
    /// When each media connection begins with pictures.
    pub(crate) begins: Vec<Ns>,
    /// The console is on the robot's side of the path, so that commands go the way of pictures.
    pub(crate) flipped: bool,
    /// How long pictures flow.
    pub(crate) lasts: Ns,
    /// From which moment on it counts, since pictures began.
    pub(crate) counts_from: Ns,
    /// Of all chance on the way.
    pub(crate) seed: u64,
}

impl Trial {
    pub(crate) fn new(carrier: Carrier, round_trip_ms: u64, offered_mbit_s: u64) -> Self {
        let way = Spec::of_issue(Duration::from_millis(round_trip_ms));
        Self {
            carrier,
            ways: [way.clone(), way],
            offered: vec![offered_mbit_s * 1_000_000],
            greedy: 0,
            begins: vec![0],
            flipped: false,
            lasts: 8 * SECOND,
            counts_from: SECOND,
            seed: 7,
        }
    }

    /// When the first picture is due: by then all are connected.
    pub(crate) fn start(&self) -> Ns {
        2 * SECOND + 10 * (self.ways[0].delay + self.ways[1].delay).as_nanos() as Ns
    }
}

/// What came of it.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// What pictures added to the delay of states and of commands, in order of size. Unit: ms.
    pub(crate) states: Vec<f64>,
    pub(crate) commands: Vec<f64>,
    /// Frames made while it counted.
    pub(crate) frames: usize,
    /// Pictures of each flow: when each was captured and when it was whole, since pictures began.
    pub(crate) pictures: Vec<Vec<(Ns, Ns, usize)>>,
}

impl Outcome {
    /// Pictures a second of one flow, in this time since pictures began.
    pub(crate) fn rate(&self, flow: usize, from: Ns, to: Ns) -> f64 {
        let whole = self.pictures[flow].iter().filter(|(_, at, _)| (from..to).contains(at)).count();
        whole as f64 * SECOND as f64 / (to - from) as f64
    }

    /// Bits of pictures a second of one flow, in this time since pictures began.
    pub(crate) fn bits(&self, flow: usize, from: Ns, to: Ns) -> f64 {
        let whole = self.pictures[flow].iter().filter(|(_, at, _)| (from..to).contains(at));
        whole.map(|(_, _, bytes)| *bytes * 8).sum::<usize>() as f64 * SECOND as f64
            / (to - from) as f64
    }

    /// How old pictures of the first flow are when they are whole. Unit: ms.
    pub(crate) fn age_p95(&self, from: Ns) -> f64 {
        let late = self.pictures[0].iter().filter(|(_, at, _)| *at >= from);
        let mut ages: Vec<f64> = late.map(|(a, b, _)| (b - a) as f64 / MS as f64).collect();
        ages.sort_by(f64::total_cmp);
        percentile(&ages, 95)
    }
}

/// The nearest rank.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// A picture on its way into the link.
struct Writing {
    stream: StreamId,
    captured: Ns,
    taken: usize,
    /// Up to here the window of the stream has been set.
    asked: usize,
}

/// One flow of pictures.
struct Flow {
    node: usize,
    bytes: usize,
    due: Ns,
    writing: Option<Writing>,
}

/// The simulation.
pub(crate) struct Rig {
    trial: Trial,
    base: Instant,
    now: Ns,
    /// Robot's and console's ends, pair by pair; control first.
    nodes: Vec<Node>,
    ways: [Way; 2],
    arrivals: BinaryHeap<Reverse<(Ns, u64, usize)>>,
    flying: Vec<Option<Packet>>,
    count: u64,
    flows: Vec<Flow>,
    outcome: Outcome,
}

/// The transport of media with another controller; none with the one of Farreach.
fn media(carrier: Carrier, side: Side) -> Option<TransportConfig> {
    let mut config = transport::config(Kind::Media, side);
    match carrier {
        Carrier::Cubic => config.congestion_controller_factory(Arc::new(CubicConfig::default())),
        Carrier::Bbr => config.congestion_controller_factory(Arc::new(BbrConfig::default())),
        Carrier::Yielding | Carrier::Shared => return None,
    };
    Some(config)
}

impl Rig {
    pub(crate) fn new(mut trial: Trial) -> Self {
        let base = beginning();
        let begins = trial.start() - MS;
        trial.ways.iter_mut().for_each(|way| way.begins = begins);
        let control = match trial.carrier {
            Carrier::Shared => Some((TransportConfig::default(), TransportConfig::default())),
            Carrier::Yielding | Carrier::Cubic | Carrier::Bbr => None,
        };
        let mut nodes: Vec<Node> = joined(Kind::Control, control, 1, base).into();
        for flow in 0..trial.offered.len() {
            if trial.carrier == Carrier::Shared {
                continue;
            }
            let greedy = flow + trial.greedy >= trial.offered.len();
            let carrier = if greedy { Carrier::Cubic } else { trial.carrier };
            let media = media(carrier, Side::Robot).zip(media(carrier, Side::Console));
            nodes.extend(joined(Kind::Media, media, 11 + 10 * flow as u8, base));
        }
        let flows =
            trial.offered.iter().zip(&trial.begins).enumerate().map(|(i, (rate, begin))| {
                let node = if trial.carrier == Carrier::Shared { 0 } else { 2 + 2 * i };
                let bytes = (rate / 60 / 8) as usize;
                Flow { node, bytes, due: trial.start() + begin, writing: None }
            });
        let outcome =
            Outcome { pictures: vec![Vec::new(); trial.offered.len()], ..Outcome::default() };
        Self {
            base,
            now: 0,
            ways: [
                Way::new(trial.ways[0].clone(), trial.seed),
                Way::new(trial.ways[1].clone(), !trial.seed),
            ],
            arrivals: BinaryHeap::new(),
            flying: Vec::new(),
            count: 0,
            flows: flows.collect(),
            nodes,
            outcome,
            trial,
        }
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Outcome {
        let start = self.trial.start();
        let mut tick = start;
        for node in 0..self.nodes.len() {
            self.drive(node);
        }
        while self.now < start + self.trial.lasts {
            let due = self.nodes.iter().map(|node| node.due);
            let due = due.chain(self.flows.iter().map(|flow| flow.due)).min().unwrap_or(Ns::MAX);
            let arrival = self.arrivals.peek().map_or(Ns::MAX, |Reverse((at, ..))| *at);
            self.now = self.now.max(tick.min(due).min(arrival));
            if self.now >= tick {
                tick += TICK;
                self.frames();
            }
            self.deliver();
            for flow in 0..self.flows.len() {
                self.capture(flow);
            }
            for node in 0..self.nodes.len() {
                if self.nodes[node].due <= self.now {
                    self.drive(node);
                }
            }
        }
        self.outcome.states.sort_by(f64::total_cmp);
        self.outcome.commands.sort_by(f64::total_cmp);
        self.outcome
    }

    fn instant(&self) -> Instant {
        self.base + Duration::from_nanos(self.now)
    }

    /// A command and a state, each with its time.
    fn frames(&mut self) {
        for (node, bytes) in [(0, STATE_BYTES), (1, COMMAND_BYTES)] {
            let mut frame = vec![0; bytes];
            frame[..8].copy_from_slice(&self.now.to_le_bytes());
            let connection = self.nodes[node].connection().unwrap();
            let _ = connection.datagrams().send(frame.into(), true);
            self.drive(node);
        }
        if self.now >= self.trial.start() + self.trial.counts_from {
            self.outcome.frames += 1;
        }
    }

    fn deliver(&mut self) {
        while let Some(Reverse((at, _, place))) = self.arrivals.peek().copied() {
            if at > self.now {
                break;
            }
            self.arrivals.pop();
            let packet = self.flying[place].take().unwrap();
            let node = (packet.0[0]) as usize;
            let mut out = Vec::new();
            let now = self.instant();
            self.nodes[node].receive(now, &(packet.0[1..].to_vec(), packet.1), &mut out);
            self.send(node, out);
            self.drive(node);
        }
    }

    /// A picture, if the last one was taken: as the capture thread of the robot does.
    fn capture(&mut self, flow: usize) {
        let Flow { node, due, writing, .. } = &mut self.flows[flow];
        if *due > self.now {
            return;
        }
        *due += PICTURE;
        if writing.is_none() {
            let connection = self.nodes[*node].connection().unwrap();
            // Not more at once than the link allows.
            if let Some(stream) = connection.streams().open(Dir::Uni) {
                *writing = Some(Writing { stream, captured: self.now, taken: 0, asked: 0 });
            }
            let node = *node;
            self.drive(node);
        }
    }

    fn drive(&mut self, node: usize) {
        let mut out = Vec::new();
        let (now, base) = (self.instant(), self.base);
        loop {
            self.nodes[node].drive(now, base, &mut out);
            let mut wrote = false;
            for flow in self.flows.iter_mut().filter(|flow| flow.node == node) {
                wrote |= flow.write(self.nodes[node].connection());
            }
            if !wrote {
                break;
            }
        }
        self.send(node, out);
        self.listen(node);
    }

    fn send(&mut self, from: usize, packets: Vec<Packet>) {
        let to = from ^ 1;
        let flipped = self.trial.flipped && from < 2;
        let down = (self.nodes[from].end == End::Robot) != flipped;
        let way = &mut self.ways[usize::from(!down)];
        for (mut packet, ecn) in packets {
            if let Some(at) = way.offer(self.now, packet.len()) {
                packet.insert(0, to as u8);
                self.arrivals.push(Reverse((at, self.count, self.flying.len())));
                self.flying.push(Some((packet, ecn)));
                self.count += 1;
            }
        }
    }

    /// Takes what the other side has sent and measures it.
    fn listen(&mut self, node: usize) {
        // Headers and tag of a QUIC packet with one frame.
        const QUIC: usize = 30;
        let start = self.trial.start();
        let from = start + self.trial.counts_from;
        let heard = std::mem::take(&mut self.nodes[node].heard);
        for frame in heard.frames {
            let sent = Ns::from_le_bytes(frame[..8].try_into().unwrap());
            let down = (node == 1) != self.trial.flipped;
            let spec = &self.ways[usize::from(!down)].spec;
            let alone = spec.delay(sent) + spec.serialised(sent, frame.len() + QUIC);
            if sent >= from {
                let added = (self.now - sent).saturating_sub(alone) as f64 / MS as f64;
                let to =
                    if node == 1 { &mut self.outcome.states } else { &mut self.outcome.commands };
                to.push(added);
            }
        }
        let flow = self.flows.iter().position(|flow| flow.node == node ^ 1);
        for (head, bytes) in heard.pictures {
            let captured = Ns::from_le_bytes(head);
            let picture = (captured - start, self.now - start, bytes);
            self.outcome.pictures[flow.unwrap()].push(picture);
        }
    }
}

impl Flow {
    /// Gives the link what it takes of the picture, as `PictureSender` does. True if it took any.
    fn write(&mut self, connection: Option<&mut Connection>) -> bool {
        const ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];
        let (Some(connection), Some(writing)) = (connection, &mut self.writing) else {
            return false;
        };
        let mut wrote = false;
        while writing.taken < self.bytes {
            if writing.taken >= writing.asked {
                writing.asked += PIECE_BYTES;
                let room = connection.stats().path.cwnd.min(PICTURE_WINDOW);
                connection.set_send_window(room);
            }
            let head = writing.captured.to_le_bytes();
            let next = head.get(writing.taken..).filter(|left| !left.is_empty());
            let next = next.unwrap_or(&ZEROS[..writing.asked.min(self.bytes) - writing.taken]);
            let Ok(taken) = connection.send_stream(writing.stream).write(next) else {
                return wrote;
            };
            writing.taken += taken;
            wrote = true;
        }
        connection.send_stream(writing.stream).finish().unwrap();
        self.writing = None;
        true
    }
}
