//! The only place that calls the core: which robot is built around it, and which profile it goes by.

use std::sync::LazyLock;
use std::time::Duration;

use nalgebra::{UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::frame::CommandFrame;
use protocol::picture::ViewSource;
use protocol::profile::{ArmLimits, BaseLimits, Body as Work, Profile};
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};
use robot_agent::core::{Core, Grant, Host, LocalEvent, SessionEvent, Tick};
use robot_agent::robot::{Body, Description, OwnLimits, Port, Reading, RobotFault, Shaft};

/// The profiles that are shipped.
pub use protocol::profile::SHIPPED;

/// A measured speed above this multiple of the limit stops.
pub const SPEED_BREACH: f64 = 1.5;

/// Zones around the places where arms begin, near enough for a short program: a ball ahead, a box to
/// the left and a floor below; for instruments a ball and a slanted wall.
const ZONES: [&str; 2] = [
    r#"
[[arms.zone]]
name = "ball"
margin = "5 mm"
sphere = { centre = ["560 mm", "0 mm", "455 mm"], radius = "30 mm" }
[[arms.zone]]
name = "box"
margin = "5 mm"
box = { min = ["450 mm", "40 mm", "445 mm"], max = ["550 mm", "80 mm", "475 mm"] }
[[arms.zone]]
name = "floor"
margin = "2 mm"
half_space = { point = ["0 mm", "0 mm", "440 mm"], normal = [0.0, 0.0, 1.0] }
"#,
    r#"
[[arms.zone]]
name = "ball"
margin = "2 mm"
sphere = { centre = ["60 mm", "105 mm", "-110 mm"], radius = "20 mm" }
[[arms.zone]]
name = "wall"
margin = "1 mm"
half_space = { point = ["48 mm", "0 mm", "-86 mm"], normal = [0.6, 0.0, 0.8] }
"#,
];

/// Every profile that a program may choose: those shipped, but the one for a short link last; before it ultrasound
/// and surgery with zones.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let [long @ .., short] = &SHIPPED;
    let zoned = long.iter().zip(ZONES).map(|(text, zones)| format!("{text}{zones}"));
    let texts =
        long.iter().map(|text| (*text).to_owned()).chain(zoned).chain([(*short).to_owned()]);
    texts.map(|text| Profile::parse(&text).unwrap_or_else(|e| panic!("{e}"))).collect()
});

/// Fails if a profile widens what no file may widen.
pub fn assert_inside_what_code_allows(profile: &Profile) {
    let slack = 1.0 + 1e-6;
    let f = &profile.freshness;
    for (soft, hard, max_ms) in [
        (f.silence_soft, f.silence_hard, 500),
        (f.loop_age_soft, f.loop_age_hard, 500),
        (f.view_age_soft, f.view_age_hard, 400),
    ] {
        assert!(soft < hard && hard <= Duration::from_millis(max_ms).mul_f64(slack), "{f:?}");
    }
    if let Some(age) = &f.command_age {
        assert!(age.target < age.soft && age.soft < age.hard, "{f:?}");
        assert!(age.hard <= Duration::from_millis(200).mul_f64(slack), "{f:?}");
    }
    assert!((0.0..=0.2 * slack).contains(&f.loss_soft), "{f:?}");
    assert!(profile.engage.fresh_run >= Duration::from_millis(49), "{:?}", profile.engage);
    assert!(profile.reaction.unrecorded_max <= Duration::from_secs(60).mul_f64(slack));
    let stale_max_m = match &profile.body {
        Work::Arms(arms) => {
            arms_inside(arms, slack);
            0.020
        }
        Work::Base(base) => {
            base_inside(base, slack);
            assert!(profile.reaction.lift.is_none(), "a base lifts nothing");
            0.200
        }
    };
    assert!((0.0..=stale_max_m * slack).contains(&f.stale_displacement_max_m), "{f:?}");
    let speed_m_s = profile.reaction.lift.as_ref().map_or(0.0, |lift| lift.speed_m_s);
    assert!((0.0..=0.050 * slack).contains(&speed_m_s), "{:?}", profile.reaction);
}

fn arms_inside(arms: &ArmLimits, slack: f64) {
    assert!((1..=ARMS).contains(&arms.count));
    let (motion, force, reach) = (&arms.motion, &arms.force, &arms.reach);
    for (value, max) in [
        (motion.speed_free_max_m_s, 0.250),
        (motion.speed_contact_max_m_s, 0.100),
        (motion.acceleration_max_m_s2, 5.0),
        (motion.jerk_max_m_s3, 500.0),
        (motion.rotation_max_rad_s, 1.571),
        (motion.step_max_m, 0.020),
        (arms.workspace.breach_margin_m, 0.050),
        (force.hard_n, 30.0),
        (force.approach_speed_max_m_s, 0.040),
        (arms.jaw.as_ref().map_or(0.0, |jaw| jaw.open_max_rad), 2.095),
        (arms.port.as_ref().map_or(0.0, |port| port.cone_max_rad), 1.310),
        (arms.port.as_ref().map_or(0.0, |port| port.breach_m), 0.020),
    ] {
        assert!((0.0..=max * slack).contains(&value), "{value} of {max} in {arms:?}");
    }
    let soft_n = force.soft_n;
    assert!(soft_n < force.hard_n && force.hold_max_n.is_none_or(|hold_n| hold_n < soft_n));
    assert!(reach.joint_hard < reach.joint_soft && reach.dexterity_hard < reach.dexterity_soft);
    assert!(arms.port.as_ref().is_none_or(|port| port.depth_min_m < port.depth_max_m));
    assert!(arms.zones.len() <= 16 && arms.zones.iter().all(|zone| zone.margin_m >= 0.0));
    for (low, high) in arms.workspace.min_m.iter().zip(&arms.workspace.max_m) {
        assert!(low < high && low.abs() <= 2.0 * slack && high.abs() <= 2.0 * slack, "{arms:?}");
    }
}

fn base_inside(base: &BaseLimits, slack: f64) {
    for (value, max) in [
        (base.speed_max_m_s, 1.5),
        (base.acceleration_max_m_s2, 2.0),
        (base.brake_m_s2, 3.0),
        (base.jerk_max_m_s3, 100.0),
        (base.turn_max_rad_s, 2.095),
        (base.bumper_hard_n, 150.0),
    ] {
        assert!((0.0..=max * slack).contains(&value), "{value} of {max} in {base:?}");
    }
    assert!(base.acceleration_max_m_s2 < base.brake_m_s2);
    assert!(0.0 < base.obstacle_hard_m && base.obstacle_hard_m < base.obstacle_keep_m);
}

/// The core under test, and what it was made for.
pub struct Rig {
    core: Core,
    /// What it must keep.
    pub profile: Profile,
    /// Arms there are; none for a base.
    pub arms: usize,
    /// The ports of their instruments.
    pub ports: [Option<Port>; ARMS],
    /// False if the robot is not the one that the profile is for, or was not limited as asked.
    pub fits: bool,
    body_fits: bool,
}

impl Rig {
    /// A core as `choice` says: two bits for the profile, one for a second arm or a rigid shaft, one for
    /// zones, and the rest for a robot that does not fit.
    pub fn new(choice: u8, first_epoch: u32) -> Self {
        let number = match (choice & 3, choice & 8 != 0) {
            (0, false) => 0,
            (1, false) => 1,
            (2, _) => 2,
            (1, true) => 4,
            (3, false) => 5,
            (_, true) | (_, false) => 3,
        };
        let profile = PROFILES[number].clone();
        let option = choice & 4 != 0;
        let shaft = if option { Shaft::Rigid } else { Shaft::Wristed };
        let port = |y| Some(Port { centre_m: Vector3::y() * y, axis: -Vector3::z(), shaft });
        let (arms, ports) = match profile.arms() {
            Some(limits) if limits.port.is_some() => (2, [port(0.1), port(-0.1)]),
            Some(_) => (1 + usize::from(option), [None; ARMS]),
            None => (0, [None; ARMS]),
        };
        let speed_max_m_s = if choice >> 4 == 14 { 0.01 } else { 1.0 };
        let watchdog = Duration::from_millis(if choice >> 4 == 15 { 0 } else { 30 });
        let body = match arms {
            0 => Body::Base { speed_max_m_s },
            count => Body::Arms { count, speed_max_m_s, ports },
        };
        let robot = Description { name: "fuzzed".into(), simulated: true, body, watchdog };
        let core = Core::new(profile.clone(), &robot, first_epoch);
        let fits = choice >> 4 < 14;
        Self { core, profile, arms, ports, fits, body_fits: fits }
    }

    /// Where arm `n` is when a program begins.
    pub fn place_of(&self, n: usize) -> (Vector3<f64>, UnitQuaternion<f64>) {
        let down = UnitQuaternion::from_scaled_axis(Vector3::x() * core::f64::consts::PI);
        match (n < self.arms, self.ports.get(n).copied().flatten()) {
            (false, _) => (Vector3::zeros(), UnitQuaternion::identity()),
            // Near the upper edge of the workspace, so that a short program can reach it.
            (true, None) => (Vector3::new(0.5, 0.1 * n as f64, 0.46), down),
            (true, Some(port)) => {
                let inward = Vector3::new(0.06, 0.0, -0.07);
                let rigid = UnitQuaternion::rotation_between(&Vector3::z(), &inward);
                let rotation = if port.shaft == Shaft::Rigid { rigid } else { None };
                (port.centre_m + inward, rotation.unwrap_or(down))
            }
        }
    }

    /// What the robot is doing.
    pub fn word(&self) -> OperatingState {
        self.core.state().word()
    }

    /// The epoch in force.
    pub fn epoch(&self) -> u32 {
        self.core.epoch()
    }

    /// Frames that passed identity.
    pub fn accepted(&self) -> u64 {
        self.core.counts().accepted
    }

    /// The robot's own limits have been read back as `kind` says.
    pub fn own_limits(&mut self, kind: u8) {
        let (speed_m_s, force_max_n) = match &self.profile.body {
            Work::Arms(arms) => (arms.motion.speed_free_max_m_s, arms.force.hard_n),
            Work::Base(base) => (base.speed_max_m_s, base.bumper_hard_n),
        };
        let (speed, force) = match kind % 6 {
            0 => (0.999, 1.0),
            1 => (0.5, 0.5),
            2 => (1.001, 1.0),
            3 => (0.999, 1.001),
            _ => (0.999, f64::NAN),
        };
        let speed_max_m_s = speed_m_s * SPEED_BREACH * speed;
        let read = OwnLimits { speed_max_m_s, force_max_n: force_max_n * force };
        // What was read last counts.
        self.fits = self.body_fits && kind % 6 < 2;
        self.core.handle_own_limits(if kind % 6 == 5 { Err(RobotFault::Silent) } else { Ok(read) });
    }

    /// A command frame arrives.
    pub fn command(&mut self, frame: &CommandFrame, now: Moment<Robot>) {
        self.core.handle_command(frame, now);
    }

    /// Something is said on the session stream.
    pub fn session(&mut self, event: SessionEvent, now: Moment<Robot>) -> Option<Grant> {
        self.core.handle_session(event, now)
    }

    /// Something is done at the robot.
    pub fn local(&mut self, event: LocalEvent, now: Moment<Robot>) -> bool {
        self.core.handle_local(event, now)
    }

    /// A picture is captured.
    pub fn view(&mut self, source: ViewSource, view: u64, at: Moment<Robot>) {
        self.core.handle_view(source, view, at);
    }

    /// One tick.
    pub fn tick(
        &mut self,
        now: Moment<Robot>,
        reading: Result<Reading, RobotFault>,
        host: &Host,
    ) -> Tick {
        self.core.tick(now, reading, host)
    }
}
