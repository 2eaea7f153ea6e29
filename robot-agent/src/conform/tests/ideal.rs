//! A robot without mass: it is where it was last asked to be. With a flaw it breaks one promise.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::pose::{Base, Pose, Tip};
use protocol::time::{Moment, Robot as RobotClock};

use super::flaws::Flaw;
use crate::conform::{Act, Rig};
use crate::robot::{
    ArmOrder, ArmReading, BaseReading, Body, Description, Order, OwnLimits, Port, Reading, Robot,
    RobotFault, Shaft,
};

pub(super) const WATCHDOG: Duration = Duration::from_millis(30);
const TICK_S: f64 = 0.001;

/// Where the tips are at the start. Unit: metre.
pub(super) const HOMES_M: [[f64; 3]; ARMS] = [[0.5, 0.1, 0.3], [0.5, -0.1, 0.3]];

/// The robot, ideal but for its flaw.
pub(super) struct Ideal {
    pub arms: usize,
    pub flaw: Flaw,
    /// Real time as a stopwatch would show it: only a slow robot makes it pass. Unit: nanosecond.
    pub passed_ns: Arc<AtomicU64>,
    pub lost_at: Option<Moment<RobotClock>>,
    pub cut: bool,
    pub guard_open: bool,
    tips: [Pose<Base, Tip>; ARMS],
    velocity_m_s: [Vector3<f64>; ARMS],
    setpoint: [ArmOrder; ARMS],
    twist: (f64, f64),
    rolling: (f64, f64),
    engaged_at: [ArmOrder; ARMS],
    last: Order,
    limits: OwnLimits,
    powered: bool,
    pub fault: Option<RobotFault>,
    heard: Moment<RobotClock>,
    stepped: Moment<RobotClock>,
    /// Ticks since something that a flaw waits for.
    since: u32,
    equal: u32,
    reads: u32,
    described: AtomicU64,
    stops: u32,
}

impl Ideal {
    pub(super) fn new(arms: usize, flaw: Flaw) -> Self {
        let down = UnitQuaternion::from_euler_angles(core::f64::consts::PI, 0.0, 0.0);
        let tips =
            HOMES_M.map(|home| Pose::new(Isometry3::from_parts(Translation3::from(home), down)));
        let setpoint = tips.map(|tip| ArmOrder { tip, jaw_rad: 0.0 });
        Self {
            arms,
            flaw,
            passed_ns: Arc::default(),
            lost_at: None,
            cut: false,
            guard_open: false,
            tips,
            velocity_m_s: [Vector3::zeros(); ARMS],
            setpoint,
            twist: (0.0, 0.0),
            rolling: (0.0, 0.0),
            engaged_at: setpoint,
            last: Order::Off,
            limits: OwnLimits { speed_max_m_s: 0.5, force_max_n: 50.0 },
            powered: false,
            fault: None,
            heard: Moment::START,
            stepped: Moment::START,
            since: u32::MAX,
            equal: 0,
            reads: 0,
            described: AtomicU64::new(0),
            stops: 0,
        }
    }

    fn flawed(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// A new agent has connected.
    fn reconnect(&mut self) {
        self.powered = self.flawed(Flaw::RestartPowered);
        self.fault = None;
        if self.flawed(Flaw::RestartResumes) {
            for order in &mut self.setpoint {
                order.tip.iso.translation.vector.z += 0.002;
            }
        } else {
            self.stay();
        }
    }

    /// Forgets where it was to go.
    fn stay(&mut self) {
        self.setpoint = self.tips.map(|tip| ArmOrder { tip, jaw_rad: 0.0 });
        self.twist = (0.0, 0.0);
    }

    fn power_off(&mut self) {
        self.powered = false;
        self.stay();
    }

    fn step(&mut self, now: Moment<RobotClock>) {
        let dt_s = now.since(self.stepped).unwrap_or_default().as_secs_f64().clamp(0.0, 0.05);
        self.stepped = now;
        let silence = now.since(self.heard).unwrap_or_default();
        let deaf = self.flawed(Flaw::NoWatchdog);
        if self.powered && silence > WATCHDOG && self.fault.is_none() && !deaf {
            let wrong = self.flawed(Flaw::WrongFault);
            self.fault = Some(if wrong { RobotFault::Silent } else { RobotFault::Watchdog });
            self.power_off();
        }
        if self.cut {
            self.power_off();
        }
        self.since = self.since.saturating_add(1);
        let before = self.tips;
        if self.powered {
            self.follow(dt_s);
        } else if match self.flaw {
            Flaw::CoastsOn => self.fault.is_some(),
            Flaw::RecoverMoves => self.fault.is_none() && self.since < 100,
            _ => false,
        } {
            self.shift(0.02 * dt_s);
        }
        self.rolling = self.rolled(dt_s);
        for (v, (tip, before)) in self.velocity_m_s.iter_mut().zip(self.tips.iter().zip(&before)) {
            *v = (tip.position() - before.position()) / dt_s.max(TICK_S);
        }
    }

    fn follow(&mut self, dt_s: f64) {
        let lag = match self.flaw {
            Flaw::Lags => (dt_s / 0.4).min(1.0),
            Flaw::DeafToMotion => 0.0,
            _ => 1.0,
        };
        for (tip, order) in self.tips.iter_mut().zip(&self.setpoint) {
            let rotation = order.tip.iso.rotation;
            let way = (order.tip.position() - tip.position()) * lag;
            tip.iso.translation.vector += way;
            tip.iso.rotation = rotation;
        }
        let decays = self.since < 20;
        if self.flawed(Flaw::Drifts) && self.equal > 300 {
            self.shift_setpoint(0.001 * dt_s);
        } else if self.flawed(Flaw::JumpsAtEngage) && decays {
            self.shift(0.000_7);
        } else if self.flawed(Flaw::RemembersEngage) && decays {
            self.tips = self.engaged_at.map(|order| order.tip);
        }
    }

    fn shift(&mut self, way_m: f64) {
        for tip in &mut self.tips {
            tip.iso.translation.vector.x += way_m;
        }
    }

    fn shift_setpoint(&mut self, way_m: f64) {
        for order in &mut self.setpoint {
            order.tip.iso.translation.vector.x += way_m;
        }
    }

    /// Speed and turn rate of the base after a step.
    fn rolled(&self, dt_s: f64) -> (f64, f64) {
        let (wanted, turn) = if self.powered { self.twist } else { (0.0, 0.0) };
        let stopping = wanted == 0.0 && self.rolling.0 != 0.0;
        match self.flaw {
            Flaw::RollsOnInSilence if self.fault.is_some() => self.rolling,
            Flaw::RollsOnInSilence if !self.powered => {
                (if self.since < 20 { self.rolling.0 } else { 0.0 }, 0.0)
            }
            Flaw::LongStopWay if self.powered && stopping => {
                let left = (self.rolling.0.abs() - 0.02 * dt_s).max(0.0);
                (left * self.rolling.0.signum(), turn)
            }
            Flaw::HalfSpeed => (0.5 * wanted, turn),
            Flaw::TurnsTheOtherWay => (wanted, -turn),
            Flaw::RollsAtEngage if self.since < 200 && self.powered => (wanted + 0.05, turn),
            Flaw::Creeps if self.equal > 600 && self.last == Order::Stand => (wanted + 0.02, turn),
            _ => (wanted, turn),
        }
    }

    fn reading(&mut self, at: Moment<RobotClock>) -> Reading {
        let mut reading = Reading::resting(at);
        reading.powered = match self.flaw {
            Flaw::NeverPowered => false,
            Flaw::MadeUpWhileCut if self.cut => true,
            _ => self.powered,
        };
        reading.guard_open = match self.flaw {
            Flaw::GuardUnseen => false,
            Flaw::GuardSticks => {
                self.stops |= u32::from(self.guard_open);
                self.stops != 0
            }
            _ => self.guard_open,
        };
        for i in 0..self.arms {
            let sign = if self.flawed(Flaw::VelocityBackwards) { -1.0 } else { 1.0 };
            reading.arms[i] = ArmReading {
                tip: self.tips[i],
                velocity_m_s: self.velocity_m_s[i] * sign,
                ..ArmReading::absent()
            };
        }
        if self.flawed(Flaw::NoNumber) && self.reads.is_multiple_of(100) {
            reading.arms[0].force_n.y = f64::NAN;
        }
        if self.arms == 0 {
            reading.base = BaseReading {
                linear_m_s: self.rolling.0,
                angular_rad_s: self.rolling.1,
                ahead_m: 3.0,
                ..BaseReading::absent()
            };
        }
        match self.flaw {
            Flaw::RangeBelowZero => reading.base.ahead_m = -1.0,
            Flaw::RangeNoNumber => reading.base.behind_m = f64::NAN,
            Flaw::BumperNoNumber => reading.base.bumper_n = f64::NAN,
            _ => {}
        }
        reading
    }

    fn spend(&self, micros: u64) {
        self.passed_ns.fetch_add(micros * 1_000, Ordering::Relaxed);
    }

    fn obey(&mut self, order: &Order, now: Moment<RobotClock>) -> Result<(), RobotFault> {
        if !order.is_finite() {
            if self.flawed(Flaw::RefusesAndMoves) {
                self.shift_setpoint(0.001);
                self.twist.0 += 0.1;
            }
            let accepts = self.flawed(Flaw::AcceptsNoNumber);
            return if accepts { Ok(()) } else { Err(RobotFault::Refused) };
        }
        let elapsed_s = now.since(self.heard).unwrap_or_default().as_secs_f64().clamp(TICK_S, 0.01);
        self.heard = now;
        self.equal = if *order == self.last { self.equal + 1 } else { 0 };
        let before = core::mem::replace(&mut self.last, *order);
        if self.flawed(Flaw::ForgetsItsWatchdog) && self.fault.is_some() {
            self.fault = None;
        }
        if self.fault.is_some() || self.cut {
            return Ok(());
        }
        match order {
            Order::Off if self.flawed(Flaw::OffIgnored) => {}
            Order::Off => self.power_off(),
            Order::Stand => {
                self.powered = true;
                self.twist = (0.0, 0.0);
            }
            Order::Servo { arms } if self.arms > 0 => self.servo(arms, &before, elapsed_s)?,
            Order::Drive { linear_m_s, angular_rad_s } if self.arms == 0 => {
                self.drive((*linear_m_s, *angular_rad_s), &before)?;
            }
            _ => return Err(RobotFault::Refused),
        }
        Ok(())
    }

    fn servo(
        &mut self,
        arms: &[ArmOrder; ARMS],
        before: &Order,
        elapsed_s: f64,
    ) -> Result<(), RobotFault> {
        let may_m = self.limits.speed_max_m_s * elapsed_s + 0.000_1;
        let too_far = arms
            .iter()
            .zip(&self.setpoint)
            .take(self.arms)
            .any(|(new, old)| (new.tip.position() - old.tip.position()).norm() > may_m);
        if too_far && !self.flawed(Flaw::NoLimitOfItsOwn) {
            if self.flawed(Flaw::RefusesAndLeaps) {
                self.shift_setpoint(0.005);
            }
            return Err(RobotFault::Refused);
        }
        if !self.powered && self.flawed(Flaw::ServoWithoutPower) {
            return Ok(());
        }
        let first = !matches!(before, Order::Servo { .. });
        let from_off = matches!(before, Order::Off);
        if first && self.flawed(Flaw::JumpsAtEngage) && !from_off
            || from_off && self.flawed(Flaw::RemembersEngage)
        {
            self.since = 0;
        }
        if first && !from_off {
            self.engaged_at = *arms;
        }
        self.powered = true;
        for ((old, new), tip) in self.setpoint.iter_mut().zip(arms).zip(&self.tips).take(self.arms)
        {
            *old = *new;
            if self.flaw == Flaw::DeafToTurns {
                old.tip.iso.rotation = tip.iso.rotation;
            }
        }
        Ok(())
    }

    fn drive(&mut self, twist: (f64, f64), before: &Order) -> Result<(), RobotFault> {
        let too_fast = twist.0.abs() > self.limits.speed_max_m_s;
        if too_fast && !self.flawed(Flaw::NoLimitOfItsOwn) {
            return Err(RobotFault::Refused);
        }
        if matches!(before, Order::Stand) && self.flawed(Flaw::RollsAtEngage) {
            self.since = 0;
        }
        self.powered = true;
        self.twist = twist;
        Ok(())
    }
}

impl Robot for Ideal {
    fn describe(&self) -> Description {
        let n = self.described.fetch_add(1, Ordering::Relaxed);
        let crooked = Port {
            centre_m: Vector3::zeros(),
            axis: Vector3::new(0.0, 0.0, -2.0),
            shaft: Shaft::Wristed,
        };
        let flawed = |flaw| self.flaw == flaw;
        let speed_max_m_s = if flawed(Flaw::SpeedNoNumber) { f64::NAN } else { 0.5 };
        let count = if flawed(Flaw::ThreeArms) { 3 } else { self.arms };
        let ports = [None, flawed(Flaw::PortAxisTooLong).then_some(crooked)];
        Description {
            name: if flawed(Flaw::Renames) { format!("ideal {n}") } else { "ideal".to_owned() },
            simulated: true,
            body: if self.arms > 0 {
                Body::Arms { count, speed_max_m_s, ports }
            } else {
                Body::Base { speed_max_m_s }
            },
            watchdog: match self.flaw {
                Flaw::WatchdogOfNothing => Duration::ZERO,
                Flaw::WatchdogTooLong => Duration::from_millis(150),
                _ => WATCHDOG,
            },
        }
    }

    fn read(&mut self, now: Moment<RobotClock>) -> Result<Reading, RobotFault> {
        self.reads += 1;
        self.spend(match self.flaw {
            Flaw::AlwaysSlow => 400,
            Flaw::OnceStalled if self.reads == 500 => 1_500,
            _ => 10,
        });
        self.step(now);
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.cut && !self.flawed(Flaw::MadeUpWhileCut) {
            return Err(RobotFault::Drives);
        }
        let sampled = self.lost_at.filter(|_| !self.flawed(Flaw::StampsOfTheCall)).unwrap_or(now);
        let at = match self.flaw {
            Flaw::OldReadings => Moment::from_ns(sampled.as_ns() - 25_000_000),
            Flaw::FutureReadings => sampled.after(Duration::from_micros(1)),
            Flaw::BackwardReadings if self.reads.is_multiple_of(7) => {
                Moment::from_ns(sampled.as_ns() - 5_000_000)
            }
            Flaw::FirstStampForEver => Moment::from_ns(1_000_000_000),
            _ => sampled,
        };
        let mut reading = self.reading(at);
        let stopped = self.flawed(Flaw::RangeOld);
        reading.base.ranged_at = if stopped { Moment::from_ns(1_000_000_000) } else { now };
        Ok(reading)
    }

    fn command(&mut self, order: &Order, now: Moment<RobotClock>) -> Result<(), RobotFault> {
        self.spend(if self.flawed(Flaw::AlwaysSlow) { 200 } else { 10 });
        self.obey(order, now)
    }

    fn stop(&mut self, now: Moment<RobotClock>) -> Result<(), RobotFault> {
        self.stops += 1;
        match self.flaw {
            Flaw::StopIgnored => Ok(()),
            Flaw::StopsOnce if self.stops > 1 => Err(RobotFault::Refused),
            _ => self.command(&Order::Off, now),
        }
    }

    fn limit(&mut self, wanted: &OwnLimits) -> Result<OwnLimits, RobotFault> {
        match self.flaw {
            Flaw::LimitsIgnored => {}
            Flaw::LimitsOfForceIgnored => self.limits.speed_max_m_s = wanted.speed_max_m_s,
            _ => self.limits = *wanted,
        }
        Ok(self.limits)
    }

    fn recover(&mut self) {
        if self.flawed(Flaw::RecoverIgnored) {
            return;
        }
        if self.fault.take().is_some() {
            self.since = 0;
        }
        self.power_off();
    }
}

/// A rig that can do everything.
pub(super) struct Hands {
    pub robot: Ideal,
}

impl Rig for Hands {
    fn robot(&mut self) -> &mut dyn Robot {
        &mut self.robot
    }

    fn freeze_sensor(&mut self) -> Act {
        self.robot.lost_at = Some(self.robot.stepped);
        Act::Done
    }

    fn thaw_sensor(&mut self) {
        self.robot.lost_at = None;
    }

    fn open_guard(&mut self) -> Act {
        self.robot.guard_open = true;
        Act::Done
    }

    fn close_guard(&mut self) {
        self.robot.guard_open = false;
    }

    fn cut_drives(&mut self) -> Act {
        self.robot.cut = true;
        Act::Done
    }

    fn restore_drives(&mut self) {
        self.robot.cut = false;
    }

    fn restart(&mut self) -> Act {
        self.robot.reconnect();
        Act::Done
    }
}
