//! The robot's causes as the page shows them: readings, limits, reasons, interlocks, alarms.
//!
//! The robot judges; this only repeats what it said. A reading is shown where the state frame carries
//! it, a limit where the profile has it, and the rest is left out.

use core::time::Duration;

use protocol::cause::{Cause, CauseSet};
use protocol::frame::StateFrame;
use protocol::frame::state::Clamp;
use protocol::profile::Profile;
use protocol::state::OperatingState;

use super::page::{Alarm, Clamped, Interlock, Reason};

/// The conditions that the robot judges in every tick.
pub const INTERLOCKS: [Cause; 13] = [
    Cause::Authority,
    Cause::Deadman,
    Cause::Clutch,
    Cause::CmdSilence,
    Cause::LoopAge,
    Cause::ViewAge,
    Cause::Speed,
    Cause::Workspace,
    Cause::ContactForce,
    Cause::RobotFault,
    Cause::BadFrames,
    Cause::ServoOverrun,
    Cause::Tracking,
];

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

fn mm_s(metres_per_second: f64) -> Reading {
    Reading::new(metres_per_second * 1e3, "mm/s", 0)
}

/// What the robot read, where the frame says so.
fn reading(cause: Cause, frame: &StateFrame) -> Option<Reading> {
    match cause {
        Cause::ViewAge => frame.view_age.map(ms),
        Cause::LoopAge => frame.loop_age.map(ms),
        Cause::ContactForce => Some(Reading::new(contact_force_n(frame), "N", 1)),
        Cause::Speed => Some(mm_s(frame.speed_m_s)),
        _ => None,
    }
}

/// The limit of the profile, where it has one.
fn limit(cause: Cause, profile: &Profile, bound: Bound) -> Option<Reading> {
    let f = &profile.freshness;
    let (soft, hard) = match cause {
        Cause::ViewAge => (ms(f.view_age_soft), ms(f.view_age_hard)),
        Cause::LoopAge => (ms(f.loop_age_soft), ms(f.loop_age_hard)),
        Cause::CmdSilence => (ms(f.silence_soft), ms(f.silence_hard)),
        Cause::ContactForce => {
            let newton = |n| Reading::new(n, "N", 0);
            (newton(profile.force.soft_n), newton(profile.force.hard_n))
        }
        Cause::Speed => {
            let limit = mm_s(profile.motion.speed_free_max_m_s);
            (limit, limit)
        }
        Cause::Workspace => {
            let limit = Reading::new(profile.workspace.breach_margin_m * 1e3, "mm", 0);
            (limit, limit)
        }
        Cause::DegradedTooLong => {
            let limit = Reading::new(f.degraded_max.as_secs_f64(), "s", 0);
            (limit, limit)
        }
        Cause::FreshRun => (ms(profile.engage.fresh_run), ms(profile.engage.fresh_run)),
        _ => return None,
    };
    Some(if bound == Bound::Soft { soft } else { hard })
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
    let value = reading(cause, frame).filter(|r| limit.is_none_or(|l| r.value > l.value));
    Reason {
        code: cause.id(),
        sentence: cause.sentence().to_owned(),
        fix: cause.fix().to_owned(),
        value: value.map(Reading::text),
        limit: limit.map(Reading::text),
    }
}

/// Every interlock; all are unknown without a state frame.
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
            value: frame.and_then(|f| reading(cause, f)).map(Reading::text),
            limit: limit(cause, profile, bound).map(Reading::text),
            owner: cause.owner().word(),
            fix: cause.fix(),
        }
    };
    INTERLOCKS.into_iter().map(row).collect()
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

/// The limits enforced now, with where they lie.
pub fn clamps(frame: &StateFrame, profile: &Profile) -> Vec<Clamped> {
    let text = |clamp| match clamp {
        Clamp::Speed | Clamp::ViewAge => mm_s(frame.speed_cap_m_s).text(),
        Clamp::Acceleration => {
            Reading::new(profile.motion.acceleration_max_m_s2 * 1e3, "mm/s²", 0).text()
        }
        Clamp::Workspace => "edge".to_owned(),
        Clamp::Force => Reading::new(profile.force.soft_n, "N", 0).text(),
        Clamp::Rotation => {
            Reading::new(profile.motion.rotation_max_rad_s.to_degrees(), "°/s", 0).text()
        }
    };
    Clamp::ALL
        .into_iter()
        .filter(|c| frame.clamps.contains(*c))
        .map(|c| Clamped { limit: c.word(), text: text(c) })
        .collect()
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
