//! How long a command was on its way from the hand to the robot, at most, without comparing two clocks.
//!
//! The naive ways: subtract the console's stamp from the robot's clock (the difference of the two clocks is in it), or
//! synchronise them (and let a bad synchronisation stop a surgery). The rule here compares each clock with itself only.
//!
//! Between two commands the robot's clock says how far apart they arrived, the console's how far apart the hand was
//! sampled. The difference says how much longer one was on its way than the other. So among the commands of a short
//! while the fastest is known, and by how much each of the others was slower. How long the fastest itself took is
//! bounded by the smallest loop age that any of them had when it arrived: a loop contains the way of its command.
//!
//! `age <= (slower than the fastest) + (smallest loop age) + (what the clocks may drift apart in that while)`
//!
//! Trust: the console's clock must run at the right speed for a second, not show the right time. A console that lies
//! about its samples is bounded by the loop age alone, as everywhere.

use core::time::Duration;

use protocol::time::{Moment, Operator, Robot};

/// What is remembered is of the last one to three of these.
const HALF: Duration = Duration::from_millis(300);

/// How far two clocks may drift apart in a second, which is more than three times [`HALF`]: 200 parts in a million, the crystals of ordinary computers
/// both at their worst.
const DRIFT: Duration = Duration::from_micros(200);

/// The least of some commands.
#[derive(Debug, Clone, Copy, Default)]
struct Least {
    /// How long it was on its way, and by how much the clocks show different times. Unit: nanosecond.
    way_ns: Option<i128>,
    /// Its loop age when it arrived.
    loop_age: Option<Duration>,
}

impl Least {
    fn note(&mut self, way_ns: i128, loop_age: Option<Duration>) {
        self.way_ns = Some(self.way_ns.map_or(way_ns, |least| least.min(way_ns)));
        self.loop_age = least(self.loop_age, loop_age);
    }
}

fn least<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

/// Bounds how old commands were when they arrived. Bound: two halves of a window.
#[derive(Debug, Clone)]
pub(super) struct Transit {
    begun: Option<Moment<Robot>>,
    before: Least,
    current: Least,
    newest: Option<Duration>,
}

impl Transit {
    /// Nothing has arrived.
    pub(super) const fn new() -> Self {
        let none = Least { way_ns: None, loop_age: None };
        Self { begun: None, before: none, current: none, newest: None }
    }

    /// The command `sampled` by the console's clock has arrived; the state that it names was `loop_age` old.
    pub(super) fn note(
        &mut self,
        sampled: Moment<Operator>,
        arrived: Moment<Robot>,
        loop_age: Option<Duration>,
    ) {
        // Two clocks: what they show says nothing. It is only ever compared with that of another command.
        let way_ns = i128::from(arrived.as_ns()) - i128::from(sampled.as_ns());
        self.turn(arrived);
        self.current.note(way_ns, loop_age);
        self.newest = self.bound(way_ns);
    }

    /// How old the newest command was when it arrived, at most; `None` if nothing bounds it.
    pub(super) const fn newest(&self) -> Option<Duration> {
        self.newest
    }

    /// Begins a new half when the current one is full, and forgets both after a pause.
    fn turn(&mut self, arrived: Moment<Robot>) {
        let since = self.begun.and_then(|begun| arrived.since(begun));
        match since {
            Some(since) if since < HALF => {}
            Some(since) if since < 2 * HALF => {
                self.before = core::mem::take(&mut self.current);
                self.begun = Some(arrived);
            }
            _ => {
                (self.before, self.current) = (Least::default(), Least::default());
                self.begun = Some(arrived);
            }
        }
    }

    fn bound(&self, way_ns: i128) -> Option<Duration> {
        let fastest_ns = least(self.before.way_ns, self.current.way_ns)?;
        // The two may be 600 years apart, which a duration in nanoseconds does not hold.
        let slower = Duration::from_nanos(u64::try_from(way_ns - fastest_ns).unwrap_or(u64::MAX));
        let fastest = least(self.before.loop_age, self.current.loop_age)?;
        slower.checked_add(fastest)?.checked_add(DRIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const US: u64 = 1_000;
    const MS: u64 = 1_000 * US;

    /// The console's clock, by the true time.
    fn console(true_ns: u64, drift_ppm: i64) -> Moment<Operator> {
        let drift = i128::from(true_ns) * i128::from(drift_ppm) / 1_000_000;
        Moment::from_ns((i128::from(true_ns) + drift + 77_000_000_000) as u64)
    }

    fn note(t: &mut Transit, sampled: u64, way: u64, down: Option<u64>) {
        let loop_age = down.map(|down| Duration::from_nanos(way + down));
        t.note(console(sampled, 0), Moment::from_ns(sampled + way), loop_age);
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is compared is an option")]
    fn us(us: u64) -> Option<Duration> {
        Some(Duration::from_micros(us))
    }

    /// CMD-AGE: a command that was slower than the others is older by just that.
    #[test]
    fn what_is_slower_than_the_fastest_is_older_by_as_much() {
        let mut t = Transit::new();
        note(&mut t, 10 * MS, 300 * US, Some(400 * US));
        assert_eq!(t.newest(), us(700 + 200));
        note(&mut t, 11 * MS, 100 * US, Some(900 * US));
        assert_eq!(t.newest(), us(700 + 200), "the fastest, by the smallest loop");
        note(&mut t, 12 * MS, 2_100 * US, Some(900 * US));
        assert_eq!(t.newest(), us(2_000 + 700 + 200));
        note(&mut t, 13 * MS, 100 * US, None);
        assert_eq!(t.newest(), us(700 + 200), "a loop that is not known changes nothing");
    }

    #[test]
    fn what_nothing_bounds_has_no_age() {
        let mut t = Transit::new();
        assert_eq!(t.newest(), None);
        note(&mut t, MS, 100 * US, None);
        assert_eq!(t.newest(), None);
        note(&mut t, 2 * MS, 100 * US, Some(100 * US));
        assert_eq!(t.newest(), us(200 + 200));
    }

    /// What is remembered turns over: after a while of nothing but slow commands the loop age alone tells that they are.
    #[test]
    fn a_while_is_some_hundred_milliseconds() {
        let mut t = Transit::new();
        note(&mut t, 0, 100 * US, Some(100 * US));
        note(&mut t, 299 * MS, 1_000 * US, Some(100 * US));
        assert_eq!(t.newest(), us(900 + 200 + 200));
        // A new half begins at 300 ms by the robot's clock, and still knows the one before.
        note(&mut t, 300 * MS, 1_100 * US, Some(100 * US));
        assert_eq!(t.newest(), us(1_000 + 200 + 200));
        note(&mut t, 599 * MS, 1_100 * US, Some(100 * US));
        assert_eq!(t.newest(), us(1_000 + 200 + 200));
        note(&mut t, 601 * MS, 1_100 * US, Some(100 * US));
        assert_eq!(t.newest(), us(1_200 + 200), "forgotten, and the loop says it");
    }

    #[test]
    fn a_half_remembers_its_first_command_until_it_ends() {
        let mut t = Transit::new();
        note(&mut t, 0, 100 * US, Some(100 * US));
        for ms in 1..300 {
            note(&mut t, ms * MS - 900 * US, 1_000 * US, Some(100 * US));
            assert_eq!(t.newest(), us(900 + 200 + 200), "{ms} ms after the first");
        }
        let mut t = Transit::new();
        note(&mut t, 0, 100 * US, None);
        note(&mut t, 300 * MS, 100 * US, Some(100 * US));
        note(&mut t, 600 * MS, 100 * US, None);
        assert_eq!(t.newest(), us(200 + 200), "the second began a new half, and so did the third");
    }

    #[test]
    fn a_pause_forgets_everything() {
        let mut t = Transit::new();
        note(&mut t, 0, 100 * US, Some(100 * US));
        note(&mut t, 599 * MS, 1_000 * US, None);
        assert_eq!(t.newest(), us(900 + 200 + 200), "599.9 ms after the first");
        let mut t = Transit::new();
        note(&mut t, 0, 100 * US, Some(100 * US));
        note(&mut t, 600 * MS, 100 * US, None);
        assert_eq!(t.newest(), None);
    }

    #[test]
    fn stamps_at_both_ends_of_a_clock_do_not_overflow() {
        let mut t = Transit::new();
        t.note(Moment::from_ns(u64::MAX), Moment::from_ns(0), us(1));
        t.note(Moment::from_ns(0), Moment::from_ns(u64::MAX), us(1));
        t.note(Moment::from_ns(u64::MAX), Moment::from_ns(0), us(1));
        assert!(t.newest().is_some_and(|age| age >= Duration::from_micros(1)));
    }

    proptest! {
        /// CMD-AGE: whatever the way of each command, the bound is never below its true age; and it is no more
        /// than the loop of the fastest above it.
        #[test]
        fn the_bound_is_never_below_the_true_age(
            drift_ppm in -200_i64..=200,
            frames in proptest::collection::vec(
                (1_u64..40_000, 0_u64..20_000, proptest::option::of(0_u64..30_000)),
                1..200,
            ),
        ) {
            let mut t = Transit::new();
            let (mut sampled, mut arrived) = (0, 0);
            for (apart_us, way_us, down_us) in frames {
                sampled += apart_us * US;
                // In order: what another overtook never gets here.
                arrived = (sampled + way_us * US).max(arrived);
                let way = arrived - sampled;
                let loop_age = down_us.map(|down| Duration::from_nanos(way + down * US));
                t.note(console(sampled, drift_ppm), Moment::from_ns(arrived), loop_age);
                if let Some(bound) = t.newest() {
                    prop_assert!(bound >= Duration::from_nanos(way), "{bound:?} < {way} ns");
                }
                if let (Some(bound), Some(loop_age)) = (t.newest(), loop_age) {
                    // Above the loop age of the command itself only by how much the clocks can have drifted apart.
                    prop_assert!(bound <= loop_age + Duration::from_nanos(20 * MS) + 3 * DRIFT);
                }
            }
        }
    }
}
