//! The arm as numbers: joints, limits, drives, and where the probe's tip is.

use nalgebra::{Isometry3, Matrix3, SVector, Translation3, Unit, UnitQuaternion, Vector3};
use serde::Deserialize;

use crate::model_file::{ModelError, count, parse, within, within3};
use crate::rigid::{Body, BodyInertia, Frame, Joint, JointKind, Placement, Tree, check_inertia};

/// Movable joints of the arm. Fixed, so that every vector and matrix of the plant lives on the stack.
pub const JOINTS: usize = 7;

/// One number per joint, base first. Unit: what the name says (rad, rad/s, N·m).
pub type JointVector = SVector<f64, JOINTS>;

const SHIPPED: &str = include_str!("../../models/arm7.toml");

/// A seven-joint arm with a probe in its hand, every number checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmModel {
    name: String,
    joints: [JointModel; JOINTS],
    tip: Isometry3<f64>,
    home_rad: JointVector,
    tree: Tree<JOINTS>,
}

/// One revolute joint with its drive and the link it moves.
#[derive(Debug, Clone, PartialEq)]
pub struct JointModel {
    /// Name, for refusals and for people.
    pub name: String,
    /// Joint frame at zero angle, in the frame of the joint before (the base frame for the first).
    pub origin: Isometry3<f64>,
    /// Axis of rotation in the joint frame.
    pub axis: Unit<Vector3<f64>>,
    /// Least angle. Unit: rad.
    pub lower_rad: f64,
    /// Greatest angle. Unit: rad.
    pub upper_rad: f64,
    /// Greatest speed either way. Unit: rad/s.
    pub velocity_max_rad_s: f64,
    /// Greatest acceleration the drive gives either way. Unit: rad/s².
    pub acceleration_max_rad_s2: f64,
    /// Greatest torque of the drive either way. Unit: N·m.
    pub effort_max_n_m: f64,
    /// Inertia that its servo is tuned for: links and rotor together, at home. Unit: kg·m².
    pub inertia_kg_m2: f64,
    /// Drive torque per angle of error. Unit: N·m/rad.
    pub stiffness_n_m_rad: f64,
    /// Drive torque per speed of error. Unit: N·m·s/rad.
    pub damping_n_m_s_rad: f64,
    /// Dry friction. Unit: N·m.
    pub coulomb_n_m: f64,
    /// Viscous friction. Unit: N·m·s/rad.
    pub viscous_n_m_s_rad: f64,
    /// Inertia of the rotor behind its gear. Unit: kg·m².
    pub armature_kg_m2: f64,
    /// Mass of the link that the joint moves. Unit: kg.
    pub link_mass_kg: f64,
    /// Its centre of mass. Frame: the joint. Unit: m.
    pub link_centre_m: Vector3<f64>,
    /// Its inertia about that, along the axes of the joint frame. Unit: kg·m².
    pub link_inertia_kg_m2: Matrix3<f64>,
}

impl ArmModel {
    /// The arm that ships with the simulator, `models/arm7.toml`.
    ///
    /// Errors: none in a released build; a test reads the file.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::from_toml(SHIPPED)
    }

    /// The arm that a TOML text describes.
    ///
    /// Errors: the key and its range, or the line, of the first thing that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let file: ArmFile = parse(text)?;
        count("joint", file.joint.len(), JOINTS, JOINTS)?;
        count("home_rad", file.home_rad.len(), JOINTS, JOINTS)?;
        let tip = transform("tip", file.tip.xyz_m, file.tip.rpy_rad)?;
        let mut joints = Vec::with_capacity(JOINTS);
        for (i, joint) in file.joint.into_iter().enumerate() {
            joints.push(joint.check(i)?);
        }
        Self::from_parts(file.name, joints, tip, JointVector::from_vec(file.home_rad))
    }

    /// The arm of these parts, its home posture checked against the limits.
    pub(super) fn from_parts(
        name: String,
        joints: Vec<JointModel>,
        tip: Isometry3<f64>,
        home_rad: JointVector,
    ) -> Result<Self, ModelError> {
        let joints: [JointModel; JOINTS] = joints.try_into().map_err(|all: Vec<JointModel>| {
            ModelError::Count { key: "joint", got: all.len(), min: JOINTS, max: JOINTS }
        })?;
        for (i, (joint, angle)) in joints.iter().zip(home_rad.iter()).enumerate() {
            within(|| format!("home_rad[{i}]"), *angle, joint.lower_rad, joint.upper_rad)?;
        }
        let tree = tree(&name, &joints, &tip)?;
        Ok(Self { name, joints, tip, home_rad, tree })
    }

    /// What the file calls the arm.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The joints, base first.
    pub const fn joints(&self) -> &[JointModel; JOINTS] {
        &self.joints
    }

    /// Tip of the probe in the frame of the last joint. Tip frame: +z out of the face, +x lateral.
    pub const fn tip(&self) -> &Isometry3<f64> {
        &self.tip
    }

    /// Posture at power-on. Unit: rad. Inside the limits.
    pub const fn home_rad(&self) -> &JointVector {
        &self.home_rad
    }

    /// The arm as rigid bodies on joints; its frame `tip` is [`ArmModel::tip`].
    pub const fn tree(&self) -> &Tree<JOINTS> {
        &self.tree
    }
}

/// The arm as rigid bodies on joints.
fn tree(
    name: &str,
    joints: &[JointModel; JOINTS],
    tip: &Isometry3<f64>,
) -> Result<Tree<JOINTS>, ModelError> {
    let bodies = joints.iter().enumerate().map(|(i, joint)| Body {
        name: joint.name.clone(),
        parent: i.checked_sub(1),
        placement: Placement::from(&joint.origin),
        joint: Joint {
            name: joint.name.clone(),
            kind: JointKind::Revolute,
            axis: joint.axis,
            lower: joint.lower_rad,
            upper: joint.upper_rad,
            velocity_max: joint.velocity_max_rad_s,
            effort_max: joint.effort_max_n_m,
            damping: joint.viscous_n_m_s_rad,
            coulomb: joint.coulomb_n_m,
            armature: joint.armature_kg_m2,
        },
        inertia: BodyInertia {
            mass_kg: joint.link_mass_kg,
            centre_m: joint.link_centre_m,
            about_centre_kg_m2: joint.link_inertia_kg_m2,
        },
    });
    let tip =
        Frame { name: "tip".to_owned(), body: Some(JOINTS - 1), placement: Placement::from(tip) };
    Ok(Tree::new(name.to_owned(), bodies.collect(), vec![tip])?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArmFile {
    name: String,
    home_rad: Vec<f64>,
    tip: TransformFile,
    joint: Vec<JointFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransformFile {
    xyz_m: [f64; 3],
    rpy_rad: [f64; 3],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JointFile {
    name: String,
    origin_xyz_m: [f64; 3],
    origin_rpy_rad: [f64; 3],
    axis: [f64; 3],
    lower_rad: f64,
    upper_rad: f64,
    velocity_max_rad_s: f64,
    acceleration_max_rad_s2: f64,
    effort_max_n_m: f64,
    inertia_kg_m2: f64,
    stiffness_n_m_rad: f64,
    damping_n_m_s_rad: f64,
    coulomb_n_m: f64,
    viscous_n_m_s_rad: f64,
    armature_kg_m2: f64,
    link_mass_kg: f64,
    link_centre_m: [f64; 3],
    link_inertia_kg_m2: [f64; 6],
}

impl JointFile {
    fn check(self, i: usize) -> Result<JointModel, ModelError> {
        let key = |field: &str| format!("joint[{i}].{field}");
        let origin = transform(&key("origin"), self.origin_xyz_m, self.origin_rpy_rad)?;
        let axis = within3(&key("axis"), self.axis, -1e3, 1e3)?;
        let centre = within3(&key("link_centre_m"), self.link_centre_m, -10.0, 10.0)?;
        let [xx, yy, zz, xy, xz, yz] = self.link_inertia_kg_m2;
        let joint = JointModel {
            origin,
            axis: Unit::try_new(Vector3::from(axis), 1e-6)
                .ok_or_else(|| ModelError::ZeroDirection { key: key("axis") })?,
            name: self.name,
            lower_rad: self.lower_rad,
            upper_rad: self.upper_rad,
            velocity_max_rad_s: self.velocity_max_rad_s,
            acceleration_max_rad_s2: self.acceleration_max_rad_s2,
            effort_max_n_m: self.effort_max_n_m,
            inertia_kg_m2: self.inertia_kg_m2,
            stiffness_n_m_rad: self.stiffness_n_m_rad,
            damping_n_m_s_rad: self.damping_n_m_s_rad,
            coulomb_n_m: self.coulomb_n_m,
            viscous_n_m_s_rad: self.viscous_n_m_s_rad,
            armature_kg_m2: self.armature_kg_m2,
            link_mass_kg: self.link_mass_kg,
            link_centre_m: Vector3::from(centre),
            link_inertia_kg_m2: Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz),
        };
        joint.check(key)?;
        Ok(joint)
    }
}

impl JointModel {
    /// Fails on the first number that the plant could not simulate stably.
    ///
    /// The stiffness bound ties to the inertia: beyond 300 rad/s a drive oscillates faster than the 0.25 ms
    /// sub-step of the servo resolves.
    pub(super) fn check(&self, key: impl Fn(&str) -> String) -> Result<(), ModelError> {
        let limit = 4.0 * std::f64::consts::PI;
        within(|| key("lower_rad"), self.lower_rad, -limit, limit)?;
        within(|| key("upper_rad"), self.upper_rad, self.lower_rad + 1e-3, limit)?;
        within(|| key("velocity_max_rad_s"), self.velocity_max_rad_s, 1e-3, 50.0)?;
        within(|| key("acceleration_max_rad_s2"), self.acceleration_max_rad_s2, 1e-2, 1e4)?;
        within(|| key("effort_max_n_m"), self.effort_max_n_m, 1e-2, 1e4)?;
        let inertia = within(|| key("inertia_kg_m2"), self.inertia_kg_m2, 1e-4, 100.0)?;
        within(|| key("stiffness_n_m_rad"), self.stiffness_n_m_rad, 0.0, inertia * 9e4)?;
        within(|| key("damping_n_m_s_rad"), self.damping_n_m_s_rad, 0.0, inertia * 600.0)?;
        within(|| key("coulomb_n_m"), self.coulomb_n_m, 0.0, self.effort_max_n_m)?;
        within(|| key("viscous_n_m_s_rad"), self.viscous_n_m_s_rad, 0.0, inertia * 600.0)?;
        within(|| key("armature_kg_m2"), self.armature_kg_m2, 0.0, 100.0)?;
        within(|| key("link_mass_kg"), self.link_mass_kg, 0.0, 1e3)?;
        for x in &self.link_inertia_kg_m2 {
            within(|| key("link_inertia_kg_m2"), *x, -1e3, 1e3)?;
        }
        Ok(check_inertia(&self.name, self.link_mass_kg, &self.link_inertia_kg_m2)?)
    }
}

/// The transform of an `xyz` and a roll-pitch-yaw about fixed axes, as URDF defines them.
pub(crate) fn transform(
    key: &str,
    xyz_m: [f64; 3],
    rpy_rad: [f64; 3],
) -> Result<Isometry3<f64>, ModelError> {
    let [x, y, z] = within3(&format!("{key}.xyz_m"), xyz_m, -10.0, 10.0)?;
    let [roll, pitch, yaw] = within3(&format!("{key}.rpy_rad"), rpy_rad, -10.0, 10.0)?;
    Ok(Isometry3::from_parts(
        Translation3::new(x, y, z),
        UnitQuaternion::from_euler_angles(roll, pitch, yaw),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_arm_is_accepted() {
        let arm = ArmModel::shipped().unwrap();
        assert_eq!(arm.name(), "arm7");
    }

    /// The oracles of the dynamics read the URDF; the plant reads this file.
    #[test]
    fn the_two_files_of_the_arm_describe_one_arm() {
        let arm = ArmModel::shipped().unwrap();
        let text = include_str!("../../models/arm7.urdf");
        let (ours, theirs) = (arm.tree(), Tree::<JOINTS>::from_urdf(text).unwrap());
        let tips = (ours.frame("tip").unwrap(), theirs.frame("tip").unwrap());
        for k in 0..50 {
            let q = JointVector::from_fn(|i, _| (f64::from(k) * 0.37 + i as f64).sin() * 2.0);
            let (a, b) = (ours.frame_pose(&q, tips.0), theirs.frame_pose(&q, tips.1));
            assert!((a.to_homogeneous() - b.to_homogeneous()).amax() < 1e-12);
            assert!((ours.mass_matrix(&q) - theirs.mass_matrix(&q)).amax() < 1e-12);
            assert!((ours.gravity_efforts(&q) - theirs.gravity_efforts(&q)).amax() < 1e-12);
        }
        for (a, b) in ours.joints().zip(theirs.joints()) {
            assert_eq!(a, b);
        }
    }

    #[test]
    fn an_inertia_that_no_body_has_is_refused_with_what_to_do() {
        let wrong = SHIPPED.replacen("[0.70337, 0.70661, 0.009117", "[0.70337, 0.70661, 3.0", 1);
        assert_ne!(wrong, SHIPPED);
        let error = ArmModel::from_toml(&wrong).unwrap_err().to_string();
        assert!(
            error.contains("shoulder_pan") && error.contains("about the centre of mass"),
            "{error}"
        );
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let text = SHIPPED.replacen("upper_rad", "uper_rad", 1);
        let line = text.lines().position(|l| l.starts_with("uper_rad")).unwrap() + 1;
        match ArmModel::from_toml(&text) {
            Err(ModelError::Syntax { line: got, message }) => {
                assert_eq!(got, line);
                assert!(message.contains("uper_rad"), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_number_out_of_range_is_refused_with_its_key() {
        let cases = [
            (
                "velocity_max_rad_s = 2.61",
                "velocity_max_rad_s = nan",
                "joint[4].velocity_max_rad_s",
            ),
            ("upper_rad = 1.7628", "upper_rad = -1.8", "joint[1].upper_rad"),
            ("inertia_kg_m2 = 1.45", "inertia_kg_m2 = 0.0", "joint[3].inertia_kg_m2"),
            ("stiffness_n_m_rad = 6120.0", "stiffness_n_m_rad = 1e9", "joint[0].stiffness_n_m_rad"),
            ("armature_kg_m2 = 0.605721456", "armature_kg_m2 = -1.0", "joint[0].armature_kg_m2"),
            ("home_rad = [0.0", "home_rad = [3.0", "home_rad[0]"),
            ("xyz_m = [0.0, 0.0, 0.247]", "xyz_m = [0.0, inf, 0.247]", "tip.xyz_m[1]"),
        ];
        for (from, to, want) in cases {
            assert!(SHIPPED.contains(from), "{from}");
            match ArmModel::from_toml(&SHIPPED.replacen(from, to, 1)) {
                Err(ModelError::Range { key, .. }) => assert_eq!(key, want),
                other => panic!("{want}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_missing_joint_an_axis_without_length_and_a_giant_text_are_refused() {
        let six = &SHIPPED[..SHIPPED.rfind("[[joint]]").unwrap()];
        assert_eq!(
            ArmModel::from_toml(six),
            Err(ModelError::Count { key: "joint", got: 6, min: 7, max: 7 })
        );
        let flat = SHIPPED.replacen("axis = [0.0, 0.0, 1.0]", "axis = [0.0, 0.0, 0.0]", 1);
        assert_eq!(
            ArmModel::from_toml(&flat),
            Err(ModelError::ZeroDirection { key: "joint[0].axis".to_owned() })
        );
        let giant = format!("{SHIPPED}{}", "#".repeat(crate::model_file::MODEL_BYTES_MAX));
        assert!(matches!(ArmModel::from_toml(&giant), Err(ModelError::TooLong { .. })));
    }
}
