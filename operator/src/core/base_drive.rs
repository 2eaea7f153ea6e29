//! From the motion of a hand to the speed of a mobile base.
//!
//! A stick is a speed: up is forward, to the side is a turn to that side, with either stick. Unlike a
//! tip, a base has no place that a hand could be mapped to, so a device that tells where it is gives no
//! motion here. Nothing adds up: a stick that is let go asks for no speed, however long it was held,
//! so there is no lead to bound and no anchor to keep.
//!
//! Deflections pass the same tremor filter as the steps of a tip. Its output swings past a sudden stop
//! by 4 %, so the speed is bounded once more behind it.

use protocol::frame::BaseTwist;
use protocol::profile::{BaseLimits, Hand};

use super::hand::{Deflection, HandMotion};
use super::shaping;
use super::tremor::TremorFilter;

/// A base that is asked to stand.
pub const STAND: BaseTwist = BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Following,
}

/// Turns deflections into speeds while the robot follows.
#[derive(Debug, Clone)]
pub struct BaseDrive {
    linear_max_m_s: f64,
    angular_max_rad_s: f64,
    filters: [TremorFilter; 2],
    phase: Phase,
}

impl BaseDrive {
    /// A drive that stands, for a hand that is read `tick_hz` times a second.
    pub fn new(hand: &Hand, limits: &BaseLimits, tick_hz: f64) -> Self {
        Self {
            linear_max_m_s: (hand.speed_full_m_s * hand.scale).min(limits.speed_max_m_s),
            angular_max_rad_s: hand.turn_full_rad_s.min(limits.turn_max_rad_s),
            filters: [TremorFilter::new(hand.tremor_cutoff_hz, tick_hz); 2],
            phase: Phase::Idle,
        }
    }

    /// The robot has begun to follow.
    pub fn begin(&mut self) {
        self.end();
        self.phase = Phase::Following;
    }

    /// The robot does not follow, or should not.
    pub fn end(&mut self) {
        self.phase = Phase::Idle;
        self.filters.iter_mut().for_each(TremorFilter::reset);
    }

    /// The speeds to command now; exactly none while not following.
    pub fn tick(&mut self, motion: &HandMotion) -> BaseTwist {
        if self.phase == Phase::Idle {
            return STAND;
        }
        let [forward, left] = deflection(motion);
        let [along, about] = &mut self.filters;
        BaseTwist {
            linear_m_s: self.linear_max_m_s * shaping::unit(along.tick(forward)),
            angular_rad_s: self.angular_max_rad_s * shaping::unit(about.tick(left)),
        }
    }
}

/// Forward and counter-clockwise, each −1 to 1; numbers that are none ask for nothing.
fn deflection(motion: &HandMotion) -> [f64; 2] {
    match motion {
        HandMotion::Rate(Deflection { x, y, turn, .. }) => {
            let [right, forward] = shaping::stick([*x, *y], 0.0);
            // Counter-clockwise is to the left.
            [forward, shaping::unit(shaping::unit(*turn) - right)]
        }
        HandMotion::Displacement(_) | HandMotion::Arms(_) => [0.0, 0.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{UnitQuaternion, Vector3};
    use proptest::prelude::*;
    use protocol::pose::Displacement;
    use protocol::profile::{Profile, TELECARE};

    fn drive() -> BaseDrive {
        let p = Profile::parse(TELECARE).unwrap();
        BaseDrive::new(&p.hand, p.base().unwrap(), p.rates.command_hz)
    }

    fn following() -> BaseDrive {
        let mut drive = drive();
        drive.begin();
        drive
    }

    fn rate(x: f64, y: f64, turn: f64) -> HandMotion {
        HandMotion::Rate(Deflection { x, y, turn, ..Deflection::NONE })
    }

    /// What is asked for once the filter has settled.
    fn settled(motion: &HandMotion) -> (f64, f64) {
        let mut drive = following();
        let twist = (0..500).map(|_| drive.tick(motion)).last().unwrap();
        (twist.linear_m_s, twist.angular_rad_s)
    }

    fn near((a, b): (f64, f64), (c, d): (f64, f64)) {
        assert!((a - c).abs() < 1e-6 && (b - d).abs() < 1e-6, "{a}, {b} for {c}, {d}");
    }

    #[test]
    fn up_is_forward_and_a_side_is_a_turn_to_that_side() {
        let turn = 60_f64.to_radians();
        near(settled(&rate(0.0, 1.0, 0.0)), (0.8, 0.0));
        near(settled(&rate(0.0, -0.5, 0.0)), (-0.4, 0.0));
        near(settled(&rate(-1.0, 0.0, 0.0)), (0.0, turn));
        near(settled(&rate(1.0, 0.0, 0.0)), (0.0, -turn));
        // A pad reports a right stick that is pushed to the right as a turn below zero.
        near(settled(&rate(0.0, 0.0, -1.0)), (0.0, -turn));
        near(settled(&rate(0.0, 0.5, 0.5)), (0.4, turn / 2.0));
        near(settled(&rate(-1.0, 0.0, 1.0)), (0.0, turn));
        near(settled(&rate(1.0, 0.0, 1.0)), (0.0, 0.0));
    }

    #[test]
    fn the_limits_of_the_base_hold_whatever_the_hand_is_told() {
        let mut p = Profile::parse(TELECARE).unwrap();
        p.hand.speed_full_m_s = 1.5;
        p.hand.turn_full_rad_s = 90_f64.to_radians();
        let mut drive = BaseDrive::new(&p.hand, p.base().unwrap(), 50.0);
        drive.begin();
        let twist = (0..500).map(|_| drive.tick(&rate(0.0, 1.0, 1.0))).last().unwrap();
        near((twist.linear_m_s, twist.angular_rad_s), (0.8, 60_f64.to_radians()));
        p.hand.scale = 0.1;
        let mut drive = BaseDrive::new(&p.hand, p.base().unwrap(), 50.0);
        drive.begin();
        let twist = (0..500).map(|_| drive.tick(&rate(0.0, 1.0, 0.0))).last().unwrap();
        assert!((twist.linear_m_s - 0.15).abs() < 1e-6, "scaled: {}", twist.linear_m_s);
    }

    #[test]
    fn a_base_that_does_not_follow_is_asked_to_stand_and_nothing_is_caught_up() {
        let mut drive = drive();
        for _ in 0..100 {
            assert_eq!(drive.tick(&rate(0.0, 1.0, 1.0)), STAND);
        }
        drive.begin();
        let first = drive.tick(&rate(0.0, 1.0, 1.0));
        assert!(first.linear_m_s > 0.0 && first.linear_m_s < 0.2, "it starts from rest");
        for _ in 0..100 {
            drive.tick(&rate(0.0, 1.0, 1.0));
        }
        drive.end();
        assert_eq!(drive.tick(&rate(0.0, 1.0, 1.0)), STAND, "at once");
        drive.begin();
        assert_eq!(drive.tick(&HandMotion::still()), STAND);
    }

    #[test]
    fn a_device_that_tells_where_it_is_does_not_drive() {
        let mut drive = following();
        for n in 0..100 {
            let hand = Displacement {
                translation: Vector3::new(0.0, f64::from(n) * 1e-3, 0.0),
                rotation: UnitQuaternion::identity(),
            };
            assert_eq!(drive.tick(&HandMotion::Displacement(hand)), STAND);
        }
    }

    proptest! {
        /// Whatever the hand says, the base is asked for a speed that it may have.
        #[test]
        fn every_speed_is_finite_and_inside_the_limits(
            hands in proptest::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 1..200),
        ) {
            let mut drive = following();
            for (x, y, turn) in hands {
                let twist = drive.tick(&rate(x, y, turn));
                prop_assert!(twist.linear_m_s.abs() <= 0.8);
                prop_assert!(twist.angular_rad_s.abs() <= 60_f64.to_radians());
            }
        }
    }
}
