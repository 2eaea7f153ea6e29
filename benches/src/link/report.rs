//! Medians over rounds, as a table and as rows for a program.

use core::fmt;
use core::time::Duration;

use super::stats::median;
use super::{MESSAGE_BYTES, RATE_HZ, Round, VIDEO_BIT_S, Variant};

/// One variant.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Median round trip. Unit: microsecond.
    pub p50_us: f64,
    /// 99 of 100 are shorter. Unit: microsecond.
    pub p99_us: f64,
    /// 999 of 1,000 are shorter. Unit: microsecond.
    pub p999_us: f64,
    /// Median, as a multiple of the raw socket's in the same round.
    pub ratio_p50: f64,
    /// 99th percentile, as a multiple of the raw socket's in the same round.
    pub ratio_p99: f64,
    /// Time that a message costs both ends together. Unit: microsecond.
    pub cpu_us: f64,
    /// Messages that did not come back, of all rounds.
    pub lost: usize,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Report {
    /// Rounds.
    pub rounds: usize,
    /// How long each variant ran in each round. Unit: second.
    pub seconds: f64,
    /// Messages a second.
    pub rate_hz: u32,
    /// Bytes of a message.
    pub message_bytes: usize,
    /// Bits of pictures a second.
    pub video_bit_s: u64,
    /// A row for each variant.
    pub variants: Vec<Row>,
    /// The control link's 99th percentile with pictures in flight, as a multiple of that without them.
    pub video_ratio_p99: f64,
}

type Measured = [(Variant, Round)];

fn of(round: &Measured, variant: Variant, figure: impl Fn(&Round) -> f64) -> f64 {
    round.iter().find(|(v, _)| *v == variant).map_or(f64::NAN, |(_, round)| figure(round))
}

impl Report {
    pub(super) fn new(rounds: &[Vec<(Variant, Round)>], lasts: Duration) -> Self {
        let over = |figure: &dyn Fn(&Measured) -> f64| {
            median(rounds.iter().map(|round| figure(round)).collect())
        };
        let row = |variant: Variant| {
            let plain = |figure: fn(&Round) -> f64| over(&|round| of(round, variant, figure));
            let ratio = |share: f64| {
                let figure = move |r: &Round| r.percentile_us(share);
                over(&|round| of(round, variant, figure) / of(round, Variant::RawUdp, figure))
            };
            let lost = |round: &Vec<(Variant, Round)>| {
                of(round, variant, |r| (r.sent - r.trips_ns.len()) as f64) as usize
            };
            Row {
                name: variant.name(),
                p50_us: plain(|r| r.percentile_us(0.5)),
                p99_us: plain(|r| r.percentile_us(0.99)),
                p999_us: plain(|r| r.percentile_us(0.999)),
                ratio_p50: ratio(0.5),
                ratio_p99: ratio(0.99),
                cpu_us: plain(Round::cpu_us),
                lost: rounds.iter().map(lost).sum(),
            }
        };
        let p99 = |r: &Round| r.percentile_us(0.99);
        Self {
            rounds: rounds.len(),
            seconds: lasts.as_secs_f64(),
            rate_hz: RATE_HZ,
            message_bytes: MESSAGE_BYTES,
            video_bit_s: VIDEO_BIT_S,
            variants: Variant::ALL.into_iter().map(row).collect(),
            video_ratio_p99: over(&|round| {
                of(round, Variant::ControlVideo, p99) / of(round, Variant::Control, p99)
            }),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "round trips of {} bytes at {} Hz, {} rounds of {:.0} s each, medians over rounds",
            self.message_bytes, self.rate_hz, self.rounds, self.seconds
        )?;
        writeln!(
            f,
            "{:<16}{:>9}{:>9}{:>10}{:>12}{:>12}{:>9}{:>7}",
            "", "p50 us", "p99 us", "p99.9 us", "p50 / raw", "p99 / raw", "cpu us", "lost"
        )?;
        for row in &self.variants {
            writeln!(
                f,
                "{:<16}{:>9.1}{:>9.1}{:>10.1}{:>12.2}{:>12.2}{:>9.1}{:>7}",
                row.name,
                row.p50_us,
                row.p99_us,
                row.p999_us,
                row.ratio_p50,
                row.ratio_p99,
                row.cpu_us,
                row.lost
            )?;
        }
        write!(
            f,
            "with {:.0} Mbit/s of pictures the other way, p99 is {:.2} times what it is without",
            self.video_bit_s as f64 / 1e6,
            self.video_ratio_p99
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(us: u64) -> Round {
        let mut round = Round::with_room(1);
        round.note(Some(Duration::from_micros(us)));
        round.client = Duration::from_micros(us);
        round
    }

    /// A machine that is twice as slow in one round is so for every variant: the ratios are the same.
    #[test]
    fn ratios_are_those_of_the_same_round() {
        let measured = |slow: u64| {
            let of = |v: Variant| if v == Variant::RawUdp { 10 } else { 13 };
            Variant::ALL.into_iter().map(|v| (v, round(of(v) * slow))).collect::<Vec<_>>()
        };
        let report = Report::new(&[measured(1), measured(2), measured(50)], Duration::from_secs(1));
        for row in &report.variants[1..] {
            assert_eq!((row.ratio_p50, row.p50_us, row.cpu_us), (1.3, 26.0, 26.0), "{}", row.name);
        }
        assert_eq!(report.video_ratio_p99, 1.0);
        assert_eq!(report.to_string().lines().count(), 2 + Variant::ALL.len() + 1);
    }
}
