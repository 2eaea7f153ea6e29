//! Everything that can happen, and which of it a plan lets happen next.

use core::fmt;

use protocol::cause::{Cause, CauseSet};
use robot_agent::core::LocalEvent;
use robot_agent::core::conduct::{Judged, Tested};
use robot_agent::core::machine::State;

use super::plan::{Plan, Restart};
use super::wire::{Acknowledgement, Frame, Hand};
use super::world::World;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// A console asks for authority, under a new session.
    Open(usize),
    /// The link notices that the connection of the holder has ended, or the holder gives it back.
    End,
    /// A session ends that holds nothing.
    EndOther(u32),
    /// A console hears of the epoch that the robot is in.
    Learn(usize),
    /// A console sends what its hand does, and how many times it has closed the clutch.
    Send(usize, Hand, u32),
    /// STOP is pressed at a console; true if the message comes through at once.
    PressStop(usize, bool),
    /// A console sends an acknowledgement of the epoch that it knows.
    Acknowledge(usize),
    /// An acknowledgement reaches the robot.
    Acknowledged(Acknowledgement),
    /// A frame reaches the robot, and may do so again.
    Arrive(Frame, Fate),
    /// A frame is lost.
    Drop(Frame),
    /// A message that asks for a stop reaches the robot.
    Message {
        /// Who asks.
        session: u32,
        /// The number of the stop.
        stop: u32,
    },
    /// The robot judges and decides.
    Tick(Judged),
    /// Time passes.
    Wait,
    /// Something is done at the robot.
    Local(LocalEvent),
    /// The robot begins anew.
    Restart,
}

/// What the robot makes of the content of a frame that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A hand can have given it.
    Meant,
    /// No hand can have.
    Bad,
}

/// Every act that `plan` lets happen in `world`.
pub(crate) fn acts(world: &World, plan: &Plan, acts: &mut Vec<Act>) {
    for console in 0..plan.consoles {
        acts.push(Act::Open(console));
    }
    if let Some(holder) = world.ledger.holder {
        acts.push(Act::End);
        acts.push(Act::EndOther(holder.session + 1));
    }
    if plan.anything {
        anything(world, acts);
    } else {
        for console in 0..plan.consoles {
            console_acts(world, plan, console, acts);
        }
        acts.extend(world.consoles.iter().filter_map(|c| c.acknowledgement).map(Act::Acknowledged));
        for frame in world.wire.iter().flatten() {
            acts.push(Act::Arrive(*frame, Fate::Meant));
            acts.push(Act::Drop(*frame));
        }
    }
    ticks(world, plan, acts);
    if plan.waits {
        acts.push(Act::Wait);
    }
    if plan.bedside {
        let events = [
            LocalEvent::EstopPressed,
            LocalEvent::EstopReleased,
            LocalEvent::Reset,
            LocalEvent::PowerOn,
            LocalEvent::PowerOff,
        ];
        acts.extend(events.map(Act::Local));
    }
    if plan.restart != Restart::Never {
        acts.push(Act::Restart);
    }
}

/// What a console does that goes by what it knows. One that holds nothing, and may not know it, only
/// sends: all else that it could do has no effect, which [`anything`] shows.
fn console_acts(world: &World, plan: &Plan, index: usize, acts: &mut Vec<Act>) {
    let console = &world.consoles[index];
    if console.session == 0 {
        return;
    }
    let holds = world.ledger.holder.is_some_and(|h| h.session == console.session);
    if world.wire.iter().flatten().count() < plan.wire {
        let count = console.count;
        acts.push(Act::Send(index, Hand::Released, count));
        acts.push(Act::Send(index, Hand::Open, count));
        acts.push(Act::Send(index, Hand::Closed, count + 1));
        if holds && (console.closed || plan.dishonest) {
            acts.push(Act::Send(index, Hand::Closed, count));
        }
        if holds && plan.dishonest {
            acts.push(Act::Send(index, Hand::Retract, count));
        }
    }
    if !holds {
        return;
    }
    if console.epoch != world.conduct.epoch() || console.era != world.ledger.era {
        acts.push(Act::Learn(index));
    }
    if plan.stops && console.stop <= world.ledger.stop_asked {
        acts.push(Act::PressStop(index, true));
        acts.push(Act::PressStop(index, false));
    }
    if plan.stops && console.acknowledgement.is_none() {
        acts.push(Act::Acknowledge(index));
    }
}

/// What can reach a robot from any number of consoles, honest or not, over any network: a frame is of
/// one of few kinds, and one of each kind may arrive at any time.
fn anything(world: &World, acts: &mut Vec<Act>) {
    let decisive = world.conduct.decisive();
    let ledger = &world.ledger;
    let (epoch, era) = (decisive.epoch, ledger.era);
    let largest = ledger.count_max.max(decisive.act.1);
    let hands = [
        (Hand::Released, largest),
        (Hand::Open, largest),
        (Hand::Open, largest + 1),
        (Hand::Closed, 0),
        (Hand::Closed, largest),
        (Hand::Closed, largest + 1),
        (Hand::Retract, largest),
        (Hand::Retract, largest + 1),
    ];
    let newest = ledger.newest_seq;
    let (same, new) = (ledger.stop_asked, ledger.stop_asked + 1);
    let session = ledger.holder.map_or(0, |h| h.session);
    let stranger = Frame {
        session: session + 1,
        seq: newest + 1,
        epoch,
        hand: Hand::Open,
        count: largest,
        stop: new,
        grant: 0,
        era,
    };
    for (hand, count) in hands {
        acts.push(Act::Arrive(Frame { hand, count, ..stranger }, Fate::Meant));
    }
    acts.push(Act::Message { session: session + 1, stop: new });
    if ledger.holder.is_none() {
        return;
    }
    let frame = Frame { session, stop: same, grant: ledger.grants, ..stranger };
    let old = Frame { epoch: epoch - 1, era: era - 1, ..frame };
    let kinds = [
        frame,
        Frame { seq: newest, ..frame },
        Frame { seq: newest.saturating_sub(1), ..frame },
        old,
        Frame { seq: newest, ..old },
        Frame { epoch: epoch + 1, era: era + 1, ..frame },
    ];
    for kind in kinds {
        for (hand, count) in hands {
            acts.push(Act::Arrive(Frame { hand, count, ..kind }, Fate::Meant));
            acts.push(Act::Arrive(Frame { hand, count, stop: new, ..kind }, Fate::Meant));
        }
    }
    acts.push(Act::Arrive(frame, Fate::Bad));
    acts.push(Act::Message { session, stop: same });
    acts.push(Act::Message { session, stop: new });
    let sent = Acknowledgement { session, epoch, grant: ledger.grants, stops: ledger.stops, era };
    acts.push(Act::Acknowledged(sent));
    acts.push(Act::Acknowledged(Acknowledgement { session: session + 1, grant: 0, ..sent }));
    acts.push(Act::Acknowledged(Acknowledgement { epoch: epoch - 1, era: era - 1, ..sent }));
    acts.push(Act::Acknowledged(Acknowledgement { epoch: epoch + 1, era: era + 1, ..sent }));
    if ledger.restopped {
        acts.push(Act::Acknowledged(Acknowledgement { stops: ledger.stops - 1, ..sent }));
    }
}

/// What a tick may find.
fn ticks(world: &World, plan: &Plan, acts: &mut Vec<Act>) {
    let state = world.conduct.state();
    let ways = [CauseSet::EMPTY, CauseSet::EMPTY.with(Cause::FreshRun)];
    let tests: &[Tested] = if state == State::Init {
        &[Tested::Testing, Tested::Passed, Tested::Failed]
    } else {
        &[Tested::Testing]
    };
    let drifts: &[(bool, bool)] = if plan.anything || state.word().follows() {
        &[(false, false), (true, false), (false, true)]
    } else {
        &[(false, false)]
    };
    for trip in plan.trips.iter().copied().map(Some).chain([None]) {
        for (slowed, recovered) in drifts.iter().copied() {
            for in_the_way in ways {
                for at_rest in [false, true] {
                    for tested in tests.iter().copied() {
                        if plan.anything || matters(world, at_rest, in_the_way) {
                            let found =
                                Judged { trip, slowed, recovered, in_the_way, at_rest, tested };
                            acts.push(Act::Tick(found));
                        }
                    }
                }
            }
        }
    }
}

/// Spares ticks that differ in nothing that the robot can act on.
fn matters(world: &World, at_rest: bool, in_the_way: CauseSet) -> bool {
    let closes = world.ledger.closing.is_some() || world.conduct.closing().is_some();
    (!at_rest || world.ledger.power_off) && (in_the_way.is_empty() || closes)
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(console) => write!(f, "console {console} asks for authority"),
            Self::End => write!(f, "the holder's connection ends"),
            Self::EndOther(session) => write!(f, "session {session} ends, which holds nothing"),
            Self::Learn(console) => write!(f, "console {console} hears of the robot's epoch"),
            Self::Send(console, hand, count) => {
                write!(f, "console {console} sends {hand:?} ({count})")
            }
            Self::PressStop(console, heard) => {
                write!(f, "console {console} presses STOP (message comes through: {heard})")
            }
            Self::Acknowledge(console) => write!(f, "console {console} sends an acknowledgement"),
            Self::Acknowledged(sent) => write!(
                f,
                "acknowledgement of epoch {} by session {} arrives (made after {} stops)",
                sent.epoch, sent.session, sent.stops
            ),
            Self::Arrive(frame, fate) => write!(
                f,
                "{frame} arrives{}",
                match fate {
                    Fate::Meant => "",
                    Fate::Bad => ", which no hand can have given",
                }
            ),
            Self::Drop(frame) => write!(f, "{frame} is lost"),
            Self::Message { session, stop } => {
                write!(f, "STOP {stop} of session {session} arrives as a message")
            }
            Self::Tick(judged) => write_tick(f, judged),
            Self::Wait => write!(f, "three seconds pass"),
            Self::Local(event) => write!(f, "at the robot: {event:?}"),
            Self::Restart => write!(f, "the robot restarts"),
        }
    }
}

fn write_tick(f: &mut fmt::Formatter<'_>, judged: &Judged) -> fmt::Result {
    write!(f, "tick")?;
    if let Some((cause, stop)) = judged.trip {
        write!(f, ", {cause:?} trips {stop:?}")?;
    }
    let facts = [
        (judged.slowed, "slowed"),
        (judged.recovered, "recovered"),
        (!judged.in_the_way.is_empty(), "something is in the way"),
        (judged.at_rest, "at rest"),
        (judged.tested == Tested::Passed, "self-test passed"),
        (judged.tested == Tested::Failed, "self-test failed"),
    ];
    facts.iter().filter(|(is, _)| *is).try_for_each(|(_, fact)| write!(f, ", {fact}"))
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, seq, epoch, hand, count, stop, .. } = self;
        write!(f, "frame {seq} of session {session} under epoch {epoch}: {hand:?} ({count})")?;
        if *stop > 0 { write!(f, ", STOP {stop}") } else { Ok(()) }
    }
}
