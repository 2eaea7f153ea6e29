//! What the console had seen when the hand was sampled, and how old that is now.

use core::time::Duration;

use protocol::frame::CommandFrame;
use protocol::freshness::StampLog;
use protocol::picture::ViewSource;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator, Robot};

use super::transit::Transit;

/// State frames remembered. At 500 a second, 4 s: well beyond every hard limit on the loop age.
const STATES: usize = 2048;

/// Pictures remembered. At 40 a second, 6 s.
const VIEWS: usize = 256;

/// The newest accepted command, and when it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newest {
    pub(super) frame: CommandFrame,
    pub(super) arrived: Moment<Robot>,
}

/// The robot's memory of what it sent, and of what came back.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    states: StampLog<STATES>,
    words: [OperatingState; STATES],
    /// The pictures of the source that steers; those of others have no part in safety.
    views: StampLog<VIEWS>,
    steering: ViewSource,
    newest: Option<Newest>,
    /// The newest sample of the hand, and when the first command that spoke of it came.
    sample: Option<(Moment<Operator>, Moment<Robot>)>,
    /// Since when the console shows another state than it was told.
    mistaken: Option<Moment<Robot>>,
    transit: Transit,
}

impl Sight {
    /// Nothing has been seen. Pictures of `steering` are those whose age counts.
    pub(super) const fn new(steering: ViewSource) -> Self {
        Self {
            states: StampLog::new(),
            words: [OperatingState::Init; STATES],
            views: StampLog::new(),
            steering,
            newest: None,
            sample: None,
            mistaken: None,
            transit: Transit::new(),
        }
    }

    /// Forgets what a console had seen: another one begins, or the clock has lost its meaning.
    pub(super) const fn forget_console(&mut self) {
        self.newest = None;
        self.sample = None;
        self.mistaken = None;
        self.transit = Transit::new();
    }

    /// Forgets every stamp as well: none of them is comparable with now.
    pub(super) const fn forget_stamps(&mut self) {
        self.states.forget();
        self.views.forget();
        self.forget_console();
    }

    /// Remembers that state frame `seq`, saying `word`, was made at `at`.
    pub(super) fn record_state(&mut self, seq: u64, word: OperatingState, at: Moment<Robot>) {
        self.states.record(seq, at);
        if let Some(slot) = self.words.get_mut((seq % STATES as u64) as usize) {
            *slot = word;
        }
    }

    /// Remembers that picture `view` of `source` was captured at `at`.
    pub(super) fn record_view(&mut self, source: ViewSource, view: u64, at: Moment<Robot>) {
        if source == self.steering {
            self.views.record(view, at);
        }
    }

    /// Takes in a command that may be followed.
    pub(super) fn take(&mut self, frame: &CommandFrame, now: Moment<Robot>) {
        if self.sample.is_none_or(|(newest, _)| frame.t_input > newest) {
            self.sample = Some((frame.t_input, now));
        }
        if self.told(frame.seen_state).is_none_or(|word| word == frame.shown_state) {
            self.mistaken = None;
        } else if self.mistaken.is_none() {
            self.mistaken = Some(now);
        }
        let loop_age = self.states.age_of(frame.seen_state, now).known();
        self.transit.note(frame.t_input, now, loop_age);
        self.newest = Some(Newest { frame: *frame, arrived: now });
    }

    /// The newest command that may be followed.
    pub(super) const fn newest(&self) -> Option<Newest> {
        self.newest
    }

    /// The state that frame `seq` told, if it is remembered.
    fn told(&self, seq: u64) -> Option<OperatingState> {
        self.states.holds(seq).then(|| self.words.get((seq % STATES as u64) as usize).copied())?
    }

    /// Time since the newest accepted command; `None` if there is none.
    pub(super) fn silence(&self, now: Moment<Robot>) -> Option<Duration> {
        self.newest.and_then(|n| now.since(n.arrived))
    }

    /// Time since the first command that spoke of the newest sample of the hand.
    pub(super) fn sample_age(&self, now: Moment<Robot>) -> Option<Duration> {
        self.sample.and_then(|(_, at)| now.since(at))
    }

    /// For how long the console has shown another state than it was told.
    pub(super) fn mistaken(&self, now: Moment<Robot>) -> Duration {
        self.mistaken.map_or(Duration::ZERO, |since| now.since(since).unwrap_or(Duration::MAX))
    }

    /// Age of the state that steers.
    pub(super) fn loop_age(&self, now: Moment<Robot>) -> Option<Duration> {
        self.newest.and_then(|n| self.states.age_of(n.frame.seen_state, now).known())
    }

    /// How old the sample of the hand was, at most, when the newest command arrived.
    pub(super) const fn command_age(&self) -> Option<Duration> {
        self.transit.newest()
    }

    /// Age of the picture that steers; none if another source steers than the profile says.
    pub(super) fn view_age(&self, now: Moment<Robot>) -> Option<Duration> {
        let frame = self.newest?.frame;
        if frame.view_source != self.steering {
            return None;
        }
        self.views.age_of(frame.seen_view, now).known()
    }
}
