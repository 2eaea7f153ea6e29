//! Why bodies and joints do not make a tree that can be simulated.

use thiserror::Error;

use super::INERTIA_MIN;

/// Why a tree was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RigidError {
    /// Another number of movable joints than the tree is made for.
    #[error("{got} movable joints; expected {expected}: fix or remove the others")]
    JointCount {
        /// Found.
        got: usize,
        /// Expected.
        expected: usize,
    },
    /// A body comes before the one that carries it.
    #[error("body \"{body}\" comes before its parent: list parents first")]
    Order {
        /// Body.
        body: String,
    },
    /// No frame has this name, or it is on no body.
    #[error("no body carries a frame \"{name}\": give the name of a link")]
    UnknownFrame {
        /// Name asked for.
        name: String,
    },
    /// A joint moves nothing that resists.
    #[error(
        "joint \"{joint}\" moves an inertia of {got}; expected at least {INERTIA_MIN}: give a link beyond it an \
         <inertial>, or the joint an armature"
    )]
    NoInertia {
        /// Joint.
        joint: String,
        /// Inertia that it moves at coordinates 0. Unit: kg·m² or kg.
        got: f64,
    },
    /// A mass or an inertia that no body has.
    #[error("{what} of link \"{link}\" is {got}; expected {expected}: {fix}")]
    NotABody {
        /// Which number.
        what: &'static str,
        /// Link.
        link: String,
        /// Its value.
        got: f64,
        /// What a body has.
        expected: &'static str,
        /// What to do.
        fix: &'static str,
    },
}
