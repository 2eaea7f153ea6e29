//! An arm from a URDF text, the format robots already ship with.
//!
//! What is read: the chain of joints from a base link to a tip link, with origin, axis, range, speed and effort
//! limits, and link masses. What URDF does not say (inertia the drive feels, servo, friction, acceleration) is
//! derived from the masses and from [`UrdfDefaults`].

use std::collections::BTreeMap;

use nalgebra::{Isometry3, Vector3};
use roxmltree::Node;

use super::model::{ArmModel, JOINTS, JointModel, JointVector};
use crate::urdf::{
    URDF_LINKS_MAX, UrdfError, axis, child, document, dynamics, limit, name, number, origin,
    parents, range, robot,
};

/// What a URDF leaves unsaid about the drives.
#[derive(Debug, Clone, PartialEq)]
pub struct UrdfDefaults {
    /// Inertia of a rotor behind its gear, added to that of the links. Unit: kg·m².
    pub rotor_inertia_kg_m2: f64,
    /// Bandwidth of each servo; stiffness follows from it and the inertia. Unit: rad/s.
    pub servo_rad_s: f64,
    /// Damping ratio of each servo. 1 is critical.
    pub damping_ratio: f64,
    /// Greatest acceleration of every joint. Unit: rad/s².
    pub acceleration_max_rad_s2: f64,
    /// Dry friction as a part of the effort limit, where `<dynamics friction>` is absent.
    pub coulomb_per_effort: f64,
    /// Posture at power-on. Unit: rad. Moved into the limits where it lies outside.
    pub home_rad: JointVector,
}

impl Default for UrdfDefaults {
    fn default() -> Self {
        Self {
            rotor_inertia_kg_m2: 0.05,
            servo_rad_s: 60.0,
            damping_ratio: 1.0,
            acceleration_max_rad_s2: 7.5,
            coulomb_per_effort: 0.004,
            home_rad: JointVector::zeros(),
        }
    }
}

impl ArmModel {
    /// The arm between two links of a URDF. The tip link's frame is the probe's: +z out of the face, +x lateral.
    ///
    /// Errors: what is wrong, naming element and attribute. Bound: [`crate::urdf::URDF_BYTES_MAX`],
    /// [`URDF_LINKS_MAX`].
    pub fn from_urdf(
        text: &str,
        base_link: &str,
        tip_link: &str,
        defaults: &UrdfDefaults,
    ) -> Result<Self, UrdfError> {
        let document = document(text)?;
        let robot = robot(&document)?;
        let chain = chain(robot, base_link, tip_link)?;
        let masses = masses(robot)?;
        let (mut joints, mut fixed) = (Vec::new(), Isometry3::identity());
        for node in chain {
            let origin = fixed * origin(node, name(node))?;
            if node.attribute("type") == Some("fixed") {
                fixed = origin;
            } else {
                fixed = Isometry3::identity();
                joints.push(read_joint(node, origin, &masses, defaults)?);
            }
        }
        if joints.len() != JOINTS {
            return Err(UrdfError::JointCount { got: joints.len() });
        }
        let mut home_rad = defaults.home_rad;
        for (angle, joint) in home_rad.iter_mut().zip(&joints) {
            *angle = angle.max(joint.lower_rad).min(joint.upper_rad);
        }
        set_drives(&mut joints, &fixed, &home_rad, defaults)?;
        let name = robot.attribute("name").unwrap_or("unnamed").to_owned();
        Ok(Self::from_parts(name, joints, fixed, home_rad)?)
    }
}

/// Joint elements from base to tip.
fn chain<'a, 'i>(
    robot: Node<'a, 'i>,
    base_link: &str,
    tip_link: &str,
) -> Result<Vec<Node<'a, 'i>>, UrdfError> {
    let parent_of = parents(robot)?;
    let mut chain = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut link = tip_link;
    while link != base_link {
        if !seen.insert(link) {
            return Err(UrdfError::Loop { link: link.to_owned() });
        }
        if chain.len() == URDF_LINKS_MAX {
            return Err(UrdfError::TooDeep);
        }
        let (joint, parent) = parent_of.get(link).ok_or_else(|| UrdfError::NoChain {
            base: base_link.to_owned(),
            tip: tip_link.to_owned(),
        })?;
        chain.push(*joint);
        link = parent;
    }
    chain.reverse();
    Ok(chain)
}

/// Mass per link, where an `<inertial>` says so. Unit: kg.
fn masses(robot: Node<'_, '_>) -> Result<BTreeMap<String, f64>, UrdfError> {
    let mut masses = BTreeMap::new();
    for link in robot.children().filter(|n| n.has_tag_name("link")) {
        if let Some(mass) = child(link, "inertial").and_then(|n| child(n, "mass")) {
            masses.insert(name(link).to_owned(), number(mass, "mass", name(link), "value")?);
        }
    }
    Ok(masses)
}

fn read_joint(
    node: Node<'_, '_>,
    origin: Isometry3<f64>,
    masses: &BTreeMap<String, f64>,
    defaults: &UrdfDefaults,
) -> Result<JointModel, UrdfError> {
    let limit = limit(node)?;
    if !matches!(node.attribute("type"), Some("revolute" | "continuous")) {
        return Err(UrdfError::UnsupportedJoint {
            joint: name(node).to_owned(),
            kind: node.attribute("type").unwrap_or("without type").to_owned(),
            expected: "revolute, continuous or fixed",
        });
    }
    let (lower_rad, upper_rad) = range(node, limit)?;
    let axis = axis(node)?;
    let effort_max_n_m = number(limit, "limit", name(node), "effort")?;
    let coulomb_n_m = dynamics(node, "friction")?;
    let moved = child(node, "child").and_then(|n| n.attribute("link")).unwrap_or("?");
    Ok(JointModel {
        name: name(node).to_owned(),
        origin,
        axis,
        lower_rad,
        upper_rad,
        velocity_max_rad_s: number(limit, "limit", name(node), "velocity")?,
        acceleration_max_rad_s2: defaults.acceleration_max_rad_s2,
        effort_max_n_m,
        inertia_kg_m2: defaults.rotor_inertia_kg_m2,
        stiffness_n_m_rad: 0.0,
        damping_n_m_s_rad: 0.0,
        coulomb_n_m: coulomb_n_m.unwrap_or(effort_max_n_m * defaults.coulomb_per_effort),
        viscous_n_m_s_rad: dynamics(node, "damping")?.unwrap_or(0.0),
        link_mass_kg: masses.get(moved).copied().unwrap_or(0.0),
    })
}

/// Inertia, stiffness and damping of each joint from the masses beyond it, in the home posture.
///
/// Each link counts as a point half-way to the next joint: coarse, but of the right size and always positive.
fn set_drives(
    joints: &mut [JointModel],
    tip: &Isometry3<f64>,
    home_rad: &JointVector,
    defaults: &UrdfDefaults,
) -> Result<(), UrdfError> {
    let mut frames = Vec::with_capacity(joints.len() + 1);
    let mut pose = Isometry3::identity();
    for (joint, angle) in joints.iter().zip(home_rad.iter()) {
        pose *= joint.origin * nalgebra::UnitQuaternion::from_axis_angle(&joint.axis, *angle);
        frames.push(pose);
    }
    frames.push(pose * tip);
    let centres: Vec<(Vector3<f64>, f64)> = frames
        .iter()
        .zip(frames.iter().skip(1))
        .zip(joints.iter())
        .map(|((a, b), j)| (0.5 * (a.translation.vector + b.translation.vector), j.link_mass_kg))
        .collect();
    for (i, (joint, frame)) in joints.iter_mut().zip(&frames).enumerate() {
        let axis = frame.rotation * joint.axis.into_inner();
        let links: f64 = centres
            .iter()
            .skip(i)
            .map(|(at, mass)| mass * axis.cross(&(at - frame.translation.vector)).norm_squared())
            .sum();
        let inertia = defaults.rotor_inertia_kg_m2 + links;
        joint.inertia_kg_m2 = inertia;
        joint.stiffness_n_m_rad = inertia * defaults.servo_rad_s.powi(2);
        joint.damping_n_m_s_rad = 2.0 * defaults.damping_ratio * inertia * defaults.servo_rad_s;
        let name = joint.name.clone();
        joint.check(|field| format!("{field} of joint {name}"))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "urdf_tests.rs"]
mod tests;
