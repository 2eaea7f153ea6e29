//! The two threads of a measurement: where they run, when they send, what they cost.
//!
//! A variant brings a [`Client`] and something that returns its messages; [`client`] and [`echo`] seat them and
//! count. Whatever is compared must go through these two, or it is not compared.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use protocol::host::priority::ask_for_real_time;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use super::{BenchError, MESSAGE_BYTES, RATE_HZ, Round};

/// Messages before counting begins: handshakes, caches, the governor of the processor.
const WARM_UP: usize = 500;

/// How long a message is waited for. Unit: the time to the next but some.
pub const LOST_AFTER: Duration = Duration::from_millis(100);

/// This computer's time.
#[expect(clippy::disallowed_methods, reason = "a harness measures this computer's time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Which of the two threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Sends and waits.
    Client,
    /// Returns what it is sent.
    Echo,
}

/// Gives this thread its processor and its priority, as far as that is permitted. Threads that it starts
/// afterwards have them too.
///
/// [`client`] and [`echo`] do it for theirs; an echo that is a process of its own does it itself.
pub fn sit(seat: Seat) {
    let Ok(all) = sched_getaffinity(None) else { return };
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu));
    let own = match seat {
        Seat::Client => cpus.next(),
        Seat::Echo => cpus.nth(1),
    };
    if let Some(own) = own {
        let mut set = CpuSet::new();
        set.set(own);
        let _ = sched_setaffinity(None, &set);
    }
    // Without it, figures are those of an ordinary thread, for all variants alike.
    let _ = ask_for_real_time("bench", "messages");
}

/// Time that this thread has spent computing.
fn spent() -> Duration {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}

/// A thread that runs until it is told to stop, and tells what it cost.
pub struct Running {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

/// Starts the echo: `run` returns messages until it is told to stop.
///
/// # Errors
/// [`BenchError::System`] if there is no thread.
pub fn echo(run: impl FnOnce(&AtomicBool) + Send + 'static) -> Result<Running, BenchError> {
    let stop = Arc::<AtomicBool>::default();
    let told = Arc::clone(&stop);
    let thread = Builder::new().name("echo".to_owned()).spawn(move || {
        sit(Seat::Echo);
        run(&told);
        spent()
    })?;
    Ok(Running { stop, thread })
}

impl Running {
    /// Ends it; returns the time that it has spent computing.
    ///
    /// # Errors
    /// [`BenchError::Thread`] if it panicked.
    pub fn end(self) -> Result<Duration, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| BenchError::Thread("echo"))
    }
}

/// Runs the client on a thread of its own, which makes it there; returns what its round trips took.
///
/// # Errors
/// What `make` says, or [`BenchError::System`], [`BenchError::Thread`].
pub fn client<C: Client + 'static>(
    make: impl FnOnce() -> Result<C, BenchError> + Send + 'static,
    lasts: Duration,
) -> Result<Round, BenchError> {
    let thread = Builder::new().name("client".to_owned()).spawn(move || {
        sit(Seat::Client);
        let mut client = make()?;
        Ok(paced(&mut client, lasts))
    })?;
    thread.join().map_err(|_| BenchError::Thread("client"))?
}

/// One end that sends and waits.
pub trait Client {
    /// Waits until `due`; may do what else is to be done meanwhile.
    fn wait(&mut self, due: Instant);
    /// Sends `message` and waits until it is back. False if that took too long.
    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool;
    /// Time that this end has spent computing so far: more than its thread's where others work for it.
    fn spent(&self) -> Duration {
        spent()
    }
}

fn paced(client: &mut impl Client, lasts: Duration) -> Round {
    let period = Duration::from_secs(1) / RATE_HZ;
    let messages = (lasts.as_nanos() / period.as_nanos()) as usize;
    let mut round = Round::with_room(messages);
    let mut message = [0x5A; MESSAGE_BYTES];
    let mut due = now() + period;
    let mut before = Duration::ZERO;
    for n in 0..messages + WARM_UP {
        if n == WARM_UP {
            before = client.spent();
        }
        client.wait(due);
        for (to, from) in message.iter_mut().zip((n as u64).to_le_bytes()) {
            *to = from;
        }
        let sent = now();
        let back = client.trip(&message);
        if n >= WARM_UP {
            round.note(back.then(|| sent.elapsed()));
        }
        // Missed deadlines are not caught up.
        let late = (now() - due).as_nanos() / period.as_nanos();
        due += period * (late as u32 + 1);
    }
    round.client = client.spent().saturating_sub(before);
    round
}

/// Sleeps until then.
pub fn sleep_until(due: Instant) {
    #[expect(clippy::disallowed_methods, reason = "the pace of a measurement")]
    std::thread::sleep(due.saturating_duration_since(now()));
}
