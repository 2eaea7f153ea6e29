use super::*;
use proptest::prelude::*;
use protocol::profile::Profile;

use crate::core::governor::cases;
use crate::robot::RANGE_MAX_M;

const DT: f64 = 1e-3;

fn profile() -> Profile {
    Profile::parse(protocol::profile::TELECARE).unwrap()
}

fn seen(ahead_m: f64, behind_m: f64, linear_m_s: f64) -> BaseReading {
    BaseReading { linear_m_s, ahead_m, behind_m, ..BaseReading::absent() }
}

fn caps(reading: &BaseReading, age_ms: Option<u64>) -> BaseCaps {
    let p = profile();
    let age = age_ms.map(Duration::from_millis);
    base_caps(p.base().unwrap(), &p.freshness, reading, age)
}

fn free() -> BaseCaps {
    caps(&BaseReading::absent(), Some(50))
}

#[test]
fn the_age_of_the_picture_caps_speed_and_turn_alike() {
    let full = profile().base().unwrap().turn_max_rad_s;
    assert!((free().speed_m_s - 0.8).abs() < 1e-12 && !free().by_age);
    assert!((free().turn_rad_s - full).abs() < 1e-12);
    let old = caps(&BaseReading::absent(), Some(250));
    assert!((old.speed_m_s - 0.4).abs() < 1e-12 && old.by_age);
    assert!((old.turn_rad_s - full / 2.0).abs() < 1e-12);
    for age in [Some(401), None] {
        let none = caps(&BaseReading::absent(), age);
        assert_eq!((none.speed_m_s, none.forward_m_s, none.turn_rad_s), (0.0, 0.0, 0.0));
    }
}

/// OBSTACLE: each way has its own cap; the way already gone at the present speed counts.
#[test]
fn an_obstacle_caps_the_way_to_it_and_no_other() {
    let c = caps(&seen(1.0, RANGE_MAX_M, 0.0), Some(50));
    assert!((c.backward_m_s - 0.8).abs() < 1e-12);
    assert_eq!(c.forward_m_s, 0.8, "half a metre is enough to brake in");
    // 0.2 m to brake in, at 1 m/s2 and 10 m/s3: v2/2 + v/20 = 0.2.
    let c = caps(&seen(0.7, RANGE_MAX_M, 0.0), Some(50));
    let way = c.forward_m_s * c.forward_m_s / 2.0 + c.forward_m_s / 20.0;
    assert!((way - 0.2).abs() < 1e-9, "{way}");
    let moving = caps(&seen(0.7, RANGE_MAX_M, 0.5), Some(50));
    let way = moving.forward_m_s * moving.forward_m_s / 2.0 + moving.forward_m_s / 20.0;
    assert!((way - 0.1).abs() < 1e-9, "0.1 m go by within the reaction");
    assert_eq!(caps(&seen(0.5, 9.0, 0.0), Some(50)).forward_m_s, 0.0);
    let c = caps(&seen(9.0, 0.7, -0.5), Some(50));
    assert!(c.backward_m_s < 0.45 && c.forward_m_s == 0.8);
    assert_eq!(caps(&seen(f64::NAN, f64::NAN, 0.0), Some(50)).forward_m_s, 0.0);
}

#[test]
fn braking_is_harder_than_speeding_up() {
    let p = profile();
    let limits = p.base().unwrap();
    let mut g = BaseGovernor::default();
    let ahead = BaseTwist { linear_m_s: 0.6, angular_rad_s: 0.5 };
    let mut ticks = 0;
    while g.twist() != ahead {
        let clamps = g.step(Some(&ahead), &free(), limits, DT);
        assert!(clamps.is_empty());
        assert_eq!(g.is_at_rest(), ticks < 21, "{ticks}");
        ticks += 1;
    }
    assert!((1_245..=1_255).contains(&ticks), "{ticks} ms to 0.6 m/s at 0.5 m/s2");
    let mut ticks = 0;
    while g.twist().linear_m_s != 0.0 {
        g.step(None, &free(), limits, DT);
        ticks += 1;
    }
    assert!((695..=705).contains(&ticks), "{ticks} ms to rest at 1 m/s2");
    while !g.is_at_rest() {
        g.step(None, &free(), limits, DT);
    }
    let back = BaseTwist { linear_m_s: -0.3, angular_rad_s: 0.0 };
    for _ in 0..100 {
        g.step(Some(&ahead), &free(), limits, DT);
    }
    g.step(Some(&back), &free(), limits, DT);
    for _ in 0..100 {
        g.step(Some(&back), &free(), limits, DT);
    }
    assert!(g.acceleration_m_s2() < -0.4, "the other way begins with braking");
}

/// A tenth of a metre in 125 ms are 0.8 m/s: as fast as the profile allows, so not the age's doing.
#[test]
fn the_age_sets_the_speed_only_below_the_limit_of_the_profile() {
    let at = |age_ms| caps(&BaseReading::absent(), Some(age_ms));
    assert_eq!((at(125).speed_m_s, at(125).by_age), (0.8, false));
    assert!(at(126).speed_m_s < 0.8 && at(126).by_age);
}

#[test]
fn rest_is_below_five_millimetres_and_five_milliradians_per_second() {
    for (linear_m_s, angular_rad_s, rests) in [
        (0.0, 0.0, true),
        (0.004_99, -0.004_99, true),
        (0.005, 0.0, false),
        (-0.005, 0.0, false),
        (0.0, 0.005, false),
        (0.0, -0.005, false),
    ] {
        let mut g = BaseGovernor::default();
        let wanted = BaseTwist { linear_m_s, angular_rad_s };
        // A second is enough to get there.
        g.step(Some(&wanted), &free(), profile().base().unwrap(), 1.0);
        assert_eq!(g.twist(), wanted);
        assert_eq!(g.acceleration_m_s2(), 0.0);
        assert_eq!(g.is_at_rest(), rests, "{wanted:?}");
    }
}

#[test]
fn speeding_up_backward_is_as_gentle_as_forward() {
    for linear_m_s in [0.6, -0.6] {
        let mut g = BaseGovernor::default();
        let mut hardest: f64 = 0.0;
        for _ in 0..1_500 {
            let wanted = BaseTwist { linear_m_s, angular_rad_s: 0.0 };
            g.step(Some(&wanted), &free(), profile().base().unwrap(), DT);
            hardest = hardest.max(g.acceleration_m_s2().abs());
        }
        assert_eq!(g.twist().linear_m_s, linear_m_s);
        assert!((hardest - 0.5).abs() < 1e-9, "{hardest} m/s2");
    }
}

#[test]
fn starting_is_gentle_whatever_the_tick_and_turning_back_begins_with_braking() {
    for way in [1.0, -1.0] {
        let wanted = BaseTwist { linear_m_s: 0.7 * way, angular_rad_s: 0.0 };
        let back = BaseTwist { linear_m_s: -0.7 * way, angular_rad_s: 0.0 };
        let mut g = BaseGovernor::default();
        // In 0.1 s a jerk of 10 m/s3 would reach the 1 m/s2 of the brake.
        g.step(Some(&wanted), &free(), profile().base().unwrap(), 0.1);
        assert!((g.acceleration_m_s2() * way - 0.5).abs() < 1e-9, "{}", g.acceleration_m_s2());
        g.linear = AxisState { velocity: 0.6 * way, acceleration: 0.0 };
        // The speed that is wanted the other way is higher: until it stands it brakes all the same.
        g.step(Some(&back), &free(), profile().base().unwrap(), 0.1);
        assert!((g.acceleration_m_s2() * way + 1.0).abs() < 1e-9, "{}", g.acceleration_m_s2());
    }
}

/// Who still brakes and is to keep the speed that is left speeds up again as gently as ever.
#[test]
fn keeping_the_speed_is_no_braking() {
    let braking = AxisState { velocity: 0.3, acceleration: -1.0 };
    let mut g = BaseGovernor { linear: braking, ..BaseGovernor::default() };
    let keep = BaseTwist { linear_m_s: 0.3, angular_rad_s: 0.0 };
    // At 10 m/s3 the limit of 0.5 m/s2 is reached after 0.15 s and not left again before 0.2 s.
    g.step(Some(&keep), &free(), profile().base().unwrap(), 0.2);
    assert!((g.acceleration_m_s2() - 0.5).abs() < 1e-9, "{}", g.acceleration_m_s2());
}

#[test]
fn what_is_cut_is_told() {
    let p = profile();
    let limits = p.base().unwrap();
    let told = |wanted: BaseTwist, caps: &BaseCaps| {
        let clamps = BaseGovernor::default().step(Some(&wanted), caps, limits, DT);
        clamps.iter().map(|c| (c, (clamps.by(c) * 1e9).round() / 1e9)).collect::<Vec<_>>()
    };
    let twist = |linear_m_s, angular_rad_s| BaseTwist { linear_m_s, angular_rad_s };
    assert_eq!(told(twist(0.8, 1.0), &free()), []);
    assert_eq!(told(twist(1.0, 0.0), &free()), [(Clamp::Speed, 0.2)]);
    assert_eq!(told(twist(-1.0, 0.0), &free()), [(Clamp::Speed, 0.2)]);
    let old = caps(&BaseReading::absent(), Some(250));
    assert_eq!(told(twist(0.5, 0.0), &old), [(Clamp::ViewAge, 0.1)]);
    let blocked = caps(&seen(0.5, 9.0, 0.0), Some(50));
    assert_eq!(told(twist(0.3, 0.0), &blocked), [(Clamp::Obstacle, 0.3)]);
    assert_eq!(told(twist(-0.3, 0.0), &blocked), []);
    // 0.2 m to brake in, at 1 m/s2 and 10 m/s3: v2/2 + v/20 = 0.2.
    let near = caps(&seen(0.7, 9.0, 0.0), Some(50));
    let fastest = (0.05_f64 * 0.05 + 0.4).sqrt() - 0.05;
    let cut = ((0.8 - fastest) * 1e9).round() / 1e9;
    assert_eq!(told(twist(0.8, 0.0), &near), [(Clamp::Obstacle, cut)]);
    let behind = caps(&seen(9.0, 0.7, 0.0), Some(50));
    assert_eq!(told(twist(-0.8, 0.0), &behind), [(Clamp::Obstacle, cut)]);
    let turn = free().turn_rad_s + 0.5;
    assert_eq!(told(twist(0.0, turn), &free()), [(Clamp::Rotation, 0.5)]);
    assert_eq!(told(twist(0.0, -turn), &free()), [(Clamp::Rotation, 0.5)]);
}

fn any_speed() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -2.0..2.0_f64,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => -1e12..1e12_f64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(10_000)))]

    /// SPEED: whatever comes in, however long the ticks are, what goes out is inside every limit.
    #[test]
    fn whatever_comes_in_a_base_stays_inside_its_limits(
        steps in proptest::collection::vec(
            (any_speed(), any_speed(), 0_u64..500, 0.0..4.0_f64, 0.000_1..0.005_f64, 1_usize..40),
            1..8,
        ),
    ) {
        let p = profile();
        let limits = p.base().unwrap();
        let mut g = BaseGovernor::default();
        let mut most: f64 = 0.0;
        for (linear_m_s, angular_rad_s, age_ms, ahead, dt, ticks) in steps {
            let caps = caps(&seen(ahead, 9.0, linear_m_s), Some(age_ms));
            let wanted = BaseTwist { linear_m_s, angular_rad_s };
            for _ in 0..ticks {
                let (before, pull) = (g.twist().linear_m_s, g.acceleration_m_s2());
                let turn = g.twist().angular_rad_s;
                g.step(Some(&wanted), &caps, limits, dt);
                let (after, change) = (g.twist().linear_m_s, g.acceleration_m_s2() - pull);
                prop_assert!(after.is_finite() && g.twist().angular_rad_s.is_finite());
                most = most.max(caps.speed_m_s);
                prop_assert!(after.abs() <= most + 1e-9, "{after} m/s with {most}");
                prop_assert!((after - before).abs() <= limits.brake_m_s2 * dt + 1e-9);
                prop_assert!(change.abs() <= limits.jerk_max_m_s3 * dt + 1e-9);
                let turned = (g.twist().angular_rad_s - turn).abs();
                prop_assert!(turned <= limits.turn_acceleration_max_rad_s2 * dt + 1e-9);
                prop_assert!(g.twist().angular_rad_s.abs() <= limits.turn_max_rad_s + 1e-9);
            }
        }
    }
}
