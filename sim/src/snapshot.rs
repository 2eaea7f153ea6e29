//! The newest numbers, from the servo thread to the thread that computes pictures.
//!
//! Neither may wait for the other: the servo has a millisecond, the pictures take many. A sequence
//! number that is odd while numbers are being written tells a reader to look again; the writer never
//! looks. Everything is an atomic, so a torn read is noticed and never undefined.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion};

/// Numbers in the snapshot of a pose: position, quaternion, time.
const NUMBERS: usize = 8;

/// A reader gives up after this many torn reads. The writer needs less than a microsecond a thousand
/// times a second: two in a row would already be a broken machine.
const TRIES: usize = 16;

#[derive(Debug)]
struct Cell {
    version: AtomicU64,
    bits: Box<[AtomicU64]>,
}

/// The writing end. One only.
#[derive(Debug)]
pub struct NumbersWriter(Arc<Cell>);

/// The reading end.
#[derive(Debug, Clone)]
pub struct NumbersReader(Arc<Cell>);

/// A new snapshot of `count` numbers with nothing in it.
pub fn numbers(count: usize) -> (NumbersWriter, NumbersReader) {
    let bits = (0..count).map(|_| AtomicU64::default()).collect();
    let cell = Arc::new(Cell { version: AtomicU64::default(), bits });
    (NumbersWriter(Arc::clone(&cell)), NumbersReader(cell))
}

impl NumbersWriter {
    /// Replaces the snapshot; wait-free. What does not fit is left out.
    pub fn write(&mut self, numbers: &[f64]) {
        self.0.version.fetch_add(1, Ordering::SeqCst);
        for (slot, number) in self.0.bits.iter().zip(numbers) {
            slot.store(number.to_bits(), Ordering::SeqCst);
        }
        self.0.version.fetch_add(1, Ordering::SeqCst);
    }
}

impl NumbersReader {
    /// Fills in the newest numbers; false before the first.
    pub fn read(&self, into: &mut [f64]) -> bool {
        for _ in 0..TRIES {
            let before = self.0.version.load(Ordering::SeqCst);
            for (number, slot) in into.iter_mut().zip(&self.0.bits) {
                *number = f64::from_bits(slot.load(Ordering::SeqCst));
            }
            let after = self.0.version.load(Ordering::SeqCst);
            if before == after && before.is_multiple_of(2) {
                return before > 0;
            }
        }
        false
    }
}

/// The writing end of a pose. One only.
#[derive(Debug)]
pub struct SnapshotWriter(NumbersWriter);

/// The reading end of a pose.
#[derive(Debug, Clone)]
pub struct SnapshotReader(NumbersReader);

/// A new snapshot of a pose with nothing in it.
pub fn snapshot() -> (SnapshotWriter, SnapshotReader) {
    let (writer, reader) = numbers(NUMBERS);
    (SnapshotWriter(writer), SnapshotReader(reader))
}

impl SnapshotWriter {
    /// Replaces the snapshot; wait-free.
    pub fn write(&mut self, tip: &Isometry3<f64>, time_s: f64) {
        let (t, q) = (tip.translation.vector, tip.rotation.coords);
        self.0.write(&[t.x, t.y, t.z, q.x, q.y, q.z, q.w, time_s]);
    }
}

impl SnapshotReader {
    /// The newest pose (base → tip) and the time of the simulation (s); `None` before the first.
    pub fn read(&self) -> Option<(Isometry3<f64>, f64)> {
        let mut numbers = [0.0; NUMBERS];
        if !self.0.read(&mut numbers) {
            return None;
        }
        let [x, y, z, i, j, k, w, time_s] = numbers;
        let rotation = UnitQuaternion::from_quaternion(Quaternion::new(w, i, j, k));
        Some((Isometry3::from_parts(Translation3::new(x, y, z), rotation), time_s))
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
