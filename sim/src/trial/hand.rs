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
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Script => "script",
            Self::User => "user",
        })
    }
}

impl FromStr for Hand {
    type Err = String;

    fn from_str(named: &str) -> Result<Self, String> {
        match named {
            "script" => Ok(Self::Script),
            "user" => Ok(Self::User),
            other => Err(format!("no hand is called {other:?}; it is \"script\" or \"user\"")),
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
    /// The task under this profile.
    pub fn of(profile: &Profile) -> Self {
        match Exercise::of(profile) {
            Some(Exercise::Touch) => Self { unit: "points touched", hand: Hand::User },
            Some(Exercise::Probe) => Self { unit: "places held", hand: Hand::User },
            None => Self { unit: "millimetres driven", hand: Hand::Script },
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
    match (hand, Exercise::of(profile), tip) {
        (Hand::User, Some(exercise), Some(tip)) => {
            let course = exercise.course_of(TARGETS, tip, seed);
            let worker = user(profile, course.clone(), seed);
            Ok((Worker::User(worker), Work::Targets(Judge::new(course))))
        }
        (Hand::User, ..) => Err(format!(
            "nobody is modelled who works under the profile {}; take `hand = \"user\"` out of the script",
            profile.name
        )),
        (Hand::Script, ..) => {
            let work = match start.base {
                Some(_) => Work::Way { last: None, way_m: 0.0 },
                None => Work::Uncounted,
            };
            Ok((Worker::Script(ScriptedHand::new(profile, seed)), work))
        }
    }
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
    pub(super) fn see(&mut self, truth: &Truth, follows: bool) {
        match self {
            Self::Uncounted => {}
            Self::Targets(judge) => judge.see(truth),
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
            Self::Way { way_m, .. } => Some((way_m * 1e3).round() as u64),
        }
    }
}
