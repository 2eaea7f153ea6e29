//! Prints what a picture and a plant step cost on this machine: `cargo run --release -p sim --example cost`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement for the terminal"
)]

use std::error::Error;
use std::time::Instant;

use sim::{ArmModel, Command, Phantom, Placement, Probe, Scanner, Settings, UltrasoundPlant};

const ROUNDS: u32 = 400;

/// Least, median and 99th percentile of `work`, in microseconds.
fn cost(name: &str, mut work: impl FnMut(u32)) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let start = Instant::now();
            work(round);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(0.0);
    println!("{name}: least {:.1} µs, median {:.1} µs, p99 {:.1} µs", at(0), at(50), at(99));
}

fn main() -> Result<(), Box<dyn Error>> {
    let phantom = Phantom::shipped()?;
    let mut scanner = Scanner::new(Probe::default(), Settings::default(), 640, 480, 1)?;
    let mut grey = vec![0_u8; 640 * 480];
    let mut drawn = Ok(());
    cost("picture 640×480", |round| {
        let x_m = f64::from(round) * 1e-4 - 0.02;
        let at = Placement { x_m, press_m: 0.008, ..Placement::default() };
        drawn = scanner.render(&phantom, &phantom.probe_pose(&at), 0.0, &mut grey);
    });
    drawn?;
    let mut plant = UltrasoundPlant::new(ArmModel::shipped()?, phantom.clone(), 1);
    plant.enable_drives();
    let goal = phantom.probe_pose(&Placement { press_m: 0.009, ..Placement::default() });
    cost("plant step in the air", |_| {
        plant.step(1e-3, Command::Follow(&goal));
    });
    for _ in 0..3000 {
        plant.step(1e-3, Command::Follow(&goal));
    }
    cost("plant step in contact", |_| {
        plant.step(1e-3, Command::Follow(&goal));
    });
    Ok(())
}
