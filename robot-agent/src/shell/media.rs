//! The media link: captures, encodes and sends pictures, and drops them *before* encoding.
//!
//! A lost or skipped reference breaks H.264 until the next keyframe, so a picture that the link has
//! no room for is never captured in the first place: a capture thread waits until the link has taken
//! the last one. Two threads, so that twenty milliseconds of encoding never keep the link's packets
//! waiting.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use protocol::host::HostClock;
use protocol::link::admit::{self, admit};
use protocol::link::endpoint::WAITING_MAX;
use protocol::link::pictures::{PictureSender, is_keyframe_request};
use protocol::link::{LinkError, Role};
use protocol::picture::PictureHeader;
use protocol::time::{Moment, Robot as RobotTime};
use quinn::{Connection, Endpoint, VarInt};
use tokio::sync::{Semaphore, mpsc, watch};

use super::encoder::{EncodeError, PictureEncoder};
use super::imaging::Knobs;
use super::rings::{Captured, Sender};
use super::watchdog::Heartbeat;
use crate::picture::{Picture, PictureSource};

/// A picture that the link does not take within this time is given up, and a keyframe follows.
///
/// Longer than any hard limit on the picture's age: by then nobody may steer by it.
const TAKE_MAX: Duration = Duration::from_millis(500);

/// One encoded picture on its way to the link.
pub struct Encoded {
    header: PictureHeader,
    unit: Vec<u8>,
}

/// Counts of the media side.
#[derive(Debug, Default)]
pub struct MediaCounts {
    /// Pictures handed to the link.
    pub sent: AtomicU64,
    /// Pictures due and not captured, because the link had not taken the last one.
    pub skipped: AtomicU64,
}

/// What the two threads share.
#[derive(Clone)]
pub struct MediaShared {
    keyframe: Arc<AtomicBool>,
    /// Counts.
    pub counts: Arc<MediaCounts>,
}

impl MediaShared {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self { keyframe: Arc::new(AtomicBool::new(true)), counts: Arc::default() }
    }
}

impl Default for MediaShared {
    fn default() -> Self {
        Self::new()
    }
}

/// The capture thread: pictures at the rate of the profile, as long as the link takes them.
pub struct Capture {
    /// Where pictures come from.
    pub source: Box<dyn PictureSource>,
    /// What the operator sets on it.
    pub knobs: Knobs,
    /// Pictures a second.
    pub rate_hz: f64,
    /// The robot's clock.
    pub clock: HostClock<RobotTime>,
    /// Tells the core when each picture was captured.
    pub captured: Sender<Captured>,
    /// Tells the journal the same.
    pub witness: Sender<Captured>,
    /// To the link thread; has room for one picture.
    pub link: mpsc::Sender<Encoded>,
    /// True while a console is connected to the media link and has taken the last picture.
    pub taken: watch::Receiver<bool>,
    /// Shared with the link thread.
    pub shared: MediaShared,
    /// Beats when a picture was captured, and when none was asked for: not if the source fails to
    /// deliver, not while it takes its time, and not while it is frozen.
    pub heart: Heartbeat,
}

/// The capture thread between two pictures.
pub struct Flow {
    encoder: PictureEncoder,
    picture: Picture,
    view: u64,
    skipped: u32,
}

impl Flow {
    /// A flow of pictures of this size at this rate, before its first one.
    ///
    /// # Errors
    /// [`EncodeError`] if no picture of this size can be encoded.
    pub fn new((width, height): (u16, u16), rate_hz: f64) -> Result<Self, EncodeError> {
        let encoder = PictureEncoder::new(width, height, rate_hz)?;
        Ok(Self { encoder, picture: Picture::black(width, height), view: 0, skipped: 0 })
    }
}

impl Capture {
    /// Runs until `stop` is set.
    pub fn run(mut self, mut flow: Flow, stop: &AtomicBool) {
        let period = Duration::from_secs_f64(1.0 / self.rate_hz);
        let mut due = self.clock.now();
        while !stop.load(Ordering::Relaxed) {
            self.clock.wait_until(due);
            let now = self.clock.now();
            due = if due.after(period) > now { due.after(period) } else { now.after(period) };
            self.step(&mut flow, now, period);
        }
    }

    /// One picture, if the link has room for it and the source delivers it.
    fn step(&mut self, flow: &mut Flow, now: Moment<RobotTime>, budget: Duration) {
        // Whatever the source would deliver while it is frozen, it must not pass for a new picture.
        let frozen = self.knobs.turn(self.source.as_mut());
        flow.view += 1;
        let wanted = *self.taken.borrow() && self.link.capacity() > 0;
        if !wanted {
            self.heart.beat(now);
        }
        if !wanted || frozen || !self.source.capture(now, budget, &mut flow.picture) {
            flow.skipped += 1;
            self.shared.counts.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let captured = Captured { source: self.source.shows(), view: flow.view, at: now };
        self.captured.send(captured);
        self.witness.send(captured);
        let keyframe = self.shared.keyframe.swap(false, Ordering::Relaxed);
        let mut unit = Vec::new();
        match flow.encoder.encode(&flow.picture, keyframe, &mut unit) {
            Ok(keyframe) => {
                let header = self.header(flow, now, keyframe, unit.len());
                flow.skipped = 0;
                // There was room, and this is the only sender.
                let _ = self.link.try_send(Encoded { header, unit });
                self.heart.beat(self.clock.now());
            }
            Err(error) => {
                tracing::error!("{error}");
                self.shared.keyframe.store(true, Ordering::Relaxed);
                flow.skipped += 1;
            }
        }
    }

    fn header(
        &self,
        flow: &Flow,
        captured: Moment<RobotTime>,
        keyframe: bool,
        length: usize,
    ) -> PictureHeader {
        let spent = self.clock.now().since(captured).unwrap_or(Duration::ZERO);
        PictureHeader {
            source: self.source.shows(),
            view: flow.view,
            captured,
            encode_us: u32::try_from(spent.as_micros()).unwrap_or(u32::MAX),
            width: flow.picture.width,
            height: flow.picture.height,
            depth_um: flow.picture.depth_um,
            keyframe,
            skipped: flow.skipped,
            length: u32::try_from(length).unwrap_or(u32::MAX),
        }
    }
}

/// Serves the media link: the operator who holds authority, on the newest connection of that
/// operator. Pictures are for nobody else, and end with the authority.
pub async fn serve(
    endpoint: Endpoint,
    mut pictures: mpsc::Receiver<Encoded>,
    taken: watch::Sender<bool>,
    shared: MediaShared,
    mut holder: watch::Receiver<Option<String>>,
) {
    let (newest_tx, mut newest) = watch::channel(None::<Connection>);
    let accepting = tokio::spawn(accept(endpoint, newest_tx, holder.clone()));
    while newest.changed().await.is_ok() {
        loop {
            let Some(connection) = newest.borrow_and_update().clone() else { break };
            shared.keyframe.store(true, Ordering::Relaxed);
            holder.borrow_and_update();
            let replaced = tokio::select! {
                () = send_all(&connection, &mut pictures, &taken, &shared) => false,
                () = keyframe_requests(&connection, &shared) => false,
                newer = newest.changed() => newer.is_ok(),
                _ = holder.changed() => false,
            };
            // Its owner calls again if it still may.
            connection.close(VarInt::from_u32(0), b"the pictures go elsewhere, or to nobody");
            taken.send_replace(false);
            while pictures.try_recv().is_ok() {}
            if !replaced {
                break;
            }
        }
    }
    accepting.abort();
}

async fn accept(
    endpoint: Endpoint,
    newest: watch::Sender<Option<Connection>>,
    holder: watch::Receiver<Option<String>>,
) {
    let handshakes = Arc::new(Semaphore::new(WAITING_MAX));
    while let Some(incoming) = admit::next(&endpoint).await {
        let Ok(place) = Arc::clone(&handshakes).acquire_owned().await else { break };
        let (newest, holder) = (newest.clone(), holder.clone());
        tokio::spawn(async move {
            let address = incoming.remote_address();
            let admitted = admit(incoming, &[Role::Operator]).await;
            drop(place);
            match admitted {
                Ok((connection, peer)) if holder.borrow().as_ref() == Some(&peer.name) => {
                    newest.send_replace(Some(connection));
                }
                Ok((connection, peer)) => {
                    tracing::warn!("refused pictures to operator {}: no authority", peer.name);
                    connection.close(
                        VarInt::from_u32(0),
                        b"pictures are for the operator who holds authority; connect control first",
                    );
                }
                Err(LinkError::Unproven { .. }) => {}
                Err(error) => {
                    tracing::warn!(code = error.code(), "refused {address} on media: {error}");
                }
            }
        });
    }
}

async fn send_all(
    connection: &Connection,
    pictures: &mut mpsc::Receiver<Encoded>,
    taken: &watch::Sender<bool>,
    shared: &MediaShared,
) {
    let mut sender = PictureSender::new(connection.clone());
    loop {
        taken.send_replace(true);
        let Some(encoded) = pictures.recv().await else { return };
        taken.send_replace(false);
        match tokio::time::timeout(TAKE_MAX, sender.send(&encoded.header, &encoded.unit)).await {
            Ok(Ok(())) => {
                shared.counts.sent.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Err(error)) => {
                tracing::info!("pictures to the console have ended: {error}");
                return;
            }
            Err(_) => {
                // Given up: what follows must not refer to it.
                shared.keyframe.store(true, Ordering::Relaxed);
            }
        }
    }
}

async fn keyframe_requests(connection: &Connection, shared: &MediaShared) {
    while let Ok(datagram) = connection.read_datagram().await {
        if is_keyframe_request(&datagram) {
            shared.keyframe.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
