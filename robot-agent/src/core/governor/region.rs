//! Where a tip may be: inside a box, inside the cone of a port, outside of zones.
//!
//! The naive check asks whether the next setpoint is inside. It comes too late: a setpoint that moves
//! can not stop at once. And it knows only in and out: a tip that is out, because the region was
//! drawn after the arm was placed or an arm sagged, could then not even stand still, or could move
//! anywhere.
//!
//! The rule here: every constraint says **by how much** a whole box of points is beyond it, and two
//! such answers are compared constraint by constraint. Not deeper than before is allowed; so standing
//! still always is, coming nearer is, and going deeper never. The box is that which a motion and the
//! stop after it can not leave.
//!
//! Limits: the answer for a box is that of its worst point, exact for each constraint alone; but a
//! path inside the box need not touch that point. Along a slanted wall a path is therefore kept off
//! by up to the length of its own stop, and slows down when it is pressed against it. The inflated
//! box of a zone has sharp edges: it keeps off by up to √3 times the margin at its corners.

use core::f64::consts::FRAC_PI_2;
use core::fmt;

use nalgebra::{Vector2, Vector3};
use thiserror::Error;

/// Most keep-out zones of a region.
///
/// Every one is looked at several times in each tick; a body's vessels drawn as spheres and boxes
/// have not needed more.
pub const ZONES_MAX: usize = 16;

/// What rounding may add to an excess. Unit: metre.
///
/// A coordinate of one metre is known to 2e-16; the sums here are short.
pub const TOLERANCE_M: f64 = 1e-12;

/// Most constraints that are repaired, one after another, for one target.
///
/// Each constraint once, and a few again: in a corner they undo each other, and what does not settle
/// then is given up.
const PASSES_MAX: usize = 32;

const WALLS: usize = 3;
const PORT: usize = 3;

/// The remote centre of motion of a trocar: the tip stays in a cone behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Port {
    /// Where the shaft passes the body's wall. Frame: base. Unit: metre.
    pub centre: Vector3<f64>,
    /// Into the body; any length but zero. Frame: base.
    pub axis: Vector3<f64>,
    /// Largest angle between the axis and the shaft, below a right angle. Unit: radian.
    pub cone_max_rad: f64,
    /// Least distance of the tip from the centre. Unit: metre.
    pub depth_min_m: f64,
    /// Largest distance of the tip from the centre. Unit: metre.
    pub depth_max_m: f64,
}

/// The shape of a keep-out zone. Frame: base. Unit: metre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A ball.
    Sphere {
        /// Its centre.
        centre: Vector3<f64>,
        /// Above zero.
        radius: f64,
    },
    /// A box along the axes of the base.
    Box {
        /// Its low corner.
        min: Vector3<f64>,
        /// Its high corner.
        max: Vector3<f64>,
    },
    /// All points `p` with `(p − point) · normal < 0`.
    HalfSpace {
        /// A point of its surface.
        point: Vector3<f64>,
        /// Toward the allowed side; any length but zero.
        normal: Vector3<f64>,
    },
}

/// Where the tip must not be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zone {
    /// What is protected.
    pub shape: Shape,
    /// How far the tip stays off, zero or more. Unit: metre.
    pub margin_m: f64,
}

/// Which part of the region is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// The box around it all.
    Workspace,
    /// The cone of the port, or a depth in it.
    Port,
    /// The keep-out zone of this number, in the order given.
    Zone(u8),
}

impl Constraint {
    const fn of(index: usize) -> Self {
        match index {
            0..WALLS => Self::Workspace,
            WALLS..6 => Self::Port,
            _ => Self::Zone((index - WALLS - PORT) as u8),
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace => f.write_str("workspace"),
            Self::Port => f.write_str("port"),
            Self::Zone(number) => write!(f, "zone {number}"),
        }
    }
}

/// Something went deeper beyond a constraint than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// The first constraint concerned.
    pub constraint: Constraint,
    /// Its place among the entries of [`Excess`], for [`Region::way_out`].
    pub index: usize,
}

/// Why there is no such region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RegionError {
    /// Too many zones.
    #[error("{given} keep-out zones were given, {ZONES_MAX} is the most: join or drop some")]
    TooManyZones {
        /// How many there were.
        given: usize,
    },
    /// The keep-in box has no inside.
    #[error("the workspace needs finite corners, each minimum below its maximum")]
    NoWorkspace,
    /// The port leaves the tip no place.
    #[error(
        "the port needs a finite centre, an axis with a length, a cone between 0 and 90 degrees \
         and depths with 0 <= min < max"
    )]
    NoPort,
    /// A zone is no body.
    #[error(
        "keep-out zone {number} needs finite numbers, a size above zero and a margin from zero"
    )]
    NoZone {
        /// Which, from zero.
        number: usize,
    },
}

/// By how much a box of points is beyond each constraint; zero where it is inside. Unit: metre.
///
/// NaN everywhere if the box has a corner that is not a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    walls: [f64; WALLS],
    port: [f64; PORT],
    zones: [f64; ZONES_MAX],
}

impl Excess {
    /// That of a box which is inside.
    pub const NONE: Self = Self::of(0.0);

    const fn of(beyond: f64) -> Self {
        Self { walls: [beyond; WALLS], port: [beyond; PORT], zones: [beyond; ZONES_MAX] }
    }

    /// Nothing, if no entry is larger than that of `other`; else the first that is.
    pub fn within(&self, other: &Self) -> Result<(), Blocked> {
        let deeper = first_deeper(&self.walls, &other.walls)
            .or_else(|| first_deeper(&self.port, &other.port).map(|port| WALLS + port))
            .or_else(|| first_deeper(&self.zones, &other.zones).map(|zone| WALLS + PORT + zone));
        match deeper {
            Some(index) => Err(Blocked { constraint: Constraint::of(index), index }),
            None => Ok(()),
        }
    }

    /// The entries: three walls, three of the port (cone, farthest, nearest), then the zones.
    pub fn entries(&self) -> impl Iterator<Item = f64> {
        self.walls.into_iter().chain(self.port).chain(self.zones)
    }

    /// By how much entry `index` is beyond what `other` allows; NaN if there is no such entry.
    fn surplus(&self, other: &Self, index: usize) -> f64 {
        match self.entries().zip(other.entries()).nth(index) {
            Some((mine, theirs)) => mine - theirs.max(0.0),
            None => f64::NAN,
        }
    }
}

/// The first of `mine` that is larger than its counterpart. What is not a number is larger; as the
/// measure it counts as inside.
fn first_deeper(mine: &[f64], theirs: &[f64]) -> Option<usize> {
    mine.iter().zip(theirs).position(|(mine, theirs)| !(*mine <= theirs.max(0.0) + TOLERANCE_M))
}

/// Where a tip may be. Fixed size.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    min: Vector3<f64>,
    max: Vector3<f64>,
    cone: Option<Cone>,
    bodies: [Option<Body>; ZONES_MAX],
}

impl Region {
    /// The region inside the box from `min` to `max`, inside the cone of the port if there is one, and
    /// outside of the zones. Frame: base. Unit: metre.
    pub fn new(
        min: Vector3<f64>,
        max: Vector3<f64>,
        port: Option<Port>,
        zones: &[Zone],
    ) -> Result<Self, RegionError> {
        if !is_box(&min, &max) {
            return Err(RegionError::NoWorkspace);
        }
        let cone = match port {
            Some(port) => Some(Cone::new(&port).ok_or(RegionError::NoPort)?),
            None => None,
        };
        if zones.len() > ZONES_MAX {
            return Err(RegionError::TooManyZones { given: zones.len() });
        }
        let mut bodies = [None; ZONES_MAX];
        for (number, (place, zone)) in bodies.iter_mut().zip(zones).enumerate() {
            *place = Some(Body::new(zone).ok_or(RegionError::NoZone { number })?);
        }
        Ok(Self { min, max, cone, bodies })
    }

    /// By how much the box of points from `low` to `high` is beyond each constraint: never less than any
    /// point in it. A single point is the box from itself to itself.
    pub fn excess(&self, low: &Vector3<f64>, high: &Vector3<f64>) -> Excess {
        if !(is_point(low) && is_point(high)) {
            return Excess::of(f64::NAN);
        }
        let mut excess = Excess::NONE;
        let walls = (self.min - low).sup(&(high - self.max));
        for (entry, beyond) in excess.walls.iter_mut().zip(&walls) {
            *entry = beyond.max(0.0);
        }
        if let Some(cone) = &self.cone {
            excess.port = cone.beyond(low, high).map(|beyond| beyond.max(0.0));
        }
        for (entry, body) in
            excess.zones.iter_mut().zip(self.bodies.iter().map_while(Option::as_ref))
        {
            *entry = body.depth(low, high).max(0.0);
        }
        excess
    }

    /// The direction in which constraint `index` is left behind fastest at `point`. Length one; zero if
    /// the region has no such constraint.
    pub fn way_out(&self, index: usize, point: &Vector3<f64>) -> Vector3<f64> {
        match (Constraint::of(index), &self.cone) {
            (Constraint::Workspace, _) => {
                let axis = Vector3::ith_axis(index).into_inner();
                along(&axis, &((self.min + self.max) / 2.0 - point))
            }
            (Constraint::Port, Some(cone)) => cone.way_out(index, point),
            (Constraint::Port, None) => Vector3::zeros(),
            (Constraint::Zone(number), _) => match self.bodies.get(usize::from(number)) {
                Some(Some(body)) => body.way_out(point),
                Some(None) | None => Vector3::zeros(),
            },
        }
    }

    /// `target` moved into the region, and the first constraint that moved it.
    ///
    /// Where `from` is beyond a constraint, that constraint reaches out to it: a tip that is out must be
    /// able to stand still, and may only come nearer. `from` itself, if no place is found within a
    /// bounded number of repairs, or if `target` is not a point.
    pub fn clamped(
        &self,
        target: &Vector3<f64>,
        from: &Vector3<f64>,
    ) -> (Vector3<f64>, Option<Constraint>) {
        let reach = self.excess(from, from);
        let (mut place, mut cause) = (*target, None);
        for _ in 0..PASSES_MAX {
            let excess = self.excess(&place, &place);
            let Err(blocked) = excess.within(&reach) else { return (place, cause) };
            cause = cause.or(Some(blocked.constraint));
            let way = self.way_out(blocked.index, &place);
            place += way * excess.surplus(&reach, blocked.index);
        }
        (*from, cause)
    }

    /// How far a point is outside of the box; NaN if it is not a point. Unit: metre.
    pub fn beyond_walls_m(&self, point: &Vector3<f64>) -> f64 {
        self.largest_of(point, 0, WALLS)
    }

    /// How far a point is outside of what the port allows; 0 without one. Unit: metre.
    pub fn beyond_port_m(&self, point: &Vector3<f64>) -> f64 {
        self.largest_of(point, WALLS, PORT)
    }

    /// How deep a point is inside a zone with its margin; NaN if it is not a point. Unit: metre.
    pub fn inside_zones_m(&self, point: &Vector3<f64>) -> f64 {
        self.largest_of(point, WALLS + PORT, ZONES_MAX)
    }

    fn largest_of(&self, point: &Vector3<f64>, from: usize, count: usize) -> f64 {
        let excess = self.excess(point, point);
        // Written so that one that is not a number is not lost: `max` would hide it.
        excess
            .entries()
            .skip(from)
            .take(count)
            .fold(0.0, |largest, beyond| if beyond <= largest { largest } else { beyond })
    }

    /// The largest excess of a point; 0 inside, NaN if `point` is not a point. Unit: metre.
    pub fn outside_m(&self, point: &Vector3<f64>) -> f64 {
        if is_point(point) {
            self.excess(point, point).entries().fold(0.0, f64::max)
        } else {
            f64::NAN
        }
    }
}

/// A checked [`Port`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cone {
    centre: Vector3<f64>,
    axis: Vector3<f64>,
    sin: f64,
    cos: f64,
    depth_min: f64,
    depth_max: f64,
}

impl Cone {
    fn new(port: &Port) -> Option<Self> {
        let opens = port.cone_max_rad > 0.0 && port.cone_max_rad < FRAC_PI_2;
        let has_depth = port.depth_min_m >= 0.0 && port.depth_min_m < port.depth_max_m;
        if !(opens && has_depth && port.depth_max_m.is_finite() && is_point(&port.centre)) {
            return None;
        }
        let (sin, cos) = port.cone_max_rad.sin_cos();
        Some(Self {
            centre: port.centre,
            axis: direction(&port.axis)?,
            sin,
            cos,
            depth_min: port.depth_min_m,
            depth_max: port.depth_max_m,
        })
    }

    /// By how much a box of points is beyond the cone, too far and too near; not above zero inside.
    fn beyond(&self, low: &Vector3<f64>, high: &Vector3<f64>) -> [f64; PORT] {
        let (low, high) = (low - self.centre, high - self.centre);
        // The distance from a cone is a convex function of the point, so is that from the centre: both
        // are largest at a corner.
        let mut beside = 0.0_f64;
        for x in [low.x, high.x] {
            for y in [low.y, high.y] {
                for z in [low.z, high.z] {
                    let away = self.away(&Vector3::new(x, y, z));
                    beside = beside.max(away.norm_squared());
                }
            }
        }
        let nearest = Vector3::zeros().sup(&low).inf(&high);
        [
            beside.sqrt(),
            low.abs().sup(&high.abs()).norm() - self.depth_max,
            self.depth_min - nearest.norm(),
        ]
    }

    /// From the nearest point of the cone: across its side, and behind its apex. Zero inside.
    ///
    /// `place` is relative to the centre.
    fn away(&self, place: &Vector3<f64>) -> Vector2<f64> {
        let inward = place.dot(&self.axis);
        let aside = (place - self.axis * inward).norm();
        let across = aside * self.cos - inward * self.sin;
        let ahead = inward * self.cos + aside * self.sin;
        Vector2::new(across.max(0.0), ahead.min(0.0))
    }

    fn way_out(&self, index: usize, point: &Vector3<f64>) -> Vector3<f64> {
        let place = point - self.centre;
        let outward = place.try_normalize(0.0).unwrap_or(self.axis);
        match index - WALLS {
            0 => {
                let radial = place - self.axis * place.dot(&self.axis);
                let radial = radial.try_normalize(0.0).unwrap_or_default();
                let outward = radial * self.cos - self.axis * self.sin;
                let forward = self.axis * self.cos + radial * self.sin;
                let away = self.away(&place);
                let back = -outward * away.x - forward * away.y;
                back.try_normalize(0.0).unwrap_or_else(|| -outward.normalize())
            }
            1 => -outward,
            _ => outward,
        }
    }
}

/// A checked [`Zone`], its margin included.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Body {
    Sphere { centre: Vector3<f64>, radius: f64 },
    Box { middle: Vector3<f64>, half: Vector3<f64> },
    HalfSpace { normal: Vector3<f64>, offset: f64 },
}

impl Body {
    fn new(zone: &Zone) -> Option<Self> {
        let margin = zone.margin_m;
        if !(margin >= 0.0 && margin.is_finite()) {
            return None;
        }
        match &zone.shape {
            Shape::Sphere { centre, radius } => {
                (is_point(centre) && *radius > 0.0 && radius.is_finite())
                    .then(|| Self::Sphere { centre: *centre, radius: radius + margin })
            }
            Shape::Box { min, max } => is_box(min, max).then(|| Self::Box {
                middle: (min + max) / 2.0,
                half: ((max - min) / 2.0).add_scalar(margin),
            }),
            Shape::HalfSpace { point, normal } => {
                let normal = direction(normal)?;
                let offset = point.dot(&normal) + margin;
                is_point(point).then_some(Self::HalfSpace { normal, offset })
            }
        }
    }

    /// How deep the deepest point of a box of points is inside; below zero if it is clear.
    fn depth(&self, low: &Vector3<f64>, high: &Vector3<f64>) -> f64 {
        match self {
            Self::Sphere { centre, radius } => radius - (centre.sup(low).inf(high) - centre).norm(),
            // The depth along one axis depends on that coordinate only: each can be worst on its own.
            Self::Box { middle, half } => (half - (middle.sup(low).inf(high) - middle).abs()).min(),
            Self::HalfSpace { normal, offset } => {
                offset - normal.component_mul(low).inf(&normal.component_mul(high)).sum()
            }
        }
    }

    fn way_out(&self, point: &Vector3<f64>) -> Vector3<f64> {
        match self {
            Self::Sphere { centre, .. } => {
                (point - centre).try_normalize(0.0).unwrap_or_else(Vector3::z)
            }
            Self::Box { middle, half } => {
                let from_middle = point - middle;
                let side = (half - from_middle.abs()).imin();
                along(&Vector3::ith_axis(side).into_inner(), &from_middle)
            }
            Self::HalfSpace { normal, .. } => *normal,
        }
    }
}

fn is_point(p: &Vector3<f64>) -> bool {
    p.iter().all(|v| v.is_finite())
}

fn is_box(min: &Vector3<f64>, max: &Vector3<f64>) -> bool {
    is_point(min) && is_point(max) && min.iter().zip(max).all(|(min, max)| min < max)
}

/// `v` at length one; nothing if it has no direction.
fn direction(v: &Vector3<f64>) -> Option<Vector3<f64>> {
    let length = v.norm();
    (length > 0.0 && length.is_finite()).then(|| v / length)
}

/// `axis` or its opposite, whichever points the way `v` does.
fn along(axis: &Vector3<f64>, v: &Vector3<f64>) -> Vector3<f64> {
    axis.scale(1.0_f64.copysign(v.dot(axis)))
}

#[cfg(test)]
#[path = "region_tests.rs"]
pub(in crate::core::governor) mod tests;
