//! How the robot is ordered to move, and how it moves.

use protocol::profile::{Body, Forces, Profile};
use protocol::state::OperatingState as Word;
use robot_agent::robot::{ArmOrder, Order};

use super::{Rule, Seen, Step};
use crate::theatre::Ticked;
use crate::truth::Truth;

/// The longest tick that a setpoint moves for.
const TICK_MAX_MS: u32 = 5;

/// An order may be beyond a limit by this, for rounding. Unit: m, m/s.
const TOLERANCE: f64 = 1e-6;

/// An order this near to where a tip truly is asks for no motion. Unit: m.
const THERE_M: f64 = 0.000_2;

/// The frame that engages may move the setpoint by this: the governor at rest. Unit: m.
const ENGAGE_MAX_M: f64 = 1e-6;

/// A force may be beyond its limit for as long as sensors and a tick take. Unit: ms.
const FORCE_MS: u32 = 5;

/// Slower than this is standing. Unit: m/s. An arm is pushed by a body that breathes, and sags into its brakes.
const STANDS_M_S: f64 = 0.005;

/// A lift may be faster than its limit by this, while the servo swings. Unit: m/s.
const LIFT_MORE_M_S: f64 = 0.01;

/// Drives take so long to carry what the brakes held, and may move so far meanwhile: an arm that is pressed on bends by
/// tenths of a millimetre, and one whose sensors were frozen while it stood goes to where they say it is. Unit: ms, m.
const TAKES_MS: u32 = 150;
const TAKES_M: f64 = 0.000_5;

/// Brakes take so long to close. Unit: ms.
const BRAKES_MS: u32 = 50;

/// What an arm that yields may be faster than its force loop, while the servo swings. Unit: m/s.
const YIELD_MORE_M_S: f64 = 0.003;

/// More is contact, which an arm may yield to. Unit: N.
const TOUCHES_N: f64 = 0.5;

/// An arm that stands yields to what it presses harder than it may, and for a moment below that: as a share of it.
const PRESSED: f64 = 0.9;

/// Slower than this counts as at rest when power is switched off. Unit: m/s.
const STOPPED_M_S: f64 = 0.011;

/// What a robot is given to stop: time, and way from the tick that stops it.
#[derive(Debug, Clone, Copy)]
struct Stopping {
    ms: u32,
    way_m: f64,
}

/// Arms: 60 mm/s end within 31 ms and 1 mm as ordered, and the arm swings in; a lift has made 6 mm by then.
const ARMS: Stopping = Stopping { ms: 300, way_m: 0.008 };

/// A base: 0.8 m/s at 1 m/s² end within 0.8 s and 0.32 m, after 0.1 s of jerk and 0.1 s of the servo.
const BASE: Stopping = Stopping { ms: 1_400, way_m: 0.5 };

/// What is remembered of motion.
#[derive(Debug, Default)]
pub(super) struct Motion {
    /// The last order that moved arms, and when. Unit: ms.
    before: Option<([ArmOrder; protocol::ARMS], u32)>,
    /// Since when the force is beyond its limit while the robot follows. Unit: ms.
    pressing_since_ms: Option<u32>,
    /// When following or a lift ended, and where the robot was.
    ended: Option<(u32, Truth)>,
    followed: bool,
    /// What the robot did a step ago.
    word: Option<Word>,
    /// Brakes that have just closed are given until then. Unit: ms.
    braking_until_ms: u32,
    /// Drives that have just come on are given until then, from there. Unit: ms.
    taking: Option<(u32, Truth)>,
}

impl Motion {
    pub(super) const fn forget(&mut self) {
        self.before = None;
    }

    #[cfg(test)]
    pub(super) const fn before(&self) -> Option<([ArmOrder; protocol::ARMS], u32)> {
        self.before
    }

    #[cfg(test)]
    pub(super) const fn set_before(&mut self, before: Option<([ArmOrder; protocol::ARMS], u32)>) {
        self.before = before;
    }

    /// Judges what a tick orders.
    pub(super) fn order(&mut self, step: &Step<'_>, ticked: &Ticked, from: Word, all: &mut Seen) {
        match (&ticked.tick.order, &step.profile.body) {
            (Order::Servo { arms }, Body::Arms(_)) => self.servo(step, ticked, (from, arms), all),
            (Order::Drive { linear_m_s, angular_rad_s }, Body::Base(base)) => {
                self.before = None;
                let inside = linear_m_s.abs() <= base.speed_max_m_s + TOLERANCE
                    && angular_rad_s.abs() <= base.turn_max_rad_s + TOLERANCE;
                if !inside {
                    let seen = format!("{linear_m_s} m/s and {angular_rad_s} rad/s are ordered");
                    all.push((Rule::Order, seen));
                }
            }
            (Order::Off | Order::Stand, _) => self.before = None,
            (order, _) => all.push((Rule::Order, format!("{order:?} for another body"))),
        }
    }

    fn servo(
        &mut self,
        step: &Step<'_>,
        ticked: &Ticked,
        (from, arms): (Word, &[ArmOrder; protocol::ARMS]),
        all: &mut Seen,
    ) {
        let Some(limits) = step.profile.arms() else { return };
        let engages = ticked.word.follows() && !from.follows();
        let before = self.before.replace((*arms, step.now_ms));
        for (i, arm) in arms.iter().take(limits.count).enumerate() {
            let at_m = arm.tip.iso.translation.vector;
            if ticked.word.follows() && !engages && !inside(step.profile, &at_m) {
                all.push((Rule::Order, format!("arm {i} is ordered to {at_m:?}")));
            }
            let Some((before, then_ms)) = &before else { continue };
            let Some(was) = before.get(i) else { continue };
            let way_m = (at_m - was.tip.iso.translation.vector).norm();
            let took_s = f64::from((step.now_ms - then_ms).min(TICK_MAX_MS)) * 1e-3;
            let most_m = limits.motion.speed_free_max_m_s * took_s;
            // Who does not follow may be asked to be where it is: that asks for no motion.
            let stays = !ticked.word.follows() && is_there(&step.truth, i, &at_m);
            if way_m > most_m + TOLERANCE && !stays {
                let seen = format!("arm {i} is ordered {} mm away within a tick", way_m * 1e3);
                all.push((Rule::Order, seen));
            }
            if engages && way_m > ENGAGE_MAX_M {
                all.push((Rule::Jump, format!("arm {i} by {} mm", way_m * 1e3)));
            }
        }
    }

    /// Judges how the robot moves in state `word`.
    pub(super) fn watch(&mut self, step: &Step<'_>, word: Word) -> Seen {
        let mut all = Seen::new();
        if let Some(seen) = self.force(step, word) {
            all.push((Rule::Force, seen));
        }
        let before = self.word.replace(word);
        if word.follows() {
            (self.followed, self.ended) = (true, None);
            return all;
        }
        if before == Some(Word::Standby) && word != Word::Standby {
            self.taking = Some((step.now_ms + TAKES_MS, step.truth));
        }
        if let Some(seen) = self.parked(step, before, word) {
            all.push((Rule::Stands, seen));
        }
        // A lift that is ended is a motion that has to stop.
        let lifted = before.is_some_and(|before| may_lift(step.profile, before));
        if core::mem::take(&mut self.followed) || (lifted && !may_lift(step.profile, word)) {
            self.ended = Some((step.now_ms, step.truth));
        }
        let stopping = if step.profile.arms().is_some() { ARMS } else { BASE };
        let Some((since_ms, from)) = &self.ended else { return all };
        let stopped_ms = step.now_ms - since_ms;
        let way_m = step.truth.way_from_m(from);
        if stopped_ms <= stopping.ms {
            if way_m > stopping.way_m {
                let seen = format!("{} mm after {stopped_ms} ms", way_m * 1e3);
                all.push((Rule::StopWay, seen));
            }
        } else if step.now_ms >= self.braking_until_ms
            && step.truth.speed_m_s() > allowed_m_s(step, word)
            && !self.takes_over(step)
        {
            let seen = format!("{} mm/s in {word}", step.truth.speed_m_s() * 1e3);
            all.push((Rule::Stands, seen));
        }
        all
    }

    /// True while drives that have just come on take over what the brakes held, by no more than they may.
    fn takes_over(&self, step: &Step<'_>) -> bool {
        self.taking.as_ref().is_some_and(|(until_ms, from)| {
            step.now_ms < *until_ms && step.truth.way_from_m(from) <= TAKES_M
        })
    }

    /// An arm that is held stands when its drives are switched off, but for what it yields to the tissue.
    fn parked(&mut self, step: &Step<'_>, before: Option<Word>, word: Word) -> Option<String> {
        if word != Word::Standby || before == Some(Word::Standby) {
            return None;
        }
        self.braking_until_ms = step.now_ms + BRAKES_MS;
        let limits = step.profile.arms()?;
        let yields = step.truth.force_n > TOUCHES_N;
        let yielding_m_s = limits.force.approach_speed_max_m_s + YIELD_MORE_M_S;
        let most_m_s = if yields { yielding_m_s } else { STOPPED_M_S };
        let speed_m_s = step.truth.speed_m_s();
        let moves = before == Some(Word::Hold) && speed_m_s > most_m_s;
        moves.then(|| format!("the drives are switched off at {} mm/s", speed_m_s * 1e3))
    }

    fn force(&mut self, step: &Step<'_>, word: Word) -> Option<String> {
        let hard_n = match &step.profile.body {
            Body::Arms(arms) => arms.force.hard_n,
            Body::Base(base) => base.bumper_hard_n,
        };
        let force_n = step.truth.force_n;
        if !(word.follows() && force_n > hard_n) {
            self.pressing_since_ms = None;
            return None;
        }
        let since_ms = *self.pressing_since_ms.get_or_insert(step.now_ms);
        let pressing_ms = step.now_ms - since_ms;
        (pressing_ms > FORCE_MS).then(|| format!("{force_n} N for {pressing_ms} ms"))
    }
}

/// How fast a robot may be that does not follow and has had its time to stop: as fast as it may lift, or as it yields to
/// what presses it. Unit: m/s.
fn allowed_m_s(step: &Step<'_>, word: Word) -> f64 {
    let yields =
        |force: &&Forces| step.truth.force_n > PRESSED * force.hold_max_n.unwrap_or(force.soft_n);
    let force = step.profile.arms().map(|arms| &arms.force).filter(yields);
    match (&step.profile.reaction.lift, force) {
        (Some(lift), _) if may_lift(step.profile, word) => lift.speed_m_s + LIFT_MORE_M_S,
        (_, Some(force)) => force.approach_speed_max_m_s + YIELD_MORE_M_S,
        _ => STANDS_M_S,
    }
}

/// True if the profile lets an arm in this state lift.
const fn may_lift(profile: &Profile, word: Word) -> bool {
    profile.reaction.lift.is_some() && matches!(word, Word::Hold | Word::Pstop)
}

/// True if this is where the tip of an arm truly is.
fn is_there(truth: &Truth, arm: usize, at_m: &nalgebra::Vector3<f64>) -> bool {
    let tip = truth.tips.get(arm).copied().flatten();
    tip.is_some_and(|tip| (tip.at_m - at_m).norm() <= THERE_M)
}

fn inside(profile: &Profile, at_m: &nalgebra::Vector3<f64>) -> bool {
    let Some(limits) = profile.arms() else { return true };
    let (min_m, max_m) = (limits.workspace.min_m, limits.workspace.max_m);
    at_m.iter()
        .zip(min_m.iter().zip(&max_m))
        .all(|(x, (min, max))| (*min - TOLERANCE..=*max + TOLERANCE).contains(x))
}
