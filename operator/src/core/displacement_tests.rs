use super::*;
use core::f64::consts::{FRAC_PI_2, PI};
use nalgebra::Isometry3;
use proptest::prelude::*;
use protocol::profile::{Profile, SURGERY, ULTRASOUND};

fn follower() -> Follower {
    let p = Profile::parse(ULTRASOUND).unwrap();
    Follower::new(&p.hand, &p.arms().unwrap().motion, p.rates.command_hz)
}

/// A probe that looks down: +z of the tip is −z of the base, +x stays, +y is −y of the base.
fn looking_down() -> ArmState {
    let pose = Pose::new(Isometry3::new(Vector3::new(0.5, 0.0, 0.3), Vector3::new(PI, 0.0, 0.0)));
    ArmState { measured: pose, setpoint: pose, ..ArmState::absent() }
}

fn rate(x: f64, y: f64, z: f64, turn: f64, tilt: f64) -> HandMotion {
    HandMotion::Rate(Deflection { x, y, z, turn, tilt, ..Deflection::NONE })
}

fn hand(x: f64, y: f64) -> HandMotion {
    HandMotion::Displacement(Displacement {
        translation: Vector3::new(x, y, 0.0),
        rotation: UnitQuaternion::identity(),
    })
}

struct Rig {
    follower: Follower,
    ms: u64,
    arm: ArmState,
    /// The robot reaches what was commanded.
    obeys: bool,
}

impl Rig {
    fn new() -> Self {
        let mut rig = Self { follower: follower(), ms: 1_000, arm: looking_down(), obeys: true };
        rig.tick(&HandMotion::still());
        rig.follower.begin(&rig.arm);
        rig
    }

    fn tick_free(&mut self, motion: &HandMotion, axial_free: bool) -> Displacement {
        self.ms += 1;
        let now = Moment::from_ns(self.ms * 1_000_000);
        let d = self.follower.tick(motion, axial_free, now);
        if self.obeys {
            self.follower.handle_setpoint(&d.applied_to(&self.arm.setpoint));
        }
        d
    }

    fn tick(&mut self, motion: &HandMotion) -> Displacement {
        self.tick_free(motion, true)
    }

    fn run(&mut self, motion: &HandMotion, ticks: u32) -> Displacement {
        (0..ticks).map(|_| self.tick(motion)).last().unwrap()
    }
}

fn near(a: Vector3<f64>, b: Vector3<f64>, tolerance: f64) {
    assert!((a - b).norm() < tolerance, "{a:?} for {b:?}");
}

/// A camera beside the tool does not turn with it.
#[test]
fn where_a_camera_steers_right_is_right_in_its_picture_however_the_tool_is_turned() {
    let p = Profile::parse(SURGERY).unwrap();
    let view = p.hand.view_axes().unwrap();
    let (right, up, out) = (view * Vector3::x(), view * Vector3::y(), view * Vector3::z());
    for turned in [Vector3::zeros(), Vector3::new(0.4, -0.7, 2.0)] {
        let pose = Pose::new(Isometry3::new(Vector3::new(0.0, 0.1, -0.1), turned));
        let arm = ArmState { measured: pose, setpoint: pose, ..ArmState::absent() };
        let go = |motion: HandMotion| {
            let follower = Follower::new(&p.hand, &p.arms().unwrap().motion, p.rates.command_hz);
            let mut rig = Rig { follower, ms: 1_000, arm, obeys: true };
            rig.tick(&HandMotion::still());
            rig.follower.begin(&rig.arm);
            rig.run(&motion, 500)
        };
        for (motion, axis) in [
            (rate(1.0, 0.0, 0.0, 0.0, 0.0), right),
            (rate(0.0, 1.0, 0.0, 0.0, 0.0), up),
            (rate(0.0, 0.0, 1.0, 0.0, 0.0), -out),
        ] {
            near(go(motion).translation.normalize(), axis, 1e-6);
        }
        // From right towards up is a turn about the way out; from up towards inward is one to the left.
        near(go(rate(0.0, 0.0, 0.0, 1.0, 0.0)).rotation.scaled_axis().normalize(), out, 1e-6);
        near(go(rate(0.0, 0.0, 0.0, 0.0, 1.0)).rotation.scaled_axis().normalize(), -right, 1e-6);
    }
}

#[test]
fn full_deflection_is_the_speed_of_the_profile_along_the_axes_of_the_probe() {
    let mut rig = Rig::new();
    rig.run(&rate(1.0, 0.0, 0.0, 0.0, 0.0), 200);
    let a = rig.tick(&rate(1.0, 0.0, 0.0, 0.0, 0.0));
    let b = rig.run(&rate(1.0, 0.0, 0.0, 0.0, 0.0), 1000);
    near(b.translation - a.translation, Vector3::new(0.040, 0.0, 0.0), 1e-4);

    for (motion, axis) in [
        (rate(0.0, 1.0, 0.0, 0.0, 0.0), -Vector3::y()),
        (rate(0.0, 0.0, 1.0, 0.0, 0.0), -Vector3::z()),
    ] {
        let mut rig = Rig::new();
        let d = rig.run(&motion, 1000);
        near(d.translation.normalize(), axis, 1e-9);
    }
}

#[test]
fn turn_and_tilt_are_about_the_axes_of_the_probe() {
    let mut rig = Rig::new();
    let d = rig.run(&rate(0.0, 0.0, 0.0, 1.0, 0.0), 1000);
    near(d.rotation.scaled_axis().normalize(), -Vector3::z(), 1e-9);
    assert!((d.rotation.angle().to_degrees() - 30.0).abs() < 1.5, "{}", d.rotation.angle());
    let mut rig = Rig::new();
    let d = rig.run(&rate(0.0, 0.0, 0.0, 0.0, 1.0), 500);
    near(d.rotation.scaled_axis().normalize(), Vector3::x(), 1e-9);
}

#[test]
fn right_stays_right_in_the_picture_after_a_turn() {
    let mut rig = Rig::new();
    // Three seconds at 30 deg/s, and the delay of the filter.
    let d = rig.run(&rate(0.0, 0.0, 0.0, 1.0, 0.0), 3_100);
    assert!(d.rotation.angle() > FRAC_PI_2);
    let d = rig.run(&HandMotion::still(), 500);
    let after = rig.run(&rate(1.0, 0.0, 0.0, 0.0, 0.0), 500);
    let right = d.applied_to(&rig.arm.setpoint).iso.rotation * Vector3::x();
    near((after.translation - d.translation).normalize(), right, 1e-6);
}

#[test]
fn a_displaced_hand_moves_the_tip_by_its_scale_wherever_its_origin_is() {
    let mut rig = Rig::new();
    rig.run(&hand(7.0, -3.0), 10);
    for n in 0..=300 {
        rig.tick(&hand(7.0 + f64::from(n) * 1e-4, -3.0));
    }
    let d = rig.run(&hand(7.03, -3.0), 1000);
    near(d.translation, Vector3::new(0.015, 0.0, 0.0), 1e-6);
}

#[test]
fn nothing_moves_before_the_robot_follows_and_nothing_is_caught_up() {
    let mut rig = Rig::new();
    rig.follower.end();
    for n in 0..500 {
        let d = rig.tick(&hand(f64::from(n) * 1e-3, 0.0));
        assert_eq!(d, Displacement::none());
    }
    rig.follower.begin(&rig.arm);
    assert_eq!(rig.run(&hand(0.499, 0.0), 100), Displacement::none());
}

#[test]
fn a_robot_that_does_not_know_where_it_is_is_not_steered() {
    let mut nowhere = looking_down();
    nowhere.measured.iso.translation.vector.x = f64::NAN;
    let measured = ArmState { measured: nowhere.measured, ..looking_down() };
    let setpoint = ArmState { setpoint: nowhere.measured, ..looking_down() };
    for arm in [measured, setpoint] {
        let mut rig = Rig::new();
        rig.follower.begin(&arm);
        assert_eq!(rig.run(&rate(1.0, 1.0, 1.0, 1.0, 1.0), 100), Displacement::none());
    }
}

#[test]
fn a_device_that_jumps_has_not_moved() {
    let mut rig = Rig::new();
    rig.run(&hand(0.0, 0.0), 10);
    let d = rig.run(&hand(0.021, 0.0), 1000);
    assert_eq!(d, Displacement::none());
    let nan = hand(f64::NAN, 0.0);
    assert_eq!(rig.run(&nan, 10), Displacement::none());
    assert_eq!(rig.run(&hand(0.0, 0.0), 10), Displacement::none());
}

/// C6: pushing against a clamp for a long time does not wind up.
#[test]
fn the_command_leads_a_robot_that_is_clamped_by_no_more_than_the_limit() {
    let mut rig = Rig::new();
    rig.obeys = false;
    let push = rate(1.0, 0.0, 0.0, 0.0, 0.0);
    let d = rig.run(&push, 5_000);
    near(d.translation, Vector3::new(LEAD_MAX_M, 0.0, 0.0), 1e-9);
    assert!(rig.follower.held_back());
    let back = rate(-1.0, 0.0, 0.0, 0.0, 0.0);
    let d = rig.run(&back, 400);
    assert!(d.translation.x < 0.001, "reversing takes effect at once: {}", d.translation.x);
    assert!(!rig.follower.held_back());
}

#[test]
fn turning_against_a_clamp_does_not_wind_up_either() {
    let mut rig = Rig::new();
    rig.obeys = false;
    let d = rig.run(&rate(0.0, 0.0, 0.0, -1.0, 0.0), 5_000);
    assert!((d.rotation.angle() - LEAD_MAX_RAD).abs() < 1e-9);
    assert!(rig.follower.held_back());
}

#[test]
fn the_axis_of_the_force_loop_is_neither_commanded_nor_counted() {
    let mut rig = Rig::new();
    let d = (0..500).map(|_| rig.tick_free(&rate(0.0, 0.0, 1.0, 0.0, 0.0), false)).last().unwrap();
    near(d.translation, Vector3::zeros(), 1e-9);
    // The force loop has taken the tip 50 mm inward: nobody is held back by that.
    rig.obeys = false;
    let mut sunk = rig.arm.setpoint;
    sunk.iso.translation.vector.z -= 0.050;
    rig.follower.handle_setpoint(&sunk);
    rig.tick_free(&HandMotion::still(), false);
    assert!(!rig.follower.held_back());
    // Sideways the lead counts, and its bound leaves the axis alone.
    for _ in 0..3_000 {
        rig.tick_free(&rate(1.0, 0.0, 0.0, 0.0, 0.0), false);
    }
    let d = rig.tick_free(&rate(1.0, 0.0, 0.0, 0.0, 0.0), false);
    near(d.translation, Vector3::new(LEAD_MAX_M, 0.0, -0.050), 1e-9);
}

#[test]
fn the_hand_gets_the_axis_back_where_the_force_loop_left_the_tip() {
    let mut rig = Rig::new();
    rig.obeys = false;
    let mut sunk = rig.arm.setpoint;
    sunk.iso.translation.vector.z -= 0.050;
    rig.follower.handle_setpoint(&sunk);
    for _ in 0..6 {
        rig.tick_free(&HandMotion::still(), false);
    }
    let d = rig.tick_free(&HandMotion::still(), true);
    near(d.translation, Vector3::new(0.0, 0.0, -0.050), 1e-9);
}

#[test]
fn a_setpoint_that_leaps_is_followed_step_by_step() {
    let mut rig = Rig::new();
    rig.obeys = false;
    let mut far = rig.arm.setpoint;
    far.iso.translation.vector.z -= 0.050;
    rig.follower.handle_setpoint(&far);
    let depths: Vec<f64> =
        (0..6).map(|_| -rig.tick_free(&HandMotion::still(), false).translation.z).collect();
    for (n, depth) in depths.iter().enumerate() {
        let wanted = (0.009_999 * (n + 1) as f64).min(0.050);
        assert!((depth - wanted).abs() < 1e-9, "{depths:?}");
    }
}

#[test]
fn a_console_that_did_not_run_moves_nothing_for_that_time() {
    let mut rig = Rig::new();
    let push = rate(1.0, 0.0, 0.0, 0.0, 0.0);
    let before = rig.run(&push, 500);
    rig.ms += 2_000;
    let after = rig.tick(&push);
    assert!((after.translation - before.translation).norm() < 0.0004);
    rig.ms -= 3_000;
    let d = rig.tick(&push);
    assert_eq!(d, after, "a clock that ran backwards moves nothing");
}

fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -2.0_f64..2.0,
        1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(-1e300),
    ]
}

fn wild_motion() -> impl Strategy<Value = HandMotion> {
    prop_oneof![
        (wild(), wild(), wild(), wild(), wild()).prop_map(|(a, b, c, d, e)| rate(a, b, c, d, e)),
        (wild(), wild()).prop_map(|(a, b)| hand(a, b)),
        (-0.02_f64..0.02, -0.02_f64..0.02).prop_map(|(a, b)| hand(a, b)),
    ]
}

proptest! {
    /// Whatever the hand says: the tip is never asked to go faster than the profile allows, nor
    /// further ahead than the lead, and the command is always a pose.
    #[test]
    fn every_command_is_finite_slow_and_near(
        motions in proptest::collection::vec((wild_motion(), 0_u64..20), 1..300),
        axial_free in any::<bool>(),
    ) {
        let mut rig = Rig::new();
        rig.obeys = false;
        let mut before = Displacement::none();
        for (motion, gap) in motions {
            rig.ms += gap;
            let d = rig.tick_free(&motion, axial_free);
            let (moved, turned) = (
                (d.translation - before.translation).norm(),
                before.rotation.angle_to(&d.rotation),
            );
            // A turn of the axis that the force loop owns takes its share of the lead with it.
            prop_assert!(moved <= 0.100 * 0.005 + LEAD_MAX_M * turned + 1e-9, "{}", moved);
            prop_assert!(turned <= 60_f64.to_radians() * 0.005 + 1e-9, "{}", turned);
            prop_assert!(d.translation.xy().norm() <= LEAD_MAX_M * 1.01);
            prop_assert!(d.rotation.angle() <= LEAD_MAX_RAD + 1e-9);
            prop_assert!((d.rotation.norm_squared() - 1.0).abs() < 1e-6);
            before = d;
        }
    }

    /// Whatever hand and robot say, no frame moves the tip further from where the frame before had it
    /// than the profile allows: also as the robot reads them, rounded.
    #[test]
    fn no_frame_is_further_from_the_one_before_than_a_step(
        motions in proptest::collection::vec(
            (wild_motion(), any::<bool>(), proptest::option::of((wild(), wild(), wild()))), 1..300),
    ) {
        let mut rig = Rig::new();
        rig.obeys = false;
        let seen = |d: &Displacement| d.translation.map(|v| f64::from(v as f32));
        let mut before = Vector3::zeros();
        for (motion, axial_free, leap) in motions {
            if let Some((x, y, z)) = leap {
                let mut pose = rig.arm.setpoint;
                pose.iso.translation.vector += Vector3::new(x, y, z);
                rig.follower.handle_setpoint(&pose);
            }
            let now = seen(&rig.tick_free(&motion, axial_free));
            prop_assert!((now - before).norm() <= 0.010, "{} m", (now - before).norm());
            before = now;
        }
    }
}
