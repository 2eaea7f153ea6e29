//! What a base may be asked.

use protocol::profile::BaseLimits;
use robot_agent::robot::BaseReading;

use super::course::{Ceiling, Rule};
use super::{Given, Now, Witness};
use crate::robot::shapes::Rig;

/// From the sight of an obstacle until the wheels answer. Unit: second.
const REACTION_S: f64 = 0.2;
/// Slower than this a base rests. Unit: metre per second, radian per second.
const REST: f64 = 0.005;
/// Ticks shorter than this are too short for a difference. Unit: second.
const SHORTEST_S: f64 = 1e-6;

/// The speeds asked of a base.
#[derive(Debug, Clone, Default)]
pub(super) struct BaseBook {
    pub(super) linear: Speed,
    pub(super) angular: Speed,
}

impl BaseBook {
    pub(super) fn seems_at_rest(&self) -> bool {
        self.linear.v.abs() < REST && self.angular.v.abs() < REST
    }
}

/// One speed asked for, and how it changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Speed {
    pub(super) v: f64,
    a: f64,
    last_s: f64,
    /// Ticks since then that were too short to speak of.
    short_s: f64,
    time_s: f64,
    /// Since when it has only sped up.
    gains_since_s: f64,
    /// For how long it has been above its cap.
    over_s: f64,
    ceilings: [Ceiling; 2],
}

impl Speed {
    /// Once it had the time to begin, it brakes as hard as it may, until it is nearly there.
    fn brakes(
        &mut self,
        (v, a): (f64, f64),
        dt_s: f64,
        caps: [f64; 2],
        (rule, gain): (&Rule, f64),
    ) {
        let (cap, toward) = if v > 0.0 { (caps[0], a) } else { (caps[1], -a) };
        let (brake, jerk) = (rule.acceleration, rule.jerk);
        // From full speeding up to full braking; and from that to none.
        let (begins_s, rounding) = ((brake + gain) / jerk, 0.6 * brake * brake / jerk);
        let over = v.abs() - cap > rounding;
        self.over_s = if over { self.over_s + dt_s } else { 0.0 };
        let late = self.over_s > begins_s + 2.0 * dt_s;
        assert!(!late || toward <= -0.9 * brake, "{v} at a cap of {cap} changes by {a} per second");
    }

    /// It becomes `v`; `caps` are those forward and backward, `gain` limits speeding up.
    fn step(&mut self, v: f64, dt_s: f64, caps: [f64; 2], (rule, gain): (&Rule, f64)) {
        self.time_s += dt_s;
        let change = v - self.v;
        if dt_s < SHORTEST_S {
            assert!(change.abs() <= rule.acceleration * dt_s + 1e-12, "{change} in {dt_s} s");
            self.v = v;
            self.short_s += dt_s;
            return;
        }
        let (a, rounding) = (change / dt_s, 1e-9 + 1e-14 / dt_s);
        assert!(a.abs() <= rule.acceleration + rounding, "changes by {a} per second");
        let last_s = if self.last_s > 0.0 { self.last_s } else { dt_s };
        let most = rule.jerk * (dt_s.midpoint(last_s) + self.short_s);
        assert!((a - self.a).abs() <= most + rounding, "jerks from {} to {a}", self.a);
        let gains = v * self.v >= 0.0 && v.abs() >= self.v.abs();
        if !gains {
            self.gains_since_s = self.time_s;
        }
        // What is left of the braking is led back at the jerk.
        if self.time_s - self.gains_since_s > rule.acceleration / rule.jerk {
            assert!(a.abs() <= gain + rounding, "speeds up by {a} per second");
        }
        self.brakes((v, a), dt_s, caps, (rule, gain));
        for (n, (cap, ceiling)) in caps.into_iter().zip(&mut self.ceilings).enumerate() {
            let forward = if n == 0 { 1.0 } else { -1.0 };
            let (v, was, pull) = (v * forward, self.v * forward, self.a * forward);
            let braking_s = rule.fastest / rule.acceleration + 4.0 * rule.acceleration / rule.jerk;
            let highest = ceiling.note(cap, self.time_s, braking_s);
            let pull = (pull + rule.jerk * dt_s).max(0.0);
            let rises = pull * pull / (2.0 * rule.jerk) + pull * dt_s;
            assert!(v <= cap.max(was + rises) + rounding, "{v} at a cap of {cap}, from {was}");
            assert!(v <= highest + rises + rounding, "{v}, at most {highest} were allowed");
        }
        (self.v, self.a, self.last_s, self.short_s) = (v, a, dt_s, 0.0);
    }
}

impl Witness {
    pub(super) fn drive(
        &mut self,
        rig: &Rig,
        given: &Given,
        to: (f64, f64),
        (dt_s, now): (f64, Now),
    ) {
        let limits = rig.profile.base().expect("a base");
        let measured = given.measured.or(self.last_measured).expect("a reading").base;
        let (caps, turn_rad_s) = self.base_caps(rig, limits, &measured, now);
        let rule = Rule {
            cap: 0.0,
            fastest: limits.speed_max_m_s,
            acceleration: limits.brake_m_s2,
            jerk: limits.jerk_max_m_s3,
            stops: false,
        };
        self.base.linear.step(to.0, dt_s, caps, (&rule, limits.acceleration_max_m_s2));
        let gain = limits.turn_acceleration_max_rad_s2;
        let rule = Rule {
            cap: 0.0,
            fastest: limits.turn_max_rad_s,
            acceleration: gain,
            jerk: limits.turn_jerk_max_rad_s3,
            stops: false,
        };
        self.base.angular.step(to.1, dt_s, [turn_rad_s; 2], (&rule, gain));
    }

    /// Fastest forward and backward, and fastest turn. A speed holds only while commands come.
    fn base_caps(
        &self,
        rig: &Rig,
        limits: &BaseLimits,
        measured: &BaseReading,
        now: Now,
    ) -> ([f64; 2], f64) {
        let soft = rig.profile.freshness.silence_soft;
        let commanded = self.silence(now).is_some_and(|silence| silence <= soft);
        if !(self.hand_moves() && commanded) {
            return ([0.0; 2], 0.0);
        }
        let speed = limits.speed_max_m_s.min(self.by_age(rig, now));
        let toward = |clear_m: f64, approach_m_s: f64| {
            let left_m = clear_m - limits.obstacle_keep_m - approach_m_s.max(0.0) * REACTION_S;
            (2.0 * limits.brake_m_s2 * left_m.max(0.0)).sqrt().min(speed)
        };
        let forward = toward(measured.ahead_m, measured.linear_m_s);
        let backward = toward(measured.behind_m, -measured.linear_m_s);
        ([forward, backward], limits.turn_max_rad_s * speed / limits.speed_max_m_s)
    }
}
