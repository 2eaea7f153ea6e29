//! What stands in the way of fingers and of rings: the board, its pegs, other rings.
//!
//! Each body is stiff and pushes along the shortest way out, so a force begins from zero wherever something enters.
//! Bodies give way by springs alone, for none of them is heavy enough to matter beside an arm.

use nalgebra::{Isometry3, Vector3};

use super::geometry::{
    BOARD_CENTRE_M, BOARD_HALF_M, PEG_RADIUS_M, PEGS, Peg, RING_HEIGHT_M, RING_HOLE_RADIUS_M,
    RING_RADIUS_M,
};
use super::ring::Ring;
use super::tool::{Reaction, Tool};

/// Stiffness of what is touched, with all that gives way between it and the arm. Unit: N/m. Assumed: a millimetre too
/// far is 3 N, and a millisecond is a seventieth of the shortest swing of an arm against it.
pub(super) const STIFFNESS_N_M: f64 = 3e3;

/// Damping of the same. Unit: N·s/m. Assumed: well below what would pull when a tool leaves at 0.1 m/s.
pub(super) const DAMPING_N_S_M: f64 = 20.0;

/// No contact pushes harder. Unit: N. Assumed: the board gives way under more.
pub(super) const FORCE_MAX_N: f64 = 20.0;

/// Radius of the end of a finger. Unit: m. Assumed.
const FINGER_RADIUS_M: f64 = 1e-3;

/// How far the axis of a peg may be from that of a ring around it. Unit: m.
pub(super) const PLAY_M: f64 = RING_HOLE_RADIUS_M - PEG_RADIUS_M;

/// How far the axis of a peg is from that of a ring beside it, at least. Unit: m.
pub(super) const BESIDE_M: f64 = RING_RADIUS_M + PEG_RADIUS_M;

/// What a ring is held up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Under {
    Nothing,
    /// The board, or the ring below on the same peg.
    Floor,
    /// The upper end of a peg.
    PegTop(usize),
}

/// How a ring has to move to be out of everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blocked {
    pub(super) out_m: Vector3<f64>,
    /// The peg inside it.
    pub(super) around: Option<usize>,
    pub(super) under: Under,
}

/// What stands still.
pub(super) struct Scene<'a> {
    pub(super) pegs: &'a [Peg; PEGS],
    /// How many rings rest on each peg.
    pub(super) stacks: &'a [u32; PEGS],
}

impl Scene<'_> {
    /// What is in the way of a ring here that has this peg inside it.
    pub(super) fn block(&self, ring: &Isometry3<f64>, around: Option<usize>) -> Blocked {
        let at = ring.translation.vector;
        let bottom = at.z - 0.5 * RING_HEIGHT_M;
        let mut blocked = Blocked { out_m: Vector3::zeros(), around, under: Under::Nothing };
        for (n, peg) in self.pegs.iter().enumerate() {
            let above = peg.top_m().z - bottom;
            if above <= 0.0 {
                if blocked.around == Some(n) {
                    blocked.around = None;
                }
                continue;
            }
            let away = level(&(at - peg.foot_m));
            let off = away.norm();
            let toward = away.try_normalize(1e-9).unwrap_or_else(Vector3::x);
            if blocked.around == Some(n) || (blocked.around.is_none() && off <= PLAY_M) {
                blocked.around = Some(n);
                blocked.out_m -= toward * (off - PLAY_M).max(0.0);
            } else if blocked.around.is_none() && off < BESIDE_M {
                let (inward, outward) = (off - PLAY_M, BESIDE_M - off);
                if above <= inward.min(outward) {
                    blocked.out_m.z = blocked.out_m.z.max(above);
                    blocked.under = Under::PegTop(n);
                } else if inward < outward {
                    blocked.around = Some(n);
                    blocked.out_m -= toward * inward;
                } else {
                    blocked.out_m += toward * outward;
                }
            }
        }
        if let Some(floor) = self.floor_m(&at, blocked.around) {
            let low = at.z - lowest_m(ring);
            if low < floor {
                blocked.out_m.z = blocked.out_m.z.max(floor - low);
                blocked.under = Under::Floor;
            }
        }
        blocked
    }

    /// Height of what a ring here would rest on. None beside the board. Unit: m.
    pub(super) fn floor_m(&self, at_m: &Vector3<f64>, around: Option<usize>) -> Option<f64> {
        if !on_board(at_m) {
            return None;
        }
        let stack = around.and_then(|peg| self.stacks.get(peg)).copied().unwrap_or(0);
        Some(BOARD_CENTRE_M.z + f64::from(stack) * RING_HEIGHT_M)
    }
}

/// From the middle of a ring down to its lowest point. Unit: m.
fn lowest_m(ring: &Isometry3<f64>) -> f64 {
    let upright = (ring.rotation * Vector3::z()).z.abs().min(1.0);
    0.5 * RING_HEIGHT_M * upright + RING_RADIUS_M * (1.0 - upright * upright).sqrt()
}

fn on_board(at_m: &Vector3<f64>) -> bool {
    let [half_x, half_y] = BOARD_HALF_M;
    let at = at_m - BOARD_CENTRE_M;
    at.x.abs() <= half_x && at.y.abs() <= half_y
}

fn level(v: &Vector3<f64>) -> Vector3<f64> {
    Vector3::new(v.x, v.y, 0.0)
}

/// Force of a spring pressed by `out_m`, damped against `velocity_m_s`; it pushes or does nothing.
pub(super) fn spring(
    out_m: &Vector3<f64>,
    velocity_m_s: &Vector3<f64>,
    cap_n: f64,
) -> Vector3<f64> {
    let depth = out_m.norm();
    let Some(way) = out_m.try_normalize(1e-12) else { return Vector3::zeros() };
    let damped = STIFFNESS_N_M * depth - DAMPING_N_S_M * velocity_m_s.dot(&way);
    // At first touch the damping has nothing to hold on to: force starts from zero.
    let most = (2.0 * STIFFNESS_N_M * depth).min(cap_n);
    way * damped.clamp(0.0, most)
}

/// What both fingers of an instrument feel of the board, of pegs, and of rings that they are not around.
pub(super) fn touch(tool: &Tool, scene: &Scene<'_>, rings: &[Ring], arm: usize) -> Reaction {
    let mut reaction = Reaction::none();
    for finger in tool.fingers_m() {
        let mut out = Vector3::zeros();
        let into = BOARD_CENTRE_M.z - finger.z;
        if into > 0.0 && on_board(&finger) {
            out.z = into;
        }
        for peg in scene.pegs {
            out += out_of_peg(&finger, peg);
        }
        for ring in rings {
            if !ring.is_held_by(arm) && !tool.can_grip(ring.pose()) {
                out += out_of_ring(&finger, ring.pose());
            }
        }
        if out != Vector3::zeros() {
            // Half each, so that a tool meets the same stiffness with its jaw open and closed.
            let force = spring(&out, &tool.velocity_m_s, FORCE_MAX_N) * 0.5;
            reaction.add(tool, &finger, &force);
        }
    }
    reaction
}

/// The shortest way of a finger out of a peg.
fn out_of_peg(finger_m: &Vector3<f64>, peg: &Peg) -> Vector3<f64> {
    let (above, away) = (peg.top_m().z - finger_m.z, level(&(finger_m - peg.foot_m)));
    let side = PEG_RADIUS_M + FINGER_RADIUS_M - away.norm();
    if above <= 0.0 || side <= 0.0 {
        return Vector3::zeros();
    }
    match away.try_normalize(1e-9) {
        Some(toward) if side < above => toward * side,
        _ => Vector3::z() * above,
    }
}

/// The shortest way of a finger out of the wall of a ring.
fn out_of_ring(finger_m: &Vector3<f64>, ring: &Isometry3<f64>) -> Vector3<f64> {
    let at = ring.rotation.inverse() * (finger_m - ring.translation.vector);
    let (radius, half) = (at.x.hypot(at.y), 0.5 * RING_HEIGHT_M);
    let ways = [
        (half - at.z, Vector3::z()),
        (half + at.z, -Vector3::z()),
        (RING_RADIUS_M - radius, level(&at) / radius.max(1e-9)),
        (radius - RING_HOLE_RADIUS_M, -level(&at) / radius.max(1e-9)),
    ];
    let shortest = ways.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    match shortest {
        Some((depth, way)) if *depth > 0.0 => ring.rotation * (way * *depth),
        _ => Vector3::zeros(),
    }
}
