//! What is tried with the drives on: standing, engaging, following.

use protocol::ARMS;

use super::course::{Course, behind};
use super::limits::{
    DRIFT_MAX_M, DRIVE_RAD_S, DRIVE_SHARE_MAX, DRIVE_TIME, JUMP_MAX_M, LAG_MAX_M, OFF_MAX,
    POWER_ON_MAX, ROLL_MAX_M, SETTLE, STANDS_M_S, STOP_WAY_MAX_M, TICK, TURN_LAG_MAX_RAD, TURN_RAD,
    TURN_RAD_S, VELOCITY_OFF_MAX_M_S, VELOCITY_SHARE_MAX, WATCH, ticks,
};
use super::report::{Check, Value, Why};
use super::trial::{Trial, Trouble};
use crate::robot::{Order, Reading};

/// What to do about a driver that does not start from where the robot is.
const START_HERE: &str =
    "when the drives come on, or Servo follows Stand, start from the measured pose";

/// The order that asks a base for nothing, and the end of its motion.
const HALT: Order = Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 };

impl Trial<'_> {
    /// Most that the robot may move where nothing was asked for. Unit: metre.
    pub(super) fn jump_max_m(&self) -> f64 {
        if self.description.body.arms() == 0 { ROLL_MAX_M } else { JUMP_MAX_M }
    }

    /// Goes the first `count` ticks of `course`; returns the last order.
    pub(super) fn set_off(&mut self, course: &Course, count: u32) -> Result<Order, Trouble> {
        let mut order = course.order(0);
        for tick in 1..=count {
            order = course.order(tick);
            self.beat(&order)?;
        }
        Ok(order)
    }
}

/// Equal orders move nothing.
pub(super) fn stands(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let limit_m = if trial.description.body.arms() == 0 { ROLL_MAX_M } else { DRIFT_MAX_M };
    let mut farthest_m = 0.0_f64;
    for order in [trial.still(&reading), Order::Stand] {
        trial.repeat(&order, SETTLE / 2, &trial.place())?;
        farthest_m = farthest_m.max(trial.repeat(&order, WATCH, &trial.place())?);
    }
    trial.judge(
        Check::Stands,
        farthest_m <= limit_m,
        (Value::Way(farthest_m), Value::Way(limit_m)),
        "hold the last setpoint: do not add up offsets, do not follow the measured pose",
    );
    Ok(())
}

/// From `Stand`, the first order at the measured pose moves nothing.
pub(super) fn engage(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let (here, limit_m) = (trial.place(), trial.jump_max_m());
    let moved_m = trial.repeat(&trial.still(&reading), SETTLE, &here)?;
    let values = (Value::Way(moved_m), Value::Way(limit_m));
    trial.judge(Check::Engage, moved_m <= limit_m, values, START_HERE);
    Ok(())
}

/// From `Off`, elsewhere than where it was engaged before, neither.
pub(super) fn reengage(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let course = trial.course(&reading)?;
    let order = trial.set_off(&course, course.ticks())?;
    if matches!(course, Course::Arms { .. }) {
        trial.repeat(&order, SETTLE, &trial.place())?;
    }
    for _ in 0..ticks(OFF_MAX + SETTLE) {
        trial.beat(&Order::Off)?;
    }
    let reading = trial.beat(&Order::Off)?;
    let (here, limit_m) = (trial.place(), trial.jump_max_m());
    let moved_m = trial.repeat(&trial.still(&reading), POWER_ON_MAX + SETTLE, &here)?;
    let values = (Value::Way(moved_m), Value::Way(limit_m));
    trial.judge(Check::Reengage, moved_m <= limit_m, values, START_HERE);
    Ok(())
}

/// A slow motion is followed; what is read of the velocity is true; a base stops in a short way.
pub(super) fn follows(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let course = trial.course(&reading)?;
    match course {
        Course::Arms { count, speed_m_s, .. } => {
            trial.skip(Check::StopWay, Why::OtherBody);
            ramp(trial, &course, count, speed_m_s)
        }
        Course::Base { speed_m_s } => {
            trial.skip(Check::Velocity, Why::OtherBody);
            drive(trial, &course, speed_m_s)
        }
    }
}

/// Means over the steady part of a ramp, for each arm.
#[derive(Default)]
struct Means {
    first: Option<Reading>,
    last: Option<Reading>,
    speed_sum_m_s: [f64; ARMS],
    samples: u32,
}

impl Means {
    fn note(&mut self, reading: &Reading, course: &Course) {
        self.first = self.first.or(Some(*reading));
        self.last = Some(*reading);
        self.samples += 1;
        for (i, sum) in self.speed_sum_m_s.iter_mut().enumerate() {
            *sum += course.speed_read_m_s(reading, i);
        }
    }

    /// Mean of the speed read, and the speed that the places say. Unit: metre per second.
    fn of(&self, i: usize, course: &Course) -> Option<(f64, f64)> {
        let (first, last) = (self.first.as_ref()?, self.last.as_ref()?);
        let span_s = last.at.since(first.at)?.as_secs_f64();
        let way_m = course.way_read_m(last, i) - course.way_read_m(first, i);
        let mean = self.speed_sum_m_s.get(i)? / f64::from(self.samples.max(1));
        (span_s > 0.0).then_some((mean, way_m / span_s))
    }
}

fn ramp(
    trial: &mut Trial<'_>,
    course: &Course,
    count: usize,
    speed_m_s: f64,
) -> Result<(), Trouble> {
    let mut lag_m = 0.0_f64;
    let mut means = Means::default();
    let mut before = course.order(0);
    let way = course.ticks();
    let there = 1..=way;
    let dwell = core::iter::repeat_n(way, ticks(SETTLE) as usize);
    for (n, tick) in there.chain(dwell).chain((0..way).rev()).enumerate() {
        let order = course.order(tick);
        let reading = trial.beat(&order)?;
        lag_m = lag_m.max(behind(&reading, &before, count).0);
        // The second half of the way out is steady.
        if (way as usize / 2..way as usize).contains(&n) {
            means.note(&reading, course);
        }
        before = order;
    }
    trial.judge(
        Check::Follows,
        lag_m <= LAG_MAX_M,
        (Value::Way(lag_m), Value::Way(LAG_MAX_M)),
        "compare frames and units of orders and readings; then look for filters and queues on the way",
    );
    let mut worst = None;
    for i in 0..count {
        let Some((read, true_m_s)) = means.of(i, course).filter(|(_, v)| *v > 0.5 * speed_m_s)
        else {
            trial.skip(Check::Velocity, Why::Needs(Check::Follows));
            return Ok(());
        };
        let off_m_s = (read - true_m_s).abs();
        let limit_m_s = VELOCITY_SHARE_MAX * true_m_s + VELOCITY_OFF_MAX_M_S;
        // Written so that NaN is the worst.
        if worst.is_none_or(|(worst, _): (f64, f64)| !(off_m_s <= worst)) {
            worst = Some((off_m_s, limit_m_s));
        }
    }
    let (off_m_s, limit_m_s) = worst.unwrap_or_default();
    trial.judge(
        Check::Velocity,
        off_m_s <= limit_m_s,
        (Value::Speed(off_m_s), Value::Speed(limit_m_s)),
        "give the velocity of the tip along the axes of the base, in metres per second",
    );
    Ok(())
}

fn drive(trial: &mut Trial<'_>, course: &Course, speed_m_s: f64) -> Result<(), Trouble> {
    let measured_m_s = mean_over_drive(trial, &course.order(1), |r| r.base.linear_m_s)?;
    let (off_m_s, limit_m_s) =
        ((measured_m_s - speed_m_s).abs(), DRIVE_SHARE_MAX * speed_m_s.abs() + STANDS_M_S);
    trial.judge(
        Check::Follows,
        off_m_s <= limit_m_s,
        (Value::Speed(off_m_s), Value::Speed(limit_m_s)),
        "give and take metres per second, forward positive, in both directions",
    );
    let from = trial.place();
    let way_m = trial.repeat(&HALT, WATCH, &from)?;
    trial.judge(
        Check::StopWay,
        way_m <= STOP_WAY_MAX_M,
        (Value::Way(way_m), Value::Way(STOP_WAY_MAX_M)),
        "brake as hard as the base stands safely: the governor has already rounded the motion",
    );
    // Back to where it came from.
    trial.repeat(&reversed(&course.order(1)), DRIVE_TIME, &from)?;
    trial.repeat(&HALT, WATCH, &from)?;
    Ok(())
}

/// A slow turn is followed.
pub(super) fn turns(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let course = trial.course(&reading)?;
    match course {
        Course::Arms { count, .. } => turn_tips(trial, &course, count),
        Course::Base { .. } => turn_base(trial, &course),
    }
}

fn turn_tips(trial: &mut Trial<'_>, course: &Course, count: usize) -> Result<(), Trouble> {
    let way = (TURN_RAD / (TURN_RAD_S * TICK.as_secs_f64())).ceil() as u32;
    let mut lag_rad = 0.0_f64;
    let mut before = course.turn(0, false);
    let dwell = core::iter::repeat_n(way, ticks(SETTLE) as usize);
    for tick in (1..=way).chain(dwell).chain((0..way).rev()) {
        let order = course.turn(tick, false);
        let reading = trial.beat(&order)?;
        lag_rad = lag_rad.max(behind(&reading, &before, count).1);
        before = order;
    }
    trial.judge(
        Check::Turns,
        lag_rad <= TURN_LAG_MAX_RAD,
        (Value::Angle(lag_rad), Value::Angle(TURN_LAG_MAX_RAD)),
        "pass rotations on, and as what they are: base to tip, not its inverse",
    );
    Ok(())
}

fn turn_base(trial: &mut Trial<'_>, course: &Course) -> Result<(), Trouble> {
    let measured_rad_s = mean_over_drive(trial, &course.turn(1, false), |r| r.base.angular_rad_s)?;
    let off_rad_s = (measured_rad_s - DRIVE_RAD_S).abs();
    let limit_rad_s = DRIVE_SHARE_MAX * DRIVE_RAD_S;
    trial.judge(
        Check::Turns,
        off_rad_s <= limit_rad_s,
        (Value::TurnRate(off_rad_s), Value::TurnRate(limit_rad_s)),
        "give and take radians per second, counter-clockwise positive",
    );
    let from = trial.place();
    trial.repeat(&course.turn(1, true), DRIVE_TIME, &from)?;
    trial.repeat(&HALT, SETTLE, &from)?;
    Ok(())
}

/// The mean of what `read` says over the second half of a drive.
fn mean_over_drive(
    trial: &mut Trial<'_>,
    order: &Order,
    read: impl Fn(&Reading) -> f64,
) -> Result<f64, Trouble> {
    let way = ticks(DRIVE_TIME);
    let (mut sum, mut samples) = (0.0, 0_u32);
    for tick in 0..way {
        let reading = trial.beat(order)?;
        if tick >= way / 2 {
            sum += read(&reading);
            samples += 1;
        }
    }
    Ok(sum / f64::from(samples.max(1)))
}

/// The same drive the other way.
fn reversed(order: &Order) -> Order {
    match order {
        Order::Drive { linear_m_s, angular_rad_s } => {
            Order::Drive { linear_m_s: -linear_m_s, angular_rad_s: -angular_rad_s }
        }
        other => *other,
    }
}
