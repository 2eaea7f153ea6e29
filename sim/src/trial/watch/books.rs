//! Who holds authority, which commands count, and how far the operator's act has come.

use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{CommandFrame, Mode};
use protocol::session::SessionId;
use robot_agent::core::{LocalEvent, SessionEvent};

use crate::theatre::{Happening, Ticked};

/// A holder that is not heard of for this long holds nothing any more. Unit: ms. The robot's lease, and a tenth.
const LEASE_MS: u32 = 5_500;

/// How far the act has come that engages: released, held with the clutch open, closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Act {
    #[default]
    Nothing,
    Released,
    Open,
    Closed,
}

/// The books.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that happened")]
pub(super) struct Books {
    holder: Option<SessionId>,
    heard_ms: u32,
    newest: Option<CommandFrame>,
    newest_seq: u64,
    arrived_ms: u32,
    /// When the newest sample of the hand came. Unit: ms.
    sampled_ms: u32,
    /// The epoch that the act is of.
    epoch: u32,
    act: Act,
    pressed: bool,
    /// The holder has asked to stop in this step.
    pub(super) stopped: bool,
    /// The holder has given authority back in this step.
    pub(super) left: bool,
    pub(super) powered_on: bool,
    pub(super) reset: bool,
    pub(super) acknowledged: bool,
    stop_request: u32,
}

impl Books {
    /// Authority as it is when the trial begins.
    pub(super) const fn granted(&mut self, session: Option<SessionId>) {
        self.holder = session;
    }

    /// The newest command that counts.
    pub(super) const fn newest(&self) -> Option<&CommandFrame> {
        self.newest.as_ref()
    }

    /// How long ago it came. Unit: ms.
    pub(super) const fn silence_ms(&self, now_ms: u32) -> u32 {
        now_ms - self.arrived_ms
    }

    /// How long ago the hand was heard to be sampled anew. Unit: ms.
    pub(super) const fn sample_ms(&self, now_ms: u32) -> u32 {
        now_ms - self.sampled_ms
    }

    pub(super) const fn act(&self) -> Act {
        self.act
    }

    pub(super) const fn is_pressed(&self) -> bool {
        self.pressed
    }

    /// Takes down a step; what was seen that must not be, if something was.
    pub(super) fn hear(&mut self, happening: &Happening, now_ms: u32) -> Option<String> {
        for event in &happening.done {
            match event {
                LocalEvent::PowerOn => self.powered_on = true,
                LocalEvent::Reset => self.reset = true,
                LocalEvent::EstopPressed => self.pressed = true,
                LocalEvent::EstopReleased => self.pressed = false,
                LocalEvent::PowerOff => {}
            }
        }
        let mut seen = None;
        for (event, grant) in &happening.said {
            seen = self.say(event, matches!(grant, Some(Ok(_))), now_ms).or(seen);
        }
        for (frame, epoch) in &happening.heard {
            self.take(frame, *epoch, now_ms);
        }
        seen
    }

    fn say(&mut self, event: &SessionEvent, granted: bool, now_ms: u32) -> Option<String> {
        let holds = |session| self.holder == Some(session);
        match *event {
            SessionEvent::Open { session } if granted => {
                let lasts = now_ms.saturating_sub(self.heard_ms) <= LEASE_MS;
                let taken = self.holder.filter(|holder| *holder != session && lasts);
                self.holder = Some(session);
                (self.newest, self.newest_seq, self.stop_request) = (None, 0, 0);
                (self.heard_ms, self.act) = (now_ms, Act::Nothing);
                return taken.map(|_| "another has it, and was heard of just now".to_owned());
            }
            SessionEvent::Close { session } if holds(session) => {
                (self.holder, self.newest, self.left) = (None, None, true);
            }
            SessionEvent::Stop { session, .. } if holds(session) => self.stopped = true,
            SessionEvent::Acknowledge { session, .. } if holds(session) => self.acknowledged = true,
            _ => {}
        }
        None
    }

    fn take(&mut self, frame: &CommandFrame, epoch: u32, now_ms: u32) {
        if self.holder != Some(frame.session) || frame.seq <= self.newest_seq {
            return;
        }
        self.heard_ms = now_ms;
        if frame.stop_request > self.stop_request {
            (self.stop_request, self.stopped) = (frame.stop_request, true);
        }
        if frame.epoch != epoch {
            return;
        }
        self.newest_seq = frame.seq;
        if self.newest.is_none_or(|newest| frame.t_input > newest.t_input) {
            self.sampled_ms = now_ms;
        }
        (self.newest, self.arrived_ms) = (Some(*frame), now_ms);
        if self.epoch != epoch {
            (self.epoch, self.act) = (epoch, Act::Nothing);
        }
        self.act = if frame.deadman < DEADMAN_HELD_MIN {
            Act::Released
        } else {
            match (self.act, frame.mode) {
                (Act::Released | Act::Open | Act::Closed, Mode::Hold) => Act::Open,
                (Act::Open | Act::Closed, Mode::Follow) => Act::Closed,
                // Held and closed at once: no act, until it is released.
                (Act::Released, Mode::Follow) => Act::Released,
                (act, _) => act,
            }
        };
    }

    /// The tick has ended.
    pub(super) fn end(&mut self, ticked: &Ticked) {
        if ticked.tick.ended.is_some() && ticked.tick.ended == self.holder {
            (self.holder, self.newest) = (None, None);
        }
        // What has come under the new epoch already, in the step that began it, is of it.
        if self.epoch != ticked.epoch {
            (self.act, self.epoch) = (Act::Nothing, ticked.epoch);
        }
        (self.stopped, self.left) = (false, false);
        (self.powered_on, self.reset, self.acknowledged) = (false, false, false);
    }
}
