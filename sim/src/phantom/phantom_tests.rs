//! Facts about the phantom.

use proptest::prelude::*;

use super::*;

fn torso() -> Phantom {
    Phantom::shipped().unwrap()
}

fn name_at(torso: &Phantom, x: f64, y: f64, z: f64) -> String {
    let at = torso.centre() + Vector3::new(x, y, z);
    torso.medium_name(torso.tissue_at(&at, 0.0).medium).to_owned()
}

#[test]
fn the_belly_is_where_the_file_says() {
    let torso = torso();
    let top = Point3::new(0.5, 0.0, 0.25);
    assert!(torso.surface_distance(&top, 0.0).abs() < 1e-9);
    assert!((torso.surface_normal(&top, 0.0).into_inner() - Vector3::z()).norm() < 1e-6);
    let above = Point3::new(0.5, 0.0, 0.28);
    assert!((torso.surface_distance(&above, 0.0) - 0.03).abs() < 1.5e-3);
    let below = Point3::new(0.5, 0.0, 0.22);
    assert!((torso.surface_distance(&below, 0.0) + 0.03).abs() < 1.5e-3);
}

#[test]
fn organs_are_where_anatomy_puts_them() {
    let torso = torso();
    assert_eq!(name_at(&torso, -0.10, 0.09, 0.0), "liver");
    assert_eq!(name_at(&torso, 0.013, 0.0, -0.016), "blood");
    assert_eq!(name_at(&torso, -0.020, 0.0, -0.017), "blood");
    assert_eq!(name_at(&torso, 0.0, 0.0, -0.055), "bone");
    assert_eq!(name_at(&torso, -0.048, 0.012, 0.042), "bile");
    assert_eq!(name_at(&torso, -0.079, -0.015, -0.026), "kidney sinus");
    assert_eq!(name_at(&torso, 0.0, 0.0, 0.109), "skin");
    assert_eq!(name_at(&torso, 0.0, 0.0, 0.104), "fat");
    assert_eq!(name_at(&torso, 0.0, 0.0, 0.094), "muscle");
    assert_eq!(name_at(&torso, 0.0, 0.0, 0.12), "air");
}

#[test]
fn the_neck_is_where_anatomy_puts_it() {
    let neck = Phantom::neck().unwrap();
    let top = Point3::new(0.5, 0.0, 0.25);
    assert!(neck.surface_distance(&top, 0.0).abs() < 1e-9);
    for (x, y, z, name) in [
        (-0.0165, 0.0, 0.0405, "thyroid"),
        (0.0, 0.0, 0.0476, "thyroid"),
        (-0.0185, 0.009, 0.043, "colloid"),
        (0.0175, -0.002, 0.0375, "nodule"),
        (0.0, 0.0, 0.0345, "air"),
        (0.0, 0.0, 0.0433, "cartilage"),
        (-0.0292, 0.0, 0.0345, "blood"),
        (0.037, 0.0, 0.0372, "blood"),
        (0.013, 0.0, 0.027, "gullet lining"),
        (0.0, 0.0, 0.0, "bone"),
        (0.0, 0.0, 0.0595, "skin"),
    ] {
        assert_eq!(name_at(&neck, x, y, z), name, "{x} {y} {z}");
    }
}

#[test]
fn arteries_swell_with_the_beat() {
    let torso = torso();
    let wall = torso.centre() + Vector3::new(0.013 + 0.0102, 0.0, -0.016);
    let at = |t: f64| torso.tissue_at(&wall, t).impedance;
    assert_eq!(at(0.0), Impedance::Soft);
    assert_eq!(at(0.15 / HEART_HZ), Impedance::Fluid);
}

#[test]
fn breathing_lifts_the_belly_and_its_organs() {
    let text = SHIPPED.replacen("breathing_m = 0.0 ", "breathing_m = 0.01 ", 1);
    let torso = Phantom::from_toml(&text).unwrap();
    let top = Point3::new(0.5, 0.0, 0.25);
    assert!(torso.surface_distance(&top, 0.0).abs() < 1e-9);
    assert!((torso.surface_distance(&top, 2.0) + 0.01).abs() < 1e-4);
    let held = Phantom::shipped().unwrap();
    assert!(held.surface_distance(&top, 2.0).abs() < 1e-9);
}

#[test]
fn a_point_that_is_not_a_number_is_outside() {
    let torso = torso();
    let nowhere = Point3::new(f64::NAN, 0.0, 0.2);
    assert!(torso.surface_distance(&nowhere, 0.0) > 0.0);
    assert_eq!(torso.tissue_at(&nowhere, 0.0), Tissue::AIR);
}

#[test]
fn refusals_name_the_key() {
    let refuse = |from: &str, to: &str| {
        assert!(SHIPPED.contains(from), "{from}");
        Phantom::from_toml(&SHIPPED.replacen(from, to, 1)).unwrap_err()
    };
    assert!(matches!(
        refuse("exponent = 2.5", "exponent = nan"),
        ModelError::Range { key, .. } if key == "surface.exponent"
    ));
    assert!(matches!(
        refuse("medium = \"skin\"", "medium = \"hide\""),
        ModelError::UnknownName { key, name } if key == "layer[0].medium" && name == "hide"
    ));
    assert!(matches!(
        refuse("half_axes_m = [0.085,", "half_axes_m = [-0.085,"),
        ModelError::Range { key, .. } if key == "organ[0].half_axes_m[0]"
    ));
    assert!(matches!(
        refuse("shape = \"tube\"", "shape = \"cube\""),
        ModelError::Syntax { line, .. } if line > 100
    ));
    assert!(matches!(refuse("echo_db = -3.5", ""), ModelError::Syntax { .. }));
}

proptest! {
    /// A traced beam and the tissue at each point of it agree, below the wall.
    #[test]
    fn a_traced_beam_agrees_with_the_tissue_at_its_points(
        x in -0.12_f64..0.12, y in -0.15_f64..0.15,
        rock in -0.6_f64..0.6, tilt in -0.5_f64..0.5, t in 0.0_f64..3.0,
    ) {
        let torso = torso();
        let pose = torso.probe_pose(&Placement {
            x_m: x, y_m: y, rock_rad: rock, tilt_rad: tilt, ..Placement::default()
        });
        let origin = Point3::from(pose.translation.vector);
        let direction = pose.rotation * Vector3::z();
        let mut path = BeamPath::default();
        torso.trace(&origin, &direction, t, &mut path);
        for k in 0..160 {
            let way = f64::from(k) * 1e-3 + 0.5e-3;
            let point = origin + direction * way;
            if torso.surface_distance(&point, t) > -torso.wall_m() - 1e-3 {
                continue;
            }
            // Within a hair of an interface both answers are right.
            if path.segments().iter().any(|s| (s.end_m - way).abs() < 1e-5) {
                continue;
            }
            let traced = path.segments().iter().find(|s| way < s.end_m).unwrap().medium;
            prop_assert_eq!(torso.tissue_at(&point, t).medium, traced, "at {}", way);
        }
    }

    /// The distance falls below zero exactly inside, and the normal leads outward.
    #[test]
    fn the_normal_leads_out(x in -0.2_f64..0.2, y in -0.4_f64..0.4, z in -0.15_f64..0.15) {
        let torso = torso();
        prop_assume!(x.abs() + y.abs() + z.abs() > 0.02);
        let p = torso.centre() + Vector3::new(x, y, z);
        let skin = torso.skin_point(&p, 0.0);
        let out = torso.surface_distance(&(p + skin.normal.into_inner() * 1e-4), 0.0);
        prop_assert!(skin.distance_m.is_finite());
        prop_assert!(out > skin.distance_m);
    }
}
