//! Beats and breaths in a wave that nobody explains.

/// Intervals that a rate is the mean of.
const KEPT: usize = 8;

/// What a kind of wave is found by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Looks {
    /// Where between its lows and highs a beat begins.
    pub(super) level: f64,
    /// Lower waves are noise.
    pub(super) height_min: f64,
    /// No two begin closer together, and none is longer. Unit: s.
    pub(super) interval_s: (f64, f64),
    /// How long a wave is watched before the first beat in it is believed: one of its longer intervals. Unit: s.
    pub(super) learn_s: f64,
    /// How long highs and lows are remembered. Unit: s.
    pub(super) memory_s: f64,
}

/// One beat or breath that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cycle {
    pub(super) length_s: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) mean: f64,
}

/// Finds cycles in a wave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cycles {
    looks: Looks,
    envelope: Option<(f64, f64)>,
    watched_s: f64,
    above: bool,
    since_s: f64,
    started: bool,
    high: f64,
    low: f64,
    sum: f64,
    count: u32,
    kept: [Option<Cycle>; KEPT],
}

impl Cycles {
    pub(super) const fn new(looks: Looks) -> Self {
        Self {
            looks,
            envelope: None,
            watched_s: 0.0,
            above: true,
            since_s: 0.0,
            started: false,
            high: f64::MIN,
            low: f64::MAX,
            sum: 0.0,
            count: 0,
            kept: [None; KEPT],
        }
    }

    /// Forgets everything.
    pub(super) const fn reset(&mut self) {
        *self = Self::new(self.looks);
    }

    /// Takes a sample; the cycle that it ends.
    pub(super) fn take(&mut self, x: f64, dt_s: f64) -> Option<Cycle> {
        let (mut low, mut high) = self.envelope.unwrap_or((x, x));
        let fade = dt_s / self.looks.memory_s;
        low = if x < low { x } else { low + (x - low) * fade };
        high = if x > high { x } else { high + (x - high) * fade };
        self.envelope = Some((low, high));
        self.since_s += dt_s;
        self.watched_s += dt_s;
        if self.since_s > self.looks.interval_s.1 {
            self.forget();
        }
        let level = low + self.looks.level * (high - low);
        let rises = !self.above && x > level;
        // Well below, so that noise on the level begins nothing.
        if x > level {
            self.above = true;
        } else if x < level - 0.1 * (high - low) {
            self.above = false;
        }
        let mut ended = None;
        let known = self.watched_s >= self.looks.learn_s && high - low >= self.looks.height_min;
        if rises && known && (!self.started || self.since_s >= self.looks.interval_s.0) {
            if self.started && self.count > 0 {
                ended = Some(Cycle {
                    length_s: self.since_s,
                    high: self.high,
                    low: self.low,
                    mean: self.sum / f64::from(self.count),
                });
                self.kept.rotate_left(1);
                if let Some(newest) = self.kept.last_mut() {
                    *newest = ended;
                }
            }
            self.started = true;
            self.since_s = 0.0;
            (self.high, self.low, self.sum, self.count) = (f64::MIN, f64::MAX, 0.0, 0);
        }
        (self.high, self.low) = (self.high.max(x), self.low.min(x));
        self.sum += x;
        self.count += 1;
        ended
    }

    /// Too long without a beginning: what was counted has ended.
    const fn forget(&mut self) {
        self.kept = [None; KEPT];
        self.started = false;
    }

    /// Mean of something over the last cycles; none before there are two of them.
    pub(super) fn mean(&self, what: impl Fn(&Cycle) -> f64) -> Option<f64> {
        let kept = || self.kept.iter().flatten();
        (kept().count() >= 2).then(|| kept().map(what).sum::<f64>() / kept().count() as f64)
    }

    /// Unit: 1/min.
    pub(super) fn rate_per_min(&self) -> Option<f64> {
        self.mean(|cycle| cycle.length_s).map(|length_s| 60.0 / length_s)
    }
}
