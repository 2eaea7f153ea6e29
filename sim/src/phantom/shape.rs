//! Organs as convex quadrics, so that a beam crosses each at most once in and once out.

use nalgebra::{Isometry3, Vector3};

/// Form of an organ. Both lie in the organ's own frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Three half axes.
    Ellipsoid,
    /// Elliptic cylinder along y with flat ends.
    Tube,
}

/// A solid of one medium inside the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Organ {
    /// Name, for people.
    pub name: String,
    /// Index of its medium.
    pub medium: u8,
    /// Form.
    pub shape: Shape,
    /// Place and turn in the body frame.
    pub pose: Isometry3<f64>,
    /// Half axes. Unit: m.
    pub half_axes_m: Vector3<f64>,
    /// Brightness of its surface seen square on. Unit: dB.
    pub wall_db: f64,
    /// Growth of the cross-section's half axes at the height of a beat; 0.04 is 4 %.
    pub pulsation: f64,
}

/// Where a beam is inside an organ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// Way along the beam to where it enters. Unit: of the direction given.
    pub enter: f64,
    /// Way along the beam to where it leaves.
    pub leave: f64,
    /// |cosine| between the beam and the surface normal where it enters.
    pub enter_cosine: f64,
    /// The same where it leaves.
    pub leave_cosine: f64,
}

impl Organ {
    /// Whether a point of the body frame lies inside; `pulse` 0 to 1.
    pub fn contains(&self, body: &Vector3<f64>, pulse: f64) -> bool {
        let unit = self.to_unit(&self.pose.inverse_transform_point(&(*body).into()).coords, pulse);
        match self.shape {
            Shape::Ellipsoid => unit.norm_squared() < 1.0,
            Shape::Tube => unit.x * unit.x + unit.z * unit.z < 1.0 && unit.y.abs() < 1.0,
        }
    }

    /// The part of the line `origin + s·direction` (body frame) inside, or nothing.
    pub fn crossing(
        &self,
        origin: &Vector3<f64>,
        direction: &Vector3<f64>,
        pulse: f64,
    ) -> Option<Crossing> {
        let local_o = self.pose.inverse_transform_point(&(*origin).into()).coords;
        let local_d = self.pose.inverse_transform_vector(direction);
        let (o, d) = (self.to_unit(&local_o, pulse), self.to_unit(&local_d, pulse));
        let round = match self.shape {
            Shape::Ellipsoid => Vector3::new(1.0, 1.0, 1.0),
            Shape::Tube => Vector3::new(1.0, 0.0, 1.0),
        };
        let (ro, rd) = (o.component_mul(&round), d.component_mul(&round));
        let (a, b, c) = (rd.norm_squared(), ro.dot(&rd), ro.norm_squared() - 1.0);
        let (mut enter, mut leave) = if a > 1e-9 {
            let root = b * b - a * c;
            if root <= 0.0 {
                return None;
            }
            let root = root.sqrt();
            ((-b - root) / a, (-b + root) / a)
        } else if c < 0.0 {
            (f64::NEG_INFINITY, f64::INFINITY)
        } else {
            return None;
        };
        if self.shape == Shape::Tube && d.y.abs() > 1e-12 {
            let (p, q) = ((-1.0 - o.y) / d.y, (1.0 - o.y) / d.y);
            enter = enter.max(p.min(q));
            leave = leave.min(p.max(q));
        }
        if enter >= leave || !enter.is_finite() || !leave.is_finite() {
            return None;
        }
        // The normal of a quadric, back in true lengths: the unit point divided by the half axes once more.
        let length = local_d.norm().max(1e-12);
        let cosine = |s: f64| {
            let normal = self.to_unit(&(ro + rd * s), pulse);
            (normal.dot(&local_d) / (normal.norm().max(1e-12) * length)).abs()
        };
        Some(Crossing { enter, leave, enter_cosine: cosine(enter), leave_cosine: cosine(leave) })
    }

    fn to_unit(&self, local: &Vector3<f64>, pulse: f64) -> Vector3<f64> {
        let grown = 1.0 + self.pulsation * pulse;
        let axes = self.half_axes_m.component_mul(&Vector3::new(grown, 1.0, grown));
        local.component_div(&axes)
    }
}
