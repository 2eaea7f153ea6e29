//! What a robot must refuse: numbers that are none, and more than its own limits allow.

use nalgebra::{Quaternion, UnitQuaternion};

use super::course::Course;
use super::faults::recovered;
use super::limits::{
    JUMP_MAX_M, LEAP_M, LEAP_MIN_M, LEAP_TICKS, OWN_SPEED_SHARE_MAX, ROOM_SPARE_M, SETTLE,
    STANDS_M_S, TICK, ticks,
};
use super::report::{Check, Value, Why};
use super::trial::{Trial, Trouble};
use crate::robot::Order;

/// What to do about an order that should have been refused.
const REFUSE: &str =
    "check every order before anything else: Err(RobotFault::Refused), and no effect";

/// A base is asked for this many times its own limit.
const LEAP_FACTOR: f64 = 4.0;

/// Where a number in an order is none.
#[derive(Debug, Clone, Copy)]
enum Poison {
    Place,
    Rotation,
    Jaw,
    Endless,
}

impl Poison {
    const ALL: [Self; 4] = [Self::Place, Self::Rotation, Self::Jaw, Self::Endless];

    fn into(self, order: &Order) -> Order {
        match order {
            Order::Servo { arms } => {
                let mut arms = *arms;
                if let Some(arm) = arms.first_mut() {
                    match self {
                        Self::Place => arm.tip.iso.translation.vector.x = f64::NAN,
                        Self::Rotation => {
                            let none = Quaternion::new(f64::NAN, 0.0, 0.0, 0.0);
                            arm.tip.iso.rotation = UnitQuaternion::new_unchecked(none);
                        }
                        Self::Jaw => arm.jaw_rad = f64::NAN,
                        Self::Endless => arm.tip.iso.translation.vector.z = f64::INFINITY,
                    }
                }
                Order::Servo { arms }
            }
            _ => match self {
                Self::Place => Order::Drive { linear_m_s: f64::NAN, angular_rad_s: 0.0 },
                Self::Rotation => Order::Drive { linear_m_s: 0.0, angular_rad_s: f64::NAN },
                Self::Jaw => Order::Drive { linear_m_s: f64::NEG_INFINITY, angular_rad_s: 0.0 },
                Self::Endless => Order::Drive { linear_m_s: 0.0, angular_rad_s: f64::INFINITY },
            },
        }
    }
}

/// An order that is not finite is refused, moves nothing, and leaves the robot as obedient as before.
pub(super) fn not_finite(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let still = trial.still(&reading);
    trial.repeat(&still, SETTLE, &trial.place())?;
    let (from, limit_m) = (trial.place(), trial.jump_max_m());
    let limit = Value::Fact("refused, nothing moves");
    let mut moved_m = 0.0_f64;
    for poison in Poison::ALL {
        trial.read()?;
        if trial.order(&poison.into(&still)).is_ok() {
            let measured = Value::Fact("accepted");
            trial.judge(Check::NotFinite, false, (measured, limit), REFUSE);
            return Ok(());
        }
        moved_m = moved_m.max(trial.repeat(&still, SETTLE / 2, &from)?);
    }
    let kept = moved_m <= limit_m;
    let measured = if kept { Value::Fact("refused") } else { Value::Way(moved_m) };
    trial.judge(Check::NotFinite, kept, (measured, limit), REFUSE);
    Ok(())
}

/// An order beyond the own limits is refused, or followed no faster than they allow.
pub(super) fn too_fast(trial: &mut Trial<'_>) -> Result<(), Trouble> {
    let reading = trial.power_up()?;
    let still = trial.still(&reading);
    trial.repeat(&still, SETTLE / 2, &trial.place())?;
    let course = trial.course(&reading)?;
    let speed_m_s = trial.speed_own_m_s();
    let leap = match &course {
        Course::Arms { from, along, count, .. } => {
            let sites = from.iter().zip(along).take(*count).enumerate();
            let room_m = sites.fold(LEAP_M, |room_m, (i, (from, along))| {
                let free = trial.cuboid(i).map(|c| c.room_m(&from.tip.position(), along));
                room_m.min(free.unwrap_or(0.0) - ROOM_SPARE_M)
            });
            if room_m < LEAP_MIN_M {
                trial.skip(Check::TooFast, Why::NoRoom);
                return Ok(());
            }
            course.servo(room_m, 0.0)
        }
        Course::Base { speed_m_s: way } => {
            Order::Drive { linear_m_s: way.signum() * LEAP_FACTOR * speed_m_s, angular_rad_s: 0.0 }
        }
    };
    let (measured_m_s, refused) = take_leap(trial, &leap, speed_m_s)?;
    let limit_m_s = OWN_SPEED_SHARE_MAX * speed_m_s;
    let kept = measured_m_s <= limit_m_s;
    let measured =
        if refused && kept { Value::Fact("refused") } else { Value::Speed(measured_m_s) };
    trial.judge(
        Check::TooFast,
        kept,
        (measured, Value::Speed(limit_m_s)),
        "refuse what needs more than the limits that `limit` took over, or go no faster than they allow",
    );
    Ok(())
}

/// Asks for `leap`, then for nothing; returns the highest speed seen beyond a jump of the brakes, and
/// whether the order was refused. Gives up at once when it is too high. Unit: metre per second.
fn take_leap(trial: &mut Trial<'_>, leap: &Order, speed_m_s: f64) -> Result<(f64, bool), Trouble> {
    let (from, began) = (trial.place(), trial.now);
    let (mut highest_m_s, mut refused) = (0.0_f64, true);
    for tick in 0..LEAP_TICKS + ticks(SETTLE) {
        let (reading, fault) = match trial.read() {
            // Some controllers refuse a leap with a fault that a reset ends.
            Err(Trouble::Fault(_)) if tick > 0 => (recovered(trial).map_err(Trouble::Fault)?, true),
            other => (other?, false),
        };
        refused |= fault;
        // What is refused moves nothing: there is no time over which it may.
        let span = if refused { TICK } else { trial.now.since(began).unwrap_or_default() + TICK };
        let seen_m_s = if trial.description.body.arms() == 0 {
            reading.base.linear_m_s.abs() - STANDS_M_S
        } else {
            (trial.place().way_m(&from) - JUMP_MAX_M) / span.as_secs_f64()
        };
        highest_m_s = highest_m_s.max(seen_m_s);
        if fault || highest_m_s > OWN_SPEED_SHARE_MAX * speed_m_s {
            let _ = trial.order(&Order::Off);
            break;
        }
        if tick < LEAP_TICKS {
            refused &= trial.order(leap).is_err();
        } else {
            trial.order(&Order::Stand).map_err(Trouble::Fault)?;
        }
    }
    Ok((highest_m_s, refused))
}
