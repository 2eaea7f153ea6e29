//! Triangles into pixels: nearest wins, brightness and colour change evenly from corner to corner.

/// A corner on the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// From the left. Unit: pixel.
    pub(super) x: f32,
    /// From the top. Unit: pixel.
    pub(super) y: f32,
    /// One over the depth: what changes evenly on the picture.
    pub(super) near: f32,
    /// Y, Cb, Cr, 0 to 255.
    pub(super) tint: [f32; 3],
}

/// Pixels of one picture: Y, Cb, Cr and nothing, row-major.
pub(super) type Pixel = [u8; 4];

/// What is drawn on.
pub(super) struct Sheet<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: &'a mut [Pixel],
    /// One over the depth of each pixel; 0 for nothing.
    pub(super) near: &'a mut [f32],
}

/// A triangle thinner than this covers no pixel's middle. Unit: pixel².
const AREA_MIN: f32 = 1e-6;

/// How something changes from pixel to pixel.
#[derive(Clone, Copy)]
struct Slope {
    at: f32,
    per_x: f32,
    per_y: f32,
}

/// A side of a triangle that is not level.
#[derive(Clone, Copy)]
struct Side {
    /// The triangle is to the right of it.
    opens: bool,
    x: f32,
    y: f32,
    per_y: f32,
}

impl Sheet<'_> {
    /// Fills the triangle between three corners where nothing nearer is.
    pub(super) fn fill(&mut self, [a, b, c]: [&Point; 3]) {
        let area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
        // Written so that a corner that is no number draws nothing.
        if !(area.abs() > AREA_MIN) {
            return;
        }
        let (top, bottom) = (a.y.min(b.y).min(c.y), a.y.max(b.y).max(c.y));
        let (left, right) = (a.x.min(b.x).min(c.x), a.x.max(b.x).max(c.x));
        if right < 0.5 || left > self.width as f32 - 0.5 {
            return;
        }
        let first = (top - 0.5).ceil().max(0.0);
        let last = (bottom - 0.5).floor().min(self.height as f32 - 1.0);
        if !(first <= last) {
            return;
        }
        let slope = |f: [f32; 3]| {
            let [fa, fb, fc] = f;
            Slope {
                at: fa,
                per_x: ((fb - fa) * (c.y - a.y) - (fc - fa) * (b.y - a.y)) / area,
                per_y: ((fc - fa) * (b.x - a.x) - (fb - fa) * (c.x - a.x)) / area,
            }
        };
        let near = slope([a.near, b.near, c.near]);
        let tints = [[a.tint, b.tint, c.tint]].map(|[a, b, c]| {
            let [a0, a1, a2] = a;
            let [b0, b1, b2] = b;
            let [c0, c1, c2] = c;
            [slope([a0, b0, c0]), slope([a1, b1, c1]), slope([a2, b2, c2])]
        });
        let [tints] = tints;
        let sides = [side(a, b, area), side(b, c, area), side(c, a, area)];
        for row in first as usize..=last as usize {
            let y = row as f32 + 0.5;
            let (mut from, mut to) = (left, right);
            for side in sides.iter().flatten() {
                let x = side.x + (y - side.y) * side.per_y;
                if side.opens {
                    from = from.max(x);
                } else {
                    to = to.min(x);
                }
            }
            let from = (from - 0.5).ceil().max(0.0);
            let to = (to - 0.5).floor().min(self.width as f32 - 1.0);
            if from <= to {
                let (dx, dy) = (from + 0.5 - a.x, y - a.y);
                let begin = |s: &Slope| (s.at + dx * s.per_x + dy * s.per_y, s.per_x);
                self.span(
                    row,
                    (from as usize, to as usize),
                    begin(&near),
                    tints.each_ref().map(begin),
                );
            }
        }
    }

    /// One row of a triangle.
    fn span(
        &mut self,
        row: usize,
        (from, to): (usize, usize),
        (mut near, near_step): (f32, f32),
        tints: [(f32, f32); 3],
    ) {
        let start = row * self.width;
        let range = start + from..=start + to;
        let (Some(pixels), Some(depths)) =
            (self.pixels.get_mut(range.clone()), self.near.get_mut(range))
        else {
            return;
        };
        // 16 bits below the point: exact to a hundredth of a shade over a row.
        let fixed = |x: f32| (x * 65_536.0) as i32;
        let [(mut y, y_step), (mut cb, cb_step), (mut cr, cr_step)] =
            tints.map(|(at, step)| (fixed(at), fixed(step)));
        for (pixel, depth) in pixels.iter_mut().zip(depths) {
            if near > *depth {
                *depth = near;
                *pixel = [shade(y), shade(cb), shade(cr), 0];
            }
            near += near_step;
            y = y.wrapping_add(y_step);
            cb = cb.wrapping_add(cb_step);
            cr = cr.wrapping_add(cr_step);
        }
    }
}

/// A shade from its fixed-point number. Thin triangles change so steeply that rounding goes past their corners.
fn shade(fixed: i32) -> u8 {
    (fixed >> 16).clamp(0, 255) as u8
}

fn side(p: &Point, q: &Point, area: f32) -> Option<Side> {
    let opens = (q.y < p.y) == (area > 0.0);
    // Two triangles that share a side must find it at the same pixel, or the picture has holes: the upper end first.
    let (p, q) = if q.y < p.y { (q, p) } else { (p, q) };
    let dy = q.y - p.y;
    // A level side bounds no row: the first and the last row do.
    (dy != 0.0).then(|| Side { opens, x: p.x, y: p.y, per_y: (q.x - p.x) / dy })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        pixels: Vec<Pixel>,
        near: Vec<f32>,
    }

    const SIZE: (usize, usize) = (40, 30);

    impl Bench {
        fn new() -> Self {
            let count = SIZE.0 * SIZE.1;
            Self { pixels: vec![[0; 4]; count], near: vec![0.0; count] }
        }

        fn fill(&mut self, points: [Point; 3]) {
            let (pixels, near) = (&mut self.pixels[..], &mut self.near[..]);
            let [a, b, c] = &points;
            Sheet { width: SIZE.0, height: SIZE.1, pixels, near }.fill([a, b, c]);
        }

        fn covered(&self) -> usize {
            self.near.iter().filter(|near| **near > 0.0).count()
        }
    }

    fn point(x: f32, y: f32, near: f32, shade: f32) -> Point {
        Point { x, y, near, tint: [shade; 3] }
    }

    #[test]
    fn a_square_of_two_triangles_covers_each_of_its_pixels_whichever_way_they_turn() {
        let corners = [(5.0, 4.0), (25.0, 4.0), (25.0, 14.0), (5.0, 14.0)];
        let [a, b, c, d] = corners.map(|(x, y)| point(x, y, 1.0, 90.0));
        for (first, second) in [([a, b, c], [a, c, d]), ([c, b, a], [d, c, a])] {
            let mut bench = Bench::new();
            bench.fill(first);
            bench.fill(second);
            assert_eq!(bench.covered(), 200);
            assert!(bench.pixels.iter().all(|p| p[0] == 0 || p[0].abs_diff(90) <= 1));
        }
    }

    #[test]
    fn a_net_of_triangles_has_no_holes() {
        for n in 0..200_u16 {
            let mut bench = Bench::new();
            let bend = |k: u16| f32::from((n * 37 + k * 101) % 97) / 97.0 * 7.0;
            let middle = point(12.0 + bend(1), 9.0 + bend(2), 1.0, 90.0);
            let corners = [(-9.3, -4.1), (47.7, -6.2), (44.4, 38.8), (-3.9, 41.7)];
            let corners = corners.map(|(x, y)| point(x, y, 1.0, 90.0));
            for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
                bench.fill([*a, *b, middle]);
            }
            assert_eq!(bench.covered(), SIZE.0 * SIZE.1, "{n}");
        }
    }

    #[test]
    fn what_is_nearer_is_seen_in_whatever_order_it_is_drawn() {
        let far =
            [point(0.0, 0.0, 1.0, 50.0), point(40.0, 0.0, 1.0, 50.0), point(0.0, 30.0, 1.0, 50.0)];
        let near = far.map(|p| Point { near: 2.0, tint: [200.0; 3], ..p });
        for order in [[far, near], [near, far]] {
            let mut bench = Bench::new();
            for triangle in order {
                bench.fill(triangle);
            }
            assert!((bench.pixels[SIZE.0 * 3 + 3][0]).abs_diff(200) <= 1);
        }
    }

    #[test]
    fn shades_change_evenly_and_what_is_beside_the_picture_is_cut() {
        let mut bench = Bench::new();
        bench.fill([
            point(0.0, 0.0, 1.0, 0.0),
            point(40.0, 0.0, 1.0, 200.0),
            point(40.0, 30.0, 1.0, 200.0),
        ]);
        for x in 1..40 {
            let shade = f32::from(bench.pixels[x][0]);
            assert!((shade - (x as f32 + 0.5) * 5.0).abs() < 1.5, "{x}: {shade}");
        }
        let mut bench = Bench::new();
        let wide = [
            point(-900.0, -700.0, 1.0, 9.0),
            point(900.0, -700.0, 1.0, 9.0),
            point(20.0, 900.0, 1.0, 9.0),
        ];
        bench.fill(wide);
        assert_eq!(bench.covered(), SIZE.0 * SIZE.1);
        for bad in [f32::NAN, f32::INFINITY] {
            let mut bench = Bench::new();
            bench.fill([
                point(bad, 0.0, 1.0, 9.0),
                point(40.0, bad, 1.0, 9.0),
                point(0.0, 30.0, 1.0, 9.0),
            ]);
            bench.fill([
                point(-9.0, -9.0, 1.0, 9.0),
                point(-1.0, -9.0, 1.0, 9.0),
                point(-5.0, -1.0, 1.0, 9.0),
            ]);
            assert_eq!(bench.covered(), 0);
        }
    }
}
