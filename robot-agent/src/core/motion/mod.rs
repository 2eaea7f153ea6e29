//! From the newest command to what the robot is asked: for arms and for a base.

mod arms;
mod drive;
mod fit;

use core::time::Duration;

use protocol::ARMS;
use protocol::frame::{ArmState, BaseState, ClampSet, CommandFrame};
use protocol::profile::{Body, Profile};

use self::arms::ArmMotion;
use self::drive::BaseMotion;
pub(super) use self::fit::wider;
pub use self::fit::{Misfit, own_limits};
use crate::robot::{Description, Order, Reading};

/// What the machine asks of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Drives off; the setpoint goes where the body is.
    Off,
    /// Drives on, stop where you are and then stay.
    Stand,
    /// Stop, then lift the tool.
    Lift,
    /// Follow the hand.
    Follow,
}

/// What a tick has for the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) wish: Wish,
    /// The newest command.
    pub(super) frame: Option<&'a CommandFrame>,
    /// What was measured last.
    pub(super) reading: &'a Reading,
    /// How old the older of picture and state is that steers.
    pub(super) seen_age: Option<Duration>,
    /// How long ago the newest command came.
    pub(super) silence: Option<Duration>,
    pub(super) dt_s: f64,
}

/// What the body's own measure is. What a body has no part in is 0; what is not known is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BodyReadings {
    pub(super) speed_m_s: f64,
    pub(super) turn_rad_s: f64,
    pub(super) outside_m: f64,
    pub(super) no_go_m: f64,
    pub(super) beside_port_m: f64,
    pub(super) joint_used: f64,
    pub(super) singular: f64,
    pub(super) tracking_m: f64,
    pub(super) tracking_rad: f64,
    pub(super) tracking_m_s: f64,
    pub(super) tracking_rad_s: f64,
    pub(super) contact_n: f64,
    pub(super) bumper_n: f64,
    pub(super) obstacle_m: f64,
    pub(super) frozen_m: f64,
}

impl BodyReadings {
    /// Every reading is this.
    const fn all(value: f64) -> Self {
        Self {
            speed_m_s: value,
            turn_rad_s: value,
            outside_m: value,
            no_go_m: value,
            beside_port_m: value,
            joint_used: value,
            singular: value,
            tracking_m: value,
            tracking_rad: value,
            tracking_m_s: value,
            tracking_rad_s: value,
            contact_n: value,
            bumper_n: value,
            obstacle_m: value,
            frozen_m: value,
        }
    }

    /// Nothing is known: every limit counts as exceeded.
    pub(super) const UNKNOWN: Self = Self::all(f64::NAN);

    /// A body that has no part in anything.
    const NOTHING: Self = Self::all(0.0);
}

/// What moves.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it lives as long as the core")]
pub(super) enum BodyMotion {
    Arms(ArmMotion),
    Base(BaseMotion),
}

impl BodyMotion {
    /// A body at rest, and what it lacks for its work, if anything.
    pub(super) fn new(profile: &Profile, robot: &Description) -> (Self, Option<Misfit>) {
        let misfit = fit::misfit(profile, robot);
        match &profile.body {
            Body::Arms(limits) => {
                let (arms, broken) = ArmMotion::new(limits, &robot.body);
                (Self::Arms(arms), misfit.or(broken))
            }
            Body::Base(_) => (Self::Base(BaseMotion::default()), misfit),
        }
    }

    /// Binds the body to the hand. The frame that engages moves nothing.
    pub(super) fn engage(&mut self, frame: &CommandFrame) {
        match self {
            Self::Arms(arms) => arms.engage(frame),
            Self::Base(base) => base.engage(frame),
        }
    }

    /// Cuts the body from the hand.
    pub(super) fn disengage(&mut self) {
        match self {
            Self::Arms(arms) => arms.disengage(),
            Self::Base(base) => base.disengage(),
        }
    }

    /// The tools may retreat their whole distance again.
    pub(super) fn settle(&mut self) {
        if let Self::Arms(arms) = self {
            arms.settle();
        }
    }

    /// The arms are to stay where they are measured now, wherever they were asked to be.
    pub(super) fn regrip(&mut self, reading: &Reading) {
        if let Self::Arms(arms) = self {
            arms.regrip(reading);
        }
    }

    /// True once the setpoints have come to rest, but for yielding, since the last engagement.
    pub(super) fn stands(&self) -> bool {
        match self {
            Self::Arms(arms) => arms.stands(),
            Self::Base(base) => base.is_at_rest(),
        }
    }

    /// True if no setpoint moves at all, yielding included.
    pub(super) fn is_at_rest(&self) -> bool {
        match self {
            Self::Arms(arms) => arms.is_at_rest(),
            Self::Base(base) => base.is_at_rest(),
        }
    }

    /// True if the body is where it was asked to be, so that following begins without a jump.
    pub(super) fn is_aligned(&self, reading: &Reading, profile: &Profile) -> bool {
        match self {
            Self::Arms(arms) => arms.is_aligned(reading, profile.engage.align_max_rad),
            Self::Base(_) => true,
        }
    }

    /// What the body's own measure is. `powered` tells whether the drives should be on: without power
    /// the setpoint goes where the body is, and there is nothing to track.
    pub(super) fn readings(
        &mut self,
        reading: &Reading,
        profile: &Profile,
        powered: bool,
    ) -> BodyReadings {
        match (self, &profile.body) {
            (Self::Arms(arms), Body::Arms(_)) => arms.readings(reading, powered),
            (Self::Base(base), Body::Base(limits)) => base.readings(reading, limits, powered),
            (Self::Arms(_), Body::Base(_)) | (Self::Base(_), Body::Arms(_)) => {
                BodyReadings::UNKNOWN
            }
        }
    }

    /// Moves the setpoints for one tick; returns the order for the robot.
    pub(super) fn step(&mut self, step: &Step<'_>, profile: &Profile) -> Order {
        match (self, &profile.body) {
            (Self::Arms(arms), Body::Arms(limits)) => arms.step(step, limits, profile),
            (Self::Base(base), Body::Base(limits)) => base.step(step, limits, profile),
            (Self::Arms(_), Body::Base(_)) | (Self::Base(_), Body::Arms(_)) => Order::Off,
        }
    }

    /// The limits enforced in the last tick.
    pub(super) const fn clamps(&self) -> ClampSet {
        match self {
            Self::Arms(arms) => arms.clamps,
            Self::Base(base) => base.clamps,
        }
    }

    /// The speed allowed in the last tick. Unit: metre per second.
    pub(super) const fn speed_cap_m_s(&self) -> f64 {
        match self {
            Self::Arms(arms) => arms.speed_cap_m_s,
            Self::Base(base) => base.speed_cap_m_s,
        }
    }

    /// The arms, for the state frame; absent ones are neutral.
    pub(super) fn arm_states(&self, measured: Option<&Reading>) -> [ArmState; ARMS] {
        match (self, measured) {
            (Self::Arms(arms), Some(reading)) => arms.states(reading),
            (Self::Arms(_), None) | (Self::Base(_), _) => [ArmState::absent(); ARMS],
        }
    }

    /// The base, for the state frame; neutral for arms.
    pub(super) fn base_state(&self, measured: Option<&Reading>) -> BaseState {
        match (self, measured) {
            (Self::Base(base), Some(reading)) => base.state(reading),
            (Self::Base(_), None) | (Self::Arms(_), _) => BaseState::absent(),
        }
    }
}

/// The largest of the values, and NaN if one of them is: `f64::max` would hide it.
fn worst(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, |worst, v| {
        if v.is_nan() || worst.is_nan() { f64::NAN } else { worst.max(v) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_is_the_largest_and_not_known_if_one_is_not() {
        assert_eq!(worst([1.0, 2.0, -3.0].into_iter()), 2.0);
        for values in [[f64::NAN, 1.0], [1.0, f64::NAN]] {
            assert!(worst(values.into_iter()).is_nan(), "{values:?}");
        }
    }
}
