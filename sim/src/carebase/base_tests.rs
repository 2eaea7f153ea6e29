//! Facts about the base: it rolls as its mass and its drives say.

use super::*;

const DT_S: f64 = 1e-3;

fn base() -> CareBase {
    CareBase::new(CareModel::shipped().unwrap(), 1)
}

fn drive(linear_m_s: f64, angular_rad_s: f64) -> Wheels {
    Wheels::Drive { linear_m_s, angular_rad_s }
}

fn run(base: &mut CareBase, wheels: Wheels, ms: u32) {
    for _ in 0..ms {
        base.step(&wheels, DT_S);
    }
}

#[test]
fn it_reaches_the_speed_that_is_asked_for_in_spite_of_friction_and_a_push() {
    let mut base = base();
    base.push(BarPush { ahead_n: -30.0, turn_n_m: 2.0 });
    run(&mut base, drive(0.5, 0.3), 1_500);
    let (linear, angular) = base.speed();
    assert!((linear - 0.5).abs() < 0.005 && (angular - 0.3).abs() < 0.01, "{linear} {angular}");
}

/// At full torque of both drives the base accelerates by force over mass, the wheels' own inertia included.
#[test]
fn saturated_drives_accelerate_by_force_over_mass() {
    let mut base = base();
    run(&mut base, drive(1.0, 0.0), 50);
    assert_eq!(
        base.torque_n_m().amax(),
        11.032_481_25_f64.min(12.0),
        "the floor holds less than the drives"
    );
    let m = base.model().clone();
    let (r, before) = (m.wheel_radius_m, base.speed().0);
    run(&mut base, drive(1.0, 0.0), 50);
    let got = (base.speed().0 - before) / 0.05;
    let rolling_n = 2.0 * m.rolling_resistance * m.wheel_load_n();
    let viscous_n = 2.0 * m.viscous_n_m_s_rad * (before / r) / r;
    let mass_kg = m.mass_kg + 2.0 * m.wheel_inertia_kg_m2 / (r * r);
    let want = (2.0 * m.grip_n_m() / r - rolling_n - viscous_n) / mass_kg;
    assert!((got - want).abs() < 0.03 * want, "{got} {want}");
}

#[test]
fn a_quarter_circle_ends_where_it_should() {
    let mut base = base();
    // To speed first, then from wherever it is.
    run(&mut base, drive(0.4, 0.4), 1_000);
    let start = *base.pose();
    let (linear, angular) = base.speed();
    let radius_m = linear / angular;
    while base.pose().heading_rad < start.heading_rad + std::f64::consts::FRAC_PI_2 {
        base.step(&drive(0.4, 0.4), DT_S);
    }
    let (sin, cos) = start.heading_rad.sin_cos();
    let (dx, dy) = (base.pose().x_m - start.x_m, base.pose().y_m - start.y_m);
    let (ahead, left) = (cos * dx + sin * dy, cos * dy - sin * dx);
    assert!((ahead - radius_m).abs() < 5e-3 && (left - radius_m).abs() < 5e-3, "{ahead} {left}");
}

#[test]
fn the_brakes_stop_it_and_hold_against_a_person_who_leans() {
    let mut base = base();
    run(&mut base, drive(0.8, 0.0), 2_000);
    let from = base.pose().x_m;
    let mut ms = 0;
    while base.speed().0 != 0.0 {
        run(&mut base, Wheels::Brake, 1);
        ms += 1;
        assert!(ms < 400, "it rolls on");
    }
    // 0.8 m/s at the grip of 0.5 g: 65 mm.
    let way_m = base.pose().x_m - from;
    assert!((0.05..0.09).contains(&way_m), "{way_m} m in {ms} ms");
    let stood = *base.pose();
    base.push(BarPush { ahead_n: 150.0, turn_n_m: 10.0 });
    run(&mut base, Wheels::Brake, 2_000);
    assert_eq!(*base.pose(), stood);
    base.push(BarPush { ahead_n: 400.0, turn_n_m: 0.0 });
    run(&mut base, Wheels::Brake, 1_000);
    assert!(base.pose().x_m > stood.x_m + 0.1, "no brake holds more than the floor");
}

#[test]
fn drives_give_no_more_than_they_have_and_a_target_that_is_none_brakes() {
    let mut base = base();
    let limit = base.model().torque_max_n_m.min(base.model().grip_n_m());
    for n in 0..1_000_u32 {
        let sign = if n % 200 < 100 { 1.0 } else { -1.0 };
        base.step(&drive(sign, -2.0 * sign), DT_S);
        assert!(base.torque_n_m().amax() <= limit, "{}", base.torque_n_m());
    }
    run(&mut base, drive(f64::NAN, 0.0), 500);
    assert_eq!(base.speed(), (0.0, 0.0));
    let before = *base.pose();
    for dt_s in [0.0, -1.0, f64::NAN] {
        base.step(&drive(1.0, 0.0), dt_s);
    }
    assert_eq!(*base.pose(), before);
}

#[test]
fn the_wall_is_seen_from_afar_and_felt_by_the_bumper() {
    let mut base = base();
    let (ahead, behind) = base.ranges_m();
    assert!((ahead - 3.6).abs() < 1e-12 && (behind - 2.65).abs() < 1e-12);
    run(&mut base, drive(0.8, 0.0), 4_000);
    assert!(base.ranges_m().0 > 0.3 && base.sample().bumper_n < 2.0);
    let mut most = 0.0_f64;
    for _ in 0..2_000 {
        base.step(&drive(0.8, 0.0), DT_S);
        most = most.max(base.sample().bumper_n);
    }
    let pressed = base.sample().bumper_n;
    // At rest against the wall the bumper bears what the drives give.
    let push_n = 2.0 * base.model().grip_n_m() / base.model().wheel_radius_m;
    assert!(
        base.ranges_m().0 == 0.0 && (pressed - push_n).abs() < 0.1 * push_n,
        "{pressed} {push_n}"
    );
    assert!(most > push_n, "the blow is harder than the push");
}

#[test]
fn the_bar_is_read_with_noise_that_the_seed_chooses() {
    let said = |seed| {
        let mut base = CareBase::new(CareModel::shipped().unwrap(), seed);
        base.push(BarPush { ahead_n: 20.0, turn_n_m: -3.0 });
        base.step(&Wheels::Brake, DT_S);
        base.sample().bar
    };
    assert_eq!(said(1), said(1));
    assert_ne!(said(1), said(2));
    assert!((said(1).ahead_n - 20.0).abs() < 2.0 && (said(1).turn_n_m + 3.0).abs() < 0.4);
}

#[test]
fn a_step_allocates_nothing() {
    let mut base = base();
    let counted = allocation_counter::measure(|| run(&mut base, drive(0.5, 0.1), 20));
    assert_eq!(counted.count_total, 0);
}
