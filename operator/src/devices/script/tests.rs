use super::*;
use crate::core::hand::Grasp;
use crate::core::session::tests::state_frame;
use crate::core::{OperatorCore, clutch::Grip};
use nalgebra::{Isometry3, Vector2, Vector3};
use protocol::ARMS;
use protocol::cause::{Cause, CauseSet};
use protocol::frame::{ArmState, BaseState, BaseTwist, CommandFrame, Mode, Motion};
use protocol::pose::{Base, Pose, Tip};
use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};
use protocol::session::SessionId;
use std::collections::VecDeque;

const DELAY_MS: usize = 20;

const START_M: Vector3<f64> = Vector3::new(0.5, 0.1, 0.3);
const RIGHT_M: Vector3<f64> = Vector3::new(0.5, -0.1, 0.3);

const STAND: BaseTwist = BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 };

/// A robot that follows the rules agreed with the operator's core and nothing else: release, hold
/// open until green for the fresh run, close with a new count and no displacement.
struct FakeRobot {
    ms: u64,
    seq: u64,
    epoch: u32,
    state: OperatingState,
    released: bool,
    open_for_ms: u64,
    count: u32,
    echo: u64,
    anchors: [Pose<Base, Tip>; ARMS],
    tips: [Pose<Base, Tip>; ARMS],
    jaws_rad: [f64; ARMS],
    twist: BaseTwist,
    /// Where a base is, and its heading.
    at_m: Vector2<f64>,
    heading_rad: f64,
    force_wanted_n: f64,
    engages: u32,
    refusals: u32,
}

impl FakeRobot {
    fn new() -> Self {
        let down = Vector3::new(core::f64::consts::PI, 0.0, 0.0);
        let tips = [START_M, RIGHT_M].map(|at| Pose::new(Isometry3::new(at, down)));
        Self {
            ms: 0,
            seq: 0,
            epoch: 1,
            state: OperatingState::Ready,
            released: false,
            open_for_ms: 0,
            count: 0,
            echo: 0,
            anchors: tips,
            tips,
            jaws_rad: [0.0; ARMS],
            twist: STAND,
            at_m: Vector2::zeros(),
            heading_rad: 0.0,
            force_wanted_n: 0.0,
            engages: 0,
            refusals: 0,
        }
    }

    fn stop(&mut self) {
        self.epoch += 1;
        self.state = OperatingState::Hold;
        self.released = false;
        self.open_for_ms = 0;
    }

    fn blocking(&self) -> CauseSet {
        let mut set = CauseSet::EMPTY;
        if !self.released {
            set = set.with(Cause::Deadman);
        }
        if self.open_for_ms < 200 && !self.state.follows() {
            set = set.with(Cause::FreshRun);
        }
        set
    }

    fn take(&mut self, frame: &CommandFrame) {
        if frame.epoch != self.epoch || frame.seq <= self.echo {
            return;
        }
        self.echo = frame.seq;
        self.force_wanted_n = match frame.motion {
            Motion::Arms([arm, _]) => arm.force_wanted_n,
            Motion::Base(_) => 0.0,
        };
        self.twist = STAND;
        let held = frame.deadman >= 0.5;
        match (self.state.follows(), held, frame.mode) {
            (true, false, _) => self.stop(),
            (true, true, Mode::Follow) => self.follow(&frame.motion),
            (true, true, _) => self.state = OperatingState::Ready,
            (false, false, _) => (self.released, self.open_for_ms) = (true, 0),
            (false, true, Mode::Hold) => self.open_for_ms += u64::from(self.released),
            (false, true, Mode::Follow) if frame.engage_count > self.count => {
                self.count = frame.engage_count;
                if self.blocking().is_empty() && at_rest(&frame.motion) {
                    self.anchors = self.tips;
                    self.state = OperatingState::Engaged;
                    self.engages += 1;
                } else {
                    self.refusals += 1;
                }
                self.open_for_ms = 0;
            }
            (false, true, _) => {}
        }
    }

    fn follow(&mut self, motion: &Motion) {
        match motion {
            Motion::Arms(arms) => {
                for (n, arm) in arms.iter().enumerate() {
                    self.tips[n] = arm.displacement.applied_to(&self.anchors[n]);
                    self.jaws_rad[n] = arm.jaw_rad;
                }
            }
            Motion::Base(twist) => self.twist = *twist,
        }
    }

    /// A base rolls on for a millisecond.
    fn roll(&mut self) {
        self.heading_rad += 1e-3 * self.twist.angular_rad_s;
        let ahead = Vector2::new(self.heading_rad.cos(), self.heading_rad.sin());
        self.at_m += 1e-3 * self.twist.linear_m_s * ahead;
    }

    fn frame(&mut self) -> StateFrame {
        self.seq += 1;
        let arms = core::array::from_fn(|n| ArmState {
            measured: self.tips[n],
            setpoint: self.tips[n],
            jaw_rad: self.jaws_rad[n],
            jaw_setpoint_rad: self.jaws_rad[n],
            ..ArmState::absent()
        });
        StateFrame {
            seq: self.seq,
            echo_seq: self.echo,
            state: self.state,
            blocking: self.blocking(),
            epoch: self.epoch,
            arms,
            base: BaseState {
                linear_m_s: self.twist.linear_m_s,
                angular_rad_s: self.twist.angular_rad_s,
                // The wall ahead is seen where it begins to matter.
                ahead_m: 3.0 - self.at_m.x.abs().max(self.at_m.y.abs()),
                ..BaseState::absent()
            },
            ..state_frame()
        }
    }
}

fn at_rest(motion: &Motion) -> bool {
    match motion {
        Motion::Arms(arms) => arms.iter().all(|arm| arm.displacement.size().0 <= 0.0005),
        Motion::Base(twist) => *twist == STAND,
    }
}

/// Hand, core and robot, 20 ms apart each way.
struct Theatre {
    core: OperatorCore,
    hand: ScriptedHand,
    robot: FakeRobot,
    up: VecDeque<CommandFrame>,
    down: VecDeque<StateFrame>,
    last: Option<CommandFrame>,
}

impl Theatre {
    fn new(seed: u64) -> Self {
        Self::of(ULTRASOUND, seed)
    }

    fn of(profile: &str, seed: u64) -> Self {
        let profile = Profile::parse(profile).unwrap();
        let mut core = OperatorCore::new(&profile);
        core.handle_welcome(SessionId::new(1), 1, true);
        Self {
            core,
            hand: ScriptedHand::new(&profile, seed),
            robot: FakeRobot::new(),
            up: VecDeque::new(),
            down: VecDeque::new(),
            last: None,
        }
    }

    fn tick(&mut self) {
        self.robot.ms += 1;
        self.robot.roll();
        let now = Moment::from_ns(1_000_000_000 + self.robot.ms * 1_000_000);
        if self.robot.ms.is_multiple_of(2) {
            let frame = self.robot.frame();
            self.down.push_back(frame);
        }
        if self.down.len() > DELAY_MS / 2 {
            let frame = self.down.pop_front().unwrap();
            self.core.handle_state(&frame, now);
            self.hand.observe(&frame, now);
        }
        let sample = self.hand.sample(now);
        let frame = self.core.tick(now, &sample).unwrap();
        self.last = Some(frame);
        self.up.push_back(frame);
        if self.up.len() > DELAY_MS {
            let frame = self.up.pop_front().unwrap();
            self.robot.take(&frame);
        }
    }

    fn run(&mut self, ms: u64) {
        (0..ms).for_each(|_| self.tick());
    }

    fn offset_m(&self) -> f64 {
        (self.robot.tips[0].position() - START_M).norm()
    }
}

#[test]
fn the_script_scans_re_indexes_and_always_comes_back() {
    for seed in 0..8 {
        let mut t = Theatre::new(seed);
        let (mut far_m, mut fast_m_s, mut way_m) = (0.0_f64, 0.0_f64, 0.0);
        let mut before = t.robot.tips[0];
        for _ in 0..60_000 {
            t.tick();
            let step_m = (t.robot.tips[0].position() - before.position()).norm();
            way_m += step_m;
            fast_m_s = fast_m_s.max(step_m * 1e3);
            far_m = far_m.max(t.offset_m());
            before = t.robot.tips[0];
        }
        assert_eq!(t.robot.refusals, 0, "seed {seed}");
        assert!((9..=18).contains(&t.robot.engages), "seed {seed}: {}", t.robot.engages);
        assert!(fast_m_s <= 0.040, "seed {seed}: {fast_m_s} m/s");
        assert!(far_m <= 0.060, "seed {seed}: {far_m} m");
        assert!(way_m > 0.3, "seed {seed}: {way_m} m");
        assert!((4.0..6.0).contains(&t.robot.force_wanted_n));
        let tilt = t.robot.tips[0].iso.rotation * Vector3::z();
        assert!(tilt.z < -0.99, "seed {seed}: {tilt:?}");
        assert_eq!(t.robot.epoch, 1, "nothing stopped it");
    }
}

/// C5: after a stop it moves only after a release and a new engage, with no jump.
#[test]
fn after_a_stop_the_script_lets_go_waits_and_engages_again() {
    let mut t = Theatre::new(3);
    t.run(2_500);
    assert!(t.robot.state.follows());
    t.robot.stop();
    let (mut still_held, mut let_go) = (0, 0);
    let stopped_at = t.robot.tips;
    while !t.robot.state.follows() {
        t.tick();
        let frame = t.last.unwrap();
        if let_go == 0 && frame.epoch == 2 && frame.deadman >= 0.5 {
            assert_eq!(frame.mode, Mode::Hold, "a button held through a stop");
            still_held += 1;
        }
        let_go += u32::from(frame.deadman < 0.5);
        assert_eq!(t.robot.tips, stopped_at);
        assert!(t.robot.ms < 10_000, "it never came back: {:?}", t.core.grip());
    }
    assert!((150..250).contains(&still_held), "{still_held} ms until it noticed");
    assert!((450..550).contains(&let_go), "{let_go} ms let go");
    assert_eq!((t.robot.engages, t.robot.refusals), (2, 0));
}

#[test]
fn a_robot_that_goes_silent_is_let_go_of() {
    let mut t = Theatre::new(5);
    t.run(3_000);
    let now = Moment::from_ns(1_000_000_000 + 3_000 * 1_000_000);
    let mut grasps = Vec::new();
    for ms in 1..2_000 {
        let now = now.after(Duration::from_millis(ms));
        grasps.push(t.hand.sample(now).grasp(now));
    }
    assert_eq!(grasps.first(), Some(&Grasp::Closed));
    assert_eq!(grasps[500], Grasp::Released);
    assert!(grasps[500..].iter().all(|g| *g == Grasp::Released));
}

#[test]
fn a_lost_session_is_taken_up_again_by_the_same_hand() {
    let mut t = Theatre::new(6);
    t.run(3_000);
    t.core.handle_disconnected();
    t.robot.stop();
    t.robot.count = 0;
    t.robot.echo = 0;
    t.up.clear();
    t.down.clear();
    t.core.handle_welcome(SessionId::new(2), 2, true);
    t.run(4_000);
    assert_eq!(t.robot.engages, 2);
    assert!(!matches!(t.core.grip(), Grip::MustRelease { .. }));
}

#[test]
fn one_seed_is_one_performance() {
    let performance = |seed| {
        let mut t = Theatre::new(seed);
        (0..8_000)
            .map(|_| {
                t.tick();
                t.last.unwrap().encode().unwrap()
            })
            .collect::<Vec<_>>()
    };
    assert!(performance(11) == performance(11));
    assert!(performance(11) != performance(12));
}

#[test]
fn two_hands_work_with_two_arms_each_on_its_side_and_with_both_jaws() {
    let profile = Profile::parse(SURGERY).unwrap();
    let rate = profile.arms().unwrap().jaw.as_ref().unwrap().rate_max_rad_s;
    for seed in 0..6 {
        let mut t = Theatre::of(SURGERY, seed);
        let (mut way_m, mut fast_m_s) = ([0.0_f64; ARMS], 0.0_f64);
        let (mut jaw_fast, mut jaw_wide) = (0.0_f64, [0.0_f64; ARMS]);
        let (mut tips, mut jaws) = (t.robot.tips, t.robot.jaws_rad);
        for _ in 0..60_000 {
            t.tick();
            for (n, side) in [1.0, -1.0].into_iter().enumerate() {
                let step_m = (t.robot.tips[n].position() - tips[n].position()).norm();
                (way_m[n], fast_m_s) = (way_m[n] + step_m, fast_m_s.max(step_m * 1e3));
                jaw_fast = jaw_fast.max((t.robot.jaws_rad[n] - jaws[n]).abs() * 1e3);
                jaw_wide[n] = jaw_wide[n].max(t.robot.jaws_rad[n]);
                let off_m = t.robot.tips[n].position() - [START_M, RIGHT_M][n];
                assert!(off_m.x.abs() < 0.035 && off_m.z.abs() < 0.050, "seed {seed}: {off_m}");
                assert!(side * t.robot.tips[n].position().y > 0.015, "seed {seed}: it crosses");
                let angle = t.robot.tips[n].iso.rotation.angle_to(&tips[n].iso.rotation) * 1e3;
                assert!(angle < 1.05, "seed {seed}: {angle} rad/s");
            }
            (tips, jaws) = (t.robot.tips, t.robot.jaws_rad);
        }
        assert_eq!((t.robot.refusals, t.robot.epoch), (0, 1), "seed {seed}");
        assert!((6..=16).contains(&t.robot.engages), "seed {seed}: {}", t.robot.engages);
        assert!(fast_m_s <= 0.040, "seed {seed}: {fast_m_s} m/s");
        assert!(way_m.iter().all(|way_m| *way_m > 0.15), "seed {seed}: {way_m:?} m");
        assert!(jaw_wide.iter().all(|wide| *wide > 0.4), "seed {seed}: {jaw_wide:?} rad");
        assert!(jaw_fast < rate, "seed {seed}: {jaw_fast} rad/s");
    }
}

/// CLUTCH: a hand that goes on while the robot stops comes back as open as the jaw is.
#[test]
fn after_a_stop_each_hand_is_as_open_as_its_jaw() {
    let mut t = Theatre::of(SURGERY, 2);
    t.run(4_200);
    assert!(t.robot.state.follows());
    let jaws = t.robot.jaws_rad;
    assert!(jaws.iter().any(|jaw| *jaw > 0.05), "{jaws:?}");
    t.robot.stop();
    while !t.robot.state.follows() {
        t.tick();
        assert!(t.robot.ms < 10_000, "it never came back");
    }
    for _ in 0..30 {
        t.tick();
        let Motion::Arms(arms) = t.last.unwrap().motion else { panic!("arms") };
        for (arm, jaw) in arms.iter().zip(jaws) {
            assert!((arm.jaw_rad - jaw).abs() < 0.035, "{} for {jaw}", arm.jaw_rad);
        }
    }
}

#[test]
fn a_base_is_turned_and_driven_and_stays_near_its_start() {
    for seed in 0..6 {
        let mut t = Theatre::of(TELECARE, seed);
        let (mut way_m, mut turned_rad, mut far_m) = (0.0, 0.0, 0.0_f64);
        let mut before = (t.robot.at_m, t.robot.heading_rad, t.robot.twist);
        for _ in 0..120_000 {
            t.tick();
            way_m += (t.robot.at_m - before.0).norm();
            turned_rad += (t.robot.heading_rad - before.1).abs();
            far_m = far_m.max(t.robot.at_m.amax());
            let twist = t.robot.twist;
            assert!((-1e-6..=0.5).contains(&twist.linear_m_s), "{}", twist.linear_m_s);
            assert!(twist.angular_rad_s.abs() < 0.7, "{}", twist.angular_rad_s);
            before = (t.robot.at_m, t.robot.heading_rad, twist);
        }
        assert_eq!((t.robot.refusals, t.robot.epoch), (0, 1), "seed {seed}");
        assert!((5..=40).contains(&t.robot.engages), "seed {seed}: {}", t.robot.engages);
        assert!(way_m > 5.0 && turned_rad > 6.0, "seed {seed}: {way_m} m, {turned_rad} rad");
        assert!(far_m < 1.3, "seed {seed}: {far_m} m from the start");
    }
}

#[test]
fn one_seed_is_one_performance_with_every_body() {
    let performance = |profile, seed| {
        let mut t = Theatre::of(profile, seed);
        (0..8_000)
            .map(|_| {
                t.tick();
                t.last.unwrap().encode().unwrap()
            })
            .collect::<Vec<_>>()
    };
    for profile in [SURGERY, TELECARE] {
        assert!(performance(profile, 11) == performance(profile, 11));
    }
    assert!(performance(SURGERY, 11) != performance(SURGERY, 12));
}
