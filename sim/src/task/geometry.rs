//! Sizes of the board, its pegs and its rings, and where they stand. Frame: base of the robot, x forward, y left, z up.
//!
//! The task is the peg transfer of the Fundamentals of Laparoscopic Surgery: six objects go from one group of six pegs
//! to the other. Two sizes are published, by those who had this arm do the task (Hwang et al., "Superhuman surgical
//! peg transfer", arXiv 2012.12844): the opening of an object, 4.5 mm in radius, and the peg, 2.25 mm, which is read
//! here as its radius. Everything else is assumed. The objects of the task are triangles with a round opening; here
//! they are rings, so that every side of one is as good to grip as any other.
//!
//! The board lies so that both arms reach every peg with the tool straight down: 44° from the port to the farthest
//! one, 48° with a ring lifted over its peg. The pitch of the arm ends at 53°, the profile's cone at 55°.

use nalgebra::Vector3;

/// Pegs on the board: the left group first.
pub const PEGS: usize = 12;
/// Rings.
pub const RINGS: usize = 6;
/// Pegs of a group, as columns away from the middle and rows forward.
const COLUMNS: usize = 2;
const ROWS: usize = 3;

/// Radius of a peg. Unit: m. Source: see the module; published as 2.25 mm.
pub const PEG_RADIUS_M: f64 = 2.25e-3;
/// Height of a peg over the board. Unit: m. Assumed: two rings and a half.
pub const PEG_HEIGHT_M: f64 = 15e-3;
/// From the axis of a peg to that of its neighbour. Unit: m. Assumed: two rings side by side and a finger between them.
pub const PEG_SPACING_M: f64 = 22e-3;
/// From the middle of the board to the nearest pegs of either group. Unit: m. Assumed.
pub const GROUP_OFFSET_M: f64 = 18e-3;

/// Radius of the opening of a ring. Unit: m. Source: see the module.
pub const RING_HOLE_RADIUS_M: f64 = 4.5e-3;
/// Outer radius of a ring. Unit: m. Assumed: a wall of 4 mm, which the jaw holds at an opening of 23°.
pub const RING_RADIUS_M: f64 = 8.5e-3;
/// Height of a ring. Unit: m. Assumed.
pub const RING_HEIGHT_M: f64 = 6e-3;
/// Mass of a ring. Unit: kg. Assumed: rubber of 1.1 g/cm³.
pub const RING_MASS_KG: f64 = 1.1e-3;

/// Middle of the board's upper face. Unit: m.
pub const BOARD_CENTRE_M: Vector3<f64> = Vector3::new(0.0, 0.0, -0.18);
/// Half of the board, forward and to the left. Unit: m. Assumed.
pub const BOARD_HALF_M: [f64; 2] = [40e-3, 56e-3];
/// Thickness of the board, for those who draw it. Unit: m. Assumed.
pub const BOARD_THICKNESS_M: f64 = 4e-3;

/// A side of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Pegs with y above zero: nearer to the left arm.
    Left,
    /// Pegs with y below zero.
    Right,
}

impl Group {
    /// The group on the other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// One peg: a cylinder of [`PEG_RADIUS_M`] and [`PEG_HEIGHT_M`] on the board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peg {
    /// Where its axis meets the board. Unit: m.
    pub foot_m: Vector3<f64>,
    /// Its group.
    pub group: Group,
}

impl Peg {
    /// Middle of its upper end. Unit: m.
    pub fn top_m(&self) -> Vector3<f64> {
        self.foot_m + Vector3::z() * PEG_HEIGHT_M
    }
}

/// The pegs: the left group first; in a group the column next to the middle first; in a column from behind forward.
pub fn pegs() -> [Peg; PEGS] {
    core::array::from_fn(|i| {
        let (group, side) = if i < PEGS / 2 { (Group::Left, 1.0) } else { (Group::Right, -1.0) };
        let in_group = i % (PEGS / 2);
        let (column, row) = ((in_group / ROWS) as f64, (in_group % ROWS) as f64);
        let x = (row - 0.5 * (ROWS - 1) as f64) * PEG_SPACING_M;
        let y = side * (GROUP_OFFSET_M + column * PEG_SPACING_M);
        Peg { foot_m: BOARD_CENTRE_M + Vector3::new(x, y, 0.0), group }
    })
}

/// A group fills its columns and rows.
const _: () = assert!(2 * COLUMNS * ROWS == PEGS && COLUMNS * ROWS == RINGS);
