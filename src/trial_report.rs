//! What became of trials: a table for people, JSON for scripts.

use core::fmt::Write as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;
use sim::trial::{Done, Outcome, Script, Setting, Tally, Task};

use crate::exit::Failure;

/// Writes a report to a file as JSON.
pub(crate) fn write_json(report: &impl Serialize, path: &Path) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(report)
        .map_err(|e| Failure::Internal(format!("the report is not JSON: {e}")))?;
    text.push('\n');
    std::fs::write(path, text).map_err(|error| Failure::Write { path: path.to_owned(), error })
}

/// One fault of a script.
#[derive(Debug, Serialize)]
struct FaultJson {
    kind: String,
    at_ms: u32,
    lasts_ms: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<f64>,
}

/// A promise that was not kept.
#[derive(Debug, Serialize)]
pub(crate) struct ViolationJson {
    seed: u64,
    rule: &'static str,
    at_ms: u32,
    seen: String,
    hand: String,
    faults: Vec<FaultJson>,
}

impl ViolationJson {
    /// With the script that leads to it.
    pub(crate) fn new(seed: u64, script: &Script, outcome: &Outcome) -> Option<Self> {
        let violation = outcome.violation.as_ref()?;
        Some(Self {
            seed,
            rule: violation.rule.code(),
            at_ms: violation.at_ms,
            seen: violation.seen.clone(),
            hand: script.hand.to_string(),
            faults: faults(script),
        })
    }
}

fn faults(script: &Script) -> Vec<FaultJson> {
    let json = script.faults.iter().map(|fault| FaultJson {
        kind: fault.kind.to_string(),
        at_ms: fault.at_ms,
        lasts_ms: fault.lasts_ms,
        amount: fault.kind.about().amount.map(|_| fault.amount),
    });
    json.collect()
}

/// What became of one kind of fault.
#[derive(Debug, Serialize)]
struct RowJson {
    injected: u64,
    following: u64,
    stopped: u64,
    survived: u64,
    stop_max_ms: u32,
    way_max_mm: f64,
    overshoot_max_mm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_mean: Option<f64>,
}

/// How much got done.
#[derive(Debug, Serialize)]
struct TaskJson {
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    undisturbed_mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disturbed_mean: Option<f64>,
}

/// What became of all faults under one profile.
#[derive(Debug, Serialize)]
pub(crate) struct TallyJson {
    trials: u64,
    virtual_s: f64,
    following_s: f64,
    stops: u64,
    stops_of_the_network: u64,
    nuisance_stops: u64,
    nuisance_causes: BTreeMap<&'static str, u64>,
    nuisance_seeds: BTreeSet<u64>,
    task: TaskJson,
    faults: BTreeMap<String, RowJson>,
}

impl TallyJson {
    pub(crate) fn new(tally: &Tally, task: Task) -> Self {
        let rows = tally.rows.iter().map(|(kind, row)| {
            let json = RowJson {
                injected: row.injected,
                following: row.following,
                stopped: row.stopped,
                survived: row.survived,
                stop_max_ms: row.stop_max_ms,
                way_max_mm: round(row.way_max_mm),
                overshoot_max_mm: round(row.overshoot_max_mm),
                task_mean: row.done.mean().map(round),
            };
            (kind.to_string(), json)
        });
        let causes = tally.nuisance.iter().map(|(cause, n)| (cause.unwrap_or("none"), n.stops));
        Self {
            trials: tally.trials,
            virtual_s: tally.lasted_ms as f64 * 1e-3,
            following_s: tally.following_ms as f64 * 1e-3,
            stops: tally.stops,
            stops_of_the_network: tally.of_the_network,
            nuisance_stops: tally.nuisances(),
            nuisance_causes: causes.collect(),
            nuisance_seeds: tally.nuisance.values().flat_map(|n| &n.seeds).copied().collect(),
            task: TaskJson {
                unit: task.unit,
                undisturbed_mean: tally.undisturbed.mean().map(round),
                disturbed_mean: tally.disturbed.mean().map(round),
            },
            faults: rows.collect(),
        }
    }
}

fn round(mm: f64) -> f64 {
    (mm * 1e3).round() * 1e-3
}

/// The report of one trial.
#[derive(Debug, Serialize)]
pub(crate) struct TrialReport {
    farreach: &'static str,
    profile: String,
    seed: u64,
    digest: String,
    lasted_ms: u32,
    hand: String,
    script: Vec<FaultJson>,
    violation: Option<ViolationJson>,
    #[serde(flatten)]
    tally: TallyJson,
    #[serde(skip)]
    table: String,
}

impl TrialReport {
    pub(crate) fn new(setting: &Setting, seed: u64, script: &Script, outcome: &Outcome) -> Self {
        let mut table = String::new();
        let name = &setting.profile.name;
        let (hand, lasted_ms) = (script.hand, outcome.lasted_ms);
        let _ = writeln!(table, "trial of seed {seed}, {name}, hand {hand}, {lasted_ms} ms");
        for fault in &script.faults {
            let about = fault.kind.about();
            let amount =
                about.amount.map_or(String::new(), |a| format!(", {} {}", fault.amount, a.unit));
            let _ = writeln!(
                table,
                "  at {:>6} ms for {:>5} ms  {:<16} {}{amount}",
                fault.at_ms, fault.lasts_ms, about.name, about.what
            );
        }
        let task = Task::with(script.hand, &setting.profile);
        table.push_str(&tally_table(&outcome.tally, task));
        match &outcome.violation {
            Some(violation) => {
                let _ = writeln!(table, "BROKEN  {violation}");
            }
            None => table.push_str("every promise was kept in every step\n"),
        }
        let digest = hex(&outcome.digest);
        let _ = writeln!(table, "digest  {digest}");
        Self {
            farreach: env!("CARGO_PKG_VERSION"),
            profile: name.clone(),
            seed,
            digest,
            lasted_ms: outcome.lasted_ms,
            hand: script.hand.to_string(),
            script: faults(script),
            violation: ViolationJson::new(seed, script, outcome),
            tally: TallyJson::new(&outcome.tally, task),
            table,
        }
    }

    /// The table for people.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }
}

/// What became of each fault, a row each; then of the work, and of stops.
pub(crate) fn tally_table(tally: &Tally, task: Task) -> String {
    let mut table = String::new();
    if !tally.rows.is_empty() {
        table.push_str(
            "  fault             injected  following  stopped  survived  stop ms     way mm  overshoot mm  task\n",
        );
    }
    for (kind, row) in &tally.rows {
        let measured = |any: bool, text: String| if any { text } else { "--".to_owned() };
        let _ = writeln!(
            table,
            "  {:<16} {:>9} {:>10} {:>8} {:>9} {:>8} {:>10} {:>13} {:>5}",
            kind.about().name,
            row.injected,
            row.following,
            row.stopped,
            row.survived,
            measured(row.stop_max_ms > 0, row.stop_max_ms.to_string()),
            measured(row.stop_max_ms > 0, format!("{:.2}", row.way_max_mm)),
            measured(row.stopped > 0, format!("{:.2}", row.overshoot_max_mm)),
            share(&row.done, &tally.undisturbed),
        );
    }
    table.push_str(&work(tally, task));
    let _ = writeln!(
        table,
        "  followed {:.0} of {:.0} s; {} stops: {} that a fault called for, {} that the network did, {} that nothing did",
        tally.following_ms as f64 * 1e-3,
        tally.lasted_ms as f64 * 1e-3,
        tally.stops,
        tally.stops.saturating_sub(tally.of_the_network + tally.nuisances()),
        tally.of_the_network,
        tally.nuisances(),
    );
    for (cause, nuisance) in &tally.nuisance {
        let cause = cause.unwrap_or("without a cause");
        let seeds = nuisance.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(table, "    nuisance: {} x {cause}, seeds {seeds}", nuisance.stops);
    }
    table
}

/// How much was done of what is done where nothing goes wrong.
fn share(done: &Done, undisturbed: &Done) -> String {
    match (done.mean(), undisturbed.mean()) {
        (Some(mean), Some(whole)) if whole > 0.0 => format!("{:.0} %", 100.0 * mean / whole),
        _ => "--".to_owned(),
    }
}

/// How much got done, in a sentence; nothing if nobody counted.
fn work(tally: &Tally, task: Task) -> String {
    let told = |done: &Done, when: &str| {
        let Some(mean) = done.mean() else { return String::new() };
        if done.trials == 1 {
            format!("  task score {mean:.0} {}\n", task.unit)
        } else {
            let (unit, trials) = (task.unit, done.trials);
            format!("  task score {mean:.2} {unit} in the mean of {trials} trials {when}\n")
        }
    };
    told(&tally.undisturbed, "without faults") + &told(&tally.disturbed, "with faults")
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
