//! The baselines without encryption: blocking sockets, and those of a runtime.

use core::time::Duration;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};

use super::pace::{self, Client, LOST_AFTER, sleep_until};
use super::{BenchError, MESSAGE_BYTES, Round};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The longest that an echo sleeps before it looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

struct Raw {
    socket: UdpSocket,
    buffer: [u8; MESSAGE_BYTES],
}

impl Client for Raw {
    fn wait(&mut self, due: Instant) {
        sleep_until(due);
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        if self.socket.send(message).is_err() {
            return false;
        }
        // What came too late for an earlier message is not this one.
        while self.socket.recv(&mut self.buffer).is_ok() {
            if self.buffer == *message {
                return true;
            }
        }
        false
    }
}

pub(super) fn raw(lasts: Duration) -> Result<Round, BenchError> {
    let (round, ()) = raw_beside(lasts, |_| Ok(()))?;
    Ok(round)
}

/// The same beside something that `start` starts once the echo's port is there. The echo answers the client
/// only.
pub(super) fn raw_beside<T>(
    lasts: Duration,
    start: impl FnOnce(SocketAddr) -> Result<T, BenchError>,
) -> Result<(Round, T), BenchError> {
    let socket = UdpSocket::bind(ANY)?;
    socket.set_read_timeout(Some(LOOK_EVERY))?;
    let to = socket.local_addr()?;
    let started = start(to)?;
    let caller = UdpSocket::bind(ANY)?;
    let known = caller.local_addr()?;
    let echo = pace::echo(move |stop| {
        let mut buffer = [0; MESSAGE_BYTES];
        while !stop.load(Ordering::Relaxed) {
            match socket.recv_from(&mut buffer) {
                Ok((n, from)) if from == known => {
                    let _ = socket.send_to(buffer.get(..n).unwrap_or_default(), from);
                }
                Ok(_) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return,
            }
        }
    })?;
    let mut round = pace::client(
        move || {
            caller.connect(to)?;
            caller.set_read_timeout(Some(LOST_AFTER))?;
            Ok(Raw { socket: caller, buffer: [0; MESSAGE_BYTES] })
        },
        lasts,
    )?;
    round.echo = echo.end()?;
    Ok((round, started))
}

pub(super) fn runtime() -> Result<Runtime, BenchError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

struct OnTokio {
    runtime: Runtime,
    socket: tokio::net::UdpSocket,
    buffer: [u8; MESSAGE_BYTES],
}

impl Client for OnTokio {
    fn wait(&mut self, due: Instant) {
        self.runtime.block_on(async { tokio::time::sleep_until(due.into()).await });
        sleep_until(due);
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        let Self { runtime, socket, buffer } = self;
        let trip = async {
            if socket.send(message).await.is_err() {
                return false;
            }
            while socket.recv(buffer).await.is_ok() {
                if buffer == message {
                    return true;
                }
            }
            false
        };
        runtime.block_on(async { tokio::time::timeout(LOST_AFTER, trip).await.unwrap_or(false) })
    }
}

pub(super) fn tokio(lasts: Duration) -> Result<Round, BenchError> {
    let socket = UdpSocket::bind(ANY)?;
    socket.set_nonblocking(true)?;
    let to = socket.local_addr()?;
    let running = runtime()?;
    let echo = pace::echo(move |stop| running.block_on(echo(socket, stop)))?;
    let running = runtime()?;
    let mut round = pace::client(
        move || {
            let socket = running.block_on(async {
                let socket = tokio::net::UdpSocket::bind(ANY).await?;
                socket.connect(to).await?;
                Ok::<_, std::io::Error>(socket)
            })?;
            Ok(OnTokio { runtime: running, socket, buffer: [0; MESSAGE_BYTES] })
        },
        lasts,
    )?;
    round.echo = echo.end()?;
    Ok(round)
}

async fn echo(socket: UdpSocket, stop: &AtomicBool) {
    let Ok(socket) = tokio::net::UdpSocket::from_std(socket) else { return };
    let mut buffer = [0; MESSAGE_BYTES];
    while !stop.load(Ordering::Relaxed) {
        let received = tokio::time::timeout(LOOK_EVERY, socket.recv_from(&mut buffer)).await;
        if let Ok(Ok((n, from))) = received {
            let _ = socket.send_to(buffer.get(..n).unwrap_or_default(), from).await;
        }
    }
}
