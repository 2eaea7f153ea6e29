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
        let wanted = self.governor.twist().linear_m_s;
        BodyReadings {
            speed_m_s: base.linear_m_s.abs(),
            tracking_m_s: if powered { (base.linear_m_s - wanted).abs() } else { 0.0 },
            bumper_n: base.bumper_n,
            obstacle_m: limits.obstacle_keep_m - approached_m(base),
            ..BodyReadings::NOTHING
        }
    }

    pub(super) fn step(
        &mut self,
        step: &Step<'_>,
        limits: &BaseLimits,
        profile: &Profile,
    ) -> Order {
        if step.wish == Wish::Off {
            self.governor = BaseGovernor::default();
            (self.clamps, self.speed_cap_m_s) = (ClampSet::EMPTY, 0.0);
            return Order::Off;
        }
        let caps = base_caps(limits, &profile.freshness, &step.reading.base, step.seen_age);
        let wanted = self.wanted(step, profile);
        self.clamps = self.governor.step(wanted.as_ref(), &caps, limits, step.dt_s);
        self.speed_cap_m_s = if step.wish == Wish::Follow { caps.speed_m_s } else { 0.0 };
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

/// The distance to the obstacle that the base moves to; without end if it stands. Unit: metre.
fn approached_m(base: &BaseReading) -> f64 {
    if base.linear_m_s > APPROACH_MIN_M_S {
        base.ahead_m
    } else if base.linear_m_s < -APPROACH_MIN_M_S {
        base.behind_m
    } else {
        f64::INFINITY
    }
}
