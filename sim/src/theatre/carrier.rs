//! What carries frames between the two sides of a theatre, and what it counts.

use core::time::Duration;

use protocol::frame::{CommandFrame, StateFrame};
use protocol::link::LinkError;

use super::STEP;
use super::frames::Frames;
use super::quic::Quic;
use crate::network::LinkSpec;

/// Carries commands to the robot and states to the console, on the time of the world, which nobody in it can read:
/// `now` only rises.
pub trait Carrier {
    /// The console sends a command.
    fn send_command(&mut self, frame: &CommandFrame, now: Duration);
    /// The robot sends a state.
    fn send_state(&mut self, frame: &StateFrame, now: Duration);
    /// The next command that has arrived at the robot.
    fn next_command(&mut self, now: Duration) -> Option<CommandFrame>;
    /// The next state that has arrived at the console.
    fn next_state(&mut self, now: Duration) -> Option<StateFrame>;
    /// While it is dark, what is sent either way is lost; what is on its way still arrives.
    fn set_dark(&mut self, dark: bool);
    /// What has become of the commands so far.
    fn tally(&self) -> &Tally;
    /// How the connection has ended, in the codes of both sides, if it has.
    fn ended(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// What the network between the two sides carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Frames, whole, each as a packet of its own.
    #[default]
    Frames,
    /// Packets of the QUIC that the programs use, driven by the theatre's time.
    Quic,
}

impl Transport {
    /// A carrier over these two directions. One seed is one run.
    ///
    /// # Errors
    /// [`LinkError`] if QUIC does not come about, as over a link that is slower than a handshake may be.
    pub fn carrier(
        self,
        up: &LinkSpec,
        down: &LinkSpec,
        seed: u64,
    ) -> Result<Box<dyn Carrier>, LinkError> {
        Ok(match self {
            Self::Frames => Box::new(Frames::new(up, down, seed)),
            Self::Quic => Box::new(Quic::joined(up, down, seed)?),
        })
    }
}

/// What has become of commands. One that arrives twice counts once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Given to the carrier by the console.
    pub sent: u64,
    /// In a packet that the network lost.
    pub lost: u64,
    /// In a packet that the network has delivered.
    pub delivered: u64,
    /// Handed to the robot.
    pub arrived: u64,
    /// How much later than the network alone would have had it.
    pub added: Added,
}

/// How long commands took beyond what the network took, in steps of the theatre: waiting to be sent, and
/// waiting after they had arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Added {
    /// How many took so many steps; the last is for all that took more.
    steps: [u64; ADDED_STEPS],
    max: u64,
}

/// Longer waits are told apart by their maximum alone.
const ADDED_STEPS: usize = 32;

impl Added {
    /// Takes in a command that waited until `offered` for the network, which had it there at `due`, and that was
    /// handed over at `now`. What is due between two steps can only be handed over at the next one.
    pub(super) fn note(&mut self, waited: Duration, due: Duration, now: Duration) {
        let late = waited + now.saturating_sub(due);
        let steps = u64::try_from(late.as_nanos() / STEP.as_nanos()).unwrap_or(u64::MAX);
        self.max = self.max.max(steps);
        let at = usize::try_from(steps).unwrap_or(usize::MAX).min(ADDED_STEPS - 1);
        if let Some(count) = self.steps.get_mut(at) {
            *count += 1;
        }
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        STEP.saturating_mul(u32::try_from(self.max).unwrap_or(u32::MAX))
    }

    /// What a share of them does not exceed; `None` without any.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let all: u64 = self.steps.iter().sum();
        let wanted = (all as f64 * share).ceil().max(1.0) as u64;
        let mut so_far = 0;
        let at = self.steps.iter().position(|count| {
            so_far += count;
            so_far >= wanted
        })?;
        let beyond = at == ADDED_STEPS - 1;
        Some(if beyond { self.max() } else { STEP.saturating_mul(u32::try_from(at).ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn what_the_network_took_is_not_added_and_what_lies_around_is() {
        let mut added = Added::default();
        assert_eq!(added.percentile(0.5), None);
        for _ in 0..99 {
            added.note(Duration::ZERO, us(10_400), us(11_000));
        }
        assert_eq!((added.percentile(0.99), added.max()), (Some(Duration::ZERO), Duration::ZERO));
        added.note(us(2_000), us(12_000), us(15_000));
        assert_eq!((added.percentile(0.99), added.max()), (Some(Duration::ZERO), us(5_000)));
        assert_eq!(added.percentile(1.0), Some(us(5_000)));
        added.note(Duration::ZERO, us(0), us(10_000_000));
        assert_eq!((added.percentile(1.0), added.max()), (Some(us(10_000_000)), us(10_000_000)));
    }
}
