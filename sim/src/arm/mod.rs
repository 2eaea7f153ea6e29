//! A seven-joint arm: its model from a file, where its tip is, how to move it, and how its drives follow.
//!
//! Problem: the robot core is only proven against a plant that lags, saturates, rubs and yields like a real arm.
//! A plant that jumps to its setpoint hides every fault that matters. So each joint is a driven inertia with its
//! own limits, and the contact force reaches it through the transposed Jacobian.
//!
//! Limits: each joint has one constant effective inertia, so there is no coupling between joints, no Coriolis force
//! and no payload effect; gravity is taken as perfectly compensated; links are rigid and can not collide.

mod dexterity;
mod ik;
mod kinematics;
mod model;
mod servo;
mod urdf;

pub use dexterity::{best_isotropy, isotropy};
pub use ik::{IkSettings, IkStep, ik_step};
pub use kinematics::{Jacobian, forward, limit_margin, manipulability, tip_and_jacobian};
pub(crate) use model::transform;
pub use model::{ArmModel, JOINTS, JointModel, JointVector};
pub use servo::{JointTarget, Servo};
pub use urdf::UrdfDefaults;

pub use crate::urdf::{URDF_BYTES_MAX, URDF_LINKS_MAX, UrdfError};
