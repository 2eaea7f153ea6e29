//! What the threads say to each other, and the wait-free rings it goes through.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::frame::{CommandFrame, StateFrame};
use protocol::session::SessionId;
use protocol::time::{Moment, Robot};
use ringbuf::traits::{Consumer as _, Producer as _, Split as _};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::core::{Followed, Grant, LocalEvent, SessionEvent, Transition};

/// From the control link to the servo.
#[derive(Debug, Clone, Copy)]
pub enum Inbound {
    /// A command frame that decoded.
    Command(CommandFrame),
    /// What was said on the session stream.
    Session(SessionEvent),
}

/// From the servo to the control link.
#[expect(clippy::large_enum_variant, reason = "a box would be an allocation on the servo thread")]
#[derive(Debug, Clone, Copy)]
pub enum Outbound {
    /// A state frame to send.
    State(StateFrame),
    /// The answer to a request for authority.
    Granted(SessionId, Grant),
    /// The core took authority back from this session.
    Ended(SessionId),
}

/// A picture was captured.
#[derive(Debug, Clone, Copy)]
pub struct Captured {
    /// Its number.
    pub view: u64,
    /// When.
    pub at: Moment<Robot>,
}

/// One tick, for the journal.
#[derive(Debug, Clone, Copy)]
pub struct TickRecord {
    /// When it was made.
    pub at: Moment<Robot>,
    /// The state changed.
    pub transition: Option<Transition>,
    /// The robot followed the hand.
    pub followed: Option<Followed>,
    /// Largest contact force. Unit: newton.
    pub contact_n: f64,
    /// Time that the core took. Unit: nanosecond.
    pub core_ns: u64,
    /// How late the tick began. Unit: nanosecond.
    pub late_ns: u64,
    /// Ticks missed since the last.
    pub missed: u64,
    /// Frames accepted so far.
    pub accepted: u64,
    /// Frames dropped so far, for whatever reason.
    pub dropped: u64,
}

/// The sending end of a ring. Full: the item is dropped and counted.
pub struct Sender<T> {
    ring: HeapProd<T>,
    dropped: Arc<AtomicU64>,
    wake: Option<UnixStream>,
}

/// The receiving end of a ring.
pub struct Receiver<T> {
    ring: HeapCons<T>,
    dropped: Arc<AtomicU64>,
}

/// A ring with room for `room` items.
pub fn ring<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    let (producer, consumer) = HeapRb::new(room).split();
    let dropped = Arc::new(AtomicU64::new(0));
    (
        Sender { ring: producer, dropped: Arc::clone(&dropped), wake: None },
        Receiver { ring: consumer, dropped },
    )
}

impl<T> Sender<T> {
    /// Writes one byte to `wake` after each item, so that a thread that sleeps on sockets wakes up. A
    /// full socket is as good: its reader has not yet woken up for the bytes before.
    #[must_use]
    pub fn waking(mut self, wake: UnixStream) -> Self {
        self.wake = Some(wake);
        self
    }

    /// Puts an item in; wait-free.
    pub fn send(&mut self, item: T) {
        if self.ring.try_push(item).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(wake) = self.wake.as_mut() {
            let _ = wake.write(&[0]);
        }
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

/// From the bedside to the servo.
pub type LocalSender = Sender<LocalEvent>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_and_counts() {
        let (mut tx, mut rx) = ring(2);
        for i in 0..5 {
            tx.send(i);
        }
        assert_eq!(rx.dropped(), 3);
        assert_eq!((rx.take(), rx.take(), rx.take()), (Some(0), Some(1), None));
    }

    #[test]
    fn a_waking_ring_never_blocks_on_its_reader() {
        let (wake, _reader) = UnixStream::pair().unwrap();
        wake.set_nonblocking(true).unwrap();
        let (tx, mut rx) = ring(4);
        let mut tx = tx.waking(wake);
        for i in 0..1_000_000 {
            tx.send(i);
        }
        assert_eq!(rx.take(), Some(0));
    }
}
