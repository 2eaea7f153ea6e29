//! An estimate of the offset between two clocks, to *attribute* latency to stages. Never for safety.
//!
//! Two-way exchange on command and state frames: the state frame echoes the `t_input` of the newest
//! command and how long the robot held it. The sample with the smallest round trip bounds the offset
//! best, so a window of them is kept and the tightest wins. Asymmetry of the path is inside the
//! error (half the round trip), never assumed away; the error grows with the age of the sample.

use core::time::Duration;

use crate::time::{Moment, Operator, Robot};

/// Samples kept. At 500 state frames a second the window spans about a second of tightest samples.
const WINDOW: usize = 512;

/// How fast two free-running clocks may drift apart, as a fraction.
///
/// 2 × 100 ppm: crystals of ordinary computers, both at their worst.
const DRIFT: f64 = 200e-6;

/// Robot clock minus operator clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset {
    /// The estimate. Unit: nanosecond.
    pub ns: f64,
    /// The true offset lies within this of it. Unit: nanosecond.
    pub error_ns: f64,
    /// The smallest round trip in the window, without the robot's hold. Unit: nanosecond.
    pub rtt_ns: f64,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Moment<Operator>,
    offset_ns: f64,
    rtt_ns: f64,
}

/// Estimates the offset from the echoes in state frames.
#[derive(Debug, Clone)]
pub struct ClockEstimate {
    samples: [Option<Sample>; WINDOW],
    next: usize,
    last_echo: Moment<Operator>,
}

impl Default for ClockEstimate {
    fn default() -> Self {
        Self { samples: [None; WINDOW], next: 0, last_echo: Moment::START }
    }
}

impl ClockEstimate {
    /// Takes in one echo: the command stamped `sent` was held for `hold` until the robot's
    /// `t_robot`, and the state frame arrived at `received`.
    ///
    /// Echoes of one command are used once; an impossible one (received before sent) is ignored.
    pub fn observe(
        &mut self,
        sent: Moment<Operator>,
        hold: Duration,
        t_robot: Moment<Robot>,
        received: Moment<Operator>,
    ) {
        if sent <= self.last_echo {
            return;
        }
        let Some(away) = received.since(sent) else {
            return;
        };
        let Some(travel) = away.checked_sub(hold) else {
            return;
        };
        self.last_echo = sent;
        let rtt_ns = travel.as_nanos() as f64;
        let midpoint_ns = received.as_ns() as f64 - rtt_ns / 2.0;
        let offset_ns = t_robot.as_ns() as f64 - midpoint_ns;
        if let Some(slot) = self.samples.get_mut(self.next) {
            *slot = Some(Sample { at: received, offset_ns, rtt_ns });
        }
        self.next = (self.next + 1) % WINDOW;
    }

    /// The best estimate at `now`; `None` before the first sample.
    pub fn offset(&self, now: Moment<Operator>) -> Option<Offset> {
        let error = |s: &Sample| {
            let age_ns = now.as_ns().checked_sub(s.at.as_ns()).map_or(f64::MAX, |ns| ns as f64);
            s.rtt_ns / 2.0 + DRIFT * age_ns
        };
        let errors = self.samples.iter().flatten().map(|sample| (error(sample), sample));
        let (error_ns, best) = errors.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Offset { ns: best.offset_ns, error_ns, rtt_ns: best.rtt_ns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET_NS: i64 = -7_000_000_000;

    fn robot(op_ns: u64) -> Moment<Robot> {
        Moment::from_ns(op_ns.checked_add_signed(OFFSET_NS).unwrap())
    }

    fn exchange(c: &mut ClockEstimate, sent: u64, up: u64, hold: u64, down: u64) {
        c.observe(
            Moment::from_ns(sent),
            Duration::from_nanos(hold),
            robot(sent + up + hold),
            Moment::from_ns(sent + up + hold + down),
        );
    }

    #[test]
    fn the_true_offset_lies_inside_the_error_however_asymmetric_the_path() {
        for (up, down) in [(1_000, 1_000), (1_000_000, 1_000), (0, 5_000_000), (40_000, 90_000)] {
            let mut c = ClockEstimate::default();
            exchange(&mut c, 10_000_000_000, up, 300_000, down);
            let o = c.offset(Moment::from_ns(10_010_000_000)).unwrap();
            assert!((o.ns - OFFSET_NS as f64).abs() <= o.error_ns, "{up} {down}: {o:?}");
        }
    }

    #[test]
    fn the_tightest_sample_wins_and_its_error_grows_with_age() {
        let mut c = ClockEstimate::default();
        exchange(&mut c, 10_000_000_000, 20_000_000, 0, 1_000_000);
        exchange(&mut c, 10_100_000_000, 100_000, 0, 100_000);
        exchange(&mut c, 10_200_000_000, 1_000_000, 0, 30_000_000);
        let soon = c.offset(Moment::from_ns(10_300_000_000)).unwrap();
        assert!((soon.ns - OFFSET_NS as f64).abs() < 1.0);
        let late = c.offset(Moment::from_ns(12_300_000_000)).unwrap();
        assert!(late.error_ns > soon.error_ns + 100_000.0);
    }

    #[test]
    fn impossible_and_repeated_echoes_are_ignored() {
        let mut c = ClockEstimate::default();
        assert_eq!(c.offset(Moment::from_ns(1)), None);
        c.observe(Moment::from_ns(100), Duration::ZERO, robot(8_000_000_000), Moment::from_ns(50));
        c.observe(
            Moment::from_ns(100),
            Duration::from_nanos(90),
            robot(8_000_000_000),
            Moment::from_ns(150),
        );
        assert_eq!(c.offset(Moment::from_ns(200)), None);
        exchange(&mut c, 10_000_000_000, 10, 10, 10);
        let first = c.offset(Moment::from_ns(10_000_000_100));
        exchange(&mut c, 10_000_000_000, 0, 0, 1);
        assert_eq!(c.offset(Moment::from_ns(10_000_000_100)), first);
    }
}
