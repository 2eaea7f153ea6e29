//! What arms may be asked.

use core::time::Duration;

use nalgebra::Vector3;
use protocol::frame::Motion;
use protocol::pose::{Base, Pose, Tip};
use protocol::profile::ArmLimits;
use protocol::state::OperatingState as Word;
use robot_agent::core::Tick;
use robot_agent::robot::{ArmOrder, ArmReading, Order, Shaft};

use super::course::{Ceiling, Course, Rule, window_s};
use super::passage::{BRAKING_MAX, stands};
use super::region::{Beyond, beyond, is_near_slant};
use super::verdict::{CONTACT_MIN_N, felt_n};
use super::{Given, Now, Why, Witness, since};
use crate::robot::shapes::Rig;

/// The longest that a servo moves for in one tick.
const TICK_MAX: Duration = Duration::from_millis(5);
/// How much deeper a setpoint may go beyond a limit than it stood. Unit: metre.
const DEEPER_M: f64 = 1e-6;
/// What is left of the speed at the hard limit of a reach.
const CRAWL: f64 = 0.1;
/// How far an arm comes to rest from a stop, and what it may yield where no profile says. Unit: metre.
const STOPPING_M: f64 = 0.004;
const YIELD_MAX_M: f64 = 0.020;
/// So near to a slanted wall a tip may slide along it, into the tissue as well. Unit: metre.
const SLIDES_M: f64 = 0.010;
/// How far a velocity lags behind an axis that turns. Unit: second.
const LAG_S: f64 = 0.06;
/// The largest share of a speed that comes along a slanted axis while it is reached. Coordinates that have
/// none along the axis together have half of it at most in those that point one way.
const SLANT_MAX: f64 = 0.5;
/// What may be left of a motion that counts as rest. Unit: metre, radian.
const CREEP_M: f64 = 2e-6;
const CREEP_RAD: f64 = 2e-5;
/// What rounding may leave between where an arm rests and where it is taken up. Unit: metre, half a radian.
const TAKEN_UP_M: f64 = 1e-9;
/// An arm that does not obey is farther than this from its order. Unit: metre, radian.
const LEAPS_MIN_M: f64 = 0.001;
const LEAPS_MIN_RAD: f64 = 0.05;
/// So near the hand has met the jaw, with what rounding adds. Unit: radian.
const JAW_MET_RAD: f64 = 0.035 + 1e-9;
/// What rounding adds to an angle between two attitudes, which is the root of a small difference.
const ROUNDING_RAD: f64 = 1e-7;

/// What a sensor said, and where the arm was when it began to say so.
type Seen = (Vector3<f64>, Vector3<f64>);

/// The books of one arm.
#[derive(Debug, Clone)]
pub(super) struct ArmBook {
    pub(super) tip: Pose<Base, Tip>,
    /// Where it stood when it was engaged.
    pub(super) anchor: Pose<Base, Tip>,
    pub(super) retreated_m: f64,
    jaw_rad: f64,
    place: Course,
    turn: Course,
    inward: Ceiling,
    aside: Ceiling,
    turning: Ceiling,
    /// By how much it may be beyond each limit: as much as it stood.
    allowed: Beyond,
    tip_seen: Option<Seen>,
    force_seen: Option<Seen>,
    /// The force loop has the tool.
    presses: bool,
    jaw_hand: JawHand,
}

/// Whether the hand has been where the jaw is.
#[derive(Debug, Clone, Copy, Default)]
struct JawHand {
    anchor_rad: f64,
    began_rad: f64,
    met: bool,
}

/// What an arm may do in one tick.
struct Leave {
    place: Rule,
    turn: Rule,
    /// Fastest toward the tissue.
    inward_m_s: f64,
    /// Fastest across the tool.
    aside_m_s: f64,
    /// It follows the hand.
    follows: bool,
    /// The frame that engaged it is still the newest.
    begins: bool,
    /// The force that the hand wants kept. Unit: newton.
    wanted_n: f64,
    /// How far the hand's own jaw is open. Unit: radian.
    hand_rad: f64,
}

impl ArmBook {
    fn at(arm: &ArmReading, allowed: Beyond) -> Self {
        Self {
            tip: arm.tip,
            anchor: arm.tip,
            retreated_m: 0.0,
            jaw_rad: arm.jaw_rad,
            place: Course::default(),
            turn: Course::default(),
            inward: Ceiling::default(),
            aside: Ceiling::default(),
            turning: Ceiling::default(),
            allowed,
            tip_seen: None,
            force_seen: None,
            presses: false,
            jaw_hand: JawHand::default(),
        }
    }

    /// How far it went while a sensor said the same to the last bit. Unit: metre.
    pub(super) fn repeated_m(&mut self, arm: &ArmReading) -> f64 {
        let way = |seen: &mut Option<Seen>, value, place: Vector3<f64>| match seen {
            Some((same, at)) if *same == value => (place - *at).norm(),
            _ => {
                *seen = Some((value, place));
                0.0
            }
        };
        let tip = way(&mut self.tip_seen, arm.tip.position(), self.tip.position());
        if !self.presses && arm.force_n.norm() <= CONTACT_MIN_N {
            self.force_seen = None;
            return tip;
        }
        tip.max(way(&mut self.force_seen, arm.force_n, arm.tip.position()))
    }

    /// Judges how fast it goes into the tissue and across the tool, along whose `axis` it points.
    fn sides(
        &mut self,
        (inward, aside): (f64, f64),
        (axis, turn_rad_s): (&Vector3<f64>, f64),
        time_s: f64,
        leave: &Leave,
    ) {
        let window_s = 2.0 * window_s(&Rule { stops: false, ..leave.place });
        let fastest = self.aside.note(leave.aside_m_s, time_s, window_s);
        // A tool that turns has another axis before its velocity can follow; and along a slanted axis
        // the coordinates do not come up to speed together.
        let turning = self.turning.note(turn_rad_s, time_s, 2.0 * LAG_S);
        let slant = (1.0 - axis.amax().powi(2)).max(0.0).sqrt().min(SLANT_MAX);
        let lag = 1e-4 + inward.hypot(aside) * turning * LAG_S + fastest * slant;
        assert!(aside <= fastest + lag, "{aside} m/s across the tool, {fastest} allowed");
        let most = self.inward.note(leave.inward_m_s, time_s, window_s);
        assert!(inward <= most + lag, "{inward} m/s into the tissue, {most} allowed");
    }

    /// False if its setpoint surely moves.
    pub(super) fn seems_at_rest(&self, rig: &Rig) -> bool {
        let Some(limits) = rig.profile.arms() else { return true };
        let (place, turn) = rules(limits, 0.0, 0.0, true);
        self.place.seems_at_rest(0.001, 0.05, &place)
            && self.turn.seems_at_rest(0.01, turn.acceleration, &turn)
    }
}

/// Rules for a place and an attitude with these caps.
fn rules(limits: &ArmLimits, cap_m_s: f64, cap_rad_s: f64, stops: bool) -> (Rule, Rule) {
    let motion = &limits.motion;
    let place = Rule {
        cap: cap_m_s,
        fastest: motion.speed_free_max_m_s,
        acceleration: motion.acceleration_max_m_s2,
        jerk: motion.jerk_max_m_s3,
        stops,
    };
    let turn = Rule {
        cap: cap_rad_s,
        fastest: motion.rotation_max_rad_s,
        acceleration: motion.rotation_acceleration_max_rad_s2,
        jerk: motion.rotation_jerk_max_rad_s3,
        stops,
    };
    (place, turn)
}

impl Witness {
    /// No order that a state forbids, and no setpoint that jumps.
    pub(super) fn order(&mut self, rig: &Rig, given: &Given, outcome: &Tick, now: Now) {
        let order = &outcome.order;
        assert!(order.is_finite(), "{order:?}");
        let elapsed = self.last_tick.and_then(|last| since(now, last)).unwrap_or(Duration::ZERO);
        let dt_s = elapsed.min(TICK_MAX).as_secs_f64();
        let off = *order == Order::Off;
        let seen = given.measured.or(self.last_measured);
        let carries = seen.is_some_and(|m| m.powered);
        match self.word {
            Word::Init | Word::Standby | Word::Fault => assert!(off, "drives on: {order:?}"),
            Word::Estop => {
                let time = since(now, self.since).is_some_and(|d| d <= BRAKING_MAX);
                let may = time && self.under_power && carries && !self.went_off;
                assert!(off || may, "drives on in ESTOP");
                let rests = self.seems_at_rest(rig) && stands(rig, given);
                assert!(!off || !may || rests, "drives off in motion");
                self.went_off |= off;
            }
            word => assert!(!off, "drives off in {word:?}"),
        }
        let comes_on = !off && !self.on;
        assert!(!comes_on || self.word.powered() || carries, "drives come on");
        self.on = !off;
        match (order, rig.arms) {
            (Order::Off, _) => self.rest(rig),
            (Order::Servo { arms }, 1..) if !carries => {
                let seen = seen.expect("a reading");
                for (arm, seen) in arms.iter().zip(&seen.arms).take(rig.arms) {
                    assert_eq!((arm.tip, arm.jaw_rad), (seen.tip, seen.jaw_rad), "runs ahead");
                }
                self.rest(rig);
            }
            (Order::Servo { arms }, 1..) => {
                if self.regrips((rig, dt_s), given, arms) {
                    self.regripped = true;
                    // It goes on from there, and may yield in the same tick.
                    self.rest(rig);
                }
                for (n, arm) in arms.iter().enumerate() {
                    let absent = ArmOrder { tip: Pose::identity(), jaw_rad: 0.0 };
                    assert!(n < rig.arms || *arm == absent, "moves an arm that is not there");
                    if n < rig.arms {
                        self.servo((rig, n), given, arm, (dt_s, now));
                    }
                }
            }
            (Order::Drive { linear_m_s, angular_rad_s }, 0) if !carries => {
                assert_eq!((*linear_m_s, *angular_rad_s), (0.0, 0.0), "runs ahead");
                self.base = super::BaseBook::default();
            }
            (Order::Drive { linear_m_s, angular_rad_s }, 0) => {
                self.drive(rig, given, (*linear_m_s, *angular_rad_s), (dt_s, now));
            }
            _ => panic!("{order:?} for a body with {} arms", rig.arms),
        }
    }

    /// An arm that did not obey is taken up where it has come to rest: once, and nothing else moves.
    fn regrips(&self, (rig, dt_s): (&Rig, f64), given: &Given, to: &[ArmOrder]) -> bool {
        let (Some(seen), Some(limits)) = (given.measured, rig.profile.arms()) else { return false };
        let mut arms = to.iter().zip(&seen.arms).take(rig.arms).enumerate();
        let stopped = self.word == Word::Pstop && self.why == Why::Other && !self.regripped;
        let (place, _) = rules(limits, 0.0, 0.0, true);
        let pressed =
            |n| felt_n((rig, n), &seen.arms[n]) > limits.force.hold_max_n.unwrap_or(f64::MAX);
        let here = arms.all(|(n, (to, seen))| {
            // One that is pressed yields from there in the same tick.
            let most_m = if pressed(n) { place.first_step(dt_s) } else { TAKEN_UP_M };
            let left_m = (to.tip.position() - seen.tip.position()).norm();
            let turned = (to.tip.iso.rotation.coords - seen.tip.iso.rotation.coords).norm();
            left_m <= most_m && turned <= TAKEN_UP_M
        });
        let rests = self.seems_at_rest(rig) && stands(rig, given);
        // Only an arm that was far from where it was ordered to be is taken up.
        let leaps = self.arms.iter().flatten().zip(to).any(|(book, to)| {
            let turned = to.tip.iso.rotation.angle_to(&book.tip.iso.rotation);
            (to.tip.position() - book.tip.position()).norm() > LEAPS_MIN_M || turned > LEAPS_MIN_RAD
        });
        let mut books = self.arms.iter().flatten().zip(to);
        stopped && leaps && here && rests && books.all(|(book, to)| book.jaw_rad == to.jaw_rad)
    }

    /// Without power a setpoint is where the arm was last seen.
    fn rest(&mut self, rig: &Rig) {
        self.base = super::BaseBook::default();
        let (Some(limits), Some(measured)) = (rig.profile.arms(), &self.last_measured) else {
            return;
        };
        for (n, book) in self.arms.iter_mut().enumerate().take(rig.arms) {
            let arm = &measured.arms[n];
            let allowed = beyond(limits, rig.ports[n].as_ref(), &arm.tip.position());
            let retreated_m = book.as_ref().map_or(0.0, |book| book.retreated_m);
            let jaw_rad =
                book.as_ref().filter(|_| self.regripped).map_or(arm.jaw_rad, |b| b.jaw_rad);
            *book = Some(ArmBook { retreated_m, jaw_rad, ..ArmBook::at(arm, allowed) });
        }
    }

    fn servo(&mut self, (rig, n): (&Rig, usize), given: &Given, to: &ArmOrder, time: (f64, Now)) {
        let (dt_s, now) = time;
        let limits = rig.profile.arms().expect("arms");
        let measured = given.measured.or(self.last_measured).expect("a reading").arms[n];
        let Some(mut book) = self.arms[n].take() else { return };
        let leave = self.leave((rig, n), limits, &book, &measured, now);
        let axis = book.tip.iso.rotation * Vector3::z();
        let way = to.tip.position() - book.tip.position();
        assert!((to.tip.iso.rotation.coords.norm() - 1.0).abs() < 1e-9);
        let rigid = rig.ports[n].is_some_and(|port| port.shaft == Shaft::Rigid);
        if leave.begins {
            let left_m = (to.tip.position() - book.anchor.position()).norm();
            let turned = to.tip.iso.rotation.angle_to(&book.anchor.iso.rotation);
            let stood = book.place.stands() && book.turn.stands();
            let most = if stood { (1e-9, 0.0) } else { (CREEP_M, CREEP_RAD) };
            assert!(left_m <= most.0, "the frame that engages moves {left_m} m");
            let turns = rigid || turned <= most.1 + ROUNDING_RAD;
            assert!(turns, "the frame that engages turns {turned} rad");
        }
        let turned = (to.tip.iso.rotation * book.tip.iso.rotation.inverse()).scaled_axis();
        if let Some(time_s) = book.place.step(&way, dt_s, &leave.place) {
            let v = book.place.v;
            let inward = v.dot(&axis);
            let aside = (v - axis * inward).norm();
            book.sides((inward, aside), (&axis, turned.norm() / dt_s), time_s, &leave);
        }
        if rigid {
            let most = leave.turn.fastest * dt_s * core::f64::consts::SQRT_2;
            assert!(turned.norm() <= most + ROUNDING_RAD, "turns {} of {most}", turned.norm());
        } else {
            book.turn.step(&turned, dt_s, &leave.turn);
        }
        book.presses = leave.wanted_n > 0.0;
        self.retreat(rig, &mut book, way.dot(&axis), &leave);
        stay_inside((rig, n), limits, &mut book, &to.tip.position());
        jaw(limits, &mut book, to.jaw_rad, dt_s, &leave);
        book.tip = to.tip;
        self.arms[n] = Some(book);
    }

    /// What an arm may do now.
    fn leave(
        &self,
        (rig, n): (&Rig, usize),
        limits: &ArmLimits,
        book: &ArmBook,
        measured: &ArmReading,
        now: Now,
    ) -> Leave {
        let (force, contact_n) = (&limits.force, felt_n((rig, n), measured));
        if !self.hand_moves() {
            let lift = rig.profile.reaction.lift.as_ref().filter(|_| self.may_lift(rig, now));
            let lifting = lift.map_or(0.0, |lift| lift.speed_m_s);
            let yields = force.hold_max_n.is_some_and(|most| contact_n > most);
            let yielding = if yields { force.approach_speed_max_m_s } else { 0.0 };
            let (place, turn) = rules(limits, lifting.max(yielding), 0.0, true);
            // Along a slanted axis the coordinates do not come up to speed together.
            let (inward_m_s, aside_m_s) = (0.0, place.cap / 2.0);
            return Leave {
                place,
                turn,
                inward_m_s,
                aside_m_s,
                follows: false,
                begins: false,
                wanted_n: 0.0,
                hand_rad: 0.0,
            };
        }
        let (frame, _) = self.newest.expect("follows a command");
        let (cap_m_s, turn_rad_s) = self.caps((rig, n), limits, book, measured, now);
        let (place, turn) = rules(limits, cap_m_s, turn_rad_s, self.retracted);
        let begins = self.engaged_by.is_some_and(|e| e.seq == frame.seq);
        let (wanted_n, hand_rad) = match &frame.motion {
            Motion::Arms(arms) if !begins => (arms[n].force_wanted_n, arms[n].jaw_rad),
            Motion::Arms(arms) => (0.0, arms[n].jaw_rad),
            Motion::Base(_) => (0.0, 0.0),
        };
        let at = book.tip.position();
        let inward_m_s = if contact_n >= force.soft_n {
            0.0
        } else if wanted_n > 0.0 && !is_near_slant(limits, rig.ports[n].as_ref(), &at, SLIDES_M) {
            force.approach_speed_max_m_s.min(cap_m_s)
        } else {
            cap_m_s
        };
        Leave {
            place,
            turn,
            inward_m_s,
            aside_m_s: cap_m_s,
            follows: true,
            begins,
            wanted_n,
            hand_rad,
        }
    }

    /// How fast a tip may follow and turn: by contact, by the age of what steers, and by its reach.
    fn caps(
        &self,
        (rig, n): (&Rig, usize),
        limits: &ArmLimits,
        book: &ArmBook,
        measured: &ArmReading,
        now: Now,
    ) -> (f64, f64) {
        let (motion, reach) = (&limits.motion, &limits.reach);
        let speed = if felt_n((rig, n), measured) < CONTACT_MIN_N {
            motion.speed_free_max_m_s
        } else {
            motion.speed_contact_max_m_s.min(motion.speed_free_max_m_s)
        };
        let share =
            |value: f64, hard: f64, soft: f64| (CRAWL.max((value - hard) / (soft - hard))).min(1.0);
        let left = share(measured.reach.joint, reach.joint_hard, reach.joint_soft);
        let left =
            left.min(share(measured.reach.dexterity, reach.dexterity_hard, reach.dexterity_soft));
        let cap = (speed * left).min(self.by_age(rig, now));
        let turn = motion.rotation_max_rad_s * (cap / speed);
        match rig.ports[n] {
            Some(port) if port.shaft == Shaft::Rigid => {
                // A rigid shaft turns with every step aside.
                let depth_m = (book.tip.position() - port.centre_m).norm();
                (cap.min(turn * depth_m), turn)
            }
            Some(_) | None => (cap, turn),
        }
    }

    /// The speed at which it moves no farther than allowed while what steers ages. Unit: metre per
    /// second.
    pub(super) fn by_age(&self, rig: &Rig, now: Now) -> f64 {
        let f = &rig.profile.freshness;
        let age = self.loop_age(now).and_then(|a| self.view_age(rig, now).map(|b| a.max(b)));
        match age {
            Some(age) if age <= f.view_age_hard => {
                f.stale_displacement_max_m / age.as_secs_f64().max(1e-3)
            }
            Some(_) | None => 0.0,
        }
    }

    /// True if a tool may lift by itself now.
    fn may_lift(&self, rig: &Rig, now: Now) -> bool {
        let Some(lift) = &rig.profile.reaction.lift else { return false };
        let waited = since(now, self.since).is_none_or(|d| d > lift.after);
        match (self.word, self.why) {
            (word, _) if word.follows() => true,
            (Word::Hold, _) => waited,
            (Word::Pstop, Why::Contact) => self.under_power,
            (Word::Pstop, Why::Remote) => self.under_power && waited,
            _ => false,
        }
    }

    /// By itself an arm goes away from the tissue, and not farther than once its distance.
    fn retreat(&self, rig: &Rig, book: &mut ArmBook, inward_m: f64, leave: &Leave) {
        if leave.follows {
            return;
        }
        book.retreated_m -= inward_m.min(0.0);
        let lift = rig.profile.reaction.lift.as_ref();
        let most_m = lift.map_or(YIELD_MAX_M, |lift| lift.distance_m) + STOPPING_M;
        assert!(book.retreated_m <= most_m, "{} m away by itself", book.retreated_m);
    }
}

/// No deeper beyond any limit than it stood.
fn stay_inside((rig, n): (&Rig, usize), limits: &ArmLimits, book: &mut ArmBook, to: &Vector3<f64>) {
    let out = beyond(limits, rig.ports[n].as_ref(), to);
    for (limit, (out, allowed)) in out.iter().zip(&book.allowed).enumerate() {
        assert!(*out <= allowed + DEEPER_M, "{out} m beyond limit {limit}, from {allowed} m");
    }
    if book.place.stands() {
        book.allowed = core::array::from_fn(|i| out[i].min(book.allowed[i]));
    }
}

/// A jaw moves at its rate, inside its range, and only with the hand.
fn jaw(limits: &ArmLimits, book: &mut ArmBook, to: f64, dt_s: f64, leave: &Leave) {
    let moved = (to - book.jaw_rad).abs();
    let hand = &mut book.jaw_hand;
    if leave.begins {
        let met = (leave.hand_rad - book.jaw_rad).abs() <= JAW_MET_RAD;
        *hand = JawHand { anchor_rad: book.jaw_rad, began_rad: leave.hand_rad, met };
    } else if leave.follows {
        let (began, now) = (hand.began_rad - hand.anchor_rad, leave.hand_rad - hand.anchor_rad);
        hand.met |= now.abs() <= JAW_MET_RAD || began.signum() != now.signum();
        assert!(hand.met || moved == 0.0, "a jaw moves that the hand has not met");
    }
    match &limits.jaw {
        Some(jaw) if leave.follows && !leave.begins => {
            assert!(moved <= jaw.rate_max_rad_s * dt_s + 1e-12, "the jaw moves {moved} rad");
            let (low, high) = (book.jaw_rad.min(0.0), book.jaw_rad.max(jaw.open_max_rad));
            assert!((low..=high).contains(&to), "the jaw opens to {to} rad");
        }
        Some(_) | None => assert_eq!(moved, 0.0, "a jaw moves by itself"),
    }
    book.jaw_rad = to;
}
