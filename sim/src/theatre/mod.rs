//! The whole system in one deterministic loop on virtual time: hand, operator core, link, robot core,
//! plant, pictures.
//!
//! Problem: whether a frozen picture stops the robot is a question about two programs, a network and
//! a body, and a test on real threads answers it differently every time. Here the production cores of
//! both sides run against the simulated robot, a millisecond at a time; the network is
//! replaced by a model of one ([`LinkSpec`]), and carries frames or the packets of the real QUIC
//! ([`Transport`]). One seed is one run.
//!
//! The two sides have clocks of their own, years apart, as in life: nothing in the safety path may
//! notice. The robot's clock can be set back and can stand still with its computer, while the arm, which
//! is a machine of its own, and the rest of the world go on.
//!
//! Limits: pictures are not encoded, only numbered, and are presented a constant time after their capture, whatever
//! the network does.

mod carrier;
mod faults;
mod frames;
mod quic;
mod wire;

use core::time::Duration;
use std::collections::VecDeque;

use nalgebra::Vector3;
use operator::core::OperatorCore;
use operator::devices::HandDevice;
use protocol::frame::StateFrame;
use protocol::picture::{PictureHeader, ViewSource};
use protocol::profile::Profile;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator, Robot as RobotTime};
use robot_agent::core::{Core, Host, LocalEvent, SessionEvent, Tick, Transition, own_limits};
use robot_agent::robot::{Reading, Robot, RobotFault};

pub use self::carrier::{Added, Carrier, Tally, Transport};
use self::faults::Trouble;
pub use self::faults::{Faults, Mishap};
pub use self::frames::{Frames, SEALED_BYTES};
pub use self::quic::Quic;
use crate::network::{DelaySpec, Distribution, LinkSpec};
use crate::robot::SimRobot;

/// The step of the loop, and the tick of both cores.
pub const STEP: Duration = Duration::from_millis(1);

/// How far the operator's clock is ahead of the robot's: three years.
const CLOCKS_APART: Duration = Duration::from_hours(3 * 365 * 24);

/// Pictures whose moments are remembered.
const PICTURES_REMEMBERED: usize = 64;

/// Ticks that the self-test is given.
const SELF_TEST_STEPS: u32 = 200;

/// How long things are on their way.
#[derive(Debug, Clone, Copy)]
pub struct Delays {
    /// Console to robot.
    pub up: Duration,
    /// Robot to console.
    pub down: Duration,
    /// From capture until the picture is presented.
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

/// What has happened since the start.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Changes of state, with their moments on the robot's clock.
    pub transitions: Vec<(Moment<RobotTime>, Transition)>,
    /// Ticks that followed the hand.
    pub followed: u64,
    /// Commands that were followed in the tick in which they arrived.
    pub in_time: u64,
    /// Ticks that followed by a picture older than its hard limit, by the theatre's own reckoning.
    pub stale: u64,
    /// Largest contact force. Unit: newton.
    pub force_max_n: f64,
    /// Ticks that followed with the tool in contact.
    pub in_contact: u64,
    /// Ticks in which the people beside the robot were called.
    pub calls: u64,
}

/// The clock of the world, which nobody in it can read.
enum World {}

/// Where a picture is on its way from the camera to the eye.
type OnItsWay = (Moment<World>, PictureHeader);

/// Both sides, the link and the body.
pub struct Theatre {
    profile: Profile,
    delays: Delays,
    /// Faults in force. May be changed between steps.
    pub faults: Faults,
    trouble: Trouble,
    now: Moment<World>,
    /// How far the robot's clock has fallen behind the world's.
    behind: Duration,
    slept: bool,
    robot: SimRobot,
    core: Core,
    operator: OperatorCore,
    carrier: Box<dyn Carrier>,
    pictures: VecDeque<OnItsWay>,
    words: VecDeque<(Moment<World>, OperatingState)>,
    view: u64,
    /// The last pictures that steer and their moments: the truth that ages are checked against.
    captured: VecDeque<(u64, Moment<World>)>,
    next_picture: Moment<World>,
    last_picture: Moment<World>,
    last_record: Moment<World>,
    record: Record,
    /// The newest state that the robot has told.
    told: Option<StateFrame>,
    /// The newest command that has arrived.
    newest: u64,
    /// It arrived for this tick.
    is_new: bool,
}

impl Theatre {
    /// A robot that is powered on and a console that holds authority.
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
        let (mut robot, _) = SimRobot::shipped(seed)?;
        let mut core = Core::new(profile.clone(), &robot.describe(), 1);
        core.handle_own_limits(robot.limit(&own_limits(profile)));
        if let Some(misfit) = core.misfit() {
            return Err(misfit.to_string());
        }
        let now = Moment::from_ns(1_000_000_000);
        let mut theatre = Self {
            profile: profile.clone(),
            delays,
            faults: Faults { dead_operator: true, ..Faults::default() },
            trouble: Trouble::new(seed),
            now,
            behind: Duration::ZERO,
            slept: false,
            robot,
            core,
            operator: OperatorCore::new(profile),
            carrier,
            pictures: VecDeque::new(),
            words: VecDeque::new(),
            view: 0,
            captured: VecDeque::new(),
            next_picture: Moment::START,
            last_picture: now,
            last_record: now,
            record: Record::default(),
            told: None,
            newest: 0,
            is_new: false,
        };
        for _ in 0..SELF_TEST_STEPS {
            theatre.pass();
            theatre.robot_side();
        }
        theatre.local(LocalEvent::PowerOn);
        let session = SessionId::new(u128::from(seed) + 1);
        let open = SessionEvent::Open { session };
        let epoch = match theatre.core.handle_session(open, theatre.now()) {
            Some(Ok(epoch)) => epoch,
            other => return Err(format!("no authority: {other:?}")),
        };
        theatre.operator.handle_welcome(session, epoch, true);
        theatre.operator.handle_page_opened(theatre.operator_now());
        theatre.faults.dead_operator = false;
        if theatre.state() == OperatingState::Ready {
            Ok(theatre)
        } else {
            Err(format!("the robot is {} after its self-test", theatre.state()))
        }
    }

    /// What the robot is doing.
    pub const fn state(&self) -> OperatingState {
        self.core.state().word()
    }

    /// The robot's clock.
    pub fn now(&self) -> Moment<RobotTime> {
        let behind = u64::try_from(self.behind.as_nanos()).unwrap_or(u64::MAX);
        Moment::from_ns(self.now.as_ns().saturating_sub(behind))
    }

    /// The simulated robot.
    pub const fn robot(&self) -> &SimRobot {
        &self.robot
    }

    /// The simulated robot, to break it.
    pub const fn robot_mut(&mut self) -> &mut SimRobot {
        &mut self.robot
    }

    /// The operator's core.
    pub const fn operator(&self) -> &OperatorCore {
        &self.operator
    }

    /// What has happened so far.
    pub const fn record(&self) -> &Record {
        &self.record
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
        Moment::<Operator>::from_ns(self.now.as_ns()).after(CLOCKS_APART)
    }

    /// Where the tip is in the base frame. Unit: metre.
    pub fn tip(&self) -> Vector3<f64> {
        self.robot.plant().tip().translation.vector
    }

    /// Something is done at the robot itself.
    pub fn local(&mut self, event: LocalEvent) {
        if self.core.handle_local(event, self.now()) {
            self.robot.recover();
        }
    }

    /// One millisecond, with `hand` at the console.
    pub fn step(&mut self, hand: &mut dyn HandDevice) {
        self.carrier.set_dark(self.faults.dark);
        self.operator_side(hand);
        self.pass();
        self.robot_side();
    }

    /// `ms` milliseconds with `hand` at the console.
    pub fn run(&mut self, hand: &mut dyn HandDevice, ms: u32) {
        for _ in 0..ms {
            self.step(hand);
        }
    }

    /// Something goes wrong, with `hand` at the console meanwhile.
    pub fn suffer(&mut self, mishap: Mishap, hand: &mut dyn HandDevice) {
        self.carrier.set_dark(self.faults.dark);
        let still = match mishap {
            Mishap::ServoStall(still) => still,
            Mishap::Suspend(still) => {
                self.behind += still;
                self.slept = true;
                still
            }
            Mishap::ClockBack(by) => {
                self.behind += by;
                Duration::ZERO
            }
        };
        let end = self.now.after(still);
        while self.now < end {
            self.operator_side(hand);
            self.pass();
        }
    }

    const fn world_now(&self) -> Duration {
        Duration::from_nanos(self.now.as_ns())
    }

    const fn pass(&mut self) {
        self.now = self.now.after(STEP);
    }

    fn operator_side(&mut self, hand: &mut dyn HandDevice) {
        if self.faults.dead_operator {
            return;
        }
        let now = self.operator_now();
        while let Some(frame) = self.carrier.next_state(self.world_now()) {
            if self.operator.handle_state(&frame, now) {
                hand.observe(&frame, now);
            }
        }
        while let Some(header) = due(&mut self.pictures, self.now) {
            self.operator.handle_picture(&header, now);
            if !(self.faults.frozen_picture && header.source == self.steering()) {
                self.operator.handle_presented(header.source, header.view, now);
            }
        }
        self.show(now);
        let sample = self.trouble.read(&self.faults, hand.sample(now));
        if let Some(frame) = self.operator.tick(now, &sample)
            && !self.trouble.loses(&self.faults)
        {
            self.carrier.send_command(&frame, self.world_now());
        }
    }

    /// What stands on the page, and that it says so.
    fn show(&mut self, now: Moment<Operator>) {
        if let Some(newest) = self.operator.newest_state() {
            self.words.push_back((self.now.after(self.delays.page), newest.state));
        }
        while let Some(word) = due(&mut self.words, self.now) {
            if !self.faults.frozen_page {
                self.operator.handle_shown(Some(self.faults.shown.unwrap_or(word)), now);
            }
        }
    }

    fn robot_side(&mut self) {
        let now = self.now();
        self.is_new = false;
        while let Some(frame) = self.carrier.next_command(self.world_now()) {
            self.is_new |= frame.seq > self.newest;
            self.newest = self.newest.max(frame.seq);
            self.core.handle_command(&frame, now);
        }
        if self.now >= self.next_picture {
            self.capture();
        }
        if !self.faults.dead_recorder {
            self.last_record = self.now;
        }
        let host = self.host();
        let reading = self.read();
        let tick = self.core.tick(now, reading, &host);
        // The arm's time goes on when the agent's does not: it is a machine of its own.
        let _ = self.robot.command(&tick.order, Moment::from_ns(self.now.as_ns()));
        self.note(&tick);
        self.told = tick.frame.or(self.told);
        if let (Some(frame), false) = (tick.frame, self.faults.dead_operator) {
            self.carrier.send_state(&frame, self.world_now());
        }
    }

    /// What the arm measures, stamped by the agent's clock.
    fn read(&mut self) -> Result<Reading, RobotFault> {
        let behind = u64::try_from(self.behind.as_nanos()).unwrap_or(u64::MAX);
        let mut reading = self.robot.read(Moment::from_ns(self.now.as_ns()))?;
        reading.at = Moment::from_ns(reading.at.as_ns().saturating_sub(behind));
        Ok(reading)
    }

    fn host(&mut self) -> Host {
        let since = |last| self.now.since(last).unwrap_or(Duration::ZERO);
        Host {
            overruns: self.faults.overruns,
            uncaptured: since(self.last_picture),
            unrecorded: since(self.last_record),
            suspended: core::mem::take(&mut self.slept),
        }
    }

    const fn steering(&self) -> ViewSource {
        self.profile.freshness.steering
    }

    fn capture(&mut self) {
        let period = Duration::from_secs_f64(1.0 / self.profile.rates.picture_hz);
        self.next_picture = self.now.after(period);
        self.view += 1;
        if !self.faults.dead_camera {
            self.last_picture = self.now;
            self.captured.push_back((self.view, self.now));
            if self.captured.len() > PICTURES_REMEMBERED {
                self.captured.pop_front();
            }
            self.send_picture(self.steering());
        }
        // Under the same numbers: who mixes the sources up is not saved by a number out of range.
        if self.faults.room_camera {
            self.send_picture(ViewSource::Room);
        }
    }

    fn send_picture(&mut self, source: ViewSource) {
        let captured = self.now();
        self.core.handle_view(source, self.view, captured);
        let header = PictureHeader {
            source,
            view: self.view,
            captured,
            encode_us: 0,
            width: 2,
            height: 2,
            depth_um: 0,
            keyframe: true,
            skipped: 0,
            length: 0,
        };
        self.pictures.push_back((self.now.after(self.delays.picture), header));
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
        let captured = self.captured.iter().find(|(view, _)| *view == followed.seen_view);
        let age = captured.and_then(|(_, at)| self.now.since(*at));
        if age.is_none_or(|age| age > self.profile.freshness.view_age_hard) {
            self.record.stale += 1;
        }
    }
}

/// What has arrived by `now`, oldest first.
fn due<T>(queue: &mut VecDeque<(Moment<World>, T)>, now: Moment<World>) -> Option<T> {
    if queue.front().is_some_and(|(at, _)| *at <= now) {
        queue.pop_front().map(|(_, item)| item)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
