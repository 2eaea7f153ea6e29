//! The control link: states in, an operator's acts out, and a new session when the link is lost.
//!
//! Command frames do not pass here: the hand thread hands them to the connection itself. A lost link
//! is dialled again for as long as the console runs, with a pause that grows to a bound; the session
//! is then a new one, and nothing that was said for the old one is said in it.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use protocol::frame::StateFrame;
use protocol::link::endpoint::{caller, connect_from};
use protocol::link::messages::{read_message, write_message};
use protocol::link::{Identity, Kind, LinkError};
use protocol::session::{OperatorMessage, Refusal, RobotMessage, SessionId};
use quinn::{Connection, Endpoint, RecvStream, SendStream, VarInt};
use tokio::sync::{mpsc, watch};

use super::error::{ConsoleError, Reason};
use super::lock;
use super::rings::ToHand;
use super::shared::{Link, Shared, Word};

/// Time for the robot to answer the hello. Unit: millisecond. Its own bound for the servo's answer is
/// one second; the rest is two slow round trips.
pub const WELCOME_MAX_MS: u64 = 5_000;

/// First pause before dialling again.
pub const REDIAL_MIN: Duration = Duration::from_millis(250);

/// Longest pause: a clinician who waits for the robot to come back should not wait for this.
pub const REDIAL_MAX: Duration = Duration::from_secs(4);

/// Time for a last word to leave before the socket is closed.
pub const LAST_WORD_MAX: Duration = Duration::from_millis(300);

/// The longest name in a hello. Unit: character.
const NAME_MAX: usize = 64;

/// Whom to call, and as whom.
pub struct Call {
    /// Where the robot listens.
    pub address: SocketAddr,
    /// Who calls.
    pub identity: Identity,
    /// Name of the console, for the robot's log.
    pub name: String,
    /// Hash of the profile in force.
    pub profile: [u8; 32],
}

/// What the robot granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The session.
    pub session: SessionId,
    /// The epoch to start under.
    pub epoch: u32,
    /// Name of the robot.
    pub robot: String,
    /// True if nothing real can move.
    pub simulated: bool,
}

/// A connection over which authority was granted.
pub struct Dialed {
    endpoint: Endpoint,
    connection: Connection,
    send: SendStream,
    recv: RecvStream,
    /// What the robot granted.
    pub welcome: Welcome,
}

/// Why a session ended.
enum End {
    /// The node stops.
    Stopping,
    /// The operator gave authority back.
    Released,
    /// Anything else.
    Lost(Reason),
}

/// Connects and asks for authority.
///
/// Bound: the handshake's own, and [`WELCOME_MAX_MS`].
///
/// # Errors
/// [`ConsoleError::Link`], [`ConsoleError::Refused`], [`ConsoleError::Silent`].
pub async fn dial(call: &Call) -> Result<Dialed, ConsoleError> {
    let endpoint = caller(Kind::Control, call.address)?;
    let connection = connect_from(&endpoint, Kind::Control, call.address, &call.identity).await?;
    let hello = OperatorMessage::Hello {
        console: call.name.chars().take(NAME_MAX).collect(),
        profile: call.profile,
    };
    let asking = async {
        let (mut send, mut recv) = connection.open_bi().await.map_err(LinkError::from)?;
        write_message(&mut send, &hello).await?;
        let welcome = welcome_in(read_message(&mut recv).await?)?;
        Ok((send, recv, welcome))
    };
    let asked = tokio::time::timeout(Duration::from_millis(WELCOME_MAX_MS), asking).await;
    match asked.unwrap_or(Err(ConsoleError::Silent { after_ms: WELCOME_MAX_MS })) {
        Ok((send, recv, welcome)) => Ok(Dialed { endpoint, connection, send, recv, welcome }),
        Err(error) => {
            close(&endpoint, &connection, b"the hello was not answered with a welcome").await;
            Err(error)
        }
    }
}

fn welcome_in(answer: Option<RobotMessage>) -> Result<Welcome, ConsoleError> {
    match answer {
        Some(RobotMessage::Welcome { session, epoch, robot, simulated }) => {
            Ok(Welcome { session: SessionId::from_bytes(session), epoch, robot, simulated })
        }
        Some(RobotMessage::Refused { code }) => Err(refused(code)),
        None => Err(ConsoleError::NoAnswer),
    }
}

fn refused(code: u8) -> ConsoleError {
    Refusal::from_code(code).map_or(ConsoleError::RefusedUnknown { code }, ConsoleError::Refused)
}

async fn close(endpoint: &Endpoint, connection: &Connection, why: &[u8]) {
    connection.close(VarInt::from_u32(0), why);
    let _ = tokio::time::timeout(LAST_WORD_MAX, endpoint.wait_idle()).await;
}

/// Serves one session after the other until `stop` is set or authority is given back.
pub async fn run(
    call: Call,
    shared: Arc<Shared>,
    mut words: mpsc::Receiver<Word>,
    sessions: watch::Sender<Option<u64>>,
    mut stop: watch::Receiver<bool>,
    first: Dialed,
) {
    let mut dialed = first;
    for number in 1.. {
        begin(&shared, &dialed, number, &mut stop).await;
        sessions.send_replace(Some(number));
        let end = attend(&shared, &mut dialed, &mut words, &mut stop).await;
        sessions.send_replace(None);
        deliver(&shared, ToHand::Lost, &mut stop).await;
        let Dialed { endpoint, connection, .. } = dialed;
        let lost = match end {
            End::Stopping => None,
            End::Released => Some(released()),
            End::Lost(reason) => Some(reason),
        };
        if let Some(reason) = lost {
            tracing::warn!(code = reason.code, "the control link has ended: {}", reason.sentence);
            let gone = reason.code == RELEASED;
            lock(&shared.board).link = Link::Lost(reason);
            if !gone {
                connection.close(VarInt::from_u32(0), b"the session has ended");
                match redial(&call, &shared, &mut words, &mut stop).await {
                    Some(again) => {
                        dialed = again;
                        continue;
                    }
                    None => return,
                }
            }
        }
        close(&endpoint, &connection, b"the console has ended the session").await;
        return;
    }
}

const RELEASED: &str = "RELEASED";

fn released() -> Reason {
    Reason {
        code: RELEASED,
        sentence: "Authority was given back from this console.".to_owned(),
        fix: "Start the console again to ask for authority.".to_owned(),
    }
}

async fn begin(shared: &Shared, dialed: &Dialed, number: u64, stop: &mut watch::Receiver<bool>) {
    let Welcome { session, epoch, robot, simulated } = dialed.welcome.clone();
    tracing::info!("authority over {robot} is held (session {number})");
    let connection = dialed.connection.clone();
    let welcome = ToHand::Welcome { session, epoch, simulated, connection, number };
    deliver(shared, welcome, stop).await;
    let mut board = lock(&shared.board);
    board.link = Link::Up;
    board.robot = robot;
    board.simulated = simulated;
}

/// Says to the hand thread what must not be lost, however full its ring is.
async fn deliver(shared: &Shared, item: ToHand, stop: &mut watch::Receiver<bool>) {
    let mut item = item;
    while let Err(back) = shared.to_hand.offer(item) {
        item = back;
        if *stop.borrow_and_update() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn attend(
    shared: &Shared,
    dialed: &mut Dialed,
    words: &mut mpsc::Receiver<Word>,
    stop: &mut watch::Receiver<bool>,
) -> End {
    let Dialed { connection, send, recv, .. } = dialed;
    tokio::select! {
        error = states(shared, connection) => End::Lost(Reason::from(&ConsoleError::Link(error))),
        error = messages(recv) => End::Lost(Reason::from(&error)),
        said = say(send, words) => match said {
            Ok(()) => {
                // The robot ends the session; wait a little for it, so that the word has arrived.
                let _ = tokio::time::timeout(LAST_WORD_MAX, connection.closed()).await;
                End::Released
            }
            Err(error) => End::Lost(Reason::from(&ConsoleError::Link(error))),
        },
        _ = stop.wait_for(|stop| *stop) => End::Stopping,
    }
}

/// Hands on state frames until the connection ends.
async fn states(shared: &Shared, connection: &Connection) -> LinkError {
    let mut malformed = 0_u64;
    loop {
        let datagram = match connection.read_datagram().await {
            Ok(datagram) => datagram,
            Err(error) => return error.into(),
        };
        let at = shared.clock.now();
        match StateFrame::decode(&datagram) {
            Ok(frame) => shared.to_hand.send(ToHand::State { frame, at }),
            Err(error) => {
                malformed += 1;
                if malformed.is_power_of_two() {
                    tracing::warn!("not a state frame ({malformed} so far): {error}");
                }
            }
        }
    }
}

/// Hears what the robot says on the session stream; returns why there is no more.
async fn messages(recv: &mut RecvStream) -> ConsoleError {
    loop {
        match read_message::<RobotMessage>(recv).await {
            Ok(Some(RobotMessage::Refused { code })) => return refused(code),
            Ok(Some(RobotMessage::Welcome { .. })) => {
                tracing::warn!("a second welcome was ignored");
            }
            Ok(None) => return ConsoleError::NoAnswer,
            Err(error) => return error.into(),
        }
    }
}

/// Says the operator's acts; returns when authority was given back.
async fn say(send: &mut SendStream, words: &mut mpsc::Receiver<Word>) -> Result<(), LinkError> {
    loop {
        let message = match words.recv().await {
            Some(Word::Stop { request }) => OperatorMessage::Stop { request },
            Some(Word::Acknowledge { epoch }) => OperatorMessage::Acknowledge { epoch },
            Some(Word::Release) => {
                write_message(send, &OperatorMessage::Release).await?;
                let _ = send.finish();
                return Ok(());
            }
            // The node holds the other end for as long as it lives.
            None => return core::future::pending().await,
        };
        write_message(send, &message).await?;
    }
}

/// Dials until a session is granted; `None` once the node stops or authority is given back.
async fn redial(
    call: &Call,
    shared: &Shared,
    words: &mut mpsc::Receiver<Word>,
    stop: &mut watch::Receiver<bool>,
) -> Option<Dialed> {
    let mut pause = REDIAL_MIN;
    let dialling = async {
        loop {
            tokio::time::sleep(pause).await;
            match dial(call).await {
                Ok(dialed) => return dialed,
                Err(error) => {
                    tracing::info!(code = error.code(), "the robot was called again: {error}");
                    lock(&shared.board).link = Link::Lost(Reason::from(&error));
                }
            }
            pause = (pause * 2).min(REDIAL_MAX);
        }
    };
    let dialed = tokio::select! {
        dialed = dialling => dialed,
        () = release_wanted(words) => {
            lock(&shared.board).link = Link::Lost(released());
            return None;
        }
        _ = stop.wait_for(|stop| *stop) => return None,
    };
    // An act about the world before the loss is no act about the world after it.
    while let Ok(word) = words.try_recv() {
        tracing::info!("dropped {word:?}: it was said while the link was lost");
    }
    Some(dialed)
}

/// Drops what is said while there is no session; returns when authority is to be given back.
async fn release_wanted(words: &mut mpsc::Receiver<Word>) {
    loop {
        match words.recv().await {
            Some(Word::Release) => return,
            Some(word) => tracing::info!("dropped {word:?}: there is no session"),
            None => return core::future::pending().await,
        }
    }
}
