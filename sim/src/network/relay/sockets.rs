//! The thread that owns sockets and a clock.

use core::time::Duration;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use protocol::host::priority;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clients::Clients;
use super::traffic::{Direction, Due, RelayCore};
use super::{PAIRS_MAX, PUBLISH_EVERY, Pair, RelayError, Shared};

/// The largest packet there is. Unit: byte.
const PACKET_MAX: usize = 65_536;

/// Packets that are read from one socket before the others have their turn.
const BATCH: usize = 32;

/// What is recent is of the last of these.
const SECOND: Duration = Duration::from_secs(1);

/// All sockets.
#[derive(Debug)]
pub(super) struct Sockets {
    /// One for each pair, with where it forwards to.
    listeners: Vec<(UdpSocket, SocketAddr)>,
    clients: Clients,
    refused: u64,
    unsent: u64,
}

/// A socket that has something to read.
#[derive(Debug, Clone, Copy)]
enum Readable {
    Listener(usize),
    Client(u64),
}

impl Sockets {
    pub(super) fn bind(pairs: &[Pair]) -> Result<Self, RelayError> {
        if !(1..=PAIRS_MAX).contains(&pairs.len()) {
            return Err(RelayError::Pairs(pairs.len()));
        }
        let bind = |pair: &Pair| {
            let listen = |error| RelayError::Listen { address: pair.listen, error };
            let socket = UdpSocket::bind(pair.listen).map_err(listen)?;
            socket.set_nonblocking(true).map_err(listen)?;
            if socket.local_addr().map_err(listen)? == pair.to {
                return Err(RelayError::Loop(pair.to));
            }
            Ok((socket, pair.to))
        };
        let listeners = pairs.iter().map(bind).collect::<Result<_, _>>()?;
        Ok(Self { listeners, clients: Clients::default(), refused: 0, unsent: 0 })
    }

    pub(super) fn listening(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().filter_map(|(socket, _)| socket.local_addr().ok())
    }

    /// Relays until it is to end.
    #[expect(clippy::disallowed_methods, reason = "the relay owns the clock of its link")]
    pub(super) fn run(mut self, mut core: RelayCore, shared: &Shared) -> Result<(), RelayError> {
        if let Err(why) = priority::ask_for_real_time("relay", "packets") {
            *shared.unprivileged.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
                Some(why);
        }
        let began = Instant::now();
        let mut buffer = vec![0; PACKET_MAX];
        let (mut publish, mut second) = (Duration::ZERO, SECOND);
        while !shared.ends() {
            let now = began.elapsed();
            if now >= publish {
                if now >= second {
                    core.end_second();
                    second = now.saturating_add(SECOND);
                }
                self.publish(now, &mut core, shared);
                publish = now.saturating_add(PUBLISH_EVERY);
            }
            while let Some(due) = core.poll_due(began.elapsed()) {
                self.send(&due);
                core.recycle(due.bytes);
            }
            let until = core.next_due().map_or(publish, |at| at.min(publish));
            for readable in self.wait(until.saturating_sub(began.elapsed()))? {
                self.receive(readable, &mut buffer, &mut core, &began);
            }
        }
        self.publish(began.elapsed(), &mut core, shared);
        Ok(())
    }

    fn publish(&self, now: Duration, core: &mut RelayCore, shared: &Shared) {
        let mut stats = core.stats(now);
        stats.clients = self.clients.len();
        stats.refused = self.refused;
        stats.unsent = self.unsent;
        shared.publish(stats);
    }

    /// Waits until something can be read, at most for `timeout`.
    fn wait(&self, timeout: Duration) -> Result<Vec<Readable>, RelayError> {
        let listeners = (0..).zip(&self.listeners).map(|(i, (s, _))| (Readable::Listener(i), s));
        let clients = self.clients.iter().map(|(n, c)| (Readable::Client(n), &c.upstream));
        let (all, mut fds): (Vec<_>, Vec<_>) = listeners
            .chain(clients)
            .map(|(readable, socket)| (readable, PollFd::new(socket, PollFlags::IN)))
            .unzip();
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(RelayError::System(error.into())),
        }
        let ready = all.into_iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(ready.map(|(readable, _)| readable).collect())
    }

    fn receive(
        &mut self,
        from: Readable,
        buffer: &mut [u8],
        core: &mut RelayCore,
        began: &Instant,
    ) {
        for _ in 0..BATCH {
            let read = match from {
                Readable::Listener(pair) => self.read_listener(pair, buffer, began),
                Readable::Client(number) => self.read_target(number, buffer, began),
            };
            match read {
                Ok(Some((now, direction, client, bytes))) => {
                    let bytes = buffer.get(..bytes).unwrap_or_default();
                    core.handle_packet(now, direction, client, bytes);
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An address has refused what was sent to it before.
                Err(_) => self.unsent += 1,
            }
        }
    }

    fn read_listener(&mut self, pair: usize, buffer: &mut [u8], began: &Instant) -> Received {
        let Some((socket, target)) = self.listeners.get(pair) else { return Ok(None) };
        let (bytes, address) = socket.recv_from(buffer)?;
        let now = began.elapsed();
        let Some(client) = self.clients.hear(now, (pair, address), *target) else {
            self.refused += 1;
            return Ok(None);
        };
        Ok(Some((now, Direction::Up, client, bytes)))
    }

    fn read_target(&mut self, number: u64, buffer: &mut [u8], began: &Instant) -> Received {
        let Some(client) = self.clients.get_mut(number) else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let bytes = client.upstream.recv(buffer)?;
        let now = began.elapsed();
        client.heard = now;
        Ok(Some((now, Direction::Down, number, bytes)))
    }

    fn send(&mut self, due: &Due) {
        let Some(client) = self.clients.get(due.client) else {
            self.unsent += 1;
            return;
        };
        let sent = match due.direction {
            Direction::Up => client.upstream.send(&due.bytes),
            Direction::Down => match self.listeners.get(client.pair) {
                Some((socket, _)) => socket.send_to(&due.bytes, client.address),
                None => return,
            },
        };
        self.unsent += u64::from(sent.is_err());
    }
}

/// A packet: when it came, which way it goes, whose it is, its length.
type Received = io::Result<Option<(Duration, Direction, u64, usize)>>;
