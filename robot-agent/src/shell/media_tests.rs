//! What the capture thread says about itself: MEDIA-STALL is judged by it.

use std::sync::Mutex;

use super::*;
use crate::shell::imaging::tests::{Device, PLAIN};
use crate::shell::imaging::{Desired, Wish, imaging};
use crate::shell::rings::{Receiver, ring};
use protocol::imaging::Imaging;
use protocol::picture::ViewSource;

const PERIOD: Duration = Duration::from_millis(5);

/// A source that delivers or not, and that waits for a lock which the test may hold.
struct Scope {
    delivers: Arc<AtomicBool>,
    busy: Arc<Mutex<()>>,
}

impl PictureSource for Scope {
    fn shows(&self) -> ViewSource {
        ViewSource::Endoscope
    }

    fn size(&self) -> (u16, u16) {
        (32, 32)
    }

    fn capture(&mut self, _now: Moment<RobotTime>, _budget: Duration, _into: &mut Picture) -> bool {
        drop(self.busy.lock().unwrap());
        self.delivers.load(Ordering::Relaxed)
    }
}

struct Bench {
    delivers: Arc<AtomicBool>,
    busy: Arc<Mutex<()>>,
    clock: HostClock<RobotTime>,
    heart: Heartbeat,
    taken: watch::Sender<bool>,
    sent: mpsc::Receiver<Encoded>,
    captured: Receiver<Captured>,
    desired: Desired,
}

fn bench() -> (Capture, Bench) {
    let (delivers, busy) = (Arc::new(AtomicBool::new(true)), Arc::default());
    let clock = HostClock::start();
    let (to_core, captured) = ring(64);
    let (link, sent) = mpsc::channel(1);
    let (taken_tx, taken) = watch::channel(true);
    let heart = Heartbeat::new(clock.now());
    let (desired, knobs) = imaging();
    let capture = Capture {
        source: Box::new(Scope { delivers: Arc::clone(&delivers), busy: Arc::clone(&busy) }),
        knobs,
        rate_hz: 200.0,
        clock,
        captured: to_core,
        witness: ring(64).0,
        link,
        taken,
        shared: MediaShared::new(),
        heart: heart.clone(),
    };
    (capture, Bench { delivers, busy, clock, heart, taken: taken_tx, sent, captured, desired })
}

/// MEDIA-STALL: a picture counts, and so does one that nobody asked for; one that the source owes does
/// not.
#[test]
fn only_a_source_that_owes_a_picture_is_silent() {
    let (mut capture, mut b) = bench();
    let mut flow = Flow::new(capture.source.size(), capture.rate_hz).unwrap();
    // The heart beats "now" in the future of the last beat, so that any beat shows.
    let mut beats = |b: &Bench| {
        b.heart.beat(Moment::START);
        let now = b.clock.now();
        capture.step(&mut flow, now, PERIOD);
        b.heart.silence(now) == Duration::ZERO
    };
    assert!(beats(&b), "it delivers");
    assert!(beats(&b), "the link is busy: nobody asked");
    let first = b.sent.try_recv().unwrap();
    assert_eq!((first.header.source, first.header.view), (ViewSource::Endoscope, 1));
    b.delivers.store(false, Ordering::Relaxed);
    assert!(!beats(&b), "it was asked, and owes a picture");
    b.taken.send_replace(false);
    assert!(beats(&b), "nobody is connected: nobody asked");
    b.taken.send_replace(true);
    b.delivers.store(true, Ordering::Relaxed);
    assert!(beats(&b));
    assert_eq!(b.sent.try_recv().unwrap().header.skipped, 3);
    let views: Vec<_> = core::iter::from_fn(|| b.captured.take()).map(|c| c.view).collect();
    assert_eq!(views, [1, 5]);
}

/// MEDIA-STALL: a real capture thread whose camera hangs falls silent for as long as it hangs.
#[test]
fn a_camera_that_hangs_silences_the_capture_thread() {
    let (capture, mut b) = bench();
    let flow = Flow::new(capture.source.size(), capture.rate_hz).unwrap();
    let stop = AtomicBool::new(false);
    let patience = b.clock.now().after(Duration::from_mins(1));
    let wait_until = |b: &mut Bench, fact: &dyn Fn(Duration) -> bool| {
        while !fact(b.heart.silence(b.clock.now())) {
            assert!(b.clock.now() < patience);
            let _ = b.sent.try_recv();
            std::thread::yield_now();
        }
    };
    std::thread::scope(|s| {
        s.spawn(|| capture.run(flow, &stop));
        wait_until(&mut b, &|silence| silence < Duration::from_millis(100));
        let busy = Arc::clone(&b.busy);
        let hangs = busy.lock().unwrap();
        // What the link still holds must be taken, or nobody asks the camera.
        wait_until(&mut b, &|silence| silence > Duration::from_millis(300));
        drop(hangs);
        wait_until(&mut b, &|silence| silence < Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
    });
}

/// MEDIA-STALL and VIEW-AGE: a device that is frozen would go on delivering, and none of it is captured. The core
/// hears of no new picture and the heart is silent, so both grow; thawed, it goes on at once.
#[test]
fn a_frozen_device_captures_nothing_and_the_heart_is_silent() {
    let (mut capture, mut b) = bench();
    capture.source = Box::new(Device { now: Some(PLAIN), broken: false });
    let mut flow = Flow::new(capture.source.size(), capture.rate_hz).unwrap();
    let wish = |b: &Bench, request, frozen| {
        let wanted = Imaging { frozen, ..PLAIN };
        b.desired.wishes.send_replace(Some(Wish { request, wanted }));
    };
    let mut step = |b: &mut Bench| {
        b.heart.beat(Moment::START);
        let now = b.clock.now();
        capture.step(&mut flow, now, PERIOD);
        let beats = b.heart.silence(now) == Duration::ZERO;
        let (sent, captured) = (b.sent.try_recv().is_ok(), b.captured.take().is_some());
        (beats, sent, captured)
    };
    assert_eq!(step(&mut b), (true, true, true));
    wish(&b, 1, true);
    for _ in 0..20 {
        assert_eq!(step(&mut b), (false, false, false));
    }
    wish(&b, 2, false);
    assert_eq!(step(&mut b), (true, true, true));
}
