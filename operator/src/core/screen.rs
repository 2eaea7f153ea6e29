//! Which state a command may say that the operator is shown.
//!
//! Problem: the console process hears every state, and a page beside a moving picture can still show
//! an old one, or none: a script that ended in an error, a connection over which nothing comes. An
//! operator who reads READY while the robot follows moves a hand that steers (hazard H38).
//! What the process knows says nothing about that; so the page says which word stands on it, read back
//! from the page and only once the browser has taken it.
//!
//! A page is late in the normal course of things: some twenty statuses a second, a few pictures of the
//! browser each. If a command told every late word as it is, each change of state would be a mismatch
//! on the robot. So a word that was right until a moment ago counts as the newest; beyond
//! [`PAGE_LATE_MAX`] the command says what is really shown, and the robot compares.
//!
//! Limits: a page that says it shows what it does not is believed. Without a page there is nobody to
//! be misled, and the newest state counts.

use core::time::Duration;

use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

/// For how long a page may show another state than the newest before it is called late.
///
/// A change takes up to 20 ms to be published, 50 ms to the next status and two pictures of a slow
/// browser, 66 ms, to be shown. The robot's own patience comes on top: together a quarter of a
/// second, which is how long a page also takes to call a still picture stale.
pub const PAGE_LATE_MAX: Duration = Duration::from_millis(150);

/// What stands for a page that shows no state: in INIT no robot moves, so that it never passes for a
/// word about one that does.
pub const NOTHING_SHOWN: OperatingState = OperatingState::Init;

/// What is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// No page is open.
    Unwatched,
    /// A page is open.
    Page {
        /// The word on it.
        word: OperatingState,
        /// When it was right last, or the page was opened.
        right_at: Moment<Operator>,
    },
}

impl Screen {
    /// A page that has just been opened: it shows nothing yet.
    pub const fn opened(now: Moment<Operator>) -> Self {
        Self::Page { word: NOTHING_SHOWN, right_at: now }
    }

    /// A page has said which word stands on it; `None` for a page that knows no state.
    #[must_use]
    pub fn showing(self, word: Option<OperatingState>, now: Moment<Operator>) -> Self {
        let right_at = match self {
            Self::Unwatched => now,
            Self::Page { right_at, .. } => right_at,
        };
        Self::Page { word: word.unwrap_or(NOTHING_SHOWN), right_at }
    }

    /// The word that a command tells while the newest state is `newest`. Call once per command.
    pub fn word(&mut self, newest: OperatingState, now: Moment<Operator>) -> OperatingState {
        let Self::Page { word, right_at } = self else { return newest };
        if *word == newest {
            *right_at = now;
        }
        let late = now.since(*right_at).is_none_or(|late| late > PAGE_LATE_MAX);
        if late { *word } else { newest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OperatingState::{Degraded, Engaged, Hold, Init, Ready};

    fn at(ms: u64) -> Moment<Operator> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn without_a_page_the_newest_state_counts() {
        let mut screen = Screen::Unwatched;
        assert_eq!(screen.word(Engaged, at(1)), Engaged);
        assert_eq!(screen.word(Hold, at(9_000)), Hold);
    }

    /// STATE-MISMATCH: a page may be late up to the limit, and each time it was right counts.
    #[test]
    fn a_page_that_is_late_is_believed_up_to_the_limit_not_after_it() {
        let mut screen = Screen::opened(at(0)).showing(Some(Ready), at(0));
        assert_eq!(screen.word(Ready, at(1_000)), Ready);
        assert_eq!(screen.word(Engaged, at(1_150)), Engaged);
        assert_eq!(screen.word(Engaged, Moment::from_ns(1_150_000_001)), Ready);
        screen = screen.showing(Some(Engaged), at(1_200));
        assert_eq!(screen.word(Engaged, at(1_200)), Engaged);
        assert_eq!(screen.word(Degraded, at(1_350)), Degraded, "it was right in between");
        assert_eq!(screen.word(Degraded, at(1_351)), Engaged);
    }

    /// STATE-MISMATCH: to say something is not to be right.
    #[test]
    fn a_page_that_repeats_a_wrong_word_gains_no_time() {
        let mut screen = Screen::opened(at(0));
        for ms in 1..=150 {
            screen = screen.showing(Some(Ready), at(ms));
            assert_eq!(screen.word(Engaged, at(ms)), Engaged);
        }
        assert_eq!(screen.showing(Some(Hold), at(151)).word(Engaged, at(151)), Hold);
    }

    /// STATE-MISMATCH: a page that was opened and shows nothing shows nothing, whatever it presents.
    #[test]
    fn a_page_that_never_says_what_it_shows_shows_no_state() {
        let mut screen = Screen::opened(at(0));
        assert_eq!(screen.word(Engaged, at(150)), Engaged);
        assert_eq!(screen.word(Engaged, at(151)), Init);
        assert_eq!(screen.showing(None, at(152)).word(Engaged, at(152)), Init);
    }

    /// STATE-MISMATCH: a robot that changes its state faster than a page can show does not excuse a
    /// page that stands still.
    #[test]
    fn changes_of_state_gain_no_time_for_a_page_that_stands_still() {
        let mut screen = Screen::opened(at(0)).showing(Some(Ready), at(0));
        let state = |ms: u64| if ms % 20 < 10 { Engaged } else { Degraded };
        assert_eq!(screen.word(Ready, at(0)), Ready);
        for ms in 1..=150 {
            assert_eq!(screen.word(state(ms), at(ms)), state(ms));
        }
        assert_eq!(screen.word(state(151), at(151)), Ready);
    }

    #[test]
    fn a_clock_that_runs_backwards_excuses_nothing() {
        let mut screen = Screen::opened(at(100)).showing(Some(Ready), at(100));
        assert_eq!(screen.word(Engaged, at(99)), Ready);
    }
}
