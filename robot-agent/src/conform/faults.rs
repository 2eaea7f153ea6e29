//! What is tried with faults: silence, reset, stop, a dead agent, a lost sensor, cut drives, an open guard.

use core::time::Duration;

use super::limits::{
    AGE_MAX, OFF_MAX, PATIENCE, RECOVER_MAX, REPORT_MAX, SETTLE, STANDS_M_S, TICK, ticks,
};
use super::report::{Check, Value, Verdict, Why};
use super::rig::Act;
use super::trial::{Trial, Trouble};
use crate::robot::{Order, Reading, RobotFault};

/// Ticks of a motion after which orders end.
const MOVING: Duration = Duration::from_millis(300);

/// How long a tripped watchdog is given orders again.
const INSIST: Duration = Duration::from_millis(20);

/// What to do about a robot that does not stop by itself.
const OWN_WATCHDOG: &str = "let the controller, not this process, stop the robot when orders cease; \
                            report RobotFault::Watchdog until `recover`";

/// Without orders it stops and says so, until a reset; the reset moves nothing.
pub(super) fn silence(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let course = trial.course(&reading)?;
    let order = trial.set_off(&course, ticks(MOVING).min(course.ticks()))?;
    let mut from = trial.place();
    let base = trial.description.body.arms() == 0;
    let mut heard = None;
    for tick in 0..ticks(trial.coast()) {
        heard = trial.look().err();
        // The first reading after the last order already shows what that order did.
        if tick == 0 {
            from = trial.place();
        }
    }
    for _ in 0..ticks(INSIST) {
        if heard == Some(RobotFault::Watchdog) {
            let _ = trial.order(&order);
            heard = trial.look().err();
        }
    }
    let limit = Value::Fault(RobotFault::Watchdog);
    if heard != Some(RobotFault::Watchdog) {
        let measured = heard.map_or(Value::Fact("no fault, or it ends by itself"), Value::Fault);
        trial.judge(Check::Silence, false, (measured, limit), OWN_WATCHDOG);
        trial.skip(Check::Recover, Why::Needs(Check::Silence));
        return Ok(());
    }
    let after = recovered(trial);
    let limit_m = trial.ramp_m_s() * trial.coast().as_secs_f64() + trial.jump_max_m();
    let way_m = trial.place().way_m(&from);
    let rolls = base && after.is_ok_and(|r| r.base.linear_m_s.abs() > STANDS_M_S);
    let stood = !rolls && (after.is_err() || way_m <= limit_m);
    let measured = if rolls { Value::Fact("it rolls on") } else { Value::Way(way_m) };
    trial.judge(Check::Silence, stood, (measured, Value::Way(limit_m)), OWN_WATCHDOG);
    after_reset(trial, after.err())
}

/// Resets, and reads until the reading is true; the last fault if it never is.
pub(super) fn recovered(trial: &mut Trial<'_>) -> Result<Reading, RobotFault> {
    trial.rig.robot().recover();
    let mut answer = trial.look();
    for _ in 0..ticks(RECOVER_MAX) {
        if answer.is_ok() {
            break;
        }
        let _ = trial.order(&Order::Off);
        answer = trial.look();
    }
    answer
}

fn after_reset(trial: &mut Trial<'_>, fault: Option<RobotFault>) -> Result<(), Trouble> {
    let advice =
        "clear the fault in `recover`, drop every order from before, move only when ordered to";
    let limit_m = trial.jump_max_m();
    let limit = Value::Way(limit_m);
    if let Some(fault) = fault {
        trial.judge(Check::Recover, false, (Value::Fault(fault), limit), advice);
        return Ok(());
    }
    let here = trial.place();
    let mut moved_m = trial.repeat(&Order::Off, SETTLE, &here)?;
    trial.until_powered(&Order::Stand)?;
    moved_m = moved_m.max(trial.repeat(&Order::Stand, SETTLE, &here)?);
    trial.judge(Check::Recover, moved_m <= limit_m, (Value::Way(moved_m), limit), advice);
    Ok(())
}

/// `stop` takes the drives off; again, it changes nothing.
pub(super) fn stop(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    trial.power_up()?;
    let now = trial.now;
    trial.rig.robot().stop(now).map_err(Trouble::Fault)?;
    let mut on_at = now;
    for _ in 0..ticks(OFF_MAX + SETTLE) {
        if trial.read()?.powered {
            on_at = trial.now;
        }
    }
    let took = on_at.since(now).unwrap_or_default();
    let now = trial.now;
    let again = trial.rig.robot().stop(now);
    let reading = trial.read()?;
    let kept = took <= OFF_MAX && again.is_ok() && !reading.powered;
    let measured = match again {
        Err(fault) => Value::Fault(fault),
        Ok(()) => Value::Time(took),
    };
    trial.judge(
        Check::Stop,
        kept,
        (measured, Value::Time(OFF_MAX)),
        "take the drives off whatever the state is; with them off nothing is left for a watchdog to report",
    );
    Ok(())
}

/// A new agent finds a robot that stands with its drives off, and has forgotten its orders.
pub(super) fn restart(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let course = trial.course(&reading)?;
    trial.set_off(&course, ticks(MOVING).min(course.ticks()))?;
    if trial.rig.restart() == Act::CanNot {
        trial.skip(Check::Restart, Why::NoAbility("restart the agent"));
        return Ok(());
    }
    trial.resume();
    let advice =
        "when the driver connects: drives off, no order in force, the first one counts from here";
    let limit_m = trial.jump_max_m();
    let limit = Value::Fact("stands, drives off");
    if trial.rig.robot().describe() != trial.description {
        let measured = Value::Fact("describes itself differently");
        trial.judge(Check::Restart, false, (measured, limit), advice);
        return Ok(());
    }
    // A tripped watchdog is what a new agent may find.
    let mut reading = trial.look();
    if reading.is_err() {
        reading = recovered(trial);
    }
    let reading = reading.map_err(Trouble::Fault)?;
    let here = trial.place();
    trial.until_powered(&Order::Stand)?;
    let moved_m = trial.repeat(&Order::Stand, SETTLE, &here)?;
    let measured = if reading.powered { Value::Fact("drives on") } else { Value::Way(moved_m) };
    trial.judge(Check::Restart, !reading.powered && moved_m <= limit_m, (measured, limit), advice);
    Ok(())
}

/// A sensor without new samples: a fault, or a reading as old as it is.
pub(super) fn sensor(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    trial.power_up()?;
    let act = trial.rig.freeze_sensor();
    let seen = await_effect(trial, act, AGE_MAX + REPORT_MAX, |trial, reading| match reading {
        Err(fault) => Some(Value::Fault(fault)),
        Ok(reading) => trial.now.since(reading.at).filter(|age| *age > AGE_MAX).map(Value::Time),
    });
    trial.rig.thaw_sensor();
    let kept = |value: &Value| !matches!(value, Value::Fault(f) if !matches!(f, RobotFault::Sensor | RobotFault::Silent));
    conclude(
        trial,
        (Check::Sensor, "freeze a sensor"),
        (seen, Value::Fact("Sensor, Silent, an old stamp"), kept),
        "stamp readings with the time of the sample, not of the call; count samples that fail to come",
    );
    Ok(())
}

/// Cut drives: a fault, or a reading that says so.
pub(super) fn drives(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    trial.power_up()?;
    let act = trial.rig.cut_drives();
    let seen = await_effect(trial, act, REPORT_MAX, |_, reading| match reading {
        Err(fault) => Some(Value::Fault(fault)),
        Ok(reading) => (!reading.powered).then_some(Value::Fact("drives off")),
    });
    trial.rig.restore_drives();
    conclude(
        trial,
        (Check::Drives, "cut the drives"),
        (seen, Value::Fact("a fault, or drives off"), |_: &Value| true),
        "report what the drives say, not what they were asked for: RobotFault::Drives",
    );
    Ok(())
}

/// An open guard is reported, and a closed one.
#[expect(clippy::unnecessary_wraps, reason = "one signature for all steps")]
pub(super) fn guard(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let act = trial.rig.open_guard();
    let is = |open: bool| {
        move |_: &Trial<'_>, reading: Result<Reading, RobotFault>| match reading {
            Err(fault) => Some(Value::Fault(fault)),
            Ok(reading) => (reading.guard_open == open).then_some(Value::Fact("reported")),
        }
    };
    let opened = await_effect(trial, act, REPORT_MAX, is(true));
    trial.rig.close_guard();
    // Who asked for it to be opened asks for it to be closed.
    let closed = match opened {
        Seen::Value(Value::Fact(_)) => await_effect(trial, act, REPORT_MAX, is(false)),
        other => other,
    };
    conclude(
        trial,
        (Check::Guard, "open a guard"),
        (closed, Value::Fact("reported within 50 ms"), |v: &Value| !matches!(v, Value::Fault(_))),
        "read the guard at every tick and set guard_open; it is no fault",
    );
    Ok(())
}

/// What came of something that was done to the robot.
enum Seen {
    CanNot,
    Nothing,
    Value(Value),
}

/// Ticks until `effect` shows, for `limit`, or for as long as a person needs.
///
/// The order keeps the drives as they are: on for a check that has powered up.
fn await_effect(
    trial: &mut Trial<'_>,
    act: Act,
    limit: Duration,
    effect: impl Fn(&Trial<'_>, Result<Reading, RobotFault>) -> Option<Value>,
) -> Seen {
    let span = match act {
        Act::CanNot => return Seen::CanNot,
        Act::Done => limit,
        Act::Asked => PATIENCE,
    };
    let mut order = Order::Off;
    for _ in 0..=ticks(span + TICK) {
        let reading = trial.look();
        if reading.is_ok_and(|r| r.powered) {
            order = Order::Stand;
        }
        if let Some(value) = effect(trial, reading) {
            return Seen::Value(value);
        }
        let _ = trial.order(&order);
    }
    Seen::Nothing
}

/// Notes what came of it.
fn conclude(
    trial: &mut Trial<'_>,
    (check, ability): (Check, &'static str),
    (seen, limit, kept): (Seen, Value, impl Fn(&Value) -> bool),
    advice: &'static str,
) {
    let verdict = match seen {
        Seen::CanNot => Verdict::NotTried { why: Why::NoAbility(ability) },
        Seen::Nothing => {
            Verdict::Failed { measured: Value::Fact("nothing is reported"), limit, advice }
        }
        Seen::Value(measured) if kept(&measured) => Verdict::Passed { measured, limit },
        Seen::Value(measured) => Verdict::Failed { measured, limit, advice },
    };
    trial.note(check, verdict);
}
