//! The robot's core: what may move, judged afresh a thousand times a second.
//!
//! # The run-loop contract
//!
//! The shell calls, on one thread and in any order between ticks: [`Core::handle_command`] for each
//! datagram, [`Core::handle_view`] for each captured picture, [`Core::handle_session`] and
//! [`Core::handle_local`] for what is said on the stream and at the bedside. Then, once per tick,
//! [`Core::tick`] with what the robot measures. A tick first judges (no effects), then makes at most
//! one transition per kind of event, then moves the setpoint. Nothing moves between ticks.
//!
//! Bound: a tick takes constant time and memory; nothing in it allocates.

pub mod authority;
pub mod contact;
pub mod engage;
mod events;
pub mod governor;
pub mod interlock;
pub mod machine;
mod motion;
mod sight;
mod telemetry;

use core::time::Duration;

use protocol::ARMS;
use protocol::cause::{Cause, CauseSet};
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{ArmState, CommandFrame, Mode, StateFrame};
use protocol::profile::Profile;
use protocol::session::{Refusal, SessionId};
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};

use self::authority::{Authority, FrameCounts};
use self::engage::{Discipline, Run, starts_still};
pub use self::events::{Followed, Grant, LocalEvent, SessionEvent, Tick, Transition};
use self::interlock::{Readings, Trip, Verdict, judge, seconds};
use self::machine::{Event, State, Stop, next, raises_epoch};
use self::motion::{ArmMotion, Wish, fastest_m_s, hardest_contact_n};
use self::sight::{Newest, Sight};
use self::telemetry::Pace;
use crate::robot::{Description, Order, Reading, RobotFault};

/// Ticks with a true reading that the self-test asks for.
const SELF_TEST_TICKS: u32 = 50;

/// The longest an emergency stop may brake under power before the drives go off anyway.
///
/// Source: IEC 60204-1 stop category 1, with category 0 as a fallback; 500 ms is a default.
const ESTOP_BRAKING_MAX: Duration = Duration::from_millis(500);

/// The longest that drives may take to come on, or stay off without the core having asked for it.
///
/// Brakes release within 300 ms on common arms; longer is a robot that somebody else has switched off.
const POWER_UP_MAX: Duration = Duration::from_millis(500);

/// A measured tip slower than this has stopped. Unit: metre per second.
const STOPPED_MAX_M_S: f64 = 0.01;

/// The longest tick that the setpoint moves for. A servo that was late moves no further for it.
const TICK_MAX: Duration = Duration::from_millis(5);

/// The robot's core.
pub struct Core {
    profile: Profile,
    arms_used: usize,
    state: State,
    epoch: u32,
    authority: Authority,
    discipline: Discipline,
    sight: Sight,
    motion: ArmMotion,
    pace: Pace,
    closing: Option<CommandFrame>,
    refused: CauseSet,
    fresh: Run,
    recovered: Run,
    unpowered: Run,
    stop_requested: u32,
    stop_confirmed: u32,
    estop_pressed: bool,
    tested: u32,
    last_reading: Option<Reading>,
    last_tick: Option<Moment<Robot>>,
    changed: Option<Transition>,
}

impl Core {
    /// A core that has tested nothing yet. `first_epoch` should be drawn at random, so that a robot
    /// that restarts does not take up the epochs of its former life.
    pub fn new(profile: Profile, robot: &Description, first_epoch: u32) -> Self {
        let arms_used = robot.arms.clamp(1, ARMS);
        Self {
            pace: Pace::new(profile.rates.state_hz),
            profile,
            arms_used,
            state: State::Init,
            epoch: first_epoch,
            authority: Authority::default(),
            discipline: Discipline::default(),
            sight: Sight::new(),
            motion: ArmMotion::new(arms_used),
            closing: None,
            refused: CauseSet::EMPTY,
            fresh: Run::default(),
            recovered: Run::default(),
            unpowered: Run::default(),
            stop_requested: 0,
            stop_confirmed: 0,
            estop_pressed: false,
            tested: 0,
            last_reading: None,
            last_tick: None,
            changed: None,
        }
    }

    /// What the robot is doing.
    pub const fn state(&self) -> State {
        self.state
    }

    /// The epoch that an engage must carry.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// What became of the frames that came.
    pub const fn counts(&self) -> FrameCounts {
        self.authority.counts
    }

    /// Remembers that picture `view` was captured at `at`.
    pub fn handle_view(&mut self, view: u64, at: Moment<Robot>) {
        self.sight.views.record(view, at);
    }

    /// Takes in a command frame that arrived now.
    pub fn handle_command(&mut self, frame: &CommandFrame, now: Moment<Robot>) {
        if self.authority.is_held_by(frame.session) {
            // A stop counts under any epoch: it can only take authority to move away.
            self.request_stop(frame.stop_request, now);
        }
        if self.authority.admit(frame, self.epoch, now).is_err() {
            return;
        }
        self.sight.newest = Some(Newest { frame: *frame, arrived: now });
        // Each frame counts, not only the newest of a tick: a release is a release, however short.
        if self
            .closing
            .is_some_and(|c| frame.mode != Mode::Follow || frame.engage_count != c.engage_count)
        {
            self.closing = None;
        }
        if frame.deadman < DEADMAN_HELD_MIN {
            self.closing = None;
            self.fresh.restart();
            self.apply(Event::Trip(Cause::Deadman, Stop::Hold), None, now);
        } else if frame.mode == Mode::Hold {
            self.refused = CauseSet::EMPTY;
            self.closing = None;
            self.apply(Event::ClutchOpened, None, now);
        } else if self.state.word().follows() && !self.motion.is_engaged_by(frame) {
            // The clutch was opened and closed again and the frames in between were lost.
            self.apply(Event::ClutchOpened, None, now);
        }
        if self.discipline.observe(frame) {
            self.closing = Some(*frame);
        }
    }

    /// Takes in what was said on the session stream. Only an `Open` has an answer.
    pub fn handle_session(&mut self, event: SessionEvent, now: Moment<Robot>) -> Option<Grant> {
        match event {
            SessionEvent::Open { session } => Some(self.grant(session, now)),
            SessionEvent::Close { session } => {
                self.authority.release(session);
                None
            }
            SessionEvent::Stop { session, request } => {
                if self.authority.is_held_by(session) {
                    self.request_stop(request, now);
                }
                None
            }
            SessionEvent::Acknowledge { session, epoch } => {
                // Only what the operator has seen can be acknowledged: the stop of this epoch.
                if self.authority.is_held_by(session) && epoch == self.epoch {
                    self.apply(Event::Acknowledge, None, now);
                }
                None
            }
            SessionEvent::Malformed { session } => {
                if self.authority.is_held_by(session) {
                    self.authority.note_malformed();
                }
                None
            }
        }
    }

    /// Takes in what was done at the robot itself. True if a fault or an emergency stop has just been
    /// reset: only then may the robot clear faults of its own.
    pub fn handle_local(&mut self, event: LocalEvent, now: Moment<Robot>) -> bool {
        let before = self.state.word();
        match event {
            LocalEvent::EstopPressed => {
                self.estop_pressed = true;
                self.apply(Event::Trip(Cause::LocalEstop, Stop::Emergency), None, now);
            }
            LocalEvent::EstopReleased => self.estop_pressed = false,
            LocalEvent::Reset => {
                let estop_released = !self.estop_pressed;
                self.tested = 0;
                self.apply(Event::LocalReset { estop_released }, None, now);
            }
            LocalEvent::PowerOn => self.apply(Event::PowerOn, None, now),
            LocalEvent::PowerOff => self.apply(Event::PowerOff, None, now),
        }
        event == LocalEvent::Reset
            && matches!(before, OperatingState::Fault | OperatingState::Estop)
            && self.state.word() != before
    }

    /// Judges, decides and moves the setpoint: one tick.
    ///
    /// `overruns` are the servo ticks missed within the last second.
    pub fn tick(
        &mut self,
        now: Moment<Robot>,
        reading: Result<Reading, RobotFault>,
        overruns: u32,
    ) -> Tick {
        self.authority.expire(now);
        let reading = reading.ok().filter(Reading::is_sane);
        let readings = self.readings(now, reading.as_ref(), overruns);
        let verdict = judge(&readings, &self.profile);
        self.decide(&verdict, reading.as_ref(), now);
        let order = self.act(reading.as_ref(), now);
        self.confirm_stop(&readings);
        let transition = self.changed.take();
        let frame = self.pace.due(transition.is_some(), now).map(|seq| {
            self.sight.states.record(seq, now);
            self.frame(seq, &verdict, &readings, now)
        });
        let followed = self.followed(now);
        let ended = self.authority.take_ended();
        Tick { order, frame, transition, followed, ended, contact_n: readings.contact_n }
    }

    fn grant(&mut self, session: SessionId, now: Moment<Robot>) -> Grant {
        self.authority.expire(now);
        if !self.authority.grant(session, now) {
            return Err(Refusal::Taken);
        }
        self.sight.newest = None;
        self.discipline.forget();
        self.stop_requested = 0;
        self.stop_confirmed = 0;
        self.apply(Event::Grant, None, now);
        Ok(self.epoch)
    }

    fn request_stop(&mut self, request: u32, now: Moment<Robot>) {
        if request > self.stop_requested {
            self.stop_requested = request;
            self.apply(Event::Trip(Cause::RemoteStop, Stop::Protective), None, now);
        }
    }

    /// A stop is confirmed when nothing follows any more and the arm has come to rest.
    fn confirm_stop(&mut self, readings: &Readings) {
        let at_rest = self.motion.stands() && readings.speed_m_s < STOPPED_MAX_M_S;
        if !self.state.word().follows() && at_rest {
            self.stop_confirmed = self.stop_requested;
        }
    }

    fn readings(
        &mut self,
        now: Moment<Robot>,
        reading: Option<&Reading>,
        overruns: u32,
    ) -> Readings {
        let unpowered = self
            .unpowered
            .note(self.state.word().powered() && reading.is_some_and(|r| !r.powered), now);
        let newest = self.sight.newest.map(|n| n.frame);
        let measured =
            |f: fn(&Reading, usize) -> f64| reading.map_or(f64::NAN, |r| f(r, self.arms_used));
        let outside = reading.map_or(f64::NAN, |r| {
            let tips = r.arms.iter().take(self.arms_used);
            motion::worst(
                tips.map(|a| governor::outside_m(&self.profile.workspace, &a.tip.position())),
            )
        });
        Readings {
            authority: self.authority.is_held(),
            deadman: newest.map_or(0.0, |f| f.deadman),
            clutch_unseen: self.state.word().powered()
                && !self.state.word().follows()
                && !self.discipline.has_seen_open()
                && self.closing.is_none(),
            silence_s: seconds(self.sight.silence(now)),
            loop_age_s: seconds(self.sight.loop_age(now)),
            view_age_s: seconds(self.sight.view_age(now)),
            speed_m_s: measured(fastest_m_s),
            outside_m: outside,
            // Without power the setpoint goes where the arm is: there is nothing to track.
            tracking_m: match reading {
                Some(reading) if self.state.word().powered() => self.motion.tracking_m(reading),
                Some(_) => 0.0,
                None => f64::NAN,
            },
            contact_n: measured(hardest_contact_n),
            robot_fault: reading.is_none() || unpowered >= POWER_UP_MAX,
            bad_frames: self.authority.bad_run(),
            overruns,
        }
    }

    /// One transition per kind of event: stops first, then what lessens authority, then what raises it.
    fn decide(&mut self, verdict: &Verdict, reading: Option<&Reading>, now: Moment<Robot>) {
        let word = self.state.word();
        if let Some(trip) = verdict.hardest(word.follows(), word.powered()) {
            self.apply(Event::Trip(trip.cause, trip.stop), Some(trip), now);
        }
        if self.estop_pressed {
            self.apply(Event::Trip(Cause::LocalEstop, Stop::Emergency), None, now);
        }
        self.time_out(now);
        let green = verdict.soft.without(Cause::Clutch).is_empty();
        let recovered = self.recovered.note(green, now) >= self.profile.freshness.recover_after;
        if !green {
            self.apply(Event::SoftExceeded, None, now);
        } else if recovered {
            self.apply(Event::SoftClear, None, now);
        }
        let fresh = self.fresh.note(green, now);
        if let Some(closing) = self.closing.take() {
            let mut in_the_way = self.blocking(verdict, fresh).without(Cause::Clutch);
            let engage = &self.profile.engage;
            let still =
                starts_still(&closing, engage.start_displacement_max_m, engage.align_max_rad);
            let aligned = reading.is_some_and(|r| self.motion.is_aligned(r, engage.align_max_rad));
            if !(still && aligned) {
                in_the_way = in_the_way.with(Cause::EngageJump);
            }
            if in_the_way.is_empty() {
                self.motion.engage(&closing);
                self.apply(Event::Engage, None, now);
            } else {
                self.refused = in_the_way;
            }
        }
        if self.state == State::Init {
            self.self_test(reading.is_some(), now);
        }
    }

    fn self_test(&mut self, reading_true: bool, now: Moment<Robot>) {
        self.tested = if reading_true { self.tested + 1 } else { 0 };
        if self.tested >= SELF_TEST_TICKS {
            self.apply(Event::SelfTestPassed, None, now);
        }
    }

    fn time_out(&mut self, now: Moment<Robot>) {
        // A moment in the future is a broken clock: the time is taken as over.
        let over =
            |since: Moment<Robot>, limit: Duration| now.since(since).is_none_or(|age| age > limit);
        match self.state {
            State::Degraded { since } if over(since, self.profile.freshness.degraded_max) => {
                self.apply(Event::Trip(Cause::DegradedTooLong, Stop::Hold), None, now);
            }
            State::Hold { since, .. } if over(since, self.profile.reaction.park_after) => {
                self.apply(Event::ParkDue, None, now);
            }
            _ => {}
        }
    }

    /// Makes one step of the machine, with all that follows from it.
    fn apply(&mut self, event: Event, trip: Option<Trip>, now: Moment<Robot>) {
        let from = self.state;
        let to = next(from, event, now);
        if raises_epoch(from, event, to) {
            self.epoch = self.epoch.wrapping_add(1);
            self.discipline.restart();
            self.closing = None;
            self.refused = CauseSet::EMPTY;
            self.fresh.restart();
            self.authority.forgive();
        }
        if to == from {
            return;
        }
        self.state = to;
        if from.word().follows() && !to.word().follows() {
            self.motion.disengage();
        }
        // Over-force must be able to leave, also if the tool has lifted before: once per stop, and a
        // person acknowledges and resets before the next, so that it can not creep away by itself.
        if matches!(to, State::Pstop { cause: Cause::ContactForce, .. })
            && from.word() != OperatingState::Pstop
        {
            self.motion.settle();
        }
        if matches!(to, State::Estop { .. } | State::Fault { .. }) {
            self.authority.revoke();
        }
        if from.word() != to.word() {
            self.changed = Some(Transition {
                from: self.changed.map_or(from.word(), |c| c.from),
                to: to.word(),
                cause: to.cause(),
                figures: trip.map(|t| (t.reading, t.limit)),
                epoch: self.epoch,
            });
        }
    }

    /// What keeps the robot from engaging now.
    fn blocking(&self, verdict: &Verdict, fresh: Duration) -> CauseSet {
        let mut set = match self.state {
            State::Engaged | State::Degraded { .. } => return CauseSet::EMPTY,
            State::Ready | State::Hold { .. } => CauseSet::EMPTY,
            State::Init => CauseSet::EMPTY.with(Cause::SelfTest),
            State::Standby => CauseSet::EMPTY.with(Cause::PowerOff),
            State::Pstop { .. } => CauseSet::EMPTY.with(Cause::NotReset),
            State::Estop { .. } => CauseSet::EMPTY.with(Cause::LocalEstop),
            State::Fault { cause, .. } => CauseSet::EMPTY.with(cause),
        };
        set = set.union(verdict.soft).union(self.refused);
        if fresh < self.profile.engage.fresh_run {
            set = set.with(Cause::FreshRun);
        }
        set
    }

    fn act(&mut self, reading: Option<&Reading>, now: Moment<Robot>) -> Order {
        let elapsed = self.last_tick.and_then(|t| now.since(t)).unwrap_or(Duration::ZERO);
        self.last_tick = Some(now);
        let dt_s = elapsed.min(TICK_MAX).as_secs_f64();
        if let Some(reading) = reading {
            self.last_reading = Some(*reading);
        }
        // Without any reading ever there is nothing to hold: the drives stay off.
        let Some(reading) = self.last_reading else { return Order::Off };
        let frame = self.sight.newest.map(|n| n.frame);
        // What steers is as old as the older of the two things that the operator goes by.
        let seen_age = self
            .sight
            .view_age(now)
            .and_then(|view| self.sight.loop_age(now).map(|state| view.max(state)));
        self.motion.step(self.wish(now), frame.as_ref(), &reading, seen_age, &self.profile, dt_s)
    }

    fn wish(&self, now: Moment<Robot>) -> Wish {
        match self.state {
            State::Engaged | State::Degraded { .. } => Wish::Follow,
            State::Ready => Wish::Stand,
            // A tool that presses too hard leaves at once; any other stop is a stop first. An arm that
            // does not obey is not asked for one more motion.
            State::Pstop { cause: Cause::ContactForce, .. } => Wish::Lift,
            State::Pstop { cause: Cause::Speed | Cause::Workspace | Cause::Tracking, .. } => {
                Wish::Stand
            }
            State::Hold { since, .. } | State::Pstop { since, .. } => {
                let waited = now.since(since).unwrap_or(Duration::MAX);
                if waited > self.profile.reaction.retract_after { Wish::Lift } else { Wish::Stand }
            }
            State::Estop { since } => {
                let braking = now.since(since).is_some_and(|d| d <= ESTOP_BRAKING_MAX);
                if braking && !self.motion.is_at_rest() { Wish::Stand } else { Wish::Off }
            }
            State::Init | State::Standby | State::Fault { .. } => Wish::Off,
        }
    }

    fn followed(&self, now: Moment<Robot>) -> Option<Followed> {
        let newest = self.sight.newest?.frame;
        (self.state.word().follows() && newest.mode == Mode::Follow).then(|| Followed {
            seq: newest.seq,
            t_input: newest.t_input,
            seen_view: newest.seen_view,
            loop_age: self.sight.loop_age(now),
            view_age: self.sight.view_age(now),
        })
    }

    fn frame(
        &mut self,
        seq: u64,
        verdict: &Verdict,
        readings: &Readings,
        now: Moment<Robot>,
    ) -> StateFrame {
        let newest = self.sight.newest;
        let green = verdict.soft.without(Cause::Clutch).is_empty();
        let fresh = self.fresh.note(green, now);
        StateFrame {
            seq,
            t_robot: now,
            echo_seq: newest.map_or(0, |n| n.frame.seq),
            echo_t_input: newest.map_or(Moment::START, |n| n.frame.t_input),
            echo_hold: newest.and_then(|n| now.since(n.arrived)).unwrap_or(Duration::ZERO),
            state: self.state.word(),
            stopped_by: self.state.cause(),
            tripped: verdict.tripped,
            soft: verdict.soft,
            blocking: self.blocking(verdict, fresh),
            epoch: self.epoch,
            stop_confirmed: self.stop_confirmed,
            loop_age: self.sight.loop_age(now),
            view_age: self.sight.view_age(now),
            speed_m_s: if readings.speed_m_s.is_finite() { readings.speed_m_s } else { 0.0 },
            speed_cap_m_s: self.motion.speed_cap_m_s,
            clamps: self.motion.clamps,
            arms: self.arm_states(),
        }
    }

    fn arm_states(&self) -> [ArmState; ARMS] {
        let setpoints = self.motion.setpoints();
        let measured = self.last_reading.map(|r| r.arms);
        core::array::from_fn(|i| {
            match (measured.as_ref().and_then(|m| m.get(i)), setpoints.get(i)) {
                (Some(m), Some(setpoint)) if i < self.arms_used => ArmState {
                    measured: m.tip,
                    setpoint: *setpoint,
                    force_n: m.force_n,
                    torque_n_m: m.torque_n_m,
                    jaw_rad: m.jaw_rad,
                },
                _ => ArmState::absent(),
            }
        })
    }
}

#[cfg(test)]
mod tests;
