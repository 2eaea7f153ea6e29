//! Which arm a device for one hand moves.
//!
//! A hand that goes over to the other arm while a stick is deflected would set off an arm that it was not
//! looking at. So the other arm begins only from rest: until everything has been let go once, neither moves.

use super::{ArmSide, Deflection};

/// The arm that is moved, and whether it waits for rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    arm: ArmSide,
    waits: bool,
}

impl Choice {
    /// The first arm.
    pub(super) const fn first() -> Self {
        Self { arm: ArmSide::Left, waits: false }
    }

    /// What is asked of the arm that the deflection names: nothing until the hand has rested since it was chosen.
    pub(super) fn take(&mut self, asked: Deflection) -> Deflection {
        self.waits |= asked.arm != self.arm;
        self.arm = asked.arm;
        self.waits &= !asked.is_none();
        if self.waits { Deflection { arm: asked.arm, ..Deflection::NONE } } else { asked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arm: ArmSide, x: f64) -> Deflection {
        Deflection { arm, x, ..Deflection::NONE }
    }

    #[test]
    fn the_other_arm_begins_only_from_rest_and_so_does_the_first_one_after_it() {
        let mut choice = Choice::first();
        let (left, right) = (ArmSide::Left, ArmSide::Right);
        for (arm, x, wanted) in [
            (left, 0.5, 0.5),
            (right, 0.5, 0.0),
            (right, 0.4, 0.0),
            (right, 0.0, 0.0),
            (right, 0.3, 0.3),
            (left, 0.3, 0.0),
            (right, 0.3, 0.0),
            (left, 0.2, 0.0),
            (left, 0.0, 0.0),
            (left, 0.2, 0.2),
            (right, 0.0, 0.0),
            (right, 0.1, 0.1),
        ] {
            assert_eq!(choice.take(asked(arm, x)), asked(arm, wanted));
        }
    }

    #[test]
    fn rest_is_rest_of_everything() {
        let some = [
            Deflection { y: -0.1, ..Deflection::NONE },
            Deflection { z: 1.0, ..Deflection::NONE },
            Deflection { turn: 0.1, ..Deflection::NONE },
            Deflection { tilt: 0.1, ..Deflection::NONE },
            Deflection { jaw: -1.0, ..Deflection::NONE },
        ];
        for held in some.map(|held| Deflection { arm: ArmSide::Right, ..held }) {
            let mut choice = Choice::first();
            assert_eq!(choice.take(held), asked(ArmSide::Right, 0.0), "{held:?}");
            assert_eq!(choice.take(held), asked(ArmSide::Right, 0.0), "{held:?}");
            choice.take(asked(ArmSide::Right, 0.0));
            assert_eq!(choice.take(held), held);
        }
    }
}
