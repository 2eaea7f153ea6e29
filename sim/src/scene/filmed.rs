//! A plant whose state the thread that draws it may look at.

use robot_agent::robot::{Body, Order, OwnLimits, Reading, RobotFault};

use crate::bedside::{Before, Plant};
use crate::snapshot::{NumbersReader, NumbersWriter, numbers};
use crate::watchdog::Drives;
use protocol::time::{Moment, Robot as RobotTime};

/// A plant that a camera can see.
pub trait Shown: Plant {
    /// How many numbers say where everything is.
    const NUMBERS: usize;

    /// Those numbers, as they truly are and no sensor says. No allocation.
    fn place(&self, into: &mut [f64]);
}

/// A plant that says at each reading where everything is.
pub struct Filmed<P> {
    plant: P,
    place: Vec<f64>,
    writer: NumbersWriter,
}

impl<P: Shown> Filmed<P> {
    /// The plant, and where its pictures can see it from.
    pub fn new(plant: P) -> (Self, NumbersReader) {
        let (writer, reader) = numbers(P::NUMBERS);
        (Self { plant, place: vec![0.0; P::NUMBERS], writer }, reader)
    }

    /// The plant.
    pub const fn plant(&self) -> &P {
        &self.plant
    }
}

impl<P: Shown> Plant for Filmed<P> {
    fn name(&self) -> String {
        self.plant.name()
    }

    fn body(&self) -> Body {
        self.plant.body()
    }

    fn widest(&self) -> OwnLimits {
        self.plant.widest()
    }

    fn delay_steps(&self) -> usize {
        self.plant.delay_steps()
    }

    fn drives(&self) -> Drives {
        self.plant.drives()
    }

    fn enable_drives(&mut self) {
        self.plant.enable_drives();
    }

    fn disable_drives(&mut self) {
        self.plant.disable_drives();
    }

    fn step(&mut self, order: Option<&Order>) {
        self.plant.step(order);
    }

    fn measure(&self, at: Moment<RobotTime>) -> Reading {
        self.plant.measure(at)
    }

    fn load_n(&self) -> f64 {
        self.plant.load_n()
    }

    fn accepts(
        &self,
        order: &Order,
        before: Option<Before<'_>>,
        own: &OwnLimits,
    ) -> Result<(), RobotFault> {
        self.plant.accepts(order, before, own)
    }

    fn shown(&mut self) {
        self.plant.shown();
        self.plant.place(&mut self.place);
        self.writer.write(&self.place);
    }
}
