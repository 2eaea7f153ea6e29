//! What a scene is drawn on, and how it becomes a picture.

use nalgebra::{Isometry3, Point3, Vector3};
use robot_agent::picture::{Colour, Picture};

use super::camera::{Camera, Eye, Lens};
use super::colour::{Light, on_screen};
use super::mesh::{Corner, Gloss, Mesh};
use super::raster::{Pixel, Point, Sheet};

/// What is nearer to the eye than this is not drawn. Unit: m.
const NEAREST_M: f32 = 0.01;

/// Gain of the picture's middle: 8 bits below the point.
const WHOLE: f32 = 256.0;

/// The light of a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lamp {
    /// The way to the lamp; `None`: it is at the eye, as an endoscope's. Frame: the scene's. Length: 1.
    pub toward: Option<Vector3<f32>>,
    /// Light that comes from everywhere, as a share.
    pub ambient: f32,
    /// Where a surface gets half of the light that it has at the eye; without end for a lamp that is far. Unit: m.
    pub reach_m: f32,
    /// How strong it is.
    pub strength: f32,
}

/// A corner as the eye sees it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Point3<f32>,
    tint: [f32; 3],
}

/// A sheet for one eye, and one kept behind it.
#[derive(Debug, Clone)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Pixel>,
    near: Vec<f32>,
    kept: Option<(Vec<Pixel>, Vec<f32>)>,
    /// What the lens takes away toward the edge, for each square of four pixels.
    gains: Vec<u16>,
    seen: Vec<Seen>,
}

impl Canvas {
    /// An empty canvas. Its corners are darker by the share `vignette`. Both sides are made even.
    pub fn new(width: u16, height: u16, vignette: f32) -> Self {
        let (width, height) = (usize::from(width & !1), usize::from(height & !1));
        let (columns, rows) = (width / 2, height / 2);
        let gain = |n: usize| {
            let (x, y) = ((n % columns.max(1)) as f32 + 0.5, (n / columns.max(1)) as f32 + 0.5);
            let (x, y) = (2.0 * x / columns as f32 - 1.0, 2.0 * y / rows as f32 - 1.0);
            // Flat in the middle, steep at the corners.
            let out = 0.5 * (x * x + y * y);
            (WHOLE * (1.0 - vignette * out * out)) as u16
        };
        Self {
            width,
            height,
            pixels: vec![[0; 4]; width * height],
            near: vec![0.0; width * height],
            kept: None,
            gains: (0..columns * rows).map(gain).collect(),
            seen: Vec::new(),
        }
    }

    /// Width and height. Unit: pixel.
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Keeps what is drawn now, for all pictures to come: what does not move, seen by a camera that does not.
    pub fn keep(&mut self) {
        self.kept = Some((self.pixels.clone(), self.near.clone()));
    }

    /// Takes away all that was drawn since [`Canvas::keep`], or everything.
    pub fn clear(&mut self, colour: &Light) {
        if let Some((pixels, near)) = &self.kept {
            self.pixels.copy_from_slice(pixels);
            self.near.copy_from_slice(near);
        } else {
            let [y, cb, cr] = on_screen(colour).map(|x| x as u8);
            self.pixels.fill([y, cb, cr, 0]);
            self.near.fill(0.0);
        }
    }

    /// Draws a surface that stands at `pose`, as this eye of the camera sees it. Allocates for the largest surface
    /// so far, and not again.
    pub fn draw(
        &mut self,
        mesh: &Mesh,
        pose: &Isometry3<f32>,
        (camera, eye): (&Camera, Eye),
        lamp: &Lamp,
    ) {
        let lens = camera.lens(eye, self.width, self.height);
        let from_mesh = lens.from_scene * pose;
        let toward = lamp.toward.map(|toward| lens.from_scene.rotation * toward);
        self.seen.clear();
        self.seen.extend(mesh.corners.iter().map(|corner| {
            let at = from_mesh * corner.at;
            let normal = from_mesh.rotation * corner.normal;
            let light = lit(&at, &normal, corner, mesh.gloss, (lamp, toward));
            Seen { at, tint: on_screen(&light) }
        }));
        let Self { width, height, pixels, near, seen, .. } = self;
        let mut sheet = Sheet { width: *width, height: *height, pixels, near };
        for triangle in &mesh.triangles {
            let corners = triangle.map(|corner| seen.get(corner as usize));
            if let [Some(a), Some(b), Some(c)] = corners {
                fill(&mut sheet, &lens, [a, b, c]);
            }
        }
    }

    /// Puts what is drawn into a picture, from its column `column` on. Does nothing where it does not fit.
    pub fn develop(&self, into: &mut Picture, column: usize) {
        let (wide, high) = (usize::from(into.width), usize::from(into.height));
        if high != self.height || column + self.width > wide || !column.is_multiple_of(2) {
            return;
        }
        let (width, height) = (into.width, into.height);
        let colour = into.colour.get_or_insert_with(|| Colour::neutral(width, height));
        let rows = self.pixels.chunks_exact(2 * self.width.max(1));
        let gains = self.gains.chunks_exact((self.width / 2).max(1));
        let greys = into.grey.chunks_exact_mut((2 * wide).max(1));
        let halves = (wide / 2).max(1);
        let colours = colour.cb.chunks_exact_mut(halves).zip(colour.cr.chunks_exact_mut(halves));
        for (((two, gains), grey), (cb, cr)) in rows.zip(gains).zip(greys).zip(colours) {
            let (upper, lower) = two.split_at(self.width);
            let (over, under) = grey.split_at_mut(wide);
            let half = column / 2..column / 2 + self.width / 2;
            let whole = column..column + self.width;
            if let (Some(over), Some(under), Some(cb), Some(cr)) = (
                over.get_mut(whole.clone()),
                under.get_mut(whole),
                cb.get_mut(half.clone()),
                cr.get_mut(half),
            ) {
                rows_of_two([upper, lower], gains, [over, under], [cb, cr]);
            }
        }
    }
}

/// Two rows of pixels into two of brightness and one of colour.
fn rows_of_two(
    pixels: [&[Pixel]; 2],
    gains: &[u16],
    [over, under]: [&mut [u8]; 2],
    [cb, cr]: [&mut [u8]; 2],
) {
    let [upper, lower] = pixels.map(|row| row.as_chunks::<2>().0);
    let greys = over.as_chunks_mut::<2>().0.iter_mut().zip(under.as_chunks_mut::<2>().0);
    let colours = cb.iter_mut().zip(cr);
    let squares = upper.iter().zip(lower).zip(gains);
    for ((((a, b), [c, d]), gain), ((over, under), (cb, cr))) in
        squares.map(|((ab, cd), gain)| (((&ab[0], &ab[1]), cd), gain)).zip(greys.zip(colours))
    {
        let gain = u32::from(*gain);
        let dim = |p: &Pixel| ((u32::from(p[0]) * gain) >> 8).min(255) as u8;
        *over = [dim(a), dim(b)];
        *under = [dim(c), dim(d)];
        let mean = |n: usize| {
            let sum: i32 = [a, b, c, d].iter().map(|p| p.get(n).map_or(0, |v| i32::from(*v))).sum();
            // Colour fades with the light.
            (128 + (((sum - 512) * gain.cast_signed()) >> 10)).clamp(0, 255) as u8
        };
        (*cb, *cr) = (mean(1), mean(2));
    }
}

/// Light that a corner sends to the eye. Frame: the eye.
fn lit(
    at: &Point3<f32>,
    normal: &Vector3<f32>,
    corner: &Corner,
    gloss: Gloss,
    (lamp, toward): (&Lamp, Option<Vector3<f32>>),
) -> Light {
    let way_m = at.coords.norm().max(NEAREST_M);
    let to_eye = -at.coords / way_m;
    let toward = toward.unwrap_or(to_eye);
    // A surface is seen from both sides.
    let normal = if normal.dot(&to_eye) < 0.0 { -normal } else { *normal };
    let falls = normal.dot(&toward).max(0.0);
    let half = (toward + to_eye).try_normalize(1e-6).unwrap_or(to_eye);
    let mirrored = gloss.strength * normal.dot(&half).max(0.0).powi(gloss.sharpness);
    let far = way_m / lamp.reach_m;
    let strength = lamp.strength / (1.0 + far * far);
    let scattered = corner.colour * (lamp.ambient + (1.0 - lamp.ambient) * falls);
    (scattered + Light::repeat(mirrored)) * strength
}

/// Fills a triangle, cut where it comes too near to the eye.
fn fill(sheet: &mut Sheet<'_>, lens: &Lens, corners: [&Seen; 3]) {
    let depths = corners.map(|corner| -corner.at.z);
    let behind = depths.iter().filter(|depth| !(**depth >= NEAREST_M)).count();
    match behind {
        0 => {
            let [a, b, c] = corners.map(|corner| on_picture(lens, corner));
            sheet.fill([&a, &b, &c]);
        }
        3 => {}
        _ => {
            let (kept, count) = cut(corners);
            let points = kept.map(|corner| on_picture(lens, &corner));
            let [a, b, c, d] = &points;
            sheet.fill([a, b, c]);
            if count == 4 {
                sheet.fill([a, c, d]);
            }
        }
    }
}

/// The corners of what is left of a triangle in front of the eye, and how many they are: three or four.
fn cut(corners: [&Seen; 3]) -> ([Seen; 4], usize) {
    let [a, b, c] = corners;
    let (mut kept, mut count) = ([*a; 4], 0);
    let mut keep = |corner: Seen| {
        if let Some(slot) = kept.get_mut(count) {
            (*slot, count) = (corner, count + 1);
        }
    };
    for (from, to) in [(a, b), (b, c), (c, a)] {
        let [near, far] = [from, to].map(|corner| -corner.at.z - NEAREST_M);
        if near >= 0.0 {
            keep(*from);
        }
        if (near >= 0.0) != (far >= 0.0) {
            let s = near / (near - far);
            let at = from.at + (to.at - from.at) * s;
            let [y, cb, cr] = from.tint;
            let [ty, tcb, tcr] = to.tint;
            let tint = [y + s * (ty - y), cb + s * (tcb - cb), cr + s * (tcr - cr)];
            keep(Seen { at, tint });
        }
    }
    (kept, count)
}

fn on_picture(lens: &Lens, corner: &Seen) -> Point {
    let at = lens.place(&corner.at);
    Point { x: at.x, y: at.y, near: 1.0 / -corner.at.z, tint: corner.tint }
}

#[cfg(test)]
#[path = "canvas_tests.rs"]
mod tests;
