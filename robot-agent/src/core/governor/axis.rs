//! A change of velocity on one axis whose acceleration and jerk stay inside their limits.
//!
//! A setpoint whose velocity jumps shakes the arm; one whose acceleration jumps still rings its
//! joints. The naive cure is a low-pass filter: it has no limits, only a lag, and nobody can say
//! where it will stop. Stepping the jerk tick by tick has limits, but its path depends on the length
//! of the ticks, and where it stops is only known once it has.
//!
//! The rule here: the whole change is planned as at most three phases of constant jerk. The
//! acceleration goes to its peak, rests there, and returns to zero as the velocity arrives; no
//! change inside the limits is faster. Everything asked of a plan has a closed form: where it is at
//! any time, how far it will reach, how fast it will be. A tick may have any length: a plan made
//! from a point on a plan is the rest of that plan.
//!
//! Limits: only the velocity has a target, not the position. An acceleration that starts beyond its
//! limit, because the limit was lowered, is led back at the limit of the jerk. Units are neutral:
//! metres for a tip, radians for a wrist.

/// The largest number taken for a velocity, an acceleration or a limit.
///
/// Nothing that moves a patient's tissue comes near it; up to it no square and no product here
/// overflows.
pub const VALUE_MAX: f64 = 1e9;

/// The smallest limit: below it a stop would take longer than any procedure, and quotients overflow.
pub const LIMIT_MIN: f64 = 1e-9;

/// How an axis may change its velocity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AxisLimits {
    /// Largest acceleration. Unit: unit of the axis per second squared.
    pub acceleration: f64,
    /// Largest change of the acceleration. Unit: unit of the axis per second cubed.
    pub jerk: f64,
}

/// How an axis moves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AxisState {
    /// Unit: unit of the axis per second.
    pub velocity: f64,
    /// Unit: unit of the axis per second squared.
    pub acceleration: f64,
}

/// The fastest way from a state to a velocity that stays inside the limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VelocityProfile {
    phases: [Phase; 3],
    target: f64,
    /// Displacement at the end.
    end: f64,
    speed_max: f64,
}

impl VelocityProfile {
    /// The profile from `state` to `target_velocity` with no acceleration left.
    ///
    /// If anything that comes in is not a number, is larger than [`VALUE_MAX`], or a limit is smaller
    /// than [`LIMIT_MIN`], the profile is that of an axis that stands still: zero velocity, zero
    /// acceleration, zero displacement, whatever the state was.
    pub fn new(state: AxisState, target_velocity: f64, limits: AxisLimits) -> Self {
        let AxisState { velocity, acceleration } = state;
        let AxisLimits { acceleration: most, jerk } = limits;
        let moves = [velocity, acceleration, target_velocity]
            .iter()
            .all(|value| (-VALUE_MAX..=VALUE_MAX).contains(value));
        let limited = [most, jerk].iter().all(|limit| (LIMIT_MIN..=VALUE_MAX).contains(limit));
        if !(moves && limited) {
            return Self::standing();
        }
        // The velocity at which the axis would be if only the acceleration were led to zero: it says
        // on which side of it the target is.
        let settled = velocity + acceleration * acceleration.abs() / (2.0 * jerk);
        let side = 1.0_f64.copysign(target_velocity - settled);
        // From here on as if the target were above.
        let start = side * acceleration;
        let rise = side * (target_velocity - velocity);
        // Up from `start` to the peak and down to zero adds (2·peak² − start²) / (2·jerk).
        let peak = (jerk * rise + start * start / 2.0).max(0.0).sqrt().min(most);
        let to_peak = (peak - start).abs() / jerk;
        let left = rise - start.midpoint(peak) * to_peak - peak * peak / (2.0 * jerk);
        let first = Phase {
            duration: to_peak,
            // Downward if the acceleration starts beyond its limit.
            jerk: side * jerk.copysign(peak - start),
            displacement: 0.0,
            state,
        };
        // If the peak stays below the limit nothing is left but a rounding error.
        let second = first.then((left / most).max(0.0), 0.0);
        let third = second.then(peak / jerk, -side * jerk);
        let (end, _) = third.at(third.duration);
        Self {
            phases: [first, second, third],
            target: target_velocity,
            end,
            // The velocity leads by way of `settled` or passes it: there is no other extreme.
            speed_max: velocity.abs().max(settled.abs()).max(target_velocity.abs()),
        }
    }

    /// The profile that ends at rest.
    pub fn stop(state: AxisState, limits: AxisLimits) -> Self {
        Self::new(state, 0.0, limits)
    }

    /// Displacement since the start, and the state, after `t` seconds.
    ///
    /// At the end and beyond it the state is exactly the target without acceleration. A time before
    /// the start, or one that is not a number, is the start.
    pub fn at(&self, t: f64) -> (f64, AxisState) {
        let mut left = t.max(0.0);
        for phase in &self.phases {
            if left < phase.duration {
                return phase.at(left);
            }
            left -= phase.duration;
        }
        let state = AxisState { velocity: self.target, acceleration: 0.0 };
        (self.end + self.target * left, state)
    }

    /// How long it takes to arrive. Unit: second.
    pub fn duration(&self) -> f64 {
        self.phases.iter().map(|phase| phase.duration).sum()
    }

    /// The least and the largest displacement on the way to the target, that of the start included.
    pub fn extent(&self) -> (f64, f64) {
        self.extent_until(self.duration())
    }

    /// The least and the largest displacement within the first `t` seconds; none before the start.
    pub fn extent_until(&self, t: f64) -> (f64, f64) {
        // A displacement is extreme at the ends or where the velocity changes its sign. Every time
        // looked at lies on the path, so none of them can make the extent larger than it is.
        let mut left = t.max(0.0);
        let (end, _) = self.at(left);
        let mut extent = (end.min(0.0), end.max(0.0));
        for phase in &self.phases {
            if left.is_sign_negative() {
                break;
            }
            for turn in phase.turns() {
                let (d, _) = phase.at(turn.min(left));
                extent = (extent.0.min(d), extent.1.max(d));
            }
            left -= phase.duration;
        }
        extent
    }

    /// The largest speed on the way, that of the start included. Unit: unit of the axis per second.
    pub fn speed_max(&self) -> f64 {
        self.speed_max
    }

    fn standing() -> Self {
        let state = AxisState::default();
        let phase = Phase { duration: 0.0, jerk: 0.0, displacement: 0.0, state };
        Self { phases: [phase; 3], target: 0.0, end: 0.0, speed_max: 0.0 }
    }
}

/// A stretch of constant jerk.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Phase {
    duration: f64,
    jerk: f64,
    /// Displacement where it begins.
    displacement: f64,
    /// State where it begins.
    state: AxisState,
}

impl Phase {
    fn at(&self, t: f64) -> (f64, AxisState) {
        let AxisState { velocity: v, acceleration: a } = self.state;
        let displacement = self.displacement + t * (v + t * (a / 2.0 + t * self.jerk / 6.0));
        let velocity = v + t * (a + t * self.jerk / 2.0);
        (displacement, AxisState { velocity, acceleration: a + t * self.jerk })
    }

    /// The phase that begins where this one ends.
    fn then(&self, duration: f64, jerk: f64) -> Self {
        let (displacement, state) = self.at(self.duration);
        Self { duration, jerk, displacement, state }
    }

    /// The times at which the velocity is zero; times inside the phase even where it never is.
    ///
    /// The form of the roots that neither cancels nor needs a case for a jerk of zero.
    fn turns(&self) -> [f64; 2] {
        let AxisState { velocity: v, acceleration: a } = self.state;
        let q = -(a + (a * a - 2.0 * self.jerk * v).sqrt().copysign(a));
        [q / self.jerk, 2.0 * v / q].map(|root| root.max(0.0).min(self.duration))
    }
}

#[cfg(test)]
#[path = "axis_tests.rs"]
mod tests;
