//! Shapes made of triangles.

use nalgebra::{Point3, Vector3};

use super::colour::Light;

/// One corner of the triangles that meet in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corner {
    /// Where it is. Frame: the mesh's. Unit: m.
    pub at: Point3<f32>,
    /// Which way the surface looks there. Length: 1. A surface is seen from both sides.
    pub normal: Vector3<f32>,
    /// Its colour in white light.
    pub colour: Light,
}

/// How a surface shines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gloss {
    /// Share of the lamp that it mirrors.
    pub strength: f32,
    /// How narrow the mirrored lamp is.
    pub sharpness: i32,
}

impl Gloss {
    /// Paint, cloth, skin.
    pub const MATT: Self = Self { strength: 0.0, sharpness: 1 };
    /// Something wet.
    pub const WET: Self = Self { strength: 0.35, sharpness: 48 };
    /// Brushed steel.
    pub const STEEL: Self = Self { strength: 0.5, sharpness: 14 };
    /// Smooth plastic.
    pub const PLASTIC: Self = Self { strength: 0.18, sharpness: 24 };
}

/// A surface.
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    pub(super) corners: Vec<Corner>,
    /// Which corners make a triangle.
    pub(super) triangles: Vec<[u32; 3]>,
    pub(super) gloss: Gloss,
}

impl Mesh {
    /// A surface without extent, to be added to.
    pub const fn new(gloss: Gloss) -> Self {
        Self { corners: Vec::new(), triangles: Vec::new(), gloss }
    }

    /// How many triangles it has.
    pub const fn size(&self) -> usize {
        self.triangles.len()
    }

    /// Adds a net of `columns` × `rows` corners; `corner` tells each by its column and row, as shares of the net.
    pub fn net(
        &mut self,
        (columns, rows): (u32, u32),
        corner: impl Fn(f32, f32) -> (Point3<f32>, Vector3<f32>, Light),
    ) {
        let first = u32::try_from(self.corners.len()).unwrap_or(u32::MAX);
        let share = |n: u32, of: u32| n as f32 / of.saturating_sub(1).max(1) as f32;
        for row in 0..rows {
            for column in 0..columns {
                let (at, normal, colour) = corner(share(column, columns), share(row, rows));
                self.corners.push(Corner { at, normal, colour });
            }
        }
        for row in 1..rows {
            for column in 1..columns {
                let here = first + row * columns + column;
                let (left, above) = (here - 1, here - columns);
                self.triangles.push([above - 1, above, left]);
                self.triangles.push([above, here, left]);
            }
        }
    }

    /// Adds the flat piece between a corner and two sides from it. Large pieces are cut, or their light would be that
    /// of their corners.
    pub fn plate(&mut self, at: Point3<f32>, sides: [Vector3<f32>; 2], cuts: u32, colour: Light) {
        let [u, v] = sides;
        let normal = u.cross(&v).try_normalize(1e-12).unwrap_or_else(Vector3::z);
        self.net((cuts + 1, cuts + 1), |s, t| (at + u * s + v * t, normal, colour));
    }

    /// Adds a box between two corners.
    pub fn cuboid(&mut self, min: Point3<f32>, max: Point3<f32>, colour: Light) {
        let d = max - min;
        let [x, y, z] = [Vector3::x() * d.x, Vector3::y() * d.y, Vector3::z() * d.z];
        for sides in [[x, y], [y, z], [z, x]] {
            self.plate(min, sides, 1, colour);
            self.plate(max, sides.map(|side| -side), 1, colour);
        }
    }

    /// Adds a round bar along z from `from_m` to `to_m`, its radius changing from the first to the second.
    pub fn bar(&mut self, (from_m, to_m): (f32, f32), radii_m: (f32, f32), colour: Light) {
        let slope = (radii_m.0 - radii_m.1) / (to_m - from_m);
        self.net((SIDES + 1, 2), |around, along| {
            let (sin, cos) = (around * core::f32::consts::TAU).sin_cos();
            let radius = radii_m.0 + along * (radii_m.1 - radii_m.0);
            let at = Point3::new(radius * cos, radius * sin, from_m + along * (to_m - from_m));
            (at, Vector3::new(cos, sin, slope).normalize(), colour)
        });
        for (z, radius, up) in [(from_m, radii_m.0, -1.0), (to_m, radii_m.1, 1.0)] {
            self.disc(z, (0.0, radius), up, colour);
        }
    }

    /// Adds a ring about z with a square section, from `-half_m` to `half_m`.
    pub fn ring(&mut self, (hole_m, outer_m): (f32, f32), half_m: f32, colour: Light) {
        for (radius, out) in [(hole_m, -1.0), (outer_m, 1.0)] {
            self.net((SIDES + 1, 2), |around, along| {
                let (sin, cos) = (around * core::f32::consts::TAU).sin_cos();
                let at = Point3::new(radius * cos, radius * sin, half_m * (2.0 * along - 1.0));
                (at, Vector3::new(cos, sin, 0.0) * out, colour)
            });
        }
        self.disc(half_m, (hole_m, outer_m), 1.0, colour);
        self.disc(-half_m, (hole_m, outer_m), -1.0, colour);
    }

    fn disc(&mut self, z: f32, (inner_m, outer_m): (f32, f32), up: f32, colour: Light) {
        self.net((SIDES + 1, 2), |around, out| {
            let (sin, cos) = (around * core::f32::consts::TAU).sin_cos();
            let radius = inner_m + out * (outer_m - inner_m);
            (Point3::new(radius * cos, radius * sin, z), Vector3::z() * up, colour)
        });
    }

    /// The same surface with its axes exchanged: x becomes y, y becomes z, z becomes x.
    #[must_use]
    pub fn cycled(mut self) -> Self {
        for corner in &mut self.corners {
            let (p, n) = (corner.at, corner.normal);
            corner.at = Point3::new(p.z, p.x, p.y);
            corner.normal = Vector3::new(n.z, n.x, n.y);
        }
        self
    }

    /// The same surface elsewhere. Unit: m.
    #[must_use]
    pub fn moved(mut self, by: Vector3<f32>) -> Self {
        for corner in &mut self.corners {
            corner.at += by;
        }
        self
    }

    /// Adds another surface; it shines as this one.
    pub fn join(&mut self, other: &Self) {
        let first = u32::try_from(self.corners.len()).unwrap_or(u32::MAX);
        self.corners.extend_from_slice(&other.corners);
        self.triangles.extend(other.triangles.iter().map(|t| t.map(|corner| first + corner)));
    }
}

/// Sides of what is round.
const SIDES: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_triangle_has_corners_and_every_normal_length_one() {
        let mut mesh = Mesh::new(Gloss::MATT);
        mesh.bar((0.0, 0.1), (0.004, 0.002), Light::repeat(0.5));
        mesh.ring((0.004, 0.008), 0.003, Light::repeat(0.5));
        mesh.cuboid(Point3::origin(), Point3::new(1.0, 2.0, 3.0), Light::repeat(0.5));
        let mut whole = mesh.clone().cycled();
        whole.join(&mesh);
        assert_eq!(whole.size(), 2 * mesh.size());
        for corner in whole.triangles.iter().flatten() {
            let normal = whole.corners[*corner as usize].normal;
            assert!((normal.norm() - 1.0).abs() < 1e-5, "{normal}");
        }
    }

    #[test]
    fn a_box_looks_outward() {
        let mut mesh = Mesh::new(Gloss::MATT);
        mesh.cuboid(Point3::new(-1.0, -1.0, -1.0), Point3::new(1.0, 1.0, 1.0), Light::zeros());
        // A surface is seen from both sides, so a normal may point in; it must stand on its side.
        for corner in &mesh.corners {
            assert!((corner.at.coords.dot(&corner.normal).abs() - 1.0).abs() < 1e-6);
        }
    }
}
