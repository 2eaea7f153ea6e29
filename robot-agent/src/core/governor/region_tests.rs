use super::*;
use proptest::prelude::*;

use crate::core::governor::cases;

fn v(x: f64, y: f64, z: f64) -> Vector3<f64> {
    Vector3::new(x, y, z)
}

/// A box of 40 cm around the centre of a port that looks down: 45°, 2 to 15 cm deep.
fn port() -> Port {
    Port {
        centre: Vector3::zeros(),
        axis: v(0.0, 0.0, -2.0),
        cone_max_rad: core::f64::consts::FRAC_PI_4,
        depth_min_m: 0.02,
        depth_max_m: 0.15,
    }
}

fn sphere(x: f64, y: f64, z: f64, radius: f64, margin_m: f64) -> Zone {
    Zone { shape: Shape::Sphere { centre: v(x, y, z), radius }, margin_m }
}

fn cuboid(min: Vector3<f64>, max: Vector3<f64>, margin_m: f64) -> Zone {
    Zone { shape: Shape::Box { min, max }, margin_m }
}

fn half_space(point: Vector3<f64>, normal: Vector3<f64>, margin_m: f64) -> Zone {
    Zone { shape: Shape::HalfSpace { point, normal }, margin_m }
}

fn region(port: Option<Port>, zones: &[Zone]) -> Region {
    Region::new(v(-0.2, -0.2, -0.2), v(0.2, 0.2, 0.2), port, zones).unwrap()
}

/// The box, the port, and one zone of each shape below it.
pub(in crate::core::governor) fn theatre() -> Region {
    region(
        Some(port()),
        &[
            sphere(0.03, 0.0, -0.1, 0.01, 0.002),
            cuboid(v(-0.05, -0.02, -0.12), v(-0.03, 0.02, -0.08), 0.002),
            half_space(v(0.0, 0.0, -0.14), v(0.1, 0.0, 1.0), 0.001),
            sphere(0.0, 0.04, -0.09, 0.008, 0.0),
        ],
    )
}

fn at(region: &Region, p: Vector3<f64>) -> Vec<f64> {
    region.excess(&p, &p).entries().collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn each_wall_counts_by_itself() {
    let r = region(None, &[]);
    assert!(at(&r, v(0.2, -0.2, 0.2)).iter().all(|e| *e == 0.0));
    let out = at(&r, v(0.21, -0.23, 0.0));
    assert!(near(out[0], 0.01) && near(out[1], 0.03) && out[2] == 0.0, "{out:?}");
    assert!(near(at(&r, v(0.0, 0.0, 0.25))[2], 0.05));
    assert!(near(at(&r, v(0.0, 0.0, -0.26))[2], 0.06));
    assert!(near(r.outside_m(&v(0.21, -0.23, 0.0)), 0.03));
    assert_eq!(r.outside_m(&v(0.1, 0.0, 0.0)), 0.0);
}

/// WORKSPACE, PORT, NO-GO: each of the three is measured by itself.
#[test]
fn walls_port_and_zones_are_told_apart() {
    let r = region(Some(port()), &[sphere(0.03, 0.0, -0.1, 0.01, 0.002)]);
    let told = |p: Vector3<f64>| (r.beyond_walls_m(&p), r.beyond_port_m(&p), r.inside_zones_m(&p));
    assert_eq!(told(v(0.0, 0.0, -0.05)), (0.0, 0.0, 0.0));
    let (walls, port, zones) = told(v(0.0, 0.0, -0.26));
    assert!(near(walls, 0.06) && near(port, 0.11) && zones == 0.0, "{walls} {port} {zones}");
    let (walls, port, zones) = told(v(0.03, 0.0, -0.1));
    assert!(walls == 0.0 && port == 0.0 && near(zones, 0.012), "{walls} {port} {zones}");
}

#[test]
fn the_port_is_a_cone_with_a_depth() {
    let r = region(Some(port()), &[]);
    assert!(at(&r, v(0.05, 0.0, -0.0501)).iter().all(|e| *e == 0.0));
    // 45°: beside by half the difference times √2.
    let beside = at(&r, v(0.06, 0.0, -0.05));
    assert!(near(beside[3], 0.01 / 2.0_f64.sqrt()) && beside[4] == 0.0, "{beside:?}");
    assert!(near(at(&r, v(0.0, 0.0, -0.16))[4], 0.01));
    assert!(near(at(&r, v(0.0, 0.0, -0.015))[5], 0.005));
    assert_eq!(at(&r, v(0.0, 0.0, -0.02))[5], 0.0);
    assert_eq!(at(&r, v(0.0, 0.0, -0.15))[4], 0.0);
    // Outside of the body: behind the cone and too near.
    let behind = at(&r, v(0.0, 0.0, 0.01));
    assert!(near(behind[3], 0.01) && near(behind[5], 0.01), "{behind:?}");
    // A narrow cone is narrow: it is the sine and the cosine that are meant.
    let narrow = region(Some(Port { cone_max_rad: 0.1, ..port() }), &[]);
    assert_eq!(at(&narrow, v(0.009, 0.0, -0.1))[3], 0.0);
    let beside = at(&narrow, v(0.0, 0.02, -0.1))[3];
    assert!(near(beside, 0.02 * 0.1_f64.cos() - 0.1 * 0.1_f64.sin()), "{beside}");
}

#[test]
fn the_port_may_be_anywhere() {
    let moved = Port { centre: v(0.05, 0.06, 0.1), ..port() };
    let r = region(Some(moved), &[]);
    assert!(at(&r, v(0.05, 0.06, 0.05)).iter().all(|e| *e == 0.0));
    assert!(near(at(&r, v(0.05, 0.06, -0.06))[4], 0.01));
    assert!(near(at(&r, v(0.05, 0.06, 0.085))[5], 0.005));
    assert!(near(at(&r, v(0.11, 0.06, 0.05))[3], 0.01 / 2.0_f64.sqrt()));
    let low = v(0.04, 0.05, -0.07);
    let boxed = r.excess(&low, &v(0.06, 0.07, -0.05)).entries().collect::<Vec<_>>();
    assert!(near(boxed[4], v(0.01, 0.01, 0.17).norm() - 0.15), "{boxed:?}");
    let sides = r.way_out(3, &v(0.15, 0.06, 0.05));
    assert!((sides - v(-1.0, 0.0, -1.0) / 2.0_f64.sqrt()).norm() < 1e-12, "{sides}");
}

#[test]
fn a_zone_counts_by_the_depth_inside_its_margin() {
    let zones = [
        sphere(0.1, 0.0, 0.0, 0.02, 0.005),
        cuboid(v(-0.1, -0.02, -0.03), v(-0.06, 0.02, 0.03), 0.005),
        half_space(v(0.0, 0.0, -0.1), v(0.0, 0.0, 3.0), 0.01),
    ];
    let r = region(None, &zones);
    assert!(near(at(&r, v(0.1, 0.02, 0.0))[6], 0.005));
    assert_eq!(at(&r, v(0.1, 0.0251, 0.0))[6], 0.0);
    assert!(near(at(&r, v(-0.062, 0.0, 0.0))[7], 0.007));
    assert!(near(at(&r, v(-0.08, 0.024, 0.0))[7], 0.001));
    assert!(near(at(&r, v(-0.08, 0.0, 0.0))[7], 0.025));
    assert_eq!(at(&r, v(-0.08, 0.0251, 0.0))[7], 0.0);
    assert!(near(at(&r, v(0.0, 0.0, -0.095))[8], 0.005));
    assert_eq!(at(&r, v(0.0, 0.0, -0.0899))[8], 0.0);
    let blocked = r
        .excess(&v(0.0, 0.0, -0.095), &v(0.1, 0.0, 0.0))
        .within(&r.excess(&v(0.0, 0.0, 0.0), &v(0.0, 0.0, 0.0)));
    assert_eq!(blocked, Err(Blocked { constraint: Constraint::Zone(0), index: 6 }));
}

#[test]
fn what_is_not_a_point_is_nowhere_inside() {
    let r = theatre();
    let inside = v(0.0, 0.0, -0.07);
    let good = r.excess(&inside, &inside);
    assert_eq!(good.within(&good), Ok(()));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for p in [v(bad, 0.0, -0.07), v(0.0, bad, -0.07), v(0.0, 0.0, bad)] {
            assert!(r.outside_m(&p).is_nan());
            for (low, high) in [(p, inside), (inside, p)] {
                let none = r.excess(&low, &high);
                assert!(none.entries().all(f64::is_nan));
                assert!(none.within(&good).is_err() && none.within(&none).is_err());
                assert_eq!(good.within(&none), Ok(()), "what is inside is inside of anything");
            }
            assert_eq!(r.clamped(&p, &inside).0, inside);
        }
    }
}

#[test]
fn not_deeper_is_allowed_deeper_is_not() {
    let r = theatre();
    let e = |x: f64, z: f64| r.excess(&v(x, 0.0, z), &v(x, 0.0, z));
    assert_eq!(e(0.21, -0.07).within(&e(0.22, -0.07)), Ok(()));
    let deeper = e(0.22, -0.07).within(&e(0.21, -0.07));
    assert_eq!(deeper, Err(Blocked { constraint: Constraint::Workspace, index: 0 }));
    assert_eq!(e(0.0, -0.07).within(&e(0.0, -0.08)), Ok(()));
    let port = e(0.08, -0.06).within(&e(0.0, -0.07));
    assert_eq!(port, Err(Blocked { constraint: Constraint::Port, index: 3 }));
    let zone = e(-0.04, -0.1).within(&e(0.0, -0.07));
    assert_eq!(zone, Err(Blocked { constraint: Constraint::Zone(1), index: 7 }));
    // Rounding is forgiven, a picometre more is not.
    let room = region(None, &[]);
    let wall = |over: f64| room.excess(&v(0.2 + over, 0.0, 0.0), &v(0.2 + over, 0.0, 0.0));
    assert_eq!(wall(0.9e-12).within(&wall(-0.1)).map_err(|b| b.constraint), Ok(()));
    assert!(wall(1.2e-12).within(&wall(-0.1)).is_err());
    assert!(wall(0.01 + 0.9e-12).within(&wall(0.01)).is_ok());
    assert!(wall(0.01 + 1.2e-12).within(&wall(0.01)).is_err());
}

#[test]
fn the_way_out_leads_out() {
    let r = theatre();
    let way = |index, x, y, z| r.way_out(index, &v(x, y, z));
    assert_eq!(way(0, 0.3, 0.0, 0.0), v(-1.0, 0.0, 0.0));
    assert_eq!(way(0, -0.3, 0.0, 0.0), v(1.0, 0.0, 0.0));
    assert_eq!(way(1, 0.0, 0.3, 0.0), v(0.0, -1.0, 0.0));
    assert_eq!(way(2, 0.0, 0.0, -0.3), v(0.0, 0.0, 1.0));
    let cone = way(3, 0.1, 0.0, -0.05);
    assert!((cone - v(-1.0, 0.0, -1.0) / 2.0_f64.sqrt()).norm() < 1e-12, "{cone}");
    assert_eq!(way(3, 0.0, 0.0, 0.1), v(0.0, 0.0, -1.0), "on the axis, behind the cone");
    assert_eq!(way(3, 0.0, 0.0, -0.1), v(0.0, 0.0, -1.0), "on the axis, inside");
    let inside = way(3, 0.01, 0.0, -0.05);
    assert!((inside - v(-1.0, 0.0, -1.0) / 2.0_f64.sqrt()).norm() < 1e-12, "{inside}");
    let behind = way(3, 0.03, 0.0, 0.04);
    assert!((behind - v(-0.6, 0.0, -0.8)).norm() < 1e-12, "to the apex: {behind}");
    assert_eq!(way(4, 0.0, 0.0, -0.2), v(0.0, 0.0, 1.0));
    assert_eq!(way(5, 0.0, 0.0, -0.01), v(0.0, 0.0, -1.0));
    assert_eq!(way(5, 0.0, 0.0, 0.0), v(0.0, 0.0, -1.0), "in the centre: into the body");
    assert_eq!(way(6, 0.05, 0.0, -0.1), v(1.0, 0.0, 0.0));
    assert_eq!(way(6, 0.03, 0.0, -0.1), v(0.0, 0.0, 1.0), "in the middle: any way");
    // Out of the box by its nearest face, and away from it by the widest gap.
    assert_eq!(way(7, -0.031, 0.0, -0.1), v(1.0, 0.0, 0.0));
    assert_eq!(way(7, -0.049, 0.0, -0.1), v(-1.0, 0.0, 0.0));
    assert_eq!(way(7, -0.04, -0.019, -0.1), v(0.0, -1.0, 0.0));
    assert_eq!(way(7, -0.04, 0.0, -0.07), v(0.0, 0.0, 1.0));
    assert!((way(8, 0.0, 0.0, -0.2) - v(0.1, 0.0, 1.0).normalize()).norm() < 1e-12);
    // What the region does not have, nobody needs to leave.
    for index in [10, 21, 22, 1000] {
        assert_eq!(way(index, 0.0, 0.0, 0.0), Vector3::zeros());
    }
    assert_eq!(region(None, &[]).way_out(3, &v(0.0, 0.0, 1.0)), Vector3::zeros());
    // The middle of the box is where its walls are left.
    let shifted = Region::new(v(1.0, 1.0, 1.0), v(3.0, 2.0, 2.0), None, &[]).unwrap();
    assert_eq!(shifted.way_out(0, &v(1.9, 0.0, 0.0)), v(1.0, 0.0, 0.0));
    assert_eq!(shifted.way_out(0, &v(2.1, 0.0, 0.0)), v(-1.0, 0.0, 0.0));
}

#[test]
fn a_target_outside_is_moved_to_the_edge() {
    let r = theatre();
    let from = v(0.0, 0.0, -0.07);
    let moved = |x, y, z| r.clamped(&v(x, y, z), &from);
    assert_eq!(moved(0.01, 0.0, -0.07), (v(0.01, 0.0, -0.07), None));
    // Beside the cone: onto its side by the shortest way.
    let (p, cause) = moved(0.07, 0.0, -0.05);
    assert_eq!(cause, Some(Constraint::Port));
    assert!((p - v(0.06, 0.0, -0.06)).norm() < 1e-9, "{p}");
    let (p, cause) = moved(0.0, 0.0, -0.01);
    assert_eq!((cause, near(p.z, -0.02)), (Some(Constraint::Port), true));
    let (p, cause) = moved(0.038, 0.0, -0.1);
    assert_eq!(cause, Some(Constraint::Zone(0)));
    assert!((p - v(0.042, 0.0, -0.1)).norm() < 1e-9, "{p}");
    let (p, cause) = moved(-0.034, 0.0, -0.1);
    assert_eq!(cause, Some(Constraint::Zone(1)));
    assert!((p - v(-0.028, 0.0, -0.1)).norm() < 1e-9, "{p}");
    // The first cause is kept, and all others are kept off as well.
    let (p, cause) = moved(0.5, 0.5, -0.5);
    assert_eq!(cause, Some(Constraint::Workspace));
    assert!(r.outside_m(&p) <= 2e-12);
}

#[test]
fn a_tip_that_is_out_may_stand_or_come_back_and_go_no_further() {
    let r = region(None, &[sphere(0.1, 0.0, 0.0, 0.02, 0.0)]);
    let from = v(0.25, 0.3, 0.0);
    assert_eq!(r.clamped(&from, &from), (from, None));
    assert_eq!(r.clamped(&v(0.23, 0.0, 0.0), &from), (v(0.23, 0.0, 0.0), None));
    let (p, cause) = r.clamped(&v(0.4, 0.1, 0.0), &from);
    assert!((p - v(0.25, 0.1, 0.0)).norm() < 1e-12, "{p}");
    assert_eq!(cause, Some(Constraint::Workspace));
    // Inside a zone at a depth of 5 mm: not deeper.
    let from = v(0.115, 0.0, 0.0);
    let (p, cause) = r.clamped(&v(0.105, 0.0, 0.0), &from);
    assert!((p - from).norm() < 1e-12, "{p}");
    assert_eq!(cause, Some(Constraint::Zone(0)));
    assert_eq!(r.clamped(&v(0.119, 0.0, 0.0), &from).1, None);
}

#[test]
fn where_no_place_is_found_it_stays() {
    // Between two walls that meet in an edge far away the target is pushed to and fro.
    let zones = [
        half_space(Vector3::zeros(), v(1.0, 0.01, 0.0), 0.0),
        half_space(Vector3::zeros(), v(-1.0, 0.01, 0.0), 0.0),
    ];
    let r = region(None, &zones);
    let from = v(0.0, 0.1, 0.0);
    assert_eq!(r.clamped(&v(0.0, -0.19, 0.0), &from), (from, Some(Constraint::Zone(0))));
}

#[test]
fn a_region_needs_room_and_bodies() {
    let new =
        |port, zones: &[Zone]| Region::new(v(-0.2, -0.2, -0.2), v(0.2, 0.2, 0.2), port, zones);
    let ball = sphere(0.0, 0.0, 0.0, 0.01, 0.0);
    assert!(new(None, &[ball; ZONES_MAX]).is_ok());
    assert_eq!(new(None, &[ball; 17]), Err(RegionError::TooManyZones { given: 17 }));
    for (min, max) in [
        (v(0.0, 0.0, 0.0), v(0.0, 1.0, 1.0)),
        (v(0.0, 2.0, 0.0), v(1.0, 1.0, 1.0)),
        (v(0.0, 0.0, f64::NAN), v(1.0, 1.0, 1.0)),
        (v(0.0, 0.0, 0.0), v(1.0, 1.0, f64::INFINITY)),
        (v(f64::NEG_INFINITY, 0.0, 0.0), v(1.0, 1.0, 1.0)),
    ] {
        assert_eq!(Region::new(min, max, None, &[]), Err(RegionError::NoWorkspace));
        assert_eq!(
            new(None, &[ball, cuboid(min, max, 0.0)]),
            Err(RegionError::NoZone { number: 1 })
        );
    }
    for bad in [
        Port { cone_max_rad: 0.0, ..port() },
        Port { cone_max_rad: FRAC_PI_2, ..port() },
        Port { cone_max_rad: f64::NAN, ..port() },
        Port { axis: Vector3::zeros(), ..port() },
        Port { axis: v(f64::NAN, 0.0, 1.0), ..port() },
        Port { axis: v(f64::INFINITY, 0.0, 1.0), ..port() },
        Port { centre: v(0.0, f64::NAN, 0.0), ..port() },
        Port { depth_min_m: -0.01, ..port() },
        Port { depth_min_m: 0.15, ..port() },
        Port { depth_max_m: f64::INFINITY, ..port() },
        Port { depth_max_m: f64::NAN, ..port() },
    ] {
        assert_eq!(new(Some(bad), &[]), Err(RegionError::NoPort), "{bad:?}");
    }
    assert!(new(Some(Port { depth_min_m: 0.0, ..port() }), &[]).is_ok());
    for bad in [
        sphere(0.0, 0.0, 0.0, 0.0, 0.0),
        sphere(0.0, 0.0, 0.0, -0.01, 0.02),
        sphere(0.0, 0.0, 0.0, f64::NAN, 0.0),
        sphere(0.0, 0.0, 0.0, f64::INFINITY, 0.0),
        sphere(0.0, 0.0, 0.0, 0.01, -0.001),
        sphere(0.0, 0.0, 0.0, 0.01, f64::NAN),
        sphere(0.0, 0.0, 0.0, 0.01, f64::INFINITY),
        sphere(f64::NAN, 0.0, 0.0, 0.01, 0.0),
        half_space(v(0.0, 0.0, f64::NAN), v(0.0, 0.0, 1.0), 0.0),
        half_space(Vector3::zeros(), Vector3::zeros(), 0.0),
        half_space(Vector3::zeros(), v(0.0, f64::NAN, 0.0), 0.0),
    ] {
        assert_eq!(new(None, &[bad]), Err(RegionError::NoZone { number: 0 }), "{bad:?}");
    }
}

#[test]
fn a_constraint_has_a_name() {
    let names: Vec<_> = [Constraint::Workspace, Constraint::Port, Constraint::Zone(3)]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["workspace", "port", "zone 3"]);
}

fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![8 => -0.25..0.25_f64, 1 => -2.0..2.0_f64, 1 => -1e6..1e6_f64]
}

pub(in crate::core::governor) fn point() -> impl Strategy<Value = Vector3<f64>> {
    (coordinate(), coordinate(), coordinate()).prop_map(|(x, y, z)| v(x, y, z))
}

fn zone() -> impl Strategy<Value = Zone> {
    let place = || (-0.2..0.2_f64, -0.2..0.2_f64, -0.2..0.2_f64).prop_map(|(x, y, z)| v(x, y, z));
    let size = || (0.001..0.1_f64, 0.001..0.1_f64, 0.001..0.1_f64).prop_map(|(x, y, z)| v(x, y, z));
    let shape = prop_oneof![
        (place(), 0.001..0.1_f64).prop_map(|(centre, radius)| Shape::Sphere { centre, radius }),
        (place(), size()).prop_map(|(min, size)| Shape::Box { min, max: min + size }),
        (place(), place()).prop_map(|(point, normal)| Shape::HalfSpace { point, normal }),
    ];
    (shape, 0.0..0.01_f64).prop_map(|(shape, margin_m)| Zone { shape, margin_m })
}

/// A box of 40 cm, any port in it or none, and up to four zones.
pub(in crate::core::governor) fn any_region() -> impl Strategy<Value = Region> {
    let place = || (-0.2..0.2_f64, -0.2..0.2_f64, -0.2..0.2_f64).prop_map(|(x, y, z)| v(x, y, z));
    let port = (place(), place(), 0.01..1.56_f64, 0.0..0.1_f64, 0.001..0.2_f64).prop_map(
        |(centre, axis, cone_max_rad, depth_min_m, depth)| {
            // Whatever is tried as the simplest failure still has an axis.
            let axis = axis + v(0.0, 0.0, 1e-3);
            let depth_max_m = depth_min_m + depth;
            Port { centre, axis, cone_max_rad, depth_min_m, depth_max_m }
        },
    );
    (proptest::option::of(port), proptest::collection::vec(zone(), 0..5))
        .prop_map(|(port, zones)| region(port, &zones))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2_000)))]

    /// No point of a box is deeper than the box.
    #[test]
    fn a_box_is_never_less_outside_than_its_points(
        region in any_region(),
        a in point(),
        b in point(),
        shares in proptest::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64, 0.0..=1.0_f64), 20),
    ) {
        let (low, high) = (a.inf(&b), a.sup(&b));
        let whole = region.excess(&low, &high);
        let corners = (0..8).map(|i| v(f64::from(i & 1), f64::from(i >> 1 & 1), f64::from(i >> 2)));
        for share in shares.into_iter().map(|(x, y, z)| v(x, y, z)).chain(corners) {
            let p = low + (high - low).component_mul(&share);
            let single = region.excess(&p, &p);
            for (inside, of_box) in single.entries().zip(whole.entries()) {
                let slack = 1e-12 * (1.0 + low.norm() + high.norm());
                prop_assert!(inside <= of_box + slack, "{inside} > {of_box} at {p}");
            }
            prop_assert!(region.outside_m(&p) >= 0.0);
        }
    }

    /// One step along the way out by the excess leaves the constraint behind.
    #[test]
    fn the_way_out_is_as_long_as_the_excess(region in any_region(), p in point()) {
        let excess = region.excess(&p, &p);
        for (index, beyond) in excess.entries().enumerate() {
            let way = region.way_out(index, &p);
            if beyond > 0.0 {
                prop_assert!((way.norm() - 1.0).abs() < 1e-9);
                let out = p + way * beyond;
                let left = region.excess(&out, &out).entries().nth(index).unwrap();
                prop_assert!(left <= 1e-12 * (1.0 + p.norm()), "{index}: {left}");
            }
        }
    }

    #[test]
    fn a_clamped_target_is_inside_or_no_deeper(region in any_region(), target in point(), from in point()) {
        let (p, cause) = region.clamped(&target, &from);
        let reach = region.excess(&from, &from);
        prop_assert_eq!(region.excess(&p, &p).within(&reach), Ok(()));
        let is_free = region.excess(&target, &target).within(&reach).is_ok();
        prop_assert_eq!(is_free, cause.is_none());
        prop_assert!(!is_free || p == target);
    }
}
