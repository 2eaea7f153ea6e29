//! What the pictures of both robots show is what their plants do.

use core::time::Duration;

use nalgebra::{Isometry3, Point3, UnitQuaternion, Vector3};
use protocol::profile::{Profile, SURGERY};
use protocol::time::Moment;
use robot_agent::picture::{Picture, PictureSource};
use robot_agent::robot::{ArmOrder, Order};

use super::{Eye, Eyes, Filmed, Shown, SurgeryPictures, WardPictures};
use crate::bedside::Plant;
use crate::carebase::{CareModel, CarePlant};
use crate::psm::PsmPlant;
use crate::task::PegBoard;

const SIZE: (u16, u16) = (480, 300);

fn take(pictures: &mut dyn PictureSource) -> Picture {
    let (width, height) = pictures.size();
    let mut picture = Picture::black(width, height);
    let budget = Duration::from_millis(20);
    assert!(pictures.capture(Moment::from_ns(1), budget, &mut picture));
    picture
}

fn surgery(eyes: Eyes) -> (Filmed<PsmPlant>, SurgeryPictures) {
    let view = Profile::parse(SURGERY).unwrap().hand.view_axes().unwrap();
    let (plant, state) = Filmed::new(PsmPlant::shipped(1).unwrap().over(PegBoard::new()));
    (plant, SurgeryPictures::shipped(state, SIZE, (&view, eyes), 1).unwrap())
}

/// Moves the left tip by this, opens both jaws by that.
fn go(plant: &mut Filmed<PsmPlant>, by_m: Vector3<f64>, jaw_rad: f64) {
    plant.enable_drives();
    let start = plant.measure(Moment::from_ns(1)).arms;
    for ms in 1..=600 {
        let s = f64::from(ms.min(400)) / 400.0;
        let mut arms = start.map(|arm| ArmOrder { tip: arm.tip, jaw_rad: s * jaw_rad });
        arms[0].tip.iso =
            Isometry3::from_parts((by_m * s).into(), UnitQuaternion::identity()) * arms[0].tip.iso;
        plant.step(Some(&Order::Servo { arms }));
    }
    plant.shown();
}

/// Middle of what differs between two pictures. Unit: pixel.
fn changed(before: &Picture, after: &Picture) -> Option<(f64, f64, usize)> {
    let wide = usize::from(before.width);
    let both = before.grey.iter().zip(&after.grey).enumerate();
    let places: Vec<_> = both
        .filter(|(_, (a, b))| a.abs_diff(**b) > 24)
        .map(|(n, _)| ((n % wide) as f64, (n / wide) as f64))
        .collect();
    let count = places.len();
    let sum = places.iter().fold((0.0, 0.0), |sum, at| (sum.0 + at.0, sum.1 + at.1));
    (count > 0).then(|| (sum.0 / count as f64, sum.1 / count as f64, count))
}

#[test]
fn the_left_arm_is_on_the_left_and_what_it_does_is_seen_where_its_tip_is() {
    let (mut plant, mut pictures) = surgery(Eyes::One);
    plant.shown();
    let before = take(&mut pictures);
    go(&mut plant, Vector3::new(0.0, -0.03, 0.0), 0.0);
    let after = take(&mut pictures);
    let tip = plant.measure(Moment::from_ns(1)).arms[0].tip.position().cast::<f32>();
    let size = (usize::from(SIZE.0), usize::from(SIZE.1));
    let (seen, _) = pictures.camera().project(Eye::Middle, size, &Point3::from(tip)).unwrap();
    let (x, y, count) = changed(&before, &after).unwrap();
    assert!(x < f64::from(SIZE.0) / 2.0, "the left arm is on the right: {x}");
    assert!(count > 200 && (x - f64::from(seen.x)).abs() < 60.0, "{x}, {y} for {seen}");
}

/// What the hand is promised: right is right in the picture, and up is up.
#[test]
fn a_tip_that_is_moved_along_the_axes_of_the_hand_moves_so_in_the_picture() {
    let (mut plant, pictures) = surgery(Eyes::One);
    let view = Profile::parse(SURGERY).unwrap().hand.view_axes().unwrap();
    let size = (usize::from(SIZE.0), usize::from(SIZE.1));
    let place = |plant: &Filmed<PsmPlant>| {
        let tip = plant.measure(Moment::from_ns(1)).arms[0].tip.position().cast::<f32>();
        pictures.camera().project(Eye::Middle, size, &Point3::from(tip)).unwrap()
    };
    for (hand, right, up) in [(Vector3::x(), 1.0, 0.0), (Vector3::y(), 0.0, 1.0)] {
        let (before, _) = place(&plant);
        go(&mut plant, view * hand * 0.02, 0.0);
        let (after, _) = place(&plant);
        let moved = after - before;
        // Perspective bends the way a little.
        assert!(moved.x * right - moved.y * up > 20.0, "{moved}");
        assert!((moved.x * up).abs() + (moved.y * right).abs() < 4.0, "{moved}");
    }
    let (_, far) = place(&plant);
    go(&mut plant, view * Vector3::z() * 0.01, 0.0);
    assert!((far - place(&plant).1 - 0.01).abs() < 1e-3, "out of the picture is nearer to the eye");
}

#[test]
fn a_jaw_that_opens_is_seen() {
    let (mut plant, mut pictures) = surgery(Eyes::One);
    plant.shown();
    let before = take(&mut pictures);
    go(&mut plant, Vector3::zeros(), 0.9);
    let (_, _, count) = changed(&before, &take(&mut pictures)).unwrap();
    assert!((20..600).contains(&count), "{count} pixels");
}

#[test]
fn both_eyes_have_a_half_of_the_picture_each_and_see_nearly_the_same() {
    let (mut plant, mut pictures) = surgery(Eyes::Both);
    plant.shown();
    let picture = take(&mut pictures);
    let (mut differ, mut bright) = (0, 0);
    for row in picture.grey.chunks_exact(480) {
        let (left, right) = row.split_at(240);
        differ += left.iter().zip(right).filter(|(a, b)| a.abs_diff(**b) > 20).count();
        bright += row.iter().filter(|grey| **grey > 40).count();
    }
    assert!(bright > 100_000, "{bright}");
    assert!((300..30_000).contains(&differ), "{differ}");
}

#[test]
fn a_picture_allocates_nothing_once_there_was_one() {
    let (mut plant, mut surgery) = surgery(Eyes::One);
    plant.shown();
    let model = CareModel::shipped().unwrap();
    let (mut base, state) = Filmed::new(CarePlant::new(model.clone(), 1));
    base.shown();
    let mut ward = WardPictures::new(state, SIZE, &model);
    let sources: [&mut dyn PictureSource; 2] = [&mut surgery, &mut ward];
    for pictures in sources {
        let mut picture = take(pictures);
        let budget = Duration::from_millis(20);
        let info = allocation_counter::measure(|| {
            assert!(pictures.capture(Moment::from_ns(1), budget, &mut picture));
        });
        assert_eq!(info.count_total, 0);
    }
}

#[test]
fn the_wall_ahead_comes_nearer_as_the_base_drives_and_a_turn_turns_the_picture() {
    let model = CareModel::shipped().unwrap();
    let (mut plant, state) = Filmed::new(CarePlant::new(model.clone(), 1));
    let mut pictures = WardPictures::new(state, SIZE, &model);
    plant.shown();
    let before = take(&mut pictures);
    plant.enable_drives();
    for _ in 0..2_000 {
        plant.step(Some(&Order::Drive { linear_m_s: 0.5, angular_rad_s: 0.0 }));
    }
    plant.shown();
    let mut place = [0.0; CarePlant::NUMBERS];
    plant.plant().place(&mut place);
    assert!((place[0] - 1.0).abs() < 0.1, "{place:?}");
    let ahead = take(&mut pictures);
    // The lower edge of the wall ahead goes down in the picture as it comes nearer.
    let size = (usize::from(SIZE.0), usize::from(SIZE.1));
    let edge = Point3::new(4.0, 0.0, 0.0);
    let row = |x: f32| pictures.camera(x, 0.0, 0.0).project(Eye::Middle, size, &edge).unwrap().0.y;
    assert!(row(place[0] as f32) > row(0.0) + 10.0);
    let shade = |picture: &Picture, y: f32| picture.grey[y as usize * size.0 + size.0 / 2 + 7];
    let skirting = |picture: &Picture, y: f32| shade(picture, y - 2.0);
    assert!(skirting(&before, row(0.0)).abs_diff(skirting(&ahead, row(place[0] as f32))) < 25);
    assert!(changed(&before, &ahead).is_some());
    for _ in 0..1_000 {
        plant.step(Some(&Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.5 }));
    }
    plant.shown();
    let (_, _, count) = changed(&ahead, &take(&mut pictures)).unwrap();
    assert!(count > 2_000, "{count} pixels changed");
}
