//! The base as numbers.

use serde::Deserialize;

use crate::model_file::{ModelError, parse, within};

const SHIPPED: &str = include_str!("../../models/carebase.toml");

/// Gravity. Unit: m/s².
const GRAVITY_M_S2: f64 = crate::rigid::GRAVITY_M_S2;

/// A base on two driven wheels, every number checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CareModel {
    /// What the file calls it.
    pub name: String,
    /// Mass. Unit: kg.
    pub mass_kg: f64,
    /// Inertia about the vertical axis through the middle of the axle. Unit: kg·m².
    pub yaw_inertia_kg_m2: f64,
    /// Unit: m.
    pub wheel_radius_m: f64,
    /// Distance between the wheels. Unit: m.
    pub track_m: f64,
    /// Inertia of a wheel with gear and rotor. Unit: kg·m².
    pub wheel_inertia_kg_m2: f64,
    /// Greatest torque of a drive at its wheel. Unit: N·m.
    pub torque_max_n_m: f64,
    /// Greatest speed of a wheel. Unit: rad/s.
    pub wheel_speed_max_rad_s: f64,
    /// Torque that a brake bears. Unit: N·m.
    pub brake_n_m: f64,
    /// Bandwidth of the speed loops. Unit: rad/s.
    pub bandwidth_rad_s: f64,
    /// Rolling resistance as a share of the weight on a wheel.
    pub rolling_resistance: f64,
    /// Viscous friction of a wheel. Unit: N·m·s/rad.
    pub viscous_n_m_s_rad: f64,
    /// What the floor holds, as a share of the weight on a wheel.
    pub grip: f64,
    /// From the axle to the bumper ahead. Unit: m.
    pub front_m: f64,
    /// From the axle to the edge behind. Unit: m.
    pub rear_m: f64,
    /// Stiffness of the bumper. Unit: N/m.
    pub bumper_n_m: f64,
    /// Damping of the bumper. Unit: N·s/m.
    pub bumper_n_s_m: f64,
    /// The walls. Frame: where the base begins.
    pub room: Room,
}

/// A rectangular room.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// Its corner behind and to the right. Unit: m.
    pub min_m: [f64; 2],
    /// Its corner ahead and to the left. Unit: m.
    pub max_m: [f64; 2],
}

impl CareModel {
    /// The base that ships with the simulator, `models/carebase.toml`.
    ///
    /// # Errors
    /// None in a released build; a test reads the file.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::from_toml(SHIPPED)
    }

    /// The base that a TOML text describes.
    ///
    /// # Errors
    /// The key and its range, or the line, of the first thing that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let model: Self = parse(text)?;
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelError> {
        let numbers = [
            ("mass_kg", self.mass_kg, 1.0, 1e3),
            ("yaw_inertia_kg_m2", self.yaw_inertia_kg_m2, 0.01, 1e3),
            ("wheel_radius_m", self.wheel_radius_m, 0.01, 1.0),
            ("track_m", self.track_m, 0.1, 3.0),
            ("wheel_inertia_kg_m2", self.wheel_inertia_kg_m2, 1e-6, 10.0),
            ("torque_max_n_m", self.torque_max_n_m, 0.01, 1e3),
            ("wheel_speed_max_rad_s", self.wheel_speed_max_rad_s, 0.1, 100.0),
            ("brake_n_m", self.brake_n_m, 0.01, 1e3),
            ("bandwidth_rad_s", self.bandwidth_rad_s, 1.0, 200.0),
            ("rolling_resistance", self.rolling_resistance, 0.0, 0.2),
            ("viscous_n_m_s_rad", self.viscous_n_m_s_rad, 0.0, 10.0),
            ("grip", self.grip, 0.05, 2.0),
            ("front_m", self.front_m, 0.05, 2.0),
            ("rear_m", self.rear_m, 0.05, 2.0),
            // Stiffer is beyond what a step of a millisecond resolves at the least mass.
            ("bumper_n_m", self.bumper_n_m, 100.0, 1e5),
            ("bumper_n_s_m", self.bumper_n_s_m, 0.0, 1e3),
        ];
        for (key, value, min, max) in numbers {
            within(|| key.to_owned(), value, min, max)?;
        }
        let room = self.room.min_m.iter().zip(&self.room.max_m);
        for (i, (min, max)) in room.enumerate() {
            let reach = self.front_m.max(self.rear_m) + 0.1;
            within(|| format!("room.min_m[{i}]"), *min, -100.0, -reach)?;
            within(|| format!("room.max_m[{i}]"), *max, reach, 100.0)?;
        }
        Ok(())
    }

    /// Weight on one wheel: half of it all. Unit: N.
    pub fn wheel_load_n(&self) -> f64 {
        0.5 * self.mass_kg * GRAVITY_M_S2
    }

    /// What the floor holds at one wheel. Unit: N·m.
    pub fn grip_n_m(&self) -> f64 {
        self.grip * self.wheel_load_n() * self.wheel_radius_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_base_is_read_and_a_wrong_number_is_refused_with_its_range() {
        assert_eq!(CareModel::shipped().unwrap().name, "carebase");
        for (from, to, key) in [
            ("mass_kg = 45.0", "mass_kg = nan", "mass_kg"),
            ("grip = 0.5", "grip = 7.0", "grip"),
            ("min_m = [-3.0, -2.5]", "min_m = [-3.0, 0.1]", "room.min_m[1]"),
        ] {
            assert!(SHIPPED.contains(from), "{from}");
            match CareModel::from_toml(&SHIPPED.replacen(from, to, 1)) {
                Err(ModelError::Range { key: got, .. }) => assert_eq!(got, key),
                other => panic!("{key}: {other:?}"),
            }
        }
        let typo = SHIPPED.replacen("track_m", "tracks_m", 1);
        assert!(matches!(CareModel::from_toml(&typo), Err(ModelError::Syntax { .. })));
    }
}
