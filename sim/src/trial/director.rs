//! Makes a script's faults happen, and does what the people around would: at the robot, and at the console's
//! connection.

use core::time::Duration;

use protocol::frame::CommandFrame;
use protocol::session::SessionId;
use protocol::state::OperatingState as Word;
use robot_agent::core::{LocalEvent, SessionEvent};
use std::collections::VecDeque;

use super::fault::Kind;
use super::script::{Fault, Script};
use crate::bedside::SimFault;
use crate::noise::Noise;
use crate::theatre::{Mishap, Theatre};
use crate::truth::Staged;

/// How long people take to do the next thing, and the console to call again. Unit: ms.
const TAKES_MS: u32 = 300;

/// Commands that somebody on the way has kept.
const KEPT_MAX: usize = 2_000;

/// Commands of a stranger come this often. Unit: ms.
const STRANGER_EVERY_MS: u32 = 5;

/// Makes it happen.
pub(super) struct Director {
    script: Script,
    /// The session of the next call.
    next_session: u128,
    next_epoch: Noise,
    /// When the crew acts next. Unit: ms.
    crew_at_ms: u32,
    /// When the console calls next. Unit: ms.
    call_at_ms: Option<u32>,
    /// Commands that have arrived, for those who replay them.
    kept: VecDeque<(u32, CommandFrame)>,
}

const fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms as u64)
}

impl Director {
    pub(super) fn new(script: &Script, seed: u64) -> Self {
        Self {
            script: script.clone(),
            next_session: u128::from(seed) + 1_000_000,
            next_epoch: Noise::new(seed ^ 0xE90C),
            crew_at_ms: 0,
            call_at_ms: None,
            kept: VecDeque::new(),
        }
    }

    /// Before the step at `now_ms`.
    pub(super) fn act<R: Staged>(&mut self, theatre: &mut Theatre<R>, now_ms: u32) {
        self.keep(theatre, now_ms);
        let ended = theatre.happening().ticked.and_then(|ticked| ticked.tick.ended);
        if ended.is_some() && ended == theatre.session() {
            theatre.part();
            self.call_at_ms = Some(now_ms + TAKES_MS);
        }
        let faults = core::mem::take(&mut self.script.faults);
        for fault in &faults {
            if fault.at_ms == now_ms {
                self.begin(theatre, fault);
            }
            if (fault.at_ms..fault.end_ms()).contains(&now_ms) {
                self.go_on(theatre, fault, now_ms);
            }
            if fault.end_ms() == now_ms {
                // One of the same kind that still lasts begins anew.
                self.end(theatre, fault);
                let lasting = faults.iter().filter(|other| {
                    other.kind == fault.kind && other.at_ms < now_ms && other.end_ms() > now_ms
                });
                for other in lasting {
                    self.begin(theatre, other);
                }
            }
        }
        self.script.faults = faults;
        self.call(theatre, now_ms);
        self.crew(theatre, now_ms);
    }

    fn keep<R: Staged>(&mut self, theatre: &Theatre<R>, now_ms: u32) {
        self.kept.extend(theatre.happening().heard.iter().map(|(frame, _)| (now_ms, *frame)));
        while self.kept.len() > KEPT_MAX {
            self.kept.pop_front();
        }
    }

    fn begin<R: Staged>(&mut self, theatre: &mut Theatre<R>, fault: &Fault) {
        let lasts = ms(fault.lasts_ms);
        let faults = &mut theatre.faults;
        match fault.kind {
            Kind::Loss => faults.loss = fault.amount / 100.0,
            Kind::Blackout => faults.dark = true,
            Kind::FrozenPicture => faults.frozen_picture = true,
            Kind::FrozenPage => faults.frozen_page = true,
            Kind::HungConsole => faults.hung_console = true,
            Kind::HungHand => faults.hung_hand = true,
            Kind::HandLeap => faults.leap_m = fault.amount * 1e-3,
            Kind::OperatorDeath => faults.dead_operator = true,
            Kind::OperatorLeaves => {
                if let Some(session) = theatre.session() {
                    theatre.say(SessionEvent::Close { session });
                }
                theatre.part();
                self.call_at_ms = Some(fault.end_ms());
            }
            Kind::RemoteStop => theatre.stop(),
            Kind::DeadCamera => faults.dead_camera = true,
            Kind::RoomCamera => faults.room_camera = true,
            Kind::StalledDisk => faults.dead_recorder = true,
            Kind::ServoOverrun => faults.overruns = fault.amount as u32,
            Kind::ServoStall => theatre.begin(Mishap::ServoStall(lasts)),
            Kind::Suspend => theatre.begin(Mishap::Suspend(lasts)),
            Kind::ClockBack => theatre.begin(Mishap::ClockBack(ms(fault.amount as u32))),
            Kind::OperatorClock => theatre.operator_clock_ahead(ms(fault.amount as u32)),
            // Dead is as still as can be; what is new begins at the end.
            Kind::AgentRestart => theatre.begin(Mishap::ServoStall(lasts)),
            Kind::SensorFrozen => theatre.robot_mut().set_fault(Some(SimFault::FrozenSensor)),
            Kind::SensorLost => theatre.robot_mut().set_fault(Some(SimFault::LostSensor)),
            Kind::SensorNan => theatre.robot_mut().set_fault(Some(SimFault::NanReading)),
            Kind::SensorAhead => theatre.robot_mut().set_fault(Some(SimFault::FutureReading)),
            Kind::DrivesCut => theatre.robot_mut().set_fault(Some(SimFault::DrivesCut)),
            Kind::RobotSilent => theatre.robot_mut().set_fault(Some(SimFault::Silent)),
            Kind::GuardOpen => theatre.robot_mut().set_guard_open(true),
            Kind::Estop => theatre.local(LocalEvent::EstopPressed),
            Kind::PowerOff => theatre.local(LocalEvent::PowerOff),
            Kind::SecondOperator
            | Kind::Replay
            | Kind::Malformed
            | Kind::RobotDrift
            | Kind::OperatorDrift => {}
        }
    }

    /// What happens in every step of it.
    fn go_on<R: Staged>(&mut self, theatre: &mut Theatre<R>, fault: &Fault, now_ms: u32) {
        let stranger_is_due = (now_ms - fault.at_ms).is_multiple_of(STRANGER_EVERY_MS);
        let per_step = Duration::from_nanos(fault.amount as u64);
        match fault.kind {
            // A part in a million of a millisecond is a nanosecond.
            Kind::RobotDrift => theatre.robot_clock_behind(per_step),
            Kind::OperatorDrift => theatre.operator_clock_ahead(per_step),
            Kind::SecondOperator if stranger_is_due => self.rival(theatre, now_ms),
            Kind::Replay if stranger_is_due => {
                let then_ms = now_ms.saturating_sub(fault.amount as u32);
                let at = self.kept.partition_point(|(at_ms, _)| *at_ms < then_ms);
                if let Some((_, frame)) = self.kept.get(at) {
                    theatre.deliver(frame);
                }
            }
            Kind::Malformed if stranger_is_due => {
                if let Some(session) = theatre.session() {
                    theatre.say(SessionEvent::Malformed { session });
                }
            }
            _ => {}
        }
    }

    /// What a second operator sends who has heard everything: the holder's own commands under its own name, a hand
    /// ahead, and now and then a call.
    fn rival<R: Staged>(&mut self, theatre: &mut Theatre<R>, now_ms: u32) {
        let session = SessionId::new(0xBAD);
        if let Some((_, mut frame)) = self.kept.back().copied() {
            frame.session = session;
            frame.seq += 1_000_000 + u64::from(now_ms);
            theatre.deliver(&frame);
        }
        // It must not be given what the holder has: the watcher looks. Where nobody holds it, it leaves at once.
        if let Some(Ok(_)) = theatre.say(SessionEvent::Open { session }) {
            theatre.say(SessionEvent::Close { session });
        }
    }

    fn end<R: Staged>(&mut self, theatre: &mut Theatre<R>, fault: &Fault) {
        let faults = &mut theatre.faults;
        match fault.kind {
            Kind::Loss => faults.loss = 0.0,
            Kind::Blackout => faults.dark = false,
            Kind::FrozenPicture => faults.frozen_picture = false,
            Kind::FrozenPage => faults.frozen_page = false,
            Kind::HungConsole => faults.hung_console = false,
            Kind::HungHand => faults.hung_hand = false,
            Kind::HandLeap => faults.leap_m = 0.0,
            Kind::OperatorDeath => {
                faults.dead_operator = false;
                theatre.restart_console();
                self.call_at_ms = Some(fault.end_ms() + TAKES_MS);
            }
            Kind::DeadCamera => faults.dead_camera = false,
            Kind::RoomCamera => faults.room_camera = false,
            Kind::StalledDisk => faults.dead_recorder = false,
            Kind::ServoOverrun => faults.overruns = 0,
            Kind::AgentRestart => {
                let epoch = self.next_epoch.bits() as u32 >> 1;
                theatre.restart_agent(epoch);
                theatre.part();
                self.call_at_ms = Some(fault.end_ms() + TAKES_MS);
            }
            Kind::SensorFrozen
            | Kind::SensorLost
            | Kind::SensorNan
            | Kind::SensorAhead
            | Kind::DrivesCut
            | Kind::RobotSilent => theatre.robot_mut().set_fault(None),
            Kind::GuardOpen => theatre.robot_mut().set_guard_open(false),
            Kind::Estop => theatre.local(LocalEvent::EstopReleased),
            Kind::OperatorLeaves
            | Kind::RemoteStop
            | Kind::ServoStall
            | Kind::Suspend
            | Kind::ClockBack
            | Kind::OperatorClock
            | Kind::PowerOff
            | Kind::SecondOperator
            | Kind::Replay
            | Kind::Malformed
            | Kind::RobotDrift
            | Kind::OperatorDrift => {}
        }
    }

    /// The console calls again once it knows that it has no authority.
    fn call<R: Staged>(&mut self, theatre: &mut Theatre<R>, now_ms: u32) {
        if self.call_at_ms != Some(now_ms) {
            return;
        }
        self.call_at_ms = None;
        if theatre.faults.dead_operator || theatre.session().is_some() {
            return;
        }
        self.next_session += 1;
        if theatre.open(SessionId::new(self.next_session)).is_err() {
            self.call_at_ms = Some(now_ms + TAKES_MS);
        }
    }

    /// What the people at the robot do, and the operator who has to acknowledge: the next thing that is due.
    fn crew<R: Staged>(&mut self, theatre: &mut Theatre<R>, now_ms: u32) {
        let stopped =
            matches!(theatre.state(), Word::Standby | Word::Pstop | Word::Estop | Word::Fault);
        if !stopped {
            self.crew_at_ms = now_ms + TAKES_MS;
        }
        if now_ms < self.crew_at_ms {
            return;
        }
        self.crew_at_ms = now_ms + TAKES_MS;
        match theatre.state() {
            Word::Standby => theatre.local(LocalEvent::PowerOn),
            Word::Pstop => {
                if let Some(session) = theatre.session() {
                    let epoch = theatre.epoch();
                    theatre.say(SessionEvent::Acknowledge { session, epoch });
                }
                theatre.local(LocalEvent::Reset);
            }
            _ => theatre.local(LocalEvent::Reset),
        }
    }
}
