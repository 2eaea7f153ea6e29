//! A socket whose packets say which class of traffic they are.
//!
//! Problem: a network that gives classes of their own to commands and to pictures reads the class
//! from each packet (DSCP), and the QUIC library writes that byte itself: it passes its two bits of
//! congestion marking with every packet, and a value passed with a packet wins over that of the
//! socket, DSCP and priority included. Passing another value needs `unsafe`, which is forbidden here.
//!
//! The rule chosen: packets are sent without such a value. The byte is an option of the socket, set
//! once for the class, and again on the rare occasions when the two bits of congestion marking
//! change. Receiving stays with the library, which reads those bits.
//!
//! Limits: without a value passed along, the system chooses the address that a packet comes from. So
//! a robot that listens on *every* address answers through the library, without a class, from the
//! address that was called; listen on one address to be marked. Packets go out one by one, without
//! segmentation offload. Whether a network honours the class, or clears it, is up to the network.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use quinn::udp::{RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncTimer, AsyncUdpSocket, Runtime, TokioRuntime, UdpPoller};
use rustix::net::sockopt::{set_ip_tos, set_ipv6_tclass};
use socket2::SockRef;
use tokio::io::Interest;

use super::Kind;

/// What the packets of one kind of connection are marked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// Differentiated services code point, 0 to 63 (RFC 2474).
    pub dscp: u8,
    /// Priority in the queues of this computer, 0 to 6 (`SO_PRIORITY` of Linux).
    pub priority: u32,
}

/// The class of a connection.
///
/// Source: RFC 4594, sections 4.1 and 4.3. Commands and states are few, of a fixed rate and useless
/// when late, as telephony is: EF. Pictures adapt their rate and may be dropped before commands:
/// AF41.
pub const fn class(kind: Kind) -> Class {
    match kind {
        Kind::Control => Class { dscp: 46, priority: 6 },
        Kind::Media => Class { dscp: 34, priority: 4 },
    }
}

/// Marks what a socket sends with this class and these two bits of congestion marking. Where the system
/// refuses, packets go out without.
pub(super) fn mark(socket: impl AsFd, class: Class, ecn: u8, is_ipv6: bool) {
    let byte = (class.dscp << 2) | ecn;
    if is_ipv6 {
        let _ = set_ipv6_tclass(&socket, byte.into());
    }
    // For version 6 too: what it sends to mapped addresses has the option of version 4.
    let _ = set_ip_tos(&socket, byte);
    // Behind it, because the option of version 4 sets a priority of its own.
    let _ = SockRef::from(&socket).set_priority(class.priority);
}

/// tokio, with sockets whose packets are marked with a class.
#[derive(Debug)]
pub struct Marking(pub Class);

impl Runtime for Marking {
    fn new_timer(&self, at: Instant) -> Pin<Box<dyn AsyncTimer>> {
        TokioRuntime.new_timer(at)
    }

    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        TokioRuntime.spawn(future);
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(MarkedSocket::new(socket, self.0)?))
    }

    fn now(&self) -> Instant {
        TokioRuntime.now()
    }
}

/// A socket that marks what it sends.
#[derive(Debug)]
struct MarkedSocket {
    io: tokio::net::UdpSocket,
    library: UdpSocketState,
    class: Class,
    address: SocketAddr,
    /// The bits of congestion marking that the socket has now.
    ecn: AtomicU8,
}

impl MarkedSocket {
    fn new(socket: UdpSocket, class: Class) -> io::Result<Self> {
        // The library makes the socket non-blocking, and lets it tell the marks of what arrives.
        let library = UdpSocketState::new((&socket).into())?;
        let address = socket.local_addr()?;
        let io = tokio::net::UdpSocket::from_std(socket)?;
        let socket = Self { io, library, class, address, ecn: AtomicU8::new(0) };
        socket.mark(0);
        Ok(socket)
    }

    /// Writes class and congestion marking into the options of the socket.
    fn mark(&self, ecn: u8) {
        mark(&self.io, self.class, ecn, self.address.is_ipv6());
        self.ecn.store(ecn, Ordering::Relaxed);
    }

    fn send_marked(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let ecn = transmit.ecn.map_or(0, |ecn| ecn as u8);
        if ecn != self.ecn.load(Ordering::Relaxed) {
            self.mark(ecn);
        }
        self.io.try_send_to(transmit.contents, transmit.destination).map(drop)
    }
}

impl AsyncUdpSocket for MarkedSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable { socket: self, waiting: None })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if transmit.src_ip.is_some() && self.address.ip().is_unspecified() {
            return self
                .io
                .try_io(Interest::WRITABLE, || self.library.send((&self.io).into(), transmit));
        }
        match self.send_marked(transmit) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            // Whatever else keeps a packet back is to QUIC a lost packet, as in the library.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.io.poll_recv_ready(context))?;
            let receive = || self.library.recv((&self.io).into(), buffers, meta);
            if let Ok(received) = self.io.try_io(Interest::READABLE, receive) {
                return Poll::Ready(Ok(received));
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    fn may_fragment(&self) -> bool {
        self.library.may_fragment()
    }

    fn max_receive_segments(&self) -> usize {
        self.library.gro_segments()
    }
}

/// Waits until a socket takes a packet again. A future of its own, because a socket that is polled
/// wakes only who asked last, and several connections may wait for one socket.
struct Writable {
    socket: Arc<MarkedSocket>,
    waiting: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>>,
}

impl fmt::Debug for Writable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writable").finish_non_exhaustive()
    }
}

impl UdpPoller for Writable {
    fn poll_writable(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = Arc::clone(&self.socket);
        let waiting =
            self.waiting.get_or_insert_with(|| Box::pin(async move { socket.io.writable().await }));
        let ready = ready!(waiting.as_mut().poll(context));
        self.waiting = None;
        Poll::Ready(ready)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
    use quinn::udp::EcnCodepoint;
    use rustix::net::sockopt::{set_ip_recvtos, set_ipv6_recvtclass};

    use super::*;

    fn receiver(address: SocketAddr) -> Option<UdpSocket> {
        let socket = UdpSocket::bind(address).ok()?;
        match address {
            SocketAddr::V4(_) => set_ip_recvtos(&socket, true).unwrap(),
            SocketAddr::V6(_) => set_ipv6_recvtclass(&socket, true).unwrap(),
        }
        Some(socket)
    }

    /// The byte with the class of the packet that comes next, as it was on the wire.
    fn class_on_the_wire(socket: &UdpSocket) -> u8 {
        let mut bytes = [0; 16];
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let mut control = nix::cmsg_space!([u8; 64]);
        let (fd, flags) = (socket.as_raw_fd(), MsgFlags::empty());
        let message =
            recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags).unwrap();
        let mut found = message.cmsgs().unwrap().map(|message| match message {
            ControlMessageOwned::Ipv4Tos(byte) => byte,
            ControlMessageOwned::Ipv6TClass(byte) => byte as u8,
            other => panic!("{other:?}"),
        });
        found.next().unwrap()
    }

    #[tokio::test]
    async fn packets_carry_the_class_beside_the_congestion_marking() {
        for local in [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()] {
            // A computer without IPv6 shows half of it.
            let Some(to) = receiver(local) else { continue };
            for kind in [Kind::Control, Kind::Media] {
                let from = UdpSocket::bind(local).unwrap();
                let from = MarkedSocket::new(from, class(kind)).unwrap();
                let destination = to.local_addr().unwrap();
                for ecn in [None, Some(EcnCodepoint::Ect0), Some(EcnCodepoint::Ce), None] {
                    let (contents, segment_size, src_ip) = (b"x".as_slice(), None, None);
                    let sent = Transmit { destination, ecn, contents, segment_size, src_ip };
                    from.io.writable().await.unwrap();
                    from.try_send(&sent).unwrap();
                    let byte = (class(kind).dscp << 2) | ecn.map_or(0, |ecn| ecn as u8);
                    assert_eq!(class_on_the_wire(&to), byte, "{kind:?} {local} {ecn:?}");
                }
                let priority = SockRef::from(&from.io).priority().unwrap();
                assert_eq!(priority, class(kind).priority);
            }
        }
    }

    #[test]
    fn commands_are_of_a_higher_class_than_pictures() {
        let (control, media) = (class(Kind::Control), class(Kind::Media));
        assert!(control.dscp > media.dscp && control.priority > media.priority);
    }
}
