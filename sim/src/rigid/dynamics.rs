//! Forces and accelerations of a tree: inverse dynamics, mass matrix, forward dynamics, energy.
//!
//! Source: Featherstone, Rigid Body Dynamics Algorithms, 2008: the recursive Newton-Euler algorithm (table 5.1), the
//! composite-rigid-body algorithm (table 6.2) and the articulated-body algorithm (table 7.1). Each body works in its
//! own frame, so a joint's directions are constants.

use nalgebra::{SMatrix, SVector, Vector3};

use super::spatial::{Articulated, Force, Motion, Placement};
use super::tree::Tree;

/// Forces from outside on each body. Frame: that of the body, about its origin.
pub type Outside<const N: usize> = [Force; N];

/// No force from outside.
pub fn no_outside<const N: usize>() -> Outside<N> {
    [Force::zero(); N]
}

/// What holds joints while they are asked for their accelerations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hold<const N: usize> {
    /// Added to what each joint feels of its own inertia. Not negative. Unit: kg·m² or kg.
    ///
    /// This is how an implicit step enters: `(M + h·D)·a = …` has the step's damping on the diagonal.
    pub added: SVector<f64, N>,
    /// Joints that do not accelerate, whatever pushes.
    pub locked: [bool; N],
}

impl<const N: usize> Hold<N> {
    /// Nothing holds.
    pub fn free() -> Self {
        Self { added: SVector::zeros(), locked: [false; N] }
    }
}

/// What the joints do under given efforts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response<const N: usize> {
    /// Accelerations. Unit: rad/s² or m/s².
    pub acceleration: SVector<f64, N>,
    /// What keeps each locked joint from accelerating, beside the effort given; 0 for the others. Unit: N·m or N.
    pub holding: SVector<f64, N>,
}

/// What is known of one body on the way out from the base.
#[derive(Clone, Copy)]
struct Link {
    placed: Placement,
    subspace: Motion,
    velocity: Motion,
    /// Acceleration that the motion itself makes (Coriolis and centrifugal).
    drift: Motion,
    parent: Option<usize>,
}

impl<const N: usize> Tree<N> {
    /// Velocities of all bodies, parents first.
    fn links(&self, q: &SVector<f64, N>, v: &SVector<f64, N>) -> [Link; N] {
        let mut links = [Link {
            placed: Placement::identity(),
            subspace: Motion::zero(),
            velocity: Motion::zero(),
            drift: Motion::zero(),
            parent: None,
        }; N];
        let placed = self.placed(q);
        for (i, ((body, placed), speed)) in
            self.bodies().iter().zip(placed).zip(v.iter()).enumerate()
        {
            let subspace = body.joint.subspace();
            let moved = subspace * *speed;
            let carried = body
                .parent
                .and_then(|p| links.get(p))
                .map_or(Motion::zero(), |link| placed.motion_in(&link.velocity));
            let velocity = carried + moved;
            let drift = velocity.cross(&moved);
            if let Some(link) = links.get_mut(i) {
                *link = Link { placed, subspace, velocity, drift, parent: body.parent };
            }
        }
        links
    }

    /// Efforts that give these accelerations against gravity, inertia and what pushes from outside (recursive
    /// Newton-Euler). Friction is not in it: [`Tree::friction`]. No allocation.
    pub fn inverse_dynamics(
        &self,
        q: &SVector<f64, N>,
        v: &SVector<f64, N>,
        a: &SVector<f64, N>,
        outside: &Outside<N>,
    ) -> SVector<f64, N> {
        let links = self.links(q, v);
        let mut accelerations = [Motion::zero(); N];
        let mut forces = [Force::zero(); N];
        let base = self.base_acceleration();
        for (i, ((link, body), a)) in links.iter().zip(self.bodies()).zip(a.iter()).enumerate() {
            let carried = link.parent.and_then(|p| accelerations.get(p)).copied().unwrap_or(base);
            let acceleration = link.placed.motion_in(&carried) + link.drift + link.subspace * *a;
            let momentum = body.inertia.apply(&link.velocity);
            let pushed = outside.get(i).copied().unwrap_or_else(Force::zero);
            let force =
                body.inertia.apply(&acceleration) + link.velocity.cross_force(&momentum) - pushed;
            if let (Some(out), Some(slot)) = (forces.get_mut(i), accelerations.get_mut(i)) {
                (*out, *slot) = (force, acceleration);
            }
        }
        let mut efforts = SVector::<f64, N>::zeros();
        let joints = links.iter().zip(self.joints()).zip(a.iter()).enumerate().rev();
        for (i, ((link, joint), a)) in joints {
            let force = forces.get(i).copied().unwrap_or_else(Force::zero);
            if let Some(effort) = efforts.get_mut(i) {
                *effort = link.subspace.dot(&force) + joint.armature * a;
            }
            if let Some(parent) = link.parent.and_then(|p| forces.get_mut(p)) {
                *parent += link.placed.force_out(&force);
            }
        }
        efforts
    }

    /// The efforts that hold the tree still against gravity. Unit: N·m or N.
    pub fn gravity_efforts(&self, q: &SVector<f64, N>) -> SVector<f64, N> {
        self.inverse_dynamics(q, &SVector::zeros(), &SVector::zeros(), &no_outside())
    }

    /// Effort per acceleration, armature included (composite rigid bodies). Shape: N×N, symmetric, positive
    /// definite. No allocation.
    pub fn mass_matrix(&self, q: &SVector<f64, N>) -> SMatrix<f64, N, N> {
        let links = self.links(q, &SVector::zeros());
        let mut composite = [Articulated::zero(); N];
        for (out, body) in composite.iter_mut().zip(self.bodies()) {
            *out = Articulated::from(&body.inertia);
        }
        let mut mass = SMatrix::<f64, N, N>::zeros();
        for (i, (link, joint)) in links.iter().zip(self.joints()).enumerate().rev() {
            let Some(here) = composite.get(i).copied() else { continue };
            let mut force = here.apply(&link.subspace);
            let mut note = |i: usize, j: usize, effort: f64| {
                for at in [(i, j), (j, i)] {
                    if let Some(slot) = mass.get_mut(at) {
                        *slot = effort;
                    }
                }
            };
            note(i, i, link.subspace.dot(&force) + joint.armature);
            let (mut below, mut at) = (*link, link.parent);
            while let Some((j, link)) = at.and_then(|j| Some((j, links.get(j)?))) {
                force = below.placed.force_out(&force);
                note(i, j, link.subspace.dot(&force));
                (below, at) = (*link, link.parent);
            }
            if let Some(parent) = link.parent.and_then(|p| composite.get_mut(p)) {
                *parent += here.out(&link.placed);
            }
        }
        mass
    }

    /// Accelerations under these efforts, gravity and what pushes from outside (articulated bodies). Friction is not
    /// in it: add [`Tree::friction`] to the efforts. No allocation; about 1.5 µs for seven joints.
    pub fn forward_dynamics(
        &self,
        q: &SVector<f64, N>,
        v: &SVector<f64, N>,
        effort: &SVector<f64, N>,
        outside: &Outside<N>,
    ) -> SVector<f64, N> {
        self.respond(q, v, effort, outside, &Hold::free()).acceleration
    }

    /// The same, with joints held.
    pub fn respond(
        &self,
        q: &SVector<f64, N>,
        v: &SVector<f64, N>,
        effort: &SVector<f64, N>,
        outside: &Outside<N>,
        hold: &Hold<N>,
    ) -> Response<N> {
        let links = self.links(q, v);
        let yields = self.gather(&links, effort, outside, hold);
        let mut response = Response::<N> {
            acceleration: SVector::<f64, N>::zeros(),
            holding: SVector::<f64, N>::zeros(),
        };
        let mut accelerations = [Motion::zero(); N];
        let base = self.base_acceleration();
        for (i, (link, yielded)) in links.iter().zip(&yields).enumerate() {
            let carried = link.parent.and_then(|p| accelerations.get(p)).copied().unwrap_or(base);
            let carried = link.placed.motion_in(&carried) + link.drift;
            // What the joint lacks to move along: its effort minus the inertia of all beyond it.
            let lacking = yielded.effort - carried.dot(&yielded.along);
            let a = lacking * yielded.per_inertia;
            if let (Some(slot), Some(out), Some(holding)) = (
                accelerations.get_mut(i),
                response.acceleration.get_mut(i),
                response.holding.get_mut(i),
            ) {
                *slot = carried + link.subspace * a;
                *out = a;
                *holding = if yielded.per_inertia > 0.0 { 0.0 } else { -lacking };
            }
        }
        response
    }

    /// From the tips to the base: what each joint has to move, and with what.
    fn gather(
        &self,
        links: &[Link; N],
        effort: &SVector<f64, N>,
        outside: &Outside<N>,
        hold: &Hold<N>,
    ) -> [Yield; N] {
        let mut inertias = [Articulated::zero(); N];
        let mut biases = [Force::zero(); N];
        for (((inertia, bias), (link, body)), pushed) in
            inertias.iter_mut().zip(&mut biases).zip(links.iter().zip(self.bodies())).zip(outside)
        {
            *inertia = Articulated::from(&body.inertia);
            let momentum = body.inertia.apply(&link.velocity);
            *bias = link.velocity.cross_force(&momentum) - *pushed;
        }
        let mut yields = [Yield { along: Force::zero(), effort: 0.0, per_inertia: 0.0 }; N];
        for (i, (link, joint)) in links.iter().zip(self.joints()).enumerate().rev() {
            let (Some(mut inertia), Some(mut bias)) =
                (inertias.get(i).copied(), biases.get(i).copied())
            else {
                continue;
            };
            let along = inertia.apply(&link.subspace);
            let at = |of: &SVector<f64, N>| of.get(i).copied().unwrap_or(0.0);
            let remaining = at(effort) - link.subspace.dot(&bias);
            let locked = hold.locked.get(i).copied().unwrap_or(false);
            let resists = link.subspace.dot(&along) + joint.armature + at(&hold.added);
            let per_inertia = if locked { 0.0 } else { 1.0 / resists };
            if let Some(slot) = yields.get_mut(i) {
                *slot = Yield { along, effort: remaining, per_inertia };
            }
            if let Some(parent) = link.parent {
                inertia = inertia.without(&along, per_inertia);
                bias = bias + inertia.apply(&link.drift) + along * (remaining * per_inertia);
                if let (Some(sum), Some(force)) = (inertias.get_mut(parent), biases.get_mut(parent))
                {
                    *sum += inertia.out(&link.placed);
                    *force += link.placed.force_out(&bias);
                }
            }
        }
        yields
    }

    /// What friction does to each joint at this speed: viscous, and dry friction that is smooth around standstill.
    /// Unit: N·m or N.
    ///
    /// Dry friction is `coulomb · v / √(v² + rub²)`, so it is 71 % at the speed `rub`, and a joint that should stick
    /// creeps: under half of its dry friction at `0.58 · rub`. A jump at standstill would need a solver for which
    /// joints stick; a drive that holds its place, or a brake, hides the creep.
    pub fn friction(&self, v: &SVector<f64, N>, rub: f64) -> SVector<f64, N> {
        let mut efforts = SVector::<f64, N>::zeros();
        for ((out, joint), v) in efforts.iter_mut().zip(self.joints()).zip(v.iter()) {
            *out = -v * (joint.damping + joint.coulomb / v.hypot(rub));
        }
        efforts
    }

    /// Energy of motion, armature included. Unit: J.
    pub fn kinetic_energy_j(&self, q: &SVector<f64, N>, v: &SVector<f64, N>) -> f64 {
        0.5 * v.dot(&(self.mass_matrix(q) * v))
    }

    /// Energy of height, against that of a world with all centres of mass at its origin. Unit: J.
    pub fn potential_energy_j(&self, q: &SVector<f64, N>) -> f64 {
        let centres = self.poses(q).into_iter().zip(self.bodies());
        centres.fold(0.0, |sum, (pose, body)| {
            let at_m = pose.rotation * body.inertia.centre_m + pose.origin_m;
            sum - body.inertia.mass_kg * self.gravity_m_s2().dot(&at_m)
        })
    }

    /// A base that accelerates upward feels as one under gravity.
    fn base_acceleration(&self) -> Motion {
        Motion { angular: Vector3::zeros(), linear: -self.gravity_m_s2() }
    }
}

/// What one joint has to move, and with what.
#[derive(Clone, Copy)]
struct Yield {
    /// Force on the body per acceleration of the joint.
    along: Force,
    /// Effort that is left for the joint.
    effort: f64,
    /// Acceleration per effort; 0 for a joint that is locked.
    per_inertia: f64,
}
