//! What the servo thread runs allocates nothing, whatever happens: an allocator takes locks, and a lock
//! is a wait without a bound.
//!
//! In a test binary of its own, because counting replaces the allocator of the whole program.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::hint::black_box;

use benches::{Rig, SESSION};
use protocol::cause::Cause;
use protocol::state::OperatingState;
use robot_agent::core::{LocalEvent, SessionEvent};
use robot_agent::robot::RobotFault;

/// Ticks that are counted.
const TICKS: u64 = 100_000;

/// Everything that can happen to two arms with ports, zones and jaws, in turn.
#[derive(Default)]
struct Play {
    ticks: u64,
    followed: u64,
    seen: Vec<(OperatingState, Option<Cause>)>,
}

impl Play {
    fn run(&mut self, rig: &mut Rig, ms: u64) {
        for _ in 0..ms {
            let tick = rig.step();
            self.ticks += 1;
            self.followed += u64::from(tick.followed.is_some());
            if let Some(t) = tick.transition
                && !self.seen.contains(&(t.to, t.cause))
                && self.seen.len() < self.seen.capacity()
            {
                self.seen.push((t.to, t.cause));
            }
        }
    }

    fn act(&mut self, rig: &mut Rig) {
        // Follows, freely, then against walls, with jaws and contact.
        rig.engage();
        self.run(rig, 500);
        (rig.swing_m, rig.jaw_rad, rig.force_n) = (0.3, 1.5, 3.0);
        self.run(rig, 3_000);
        // Beyond the soft limit of the force, and back.
        rig.force_n = 5.0;
        self.run(rig, 100);
        rig.force_n = 0.0;
        self.run(rig, 700);
        // Falls silent, holds, lifts to the end.
        rig.sends = false;
        self.run(rig, 2_500);
        rig.sends = true;
        rig.swing_m = 0.02;
        rig.engage();
        self.run(rig, 500);
        // Presses too hard: stops, lifts at once, is acknowledged and reset.
        rig.force_n = 9.0;
        self.run(rig, 10);
        rig.force_n = 0.0;
        self.run(rig, 1_500);
        let epoch = rig.epoch();
        let _ = rig.session(SessionEvent::Acknowledge { session: SESSION, epoch });
        rig.local(LocalEvent::Reset);
        self.run(rig, 10);
        rig.engage();
        self.run(rig, 300);
        // The emergency stop, and the way back.
        rig.local(LocalEvent::EstopPressed);
        self.run(rig, 600);
        rig.local(LocalEvent::EstopReleased);
        rig.local(LocalEvent::Reset);
        rig.power_on();
        rig.engage();
        self.run(rig, 300);
        // A fault of the robot, and the way back.
        rig.fault = Some(RobotFault::Drives);
        self.run(rig, 20);
        rig.fault = None;
        rig.local(LocalEvent::Reset);
        self.run(rig, 100);
        rig.power_on();
    }
}

#[test]
fn a_hundred_thousand_ticks_of_two_arms_allocate_nothing() {
    let mut rig = Rig::surgery().unwrap();
    let mut play = Play { seen: Vec::with_capacity(32), ..Play::default() };
    let counted = allocation_counter::measure(|| {
        while play.ticks < TICKS {
            play.act(&mut rig);
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
    let counts = allocation_counter::measure(|| drop(black_box(Box::new(0_u64))));
    assert_eq!(counts.count_total, 1, "a counter that counts nothing would prove anything");
    // The play was the one that was meant.
    assert!(play.followed > TICKS / 3, "{} followed", play.followed);
    for wanted in [
        (OperatingState::Engaged, None),
        (OperatingState::Degraded, None),
        (OperatingState::Hold, Some(Cause::CmdSilence)),
        (OperatingState::Pstop, Some(Cause::ContactForce)),
        (OperatingState::Estop, Some(Cause::LocalEstop)),
        (OperatingState::Fault, Some(Cause::RobotFault)),
        (OperatingState::Ready, None),
    ] {
        assert!(play.seen.contains(&wanted), "{wanted:?} is not in {:?}", play.seen);
    }
}
