//! `farreach trials`: many seeds of the whole system in virtual time.

use core::ops::Range;
use core::time::Duration;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;
use sim::trial::{self, Outcome, Script, Setting, Stage, Tally, Task, shrink};

use crate::cli::TrialsArgs;
use crate::exit::{Ending, Failure};
use crate::interrupt::Interrupt;
use crate::profile::ProfileChoice;
use crate::trial::set;
use crate::trial_report::{TallyJson, ViolationJson, hex, tally_table, write_json};

/// The profiles that are tried if nobody says.
const PROFILES: [&str; 3] = ["ultrasound", "surgery", "telecare"];

/// Promises that may break before it is given up: more of the same helps nobody.
const BROKEN_MAX: usize = 10;

/// Somebody who waits is told how far it is this often.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// How far it is.
struct Progress<'a> {
    profile: &'a str,
    of: u64,
    done: AtomicU64,
    broken: AtomicU64,
    told: Mutex<Instant>,
}

impl<'a> Progress<'a> {
    #[expect(clippy::disallowed_methods, reason = "whoever waits has a clock")]
    fn new(profile: &'a str, of: u64) -> Self {
        let (done, broken) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { profile, of, done, broken, told: Mutex::new(Instant::now()) }
    }

    /// A trial has ended.
    #[expect(clippy::disallowed_methods, reason = "whoever waits has a clock")]
    fn one(&self, seed: u64, outcome: &Outcome) {
        let (profile, of) = (self.profile, self.of);
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(violation) = &outcome.violation {
            self.broken.fetch_add(1, Ordering::Relaxed);
            tracing::warn!("{profile}, seed {seed}: {violation}; its script is being made smaller");
        }
        // Whoever else is about to tell it does.
        let Ok(mut told) = self.told.try_lock() else { return };
        if told.elapsed() >= TOLD_EVERY {
            *told = Instant::now();
            let broken = self.broken.load(Ordering::Relaxed);
            tracing::info!("{profile}: {done} of {of} trials, {broken} broke a promise");
        }
    }
}

/// What became of the seeds under one profile.
#[derive(Default)]
struct Explored {
    tally: Tally,
    /// Of all seeds, whatever their order.
    digest: [u8; 32],
    /// Seeds that broke a promise, with the smallest scripts that do.
    broken: Vec<(u64, Script, Outcome)>,
    /// Time that threads were busy.
    busy: Duration,
    /// Why a trial could not be run.
    failed: Option<String>,
}

impl Explored {
    fn add(&mut self, other: Self) {
        self.tally.add(&other.tally);
        for (sum, byte) in self.digest.iter_mut().zip(other.digest) {
            *sum ^= byte;
        }
        self.broken.extend(other.broken);
        self.busy += other.busy;
        self.failed = self.failed.take().or(other.failed);
    }

    fn realtime_factor(&self) -> f64 {
        let busy_s = self.busy.as_secs_f64();
        if busy_s > 0.0 { self.tally.lasted_ms as f64 * 1e-3 / busy_s } else { 0.0 }
    }
}

/// The report of all.
#[derive(Serialize)]
struct TrialsReport {
    farreach: &'static str,
    seeds: [u64; 2],
    plant: String,
    transport: String,
    virtual_s_each: f64,
    violations: usize,
    realtime_factor: f64,
    profiles: Vec<ProfileJson>,
}

#[derive(Serialize)]
struct ProfileJson {
    profile: String,
    digest: String,
    realtime_factor: f64,
    violations: Vec<ViolationJson>,
    #[serde(flatten)]
    tally: TallyJson,
}

/// Runs `farreach trials`.
#[expect(clippy::print_stdout, reason = "the tables are this command's data")]
pub(crate) fn run(args: &TrialsArgs) -> Result<Ending, Failure> {
    let interrupt = Interrupt::listen()?;
    let jobs = args.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, core::num::NonZero::get),
        |jobs| jobs as usize,
    );
    let built_in: Vec<_> = PROFILES.iter().filter_map(|name| name.parse().ok()).collect();
    let choices: &[ProfileChoice] = if args.profile.is_empty() { &built_in } else { &args.profile };
    let mut all = Vec::new();
    for choice in choices {
        let (setting, stage) = set(&args.stage, choice.load()?)?;
        let explored = explore(&setting, &stage, args.seeds.clone(), (jobs, &interrupt));
        if let Some(failed) = explored.failed {
            return Err(Failure::Usage(failed));
        }
        print!("{}", table(&setting, &args.seeds, &explored));
        if let Some(folder) = &args.save {
            save(folder, &setting.profile.name, &explored.broken)?;
        }
        let task = task(&setting);
        all.push((setting.profile.name, task, explored));
        if interrupt.is_raised() {
            break;
        }
    }
    let broken: usize = all.iter().map(|(.., explored)| explored.broken.len()).sum();
    let report = report(args, all);
    println!("realtime_factor {:.0}, violations {broken}", report.realtime_factor);
    if let Some(path) = &args.stage.json {
        write_json(&report, path)?;
    }
    Ok(if broken > 0 {
        Ending::Breached
    } else if interrupt.is_raised() {
        Ending::Interrupted
    } else {
        Ending::Ok
    })
}

/// Tries all seeds on some threads.
fn explore(
    setting: &Setting,
    stage: &Stage,
    seeds: Range<u64>,
    (jobs, interrupt): (usize, &Interrupt),
) -> Explored {
    let next = AtomicU64::new(seeds.start);
    let progress = Progress::new(&setting.profile.name, seeds.end - seeds.start);
    let all = Mutex::new(Explored::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let some = explore_some((setting, stage), (&next, seeds.end), &progress, interrupt);
                all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(some);
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    all.broken.sort_by_key(|(seed, ..)| *seed);
    all
}

#[expect(clippy::disallowed_methods, reason = "how fast virtual time passes is told")]
fn explore_some(
    (setting, stage): (&Setting, &Stage),
    (next, end): (&AtomicU64, u64),
    progress: &Progress<'_>,
    interrupt: &Interrupt,
) -> Explored {
    let began = Instant::now();
    let mut mine = Explored::default();
    while !interrupt.is_raised() && mine.broken.len() < BROKEN_MAX {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let script = Script::of_seed(seed, setting);
        match trial::run(setting, stage, seed, &script, &mut |_| {}) {
            Ok(outcome) => {
                progress.one(seed, &outcome);
                mine.take(setting, stage, (seed, &script), outcome);
            }
            Err(error) => {
                mine.failed = Some(format!("seed {seed}: {error}"));
                break;
            }
        }
    }
    mine.busy = began.elapsed();
    mine
}

impl Explored {
    fn take(
        &mut self,
        setting: &Setting,
        stage: &Stage,
        (seed, script): (u64, &Script),
        outcome: Outcome,
    ) {
        self.tally.add(&outcome.tally);
        for (sum, byte) in self.digest.iter_mut().zip(outcome.digest) {
            *sum ^= byte;
        }
        let Some(rule) = outcome.violation.as_ref().map(|violation| violation.rule) else {
            return;
        };
        // Small enough to read: whatever still breaks the same promise.
        let mut smallest = outcome;
        let script = shrink(script, &mut |candidate| match trial::run(
            setting,
            stage,
            seed,
            candidate,
            &mut |_| {},
        ) {
            Ok(outcome) if outcome.violation.as_ref().is_some_and(|v| v.rule == rule) => {
                smallest = outcome;
                true
            }
            _ => false,
        });
        self.broken.push((seed, script, smallest));
    }
}

fn table(setting: &Setting, seeds: &Range<u64>, explored: &Explored) -> String {
    let mut text = String::new();
    let (name, tally) = (&setting.profile.name, &explored.tally);
    let _ = writeln!(text, "{name}: {} of seeds {}..{}", tally.trials, seeds.start, seeds.end);
    text.push_str(&tally_table(tally, task(setting)));
    let factor = explored.realtime_factor();
    let _ =
        writeln!(text, "  {factor:.0} times real time per core; digest {}", hex(&explored.digest));
    for (seed, script, outcome) in &explored.broken {
        let Some(violation) = &outcome.violation else { continue };
        let _ = writeln!(text, "  BROKEN  seed {seed}: {violation}");
        for line in script.to_toml().lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

/// What counts in trials of this setting.
fn task(setting: &Setting) -> Task {
    Task::with(setting.hand.unwrap_or_default(), &setting.profile)
}

fn save(folder: &Path, profile: &str, broken: &[(u64, Script, Outcome)]) -> Result<(), Failure> {
    if broken.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::Write { path: folder.to_owned(), error })?;
    for (seed, script, outcome) in broken {
        let Some(violation) = &outcome.violation else { continue };
        let path = folder.join(format!("{profile}-{seed}.toml"));
        let text = format!("# {profile}, seed {seed}: {violation}\n\n{}", script.to_toml());
        std::fs::write(&path, text).map_err(|error| Failure::Write { path, error })?;
    }
    Ok(())
}

fn report(args: &TrialsArgs, all: Vec<(String, Task, Explored)>) -> TrialsReport {
    let lasted_s: f64 = all.iter().map(|(.., e)| e.tally.lasted_ms as f64 * 1e-3).sum();
    let busy_s: f64 = all.iter().map(|(.., e)| e.busy.as_secs_f64()).sum();
    let profiles: Vec<_> = all
        .into_iter()
        .map(|(profile, task, explored)| ProfileJson {
            profile,
            digest: hex(&explored.digest),
            realtime_factor: explored.realtime_factor().round(),
            violations: explored
                .broken
                .iter()
                .filter_map(|(seed, script, outcome)| ViolationJson::new(*seed, script, outcome))
                .collect(),
            tally: TallyJson::new(&explored.tally, task),
        })
        .collect();
    TrialsReport {
        farreach: env!("CARGO_PKG_VERSION"),
        seeds: [args.seeds.start, args.seeds.end],
        plant: format!("{:?}", args.stage.plant).to_lowercase(),
        transport: format!("{:?}", args.stage.transport).to_lowercase(),
        virtual_s_each: args.stage.duration.as_secs_f64(),
        violations: profiles.iter().map(|profile| profile.violations.len()).sum(),
        realtime_factor: (lasted_s / busy_s.max(1e-9)).round(),
        profiles,
    }
}
