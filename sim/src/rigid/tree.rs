//! A tree of bodies on joints, and where everything in it is.

use nalgebra::{Isometry3, Matrix3, SMatrix, SVector, Unit, Vector3};

use super::error::RigidError;
use super::spatial::{BodyInertia, Motion, Placement};

/// Gravity where it is not set otherwise. Frame: world, z up. Unit: m/s². Source: ISO 80000-3, standard gravity.
pub const GRAVITY_M_S2: f64 = 9.806_65;

/// Most joints of a tree: one bit each in the set of joints that move a body.
pub const JOINTS_MAX: usize = 64;

/// What a joint lets a body do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JointKind {
    /// Turn about the axis. Unit of the coordinate: rad; of the effort: N·m.
    Revolute,
    /// Slide along the axis. Unit of the coordinate: m; of the effort: N.
    Prismatic,
}

/// One movable joint. Units: those of its kind, [`JointKind`].
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// Name.
    pub name: String,
    /// What it lets the body do.
    pub kind: JointKind,
    /// Axis in the frame of the body, which is that of the joint.
    pub axis: Unit<Vector3<f64>>,
    /// Least coordinate.
    pub lower: f64,
    /// Greatest coordinate.
    pub upper: f64,
    /// Greatest speed either way.
    pub velocity_max: f64,
    /// Greatest effort of its drive either way.
    pub effort_max: f64,
    /// Viscous friction: effort per speed.
    pub damping: f64,
    /// Dry friction: effort.
    pub coulomb: f64,
    /// Inertia of the rotor behind its gear, as the joint feels it. Unit: kg·m² or kg.
    pub armature: f64,
}

impl Joint {
    /// Velocity of the body per speed of the joint. Frame: the body.
    pub(super) fn subspace(&self) -> Motion {
        let axis = self.axis.into_inner();
        match self.kind {
            JointKind::Revolute => Motion { angular: axis, linear: Vector3::zeros() },
            JointKind::Prismatic => Motion { angular: Vector3::zeros(), linear: axis },
        }
    }

    /// The body at coordinate `q`, in its frame at coordinate 0.
    fn displaced(&self, q: f64) -> Placement {
        let axis = self.axis.into_inner();
        match self.kind {
            JointKind::Revolute => {
                Placement { rotation: turned(&axis, q), origin_m: Vector3::zeros() }
            }
            JointKind::Prismatic => Placement { rotation: Matrix3::identity(), origin_m: axis * q },
        }
    }
}

/// Rotation by `angle_rad` about a unit axis (Rodrigues).
fn turned(axis: &Vector3<f64>, angle_rad: f64) -> Matrix3<f64> {
    let (sin, cos) = angle_rad.sin_cos();
    let (x, y, z) = (axis.x, axis.y, axis.z);
    let t = 1.0 - cos;
    Matrix3::new(
        t * x * x + cos,
        t * x * y - sin * z,
        t * x * z + sin * y,
        t * x * y + sin * z,
        t * y * y + cos,
        t * y * z - sin * x,
        t * x * z - sin * y,
        t * y * z + sin * x,
        t * z * z + cos,
    )
}

/// A body with everything that is fixed to it, and the joint that carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// Name of the link that the joint moves.
    pub name: String,
    /// The body that carries the joint, an earlier one; `None` for the world.
    pub parent: Option<usize>,
    /// The joint at coordinate 0. Frame: that of the parent.
    pub placement: Placement,
    /// The joint.
    pub joint: Joint,
    /// Mass. Frame: the body.
    pub inertia: BodyInertia,
}

/// A place on a body that has a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Its name.
    pub name: String,
    /// The body that it is fixed to; `None` for the world.
    pub body: Option<usize>,
    /// Where on that body.
    pub placement: Placement,
}

/// Which frame of a tree. Comes from [`Tree::frame`], so it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameId(usize);

/// Geometric Jacobian of a frame. Shape: 6×N; rows 0–2 linear, rows 3–5 angular, per speed of the joint.
/// Frame: world axes, at the origin of the frame.
pub type FrameJacobian<const N: usize> = SMatrix<f64, 6, N>;

/// A tree of `N` bodies, each on one joint, every parent before its children.
///
/// `N` is fixed, so every vector and matrix of a step lives on the stack and nothing allocates after construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree<const N: usize> {
    name: String,
    bodies: [Body; N],
    /// For each body the joints that move it, one bit each.
    movers: [u64; N],
    frames: Vec<Frame>,
    gravity_m_s2: Vector3<f64>,
}

impl<const N: usize> Tree<N> {
    /// The tree of these bodies, gravity along −z of the world.
    ///
    /// # Errors
    /// What can not be simulated: another number of bodies than `N`, a parent that does not come before its child,
    /// a frame on no body, a joint that moves no inertia.
    pub fn new(name: String, bodies: Vec<Body>, frames: Vec<Frame>) -> Result<Self, RigidError> {
        let got = bodies.len();
        if N > JOINTS_MAX || got != N {
            return Err(RigidError::JointCount { got, expected: N.min(JOINTS_MAX) });
        }
        for (i, body) in bodies.iter().enumerate() {
            if body.parent.is_some_and(|parent| parent >= i) {
                return Err(RigidError::Order { body: body.name.clone() });
            }
        }
        if let Some(lost) = frames.iter().find(|f| f.body.is_some_and(|b| b >= N)) {
            return Err(RigidError::UnknownFrame { name: lost.name.clone() });
        }
        let bodies: [Body; N] = bodies
            .try_into()
            .map_err(|all: Vec<Body>| RigidError::JointCount { got: all.len(), expected: N })?;
        let mut movers = [0_u64; N];
        for (i, body) in bodies.iter().enumerate() {
            let carried = body.parent.and_then(|p| movers.get(p).copied()).unwrap_or(0);
            if let Some(mask) = movers.get_mut(i) {
                *mask = carried | (1 << i);
            }
        }
        let tree =
            Self { name, bodies, movers, frames, gravity_m_s2: -Vector3::z() * GRAVITY_M_S2 };
        tree.check_inertia()?;
        Ok(tree)
    }

    /// The same tree under another gravity. Frame: world. Unit: m/s².
    #[must_use]
    pub fn under_gravity(self, gravity_m_s2: Vector3<f64>) -> Self {
        Self { gravity_m_s2, ..self }
    }

    /// What the file calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bodies, parents first.
    pub const fn bodies(&self) -> &[Body; N] {
        &self.bodies
    }

    /// The joints, in the order of every vector of `N`.
    pub fn joints(&self) -> impl DoubleEndedIterator<Item = &Joint> + ExactSizeIterator {
        self.bodies.iter().map(|body| &body.joint)
    }

    /// Gravity. Frame: world. Unit: m/s².
    pub const fn gravity_m_s2(&self) -> &Vector3<f64> {
        &self.gravity_m_s2
    }

    /// One number of each joint.
    pub fn of_joints(&self, number: impl Fn(&Joint) -> f64) -> SVector<f64, N> {
        let mut all = SVector::<f64, N>::zeros();
        for (out, joint) in all.iter_mut().zip(self.joints()) {
            *out = number(joint);
        }
        all
    }

    /// The frame of this name.
    ///
    /// # Errors
    /// [`RigidError::UnknownFrame`] if there is none.
    pub fn frame(&self, name: &str) -> Result<FrameId, RigidError> {
        let found = self.frames.iter().position(|frame| frame.name == name);
        found.map(FrameId).ok_or_else(|| RigidError::UnknownFrame { name: name.to_owned() })
    }

    /// Each body in its parent, at these coordinates.
    pub(super) fn placed(&self, q: &SVector<f64, N>) -> [Placement; N] {
        let mut placed = [Placement::identity(); N];
        for ((out, body), q) in placed.iter_mut().zip(&self.bodies).zip(q.iter()) {
            *out = body.placement.then(&body.joint.displaced(*q));
        }
        placed
    }

    /// Each body in the world, at these coordinates (forward kinematics).
    pub fn poses(&self, q: &SVector<f64, N>) -> [Placement; N] {
        let mut world = self.placed(q);
        for (i, body) in self.bodies.iter().enumerate() {
            let parent = body.parent.and_then(|p| world.get(p).copied());
            if let (Some(parent), Some(here)) = (parent, world.get_mut(i)) {
                *here = parent.then(here);
            }
        }
        world
    }

    /// The body that a frame is fixed to; `None` for the world.
    pub fn carrier(&self, frame: FrameId) -> Option<usize> {
        self.frames.get(frame.0).and_then(|frame| frame.body)
    }

    /// A frame in the world, from the [`Tree::poses`] of the bodies.
    pub fn frame_in(&self, poses: &[Placement; N], frame: FrameId) -> Placement {
        let Some(frame) = self.frames.get(frame.0) else { return Placement::identity() };
        match frame.body.and_then(|body| poses.get(body)) {
            Some(body) => body.then(&frame.placement),
            None => frame.placement,
        }
    }

    /// Pose of a frame in the world at these coordinates.
    pub fn frame_pose(&self, q: &SVector<f64, N>, frame: FrameId) -> Isometry3<f64> {
        Isometry3::from(&self.frame_in(&self.poses(q), frame))
    }

    /// The geometric Jacobian of a frame, from the [`Tree::poses`] of the bodies.
    pub fn jacobian_in(&self, poses: &[Placement; N], frame: FrameId) -> FrameJacobian<N> {
        let mut jacobian = FrameJacobian::zeros();
        let Some(body) = self.carrier(frame) else { return jacobian };
        let movers = self.movers.get(body).copied().unwrap_or(0);
        let at_m = self.frame_in(poses, frame).origin_m;
        let columns = jacobian.column_iter_mut().zip(poses).zip(&self.bodies);
        for (i, ((mut column, pose), body)) in columns.enumerate() {
            if movers & (1 << i) == 0 {
                continue;
            }
            let axis = pose.rotation * body.joint.axis.into_inner();
            match body.joint.kind {
                JointKind::Revolute => {
                    column.fixed_rows_mut::<3>(0).copy_from(&axis.cross(&(at_m - pose.origin_m)));
                    column.fixed_rows_mut::<3>(3).copy_from(&axis);
                }
                JointKind::Prismatic => column.fixed_rows_mut::<3>(0).copy_from(&axis),
            }
        }
        jacobian
    }

    /// The geometric Jacobian of a frame at these coordinates.
    pub fn jacobian(&self, q: &SVector<f64, N>, frame: FrameId) -> FrameJacobian<N> {
        self.jacobian_in(&self.poses(q), frame)
    }

    /// Fails if a joint moves nothing that resists: its acceleration would have no bound.
    fn check_inertia(&self) -> Result<(), RigidError> {
        let mass = self.mass_matrix(&SVector::zeros());
        for (joint, inertia) in self.joints().zip(mass.diagonal().iter()) {
            // Written so that NaN fails.
            if !(*inertia >= super::INERTIA_MIN) {
                return Err(RigidError::NoInertia { joint: joint.name.clone(), got: *inertia });
            }
        }
        Ok(())
    }
}
