//! How the task went.

/// Events that are kept. A trial of six rings that goes wrong a hundred times is no longer told apart from one that
/// goes wrong more often.
const EVENTS_MAX: usize = 128;

/// What can happen to a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEvent {
    /// Lifted off its peg, or by 2 mm off the board.
    Picked,
    /// The arm that held it let go while the other one held it too.
    HandedOver,
    /// Came to rest on a peg of the other group.
    Placed,
    /// Came to rest on the board or beside it.
    Dropped,
    /// Slid out of a jaw that was closed on it.
    Slipped,
}

/// An event and its circumstances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Happened {
    /// Time since the board was set up. Unit: s.
    pub at_s: f64,
    /// Which ring, from 0.
    pub ring: usize,
    /// What.
    pub event: TaskEvent,
}

/// The score of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Times a ring was picked up.
    pub picked: u32,
    /// Times a ring came to rest on a peg of the other group.
    pub transferred: u32,
    /// Times a ring came to rest on no peg.
    pub dropped: u32,
    /// Times a ring slid out of a closed jaw.
    pub slipped: u32,
    /// Times a ring went from one arm to the other.
    pub handed_over: u32,
    /// Greatest force between an arm and anything on the board. Unit: N.
    pub force_max_n: f64,
    /// Time simulated. Unit: s.
    pub elapsed_s: f64,
    /// Events that were not kept.
    pub events_lost: u32,
    events: [Option<Happened>; EVENTS_MAX],
    kept: usize,
}

impl Score {
    pub(super) const fn new() -> Self {
        Self {
            picked: 0,
            transferred: 0,
            dropped: 0,
            slipped: 0,
            handed_over: 0,
            force_max_n: 0.0,
            elapsed_s: 0.0,
            events_lost: 0,
            events: [None; EVENTS_MAX],
            kept: 0,
        }
    }

    /// What happened, in order; the first 128 of it.
    pub fn events(&self) -> impl Iterator<Item = &Happened> {
        self.events.iter().flatten()
    }

    pub(super) fn count(&mut self, ring: usize, event: TaskEvent) {
        let count = match event {
            TaskEvent::Picked => &mut self.picked,
            TaskEvent::HandedOver => &mut self.handed_over,
            TaskEvent::Placed => &mut self.transferred,
            TaskEvent::Dropped => &mut self.dropped,
            TaskEvent::Slipped => &mut self.slipped,
        };
        *count = count.saturating_add(1);
        match self.events.get_mut(self.kept) {
            Some(place) => {
                *place = Some(Happened { at_s: self.elapsed_s, ring, event });
                self.kept += 1;
            }
            None => self.events_lost = self.events_lost.saturating_add(1),
        }
    }
}
