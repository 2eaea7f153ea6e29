//! The whole system in one deterministic loop on virtual time: hand, operator core, link, robot core,
//! plant, pictures.
//!
//! Problem: whether a frozen picture stops the robot is a question about two programs, a network and
//! a body, and a test on real threads answers it differently every time. Here the production cores of
//! both sides run against the simulated robot, a millisecond at a time; only the transport is
//! replaced, by queues that deliver after a delay. One seed is one run.
//!
//! The two sides have clocks of their own, years apart, as in life: nothing in the safety path may
//! notice.
//!
//! Limits: frames are delivered whole and in order after a constant delay; pictures are not encoded,
//! only numbered, and are presented a constant time after their capture.

use core::time::Duration;
use std::collections::VecDeque;

use nalgebra::Vector3;
use operator::core::OperatorCore;
use operator::devices::HandDevice;
use protocol::frame::{CommandFrame, StateFrame};
use protocol::picture::PictureHeader;
use protocol::profile::Profile;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator, Robot as RobotTime};
use robot_agent::core::{Core, LocalEvent, SessionEvent, Tick, Transition};
use robot_agent::robot::{Robot, RobotFault};

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
}

impl Default for Delays {
    /// One machine: a millisecond each way, a picture every 25 ms that takes 30 ms to the eye.
    fn default() -> Self {
        Self { up: STEP, down: STEP, picture: Duration::from_millis(30) }
    }
}

/// What a person can do to the system while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// The picture on the screen no longer changes, though pictures arrive.
    pub frozen_picture: bool,
    /// The operator's process is dead: nothing is sent, nothing is received.
    pub dead_operator: bool,
}

/// What has happened since the start.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Changes of state, with their moments on the robot's clock.
    pub transitions: Vec<(Moment<RobotTime>, Transition)>,
    /// Ticks that followed the hand.
    pub followed: u64,
    /// Ticks that followed by a picture older than its hard limit, by the theatre's own reckoning.
    pub stale: u64,
    /// Largest contact force. Unit: newton.
    pub force_max_n: f64,
    /// Ticks that followed with the tool in contact.
    pub in_contact: u64,
}

/// Both sides, the link and the body.
pub struct Theatre {
    profile: Profile,
    delays: Delays,
    /// Faults in force. May be changed between steps.
    pub faults: Faults,
    now: Moment<RobotTime>,
    robot: SimRobot,
    core: Core,
    operator: OperatorCore,
    up: VecDeque<(Moment<RobotTime>, CommandFrame)>,
    down: VecDeque<(Moment<RobotTime>, StateFrame)>,
    pictures: VecDeque<(Moment<RobotTime>, PictureHeader)>,
    view: u64,
    /// The last pictures and their moments: the truth that ages are checked against.
    captured: VecDeque<(u64, Moment<RobotTime>)>,
    next_picture: Moment<RobotTime>,
    record: Record,
}

impl Theatre {
    /// A robot that is powered on and a console that holds authority.
    ///
    /// # Errors
    /// A sentence, if a model is broken or the robot does not become ready.
    pub fn ready(profile: &Profile, delays: Delays, seed: u64) -> Result<Self, String> {
        let (robot, _) = SimRobot::shipped(seed)?;
        let core = Core::new(profile.clone(), &robot.describe(), 1);
        let mut theatre = Self {
            profile: profile.clone(),
            delays,
            faults: Faults { frozen_picture: false, dead_operator: true },
            now: Moment::from_ns(1_000_000_000),
            robot,
            core,
            operator: OperatorCore::new(profile),
            up: VecDeque::new(),
            down: VecDeque::new(),
            pictures: VecDeque::new(),
            view: 0,
            captured: VecDeque::new(),
            next_picture: Moment::START,
            record: Record::default(),
        };
        for _ in 0..SELF_TEST_STEPS {
            theatre.robot_side();
        }
        theatre.local(LocalEvent::PowerOn);
        let session = SessionId::new(u128::from(seed) + 1);
        let grant = theatre.core.handle_session(SessionEvent::Open { session }, theatre.now);
        let epoch = match grant {
            Some(Ok(epoch)) => epoch,
            other => return Err(format!("no authority: {other:?}")),
        };
        theatre.operator.handle_welcome(session, epoch, true);
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
    pub const fn now(&self) -> Moment<RobotTime> {
        self.now
    }

    /// The simulated robot.
    pub const fn robot(&self) -> &SimRobot {
        &self.robot
    }

    /// The operator's core.
    pub const fn operator(&self) -> &OperatorCore {
        &self.operator
    }

    /// What has happened so far.
    pub const fn record(&self) -> &Record {
        &self.record
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
        if self.core.handle_local(event, self.now) {
            self.robot.recover();
        }
    }

    /// One millisecond, with `hand` at the console.
    pub fn step(&mut self, hand: &mut dyn HandDevice) {
        if !self.faults.dead_operator {
            self.operator_side(hand);
        }
        while let Some(frame) = due(&mut self.up, self.now) {
            self.core.handle_command(&frame, self.now);
        }
        self.robot_side();
    }

    /// `ms` milliseconds with `hand` at the console.
    pub fn run(&mut self, hand: &mut dyn HandDevice, ms: u32) {
        for _ in 0..ms {
            self.step(hand);
        }
    }

    fn operator_side(&mut self, hand: &mut dyn HandDevice) {
        let now = self.operator_now();
        while let Some(frame) = due(&mut self.down, self.now) {
            if self.operator.handle_state(&frame, now) {
                hand.observe(&frame, now);
            }
        }
        while let Some(header) = due(&mut self.pictures, self.now) {
            self.operator.handle_picture(&header, now);
            if !self.faults.frozen_picture {
                self.operator.handle_presented(header.view, now);
            }
        }
        let sample = hand.sample(now);
        if let Some(frame) = self.operator.tick(now, &sample) {
            self.up.push_back((self.now.after(self.delays.up), frame));
        }
    }

    fn robot_side(&mut self) {
        self.now = self.now.after(STEP);
        if self.now >= self.next_picture {
            self.capture();
        }
        let reading: Result<_, RobotFault> = self.robot.read(self.now);
        let tick = self.core.tick(self.now, reading, 0);
        let _ = self.robot.command(&tick.order, self.now);
        self.note(&tick);
        if let (Some(frame), false) = (tick.frame, self.faults.dead_operator) {
            self.down.push_back((self.now.after(self.delays.down), frame));
        }
    }

    fn capture(&mut self) {
        self.view += 1;
        self.core.handle_view(self.view, self.now);
        self.captured.push_back((self.view, self.now));
        if self.captured.len() > PICTURES_REMEMBERED {
            self.captured.pop_front();
        }
        let period = Duration::from_secs_f64(1.0 / self.profile.rates.picture_hz);
        self.next_picture = self.now.after(period);
        let header = PictureHeader {
            view: self.view,
            captured: self.now,
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
        self.record.transitions.extend(tick.transition.map(|t| (self.now, t)));
        if tick.contact_n > self.record.force_max_n {
            self.record.force_max_n = tick.contact_n;
        }
        let Some(followed) = tick.followed else { return };
        self.record.followed += 1;
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
fn due<T>(queue: &mut VecDeque<(Moment<RobotTime>, T)>, now: Moment<RobotTime>) -> Option<T> {
    if queue.front().is_some_and(|(at, _)| *at <= now) {
        queue.pop_front().map(|(_, item)| item)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
