//! The robot's side: its core, the body, and the computer between them.

use core::time::Duration;
use std::collections::VecDeque;

use protocol::frame::StateFrame;
use protocol::picture::ViewSource;
use protocol::profile::Profile;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::core::{Core, Host, Tick, own_limits};
use robot_agent::robot::{Reading, RobotFault};

use super::World;
use super::faults::Faults;
use crate::truth::Staged;

/// Pictures and states whose moments are remembered.
const REMEMBERED: usize = 4_096;

/// A number and when it was given out: the truth that ages are checked against.
pub(super) type Given = VecDeque<(u64, Moment<World>)>;

/// Notes that `number` was given out at `at`.
fn give(given: &mut Given, number: u64, at: Moment<World>) {
    given.push_back((number, at));
    if given.len() > REMEMBERED {
        given.pop_front();
    }
}

/// When `number` was given out. Numbers rise.
pub(super) fn given_at(given: &Given, number: u64) -> Option<Moment<World>> {
    let (newest, _) = given.back()?;
    // Mostly none was left out since.
    let back = usize::try_from(newest.checked_sub(number)?).unwrap_or(usize::MAX);
    let guess = given.len().checked_sub(back.saturating_add(1)).and_then(|at| given.get(at));
    if let Some((_, at)) = guess.filter(|(n, _)| *n == number) {
        return Some(*at);
    }
    let at = given.binary_search_by_key(&number, |(n, _)| *n).ok()?;
    given.get(at).map(|(_, at)| *at)
}

/// Core, body and computer.
pub(super) struct Agent<R> {
    pub(super) profile: Profile,
    pub(super) robot: R,
    pub(super) core: Core,
    /// How far the computer's clock has fallen behind the world's. Unit: ns.
    pub(super) behind_ns: u64,
    /// It was suspended since the last tick.
    pub(super) slept: bool,
    /// It does nothing before this.
    pub(super) still_until: Moment<World>,
    pub(super) view: u64,
    pub(super) captured: Given,
    pub(super) told: Given,
    next_picture: Moment<World>,
    last_picture: Moment<World>,
    last_record: Moment<World>,
    /// Why the last order was not passed on.
    command_fault: Option<RobotFault>,
}

/// What became of one tick.
pub(super) struct Done {
    pub(super) tick: Tick,
    pub(super) reading: Result<Reading, RobotFault>,
}

impl<R: Staged> Agent<R> {
    /// An agent that has just started beside a robot.
    ///
    /// # Errors
    /// A sentence, if the robot does not fit the profile.
    pub(super) fn start(
        mut robot: R,
        profile: &Profile,
        first_epoch: u32,
        now: Moment<World>,
    ) -> Result<Self, String> {
        let core = new_core(&mut robot, profile, first_epoch);
        if let Some(misfit) = core.misfit() {
            return Err(misfit.to_string());
        }
        Ok(Self {
            profile: profile.clone(),
            robot,
            core,
            behind_ns: 0,
            slept: false,
            command_fault: None,
            still_until: Moment::START,
            view: 0,
            captured: Given::new(),
            told: Given::new(),
            next_picture: Moment::START,
            last_picture: now,
            last_record: now,
        })
    }

    /// The process starts anew: it knows nothing of its former life.
    pub(super) fn restart(&mut self, first_epoch: u32, now: Moment<World>) {
        self.core = new_core(&mut self.robot, &self.profile, first_epoch);
        (self.slept, self.command_fault) = (false, None);
        self.view = 0;
        self.captured.clear();
        self.told.clear();
        (self.next_picture, self.last_picture, self.last_record) = (now, now, now);
    }

    /// The robot's clock.
    pub(super) fn clock(&self, now: Moment<World>) -> Moment<RobotTime> {
        Moment::from_ns(now.as_ns().saturating_sub(self.behind_ns))
    }

    /// The number of the picture that is captured now, and of what; nothing if none is due.
    pub(super) fn capture(
        &mut self,
        faults: &Faults,
        has_room: bool,
        now: Moment<World>,
    ) -> Option<u64> {
        if now < self.next_picture {
            return None;
        }
        let period = Duration::from_secs_f64(1.0 / self.profile.rates.picture_hz);
        self.next_picture = now.after(period);
        if !has_room {
            // It could not have been captured, so nobody is to blame.
            self.last_picture = now;
            return None;
        }
        self.view += 1;
        let steering = self.profile.freshness.steering;
        if !faults.dead_camera {
            self.last_picture = now;
            give(&mut self.captured, self.view, now);
            self.core.handle_view(steering, self.view, self.clock(now));
        }
        if faults.room_camera {
            self.core.handle_view(ViewSource::Room, self.view, self.clock(now));
        }
        Some(self.view)
    }

    /// One tick of the servo.
    pub(super) fn tick(&mut self, faults: &Faults, now: Moment<World>) -> Done {
        if !faults.dead_recorder {
            self.last_record = now;
        }
        let clock = self.clock(now);
        let host = self.host(faults, now);
        // An order that was not passed on is a fault of the robot, like a reading that is not true.
        let reading = self.read(now);
        let reading = self.command_fault.take().map_or(reading, Err);
        let tick = self.core.tick(clock, reading, &host);
        // The arm's time goes on when the agent's does not: it is a machine of its own.
        self.command_fault = self.robot.command(&tick.order, Moment::from_ns(now.as_ns())).err();
        if let Some(StateFrame { seq, .. }) = tick.frame {
            give(&mut self.told, seq, now);
        }
        Done { tick, reading }
    }

    /// The agent stands still. The arm goes on.
    pub(super) fn wait(&mut self, now: Moment<World>) {
        self.robot.pass(Moment::from_ns(now.as_ns()));
    }

    /// What the arm measures, stamped by the agent's clock.
    fn read(&mut self, now: Moment<World>) -> Result<Reading, RobotFault> {
        let mut reading = self.robot.read(Moment::from_ns(now.as_ns()))?;
        let behind_ns = self.behind_ns;
        let stamped = |at: Moment<RobotTime>| Moment::from_ns(at.as_ns().saturating_sub(behind_ns));
        reading.at = stamped(reading.at);
        reading.base.ranged_at = stamped(reading.base.ranged_at);
        Ok(reading)
    }

    fn host(&mut self, faults: &Faults, now: Moment<World>) -> Host {
        let since = |last| now.since(last).unwrap_or(Duration::ZERO);
        Host {
            overruns: faults.overruns,
            uncaptured: since(self.last_picture),
            unrecorded: since(self.last_record),
            suspended: core::mem::take(&mut self.slept),
        }
    }

    /// For how long nothing has been recorded.
    pub(super) fn unrecorded(&self, now: Moment<World>) -> Duration {
        now.since(self.last_record).unwrap_or(Duration::ZERO)
    }
}

/// A core that has read the robot's own limits back.
fn new_core<R: Staged>(robot: &mut R, profile: &Profile, first_epoch: u32) -> Core {
    let mut core = Core::new(profile.clone(), &robot.describe(), first_epoch);
    core.handle_own_limits(robot.limit(&own_limits(profile)));
    core
}
