//! A scripted hand: scans like a person, so that everything can run without one.
//!
//! It does what a sonographer does: holds the deadman, waits until nothing blocks the robot, closes
//! the clutch, sweeps the probe in smooth strokes with short rests, opens the clutch to re-index, and
//! goes on. It looks where the probe is, so that it always comes back. After a stop it needs a moment
//! to notice, lets go, waits, and engages again. One seed is one performance.
//!
//! Strokes are minimum-jerk (Flash and Hogan 1985): `s(τ) = 10τ³ − 15τ⁴ + 6τ⁵`, with a peak speed of
//! 1.875 times the mean.

use core::time::Duration;

use nalgebra::{UnitQuaternion, Vector2, Vector3};
use protocol::frame::StateFrame;
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile::Profile;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use super::random::SplitMix64;
use super::{Clutch, HandDevice, HandMotion, HandSample, Stamp};
use crate::core::session::force_max_n;

/// No stroke makes the tip faster. Unit: metre per second. Source: p95 of suturing (JIGSAWS), and the
/// limit in contact.
const TIP_SPEED_MAX_M_S: f64 = 0.036;

/// Strokes end within this of the start, along each axis. Unit: metre. The corners are 57 mm away, so
/// the probe stays within 60 mm of the start.
const TARGET_MAX_M: f64 = 0.040;

/// Tilt and turn stay within this of the start. Unit: radian.
const ANGLE_MAX_RAD: f64 = 0.06;

/// A state older than this is not looked at.
const STATE_AGE_MAX: Duration = Duration::from_millis(200);

/// How long a person needs to notice a stop.
const REACTION: Duration = Duration::from_millis(200);

/// How long a person lets go after a stop.
const REST: Duration = Duration::from_millis(500);

/// A robot that is blocked for this long: let go and begin again.
const PATIENCE: Duration = Duration::from_secs(3);

/// A robot that does not follow this long after the clutch was closed will not.
const ANSWER_MAX: Duration = Duration::from_millis(600);

/// How long a scan takes before the clutch is opened, at the end of the stroke.
const SCAN: Duration = Duration::from_secs(3);

/// Ratio of peak and mean speed of a minimum-jerk stroke.
const PEAK_TO_MEAN: f64 = 1.875;

#[derive(Debug, Clone, Copy)]
struct Look {
    state: OperatingState,
    epoch: u32,
    blocked: bool,
    tip: Pose<Base, Tip>,
    at: Moment<Operator>,
}

/// One stroke of the hand, or a rest if it is without length.
#[derive(Debug, Clone, Copy)]
struct Stroke {
    began: Moment<Operator>,
    takes: Duration,
    from: Place,
    to: Place,
}

/// Where the hand is: along x and y of the picture (m), tilt about x and turn about z (rad).
#[derive(Debug, Clone, Copy)]
struct Place {
    xy_m: Vector2<f64>,
    angles_rad: Vector2<f64>,
}

#[derive(Debug, Clone, Copy)]
enum Doing {
    /// Has seen nothing of the robot yet, and holds nothing.
    Arriving,
    /// Holds nothing.
    Resting { until: Moment<Operator> },
    /// Holds the deadman with the clutch open.
    Waiting { since: Moment<Operator>, close_at: Moment<Operator>, epoch: u32 },
    /// Holds the clutch closed; the robot does not follow yet.
    Closing { since: Moment<Operator>, epoch: u32 },
    /// Scans.
    Scanning { until: Moment<Operator>, epoch: u32 },
    /// Has not noticed the stop yet, and goes on.
    Startled { until: Moment<Operator>, clutch: Clutch },
}

/// The scripted hand.
#[derive(Debug, Clone)]
pub struct ScriptedHand {
    random: SplitMix64,
    scale: f64,
    tip_speed_max_m_s: f64,
    force_max_n: f64,
    doing: Doing,
    look: Option<Look>,
    start: Option<Pose<Base, Tip>>,
    stroke: Stroke,
    force_wanted_n: f64,
    rests_next: bool,
}

impl ScriptedHand {
    /// The performance of this seed, under this profile.
    pub fn new(profile: &Profile, seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let force_max_n = force_max_n(profile);
        let speed_max_m_s = profile.arms().map(|arms| arms.motion.speed_contact_max_m_s);
        let force_wanted_n = random.between(4.0, 6.0).min(force_max_n);
        let place = Place { xy_m: Vector2::zeros(), angles_rad: Vector2::zeros() };
        Self {
            random,
            scale: profile.hand.scale,
            tip_speed_max_m_s: speed_max_m_s.map_or(0.0, |v| v.min(TIP_SPEED_MAX_M_S)),
            force_max_n,
            doing: Doing::Arriving,
            look: None,
            start: None,
            stroke: Stroke { began: Moment::START, takes: Duration::ZERO, from: place, to: place },
            force_wanted_n,
            rests_next: false,
        }
    }

    fn act(&mut self, now: Moment<Operator>) {
        let Some(look) = self.look.filter(|l| now.since(l.at).is_none_or(|a| a <= STATE_AGE_MAX))
        else {
            // Blind: go on for as long as a person would not notice, then let go.
            self.startle(now);
            return;
        };
        self.doing = match self.doing {
            // The robot must have seen the deadman released before it is held.
            Doing::Arriving => Doing::Resting { until: now.after(REST) },
            Doing::Resting { until } if now >= until && can_begin(look.state) => {
                let close_at = now.after(self.pause());
                Doing::Waiting { since: now, close_at, epoch: look.epoch }
            }
            Doing::Waiting { epoch, .. }
            | Doing::Closing { epoch, .. }
            | Doing::Scanning { epoch, .. }
                if epoch != look.epoch || !(can_begin(look.state) || look.state.follows()) =>
            {
                self.startle(now);
                return;
            }
            Doing::Waiting { close_at, epoch, .. } if now >= close_at && !look.blocked => {
                Doing::Closing { since: now, epoch }
            }
            Doing::Waiting { since, .. } if now > since.after(PATIENCE) => {
                Doing::Resting { until: now.after(REST) }
            }
            Doing::Closing { epoch, .. } if look.state.follows() => {
                self.force_wanted_n = self.random.between(4.0, 6.0).min(self.force_max_n);
                self.rests_next = false;
                self.plan(&look, now);
                Doing::Scanning { until: now.after(SCAN), epoch }
            }
            // Whatever the reason was, the whole act from the start cures it.
            Doing::Closing { since, .. } if now > since.after(ANSWER_MAX) => {
                Doing::Resting { until: now.after(REST) }
            }
            Doing::Scanning { until, epoch } if self.stroke_is_over(now) => {
                if now >= until || !look.state.follows() {
                    self.open(epoch, now)
                } else {
                    self.plan(&look, now);
                    self.doing
                }
            }
            Doing::Startled { until, .. } if now >= until => {
                Doing::Resting { until: now.after(REST) }
            }
            other => other,
        };
    }

    fn open(&mut self, epoch: u32, now: Moment<Operator>) -> Doing {
        let close_at = now.after(self.pause());
        Doing::Waiting { since: now, close_at, epoch }
    }

    fn pause(&mut self) -> Duration {
        Duration::from_secs_f64(self.random.between(0.3, 0.8))
    }

    /// The stop reaches a hand that goes on for a moment.
    const fn startle(&mut self, now: Moment<Operator>) {
        let clutch = match self.doing {
            Doing::Waiting { .. } => Clutch::Open,
            Doing::Closing { .. } | Doing::Scanning { .. } => Clutch::Closed,
            Doing::Startled { until, .. } => {
                if until.as_ns() <= now.as_ns() {
                    self.doing = Doing::Resting { until: now.after(REST) };
                }
                return;
            }
            Doing::Arriving | Doing::Resting { .. } => return,
        };
        self.doing = Doing::Startled { until: now.after(REACTION), clutch };
    }

    fn stroke_is_over(&self, now: Moment<Operator>) -> bool {
        now >= self.stroke.began.after(self.stroke.takes)
    }

    /// Chooses the next stroke from where the probe is now, and a rest after every stroke.
    fn plan(&mut self, look: &Look, now: Moment<Operator>) {
        let from = self.place(now);
        self.rests_next = !self.rests_next;
        if !self.rests_next {
            let takes = Duration::from_secs_f64(self.random.between(0.1, 0.3));
            self.stroke = Stroke { began: now, takes, from, to: from };
            return;
        }
        let start = *self.start.get_or_insert(look.tip);
        let seen = start.inverse() * look.tip;
        let (tip_m, turned) = (seen.position().xy(), seen.iso.rotation.scaled_axis());
        let along_x = self.random.coin();
        let travel_m = self.random.between(0.030, 0.080) * self.scale;
        let signed = if self.random.coin() { travel_m } else { -travel_m };
        let to_m = if along_x {
            Vector2::new(aim(tip_m.x, signed), bounded(tip_m.y))
        } else {
            Vector2::new(bounded(tip_m.x), aim(tip_m.y, signed))
        };
        let mut angle = || self.random.between(-ANGLE_MAX_RAD, ANGLE_MAX_RAD);
        let angles = Vector2::new(angle(), angle());
        let hand_m = (to_m - tip_m) / self.scale;
        let to = Place {
            xy_m: from.xy_m + hand_m,
            angles_rad: from.angles_rad + (angles - Vector2::new(turned.x, turned.z)),
        };
        let peak = self.tip_speed_max_m_s * self.random.between(0.5, 1.0);
        // Small angles may not make a short stroke a fast turn.
        let takes_s = (PEAK_TO_MEAN * (to_m - tip_m).norm() / peak).max(0.8);
        self.stroke = Stroke { began: now, takes: Duration::from_secs_f64(takes_s), from, to };
    }

    fn place(&self, now: Moment<Operator>) -> Place {
        let Stroke { began, takes, from, to } = self.stroke;
        let gone = now.since(began).unwrap_or(Duration::ZERO).as_secs_f64();
        let share = if takes.is_zero() { 1.0 } else { gone / takes.as_secs_f64() };
        let s = minimum_jerk(share);
        Place {
            xy_m: from.xy_m.lerp(&to.xy_m, s),
            angles_rad: from.angles_rad.lerp(&to.angles_rad, s),
        }
    }
}

impl HandDevice for ScriptedHand {
    fn name(&self) -> &'static str {
        "scripted hand"
    }

    fn sample(&mut self, now: Moment<Operator>) -> HandSample {
        self.act(now);
        let Place { xy_m, angles_rad } = self.place(now);
        let (deadman, clutch) = match self.doing {
            Doing::Arriving | Doing::Resting { .. } => (0.0, Clutch::Open),
            Doing::Waiting { .. } => (1.0, Clutch::Open),
            Doing::Closing { .. } | Doing::Scanning { .. } => (1.0, Clutch::Closed),
            Doing::Startled { clutch, .. } => (1.0, clutch),
        };
        let motion = HandMotion::Displacement(Displacement {
            translation: Vector3::new(xy_m.x, xy_m.y, 0.0),
            rotation: UnitQuaternion::from_scaled_axis(Vector3::new(
                angles_rad.x,
                0.0,
                angles_rad.y,
            )),
        });
        let force_wanted_n = self.force_wanted_n;
        // It is played anew in every tick: nothing of it can be older.
        let stamp = Stamp::Continuous(now);
        HandSample { deadman, clutch, motion, force_wanted_n, stamp, connected: true }
    }

    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        let [arm, _] = &state.arms;
        self.look = Some(Look {
            state: state.state,
            epoch: state.epoch,
            blocked: !state.blocking.is_empty(),
            tip: arm.measured,
            at: now,
        });
    }
}

const fn can_begin(state: OperatingState) -> bool {
    matches!(state, OperatingState::Ready | OperatingState::Hold)
}

/// Where a stroke from `at` ends: inside the bound, and towards the start rather than away from it
/// when it is already far.
fn aim(at: f64, signed: f64) -> f64 {
    let far = at.abs() > 0.6 * TARGET_MAX_M || (at + signed).abs() > TARGET_MAX_M;
    let step = if far { signed.abs() * -at.signum() } else { signed };
    bounded(at + step)
}

fn bounded(at: f64) -> f64 {
    at.clamp(-TARGET_MAX_M, TARGET_MAX_M)
}

/// Share of the way after this share of the time.
fn minimum_jerk(share: f64) -> f64 {
    let t = share.clamp(0.0, 1.0);
    t * t * t * (10.0 + t * (6.0 * t - 15.0))
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
