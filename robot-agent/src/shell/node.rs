//! A running robot: all its threads, started in order and stopped together.

use core::time::Duration;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use protocol::host::HostClock;
use protocol::host::priority::ask_for_real_time;
use protocol::link::{Identity, Kind, LinkError, listen};
use protocol::profile::Profile;
use quinn::Endpoint;
use tokio::sync::{mpsc, watch};

use super::control::{self, Greeting};
use super::journal::{Journal, Summary, SummaryHandle};
use super::media::{self, Capture, MediaCounts, MediaShared};
use super::rings::{Captured, LocalSender, ring};
use super::servo::{Connections, Servo};
use crate::core::{Core, LocalEvent};
use crate::picture::PictureSource;
use crate::robot::Robot;

/// Room in the rings of the servo: a quarter of a second of everything.
const ROOM: usize = 256;

/// Room in the journal's rings: some seconds, because the journal's disk may stall.
const JOURNAL_ROOM: usize = 8_192;

/// What a robot is started with.
pub struct NodeConfig {
    /// The limits.
    pub profile: Profile,
    /// Who it is.
    pub identity: Identity,
    /// Where the control link listens.
    pub control: SocketAddr,
    /// Where the media link listens.
    pub media: SocketAddr,
    /// The start of the clock, if the operator's clock shares it: then the journal can check ages
    /// against the truth. `None` for a robot of its own.
    pub clock_base: Option<Instant>,
}

/// Why a robot could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The link could not be set up.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// The profile asks for more than the robot can do.
    #[error(
        "the profile allows {wanted_m_s} m/s and {robot} follows {able_m_s} m/s at most; lower motion.speed_free_max"
    )]
    TooFast {
        /// Name of the robot.
        robot: String,
        /// The profile's limit. Unit: metre per second.
        wanted_m_s: f64,
        /// What the robot says it can follow. Unit: metre per second.
        able_m_s: f64,
    },
    /// A thread or a socket could not be made.
    #[error("the system refused {what}: {error}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
}

/// A running robot. Dropping it stops all threads and orders the drives off.
pub struct RobotNode {
    stop: Arc<AtomicBool>,
    endpoints: Vec<Endpoint>,
    threads: Vec<JoinHandle<()>>,
    local: Mutex<LocalSender>,
    summary: SummaryHandle,
    media: Arc<MediaCounts>,
    /// Where the control link listens.
    pub control: SocketAddr,
    /// Where the media link listens.
    pub media_address: SocketAddr,
}

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> NodeError {
    move |error| NodeError::System { what, error }
}

/// A runtime for one link thread.
fn runtime() -> Result<tokio::runtime::Runtime, NodeError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system("a runtime for a link"))
}

fn open(kind: Kind, address: SocketAddr, identity: &Identity) -> Result<Opened, NodeError> {
    let runtime = runtime()?;
    let guard = runtime.enter();
    let endpoint = listen(kind, address, identity)?;
    drop(guard);
    let address = endpoint.local_addr().map_err(system("the address of a socket"))?;
    Ok(Opened { runtime, endpoint, address })
}

/// A listening endpoint and the runtime that it lives in.
struct Opened {
    runtime: tokio::runtime::Runtime,
    endpoint: Endpoint,
    address: SocketAddr,
}

impl RobotNode {
    /// Starts all threads. The robot begins with its self-test and then waits for local power-on.
    ///
    /// # Errors
    /// [`NodeError`]; nothing is left running.
    pub fn start(
        config: NodeConfig,
        robot: Box<dyn Robot>,
        source: Box<dyn PictureSource>,
    ) -> Result<Self, NodeError> {
        let NodeConfig { profile, identity, control, media, clock_base } = config;
        let clock = clock_base.map_or_else(HostClock::start, HostClock::sharing);
        let control = open(Kind::Control, control, &identity)?;
        let media = open(Kind::Media, media, &identity)?;
        let description = robot.describe();
        if profile.motion.speed_free_max_m_s > description.speed_max_m_s {
            return Err(NodeError::TooFast {
                robot: description.name,
                wanted_m_s: profile.motion.speed_free_max_m_s,
                able_m_s: description.speed_max_m_s,
            });
        }
        let greeting = Greeting {
            robot: description.name.clone(),
            simulated: description.simulated,
            profile: profile.hash,
        };
        let core = Core::new(profile.clone(), &description, control::random_epoch());

        let (to_servo, inbound) = ring(ROOM);
        let (outbound, from_servo) = ring(ROOM);
        let (captured, captured_rx) = ring(ROOM);
        let (local, local_rx) = ring(ROOM);
        let (journal, ticks) = ring(JOURNAL_ROOM);
        let (witness, witnessed) = ring(JOURNAL_ROOM);
        let (wake, woken) = wake_pair()?;
        let outbound = outbound.waking(wake);
        let connections =
            Connections { inbound, outbound, captured: captured_rx, local: local_rx, journal };
        let journal = Journal::new(ticks, witnessed, profile.clone(), clock_base.is_some());

        let shared = MediaShared::new();
        let (holder_name, holder) = watch::channel(None);
        let mut node = Self {
            stop: Arc::default(),
            endpoints: vec![control.endpoint.clone(), media.endpoint.clone()],
            threads: Vec::new(),
            local: Mutex::new(local),
            summary: journal.summary(),
            media: Arc::clone(&shared.counts),
            control: control.address,
            media_address: media.address,
        };
        node.spawn_journal(journal)?;
        node.spawn("control-link", move |_| {
            let serving = control::serve(
                control.endpoint,
                greeting,
                to_servo,
                from_servo,
                woken,
                holder_name,
            );
            control.runtime.block_on(serving);
        })?;
        node.spawn_media(
            media,
            source,
            profile.rates.picture_hz,
            clock,
            (captured, witness),
            (shared, holder),
        )?;
        let servo = Servo::new(core, robot, clock, connections);
        node.spawn("servo", move |stop| {
            if let Err(sentence) = ask_for_real_time("servo", "ticks") {
                tracing::warn!("{sentence}");
            }
            servo.run(stop);
        })?;
        Ok(node)
    }

    /// Says to the core that this was done at the robot itself.
    pub fn local(&self, event: LocalEvent) {
        self.local.lock().unwrap_or_else(PoisonError::into_inner).send(event);
    }

    /// What has happened so far.
    pub fn summary(&self) -> Summary {
        let mut summary = self.summary.get();
        summary.pictures_skipped = self.media.skipped.load(Ordering::Relaxed);
        summary
    }

    fn spawn(
        &mut self,
        name: &'static str,
        run: impl FnOnce(&Arc<AtomicBool>) + Send + 'static,
    ) -> Result<(), NodeError> {
        let stop = Arc::clone(&self.stop);
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&stop))
            .map_err(system("a thread"))?;
        self.threads.push(thread);
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the journal looks at its rings now and then")]
    fn spawn_journal(&mut self, mut journal: Journal) -> Result<(), NodeError> {
        self.spawn("journal", move |stop| {
            while !stop.load(Ordering::Relaxed) {
                journal.drain();
                std::thread::sleep(Duration::from_millis(10));
            }
            journal.drain();
        })
    }

    fn spawn_media(
        &mut self,
        opened: Opened,
        source: Box<dyn PictureSource>,
        rate_hz: f64,
        clock: HostClock<protocol::time::Robot>,
        (captured, witness): (super::rings::Sender<Captured>, super::rings::Sender<Captured>),
        (shared, holder): (MediaShared, watch::Receiver<Option<String>>),
    ) -> Result<(), NodeError> {
        let (link, pictures) = mpsc::channel(1);
        let (taken_tx, taken) = watch::channel(false);
        let capture = Capture {
            source,
            rate_hz,
            clock,
            captured,
            witness,
            link,
            taken,
            shared: shared.clone(),
        };
        self.spawn("media-link", move |_| {
            opened.runtime.block_on(media::serve(
                opened.endpoint,
                pictures,
                taken_tx,
                shared,
                holder,
            ));
        })?;
        self.spawn("capture", move |stop| {
            if let Err(sentence) = capture.run(stop) {
                tracing::error!("no pictures: {sentence}");
            }
        })
    }
}

impl Drop for RobotNode {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for endpoint in &self.endpoints {
            endpoint.close(quinn::VarInt::from_u32(0), b"the robot agent is shutting down");
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Two ends of a socket through which the servo wakes the control link.
fn wake_pair() -> Result<(UnixStream, UnixStream), NodeError> {
    let what = "a socket pair";
    let (a, b) = UnixStream::pair().map_err(system(what))?;
    a.set_nonblocking(true).map_err(system(what))?;
    b.set_nonblocking(true).map_err(system(what))?;
    Ok((a, b))
}
