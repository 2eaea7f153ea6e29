//! The peg transfer: a board, pegs and rings that two arms move from one side to the other.
//!
//! Problem: a link and a robot for surgery are judged by whether a task gets done, how fast, with how many drops and
//! how much force. Frames that only move in the air have no such score.
//!
//! - [`PegBoard`]: the board with everything on it.
//! - Sizes and places: the constants of this module and [`pegs`].

mod board;
mod geometry;
mod ring;

pub use board::PegBoard;
pub use geometry::{
    BOARD_CENTRE_M, BOARD_HALF_M, BOARD_THICKNESS_M, GROUP_OFFSET_M, Group, PEG_HEIGHT_M,
    PEG_RADIUS_M, PEG_SPACING_M, PEGS, Peg, RING_HEIGHT_M, RING_HOLE_RADIUS_M, RING_MASS_KG,
    RING_RADIUS_M, RINGS, pegs,
};
pub use ring::Ring;
