//! One page's socket: statuses and pictures out, what the operator does in.
//!
//! Two halves that do not wait for each other: a page that does not read can still say STOP. The
//! newest page steers and presents. Older ones go on hearing statuses, which tell them so, and may
//! still stop; closing them would only make them connect again and take the robot back.

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::messages::{MESSAGE_MAX, PageMessage, REPORT_MAX, Rate};
use super::{Console, picture};
use crate::shell::lock;
use crate::shell::mailbox::{Mailbox, Picture};
use crate::shell::rings::ToHand;
use crate::shell::shared::Word;
use crate::shell::status::compose::Composer;

/// Pages that may be open at once. More are refused: each costs statuses.
const PAGES_MAX: usize = 8;

/// How often the page hears how things are.
const STATUS_EVERY: Duration = Duration::from_millis(50);

/// A page that has not taken a message for this long is gone. Far above what a busy browser needs.
const SEND_MAX: Duration = Duration::from_secs(5);

/// Pictures on a page that may still be presented. Three seconds of them.
const DELIVERED_MAX: usize = 128;

/// No epoch has been shown.
const NO_EPOCH: u32 = u32::MAX;

/// `GET /ws`.
pub(super) async fn open(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let guard = &console.guard;
    if let Err(refused) = guard.token(&uri).and_then(|()| guard.origin(&headers)) {
        return refused.answer();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let Some(seat) = Seat::take(&console) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close some\n")
            .into_response();
    };
    upgrade
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .on_upgrade(move |socket| async move { seat.serve(socket).await })
}

/// The pictures that were sent to a page and not reported since.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    session: u64,
    views: BTreeSet<u64>,
}

impl Delivered {
    /// A picture is about to be sent.
    pub(super) fn sent(&mut self, session: u64, view: u64) {
        if session != self.session {
            self.session = session;
            self.views.clear();
        }
        if self.views.len() >= DELIVERED_MAX {
            self.views.pop_first();
        }
        self.views.insert(view);
    }

    /// The session of the picture, and how many before it were passed over; `None` unless it was
    /// sent and nothing newer has been reported. Counts once.
    pub(super) fn presented(&mut self, view: u64) -> Option<(u64, u64)> {
        if !self.views.remove(&view) {
            return None;
        }
        // A late word about those that were passed over is no news.
        let newer = self.views.split_off(&view);
        let passed = core::mem::replace(&mut self.views, newer).len() as u64;
        Some((self.session, passed))
    }
}

/// One open page.
struct Seat {
    console: Arc<Console>,
    number: u64,
    mailbox: Arc<Mailbox>,
    delivered: Mutex<Delivered>,
    /// The epoch that the page shows: what its operator acknowledges.
    epoch_shown: AtomicU32,
}

impl Seat {
    /// A place for one more page, unless there are too many.
    fn take(console: &Arc<Console>) -> Option<Self> {
        let more = |open| (open < PAGES_MAX).then_some(open + 1);
        console.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Self {
            console: Arc::clone(console),
            number: console.opened.fetch_add(1, Ordering::AcqRel) + 1,
            mailbox: Arc::default(),
            delivered: Mutex::default(),
            epoch_shown: AtomicU32::new(NO_EPOCH),
        })
    }

    fn steers(&self) -> bool {
        *self.console.steering.borrow() == self.number
    }

    async fn serve(self, socket: WebSocket) {
        let shared = &self.console.shared;
        // The newest takes over, also if two open at once.
        let newest = self.console.steering.send_if_modified(|steering| {
            let newer = self.number > *steering;
            if newer {
                *steering = self.number;
            }
            newer
        });
        if newest {
            shared.to_hand.send(ToHand::PageChanged { open: true, at: shared.clock.now() });
            shared.outlet.look(Arc::clone(&self.mailbox));
        }
        tracing::info!("page {} is open", self.number);
        let (out, incoming) = socket.split();
        tokio::select! {
            () = self.speak(out) => {}
            () = self.listen(incoming) => {}
        }
        shared.outlet.look_away(&self.mailbox);
        if self.steers() {
            // What it held is let go. Should another one open in this very moment, the core believes
            // for one status that nobody looks.
            shared.to_hand.send(ToHand::PageChanged { open: false, at: shared.clock.now() });
        }
        tracing::info!("page {} is closed", self.number);
    }

    /// Statuses and pictures, until the page is gone.
    async fn speak(&self, mut out: SplitSink<WebSocket, Message>) {
        let shared = &self.console.shared;
        let mut composer = Composer::default();
        let mut due = interval(STATUS_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                biased;
                _ = due.tick() => {
                    let status = composer.compose(shared, self.steers());
                    self.epoch_shown.store(status.state.epoch.unwrap_or(NO_EPOCH), Ordering::Release);
                    match serde_json::to_string(&status) {
                        Ok(text) => Message::Text(text.into()),
                        Err(error) => {
                            tracing::error!("a status could not be written: {error}");
                            return;
                        }
                    }
                }
                picture = self.mailbox.next() => {
                    if !self.steers() {
                        continue;
                    }
                    Message::Binary(self.deliver(&picture).into())
                }
            };
            if !matches!(timeout(SEND_MAX, out.send(message)).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    fn deliver(&self, picture: &Picture) -> Vec<u8> {
        lock(&self.delivered).sent(picture.session, picture.header.view);
        picture::message(picture)
    }

    /// What the page says, until it is gone or says what no page of ours says.
    async fn listen(&self, mut incoming: SplitStream<WebSocket>) {
        let clock = self.console.shared.clock;
        let mut rate = Rate::new(clock.now());
        while let Some(Ok(message)) = incoming.next().await {
            let Message::Text(text) = message else {
                if matches!(message, Message::Close(_)) {
                    return;
                }
                continue;
            };
            let now = clock.now();
            match PageMessage::parse(&text) {
                // Whoever asks, and however often.
                Some(PageMessage::Stop) => self.console.shared.stop.press(now),
                Some(said) if rate.admits(now) => self.hear(&said),
                Some(_) => tracing::debug!("page {} says too much", self.number),
                None => tracing::debug!("page {} said what is no message", self.number),
            }
        }
    }

    fn hear(&self, said: &PageMessage) {
        let shared = &self.console.shared;
        if let PageMessage::Decoder { report } = said {
            let report: String =
                report.chars().filter(|c| !c.is_control()).take(REPORT_MAX).collect();
            tracing::info!("page {} decodes: {report}", self.number);
            return;
        }
        // A page that was replaced looks at an old world.
        if !self.steers() {
            return;
        }
        match said {
            PageMessage::Keyframe => shared.outlet.ask_keyframe(),
            PageMessage::Presented { view, decode_ms, draw_ms } => {
                let sent = |view| Some((view, lock(&self.delivered).presented(view)?));
                if let Some((view, (session, passed))) = view.parse().ok().and_then(sent) {
                    shared.presented(view, session);
                    shared.outlet.count_dropped(passed);
                } else {
                    tracing::debug!(decode_ms, draw_ms, "picture {view} was never sent");
                }
            }
            PageMessage::Shown { word } => {
                shared.to_hand.send(ToHand::Shown { word: word.state(), at: shared.clock.now() });
            }
            PageMessage::Acknowledge => match self.epoch_shown.load(Ordering::Acquire) {
                NO_EPOCH => {}
                epoch => shared.say(Word::Acknowledge { epoch }),
            },
            PageMessage::Pad { .. } => {
                if let Some(report) = said.pad(shared.clock.now()) {
                    shared.to_hand.send(ToHand::Pad(report));
                }
            }
            PageMessage::Imaging { .. } => {
                if let Some(wanted) = said.imaging() {
                    shared.set_imaging(wanted);
                }
            }
            PageMessage::Stop | PageMessage::Decoder { .. } => {}
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.console.open.fetch_sub(1, Ordering::AcqRel);
    }
}
