//! Quantities whose mix-up could move a robot, each a type of its own.
//!
//! The field is private and `new` refuses NaN and infinities, so a value that exists is a number.
//! Elsewhere in the code a plain `f64` carries its unit in its name (`speed_max_m_s`).

use core::fmt;

/// A number was not finite where a quantity was expected.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("expected a finite number of {unit}, got {value}")]
pub struct NotFinite {
    /// The unit that was expected.
    pub unit: &'static str,
    /// What came instead.
    pub value: f64,
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);

            /// The quantity `value`, in the unit of the type.
            ///
            /// # Errors
            /// [`NotFinite`] for NaN and infinities.
            pub const fn new(value: f64) -> Result<Self, NotFinite> {
                if value.is_finite() { Ok(Self(value)) } else { Err(NotFinite { unit: $unit, value }) }
            }

            /// The plain number, in the unit of the type.
            pub const fn get(self) -> f64 {
                self.0
            }

            /// The smaller of two.
            #[must_use]
            pub const fn min(self, other: Self) -> Self {
                if other.0 < self.0 { other } else { self }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:.2} {}", self.0, $unit)
            }
        }
    };
}

quantity! {
    /// A force. Unit: newton.
    Newtons, "N"
}
quantity! {
    /// A length. Unit: metre.
    Metres, "m"
}
quantity! {
    /// A speed. Unit: metre per second.
    MetresPerSecond, "m/s"
}
quantity! {
    /// An angular speed. Unit: radian per second.
    RadiansPerSecond, "rad/s"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_become_quantities() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Newtons::new(bad).is_err(), "{bad} passed");
        }
        assert_eq!(Newtons::new(-2.5).unwrap().get(), -2.5);
        assert_eq!(
            Metres::new(f64::INFINITY).unwrap_err().to_string(),
            "expected a finite number of m, got inf"
        );
    }

    #[test]
    fn the_smaller_of_two_is_the_smaller() {
        let (a, b) = (MetresPerSecond::new(1.0).unwrap(), MetresPerSecond::new(2.0).unwrap());
        assert_eq!(a.min(b), a);
        assert_eq!(b.min(a), a);
        assert_eq!(a.to_string(), "1.00 m/s");
    }
}
