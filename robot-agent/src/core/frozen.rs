//! A sensor that repeats itself while the arm should move.
//!
//! A driver that has lost its hardware often goes on returning the last reading, with a fresh stamp:
//! every number is plausible and none is true. A real sensor is never still to the last bit while the
//! arm under it moves. So what counts is how far the setpoint has gone since the measured pose last
//! changed at all, and how far the tip has gone, pressed on tissue or seeking it, since the measured force
//! did.

use nalgebra::Vector3;
use protocol::pose::{Base, Pose, Tip};

use super::contact::CONTACT_MIN_N;
use crate::robot::ArmReading;

/// One thing that is measured, and where the arm was when it last changed.
#[derive(Debug, Clone, Copy)]
struct Watched {
    value: Vector3<f64>,
    at: Vector3<f64>,
}

/// Watches the sensors of one arm.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frozen {
    tip: Option<Watched>,
    force: Option<Watched>,
}

impl Frozen {
    /// How far the arm should have moved, or has moved, while a sensor repeated itself. `presses` tells
    /// that the force loop goes by the force sensor: then its zero must live, too. Unit: metre.
    pub(super) fn note(
        &mut self,
        arm: &ArmReading,
        setpoint: &Pose<Base, Tip>,
        presses: bool,
    ) -> f64 {
        let tip = travelled(&mut self.tip, arm.tip.position(), setpoint.position());
        let force = if presses || arm.force_n.norm() > CONTACT_MIN_N {
            travelled(&mut self.force, arm.force_n, arm.tip.position())
        } else {
            self.force = None;
            0.0
        };
        tip.max(force)
    }
}

/// The way from where `value` last changed to `place`.
fn travelled(watched: &mut Option<Watched>, value: Vector3<f64>, place: Vector3<f64>) -> f64 {
    match watched {
        Some(w) if w.value == value => (place - w.at).norm(),
        _ => {
            *watched = Some(Watched { value, at: place });
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Isometry3;

    fn at(x: f64) -> Pose<Base, Tip> {
        Pose::new(Isometry3::translation(x, 0.0, 0.0))
    }

    fn arm(tip_x: f64, force_n: f64) -> ArmReading {
        ArmReading {
            tip: at(tip_x),
            force_n: Vector3::new(0.0, 0.0, force_n),
            ..ArmReading::absent()
        }
    }

    /// SENSOR-FROZEN: the way counts from the last change of the reading, however small that was.
    #[test]
    fn a_pose_that_stays_the_same_while_the_setpoint_goes_is_frozen() {
        let mut f = Frozen::default();
        assert_eq!(f.note(&arm(0.5, 0.0), &at(0.5), false), 0.0);
        assert!((f.note(&arm(0.5, 0.0), &at(0.502), false) - 0.002).abs() < 1e-12);
        assert!((f.note(&arm(0.5, 0.0), &at(0.504), false) - 0.004).abs() < 1e-12);
        assert_eq!(f.note(&arm(0.5 + 1e-12, 0.0), &at(0.506), false), 0.0, "it lives");
        assert!((f.note(&arm(0.5 + 1e-12, 0.0), &at(0.507), false) - 0.001).abs() < 1e-12);
    }

    #[test]
    fn a_force_that_stays_the_same_while_the_tip_goes_is_frozen() {
        let mut f = Frozen::default();
        for (x, force, way) in [
            (0.500, 5.0, 0.0),
            (0.501, 5.0, 0.001),
            (0.503, 5.0, 0.003),
            (0.504, 5.1, 0.0),
            (0.505, 5.1, 0.001),
            (0.506, 0.0, 0.0),
            (0.508, 0.0, 0.0),
            (0.509, 5.1, 0.0),
        ] {
            let got = f.note(&arm(x, force), &at(x), false);
            assert!((got - way).abs() < 1e-12, "{x} m, {force} N: {got}");
        }
    }

    #[test]
    fn what_is_not_more_than_noise_is_no_force_that_could_freeze() {
        let mut f = Frozen::default();
        for (x, force, way) in [
            (0.500, CONTACT_MIN_N, 0.0),
            (0.503, CONTACT_MIN_N, 0.0),
            (0.504, 1.001 * CONTACT_MIN_N, 0.0),
            (0.505, 1.001 * CONTACT_MIN_N, 0.001),
        ] {
            let got = f.note(&arm(x, force), &at(x), false);
            assert!((got - way).abs() < 1e-12, "{x} m, {force} N: {got}");
        }
    }

    /// SENSOR-FROZEN: a dead force sensor in the air would have the force loop press for ever.
    #[test]
    fn while_the_force_loop_seeks_contact_a_zero_that_stays_is_frozen() {
        let mut f = Frozen::default();
        assert_eq!(f.note(&arm(0.500, 0.0), &at(0.500), true), 0.0);
        assert!((f.note(&arm(0.502, 0.0), &at(0.502), true) - 0.002).abs() < 1e-12);
        assert_eq!(f.note(&arm(0.503, 0.001), &at(0.503), true), 0.0, "it lives");
    }
}
