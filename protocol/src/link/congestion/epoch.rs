//! What one round of acknowledgements says about the queue.

use core::time::Duration;
use std::time::Instant;

/// The packets that one acknowledgement confirms.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Batch {
    newest_sent: Option<Instant>,
    packets: u32,
    bytes: u64,
}

impl Batch {
    /// Takes in one packet of this acknowledgement.
    pub(super) fn packet(&mut self, sent: Instant, bytes: u64) {
        self.newest_sent = self.newest_sent.max(Some(sent));
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Bytes that this acknowledgement confirms.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When its newest packet was sent, and that packet's round trip. Unit: second.
    ///
    /// The newest packet is the one that made the other side answer, so its round trip holds the
    /// least of the other side's delay. A lone packet is none: the other side answers every second
    /// one at once, but a lone one only after up to 25 ms, which would pass for a queue.
    pub(super) fn round_trip_s(&self, now: Instant) -> Option<(Instant, f64)> {
        let sent = self.newest_sent.filter(|_| self.packets > 1)?;
        Some((sent, now.saturating_duration_since(sent).as_secs_f64()))
    }
}

/// What was seen since the window last changed.
///
/// Only packets sent since then speak about this window; what was in flight before speaks about the
/// last one. That is what makes the next step exact instead of a step too far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epoch {
    /// When the window last changed.
    pub(super) began: Instant,
    first_answer: Option<Instant>,
    packets: u32,
    sum_s: f64,
    /// The longest round trip. Unit: second.
    pub(super) longest_s: f64,
    /// The most that was in flight. Unit: byte.
    pub(super) peak: u64,
    acked: u64,
    lost: u64,
}

impl Epoch {
    /// Begins with a window that has just changed.
    pub(super) const fn new(began: Instant) -> Self {
        Self {
            began,
            first_answer: None,
            packets: 0,
            sum_s: 0.0,
            longest_s: 0.0,
            peak: 0,
            acked: 0,
            lost: 0,
        }
    }

    /// Takes in one acknowledgement; `flight` bytes were in flight before it.
    pub(super) fn answer(&mut self, now: Instant, batch: &Batch, flight: u64) {
        self.acked = self.acked.saturating_add(batch.bytes);
        let Some((sent, round_trip_s)) = batch.round_trip_s(now) else { return };
        if sent < self.began {
            return;
        }
        self.first_answer.get_or_insert(now);
        self.peak = self.peak.max(flight);
        self.packets = self.packets.saturating_add(batch.packets);
        self.sum_s += round_trip_s * f64::from(batch.packets);
        self.longest_s = self.longest_s.max(round_trip_s);
    }

    /// Takes in what was declared lost.
    pub(super) fn loss(&mut self, bytes: u64) {
        self.lost = self.lost.saturating_add(bytes);
    }

    /// How long answers about this window have been coming in.
    pub(super) fn answered_for(&self, now: Instant) -> Duration {
        self.first_answer.map_or(Duration::ZERO, |first| now.saturating_duration_since(first))
    }

    /// Packets whose round trip is in the mean.
    pub(super) const fn packets(&self) -> u32 {
        self.packets
    }

    /// The mean round trip of packets. Unit: second. None without a packet.
    pub(super) fn mean_s(&self) -> Option<f64> {
        (self.packets > 0).then(|| self.sum_s / f64::from(self.packets))
    }

    /// The part of the bytes that was lost, 0 to 1.
    pub(super) fn lost_part(&self) -> f64 {
        let all = self.lost.saturating_add(self.acked);
        if all == 0 { 0.0 } else { self.lost as f64 / all as f64 }
    }
}
