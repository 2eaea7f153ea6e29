//! Pictures on their way from the camera to the eye.
//!
//! Each picture is as many packets as the stream's rate makes of it. A packet that is lost is sent again when QUIC
//! would know that it is lost, after a round trip. A picture is there when all of it is, and is shown after those before
//! it: none can be decoded without them.
//!
//! Limits: the rate does not yield to a narrow link; where the queue is full its packets are lost, and sent again. No
//! chain of pictures is given up for a new keyframe.

use core::time::Duration;
use std::collections::VecDeque;

use protocol::picture::PictureHeader;

use super::wire::Wire;
use crate::network::LinkSpec;
use crate::truth::Truth;

/// What the encoder is asked for. Unit: bit/s.
const STREAM_BITS_PER_S: f64 = 3e6;

/// What a packet carries of a picture. Unit: byte.
const PACKET_BYTES: usize = 1_200;

/// Pictures that may be on their way; the next is not captured, as on the real link.
const UNFINISHED_MAX: usize = 8;

/// A round trip as it is taken to be before the first packet has arrived, and what is waited beyond one.
const ROUND_TRIP_FIRST: Duration = Duration::from_millis(100);
const GRACE: Duration = Duration::from_millis(5);

/// One picture, and what it showed.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    pub(super) header: PictureHeader,
    /// How the robot moved when it was captured.
    pub(super) truth: Truth,
}

/// A picture on its way.
#[derive(Debug)]
struct Unfinished {
    number: u64,
    shot: Shot,
    missing: u32,
}

/// A part of a picture: whose.
#[derive(Debug, Clone, Copy)]
struct Part {
    number: u64,
}

/// The way of pictures.
#[derive(Debug)]
pub(super) enum Film {
    /// Always as late.
    Late { by: Duration, on_their_way: VecDeque<(Duration, Shot)> },
    /// Over a network, and then to the eye.
    Over(Box<Over>),
}

/// The way over a network.
#[derive(Debug)]
pub(super) struct Over {
    wire: Wire<Part>,
    /// Parts that are lost, and when that is known.
    again: VecDeque<(Duration, Part)>,
    unfinished: VecDeque<Unfinished>,
    arrived: VecDeque<(Duration, Shot)>,
    /// From the last packet until it is presented.
    eye: Duration,
    parts: u32,
    numbers: u64,
    round_trip: Duration,
}

impl Film {
    /// Pictures that take `by` from the camera to the eye.
    pub(super) const fn late(by: Duration) -> Self {
        Self::Late { by, on_their_way: VecDeque::new() }
    }

    /// Pictures over the direction `down`, `picture_hz` a second, that are presented `eye` after their last packet.
    pub(super) fn over(down: &LinkSpec, eye: Duration, picture_hz: f64, seed: u64) -> Self {
        let bytes = STREAM_BITS_PER_S / 8.0 / picture_hz.max(1.0);
        Self::Over(Box::new(Over {
            wire: Wire::new(down, seed),
            again: VecDeque::new(),
            unfinished: VecDeque::new(),
            arrived: VecDeque::new(),
            eye,
            parts: (bytes / PACKET_BYTES as f64).ceil().max(1.0) as u32,
            numbers: 0,
            round_trip: ROUND_TRIP_FIRST,
        }))
    }

    /// While it is dark, what is sent is lost.
    pub(super) const fn set_dark(&mut self, dark: bool) {
        if let Self::Over(over) = self {
            over.wire.set_dark(dark);
        }
    }

    /// True if the link has room for one more.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Late { .. } => true,
            Self::Over(over) => over.unfinished.len() < UNFINISHED_MAX,
        }
    }

    /// Sends what the camera has captured.
    pub(super) fn send(&mut self, shot: Shot, now: Duration) {
        match self {
            Self::Late { by, on_their_way } => on_their_way.push_back((now + *by, shot)),
            Self::Over(over) => over.send(shot, now),
        }
    }

    /// The next picture that is presented by `now`.
    pub(super) fn presented(&mut self, now: Duration) -> Option<Shot> {
        let due = match self {
            Self::Late { on_their_way, .. } => on_their_way,
            Self::Over(over) => {
                over.carry(now);
                &mut over.arrived
            }
        };
        due.pop_front_if(|(at, _)| *at <= now).map(|(_, shot)| shot)
    }
}

impl Over {
    fn send(&mut self, shot: Shot, now: Duration) {
        self.numbers += 1;
        let number = self.numbers;
        self.unfinished.push_back(Unfinished { number, shot, missing: self.parts });
        for _ in 0..self.parts {
            self.offer(Part { number }, now);
        }
    }

    fn offer(&mut self, part: Part, now: Duration) {
        if !self.wire.offer(part, PACKET_BYTES, now) {
            self.again.push_back((now + self.round_trip + GRACE, part));
        }
    }

    fn carry(&mut self, now: Duration) {
        while let Some((_, part)) = self.again.pop_front_if(|(at, _)| *at <= now) {
            if self.unfinished.iter().any(|picture| picture.number == part.number) {
                self.offer(part, now);
            }
        }
        while let Some(parcel) = self.wire.arrived(now) {
            if !parcel.again {
                self.round_trip = parcel.due.saturating_sub(parcel.offered) * 2;
                self.take(parcel.item, now);
            }
        }
    }

    fn take(&mut self, part: Part, now: Duration) {
        let picture = self.unfinished.iter_mut().find(|picture| picture.number == part.number);
        let Some(picture) = picture else { return };
        picture.missing -= 1;
        while let Some(picture) = self.unfinished.pop_front_if(|picture| picture.missing == 0) {
            self.arrived.push_back((now + self.eye, picture.shot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Chance, DelaySpec, Distribution, LossSpec};
    use crate::watchdog::Drives;
    use protocol::picture::ViewSource;
    use protocol::time::Moment;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn shot(view: u64) -> Shot {
        let header = PictureHeader {
            source: ViewSource::Endoscope,
            view,
            captured: Moment::START,
            encode_us: 0,
            width: 2,
            height: 2,
            depth_um: 0,
            keyframe: true,
            skipped: 0,
            length: 0,
        };
        let truth = Truth { tips: [None; 2], base: None, drives: Drives::Off, force_n: 0.0 };
        Shot { header, truth }
    }

    fn link(loss: f64) -> LinkSpec {
        let distribution = Distribution::Constant(ms(20));
        let delay = DelaySpec { distribution, ..DelaySpec::default() };
        let loss = LossSpec::Independent(Chance::new(loss).unwrap());
        LinkSpec { delay, loss, ..LinkSpec::default() }
    }

    /// The views that are presented within a second of 30 pictures, and when each was.
    fn presented(film: &mut Film, dark: core::ops::Range<u64>) -> Vec<(u64, u64)> {
        let mut seen = Vec::new();
        for now in 0..1_400 {
            film.set_dark(dark.contains(&now));
            if now < 1_000 && now % 33 == 0 && film.has_room() {
                film.send(shot(now / 33 + 1), ms(now));
            }
            while let Some(shot) = film.presented(ms(now)) {
                seen.push((shot.header.view, now));
            }
        }
        seen
    }

    #[test]
    fn a_picture_is_as_late_as_the_link_and_the_eye_are() {
        let mut film = Film::over(&link(0.0), ms(15), 30.0, 1);
        let seen = presented(&mut film, 0..0);
        assert_eq!(seen.len(), 31);
        assert!(seen.iter().all(|(view, at)| *at == (view - 1) * 33 + 35), "{seen:?}");
        let mut late = Film::late(ms(35));
        assert_eq!(presented(&mut late, 0..0), seen);
    }

    #[test]
    fn what_is_lost_costs_a_round_trip_and_what_comes_after_it_waits() {
        let mut film = Film::over(&link(0.01), ms(15), 30.0, 1);
        let seen = presented(&mut film, 0..0);
        assert!(seen.iter().map(|(view, _)| *view).eq(1..=31), "all, in order: {seen:?}");
        let late: Vec<_> = seen.iter().map(|(view, at)| at - ((view - 1) * 33 + 35)).collect();
        let on_time = late.iter().filter(|late| **late == 0).count();
        assert!((15..31).contains(&on_time), "{late:?}");
        // A round trip of 40 ms and the grace, or what is left of it for the next picture.
        assert!(late.contains(&45) && late.iter().all(|late| *late <= 90), "{late:?}");
    }

    #[test]
    fn in_the_dark_nothing_is_seen_and_no_more_is_captured_than_there_is_room_for() {
        let mut film = Film::over(&link(0.0), ms(15), 30.0, 1);
        let seen = presented(&mut film, 300..800);
        assert!(seen.iter().all(|(_, at)| !(340..800).contains(at)), "{seen:?}");
        assert!(seen.iter().any(|(view, _)| *view == 31), "the last is seen: {seen:?}");
    }
}
