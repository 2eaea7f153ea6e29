//! Contact between the probe's face and soft tissue.

mod contact;
mod face;
mod soft;

pub use contact::{ContactSettings, Surface, SurfacePoint, Twist, Wrench, contact_wrench};
pub use face::ProbeFace;
pub use soft::{SOFT_TISSUES, SoftTissue};
