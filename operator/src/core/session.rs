//! The operator's side of one session: events in, command frames out.
//!
//! Call `handle_*` for everything that arrives, with the time at which it arrived, and
//! [`OperatorCore::tick`] once per command period with the newest sample of the hand. Getters are for
//! the page and change nothing. Nothing here judges whether the robot may move: a frame names what
//! the operator had seen, and the robot judges.
//!
//! Numbers of states and pictures belong to one connection. After
//! [`OperatorCore::handle_disconnected`] nothing of the old one is believed, and the operator's act
//! begins anew.

use core::time::Duration;

use protocol::clock::{ClockEstimate, Offset};
use protocol::frame::command::FORCE_WANTED_MAX_N;
use protocol::frame::{CommandFrame, Mode, StateFrame};
use protocol::picture::{PictureHeader, ViewSource};
use protocol::pose::Displacement;
use protocol::profile::Profile;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use super::clutch::{Answer, Grip, Input, MustReleaseWhy};
use super::hand::HandSample;
use super::made::{Made, MadeLog};
use super::screen::{NOTHING_SHOWN, Screen};
use super::stages::Stages;
use super::stats::Ages;
use super::steered::Steered;
use super::stop::{StopButton, StopPhase};
use super::way_in::{WayIn, WayInSummary};

/// A state older than this is shown as unknown.
///
/// Fifty state frames: jitter and a lost burst stay invisible, a lost link does not.
pub const STATE_KNOWN_MAX: Duration = Duration::from_millis(100);

/// What was dropped, and why. Nothing is dropped silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Command frames made.
    pub commands: u64,
    /// State frames taken.
    pub states: u64,
    /// State frames that were not newer than one before: duplicated or reordered.
    pub states_not_newer: u64,
    /// Pictures presented for the first time.
    pub views: u64,
    /// Presentations of a picture that was not newer than one before.
    pub views_repeated: u64,
    /// Presentations of a picture that never arrived: the page is out of step.
    pub views_unknown: u64,
    /// Pictures and presentations of a source that does not steer: they are never counted as seen.
    pub views_other_source: u64,
}

#[derive(Debug, Clone, Copy)]
enum Grant {
    None,
    Held { session: SessionId, simulated: bool },
}

#[derive(Debug, Clone, Copy)]
struct Received {
    frame: StateFrame,
    at: Moment<Operator>,
}

/// The operator's side of one session. Bound: 270 kB; a tick does not allocate.
#[derive(Debug, Clone)]
pub struct OperatorCore {
    force_max_n: f64,
    steering: ViewSource,
    grant: Grant,
    epoch: u32,
    seq: u64,
    closings: u32,
    grip: Grip,
    steered: Steered,
    /// When the hand was sampled, as the newest frame tells; never falls.
    sampled: Moment<Operator>,
    newest: Option<Received>,
    view_received: u64,
    view_presented: u64,
    screen: Screen,
    stop: StopButton,
    made: MadeLog,
    clock: ClockEstimate,
    ages: Ages,
    stages: Stages,
    way_in: Option<WayIn>,
    counters: Counters,
}

impl OperatorCore {
    /// A core without a session.
    pub fn new(profile: &Profile) -> Self {
        Self {
            force_max_n: force_max_n(profile),
            steering: profile.freshness.steering,
            grant: Grant::None,
            epoch: 0,
            seq: 0,
            closings: 0,
            grip: Grip::start(),
            steered: Steered::new(profile),
            sampled: Moment::START,
            newest: None,
            view_received: 0,
            view_presented: 0,
            screen: Screen::Unwatched,
            stop: StopButton::default(),
            made: MadeLog::default(),
            clock: ClockEstimate::default(),
            ages: Ages::default(),
            stages: Stages::default(),
            way_in: profile.freshness.command_age.as_ref().map(|age| WayIn::new(age.target)),
            counters: Counters::default(),
        }
    }

    /// Authority was granted.
    pub fn handle_welcome(&mut self, session: SessionId, epoch: u32, simulated: bool) {
        self.grant = Grant::Held { session, simulated };
        // State frames are not ordered with the welcome: one may already have told a higher epoch.
        self.epoch = self.epoch.max(epoch);
        self.seq = 0;
        self.closings = 0;
        self.made.clear();
        self.stop.renumber();
        self.steered.end();
        self.grip = Grip::start();
    }

    /// The control connection has ended.
    pub fn handle_disconnected(&mut self) {
        self.grant = Grant::None;
        self.epoch = 0;
        self.made.clear();
        self.steered.end();
        self.grip = Grip::start();
        self.newest = None;
        self.view_received = 0;
        self.view_presented = 0;
        self.clock = ClockEstimate::default();
        self.stages.clear();
        if let Some(way_in) = &mut self.way_in {
            way_in.begin_session();
        }
    }

    /// A state frame has arrived. The newest wins; false if this one was not newer.
    pub fn handle_state(&mut self, frame: &StateFrame, now: Moment<Operator>) -> bool {
        if frame.seq <= self.seen_state() {
            self.counters.states_not_newer += 1;
            return false;
        }
        self.counters.states += 1;
        self.newest = Some(Received { frame: *frame, at: now });
        if frame.epoch > self.epoch {
            self.epoch = frame.epoch;
            self.let_go(MustReleaseWhy::Epoch);
        }
        self.stop.handle_state(frame, now);
        self.steered.handle_state(frame);
        self.ages.record(frame, now);
        if let Some(Made { at, seen_view }) = self.made.get(frame.echo_seq) {
            self.clock.observe(at, frame.echo_hold, frame.t_robot, now);
            let offset = self.clock.offset(now);
            self.stages.handle_judged(seen_view, frame.view_age, offset, now);
            if let Some(way_in) = &mut self.way_in {
                way_in.record(frame, offset, now);
            }
        }
        true
    }

    /// A picture has arrived; it counts as seen only once it is presented, and only if it is of the
    /// source that steers.
    pub fn handle_picture(&mut self, header: &PictureHeader, received: Moment<Operator>) {
        if header.source != self.steering {
            self.counters.views_other_source += 1;
            return;
        }
        self.view_received = self.view_received.max(header.view);
        self.stages.handle_picture(header, received);
    }

    /// A picture of this source has been presented to the eye. True if it steers and is newer than all
    /// before; the same picture again, an older one, one that never arrived, or one of another source
    /// does not make the world look younger.
    pub fn handle_presented(
        &mut self,
        source: ViewSource,
        view: u64,
        at: Moment<Operator>,
    ) -> bool {
        if source != self.steering {
            self.counters.views_other_source += 1;
            return false;
        }
        if view > self.view_received {
            self.counters.views_unknown += 1;
            return false;
        }
        if view <= self.view_presented {
            self.counters.views_repeated += 1;
            return false;
        }
        self.view_presented = view;
        self.counters.views += 1;
        self.stages.handle_presented(view, at);
        true
    }

    /// A page was opened, or has taken over: from now on it must say what it shows.
    pub const fn handle_page_opened(&mut self, now: Moment<Operator>) {
        self.screen = Screen::opened(now);
    }

    /// The page was closed: nobody looks.
    pub const fn handle_page_closed(&mut self) {
        self.screen = Screen::Unwatched;
    }

    /// The page has said which state stands on it; `None` if it shows none.
    pub fn handle_shown(&mut self, word: Option<OperatingState>, now: Moment<Operator>) {
        self.screen = self.screen.showing(word, now);
    }

    /// Asks the robot to stop; returns the number for the session's `Stop` message. Every command
    /// frame carries it too until the robot confirms. The hand lets go at once.
    pub fn request_stop(&mut self, now: Moment<Operator>) -> u32 {
        self.let_go(MustReleaseWhy::Stop);
        self.stop.press(now)
    }

    /// The command frame for this sample of the hand; `None` without a session.
    pub fn tick(&mut self, now: Moment<Operator>, sample: &HandSample) -> Option<CommandFrame> {
        let force_wanted_n = self.force_wanted_n(sample);
        // A device whose stamp falls, or that is gone, has told nothing new.
        self.sampled = self.sampled.max(sample.sampled_at(now).unwrap_or(Moment::START));
        let Grant::Held { session, .. } = self.grant else {
            self.steered.tick(&sample.motion, force_wanted_n, now);
            return None;
        };
        self.seq = self.seq.saturating_add(1);
        self.judge_grip(now, sample);
        let motion = self.steered.tick(&sample.motion, force_wanted_n, now);
        let newest = self.newest_state().map_or(NOTHING_SHOWN, |s| s.state);
        self.counters.commands += 1;
        self.made.record(self.seq, Made { at: now, seen_view: self.view_presented });
        Some(CommandFrame {
            session,
            seq: self.seq,
            epoch: self.epoch,
            engage_count: self.closings,
            t_input: self.sampled,
            seen_state: self.seen_state(),
            seen_view: self.view_presented,
            view_source: self.steering,
            mode: if self.grip.asks_to_follow() { Mode::Follow } else { Mode::Hold },
            deadman: self.deadman(sample),
            stop_request: self.stop.request(),
            // The robot compares it with the word of the frame that `seen_state` names, however old.
            shown_state: self.screen.word(newest, now),
            motion,
        })
    }

    fn judge_grip(&mut self, now: Moment<Operator>, sample: &HandSample) {
        let answer = match self.state(now) {
            None => Answer::Unknown,
            Some(s) if s.state.follows() => Answer::Follows { echo_seq: s.echo_seq },
            Some(s) => Answer::Still { echo_seq: s.echo_seq },
        };
        let before = self.grip;
        self.grip = before.next(&Input {
            grasp: sample.grasp(now),
            answer,
            seq: self.seq,
            closings: self.closings,
            now,
        });
        if let Grip::Asked { count, .. } = self.grip {
            self.closings = count;
        }
        match (before.follows(), self.grip.follows(), &self.newest) {
            (false, true, Some(Received { frame, .. })) => self.steered.begin(frame),
            (true, false, _) => self.steered.end(),
            _ => {}
        }
    }

    fn let_go(&mut self, why: MustReleaseWhy) {
        self.grip = self.grip.stopped(why);
        self.steered.end();
    }

    /// NaN counts as released; so does whatever a device says that was away and has not said
    /// "released" since.
    fn deadman(&self, sample: &HandSample) -> f64 {
        if sample.connected && self.grip.believes_deadman() && sample.deadman.is_finite() {
            sample.deadman.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Never above the force at which the robot goes no further inward.
    fn force_wanted_n(&self, sample: &HandSample) -> f64 {
        if sample.force_wanted_n.is_finite() {
            sample.force_wanted_n.clamp(0.0, self.force_max_n)
        } else {
            0.0
        }
    }

    /// The session, while authority is held.
    pub const fn session(&self) -> Option<SessionId> {
        match self.grant {
            Grant::Held { session, .. } => Some(session),
            Grant::None => None,
        }
    }

    /// True while authority is held over a robot that can move nothing real.
    pub const fn simulated(&self) -> bool {
        matches!(self.grant, Grant::Held { simulated: true, .. })
    }

    /// The newest epoch that the robot has told; also what an `Acknowledge` message must name.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The newest state; `None` if there is none, or only one older than [`STATE_KNOWN_MAX`].
    pub fn state(&self, now: Moment<Operator>) -> Option<&StateFrame> {
        let known = self.state_age(now).is_some_and(|age| age <= STATE_KNOWN_MAX);
        self.newest_state().filter(|_| known)
    }

    /// The newest state however old, for the log only.
    pub const fn newest_state(&self) -> Option<&StateFrame> {
        match &self.newest {
            Some(Received { frame, .. }) => Some(frame),
            None => None,
        }
    }

    /// How long ago the newest state arrived: the freshness of the link as the console sees it.
    pub fn state_age(&self, now: Moment<Operator>) -> Option<Duration> {
        // A frame can arrive a moment after `now` was read; that is not a broken clock.
        self.newest.as_ref().map(|n| now.since(n.at).unwrap_or(Duration::ZERO))
    }

    /// The number of the newest state received; 0 for none.
    pub fn seen_state(&self) -> u64 {
        self.newest_state().map_or(0, |frame| frame.seq)
    }

    /// The number of the newest picture presented; 0 for none.
    pub const fn seen_view(&self) -> u64 {
        self.view_presented
    }

    /// How far the operator's act has come, and why it does not count if it does not.
    pub const fn grip(&self) -> Grip {
        self.grip
    }

    /// How often the clutch was closed in this session.
    pub const fn engage_count(&self) -> u32 {
        self.closings
    }

    /// True if motion of the hand is being dropped because the robot is clamped.
    pub fn held_back(&self) -> bool {
        self.steered.held_back()
    }

    /// How far a stop has come.
    pub fn stop_phase(&self, now: Moment<Operator>) -> StopPhase {
        self.stop.phase(now)
    }

    /// The offset of the robot's clock, for attribution only.
    pub fn clock(&self, now: Moment<Operator>) -> Option<Offset> {
        self.clock.offset(now)
    }

    /// The ages that the robot judged.
    pub const fn ages(&self) -> &Ages {
        &self.ages
    }

    /// How long commands take from the hand to the robot, where the profile has a target for it.
    pub fn way_in(&self, now: Moment<Operator>) -> Option<WayInSummary> {
        self.way_in.as_ref().map(|way_in| way_in.summary(now))
    }

    /// Where the view age goes.
    pub const fn stages(&self) -> &Stages {
        &self.stages
    }

    /// What was made, taken and dropped.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The displacement that the last tick commanded to the first arm; none for a base.
    pub fn commanded(&self) -> Displacement {
        self.steered.commanded()
    }
}

/// The largest contact force that a hand may ask for; 0 for work in which no tool presses by itself.
///
/// A tool that yields has a force loop. One that holds its position, as an instrument inside a patient
/// does, has none: there a force is a limit and never a wish. Unit: newton.
pub fn force_max_n(profile: &Profile) -> f64 {
    profile.arms().map(|arms| &arms.force).map_or(0.0, |force| match force.hold_max_n {
        Some(_) => force.soft_n.min(FORCE_WANTED_MAX_N),
        None => 0.0,
    })
}

#[cfg(test)]
#[path = "session_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
#[path = "session_hand_tests.rs"]
mod hand_tests;
