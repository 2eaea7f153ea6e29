//! What the camera of a walking aid sees: the room that its plant has, and what is behind its windows.
//!
//! The plant has four walls and nothing else that stops it, so nothing else stands in the room. A bed, a chair and a
//! person are behind the windows of the walls, where no base comes.

use core::time::Duration;

use nalgebra::{Isometry3, Point3, Rotation3, Translation3, UnitQuaternion, Vector3};
use protocol::picture::ViewSource;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::picture::{Picture, PictureSource};

use super::camera::{Camera, Eye};
use super::canvas::{Canvas, Lamp};
use super::colour::Light;
use super::filmed::Shown;
use super::mesh::{Gloss, Mesh};
use super::room::{far_side, room};
use crate::carebase::{CareModel, CarePlant};
use crate::snapshot::NumbersReader;

/// Where the camera is on the base: behind the bumper, above the bar. Unit: m.
const BEHIND_M: f32 = 0.5;
const HEIGHT_M: f32 = 1.25;
/// How far down it looks. Unit: rad. 20°.
const DOWN_RAD: f32 = 0.35;
/// From side to side of the picture. Unit: rad. 95°: from the floor before the bumper to the face of a person.
const FIELD_RAD: f32 = 1.66;

/// Lamps at the ceiling, a little ahead.
const LAMP: Lamp = Lamp {
    toward: Some(Vector3::new(0.36, 0.28, 0.89)),
    ambient: 0.55,
    reach_m: 14.0,
    strength: 1.0,
};

/// Darker by this share at the corners.
const VIGNETTE: f32 = 0.25;

/// Stripes on the floor ahead of the bumper, in colours of the distance. Unit: m. The first is the distance that the
/// telecare profile keeps.
const STRIPES: [(f32, Light); 3] = [
    (0.5, Light::new(0.75, 0.06, 0.04)),
    (1.0, Light::new(0.80, 0.48, 0.03)),
    (2.0, Light::new(0.08, 0.50, 0.14)),
];

/// Position and heading.
const ALL: usize = 3;

impl Shown for CarePlant {
    /// Where the base is in its room, and its heading.
    const NUMBERS: usize = ALL;

    fn place(&self, into: &mut [f64]) {
        let pose = self.base().pose();
        into.iter_mut()
            .zip([pose.x_m, pose.y_m, pose.heading_rad])
            .for_each(|(slot, number)| *slot = number);
    }
}

/// Pictures of what is ahead of a walking aid.
pub struct WardPictures {
    canvas: Canvas,
    /// From the base to its camera.
    mount: Isometry3<f32>,
    scenery: Vec<Mesh>,
    /// What goes with the base.
    own: Mesh,
    state: NumbersReader,
}

impl WardPictures {
    /// Pictures of this size, of the room of this base as it is seen from where `state` says.
    pub fn new(state: NumbersReader, (width, height): (u16, u16), model: &CareModel) -> Self {
        let front_m = model.front_m as f32;
        let at = Translation3::new(front_m - BEHIND_M, 0.0, HEIGHT_M);
        let mut scenery = room(&model.room);
        scenery.push(far_side(&model.room));
        Self {
            canvas: Canvas::new(width, height, VIGNETTE),
            mount: at * looking_ahead(DOWN_RAD),
            scenery,
            own: own(front_m, 0.5 * model.track_m as f32),
            state,
        }
    }

    /// The camera of a base that stands here. Frame: the room.
    pub fn camera(&self, x_m: f32, y_m: f32, heading_rad: f32) -> Camera {
        Camera {
            pose: standing(x_m, y_m, heading_rad) * self.mount,
            field_rad: FIELD_RAD,
            baseline_m: 0.0,
        }
    }
}

impl PictureSource for WardPictures {
    fn size(&self) -> (u16, u16) {
        let (width, height) = self.canvas.size();
        (u16::try_from(width).unwrap_or(u16::MAX), u16::try_from(height).unwrap_or(u16::MAX))
    }

    fn shows(&self) -> ViewSource {
        ViewSource::Drive
    }

    fn capture(&mut self, _now: Moment<RobotTime>, _budget: Duration, into: &mut Picture) -> bool {
        let mut numbers = [0.0; ALL];
        if !self.state.read(&mut numbers) {
            return false;
        }
        let [x_m, y_m, heading_rad] = numbers.map(|number| number as f32);
        let camera = self.camera(x_m, y_m, heading_rad);
        let eye = (&camera, Eye::Middle);
        self.canvas.clear(&Light::repeat(0.3));
        for mesh in &self.scenery {
            self.canvas.draw(mesh, &Isometry3::identity(), eye, &LAMP);
        }
        self.canvas.draw(&self.own, &standing(x_m, y_m, heading_rad), eye, &LAMP);
        self.canvas.develop(into, 0);
        true
    }
}

/// The base in its room.
fn standing(x_m: f32, y_m: f32, heading_rad: f32) -> Isometry3<f32> {
    let turned = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), heading_rad);
    Isometry3::from_parts(Translation3::new(x_m, y_m, 0.0), turned)
}

/// A camera that looks along x and this far down: x of the picture to −y, y of it up.
fn looking_ahead(down_rad: f32) -> UnitQuaternion<f32> {
    let (sin, cos) = down_rad.sin_cos();
    let axes = [-Vector3::y(), Vector3::new(sin, 0.0, cos), Vector3::new(-cos, 0.0, sin)];
    UnitQuaternion::from_rotation_matrix(&Rotation3::from_basis_unchecked(&axes))
}

/// The bumper, and stripes on the floor that say how far away something is.
fn own(front_m: f32, half_m: f32) -> Mesh {
    let mut mesh = Mesh::new(Gloss::MATT);
    let half_m = half_m + 0.05;
    mesh.cuboid(
        Point3::new(front_m - 0.06, -half_m, 0.08),
        Point3::new(front_m, half_m, 0.22),
        Light::repeat(0.03),
    );
    for (away_m, colour) in STRIPES {
        // Above the floor by less than anybody sees, or floor and stripe would fight for the pixel.
        let at = Point3::new(front_m + away_m, -half_m, 0.004);
        mesh.plate(at, [Vector3::x() * 0.035, Vector3::y() * 2.0 * half_m], 4, colour);
    }
    // The way that the base takes straight ahead.
    for side in [-1.0, 1.0] {
        let at = Point3::new(front_m + 0.05, side * half_m - 0.01, 0.003);
        mesh.plate(at, [Vector3::x() * 1.95, Vector3::y() * 0.02], 8, Light::repeat(0.75));
    }
    mesh
}
