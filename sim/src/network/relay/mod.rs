//! A UDP relay that is a link: what comes in at one address goes out to another, late or never.
//!
//! Problem: what a network does to Farreach shows with real sockets, real QUIC and real clocks only, and the
//! emulators of operating systems want the rights of an administrator, exist on one system, and know other
//! models than the simulator. So the relay runs the simulator's model: the same preset and seed, the same
//! fates.
//!
//! - [`traffic`]: which packet goes where and when; no socket, no clock. Tests drive it in virtual time.
//! - [`Relay`]: one thread that owns sockets and a clock.
//!
//! Control and media are two connections, but one physical link carries both: all pairs of addresses of a
//! relay share one model for each direction, so that pictures fill the queue that commands wait in.
//!
//! Limits: IPv4 headers are reckoned, whatever is used. A packet that comes while the thread is not
//! scheduled is late by that; real-time priority is asked for, and how late packets went out is counted.
//! Nothing of a packet but its bytes is preserved: no marks, no source address.

mod clients;
mod sockets;
pub mod traffic;

use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub use self::clients::{CLIENTS_MAX, IDLE_MAX};
use self::sockets::Sockets;
pub use self::traffic::{Direction, DirectionStats, Plan, RelayStats};

/// Pairs of addresses, at most.
pub const PAIRS_MAX: usize = 8;

/// Where a pair listens and where it forwards to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Address that clients send to.
    pub listen: SocketAddr,
    /// Address that is relayed to.
    pub to: SocketAddr,
}

/// Why a relay does not run.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// No pair, or too many.
    #[error("a relay has 1 to {PAIRS_MAX} pairs of addresses, this has {0}")]
    Pairs(usize),
    /// An address that can not be listened at.
    #[error("can not listen at {address}: {error}; end what uses it, or name another")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// A pair that would relay to itself.
    #[error("{0} is to be relayed to itself; name the address of the robot")]
    Loop(SocketAddr),
    /// The system refused a thread or a call.
    #[error("the relay can not go on: {0}")]
    System(io::Error),
}

/// A relay that runs until it is dropped.
#[derive(Debug)]
pub struct Relay {
    listening: Vec<SocketAddr>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<(), RelayError>>>,
}

/// What the thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    ends: AtomicBool,
    stats: Mutex<RelayStats>,
    unprivileged: Mutex<Option<String>>,
}

impl Relay {
    /// Binds the addresses and starts the thread. Time zero of the plan is now.
    pub fn start(pairs: &[Pair], plan: Plan) -> Result<Self, RelayError> {
        let sockets = Sockets::bind(pairs)?;
        let listening = sockets.listening().collect();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let run = move || sockets.run(traffic::RelayCore::new(plan), &theirs);
        let thread = std::thread::Builder::new().name("relay".to_owned()).spawn(run);
        let thread = Some(thread.map_err(RelayError::System)?);
        Ok(Self { listening, shared, thread })
    }

    /// The addresses that the pairs listen at, in their order.
    pub fn listening(&self) -> &[SocketAddr] {
        &self.listening
    }

    /// What has happened so far, at most a tenth of a second old.
    pub fn stats(&self) -> RelayStats {
        self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it costs that the system gives no real-time priority, if it does not.
    pub fn unprivileged(&self) -> Option<String> {
        self.shared.unprivileged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the thread runs.
    pub fn runs(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the relay; what is on its way is lost. Returns what has happened.
    pub fn end(mut self) -> Result<RelayStats, RelayError> {
        self.shared.ends.store(true, Ordering::Relaxed);
        let done = self.thread.take().map(JoinHandle::join);
        match done {
            Some(Ok(Err(error))) => Err(error),
            Some(Err(_)) => Err(RelayError::System(io::Error::other("its thread has panicked"))),
            Some(Ok(Ok(()))) | None => Ok(self.stats()),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn publish(&self, stats: RelayStats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    fn ends(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }
}

/// How often the thread tells what has happened, and looks whether it is to end.
const PUBLISH_EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
