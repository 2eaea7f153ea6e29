//! What a hand does with a base: turns towards a place, drives there, stops, and looks for the next.
//!
//! A base tells speeds and no place, so the hand adds them up, as a person remembers the way. What it adds up is only
//! as good as the wheels: distances that the robot measures have the last word.

use core::f64::consts::{PI, TAU};

use nalgebra::Vector2;
use protocol::frame::StateFrame;
use protocol::profile::{BaseLimits, Profile};
use protocol::time::{Moment, Operator};

use super::super::random::SplitMix64;
use super::super::{Deflection, HandMotion};
use super::stroke::{PEAK_ACCELERATION, PEAK_TO_MEAN, Span};

/// Places lie within this of the start, along each axis. Unit: metre.
const TARGET_MAX_M: f64 = 0.9;

/// A drive is at least and at most this long. Unit: metre.
const WAY_M: (f64, f64) = (0.4, 1.6);

/// A hand stops this much before the distance that the robot keeps. Unit: metre.
const SPARE_M: f64 = 0.35;

/// Peak speeds and accelerations, as a share of what the profile allows.
const SPEED_SHARE: f64 = 0.6;
const ACCELERATION_SHARE: f64 = 0.6;

/// Turns smaller than this are not worth one. Unit: radian.
const TURN_MIN_RAD: f64 = 0.12;

/// Places that a hand chooses between.
const CHOICES: usize = 4;

/// States further apart than this tell nothing of the way between them. Unit: second.
const GAP_MAX_S: f64 = 0.3;

#[derive(Debug, Clone, Copy)]
enum Leg {
    Rest,
    /// Unit: radian, counter-clockwise.
    Turn(f64),
    /// Unit: metre.
    Drive(f64),
}

/// A hand at the stick of a base.
#[derive(Debug, Clone)]
pub(super) struct Wheels {
    speed_full_m_s: f64,
    turn_full_rad_s: f64,
    speed_m_s: f64,
    turn_rad_s: f64,
    acceleration_m_s2: f64,
    turn_acceleration_rad_s2: f64,
    keep_m: f64,
    /// Where the base is, from where it was first seen, and its heading.
    at_m: Vector2<f64>,
    heading_rad: f64,
    ahead_m: f64,
    seen_at: Option<Moment<Operator>>,
    leg: Leg,
    span: Span,
    /// Where it goes next. The first way is straight ahead.
    target_m: Vector2<f64>,
}

impl Wheels {
    pub(super) fn new(profile: &Profile, base: &BaseLimits) -> Self {
        let hand = &profile.hand;
        let speed_full_m_s = (hand.speed_full_m_s * hand.scale).min(base.speed_max_m_s);
        let turn_full_rad_s = hand.turn_full_rad_s.min(base.turn_max_rad_s);
        Self {
            speed_full_m_s,
            turn_full_rad_s,
            speed_m_s: SPEED_SHARE * speed_full_m_s,
            turn_rad_s: SPEED_SHARE * turn_full_rad_s,
            acceleration_m_s2: ACCELERATION_SHARE * base.acceleration_max_m_s2,
            turn_acceleration_rad_s2: ACCELERATION_SHARE * base.turn_acceleration_max_rad_s2,
            keep_m: base.obstacle_keep_m + SPARE_M,
            at_m: Vector2::zeros(),
            heading_rad: 0.0,
            ahead_m: 0.0,
            seen_at: None,
            leg: Leg::Rest,
            span: Span::OVER,
            target_m: Vector2::new(TARGET_MAX_M, 0.0),
        }
    }

    /// Adds up the way since the last state.
    pub(super) fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        let base = &state.base;
        let gap_s = self.seen_at.and_then(|at| now.since(at)).map_or(0.0, |d| d.as_secs_f64());
        self.seen_at = Some(now);
        self.ahead_m = base.ahead_m;
        if gap_s <= GAP_MAX_S && base.linear_m_s.is_finite() && base.angular_rad_s.is_finite() {
            let middle = self.heading_rad + 0.5 * gap_s * base.angular_rad_s;
            self.at_m += gap_s * base.linear_m_s * Vector2::new(middle.cos(), middle.sin());
            self.heading_rad = around(self.heading_rad + gap_s * base.angular_rad_s);
        }
    }

    /// The hand lets go of the stick.
    pub(super) const fn settle(&mut self) {
        (self.leg, self.span) = (Leg::Rest, Span::OVER);
    }

    pub(super) fn begin(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        self.settle();
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

    pub(super) fn motion(&self, now: Moment<Operator>) -> HandMotion {
        let per_s = if self.span.is_over(now) { 0.0 } else { self.span.speed(now) };
        let (y, turn) = match self.leg {
            Leg::Rest => (0.0, 0.0),
            Leg::Turn(turn_rad) => (0.0, per_s * turn_rad / self.turn_full_rad_s),
            Leg::Drive(way_m) => (per_s * way_m / self.speed_full_m_s, 0.0),
        };
        HandMotion::Rate(Deflection { y, turn, ..Deflection::NONE })
    }

    /// Turn, drive, rest, and so on.
    fn plan(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        let way_m = self.target_m - self.at_m;
        let turn_rad = self.turn_to(&self.target_m);
        let free_m = self.ahead_m - self.keep_m;
        let drive_m = way_m.norm().min(WAY_M.1).min(free_m);
        self.leg = match self.leg {
            Leg::Rest if turn_rad.abs() > TURN_MIN_RAD => Leg::Turn(turn_rad),
            Leg::Rest | Leg::Turn(_) if drive_m >= WAY_M.0 => Leg::Drive(drive_m),
            Leg::Rest | Leg::Turn(_) | Leg::Drive(_) => {
                self.target_m = self.next_target(random);
                Leg::Rest
            }
        };
        let takes_s = match self.leg {
            Leg::Rest => random.between(0.2, 0.6),
            Leg::Turn(rad) => takes_s(rad, self.turn_rad_s, self.turn_acceleration_rad_s2),
            Leg::Drive(m) => takes_s(m, self.speed_m_s, self.acceleration_m_s2),
        };
        self.span = Span::from_now(now, takes_s);
    }

    fn turn_to(&self, target_m: &Vector2<f64>) -> f64 {
        let way_m = target_m - self.at_m;
        around(way_m.y.atan2(way_m.x) - self.heading_rad)
    }

    /// Of some places the one that is far enough and asks for the least turn. Unit: metre.
    fn next_target(&self, random: &mut SplitMix64) -> Vector2<f64> {
        let places: [_; CHOICES] = core::array::from_fn(|_| {
            let mut draw = || random.between(-TARGET_MAX_M, TARGET_MAX_M);
            Vector2::new(draw(), draw())
        });
        let far = places.iter().filter(|place| (*place - self.at_m).norm() > 1.2 * WAY_M.0);
        let least = far.min_by(|a, b| self.turn_to(a).abs().total_cmp(&self.turn_to(b).abs()));
        least.copied().unwrap_or_else(Vector2::zeros)
    }
}

/// How long a stroke takes that is neither faster nor accelerates harder than this. Unit: second.
fn takes_s(way: f64, speed: f64, acceleration: f64) -> f64 {
    let way = way.abs();
    (PEAK_TO_MEAN * way / speed).max((PEAK_ACCELERATION * way / acceleration).sqrt())
}

/// The same angle between −π and π.
fn around(angle_rad: f64) -> f64 {
    (angle_rad + PI).rem_euclid(TAU) - PI
}
