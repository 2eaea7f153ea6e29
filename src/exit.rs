//! How the command ends: documented codes, and failures that say what to do.

use std::path::PathBuf;
use std::process::ExitCode;

use benches::link::BenchError;
use operator::shell::ConsoleError;
use protocol::link::{KeyError, LinkError};
use protocol::profile::ProfileError;
use robot_agent::shell::NodeError;
use sim::network::preset::PresetError;
use sim::network::relay::RelayError;
use sim::patient::ScriptError;

/// How a run ended. The numbers are promises: scripts test for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All is well.
    Ok = 0,
    /// A defect of Farreach or of the system.
    Internal = 1,
    /// A wrong flag, file or profile.
    Usage = 2,
    /// A limit of the run was exceeded.
    Breached = 4,
    /// The other side can not be reached.
    Unreachable = 6,
    /// No permission, or refused.
    Refused = 7,
    /// A safety stop ended the run.
    SafetyStop = 8,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

/// Why the command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "can not read the profile {}: {error}; built in are ultrasound, surgery and telecare",
        path.display()
    )]
    NoProfile { path: PathBuf, error: std::io::Error },
    #[error("can not write {}: {error}", path.display())]
    Write { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", path.display())]
    Profile { path: PathBuf, error: ProfileError },
    #[error(
        "can not read the network {}: {error}; built in are those that `farreach link --list` shows",
        path.display()
    )]
    NoPreset { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", path.display())]
    Preset { path: PathBuf, error: PresetError },
    #[error("can not read the faults {}: {error}; write `seed`, `none` or a file", path.display())]
    NoFaults { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", path.display())]
    Faults { path: PathBuf, error: String },
    #[error("can not read the events {}: {error}", path.display())]
    NoScript { path: PathBuf, error: std::io::Error },
    #[error("{}: {error}", path.display())]
    Script { path: PathBuf, error: ScriptError },
    /// Nobody reads any more what is written to stdout.
    #[error("nobody reads the output any more")]
    PipeClosed,
    #[error("{0}")]
    Relay(#[from] RelayError),
    #[error("{0}")]
    Keys(#[from] KeyError),
    #[error("{0}")]
    Link(#[from] LinkError),
    #[error("{0}")]
    Robot(#[from] NodeError),
    #[error("{0}")]
    Console(#[from] ConsoleError),
    #[error("{0}")]
    Bench(#[from] BenchError),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// The exit code of this failure.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::NoProfile { .. }
            | Self::NoPreset { .. }
            | Self::Write { .. }
            | Self::Profile { .. }
            | Self::NoScript { .. }
            | Self::Script { .. }
            | Self::PipeClosed
            | Self::Preset { .. }
            | Self::NoFaults { .. }
            | Self::Faults { .. }
            | Self::Usage(_) => Ending::Usage,
            Self::Relay(RelayError::System(_)) => Ending::Internal,
            Self::Relay(_) => Ending::Usage,
            Self::Keys(_) => Ending::Refused,
            Self::Link(error) => of_link(error),
            Self::Robot(error) => of_robot(error),
            Self::Console(error) => of_console(error),
            Self::Bench(_) | Self::Internal(_) => Ending::Internal,
        }
    }

    /// The code and what to do, where there is one.
    fn advice(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Keys(error) => Some((error.code(), error.fix())),
            Self::Link(error) => Some((error.code(), error.fix())),
            Self::Robot(error) => Some((error.code(), error.fix())),
            Self::Console(error) => Some((error.code(), error.fix())),
            Self::Bench(error) => Some((error.code(), error.fix())),
            _ => None,
        }
    }
}

fn of_link(error: &LinkError) -> Ending {
    match error {
        LinkError::TimedOut { .. } => Ending::Unreachable,
        LinkError::InUse { .. } | LinkError::Bind { .. } | LinkError::Address { .. } => {
            Ending::Usage
        }
        _ => Ending::Refused,
    }
}

fn of_robot(error: &NodeError) -> Ending {
    match error {
        NodeError::Link(error) => of_link(error),
        NodeError::Misfit { .. } | NodeError::OtherPicture { .. } | NodeError::Pictures { .. } => {
            Ending::Usage
        }
        NodeError::System { .. } | NodeError::Ended => Ending::Internal,
    }
}

fn of_console(error: &ConsoleError) -> Ending {
    match error {
        ConsoleError::Link(error) => of_link(error),
        ConsoleError::Refused(_) | ConsoleError::RefusedUnknown { .. } => Ending::Refused,
        ConsoleError::Silent { .. } | ConsoleError::NoAnswer => Ending::Unreachable,
        ConsoleError::NotSimulated { .. }
        | ConsoleError::NotLoopback { .. }
        | ConsoleError::PageInUse { .. } => Ending::Usage,
        _ => Ending::Internal,
    }
}

/// Tells the user what went wrong and what to do.
#[expect(clippy::print_stderr, reason = "this is the command's word to its user")]
pub(crate) fn complain(failure: &Failure) {
    let sentence = failure.to_string();
    match failure.advice() {
        Some((code, fix)) if sentence.contains(code) => {
            eprintln!("farreach: {sentence}\n  fix: {fix}");
        }
        Some((code, fix)) => eprintln!("farreach: {sentence} ({code})\n  fix: {fix}"),
        None => eprintln!("farreach: {sentence}"),
    }
}
