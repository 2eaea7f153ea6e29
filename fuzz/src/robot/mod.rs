//! The robot's core, driven by bytes that are read as a program.
//!
//! A program says what time it is, what arrives, what is said and what is measured; `witness` judges
//! every step. Raw bytes would never pass the identity of one frame, so most operations speak through a
//! console that knows session, epoch and numbers, and that can be told to get each of them wrong.

mod console;
mod plant;
pub mod shapes;
mod witness;

use nalgebra::Vector3;
use protocol::frame::{BaseTwist, CommandFrame, Mode, Motion};
use protocol::picture::ViewSource;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::Moment;
use robot_agent::core::{Host, LocalEvent, SessionEvent};
use std::time::Duration;

use self::console::{Console, STILL};
use self::plant::Plant;
use self::shapes::Rig;
use self::witness::{Given, Witness};
use crate::bytes::Bytes;

/// Ticks of one program: two engages and what lies between them. Longer waits are steps of the clock.
const TICKS_MAX: u32 = 1_300;

/// The longest that a robot moves for one tick. Unit: second.
const TICK_MAX_S: f64 = 0.005;

/// From picture to picture of a run. Unit: nanosecond.
const PICTURE_NS: u64 = 25_000_000;

/// The sessions that programs speak of.
pub const SESSIONS: [SessionId; 3] =
    [SessionId::new(0xA), SessionId::new(0xB), SessionId::new(0xC)];

/// What a byte of a program means. Its arguments follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// Count: that many ticks, each after a command.
    Run,
    /// Count: that many ticks without commands.
    Silence,
    /// Kind, amount: the clock moves.
    Clock,
    /// A tick without time.
    Tick,
    /// 150 bytes: a datagram as it came.
    Datagram,
    /// Field, byte: the next command has one field wrong.
    Wrong,
    /// Deadman, mode; a closing clutch counts on unless the highest bit is set.
    Hand,
    /// Three fractions: where the hand goes, or how a base is to drive.
    Reach,
    /// Three fractions: how the hand is turned.
    Turn,
    /// Byte: contact force wanted.
    Force,
    /// How far the hand has moved already: the whole act, release, open for long enough, close.
    Engage,
    /// Session: asks for authority.
    Open,
    /// Session: is gone.
    Close,
    /// Session, request.
    Stop,
    /// Session, difference of the epoch.
    Acknowledge,
    /// Session: a datagram that is no command.
    Malformed,
    /// Which.
    Local,
    /// How, amount: a picture is captured.
    View,
    /// What, amount: something is wrong with what is measured.
    Measure,
    /// Lag of the state, lag of the picture.
    Lag,
    /// What, amount: something is wrong with the computer.
    Computer,
    /// Self-test, power on, a grant: what every session begins with.
    Begin,
    /// Three fractions: the hand is there at once.
    Leap,
    /// Signed byte: what each sample adds to the time of the device.
    Sample,
    /// Byte: the state that is shown, or the one told.
    Show,
    /// Byte: the source that steers, and whether a base is steered.
    Source,
    /// Byte: how far the jaw is asked to open.
    Jaw,
    /// Byte: what was read back of the robot's own limits.
    OwnLimits,
    /// Count: so many commands are lost.
    Lose,
    /// Byte: how long a tick of a run is.
    Pace,
}

impl Op {
    /// Every operation, in the order of their bytes.
    pub const ALL: [Self; 30] = [
        Self::Run,
        Self::Silence,
        Self::Clock,
        Self::Tick,
        Self::Datagram,
        Self::Wrong,
        Self::Hand,
        Self::Reach,
        Self::Turn,
        Self::Force,
        Self::Engage,
        Self::Open,
        Self::Close,
        Self::Stop,
        Self::Acknowledge,
        Self::Malformed,
        Self::Local,
        Self::View,
        Self::Measure,
        Self::Lag,
        Self::Computer,
        Self::Begin,
        Self::Leap,
        Self::Sample,
        Self::Show,
        Self::Source,
        Self::Jaw,
        Self::OwnLimits,
        Self::Lose,
        Self::Pace,
    ];
}

/// Runs `bytes` as a program; panics if the core breaks an invariant.
pub fn robot_session(bytes: &[u8]) {
    run(bytes, |_| {});
}

/// Runs `bytes` as a program; shows `reached` the bench after each operation.
fn run(bytes: &[u8], mut reached: impl FnMut(&Bench)) {
    let mut program = Bytes::new(bytes);
    let mut bench = Bench::new(program.u8(), program.u8());
    while !program.is_empty() && bench.ticks < TICKS_MAX {
        let op = Op::ALL[usize::from(program.u8()) % Op::ALL.len()];
        bench.step(op, &mut program);
        reached(&bench);
    }
}

struct Bench {
    rig: Rig,
    witness: Witness,
    console: Console,
    plant: Plant,
    now_ns: u64,
    ticked_ns: u64,
    ticks: u32,
    pace_ns: u64,
    pictured_ns: u64,
    view: u64,
    host: Host,
}

impl Bench {
    fn new(choice: u8, epoch: u8) -> Self {
        // Some programs begin just below the end of the epochs.
        let first_epoch =
            if epoch & 0x80 == 0 { u32::from(epoch) } else { u32::MAX - u32::from(epoch & 7) };
        let rig = Rig::new(choice, first_epoch);
        Self {
            witness: Witness::new(&rig),
            console: Console::new(&rig),
            plant: Plant::new(&rig),
            rig,
            now_ns: 1_000_000,
            ticked_ns: 1_000_000,
            ticks: 0,
            pace_ns: 1_000_000,
            pictured_ns: 0,
            view: 0,
            host: Host::default(),
        }
    }

    fn now(&self) -> Moment<protocol::time::Robot> {
        Moment::from_ns(self.now_ns)
    }

    fn step(&mut self, op: Op, program: &mut Bytes<'_>) {
        match op {
            Op::Run => self.run(u32::from(program.u8()) + 1, true),
            Op::Silence => self.run(u32::from(program.u8()) + 1, false),
            Op::Clock => self.clock(program),
            Op::Tick => self.tick(),
            Op::Datagram => self.datagram(program.take(150)),
            Op::Wrong => self.wrong(program),
            Op::Hand => self.hand(program.u8(), program.u8()),
            Op::Reach => self.reach(&vector(program)),
            Op::Turn => self.console.turn_rad = vector(program),
            Op::Force => self.console.force_n = f64::from(program.u8()) / 4.0,
            Op::Engage => self.engage(program.u8()),
            Op::Open => self.open(program.u8()),
            Op::Close => self.say(SessionEvent::Close { session: session(program.u8()) }),
            Op::Stop => {
                let (session, request) = (session(program.u8()), u32::from(program.u8()));
                self.say(SessionEvent::Stop { session, request });
            }
            Op::Acknowledge => {
                let session = session(program.u8());
                let epoch = self.rig.epoch().wrapping_sub(u32::from(program.u8() & 3));
                self.say(SessionEvent::Acknowledge { session, epoch });
            }
            Op::Malformed => self.say(SessionEvent::Malformed { session: session(program.u8()) }),
            Op::Local => self.local(program.u8()),
            Op::View => self.capture(program),
            Op::Measure => self.plant.measure(program.u8(), program.u8()),
            Op::Lag => {
                (self.console.lag_state, self.console.lag_view) = (program.u8(), program.u8());
            }
            Op::Computer => self.computer(program.u8(), program.u8()),
            Op::Begin => self.begin(),
            Op::Leap => {
                self.reach(&vector(program));
                self.console.reached_m = self.console.hand_m;
            }
            Op::Sample => self.console.sampled = program.u8().cast_signed(),
            Op::Show => self.console.shows = OperatingState::from_code(program.u8()),
            Op::Source => self.source(program.u8()),
            Op::Jaw => self.console.jaw_rad = f64::from(program.u8()) / 100.0 - 0.5,
            Op::OwnLimits => {
                let kind = program.u8();
                self.rig.own_limits(kind);
            }
            Op::Lose => self.console.lose(program.u8()),
            Op::Pace => self.pace_ns = (1 + u64::from(program.u8() % 20)) * 1_000_000,
        }
    }

    fn begin(&mut self) {
        self.run(60, false);
        self.local(3);
        self.open(0);
    }

    fn clock(&mut self, program: &mut Bytes<'_>) {
        let kind = program.u8();
        let ns = match kind % 6 {
            0 => u64::from(program.u16()),
            1 | 4 => u64::from(program.u16()) * 1_000,
            2 | 5 => u64::from(program.u16()) * 1_000_000,
            _ => program.u64(),
        };
        self.now_ns = if kind % 6 < 4 {
            self.now_ns.saturating_add(ns)
        } else {
            self.now_ns.saturating_sub(ns)
        };
    }

    fn run(&mut self, ticks: u32, commands: bool) {
        for _ in 0..ticks {
            if self.ticks >= TICKS_MAX {
                return;
            }
            self.now_ns = self.now_ns.saturating_add(self.pace_ns);
            if self.now_ns.abs_diff(self.pictured_ns) >= PICTURE_NS {
                self.pictured_ns = self.now_ns;
                self.view += 1;
                let (source, now) = (self.rig.profile.freshness.steering, self.now());
                self.witness.view(&mut self.rig, source, self.view, now);
                self.console.seen_view = self.view;
            }
            if commands {
                let frame = self.console.frame();
                self.deliver(&frame);
            }
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.ticks += 1;
        let now = self.now();
        let (reading, true_reading) = self.plant.read(now);
        let outcome = self.rig.tick(now, reading, &self.host);
        let given = Given { measured: reading.ok().filter(|_| true_reading), host: self.host };
        self.witness.tick(&self.rig, &given, &outcome, now);
        self.host.suspended = false;
        let dt_ns = self.now_ns.saturating_sub(self.ticked_ns);
        self.ticked_ns = self.now_ns;
        let dt_s = Duration::from_nanos(dt_ns).as_secs_f64().min(TICK_MAX_S);
        self.plant.obey(&outcome.order, dt_s);
        if let Some(frame) = &outcome.frame {
            self.console.hear(frame);
        }
    }

    fn deliver(&mut self, frame: &CommandFrame) {
        // What can not be encoded is never sent.
        if let Ok(bytes) = frame.encode() {
            self.datagram(&bytes);
        }
    }

    fn datagram(&mut self, bytes: &[u8]) {
        let now = self.now();
        match CommandFrame::decode(bytes) {
            Ok(frame) => self.witness.command(&mut self.rig, &frame, now),
            Err(_) => self.say(SessionEvent::Malformed { session: self.console.session }),
        }
    }

    fn wrong(&mut self, program: &mut Bytes<'_>) {
        let (field, amount) = (program.u8(), program.u8());
        let mut frame = self.console.frame();
        let signed = i64::from(amount.cast_signed());
        match field % 13 {
            0 => frame.seq = frame.seq.wrapping_sub(u64::from(amount)),
            1 => frame.seq = frame.seq.wrapping_add(u64::from(amount) << 56),
            2 => frame.epoch = frame.epoch.wrapping_add_signed(signed as i32),
            3 => frame.session = session(amount),
            4 => frame.engage_count = frame.engage_count.wrapping_add_signed(signed as i32),
            5 => frame.seen_state = frame.seen_state.wrapping_add_signed(signed),
            6 => frame.seen_view = frame.seen_view.wrapping_add_signed(signed),
            7 => frame.stop_request = u32::from(amount),
            8 => {
                let t_input = frame.t_input.as_ns().saturating_add_signed(signed);
                frame.t_input = Moment::from_ns(t_input);
            }
            9 => {
                let state = OperatingState::from_code(amount % 9);
                frame.shown_state = state.unwrap_or(frame.shown_state);
            }
            10 => frame.view_source = ViewSource::ALL[usize::from(amount) % 4],
            11 => frame.motion = Motion::Base(BaseTwist { linear_m_s: 0.1, ..STILL }),
            _ => {
                if let Motion::Arms([_, arm]) = &mut frame.motion {
                    arm.displacement.translation.y += signed as f64 / 4e3;
                }
            }
        }
        self.deliver(&frame);
    }

    fn hand(&mut self, deadman: u8, mode: u8) {
        self.console.deadman = f64::from(deadman) / 255.0;
        self.console.mode = [Mode::Hold, Mode::Follow, Mode::Retract][usize::from(mode % 3)];
        let counts = self.console.mode == Mode::Follow && mode & 0x80 == 0;
        self.console.count += u32::from(counts);
    }

    fn reach(&mut self, to: &Vector3<f64>) {
        self.console.hand_m = to * 0.2;
        self.console.twist = BaseTwist { linear_m_s: to.x * 2.0, angular_rad_s: to.y * 2.0 };
    }

    fn source(&mut self, which: u8) {
        let steering = self.rig.profile.freshness.steering;
        let source = ViewSource::from_code(which & 7);
        self.console.source = source.unwrap_or(steering);
        self.console.drives = (self.rig.arms == 0) != (which & 0x80 != 0);
    }

    fn computer(&mut self, what: u8, amount: u8) {
        match what % 4 {
            0 => self.host.overruns = u32::from(amount),
            1 => self.host.uncaptured = Duration::from_millis(u64::from(amount) * 2),
            2 => self.host.unrecorded = Duration::from_millis(u64::from(amount) * 250),
            _ => self.host.suspended = true,
        }
    }

    fn engage(&mut self, moved: u8) {
        let c = &mut self.console;
        let before = (c.hand_m, c.turn_rad, c.twist);
        // A little less and a little more than the half millimetre that a closing hand may have moved.
        c.hand_m = Vector3::x() * (f64::from(moved) * 2.5e-6);
        (c.reached_m, c.turn_rad, c.twist) = (c.hand_m, Vector3::zeros(), STILL);
        self.hand(0, 0);
        self.run(3, true);
        self.hand(255, 0);
        let fresh_run_ns = self.rig.profile.engage.fresh_run.as_nanos() as u64;
        self.run((fresh_run_ns / self.pace_ns) as u32 + 10, true);
        self.hand(255, 1);
        self.run(2, true);
        let c = &mut self.console;
        (c.hand_m, c.turn_rad, c.twist) = before;
    }

    fn open(&mut self, which: u8) {
        let session = session(which);
        let now = self.now();
        let event = SessionEvent::Open { session };
        if let Some(Ok(epoch)) = self.witness.session(&mut self.rig, event, now) {
            self.console.granted(session, epoch);
        }
    }

    fn say(&mut self, event: SessionEvent) {
        let now = self.now();
        self.witness.session(&mut self.rig, event, now);
    }

    fn local(&mut self, which: u8) {
        let event = match which % 5 {
            0 => LocalEvent::EstopPressed,
            1 => LocalEvent::EstopReleased,
            2 => LocalEvent::Reset,
            3 => LocalEvent::PowerOn,
            _ => LocalEvent::PowerOff,
        };
        let now = self.now();
        self.witness.local(&mut self.rig, event, now);
    }

    fn capture(&mut self, program: &mut Bytes<'_>) {
        let (how, amount) = (program.u8(), u64::from(program.u8()));
        match how & 3 {
            0 => self.view = self.view.saturating_add(1),
            1 => self.view = self.view.saturating_add(amount),
            2 => self.view = self.view.saturating_sub(amount),
            _ => {}
        }
        let at_ns = match how >> 6 {
            0 | 1 => self.now_ns,
            2 => self.now_ns.saturating_sub(amount * 1_000_000),
            _ => self.now_ns.saturating_add(amount * 1_000_000),
        };
        let other = ViewSource::from_code(how >> 3 & 3).filter(|_| how & 0x20 != 0);
        let source = other.unwrap_or(self.rig.profile.freshness.steering);
        self.witness.view(&mut self.rig, source, self.view, Moment::from_ns(at_ns));
        if how & 4 == 0 {
            self.console.seen_view = self.view;
        }
    }
}

fn session(which: u8) -> SessionId {
    SESSIONS[usize::from(which) % SESSIONS.len()]
}

fn vector(program: &mut Bytes<'_>) -> Vector3<f64> {
    Vector3::new(program.fraction(), program.fraction(), program.fraction())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Invariants that are never put to the test hold always.
    #[test]
    fn the_corpus_reaches_every_state_of_every_profile_and_moves_each_robot() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/robot_session");
        let mut words = vec![BTreeSet::new(); shapes::SHIPPED.len()];
        let mut farthest_m = vec![0.0_f64; shapes::SHIPPED.len()];
        for entry in std::fs::read_dir(directory).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            run(&bytes, |bench| {
                let name = &bench.rig.profile.name;
                let which = ["ultrasound", "surgery", "telecare", "surgery-lan"]
                    .iter()
                    .position(|n| n == name);
                words[which.unwrap()].insert(bench.rig.word());
                let farthest_m = &mut farthest_m[which.unwrap()];
                *farthest_m = farthest_m.max(bench.plant.way_m(&bench.rig));
            });
        }
        for (words, farthest_m) in words.into_iter().zip(farthest_m) {
            assert_eq!(words, OperatingState::ALL.into_iter().collect());
            assert!(farthest_m > 0.02, "moved {farthest_m} m");
        }
    }

    #[test]
    fn operations_stand_in_the_order_of_their_bytes() {
        for (n, op) in Op::ALL.into_iter().enumerate() {
            assert_eq!(op as usize, n);
        }
    }
}
