//! When a state frame is due, and what is in it.

use core::time::Duration;

use protocol::time::{Moment, Robot};

/// Numbers state frames and keeps their pace.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    period: Duration,
    next: Moment<Robot>,
    seq: u64,
}

impl Pace {
    /// `rate_hz` frames a second.
    pub(super) fn new(rate_hz: f64) -> Self {
        Self { period: Duration::from_secs_f64(1.0 / rate_hz), next: Moment::START, seq: 0 }
    }

    /// The number of the frame to send now; `None` if none is due. A change of state is always due:
    /// the console must not wait to hear of a stop.
    pub(super) fn due(&mut self, changed: bool, now: Moment<Robot>) -> Option<u64> {
        if now < self.next && !changed {
            return None;
        }
        // The pace is kept from the plan, not from now, so that late ticks do not slow it down; after
        // a long pause it starts afresh and does not catch up.
        let planned = self.next.after(self.period);
        self.next = if planned > now { planned } else { now.after(self.period) };
        self.seq += 1;
        Some(self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Moment<Robot> {
        Moment::from_ns(us * 1_000)
    }

    #[test]
    fn frames_come_at_the_rate_and_at_once_after_a_change() {
        let mut pace = Pace::new(500.0);
        let sent: Vec<_> = (0..10).filter_map(|ms| pace.due(false, at(ms * 1_000))).collect();
        assert_eq!(sent, [1, 2, 3, 4, 5]);
        assert_eq!(pace.due(false, at(9_500)), None);
        assert_eq!(pace.due(true, at(9_600)), Some(6));
    }

    #[test]
    fn a_pause_is_not_caught_up() {
        let mut pace = Pace::new(500.0);
        pace.due(false, at(0));
        assert_eq!(pace.due(false, at(1_000_000)), Some(2));
        assert_eq!(pace.due(false, at(1_001_000)), None);
        assert_eq!(pace.due(false, at(1_002_000)), Some(3));
    }
}
