//! The cost of what runs a thousand times a second: `cargo bench -p benches`.

#![expect(clippy::unwrap_used, reason = "a bench that can not be set up has nothing to measure")]

use std::hint::black_box;

use benches::{Following, frame};
use criterion::{Criterion, criterion_group, criterion_main};
use protocol::frame::{CommandFrame, StateFrame};

fn frames(c: &mut Criterion) {
    let command = frame();
    let bytes = command.encode().unwrap();
    c.bench_function("command frame, encode", |b| b.iter(|| black_box(&command).encode().unwrap()));
    c.bench_function("command frame, decode", |b| {
        b.iter(|| CommandFrame::decode(black_box(&bytes)).unwrap());
    });
    let mut core = Following::engaged().unwrap();
    let state = (0..10).find_map(|_| core.step().frame).unwrap();
    let bytes = state.encode().unwrap();
    c.bench_function("state frame, encode", |b| b.iter(|| black_box(&state).encode().unwrap()));
    c.bench_function("state frame, decode", |b| {
        b.iter(|| StateFrame::decode(black_box(&bytes)).unwrap());
    });
}

fn robot_core(c: &mut Criterion) {
    let mut core = Following::engaged().unwrap();
    assert!(core.state().follows());
    c.bench_function("robot core, one command and one tick", |b| b.iter(|| core.step()));
    assert!(core.state().follows(), "the bench measured a core that had stopped");
}

criterion_group!(hot_path, frames, robot_core);
criterion_main!(hot_path);
