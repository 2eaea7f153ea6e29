//! How long commands take from the hand to the robot, judged each second against the profile's target.
//!
//! A state frame tells when the robot received a command, on the robot's clock; the estimate of that clock says when
//! this was here, within an error that is added. So what is judged is never below the truth, whatever the two ways
//! differ. It is shown and counted and stops nothing: the robot judges for itself, without an estimate.

use core::time::Duration;

use protocol::clock::Offset;
use protocol::frame::StateFrame;
use protocol::time::{Moment, Operator};

use super::window::Window;

/// How long one verdict covers.
const SECOND: Duration = Duration::from_secs(1);

/// Of so many commands one may be above the target.
const OF: u64 = 100;

/// Fewer commands than this in a second say nothing about their 99th percentile.
const ENOUGH: u64 = 20;

/// Judges the way in. Bound: 16 kB; nothing allocates after `new`.
#[derive(Debug, Clone)]
pub struct WayIn {
    target: Duration,
    window: Window,
    newest_echo: u64,
    second: Second,
    judged: u64,
    met: u64,
}

#[derive(Debug, Clone, Copy)]
struct Second {
    began: Moment<Operator>,
    commands: u64,
    above: u64,
}

impl Second {
    const fn beginning(began: Moment<Operator>) -> Self {
        Self { began, commands: 0, above: 0 }
    }
}

/// What is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayInSummary {
    /// 99 of 100 commands of a second are to take no longer.
    pub target: Duration,
    /// What 99 of 100 commands of the last second did not exceed; `None` while nothing is known.
    pub p99: Option<Duration>,
    /// Seconds judged so far.
    pub seconds: u64,
    /// Those in which the target was met.
    pub met: u64,
}

impl WayIn {
    /// Nothing has been judged.
    pub fn new(target: Duration) -> Self {
        Self {
            target,
            window: Window::default(),
            newest_echo: 0,
            second: Second::beginning(Moment::START),
            judged: 0,
            met: 0,
        }
    }

    /// Another session counts its commands anew; what was judged stays.
    pub fn begin_session(&mut self) {
        self.newest_echo = 0;
        self.second = Second::beginning(Moment::START);
        self.window.clear();
    }

    /// Takes in what a state frame tells of the command that it echoes.
    pub fn record(&mut self, frame: &StateFrame, offset: Option<Offset>, now: Moment<Operator>) {
        let Some(offset) = offset.filter(|_| frame.echo_seq > self.newest_echo) else { return };
        self.newest_echo = frame.echo_seq;
        let arrived_ns =
            frame.t_robot.as_ns() as f64 - frame.echo_hold.as_nanos() as f64 - offset.ns;
        let took_ns = arrived_ns - frame.echo_t_input.as_ns() as f64 + offset.error_ns;
        self.window.add(took_ns, now);
        if now.since(self.second.began).is_none_or(|past| past >= SECOND) {
            self.judge();
            self.second = Second::beginning(now);
        }
        self.second.commands += 1;
        // Written so that a time that is no number is above every target.
        let within = took_ns <= self.target.as_nanos() as f64;
        self.second.above += u64::from(!within);
    }

    fn judge(&mut self) {
        let Second { commands, above, .. } = self.second;
        if commands < ENOUGH {
            return;
        }
        self.judged += 1;
        self.met += u64::from(above * OF <= commands);
    }

    /// What is shown of it.
    pub fn summary(&self, now: Moment<Operator>) -> WayInSummary {
        let p99 = self.window.percentile(99.0, now);
        WayInSummary {
            target: self.target,
            p99: p99.map(|ns| Duration::from_nanos(ns.max(0.0) as u64)),
            seconds: self.judged,
            met: self.met,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::session::tests::state_frame;
    use protocol::time::Robot;

    const OFFSET: Offset = Offset { ns: 7e9, error_ns: 1e5, rtt_ns: 2e5 };
    const MS: u64 = 1_000_000;

    /// The command sampled at `sampled_ns` arrived `way_ns` later and was held for 0.3 ms.
    fn told(seq: u64, sampled_ns: u64, way_ns: u64) -> StateFrame {
        StateFrame {
            echo_seq: seq,
            echo_t_input: Moment::from_ns(sampled_ns),
            echo_hold: Duration::from_micros(300),
            t_robot: Moment::<Robot>::from_ns(7_000_000_000 + sampled_ns + way_ns + 300_000),
            ..state_frame()
        }
    }

    /// A second of 500 commands, of which `above` took 2 ms and the rest 0.4 ms.
    fn second(w: &mut WayIn, number: u64, above: u64) {
        for n in 0..500 {
            let at = (10 + number) * 1_000 * MS + n * 2 * MS;
            let way = if n < above { 2 * MS } else { 400_000 };
            w.record(&told(number * 500 + n + 1, at, way), Some(OFFSET), Moment::from_ns(at + MS));
        }
    }

    #[test]
    fn each_second_is_judged_by_its_99th_percentile() {
        let mut w = WayIn::new(Duration::from_millis(1));
        for (number, above) in [5, 6, 0, 500].into_iter().enumerate() {
            second(&mut w, number as u64, above);
        }
        second(&mut w, 4, 0);
        let end = Moment::from_ns(15_000 * MS);
        let shown = w.summary(end);
        assert_eq!((shown.seconds, shown.met), (4, 2), "the fifth is not over");
        assert_eq!(shown.p99, Some(Duration::from_micros(500)), "with the error of the clock");
        assert_eq!(w.summary(Moment::from_ns(17_000 * MS)).p99, None, "nothing came lately");
    }

    #[test]
    fn a_command_counts_once_and_not_without_a_clock() {
        let mut w = WayIn::new(Duration::from_millis(1));
        let at = Moment::from_ns(10_000 * MS);
        w.record(&told(1, 10_000 * MS, 0), None, at);
        assert_eq!(w.summary(at).p99, None);
        for _ in 0..100 {
            w.record(&told(1, 10_000 * MS, MS), Some(OFFSET), at);
        }
        assert_eq!(w.window.count(at), 1);
    }

    #[test]
    fn too_few_commands_are_not_judged_and_a_new_session_counts_anew() {
        let mut w = WayIn::new(Duration::from_millis(1));
        for n in 0..19 {
            let at = 10_000 * MS + n * MS;
            w.record(&told(n + 1, at, 0), Some(OFFSET), Moment::from_ns(at));
        }
        second(&mut w, 2, 0);
        assert_eq!(w.summary(Moment::from_ns(13_000 * MS)).seconds, 0);
        second(&mut w, 3, 0);
        assert_eq!(w.summary(Moment::from_ns(14_000 * MS)).seconds, 1);
        w.begin_session();
        w.record(&told(1, 15_000 * MS, 0), Some(OFFSET), Moment::from_ns(15_000 * MS));
        let shown = w.summary(Moment::from_ns(15_000 * MS));
        assert_eq!((shown.seconds, shown.met), (1, 1));
        assert_eq!(w.window.count(Moment::from_ns(15_000 * MS)), 1);
    }
}
