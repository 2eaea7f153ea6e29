//! What the console knows, for a status line and for the page.

pub mod causes;
pub mod compose;
pub mod page;

use core::time::Duration;
use std::sync::atomic::Ordering;

use protocol::cause::{Cause, CauseSet};
use protocol::state::OperatingState;

use super::error::Reason;
use super::lock;
use super::shared::{HandCounts, Link, Shared};
use crate::core::Counters;
use crate::core::histogram::Histogram;
use crate::core::stop::StopPhase;
use crate::core::way_in::WayInSummary;

/// The link in one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkWord {
    /// A session is being asked for.
    Connecting,
    /// Authority is held.
    Up,
    /// The link is gone.
    Lost(Reason),
}

impl LinkWord {
    /// The word on the page.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Lost(_) => "lost",
        }
    }
}

/// Percentiles of an age over the whole run.
///
/// Counted are the ages that state frames told while the robot followed (ENGAGED or DEGRADED): an age
/// that steered nothing is no latency of a motion. Each is within 1 % but the largest, which is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    /// Median.
    pub p50: Duration,
    /// 95 % do not exceed it.
    pub p95: Duration,
    /// 99 % do not exceed it.
    pub p99: Duration,
    /// The largest.
    pub max: Duration,
    /// How many there are.
    pub count: u64,
}

impl Percentiles {
    /// Of this histogram; `None` if it is empty.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        Some(Self {
            p50: histogram.percentile(50.0)?,
            p95: histogram.percentile(95.0)?,
            p99: histogram.percentile(99.0)?,
            max: histogram.max(),
            count: histogram.count(),
        })
    }
}

/// A snapshot, for a status line. What is unknown is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsoleStatus {
    /// The control link.
    pub link: LinkWord,
    /// Name of the robot; empty before the first session.
    pub robot: String,
    /// True if nothing real can move.
    pub simulated: bool,
    /// What the robot does; `None` without a fresh state frame.
    pub state: Option<OperatingState>,
    /// What stopped it; `None` if nothing did, or while the state is unknown.
    pub stopped_by: Option<Cause>,
    /// What keeps the robot from engaging; empty while the state is unknown.
    pub blocking: CauseSet,
    /// The newest epoch that the robot has told.
    pub epoch: u32,
    /// View age over the run, while the robot followed; `None` before that.
    pub view_age: Option<Percentiles>,
    /// Loop age over the run, while the robot followed; `None` before that.
    pub loop_age: Option<Percentiles>,
    /// How long commands take from the hand to the robot, where the profile has a target for it.
    pub way_in: Option<WayInSummary>,
    /// View age as the robot last judged it.
    pub view_age_now: Option<Duration>,
    /// Loop age as the robot last judged it.
    pub loop_age_now: Option<Duration>,
    /// Pictures presented to the eye, each counted once.
    pub pictures_presented: u64,
    /// Pictures that arrived and were never presented while somebody looked.
    pub pictures_dropped: u64,
    /// Command frames handed to the link.
    pub commands_sent: u64,
    /// Contact force along the tool axis, or on the bumper of a base. Unit: newton.
    pub contact_force_n: Option<f64>,
    /// How far a STOP has come.
    pub stop: StopPhase,
    /// What the hand device is called.
    pub hand: String,
    /// What the hand has to do first, or why its device gives nothing.
    pub hand_note: Option<String>,
    /// What the hand thread counted.
    pub hand_counts: HandCounts,
    /// What the core counted.
    pub counters: Counters,
}

impl ConsoleStatus {
    /// As it is now.
    pub fn of(shared: &Shared) -> Self {
        let now = shared.clock.now();
        let snapshot = shared.snapshot();
        let board = lock(&shared.board).clone();
        let core = &snapshot.core;
        let state = core.state(now);
        Self {
            link: match board.link {
                Link::Connecting => LinkWord::Connecting,
                Link::Up => LinkWord::Up,
                Link::Lost(reason) => LinkWord::Lost(reason),
            },
            robot: board.robot,
            simulated: board.simulated,
            state: state.map(|s| s.state),
            stopped_by: state.and_then(|s| s.stopped_by),
            blocking: state.map_or(CauseSet::EMPTY, |s| s.blocking),
            epoch: core.epoch(),
            view_age: Percentiles::of(core.ages().view.run()),
            loop_age: Percentiles::of(core.ages().round_trip.run()),
            way_in: core.way_in(now),
            view_age_now: state.and_then(|s| s.view_age),
            loop_age_now: state.and_then(|s| s.loop_age),
            pictures_presented: core.counters().views,
            pictures_dropped: shared.outlet.dropped(),
            commands_sent: shared.commands_sent.load(Ordering::Relaxed),
            contact_force_n: state.map(|s| causes::force_n(s, &shared.profile)),
            stop: shared.stop_phase(&snapshot, now),
            hand: snapshot.device.clone(),
            hand_note: compose::hand_note(&snapshot),
            hand_counts: snapshot.counts,
            counters: core.counters(),
        }
    }
}
