//! A running console: all its threads, started in order and stopped together.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver as Answer, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use protocol::host::HostClock;
use protocol::host::priority::{ask_for_real_time, lock_memory};
use protocol::link::Identity;
use protocol::profile::Profile;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use super::error::ConsoleError;
use super::hand::{Device, Hand};
use super::line::{Call, Line, Route};
use super::lock;
use super::mailbox::Mailbox;
use super::media;
use super::player;
use super::rings::speaking_ring;
use super::server::{self, Listening};
use super::shared::{Board, Link, Shared, Word};
use super::status::ConsoleStatus;
use crate::core::OperatorCore;

/// Room in the ring to the hand thread: a second of everything that arrives.
const ROOM: usize = 1_024;

/// Words that wait for the control link at most. They are an operator's acts, and few.
const WORDS_MAX: usize = 16;

/// A link that is not up after this long has failed: handshake, hello, and a second to spare.
const START_MAX: Duration = Duration::from_secs(11);

/// What a console is started with.
pub struct ConsoleConfig {
    /// The limits; the robot must have the same.
    pub profile: Profile,
    /// Who it is.
    pub identity: Identity,
    /// What it calls itself in the robot's log.
    pub name: String,
    /// The ways to the robot's control link; at least one.
    pub routes: Vec<Route>,
    /// Where the robot's media link listens.
    pub media: SocketAddr,
    /// The start of the clock, if the robot's clock shares it: a demonstration on one host. `None`
    /// for a console of its own.
    pub clock_base: Option<Instant>,
    /// What the hand holds.
    pub hand: HandSource,
    /// Who looks at the pictures.
    pub view: View,
    /// The hand thread stays awake before each sample: [`protocol::host::awake`].
    pub spins: bool,
}

/// What the hand holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandSource {
    /// A scripted hand; steers simulated robots only.
    Script {
        /// One seed is one performance.
        seed: u64,
    },
    /// The practice pad of the page; steers simulated robots only.
    Pad,
    /// A gamepad on this machine.
    #[cfg(feature = "gamepad")]
    Gamepad,
}

/// Who looks at the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A page in a browser on this machine.
    Page {
        /// Where it is served; port 0 chooses a free one. Loopback only.
        listen: SocketAddr,
    },
    /// Nobody: each picture is decoded, and counts as presented when it is.
    Headless,
}

/// A running console. Dropping it stops all threads and closes both links.
pub struct ConsoleNode {
    shared: Arc<Shared>,
    url: Option<String>,
    stop: Arc<AtomicBool>,
    stopping: watch::Sender<bool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Tells whoever starts a thread how its start went.
pub(super) type Started<T> = SyncSender<Result<T, ConsoleError>>;

/// Keeps what the threads use in memory, where that is permitted.
fn hold_memory() {
    if let Err(sentence) = lock_memory() {
        tracing::warn!("{sentence}");
    }
}

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> ConsoleError {
    move |error| ConsoleError::System { what, error }
}

/// A runtime for one link thread.
pub(super) fn runtime() -> Result<Runtime, ConsoleError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system("a runtime for a thread"))
}

fn answer<T>(
    from: &Answer<Result<T, ConsoleError>>,
    thread: &'static str,
) -> Result<T, ConsoleError> {
    // Each step on the other end has a bound of its own; this one is for a thread that dies or hangs.
    from.recv_timeout(START_MAX).unwrap_or(Err(ConsoleError::Thread { thread }))
}

impl ConsoleNode {
    /// Connects both links, asks for authority, and starts all threads. Authority is held when it
    /// returns.
    ///
    /// Bound: 25 seconds, with a robot that hesitates at every step.
    ///
    /// # Errors
    /// [`ConsoleError`]; nothing is left running.
    pub fn start(config: ConsoleConfig) -> Result<Self, ConsoleError> {
        let ConsoleConfig { profile, identity, name, routes, media, clock_base, hand, view, spins } =
            config;
        // What can fail without bothering the robot comes first.
        let listening = match view {
            View::Page { listen } => Some(server::listen(listen)?),
            View::Headless => None,
        };
        let device = Device::open(hand, &profile)?;
        hold_memory();
        let clock = clock_base.map_or_else(HostClock::start, HostClock::sharing);
        let (to_hand, inbound) = speaking_ring(ROOM);
        let (words, said) = mpsc::channel(WORDS_MAX);
        let core = OperatorCore::new(&profile);
        let hello = profile.hash;
        let (shared, hand) = Hand::new(core, device, inbound, |published| Shared {
            clock,
            profile,
            to_hand,
            stop: super::shared::StopPress::default(),
            commands_sent: AtomicU64::new(0),
            words,
            imaging_asked: AtomicU32::new(0),
            outlet: super::mailbox::Outlet::default(),
            board: Mutex::new(Board {
                link: Link::Connecting,
                robot: String::new(),
                simulated: false,
                paths: Vec::new(),
                imaging: None,
            }),
            meter: Mutex::default(),
            published,
        });
        let (stopping, stop) = watch::channel(false);
        let node = Self {
            shared,
            url: listening.as_ref().map(Listening::url),
            stop: Arc::default(),
            stopping,
            threads: Mutex::default(),
        };
        let call = Call {
            routes,
            identity: identity.clone(),
            name,
            profile: hello,
            scripted: hand.scripted(),
            spins,
        };
        let (sessions, session) = watch::channel(None);
        node.start_hand(hand, call, said, sessions)?;
        node.start_view(listening, stop.clone())?;
        node.start_media(media, identity, session, stop)?;
        Ok(node)
    }

    /// Where the page is, with its token; `None` without a page.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// As it is now.
    pub fn status(&self) -> ConsoleStatus {
        ConsoleStatus::of(&self.shared)
    }

    /// Asks the robot to stop. Its own word about it is in [`ConsoleStatus::stop`].
    pub fn request_stop(&self) {
        self.shared.stop.press(self.shared.clock.now());
    }

    /// Says that the operator has read why the robot stopped: the stop of the newest epoch.
    pub fn acknowledge(&self) {
        let epoch = self.shared.snapshot().core.epoch();
        self.shared.say(Word::Acknowledge { epoch });
    }

    /// Gives authority back. The console does not ask for it again.
    pub fn release(&self) {
        self.shared.say(Word::Release);
    }

    fn spawn(
        &self,
        name: &'static str,
        run: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Result<(), ConsoleError> {
        let stop = Arc::clone(&self.stop);
        let thread = Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&stop))
            .map_err(system("a thread"))?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// Starts the hand thread, which calls the robot; returns once authority is held.
    fn start_hand(
        &self,
        hand: Hand,
        call: Call,
        words: mpsc::Receiver<Word>,
        sessions: watch::Sender<Option<u64>>,
    ) -> Result<(), ConsoleError> {
        let (started, from): (Started<()>, _) = sync_channel(1);
        let line = Line::new(call, Arc::clone(&self.shared), words, sessions, started)?;
        self.spawn("hand", move |stop| {
            if let Err(sentence) = ask_for_real_time("hand", "commands") {
                tracing::warn!("{sentence}");
            }
            hand.run(line, stop);
        })?;
        answer(&from, "hand")
    }

    fn start_media(
        &self,
        address: SocketAddr,
        identity: Identity,
        session: watch::Receiver<Option<u64>>,
        stop: watch::Receiver<bool>,
    ) -> Result<(), ConsoleError> {
        let (started, from) = sync_channel(1);
        let (runtime, shared) = (runtime()?, Arc::clone(&self.shared));
        self.spawn("media-link", move |_| {
            let call = media::Call { address, identity };
            runtime.block_on(media::run(call, shared, session, stop, started));
        })?;
        answer(&from, "media-link")
    }

    fn start_view(
        &self,
        listening: Option<Listening>,
        stop: watch::Receiver<bool>,
    ) -> Result<(), ConsoleError> {
        let shared = Arc::clone(&self.shared);
        if let Some(listening) = listening {
            return self.spawn("console-page", move |_| server::run(listening, shared, stop));
        }
        let runtime = runtime()?;
        let decoder = player::decoder().map_err(ConsoleError::Decoder)?;
        let mailbox = Arc::new(Mailbox::default());
        self.shared.outlet.look(Arc::clone(&mailbox));
        self.spawn("player", move |_| {
            runtime.block_on(player::run(decoder, &mailbox, &shared, stop));
        })
    }
}

impl Drop for ConsoleNode {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.stopping.send_replace(true);
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}
