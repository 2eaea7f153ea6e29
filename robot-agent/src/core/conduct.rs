//! Who may do what now: authority, the operator's act, the machine and the epoch, as one thing.
//!
//! Problem: each of these is simple, and the mistakes are made between them: a stop that forgets to
//! begin the act anew, a dropped frame that refreshes a timer, a grant that keeps the old epoch. So
//! what joins them is here and nowhere else, without clocks, readings or limits; it is small enough
//! to be explored state by state together with a lossy network and two operators
//! (`robot-agent/tests/model.rs`).
//!
//! Every method returns an [`Outcome`]: what follows for the rest of the core.

use core::time::Duration;

use protocol::cause::{Cause, CauseSet};
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{CommandFrame, Mode};
use protocol::session::{Refusal, SessionId};
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};

use super::authority::{Authority, FrameCounts};
use super::engage::{Discipline, Step};
use super::events::{Grant, LocalEvent, SessionEvent};
use super::machine::{Event, State, Stop, next, raises_epoch, set_back};

/// The longest that a power-off at the bedside waits for the robot to come to rest.
///
/// As for the emergency stop: IEC 60204-1 stop category 1, with category 0 as a fallback.
pub const BRAKING_MAX: Duration = Duration::from_millis(500);

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// Before.
    pub from: OperatingState,
    /// After.
    pub to: OperatingState,
    /// What stopped the robot, if something did.
    pub cause: Option<Cause>,
}

/// What follows from a step, for those who keep readings and setpoints.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and several may hold"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The state changed; several changes are told as one.
    pub change: Option<Change>,
    /// The robot no longer follows the hand.
    pub disengaged: bool,
    /// A tool pressed too hard: it may lift its whole distance.
    pub pressed: bool,
    /// What was fresh has to be fresh anew.
    pub renewed: bool,
    /// The robot begins to follow: the frame that closed the clutch is the anchor.
    pub engaged: bool,
}

impl Outcome {
    fn and(self, later: Self) -> Self {
        Self {
            change: match (self.change, later.change) {
                (Some(first), Some(last)) => Some(Change { from: first.from, ..last }),
                (first, last) => last.or(first),
            },
            disengaged: self.disengaged || later.disengaged,
            pressed: self.pressed || later.pressed,
            renewed: self.renewed || later.renewed,
            engaged: later.engaged || (self.engaged && !later.disengaged),
        }
    }
}

/// What one tick has found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The hardest stop that applies.
    pub trip: Option<(Cause, Stop)>,
    /// Something that slows is beyond its soft limit.
    pub slowed: bool,
    /// Nothing has been for the recovery time.
    pub recovered: bool,
    /// What keeps the robot from engaging, besides its state.
    pub in_the_way: CauseSet,
    /// Nothing moves.
    pub at_rest: bool,
    /// The self-test of this tick.
    pub tested: Tested,
}

/// How far the self-test has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// It is not over.
    Testing,
    /// Everything was as it must be for long enough.
    Passed,
    /// Something is not as it must be.
    Failed,
}

/// How long a state may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest stay in DEGRADED.
    pub degraded_max: Duration,
    /// Drives off after this long in HOLD.
    pub park_after: Option<Duration>,
}

/// All that later decisions depend on. What is only told (counts of frames, runs of bad ones, the
/// number of the frame that closed the clutch) is left out: two robots that agree in this do the same
/// from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decisive {
    /// What the robot is doing.
    pub state: State,
    /// The epoch that an engage must carry.
    pub epoch: u32,
    /// Who holds authority, the newest frame of theirs, and when they were last heard of.
    pub lease: Option<(SessionId, u64, Moment<Robot>)>,
    /// Who has lost authority and has not been told.
    pub ended: Option<SessionId>,
    /// How far the operator's act has come, and the largest count that a clutch has been closed with.
    pub act: (Step, u32),
    /// The count of the closing that waits to be decided on.
    pub closing: Option<u32>,
    /// The count of the closing that is being followed.
    pub engaged: u32,
    /// The hand has asked for a retreat since then.
    pub retreated: bool,
    /// The newest stop that the holder has asked for.
    pub stop_requested: u32,
    /// True while the emergency stop is pressed.
    pub estop_pressed: bool,
    /// Since when somebody at the robot wants the drives off.
    pub power_off: Option<Moment<Robot>>,
}

/// Authority, act, state and epoch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conduct {
    state: State,
    epoch: u32,
    authority: Authority,
    discipline: Discipline,
    /// The frame that closed the clutch in order, until it is decided on.
    closing: Option<(u64, u32)>,
    /// The closing of the clutch that is being followed.
    engaged: u32,
    /// The hand has asked for a retreat since then: what it did meanwhile leads nothing.
    retreated: bool,
    stop_requested: u32,
    estop_pressed: bool,
    /// Since when somebody at the robot wants the drives off.
    power_off: Option<Moment<Robot>>,
}

impl Conduct {
    /// A robot that has tested nothing yet.
    pub fn new(first_epoch: u32) -> Self {
        Self {
            state: State::Init,
            epoch: first_epoch,
            authority: Authority::default(),
            discipline: Discipline::default(),
            closing: None,
            engaged: 0,
            retreated: false,
            stop_requested: 0,
            estop_pressed: false,
            power_off: None,
        }
    }

    /// What the robot is doing.
    pub const fn state(&self) -> State {
        self.state
    }

    /// The word for it.
    pub const fn word(&self) -> OperatingState {
        self.state.word()
    }

    /// The epoch that an engage must carry.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// All that later decisions depend on: a field that is added here has to be sorted there.
    pub fn decisive(&self) -> Decisive {
        let Self {
            state,
            epoch,
            authority,
            discipline,
            closing,
            engaged,
            retreated,
            stop_requested,
            estop_pressed,
            power_off,
        } = self;
        let (lease, ended) = authority.leases();
        Decisive {
            state: *state,
            epoch: *epoch,
            lease: lease.map(|l| (l.session, l.newest_seq, l.last_heard)),
            ended,
            act: discipline.progress(),
            closing: closing.map(|(_, count)| count),
            engaged: *engaged,
            retreated: *retreated,
            stop_requested: *stop_requested,
            estop_pressed: *estop_pressed,
            power_off: *power_off,
        }
    }

    /// What became of the frames that came.
    pub const fn counts(&self) -> FrameCounts {
        self.authority.counts
    }

    /// True while an operator holds authority.
    pub const fn is_held(&self) -> bool {
        self.authority.is_held()
    }

    /// Bad frames of the holder since the last good one.
    pub const fn bad_run(&self) -> u32 {
        self.authority.bad_run()
    }

    /// The newest stop that the holder has asked for; 0 for none.
    pub const fn stop_requested(&self) -> u32 {
        self.stop_requested
    }

    /// True while the operator's act has not come as far as an open clutch.
    pub fn clutch_unseen(&self) -> bool {
        !self.discipline.has_seen_open() && self.closing.is_none()
    }

    /// The number of the frame that closed the clutch, if one waits to be decided on.
    pub fn closing(&self) -> Option<u64> {
        self.closing.map(|(seq, _)| seq)
    }

    /// True if `frame` belongs to the engagement in force.
    pub const fn is_engaged_by(&self, frame: &CommandFrame) -> bool {
        self.state.word().follows() && frame.engage_count == self.engaged
    }

    /// The robot's clock was set back by so much since the last tick.
    pub fn clock_set_back(&mut self, by: Duration, now: Moment<Robot>) {
        self.state = self.state.with_clock_set_back(by, now);
        self.power_off = self.power_off.map(|since| set_back(since, by, now));
    }

    /// The session whose authority was taken back since the last call, if any.
    pub const fn take_ended(&mut self) -> Option<SessionId> {
        self.authority.take_ended()
    }

    /// What the state itself has against engaging.
    pub fn blocking(&self) -> CauseSet {
        let none = CauseSet::EMPTY;
        if self.power_off.is_some() {
            return none.with(Cause::PowerOff);
        }
        match self.state {
            State::Ready | State::Engaged | State::Degraded { .. } | State::Hold { .. } => none,
            State::Init => none.with(Cause::SelfTest),
            State::Standby { stopped_by: None } => none.with(Cause::PowerOff),
            State::Standby { stopped_by: Some(_) } => {
                none.with(Cause::PowerOff).with(Cause::NotReset)
            }
            State::Pstop { .. } => none.with(Cause::NotReset),
            State::Estop { .. } => none.with(Cause::LocalEstop),
            State::Fault { cause, .. } => none.with(cause),
        }
    }

    /// Looks at who sent `frame`, and when: true if it is the holder's, of this epoch, and newer than
    /// all before. If not, it has no effect, but for a stop: that counts under any epoch, because it
    /// can only take authority to move away.
    pub fn admit(&mut self, frame: &CommandFrame, now: Moment<Robot>) -> (bool, Outcome) {
        let mut outcome = Outcome::default();
        if self.authority.is_held_by(frame.session) {
            outcome = self.request_stop(frame.stop_request, now);
        }
        (self.authority.admit(frame, self.epoch, now).is_ok(), outcome)
    }

    /// Counts an admitted frame, or a datagram of the holder, that can not be meant.
    pub fn note_bad(&mut self) {
        self.authority.note_bad();
    }

    /// Takes in an admitted frame. Each one counts, not only the newest of a tick: a release is a
    /// release, however short.
    pub fn hear(&mut self, frame: &CommandFrame, now: Moment<Robot>) -> Outcome {
        let mut outcome = Outcome::default();
        let epoch = self.epoch;
        self.authority.note_good();
        if self.closing.is_some_and(|(_, n)| frame.mode != Mode::Follow || frame.engage_count != n)
        {
            self.closing = None;
        }
        if frame.deadman < DEADMAN_HELD_MIN {
            self.closing = None;
            outcome = self.apply(Event::Trip(Cause::Deadman, Stop::Hold), now);
            outcome.renewed = true;
        } else if frame.mode == Mode::Hold || self.follows_another(frame) || self.returns(frame) {
            outcome = self.apply(Event::ClutchOpened, now);
        } else if frame.mode == Mode::Retract {
            self.retreated = self.state.word().follows();
        }
        // A frame that ends an epoch belongs to it: the act under the next one begins with another.
        if self.epoch == epoch && self.discipline.observe(frame) {
            self.closing = Some((frame.seq, frame.engage_count));
        }
        outcome
    }

    /// The clutch was opened and closed again, and the frames in between were lost.
    const fn follows_another(&self, frame: &CommandFrame) -> bool {
        self.state.word().follows() && !self.is_engaged_by(frame)
    }

    /// The hand leads again after a retreat, under the same closing of the clutch: the tool is no longer
    /// where that closing took it up, and following would drive it back in.
    const fn returns(&self, frame: &CommandFrame) -> bool {
        self.state.word().follows() && self.retreated && matches!(frame.mode, Mode::Follow)
    }

    /// Takes in what was said on the session stream. Only an `Open` has an answer.
    pub fn session(&mut self, event: SessionEvent, now: Moment<Robot>) -> (Option<Grant>, Outcome) {
        let outcome = match event {
            SessionEvent::Open { session } => return self.grant(session, now),
            SessionEvent::Close { session } => {
                self.authority.release(session);
                Outcome::default()
            }
            SessionEvent::Stop { session, request } if self.authority.is_held_by(session) => {
                self.request_stop(request, now)
            }
            // Only what the operator has seen can be acknowledged: the stop of this epoch.
            SessionEvent::Acknowledge { session, epoch }
                if self.authority.is_held_by(session) && epoch == self.epoch =>
            {
                self.apply(Event::Acknowledge, now)
            }
            SessionEvent::Malformed { session } if self.authority.is_held_by(session) => {
                self.authority.note_bad();
                Outcome::default()
            }
            SessionEvent::Stop { .. }
            | SessionEvent::Acknowledge { .. }
            | SessionEvent::Malformed { .. } => Outcome::default(),
        };
        (None, outcome)
    }

    fn grant(&mut self, session: SessionId, now: Moment<Robot>) -> (Option<Grant>, Outcome) {
        if !self.authority.grant(session, now) {
            return (Some(Err(Refusal::Taken)), Outcome::default());
        }
        self.discipline.forget();
        self.stop_requested = 0;
        let outcome = self.apply(Event::Grant, now);
        (Some(Ok(self.epoch)), outcome)
    }

    /// Takes in what was done at the robot itself. True if a fault or an emergency stop has just been
    /// reset: only then may the robot clear faults of its own.
    pub fn local(&mut self, event: LocalEvent, now: Moment<Robot>) -> (bool, Outcome) {
        let before = self.word();
        let outcome = match event {
            LocalEvent::EstopPressed => {
                self.estop_pressed = true;
                self.apply(Event::Trip(Cause::LocalEstop, Stop::Emergency), now)
            }
            LocalEvent::EstopReleased => {
                self.estop_pressed = false;
                Outcome::default()
            }
            LocalEvent::Reset => {
                let estop_released = !self.estop_pressed;
                self.apply(Event::LocalReset { estop_released }, now)
            }
            LocalEvent::PowerOn => {
                self.power_off = None;
                self.apply(Event::PowerOn, now)
            }
            // Stop category 1: it stands first.
            LocalEvent::PowerOff => {
                self.power_off = Some(now);
                self.apply(Event::Trip(Cause::PowerOff, Stop::Hold), now)
            }
        };
        let reset = event == LocalEvent::Reset
            && matches!(before, OperatingState::Fault | OperatingState::Estop)
            && self.word() != before;
        (reset, outcome)
    }

    /// True while the drives are to go off as soon as nothing moves.
    pub const fn switches_off(&self) -> bool {
        self.power_off.is_some()
    }

    /// One transition per kind of event: what stops first, then what lessens authority, then what
    /// raises it.
    pub fn decide(&mut self, judged: &Judged, patience: &Patience, now: Moment<Robot>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some((cause, stop)) = judged.trip {
            outcome = self.apply(Event::Trip(cause, stop), now);
        }
        if self.estop_pressed {
            let pressed = Event::Trip(Cause::LocalEstop, Stop::Emergency);
            outcome = outcome.and(self.apply(pressed, now));
        }
        outcome = outcome.and(self.run_out(patience, now));
        outcome = outcome.and(self.switch_off(judged.at_rest, now));
        if judged.slowed {
            outcome = outcome.and(self.apply(Event::SoftExceeded, now));
        } else if judged.recovered {
            outcome = outcome.and(self.apply(Event::SoftClear, now));
        }
        outcome = outcome.and(self.close(judged, now));
        match judged.tested {
            Tested::Testing => outcome,
            Tested::Passed => outcome.and(self.apply(Event::SelfTestPassed, now)),
            Tested::Failed => outcome.and(self.apply(Event::SelfTestFailed, now)),
        }
    }

    /// Decides on the frame that closed the clutch, if there is one: now or never. Not while something
    /// stops, nobody holds authority or the drives are to go off: whatever else is in the way.
    fn close(&mut self, judged: &Judged, now: Moment<Robot>) -> Outcome {
        let Some((_, count)) = self.closing.take() else { return Outcome::default() };
        let wanted = self.is_held() && self.power_off.is_none();
        if !wanted || judged.trip.is_some() || !judged.in_the_way.is_empty() {
            return Outcome::default();
        }
        let mut outcome = self.apply(Event::Engage, now);
        if outcome.change.is_some() {
            self.engaged = count;
            self.retreated = false;
            outcome.engaged = true;
        }
        outcome
    }

    fn switch_off(&mut self, at_rest: bool, now: Moment<Robot>) -> Outcome {
        let Some(since) = self.power_off else { return Outcome::default() };
        if !at_rest && now.since(since).is_some_and(|d| d <= BRAKING_MAX) {
            return Outcome::default();
        }
        self.power_off = None;
        self.apply(Event::PowerOff, now)
    }

    fn run_out(&mut self, patience: &Patience, now: Moment<Robot>) -> Outcome {
        // A moment in the future is a broken clock: the time is taken as over.
        let over =
            |since: Moment<Robot>, limit: Duration| now.since(since).is_none_or(|age| age > limit);
        match self.state {
            State::Degraded { since } if over(since, patience.degraded_max) => {
                self.apply(Event::Trip(Cause::DegradedTooLong, Stop::Hold), now)
            }
            State::Hold { since, .. } if patience.park_after.is_some_and(|p| over(since, p)) => {
                self.apply(Event::ParkDue, now)
            }
            _ => Outcome::default(),
        }
    }

    /// Ends the lease of a holder that has not been heard of for too long. What follows is for the
    /// interlock that watches authority.
    pub fn expire(&mut self, now: Moment<Robot>) {
        self.authority.expire(now);
    }

    fn request_stop(&mut self, request: u32, now: Moment<Robot>) -> Outcome {
        if request <= self.stop_requested {
            return Outcome::default();
        }
        self.stop_requested = request;
        self.apply(Event::Trip(Cause::RemoteStop, Stop::Protective), now)
    }

    /// Makes one step of the machine, with all that follows from it for authority and act.
    fn apply(&mut self, event: Event, now: Moment<Robot>) -> Outcome {
        let from = self.state;
        let to = next(from, event, now);
        let renewed = raises_epoch(from, event, to);
        if renewed {
            self.epoch = self.epoch.wrapping_add(1);
            self.discipline.restart();
            self.closing = None;
            self.authority.forgive();
        }
        self.state = to;
        let (before, after) = (from.word(), to.word());
        let fell = matches!(to, State::Estop { .. } | State::Fault { .. });
        if fell && before != after {
            self.authority.revoke();
        }
        if !after.powered() {
            self.power_off = None;
        }
        Outcome {
            change: (before != after).then_some(Change {
                from: before,
                to: after,
                cause: to.cause(),
            }),
            disengaged: before.follows() && !after.follows(),
            // Over-force must be able to leave, also if the tool has lifted before: once per stop, and
            // a person acknowledges and resets before the next, so that it can not creep away.
            pressed: matches!(to, State::Pstop { cause: Cause::ContactForce, .. })
                && before != OperatingState::Pstop,
            renewed,
            engaged: false,
        }
    }
}

#[cfg(test)]
#[path = "conduct_tests.rs"]
mod tests;
