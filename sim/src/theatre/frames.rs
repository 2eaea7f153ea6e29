//! Frames over the link model, each a packet of its own: no handshake, no acknowledgement, nothing encrypted.
//!
//! What a network does to commands is in it; what QUIC does to them is not. Packets are as long as those that
//! QUIC makes of these frames, so that a narrow link is as narrow.

use core::time::Duration;
use std::collections::VecDeque;

use protocol::frame::command::COMMAND_BYTES;
use protocol::frame::state::STATE_BYTES;
use protocol::frame::{CommandFrame, StateFrame};

use super::carrier::{Carrier, Tally};
use super::wire::Wire;
use crate::network::LinkSpec;
use crate::noise::Noise;

/// What QUIC adds to a frame. Unit: byte.
///
/// Short header 1 + connection id 8 + packet number 1, datagram type and length 3, AEAD tag 16. Now and then an
/// acknowledgement rides along, which is not counted here.
pub const SEALED_BYTES: usize = 29;

/// Frames over one link model for each direction.
#[derive(Debug)]
pub struct Frames {
    up: Wire<CommandFrame>,
    down: Wire<StateFrame>,
    commands: VecDeque<CommandFrame>,
    tally: Tally,
}

impl Frames {
    /// A network of these two directions. One seed is one run.
    pub fn new(up: &LinkSpec, down: &LinkSpec, seed: u64) -> Self {
        let mut seeds = Noise::new(seed);
        Self {
            up: Wire::new(up, seeds.bits()),
            down: Wire::new(down, seeds.bits()),
            commands: VecDeque::new(),
            tally: Tally::default(),
        }
    }

    /// Takes commands from the network as they arrive, though the robot's servo may stand still.
    fn carry(&mut self, now: Duration) {
        while let Some(parcel) = self.up.arrived(now) {
            if !parcel.again {
                self.tally.delivered += 1;
                self.tally.arrived += 1;
                self.tally.added.note(Duration::ZERO, parcel.due, now);
            }
            self.commands.push_back(parcel.item);
        }
    }
}

impl Carrier for Frames {
    fn send_command(&mut self, frame: &CommandFrame, now: Duration) {
        self.carry(now);
        self.tally.sent += 1;
        if !self.up.offer(*frame, COMMAND_BYTES + SEALED_BYTES, now) {
            self.tally.lost += 1;
        }
    }

    fn send_state(&mut self, frame: &StateFrame, now: Duration) {
        self.down.offer(*frame, STATE_BYTES + SEALED_BYTES, now);
    }

    fn next_command(&mut self, now: Duration) -> Option<CommandFrame> {
        self.carry(now);
        self.commands.pop_front()
    }

    fn next_state(&mut self, now: Duration) -> Option<StateFrame> {
        self.down.arrived(now).map(|parcel| parcel.item)
    }

    fn set_dark(&mut self, dark: bool) {
        self.up.set_dark(dark);
        self.down.set_dark(dark);
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}
