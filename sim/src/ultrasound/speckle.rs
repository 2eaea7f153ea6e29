//! Scatterers fixed in the body.
//!
//! Flesh scatters from countless points. What matters is that each place of the body always scatters alike, so that
//! speckle moves with the tissue. So the field is noise on a lattice in body coordinates, hashed from the cell's
//! indices: no storage, any place, any order. Between lattice points it is interpolated with weights of unit
//! energy, so that its variance is the same everywhere and no grid shows.
//!
//! Cells are flat: a wavelength along the body's front-to-back axis, which is finer than the axial resolution, and
//! across as wide as the beams are apart, so that the field neither aliases between beams nor coarsens the grain.
//! Another frequency is another lattice, and so another pattern, as with a real scanner.

use super::probe::{Probe, Settings};
use crate::noise::Noise;

const TABLE: usize = 1024;

/// Where the beams of a fan are as far apart as cells are wide. Unit: m. The middle of its depth.
const SPACING_AT_M: f64 = 0.08;

/// Moves indices of any place within ±1 m of the body's centre above zero, where truncation is floor. A thousandth
/// of a cell is still resolved there.
const OFFSET: f32 = 16_384.0;

const MIX: [u32; 3] = [0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D];

/// Size of the cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lattice {
    /// Width. Unit: m.
    pub(super) across_m: f64,
    /// Height, front to back. Unit: m.
    pub(super) along_m: f64,
}

impl Lattice {
    pub(super) fn of(probe: &Probe, settings: &Settings) -> Self {
        Self { across_m: probe.spacing_m(SPACING_AT_M), along_m: settings.wave_m() }
    }

    /// Likeness of two places of the field that are so many cells apart along one axis: what interpolating white
    /// noise leaves, a cubic spline.
    pub(super) fn likeness(cells: f64) -> f64 {
        let x = cells.abs();
        if x < 1.0 {
            1.0 - 1.5 * x * x + 0.75 * x * x * x
        } else {
            0.25 * (2.0 - x).max(0.0).powi(3)
        }
    }
}

/// Complex Gaussian scatterers and slow real texture, both functions of place.
#[derive(Debug, Clone)]
pub(super) struct Speckle {
    scatter: Box<[[f32; 2]; TABLE]>,
    seed: u32,
    /// Cells per metre across the body, along it, and front to back.
    cells_per_m: [f32; 3],
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
    pub(super) fn new(seed: u64, lattice: Lattice) -> Self {
        let mut noise = Noise::new(seed);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let mut scatter: [[f32; 2]; TABLE] =
            std::array::from_fn(|_| std::array::from_fn(|_| (noise.normal() * half) as f32));
        let power = scatter.iter().flatten().map(|x| x * x).sum::<f32>() / TABLE as f32;
        scatter.iter_mut().flatten().for_each(|x| *x /= power.sqrt());
        let mut speckle = Self {
            scatter: Box::new(scatter),
            seed: (noise.bits() >> 32) as u32,
            cells_per_m: [0.0; 3],
        };
        speckle.lay(lattice);
        speckle
    }

    /// Takes another lattice.
    pub(super) fn lay(&mut self, lattice: Lattice) {
        let across = (1.0 / lattice.across_m) as f32;
        self.cells_per_m = [across, across, (1.0 / lattice.along_m) as f32];
    }

    /// Scatterer at a place of the body (m): complex Gaussian, unit mean power.
    #[inline]
    pub(super) fn scatterer(&self, body: [f32; 3]) -> [f32; 2] {
        let [x, y, z] = body;
        let [cx, cy, cz] = self.cells_per_m;
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

    fn speckle() -> Speckle {
        Speckle::new(1, Lattice::of(&Probe::curved(), &Settings::default()))
    }

    #[test]
    fn scatterers_have_unit_power_everywhere_in_a_cell() {
        let speckle = speckle();
        for part in [0.0, 0.25, 0.5] {
            let mut power = 0.0_f64;
            let n = 20_000;
            for i in 0..n {
                let at = [(i % 200) as f32 + part, (i / 200) as f32 + part, 3.0 + part];
                let [cx, cy, cz] = speckle.cells_per_m;
                let [re, im] = speckle.scatterer([at[0] / cx, at[1] / cy, at[2] / cz]);
                power += f64::from(re * re + im * im);
            }
            let mean = power / f64::from(n);
            assert!((mean - 1.0).abs() < 0.07, "{mean} at {part}");
        }
    }

    #[test]
    fn the_field_is_continuous() {
        let speckle = speckle();
        let mut before = speckle.scatterer([0.0, 0.01, 0.02]);
        for i in 1..2000 {
            let now = speckle.scatterer([i as f32 * 1e-6, 0.01, 0.02]);
            assert!((now[0] - before[0]).abs() < 0.05);
            before = now;
        }
    }

    #[test]
    fn the_field_resembles_itself_as_far_as_is_said() {
        let speckle = speckle();
        let [cx, cy, cz] = speckle.cells_per_m;
        for apart in [0.0_f32, 0.5, 1.0, 1.5, 2.5] {
            let (mut sum, n) = (0.0_f64, 40_000);
            for i in 0..n {
                // Every phase within a cell, and places far from each other.
                let z = i as f32 * 0.617 % 1_000.0;
                let at = |z: f32| {
                    speckle.scatterer([(i % 97) as f32 / cx, (i / 97) as f32 / cy, z / cz])
                };
                let (a, b) = (at(z), at(z + apart));
                sum += f64::from(a[0] * b[0] + a[1] * b[1]);
            }
            let (got, said) = (sum / f64::from(n), Lattice::likeness(f64::from(apart)));
            assert!((got - said).abs() < 0.07, "{got} and not {said} at {apart}");
        }
    }
}
