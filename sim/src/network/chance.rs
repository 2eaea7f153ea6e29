//! A probability that is one.

use crate::noise::Noise;

/// A probability: 0 to 1, never NaN.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Chance(f64);

impl Chance {
    /// Never.
    pub const NEVER: Self = Self(0.0);

    /// Always.
    pub const ALWAYS: Self = Self(1.0);

    /// This probability; `None` outside 0 to 1 and for NaN.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// The number, 0 to 1.
    pub const fn share(self) -> f64 {
        self.0
    }

    /// One draw. What never or always happens costs none.
    pub(super) fn happens(self, noise: &mut Noise) -> bool {
        self.0 > 0.0 && (self.0 >= 1.0 || noise.uniform() < self.0)
    }
}
