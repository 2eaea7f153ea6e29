//! The console server: the page and its socket, for browsers on this machine only.
//!
//! Problem: whatever listens on a loopback port can be reached by every page in every browser here,
//! and this one can move a robot. So: a token that only the printed address carries, the names under
//! which the server may be called (a foreign name that resolves to this machine is refused), the
//! origin of whoever opens the socket, and a policy that lets the page load nothing from elsewhere.
//! One page steers at a time, the newest; every page may stop.

mod assets;
mod guard;
mod messages;
mod page;
mod picture;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use guard::{CONTENT_SECURITY_POLICY, Guard, Refused, Token};
pub use picture::{HEADER_BYTES, header_bytes};

use super::error::ConsoleError;
use super::node::runtime;
use super::shared::Shared;

/// Connections that wait to be accepted at most. A page opens a handful.
const BACKLOG: u32 = 64;

/// Bytes that the system may hold for a page that does not read. Unit: byte.
///
/// The default collects megabytes, which is seconds of pictures; this is a tenth of a second.
const SEND_BUFFER: u32 = 64 * 1024;

/// What the handlers share.
pub struct Console {
    shared: Arc<Shared>,
    guard: Guard,
    /// Number of the page that steers; the newest. 0 for none.
    steering: watch::Sender<u64>,
    opened: AtomicU64,
    open: AtomicUsize,
}

/// A bound server that does not serve yet.
pub struct Listening {
    runtime: Runtime,
    listener: TcpListener,
    guard: Guard,
}

impl Listening {
    /// Where the page is, with its token.
    pub fn url(&self) -> String {
        self.guard.url()
    }
}

/// Binds the server.
///
/// # Errors
/// [`ConsoleError::NotLoopback`] for an address that others can reach; [`ConsoleError::System`].
pub fn listen(address: SocketAddr) -> Result<Listening, ConsoleError> {
    if !address.ip().is_loopback() {
        return Err(ConsoleError::NotLoopback { address });
    }
    let system = |what| move |error| ConsoleError::System { what, error };
    let runtime = runtime()?;
    let entered = runtime.enter();
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    let listener = bind().map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => ConsoleError::PageInUse { address },
        _ => ConsoleError::System { what: "the address of the console page", error },
    })?;
    drop(entered);
    let bound = listener.local_addr().map_err(system("the address of the console page"))?;
    let token = Token::random().ok_or(ConsoleError::Random)?;
    Ok(Listening { runtime, listener, guard: Guard::new(bound, token) })
}

/// Serves until `stop` is set.
pub fn run(listening: Listening, shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let Listening { runtime, listener, guard } = listening;
    runtime.block_on(async {
        // A status must not wait for a picture to fill a packet.
        let listener = listener.tap_io(|tcp| {
            let _ = tcp.set_nodelay(true);
        });
        let serving = axum::serve(listener, router(Console::new(shared, guard)));
        tokio::select! {
            served = async { serving.await } => {
                if let Err(error) = served {
                    tracing::error!("the console page is no longer served: {error}");
                }
            }
            _ = stop.wait_for(|stop| *stop) => {}
        }
    });
    runtime.shutdown_background();
}

impl Console {
    fn new(shared: Arc<Shared>, guard: Guard) -> Arc<Self> {
        Arc::new(Self {
            shared,
            guard,
            steering: watch::Sender::new(0),
            opened: AtomicU64::new(0),
            open: AtomicUsize::new(0),
        })
    }
}

/// Every answer, refusals included, passes the guard and carries its headers.
fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(assets::index))
        .route("/ws", get(page::open))
        .fallback(assets::asset)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&console), guard::middleware))
        .with_state(console)
}
