//! What becomes of each fault: whether it stopped the robot, how soon and how far on, and which stops nothing called
//! for.

use std::collections::{BTreeMap, BTreeSet};

use protocol::cause::Cause;
use protocol::state::OperatingState as Word;

use super::fault::Kind;
use super::script::{Fault, Script};
use crate::theatre::{Happening, Theatre};
use crate::truth::{Staged, Truth};

/// A stop this long after the end of a fault may still be called for: waits, queues, windows of a second. Unit: ms.
const AFTER_MS: u32 = 1_500;

/// What ends later than this after a fault was not stopped by it while it lasted: a tick or two. Unit: ms.
const ENDS_MS: u32 = 2;

/// Slower than this is standing. Unit: m/s.
const STANDS_M_S: f64 = 0.003;

/// The last time of a soft limit that was exceeded counts for so long. Unit: ms.
const SOFT_MS: u32 = 5_500;

/// How much got done in some trials, in the unit of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Trials in which it was counted.
    pub trials: u64,
    /// In all of them together.
    pub points: u64,
}

impl Done {
    fn add(&mut self, other: &Self) {
        self.trials += other.trials;
        self.points += other.points;
    }

    /// In one trial, in the mean; `None` if it was counted in none.
    pub fn mean(&self) -> Option<f64> {
        (self.trials > 0).then(|| self.points as f64 / self.trials as f64)
    }
}

/// What became of one kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Row {
    /// How many there were.
    pub injected: u64,
    /// How many began while the robot followed.
    pub following: u64,
    /// After how many of those it stopped.
    pub stopped: u64,
    /// After how many the robot followed again, or still, at the end of its trial.
    pub survived: u64,
    /// The longest from the fault's beginning until the robot stood, of those that stopped it while they lasted.
    /// Unit: ms.
    pub stop_max_ms: u32,
    /// The longest way in that time: how far the robot went on with the fault. Unit: mm.
    pub way_max_mm: f64,
    /// The longest way from the tick that ended following until the robot stood. Unit: mm.
    pub overshoot_max_mm: f64,
    /// What got done in trials with this fault.
    pub done: Done,
}

/// So many seeds are named of those that had stops of one cause that nothing called for.
const SEEDS_NAMED_MAX: usize = 8;

/// Stops of one cause that nothing called for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Nuisance {
    /// How many.
    pub stops: u64,
    /// The lowest seeds of trials that had them, so that somebody can look.
    pub seeds: BTreeSet<u64>,
}

impl Nuisance {
    fn add(&mut self, other: &Self) {
        self.stops += other.stops;
        self.seeds.extend(&other.seeds);
        while self.seeds.len() > SEEDS_NAMED_MAX {
            self.seeds.pop_last();
        }
    }
}

/// What became of the faults of some trials.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// Trials.
    pub trials: u64,
    /// What got done in those in which nothing went wrong.
    pub undisturbed: Done,
    /// What got done in the others.
    pub disturbed: Done,
    /// By kind of fault.
    pub rows: BTreeMap<Kind, Row>,
    /// Stops.
    pub stops: u64,
    /// Stops that the network called for by itself.
    pub of_the_network: u64,
    /// Stops that nothing called for, by cause; `None` for one without.
    pub nuisance: BTreeMap<Option<&'static str>, Nuisance>,
    /// Steps in which the robot followed. Unit: ms.
    pub following_ms: u64,
    /// Virtual time. Unit: ms.
    pub lasted_ms: u64,
}

impl Tally {
    /// Adds what became of other trials.
    pub fn add(&mut self, other: &Self) {
        self.trials += other.trials;
        self.undisturbed.add(&other.undisturbed);
        self.disturbed.add(&other.disturbed);
        self.stops += other.stops;
        self.of_the_network += other.of_the_network;
        self.following_ms += other.following_ms;
        self.lasted_ms += other.lasted_ms;
        for (cause, nuisance) in &other.nuisance {
            self.nuisance.entry(*cause).or_default().add(nuisance);
        }
        for (kind, row) in &other.rows {
            let sum = self.rows.entry(*kind).or_default();
            sum.injected += row.injected;
            sum.following += row.following;
            sum.stopped += row.stopped;
            sum.survived += row.survived;
            sum.stop_max_ms = sum.stop_max_ms.max(row.stop_max_ms);
            sum.way_max_mm = sum.way_max_mm.max(row.way_max_mm);
            sum.overshoot_max_mm = sum.overshoot_max_mm.max(row.overshoot_max_mm);
            sum.done.add(&row.done);
        }
    }

    /// All stops that nothing called for.
    pub fn nuisances(&self) -> u64 {
        self.nuisance.values().map(|nuisance| nuisance.stops).sum()
    }
}

/// A fault that is being followed up.
#[derive(Debug)]
struct Episode {
    fault: Fault,
    /// Where the robot was, if it followed.
    from: Option<Truth>,
    /// Where it was when it stopped following, and when. Unit: ms.
    stop: Option<(u32, Truth)>,
    over: bool,
}

/// Keeps the score of one trial.
#[derive(Debug)]
pub(super) struct Scorer {
    waiting: Vec<Fault>,
    episodes: Vec<Episode>,
    tally: Tally,
    word: Word,
    /// When each soft limit of age was last exceeded, by the clock of the world. Unit: ms.
    soft_ms: Option<u32>,
    hard_ms: Option<u32>,
    silent_since_ms: u32,
    newest: Option<(u64, u64, u64)>,
}

impl Scorer {
    pub(super) fn new(script: &Script) -> Self {
        Self {
            waiting: script.faults.iter().rev().copied().collect(),
            episodes: Vec::new(),
            tally: Tally { trials: 1, ..Tally::default() },
            word: Word::Ready,
            soft_ms: None,
            hard_ms: None,
            silent_since_ms: 0,
            newest: None,
        }
    }

    /// Takes in the step that has just ended.
    pub(super) fn see<R: Staged>(&mut self, theatre: &Theatre<R>, truth: &Truth, now_ms: u32) {
        while let Some(fault) = self.waiting.pop_if(|fault| fault.at_ms <= now_ms) {
            // Where it was when the step began is where it was a step ago, within a tenth of a millimetre.
            let from = self.word.follows().then_some(*truth);
            self.episodes.push(Episode { fault, from, stop: None, over: false });
        }
        self.tally.lasted_ms += 1;
        self.ages(theatre, now_ms);
        // What is pressed while the servo stands still has no effect before its next tick.
        let word = theatre.happening().ticked.map_or(self.word, |ticked| ticked.word);
        if self.word.follows() && !word.follows() {
            self.stop(theatre.happening(), (word, truth), now_ms);
        }
        self.word = word;
        self.tally.following_ms += u64::from(word.follows());
        self.follow_up(truth, now_ms);
    }

    /// The score at the end of the trial of this seed, with how much got done if that was counted.
    pub(super) fn finish(mut self, seed: u64, points: Option<u64>) -> Tally {
        for nuisance in self.tally.nuisance.values_mut() {
            nuisance.seeds.insert(seed);
        }
        let follows = self.word.follows();
        let done = points.map_or(Done::default(), |points| Done { trials: 1, points });
        if self.episodes.is_empty() {
            self.tally.undisturbed = done;
        } else {
            self.tally.disturbed = done;
        }
        for episode in &self.episodes {
            let row = self.tally.rows.entry(episode.fault.kind).or_default();
            row.injected += 1;
            row.following += u64::from(episode.from.is_some());
            row.stopped += u64::from(episode.stop.is_some());
            row.survived += u64::from(follows);
            // Once for a trial, however many faults of the kind it had.
            row.done = done;
        }
        self.tally
    }

    /// When the truth, by the clock of the world, was last beyond a limit of the profile.
    fn ages<R: Staged>(&mut self, theatre: &Theatre<R>, now_ms: u32) {
        let limits = &theatre.profile().freshness;
        for (frame, _) in &theatre.happening().heard {
            if self.newest.is_none_or(|(seq, ..)| frame.seq != seq) {
                self.newest = Some((frame.seq, frame.seen_state, frame.seen_view));
                self.silent_since_ms = now_ms;
            }
        }
        let Some((_, state, view)) = self.newest else { return };
        let silence = core::time::Duration::from_millis(u64::from(now_ms - self.silent_since_ms));
        let beyond = |age: Option<core::time::Duration>, limit| age.is_none_or(|age| age > limit);
        let (state, view) = (theatre.state_age(state), theatre.view_age(view));
        let soft = beyond(state, limits.loop_age_soft)
            || beyond(view, limits.view_age_soft)
            || silence > limits.silence_soft;
        let hard = beyond(state, limits.loop_age_hard)
            || beyond(view, limits.view_age_hard)
            || silence > limits.silence_hard;
        self.soft_ms = if soft { Some(now_ms) } else { self.soft_ms };
        self.hard_ms = if hard { Some(now_ms) } else { self.hard_ms };
    }

    /// Following has ended.
    fn stop(&mut self, happening: &Happening, (word, truth): (Word, &Truth), now_ms: u32) {
        let transition = happening.ticked.and_then(|ticked| ticked.tick.transition);
        let cause = transition.and_then(|transition| transition.cause);
        // An agent that is started anew has no transition: the fault is the stop.
        let stops = matches!(word, Word::Hold | Word::Pstop | Word::Estop | Word::Fault);
        if !stops || cause == Some(Cause::Deadman) {
            return;
        }
        self.tally.stops += 1;
        let in_force = |episode: &&mut Episode| now_ms <= episode.fault.end_ms() + AFTER_MS;
        let mut called = false;
        for episode in self.episodes.iter_mut().filter(in_force) {
            let calls = cause.is_some_and(|c| episode.fault.kind.about().calls_for.contains(&c));
            called |= calls;
            if calls && episode.from.is_some() && episode.stop.is_none() {
                episode.stop = Some((now_ms, *truth));
            }
        }
        if called {
            return;
        }
        let recent = |then: Option<u32>, within| then.is_some_and(|then| now_ms - then <= within);
        let by_network = match cause {
            Some(Cause::ViewAge | Cause::LoopAge | Cause::CmdSilence) => recent(self.hard_ms, 2),
            Some(Cause::DegradedTooLong) => recent(self.soft_ms, SOFT_MS),
            _ => false,
        };
        if by_network {
            self.tally.of_the_network += 1;
        } else {
            self.tally.nuisance.entry(cause.map(Cause::id)).or_default().stops += 1;
        }
    }

    /// How soon, and how far on, the robot stood.
    fn follow_up(&mut self, truth: &Truth, now_ms: u32) {
        for episode in self.episodes.iter_mut().filter(|episode| !episode.over) {
            let (Some(from), Some((stop_ms, at_stop))) = (&episode.from, &episode.stop) else {
                continue;
            };
            let row = self.tally.rows.entry(episode.fault.kind).or_default();
            let lasted = *stop_ms <= episode.fault.end_ms() + ENDS_MS;
            row.overshoot_max_mm = row.overshoot_max_mm.max(truth.way_from_m(at_stop) * 1e3);
            if lasted {
                row.way_max_mm = row.way_max_mm.max(truth.way_from_m(from) * 1e3);
            }
            if truth.speed_m_s() < STANDS_M_S {
                episode.over = true;
                if lasted {
                    row.stop_max_ms = row.stop_max_ms.max(now_ms - episode.fault.at_ms);
                }
            }
        }
    }
}
