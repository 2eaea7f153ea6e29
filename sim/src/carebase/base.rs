//! Wheels, drives, brakes, walls and sensors of the base.

use nalgebra::{Matrix2, Vector2};

use super::model::CareModel;
use crate::noise::Noise;

/// Longest sub-step. Unit: s.
const SUBSTEP_MAX_S: f64 = 1e-3;

/// Speed of a wheel at which dry friction is 71 % of what it is at high speed. Unit: rad/s. A wheel that creeps at it
/// takes the base 1 mm in a second.
const RUB_RAD_S: f64 = 0.01;

/// A braked wheel slower than this stands. Unit: rad/s.
const STANDS_RAD_S: f64 = 0.02;

/// Gain of the integral of the speed loops per bandwidth: it takes rolling resistance and the push of a person away.
const INTEGRAL_PER_BANDWIDTH: f64 = 0.25;

/// Noise of the odometry, standard deviation. Unit: m/s, rad/s. Assumed.
const SPEED_NOISE_M_S: f64 = 0.000_5;
const TURN_NOISE_RAD_S: f64 = 0.001;

/// Noise of the bar's sensor and of the bumper's. Unit: N, N·m. Assumed.
const BAR_NOISE_N: f64 = 0.3;
const BAR_NOISE_N_M: f64 = 0.05;
const BUMPER_NOISE_N: f64 = 0.2;

/// Where the base is. Frame: the room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose2 {
    /// Unit: m.
    pub x_m: f64,
    /// Unit: m.
    pub y_m: f64,
    /// Counter-clockwise. Unit: rad.
    pub heading_rad: f64,
}

/// What the person does at the bar. Frame: the base, at its origin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BarPush {
    /// Ahead. Unit: N.
    pub ahead_n: f64,
    /// Counter-clockwise. Unit: N·m.
    pub turn_n_m: f64,
}

/// What the wheels are asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wheels {
    /// Roll with these speeds of the base (CRTK `servo_cv`). Unit: m/s, rad/s.
    Drive {
        /// Ahead.
        linear_m_s: f64,
        /// Counter-clockwise.
        angular_rad_s: f64,
    },
    /// Drives off, brakes on.
    Brake,
}

/// What the sensors said after the last step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CareSample {
    /// Speed ahead by odometry. Unit: m/s.
    pub linear_m_s: f64,
    /// Turn rate by odometry. Unit: rad/s.
    pub angular_rad_s: f64,
    /// Force on the bumper. Unit: N.
    pub bumper_n: f64,
    /// What the person does at the bar.
    pub bar: BarPush,
}

/// A base in its room.
#[derive(Debug, Clone)]
pub struct CareBase {
    model: CareModel,
    /// Inertia of the wheels, left and right. Unit: kg·m².
    inertia: Matrix2<f64>,
    pose: Pose2,
    /// Speeds of the left and the right wheel. Unit: rad/s.
    wheels_rad_s: Vector2<f64>,
    /// Torques of drives or brakes in the last sub-step. Unit: N·m.
    torque_n_m: Vector2<f64>,
    /// What the speed loops have gathered. Unit: N·m.
    gathered_n_m: Vector2<f64>,
    push: BarPush,
    bumper_n: f64,
    noise: Noise,
    sample: CareSample,
}

impl CareBase {
    /// At rest where it begins. The seed chooses the noise of its sensors.
    pub fn new(model: CareModel, seed: u64) -> Self {
        let (r, b) = (model.wheel_radius_m, model.track_m);
        let along = model.mass_kg * r * r / 4.0;
        let about = model.yaw_inertia_kg_m2 * r * r / (b * b);
        let own = along + about + model.wheel_inertia_kg_m2;
        Self {
            inertia: Matrix2::new(own, along - about, along - about, own),
            pose: Pose2 { x_m: 0.0, y_m: 0.0, heading_rad: 0.0 },
            wheels_rad_s: Vector2::zeros(),
            torque_n_m: Vector2::zeros(),
            gathered_n_m: Vector2::zeros(),
            push: BarPush::default(),
            bumper_n: 0.0,
            noise: Noise::new(seed),
            sample: CareSample::default(),
            model,
        }
    }

    /// Its numbers.
    pub const fn model(&self) -> &CareModel {
        &self.model
    }

    /// Where it is.
    pub const fn pose(&self) -> &Pose2 {
        &self.pose
    }

    /// What its sensors said after the last step.
    pub const fn sample(&self) -> &CareSample {
        &self.sample
    }

    /// Torques of drives or brakes, left and right. Unit: N·m.
    pub const fn torque_n_m(&self) -> &Vector2<f64> {
        &self.torque_n_m
    }

    /// What the person does at the bar from now on.
    pub const fn push(&mut self, push: BarPush) {
        self.push = push;
    }

    /// Speed ahead and turn rate, as they are. Unit: m/s, rad/s.
    pub fn speed(&self) -> (f64, f64) {
        let (r, b) = (self.model.wheel_radius_m, self.model.track_m);
        let (left, right) = (self.wheels_rad_s.x, self.wheels_rad_s.y);
        (0.5 * r * (left + right), r * (right - left) / b)
    }

    /// Forgets what the speed loops have gathered: the drives come on.
    pub fn stand(&mut self) {
        self.gathered_n_m = Vector2::zeros();
    }

    /// Way from the bumper to the wall ahead and from the rear edge to the wall behind; 0 where it touches. Unit: m.
    pub fn ranges_m(&self) -> (f64, f64) {
        let (sin, cos) = self.pose.heading_rad.sin_cos();
        let ahead = self.wall_m(cos, sin) - self.model.front_m;
        let behind = self.wall_m(-cos, -sin) - self.model.rear_m;
        (ahead.max(0.0), behind.max(0.0))
    }

    /// Way from the origin of the base along a direction to the wall. Unit: m.
    fn wall_m(&self, cos: f64, sin: f64) -> f64 {
        let room = &self.model.room;
        let axes = [(self.pose.x_m, cos), (self.pose.y_m, sin)];
        let walls = axes.iter().zip(room.min_m.iter().zip(&room.max_m));
        walls.fold(f64::INFINITY, |way_m, ((at, slope), (min, max))| {
            if slope.abs() < 1e-9 {
                return way_m;
            }
            let wall = if *slope > 0.0 { max } else { min };
            way_m.min(((wall - at) / slope).max(0.0))
        })
    }

    /// Moves the base on by `dt_s` (a wild one is cut to 100 ms). No allocation; about 0.3 µs a millisecond.
    pub fn step(&mut self, wheels: &Wheels, dt_s: f64) {
        if !(dt_s > 0.0 && dt_s.is_finite()) {
            return;
        }
        let dt_s = dt_s.min(0.1);
        let substeps = (dt_s / SUBSTEP_MAX_S).ceil().max(1.0);
        for _ in 0..substeps as usize {
            self.substep(wheels, dt_s / substeps);
        }
        self.measure();
    }

    fn substep(&mut self, wheels: &Wheels, h_s: f64) {
        let (linear_m_s, _) = self.speed();
        let outside = self.outside_n_m(linear_m_s);
        let wanted = match wheels {
            Wheels::Drive { linear_m_s, angular_rad_s }
                if linear_m_s.is_finite() && angular_rad_s.is_finite() =>
            {
                Some(self.wheel_speeds(*linear_m_s, *angular_rad_s))
            }
            Wheels::Drive { .. } | Wheels::Brake => None,
        };
        let before = self.wheels_rad_s;
        match wanted {
            Some(wanted) => self.drive(&wanted, &outside, h_s),
            None => self.brake(&outside, h_s),
        }
        let max = self.model.wheel_speed_max_rad_s;
        self.wheels_rad_s = self.wheels_rad_s.map(|w| w.clamp(-max, max));
        if wanted.is_none() {
            // A wheel that a brake slows comes to rest; one that is dragged on does not.
            self.wheels_rad_s = self.wheels_rad_s.zip_map(&before, |w, before| {
                if w.abs() < STANDS_RAD_S && w.abs() <= before.abs() { 0.0 } else { w }
            });
        }
        let (linear_m_s, angular_rad_s) = self.speed();
        // The middle of the turn, so that an arc is an arc.
        let (sin, cos) = (self.pose.heading_rad + 0.5 * h_s * angular_rad_s).sin_cos();
        self.pose.x_m += h_s * linear_m_s * cos;
        self.pose.y_m += h_s * linear_m_s * sin;
        self.pose.heading_rad += h_s * angular_rad_s;
    }

    /// What person and wall do to the wheels, left and right. Unit: N·m.
    fn outside_n_m(&mut self, linear_m_s: f64) -> Vector2<f64> {
        let (sin, cos) = self.pose.heading_rad.sin_cos();
        let pressed_m = self.model.front_m - self.wall_m(cos, sin);
        self.bumper_n = if pressed_m > 0.0 {
            let push = self.model.bumper_n_m * pressed_m + self.model.bumper_n_s_m * linear_m_s;
            push.max(0.0)
        } else {
            0.0
        };
        let (r, b) = (self.model.wheel_radius_m, self.model.track_m);
        let along = 0.5 * r * (self.push.ahead_n - self.bumper_n);
        let about = r * self.push.turn_n_m / b;
        Vector2::new(along - about, along + about)
    }

    fn wheel_speeds(&self, linear_m_s: f64, angular_rad_s: f64) -> Vector2<f64> {
        let (r, half) = (self.model.wheel_radius_m, 0.5 * self.model.track_m);
        Vector2::new(linear_m_s - half * angular_rad_s, linear_m_s + half * angular_rad_s) / r
    }

    /// Torque of friction per speed of each wheel. Unit: N·m·s/rad.
    fn rub(&self) -> Vector2<f64> {
        let m = &self.model;
        let rolling = m.rolling_resistance * m.wheel_load_n() * m.wheel_radius_m;
        self.wheels_rad_s.map(|w| m.viscous_n_m_s_rad + rolling / w.hypot(RUB_RAD_S))
    }

    /// A step with the speed loops in force. Who turns out to be beyond its limit is at it in the second pass.
    fn drive(&mut self, wanted: &Vector2<f64>, outside: &Vector2<f64>, h_s: f64) {
        let own = self.inertia.m11;
        let gain = own * self.model.bandwidth_rad_s;
        let limit = self.model.torque_max_n_m.min(self.model.grip_n_m());
        let (before, rub) = (self.wheels_rad_s, self.rub());
        let asked = (wanted - before) * gain + self.gathered_n_m;
        let mut fixed: Vector2<Option<f64>> = Vector2::new(None, None);
        let mut change = Vector2::zeros();
        for _ in 0..2 {
            let torque = asked.zip_map(&fixed, |asked, fixed| fixed.unwrap_or(asked));
            let soft = fixed.map(|fixed| if fixed.is_some() { 0.0 } else { gain });
            let push = torque + outside - rub.component_mul(&before);
            change = self.solve(&(rub + soft), &push, h_s);
            self.torque_n_m = torque - soft.component_mul(&change);
            if self.torque_n_m.amax() <= limit {
                break;
            }
            let over = |torque: f64, fixed: Option<f64>| {
                fixed.or((torque.abs() > limit).then(|| torque.clamp(-limit, limit)))
            };
            fixed = self.torque_n_m.zip_map(&fixed, over);
        }
        self.torque_n_m = self.torque_n_m.map(|torque| torque.clamp(-limit, limit));
        self.wheels_rad_s += change;
        // What a saturated drive can not give is not gathered.
        let integral = gain * self.model.bandwidth_rad_s * INTEGRAL_PER_BANDWIDTH;
        let lacking = (wanted - self.wheels_rad_s) * (integral * h_s);
        self.gathered_n_m = (self.gathered_n_m + lacking).zip_map(&fixed, |sum, fixed| {
            if fixed.is_some() { sum.clamp(-limit, limit) * 0.99 } else { sum.clamp(-limit, limit) }
        });
    }

    /// A step under the brakes. Wheels that stand hold until more pulls than brake and floor bear.
    fn brake(&mut self, outside: &Vector2<f64>, h_s: f64) {
        let holds = self.model.brake_n_m.min(self.model.grip_n_m());
        self.gathered_n_m = Vector2::zeros();
        if self.wheels_rad_s == Vector2::zeros() && outside.amax() <= holds {
            self.torque_n_m = -outside;
            return;
        }
        let before = self.wheels_rad_s;
        let brake = before.map(|w| holds / w.hypot(RUB_RAD_S));
        let rub = self.rub() + brake;
        let push = outside - rub.component_mul(&before);
        let change = self.solve(&rub, &push, h_s);
        self.wheels_rad_s += change;
        self.torque_n_m = -brake.component_mul(&self.wheels_rad_s);
    }

    /// Change of speed within a step: `(M/h + D)·Δω = push`, with `D` on the diagonal.
    fn solve(&self, diagonal: &Vector2<f64>, push: &Vector2<f64>, h_s: f64) -> Vector2<f64> {
        let left = self.inertia / h_s + Matrix2::from_diagonal(diagonal);
        // Positive definite by construction; standing is the only safe answer if rounding says otherwise.
        left.try_inverse().map_or_else(Vector2::zeros, |inverse| inverse * push)
    }

    fn measure(&mut self) {
        let (linear_m_s, angular_rad_s) = self.speed();
        let mut noisy = |x: f64, size: f64| x + size * self.noise.normal();
        self.sample = CareSample {
            linear_m_s: noisy(linear_m_s, SPEED_NOISE_M_S),
            angular_rad_s: noisy(angular_rad_s, TURN_NOISE_RAD_S),
            bumper_n: noisy(self.bumper_n, BUMPER_NOISE_N).max(0.0),
            bar: BarPush {
                ahead_n: noisy(self.push.ahead_n, BAR_NOISE_N),
                turn_n_m: noisy(self.push.turn_n_m, BAR_NOISE_N_M),
            },
        };
    }
}

#[cfg(test)]
#[path = "base_tests.rs"]
mod tests;
