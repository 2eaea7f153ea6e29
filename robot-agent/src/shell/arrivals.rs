//! How long commands take from the hand's sample to the ring that the servo reads, where both ends share a clock:
//! in a demonstration on one machine. Nothing is judged by it.

use core::time::Duration;

use protocol::frame::CommandFrame;
use protocol::host::HostClock;
use protocol::time::{Moment, Robot};

use super::rings::{Receiver, Sender, ring};

/// Bins of a microsecond. What took longer than all of them is in the last.
const BINS: usize = 20_000;

/// Room in the ring: some seconds of commands.
const ROOM: usize = 8_192;

/// New commands until figures are made again.
const EVERY: u64 = 1_000;

/// Stamps commands as they are put into the ring.
pub struct Stamper {
    clock: HostClock<Robot>,
    ring: Sender<Duration>,
}

/// Counts what was stamped.
pub struct Arrivals {
    ring: Receiver<Duration>,
    bins: Vec<u32>,
    samples: u64,
    max: Duration,
    figured: u64,
}

/// From the hand's sample to the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayIn {
    /// Half of the commands took less.
    pub p50: Duration,
    /// 99 of 100 took less.
    pub p99: Duration,
    /// 999 of 1,000 took less.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
    /// Commands.
    pub samples: u64,
}

/// Both ends. `clock` must share its start with the operator's.
pub fn arrivals(clock: HostClock<Robot>) -> (Stamper, Arrivals) {
    let (sender, receiver) = ring(ROOM);
    let counts = Arrivals {
        ring: receiver,
        bins: vec![0; BINS],
        samples: 0,
        max: Duration::ZERO,
        figured: 0,
    };
    (Stamper { clock, ring: sender }, counts)
}

impl Stamper {
    /// A command is put into the ring now.
    pub fn stamp(&mut self, frame: &CommandFrame) {
        let sampled = Moment::<Robot>::from_ns(frame.t_input.as_ns());
        if let Some(took) = self.clock.now().since(sampled) {
            self.ring.send(took);
        }
    }
}

impl Arrivals {
    /// Takes in what was stamped; returns figures now and then.
    pub fn drain(&mut self) -> Option<WayIn> {
        while let Some(took) = self.ring.take() {
            self.note(took);
        }
        if self.samples < self.figured + EVERY {
            return None;
        }
        self.figured = self.samples;
        Some(self.figures())
    }

    fn note(&mut self, took: Duration) {
        let bin = usize::try_from(took.as_micros()).unwrap_or(usize::MAX).min(BINS - 1);
        if let Some(count) = self.bins.get_mut(bin) {
            *count = count.saturating_add(1);
        }
        self.samples += 1;
        self.max = self.max.max(took);
    }

    fn figures(&self) -> WayIn {
        let share = |per_mille: u64| {
            let wanted = (self.samples * per_mille).div_ceil(1_000);
            let mut seen = 0;
            let bin = self.bins.iter().position(|count| {
                seen += u64::from(*count);
                seen >= wanted
            });
            // The end of the bin: never less than it took.
            Duration::from_micros(bin.map_or(0, |bin| bin as u64 + 1)).min(self.max)
        };
        let (p50, p99, p999) = (share(500), share(990), share(999));
        WayIn { p50, p99, p999, max: self.max, samples: self.samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_with_every_thousandth_command_and_are_never_too_small() {
        let (mut stamper, mut arrivals) = arrivals(HostClock::start());
        for us in 0..999_u64 {
            stamper.ring.send(Duration::from_micros(us));
        }
        assert_eq!(arrivals.drain(), None);
        stamper.ring.send(Duration::from_secs(1));
        let figures = arrivals.drain().unwrap();
        assert_eq!(figures.p50, Duration::from_micros(500));
        assert_eq!(figures.p99, Duration::from_micros(990));
        assert_eq!(figures.p999, Duration::from_micros(999));
        assert_eq!((figures.max, figures.samples), (Duration::from_secs(1), 1_000));
        assert_eq!(arrivals.drain(), None, "nothing new");
    }
}
