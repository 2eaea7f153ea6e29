//! Reading URDF, the format robots already ship with: elements in, checked numbers out.
//!
//! One reader for [`crate::arm`] and [`crate::rigid`]: each takes what it needs. Meshes, colours, transmissions and
//! macros are skipped.
//!
//! A URDF is untrusted text: its length and the number of links are bounded, a document type definition is refused
//! (entity expansion), and a loop of links is refused instead of followed.

use std::collections::BTreeMap;

use nalgebra::{Isometry3, Unit, Vector3};
use roxmltree::{Document, Node};
use thiserror::Error;

use crate::arm::JOINTS;
use crate::arm::transform;
use crate::model_file::ModelError;
use crate::rigid::RigidError;

/// Longest URDF text accepted, in bytes. A seven-joint arm with its visuals needs about 30 KiB.
pub const URDF_BYTES_MAX: usize = 256 * 1024;

/// Most links between base and tip.
pub const URDF_LINKS_MAX: usize = 64;

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
    #[error("joint \"{joint}\" is {kind}; expected {expected}")]
    UnsupportedJoint {
        /// Joint.
        joint: String,
        /// Its type.
        kind: String,
        /// Types that can stand there.
        expected: &'static str,
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
    /// The links do not hang together from one link that carries all others.
    #[error("{got} links hang on no joint; expected one, the base: join the others to it")]
    Roots {
        /// Links that no joint moves.
        got: usize,
    },
    /// The numbers do not make an arm that can be simulated.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The bodies do not make a tree that can be simulated.
    #[error(transparent)]
    Rigid(#[from] RigidError),
}

/// The text as a document.
pub(crate) fn document(text: &str) -> Result<Document<'_>, UrdfError> {
    if text.len() > URDF_BYTES_MAX {
        return Err(UrdfError::TooLong { bytes: text.len() });
    }
    Document::parse(text).map_err(|e| UrdfError::Xml { line: e.pos().row, message: e.to_string() })
}

/// The `<robot>` of a document.
pub(crate) fn robot<'a, 'i>(document: &'a Document<'i>) -> Result<Node<'a, 'i>, UrdfError> {
    let robot = document.root_element();
    if robot.tag_name().name() == "robot" {
        Ok(robot)
    } else {
        Err(UrdfError::NotARobot { got: robot.tag_name().name().to_owned() })
    }
}

/// Name of an element, for refusals.
pub(crate) fn name<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("name").unwrap_or("?")
}

/// For each link that a joint moves: the joint, and the link that carries it.
pub(crate) type Parents<'a, 'i> = BTreeMap<&'a str, (Node<'a, 'i>, &'a str)>;

/// What carries each link.
pub(crate) fn parents<'a, 'i>(robot: Node<'a, 'i>) -> Result<Parents<'a, 'i>, UrdfError> {
    let mut parent_of = Parents::new();
    for joint in robot.children().filter(|n| n.has_tag_name("joint")) {
        let link = |element: &'static str| {
            child(joint, element).and_then(|n| n.attribute("link")).ok_or_else(|| {
                UrdfError::Missing { element, joint: name(joint).to_owned(), attribute: "link" }
            })
        };
        if parent_of.insert(link("child")?, (joint, link("parent")?)).is_some() {
            return Err(UrdfError::TwoParents { link: link("child")?.to_owned() });
        }
    }
    Ok(parent_of)
}

/// Range of a joint: that of its `<limit>`; one turn either way where it is continuous, so that cables and numbers
/// stay finite.
pub(crate) fn range(joint: Node<'_, '_>, limit: Node<'_, '_>) -> Result<(f64, f64), UrdfError> {
    if joint.attribute("type") == Some("continuous") {
        return Ok((-std::f64::consts::TAU, std::f64::consts::TAU));
    }
    let name = name(joint);
    Ok((number(limit, "limit", name, "lower")?, number(limit, "limit", name, "upper")?))
}

/// The `<limit>` of a joint.
pub(crate) fn limit<'a, 'i>(joint: Node<'a, 'i>) -> Result<Node<'a, 'i>, UrdfError> {
    child(joint, "limit").ok_or_else(|| UrdfError::Missing {
        element: "joint",
        joint: name(joint).to_owned(),
        attribute: "limit",
    })
}

/// The axis of a joint, in its own frame; +x where none is given.
pub(crate) fn axis(joint: Node<'_, '_>) -> Result<Unit<Vector3<f64>>, UrdfError> {
    let name = name(joint);
    let axis = match child(joint, "axis") {
        Some(axis) => triple(axis, "axis", name, "xyz")?,
        None => [1.0, 0.0, 0.0],
    };
    Unit::try_new(Vector3::from(axis), 1e-6)
        .ok_or_else(|| ModelError::ZeroDirection { key: format!("axis of joint {name}") }.into())
}

/// A number of the `<dynamics>` of a joint; `None` where it is not given.
pub(crate) fn dynamics(
    joint: Node<'_, '_>,
    attribute: &'static str,
) -> Result<Option<f64>, UrdfError> {
    child(joint, "dynamics")
        .filter(|n| n.has_attribute(attribute))
        .map(|n| number(n, "dynamics", name(joint), attribute))
        .transpose()
}

/// The `<origin>` of an element; none is the identity.
pub(crate) fn origin(of: Node<'_, '_>, name: &str) -> Result<Isometry3<f64>, UrdfError> {
    let Some(origin) = child(of, "origin") else {
        return Ok(Isometry3::identity());
    };
    let part = |attribute: &'static str| {
        if origin.has_attribute(attribute) {
            triple(origin, "origin", name, attribute)
        } else {
            Ok([0.0; 3])
        }
    };
    Ok(transform(
        &format!("origin of {} {name}", of.tag_name().name()),
        part("xyz")?,
        part("rpy")?,
    )?)
}

/// The first child element of this name.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
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

/// An attribute that is one finite number.
pub(crate) fn number(
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

/// An attribute that is three finite numbers.
pub(crate) fn triple(
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
