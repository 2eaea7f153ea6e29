//! The control link, as the robot agent and the console drive it.

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use protocol::host::awake::Awake;
use protocol::link::control::port::{Port, give_out, wait};
use protocol::link::control::{CallId, ControlLink, Event};
use protocol::link::{LinkError, Role};

use super::pace::{self, Client, LOST_AFTER, now};
use super::{BenchError, Keys, MESSAGE_BYTES, RATE_HZ, Round};

/// The longest that the echo sleeps before it looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One end, with its socket.
struct End {
    link: ControlLink,
    port: [Port; 1],
    packet: Vec<u8>,
    awake: Awake,
}

impl End {
    fn new(link: ControlLink, port: Port, spins: bool) -> Self {
        Self { link, port: [port], packet: Vec::new(), awake: Awake::new(spins) }
    }

    fn take_in(&mut self) {
        for (number, port) in self.port.iter_mut().enumerate() {
            port.take_in(&mut self.link, number, now);
        }
    }

    fn give_out(&mut self, at: Instant) {
        give_out(&mut self.port, &mut self.link, &mut self.packet, at);
    }

    fn sleep(&self, until: Instant, at: Instant) {
        wait(&self.port.each_ref().map(Port::as_fd), Some(until), at);
    }

    /// Does what there is to do, and sleeps until something arrives or until then.
    fn turn(&mut self, until: Instant) -> Option<Event> {
        loop {
            self.take_in();
            let at = now();
            self.link.elapse(at);
            if let Some(event) = self.link.poll() {
                return Some(event);
            }
            self.give_out(at);
            if at >= until {
                return None;
            }
            let due = self.link.due().map_or(until, |due| due.min(until));
            if let Some(until) = self.awake.sleep_until(due, at) {
                self.sleep(until, at);
            }
        }
    }

    fn send(&mut self, call: CallId, message: &[u8]) -> bool {
        let sent = self.link.send_frame(call, message).is_ok();
        self.give_out(now());
        sent
    }
}

struct OnLink {
    end: End,
    call: CallId,
}

impl Client for OnLink {
    fn wait(&mut self, due: Instant) {
        // What arrives now is late, and nobody's.
        while self.end.turn(due).is_some() {}
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        if !self.end.send(self.call, message) {
            return false;
        }
        let sent = now();
        self.end.awake.expect(sent);
        let until = sent + LOST_AFTER;
        while let Some(event) = self.end.turn(until) {
            if matches!(event, Event::Frame { bytes, .. } if bytes[..] == *message) {
                return true;
            }
        }
        false
    }
}

pub(super) fn run(keys: &Keys, lasts: Duration, spins: bool) -> Result<Round, BenchError> {
    let (round, ()) = beside(keys, lasts, spins, |_| Ok(()))?;
    Ok(round)
}

/// The same beside something that `start` starts once the robot's port is there.
pub(super) fn beside<T>(
    keys: &Keys,
    lasts: Duration,
    spins: bool,
    start: impl FnOnce(SocketAddr) -> Result<T, BenchError>,
) -> Result<(Round, T), BenchError> {
    let link = ControlLink::robot(&keys.robot, &[Role::Operator], None)?;
    let port = Port::listen((Ipv4Addr::LOCALHOST, 0).into())?;
    let to = port.address()?;
    let echo = pace::echo(move |stop| echo(End::new(link, port, spins), stop))?;
    let started = start(to)?;
    let operator = keys.operator.clone();
    let mut round = pace::client(
        move || {
            let link = ControlLink::console(&operator, None)?;
            let mut end = End::new(link, Port::caller(to, None)?, spins);
            let call = end.link.call(to, now())?;
            let until = now() + Duration::from_secs(10);
            loop {
                match end.turn(until) {
                    Some(Event::Joined { .. }) => break,
                    Some(Event::Ended { why, .. }) => return Err(why.into()),
                    Some(Event::Frame { .. }) => {}
                    None => return Err(LinkError::Silent.into()),
                }
            }
            Ok(OnLink { end, call })
        },
        lasts,
    )?;
    round.echo = echo.end()?;
    Ok((round, started))
}

/// Returns each frame; a spinning echo expects the next one a period later.
fn echo(mut end: End, stop: &AtomicBool) {
    let period = Duration::from_secs(1) / RATE_HZ;
    while !stop.load(Ordering::Relaxed) {
        if let Some(Event::Frame { call, bytes }) = end.turn(now() + LOOK_EVERY) {
            end.send(call, &bytes);
            end.awake.expect(now() + period);
        }
    }
}
