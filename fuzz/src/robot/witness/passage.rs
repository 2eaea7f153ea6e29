//! From which state to which a tick may lead, and when it must.

use core::time::Duration;

use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{Mode, Motion};
use protocol::state::OperatingState as Word;
use robot_agent::robot::Reading;

use super::verdict::Verdict;
use super::{Given, Memory, Now, Why, Witness, since};
use crate::robot::shapes::Rig;

/// Ticks with the drives off that a self-test wants, and those within which it fails.
const TESTED: (u32, u32) = (50, 1_000);
/// The longest that a robot brakes before its drives go off.
pub(super) const BRAKING_MAX: Duration = Duration::from_millis(500);

/// A measured speed below this is a standstill. Unit: metre per second.
const STANDS_M_S: f64 = 0.01;
/// As [`STANDS_M_S`], for the turn of a base. Unit: radian per second.
const STANDS_RAD_S: f64 = 0.03;

impl Witness {
    /// Judges where a tick has led to, and takes it down.
    pub(super) fn passage(&mut self, rig: &Rig, given: &Given, v: &Verdict, now: Now) {
        let (from, to) = (self.word, rig.word());
        let closing = self.act.closing.take();
        let act = self.act;
        self.green = if v.refuse.sure { None } else { self.green.or(Some(now)) };
        self.calm = if v.slow.sure { None } else { self.calm.or(Some(now)) };
        self.must(rig, v, now);
        if from != to {
            let may = self.may(rig, given, v, now);
            assert!(may, "a tick made {to:?} of {from:?}: {v:?}");
        } else if from == Word::Init {
            self.test(rig, given);
        }
        if from.powered() && from != Word::Pstop && to == Word::Standby {
            self.memory = match v.protective {
                p if p.sure => {
                    Memory::Stop(if v.contact.maybe { Why::Contact } else { Why::Other })
                }
                p if p.maybe => Memory::Unsure,
                _ => Memory::None,
            };
        }
        let why = if v.contact.maybe { Why::Contact } else { Why::Other };
        self.note(rig, why, now);
        assert!(!self.estop_pressed || matches!(self.word, Word::Estop | Word::Fault));
        if to.follows() && !from.follows() {
            let closing = closing.expect("engaged without a clutch that closed");
            assert!(act.released, "engaged without a release");
            assert_eq!(closing.epoch, self.epoch, "engaged by a frame of another epoch");
            self.engages(rig, given, v, now);
            self.at_start(rig, given, &closing.motion);
            self.engaged_by = Some(closing);
            for arm in self.arms.iter_mut().flatten() {
                arm.anchor = arm.tip;
            }
        }
        if to.follows() {
            self.follows(rig);
        }
    }

    /// What is beyond a limit has its effect in the tick that sees it.
    fn must(&self, rig: &Rig, v: &Verdict, now: Now) {
        let (from, to) = (self.word, rig.word());
        let over = |then, limit| since(now, then).is_none_or(|d: Duration| d > limit);
        assert!(!v.fault.sure || to == Word::Fault, "{to:?} in spite of a fault");
        if from.powered() && v.protective.sure {
            let stopped = matches!(to, Word::Pstop | Word::Estop | Word::Fault | Word::Standby);
            assert!(stopped, "{to:?} beyond a limit that stops: {v:?}");
        }
        assert!(!(to.follows() && v.hold.sure), "{to:?} beyond a limit that holds: {v:?}");
        assert!(!(to == Word::Engaged && v.slow.sure), "{to:?} beyond a limit that slows: {v:?}");
        let f = &rig.profile.freshness;
        if from == Word::Degraded && over(self.since, f.degraded_max) {
            assert!(!to.follows(), "degraded for too long");
        }
        if from == Word::Hold
            && rig.profile.reaction.park_after.is_some_and(|park| over(self.since, park))
        {
            assert!(!matches!(to, Word::Hold | Word::Ready) && !to.follows(), "is not parked");
        }
        if self.power_off.is_some_and(|since| over(since, BRAKING_MAX)) {
            assert!(!to.powered(), "power stays on");
        }
    }

    /// Whether this change has a reason.
    fn may(&mut self, rig: &Rig, given: &Given, v: &Verdict, now: Now) -> bool {
        let (from, to) = (self.word, rig.word());
        let over = |then, limit| since(now, then).is_none_or(|d: Duration| d > limit);
        let f = &rig.profile.freshness;
        match (from, to) {
            (Word::Init, Word::Standby) => {
                self.test(rig, given);
                rig.fits && self.tested_good >= TESTED.0
            }
            (Word::Init, Word::Fault) => {
                self.tested += 1;
                v.fault.maybe || !rig.fits || self.tested >= TESTED.1
            }
            (_, Word::Fault) => v.fault.maybe,
            (Word::Fault, _) => false,
            (_, Word::Estop) => self.estop_pressed,
            (Word::Estop | Word::Standby | Word::Init, _) => false,
            (Word::Ready | Word::Hold | Word::Pstop, Word::Standby) => {
                let park = rig.profile.reaction.park_after.filter(|_| from == Word::Hold);
                let parks = park.is_some_and(|park| over(self.since, park));
                let rests = self.seems_at_rest(rig) && stands(rig, given);
                let off = self.power_off.is_some_and(|since| rests || over(since, BRAKING_MAX));
                parks || off
            }
            (Word::Pstop, _) => false,
            (_, Word::Pstop) => v.protective.maybe,
            (Word::Engaged | Word::Degraded, Word::Hold) => {
                let long = from == Word::Degraded && over(self.since, f.degraded_max);
                v.hold.maybe || long
            }
            (Word::Engaged, Word::Degraded) => v.slow.maybe,
            (Word::Degraded, Word::Engaged) => {
                let calm = self.calm.and_then(|then| since(now, then));
                calm.is_some_and(|calm| calm >= f.recover_after)
            }
            (Word::Ready | Word::Hold, Word::Engaged) => true,
            _ => false,
        }
    }

    /// One tick of the self-test.
    fn test(&mut self, rig: &Rig, given: &Given) {
        self.tested += 1;
        let good = given.measured.is_some_and(|m| !m.powered);
        self.tested_good = if good { self.tested_good + 1 } else { 0 };
        if rig.word() == Word::Init {
            assert!(rig.fits, "a robot that does not fit is still tested");
            assert!(self.tested_good < TESTED.0 && self.tested < TESTED.1, "the test has no end");
        }
    }

    /// An engage is the operator's act, with everything green for long enough.
    fn engages(&self, rig: &Rig, given: &Given, v: &Verdict, now: Now) {
        let (newest, _) = self.newest.expect("engaged without a command");
        assert!(newest.mode == Mode::Follow && newest.deadman >= DEADMAN_HELD_MIN);
        assert!(self.power_off.is_none(), "engaged while the drives are to go off");
        assert!(!v.refuse.sure, "engaged beyond a limit: {v:?}");
        let green = self.green.and_then(|then| since(now, then));
        let fresh = green.is_some_and(|green| green >= rig.profile.engage.fresh_run);
        assert!(fresh, "engaged {green:?} after everything was green");
        assert!(given.measured.is_some_and(|m| m.powered), "engaged without drives");
        assert!(stands(rig, given), "engaged an arm in motion");
    }

    /// The hand is where it began, and the arms rest and are turned as they are asked to be.
    fn at_start(&self, rig: &Rig, given: &Given, motion: &Motion) {
        let engage = &rig.profile.engage;
        match motion {
            Motion::Arms(arms) => {
                for arm in arms {
                    let moved_m = arm.displacement.translation.norm();
                    assert!(moved_m <= engage.start_displacement_max_m + 1e-12, "{moved_m} m");
                    let turned = arm.displacement.rotation.angle();
                    assert!(turned <= engage.align_max_rad + 1e-9, "{turned} rad");
                }
                assert!(self.seems_at_rest(rig), "engaged in motion");
            }
            Motion::Base(twist) => {
                assert!(twist.linear_m_s == 0.0 && twist.angular_rad_s == 0.0);
            }
        }
        let measured = given.measured.expect("engaged without a reading");
        for (book, arm) in self.arms.iter().zip(&measured.arms).take(rig.arms) {
            let setpoint = book.as_ref().expect("engaged without a setpoint").tip.iso.rotation;
            let turned = setpoint.angle_to(&arm.tip.iso.rotation);
            assert!(turned <= engage.align_max_rad + 1e-6, "the arm is turned by {turned} rad");
        }
    }

    /// Following is only for the holder, under the epoch in force.
    fn follows(&self, rig: &Rig) {
        let lease = self.lease.expect("follows nobody");
        let (frame, _) = self.newest.expect("follows no command");
        assert_eq!((frame.session, frame.epoch), (lease.session, self.epoch));
        assert!(frame.deadman >= DEADMAN_HELD_MIN && frame.mode != Mode::Hold);
        assert_eq!(matches!(frame.motion, Motion::Base(_)), rig.arms == 0, "another body");
        let engaged_by = self.engaged_by.expect("follows without an engage");
        assert_eq!(frame.engage_count, engaged_by.engage_count, "another closing of the clutch");
    }

    /// False if the setpoints surely moved in the tick before.
    pub(super) fn seems_at_rest(&self, rig: &Rig) -> bool {
        let resting = self.arms.iter().flatten().all(|arm| arm.seems_at_rest(rig));
        resting && self.base.seems_at_rest()
    }
}

/// True if what is measured stands still.
pub(super) fn stands(rig: &Rig, given: &Given) -> bool {
    given.measured.as_ref().is_some_and(|measured| {
        let turns = rig.arms == 0 && measured.base.angular_rad_s.abs() >= STANDS_RAD_S;
        speed_m_s(rig, measured) < STANDS_M_S && !turns
    })
}

/// Speed of the fastest tip, or of the base. Unit: metre per second.
pub(super) fn speed_m_s(rig: &Rig, measured: &Reading) -> f64 {
    if rig.arms == 0 {
        return measured.base.linear_m_s.abs();
    }
    measured.arms.iter().take(rig.arms).map(|arm| arm.velocity_m_s.norm()).fold(0.0, f64::max)
}
