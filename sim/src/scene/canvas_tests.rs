use super::*;

const LAMP: Lamp = Lamp { toward: None, ambient: 0.2, reach_m: f32::INFINITY, strength: 1.0 };

fn camera() -> Camera {
    Camera { pose: Isometry3::identity(), field_rad: 1.0, baseline_m: 0.01 }
}

/// A small bright square in front of the eye, 0.2 m away.
fn mark() -> Mesh {
    let mut mesh = Mesh::new(Gloss::MATT);
    let sides = [Vector3::x() * 0.004, Vector3::y() * 0.004];
    mesh.plate(Point3::new(0.018, 0.008, -0.2), sides, 1, Light::new(1.0, 0.1, 0.1));
    mesh
}

fn shot(eye: Eye) -> Picture {
    let mut canvas = Canvas::new(320, 240, 0.0);
    canvas.clear(&Light::zeros());
    canvas.draw(&mark(), &Isometry3::identity(), (&camera(), eye), &LAMP);
    let mut picture = Picture::black(320, 240);
    canvas.develop(&mut picture, 0);
    picture
}

/// Middle of what is bright in columns `from` on, of `wide` columns. Unit: pixel.
fn middle(picture: &Picture, from: usize, wide: usize) -> (f32, f32) {
    let stride = usize::from(picture.width);
    let (mut sum, mut count) = ((0.0, 0.0), 0.0_f32);
    for (n, _) in picture.grey.iter().enumerate().filter(|(_, grey)| **grey > 40) {
        let (x, y) = (n % stride, n / stride);
        if (from..from + wide).contains(&x) {
            sum = (sum.0 + (x - from) as f32 + 0.5, sum.1 + y as f32 + 0.5);
            count += 1.0;
        }
    }
    assert!(count > 10.0, "nothing is seen");
    (sum.0 / count, sum.1 / count)
}

#[test]
fn a_point_is_drawn_where_the_camera_projects_it_in_its_colour() {
    let picture = shot(Eye::Middle);
    let at = Point3::new(0.02, 0.01, -0.2);
    let (wanted, _) = camera().project(Eye::Middle, (320, 240), &at).unwrap();
    let got = middle(&picture, 0, 320);
    assert!((got.0 - wanted.x).abs() < 0.6 && (got.1 - wanted.y).abs() < 0.6, "{got:?} {wanted}");
    let (column, row) = (got.0 as usize, got.1 as usize);
    let colour = picture.colour.as_ref().unwrap();
    let at = row / 2 * 160 + column / 2;
    assert!(colour.cr[at] > 180 && colour.cb[at] < 120, "{} {}", colour.cr[at], colour.cb[at]);
    assert_eq!((colour.cb[0], colour.cr[0]), (128, 128));
}

/// Stereo: disparity = baseline × focal length / depth.
#[test]
fn both_eyes_side_by_side_see_a_point_apart_by_its_disparity() {
    let mut picture = Picture::black(640, 240);
    for (eye, column) in [(Eye::Left, 0), (Eye::Right, 320)] {
        let mut canvas = Canvas::new(320, 240, 0.0);
        canvas.clear(&Light::zeros());
        canvas.draw(&mark(), &Isometry3::identity(), (&camera(), eye), &LAMP);
        canvas.develop(&mut picture, column);
    }
    let (left, right) = (middle(&picture, 0, 320), middle(&picture, 320, 320));
    let focal_px = 160.0 / 0.5_f32.tan();
    let disparity = 0.01 * focal_px / 0.2;
    assert!((left.0 - right.0 - disparity).abs() < 0.6, "{left:?} {right:?} {disparity}");
    assert!((left.1 - right.1).abs() < 0.1);
}

#[test]
fn what_was_kept_comes_back_and_what_was_drawn_on_it_is_gone() {
    let mut canvas = Canvas::new(320, 240, 0.0);
    canvas.clear(&Light::new(0.2, 0.2, 0.2));
    canvas.keep();
    let mut before = Picture::black(320, 240);
    canvas.develop(&mut before, 0);
    canvas.draw(&mark(), &Isometry3::identity(), (&camera(), Eye::Middle), &LAMP);
    let mut with = Picture::black(320, 240);
    canvas.develop(&mut with, 0);
    canvas.clear(&Light::zeros());
    let mut after = Picture::black(320, 240);
    canvas.develop(&mut after, 0);
    assert!(before.grey != with.grey && before.grey == after.grey);
}

#[test]
fn what_passes_the_eye_is_cut_and_what_is_behind_is_not_drawn() {
    let mut canvas = Canvas::new(320, 240, 0.0);
    let mut floor = Mesh::new(Gloss::MATT);
    let sides = [Vector3::x() * 20.0, Vector3::z() * -20.0];
    floor.plate(Point3::new(-10.0, -1.0, 10.0), sides, 1, Light::repeat(0.8));
    canvas.clear(&Light::zeros());
    canvas.draw(&floor, &Isometry3::identity(), (&camera(), Eye::Middle), &LAMP);
    let mut picture = Picture::black(320, 240);
    canvas.develop(&mut picture, 0);
    let row = |y: usize| picture.grey[y * 320..][..320].iter().filter(|grey| **grey > 0).count();
    assert_eq!((row(60), row(235)), (0, 320), "sky above, floor below");
    let behind = Isometry3::translation(0.0, 0.0, 0.4);
    canvas.clear(&Light::zeros());
    canvas.draw(&mark(), &behind, (&camera(), Eye::Middle), &LAMP);
    canvas.develop(&mut picture, 0);
    assert!(picture.grey.iter().all(|grey| *grey == 0));
}

#[test]
fn the_corners_are_darker_and_the_middle_is_not() {
    let mut canvas = Canvas::new(64, 48, 0.5);
    canvas.clear(&Light::repeat(0.5));
    let mut picture = Picture::black(64, 48);
    canvas.develop(&mut picture, 0);
    let (corner, centre) = (picture.grey[0], picture.grey[24 * 64 + 32]);
    assert!(centre.abs_diff(180) <= 1 && corner < 110, "{corner} {centre}");
    // A picture of another size is left alone.
    let mut other = Picture::black(32, 48);
    canvas.develop(&mut other, 0);
    assert!(other.colour.is_none());
}
