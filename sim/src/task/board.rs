//! The board with its pegs and rings, and one step of all of it.

use nalgebra::Vector3;
use protocol::ARMS;

use super::contact::{Scene, touch};
use super::geometry::{Group, PEGS, Peg, RINGS, pegs};
use super::ring::{Hand, Moment, Ring, Seat};
use super::score::Score;
use super::tool::{Reaction, Tool};

/// The board of the peg transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct PegBoard {
    pegs: [Peg; PEGS],
    rings: [Ring; RINGS],
    /// Whether a wall fitted between the fingers of each arm after the last step.
    was_wide: [bool; ARMS],
    score: Score,
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
        let mut number = 0;
        let rings = [a, b, c, d, e, f].map(|peg| {
            number += 1;
            Ring::on(peg, number - 1)
        });
        Self { pegs, rings, was_wide: [false; ARMS], score: Score::new() }
    }

    /// The pegs, the left group first.
    pub const fn pegs(&self) -> &[Peg; PEGS] {
        &self.pegs
    }

    /// The rings. The first lies on the first peg, and so on.
    pub const fn rings(&self) -> &[Ring; RINGS] {
        &self.rings
    }

    /// How it goes.
    pub const fn score(&self) -> &Score {
        &self.score
    }

    /// Rings that rest on pegs of the group.
    pub fn on(&self, group: Group) -> usize {
        let on = |ring: &&Ring| match ring.seat() {
            Some(Seat::Peg(peg)) => self.pegs.get(peg).is_some_and(|peg| peg.group == group),
            _ => false,
        };
        self.rings.iter().filter(on).count()
    }

    /// Moves rings on by `dt_s` under two instruments; what these feel. No allocation; about 1 µs.
    ///
    /// An instrument that is not finite touches nothing and holds nothing.
    pub fn step(&mut self, tools: &[Tool; ARMS], dt_s: f64) -> [Reaction; ARMS] {
        let mut reactions = [Reaction::none(); ARMS];
        if !(dt_s > 0.0 && dt_s.is_finite()) {
            return reactions;
        }
        self.score.elapsed_s += dt_s;
        let stacks = self.stacks();
        let scene = Scene { pegs: &self.pegs, stacks: &stacks };
        let mut arm = 0;
        let mut hands = tools.map(|tool| {
            let busy = self.rings.iter().any(|ring| ring.is_held_by(arm));
            let was_wide = self.was_wide.get(arm).copied().unwrap_or(false);
            arm += 1;
            let tool = if is_finite(&tool) { tool } else { away() };
            Hand { tool, closes: was_wide && !tool.is_wider_than_a_wall(), busy }
        });
        for (arm, (hand, reaction)) in hands.iter().zip(&mut reactions).enumerate() {
            *reaction = touch(&hand.tool, &scene, &self.rings, arm);
        }
        for ring in &mut self.rings {
            ring.step(&mut Moment {
                scene: &scene,
                hands: &mut hands,
                reactions: &mut reactions,
                score: &mut self.score,
                dt_s,
            });
        }
        for (was, hand) in self.was_wide.iter_mut().zip(&hands) {
            *was = hand.tool.is_wider_than_a_wall();
        }
        for reaction in &reactions {
            self.score.force_max_n = self.score.force_max_n.max(reaction.wrench.force_n.norm());
        }
        reactions
    }

    /// Rings that rest on each peg.
    fn stacks(&self) -> [u32; PEGS] {
        let mut stacks = [0; PEGS];
        for ring in &self.rings {
            if let Some(Seat::Peg(peg)) = ring.seat()
                && let Some(stack) = stacks.get_mut(peg)
            {
                *stack += 1;
            }
        }
        stacks
    }
}

fn is_finite(tool: &Tool) -> bool {
    let (at, turn) = (tool.tip.translation.vector, tool.tip.rotation.coords);
    at.iter().chain(turn.iter()).chain(tool.velocity_m_s.iter()).all(|x| x.is_finite())
        && tool.jaw_rad.is_finite()
}

/// An instrument out of reach with its jaw open.
fn away() -> Tool {
    let tip = nalgebra::Isometry3::translation(0.0, 0.0, 1.0);
    Tool { tip, velocity_m_s: Vector3::zeros(), jaw_rad: 1.0 }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
