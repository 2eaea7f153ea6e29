//! What one round of one variant has given.

use core::time::Duration;

/// Round trips of one variant in one round.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// Messages sent.
    pub sent: usize,
    /// Round trips of those that came back, shortest first. Unit: nanosecond.
    pub trips_ns: Vec<u64>,
    /// Time that the client has spent computing.
    pub client: Duration,
    /// Time that the echo has spent computing.
    pub echo: Duration,
}

impl Round {
    pub(super) fn with_room(messages: usize) -> Self {
        // Written once, so that no page of it is missing when it counts.
        let mut trips_ns = vec![1; messages];
        trips_ns.clear();
        Self { trips_ns, ..Self::default() }
    }

    pub(super) fn note(&mut self, trip: Option<Duration>) {
        self.sent += 1;
        if let Some(trip) = trip {
            self.trips_ns.push(u64::try_from(trip.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    pub(super) fn settle(&mut self) {
        self.trips_ns.sort_unstable();
    }

    /// The round trip that this share of them does not exceed. Unit: microsecond.
    pub fn percentile_us(&self, share: f64) -> f64 {
        let last = self.trips_ns.len().saturating_sub(1);
        let at = (share * last as f64).ceil() as usize;
        self.trips_ns.get(at).map_or(f64::NAN, |ns| *ns as f64 / 1e3)
    }

    /// What a message has cost both ends. Unit: microsecond.
    pub fn cpu_us(&self) -> f64 {
        (self.client + self.echo).as_secs_f64() * 1e6 / self.sent.max(1) as f64
    }
}

/// The median; NaN of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(a), Some(b)) => f64::midpoint(*a, *b),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_came_back_and_lost_ones_count_as_sent() {
        let mut round = Round::with_room(4);
        for trip in [Some(40), None, Some(10), Some(20), Some(30)] {
            round.note(trip.map(Duration::from_micros));
        }
        round.settle();
        assert_eq!((round.sent, round.trips_ns.len()), (5, 4));
        let of = |share| round.percentile_us(share);
        assert_eq!((of(0.0), of(0.5), of(0.99), of(1.0)), (10.0, 30.0, 40.0, 40.0));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
