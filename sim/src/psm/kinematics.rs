//! Where the tip of the arm is, and which joints bring it somewhere.

use nalgebra::{Isometry3, Vector3};
use thiserror::Error;

use crate::rigid::{FrameId, FrameJacobian, JointKind, Placement, RigidError, Tree};
use crate::urdf::UrdfError;

/// Joints of the arm, jaw included.
pub const PSM_JOINTS: usize = 7;

/// One number per joint, base first: rad, rad, m, rad, rad, rad, rad.
pub type PsmJoints = nalgebra::SVector<f64, PSM_JOINTS>;

/// From the remote centre up to the carriage at insertion 0 (`l_RCC` of the dVRK user guide). Unit: m.
const CARRIAGE_M: f64 = 0.4318;
/// From the carriage down the shaft to the axis of the wrist's pitch (`l_tool`). Unit: m.
const SHAFT_M: f64 = 0.4162;
/// From there to the axis of the wrist's yaw (`l_pitch2yaw`). Unit: m.
const WRIST_M: f64 = 0.0091;
/// From there to the tip (`l_yaw2ctrlpnt`). Unit: m.
const FINGER_M: f64 = 0.0102;

/// Nearest that the wrist may be to the remote centre for the shaft to have a direction. Unit: m.
const CENTRE_MIN_M: f64 = 1e-4;

const SHIPPED: &str = include_str!("../../models/psm.urdf");

/// Why a pose can not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum PsmError {
    /// The wrist would be in the remote centre, where the shaft has no direction.
    #[error(
        "the wrist would be {distance_m} m from the remote centre; expected at least {CENTRE_MIN_M}: stay in the body"
    )]
    AtCentre {
        /// Distance. Unit: m.
        distance_m: f64,
    },
    /// A joint would be outside its range.
    #[error("joint {joint} would be at {got}; expected {min} to {max}: stay inside the workspace")]
    Range {
        /// Which joint, from 0.
        joint: usize,
        /// Where it would be. Unit: rad or m.
        got: f64,
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// The pose holds a number that is none.
    #[error("the pose holds a number that is none: send finite numbers")]
    NotFinite,
}

/// The chain of the arm and where its tip is on it.
#[derive(Debug, Clone, PartialEq)]
pub struct PsmModel {
    tree: Tree<PSM_JOINTS>,
    tip: FrameId,
    shaft: FrameId,
}

impl PsmModel {
    /// The arm that ships with the simulator, `models/psm.urdf`.
    ///
    /// # Errors
    /// None in a released build; a test reads the file.
    pub fn shipped() -> Result<Self, UrdfError> {
        let tree = Tree::from_urdf(SHIPPED)?;
        Ok(Self::of(tree)?)
    }

    fn of(tree: Tree<PSM_JOINTS>) -> Result<Self, RigidError> {
        let (tip, shaft) = (tree.frame("tip")?, tree.frame("shaft_link")?);
        Ok(Self { tree, tip, shaft })
    }

    /// Its bodies and joints.
    pub const fn tree(&self) -> &Tree<PSM_JOINTS> {
        &self.tree
    }

    /// The frame of the tip.
    pub const fn tip(&self) -> FrameId {
        self.tip
    }

    /// Pose of the tip. Frame: base → tip.
    pub fn forward(&self, q: &PsmJoints) -> Isometry3<f64> {
        self.tree.frame_pose(q, self.tip)
    }

    /// How far the shaft passes beside the remote centre. Unit: m.
    pub fn beside_centre_m(&self, poses: &[Placement; PSM_JOINTS]) -> f64 {
        let shaft = self.tree.frame_in(poses, self.shaft);
        let along = shaft.rotation.column(2).into_owned();
        shaft.origin_m.cross(&along).norm()
    }

    /// Depth of the wrist below the remote centre, along the shaft. Unit: m.
    pub fn depth_m(&self, poses: &[Placement; PSM_JOINTS]) -> f64 {
        let shaft = self.tree.frame_in(poses, self.shaft);
        shaft.origin_m.dot(&shaft.rotation.column(2))
    }

    /// Jacobian of the tip. Shape: 6×7, the jaw's column 0.
    pub fn jacobian(&self, poses: &[Placement; PSM_JOINTS]) -> FrameJacobian<PSM_JOINTS> {
        self.tree.jacobian_in(poses, self.tip)
    }

    /// The joints that bring the tip to `tip`, with this opening of the jaw. No iteration; about 200 ns.
    ///
    /// The shaft passes through the remote centre and the axis of the wrist's pitch is square to it, so the plane of
    /// shaft and wrist is known from the tip alone; of the two ways to bend the wrist in it the one without a fold is
    /// taken. `near` says which turn of the roll is meant: a roll is never unwound in one step.
    ///
    /// # Errors
    /// [`PsmError`], if the arm can not get there.
    pub fn inverse(
        &self,
        tip: &Isometry3<f64>,
        jaw_rad: f64,
        near: &PsmJoints,
    ) -> Result<PsmJoints, PsmError> {
        let turn = tip.rotation.to_rotation_matrix();
        let [x, z] = [0, 2].map(|i| turn.matrix().column(i).into_owned());
        // The axes of the last link: yaw axis and the way out along the finger.
        let (yaw_axis, out) = (-x, z);
        let yaw_m = tip.translation.vector - out * FINGER_M;
        let flat = yaw_m - yaw_axis * yaw_m.dot(&yaw_axis);
        // A shaft along the yaw axis: a fold of 90 degrees, which no wrist of this kind has.
        let bend =
            flat.try_normalize(CENTRE_MIN_M).ok_or(PsmError::AtCentre { distance_m: 0.0 })?;
        let wrist_m = yaw_m - bend * WRIST_M;
        let depth_m = wrist_m.norm();
        // Written so that NaN is refused.
        if !(depth_m >= CENTRE_MIN_M) {
            return Err(PsmError::AtCentre { distance_m: depth_m });
        }
        let along = wrist_m / depth_m;
        let pitch_axis = bend.cross(&yaw_axis);
        // Shaft: −z at zero; yaw tips it toward +x, pitch toward −y.
        let (yaw, pitch) = (along.x.atan2(-along.z), -along.y.clamp(-1.0, 1.0).asin());
        let (shaft_x, shaft_y) = shaft_axes(yaw, pitch);
        // At roll 0 the pitch axis is the shaft's y.
        let roll = (-pitch_axis.dot(&shaft_x)).atan2(pitch_axis.dot(&shaft_y));
        let near_roll = near.get(3).copied().unwrap_or(0.0);
        let turns = ((near_roll - roll) / std::f64::consts::TAU).round();
        self.check(PsmJoints::from([
            yaw,
            pitch,
            depth_m + CARRIAGE_M - SHAFT_M,
            roll + turns * std::f64::consts::TAU,
            angle(&bend, &along, &pitch_axis.cross(&along)),
            angle(&out, &bend, &yaw_axis.cross(&bend)),
            jaw_rad,
        ]))
    }

    /// `q`, if every joint is in its range; the jaw's drive takes care of itself.
    fn check(&self, q: PsmJoints) -> Result<PsmJoints, PsmError> {
        for (i, (joint, got)) in self.tree.joints().zip(q.iter()).enumerate().take(6) {
            if !got.is_finite() {
                return Err(PsmError::NotFinite);
            }
            let (min, max) = (joint.lower, joint.upper);
            if !(min..=max).contains(got) {
                return Err(PsmError::Range { joint: i, got: *got, min, max });
            }
        }
        Ok(q)
    }

    /// Room to the nearest joint limit, the jaw's apart: 1 mid-range, 0 at a limit.
    pub fn limit_margin(&self, q: &PsmJoints) -> f64 {
        let joints = self.tree.joints().zip(q.iter()).take(6);
        let margin = joints.map(|(joint, q)| {
            (q - joint.lower).min(joint.upper - q) / (0.5 * (joint.upper - joint.lower))
        });
        margin.fold(1.0, f64::min).clamp(0.0, 1.0)
    }

    /// The Jacobian of the tip per share of each joint's greatest speed: metres and radians of the joints become one
    /// unit. Shape: 6×7.
    pub fn scaled_jacobian(&self, poses: &[Placement; PSM_JOINTS]) -> FrameJacobian<PSM_JOINTS> {
        let mut jacobian = self.jacobian(poses);
        for (mut column, joint) in jacobian.column_iter_mut().zip(self.tree.joints()) {
            column *= joint.velocity_max;
        }
        jacobian
    }

    /// True if the joint slides.
    pub fn slides(&self, joint: usize) -> bool {
        self.tree.bodies().get(joint).is_some_and(|b| b.joint.kind == JointKind::Prismatic)
    }
}

/// Axes x and y of the shaft at roll 0. Frame: base.
fn shaft_axes(yaw: f64, pitch: f64) -> (Vector3<f64>, Vector3<f64>) {
    let ((sy, cy), (sp, cp)) = (yaw.sin_cos(), pitch.sin_cos());
    // At zero: x along −y of the base, y along −x, z along −z.
    let x = Vector3::new(-sy * sp, -cp, cy * sp);
    (x, Vector3::new(-cy, 0.0, -sy))
}

/// Angle from `from` to `to` where `side` is a right angle further.
fn angle(to: &Vector3<f64>, from: &Vector3<f64>, side: &Vector3<f64>) -> f64 {
    to.dot(side).atan2(to.dot(from))
}

#[cfg(test)]
#[path = "kinematics_tests.rs"]
mod tests;
