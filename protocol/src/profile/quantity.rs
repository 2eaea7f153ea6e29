//! Numbers with their unit in the file: `"140 ms"`, `"40 mm/s"`, `"12 N"`.
//!
//! A bare number in a file that limits a robot is a mistake waiting for a reader, so it is refused. Other
//! files with quantities use the same type, with dimensions of their own where they need more.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error};

/// A kind of quantity: its name and its units, each with its factor to the SI unit.
pub trait Dimension {
    /// What it is, for messages.
    const NAME: &'static str;
    /// Accepted units with their factor to SI; the first is the one used in messages.
    const UNITS: &'static [(&'static str, f64)];
}

macro_rules! dimension {
    ($name:ident, $text:literal, $($unit:literal => $factor:expr),+) => {
        #[doc = concat!("The dimension of ", $text, ".")]
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl Dimension for $name {
            const NAME: &'static str = $text;
            const UNITS: &'static [(&'static str, f64)] = &[$(($unit, $factor)),+];
        }
    };
}

const DEG: f64 = core::f64::consts::PI / 180.0;

dimension!(Time, "a time", "ms" => 1e-3, "s" => 1.0, "us" => 1e-6);
dimension!(Rate, "a rate", "Hz" => 1.0, "kHz" => 1e3);
dimension!(Length, "a length", "mm" => 1e-3, "m" => 1.0, "cm" => 1e-2);
dimension!(Speed, "a speed", "mm/s" => 1e-3, "m/s" => 1.0);
dimension!(Acceleration, "an acceleration", "mm/s2" => 1e-3, "m/s2" => 1.0);
dimension!(Jerk, "a jerk", "mm/s3" => 1e-3, "m/s3" => 1.0);
dimension!(Angle, "an angle", "deg" => DEG, "rad" => 1.0);
dimension!(AngularSpeed, "an angular speed", "deg/s" => DEG, "rad/s" => 1.0);
dimension!(AngularAcceleration, "an angular acceleration", "deg/s2" => DEG, "rad/s2" => 1.0);
dimension!(AngularJerk, "an angular jerk", "deg/s3" => DEG, "rad/s3" => 1.0);
dimension!(Force, "a force", "N" => 1.0);
dimension!(Ratio, "a ratio", "%" => 1e-2);

/// A quantity of one dimension, in SI units.
pub struct Quantity<D> {
    /// The number in the SI unit.
    pub si: f64,
    dimension: PhantomData<fn() -> D>,
}

impl<D: Dimension> Quantity<D> {
    /// The quantity that `text` names, or what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let units = || D::UNITS.iter().map(|(u, _)| *u).collect::<Vec<_>>().join(", ");
        let example = D::UNITS.first().map_or("", |(u, _)| *u);
        let split = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)));
        let Some((number, unit)) = split.and_then(|at| text.split_at_checked(at)) else {
            return Err(format!(
                "`{text}` has no unit: expected {} such as \"10 {example}\" (units: {})",
                D::NAME,
                units()
            ));
        };
        let unit = unit.trim();
        let Some((_, factor)) = D::UNITS.iter().find(|(u, _)| *u == unit) else {
            return Err(format!(
                "`{text}` has the unit `{unit}`: expected {} in one of: {}",
                D::NAME,
                units()
            ));
        };
        match number.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => {
                Ok(Self { si: value * factor, dimension: PhantomData })
            }
            _ => Err(format!("`{text}` does not begin with a number")),
        }
    }

    /// `si` in the first unit of the dimension, for messages.
    pub fn show(si: f64) -> String {
        let (unit, factor) = D::UNITS.first().copied().unwrap_or(("", 1.0));
        // Nine decimals hide the rounding of the factor and keep every digit a person would write.
        let number = format!("{:.9}", si / factor);
        let number = number.trim_end_matches('0').trim_end_matches('.');
        format!("{number} {unit}")
    }
}

impl<D> Clone for Quantity<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Quantity<D> {}

impl<D: Dimension> fmt::Debug for Quantity<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::show(self.si))
    }
}

impl<'de, D: Dimension> Deserialize<'de> for Quantity<D> {
    fn deserialize<T: Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        let text = String::deserialize(deserializer).map_err(|e| {
            T::Error::custom(format!("{e}; {} is written with its unit, as a string", D::NAME))
        })?;
        Self::parse(&text).map_err(T::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_to_si() {
        assert!((Quantity::<Time>::parse("140 ms").unwrap().si - 0.140).abs() < 1e-12);
        assert!((Quantity::<Time>::parse("1.5s").unwrap().si - 1.5).abs() < 1e-12);
        assert!((Quantity::<Speed>::parse("40 mm/s").unwrap().si - 0.040).abs() < 1e-12);
        assert!(
            (Quantity::<Angle>::parse("180 deg").unwrap().si - core::f64::consts::PI).abs() < 1e-12
        );
        assert!((Quantity::<Length>::parse("-25 cm").unwrap().si + 0.25).abs() < 1e-12);
    }

    /// One of each unit of each dimension, in SI.
    #[test]
    fn every_unit_has_its_factor() {
        fn si<D: Dimension>() -> Vec<f64> {
            let parse = |unit: &str| Quantity::<D>::parse(&format!("2 {unit}")).unwrap().si;
            D::UNITS.iter().map(|(unit, _)| parse(unit)).collect()
        }
        let deg = core::f64::consts::PI / 90.0;
        for (got, want) in [
            (si::<Time>(), vec![2e-3, 2.0, 2e-6]),
            (si::<Rate>(), vec![2.0, 2e3]),
            (si::<Length>(), vec![2e-3, 2.0, 2e-2]),
            (si::<Speed>(), vec![2e-3, 2.0]),
            (si::<Acceleration>(), vec![2e-3, 2.0]),
            (si::<Jerk>(), vec![2e-3, 2.0]),
            (si::<Angle>(), vec![deg, 2.0]),
            (si::<AngularSpeed>(), vec![deg, 2.0]),
            (si::<AngularAcceleration>(), vec![deg, 2.0]),
            (si::<AngularJerk>(), vec![deg, 2.0]),
            (si::<Force>(), vec![2.0]),
            (si::<Ratio>(), vec![2e-2]),
        ] {
            assert_eq!(got.len(), want.len());
            assert!(got.iter().zip(&want).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?}");
        }
        let e = Quantity::<Jerk>::parse("2 m/s2").unwrap_err();
        assert_eq!(e, "`2 m/s2` has the unit `m/s2`: expected a jerk in one of: mm/s3, m/s3");
        let e = Quantity::<AngularAcceleration>::parse("2 deg/s").unwrap_err();
        assert!(e.ends_with("expected an angular acceleration in one of: deg/s2, rad/s2"), "{e}");
    }

    #[test]
    fn what_is_not_a_quantity_says_what_would_be() {
        let text = |t| Quantity::<Force>::parse(t).unwrap_err();
        assert_eq!(text("20"), "`20` has no unit: expected a force such as \"10 N\" (units: N)");
        assert_eq!(text("20 kg"), "`20 kg` has the unit `kg`: expected a force in one of: N");
        assert_eq!(text("x N"), "`x N` has the unit `x N`: expected a force in one of: N");
        assert_eq!(text(". N"), "`. N` does not begin with a number");
        assert_eq!(text("1e999 N"), "`1e999 N` does not begin with a number");
    }

    #[test]
    fn values_are_shown_as_a_person_would_write_them() {
        assert_eq!(Quantity::<Time>::show(0.14), "140 ms");
        assert_eq!(Quantity::<Speed>::show(0.0405), "40.5 mm/s");
        assert_eq!(format!("{:?}", Quantity::<Angle>::parse("5 deg").unwrap()), "5 deg");
    }
}
