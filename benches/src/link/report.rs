//! Medians over rounds, as a table and as rows for a program.

use core::fmt;
use core::time::Duration;

use super::stats::median;
use super::{FARREACH, FARREACH_VIDEO, MESSAGE_BYTES, RATE_HZ, RAW_UDP, Round, VIDEO_BIT_S};

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
    /// Bits of pictures a second, where a variant had them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_bit_s: Option<u64>,
    /// A row for each variant.
    pub variants: Vec<Row>,
    /// The control link's 99th percentile with pictures in flight, as a multiple of that without them; where
    /// both were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_ratio_p99: Option<f64>,
}

/// One round: each variant's name and what it gave.
pub(super) type Measured = Vec<(&'static str, Round)>;

fn of(round: &Measured, name: &str, figure: impl Fn(&Round) -> f64) -> f64 {
    round.iter().find(|(n, _)| *n == name).map_or(f64::NAN, |(_, round)| figure(round))
}

impl Report {
    pub(super) fn new(rounds: &[Measured], lasts: Duration) -> Self {
        let over = |figure: &dyn Fn(&Measured) -> f64| median(rounds.iter().map(figure).collect());
        let row = |name: &'static str| {
            let plain = |figure: fn(&Round) -> f64| over(&|round| of(round, name, figure));
            let ratio = |share: f64| {
                let figure = move |r: &Round| r.percentile_us(share);
                over(&|round| of(round, name, figure) / of(round, RAW_UDP, figure))
            };
            let lost =
                |round: &Measured| of(round, name, |r| (r.sent - r.trips_ns.len()) as f64) as usize;
            Row {
                name,
                p50_us: plain(|r| r.percentile_us(0.5)),
                p99_us: plain(|r| r.percentile_us(0.99)),
                p999_us: plain(|r| r.percentile_us(0.999)),
                ratio_p50: ratio(0.5),
                ratio_p99: ratio(0.99),
                cpu_us: plain(Round::cpu_us),
                lost: rounds.iter().map(lost).sum(),
            }
        };
        let names: Vec<_> = rounds.iter().take(1).flatten().map(|(name, _)| *name).collect();
        let has_video = names.contains(&FARREACH) && names.contains(&FARREACH_VIDEO);
        let p99 = |r: &Round| r.percentile_us(0.99);
        let video = || over(&|round| of(round, FARREACH_VIDEO, p99) / of(round, FARREACH, p99));
        Self {
            rounds: rounds.len(),
            seconds: lasts.as_secs_f64(),
            rate_hz: RATE_HZ,
            message_bytes: MESSAGE_BYTES,
            video_bit_s: has_video.then_some(VIDEO_BIT_S),
            variants: names.into_iter().map(row).collect(),
            video_ratio_p99: has_video.then(video),
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
        write!(
            f,
            "{:<16}{:>9}{:>9}{:>10}{:>12}{:>12}{:>9}{:>7}",
            "", "p50 us", "p99 us", "p99.9 us", "p50 / raw", "p99 / raw", "cpu us", "lost"
        )?;
        for row in &self.variants {
            write!(
                f,
                "\n{:<16}{:>9.1}{:>9.1}{:>10.1}{:>12.2}{:>12.2}{:>9.1}{:>7}",
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
        if let (Some(bit_s), Some(ratio)) = (self.video_bit_s, self.video_ratio_p99) {
            write!(
                f,
                "\nwith {:.0} Mbit/s of pictures the other way, p99 is {ratio:.2} times what it is without",
                bit_s as f64 / 1e6
            )?;
        }
        Ok(())
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

    /// On a machine that is twice as slow, and then much slower.
    fn report(names: &[&'static str]) -> Report {
        let measured = |slow: u64| {
            let of = |name| if name == RAW_UDP { 10 } else { 13 };
            names.iter().map(|name| (*name, round(of(*name) * slow))).collect()
        };
        Report::new(&[measured(1), measured(2), measured(50)], Duration::from_secs(1))
    }

    /// A machine that is twice as slow in one round is so for every variant: the ratios are the same.
    #[test]
    fn ratios_are_those_of_the_same_round() {
        let report = report(&[RAW_UDP, "quinn", FARREACH, FARREACH_VIDEO]);
        for row in &report.variants[1..] {
            assert_eq!((row.ratio_p50, row.p50_us, row.cpu_us), (1.3, 26.0, 26.0), "{}", row.name);
        }
        assert_eq!((report.video_bit_s, report.video_ratio_p99), (Some(VIDEO_BIT_S), Some(1.0)));
        assert_eq!(report.to_string().lines().count(), 2 + 4 + 1);
    }

    /// Whoever measures no pictures is told nothing of them, and not that they were without effect.
    #[test]
    fn without_pictures_nothing_is_said_of_them() {
        let report = report(&[RAW_UDP, FARREACH]);
        assert_eq!((report.video_bit_s, report.video_ratio_p99), (None, None));
        let text = report.to_string();
        assert_eq!(text.lines().count(), 2 + 2);
        assert!(!text.contains("pictures") && !text.ends_with('\n'), "{text}");
    }
}
