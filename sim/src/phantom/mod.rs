//! A body to scan, a torso or a neck: a smooth skin, a layered wall, organs, vessels and bone, all from a file.
//!
//! Problem: a picture that only looks like ultrasound proves nothing about the robot. The picture has to be of
//! something, in the base frame, so that the same probe pose gives the same anatomy, contact and force.
//!
//! Method: the skin is a superellipsoid; the wall is measured inward from it; organs are convex quadrics in order of
//! precedence. Every question is closed-form: distance to the skin (first order), tissue at a point, and where a
//! beam crosses organs, so that a picture costs milliseconds and no mesh is needed.
//!
//! Limits: organs are smooth solids of one medium; nothing moves but pulsation and an even swell for breathing;
//! the body's shape does not give way under the probe (the picture compensates, see [`crate::ultrasound`]).

mod beam;
mod medium;
mod parameters;
mod shape;
mod surface;

pub use beam::{BEAM_SEGMENTS_MAX, BeamPath, Segment};
pub use medium::{Impedance, Tissue};
pub use shape::{Crossing, Organ, Shape};
pub use surface::SkinPoint;

use nalgebra::{Isometry3, Matrix3, Point3, Rotation3, Unit, UnitQuaternion, Vector3};

use crate::model_file::ModelError;
use crate::tissue::{Surface, SurfacePoint};
use surface::Skin;

const SHIPPED: &str = include_str!("../../models/torso.toml");

const NECK: &str = include_str!("../../models/neck.toml");

/// Heart beats per second, for pulsation.
const HEART_HZ: f64 = 1.15;

/// A body on its back in the base frame. Immutable: time is an argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Phantom {
    name: String,
    centre: Vector3<f64>,
    skin: Skin,
    breathing_m: f64,
    breathing_period_s: f64,
    media: Vec<Tissue>,
    media_names: Vec<String>,
    layers: Vec<Layer>,
    organs: Vec<Organ>,
    ribs: Vec<Rib>,
}

/// One layer of the wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// Index of its medium.
    pub medium: u8,
    /// Depth below the skin where it ends. Unit: m.
    pub end_m: f64,
    /// Brightness of the interface at its end, seen square on. Unit: dB.
    pub boundary_db: f64,
}

/// A bar of bone in the wall, on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rib {
    medium: u8,
    y_m: f64,
    slope: f64,
    half_width_m: f64,
    depth_min_m: f64,
    depth_max_m: f64,
    x_min_m: f64,
}

/// Where to put a probe on the front of the body.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Placement {
    /// Place on the front, from the body's centre, toward the patient's left. Unit: m.
    pub x_m: f64,
    /// Place on the front, from the body's centre, toward the head. Unit: m.
    pub y_m: f64,
    /// Turn about the beam; 0 is a transverse picture with the patient's right on the left. Unit: rad.
    pub turn_rad: f64,
    /// Tilt of the beam in the picture's plane, positive to the picture's right. Unit: rad.
    pub rock_rad: f64,
    /// Tilt of the beam out of the picture's plane. Unit: rad.
    pub tilt_rad: f64,
    /// How deep the face is pressed in; negative is a gap. Unit: m.
    pub press_m: f64,
}

impl Phantom {
    /// The torso that ships with the simulator, `models/torso.toml`.
    ///
    /// Errors: none in a released build; a test reads the file.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::from_toml(SHIPPED)
    }

    /// The neck that ships with the simulator, `models/neck.toml`.
    ///
    /// Errors: none in a released build; a test reads the file.
    pub fn neck() -> Result<Self, ModelError> {
        Self::from_toml(NECK)
    }

    /// What the file calls the phantom.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Centre of the body in the base frame. Unit: m.
    pub fn centre(&self) -> Point3<f64> {
        Point3::from(self.centre)
    }

    /// Signed distance of a point (base frame) from the skin; negative inside. Unit: m.
    ///
    /// First order: exact on the skin, within 5 % of the distance 30 mm from it on the front of the body.
    pub fn surface_distance(&self, point: &Point3<f64>, t_s: f64) -> f64 {
        self.skin_point(point, t_s).distance_m
    }

    /// Outward normal of the skin near a point (base frame).
    pub fn surface_normal(&self, point: &Point3<f64>, t_s: f64) -> Unit<Vector3<f64>> {
        self.skin_point(point, t_s).normal
    }

    /// Tissue at a point of the base frame; [`Tissue::AIR`] outside the body.
    pub fn tissue_at(&self, point: &Point3<f64>, t_s: f64) -> Tissue {
        let depth_m = -self.surface_distance(point, t_s);
        if depth_m < 0.0 {
            return Tissue::AIR;
        }
        let body = self.body_from_base(t_s) * (point.coords - self.centre);
        let medium = self.wall_medium(&body, depth_m).unwrap_or_else(|| {
            let pulse = pulse(t_s);
            self.organs.iter().rev().find(|o| o.contains(&body, pulse)).map_or(0, |o| o.medium)
        });
        self.medium(medium)
    }

    /// Name of a medium, by [`Tissue::medium`].
    pub fn medium_name(&self, medium: u8) -> &str {
        self.media_names.get(usize::from(medium)).map_or("air", String::as_str)
    }

    /// Pose of a probe set on the front of the body: +z along the inward normal before tilting.
    pub fn probe_pose(&self, placement: &Placement) -> Isometry3<f64> {
        let front = self.skin.front(placement.x_m, placement.y_m);
        let at = Point3::from(self.centre + front);
        let normal = self.surface_normal(&at, 0.0);
        let inward = -normal.into_inner();
        // Lateral is base +x made square to the beam: the patient's right appears on the left.
        let lateral = Vector3::x() - inward * inward.x;
        let lateral = Unit::try_new(lateral, 1e-6).unwrap_or(Vector3::y_axis()).into_inner();
        let frame = Matrix3::from_columns(&[lateral, inward.cross(&lateral), inward]);
        let upright =
            UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(frame));
        let turned = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), placement.turn_rad)
            * UnitQuaternion::from_axis_angle(&Vector3::y_axis(), placement.rock_rad)
            * UnitQuaternion::from_axis_angle(&Vector3::x_axis(), -placement.tilt_rad);
        Isometry3::from_parts((at.coords + inward * placement.press_m).into(), upright * turned)
    }

    pub(crate) fn medium(&self, medium: u8) -> Tissue {
        self.media.get(usize::from(medium)).copied().unwrap_or(Tissue::AIR)
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Thickness of the wall. Unit: m.
    pub fn wall_m(&self) -> f64 {
        self.layers.last().map_or(0.0, |layer| layer.end_m)
    }

    /// Distance and normal at a point of the base frame.
    pub(crate) fn skin_point(&self, point: &Point3<f64>, t_s: f64) -> SkinPoint {
        let scale = self.swell(t_s);
        self.skin.nearest(&(point.coords - self.centre), scale)
    }

    /// Takes a vector from the base axes, from the body's centre, to the body at rest.
    pub(crate) fn body_from_base(&self, t_s: f64) -> Matrix3<f64> {
        Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, self.swell(t_s)))
    }

    /// Medium of the wall at a depth, or nothing when the point lies deeper than the wall.
    pub(crate) fn wall_medium(&self, body: &Vector3<f64>, depth_m: f64) -> Option<u8> {
        let layer = self.layers.iter().find(|layer| depth_m < layer.end_m)?;
        let rib = self.ribs.iter().find(|rib| rib.contains(body, depth_m));
        Some(rib.map_or(layer.medium, |rib| rib.medium))
    }

    /// Height of the body at rest per height now.
    fn swell(&self, t_s: f64) -> f64 {
        let phase = std::f64::consts::TAU * t_s / self.breathing_period_s;
        let rise = 0.5 * self.breathing_m * (1.0 - phase.cos());
        self.skin.height_m() / (self.skin.height_m() + rise)
    }
}

impl Surface for Phantom {
    fn nearest(&self, point: &Point3<f64>, t_s: f64) -> SurfacePoint {
        let skin = self.skin_point(point, t_s);
        let body = point.coords - self.centre;
        // Over the ribs the wall is stiffer; the change is spread over 60 mm so that force stays smooth.
        let ribs =
            self.ribs.iter().map(|rib| rib.y_m - rib.slope * body.x.abs()).fold(1.0, f64::min);
        let on_ribs = ((body.y - ribs) / 0.06 + 0.5).clamp(0.0, 1.0);
        let stiffness_scale = 1.0 + 2.5 * on_ribs * on_ribs * (3.0 - 2.0 * on_ribs);
        SurfacePoint { distance_m: skin.distance_m, normal: skin.normal, stiffness_scale }
    }
}

impl Rib {
    fn contains(&self, body: &Vector3<f64>, depth_m: f64) -> bool {
        if body.x.abs() < self.x_min_m {
            return false;
        }
        let across = (body.y - self.y_m + self.slope * body.x.abs()) / self.half_width_m;
        let half = 0.5 * (self.depth_max_m - self.depth_min_m);
        let down = (depth_m - self.depth_min_m - half) / half;
        across * across + down * down < 1.0
    }
}

/// How full the arteries are: 0 before a beat to 1 at its height.
pub(crate) fn pulse(t_s: f64) -> f64 {
    let phase = (t_s * HEART_HZ).rem_euclid(1.0);
    // A quick rise and a slow run-off.
    if phase < 0.15 { phase / 0.15 } else { (1.0 - (phase - 0.15) / 0.85).powi(2) }
}

#[cfg(test)]
#[path = "phantom_tests.rs"]
mod tests;
