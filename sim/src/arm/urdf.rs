//! An arm from a URDF text, the format robots already ship with.
//!
//! What is read: the chain of joints from a base link to a tip link, with origin, axis, range, speed and effort
//! limits, and link masses. What URDF does not say (inertia the drive feels, servo, friction, acceleration) is
//! derived from the masses and from [`UrdfDefaults`]. Meshes, colours, transmissions and macros are skipped.
//!
//! A URDF is untrusted text: its length and the number of links are bounded, a document type definition is
//! refused (entity expansion), and a loop of links is refused instead of followed.

use std::collections::BTreeMap;

use nalgebra::{Isometry3, Unit, Vector3};
use roxmltree::{Document, Node};
use thiserror::Error;

use super::model::{ArmModel, JOINTS, JointModel, JointVector, transform};
use crate::model_file::ModelError;

/// Longest URDF text accepted, in bytes. A seven-joint arm with its visuals needs about 30 KiB.
pub const URDF_BYTES_MAX: usize = 256 * 1024;

/// Most links between base and tip.
pub const URDF_LINKS_MAX: usize = 64;

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

/// Why a URDF was refused: the element, its name, the attribute.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum UrdfError {
    /// The text is longer than [`URDF_BYTES_MAX`].
    #[error("the URDF is {bytes} bytes long; at most {URDF_BYTES_MAX} are read")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
    /// Not well-formed XML, or XML that is refused (a document type definition).
    #[error("line {line}: {message}")]
    Xml {
        /// Line in the text, from 1.
        line: u32,
        /// What the parser found.
        message: String,
    },
    /// The outermost element is not `<robot>`.
    #[error("the outermost element is <{got}>; expected <robot>")]
    NotARobot {
        /// Its name.
        got: String,
    },
    /// An attribute or element is missing.
    #[error("<{element}> of joint \"{joint}\" has no {attribute}")]
    Missing {
        /// Element that lacks it.
        element: &'static str,
        /// Joint or link it belongs to.
        joint: String,
        /// What is missing.
        attribute: &'static str,
    },
    /// An attribute does not hold the numbers it should.
    #[error("{attribute}=\"{got}\" of <{element}> at \"{joint}\": expected {expected}")]
    BadNumber {
        /// Element.
        element: &'static str,
        /// Joint or link it belongs to.
        joint: String,
        /// Attribute.
        attribute: &'static str,
        /// Text that was found.
        got: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A joint on the way to the tip is of a kind that the arm can not have.
    #[error("joint \"{joint}\" is {kind}; expected revolute, continuous or fixed")]
    UnsupportedJoint {
        /// Joint.
        joint: String,
        /// Its type.
        kind: String,
    },
    /// Two joints move the same link.
    #[error("link \"{link}\" is the child of two joints")]
    TwoParents {
        /// Link.
        link: String,
    },
    /// The links above the tip form a loop.
    #[error("link \"{link}\" is its own ancestor")]
    Loop {
        /// Link where the loop closed.
        link: String,
    },
    /// More than [`URDF_LINKS_MAX`] links from base to tip.
    #[error("more than {URDF_LINKS_MAX} links between base and tip")]
    TooDeep,
    /// No chain leads from the base link to the tip link.
    #[error("no chain of joints leads from \"{base}\" to \"{tip}\"")]
    NoChain {
        /// Base link asked for.
        base: String,
        /// Tip link asked for.
        tip: String,
    },
    /// The chain does not have [`JOINTS`] movable joints.
    #[error("the chain has {got} movable joints; expected {JOINTS}")]
    JointCount {
        /// Movable joints found.
        got: usize,
    },
    /// The numbers do not make an arm that can be simulated.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl ArmModel {
    /// The arm between two links of a URDF. The tip link's frame is the probe's: +z out of the face, +x lateral.
    ///
    /// Errors: what is wrong, naming element and attribute. Bound: [`URDF_BYTES_MAX`], [`URDF_LINKS_MAX`].
    pub fn from_urdf(
        text: &str,
        base_link: &str,
        tip_link: &str,
        defaults: &UrdfDefaults,
    ) -> Result<Self, UrdfError> {
        if text.len() > URDF_BYTES_MAX {
            return Err(UrdfError::TooLong { bytes: text.len() });
        }
        let document = Document::parse(text)
            .map_err(|e| UrdfError::Xml { line: e.pos().row, message: e.to_string() })?;
        let robot = document.root_element();
        if robot.tag_name().name() != "robot" {
            return Err(UrdfError::NotARobot { got: robot.tag_name().name().to_owned() });
        }
        let chain = chain(robot, base_link, tip_link)?;
        let masses = masses(robot)?;
        let (mut joints, mut fixed) = (Vec::new(), Isometry3::identity());
        for node in chain {
            let name = node.attribute("name").unwrap_or("?");
            let origin = fixed * origin(node, name)?;
            if node.attribute("type") == Some("fixed") {
                fixed = origin;
            } else {
                fixed = Isometry3::identity();
                joints.push(read_joint(node, name, origin, &masses, defaults)?);
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
    let mut parent_of: BTreeMap<&str, (Node<'a, 'i>, &str)> = BTreeMap::new();
    for joint in robot.children().filter(|n| n.has_tag_name("joint")) {
        let name = joint.attribute("name").unwrap_or("?");
        let link = |element: &'static str| {
            child(joint, element).and_then(|n| n.attribute("link")).ok_or_else(|| {
                UrdfError::Missing { element, joint: name.to_owned(), attribute: "link" }
            })
        };
        if parent_of.insert(link("child")?, (joint, link("parent")?)).is_some() {
            return Err(UrdfError::TwoParents { link: link("child")?.to_owned() });
        }
    }
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
        let name = link.attribute("name").unwrap_or("?");
        if let Some(mass) = child(link, "inertial").and_then(|n| child(n, "mass")) {
            masses.insert(name.to_owned(), number(mass, "mass", name, "value")?);
        }
    }
    Ok(masses)
}

fn read_joint(
    node: Node<'_, '_>,
    name: &str,
    origin: Isometry3<f64>,
    masses: &BTreeMap<String, f64>,
    defaults: &UrdfDefaults,
) -> Result<JointModel, UrdfError> {
    let limit = child(node, "limit").ok_or_else(|| UrdfError::Missing {
        element: "joint",
        joint: name.to_owned(),
        attribute: "limit",
    })?;
    let (lower_rad, upper_rad) = match node.attribute("type") {
        Some("revolute") => {
            (number(limit, "limit", name, "lower")?, number(limit, "limit", name, "upper")?)
        }
        // A continuous joint has no range; one turn either way keeps cables and numbers finite.
        Some("continuous") => (-std::f64::consts::TAU, std::f64::consts::TAU),
        kind => {
            return Err(UrdfError::UnsupportedJoint {
                joint: name.to_owned(),
                kind: kind.unwrap_or("without type").to_owned(),
            });
        }
    };
    let axis = match child(node, "axis") {
        Some(axis) => triple(axis, "axis", name, "xyz")?,
        None => [1.0, 0.0, 0.0],
    };
    let axis = Unit::try_new(Vector3::from(axis), 1e-6)
        .ok_or_else(|| ModelError::ZeroDirection { key: format!("axis of joint {name}") })?;
    let effort_max_n_m = number(limit, "limit", name, "effort")?;
    let dynamics = child(node, "dynamics");
    let friction = |attribute: &'static str, absent: f64| match dynamics {
        Some(n) if n.has_attribute(attribute) => number(n, "dynamics", name, attribute),
        _ => Ok(absent),
    };
    let moved = child(node, "child").and_then(|n| n.attribute("link")).unwrap_or("?");
    Ok(JointModel {
        name: name.to_owned(),
        origin,
        axis,
        lower_rad,
        upper_rad,
        velocity_max_rad_s: number(limit, "limit", name, "velocity")?,
        acceleration_max_rad_s2: defaults.acceleration_max_rad_s2,
        effort_max_n_m,
        inertia_kg_m2: defaults.rotor_inertia_kg_m2,
        stiffness_n_m_rad: 0.0,
        damping_n_m_s_rad: 0.0,
        coulomb_n_m: friction("friction", effort_max_n_m * defaults.coulomb_per_effort)?,
        viscous_n_m_s_rad: friction("damping", 0.0)?,
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

fn origin(joint: Node<'_, '_>, name: &str) -> Result<Isometry3<f64>, UrdfError> {
    let Some(origin) = child(joint, "origin") else {
        return Ok(Isometry3::identity());
    };
    let part = |attribute: &'static str| {
        if origin.has_attribute(attribute) {
            triple(origin, "origin", name, attribute)
        } else {
            Ok([0.0; 3])
        }
    };
    Ok(transform(&format!("origin of joint {name}"), part("xyz")?, part("rpy")?)?)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|n| n.has_tag_name(name))
}

fn attribute<'a>(
    node: Node<'a, '_>,
    element: &'static str,
    joint: &str,
    attribute: &'static str,
) -> Result<&'a str, UrdfError> {
    node.attribute(attribute).ok_or_else(|| UrdfError::Missing {
        element,
        joint: joint.to_owned(),
        attribute,
    })
}

fn number(
    node: Node<'_, '_>,
    element: &'static str,
    joint: &str,
    name: &'static str,
) -> Result<f64, UrdfError> {
    let text = attribute(node, element, joint, name)?;
    text.trim().parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| UrdfError::BadNumber {
        element,
        joint: joint.to_owned(),
        attribute: name,
        got: text.to_owned(),
        expected: "one finite number",
    })
}

fn triple(
    node: Node<'_, '_>,
    element: &'static str,
    joint: &str,
    name: &'static str,
) -> Result<[f64; 3], UrdfError> {
    let text = attribute(node, element, joint, name)?;
    let numbers: Vec<f64> = text
        .split_ascii_whitespace()
        .map_while(|word| word.parse().ok().filter(|x: &f64| x.is_finite()))
        .collect();
    let words = text.split_ascii_whitespace().count();
    <[f64; 3]>::try_from(numbers).ok().filter(|_| words == 3).ok_or_else(|| UrdfError::BadNumber {
        element,
        joint: joint.to_owned(),
        attribute: name,
        got: text.to_owned(),
        expected: "three finite numbers",
    })
}

#[cfg(test)]
#[path = "urdf_tests.rs"]
mod tests;
