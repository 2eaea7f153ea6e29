//! Trials: the whole system in the theatre, with things that go wrong, and somebody who watches every promise.
//!
//! Problem: each fault by itself is tested, and what hurts people is two at once, on a bad network, at the wrong
//! moment. Nobody writes those tests. So they are drawn by lot: a seed chooses faults and moments ([`Script`]), the
//! production cores of both sides meet them, and in every step of a millisecond a [`Watcher`] compares what happens
//! with what SAFETY.md promises. What is found is made small ([`shrink`]) and kept as a case.
//!
//! - [`fault`], [`Script`]: what goes wrong and when. - `director`: makes it happen, and does what the people around do.
//! - [`Watcher`], [`Rule`]: what is promised. - [`Tally`]: what becomes of each fault. - [`Digest`]: one seed, one trace.
//! - [`Hand`], [`Task`]: who works, and how much gets done.
//!
//! Limits: people at the robot do the right thing, with a delay of 0.3 s.

mod digest;
mod director;
pub mod fault;
mod hand;
mod script;
mod shrink;
mod stage;
mod tally;
mod watch;

use core::time::Duration;

use protocol::profile::Profile;

pub use self::digest::Digest;
use self::director::Director;
pub use self::fault::Kind;
use self::hand::at_work;
pub use self::hand::{Hand, Task};
pub use self::script::{AT_MAX_MS, FAULTS_MAX, Fault, Script};
pub use self::shrink::shrink;
pub use self::stage::{Stage, Substance};
use self::tally::Scorer;
pub use self::tally::{Done, Nuisance, Row, Tally};
pub use self::watch::{Rule, Violation, Watcher};
use crate::network::LinkSpec;
use crate::theatre::{Delays, Happening, Theatre, Transport};
use crate::truth::{Staged, Truth};

/// How long a trial is if nobody says. The last fault of a random script ends by 11 s; then whoever lost authority
/// waits for 5 s, and engages again.
pub const LENGTH: Duration = Duration::from_secs(16);

/// From the last packet of a picture until it is presented: decoded, drawn, shown by a screen of 60 Hz.
const EYE: Duration = Duration::from_millis(25);

/// What a trial is, but for its seed and script.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Limits; they choose the robot.
    pub profile: Profile,
    /// The network, up and down.
    pub link: (LinkSpec, LinkSpec),
    /// What it carries.
    pub transport: Transport,
    /// How long it is.
    pub length: Duration,
    /// Who works in scripts that are drawn; `None`: that is drawn, too.
    pub hand: Option<Hand>,
}

/// What became of a trial.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The first promise that was not kept.
    pub violation: Option<Violation>,
    /// Of everything that happened in every step.
    pub digest: [u8; 32],
    /// What became of each fault.
    pub tally: Tally,
    /// Virtual time. Unit: ms.
    pub lasted_ms: u32,
}

/// What is told of each step, for those who write it down.
#[derive(Debug)]
pub struct Note<'a> {
    /// From the start of the trial. Unit: ms.
    pub now_ms: u32,
    /// What happened.
    pub happening: &'a Happening,
    /// How the robot moved.
    pub truth: &'a Truth,
    /// The faults that were in force.
    pub faults: &'a [Kind],
}

/// Runs a trial. One setting, stage, seed and script is one run.
///
/// # Errors
/// A sentence, if the robot does not become ready or the network lets no session come about.
pub fn run(
    setting: &Setting,
    stage: &Stage,
    seed: u64,
    script: &Script,
    tell: &mut dyn FnMut(&Note<'_>),
) -> Result<Outcome, String> {
    match stage.robot(seed, script.hand) {
        stage::Robot::Arm7(robot) => play(setting, *robot, seed, script, tell),
        stage::Robot::Psm(robot) => play(setting, *robot, seed, script, tell),
        stage::Robot::Light(robot) => play(setting, *robot, seed, script, tell),
        stage::Robot::Carebase(robot) => play(setting, *robot, seed, script, tell),
    }
}

fn play<R: Staged>(
    setting: &Setting,
    robot: R,
    seed: u64,
    script: &Script,
    tell: &mut dyn FnMut(&Note<'_>),
) -> Result<Outcome, String> {
    let profile = &setting.profile;
    let (up, down) = &setting.link;
    let carrier = setting.transport.carrier(up, down, seed).map_err(|e| e.to_string())?;
    let mut theatre = Theatre::around(robot, profile, Delays::default(), seed, carrier)?;
    theatre.pictures_over(down, EYE, seed ^ 0xF11);
    let (mut worker, mut work) = at_work(script.hand, profile, &theatre.robot().truth(), seed)?;
    let mut watcher = Watcher::new(&theatre);
    let mut director = Director::new(script, seed);
    let (mut scorer, mut digest) = (Scorer::new(script), Digest::default());
    let lasts_ms = setting.length.as_millis() as u32;
    let mut lasted_ms = 0;
    let mut in_force = Vec::new();
    for now_ms in 0..lasts_ms {
        director.act(&mut theatre, now_ms);
        worker.step(&mut theatre);
        let truth = theatre.robot().truth();
        watcher.see(&theatre, &truth, now_ms);
        scorer.see(&theatre, &truth, now_ms);
        work.see(&theatre, &truth);
        digest.take(&theatre, &truth);
        in_force.clear();
        in_force.extend(script.at(now_ms).map(|fault| fault.kind));
        let happening = theatre.happening();
        tell(&Note { now_ms, happening, truth: &truth, faults: &in_force });
        lasted_ms = now_ms + 1;
        if watcher.found().is_some() {
            break;
        }
    }
    let violation = watcher.found().cloned();
    Ok(Outcome {
        violation,
        digest: digest.finish(),
        tally: scorer.finish(seed, work.points()),
        lasted_ms,
    })
}

#[cfg(test)]
mod tests;
