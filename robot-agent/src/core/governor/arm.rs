//! Moves one arm's setpoint.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::frame::state::{Clamp, ClampSet};
use protocol::pose::{Base, Pose, Tip};
use protocol::profile::Profile;

use super::workspace::clamped;
use super::{Caps, STOP_FACTOR};
use crate::core::contact::{normal_speed, yielding_speed};

/// What the setpoint is to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drive {
    /// Go to `target`; with a wanted force above zero the axis of the tool belongs to the force loop.
    Follow {
        /// Where the hand wants the tip.
        target: Pose<Base, Tip>,
        /// Contact force wanted along the tool axis. Unit: newton.
        force_wanted_n: f64,
    },
    /// Stand still, yielding to the tissue.
    Stand,
    /// Lift the tool along its own axis.
    Lift,
}

/// The setpoint of one arm and how it moves.
#[derive(Debug, Clone)]
pub struct ArmGovernor {
    setpoint: Pose<Base, Tip>,
    velocity_m_s: Vector3<f64>,
    /// How far it has yielded or lifted since it last followed. Unit: metre.
    retreated_m: f64,
}

impl ArmGovernor {
    /// A governor whose setpoint stands at `pose`.
    pub fn at(pose: Pose<Base, Tip>) -> Self {
        Self { setpoint: pose, velocity_m_s: Vector3::zeros(), retreated_m: 0.0 }
    }

    /// Where the tip is asked to be.
    pub const fn setpoint(&self) -> Pose<Base, Tip> {
        self.setpoint
    }

    /// How fast the setpoint moves. Unit: metre per second.
    pub fn speed_m_s(&self) -> f64 {
        self.velocity_m_s.norm()
    }

    /// How fast the setpoint moves across the axis of the tool. Unit: metre per second.
    pub fn lateral_speed_m_s(&self) -> f64 {
        let axis = self.axis();
        (self.velocity_m_s - axis * self.velocity_m_s.dot(&axis)).norm()
    }

    /// Forgets how far the tool has retreated by itself: it may go the whole distance again.
    pub const fn settle(&mut self) {
        self.retreated_m = 0.0;
    }

    /// Moves the setpoint for one tick of `dt_s`; returns the limits that were enforced.
    ///
    /// `contact_n` is the measured force along the tool axis. If anything that comes in is not a
    /// number, the setpoint stands where it was.
    pub fn step(
        &mut self,
        drive: &Drive,
        contact_n: f64,
        caps: &Caps,
        profile: &Profile,
        dt_s: f64,
    ) -> ClampSet {
        let mut clamps = ClampSet::EMPTY;
        let wanted = self.wanted_velocity(drive, contact_n, caps, profile, dt_s, &mut clamps);
        let hard = if matches!(drive, Drive::Follow { .. }) { 1.0 } else { STOP_FACTOR };
        let change_max = caps.acceleration_m_s2 * hard * dt_s;
        let change = wanted - self.velocity_m_s;
        if change.norm() > change_max {
            clamps.add(Clamp::Acceleration);
        }
        let velocity = self.velocity_m_s + limited(change, change_max);
        let position = self.setpoint.position();
        let next = clamped(&profile.workspace, &(position + velocity * dt_s), &position);
        let rotation = self.turned(drive, caps, dt_s, &mut clamps);
        let pose: Pose<Base, Tip> =
            Pose::new(Isometry3::from_parts(Translation3::from(next), rotation));
        if !(pose.is_finite() && dt_s > 0.0) {
            self.velocity_m_s = Vector3::zeros();
            return clamps;
        }
        if !matches!(drive, Drive::Follow { .. }) {
            self.retreated_m += (position - next).dot(&self.axis()).max(0.0);
        }
        self.velocity_m_s = (next - position) / dt_s;
        self.setpoint = pose;
        clamps
    }

    /// The axis of the tool, into the body.
    fn axis(&self) -> Vector3<f64> {
        self.setpoint.iso.rotation * Vector3::z()
    }

    fn wanted_velocity(
        &self,
        drive: &Drive,
        contact_n: f64,
        caps: &Caps,
        profile: &Profile,
        dt_s: f64,
        clamps: &mut ClampSet,
    ) -> Vector3<f64> {
        let axis = self.axis();
        let force = &profile.force;
        match drive {
            // What is not a pose is nowhere to go.
            Drive::Follow { target, .. } if !target.is_finite() => Vector3::zeros(),
            Drive::Stand => {
                let yielding =
                    yielding_speed(force.hold_max_n, contact_n, force.approach_speed_max_m_s);
                -axis * self.retreat(-yielding, caps, profile, dt_s)
            }
            Drive::Lift => {
                -axis * self.retreat(profile.reaction.retract_speed_m_s, caps, profile, dt_s)
            }
            Drive::Follow { target, force_wanted_n } => {
                let position = self.setpoint.position();
                let inside = clamped(&profile.workspace, &target.position(), &position);
                if (inside - target.position()).norm() > 1e-9 {
                    clamps.add(Clamp::Workspace);
                }
                let mut way = inside - position;
                if *force_wanted_n > 0.0 {
                    way -= axis * way.dot(&axis);
                }
                let along = self.toward(&way, caps, dt_s, clamps);
                self.with_force(along, *force_wanted_n, contact_n, caps, profile, clamps)
            }
        }
    }

    /// The speed of a retreat, so that it ends at the profile's distance: a force sensor that is
    /// stuck must not drive the tool away for ever.
    fn retreat(&self, wanted_m_s: f64, caps: &Caps, profile: &Profile, dt_s: f64) -> f64 {
        let left = (profile.reaction.retract_distance_m - self.retreated_m).max(0.0);
        let stoppable = (2.0 * caps.acceleration_m_s2 * left).sqrt();
        wanted_m_s.min(stoppable).min(left / dt_s)
    }

    /// The velocity that covers `way` and can still stop at its end.
    fn toward(
        &self,
        way: &Vector3<f64>,
        caps: &Caps,
        dt_s: f64,
        clamps: &mut ClampSet,
    ) -> Vector3<f64> {
        let distance = way.norm();
        if !(distance > 1e-9) {
            return Vector3::zeros();
        }
        // √(a·d) instead of √(2·a·d): half the braking distance is kept for the tick in between.
        let stoppable = (caps.acceleration_m_s2 * distance).sqrt().min(distance / dt_s);
        if stoppable > caps.speed_m_s && self.speed_m_s() > 0.95 * caps.speed_m_s {
            clamps.add(if caps.by_view_age { Clamp::ViewAge } else { Clamp::Speed });
        }
        way * (stoppable.min(caps.speed_m_s) / distance)
    }

    /// Lets the force loop have the tool axis, and nobody press beyond the soft limit.
    fn with_force(
        &self,
        along: Vector3<f64>,
        force_wanted_n: f64,
        contact_n: f64,
        caps: &Caps,
        profile: &Profile,
        clamps: &mut ClampSet,
    ) -> Vector3<f64> {
        let axis = self.axis();
        let force = &profile.force;
        let mut velocity = along;
        if force_wanted_n > 0.0 {
            let wanted_n = force_wanted_n.min(force.soft_n);
            if wanted_n < force_wanted_n {
                clamps.add(Clamp::Force);
            }
            let speed_max = force.approach_speed_max_m_s.min(caps.speed_m_s);
            velocity += axis * normal_speed(wanted_n, contact_n, speed_max);
        }
        let inward = velocity.dot(&axis);
        if inward > 0.0 && !(contact_n < force.soft_n) {
            clamps.add(Clamp::Force);
            velocity -= axis * inward;
        }
        limited(velocity, caps.speed_m_s)
    }

    fn turned(
        &self,
        drive: &Drive,
        caps: &Caps,
        dt_s: f64,
        clamps: &mut ClampSet,
    ) -> UnitQuaternion<f64> {
        let from = self.setpoint.iso.rotation;
        let Drive::Follow { target, .. } = drive else { return from };
        if !target.is_finite() {
            return from;
        }
        let turn = target.iso.rotation * from.inverse();
        let most = caps.rotation_rad_s * dt_s;
        match turn.axis_angle() {
            Some((_, angle)) if angle <= most => target.iso.rotation,
            Some((axis, _)) => {
                clamps.add(Clamp::Rotation);
                UnitQuaternion::from_axis_angle(&axis, most) * from
            }
            None => from,
        }
    }
}

/// `v`, shortened to `length_max` if it is longer; nothing if it is not a vector of numbers.
fn limited(v: Vector3<f64>, length_max: f64) -> Vector3<f64> {
    let length = v.norm();
    if length <= length_max {
        v
    } else if length.is_finite() && length_max > 0.0 {
        v * (length_max / length)
    } else {
        Vector3::zeros()
    }
}

#[cfg(test)]
#[path = "arm_tests.rs"]
mod tests;
