//! Where a camera is and what it maps onto the picture.

use nalgebra::{Isometry3, Point3, Translation3, Vector2};

/// One of the two eyes of a camera, or the only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eye {
    /// Half a baseline to the left.
    Left,
    /// In the middle: for a picture that is not stereo.
    Middle,
    /// Half a baseline to the right.
    Right,
}

/// A pinhole camera with two eyes that look in parallel.
///
/// Frame of an eye: x to the right of the picture, y up in it, z out of it; it looks along −z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Where the middle between the eyes is, and how they are turned. Frame: the scene's.
    pub pose: Isometry3<f32>,
    /// From side to side of the picture. Unit: rad.
    pub field_rad: f32,
    /// From eye to eye. Unit: m.
    pub baseline_m: f32,
}

/// What a camera does for one eye and one size of picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lens {
    /// From the scene into the frame of the eye.
    pub(super) from_scene: Isometry3<f32>,
    /// Focal length. Unit: pixel.
    pub(super) focal_px: f32,
    /// Middle of the picture. Unit: pixel.
    pub(super) middle_px: Vector2<f32>,
}

impl Camera {
    /// Where a point of the scene appears in a picture of this size, from its upper left corner, and its depth in
    /// front of the eye; `None` for a point that is not in front of it. Unit: pixel, m.
    pub fn project(
        &self,
        eye: Eye,
        (width, height): (usize, usize),
        at: &Point3<f32>,
    ) -> Option<(Vector2<f32>, f32)> {
        let lens = self.lens(eye, width, height);
        let seen = lens.from_scene * at;
        (seen.z < 0.0).then(|| (lens.place(&seen), -seen.z))
    }

    pub(super) fn lens(&self, eye: Eye, width: usize, height: usize) -> Lens {
        let beside_m = match eye {
            Eye::Left => -0.5 * self.baseline_m,
            Eye::Middle => 0.0,
            Eye::Right => 0.5 * self.baseline_m,
        };
        let eye = self.pose * Translation3::new(beside_m, 0.0, 0.0);
        Lens {
            from_scene: eye.inverse(),
            focal_px: 0.5 * width as f32 / (0.5 * self.field_rad).tan(),
            middle_px: Vector2::new(0.5 * width as f32, 0.5 * height as f32),
        }
    }
}

impl Lens {
    /// Where a point in front of the eye appears. Frame: the eye.
    pub(super) fn place(&self, seen: &Point3<f32>) -> Vector2<f32> {
        let scale = self.focal_px / -seen.z;
        Vector2::new(self.middle_px.x + scale * seen.x, self.middle_px.y - scale * seen.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        Camera { pose: Isometry3::identity(), field_rad: 1.2, baseline_m: 0.005 }
    }

    #[test]
    fn right_is_right_and_up_is_up() {
        let (at, depth) =
            camera().project(Eye::Middle, (640, 360), &Point3::new(0.0, 0.0, -0.2)).unwrap();
        assert_eq!((at, depth), (Vector2::new(320.0, 180.0), 0.2));
        let (at, _) =
            camera().project(Eye::Middle, (640, 360), &Point3::new(0.01, 0.02, -0.2)).unwrap();
        assert!(at.x > 320.0 && at.y < 180.0);
        assert!(camera().project(Eye::Middle, (640, 360), &Point3::new(0.0, 0.0, 0.1)).is_none());
    }

    #[test]
    fn the_disparity_of_a_point_is_baseline_times_focal_length_over_depth() {
        let (camera, size) = (camera(), (640, 360));
        let focal_px = camera.lens(Eye::Left, size.0, size.1).focal_px;
        for at in [Point3::new(0.0, 0.0, -0.1), Point3::new(0.03, -0.02, -0.25)] {
            let [left, right] =
                [Eye::Left, Eye::Right].map(|eye| camera.project(eye, size, &at).unwrap().0);
            let disparity = focal_px * camera.baseline_m / -at.z;
            assert!((left.x - right.x - disparity).abs() < 1e-3, "{left} {right} {disparity}");
            assert!((left.y - right.y).abs() < 1e-3);
        }
    }
}
