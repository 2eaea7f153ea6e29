//! What is measured, against its limits, restated from SAFETY.md.

use core::ops::BitOrAssign;
use core::time::Duration;

use nalgebra::Vector3;
use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::profile::{ArmLimits, BaseLimits, Body};
use protocol::state::OperatingState as Word;
use robot_agent::robot::{ArmReading, Reading};

use super::region::{beyond, worst};
use super::{Given, Now, Witness, since};
use crate::robot::shapes::{Rig, SPEED_BREACH};

/// A reading that is older is none.
const SENSOR_AGE_MAX: Duration = Duration::from_millis(20);
/// An arm that has gone farther while a sensor repeated itself. Unit: metre.
const FROZEN_MAX_M: f64 = 0.003;
/// A tip farther than this from its setpoint stops. Unit: metre.
const TRACKING_MAX_M: f64 = 0.015;
/// A base whose speed differs by more from the one ordered stops. Unit: metre per second.
const TRACKING_MAX_M_S: f64 = 0.4;
/// A tool that is turned further from how it was ordered stops. Unit: radian.
const TRACKING_MAX_RAD: f64 = core::f64::consts::PI / 12.0;
/// A base whose turn rate differs by more from the one ordered stops. Unit: radian per second.
const TRACKING_MAX_RAD_S: f64 = core::f64::consts::PI / 6.0;
/// Distances to obstacles that are older are none.
const RANGE_AGE_MAX: Duration = Duration::from_millis(150);
/// Missed ticks in a second that are too many.
const OVERRUNS_MAX: u32 = 100;
/// Bad frames in a row that are too many.
const BAD_MAX: u32 = 2;
/// The longest between two ticks.
const PAUSE_MAX: Duration = Duration::from_millis(20);
/// The longest that a console may show another state than it was told.
const MISTAKEN_MAX: Duration = Duration::from_millis(100);
/// Drives that are off for this long although nobody asked, or on although they were ordered off.
const UNPOWERED_MAX: Duration = Duration::from_millis(500);
/// Nobody engages when nothing was recorded for longer.
const UNRECORDED_MAX: Duration = Duration::from_secs(1);
/// How long a clock must have been good.
const CLOCK_GOOD: Duration = Duration::from_secs(1);
/// Pictures that a robot remembers at least.
const VIEWS_KEPT: u64 = 256;
/// Slower than this a base does not approach anything. Unit: metre per second.
const APPROACH_MIN_M_S: f64 = 0.02;
/// Below it a tool is in the air. Unit: newton.
pub(super) const CONTACT_MIN_N: f64 = 0.5;
/// So near to a limit, rounding decides. Any unit.
const NEAR: f64 = 1e-9;

/// Whether something is beyond a limit: surely, or perhaps.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Over {
    pub(super) sure: bool,
    pub(super) maybe: bool,
}

impl Over {
    pub(super) const fn is(beyond: bool) -> Self {
        Self { sure: beyond, maybe: beyond }
    }

    fn beyond(value: f64, limit: f64) -> Self {
        Self { sure: value > limit + NEAR, maybe: value > limit - NEAR }
    }

    fn older(age: Option<Duration>, limit: Duration) -> Self {
        Self::is(age.is_none_or(|age| age > limit))
    }
}

impl BitOrAssign for Over {
    fn bitor_assign(&mut self, other: Self) {
        self.sure |= other.sure;
        self.maybe |= other.maybe;
    }
}

/// What follows from everything that is beyond a limit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict {
    /// FAULT.
    pub(super) fault: Over,
    /// PSTOP of a robot under power.
    pub(super) protective: Over,
    /// The part of that which is too much force.
    pub(super) contact: Over,
    /// HOLD of a robot that follows.
    pub(super) hold: Over,
    /// DEGRADED.
    pub(super) slow: Over,
    /// Nobody engages; also for all of the above.
    pub(super) refuse: Over,
}

impl Witness {
    /// Compares everything with its limits.
    pub(super) fn judge(&mut self, rig: &Rig, given: &Given, now: Now) -> Verdict {
        let mut v = Verdict::default();
        let powered = self.word.powered();
        let dead = powered && given.measured.is_some_and(|m| !m.powered);
        let unpowered = if dead { self.unpowered.unwrap_or(now) } else { now };
        self.unpowered = dead.then_some(unpowered);
        let live = !self.on && self.word != Word::Init && given.measured.is_some_and(|m| m.powered);
        let undropped = if live { self.undropped.unwrap_or(now) } else { now };
        self.undropped = live.then_some(undropped);
        let long = [unpowered, undropped]
            .iter()
            .any(|then| since(now, *then).is_some_and(|d| d >= UNPOWERED_MAX));
        v.fault |= Over::is(given.measured.is_none() || long);
        self.judge_command(rig, now, &mut v);
        self.judge_host(rig, given, now, &mut v);
        match &given.measured {
            Some(measured) => self.judge_measured(rig, measured, now, &mut v),
            None => v.slow = Over::is(true),
        }
        for all in [v.fault, v.protective, v.hold, v.slow] {
            v.refuse |= all;
        }
        v
    }

    fn judge_command(&self, rig: &Rig, now: Now, v: &mut Verdict) {
        let f = &rig.profile.freshness;
        // A hand that is not sampled anew has let go; an old sample is not yet one.
        let sampled = self.sample.and_then(|(_, at)| since(now, at));
        v.hold |= Over::older(sampled, f.silence_hard);
        for (age, soft, hard) in [
            (self.silence(now), f.silence_soft, f.silence_hard),
            (self.loop_age(now), f.loop_age_soft, f.loop_age_hard),
            (self.view_age(rig, now), f.view_age_soft, f.view_age_hard),
        ] {
            v.slow |= Over::older(age, soft);
            v.hold |= Over::older(age, hard);
        }
        if let Some(limits) = &f.command_age {
            let age = self.transit.newest();
            v.slow |= Over::older(age, limits.soft);
            v.hold |= Over::older(age, limits.hard);
        }
        // So many pictures ago, the core may have forgotten when that was.
        let seen_view = self.newest.map_or(0, |(frame, _)| frame.seen_view);
        let far = self.newest_view.saturating_sub(seen_view) >= VIEWS_KEPT;
        v.slow |= Over { sure: false, maybe: far };
        v.hold |= Over { sure: false, maybe: far };
        v.slow |= match self.loss.share(now) {
            Some(share) => Over::beyond(share, f.loss_soft),
            None => Over { sure: false, maybe: true },
        };
        let deadman = self.newest.map_or(0.0, |(frame, _)| frame.deadman);
        let mistaken = self.mistaken.map_or(Some(Duration::ZERO), |then| since(now, then));
        v.hold |= Over::is(deadman < DEADMAN_HELD_MIN || self.lease.is_none());
        v.hold |= Over::older(mistaken, MISTAKEN_MAX);
        v.hold |= Over::is(self.bad > BAD_MAX);
    }

    fn judge_host(&self, rig: &Rig, given: &Given, now: Now, v: &mut Verdict) {
        let (host, f) = (&given.host, &rig.profile.freshness);
        let bad = self.clock_bad.is_some_and(|at| since(now, at).is_none_or(|d| d < CLOCK_GOOD));
        let pause = self.last_tick.map_or(Some(Duration::ZERO), |last| since(now, last));
        v.hold |= Over::is(bad || host.overruns > OVERRUNS_MAX);
        v.hold |= Over::older(pause, PAUSE_MAX);
        v.hold |= Over::is(host.uncaptured > f.view_age_hard);
        v.slow |= Over::is(host.uncaptured > f.view_age_soft);
        v.hold |= Over::is(host.unrecorded > rig.profile.reaction.unrecorded_max);
        v.refuse |= Over::is(host.unrecorded > UNRECORDED_MAX);
    }

    fn judge_measured(&mut self, rig: &Rig, measured: &Reading, now: Now, v: &mut Verdict) {
        let powered = self.word.powered();
        let stale = Over::older(since(now, measured.at), SENSOR_AGE_MAX);
        v.refuse |= stale;
        if powered {
            v.fault |= stale;
        }
        v.protective |= Over::is(measured.guard_open);
        match &rig.profile.body {
            Body::Arms(limits) => {
                for n in 0..rig.arms {
                    let arm = &measured.arms[n];
                    self.judge_arm(limits, (rig, n), arm, v);
                    if powered && let Some(book) = &mut self.arms[n] {
                        v.fault |= Over::beyond(book.repeated_m(arm), FROZEN_MAX_M);
                    }
                }
            }
            Body::Base(limits) => {
                let stale = Over::older(since(now, measured.base.ranged_at), RANGE_AGE_MAX);
                v.refuse |= stale;
                if powered {
                    v.fault |= stale;
                }
                self.judge_base(limits, measured, v);
            }
        }
    }

    fn judge_arm(
        &self,
        limits: &ArmLimits,
        (rig, n): (&Rig, usize),
        arm: &ArmReading,
        v: &mut Verdict,
    ) {
        let contact_n = felt_n((rig, n), arm);
        v.slow |= Over::beyond(contact_n, limits.force.soft_n);
        v.contact |= Over::beyond(contact_n, limits.force.hard_n);
        v.protective |= v.contact;
        let place = arm.tip.position();
        let out = beyond(limits, rig.ports[n].as_ref(), &place);
        v.protective |= Over::beyond(worst(&out[..6]), limits.workspace.breach_margin_m);
        v.protective |= Over::beyond(worst(&out[9..]), limits.workspace.breach_margin_m);
        if let Some(port) = &limits.port {
            let beside_m = worst(&out[6..9]).max(arm.beside_port_m);
            v.protective |= Over::beyond(beside_m, port.breach_m);
        }
        v.protective |= Over::beyond(limits.reach.joint_hard, arm.reach.joint);
        v.protective |= Over::beyond(limits.reach.dexterity_hard, arm.reach.dexterity);
        let speed_max_m_s = limits.motion.speed_free_max_m_s * SPEED_BREACH;
        v.protective |= Over::beyond(arm.velocity_m_s.norm(), speed_max_m_s);
        if let (true, Some(book)) = (self.word.powered(), &self.arms[n]) {
            v.protective |= Over::beyond((place - book.tip.position()).norm(), TRACKING_MAX_M);
            let turned = book.tip.iso.rotation.angle_to(&arm.tip.iso.rotation);
            v.protective |= Over {
                sure: turned > TRACKING_MAX_RAD + 1e-6,
                maybe: turned > TRACKING_MAX_RAD - 1e-6,
            };
        }
    }

    fn judge_base(&self, limits: &BaseLimits, measured: &Reading, v: &mut Verdict) {
        let base = &measured.base;
        let speed_m_s = base.linear_m_s;
        v.protective |= Over::beyond(speed_m_s.abs(), limits.speed_max_m_s * SPEED_BREACH);
        v.protective |= Over::beyond(base.bumper_n, limits.bumper_hard_n);
        v.contact |= Over::beyond(base.bumper_n, limits.bumper_hard_n);
        let turn_max_rad_s = limits.turn_max_rad_s * SPEED_BREACH;
        v.protective |= Over::beyond(base.angular_rad_s.abs(), turn_max_rad_s);
        // Measured or ordered: wheels that count nothing have failed.
        for speed_m_s in [speed_m_s, self.base.linear.v] {
            for (toward_m_s, clear_m) in [(speed_m_s, base.ahead_m), (-speed_m_s, base.behind_m)] {
                if toward_m_s > APPROACH_MIN_M_S {
                    v.protective |= Over::beyond(limits.obstacle_hard_m, clear_m);
                }
            }
        }
        if self.word.powered() {
            let behind_m_s = (speed_m_s - self.base.linear.v).abs();
            v.protective |= Over::beyond(behind_m_s, TRACKING_MAX_M_S);
            let behind_rad_s = (base.angular_rad_s - self.base.angular.v).abs();
            v.protective |= Over::beyond(behind_rad_s, TRACKING_MAX_RAD_S);
        }
    }
}

/// What counts as contact: along the tool, and of an instrument in its port in any direction. Unit: newton.
pub(super) fn felt_n((rig, n): (&Rig, usize), arm: &ArmReading) -> f64 {
    let limits = rig.profile.arms().and_then(|limits| limits.port.as_ref());
    if limits.is_some() && rig.ports[n].is_some() {
        contact_n(arm).max(arm.force_n.norm())
    } else {
        contact_n(arm)
    }
}

/// Force with which the tissue pushes the tool back along its axis. Unit: newton.
pub(super) fn contact_n(arm: &ArmReading) -> f64 {
    -(arm.tip.iso.rotation * Vector3::z()).dot(&arm.force_n)
}
