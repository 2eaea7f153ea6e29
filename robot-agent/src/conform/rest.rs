//! What is tried while the robot rests: description, readings, limits, drives on and off, latency.

use core::time::Duration;

use protocol::ARMS;

use super::limits::{
    AGE_MAX, LATENCY_P99_MAX, LATENCY_SAMPLES_MIN, OFF_MAX, POWER_ON_MAX, RANGE_AGE_MAX, SETTLE,
    TICK, WATCH, WATCHDOG_MAX, ticks,
};
use super::report::{Check, Value, Why};
use super::trial::{Trial, Trouble};
use crate::robot::{BaseReading, Body, Description, Order, OwnLimits, RANGE_MAX_M, Reading};

/// How far the length of a port's axis may be from 1.
const UNIT_TOLERANCE: f64 = 1e-3;

/// The description is stable and can be true.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all steps")]
pub(super) fn describe(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let again = trial.rig.robot().describe();
    let flaw = implausible(&trial.description).or_else(|| {
        let changed = again != trial.description;
        changed.then_some((
            Value::Fact("it changes"),
            Value::Fact("always the same"),
            "describe what the robot is, not what it is doing",
        ))
    });
    let good = (Value::Fact("plausible"), Value::Fact("plausible, always the same"), "");
    let (measured, limit, advice) = flaw.unwrap_or(good);
    trial.judge(Check::Describe, flaw.is_none(), (measured, limit), advice);
    Ok(())
}

type Flaw = (Value, Value, &'static str);

/// What can not be true of `robot`.
fn implausible(robot: &Description) -> Option<Flaw> {
    let speed_m_s = robot.body.speed_max_m_s();
    if !(speed_m_s.is_finite() && speed_m_s > 0.0) {
        let limit = Value::Fact("finite, above 0");
        return Some((Value::Speed(speed_m_s), limit, "give speed_max_m_s in metres per second"));
    }
    if robot.watchdog.is_zero() || robot.watchdog > WATCHDOG_MAX {
        let advice = "a robot needs a watchdog of its own, in its controller, of at most 100 ms";
        return Some((Value::Time(robot.watchdog), Value::Time(WATCHDOG_MAX), advice));
    }
    let Body::Arms { count, ports, .. } = &robot.body else { return None };
    if !(1..=ARMS).contains(count) {
        let limit = Value::Fact("1 or 2 arms");
        return Some((Value::Number(*count as f64), limit, "give the arms that can be ordered"));
    }
    let port_is_sane =
        |axis_norm: f64, finite: bool| finite && (axis_norm - 1.0).abs() <= UNIT_TOLERANCE;
    ports
        .iter()
        .flatten()
        .find(|p| !port_is_sane(p.axis.norm(), p.centre_m.iter().all(|x| x.is_finite())))
        .map(|port| {
            let limit = Value::Fact("an axis of length 1");
            (Value::Number(port.axis.norm()), limit, "give ports in the frame of the base")
        })
}

/// What a second of readings at rest was like.
#[derive(Default)]
struct Watched {
    oldest: Duration,
    from_the_future: bool,
    backwards: bool,
    insane: bool,
    range_off_m: Option<f64>,
    /// Endless if one was from the future.
    oldest_range: Duration,
}

impl Watched {
    fn note(&mut self, reading: &Reading, trial: &Trial<'_>, before: Option<&Reading>) {
        match trial.now.since(reading.at) {
            Some(age) => self.oldest = self.oldest.max(age),
            None => self.from_the_future = true,
        }
        match trial.now.since(reading.base.ranged_at) {
            Some(age) => self.oldest_range = self.oldest_range.max(age),
            None => self.oldest_range = Duration::MAX,
        }
        self.backwards |= before.is_some_and(|before| reading.at < before.at);
        // Ranges have a check of their own.
        let BaseReading { ahead_m, behind_m, .. } = reading.base;
        let base = BaseReading { ahead_m: 0.0, behind_m: 0.0, ..reading.base };
        self.insane |= !Reading { base, ..*reading }.is_sane();
        for range_m in [ahead_m, behind_m] {
            if !(0.0..=RANGE_MAX_M).contains(&range_m) {
                self.range_off_m = Some(range_m);
            }
        }
    }
}

/// Readings advance and are fresh, every number is sane, ranges are ranges.
pub(super) fn readings(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let mut watched = Watched::default();
    let mut before = None;
    for _ in 0..ticks(WATCH) {
        let reading = trial.look().map_err(Trouble::Fault)?;
        watched.note(&reading, trial, before.as_ref());
        before = Some(reading);
        trial.order(&Order::Off).map_err(Trouble::Fault)?;
    }
    let wrong = if watched.from_the_future {
        Some("a stamp from the future")
    } else if watched.backwards {
        Some("stamps that run backwards")
    } else {
        None
    };
    let measured = wrong.map_or(Value::Time(watched.oldest), Value::Fact);
    trial.judge(
        Check::Fresh,
        wrong.is_none() && watched.oldest <= AGE_MAX,
        (measured, Value::Time(AGE_MAX)),
        "stamp with the time of the sample on the clock of `now`, never later than `now`",
    );
    let said = if watched.insane { "a number that is none" } else { "all sane" };
    trial.judge(
        Check::Sane,
        !watched.insane,
        (Value::Fact(said), Value::Fact("Reading::is_sane")),
        "return RobotFault::Sensor for it; leave absent arms at ArmReading::absent()",
    );
    if trial.description.body.arms() > 0 {
        trial.skip(Check::Ranges, Why::OtherBody);
        return Ok(());
    }
    let measured = watched.range_off_m.map_or(Value::Fact("in range"), Value::Way);
    if watched.range_off_m.is_none() && watched.oldest_range > RANGE_AGE_MAX {
        let future = watched.oldest_range == Duration::MAX;
        let age = Value::Time(watched.oldest_range);
        let measured = if future { Value::Fact("a stamp from the future") } else { age };
        trial.judge(
            Check::Ranges,
            false,
            (measured, Value::Time(RANGE_AGE_MAX)),
            "stamp `ranged_at` with the time of the scan on the clock of `now`, never later than `now`",
        );
        return Ok(());
    }
    trial.judge(
        Check::Ranges,
        watched.range_off_m.is_none(),
        (measured, Value::Fact("0 to RANGE_MAX_M")),
        "read RANGE_MAX_M where there is no obstacle, 0 where one touches",
    );
    Ok(())
}

/// The limits read back are not wider than those asked for; first half of them, then all.
pub(super) fn limits(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let full = trial.wanted;
    let half =
        OwnLimits { speed_max_m_s: 0.5 * full.speed_max_m_s, force_max_n: 0.5 * full.force_max_n };
    let advice = "write them to the controller and return what it reads back";
    let mut widest = None;
    for wanted in [half, full] {
        trial.own = trial.rig.robot().limit(&wanted).map_err(Trouble::Fault)?;
        let own = trial.own;
        // Written so that NaN fails.
        if !(own.speed_max_m_s > 0.0 && own.speed_max_m_s <= wanted.speed_max_m_s) {
            widest = Some((Value::Speed(own.speed_max_m_s), Value::Speed(wanted.speed_max_m_s)));
        } else if !(own.force_max_n > 0.0 && own.force_max_n <= wanted.force_max_n) {
            widest = Some((Value::Force(own.force_max_n), Value::Force(wanted.force_max_n)));
        }
    }
    let kept = (Value::Speed(trial.own.speed_max_m_s), Value::Speed(full.speed_max_m_s));
    trial.judge(Check::Limits, widest.is_none(), widest.unwrap_or(kept), advice);
    Ok(())
}

/// Both kinds of orders switch the drives on.
pub(super) fn powered(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let advice = "switch the drives on with the first Stand, Servo or Drive, and report it";
    let limit = Value::Fact("on within 500 ms");
    let began = trial.now;
    let after_stand = trial.until_powered(&Order::Stand)?;
    let took = trial.now.since(began).unwrap_or(POWER_ON_MAX);
    if after_stand.is_none() {
        let measured = Value::Fact("off after Stand");
        trial.judge(Check::Powered, false, (measured, limit), advice);
        return Ok(());
    }
    for _ in 0..ticks(OFF_MAX + SETTLE) {
        trial.beat(&Order::Off)?;
    }
    let reading = trial.beat(&Order::Off)?;
    let still = trial.still(&reading);
    let after_still = trial.until_powered(&still)?;
    let measured = match after_still {
        Some(_) => Value::Time(took),
        None => Value::Fact("off after Servo/Drive"),
    };
    trial.judge(Check::Powered, after_still.is_some(), (measured, limit), advice);
    Ok(())
}

/// `Off` switches the drives off.
pub(super) fn off(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    trial.power_up()?;
    let began = trial.now;
    let mut on_at = began;
    for _ in 0..ticks(OFF_MAX + SETTLE) {
        if trial.beat(&Order::Off)?.powered {
            on_at = trial.now;
        }
    }
    let took = on_at.since(began).unwrap_or_default();
    trial.judge(
        Check::Off,
        took <= OFF_MAX,
        (Value::Time(took), Value::Time(OFF_MAX)),
        "take the drives off and close the brakes; report what the drives say",
    );
    Ok(())
}

/// Reading and ordering took so long, in all that was tried.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all steps")]
pub(super) fn latency(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let mut sorted = core::mem::take(&mut trial.latencies);
    sorted.sort_unstable();
    let (Some(longest), p99) = (sorted.last().copied(), sorted.get(sorted.len() * 99 / 100)) else {
        trial.skip(Check::Latency, Why::NoStopwatch);
        return Ok(());
    };
    let p99 = p99.copied().unwrap_or(longest);
    if sorted.len() < LATENCY_SAMPLES_MIN {
        trial.skip(Check::Latency, Why::TooShort);
        return Ok(());
    }
    let stalled = longest > TICK;
    let (measured, limit) = if stalled { (longest, TICK) } else { (p99, LATENCY_P99_MAX) };
    trial.judge(
        Check::Latency,
        !stalled && p99 <= LATENCY_P99_MAX,
        (Value::Time(measured), Value::Time(limit)),
        "talk to the hardware on a thread of its own; give this thread a real-time priority",
    );
    Ok(())
}
