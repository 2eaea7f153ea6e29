//! The robot's causes as the page shows them: readings, limits, reasons, interlocks, alarms.
//!
//! The robot judges; this only repeats what it said. A reading is shown where the state frame carries
//! it, a limit where the profile has it, and the rest is left out.

use core::time::Duration;

use protocol::cause::{Cause, CauseSet};
use protocol::frame::{Clamp, StateFrame};
use protocol::profile::{OBSTACLE_SLACK_M, Profile, SPEED_BREACH, UNRECORDED_SOFT};
use protocol::state::OperatingState;

use super::page::{Alarm, Clamped, Interlock, Reason};

/// The conditions that a robot can judge in every tick: of the hand and the link, of where the tip or
/// the base is, of the machine.
pub const INTERLOCKS: [Cause; 28] = [
    Cause::Authority,
    Cause::Deadman,
    Cause::Clutch,
    Cause::CmdSilence,
    Cause::CmdAge,
    Cause::LoopAge,
    Cause::ViewAge,
    Cause::Loss,
    Cause::InputStall,
    Cause::StateMismatch,
    Cause::BadFrames,
    Cause::Speed,
    Cause::Workspace,
    Cause::NoGo,
    Cause::Port,
    Cause::JointLimit,
    Cause::Singularity,
    Cause::Obstacle,
    Cause::ContactForce,
    Cause::Tracking,
    Cause::Guard,
    Cause::RobotFault,
    Cause::SensorFrozen,
    Cause::ServoOverrun,
    Cause::ServoStall,
    Cause::ClockLost,
    Cause::MediaStall,
    Cause::RecorderStall,
];

/// True if work under this profile can meet the condition at all.
fn applies(cause: Cause, profile: &Profile) -> bool {
    match cause {
        Cause::CmdAge => profile.freshness.command_age.is_some(),
        Cause::Workspace | Cause::JointLimit | Cause::Singularity => profile.arms().is_some(),
        Cause::NoGo => profile.arms().is_some_and(|arms| !arms.zones.is_empty()),
        Cause::Port => profile.arms().is_some_and(|arms| arms.port.is_some()),
        Cause::Obstacle => profile.base().is_some(),
        _ => true,
    }
}

/// Which of two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Slower beyond it.
    Soft,
    /// Stopped beyond it.
    Hard,
}

/// A quantity with the unit that people read.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading {
    value: f64,
    unit: &'static str,
    decimals: usize,
}

impl Reading {
    const fn new(value: f64, unit: &'static str, decimals: usize) -> Self {
        Self { value, unit, decimals }
    }

    fn text(self) -> String {
        format!("{:.*} {}", self.decimals, self.value, self.unit)
    }
}

fn ms(span: Duration) -> Reading {
    Reading::new(span.as_secs_f64() * 1e3, "ms", 0)
}

fn seconds(span: Duration) -> Reading {
    Reading::new(span.as_secs_f64(), "s", 0)
}

fn mm(metres: f64) -> Reading {
    Reading::new(metres * 1e3, "mm", 0)
}

/// For what is judged by single milliseconds.
fn fine_ms(span: Duration) -> Reading {
    Reading::new(span.as_secs_f64() * 1e3, "ms", 1)
}

fn mm_s(metres_per_second: f64) -> Reading {
    Reading::new(metres_per_second * 1e3, "mm/s", 0)
}

fn newton(newton: f64) -> Reading {
    Reading::new(newton, "N", 0)
}

/// A share that was left, as the share that was used: more is worse, as everywhere.
fn used(left: f64) -> Reading {
    Reading::new((1.0 - left) * 100.0, "% used", 0)
}

/// What the robot read, where the frame says so.
fn reading(cause: Cause, frame: &StateFrame, profile: &Profile) -> Option<Reading> {
    match cause {
        Cause::ViewAge => frame.view_age.map(ms),
        Cause::LoopAge => frame.loop_age.map(ms),
        Cause::CmdAge => frame.command_age.map(fine_ms),
        Cause::ContactForce => Some(Reading::new(force_n(frame, profile), "N", 1)),
        Cause::Speed => Some(mm_s(frame.speed_m_s)),
        Cause::Obstacle => profile.base().map(|_| mm(obstacle_m(frame))),
        _ => None,
    }
}

/// The limit that the robot enforces, where it follows from the profile.
fn limit(cause: Cause, profile: &Profile, bound: Bound) -> Option<Reading> {
    let f = &profile.freshness;
    let (soft, hard) = match cause {
        Cause::ViewAge | Cause::MediaStall => (ms(f.view_age_soft), ms(f.view_age_hard)),
        Cause::LoopAge => (ms(f.loop_age_soft), ms(f.loop_age_hard)),
        Cause::CmdAge => {
            let age = f.command_age.as_ref()?;
            (ms(age.soft), ms(age.hard))
        }
        Cause::CmdSilence | Cause::InputStall => (ms(f.silence_soft), ms(f.silence_hard)),
        Cause::Loss => same(Reading::new(f.loss_soft * 100.0, "%", 1)),
        Cause::DegradedTooLong => same(seconds(f.degraded_max)),
        Cause::FreshRun => same(ms(profile.engage.fresh_run)),
        Cause::RecorderStall => {
            (seconds(UNRECORDED_SOFT), seconds(profile.reaction.unrecorded_max))
        }
        _ => return body_limit(cause, profile, bound),
    };
    Some(if bound == Bound::Soft { soft } else { hard })
}

/// The limit of what moves.
fn body_limit(cause: Cause, profile: &Profile, bound: Bound) -> Option<Reading> {
    let (soft, hard) = match (cause, profile.arms(), profile.base()) {
        (Cause::ContactForce, Some(arms), _) => {
            (newton(arms.force.soft_n), newton(arms.force.hard_n))
        }
        (Cause::ContactForce, _, Some(base)) => same(newton(base.bumper_hard_n)),
        (Cause::Speed, Some(arms), _) => same(mm_s(arms.motion.speed_free_max_m_s * SPEED_BREACH)),
        (Cause::Speed, _, Some(base)) => same(mm_s(base.speed_max_m_s * SPEED_BREACH)),
        (Cause::Workspace | Cause::NoGo, Some(arms), _) => same(mm(arms.workspace.breach_margin_m)),
        (Cause::Port, Some(arms), _) => same(mm(arms.port.as_ref()?.breach_m)),
        (Cause::JointLimit, Some(arms), _) => {
            (used(arms.reach.joint_soft), used(arms.reach.joint_hard))
        }
        (Cause::Singularity, Some(arms), _) => {
            (used(arms.reach.dexterity_soft), used(arms.reach.dexterity_hard))
        }
        (Cause::Obstacle, _, Some(base)) => {
            (mm(base.obstacle_keep_m - OBSTACLE_SLACK_M), mm(base.obstacle_hard_m))
        }
        _ => return None,
    };
    Some(if bound == Bound::Soft { soft } else { hard })
}

const fn same(limit: Reading) -> (Reading, Reading) {
    (limit, limit)
}

/// Contact force of the first tool, or the force on the bumper of a base. Unit: newton.
pub fn force_n(frame: &StateFrame, profile: &Profile) -> f64 {
    if profile.base().is_some() { frame.base.bumper_n } else { contact_force_n(frame) }
}

/// Distance to the nearest obstacle on the side that the base is asked to move to. Unit: metre.
fn obstacle_m(frame: &StateFrame) -> f64 {
    if frame.base.wanted_linear_m_s < 0.0 { frame.base.behind_m } else { frame.base.ahead_m }
}

/// Force with which the tissue pushes the first tool back. Unit: newton.
pub fn contact_force_n(frame: &StateFrame) -> f64 {
    let [arm, _] = &frame.arms;
    // An arm that touches nothing says −0; a sign without a force reads as a direction.
    arm.contact_force_n() + 0.0
}

/// A cause in words, with the reading of `frame` if it lies beyond the limit: a reading that has long
/// recovered would contradict the sentence beside it.
pub fn reason(cause: Cause, frame: &StateFrame, profile: &Profile, bound: Bound) -> Reason {
    let limit = limit(cause, profile, bound);
    let beyond = |value: f64, limit: f64| match cause {
        Cause::Obstacle => value < limit,
        _ => value > limit,
    };
    let value =
        reading(cause, frame, profile).filter(|r| limit.is_none_or(|l| beyond(r.value, l.value)));
    Reason {
        code: cause.id(),
        sentence: cause.sentence().to_owned(),
        fix: cause.fix().to_owned(),
        value: value.map(Reading::text),
        limit: limit.map(Reading::text),
    }
}

/// Every interlock that applies to this work; all are unknown without a state frame.
pub fn interlocks(frame: Option<&StateFrame>, profile: &Profile) -> Vec<Interlock> {
    let row = |cause: Cause| {
        let (state, bound) = match frame {
            None => ("unknown", Bound::Hard),
            // A hand that rests is no failure: it is what comes next, and says so in amber.
            Some(f) if rests(cause, f) => ("warn", Bound::Hard),
            Some(f) if f.tripped.contains(cause) => ("fail", Bound::Hard),
            Some(f) if f.soft.contains(cause) => ("warn", Bound::Soft),
            Some(_) => ("ok", Bound::Hard),
        };
        Interlock {
            id: cause.id(),
            state,
            value: frame.and_then(|f| reading(cause, f, profile)).map(Reading::text),
            limit: limit(cause, profile, bound).map(Reading::text),
            owner: cause.owner().word(),
            fix: cause.fix(),
        }
    };
    INTERLOCKS.into_iter().filter(|cause| applies(*cause, profile)).map(row).collect()
}

/// True for the two conditions that a resting hand does not meet, while nothing follows it and it
/// has stopped nothing.
fn rests(cause: Cause, frame: &StateFrame) -> bool {
    matches!(cause, Cause::Deadman | Cause::Clutch)
        && frame.tripped.contains(cause)
        && frame.stopped_by != Some(cause)
        && !frame.state.follows()
}

/// What keeps the robot from engaging besides the operator's own act.
///
/// A hand that rests is in the robot's way on purpose; a page that said so would call every robot
/// unusable until somebody holds it. A run of fresh commands can not even begin before that.
pub fn in_the_way(blocking: CauseSet) -> CauseSet {
    let rest = blocking.without(Cause::Clutch).without(Cause::Deadman);
    if blocking.contains(Cause::Deadman) { rest.without(Cause::FreshRun) } else { rest }
}

/// The one to name first: what is furthest from motion.
pub fn first_in_the_way(rest: CauseSet) -> Option<Cause> {
    const FIRST: [Cause; 4] =
        [Cause::LocalEstop, Cause::NotReset, Cause::PowerOff, Cause::SelfTest];
    let first = FIRST.into_iter().find(|c| rest.contains(*c));
    first.or_else(|| rest.without(Cause::FreshRun).iter().next()).or_else(|| rest.iter().next())
}

/// The limits enforced now, each with how much it took away.
pub fn clamps(frame: &StateFrame) -> Vec<Clamped> {
    let clamped = |clamp: Clamp| {
        let by = readable(clamp.unit(), frame.clamps.by(clamp));
        Clamped { limit: clamp.word(), text: by.text() }
    };
    frame.clamps.iter().map(clamped).collect()
}

/// An amount in the unit that people read; a small one keeps a digit, so that it is not nothing.
fn readable(unit: &'static str, by: f64) -> Reading {
    let (factor, unit) = match unit {
        "m" => (1e3, "mm"),
        "m/s" => (1e3, "mm/s"),
        "rad" => (1_f64.to_degrees(), "°"),
        "rad/s" => (1_f64.to_degrees(), "°/s"),
        other => (1.0, other),
    };
    let value = by * factor;
    Reading::new(value, unit, usize::from(value < 9.95))
}

/// What must be noticed of the robot's state. A stop that nobody confirmed is not here: the page says
/// that by itself, from the phase.
pub fn alarm(frame: &StateFrame) -> Option<Alarm> {
    let priority = match frame.state {
        OperatingState::Hold => "medium",
        OperatingState::Pstop | OperatingState::Estop | OperatingState::Fault => "high",
        OperatingState::Degraded => "low",
        OperatingState::Init
        | OperatingState::Standby
        | OperatingState::Ready
        | OperatingState::Engaged => return None,
    };
    let cause = frame.stopped_by.or_else(|| frame.soft.iter().next());
    let (code, text) = cause
        .map_or((frame.state.word(), "The robot did not say why."), |c| (c.id(), c.sentence()));
    Some(Alarm { priority, code, text: text.to_owned() })
}
