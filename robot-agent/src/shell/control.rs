//! The control link: one console with authority, its commands in, states out.
//!
//! Runs on a thread of its own. What arrives is decoded here, where a flood costs the servo nothing,
//! and passed on through a ring; what the servo says is sent to whoever holds authority.

use core::time::Duration;
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::frame::{CommandFrame, StateFrame};
use protocol::link::admit::{self, admit};
use protocol::link::endpoint::WAITING_MAX;
use protocol::link::messages::{read_message, write_message};
use protocol::link::{LinkError, Peer, Role};
use protocol::session::{OperatorMessage, Refusal, RobotMessage, SessionId};
use quinn::{Connection, Endpoint, Incoming, RecvStream, SendStream, VarInt};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::rings::{Answer, Inbound, Receiver, Sender};
use crate::core::{Grant, SessionEvent};

/// What a console is told whose authority the robot has taken back.
const AUTHORITY_ENDED: &[u8] =
    b"the robot has taken authority back, after a long silence, an emergency stop or a fault";

/// Time for a last word to arrive before the connection is closed under it.
const LAST_WORD_MAX: Duration = Duration::from_millis(500);

/// Time for a console to introduce itself.
const HELLO_MAX: Duration = Duration::from_secs(3);

/// How soon something is said again that the servo had no room for.
const SAY_AGAIN: Duration = Duration::from_millis(1);

/// What the control link needs to know of the robot.
#[derive(Debug, Clone)]
pub struct Greeting {
    /// Name of the robot.
    pub robot: String,
    /// True if nothing real moves.
    pub simulated: bool,
    /// Hash of the profile in force.
    pub profile: [u8; 32],
}

/// What the tasks of this thread share. Locks are held for moments only and never by the servo.
struct Shared {
    greeting: Greeting,
    said: Mutex<Sender<SessionEvent>>,
    commands: Mutex<Sender<Inbound>>,
    waiting: Mutex<BTreeMap<[u8; 16], oneshot::Sender<Grant>>>,
    holder: Mutex<Option<(SessionId, Connection)>>,
    /// True while the servo stands still: the watchdog says so.
    stalled: watch::Receiver<bool>,
    /// Name of the operator who holds authority, for the media link: pictures are for nobody else.
    holder_name: watch::Sender<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A task that panicked has left plain data behind, which is as good as before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the control link is connected to.
pub struct Connections {
    /// To the servo: what operators say on the session stream.
    pub said: Sender<SessionEvent>,
    /// To the servo: commands.
    pub commands: Sender<Inbound>,
    /// From the servo: what operators must hear.
    pub answers: Receiver<Answer>,
    /// From the servo: states to send.
    pub states: Receiver<StateFrame>,
    /// A byte comes here whenever the servo has said something.
    pub wake: StdUnixStream,
    /// From the watchdog: true while the servo stands still.
    pub stalled: watch::Receiver<bool>,
    /// To the media link: the operator who holds authority.
    pub holder_name: watch::Sender<Option<String>>,
}

/// Serves the control link until its endpoint is closed.
pub async fn serve(endpoint: Endpoint, greeting: Greeting, connections: Connections) {
    let Connections { said, commands, answers, states, wake, stalled, holder_name } = connections;
    let shared = Arc::new(Shared {
        greeting,
        said: Mutex::new(said),
        commands: Mutex::new(commands),
        waiting: Mutex::new(BTreeMap::new()),
        holder: Mutex::new(None),
        stalled,
        holder_name,
    });
    let forwarder = tokio::spawn(forward(Arc::clone(&shared), answers, states, wake));
    let handshakes = Arc::new(Semaphore::new(WAITING_MAX));
    while let Some(incoming) = admit::next(&endpoint).await {
        // Callers that do not finish their handshake hold a place for its time limit, and no more.
        let Ok(place) = Arc::clone(&handshakes).acquire_owned().await else { break };
        tokio::spawn(greet(Arc::clone(&shared), incoming, place));
    }
    forwarder.abort();
    // The reason is said on every connection before the socket goes.
    let _ = tokio::time::timeout(LAST_WORD_MAX, endpoint.wait_idle()).await;
}

/// Sends what the servo says to whoever it is for.
async fn forward(
    shared: Arc<Shared>,
    mut answers: Receiver<Answer>,
    mut states: Receiver<StateFrame>,
    wake: StdUnixStream,
) {
    let Ok(mut wake) = UnixStream::from_std(wake) else {
        tracing::error!("the control link can not be woken by the servo; no state will be sent");
        return;
    };
    let mut bytes = [0; 256];
    loop {
        while let Some(answer) = answers.take() {
            pass_on(&shared, answer);
        }
        while let Some(frame) = states.take() {
            let holder = lock(&shared.holder);
            if let (Some((_, connection)), Ok(bytes)) = (holder.as_ref(), frame.encode()) {
                // A datagram that does not go now is not wanted later.
                let _ = connection.send_datagram(bytes.to_vec().into());
            }
        }
        match wake.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn pass_on(shared: &Shared, answer: Answer) {
    match answer {
        Answer::Ended(session) => {
            let holder = lock(&shared.holder);
            if let Some((_, connection)) = holder.as_ref().filter(|(s, _)| *s == session) {
                // The console calls again, and starts afresh.
                connection.close(VarInt::from_u32(0), AUTHORITY_ENDED);
            }
        }
        Answer::Granted(session, grant) => {
            if let Some(answer) = lock(&shared.waiting).remove(&session.to_bytes()) {
                let _ = answer.send(grant);
            }
        }
    }
}

async fn greet(shared: Arc<Shared>, incoming: Incoming, place: OwnedSemaphorePermit) {
    let address = incoming.remote_address();
    let admitted = admit(incoming, &[Role::Operator]).await;
    drop(place);
    let (connection, peer) = match admitted {
        Ok(admitted) => admitted,
        Err(LinkError::Unproven { .. }) => return,
        Err(error) => {
            tracing::warn!(code = error.code(), "refused {address}: {error}");
            return;
        }
    };
    let Some(session) = random_session() else {
        refuse(&connection, Refusal::Hello, &peer);
        return;
    };
    let introduced = introduce(&shared, session, &connection, &peer);
    match tokio::time::timeout(HELLO_MAX, introduced).await {
        Ok(Ok((send, recv))) => {
            tracing::info!("operator {} ({address}) holds authority", peer.name);
            attend(&shared, session, &connection, send, recv, &peer).await;
        }
        Ok(Err(refusal)) => refuse(&connection, refusal, &peer),
        Err(_) => {
            // It may have been granted just before it fell silent.
            release(&shared, session).await;
            refuse(&connection, Refusal::Hello, &peer);
        }
    }
}

fn refuse(connection: &Connection, refusal: Refusal, peer: &Peer) {
    tracing::warn!(code = refusal.id(), "refused operator {}: {}", peer.name, refusal.sentence());
    connection.close(VarInt::from_u32(u32::from(refusal as u8)), refusal.sentence().as_bytes());
}

/// Hears the console's hello, asks the core for authority, and answers.
async fn introduce(
    shared: &Shared,
    session: SessionId,
    connection: &Connection,
    peer: &Peer,
) -> Result<(SendStream, RecvStream), Refusal> {
    let (mut send, mut recv) = connection.accept_bi().await.map_err(|_| Refusal::Hello)?;
    let hello = read_message::<OperatorMessage>(&mut recv).await.map_err(|_| Refusal::Hello)?;
    let Some(OperatorMessage::Hello { profile, .. }) = hello else { return Err(Refusal::Hello) };
    let grant = if profile == shared.greeting.profile {
        ask(shared, session).await
    } else {
        Err(Refusal::Profile)
    };
    let answer = match grant {
        Ok(epoch) => RobotMessage::Welcome {
            session: session.to_bytes(),
            epoch,
            robot: shared.greeting.robot.clone(),
            simulated: shared.greeting.simulated,
        },
        Err(refusal) => RobotMessage::Refused { code: refusal as u8 },
    };
    if grant.is_ok() {
        // Before the console hears of it: it will ask for pictures at once.
        *lock(&shared.holder) = Some((session, connection.clone()));
        shared.holder_name.send_replace(Some(peer.name.clone()));
    }
    let written = write_message(&mut send, &answer).await;
    if let Err(refusal) = grant {
        finish(&mut send).await;
        return Err(refusal);
    }
    if written.is_err() {
        release(shared, session).await;
        return Err(Refusal::Hello);
    }
    Ok((send, recv))
}

/// Lets what was written arrive before the connection is closed under it.
async fn finish(send: &mut SendStream) {
    let _ = send.finish();
    let _ = tokio::time::timeout(LAST_WORD_MAX, send.stopped()).await;
}

async fn ask(shared: &Shared, session: SessionId) -> Grant {
    if *shared.stalled.borrow() {
        return Err(Refusal::Stalled);
    }
    let (answer, wait) = oneshot::channel();
    lock(&shared.waiting).insert(session.to_bytes(), answer);
    let grant = tokio::time::timeout(Duration::from_secs(1), async {
        say(shared, SessionEvent::Open { session }).await;
        wait.await
    });
    let grant = grant.await;
    lock(&shared.waiting).remove(&session.to_bytes());
    if let Ok(Ok(grant)) = grant {
        return grant;
    }
    // The servo did not answer in time; if it grants later, nobody is there to hold it.
    say(shared, SessionEvent::Close { session }).await;
    Err(Refusal::Stalled)
}

/// Says it to the servo, and waits while it can not be heard: a servo that stands still hears it once it
/// goes on, and a console that talks too much waits.
async fn say(shared: &Shared, event: SessionEvent) {
    while lock(&shared.said).offer(event).is_err() {
        tokio::time::sleep(SAY_AGAIN).await;
    }
}

async fn release(shared: &Shared, session: SessionId) {
    {
        let mut holder = lock(&shared.holder);
        if holder.as_ref().is_some_and(|(s, _)| *s == session) {
            *holder = None;
            shared.holder_name.send_replace(None);
        }
    }
    say(shared, SessionEvent::Close { session }).await;
}

/// Passes on what the holder says, until its connection ends or the servo stands still.
async fn attend(
    shared: &Shared,
    session: SessionId,
    connection: &Connection,
    mut send: SendStream,
    mut recv: RecvStream,
    peer: &Peer,
) {
    let mut watchdog = shared.stalled.clone();
    let why = tokio::select! {
        why = commands(shared, session, connection) => Ok(why),
        why = messages(shared, session, &mut recv) => Ok(why),
        true = stalled(&mut watchdog) => Err(Refusal::Stalled),
    };
    release(shared, session).await;
    match why {
        Ok(why) => {
            connection.close(VarInt::from_u32(0), b"the session has ended");
            tracing::info!("operator {} no longer holds authority: {why}", peer.name);
        }
        Err(refusal) => {
            let answer = RobotMessage::Refused { code: refusal as u8 };
            if write_message(&mut send, &answer).await.is_ok() {
                finish(&mut send).await;
            }
            refuse(connection, refusal, peer);
        }
    }
}

/// True once the servo stands still; false if nobody watches it any more.
async fn stalled(watchdog: &mut watch::Receiver<bool>) -> bool {
    watchdog.wait_for(|stalled| *stalled).await.is_ok()
}

async fn commands(shared: &Shared, session: SessionId, connection: &Connection) -> String {
    loop {
        let datagram = match connection.read_datagram().await {
            Ok(datagram) => datagram,
            Err(error) => return LinkError::from(error).to_string(),
        };
        let item = match CommandFrame::decode(&datagram) {
            // The core gates on the session, too; here it keeps a mix-up from being anybody's frame.
            Ok(frame) if frame.session == session => Inbound::Command(frame),
            Ok(_) => continue,
            Err(error) => {
                tracing::debug!("not a command frame: {error}");
                Inbound::Malformed(session)
            }
        };
        lock(&shared.commands).send(item);
    }
}

async fn messages(shared: &Shared, session: SessionId, recv: &mut RecvStream) -> String {
    loop {
        let message = match read_message::<OperatorMessage>(recv).await {
            Ok(Some(message)) => message,
            Ok(None) => return "the console closed its session stream".to_owned(),
            Err(error) => return error.to_string(),
        };
        match message {
            OperatorMessage::Stop { request } => {
                say(shared, SessionEvent::Stop { session, request }).await;
            }
            OperatorMessage::Acknowledge { epoch } => {
                say(shared, SessionEvent::Acknowledge { session, epoch }).await;
            }
            OperatorMessage::Release => return "the operator gave it back".to_owned(),
            OperatorMessage::Hello { .. } => tracing::warn!("a second hello was ignored"),
        }
    }
}

/// A session number from the system's random source.
fn random_session() -> Option<SessionId> {
    let mut bytes = [0; 16];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(SessionId::from_bytes(bytes))
}

/// An epoch to start under, from the system's random source: a robot that restarts must not take up
/// the epochs of its former life. Small enough never to wrap.
pub fn random_epoch() -> u32 {
    let mut bytes = [0; 4];
    match rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes) >> 2,
        // Without a random source no session is granted either, so any epoch will do.
        Err(_) => 0,
    }
}
