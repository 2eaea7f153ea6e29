//! The phantom's file, checked.

use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use serde::Deserialize;

use super::surface::Skin;
use super::{Impedance, Layer, Organ, Phantom, Rib, Shape, Tissue};
use crate::model_file::{ModelError, count, parse, within, within3};

/// Most entries of each list in the file: a beam can be cut by 32 organs, a medium is named by one byte.
const LIST_MAX: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhantomFile {
    name: String,
    surface: SurfaceFile,
    medium: Vec<MediumFile>,
    #[serde(default)]
    layer: Vec<LayerFile>,
    #[serde(default)]
    organ: Vec<OrganFile>,
    #[serde(default)]
    rib: Vec<RibFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SurfaceFile {
    centre_m: [f64; 3],
    half_axes_m: [f64; 3],
    exponent: f64,
    #[serde(default)]
    breathing_m: f64,
    #[serde(default = "four")]
    breathing_period_s: f64,
}

const fn four() -> f64 {
    4.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MediumFile {
    name: String,
    impedance: Impedance,
    echo_db: f64,
    attenuation_db_cm_mhz: f64,
    #[serde(default)]
    texture_db: f64,
    #[serde(default)]
    grain_m: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerFile {
    medium: String,
    thickness_m: f64,
    boundary_db: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShapeFile {
    Ellipsoid,
    Tube,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganFile {
    name: String,
    medium: String,
    shape: ShapeFile,
    centre_m: [f64; 3],
    half_axes_m: [f64; 3],
    #[serde(default)]
    rpy_rad: [f64; 3],
    wall_db: f64,
    #[serde(default)]
    pulsation: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RibFile {
    medium: String,
    y_m: f64,
    slope: f64,
    half_width_m: f64,
    depth_m: [f64; 2],
    x_min_m: f64,
}

impl Phantom {
    /// The phantom that a TOML text describes. The first medium fills what no organ does.
    ///
    /// Errors: the key and its range, or the line, of the first thing that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let file: PhantomFile = parse(text)?;
        count("medium", file.medium.len(), 1, LIST_MAX)?;
        count("layer", file.layer.len(), 0, LIST_MAX)?;
        count("organ", file.organ.len(), 0, LIST_MAX)?;
        count("rib", file.rib.len(), 0, LIST_MAX)?;
        let names: Vec<String> = file.medium.iter().map(|m| m.name.clone()).collect();
        let centre = within3("surface.centre_m", file.surface.centre_m, -10.0, 10.0)?;
        Ok(Self {
            name: file.name,
            centre: Vector3::from(centre),
            skin: file.surface.skin()?,
            breathing_m: within(
                || "surface.breathing_m".to_owned(),
                file.surface.breathing_m,
                0.0,
                0.05,
            )?,
            breathing_period_s: within(
                || "surface.breathing_period_s".to_owned(),
                file.surface.breathing_period_s,
                0.5,
                60.0,
            )?,
            media: collect(&file.medium, MediumFile::check)?,
            layers: layers(&file.layer, &names)?,
            organs: collect(&file.organ, |organ, i| organ.check(i, &names))?,
            ribs: collect(&file.rib, |rib, i| rib.check(i, &names))?,
            media_names: names,
        })
    }
}

fn collect<F, T>(
    files: &[F],
    check: impl Fn(&F, usize) -> Result<T, ModelError>,
) -> Result<Vec<T>, ModelError> {
    files.iter().enumerate().map(|(i, file)| check(file, i)).collect()
}

fn lookup(key: impl FnOnce() -> String, name: &str, names: &[String]) -> Result<u8, ModelError> {
    names
        .iter()
        .position(|n| n == name)
        .and_then(|i| u8::try_from(i).ok())
        .ok_or_else(|| ModelError::UnknownName { key: key(), name: name.to_owned() })
}

fn layers(files: &[LayerFile], names: &[String]) -> Result<Vec<Layer>, ModelError> {
    let mut end_m = 0.0;
    collect(files, |file, i| {
        let key = |field: &str| format!("layer[{i}].{field}");
        within(|| key("thickness_m"), file.thickness_m, 0.0, 0.1)?;
        within(|| key("boundary_db"), file.boundary_db, -100.0, 60.0)?;
        Ok((lookup(|| key("medium"), &file.medium, names)?, file.thickness_m, file.boundary_db))
    })
    .map(|checked| {
        checked
            .into_iter()
            .map(|(medium, thickness_m, boundary_db)| {
                end_m += thickness_m;
                Layer { medium, end_m, boundary_db }
            })
            .collect()
    })
}

impl SurfaceFile {
    fn skin(&self) -> Result<Skin, ModelError> {
        let half_axes = within3("surface.half_axes_m", self.half_axes_m, 0.02, 2.0)?;
        let exponent = within(|| "surface.exponent".to_owned(), self.exponent, 2.0, 6.0)?;
        Ok(Skin { half_axes: Vector3::from(half_axes), exponent })
    }
}

impl MediumFile {
    fn check(&self, i: usize) -> Result<Tissue, ModelError> {
        let key = |field: &str| format!("medium[{i}].{field}");
        Ok(Tissue {
            medium: u8::try_from(i).unwrap_or(u8::MAX),
            impedance: self.impedance,
            echo_db: within(|| key("echo_db"), self.echo_db, -120.0, 40.0)?,
            attenuation_db_cm_mhz: within(
                || key("attenuation_db_cm_mhz"),
                self.attenuation_db_cm_mhz,
                0.0,
                100.0,
            )?,
            texture_db: within(|| key("texture_db"), self.texture_db, 0.0, 30.0)?,
            grain_m: within(|| key("grain_m"), self.grain_m, 0.0, 0.05)?,
        })
    }
}

impl OrganFile {
    fn check(&self, i: usize, names: &[String]) -> Result<Organ, ModelError> {
        let key = |field: &str| format!("organ[{i}].{field}");
        let [x, y, z] = within3(&key("centre_m"), self.centre_m, -2.0, 2.0)?;
        let [roll, pitch, yaw] = within3(&key("rpy_rad"), self.rpy_rad, -10.0, 10.0)?;
        let half_axes = within3(&key("half_axes_m"), self.half_axes_m, 5e-4, 2.0)?;
        Ok(Organ {
            name: self.name.clone(),
            medium: lookup(|| key("medium"), &self.medium, names)?,
            shape: match self.shape {
                ShapeFile::Ellipsoid => Shape::Ellipsoid,
                ShapeFile::Tube => Shape::Tube,
            },
            pose: Isometry3::from_parts(
                Vector3::new(x, y, z).into(),
                UnitQuaternion::from_euler_angles(roll, pitch, yaw),
            ),
            half_axes_m: Vector3::from(half_axes),
            wall_db: within(|| key("wall_db"), self.wall_db, -100.0, 60.0)?,
            pulsation: within(|| key("pulsation"), self.pulsation, 0.0, 0.5)?,
        })
    }
}

impl RibFile {
    fn check(&self, i: usize, names: &[String]) -> Result<Rib, ModelError> {
        let key = |field: &str| format!("rib[{i}].{field}");
        let [depth_min_m, depth_max_m] = self.depth_m;
        within(|| key("depth_m[0]"), depth_min_m, 0.0, 0.1)?;
        within(|| key("depth_m[1]"), depth_max_m, depth_min_m + 1e-4, 0.1)?;
        Ok(Rib {
            medium: lookup(|| key("medium"), &self.medium, names)?,
            y_m: within(|| key("y_m"), self.y_m, -2.0, 2.0)?,
            slope: within(|| key("slope"), self.slope, -3.0, 3.0)?,
            half_width_m: within(|| key("half_width_m"), self.half_width_m, 5e-4, 0.1)?,
            depth_min_m,
            depth_max_m,
            x_min_m: within(|| key("x_min_m"), self.x_min_m, 0.0, 1.0)?,
        })
    }
}
