use core::time::Duration;

use nalgebra::Vector3;
use operator::devices::HandMotion;
use operator::devices::random::SplitMix64;
use operator::devices::script::Work;
use protocol::profile::{Profile, SURGERY};
use protocol::time::{Moment, Operator};

use super::*;
use crate::network::LinkPreset;
use crate::truth::TipMotion;
use crate::watchdog::Drives;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The room of an exercise whose robot follows however old the picture is, and is no slower for it.
fn without_limits(exercise: Exercise) -> Room {
    let mut room = Room::new(exercise).unwrap();
    let profile = room.profile_mut();
    profile.freshness.view_age_soft = Duration::from_secs(5);
    profile.freshness.view_age_hard = Duration::from_secs(6);
    profile.freshness.stale_displacement_max_m = 1.0;
    room
}

fn exams(room: &Room, network: Network<'_>, seeds: u64) -> Vec<Exam> {
    (0..seeds).map(|seed| room.sit(network, seed).unwrap()).collect()
}

#[test]
fn on_a_lan_the_tip_is_as_fast_as_published_and_everybody_gets_there() {
    let lan = LinkPreset::builtin("lan").unwrap();
    let room = Room::new(Exercise::Touch).unwrap();
    let exams = exams(&room, Network::Link(&lan.up, &lan.down), 8);
    let mut speeds = vec![0; exams[0].speeds.len()];
    for exam in &exams {
        speeds.iter_mut().zip(&exam.speeds).for_each(|(sum, n)| *sum += n);
    }
    let p95_mm_s = percentile(&speeds, 0.95) * 0.5;
    assert!((36.0..=44.0).contains(&p95_mm_s), "{p95_mm_s}");
    assert!(exams.iter().all(Exam::is_passed));
}

#[test]
fn on_a_lan_a_probe_gets_everywhere_and_presses_no_harder_than_it_may() {
    let lan = LinkPreset::builtin("lan").unwrap();
    let room = Room::new(Exercise::Probe).unwrap();
    for exam in exams(&room, Network::Link(&lan.up, &lan.down), 4) {
        assert!(exam.is_passed(), "{} of {}", exam.reached, exam.of);
        assert!(exam.force_max_n < 12.0, "{}", exam.force_max_n);
    }
}

#[test]
fn on_a_lan_rings_are_brought_to_the_other_side_and_hardly_one_is_dropped() {
    let lan = LinkPreset::builtin("lan").unwrap();
    let room = Room::new(Exercise::Transfer).unwrap();
    let exams = exams(&room, Network::Link(&lan.up, &lan.down), 6);
    for exam in &exams {
        assert!(exam.is_passed(), "{} of {}", exam.reached, exam.of);
        assert!(exam.force_max_n < 8.0, "{}", exam.force_max_n);
    }
    assert!(exams.iter().map(|exam| exam.lost).sum::<u32>() <= 1);
}

#[test]
fn one_seed_is_one_exam() {
    let lan = LinkPreset::builtin("5g-urban").unwrap();
    let room = Room::new(Exercise::Touch).unwrap();
    let sit = |seed| {
        let exam = room.sit(Network::Link(&lan.up, &lan.down), seed).unwrap();
        (exam.lasted, exam.speeds, exam.view_ages, exam.strokes)
    };
    assert_eq!(sit(3), sit(3));
    assert_ne!(sit(3), sit(4));
}

#[test]
fn with_later_pictures_less_is_done_and_the_user_waits_longer() {
    let room = without_limits(Exercise::Touch);
    let mut before: Option<(f64, f64, f64)> = None;
    for late_ms in [0, 100, 200, 400, 800] {
        let exams = exams(&room, Network::Late(Delay(ms(30 + late_ms))), 8);
        let n = exams.len() as f64;
        let passed = exams.iter().filter(|exam| exam.is_passed()).count() as f64;
        let reached: usize = exams.iter().map(|exam| exam.reached).sum();
        let lasted_s: f64 = exams.iter().map(|exam| exam.lasted.as_secs_f64()).sum();
        let each_s = lasted_s / reached as f64;
        let lag_s = exams.iter().map(|exam| exam.lag_s).sum::<f64>() / n;
        let known_s = late_ms as f64 * 1e-3;
        assert!((known_s..known_s + 0.2).contains(&lag_s), "{lag_s} after {late_ms} ms");
        if let Some((passed_before, each_before_s, lag_before_s)) = before {
            assert!(passed <= passed_before && each_s > each_before_s && lag_s > lag_before_s);
        }
        before = Some((passed, each_s, lag_s));
    }
    let (passed, ..) = before.unwrap();
    assert!(passed < 4.0, "{passed} of 8 with 800 ms");
}

#[test]
fn beyond_the_limit_of_the_picture_nothing_is_done_because_the_robot_does_not_follow() {
    let room = Room::new(Exercise::Touch).unwrap();
    for exam in exams(&room, Network::Late(Delay(ms(300))), 2) {
        assert_eq!((exam.reached, exam.following), (0, Duration::ZERO));
        assert!((280.0..330.0).contains(&exam.view_age_ms()), "{}", exam.view_age_ms());
    }
}

fn picture(at_m: Vector3<f64>) -> Truth {
    let (axis, opening) = (-Vector3::z(), Vector3::y());
    let tip = TipMotion { at_m, velocity_m_s: Vector3::zeros(), axis, opening };
    Truth { tips: [Some(tip), None], base: None, drives: Drives::On, force_n: 0.0 }
}

/// When the hand of somebody begins to move whose tip is moved away at 1 s, if pictures are so late. Unit: ms.
fn answers_after_ms(late_ms: u64) -> u64 {
    let profile = Profile::parse(SURGERY).unwrap();
    let course = Course {
        targets: vec![Target::at(Vector3::zeros())],
        tolerance_m: 0.0015,
        dwell: Duration::from_mins(1),
        force_n: None,
    };
    let mut steering = Steering::new(&profile, course, 5);
    let mut random = SplitMix64::new(0);
    let at = |ms: u64| Moment::<Operator>::from_ns((1_000 + ms) * 1_000_000);
    steering.begin(&mut random, at(0));
    for now in 0..4_000 {
        if now % 20 == 0 {
            let is_away = now >= 1_000 + late_ms;
            let x = if is_away { 0.01 } else { 0.0 };
            steering.see(&picture(Vector3::new(x, 0.0, 0.0)), at(now));
        }
        steering.go_on(&mut random, at(now));
        if steering.strokes() > 0 {
            return now;
        }
    }
    panic!("no answer");
}

#[test]
fn the_user_answers_to_the_picture_and_not_to_the_present() {
    let soon = answers_after_ms(0);
    assert!((1_100..1_300).contains(&soon), "{soon}");
    assert_eq!(answers_after_ms(300), soon + 300);
}

#[test]
fn a_stroke_goes_where_the_picture_shows_the_target_and_little_beside_it() {
    let profile = Profile::parse(SURGERY).unwrap();
    let view = profile.hand.view_axes().unwrap();
    let target = Vector3::new(0.02, -0.03, 0.01);
    for seed in 0..50 {
        let course = Course {
            targets: vec![Target::at(target)],
            tolerance_m: 0.0015,
            dwell: ms(300),
            force_n: None,
        };
        let mut steering = Steering::new(&profile, course, seed);
        let mut random = SplitMix64::new(0);
        let at = |ms: u64| Moment::<Operator>::from_ns((1_000 + ms) * 1_000_000);
        steering.begin(&mut random, at(0));
        steering.see(&picture(Vector3::zeros()), at(0));
        let mut places = Vec::new();
        for now in 0..3_000 {
            steering.go_on(&mut random, at(now));
            let HandMotion::Arms([hand, _]) = steering.motion(at(now)) else { panic!() };
            places.push(hand.place.translation);
        }
        let moved = (places[2_999] - places[0]) * profile.hand.scale;
        let base = view * Vector3::new(moved.x, moved.y, -moved.z);
        let beside = (base - target).norm();
        assert!(beside < 0.4 * target.norm(), "{beside}");
        assert_eq!(steering.strokes(), 1, "no second one before the first is seen");
    }
}

#[test]
fn targets_are_within_the_workspace_and_apart() {
    for exercise in [Exercise::Probe, Exercise::Touch] {
        let axis = Vector3::new(0.1, 0.05, -1.0).normalize();
        let at_m = Vector3::new(0.0, 0.1, -0.12);
        let opening = axis.cross(&Vector3::x()).normalize();
        let start = TipMotion { at_m, velocity_m_s: Vector3::zeros(), axis, opening };
        for seed in 0..200 {
            let course = exercise.course(&start, seed);
            let mut from = at_m;
            for Target { at_m: target, .. } in &course.targets {
                assert!((0.02..=0.045).contains(&(target - from).norm()), "{exercise:?} {seed}");
                assert!((target - at_m).norm() < 0.06);
                from = *target;
            }
        }
    }
}

#[test]
fn the_judge_counts_who_stays_and_not_who_passes() {
    let targets = [Vector3::zeros(), Vector3::new(0.01, 0.0, 0.0)].map(Target::at).to_vec();
    let course = Course { targets, tolerance_m: 0.001, dwell: ms(100), force_n: None };
    let mut judge = Judge::new(course);
    let see = |judge: &mut Judge, x: f64, steps: u32| {
        (0..steps).for_each(|_| judge.see(&picture(Vector3::new(x, 0.0, 0.0))));
    };
    see(&mut judge, 0.0, 99);
    see(&mut judge, 0.002, 1);
    see(&mut judge, 0.0, 99);
    assert_eq!(judge.reached(), 0);
    see(&mut judge, 0.0, 1);
    assert!(judge.reached() == 1 && !judge.is_done());
    see(&mut judge, 0.0, 500);
    assert_eq!(judge.reached(), 1, "the next target is elsewhere");
    see(&mut judge, 0.010, 100);
    assert!(judge.is_done());
}
