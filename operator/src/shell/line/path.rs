//! One path to the robot: a socket, a link, and how far the call on it has come.

use core::time::Duration;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use protocol::link::control::port::{Port, give_out};
use protocol::link::control::{CallId, ControlLink};
use protocol::link::{Identity, LinkError};

use super::gauge::Gauge;
use super::{REDIAL_MAX, REDIAL_MIN};
use crate::shell::shared::PathState;

/// A way to the robot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What people call it, such as `wired` or `5g`.
    pub name: String,
    /// Where the robot listens, seen from there.
    pub robot: SocketAddr,
    /// The address of this machine to call from; `None`: where its routes lead.
    pub from: Option<IpAddr>,
}

impl Route {
    /// The only way there is, from where the routes of this machine lead.
    pub fn direct(robot: SocketAddr) -> Self {
        Self { name: "direct".to_owned(), robot, from: None }
    }
}

/// How far the call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It calls again then.
    Resting { until: Instant },
    /// It shakes hands.
    Calling { call: CallId },
    /// The robot admits this console, which has not said anything yet.
    Admitted { call: CallId },
    /// Hello, or join, was said; the robot must answer by then.
    Asked { call: CallId, until: Instant },
    /// Commands and states.
    Up { call: CallId },
}

impl Stage {
    pub(super) fn call(self) -> Option<CallId> {
        match self {
            Self::Resting { .. } => None,
            Self::Calling { call }
            | Self::Admitted { call }
            | Self::Asked { call, .. }
            | Self::Up { call } => Some(call),
        }
    }
}

/// One path.
pub(super) struct Path {
    pub(super) route: Route,
    pub(super) link: ControlLink,
    port: [Port; 1],
    packet: Vec<u8>,
    pub(super) stage: Stage,
    pub(super) gauge: Gauge,
    /// The pause before the next call.
    pause: Duration,
}

impl Path {
    /// A path that calls at once.
    ///
    /// # Errors
    /// [`LinkError`].
    pub(super) fn new(route: Route, identity: &Identity, now: Instant) -> Result<Self, LinkError> {
        let link = ControlLink::console(identity, None)?;
        let port = [Port::caller(route.robot, route.from)?];
        let stage = Stage::Resting { until: now };
        Ok(Self {
            route,
            link,
            port,
            packet: Vec::new(),
            stage,
            gauge: Gauge::default(),
            pause: REDIAL_MIN,
        })
    }

    pub(super) fn up(&self) -> Option<CallId> {
        if let Stage::Up { call } = self.stage { Some(call) } else { None }
    }

    /// Calls the robot, from a fresh socket: the old one may belong to a network that is gone.
    pub(super) fn call(&mut self, now: Instant) -> Result<(), LinkError> {
        self.port = [Port::caller(self.route.robot, self.route.from)?];
        let call = self.link.call(self.route.robot, now)?;
        self.stage = Stage::Calling { call };
        Ok(())
    }

    /// Closes what there is of a call, and rests.
    pub(super) fn rest(&mut self, why: &[u8], now: Instant) {
        if let Some(call) = self.stage.call() {
            self.link.close(call, 0, why, now);
        }
        self.stage = Stage::Resting { until: now + self.pause };
        self.pause = (self.pause * 2).min(REDIAL_MAX);
    }

    /// The call is a success.
    pub(super) fn rise(&mut self, call: CallId) {
        self.stage = Stage::Up { call };
        self.gauge = Gauge::default();
        self.pause = REDIAL_MIN;
    }

    /// How it does. `newest`: the number of the newest state of all paths.
    pub(super) fn state(&mut self, newest: Option<u64>) -> PathState {
        let health = self.up().and_then(|call| self.link.health(call));
        let figures = health.map(|health| self.gauge.read(&health, newest));
        let (name, called) = (self.route.name.clone(), self.route.robot);
        let robot = self.up().and_then(|call| self.link.address(call)).unwrap_or(called);
        PathState { name, called, robot, figures }
    }

    /// Takes in what has arrived, and lets time pass.
    pub(super) fn take_in(&mut self, clock: impl Fn() -> Instant) {
        for (number, port) in self.port.iter_mut().enumerate() {
            port.take_in(&mut self.link, number, &clock);
        }
        self.link.elapse(clock());
    }

    pub(super) fn give_out(&mut self, now: Instant) {
        give_out(&mut self.port, &mut self.link, &mut self.packet, now);
    }
}

impl AsFd for Path {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let [port] = &self.port;
        port.as_fd()
    }
}
