//! Targets one after the other, and the judge of how far somebody has come.

use core::time::Duration;

use nalgebra::Vector3;
use protocol::profile::Profile;

use super::steer::spread;
use crate::noise::Noise;
use crate::task::{PEG_HEIGHT_M, RING_HEIGHT_M, RING_HOLE_RADIUS_M, RING_RADIUS_M, RINGS, pegs};
use crate::theatre::STEP;
use crate::truth::{TipMotion, Truth};

/// Rings of an exam.
pub(super) const RINGS_ASKED: usize = 3;

/// Middle of the wall of a ring, from its axis. Unit: m.
const MID_WALL_M: f64 = 0.5 * (RING_HOLE_RADIUS_M + RING_RADIUS_M);

/// Heights of the tip above the board: over the pegs with a ring, around the wall of one that lies, and where one that
/// hangs on its peg is let go. Unit: m.
const CARRY_M: f64 = PEG_HEIGHT_M + RING_HEIGHT_M + 0.004;
const GRIP_M: f64 = 0.5 * RING_HEIGHT_M;
const LET_GO_M: f64 = RING_HEIGHT_M + 0.002;

/// The jaw around a wall of 4 mm, with 1.5 mm to spare on either side, and closed on it as hard as its drive does.
/// Unit: rad.
const OPEN_RAD: f64 = 0.7;
const SHUT_RAD: f64 = 0.33;

/// Draws of a target before one is taken that is too near.
const DRAWS_MAX: u32 = 100;

/// What is asked of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exercise {
    /// A probe on the skin: over each target, and there with the wanted force.
    Probe,
    /// An instrument in the air: touch each point.
    Touch,
    /// An instrument over the peg board: carry rings from one group of pegs to the other.
    Transfer,
}

impl Exercise {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Probe, Self::Touch, Self::Transfer];

    /// Its name: that of the profile that it is for, or of the task.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "ultrasound",
            Self::Touch => "surgery",
            Self::Transfer => "peg-transfer",
        }
    }

    /// What is counted.
    pub const fn counts(self) -> &'static str {
        match self {
            Self::Probe => "places",
            Self::Touch => "points",
            Self::Transfer => "rings",
        }
    }

    /// The time for all targets, the same on every network: a fifth to a quarter longer than the median takes on `lan`.
    /// So more than 19 of 20 get there with no delay worth the name, and little is left for stops.
    pub const fn time(self) -> Duration {
        match self {
            Self::Probe => Duration::from_secs(22),
            Self::Touch => Duration::from_secs(21),
            Self::Transfer => Duration::from_secs(57),
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
            Self::Transfer => RINGS_ASKED,
        };
        self.course_of(count, start, seed)
    }

    /// The same with so many targets, or rings: it begins with the same ones. There are no more rings than the board has.
    pub fn course_of(self, count: usize, start: &TipMotion, seed: u64) -> Course {
        let mut noise = Noise::new(seed ^ 0x7A46_E700_0000_0001);
        let apart_m = match self {
            Self::Probe => (0.020, 0.040),
            Self::Touch => (0.020, 0.045),
            Self::Transfer => return transfer(count, start),
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
            targets.push(Target::at(target));
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
            Self::Transfer => transfer(count, start),
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
            Self::Touch | Self::Transfer => {
                // Never beyond the middle, where the other instrument is.
                let inward = -start.at_m.y.signum();
                let (ahead, beside, up) =
                    (between(-0.025, 0.025), between(0.0, 0.045), between(-0.015, 0.015));
                start.at_m + Vector3::new(ahead, inward * beside, up)
            }
        }
    }
}

/// Rings from the near column of the left group, each to the peg of the right group that stands across from it.
fn transfer(rings: usize, start: &TipMotion) -> Course {
    let all = pegs();
    let (from, to) = all.split_at(RINGS);
    // The jaw opens outward from the middle of the ring, so that the wall is between the fingers.
    let aside = Vector3::new(start.opening.x, start.opening.y, 0.0).normalize() * MID_WALL_M;
    let mut targets = Vec::new();
    for (from, to) in from.iter().zip(to).take(rings) {
        let (wall, peg) = (from.foot_m + aside, to.foot_m + aside);
        let mut go = |at: &Vector3<f64>, up_m: f64, jaw_rad: f64| {
            targets.push(Target { at_m: at + Vector3::z() * up_m, jaw_rad: Some(jaw_rad) });
        };
        go(&wall, CARRY_M, OPEN_RAD);
        go(&wall, GRIP_M, OPEN_RAD);
        go(&wall, GRIP_M, SHUT_RAD);
        go(&wall, CARRY_M, SHUT_RAD);
        go(&peg, CARRY_M, SHUT_RAD);
        go(&peg, LET_GO_M, SHUT_RAD);
        go(&peg, LET_GO_M, OPEN_RAD);
        go(&peg, CARRY_M, OPEN_RAD);
    }
    let dwell = Duration::from_millis(100);
    Course { targets, tolerance_m: 0.0012, dwell, force_n: None }
}

/// Two directions square to an axis and to each other.
fn across(axis: &Vector3<f64>) -> [Vector3<f64>; 2] {
    let aside = if axis.x.abs() < 0.7 { Vector3::x() } else { Vector3::y() };
    let one = spread(&aside, axis).normalize();
    [one, axis.cross(&one)]
}

/// Where the tip has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Frame: base. Unit: m.
    pub at_m: Vector3<f64>,
    /// How far the jaw is open there; `None` if it does not matter. Unit: rad.
    pub jaw_rad: Option<f64>,
}

impl Target {
    /// With the jaw however it is.
    pub const fn at(at_m: Vector3<f64>) -> Self {
        Self { at_m, jaw_rad: None }
    }
}

/// Targets, and when one is reached.
#[derive(Debug, Clone)]
pub struct Course {
    /// In their order.
    pub targets: Vec<Target>,
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
        let way = self.targets.get(target)?.at_m - tip.at_m;
        Some(if self.force_n.is_some() { spread(&way, &tip.axis) } else { way })
    }

    /// How far the jaw has to be open at a target. Unit: rad.
    pub fn jaw_rad(&self, target: usize) -> Option<f64> {
        self.targets.get(target)?.jaw_rad
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
