//! Publish and subscribe with zenoh, over UDP.
//!
//! What was set, and why:
//!
//! - UDP with the transport for low latency, which has no queue and no batches: a message leaves on the thread that
//!   puts it. That excludes priorities (`qos`), so they are off. The usual transport was slower in trials.
//! - Two peers, each told where the other is: no router between them, no scouting.
//! - Nothing is encrypted: over UDP zenoh does not. What is lost is lost.
//! - Publishers are declared beforehand, messages are express and dropped rather than queued.
//! - The echo answers in the callback, on the thread that has received: a thread of its own was slower in trials. The
//!   client's thread is woken by the callback through a channel: a control loop has a thread of its own.
//! - A process for each end, for zenoh has its threads once per process and both ends would share them. All of them
//!   are started from a thread that has real-time priority and its end's processor, so they have both.
//! - All of zenoh's tasks on one thread ([`RUNTIME`]), for there is one link and one processor per end. Its default
//!   is six threads, which was slower in trials; whoever sets `ZENOH_RUNTIME` measures with that.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use benches::link::pace::{self, Client, LOST_AFTER, Seat, now, sit, sleep_until};
use benches::link::{BenchError, MESSAGE_BYTES, Round};
use rustix::time::{ClockId, clock_gettime};
use zenoh::pubsub::{Publisher, Subscriber};
use zenoh::qos::{CongestionControl, Priority};
use zenoh::sample::Sample;
use zenoh::{Config, Session, Wait as _};

use crate::failed;

/// In reports.
pub(crate) const NAME: &str = "zenoh";

/// Messages to the echo.
const OUT: &str = "bench/out";

/// Messages from the echo.
const BACK: &str = "bench/back";

/// Both ends have found each other by then, or never will.
const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// How long one that may be lost for want of a subscriber is waited for.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What both ends have in common.
const SETTINGS: [(&str, &str); 6] = [
    ("mode", "\"peer\""),
    ("scouting/multicast/enabled", "false"),
    ("scouting/gossip/enabled", "false"),
    ("listen/endpoints", "[]"),
    ("transport/unicast/lowlatency", "true"),
    ("transport/unicast/qos/enabled", "false"),
];

/// How zenoh is told in what threads it runs.
const RUNTIME: (&str, &str) = (
    "ZENOH_RUNTIME",
    "(rx: (handover: app), tx: (handover: app), net: (handover: app), acc: (handover: app))",
);

/// Messages from the echo that may wait for the client; it expects one.
const WAITING_MAX: usize = 64;

/// Starts this program anew with [`RUNTIME`], unless somebody has said otherwise: zenoh reads it once, and a process
/// can not safely set it for itself. Returns only if that is not needed, or failed.
///
/// # Errors
/// [`BenchError::System`].
pub(crate) fn prepare() -> Result<(), BenchError> {
    let (name, value) = RUNTIME;
    if std::env::var_os(name).is_some() {
        return Ok(());
    }
    let args = std::env::args_os().skip(1);
    Err(Command::new(std::env::current_exe()?).args(args).env(name, value).exec().into())
}

struct OnZenoh {
    out: Publisher<'static>,
    back: Receiver<Sample>,
    _subscriber: Subscriber<()>,
    _session: Session,
}

impl OnZenoh {
    fn new(port: u16) -> Result<Self, BenchError> {
        let session = open("connect/endpoints", port)?;
        let (arrived, back) = sync_channel(WAITING_MAX);
        let subscriber = session
            .declare_subscriber(BACK)
            .callback(move |message| drop(arrived.try_send(message)))
            .wait()
            .map_err(failed(NAME))?;
        let out = publisher(&session, OUT)?;
        let until = now() + STARTS_WITHIN;
        // The first to come back shows that each end knows what the other wants.
        while now() < until {
            out.put([0; MESSAGE_BYTES]).wait().map_err(failed(NAME))?;
            if back.recv_timeout(ASK_EVERY).is_ok() {
                return Ok(Self { out, back, _subscriber: subscriber, _session: session });
            }
        }
        Err(failed(NAME)("the two ends have not found each other"))
    }
}

impl Client for OnZenoh {
    fn wait(&mut self, due: Instant) {
        sleep_until(due);
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        let until = now() + LOST_AFTER;
        if self.out.put(&message[..]).wait().is_err() {
            return false;
        }
        while let Ok(back) = self.back.recv_timeout(until.saturating_duration_since(now())) {
            if *back.payload().to_bytes() == message[..] {
                return true;
            }
        }
        false
    }

    fn spent(&self) -> Duration {
        spent_by_all()
    }
}

/// One round.
pub(crate) fn run(lasts: Duration) -> Result<Round, BenchError> {
    let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let echo = Echo::start(port)?;
    let mut round = pace::client(move || OnZenoh::new(port), lasts)?;
    round.echo = echo.end()?;
    Ok(round)
}

fn open(side: &str, port: u16) -> Result<Session, BenchError> {
    let mut config = Config::default();
    for (key, value) in SETTINGS {
        config.insert_json5(key, value).map_err(failed(NAME))?;
    }
    let endpoint = format!("[\"udp/127.0.0.1:{port}\"]");
    config.insert_json5(side, &endpoint).map_err(failed(NAME))?;
    zenoh::open(config).wait().map_err(failed(NAME))
}

fn publisher(session: &Session, key: &'static str) -> Result<Publisher<'static>, BenchError> {
    session
        .declare_publisher(key)
        .congestion_control(CongestionControl::Drop)
        .priority(Priority::RealTime)
        .express(true)
        .wait()
        .map_err(failed(NAME))
}

/// The echo, in a process of its own.
struct Echo {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Echo {
    fn start(port: u16) -> Result<Self, BenchError> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["zenoh-echo", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let says = child.stdout.take().ok_or(BenchError::Thread("echo"))?;
        let mut echo = Self { child, says: BufReader::new(says) };
        let mut ready = String::new();
        echo.says.read_line(&mut ready)?;
        if ready.is_empty() {
            return Err(failed(NAME)("the echo did not start"));
        }
        Ok(echo)
    }

    /// Ends it; returns the time that it has spent computing.
    fn end(mut self) -> Result<Duration, BenchError> {
        drop(self.child.stdin.take());
        let mut spent = String::new();
        self.says.read_to_string(&mut spent)?;
        self.child.wait()?;
        spent.trim().parse().map(Duration::from_nanos).map_err(failed(NAME))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The echo: says when it is ready, and at the end what it has spent since. Unit: nanosecond.
#[expect(clippy::print_stdout, reason = "the other process reads it")]
pub(crate) fn echo(port: u16) -> Result<(), BenchError> {
    sit(Seat::Echo);
    let session = open("listen/endpoints", port)?;
    let back = publisher(&session, BACK)?;
    let subscriber = session
        .declare_subscriber(OUT)
        .callback(move |message| drop(back.put(message.payload().clone()).wait()))
        .wait()
        .map_err(failed(NAME))?;
    let before = spent_by_all();
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    println!("{}", spent_by_all().saturating_sub(before).as_nanos());
    drop(subscriber);
    session.close().wait().map_err(failed(NAME))
}

/// Time that all threads of this process have spent computing.
fn spent_by_all() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}
