//! The hand thread: sample the device, tick the core, send the command, at the profile's rate.
//!
//! It owns core, device and the line to the robot, and waits for nobody but the clock and the socket. Deadlines are absolute, so that a late
//! tick does not make the next one late; ticks that were missed altogether are counted and not caught
//! up: a burst of old samples is worth nothing. The datagram leaves from here, because a hop over another
//! thread costs more than the rest of the console together. What others want to know is published in the
//! slack after that.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use protocol::frame::{CommandFrame, StateFrame};
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};

use super::error::ConsoleError;
use super::line::{Heard, Line};
use super::node::HandSource;
use super::rings::{Receiver, ToHand};
use super::shared::{HandCounts, Shared, Snapshot, Word};
use crate::core::OperatorCore;
#[cfg(feature = "gamepad")]
use crate::devices::gamepad::Gamepad;
use crate::devices::pad::PracticePad;
use crate::devices::script::ScriptedHand;
use crate::devices::{HandDevice, HandSample};

/// Events taken in per tick at most: a flood can not keep the hand from its tick.
const INBOUND_MAX: usize = 128;

/// How often the snapshot is published: more often than anybody looks.
const PUBLISH_EVERY: Duration = Duration::from_millis(20);

/// Said of a scripted hand that is connected to a real robot.
const NOT_SIMULATED: &str = "The scripted hand steers only a simulated robot.";

/// What the hand holds, opened.
pub enum Device {
    /// A scripted hand.
    Script(Box<ScriptedHand>),
    /// The practice pad of the page.
    Pad(PracticePad),
    /// A gamepad on this machine.
    #[cfg(feature = "gamepad")]
    Gamepad(Box<Gamepad>),
}

impl Device {
    /// Opens what the hand holds.
    ///
    /// # Errors
    /// [`ConsoleError`] if there is no access to the device, or if it can not steer what this profile is
    /// for.
    pub fn open(source: HandSource, profile: &Profile) -> Result<Self, ConsoleError> {
        Ok(match source {
            HandSource::Script { seed } => Self::Script(Box::new(ScriptedHand::new(profile, seed))),
            HandSource::Pad => Self::Pad(PracticePad::new()),
            #[cfg(feature = "gamepad")]
            HandSource::Gamepad => Self::Gamepad(Box::new(Gamepad::open(profile)?)),
        })
    }

    fn hand(&self) -> &dyn HandDevice {
        match self {
            Self::Script(hand) => hand.as_ref(),
            Self::Pad(hand) => hand,
            #[cfg(feature = "gamepad")]
            Self::Gamepad(hand) => hand.as_ref(),
        }
    }

    fn hand_mut(&mut self) -> &mut dyn HandDevice {
        match self {
            Self::Script(hand) => hand.as_mut(),
            Self::Pad(hand) => hand,
            #[cfg(feature = "gamepad")]
            Self::Gamepad(hand) => hand.as_mut(),
        }
    }
}

/// The state of the thread.
pub struct Hand {
    core: OperatorCore,
    device: Device,
    inbound: Receiver<ToHand>,
    shared: Arc<Shared>,
    /// Which session it is; pictures and presentations of others are not heard.
    number: u64,
    stop_said: u32,
    sample: HandSample,
    state_since: Option<Moment<Operator>>,
    stopped: Option<StateFrame>,
    lost_following: bool,
    counts: HandCounts,
    published_at: Moment<Operator>,
}

impl Hand {
    /// A hand that has not begun, and what it shares, made around its first snapshot.
    pub fn new(
        core: OperatorCore,
        device: Device,
        inbound: Receiver<ToHand>,
        share: impl FnOnce(Mutex<Arc<Snapshot>>) -> Shared,
    ) -> (Arc<Shared>, Self) {
        let sample = HandSample::gone(Moment::START);
        let first = Snapshot {
            core: core.clone(),
            sample,
            device: device.hand().name().to_owned(),
            note: None,
            state_since: None,
            stopped: None,
            lost_following: false,
            counts: HandCounts::default(),
        };
        let shared = Arc::new(share(Mutex::new(Arc::new(first))));
        let hand = Self {
            core,
            device,
            inbound,
            shared: Arc::clone(&shared),
            number: 0,
            stop_said: 0,
            sample,
            state_since: None,
            stopped: None,
            lost_following: false,
            counts: HandCounts::default(),
            published_at: Moment::START,
        };
        (shared, hand)
    }

    /// True for a hand that may steer nothing real.
    pub const fn scripted(&self) -> bool {
        matches!(self.device, Device::Script(_))
    }

    /// Runs until `stop` is set. Between two ticks it serves the line: a state is heard when it arrives.
    pub fn run(mut self, mut line: Line, stop: &AtomicBool) {
        let clock = self.shared.clock;
        let period = Duration::from_secs_f64(1.0 / self.shared.profile.rates.command_hz);
        let mut due = clock.now();
        while !stop.load(Ordering::Relaxed) {
            self.listen(&mut line, due);
            let late = clock.now().since(due).unwrap_or(Duration::ZERO);
            let missed =
                u64::try_from(late.as_nanos() / period.as_nanos().max(1)).unwrap_or(u64::MAX);
            self.counts.missed = self.counts.missed.saturating_add(missed);
            self.tick(&mut line);
            due = due.after(period * u32::try_from(missed + 1).unwrap_or(u32::MAX));
        }
        line.close();
    }

    /// Serves the line until then.
    fn listen(&mut self, line: &mut Line, until: Moment<Operator>) {
        loop {
            line.turn();
            while let Some(heard) = line.heard() {
                self.hear_line(&heard);
            }
            if self.shared.clock.now() >= until {
                return;
            }
            line.wait(until);
        }
    }

    fn tick(&mut self, line: &mut Line) {
        for _ in 0..INBOUND_MAX {
            let Some(event) = self.inbound.take() else { break };
            self.hear(event);
        }
        let now = self.shared.clock.now();
        let pressed = self.shared.stop.take();
        let pressed = pressed.or_else(|| self.device.hand_mut().take_stop().then_some(now));
        if let Some(at) = pressed {
            self.core.request_stop(at);
        }
        self.sample = self.sample_hand(now);
        let frame = self.core.tick(now, &self.sample);
        if let Some(frame) = &frame {
            self.send(line, frame);
            self.say_stop(frame.stop_request);
        }
        let waited = now.since(self.published_at).unwrap_or(Duration::MAX);
        if pressed.is_some() || waited >= PUBLISH_EVERY {
            self.publish(now, line.is_up());
        }
    }

    fn sample_hand(&mut self, now: Moment<Operator>) -> HandSample {
        if self.scripted() && !self.core.simulated() {
            return HandSample::gone(now);
        }
        self.device.hand_mut().sample(now)
    }

    fn send(&mut self, line: &mut Line, frame: &CommandFrame) {
        if frame.encode().is_ok_and(|bytes| line.send(&bytes)) {
            self.shared.commands_sent.fetch_add(1, Ordering::Relaxed);
        } else {
            self.counts.not_sent += 1;
        }
    }

    /// A stop that frames carry is also said once on the session stream, which retransmits.
    fn say_stop(&mut self, request: u32) {
        if request != self.stop_said {
            self.stop_said = request;
            if request != 0 {
                self.shared.say(Word::Stop { request });
            }
        }
    }

    fn hear_line(&mut self, heard: &Heard) {
        match *heard {
            Heard::Welcome { session, epoch, simulated, number } => {
                self.core.handle_welcome(session, epoch, simulated);
                self.number = number;
                self.stop_said = 0;
                self.lost_following = false;
                self.simulated_changed();
            }
            Heard::Lost => {
                self.lost_following = self.core.newest_state().is_some_and(|s| s.state.follows());
                self.core.handle_disconnected();
                // What is still on its way from the pictures of that session is nobody's.
                self.number = 0;
                self.state_since = None;
                self.stopped = None;
                if let Device::Pad(pad) = &mut self.device {
                    pad.robot_lost();
                }
            }
            Heard::State { ref frame, at } => self.hear_state(frame, at),
        }
    }

    fn hear(&mut self, event: ToHand) {
        match event {
            ToHand::Picture { header, at, number } if number == self.number => {
                self.core.handle_picture(&header, at);
            }
            ToHand::Presented { view, at, number } if number == self.number => {
                let source = self.shared.profile.freshness.steering;
                self.core.handle_presented(source, view, at);
            }
            ToHand::Picture { .. } | ToHand::Presented { .. } => {}
            ToHand::Pad(report) => {
                if let Device::Pad(pad) = &mut self.device {
                    pad.report(report);
                }
            }
            ToHand::Shown { word, at } => self.core.handle_shown(word, at),
            ToHand::PageChanged { open, at } => self.hear_page(open, at),
        }
    }

    fn hear_page(&mut self, open: bool, at: Moment<Operator>) {
        if open {
            self.core.handle_page_opened(at);
        } else {
            self.core.handle_page_closed();
        }
        if let Device::Pad(pad) = &mut self.device {
            pad.page_changed();
        }
    }

    fn hear_state(&mut self, frame: &StateFrame, at: Moment<Operator>) {
        let before = self.core.newest_state().map(|s| s.state);
        if !self.core.handle_state(frame, at) {
            return;
        }
        self.device.hand_mut().observe(frame, at);
        if before != Some(frame.state) {
            self.state_since = Some(at);
        }
        let same = |s: &StateFrame| s.stopped_by == frame.stopped_by && s.epoch == frame.epoch;
        if frame.stopped_by.is_none() {
            self.stopped = None;
        } else if !self.stopped.as_ref().is_some_and(same) {
            self.stopped = Some(*frame);
        }
    }

    fn simulated_changed(&mut self) {
        let simulated = self.core.simulated();
        if let Device::Pad(pad) = &mut self.device {
            pad.set_simulated(simulated);
        }
    }

    /// Nobody is waited for: if somebody is just reading, the next tick publishes.
    fn publish(&mut self, now: Moment<Operator>, up: bool) {
        let Ok(mut published) = self.shared.published.try_lock() else { return };
        let device = self.device.hand();
        let idle = self.scripted() && up && !self.core.simulated();
        let note = if idle { Some(NOT_SIMULATED) } else { device.note() };
        self.counts.unheard = self.inbound.dropped();
        *published = Arc::new(Snapshot {
            core: self.core.clone(),
            sample: self.sample,
            device: device.name().to_owned(),
            note: note.map(str::to_owned),
            state_since: self.state_since,
            stopped: self.stopped,
            lost_following: self.lost_following,
            counts: self.counts,
        });
        self.published_at = now;
    }
}
