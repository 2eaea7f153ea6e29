use super::*;
use crate::core::hand::Grasp;
use crate::core::session::tests::state_frame;
use crate::core::{OperatorCore, clutch::Grip};
use nalgebra::Isometry3;
use protocol::cause::{Cause, CauseSet};
use protocol::frame::{ArmState, CommandFrame, Mode, Motion};
use protocol::profile::ULTRASOUND;
use protocol::session::SessionId;
use std::collections::VecDeque;

const DELAY_MS: usize = 20;

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
    anchor: Pose<Base, Tip>,
    tip: Pose<Base, Tip>,
    force_wanted_n: f64,
    engages: u32,
    refusals: u32,
}

impl FakeRobot {
    fn new() -> Self {
        let tip = Pose::new(Isometry3::new(
            Vector3::new(0.5, 0.0, 0.3),
            Vector3::new(core::f64::consts::PI, 0.0, 0.0),
        ));
        Self {
            ms: 0,
            seq: 0,
            epoch: 1,
            state: OperatingState::Ready,
            released: false,
            open_for_ms: 0,
            count: 0,
            echo: 0,
            anchor: tip,
            tip,
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
        let Motion::Arms([arm, _]) = frame.motion else { panic!("not an arm") };
        self.force_wanted_n = arm.force_wanted_n;
        let held = frame.deadman >= 0.5;
        match (self.state.follows(), held, frame.mode) {
            (true, false, _) => self.stop(),
            (true, true, Mode::Follow) => self.tip = arm.displacement.applied_to(&self.anchor),
            (true, true, _) => self.state = OperatingState::Ready,
            (false, false, _) => (self.released, self.open_for_ms) = (true, 0),
            (false, true, Mode::Hold) => self.open_for_ms += u64::from(self.released),
            (false, true, Mode::Follow) if frame.engage_count > self.count => {
                self.count = frame.engage_count;
                if self.blocking().is_empty() && arm.displacement.size().0 <= 0.0005 {
                    self.anchor = self.tip;
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

    fn frame(&mut self) -> StateFrame {
        self.seq += 1;
        let arm = ArmState { measured: self.tip, setpoint: self.tip, ..ArmState::absent() };
        StateFrame {
            seq: self.seq,
            echo_seq: self.echo,
            state: self.state,
            blocking: self.blocking(),
            epoch: self.epoch,
            arms: [arm, ArmState::absent()],
            ..state_frame()
        }
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
        let profile = Profile::parse(ULTRASOUND).unwrap();
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
        (self.robot.tip.position() - Vector3::new(0.5, 0.0, 0.3)).norm()
    }
}

#[test]
fn the_script_scans_re_indexes_and_always_comes_back() {
    for seed in 0..8 {
        let mut t = Theatre::new(seed);
        let (mut far_m, mut fast_m_s, mut way_m) = (0.0_f64, 0.0_f64, 0.0);
        let mut before = t.robot.tip;
        for _ in 0..60_000 {
            t.tick();
            let step_m = (t.robot.tip.position() - before.position()).norm();
            way_m += step_m;
            fast_m_s = fast_m_s.max(step_m * 1e3);
            far_m = far_m.max(t.offset_m());
            before = t.robot.tip;
        }
        assert_eq!(t.robot.refusals, 0, "seed {seed}");
        assert!((9..=18).contains(&t.robot.engages), "seed {seed}: {}", t.robot.engages);
        assert!(fast_m_s <= 0.040, "seed {seed}: {fast_m_s} m/s");
        assert!(far_m <= 0.060, "seed {seed}: {far_m} m");
        assert!(way_m > 0.3, "seed {seed}: {way_m} m");
        assert!((4.0..6.0).contains(&t.robot.force_wanted_n));
        let tilt = t.robot.tip.iso.rotation * Vector3::z();
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
    let stopped_at = t.robot.tip;
    while !t.robot.state.follows() {
        t.tick();
        let frame = t.last.unwrap();
        if let_go == 0 && frame.epoch == 2 && frame.deadman >= 0.5 {
            assert_eq!(frame.mode, Mode::Hold, "a button held through a stop");
            still_held += 1;
        }
        let_go += u32::from(frame.deadman < 0.5);
        assert_eq!(t.robot.tip, stopped_at);
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
fn strokes_are_smooth_and_end_where_they_should() {
    assert!(minimum_jerk(-1.0) == 0.0 && (minimum_jerk(2.0) - 1.0).abs() < 1e-12);
    let mut peak = 0.0_f64;
    for n in 0..1_000 {
        let t = f64::from(n) / 1e3;
        let speed = (minimum_jerk(t + 1e-3) - minimum_jerk(t)) * 1e3;
        assert!(speed >= -1e-9);
        peak = peak.max(speed);
    }
    assert!((peak - PEAK_TO_MEAN).abs() < 1e-3);
    for (at, signed, to) in
        [(0.0, 0.02, 0.02), (0.03, 0.02, 0.01), (-0.03, -0.03, 0.0), (0.2, 0.03, 0.04)]
    {
        assert!((aim(at, signed) - to).abs() < 1e-12, "{at} {signed}");
    }
}
