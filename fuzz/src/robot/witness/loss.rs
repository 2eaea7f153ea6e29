//! How many commands were lost within the last second.

use std::collections::BTreeMap;

use super::Now;

/// A tenth of a second. Unit: nanosecond.
const PART_NS: u64 = 100_000_000;

/// Fewer commands than this say nothing.
const ENOUGH: u64 = 20;

/// What came and what was missed, by tenths of a second.
#[derive(Debug, Default)]
pub(super) struct Loss {
    parts: BTreeMap<u64, (u64, u64)>,
    /// The clock has run backwards: what was counted stands for another time.
    lost: bool,
}

impl Loss {
    pub(super) fn note(&mut self, missed: u64, now: Now) {
        let part = now.as_ns() / PART_NS;
        self.lost |= self.parts.last_key_value().is_some_and(|(newest, _)| part < *newest);
        let (came, lost) = self.parts.entry(part).or_default();
        (*came, *lost) = (*came + 1, lost.saturating_add(missed));
    }

    /// The share missed within the last second, if there is one to speak of.
    pub(super) fn share(&self, now: Now) -> Option<f64> {
        let newest = now.as_ns() / PART_NS;
        if self.lost || self.parts.last_key_value().is_some_and(|(part, _)| newest < *part) {
            return None;
        }
        let (came, missed) = self
            .parts
            .range(newest.saturating_sub(9)..)
            .fold((0, 0_u64), |(c, m), (_, (came, missed))| (c + came, m.saturating_add(*missed)));
        let sent = missed.saturating_add(came);
        Some(if sent < ENOUGH { 0.0 } else { missed as f64 / sent as f64 })
    }
}
