//! The simulated robots by name.

use core::fmt;
use core::str::FromStr;

use robot_agent::robot::Robot;
use thiserror::Error;

use crate::carebase::CareRobot;
use crate::psm::PsmRobot;
use crate::robot::SimRobot;

/// A robot that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimKind {
    /// `psm`: two patient-side arms, for the surgery profile.
    Psm,
    /// `arm7`: a seven-joint arm with an ultrasound probe, for the ultrasound profile.
    Arm7,
    /// `carebase`: a walking aid on two driven wheels, for the telecare profile.
    Carebase,
}

/// No robot has this name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no simulated robot is called \"{name}\"; expected psm, arm7 or carebase")]
pub struct UnknownRobot {
    /// The name.
    pub name: String,
}

impl SimKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Psm, Self::Arm7, Self::Carebase];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Psm => "psm",
            Self::Arm7 => "arm7",
            Self::Carebase => "carebase",
        }
    }

    /// The robot with its shipped models. The seed chooses the noise of its sensors.
    ///
    /// The pictures of `arm7` need the robot's own way to be made: [`SimRobot::shipped`].
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn robot(self, seed: u64) -> Result<Box<dyn Robot>, String> {
        Ok(match self {
            Self::Psm => Box::new(PsmRobot::shipped(seed).map_err(|e| e.to_string())?),
            Self::Arm7 => Box::new(SimRobot::shipped(seed)?.0),
            Self::Carebase => Box::new(CareRobot::shipped(seed).map_err(|e| e.to_string())?),
        })
    }
}

impl fmt::Display for SimKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SimKind {
    type Err = UnknownRobot;

    fn from_str(name: &str) -> Result<Self, UnknownRobot> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| UnknownRobot { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_robot_is_made_by_its_name() {
        for kind in SimKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            let name = kind.robot(1).unwrap().describe().name;
            assert_eq!(name, format!("{kind}-sim"));
        }
        let error = "ecm".parse::<SimKind>().unwrap_err().to_string();
        assert!(error.contains("ecm") && error.contains("expected psm"), "{error}");
    }
}
