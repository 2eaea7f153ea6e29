//! A wait-free ring between two threads. Full: the item is dropped and counted.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ringbuf::traits::{Consumer as _, Producer as _, Split as _};
use ringbuf::{HeapCons, HeapProd, HeapRb};

/// The sending end.
pub struct Sender<T> {
    ring: HeapProd<T>,
    dropped: Arc<AtomicU64>,
    wake: Option<UnixStream>,
}

/// The receiving end.
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
    /// Writes one byte to `wake` after each item, so that a thread that sleeps on sockets wakes up.
    /// `wake` must not block; a full socket is as good, because its reader has not yet woken up for
    /// the bytes before.
    #[must_use]
    pub fn waking(mut self, wake: UnixStream) -> Self {
        self.wake = Some(wake);
        self
    }

    /// Puts an item in; wait-free. A full ring drops it and counts.
    pub fn send(&mut self, item: T) {
        if self.offer(item).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Puts an item in; wait-free.
    ///
    /// # Errors
    /// The item, if the ring is full. It is not counted as dropped.
    pub fn offer(&mut self, item: T) -> Result<(), T> {
        let put = self.ring.try_push(item);
        if let Some(wake) = self.wake.as_mut() {
            let _ = wake.write(&[0]);
        }
        put
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest item out; wait-free.
    pub fn take(&mut self) -> Option<T> {
        self.ring.try_pop()
    }

    /// Items that were sent into a full ring.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_drops_and_counts_or_gives_the_item_back() {
        let (mut tx, mut rx) = ring(2);
        for i in 0..5 {
            tx.send(i);
        }
        assert_eq!(tx.offer(9), Err(9));
        assert_eq!(rx.dropped(), 3);
        assert_eq!((rx.take(), rx.take(), rx.take()), (Some(0), Some(1), None));
        assert_eq!(tx.offer(9), Ok(()));
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
