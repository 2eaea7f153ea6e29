//! How a setpoint moves, reckoned from where it was asked to be: its speed, its acceleration and its
//! jerk are differences, each with what a difference can be off.

use std::collections::VecDeque;

use nalgebra::Vector3;

/// A stop is the motion of following played this much faster.
const STOP_FACTOR: f64 = 3.0;
/// Ticks shorter than this are added up: their differences would be rounding. Unit: second.
const SHORTEST_S: f64 = 1e-5;
/// What rounding may add to a place, or to the turn that an attitude stands for. Unit: metre, radian.
const ROUNDING: f64 = 4e-15;
/// What rounding may add to a speed. Unit: that of the course per second.
const SLACK: f64 = 1e-9;

/// What limits a course in one tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Fastest; a speed above it may only brake.
    pub(super) cap: f64,
    /// The fastest that it is ever allowed.
    pub(super) fastest: f64,
    pub(super) acceleration: f64,
    pub(super) jerk: f64,
    /// It may stop, which is harder than to follow.
    pub(super) stops: bool,
}

impl Rule {
    fn hardness(&self) -> f64 {
        if self.stops { STOP_FACTOR } else { 1.0 }
    }

    /// How far it gets from rest within one tick.
    pub(super) fn first_step(&self, dt_s: f64) -> f64 {
        self.jerk * self.hardness().powi(2) * dt_s.powi(3)
    }
}

/// The largest cap of the last while: a cap that falls is reached as fast as braking allows.
#[derive(Debug, Clone, Default)]
pub(super) struct Ceiling {
    caps: VecDeque<(f64, f64)>,
}

impl Ceiling {
    /// Notes a cap at a time; returns the largest since `window_s` before.
    pub(super) fn note(&mut self, cap: f64, time_s: f64, window_s: f64) -> f64 {
        while self.caps.back().is_some_and(|(_, older)| *older <= cap) {
            self.caps.pop_back();
        }
        self.caps.push_back((time_s, cap));
        while self.caps.len() > 1 && self.caps[0].0 < time_s - window_s {
            self.caps.pop_front();
        }
        self.caps[0].1
    }
}

/// One course: of a place, or of an attitude as the turns it made.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    /// Mean velocity of the last stretch.
    pub(super) v: Vector3<f64>,
    change: Vector3<f64>,
    /// Lengths of the last two stretches, newest first; 0 for a beginning.
    lasted_s: [f64; 2],
    hardness: [f64; 2],
    ceiling: Ceiling,
    time_s: f64,
    /// When it began to stop, if it stops.
    stops_since_s: Option<f64>,
    short: (Vector3<f64>, f64),
}

impl Course {
    /// How far it moves from one tick to the next, by `way` in `dt_s`. Returns the time since it rested
    /// at its beginning and the mean velocity, once a stretch is long enough to speak of.
    pub(super) fn step(&mut self, way: &Vector3<f64>, dt_s: f64, rule: &Rule) -> Option<f64> {
        self.short.0 += way;
        self.short.1 += dt_s;
        self.time_s += dt_s;
        let (way, dt_s) = self.short;
        let hard = rule.hardness();
        let jerk = rule.jerk * hard * hard;
        let window_s = self.window_s(rule);
        let ceiling = self.ceiling.note(rule.cap, self.time_s, window_s);
        if dt_s < SHORTEST_S {
            let most = (rule.fastest.max(self.v.norm()) + 0.1) * dt_s + ROUNDING * 10.0;
            assert!(way.norm() <= most, "{way:?} in {dt_s} s");
            return None;
        }
        self.short = (Vector3::zeros(), 0.0);
        let v = way / dt_s;
        let [last_s, before_s] = self.lasted_s.map(|s| if s > 0.0 { s } else { dt_s });
        let change = v - self.v;
        let rounding = SLACK + ROUNDING / dt_s.min(last_s);
        // Between two means lies what the acceleration adds in half of each stretch.
        let hardest = hard.max(self.hardness[0]);
        let most = rule.acceleration * hardest * dt_s.midpoint(last_s);
        assert!(change.norm() <= most + rounding, "changes by {} of {most}", change.norm());
        if (dt_s - last_s).abs() < 1e-12 && (last_s - before_s).abs() < 1e-12 {
            let hardest = hardest.max(self.hardness[1]);
            let most = rule.jerk * hardest * hardest * dt_s * dt_s;
            let jolt = (change - self.change).norm();
            assert!(jolt <= most + 2.0 * rounding, "jerks by {jolt} of {most}");
        }
        // The speed is judged where a tick ends, and may pass the cap inside it.
        let inside = jerk * dt_s * dt_s / 8.0 + rounding;
        assert!(v.norm() <= ceiling + inside, "{} m/s, at most {ceiling} were allowed", v.norm());
        let peak = rule.cap.max(self.peak(rule, dt_s, last_s));
        assert!(v.norm() <= peak + inside, "{} m/s at a cap of {}", v.norm(), rule.cap);
        self.change = change;
        self.v = v;
        self.lasted_s = [dt_s, last_s];
        self.hardness = [hard, self.hardness[0]];
        Some(self.time_s)
    }

    /// How long ago a cap may have fallen that it is still above. A stop ends within the time that the
    /// hardest braking takes from its beginning; what was followed gently before is no stop's fault.
    fn window_s(&mut self, rule: &Rule) -> f64 {
        let since_s = rule.stops.then(|| *self.stops_since_s.get_or_insert(self.time_s));
        self.stops_since_s = since_s;
        let hard_s = window_s(rule);
        match since_s {
            Some(since_s) if self.time_s - since_s >= hard_s => hard_s,
            _ => window_s(&Rule { stops: false, ..*rule }),
        }
    }

    /// The fastest that it can be on its way to a stop that begins now: each axis has a share of the
    /// limits, and a speed that still rises when a stop begins goes on to rise for a moment.
    fn peak(&self, rule: &Rule, dt_s: f64, last_s: f64) -> f64 {
        let jerk = rule.jerk * rule.hardness().powi(2) / 3.0_f64.sqrt();
        let off_s = dt_s.max(last_s);
        let axis = |v: f64, change: f64| {
            let a = change / last_s;
            let rise = (v + a * a.abs() / (2.0 * jerk)).abs();
            // Where in its stretch a mean velocity was reached is not known.
            v.abs().max(rise) + 1.5 * off_s * (a.abs() + jerk * off_s)
        };
        self.v.zip_map(&self.change, axis).norm()
    }

    /// False if it surely moved in its last stretch: faster than `rest` at its end, where it may still
    /// change by `change`.
    pub(super) fn seems_at_rest(&self, rest: f64, change: f64, rule: &Rule) -> bool {
        let last_s = self.lasted_s[0];
        let jerk = rule.jerk * STOP_FACTOR * STOP_FACTOR;
        self.v.norm() <= rest + last_s * (change + jerk * last_s)
    }

    /// True if it did not move at all.
    pub(super) fn stands(&self) -> bool {
        self.v == Vector3::zeros() && self.change == Vector3::zeros()
    }
}

/// The longest that braking from the fastest takes.
pub(super) fn window_s(rule: &Rule) -> f64 {
    let hard = rule.hardness();
    let braking_s = rule.fastest * 3.0_f64.sqrt() / (rule.acceleration * hard);
    braking_s + 4.0 * rule.acceleration / (rule.jerk * hard) + 0.010
}
