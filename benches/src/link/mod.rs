//! The latency harness: what a message costs on this machine, over a raw socket and over what Farreach adds.
//!
//! Method: one client and one echo, each a thread of its own with real-time priority where that is permitted, on
//! processors of their own where there are two. A thousand times a second the client sends 128 bytes at an
//! absolute deadline and waits for them to come back. Every round runs every variant once, one after the other,
//! so that what disturbs the machine disturbs them all; every figure is the median over rounds, and ratios
//! are those to the raw socket *of the same round*. Absolute figures belong to this machine and this hour.
//!
//! Limits: loopback has no bottleneck and no loss, so nothing here says what a network does to anybody. Round
//! trips are measured, not one way: no clock is compared with another.

mod control;
mod flood;
mod flooded;
mod pace;
mod quic;
mod report;
mod stats;
mod udp;
mod video;

use core::time::Duration;
use std::io;

use protocol::link::{Authority, Identity, LinkError, Role};

pub use self::flood::STRANGERS_HZ;
pub use self::flooded::{FloodReport, FloodRow, measure_flooded};
pub use self::report::{Report, Row};
pub use self::stats::Round;

/// Bytes of a message.
pub const MESSAGE_BYTES: usize = 128;

/// Messages a second.
pub const RATE_HZ: u32 = 1_000;

/// Bits of pictures a second that fly the other way.
pub const VIDEO_BIT_S: u64 = 20_000_000;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Blocking UDP sockets: the floor of what the kernel costs without spinning. Nothing is encrypted.
    RawUdp,
    /// UDP sockets of tokio, a runtime per side.
    TokioUdp,
    /// Datagrams of quinn with its defaults: encrypted, a runtime per side.
    Quinn,
    /// The control link: encrypted, driven by the threads themselves.
    Control,
    /// The same, awake for a moment before the next message is due.
    ControlSpin,
    /// The control link while pictures fly the other way on the media link.
    ControlVideo,
}

impl Variant {
    /// All of them, in the order in which a round runs them.
    pub const ALL: [Self; 6] = [
        Self::RawUdp,
        Self::TokioUdp,
        Self::Quinn,
        Self::Control,
        Self::ControlSpin,
        Self::ControlVideo,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RawUdp => "raw-udp",
            Self::TokioUdp => "tokio-udp",
            Self::Quinn => "quinn",
            Self::Control => "farreach",
            Self::ControlSpin => "farreach-spin",
            Self::ControlVideo => "farreach-video",
        }
    }
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A socket or a thread could not be made.
    #[error("the system refused a socket or a thread: {0} (E-BEN-SYSTEM)")]
    System(#[from] io::Error),
    /// A link could not be made.
    #[error("{0} ({code})", code = .0.code())]
    Link(#[from] LinkError),
    /// Almost nothing came back.
    #[error("of {sent} messages of {variant} only {back} came back (E-BEN-LOST)")]
    Lost {
        /// Which variant.
        variant: &'static str,
        /// How many were sent.
        sent: usize,
        /// How many came back.
        back: usize,
    },
    /// A thread panicked.
    #[error("the {0} thread panicked (E-BEN-THREAD)")]
    Thread(&'static str),
}

impl BenchError {
    /// The code that every surface shows.
    pub fn code(&self) -> &'static str {
        match self {
            Self::System(_) => "E-BEN-SYSTEM",
            Self::Link(error) => error.code(),
            Self::Lost { .. } => "E-BEN-LOST",
            Self::Thread(_) => "E-BEN-THREAD",
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::System(_) => "free sockets and threads, then measure again",
            Self::Link(error) => error.fix(),
            Self::Lost { .. } => "free the machine of other work, then measure again",
            Self::Thread(_) => "report it, with the lines above this one",
        }
    }
}

/// The keys of both ends.
pub(crate) struct Keys {
    pub(crate) robot: Identity,
    pub(crate) operator: Identity,
}

impl Keys {
    fn new() -> Result<Self, BenchError> {
        let authority = Authority::create("bench").map_err(LinkError::from)?;
        let issue = |role, name| authority.issue(role, name, 1).map_err(LinkError::from);
        Ok(Self { robot: issue(Role::Robot, "bench")?, operator: issue(Role::Operator, "bench")? })
    }
}

/// Measures every variant for `lasts`, `rounds` times; `progress` hears what is about to be measured.
///
/// # Errors
/// [`BenchError`].
pub fn measure(
    rounds: u32,
    lasts: Duration,
    mut progress: impl FnMut(u32, Variant),
) -> Result<Report, BenchError> {
    let keys = Keys::new()?;
    let mut all = Vec::new();
    for round in 1..=rounds {
        let mut measured = Vec::new();
        for variant in Variant::ALL {
            progress(round, variant);
            measured.push((variant, one(variant, &keys, lasts)?));
        }
        all.push(measured);
    }
    Ok(Report::new(&all, lasts))
}

fn one(variant: Variant, keys: &Keys, lasts: Duration) -> Result<Round, BenchError> {
    let mut round = match variant {
        Variant::RawUdp => udp::raw(lasts),
        Variant::TokioUdp => udp::tokio(lasts),
        Variant::Quinn => quic::quinn(keys, lasts),
        Variant::Control => control::run(keys, lasts, false),
        Variant::ControlSpin => control::run(keys, lasts, true),
        Variant::ControlVideo => {
            let _video = video::Video::start(keys)?;
            control::run(keys, lasts, false)
        }
    }?;
    round.settle();
    let (sent, back) = (round.sent, round.trips_ns.len());
    if back * 10 < sent * 9 || back == 0 {
        return Err(BenchError::Lost { variant: variant.name(), sent, back });
    }
    Ok(round)
}
