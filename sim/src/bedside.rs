//! What every simulated robot has around its plant: time, faults, limits of its own, the integrator's trait.
//!
//! A model to copy from: [`Simulated`] is what a driver for a real robot looks like. It answers at once, tells every
//! fault, keeps limits of its own, and leaves the rest of safety to the agent. Time passes in the plant as it passes
//! on the robot's clock: each reading first steps the plant up to now.

use core::time::Duration;

use protocol::time::{Moment, Robot as RobotTime};
use robot_agent::robot::{Body, Description, Order, OwnLimits, Reading, Robot, RobotFault};

use crate::watchdog::{Drives, WATCHDOG_S};

/// The step of a plant.
pub const STEP: Duration = Duration::from_millis(1);

/// The plant's own watchdog.
pub(crate) const WATCHDOG: Duration = Duration::from_millis((WATCHDOG_S * 1e3) as u64);

/// Steps made at most for one reading. A servo that slept longer finds that the plant lost the time; by then its
/// watchdog has tripped anyway.
const STEPS_MAX: u32 = 100;

/// How long the force may be beyond its own limit. The interlock, which may have the same one, stops and yields
/// first; what lasts longer is an agent that does neither.
const OVER_FORCE_MAX: Duration = Duration::from_millis(100);

/// A stamp from the future is this far ahead.
const AHEAD: Duration = Duration::from_millis(50);

/// Longest delay of sensors, in steps.
pub const DELAY_STEPS_MAX: usize = 8;

/// What can be broken in a simulated robot, for tests of those who must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimFault {
    /// The sensors repeat what they read last, bit by bit, under new stamps. The driver can not tell that from a
    /// robot that stands: who knows that it was asked to move must notice.
    FrozenSensor,
    /// The sensors' samples cease to come. The driver knows the time of the last one, and says it.
    LostSensor,
    /// A number that is read is none.
    NanReading,
    /// Readings are stamped ahead of the robot's clock.
    FutureReading,
    /// The drives are cut by hardware, as by the emergency stop.
    DrivesCut,
    /// The hardware answers nothing and takes no orders.
    Silent,
}

/// The order before the one that is asked about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Before<'a> {
    /// What it was.
    pub order: &'a Order,
    /// How long ago.
    pub span: Duration,
}

/// What moves, measures and has drives with a watchdog of their own.
pub trait Plant: Send {
    /// Name, as the console shows it.
    fn name(&self) -> String;

    /// What moves.
    fn body(&self) -> Body;

    /// The robot's own limits where nobody asked for tighter ones.
    fn widest(&self) -> OwnLimits;

    /// How many steps a sample is old when it can be read. At most [`DELAY_STEPS_MAX`].
    fn delay_steps(&self) -> usize {
        0
    }

    /// State of the drives.
    fn drives(&self) -> Drives;

    /// Releases the brakes and holds what the robot is doing: standing. Clears a tripped watchdog.
    fn enable_drives(&mut self);

    /// Takes the drives off; the brakes hold.
    fn disable_drives(&mut self);

    /// Moves everything on by [`STEP`] under an order; `None`: none arrived. The drives are on if the order needs
    /// them and nothing forbids it.
    fn step(&mut self, order: Option<&Order>);

    /// What the sensors measure now; `at` is the time of the last step.
    fn measure(&self, at: Moment<RobotTime>) -> Reading;

    /// The force that the robot's own limit is for, as its sensors read it. Unit: N.
    fn load_n(&self) -> f64;

    /// Whether an order can be taken, after `before`, with these own limits in force.
    ///
    /// # Errors
    /// Why not. Nothing has changed then.
    fn accepts(
        &self,
        order: &Order,
        before: Option<Before<'_>>,
        own: &OwnLimits,
    ) -> Result<(), RobotFault>;

    /// Called at each reading, after the steps: for whoever watches the plant.
    fn shown(&mut self) {}
}

/// A plant behind the integrator's trait.
pub struct Simulated<P> {
    plant: P,
    stepped_to: Option<Moment<RobotTime>>,
    /// The order that the next step takes.
    order: Option<Order>,
    /// The last motion that was ordered.
    last: Option<(Order, Moment<RobotTime>)>,
    own: OwnLimits,
    over_force: Duration,
    /// Why the drives have switched themselves off, until a reset.
    tripped: Option<RobotFault>,
    broken: Option<SimFault>,
    guard_open: bool,
    /// Samples on their way through the sensors, the newest last.
    samples: [Option<Reading>; DELAY_STEPS_MAX + 1],
    /// What the sensors read last before they broke.
    last_sample: Option<Reading>,
}

impl<P: Plant> Simulated<P> {
    /// A robot made of this plant, as an agent finds it that has just connected: its drives off.
    pub fn around(mut plant: P) -> Self {
        plant.disable_drives();
        Self {
            own: plant.widest(),
            plant,
            stepped_to: None,
            order: None,
            last: None,
            over_force: Duration::ZERO,
            tripped: None,
            broken: None,
            guard_open: false,
            samples: [None; DELAY_STEPS_MAX + 1],
            last_sample: None,
        }
    }

    /// What moves, for those who test.
    pub const fn inner(&self) -> &P {
        &self.plant
    }

    /// What moves, for those who push at it.
    pub const fn inner_mut(&mut self) -> &mut P {
        &mut self.plant
    }

    /// Breaks the robot, or mends it with `None`. Drives that were cut stay off until a reset.
    pub const fn set_fault(&mut self, fault: Option<SimFault>) {
        self.broken = fault;
        self.last_sample = None;
    }

    /// Opens or closes the guard at the robot. The robot only reports it.
    pub const fn set_guard_open(&mut self, open: bool) {
        self.guard_open = open;
    }

    /// Its time goes on until `now`.
    pub(crate) fn step_to(&mut self, now: Moment<RobotTime>) {
        let Some(mut at) = self.stepped_to else {
            self.stepped_to = Some(now);
            self.sample(now);
            return;
        };
        for _ in 0..STEPS_MAX {
            if at.after(STEP) > now {
                break;
            }
            at = at.after(STEP);
            // An order counts once: a robot that hears nothing more is for its watchdog to stop.
            let order = self.order.take();
            self.step(order.as_ref());
            self.sample(at);
        }
        // What is beyond the most steps is lost time, not debt.
        self.stepped_to = Some(if now.since(at).is_some_and(|d| d >= STEP) { now } else { at });
    }

    fn step(&mut self, order: Option<&Order>) {
        if self.broken == Some(SimFault::DrivesCut) {
            self.trip(RobotFault::Drives);
        }
        let may_power = self.tripped.is_none() && self.plant.drives() == Drives::Off;
        match order {
            Some(Order::Stand | Order::Servo { .. } | Order::Drive { .. }) if may_power => {
                self.plant.enable_drives();
            }
            // Only a reset ends the plant's own watchdog.
            Some(Order::Off) if self.plant.drives() == Drives::On => self.plant.disable_drives(),
            _ => {}
        }
        self.plant.step(order);
        let over =
            self.plant.drives() == Drives::On && !(self.plant.load_n() <= self.own.force_max_n);
        self.over_force = if over { self.over_force + STEP } else { Duration::ZERO };
        if self.over_force > OVER_FORCE_MAX {
            self.trip(RobotFault::Drives);
        }
    }

    /// The drives switch themselves off, until a reset.
    fn trip(&mut self, fault: RobotFault) {
        self.plant.disable_drives();
        self.tripped = self.tripped.or(Some(fault));
    }

    /// Sends what is measured at `at` on its way through the sensors.
    fn sample(&mut self, at: Moment<RobotTime>) {
        self.samples.rotate_left(1);
        if let Some(newest) = self.samples.last_mut() {
            *newest = Some(self.plant.measure(at));
        }
    }

    /// What has come through the sensors by now. Of a robot that has just begun, the first sample.
    fn arrived(&self) -> Option<Reading> {
        let old = self.samples.iter().rev().nth(self.plant.delay_steps().min(DELAY_STEPS_MAX));
        old.copied().flatten().or_else(|| self.samples.iter().flatten().next().copied())
    }

    /// What becomes of a sample in broken sensors.
    fn as_broken(&mut self, sample: &Reading) -> Reading {
        let mut reading = *sample;
        match self.broken {
            Some(SimFault::FrozenSensor) => {
                let kept = self.last_sample.get_or_insert(*sample);
                (reading.arms, reading.base) = (kept.arms, kept.base);
                reading.base.ranged_at = sample.base.ranged_at;
            }
            Some(SimFault::LostSensor) => reading = *self.last_sample.get_or_insert(*sample),
            Some(SimFault::NanReading) => {
                reading.base.linear_m_s = f64::NAN;
                if let Some(arm) = reading.arms.first_mut() {
                    arm.tip.iso.translation.vector.z = f64::NAN;
                }
            }
            Some(SimFault::FutureReading) => reading.at = sample.at.after(AHEAD),
            Some(SimFault::DrivesCut | SimFault::Silent) | None => {}
        }
        reading
    }
}

impl<P: Plant> Robot for Simulated<P> {
    fn describe(&self) -> Description {
        Description {
            name: format!("{}-sim", self.plant.name()),
            simulated: true,
            body: self.plant.body(),
            watchdog: WATCHDOG,
        }
    }

    fn read(&mut self, now: Moment<RobotTime>) -> Result<Reading, RobotFault> {
        self.step_to(now);
        self.plant.shown();
        if self.broken == Some(SimFault::Silent) {
            return Err(RobotFault::Silent);
        }
        if self.plant.drives() == Drives::Tripped {
            return Err(RobotFault::Watchdog);
        }
        if let Some(fault) = self.tripped {
            return Err(fault);
        }
        let mut sample = self.arrived().ok_or(RobotFault::Sensor)?;
        // Neither drives nor guards go through the sensors of motion.
        sample.powered = self.plant.drives() == Drives::On;
        sample.guard_open = self.guard_open;
        Ok(self.as_broken(&sample))
    }

    fn command(&mut self, order: &Order, now: Moment<RobotTime>) -> Result<(), RobotFault> {
        if self.broken == Some(SimFault::Silent) {
            return Err(RobotFault::Silent);
        }
        if !order.is_finite() {
            return Err(RobotFault::Refused);
        }
        let before = self.last.as_ref().map(|(order, at)| Before {
            order,
            span: now.since(*at).unwrap_or(STEP).clamp(STEP, WATCHDOG),
        });
        self.plant.accepts(order, before, &self.own)?;
        self.last = match order {
            Order::Off | Order::Stand => None,
            Order::Servo { .. } | Order::Drive { .. } => Some((*order, now)),
        };
        self.order = Some(*order);
        Ok(())
    }

    fn limit(&mut self, wanted: &OwnLimits) -> Result<OwnLimits, RobotFault> {
        // Written so that NaN is refused.
        if !(wanted.speed_max_m_s > 0.0 && wanted.force_max_n > 0.0) {
            return Err(RobotFault::Refused);
        }
        let widest = self.plant.widest();
        self.own = OwnLimits {
            speed_max_m_s: wanted.speed_max_m_s.min(widest.speed_max_m_s),
            force_max_n: wanted.force_max_n.min(widest.force_max_n),
        };
        Ok(self.own)
    }

    fn recover(&mut self) {
        self.plant.disable_drives();
        self.tripped = None;
        self.over_force = Duration::ZERO;
        (self.order, self.last) = (None, None);
    }
}
