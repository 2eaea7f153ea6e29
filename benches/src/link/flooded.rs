//! Round trips while strangers flood the port, beside those without: over a raw socket and over the control link.
//!
//! The raw socket is what the machine itself loses: it reads every packet of a stranger, looks at the sender and
//! forgets it. Nothing that checks more can do better.

use core::fmt;
use core::time::Duration;

use super::flood::{STRANGERS_HZ, Sent, Strangers};
use super::stats::median;
use super::{BenchError, Keys, RATE_HZ, Round, control, udp};

/// What is measured without strangers and with them.
const BOTH: [&str; 2] = ["raw-udp", "farreach"];

/// A raw socket or the control link, without strangers and with them.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FloodRow {
    /// Its name.
    pub name: &'static str,
    /// Median round trip without strangers. Unit: microsecond.
    pub p50_us: f64,
    /// 99 of 100 are shorter. Unit: microsecond.
    pub p99_us: f64,
    /// Median round trip in the flood. Unit: microsecond.
    pub flood_p50_us: f64,
    /// 99 of 100 are shorter in the flood. Unit: microsecond.
    pub flood_p99_us: f64,
    /// Median in the flood, as a multiple of that without it in the same round.
    pub ratio_p50: f64,
    /// 99th percentile in the flood, as a multiple of that without it in the same round.
    pub ratio_p99: f64,
    /// Time that a message costs both ends together without strangers. Unit: microsecond.
    pub cpu_us: f64,
    /// The same in the flood, with what the strangers' packets cost the echo.
    pub flood_cpu_us: f64,
    /// Messages that did not come back without strangers, of all rounds.
    pub lost: usize,
    /// Messages that did not come back in the flood, of all rounds.
    pub flood_lost: usize,
    /// Messages sent in each of both, of all rounds.
    pub sent: usize,
    /// Growth of the resident memory without strangers, the most of all rounds. Unit: kilobyte.
    pub grown_kb: i64,
    /// Growth of the resident memory in the flood, the most of all rounds. Unit: kilobyte.
    pub flood_grown_kb: i64,
    /// Packets of strangers a second, the fewest of all rounds.
    pub strangers_hz: f64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FloodReport {
    /// Rounds.
    pub rounds: u32,
    /// How long each variant ran in each round. Unit: second.
    pub seconds: f64,
    /// Messages a second.
    pub rate_hz: u32,
    /// Packets of strangers a second that were wanted.
    pub strangers_hz: u32,
    /// A row for the raw socket, and one for the control link.
    pub variants: Vec<FloodRow>,
}

/// One variant in one round: without strangers, and with them.
type Pair = [(Round, Sent); 2];

/// Measures the raw socket and the control link for `lasts` each, without strangers and with them, `rounds`
/// times; `progress` hears what is about to be measured, and whether there is a flood.
///
/// # Errors
/// [`BenchError`].
pub fn measure_flooded(
    rounds: u32,
    lasts: Duration,
    mut progress: impl FnMut(u32, &'static str, bool),
) -> Result<FloodReport, BenchError> {
    let keys = Keys::new()?;
    let mut all: [Vec<Pair>; 2] = [Vec::new(), Vec::new()];
    for round in 1..=rounds {
        for (name, pairs) in BOTH.into_iter().zip(&mut all) {
            progress(round, name, false);
            let quiet = one(name, &keys, lasts, 0)?;
            progress(round, name, true);
            pairs.push([quiet, one(name, &keys, lasts, STRANGERS_HZ)?]);
        }
    }
    let variants = BOTH.into_iter().zip(&all).map(|(name, pairs)| row(name, pairs)).collect();
    let (seconds, rate_hz, strangers_hz) = (lasts.as_secs_f64(), RATE_HZ, STRANGERS_HZ);
    Ok(FloodReport { rounds, seconds, rate_hz, strangers_hz, variants })
}

fn one(
    name: &'static str,
    keys: &Keys,
    lasts: Duration,
    strangers: u32,
) -> Result<(Round, Sent), BenchError> {
    let start = |to| Strangers::start(keys, to, strangers);
    let (mut round, flood) = if name == "raw-udp" {
        udp::raw_beside(lasts, start)?
    } else {
        control::beside(keys, lasts, false, start)?
    };
    round.settle();
    if round.trips_ns.is_empty() {
        return Err(BenchError::Lost { variant: name, sent: round.sent, back: 0 });
    }
    Ok((round, flood.end()?))
}

fn row(name: &'static str, pairs: &[Pair]) -> FloodRow {
    let of = |figure: &dyn Fn(&Pair) -> f64| median(pairs.iter().map(figure).collect());
    let lost = |round: &Round| round.sent - round.trips_ns.len();
    let most = |which: fn(&Pair) -> i64| pairs.iter().map(which).max().unwrap_or(0);
    let ratio =
        |share| of(&|[quiet, flood]| flood.0.percentile_us(share) / quiet.0.percentile_us(share));
    let rate = |[_, (_, sent)]: &Pair| sent.packets as f64 / sent.lasted.as_secs_f64();
    FloodRow {
        name,
        p50_us: of(&|[quiet, _]| quiet.0.percentile_us(0.5)),
        p99_us: of(&|[quiet, _]| quiet.0.percentile_us(0.99)),
        flood_p50_us: of(&|[_, flood]| flood.0.percentile_us(0.5)),
        flood_p99_us: of(&|[_, flood]| flood.0.percentile_us(0.99)),
        ratio_p50: ratio(0.5),
        ratio_p99: ratio(0.99),
        cpu_us: of(&|[quiet, _]| quiet.0.cpu_us()),
        flood_cpu_us: of(&|[_, flood]| flood.0.cpu_us()),
        lost: pairs.iter().map(|[quiet, _]| lost(&quiet.0)).sum(),
        flood_lost: pairs.iter().map(|[_, flood]| lost(&flood.0)).sum(),
        sent: pairs.iter().map(|[_, flood]| flood.0.sent).sum(),
        grown_kb: most(|[quiet, _]| quiet.1.grown_kb),
        flood_grown_kb: most(|[_, flood]| flood.1.grown_kb),
        strangers_hz: pairs.iter().map(rate).fold(f64::INFINITY, f64::min),
    }
}

impl fmt::Display for FloodReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "round trips at {} Hz, without and with {} packets of strangers a second, {} rounds of {:.0} s each",
            self.rate_hz, self.strangers_hz, self.rounds, self.seconds
        )?;
        write!(
            f,
            "{:<10}{:>16}{:>16}{:>14}{:>16}{:>12}{:>14}{:>10}",
            "", "p50 us", "p99 us", "x p50, p99", "cpu us", "lost", "grown kB", "per s"
        )?;
        for row in &self.variants {
            let two = |a: f64, b: f64| format!("{a:.1} {b:.1}");
            write!(
                f,
                "\n{:<10}{:>16}{:>16}{:>14}{:>16}{:>12}{:>14}{:>10.0}",
                row.name,
                two(row.p50_us, row.flood_p50_us),
                two(row.p99_us, row.flood_p99_us),
                format!("{:.2} {:.2}", row.ratio_p50, row.ratio_p99),
                two(row.cpu_us, row.flood_cpu_us),
                format!("{} {}", row.lost, row.flood_lost),
                format!("{} {}", row.grown_kb, row.flood_grown_kb),
                row.strangers_hz
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(quiet_us: u64, flood_us: u64, grown_kb: i64) -> Pair {
        let round = |us| {
            let mut round = Round::with_room(2);
            round.note(Some(Duration::from_micros(us)));
            round.note(None);
            round
        };
        let sent = Sent { packets: 100, lasted: Duration::from_secs(2), grown_kb };
        [(round(quiet_us), Sent::default()), (round(flood_us), sent)]
    }

    #[test]
    fn ratios_are_those_of_the_same_round_and_the_worst_growth_counts() {
        let row = row("farreach", &[pair(10, 15, 4), pair(20, 30, 12), pair(500, 750, 0)]);
        assert_eq!((row.ratio_p50, row.ratio_p99), (1.5, 1.5));
        assert_eq!((row.p50_us, row.flood_p99_us), (20.0, 30.0));
        assert_eq!((row.grown_kb, row.flood_grown_kb), (0, 12));
        assert_eq!((row.lost, row.flood_lost, row.sent, row.strangers_hz), (3, 3, 6, 50.0));
    }
}
