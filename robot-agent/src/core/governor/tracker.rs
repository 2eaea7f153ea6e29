//! Moves a setpoint toward a wanted velocity so that its way to a stop is always known and allowed.
//!
//! The naive governor clamps one quantity after the other: speed, then acceleration, then place. Each
//! clamp undoes the one before it. A place clamped at a wall is a jump of the velocity; a velocity
//! clamped softly runs through the wall.
//!
//! The rule here: **the way out is always known.** From every state there is one stop, each axis by
//! its own [`VelocityProfile`]. A wanted velocity is tried for one tick, and taken only if the stop
//! from the state it leads to goes nowhere and is never faster than allowed. Else a velocity along
//! the wall is tried, else the stop begins. The stop itself needs no leave: it is the rest of the stop
//! that was judged when the present state was taken. So by induction, whatever is wanted and however
//! long the ticks are: the setpoint goes no deeper beyond a constraint than it was, is no faster than
//! its cap except while it brakes from a higher one, and no harder and no jerkier than its limits.
//!
//! Limits:
//!
//! - The limits of acceleration and jerk hold for the length of a vector by giving each axis 1/√3 of
//!   them: along one axis alone 42 % of what is allowed stays unused.
//! - Limits that are lowered in motion make the stop longer than the one that was judged; raise and
//!   lower them at rest.
//! - The speed is judged where a tick ends and over the stop after it, not inside the tick: there it
//!   may pass the cap by jerk · tick² / 8, 25 µm/s with 200 m/s³ and 1 ms.
//! - The box around a path is wider than the path: see [`super::region`] on slanted walls.
//!
//! The same law turns a wrist (radians, no region) and drives a base (limits per axis).

use nalgebra::Vector3;

use super::axis::{AxisLimits, AxisState, VelocityProfile};
use super::region::{Blocked, Constraint, Excess, Region};

/// Longest tick that is taken at its word; a longer one counts as this long. Unit: second.
pub const TICK_MAX_S: f64 = 1.0;

/// Fastest speed a cap can allow. Unit: unit of the tracker per second.
///
/// Keeps every number far inside the range of [`super::axis::VALUE_MAX`].
pub const SPEED_MAX: f64 = 1e3;

/// How much of the way is covered per second close to the goal. Unit: 1/s.
///
/// The way shrinks to 1/e in 10 ms; the law of braking alone would hunt between single ticks there.
pub const GAIN: f64 = 100.0;

/// How much of the velocity still owed by a braking acceleration is anticipated.
///
/// A plan ends without acceleration. While it follows a falling target it is therefore too fast by
/// a²/2J. With less than 0.53 of that taken off, the end is overshot; with all of it, the plan forgets
/// that its acceleration has to go to zero, and hunts.
const LAG_SHARE: f64 = 0.7;

/// What rounding may add to a speed. Unit: unit of the tracker per second.
const SPEED_TOLERANCE: f64 = 1e-12;

/// Velocities tried before the stop: the wanted one, along the wall that blocks it, and along the edge
/// between that wall and the next.
const TRIES: usize = 3;

/// The low and the high corner of a box of points.
pub type Extent = (Vector3<f64>, Vector3<f64>);

/// How hard a setpoint may change its motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotionLimits {
    axes: Vector3<AxisLimits>,
}

impl MotionLimits {
    /// Limits of the length of the acceleration and of the jerk, whatever their direction.
    ///
    /// A limit that is not a number, is zero or negative, allows no motion at all.
    pub fn of_length(acceleration_max: f64, jerk_max: f64) -> Self {
        let share = 3.0_f64.sqrt();
        let axis = AxisLimits { acceleration: acceleration_max / share, jerk: jerk_max / share };
        Self::per_axis(axis, axis, axis)
    }

    /// A limit for each axis alone.
    pub const fn per_axis(x: AxisLimits, y: AxisLimits, z: AxisLimits) -> Self {
        Self { axes: Vector3::new(x, y, z) }
    }

    /// The limits within which every direction stays.
    fn weakest(&self) -> AxisLimits {
        let infinite = AxisLimits { acceleration: f64::INFINITY, jerk: f64::INFINITY };
        self.axes.iter().fold(infinite, |least, axis| AxisLimits {
            acceleration: least.acceleration.min(axis.acceleration),
            jerk: least.jerk.min(axis.jerk),
        })
    }
}

/// What became of a wanted velocity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The first constraint that the wanted velocity would have gone beyond.
    pub blocked: Option<Constraint>,
    /// True if the wanted velocity was no vector of numbers; it was taken as a stop.
    pub is_unusable: bool,
    /// True if the wanted velocity, or the way to it, was faster than the cap.
    pub is_speed_capped: bool,
    /// True if the velocity was still changing when the tick ended: acceleration or jerk is at work.
    pub is_changing: bool,
    /// How far the velocity now headed for is from the wanted one; 0 if that was unusable.
    /// Unit: unit of the tracker per second.
    pub cut: f64,
}

/// A setpoint in motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracker {
    position: Vector3<f64>,
    velocity: Vector3<f64>,
    acceleration: Vector3<f64>,
}

impl Tracker {
    /// A setpoint that rests at `position`.
    pub fn at(position: Vector3<f64>) -> Self {
        Self { position, velocity: Vector3::zeros(), acceleration: Vector3::zeros() }
    }

    /// Where it is.
    pub const fn position(&self) -> Vector3<f64> {
        self.position
    }

    /// How fast it moves.
    pub const fn velocity(&self) -> Vector3<f64> {
        self.velocity
    }

    /// How its velocity changes.
    pub const fn acceleration(&self) -> Vector3<f64> {
        self.acceleration
    }

    /// Puts it to rest at `position` at once: only for drives that are off.
    pub fn halt_at(&mut self, position: Vector3<f64>) {
        *self = Self::at(position);
    }

    /// True if neither its speed nor its acceleration is above `eps`.
    pub fn is_at_rest(&self, eps: f64) -> bool {
        self.velocity.norm() <= eps && self.acceleration.norm() <= eps
    }

    /// The corners of the box of points that it can not leave if it stops from now on.
    pub fn stop_extent(&self, limits: &MotionLimits) -> Extent {
        self.covered(&self.stop(limits))
    }

    /// Moves it for one tick of `dt_s` toward `wanted`, as far as `speed_cap`, `limits` and `region`
    /// allow.
    ///
    /// A cap that is not a number is none at all: a stop. A tick that is not a number, or negative, is
    /// no time at all. An axis with impossible limits stands still at once.
    pub fn step(
        &mut self,
        wanted: &Vector3<f64>,
        speed_cap: f64,
        limits: &MotionLimits,
        region: Option<&Region>,
        dt_s: f64,
    ) -> Outcome {
        let dt = between_zero_and(TICK_MAX_S, dt_s);
        let cap = between_zero_and(SPEED_MAX, speed_cap);
        let is_unusable = !wanted.norm().is_finite();
        let wanted = if is_unusable { Vector3::zeros() } else { *wanted };
        let mut aim = wanted * (cap / wanted.norm()).min(1.0);
        let mut outcome = Outcome {
            blocked: None,
            is_unusable,
            is_speed_capped: wanted.norm() > cap,
            is_changing: false,
            cut: 0.0,
        };
        let own = self.stop(limits);
        let speed_max = peak_speed(&own).max(cap + SPEED_TOLERANCE);
        for _ in 0..TRIES {
            let plan = self.plan(&aim, limits);
            let next = self.after(&plan, dt);
            let stop = next.stop(limits);
            // Negated, so that what is not a number is too fast.
            if !(peak_speed(&stop) <= speed_max) {
                outcome.is_speed_capped = true;
                break;
            }
            let refused = region.and_then(|region| {
                let blocked = self.judge(region, &own, (&plan, dt), (&next, &stop)).err()?;
                Some((blocked.constraint, region.way_out(blocked.index, &self.position)))
            });
            let Some((constraint, way)) = refused else {
                let cut = (wanted - aim).norm();
                return self.take(next, &plan, dt, Outcome { cut, ..outcome });
            };
            outcome.blocked = outcome.blocked.or(Some(constraint));
            aim -= way * way.dot(&aim).min(0.0);
        }
        self.take(self.after(&own, dt), &own, dt, Outcome { cut: wanted.norm(), ..outcome })
    }

    /// The velocity with which to go a `way` so that it ends at its end.
    ///
    /// Not faster than `speed_cap`, than what can be braked over the way by the weakest axis, than the
    /// way times [`GAIN`], and than the way in one tick. What is covered in the tick until this
    /// velocity is reached is taken off the way; what the braking lags behind, off the velocity.
    pub fn velocity_toward(
        &self,
        way: &Vector3<f64>,
        speed_cap: f64,
        limits: &MotionLimits,
        dt_s: f64,
    ) -> Vector3<f64> {
        let dt = dt_s.max(0.0);
        let way = way - self.velocity * dt;
        let distance = way.norm();
        // No way has no direction; what is not a number is not a way.
        if !(distance > 0.0 && distance.is_finite()) {
            return Vector3::zeros();
        }
        let AxisLimits { jerk, .. } = limits.weakest();
        let direction = way / distance;
        let acceleration = self.acceleration.dot(&direction);
        let gaining = acceleration.max(0.0);
        let t = gaining.min(jerk * dt) / jerk + gaining / jerk;
        let settling = t * (self.velocity.dot(&direction) + t * t * jerk / 3.0);
        let lag = LAG_SHARE * acceleration.min(0.0).powi(2) / (2.0 * jerk);
        let left = (distance - settling).max(0.0);
        let speed = (speed_to_brake_within(left, limits.weakest()) - lag)
            .max(0.0)
            .min(speed_cap.max(0.0))
            .min(distance * GAIN)
            .min(distance / dt);
        direction * speed
    }

    fn states(&self) -> Vector3<AxisState> {
        self.velocity.zip_map(&self.acceleration, |velocity, acceleration| AxisState {
            velocity,
            acceleration,
        })
    }

    fn plan(&self, target: &Vector3<f64>, limits: &MotionLimits) -> Vector3<VelocityProfile> {
        self.states().zip_zip_map(target, &limits.axes, VelocityProfile::new)
    }

    fn stop(&self, limits: &MotionLimits) -> Vector3<VelocityProfile> {
        self.states().zip_map(&limits.axes, VelocityProfile::stop)
    }

    /// Where a plan leads in `dt`.
    fn after(&self, plan: &Vector3<VelocityProfile>, dt: f64) -> Self {
        let reached = plan.map(|axis| axis.at(dt));
        Self {
            position: self.position + reached.map(|(displacement, _)| displacement),
            velocity: reached.map(|(_, state)| state.velocity),
            acceleration: reached.map(|(_, state)| state.acceleration),
        }
    }

    /// Whether a tick of `plan` and the stop after it go no deeper than the `own` stop would now.
    fn judge(
        &self,
        region: &Region,
        own: &Vector3<VelocityProfile>,
        (plan, dt): (&Vector3<VelocityProfile>, f64),
        (next, stop): (&Self, &Vector3<VelocityProfile>),
    ) -> Result<(), Blocked> {
        let (low, high) = self.around(&plan.map(|axis| axis.extent_until(dt)));
        let (next_low, next_high) = next.covered(stop);
        let excess = region.excess(&low.inf(&next_low), &high.sup(&next_high));
        // What is inside is no deeper than anything: the own stop need not be looked at.
        excess.within(&Excess::NONE).or_else(|_| {
            let (own_low, own_high) = self.covered(own);
            excess.within(&region.excess(&own_low, &own_high))
        })
    }

    /// The box around what it covers in a whole plan.
    fn covered(&self, plan: &Vector3<VelocityProfile>) -> Extent {
        self.around(&plan.map(|axis| axis.extent()))
    }

    fn around(&self, axes: &Vector3<(f64, f64)>) -> Extent {
        (self.position + axes.map(|(low, _)| low), self.position + axes.map(|(_, high)| high))
    }

    fn take(
        &mut self,
        next: Self,
        plan: &Vector3<VelocityProfile>,
        dt: f64,
        outcome: Outcome,
    ) -> Outcome {
        *self = next;
        Outcome { is_changing: plan.iter().any(|axis| axis.duration() > dt), ..outcome }
    }
}

/// `value`, or the nearer end of the range; zero for what is not a number.
fn between_zero_and(most: f64, value: f64) -> f64 {
    let positive = value.max(0.0);
    positive.min(most)
}

/// A bound of the speed over a whole plan.
fn peak_speed(plan: &Vector3<VelocityProfile>) -> f64 {
    plan.map(|axis| axis.speed_max()).norm()
}

/// The speed without acceleration from which a stop takes just `distance`.
///
/// A stop from v whose acceleration peaks at A takes v²/2A + vA/2J. A short one peaks below its limit,
/// at A³ = J² · distance.
pub(super) fn speed_to_brake_within(distance: f64, limits: AxisLimits) -> f64 {
    let jerk = limits.jerk;
    let peak = limits.acceleration.min((jerk * jerk * distance).cbrt());
    let rounding = peak * peak / (2.0 * jerk);
    (rounding * rounding + 2.0 * peak * distance).sqrt() - rounding
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
