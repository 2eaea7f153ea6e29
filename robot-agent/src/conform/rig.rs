//! What the suite needs from outside: ticks, the robot, and what somebody can do to it.

use core::fmt;
use core::time::Duration;

use protocol::time::{Moment, Robot as RobotClock};

use super::limits::TICK;
use crate::robot::Robot;

/// Where time comes from.
///
/// Two clocks, because they answer two questions. Ticks say when a robot is asked; in a simulation they are
/// virtual and a second passes as fast as it is computed. The stopwatch says how long a call took; it is
/// always real, or it measures nothing.
pub trait Stage {
    /// Waits until the next tick is due, a millisecond after the last, and returns the time then. Ticks that
    /// were missed are skipped, never caught up.
    fn next_tick(&mut self) -> Moment<RobotClock>;

    /// What a running stopwatch shows: real time since any start, never less than before. Without one,
    /// latency is not judged.
    fn stopwatch(&mut self) -> Option<Duration> {
        None
    }
}

/// Time that passes by being asked for: for simulated robots.
pub struct VirtualTime {
    now: Moment<RobotClock>,
    stopwatch: Option<Box<dyn FnMut() -> Duration>>,
}

impl VirtualTime {
    /// Virtual time that starts at `now`, without a stopwatch.
    pub const fn starting(now: Moment<RobotClock>) -> Self {
        Self { now, stopwatch: None }
    }

    /// The same with a stopwatch: real time since any start.
    #[must_use]
    pub fn timed_by(self, stopwatch: impl FnMut() -> Duration + 'static) -> Self {
        Self { stopwatch: Some(Box::new(stopwatch)), ..self }
    }
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTime")
            .field("now", &self.now)
            .field("timed", &self.stopwatch.is_some())
            .finish()
    }
}

impl Stage for VirtualTime {
    fn next_tick(&mut self) -> Moment<RobotClock> {
        self.now = self.now.after(TICK);
        self.now
    }

    fn stopwatch(&mut self) -> Option<Duration> {
        self.stopwatch.as_mut().map(|read| read())
    }
}

/// Whether something has been done to the robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// This rig can not do it.
    CanNot,
    /// It is done: the robot must show it soon.
    Done,
    /// A person has been asked to do it and needs a moment. The suite goes on ticking meanwhile.
    Asked,
}

/// The robot on trial, and what can be done to it besides ordering it about.
///
/// `robot` is required. Every other method is an ability that a rig may lack; its check is then not tried.
/// None of them may block for longer than a tick but `restart`: a robot without orders stops by itself.
pub trait Rig {
    /// The robot.
    fn robot(&mut self) -> &mut dyn Robot;

    /// Ends the samples of a position sensor: pulls its plug, or stops the thread that fetches them.
    ///
    /// Not meant is a sensor that repeats its last value under new stamps. A driver can not tell that from a
    /// robot that stands, so it is not asked to; the core's interlock looks for it while the robot moves.
    fn freeze_sensor(&mut self) -> Act {
        Act::CanNot
    }

    /// Undoes [`Rig::freeze_sensor`].
    fn thaw_sensor(&mut self) {}

    /// Opens a guard at the robot: releases the enabling switch, opens the door.
    fn open_guard(&mut self) -> Act {
        Act::CanNot
    }

    /// Undoes [`Rig::open_guard`].
    fn close_guard(&mut self) {}

    /// Cuts the drives by hardware, as the emergency stop does.
    fn cut_drives(&mut self) -> Act {
        Act::CanNot
    }

    /// Undoes [`Rig::cut_drives`].
    fn restore_drives(&mut self) {}

    /// Lets the agent die and start anew: drops the robot's driver without a call of `stop`, and connects
    /// again. May block, never for longer than the hardware takes.
    fn restart(&mut self) -> Act {
        Act::CanNot
    }
}

/// A robot to which nothing can be done but ordering it about.
#[derive(Debug, Clone, Copy)]
pub struct Bare<R>(pub R);

impl<R: Robot> Rig for Bare<R> {
    fn robot(&mut self) -> &mut dyn Robot {
        &mut self.0
    }
}
