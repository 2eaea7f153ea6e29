//! The drives' own watchdog: they stop when orders cease, whoever should have sent them.

/// Longest silence that drives tolerate. Unit: s. Source: dVRK's hardware watchdog, 30 ms.
pub const WATCHDOG_S: f64 = 0.030;

/// Whether the drives can move the robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drives {
    /// Off: the brakes hold.
    Off,
    /// On: commands are followed.
    On,
    /// Commands ceased for [`WATCHDOG_S`]: the brakes hold until the drives are enabled again.
    Tripped,
}

/// The state of the drives, and how long nothing was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriveWatchdog {
    drives: Drives,
    silence_s: f64,
}

impl Default for DriveWatchdog {
    fn default() -> Self {
        Self { drives: Drives::Off, silence_s: 0.0 }
    }
}

impl DriveWatchdog {
    /// State of the drives.
    pub const fn drives(&self) -> Drives {
        self.drives
    }

    /// Switches the drives on. Clears a trip.
    pub const fn enable(&mut self) {
        *self = Self { drives: Drives::On, silence_s: 0.0 };
    }

    /// Switches the drives off. Clears a trip.
    pub const fn disable(&mut self) {
        *self = Self { drives: Drives::Off, silence_s: 0.0 };
    }

    /// Takes in that `dt_s` have passed and whether an order was `heard` in them; the state of the drives then.
    pub fn pass(&mut self, dt_s: f64, heard: bool) -> Drives {
        if self.drives == Drives::On {
            self.silence_s = if heard { 0.0 } else { self.silence_s + dt_s };
            // A part of a period of grace, so that rounding does not decide.
            if self.silence_s > WATCHDOG_S + 0.01 * dt_s {
                self.drives = Drives::Tripped;
            }
        }
        self.drives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ROBOT-FAULT: drives that hear nothing stop after 30 ms, not before, and stay stopped.
    #[test]
    fn silence_trips_after_30_ms_and_only_enabling_clears_it() {
        let mut watchdog = DriveWatchdog::default();
        assert_eq!(watchdog.pass(1.0, false), Drives::Off, "off drives have nothing to trip");
        watchdog.enable();
        for _ in 0..30 {
            assert_eq!(watchdog.pass(1e-3, false), Drives::On);
        }
        assert_eq!(watchdog.pass(1e-3, false), Drives::Tripped);
        assert_eq!(watchdog.pass(1e-3, true), Drives::Tripped);
        watchdog.enable();
        for _ in 0..100 {
            assert_eq!(watchdog.pass(1e-3, false), Drives::On);
            assert_eq!(watchdog.pass(1e-3, true), Drives::On);
        }
    }
}
