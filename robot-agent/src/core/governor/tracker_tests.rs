use super::*;
use proptest::prelude::*;

use crate::core::governor::cases;
use crate::core::governor::region::tests::{any_region, point, theatre};
use crate::core::governor::region::{Shape, Zone};

const DT: f64 = 1e-3;
const CAP: f64 = 0.1;

fn limits() -> MotionLimits {
    MotionLimits::of_length(2.0, 200.0)
}

fn v(x: f64, y: f64, z: f64) -> Vector3<f64> {
    Vector3::new(x, y, z)
}

/// A box of 20 cm around the origin.
fn room() -> Region {
    Region::new(v(-0.1, -0.1, -0.1), v(0.1, 0.1, 0.1), None, &[]).unwrap()
}

fn stepped(t: &mut Tracker, wanted: Vector3<f64>, region: Option<&Region>, ticks: u32) -> Outcome {
    let mut last = t.step(&wanted, CAP, &limits(), region, DT);
    for _ in 1..ticks {
        last = t.step(&wanted, CAP, &limits(), region, DT);
    }
    last
}

#[test]
fn it_reaches_a_velocity_and_its_cap_and_rests_exactly() {
    let mut t = Tracker::at(Vector3::zeros());
    let first = stepped(&mut t, v(0.06, 0.0, 0.0), None, 1);
    assert!(first.is_changing && !first.is_speed_capped && first.cut == 0.0, "{first:?}");
    let last = stepped(&mut t, v(0.06, 0.0, 0.0), None, 100);
    assert_eq!(t.velocity(), v(0.06, 0.0, 0.0));
    assert_eq!(t.acceleration(), Vector3::zeros());
    assert!(!last.is_changing && !last.is_speed_capped && last.blocked.is_none());
    let last = stepped(&mut t, v(0.0, 0.4, 0.0), None, 300);
    assert!((t.velocity() - v(0.0, 0.1, 0.0)).norm() < 1e-15, "{}", t.velocity());
    assert!(last.is_speed_capped && (last.cut - 0.3).abs() < 1e-12, "{last:?}");
    let exact = t.step(&v(0.0, 0.1, 0.0), CAP, &limits(), None, DT);
    assert!(!exact.is_speed_capped, "as fast as the cap is not faster");
    stepped(&mut t, Vector3::zeros(), None, 200);
    assert_eq!((t.velocity(), t.acceleration()), (Vector3::zeros(), Vector3::zeros()));
    let rest = t.position();
    stepped(&mut t, Vector3::zeros(), None, 200);
    assert_eq!(t.position(), rest);
}

#[test]
fn rest_is_no_speed_and_no_acceleration() {
    let mut t = Tracker::at(Vector3::zeros());
    assert!(t.is_at_rest(0.0));
    t.velocity = v(3.0, 4.0, 0.0);
    assert!(t.is_at_rest(5.0) && !t.is_at_rest(4.9));
    t.velocity = Vector3::zeros();
    t.acceleration = v(3.0, 4.0, 0.0);
    assert!(t.is_at_rest(5.0) && !t.is_at_rest(4.9));
    t.halt_at(v(0.1, 0.2, 0.3));
    assert_eq!(t, Tracker::at(v(0.1, 0.2, 0.3)));
}

#[test]
fn the_stop_extent_is_where_a_stop_goes() {
    let mut t = Tracker::at(v(0.01, 0.02, 0.03));
    assert_eq!(t.stop_extent(&limits()), (t.position(), t.position()));
    stepped(&mut t, v(0.05, -0.05, 0.0), None, 30);
    let (from, (low, high)) = (t.position(), t.stop_extent(&limits()));
    stepped(&mut t, Vector3::zeros(), None, 200);
    assert_eq!((low.x, high.y, low.z, high.z), (from.x, from.y, from.z, from.z));
    assert!((t.position() - v(high.x, low.y, 0.03)).norm() < 1e-12);
}

/// It stops at the wall, not beyond it and not far from it.
#[test]
fn it_stops_at_the_wall() {
    let room = room();
    let mut t = Tracker::at(Vector3::zeros());
    let mut last = None;
    for _ in 0..3_000 {
        let outcome = stepped(&mut t, v(0.09, 0.0, 0.0), Some(&room), 1);
        last = outcome.blocked.or(last);
        assert!(t.position().x <= 0.1 + 1e-9);
    }
    assert_eq!(last, Some(Constraint::Workspace));
    assert!(t.position().x > 0.099_99, "{}", t.position());
}

#[test]
fn it_slides_along_a_wall_and_along_an_edge() {
    let room = room();
    let mut t = Tracker::at(v(0.099, 0.0, -0.05));
    stepped(&mut t, v(0.05, 0.05, 0.0), Some(&room), 1_000);
    assert!((t.velocity().y - 0.05).abs() < 1e-9, "{}", t.velocity());
    let outcome = stepped(&mut t, v(0.05, 0.05, 0.05), Some(&room), 1_700);
    assert!(t.position().y > 0.0999 && t.position().x > 0.0999, "{}", t.position());
    assert!((t.velocity().z - 0.05).abs() < 1e-9, "{}", t.velocity());
    assert_eq!(outcome.blocked, Some(Constraint::Workspace));
    assert!((outcome.cut - 0.05 * 2.0_f64.sqrt()).abs() < 1e-9, "{outcome:?}");
    let outcome = stepped(&mut t, v(0.05, 0.05, 0.05), Some(&room), 3_000);
    assert!((outcome.cut - 0.05 * 3.0_f64.sqrt()).abs() < 1e-9, "{outcome:?}");
    assert!((t.position() - v(0.1, 0.1, 0.1)).amax() < 1e-5, "{}", t.position());
}

#[test]
fn what_is_out_stands_comes_back_and_goes_no_deeper() {
    let room = room();
    let mut t = Tracker::at(v(0.12, 0.0, 0.0));
    let outcome = stepped(&mut t, v(0.05, 0.0, 0.0), Some(&room), 200);
    assert_eq!(outcome.blocked, Some(Constraint::Workspace));
    assert!(t.position().x < 0.12 + 1e-9);
    stepped(&mut t, v(-0.05, 0.0, 0.0), Some(&room), 200);
    assert!((t.velocity() - v(-0.05, 0.0, 0.0)).norm() < 1e-9);
    // On the way in the measure comes along: no way back out.
    let deepest = t.position().x;
    stepped(&mut t, v(0.05, 0.0, 0.0), Some(&room), 1_000);
    assert!(t.position().x < deepest, "{} {deepest}", t.position());
}

/// Turning must not be faster than the cap either: one axis leads, the other lags.
#[test]
fn a_turn_at_the_cap_keeps_the_cap_and_most_of_the_speed() {
    let mut t = Tracker::at(Vector3::zeros());
    stepped(&mut t, v(0.1, 0.0, 0.0), None, 500);
    let (mut slowest, mut fastest, mut capped) = (1.0_f64, 0.0_f64, 0);
    for i in 0..4_000 {
        let angle = f64::from(i) * 1e-3 * 4.0;
        let outcome = stepped(&mut t, v(angle.cos(), angle.sin(), 0.0) * 0.1, None, 1);
        slowest = slowest.min(t.velocity().norm());
        fastest = fastest.max(t.velocity().norm());
        capped += u32::from(outcome.is_speed_capped && outcome.cut > 0.05);
    }
    println!("circle at the cap: {slowest} to {fastest} m/s, {capped} of 4000 ticks braked");
    assert!(fastest <= 0.1 + 1e-11 && slowest > 0.09, "{slowest} {fastest}");
    assert!(capped > 0, "the way to a velocity counts, not only the velocity");
}

#[test]
fn a_lower_cap_brakes_at_once() {
    let mut t = Tracker::at(Vector3::zeros());
    stepped(&mut t, v(0.1, 0.0, 0.0), None, 500);
    let mut before = t.velocity().norm();
    for _ in 0..200 {
        t.step(&v(0.1, 0.0, 0.0), 0.03, &limits(), None, DT);
        assert!(t.velocity().norm() <= before);
        before = t.velocity().norm();
    }
    assert!((before - 0.03).abs() < 1e-12);
    for cap in [f64::NAN, 0.0, -1.0, f64::NEG_INFINITY] {
        let mut t = t;
        for _ in 0..200 {
            t.step(&v(0.1, 0.0, 0.0), cap, &limits(), None, DT);
        }
        assert!(t.is_at_rest(0.0), "{cap}");
    }
}

#[test]
fn what_is_no_velocity_is_a_stop() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
        let mut t = Tracker::at(Vector3::zeros());
        stepped(&mut t, v(0.1, 0.0, 0.0), None, 500);
        let outcome = stepped(&mut t, v(0.1, bad, 0.0), None, 200);
        assert!(outcome.is_unusable && outcome.cut == 0.0 && !outcome.is_speed_capped);
        assert!(t.is_at_rest(0.0), "{bad}");
    }
    let mut t = Tracker::at(Vector3::zeros());
    assert!(!stepped(&mut t, v(1e100, 0.0, 0.0), None, 300).is_unusable);
    assert!((t.velocity() - v(0.1, 0.0, 0.0)).norm() < 1e-12);
}

#[test]
fn no_time_is_no_motion_and_a_long_tick_has_an_end() {
    let mut t = Tracker::at(Vector3::zeros());
    stepped(&mut t, v(0.1, 0.0, 0.0), None, 20);
    for dt in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        let mut same = t;
        let outcome = same.step(&Vector3::zeros(), 0.0, &limits(), Some(&room()), dt);
        assert_eq!(same, t, "{dt}");
        assert!(outcome.blocked.is_none() && !outcome.is_speed_capped && outcome.is_changing);
    }
    let (mut long, mut longer) = (t, t);
    long.step(&v(0.1, 0.0, 0.0), CAP, &limits(), None, TICK_MAX_S);
    longer.step(&v(0.1, 0.0, 0.0), CAP, &limits(), None, f64::INFINITY);
    assert_eq!(long, longer);
    assert!(long.position().x > 0.09);
    // Nor does a long tick run through a wall, or through what is thinner than it is far.
    let mut t = Tracker::at(v(0.05, 0.0, 0.0));
    let outcome = t.step(&v(0.1, 0.0, 0.0), CAP, &limits(), Some(&room()), 0.9);
    assert_eq!((outcome.blocked, t.position()), (Some(Constraint::Workspace), v(0.05, 0.0, 0.0)));
    assert_eq!(outcome.cut, 0.1);
    let thin = Shape::Box { min: v(0.04, -0.05, -0.05), max: v(0.041, 0.05, 0.05) };
    let zones = [Zone { shape: thin, margin_m: 0.0 }];
    let r = Region::new(v(-1.0, -1.0, -1.0), v(1.0, 1.0, 1.0), None, &zones).unwrap();
    for side in [1.0, -1.0] {
        let start = Tracker::at(v(0.0405 - side * 0.03, 0.0, 0.0));
        let mut t = start;
        let outcome = t.step(&v(side * 0.1, 0.0, 0.0), CAP, &limits(), Some(&r), 0.9);
        assert_eq!((outcome.blocked, t), (Some(Constraint::Zone(0)), start));
    }
}

#[test]
fn impossible_limits_allow_no_motion() {
    for bad in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
        for limits in [MotionLimits::of_length(bad, 200.0), MotionLimits::of_length(2.0, bad)] {
            let mut t = Tracker::at(v(0.01, 0.0, 0.0));
            stepped(&mut t, v(0.1, 0.0, 0.0), None, 20);
            let from = t.position();
            t.step(&v(0.1, 0.0, 0.0), CAP, &limits, Some(&room()), DT);
            assert_eq!(t, Tracker::at(from));
            let way = t.velocity_toward(&v(0.1, 0.0, 0.0), CAP, &limits, DT);
            assert!(way.iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn each_axis_may_have_its_own_limits() {
    let fast = AxisLimits { acceleration: 1.0, jerk: 1e3 };
    let slow = AxisLimits { acceleration: 0.1, jerk: 10.0 };
    let limits = MotionLimits::per_axis(fast, slow, fast);
    let mut t = Tracker::at(Vector3::zeros());
    for _ in 0..50 {
        t.step(&v(1.0, 1.0, 1.0), 10.0, &limits, None, DT);
    }
    assert!((t.acceleration() - v(1.0, 0.1, 1.0)).norm() < 1e-9, "{}", t.acceleration());
    let weakest = limits.weakest();
    assert_eq!((weakest.acceleration, weakest.jerk), (0.1, 10.0));
    let diagonal = MotionLimits::of_length(3.0, 300.0).weakest();
    assert!((diagonal.acceleration * 3.0_f64.sqrt() - 3.0).abs() < 1e-12);
    assert!((diagonal.jerk * 3.0_f64.sqrt() - 300.0).abs() < 1e-9);
}

#[test]
fn the_speed_is_that_from_which_a_stop_takes_the_way() {
    let axis = AxisLimits { acceleration: 1.2, jerk: 120.0 };
    for distance in [1e-9, 1e-6, 1e-4, 1.2e-4, 1e-3, 0.1, 2.0] {
        let velocity = speed_to_brake_within(distance, axis);
        let stop = VelocityProfile::stop(AxisState { velocity, acceleration: 0.0 }, axis);
        assert!((stop.extent().1 - distance).abs() < 1e-12 + 1e-9 * distance, "{distance}");
    }
    let t = Tracker::at(Vector3::zeros());
    let toward = |way, cap, dt| t.velocity_toward(&way, cap, &limits(), dt);
    assert!((toward(v(0.0, 3.0, -4.0), 0.1, DT) - v(0.0, 0.06, -0.08)).norm() < 1e-12);
    assert!((toward(v(0.0, 1e-5, 0.0), 0.1, DT).y - 1e-3).abs() < 1e-12, "1e-5 · 100/s");
    assert!((toward(v(0.0, 1e-5, 0.0), 0.1, 0.02).y - 5e-4).abs() < 1e-12, "1e-5 / 20 ms");
    let expected = speed_to_brake_within(1e-3, limits().weakest());
    assert!((toward(v(1e-3, 0.0, 0.0), 0.1, DT).x - expected).abs() < 1e-12);
    for way in [Vector3::zeros(), v(f64::NAN, 0.0, 1.0), v(f64::INFINITY, 0.0, 1.0)] {
        assert_eq!(toward(way, 0.1, DT), Vector3::zeros());
    }
    for cap in [0.0, -1.0, f64::NAN] {
        assert_eq!(toward(v(0.1, 0.0, 0.0), cap, DT), Vector3::zeros());
    }
    for dt in [0.0, -1.0, f64::NAN] {
        assert!((toward(v(0.1, 0.0, 0.0), 0.1, dt) - v(0.1, 0.0, 0.0)).norm() < 1e-12);
    }
}

#[test]
fn what_arrives_with_the_tick_no_longer_changes() {
    // 0.25 takes half a second up and half a second down.
    let unit = AxisLimits { acceleration: 1.0, jerk: 1.0 };
    let limits = MotionLimits::per_axis(unit, unit, unit);
    let mut t = Tracker::at(Vector3::zeros());
    assert!(!t.step(&v(0.25, 0.0, 0.0), 1.0, &limits, None, 1.0).is_changing);
    assert_eq!(t.velocity(), v(0.25, 0.0, 0.0));
    let mut t = Tracker::at(Vector3::zeros());
    assert!(t.step(&v(0.0, 0.0, 0.26), 1.0, &limits, None, 1.0).is_changing);
}

/// A tracker on its way to the right.
fn moving(velocity: f64, acceleration: f64) -> Tracker {
    let mut t = Tracker::at(Vector3::zeros());
    t.velocity.x = velocity;
    t.acceleration.x = acceleration;
    t
}

#[test]
fn what_it_still_gains_and_covers_is_taken_off_the_way() {
    let axis = limits().weakest();
    for (velocity, acceleration) in [(0.03, 0.5), (0.02, 0.05), (0.01, 1.1), (-0.01, 0.4)] {
        // One tick's worth of jerk, or as much as there is, may come on top.
        let gaining = acceleration + (axis.jerk * DT).min(acceleration);
        let state = AxisState { velocity, acceleration: gaining };
        let settled = velocity + gaining * gaining / (2.0 * axis.jerk);
        let plan = VelocityProfile::new(state, settled, axis);
        let (covered, _) = plan.at(gaining / axis.jerk);
        let left = 0.002 - velocity * DT - covered;
        let expected = speed_to_brake_within(left, axis);
        let toward = moving(velocity, acceleration);
        let toward = toward.velocity_toward(&v(0.002, 0.0, 0.0), 1.0, &limits(), DT);
        assert!((toward - v(expected, 0.0, 0.0)).norm() < 1e-9, "{toward} {expected}");
        // To the other side the same acceleration brakes.
        let away = moving(-velocity, -acceleration);
        let away = away.velocity_toward(&v(-0.002, 0.0, 0.0), 1.0, &limits(), DT);
        assert!((away + v(expected, 0.0, 0.0)).norm() < 1e-9, "{away} {expected}");
    }
    let close = moving(0.03, 1.0).velocity_toward(&v(1e-4, 0.0, 0.0), 1.0, &limits(), DT);
    assert_eq!(close, Vector3::zeros(), "all of the way is covered anyhow");
}

#[test]
fn what_the_braking_lags_behind_is_taken_off_the_velocity() {
    let axis = limits().weakest();
    for acceleration in [-0.4_f64, -1.1] {
        let lag = LAG_SHARE * acceleration * acceleration / (2.0 * axis.jerk);
        let expected = speed_to_brake_within(0.002 - 0.03 * DT, axis) - lag;
        let t = moving(0.03, acceleration);
        let toward = t.velocity_toward(&v(0.002, 0.0, 0.0), 1.0, &limits(), DT);
        assert!((toward.x - expected).abs() < 1e-9, "{toward} {expected}");
    }
    let hard = moving(0.0, -1.1).velocity_toward(&v(2e-5, 0.0, 0.0), 1.0, &limits(), DT);
    assert_eq!(hard, Vector3::zeros(), "never away from the goal");
}

/// Goes to a place; returns how far beyond it and when it has arrived for good.
fn go_to(goal: Vector3<f64>, dt: f64) -> (f64, f64) {
    let mut t = Tracker::at(Vector3::zeros());
    let (mut beyond, mut arrived) = (0.0_f64, 0.0);
    let direction = goal.normalize();
    for i in 0..(3.0 / dt) as u32 {
        let wanted = t.velocity_toward(&(goal - t.position()), CAP, &limits(), dt);
        t.step(&wanted, CAP, &limits(), None, dt);
        beyond = beyond.max((t.position() - goal).dot(&direction));
        if (t.position() - goal).norm() > 1e-5 {
            arrived = f64::from(i) * dt;
        }
    }
    assert!((t.position() - goal).norm() < 1e-6, "{} {goal}", t.position());
    (beyond, arrived)
}

#[test]
fn a_step_of_the_target_is_reached_without_overshoot() {
    for goal in [
        v(0.03, 0.0, 0.0),
        v(0.001, 0.0, 0.0),
        v(0.0001, 0.0, 0.0),
        v(0.02, 0.01, -0.005),
        v(0.1, 0.1, 0.1),
    ] {
        for dt in [1e-4, 1e-3, 2e-3, 5e-3] {
            let (beyond, arrived) = go_to(goal, dt);
            println!("{} mm, {dt} s: {} um beyond, {arrived} s", goal.norm() * 1e3, beyond * 1e6);
            assert!(beyond <= (0.01 * goal.norm()).max(1.2e-5), "{beyond} beyond {goal} with {dt}");
            assert!(arrived < 2.2, "{arrived} {goal} {dt}");
        }
    }
}

#[test]
fn a_ramp_of_40_mm_s_is_followed_within_25_ms() {
    let mut t = Tracker::at(Vector3::zeros());
    let mut lag = 0.0;
    for i in 0..2_000 {
        let goal = v(0.04 * f64::from(i) * DT, 0.0, 0.0);
        let wanted = t.velocity_toward(&(goal - t.position()), CAP, &limits(), DT);
        t.step(&wanted, CAP, &limits(), None, DT);
        lag = (goal.x + 0.04 * DT - t.position().x) / 0.04;
    }
    println!("lag at 40 mm/s: {} ms", lag * 1e3);
    assert!(lag < 0.025, "{lag}");
    assert!((t.velocity().x - 0.04).abs() < 1e-4);
}

/// The way a tick is cut does not matter, nor how many there are.
#[test]
fn ticks_of_any_length_add_up() {
    let wanted = v(0.08, -0.03, 0.01);
    let mut whole = Tracker::at(v(0.0, 0.0, -0.07));
    let mut cut = whole;
    for i in 0..60 {
        let (a, b) = (0.4e-3 + 1e-5 * f64::from(i), 1.3e-3);
        whole.step(&wanted, CAP, &limits(), None, a + b);
        cut.step(&wanted, CAP, &limits(), None, a);
        cut.step(&wanted, CAP, &limits(), None, b);
    }
    assert!((whole.position() - cut.position()).norm() < 1e-9);
    assert!((whole.velocity() - cut.velocity()).norm() < 1e-9);
    assert!((whole.acceleration() - cut.acceleration()).norm() < 1e-6);
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => -0.2..0.2_f64,
        2 => -2.0..2.0_f64,
        1 => Just(0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(1e300),
        1 => Just(-1e150),
        1 => Just(5e-324),
    ]
}

/// Wanted velocity, cap, length and number of the ticks.
type Order = (Vector3<f64>, f64, f64, u32);

fn any_order() -> impl Strategy<Value = Order> {
    let cap = prop_oneof![6 => 0.0..0.2_f64, 1 => any_number()];
    ((any_number(), any_number(), any_number()), cap, 1e-4..5e-3_f64, 1_u32..15)
        .prop_map(|((x, y, z), cap, dt, ticks)| (v(x, y, z), cap, dt, ticks))
}

/// The laws that hold for every tick, whatever is asked for.
fn obeys(
    region: &Region,
    t: &mut Tracker,
    (wanted, cap, dt, ticks): Order,
    depths: &mut [f64],
) -> Result<(), TestCaseError> {
    for _ in 0..ticks {
        let before = *t;
        let stop = peak_speed(&before.stop(&limits()));
        let outcome = t.step(&wanted, cap, &limits(), Some(region), dt);
        let all = [t.position, t.velocity, t.acceleration];
        prop_assert!(all.iter().all(|v| v.iter().all(|v| v.is_finite())), "{t:?}");
        prop_assert!(outcome.cut >= 0.0);
        // Never faster than its cap, or than the stop from above it would be.
        let most = stop.max(cap.max(0.0)) + 1e-9;
        prop_assert!(t.velocity.norm() <= most, "{} > {most}", t.velocity.norm());
        prop_assert!(peak_speed(&t.stop(&limits())) <= most);
        prop_assert!(t.acceleration.norm() <= 2.0 + 1e-9, "{}", t.acceleration);
        let jerk = (t.acceleration - before.acceleration).norm() / dt;
        prop_assert!(jerk <= 200.0 + 1e-6, "{jerk} m/s³");
        // The tick moves by what lies between its two velocities.
        let moved = (t.position - before.position) - (t.velocity + before.velocity) * (dt / 2.0);
        prop_assert!(moved.norm() <= 2.0 * dt * dt, "{moved}");
        // No deeper than at the beginning or, since, than allowed.
        let now = region.excess(&t.position, &t.position);
        let (low, high) = t.stop_extent(&limits());
        let reach = region.excess(&low, &high);
        for ((deepest, here), later) in depths.iter_mut().zip(now.entries()).zip(reach.entries()) {
            prop_assert!(here <= *deepest + 1e-9, "{here} deeper than {deepest}");
            prop_assert!(later <= *deepest + 1e-9, "{later} deeper than {deepest}");
            *deepest = deepest.min(later);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(800)))]

    /// Whatever is wanted, and however long the ticks are, no law is broken.
    #[test]
    fn whatever_is_wanted_every_law_holds(
        region in prop_oneof![1 => Just(theatre()), 1 => any_region()],
        start in prop_oneof![
            2 => Just(v(0.0, 0.0, -0.07)),
            1 => point().prop_map(|p| p.sup(&v(-0.3, -0.3, -0.3)).inf(&v(0.3, 0.3, 0.3))),
        ],
        orders in proptest::collection::vec(any_order(), 4..9),
    ) {
        let mut t = Tracker::at(start);
        let mut depths: Vec<f64> = region.excess(&start, &start).entries().collect();
        for order in orders {
            obeys(&region, &mut t, order, &mut depths)?;
        }
    }

    /// Where nothing is in the way a wanted velocity inside the cap is reached exactly.
    #[test]
    fn free_motion_reaches_what_is_wanted(
        (x, y, z) in (-0.05..0.05_f64, -0.05..0.05_f64, -0.05..0.05_f64),
        dt in 1e-4..5e-3_f64,
    ) {
        let mut t = Tracker::at(Vector3::zeros());
        let mut time = 0.0;
        while time < 0.3 {
            t.step(&v(x, y, z), CAP, &limits(), Some(&room()), dt);
            time += dt;
        }
        prop_assert_eq!(t.velocity(), v(x, y, z));
    }

    /// A wrist turns by the same law without a region, and a target is reached from any motion.
    #[test]
    fn a_place_is_reached_from_any_motion(
        orders in proptest::collection::vec(any_order(), 1..4),
        (x, y, z) in (-0.05..0.05_f64, -0.05..0.05_f64, -0.05..0.05_f64),
    ) {
        let mut t = Tracker::at(Vector3::zeros());
        for (wanted, cap, dt, ticks) in orders {
            for _ in 0..ticks {
                t.step(&wanted, cap.min(0.2), &limits(), None, dt);
            }
        }
        let goal = t.position() + v(x, y, z);
        for _ in 0..2_000 {
            let wanted = t.velocity_toward(&(goal - t.position()), CAP, &limits(), DT);
            t.step(&wanted, CAP, &limits(), None, DT);
        }
        prop_assert!((t.position() - goal).norm() < 1e-6, "{} {goal}", t.position());
    }
}
