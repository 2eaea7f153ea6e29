//! From the newest command to setpoints: anchors, targets, and what the arms do by themselves.

use core::time::Duration;

use protocol::ARMS;
use protocol::frame::state::ClampSet;
use protocol::frame::{ArmCommand, CommandFrame, Mode, Motion as HandMotion};
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile::Profile;

use super::governor::{ArmGovernor, Drive, caps};
use crate::robot::{Order, Reading};

/// A setpoint that moves across its tool slower than this stands. Yielding along the tool does not
/// count: it goes on for as long as the tissue pushes. Unit: metre per second.
const STANDING_MAX_M_S: f64 = 0.001;

/// One engagement: from a closing of the clutch to its end.
#[derive(Debug, Clone, Copy)]
struct Engagement {
    count: u32,
    anchors: [Pose<Base, Tip>; ARMS],
    start: [Displacement; ARMS],
}

/// What the machine asks of the arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Drives off; the setpoint goes where the arm is.
    Off,
    /// Drives on, stop where you are and then stay.
    Stand,
    /// Stop, then lift the tool.
    Lift,
    /// Follow the hand.
    Follow,
}

/// The setpoints of all arms.
#[derive(Debug, Clone)]
pub(super) struct ArmMotion {
    arms: [ArmGovernor; ARMS],
    used: usize,
    engagement: Option<Engagement>,
    stands: bool,
    pub(super) clamps: ClampSet,
    pub(super) speed_cap_m_s: f64,
}

impl ArmMotion {
    /// Setpoints for `used` arms, at nowhere in particular until the first reading.
    pub(super) fn new(used: usize) -> Self {
        Self {
            arms: [ArmGovernor::at(Pose::identity()), ArmGovernor::at(Pose::identity())],
            used,
            engagement: None,
            stands: true,
            clamps: ClampSet::EMPTY,
            speed_cap_m_s: 0.0,
        }
    }

    /// The setpoint of each arm.
    pub(super) fn setpoints(&self) -> [Pose<Base, Tip>; ARMS] {
        [self.arms[0].setpoint(), self.arms[1].setpoint()]
    }

    /// True once the setpoints have come to rest, but for yielding, since the last engagement.
    pub(super) const fn stands(&self) -> bool {
        self.stands
    }

    /// Binds the arms to the hand: the anchor is where the setpoint is now, and what the frame says
    /// of the hand counts as its start. So the frame that engages moves nothing.
    pub(super) fn engage(&mut self, frame: &CommandFrame) {
        let start = match &frame.motion {
            HandMotion::Arms(arms) => arms.map(|a| a.displacement),
            HandMotion::Base(_) => [Displacement::none(); ARMS],
        };
        self.engagement =
            Some(Engagement { count: frame.engage_count, anchors: self.setpoints(), start });
        self.stands = false;
    }

    /// Cuts the arms from the hand.
    pub(super) fn disengage(&mut self) {
        self.engagement = None;
        self.settle();
    }

    /// True if `frame` belongs to the engagement in force.
    pub(super) fn is_engaged_by(&self, frame: &CommandFrame) -> bool {
        self.engagement.is_some_and(|e| e.count == frame.engage_count)
    }

    /// True if every arm is turned as its setpoint is, within `angle_max_rad`.
    pub(super) fn is_aligned(&self, reading: &Reading, angle_max_rad: f64) -> bool {
        let pairs = self.arms.iter().zip(&reading.arms).take(self.used);
        pairs.into_iter().all(|(a, r)| a.setpoint().angle_to(&r.tip) <= angle_max_rad)
    }

    /// How far the farthest tip is from its setpoint. Unit: metre; NaN if any is not a point.
    pub(super) fn tracking_m(&self, reading: &Reading) -> f64 {
        let pairs = self.arms.iter().zip(&reading.arms).take(self.used);
        worst(pairs.map(|(a, r)| (a.setpoint().position() - r.tip.position()).norm()))
    }

    /// The tools may retreat their whole distance again.
    pub(super) fn settle(&mut self) {
        for arm in &mut self.arms {
            arm.settle();
        }
    }

    /// True if no setpoint moves at all, yielding included.
    pub(super) fn is_at_rest(&self) -> bool {
        worst(self.arms.iter().take(self.used).map(ArmGovernor::speed_m_s)) < STANDING_MAX_M_S
    }

    /// Moves the setpoints for one tick; returns the order for the robot.
    pub(super) fn step(
        &mut self,
        wish: Wish,
        frame: Option<&CommandFrame>,
        reading: &Reading,
        seen_age: Option<Duration>,
        profile: &Profile,
        dt_s: f64,
    ) -> Order {
        self.clamps = ClampSet::EMPTY;
        if wish == Wish::Off {
            for (arm, measured) in self.arms.iter_mut().zip(&reading.arms) {
                *arm = ArmGovernor::at(measured.tip);
            }
            self.stands = true;
            self.speed_cap_m_s = 0.0;
            return Order::Off;
        }
        let mut slowest_cap = f64::INFINITY;
        for i in 0..self.used.min(ARMS) {
            let drive = self.drive(wish, frame, i);
            let (Some(arm), Some(measured)) = (self.arms.get_mut(i), reading.arms.get(i)) else {
                continue;
            };
            let contact_n = measured.contact_force_n();
            let caps = caps(profile, contact_n, seen_age);
            slowest_cap = slowest_cap.min(caps.speed_m_s);
            let clamps = arm.step(&drive, contact_n, &caps, profile, dt_s);
            self.clamps = self.clamps.union(clamps);
        }
        self.speed_cap_m_s = if wish == Wish::Follow { slowest_cap } else { 0.0 };
        if wish != Wish::Follow && self.lateral_speed_m_s() < STANDING_MAX_M_S {
            self.stands = true;
        }
        Order::Servo { tips: self.setpoints() }
    }

    /// Speed of the fastest setpoint across its tool. Unit: metre per second.
    fn lateral_speed_m_s(&self) -> f64 {
        worst(self.arms.iter().take(self.used).map(ArmGovernor::lateral_speed_m_s))
    }

    fn drive(&self, wish: Wish, frame: Option<&CommandFrame>, i: usize) -> Drive {
        match (wish, self.engagement, frame) {
            (Wish::Lift, ..) if self.stands => Drive::Lift,
            (Wish::Follow, Some(e), Some(frame))
                if frame.mode == Mode::Follow && frame.engage_count == e.count =>
            {
                let HandMotion::Arms(arms) = &frame.motion else { return Drive::Stand };
                match (arms.get(i), e.start.get(i), e.anchors.get(i)) {
                    (Some(arm), Some(start), Some(anchor)) => Drive::Follow {
                        target: since(start, arm).applied_to(anchor),
                        force_wanted_n: arm.force_wanted_n,
                    },
                    _ => Drive::Stand,
                }
            }
            _ => Drive::Stand,
        }
    }
}

/// The displacement of the hand since `start`.
fn since(start: &Displacement, arm: &ArmCommand) -> Displacement {
    Displacement {
        translation: arm.displacement.translation - start.translation,
        rotation: arm.displacement.rotation * start.rotation.inverse(),
    }
}

/// The fastest measured tip. Unit: metre per second; NaN if any is not a number.
pub(super) fn fastest_m_s(reading: &Reading, used: usize) -> f64 {
    let speeds = reading.arms.iter().take(used).map(|a| a.velocity_m_s.norm());
    worst(speeds)
}

/// The largest contact force. Unit: newton; NaN if any is not a number.
pub(super) fn hardest_contact_n(reading: &Reading, used: usize) -> f64 {
    worst(reading.arms.iter().take(used).map(crate::robot::ArmReading::contact_force_n))
}

/// The largest of the values, and NaN if one of them is: `f64::max` would hide it.
pub(super) fn worst(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, |worst, v| {
        if v.is_nan() || worst.is_nan() { f64::NAN } else { worst.max(v) }
    })
}
