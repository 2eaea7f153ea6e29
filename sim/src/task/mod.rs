//! The peg transfer: a board, pegs and rings that two arms move from one side to the other.
//!
//! Problem: a link and a robot for surgery are judged by whether a task gets done, how fast, with how many drops and
//! how much force. Frames that only move in the air have no such score.
//!
//! - [`PegBoard`]: the board with everything on it, moved on by two instruments.
//! - [`Score`]: what was picked, placed and dropped, when, and how hard the arms pressed.
//! - Sizes and places: the constants of this module and [`pegs`].
//!
//! Rules: a jaw that closes while the wall of a ring is between its fingers grips it. The squeezed wall holds the jaw
//! open, and what the jaw's drive gives is the force of the grip; friction bears a pull of so much and no more. A held
//! ring goes where the jaw goes; what blocks it pushes back at the arm, and a harder pull lets it slide in the grip or
//! out of it. Two arms may hold one ring, and pull at each other through it. A ring that nobody holds falls; it goes
//! over a peg that is below its hole.
//!
//! What it does not model: a ring that lies does not move when it is touched, only when it is gripped; rings in the
//! air pass through each other, and rings on the board may overlap; a held ring does not turn in the grip; fingers are
//! two points, so shafts and wrists touch nothing.

mod board;
mod contact;
mod geometry;
mod ring;
mod score;
mod tool;

pub use board::PegBoard;
pub use geometry::{
    BOARD_CENTRE_M, BOARD_HALF_M, BOARD_THICKNESS_M, GROUP_OFFSET_M, Group, PEG_HEIGHT_M,
    PEG_RADIUS_M, PEG_SPACING_M, PEGS, Peg, RING_HEIGHT_M, RING_HOLE_RADIUS_M, RING_MASS_KG,
    RING_RADIUS_M, RINGS, pegs,
};
pub use ring::{Ring, Seat};
pub use score::{Happened, Score, TaskEvent};
pub use tool::{Reaction, Tool};

#[cfg(test)]
mod play_tests;
