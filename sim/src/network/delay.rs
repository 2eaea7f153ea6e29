//! How late the link is at a moment: a process in time with a given distribution.
//!
//! Problem: sources publish percentiles of delay, measured with a few packets a second. Commands go a
//! thousand times a second, and on a link that keeps order a late packet holds those behind it. Draw a
//! delay per packet, correlated or not, and then put the packets in order: one spike of 300 ms now makes
//! three hundred packets late, the percentiles of the flow are many times those of the source, and they
//! depend on how often one sends. So would every verdict of a benchmark.
//!
//! Rule: the delay is a property of the link and of time. It jumps up (the radio stalls) and then falls no
//! faster than time passes, so that whoever asks, and however often, finds the same distribution, and
//! nobody overtakes. Let `u` be the share of delays below the current one, and let it fall at the speed
//! `u·r(u)`, where `r` falls with `u`. Jumps to a level above `y` come at the rate `r(y)`, whatever the
//! present level is; one to a level below the present one has no effect. Then what flows down through a
//! level, `u·r(u)`, is what jumps up across it, and `u` is uniform for ever: the delay has its
//! distribution exactly. Two bounds make `r`: the delay must not fall faster than time (in the tail), and
//! correlation shall last for a while (in the body).
//!
//! With `s` for the time that a level takes to be reached from the top, to fall is to let `s` grow with
//! time, and the state is one number. Over a step `dt` no jump counts with the chance
//! `u(s + dt) / u(s)`; if one does, where it leads follows from the same quotient. So a step costs one
//! draw, however long it is.
//!
//! Limits: the distribution is told from its first to its last millionth. Delays do not depend on load
//! but through the queue.

use core::time::Duration;

use super::quantile::Distribution;
use super::spec::DelaySpec;
use crate::noise::Noise;

/// Intervals of the table.
const STEPS: usize = 512;

/// Logit of the ends of the table: a millionth.
const LOGIT_MAX: f64 = 13.8;

/// New levels per correlation time. With two, the correlation has fallen to a third after one.
const JUMPS: f64 = 2.0;

/// A jump is told to a part in so many powers of two of the step: finer than a microsecond for a minute.
const BISECTIONS: u32 = 26;

/// A level with what belongs to it.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Share of delays below.
    below: f64,
    /// Unit: second.
    delay: f64,
    /// Time from the top until this level is reached. Unit: second.
    since_top: f64,
}

/// The state of the delay of a link.
#[derive(Debug, Clone)]
pub(super) struct DelayProcess {
    /// From the top to the bottom: `since_top` rises.
    levels: Vec<Level>,
    /// When the last level is reached. Unit: second.
    bottom: f64,
    /// At the bottom every jump counts. Unit: per second.
    jumps: f64,
    /// The delay, if it never changes. Unit: second.
    constant: Option<f64>,
    /// Whether every packet draws its own.
    independent: bool,
    /// Where it is.
    now: Level,
    last: Option<Duration>,
}

impl DelayProcess {
    pub(super) fn new(spec: &DelaySpec) -> Self {
        let independent = spec.correlation.is_zero();
        let levels = levels(spec);
        let bottom = levels.last().map_or(0.0, |l| l.since_top);
        let jumps = jumps(spec);
        let constant = match &spec.distribution {
            Distribution::Constant(delay) => Some(delay.as_secs_f64()),
            _ => None,
        };
        let now = Level { below: 1.0, delay: 0.0, since_top: 0.0 };
        Self { levels, bottom, jumps, constant, independent, now, last: None }
    }

    /// The delay of a packet that leaves at `at`, which must not be before the one before. Unit: second.
    pub(super) fn at(&mut self, at: Duration, noise: &mut Noise) -> f64 {
        if let Some(constant) = self.constant {
            return constant;
        }
        let chance = noise.uniform();
        let last = self.last.replace(at);
        self.now = match last {
            Some(last) if !self.independent => {
                let passed = at.saturating_sub(last).as_secs_f64();
                self.step(passed, chance)
            }
            // A level by its share: the stationary distribution.
            _ => self.level(self.reached(chance)),
        };
        self.now.delay
    }

    /// Where the level is after a step, by one draw.
    fn step(&self, passed: f64, chance: f64) -> Level {
        let fallen = self.now.since_top + passed;
        let there = self.level(fallen.min(self.bottom));
        let beyond = fallen - self.bottom;
        let past_bottom = if beyond > 0.0 { (-self.jumps * beyond).exp() } else { 1.0 };
        let stays = there.below * past_bottom / self.now.below;
        if chance < stays || passed <= 0.0 {
            return there;
        }
        // A jump within this step to what now is at most `passed` below the top.
        if chance >= self.level(passed).below {
            return self.level(self.reached(chance));
        }
        let (mut low, mut high) = (passed, there.since_top);
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            let before = self.level((middle - passed).max(0.0)).below;
            if self.level(middle).below / before > chance { low = middle } else { high = middle }
        }
        self.level(high)
    }

    /// The level that is reached so long after the top.
    fn level(&self, since_top: f64) -> Level {
        let after = self.levels.partition_point(|l| l.since_top < since_top);
        let (low, high) = (self.levels.get(after.saturating_sub(1)), self.levels.get(after));
        match (low, high) {
            (Some(a), Some(b)) if b.since_top > a.since_top => {
                let way = ((since_top - a.since_top) / (b.since_top - a.since_top)).max(0.0);
                Level {
                    below: a.below + (b.below - a.below) * way,
                    delay: a.delay + (b.delay - a.delay) * way,
                    since_top,
                }
            }
            (_, Some(only)) | (Some(only), None) => Level { since_top, ..*only },
            (None, None) => Level { below: 1.0, delay: 0.0, since_top },
        }
    }

    /// When the level with this share below is reached.
    fn reached(&self, below: f64) -> f64 {
        let after = self.levels.partition_point(|l| l.below > below);
        let (high, low) = (self.levels.get(after.saturating_sub(1)), self.levels.get(after));
        match (high, low) {
            (Some(a), Some(b)) if a.below > b.below => {
                let way = ((a.below - below) / (a.below - b.below)).max(0.0);
                a.since_top + (b.since_top - a.since_top) * way
            }
            (Some(a), _) => a.since_top,
            (None, _) => 0.0,
        }
    }
}

/// Jumps of whatever height. Unit: per second.
fn jumps(spec: &DelaySpec) -> f64 {
    // Draws of its own need an order of the levels only.
    JUMPS / spec.correlation.as_secs_f64().max(1e-6)
}

/// The table of a distribution, from the top to the bottom.
fn levels(spec: &DelaySpec) -> Vec<Level> {
    let point = |i: usize| {
        let logit = LOGIT_MAX * (2.0 * i as f64 / STEPS as f64 - 1.0);
        let beyond = (1.0 + logit.exp()).recip();
        let below = (1.0 + (-logit).exp()).recip();
        (below, beyond, spec.distribution.beyond(beyond))
    };
    let rate_max = jumps(spec);
    let mut rate = rate_max;
    let mut steps = Vec::with_capacity(STEPS);
    for i in 0..STEPS {
        let ((below, beyond, delay), (next, _, more)) = (point(i), point(i + 1));
        let fall = (next / below).ln();
        rate = rate.min(rate_max * beyond);
        if more > delay {
            rate = rate.min(fall / (more - delay));
        }
        steps.push((below, delay, fall / rate));
    }
    let (below, _, delay) = point(STEPS);
    let mut levels = vec![Level { below, delay, since_top: 0.0 }];
    let mut since_top = 0.0;
    for (below, delay, time) in steps.into_iter().rev() {
        since_top += time;
        levels.push(Level { below, delay, since_top });
    }
    levels
}

#[cfg(test)]
#[path = "delay_tests.rs"]
mod tests;
