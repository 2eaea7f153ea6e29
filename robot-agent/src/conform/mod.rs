//! Tries whether a robot keeps the promises of [`Robot`](crate::robot::Robot).
//!
//! Problem: the interlocks of this crate rest on promises that only the integrator can keep: that a reading is
//! true, that a refused order moves nothing, that silence stops the robot. A driver that breaks one works well
//! on every good day.
//!
//! The naive ways: a checklist, which is signed; tests against a mock, which try the mock. Here the driver and
//! the robot themselves are tried, by one suite for simulated robots and for steel, in the order from harmless to
//! less harmless: nothing is moved before the readings can be trusted and the drives go off.
//!
//! Method: the suite stands where the servo thread would: at every tick it reads and gives an order. It moves a few
//! millimetres at a few millimetres per second (a base a few centimetres), inside the [`Space`] that the caller
//! gives, says so before, and does not start without [`Consent`]. It reads no clock: ticks and stopwatch come from
//! the caller's [`Stage`]. What only hands can do (pull a plug, press a button) comes from the caller's [`Rig`];
//! what the rig can not do is reported as not tried, never as passed.
//!
//! Limits: it finds broken promises, it proves none. Forces are not tried: nothing is touched. Frames are tried
//! only as far as orders and readings agree; that the base frame has z up, somebody must look.
//!
//! ```
//! use core::time::Duration;
//! use nalgebra::Vector3;
//! use protocol::time::{Moment, Robot as RobotClock};
//! use robot_agent::conform::{Bare, Check, Consent, Cuboid, Space, Suite, VirtualTime};
//! use robot_agent::robot::{
//!     ArmReading, Body, Description, Order, OwnLimits, Reading, Robot, RobotFault,
//! };
//!
//! /// An arm without mass: it is where it was last asked to be.
//! struct Featherweight {
//!     arm: ArmReading,
//!     powered: bool,
//!     silent_since: Moment<RobotClock>,
//!     tripped: bool,
//!     limits: OwnLimits,
//! }
//!
//! const WATCHDOG: Duration = Duration::from_millis(30);
//!
//! impl Robot for Featherweight {
//!     fn describe(&self) -> Description {
//!         Description {
//!             name: "featherweight".to_owned(),
//!             simulated: true,
//!             body: Body::Arms { count: 1, speed_max_m_s: 0.5, ports: [None; 2] },
//!             watchdog: WATCHDOG,
//!         }
//!     }
//!
//!     fn read(&mut self, now: Moment<RobotClock>) -> Result<Reading, RobotFault> {
//!         let silence = now.since(self.silent_since).unwrap_or_default();
//!         self.tripped |= self.powered && silence > WATCHDOG;
//!         if self.tripped {
//!             return Err(RobotFault::Watchdog);
//!         }
//!         let arms = [self.arm, ArmReading::absent()];
//!         Ok(Reading { powered: self.powered, arms, ..Reading::resting(now) })
//!     }
//!
//!     fn command(&mut self, order: &Order, now: Moment<RobotClock>) -> Result<(), RobotFault> {
//!         if !order.is_finite() {
//!             return Err(RobotFault::Refused);
//!         }
//!         let silence_s = now.since(self.silent_since).unwrap_or_default().as_secs_f64();
//!         self.silent_since = now;
//!         match order {
//!             Order::Off => self.powered = false,
//!             Order::Stand => self.powered = true,
//!             Order::Servo { arms: [arm, _] } => {
//!                 let way_m = (arm.tip.position() - self.arm.tip.position()).norm();
//!                 if way_m > self.limits.speed_max_m_s * silence_s.clamp(0.001, 0.01) + 0.000_1 {
//!                     return Err(RobotFault::Refused);
//!                 }
//!                 let step = arm.tip.position() - self.arm.tip.position();
//!                 self.arm.velocity_m_s = step / silence_s.max(0.001);
//!                 (self.powered, self.arm.tip) = (true, arm.tip);
//!             }
//!             Order::Drive { .. } => return Err(RobotFault::Refused),
//!         }
//!         Ok(())
//!     }
//!
//!     fn limit(&mut self, wanted: &OwnLimits) -> Result<OwnLimits, RobotFault> {
//!         self.limits = *wanted;
//!         Ok(self.limits)
//!     }
//!
//!     fn recover(&mut self) {
//!         (self.tripped, self.powered) = (false, false);
//!     }
//! }
//!
//! let limits = OwnLimits { speed_max_m_s: 0.1, force_max_n: 20.0 };
//! let mut rig = Bare(Featherweight {
//!     arm: ArmReading::absent(),
//!     powered: false,
//!     silent_since: Moment::START,
//!     tripped: false,
//!     limits,
//! });
//! let suite = Suite { space: Space::Arms([Cuboid::around(&Vector3::zeros(), 0.15); 2]), limits };
//! let mut stage = VirtualTime::starting(Moment::from_ns(1_000_000_000));
//!
//! // Without consent it only says what it would do.
//! let refusal = suite.run(&mut rig, &mut stage, Consent::NotGiven).unwrap_err();
//! assert!(refusal.to_string().contains("nobody has confirmed"));
//!
//! let report = suite.run(&mut rig, &mut stage, Consent::RobotMayMove).unwrap();
//! assert!(report.passed(), "{report}");
//! assert!(report.verdict(Check::Silence).unwrap().passed());
//! assert!(report.not_tried().any(|check| check == Check::Guard), "this rig has no hands");
//! ```
//!
//! For a robot of steel: `RealTime` (feature `shell`) in place of [`VirtualTime`], and a [`Rig`] of your own
//! in place of [`Bare`].

use core::fmt;

use nalgebra::Vector3;
use protocol::ARMS;

mod course;
mod faults;
pub mod limits;
mod motion;
#[cfg(feature = "shell")]
mod real_time;
mod refusals;
mod report;
mod rest;
mod rig;
mod trial;

#[cfg(test)]
mod tests;

#[cfg(feature = "shell")]
pub use real_time::RealTime;
pub use report::{Check, Finding, Report, Value, Verdict, Why};
pub use rig::{Act, Bare, Rig, Stage, VirtualTime};

use crate::robot::{Body, Description, OwnLimits};
use trial::{Step, Trial};

/// An upright box. Frame: base. Unit: metre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cuboid {
    /// Its lowest corner.
    pub min_m: Vector3<f64>,
    /// Its highest corner.
    pub max_m: Vector3<f64>,
}

impl Cuboid {
    /// The cube around `centre_m` that reaches `reach_m` to every side.
    pub fn around(centre_m: &Vector3<f64>, reach_m: f64) -> Self {
        Self { min_m: centre_m.add_scalar(-reach_m), max_m: centre_m.add_scalar(reach_m) }
    }

    /// True if `point_m` is in it.
    pub fn holds(&self, point_m: &Vector3<f64>) -> bool {
        point_m
            .iter()
            .zip(self.min_m.iter().zip(self.max_m.iter()))
            .all(|(x, (min, max))| (*min..=*max).contains(x))
    }

    /// The way from `point_m` along the unit vector `along` to its wall; 0 from outside. Unit: metre.
    fn room_m(&self, point_m: &Vector3<f64>, along: &Vector3<f64>) -> f64 {
        let walls = self.min_m.iter().zip(self.max_m.iter());
        let room_m = point_m.iter().zip(along.iter()).zip(walls).fold(
            f64::INFINITY,
            |room_m, ((x, slope), (min, max))| {
                let wall = if *slope > 0.0 { max - x } else { x - min };
                // An axis along which nothing moves has room enough.
                if slope.abs() < 1e-9 { room_m } else { room_m.min(wall / slope.abs()) }
            },
        );
        if self.holds(point_m) { room_m } else { 0.0 }
    }

    fn is_sane(&self) -> bool {
        self.min_m
            .iter()
            .zip(self.max_m.iter())
            .all(|(min, max)| min.is_finite() && max.is_finite() && min < max)
    }
}

/// Where the robot may move. It must be free of people and things.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Space {
    /// One box for each tip; that of an absent arm does not count.
    Arms([Cuboid; ARMS]),
    /// How far a base may roll either way from where it stands; it also turns there.
    Base {
        /// Unit: metre.
        radius_m: f64,
    },
}

/// Whether somebody who sees the robot has said that it may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Nobody has.
    NotGiven,
    /// The space is free, an emergency stop is within reach, and somebody watches.
    RobotMayMove,
}

/// What the suite will do to a robot, to be read before consent is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// The robot's name.
    pub robot: String,
    /// True if nothing real moves.
    pub simulated: bool,
    /// Where it moves.
    pub space: Space,
    /// The robot's own limits that are asked for.
    pub limits: OwnLimits,
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.simulated { "simulated" } else { "real" };
        writeln!(f, "Conformance of the {kind} robot '{}'.", self.robot)?;
        match &self.space {
            Space::Arms(_) => write!(
                f,
                "Its drives go on and off. Each tip moves by {} mm at {} mm/s and turns by {:.1} deg, inside \
                 its box;\nonce a jump of up to {} mm inside that box is asked for, which a robot refuses or \
                 takes at its own {} mm/s.",
                limits::WAY_M * 1e3,
                limits::RAMP_M_S * 1e3,
                limits::TURN_RAD.to_degrees(),
                limits::LEAP_M * 1e3,
                self.limits.speed_max_m_s * 1e3,
            )?,
            Space::Base { radius_m } => write!(
                f,
                "Its drives go on and off. It rolls at {} mm/s within {radius_m} m either way and turns by \
                 {:.1} deg;\nonce a speed beyond its own {} mm/s is asked for, for {} ticks.",
                limits::DRIVE_M_S * 1e3,
                (limits::DRIVE_RAD_S * limits::DRIVE_TIME.as_secs_f64()).to_degrees(),
                self.limits.speed_max_m_s * 1e3,
                limits::LEAP_TICKS,
            )?,
        }
        f.write_str("\nKeep people away and a hand on the emergency stop.")
    }
}

/// Why the suite did not start. Nothing has moved.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// Nobody has confirmed that the robot may move: this is what it would do.
    NotConfirmed(Box<Announcement>),
    /// The space is for another kind of body.
    OtherBody,
    /// A number of the space or of the limits is none, or a box is empty.
    NotASpace,
    /// A tip is outside its box.
    Outside {
        /// Which arm, from 0.
        arm: usize,
        /// Where its tip is. Frame: base. Unit: metre.
        tip_m: Vector3<f64>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfirmed(announcement) => write!(
                f,
                "{announcement}\nNot started: nobody has confirmed that the robot may move. Look, then give \
                 Consent::RobotMayMove."
            ),
            Self::OtherBody => f.write_str(
                "the space must be of the robot's kind: boxes for arms, a radius for a base",
            ),
            Self::NotASpace => f.write_str(
                "expected finite corners, the lower below the higher, a radius and limits above 0",
            ),
            Self::Outside { arm, tip_m } => write!(
                f,
                "the tip of arm {arm} is outside its box, at {:.1} {:.1} {:.1} mm: move it in or choose the box \
                 around it",
                tip_m.x * 1e3,
                tip_m.y * 1e3,
                tip_m.z * 1e3
            ),
        }
    }
}

impl core::error::Error for Refusal {}

/// The suite: where a robot may move, and which own limits are asked of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suite {
    /// Where it may move.
    pub space: Space,
    /// The own limits that are asked for: those of the profile that it will be used with.
    pub limits: OwnLimits,
}

/// What must have passed before anything is moved.
const TRUSTED: &[Check] = &[Check::Describe, Check::Fresh, Check::Sane, Check::Ranges, Check::Off];

/// What is tried, from harmless to less harmless.
const STEPS: &[Step] = &[
    Step { checks: &[Check::Describe], needs: &[], run: rest::describe },
    Step { checks: &[Check::Fresh, Check::Sane, Check::Ranges], needs: &[], run: rest::readings },
    Step { checks: &[Check::Limits], needs: &[], run: rest::limits },
    Step {
        checks: &[Check::Powered],
        needs: &[Check::Describe, Check::Fresh, Check::Sane, Check::Ranges],
        run: rest::powered,
    },
    Step {
        checks: &[Check::Off],
        needs: &[Check::Describe, Check::Fresh, Check::Sane, Check::Ranges],
        run: rest::off,
    },
    Step { checks: &[Check::Stands], needs: TRUSTED, run: motion::stands },
    Step { checks: &[Check::NotFinite], needs: TRUSTED, run: refusals::not_finite },
    Step { checks: &[Check::Engage], needs: TRUSTED, run: motion::engage },
    Step { checks: &[Check::Silence, Check::Recover], needs: TRUSTED, run: faults::silence },
    Step {
        checks: &[Check::Follows, Check::Velocity, Check::StopWay],
        needs: TRUSTED,
        run: motion::follows,
    },
    Step { checks: &[Check::Turns], needs: TRUSTED, run: motion::turns },
    Step { checks: &[Check::Reengage], needs: TRUSTED, run: motion::reengage },
    Step {
        checks: &[Check::TooFast],
        needs: &[
            Check::Describe,
            Check::Fresh,
            Check::Sane,
            Check::Ranges,
            Check::Off,
            Check::Limits,
        ],
        run: refusals::too_fast,
    },
    Step { checks: &[Check::Stop], needs: TRUSTED, run: faults::stop },
    Step { checks: &[Check::Guard], needs: &[], run: faults::guard },
    Step { checks: &[Check::Drives], needs: TRUSTED, run: faults::drives },
    Step { checks: &[Check::Sensor], needs: TRUSTED, run: faults::sensor },
    Step { checks: &[Check::Restart], needs: TRUSTED, run: faults::restart },
    Step { checks: &[Check::Latency], needs: &[], run: rest::latency },
];

impl Suite {
    /// What [`Suite::run`] will do to this robot.
    pub fn announcement(&self, robot: &Description) -> Announcement {
        Announcement {
            robot: robot.name.clone(),
            simulated: robot.simulated,
            space: self.space,
            limits: self.limits,
        }
    }

    /// Tries every promise; about twenty seconds on the stage's clock. Leaves the drives off.
    ///
    /// # Errors
    /// A [`Refusal`], before anything was asked of the robot but its description and one reading.
    pub fn run(
        &self,
        rig: &mut dyn Rig,
        stage: &mut dyn Stage,
        consent: Consent,
    ) -> Result<Report, Refusal> {
        let description = rig.robot().describe();
        let announcement = self.announcement(&description);
        self.check_space(&description)?;
        match consent {
            Consent::NotGiven => return Err(Refusal::NotConfirmed(Box::new(announcement))),
            Consent::RobotMayMove => {}
        }
        let arms = description.body.arms();
        let mut trial = Trial::new(rig, stage, description, self.space, self.limits);
        if let (Ok(reading), Space::Arms(boxes)) = (trial.look(), &self.space) {
            let sites = reading.arms.iter().zip(boxes).take(arms).enumerate();
            for (arm, (read, cuboid)) in sites {
                let tip_m = read.tip.position();
                // A place that is no number is for the check of the readings.
                if tip_m.iter().all(|x| x.is_finite()) && !cuboid.holds(&tip_m) {
                    return Err(Refusal::Outside { arm, tip_m });
                }
            }
        }
        trial.begin();
        for step in STEPS {
            trial.attempt(step);
        }
        let now = trial.now;
        let _ = trial.rig.robot().stop(now);
        Ok(Report { announcement, findings: trial.into_findings() })
    }

    fn check_space(&self, robot: &Description) -> Result<(), Refusal> {
        let above_zero = |x: f64| x.is_finite() && x > 0.0;
        let sane = match (&self.space, &robot.body) {
            (Space::Arms(boxes), Body::Arms { .. }) => {
                boxes.iter().take(robot.body.arms()).all(Cuboid::is_sane)
            }
            (Space::Base { radius_m }, Body::Base { .. }) => above_zero(*radius_m),
            (Space::Arms(_), Body::Base { .. }) | (Space::Base { .. }, Body::Arms { .. }) => {
                return Err(Refusal::OtherBody);
            }
        };
        let limits = above_zero(self.limits.speed_max_m_s) && above_zero(self.limits.force_max_n);
        if sane && limits { Ok(()) } else { Err(Refusal::NotASpace) }
    }
}
