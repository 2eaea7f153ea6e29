//! A tree of bodies with a drive, a servo and a brake on each joint.
//!
//! Each servo is a spring and a damper around its setpoint, as collaborative arms have them: tuned for the inertia that
//! its joint feels in one posture. It is told the effort that the wanted motion needs by the arm's own model, gravity,
//! inertia and Coriolis force together; without that the coupling of the joints lets a stopped arm swing for a tenth of
//! a second. Friction, contact, a setpoint that jumps and what its neighbours do then, it has to fight. A drive gives no
//! more than its limit. Brakes rub a moving joint to rest and hold it until more pulls than they bear.

use nalgebra::SVector;

use crate::rigid::{Drive, Outside, State, Stepper, Tree, no_outside};

/// Longest sub-step. Unit: s. The step is stable at any size; at 0.5 ms a servo of 150 rad/s lags by 4° more than it
/// should, which nothing here can tell from a fieldbus.
const SUBSTEP_MAX_S: f64 = 0.5e-3;

/// Most sub-steps of one call, so that a wild `dt_s` costs bounded time; the rest of the time is not simulated.
const SUBSTEPS_MAX: usize = 200;

/// How the servos are tuned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Bandwidth of each servo. Unit: rad/s.
    pub bandwidth_rad_s: f64,
    /// Damping ratio; 1 is critical.
    pub damping_ratio: f64,
    /// Effort of a brake per greatest effort of its drive. Brakes of arms hold more than the drive gives.
    pub brake_per_effort: f64,
}

impl Default for Tuning {
    /// What `arm7.toml` has: 60 rad/s, critically damped, brakes of one and a half times the drive.
    fn default() -> Self {
        Self { bandwidth_rad_s: 60.0, damping_ratio: 1.0, brake_per_effort: 1.5 }
    }
}

/// What the drives are asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<const N: usize> {
    /// Follow these coordinates and speeds (CRTK `servo_jp`, with velocity).
    Follow {
        /// Coordinates and speeds.
        state: State<N>,
        /// How the speeds change.
        acceleration: SVector<f64, N>,
    },
    /// Drives off: the brakes hold.
    Brake,
}

impl<const N: usize> Target<N> {
    /// Be here, at rest.
    pub fn rest(q: SVector<f64, N>) -> Self {
        Self::Follow { state: State::at_rest(q), acceleration: SVector::zeros() }
    }
}

/// A tree with servos.
#[derive(Debug, Clone)]
pub struct Driven<const N: usize> {
    tree: Tree<N>,
    stepper: Stepper,
    stiffness: SVector<f64, N>,
    damping: SVector<f64, N>,
    brake: SVector<f64, N>,
    state: State<N>,
    effort: SVector<f64, N>,
}

impl<const N: usize> Driven<N> {
    /// At rest at `home`, its servos tuned for the inertia there.
    pub fn at_rest(tree: Tree<N>, home: SVector<f64, N>, tuning: &Tuning) -> Self {
        let inertia = tree.mass_matrix(&home).diagonal();
        let bandwidth = tuning.bandwidth_rad_s;
        let stiffness = inertia * bandwidth.powi(2);
        let damping = inertia * (2.0 * tuning.damping_ratio * bandwidth);
        Self::with_gains(tree, home, (stiffness, damping), tuning.brake_per_effort)
    }

    /// At rest at `home`, its servos with this stiffness and damping of each joint.
    pub fn with_gains(
        tree: Tree<N>,
        home: SVector<f64, N>,
        (stiffness, damping): (SVector<f64, N>, SVector<f64, N>),
        brake_per_effort: f64,
    ) -> Self {
        Self {
            stiffness,
            damping,
            brake: tree.of_joints(|joint| brake_per_effort * joint.effort_max),
            stepper: Stepper::default(),
            state: State::at_rest(home),
            effort: SVector::zeros(),
            tree,
        }
    }

    /// The bodies and joints.
    pub const fn tree(&self) -> &Tree<N> {
        &self.tree
    }

    /// Coordinates and speeds as they are (CRTK `measured_js`, without noise).
    pub const fn state(&self) -> &State<N> {
        &self.state
    }

    /// Efforts of the drives or brakes in the last sub-step (CRTK `measured_jf`). Unit: N·m or N.
    pub const fn effort(&self) -> &SVector<f64, N> {
        &self.effort
    }

    /// Effort per coordinate of each servo.
    pub const fn stiffness(&self) -> &SVector<f64, N> {
        &self.stiffness
    }

    /// Puts the joints somewhere, at rest: for those who set up a scene.
    pub fn place(&mut self, q: SVector<f64, N>) {
        self.state = State::at_rest(q);
    }

    /// Moves the joints on by `dt_s` under what pushes from outside. A time that is not positive, and a target that
    /// is not finite, change nothing and brake. No allocation.
    pub fn step(&mut self, target: &Target<N>, outside: &Outside<N>, dt_s: f64) {
        if !(dt_s > 0.0 && dt_s.is_finite()) {
            return;
        }
        let substeps = ((dt_s / SUBSTEP_MAX_S).ceil() as usize).clamp(1, SUBSTEPS_MAX);
        let h_s = (dt_s / substeps as f64).min(SUBSTEP_MAX_S);
        let drives = self.drives(target);
        for _ in 0..substeps {
            (self.state, self.effort) =
                self.stepper.step(&self.tree, &self.state, &drives, outside, h_s);
        }
    }

    /// What each drive does for this target.
    fn drives(&self, target: &Target<N>) -> [Drive; N] {
        let finite = |x: &SVector<f64, N>| x.iter().all(|x| x.is_finite());
        let mut drives = [Drive::Brake { holds: 0.0 }; N];
        match target {
            Target::Follow { state: wanted, acceleration: a }
                if finite(&wanted.q) && finite(&wanted.v) && finite(a) =>
            {
                let ahead = self.tree.inverse_dynamics(&self.state.q, &wanted.v, a, &no_outside());
                let gains = self.stiffness.iter().zip(self.damping.iter()).zip(ahead.iter());
                let wanted = wanted.q.iter().zip(wanted.v.iter());
                for ((drive, (q, v)), ((stiffness, damping), ahead)) in
                    drives.iter_mut().zip(wanted).zip(gains)
                {
                    let (q, v, ahead) = (*q, *v, *ahead);
                    let (stiffness, damping) = (*stiffness, *damping);
                    *drive = Drive::Servo { q, v, stiffness, damping, ahead };
                }
            }
            Target::Follow { .. } | Target::Brake => {
                for (drive, holds) in drives.iter_mut().zip(self.brake.iter()) {
                    *drive = Drive::Brake { holds: *holds };
                }
            }
        }
        drives
    }
}

#[cfg(test)]
#[path = "driven_tests.rs"]
mod tests;
