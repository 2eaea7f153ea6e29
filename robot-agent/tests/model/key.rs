//! Which worlds are alike: what keeps the space of states finite without a bound on the length of a run.
//!
//! The code under test compares numbers and never counts with them, but for "one more". So two worlds
//! are alike if the same comparisons come out the same: sequence numbers, stops and closings count by
//! their rank among those that are compared with them; epochs by whether they are the robot's; sessions
//! by who holds them; moments by which spans have passed since; causes by whether they are a STOP.
//!
//! Were the code to do more than compare, worlds would be taken for alike that are not, and a run would
//! be missed. The test `worlds_that_are_alike_have_the_same_future` looks for such worlds.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use protocol::cause::Cause;
use protocol::time::{Moment, Robot};
use robot_agent::core::conduct::Decisive;
use robot_agent::core::machine::{Reset, State};

use super::ledger::moment;
use super::wire::{Frame, Hand};
use super::world::{WAIT_S, World};

/// The longest key: with every frame under way that is kept apart. Unit: byte.
const KEY_MAX: usize = 96;

/// A world, up to its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    bytes: [u8; KEY_MAX],
    len: usize,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(&self.bytes[..self.len]);
    }
}

/// The rank of numbers among each other.
struct Ranks {
    /// Enough for what robot, ledger, a console and its frames compare.
    numbers: [u64; 16],
    len: usize,
}

impl Ranks {
    fn new() -> Self {
        Self { numbers: [0; 16], len: 0 }
    }

    fn note(&mut self, number: u64) {
        self.numbers[self.len] = number;
        self.len += 1;
    }

    /// How many different numbers are smaller.
    fn of(&self, number: u64) -> u8 {
        let noted = &self.numbers[..self.len];
        let first = |(i, n): &(usize, &u64)| !noted[..*i].contains(*n);
        noted.iter().enumerate().filter(first).filter(|(_, n)| **n < number).count() as u8
    }
}

impl Key {
    /// The key of `world`.
    pub(crate) fn of(world: &World) -> Self {
        let mut key = Self { bytes: [0; KEY_MAX], len: 0 };
        let decisive = world.conduct.decisive();
        for byte in world.broken.bits() {
            key.put(byte);
        }
        key.put_state(&decisive.state, world);
        key.put_ledger(&decisive, world);
        let counts = counts(&decisive, world);
        let (stops, seqs) = (stops(&decisive, world), seqs(&decisive, world));
        let (step, count) = decisive.act;
        key.put(step as u8);
        key.put(counts.of(u64::from(count)));
        key.put(decisive.closing.map_or(0, |c| 1 + counts.of(u64::from(c))));
        if decisive.state.word().follows() {
            key.put(counts.of(u64::from(decisive.engaged)));
            key.put(u8::from(decisive.retreated));
        }
        key.put(world.ledger.closing.map_or(0, |c| 1 + counts.of(u64::from(c))));
        key.put(world.ledger.followed.map_or(0, |c| 1 + counts.of(u64::from(c))));
        key.put(counts.of(u64::from(world.ledger.count_max)));
        key.put(stops.of(u64::from(decisive.stop_requested)));
        key.put(stops.of(u64::from(world.ledger.stop_asked)));
        key.put(u8::from(decisive.estop_pressed));
        key.put(decisive.power_off.map_or(0, |since| 1 + waits(since, world).min(1)));
        let (session, newest, heard) = decisive
            .lease
            .map_or((0, 0, 0), |(_, newest, heard)| (1, 1 + seqs.of(newest), waits(heard, world)));
        key.put(session);
        key.put(newest);
        key.put(heard);
        key.put_consoles(world, &counts, &stops);
        let mut frames =
            world.wire.map(|f| f.map_or([0; 8], |f| frame(&f, world, &counts, &stops, &seqs)));
        frames.sort_unstable();
        for frame in frames.iter().filter(|f| f[0] != 0) {
            for byte in frame {
                key.put(*byte);
            }
        }
        key
    }

    /// A number for it that is the same in every run.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn put(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    fn put_state(&mut self, state: &State, world: &World) {
        self.put(state.word() as u8);
        match *state {
            State::Degraded { since } | State::Hold { since, .. } => {
                self.put(waits(since, world).min(1));
            }
            State::Standby { stopped_by } => {
                self.put(stopped_by.map_or(0, |cause| 1 + u8::from(cause == Cause::RemoteStop)));
            }
            State::Pstop { cause, reset, .. } => {
                let remote = u8::from(cause == Cause::RemoteStop);
                self.put(2 * remote + u8::from(reset == Reset::Acknowledged));
            }
            State::Init
            | State::Ready
            | State::Engaged
            | State::Estop { .. }
            | State::Fault { .. } => {}
        }
    }

    fn put_ledger(&mut self, decisive: &Decisive, world: &World) {
        let ledger = &world.ledger;
        self.put(ledger.holder.map_or(0, |h| 1 + h.console as u8) + 4 * u8::from(ledger.untold));
        let newest = decisive.lease.is_none_or(|(_, newest, _)| newest == ledger.newest_seq);
        let flags = [
            ledger.released,
            ledger.open,
            ledger.pressed,
            ledger.latched,
            ledger.acknowledged,
            ledger.power_off,
            ledger.restopped,
            ledger.retreated,
        ];
        self.put(flags.iter().fold(0, |byte, flag| byte << 1 | u8::from(*flag)));
        self.put(u8::from(newest) + 2 * u8::from(decisive.ended.is_some()));
        self.put(ledger.lived);
    }

    fn put_consoles(&mut self, world: &World, counts: &Ranks, stops: &Ranks) {
        for console in &world.consoles {
            let class = class(console.session, world);
            self.put(class);
            if class == 1 {
                self.put(ahead(console.epoch, world));
                self.put(counts.of(u64::from(console.count)));
                self.put(stops.of(u64::from(console.stop)));
                self.put(u8::from(console.closed));
                self.put(u8::from(console.era == world.ledger.era));
                self.put(u8::from(console.grant == world.ledger.grants));
            }
            let ledger = &world.ledger;
            match console.acknowledgement.map(|sent| (sent, self::class(sent.session, world))) {
                None => self.put(0),
                Some((sent, 1)) => {
                    self.put(1);
                    self.put(ahead(sent.epoch, world));
                    let marks = [sent.stops == ledger.stops, sent.era == ledger.era];
                    self.put(marks.iter().fold(0, |byte, mark| byte << 1 | u8::from(*mark)));
                }
                Some(_) => self.put(2),
            }
        }
    }
}

/// What matters of a frame.
fn frame(frame: &Frame, world: &World, counts: &Ranks, stops: &Ranks, seqs: &Ranks) -> [u8; 8] {
    let class = class(frame.session, world);
    // A released deadman says nothing of the clutch.
    let count = if frame.hand == Hand::Released { 0 } else { frame.count };
    let hand = frame.hand as u8;
    match class {
        0 | 2 | 3 => [16 + class, hand, 0, 0, 0, 0, 0, 0],
        1 => [
            16 + class,
            hand,
            counts.of(u64::from(count)),
            stops.of(u64::from(frame.stop)),
            seqs.of(frame.seq),
            ahead(frame.epoch, world),
            u8::from(frame.era == world.ledger.era),
            u8::from(frame.grant == world.ledger.grants),
        ],
        _ => [
            16 + class,
            hand,
            count as u8,
            frame.stop as u8,
            frame.seq as u8,
            ahead(frame.epoch, world),
            0,
            0,
        ],
    }
}

/// Who a session is to the robot: 0 nobody, 1 the holder, 2 and 3 a console's, above: yet to come.
fn class(session: u32, world: &World) -> u8 {
    let [first, second] = &world.consoles;
    match session {
        0 => 0,
        s if world.ledger.holder.is_some_and(|h| h.session == s) => 1,
        s if s >= world.next_session => 4 + (s - world.next_session).min(8) as u8,
        s if s == first.session => 2,
        s if s == second.session => 3,
        _ => 0,
    }
}

/// How far an epoch is ahead of the robot's, from 1; 0 for those that are over.
fn ahead(epoch: u32, world: &World) -> u8 {
    (epoch + 1).saturating_sub(world.conduct.epoch()).min(8) as u8
}

/// How many waits ago a moment is; of two the lease is over.
fn waits(since: Moment<Robot>, world: &World) -> u8 {
    let age = moment(world.now_s).since(since).map_or(u64::MAX, |age| age.as_secs());
    (age / WAIT_S).min(2) as u8
}

fn holders(world: &World) -> impl Iterator<Item = &Frame> {
    world.wire.iter().flatten().filter(|f| class(f.session, world) == 1)
}

fn counts(decisive: &Decisive, world: &World) -> Ranks {
    let mut ranks = Ranks::new();
    ranks.note(0);
    ranks.note(u64::from(decisive.act.1));
    if decisive.state.word().follows() {
        ranks.note(u64::from(decisive.engaged));
    }
    for count in decisive.closing.iter().chain(&world.ledger.closing).chain(&world.ledger.followed)
    {
        ranks.note(u64::from(*count));
    }
    ranks.note(u64::from(world.ledger.count_max));
    for console in world.consoles.iter().filter(|c| class(c.session, world) == 1) {
        ranks.note(u64::from(console.count));
    }
    for frame in holders(world) {
        if frame.hand != Hand::Released {
            ranks.note(u64::from(frame.count));
        }
    }
    ranks
}

fn stops(decisive: &Decisive, world: &World) -> Ranks {
    let asked = decisive.stop_requested;
    let mut ranks = Ranks::new();
    ranks.note(u64::from(asked));
    ranks.note(u64::from(world.ledger.stop_asked));
    let consoles = world.consoles.iter().filter(|c| class(c.session, world) == 1).map(|c| c.stop);
    for stop in consoles.chain(holders(world).map(|f| f.stop)).filter(|s| *s > asked) {
        ranks.note(u64::from(stop));
    }
    ranks
}

fn seqs(decisive: &Decisive, world: &World) -> Ranks {
    let newest = decisive.lease.map_or(0, |(_, newest, _)| newest);
    let mut ranks = Ranks::new();
    ranks.note(newest);
    for frame in holders(world).filter(|f| f.seq > newest) {
        ranks.note(frame.seq);
    }
    ranks
}
