//! One ring: where it is, and what holds it there.

use nalgebra::{Isometry3, Translation3, Vector3};

use super::geometry::{Peg, RING_HEIGHT_M};

/// A ring: a cylinder with a hole, `RING_HEIGHT_M` high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    pub(super) pose: Isometry3<f64>,
}

impl Ring {
    /// At rest on the board around this peg.
    pub(super) fn around(peg: &Peg) -> Self {
        let at = peg.foot_m + Vector3::z() * (0.5 * RING_HEIGHT_M);
        Self {
            pose: Isometry3::from_parts(
                Translation3::from(at),
                nalgebra::UnitQuaternion::identity(),
            ),
        }
    }

    /// Its middle, with z along the axis of its hole. Frame: base of the robot.
    pub const fn pose(&self) -> &Isometry3<f64> {
        &self.pose
    }
}
