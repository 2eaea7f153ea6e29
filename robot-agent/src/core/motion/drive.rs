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
