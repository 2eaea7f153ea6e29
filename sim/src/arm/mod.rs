//! A seven-joint arm: its model from a file, where its tip is, and how to move it.
//!
//! Problem: the robot core is only proven against a plant that lags, saturates, rubs and yields like a real arm.
//! A plant that jumps to its setpoint hides every fault that matters. So the arm is rigid bodies on joints
//! ([`ArmModel::tree`]), each joint with its drive ([`crate::driven`]), and the contact force pushes at the last body.
//!
//! Limits: gravity is compensated with the arm's own model, without error; links are rigid and can not collide.

mod dexterity;
mod ik;
mod kinematics;
mod model;
mod urdf;

pub use dexterity::{best_isotropy, isotropy};
pub use ik::{IkSettings, IkStep, ik_step};
pub use kinematics::{Jacobian, forward, limit_margin, manipulability, tip_and_jacobian};
pub(crate) use model::transform;
pub use model::{ArmModel, JOINTS, JointModel, JointVector};
pub use urdf::UrdfDefaults;

pub use crate::urdf::{URDF_BYTES_MAX, URDF_LINKS_MAX, UrdfError};
