//! What a stick means: a radial, scaled dead zone.
//!
//! Problem: a worn stick rests beside its centre, so small deflections must count as none. The naive
//! ways: a dead zone per axis makes a cross in which diagonals snap to an axis; a dead zone that only
//! cuts makes the motion start with a jump. Here the zone is a disc and the rest is stretched:
//!
//! ```text
//! out = d/|d| · clamp((|d| − z) / (1 − z), 0, 1)
//! ```
//!
//! with deflection `d` and dead zone `z`: the direction is kept, motion starts at zero at the edge of
//! the disc, full deflection is 1, and the corners of a square stick give no more than 1.

/// A dead zone is never wider. Source: the profile's own limit is 50 %.
const DEAD_ZONE_MAX: f64 = 0.9;

/// A deflection as a vector inside the unit disc, with the dead zone taken out.
///
/// Total: numbers that are not finite count as no deflection.
pub fn stick(deflection: [f64; 2], dead_zone: f64) -> [f64; 2] {
    let [x, y] = deflection;
    let length = x.hypot(y);
    if !length.is_finite() || length <= 0.0 {
        return [0.0, 0.0];
    }
    let gain = magnitude(length, dead_zone) / length;
    [x * gain, y * gain]
}

/// A deflection of one axis, −1 to 1, with the dead zone taken out.
pub fn axis(deflection: f64, dead_zone: f64) -> f64 {
    if deflection.is_finite() {
        magnitude(deflection.abs(), dead_zone).copysign(deflection)
    } else {
        0.0
    }
}

/// `value` inside −1 to 1; 0 if it is no number.
pub fn unit(value: f64) -> f64 {
    if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 }
}

fn magnitude(length: f64, dead_zone: f64) -> f64 {
    let zone = if dead_zone.is_finite() { dead_zone.clamp(0.0, DEAD_ZONE_MAX) } else { 0.0 };
    ((length - zone) / (1.0 - zone)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn motion_starts_at_zero_at_the_edge_and_ends_at_one() {
        let x = |d| stick([d, 0.0], 0.12)[0];
        assert!(close(x(0.12), 0.0) && close(x(-0.12), 0.0) && close(x(0.0), 0.0));
        assert!(close(x(0.56), 0.5) && close(x(-0.56), -0.5));
        assert!(close(x(1.0), 1.0) && close(x(1.3), 1.0));
    }

    #[test]
    fn a_square_corner_is_no_faster_than_an_axis() {
        let [x, y] = stick([1.0, -1.0], 0.12);
        assert!(close(x.hypot(y), 1.0) && close(x, -y));
    }

    #[test]
    fn what_is_no_number_is_no_deflection() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(stick([bad, 0.5], 0.12), [0.0, 0.0]);
            assert_eq!(stick([0.5, bad], 0.12), [0.0, 0.0]);
            assert!(close(axis(bad, 0.12), 0.0) && close(unit(bad), 0.0));
        }
        let [x, _] = stick([0.5, 0.0], f64::NAN);
        assert!(close(x, 0.5), "a dead zone that is no number is none");
    }

    proptest! {
        #[test]
        fn the_direction_is_kept_and_the_length_never_grows_beyond_one(
            x in -2.0_f64..2.0, y in -2.0_f64..2.0, zone in 0.0_f64..0.6,
        ) {
            let [sx, sy] = stick([x, y], zone);
            prop_assert!(sx.hypot(sy) <= 1.0 + 1e-12);
            prop_assert!(sx.hypot(sy) <= x.hypot(y).max(zone) + 1e-12);
            prop_assert!((sx * y - sy * x).abs() < 1e-9, "turned");
            prop_assert!(sx * x + sy * y >= 0.0, "reversed");
            if x.hypot(y) <= zone {
                prop_assert_eq!([sx, sy], [0.0, 0.0]);
            }
        }

        #[test]
        fn more_deflection_is_never_less_motion(
            angle in 0.0_f64..6.3, a in 0.0_f64..1.5, b in 0.0_f64..1.5, zone in 0.0_f64..0.6,
        ) {
            let length = |r: f64| {
                let [x, y] = stick([r * angle.cos(), r * angle.sin()], zone);
                x.hypot(y)
            };
            prop_assert!(length(a.min(b)) <= length(a.max(b)) + 1e-12);
        }
    }
}
