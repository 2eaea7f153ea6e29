//! Staying awake around the moment when something is expected.
//!
//! A thread that sleeps wakes up late: the system has to notice, to schedule it, and to warm up a processor. What comes at
//! a known rate can be met awake instead: sleep until a moment before it is due, then look without pause until it has
//! come, or until a moment after. That costs a share of a processor, a fifth at 1000 messages a second, and is for
//! machines that can spare one: with two threads that spin on two processors everything else is late.

use core::time::Duration;
use std::time::Instant;

/// How long before and after the moment.
pub const AWAKE: Duration = Duration::from_micros(100);

/// When a thread does not sleep.
#[derive(Debug, Clone, Copy)]
pub struct Awake {
    /// `None` for a thread that always may sleep.
    around: Option<(Instant, Instant)>,
    spins: bool,
}

impl Awake {
    /// A thread that stays awake around what it expects if it `spins`. It expects nothing yet.
    pub const fn new(spins: bool) -> Self {
        Self { around: None, spins }
    }

    /// Something is expected at `due`, and nothing any more that was expected before.
    pub fn expect(&mut self, due: Instant) {
        if self.spins {
            self.around = Some((due.checked_sub(AWAKE).unwrap_or(due), due + AWAKE));
        }
    }

    /// Until when to sleep, when there is nothing to do before `until`; `None` for not at all.
    pub fn sleep_until(&self, until: Instant, now: Instant) -> Option<Instant> {
        match self.around {
            Some((from, _)) if now < from => Some(until.min(from)),
            Some((_, to)) if now < to => None,
            _ => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the origin of the test's time")]
    fn it_sleeps_until_a_moment_before_and_from_a_moment_after() {
        let now = Instant::now();
        let at = |us| now + Duration::from_micros(us);
        let mut awake = Awake::new(true);
        assert_eq!(awake.sleep_until(at(900), now), Some(at(900)), "nothing is expected");
        awake.expect(at(500));
        assert_eq!(awake.sleep_until(at(900), now), Some(at(400)));
        assert_eq!(awake.sleep_until(at(300), now), Some(at(300)), "something else comes first");
        assert_eq!(awake.sleep_until(at(900), at(400)), None);
        assert_eq!(awake.sleep_until(at(900), at(599)), None);
        assert_eq!(awake.sleep_until(at(900), at(600)), Some(at(900)), "it did not come");
        awake.expect(at(2_000));
        assert_eq!(awake.sleep_until(at(5_000), at(601)), Some(at(1_900)));
        let mut asleep = Awake::new(false);
        asleep.expect(at(500));
        assert_eq!(asleep.sleep_until(at(900), at(500)), Some(at(900)));
    }
}
