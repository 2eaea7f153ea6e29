//! The control link: one console with authority, its commands in, states out.
//!
//! Runs on a thread of its own, which drives QUIC itself: it sleeps until a packet arrives, the servo has said
//! something, or a timer is due, and then does all there is to do. What arrives is decoded here, where a flood
//! costs the servo nothing, and passed on through rings; what the servo says is sent to whoever holds
//! authority. Who that is, the desk decides.

mod desk;

use core::time::Duration;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use protocol::frame::StateFrame;
use protocol::host::HostClock;
use protocol::host::awake::Awake;
use protocol::link::control::ControlLink;
use protocol::link::control::port::{Port, give_out, wait};
use protocol::link::{Identity, LinkError, Role};
use protocol::session::Refusal;
use protocol::time::Robot as RobotTime;
use tokio::sync::watch;

use self::desk::Desk;
use super::arrivals::Stamper;
use super::imaging::Desired;
use super::rings::{Answer, Inbound, Receiver, Sender};
use crate::core::SessionEvent;

/// Time for a last word to arrive before the socket is closed under it.
const LAST_WORD_MAX: Duration = Duration::from_millis(500);

/// The longest sleep: nobody wakes this thread when it is to stop, or when the servo stands still.
const SLEEP_MAX: Duration = Duration::from_millis(20);

/// What consoles are told when the servo thread has ended.
const ENDED: &[u8] = b"the robot's control loop has ended, and the robot was told to stop";

/// What consoles are told when the agent stops in order.
const STOPPING: &[u8] = b"the robot agent is shutting down";

/// What the control link needs to know of the robot.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// Name of the robot.
    pub robot: String,
    /// True if nothing real moves.
    pub simulated: bool,
    /// Hash of the profile in force.
    pub profile: [u8; 32],
}

/// What the control link is connected to.
pub struct Connections {
    /// To the servo: what operators say on the session stream.
    pub said: Sender<SessionEvent>,
    /// To the servo: commands.
    pub commands: Sender<Inbound>,
    /// From the servo: what operators must hear.
    pub answers: Receiver<Answer>,
    /// From the servo: states to send.
    pub states: Receiver<StateFrame>,
    /// A byte comes here whenever the servo has said something. Does not block.
    pub wake: UnixStream,
    /// From the watchdog: true while the servo stands still.
    pub stalled: watch::Receiver<bool>,
    /// To the media link: the operator who holds authority.
    pub holder_name: watch::Sender<Option<String>>,
    /// To and from the capture thread: how the pictures are set.
    pub imaging: Desired,
    /// Stamps commands, where the operator's clock is this robot's.
    pub stamper: Option<Stamper>,
}

/// The control link before its thread runs: the sockets are bound.
pub struct Opened {
    link: ControlLink,
    ports: Vec<Port>,
    /// Where it listens, in the order that was asked for.
    pub addresses: Vec<SocketAddr>,
}

/// Binds the control link to all of these addresses, one for each network that the robot is on.
///
/// # Errors
/// [`LinkError`].
pub fn open(wanted: &[SocketAddr], identity: &Identity) -> Result<Opened, LinkError> {
    let link = ControlLink::robot(identity, &[Role::Operator], None)?;
    let (mut ports, mut addresses) = (Vec::new(), Vec::new());
    for address in wanted {
        let port = Port::listen(*address)?;
        let kind = |e: std::io::Error| LinkError::Bind { address: *address, kind: e.kind() };
        addresses.push(port.address().map_err(kind)?);
        ports.push(port);
    }
    Ok(Opened { link, ports, addresses })
}

/// The thread of the control link.
pub struct ControlThread {
    desk: Desk,
    ports: Vec<Port>,
    packet: Vec<u8>,
    wake: UnixStream,
    clock: HostClock<RobotTime>,
    awake: Awake,
    /// Between two commands.
    period: Duration,
}

impl ControlThread {
    /// A thread that has not begun. If it `spins` it stays awake around the command that is next, a `period` after
    /// the one before.
    pub fn new(
        opened: Opened,
        greeting: Greeting,
        connections: Connections,
        clock: HostClock<RobotTime>,
        (spins, period): (bool, Duration),
    ) -> Self {
        let (desk, wake) = Desk::new(opened.link, greeting, connections, clock);
        let awake = Awake::new(spins);
        Self { desk, ports: opened.ports, packet: Vec::new(), wake, clock, awake, period }
    }

    /// Runs until `stop` is set. `ended`: it is, because the servo thread has ended.
    pub fn run(mut self, stop: &AtomicBool, ended: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            self.turn();
            self.sleep(SLEEP_MAX);
        }
        let (code, why) = if ended.load(Ordering::Acquire) {
            (Refusal::Stalled as u32, ENDED)
        } else {
            (0, STOPPING)
        };
        self.desk.close(code, why, self.now());
        self.say_good_bye();
    }

    /// The reason is said on every call before the socket goes.
    fn say_good_bye(&mut self) {
        let until = self.now() + LAST_WORD_MAX;
        while !self.desk.link.is_idle() && self.now() < until {
            self.take_in();
            self.desk.link.elapse(self.now());
            self.give_out();
            self.sleep(LAST_WORD_MAX);
        }
    }

    /// All there is to do now.
    fn turn(&mut self) {
        let mut more = true;
        while more {
            more = self.take_in();
            let now = self.now();
            self.desk.link.elapse(now);
            if self.desk.turn(now) {
                self.awake.expect(now + self.period);
            }
            self.give_out();
        }
    }

    /// Takes in what has arrived. True if there may be more.
    fn take_in(&mut self) -> bool {
        let (clock, link) = (self.clock, &mut self.desk.link);
        let each = self.ports.iter_mut().enumerate();
        // Every port has its turn before any has a second one.
        each.fold(false, |more, (n, port)| port.take_in(link, n, || clock.instant()) || more)
    }

    fn give_out(&mut self) {
        let now = self.now();
        give_out(&mut self.ports, &mut self.desk.link, &mut self.packet, now);
    }

    fn sleep(&mut self, at_most: Duration) {
        let now = self.now();
        let due = self.desk.due().map_or(now + at_most, |due| due.min(now + at_most));
        let Some(due) = self.awake.sleep_until(due, now) else { return };
        let ports = self.ports.iter().map(Port::as_fd);
        let sources: Vec<_> = core::iter::once(self.wake.as_fd()).chain(ports).collect();
        wait(&sources, Some(due), now);
        let mut bytes = [0; 256];
        // One read is enough: a full buffer is read again in the next turn.
        let _ = self.wake.read(&mut bytes);
    }

    fn now(&self) -> Instant {
        self.clock.instant()
    }
}

/// An epoch to start under, from the system's random source: a robot that restarts must not take up
/// the epochs of its former life. Small enough never to wrap.
pub fn random_epoch() -> u32 {
    let mut bytes = [0; 4];
    match rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes) >> 2,
        // Without a random source no session is granted either, so any epoch will do.
        Err(_) => 0,
    }
}
