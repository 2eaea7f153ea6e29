//! A needle driver as surfaces, on the links of the arm that carries it.

use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
use protocol::ARMS;

use super::camera::{Camera, Eye};
use super::canvas::{Canvas, Lamp};
use super::colour::Light;
use super::mesh::{Corner, Gloss, Mesh};
use crate::psm::{PSM_JOINTS, PSM_PORTS_M, PsmJoints, PsmModel};
use crate::rigid::{FrameId, Placement};
use crate::urdf::UrdfError;

/// Radius of the shaft: an instrument for a trocar of 8 mm. Unit: m.
const SHAFT_RADIUS_M: f32 = 0.004;
/// How much of the shaft is drawn, up from the wrist. Unit: m.
const SHAFT_M: f32 = 0.25;
/// Pieces of a shaft: a lamp that is near lights a long bar unevenly.
const PIECES: i16 = 6;
/// From the wrist's pitch to its yaw, and on to the tip, as in the arm's model. Unit: m.
const WRIST_M: f32 = 0.009_1;
const FINGER_M: f32 = 0.010_2;

/// Both instruments.
#[derive(Debug, Clone)]
pub(super) struct Instruments {
    model: PsmModel,
    shaft_frame: FrameId,
    wrist_frame: FrameId,
    finger_frame: FrameId,
    shaft: Mesh,
    wrist: Mesh,
    fingers: [Mesh; 2],
}

impl Instruments {
    pub(super) fn new() -> Result<Self, UrdfError> {
        let model = PsmModel::shipped()?;
        let frame = |name| model.tree().frame(name);
        Ok(Self {
            shaft_frame: frame("shaft_link")?,
            wrist_frame: frame("wrist_link")?,
            finger_frame: frame("yaw_finger_link")?,
            shaft: shaft(),
            wrist: wrist(),
            fingers: [finger(1.0), finger(-1.0)],
            model,
        })
    }

    /// Draws both instruments with these joints, the left arm's first.
    pub(super) fn draw(
        &self,
        joints: &[PsmJoints; ARMS],
        canvas: &mut Canvas,
        eye: (&Camera, Eye),
        lamp: &Lamp,
    ) {
        for (q, port_m) in joints.iter().zip(&PSM_PORTS_M) {
            let tree = self.model.tree();
            let poses = tree.poses(q);
            let placed = |frame| in_scene(&tree.frame_in(&poses, frame), port_m);
            canvas.draw(&self.shaft, &placed(self.shaft_frame), eye, lamp);
            canvas.draw(&self.wrist, &placed(self.wrist_frame), eye, lamp);
            let jaw_rad = q.get(PSM_JOINTS - 1).copied().unwrap_or(0.0) as f32;
            let hinge = placed(self.finger_frame);
            // The jaw opens evenly to both sides of the tip's axis.
            for (finger, side) in self.fingers.iter().zip([-0.5, 0.5]) {
                let open = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), side * jaw_rad);
                canvas.draw(finger, &(hinge * open), eye, lamp);
            }
        }
    }
}

fn in_scene(placed: &Placement, port_m: &Vector3<f64>) -> Isometry3<f32> {
    let pose = Isometry3::from(placed);
    Isometry3::from_parts(
        Translation3::from((pose.translation.vector + port_m).cast::<f32>()),
        pose.rotation.cast::<f32>(),
    )
}

/// Along the link's z, which points into the body; the wrist is at its origin.
fn shaft() -> Mesh {
    let mut mesh = Mesh::new(Gloss { strength: 0.25, sharpness: 20 });
    let carbon = Light::new(0.035, 0.037, 0.042);
    let steel = Light::new(0.40, 0.42, 0.45);
    let piece_m = (SHAFT_M - 0.012) / f32::from(PIECES);
    for n in 0..PIECES {
        let from_m = -SHAFT_M + f32::from(n) * piece_m;
        mesh.bar((from_m, from_m + piece_m), (SHAFT_RADIUS_M, SHAFT_RADIUS_M), carbon);
    }
    mesh.bar((-0.012, -0.002), (SHAFT_RADIUS_M, SHAFT_RADIUS_M), steel);
    mesh.bar((-0.002, 0.001), (SHAFT_RADIUS_M, 0.8 * SHAFT_RADIUS_M), steel);
    mesh
}

/// Along the link's x, from the pitch to the yaw.
fn wrist() -> Mesh {
    let mut mesh = Mesh::new(Gloss::STEEL);
    let steel = Light::new(0.36, 0.38, 0.41);
    let mut body = Mesh::new(Gloss::STEEL);
    body.bar((-0.001, WRIST_M - 0.001), (0.75 * SHAFT_RADIUS_M, 0.7 * SHAFT_RADIUS_M), steel);
    // From z to x.
    mesh.join(&body.cycled());
    // The pin of the pitch, and the ends of that of the yaw.
    let mut pin = Mesh::new(Gloss::STEEL);
    pin.bar((-0.003_4, 0.003_4), (0.001_6, 0.001_6), Light::new(0.20, 0.21, 0.23));
    mesh.join(&pin.clone().cycled().cycled().moved(Vector3::x() * WRIST_M));
    mesh.join(&pin);
    mesh
}

/// Along the link's y, on one side of the tip's axis: a tapering jaw with a flat inner face.
fn finger(side: f32) -> Mesh {
    let mut mesh = Mesh::new(Gloss::STEEL);
    let steel = Light::new(0.50, 0.52, 0.55);
    // Width outward and half of the thickness, at the hinge and at the tip.
    let sections =
        [(-0.001_5, 0.002_4, 0.002_2), (0.004, 0.002_1, 0.001_8), (FINGER_M, 0.000_9, 0.001_1)];
    for pair in sections.windows(2) {
        let [(y0, w0, t0), (y1, w1, t1)] = pair else { continue };
        let at = |x: f32, y: f32, z: f32| Point3::new(side * x, y, z);
        let end =
            |y: f32, w: f32, t: f32| [at(0.0, y, -t), at(w, y, -t), at(w, y, t), at(0.0, y, t)];
        let (from, to) = (end(*y0, *w0, *t0), end(*y1, *w1, *t1));
        let around =
            from.iter().zip(&to).zip(from.iter().cycle().skip(1).zip(to.iter().cycle().skip(1)));
        for ((a, b), (d, c)) in around {
            quad(&mut mesh, [*a, *b, *c, *d], steel);
        }
        quad(&mut mesh, from, steel);
        quad(&mut mesh, to, steel);
    }
    mesh
}

/// Adds a flat piece with four corners.
fn quad(mesh: &mut Mesh, corners: [Point3<f32>; 4], colour: Light) {
    let [a, b, c, _] = corners;
    let normal = (b - a).cross(&(c - a)).try_normalize(1e-12).unwrap_or_else(Vector3::z);
    let first = u32::try_from(mesh.corners.len()).unwrap_or(u32::MAX);
    mesh.corners.extend(corners.map(|at| Corner { at, normal, colour }));
    mesh.triangles.extend([[first, first + 1, first + 2], [first, first + 2, first + 3]]);
}
