//! The `farreach` command. It composes the crates and owns no logic: what it decides is which parts
//! to start and what to print.

mod bedside;
mod bench;
mod cli;
mod demo;
mod exit;
mod interrupt;
mod keys;
mod link;
mod link_report;
mod operator_side;
mod patient;
mod profile;
mod report;
mod robot_side;
mod spin;
mod trial;
mod trial_report;
mod trials;

use std::process::ExitCode;

use clap::Parser as _;

use self::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(cli.verbose);
    let done = match &cli.command {
        Command::Demo(args) => demo::run(args),
        Command::Robot(args) => robot_side::run(args),
        Command::Operator(args) => operator_side::run(args),
        Command::Link(args) => link::run(args),
        Command::Trial(args) => trial::run(args),
        Command::Trials(args) => trials::run(args),
        Command::Patient(args) => patient::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Bench(args) => bench::run(args),
    };
    match done {
        Ok(ending) => ending.into(),
        Err(failure) => {
            exit::complain(&failure);
            failure.ending().into()
        }
    }
}

/// The log goes to stderr, data to stdout. `FARREACH_LOG` takes tracing's filter directives.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn,farreach=info,robot_agent=info,operator=info",
        1 => "info,farreach=debug,robot_agent=debug,operator=debug",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("FARREACH_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colour = std::env::var_os("NO_COLOR").is_none()
        && std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .without_time()
        .init();
}
