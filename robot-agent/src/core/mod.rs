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
pub mod conduct;
pub mod contact;
mod drives;
pub mod engage;
mod events;
mod frozen;
pub mod governor;
pub mod interlock;
mod loss;
pub mod machine;
mod motion;
mod sight;
mod telemetry;
mod transit;
mod vigil;

use core::time::Duration;

use protocol::cause::{Cause, CauseSet};
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{CommandFrame, Mode, Motion as HandMotion};
use protocol::picture::ViewSource;
use protocol::profile::Profile;
use protocol::time::{Moment, Robot};

use self::authority::FrameCounts;
use self::conduct::{BRAKING_MAX, Conduct, Judged, Outcome, Patience, Tested};
use self::drives::Drives;
use self::engage::starts_still;
pub use self::events::{Followed, Grant, Host, LocalEvent, SessionEvent, Tick, Transition};
use self::interlock::{Readings, Trip, Verdict, judge};
use self::machine::State;
use self::motion::{BodyMotion, Step, Wish, wider};
pub use self::motion::{Misfit, own_limits};
use self::sight::Sight;
use self::telemetry::Pace;
use self::vigil::Vigil;
use crate::robot::{Description, Order, OwnLimits, Reading, RobotFault};

/// A measured tip or base slower than this has stopped. Unit: metre per second.
const STOPPED_MAX_M_S: f64 = 0.01;

/// See [`STOPPED_MAX_M_S`], for the turn of a base. Unit: radian per second.
const STOPPED_MAX_RAD_S: f64 = 0.03;

/// Steps of the hand that a gap in the numbers of commands can stand for: no hand goes further while
/// nobody sees it and is still meant.
const STEPS_MAX: u64 = 20;

/// The longest tick that the setpoint moves for. A servo that was late moves no further for it.
const TICK_MAX: Duration = Duration::from_millis(5);

/// The robot's core.
pub struct Core {
    profile: Profile,
    conduct: Conduct,
    sight: Sight,
    motion: BodyMotion,
    misfit: Option<Misfit>,
    /// What was wrong with the robot's own limits when they were read last.
    limits_misfit: Option<Misfit>,
    vigil: Vigil,
    pace: Pace,
    /// The frame that closed the clutch, until it is decided on.
    closing: Option<CommandFrame>,
    refused: CauseSet,
    stop_confirmed: u32,
    last_reading: Option<Reading>,
    last_tick: Option<Moment<Robot>>,
    changed: Option<Transition>,
    /// Nothing moves: neither what is ordered nor what is measured.
    stopped: bool,
    drives: Drives,
}

impl Core {
    /// A core that has tested nothing yet. `first_epoch` should be drawn at random, so that a robot
    /// that restarts does not take up the epochs of its former life.
    pub fn new(profile: Profile, robot: &Description, first_epoch: u32) -> Self {
        let (motion, misfit) = BodyMotion::new(&profile, robot);
        Self {
            pace: Pace::new(profile.rates.state_hz),
            conduct: Conduct::new(first_epoch),
            sight: Sight::new(profile.freshness.steering),
            motion,
            misfit,
            limits_misfit: None,
            vigil: Vigil::default(),
            closing: None,
            refused: CauseSet::EMPTY,
            stop_confirmed: 0,
            last_reading: None,
            last_tick: None,
            changed: None,
            stopped: false,
            drives: Drives::default(),
            profile,
        }
    }

    /// What the robot is doing.
    pub const fn state(&self) -> State {
        self.conduct.state()
    }

    /// The epoch that an engage must carry.
    pub const fn epoch(&self) -> u32 {
        self.conduct.epoch()
    }

    /// What became of the frames that came.
    pub const fn counts(&self) -> FrameCounts {
        self.conduct.counts()
    }

    /// What the robot's own controller is to be asked for.
    pub fn own_limits(&self) -> OwnLimits {
        own_limits(&self.profile)
    }

    /// Why this robot can not be used with this profile, if it can not: then the self-test fails.
    pub fn misfit(&self) -> Option<Misfit> {
        self.misfit.or(self.limits_misfit)
    }

    /// Takes in the limits that were read back from the robot's own controller after it was asked for
    /// [`Self::own_limits`]: at the start, and after every reset that lets the robot clear its faults.
    pub fn handle_own_limits(&mut self, read: Result<OwnLimits, RobotFault>) {
        self.limits_misfit = match read {
            Ok(read) => wider(&own_limits(&self.profile), &read),
            Err(_) => Some(Misfit::LimitsUnread),
        };
    }

    /// Remembers that picture `view` of `source` was captured at `at`.
    pub fn handle_view(&mut self, source: ViewSource, view: u64, at: Moment<Robot>) {
        self.sight.record_view(source, view, at);
    }

    /// Takes in a command frame that arrived at `now`: not before the last tick, and not after the next.
    pub fn handle_command(&mut self, frame: &CommandFrame, now: Moment<Robot>) {
        let missed = self.conduct.counts().missed;
        let (admitted, outcome) = self.conduct.admit(frame, now);
        self.absorb(outcome, None);
        if !admitted {
            return;
        }
        self.vigil.loss.note(self.conduct.counts().missed - missed, now);
        if !self.can_be_meant(frame) {
            self.conduct.note_bad();
            return;
        }
        self.sight.take(frame, now);
        if frame.mode == Mode::Hold {
            self.refused = CauseSet::EMPTY;
        }
        let outcome = self.conduct.hear(frame, now);
        self.absorb(outcome, None);
        if self.conduct.closing() == Some(frame.seq) {
            self.closing = Some(*frame);
        }
    }

    /// Takes in what was said on the session stream. Only an `Open` has an answer.
    pub fn handle_session(&mut self, event: SessionEvent, now: Moment<Robot>) -> Option<Grant> {
        let (grant, outcome) = self.conduct.session(event, now);
        self.absorb(outcome, None);
        if matches!(grant, Some(Ok(_))) {
            self.sight.forget_console();
            self.stop_confirmed = 0;
        }
        grant
    }

    /// Takes in what was done at the robot itself. True if a fault or an emergency stop has just been
    /// reset: only then may the robot clear faults of its own.
    pub fn handle_local(&mut self, event: LocalEvent, now: Moment<Robot>) -> bool {
        let (reset, outcome) = self.conduct.local(event, now);
        self.absorb(outcome, None);
        if event == LocalEvent::Reset {
            self.vigil.test_again();
        }
        reset
    }

    /// Judges, decides and moves the setpoint: one tick.
    pub fn tick(
        &mut self,
        now: Moment<Robot>,
        reading: Result<Reading, RobotFault>,
        host: &Host,
    ) -> Tick {
        self.conduct.expire(now);
        let reading = reading.ok().filter(Reading::is_sane);
        if self.vigil.clock_lost(host.suspended, self.last_tick, now) {
            self.sight.forget_stamps();
        }
        if let Some(back) = self.last_tick.and_then(|last| last.since(now)) {
            self.conduct.clock_set_back(back, now);
        }
        let readings = self.readings(now, reading.as_ref(), host);
        let verdict = judge(&readings, &self.profile);
        self.stopped = self.motion.is_at_rest() && is_slow(&readings);
        self.decide(&verdict, reading.as_ref(), now);
        let order = self.act(reading.as_ref(), now);
        self.confirm_stop(&readings);
        let transition = self.changed.take();
        let frame = self.pace.due(transition.is_some(), now).map(|seq| {
            self.sight.record_state(seq, self.conduct.word(), now);
            self.frame(seq, &verdict, &readings, now)
        });
        Tick {
            order,
            frame,
            transition,
            followed: self.followed(now),
            ended: self.conduct.take_ended(),
            contact_n: readings.contact_n.max(readings.bumper_n),
            calls: self.calls(now),
        }
    }

    /// False for a frame that no hand can have given: for another body, or a leap.
    fn can_be_meant(&self, frame: &CommandFrame) -> bool {
        let limits = match (&frame.motion, self.profile.arms()) {
            (HandMotion::Arms(_), Some(limits)) => limits,
            (HandMotion::Base(_), None) => return true,
            (HandMotion::Arms(_), None) | (HandMotion::Base(_), Some(_)) => return false,
        };
        let Some(before) = self.sight.newest().map(|n| n.frame) else { return true };
        let leads = self.conduct.is_engaged_by(&before) || self.conduct.closing().is_some();
        // A hand that lets go is heard wherever it is.
        let follows = frame.mode == Mode::Follow && frame.deadman >= DEADMAN_HELD_MIN;
        if !(leads && follows) || frame.engage_count != before.engage_count {
            return true;
        }
        // The way is for frames that were lost, not for those that were refused: a leap that stays is one.
        let refused = u64::from(self.conduct.bad_run());
        let steps = frame.seq.saturating_sub(before.seq).saturating_sub(refused);
        frame.leap_m(&before) <= limits.motion.step_max_m * steps.clamp(1, STEPS_MAX) as f64
    }

    /// Draws what follows from a step for readings, setpoints and the record.
    fn absorb(&mut self, outcome: Outcome, trip: Option<&Trip>) {
        if outcome.disengaged {
            self.motion.disengage();
        }
        if outcome.pressed {
            self.motion.settle();
        }
        if outcome.renewed {
            self.vigil.fresh.restart();
            self.refused = CauseSet::EMPTY;
        }
        if outcome.engaged
            && let Some(frame) = self.closing.take()
        {
            self.motion.engage(&frame);
        }
        if let Some(change) = outcome.change {
            self.drives.begin(change);
            self.changed = Some(Transition {
                from: self.changed.map_or(change.from, |c| c.from),
                to: change.to,
                cause: change.cause,
                figures: trip.map(|t| (t.reading, t.limit)),
                epoch: self.conduct.epoch(),
            });
        }
    }

    /// A stop is confirmed when nothing follows any more and the robot has come to rest.
    fn confirm_stop(&mut self, readings: &Readings) {
        let at_rest = self.motion.stands() && is_slow(readings);
        if !self.conduct.word().follows() && at_rest {
            self.stop_confirmed = self.conduct.stop_requested();
        }
    }

    fn decide(&mut self, verdict: &Verdict, reading: Option<&Reading>, now: Moment<Robot>) {
        let word = self.conduct.word();
        let trip = verdict.hardest(word.follows(), word.powered());
        let slowed = !verdict.slowing.is_empty();
        let recovered = self.vigil.recovered.note(!slowed, now);
        let fresh = self.vigil.fresh.note(verdict.is_green(), now);
        let judged = Judged {
            trip: trip.map(|t| (t.cause, t.stop)),
            slowed,
            recovered: recovered >= self.profile.freshness.recover_after,
            in_the_way: self.in_the_way(verdict, reading, fresh),
            at_rest: self.stopped,
            tested: self.tested(reading),
        };
        let patience = Patience {
            degraded_max: self.profile.freshness.degraded_max,
            park_after: self.profile.reaction.park_after,
        };
        let closes = self.conduct.closing().is_some();
        let outcome = self.conduct.decide(&judged, &patience, now);
        self.absorb(outcome, trip.as_ref());
        if closes && !outcome.engaged && !outcome.renewed {
            self.refused = judged.in_the_way;
        }
    }

    /// What keeps the frame that closed the clutch from being followed.
    fn in_the_way(
        &self,
        verdict: &Verdict,
        reading: Option<&Reading>,
        fresh: Duration,
    ) -> CauseSet {
        let mut set = self.blocking(verdict, fresh).without(Cause::Clutch);
        let Some(closing) = self.conduct.closing() else { return set };
        // Without the frame that closed the clutch nobody can say that the hand was still.
        let Some(frame) = self.closing.filter(|f| f.seq == closing) else {
            return set.with(Cause::EngageJump);
        };
        let engage = &self.profile.engage;
        let still = starts_still(&frame, engage.start_displacement_max_m, engage.align_max_rad);
        let aligned = reading.is_some_and(|r| self.motion.is_aligned(r, &self.profile));
        if !(still && aligned) {
            set = set.with(Cause::EngageJump);
        }
        set
    }

    fn tested(&mut self, reading: Option<&Reading>) -> Tested {
        if self.conduct.state() != State::Init {
            return Tested::Testing;
        }
        if self.misfit().is_some() { Tested::Failed } else { self.vigil.test(reading) }
    }

    /// What keeps the robot from engaging now.
    fn blocking(&self, verdict: &Verdict, fresh: Duration) -> CauseSet {
        if self.conduct.word().follows() {
            return CauseSet::EMPTY;
        }
        let mut set = self.conduct.blocking().union(verdict.blocking).union(self.refused);
        // Ordered on is not on: brakes take their time, and a drive may refuse.
        if self.conduct.word().powered() && !self.carries() {
            set = set.with(Cause::PowerOff);
        }
        // An arm that lifts or yields by itself: a console waits for it with the clutch open.
        if self.conduct.word().powered() && !self.stopped {
            set = set.with(Cause::EngageJump);
        }
        if fresh < self.profile.engage.fresh_run { set.with(Cause::FreshRun) } else { set }
    }

    fn act(&mut self, reading: Option<&Reading>, now: Moment<Robot>) -> Order {
        let elapsed = self.last_tick.and_then(|t| now.since(t)).unwrap_or(Duration::ZERO);
        self.last_tick = Some(now);
        if let Some(reading) = reading {
            self.last_reading = Some(*reading);
        }
        let wish = self.wish(now);
        self.drives.order(wish);
        // Without any reading ever there is nothing to hold: the drives stay off.
        let Some(reading) = &self.last_reading else { return Order::Off };
        if self.drives.take_regrip(self.stopped) {
            self.motion.regrip(reading);
        }
        let newest = self.sight.newest();
        // What steers is as old as the older of the two things that the operator goes by.
        let seen_age = self
            .sight
            .view_age(now)
            .and_then(|view| self.sight.loop_age(now).map(|state| view.max(state)));
        let step = Step {
            wish,
            frame: newest.as_ref().map(|n| &n.frame),
            reading,
            seen_age,
            silence: self.sight.silence(now),
            dt_s: elapsed.min(TICK_MAX).as_secs_f64(),
        };
        self.motion.step(&step, &self.profile)
    }

    fn wish(&self, now: Moment<Robot>) -> Wish {
        let lift = self.profile.reaction.lift.as_ref();
        match self.conduct.state() {
            State::Engaged | State::Degraded { .. } => Wish::Follow,
            State::Ready => Wish::Stand,
            // A tool that presses too hard leaves at once; any other stop is a stop first. An arm that
            // does not obey, or is where it must not be, is not asked for one more motion.
            // One that power has brought back waits for its reset: who powers on asks for no motion.
            State::Pstop { .. } if !self.drives.are_under_power() => Wish::Stand,
            State::Pstop { cause: Cause::ContactForce, .. } if lift.is_some() => Wish::Lift,
            State::Pstop { cause, .. } if !may_lift_after(cause) => Wish::Stand,
            State::Hold { since, .. } | State::Pstop { since, .. } => {
                let waited = now.since(since).unwrap_or(Duration::MAX);
                // Drives that are to go off carry no lift: brakes would end it.
                let may = lift.is_some_and(|l| waited > l.after) && !self.conduct.switches_off();
                if may { Wish::Lift } else { Wish::Stand }
            }
            State::Estop { since } => {
                // It never takes the drives on: not from STANDBY, and not again once they were off.
                let moves = self.drives.are_under_power() && self.carries() && !self.stopped;
                let braking = now.since(since).is_some_and(|d| d <= BRAKING_MAX);
                if moves && braking { Wish::Stand } else { Wish::Off }
            }
            State::Init | State::Standby { .. } | State::Fault { .. } => Wish::Off,
        }
    }

    /// True if the drives carry the body, as far as was measured last.
    fn carries(&self) -> bool {
        self.last_reading.is_some_and(|r| r.powered)
    }

    /// The people beside the robot are called once it has held for as long as the profile says.
    fn calls(&self, now: Moment<Robot>) -> bool {
        match self.conduct.state() {
            State::Hold { since, .. } | State::Pstop { since, .. } => {
                now.since(since).is_none_or(|d| d > self.profile.reaction.alarm_after)
            }
            _ => false,
        }
    }

    fn followed(&self, now: Moment<Robot>) -> Option<Followed> {
        let newest = self.sight.newest()?.frame;
        (self.conduct.word().follows() && newest.mode == Mode::Follow).then(|| Followed {
            seq: newest.seq,
            t_input: newest.t_input,
            seen_view: newest.seen_view,
            loop_age: self.sight.loop_age(now),
            view_age: self.sight.view_age(now),
        })
    }
}

/// True if what is measured is too slow to count as motion.
fn is_slow(readings: &Readings) -> bool {
    readings.speed_m_s < STOPPED_MAX_M_S && readings.turn_rad_s < STOPPED_MAX_RAD_S
}

/// True if a tool may lift by itself after a protective stop of this cause.
const fn may_lift_after(cause: Cause) -> bool {
    matches!(cause, Cause::ContactForce | Cause::RemoteStop)
}

#[cfg(test)]
mod tests;
