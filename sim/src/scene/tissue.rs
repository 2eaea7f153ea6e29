//! The floor of the abdomen as a surface: folds, fat, small vessels. Scenery.

use nalgebra::{Point3, Vector3};

use super::colour::Light;
use super::mesh::{Gloss, Mesh};
use crate::task::{BOARD_CENTRE_M, BOARD_HALF_M, BOARD_THICKNESS_M};

/// What is covered: forward, and to both sides. Unit: m.
const AHEAD_M: (f32, f32) = (-0.14, 0.34);
const BESIDE_M: f32 = 0.34;

/// Corners of the surface, along and across: 1.7 mm apart, a few pixels.
const NET: (u32, u32) = (280, 400);

/// Slopes are taken over this way. Unit: m.
const STEP_M: f32 = 0.001;

/// The tissue below and around the board. The seed chooses its folds.
pub(super) fn tissue(seed: u32) -> Mesh {
    let mut mesh = Mesh::new(Gloss::WET);
    mesh.net(NET, |ahead, beside| {
        let x = AHEAD_M.0 + ahead * (AHEAD_M.1 - AHEAD_M.0);
        let y = BESIDE_M * (2.0 * beside - 1.0);
        let height = |x: f32, y: f32| height_m(x, y, seed);
        let here = height(x, y);
        let slope_x = (height(x + STEP_M, y) - here) / STEP_M;
        let slope_y = (height(x, y + STEP_M) - here) / STEP_M;
        let normal = Vector3::new(-slope_x, -slope_y, 1.0).normalize();
        (Point3::new(x, y, here), normal, colour(x, y, seed))
    });
    mesh
}

/// Height of the surface. Unit: m.
fn height_m(x: f32, y: f32, seed: u32) -> f32 {
    let floor = (BOARD_CENTRE_M.z - BOARD_THICKNESS_M) as f32 - 0.003;
    let [half_x, half_y] = BOARD_HALF_M.map(|half| half as f32);
    // Flat below the board, so that nothing comes up through it.
    let off_x = (x.abs() - half_x).max(0.0);
    let off_y = (y.abs() - half_y).max(0.0);
    let away = smooth(off_x.hypot(off_y) / 0.04);
    let folds =
        noise(x * 26.0, y * 26.0, seed) * 0.016 + noise(x * 75.0, y * 75.0, seed + 7) * 0.004;
    let bumps = noise(x * 320.0, y * 320.0, seed + 11) * 0.000_5;
    // The wall of the body rises around the place of work.
    let wall = 0.11 * smooth((x - 0.10) / 0.22) + 0.09 * smooth((y.abs() - 0.12) / 0.2);
    floor + bumps + away * folds + wall
}

/// Colour of the surface in white light.
fn colour(x: f32, y: f32, seed: u32) -> Light {
    let flesh = Light::new(0.52, 0.15, 0.12);
    let fat = Light::new(0.70, 0.40, 0.16);
    let vessel = Light::new(0.22, 0.02, 0.03);
    let spots = noise(x * 38.0, y * 38.0, seed + 3);
    let fine = 0.85 + 0.3 * noise(x * 240.0, y * 240.0, seed + 5);
    let here = flesh.lerp(&fat, smooth((spots - 0.52) / 0.16)) * fine;
    // A vessel runs where a slow noise passes its middle.
    let bend = 0.012 * noise(x * 60.0, y * 60.0, seed + 17);
    let line = (noise((x + bend) * 17.0, (y - bend) * 17.0, seed + 13) - 0.5).abs();
    here.lerp(&vessel, 0.75 * (1.0 - smooth(line / 0.022)))
}

/// From 0 to 1 without a kink.
fn smooth(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// Two octaves of noise between the corners of a grid, 0 to 1.
fn noise(x: f32, y: f32, seed: u32) -> f32 {
    0.7 * lattice(x, y, seed) + 0.3 * lattice(2.1 * x + 5.3, 2.1 * y + 1.7, seed + 1)
}

fn lattice(x: f32, y: f32, seed: u32) -> f32 {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let (s, t) = (smooth(x - cell_x), smooth(y - cell_y));
    let at = |dx: i32, dy: i32| random(cell_x as i32 + dx, cell_y as i32 + dy, seed);
    let (over, under) =
        (at(0, 0) + s * (at(1, 0) - at(0, 0)), at(0, 1) + s * (at(1, 1) - at(0, 1)));
    over + t * (under - over)
}

/// A number from 0 to 1 for each corner of the grid.
fn random(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1)
        ^ (y as u32).wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    (h ^ (h >> 15)) as f32 / u32::MAX as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tissue_stays_below_the_board_and_rises_around_it() {
        let board = BOARD_CENTRE_M.z as f32;
        for corner in &tissue(3).corners {
            let (x, y) = (corner.at.x, corner.at.y);
            if x.abs() < BOARD_HALF_M[0] as f32 && y.abs() < BOARD_HALF_M[1] as f32 {
                assert!(corner.at.z < board - BOARD_THICKNESS_M as f32, "{}", corner.at);
            }
            // The arms pass on their way from the ports.
            assert!(x.abs() > 0.06 || y.abs() > 0.12 || corner.at.z < -0.15, "{}", corner.at);
            assert!(corner.colour.iter().all(|c| (0.0..1.0).contains(c)));
        }
        assert!(height_m(0.32, 0.0, 3) > board + 0.05);
    }
}
