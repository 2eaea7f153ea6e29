//! The whole core in virtual time, against a robot that obeys at once and a console that can fail.

mod base;
mod edges;
mod freshness;
mod lifecycle;
mod motion;
mod power;
mod stops;
mod surgery;

use super::*;
use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use protocol::frame::{ArmCommand, BaseTwist, Clamp, Motion, StateFrame};
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::session::{Refusal, SessionId};
use protocol::state::OperatingState;

use crate::robot::{ArmReading, BaseReading, Body, Port, Reach, Shaft};

const ME: SessionId = SessionId::new(0xA);
const OTHER: SessionId = SessionId::new(0xB);

/// Robot, console and time, one millisecond at a time.
#[allow(clippy::struct_excessive_bools, reason = "each is a thing that can fail by itself")]
struct Bench {
    core: Core,
    profile: Profile,
    ms: u64,
    tip: Pose<Base, Tip>,
    second: Pose<Base, Tip>,
    jaw_rad: f64,
    velocity: Vector3<f64>,
    force_n: f64,
    reach: Reach,
    beside_port_m: f64,
    base: BaseReading,
    guard_open: bool,
    host: Host,
    fault: Option<RobotFault>,
    powered: bool,
    obeys: bool,
    lives: bool,
    reading_age_ms: u64,
    range_age_ms: u64,
    order: Order,
    state: Option<StateFrame>,
    seq: u64,
    engage_count: u32,
    deadman: f64,
    mode: Mode,
    /// Where the hand goes, and how far it has come: no hand leaps.
    hand: Vector3<f64>,
    reached: Vector3<f64>,
    twist: BaseTwist,
    view_source: ViewSource,
    samples: bool,
    t_input: u64,
    shown: Option<OperatingState>,
    seen_word: OperatingState,
    retracts: bool,
    sends: bool,
    sees_states: bool,
    sees_views: bool,
    seen_state: u64,
    seen_view: u64,
    stop_request: u32,
    changes: Vec<Transition>,
    ended: Vec<SessionId>,
    calls: u64,
}

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

fn surgery() -> Profile {
    Profile::parse(protocol::profile::SURGERY).unwrap()
}

fn telecare() -> Profile {
    Profile::parse(protocol::profile::TELECARE).unwrap()
}

/// The ports of the two arms: 10 cm to the left and right, 2 cm above the workspace.
fn port(n: usize) -> Vector3<f64> {
    Vector3::new(0.0, [0.1, -0.1][n], 0.0)
}

/// A robot that fits `profile`.
fn description(profile: &Profile) -> Description {
    let port = |n| Some(Port { centre_m: port(n), axis: -Vector3::z(), shaft: Shaft::Wristed });
    let body = match profile.arms() {
        Some(arms) if arms.port.is_some() => {
            Body::Arms { count: arms.count, speed_max_m_s: 1.0, ports: [port(0), port(1)] }
        }
        Some(arms) => Body::Arms { count: arms.count, speed_max_m_s: 1.0, ports: [None; 2] },
        None => Body::Base { speed_max_m_s: 1.0 },
    };
    Description { name: "bench".into(), simulated: true, body, watchdog: Duration::from_millis(30) }
}

/// A tool that looks down, at this place.
fn down(x: f64, y: f64, z: f64) -> Pose<Base, Tip> {
    Pose::new(Isometry3::new(Vector3::new(x, y, z), Vector3::new(core::f64::consts::PI, 0.0, 0.0)))
}

impl Bench {
    /// Not powered on, nobody there.
    fn new(profile: Profile, description: &Description) -> Self {
        let surgery = profile.arms().is_some_and(|a| a.port.is_some());
        Self {
            core: Core::new(profile.clone(), description, 100),
            ms: 1,
            tip: if surgery { down(0.0, 0.1, -0.1) } else { down(0.5, 0.0, 0.3) },
            second: down(0.0, -0.1, -0.1),
            jaw_rad: 0.0,
            velocity: Vector3::zeros(),
            force_n: 0.0,
            reach: Reach::AMPLE,
            beside_port_m: 0.0,
            base: BaseReading::absent(),
            guard_open: false,
            host: Host::default(),
            fault: None,
            powered: true,
            obeys: true,
            lives: true,
            reading_age_ms: 0,
            range_age_ms: 0,
            order: Order::Off,
            state: None,
            seq: 0,
            engage_count: 0,
            deadman: 0.0,
            mode: Mode::Hold,
            hand: Vector3::zeros(),
            reached: Vector3::zeros(),
            twist: BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 },
            view_source: profile.freshness.steering,
            samples: true,
            t_input: 1,
            shown: None,
            seen_word: OperatingState::Init,
            retracts: false,
            sends: true,
            sees_states: true,
            sees_views: true,
            seen_state: 0,
            seen_view: 0,
            stop_request: 0,
            changes: Vec::new(),
            ended: Vec::new(),
            calls: 0,
            profile,
        }
    }

    /// Powered on, with authority granted, under the ultrasound profile.
    fn ready() -> Self {
        Self::ready_for(profile())
    }

    fn ready_for(profile: Profile) -> Self {
        let description = description(&profile);
        let mut b = Self::new(profile, &description);
        b.sends = false;
        b.run(60);
        b.local(LocalEvent::PowerOn);
        assert_eq!(b.session(SessionEvent::Open { session: ME }), Some(Ok(b.core.epoch())));
        b.sends = true;
        b.run(10);
        assert_eq!(b.word(), OperatingState::Ready);
        b
    }

    fn engaged_for(profile: Profile) -> Self {
        let mut b = Self::ready_for(profile);
        b.engage();
        assert_eq!(b.word(), OperatingState::Engaged, "{:?}", b.state);
        b
    }

    /// Following the hand.
    fn engaged() -> Self {
        let mut b = Self::ready();
        b.engage();
        assert_eq!(b.word(), OperatingState::Engaged, "{:?}", b.state);
        b
    }

    fn engage(&mut self) {
        self.deadman = 0.0;
        self.mode = Mode::Hold;
        self.run(5);
        self.deadman = 1.0;
        self.run(self.profile.engage.fresh_run.as_millis() as u64 + 60);
        self.close();
    }

    fn close(&mut self) {
        self.engage_count += 1;
        self.mode = Mode::Follow;
        self.hand = Vector3::zeros();
        self.reached = Vector3::zeros();
        self.twist = BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 };
        self.run(2);
    }

    fn now(&self) -> Moment<Robot> {
        Moment::from_ns(self.ms * 1_000_000)
    }

    fn word(&self) -> OperatingState {
        self.core.state().word()
    }

    fn local(&mut self, event: LocalEvent) {
        let now = self.now();
        self.core.handle_local(event, now);
    }

    fn session(&mut self, event: SessionEvent) -> Option<Grant> {
        let now = self.now();
        self.core.handle_session(event, now)
    }

    fn command(&mut self) -> CommandFrame {
        self.seq += 1;
        let mut arm = ArmCommand::neutral();
        self.reached += (self.hand - self.reached).cap_magnitude(0.008);
        arm.displacement =
            Displacement { translation: self.reached, rotation: UnitQuaternion::identity() };
        arm.jaw_rad = self.jaw_rad;
        let motion = match self.profile.arms() {
            Some(_) => Motion::Arms([arm, ArmCommand::neutral()]),
            None => Motion::Base(self.twist),
        };
        if self.samples {
            self.t_input += 1_000_000;
        }
        CommandFrame {
            session: ME,
            seq: self.seq,
            epoch: self.state.map_or(self.core.epoch(), |s| s.epoch),
            engage_count: self.engage_count,
            t_input: Moment::from_ns(self.t_input),
            seen_state: self.seen_state,
            seen_view: self.seen_view,
            view_source: self.view_source,
            mode: if self.retracts { Mode::Retract } else { self.mode },
            deadman: self.deadman,
            stop_request: self.stop_request,
            shown_state: self.shown.unwrap_or(self.seen_word),
            motion,
        }
    }

    fn reading(&self) -> Result<Reading, RobotFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let absent = ArmReading::absent();
        // A sensor that lives is never still to the last bit.
        let alive = if self.lives { 1e-9 * (self.ms % 7) as f64 } else { 0.0 };
        let shaken = |tip: &Pose<Base, Tip>| {
            let mut tip = *tip;
            tip.iso.translation.vector.x += alive;
            tip
        };
        let first = ArmReading {
            tip: shaken(&self.tip),
            velocity_m_s: self.velocity,
            force_n: Vector3::new(0.0, 0.0, self.force_n + alive),
            reach: self.reach,
            beside_port_m: self.beside_port_m,
            jaw_rad: self.jaw_rad,
            ..absent
        };
        let arms = match self.profile.arms().map_or(0, |a| a.count) {
            0 => [absent; 2],
            1 => [first, absent],
            _ => [first, ArmReading { tip: shaken(&self.second), ..absent }],
        };
        Ok(Reading {
            at: Moment::from_ns((self.ms - self.reading_age_ms) * 1_000_000),
            powered: self.powered && self.order != Order::Off,
            guard_open: self.guard_open,
            arms,
            base: BaseReading {
                ranged_at: Moment::from_ns((self.ms - self.range_age_ms) * 1_000_000),
                ..self.base
            },
        })
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.ms += 1;
            let now = self.now();
            if self.ms.is_multiple_of(25) {
                self.core.handle_view(self.profile.freshness.steering, self.ms / 25, now);
                if self.sees_views {
                    self.seen_view = self.ms / 25;
                }
            }
            if self.sends {
                let frame = self.command();
                self.core.handle_command(&frame, now);
            }
            let tick = self.core.tick(now, self.reading(), &self.host);
            self.obey(&tick.order);
            self.calls += u64::from(tick.calls);
            self.order = tick.order;
            self.changes.extend(tick.transition);
            self.ended.extend(tick.ended);
            if let Some(frame) = tick.frame {
                // What can be encoded can be sent: every frame the core makes is one.
                assert_eq!(StateFrame::decode(&frame.encode().unwrap()).unwrap().seq, frame.seq);
                if self.sees_states {
                    self.seen_word = frame.state;
                    self.seen_state = frame.seq;
                }
                self.state = Some(frame);
            }
        }
    }

    /// How fast the tip was in the tick before the drives went off; no number if they do not within so many ticks.
    fn drives_off_at(&mut self, ticks: u32) -> f64 {
        for _ in 0..ticks {
            let speed = self.velocity.norm();
            self.run(1);
            if self.order == Order::Off {
                return speed;
            }
        }
        f64::NAN
    }

    fn obey(&mut self, order: &Order) {
        match order {
            Order::Servo { arms: [first, second] } if self.obeys => {
                self.velocity = (first.tip.position() - self.tip.position()) / 1e-3;
                self.tip = first.tip;
                self.second = second.tip;
            }
            Order::Drive { linear_m_s, angular_rad_s } if self.obeys => {
                self.base.ahead_m -= linear_m_s * 1e-3;
                self.base.linear_m_s = *linear_m_s;
                self.base.angular_rad_s = *angular_rad_s;
            }
            _ => self.velocity = Vector3::zeros(),
        }
    }

    /// Nothing moves while all this happens: by no more than what [`Self::reading`] shakes it by.
    fn stays_put(&mut self, during: impl FnOnce(&mut Self)) {
        let before = self.tip;
        during(self);
        let moved = (self.tip.position() - before.position()).norm();
        assert!(moved < 1e-8, "moved {moved} m in {}", self.word());
    }
}
