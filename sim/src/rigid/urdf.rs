//! A tree from a URDF with inertials.
//!
//! All links are read. A fixed joint makes one body of two links; each link stays a named frame. Beside what URDF
//! says, `<dynamics>` may hold `armature`: the inertia of the rotor behind its gear (kg·m² or kg), which URDF has no
//! word for and other readers skip.

use std::collections::BTreeMap;

use nalgebra::{Isometry3, Matrix3, SymmetricEigen, Vector3};
use roxmltree::Node;

use super::error::RigidError;
use super::spatial::{BodyInertia, Placement};
use super::tree::{Body, Frame, Joint, JointKind, Tree};
use crate::model_file::within;
use crate::urdf::{
    URDF_LINKS_MAX, UrdfError, axis, child, document, dynamics, limit, name, number, origin,
    parents, range, robot,
};

/// Heaviest link that is read. Unit: kg.
const MASS_MAX_KG: f64 = 1e3;

/// Share by which a principal inertia may exceed the sum of the other two: rounding of published values.
const TRIANGLE_SLACK: f64 = 1e-6;

impl<const N: usize> Tree<N> {
    /// The tree that a URDF text describes; its base link is the world.
    ///
    /// # Errors
    /// What is wrong, naming element and attribute. Bound: [`crate::urdf::URDF_BYTES_MAX`], [`URDF_LINKS_MAX`].
    pub fn from_urdf(text: &str) -> Result<Self, UrdfError> {
        let document = document(text)?;
        let robot = robot(&document)?;
        let mut links = BTreeMap::new();
        for link in robot.children().filter(|n| n.has_tag_name("link")) {
            links.insert(name(link), link);
        }
        let parent_of = parents(robot)?;
        let roots: Vec<&str> =
            links.keys().copied().filter(|link| !parent_of.contains_key(link)).collect();
        let [root] = roots[..] else { return Err(UrdfError::Roots { got: roots.len() }) };
        let mut reader = Reader { links: &links, bodies: Vec::new(), frames: Vec::new() };
        reader.take(root, None, &Placement::identity())?;
        let mut open = vec![root];
        while let Some(link) = open.pop() {
            if reader.frames.len() > URDF_LINKS_MAX {
                return Err(UrdfError::TooDeep);
            }
            // In the order of the text: the first child is the first taken from the stack.
            for joint in robot.children().rev().filter(|n| n.has_tag_name("joint")) {
                let ends = |end| child(joint, end).and_then(|n| n.attribute("link"));
                if let (true, Some(moved)) = (ends("parent") == Some(link), ends("child")) {
                    open.push(moved);
                }
            }
            if let Some(next) = open.last().copied()
                && let Some((joint, carrier)) = parent_of.get(next)
            {
                reader.join(*joint, carrier, next)?;
            }
        }
        if let Some(lost) = links.keys().find(|l| !reader.frames.iter().any(|f| f.name == **l)) {
            return Err(UrdfError::Loop { link: (*lost).to_owned() });
        }
        let name = robot.attribute("name").unwrap_or("unnamed").to_owned();
        Ok(Self::new(name, reader.bodies, reader.frames)?)
    }
}

/// What has been read so far.
struct Reader<'r, 'a, 'i> {
    links: &'r BTreeMap<&'a str, Node<'a, 'i>>,
    bodies: Vec<Body>,
    frames: Vec<Frame>,
}

impl Reader<'_, '_, '_> {
    /// Adds a link that is fixed to a body, or to the world.
    fn take(
        &mut self,
        link: &str,
        body: Option<usize>,
        placement: &Placement,
    ) -> Result<(), UrdfError> {
        let inertia = match self.links.get(link) {
            Some(node) => inertial(*node)?,
            None => BodyInertia::zero(),
        };
        // What is fixed to the world never moves.
        if let Some(body) = body.and_then(|i| self.bodies.get_mut(i)) {
            body.inertia = body.inertia.with(&inertia.moved(placement));
        }
        self.frames.push(Frame { name: link.to_owned(), body, placement: *placement });
        Ok(())
    }

    /// Adds a link with the joint that carries it.
    fn join(&mut self, joint: Node<'_, '_>, carrier: &str, link: &str) -> Result<(), UrdfError> {
        let Some(on) = self.frames.iter().find(|frame| frame.name == carrier) else {
            return Err(UrdfError::Loop { link: link.to_owned() });
        };
        let (parent, placement) =
            (on.body, on.placement.then(&Placement::from(&origin(joint, name(joint))?)));
        if joint.attribute("type") == Some("fixed") {
            return self.take(link, parent, &placement);
        }
        self.bodies.push(Body {
            name: link.to_owned(),
            parent,
            placement,
            joint: movable(joint)?,
            inertia: BodyInertia::zero(),
        });
        self.take(link, Some(self.bodies.len() - 1), &Placement::identity())
    }
}

fn movable(node: Node<'_, '_>) -> Result<Joint, UrdfError> {
    let unsupported = |kind: &str| UrdfError::UnsupportedJoint {
        joint: name(node).to_owned(),
        kind: kind.to_owned(),
        expected: "revolute, continuous, prismatic or fixed, and no mimic",
    };
    let kind = match node.attribute("type") {
        _ if child(node, "mimic").is_some() => return Err(unsupported("a mimic")),
        Some("revolute" | "continuous") => JointKind::Revolute,
        Some("prismatic") => JointKind::Prismatic,
        kind => return Err(unsupported(kind.unwrap_or("without type"))),
    };
    let limit = limit(node)?;
    let joint = name(node);
    let (lower, upper) = range(node, limit)?;
    let key = |field: &str| format!("{field} of joint {joint}");
    let bounded = |field: &'static str, min: f64, max: f64, value: f64| {
        within(|| key(field), value, min, max)
    };
    let dynamic = |field: &'static str| {
        dynamics(node, field).and_then(|x| Ok(bounded(field, 0.0, 1e6, x.unwrap_or(0.0))?))
    };
    Ok(Joint {
        name: joint.to_owned(),
        kind,
        axis: axis(node)?,
        lower: bounded("lower", -100.0, 100.0, lower)?,
        upper: bounded("upper", lower, 100.0, upper)?,
        velocity_max: bounded("velocity", 1e-3, 1e3, number(limit, "limit", joint, "velocity")?)?,
        effort_max: bounded("effort", 1e-3, 1e6, number(limit, "limit", joint, "effort")?)?,
        damping: dynamic("damping")?,
        coulomb: dynamic("friction")?,
        armature: dynamic("armature")?,
    })
}

/// Mass of a link in its own frame; none where it has no `<inertial>`.
pub(crate) fn inertial(link: Node<'_, '_>) -> Result<BodyInertia, UrdfError> {
    let Some(node) = child(link, "inertial") else { return Ok(BodyInertia::zero()) };
    let owner = name(link);
    let missing = |attribute: &'static str| UrdfError::Missing {
        element: "inertial",
        joint: owner.to_owned(),
        attribute,
    };
    let mass = child(node, "mass").ok_or_else(|| missing("mass"))?;
    let mass_kg = within(
        || format!("mass of link {owner}"),
        number(mass, "mass", owner, "value")?,
        0.0,
        MASS_MAX_KG,
    )?;
    let of = child(node, "inertia").ok_or_else(|| missing("inertia"))?;
    let entry = |which: &'static str| number(of, "inertia", owner, which);
    let (xx, xy, xz) = (entry("ixx")?, entry("ixy")?, entry("ixz")?);
    let (yy, yz, zz) = (entry("iyy")?, entry("iyz")?, entry("izz")?);
    let about = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
    check_inertia(owner, mass_kg, &about)?;
    let body = BodyInertia { mass_kg, centre_m: Vector3::zeros(), about_centre_kg_m2: about };
    let at: Isometry3<f64> = origin(node, owner)?;
    Ok(body.moved(&Placement::from(&at)))
}

/// Fails on what no mass distribution has: a negative principal inertia, or one above the sum of the other two.
pub(crate) fn check_inertia(
    link: &str,
    mass_kg: f64,
    about: &Matrix3<f64>,
) -> Result<(), RigidError> {
    let mut principal: Vec<f64> = SymmetricEigen::new(*about).eigenvalues.iter().copied().collect();
    principal.sort_by(f64::total_cmp);
    let [least, middle, most] = principal[..] else { return Ok(()) };
    let refuse = |what, got, expected, fix| {
        Err(RigidError::NotABody { what, link: link.to_owned(), got, expected, fix })
    };
    // Written so that NaN fails.
    if !(least >= -TRIANGLE_SLACK * most) {
        let fix = "look for a wrong sign in <inertia>";
        return refuse("the least principal inertia", least, "at least 0", fix);
    }
    if !(most <= (least + middle) * (1.0 + TRIANGLE_SLACK)) {
        let fix = "give <inertia> about the centre of mass, along the axes of the <inertial> frame";
        return refuse(
            "the greatest principal inertia",
            most,
            "at most the other two together",
            fix,
        );
    }
    if mass_kg <= 0.0 && most > 0.0 {
        return refuse("the mass", mass_kg, "above 0 where there is inertia", "give a <mass>");
    }
    Ok(())
}
