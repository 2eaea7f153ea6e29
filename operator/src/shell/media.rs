//! The media link: pictures in, put in order, handed to whoever looks.
//!
//! It lives inside a session of the control link: a console that was refused must not take the
//! pictures away from the one that steers, and the numbers of pictures belong to one session. Each
//! picture has a stream of its own; several are read at once, and [`Ordered`] puts them right.

use core::cell::RefCell;
use core::convert::Infallible;
use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use protocol::link::endpoint::{caller, connect_from, move_on, route_from};
use protocol::link::order::Ordered;
use protocol::link::pictures::{next_picture, read_picture, request_keyframe};
use protocol::link::transport::PICTURES_OPEN_MAX;
use protocol::link::{Identity, Kind, LinkError};
use protocol::picture::PictureHeader;
use quinn::{Connection, Endpoint, VarInt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::line::{LAST_WORD_MAX, REDIAL_MAX, REDIAL_MIN};
use super::lock;
use super::mailbox::Picture;
use super::node::Started;
use super::rings::ToHand;
use super::shared::Shared;

/// One request for a keyframe per this time: a keyframe is large, and asking faster makes a bad link
/// worse. A round trip of most links is shorter.
const KEYFRAME_EVERY: Duration = Duration::from_millis(100);

/// How often it is looked whether the robot or this console has moved, or the path has gone. A picture may be
/// 200 ms old: the next one must be there by then.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whom to call, and as whom.
pub struct Call {
    /// Where the robot listens for media, as far as is known at the start.
    pub address: SocketAddr,
    /// Who calls.
    pub identity: Identity,
}

/// Receives pictures while there is a session, until `stop` is set. Tells through `started` how the
/// first connection went; a first connection that fails is the end.
pub async fn run(
    call: Call,
    shared: Arc<Shared>,
    mut session: watch::Receiver<Option<u64>>,
    mut stop: watch::Receiver<bool>,
    started: Started<()>,
) {
    let mut started = Some(started);
    let socket = RefCell::new(None);
    let serving = async {
        let mut pause = REDIAL_MIN;
        loop {
            let Ok(number) = session.wait_for(Option::is_some).await.map(|n| n.unwrap_or(0)) else {
                return;
            };
            let end = tokio::select! {
                end = one_connection(&call, &shared, number, (&mut started, &socket)) => end,
                _ = session.wait_for(|now| *now != Some(number)) => End::Session,
            };
            match end {
                End::Session => pause = REDIAL_MIN,
                End::Lost(error) => {
                    tracing::warn!(code = error.code(), "pictures have ended: {error}");
                    pause = REDIAL_MIN;
                }
                End::Elsewhere => {
                    tracing::info!("pictures are called at another address");
                    continue;
                }
                End::Unreached(error) => {
                    tracing::info!(code = error.code(), "no pictures: {error}");
                    pause = (pause * 2).min(REDIAL_MAX);
                }
                End::Start => return,
            }
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        () = serving => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    // The robot should hear of the end now, and not when the silence has lasted too long.
    if let Some(endpoint) = socket.take() {
        let _ = tokio::time::timeout(LAST_WORD_MAX, Endpoint::wait_idle(&endpoint)).await;
    }
}

/// Why there are no more pictures.
enum End {
    /// The session has ended.
    Session,
    /// The connection was lost.
    Lost(LinkError),
    /// The robot, or the way to it, is another.
    Elsewhere,
    /// There was no connection.
    Unreached(LinkError),
    /// There was no first connection: whoever started this was told.
    Start,
}

/// A connection that is closed when it is given up.
struct Open(Connection);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close(VarInt::from_u32(0), b"the session has ended");
    }
}

async fn one_connection(
    call: &Call,
    shared: &Shared,
    number: u64,
    (started, socket): (&mut Option<Started<()>>, &RefCell<Option<Endpoint>>),
) -> End {
    let address = lock(&shared.board).pictures_at(call.address);
    let connected = connect(call, address, socket).await;
    match (connected, started.take()) {
        (Ok(connection), first) => {
            if let Some(first) = first {
                let _ = first.send(Ok(()));
            }
            let open = Open(connection);
            tokio::select! {
                error = receive(&open.0, shared, number) => End::Lost(error),
                () = elsewhere(call, shared, address) => End::Elsewhere,
                never = moves(address, socket) => match never {},
            }
        }
        (Err(error), Some(first)) => {
            let _ = first.send(Err(error.into()));
            End::Start
        }
        (Err(error), None) => End::Unreached(error),
    }
}

/// Returns once the pictures are to be called at another address than this.
async fn elsewhere(call: &Call, shared: &Shared, address: SocketAddr) {
    while lock(&shared.board).pictures_at(call.address) == address {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Keeps the connection on the way that the routes of this machine lead.
///
/// A console only receives here: if nothing arrives it says nothing, and the robot would not hear that it has
/// moved, and send the pictures to where it was.
async fn moves(address: SocketAddr, socket: &RefCell<Option<Endpoint>>) -> Infallible {
    let mut from = route_from(address);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = route_from(address);
        // Without a route there is nowhere to go.
        if now.is_none() || now == from {
            continue;
        }
        let endpoint = socket.borrow().clone();
        if endpoint.is_some_and(|endpoint| move_on(&endpoint, address).is_ok()) {
            tracing::info!("pictures are received at another address");
            from = now;
        }
    }
}

async fn connect(
    call: &Call,
    address: SocketAddr,
    socket: &RefCell<Option<Endpoint>>,
) -> Result<Connection, LinkError> {
    let endpoint = caller(Kind::Media, address)?;
    socket.replace(Some(endpoint.clone()));
    connect_from(&endpoint, Kind::Media, address, &call.identity).await
}

/// What the pictures of one connection go through.
struct Intake<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    number: u64,
    ordered: Ordered<Picture>,
    counted: u64,
    /// No keyframe is asked for before this.
    ask_after: Instant,
    asking: bool,
}

/// Receives pictures until the connection ends.
async fn receive(connection: &Connection, shared: &Shared, number: u64) -> LinkError {
    shared.outlet.restart();
    let mut intake = Intake {
        connection,
        shared,
        number,
        ordered: Ordered::new(),
        counted: 0,
        ask_after: Instant::now(),
        asking: false,
    };
    let mut reading = JoinSet::new();
    loop {
        tokio::select! {
            stream = next_picture(connection), if reading.len() < PICTURES_OPEN_MAX as usize => {
                match stream {
                    Ok(stream) => {
                        reading.spawn(read_picture(stream));
                    }
                    Err(error) => return error,
                }
            }
            Some(read) = reading.join_next(), if !reading.is_empty() => match read {
                Ok(Ok((header, unit))) => intake.take(&header, unit),
                Ok(Err(error)) => {
                    // This picture only: the robot gave it up, or it was none.
                    shared.outlet.count_dropped(1);
                    tracing::debug!(code = error.code(), "a picture was lost: {error}");
                }
                Err(_) => {}
            },
            () = shared.outlet.keyframe_asked() => intake.asking = true,
            () = sleep_until(intake.ask_after), if intake.asking => intake.ask_keyframe(),
        }
    }
}

impl Intake<'_> {
    fn take(&mut self, header: &PictureHeader, unit: Vec<u8>) {
        let at = self.shared.clock.now();
        self.shared.to_hand.send(ToHand::Picture { header: *header, at, number: self.number });
        // The page shows one picture: the one that steers. The others have numbers of their own, and
        // the core counts them.
        if header.source != self.shared.profile.freshness.steering {
            return;
        }
        lock(&self.shared.meter).depth(header.depth_um);
        let picture = Picture { header: *header, unit, session: self.number };
        let release = self.ordered.push(header, picture);
        let dropped = self.ordered.dropped();
        self.shared.outlet.count_dropped(dropped.saturating_sub(self.counted));
        self.counted = dropped;
        for picture in release.pictures {
            self.shared.outlet.deliver(picture);
        }
        if release.keyframe_wanted {
            self.shared.outlet.ask_keyframe();
        }
    }

    fn ask_keyframe(&mut self) {
        self.asking = false;
        self.ask_after = Instant::now() + KEYFRAME_EVERY;
        if let Err(error) = request_keyframe(self.connection) {
            tracing::debug!(code = error.code(), "a keyframe could not be asked for: {error}");
        }
    }
}
