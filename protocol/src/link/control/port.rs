//! A socket for the control link, and waiting for it: what a thread of its own needs, and no runtime.
//!
//! A packet that the socket does not take at once is dropped and counted: the frame after it is newer, and
//! what must arrive is repeated by QUIC. The socket's own buffer is small for the same reason.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use super::super::endpoint::bound;
use super::super::socket::{class, mark};
use super::super::{Kind, LinkError};
use super::{ControlLink, Way};

/// Larger than every packet of a control link. Unit: byte.
const PACKET_MAX: usize = 2_048;

/// Packets taken in at a time at most: a flood can not keep a thread from its other work.
const TAKEN_MAX: usize = 256;

/// What the kernel keeps of packets that the network card has not taken. Unit: byte, with its bookkeeping; a
/// dozen frames.
const SEND_BUFFER: usize = 8 * 1024;

/// The socket of one end, or of one path.
#[derive(Debug)]
pub struct Port {
    socket: UdpSocket,
    incoming: Vec<u8>,
    unsent: u64,
}

impl Port {
    /// A socket that is called at `address`.
    ///
    /// # Errors
    /// [`LinkError::InUse`], [`LinkError::Bind`].
    pub fn listen(address: SocketAddr) -> Result<Self, LinkError> {
        let socket = bound(address)?;
        socket.set_nonblocking(true).map_err(|e| LinkError::bind(&e, address))?;
        mark(&socket, class(Kind::Control), 0, address.is_ipv6());
        let _ = sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER);
        Ok(Self { socket, incoming: vec![0; PACKET_MAX], unsent: 0 })
    }

    /// A socket to call `robot` from: from this address of the machine, or from where its routes lead.
    ///
    /// # Errors
    /// [`LinkError::Bind`].
    pub fn caller(robot: SocketAddr, from: Option<IpAddr>) -> Result<Self, LinkError> {
        let any: IpAddr = match robot {
            SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        Self::listen((from.unwrap_or(any), 0).into())
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Packets that the socket did not take at once, and that were dropped for it.
    pub const fn unsent(&self) -> u64 {
        self.unsent
    }

    /// Hands the link what has arrived; this is its port number `number`. True if there may be more.
    pub fn take_in(
        &mut self,
        link: &mut ControlLink,
        number: usize,
        clock: impl Fn() -> Instant,
    ) -> bool {
        for _ in 0..TAKEN_MAX {
            match self.socket.recv_from(&mut self.incoming) {
                Ok((n, address)) => {
                    let packet = self.incoming.get(..n).unwrap_or_default();
                    link.receive(Way { port: number, address }, packet, clock());
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                // What became of an earlier packet; others may still arrive.
                Err(_) => {}
            }
        }
        true
    }

    /// Sends one packet.
    fn send(&mut self, packet: &[u8], to: SocketAddr) {
        if self.socket.send_to(packet, to).is_err() {
            self.unsent += 1;
        }
    }
}

/// Sends what the link has to send, through the port that it names.
pub fn give_out(ports: &mut [Port], link: &mut ControlLink, packet: &mut Vec<u8>, now: Instant) {
    while let Some(way) = link.transmit(packet, now) {
        if let Some(port) = ports.get_mut(way.port) {
            port.send(packet, way.address);
        }
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Sources that can be waited for at a time.
const SOURCES_MAX: usize = 8;

/// Waits until one of `sources` has something to read, or until `until`. Never before it, if nothing comes.
/// Sources beyond the eighth are not waited for.
pub fn wait(sources: &[BorrowedFd<'_>], until: Option<Instant>, now: Instant) {
    let Some(first) = sources.first() else { return };
    let of = |n| PollFd::from_borrowed_fd(*sources.get(n).unwrap_or(first), PollFlags::IN);
    let mut polled: [PollFd<'_>; SOURCES_MAX] = core::array::from_fn(of);
    let polled = polled.get_mut(..sources.len()).unwrap_or_default();
    let left = until.map(|until| until.saturating_duration_since(now));
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    // Interrupted by a signal, or not: whoever waits looks again anyway.
    let _ = poll(polled, left.as_ref());
}
