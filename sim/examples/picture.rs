//! Writes one ultrasound picture as PGM: `picture <place> <file>`. With `all <folder>` it writes every place.

use std::error::Error;
use std::fs;
use std::path::Path;

use sim::phantom::Placement;
use sim::{Exam, Scanner};

const SIZE: (usize, usize) = (640, 480);

const LONG: f64 = std::f64::consts::FRAC_PI_2;

/// Named places: x, y (m), turn, rock, tilt (rad), press (m); see `Placement`.
const PLACES: [(&str, [f64; 6]); 17] = [
    ("neck-right", [-0.018, 0.008, 0.0, 0.0, 0.0, 0.003]),
    ("neck-middle", [0.0, 0.0, 0.0, 0.0, 0.0, 0.003]),
    ("neck-left", [0.018, -0.002, 0.0, 0.0, 0.0, 0.003]),
    ("neck-long", [-0.0165, 0.004, LONG, 0.0, 0.0, 0.003]),
    ("neck-carotid-long", [-0.0292, 0.0, LONG, 0.0, 0.0, 0.003]),
    ("aorta", [0.0, 0.0, 0.0, 0.0, 0.0, 0.008]),
    ("aorta-long", [0.012, 0.0, LONG, 0.0, 0.0, 0.008]),
    ("liver", [-0.07, 0.05, 0.0, 0.0, 0.2, 0.008]),
    ("liver-long", [-0.08, 0.05, LONG, 0.0, 0.0, 0.008]),
    ("gallbladder", [-0.048, 0.01, 0.0, 0.0, 0.0, 0.008]),
    ("kidney", [-0.075, -0.01, 0.0, -0.15, 0.0, 0.008]),
    ("kidney-long", [-0.09, -0.012, LONG, 0.0, 0.24, 0.008]),
    ("ribs", [-0.07, 0.13, LONG, 0.0, 0.0, 0.004]),
    ("bowel-gas", [0.07, -0.06, 0.0, 0.0, 0.0, 0.008]),
    ("tilted", [-0.02, 0.03, 0.0, 0.35, 0.25, 0.008]),
    ("edge", [0.0, 0.0, 0.0, 0.3, 0.0, 0.001]),
    ("lifted", [0.0, 0.0, 0.0, 0.0, 0.0, -0.01]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [place, target] = arguments.as_slice() else {
        return Err("usage: picture <place>|all <file>|<folder>".into());
    };
    let mut grey = vec![0_u8; SIZE.0 * SIZE.1];
    let mut written = 0;
    for (name, [x_m, y_m, turn_rad, rock_rad, tilt_rad, press_m]) in PLACES {
        if place != "all" && place != name {
            continue;
        }
        let exam = if name.starts_with("neck") { Exam::Thyroid } else { Exam::Abdomen };
        let phantom = exam.phantom()?;
        let mut scanner = Scanner::new(exam.probe(), exam.settings(), SIZE.0, SIZE.1, 1)?;
        let placement = Placement { x_m, y_m, turn_rad, rock_rad, tilt_rad, press_m };
        scanner.render(&phantom, &phantom.probe_pose(&placement), 0.0, &mut grey)?;
        let path = Path::new(target);
        let file = if place == "all" { path.join(format!("{name}.pgm")) } else { path.into() };
        let mut picture = format!("P5\n{} {}\n255\n", SIZE.0, SIZE.1).into_bytes();
        picture.extend_from_slice(&grey);
        fs::write(file, picture)?;
        written += 1;
    }
    if written == 0 {
        let names: Vec<&str> = PLACES.iter().map(|(name, _)| *name).collect();
        return Err(
            format!("no place \"{place}\"; expected all or one of {}", names.join(", ")).into()
        );
    }
    Ok(())
}
