//! What the other threads say to the hand thread, and the ring it goes through.
//!
//! One ring for all of them, so that what was said first is heard first: a picture always arrives
//! before its presentation. Whoever speaks takes a lock among the speakers; the hand thread, which
//! listens, takes none and waits for nobody.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::frame::StateFrame;
use protocol::picture::PictureHeader;
use protocol::session::SessionId;
use protocol::time::{Moment, Operator};
use quinn::Connection;
use ringbuf::traits::{Consumer as _, Producer as _, Split as _};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::lock;
use crate::devices::pad::PadReport;

/// To the hand thread.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most items are states, and a ring does not allocate"
)]
pub enum ToHand {
    /// Authority was granted; commands go out on this connection.
    Welcome {
        /// The session.
        session: SessionId,
        /// The epoch to start under.
        epoch: u32,
        /// True if nothing real can move.
        simulated: bool,
        /// Where command frames go.
        connection: Connection,
        /// Which session of this process it is, from 1.
        number: u64,
    },
    /// The control connection has ended.
    Lost,
    /// A state frame has arrived.
    State {
        /// The frame.
        frame: StateFrame,
        /// When.
        at: Moment<Operator>,
    },
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
    /// Another page has taken over: its pad counts from the start.
    PageChanged,
}

/// The speaking end; shared by all who speak.
pub struct Sender<T> {
    ring: Mutex<HeapProd<T>>,
    dropped: Arc<AtomicU64>,
}

/// The listening end.
pub struct Receiver<T> {
    ring: HeapCons<T>,
    dropped: Arc<AtomicU64>,
}

/// A ring with room for `room` items.
pub fn ring<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    let (producer, consumer) = HeapRb::new(room).split();
    let dropped = Arc::new(AtomicU64::new(0));
    (
        Sender { ring: Mutex::new(producer), dropped: Arc::clone(&dropped) },
        Receiver { ring: consumer, dropped },
    )
}

impl<T> Sender<T> {
    /// Puts an item in; a full ring drops it and counts.
    pub fn send(&self, item: T) {
        if self.offer(item).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Puts an item in.
    ///
    /// # Errors
    /// The item, if the ring is full.
    pub fn offer(&self, item: T) -> Result<(), T> {
        lock(&self.ring).try_push(item)
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest item out; wait-free.
    pub fn take(&mut self) -> Option<T> {
        self.ring.try_pop()
    }

    /// Items that found the ring full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_and_counts_or_gives_the_item_back() {
        let (tx, mut rx) = ring(2);
        for i in 0..5 {
            tx.send(i);
        }
        assert_eq!(tx.offer(9), Err(9));
        assert_eq!(rx.dropped(), 3);
        assert_eq!((rx.take(), rx.take(), rx.take()), (Some(0), Some(1), None));
        assert_eq!(tx.offer(9), Ok(()));
    }
}
