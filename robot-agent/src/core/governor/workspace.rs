//! The box in which a tip may be.

use nalgebra::Vector3;
use protocol::profile::Workspace;

/// How far `p` is outside the box; 0 inside, NaN if `p` is not a point. Unit: metre.
pub fn outside_m(workspace: &Workspace, p: &Vector3<f64>) -> f64 {
    if p.iter().all(|v| v.is_finite()) {
        (p - in_box(p, &Vector3::from(workspace.min_m), &Vector3::from(workspace.max_m))).norm()
    } else {
        f64::NAN
    }
}

/// `target` moved into the box. Where `from` is already outside, the box reaches out to it: a tip
/// that is out must be able to stand still, and may only come nearer.
pub(super) fn clamped(
    workspace: &Workspace,
    target: &Vector3<f64>,
    from: &Vector3<f64>,
) -> Vector3<f64> {
    let low = Vector3::from(workspace.min_m).inf(from);
    let high = Vector3::from(workspace.max_m).sup(from);
    in_box(target, &low, &high)
}

fn in_box(p: &Vector3<f64>, low: &Vector3<f64>, high: &Vector3<f64>) -> Vector3<f64> {
    p.sup(low).inf(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit_box() -> Workspace {
        Workspace { min_m: [0.0; 3], max_m: [1.0; 3], breach_margin_m: 0.01 }
    }

    #[test]
    fn the_distance_outside_is_that_to_the_nearest_point_of_the_box() {
        let w = unit_box();
        assert_eq!(outside_m(&w, &Vector3::new(0.5, 0.0, 1.0)), 0.0);
        assert!((outside_m(&w, &Vector3::new(0.5, 0.5, 1.2)) - 0.2).abs() < 1e-12);
        assert!((outside_m(&w, &Vector3::new(-0.3, 1.4, 0.5)) - 0.5).abs() < 1e-12);
        assert!(outside_m(&w, &Vector3::new(f64::NAN, 0.0, 0.0)).is_nan());
        assert!(outside_m(&w, &Vector3::new(0.5, f64::INFINITY, 0.5)).is_nan());
    }

    #[test]
    fn a_target_outside_is_moved_to_the_edge() {
        let from = Vector3::new(0.5, 0.5, 0.5);
        let to = clamped(&unit_box(), &Vector3::new(2.0, -1.0, 0.7), &from);
        assert_eq!(to, Vector3::new(1.0, 0.0, 0.7));
    }

    #[test]
    fn a_tip_that_is_out_may_stand_or_come_back_and_go_no_further() {
        let from = Vector3::new(1.2, 0.5, 0.5);
        assert_eq!(clamped(&unit_box(), &from, &from), from);
        assert_eq!(clamped(&unit_box(), &Vector3::new(1.5, 0.5, 0.5), &from).x, 1.2);
        assert_eq!(clamped(&unit_box(), &Vector3::new(0.9, 0.5, 0.5), &from).x, 0.9);
    }
}
