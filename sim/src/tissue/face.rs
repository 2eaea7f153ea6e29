//! The part of a probe that touches: a strip bent to the radius of the array.

/// Convex face of a curved-array probe, in the probe frame (+z out of the face, +x lateral, +y elevation).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeFace {
    /// Radius of the bend in the lateral plane. Unit: m.
    pub radius_m: f64,
    /// Half of the arc. Unit: m.
    pub half_arc_m: f64,
    /// Radius of the rounding in elevation. Unit: m.
    pub elevation_radius_m: f64,
    /// Half of the width in elevation. Unit: m.
    pub half_width_m: f64,
}

impl ProbeFace {
    /// The face of a 40 mm linear probe: flat but for its rounded edges, 10 mm of footprint in elevation.
    pub const fn linear() -> Self {
        Self { radius_m: 1.0, half_arc_m: 0.020, elevation_radius_m: 0.020, half_width_m: 0.006 }
    }
}

impl Default for ProbeFace {
    /// The face of a common abdominal probe: 60 mm radius over 60°, 14 mm of footprint in elevation.
    fn default() -> Self {
        Self {
            radius_m: 0.060,
            half_arc_m: 0.060 * std::f64::consts::FRAC_PI_6,
            elevation_radius_m: 0.030,
            half_width_m: 0.009,
        }
    }
}
