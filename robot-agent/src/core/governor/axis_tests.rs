use super::*;
use proptest::prelude::*;

use crate::core::governor::cases;

/// Two axes of a tip: 2 m/s² and 200 m/s³ along the diagonal.
const LIMITS: AxisLimits = AxisLimits { acceleration: 1.2, jerk: 120.0 };

fn state(velocity: f64, acceleration: f64) -> AxisState {
    AxisState { velocity, acceleration }
}

fn unit() -> AxisLimits {
    AxisLimits { acceleration: 1.0, jerk: 1.0 }
}

/// Times from the start to a little beyond the end.
fn samples(profile: &VelocityProfile, count: u32) -> impl Iterator<Item = f64> {
    let step = profile.duration() * 1.1 / f64::from(count);
    (0..=count).map(move |i| f64::from(i) * step)
}

#[test]
fn a_long_change_rises_holds_and_falls() {
    // Up to 1 in 1 s, held for 2 s, down in 1 s: 0.5 + 2 + 0.5.
    let p = VelocityProfile::new(state(0.0, 0.0), 3.0, unit());
    assert_eq!(p.duration(), 4.0);
    assert_eq!(p.at(1.0), (1.0 / 6.0, state(0.5, 1.0)));
    assert_eq!(p.at(2.0).1, state(1.5, 1.0));
    assert_eq!(p.at(3.0).1, state(2.5, 1.0));
    assert_eq!(p.at(3.5).1, state(2.875, 0.5));
    assert_eq!(p.at(4.0), (6.0, state(3.0, 0.0)));
    assert_eq!(p.at(6.0), (12.0, state(3.0, 0.0)));
}

#[test]
fn a_short_change_turns_before_the_limit() {
    let p = VelocityProfile::new(state(1.0, 0.0), 0.75, unit());
    assert_eq!(p.duration(), 1.0);
    assert_eq!(p.at(0.5).1, state(0.875, -0.5));
    assert_eq!(p.at(1.0), (0.875, state(0.75, 0.0)));
}

#[test]
fn no_change_takes_no_time() {
    let p = VelocityProfile::new(state(0.25, 0.0), 0.25, unit());
    assert_eq!(p.duration(), 0.0);
    assert_eq!(p.at(2.0), (0.5, state(0.25, 0.0)));
    assert_eq!(p.speed_max(), 0.25);
}

#[test]
fn a_contrary_acceleration_is_led_through_zero() {
    let p = VelocityProfile::new(state(0.0, -1.0), 1.0, unit());
    // Back to zero in 1 s at a velocity of −0.5; then 1.5 is a rise of 1, a hold of 0.5 and a fall of 1.
    assert!((p.duration() - 3.5).abs() < 1e-12);
    assert_eq!(p.at(1.0).1, state(-0.5, 0.0));
    assert_eq!(p.speed_max(), 1.0);
    let backward = VelocityProfile::new(state(-0.75, -1.0), 1.0, unit());
    assert_eq!(backward.speed_max(), 1.25);
}

#[test]
fn an_acceleration_beyond_its_limit_falls_at_once() {
    let p = VelocityProfile::new(state(0.0, 2.0), 10.0, unit());
    assert_eq!(p.at(0.5).1.acceleration, 1.5);
    assert_eq!(p.at(1.0).1, state(1.5, 1.0));
    assert_eq!(p.at(3.0).1.acceleration, 1.0);
    assert_eq!(p.at(p.duration()).1, state(10.0, 0.0));
    // 1.5 in the fall, 0.5 in the last second, 8 in between.
    assert!((p.duration() - 10.0).abs() < 1e-12);
}

#[test]
fn it_rests_exactly() {
    // 1 − 49 · (1 / 49) is not zero, and the sums of the velocity are not exact either.
    let limits = AxisLimits { acceleration: 2.0, jerk: 49.0 };
    let p = VelocityProfile::stop(state(-1.0 / 98.0, 1.0), limits);
    let (there, at_end) = p.at(p.duration());
    assert_eq!(at_end, AxisState::default());
    assert_eq!(p.at(1e6), (there, AxisState::default()));
}

#[test]
fn before_the_start_is_the_start() {
    let p = VelocityProfile::new(state(0.5, 0.25), 3.0, unit());
    for t in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(p.at(t), (0.0, state(0.5, 0.25)), "{t}");
    }
    assert_eq!(p.extent_until(f64::NAN), (0.0, 0.0));
}

#[test]
fn the_extent_knows_a_turn_inside_a_phase() {
    // −0.5 is left at 1 m/s³: zero after 1 s, −1/3 m behind.
    let p = VelocityProfile::new(state(-0.5, 0.0), 3.0, unit());
    let (low, high) = p.extent();
    assert!((low + 1.0 / 3.0).abs() < 1e-15, "{low}");
    assert_eq!(high, p.at(p.duration()).0);
    // In the middle of the phase of constant acceleration: −1 at its begin, 1 s later zero.
    let p = VelocityProfile::new(state(-1.0, 1.0), 3.0, unit());
    assert_eq!(p.extent().0, -0.5);
    // 0.28 is left upward and jerked downward: zero after 1.4 s, while the acceleration is at −0.9.
    let p = VelocityProfile::new(state(0.28, 0.5), -3.0, unit());
    assert!((p.extent().1 - p.at(1.4).0).abs() < 1e-15, "{:?}", p.extent());
    // The start is part of it, and what comes after the end of the tick is not.
    let p = VelocityProfile::new(state(1.0, 0.0), 2.0, unit());
    assert_eq!(p.extent().0, 0.0);
    assert_eq!(p.extent_until(0.5), (0.0, p.at(0.5).0));
    let p = VelocityProfile::new(state(-1.0, 1.0), 3.0, unit());
    assert_eq!(p.extent_until(0.5), (-0.375, 0.0));
    assert_eq!(p.extent_until(1.5), (-0.5, 0.0));
}

#[test]
fn what_is_no_motion_stands_still() {
    let none = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.001e9, -1.001e9];
    let standing = VelocityProfile::standing();
    assert_eq!(standing.at(1.0), (0.0, AxisState::default()));
    assert_eq!(
        (standing.duration(), standing.extent(), standing.speed_max()),
        (0.0, (0.0, 0.0), 0.0)
    );
    for bad in none {
        assert_eq!(VelocityProfile::new(state(bad, 0.0), 0.0, unit()), standing);
        assert_eq!(VelocityProfile::new(state(0.5, bad), 0.0, unit()), standing);
        assert_eq!(VelocityProfile::new(state(0.5, 0.0), bad, unit()), standing);
    }
    for bad in none.into_iter().chain([0.0, -1.0, 0.99e-9]) {
        let acceleration = AxisLimits { acceleration: bad, ..unit() };
        let jerk = AxisLimits { jerk: bad, ..unit() };
        assert_eq!(VelocityProfile::new(state(0.5, 0.5), 1.0, acceleration), standing);
        assert_eq!(VelocityProfile::new(state(0.5, 0.5), 1.0, jerk), standing);
    }
}

#[test]
fn the_largest_numbers_are_still_numbers() {
    for v in [VALUE_MAX, -VALUE_MAX] {
        for a in [VALUE_MAX, 0.0, -VALUE_MAX] {
            for most in [VALUE_MAX, LIMIT_MIN] {
                for jerk in [VALUE_MAX, LIMIT_MIN] {
                    let limits = AxisLimits { acceleration: most, jerk };
                    let p = VelocityProfile::new(state(v, a), -v, limits);
                    assert!(p.duration() > 0.0 && p.duration().is_finite());
                    let (low, high) = p.extent();
                    assert!(low.is_finite() && high.is_finite() && low < high);
                    assert_eq!(p.at(2.0 * p.duration()).1, state(-v, 0.0));
                }
            }
        }
    }
}

/// Velocities, accelerations and limits of a tip, and ten thousand times beyond them.
fn any_profile() -> impl Strategy<Value = (AxisState, f64, AxisLimits)> {
    let number = || prop_oneof![4 => -0.2..0.2_f64, 1 => -100.0..100.0_f64, 1 => Just(0.0)];
    let acceleration = prop_oneof![4 => -1.0..1.0_f64, 1 => -3.0..3.0_f64, 1 => Just(0.0)];
    (number(), acceleration, number(), 0.1..10.0_f64, 1.0..1000.0_f64).prop_map(
        |(velocity, share, target, most, jerk)| {
            let limits = AxisLimits { acceleration: most, jerk };
            (state(velocity, share * most), target, limits)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2_000)))]

    /// It arrives, and neither acceleration nor jerk pass their limits on the way.
    #[test]
    fn it_arrives_within_its_limits((start, target, limits) in any_profile()) {
        let p = VelocityProfile::new(start, target, limits);
        prop_assert_eq!(p.at(p.duration() + 1e-9).1, state(target, 0.0));
        let scale = 1.0 + start.velocity.abs() + target.abs();
        let mut before = (0.0, start);
        let mut t_before = 0.0;
        for t in samples(&p, 100) {
            let (d, now) = p.at(t);
            let dt = t - t_before;
            let allowed = limits.acceleration.max(before.1.acceleration.abs());
            prop_assert!(now.acceleration.abs() <= allowed + 1e-9, "{now:?} after {before:?}");
            let jump = (now.acceleration - before.1.acceleration).abs();
            prop_assert!(jump <= limits.jerk * dt + 1e-9, "a jump of {jump} in {dt}");
            // The velocity is what the acceleration adds, the place what the velocity adds.
            let most = limits.acceleration.max(start.acceleration.abs());
            let middle = now.acceleration.midpoint(before.1.acceleration) * dt;
            let bend = limits.jerk * dt * dt / 4.0 + 1e-9 * scale;
            prop_assert!((now.velocity - before.1.velocity - middle).abs() <= bend);
            let moved = now.velocity.midpoint(before.1.velocity) * dt;
            let bend = most * dt * dt / 4.0 + 1e-9 * scale * (1.0 + t);
            prop_assert!((d - before.0 - moved).abs() <= bend);
            prop_assert!(now.velocity.abs() <= p.speed_max() + 1e-12 * scale);
            before = (d, now);
            t_before = t;
        }
    }

    #[test]
    fn the_extent_is_that_of_the_path((start, target, limits) in any_profile(), part in 0.0..1.2_f64) {
        let p = VelocityProfile::new(start, target, limits);
        let until = p.duration() * part;
        let (low, high) = p.extent_until(until);
        let (mut least, mut most, mut fastest) = (0.0_f64, 0.0_f64, 0.0_f64);
        for i in 0..=400 {
            let (d, now) = p.at(until * f64::from(i) / 400.0);
            (least, most, fastest) = (least.min(d), most.max(d), fastest.max(now.velocity.abs()));
        }
        let scale = 1e-12 * (1.0 + high - low);
        prop_assert!(low <= least + scale && most <= high + scale, "{low} {least} {most} {high}");
        // Tight: a sample is at most half a step away from an extreme, where the velocity is zero.
        let step = until / 800.0;
        let slack = (limits.acceleration.max(start.acceleration.abs())) * step * step + scale;
        prop_assert!(least - low <= slack && high - most <= slack, "{low} {least} {most} {high}");
    }

    /// The plan made from a point of a plan is the rest of that plan: ticks may have any length.
    #[test]
    fn a_plan_made_on_the_way_is_the_rest_of_the_plan(
        (start, target, limits) in any_profile(),
        first in 0.0..1.3_f64,
        second in 0.0..1.3_f64,
    ) {
        let p = VelocityProfile::new(start, target, limits);
        let (dt_1, dt_2) = (first * p.duration(), second * p.duration());
        let (d_1, middle) = p.at(dt_1);
        let rest = VelocityProfile::new(middle, target, limits);
        let (d_2, end) = rest.at(dt_2);
        let (d, whole) = p.at(dt_1 + dt_2);
        let scale = 1.0 + d.abs() + start.velocity.abs() + target.abs();
        prop_assert!((d_1 + d_2 - d).abs() < 1e-9 * scale * (1.0 + p.duration()));
        prop_assert!((end.velocity - whole.velocity).abs() < 1e-9 * scale);
        // The moment of a switch is known to √ε only where the acceleration is led to zero.
        prop_assert!((end.acceleration - whole.acceleration).abs() < 1e-5 * scale);
    }

    /// No profile inside the limits is faster: the time can not be shorter than that of the best of
    /// three phases found by search.
    #[test]
    fn no_peak_arrives_earlier((start, target, limits) in any_profile()) {
        let within = start.acceleration.clamp(-limits.acceleration, limits.acceleration);
        let start = state(start.velocity, within);
        let p = VelocityProfile::new(start, target, limits);
        for i in 0..=200 {
            let peak = limits.acceleration * (f64::from(i) / 100.0 - 1.0);
            // To the peak, along it, to zero: what is missing is made up for along it.
            let up = (peak - start.acceleration).abs() / limits.jerk;
            let down = peak.abs() / limits.jerk;
            let gained = start.acceleration.midpoint(peak) * up + peak / 2.0 * down;
            let hold = (target - start.velocity - gained) / peak;
            if hold >= 0.0 {
                // A peak of zero is known to √ε only.
                prop_assert!(p.duration() <= up + hold + down + 1e-6);
            }
        }
    }
}

/// Free change of a typical tip, so that the figures in the text stay true.
#[test]
fn a_stop_from_40_mm_s_takes_45_ms_and_1_mm() {
    let p = VelocityProfile::stop(state(0.040, 0.0), LIMITS);
    assert!((p.duration() - 0.0433).abs() < 1e-3, "{}", p.duration());
    assert!((p.extent().1 - 0.000_867).abs() < 1e-5, "{:?}", p.extent());
}
