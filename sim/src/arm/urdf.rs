//! An arm from a URDF text, the format robots already ship with.
//!
//! What is read: the chain of joints from a base link to a tip link, with origin, axis, range, speed and effort
//! limits, and the links' inertias. What URDF does not say (inertia the drive is tuned for, servo, friction,
//! acceleration) is derived from them and from [`UrdfDefaults`].

use std::collections::BTreeMap;

use nalgebra::Isometry3;
use roxmltree::Node;

use super::model::{ArmModel, JOINTS, JointModel, JointVector};
use crate::rigid::{BodyInertia, Placement, inertial};
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
        let links = links(robot)?;
        let (mut joints, mut fixed) = (Vec::<JointModel>::new(), Isometry3::identity());
        let mut unplaced = Vec::new();
        for node in chain {
            let origin = fixed * origin(node, name(node))?;
            let moved = child(node, "child").and_then(|n| n.attribute("link")).unwrap_or("?");
            let link = links.get(moved);
            if node.attribute("type") == Some("fixed") {
                fixed = origin;
                if let (Some(link), Some(joint)) = (link, joints.last_mut()) {
                    carry(joint, &link.inertia.moved(&Placement::from(&fixed)));
                }
            } else {
                fixed = Isometry3::identity();
                joints.push(read_joint(node, origin, link, defaults)?);
                unplaced.push(link.is_some_and(|link| !link.placed));
            }
        }
        if joints.len() != JOINTS {
            return Err(UrdfError::JointCount { got: joints.len() });
        }
        let mut home_rad = defaults.home_rad;
        for (angle, joint) in home_rad.iter_mut().zip(&joints) {
            *angle = angle.max(joint.lower_rad).min(joint.upper_rad);
        }
        place(&mut joints, &unplaced, &fixed);
        set_drives(&mut joints, &home_rad, defaults)?;
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

/// What is known of a link's mass.
struct LinkMass {
    inertia: BodyInertia,
    /// False where only the mass is known.
    placed: bool,
}

/// The masses of all links that have one.
fn links(robot: Node<'_, '_>) -> Result<BTreeMap<String, LinkMass>, UrdfError> {
    let mut links = BTreeMap::new();
    for link in robot.children().filter(|n| n.has_tag_name("link")) {
        let Some(node) = child(link, "inertial") else { continue };
        let known = if child(node, "inertia").is_some() {
            LinkMass { inertia: inertial(link)?, placed: true }
        } else if let Some(mass) = child(node, "mass") {
            let mass_kg = number(mass, "mass", name(link), "value")?;
            let centre_m = origin(node, name(link))?.translation.vector;
            let inertia = BodyInertia { mass_kg, centre_m, ..BodyInertia::zero() };
            LinkMass { inertia, placed: child(node, "origin").is_some() }
        } else {
            continue;
        };
        links.insert(name(link).to_owned(), known);
    }
    Ok(links)
}

/// Puts each link of which only the mass is known half-way to the next joint, as a point: coarse, but of the right
/// size.
fn place(joints: &mut [JointModel], unplaced: &[bool], tip: &Isometry3<f64>) {
    let ends: Vec<_> = joints.iter().skip(1).map(|j| j.origin).chain([*tip]).collect();
    for ((joint, unplaced), end) in joints.iter_mut().zip(unplaced).zip(ends) {
        if *unplaced {
            joint.link_centre_m += end.translation.vector * 0.5;
        }
    }
}

/// Adds what is fixed to the link of a joint.
fn carry(joint: &mut JointModel, more: &BodyInertia) {
    let own = BodyInertia {
        mass_kg: joint.link_mass_kg,
        centre_m: joint.link_centre_m,
        about_centre_kg_m2: joint.link_inertia_kg_m2,
    };
    let both = own.with(more);
    joint.link_mass_kg = both.mass_kg;
    joint.link_centre_m = both.centre_m;
    joint.link_inertia_kg_m2 = both.about_centre_kg_m2;
}

fn read_joint(
    node: Node<'_, '_>,
    origin: Isometry3<f64>,
    link: Option<&LinkMass>,
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
    let link = link.map_or_else(BodyInertia::zero, |link| link.inertia);
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
        armature_kg_m2: dynamics(node, "armature")?.unwrap_or(defaults.rotor_inertia_kg_m2),
        link_mass_kg: link.mass_kg,
        link_centre_m: link.centre_m,
        link_inertia_kg_m2: link.about_centre_kg_m2,
    })
}

/// Inertia, stiffness and damping of each joint from the links beyond it, in the home posture.
fn set_drives(
    joints: &mut [JointModel],
    home_rad: &JointVector,
    defaults: &UrdfDefaults,
) -> Result<(), UrdfError> {
    let mut frames = Vec::with_capacity(joints.len());
    let mut pose = Isometry3::identity();
    for (joint, angle) in joints.iter().zip(home_rad.iter()) {
        pose *= joint.origin * nalgebra::UnitQuaternion::from_axis_angle(&joint.axis, *angle);
        frames.push(pose);
    }
    let links: Vec<BodyInertia> = frames
        .iter()
        .zip(joints.iter())
        .map(|(frame, joint)| {
            let link = BodyInertia {
                mass_kg: joint.link_mass_kg,
                centre_m: joint.link_centre_m,
                about_centre_kg_m2: joint.link_inertia_kg_m2,
            };
            link.moved(&Placement::from(frame))
        })
        .collect();
    for (i, (joint, frame)) in joints.iter_mut().zip(&frames).enumerate() {
        let axis = frame.rotation * joint.axis.into_inner();
        let beyond: f64 = links
            .iter()
            .skip(i)
            .map(|link| {
                let arm = axis.cross(&(link.centre_m - frame.translation.vector));
                link.mass_kg * arm.norm_squared() + axis.dot(&(link.about_centre_kg_m2 * axis))
            })
            .sum();
        let inertia = joint.armature_kg_m2 + beyond;
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
