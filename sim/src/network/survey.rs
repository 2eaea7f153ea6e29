//! What a preset is measured to do: probes over virtual hours.
//!
//! A probe is what a ping is: a small packet up, and at once one down.

use core::time::Duration;

use super::model::{Fate, LinkModel};
use super::preset::{Figure, LinkPreset, Path, Stat};
use crate::noise::Noise;

/// From one probe to the next: no multiple of any schedule, and too short for a radio to fall asleep.
pub const PROBE_EVERY: Duration = Duration::from_millis(197);

/// Size of a probe, as that of ping. Unit: byte.
const PROBE_BYTES: usize = 64;

/// What probes found on one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Delays in ascending order. Unit: second.
    sorted: Vec<f64>,
    sent: u64,
    mean: f64,
    jitter: f64,
}

/// What probes found.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    round_trip: Found,
    up: Found,
    down: Found,
}

/// Sends `probes` through a preset.
pub fn survey(preset: &LinkPreset, seed: u64, probes: u32) -> Survey {
    let mut seeds = Noise::new(seed);
    let mut up = LinkModel::new(&preset.up, seeds.bits());
    let mut down = LinkModel::new(&preset.down, seeds.bits());
    let (mut ups, mut downs, mut trips) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..probes {
        let sent = PROBE_EVERY * i;
        let Fate::Delivered { at: there, .. } = up.offer(sent, PROBE_BYTES) else { continue };
        ups.push(there.saturating_sub(sent).as_secs_f64());
        let Fate::Delivered { at: back, .. } = down.offer(there, PROBE_BYTES) else { continue };
        downs.push(back.saturating_sub(there).as_secs_f64());
        trips.push(back.saturating_sub(sent).as_secs_f64());
    }
    let back = ups.len() as u64;
    Survey {
        round_trip: Found::new(trips, u64::from(probes)),
        up: Found::new(ups, u64::from(probes)),
        down: Found::new(downs, back),
    }
}

impl Survey {
    /// What was found on this path.
    pub const fn of(&self, path: Path) -> &Found {
        match path {
            Path::RoundTrip => &self.round_trip,
            Path::Up => &self.up,
            Path::Down => &self.down,
        }
    }

    /// What was found of what is published. Unit: that of the figure.
    pub fn figure(&self, figure: &Figure) -> Option<f64> {
        self.of(figure.path).stat(figure.stat)
    }
}

impl Found {
    fn new(delays: Vec<f64>, sent: u64) -> Self {
        let n = delays.len().max(1) as f64;
        let mean = delays.iter().sum::<f64>() / n;
        let steps = delays.iter().zip(delays.iter().skip(1)).map(|(a, b)| (a - b).abs());
        let jitter = steps.sum::<f64>() / n;
        let mut sorted = delays;
        sorted.sort_by(f64::total_cmp);
        Self { sorted, sent, mean, jitter }
    }

    /// This number; `None` if too few came through to tell. Unit: second, or a share.
    pub fn stat(&self, stat: Stat) -> Option<f64> {
        let n = self.sorted.len();
        match stat {
            Stat::Loss | Stat::LossMax => {
                (self.sent > 0).then(|| 1.0 - n as f64 / self.sent as f64)
            }
            Stat::Mean => (n > 0).then_some(self.mean),
            Stat::Jitter => (n > 1).then_some(self.jitter),
            Stat::Min => self.sorted.first().copied(),
            Stat::Max => self.sorted.last().copied(),
            Stat::Percentile(share) => {
                let at = (share * n as f64) as usize;
                self.sorted.get(at.min(n.saturating_sub(1))).copied()
            }
        }
    }
}
