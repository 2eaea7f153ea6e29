//! Datagrams of WebTransport (HTTP/3 over QUIC), with the crate wtransport.
//!
//! What was set, and why:
//!
//! - A runtime of one thread per side, which is the thread that has real-time priority and a processor: no other
//!   thread has work to hand over. Several threads would have neither the priority nor the processor.
//! - Datagrams, one per message: streams would repeat what is lost.
//! - The transport is as it comes. Without probes for a larger packet, without segmentation offload and with a small
//!   send buffer it was no faster in trials.
//! - The certificate is known by its hash, as in a browser. Nothing of it is seen after the handshake.

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use benches::link::pace::{self, Client, LOST_AFTER, sleep_until};
use benches::link::{BenchError, MESSAGE_BYTES, Round};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use wtransport::endpoint::endpoint_side::Server;
use wtransport::tls::Certificate;
use wtransport::{ClientConfig, Connection, Endpoint, Identity, ServerConfig};

use crate::failed;

/// In reports.
pub(crate) const NAME: &str = "webtransport";

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The longest that the echo sleeps before it looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

struct OnWebTransport {
    connection: Connection,
    // Dropped last: the other needs it.
    runtime: Runtime,
}

impl Client for OnWebTransport {
    fn wait(&mut self, due: Instant) {
        self.runtime.block_on(async { tokio::time::sleep_until(due.into()).await });
        sleep_until(due);
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        let connection = &self.connection;
        let trip = async {
            if connection.send_datagram(message).is_err() {
                return false;
            }
            while let Ok(back) = connection.receive_datagram().await {
                if back[..] == *message {
                    return true;
                }
            }
            false
        };
        self.runtime.block_on(async { timeout(LOST_AFTER, trip).await.unwrap_or(false) })
    }
}

/// One round.
pub(crate) fn run(lasts: Duration) -> Result<Round, BenchError> {
    let identity = Identity::self_signed(["127.0.0.1"]).map_err(failed(NAME))?;
    let hashes: Vec<_> =
        identity.certificate_chain().as_slice().iter().map(Certificate::hash).collect();
    let server = ServerConfig::builder().with_bind_address(ANY).with_identity(identity).build();
    let running = runtime()?;
    let guard = running.enter();
    let endpoint = Endpoint::server(server)?;
    drop(guard);
    let to = endpoint.local_addr()?;
    let echo = pace::echo(move |stop| {
        // Dropped with this thread: a client that still waits hears of it.
        let _ = running.block_on(echo(&endpoint, stop));
    })?;
    let running = runtime()?;
    let mut round = pace::client(
        move || {
            let config = ClientConfig::builder()
                .with_bind_address(ANY)
                .with_server_certificate_hashes(hashes)
                .build();
            let connection = running.block_on(async {
                let endpoint = Endpoint::client(config)?;
                endpoint.connect(format!("https://{to}/")).await.map_err(failed(NAME))
            })?;
            Ok(OnWebTransport { connection, runtime: running })
        },
        lasts,
    )?;
    round.echo = echo.end()?;
    Ok(round)
}

fn runtime() -> Result<Runtime, BenchError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

async fn echo(endpoint: &Endpoint<Server>, stop: &AtomicBool) -> Result<(), BenchError> {
    let request = endpoint.accept().await.await.map_err(failed(NAME))?;
    let connection = request.accept().await.map_err(failed(NAME))?;
    while !stop.load(Ordering::Relaxed) {
        match timeout(LOOK_EVERY, connection.receive_datagram()).await {
            Ok(Ok(message)) => drop(connection.send_datagram(message.payload())),
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    Ok(())
}
