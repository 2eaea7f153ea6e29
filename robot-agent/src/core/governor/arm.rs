//! Moves one arm's setpoint.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::frame::{Clamp, ClampSet};
use protocol::pose::{Base, Pose, Tip};
use protocol::profile::{ArmLimits, Lift};

use super::region::{Constraint, Region};
use super::tracker::{MotionLimits, Outcome, Tracker};
use super::{CappedBy, Caps, STOP_FACTOR};
use crate::core::contact::{normal_speed, yielding_speed};
use crate::robot::{Port, Shaft};

/// Slower than this, and with less acceleration, a setpoint rests. Unit: metre per second.
const REST_M_S: f64 = 0.001;

/// See [`REST_M_S`]. Unit: metre per second squared.
const REST_M_S2: f64 = 0.05;

/// As [`REST_M_S`], for rotation. Unit: radian per second.
const REST_RAD_S: f64 = 0.01;

/// What is cut off a wanted speed is told from here on. Unit: metre per second, radian per second.
const TOLD_MIN: f64 = 0.001;

/// From here on a jaw that lags is told. Unit: radian. Two degrees, as on the dVRK.
const JAW_TOLD_RAD: f64 = 0.035;

/// The furthest that a tool yields where the profile names no distance. Unit: metre.
const YIELD_MAX_M: f64 = 0.020;

/// What the setpoint is to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drive {
    /// Go to `target`; with a wanted force above zero the axis of the tool belongs to the force loop.
    Follow {
        /// Where the hand wants the tip.
        target: Pose<Base, Tip>,
        /// Contact force wanted along the tool axis. Unit: newton.
        force_wanted_n: f64,
        /// Opening of the jaw wanted. Unit: radian.
        jaw_rad: f64,
    },
    /// Stand still; yield to the tissue if the profile says so.
    Stand,
    /// Lift the tool along its own axis.
    Lift,
}

/// Where an arm is and what limits it: what stays the same over many ticks.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The limits of its profile.
    pub limits: &'a ArmLimits,
    /// How it is lifted, if it may be.
    pub lift: Option<&'a Lift>,
    /// Where its tip may be.
    pub region: &'a Region,
    /// The port that its instrument passes through.
    pub port: Option<&'a Port>,
}

/// What an arm is to do in this tick.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Where to.
    pub drive: Drive,
    /// The measured force along the tool axis. Unit: newton.
    pub contact_n: f64,
    /// How fast it may be.
    pub caps: Caps,
    /// Where it is.
    pub place: Place<'a>,
    /// How long the tick is. Unit: second.
    pub dt_s: f64,
}

/// The setpoint of one arm and how it moves.
#[derive(Debug, Clone)]
pub struct ArmGovernor {
    tip: Tracker,
    turn: Tracker,
    rotation: UnitQuaternion<f64>,
    jaw_rad: f64,
    /// How far it has yielded or lifted since it last followed. Unit: metre.
    retreated_m: f64,
    /// True from the beginning of a stop until it rests: only there may limits be lowered again.
    stopping: bool,
}

impl ArmGovernor {
    /// A governor whose setpoint stands at `pose`.
    pub fn at(pose: Pose<Base, Tip>, jaw_rad: f64) -> Self {
        Self {
            tip: Tracker::at(pose.position()),
            turn: Tracker::at(Vector3::zeros()),
            rotation: pose.iso.rotation,
            jaw_rad,
            retreated_m: 0.0,
            stopping: false,
        }
    }

    /// Stands at `pose` from now on. What was retreated stays: this is no new stop.
    pub fn regrip(&mut self, pose: &Pose<Base, Tip>) {
        self.tip = Tracker::at(pose.position());
        self.turn = Tracker::at(Vector3::zeros());
        self.rotation = pose.iso.rotation;
    }

    /// As [`Self::regrip`], with the jaw.
    pub fn rest(&mut self, pose: &Pose<Base, Tip>, jaw_rad: f64) {
        self.regrip(pose);
        self.jaw_rad = jaw_rad;
    }

    /// Where the tip is asked to be.
    pub fn setpoint(&self) -> Pose<Base, Tip> {
        Pose::new(Isometry3::from_parts(Translation3::from(self.tip.position()), self.rotation))
    }

    /// How far the jaw is asked to open. Unit: radian.
    pub const fn jaw_rad(&self) -> f64 {
        self.jaw_rad
    }

    /// How the setpoint moves. Unit: metre per second.
    pub const fn velocity_m_s(&self) -> Vector3<f64> {
        self.tip.velocity()
    }

    /// How its velocity changes. Unit: metre per second squared.
    pub const fn acceleration_m_s2(&self) -> Vector3<f64> {
        self.tip.acceleration()
    }

    /// How fast the setpoint moves across the axis of the tool. Unit: metre per second.
    pub fn lateral_speed_m_s(&self) -> f64 {
        let axis = self.axis();
        let velocity = self.tip.velocity();
        (velocity - axis * velocity.dot(&axis)).norm()
    }

    /// True if the setpoint neither moves nor turns.
    pub fn is_at_rest(&self) -> bool {
        self.tip.velocity().norm() < REST_M_S
            && self.tip.acceleration().norm() < REST_M_S2
            && self.turn.velocity().norm() < REST_RAD_S
    }

    /// Forgets how far the tool has retreated by itself: it may go the whole distance again.
    pub const fn settle(&mut self) {
        self.retreated_m = 0.0;
    }

    /// Moves the setpoint for one tick; returns the limits that were enforced. What is not a number asks
    /// for nothing.
    pub fn step(&mut self, task: &Task<'_>) -> ClampSet {
        let mut clamps = ClampSet::EMPTY;
        let follows = matches!(task.drive, Drive::Follow { .. });
        self.stopping = !(follows && (!self.stopping || self.is_at_rest()));
        let motion = &task.place.limits.motion;
        let limits = self.motion_limits(motion.acceleration_max_m_s2, motion.jerk_max_m_s3);
        let wanted = self.wanted(task, &limits, &mut clamps);
        let before = self.tip.position();
        // What an arm does by itself does not depend on what the hand sees.
        let own = motion.speed_contact_max_m_s.min(motion.speed_free_max_m_s);
        let cap = if follows { self.speed_cap(task) } else { own };
        let outcome = self.tip.step(&wanted, cap, &limits, Some(task.place.region), task.dt_s);
        let missing = wanted - self.tip.velocity();
        tell(&outcome, self.short_of_m(&task.drive), &missing, &mut clamps);
        if !follows {
            let moved = self.tip.position() - before;
            self.retreated_m -= moved.dot(&self.axis()).min(0.0);
        }
        self.turn(task, &mut clamps);
        self.move_jaw(task, &mut clamps);
        clamps
    }

    /// How far the setpoint is from where the hand wants it. Unit: metre.
    fn short_of_m(&self, drive: &Drive) -> f64 {
        match drive {
            Drive::Follow { target, .. } => (target.position() - self.tip.position()).norm(),
            Drive::Stand | Drive::Lift => 0.0,
        }
    }

    /// The axis of the tool, into the body.
    fn axis(&self) -> Vector3<f64> {
        self.rotation * Vector3::z()
    }

    fn motion_limits(&self, acceleration: f64, jerk: f64) -> MotionLimits {
        let factor = if self.stopping { STOP_FACTOR } else { 1.0 };
        MotionLimits::of_length(acceleration * factor, jerk * factor * factor)
    }

    /// A rigid shaft turns with every step aside: not faster than the tip may turn.
    fn speed_cap(&self, task: &Task<'_>) -> f64 {
        match task.place.port {
            Some(port) if port.shaft == Shaft::Rigid => {
                let depth_m = (self.tip.position() - port.centre_m).norm();
                task.caps.speed_m_s.min(task.caps.rotation_rad_s * depth_m)
            }
            Some(_) | None => task.caps.speed_m_s,
        }
    }

    fn wanted(
        &self,
        task: &Task<'_>,
        limits: &MotionLimits,
        clamps: &mut ClampSet,
    ) -> Vector3<f64> {
        let force = &task.place.limits.force;
        match &task.drive {
            Drive::Stand => {
                let yielding = force.hold_max_n.map_or(0.0, |most| {
                    yielding_speed(most, task.contact_n, force.approach_speed_max_m_s)
                });
                self.retreat(-yielding, task, limits)
            }
            Drive::Lift => {
                let speed = task.place.lift.map_or(0.0, |lift| lift.speed_m_s);
                self.retreat(speed, task, limits)
            }
            Drive::Follow { target, force_wanted_n, .. } => {
                let position = self.tip.position();
                let (inside, edge) = task.place.region.clamped(&target.position(), &position);
                if let Some(edge) = edge {
                    clamps.add(clamp_at(edge), (inside - target.position()).norm());
                }
                let (mut way, axis) = (inside - position, self.axis());
                if *force_wanted_n > 0.0 {
                    way -= axis * way.dot(&axis);
                }
                let cap = self.speed_cap(task);
                let along = self.tip.velocity_toward(&way, f64::INFINITY, limits, task.dt_s);
                let over = along.norm() - cap;
                if over > TOLD_MIN && self.tip.velocity().norm() > 0.95 * cap {
                    clamps.add(clamp_by(task.caps.by), over);
                }
                self.with_force(shortened(along, cap), *force_wanted_n, task, clamps)
            }
        }
    }

    /// The velocity of a retreat, so that it ends at the profile's distance: a force sensor that is
    /// stuck must not drive the tool away for ever.
    fn retreat(&self, speed_m_s: f64, task: &Task<'_>, limits: &MotionLimits) -> Vector3<f64> {
        let distance_m = task.place.lift.map_or(YIELD_MAX_M, |lift| lift.distance_m);
        let left = (distance_m - self.retreated_m).max(0.0);
        self.tip.velocity_toward(&(self.axis() * -left), speed_m_s, limits, task.dt_s)
    }

    /// Lets the force loop have the tool axis, and nobody press beyond the soft limit.
    fn with_force(
        &self,
        along: Vector3<f64>,
        force_wanted_n: f64,
        task: &Task<'_>,
        clamps: &mut ClampSet,
    ) -> Vector3<f64> {
        let (axis, force) = (self.axis(), &task.place.limits.force);
        let mut velocity = along;
        if force_wanted_n > 0.0 {
            let wanted_n = force_wanted_n.min(force.soft_n);
            if wanted_n < force_wanted_n {
                clamps.add(Clamp::Force, force_wanted_n - wanted_n);
            }
            let speed_max = force.approach_speed_max_m_s.min(task.caps.speed_m_s);
            velocity += axis * normal_speed(wanted_n, task.contact_n, speed_max);
        }
        let inward = velocity.dot(&axis);
        if inward > 0.0 && !(task.contact_n < force.soft_n) {
            clamps.add(Clamp::Force, task.contact_n - force.soft_n);
            velocity -= axis * inward;
        }
        velocity
    }

    fn turn(&mut self, task: &Task<'_>, clamps: &mut ClampSet) {
        let motion = &task.place.limits.motion;
        let limits = self.motion_limits(
            motion.rotation_acceleration_max_rad_s2,
            motion.rotation_jerk_max_rad_s3,
        );
        let cap = task.caps.rotation_rad_s;
        let wanted = match &task.drive {
            Drive::Follow { target, .. } if target.is_finite() => {
                let way = self.way_round(target, task.place.port);
                let toward = self.turn.velocity_toward(&way, f64::INFINITY, &limits, task.dt_s);
                let over = toward.norm() - cap;
                if over > TOLD_MIN && self.turn.velocity().norm() > 0.95 * cap {
                    clamps.add(Clamp::Rotation, over);
                }
                toward
            }
            Drive::Follow { .. } | Drive::Stand | Drive::Lift => Vector3::zeros(),
        };
        let before = self.turn.position();
        self.turn.step(&wanted, cap, &limits, None, task.dt_s);
        let turned = UnitQuaternion::from_scaled_axis(self.turn.position() - before);
        self.rotation = turned * self.rotation;
        if let (Drive::Follow { .. }, Some(port)) = (&task.drive, task.place.port) {
            self.align(port, motion.rotation_max_rad_s * task.dt_s);
        }
        self.rotation.renormalize_fast();
    }

    /// What is left to turn, about the axes of the base. With a rigid shaft only about itself: where it
    /// points is not for the hand to say.
    fn way_round(&self, target: &Pose<Base, Tip>, port: Option<&Port>) -> Vector3<f64> {
        let way = (target.iso.rotation * self.rotation.inverse()).scaled_axis();
        match port {
            Some(port) if port.shaft == Shaft::Rigid => {
                let axis = self.axis();
                axis * way.dot(&axis)
            }
            Some(_) | None => way,
        }
    }

    /// Turns a rigid shaft toward its port, by `most_rad` at most.
    fn align(&mut self, port: &Port, most_rad: f64) {
        if port.shaft != Shaft::Rigid {
            return;
        }
        let through = self.tip.position() - port.centre_m;
        if let Some(turn) = UnitQuaternion::rotation_between(&self.axis(), &through) {
            let by = turn.angle().min(most_rad);
            if let Some(axis) = turn.axis() {
                self.rotation = UnitQuaternion::from_axis_angle(&axis, by) * self.rotation;
            }
        }
    }

    fn move_jaw(&mut self, task: &Task<'_>, clamps: &mut ClampSet) {
        let (Some(jaw), Drive::Follow { jaw_rad, .. }) = (&task.place.limits.jaw, &task.drive)
        else {
            return;
        };
        // `max` and `min` take a number that is none for the closed jaw.
        let inside = jaw_rad.max(0.0).min(jaw.open_max_rad);
        let most = jaw.rate_max_rad_s * task.dt_s;
        let next = self.jaw_rad + (inside - self.jaw_rad).clamp(-most, most);
        if (jaw_rad - next).abs() > JAW_TOLD_RAD {
            clamps.add(Clamp::Jaw, (jaw_rad - next).abs());
        }
        self.jaw_rad = next;
    }
}

/// Tells what was cut off a wanted velocity and had not been told before.
fn tell(outcome: &Outcome, short_of_m: f64, missing: &Vector3<f64>, clamps: &mut ClampSet) {
    match outcome.blocked {
        Some(edge) if !clamps.contains(clamp_at(edge)) => clamps.add(clamp_at(edge), short_of_m),
        Some(_) => {}
        None if outcome.is_changing && missing.norm() > TOLD_MIN => {
            clamps.add(Clamp::Acceleration, missing.norm());
        }
        None => {}
    }
}

const fn clamp_at(edge: Constraint) -> Clamp {
    match edge {
        Constraint::Workspace => Clamp::Workspace,
        Constraint::Port => Clamp::Port,
        Constraint::Zone(_) => Clamp::NoGo,
    }
}

const fn clamp_by(by: CappedBy) -> Clamp {
    match by {
        CappedBy::Profile => Clamp::Speed,
        CappedBy::Age => Clamp::ViewAge,
        CappedBy::Joint => Clamp::JointLimit,
        CappedBy::Singularity => Clamp::Singularity,
    }
}

/// `v`, shortened to `length_max` if it is longer.
fn shortened(v: Vector3<f64>, length_max: f64) -> Vector3<f64> {
    let length = v.norm();
    if length > length_max { v * (length_max / length) } else { v }
}

#[cfg(test)]
#[path = "arm_edge_tests.rs"]
mod edge_tests;
#[cfg(test)]
#[path = "arm_laws.rs"]
mod laws;
#[cfg(test)]
#[path = "arm_tests.rs"]
mod tests;
