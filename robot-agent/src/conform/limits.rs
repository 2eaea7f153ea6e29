//! The numbers of the suite: what is asked of a robot, and how far it may be off.
//!
//! They are promises of the trait, not of a profile: a robot that keeps them can be used with any.

use core::time::Duration;

/// Period of orders. As in the servo thread.
pub const TICK: Duration = Duration::from_millis(1);

/// Most time that `read` and `command` take together, in 99 of 100 ticks. Half the tick: the other half
/// belongs to the core, to the links' rings and to a late wake-up.
pub const LATENCY_P99_MAX: Duration = Duration::from_micros(500);

/// Fewest ticks that a percentile of 99 is taken from.
pub const LATENCY_SAMPLES_MIN: usize = 1_000;

/// Latencies kept: two minutes of ticks. What comes later is not timed.
pub const LATENCY_SAMPLES_MAX: usize = 120_000;

/// Oldest reading that still tells where the robot is: at 100 mm/s it is 2 mm off.
pub const AGE_MAX: Duration = Duration::from_millis(20);

/// How old the distances to obstacles may be: three scans at 20 Hz.
pub const RANGE_AGE_MAX: Duration = Duration::from_millis(150);

/// Longest silence that a robot's own watchdog may bear: as long as a stop by the link may take.
pub const WATCHDOG_MAX: Duration = Duration::from_millis(100);

/// Longest that drives may take to go off: brakes of arms close within 50 to 150 ms.
pub const OFF_MAX: Duration = Duration::from_millis(200);

/// Longest that drives may take to come on. As the core, which calls a longer wait a fault.
pub const POWER_ON_MAX: Duration = Duration::from_millis(500);

/// Time that a slow, small motion takes to stop once nothing asks for it.
pub const BRAKING_MAX: Duration = Duration::from_millis(100);

/// Longest that a robot may take from a reset to its first true reading.
pub const RECOVER_MAX: Duration = Duration::from_millis(500);

/// Longest that a fault or an open guard may stay unreported.
pub const REPORT_MAX: Duration = Duration::from_millis(50);

/// How long a person is waited for who has been asked to do something to the robot.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a robot that should stand is watched.
pub const WATCH: Duration = Duration::from_secs(1);

/// How long a robot gets to settle after a motion.
pub const SETTLE: Duration = Duration::from_millis(200);

/// Speed of the slow ramp of an arm. Unit: metre per second. A tenth of what a surgeon does at leisure.
pub const RAMP_M_S: f64 = 0.004;

/// Way of the slow ramp. Unit: metre.
pub const WAY_M: f64 = 0.004;

/// Turn of the slow turn about the tool's own axis, and its rate. Unit: radian, radian per second.
pub const TURN_RAD: f64 = 0.02;
/// See [`TURN_RAD`].
pub const TURN_RAD_S: f64 = 0.02;

/// Room that a box must leave beyond the way. Unit: metre.
pub const ROOM_SPARE_M: f64 = 0.002;

/// A turn counts as the way of a point this far from the tip, or from the middle of a base. Unit: metre.
pub const LEVER_M: f64 = 0.1;

/// Most that an arm may creep within [`WATCH`]. Unit: metre.
pub const DRIFT_MAX_M: f64 = 0.000_2;

/// Most that a tip may move where nothing was asked for: what brakes give as they open and close.
/// Unit: metre.
pub const JUMP_MAX_M: f64 = 0.000_5;

/// Most that a tip may be behind the order of the tick before, on the slow ramp: friction, and a quarter
/// of a second. Unit: metre.
pub const LAG_MAX_M: f64 = 0.001;

/// The same for the slow turn. Unit: radian.
pub const TURN_LAG_MAX_RAD: f64 = 0.008;

/// Most that a mean of measured velocity may be off what the measured places say, as a share; and beside
/// that, in metre per second.
pub const VELOCITY_SHARE_MAX: f64 = 0.25;
/// See [`VELOCITY_SHARE_MAX`].
pub const VELOCITY_OFF_MAX_M_S: f64 = 0.000_5;

/// The jump that no robot may take at once. Unit: metre.
pub const LEAP_M: f64 = 0.1;

/// A shorter jump is not told from a brisk motion. Unit: metre.
pub const LEAP_MIN_M: f64 = 0.02;

/// Ticks for which the jump is asked for.
pub const LEAP_TICKS: u32 = 10;

/// Share by which measured speed may exceed a robot's own limit.
pub const OWN_SPEED_SHARE_MAX: f64 = 1.25;

/// Speed of the slow drive of a base. Unit: metre per second.
pub const DRIVE_M_S: f64 = 0.04;

/// Turn rate of the slow turn of a base. Unit: radian per second.
pub const DRIVE_RAD_S: f64 = 0.1;

/// How long a base is driven or turned.
pub const DRIVE_TIME: Duration = Duration::from_secs(1);

/// Most that a mean of measured speed may be off the order, as a share of it.
pub const DRIVE_SHARE_MAX: f64 = 0.2;

/// Most that a base may roll where nothing was asked for. Unit: metre.
pub const ROLL_MAX_M: f64 = 0.005;

/// Most that a base may roll from [`DRIVE_M_S`] until it stands: a quarter of a second. Unit: metre.
pub const STOP_WAY_MAX_M: f64 = 0.010;

/// A base slower than this stands. Unit: metre per second.
pub const STANDS_M_S: f64 = 0.005;

/// Nearest obstacle that a base is driven toward. Unit: metre.
pub const KEEP_M: f64 = 0.3;

/// How many ticks `span` lasts.
pub fn ticks(span: Duration) -> u32 {
    u32::try_from(span.as_nanos() / TICK.as_nanos()).unwrap_or(u32::MAX)
}
