//! Targets one after the other, and the judge of how far somebody has come.

use core::time::Duration;

use nalgebra::Vector3;
use protocol::profile::Profile;

use super::steer::spread;
use crate::noise::Noise;
use crate::theatre::STEP;
use crate::truth::{TipMotion, Truth};

/// Draws of a target before one is taken that is too near.
const DRAWS_MAX: u32 = 100;

/// What is asked of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exercise {
    /// A probe on the skin: over each target, and there with the wanted force.
    Probe,
    /// An instrument in the air: touch each point.
    Touch,
}

impl Exercise {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Probe, Self::Touch];

    /// Its name: that of the profile that it is for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "ultrasound",
            Self::Touch => "surgery",
        }
    }

    /// The time for all targets, the same on every network: a fifth to a quarter longer than the median takes on `lan`.
    /// So more than 19 of 20 get there with no delay worth the name, and little is left for stops.
    pub const fn time(self) -> Duration {
        match self {
            Self::Probe => Duration::from_secs(22),
            Self::Touch => Duration::from_secs(21),
        }
    }

    /// The exercise for the robot of this profile; `None` for one without arms.
    pub fn of(profile: &Profile) -> Option<Self> {
        let arms = profile.arms()?;
        Some(if arms.port.is_some() { Self::Touch } else { Self::Probe })
    }

    /// The course of this seed from where the tip is.
    pub fn course(self, start: &TipMotion, seed: u64) -> Course {
        let count = match self {
            Self::Probe => 4,
            Self::Touch => 6,
        };
        self.course_of(count, start, seed)
    }

    /// The same with so many targets: it begins with the same ones.
    pub fn course_of(self, count: usize, start: &TipMotion, seed: u64) -> Course {
        let mut noise = Noise::new(seed ^ 0x7A46_E700_0000_0001);
        let apart_m = match self {
            Self::Probe => (0.020, 0.040),
            Self::Touch => (0.020, 0.045),
        };
        let mut targets = Vec::new();
        let mut from = start.at_m;
        for _ in 0..count {
            let mut target = self.somewhere(start, &mut noise);
            for _ in 0..DRAWS_MAX {
                let way_m = (target - from).norm();
                if way_m >= apart_m.0 && way_m <= apart_m.1 {
                    break;
                }
                target = self.somewhere(start, &mut noise);
            }
            targets.push(target);
            from = target;
        }
        match self {
            Self::Probe => Course {
                targets,
                tolerance_m: 0.002,
                dwell: Duration::from_secs(2),
                force_n: Some((5.0, 1.5)),
            },
            Self::Touch => {
                let dwell = Duration::from_millis(300);
                Course { targets, tolerance_m: 0.0015, dwell, force_n: None }
            }
        }
    }

    /// A place within reach of a hand that began at `start`.
    fn somewhere(self, start: &TipMotion, noise: &mut Noise) -> Vector3<f64> {
        let mut between = |least: f64, most: f64| least + (most - least) * noise.uniform();
        match self {
            Self::Probe => {
                let (one, other) = (between(-0.03, 0.03), between(-0.03, 0.03));
                let [right, up] = across(&start.axis);
                start.at_m + one * right + other * up
            }
            Self::Touch => {
                // Never beyond the middle, where the other instrument is.
                let inward = -start.at_m.y.signum();
                let (ahead, beside, up) =
                    (between(-0.025, 0.025), between(0.0, 0.045), between(-0.015, 0.015));
                start.at_m + Vector3::new(ahead, inward * beside, up)
            }
        }
    }
}

/// Two directions square to an axis and to each other.
fn across(axis: &Vector3<f64>) -> [Vector3<f64>; 2] {
    let aside = if axis.x.abs() < 0.7 { Vector3::x() } else { Vector3::y() };
    let one = spread(&aside, axis).normalize();
    [one, axis.cross(&one)]
}

/// Targets, and when one is reached.
#[derive(Debug, Clone)]
pub struct Course {
    /// In their order. Frame: base. Unit: m.
    pub targets: Vec<Vector3<f64>>,
    /// Nearer than this is there. Unit: m.
    pub tolerance_m: f64,
    /// For so long without leaving.
    pub dwell: Duration,
    /// The contact force that is wanted there, and by how much it may differ; the way along the tool does not count
    /// then. Unit: N.
    pub force_n: Option<(f64, f64)>,
}

impl Course {
    /// The way from this tip to a target, as far as it counts; `None` beyond the last. Unit: m.
    pub fn way_m(&self, target: usize, tip: &TipMotion) -> Option<Vector3<f64>> {
        let way = self.targets.get(target)? - tip.at_m;
        Some(if self.force_n.is_some() { spread(&way, &tip.axis) } else { way })
    }

    /// True if what this shows is at the target. One arm counts: the left one.
    pub fn is_at(&self, target: usize, shown: &Truth) -> bool {
        let [Some(tip), _] = &shown.tips else { return false };
        let near = self.way_m(target, tip).is_some_and(|way| way.norm() <= self.tolerance_m);
        let pressed = self.force_n.is_none_or(|(wanted, by)| (shown.force_n - wanted).abs() <= by);
        near && pressed
    }
}

/// Counts targets, by how the robot really moves.
#[derive(Debug, Clone)]
pub struct Judge {
    course: Course,
    reached: usize,
    there: Duration,
}

impl Judge {
    /// Before the first target.
    pub const fn new(course: Course) -> Self {
        Self { course, reached: 0, there: Duration::ZERO }
    }

    /// One step of the theatre.
    pub fn see(&mut self, truth: &Truth) {
        if !self.course.is_at(self.reached, truth) {
            self.there = Duration::ZERO;
            return;
        }
        self.there += STEP;
        if self.there >= self.course.dwell {
            self.reached += 1;
            self.there = Duration::ZERO;
        }
    }

    /// Targets that were reached, in their order.
    pub const fn reached(&self) -> usize {
        self.reached
    }

    /// All of them were.
    pub const fn is_done(&self) -> bool {
        self.reached >= self.course.targets.len()
    }
}
