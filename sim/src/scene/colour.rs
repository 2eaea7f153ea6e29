//! From light to what a screen shows.

use nalgebra::Vector3;

/// Light of a surface or a lamp: red, green and blue, linear, 0 to 1.
pub type Light = Vector3<f32>;

/// Brightness and colour as a picture has them: Y, Cb, Cr of BT.709 in full range, 0 to 255.
///
/// A square root stands for the curve of a screen: within 3 % of it, and a single instruction.
pub(super) fn on_screen(light: &Light) -> [f32; 3] {
    let [r, g, b]: [f32; 3] = light.map(|x| x.clamp(0.0, 1.0).sqrt()).into();
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    [255.0 * y, 128.0 + 255.0 * (b - y) / 1.8556, 128.0 + 255.0 * (r - y) / 1.5748]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_has_no_colour_and_the_primaries_have_theirs() {
        let near = |light: [f32; 3], ycc: [f32; 3]| {
            let got = on_screen(&Light::from(light));
            assert!(got.iter().zip(ycc).all(|(a, b)| (a - b).abs() < 0.6), "{got:?} for {ycc:?}");
        };
        near([0.25; 3], [127.5, 128.0, 128.0]);
        near([1.0, 0.0, 0.0], [54.2, 98.8, 255.5]);
        near([0.0, 1.0, 0.0], [182.4, 29.7, 12.2]);
        near([0.0, 0.0, 1.0], [18.4, 255.5, 116.3]);
        near([7.0, 7.0, f32::INFINITY], [255.0, 128.0, 128.0]);
    }
}
