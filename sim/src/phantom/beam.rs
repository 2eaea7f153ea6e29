//! What a beam passes through, in order.
//!
//! Asking every sample of a picture which organ it lies in costs a million quadric tests a frame. A beam is a line
//! and organs are convex, so two roots per organ answer for the whole beam.

use nalgebra::{Point3, Vector3};

use super::{Phantom, pulse};

/// Most pieces that a beam is cut into; more crossings than that are left out, nearest organs first in the file.
pub const BEAM_SEGMENTS_MAX: usize = 64;

/// A piece of a beam in one medium.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Where it ends, along the beam. Unit: m. Infinite for the last.
    pub end_m: f64,
    /// Index of the medium.
    pub medium: u8,
    /// Brightness of the interface at its end, angle included. Unit: dB. Very low where nothing changes.
    pub boundary_db: f64,
    /// |cosine| between beam and interface at its end.
    pub cosine: f64,
}

/// The pieces of one beam below the wall, reused from beam to beam so that a picture allocates nothing.
#[derive(Debug, Clone)]
pub struct BeamPath {
    segments: Vec<Segment>,
    inside: Vec<Inside>,
    cuts: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Inside {
    enter: f64,
    leave: f64,
    enter_cosine: f64,
    leave_cosine: f64,
    medium: u8,
    wall_db: f64,
}

impl Default for BeamPath {
    fn default() -> Self {
        Self {
            segments: Vec::with_capacity(BEAM_SEGMENTS_MAX + 1),
            inside: Vec::with_capacity(BEAM_SEGMENTS_MAX),
            cuts: Vec::with_capacity(BEAM_SEGMENTS_MAX),
        }
    }
}

impl BeamPath {
    /// The pieces, nearest first; never empty after [`Phantom::trace`].
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

impl Phantom {
    /// Cuts a beam (base frame, unit direction) into pieces of one medium each, as if there were no wall.
    ///
    /// No allocation. Bound: [`BEAM_SEGMENTS_MAX`] pieces.
    pub fn trace(
        &self,
        origin: &Point3<f64>,
        direction: &Vector3<f64>,
        t_s: f64,
        path: &mut BeamPath,
    ) {
        let rest = self.body_from_base(t_s);
        let (o, d) = (rest * (origin.coords - self.centre), rest * direction);
        let pulse = pulse(t_s);
        path.segments.clear();
        path.inside.clear();
        path.cuts.clear();
        for organ in self.organs.iter().take(BEAM_SEGMENTS_MAX / 2) {
            if let Some(crossing) = organ.crossing(&o, &d, pulse).filter(|c| c.leave > 0.0) {
                path.inside.push(Inside {
                    enter: crossing.enter,
                    leave: crossing.leave,
                    enter_cosine: crossing.enter_cosine,
                    leave_cosine: crossing.leave_cosine,
                    medium: organ.medium,
                    wall_db: organ.wall_db,
                });
                path.cuts.push(crossing.enter.max(0.0));
                path.cuts.push(crossing.leave);
            }
        }
        path.cuts.sort_unstable_by(f64::total_cmp);
        path.cut();
    }
}

impl BeamPath {
    fn cut(&mut self) {
        let mut from = 0.0;
        for &end_m in &self.cuts {
            if end_m - from < 1e-6 {
                continue;
            }
            let medium = self.medium_at(0.5 * (from + end_m));
            let (boundary_db, cosine) = self.interface_at(end_m);
            self.segments.push(Segment { end_m, medium, boundary_db, cosine });
            from = end_m;
        }
        self.segments.push(Segment {
            end_m: f64::INFINITY,
            medium: self.medium_at(from + 1e-6),
            boundary_db: f64::NEG_INFINITY,
            cosine: 1.0,
        });
    }

    /// The last organ in the file that holds the place wins; outside all of them is medium 0.
    fn medium_at(&self, way: f64) -> u8 {
        let holds = |o: &&Inside| (o.enter..o.leave).contains(&way);
        self.inside.iter().rev().find(holds).map_or(0, |o| o.medium)
    }

    /// Brightness of the interface at a cut: that of the organ whose surface it is, if a later one does not hide it.
    fn interface_at(&self, cut: f64) -> (f64, f64) {
        for organ in self.inside.iter().rev() {
            let cosine = if (organ.enter - cut).abs() < 1e-9 {
                organ.enter_cosine
            } else if (organ.leave - cut).abs() < 1e-9 {
                organ.leave_cosine
            } else if (organ.enter..organ.leave).contains(&cut) {
                break;
            } else {
                continue;
            };
            if self.medium_at(cut - 1e-6) == self.medium_at(cut + 1e-6) {
                break;
            }
            return (organ.wall_db + glance_db(cosine), cosine);
        }
        (f64::NEG_INFINITY, 1.0)
    }
}

/// Loss of a mirror-like echo seen aslant. Unit: dB. −2 dB at 15°, and no less than −18 dB.
fn glance_db(cosine: f64) -> f64 {
    let tangent2 = (1.0 - cosine * cosine) / (cosine * cosine).max(1e-6);
    (-25.0 * tangent2).max(-18.0)
}
