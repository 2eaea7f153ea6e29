//! The cost of a simulated ultrasound picture of 512 × 512 pixels, on one thread: `cargo bench -p benches --bench
//! scanner`.

#![expect(clippy::unwrap_used, reason = "a bench that can not be set up has nothing to measure")]

use criterion::{Criterion, criterion_group, criterion_main};
use sim::{Exam, Placement, Scanner};

const SIDE: usize = 512;

/// The probe slides to and fro, and the heart beats: no picture is the one before.
fn pictures(c: &mut Criterion) {
    for exam in Exam::ALL {
        let phantom = exam.phantom().unwrap();
        let mut scanner = Scanner::new(exam.probe(), exam.settings(), SIDE, SIDE, 1).unwrap();
        let mut grey = vec![0; SIDE * SIDE];
        let mut number = 0_u32;
        c.bench_function(&format!("picture 512 x 512, {}", exam.name()), |b| {
            b.iter(|| {
                number += 1;
                let t_s = f64::from(number) / 30.0;
                let ready = exam.ready();
                // Pressed until all of the face touches: a beam in the air costs nothing.
                let x_m = ready.x_m + 0.005 * t_s.sin();
                let place = Placement { x_m, press_m: 0.009, ..ready };
                scanner.render(&phantom, &phantom.probe_pose(&place), t_s, &mut grey).unwrap();
            });
        });
        assert!(scanner.coupled_part() > 0.9, "the bench measured a probe in the air");
    }
}

criterion_group!(scanner, pictures);
criterion_main!(scanner);
