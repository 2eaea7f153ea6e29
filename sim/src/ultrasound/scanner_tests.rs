//! Facts about pictures.

use super::*;
use crate::phantom::Placement;

const SIZE: (usize, usize) = (640, 480);

fn scanner() -> Scanner {
    Scanner::new(Probe::default(), Settings::default(), SIZE.0, SIZE.1, 1).unwrap()
}

fn picture(scanner: &mut Scanner, phantom: &Phantom, placement: &Placement, t_s: f64) -> Vec<u8> {
    let mut out = vec![0; SIZE.0 * SIZE.1];
    scanner.render(phantom, &phantom.probe_pose(placement), t_s, &mut out).unwrap();
    out
}

fn belly() -> Placement {
    Placement { press_m: 0.008, ..Placement::default() }
}

/// Mean grey of the pixels within `radius_m` of a place of the body frame, or nothing outside the picture's plane.
fn grey_at(
    scanner: &Scanner,
    phantom: &Phantom,
    placement: &Placement,
    picture: &[u8],
    body: [f64; 3],
) -> f64 {
    let pose = phantom.probe_pose(placement);
    let place = phantom.centre() + nalgebra::Vector3::from(body);
    let local = pose.inverse_transform_point(&place);
    let (column, row) = scanner.pixel_at(local.x, local.z);
    let (mut sum, mut n) = (0.0, 0.0);
    for dy in -6..=6_i32 {
        for dx in -6..=6_i32 {
            let (c, r) = ((column as i32 + dx) as usize, (row as i32 + dy) as usize);
            sum += f64::from(picture[r * SIZE.0 + c]);
            n += 1.0;
        }
    }
    sum / n
}

#[test]
fn lifted_is_black_and_contact_is_not() {
    let (mut scanner, phantom) = (scanner(), Phantom::shipped().unwrap());
    let lifted = picture(&mut scanner, &phantom, &Placement { press_m: -0.01, ..belly() }, 0.0);
    assert!(lifted.iter().all(|g| *g == 0));
    assert!(scanner.coupled_part() == 0.0);
    let touching = picture(&mut scanner, &phantom, &belly(), 0.0);
    let mean = touching.iter().map(|g| f64::from(*g)).sum::<f64>() / touching.len() as f64;
    assert!(mean > 25.0, "{mean}");
    assert!(scanner.coupled_part() > 0.95, "{}", scanner.coupled_part());
}

#[test]
fn a_rocked_probe_loses_one_side_of_the_picture() {
    let (mut scanner, phantom) = (scanner(), Phantom::shipped().unwrap());
    let rocked = Placement { rock_rad: 0.3, press_m: 0.001, ..belly() };
    let picture = picture(&mut scanner, &phantom, &rocked, 0.0);
    assert!((0.2..0.8).contains(&scanner.coupled_part()), "{}", scanner.coupled_part());
    let side = |range: std::ops::Range<usize>| {
        picture
            .chunks_exact(SIZE.0)
            .flat_map(|r| &r[range.clone()])
            .map(|g| u64::from(*g))
            .sum::<u64>()
    };
    assert!(side(0..300) > 10 * side(340..640).max(1));
}

#[test]
fn vessels_are_dark_the_liver_is_grey_and_bone_is_bright_with_dark_behind() {
    let (mut scanner, phantom) = (scanner(), Phantom::shipped().unwrap());
    let picture = picture(&mut scanner, &phantom, &belly(), 0.0);
    let grey = |body| grey_at(&scanner, &phantom, &belly(), &picture, body);
    let (aorta, cava) = (grey([0.013, 0.0, -0.016]), grey([-0.020, 0.0, -0.017]));
    let tissue = grey([0.0, 0.0, 0.05]);
    let (front, behind) = (grey([0.0, 0.0, -0.032]), grey([0.0, 0.0, -0.044]));
    assert!(aorta < 0.3 * tissue && cava < 0.3 * tissue, "{aorta} {cava} {tissue}");
    assert!(tissue > 40.0, "{tissue}");
    assert!(front > 1.2 * tissue, "{front} {tissue}");
    assert!(behind < 0.25 * tissue, "{behind} {tissue}");
}

#[test]
fn behind_the_gallbladder_it_is_brighter_than_beside_it() {
    let (mut scanner, phantom) = (scanner(), Phantom::shipped().unwrap());
    let place = Placement { x_m: -0.048, y_m: 0.012, ..belly() };
    let picture = picture(&mut scanner, &phantom, &place, 0.0);
    // Along the beam axis, 20 mm behind the gallbladder, and the same depth 25 mm to the side.
    let pose = phantom.probe_pose(&place);
    let body = |x: f64, z: f64| {
        let p = pose * nalgebra::Point3::new(x, 0.0, z) - phantom.centre();
        [p.x, p.y, p.z]
    };
    let grey = |x, z| grey_at(&scanner, &phantom, &place, &picture, body(x, z));
    let bladder = pose.inverse_transform_point(
        &(phantom.centre() + nalgebra::Vector3::new(-0.048, 0.012, 0.042)),
    );
    assert!(grey(bladder.x, bladder.z) < 20.0);
    let behind = grey(bladder.x, bladder.z + 0.03);
    let beside = grey(bladder.x - 0.035, bladder.z + 0.02);
    assert!(behind > 1.1 * beside, "{behind} {beside}");
}

/// A body of one medium without texture or wall.
fn even() -> Phantom {
    losing(0.5)
}

#[test]
fn liver_is_middle_grey_from_near_to_far() {
    let (mut scanner, phantom) = (scanner(), even());
    let picture = picture(&mut scanner, &phantom, &belly(), 0.0);
    for z in [0.03, 0.06, 0.09, 0.12, 0.15] {
        let (column, row) = scanner.pixel_at(0.0, z);
        let rows = picture.chunks_exact(SIZE.0).skip(row as usize - 5).take(10);
        let patch: Vec<u8> =
            rows.flat_map(|r| r[column as usize - 30..column as usize + 30].to_vec()).collect();
        let mean = patch.iter().map(|g| f64::from(*g)).sum::<f64>() / patch.len() as f64;
        assert!((60.0..140.0).contains(&mean), "{mean} at {z}");
    }
}

#[test]
fn one_pose_is_one_picture_and_another_pose_is_another() {
    let (mut a, mut b, phantom) = (scanner(), scanner(), Phantom::shipped().unwrap());
    let first = picture(&mut a, &phantom, &belly(), 0.0);
    let moved = picture(&mut a, &phantom, &Placement { x_m: 0.004, ..belly() }, 0.0);
    assert_ne!(first, moved);
    assert!(first == picture(&mut a, &phantom, &belly(), 0.0), "the scanner remembers");
    assert!(first == picture(&mut b, &phantom, &belly(), 0.0), "two scanners differ");
    let beat = picture(&mut a, &phantom, &belly(), 0.13);
    assert_ne!(first, beat);
}

/// Speckle belongs to the tissue: when the probe moves sideways, the pattern moves the other way.
#[test]
fn speckle_moves_with_the_tissue() {
    let phantom = even();
    let probe = Probe::linear();
    let settings = Settings::small_parts();
    let mut scanner = Scanner::new(probe, settings, SIZE.0, SIZE.1, 1).unwrap();
    let mut at = |x_m: f64| {
        let pose = phantom.probe_pose(&belly());
        let shift =
            nalgebra::Translation3::from(pose.rotation * nalgebra::Vector3::new(x_m, 0.0, 0.0));
        let mut out = vec![0; SIZE.0 * SIZE.1];
        scanner.render(&phantom, &(shift * pose), 0.0, &mut out).unwrap();
        out
    };
    let (before, after) = (at(0.0), at(0.002));
    let pixels = (0.002 / scanner.metres_per_pixel()).round() as usize;
    let likeness = |shift: usize| {
        let pairs: Vec<(f64, f64)> = (150..350)
            .flat_map(|row| (200..400).map(move |column| row * SIZE.0 + column))
            .map(|i| (f64::from(before[i + shift]), f64::from(after[i])))
            .collect();
        let n = pairs.len() as f64;
        let (ma, mb) = pairs.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
        let sum = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
        sum(&|p| (p.0 - ma) * (p.1 - mb))
            / (sum(&|p| (p.0 - ma).powi(2)) * sum(&|p| (p.1 - mb).powi(2))).sqrt()
    };
    assert!(likeness(pixels) > 0.7, "{}", likeness(pixels));
    assert!(likeness(0) < 0.3, "{}", likeness(0));
}

#[test]
fn nonsense_is_refused_and_leaves_the_picture_alone() {
    assert!(matches!(
        Scanner::new(Probe::default(), Settings::default(), 8, 480, 1),
        Err(ScannerError::Size { width: 8, .. })
    ));
    let deep = Settings { depth_m: f64::NAN, ..Settings::default() };
    let mut scanner = scanner();
    assert!(matches!(scanner.set(deep), Err(ScannerError::Setting { setting: "depth_m", .. })));
    let phantom = Phantom::shipped().unwrap();
    let mut pose = phantom.probe_pose(&belly());
    let mut out = vec![7; SIZE.0 * SIZE.1];
    assert!(matches!(
        scanner.render(&phantom, &pose, 0.0, &mut out[1..]),
        Err(ScannerError::Buffer { .. })
    ));
    pose.translation.vector.x = f64::INFINITY;
    assert_eq!(scanner.render(&phantom, &pose, 0.0, &mut out), Err(ScannerError::Pose));
    assert!(out.iter().all(|g| *g == 7));
}

#[test]
fn more_gain_is_a_brighter_picture() {
    let (mut scanner, phantom) = (scanner(), Phantom::shipped().unwrap());
    let sum = |p: &[u8]| p.iter().map(|g| u64::from(*g)).sum::<u64>();
    let plain = sum(&picture(&mut scanner, &phantom, &belly(), 0.0));
    scanner.set(Settings { gain_db: 10.0, ..Settings::default() }).unwrap();
    assert!(sum(&picture(&mut scanner, &phantom, &belly(), 0.0)) > plain * 5 / 4);
}

/// Mean grey around a place of the probe's plane (lateral, depth).
fn mean_at(scanner: &Scanner, picture: &[u8], x_m: f64, z_m: f64) -> f64 {
    let (column, row) = scanner.pixel_at(x_m, z_m);
    let rows = picture.chunks_exact(SIZE.0).skip(row as usize - 4).take(8);
    let patch: Vec<u8> =
        rows.flat_map(|r| r[column as usize - 8..column as usize + 8].to_vec()).collect();
    patch.iter().map(|g| f64::from(*g)).sum::<f64>() / patch.len() as f64
}

/// The right lobe under the linear probe, as the simulated robot shows it first.
fn neck() -> (Scanner, Phantom, Placement) {
    let exam = crate::Exam::Thyroid;
    let scanner = Scanner::new(exam.probe(), exam.settings(), SIZE.0, SIZE.1, 1).unwrap();
    (scanner, exam.phantom().unwrap(), exam.ready())
}

#[test]
fn the_neck_shows_gland_vessels_and_a_windpipe_with_shadow() {
    let (mut scanner, phantom, at) = neck();
    let picture = picture(&mut scanner, &phantom, &at, 0.0);
    assert!(scanner.coupled_part() > 0.95, "{}", scanner.coupled_part());
    let grey = |body: [f64; 3]| {
        let place = phantom.centre() + nalgebra::Vector3::from(body);
        let local = phantom.probe_pose(&at).inverse_transform_point(&place);
        mean_at(&scanner, &picture, local.x, local.z)
    };
    let (gland, muscle) = (grey([-0.014, 0.0, 0.041]), grey([-0.034, 0.0, 0.0475]));
    let (artery, vein) = (grey([-0.0295, 0.008, 0.0345]), grey([-0.036, 0.008, 0.037]));
    let (cyst, behind_air) = (grey([-0.0185, 0.008, 0.043]), grey([-0.001, 0.0, 0.023]));
    assert!(gland > 70.0 && gland > 1.4 * muscle, "{gland} {muscle}");
    assert!(artery < 0.2 * gland && vein < 0.2 * gland, "{artery} {vein} {gland}");
    assert!(cyst < 0.3 * gland, "{cyst} {gland}");
    assert!(behind_air < 0.15 * gland, "{behind_air} {gland}");
}

/// The wall of the artery moves a quarter of a millimetre: a few pixels, at the wall and not in the gland.
#[test]
fn the_carotid_beats_in_the_picture_and_the_gland_does_not() {
    let (mut scanner, phantom, at) = neck();
    let (rest, beat) =
        (picture(&mut scanner, &phantom, &at, 0.0), picture(&mut scanner, &phantom, &at, 0.13));
    let place = phantom.centre() + nalgebra::Vector3::new(-0.0295, 0.008, 0.0345);
    let artery = phantom.probe_pose(&at).inverse_transform_point(&place);
    let changed = |x_m: f64, z_m: f64| {
        let (column, row) = scanner.pixel_at(x_m, z_m);
        let half = (0.0045 / scanner.metres_per_pixel()) as usize;
        (row as usize - half..row as usize + half)
            .flat_map(|r| (column as usize - half..column as usize + half).map(move |c| (r, c)))
            .filter(|(r, c)| rest[r * SIZE.0 + c].abs_diff(beat[r * SIZE.0 + c]) > 20)
            .count()
    };
    let (vessel, gland) = (changed(artery.x, artery.z), changed(0.003, 0.021));
    assert!(vessel > 100 && vessel > 10 * gland.max(1), "{vessel} {gland}");
}

/// The spine is seen at 160 mm and lies below a picture of 80 mm; the gland keeps its brightness.
#[test]
fn a_greater_depth_shows_more_and_no_darker() {
    let phantom = Phantom::shipped().unwrap();
    let mut scanner = scanner();
    let deep = picture(&mut scanner, &phantom, &belly(), 0.0);
    let deep_mm = scanner.metres_per_pixel() * SIZE.1 as f64 * 1e3;
    let liver_deep = mean_at(&scanner, &deep, 0.0, 0.045);
    scanner.set(Settings { depth_m: 0.08, focus_m: 0.04, ..Settings::default() }).unwrap();
    let near = picture(&mut scanner, &phantom, &belly(), 0.0);
    let near_mm = scanner.metres_per_pixel() * SIZE.1 as f64 * 1e3;
    let liver_near = mean_at(&scanner, &near, 0.0, 0.045);
    assert!(deep_mm > 155.0 && (80.0..110.0).contains(&near_mm), "{deep_mm} {near_mm}");
    assert!((liver_deep / liver_near - 1.0).abs() < 0.25, "{liver_deep} {liver_near}");
    let spine = phantom.centre() + nalgebra::Vector3::new(0.0, 0.0, -0.032);
    let spine = phantom.probe_pose(&belly()).inverse_transform_point(&spine);
    let (_, row) = scanner.pixel_at(spine.x, spine.z);
    assert!(row > SIZE.1 as f64, "the spine is at row {row} of a shallow picture");
}

#[test]
fn each_probe_takes_what_it_can_do_and_refuses_the_rest_by_name() {
    let refused = |probe: Probe, settings: Settings| match settings.check(&probe) {
        Err(ScannerError::Setting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    for (probe, plain) in
        [(Probe::curved(), Settings::abdomen()), (Probe::linear(), Settings::small_parts())]
    {
        let ranges = probe.ranges();
        assert!(plain.check(&probe).is_ok());
        for depth_m in [ranges.depth_m.0, ranges.depth_m.1] {
            for frequency_mhz in [ranges.frequency_mhz.0, ranges.frequency_mhz.1] {
                for focus_m in [ranges.focus_m.0, ranges.focus_m.1] {
                    let settings = Settings { depth_m, frequency_mhz, focus_m, ..plain };
                    let mut scanner = Scanner::new(probe, settings, 64, 64, 1).unwrap();
                    let phantom = even();
                    let mut out = vec![0; 64 * 64];
                    scanner.render(&phantom, &phantom.probe_pose(&belly()), 0.0, &mut out).unwrap();
                    assert!(scanner.power().iter().all(|p| p.is_finite()));
                }
            }
        }
        let above = |x: (f64, f64)| x.1 * 1.01;
        let (depth_m, focus_m) = (above(ranges.depth_m), above(ranges.focus_m));
        let frequency_mhz = ranges.frequency_mhz.0 * 0.99;
        assert_eq!(refused(probe, Settings { depth_m, ..plain }), "depth_m");
        assert_eq!(refused(probe, Settings { focus_m, ..plain }), "focus_m");
        assert_eq!(refused(probe, Settings { gain_db: f64::NAN, ..plain }), "gain_db");
        assert_eq!(refused(probe, Settings { frequency_mhz, ..plain }), "frequency_mhz");
    }
    assert_eq!(refused(Probe::linear(), Settings::abdomen()), "depth_m");
}

#[path = "statistics_tests.rs"]
mod statistics;

use statistics::losing;
