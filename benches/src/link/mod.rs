//! The latency harness: what a message costs on this machine, over a raw socket and over what Farreach adds.
//!
//! Method: one client and one echo, each a thread of its own with real-time priority where that is permitted, on
//! processors of their own where there are two. A thousand times a second the client sends 128 bytes at an
//! absolute deadline and waits for them to come back. Every round runs every variant once, one after the other,
//! so that what disturbs the machine disturbs them all; every figure is the median over rounds, and ratios
//! are those to the raw socket *of the same round*. Absolute figures belong to this machine and this hour.
//!
//! A [`Variant`] is a name and how one round of it is run. [`own`] makes those of `farreach bench link`; a
//! workspace of its own, `benches/peers/`, adds what others make, so that the programs never depend on them.
//!
//! Limits: loopback has no bottleneck and no loss, so nothing here says what a network does to anybody. Round
//! trips are measured, not one way: no clock is compared with another.

mod control;
mod flood;
mod flooded;
pub mod pace;
mod quic;
mod report;
mod stats;
mod udp;
mod video;

use core::time::Duration;
use std::io;
use std::rc::Rc;

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

/// Blocking UDP sockets: the floor of what the kernel costs without spinning. Nothing is encrypted.
pub const RAW_UDP: &str = "raw-udp";

/// UDP sockets of tokio, a runtime per side.
pub const TOKIO_UDP: &str = "tokio-udp";

/// Datagrams of quinn with its defaults: encrypted, a runtime per side.
pub const QUINN: &str = "quinn";

/// The control link: encrypted, driven by the threads themselves.
pub const FARREACH: &str = "farreach";

/// The same, awake for a moment before the next message is due.
pub const FARREACH_SPIN: &str = "farreach-spin";

/// The control link while pictures fly the other way on the media link.
pub const FARREACH_VIDEO: &str = "farreach-video";

/// What is measured: a name in reports, and how one round is run.
pub struct Variant {
    name: &'static str,
    run: Box<dyn Fn(Duration) -> Result<Round, BenchError>>,
}

impl Variant {
    /// `run` measures for as long as it is told, with [`pace::client`] and [`pace::echo`].
    pub fn new(
        name: &'static str,
        run: impl Fn(Duration) -> Result<Round, BenchError> + 'static,
    ) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// Its name in reports.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    fn round(&self, lasts: Duration) -> Result<Round, BenchError> {
        let mut round = (self.run)(lasts)?;
        round.settle();
        let (sent, back) = (round.sent, round.trips_ns.len());
        if back * 10 < sent * 9 || back == 0 {
            return Err(BenchError::Lost { variant: self.name, sent, back });
        }
        Ok(round)
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
    /// What is measured beside Farreach does not work.
    #[error("{variant}: {error} (E-BEN-PEER)")]
    Peer {
        /// Which variant.
        variant: &'static str,
        /// What it says.
        error: Box<dyn core::error::Error + Send + Sync>,
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
            Self::Peer { .. } => "E-BEN-PEER",
            Self::Thread(_) => "E-BEN-THREAD",
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::System(_) => "free sockets and threads, then measure again",
            Self::Link(error) => error.fix(),
            Self::Lost { .. } => "free the machine of other work, then measure again",
            Self::Peer { .. } => "see what it says of its own; Farreach has no part in it",
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

/// The variants of `farreach bench link`, in the order in which a round runs them.
///
/// # Errors
/// [`BenchError::Link`] if there are no keys.
pub fn own() -> Result<Vec<Variant>, BenchError> {
    let keys = Rc::new(Keys::new()?);
    let with_keys = |name, run: fn(&Keys, Duration) -> Result<Round, BenchError>| {
        let keys = Rc::clone(&keys);
        Variant::new(name, move |lasts| run(&keys, lasts))
    };
    Ok(vec![
        Variant::new(RAW_UDP, udp::raw),
        Variant::new(TOKIO_UDP, udp::tokio),
        with_keys(QUINN, quic::quinn),
        with_keys(FARREACH, |keys, lasts| control::run(keys, lasts, false)),
        with_keys(FARREACH_SPIN, |keys, lasts| control::run(keys, lasts, true)),
        with_keys(FARREACH_VIDEO, |keys, lasts| {
            let _video = video::Video::start(keys)?;
            control::run(keys, lasts, false)
        }),
    ])
}

/// Measures every variant for `lasts`, `rounds` times; `progress` hears the round and the name of what is about
/// to be measured.
///
/// # Errors
/// [`BenchError`].
pub fn measure(
    variants: &[Variant],
    rounds: u32,
    lasts: Duration,
    mut progress: impl FnMut(u32, &'static str),
) -> Result<Report, BenchError> {
    let mut all = Vec::new();
    for round in 1..=rounds {
        let mut measured = Vec::new();
        for variant in variants {
            progress(round, variant.name);
            measured.push((variant.name, variant.round(lasts)?));
        }
        all.push(measured);
    }
    Ok(Report::new(&all, lasts))
}
