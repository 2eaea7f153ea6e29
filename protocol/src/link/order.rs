//! Pictures in order: a small reorder buffer that prefers a new picture to a complete history.
//!
//! Problem: each picture has a stream of its own, so a picture with a lost packet arrives after its
//! successors, and a decoder that gets them as they come shows garbage. The naive way, waiting for
//! the missing one, freezes the view for as long as the loss takes to mend; the view age then stops
//! the robot for one bad packet.
//!
//! The rule: a picture is released when the one it builds on was the last one released, or when it
//! is a keyframe. A keyframe never waits, and what is older than it is dropped. A missing picture is
//! waited for while at most [`WAIT_MAX`] later ones have arrived; then the chain is broken, nothing
//! is released until a keyframe, and the caller is told to ask for one.
//!
//! Limits: it waits by count, not by time, because it reads no clock. A flow that stops altogether is
//! seen by the view age, not here.

use std::collections::BTreeMap;

use crate::picture::PictureHeader;

/// Later pictures that may wait for a missing one.
///
/// Four at 60 per second are 67 ms: one retransmission on most links, and half of the view budget.
pub const WAIT_MAX: usize = 4;

/// Pictures dropped on a broken chain until a keyframe is asked for again: the request is a
/// datagram and may be lost. At 60 per second 133 ms, longer than most round trips.
pub const ASK_AGAIN_AFTER: u32 = 8;

/// What one arrival makes possible.
#[derive(Debug, PartialEq, Eq)]
pub struct Release<T> {
    /// Pictures to decode, in this order.
    pub pictures: Vec<T>,
    /// True if a keyframe must be asked for now.
    pub keyframe_wanted: bool,
}

/// What decides the place of a picture. All of it is in its header.
#[derive(Debug, Clone, Copy)]
struct Place {
    view: u64,
    /// The view it builds on.
    before: u64,
    keyframe: bool,
}

impl From<&PictureHeader> for Place {
    fn from(header: &PictureHeader) -> Self {
        let before = header.view.saturating_sub(1).saturating_sub(u64::from(header.skipped));
        Self { view: header.view, before, keyframe: header.keyframe }
    }
}

/// Where the chain of pictures stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    /// The next picture builds on this view.
    Whole { last: u64 },
    /// Only a keyframe after this view goes on.
    Broken { last: u64, dropped_since_asked: u32 },
}

/// The buffer. Bound: [`WAIT_MAX`] pictures.
#[derive(Debug)]
pub struct Ordered<T> {
    chain: Chain,
    waiting: BTreeMap<u64, (Place, T)>,
    dropped: u64,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Ordered<T> {
    /// An empty buffer, for one source on one connection. It begins with the first keyframe that arrives.
    pub const fn new() -> Self {
        let chain = Chain::Broken { last: 0, dropped_since_asked: ASK_AGAIN_AFTER };
        Self { chain, waiting: BTreeMap::new(), dropped: 0 }
    }

    /// Takes a picture; returns what can be decoded now.
    ///
    /// A picture that is not newer than the last one released, or that waits already, is dropped and
    /// counted.
    pub fn push(&mut self, header: &PictureHeader, picture: T) -> Release<T> {
        let place = Place::from(header);
        if place.view <= self.last() || self.waiting.contains_key(&place.view) {
            self.dropped += 1;
            return Release { pictures: Vec::new(), keyframe_wanted: false };
        }
        self.waiting.insert(place.view, (place, picture));
        let pictures = self.release();
        Release { pictures, keyframe_wanted: self.shed() }
    }

    /// Pictures that came and were never released.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    const fn last(&self) -> u64 {
        match self.chain {
            Chain::Whole { last } | Chain::Broken { last, .. } => last,
        }
    }

    fn release(&mut self) -> Vec<T> {
        let mut pictures = Vec::new();
        // The newest keyframe wins: what waits below it can only be older.
        if let Some(key) = self.waiting.values().rev().map(|(p, _)| *p).find(|p| p.keyframe) {
            let newer = self.waiting.split_off(&key.view);
            self.dropped += self.waiting.len() as u64;
            self.waiting = newer;
            self.chain = Chain::Whole { last: key.before };
        }
        while let (Chain::Whole { last }, Some(next)) = (self.chain, self.waiting.first_entry()) {
            let place = next.get().0;
            if !place.keyframe && place.before != last {
                break;
            }
            pictures.push(next.remove().1);
            self.chain = Chain::Whole { last: place.view };
        }
        pictures
    }

    /// Drops what has waited too long; true if a keyframe must be asked for.
    fn shed(&mut self) -> bool {
        let mut ask = false;
        while self.waiting.len() > WAIT_MAX {
            self.waiting.pop_first();
            self.dropped += 1;
            let (last, dropped) = match self.chain {
                Chain::Whole { last } => (last, ASK_AGAIN_AFTER),
                Chain::Broken { last, dropped_since_asked } => {
                    (last, dropped_since_asked.saturating_add(1))
                }
            };
            ask |= dropped >= ASK_AGAIN_AFTER;
            let dropped_since_asked = if dropped >= ASK_AGAIN_AFTER { 0 } else { dropped };
            self.chain = Chain::Broken { last, dropped_since_asked };
        }
        ask
    }
}

#[cfg(test)]
mod tests;
