//! What a source has published about a network: a key such as `rtt_p99` and a value.

use core::fmt;

use protocol::profile::quantity::{Quantity, Ratio, Time};

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// From the console to the robot and back.
    RoundTrip,
    /// From the console to the robot.
    Up,
    /// From the robot to the console.
    Down,
}

/// Which number of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// Least delay.
    Min,
    /// Mean delay.
    Mean,
    /// Delay that a share stays below: the share, 0 to 1.
    Percentile(f64),
    /// Delay that is not exceeded.
    Max,
    /// Mean difference between the delays of one packet and the next.
    Jitter,
    /// Share of packets lost.
    Loss,
    /// Share of packets lost that is not exceeded.
    LossMax,
}

/// A published number.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What was measured.
    pub path: Path,
    /// Which number of it.
    pub stat: Stat,
    /// Its value. Unit: second, or a share.
    pub value: f64,
    /// The tag of its source.
    pub source: String,
}

impl Path {
    /// The word that keys begin with.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RoundTrip => "rtt",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min => f.write_str("min"),
            Self::Mean => f.write_str("mean"),
            Self::Percentile(share) => {
                let digits = format!("{:.4}", share * 100.0);
                let digits = digits.trim_end_matches('0').trim_end_matches('.');
                write!(f, "p{}", digits.replace('.', "_"))
            }
            Self::Max => f.write_str("max"),
            Self::Jitter => f.write_str("jitter"),
            Self::Loss => f.write_str("loss"),
            Self::LossMax => f.write_str("loss_max"),
        }
    }
}

impl Stat {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "min" => Self::Min,
            "mean" => Self::Mean,
            "max" => Self::Max,
            "jitter" => Self::Jitter,
            "loss" => Self::Loss,
            "loss_max" => Self::LossMax,
            other => {
                let digits = other.strip_prefix('p')?;
                let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
                let percent: f64 = digits.replace('_', ".").parse().ok()?;
                let share = percent / 100.0;
                (plain && share > 0.0 && share < 1.0).then_some(Self::Percentile(share))?
            }
        })
    }

    /// Whether it is a share of packets, not a time.
    pub const fn is_share(self) -> bool {
        matches!(self, Self::Loss | Self::LossMax)
    }
}

impl Figure {
    /// Its key, such as `rtt_p99`.
    pub fn key(&self) -> String {
        format!("{}_{}", self.path.word(), self.stat)
    }

    /// A value of this kind as a person would write it.
    pub fn show(&self, value: f64) -> String {
        if self.stat.is_share() {
            return Quantity::<Ratio>::show((value * 1e5).round() / 1e5);
        }
        // Three digits: what a source gives.
        let ms = value * 1e3;
        let digits = if ms < 10.0 { 2 } else { usize::from(ms < 100.0) };
        Quantity::<Time>::show(format!("{ms:.digits$}").parse::<f64>().unwrap_or(ms) / 1e3)
    }

    /// Whether a model with this value does what was published: within a tenth, or, for a limit, not
    /// beyond it.
    pub fn is_met_by(&self, value: f64) -> bool {
        match self.stat {
            Stat::Max | Stat::LossMax => value <= self.value,
            _ => (value - self.value).abs() <= 0.1 * self.value,
        }
    }
}

/// The key of a figure, if it is one.
pub(super) fn key(key: &str) -> Option<(Path, Stat)> {
    let (path, stat) = key.split_once('_')?;
    let path = [Path::RoundTrip, Path::Up, Path::Down].into_iter().find(|p| p.word() == path)?;
    Some((path, Stat::from_word(stat)?))
}

/// The value of a figure, or what is wrong with it.
pub(super) fn value(stat: Stat, text: &str) -> Result<f64, String> {
    if stat.is_share() {
        Quantity::<Ratio>::parse(text).map(|q| q.si)
    } else {
        Quantity::<Time>::parse(text).map(|q| q.si)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_shown() {
        for text in ["rtt_p50", "up_p99_9", "down_min", "rtt_loss", "up_loss_max", "down_p2_5"] {
            let (path, stat) = key(text).unwrap();
            let figure = Figure { path, stat, value: 0.0, source: String::new() };
            assert_eq!(figure.key(), text);
        }
        for text in ["rtt", "rtt_", "rtt_p", "rtt_p0", "rtt_p100", "rtt_p5e1", "p50", "side_p50"] {
            assert!(key(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_figure_is_met_within_a_tenth_and_a_limit_is_a_limit() {
        let figure =
            |stat, value| Figure { path: Path::RoundTrip, stat, value, source: String::new() };
        let median = figure(Stat::Percentile(0.5), 0.010);
        assert_eq!(
            [0.0089, 0.0091, 0.0109, 0.0111].map(|v| median.is_met_by(v)),
            [false, true, true, false]
        );
        assert!(!median.is_met_by(f64::NAN));
        let limit = figure(Stat::LossMax, 0.01);
        assert_eq!([0.0, 0.01, 0.011].map(|v| limit.is_met_by(v)), [true, true, false]);
        assert!(!limit.is_met_by(f64::NAN));
    }
}
