//! What is remembered of each command that was made, for when the robot speaks of it.
//!
//! A state frame echoes the number of the newest command that the robot had taken. The stamp in a
//! command is that of the hand, which may be older than the command and stands still when a device
//! hangs; a round trip counted from it would be too long by the age of the sample. So the time at which
//! each command was *made* stays here, beside what steered it, and is looked up by the number.

use protocol::time::{Moment, Operator};

/// Commands remembered: two seconds at 1 kHz, four times the largest loop age that a profile allows.
pub const REMEMBERED: usize = 2048;

/// What was the case when a command was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// When it was made.
    pub at: Moment<Operator>,
    /// The picture that steered it; 0 for none.
    pub seen_view: u64,
}

/// The newest commands of a session. Bound: 48 kB; nothing allocates after `default`.
#[derive(Debug, Clone)]
pub struct MadeLog {
    /// Numbers begin at 1, so 0 marks a slot without a command.
    ring: Box<[(u64, Made)]>,
}

const NOTHING: (u64, Made) = (0, Made { at: Moment::START, seen_view: 0 });

impl Default for MadeLog {
    fn default() -> Self {
        Self { ring: vec![NOTHING; REMEMBERED].into_boxed_slice() }
    }
}

impl MadeLog {
    /// Remembers the command with this number, in place of the oldest.
    pub fn record(&mut self, seq: u64, made: Made) {
        if let Some(slot) = self.ring.get_mut(slot(seq)) {
            *slot = (seq, made);
        }
    }

    /// What is remembered of the command with this number; `None` for 0, for one that was never made,
    /// and for one that is forgotten.
    pub fn get(&self, seq: u64) -> Option<Made> {
        let (number, made) = *self.ring.get(slot(seq))?;
        (seq != 0 && number == seq).then_some(made)
    }

    /// Forgets everything: the numbers of another session mean other commands.
    pub fn clear(&mut self) {
        self.ring.fill(NOTHING);
    }
}

const fn slot(seq: u64) -> usize {
    (seq % REMEMBERED as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(n: u64) -> Made {
        Made { at: Moment::from_ns(n * 1_000), seen_view: n + 7 }
    }

    #[test]
    fn the_newest_commands_are_remembered_and_no_other() {
        let mut log = MadeLog::default();
        assert_eq!(log.get(1), None);
        let newest = REMEMBERED as u64 + 5;
        for n in 1..=newest {
            log.record(n, made(n));
        }
        assert_eq!(log.get(newest), Some(made(newest)));
        assert_eq!(log.get(6), Some(made(6)), "the oldest of {REMEMBERED}");
        assert_eq!(log.get(5), None, "forgotten");
        assert_eq!(log.get(newest + 1), None, "never made");
        log.clear();
        assert_eq!(log.get(newest), None);
    }

    #[test]
    fn the_number_zero_is_no_command() {
        let mut log = MadeLog::default();
        assert_eq!(log.get(0), None);
        log.record(0, made(0));
        assert_eq!(log.get(0), None);
    }
}
