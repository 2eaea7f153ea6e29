//! The newest pose of the probe, from the servo thread to the thread that computes pictures.
//!
//! Neither may wait for the other: the servo has a millisecond, the pictures take many. A sequence
//! number that is odd while a pose is being written tells a reader to look again; the writer never
//! looks. Everything is an atomic, so a torn read is noticed and never undefined.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion};

/// Numbers in a snapshot: position, quaternion, time.
const NUMBERS: usize = 8;

/// A reader gives up after this many torn reads. The writer needs nanoseconds a thousand times a
/// second: two in a row would already be a broken machine.
const TRIES: usize = 16;

#[derive(Debug, Default)]
struct Cell {
    version: AtomicU64,
    bits: [AtomicU64; NUMBERS],
}

/// The writing end. One only.
#[derive(Debug)]
pub struct SnapshotWriter(Arc<Cell>);

/// The reading end.
#[derive(Debug, Clone)]
pub struct SnapshotReader(Arc<Cell>);

/// A new snapshot with nothing in it.
pub fn snapshot() -> (SnapshotWriter, SnapshotReader) {
    let cell = Arc::new(Cell::default());
    (SnapshotWriter(Arc::clone(&cell)), SnapshotReader(cell))
}

impl SnapshotWriter {
    /// Replaces the snapshot; wait-free.
    pub fn write(&mut self, tip: &Isometry3<f64>, time_s: f64) {
        let (t, q) = (tip.translation.vector, tip.rotation.coords);
        let numbers = [t.x, t.y, t.z, q.x, q.y, q.z, q.w, time_s];
        self.0.version.fetch_add(1, Ordering::SeqCst);
        for (slot, number) in self.0.bits.iter().zip(numbers) {
            slot.store(number.to_bits(), Ordering::SeqCst);
        }
        self.0.version.fetch_add(1, Ordering::SeqCst);
    }
}

impl SnapshotReader {
    /// The newest pose (base → tip) and the time of the simulation (s); `None` before the first.
    pub fn read(&self) -> Option<(Isometry3<f64>, f64)> {
        for _ in 0..TRIES {
            let before = self.0.version.load(Ordering::SeqCst);
            let [x, y, z, i, j, k, w, time_s] = core::array::from_fn(|n| {
                self.0.bits.get(n).map_or(0, |b| b.load(Ordering::SeqCst))
            })
            .map(f64::from_bits);
            let after = self.0.version.load(Ordering::SeqCst);
            if before == after && before.is_multiple_of(2) {
                let rotation = UnitQuaternion::from_quaternion(Quaternion::new(w, i, j, k));
                return (before > 0).then(|| {
                    (Isometry3::from_parts(Translation3::new(x, y, z), rotation), time_s)
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_last_is_read_whole() {
        let (mut writer, reader) = snapshot();
        assert!(reader.read().is_none());
        let writing = std::thread::spawn(move || {
            for n in 0..200_000 {
                let v = f64::from(n);
                writer.write(&Isometry3::translation(v, v, v), v);
            }
        });
        let mut newest = 0.0;
        while !writing.is_finished() {
            if let Some((pose, time_s)) = reader.read() {
                assert_eq!(pose.translation.vector, nalgebra::Vector3::repeat(time_s), "torn");
                assert!(time_s >= newest);
                newest = time_s;
            }
        }
        assert_eq!(reader.read().unwrap().1, 199_999.0);
    }
}
