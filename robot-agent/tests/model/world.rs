//! The robot, its consoles and what is under way between them: one state of the model, and the steps.

use core::hash::{Hash, Hasher};
use core::time::Duration;

use protocol::cause::{Cause, CauseSet};
use protocol::session::SessionId;
use protocol::state::OperatingState;
use robot_agent::core::conduct::{Conduct, Decisive, Judged, Outcome, Patience, Tested};
use robot_agent::core::machine::{State, Stop};
use robot_agent::core::{LocalEvent, SessionEvent};

use super::acts::{Act, Fate};
use super::key::Key;
use super::ledger::{Actor, Broken, Holder, Law, Ledger, Lived, moment};
use super::plan::{Plan, Restart, Story};
use super::wire::{Acknowledgement, Frame, Hand};

/// Most frames under way that are kept apart.
pub(crate) const WIRE_MAX: usize = 3;

/// How long a wait is. Longer than a robot brakes, stays DEGRADED or holds before it parks; two of
/// them are longer than a lease. Unit: second.
pub(crate) const WAIT_S: u64 = 3;

/// Every span that a wait outlasts.
pub(crate) const PATIENCE: Patience =
    Patience { degraded_max: Duration::from_secs(2), park_after: Some(Duration::from_secs(2)) };

/// What a console knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Console {
    /// The session that it was granted or asked for; 0 for none.
    pub(crate) session: u32,
    /// Mark: the grant; 0 if it was refused.
    pub(crate) grant: u32,
    /// The newest epoch that it has heard of.
    pub(crate) epoch: u32,
    /// Mark: the era of that.
    pub(crate) era: u32,
    /// Frames sent in this session.
    pub(crate) seq: u64,
    /// Closings of the clutch in this session.
    pub(crate) count: u32,
    /// True while its clutch is closed.
    pub(crate) closed: bool,
    /// Stops asked for in this session.
    pub(crate) stop: u32,
    /// An acknowledgement under way.
    pub(crate) acknowledgement: Option<Acknowledgement>,
}

/// One state of the model.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The robot: the code in production.
    pub(crate) conduct: Conduct,
    /// The robot's clock. Unit: second.
    pub(crate) now_s: u64,
    /// The consoles.
    pub(crate) consoles: [Console; 2],
    /// The frames under way, in order, without gaps.
    pub(crate) wire: [Option<Frame>; WIRE_MAX],
    /// The number of the next session.
    pub(crate) next_session: u32,
    /// What the model remembers.
    pub(crate) ledger: Ledger,
    /// The laws that the last step has broken.
    pub(crate) broken: Broken,
    /// The stories that the last step has told.
    pub(crate) told: u32,
}

impl World {
    /// The world that `plan` begins with: a robot that has just begun, or has its drives on already.
    pub(crate) fn begin(plan: &Plan) -> Self {
        let mut world = Self {
            conduct: Conduct::new(FIRST_EPOCH),
            now_s: 10,
            consoles: [Console::default(); 2],
            wire: [None; WIRE_MAX],
            next_session: 1,
            ledger: Ledger { era: 1, ..Ledger::default() },
            broken: Broken::default(),
            told: 0,
        };
        if plan.powered {
            world.tick(Judged {
                trip: None,
                slowed: false,
                recovered: false,
                in_the_way: CauseSet::EMPTY,
                at_rest: true,
                tested: Tested::Passed,
            });
            world.local(LocalEvent::PowerOn);
        }
        world
    }

    /// The world one act later.
    pub(crate) fn after(&self, act: &Act, plan: &Plan) -> Self {
        let mut world = self.clone();
        world.told = 0;
        world.perform(act, plan);
        if !plan.remembers {
            world.ledger.lived = 0;
        }
        world
    }

    fn tell(&mut self, story: Story) {
        self.told |= 1 << story as u32;
    }

    fn perform(&mut self, act: &Act, plan: &Plan) {
        match *act {
            Act::Open(console) => self.open(console, plan),
            Act::End => self.end(),
            Act::EndOther(session) => self.close(session),
            Act::Learn(console) => {
                let (epoch, era) = (self.conduct.epoch(), self.ledger.era);
                self.console(console).epoch = epoch;
                self.console(console).era = era;
            }
            Act::Send(console, hand, count) => self.send(console, hand, count),
            Act::PressStop(console, heard) => self.press_stop(console, heard),
            Act::Acknowledge(console) => {
                let stops = self.ledger.stops;
                let Console { session, epoch, grant, era, .. } = *self.console(console);
                self.console(console).acknowledgement =
                    Some(Acknowledgement { session, epoch, grant, stops, era });
            }
            Act::Acknowledged(acknowledgement) => {
                for console in &mut self.consoles {
                    if console.acknowledgement == Some(acknowledgement) {
                        console.acknowledgement = None;
                    }
                }
                self.acknowledge(&acknowledgement);
            }
            Act::Arrive(frame, fate) => self.arrive(&frame, fate),
            Act::Drop(frame) => self.drop_frame(&frame),
            Act::Message { session, stop } => self.message(session, stop),
            Act::Tick(judged) => self.tick(judged),
            Act::Wait => self.now_s += WAIT_S,
            Act::Local(event) => self.local(event),
            Act::Restart => self.restart(plan.restart),
        }
        let lease = self.conduct.decisive().lease;
        if let (Some((_, _, heard)), true) = (lease, self.ledger.holder.is_some()) {
            self.broken.expect(Law::Lease, heard == moment(self.ledger.heard_s));
        }
    }

    fn console(&mut self, index: usize) -> &mut Console {
        &mut self.consoles[index]
    }

    fn settle(&mut self, before: &Decisive, actor: Actor, outcome: Outcome) {
        let after = self.conduct.decisive();
        let broken = self.ledger.settle(before, actor, &after);
        self.broken.join(broken);
        let (from, to) = (before.state.word(), after.state.word());
        let begins = !from.follows() && to.follows();
        let ends = from.follows() && !to.follows();
        let told = outcome.change.map(|c| (c.from, c.to));
        self.broken.expect(Law::Told, told == (from != to).then_some((from, to)));
        self.broken.expect(Law::Told, (outcome.engaged, outcome.disengaged) == (begins, ends));
        self.broken.expect(Law::Told, outcome.renewed || before.epoch == after.epoch);
        self.note_end();
        let off = matches!(to, OperatingState::Estop | OperatingState::Fault);
        self.broken.expect(Law::Authority, !off || from == to || !self.conduct.is_held());
        if begins {
            self.tell_beginning();
        }
        if from == OperatingState::Degraded && to == OperatingState::Engaged {
            self.tell(Story::Healed);
        }
    }

    fn tell_beginning(&mut self) {
        let Some(Holder { console, .. }) = self.ledger.holder else { return };
        self.tell(if console == 0 { Story::FirstFollowed } else { Story::SecondFollowed });
        if console == 1 && self.ledger.has_lived(Lived::FollowedFirst) {
            self.tell(Story::HandedOver);
        }
        for (lived, story) in [
            (Lived::LeftPstop, Story::FollowedAfterPstop),
            (Lived::LeftEstop, Story::FollowedAfterEstop),
            (Lived::LeftFault, Story::FollowedAfterFault),
        ] {
            if self.ledger.has_lived(lived) {
                self.tell(story);
            }
        }
    }

    /// Authority that the robot has taken back is gone at once, and told.
    fn note_end(&mut self) {
        if let (Some(holder), false) = (self.ledger.holder, self.conduct.is_held()) {
            let session = SessionId::new(u128::from(holder.session));
            let told = self.conduct.decisive().ended;
            self.broken.expect(Law::OneHolder, told == Some(session));
            self.ledger.holder = None;
            self.ledger.untold = true;
        }
        self.broken.expect(Law::OneHolder, self.conduct.is_held() == self.ledger.holder.is_some());
    }

    fn open(&mut self, console: usize, plan: &Plan) {
        let session = self.next_session;
        self.next_session += 1;
        let free = self.ledger.holder.is_none() && !self.ledger.untold;
        let before = self.conduct.decisive();
        let id = SessionId::new(u128::from(session));
        let (grant, outcome) =
            self.conduct.session(SessionEvent::Open { session: id }, moment(self.now_s));
        let granted = matches!(grant, Some(Ok(_)));
        self.broken.expect(Law::OneHolder, granted == free);
        if granted {
            self.ledger.grant(session, console, self.now_s);
            self.settle(&before, Actor::Grant, outcome);
        } else {
            self.tell(Story::Refused);
            self.broken.expect(Law::OneHolder, self.conduct.decisive() == before);
        }
        if plan.anything {
            return;
        }
        let (epoch, era) = (self.conduct.epoch(), self.ledger.era);
        let grant = if granted { self.ledger.grants } else { 0 };
        self.consoles[console] = Console { session, grant, epoch, era, ..Console::default() };
    }

    fn end(&mut self) {
        let Some(holder) = self.ledger.holder else { return };
        let before = self.conduct.decisive();
        let session = SessionId::new(u128::from(holder.session));
        let now = moment(self.now_s);
        let (_, outcome) = self.conduct.session(SessionEvent::Close { session }, now);
        self.ledger.holder = None;
        self.settle(&before, Actor::Close, outcome);
    }

    fn close(&mut self, session: u32) {
        let before = self.conduct.decisive();
        let session = SessionId::new(u128::from(session));
        let _ = self.conduct.session(SessionEvent::Close { session }, moment(self.now_s));
        self.broken.expect(Law::OneHolder, self.conduct.decisive() == before);
    }

    fn send(&mut self, index: usize, hand: Hand, count: u32) {
        let console = self.console(index);
        console.seq += 1;
        console.count = count;
        console.closed = hand == Hand::Closed;
        let Console { session, seq, epoch, stop, grant, era, .. } = *console;
        let frame = Frame { session, seq, epoch, hand, count, stop, grant, era };
        if let Some(slot) = self.wire.iter_mut().find(|s| s.is_none()) {
            *slot = Some(frame);
        }
    }

    fn drop_frame(&mut self, frame: &Frame) {
        if let Some(at) = self.wire.iter().position(|f| f.as_ref() == Some(frame)) {
            self.wire[at] = None;
            self.wire[at..].rotate_left(1);
        }
    }

    fn press_stop(&mut self, index: usize, heard: bool) {
        let console = self.console(index);
        console.stop += 1;
        let Console { session, stop, .. } = *console;
        if heard {
            self.message(session, stop);
        }
    }

    fn message(&mut self, session: u32, stop: u32) {
        let before = self.conduct.decisive();
        let holders = self.ledger.holder.is_some_and(|h| h.session == session);
        let new = holders && stop > self.ledger.stop_asked;
        let id = SessionId::new(u128::from(session));
        let event = SessionEvent::Stop { session: id, request: stop };
        let (_, outcome) = self.conduct.session(event, moment(self.now_s));
        self.heard_stop(&before, new, stop, outcome);
    }

    fn heard_stop(&mut self, before: &Decisive, new: bool, stop: u32, outcome: Outcome) {
        if new {
            self.ledger.stop_asked = stop;
            self.tell(Story::StopHeard);
        }
        self.settle(before, Actor::Stop(new), outcome);
    }

    fn acknowledge(&mut self, acknowledgement: &Acknowledgement) {
        let Acknowledgement { session, epoch, grant, stops, era } = *acknowledgement;
        let before = self.conduct.decisive();
        let holders = self.ledger.holder.is_some() && grant == self.ledger.grants;
        let counts = holders && era == self.ledger.era && stops == self.ledger.stops;
        let event =
            SessionEvent::Acknowledge { session: SessionId::new(u128::from(session)), epoch };
        let (_, outcome) = self.conduct.session(event, moment(self.now_s));
        self.settle(&before, Actor::Acknowledge { counts }, outcome);
        if counts && matches!(before.state, State::Pstop { .. }) {
            self.ledger.acknowledged = true;
        }
    }

    /// A frame reaches the robot. What may come of it is known beforehand, from the marks.
    fn arrive(&mut self, frame: &Frame, fate: Fate) {
        let now = moment(self.now_s);
        let before = self.conduct.decisive();
        let command = frame.command();
        let holders = self.ledger.is_holders(frame);
        let new_stop = holders && frame.stop > self.ledger.stop_asked;
        let (passed, outcome) = self.conduct.admit(&command, now);
        if new_stop {
            if frame.era != self.ledger.era {
                self.tell(Story::StopOfAnOldEpochHeard);
            }
            self.heard_stop(&before, true, frame.stop, outcome);
        }
        self.tell_arrival(frame, holders);
        let may_pass = self.ledger.may_pass(frame);
        self.broken.expect(Law::Identity, passed == may_pass);
        // The holder is alive, whatever epoch it knows; nobody else is.
        let heard = holders && frame.seq > self.ledger.newest_seq;
        if heard {
            self.ledger.heard_s = self.now_s;
        }
        let mut expected = before;
        if let (true, Some((_, _, last_heard))) = (heard, expected.lease.as_mut()) {
            *last_heard = now;
        }
        if !passed {
            let after = self.conduct.decisive();
            self.broken.expect(Law::Identity, after.lease == expected.lease);
            self.broken.expect(Law::Identity, new_stop || after == expected);
            return;
        }
        self.ledger.newest_seq = self.ledger.newest_seq.max(frame.seq);
        let before = self.conduct.decisive();
        match fate {
            Fate::Bad => {
                self.conduct.note_bad();
                self.broken.expect(Law::Identity, self.conduct.decisive() == before);
            }
            Fate::Meant => {
                let outcome = self.conduct.hear(&command, now);
                if may_pass {
                    self.ledger.hear(frame);
                }
                self.settle(&before, Actor::Frame(frame), outcome);
            }
        }
    }

    fn tell_arrival(&mut self, frame: &Frame, holders: bool) {
        if !holders {
            self.tell(Story::StrangersFrame);
        } else if frame.era != self.ledger.era {
            self.tell(Story::StaleFrame);
        } else if frame.seq == self.ledger.newest_seq {
            self.tell(Story::Duplicate);
        } else if frame.seq < self.ledger.newest_seq {
            self.tell(Story::Overtaken);
        }
    }

    fn tick(&mut self, mut judged: Judged) {
        let now = moment(self.now_s);
        let overdue = self.ledger.is_overdue(self.now_s);
        self.conduct.expire(now);
        self.broken.expect(
            Law::Lease,
            overdue == (self.ledger.holder.is_some() && !self.conduct.is_held()),
        );
        if overdue {
            self.tell(Story::Expired);
        }
        self.note_end();
        let before = self.conduct.decisive();
        // The interlock that watches authority: the core feeds it, not the environment.
        if before.state.word().follows() && !self.conduct.is_held() {
            let harder = judged.trip.filter(|(_, stop)| *stop >= Stop::Hold);
            judged.trip = harder.or(Some((Cause::Authority, Stop::Hold)));
        }
        let again = self.ledger.has_lived(Lived::FollowedNow);
        let outcome = self.conduct.decide(&judged, &PATIENCE, now);
        if outcome.engaged && again {
            self.tell(Story::Reclutched);
        }
        self.settle(&before, Actor::Tick(&judged), outcome);
        let told = self.conduct.take_ended().is_some();
        self.broken.expect(Law::OneHolder, told == self.ledger.untold);
        self.ledger.untold = false;
    }

    fn local(&mut self, event: LocalEvent) {
        let before = self.conduct.decisive();
        let actor = match event {
            LocalEvent::EstopPressed => Actor::Press,
            LocalEvent::EstopReleased => Actor::Release,
            LocalEvent::Reset => Actor::Reset,
            LocalEvent::PowerOn => Actor::PowerOn,
            LocalEvent::PowerOff => Actor::PowerOff,
        };
        match event {
            LocalEvent::EstopPressed => self.ledger.pressed = true,
            LocalEvent::EstopReleased => self.ledger.pressed = false,
            LocalEvent::PowerOff => self.ledger.power_off = true,
            LocalEvent::PowerOn => self.ledger.power_off = false,
            LocalEvent::Reset => {}
        }
        let (_, outcome) = self.conduct.local(event, moment(self.now_s));
        self.settle(&before, actor, outcome);
    }

    fn restart(&mut self, restart: Restart) {
        let first = match restart {
            Restart::Never | Restart::NewNumbers => self.conduct.epoch() + EPOCHS_OF_A_LIFE,
            Restart::SameEpochs | Restart::SameNumbers => FIRST_EPOCH,
        };
        if restart == Restart::SameNumbers {
            self.next_session = 1;
        }
        self.conduct = Conduct::new(first);
        self.consoles = [Console::default(); 2];
        let Ledger { grants, era, stops, lived, .. } = self.ledger;
        self.ledger = Ledger { grants, era: era + 1, stops: stops + 1, lived, ..Ledger::default() };
        self.ledger.lived &= !(1 << Lived::FollowedNow as u8);
    }
}

/// The epoch that the first life of the robot begins with.
const FIRST_EPOCH: u32 = 100;

/// More epochs than a life has in any run.
const EPOCHS_OF_A_LIFE: u32 = 1_000;

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        Key::of(self) == Key::of(other)
    }
}

impl Eq for World {}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Key::of(self).hash(hasher);
    }
}
