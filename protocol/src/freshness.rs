//! How old the world was that steered a motion, judged on the robot's clock alone.
//!
//! The naive ways: trust the sender's stamp (a skewed clock makes old commands young), or trust the
//! arrival time (a frozen picture still arrives in fresh packets). Both have moved robots.
//!
//! The rule here: the robot numbers what it sends (state frames) and what it captures (pictures) and
//! remembers *its own* time of each in a [`StampLog`]. A command names the newest number the console
//! had received, or had presented. So the robot looks up its own stamp and subtracts it from its own
//! clock: no synchronisation, no trust. Everything on the way makes the age grow and nothing can
//! make it shrink: a number from the future, a number never given, or one so old that it has left
//! the log, has no age at all, and "no age" is a trip, not a pass.
//!
//! Limits: the age is that of the *stamp*. What a camera does before its stamp is not in it.

use core::time::Duration;

use crate::time::{Moment, Robot};

/// What the robot knows of a number that came back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The number was given out this long ago.
    Known(Duration),
    /// The number was given out, but so long ago that the log has forgotten it.
    Forgotten,
    /// The console has seen nothing yet.
    Nothing,
    /// The number was never given out.
    Future,
}

impl Age {
    /// The age, where there is one.
    pub const fn known(self) -> Option<Duration> {
        match self {
            Self::Known(age) => Some(age),
            Self::Forgotten | Self::Nothing | Self::Future => None,
        }
    }
}

/// The robot's own times of the last `N` numbers it gave out.
///
/// Bound: `N` × 16 bytes; insertion and look-up take constant time and never allocate.
#[derive(Debug, Clone)]
pub struct StampLog<const N: usize> {
    slots: [(u64, Moment<Robot>); N],
    newest: u64,
}

impl<const N: usize> Default for StampLog<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> StampLog<N> {
    /// A log that has given out nothing.
    pub const fn new() -> Self {
        Self { slots: [(0, Moment::START); N], newest: 0 }
    }

    /// The newest number given out; 0 for none.
    pub const fn newest(&self) -> u64 {
        self.newest
    }

    /// Remembers that `number` was given out at `at`. Numbers that do not rise are ignored: a number
    /// stands for one moment for ever.
    pub fn record(&mut self, number: u64, at: Moment<Robot>) {
        if number <= self.newest {
            return;
        }
        if let Some(slot) = self.slots.get_mut(Self::index(number)) {
            *slot = (number, at);
            self.newest = number;
        }
    }

    /// True if `number` was given out and is remembered.
    pub fn holds(&self, number: u64) -> bool {
        number != 0 && self.slots.get(Self::index(number)).is_some_and(|(n, _)| *n == number)
    }

    /// Forgets every moment, and goes on counting: numbers given out so far have no age any more.
    pub const fn forget(&mut self) {
        self.slots = [(0, Moment::START); N];
    }

    /// How long ago `number` was given out.
    pub fn age_of(&self, number: u64, now: Moment<Robot>) -> Age {
        if number == 0 {
            return Age::Nothing;
        }
        if number > self.newest {
            return Age::Future;
        }
        match self.slots.get(Self::index(number)) {
            // A stamp later than now is a broken clock, and not an age.
            Some((n, at)) if *n == number => now.since(*at).map_or(Age::Future, Age::Known),
            _ => Age::Forgotten,
        }
    }

    const fn index(number: u64) -> usize {
        (number % N as u64) as usize
    }
}

/// The tip speed at which the robot moves no further than `displacement_max_m` while the picture
/// ages by `view_age`. Unit: metre per second.
///
/// Age matters because the robot moves while the picture is old; so the cap is a quotient, not a
/// switch. With 4 mm and 100 ms it is 40 mm/s, the p95 of suturing on a da Vinci (JIGSAWS).
pub fn geometric_cap_m_s(displacement_max_m: f64, view_age: Duration) -> f64 {
    // Below a millisecond the quotient says nothing about the robot any more, only about rounding.
    displacement_max_m / view_age.as_secs_f64().max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Moment<Robot> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn the_age_is_counted_from_the_stamp_of_the_number_named() {
        let mut log = StampLog::<8>::new();
        log.record(1, at(10));
        log.record(2, at(20));
        assert_eq!(log.age_of(1, at(50)), Age::Known(Duration::from_millis(40)));
        assert_eq!(log.age_of(2, at(50)), Age::Known(Duration::from_millis(30)));
        assert_eq!(log.age_of(2, at(20)).known(), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_future_and_forgotten_have_no_age() {
        let mut log = StampLog::<4>::new();
        assert_eq!(log.age_of(0, at(1)), Age::Nothing);
        assert_eq!(log.age_of(1, at(1)), Age::Future);
        for n in 1..=5 {
            log.record(n, at(n));
        }
        assert_eq!(log.age_of(1, at(9)), Age::Forgotten);
        assert_eq!(log.age_of(2, at(9)), Age::Known(Duration::from_millis(7)));
        assert_eq!(log.age_of(6, at(9)), Age::Future);
        assert_eq!(log.age_of(5, at(4)), Age::Future, "a stamp later than now");
        for age in [Age::Nothing, Age::Future, Age::Forgotten] {
            assert_eq!(age.known(), None);
        }
    }

    #[test]
    fn a_number_keeps_its_first_moment() {
        let mut log = StampLog::<4>::new();
        log.record(3, at(1));
        log.record(3, at(100));
        log.record(2, at(100));
        assert_eq!(log.age_of(3, at(101)), Age::Known(Duration::from_millis(100)));
        assert_eq!(
            log.age_of(2, at(101)),
            Age::Forgotten,
            "numbers that were skipped have no stamp"
        );
        assert_eq!(log.newest(), 3);
    }

    #[test]
    fn what_is_forgotten_has_no_age_and_its_numbers_do_not_come_back() {
        let mut log = StampLog::<4>::new();
        assert!(!log.holds(0) && !log.holds(1));
        log.record(2, at(1));
        assert!(log.holds(2) && !log.holds(6));
        log.forget();
        assert!(!log.holds(2));
        assert_eq!(log.age_of(2, at(2)), Age::Forgotten);
        log.record(2, at(3));
        assert_eq!(log.age_of(2, at(3)), Age::Forgotten, "a number stands for one moment");
        log.record(3, at(3));
        assert_eq!(log.age_of(3, at(4)), Age::Known(Duration::from_millis(1)));
    }

    #[test]
    fn the_cap_falls_as_the_picture_ages() {
        assert!((geometric_cap_m_s(0.004, Duration::from_millis(100)) - 0.040).abs() < 1e-12);
        assert!((geometric_cap_m_s(0.004, Duration::from_millis(200)) - 0.020).abs() < 1e-12);
        assert!((geometric_cap_m_s(0.004, Duration::ZERO) - 4.0).abs() < 1e-12);
    }

    proptest! {
        /// LOOP-AGE, VIEW-AGE: whatever number comes back, the age is never below the true one.
        #[test]
        fn no_number_makes_the_world_look_younger(
            numbers in proptest::collection::vec((1_u64..60, 0_u64..1_000), 0..80),
            asked in 0_u64..70,
            later in 0_u64..1_000,
        ) {
            let mut log = StampLog::<16>::new();
            let mut truth = std::collections::BTreeMap::new();
            let mut clock = 0;
            for (n, step) in numbers {
                clock += step;
                if n > log.newest() {
                    truth.insert(n, clock);
                }
                log.record(n, at(clock));
            }
            let now = clock + later;
            match log.age_of(asked, at(now)) {
                Age::Known(age) => {
                    let given = truth.get(&asked).copied();
                    prop_assert_eq!(Some(age), given.map(|g| Duration::from_millis(now - g)));
                }
                Age::Nothing => prop_assert_eq!(asked, 0),
                Age::Future => prop_assert!(asked > log.newest()),
                Age::Forgotten => prop_assert!(asked <= log.newest()),
            }
        }
    }
}
