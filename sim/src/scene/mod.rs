//! What cameras see of the simulated robots, drawn in software.
//!
//! Problem: who steers by a picture must be given one that tells the truth of the plant, in time, on a machine without
//! a graphics card. Method: surfaces of triangles, the nearest wins for each pixel, light and colour worked out at
//! the corners and changing evenly between them, straight in the brightness and colour that the encoder wants.
//! A picture allocates nothing.
//!
//! - [`Mesh`]: shapes made from numbers. [`Camera`]: one eye or two. [`Canvas`]: what is drawn on.
//! - [`Filmed`]: a plant whose state another thread may look at.
//! - [`SurgeryPictures`]: two instruments over tissue, through an endoscope. [`WardPictures`]: the room ahead of a base.
//!
//! Limits: no shadows, no smoothed edges, nothing shines through. The tissue around the board is scenery: it does not
//! push back.

mod camera;
mod canvas;
mod colour;
mod filmed;
mod instrument;
mod mesh;
mod raster;
mod room;
mod surgery;
mod tissue;
mod ward;

#[cfg(test)]
mod pictures_tests;

pub use camera::{Camera, Eye};
pub use canvas::{Canvas, Lamp};
pub use colour::Light;
pub use filmed::{Filmed, Shown};
pub use mesh::{Corner, Gloss, Mesh};
pub use surgery::{Eyes, SurgeryPictures};
pub use ward::WardPictures;
