//! What is remembered of the drives: only those that are on may move anything by themselves.

use protocol::cause::Cause;

use super::conduct::Change;
use super::motion::Wish;

/// The drives, as far as they were asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Drives {
    under_power: bool,
    ordered_off: bool,
    regrips: bool,
}

impl Drives {
    /// Another state begins.
    pub(super) fn begin(&mut self, change: Change) {
        self.under_power = change.from.powered();
        self.regrips = change.cause == Some(Cause::Tracking);
    }

    /// This is ordered now.
    pub(super) fn order(&mut self, wish: Wish) {
        self.ordered_off = wish == Wish::Off;
        self.under_power &= !self.ordered_off;
    }

    /// They were on when this state began, and no order has taken them off since: only then may the
    /// state move anything, to brake or to lift.
    pub(super) const fn are_under_power(self) -> bool {
        self.under_power
    }

    /// The newest order took them off.
    pub(super) const fn are_ordered_off(self) -> bool {
        self.ordered_off
    }

    /// True once after an arm that did not obey has come to rest: it is to be held there, and no longer
    /// pulled to where it was ordered to be.
    pub(super) fn take_regrip(&mut self, stopped: bool) -> bool {
        let now = self.regrips && stopped;
        self.regrips &= !now;
        now
    }
}
