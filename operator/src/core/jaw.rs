//! How far open a jaw is asked to be by a hand that has no fingers of its own.
//!
//! A stick or a key opens and closes a jaw at a speed, and lets it be. The robot on the other side takes an
//! opening, and its jaw waits until the hand has come to where the jaw is. So a hand without fingers says what the
//! robot's core last asked the jaw for: the two have met before anything moves, and nothing moves because they
//! met. What is measured would not do, for a jaw that holds something is measured wider than it is asked to be.
//!
//! While the robot follows, the opening goes up and down from there, never further ahead of the robot than a
//! quarter of a second of full speed: a jaw that is kept from moving leaves nothing to unwind.

use core::time::Duration;

use protocol::frame::ArmState;
use protocol::frame::command::JAW_MAX_RAD;
use protocol::profile::JawLimits;
use protocol::time::{Moment, Operator};

use super::shaping;

/// How long the robot may need to follow a jaw at full speed. Unit: second. The largest loop age that a robot
/// follows at.
const LEAD_S: f64 = 0.25;

/// The longest tick that counts. Unit: second. A console that did not run for longer moves nothing for that time.
const TICK_MAX_S: f64 = 0.02;

/// The opening that a hand without fingers asks for.
#[derive(Debug, Clone)]
pub struct Jaw {
    limits: JawLimits,
    follows: bool,
    setpoint_rad: f64,
    said_rad: f64,
    last_tick: Moment<Operator>,
}

impl Jaw {
    /// A jaw of which nothing is known yet.
    pub fn new(limits: &JawLimits) -> Self {
        Self {
            limits: limits.clone(),
            follows: false,
            setpoint_rad: 0.0,
            said_rad: 0.0,
            last_tick: Moment::START,
        }
    }

    /// The robot has begun to follow, from here.
    pub fn begin(&mut self, arm: &ArmState) {
        self.handle_state(arm);
        self.said_rad = self.setpoint_rad;
        self.follows = true;
    }

    /// The robot does not follow, or should not.
    pub const fn end(&mut self) {
        self.follows = false;
    }

    /// How far the robot's core last asked the jaw to open.
    pub fn handle_state(&mut self, arm: &ArmState) {
        // Whatever a robot reports: what a frame can not carry would be refused, and with it the other arm's.
        if arm.jaw_setpoint_rad.abs() <= JAW_MAX_RAD {
            self.setpoint_rad = arm.jaw_setpoint_rad;
        }
    }

    /// The opening to say now, for a deflection of −1, closing at full speed, to 1. Unit: radian.
    pub fn tick(&mut self, deflection: f64, now: Moment<Operator>) -> f64 {
        let dt_s = now.since(self.last_tick).unwrap_or(Duration::ZERO).as_secs_f64();
        self.last_tick = now;
        let deflection = shaping::unit(deflection);
        if !self.follows {
            self.said_rad = self.setpoint_rad;
        } else if deflection != 0.0 {
            let rate_rad_s = self.limits.rate_max_rad_s;
            let wanted_rad = self.said_rad + deflection * rate_rad_s * dt_s.min(TICK_MAX_S);
            let lead_rad = rate_rad_s * LEAD_S;
            self.said_rad = wanted_rad
                .clamp(self.setpoint_rad - lead_rad, self.setpoint_rad + lead_rad)
                .clamp(0.0, self.limits.open_max_rad);
        }
        self.said_rad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::profile::{Profile, SURGERY};

    fn limits() -> JawLimits {
        Profile::parse(SURGERY).unwrap().arms().unwrap().jaw.clone().unwrap()
    }

    fn open(rad: f64) -> ArmState {
        // What it holds keeps it wider.
        ArmState { jaw_rad: rad + 0.1, jaw_setpoint_rad: rad, ..ArmState::absent() }
    }

    struct Rig {
        jaw: Jaw,
        ms: u64,
        obeys: bool,
    }

    impl Rig {
        fn at(rad: f64) -> Self {
            let mut jaw = Jaw::new(&limits());
            jaw.handle_state(&open(rad));
            Self { jaw, ms: 1_000, obeys: true }
        }

        fn begin(&mut self) {
            let arm = open(self.jaw.setpoint_rad);
            self.jaw.begin(&arm);
        }

        fn run(&mut self, deflection: f64, ticks: u32) -> f64 {
            let mut said_rad = f64::NAN;
            for _ in 0..ticks {
                self.ms += 1;
                said_rad = self.jaw.tick(deflection, Moment::from_ns(self.ms * 1_000_000));
                if self.obeys && self.jaw.follows {
                    self.jaw.handle_state(&open(said_rad));
                }
            }
            said_rad
        }
    }

    #[test]
    fn before_it_moves_it_says_what_the_jaw_is_asked_for_not_what_is_measured() {
        let mut rig = Rig::at(0.3);
        assert_eq!(rig.run(1.0, 100), 0.3, "nothing follows yet");
        rig.begin();
        assert_eq!(rig.run(0.0, 1_000), 0.3, "a hand that rests lets it be");
    }

    #[test]
    fn it_opens_and_closes_at_the_speed_of_the_profile_and_stays_inside() {
        let mut rig = Rig::at(0.3);
        rig.begin();
        rig.run(0.0, 1);
        let rate_rad_s = limits().rate_max_rad_s;
        assert!((rig.run(1.0, 200) - 0.3 - 0.2 * rate_rad_s).abs() < 1e-9);
        assert!((rig.run(-0.5, 200) - 0.3 - 0.1 * rate_rad_s).abs() < 1e-9);
        assert_eq!(rig.run(-1.0, 9_000), 0.0);
        assert_eq!(rig.run(1.0, 9_000), limits().open_max_rad);
    }

    /// Such as one that was opened by hand beyond what the profile allows.
    #[test]
    fn a_jaw_that_stands_outside_its_range_is_met_there_and_comes_back_inside() {
        let mut rig = Rig::at(limits().open_max_rad + 0.2);
        assert_eq!(rig.run(0.0, 1), limits().open_max_rad + 0.2);
        rig.begin();
        assert_eq!(rig.run(0.0, 10), limits().open_max_rad + 0.2);
        assert_eq!(rig.run(-1e-3, 1), limits().open_max_rad);
    }

    #[test]
    fn a_jaw_that_is_kept_from_moving_leaves_nothing_to_unwind() {
        let mut rig = Rig { obeys: false, ..Rig::at(0.5) };
        rig.begin();
        let lead_rad = limits().rate_max_rad_s * LEAD_S;
        assert!((rig.run(1.0, 5_000) - 0.5 - lead_rad).abs() < 1e-9);
        assert!((rig.run(-1.0, 5_000) - 0.5 + lead_rad).abs() < 1e-9);
    }

    #[test]
    fn after_a_stop_it_begins_where_the_robot_has_the_jaw() {
        let mut rig = Rig::at(0.5);
        rig.begin();
        rig.obeys = false;
        let said_rad = rig.run(-1.0, 50);
        assert!(said_rad < 0.49);
        rig.jaw.end();
        assert_eq!(rig.run(-1.0, 10), 0.5);
        rig.begin();
        assert_eq!(rig.run(0.0, 10), 0.5);
    }

    #[test]
    fn a_console_that_did_not_run_moves_nothing_for_that_time() {
        let mut rig = Rig::at(0.5);
        rig.begin();
        rig.run(0.0, 1);
        rig.ms += 5_000;
        assert!((rig.run(-1.0, 1) - 0.5 + TICK_MAX_S * limits().rate_max_rad_s).abs() < 1e-9);
    }

    proptest! {
        /// Whatever hand and robot say, a frame can carry the opening.
        #[test]
        fn every_opening_is_one_that_a_frame_can_carry(
            steps in proptest::collection::vec((any::<f64>(), any::<f64>(), any::<bool>()), 1..200),
        ) {
            let mut rig = Rig { obeys: false, ..Rig::at(0.0) };
            for (deflection, robot_rad, follows) in steps {
                rig.jaw.handle_state(&open(robot_rad));
                if follows { rig.begin() } else { rig.jaw.end() }
                let said_rad = rig.run(deflection, 1);
                prop_assert!(said_rad.abs() <= JAW_MAX_RAD, "{said_rad}");
            }
        }
    }
}
