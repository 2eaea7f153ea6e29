//! From the newest command to the speeds of a base.

use protocol::frame::{BaseState, BaseTwist, ClampSet, CommandFrame, Mode, Motion as HandMotion};
use protocol::profile::{BaseLimits, Profile};

use super::{BodyReadings, Step, Wish};
use crate::core::governor::{BaseGovernor, base_caps};
use crate::robot::{BaseReading, Order, Reading};

/// Slower than this a base does not approach anything. Unit: metre per second.
const APPROACH_MIN_M_S: f64 = 0.02;

/// The speeds of a base.
#[derive(Debug, Clone, Default)]
pub(in crate::core) struct BaseMotion {
    governor: BaseGovernor,
    engaged: Option<u32>,
    pub(super) clamps: ClampSet,
    pub(super) speed_cap_m_s: f64,
}

impl BaseMotion {
    pub(super) const fn engage(&mut self, frame: &CommandFrame) {
        self.engaged = Some(frame.engage_count);
    }

    pub(super) const fn disengage(&mut self) {
        self.engaged = None;
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.governor.is_at_rest()
    }

    pub(super) fn readings(
        &self,
        reading: &Reading,
        limits: &BaseLimits,
        powered: bool,
    ) -> BodyReadings {
        let base = &reading.base;
        let wanted = self.governor.twist();
        let mut readings = BodyReadings {
            speed_m_s: base.linear_m_s.abs(),
            turn_rad_s: base.angular_rad_s.abs(),
            bumper_n: base.bumper_n,
            obstacle_m: limits.obstacle_keep_m - approached_m(base, &wanted),
            ..BodyReadings::NOTHING
        };
        if powered {
            readings.tracking_m_s = (base.linear_m_s - wanted.linear_m_s).abs();
            readings.tracking_rad_s = (base.angular_rad_s - wanted.angular_rad_s).abs();
        }
        readings
    }

    pub(super) fn step(
        &mut self,
        step: &Step<'_>,
        limits: &BaseLimits,
        profile: &Profile,
    ) -> Order {
        // Until the drives carry it, a base is asked for nothing but to stand.
        if step.wish == Wish::Off || !step.reading.powered {
            self.governor = BaseGovernor::default();
            (self.clamps, self.speed_cap_m_s) = (ClampSet::EMPTY, 0.0);
            return if step.wish == Wish::Off { Order::Off } else { self.order() };
        }
        let caps = base_caps(limits, &profile.freshness, &step.reading.base, step.seen_age);
        let wanted = self.wanted(step, profile);
        self.clamps = self.governor.step(wanted.as_ref(), &caps, limits, step.dt_s);
        self.speed_cap_m_s = if step.wish == Wish::Follow { caps.speed_m_s } else { 0.0 };
        self.order()
    }

    const fn order(&self) -> Order {
        let BaseTwist { linear_m_s, angular_rad_s } = self.governor.twist();
        Order::Drive { linear_m_s, angular_rad_s }
    }

    /// The speeds that the hand asks for now. A speed is a command for as long as commands come, and no
    /// longer: between the soft and the hard limit of silence the base already brakes.
    fn wanted(&self, step: &Step<'_>, profile: &Profile) -> Option<BaseTwist> {
        let frame = step.frame.filter(|f| {
            step.wish == Wish::Follow
                && f.mode == Mode::Follow
                && self.engaged == Some(f.engage_count)
        })?;
        step.silence.filter(|s| *s <= profile.freshness.silence_soft)?;
        match frame.motion {
            HandMotion::Base(twist) => Some(twist),
            HandMotion::Arms(_) => None,
        }
    }

    pub(super) const fn state(&self, reading: &Reading) -> BaseState {
        let (base, wanted) = (&reading.base, self.governor.twist());
        BaseState {
            linear_m_s: base.linear_m_s,
            angular_rad_s: base.angular_rad_s,
            wanted_linear_m_s: wanted.linear_m_s,
            wanted_angular_rad_s: wanted.angular_rad_s,
            ahead_m: base.ahead_m,
            behind_m: base.behind_m,
            bumper_n: base.bumper_n,
        }
    }
}

/// The distance to the obstacle that the base moves to, or is ordered to: what counts its wheels may have
/// failed. Without end if it stands. Unit: metre.
fn approached_m(base: &BaseReading, wanted: &BaseTwist) -> f64 {
    let speeds = [base.linear_m_s, wanted.linear_m_s];
    let side_m = |goes: bool, m| if goes { m } else { f64::INFINITY };
    let ahead_m = side_m(speeds.iter().any(|v| *v > APPROACH_MIN_M_S), base.ahead_m);
    let behind_m = side_m(speeds.iter().any(|v| *v < -APPROACH_MIN_M_S), base.behind_m);
    ahead_m.min(behind_m)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use protocol::profile::TELECARE;
    use protocol::session::SessionId;
    use protocol::state::OperatingState;
    use protocol::time::Moment;

    use super::*;

    fn frame(engage_count: u32, mode: Mode, linear_m_s: f64) -> CommandFrame {
        CommandFrame {
            session: SessionId::new(1),
            seq: 1,
            epoch: 1,
            engage_count,
            t_input: Moment::from_ns(1),
            seen_state: 1,
            seen_view: 1,
            view_source: protocol::picture::ViewSource::Room,
            mode,
            deadman: 1.0,
            stop_request: 0,
            shown_state: OperatingState::Engaged,
            motion: HandMotion::Base(BaseTwist { linear_m_s, angular_rad_s: 0.0 }),
        }
    }

    fn step(motion: &mut BaseMotion, wish: Wish, frame: &CommandFrame) {
        let profile = Profile::parse(TELECARE).unwrap();
        let mut reading = Reading::resting(Moment::START);
        reading.powered = true;
        let step = Step {
            wish,
            frame: Some(frame),
            reading: &reading,
            seen_age: Some(Duration::from_millis(10)),
            silence: Some(Duration::ZERO),
            dt_s: 1e-3,
        };
        motion.step(&step, profile.base().unwrap(), &profile);
    }

    /// CLUTCH: only the hand that closed the clutch drives, while it follows, and until it is cut off.
    #[test]
    fn only_the_hand_that_was_engaged_drives() {
        let driven = |wish, led: &CommandFrame, cut: bool| {
            let mut motion = BaseMotion::default();
            motion.engage(&frame(1, Mode::Follow, 0.0));
            if cut {
                motion.disengage();
            }
            for _ in 0..100 {
                step(&mut motion, wish, led);
            }
            !motion.is_at_rest()
        };
        let hand = frame(1, Mode::Follow, 0.5);
        assert!(driven(Wish::Follow, &hand, false));
        assert!(!driven(Wish::Follow, &hand, true), "cut off");
        assert!(!driven(Wish::Stand, &hand, false), "told to stand");
        assert!(!driven(Wish::Follow, &frame(2, Mode::Follow, 0.5), false), "another closing");
        assert!(!driven(Wish::Follow, &frame(1, Mode::Hold, 0.5), false), "an open clutch");
    }

    /// OBSTACLE: the nearer of what is ahead and behind, as the base moves or is ordered to.
    #[test]
    fn a_base_approaches_what_it_moves_or_is_ordered_to() {
        const NEAR: f64 = APPROACH_MIN_M_S;
        let beyond = 1.001 * NEAR;
        for (measured, wanted, approached) in [
            (0.0, 0.0, f64::INFINITY),
            (NEAR, -NEAR, f64::INFINITY),
            (beyond, 0.0, 3.0),
            (0.0, beyond, 3.0),
            (-beyond, 0.0, 2.0),
            (0.0, -beyond, 2.0),
            (beyond, -beyond, 2.0),
        ] {
            let seen = BaseReading { ahead_m: 3.0, behind_m: 2.0, ..BaseReading::absent() };
            let base = BaseReading { linear_m_s: measured, ..seen };
            let wanted_twist = BaseTwist { linear_m_s: wanted, angular_rad_s: 0.0 };
            let got = approached_m(&base, &wanted_twist);
            assert_eq!(got, approached, "{measured} measured, {wanted} ordered");
        }
    }
}
