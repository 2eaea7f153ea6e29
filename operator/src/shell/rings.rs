//! What the other threads say to the hand thread, and the ring it goes through.
//!
//! One ring for all of them, so that what was said first is heard first: a picture always arrives
//! before its presentation. Whoever speaks takes a lock among the speakers; the hand thread, which
//! listens, takes none and waits for nobody.

use std::sync::Mutex;

pub use protocol::host::ring::Receiver;
use protocol::host::ring::{Sender, ring};
use protocol::picture::PictureHeader;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use super::lock;
use crate::devices::pad::PadReport;

/// To the hand thread.
#[derive(Debug, Clone, Copy)]
pub enum ToHand {
    /// A picture has arrived.
    Picture {
        /// Its header.
        header: PictureHeader,
        /// When it was complete.
        at: Moment<Operator>,
        /// The session it belongs to.
        number: u64,
    },
    /// A picture was presented to the eye.
    Presented {
        /// Its number.
        view: u64,
        /// When this process heard of it.
        at: Moment<Operator>,
        /// The session it belongs to.
        number: u64,
    },
    /// What the page says about its practice pad.
    Pad(PadReport),
    /// What the page says about the state that it shows.
    Shown {
        /// The state; `None` if it shows none.
        word: Option<OperatingState>,
        /// When this process heard of it.
        at: Moment<Operator>,
    },
    /// Another page has taken over, or the one that steered is gone: what its pad held is let go.
    PageChanged {
        /// True if it was opened.
        open: bool,
        /// When.
        at: Moment<Operator>,
    },
}

/// The speaking end; shared by all who speak.
pub struct Speakers<T>(Mutex<Sender<T>>);

/// A ring with room for `room` items that many may speak into.
pub fn speaking_ring<T>(room: usize) -> (Speakers<T>, Receiver<T>) {
    let (sender, receiver) = ring(room);
    (Speakers(Mutex::new(sender)), receiver)
}

impl<T> Speakers<T> {
    /// Puts an item in; a full ring drops it and counts.
    pub fn send(&self, item: T) {
        lock(&self.0).send(item);
    }

    /// Puts an item in.
    ///
    /// # Errors
    /// The item, if the ring is full.
    pub fn offer(&self, item: T) -> Result<(), T> {
        lock(&self.0).offer(item)
    }
}
