//! Who works in a trial, and how much of the work gets done.

use core::fmt;
use core::str::FromStr;

use operator::devices::script::ScriptedHand;
use protocol::profile::Profile;

use crate::theatre::Theatre;
use crate::truth::{Staged, Truth};
use crate::user::{Exercise, Judge, User, show, user};

/// Targets that are laid out: more than anybody reaches in the longest trial.
const TARGETS: usize = 512;

/// Who is at the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hand {
    /// Somebody who moves about and looks at nothing but the state.
    #[default]
    Script,
    /// Somebody who sees the pictures and steers a tip by them from target to target.
    User,
    /// The same, who carries rings over the peg board.
    Rings,
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Script => "script",
            Self::User => "user",
            Self::Rings => "rings",
        })
    }
}

impl FromStr for Hand {
    type Err = String;

    fn from_str(named: &str) -> Result<Self, String> {
        match named {
            "script" => Ok(Self::Script),
            "user" => Ok(Self::User),
            "rings" => Ok(Self::Rings),
            other => {
                Err(format!("no hand is called {other:?}; it is \"script\", \"user\" or \"rings\""))
            }
        }
    }
}

/// What is counted of the work under a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// One of these is one point.
    pub unit: &'static str,
    /// Who must be at the console for it to be counted.
    pub hand: Hand,
}

impl Task {
    /// The task under this profile, unless somebody carries rings.
    pub fn of(profile: &Profile) -> Self {
        match Exercise::of(profile) {
            Some(Exercise::Probe) => Self { unit: "places held", hand: Hand::User },
            Some(_) => Self { unit: "points touched", hand: Hand::User },
            None => Self { unit: "millimetres driven", hand: Hand::Script },
        }
    }

    /// What is counted where this hand works.
    pub fn with(hand: Hand, profile: &Profile) -> Self {
        match hand {
            Hand::Rings => Self { unit: "rings brought", hand },
            Hand::Script | Hand::User => Self::of(profile),
        }
    }
}

/// The hand that works.
pub(super) enum Worker {
    Script(ScriptedHand),
    User(User),
}

/// Counts what is done.
pub(super) enum Work {
    /// Nothing that could be counted.
    Uncounted,
    /// Targets, by where the tip truly is.
    Targets(Judge),
    /// Rings that came to rest on the other side.
    Rings { brought: u32 },
    /// The way of a base while it follows.
    Way { last: Option<Truth>, way_m: f64 },
}

/// Who works in this trial, and on what.
///
/// # Errors
/// A sentence, if nobody of this kind works with such a robot.
pub(super) fn at_work(
    hand: Hand,
    profile: &Profile,
    start: &Truth,
    seed: u64,
) -> Result<(Worker, Work), String> {
    let [tip, _] = &start.tips;
    let exercise = match (hand, Exercise::of(profile)) {
        (Hand::Script, _) => {
            let work = match start.base {
                Some(_) => Work::Way { last: None, way_m: 0.0 },
                None => Work::Uncounted,
            };
            return Ok((Worker::Script(ScriptedHand::new(profile, seed)), work));
        }
        (Hand::User, exercise) => exercise,
        (Hand::Rings, exercise) => {
            exercise.filter(|with| *with == Exercise::Touch).map(|_| Exercise::Transfer)
        }
    };
    let Some((exercise, tip)) = exercise.zip(tip.as_ref()) else {
        return Err(format!(
            "the profile {} has no robot for the hand \"{hand}\"; take another profile or another hand",
            profile.name
        ));
    };
    let course = exercise.course_of(TARGETS, tip, seed);
    let worker = user(profile, course.clone(), seed);
    let work = match hand {
        Hand::Rings => Work::Rings { brought: 0 },
        Hand::Script | Hand::User => Work::Targets(Judge::new(course)),
    };
    Ok((Worker::User(worker), work))
}

impl Worker {
    /// One step of the theatre with this hand.
    pub(super) fn step<R: Staged>(&mut self, theatre: &mut Theatre<R>) {
        match self {
            Self::Script(hand) => {
                theatre.step(hand);
                while theatre.take_seen().is_some() {}
            }
            Self::User(hand) => {
                theatre.step(hand);
                let now = theatre.operator_now();
                while let Some(picture) = theatre.take_seen() {
                    show(hand, &picture, now);
                }
            }
        }
    }
}

impl Work {
    /// After a step.
    pub(super) fn see<R: Staged>(&mut self, theatre: &Theatre<R>, truth: &Truth) {
        let follows = theatre.state().follows();
        match self {
            Self::Uncounted => {}
            Self::Targets(judge) => judge.see(truth),
            Self::Rings { brought } => {
                *brought = theatre.robot().board().map_or(0, |board| board.score().transferred);
            }
            Self::Way { last, way_m } => {
                if let Some(before) = last.replace(*truth).filter(|_| follows) {
                    *way_m += truth.way_from_m(&before);
                }
            }
        }
    }

    /// How much was done, in the unit of the [`Task`]; `None` if it was not counted.
    pub(super) fn points(&self) -> Option<u64> {
        match self {
            Self::Uncounted => None,
            Self::Targets(judge) => Some(judge.reached() as u64),
            Self::Rings { brought } => Some(u64::from(*brought)),
            Self::Way { way_m, .. } => Some((way_m * 1e3).round() as u64),
        }
    }
}
