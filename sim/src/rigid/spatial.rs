//! Motions, forces and inertias of a rigid body, all six components at once.
//!
//! Convention (Featherstone 2008): a motion is the angular velocity of a body and the velocity of that point of it
//! that is at the origin; a force is the moment about the origin and the force. Both are expressed in one frame,
//! which the owner of the value names. Motions and forces are two types, because they change frames differently.

use core::ops::{Add, AddAssign, Mul, Sub};

use nalgebra::{Isometry3, Matrix3, Rotation3, Translation3, UnitQuaternion, Vector3};

/// A velocity or an acceleration of a body. Unit: rad/s and m/s, or per second squared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Angular part.
    pub angular: Vector3<f64>,
    /// Linear part, of the point at the origin.
    pub linear: Vector3<f64>,
}

/// A force on a body. Unit: N·m and N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Force {
    /// Moment about the origin.
    pub moment_n_m: Vector3<f64>,
    /// Force.
    pub force_n: Vector3<f64>,
}

impl Motion {
    /// Rest.
    pub fn zero() -> Self {
        Self { angular: Vector3::zeros(), linear: Vector3::zeros() }
    }

    /// How `other`, fixed in a body that moves so, changes with time.
    #[must_use]
    pub fn cross(&self, other: &Self) -> Self {
        Self {
            angular: self.angular.cross(&other.angular),
            linear: self.angular.cross(&other.linear) + self.linear.cross(&other.angular),
        }
    }

    /// How `force`, fixed in a body that moves so, changes with time.
    pub fn cross_force(&self, force: &Force) -> Force {
        Force {
            moment_n_m: self.angular.cross(&force.moment_n_m) + self.linear.cross(&force.force_n),
            force_n: self.angular.cross(&force.force_n),
        }
    }

    /// Power of `force` on a body that moves so. Unit: W.
    pub fn dot(&self, force: &Force) -> f64 {
        self.angular.dot(&force.moment_n_m) + self.linear.dot(&force.force_n)
    }
}

impl Add for Motion {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { angular: self.angular + other.angular, linear: self.linear + other.linear }
    }
}

impl Mul<f64> for Motion {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { angular: self.angular * factor, linear: self.linear * factor }
    }
}

impl Force {
    /// None.
    pub fn zero() -> Self {
        Self { moment_n_m: Vector3::zeros(), force_n: Vector3::zeros() }
    }

    /// A force and a moment at `point`, about the origin.
    pub fn at(point: &Vector3<f64>, force_n: Vector3<f64>, moment_n_m: Vector3<f64>) -> Self {
        Self { moment_n_m: moment_n_m + point.cross(&force_n), force_n }
    }
}

impl Add for Force {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            moment_n_m: self.moment_n_m + other.moment_n_m,
            force_n: self.force_n + other.force_n,
        }
    }
}

impl AddAssign for Force {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Force {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + other * -1.0
    }
}

impl Mul<f64> for Force {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self { moment_n_m: self.moment_n_m * factor, force_n: self.force_n * factor }
    }
}

/// Where a frame is in another: a point `x` of the inner frame is `rotation · x + origin` in the outer one.
///
/// A matrix, not a quaternion: a tree turns many vectors by one joint angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Axes of the inner frame, as columns, in the outer one. Shape: 3×3, orthonormal.
    pub rotation: Matrix3<f64>,
    /// Origin of the inner frame in the outer one. Unit: m.
    pub origin_m: Vector3<f64>,
}

impl Placement {
    /// One frame in itself.
    pub fn identity() -> Self {
        Self { rotation: Matrix3::identity(), origin_m: Vector3::zeros() }
    }

    /// The frame that `inner` is in this frame, in the frame that this is in.
    #[must_use]
    pub fn then(&self, inner: &Self) -> Self {
        Self {
            rotation: self.rotation * inner.rotation,
            origin_m: self.rotation * inner.origin_m + self.origin_m,
        }
    }

    /// A motion given in the outer frame, in the inner one.
    pub fn motion_in(&self, motion: &Motion) -> Motion {
        let linear = motion.linear + motion.angular.cross(&self.origin_m);
        Motion {
            angular: self.rotation.tr_mul(&motion.angular),
            linear: self.rotation.tr_mul(&linear),
        }
    }

    /// A force given in the inner frame, in the outer one.
    pub fn force_out(&self, force: &Force) -> Force {
        let force_n = self.rotation * force.force_n;
        let moment_n_m = self.rotation * force.moment_n_m + self.origin_m.cross(&force_n);
        Force { moment_n_m, force_n }
    }

    /// A force given in the outer frame, in the inner one.
    pub fn force_in(&self, force: &Force) -> Force {
        let moment_n_m = force.moment_n_m - self.origin_m.cross(&force.force_n);
        Force {
            moment_n_m: self.rotation.tr_mul(&moment_n_m),
            force_n: self.rotation.tr_mul(&force.force_n),
        }
    }
}

impl From<&Isometry3<f64>> for Placement {
    fn from(pose: &Isometry3<f64>) -> Self {
        Self {
            rotation: pose.rotation.to_rotation_matrix().into_inner(),
            origin_m: pose.translation.vector,
        }
    }
}

impl From<&Placement> for Isometry3<f64> {
    fn from(placement: &Placement) -> Self {
        let rotation = Rotation3::from_matrix_unchecked(placement.rotation);
        Self::from_parts(
            Translation3::from(placement.origin_m),
            UnitQuaternion::from_rotation_matrix(&rotation),
        )
    }
}

/// Mass of a rigid body and where it is. Frame: that of the body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BodyInertia {
    /// Mass. Unit: kg.
    pub mass_kg: f64,
    /// Centre of mass. Unit: m.
    pub centre_m: Vector3<f64>,
    /// Inertia about the centre of mass. Shape: 3×3, symmetric. Unit: kg·m².
    pub about_centre_kg_m2: Matrix3<f64>,
}

impl BodyInertia {
    /// Of a body without mass.
    pub fn zero() -> Self {
        Self { mass_kg: 0.0, centre_m: Vector3::zeros(), about_centre_kg_m2: Matrix3::zeros() }
    }

    /// The same body, seen from the frame that its own frame is placed in.
    #[must_use]
    pub fn moved(&self, placement: &Placement) -> Self {
        Self {
            mass_kg: self.mass_kg,
            centre_m: placement.rotation * self.centre_m + placement.origin_m,
            about_centre_kg_m2: placement.rotation
                * self.about_centre_kg_m2
                * placement.rotation.transpose(),
        }
    }

    /// Both bodies, fixed to each other. Frame: that of both.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mass_kg = self.mass_kg + other.mass_kg;
        if mass_kg <= 0.0 {
            return Self::zero();
        }
        let centre_m = (self.centre_m * self.mass_kg + other.centre_m * other.mass_kg) / mass_kg;
        let about = [self, other].iter().fold(Matrix3::zeros(), |sum, body| {
            let arm = (body.centre_m - centre_m).cross_matrix();
            sum + body.about_centre_kg_m2 - arm * arm * body.mass_kg
        });
        Self { mass_kg, centre_m, about_centre_kg_m2: about }
    }

    /// Momentum of the body at this velocity, or the force that gives it this acceleration.
    pub fn apply(&self, motion: &Motion) -> Force {
        let force_n = (motion.linear + motion.angular.cross(&self.centre_m)) * self.mass_kg;
        Force {
            moment_n_m: self.about_centre_kg_m2 * motion.angular + self.centre_m.cross(&force_n),
            force_n,
        }
    }
}

/// Inertia of a body that carries others on joints: a symmetric 6×6 matrix, of which three blocks are kept.
/// `[about coupling; couplingᵀ mass]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Articulated {
    about: Matrix3<f64>,
    coupling: Matrix3<f64>,
    mass: Matrix3<f64>,
}

impl From<&BodyInertia> for Articulated {
    fn from(body: &BodyInertia) -> Self {
        let arm = body.centre_m.cross_matrix();
        Self {
            about: body.about_centre_kg_m2 - arm * arm * body.mass_kg,
            coupling: arm * body.mass_kg,
            mass: Matrix3::from_diagonal_element(body.mass_kg),
        }
    }
}

impl Articulated {
    /// No body.
    pub(super) fn zero() -> Self {
        Self { about: Matrix3::zeros(), coupling: Matrix3::zeros(), mass: Matrix3::zeros() }
    }

    /// The force that gives this acceleration.
    pub(super) fn apply(&self, motion: &Motion) -> Force {
        Force {
            moment_n_m: self.about * motion.angular + self.coupling * motion.linear,
            force_n: self.coupling.tr_mul(&motion.angular) + self.mass * motion.linear,
        }
    }

    /// What is left of it along the directions in which a joint yields: `self − force·forceᵀ·share`.
    pub(super) fn without(&self, force: &Force, share: f64) -> Self {
        let (n, f) = (force.moment_n_m, force.force_n);
        Self {
            about: self.about - n * n.transpose() * share,
            coupling: self.coupling - n * f.transpose() * share,
            mass: self.mass - f * f.transpose() * share,
        }
    }

    /// The same, seen from the frame that its frame is placed in.
    pub(super) fn out(&self, placement: &Placement) -> Self {
        let r = &placement.rotation;
        let turned = |m: &Matrix3<f64>| r * m * r.transpose();
        let (about, coupling, mass) =
            (turned(&self.about), turned(&self.coupling), turned(&self.mass));
        let arm = placement.origin_m.cross_matrix();
        let shifted = coupling + arm * mass;
        Self { about: about - coupling * arm + arm * shifted.transpose(), coupling: shifted, mass }
    }
}

impl AddAssign for Articulated {
    fn add_assign(&mut self, other: Self) {
        self.about += other.about;
        self.coupling += other.coupling;
        self.mass += other.mass;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> BodyInertia {
        BodyInertia {
            mass_kg: 2.5,
            centre_m: Vector3::new(0.1, -0.2, 0.3),
            about_centre_kg_m2: Matrix3::new(0.3, 0.01, -0.02, 0.01, 0.4, 0.03, -0.02, 0.03, 0.5),
        }
    }

    fn placement() -> Placement {
        Placement::from(&Isometry3::from_parts(
            Translation3::new(0.4, -0.1, 0.7),
            UnitQuaternion::from_euler_angles(0.4, -1.1, 2.0),
        ))
    }

    fn motion() -> Motion {
        Motion { angular: Vector3::new(0.3, -0.7, 1.1), linear: Vector3::new(-0.2, 0.5, 0.9) }
    }

    fn near(a: &Force, b: &Force) -> bool {
        (a.moment_n_m - b.moment_n_m).norm() + (a.force_n - b.force_n).norm() < 1e-12
    }

    #[test]
    fn power_is_the_same_in_every_frame() {
        let at = placement();
        let force = Force {
            moment_n_m: Vector3::new(1.0, 2.0, -3.0),
            force_n: Vector3::new(4.0, -5.0, 6.0),
        };
        let out = motion();
        let (inside, outside) = (at.motion_in(&out).dot(&force), out.dot(&at.force_out(&force)));
        assert!((inside - outside).abs() < 1e-12, "{inside} {outside}");
        assert!(near(&at.force_in(&at.force_out(&force)), &force));
    }

    #[test]
    fn an_articulated_inertia_without_joints_is_that_of_the_body() {
        let (body, at) = (body(), placement());
        assert!(near(&Articulated::from(&body).apply(&motion()), &body.apply(&motion())));
        let outside = Articulated::from(&body).out(&at);
        assert!(near(&outside.apply(&motion()), &body.moved(&at).apply(&motion())));
        // What the body feels inside, taken out.
        let felt = at.force_out(&body.apply(&at.motion_in(&motion())));
        assert!(near(&felt, &outside.apply(&motion())));
    }

    #[test]
    fn two_bodies_fixed_to_each_other_have_the_momentum_of_both() {
        let (a, b) = (body(), body().moved(&placement()));
        let mut both = a.apply(&motion());
        both += b.apply(&motion());
        assert!(near(&a.with(&b).apply(&motion()), &both));
        assert!(near(&a.with(&BodyInertia::zero()).apply(&motion()), &a.apply(&motion())));
    }

    #[test]
    fn a_force_at_a_point_turns_about_the_origin() {
        let force = Force::at(&Vector3::x(), Vector3::y() * 2.0, Vector3::zeros());
        assert_eq!(force.moment_n_m, Vector3::z() * 2.0);
    }
}
