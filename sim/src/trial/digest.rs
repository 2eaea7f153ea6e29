//! One number for everything that happened: two runs of a seed must agree in it.

use robot_agent::robot::Order;
use sha2::{Digest as _, Sha256};

use crate::theatre::{Happening, Theatre};
use crate::truth::{Staged, Truth};

/// Gathers every step of a trial.
#[derive(Debug, Clone, Default)]
pub struct Digest {
    hash: Sha256,
    step: Vec<u8>,
}

impl Digest {
    /// Takes a step in: what came, what was decided and ordered, how the robot moved, bit by bit.
    pub fn take<R: Staged>(&mut self, theatre: &Theatre<R>, truth: &Truth) {
        self.step.clear();
        self.happening(theatre.happening());
        for tip in truth.tips.iter().flatten() {
            self.numbers(tip.at_m.iter().chain(tip.velocity_m_s.iter()).copied());
        }
        if let Some(base) = &truth.base {
            let numbers = [base.at_m.x, base.at_m.y, base.heading_rad, base.linear_m_s];
            self.numbers(numbers);
        }
        self.numbers([truth.force_n]);
        let tally = theatre.carrier().tally();
        for count in [tally.sent, tally.lost, tally.delivered, tally.arrived] {
            self.step.extend(count.to_le_bytes());
        }
        self.hash.update(&self.step);
    }

    /// The number.
    pub fn finish(self) -> [u8; 32] {
        self.hash.finalize().into()
    }

    fn happening(&mut self, happening: &Happening) {
        for (frame, _) in &happening.heard {
            self.step.extend(frame.seq.to_le_bytes());
            self.step.extend(frame.t_input.as_ns().to_le_bytes());
            self.step.extend(frame.seen_view.to_le_bytes());
            self.step.extend(frame.seen_state.to_le_bytes());
        }
        let Some(ticked) = &happening.ticked else { return };
        self.step.push(ticked.word as u8);
        self.step.extend(ticked.epoch.to_le_bytes());
        match &ticked.tick.order {
            Order::Off => self.step.push(0),
            Order::Stand => self.step.push(1),
            Order::Servo { arms } => {
                for arm in arms {
                    let tip = &arm.tip.iso;
                    let numbers = tip.translation.vector.iter().chain(tip.rotation.coords.iter());
                    self.numbers(numbers.copied().chain([arm.jaw_rad]));
                }
            }
            Order::Drive { linear_m_s, angular_rad_s } => {
                self.numbers([*linear_m_s, *angular_rad_s]);
            }
        }
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = f64>) {
        for number in numbers {
            self.step.extend(number.to_bits().to_le_bytes());
        }
    }
}
