//! What the hand steers: one arm or two, or a mobile base. The profile says which.

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
    /// Arms: each hand says how far its tip should be from its anchor. A device for one hand has the first arm.
    Arms([Follower; ARMS]),
    /// A base: the hand says how fast it should be.
    Base(BaseDrive),
}

impl Steered {
    /// What this profile steers, at rest.
    pub fn new(profile: &Profile) -> Self {
        let rate_hz = profile.rates.command_hz;
        match &profile.body {
            Body::Arms(arms) => Self::Arms(core::array::from_fn(|_| {
                Follower::new(&profile.hand, &arms.motion, rate_hz)
            })),
            Body::Base(base) => Self::Base(BaseDrive::new(&profile.hand, base, rate_hz)),
        }
    }

    /// The robot has begun to follow; `frame` says from where.
    pub fn begin(&mut self, frame: &StateFrame) {
        match self {
            Self::Arms(followers) => {
                for (follower, arm) in followers.iter_mut().zip(&frame.arms) {
                    follower.begin(arm);
                }
            }
            Self::Base(drive) => drive.begin(),
        }
    }

    /// The robot does not follow, or should not.
    pub fn end(&mut self) {
        match self {
            Self::Arms(followers) => followers.iter_mut().for_each(Follower::end),
            Self::Base(drive) => drive.end(),
        }
    }

    /// The newest state of the robot.
    pub fn handle_state(&mut self, frame: &StateFrame) {
        match self {
            Self::Arms(followers) => {
                for (follower, arm) in followers.iter_mut().zip(&frame.arms) {
                    follower.handle_setpoint(&arm.setpoint);
                }
            }
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
            Self::Arms(followers) => {
                let hands = each_hand(motion);
                let mut arms = [ArmCommand::neutral(); ARMS];
                let slots = arms.iter_mut().zip(followers).zip(&hands);
                for (n, ((arm, follower), (motion, jaw_rad))) in slots.enumerate() {
                    // What a hand asks to press with is for the first arm: no work has two tools that press.
                    let force_wanted_n = if n == 0 { force_wanted_n } else { 0.0 };
                    let displacement = follower.tick(motion, force_wanted_n <= 0.0, now);
                    *arm = ArmCommand { displacement, jaw_rad: *jaw_rad, force_wanted_n };
                }
                Motion::Arms(arms)
            }
            Self::Base(drive) => Motion::Base(drive.tick(motion)),
        }
    }

    /// True if motion of a hand is being dropped because the robot is clamped.
    pub fn held_back(&self) -> bool {
        match self {
            Self::Arms(followers) => followers.iter().any(Follower::held_back),
            Self::Base(_) => false,
        }
    }

    /// The displacement that the last tick commanded to the first arm; none for a base.
    pub fn commanded(&self) -> Displacement {
        match self {
            Self::Arms([first, _]) => first.commanded(),
            Self::Base(_) => Displacement::none(),
        }
    }
}

/// What each hand does, and how far it is open. A jaw that no hand speaks for stays where it is: the robot waits for
/// the hand to meet it.
fn each_hand(motion: &HandMotion) -> [(HandMotion, f64); ARMS] {
    match motion {
        HandMotion::Arms(hands) => {
            hands.map(|hand| (HandMotion::Displacement(hand.place), open_rad(hand.jaw_rad)))
        }
        HandMotion::Rate { .. } | HandMotion::Displacement(_) => {
            [(*motion, 0.0), (HandMotion::still(), 0.0)]
        }
    }
}

/// A number that is none is a closed hand: such a frame would be refused, and with it the other arm's.
fn open_rad(jaw_rad: f64) -> f64 {
    if jaw_rad.is_finite() { jaw_rad.clamp(0.0, core::f64::consts::PI) } else { 0.0 }
}
