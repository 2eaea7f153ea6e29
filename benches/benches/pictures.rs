//! The cost of a picture of the simulated cameras, drawn, and drawn and encoded:
//! `cargo bench -p benches --bench pictures`.

#![expect(clippy::unwrap_used, reason = "a bench that can not be set up has nothing to measure")]

use core::time::Duration;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use protocol::profile::{Profile, SURGERY};
use protocol::time::Moment;
use robot_agent::picture::{Picture, PictureSource};
use robot_agent::robot::Order;
use robot_agent::shell::encoder::PictureEncoder;
use sim::bedside::Plant;
use sim::carebase::{CareModel, CarePlant};
use sim::psm::PsmPlant;
use sim::scene::{Eyes, Filmed, SurgeryPictures, WardPictures};
use sim::task::PegBoard;

/// The sizes: what the demonstration sends of the one and of the other, and 720p.
const SIZES: [(u16, u16); 3] = [(800, 500), (960, 600), (1280, 720)];

const BUDGET: Duration = Duration::from_millis(16);

/// Draws, and draws and encodes; between two pictures the plant goes on, so that no picture is like the last.
fn pair<P: Plant>(
    c: &mut Criterion,
    name: &str,
    rate_hz: f64,
    (plant, order): (&mut P, &dyn Fn(u32) -> Order),
    source: &mut dyn PictureSource,
) {
    let (width, height) = source.size();
    let mut picture = Picture::black(width, height);
    let mut encoder = PictureEncoder::new(width, height, rate_hz).unwrap();
    let mut unit = Vec::new();
    plant.enable_drives();
    let mut tick = 0;
    for encodes in [false, true] {
        let what = if encodes { "drawn and encoded" } else { "drawn" };
        c.bench_function(&format!("{name} {width}x{height} {what}"), |b| {
            b.iter_custom(|rounds| {
                let mut took = Duration::ZERO;
                for _ in 0..rounds {
                    for _ in 0..(1000.0 / rate_hz) as u32 {
                        tick += 1;
                        plant.step(Some(&order(tick)));
                    }
                    plant.shown();
                    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
                    let began = std::time::Instant::now();
                    assert!(source.capture(Moment::from_ns(1), BUDGET, black_box(&mut picture)));
                    if encodes {
                        encoder.encode(&picture, false, &mut unit).unwrap();
                    }
                    took += began.elapsed();
                }
                took
            });
        });
    }
}

fn endoscope(c: &mut Criterion) {
    let profile = Profile::parse(SURGERY).unwrap();
    let view = profile.hand.view_axes().unwrap();
    for size in SIZES {
        let (mut plant, state) = Filmed::new(PsmPlant::shipped(1).unwrap().over(PegBoard::new()));
        let start = plant.measure(Moment::from_ns(0)).arms;
        let order = move |tick: u32| {
            let (sin, cos) = (f64::from(tick) * 2e-3).sin_cos();
            let arms = start.map(|arm| {
                let mut tip = arm.tip;
                tip.iso.translation.vector.y *= 0.8 + 0.2 * cos;
                tip.iso.translation.vector.z += 0.01 * sin;
                robot_agent::robot::ArmOrder { tip, jaw_rad: 0.4 * (1.0 - cos) }
            });
            Order::Servo { arms }
        };
        let mut source = SurgeryPictures::shipped(state, size, (&view, Eyes::One), 1).unwrap();
        pair(c, "endoscope", 60.0, (&mut plant, &order), &mut source);
    }
}

fn ward(c: &mut Criterion) {
    let model = CareModel::shipped().unwrap();
    for size in SIZES {
        let (mut plant, state) = Filmed::new(CarePlant::new(model.clone(), 1));
        // In a circle, at the speed of a person who walks slowly.
        let order = |_| Order::Drive { linear_m_s: 0.3, angular_rad_s: 0.4 };
        let mut source = WardPictures::new(state, size, &model);
        pair(c, "ward", 30.0, (&mut plant, &order), &mut source);
    }
}

criterion_group!(benches, endoscope, ward);
criterion_main!(benches);
