//! Pictures on their way to an eye: a short queue that never waits for a slow one.
//!
//! Problem: a page that can not keep up either blocks whoever feeds it, or collects pictures that are
//! old when they are shown; and a single picture dropped from the middle spoils all that build on it.
//! The rule: the queue is short; when it is full the chain is broken, everything is dropped until
//! the next keyframe, and one is asked for. What an eye gets is always decodable and never older
//! than the queue is long.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::link::order::ASK_AGAIN_AFTER;
use protocol::picture::PictureHeader;
use tokio::sync::Notify;

use super::lock;

/// Pictures that may wait for the eye. At 40 per second 100 ms: half of the hard view budget.
pub const WAITING_MAX: usize = 4;

/// One picture, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What is known of it.
    pub header: PictureHeader,
    /// One access unit, Annex B.
    pub unit: Vec<u8>,
    /// The session it belongs to: numbers of pictures mean nothing in another.
    pub session: u64,
}

/// What one push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    /// Pictures dropped by it.
    pub dropped: u64,
    /// True if a keyframe must be asked for now.
    pub keyframe_wanted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    Whole,
    Broken { dropped_since_asked: u32 },
}

/// The rule, without the waiting. Bound: [`WAITING_MAX`] pictures.
#[derive(Debug)]
pub struct PictureQueue {
    waiting: VecDeque<Picture>,
    chain: Chain,
}

impl Default for PictureQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl PictureQueue {
    /// An empty queue. It begins with a keyframe.
    pub const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            chain: Chain::Broken { dropped_since_asked: ASK_AGAIN_AFTER },
        }
    }

    /// Takes a picture in, or drops it.
    pub fn push(&mut self, picture: Picture) -> Pushed {
        let full = self.waiting.len() >= WAITING_MAX;
        match (self.chain, picture.header.keyframe, full) {
            (Chain::Whole, _, false) => {
                self.waiting.push_back(picture);
                Pushed { dropped: 0, keyframe_wanted: false }
            }
            (Chain::Whole, true, true) | (Chain::Broken { .. }, true, _) => {
                // What waits is older than a picture that stands on its own.
                let dropped = self.clear();
                self.chain = Chain::Whole;
                self.waiting.push_back(picture);
                Pushed { dropped, keyframe_wanted: false }
            }
            (Chain::Whole, false, true) => self.break_chain(ASK_AGAIN_AFTER),
            (Chain::Broken { dropped_since_asked }, false, _) => {
                self.break_chain(dropped_since_asked.saturating_add(1))
            }
        }
    }

    /// The oldest picture that waits.
    pub fn pop(&mut self) -> Option<Picture> {
        self.waiting.pop_front()
    }

    /// Forgets everything; only a keyframe goes on. Returns how many were forgotten.
    pub fn restart(&mut self) -> u64 {
        self.chain = Chain::Broken { dropped_since_asked: ASK_AGAIN_AFTER };
        self.clear()
    }

    fn break_chain(&mut self, dropped_since_asked: u32) -> Pushed {
        let ask = dropped_since_asked >= ASK_AGAIN_AFTER;
        let dropped_since_asked = if ask { 0 } else { dropped_since_asked };
        self.chain = Chain::Broken { dropped_since_asked };
        Pushed { dropped: 1, keyframe_wanted: ask }
    }

    fn clear(&mut self) -> u64 {
        let dropped = self.waiting.len() as u64;
        self.waiting.clear();
        dropped
    }
}

/// A queue with somebody waiting at its end.
#[derive(Debug, Default)]
pub struct Mailbox {
    queue: Mutex<PictureQueue>,
    filled: Notify,
}

impl Mailbox {
    /// Takes a picture in, or drops it. Never blocks.
    pub fn push(&self, picture: Picture) -> Pushed {
        let pushed = lock(&self.queue).push(picture);
        self.filled.notify_one();
        pushed
    }

    /// The next picture, as soon as there is one. For one taker; safe to cancel.
    pub async fn next(&self) -> Picture {
        loop {
            let picture = lock(&self.queue).pop();
            if let Some(picture) = picture {
                return picture;
            }
            self.filled.notified().await;
        }
    }

    /// Forgets what waits; only a keyframe goes on. Returns how many were forgotten.
    pub fn restart(&self) -> u64 {
        lock(&self.queue).restart()
    }
}

/// Where the pictures go: to the mailbox of whoever looks now, if anybody does.
#[derive(Debug, Default)]
pub struct Outlet {
    looking: Mutex<Option<Arc<Mailbox>>>,
    keyframe: Notify,
    dropped: AtomicU64,
}

impl Outlet {
    /// From now on the pictures go here, beginning with a keyframe.
    pub fn look(&self, mailbox: Arc<Mailbox>) {
        *lock(&self.looking) = Some(mailbox);
        self.ask_keyframe();
    }

    /// Nobody looks through this mailbox any more.
    pub fn look_away(&self, mailbox: &Arc<Mailbox>) {
        let mut looking = lock(&self.looking);
        if looking.as_ref().is_some_and(|l| Arc::ptr_eq(l, mailbox)) {
            *looking = None;
        }
    }

    /// Hands on a picture. Never blocks.
    pub fn deliver(&self, picture: Picture) {
        let Some(mailbox) = lock(&self.looking).clone() else { return };
        let pushed = mailbox.push(picture);
        self.count_dropped(pushed.dropped);
        if pushed.keyframe_wanted {
            self.ask_keyframe();
        }
    }

    /// Another connection brings the pictures from now on.
    pub fn restart(&self) {
        let mailbox = lock(&self.looking).clone();
        self.count_dropped(mailbox.map_or(0, |m| m.restart()));
    }

    /// Somebody needs a keyframe.
    pub fn ask_keyframe(&self) {
        self.keyframe.notify_one();
    }

    /// Returns when somebody has asked for a keyframe. For one taker; safe to cancel.
    pub async fn keyframe_asked(&self) {
        self.keyframe.notified().await;
    }

    /// Pictures that came and never reached an eye that looked.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts pictures that came and never reached the eye.
    pub fn count_dropped(&self, pictures: u64) {
        self.dropped.fetch_add(pictures, Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use protocol::picture::ViewSource;
    use protocol::time::Moment;

    /// A picture that nobody will decode.
    pub(crate) fn picture(view: u64, keyframe: bool) -> Picture {
        let header = PictureHeader {
            source: ViewSource::Ultrasound,
            view,
            captured: Moment::from_ns(view),
            encode_us: 0,
            width: 16,
            height: 16,
            depth_um: 0,
            keyframe,
            skipped: 0,
            length: 1,
        };
        Picture { header, unit: vec![0], session: 1 }
    }

    fn views(queue: &mut PictureQueue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).map(|p| p.header.view).collect()
    }

    #[test]
    fn a_queue_begins_with_a_keyframe_and_asks_for_it_once_per_run_of_drops() {
        let mut queue = PictureQueue::new();
        let asked: Vec<_> = (1..=u64::from(ASK_AGAIN_AFTER) + 1)
            .filter(|view| queue.push(picture(*view, false)).keyframe_wanted)
            .collect();
        assert_eq!(asked, [1, 1 + u64::from(ASK_AGAIN_AFTER)]);
        assert!(views(&mut queue).is_empty());
        assert_eq!(queue.push(picture(50, true)), Pushed { dropped: 0, keyframe_wanted: false });
        queue.push(picture(51, false));
        assert_eq!(views(&mut queue), [50, 51]);
    }

    #[test]
    fn a_full_queue_drops_to_the_next_keyframe_and_asks_for_one() {
        let mut queue = PictureQueue::new();
        queue.push(picture(1, true));
        for view in 2..=WAITING_MAX as u64 {
            assert_eq!(queue.push(picture(view, false)).dropped, 0);
        }
        assert_eq!(queue.push(picture(5, false)), Pushed { dropped: 1, keyframe_wanted: true });
        assert_eq!(queue.push(picture(6, false)), Pushed { dropped: 1, keyframe_wanted: false });
        // The eye catches up, and still gets nothing that builds on what was dropped.
        assert_eq!(views(&mut queue), [1, 2, 3, 4]);
        assert_eq!(queue.push(picture(7, false)).dropped, 1);
        assert_eq!(queue.push(picture(8, true)).dropped, 0);
        queue.push(picture(9, false));
        assert_eq!(views(&mut queue), [8, 9]);
    }

    #[test]
    fn a_keyframe_replaces_what_waits_in_a_full_queue() {
        let mut queue = PictureQueue::new();
        queue.push(picture(1, true));
        for view in 2..=WAITING_MAX as u64 {
            queue.push(picture(view, false));
        }
        let pushed = queue.push(picture(9, true));
        assert_eq!(pushed, Pushed { dropped: WAITING_MAX as u64, keyframe_wanted: false });
        assert_eq!(views(&mut queue), [9]);
    }

    #[test]
    fn pictures_of_another_connection_begin_anew() {
        let mut queue = PictureQueue::new();
        queue.push(picture(1, true));
        queue.push(picture(2, false));
        assert_eq!(queue.restart(), 2);
        assert!(queue.push(picture(3, false)).keyframe_wanted);
        assert!(views(&mut queue).is_empty());
    }
}
