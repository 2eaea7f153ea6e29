//! The desk: who has come, who was asked about, who steers, and on which paths.
//!
//! One guest per call. A guest introduces itself ([`OperatorMessage::Hello`]), the servo is asked for authority,
//! and with its grant the guest steers. A second call of the one who steers may join as another path
//! ([`OperatorMessage::Join`]): then each command counts once, from whichever path it came first, and each state
//! goes out on all of them. The session ends when its last path does.
//!
//! No clock and no socket here: whoever drives the link says what time it is.

use core::time::Duration;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use protocol::frame::{CommandFrame, StateFrame};
use protocol::host::HostClock;
use protocol::link::control::{CallId, ControlLink, Event};
use protocol::link::{LinkError, Peer};
use protocol::session::{OperatorMessage, Refusal, RobotMessage, SessionId, decode};
use protocol::time::Robot as RobotTime;
use tokio::sync::watch;

use super::{Connections, Greeting, LAST_WORD_MAX};
use crate::core::{Grant, SessionEvent};
use crate::shell::arrivals::Stamper;
use crate::shell::imaging::{Desired, Wish};
use crate::shell::rings::{Answer, Inbound, Receiver, Sender};

/// What a console is told whose authority the robot has taken back.
const AUTHORITY_ENDED: &[u8] =
    b"the robot has taken authority back, after a long silence, an emergency stop or a fault";

/// Time for a console to introduce itself.
const HELLO_MAX: Duration = Duration::from_secs(3);

/// Time for the servo to answer.
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// How soon something is said again that the servo had no room for.
const SAY_AGAIN: Duration = Duration::from_millis(1);

/// Paths of one session at most.
const PATHS_MAX: usize = 4;

/// How far a guest has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It must introduce itself by then.
    Silent { until: Instant },
    /// The servo has been asked, and must answer by then.
    Asking { session: SessionId, until: Instant },
    /// It steers, on this path or beside others.
    Steering { session: SessionId },
    /// It was refused, and hears why until then.
    Leaving { refusal: Refusal, until: Instant },
}

/// One call.
#[derive(Debug)]
struct Guest {
    call: CallId,
    peer: Peer,
    address: SocketAddr,
    stage: Stage,
}

impl Guest {
    /// Why it must go now, if it must.
    fn is_late(&self, stalled: bool, now: Instant) -> Option<Refusal> {
        match self.stage {
            Stage::Silent { until } => (now >= until).then_some(Refusal::Hello),
            Stage::Asking { until, .. } => (now >= until || stalled).then_some(Refusal::Stalled),
            Stage::Steering { .. } => stalled.then_some(Refusal::Stalled),
            Stage::Leaving { refusal, until } => (now >= until).then_some(refusal),
        }
    }
}

/// Who steers.
#[derive(Debug)]
struct Holder {
    session: SessionId,
    peer: Peer,
    /// The newest command that was passed on.
    newest: u64,
    /// The newest request to set the imaging device.
    imaging: u32,
}

/// Serves everybody who has come.
pub(super) struct Desk {
    pub(super) link: ControlLink,
    greeting: Greeting,
    said: Sender<SessionEvent>,
    /// What the servo had no room for.
    unsaid: VecDeque<SessionEvent>,
    commands: Sender<Inbound>,
    answers: Receiver<Answer>,
    states: Receiver<StateFrame>,
    stalled: watch::Receiver<bool>,
    holder_name: watch::Sender<Option<String>>,
    imaging: Desired,
    stamper: Option<Stamper>,
    guests: Vec<Guest>,
    holder: Option<Holder>,
    clock: HostClock<RobotTime>,
    now: Option<Instant>,
}

impl Desk {
    pub(super) fn new(
        link: ControlLink,
        greeting: Greeting,
        connections: Connections,
        clock: HostClock<RobotTime>,
    ) -> (Self, UnixStream) {
        let Connections { said, commands, answers, states, wake, .. } = connections;
        let Connections { stalled, holder_name, imaging, stamper, .. } = connections;
        let desk = Self {
            link,
            greeting,
            said,
            unsaid: VecDeque::new(),
            commands,
            answers,
            states,
            stalled,
            holder_name,
            imaging,
            stamper,
            guests: Vec::new(),
            holder: None,
            clock,
            now: None,
        };
        (desk, wake)
    }

    /// When [`turn`](Self::turn) must be called at the latest.
    pub(super) fn due(&mut self) -> Option<Instant> {
        let again = self.now.filter(|_| !self.unsaid.is_empty()).map(|now| now + SAY_AGAIN);
        let stages = self.guests.iter().filter_map(|guest| match guest.stage {
            Stage::Silent { until } | Stage::Asking { until, .. } => Some(until),
            Stage::Leaving { until, .. } => Some(until),
            Stage::Steering { .. } => None,
        });
        stages.chain(again).chain(self.link.due()).min()
    }

    /// All there is to do now. First come the packets: a command waits for nobody. True if one was passed on.
    pub(super) fn turn(&mut self, now: Instant) -> bool {
        self.now = Some(now);
        let before = self.newest();
        while let Some(event) = self.link.poll() {
            self.hear(event, now);
        }
        while let Some(frame) = self.states.take() {
            self.tell(&frame);
        }
        while let Some(event) = self.unsaid.pop_front() {
            if self.said.offer(event).is_err() {
                self.unsaid.push_front(event);
                break;
            }
        }
        while let Some(answer) = self.answers.take() {
            self.pass_on(answer, now);
        }
        self.read_all(now);
        if self.imaging.reports.has_changed().unwrap_or(false) {
            self.tell_imaging();
        }
        self.look_at_the_clock(now);
        self.newest() > before
    }

    /// Number of the newest command that was passed on; `None` while nobody steers.
    fn newest(&self) -> Option<u64> {
        self.holder.as_ref().map(|holder| holder.newest)
    }

    /// Closes every call with this sentence.
    pub(super) fn close(&mut self, code: u32, why: &[u8], now: Instant) {
        self.guests.clear();
        self.holder = None;
        self.link.close_all(code, why, now);
    }

    fn hear(&mut self, event: Event, now: Instant) {
        match event {
            Event::Frame { call, bytes } => self.hear_frame(call, &bytes, now),
            Event::Joined { call, peer } => {
                let Some(address) = self.link.address(call) else { return };
                let stage = Stage::Silent { until: now + HELLO_MAX };
                self.guests.push(Guest { call, peer, address, stage });
            }
            Event::Ended { call, address, why } => {
                if let Some(guest) = self.take_guest(call) {
                    self.gone(&guest, &why);
                } else {
                    tracing::warn!(code = why.code(), "refused {address}: {why}");
                }
            }
        }
    }

    fn hear_frame(&mut self, call: CallId, bytes: &[u8], now: Instant) {
        let Some(holder) = &mut self.holder else { return };
        let steers = Stage::Steering { session: holder.session };
        let mut paths = self.guests.iter().filter(|guest| guest.stage == steers);
        if !paths.clone().any(|guest| guest.call == call) {
            return;
        }
        let beside_others = paths.nth(1).is_some();
        match CommandFrame::decode(bytes) {
            // The core gates on the session, too; here it keeps a mix-up from being anybody's frame.
            Ok(frame) if frame.session != holder.session => {}
            // Another path was faster.
            Ok(frame) if beside_others && frame.seq <= holder.newest => {}
            Ok(frame) => {
                holder.newest = frame.seq;
                self.commands.send(Inbound::Command(frame, self.clock.moment_of(now)));
                if let Some(stamper) = &mut self.stamper {
                    stamper.stamp(&frame);
                }
            }
            Err(error) => {
                tracing::debug!("not a command frame: {error}");
                self.commands.send(Inbound::Malformed(holder.session));
            }
        }
    }

    /// Sends a state on every path of whoever steers. One that does not go now is not wanted later.
    fn tell(&mut self, frame: &StateFrame) {
        let (Some(holder), Ok(bytes)) = (&self.holder, frame.encode()) else { return };
        let steers = Stage::Steering { session: holder.session };
        for guest in self.guests.iter().filter(|guest| guest.stage == steers) {
            let _ = self.link.send_frame(guest.call, &bytes);
        }
    }

    /// Says what the imaging device is set to, on every path of whoever steers.
    fn tell_imaging(&mut self) {
        let report = *self.imaging.reports.borrow_and_update();
        let Some(holder) = &self.holder else { return };
        let steers = Stage::Steering { session: holder.session };
        for guest in self.guests.iter().filter(|guest| guest.stage == steers) {
            // A call that can not be spoken to ends by itself.
            let _ = self.link.say(guest.call, &RobotMessage::Imaging { report });
        }
    }

    /// Says it to the servo, now or as soon as there is room.
    fn say(&mut self, event: SessionEvent) {
        if !self.unsaid.is_empty() || self.said.offer(event).is_err() {
            self.unsaid.push_back(event);
        }
    }

    /// Reads messages, as many as the servo has room for: a console that talks too much waits.
    fn read_all(&mut self, now: Instant) {
        let calls: Vec<_> = self.guests.iter().map(|guest| guest.call).collect();
        for call in calls {
            while self.unsaid.is_empty() {
                match self.link.message(call) {
                    Ok(Some(bytes)) => self.hear_message(call, &bytes, now),
                    Ok(None) => break,
                    Err(error) => {
                        self.dismiss(call, &error, now);
                        break;
                    }
                }
            }
        }
    }

    fn hear_message(&mut self, call: CallId, bytes: &[u8], now: Instant) {
        let Some(stage) = self.guest(call).map(|guest| guest.stage) else { return };
        match (stage, decode::<OperatorMessage>(bytes)) {
            (Stage::Silent { .. }, Ok(OperatorMessage::Hello { profile, .. })) => {
                self.ask(call, &profile, now);
            }
            (Stage::Silent { .. }, Ok(OperatorMessage::Join { session })) => {
                self.join(call, SessionId::from_bytes(session), now);
            }
            (Stage::Silent { .. }, _) => self.refuse(call, Refusal::Hello, now),
            (Stage::Steering { session }, Ok(message)) => {
                self.hear_holder(call, session, &message, now);
            }
            (Stage::Steering { .. }, Err(error)) => self.dismiss(call, &error.into(), now),
            // It is early; what it says counts once it steers, and it does not yet.
            (Stage::Asking { .. } | Stage::Leaving { .. }, _) => {}
        }
    }

    fn hear_holder(
        &mut self,
        call: CallId,
        session: SessionId,
        message: &OperatorMessage,
        now: Instant,
    ) {
        match *message {
            OperatorMessage::Stop { request } => self.say(SessionEvent::Stop { session, request }),
            OperatorMessage::Acknowledge { epoch } => {
                self.say(SessionEvent::Acknowledge { session, epoch });
            }
            OperatorMessage::Release => {
                if let Some(guest) = self.guest(call) {
                    tracing::info!("operator {} gave authority back", guest.peer.name);
                }
                self.end_session(session, 0, b"the session has ended", now);
            }
            OperatorMessage::Imaging { request, wanted } => {
                let Some(holder) = &mut self.holder else { return };
                // The same request comes on every path, and an older one may come late.
                if holder.session == session && request > holder.imaging {
                    holder.imaging = request;
                    self.imaging.wishes.send_replace(Some(Wish { request, wanted }));
                }
            }
            OperatorMessage::Hello { .. } | OperatorMessage::Join { .. } => {
                tracing::warn!("a second hello was ignored");
            }
        }
    }

    /// Somebody asks for authority.
    fn ask(&mut self, call: CallId, profile: &[u8; 32], now: Instant) {
        if *profile != self.greeting.profile {
            self.refuse(call, Refusal::Profile, now);
        } else if *self.stalled.borrow() {
            self.refuse(call, Refusal::Stalled, now);
        } else if let Some(session) = random_session() {
            self.set_stage(call, Stage::Asking { session, until: now + ANSWER_MAX });
            self.say(SessionEvent::Open { session });
        } else {
            self.refuse(call, Refusal::Hello, now);
        }
    }

    /// Somebody who steers comes on another path.
    fn join(&mut self, call: CallId, session: SessionId, now: Instant) {
        let steers = Stage::Steering { session };
        let paths = self.guests.iter().filter(|guest| guest.stage == steers).count();
        let peer = self.guest(call).map(|guest| guest.peer.clone());
        let same = self
            .holder
            .as_ref()
            .is_some_and(|h| h.session == session && Some(&h.peer) == peer.as_ref());
        if !same || paths >= PATHS_MAX {
            self.refuse(call, Refusal::Taken, now);
            return;
        }
        self.set_stage(call, steers);
        if self.link.say(call, &RobotMessage::Joined).is_ok() {
            tracing::info!("the operator steers on {} paths", paths + 1);
        }
    }

    fn pass_on(&mut self, answer: Answer, now: Instant) {
        match answer {
            // The console calls again, and starts afresh.
            Answer::Ended(session) => self.end_session(session, 0, AUTHORITY_ENDED, now),
            Answer::Granted(session, grant) => self.answer(session, grant, now),
        }
    }

    fn answer(&mut self, session: SessionId, grant: Grant, now: Instant) {
        let asked = |guest: &&mut Guest| matches!(guest.stage, Stage::Asking { session: s, .. } if s == session);
        let Some(guest) = self.guests.iter_mut().find(asked) else {
            // Nobody is there any more to hold it.
            if grant.is_ok() {
                self.say(SessionEvent::Close { session });
            }
            return;
        };
        let call = guest.call;
        let epoch = match grant {
            Ok(epoch) => epoch,
            Err(refusal) => return self.refuse(call, refusal, now),
        };
        guest.stage = Stage::Steering { session };
        tracing::info!("operator {} ({}) holds authority", guest.peer.name, guest.address);
        // Before the console hears of it: it will ask for pictures at once.
        self.holder_name.send_replace(Some(guest.peer.name.clone()));
        self.holder = Some(Holder { session, peer: guest.peer.clone(), newest: 0, imaging: 0 });
        let welcome = RobotMessage::Welcome {
            session: session.to_bytes(),
            epoch,
            robot: self.greeting.robot.clone(),
            simulated: self.greeting.simulated,
        };
        if let Err(error) = self.link.say(call, &welcome) {
            self.dismiss(call, &error, now);
            return;
        }
        if self.imaging.reports.borrow().state.is_some() {
            self.tell_imaging();
        }
    }

    /// Tells a guest why not, and lets it hear that before the call is closed.
    fn refuse(&mut self, call: CallId, refusal: Refusal, now: Instant) {
        let Some(guest) = self.guest(call) else { return };
        let sentence = refusal.sentence();
        tracing::warn!(code = refusal.id(), "refused operator {}: {sentence}", guest.peer.name);
        self.set_stage(call, Stage::Leaving { refusal, until: now + LAST_WORD_MAX });
        let _ = self.link.say(call, &RobotMessage::Refused { code: refusal as u8 });
        self.link.finish(call);
    }

    /// Something is wrong with a call: it is closed.
    fn dismiss(&mut self, call: CallId, why: &LinkError, now: Instant) {
        let Some(guest) = self.take_guest(call) else { return };
        match guest.stage {
            Stage::Silent { .. } => {
                let refusal = Refusal::Hello;
                let sentence = refusal.sentence();
                tracing::warn!(
                    code = refusal.id(),
                    "refused operator {}: {sentence}",
                    guest.peer.name
                );
                self.link.close(call, refusal as u32, sentence.as_bytes(), now);
            }
            Stage::Leaving { refusal, .. } => {
                self.link.close(call, refusal as u32, refusal.sentence().as_bytes(), now);
            }
            Stage::Asking { .. } | Stage::Steering { .. } => {
                self.link.close(call, 0, b"the session has ended", now);
            }
        }
        self.gone(&guest, why);
    }

    /// A call is over: what it held is free.
    fn gone(&mut self, guest: &Guest, why: &LinkError) {
        match guest.stage {
            Stage::Silent { .. } | Stage::Leaving { .. } => {}
            Stage::Asking { session, .. } => self.say(SessionEvent::Close { session }),
            Stage::Steering { session } => {
                let name = &guest.peer.name;
                if self.guests.iter().any(|other| other.stage == guest.stage) {
                    tracing::warn!(code = why.code(), "a path of operator {name} has ended: {why}");
                    return;
                }
                tracing::info!("operator {name} no longer holds authority: {why}");
                self.release(session);
            }
        }
    }

    fn release(&mut self, session: SessionId) {
        if self.holder.as_ref().is_some_and(|holder| holder.session == session) {
            self.holder = None;
            self.holder_name.send_replace(None);
        }
        self.say(SessionEvent::Close { session });
    }

    /// Ends a session on all its paths.
    fn end_session(&mut self, session: SessionId, code: u32, why: &[u8], now: Instant) {
        let of = |guest: &Guest| guest.stage == Stage::Steering { session };
        let calls: Vec<_> = self.guests.iter().filter(|g| of(g)).map(|guest| guest.call).collect();
        self.guests.retain(|guest| !of(guest));
        for call in &calls {
            self.link.close(*call, code, why, now);
        }
        if !calls.is_empty() {
            self.release(session);
        }
    }

    /// Whose time is up.
    fn look_at_the_clock(&mut self, now: Instant) {
        let stalled = *self.stalled.borrow();
        let late: Vec<_> = self
            .guests
            .iter()
            .filter_map(|guest| Some((guest.call, guest.stage, guest.is_late(stalled, now)?)))
            .collect();
        for (call, stage, refusal) in late {
            match stage {
                Stage::Leaving { .. } => self.dismiss(call, &LinkError::ClosedHere, now),
                Stage::Silent { .. } => self.refuse(call, refusal, now),
                // If the servo grants it later, nobody is there to hold it.
                Stage::Asking { session, .. } => {
                    self.refuse(call, refusal, now);
                    self.say(SessionEvent::Close { session });
                }
                Stage::Steering { session } => {
                    self.refuse(call, refusal, now);
                    self.release(session);
                }
            }
        }
    }

    fn guest(&self, call: CallId) -> Option<&Guest> {
        self.guests.iter().find(|guest| guest.call == call)
    }

    fn take_guest(&mut self, call: CallId) -> Option<Guest> {
        let at = self.guests.iter().position(|guest| guest.call == call)?;
        Some(self.guests.swap_remove(at))
    }

    fn set_stage(&mut self, call: CallId, stage: Stage) {
        if let Some(guest) = self.guests.iter_mut().find(|guest| guest.call == call) {
            guest.stage = stage;
        }
    }
}

/// A session number from the system's random source.
fn random_session() -> Option<SessionId> {
    let mut bytes = [0; 16];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    Some(SessionId::from_bytes(bytes))
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
