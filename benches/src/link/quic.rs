//! quinn as it comes: datagrams, its default transport, a runtime per side. The keys are ours.

use core::time::Duration;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use protocol::link::endpoint::{client_config, server_config};
use protocol::link::role::ROBOT_SERVER_NAME;
use protocol::link::{Kind, LinkError};
use quinn::{Connection, Endpoint, TransportConfig};
use tokio::runtime::Runtime;

use super::pace::{self, Client, LOST_AFTER, sleep_until};
use super::udp::runtime;
use super::{BenchError, Keys, MESSAGE_BYTES, Round};

/// The longest that the echo sleeps before it looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

struct OnQuinn {
    connection: Connection,
    _endpoint: Endpoint,
    // Dropped last: the others need it.
    runtime: Runtime,
}

impl Client for OnQuinn {
    fn wait(&mut self, due: Instant) {
        self.runtime.block_on(async { tokio::time::sleep_until(due.into()).await });
        sleep_until(due);
    }

    fn trip(&mut self, message: &[u8; MESSAGE_BYTES]) -> bool {
        let connection = &self.connection;
        let trip = async {
            if connection.send_datagram(message.to_vec().into()).is_err() {
                return false;
            }
            while let Ok(back) = connection.read_datagram().await {
                if back[..] == *message {
                    return true;
                }
            }
            false
        };
        self.runtime
            .block_on(async { tokio::time::timeout(LOST_AFTER, trip).await.unwrap_or(false) })
    }
}

pub(super) fn quinn(keys: &Keys, lasts: Duration) -> Result<Round, BenchError> {
    let default = Arc::new(TransportConfig::default());
    let mut server = server_config(Kind::Control, &keys.robot)?;
    server.transport_config(Arc::clone(&default));
    let mut client = client_config(Kind::Control, &keys.operator)?;
    client.transport_config(default);
    let running = runtime()?;
    let guard = running.enter();
    let endpoint = Endpoint::server(server, (Ipv4Addr::LOCALHOST, 0).into())?;
    drop(guard);
    let to = endpoint.local_addr()?;
    let echo = pace::echo(move |stop| running.block_on(echo(endpoint, stop)))?;
    let running = runtime()?;
    let mut round = pace::client(
        move || {
            let guard = running.enter();
            let endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
            drop(guard);
            let connection = running.block_on(async {
                let connecting = endpoint
                    .connect_with(client, to, ROBOT_SERVER_NAME)
                    .map_err(|_| LinkError::Address { address: to })?;
                connecting.await.map_err(LinkError::from)
            })?;
            Ok(OnQuinn { connection, _endpoint: endpoint, runtime: running })
        },
        lasts,
    )?;
    round.echo = echo.end()?;
    Ok(round)
}

async fn echo(endpoint: Endpoint, stop: &AtomicBool) {
    let Some(incoming) = endpoint.accept().await else { return };
    let Ok(connection) = incoming.await else { return };
    while !stop.load(Ordering::Relaxed) {
        let read = tokio::time::timeout(LOOK_EVERY, connection.read_datagram()).await;
        match read {
            Ok(Ok(message)) => drop(connection.send_datagram(message)),
            Ok(Err(_)) => return,
            Err(_) => {}
        }
    }
}
