//! Where a tip may be: by how much a point is beyond each limit of its place.

use nalgebra::Vector3;
use protocol::profile::{ArmLimits, Shape};
use robot_agent::robot::Port;

/// Six walls, the cone and two depths of a port, sixteen zones.
const LIMITS: usize = 6 + 3 + 16;

/// By how much a point is beyond each limit; 0 inside. Unit: metre.
pub(super) type Beyond = [f64; LIMITS];

/// By how much `p` is beyond each limit of its place.
pub(super) fn beyond(limits: &ArmLimits, port: Option<&Port>, p: &Vector3<f64>) -> Beyond {
    signed(limits, port, p).map(|by| by.max(0.0))
}

/// True if `p` is nearer to a slanted limit than `near_m`, or beyond it.
pub(super) fn is_near_slant(
    limits: &ArmLimits,
    port: Option<&Port>,
    p: &Vector3<f64>,
    near_m: f64,
) -> bool {
    signed(limits, port, p)[6..].iter().any(|by| *by > -near_m)
}

/// The same, below zero inside; without end for what is not there.
fn signed(limits: &ArmLimits, port: Option<&Port>, p: &Vector3<f64>) -> Beyond {
    let mut all = [f64::NEG_INFINITY; LIMITS];
    for i in 0..3 {
        all[2 * i] = limits.workspace.min_m[i] - p[i];
        all[2 * i + 1] = p[i] - limits.workspace.max_m[i];
    }
    if let (Some(port), Some(allowed)) = (port, &limits.port) {
        let way = p - port.centre_m;
        let (depth_m, angle) = (way.norm(), way.angle(&port.axis));
        let aside = angle - allowed.cone_max_rad;
        // Across the side of the cone; from its tip where that is nearer.
        all[6] = match aside {
            a if a < core::f64::consts::FRAC_PI_2 => depth_m * a.sin(),
            _ => depth_m,
        };
        all[7] = depth_m - allowed.depth_max_m;
        all[8] = allowed.depth_min_m - depth_m;
    }
    for (entry, zone) in all[9..].iter_mut().zip(&limits.zones) {
        *entry = zone.margin_m + inside(&zone.shape, p);
    }
    all
}

/// How deep `p` is inside a shape; below zero outside of it. Unit: metre.
fn inside(shape: &Shape, p: &Vector3<f64>) -> f64 {
    match shape {
        Shape::Sphere { centre_m, radius_m } => radius_m - (p - Vector3::from(*centre_m)).norm(),
        Shape::Box { min_m, max_m } => {
            (0..3).map(|i| (p[i] - min_m[i]).min(max_m[i] - p[i])).fold(f64::INFINITY, f64::min)
        }
        Shape::HalfSpace { point_m, normal } => {
            (Vector3::from(*point_m) - p).dot(&Vector3::from(*normal))
        }
    }
}

/// The largest of some of them.
pub(super) fn worst(by: &[f64]) -> f64 {
    by.iter().copied().fold(0.0, f64::max)
}
