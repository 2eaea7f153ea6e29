//! A running robot: all its threads, started in order and stopped together.
//!
//! A robot that does not fit its profile is refused before a socket is opened or a drive is on. When the
//! servo thread ends without having been asked to, the whole node ends: links that are up while nothing
//! judges any more would be a lie.

use core::time::Duration;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use protocol::host::HostClock;
use protocol::host::priority::{ask_for_real_time, lock_memory};
use protocol::link::{Identity, Kind, LinkError, listen};
use protocol::picture::ViewSource;
use protocol::profile::Profile;
use protocol::session::Refusal;
use protocol::time::Robot as RobotTime;
use quinn::{Endpoint, VarInt};
use tokio::sync::{mpsc, watch};

use super::arrivals::arrivals;
use super::control::{self, ControlThread, Greeting};
use super::encoder::EncodeError;
use super::imaging::{Knobs, imaging};
use super::journal::{Journal, Summary, SummaryHandle};
use super::media::{self, Capture, Flow, MediaCounts, MediaShared};
use super::rings::{Captured, LocalSender, Sender, ring};
use super::servo::{Connections, Servo};
use super::watchdog::{self, Heartbeat, Vitals};
use crate::core::{Core, LocalEvent, Misfit};
use crate::picture::PictureSource;
use crate::robot::{Description, Robot};

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
    /// Where the control link listens: an address for each network that the robot is on, at least one.
    pub control: Vec<SocketAddr>,
    /// Where the media link listens.
    pub media: SocketAddr,
    /// The start of the clock, if the operator's clock shares it: then the journal can check ages
    /// against the truth. `None` for a robot of its own.
    pub clock_base: Option<Instant>,
    /// How long the servo may stand still until the operator is told and the session ends; usually
    /// [`watchdog::STALL_MAX`].
    pub stall_max: Duration,
    /// The control link stays awake around the next command: [`protocol::host::awake`].
    pub spins: bool,
}

/// Why a robot could not be started, or does not run any more.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The link could not be set up.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// The robot is not one that the profile is for.
    #[error("{robot} does not fit the profile {profile}: {misfit} (E-ROB-MISFIT)")]
    Misfit {
        /// Name of the robot.
        robot: String,
        /// Name of the profile.
        profile: String,
        /// What does not fit.
        misfit: Misfit,
    },
    /// No picture of the robot is the one that the profile steers by.
    #[error(
        "the profile {profile} steers by the picture `{wanted}`, and the robot shows `{shown}` (E-ROB-PICTURE)",
        wanted = wanted.word(),
        shown = shown.word()
    )]
    OtherPicture {
        /// Name of the profile.
        profile: String,
        /// What the profile steers by.
        wanted: ViewSource,
        /// What the robot shows.
        shown: ViewSource,
    },
    /// The pictures of this robot can not be encoded.
    #[error(
        "the robot's pictures of {width} x {height} pixels can not be encoded: {error} (E-ROB-ENCODER)"
    )]
    Pictures {
        /// Width as the source tells it. Unit: pixel.
        width: u16,
        /// Height as the source tells it. Unit: pixel.
        height: u16,
        /// What is wrong.
        error: EncodeError,
    },
    /// A thread or a socket could not be made.
    #[error("the system refused {what}: {error} (E-ROB-SYSTEM)")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// The servo thread has ended without having been asked to.
    #[error(
        "the robot's control loop has ended unexpectedly: the links are closed, and the robot was told to stop (E-ROB-ENDED)"
    )]
    Ended,
}

impl NodeError {
    /// The code that every surface shows.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Link(error) => error.code(),
            Self::Misfit { .. } => "E-ROB-MISFIT",
            Self::OtherPicture { .. } => "E-ROB-PICTURE",
            Self::Pictures { .. } => "E-ROB-ENCODER",
            Self::System { .. } => "E-ROB-SYSTEM",
            Self::Ended => "E-ROB-ENDED",
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Link(error) => error.fix(),
            Self::Misfit { .. } => {
                "start this robot with a profile that was made for it, or change the value that is named"
            }
            Self::OtherPicture { .. } => {
                "name what the robot shows in `freshness.steering`, or connect the picture that is wanted"
            }
            Self::Pictures { .. } => {
                "let the picture source tell and deliver a size that the sentence allows, then start again"
            }
            Self::System { .. } => "free the resource that the sentence names, then start again",
            Self::Ended => {
                "look at the robot; the line above this in the log says which code panicked; then start the agent again"
            }
        }
    }
}

/// A running robot. Dropping it stops all threads and orders the drives off.
pub struct RobotNode {
    stop: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    /// The media link.
    pictures: Endpoint,
    threads: Vec<JoinHandle<()>>,
    local: Mutex<LocalSender>,
    summary: SummaryHandle,
    media: Arc<MediaCounts>,
    /// Where the control link listens, in the order that was asked for.
    pub control: Vec<SocketAddr>,
    /// Where the media link listens.
    pub media_address: SocketAddr,
}

/// Keeps what the threads use in memory, where that is permitted.
fn hold_memory() {
    if let Err(sentence) = lock_memory() {
        tracing::warn!("{sentence}");
    }
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

fn open(address: SocketAddr, identity: &Identity) -> Result<Opened, NodeError> {
    let runtime = runtime()?;
    let guard = runtime.enter();
    let endpoint = listen(Kind::Media, address, identity)?;
    drop(guard);
    let address = endpoint.local_addr().map_err(system("the address of a socket"))?;
    Ok(Opened { runtime, endpoint, address })
}

/// The listening endpoint of the media link and the runtime that it lives in.
struct Opened {
    runtime: tokio::runtime::Runtime,
    endpoint: Endpoint,
    address: SocketAddr,
}

/// Ends the node when the servo thread ends, however that comes about.
struct EndOfServo {
    stop: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    pictures: Endpoint,
}

impl Drop for EndOfServo {
    fn drop(&mut self) {
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        // First why, then that: whoever sees the latter asks for the former.
        self.ended.store(true, Ordering::Release);
        self.stop.store(true, Ordering::Release);
        let stalled = VarInt::from_u32(Refusal::Stalled as u32);
        self.pictures.close(stalled, Refusal::Stalled.sentence().as_bytes());
        tracing::error!(code = NodeError::Ended.code(), "{}", NodeError::Ended);
    }
}

/// What operators are told of the robot.
fn greeting(description: Description, profile: &Profile) -> Greeting {
    Greeting { robot: description.name, simulated: description.simulated, profile: profile.hash }
}

/// The core for this robot under this profile, and the eye that its operators see with.
fn fitted(
    profile: &Profile,
    description: &Description,
    robot: &mut dyn Robot,
    source: Box<dyn PictureSource>,
) -> Result<(Core, Eye), NodeError> {
    let mut core = Core::new(profile.clone(), description, control::random_epoch());
    core.handle_own_limits(robot.limit(&core.own_limits()));
    if let Some(misfit) = core.misfit() {
        let (robot, profile) = (description.name.clone(), profile.name.clone());
        return Err(NodeError::Misfit { robot, profile, misfit });
    }
    let (wanted, shown) = (profile.freshness.steering, source.shows());
    if wanted != shown {
        return Err(NodeError::OtherPicture { profile: profile.name.clone(), wanted, shown });
    }
    Ok((core, Eye::open(source, profile.rates.picture_hz)?))
}

/// Where pictures come from, and what encodes them.
struct Eye {
    source: Box<dyn PictureSource>,
    flow: Flow,
    rate_hz: f64,
}

impl Eye {
    /// An eye that has been tried on the size that its source tells.
    fn open(source: Box<dyn PictureSource>, rate_hz: f64) -> Result<Self, NodeError> {
        let (width, height) = source.size();
        let flow = Flow::new((width, height), rate_hz).map_err(|error| NodeError::Pictures {
            width,
            height,
            error,
        })?;
        Ok(Self { source, flow, rate_hz })
    }
}

impl RobotNode {
    /// Starts all threads. The robot begins with its self-test and then waits for local power-on.
    ///
    /// # Errors
    /// [`NodeError`]; nothing is left running.
    pub fn start(
        config: NodeConfig,
        mut robot: Box<dyn Robot>,
        source: Box<dyn PictureSource>,
    ) -> Result<Self, NodeError> {
        let NodeConfig { profile, identity, control, media, clock_base, stall_max, spins } = config;
        let period = Duration::from_secs_f64(1.0 / profile.rates.command_hz);
        let description = robot.describe();
        let (core, eye) = fitted(&profile, &description, robot.as_mut(), source)?;
        let clock = clock_base.map_or_else(HostClock::start, HostClock::sharing);
        hold_memory();
        let (control, media) = (control::open(&control, &identity)?, open(media, &identity)?);
        let greeting = greeting(description, &profile);
        let (said_tx, said) = ring(ROOM);
        let (commands_tx, commands) = ring(ROOM);
        let (answers, answers_rx) = ring(ROOM);
        let (states, states_rx) = ring(ROOM);
        let (captured, captured_rx) = ring(ROOM);
        let (local, local_rx) = ring(ROOM);
        let (journal, ticks) = ring(JOURNAL_ROOM);
        let (witness, witnessed) = ring(JOURNAL_ROOM);
        let (wake, woken) = wake_pair()?;
        let now = clock.now();
        let (vitals, heart) = (Vitals::new(now), Heartbeat::new(now));
        let wake_too = wake.try_clone().map_err(system("a socket pair"))?;
        let connections = Connections {
            said,
            commands,
            answers: answers.waking(wake_too),
            states: states.waking(wake),
            captured: captured_rx,
            local: local_rx,
            journal,
            vitals: vitals.clone(),
            heart: heart.clone(),
        };
        let (stamper, arrivals) = clock_base.map(|_| arrivals(clock)).unzip();
        let journal = Journal::new(ticks, witnessed, profile.clone(), arrivals);
        let shared = MediaShared::new();
        let (holder_name, holder) = watch::channel(None);
        let (stall, stalled) = watch::channel(false);
        let (desired, knobs) = imaging();
        let mut node = Self {
            stop: Arc::default(),
            ended: Arc::default(),
            pictures: media.endpoint.clone(),
            threads: Vec::new(),
            local: Mutex::new(local),
            summary: journal.summary(),
            media: Arc::clone(&shared.counts),
            control: control.addresses.clone(),
            media_address: media.address,
        };
        let Vitals { pictures, records } = vitals;
        node.spawn("journal", move |stop| journal.run(clock, &records, stop))?;
        node.spawn("watchdog", move |stop| {
            watchdog::run(&heart, stall_max, clock, &stall, stop);
        })?;
        let links = control::Connections {
            said: said_tx,
            commands: commands_tx,
            answers: answers_rx,
            states: states_rx,
            wake: woken,
            stalled,
            holder_name,
            imaging: desired,
            stamper,
        };
        let pace = (spins, period);
        node.spawn_control(ControlThread::new(control, greeting, links, clock, pace))?;
        let told = Told { captured, witness, heart: pictures, knobs };
        node.spawn_media(media, eye, clock, told, (shared, holder))?;
        node.spawn_servo(Servo::new(core, robot, clock, connections))?;
        Ok(node)
    }

    /// Why the robot does not run any more, if it does not: then whoever started it should end, too.
    pub fn failure(&self) -> Option<NodeError> {
        self.ended.load(Ordering::Relaxed).then_some(NodeError::Ended)
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
        run: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Result<(), NodeError> {
        let stop = Arc::clone(&self.stop);
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&stop))
            .map_err(system("a thread"))?;
        self.threads.push(thread);
        Ok(())
    }

    fn spawn_control(&mut self, control: ControlThread) -> Result<(), NodeError> {
        let ended = Arc::clone(&self.ended);
        self.spawn("control-link", move |stop| {
            if let Err(sentence) = ask_for_real_time("control-link", "commands") {
                tracing::warn!("{sentence}");
            }
            control.run(stop, &ended);
        })
    }

    fn spawn_servo(&mut self, servo: Servo) -> Result<(), NodeError> {
        let end = EndOfServo {
            stop: Arc::clone(&self.stop),
            ended: Arc::clone(&self.ended),
            pictures: self.pictures.clone(),
        };
        self.spawn("servo", move |stop| {
            // Dropped after the servo, which tells the robot to stop.
            let _end = end;
            if let Err(sentence) = ask_for_real_time("servo", "ticks") {
                tracing::warn!("{sentence}");
            }
            servo.run(stop);
        })
    }

    fn spawn_media(
        &mut self,
        opened: Opened,
        Eye { source, flow, rate_hz }: Eye,
        clock: HostClock<RobotTime>,
        told: Told,
        (shared, holder): (MediaShared, watch::Receiver<Option<String>>),
    ) -> Result<(), NodeError> {
        let (link, pictures) = mpsc::channel(1);
        let (taken_tx, taken) = watch::channel(false);
        let capture = Capture {
            source,
            knobs: told.knobs,
            rate_hz,
            clock,
            captured: told.captured,
            witness: told.witness,
            link,
            taken,
            shared: shared.clone(),
            heart: told.heart,
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
        self.spawn("capture", move |stop| capture.run(flow, stop))
    }
}

/// Who is told of each picture, and who sets them.
struct Told {
    captured: Sender<Captured>,
    witness: Sender<Captured>,
    heart: Heartbeat,
    knobs: Knobs,
}

impl Drop for RobotNode {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.pictures.close(VarInt::from_u32(0), b"the robot agent is shutting down");
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
