//! What the hand steers: the first arm, or a mobile base. The profile says which.

use protocol::ARMS;
use protocol::frame::{ArmCommand, Motion, StateFrame};
use protocol::pose::Displacement;
use protocol::profile::{Body, Profile};
use protocol::time::{Moment, Operator};

use super::base_drive::BaseDrive;
use super::displacement::Follower;
use super::hand::HandMotion;

/// What the hand steers.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a core has one")]
pub enum Steered {
    /// An arm: the hand says how far its tip should be from its anchor.
    Arm(Follower),
    /// A base: the hand says how fast it should be.
    Base(BaseDrive),
}

impl Steered {
    /// What this profile steers, at rest.
    pub fn new(profile: &Profile) -> Self {
        let rate_hz = profile.rates.command_hz;
        match &profile.body {
            Body::Arms(arms) => Self::Arm(Follower::new(&profile.hand, &arms.motion, rate_hz)),
            Body::Base(base) => Self::Base(BaseDrive::new(&profile.hand, base, rate_hz)),
        }
    }

    /// The robot has begun to follow; `frame` says from where.
    pub fn begin(&mut self, frame: &StateFrame) {
        let [arm, _] = &frame.arms;
        match self {
            Self::Arm(follower) => follower.begin(arm),
            Self::Base(drive) => drive.begin(),
        }
    }

    /// The robot does not follow, or should not.
    pub fn end(&mut self) {
        match self {
            Self::Arm(follower) => follower.end(),
            Self::Base(drive) => drive.end(),
        }
    }

    /// The newest state of the robot.
    pub fn handle_state(&mut self, frame: &StateFrame) {
        let [arm, _] = &frame.arms;
        match self {
            Self::Arm(follower) => follower.handle_setpoint(&arm.setpoint),
            Self::Base(_) => {}
        }
    }

    /// The motion to command now; none at all while the robot does not follow.
    ///
    /// While a contact force is wanted, it has the axis of the tool.
    pub fn tick(
        &mut self,
        motion: &HandMotion,
        force_wanted_n: f64,
        now: Moment<Operator>,
    ) -> Motion {
        match self {
            Self::Arm(follower) => {
                let displacement = follower.tick(motion, force_wanted_n <= 0.0, now);
                let mut arms = [ArmCommand::neutral(); ARMS];
                if let Some(first) = arms.first_mut() {
                    *first = ArmCommand { displacement, jaw_rad: 0.0, force_wanted_n };
                }
                Motion::Arms(arms)
            }
            Self::Base(drive) => Motion::Base(drive.tick(motion)),
        }
    }

    /// True if motion of the hand is being dropped because the robot is clamped.
    pub const fn held_back(&self) -> bool {
        match self {
            Self::Arm(follower) => follower.held_back(),
            Self::Base(_) => false,
        }
    }

    /// The displacement that the last tick commanded; none for a base.
    pub fn commanded(&self) -> Displacement {
        match self {
            Self::Arm(follower) => follower.commanded(),
            Self::Base(_) => Displacement::none(),
        }
    }
}
