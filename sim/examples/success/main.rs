//! Measures success against latency: the modelled user on every preset, in every exercise.
//!
//! `cargo run --release -p sim --example success -- SEEDS DIRECTORY` prints a table in Markdown and writes
//! `success-ultrasound.svg`, `success-surgery.svg` and `success-peg-transfer.svg`.
#![expect(clippy::print_stdout, reason = "a measurement for the terminal")]

mod plot;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sim::network::LinkPreset;
use sim::network::preset::NAMES;
use sim::user::{Exam, Exercise, Network, Room, percentile};

/// Of the standard normal distribution, for an interval of 95 %.
const Z: f64 = 1.96;

/// What became of all exams on one preset.
struct Row {
    name: &'static str,
    /// Median age of the picture behind a command. Unit: ms.
    view_age_ms: f64,
    exams: usize,
    passed: usize,
    /// Targets reached, of so many.
    reached: (usize, usize),
    /// Rings that were dropped.
    lost: u32,
    /// Median of those that passed. Unit: s.
    took_s: Option<f64>,
    following: f64,
    holds_per_min: f64,
    speed_p95_mm_s: f64,
    force_max_n: f64,
}

impl Row {
    fn of(name: &'static str, exams: &[Exam]) -> Self {
        let seconds = |of: fn(&Exam) -> std::time::Duration| {
            exams.iter().map(|exam| of(exam).as_secs_f64()).sum::<f64>()
        };
        let sum = |of: fn(&Exam) -> &Vec<u32>| {
            let mut sum = exams.first().map(|exam| vec![0; of(exam).len()]).unwrap_or_default();
            for exam in exams {
                sum.iter_mut().zip(of(exam)).for_each(|(sum, n)| *sum += n);
            }
            sum
        };
        let mut took: Vec<_> =
            exams.iter().filter_map(|exam| exam.took).map(|took| took.as_secs_f64()).collect();
        took.sort_by(f64::total_cmp);
        let lasted_s = seconds(|exam| exam.lasted);
        let holds: u32 = exams.iter().map(|exam| exam.holds).sum();
        let count = |of: fn(&Exam) -> usize| exams.iter().map(of).sum::<usize>();
        Self {
            name,
            view_age_ms: percentile(&sum(|exam| &exam.view_ages), 0.5),
            exams: exams.len(),
            passed: took.len(),
            reached: (count(|exam| exam.reached), count(|exam| exam.of)),
            lost: exams.iter().map(|exam| exam.lost).sum(),
            took_s: took.get(took.len() / 2).copied(),
            following: seconds(|exam| exam.following) / lasted_s,
            holds_per_min: 60.0 * f64::from(holds) / lasted_s,
            speed_p95_mm_s: percentile(&sum(|exam| &exam.speeds), 0.95) * 0.5,
            force_max_n: exams.iter().map(|exam| exam.force_max_n).fold(0.0, f64::max),
        }
    }

    /// Share that passed, and the interval that holds it with 95 % (Wilson).
    fn rate(&self) -> (f64, f64, f64) {
        let (n, p) = (self.exams as f64, self.passed as f64 / self.exams as f64);
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        (p, (middle - half).max(0.0), (middle + half).min(1.0))
    }
}

/// Runs the exams of one exercise on all presets, on as many threads as there are processors.
fn rows(exercise: Exercise, seeds: u64) -> Result<Vec<Row>, String> {
    let room = Room::new(exercise)?;
    let mut rows = Vec::new();
    let jobs: Vec<_> = NAMES.iter().flat_map(|name| (0..seeds).map(move |s| (*name, s))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((name, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let exam = LinkPreset::builtin(name)
                        .ok_or_else(|| format!("no preset {name}"))
                        .and_then(|link| room.sit(Network::Link(&link.up, &link.down), *seed));
                    if let Ok(mut done) = done.lock() {
                        done.push((*name, *seed, exam));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().map_err(|e| e.to_string())?;
    done.sort_by_key(|(_, seed, _)| *seed);
    for name in NAMES {
        let exams: Result<Vec<_>, _> =
            done.iter().filter(|(of, ..)| of == name).map(|(.., exam)| exam.clone()).collect();
        rows.push(Row::of(name, &exams?));
    }
    rows.sort_by(|a, b| a.view_age_ms.total_cmp(&b.view_age_ms).then(a.name.cmp(b.name)));
    Ok(rows)
}

fn print(exercise: Exercise, rows: &[Row]) {
    println!("## {}\n", exercise.name());
    println!(
        "| network | view age p50 ms | passed | 95 % interval | {} | lost | median s | following | holds/min | tip p95 mm/s | force max N |",
        exercise.counts(),
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let (rate, least, most) = row.rate();
        let took = row.took_s.map_or_else(|| "–".to_owned(), |s| format!("{s:.1}"));
        let lost = match exercise {
            Exercise::Transfer => row.lost.to_string(),
            Exercise::Probe | Exercise::Touch => "–".to_owned(),
        };
        println!(
            "| `{}` | {:.0} | {:.0} % | {:.0} to {:.0} % | {} of {} | {lost} | {took} | {:.0} % | {:.1} | {:.1} | {:.1} |",
            row.name,
            row.view_age_ms,
            100.0 * rate,
            100.0 * least,
            100.0 * most,
            row.reached.0,
            row.reached.1,
            100.0 * row.following,
            row.holds_per_min,
            row.speed_p95_mm_s,
            row.force_max_n,
        );
    }
    println!();
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(seeds), Some(to), None) = (args.next(), args.next(), args.next()) else {
        return Err("expected SEEDS DIRECTORY".into());
    };
    let seeds: u64 = seeds.parse()?;
    if !(1..=1_000).contains(&seeds) {
        return Err(format!("{seeds} seeds; expected 1 to 1000").into());
    }
    for exercise in Exercise::ALL {
        let rows = rows(exercise, seeds)?;
        print(exercise, &rows);
        let freshness = Room::new(exercise)?.profile().freshness.clone();
        let marks: Vec<_> = rows
            .iter()
            .map(|row| {
                let (rate, least, most) = row.rate();
                let follows = row.following > 0.0;
                plot::Mark { name: row.name, x: row.view_age_ms, rate, least, most, follows }
            })
            .collect();
        let limits =
            [freshness.view_age_soft, freshness.view_age_hard].map(|d| d.as_secs_f64() * 1e3);
        let svg = plot::draw(exercise, limits, seeds, &marks);
        std::fs::write(Path::new(&to).join(format!("success-{}.svg", exercise.name())), svg)?;
    }
    Ok(())
}
