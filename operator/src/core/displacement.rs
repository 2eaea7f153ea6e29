//! From the motion of a hand to the displacement of the tip since it was engaged.
//!
//! Every device ends in one quantity: the *step* of this tick, along and about the axes of the
//! picture. A stick gives `deflection · full speed · dt`; a device with a position gives the change of
//! it. Steps are scaled (translation only: an angle of the hand is the same angle of the probe), pass
//! the tremor filter, are limited to what the profile lets the tip do, and add up.
//!
//! **Axes.** The picture of a probe turns with the probe: right is its +x, up its +y, inward its +z, as
//! measured when the robot began to follow and turned since by what was commanded. So right stays right in the
//! picture after a turn, and the delay and noise of the measured pose are not in the hand's way. A camera
//! that stands beside the tool does not turn with it: where the profile says how it looks
//! (`hand.view_down`), right, up and inward are those of its picture, wherever the tool points. The sum
//! is kept along and about the axes of the base, as the wire wants it.
//!
//! **Lead.** Adding up rates is open-loop: a robot that is clamped (workspace, force, speed) stays
//! behind while the sum runs on, and an operator who then reverses waits for it to unwind; one who
//! lets go is followed for centimetres. So the sum never runs further than [`LEAD_MAX_M`] and
//! [`LEAD_MAX_RAD`] ahead of the setpoint that the robot reports; what lies beyond is dropped, the
//! hand slips. A clamp therefore costs registration between hand and tip, never a wind-up, and
//! [`Follower::held_back`] says so to the operator. While a contact force is wanted the axis of the
//! probe belongs to the robot's force loop: along it the hand commands nothing, nothing counts as lead,
//! and the sum goes where the setpoint went, so that the hand gets the axis back where the tip is.
//!
//! **Step.** Whatever moves the sum, from one tick to the next of the same act it never moves further
//! than the profile's `step_max`: the robot takes a longer step for a broken console.

use core::time::Duration;

use nalgebra::{UnitQuaternion, Vector3};
use protocol::frame::ArmState;
use protocol::frame::command::TRANSLATION_MAX_M;
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile;
use protocol::time::{Moment, Operator};

use super::hand::{Deflection, HandMotion};
use super::shaping;
use super::tremor::TremorFilter;

/// How far the command may lead the reported setpoint. Unit: metre.
///
/// The report is one loop old, so an honest lead is speed × loop age. The geometric budget caps the
/// speed at 4 mm per view age, which makes the honest lead less than 4 mm; 10 mm leaves room for a
/// fast arm in the air (100 mm/s at 100 ms). Less would brake honest motion; more would let the robot
/// travel further after the hand has stopped.
pub const LEAD_MAX_M: f64 = 0.010;

/// How far the commanded orientation may lead the reported one. Unit: radian.
///
/// 30 deg/s at the largest loop age of 250 ms is 0.13 rad.
pub const LEAD_MAX_RAD: f64 = 0.2;

/// A hand that moves further in one tick has not moved: its device was re-zeroed or replaced.
/// Unit: metre. At 1 kHz it would be 20 m/s.
pub const HAND_STEP_MAX_M: f64 = 0.020;

/// As [`HAND_STEP_MAX_M`], for the orientation. Unit: radian.
pub const HAND_STEP_MAX_RAD: f64 = 0.35;

/// What is kept free below the largest step of the profile. Unit: metre.
///
/// A frame rounds each coordinate to binary32: two frames up to 2 m from the anchor then differ by up to
/// 0.0004 mm more than what was commanded.
const STEP_SPARE_M: f64 = 1e-6;

/// The longest tick, in periods. A console that did not run for longer moves nothing for that time.
const TICK_PERIODS_MAX: f64 = 5.0;

/// The limits of the profile that shape a hand.
#[derive(Debug, Clone)]
struct Limits {
    scale: f64,
    speed_full_m_s: f64,
    turn_full_rad_s: f64,
    speed_max_m_s: f64,
    rotation_max_rad_s: f64,
    step_max_m: f64,
    tick_max_s: f64,
}

/// One tick's motion along and about the axes of the picture.
#[derive(Debug, Clone, Copy)]
struct Step {
    translation_m: Vector3<f64>,
    rotation_rad: Vector3<f64>,
}

impl Step {
    const NONE: Self = Self {
        translation_m: Vector3::new(0.0, 0.0, 0.0),
        rotation_rad: Vector3::new(0.0, 0.0, 0.0),
    };
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Idle,
    Following { axes: Axes, anchor: Pose<Base, Tip>, setpoint: Pose<Base, Tip> },
}

/// What right, up and inward are.
#[derive(Debug, Clone, Copy)]
enum Axes {
    /// Those of the tip, as it was turned when the robot began to follow.
    Tip(UnitQuaternion<f64>),
    /// Those of the picture that steers, wherever the tip points: x right, y up, z out to the eye.
    View(UnitQuaternion<f64>),
}

impl Axes {
    /// What turns components into the frame of the base, after the tip was asked to turn by `turned`.
    fn now(self, turned: &UnitQuaternion<f64>) -> UnitQuaternion<f64> {
        match self {
            Self::Tip(axes) => turned * axes,
            Self::View(axes) => axes,
        }
    }

    /// The step in components of these axes. Right, up and inward are a left-handed set: along the axes of a picture
    /// inward is −z, and turns, which a mirror reverses, go the other way about x and y.
    fn components(self, step: Step) -> Step {
        let Step { translation_m: t, rotation_rad: r } = step;
        match self {
            Self::Tip(_) => step,
            Self::View(_) => Step {
                translation_m: Vector3::new(t.x, t.y, -t.z),
                rotation_rad: Vector3::new(-r.x, -r.y, r.z),
            },
        }
    }
}

/// Adds up the motion of the hand while the robot follows.
#[derive(Debug, Clone)]
pub struct Follower {
    limits: Limits,
    view: Option<UnitQuaternion<f64>>,
    filters: [TremorFilter; 6],
    last_tick: Moment<Operator>,
    hand: Option<Displacement>,
    phase: Phase,
    sum: Displacement,
    held_back: bool,
}

impl Follower {
    /// A follower at rest, for a hand that is read `tick_hz` times a second.
    pub fn new(hand: &profile::Hand, motion: &profile::Motion, tick_hz: f64) -> Self {
        Self {
            limits: Limits {
                scale: hand.scale,
                speed_full_m_s: hand.speed_full_m_s,
                turn_full_rad_s: hand.turn_full_rad_s,
                speed_max_m_s: motion.speed_free_max_m_s,
                rotation_max_rad_s: motion.rotation_max_rad_s,
                step_max_m: motion.step_max_m - STEP_SPARE_M,
                tick_max_s: TICK_PERIODS_MAX / tick_hz,
            },
            view: hand.view_axes(),
            filters: [TremorFilter::new(hand.tremor_cutoff_hz, tick_hz); 6],
            last_tick: Moment::START,
            hand: None,
            phase: Phase::Idle,
            sum: Displacement::none(),
            held_back: false,
        }
    }

    /// The robot has begun to follow, from here, with the hand where it is now.
    pub fn begin(&mut self, arm: &ArmState) {
        self.end();
        if arm.measured.is_finite() && arm.setpoint.is_finite() {
            self.phase = Phase::Following {
                axes: self.view.map_or(Axes::Tip(arm.measured.iso.rotation), Axes::View),
                anchor: arm.setpoint,
                setpoint: arm.setpoint,
            };
        }
    }

    /// The robot does not follow, or should not.
    pub fn end(&mut self) {
        self.phase = Phase::Idle;
        self.sum = Displacement::none();
        self.held_back = false;
        self.filters.iter_mut().for_each(TremorFilter::reset);
    }

    /// Where the robot's core last asked the tip to be.
    pub fn handle_setpoint(&mut self, newest: &Pose<Base, Tip>) {
        if let Phase::Following { setpoint, .. } = &mut self.phase
            && newest.is_finite()
        {
            *setpoint = *newest;
        }
    }

    /// The displacement to command now; none while not following.
    ///
    /// With `axial_free` the hand moves the tip along its own axis, otherwise the force loop does.
    pub fn tick(
        &mut self,
        motion: &HandMotion,
        axial_free: bool,
        now: Moment<Operator>,
    ) -> Displacement {
        let dt_s = now.since(self.last_tick).unwrap_or(Duration::ZERO).as_secs_f64();
        let dt_s = dt_s.min(self.limits.tick_max_s);
        self.last_tick = now;
        let wanted = self.wanted_step(motion, dt_s);
        if let Phase::Following { axes, anchor, setpoint } = self.phase {
            let before_m = self.sum.translation;
            let mut step = axes.components(self.smooth(wanted));
            if !axial_free {
                step.translation_m.z = 0.0;
            }
            let translation_m = at_most(step.translation_m, self.limits.speed_max_m_s * dt_s);
            let rotation_rad = at_most(step.rotation_rad, self.limits.rotation_max_rad_s * dt_s);
            // Of the tip's own axes, as they are after what was commanded.
            let now_axes = axes.now(&self.sum.rotation);
            self.sum.translation += now_axes * translation_m;
            let turn = UnitQuaternion::from_scaled_axis(now_axes * rotation_rad);
            self.sum.rotation = turn * self.sum.rotation;
            self.sum.rotation.renormalize_fast();
            let late = self.bound_translation(axes, axial_free, &anchor, &setpoint);
            let step_m = at_most(self.sum.translation - before_m, self.limits.step_max_m);
            self.sum.translation = before_m + step_m;
            let turned = self.bound_rotation(&anchor, &setpoint);
            self.held_back = late || turned;
        }
        self.sum
    }

    /// True if the last tick dropped motion because the robot does not keep up: it is clamped.
    pub const fn held_back(&self) -> bool {
        self.held_back
    }

    /// What the last tick commanded.
    pub const fn commanded(&self) -> Displacement {
        self.sum
    }

    /// What the hand asks for in this tick, scaled. Numbers that are none ask for nothing.
    fn wanted_step(&mut self, motion: &HandMotion, dt_s: f64) -> Step {
        let limits = &self.limits;
        match motion {
            HandMotion::Rate(Deflection { x, y, z, turn, tilt, .. }) => {
                self.hand = None;
                let [x, y] = shaping::stick([*x, *y], 0.0);
                let travel_m = limits.scale * limits.speed_full_m_s * dt_s;
                let angle_rad = limits.turn_full_rad_s * dt_s;
                Step {
                    translation_m: travel_m * Vector3::new(x, y, shaping::unit(*z)),
                    rotation_rad: angle_rad
                        * Vector3::new(shaping::unit(*tilt), 0.0, shaping::unit(*turn)),
                }
            }
            // A follower is for one hand.
            HandMotion::Arms(_) => Step::NONE,
            HandMotion::Displacement(hand) => {
                let before = self.hand.replace(*hand).unwrap_or(*hand);
                let translation_m = hand.translation - before.translation;
                let rotation_rad = (before.rotation.inverse() * hand.rotation).scaled_axis();
                // Written so that NaN is a device that jumped.
                if translation_m.norm() <= HAND_STEP_MAX_M
                    && rotation_rad.norm() <= HAND_STEP_MAX_RAD
                {
                    Step { translation_m: limits.scale * translation_m, rotation_rad }
                } else {
                    Step::NONE
                }
            }
        }
    }

    fn smooth(&mut self, step: Step) -> Step {
        let [tx, ty, tz, rx, ry, rz] = &mut self.filters;
        let (t, r) = (step.translation_m, step.rotation_rad);
        Step {
            translation_m: Vector3::new(tx.tick(t.x), ty.tick(t.y), tz.tick(t.z)),
            rotation_rad: Vector3::new(rx.tick(r.x), ry.tick(r.y), rz.tick(r.z)),
        }
    }

    fn bound_translation(
        &mut self,
        axes: Axes,
        axial_free: bool,
        anchor: &Pose<Base, Tip>,
        setpoint: &Pose<Base, Tip>,
    ) -> bool {
        let reached = setpoint.position() - anchor.position();
        let now_axes = axes.now(&self.sum.rotation);
        let mut lead = now_axes.inverse() * (self.sum.translation - reached);
        if !axial_free {
            lead.z = 0.0;
        }
        let bounded = lead.norm() > LEAD_MAX_M;
        if bounded || !axial_free {
            self.sum.translation = reached + now_axes * at_most(lead, LEAD_MAX_M);
        }
        // What a frame can carry, whatever a robot reports.
        self.sum.translation =
            self.sum.translation.map(|v| v.clamp(-TRANSLATION_MAX_M, TRANSLATION_MAX_M));
        bounded
    }

    fn bound_rotation(&mut self, anchor: &Pose<Base, Tip>, setpoint: &Pose<Base, Tip>) -> bool {
        let reached = setpoint.iso.rotation * anchor.iso.rotation.inverse();
        let lead = (self.sum.rotation * reached.inverse()).scaled_axis();
        let bounded = lead.norm() > LEAD_MAX_RAD;
        if bounded {
            self.sum.rotation =
                UnitQuaternion::from_scaled_axis(at_most(lead, LEAD_MAX_RAD)) * reached;
            self.sum.rotation.renormalize_fast();
        }
        bounded
    }
}

/// `v` if it is no longer than `max`, otherwise its direction with that length; zero for NaN.
fn at_most(v: Vector3<f64>, max: f64) -> Vector3<f64> {
    let norm = v.norm();
    if norm <= max {
        v
    } else if norm.is_finite() {
        v * (max / norm)
    } else {
        Vector3::zeros()
    }
}

#[cfg(test)]
#[path = "displacement_tests.rs"]
mod tests;
