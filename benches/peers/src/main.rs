//! Farreach beside what others make, in the harness of `farreach bench link`: same pace, same messages, same two
//! threads, round after round.
//!
//! Of Farreach and the kernel there is what the comparison needs: the raw socket that all ratios are to, the
//! control link, and the control link that stays awake. The peers are one file each, and each says there what
//! was set for it and why. The rule: what a competent user would do for the lowest latency, and nothing that
//! only a benchmark would do. Nobody spins but `farreach-spin`.

mod webrtc;
mod webtransport;
mod zenoh;

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;

use benches::link::{BenchError, FARREACH, FARREACH_SPIN, RAW_UDP, Variant, measure, own};
use clap::{Args, Parser, Subcommand};
use protocol::host::priority::may_be_real_time;

/// The variants of the harness that are measured beside the peers.
const OWN: [&str; 3] = [RAW_UDP, FARREACH, FARREACH_SPIN];

/// Farreach beside zenoh, WebTransport and WebRTC, in the same run.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    measure: Measure,
}

#[derive(Args)]
struct Measure {
    /// How often every variant is measured; figures are medians over rounds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// How many seconds each variant is measured in each round.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Write the figures, with the keys of `farreach bench link --json`.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What this program starts of itself.
#[derive(Subcommand)]
enum Part {
    /// The other end of zenoh, until its input ends.
    #[command(hide = true)]
    ZenohEcho {
        /// Where it listens on this machine.
        port: u16,
    },
}

/// What ends the run.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}\n{fix}", fix = .0.fix())]
    Bench(#[from] BenchError),
    #[error("{path}: {error}", path = .path.display())]
    Write { path: PathBuf, error: std::io::Error },
    #[error("the figures could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

#[expect(clippy::print_stderr, reason = "what went wrong, to whoever runs this")]
fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.part {
        Some(Part::ZenohEcho { port }) => zenoh::echo(port).map_err(Failure::from),
        None => zenoh::prepare().map_err(Failure::from).and_then(|()| run(&cli.measure)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is data, progress is not")]
fn run(args: &Measure) -> Result<(), Failure> {
    if let Err(sentence) = may_be_real_time() {
        eprintln!("{sentence}");
    }
    let mut variants = own()?;
    variants.retain(|variant| OWN.contains(&variant.name()));
    variants.extend([
        Variant::new(zenoh::NAME, zenoh::run),
        Variant::new(webtransport::NAME, webtransport::run),
        Variant::new(webrtc::NAME, webrtc::run),
    ]);
    let lasts = Duration::from_secs(args.seconds);
    let report = measure(&variants, args.rounds, lasts, |round, name| {
        eprintln!("round {round} of {}: {name}", args.rounds);
    })?;
    println!("{report}");
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report)? + "\n";
        std::fs::write(path, text).map_err(|error| Failure::Write { path: path.clone(), error })?;
    }
    Ok(())
}

/// A failure of `variant`, in its own words.
fn failed<E: fmt::Display>(variant: &'static str) -> impl Fn(E) -> BenchError {
    move |error| BenchError::Peer { variant, error: error.to_string().into() }
}
