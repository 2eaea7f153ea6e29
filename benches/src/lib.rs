//! What runs a thousand times a second, set up so that it can be measured.
//!
//! [`Rig`] is a robot core in the middle of its work: engaged, with commands, states and pictures coming
//! and going, against a robot that obeys at once. A bench of an idle core would measure the branch that
//! does nothing.

pub mod link;

use core::f64::consts::PI;
use core::time::Duration;

use nalgebra::{Isometry3, Vector3};
use protocol::ARMS;
use protocol::frame::{ArmCommand, CommandFrame, Mode, Motion, StateFrame};
use protocol::pose::{Base, Pose, Tip};
use protocol::profile::{Profile, ProfileError, SURGERY, ULTRASOUND};
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};
use robot_agent::core::{Core, Host, LocalEvent, SessionEvent, Tick, own_limits};
use robot_agent::robot::{ArmReading, Body, Description, Order, Port, Reading, RobotFault, Shaft};

/// The session of the console.
pub const SESSION: SessionId = SessionId::new(1);

const STEP: Duration = Duration::from_millis(1);

/// Ticks between pictures.
const PICTURE_EVERY: u64 = 25;

/// What a hand moves at most from one frame to the next: a little less than the profiles allow. Unit: metre.
const HAND_STEP_MAX_M: f64 = 0.008;

/// The tables that a profile has no more and no less of: zones, and a lift of the tools.
const ZONES_AND_LIFT: [(&str, &str); 2] = [
    (
        "[arms.force]",
        r#"
[[arms.zone]]
name = "vessel"
margin = "5 mm"
sphere = { centre = ["60 mm", "120 mm", "-90 mm"], radius = "25 mm" }
[[arms.zone]]
name = "spine"
margin = "5 mm"
box = { min = ["-150 mm", "-30 mm", "-300 mm"], max = ["150 mm", "30 mm", "-250 mm"] }
[[arms.zone]]
name = "liver"
margin = "2 mm"
half_space = { point = ["-60 mm", "0 mm", "0 mm"], normal = [1.0, 0.0, 0.0] }
[arms.force]"#,
    ),
    (
        "[hand]",
        r#"
[reaction.lift]
after = "500 ms"
distance = "20 mm"
speed = "20 mm/s"
[hand]"#,
    ),
];

/// A core, a console and a robot, one millisecond at a time. Once it is made, nothing in it allocates.
pub struct Rig {
    core: Core,
    profile: Profile,
    now: Moment<Robot>,
    ticks: u64,
    arms: [ArmReading; ARMS],
    arm_count: usize,
    powered: bool,
    newest: Option<StateFrame>,
    frame: CommandFrame,
    reached: [Vector3<f64>; ARMS],
    engaged_at: u64,
    /// How far the hands swing. Unit: metre.
    pub swing_m: f64,
    /// Opening of the jaws that is asked for. Unit: radian.
    pub jaw_rad: f64,
    /// The force on the first tool, against its axis. Unit: newton.
    pub force_n: f64,
    /// Commands arrive.
    pub sends: bool,
    /// What the robot reports instead of a reading.
    pub fault: Option<RobotFault>,
}

impl Rig {
    /// One arm without ports, under the ultrasound profile.
    ///
    /// # Errors
    /// [`ProfileError`] if the shipped profile is broken.
    pub fn ultrasound() -> Result<Self, ProfileError> {
        Ok(Self::new(Profile::parse(ULTRASOUND)?))
    }

    /// Two arms with ports and jaws, under the surgery profile with three zones and a lift.
    ///
    /// # Errors
    /// [`ProfileError`] if the shipped profile is broken.
    pub fn surgery() -> Result<Self, ProfileError> {
        let with = |text: String, (at, table): (&str, &str)| text.replacen(at, table, 1);
        let text = ZONES_AND_LIFT.into_iter().fold(SURGERY.to_owned(), with);
        Ok(Self::new(Profile::parse(&text)?))
    }

    /// Powered on, with authority granted.
    fn new(profile: Profile) -> Self {
        let description = description(&profile);
        let mut core = Core::new(profile.clone(), &description, 1);
        core.handle_own_limits(Ok(own_limits(&profile)));
        let ports = profile.arms().is_some_and(|a| a.port.is_some());
        let start = |n: usize| match n {
            _ if !ports => down(0.5, 0.0, 0.3),
            0 => down(0.0, 0.1, -0.1),
            _ => down(0.0, -0.1, -0.1),
        };
        let mut rig = Self {
            core,
            now: Moment::from_ns(1_000_000_000),
            ticks: 0,
            arms: core::array::from_fn(|n| ArmReading { tip: start(n), ..ArmReading::absent() }),
            arm_count: profile.arms().map_or(0, |a| a.count),
            powered: false,
            newest: None,
            frame: CommandFrame { view_source: profile.freshness.steering, ..frame() },
            profile,
            reached: [Vector3::zeros(); ARMS],
            engaged_at: 0,
            swing_m: 0.02,
            jaw_rad: 0.0,
            force_n: 0.0,
            sends: false,
            fault: None,
        };
        rig.run(100);
        rig.power_on();
        rig
    }

    /// Drives on, and authority granted.
    pub fn power_on(&mut self) {
        self.local(LocalEvent::PowerOn);
        let _ = self.session(SessionEvent::Open { session: SESSION });
        self.sends = true;
    }

    /// The operator's whole act, from a released deadman to a closed clutch; then the hands swing.
    pub fn engage(&mut self) {
        self.frame.mode = Mode::Hold;
        self.frame.deadman = 0.0;
        self.run(20);
        self.frame.deadman = 1.0;
        self.run(400);
        self.reached = [Vector3::zeros(); ARMS];
        self.engaged_at = self.ticks;
        self.frame.engage_count += 1;
        self.frame.mode = Mode::Follow;
        self.run(10);
    }

    /// What the core is doing; a bench asserts that it follows.
    pub fn state(&self) -> OperatingState {
        self.core.state().word()
    }

    /// The epoch, for those who acknowledge.
    pub const fn epoch(&self) -> u32 {
        self.core.epoch()
    }

    /// What the console was told last.
    pub const fn newest(&self) -> Option<&StateFrame> {
        self.newest.as_ref()
    }

    /// Something is done at the robot.
    pub fn local(&mut self, event: LocalEvent) {
        self.core.handle_local(event, self.now);
    }

    /// Something is said on the session stream.
    pub fn session(&mut self, event: SessionEvent) -> Option<robot_agent::core::Grant> {
        self.core.handle_session(event, self.now)
    }

    /// So many milliseconds.
    pub fn run(&mut self, ms: u32) {
        for _ in 0..ms {
            self.step();
        }
    }

    /// A command arrives and the core ticks.
    pub fn step(&mut self) -> Tick {
        self.now = self.now.after(STEP);
        self.ticks += 1;
        if self.ticks.is_multiple_of(PICTURE_EVERY) {
            let view = self.ticks / PICTURE_EVERY;
            self.core.handle_view(self.profile.freshness.steering, view, self.now);
            self.frame.seen_view = view;
        }
        if self.sends {
            self.move_hands();
            let frame = self.frame;
            self.core.handle_command(&frame, self.now);
        }
        let tick = self.core.tick(self.now, self.reading(), &Host::default());
        self.obey(&tick.order);
        if let Some(state) = &tick.frame {
            self.frame.seen_state = state.seq;
            self.frame.shown_state = state.state;
            self.newest = tick.frame;
        }
        tick
    }

    /// Both hands in circles, in opposite directions, never in leaps.
    fn move_hands(&mut self) {
        let angle = (self.ticks - self.engaged_at) as f64 * 2e-3;
        let follows = self.frame.mode == Mode::Follow;
        if let Motion::Arms(arms) = &mut self.frame.motion {
            for (n, (arm, reached)) in arms.iter_mut().zip(&mut self.reached).enumerate() {
                let way = if n == 0 { 1.0 } else { -1.0 };
                let wanted = Vector3::new(
                    1.0 - angle.cos(),
                    way * angle.sin(),
                    0.5 * way * (0.7 * angle).sin(),
                ) * self.swing_m;
                if follows {
                    *reached += (wanted - *reached).cap_magnitude(HAND_STEP_MAX_M);
                }
                arm.displacement.translation = *reached;
                arm.jaw_rad = self.jaw_rad;
            }
        }
        self.frame.seq += 1;
        self.frame.t_input = self.frame.t_input.after(STEP);
        self.frame.epoch = self.core.epoch();
    }

    fn reading(&self) -> Result<Reading, RobotFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut reading = Reading { powered: self.powered, ..Reading::resting(self.now) };
        // A sensor that lives is never still to the last bit.
        let alive_m = 1e-9 * (self.ticks % 7) as f64;
        for (read, arm) in reading.arms.iter_mut().zip(&self.arms).take(self.arm_count) {
            *read = *arm;
            read.tip.iso.translation.vector.x += alive_m;
            read.force_n.z += alive_m;
        }
        if let Some(first) = reading.arms.first_mut() {
            first.force_n.z += self.force_n;
        }
        Ok(reading)
    }

    fn obey(&mut self, order: &Order) {
        self.powered = *order != Order::Off;
        if let Order::Servo { arms } = order {
            for (arm, to) in self.arms.iter_mut().zip(arms) {
                arm.velocity_m_s = (to.tip.position() - arm.tip.position()) / STEP.as_secs_f64();
                arm.tip = to.tip;
                arm.jaw_rad = to.jaw_rad;
            }
        }
    }
}

/// A tool that looks down, at this place. Unit: metre.
fn down(x: f64, y: f64, z: f64) -> Pose<Base, Tip> {
    Pose::new(Isometry3::new(Vector3::new(x, y, z), Vector3::new(PI, 0.0, 0.0)))
}

/// A robot that fits `profile`: ports, where it has any, 10 cm to the left and to the right.
fn description(profile: &Profile) -> Description {
    let (count, has_ports) = profile.arms().map_or((1, false), |a| (a.count, a.port.is_some()));
    let port = |y| Port {
        centre_m: Vector3::new(0.0, y, 0.0),
        axis: -Vector3::z(),
        shaft: Shaft::Wristed,
    };
    let ports = if has_ports { [Some(port(0.1)), Some(port(-0.1))] } else { [None; ARMS] };
    Description {
        name: "bench".to_owned(),
        simulated: true,
        body: Body::Arms { count, speed_max_m_s: 1.0, ports },
        watchdog: Duration::from_millis(30),
    }
}

/// A command frame as a console sends it.
pub fn frame() -> CommandFrame {
    let arm = ArmCommand { force_wanted_n: 0.0, ..ArmCommand::neutral() };
    CommandFrame {
        session: SESSION,
        seq: 1,
        epoch: 1,
        engage_count: 0,
        t_input: Moment::from_ns(1),
        seen_state: 1,
        seen_view: 1,
        view_source: protocol::picture::ViewSource::Ultrasound,
        mode: Mode::Hold,
        deadman: 0.0,
        stop_request: 0,
        shown_state: OperatingState::Ready,
        motion: Motion::Arms([arm, ArmCommand::neutral()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::frame::{Clamp, ClampSet};

    #[test]
    fn what_is_measured_follows() {
        for rig in [Rig::ultrasound, Rig::surgery] {
            let mut it = rig().unwrap();
            it.engage();
            for _ in 0..5_000 {
                assert!(it.step().followed.is_some(), "{:?}", it.newest());
            }
            assert_eq!(it.state(), OperatingState::Engaged);
        }
    }

    #[test]
    fn a_wide_swing_meets_the_walls() {
        let mut it = Rig::surgery().unwrap();
        it.engage();
        it.swing_m = 0.3;
        let mut met = ClampSet::EMPTY;
        for _ in 0..5_000 {
            assert!(it.step().followed.is_some(), "{:?}", it.newest());
            met = met.union(it.newest().unwrap().clamps);
        }
        for clamp in [Clamp::Speed, Clamp::Workspace, Clamp::NoGo, Clamp::Port] {
            assert!(met.contains(clamp), "{clamp:?} not in {met:?}");
        }
    }
}
