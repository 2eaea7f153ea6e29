//! Composes what the page is told from what the threads know.

use core::time::Duration;
use std::sync::atomic::Ordering;

use protocol::ARMS;
use protocol::frame::StateFrame;
use protocol::imaging::Knob;
use protocol::profile::Profile;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

use super::causes::{self, Bound};
use super::page::{
    Age, Ages, Alarm, Base, Clock, CommandAge, Force, Hand, Imaging, Path, Pictures, Probe,
    ProfileName, Reason, Setting, Speed, Stage, State, Status, Stop,
};
use crate::core::hand::{ArmSide, HandMotion};
use crate::core::session::force_max_n;
use crate::core::stages::Stage as Part;
use crate::core::stats::AgeSeries;
use crate::core::stop::StopPhase;
use crate::shell::line::Figures;
use crate::shell::lock;
use crate::shell::shared::{Board, Link, PathState, Shared, Snapshot};

/// The word for what is not known.
const UNKNOWN: &str = "UNKNOWN";

const PAGE_TAKEN: (&str, &str, &str) = (
    "PAGE-TAKEN",
    "Another page has taken over this console.",
    "Use that page, or reload this one to take over. STOP works on both.",
);

/// Everything that a status is made of.
pub struct Known<'a> {
    /// The link and the robot.
    pub board: &'a Board,
    /// What the hand thread published.
    pub snapshot: &'a Snapshot,
    /// The limits.
    pub profile: &'a Profile,
    /// How far a STOP has come.
    pub stop: StopPhase,
    /// The pictures.
    pub pictures: Pictures,
    /// Requests to set them so far.
    pub imaging_asked: u32,
    /// True for the page that steers.
    pub steers: bool,
}

/// Composes the statuses of one page.
#[derive(Debug, Default)]
pub struct Composer {
    last_ms: f64,
}

impl Composer {
    /// How things are now.
    pub fn compose(&mut self, shared: &Shared, steers: bool) -> Status {
        let now = shared.clock.now();
        let snapshot = shared.snapshot();
        let board = lock(&shared.board).clone();
        let (rate_hz, depth_um) = {
            let meter = lock(&shared.meter);
            (meter.rate_hz(now), meter.depth_um())
        };
        let pictures = Pictures {
            shown: Some(snapshot.core.counters().views),
            dropped: Some(shared.outlet.dropped()),
            rate_hz,
            depth_mm: depth_um.map(|um| f64::from(um) / 1e3),
        };
        let stop = shared.stop_phase(&snapshot, now);
        let profile = &shared.profile;
        let known = Known {
            board: &board,
            snapshot: &snapshot,
            profile,
            stop,
            pictures,
            imaging_asked: shared.imaging_asked.load(Ordering::Acquire),
            steers,
        };
        let mut status = compose(&known, now);
        // The page takes a status whose time has not advanced for a repetition.
        status.t_ms = status.t_ms.max(self.last_ms + 0.001);
        self.last_ms = status.t_ms;
        status
    }
}

/// What the page is told at `now`. Pure.
pub fn compose(known: &Known<'_>, now: Moment<Operator>) -> Status {
    let Known { board, snapshot, profile, pictures, .. } = *known;
    let core = &snapshot.core;
    let frame = core.state(now);
    let (link, link_reason) = link(board);
    Status {
        kind: "status",
        t_ms: rounded(now.as_ns() as f64 / 1e6),
        link,
        link_reason,
        simulated: board.simulated,
        profile: ProfileName { name: profile.name.clone(), hash: profile.short_hash() },
        robot: board.robot.clone(),
        state: state(known, frame, now),
        stop: stop(known.stop, now),
        ages: ages(known, frame, now),
        stages: stages(known, frame.is_some(), now),
        clock: clock(known, now),
        paths: board.paths.iter().map(path).collect(),
        force: force(known, frame),
        interlocks: causes::interlocks(frame, profile),
        speed: Speed {
            mm_s: frame.map(|f| rounded(f.speed_m_s * 1e3)),
            cap_mm_s: frame.map(|f| rounded(f.speed_cap_m_s * 1e3)),
        },
        clamps: frame.map_or_else(Vec::new, causes::clamps),
        hand: hand(known),
        probe: probe(known, frame),
        base: profile.base().map(|_| base(frame)),
        pictures,
        imaging: imaging(known),
        alarms: alarms(known, frame),
    }
}

/// What the hand has to do first, or why its device gives nothing.
pub fn hand_note(snapshot: &Snapshot) -> Option<String> {
    let refusal = || {
        let (_, sentence) = snapshot.core.session().and(snapshot.core.grip().refusal())?;
        Some(sentence.to_owned())
    };
    snapshot.note.clone().or_else(refusal)
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn ms(span: Duration) -> f64 {
    rounded(span.as_secs_f64() * 1e3)
}

fn ns_to_ms(ns: f64) -> f64 {
    rounded(ns / 1e6)
}

fn said(reason: &crate::shell::Reason) -> Reason {
    let crate::shell::Reason { code, sentence, fix } = reason.clone();
    Reason { code, sentence, fix, value: None, limit: None }
}

fn link(board: &Board) -> (&'static str, Option<Reason>) {
    match &board.link {
        Link::Connecting => ("connecting", None),
        Link::Up => ("up", None),
        Link::Lost(reason) => ("lost", Some(said(reason))),
    }
}

fn page_taken() -> Reason {
    let (code, sentence, fix) = PAGE_TAKEN;
    Reason { code, sentence: sentence.into(), fix: fix.into(), value: None, limit: None }
}

fn state(known: &Known<'_>, frame: Option<&StateFrame>, now: Moment<Operator>) -> State {
    let taken = (!known.steers).then(page_taken);
    let Some(frame) = frame else {
        return State {
            word: UNKNOWN,
            crtk: UNKNOWN,
            since_ms: None,
            reason: taken.clone(),
            epoch: None,
            can_engage: false,
            why_not: taken,
        };
    };
    let waits = matches!(frame.state, OperatingState::Ready | OperatingState::Hold);
    let rest = causes::in_the_way(frame.blocking);
    let in_the_way = causes::first_in_the_way(rest)
        .map(|c| causes::reason(c, frame, known.profile, Bound::Soft));
    State {
        word: frame.state.word(),
        crtk: frame.state.crtk().word(),
        since_ms: known.snapshot.state_since.and_then(|at| now.since(at)).map(ms),
        reason: taken.clone().or_else(|| what_stopped(known, frame)),
        epoch: Some(frame.epoch),
        can_engage: known.steers && waits && rest.is_empty(),
        why_not: taken.or(in_the_way),
    }
}

/// What stopped the robot, with the reading of that moment; else what slows it.
fn what_stopped(known: &Known<'_>, frame: &StateFrame) -> Option<Reason> {
    let reason = |cause, frame, bound| causes::reason(cause, frame, known.profile, bound);
    if let Some(cause) = frame.stopped_by {
        let then = known.snapshot.stopped.as_ref().unwrap_or(frame);
        return Some(reason(cause, then, Bound::Hard));
    }
    if frame.state == OperatingState::Degraded {
        return frame.soft.iter().next().map(|cause| reason(cause, frame, Bound::Soft));
    }
    None
}

fn stop(phase: StopPhase, now: Moment<Operator>) -> Stop {
    let took = match phase {
        StopPhase::Idle => None,
        StopPhase::Confirmed { took } => Some(took),
        StopPhase::Sent { since } | StopPhase::Unconfirmed { since } => now.since(since),
    };
    Stop { phase: phase.word(), ms: took.map(ms) }
}

fn ages(known: &Known<'_>, frame: Option<&StateFrame>, now: Moment<Operator>) -> Ages {
    let age = |series: &AgeSeries, newest: Option<Duration>, soft, hard| {
        let recent = frame.map(|_| series.summary(now));
        Age {
            p50_ms: recent.and_then(|s| s.p50).map(ms),
            p95_ms: recent.and_then(|s| s.p95).map(ms),
            now_ms: newest.map(ms),
            soft_ms: Some(ms(soft)),
            hard_ms: Some(ms(hard)),
        }
    };
    let (all, f) = (known.snapshot.core.ages(), &known.profile.freshness);
    let view = frame.and_then(|s| s.view_age);
    let round_trip = frame.and_then(|s| s.loop_age);
    Ages {
        view: age(&all.view, view, f.view_age_soft, f.view_age_hard),
        round_trip: age(&all.round_trip, round_trip, f.loop_age_soft, f.loop_age_hard),
        command: command_age(known, frame, now),
    }
}

fn command_age(
    known: &Known<'_>,
    frame: Option<&StateFrame>,
    now: Moment<Operator>,
) -> Option<CommandAge> {
    let limits = known.profile.freshness.command_age.as_ref()?;
    let way_in = known.snapshot.core.way_in(now)?;
    Some(CommandAge {
        p99_ms: frame.and(way_in.p99).map(ms),
        now_ms: frame.and_then(|s| s.command_age).map(ms),
        target_ms: ms(way_in.target),
        soft_ms: ms(limits.soft),
        hard_ms: ms(limits.hard),
        seconds: way_in.seconds,
        met: way_in.met,
    })
}

fn stages(known: &Known<'_>, fresh: bool, now: Moment<Operator>) -> Vec<Stage> {
    let all = known.snapshot.core.stages();
    let part = |part: Part| {
        let ms = if fresh { all.percentile_ns(part, 50.0, now).map(ns_to_ms) } else { None };
        Stage { name: part.words(), ms }
    };
    Part::ALL.into_iter().map(part).collect()
}

fn clock(known: &Known<'_>, now: Moment<Operator>) -> Clock {
    let core = &known.snapshot.core;
    let offset = core.clock(now);
    Clock {
        offset_ms: offset.map(|o| ns_to_ms(o.ns)),
        error_ms: offset.map(|o| ns_to_ms(o.error_ns)),
        suspect: core.stages().clock_suspect(now),
    }
}

fn path(path: &PathState) -> Path {
    let figures = path.figures;
    let percent = |share: fn(&Figures) -> Option<f64>| {
        figures.as_ref().and_then(share).map(|share| rounded(share * 100.0))
    };
    Path {
        name: path.name.clone(),
        up: path.leads(),
        round_trip_ms: figures.map(|f| ms(f.round_trip)),
        lost_up_percent: percent(|f| f.lost_up),
        lost_down_percent: percent(|f| f.lost_down),
        first_percent: percent(|f| f.first),
    }
}

fn force(known: &Known<'_>, frame: Option<&StateFrame>) -> Force {
    let Known { profile, snapshot, .. } = *known;
    let limits = profile.arms().map(|arms| &arms.force);
    let hard = limits.map(|l| l.hard_n).or(profile.base().map(|b| b.bumper_hard_n));
    // Where no tool presses by itself there is no wish, not one for nothing.
    let most = Some(force_max_n(profile)).filter(|most| *most > 0.0);
    let wanted = frame.and(most).map(|most| snapshot.sample.force_wanted_n.min(most));
    Force {
        normal_n: frame.map(|f| rounded(causes::force_n(f, profile))),
        wanted_n: wanted.map(rounded),
        soft_n: limits.map(|l| l.soft_n),
        hard_n: hard,
    }
}

/// How the pictures are set. What was refused is told until something else is asked for.
fn imaging(known: &Known<'_>) -> Option<Imaging> {
    let report = known.board.imaging?;
    let state = report.state?;
    let setting = |knob: Knob| {
        let (_, scale) = knob.unit();
        let told = |value: i32| f64::from(value) / scale;
        let (now, range) = (state.now.knob(knob), state.ranges.knob(knob));
        Setting { now: told(now), min: told(range.min), max: told(range.max) }
    };
    let refused = report.refused.filter(|_| report.request == known.imaging_asked);
    Some(Imaging {
        depth_mm: setting(Knob::Depth),
        gain_db: setting(Knob::Gain),
        focus_mm: setting(Knob::Focus),
        frequency_mhz: setting(Knob::Frequency),
        frozen: state.now.frozen,
        refused: refused.map(|why| Reason {
            code: why.id(),
            sentence: why.to_string(),
            fix: why.fix().to_owned(),
            value: None,
            limit: None,
        }),
    })
}

fn hand(known: &Known<'_>) -> Hand {
    let Snapshot { sample, device, .. } = known.snapshot;
    let note = if known.steers { hand_note(known.snapshot) } else { Some(page_taken().sentence) };
    let arms = known.profile.arms().map_or(0, |arms| arms.count);
    Hand {
        source: device.clone(),
        deadman: (sample.connected && sample.deadman.is_finite())
            .then_some(rounded(sample.deadman)),
        clutch: if sample.connected { sample.clutch.word() } else { "unknown" },
        arms,
        arm: moved_arm(known).map(ArmSide::word),
        jaw: known.profile.arms().is_some_and(|arms| arms.jaw.is_some()),
        note: note.unwrap_or_default(),
    }
}

/// The arm that one hand moves; `None` where there are not two, or where each has a hand.
fn moved_arm(known: &Known<'_>) -> Option<ArmSide> {
    if known.profile.arms().is_none_or(|arms| arms.count != ARMS) {
        return None;
    }
    match known.snapshot.sample.motion {
        HandMotion::Rate(asked) => Some(asked.arm),
        HandMotion::Displacement(_) => Some(ArmSide::Left),
        HandMotion::Arms(_) => None,
    }
}

fn probe(known: &Known<'_>, frame: Option<&StateFrame>) -> Probe {
    let limits = known.profile.arms();
    let arm = frame.filter(|_| limits.is_some()).map(|frame| {
        let [left, right] = &frame.arms;
        if moved_arm(known) == Some(ArmSide::Right) { right } else { left }
    });
    let mm = arm.map(|arm| arm.measured.position().map(|m| rounded(m * 1e3)));
    let jaw = arm.filter(|_| limits.is_some_and(|limits| limits.jaw.is_some()));
    Probe {
        x_mm: mm.map(|p| p.x),
        y_mm: mm.map(|p| p.y),
        z_mm: mm.map(|p| p.z),
        jaw_deg: jaw.map(|arm| rounded(arm.jaw_rad.to_degrees())),
    }
}

/// What the robot's core asks of the base, and what is in its way.
fn base(frame: Option<&StateFrame>) -> Base {
    let base = frame.map(|f| &f.base);
    let mm = |metres: f64| rounded(metres * 1e3);
    let degrees = |radian: f64| rounded(radian.to_degrees());
    Base {
        wanted_mm_s: base.map(|b| mm(b.wanted_linear_m_s)),
        turn_deg_s: base.map(|b| degrees(b.angular_rad_s)),
        wanted_turn_deg_s: base.map(|b| degrees(b.wanted_angular_rad_s)),
        ahead_mm: base.map(|b| mm(b.ahead_m)),
        behind_mm: base.map(|b| mm(b.behind_m)),
    }
}

fn alarms(known: &Known<'_>, frame: Option<&StateFrame>) -> Vec<Alarm> {
    let high = |code, text| Some(Alarm { priority: "high", code, text });
    let followed = known.snapshot.core.newest_state().is_some_and(|s| s.state.follows());
    let lost = match &known.board.link {
        Link::Lost(reason) if known.snapshot.lost_following => {
            let text = format!("The link was lost while the robot followed. {}", reason.sentence);
            high("LINK-LOST", text)
        }
        // Long before the connection is known to be dead.
        Link::Up if frame.is_none() && followed => {
            high("NO-STATE", "The robot followed the hand and has fallen silent.".to_owned())
        }
        Link::Lost(_) | Link::Up | Link::Connecting => None,
    };
    lost.into_iter().chain(frame.and_then(causes::alarm)).collect()
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
