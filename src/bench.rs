//! `farreach bench`: what Farreach costs on this machine.

use benches::link::{measure, measure_flooded, own};
use protocol::host::priority::may_be_real_time;

use crate::cli::{BenchArgs, BenchCommand, BenchFloodArgs, BenchLinkArgs};
use crate::exit::{Ending, Failure};

/// Runs `farreach bench`.
pub(crate) fn run(args: &BenchArgs) -> Result<Ending, Failure> {
    match &args.command {
        BenchCommand::Link(args) => link(args),
        BenchCommand::Flood(args) => flood(args),
    }
}

#[expect(clippy::print_stdout, reason = "the table is this command's data")]
fn link(args: &BenchLinkArgs) -> Result<Ending, Failure> {
    if let Err(sentence) = may_be_real_time() {
        tracing::warn!("{sentence}");
    }
    let report = measure(&own()?, args.rounds, args.seconds, |round, name| {
        tracing::info!("round {round} of {}: {name}", args.rounds);
    })?;
    println!("{report}");
    if let Some(path) = &args.json {
        write(path, &report)?;
    }
    Ok(Ending::Ok)
}

#[expect(clippy::print_stdout, reason = "the table is this command's data")]
fn flood(args: &BenchFloodArgs) -> Result<Ending, Failure> {
    if let Err(sentence) = may_be_real_time() {
        tracing::warn!("{sentence}");
    }
    let report = measure_flooded(args.rounds, args.seconds, |round, name, flood| {
        let how = if flood { "in the flood" } else { "without strangers" };
        tracing::info!("round {round} of {}: {name} {how}", args.rounds);
    })?;
    println!("{report}");
    if let Some(path) = &args.json {
        write(path, &report)?;
    }
    Ok(Ending::Ok)
}

fn write(path: &std::path::Path, report: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Failure::Internal(error.to_string()))?;
    std::fs::write(path, text + "\n")
        .map_err(|error| Failure::Write { path: path.to_owned(), error })
}
