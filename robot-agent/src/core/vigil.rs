//! What the core watches from tick to tick, and the readings it gathers for the interlocks.

use core::time::Duration;

use protocol::frame::StateFrame;
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};

use super::conduct::Tested;
use super::engage::Run;
use super::interlock::{Readings, Verdict, seconds};
use super::loss::LossMeter;
use super::motion::BodyReadings;
use super::{Core, Host};
use crate::robot::Reading;

/// Ticks with a true reading and the drives off that the self-test asks for.
const SELF_TEST_TICKS: u32 = 50;

/// Ticks within which it must have passed: one second.
const SELF_TEST_TICKS_MAX: u32 = 1_000;

/// The longest that drives may take to come on or to go off, or be either without the core having asked
/// for it.
///
/// Brakes release within 300 ms on common arms; longer is a robot that somebody else has switched off.
const POWER_UP_MAX: Duration = Duration::from_millis(500);

/// For how long a clock must have been good after it was not.
const CLOCK_GOOD: Duration = Duration::from_secs(1);

/// What lasts from tick to tick.
#[derive(Debug, Clone, Default)]
pub(super) struct Vigil {
    pub(super) fresh: Run,
    pub(super) recovered: Run,
    pub(super) loss: LossMeter,
    unpowered: Run,
    undropped: Run,
    clock_bad: Option<Moment<Robot>>,
    tested: u32,
    tested_good: u32,
}

impl Vigil {
    /// The self-test begins again.
    pub(super) const fn test_again(&mut self) {
        self.tested = 0;
        self.tested_good = 0;
    }

    /// One tick of the self-test.
    pub(super) fn test(&mut self, reading: Option<&Reading>) -> Tested {
        self.tested += 1;
        let good = reading.is_some_and(|r| !r.powered);
        self.tested_good = if good { self.tested_good + 1 } else { 0 };
        if self.tested_good >= SELF_TEST_TICKS {
            Tested::Passed
        } else if self.tested >= SELF_TEST_TICKS_MAX {
            Tested::Failed
        } else {
            Tested::Testing
        }
    }

    /// Notes whether the robot's clock has lost its meaning since the last tick. True if it has: then
    /// no stamp given out before can be compared with now.
    pub(super) fn clock_lost(
        &mut self,
        suspended: bool,
        last_tick: Option<Moment<Robot>>,
        now: Moment<Robot>,
    ) -> bool {
        let lost = suspended || last_tick.is_some_and(|last| now < last);
        if lost {
            self.clock_bad = Some(now);
        }
        lost
    }

    fn is_clock_bad(&self, now: Moment<Robot>) -> bool {
        self.clock_bad.is_some_and(|at| now.since(at).is_none_or(|d| d < CLOCK_GOOD))
    }
}

impl Core {
    /// Everything that the interlocks look at, without effect on anything but what is watched.
    pub(super) fn readings(
        &mut self,
        now: Moment<Robot>,
        reading: Option<&Reading>,
        host: &Host,
    ) -> Readings {
        let word = self.conduct.word();
        // Drives that do not come on, and drives that do not go off; the self-test waits for them longer.
        let dead = word.powered() && reading.is_some_and(|r| !r.powered);
        let tests = word == OperatingState::Init;
        let live = self.drives.are_ordered_off() && !tests && reading.is_some_and(|r| r.powered);
        let unpowered = self.vigil.unpowered.note(dead, now);
        let undropped = self.vigil.undropped.note(live, now);
        let body = reading.map_or(BodyReadings::UNKNOWN, |r| {
            self.motion.readings(r, &self.profile, word.powered())
        });
        let newest = self.sight.newest().map(|n| n.frame);
        Readings {
            authority: self.conduct.is_held(),
            deadman: newest.map_or(0.0, |f| f.deadman),
            clutch_unseen: word.powered() && !word.follows() && self.conduct.clutch_unseen(),
            silence_s: seconds(self.sight.silence(now)),
            sample_age_s: seconds(self.sight.sample_age(now)),
            loop_age_s: seconds(self.sight.loop_age(now)),
            command_age_s: seconds(self.sight.command_age()),
            view_age_s: seconds(self.sight.view_age(now)),
            loss: self.vigil.loss.share(now),
            mistaken_s: self.sight.mistaken(now).as_secs_f64(),
            speed_m_s: body.speed_m_s,
            turn_rad_s: body.turn_rad_s,
            outside_m: body.outside_m,
            no_go_m: body.no_go_m,
            beside_port_m: body.beside_port_m,
            joint_used: body.joint_used,
            singular: body.singular,
            tracking_m: body.tracking_m,
            tracking_rad: body.tracking_rad,
            tracking_m_s: body.tracking_m_s,
            tracking_rad_s: body.tracking_rad_s,
            contact_n: body.contact_n,
            bumper_n: body.bumper_n,
            obstacle_m: body.obstacle_m,
            guard_open: reading.is_some_and(|r| r.guard_open),
            robot_fault: reading.is_none() || unpowered.max(undropped) >= POWER_UP_MAX,
            sensor_age_s: seconds(reading.and_then(|r| now.since(r.at))),
            range_age_s: seconds(reading.and_then(|r| now.since(r.base.ranged_at))),
            frozen_m: body.frozen_m,
            clock_lost: self.vigil.is_clock_bad(now),
            bad_frames: self.conduct.bad_run(),
            overruns: host.overruns,
            pause_s: self.last_tick.map_or(0.0, |last| seconds(now.since(last))),
            uncaptured_s: host.uncaptured.as_secs_f64(),
            unrecorded_s: host.unrecorded.as_secs_f64(),
        }
    }

    /// What the console is told.
    pub(super) fn frame(
        &mut self,
        seq: u64,
        verdict: &Verdict,
        readings: &Readings,
        now: Moment<Robot>,
    ) -> StateFrame {
        let newest = self.sight.newest();
        let fresh = self.vigil.fresh.note(verdict.is_green(), now);
        let measured = self.last_reading.as_ref();
        StateFrame {
            seq,
            t_robot: now,
            echo_seq: newest.map_or(0, |n| n.frame.seq),
            echo_t_input: newest.map_or(Moment::START, |n| n.frame.t_input),
            echo_hold: newest.and_then(|n| now.since(n.arrived)).unwrap_or(Duration::ZERO),
            state: self.conduct.word(),
            stopped_by: self.conduct.state().cause(),
            tripped: verdict.tripped,
            soft: verdict.soft,
            blocking: self.blocking(verdict, fresh),
            epoch: self.conduct.epoch(),
            stop_confirmed: self.stop_confirmed,
            loop_age: self.sight.loop_age(now),
            view_age: self.sight.view_age(now),
            command_age: self.sight.command_age(),
            speed_m_s: if readings.speed_m_s.is_finite() { readings.speed_m_s } else { 0.0 },
            speed_cap_m_s: self.motion.speed_cap_m_s(),
            clamps: self.motion.clamps(),
            arms: self.motion.arm_states(measured),
            base: self.motion.base_state(measured),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Moment<Robot> {
        Moment::from_ns(ms * 1_000_000)
    }

    fn rest(powered: bool) -> Reading {
        Reading { powered, ..Reading::resting(ms(1)) }
    }

    #[test]
    fn the_self_test_wants_fifty_true_readings_in_a_row_with_the_drives_off() {
        let mut v = Vigil::default();
        for _ in 0..49 {
            assert_eq!(v.test(Some(&rest(false))), Tested::Testing);
        }
        assert_eq!(v.test(None), Tested::Testing, "it begins again");
        for _ in 0..49 {
            assert_eq!(v.test(Some(&rest(false))), Tested::Testing);
        }
        assert_eq!(v.test(Some(&rest(false))), Tested::Passed);
    }

    #[test]
    fn the_self_test_fails_after_a_second() {
        let mut v = Vigil::default();
        for _ in 0..999 {
            assert_eq!(v.test(Some(&rest(true))), Tested::Testing);
        }
        assert_eq!(v.test(Some(&rest(true))), Tested::Failed);
        v.test_again();
        assert_eq!(v.test(Some(&rest(true))), Tested::Testing);
    }

    /// CLOCK-LOST: a clock that stood still or ran backwards is bad for a second.
    #[test]
    fn a_clock_is_bad_for_a_second_after_it_was_lost() {
        let mut v = Vigil::default();
        assert!(!v.clock_lost(false, None, ms(5)) && !v.clock_lost(false, Some(ms(5)), ms(5)));
        assert!(!v.is_clock_bad(ms(5)));
        assert!(v.clock_lost(true, Some(ms(5)), ms(6)));
        assert!(v.is_clock_bad(ms(1_005)) && !v.is_clock_bad(ms(1_006)));
        assert!(v.clock_lost(false, Some(ms(1_006)), ms(1_005)));
        assert!(v.is_clock_bad(ms(1_005)) && v.is_clock_bad(ms(3)), "and before that, too");
    }
}
