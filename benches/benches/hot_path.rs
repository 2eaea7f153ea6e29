//! The cost of what runs a thousand times a second: `cargo bench -p benches`.

#![expect(clippy::unwrap_used, reason = "a bench that can not be set up has nothing to measure")]

use std::hint::black_box;

use benches::{Rig, frame};
use criterion::{Criterion, criterion_group, criterion_main};
use protocol::frame::{CommandFrame, StateFrame};

fn frames(c: &mut Criterion) {
    let command = frame();
    let bytes = command.encode().unwrap();
    c.bench_function("command frame, encode", |b| b.iter(|| black_box(&command).encode().unwrap()));
    c.bench_function("command frame, decode", |b| {
        b.iter(|| CommandFrame::decode(black_box(&bytes)).unwrap());
    });
    let mut rig = Rig::ultrasound().unwrap();
    rig.engage();
    let state = *rig.newest().unwrap();
    let bytes = state.encode().unwrap();
    c.bench_function("state frame, encode", |b| b.iter(|| black_box(&state).encode().unwrap()));
    c.bench_function("state frame, decode", |b| {
        b.iter(|| StateFrame::decode(black_box(&bytes)).unwrap());
    });
}

/// One command and one tick, in the middle of the workspace and pressed against all that ends it.
fn robot_core(c: &mut Criterion) {
    let mut measure = |name: &str, mut rig: Rig, swing_m: f64| {
        rig.engage();
        rig.swing_m = swing_m;
        assert!(rig.state().follows());
        c.bench_function(name, |b| b.iter(|| rig.step()));
        assert!(rig.state().follows(), "the bench measured a core that had stopped");
    };
    measure("robot core, one command and one tick", Rig::ultrasound().unwrap(), 0.02);
    measure("robot core, two arms with ports and zones", Rig::surgery().unwrap(), 0.02);
    measure("robot core, two arms pressed against walls", Rig::surgery().unwrap(), 0.3);
}

criterion_group!(hot_path, frames, robot_core);
criterion_main!(hot_path);
