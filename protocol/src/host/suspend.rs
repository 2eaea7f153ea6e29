//! Whether this computer has stood still: a laptop that was closed, a virtual machine that was saved.
//!
//! Problem: the monotonic clock that every age is judged by stands still together with the computer.
//! After an hour of sleep, all that was known is as young as before. The kernel has a second clock that
//! goes on meanwhile. So the rule: the gap between the two grows by exactly the time slept, and by
//! nothing else; a gap that has grown is a computer that has stood still.
//!
//! Limit: a virtual machine that its host halts without a word stands still in both clocks. There the
//! robot's own watchdog and the console's next state frame tell.

use core::time::Duration;

/// A gap that grew by this much is a computer that stood still.
///
/// Above what a thread may take between two readings of a clock, below the shortest pause that matters:
/// the servo's own limit for a pause is twice this.
pub const SUSPENDED_MIN: Duration = Duration::from_millis(10);

/// Readings that the first gap is the best of.
const FIRST_READINGS: usize = 3;

/// Tells whether the computer has stood still since it was last asked.
#[derive(Debug)]
pub struct SuspendWatch(Gap);

impl SuspendWatch {
    /// What was before does not count.
    pub fn start() -> Self {
        let first = (0..FIRST_READINGS).map(|_| gap_now()).max();
        Self(Gap { known: first.unwrap_or(Duration::ZERO) })
    }

    /// True if the computer has stood still since the last call, or since the start.
    ///
    /// Bound: two readings of clocks, without a system call on Linux.
    pub fn has_stood_still(&mut self) -> bool {
        self.0.note(gap_now())
    }
}

/// The largest gap known.
#[derive(Debug)]
struct Gap {
    known: Duration,
}

impl Gap {
    fn note(&mut self, gap: Duration) -> bool {
        let grew = gap.saturating_sub(self.known) > SUSPENDED_MIN;
        self.known = self.known.max(gap);
        grew
    }
}

/// By how much the clock that goes on during sleep is ahead of the one that does not. The latter is read
/// last: a thread that waits between the two sees too small a gap, never too large a one.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn gap_now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let of = |id| {
        let t = clock_gettime(id);
        let nanos = u32::try_from(t.tv_nsec).unwrap_or(0);
        Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), nanos)
    };
    let through = of(ClockId::Boottime);
    through.saturating_sub(of(ClockId::Monotonic))
}

/// Systems without a second clock can not tell.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const fn gap_now() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// CLOCK-LOST: only a gap that grows by more than the limit tells, and it tells once.
    #[test]
    fn a_gap_that_grew_tells_once() {
        let mut gap = Gap { known: ms(3_600_000) };
        assert!(!gap.note(ms(3_600_000)), "an old sleep is none of ours");
        assert!(!gap.note(ms(3_600_010)), "at the limit, not beyond");
        assert!(!gap.note(ms(3_600_015)));
        assert!(gap.note(ms(3_600_026)));
        assert!(!gap.note(ms(3_600_026)));
    }

    #[test]
    fn a_thread_that_waited_between_the_readings_tells_nothing() {
        let mut gap = Gap { known: ms(500) };
        for reading in [0, 500, 460, 505, 499] {
            assert!(!gap.note(ms(reading)), "{reading}");
        }
    }

    #[test]
    fn a_computer_that_runs_has_not_stood_still() {
        let mut watch = SuspendWatch::start();
        assert!((0..1_000).all(|_| !watch.has_stood_still()));
    }
}
