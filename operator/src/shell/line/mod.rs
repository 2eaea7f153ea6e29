//! The line to the robot: commands out, states in, an operator's acts, and a new session when it is lost.
//!
//! It belongs to the hand thread, which drives it while it waits for its next tick: no hop lies between a
//! sample and the socket, or between the socket and the core. One session runs over one or several paths. The
//! first that reaches the robot asks for authority, the others join; commands go out on all of them and the
//! first to arrive counts. The session is lost with its last path. Then the robot is called again for as long
//! as the console runs, with a pause that grows to a bound; the next session is a new one, and nothing that was
//! said for the old one is said in it.

mod gauge;
mod path;

use core::time::Duration;
use std::collections::VecDeque;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Instant;

use protocol::frame::StateFrame;
use protocol::host::awake::Awake;
use protocol::imaging::ImagingReport;
use protocol::link::control::port::wait;
use protocol::link::control::{CallId, Event};
use protocol::link::{Identity, LinkError};
use protocol::session::{OperatorMessage, Refusal, RobotMessage, SessionId, decode};
use protocol::time::{Moment, Operator};
use tokio::sync::{mpsc, watch};

use self::path::{Path, Stage};
use super::error::{ConsoleError, Reason};
use super::lock;
use super::node::Started;
use super::shared::{Link, Shared, Word};

pub use self::gauge::Figures;
pub use self::path::Route;

/// Time for the robot to answer the hello. Unit: millisecond. Its own bound for the servo's answer is
/// one second; the rest is two slow round trips.
pub const WELCOME_MAX_MS: u64 = 5_000;

/// First pause before calling again.
pub const REDIAL_MIN: Duration = Duration::from_millis(250);

/// Longest pause: a clinician who waits for the robot to come back should not wait for this.
pub const REDIAL_MAX: Duration = Duration::from_secs(4);

/// Time for a last word to leave before the socket is closed.
pub const LAST_WORD_MAX: Duration = Duration::from_millis(300);

/// How often others are told how the paths do.
const GAUGE_EVERY: Duration = Duration::from_millis(500);

/// The longest name in a hello. Unit: character.
const NAME_MAX: usize = 64;

/// What the robot is told when this side ends it.
const ENDED: &[u8] = b"the console has ended the session";

/// Who calls, and which way.
pub struct Call {
    /// The ways to the robot; at least one.
    pub routes: Vec<Route>,
    /// Who calls.
    pub identity: Identity,
    /// Name of the console, for the robot's log.
    pub name: String,
    /// Hash of the profile in force.
    pub profile: [u8; 32],
    /// The hand is one that may steer nothing real.
    pub scripted: bool,
    /// Stays awake before what it waits for.
    pub spins: bool,
}

/// What the hand thread hears from the line.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "most items are states, and none is kept")]
pub enum Heard {
    /// Authority was granted.
    Welcome {
        /// The session.
        session: SessionId,
        /// The epoch to start under.
        epoch: u32,
        /// True if nothing real can move.
        simulated: bool,
        /// Which session of this process it is, from 1.
        number: u64,
    },
    /// The session has ended.
    Lost,
    /// A state frame has arrived.
    State {
        /// The frame.
        frame: StateFrame,
        /// When.
        at: Moment<Operator>,
    },
}

/// Whether the line still has anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It holds a session, or calls until it does.
    Keen,
    /// Authority was given back; the robot ends the session, by then at the latest.
    Leaving { until: Instant },
    /// It is over.
    Done,
}

/// The line.
pub struct Line {
    call: Call,
    shared: Arc<Shared>,
    words: mpsc::Receiver<Word>,
    /// To the media link: which session there is.
    sessions: watch::Sender<Option<u64>>,
    /// To whoever starts the console: how the first call went.
    started: Option<Started<()>>,
    paths: Vec<Path>,
    session: Option<SessionId>,
    number: u64,
    mood: Mood,
    heard: VecDeque<Heard>,
    malformed: u64,
    /// Number of the newest state of this session.
    newest: Option<u64>,
    gauged: Instant,
    awake: Awake,
}

impl Line {
    /// A line that has not called yet.
    ///
    /// # Errors
    /// [`LinkError`] for an identity or an address that can not be used.
    pub fn new(
        call: Call,
        shared: Arc<Shared>,
        words: mpsc::Receiver<Word>,
        sessions: watch::Sender<Option<u64>>,
        started: Started<()>,
    ) -> Result<Self, LinkError> {
        let now = shared.clock.instant();
        let path = |route: &Route| Path::new(route.clone(), &call.identity, now);
        let paths = call.routes.iter().map(path).collect::<Result<_, _>>()?;
        Ok(Self {
            awake: Awake::new(call.spins),
            call,
            shared,
            words,
            sessions,
            started: Some(started),
            paths,
            session: None,
            number: 0,
            mood: Mood::Keen,
            heard: VecDeque::new(),
            malformed: 0,
            newest: None,
            gauged: now,
        })
    }

    /// The next thing that was heard.
    pub fn heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// True while authority is held.
    pub const fn is_up(&self) -> bool {
        self.session.is_some()
    }

    /// Sends a command on every path, now. False if no path took it.
    pub fn send(&mut self, frame: &[u8]) -> bool {
        let now = self.now();
        let mut sent = false;
        for path in &mut self.paths {
            if let Some(call) = path.up() {
                sent |= path.link.send_frame(call, frame).is_ok();
                path.give_out(now);
            }
        }
        sent
    }

    /// Sleeps until something arrives, or until then.
    pub fn wait(&mut self, until: Moment<Operator>) {
        let (until, now) = (self.shared.clock.instant_of(until), self.now());
        self.awake.expect(until);
        let Some(until) = self.awake.sleep_until(until, now) else { return };
        let due = self.paths.iter().map(|path| path.as_fd()).collect::<Vec<_>>();
        wait(&due, Some(until), now);
    }

    /// All there is to do now.
    pub fn turn(&mut self) {
        let clock = self.shared.clock;
        for at in 0..self.paths.len() {
            self.serve(at, || clock.instant());
        }
        let now = self.now();
        self.take_words(now);
        for at in 0..self.paths.len() {
            self.advance(at, now);
        }
        if let Mood::Leaving { until } = self.mood
            && (now >= until || self.session.is_none())
        {
            self.lose(&released(), now);
            self.mood = Mood::Done;
        }
        for path in &mut self.paths {
            path.give_out(now);
        }
        self.tell_paths(now);
    }

    /// Tells others how the paths do. Nobody is waited for: if somebody is just reading, then later.
    fn tell_paths(&mut self, now: Instant) {
        if now.saturating_duration_since(self.gauged) < GAUGE_EVERY {
            return;
        }
        if let Ok(mut board) = self.shared.board.try_lock() {
            self.gauged = now;
            let newest = self.newest;
            board.paths = self.paths.iter_mut().map(|path| path.state(newest)).collect();
        }
    }

    /// Says good-bye on every path, and waits a little that it gets out.
    pub fn close(mut self) {
        let until = self.now() + LAST_WORD_MAX;
        for path in &mut self.paths {
            path.link.close_all(0, ENDED, self.shared.clock.instant());
        }
        while self.paths.iter().any(|path| !path.link.is_idle()) && self.now() < until {
            let clock = self.shared.clock;
            for path in &mut self.paths {
                path.take_in(|| clock.instant());
                path.give_out(clock.instant());
            }
            let ports: Vec<_> = self.paths.iter().map(|path| path.as_fd()).collect();
            let due = self.now() + Duration::from_millis(5);
            wait(&ports, Some(due.min(until)), self.now());
        }
    }

    fn now(&self) -> Instant {
        self.shared.clock.instant()
    }

    /// What has happened on one path.
    fn serve(&mut self, at: usize, clock: impl Fn() -> Instant) {
        let Some(path) = self.paths.get_mut(at) else { return };
        path.take_in(&clock);
        while let Some(event) = self.paths.get_mut(at).and_then(|path| path.link.poll()) {
            self.hear(at, event, clock());
        }
        while let Some(message) = self.message(at) {
            match message {
                Ok(message) => self.hear_message(at, message, clock()),
                Err(error) => {
                    self.fail(at, error, clock());
                    break;
                }
            }
        }
    }

    /// The next message on a path, or what is wrong with it.
    fn message(&mut self, at: usize) -> Option<Result<RobotMessage, ConsoleError>> {
        let path = self.paths.get_mut(at)?;
        let call = path.stage.call()?;
        match path.link.message(call) {
            Ok(None) => None,
            Ok(Some(bytes)) => Some(decode(&bytes).map_err(|e| LinkError::from(e).into())),
            Err(LinkError::Finished) => Some(Err(ConsoleError::NoAnswer)),
            Err(error) => Some(Err(error.into())),
        }
    }

    fn hear(&mut self, at: usize, event: Event, now: Instant) {
        let Some(path) = self.paths.get_mut(at) else { return };
        match event {
            Event::Joined { call, .. } if path.stage == (Stage::Calling { call }) => {
                path.stage = Stage::Admitted { call };
            }
            Event::Frame { call, bytes } if path.stage == (Stage::Up { call }) => {
                self.hear_state(at, &bytes);
            }
            Event::Ended { call, why, .. } if path.stage.call() == Some(call) => {
                self.fail(at, why.into(), now);
            }
            // Of a call that was given up.
            Event::Joined { .. } | Event::Frame { .. } | Event::Ended { .. } => {}
        }
    }

    fn hear_state(&mut self, path: usize, bytes: &[u8]) {
        let at = self.shared.clock.now();
        match StateFrame::decode(bytes) {
            Ok(frame) => {
                let first = self.newest.is_none_or(|newest| frame.seq > newest);
                if let Some(path) = self.paths.get_mut(path) {
                    path.gauge.note(first);
                }
                if first {
                    self.newest = Some(frame.seq);
                }
                self.heard.push_back(Heard::State { frame, at });
            }
            Err(error) => {
                self.malformed += 1;
                if self.malformed.is_power_of_two() {
                    tracing::warn!("not a state frame ({} so far): {error}", self.malformed);
                }
            }
        }
    }

    fn hear_message(&mut self, at: usize, message: RobotMessage, now: Instant) {
        let Some(path) = self.paths.get_mut(at) else { return };
        match (path.stage, message) {
            (
                Stage::Asked { call, .. },
                RobotMessage::Welcome { session, epoch, robot, simulated },
            ) => {
                path.rise(call);
                self.begin(SessionId::from_bytes(session), epoch, robot, simulated, now);
            }
            (Stage::Asked { call, .. }, RobotMessage::Joined) => {
                path.rise(call);
                tracing::info!("the robot is reached on the path {}, too", path.route.name);
            }
            (Stage::Up { .. }, RobotMessage::Imaging { report }) => self.hear_imaging(report),
            (_, RobotMessage::Refused { code }) => self.fail(at, refused(code), now),
            (_, message) => tracing::warn!("{message:?} was ignored"),
        }
    }

    /// The same report comes on every path: the newer one counts.
    fn hear_imaging(&mut self, report: ImagingReport) {
        let mut board = lock(&self.shared.board);
        if board.imaging.is_none_or(|last| report.serial > last.serial) {
            if let Some(why) = report.refused {
                tracing::warn!(code = why.id(), "the robot refused settings: {why} {}", why.fix());
            }
            board.imaging = Some(report);
        }
    }

    /// A session begins.
    fn begin(
        &mut self,
        session: SessionId,
        epoch: u32,
        robot: String,
        simulated: bool,
        now: Instant,
    ) {
        if self.call.scripted && !simulated && self.started.is_some() {
            self.give_up(ConsoleError::NotSimulated { robot }, now);
            return;
        }
        // An act about the world before the loss is no act about the world after it.
        while let Ok(word) = self.words.try_recv() {
            tracing::info!("dropped {word:?}: it was said while there was no session");
        }
        self.number += 1;
        self.session = Some(session);
        self.newest = None;
        let number = self.number;
        tracing::info!("authority over {robot} is held (session {number})");
        self.heard.push_back(Heard::Welcome { session, epoch, simulated, number });
        {
            let mut board = lock(&self.shared.board);
            board.link = Link::Up;
            board.imaging = None;
            board.robot = robot;
            board.simulated = simulated;
        }
        self.sessions.send_replace(Some(number));
        if let Some(started) = self.started.take() {
            let _ = started.send(Ok(()));
        }
    }

    /// Moves one path on, as far as it goes by itself.
    fn advance(&mut self, at: usize, now: Instant) {
        let asking = self.paths.iter().any(|path| matches!(path.stage, Stage::Asked { .. }));
        let Some(path) = self.paths.get_mut(at) else { return };
        match path.stage {
            Stage::Resting { until } if self.mood == Mood::Keen && now >= until => {
                if let Err(error) = path.call(now) {
                    self.fail(at, error.into(), now);
                }
            }
            Stage::Admitted { call } => match self.session {
                Some(session) => self.ask(at, call, &join(session), now),
                // One asks; the others wait for what it is told.
                None if asking => {}
                None => self.ask(at, call, &self.hello(), now),
            },
            Stage::Asked { until, .. } if now >= until => {
                self.fail(at, ConsoleError::Silent { after_ms: WELCOME_MAX_MS }, now);
            }
            Stage::Resting { .. }
            | Stage::Calling { .. }
            | Stage::Asked { .. }
            | Stage::Up { .. } => {}
        }
    }

    fn ask(&mut self, at: usize, call: CallId, message: &OperatorMessage, now: Instant) {
        let Some(path) = self.paths.get_mut(at) else { return };
        match path.link.say(call, message) {
            Ok(()) => {
                let until = now + Duration::from_millis(WELCOME_MAX_MS);
                path.stage = Stage::Asked { call, until };
            }
            Err(error) => self.fail(at, error.into(), now),
        }
    }

    fn hello(&self) -> OperatorMessage {
        OperatorMessage::Hello {
            console: self.call.name.chars().take(NAME_MAX).collect(),
            profile: self.call.profile,
        }
    }

    /// A path has ended, or could not be made.
    fn fail(&mut self, at: usize, error: ConsoleError, now: Instant) {
        let Some(path) = self.paths.get_mut(at) else { return };
        let was_up = path.up().is_some();
        path.rest(b"the session has ended", now);
        let name = path.route.name.clone();
        let reason = Reason::from(&error);
        let others = self.paths.iter().any(|path| path.up().is_some());
        if was_up && others {
            tracing::warn!(code = reason.code, "the path {name} is gone: {}", reason.sentence);
        } else if self.session.is_some() && others {
            tracing::debug!(code = reason.code, "no path {name}: {}", reason.sentence);
        } else if was_up {
            self.lose(&reason, now);
        } else if self.started.is_some() {
            // The first call: whoever starts the console decides, once no path is left to try.
            if self.paths.iter().all(|path| path.stage.call().is_none()) {
                self.give_up(error, now);
            }
        } else {
            tracing::info!(code = error.code(), "the robot was called again: {error}");
            lock(&self.shared.board).link = Link::Lost(reason);
        }
    }

    /// The session is over.
    fn lose(&mut self, reason: &Reason, now: Instant) {
        let reason = if matches!(self.mood, Mood::Leaving { .. }) { &released() } else { reason };
        if self.session.take().is_some() {
            tracing::warn!(code = reason.code, "the control link has ended: {}", reason.sentence);
            self.heard.push_back(Heard::Lost);
            self.sessions.send_replace(None);
        }
        {
            let mut board = lock(&self.shared.board);
            board.link = Link::Lost(reason.clone());
            board.imaging = None;
        }
        for path in &mut self.paths {
            if path.stage.call().is_some() {
                path.rest(b"the session has ended", now);
            }
        }
    }

    /// The first call has failed: whoever starts the console is told, and nobody is called again.
    fn give_up(&mut self, error: ConsoleError, now: Instant) {
        self.mood = Mood::Done;
        for path in &mut self.paths {
            path.rest(ENDED, now);
        }
        if let Some(started) = self.started.take() {
            let _ = started.send(Err(error));
        }
    }

    /// Says the operator's acts: on every path, because one may be dead and not known to be. The robot knows a
    /// stop and a setting by its number and an acknowledgement by its epoch, so each takes effect once.
    fn take_words(&mut self, now: Instant) {
        while let Ok(word) = self.words.try_recv() {
            if self.session.is_none() || self.mood != Mood::Keen {
                if word == Word::Release && self.mood == Mood::Keen {
                    lock(&self.shared.board).link = Link::Lost(released());
                    self.mood = Mood::Done;
                } else {
                    tracing::info!("dropped {word:?}: there is no session");
                }
                continue;
            }
            let message = match word {
                Word::Stop { request } => OperatorMessage::Stop { request },
                Word::Acknowledge { epoch } => OperatorMessage::Acknowledge { epoch },
                Word::Imaging { request, wanted } => OperatorMessage::Imaging { request, wanted },
                Word::Release => OperatorMessage::Release,
            };
            for path in &mut self.paths {
                let Some(call) = path.up() else { continue };
                if let Err(error) = path.link.say(call, &message) {
                    tracing::warn!(code = error.code(), "{word:?} could not be said: {error}");
                }
                if word == Word::Release {
                    path.link.finish(call);
                }
            }
            if word == Word::Release {
                self.mood = Mood::Leaving { until: now + LAST_WORD_MAX };
            }
        }
    }
}

fn join(session: SessionId) -> OperatorMessage {
    OperatorMessage::Join { session: session.to_bytes() }
}

fn refused(code: u8) -> ConsoleError {
    Refusal::from_code(code).map_or(ConsoleError::RefusedUnknown { code }, ConsoleError::Refused)
}

fn released() -> Reason {
    Reason {
        code: "RELEASED",
        sentence: "Authority was given back from this console.".to_owned(),
        fix: "Start the console again to ask for authority.".to_owned(),
    }
}
