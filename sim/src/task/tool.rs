//! What the board knows of an instrument, and what it does to it.

use nalgebra::{Isometry3, Vector3};

use super::geometry::{RING_HEIGHT_M, RING_HOLE_RADIUS_M, RING_RADIUS_M};
use crate::tissue::Wrench;

/// From the axis of the jaw to the ends of its fingers, that of the large needle driver. Unit: m.
const FINGER_M: f64 = 10.2e-3;

/// Wall of a ring. Unit: m.
const WALL_M: f64 = RING_RADIUS_M - RING_HOLE_RADIUS_M;

/// How a wall resists the fingers. Unit: N/m. Assumed, hard rubber: the jaw's drive squeezes it by 0.8 mm.
const WALL_N_M: f64 = 20e3;

/// Friction of steel teeth on rubber. Assumed.
const FRICTION: f64 = 0.5;

/// Least way of the fingers into a ring for a grip, and how far they may stand out on the other side. Unit: m.
const BITE_MIN_M: f64 = 1e-3;
const BITE_MAX_M: f64 = RING_HEIGHT_M + 3e-3;

/// A grip slides this far beyond the wall before it is lost. Unit: m.
const SLIDE_M: f64 = 1e-3;

/// A jaw lets go when it is wider than the wall by so much. Unit: m. Assumed: a shut jaw that rebounds keeps its ring.
const LET_GO_M: f64 = 0.5e-3;

/// Least share of the opening that points from the middle of the ring outward: 35° off.
const RADIAL_MIN: f64 = 0.82;

/// Least share of the finger that points along the axis of the ring: 50° off.
const ALONG_MIN: f64 = 0.64;

/// One instrument. Frame: base of the robot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tool {
    /// The point between the ends of the fingers, z out along them, y along their opening.
    pub tip: Isometry3<f64>,
    /// Its velocity. Unit: m/s.
    pub velocity_m_s: Vector3<f64>,
    /// Opening of the jaw. Unit: rad.
    pub jaw_rad: f64,
}

/// What an instrument feels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reaction {
    /// Force and moment at the tip. Frame: base axes.
    pub wrench: Wrench,
    /// Moment that opens the jaw. Unit: N·m.
    pub jaw_n_m: f64,
}

impl Reaction {
    /// Nothing.
    pub fn none() -> Self {
        Self { wrench: Wrench::zero(), jaw_n_m: 0.0 }
    }

    /// Adds a force at a point.
    pub(super) fn add(&mut self, tool: &Tool, at_m: &Vector3<f64>, force_n: &Vector3<f64>) {
        self.wrench.force_n += force_n;
        self.wrench.torque_n_m += (at_m - tool.tip.translation.vector).cross(force_n);
    }
}

impl Tool {
    /// From finger to finger at their ends. Unit: m. A jaw closed beyond zero presses on itself.
    pub(super) fn gap_m(&self) -> f64 {
        (2.0 * FINGER_M * (0.5 * self.jaw_rad).sin()).max(0.0)
    }

    /// True if a wall fits between the fingers.
    pub(super) fn is_wider_than_a_wall(&self) -> bool {
        self.gap_m() > WALL_M
    }

    /// True if the jaw is open too far to keep a ring.
    pub(super) fn lets_go(&self) -> bool {
        self.gap_m() > WALL_M + LET_GO_M
    }

    /// The ends of the fingers.
    pub(super) fn fingers_m(&self) -> [Vector3<f64>; 2] {
        let half = self.tip.rotation * Vector3::y() * (0.5 * self.gap_m());
        [self.tip.translation.vector + half, self.tip.translation.vector - half]
    }

    /// Force of the fingers on a wall between them. Unit: N.
    pub(super) fn squeeze_n(&self) -> f64 {
        WALL_N_M * (WALL_M - self.gap_m()).max(0.0)
    }

    /// What the fingers hold against a pull by friction, both sides together. Unit: N.
    pub(super) fn hold_n(&self) -> f64 {
        2.0 * FRICTION * self.squeeze_n()
    }

    /// Moment of a squeezed wall on the jaw: its power is that of the force on the opening. Unit: N·m.
    pub(super) fn jaw_n_m(&self) -> f64 {
        self.squeeze_n() * FINGER_M * (0.5 * self.jaw_rad).cos()
    }

    /// True if the wall of a ring here is between the fingers so that closing them grips it.
    pub(super) fn can_grip(&self, ring: &Isometry3<f64>) -> bool {
        self.is_around_the_wall(ring, 0.0, BITE_MIN_M)
    }

    /// True if a grip on a ring here has not slid off.
    pub(super) fn still_grips(&self, ring: &Isometry3<f64>) -> bool {
        self.is_around_the_wall(ring, SLIDE_M, 0.0)
    }

    fn is_around_the_wall(&self, ring: &Isometry3<f64>, slack_m: f64, bite_min_m: f64) -> bool {
        let from_ring = ring.rotation.inverse();
        let at = from_ring * (self.tip.translation.vector - ring.translation.vector);
        let radius = at.x.hypot(at.y);
        if !(radius >= RING_HOLE_RADIUS_M - slack_m && radius <= RING_RADIUS_M + slack_m) {
            return false;
        }
        let turn = from_ring * self.tip.rotation;
        let (opening, out) = (turn * Vector3::y(), turn * Vector3::z());
        let radial = (opening.x * at.x + opening.y * at.y) / radius;
        // From the face where the fingers enter.
        let bite = 0.5 * RING_HEIGHT_M + at.z * out.z.signum();
        radial.abs() >= RADIAL_MIN
            && out.z.abs() >= ALONG_MIN
            && bite >= bite_min_m
            && bite <= BITE_MAX_M
    }
}
