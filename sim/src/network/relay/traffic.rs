//! Which packet goes where, and when.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use operator::core::histogram::Histogram;

use super::super::model::{Counts, Fate, LinkModel};
use super::super::preset::LinkPreset;
use super::super::spec::{LinkSpec, OUTAGES_MAX, OutageSpec};
use crate::noise::Noise;

/// Packets on their way, at most.
pub const WAITING_MAX: usize = 65_536;

/// Bytes on their way, at most: what 1 Gbit/s sends in half a second.
pub const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Buffers kept for packets to come.
const SPARE_MAX: usize = 1024;

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the client to the target: from the console to the robot.
    Up,
    /// Back.
    Down,
}

/// What the link is to be, over time.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The link at first.
    pub preset: LinkPreset,
    /// Links that follow it, each from its time on, in ascending order.
    pub then: Vec<(Duration, LinkPreset)>,
    /// Outages of both directions at once, beside those of the links. Those come first when there are more
    /// than a link can have.
    pub faults: Vec<OutageSpec>,
    /// Seed of all links.
    pub seed: u64,
}

/// What has happened in one direction.
#[derive(Debug, Clone, Default)]
pub struct DirectionStats {
    /// What the model decided.
    pub counts: Counts,
    /// Packets for which the relay itself had no room. The model had delivered them.
    pub lost_relay: u64,
    /// Time from a packet's coming until it is due, of those that were delivered.
    pub delay: Histogram,
    /// The same over the last full second.
    pub recent: Histogram,
    /// Time from when a packet was due until it was sent.
    pub late: Histogram,
    /// How long a packet that came now would wait in the queue.
    pub queue: Duration,
}

/// What has happened.
#[derive(Debug, Clone, Default)]
pub struct RelayStats {
    /// Since the start.
    pub now: Duration,
    /// The name of the link in force.
    pub preset: String,
    /// From the client to the target.
    pub up: DirectionStats,
    /// Back.
    pub down: DirectionStats,
    /// Packets on their way.
    pub waiting: usize,
    /// Clients now.
    pub clients: usize,
    /// Packets of clients for which there was no room.
    pub refused: u64,
    /// Packets that the system did not take, or that an address refused.
    pub unsent: u64,
}

/// A packet that is due.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    /// When it was to be sent.
    pub at: Duration,
    /// Which way.
    pub direction: Direction,
    /// Whose it is.
    pub client: u64,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// A packet on its way: ordered by when it is due, then by when it came.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    at: Duration,
    number: u64,
    direction: Direction,
    client: u64,
    bytes: Vec<u8>,
}

/// The relay without sockets and clocks.
#[derive(Debug)]
pub struct RelayCore {
    plan: Plan,
    /// Links of the plan that have begun.
    begun: usize,
    up: LinkModel,
    down: LinkModel,
    stats: RelayStats,
    /// Delays of this second, up and down.
    filling: [Histogram; 2],
    waiting: BinaryHeap<Reverse<Waiting>>,
    waiting_bytes: usize,
    number: u64,
    spare: Vec<Vec<u8>>,
}

impl RelayCore {
    /// The relay at time zero.
    pub fn new(plan: Plan) -> Self {
        let [up, down] = models(&plan, &plan.preset, 0);
        let stats = RelayStats { preset: plan.preset.name.clone(), ..RelayStats::default() };
        Self {
            plan,
            begun: 0,
            up,
            down,
            stats,
            filling: [Histogram::new(), Histogram::new()],
            waiting: BinaryHeap::new(),
            waiting_bytes: 0,
            number: 0,
            spare: Vec::new(),
        }
    }

    /// A packet of `client` has come at `now`.
    pub fn handle_packet(
        &mut self,
        now: Duration,
        direction: Direction,
        client: u64,
        bytes: &[u8],
    ) {
        self.follow_plan(now);
        let model = match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        };
        let fate = model.offer(now, bytes.len());
        let Fate::Delivered { at, again, .. } = fate else { return };
        let copies = 1 + usize::from(again.is_some());
        let fits = self.waiting.len() + copies <= WAITING_MAX
            && self.waiting_bytes.saturating_add(bytes.len() * copies) <= WAITING_BYTES_MAX;
        let stats = self.direction(direction);
        if !fits {
            stats.lost_relay += 1;
            return;
        }
        let delay = at.saturating_sub(now);
        stats.delay.record(delay);
        let [up, down] = &mut self.filling;
        match direction {
            Direction::Up => up.record(delay),
            Direction::Down => down.record(delay),
        }
        self.push(at, direction, client, bytes);
        if let Some(again) = again {
            self.push(again, direction, client, bytes);
        }
    }

    /// The next packet that is due by `now`.
    pub fn poll_due(&mut self, now: Duration) -> Option<Due> {
        if self.next_due().is_none_or(|at| at > now) {
            return None;
        }
        let Reverse(Waiting { at, direction, client, bytes, .. }) = self.waiting.pop()?;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes.len());
        self.direction(direction).late.record(now.saturating_sub(at));
        Some(Due { at, direction, client, bytes })
    }

    /// When the next packet is due.
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.peek().map(|Reverse(w)| w.at)
    }

    /// Takes a buffer back.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(bytes);
        }
    }

    /// What has happened by `now`.
    pub fn stats(&mut self, now: Duration) -> RelayStats {
        self.follow_plan(now);
        self.stats.now = now;
        self.stats.waiting = self.waiting.len();
        for (stats, model) in [(&mut self.stats.up, &self.up), (&mut self.stats.down, &self.down)] {
            stats.counts = *model.counts();
            stats.queue = model.wait(now);
        }
        self.stats.clone()
    }

    /// A second is over: what was counted in it is what is recent.
    pub fn end_second(&mut self) {
        let [up, down] = core::mem::take(&mut self.filling);
        (self.stats.up.recent, self.stats.down.recent) = (up, down);
    }

    fn push(&mut self, at: Duration, direction: Direction, client: u64, bytes: &[u8]) {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        self.number += 1;
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes.len());
        let number = self.number;
        self.waiting.push(Reverse(Waiting { at, number, direction, client, bytes: buffer }));
    }

    const fn direction(&mut self, direction: Direction) -> &mut DirectionStats {
        match direction {
            Direction::Up => &mut self.stats.up,
            Direction::Down => &mut self.stats.down,
        }
    }

    /// Replaces the link by the one that is in force at `now`.
    fn follow_plan(&mut self, now: Duration) {
        while let Some((at, preset)) = self.plan.then.get(self.begun)
            && *at <= now
        {
            self.begun += 1;
            let [up, down] = models(&self.plan, preset, self.begun);
            self.stats.preset.clone_from(&preset.name);
            self.up = up.following(&self.up);
            self.down = down.following(&self.down);
        }
    }
}

/// Both directions of the link with this number in the plan.
fn models(plan: &Plan, preset: &LinkPreset, number: usize) -> [LinkModel; 2] {
    let mut seeds = Noise::new(plan.seed);
    for _ in 0..number {
        seeds = Noise::new(seeds.bits());
    }
    [&preset.up, &preset.down].map(|spec| {
        let own = spec.outages.iter().take(OUTAGES_MAX.saturating_sub(plan.faults.len()));
        let outages = plan.faults.iter().chain(own).copied().collect();
        LinkModel::new(&LinkSpec { outages, ..spec.clone() }, seeds.bits())
    })
}
