//! The robot of a trial: made once, copied for each.

use protocol::profile::{Body, Profile};

use super::hand::Hand;
use crate::bedside::{Plant, Simulated};
use crate::carebase::{CareModel, CarePlant, CareRobot};
use crate::light::LightArms;
use crate::psm::{PsmPlant, PsmRobot};
use crate::robot::{SimRobot, UltrasoundArm};
use crate::task::PegBoard;

/// What a simulated robot is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Substance {
    /// Tips that lag behind their orders; a base is always whole.
    #[default]
    Light,
    /// Joints, masses, drives and contact.
    Full,
}

/// Robots for one profile.
pub enum Stage {
    /// Tips like those of the robot that fits.
    Light(Box<LightArms>),
    /// The seven-joint arm with its probe on the skin.
    Arm7(Box<UltrasoundArm>),
    /// Two patient-side arms.
    Psm(Box<PsmPlant>),
    /// The walking aid.
    Carebase(Box<CareModel>),
}

/// One of them.
pub(super) enum Robot {
    Light(Box<Simulated<LightArms>>),
    Arm7(Box<SimRobot>),
    Psm(Box<PsmRobot>),
    Carebase(Box<CareRobot>),
}

impl Stage {
    /// The robot that this profile steers.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken.
    pub fn new(profile: &Profile, substance: Substance) -> Result<Self, String> {
        let light = |plant: &dyn Plant, on_a_plane| {
            Self::Light(Box::new(LightArms::like(plant, on_a_plane, 0)))
        };
        let lightly = substance == Substance::Light;
        Ok(match &profile.body {
            Body::Base(_) => {
                Self::Carebase(Box::new(CareModel::shipped().map_err(|e| e.to_string())?))
            }
            Body::Arms(limits) if limits.port.is_some() => {
                let plant = PsmPlant::shipped(0).map_err(|e| e.to_string())?;
                if lightly { light(&plant, false) } else { Self::Psm(Box::new(plant)) }
            }
            Body::Arms(_) => {
                let plant = UltrasoundArm::shipped(0)?;
                if lightly { light(&plant, true) } else { Self::Arm7(Box::new(plant)) }
            }
        })
    }

    /// One robot, over a peg board if somebody carries rings. The seed chooses the noise of its sensors.
    pub(super) fn robot(&self, seed: u64, hand: Hand) -> Robot {
        let over_rings = hand == Hand::Rings;
        match self {
            Self::Light(plant) => {
                let mut plant = plant.as_ref().clone();
                plant.reseed(seed);
                let plant = if over_rings { plant.over(PegBoard::new()) } else { plant };
                Robot::Light(Box::new(Simulated::around(plant)))
            }
            Self::Arm7(plant) => Robot::Arm7(Box::new(Simulated::around(plant.like(seed)))),
            Self::Psm(plant) => {
                let mut plant = plant.as_ref().clone();
                plant.reseed(seed);
                let plant = if over_rings { plant.over(PegBoard::new()) } else { plant };
                Robot::Psm(Box::new(Simulated::around(plant)))
            }
            Self::Carebase(model) => {
                let plant = CarePlant::new(model.as_ref().clone(), seed);
                Robot::Carebase(Box::new(Simulated::around(plant)))
            }
        }
    }
}
