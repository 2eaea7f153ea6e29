//! Plants that Farreach can be tried on with no hardware and no patient.
//!
//! Problem: a tele-operation system is judged by what happens on the far side: how the arm lags, how flesh pushes
//! back, what the picture shows while the probe lifts off. A stub that echoes its setpoint passes every test and
//! proves none. So the plant is physics, small enough to run far faster than time and exact enough to fail.
//!
//! - [`arm`]: a seven-joint arm from a file (TOML or URDF): kinematics, differential step, its bodies.
//! - [`rigid`]: trees of rigid bodies on joints, from URDF: kinematics, inverse and forward dynamics.
//! - [`psm`]: the patient-side arm of the da Vinci Research Kit.
//! - [`task`]: the board of the peg transfer.
//! - [`patient`]: vital signs that agree with each other, and a monitor that measures them.
//! - [`carebase`]: a walking aid on two driven wheels.
//! - [`urdf`]: the reader of that format, for both.
//! - [`tissue`]: contact between the probe's face and a body: never pulls, starts without a jump.
//! - [`phantom`]: a torso and a neck with a layered wall, organs, vessels and bone, from files.
//! - [`ultrasound`]: the B-mode picture of such a body under the probe.
//! - [`exam`]: which body is under which probe.
//! - [`plant`]: arm, torso and contact in one step of a millisecond.
//! - [`watchdog`]: drives that stop when orders cease.
//! - [`driven`]: such a tree with drives, servos and brakes.
//! - [`bedside`]: what every robot has around its plant: the integrator's trait, faults, limits, delays.
//! - [`robot`]: the ultrasound robot and its pictures.
//! - [`truth`]: how a robot moves, without its sensors, for those who watch.
//! - [`light`]: tips that lag behind their orders, where only the rest of the system is tried.
//! - [`scene`]: what cameras see of the others, drawn in software.
//! - [`fleet`]: the robots by name.
//! - [`network`]: a link as a pure function of its specification and a seed, with presets from measurements.
//! - [`theatre`]: the cores of both sides, a link and the plant in one loop on virtual time.
//! - [`trial`]: the theatre with things that go wrong by lot, and every promise watched.
//! - [`user`]: somebody who steers by late pictures, and whether they get there.
//!
//! Method: everything is a function of its models, its inputs and a seed. Nothing reads a clock, starts a thread or
//! touches a file; models are parsed from text. One seed is one run, bit for bit, on one machine type (sine and
//! power come from the platform's mathematics library, whose last bit may differ elsewhere).
//!
//! What it does not model: link flexibility and errors of gravity compensation; tissue that creeps or
//! drags its neighbours; refraction, reverberation and Doppler; a patient who moves or speaks. Forces and pictures
//! have the right size and the right causes; no clinical conclusion follows from them.

pub mod arm;
pub mod bedside;
pub mod carebase;
pub mod driven;
pub mod exam;
pub mod fleet;
#[cfg(test)]
mod hands;
pub mod light;
pub mod model_file;
pub mod network;
pub mod noise;
pub mod patient;
pub mod phantom;
pub mod plant;
pub mod psm;
pub mod rigid;
pub mod robot;
pub mod scene;
pub mod snapshot;
pub mod task;
pub mod theatre;
pub mod tissue;
pub mod trial;
pub mod truth;
pub mod ultrasound;
pub mod urdf;
pub mod user;
pub mod watchdog;

pub use arm::{ArmModel, JOINTS, JointVector, UrdfDefaults, UrdfError};
pub use exam::Exam;
pub use model_file::ModelError;
pub use phantom::{Phantom, Placement, Tissue};
pub use plant::{Command, UltrasoundPlant};
pub use robot::{SimFault, SimPictures, SimRobot};
pub use tissue::{ContactSettings, ProbeFace, Twist, Wrench};
pub use ultrasound::{Probe, Scanner, ScannerError, Settings};
pub use watchdog::{Drives, WATCHDOG_S};
