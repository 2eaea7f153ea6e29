//! What a relay has done: a line while it runs, a table and JSON at the end.

use core::fmt::Write as _;
use core::time::Duration;
use std::path::Path;

use operator::core::histogram::Histogram;
use serde::Serialize;
use sim::network::relay::{DirectionStats, RelayStats};

use crate::exit::Failure;

/// Percentiles of times. What can not be told is null.
#[derive(Debug, Serialize)]
struct Times {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    p99_9: Option<f64>,
    max: Option<f64>,
    samples: u64,
}

impl Times {
    /// In units of `unit`, to the thousandth.
    fn new(histogram: &Histogram, unit: Duration) -> Self {
        let scaled = |d: Duration| (d.as_secs_f64() / unit.as_secs_f64() * 1e3).round() / 1e3;
        let of = |percent| histogram.percentile(percent).map(scaled);
        Self {
            p50: of(50.0),
            p95: of(95.0),
            p99: of(99.0),
            p99_9: of(99.9),
            max: (histogram.count() > 0).then(|| scaled(histogram.max())),
            samples: histogram.count(),
        }
    }
}

/// One direction. Offered is delivered and lost together.
#[derive(Debug, Serialize)]
struct OneWay {
    offered: u64,
    delivered: u64,
    duplicated: u64,
    reordered: u64,
    lost_medium: u64,
    lost_queue: u64,
    lost_outage: u64,
    lost_relay: u64,
    offered_bytes: u64,
    delivered_bytes: u64,
    delay_ms: Times,
    late_us: Times,
}

impl OneWay {
    fn new(stats: &DirectionStats) -> Self {
        let counts = &stats.counts;
        Self {
            offered: counts.offered,
            delivered: counts.delivered.saturating_sub(stats.lost_relay),
            duplicated: counts.duplicated,
            reordered: counts.reordered,
            lost_medium: counts.lost_medium,
            lost_queue: counts.lost_queue,
            lost_outage: counts.lost_outage,
            lost_relay: stats.lost_relay,
            offered_bytes: counts.offered_bytes,
            delivered_bytes: counts.delivered_bytes,
            delay_ms: Times::new(&stats.delay, Duration::from_millis(1)),
            late_us: Times::new(&stats.late, Duration::from_micros(1)),
        }
    }

    const fn lost(&self) -> u64 {
        self.offered.saturating_sub(self.delivered)
    }
}

/// What a relay has done. Its keys are promises: `docs/src/reference/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct LinkReport {
    farreach: &'static str,
    preset: String,
    last_preset: String,
    seed: u64,
    duration_s: f64,
    up: OneWay,
    down: OneWay,
    clients: usize,
    refused: u64,
    unsent: u64,
}

impl LinkReport {
    /// Sums up a run that began with `preset`.
    pub(crate) fn new(seed: u64, preset: &str, stats: &RelayStats) -> Self {
        Self {
            farreach: env!("CARGO_PKG_VERSION"),
            preset: preset.to_owned(),
            last_preset: stats.preset.clone(),
            seed,
            duration_s: (stats.now.as_secs_f64() * 1e3).round() / 1e3,
            up: OneWay::new(&stats.up),
            down: OneWay::new(&stats.down),
            clients: stats.clients,
            refused: stats.refused,
            unsent: stats.unsent,
        }
    }

    fn json(&self) -> Result<String, Failure> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|e| Failure::Internal(format!("the counts are not JSON: {e}")))?;
        text.push('\n');
        Ok(text)
    }

    /// Writes the counts as JSON.
    pub(crate) fn write_json(&self, path: &Path) -> Result<(), Failure> {
        let text = self.json()?;
        std::fs::write(path, text).map_err(|error| Failure::Write { path: path.to_owned(), error })
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "farreach link: preset {}, {:.1} s, seed {}\n",
            self.preset, self.duration_s, self.seed
        );
        for (name, way) in [("up, to the robot", &self.up), ("down, to the console", &self.down)] {
            let delay = match (way.delay_ms.p50, way.delay_ms.p99, way.delay_ms.max) {
                (Some(p50), Some(p99), Some(max)) => {
                    format!("p50 {p50:.1}  p99 {p99:.1}  max {max:.1} ms")
                }
                _ => "--".to_owned(),
            };
            let late = way.late_us.p99.map_or("--".to_owned(), |p99| format!("{p99:.0} us"));
            // Writing to a String does not fail.
            let _ = writeln!(out, "  {name}");
            let _ = writeln!(out, "    {:<20}{} of {}", "delivered", way.delivered, way.offered);
            let _ = writeln!(
                out,
                "    {:<20}{}  (medium {}, queue {}, outage {}, relay {})",
                "lost",
                way.lost(),
                way.lost_medium,
                way.lost_queue,
                way.lost_outage,
                way.lost_relay
            );
            let _ = writeln!(
                out,
                "    {:<20}{} / {}",
                "twice, overtaken", way.duplicated, way.reordered
            );
            let _ = writeln!(out, "    {:<20}{delay}", "delay");
            let _ = writeln!(out, "    {:<20}p99 {late}", "sent too late by");
        }
        out
    }
}

/// How things stand, in one line. Delays are those of the last second; what is not known is `--`.
pub(crate) fn status_line(stats: &RelayStats) -> String {
    let way = |s: &DirectionStats| {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        let delay = match (s.recent.percentile(50.0), s.recent.percentile(99.0)) {
            (Some(p50), Some(p99)) => format!("{:.1}/{:.1} ms", ms(p50), ms(p99)),
            _ => "--".to_owned(),
        };
        let lost = s.counts.lost().saturating_add(s.lost_relay);
        let share = if s.counts.offered == 0 {
            "--".to_owned()
        } else {
            format!("{:.2} %", lost as f64 / s.counts.offered as f64 * 100.0)
        };
        let queue = ms(s.queue);
        format!("{} packets  lost {share}  delay {delay}  queue {queue:.1} ms", s.counts.offered)
    };
    format!(
        "{:>4} s  {}  up: {}  down: {}",
        stats.now.as_secs(),
        stats.preset,
        way(&stats.up),
        way(&stats.down)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::network::Counts;

    fn stats() -> RelayStats {
        let mut stats = RelayStats {
            now: Duration::from_millis(10_250),
            preset: "leo".to_owned(),
            clients: 2,
            refused: 3,
            unsent: 4,
            ..RelayStats::default()
        };
        stats.up.counts = Counts {
            offered: 100,
            delivered: 90,
            duplicated: 1,
            reordered: 2,
            lost_medium: 5,
            lost_queue: 3,
            lost_outage: 2,
            offered_bytes: 15_000,
            delivered_bytes: 13_500,
        };
        stats.up.lost_relay = 1;
        stats.up.queue = Duration::from_micros(1_500);
        for _ in 0..89 {
            stats.up.delay.record(Duration::from_nanos(50));
            stats.up.recent.record(Duration::from_millis(20));
            stats.up.late.record(Duration::from_nanos(50));
        }
        stats
    }

    #[test]
    fn the_counts_as_json_are_these() {
        let times = |p: &str, n: u32| {
            format!(
                "{{\n      \"p50\": {p},\n      \"p95\": {p},\n      \"p99\": {p},\n      \
                 \"p99_9\": {p},\n      \"max\": {p},\n      \"samples\": {n}\n    }}"
            )
        };
        let want = format!(
            r#"{{
  "farreach": "{}",
  "preset": "lan",
  "last_preset": "leo",
  "seed": 7,
  "duration_s": 10.25,
  "up": {{
    "offered": 100,
    "delivered": 89,
    "duplicated": 1,
    "reordered": 2,
    "lost_medium": 5,
    "lost_queue": 3,
    "lost_outage": 2,
    "lost_relay": 1,
    "offered_bytes": 15000,
    "delivered_bytes": 13500,
    "delay_ms": {},
    "late_us": {}
  }},
  "down": {{
    "offered": 0,
    "delivered": 0,
    "duplicated": 0,
    "reordered": 0,
    "lost_medium": 0,
    "lost_queue": 0,
    "lost_outage": 0,
    "lost_relay": 0,
    "offered_bytes": 0,
    "delivered_bytes": 0,
    "delay_ms": {},
    "late_us": {}
  }},
  "clients": 2,
  "refused": 3,
  "unsent": 4
}}
"#,
            env!("CARGO_PKG_VERSION"),
            times("0.0", 89),
            times("0.05", 89),
            times("null", 0),
            times("null", 0),
        );
        assert_eq!(LinkReport::new(7, "lan", &stats()).json().unwrap(), want);
    }

    #[test]
    fn every_key_is_on_the_page_of_the_command() {
        let page = include_str!("../docs/src/reference/cli.md");
        let page = page.split_once("### The counts\n").unwrap().1.split("\n## ").next().unwrap();
        let json = LinkReport::new(7, "lan", &stats()).json().unwrap();
        for key in json.lines().filter_map(|l| l.trim().strip_prefix('"')?.split('"').next()) {
            assert!(page.contains(&format!("`{key}`")), "the key {key}");
        }
    }

    #[test]
    fn the_line_and_the_table_say_what_is_known() {
        assert_eq!(
            status_line(&stats()),
            "  10 s  leo  up: 100 packets  lost 11.00 %  delay 20.0/20.0 ms  queue 1.5 ms  \
             down: 0 packets  lost --  delay --  queue 0.0 ms"
        );
        let table = LinkReport::new(7, "lan", &stats()).table();
        assert!(table.contains("lost                11  (medium 5, queue 3, outage 2, relay 1)"));
        assert!(table.contains("delay               --\n"), "{table}");
    }
}
