//! The patient-side arm of the da Vinci Research Kit: a shaft that turns about a fixed point and slides through it,
//! with a wrist and a jaw.
//!
//! Problem: surgery through a port is safe only if the shaft never pulls at the wall, and an arm that keeps it there
//! by software proves the software alone. This arm keeps it there by its mechanism: a double parallelogram turns the
//! instrument about the remote centre of motion. Its published kinematics are those of a serial chain whose first
//! two axes meet in that point and whose third passes through it, so the chain moves exactly as the parallelogram
//! does; what differs is which bar carries which mass.
//!
//! - [`PsmModel`]: the chain from `models/psm.urdf` with its published Denavit-Hartenberg table, and its inverse
//!   kinematics in closed form.
//! - [`PsmArm`]: one arm with servos on its joints.
//! - [`PsmPlant`], [`PsmRobot`]: two arms at the ports of a patient, behind the integrator's trait.
//!
//! Frames: the base of an arm has its origin at the remote centre, z up, the shaft along −z at zero. The tip frame has
//! +z out of the tool. Joints: outer yaw, outer pitch, outer insertion, outer roll, wrist pitch, wrist yaw, jaw.

mod arm;
mod kinematics;
mod plant;

pub use arm::{PsmArm, PsmSample};
pub use kinematics::{PSM_JOINTS, PsmError, PsmJoints, PsmModel};
pub use plant::{PSM_PORTS_M, PsmPlant, PsmRobot};
