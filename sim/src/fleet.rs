//! The simulated robots by name.

use core::fmt;
use core::str::FromStr;

use protocol::picture::ViewSource;
use protocol::profile::Profile;
use robot_agent::picture::PictureSource;
use robot_agent::robot::Robot;
use thiserror::Error;

use crate::bedside::Simulated;
use crate::carebase::{CareModel, CarePlant, CareRobot};
use crate::exam::Exam;
use crate::psm::{PsmPlant, PsmRobot};
use crate::robot::{SimPictures, SimRobot};
use crate::scene::{Eyes, Filmed, SurgeryPictures, WardPictures};
use crate::task::PegBoard;

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
    /// Without pictures; with them: [`SimKind::with_pictures`].
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

/// The width and height of the pictures of each robot. Unit: pixel. 8:5 fills the console's frame.
const ULTRASOUND_PX: (u16, u16) = (768, 480);
/// 60 of these a second, drawn, encoded and decoded, leave a small machine with the browser on it half of its time.
const ENDOSCOPE_PX: (u16, u16) = (800, 500);
const DRIVE_PX: (u16, u16) = (960, 600);

/// No simulated robot is for this profile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "no simulated robot is for the profile {profile}, {needs}, steered by the picture {steering}; there is one arm with ultrasound, two arms with endoscope, and a base with drive"
)]
pub struct NoRobot {
    /// Name of the profile.
    pub profile: String,
    /// What moves in it.
    pub needs: &'static str,
    /// What it is steered by.
    pub steering: &'static str,
}

/// A robot and what its camera sees.
pub type WithPictures = (Box<dyn Robot>, Box<dyn PictureSource>);

impl SimKind {
    /// The robot that has the body and the pictures that this profile is for.
    ///
    /// # Errors
    /// [`NoRobot`], if none has.
    pub fn fitting(profile: &Profile) -> Result<Self, NoRobot> {
        let steering = profile.freshness.steering;
        let arms = profile.arms().map(|arms| arms.count);
        match (arms, steering) {
            (Some(1), ViewSource::Ultrasound) => Ok(Self::Arm7),
            (Some(2), ViewSource::Endoscope) => Ok(Self::Psm),
            (None, ViewSource::Drive) => Ok(Self::Carebase),
            _ => Err(NoRobot {
                profile: profile.name.clone(),
                needs: match arms {
                    Some(1) => "for one arm",
                    Some(_) => "for two arms",
                    None => "for a base",
                },
                steering: steering.word(),
            }),
        }
    }

    /// The robot and its pictures; `exam` is what an ultrasound probe is put on. The seed chooses noise, and the scenery.
    ///
    /// # Errors
    /// A sentence, if a shipped model is broken, or if the profile does not say how a camera looks that needs to know.
    pub fn with_pictures(
        self,
        profile: &Profile,
        exam: Exam,
        seed: u64,
    ) -> Result<WithPictures, String> {
        Ok(match self {
            Self::Arm7 => {
                let (robot, probe) = SimRobot::examining(exam, seed)?;
                let pictures = SimPictures::examining(exam, probe, ULTRASOUND_PX, seed)?;
                (Box::new(robot), Box::new(pictures))
            }
            Self::Psm => {
                let view = profile.hand.view_axes().ok_or_else(|| {
                    format!(
                        "the profile {} does not say how its endoscope looks: give it hand.view_down",
                        profile.name
                    )
                })?;
                let plant = PsmPlant::shipped(seed).map_err(|e| e.to_string())?;
                let (plant, state) = Filmed::new(plant.over(PegBoard::new()));
                let view = (&view, Eyes::One);
                let pictures = SurgeryPictures::shipped(state, ENDOSCOPE_PX, view, seed)?;
                (Box::new(Simulated::around(plant)), Box::new(pictures))
            }
            Self::Carebase => {
                let model = CareModel::shipped().map_err(|e| e.to_string())?;
                let (plant, state) = Filmed::new(CarePlant::new(model.clone(), seed));
                let pictures = WardPictures::new(state, DRIVE_PX, &model);
                (Box::new(Simulated::around(plant)), Box::new(pictures))
            }
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
    fn every_shipped_profile_has_its_robot_with_the_picture_that_steers() {
        for (text, kind) in [
            (protocol::profile::ULTRASOUND, SimKind::Arm7),
            (protocol::profile::SURGERY, SimKind::Psm),
            (protocol::profile::SURGERY_LAN, SimKind::Psm),
            (protocol::profile::TELECARE, SimKind::Carebase),
        ] {
            let profile = Profile::parse(text).unwrap();
            assert_eq!(SimKind::fitting(&profile), Ok(kind));
            let (mut robot, mut pictures) =
                kind.with_pictures(&profile, Exam::default(), 1).unwrap();
            assert_eq!(pictures.shows(), profile.freshness.steering);
            assert_eq!(robot.describe().name, format!("{kind}-sim"));
            let (width, height) = pictures.size();
            let mut picture = robot_agent::picture::Picture::black(width, height);
            let now = protocol::time::Moment::from_ns(1);
            let budget = core::time::Duration::from_millis(20);
            assert!(!pictures.capture(now, budget, &mut picture), "nothing is known yet");
            robot.read(now).unwrap();
            assert!(pictures.capture(now, budget, &mut picture));
            assert!(picture.grey.iter().any(|grey| *grey > 100));
        }
    }

    #[test]
    fn a_profile_that_no_robot_fits_is_refused_with_what_there_is() {
        let odd = protocol::profile::SURGERY.replace("\"endoscope\" ", "\"room\" ");
        let error = SimKind::fitting(&Profile::parse(&odd).unwrap()).unwrap_err().to_string();
        assert!(error.contains("surgery, for two arms, steered by the picture room"), "{error}");
        assert!(error.contains("two arms with endoscope"), "{error}");
        let blind = protocol::profile::SURGERY.replace("view_down = \"45 deg\"", "");
        let error =
            SimKind::Psm.with_pictures(&Profile::parse(&blind).unwrap(), Exam::default(), 1);
        assert!(error.is_err_and(|error| error.contains("give it hand.view_down")));
    }

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
