//! What a sonographer does with a probe: sweeps with short rests, small tilts, a steady force.

use nalgebra::{UnitQuaternion, Vector2, Vector3};
use protocol::frame::StateFrame;
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};

use super::super::random::SplitMix64;
use super::stroke::{PEAK_TO_MEAN, Span};
use crate::core::session::force_max_n;

/// No stroke makes the tip faster. Unit: metre per second. Source: p95 of suturing (JIGSAWS), and the
/// limit in contact.
const TIP_SPEED_MAX_M_S: f64 = 0.036;

/// Strokes end within this of the start, along each axis. Unit: metre. The corners are 57 mm away, so
/// the probe stays within 60 mm of the start.
const TARGET_MAX_M: f64 = 0.040;

/// Tilt and turn stay within this of the start. Unit: radian.
const ANGLE_MAX_RAD: f64 = 0.06;

/// Where the hand is: along x and y of the picture (m), tilt about x and turn about z (rad).
#[derive(Debug, Clone, Copy)]
struct Place {
    xy_m: Vector2<f64>,
    angles_rad: Vector2<f64>,
}

/// A hand with a probe.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    scale: f64,
    tip_speed_max_m_s: f64,
    force_max_n: f64,
    seen: Option<Pose<Base, Tip>>,
    start: Option<Pose<Base, Tip>>,
    span: Span,
    from: Place,
    to: Place,
    force_wanted_n: f64,
    rests_next: bool,
}

impl Probe {
    pub(super) fn new(profile: &Profile, random: &mut SplitMix64) -> Self {
        let force_max_n = force_max_n(profile);
        let speed_max_m_s = profile.arms().map(|arms| arms.motion.speed_contact_max_m_s);
        let place = Place { xy_m: Vector2::zeros(), angles_rad: Vector2::zeros() };
        Self {
            scale: profile.hand.scale,
            tip_speed_max_m_s: speed_max_m_s.map_or(0.0, |v| v.min(TIP_SPEED_MAX_M_S)),
            force_max_n,
            seen: None,
            start: None,
            span: Span::OVER,
            from: place,
            to: place,
            force_wanted_n: random.between(4.0, 6.0).min(force_max_n),
            rests_next: false,
        }
    }

    pub(super) const fn observe(&mut self, state: &StateFrame) {
        let [arm, _] = &state.arms;
        self.seen = Some(arm.measured);
    }

    pub(super) fn begin(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        self.force_wanted_n = random.between(4.0, 6.0).min(self.force_max_n);
        self.rests_next = false;
        self.plan(random, now);
    }

    pub(super) fn go_on(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        if self.is_over(now) {
            self.plan(random, now);
        }
    }

    pub(super) fn is_over(&self, now: Moment<Operator>) -> bool {
        self.span.is_over(now)
    }

    pub(super) const fn force_wanted_n(&self) -> f64 {
        self.force_wanted_n
    }

    pub(super) fn displacement(&self, now: Moment<Operator>) -> Displacement {
        let Place { xy_m, angles_rad } = self.place(now);
        let angles = Vector3::new(angles_rad.x, 0.0, angles_rad.y);
        Displacement {
            translation: Vector3::new(xy_m.x, xy_m.y, 0.0),
            rotation: UnitQuaternion::from_scaled_axis(angles),
        }
    }

    /// Chooses the next stroke from where the probe is now, and a rest after every stroke.
    fn plan(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        let from = self.place(now);
        self.rests_next = !self.rests_next;
        let Some(tip) = self.seen.filter(|_| self.rests_next) else {
            self.span = Span::from_now(now, random.between(0.1, 0.3));
            (self.from, self.to) = (from, from);
            return;
        };
        let start = *self.start.get_or_insert(tip);
        let seen = start.inverse() * tip;
        let (tip_m, turned) = (seen.position().xy(), seen.iso.rotation.scaled_axis());
        let along_x = random.coin();
        let travel_m = random.between(0.030, 0.080) * self.scale;
        let signed = if random.coin() { travel_m } else { -travel_m };
        let to_m = if along_x {
            Vector2::new(aim(tip_m.x, signed), bounded(tip_m.y))
        } else {
            Vector2::new(bounded(tip_m.x), aim(tip_m.y, signed))
        };
        let mut angle = || random.between(-ANGLE_MAX_RAD, ANGLE_MAX_RAD);
        let angles = Vector2::new(angle(), angle());
        let hand_m = (to_m - tip_m) / self.scale;
        let to = Place {
            xy_m: from.xy_m + hand_m,
            angles_rad: from.angles_rad + (angles - Vector2::new(turned.x, turned.z)),
        };
        let peak = self.tip_speed_max_m_s * random.between(0.5, 1.0);
        // Small angles may not make a short stroke a fast turn.
        let takes_s = (PEAK_TO_MEAN * (to_m - tip_m).norm() / peak).max(0.8);
        (self.from, self.to) = (from, to);
        self.span = Span::from_now(now, takes_s);
    }

    fn place(&self, now: Moment<Operator>) -> Place {
        let s = self.span.way(now);
        Place {
            xy_m: self.from.xy_m.lerp(&self.to.xy_m, s),
            angles_rad: self.from.angles_rad.lerp(&self.to.angles_rad, s),
        }
    }
}

/// Where a stroke from `at` ends: inside the bound, and towards the start rather than away from it
/// when it is already far.
fn aim(at: f64, signed: f64) -> f64 {
    let far = at.abs() > 0.6 * TARGET_MAX_M || (at + signed).abs() > TARGET_MAX_M;
    let step = if far { signed.abs() * -at.signum() } else { signed };
    bounded(at + step)
}

fn bounded(at: f64) -> f64 {
    at.clamp(-TARGET_MAX_M, TARGET_MAX_M)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_end_inside_the_bound_and_come_back_when_they_are_far() {
        for (at, signed, to) in
            [(0.0, 0.02, 0.02), (0.03, 0.02, 0.01), (-0.03, -0.03, 0.0), (0.2, 0.03, 0.04)]
        {
            assert!((aim(at, signed) - to).abs() < 1e-12, "{at} {signed}");
        }
    }
}
