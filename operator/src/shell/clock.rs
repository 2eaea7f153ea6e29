//! The console's monotonic clock.

use std::time::Instant;

use protocol::time::{Moment, Operator};

/// Reads the operator's clock: nanoseconds since it was started, plus a start that is not zero, so
/// that no real moment is [`Moment::START`].
#[derive(Debug, Clone, Copy)]
pub struct OperatorClock {
    base: Instant,
}

/// Where the clock starts. Unit: nanosecond.
const START_NS: u64 = 1_000_000_000;

impl OperatorClock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "the operator's shell owns the operator's clock")]
    pub fn start() -> Self {
        Self { base: Instant::now() }
    }

    /// A clock that shares its start with `base`: on one host it then reads the same as a robot's
    /// clock that shares it, which is how a demonstration checks the estimate of the offset.
    pub const fn sharing(base: Instant) -> Self {
        Self { base }
    }

    /// Now.
    pub fn now(&self) -> Moment<Operator> {
        let ns = u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Moment::from_ns(ns.saturating_add(START_NS))
    }

    /// Waits until `moment`; returns at once if it is past.
    #[expect(clippy::disallowed_methods, reason = "only the shell waits")]
    pub fn wait_until(&self, moment: Moment<Operator>) {
        if let Some(left) = moment.since(self.now()) {
            std::thread::sleep(left);
        }
    }
}
