//! Whether every promise of SAFETY.md is kept, in every step, by somebody who asks the core for nothing but what it
//! does.
//!
//! Problem: a test that believes the robot's own account of itself finds no error in the account. The watcher keeps
//! books of its own: who was granted authority, which commands counted, when each number was given out by the clock of
//! the world, how the robot really moved. Each promise is a [`Rule`].
//!
//! Limits: what depends on a moment between two ticks is granted a tick; what the robot's own sensors can not yet know
//! is granted their delay.

mod books;
mod following;
mod motion;
mod passage;

use core::fmt;

use protocol::profile::Profile;
use protocol::state::OperatingState as Word;

use self::books::Books;
use self::motion::Motion;
use crate::theatre::{Happening, STEP, Theatre, Ticked};
use crate::truth::{Staged, Truth};

macro_rules! rules {
    ($($rule:ident $code:literal $promise:literal;)+) => {
        /// A promise that is kept in every step.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $promise] $rule),+
        }

        impl Rule {
            /// Every promise.
            pub const ALL: &[Self] = &[$(Self::$rule),+];

            /// Its name.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$rule => $code),+ }
            }

            /// What is promised.
            pub const fn promise(self) -> &'static str {
                match self { $(Self::$rule => $promise),+ }
            }
        }
    };
}

rules! {
    NoCommand "no-command" "The robot follows only a command of the holder of authority, of this epoch.";
    Deadman "deadman" "The robot follows only while the deadman is held and the clutch closed.";
    Silence "silence" "The robot follows only while commands come.";
    OldHand "old-hand" "The robot follows only while the hand is sampled anew.";
    OldState "old-state" "The robot follows only while the console hears it.";
    OldPicture "old-picture" "The robot follows only while the picture that steers is fresh, by the clock of the world.";
    OtherPicture "other-picture" "The robot follows only by the picture that the profile names.";
    NotWell "not-well" "The robot follows only while robot, guard, drives, recorder and servo are well.";
    Stopped "stopped" "Whoever gives authority back, or presses STOP or the emergency stop, is not followed any more.";
    Unasked "unasked" "Following begins only by the operator's full act under the current epoch.";
    Jump "jump" "The frame that engages moves nothing.";
    Epoch "epoch" "Every stop and every grant begins a new epoch.";
    Bedside "bedside" "Power and reset come from the bedside only.";
    OneHolder "one-holder" "Nobody is granted authority that somebody else holds.";
    Order "order" "What is ordered is inside every limit of speed and place.";
    Force "force" "A force beyond the hard limit ends following.";
    Stands "stands" "A robot that is stopped stands, unless its profile lets it lift.";
    StopWay "stop-way" "A robot that stops comes to rest within its way and time.";
    Calls "calls" "A robot that is held for long calls the people beside it.";
    Tells "tells" "The robot tells the state and the epoch that it is in.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// When, from the start of the trial. Unit: ms.
    pub at_ms: u32,
    /// What was seen.
    pub seen: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ms: {} ({})", self.rule, self.at_ms, self.seen, self.rule.promise())
    }
}

/// What is judged: one step, as anybody in the theatre could have seen it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) profile: &'a Profile,
    pub(super) now_ms: u32,
    pub(super) happening: &'a Happening,
    pub(super) truth: Truth,
    /// Ages of the state and the picture that the newest command names, by the clock of the world. Unit: ms.
    pub(super) state_age_ms: Option<u32>,
    pub(super) view_age_ms: Option<u32>,
}

/// Somebody who watches a trial.
#[derive(Debug)]
pub struct Watcher {
    books: Books,
    motion: Motion,
    word: Word,
    epoch: u32,
    /// Since when the robot is in a state that calls for people. Unit: ms.
    held_since_ms: Option<u32>,
    /// The robot's clock was set back or stood still since the last tick.
    clock_lost: bool,
    found: Option<Violation>,
}

impl Watcher {
    /// A watcher of a theatre in which nobody has engaged yet.
    pub fn new<R: Staged>(theatre: &Theatre<R>) -> Self {
        let mut watcher = Self {
            books: Books::default(),
            motion: Motion::default(),
            word: theatre.state(),
            epoch: theatre.epoch(),
            held_since_ms: None,
            clock_lost: false,
            found: None,
        };
        watcher.books.granted(theatre.session());
        watcher
    }

    /// The first promise that was not kept.
    pub const fn found(&self) -> Option<&Violation> {
        self.found.as_ref()
    }

    /// Looks at the step that has just ended.
    pub fn see<R: Staged>(&mut self, theatre: &Theatre<R>, truth: &Truth, now_ms: u32) {
        let whole_ms = |age: core::time::Duration| age.as_millis() as u32;
        let happening = theatre.happening();
        self.hear(happening, now_ms);
        let newest = self.books.newest();
        let step = Step {
            profile: theatre.profile(),
            now_ms,
            happening,
            truth: *truth,
            state_age_ms: newest.and_then(|n| theatre.state_age(n.seen_state)).map(whole_ms),
            view_age_ms: newest.and_then(|n| theatre.view_age(n.seen_view)).map(whole_ms),
        };
        self.judge(&step);
    }

    /// Takes down what was said and done, and which commands came.
    fn hear(&mut self, happening: &Happening, now_ms: u32) {
        if happening.born {
            // A process that knows nothing of its former life is watched from its beginning.
            self.books = Books::default();
            self.motion.forget();
            (self.word, self.held_since_ms) = (Word::Init, None);
        }
        self.clock_lost |= happening.set_back || happening.slept;
        if let Some(seen) = self.books.hear(happening, now_ms) {
            self.note(Rule::OneHolder, now_ms, seen);
        }
    }

    fn judge(&mut self, step: &Step<'_>) {
        if let Some(ticked) = &step.happening.ticked {
            self.tick(step, ticked);
        }
        for (rule, seen) in self.motion.watch(step, self.word) {
            self.note(rule, step.now_ms, seen);
        }
    }

    fn tick(&mut self, step: &Step<'_>, ticked: &Ticked) {
        let now_ms = step.now_ms;
        let mut all = Vec::new();
        passage::watch(&self.books, step, ticked, (self.word, self.epoch), &mut all);
        if ticked.word.follows() {
            following::watch(&self.books, step, ticked, &mut all);
        }
        self.motion.order(step, ticked, self.word, &mut all);
        self.held(ticked, step, &mut all);
        for (rule, seen) in all {
            self.note(rule, now_ms, seen);
        }
        (self.word, self.epoch) = (ticked.word, ticked.epoch);
        self.books.end(ticked);
    }

    /// The people beside the robot are called.
    fn held(&mut self, ticked: &Ticked, step: &Step<'_>, all: &mut Seen) {
        if !matches!(ticked.word, Word::Hold | Word::Pstop) {
            self.held_since_ms = None;
            return;
        }
        let clock_lost = core::mem::take(&mut self.clock_lost);
        if self.held_since_ms.is_none() || ticked.tick.transition.is_some() || clock_lost {
            self.held_since_ms = Some(step.now_ms);
        }
        let since_ms = self.held_since_ms.unwrap_or(step.now_ms);
        let held_ms = step.now_ms - since_ms;
        let limit = step.profile.reaction.alarm_after + STEP * 2;
        // A clock that is slow by a thousandth at most counts as well.
        let patience_ms = limit.as_millis() as u32 + held_ms / 1_000;
        if held_ms > patience_ms && !ticked.tick.calls {
            all.push((Rule::Calls, format!("held for {held_ms} ms, and nobody is called")));
        }
    }

    fn note(&mut self, rule: Rule, at_ms: u32, seen: String) {
        if self.found.is_none() {
            self.found = Some(Violation { rule, at_ms, seen });
        }
    }
}

/// What was seen that must not be.
type Seen = Vec<(Rule, String)>;

#[cfg(test)]
mod tests;
