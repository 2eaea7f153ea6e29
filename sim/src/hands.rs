//! Hands for the suite that every robot must pass: everything that can be done to a simulated one.

use robot_agent::conform::{Act, Rig};
use robot_agent::robot::Robot;

use crate::bedside::{Plant, SimFault, Simulated};

/// The robot, and how its agent is started anew on the same plant.
pub(crate) struct Hands<P> {
    pub(crate) robot: Simulated<P>,
    pub(crate) restart: fn(&Simulated<P>) -> Simulated<P>,
}

impl<P: Plant> Rig for Hands<P> {
    fn robot(&mut self) -> &mut dyn Robot {
        &mut self.robot
    }

    /// The samples cease to come. A sensor that repeats itself is not the driver's to notice.
    fn freeze_sensor(&mut self) -> Act {
        self.robot.set_fault(Some(SimFault::LostSensor));
        Act::Done
    }

    fn thaw_sensor(&mut self) {
        self.robot.set_fault(None);
    }

    fn open_guard(&mut self) -> Act {
        self.robot.set_guard_open(true);
        Act::Done
    }

    fn close_guard(&mut self) {
        self.robot.set_guard_open(false);
    }

    fn cut_drives(&mut self) -> Act {
        self.robot.set_fault(Some(SimFault::DrivesCut));
        Act::Done
    }

    fn restore_drives(&mut self) {
        self.robot.set_fault(None);
    }

    fn restart(&mut self) -> Act {
        self.robot = (self.restart)(&self.robot);
        Act::Done
    }
}
