//! The skin: a superellipsoid, |x/a|ⁿ + |y/b|ⁿ + |z/c|ⁿ = 1.
//!
//! Taken to the power 1/n the left side is homogeneous of degree one, so it grows evenly along every ray from the
//! centre and (value − 1) / |gradient| is a distance that stays good some centimetres from the skin.

use nalgebra::{Unit, Vector3};

/// Distance to the skin and its outward normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkinPoint {
    /// Signed distance, negative inside. Unit: m.
    pub distance_m: f64,
    /// Outward normal. Frame: base axes.
    pub normal: Unit<Vector3<f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Skin {
    pub(super) half_axes: Vector3<f64>,
    pub(super) exponent: f64,
}

impl Skin {
    /// Distance at a point given from the centre along base axes; `swell` is height at rest per height now.
    /// A point that is not finite is infinitely far outside.
    pub(super) fn nearest(&self, at: &Vector3<f64>, swell: f64) -> SkinPoint {
        let axes = Vector3::new(self.half_axes.x, self.half_axes.y, self.half_axes.z / swell);
        let u = at.component_div(&axes);
        if !u.iter().all(|x| x.is_finite()) {
            return SkinPoint { distance_m: f64::INFINITY, normal: Vector3::z_axis() };
        }
        let (n, floor) = (self.exponent, 1e-12);
        let slope = u.map(|x| x.abs().max(floor).powf(n - 1.0));
        let sum = slope.dot(&u.abs()).max(floor);
        // value = sum^(1/n); its gradient is slope · sum^(1/n − 1) / axes.
        let shrink = sum.powf(1.0 / n - 1.0);
        let gradient =
            slope.zip_map(&u, |s, x| if x < 0.0 { -s } else { s }).component_div(&axes) * shrink;
        let size = gradient.norm().max(floor);
        SkinPoint {
            distance_m: (sum * shrink - 1.0) / size,
            normal: Unit::try_new(gradient, 1e-9).unwrap_or(Vector3::z_axis()),
        }
    }

    /// Point of the front skin over (x, y), from the centre at rest; at the rim where there is none.
    pub(super) fn front(&self, x_m: f64, y_m: f64) -> Vector3<f64> {
        let part = |x: f64, a: f64| (x / a).abs().powf(self.exponent);
        let left = 1.0 - part(x_m, self.half_axes.x) - part(y_m, self.half_axes.y);
        let z = self.half_axes.z * left.max(0.0).powf(1.0 / self.exponent);
        Vector3::new(x_m, y_m, z)
    }

    pub(super) fn height_m(&self) -> f64 {
        self.half_axes.z
    }
}
