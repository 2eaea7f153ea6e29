//! Moves the speeds of a mobile base.
//!
//! A base is steered by speeds, not by places: it goes on without being told to. So what is wanted holds
//! only while commands come, and an obstacle ahead caps the speed from which the base still comes to
//! rest before it.

use core::time::Duration;

use protocol::frame::{BaseTwist, Clamp, ClampSet};
use protocol::profile::{BaseLimits, Freshness};

use super::age_cap_m_s;
use super::axis::{AxisLimits, AxisState, VelocityProfile};
use super::tracker::speed_to_brake_within;
use crate::robot::BaseReading;

/// From the sight of an obstacle until the wheels answer. Unit: second.
///
/// A scanner at 20 Hz, a tick, and wheels that answer within 150 ms.
const REACTION_S: f64 = 0.2;

/// Slower than this a base rests. Unit: metre per second, radian per second.
const REST: f64 = 0.005;

/// What a base may do in this tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseCaps {
    /// Fastest forward. Unit: metre per second.
    pub forward_m_s: f64,
    /// Fastest backward. Unit: metre per second.
    pub backward_m_s: f64,
    /// Fastest turn. Unit: radian per second.
    pub turn_rad_s: f64,
    /// Fastest speed without obstacles. Unit: metre per second.
    pub speed_m_s: f64,
    /// True if the age of the picture sets the speed.
    pub by_age: bool,
}

/// The caps for a base that sees this, steered by what was seen this long ago.
pub fn base_caps(
    limits: &BaseLimits,
    freshness: &Freshness,
    reading: &BaseReading,
    seen_age: Option<Duration>,
) -> BaseCaps {
    let by_age = age_cap_m_s(freshness, seen_age);
    let speed_m_s = limits.speed_max_m_s.min(by_age);
    let brake = AxisLimits { acceleration: limits.brake_m_s2, jerk: limits.jerk_max_m_s3 };
    let within = |clear_m: f64, approach_m_s: f64| {
        let left_m = clear_m - limits.obstacle_keep_m - approach_m_s.max(0.0) * REACTION_S;
        // `max` takes a distance that is not a number for none.
        speed_to_brake_within(left_m.max(0.0), brake).min(speed_m_s)
    };
    BaseCaps {
        forward_m_s: within(reading.ahead_m, reading.linear_m_s),
        backward_m_s: within(reading.behind_m, -reading.linear_m_s),
        turn_rad_s: limits.turn_max_rad_s * (speed_m_s / limits.speed_max_m_s),
        speed_m_s,
        by_age: by_age < limits.speed_max_m_s,
    }
}

/// The speeds of a base and how they change.
#[derive(Debug, Clone, Default)]
pub struct BaseGovernor {
    linear: AxisState,
    angular: AxisState,
}

impl BaseGovernor {
    /// The speeds asked for.
    pub const fn twist(&self) -> BaseTwist {
        BaseTwist { linear_m_s: self.linear.velocity, angular_rad_s: self.angular.velocity }
    }

    /// How the forward speed changes. Unit: metre per second squared.
    pub const fn acceleration_m_s2(&self) -> f64 {
        self.linear.acceleration
    }

    /// True if it is asked to stand.
    pub fn is_at_rest(&self) -> bool {
        self.linear.velocity.abs() < REST && self.angular.velocity.abs() < REST
    }

    /// Moves the speeds for one tick of `dt_s` toward `wanted`, or to a stop without it; returns the
    /// limits that were enforced. What is not a number asks for a stop.
    pub fn step(
        &mut self,
        wanted: Option<&BaseTwist>,
        caps: &BaseCaps,
        limits: &BaseLimits,
        dt_s: f64,
    ) -> ClampSet {
        let mut clamps = ClampSet::EMPTY;
        let none = BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 };
        let wanted = wanted.copied().unwrap_or(none);
        let linear = Self::capped_linear(finite(wanted.linear_m_s), caps, &mut clamps);
        let angular = finite(wanted.angular_rad_s).clamp(-caps.turn_rad_s, caps.turn_rad_s);
        if angular != wanted.angular_rad_s {
            clamps.add(Clamp::Rotation, (wanted.angular_rad_s - angular).abs());
        }
        let acceleration = if slower(linear, self.linear.velocity) {
            limits.brake_m_s2
        } else {
            limits.acceleration_max_m_s2
        };
        self.linear = reached(self.linear, linear, acceleration, limits.jerk_max_m_s3, dt_s);
        self.angular = reached(
            self.angular,
            angular,
            limits.turn_acceleration_max_rad_s2,
            limits.turn_jerk_max_rad_s3,
            dt_s,
        );
        clamps
    }

    fn capped_linear(wanted_m_s: f64, caps: &BaseCaps, clamps: &mut ClampSet) -> f64 {
        let by_speed = wanted_m_s.clamp(-caps.speed_m_s, caps.speed_m_s);
        let by_obstacle = by_speed.clamp(-caps.backward_m_s, caps.forward_m_s);
        if by_speed != wanted_m_s {
            let clamp = if caps.by_age { Clamp::ViewAge } else { Clamp::Speed };
            clamps.add(clamp, (wanted_m_s - by_speed).abs());
        }
        if by_obstacle != by_speed {
            clamps.add(Clamp::Obstacle, (by_speed - by_obstacle).abs());
        }
        by_obstacle
    }
}

const fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// True if going from `now` to `wanted` is braking: less speed, or the other way.
fn slower(wanted: f64, now: f64) -> bool {
    wanted.abs() < now.abs() || wanted * now < 0.0
}

fn reached(from: AxisState, target: f64, acceleration: f64, jerk: f64, dt_s: f64) -> AxisState {
    let (_, state) = VelocityProfile::new(from, target, AxisLimits { acceleration, jerk }).at(dt_s);
    state
}

#[cfg(test)]
#[path = "base_tests.rs"]
mod tests;
