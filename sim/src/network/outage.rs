//! Times in which little or nothing comes through: a process in time.

use core::time::Duration;

use super::chance::Chance;
use super::spec::{OutageSpec, Span, When};
use crate::noise::Noise;

/// The shortest period of outages, so that there is an end to them.
const CYCLE_MIN: Duration = Duration::from_millis(1);

/// Outages that are gone through at one packet. A silence with more is not remembered.
const CYCLES_MAX: usize = 4096;

/// One series of outages, with the one that has not ended yet.
#[derive(Debug, Clone)]
pub(super) struct Outage {
    when: When,
    lose: Chance,
    begin: Duration,
    end: Duration,
    noise: Noise,
}

impl Outage {
    /// A series of its own: what it draws does not depend on packets.
    pub(super) fn new(spec: OutageSpec, seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let (begin, length) = match spec.when {
            When::Once { at, length } | When::Periodic { at, length, .. } => (at, length),
            When::Random { pause, length } => {
                let begin = draw(pause, &mut noise);
                (begin, draw(length, &mut noise))
            }
        };
        let end = begin.saturating_add(length);
        Self { when: spec.when, lose: spec.lose, begin, end, noise }
    }

    /// The end of the outage at `at`, with the chance to be lost in it. `at` must not fall.
    pub(super) fn at(&mut self, at: Duration) -> Option<(Duration, Chance)> {
        for _ in 0..CYCLES_MAX {
            if at < self.end || !self.follows(at) {
                return (self.begin <= at && at < self.end).then_some((self.end, self.lose));
            }
        }
        // Too many to be gone through: begin anew from here.
        self.end = at;
        None
    }

    /// Goes on to the next one; false if there is none.
    fn follows(&mut self, at: Duration) -> bool {
        let length = match self.when {
            When::Once { .. } => return false,
            When::Periodic { every, length, at: first } => {
                let every = every.max(CYCLE_MIN).as_nanos();
                let passed = at.saturating_sub(first).as_nanos();
                let periods = passed / every;
                let begin = u64::try_from(periods * every).unwrap_or(u64::MAX);
                let begin = first.saturating_add(Duration::from_nanos(begin));
                // The one in whose period `at` lies has ended already: it is the next.
                let begin = if begin.saturating_add(length) > at {
                    begin
                } else {
                    let every = u64::try_from(every).unwrap_or(u64::MAX);
                    begin.saturating_add(Duration::from_nanos(every))
                };
                self.begin = begin;
                length
            }
            When::Random { pause, length } => {
                let pause = draw(pause, &mut self.noise).max(CYCLE_MIN);
                self.begin = self.end.saturating_add(pause);
                draw(length, &mut self.noise)
            }
        };
        self.end = self.begin.saturating_add(length);
        true
    }
}

fn draw(span: Span, noise: &mut Noise) -> Duration {
    let share = noise.uniform();
    match span {
        Span::Fixed(time) => time,
        Span::Uniform(a, b) => {
            let (low, high) = (a.min(b), a.max(b));
            low.saturating_add(scaled(high.saturating_sub(low), share))
        }
        Span::Exponential(mean) => scaled(mean, -(1.0 - share).ln()),
    }
}

/// `time` by a factor that is not negative.
pub(super) fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn series(when: When) -> Outage {
        Outage::new(OutageSpec { when, lose: Chance::ALWAYS }, 7)
    }

    fn out(outage: &mut Outage, at: u64) -> bool {
        outage.at(ms(at)).is_some()
    }

    #[test]
    fn an_outage_that_is_due_once_comes_once() {
        let mut o = series(When::Once { at: ms(10), length: ms(5) });
        let got = [9, 10, 14, 15, 10_000].map(|at| out(&mut o, at));
        assert_eq!(got, [false, true, true, false, false]);
        let mut cut = series(When::Once { at: ms(10), length: Duration::MAX });
        assert!(out(&mut cut, u64::MAX));
    }

    #[test]
    fn a_schedule_is_kept_over_any_silence() {
        let when = When::Periodic { every: ms(100), at: ms(20), length: ms(5) };
        let times = [0, 20, 24, 25, 119, 120, 124, 125, 1_000_019, 1_000_020, 1_000_025, 1_000_120];
        let want = [false, true, true, false, false, true, true, false, false, true, false, true];
        let mut o = series(when);
        assert_eq!(times.map(|at| out(&mut o, at)), want);
    }

    #[test]
    fn pauses_and_lengths_have_their_means() {
        let (pause, length) = (Span::Fixed(ms(85)), Span::Uniform(ms(0), ms(30)));
        let mut o = series(When::Random { pause, length });
        let share = (0..2_000_000).filter(|at| out(&mut o, *at)).count() as f64 / 2e6;
        assert!((share - 0.15).abs() < 0.005, "{share}");
        let (pause, length) = (Span::Exponential(ms(1000)), Span::Exponential(ms(250)));
        let mut o = series(When::Random { pause, length });
        let share = (0..20_000_000).step_by(5).filter(|at| out(&mut o, *at)).count() as f64 / 4e6;
        assert!((share - 0.2).abs() < 0.01, "{share}");
    }

    #[test]
    fn outages_without_length_or_pause_come_to_an_end() {
        let zero = Span::Fixed(Duration::ZERO);
        let mut o = series(When::Random { pause: zero, length: zero });
        assert!(!out(&mut o, 1_000_000) && !out(&mut o, u64::MAX));
        let mut o = series(When::Periodic { every: ms(0), at: ms(0), length: ms(0) });
        assert!(!out(&mut o, u64::MAX));
    }
}
