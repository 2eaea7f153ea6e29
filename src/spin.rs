//! `--spin`: whether the threads of the control link stay awake around what they expect.

use clap::ValueEnum;
use protocol::host::priority::may_be_real_time;

/// From so many processors on, one can be spared for a part of the time.
const PROCESSORS_MIN: usize = 4;

/// What `--spin` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spin {
    /// On a machine with four processors or more, where real-time priority is permitted
    Auto,
    /// In any case; on a machine with two processors everything else is late
    On,
    /// Never
    Off,
}

impl Spin {
    /// Decides, and says so in the log.
    pub(crate) fn decide(self) -> bool {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let spins = self.is_on(processors, may_be_real_time().is_ok());
        if spins {
            tracing::info!(
                "the control link stays awake around what it expects: up to a fifth of a processor \
                 for wake-ups that are not late (--spin off to sleep)"
            );
        }
        spins
    }

    fn is_on(self, processors: usize, real_time: bool) -> bool {
        match self {
            Self::Auto => real_time && processors >= PROCESSORS_MIN,
            Self::On => true,
            Self::Off => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_itself_it_is_on_where_a_processor_can_be_spared() {
        assert!(Spin::Auto.is_on(4, true));
        assert!(!Spin::Auto.is_on(3, true) && !Spin::Auto.is_on(64, false));
        assert!(Spin::On.is_on(1, false) && !Spin::Off.is_on(64, true));
    }
}
