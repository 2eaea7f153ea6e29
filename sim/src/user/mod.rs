//! A user who can be scored: somebody who sees late pictures and steers a tip by them to one target after another.
//!
//! Problem: what a network costs is told in milliseconds, and what matters is whether work gets done. A scripted hand
//! that moves however it likes gets as much done on any network on which the robot moves.
//!
//! Rule: the user knows the pictures that have been shown, the words on the page, and what the own hand did; nothing of
//! where the robot is now. An aimed stroke has the minimum of jerk, takes as long as its difficulty asks, and ends beside
//! the target by a share of its length. Then the user waits for the picture that shows the end of it, needs a moment to
//! react, and corrects. How long to wait is learned from how late the own strokes were seen. With no delay the wait is
//! hardly there; with a long one it is moving and waiting, as people do.
//!
//! - [`Steering`]: eye and hand. With `operator`'s performer, which begins and stops, it is a [`User`].
//! - [`Tremor`]: what no hand is without. - [`Course`]: targets, and the judge of them.
//! - [`Room`]: one exam after another on a simulated robot, over any network.
//!
//! Limits: one arm, which does not turn; it does not tire, look away or give up, and learns nothing but the delay. It is a model: what it
//! says about two networks says nothing about a clinic.

mod course;
mod exam;
mod steer;
mod tremor;

use operator::devices::random::SplitMix64;
use operator::devices::script::Performer;
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};

pub use self::course::{Course, Exercise, Judge, Target};
pub use self::exam::{Delay, EYE, Exam, Network, Room, percentile};
pub use self::steer::{REACTION_S, Steering};
pub use self::tremor::Tremor;
use crate::truth::Truth;

/// A hand with eyes.
pub type User = Performer<Steering>;

/// The user of this seed, before this course.
pub fn user(profile: &Profile, course: Course, seed: u64) -> User {
    User::of(Steering::new(profile, course, seed), SplitMix64::new(seed))
}

/// Shows the user a picture.
pub fn show(user: &mut User, picture: &Truth, now: Moment<Operator>) {
    user.work_mut().see(picture, now);
}

#[cfg(test)]
mod tests;
