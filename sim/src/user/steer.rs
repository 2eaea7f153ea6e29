//! Eye and hand: strokes toward what was seen.

use core::time::Duration;

use nalgebra::{UnitQuaternion, Vector3};
use operator::devices::random::SplitMix64;
use operator::devices::script::Work;
use operator::devices::script::stroke::{PEAK_TO_MEAN, Span};
use operator::devices::{ArmHand, HandMotion};
use protocol::ARMS;
use protocol::frame::StateFrame;
use protocol::pose::Displacement;
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};

use super::course::Course;
use super::tremor::Tremor;
use crate::noise::Noise;
use crate::truth::{TipMotion, Truth};

/// From a picture until the hand begins to answer, in the mean. Unit: s. Assumed, as for the scripted hand.
pub const REACTION_S: f64 = 0.2;

/// Its standard deviation. Unit: s. Assumed.
const REACTION_SPREAD_S: f64 = 0.03;

/// Duration of a stroke: so much, and so much for each bit of its difficulty `log2(way / tolerance + 1)` (Fitts 1954
/// in the form of Shannon). Unit: s. Assumed.
const STROKE_S: f64 = 0.1;
const BIT_S: f64 = 0.15;

/// Peak speed of the longest strokes at the tip. Unit: m/s. Chosen so that the 95th percentile over a course is
/// 40 mm/s, as published for suturing (JIGSAWS); a test holds it there.
const PEAK_M_S: f64 = 0.041;

/// No peak is above this share of what the profile allows in contact, where something is touched.
const PEAK_SHARE: f64 = 0.9;

/// Where a stroke ends, as a share of its length: standard deviation along it and in each direction across. Assumed:
/// noise that grows with the signal (Harris and Wolpert 1998), and 5° of direction, because the hand moves beside the
/// picture. It leaves one or two corrections.
const SCATTER: (f64, f64) = (0.05, 0.08);

/// The user is content when the target is nearer than this share of the tolerance.
const CONTENT: f64 = 0.6;

/// Slower than this is seen as standing. Unit: m/s. Assumed.
const STANDS_M_S: f64 = 0.003;

/// Strokes of at least this length tell how late the pictures are. Unit: m.
const TELLS_M: f64 = 0.005;

/// Share of a stroke that must be seen for that.
const ONSET: f64 = 0.25;

/// Weight of the newest such delay. Assumed.
const LEARNS: f64 = 0.5;

/// Before the first stroke the user expects this delay, and never a longer one than that. Unit: s.
const LAG_S: (f64, f64) = (0.05, 2.0);

/// After this long without a result the user tries something else. Unit: s. Assumed.
const PATIENCE_S: f64 = 1.5;

/// Seen at the target for this share of the time that is asked, the user goes on.
const SURE: f64 = 1.1;

/// A jaw is as wanted within this, by the state that was heard: a wall between the fingers holds it open by less.
/// Unit: rad.
const JAW_NEAR_RAD: f64 = 0.08;

/// Fastest motion of the fingers, as a share of what the profile allows.
const JAW_SHARE: f64 = 0.8;

/// The hand is at ease within this of where it was when the clutch closed. Unit: m. Assumed: half an armrest.
const REACH_M: f64 = 0.15;

/// What of `way` is square to `axis`.
pub(super) fn spread(way: &Vector3<f64>, axis: &Vector3<f64>) -> Vector3<f64> {
    way - axis * axis.dot(way)
}

/// What was seen last.
#[derive(Debug, Clone, Copy)]
struct Seen {
    tip: TipMotion,
    /// Since when what is seen is at the target.
    there_since: Option<Moment<Operator>>,
}

/// A stroke whose beginning has not been seen yet.
#[derive(Debug, Clone, Copy)]
struct Expected {
    from_m: Vector3<f64>,
    way_m: Vector3<f64>,
    /// When the hand had done the share of it that tells.
    done_at: Moment<Operator>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Compares what is seen with what is wanted.
    Looks,
    /// Has seen that the tip should go this way, and will.
    Reacts { until: Moment<Operator>, way_m: Vector3<f64> },
    /// The hand moves.
    Moves,
    /// Waits for the picture of the end of the stroke.
    Waits { since: Moment<Operator> },
}

/// Somebody at the console with a course before them.
#[derive(Debug, Clone)]
pub struct Steering {
    course: Course,
    noise: Noise,
    tremor: Tremor,
    scale: f64,
    view: Option<UnitQuaternion<f64>>,
    peak_m_s: f64,
    has_arms: bool,
    /// How far the fingers move in a command. Unit: rad.
    jaw_step_rad: f64,
    target: usize,
    seen: Option<Seen>,
    /// How the tool is turned, by the states heard.
    tool: Option<UnitQuaternion<f64>>,
    jaws_rad: [f64; ARMS],
    heard_jaws_rad: [f64; ARMS],
    /// What the robot last asked of each jaw: what it holds keeps it wider. Unit: radian.
    asked_jaws_rad: [f64; ARMS],
    phase: Phase,
    expected: Option<Expected>,
    lag_s: f64,
    span: Span,
    from_m: Vector3<f64>,
    to_m: Vector3<f64>,
    /// Where the hand was when the robot began to follow.
    ease_m: Vector3<f64>,
    strokes: u32,
}

impl Steering {
    /// The person of this seed, before this course.
    pub fn new(profile: &Profile, course: Course, seed: u64) -> Self {
        let contact = profile.arms().map_or(0.0, |arms| arms.motion.speed_contact_max_m_s);
        let touches = course.force_n.is_some();
        Self {
            course,
            noise: Noise::new(seed),
            tremor: Tremor::new(profile.rates.command_hz, seed ^ 0x7E3),
            scale: profile.hand.scale,
            view: profile.hand.view_axes(),
            peak_m_s: if touches { PEAK_M_S.min(PEAK_SHARE * contact) } else { PEAK_M_S },
            has_arms: profile.arms().is_some_and(|arms| arms.count > 1),
            jaw_step_rad: profile
                .arms()
                .and_then(|arms| arms.jaw.as_ref())
                .map_or(0.0, |jaw| JAW_SHARE * jaw.rate_max_rad_s / profile.rates.command_hz),
            target: 0,
            seen: None,
            tool: None,
            jaws_rad: [0.0; ARMS],
            heard_jaws_rad: [0.0; ARMS],
            asked_jaws_rad: [0.0; ARMS],
            phase: Phase::Looks,
            expected: None,
            lag_s: LAG_S.0,
            span: Span::OVER,
            from_m: Vector3::zeros(),
            to_m: Vector3::zeros(),
            ease_m: Vector3::zeros(),
            strokes: 0,
        }
    }

    /// How late the user takes the pictures to be. Unit: s.
    pub const fn lag_s(&self) -> f64 {
        self.lag_s
    }

    /// Strokes so far.
    pub const fn strokes(&self) -> u32 {
        self.strokes
    }

    /// A picture is shown: how the robot moved when it was captured.
    pub fn see(&mut self, picture: &Truth, now: Moment<Operator>) {
        let [Some(tip), _] = picture.tips else { return };
        let there = self.course.is_at(self.target, picture) && self.jaw_is_as_wanted();
        let since = self.seen.and_then(|seen| seen.there_since).unwrap_or(now);
        let mut there_since = there.then_some(since);
        let asked_s = SURE * self.course.dwell.as_secs_f64();
        if there && now.since(since).is_some_and(|long| long.as_secs_f64() >= asked_s) {
            self.target += 1;
            there_since = None;
        }
        self.seen = Some(Seen { tip, there_since });
        self.learn(&tip, now);
    }

    fn jaw_is_as_wanted(&self) -> bool {
        let [heard_rad, _] = self.heard_jaws_rad;
        let wanted = self.course.jaw_rad(self.target);
        wanted.is_none_or(|wanted_rad| (heard_rad - wanted_rad).abs() <= JAW_NEAR_RAD)
    }

    /// The fingers follow what the target asks for: a jaw that should be shut is shut there, not on the way.
    fn move_jaw(&mut self) {
        let Some(wanted_rad) = self.course.jaw_rad(self.target) else { return };
        let [jaw_rad, _] = &mut self.jaws_rad;
        *jaw_rad += (wanted_rad - *jaw_rad).clamp(-self.jaw_step_rad, self.jaw_step_rad);
    }

    /// How late a stroke is seen.
    fn learn(&mut self, tip: &TipMotion, now: Moment<Operator>) {
        let Some(Expected { from_m, way_m, done_at }) = self.expected else { return };
        let gone = (tip.at_m - from_m).dot(&way_m) / way_m.norm_squared();
        if gone < ONSET {
            return;
        }
        self.expected = None;
        // Hand and tip begin together, but for the delay; a picture that is earlier than the hand shows something else.
        let late_s = now.since(done_at).unwrap_or_default().as_secs_f64();
        self.lag_s += LEARNS * (late_s - self.lag_s);
        self.lag_s = self.lag_s.min(LAG_S.1);
    }

    /// True if the picture of the end of the stroke has been seen, as far as the user can tell.
    fn has_seen(&self, since: Moment<Operator>, now: Moment<Operator>) -> bool {
        let waited_s = now.since(since).unwrap_or_default().as_secs_f64();
        let stands = self.seen.is_some_and(|seen| seen.tip.velocity_m_s.norm() < STANDS_M_S);
        waited_s >= self.lag_s + PATIENCE_S
            || (waited_s >= self.lag_s && self.expected.is_none() && stands)
    }

    fn look(&mut self, now: Moment<Operator>) {
        let way = self.seen.and_then(|seen| self.course.way_m(self.target, &seen.tip));
        let content_m = CONTENT * self.course.tolerance_m;
        let Some(way_m) = way.filter(|way| way.norm() > content_m) else { return };
        let reaction_s = REACTION_S + REACTION_SPREAD_S * self.noise.normal();
        self.phase = Phase::Reacts { until: now.after(Duration::from_secs_f64(reaction_s)), way_m };
    }

    /// Begins a stroke that should bring the tip so far.
    fn aim(&mut self, way_m: &Vector3<f64>, now: Moment<Operator>) {
        let length_m = way_m.norm();
        let (along, across) = SCATTER;
        let aside = Vector3::from_fn(|_, _| across * self.noise.normal());
        let beside = spread(&aside, &(way_m / length_m)) * length_m;
        let aimed_m = way_m * (1.0 + along * self.noise.normal()) + beside;
        let bits = (length_m / self.course.tolerance_m + 1.0).log2();
        let takes_s = (STROKE_S + BIT_S * bits).max(PEAK_TO_MEAN * length_m / self.peak_m_s);
        let from_m = self.place_m(now);
        (self.from_m, self.to_m) = (from_m, from_m + self.in_picture(&aimed_m) / self.scale);
        self.span = Span::from_now(now, takes_s);
        self.phase = Phase::Moves;
        self.strokes += 1;
        let tells = self.seen.filter(|_| length_m >= TELLS_M);
        self.expected = tells.map(|seen| Expected {
            from_m: seen.tip.at_m,
            way_m: *way_m,
            done_at: now.after(Duration::from_secs_f64(takes_s * time_of_onset())),
        });
    }

    /// A way in the base frame as right, up and inward for the hand.
    fn in_picture(&self, way_m: &Vector3<f64>) -> Vector3<f64> {
        match (&self.view, &self.tool) {
            (Some(view), _) => {
                let seen = view.inverse() * way_m;
                Vector3::new(seen.x, seen.y, -seen.z)
            }
            (None, Some(tool)) => tool.inverse() * way_m,
            (None, None) => Vector3::zeros(),
        }
    }

    fn place_m(&self, now: Moment<Operator>) -> Vector3<f64> {
        self.from_m.lerp(&self.to_m, self.span.way(now))
    }
}

/// Share of a stroke's time after which [`ONSET`] of its way is gone.
fn time_of_onset() -> f64 {
    let (mut least, mut most) = (0.0_f64, 1.0_f64);
    for _ in 0..20 {
        let t = 0.5 * (least + most);
        let way = t * t * t * (10.0 + t * (6.0 * t - 15.0));
        if way < ONSET { least = t } else { most = t }
    }
    0.5 * (least + most)
}

impl Work for Steering {
    fn name(&self) -> &'static str {
        "modelled user"
    }

    fn observe(&mut self, state: &StateFrame, _now: Moment<Operator>) {
        let [arm, _] = &state.arms;
        self.tool = Some(arm.measured.iso.rotation);
        self.heard_jaws_rad = state.arms.map(|arm| arm.jaw_rad.max(0.0));
        self.asked_jaws_rad = state.arms.map(|arm| arm.jaw_setpoint_rad.max(0.0));
    }

    fn settle(&mut self, now: Moment<Operator>) {
        let at_m = self.place_m(now);
        (self.from_m, self.to_m, self.span) = (at_m, at_m, Span::OVER);
        self.jaws_rad = self.asked_jaws_rad;
    }

    fn begin(&mut self, _random: &mut SplitMix64, now: Moment<Operator>) {
        self.settle(now);
        self.ease_m = self.place_m(now);
        (self.phase, self.expected) = (Phase::Looks, None);
    }

    fn go_on(&mut self, _random: &mut SplitMix64, now: Moment<Operator>) {
        self.move_jaw();
        match self.phase {
            Phase::Looks => self.look(now),
            Phase::Reacts { until, way_m } if now >= until => self.aim(&way_m, now),
            Phase::Moves if self.span.is_over(now) => self.phase = Phase::Waits { since: now },
            Phase::Waits { since } if self.has_seen(since, now) => {
                (self.phase, self.expected) = (Phase::Looks, None);
            }
            Phase::Reacts { .. } | Phase::Moves | Phase::Waits { .. } => {}
        }
    }

    fn is_over(&self, now: Moment<Operator>) -> bool {
        self.span.is_over(now)
    }

    fn wants_to_reindex(&self, _worked: Duration) -> bool {
        (self.to_m - self.ease_m).norm() > REACH_M
    }

    fn motion(&mut self, now: Moment<Operator>) -> HandMotion {
        let translation = self.place_m(now) + self.tremor.tick();
        let place = Displacement { translation, ..Displacement::none() };
        if !self.has_arms {
            return HandMotion::Displacement(place);
        }
        let [jaw_rad, other_rad] = self.jaws_rad;
        let still = ArmHand { place: Displacement::none(), jaw_rad: other_rad };
        HandMotion::Arms([ArmHand { place, jaw_rad }, still])
    }

    fn force_wanted_n(&self) -> f64 {
        self.course.force_n.map_or(0.0, |(wanted, _)| wanted)
    }
}
