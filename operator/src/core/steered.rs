//! What the hand steers: one arm or two, or a mobile base. The profile says which.

use protocol::ARMS;
use protocol::frame::{ArmCommand, ArmState, Motion, StateFrame};
use protocol::pose::Displacement;
use protocol::profile::{Body, Profile};
use protocol::time::{Moment, Operator};

use super::base_drive::BaseDrive;
use super::displacement::Follower;
use super::hand::{ArmSide, HandMotion};
use super::jaw::Jaw;

/// What the hand steers.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a core has one")]
pub enum Steered {
    /// Arms: each hand says how far its tip should be from its anchor. A device for one hand says which arm it moves.
    Arms([ArmDrive; ARMS]),
    /// A base: the hand says how fast it should be.
    Base(BaseDrive),
}

/// What goes out to one arm.
#[derive(Debug, Clone)]
pub struct ArmDrive {
    tip: Follower,
    /// `None` for a tool without a jaw.
    jaw: Option<Jaw>,
}

impl Steered {
    /// What this profile steers, at rest.
    pub fn new(profile: &Profile) -> Self {
        let rate_hz = profile.rates.command_hz;
        match &profile.body {
            Body::Arms(arms) => Self::Arms(core::array::from_fn(|_| ArmDrive {
                tip: Follower::new(&profile.hand, &arms.motion, rate_hz),
                jaw: arms.jaw.as_ref().map(Jaw::new),
            })),
            Body::Base(base) => Self::Base(BaseDrive::new(&profile.hand, base, rate_hz)),
        }
    }

    /// The robot has begun to follow; `frame` says from where.
    pub fn begin(&mut self, frame: &StateFrame) {
        match self {
            Self::Arms(drives) => {
                for (drive, arm) in drives.iter_mut().zip(&frame.arms) {
                    drive.begin(arm);
                }
            }
            Self::Base(drive) => drive.begin(),
        }
    }

    /// The robot does not follow, or should not.
    pub fn end(&mut self) {
        match self {
            Self::Arms(drives) => drives.iter_mut().for_each(ArmDrive::end),
            Self::Base(drive) => drive.end(),
        }
    }

    /// The newest state of the robot.
    pub fn handle_state(&mut self, frame: &StateFrame) {
        match self {
            Self::Arms(drives) => {
                for (drive, arm) in drives.iter_mut().zip(&frame.arms) {
                    drive.handle_state(arm);
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
            Self::Arms(drives) => {
                let mut arms = [ArmCommand::neutral(); ARMS];
                let slots = arms.iter_mut().zip(drives).zip(each_hand(motion));
                for (n, ((arm, drive), hand)) in slots.enumerate() {
                    // What a hand asks to press with is for the first arm: no work has two tools that press.
                    let force_wanted_n = if n == 0 { force_wanted_n } else { 0.0 };
                    *arm = drive.tick(&hand, force_wanted_n, now);
                }
                Motion::Arms(arms)
            }
            Self::Base(drive) => Motion::Base(drive.tick(motion)),
        }
    }

    /// True if motion of a hand is being dropped because the robot is clamped.
    pub fn held_back(&self) -> bool {
        match self {
            Self::Arms(drives) => drives.iter().any(|drive| drive.tip.held_back()),
            Self::Base(_) => false,
        }
    }

    /// The displacement that the last tick commanded to the first arm; none for a base.
    pub fn commanded(&self) -> Displacement {
        match self {
            Self::Arms([first, _]) => first.tip.commanded(),
            Self::Base(_) => Displacement::none(),
        }
    }
}

impl ArmDrive {
    fn begin(&mut self, arm: &ArmState) {
        self.tip.begin(arm);
        if let Some(jaw) = &mut self.jaw {
            jaw.begin(arm);
        }
    }

    fn end(&mut self) {
        self.tip.end();
        if let Some(jaw) = &mut self.jaw {
            jaw.end();
        }
    }

    fn handle_state(&mut self, arm: &ArmState) {
        self.tip.handle_setpoint(&arm.setpoint);
        if let Some(jaw) = &mut self.jaw {
            jaw.handle_state(arm);
        }
    }

    fn tick(&mut self, hand: &OneHand, force_wanted_n: f64, now: Moment<Operator>) -> ArmCommand {
        let displacement = self.tip.tick(&hand.motion, force_wanted_n <= 0.0, now);
        let jaw_rad = match (hand.fingers, &mut self.jaw) {
            (Fingers::Open(rad), _) => open_rad(rad),
            (Fingers::Rate(rate), Some(jaw)) => jaw.tick(rate, now),
            (Fingers::Rate(_), None) => 0.0,
        };
        ArmCommand { displacement, jaw_rad, force_wanted_n }
    }
}

/// What the hand of one arm does.
#[derive(Debug, Clone, Copy)]
struct OneHand {
    motion: HandMotion,
    fingers: Fingers,
}

impl OneHand {
    const STILL: Self = Self { motion: HandMotion::still(), fingers: Fingers::Rate(0.0) };
}

/// What moves a jaw.
#[derive(Debug, Clone, Copy)]
enum Fingers {
    /// They are open by this. Unit: radian.
    Open(f64),
    /// There are none: a key opens at this share of full speed.
    Rate(f64),
}

/// What each hand does. An arm that nobody moves rests, and its jaw stays where it is.
fn each_hand(motion: &HandMotion) -> [OneHand; ARMS] {
    let one = |fingers| OneHand { motion: *motion, fingers };
    match motion {
        HandMotion::Arms(hands) => hands.map(|hand| OneHand {
            motion: HandMotion::Displacement(hand.place),
            fingers: Fingers::Open(hand.jaw_rad),
        }),
        HandMotion::Displacement(_) => [one(Fingers::Rate(0.0)), OneHand::STILL],
        HandMotion::Rate(asked) => match asked.arm {
            ArmSide::Left => [one(Fingers::Rate(asked.jaw)), OneHand::STILL],
            ArmSide::Right => [OneHand::STILL, one(Fingers::Rate(asked.jaw))],
        },
    }
}

/// A number that is none is a closed hand: such a frame would be refused, and with it the other arm's.
fn open_rad(jaw_rad: f64) -> f64 {
    if jaw_rad.is_finite() { jaw_rad.clamp(0.0, core::f64::consts::PI) } else { 0.0 }
}
