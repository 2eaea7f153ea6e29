//! What two hands do with two instruments: reach, turn the wrist, open and close the jaw, each on its own side.
//!
//! Each hand has strokes of its own, so that now one moves, now both do. Targets are places of the tip in the frame of
//! the base, around where it was first seen; the hand moves along the axes of the picture, so it goes the way that
//! remains, turned into them.

use nalgebra::{UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::frame::{ArmState, StateFrame};
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};

use super::super::ArmHand;
use super::super::random::SplitMix64;
use super::stroke::{PEAK_TO_MEAN, Span};

/// No stroke makes a tip faster. Unit: metre per second. Source: p95 of suturing (JIGSAWS).
const TIP_SPEED_MAX_M_S: f64 = 0.036;

/// Targets from where the tip was first seen: back and ahead. Unit: metre.
const AHEAD_M: (f64, f64) = (-0.025, 0.025);
/// Targets from where the tip was first seen: outward and toward the other arm. An instrument keeps its side of the
/// middle, so that the two never meet. Unit: metre.
const INWARD_M: (f64, f64) = (-0.005, 0.070);
/// Targets from where the tip was first seen: down and up. Unit: metre.
const UP_M: (f64, f64) = (-0.040, 0.005);

/// Tips keep this far from the middle. Unit: metre.
const MIDDLE_KEEP_M: f64 = 0.02;

/// A stroke is no longer than this. Unit: metre.
const STROKE_MAX_M: f64 = 0.035;

/// Each angle of the wrist stays within this of the start. Unit: radian.
const ANGLE_MAX_RAD: f64 = 0.25;

/// Peak turn rate of a wrist, as a share of what the profile allows.
const TURN_SHARE: f64 = 0.5;

/// Widest that a hand opens. Unit: radian.
const JAW_MAX_RAD: f64 = 0.9;

/// Fastest motion of a hand's opening, as a share of what the profile allows.
const JAW_SHARE: f64 = 0.8;

/// Where a hand is, along and about the axes of the picture, and how far it is open.
#[derive(Debug, Clone, Copy)]
struct Place {
    at_m: Vector3<f64>,
    angles_rad: Vector3<f64>,
    jaw_rad: f64,
}

/// One hand.
#[derive(Debug, Clone)]
struct One {
    seen: Option<ArmState>,
    start: Option<Pose<Base, Tip>>,
    span: Span,
    from: Place,
    to: Place,
    rests_next: bool,
}

/// What bounds a stroke.
#[derive(Debug, Clone)]
struct Bounds {
    scale: f64,
    /// How the picture is turned in the base frame; `None` where the hand goes by the tool.
    view: Option<UnitQuaternion<f64>>,
    speed_max_m_s: f64,
    turn_max_rad_s: f64,
    jaw_max_rad: f64,
    jaw_rate_rad_s: f64,
}

/// Two hands with an instrument each.
#[derive(Debug, Clone)]
pub(super) struct Instruments {
    bounds: Bounds,
    hands: [One; ARMS],
}

impl Instruments {
    pub(super) fn new(profile: &Profile) -> Self {
        let motion = profile.arms().map(|arms| &arms.motion);
        let jaw = profile.arms().and_then(|arms| arms.jaw.as_ref());
        let place = Place { at_m: Vector3::zeros(), angles_rad: Vector3::zeros(), jaw_rad: 0.0 };
        let one = One {
            seen: None,
            start: None,
            span: Span::OVER,
            from: place,
            to: place,
            rests_next: false,
        };
        Self {
            bounds: Bounds {
                scale: profile.hand.scale,
                view: profile.hand.view_axes(),
                speed_max_m_s: motion
                    .map_or(0.0, |m| m.speed_contact_max_m_s.min(TIP_SPEED_MAX_M_S)),
                turn_max_rad_s: motion.map_or(0.0, |m| TURN_SHARE * m.rotation_max_rad_s),
                jaw_max_rad: jaw.map_or(0.0, |jaw| jaw.open_max_rad.min(JAW_MAX_RAD)),
                jaw_rate_rad_s: jaw.map_or(1.0, |jaw| JAW_SHARE * jaw.rate_max_rad_s),
            },
            hands: [one.clone(), one],
        }
    }

    pub(super) fn observe(&mut self, state: &StateFrame) {
        for (hand, arm) in self.hands.iter_mut().zip(&state.arms) {
            hand.seen = Some(*arm);
        }
    }

    /// The hands rest where they are, each as open as its jaw is asked to be: a jaw waits for a hand that is elsewhere.
    pub(super) fn settle(&mut self, now: Moment<Operator>) {
        for hand in &mut self.hands {
            let jaw_rad = hand.seen.map_or(0.0, |arm| arm.jaw_setpoint_rad.max(0.0));
            let place = Place { jaw_rad, ..hand.place(now) };
            (hand.from, hand.to, hand.span) = (place, place, Span::OVER);
        }
    }

    pub(super) fn begin(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        for (n, hand) in self.hands.iter_mut().enumerate() {
            // The second hand begins a moment later than the first.
            hand.rests_next = n > 0;
            hand.plan(&self.bounds, random, now);
        }
    }

    pub(super) fn go_on(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        for hand in self.hands.iter_mut().filter(|hand| hand.span.is_over(now)) {
            hand.plan(&self.bounds, random, now);
        }
    }

    pub(super) fn is_over(&self, now: Moment<Operator>) -> bool {
        self.hands.iter().all(|hand| hand.span.is_over(now))
    }

    pub(super) fn hands(&self, now: Moment<Operator>) -> [ArmHand; ARMS] {
        core::array::from_fn(|n| {
            let hand = self.hands.get(n).map(|hand| hand.place(now));
            hand.map_or(ArmHand { place: Displacement::none(), jaw_rad: 0.0 }, |place| ArmHand {
                place: Displacement {
                    translation: place.at_m,
                    rotation: UnitQuaternion::from_scaled_axis(place.angles_rad),
                },
                jaw_rad: place.jaw_rad,
            })
        })
    }
}

impl One {
    /// Chooses the next stroke from where the tip is now, and a rest after every stroke.
    fn plan(&mut self, bounds: &Bounds, random: &mut SplitMix64, now: Moment<Operator>) {
        let from = self.place(now);
        let rests = self.rests_next;
        self.rests_next = !rests;
        let Some(arm) = self.seen.filter(|_| !rests) else {
            self.span = Span::from_now(now, random.between(0.1, 0.6));
            (self.from, self.to) = (from, from);
            return;
        };
        let start = *self.start.get_or_insert(arm.measured);
        let at_m = arm.measured.position();
        let way_m = target(&start.position(), random) - at_m;
        let way_m = way_m * (STROKE_MAX_M / way_m.norm()).min(1.0);
        let turned = (arm.measured.iso.rotation * start.iso.rotation.inverse()).scaled_axis();
        let mut angle = || random.between(-ANGLE_MAX_RAD, ANGLE_MAX_RAD);
        let turn = Vector3::new(angle(), angle(), angle()) - turned;
        let jaw_rad = random.between(0.0, bounds.jaw_max_rad);
        let to = Place {
            at_m: from.at_m + bounds.along(&arm.measured, &way_m) / bounds.scale,
            angles_rad: from.angles_rad + bounds.about(&arm.measured, &turn),
            jaw_rad,
        };
        let quick = random.between(0.5, 1.0);
        let takes_s = PEAK_TO_MEAN
            * [
                way_m.norm() / (quick * bounds.speed_max_m_s),
                turn.norm() / bounds.turn_max_rad_s,
                (jaw_rad - from.jaw_rad).abs() / bounds.jaw_rate_rad_s,
            ]
            .into_iter()
            .fold(0.4, f64::max);
        (self.from, self.to) = (from, to);
        self.span = Span::from_now(now, takes_s);
    }

    fn place(&self, now: Moment<Operator>) -> Place {
        let s = self.span.way(now);
        Place {
            at_m: self.from.at_m.lerp(&self.to.at_m, s),
            angles_rad: self.from.angles_rad.lerp(&self.to.angles_rad, s),
            jaw_rad: self.from.jaw_rad + s * (self.to.jaw_rad - self.from.jaw_rad),
        }
    }
}

/// A place for a tip that was first seen at `start`. Frame: base.
fn target(start: &Vector3<f64>, random: &mut SplitMix64) -> Vector3<f64> {
    let mut between = |(least, most)| random.between(least, most);
    let (ahead, inward, up) = (between(AHEAD_M), between(INWARD_M), between(UP_M));
    let side = if start.y < 0.0 { -1.0 } else { 1.0 };
    let beside = (start.y.abs() - inward).max(MIDDLE_KEEP_M);
    Vector3::new(start.x + ahead, side * beside, start.z + up)
}

impl Bounds {
    /// What a way in the base frame is to the right, up and inward for the hand.
    fn along(&self, tip: &Pose<Base, Tip>, way: &Vector3<f64>) -> Vector3<f64> {
        self.view.map_or_else(
            || tip.iso.rotation.inverse() * way,
            |view| {
                let seen = view.inverse() * way;
                Vector3::new(seen.x, seen.y, -seen.z)
            },
        )
    }

    /// The same for a turn. In a picture right, up and inward are a left-handed set, in which a turn goes the other way.
    fn about(&self, tip: &Pose<Base, Tip>, turn: &Vector3<f64>) -> Vector3<f64> {
        self.view.map_or_else(
            || tip.iso.rotation.inverse() * turn,
            |view| {
                let seen = view.inverse() * turn;
                Vector3::new(-seen.x, -seen.y, seen.z)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::profile::SURGERY;

    #[test]
    fn what_is_to_the_right_and_up_in_the_base_is_so_in_the_picture() {
        let Instruments { bounds, .. } = Instruments::new(&Profile::parse(SURGERY).unwrap());
        let near = |a: Vector3<f64>, b: Vector3<f64>| assert!((a - b).norm() < 1e-9, "{a} {b}");
        let tip = Pose::identity();
        let half = core::f64::consts::FRAC_1_SQRT_2;
        near(bounds.along(&tip, &-Vector3::y()), Vector3::x());
        near(bounds.along(&tip, &Vector3::x()), Vector3::new(0.0, half, half));
        near(bounds.along(&tip, &Vector3::z()), Vector3::new(0.0, half, -half));
        // Seen from above a turn about z goes from right towards ahead; half of that is from right towards up.
        near(bounds.about(&tip, &Vector3::z()), Vector3::new(0.0, -half, half));
    }

    #[test]
    fn targets_stay_on_their_side_and_near_the_start() {
        let mut random = SplitMix64::new(4);
        for _ in 0..1_000 {
            for side in [-1.0, 1.0] {
                let start = Vector3::new(0.0, side * 0.1, -0.1);
                let at = target(&start, &mut random);
                assert!((MIDDLE_KEEP_M..=0.106).contains(&(side * at.y)), "{at}");
                assert!(at.x.abs() <= 0.026 && (-0.141..=-0.094).contains(&at.z), "{at}");
            }
        }
    }
}
