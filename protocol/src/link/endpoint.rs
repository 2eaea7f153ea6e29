//! Listening and connecting.
//!
//! Addresses are literal: names are resolved by whoever read them from a person. `[::]` listens on
//! both IP versions where the system allows it; a console binds the version of the address it calls.

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, ServerConfig};

use super::error::Close;
use super::role::ROBOT_SERVER_NAME;
use super::socket::{Marking, class};
use super::transport::{self, Side};
use super::{Identity, Kind, LinkError, Role, admit, peer_of, tls};

/// How long a handshake may take, on both sides. Unit: millisecond.
///
/// Three round trips (retry, handshake, admission) over a satellite, with one loss.
pub const HANDSHAKE_MAX_MS: u64 = 5_000;

/// Callers that wait to be admitted at most. A robot has one operator and a few observers; the
/// default, 65,536, is room for a flood.
pub const WAITING_MAX: usize = 16;

/// What one waiting caller may make the robot buffer. Unit: byte. A client's first flight is smaller.
const WAITING_BYTES_MAX: u64 = 16 * 1024;

pub(super) const HANDSHAKE_MAX: Duration = Duration::from_millis(HANDSHAKE_MAX_MS);

/// Listens on `address` for one kind of connection, as a robot.
///
/// Take callers with [`admit::next`]. Must be called inside a tokio runtime.
///
/// # Errors
/// [`LinkError::InUse`], [`LinkError::Bind`], [`LinkError::Tls`].
pub fn listen(kind: Kind, address: SocketAddr, identity: &Identity) -> Result<Endpoint, LinkError> {
    bind(kind, address, Some(server_config(kind, identity)?))
}

/// Connects to a robot, as a console, from a socket of its own. The connection is usable: the robot
/// has verified and admitted this side.
///
/// Bound: [`HANDSHAKE_MAX_MS`]. Must be called inside a tokio runtime.
///
/// # Errors
/// [`LinkError`]; a refusal by the robot is named as such.
pub async fn connect(
    kind: Kind,
    address: SocketAddr,
    identity: &Identity,
) -> Result<Connection, LinkError> {
    connect_from(&caller(kind, address)?, kind, address, identity).await
}

/// The socket that [`connect`] would use. For callers that must move it to another network
/// ([`move_on`]) or wait until a last word is out ([`Endpoint::wait_idle`]).
///
/// # Errors
/// [`LinkError::Bind`].
pub fn caller(kind: Kind, address: SocketAddr) -> Result<Endpoint, LinkError> {
    bind(kind, wherever(address), None)
}

/// Any address of this machine from which `address` can be called.
fn wherever(address: SocketAddr) -> SocketAddr {
    let local: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    (local, 0).into()
}

/// The address of this machine from which its routes lead to `address` now; `None` if none does. Nothing is
/// sent.
pub fn route_from(address: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(wherever(address)).ok()?;
    socket.connect(address).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

/// Gives a socket of [`caller`] for `address` to the network that its routes lead to now, and lets the other side
/// know at once, though there be nothing else to say.
///
/// # Errors
/// [`LinkError::Bind`]; the old socket is in use then.
pub fn move_on(endpoint: &Endpoint, address: SocketAddr) -> Result<(), LinkError> {
    let local = wherever(address);
    endpoint.rebind(bound(local)?).map_err(|e| LinkError::bind(&e, local))
}

/// As [`connect`], from this socket.
///
/// # Errors
/// [`LinkError`].
pub async fn connect_from(
    endpoint: &Endpoint,
    kind: Kind,
    address: SocketAddr,
    identity: &Identity,
) -> Result<Connection, LinkError> {
    let connecting = endpoint
        .connect_with(client_config(kind, identity)?, address, ROBOT_SERVER_NAME)
        .map_err(|_| LinkError::Address { address })?;
    let handshake = async {
        let connection =
            connecting.await.map_err(|e| LinkError::handshake(e, address, HANDSHAKE_MAX_MS))?;
        let peer = peer_of(&connection)?;
        if peer.role != Role::Robot {
            connection.close(Close::WrongRole.code(), b"only a robot may listen");
            return Err(LinkError::WrongRole { peer, allowed: vec![Role::Robot] });
        }
        admit::await_admission(&connection).await?;
        Ok(connection)
    };
    tokio::time::timeout(HANDSHAKE_MAX, handshake)
        .await
        .unwrap_or(Err(LinkError::TimedOut { address, after_ms: HANDSHAKE_MAX_MS }))
}

/// What [`listen`] gives QUIC.
///
/// # Errors
/// [`LinkError::Tls`].
pub fn server_config(kind: Kind, identity: &Identity) -> Result<ServerConfig, LinkError> {
    let crypto = QuicServerConfig::try_from(tls::server(identity, kind.protocol())?)
        .map_err(|_| rustls::Error::General("no cipher suite for QUIC".to_owned()))?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(Arc::new(transport::config(kind, Side::Robot)))
        .max_incoming(WAITING_MAX)
        .incoming_buffer_size(WAITING_BYTES_MAX)
        .incoming_buffer_size_total(WAITING_BYTES_MAX * WAITING_MAX as u64)
        // An ambulance changes cells.
        .migration(true);
    Ok(config)
}

/// What [`connect`] gives QUIC.
///
/// # Errors
/// [`LinkError::Tls`].
pub fn client_config(kind: Kind, identity: &Identity) -> Result<ClientConfig, LinkError> {
    let crypto = QuicClientConfig::try_from(tls::client(identity, kind.protocol())?)
        .map_err(|_| rustls::Error::General("no cipher suite for QUIC".to_owned()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport::config(kind, Side::Console)));
    Ok(config)
}

fn bind(
    kind: Kind,
    address: SocketAddr,
    server: Option<ServerConfig>,
) -> Result<Endpoint, LinkError> {
    let socket = bound(address)?;
    Endpoint::new(EndpointConfig::default(), server, socket, Arc::new(Marking(class(kind))))
        .map_err(|e| LinkError::bind(&e, address))
}

/// A socket at this address.
pub(super) fn bound(address: SocketAddr) -> Result<UdpSocket, LinkError> {
    UdpSocket::bind(address).map_err(|e| LinkError::bind(&e, address))
}
