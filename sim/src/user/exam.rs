//! Exams: the modelled user at the console of a simulated robot, over a network.

use core::time::Duration;

use nalgebra::Vector3;
use protocol::profile::{Profile, SURGERY, ULTRASOUND};
use protocol::state::OperatingState;

use super::course::{Exercise, Judge, RINGS_ASKED};
use super::{show, user};
use crate::bedside::Simulated;
use crate::light::LightArms;
use crate::network::{DelaySpec, Distribution, LinkSpec};
use crate::psm::PsmPlant;
use crate::robot::UltrasoundArm;
use crate::task::PegBoard;
use crate::theatre::{Delays, Frames, STEP, Theatre, Transport};
use crate::truth::{Staged, Truth, Watched};

/// From the last packet of a picture until it is presented: decoded, drawn, shown by a screen of 60 Hz.
pub const EYE: Duration = Duration::from_millis(25);

/// Width of a bin of speeds. Unit: m/s.
const SPEED_BIN_M_S: f64 = 0.0005;

/// Speeds beyond the last bin count as it. 250 mm/s is above every limit.
const SPEED_BINS: usize = 500;

/// Ages of pictures that are told apart. Unit: ms.
const AGES: usize = 4_000;

/// Pictures that are late by a constant, on a network that is not.
#[derive(Debug, Clone, Copy)]
pub struct Delay(pub Duration);

/// What is between user and robot.
#[derive(Debug, Clone, Copy)]
pub enum Network<'a> {
    /// A link of these two directions, up and down.
    Link(&'a LinkSpec, &'a LinkSpec),
    /// One machine, with pictures that take this long to the eye.
    Late(Delay),
}

/// What became of one exam.
#[derive(Debug, Clone)]
pub struct Exam {
    /// Targets reached in time, or rings that were brought to the other side.
    pub reached: usize,
    /// Of so many.
    pub of: usize,
    /// Times a ring was dropped, or slid out of the jaw.
    pub lost: u32,
    /// How long all of them took.
    pub took: Option<Duration>,
    /// How long it lasted.
    pub lasted: Duration,
    /// How long of that the robot followed.
    pub following: Duration,
    /// Times the robot went into hold.
    pub holds: u32,
    /// How often the newest picture behind an arriving command was so old, by milliseconds.
    pub view_ages: Vec<u32>,
    /// How often the tip was so fast while the robot followed, in bins of 0.5 mm/s.
    pub speeds: Vec<u32>,
    /// Greatest force at the tip. Unit: N.
    pub force_max_n: f64,
    /// Strokes that the user made.
    pub strokes: u32,
    /// How late the user took pictures to be at the end. Unit: s.
    pub lag_s: f64,
}

impl Exam {
    /// All targets were reached in time.
    pub const fn is_passed(&self) -> bool {
        self.took.is_some()
    }
}

/// The value below which `share` of a histogram lies, in bins; 0 for an empty one.
pub fn percentile(bins: &[u32], share: f64) -> f64 {
    let total: u64 = bins.iter().map(|n| u64::from(*n)).sum();
    let wanted = share * total as f64;
    let mut sum = 0_u64;
    for (bin, count) in bins.iter().enumerate() {
        sum += u64::from(*count);
        if sum > 0 && sum as f64 >= wanted {
            return bin as f64;
        }
    }
    0.0
}

impl Exam {
    /// The 95th percentile of the tip's speed while the robot followed. Unit: m/s.
    pub fn speed_p95_m_s(&self) -> f64 {
        percentile(&self.speeds, 0.95) * SPEED_BIN_M_S
    }

    /// The median age of the picture behind a command. Unit: ms.
    pub fn view_age_ms(&self) -> f64 {
        percentile(&self.view_ages, 0.5)
    }
}

/// A robot and an exercise.
pub struct Room {
    exercise: Exercise,
    profile: Profile,
    arms: LightArms,
}

impl Room {
    /// The room of an exercise, with the shipped profile for it.
    ///
    /// # Errors
    /// A sentence, if a shipped model or profile is broken.
    pub fn new(exercise: Exercise) -> Result<Self, String> {
        let (text, arms) = match exercise {
            Exercise::Probe => (ULTRASOUND, LightArms::like(&UltrasoundArm::shipped(0)?, true, 0)),
            Exercise::Touch => {
                let plant = PsmPlant::shipped(0).map_err(|e| e.to_string())?;
                (SURGERY, LightArms::like(&plant, false, 0))
            }
            Exercise::Transfer => {
                let plant = PsmPlant::shipped(0).map_err(|e| e.to_string())?;
                (SURGERY, LightArms::like(&plant, false, 0).over(PegBoard::new()))
            }
        };
        let profile = Profile::parse(text).map_err(|e| e.to_string())?;
        Ok(Self { exercise, profile, arms })
    }

    /// The limits, to change them.
    pub const fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// The limits.
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The exam of this seed. The same seed is the same user before the same course on every network.
    ///
    /// # Errors
    /// A sentence, if the robot does not become ready.
    pub fn sit(&self, network: Network<'_>, seed: u64) -> Result<Exam, String> {
        let mut theatre = self.theatre(network, seed)?;
        let truth = theatre.robot().truth();
        let [Some(start), _] = &truth.tips else { return Err("the robot has no arm".to_owned()) };
        let course = self.exercise.course(start, seed);
        let mut user = user(&self.profile, course.clone(), seed);
        let (of, goal) = match self.exercise {
            Exercise::Probe | Exercise::Touch => {
                (course.targets.len(), Goal::Targets(Judge::new(course)))
            }
            Exercise::Transfer => (RINGS_ASKED, Goal::Rings { brought: 0, lost: 0 }),
        };
        let mut notes = Notes::new(goal);
        while notes.lasted < self.exercise.time() && notes.goal.reached() < of {
            theatre.step(&mut user);
            let now = theatre.operator_now();
            while let Some(picture) = theatre.take_seen() {
                show(&mut user, &picture, now);
            }
            notes.take(&theatre);
        }
        let work = user.work();
        Ok(Exam {
            reached: notes.goal.reached(),
            of,
            lost: notes.goal.lost(),
            took: (notes.goal.reached() >= of).then_some(notes.lasted),
            lasted: notes.lasted,
            following: notes.following,
            holds: notes.holds,
            view_ages: notes.view_ages,
            speeds: notes.speeds,
            force_max_n: notes.force_max_n,
            strokes: work.strokes(),
            lag_s: work.lag_s(),
        })
    }

    fn theatre(
        &self,
        network: Network<'_>,
        seed: u64,
    ) -> Result<Theatre<Simulated<LightArms>>, String> {
        let mut arms = self.arms.clone();
        arms.reseed(seed);
        let robot = Simulated::around(arms);
        match network {
            Network::Link(up, down) => {
                let carrier =
                    Transport::Frames.carrier(up, down, seed).map_err(|e| e.to_string())?;
                let delays = Delays::default();
                let mut theatre = Theatre::around(robot, &self.profile, delays, seed, carrier)?;
                theatre.pictures_over(down, EYE, seed ^ 0xF11);
                Ok(theatre)
            }
            Network::Late(Delay(picture)) => {
                let distribution = Distribution::Constant(STEP);
                let link = LinkSpec {
                    delay: DelaySpec { distribution, ..DelaySpec::default() },
                    ..LinkSpec::default()
                };
                let carrier = Box::new(Frames::new(&link, &link, seed));
                let delays = Delays { picture, ..Delays::default() };
                Theatre::around(robot, &self.profile, delays, seed, carrier)
            }
        }
    }
}

/// What has to be done, and how far it has come.
enum Goal {
    /// By where the tip is.
    Targets(Judge),
    /// By where the rings are.
    Rings { brought: u32, lost: u32 },
}

impl Goal {
    fn see(&mut self, arms: &LightArms, truth: &Truth) {
        match (self, Watched::board(arms).map(PegBoard::score)) {
            (Self::Targets(judge), _) => judge.see(truth),
            (Self::Rings { brought, lost }, Some(score)) => {
                (*brought, *lost) = (score.transferred, score.dropped + score.slipped);
            }
            (Self::Rings { .. }, None) => {}
        }
    }

    const fn reached(&self) -> usize {
        match self {
            Self::Targets(judge) => judge.reached(),
            Self::Rings { brought, .. } => *brought as usize,
        }
    }

    const fn lost(&self) -> u32 {
        match self {
            Self::Targets(_) => 0,
            Self::Rings { lost, .. } => *lost,
        }
    }
}

/// What is written down in an exam.
struct Notes {
    goal: Goal,
    lasted: Duration,
    following: Duration,
    holds: u32,
    word: OperatingState,
    view_ages: Vec<u32>,
    speeds: Vec<u32>,
    force_max_n: f64,
}

impl Notes {
    fn new(goal: Goal) -> Self {
        Self {
            goal,
            lasted: Duration::ZERO,
            following: Duration::ZERO,
            holds: 0,
            word: OperatingState::Ready,
            view_ages: vec![0; AGES],
            speeds: vec![0; SPEED_BINS],
            force_max_n: 0.0,
        }
    }

    fn take(&mut self, theatre: &Theatre<Simulated<LightArms>>) {
        let truth = theatre.robot().truth();
        self.goal.see(theatre.robot().inner(), &truth);
        self.lasted += STEP;
        self.force_max_n = self.force_max_n.max(truth.force_n);
        let word = theatre.state();
        self.holds += u32::from(word == OperatingState::Hold && self.word != word);
        self.word = word;
        if word.follows() {
            self.following += STEP;
            let velocity = truth.tips.first().and_then(Option::as_ref);
            let speed = velocity.map_or_else(Vector3::zeros, |tip| tip.velocity_m_s).norm();
            count(&mut self.speeds, speed / SPEED_BIN_M_S);
        }
        let newest = theatre.happening().heard.iter().map(|(frame, _)| frame.seen_view).max();
        if let Some(age) = newest.and_then(|view| theatre.view_age(view)) {
            count(&mut self.view_ages, age.as_secs_f64() * 1e3);
        }
    }
}

/// Counts a value in its bin, or in the last one.
fn count(bins: &mut [u32], value: f64) {
    let last = bins.len().saturating_sub(1);
    if let Some(bin) = bins.get_mut((value as usize).min(last)) {
        *bin += 1;
    }
}
