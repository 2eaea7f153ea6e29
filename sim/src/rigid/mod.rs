//! Rigid bodies on joints: where they are, what moves them, how they move.
//!
//! Problem: a joint with one constant inertia neither pulls at its neighbours nor feels the weight that it carries.
//! What a controller has to fight (coupling, gravity, centrifugal forces) is what makes arms lag and drop, so a
//! plant without it proves little. Physics engines have it, but as a second world with its own time step, its own
//! vectors and foreign code that is not deterministic across builds.
//!
//! Method: Featherstone's algorithms on a [`Tree`] of fixed size, in `O(N)`; [`Stepper`] moves it on in time. A tree
//! comes from a URDF with inertials. Nothing allocates after construction.
//!
//! Checked against what we did not write: `sim/tests/golden_dynamics.rs` compares kinematics, Jacobian, mass matrix,
//! inverse and forward dynamics with Pinocchio and MuJoCo over 1,000 random states of each shipped arm
//! (`scripts/golden-dynamics` makes the values).
//!
//! Limits: no closed loops (a parallelogram enters as its equivalent serial chain), no contact between bodies, no
//! flexible links, no free-floating base; ends of joint ranges are for the caller.

mod dynamics;
mod error;
mod integrate;
mod spatial;
mod tree;
mod urdf;

#[cfg(test)]
mod tests;

pub use dynamics::{Hold, Outside, Response, no_outside};
pub use error::RigidError;
pub use integrate::{Drive, State, Stepper};
pub use spatial::{BodyInertia, Force, Motion, Placement};
pub use tree::{
    Body, Frame, FrameId, FrameJacobian, GRAVITY_M_S2, JOINTS_MAX, Joint, JointKind, Tree,
};
pub(crate) use urdf::{check_inertia, inertial};

/// Least inertia that a joint may move. Unit: kg·m² or kg. Below it rounding decides the acceleration: the lightest
/// jaw of an instrument has 1e-7 kg·m².
pub const INERTIA_MIN: f64 = 1e-9;
