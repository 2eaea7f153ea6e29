//! One run of the suite: its ticks, what was measured last, and what came out so far.

use core::time::Duration;

use protocol::ARMS;
use protocol::time::{Moment, Robot as RobotClock};

use super::course::{Course, Place};
use super::limits::{
    BRAKING_MAX, LATENCY_SAMPLES_MAX, OFF_MAX, POWER_ON_MAX, RAMP_M_S, SETTLE, TICK, ticks,
};
use super::report::{Check, Finding, Value, Verdict, Why};
use super::rig::{Rig, Stage};
use super::{Cuboid, Space};
use crate::robot::{ArmOrder, Description, Order, OwnLimits, Reading, RobotFault};

/// Most resets between two checks.
const RECOVERIES_MAX: u32 = 5;

/// Why a check could not go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Trouble {
    /// A reading or an order that should have gone well ended in this fault.
    Fault(RobotFault),
    /// A number came that no robot has.
    Insane,
    /// The robot left its space.
    Left,
    /// The drives did not come on.
    NoPower,
    /// The space leaves no room.
    NoRoom,
}

/// Why nothing is tried any more.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    InFault(RobotFault),
    Left(Check),
}

/// A check or several that are tried together.
pub(super) struct Step {
    /// What is tried; the first is charged with trouble.
    pub checks: &'static [Check],
    /// What must have passed before.
    pub needs: &'static [Check],
    /// Tries it, and notes a verdict for each of `checks`.
    pub run: fn(&mut Trial<'_>) -> Result<(), Trouble>,
}

/// One run of the suite.
pub(super) struct Trial<'a> {
    pub rig: &'a mut dyn Rig,
    pub stage: &'a mut dyn Stage,
    pub description: Description,
    pub wanted: OwnLimits,
    /// The limits that the robot says are in force.
    pub own: OwnLimits,
    pub now: Moment<RobotClock>,
    pub latencies: Vec<Duration>,
    space: Space,
    place: Place,
    read_at: Option<Moment<RobotClock>>,
    read_took: Option<Duration>,
    gap_max: Duration,
    findings: Vec<Finding>,
    end: Option<End>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        rig: &'a mut dyn Rig,
        stage: &'a mut dyn Stage,
        description: Description,
        space: Space,
        wanted: OwnLimits,
    ) -> Self {
        Self {
            rig,
            now: stage.next_tick(),
            stage,
            place: Place::start(&description.body),
            description,
            wanted,
            own: wanted,
            latencies: Vec::new(),
            space,
            read_at: None,
            read_took: None,
            gap_max: Duration::ZERO,
            findings: Vec::new(),
            end: None,
        }
    }

    /// Ends what faults the robot is in. One that stays in a fault breaks its first promise: to be read.
    pub(super) fn begin(&mut self) {
        self.settle();
        if let Some(End::InFault(fault)) = self.end {
            self.charge(Check::Fresh, Trouble::Fault(fault));
        }
    }

    /// Tries one step, and leaves the drives off.
    pub(super) fn attempt(&mut self, step: &Step) {
        let Some(first) = step.checks.first() else { return };
        if let Some(why) = self.obstacle(step) {
            self.note_all(step.checks, Verdict::NotTried { why });
            return;
        }
        self.gap_max = Duration::ZERO;
        if let Err(trouble) = (step.run)(self) {
            self.charge(*first, trouble);
        }
        self.note_all(step.checks, Verdict::NotTried { why: Why::Needs(*first) });
        self.excuse(step.checks);
        self.settle();
    }

    /// Notes how `check` came out; the first word stands.
    pub(super) fn note(&mut self, check: Check, verdict: Verdict) {
        if !self.findings.iter().any(|f| f.check == check) {
            self.findings.push(Finding { check, verdict });
        }
    }

    /// Notes `check` as passed if `kept`, else as failed.
    pub(super) fn judge(
        &mut self,
        check: Check,
        kept: bool,
        (measured, limit): (Value, Value),
        advice: &'static str,
    ) {
        let verdict = if kept {
            Verdict::Passed { measured, limit }
        } else {
            Verdict::Failed { measured, limit, advice }
        };
        self.note(check, verdict);
    }

    /// Notes that `check` was not tried.
    pub(super) fn skip(&mut self, check: Check, why: Why) {
        self.note(check, Verdict::NotTried { why });
    }

    /// True if `check` has passed, or does not concern this kind of body.
    fn kept(&self, check: Check) -> bool {
        let foreign = Verdict::NotTried { why: Why::OtherBody };
        self.findings
            .iter()
            .any(|f| f.check == check && (f.verdict.passed() || f.verdict == foreign))
    }

    /// All findings, in the order of [`Check::ALL`].
    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|f| f.check);
        self.findings
    }

    /// Takes the time anew after something that was allowed to take long.
    pub(super) fn resume(&mut self) {
        self.now = self.stage.next_tick();
    }

    /// Reads at the next tick, whatever comes.
    pub(super) fn look(&mut self) -> Result<Reading, RobotFault> {
        let now = self.stage.next_tick();
        self.gap_max = self.gap_max.max(now.since(self.now).unwrap_or_default());
        self.now = now;
        let before = self.stage.stopwatch();
        let reading = self.rig.robot().read(now);
        self.read_took = span(before, self.stage.stopwatch());
        if let Ok(reading) = &reading {
            self.place = self.place.moved_to(reading, self.read_at);
            self.read_at = Some(reading.at);
        }
        reading
    }

    /// Reads at the next tick what must be true and inside the space.
    pub(super) fn read(&mut self) -> Result<Reading, Trouble> {
        let reading = self.look().map_err(Trouble::Fault)?;
        if !reading.is_sane() {
            return Err(Trouble::Insane);
        }
        if !self.inside(&reading) {
            let _ = self.rig.robot().stop(self.now);
            return Err(Trouble::Left);
        }
        Ok(reading)
    }

    /// Passes an order on in the tick of the last reading.
    pub(super) fn order(&mut self, order: &Order) -> Result<(), RobotFault> {
        let before = self.stage.stopwatch();
        let answer = self.rig.robot().command(order, self.now);
        let took = span(before, self.stage.stopwatch());
        if let (Some(read), Some(command)) = (self.read_took.take(), took)
            && self.latencies.len() < LATENCY_SAMPLES_MAX
        {
            self.latencies.push(read + command);
        }
        answer
    }

    /// One tick: reads, then passes the order on.
    pub(super) fn beat(&mut self, order: &Order) -> Result<Reading, Trouble> {
        let reading = self.read()?;
        self.order(order).map_err(Trouble::Fault)?;
        Ok(reading)
    }

    /// Gives the same order for `span`; returns the farthest that the robot was from `from`. Unit: metre.
    pub(super) fn repeat(
        &mut self,
        order: &Order,
        span: Duration,
        from: &Place,
    ) -> Result<f64, Trouble> {
        let mut farthest_m = 0.0_f64;
        for _ in 0..ticks(span) {
            self.beat(order)?;
            farthest_m = farthest_m.max(self.place.way_m(from));
        }
        Ok(farthest_m)
    }

    /// Where the robot was read last.
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// The drives on and settled, standing; what is read then.
    pub(super) fn power_up(&mut self) -> Result<Reading, Trouble> {
        let reading = self.until_powered(&Order::Stand)?;
        if reading.is_none() {
            return Err(Trouble::NoPower);
        }
        let here = self.place;
        self.repeat(&Order::Stand, SETTLE / 2, &here)?;
        self.beat(&Order::Stand)
    }

    /// Gives `order` until the drives are on; `None` if they stay off for too long.
    pub(super) fn until_powered(&mut self, order: &Order) -> Result<Option<Reading>, Trouble> {
        for _ in 0..ticks(POWER_ON_MAX) {
            let reading = self.beat(order)?;
            if reading.powered {
                return Ok(Some(reading));
            }
        }
        Ok(None)
    }

    /// The order that asks for nothing: to be where the reading says.
    pub(super) fn still(&self, reading: &Reading) -> Order {
        if self.description.body.arms() == 0 {
            return Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 };
        }
        let arms: [ArmOrder; ARMS] = core::array::from_fn(|i| {
            reading.arms.get(i).map_or_else(super::course::neutral, |a| ArmOrder {
                tip: a.tip,
                jaw_rad: a.jaw_rad,
            })
        });
        Order::Servo { arms }
    }

    /// A way to go from here, at the speed of [`Trial::ramp_m_s`].
    pub(super) fn course(&self, reading: &Reading) -> Result<Course, Trouble> {
        Course::from(reading, &self.description.body, &self.space, &self.place, self.ramp_m_s())
            .ok_or(Trouble::NoRoom)
    }

    /// Speed of the slow motion: half of the robot's own limit if that is less. Unit: metre per second.
    pub(super) fn ramp_m_s(&self) -> f64 {
        let usual =
            if self.description.body.arms() == 0 { super::limits::DRIVE_M_S } else { RAMP_M_S };
        usual.min(0.5 * self.speed_own_m_s())
    }

    /// The robot's own limit of speed: what it says is in force, or what it is able to. Unit: metre per second.
    pub(super) fn speed_own_m_s(&self) -> f64 {
        self.own.speed_max_m_s.min(self.description.body.speed_max_m_s())
    }

    /// How long a robot may move on once orders end.
    pub(super) fn coast(&self) -> Duration {
        self.description.watchdog + TICK + BRAKING_MAX
    }

    /// The box of arm `i`.
    pub(super) fn cuboid(&self, i: usize) -> Option<&Cuboid> {
        match &self.space {
            Space::Arms(boxes) => boxes.get(i),
            Space::Base { .. } => None,
        }
    }

    fn inside(&self, reading: &Reading) -> bool {
        match &self.space {
            Space::Arms(boxes) => reading
                .arms
                .iter()
                .zip(boxes)
                .take(self.description.body.arms())
                .all(|(arm, cuboid)| cuboid.holds(&arm.tip.position())),
            Space::Base { radius_m } => self.place.along_m().abs() <= *radius_m,
        }
    }

    /// Why `step` can not be tried.
    fn obstacle(&self, step: &Step) -> Option<Why> {
        match self.end {
            Some(End::InFault(fault)) => return Some(Why::InFault(fault)),
            Some(End::Left(check)) => return Some(Why::LeftSpace(check)),
            None => {}
        }
        step.needs.iter().find(|check| !self.kept(**check)).map(|check| Why::Needs(*check))
    }

    fn note_all(&mut self, checks: &[Check], verdict: Verdict) {
        for check in checks {
            self.note(*check, verdict);
        }
    }

    /// Charges trouble to `check`.
    fn charge(&mut self, check: Check, trouble: Trouble) {
        let failed = |measured, limit, advice| Verdict::Failed { measured, limit, advice };
        let verdict = match trouble {
            Trouble::Fault(fault) => failed(
                Value::Fault(fault),
                Value::Fact("no fault"),
                "find out what raised it: nothing was asked for but what 'expected' says",
            ),
            Trouble::Insane => failed(
                Value::Fact("a number that is none"),
                Value::Fact("numbers a robot can have"),
                "return RobotFault::Sensor for a reading that can not be right",
            ),
            Trouble::Left => {
                self.end = Some(End::Left(check));
                failed(
                    Value::Fact("it left its space"),
                    Value::Fact("inside its space"),
                    "compare frames and units of orders and readings, with the drives off",
                )
            }
            Trouble::NoPower => Verdict::NotTried { why: Why::NoPower },
            Trouble::NoRoom => Verdict::NotTried { why: Why::NoRoom },
        };
        self.note(check, verdict);
    }

    /// Takes back what failed while this computer paused: that is not the robot's failure.
    fn excuse(&mut self, checks: &[Check]) {
        if self.gap_max <= self.description.watchdog {
            return;
        }
        let why = Why::Paused(self.gap_max);
        for finding in &mut self.findings {
            if checks.contains(&finding.check) && finding.verdict.failed() {
                finding.verdict = Verdict::NotTried { why };
            }
        }
    }

    /// Takes the drives off and ends faults, so that the next check finds a robot that stands.
    fn settle(&mut self) {
        let mut fault = None;
        for round in 0..=RECOVERIES_MAX {
            for _ in 0..ticks(OFF_MAX) {
                fault = self.look().map_or_else(
                    Some,
                    |reading| {
                        if reading.powered { fault } else { None }
                    },
                );
                let _ = self.order(&Order::Off);
            }
            match fault {
                None => return,
                Some(_) if round < RECOVERIES_MAX => self.rig.robot().recover(),
                Some(fault) => self.end = self.end.or(Some(End::InFault(fault))),
            }
        }
    }
}

fn span(before: Option<Duration>, after: Option<Duration>) -> Option<Duration> {
    Some(after?.saturating_sub(before?))
}
