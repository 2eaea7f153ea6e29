//! How a simulated robot moves, as nobody in it can know: for those who watch whether it is safe.

use nalgebra::{Vector2, Vector3};
use protocol::ARMS;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::robot::Robot;

use crate::bedside::{Plant, SimFault, Simulated};
use crate::task::PegBoard;
use crate::watchdog::Drives;

/// The motion of one tip. Frame: base.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TipMotion {
    /// Where it is. Unit: m.
    pub at_m: Vector3<f64>,
    /// How it moves. Unit: m/s.
    pub velocity_m_s: Vector3<f64>,
    /// Direction out of the tool. Length: 1.
    pub axis: Vector3<f64>,
    /// Direction in which its jaw opens, if it has one. Length: 1.
    pub opening: Vector3<f64>,
}

/// The motion of a base. Frame: that of the room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseMotion {
    /// Where it is. Unit: m.
    pub at_m: Vector2<f64>,
    /// Where it looks. Unit: rad.
    pub heading_rad: f64,
    /// Speed ahead. Unit: m/s.
    pub linear_m_s: f64,
    /// Turn rate, counter-clockwise. Unit: rad/s.
    pub angular_rad_s: f64,
}

/// How a robot moves, without its sensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// The tips of its arms, the left one first; none for a base.
    pub tips: [Option<TipMotion>; ARMS],
    /// The base, if it is one.
    pub base: Option<BaseMotion>,
    /// State of its drives.
    pub drives: Drives,
    /// Largest force that something outside exerts on a tip or the bumper. Unit: N.
    pub force_n: f64,
}

impl Truth {
    /// Speed of its fastest part. Unit: m/s.
    pub fn speed_m_s(&self) -> f64 {
        let tips = self.tips.iter().flatten().map(|tip| tip.velocity_m_s.norm());
        tips.chain(self.base.map(|base| base.linear_m_s.abs())).fold(0.0, f64::max)
    }

    /// How far its parts have come since `before`: the greatest of them. Unit: m.
    pub fn way_from_m(&self, before: &Self) -> f64 {
        let both = self.tips.iter().flatten().zip(before.tips.iter().flatten());
        let tips = both.map(|(now, then)| (now.at_m - then.at_m).norm());
        let base = self.base.zip(before.base).map(|(now, then)| (now.at_m - then.at_m).norm());
        tips.chain(base).fold(0.0, f64::max)
    }
}

/// A plant that shows how it moves.
pub trait Watched: Plant {
    /// How it moves now.
    fn truth(&self) -> Truth;

    /// The peg board below it, if there is one.
    fn board(&self) -> Option<&PegBoard> {
        None
    }
}

/// A simulated robot as the theatre needs it: behind its trait, and with somebody who breaks and watches it.
pub trait Staged: Robot {
    /// Breaks it, or mends it with `None`.
    fn set_fault(&mut self, fault: Option<SimFault>);

    /// Opens or closes its guard.
    fn set_guard_open(&mut self, open: bool);

    /// Its time goes on, with or without an agent that reads it.
    fn pass(&mut self, now: Moment<RobotTime>);

    /// How it moves now.
    fn truth(&self) -> Truth;

    /// The peg board below it, if there is one.
    fn board(&self) -> Option<&PegBoard>;
}

impl<P: Watched> Staged for Simulated<P> {
    fn set_fault(&mut self, fault: Option<SimFault>) {
        Self::set_fault(self, fault);
    }

    fn set_guard_open(&mut self, open: bool) {
        Self::set_guard_open(self, open);
    }

    fn pass(&mut self, now: Moment<RobotTime>) {
        self.step_to(now);
    }

    fn truth(&self) -> Truth {
        self.inner().truth()
    }

    fn board(&self) -> Option<&PegBoard> {
        self.inner().board()
    }
}
