//! What a run is summed up as: a table for people, JSON for programs, a verdict for both.

use core::fmt::Write as _;
use core::time::Duration;
use std::path::Path;

use operator::core::way_in::WayInSummary;
use operator::shell::{ConsoleStatus, Percentiles};
use protocol::profile::Profile;
use protocol::state::OperatingState;
use robot_agent::core::own_limits;
use robot_agent::shell::arrivals::WayIn;
use robot_agent::shell::journal::Summary;
use serde::Serialize;

use crate::exit::{Ending, Failure};

/// Nothing is wrong.
const FINE: &str = "ok";
/// The robot is stopped.
const STOPPED: &str = "ended by a safety stop";
/// Something stale was followed, or the force passed its hard limit.
const EXCEEDED: &str = "a limit was exceeded";
/// A script steered, and the robot followed it in no tick.
const IDLE: &str = "nothing was followed";

/// Percentiles of an age. Unit: millisecond. A percentile that can not be told is left out.
#[derive(Debug, Serialize)]
struct AgeMs {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
    samples: u64,
}

/// The summary of a run. Its keys are promises: `docs/src/reference/cli.md`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    farreach: &'static str,
    profile: String,
    profile_hash: String,
    seed: u64,
    duration_s: f64,
    pictures_presented: u64,
    pictures_dropped: u64,
    pictures_skipped: u64,
    commands_sent: u64,
    commands_accepted: u64,
    commands_dropped: u64,
    ticks: u64,
    ticks_missed: u64,
    ticks_followed: u64,
    stale_executed: u64,
    view_age_ms: AgeMs,
    loop_age_ms: AgeMs,
    link_target: Option<LinkTarget>,
    force_max_n: f64,
    force_limit_n: f64,
    engages: u64,
    holds: u64,
    stops: u64,
    core_us_p50: Option<f64>,
    core_us_p99: Option<f64>,
    hand_to_core_us: WayInUs,
    final_state: &'static str,
    last_cause: Option<&'static str>,
    verdict: &'static str,
}

fn ms(d: Duration) -> f64 {
    (d.as_secs_f64() * 1e6).round() / 1e3
}

fn us(d: Duration) -> f64 {
    d.as_nanos() as f64 / 1e3
}

impl From<Option<Percentiles>> for AgeMs {
    fn from(p: Option<Percentiles>) -> Self {
        let of = |get: fn(&Percentiles) -> Duration| p.as_ref().map(|p| ms(get(p)));
        Self {
            p50: of(|p| p.p50),
            p95: of(|p| p.p95),
            p99: of(|p| p.p99),
            max: of(|p| p.max),
            samples: p.as_ref().map_or(0, |p| p.count),
        }
    }
}

/// How often commands took no longer from the hand to the robot than the profile's target.
#[derive(Debug, Serialize)]
struct LinkTarget {
    target_ms: f64,
    last_p99_ms: Option<f64>,
    seconds: u64,
    seconds_met: u64,
}

impl From<WayInSummary> for LinkTarget {
    fn from(way: WayInSummary) -> Self {
        Self {
            target_ms: ms(way.target),
            last_p99_ms: way.p99.map(ms),
            seconds: way.seconds,
            seconds_met: way.met,
        }
    }
}

/// From the hand's sample to the ring that the robot's core reads. Unit: microsecond.
#[derive(Debug, Serialize)]
struct WayInUs {
    p50: Option<f64>,
    p99: Option<f64>,
    p999: Option<f64>,
    max: Option<f64>,
    samples: u64,
}

impl From<Option<WayIn>> for WayInUs {
    fn from(way: Option<WayIn>) -> Self {
        let of = |get: fn(&WayIn) -> Duration| way.as_ref().map(|way| us(get(way)));
        Self {
            p50: of(|w| w.p50),
            p99: of(|w| w.p99),
            p999: of(|w| w.p999),
            max: of(|w| w.max),
            samples: way.map_or(0, |w| w.samples),
        }
    }
}

impl Report {
    /// Sums up a run. A run that `must_follow` (nobody but a script steers) and followed nothing is a
    /// failure, however safe it was.
    pub(crate) fn new(
        profile: &Profile,
        (seed, must_follow): (u64, bool),
        duration: Duration,
        robot: &Summary,
        console: &ConsoleStatus,
    ) -> Self {
        let mut report = Self {
            farreach: env!("CARGO_PKG_VERSION"),
            profile: profile.name.clone(),
            profile_hash: profile.short_hash(),
            seed,
            duration_s: duration.as_secs_f64(),
            pictures_presented: console.pictures_presented,
            pictures_dropped: console.pictures_dropped,
            pictures_skipped: robot.pictures_skipped,
            commands_sent: console.commands_sent,
            commands_accepted: robot.commands_accepted,
            commands_dropped: robot.commands_dropped,
            ticks: robot.ticks,
            ticks_missed: robot.ticks_missed,
            ticks_followed: robot.followed,
            stale_executed: robot.stale_executed,
            view_age_ms: console.view_age.into(),
            loop_age_ms: console.loop_age.into(),
            link_target: console.way_in.map(LinkTarget::from),
            force_max_n: (robot.force_max_n * 1e3).round() / 1e3,
            force_limit_n: own_limits(profile).force_max_n,
            engages: robot.engages,
            holds: robot.holds,
            stops: robot.stops,
            core_us_p50: robot.core_time.map(|(p50, _)| us(p50)),
            core_us_p99: robot.core_time.map(|(_, p99)| us(p99)),
            hand_to_core_us: robot.way_in.into(),
            final_state: robot.state.map_or("UNKNOWN", OperatingState::word),
            last_cause: robot.last.and_then(|t| t.cause).map(protocol::cause::Cause::id),
            verdict: "",
        };
        report.verdict = report.judge(must_follow);
        report
    }

    /// A safety stop explains a breach, so it comes first.
    fn judge(&self, must_follow: bool) -> &'static str {
        if matches!(self.final_state, "PSTOP" | "ESTOP" | "FAULT") {
            STOPPED
        } else if self.stale_executed > 0 || self.force_max_n > self.force_limit_n {
            EXCEEDED
        } else if must_follow && self.ticks_followed == 0 {
            IDLE
        } else {
            FINE
        }
    }

    /// How the run ended.
    pub(crate) fn ending(&self) -> Ending {
        match self.verdict {
            FINE => Ending::Ok,
            STOPPED => Ending::SafetyStop,
            _ => Ending::Breached,
        }
    }

    /// Writes the summary as JSON.
    pub(crate) fn write_json(&self, path: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|e| Failure::Internal(format!("the summary is not JSON: {e}")))?;
        text.push('\n');
        std::fs::write(path, text).map_err(|error| Failure::Write { path: path.to_owned(), error })
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let age = |a: &AgeMs| match (a.p50, a.p95, a.p99, a.max) {
            (Some(p50), Some(p95), Some(p99), Some(max)) => format!(
                "p50 {p50:.1}  p95 {p95:.1}  p99 {p99:.1}  max {max:.1} ms  (n = {})",
                a.samples
            ),
            _ => "-- (nothing was followed)".to_owned(),
        };
        let core = match (self.core_us_p50, self.core_us_p99) {
            (Some(p50), Some(p99)) => format!("p50 {p50:.1}  p99 {p99:.1} us"),
            _ => "--".to_owned(),
        };
        let way = &self.hand_to_core_us;
        let way_in = match (way.p50, way.p99, way.p999) {
            (Some(p50), Some(p99), Some(p999)) => {
                format!("p50 {p50:.0}  p99 {p99:.0}  p99.9 {p999:.0} us  (n = {})", way.samples)
            }
            _ => "--".to_owned(),
        };
        let rows = [
            (
                "pictures presented",
                format!(
                    "{}  (skipped before encoding {}, dropped {})",
                    self.pictures_presented, self.pictures_skipped, self.pictures_dropped
                ),
            ),
            (
                "commands accepted",
                format!("{}  (dropped {})", self.commands_accepted, self.commands_dropped),
            ),
            (
                "stale executed",
                format!("{} of {} ticks that followed", self.stale_executed, self.ticks_followed),
            ),
            ("view age", age(&self.view_age_ms)),
            ("loop age", age(&self.loop_age_ms)),
            (
                "contact force",
                format!("max {:.1} N  (limit {:.0} N)", self.force_max_n, self.force_limit_n),
            ),
            (
                "engaged, held, stopped",
                format!("{} / {} / {}", self.engages, self.holds, self.stops),
            ),
            ("hand to core", way_in),
            ("core per tick", format!("{core}  ({} ticks missed)", self.ticks_missed)),
        ];
        let target = self.link_target.as_ref().map(|t| {
            let p99 = t.last_p99_ms.map_or("unknown".to_owned(), |p99| format!("{p99:.2} ms"));
            format!(
                "{} of {} s within {} ms, last p99 {p99}",
                t.seconds_met, t.seconds, t.target_ms
            )
        });
        let rows = rows.into_iter().chain(target.map(|text| ("hand to robot", text)));
        let mut out = format!(
            "farreach demo: profile {} ({}), {:.1} s, seed {}\n",
            self.profile, self.profile_hash, self.duration_s, self.seed
        );
        for (name, value) in rows {
            // Writing to a String does not fail.
            let _ = writeln!(out, "  {name:<24}{value}");
        }
        let _ = writeln!(out, "  {:<24}{}", "verdict", self.verdict);
        out
    }
}
