//! A tree in time.
//!
//! Two ways, for two questions.
//!
//! - [`Stepper::step`] is for a robot with drives. Its servos, dry friction near standstill and tissue are stiff: a
//!   wrist of 1e-4 kg·m² under 0.01 N·m of friction turns within a microsecond, and an explicit method of any order
//!   needs steps of that size. So the step is semi-implicit Euler with the joints' own stiffness and damping taken
//!   at its end: `(M + h·D + h²·K)·a = …`, a diagonal that the articulated-body algorithm takes for nothing. Stable
//!   at any step; first order, so its lag is that of `h`, far below that of a servo.
//! - [`Stepper::step_rk4`] is for free motion under smooth efforts: fourth order, no numerical damping, so that what
//!   a tree does to energy is the tree's doing.
//!
//! Coulomb friction enters the implicit step by its secant: `coulomb / √(v² + rub²)` at the speed before the step.
//! It can stop a joint and never reverses it.

use nalgebra::SVector;

use super::dynamics::{Hold, Outside};
use super::tree::Tree;

/// Coordinates and speeds of all joints. Units: [`super::JointKind`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State<const N: usize> {
    /// Coordinates (CRTK `measured_js`, position).
    pub q: SVector<f64, N>,
    /// Speeds (CRTK `measured_js`, velocity).
    pub v: SVector<f64, N>,
}

impl<const N: usize> State<N> {
    /// At rest at these coordinates.
    pub fn at_rest(q: SVector<f64, N>) -> Self {
        Self { q, v: SVector::zeros() }
    }
}

/// What the drive of one joint does during a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drive {
    /// A constant effort; not more than the joint's `effort_max` either way.
    Effort(f64),
    /// A spring and a damper to a wanted coordinate and speed, beside a constant effort; in all not more than
    /// `effort_max` either way.
    Servo {
        /// Wanted coordinate.
        q: f64,
        /// Wanted speed.
        v: f64,
        /// Effort per coordinate.
        stiffness: f64,
        /// Effort per speed.
        damping: f64,
        /// Effort that is known to be needed: gravity.
        ahead: f64,
    },
    /// No effort of the drive, and a brake that rubs with this effort; once the joint stands, it holds until more
    /// than that pulls.
    Brake {
        /// Greatest effort of the brake.
        holds: f64,
    },
}

/// Moves a tree on in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepper {
    /// Speed at which dry friction is 71 % of what it is at high speed. Unit: rad/s or m/s.
    pub rub: f64,
    /// A braked joint slower than this stands. Unit: rad/s or m/s.
    pub stands: f64,
}

impl Default for Stepper {
    /// 1 mrad/s: a joint that creeps at it moves a tip at one metre by 1 mm/s, less than any order. 2 mrad/s is
    /// what a brake takes away in one step.
    fn default() -> Self {
        Self { rub: 1e-3, stands: 2e-3 }
    }
}

/// What one joint adds to a step: an effort, what yields with its acceleration, and whether it stands.
#[derive(Clone, Copy)]
struct Joined {
    effort: f64,
    yields: f64,
    locked: bool,
}

impl Stepper {
    /// The state `h_s` later, and the efforts of the drives during the step. No allocation; about two evaluations of
    /// the forward dynamics.
    ///
    /// Joints stop dead at the ends of their ranges and go no faster than their greatest speed.
    pub fn step<const N: usize>(
        &self,
        tree: &Tree<N>,
        state: &State<N>,
        drives: &[Drive; N],
        outside: &Outside<N>,
        h_s: f64,
    ) -> (State<N>, SVector<f64, N>) {
        let mut slack = [None; N];
        let mut efforts = SVector::<f64, N>::zeros();
        let mut acceleration = SVector::<f64, N>::zeros();
        // Whoever turns out to be beyond what its drive or brake can give is at that limit in the second pass.
        for _ in 0..2 {
            let (applied, hold) = self.joined(tree, state, drives, &slack, h_s);
            let response = tree.respond(&state.q, &state.v, &applied, outside, &hold);
            acceleration = response.acceleration;
            let mut over = false;
            let joints = tree.joints().zip(drives).zip(&mut slack).enumerate();
            for (i, ((joint, drive), slack)) in joints {
                let at = |of: &SVector<f64, N>| of.get(i).copied().unwrap_or(0.0);
                let a = at(&acceleration);
                let (effort, max) = match drive {
                    Drive::Effort(effort) => (*effort, joint.effort_max),
                    Drive::Servo { .. } => {
                        let now = servo(drive, at(&state.q), at(&state.v), h_s);
                        (slack.unwrap_or(now.effort - now.yields * a), joint.effort_max)
                    }
                    Drive::Brake { holds } => (at(&response.holding), *holds),
                };
                let given = effort.clamp(-max, max);
                if slack.is_none() && effort.abs() > max {
                    (*slack, over) = (Some(given), true);
                }
                if let Some(out) = efforts.get_mut(i) {
                    *out = given;
                }
            }
            if !over {
                break;
            }
        }
        (advance(tree, state, &acceleration, drives, &slack, self.stands, h_s), efforts)
    }

    /// What the joints bring into a step.
    fn joined<const N: usize>(
        &self,
        tree: &Tree<N>,
        state: &State<N>,
        drives: &[Drive; N],
        slack: &[Option<f64>; N],
        h_s: f64,
    ) -> (SVector<f64, N>, Hold<N>) {
        let (mut applied, mut hold) = (SVector::<f64, N>::zeros(), Hold::<N>::free());
        let joints = tree.joints().zip(drives).zip(slack).zip(state.q.iter().zip(state.v.iter()));
        for (i, (((joint, drive), slack), (q, v))) in joints.enumerate() {
            let mut rub = joint.damping + joint.coulomb / v.hypot(self.rub);
            let now = match drive {
                Drive::Effort(effort) => Joined {
                    effort: effort.clamp(-joint.effort_max, joint.effort_max),
                    yields: 0.0,
                    locked: false,
                },
                // Beyond its limit a drive gives the limit, whatever the joint does.
                Drive::Servo { .. } => slack.map_or_else(
                    || servo(drive, *q, *v, h_s),
                    |effort| Joined { effort, yields: 0.0, locked: false },
                ),
                Drive::Brake { holds } => {
                    rub += holds / v.hypot(self.rub);
                    Joined { effort: 0.0, yields: 0.0, locked: *v == 0.0 && slack.is_none() }
                }
            };
            if let (Some(effort), Some(added), Some(locked)) =
                (applied.get_mut(i), hold.added.get_mut(i), hold.locked.get_mut(i))
            {
                *effort = now.effort - rub * v;
                *added = now.yields + h_s * rub;
                *locked = now.locked;
            }
        }
        (applied, hold)
    }

    /// The state `h_s` later under efforts that do not change, without friction (Runge-Kutta, fourth order).
    pub fn step_rk4<const N: usize>(
        tree: &Tree<N>,
        state: &State<N>,
        effort: &SVector<f64, N>,
        h_s: f64,
    ) -> State<N> {
        let slope = |q: &SVector<f64, N>, v: &SVector<f64, N>| {
            tree.forward_dynamics(q, v, effort, &super::no_outside())
        };
        let half = 0.5 * h_s;
        let (v1, a1) = (state.v, slope(&state.q, &state.v));
        let v2 = state.v + a1 * half;
        let a2 = slope(&(state.q + v1 * half), &v2);
        let v3 = state.v + a2 * half;
        let a3 = slope(&(state.q + v2 * half), &v3);
        let v4 = state.v + a3 * h_s;
        let a4 = slope(&(state.q + v3 * h_s), &v4);
        State {
            q: state.q + (v1 + (v2 + v3) * 2.0 + v4) * (h_s / 6.0),
            v: state.v + (a1 + (a2 + a3) * 2.0 + a4) * (h_s / 6.0),
        }
    }
}

/// Effort of a servo at the end of the step, were the joint not to accelerate, and what it loses per acceleration.
fn servo(drive: &Drive, q: f64, v: f64, h_s: f64) -> Joined {
    let Drive::Servo { q: wanted, v: speed, stiffness, damping, ahead } = drive else {
        return Joined { effort: 0.0, yields: 0.0, locked: false };
    };
    Joined {
        effort: ahead + stiffness * (wanted - q - h_s * v) + damping * (speed - v),
        yields: h_s * (damping + h_s * stiffness),
        locked: false,
    }
}

/// The state after `h_s` at this acceleration.
fn advance<const N: usize>(
    tree: &Tree<N>,
    state: &State<N>,
    acceleration: &SVector<f64, N>,
    drives: &[Drive; N],
    slack: &[Option<f64>; N],
    stands: f64,
    h_s: f64,
) -> State<N> {
    let mut next = *state;
    let moving = next.q.iter_mut().zip(next.v.iter_mut()).zip(acceleration.iter());
    let joints = tree.joints().zip(drives.iter().zip(slack));
    for (((q, v), a), (joint, (drive, slack))) in moving.zip(joints) {
        let speed = (*v + h_s * a).clamp(-joint.velocity_max, joint.velocity_max);
        let free = *q + h_s * speed;
        let end = free.clamp(joint.lower, joint.upper);
        // A joint that a brake slows comes to rest; one that the load drags through it does not.
        let slows = slack.is_none() && speed.abs() < stands && speed.abs() <= v.abs();
        let rests = matches!(drive, Drive::Brake { .. }) && slows;
        (*q, *v) = (end, if rests || free != end { 0.0 } else { speed });
    }
    next
}
