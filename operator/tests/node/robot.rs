//! A robot as small as one can be: it grants authority, tells states, sends pictures, and notes what
//! it hears. It judges nothing.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use openh264::OpenH264API;
use openh264::encoder::{Encoder, EncoderConfig, FrameType, IntraFramePeriod, UsageType};
use openh264::formats::YUVSlices;
use protocol::ARMS;
use protocol::cause::{Cause, CauseSet};
use protocol::frame::{ArmState, BaseState, ClampSet, CommandFrame, Mode, StateFrame};
use protocol::link::admit::next;
use protocol::link::messages::{read_message, write_message};
use protocol::link::pictures::{PictureSender, is_keyframe_request};
use protocol::link::{Identity, Kind, Role, admit, listen};
use protocol::picture::{PictureHeader, ViewSource};
use protocol::session::{OperatorMessage, RobotMessage, SessionId};
use protocol::state::OperatingState;
use protocol::time::Moment;
use quinn::{Connection, Endpoint, VarInt};
use tokio::sync::watch;

use super::anywhere;

/// Width and height of its pictures.
const SIZE: usize = 64;

/// Pictures between keyframes.
const KEYFRAME_EVERY: u32 = 10;

/// How the robot answers a hello.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Welcome,
    Refused(u8),
}

/// What the robot tells.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    pub answer: Answer,
    pub simulated: bool,
    pub state: OperatingState,
    pub stopped_by: Option<Cause>,
    pub stop_confirmed: u32,
    pub epoch: u32,
    /// Follows whoever asks.
    pub follows: bool,
    /// Pictures sent on each media connection.
    pub pictures: u64,
    /// Where they come from.
    pub source: ViewSource,
    /// The one that does not decode.
    pub spoilt: Option<u64>,
}

impl Default for Telling {
    fn default() -> Self {
        Self {
            answer: Answer::Welcome,
            simulated: true,
            state: OperatingState::Ready,
            stopped_by: None,
            stop_confirmed: 0,
            epoch: 5,
            follows: false,
            pictures: 0,
            source: ViewSource::Ultrasound,
            spoilt: None,
        }
    }
}

/// What the robot has heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub sessions: Vec<SessionId>,
    pub messages: Vec<OperatorMessage>,
    pub commands: Vec<CommandFrame>,
    pub states: u64,
    pub keyframes_asked: u64,
}

struct Inside {
    telling: Mutex<Telling>,
    heard: Mutex<Heard>,
    hang_up: watch::Sender<u32>,
}

/// A running robot.
pub(crate) struct Robot {
    pub control: SocketAddr,
    pub media: SocketAddr,
    inside: Arc<Inside>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Robot {
    pub(crate) fn start(identity: &Identity, telling: Telling) -> Self {
        let film = film(telling.source, telling.pictures, telling.spoilt);
        let inside = Arc::new(Inside {
            telling: Mutex::new(telling),
            heard: Mutex::default(),
            hang_up: watch::Sender::new(0),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let entered = runtime.enter();
        let open = |kind| listen(kind, anywhere(), identity).unwrap();
        let (control, media) = (open(Kind::Control), open(Kind::Media));
        drop(entered);
        let addresses = (control.local_addr().unwrap(), media.local_addr().unwrap());
        let (stop, mut stopping) = watch::channel(false);
        let mine = Arc::clone(&inside);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve_control(control, Arc::clone(&mine)) => {}
                    () = serve_media(media, mine, film) => {}
                    _ = stopping.wait_for(|stop| *stop) => {}
                }
            });
        });
        Self { control: addresses.0, media: addresses.1, inside, stop, thread: Some(thread) }
    }

    pub(crate) fn heard(&self) -> MutexGuard<'_, Heard> {
        lock(&self.inside.heard)
    }

    pub(crate) fn tell(&self, change: impl FnOnce(&mut Telling)) {
        change(&mut lock(&self.inside.telling));
    }

    /// Ends the control connection.
    pub(crate) fn hang_up(&self) {
        self.inside.hang_up.send_modify(|n| *n += 1);
    }
}

impl Drop for Robot {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn serve_control(endpoint: Endpoint, inside: Arc<Inside>) {
    while let Some(incoming) = next(&endpoint).await {
        let Ok((connection, _)) = admit(incoming, &[Role::Operator]).await else { continue };
        tokio::spawn(serve_console(connection, Arc::clone(&inside)));
    }
}

async fn serve_console(connection: Connection, inside: Arc<Inside>) {
    let (mut send, mut recv) = connection.accept_bi().await.unwrap();
    let hello = read_message::<OperatorMessage>(&mut recv).await.unwrap().unwrap();
    lock(&inside.heard).messages.push(hello);
    let Telling { answer, simulated, epoch, .. } = lock(&inside.telling).clone();
    let session = {
        let mut heard = lock(&inside.heard);
        let session = SessionId::new(100 + heard.sessions.len() as u128);
        if let Answer::Welcome = answer {
            heard.sessions.push(session);
        }
        session
    };
    let (session, robot) = (session.to_bytes(), "arm7".to_owned());
    let answer = match answer {
        Answer::Welcome => RobotMessage::Welcome { session, epoch, robot, simulated },
        Answer::Refused(code) => RobotMessage::Refused { code },
    };
    write_message(&mut send, &answer).await.unwrap();
    let mut hung_up = inside.hang_up.subscribe();
    tokio::select! {
        () = states(&connection, &inside) => {}
        () = commands(&connection, &inside) => {}
        () = async {
            while let Ok(Some(message)) = read_message(&mut recv).await {
                lock(&inside.heard).messages.push(message);
            }
        } => {}
        _ = hung_up.changed() => {}
    }
    connection.close(VarInt::from_u32(0), b"the session has ended");
}

async fn states(connection: &Connection, inside: &Inside) {
    let mut due = tokio::time::interval(Duration::from_millis(2));
    for seq in 1.. {
        due.tick().await;
        let telling = lock(&inside.telling).clone();
        let mut heard = lock(&inside.heard);
        heard.states = heard.states.max(seq);
        let newest = heard.commands.last().copied();
        drop(heard);
        let follows = telling.follows && newest.is_some_and(|c| c.mode == Mode::Follow);
        let frame = StateFrame {
            seq,
            t_robot: Moment::from_ns(seq * 2_000_000),
            echo_seq: newest.map_or(0, |c| c.seq),
            echo_t_input: newest.map_or(Moment::START, |c| c.t_input),
            echo_hold: Duration::ZERO,
            state: if follows { OperatingState::Engaged } else { telling.state },
            stopped_by: telling.stopped_by,
            tripped: CauseSet::EMPTY,
            soft: CauseSet::EMPTY,
            blocking: CauseSet::EMPTY,
            epoch: telling.epoch,
            stop_confirmed: telling.stop_confirmed,
            loop_age: Some(Duration::from_millis(30)),
            view_age: None,
            command_age: None,
            speed_m_s: 0.0,
            speed_cap_m_s: 0.1,
            clamps: ClampSet::EMPTY,
            arms: [ArmState::absent(); ARMS],
            base: BaseState::absent(),
        };
        let _ = connection.send_datagram(frame.encode().unwrap().to_vec().into());
    }
}

async fn commands(connection: &Connection, inside: &Inside) {
    while let Ok(datagram) = connection.read_datagram().await {
        let command = CommandFrame::decode(&datagram).unwrap();
        lock(&inside.heard).commands.push(command);
    }
}

async fn serve_media(endpoint: Endpoint, inside: Arc<Inside>, film: Vec<(PictureHeader, Vec<u8>)>) {
    while let Some(incoming) = next(&endpoint).await {
        let Ok((connection, _)) = admit(incoming, &[Role::Operator]).await else { continue };
        let asking = connection.clone();
        let mine = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok(datagram) = asking.read_datagram().await {
                lock(&mine.heard).keyframes_asked += u64::from(is_keyframe_request(&datagram));
            }
        });
        let film = film.clone();
        tokio::spawn(async move {
            let mut sender = PictureSender::new(connection);
            for (header, unit) in film {
                if sender.send(&header, &unit).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
}

/// Pictures in which something moves, with one that is spoilt.
fn film(source: ViewSource, pictures: u64, spoilt: Option<u64>) -> Vec<(PictureHeader, Vec<u8>)> {
    let config = EncoderConfig::new()
        .usage_type(UsageType::CameraVideoRealTime)
        .intra_frame_period(IntraFramePeriod::from_num_frames(KEYFRAME_EVERY))
        .skip_frames(false)
        .scene_change_detect(false);
    let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config).unwrap();
    let neutral = vec![128; SIZE * SIZE / 4];
    let mut film = Vec::new();
    for view in 1..=pictures {
        let grey: Vec<u8> =
            (0..SIZE * SIZE).map(|i| ((i % SIZE) as u64 * 3 + view * 7) as u8).collect();
        let strides = (SIZE, SIZE / 2, SIZE / 2);
        let planes = YUVSlices::new((&grey, &neutral, &neutral), (SIZE, SIZE), strides);
        let stream = encoder.encode(&planes).unwrap();
        let keyframe = matches!(stream.frame_type(), FrameType::IDR);
        let mut unit = stream.to_vec();
        if spoilt == Some(view) {
            unit[6..].fill(0xA5);
        }
        let header = PictureHeader {
            source,
            view,
            captured: Moment::from_ns(view),
            encode_us: 1,
            width: SIZE as u16,
            height: SIZE as u16,
            depth_um: 120_000,
            keyframe,
            skipped: 0,
            length: unit.len() as u32,
        };
        film.push((header, unit));
    }
    film
}
