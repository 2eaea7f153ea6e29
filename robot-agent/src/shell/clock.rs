//! The robot's monotonic clock.

use std::time::Instant;

use protocol::time::{Moment, Robot};

/// Reads the robot's clock: nanoseconds since it was started, plus a start that is not zero, so that
/// no real moment is [`Moment::START`].
#[derive(Debug, Clone, Copy)]
pub struct RobotClock {
    base: Instant,
}

/// Where the clock starts. Unit: nanosecond.
const START_NS: u64 = 1_000_000_000;

impl RobotClock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "the robot's shell owns the robot's clock")]
    pub fn start() -> Self {
        Self { base: Instant::now() }
    }

    /// A clock that shares its start with `base`. Two clocks on one host that share it can be
    /// compared, which is how a demonstration checks the ages that the core judged without it.
    pub const fn sharing(base: Instant) -> Self {
        Self { base }
    }

    /// Now.
    pub fn now(&self) -> Moment<Robot> {
        let ns = u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Moment::from_ns(ns.saturating_add(START_NS))
    }

    /// Waits until `moment`; returns at once if it is past.
    #[expect(clippy::disallowed_methods, reason = "only the shell waits")]
    pub fn wait_until(&self, moment: Moment<Robot>) {
        if let Some(left) = moment.since(self.now()) {
            std::thread::sleep(left);
        }
    }
}
