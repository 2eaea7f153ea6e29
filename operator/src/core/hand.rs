//! One sample of the operator's hand, the same for every device.

use core::time::Duration;

use protocol::ARMS;
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::pose::Displacement;
use protocol::time::{Moment, Operator};

/// How far a device's stamp may lie ahead of the tick that reads it.
///
/// Devices are stamped on threads of their own, so a report can be a scheduling delay younger than
/// the tick's `now`. Beyond it the stamp is from the future, which is a fault and not freshness.
pub const DEVICE_AHEAD_MAX: Duration = Duration::from_millis(5);

/// The clutch, as the hand holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clutch {
    /// The hand may move without the robot.
    Open,
    /// The robot should follow.
    Closed,
}

impl Clutch {
    /// The word on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// How the hand moves, along and about the axes of the picture: x to the right, y up, z inward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HandMotion {
    /// How fast, and which arm.
    Rate(Deflection),
    /// Where the hand is, from an origin that the device keeps. Only its changes are used, so the
    /// origin does not matter and closing the clutch can not jump.
    Displacement(Displacement),
    /// Where two hands are, each as in [`Self::Displacement`], and how far each is open; the left one first.
    Arms([ArmHand; ARMS]),
}

/// The arms of a pair, as the operator sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArmSide {
    /// The first arm; also the only one.
    Left,
    /// The second arm.
    Right,
}

impl ArmSide {
    /// The word on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// What sticks and keys ask of one arm or of a base, with the dead zone already taken out: each −1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deflection {
    /// The arm that moves; the other one rests. Without effect for a base.
    pub arm: ArmSide,
    /// To the right.
    pub x: f64,
    /// Up.
    pub y: f64,
    /// Inward; without effect while a contact force is wanted, which then owns that axis.
    pub z: f64,
    /// About z: from right towards up.
    pub turn: f64,
    /// About x: from up towards inward.
    pub tilt: f64,
    /// Opens the jaw; without effect for a tool that has none.
    pub jaw: f64,
}

impl Deflection {
    /// Nothing is deflected.
    pub const NONE: Self =
        Self { arm: ArmSide::Left, x: 0.0, y: 0.0, z: 0.0, turn: 0.0, tilt: 0.0, jaw: 0.0 };

    /// True if nothing is deflected, whichever arm it would be.
    pub fn is_none(&self) -> bool {
        Self { arm: Self::NONE.arm, ..*self } == Self::NONE
    }
}

/// One hand of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmHand {
    /// Where it is.
    pub place: Displacement,
    /// How far it is open. Unit: radian.
    pub jaw_rad: f64,
}

impl HandMotion {
    /// A hand at rest.
    pub const fn still() -> Self {
        Self::Rate(Deflection::NONE)
    }
}

/// When the hand was sampled, as far as its device can tell.
///
/// A stamp that is made where the sample is *read* says nothing about the hand: a device that hangs
/// would look alive for as long as somebody asks it. So a device that reports without pause stamps its
/// reports. One that reports only changes can not be told from one that hangs; there the word of the
/// system counts, that it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The device reports without pause, the last time then.
    Continuous(Moment<Operator>),
    /// The device reports only changes, the last one then.
    OnChange(Moment<Operator>),
}

impl Stamp {
    /// When the device itself last reported.
    pub const fn reported(self) -> Moment<Operator> {
        match self {
            Self::Continuous(at) | Self::OnChange(at) => at,
        }
    }
}

/// What a device says about the hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandSample {
    /// How far the deadman is pressed, 0 to 1.
    pub deadman: f64,
    /// The clutch.
    pub clutch: Clutch,
    /// The motion.
    pub motion: HandMotion,
    /// Contact force wanted along the tool axis; 0 leaves the axis to the hand. Unit: newton.
    pub force_wanted_n: f64,
    /// When the hand was sampled; [`Moment::START`] in it if the device never reported.
    pub stamp: Stamp,
    /// False while the device is known to be gone.
    pub connected: bool,
}

impl HandSample {
    /// Nobody touches the device, which reported this at `reported`.
    pub const fn neutral(reported: Moment<Operator>) -> Self {
        Self {
            deadman: 0.0,
            clutch: Clutch::Open,
            motion: HandMotion::still(),
            force_wanted_n: 0.0,
            stamp: Stamp::Continuous(reported),
            connected: true,
        }
    }

    /// The device is gone; it last reported at `reported`.
    pub const fn gone(reported: Moment<Operator>) -> Self {
        Self { connected: false, ..Self::neutral(reported) }
    }

    /// When the hand was sampled, at `now` or before; `None` for a device that is gone, or whose clock
    /// is ahead of ours by more than [`DEVICE_AHEAD_MAX`].
    pub fn sampled_at(&self, now: Moment<Operator>) -> Option<Moment<Operator>> {
        if !self.connected || self.stamp.reported() > now.after(DEVICE_AHEAD_MAX) {
            return None;
        }
        Some(match self.stamp {
            Stamp::Continuous(at) => at.min(now),
            Stamp::OnChange(_) => now,
        })
    }

    /// What the hand does, judged at `now`.
    pub fn grasp(&self, now: Moment<Operator>) -> Grasp {
        if self.sampled_at(now).is_none() {
            return Grasp::Gone;
        }
        // Written so that NaN is released.
        match (self.deadman >= DEADMAN_HELD_MIN, self.clutch) {
            (false, _) => Grasp::Released,
            (true, Clutch::Open) => Grasp::Open,
            (true, Clutch::Closed) => Grasp::Closed,
        }
    }
}

/// What the hand does with deadman and clutch together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grasp {
    /// Nothing is known of the hand.
    Gone,
    /// The deadman is not held.
    Released,
    /// The deadman is held, the clutch open.
    Open,
    /// The deadman is held, the clutch closed.
    Closed,
}

impl Grasp {
    /// Every grasp.
    pub const ALL: [Self; 4] = [Self::Gone, Self::Released, Self::Open, Self::Closed];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadman_counts_from_half_and_a_number_that_is_none_does_not() {
        let now = Moment::from_ns(1_000_000_000);
        let grasp =
            |deadman, clutch| HandSample { deadman, clutch, ..HandSample::neutral(now) }.grasp(now);
        assert_eq!(grasp(0.499, Clutch::Closed), Grasp::Released);
        assert_eq!(grasp(0.5, Clutch::Closed), Grasp::Closed);
        assert_eq!(grasp(1.0, Clutch::Open), Grasp::Open);
        assert_eq!(grasp(f64::NAN, Clutch::Closed), Grasp::Released);
        assert_eq!(HandSample::gone(now).grasp(now), Grasp::Gone);
    }

    #[test]
    fn a_stamp_from_the_future_is_no_hand() {
        let now = Moment::from_ns(1_000_000_000);
        let ahead = now.after(DEVICE_AHEAD_MAX);
        assert_eq!(HandSample::neutral(ahead).grasp(now), Grasp::Released);
        let further = ahead.after(Duration::from_nanos(1));
        assert_eq!(HandSample::neutral(further).grasp(now), Grasp::Gone);
        assert_eq!(HandSample::neutral(ahead).sampled_at(now), Some(now), "never later than now");
        assert_eq!(HandSample::neutral(further).sampled_at(now), None);
    }

    #[test]
    fn a_device_that_reports_without_pause_is_as_old_as_its_report() {
        let (then, now) = (Moment::from_ns(1_000_000_000), Moment::from_ns(3_000_000_000));
        let hung = HandSample::neutral(then);
        assert_eq!(hung.sampled_at(now), Some(then));
        assert_eq!(hung.stamp.reported(), then);
        let still = HandSample { stamp: Stamp::OnChange(then), ..hung };
        assert_eq!(still.sampled_at(now), Some(now), "a hand that keeps still is no older for it");
        assert_eq!(still.stamp.reported(), then);
        for sample in [hung, still] {
            assert_eq!(HandSample { connected: false, ..sample }.sampled_at(now), None);
        }
    }
}
