//! How old the world was that steered the robot, as the robot judged it.
//!
//! The last second is for the page; the whole run, only while the robot followed, is for the report:
//! an age that steered nothing is no latency of a motion.

use core::time::Duration;

use protocol::frame::StateFrame;
use protocol::time::{Moment, Operator};

use super::histogram::Histogram;
use super::window::Window;

/// What is shown of one age.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgeSummary {
    /// Median of the last second; `None` without values.
    pub p50: Option<Duration>,
    /// 95 % of the last second's values do not exceed it.
    pub p95: Option<Duration>,
    /// 99 % of the run's values do not exceed it.
    pub run_p99: Option<Duration>,
    /// How many values the run has.
    pub run_count: u64,
}

/// One age, over the last second and over the run. Bound: 50 kB.
#[derive(Debug, Clone, Default)]
pub struct AgeSeries {
    window: Window,
    run: Histogram,
}

impl AgeSeries {
    fn record(&mut self, age: Option<Duration>, follows: bool, now: Moment<Operator>) {
        let Some(age) = age else { return };
        self.window.add(age.as_nanos() as f64, now);
        if follows {
            self.run.record(age);
        }
    }

    /// What is shown of it.
    pub fn summary(&self, now: Moment<Operator>) -> AgeSummary {
        let recent = |p| self.window.percentile(p, now).map(|ns| Duration::from_nanos(ns as u64));
        AgeSummary {
            p50: recent(50.0),
            p95: recent(95.0),
            run_p99: self.run.percentile(99.0),
            run_count: self.run.count(),
        }
    }

    /// The ages of the run, while the robot followed.
    pub const fn run(&self) -> &Histogram {
        &self.run
    }
}

/// The ages that state frames tell.
#[derive(Debug, Clone, Default)]
pub struct Ages {
    /// Age of the picture that steers.
    pub view: AgeSeries,
    /// Age of the state that steers.
    pub round_trip: AgeSeries,
}

impl Ages {
    /// Takes in one state frame.
    pub fn record(&mut self, frame: &StateFrame, now: Moment<Operator>) {
        let follows = frame.state.follows();
        self.view.record(frame.view_age, follows, now);
        self.round_trip.record(frame.loop_age, follows, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::session::tests::state_frame;
    use protocol::state::OperatingState;

    #[test]
    fn the_window_shows_every_age_and_the_run_only_those_that_steered() {
        let mut ages = Ages::default();
        let now = Moment::from_ns(5_000_000_000);
        let frame = |ms, state| StateFrame {
            view_age: Some(Duration::from_millis(ms)),
            loop_age: None,
            state,
            ..state_frame()
        };
        for ms in 1..=100 {
            ages.record(&frame(ms, OperatingState::Engaged), now);
        }
        for _ in 0..900 {
            ages.record(&frame(500, OperatingState::Hold), now);
        }
        let view = ages.view.summary(now);
        assert_eq!(view.p50, Some(Duration::from_millis(500)));
        assert_eq!(view.run_count, 100);
        let p99 = view.run_p99.unwrap().as_secs_f64();
        assert!((p99 - 0.099).abs() < 0.001, "{p99}");
        let unknown = ages.round_trip.summary(now);
        assert_eq!((unknown.p50, unknown.run_p99, unknown.run_count), (None, None, 0));
    }
}
