//! How old commands were when they arrived, at most, restated from ADR 0017.

use std::time::Duration;

use protocol::time::{Moment, Operator};

use super::{Now, since};

/// Half of what is remembered.
const HALF: Duration = Duration::from_millis(300);

/// What the clocks may drift apart meanwhile.
const DRIFT: Duration = Duration::from_micros(200);

/// The commands of two halves: how far the console's clock was behind the robot's, and the loop age.
#[derive(Debug, Default)]
pub(super) struct Transit {
    halves: [Vec<(i128, Option<Duration>)>; 2],
    begun: Option<Now>,
    newest: Option<Duration>,
}

impl Transit {
    pub(super) fn note(&mut self, sampled: Moment<Operator>, loop_age: Option<Duration>, now: Now) {
        let past = self.begun.and_then(|begun| since(now, begun));
        if past.is_none_or(|past| past >= 2 * HALF) {
            self.halves = Default::default();
            self.begun = Some(now);
        } else if past.is_some_and(|past| past >= HALF) {
            self.halves = [core::mem::take(&mut self.halves[1]), Vec::new()];
            self.begun = Some(now);
        }
        let behind = i128::from(now.as_ns()) - i128::from(sampled.as_ns());
        self.halves[1].push((behind, loop_age));
        let all = || self.halves.iter().flatten();
        let fastest = all().map(|(behind, _)| *behind).min().expect("the one just put in");
        let loops = all().filter_map(|(_, age)| *age).min();
        self.newest = loops.map(|shortest| {
            // Ages beyond 584 years are as good as that.
            let slower = u64::try_from(behind - fastest).unwrap_or(u64::MAX);
            Duration::from_nanos(slower) + shortest + DRIFT
        });
    }

    pub(super) const fn newest(&self) -> Option<Duration> {
        self.newest
    }
}
