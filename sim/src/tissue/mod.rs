//! Contact between the probe's face and soft tissue.

mod contact;
mod face;

pub use contact::{ContactSettings, Surface, SurfacePoint, Twist, Wrench, contact_wrench};
pub use face::ProbeFace;
