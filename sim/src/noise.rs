//! Seeded randomness without state to lose: every draw is a function of the seed and of a counter.

/// A stream of numbers that is the same for the same seed, on every machine.
///
/// `SplitMix64` (Steele, Lea, Flood 2014): one addition and two multiplications a draw, passes `BigCrush`. Not for
/// secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noise {
    state: u64,
}

impl Noise {
    /// The stream of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next number, uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The next number, close to normal with mean 0 and standard deviation 1, never beyond ±6.
    ///
    /// The sum of twelve uniform draws: bounded, no logarithm, and so equal to the last bit on every machine.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_draws_have_mean_zero_and_deviation_one() {
        let mut noise = Noise::new(7);
        let n = 20_000;
        let draws: Vec<f64> = (0..n).map(|_| noise.normal()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn one_seed_is_one_stream() {
        let (mut a, mut b) = (Noise::new(3), Noise::new(3));
        assert!((0..100).all(|_| a.bits() == b.bits()));
        assert_ne!(Noise::new(3).bits(), Noise::new(4).bits());
    }
}
