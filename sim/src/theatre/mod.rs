//! The whole system in one deterministic loop on virtual time: hand, operator core, link, robot core,
//! plant, pictures.
//!
//! Problem: whether a frozen picture stops the robot is a question about two programs, a network and
//! a body, and a test on real threads answers it differently every time. Here the production cores of
//! both sides run against a simulated robot, a millisecond at a time; the network is
//! replaced by a model of one ([`LinkSpec`]), and carries frames or the packets of the real QUIC
//! ([`Transport`]). One seed is one run.
//!
//! The two sides have clocks of their own, years apart, as in life: nothing in the safety path may
//! notice. The robot's clock can be set back and can stand still with its computer, while the arm, which
//! is a machine of its own, and the rest of the world go on. What happened in each step can be seen
//! ([`Happening`]) by those who judge it.
//!
//! Limits: pictures are not encoded, only numbered.

mod agent;
mod carrier;
mod console;
mod faults;
mod film;
mod frames;
mod happening;
mod quic;
mod wire;

use core::time::Duration;
use std::collections::VecDeque;

use nalgebra::Vector3;
use operator::core::OperatorCore;
use operator::devices::HandDevice;
use protocol::frame::{CommandFrame, StateFrame};
use protocol::picture::{PictureHeader, ViewSource};
use protocol::profile::Profile;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator, Robot as RobotTime};
use robot_agent::core::{Core, Grant, LocalEvent, SessionEvent, Tick};

use self::agent::{Agent, Done, given_at};
pub use self::carrier::{Added, Carrier, Tally, Transport};
use self::console::Console;
pub use self::faults::{Faults, Mishap};
use self::film::{Film, Shot};
pub use self::frames::{Frames, SEALED_BYTES};
pub use self::happening::{Happening, Record, Ticked};
pub use self::quic::Quic;
use crate::network::{DelaySpec, Distribution, LinkSpec};
use crate::robot::SimRobot;
use crate::truth::{Staged, Truth};

/// The step of the loop, and the tick of both cores.
pub const STEP: Duration = Duration::from_millis(1);

/// Ticks that the self-test is given.
const SELF_TEST_STEPS: u32 = 200;

/// How long things are on their way.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// Console to robot.
    pub up: Duration,
    /// Robot to console.
    pub down: Duration,
    /// From capture until the picture is presented; over a network, from its last packet.
    pub picture: Duration,
    /// From a state that the console hears until the page has said that it shows it.
    pub page: Duration,
}

impl Default for Delays {
    /// One machine: a millisecond each way, a picture every 25 ms that takes 30 ms to the eye, and a
    /// page that is as late as one in use may be.
    fn default() -> Self {
        let (picture, page) = (Duration::from_millis(30), Duration::from_millis(100));
        Self { up: STEP, down: STEP, picture, page }
    }
}

/// The clock of the world, which nobody in it can read.
enum World {}

/// Both sides, the link and the body.
pub struct Theatre<R = SimRobot> {
    /// Faults in force. May be changed between steps.
    pub faults: Faults,
    now: Moment<World>,
    agent: Agent<R>,
    console: Console,
    carrier: Box<dyn Carrier>,
    film: Film,
    /// What the eye has seen and nobody has asked for.
    seen: VecDeque<Truth>,
    record: Record,
    happening: Happening,
    /// What the state frame told that was sent last.
    told: Option<StateFrame>,
    /// The newest command that has arrived.
    newest: u64,
    /// It arrived for this tick.
    is_new: bool,
}

impl Theatre {
    /// The ultrasound robot, powered on, and a console that holds authority.
    ///
    /// # Errors
    /// A sentence, if a model is broken, the robot does not fit the profile or does not become ready.
    pub fn ready(profile: &Profile, delays: Delays, seed: u64) -> Result<Self, String> {
        let [up, down] = [delays.up, delays.down].map(|delay| {
            let distribution = Distribution::Constant(delay);
            LinkSpec {
                delay: DelaySpec { distribution, ..DelaySpec::default() },
                ..LinkSpec::default()
            }
        });
        Self::ready_over(profile, delays, seed, Box::new(Frames::new(&up, &down, seed)))
    }

    /// The same with something else between the two sides; of `delays` only those of pictures and the page
    /// count.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn ready_over(
        profile: &Profile,
        delays: Delays,
        seed: u64,
        carrier: Box<dyn Carrier>,
    ) -> Result<Self, String> {
        let (robot, _) = SimRobot::shipped(seed)?;
        Self::around(robot, profile, delays, seed, carrier)
    }
}

impl<R: Staged> Theatre<R> {
    /// This robot, powered on, and a console that holds authority. Pictures are always as late as `delays` says, until
    /// [`pictures_over`](Self::pictures_over).
    ///
    /// # Errors
    /// A sentence, if the robot does not fit the profile or does not become ready.
    pub fn around(
        robot: R,
        profile: &Profile,
        delays: Delays,
        seed: u64,
        carrier: Box<dyn Carrier>,
    ) -> Result<Self, String> {
        let now = Moment::from_ns(1_000_000_000);
        let mut theatre = Self {
            faults: Faults { dead_operator: true, ..Faults::default() },
            now,
            agent: Agent::start(robot, profile, 1, now)?,
            console: Console::new(profile, delays.page, seed),
            carrier,
            film: Film::late(delays.picture),
            seen: VecDeque::new(),
            record: Record::default(),
            happening: Happening::default(),
            told: None,
            newest: 0,
            is_new: false,
        };
        for _ in 0..SELF_TEST_STEPS {
            theatre.pass();
            theatre.robot_side();
            theatre.happening.end();
        }
        theatre.local(LocalEvent::PowerOn);
        theatre.open(SessionId::new(u128::from(seed) + 1))?;
        theatre.faults.dead_operator = false;
        theatre.happening.end();
        if theatre.state() == OperatingState::Ready {
            Ok(theatre)
        } else {
            Err(format!("the robot is {} after its self-test", theatre.state()))
        }
    }

    /// From now on pictures go over this direction of a network, and are presented `eye` after their last packet.
    pub fn pictures_over(&mut self, down: &LinkSpec, eye: Duration, seed: u64) {
        self.film = Film::over(down, eye, self.profile().rates.picture_hz, seed);
    }

    /// The limits.
    pub const fn profile(&self) -> &Profile {
        &self.agent.profile
    }

    /// What the robot is doing.
    pub const fn state(&self) -> OperatingState {
        self.agent.core.state().word()
    }

    /// The epoch that an engage must carry.
    pub const fn epoch(&self) -> u32 {
        self.agent.core.epoch()
    }

    /// The robot's clock.
    pub fn now(&self) -> Moment<RobotTime> {
        self.agent.clock(self.now)
    }

    /// The simulated robot.
    pub const fn robot(&self) -> &R {
        &self.agent.robot
    }

    /// The simulated robot, to break it.
    pub const fn robot_mut(&mut self) -> &mut R {
        &mut self.agent.robot
    }

    /// The robot's core.
    pub const fn core(&self) -> &Core {
        &self.agent.core
    }

    /// The operator's core.
    pub const fn operator(&self) -> &OperatorCore {
        &self.console.core
    }

    /// The session that the console believes to be its own.
    pub const fn session(&self) -> Option<SessionId> {
        self.console.session
    }

    /// What has happened so far.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// What happened in the last step.
    pub const fn happening(&self) -> &Happening {
        &self.happening
    }

    /// What carries frames between the two sides.
    pub fn carrier(&self) -> &dyn Carrier {
        self.carrier.as_ref()
    }

    /// The newest state that the robot has told, whether or not it arrives.
    pub const fn told(&self) -> Option<&StateFrame> {
        self.told.as_ref()
    }

    /// The operator's clock.
    pub fn operator_now(&self) -> Moment<Operator> {
        self.console.clock(self.now)
    }

    /// What the eye has seen since the last call: how the robot moved when the picture was captured.
    pub fn take_seen(&mut self) -> Option<Truth> {
        self.seen.pop_front()
    }

    /// Something is done at the robot itself.
    pub fn local(&mut self, event: LocalEvent) {
        self.happening.next().done.push(event);
        let now = self.now();
        if self.agent.core.handle_local(event, now) {
            self.agent.robot.recover();
        }
    }

    /// Something is said on a session stream.
    pub fn say(&mut self, event: SessionEvent) -> Option<Grant> {
        let now = self.now();
        let grant = self.agent.core.handle_session(event, now);
        self.happening.next().said.push((event, grant));
        grant
    }

    /// The console asks for authority under this number, and a page is opened if it gets it.
    ///
    /// # Errors
    /// A sentence, if it is refused.
    pub fn open(&mut self, session: SessionId) -> Result<(), String> {
        match self.say(SessionEvent::Open { session }) {
            Some(Ok(epoch)) => {
                self.console.welcome(session, epoch, self.now);
                Ok(())
            }
            other => Err(format!("no authority: {other:?}")),
        }
    }

    /// The console's connection has ended, and it knows.
    pub fn part(&mut self) {
        self.console.part();
    }

    /// The operator asks to stop, on the stream and in every command from now on.
    pub fn stop(&mut self) {
        let request = self.console.core.request_stop(self.operator_now());
        if let Some(session) = self.console.session {
            self.say(SessionEvent::Stop { session, request });
        }
    }

    /// A command arrives from wherever.
    pub fn deliver(&mut self, frame: &CommandFrame) {
        let now = self.now();
        let epoch = self.epoch();
        self.happening.next().heard.push((*frame, epoch));
        self.agent.core.handle_command(frame, now);
    }

    /// The operator's process starts anew; what was on its way to it is lost.
    pub fn restart_console(&mut self) {
        self.console.restart();
        while self.carrier.next_state(self.world_now()).is_some() {}
        while self.film.presented(self.world_now()).is_some() {}
    }

    /// The agent's process starts anew; what was on its way to it is lost.
    pub fn restart_agent(&mut self, first_epoch: u32) {
        while self.carrier.next_command(self.world_now()).is_some() {}
        self.agent.restart(first_epoch, self.now);
        self.happening.next().born = true;
        self.newest = 0;
    }

    /// The operator's clock jumps ahead.
    pub const fn operator_clock_ahead(&mut self, by: Duration) {
        self.console.ahead_ns += by.as_nanos() as u64;
    }

    /// The robot's clock falls behind, as that of a computer does that is slower.
    pub const fn robot_clock_behind(&mut self, by: Duration) {
        self.agent.behind_ns += by.as_nanos() as u64;
    }

    /// One millisecond, with `hand` at the console.
    pub fn step(&mut self, hand: &mut dyn HandDevice) {
        self.happening.next();
        self.carrier.set_dark(self.faults.dark);
        self.film.set_dark(self.faults.dark);
        self.operator_side(hand);
        self.pass();
        if self.now >= self.agent.still_until {
            self.robot_side();
        } else {
            self.agent.wait(self.now);
        }
        self.happening.end();
    }

    /// `ms` milliseconds with `hand` at the console.
    pub fn run(&mut self, hand: &mut dyn HandDevice, ms: u32) {
        for _ in 0..ms {
            self.step(hand);
        }
    }

    /// Something goes wrong, with `hand` at the console meanwhile.
    pub fn suffer(&mut self, mishap: Mishap, hand: &mut dyn HandDevice) {
        self.begin(mishap);
        while self.now.after(STEP) < self.agent.still_until {
            self.step(hand);
        }
    }

    /// Something goes wrong from now on.
    pub fn begin(&mut self, mishap: Mishap) {
        let still = match mishap {
            Mishap::ServoStall(still) => still,
            Mishap::Suspend(still) => {
                self.robot_clock_behind(still);
                self.agent.slept = true;
                still
            }
            Mishap::ClockBack(by) => {
                self.robot_clock_behind(by);
                self.happening.next().set_back = true;
                Duration::ZERO
            }
        };
        self.happening.next().slept |= matches!(mishap, Mishap::Suspend(_));
        self.agent.still_until = self.now.after(still + STEP);
    }

    /// The time of the world since the theatre began, and a second.
    pub const fn world_now(&self) -> Duration {
        Duration::from_nanos(self.now.as_ns())
    }

    const fn pass(&mut self) {
        self.now = self.now.after(STEP);
    }

    fn operator_side(&mut self, hand: &mut dyn HandDevice) {
        if self.faults.dead_operator || self.faults.hung_console {
            return;
        }
        while let Some(frame) = self.carrier.next_state(self.world_now()) {
            self.console.hear(&frame, hand, self.now);
        }
        while let Some(shot) = self.film.presented(self.world_now()) {
            if self.console.see(&shot.header, &self.faults, self.now) {
                self.seen.push_back(shot.truth);
            }
        }
        if let Some(frame) = self.console.command(hand, &self.faults, self.now) {
            self.carrier.send_command(&frame, self.world_now());
        }
    }

    fn robot_side(&mut self) {
        self.is_new = false;
        while let Some(frame) = self.carrier.next_command(self.world_now()) {
            self.is_new |= frame.seq > self.newest;
            self.newest = self.newest.max(frame.seq);
            self.deliver(&frame);
        }
        let room = self.film.has_room();
        if let Some(view) = self.agent.capture(&self.faults, room, self.now) {
            self.send_pictures(view);
        }
        let Done { tick, reading } = self.agent.tick(&self.faults, self.now);
        self.note(&tick);
        self.told = tick.frame.or(self.told);
        if let (Some(frame), false) = (tick.frame, self.faults.dead_operator) {
            self.carrier.send_state(&frame, self.world_now());
        }
        self.happening.next().ticked = Some(Ticked {
            tick,
            reading,
            word: self.state(),
            epoch: self.epoch(),
            unrecorded: self.agent.unrecorded(self.now),
            overruns: self.faults.overruns,
        });
    }

    fn send_pictures(&mut self, view: u64) {
        if !self.faults.dead_camera {
            self.send_picture(view, self.profile().freshness.steering);
        }
        // Under the same numbers: who mixes the sources up is not saved by a number out of range.
        if self.faults.room_camera {
            self.send_picture(view, ViewSource::Room);
        }
    }

    fn send_picture(&mut self, view: u64, source: ViewSource) {
        let header = PictureHeader {
            source,
            view,
            captured: self.now(),
            encode_us: 0,
            width: 2,
            height: 2,
            depth_um: 0,
            keyframe: true,
            skipped: 0,
            length: 0,
        };
        let truth = self.agent.robot.truth();
        self.film.send(Shot { header, truth }, self.world_now());
    }

    /// How old the picture of this number is, by the clock of the world.
    pub fn view_age(&self, view: u64) -> Option<Duration> {
        given_at(&self.agent.captured, view).and_then(|at| self.now.since(at))
    }

    /// How old the state of this number is, by the clock of the world.
    pub fn state_age(&self, state: u64) -> Option<Duration> {
        given_at(&self.agent.told, state).and_then(|at| self.now.since(at))
    }

    fn note(&mut self, tick: &Tick) {
        let now = self.now();
        self.record.transitions.extend(tick.transition.map(|t| (now, t)));
        self.record.calls += u64::from(tick.calls);
        if tick.contact_n > self.record.force_max_n {
            self.record.force_max_n = tick.contact_n;
        }
        let Some(followed) = tick.followed else { return };
        self.record.followed += 1;
        self.record.in_time += u64::from(self.is_new && self.newest == followed.seq);
        if tick.contact_n > 1.0 {
            self.record.in_contact += 1;
        }
        let limit = self.profile().freshness.view_age_hard;
        if self.view_age(followed.seen_view).is_none_or(|age| age > limit) {
            self.record.stale += 1;
        }
    }
}

impl Theatre {
    /// Where the tip is in the base frame. Unit: metre.
    pub fn tip(&self) -> Vector3<f64> {
        self.robot().plant().tip().translation.vector
    }
}

#[cfg(test)]
mod tests;
