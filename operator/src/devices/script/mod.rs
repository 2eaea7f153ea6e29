//! A scripted hand: works like a person, so that everything can run without one.
//!
//! It holds the deadman, waits until nothing blocks the robot, closes the clutch, works in smooth strokes with short
//! rests, opens the clutch to re-index, and goes on. After a stop it needs a moment to notice, lets go, waits, and
//! engages again. What it works on depends on the body that the profile is for:
//!
//! | body | works |
//! |---|---|
//! | one arm | `probe`: sweeps a probe as a sonographer does |
//! | two arms | `instruments`: both tips and both jaws, each on its own side |
//! | base | `wheels`: turns towards a place, drives there, stops |
//!
//! All look where the robot is, so that they always come back. One seed is one performance.
//!
//! How a hand begins, stops and begins again is the same whatever it works on, and who works: [`Performer`] does that for
//! any [`Work`].

mod instruments;
mod probe;
pub mod stroke;
mod wheels;

use core::time::Duration;

use protocol::frame::StateFrame;
use protocol::profile::{Body, Profile};
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use super::random::SplitMix64;
use super::{Clutch, HandDevice, HandMotion, HandSample, Stamp};
use instruments::Instruments;
use probe::Probe;
use wheels::Wheels;

/// A state older than this is not looked at.
const STATE_AGE_MAX: Duration = Duration::from_millis(200);

/// How long a person needs to notice a stop.
const REACTION: Duration = Duration::from_millis(200);

/// How long a person lets go after a stop.
const REST: Duration = Duration::from_millis(500);

/// A robot that is blocked for this long: let go and begin again.
const PATIENCE: Duration = Duration::from_secs(3);

/// A robot that does not follow this long after the clutch was closed will not.
const ANSWER_MAX: Duration = Duration::from_millis(600);

/// How long the hand works before the clutch is opened, at the end of the stroke.
const WORK: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy)]
struct Look {
    state: OperatingState,
    epoch: u32,
    blocked: bool,
    at: Moment<Operator>,
}

/// What a hand does while the robot follows it.
pub trait Work {
    /// What the hand is called.
    fn name(&self) -> &'static str;

    /// The newest state of the robot.
    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>);

    /// Nothing follows the hand: what it had in mind is forgotten.
    fn settle(&mut self, now: Moment<Operator>);

    /// The robot follows from now on.
    fn begin(&mut self, random: &mut SplitMix64, now: Moment<Operator>);

    /// The robot follows. Begins the next stroke where one is over.
    fn go_on(&mut self, random: &mut SplitMix64, now: Moment<Operator>);

    /// True if no stroke is under way.
    fn is_over(&self, now: Moment<Operator>) -> bool;

    /// True if the hand, which has worked for so long, should open the clutch and come back to where it is at ease.
    fn wants_to_reindex(&self, worked: Duration) -> bool {
        worked >= WORK
    }

    /// How the hand moves.
    fn motion(&mut self, now: Moment<Operator>) -> HandMotion;

    /// Contact force that it wants. Unit: newton.
    fn force_wanted_n(&self) -> f64;
}

/// What the scripted hand works with.
#[derive(Debug, Clone)]
pub struct Scripted(Part);

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a console has one")]
enum Part {
    Probe(Probe),
    Instruments(Instruments),
    Wheels(Wheels),
}

#[derive(Debug, Clone, Copy)]
enum Doing {
    /// Has seen nothing of the robot yet, and holds nothing.
    Arriving,
    /// Holds nothing.
    Resting { until: Moment<Operator> },
    /// Holds the deadman with the clutch open.
    Waiting { since: Moment<Operator>, close_at: Moment<Operator>, epoch: u32 },
    /// Holds the clutch closed; the robot does not follow yet.
    Closing { since: Moment<Operator>, epoch: u32 },
    /// Works.
    Working { since: Moment<Operator>, epoch: u32 },
    /// Has not noticed the stop yet, and goes on.
    Startled { until: Moment<Operator>, clutch: Clutch },
}

/// A hand that engages by the full act, does its [`Work`], and begins again after every stop.
#[derive(Debug, Clone)]
pub struct Performer<W> {
    random: SplitMix64,
    work: W,
    doing: Doing,
    look: Option<Look>,
}

/// The scripted hand.
pub type ScriptedHand = Performer<Scripted>;

impl ScriptedHand {
    /// The performance of this seed, under this profile: with what moves in it.
    pub fn new(profile: &Profile, seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let work = match &profile.body {
            Body::Arms(arms) if arms.count > 1 => Part::Instruments(Instruments::new(profile)),
            Body::Arms(_) => Part::Probe(Probe::new(profile, &mut random)),
            Body::Base(base) => Part::Wheels(Wheels::new(profile, base)),
        };
        Self::of(Scripted(work), random)
    }
}

impl<W: Work> Performer<W> {
    /// A hand that has not begun.
    pub const fn of(work: W, random: SplitMix64) -> Self {
        Self { random, work, doing: Doing::Arriving, look: None }
    }

    /// What it does.
    pub const fn work(&self) -> &W {
        &self.work
    }

    /// What it does, to show it something.
    pub const fn work_mut(&mut self) -> &mut W {
        &mut self.work
    }

    fn act(&mut self, now: Moment<Operator>) {
        let Some(look) = self.look.filter(|l| now.since(l.at).is_none_or(|a| a <= STATE_AGE_MAX))
        else {
            // Blind: go on for as long as a person would not notice, then let go.
            self.startle(now);
            return;
        };
        self.doing = match self.doing {
            // The robot must have seen the deadman released before it is held.
            Doing::Arriving => Doing::Resting { until: now.after(REST) },
            Doing::Resting { until } if now >= until && can_begin(look.state) => {
                self.work.settle(now);
                self.open(look.epoch, now)
            }
            Doing::Waiting { epoch, .. }
            | Doing::Closing { epoch, .. }
            | Doing::Working { epoch, .. }
                if epoch != look.epoch || !(can_begin(look.state) || look.state.follows()) =>
            {
                self.startle(now);
                return;
            }
            Doing::Waiting { close_at, epoch, .. } if now >= close_at && !look.blocked => {
                Doing::Closing { since: now, epoch }
            }
            Doing::Waiting { since, .. } if now > since.after(PATIENCE) => {
                Doing::Resting { until: now.after(REST) }
            }
            Doing::Closing { epoch, .. } if look.state.follows() => {
                self.work.begin(&mut self.random, now);
                Doing::Working { since: now, epoch }
            }
            // Whatever the reason was, the whole act from the start cures it.
            Doing::Closing { since, .. } if now > since.after(ANSWER_MAX) => {
                Doing::Resting { until: now.after(REST) }
            }
            Doing::Working { since, epoch }
                if !look.state.follows()
                    || self.work.wants_to_reindex(now.since(since).unwrap_or_default()) =>
            {
                if self.work.is_over(now) { self.open(epoch, now) } else { self.doing }
            }
            Doing::Working { .. } => {
                self.work.go_on(&mut self.random, now);
                self.doing
            }
            Doing::Startled { until, .. } if now >= until => {
                Doing::Resting { until: now.after(REST) }
            }
            other => other,
        };
    }

    fn open(&mut self, epoch: u32, now: Moment<Operator>) -> Doing {
        let close_at = now.after(self.pause());
        Doing::Waiting { since: now, close_at, epoch }
    }

    fn pause(&mut self) -> Duration {
        Duration::from_secs_f64(self.random.between(0.3, 0.8))
    }

    /// The stop reaches a hand that goes on for a moment.
    const fn startle(&mut self, now: Moment<Operator>) {
        let clutch = match self.doing {
            Doing::Waiting { .. } => Clutch::Open,
            Doing::Closing { .. } | Doing::Working { .. } => Clutch::Closed,
            Doing::Startled { until, .. } => {
                if until.as_ns() <= now.as_ns() {
                    self.doing = Doing::Resting { until: now.after(REST) };
                }
                return;
            }
            Doing::Arriving | Doing::Resting { .. } => return,
        };
        self.doing = Doing::Startled { until: now.after(REACTION), clutch };
    }
}

impl Work for Scripted {
    fn name(&self) -> &'static str {
        "scripted hand"
    }

    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        match &mut self.0 {
            Part::Probe(probe) => probe.observe(state),
            Part::Instruments(instruments) => instruments.observe(state),
            Part::Wheels(wheels) => wheels.observe(state, now),
        }
    }

    fn settle(&mut self, now: Moment<Operator>) {
        match &mut self.0 {
            // A probe has nothing that a hand must meet.
            Part::Probe(_) => {}
            Part::Instruments(instruments) => instruments.settle(now),
            Part::Wheels(wheels) => wheels.settle(),
        }
    }

    fn begin(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        match &mut self.0 {
            Part::Probe(probe) => probe.begin(random, now),
            Part::Instruments(instruments) => instruments.begin(random, now),
            Part::Wheels(wheels) => wheels.begin(random, now),
        }
    }

    fn go_on(&mut self, random: &mut SplitMix64, now: Moment<Operator>) {
        match &mut self.0 {
            Part::Probe(probe) => probe.go_on(random, now),
            Part::Instruments(instruments) => instruments.go_on(random, now),
            Part::Wheels(wheels) => wheels.go_on(random, now),
        }
    }

    fn is_over(&self, now: Moment<Operator>) -> bool {
        match &self.0 {
            Part::Probe(probe) => probe.is_over(now),
            Part::Instruments(instruments) => instruments.is_over(now),
            Part::Wheels(wheels) => wheels.is_over(now),
        }
    }

    fn motion(&mut self, now: Moment<Operator>) -> HandMotion {
        match &self.0 {
            Part::Probe(probe) => HandMotion::Displacement(probe.displacement(now)),
            Part::Instruments(instruments) => HandMotion::Arms(instruments.hands(now)),
            Part::Wheels(wheels) => wheels.motion(now),
        }
    }

    fn force_wanted_n(&self) -> f64 {
        match &self.0 {
            Part::Probe(probe) => probe.force_wanted_n(),
            Part::Instruments(_) | Part::Wheels(_) => 0.0,
        }
    }
}

impl<W: Work> HandDevice for Performer<W> {
    fn name(&self) -> &str {
        self.work.name()
    }

    fn sample(&mut self, now: Moment<Operator>) -> HandSample {
        self.act(now);
        let (deadman, clutch) = match self.doing {
            Doing::Arriving | Doing::Resting { .. } => (0.0, Clutch::Open),
            Doing::Waiting { .. } => (1.0, Clutch::Open),
            Doing::Closing { .. } | Doing::Working { .. } => (1.0, Clutch::Closed),
            Doing::Startled { clutch, .. } => (1.0, clutch),
        };
        let motion = self.work.motion(now);
        let force_wanted_n = self.work.force_wanted_n();
        // It is played anew in every tick: nothing of it can be older.
        let stamp = Stamp::Continuous(now);
        HandSample { deadman, clutch, motion, force_wanted_n, stamp, connected: true }
    }

    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        self.work.observe(state, now);
        self.look = Some(Look {
            state: state.state,
            epoch: state.epoch,
            blocked: !state.blocking.is_empty(),
            at: now,
        });
    }
}

const fn can_begin(state: OperatingState) -> bool {
    matches!(state, OperatingState::Ready | OperatingState::Hold)
}

#[cfg(test)]
mod tests;
