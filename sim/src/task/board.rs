//! The board with its pegs and rings.

use super::geometry::{PEGS, Peg, RINGS, pegs};
use super::ring::Ring;

/// The board of the peg transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct PegBoard {
    pegs: [Peg; PEGS],
    rings: [Ring; RINGS],
}

impl Default for PegBoard {
    fn default() -> Self {
        Self::new()
    }
}

impl PegBoard {
    /// The board before a trial: a ring around each peg of the left group.
    pub fn new() -> Self {
        let pegs = pegs();
        let [a, b, c, d, e, f, ..] = &pegs;
        Self { rings: [a, b, c, d, e, f].map(Ring::around), pegs }
    }

    /// The pegs, the left group first.
    pub const fn pegs(&self) -> &[Peg; PEGS] {
        &self.pegs
    }

    /// The rings.
    pub const fn rings(&self) -> &[Ring; RINGS] {
        &self.rings
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
