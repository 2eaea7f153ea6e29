//! What must be true of the core, reckoned from what went in and what came out.
//!
//! The witness keeps its own books: who holds authority, which frames count, when each number was given
//! out, how far the operator's act has come, where the setpoint was and how it moved. It asks the core
//! what it is doing and never why.
//!
//! - Here: what is said on the stream, and what is done at the robot; [`commands`]: which of them count.
//! - [`verdict`]: what is measured, against its limits.
//! - [`passage`]: from which state to which a tick may lead.
//! - [`arms`], [`base`]: what may be ordered; [`course`]: how a setpoint may move; [`region`]: where.
//! - [`told`]: what the console hears.

mod arms;
mod base;
mod commands;
mod course;
mod loss;
mod passage;
mod region;
mod told;
mod transit;
mod verdict;

use core::time::Duration;
use std::collections::BTreeMap;

use protocol::ARMS;
use protocol::frame::{CommandFrame, Mode};
use protocol::picture::ViewSource;
use protocol::session::{Refusal, SessionId};
use protocol::state::OperatingState as Word;
use protocol::time::{Moment, Operator, Robot};
use robot_agent::core::{Grant, Host, LocalEvent, SessionEvent, Tick};
use robot_agent::robot::Reading;

use self::arms::ArmBook;
use self::base::BaseBook;
use self::loss::Loss;
use self::transit::Transit;
use super::shapes::Rig;

/// A session that is not heard of for this long has ended.
const LEASE_MAX: Duration = Duration::from_secs(5);

type Now = Moment<Robot>;

/// Where a moment is once the clock was set back by so much to `now`.
fn gone_back(then: Now, back: Duration, now: Now) -> Now {
    if then > now { then.before(back) } else { then }
}

/// How long before `now` something was; nothing for what is still to come.
fn since(now: Now, then: Now) -> Option<Duration> {
    now.as_ns().checked_sub(then.as_ns()).map(Duration::from_nanos)
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    session: SessionId,
    newest_seq: u64,
    heard_seq: u64,
    heard: Now,
}

/// How far the operator has come with the act that engages, in frames that count.
#[derive(Debug, Clone, Copy, Default)]
struct Act {
    released: bool,
    open: bool,
    closing: Option<CommandFrame>,
}

/// What a protective stop came of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Contact,
    Remote,
    Other,
}

/// The stop that a robot without power remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    None,
    Stop(Why),
    /// A limit was so near that nobody can say.
    Unsure,
}

/// What one tick was given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    /// `None` where the robot reports a fault or a number that is none.
    pub(super) measured: Option<Reading>,
    /// How the computer does.
    pub(super) host: Host,
}

/// The books.
pub(super) struct Witness {
    lease: Option<Lease>,
    ended: Option<SessionId>,
    newest: Option<(CommandFrame, Now)>,
    sample: Option<(Moment<Operator>, Now)>,
    mistaken: Option<Now>,
    transit: Transit,
    act: Act,
    engaged_by: Option<CommandFrame>,
    /// The operator has asked to lift in this engagement.
    retracted: bool,
    counts_used: u32,
    bad: u32,
    loss: Loss,
    stop_requested: u32,
    confirmable: u32,
    states: BTreeMap<u64, (Now, Word)>,
    newest_state: u64,
    views: BTreeMap<u64, Now>,
    newest_view: u64,
    estop_pressed: bool,
    power_off: Option<Now>,
    acknowledged: bool,
    /// The drives are on.
    on: bool,
    why: Why,
    memory: Memory,
    clock_bad: Option<Now>,
    unpowered: Option<Now>,
    undropped: Option<Now>,
    /// The drives were on when the state began.
    under_power: bool,
    /// They were ordered off in this state.
    went_off: bool,
    /// An arm that did not obey was taken up where it had come to rest.
    regripped: bool,
    green: Option<Now>,
    calm: Option<Now>,
    tested: u32,
    tested_good: u32,
    arms: [Option<ArmBook>; ARMS],
    base: BaseBook,
    last_measured: Option<Reading>,
    last_tick: Option<Now>,
    word: Word,
    since: Now,
    changed: bool,
    epoch: u32,
}

impl Witness {
    /// Books of a core that has seen nothing.
    pub(super) fn new(rig: &Rig) -> Self {
        assert_eq!(rig.word(), Word::Init);
        Self {
            lease: None,
            ended: None,
            newest: None,
            sample: None,
            mistaken: None,
            transit: Transit::default(),
            act: Act::default(),
            engaged_by: None,
            retracted: false,
            counts_used: 0,
            bad: 0,
            loss: Loss::default(),
            stop_requested: 0,
            confirmable: 0,
            states: BTreeMap::new(),
            newest_state: 0,
            views: BTreeMap::new(),
            newest_view: 0,
            estop_pressed: false,
            power_off: None,
            acknowledged: false,
            on: false,
            why: Why::Other,
            memory: Memory::None,
            clock_bad: None,
            unpowered: None,
            undropped: None,
            under_power: false,
            went_off: false,
            regripped: false,
            green: None,
            calm: None,
            tested: 0,
            tested_good: 0,
            arms: [const { None }; ARMS],
            base: BaseBook::default(),
            last_measured: None,
            last_tick: None,
            word: rig.word(),
            since: Moment::START,
            changed: false,
            epoch: rig.epoch(),
        }
    }

    /// Passes on what is said on the stream, and judges the answer.
    pub(super) fn session(
        &mut self,
        rig: &mut Rig,
        event: SessionEvent,
        now: Now,
    ) -> Option<Grant> {
        let holds = |s: SessionId| self.lease.is_some_and(|l| l.session == s);
        let before = self.word;
        match event {
            SessionEvent::Open { session } => return Some(self.open(rig, session, now)),
            SessionEvent::Close { session } if holds(session) => self.lease = None,
            SessionEvent::Stop { session, request }
                if holds(session) && request > self.stop_requested =>
            {
                let epoch = self.epoch;
                assert_eq!(rig.session(event, now), None);
                self.remote(rig, now);
                assert!(!before.powered() || self.epoch != epoch, "a stop under the old epoch");
                self.stop(request);
                return None;
            }
            SessionEvent::Acknowledge { session, epoch }
                if holds(session) && epoch == self.epoch && before == Word::Pstop =>
            {
                self.acknowledged = true;
            }
            SessionEvent::Malformed { session } if holds(session) => {
                self.bad = self.bad.saturating_add(1);
            }
            SessionEvent::Close { .. }
            | SessionEvent::Stop { .. }
            | SessionEvent::Acknowledge { .. }
            | SessionEvent::Malformed { .. } => {}
        }
        assert_eq!(rig.session(event, now), None);
        self.remote(rig, now);
        assert_eq!(self.word, before, "{event:?} has an effect at once");
        None
    }

    /// One at a time; and nobody before the last one knows that it is not.
    fn open(&mut self, rig: &mut Rig, session: SessionId, now: Now) -> Grant {
        let free = self.lease.is_none() && self.ended.is_none();
        let granted = self.epoch.wrapping_add(1);
        let grant = rig.session(SessionEvent::Open { session }, now);
        let grant = grant.expect("an answer");
        assert_eq!(grant, if free { Ok(granted) } else { Err(Refusal::Taken) });
        self.remote(rig, now);
        if free {
            assert_eq!(self.epoch, granted, "a grant begins an epoch");
            assert!(!self.word.follows(), "a new operator inherits a motion");
            self.lease = Some(Lease { session, newest_seq: 0, heard_seq: 0, heard: now });
            (self.newest, self.sample, self.mistaken) = (None, None, None);
            self.transit = Transit::default();
            (self.counts_used, self.stop_requested, self.confirmable) = (0, 0, 0);
        }
        grant
    }

    /// What is said from afar takes authority to move away, and never gives any.
    fn remote(&mut self, rig: &Rig, now: Now) {
        let (from, to) = (self.word, rig.word());
        let allowed = match from {
            Word::Init | Word::Standby | Word::Pstop | Word::Estop | Word::Fault => to == from,
            Word::Ready | Word::Hold => to == from || to == Word::Pstop,
            Word::Engaged | Word::Degraded => {
                to == from || matches!(to, Word::Ready | Word::Hold | Word::Pstop)
            }
        };
        assert!(allowed, "{from:?} became {to:?} from afar");
        self.note(rig, Why::Remote, now);
    }

    /// Does what is done at the robot, and judges what became of it.
    pub(super) fn local(&mut self, rig: &mut Rig, event: LocalEvent, now: Now) {
        let from = self.word;
        let cleared = rig.local(event, now);
        let to = rig.word();
        match event {
            LocalEvent::EstopPressed => self.estop_pressed = true,
            LocalEvent::EstopReleased => self.estop_pressed = false,
            LocalEvent::Reset => (self.tested, self.tested_good) = (0, 0),
            LocalEvent::PowerOn => self.power_off = None,
            LocalEvent::PowerOff => self.power_off = from.powered().then_some(now),
        }
        let allowed = match (event, from) {
            (LocalEvent::EstopPressed, Word::Fault) => to == from,
            (LocalEvent::EstopPressed, _) => to == Word::Estop,
            (LocalEvent::Reset, Word::Pstop) if self.acknowledged && !self.estop_pressed => {
                to == Word::Ready
            }
            (LocalEvent::Reset, Word::Estop | Word::Fault) if !self.estop_pressed => {
                to == Word::Init
            }
            (LocalEvent::PowerOn, Word::Standby) => match self.memory {
                Memory::None => to == Word::Ready,
                Memory::Stop(_) => to == Word::Pstop,
                Memory::Unsure => matches!(to, Word::Ready | Word::Pstop),
            },
            // It stands before its drives go off.
            (LocalEvent::PowerOff, _) if from.follows() => to == Word::Hold,
            (
                LocalEvent::EstopReleased
                | LocalEvent::Reset
                | LocalEvent::PowerOn
                | LocalEvent::PowerOff,
                _,
            ) => to == from,
        };
        assert!(allowed, "{event:?} made {to:?} of {from:?}");
        let reset = event == LocalEvent::Reset && matches!(from, Word::Estop | Word::Fault);
        assert_eq!(cleared, reset && to != from);
        if from != to && matches!(to, Word::Ready | Word::Pstop) {
            assert_ne!(rig.epoch(), self.epoch, "{to:?} under the epoch of {from:?}");
        }
        let why = if let Memory::Stop(why) = self.memory { why } else { Why::Other };
        self.note(rig, why, now);
    }

    /// Notes a picture.
    pub(super) fn view(&mut self, rig: &mut Rig, source: ViewSource, view: u64, at: Now) {
        if source == rig.profile.freshness.steering && self.newest_view < view {
            self.newest_view = view;
            self.views.insert(view, at);
        }
        rig.view(source, view, at);
        assert_eq!((self.word, self.epoch), (rig.word(), rig.epoch()));
    }

    /// Takes down what the core is doing now, and what follows from a change: `why` is what a
    /// protective stop came of.
    fn note(&mut self, rig: &Rig, why: Why, now: Now) {
        let (from, to) = (self.word, rig.word());
        let raised = rig.epoch().wrapping_sub(self.epoch);
        assert!(raised <= 4, "the epoch went from {} to {}", self.epoch, rig.epoch());
        if raised > 0 {
            assert!(!to.follows(), "follows under an epoch that has just begun");
            (self.act, self.bad, self.green) = (Act::default(), 0, None);
        }
        if from != to {
            let stopped = matches!(to, Word::Hold | Word::Pstop | Word::Estop | Word::Fault);
            assert!(raised > 0 || !stopped, "{from:?} became {to:?} under one epoch");
            self.changed = true;
            self.change(from, to, why, now);
        }
        if !to.follows() {
            (self.engaged_by, self.retracted) = (None, false);
        }
        if !to.powered() {
            self.power_off = None;
        }
        (self.word, self.epoch) = (to, rig.epoch());
    }

    fn change(&mut self, from: Word, to: Word, why: Why, now: Now) {
        if !(from.follows() && to.follows()) || to == Word::Degraded {
            self.since = now;
        }
        (self.under_power, self.went_off, self.regripped) = (from.powered(), false, false);
        if matches!(to, Word::Estop | Word::Fault)
            && let Some(lease) = self.lease.take()
        {
            self.ended = Some(lease.session);
        }
        if from == Word::Standby {
            self.memory = Memory::None;
        }
        if from == Word::Pstop && to == Word::Standby {
            self.memory = Memory::Stop(self.why);
        }
        if to == Word::Pstop {
            (self.why, self.acknowledged) = (why, false);
        }
        let pressed = to == Word::Pstop && from != Word::Standby;
        if from.follows() && !to.follows() || pressed {
            for arm in self.arms.iter_mut().flatten() {
                arm.retreated_m = 0.0;
            }
        }
    }

    fn expire(&mut self, now: Now) {
        if let Some(lease) = self.lease
            && since(now, lease.heard).is_none_or(|silence| silence > LEASE_MAX)
        {
            self.lease = None;
            self.ended = Some(lease.session);
        }
    }

    /// Judges one tick.
    pub(super) fn tick(&mut self, rig: &Rig, given: &Given, outcome: &Tick, now: Now) {
        self.expire(now);
        if given.host.suspended || self.last_tick.is_some_and(|last| now < last) {
            // No stamp given out before can be compared with now.
            self.clock_bad = Some(now);
            self.states.clear();
            self.views.clear();
            (self.newest, self.sample, self.mistaken) = (None, None, None);
            self.transit = Transit::default();
        }
        if let Some(back) = self.last_tick.and_then(|last| since(last, now)) {
            // What has lasted until then goes on from there.
            self.since = gone_back(self.since, back, now);
            self.power_off = self.power_off.map(|then| gone_back(then, back, now));
        }
        let verdict = self.judge(rig, given, now);
        if given.measured.is_some() {
            self.last_measured = given.measured;
        }
        self.passage(rig, given, &verdict, now);
        self.order(rig, given, outcome, now);
        self.told(rig, given, &verdict, outcome, now);
        assert_eq!(outcome.ended, self.ended.take(), "whose authority was taken back");
        self.last_tick = Some(now);
    }

    /// How old the state is that steers.
    fn loop_age(&self, now: Now) -> Option<Duration> {
        let (frame, _) = self.newest.as_ref()?;
        self.states.get(&frame.seen_state).and_then(|(at, _)| since(now, *at))
    }

    /// How old the picture is that steers, if it is one that may.
    fn view_age(&self, rig: &Rig, now: Now) -> Option<Duration> {
        let (frame, _) = self.newest.as_ref()?;
        let steers = frame.view_source == rig.profile.freshness.steering;
        self.views.get(&frame.seen_view).filter(|_| steers).and_then(|at| since(now, *at))
    }

    /// How long ago the newest command came.
    fn silence(&self, now: Now) -> Option<Duration> {
        self.newest.as_ref().and_then(|(_, arrived)| since(now, *arrived))
    }

    /// True while what moves is what the hand asks for.
    fn hand_moves(&self) -> bool {
        self.word.follows() && self.newest.is_some_and(|(frame, _)| frame.mode == Mode::Follow)
    }
}
