//! What an endoscope sees: two instruments, the board of the task, tissue.

use core::time::Duration;

use nalgebra::{Isometry3, Point3, Quaternion, Translation3, UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::picture::ViewSource;
use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::picture::{Picture, PictureSource};

use super::camera::{Camera, Eye};
use super::canvas::{Canvas, Lamp};
use super::colour::Light;
use super::filmed::Shown;
use super::instrument::Instruments;
use super::mesh::{Gloss, Mesh};
use super::tissue::tissue;
use crate::psm::{PSM_JOINTS, PsmJoints, PsmPlant};
use crate::snapshot::NumbersReader;
use crate::task::{
    BOARD_CENTRE_M, BOARD_HALF_M, BOARD_THICKNESS_M, PEG_HEIGHT_M, PEG_RADIUS_M, PegBoard,
    RING_HEIGHT_M, RING_HOLE_RADIUS_M, RING_RADIUS_M, RINGS, pegs,
};
use crate::truth::Watched as _;

/// Where the endoscope looks: a little above the board, where the instruments meet. Unit: m.
const LOOKS_AT_M: Vector3<f32> = Vector3::new(0.0, 0.0, -0.140);
/// How far away it is. Unit: m.
const AWAY_M: f32 = 0.22;
/// From side to side of the picture. Unit: rad. 70°; endoscopes have 60 to 75.
const FIELD_RAD: f32 = 1.22;
/// From eye to eye. Unit: m. That of a stereo endoscope of 12 mm; assumed.
const BASELINE_M: f32 = 0.005;

/// The lamp of the endoscope, beside its eyes.
const LAMP: Lamp = Lamp { toward: None, ambient: 0.06, reach_m: 0.16, strength: 3.8 };

/// Darker by this share at the corners.
const VIGNETTE: f32 = 0.55;

/// Numbers of the joints of both arms, of a pose, and of everything that moves.
const JOINTS: usize = ARMS * PSM_JOINTS;
const POSE: usize = 7;
const ALL: usize = JOINTS + RINGS * POSE;

/// Colours of the rings, so that each can be named.
const RING_COLOURS: [Light; RINGS] = [
    Light::new(0.75, 0.05, 0.04),
    Light::new(0.85, 0.42, 0.02),
    Light::new(0.80, 0.70, 0.05),
    Light::new(0.05, 0.45, 0.10),
    Light::new(0.04, 0.20, 0.70),
    Light::new(0.35, 0.08, 0.50),
];

/// How many eyes the endoscope has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// One, in the middle.
    One,
    /// Two, whose pictures are side by side, each of half the width.
    Both,
}

impl Shown for PsmPlant {
    /// The joints of both arms, then position and quaternion of each ring. Without a board the rings are nowhere.
    const NUMBERS: usize = ALL;

    fn place(&self, into: &mut [f64]) {
        let joints = self.arms().iter().flat_map(|arm| arm.state().q.iter().copied());
        let rings = self.board().map(PegBoard::rings).into_iter().flatten().flat_map(|ring| {
            let (t, q) = (ring.pose().translation.vector, ring.pose().rotation.coords);
            [t.x, t.y, t.z, q.x, q.y, q.z, q.w]
        });
        let all = joints.chain(rings).chain(core::iter::repeat(f64::NAN));
        into.iter_mut().zip(all).for_each(|(slot, number)| *slot = number);
    }
}

/// Pictures through an endoscope between the arms.
pub struct SurgeryPictures {
    size: (u16, u16),
    camera: Camera,
    eyes: Vec<(Eye, Canvas)>,
    instruments: Instruments,
    rings: Vec<Mesh>,
    state: NumbersReader,
    numbers: [f64; ALL],
}

impl SurgeryPictures {
    /// Pictures of this size, of the arms that `state` tells of; `view` is how they are turned in the frame of the
    /// robot's base, as the profile says. The seed chooses the tissue.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn shipped(
        state: NumbersReader,
        (width, height): (u16, u16),
        (view, eyes): (&UnitQuaternion<f64>, Eyes),
        seed: u64,
    ) -> Result<Self, String> {
        let instruments = Instruments::new().map_err(|e| e.to_string())?;
        let (wide, which) = match eyes {
            Eyes::One => (width, &[Eye::Middle][..]),
            Eyes::Both => (width / 2, &[Eye::Left, Eye::Right][..]),
        };
        let camera = camera(view);
        let scenery = [tissue(seed as u32), board()];
        let drawn = |eye: &Eye| {
            let mut canvas = Canvas::new(wide, height, VIGNETTE);
            canvas.clear(&Light::zeros());
            for mesh in &scenery {
                canvas.draw(mesh, &Isometry3::identity(), (&camera, *eye), &LAMP);
            }
            // Neither the endoscope nor what lies there moves: it is drawn once.
            canvas.keep();
            (*eye, canvas)
        };
        Ok(Self {
            size: (width, height),
            eyes: which.iter().map(drawn).collect(),
            camera,
            instruments,
            rings: RING_COLOURS.iter().map(ring).collect(),
            state,
            numbers: [0.0; ALL],
        })
    }

    /// The endoscope. Frame: base of the robot.
    pub const fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Draws what the newest numbers say.
    fn draw(&mut self, into: &mut Picture) {
        let (joints, poses) = (joints(&self.numbers), ring_poses(&self.numbers));
        let mut column = 0;
        for (eye, canvas) in &mut self.eyes {
            canvas.clear(&Light::zeros());
            let eye = (&self.camera, *eye);
            for (mesh, pose) in self.rings.iter().zip(&poses) {
                if let Some(pose) = pose {
                    canvas.draw(mesh, pose, eye, &LAMP);
                }
            }
            self.instruments.draw(&joints, canvas, eye, &LAMP);
            canvas.develop(into, column);
            column += canvas.size().0;
        }
    }
}

impl PictureSource for SurgeryPictures {
    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn shows(&self) -> ViewSource {
        ViewSource::Endoscope
    }

    fn capture(&mut self, _now: Moment<RobotTime>, _budget: Duration, into: &mut Picture) -> bool {
        if !self.state.read(&mut self.numbers) {
            return false;
        }
        self.draw(into);
        true
    }
}

/// The joints of both arms, the left one first.
fn joints(numbers: &[f64; ALL]) -> [PsmJoints; ARMS] {
    let arm =
        |from: usize| PsmJoints::from_fn(|i, _| numbers.get(from + i).copied().unwrap_or(0.0));
    [arm(0), arm(PSM_JOINTS)]
}

/// Where each ring is; `None` for one that is nowhere.
fn ring_poses(numbers: &[f64; ALL]) -> [Option<Isometry3<f32>>; RINGS] {
    core::array::from_fn(|n| {
        let pose = numbers.get(JOINTS + n * POSE..)?.first_chunk::<POSE>()?;
        let [x, y, z, i, j, k, w] = pose.map(|number| number as f32);
        let turned = UnitQuaternion::from_quaternion(Quaternion::new(w, i, j, k));
        x.is_finite().then(|| Isometry3::from_parts(Translation3::new(x, y, z), turned))
    })
}

/// The endoscope that sees pictures turned like `view`.
fn camera(view: &UnitQuaternion<f64>) -> Camera {
    let rotation = view.cast::<f32>();
    let at = LOOKS_AT_M + rotation * Vector3::z() * AWAY_M;
    Camera {
        pose: Isometry3::from_parts(Translation3::from(at), rotation),
        field_rad: FIELD_RAD,
        baseline_m: BASELINE_M,
    }
}

/// The board with its pegs.
fn board() -> Mesh {
    let mut mesh = Mesh::new(Gloss::PLASTIC);
    let centre = BOARD_CENTRE_M.cast::<f32>();
    let [half_x, half_y] = BOARD_HALF_M.map(|half| half as f32);
    let thick = Vector3::z() * BOARD_THICKNESS_M as f32;
    let plastic = Light::new(0.24, 0.30, 0.33);
    let corner = Point3::from(centre - Vector3::new(half_x, half_y, 0.0));
    let sides = [Vector3::x() * 2.0 * half_x, Vector3::y() * 2.0 * half_y];
    mesh.plate(corner, sides, 24, plastic);
    for (at, side) in
        [(corner, sides), (corner + sides.iter().sum::<Vector3<f32>>(), sides.map(|s| -s))]
    {
        for along in side {
            mesh.plate(at, [along, -thick], 12, plastic * 0.7);
        }
    }
    // The line that a ring must cross.
    let line = Point3::from(centre - Vector3::new(half_x, 0.000_6, -0.000_1));
    mesh.plate(line, [Vector3::x() * 2.0 * half_x, Vector3::y() * 0.001_2], 12, plastic * 2.2);
    for peg in pegs() {
        let mut bar = Mesh::new(Gloss::PLASTIC);
        let (height, radius) = (PEG_HEIGHT_M as f32, PEG_RADIUS_M as f32);
        bar.bar((0.0, height), (radius, radius), Light::new(0.55, 0.55, 0.50));
        mesh.join(&bar.moved(peg.foot_m.cast::<f32>()));
    }
    mesh
}

fn ring(colour: &Light) -> Mesh {
    let mut mesh = Mesh::new(Gloss::PLASTIC);
    let radii = (RING_HOLE_RADIUS_M as f32, RING_RADIUS_M as f32);
    mesh.ring(radii, 0.5 * RING_HEIGHT_M as f32, *colour);
    mesh
}
