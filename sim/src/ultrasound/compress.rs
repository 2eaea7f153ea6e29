//! Decibels by table: amplitudes from levels, and greys from echo power.

use super::probe::Settings;

/// Least level of the amplitude table. Unit: dB. Below it an echo is nothing.
const LEVEL_MIN_DB: f32 = -110.0;

/// Steps per decibel of the amplitude table; 0.25 dB is far below what a grey can show.
const STEPS_PER_DB: f32 = 4.0;

const LEVELS: usize = 700;

/// Bits dropped from a power's floating-point form: 6 bits of mantissa stay, 0.07 dB.
const DROPPED_BITS: u32 = 17;

const GREYS: usize = 1 << (31 - DROPPED_BITS);

/// Level of the mean liver echo in the grey scale, as a part of the range.
const LIVER_PART: f64 = 0.50;

#[derive(Debug, Clone)]
pub(super) struct Compress {
    amplitudes: Vec<f32>,
    greys: Vec<u8>,
}

impl Compress {
    pub(super) fn new(settings: &Settings) -> Self {
        let amplitudes = (0..LEVELS)
            .map(|i| 10_f32.powf((LEVEL_MIN_DB + i as f32 / STEPS_PER_DB) / 20.0))
            .collect();
        let range = settings.dynamic_range_db;
        let greys = (0..GREYS)
            .map(|i| {
                let power = f64::from(f32::from_bits((i as u32) << DROPPED_BITS));
                let db = 10.0 * power.max(1e-30).log10() + settings.gain_db;
                let part = (db / range + LIVER_PART).clamp(0.0, 1.0);
                // A gentle S: deep greys sink to black, bright ones keep their differences.
                let curved = part * part * (1.9 - 0.9 * part);
                (curved * 255.0).round() as u8
            })
            .collect();
        Self { amplitudes, greys }
    }

    /// Amplitude of a level in dB; 0 below the table, its end above it.
    #[inline]
    pub(super) fn amplitude(&self, level_db: f32) -> f32 {
        let step = (level_db - LEVEL_MIN_DB) * STEPS_PER_DB;
        if step < 0.0 {
            return 0.0;
        }
        self.amplitudes.get((step as usize).min(LEVELS - 1)).copied().unwrap_or(0.0)
    }

    /// Grey of an echo power; 0 for anything that is not a positive number.
    #[inline]
    pub(super) fn grey(&self, power: f32) -> u8 {
        self.greys.get((power.to_bits() >> DROPPED_BITS) as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decibel_up_is_never_darker() {
        let table = Compress::new(&Settings::default());
        let greys: Vec<u8> =
            (-80..60).map(|db| table.grey(table.amplitude(db as f32).powi(2))).collect();
        assert!(greys.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!(greys.first(), Some(&0));
        assert_eq!(greys.last(), Some(&255));
    }

    #[test]
    fn no_echo_and_no_number_are_black() {
        let table = Compress::new(&Settings::default());
        assert_eq!(table.grey(0.0), 0);
        assert_eq!(table.grey(-1.0), 0);
        assert!(table.amplitude(f32::NEG_INFINITY) <= 0.0);
    }
}
