//! What can go wrong in the theatre, and what a test does to make it.

use core::time::Duration;

use operator::devices::{HandMotion, HandSample};
use protocol::state::OperatingState;

use crate::noise::Noise;

/// Faults that last for as long as they are set. May be changed between steps.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, and they combine")]
pub struct Faults {
    /// The picture on the screen no longer changes, though pictures arrive.
    pub frozen_picture: bool,
    /// The operator's process is dead: nothing is sent, nothing is received.
    pub dead_operator: bool,
    /// The operator's process stands still: what is sent to it waits for it.
    pub hung_console: bool,
    /// How far the hand is said to be from where it is, along each axis. Unit: m.
    pub leap_m: f64,
    /// The input device hangs: what it said last is all that there is.
    pub hung_hand: bool,
    /// The page shows this and says so, whatever the console told it.
    pub shown: Option<OperatingState>,
    /// What stands on the page beside the pictures no longer changes.
    pub frozen_page: bool,
    /// Share of commands lost on the way, 0 to 1. Which ones is a matter of the seed.
    pub loss: f64,
    /// The network is dark: whatever is sent, either way, is lost.
    pub dark: bool,
    /// The camera that steers delivers nothing.
    pub dead_camera: bool,
    /// A camera that shows the room is on; the screen shows its pictures, too. No fault by itself.
    pub room_camera: bool,
    /// What decides a motion is not recorded.
    pub dead_recorder: bool,
    /// Servo ticks that the robot's computer has missed within the last second.
    pub overruns: u32,
}

/// Faults that happen once, at the robot's computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// The servo thread stands still for this long; everything else goes on.
    ServoStall(Duration),
    /// The computer sleeps for this long, and its clock with it; the arm and the world go on.
    Suspend(Duration),
    /// Its clock is set back by this much.
    ClockBack(Duration),
}

/// The faults in force, with what they need to remember.
#[derive(Debug)]
pub(super) struct Trouble {
    noise: Noise,
    /// What the device said before it hung.
    last: Option<HandSample>,
}

impl Trouble {
    pub(super) const fn new(seed: u64) -> Self {
        Self { noise: Noise::new(seed), last: None }
    }

    /// What the console reads of its device, which says `sample` if it does not hang.
    pub(super) fn read(&mut self, faults: &Faults, sample: HandSample) -> HandSample {
        let mut heard = self.last.filter(|_| faults.hung_hand).unwrap_or(sample);
        self.last = Some(heard);
        if let HandMotion::Displacement(displacement) = &mut heard.motion {
            displacement.translation.add_scalar_mut(faults.leap_m);
        }
        heard
    }

    /// True if a command that is sent now is lost.
    pub(super) fn loses(&mut self, faults: &Faults) -> bool {
        self.noise.uniform() < faults.loss
    }
}
