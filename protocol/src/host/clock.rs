//! The monotonic clock of this computer, as the clock `C` of one side.

use core::marker::PhantomData;
use core::time::Duration;
use std::time::Instant;

use crate::time::Moment;

/// Reads a monotonic clock: nanoseconds since it was started, plus a start that is not zero, so that no
/// real moment is [`Moment::START`].
#[derive(Debug)]
pub struct HostClock<C> {
    base: Instant,
    clock: PhantomData<fn() -> C>,
}

/// Where the clock starts. Unit: nanosecond.
const START_NS: u64 = 1_000_000_000;

// Written by hand: derives would ask `C` for the same traits, which marker types do not need.
impl<C> Clone for HostClock<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for HostClock<C> {}

impl<C> HostClock<C> {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "a shell owns the clock of its side")]
    pub fn start() -> Self {
        Self::sharing(Instant::now())
    }

    /// A clock that shares its start with `base`. Two clocks on one host that share it can be
    /// compared, which is how a demonstration checks the ages that were judged without it.
    pub const fn sharing(base: Instant) -> Self {
        Self { base, clock: PhantomData }
    }

    /// Now.
    pub fn now(&self) -> Moment<C> {
        let ns = u64::try_from(self.base.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Moment::from_ns(ns.saturating_add(START_NS))
    }

    /// Now, as the system tells it: what QUIC reckons with.
    #[expect(clippy::disallowed_methods, reason = "a shell owns the clock of its side")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// When the system's own clock shows this moment.
    pub fn instant_of(&self, moment: Moment<C>) -> Instant {
        self.base + Duration::from_nanos(moment.as_ns().saturating_sub(START_NS))
    }

    /// What this clock showed then. Before its start it shows its start.
    pub fn moment_of(&self, instant: Instant) -> Moment<C> {
        let ns = instant.saturating_duration_since(self.base).as_nanos();
        Moment::from_ns(u64::try_from(ns).unwrap_or(u64::MAX).saturating_add(START_NS))
    }

    /// Waits until `moment`, never less; returns at once if it is past.
    ///
    /// The deadline that the system is given is absolute: a thread that loses its processor on the way to sleep
    /// does not wake up later for it.
    pub fn wait_until(&self, moment: Moment<C>) {
        loop {
            let before = Monotonic::read();
            let Some(left) = moment.since(self.now()).filter(|left| !left.is_zero()) else {
                return;
            };
            before.sleep_until_after(left);
        }
    }
}

/// A reading of the system's own monotonic clock.
struct Monotonic(#[cfg(target_os = "linux")] rustix::time::Timespec);

#[cfg(target_os = "linux")]
impl Monotonic {
    fn read() -> Self {
        Self(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
    }

    /// Sleeps until so long after this reading, or until a signal comes.
    fn sleep_until_after(self, left: Duration) {
        let Ok(left) = rustix::time::Timespec::try_from(left) else { return };
        if let Some(until) = self.0.checked_add(left) {
            let _ = rustix::thread::clock_nanosleep_absolute(
                rustix::thread::ClockId::Monotonic,
                &until,
            );
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Monotonic {
    fn read() -> Self {
        Self()
    }

    #[expect(clippy::disallowed_methods, reason = "only a shell waits")]
    fn sleep_until_after(self, left: Duration) {
        std::thread::sleep(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Robot;

    #[test]
    fn it_never_reads_never_and_never_runs_back() {
        let clock = HostClock::<Robot>::start();
        let first = clock.now();
        assert!(first > Moment::START);
        clock.wait_until(first.after(Duration::from_millis(2)));
        assert!(clock.now().since(first).unwrap() >= Duration::from_millis(2));
        clock.wait_until(first);
    }
}
