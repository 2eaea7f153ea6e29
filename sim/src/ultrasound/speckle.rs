//! Scatterers fixed in the body.
//!
//! Flesh scatters from countless points. What matters is that each place of the body always scatters alike, so that
//! speckle moves with the tissue. So the field is noise on a lattice in body coordinates, hashed from the cell's
//! indices: no storage, any place, any order. Between lattice points it is interpolated with weights of unit
//! energy, so that its variance is the same everywhere and no grid shows.
//!
//! Cells are flat (1.1 mm across, 0.45 mm along the body's front-to-back axis): as fine as the axial resolution along
//! a beam, as wide as the beams are apart, so that it neither aliases between beams nor coarsens the grain.

use crate::noise::Noise;

const TABLE: usize = 1024;

/// Cells per metre across the body, along it, and front to back.
const CELLS_PER_M: [f32; 3] = [900.0, 900.0, 2200.0];

/// Moves indices of any place within ±2 m of the body's centre above zero, where truncation is floor.
const OFFSET: f32 = 8192.0;

const MIX: [u32; 3] = [0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D];

/// Complex Gaussian scatterers and slow real texture, both functions of place.
#[derive(Debug, Clone)]
pub(super) struct Speckle {
    scatter: Box<[[f32; 2]; TABLE]>,
    seed: u32,
}

/// The eight corners of a cell around a place: hashes per axis and weights.
struct Cell {
    hash: [[u32; 2]; 3],
    weight: [[f32; 2]; 3],
}

impl Cell {
    #[inline]
    fn around(at: [f32; 3], seed: u32) -> Self {
        let mut cell = Self { hash: [[0; 2]; 3], weight: [[0.0; 2]; 3] };
        let axes = cell.hash.iter_mut().zip(&mut cell.weight).zip(at.iter().zip(&MIX));
        for ((hash, weight), (x, mix)) in axes {
            let x = x + OFFSET;
            let index = x as u32;
            let part = x - index as f32;
            *hash = [index.wrapping_mul(*mix), index.wrapping_add(1).wrapping_mul(*mix)];
            *weight = [1.0 - part, part];
        }
        let [first, _, _] = &mut cell.hash;
        *first = first.map(|h| h ^ seed);
        cell
    }

    /// Sum over the corners of `value(hash)·weight`, and the energy of the weights.
    #[inline]
    fn blend<const N: usize>(&self, value: impl Fn(u32) -> [f32; N]) -> [f32; N] {
        let [hx, hy, hz] = &self.hash;
        let [wx, wy, wz] = &self.weight;
        let mut sum = [0.0_f32; N];
        for (z, wz) in hz.iter().zip(wz) {
            for (y, wy) in hy.iter().zip(wy) {
                let (hash_yz, weight_yz) = (y.wrapping_add(*z), wy * wz);
                for (x, wx) in hx.iter().zip(wx) {
                    let weight = wx * weight_yz;
                    for (s, v) in sum.iter_mut().zip(value(scramble(x.wrapping_add(hash_yz)))) {
                        *s += weight * v;
                    }
                }
            }
        }
        sum
    }

    /// Factor that brings a blend of independent values back to the variance of one.
    #[inline]
    fn level(&self) -> f32 {
        let energy: f32 = self.weight.iter().map(|[a, b]| a * a + b * b).product();
        1.0 / energy.sqrt()
    }
}

/// Spreads neighbouring indices over the whole table (the finaliser of `lowbias32`, shortened).
#[inline]
const fn scramble(hash: u32) -> u32 {
    let mut h = hash;
    h = (h ^ (h >> 16)).wrapping_mul(0x7FEB_352D);
    h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
    h ^ (h >> 16)
}

impl Speckle {
    pub(super) fn new(seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let mut scatter: [[f32; 2]; TABLE] =
            std::array::from_fn(|_| std::array::from_fn(|_| (noise.normal() * half) as f32));
        let power = scatter.iter().flatten().map(|x| x * x).sum::<f32>() / TABLE as f32;
        scatter.iter_mut().flatten().for_each(|x| *x /= power.sqrt());
        Self { scatter: Box::new(scatter), seed: (noise.bits() >> 32) as u32 }
    }

    /// Scatterer at a place of the body (m): complex Gaussian, unit mean power.
    #[inline]
    pub(super) fn scatterer(&self, body: [f32; 3]) -> [f32; 2] {
        let [x, y, z] = body;
        let [cx, cy, cz] = CELLS_PER_M;
        let cell = Cell::around([x * cx, y * cy, z * cz], self.seed);
        let [re, im] = cell.blend(|hash| self.drawn(hash));
        let level = cell.level();
        [re * level, im * level]
    }

    /// Slow texture at a place given in cells: real, zero mean, deviation about 1.
    #[inline]
    pub(super) fn texture(&self, cells: [f32; 3]) -> f32 {
        let cell = Cell::around(cells, !self.seed);
        let [value] = cell.blend(|hash| {
            let [re, _] = self.drawn(hash);
            [re]
        });
        value * cell.level() * std::f32::consts::SQRT_2
    }

    #[inline]
    fn drawn(&self, hash: u32) -> [f32; 2] {
        self.scatter.get((hash >> 22) as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scatterers_have_unit_power_everywhere_in_a_cell() {
        let speckle = Speckle::new(1);
        for part in [0.0, 0.25, 0.5] {
            let mut power = 0.0_f64;
            let n = 20_000;
            for i in 0..n {
                let at = [(i % 200) as f32 + part, (i / 200) as f32 + part, 3.0 + part];
                let [cx, cy, cz] = CELLS_PER_M;
                let [re, im] = speckle.scatterer([at[0] / cx, at[1] / cy, at[2] / cz]);
                power += f64::from(re * re + im * im);
            }
            let mean = power / f64::from(n);
            assert!((mean - 1.0).abs() < 0.07, "{mean} at {part}");
        }
    }

    #[test]
    fn the_field_is_continuous() {
        let speckle = Speckle::new(1);
        let mut before = speckle.scatterer([0.0, 0.01, 0.02]);
        for i in 1..2000 {
            let now = speckle.scatterer([i as f32 * 1e-6, 0.01, 0.02]);
            assert!((now[0] - before[0]).abs() < 0.05);
            before = now;
        }
    }
}
