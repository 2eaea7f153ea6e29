//! How one path does: what it takes, what it loses, how often it is the first.

use core::time::Duration;

use protocol::link::control::Health;

/// States needed for a share that says something.
const STATES_MIN: u64 = 20;

/// Counts of one path since the last reading.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gauge {
    heard: u64,
    first: u64,
    /// The newest state when the last reading was taken.
    newest: Option<u64>,
    sent: u64,
    lost: u64,
}

/// What a path does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Round trip; includes how long the robot waited before it acknowledged.
    pub round_trip: Duration,
    /// Share of this side's packets that were never acknowledged; `None` if too few were sent.
    pub lost_up: Option<f64>,
    /// Share of the states that this path did not bring; `None` if there were too few.
    pub lost_down: Option<f64>,
    /// Share of the states that this path brought before any other.
    pub first: Option<f64>,
}

impl Gauge {
    /// A state has come on this path; `first`: and on no other before.
    pub(super) fn note(&mut self, first: bool) {
        self.heard += 1;
        self.first += u64::from(first);
    }

    /// What has been since the last reading. `newest`: the number of the newest state of all paths.
    pub(super) fn read(&mut self, health: &Health, newest: Option<u64>) -> Figures {
        let states = newest.zip(self.newest).map(|(now, then)| now.saturating_sub(then));
        let states = states.filter(|states| *states >= STATES_MIN);
        let share = |part: u64, of: Option<u64>| of.map(|of| (part as f64 / of as f64).min(1.0));
        let (sent, lost) =
            (health.sent.saturating_sub(self.sent), health.lost.saturating_sub(self.lost));
        let figures = Figures {
            round_trip: health.round_trip,
            lost_up: share(lost, Some(sent).filter(|sent| *sent >= STATES_MIN)),
            lost_down: share(self.heard, states).map(|heard| 1.0 - heard),
            first: share(self.first, states),
        };
        *self = Self { newest, sent: health.sent, lost: health.lost, ..Self::default() };
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(sent: u64, lost: u64) -> Health {
        Health { round_trip: Duration::from_millis(12), sent, lost, ..Health::default() }
    }

    #[test]
    fn shares_are_those_since_the_last_reading() {
        let mut gauge = Gauge::default();
        gauge.read(&health(1_000, 500), Some(1_000));
        for n in 0..90 {
            gauge.note(n < 30);
        }
        let figures = gauge.read(&health(1_200, 510), Some(1_100));
        assert_eq!(figures.lost_up, Some(0.05));
        assert!((figures.lost_down.unwrap() - 0.1).abs() < 1e-12);
        assert_eq!((figures.first, figures.round_trip), (Some(0.3), Duration::from_millis(12)));
    }

    #[test]
    fn too_few_states_say_nothing() {
        let mut gauge = Gauge::default();
        assert_eq!(gauge.read(&health(5, 0), Some(10)).lost_down, None, "no reading before");
        gauge.note(true);
        let figures = gauge.read(&health(10, 5), Some(10 + STATES_MIN - 1));
        assert_eq!((figures.lost_up, figures.lost_down, figures.first), (None, None, None));
    }

    #[test]
    fn a_path_that_brings_late_what_was_counted_before_loses_less_than_nothing_as_nothing() {
        let mut gauge = Gauge::default();
        gauge.read(&health(0, 0), Some(0));
        (0..120).for_each(|_| gauge.note(false));
        assert_eq!(gauge.read(&health(0, 0), Some(100)).lost_down, Some(0.0));
    }
}
