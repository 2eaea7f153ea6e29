//! Moments that carry their clock in the type, so that two clocks can not be mixed.
//!
//! Problem: robot and console have unrelated monotonic clocks, and subtracting a stamp of one from
//! a reading of the other gives a number that looks like an age and is not. Robots have moved for
//! ever because of it. Carrying the clock in the type makes the mistake a compile error:
//!
//! ```compile_fail
//! use protocol::time::{Moment, Operator, Robot};
//! let sent: Moment<Operator> = Moment::from_ns(1);
//! let now: Moment<Robot> = Moment::from_ns(2);
//! let age = now.since(sent); // expected `Moment<Robot>`, found `Moment<Operator>`
//! ```
//!
//! Only a shell makes a `Moment` from a clock; cores receive it as an argument.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::time::Duration;

/// A monotonic clock, named.
pub trait Clock {
    /// The name used in messages.
    const NAME: &'static str;
}

/// The robot agent's monotonic clock: the only one that judges freshness.
#[derive(Debug)]
pub enum Robot {}

/// The operator console's monotonic clock: used for attribution, never for safety.
#[derive(Debug)]
pub enum Operator {}

impl Clock for Robot {
    const NAME: &'static str = "robot";
}

impl Clock for Operator {
    const NAME: &'static str = "operator";
}

/// A moment on clock `C`. Unit: nanoseconds since an arbitrary start of that clock.
pub struct Moment<C> {
    ns: u64,
    clock: PhantomData<fn() -> C>,
}

impl<C> Moment<C> {
    /// The start of the clock. No frame is ever stamped with it, so it may stand for "never".
    pub const START: Self = Self::from_ns(0);

    /// The moment `ns` nanoseconds after the start of the clock.
    pub const fn from_ns(ns: u64) -> Self {
        Self { ns, clock: PhantomData }
    }

    /// Nanoseconds since the start of the clock.
    pub const fn as_ns(self) -> u64 {
        self.ns
    }

    /// Time from `earlier` to `self`; `None` if `earlier` lies in the future.
    ///
    /// A stamp from the future is a fault of its source and must never pass for "fresh", which is
    /// what a saturating difference would make of it.
    pub const fn since(self, earlier: Self) -> Option<Duration> {
        match self.ns.checked_sub(earlier.ns) {
            Some(ns) => Some(Duration::from_nanos(ns)),
            None => None,
        }
    }

    /// The moment `span` later; stays at the end of the clock (584 years) beyond it.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        let ns = span.as_nanos();
        let ns = if ns >> u64::BITS == 0 { ns as u64 } else { u64::MAX };
        Self::from_ns(self.ns.saturating_add(ns))
    }

    /// The moment `span` earlier; stays at the start of the clock before it.
    #[must_use]
    pub const fn before(self, span: Duration) -> Self {
        let ns = span.as_nanos();
        let ns = if ns >> u64::BITS == 0 { ns as u64 } else { u64::MAX };
        Self::from_ns(self.ns.saturating_sub(ns))
    }
}

// Written by hand: derives would ask `C` for the same traits, which marker types do not need.
impl<C> Clone for Moment<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Moment<C> {}

impl<C> PartialEq for Moment<C> {
    fn eq(&self, other: &Self) -> bool {
        self.ns == other.ns
    }
}

impl<C> Eq for Moment<C> {}

impl<C> Hash for Moment<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ns.hash(state);
    }
}

impl<C> PartialOrd for Moment<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C> Ord for Moment<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ns.cmp(&other.ns)
    }
}

impl<C: Clock> fmt::Debug for Moment<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}.{:06} ms", C::NAME, self.ns / 1_000_000, self.ns % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_from_the_future_has_no_age() {
        let now = Moment::<Robot>::from_ns(1_000);
        assert_eq!(now.since(Moment::from_ns(1_001)), None);
        assert_eq!(now.since(now), Some(Duration::ZERO));
        assert_eq!(now.since(Moment::from_ns(400)), Some(Duration::from_nanos(600)));
    }

    #[test]
    fn the_end_of_the_clock_is_not_passed() {
        let last = Moment::<Robot>::from_ns(u64::MAX - 1);
        assert_eq!(last.after(Duration::from_secs(u64::MAX)).as_ns(), u64::MAX);
        assert_eq!(Moment::<Robot>::from_ns(5).after(Duration::from_nanos(7)).as_ns(), 12);
        let longest = Duration::from_nanos(u64::MAX);
        assert_eq!(Moment::<Robot>::START.after(longest).as_ns(), u64::MAX);
        let longer = longest.saturating_add(Duration::from_nanos(1));
        assert_eq!(Moment::<Robot>::START.after(longer).as_ns(), u64::MAX);
    }

    #[test]
    fn the_start_of_the_clock_is_not_passed() {
        let before = |ns, span| Moment::<Robot>::from_ns(ns).before(span).as_ns();
        assert_eq!(before(12, Duration::from_nanos(7)), 5);
        assert_eq!(before(5, Duration::from_nanos(7)), 0);
        let longest = Duration::from_nanos(u64::MAX);
        assert_eq!(before(u64::MAX, longest), 0);
        assert_eq!(before(u64::MAX, Duration::from_nanos(u64::MAX - 1)), 1);
        assert_eq!(before(u64::MAX, longest + Duration::from_nanos(1)), 0);
    }

    #[test]
    fn moments_are_equal_ordered_and_hashed_by_their_time() {
        use std::hash::BuildHasher as _;
        let (a, b) = (Moment::<Robot>::from_ns(1), Moment::<Robot>::from_ns(2));
        let again = Moment::from_ns(1);
        assert_eq!((a == again, a == b), (true, false));
        assert!(a < b);
        let state = std::hash::RandomState::new();
        assert!(state.hash_one(a) == state.hash_one(again));
        let hashes: std::collections::BTreeSet<_> =
            (0..64).map(|ns| state.hash_one(Moment::<Robot>::from_ns(ns))).collect();
        assert!(hashes.len() > 60, "{}", hashes.len());
    }

    #[test]
    fn debug_names_the_clock() {
        assert_eq!(format!("{:?}", Moment::<Operator>::from_ns(1_500_000)), "operator+1.500000 ms");
    }
}
