//! Poses that say their frames: `Pose<Base, Tip>` is where the tip is, seen from the base.
//!
//! Composing `Pose<A, B>` with `Pose<B, C>` gives `Pose<A, C>`; nothing else composes. Right-handed
//! frames, metres, unit quaternions.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Mul;

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion, Vector3};

/// Frame: the robot's base. +x forward, +y left, +z up.
#[derive(Debug, Clone, Copy)]
pub enum Base {}

/// Frame: the tip of the tool. For an ultrasound probe +z leaves the face into the body, +x is the
/// lateral axis of the picture (right), +y its elevation.
#[derive(Debug, Clone, Copy)]
pub enum Tip {}

/// How far a quaternion from the wire may be from unit length, in its squared norm.
///
/// f32 rounding of an honest unit quaternion stays below 1e-6; 1e-3 leaves room for senders that
/// normalise badly and still refuses every field that is not a rotation.
pub const QUATERNION_NORM_TOLERANCE: f64 = 1e-3;

/// The pose of frame `B` seen from frame `A`.
pub struct Pose<A, B> {
    /// Rotation and translation, metres.
    pub iso: Isometry3<f64>,
    frames: PhantomData<fn() -> (A, B)>,
}

impl<A, B> Pose<A, B> {
    /// The pose made of an isometry (metres).
    pub const fn new(iso: Isometry3<f64>) -> Self {
        Self { iso, frames: PhantomData }
    }

    /// Both frames coincide.
    pub fn identity() -> Self {
        Self::new(Isometry3::identity())
    }

    /// The pose seen the other way round.
    #[must_use]
    pub fn inverse(&self) -> Pose<B, A> {
        Pose::new(self.iso.inverse())
    }

    /// Where the origin of `B` is in `A`. Unit: metre.
    pub fn position(&self) -> Vector3<f64> {
        self.iso.translation.vector
    }

    /// True if every number in it is finite.
    pub fn is_finite(&self) -> bool {
        let t = self.iso.translation.vector;
        let q = self.iso.rotation.coords;
        t.iter().chain(q.iter()).all(|v| v.is_finite())
    }

    /// The angle between the orientations of two poses. Unit: radian, 0 to π.
    pub fn angle_to(&self, other: &Self) -> f64 {
        self.iso.rotation.angle_to(&other.iso.rotation)
    }
}

impl<A, B> Clone for Pose<A, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, B> Copy for Pose<A, B> {}

impl<A, B> PartialEq for Pose<A, B> {
    fn eq(&self, other: &Self) -> bool {
        self.iso == other.iso
    }
}

impl<A, B> fmt::Debug for Pose<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (t, q) = (self.iso.translation.vector, self.iso.rotation.coords);
        write!(
            f,
            "[{:.4} {:.4} {:.4}] m [{:.4} {:.4} {:.4} {:.4}]",
            t.x, t.y, t.z, q.x, q.y, q.z, q.w
        )
    }
}

impl<A, B, C> Mul<Pose<B, C>> for Pose<A, B> {
    type Output = Pose<A, C>;

    fn mul(self, rhs: Pose<B, C>) -> Pose<A, C> {
        Pose::new(self.iso * rhs.iso)
    }
}

/// How far a tip has been moved from where it was at engage, along and about the axes of the base.
///
/// Applied to an anchor it gives the wanted pose; the identity gives the anchor itself, so that the
/// first frame after an engage can not move anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Displacement {
    /// Translation along the base axes. Unit: metre.
    pub translation: Vector3<f64>,
    /// Rotation about the base axes.
    pub rotation: UnitQuaternion<f64>,
}

impl Displacement {
    /// No displacement.
    pub fn none() -> Self {
        Self { translation: Vector3::zeros(), rotation: UnitQuaternion::identity() }
    }

    /// Where the tip should be if it was at `anchor` at engage.
    pub fn applied_to(&self, anchor: &Pose<Base, Tip>) -> Pose<Base, Tip> {
        Pose::new(Isometry3::from_parts(
            Translation3::from(anchor.position() + self.translation),
            self.rotation * anchor.iso.rotation,
        ))
    }

    /// Length of the translation (m) and angle of the rotation (rad).
    pub fn size(&self) -> (f64, f64) {
        (self.translation.norm(), self.rotation.angle())
    }
}

/// A rotation from four numbers `[x, y, z, w]`; `None` unless they are finite and of unit length
/// within [`QUATERNION_NORM_TOLERANCE`].
pub fn rotation_from(q: [f64; 4]) -> Option<UnitQuaternion<f64>> {
    let [x, y, z, w] = q;
    let quaternion = Quaternion::new(w, x, y, z);
    let norm_squared = quaternion.norm_squared();
    // Written so that NaN fails.
    if (norm_squared - 1.0).abs() <= QUATERNION_NORM_TOLERANCE {
        Some(UnitQuaternion::from_quaternion(quaternion))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::FRAC_PI_2;

    fn anchor() -> Pose<Base, Tip> {
        Pose::new(Isometry3::new(Vector3::new(0.5, 0.1, 0.3), Vector3::new(FRAC_PI_2, 0.0, 0.0)))
    }

    #[test]
    fn no_displacement_leaves_the_anchor() {
        assert_eq!(Displacement::none().applied_to(&anchor()), anchor());
    }

    #[test]
    fn a_displacement_is_along_the_axes_of_the_base_whatever_the_tool_looks_at() {
        let d = Displacement {
            translation: Vector3::new(0.0, 0.0, 0.01),
            rotation: UnitQuaternion::identity(),
        };
        let moved = d.applied_to(&anchor());
        assert!((moved.position() - Vector3::new(0.5, 0.1, 0.31)).norm() < 1e-12);
        assert!(moved.angle_to(&anchor()) < 1e-12);
    }

    #[test]
    fn a_quaternion_that_is_not_a_rotation_is_refused() {
        assert!(rotation_from([0.0, 0.0, 0.0, 1.0]).is_some());
        assert!(rotation_from([0.0, 0.0, 0.0, 1.000_4]).is_some(), "inside the tolerance");
        for bad in [
            [0.0, 0.0, 0.0, 1.000_6],
            [0.0, 0.0, 0.0, 0.0],
            [f64::NAN, 0.0, 0.0, 1.0],
            [f64::INFINITY, 0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0, 0.999_4],
        ] {
            assert!(rotation_from(bad).is_none(), "{bad:?} passed");
        }
    }

    #[test]
    fn composition_with_the_inverse_is_the_identity() {
        let round: Pose<Base, Base> = anchor() * anchor().inverse();
        assert!(round.position().norm() < 1e-12);
        assert!(round.angle_to(&Pose::identity()) < 1e-9);
        assert!(round.is_finite());
    }
}
