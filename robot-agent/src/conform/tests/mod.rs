//! The suite tried on robots that keep every promise and on robots that break one.

mod flaws;
mod ideal;

use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nalgebra::Vector3;
use protocol::time::Moment;

use super::*;
use crate::robot::RobotFault;
use flaws::{Flaw, TABLE};
use ideal::{HOMES_M, Hands, Ideal};

const LIMITS: OwnLimits = OwnLimits { speed_max_m_s: 0.1, force_max_n: 20.0 };

fn suite(arms: usize) -> Suite {
    let space = if arms > 0 {
        Space::Arms(HOMES_M.map(|home| Cuboid::around(&Vector3::from(home), 0.15)))
    } else {
        Space::Base { radius_m: 0.5 }
    };
    Suite { space, limits: LIMITS }
}

/// Virtual time, with a stopwatch that only a slow robot makes pass.
fn stage(robot: &Ideal) -> VirtualTime {
    let passed_ns = Arc::clone(&robot.passed_ns);
    VirtualTime::starting(Moment::from_ns(1_000_000_000))
        .timed_by(move || Duration::from_nanos(passed_ns.load(Ordering::Relaxed)))
}

fn tried(arms: usize, flaw: Flaw) -> Report {
    let robot = Ideal::new(arms, flaw);
    let mut stage = stage(&robot);
    suite(arms).run(&mut Hands { robot }, &mut stage, Consent::RobotMayMove).unwrap()
}

#[test]
fn a_robot_that_keeps_every_promise_passes_every_check_of_its_kind() {
    for (arms, foreign) in [
        (1, vec![Check::Ranges, Check::StopWay]),
        (2, vec![Check::Ranges, Check::StopWay]),
        (0, vec![Check::Velocity]),
    ] {
        let report = tried(arms, Flaw::None);
        assert!(report.passed(), "{report}");
        assert_eq!(report.not_tried().collect::<Vec<_>>(), foreign, "{report}");
    }
}

#[test]
fn each_broken_promise_is_found_by_its_own_check_and_by_no_other() {
    let mut wrong = Vec::new();
    for (flaw, bodies, check) in TABLE {
        for arms in *bodies {
            let report = tried(*arms, *flaw);
            if report.failed().ne([*check]) {
                wrong.push(format!("{flaw:?} of a robot with {arms} arms\n{report}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn no_check_is_without_a_robot_that_fails_it() {
    let tried: BTreeSet<Check> = TABLE.iter().map(|(_, _, check)| *check).collect();
    assert_eq!(tried, Check::ALL.into_iter().collect());
}

#[test]
fn a_report_has_one_finding_for_each_check_in_their_order() {
    for flaw in [Flaw::None, Flaw::Renames, Flaw::RecoverIgnored] {
        let order: Vec<Check> = tried(1, flaw).findings.iter().map(|f| f.check).collect();
        assert_eq!(order, Check::ALL);
    }
}

#[test]
fn without_consent_nothing_is_asked_of_the_robot() {
    let mut rig = Hands { robot: Ideal::new(1, Flaw::None) };
    let mut stage = stage(&rig.robot);
    let refusal = suite(1).run(&mut rig, &mut stage, Consent::NotGiven).unwrap_err();
    assert!(matches!(refusal, Refusal::NotConfirmed(_)));
    let text = refusal.to_string();
    assert!(text.contains("'ideal'") && text.contains("4 mm at 4 mm/s"), "{text}");
    assert_eq!(rig.robot.passed_ns.load(Ordering::Relaxed), 0, "neither read nor ordered");
}

#[test]
fn a_space_that_can_not_be_is_refused() {
    let run = |suite: Suite, arms| {
        let robot = Ideal::new(arms, Flaw::None);
        let mut stage = stage(&robot);
        suite.run(&mut Hands { robot }, &mut stage, Consent::RobotMayMove)
    };
    assert_eq!(run(suite(1), 0), Err(Refusal::OtherBody));
    assert_eq!(run(suite(0), 2), Err(Refusal::OtherBody));
    let nowhere = Cuboid::around(&Vector3::zeros(), f64::NAN);
    let no_space = Suite { space: Space::Arms([nowhere; ARMS]), ..suite(1) };
    assert_eq!(run(no_space, 1), Err(Refusal::NotASpace));
    let elsewhere = Cuboid::around(&Vector3::zeros(), 0.1);
    let far = Suite { space: Space::Arms([elsewhere; ARMS]), ..suite(1) };
    assert!(matches!(run(far, 1), Err(Refusal::Outside { arm: 0, .. })));
    let no_limits = Suite { limits: OwnLimits { speed_max_m_s: 0.0, ..LIMITS }, ..suite(1) };
    assert_eq!(run(no_limits, 1), Err(Refusal::NotASpace));
}

#[test]
fn a_box_without_room_leaves_the_motions_untried() {
    let narrow = HOMES_M.map(|home| Cuboid::around(&Vector3::from(home), 0.003));
    let suite = Suite { space: Space::Arms(narrow), ..suite(1) };
    let robot = Ideal::new(1, Flaw::None);
    let mut stage = stage(&robot);
    let report = suite.run(&mut Hands { robot }, &mut stage, Consent::RobotMayMove).unwrap();
    assert!(report.passed(), "{report}");
    let why = report.verdict(Check::Follows);
    assert_eq!(why, Some(&Verdict::NotTried { why: Why::NoRoom }));
    assert!(report.verdict(Check::Stands).unwrap().passed(), "standing needs no room");
}

#[test]
fn a_rig_without_hands_and_a_stage_without_stopwatch_pass_nothing_they_can_not_try() {
    let mut stage = VirtualTime::starting(Moment::from_ns(1_000_000_000));
    let mut rig = Bare(Ideal::new(1, Flaw::MadeUpWhileCut));
    let report = suite(1).run(&mut rig, &mut stage, Consent::RobotMayMove).unwrap();
    assert!(report.passed());
    let unknown: Vec<Check> = report.not_tried().collect();
    for check in [Check::Latency, Check::Restart, Check::Sensor, Check::Drives, Check::Guard] {
        assert!(unknown.contains(&check), "{check}");
    }
}

#[test]
fn a_fault_from_before_is_reset_and_one_that_stays_is_a_broken_promise() {
    for (flaw, failed) in [(Flaw::None, vec![]), (Flaw::RecoverIgnored, vec![Check::Fresh])] {
        let mut robot = Ideal::new(1, flaw);
        robot.fault = Some(RobotFault::Watchdog);
        let mut stage = stage(&robot);
        let report = suite(1).run(&mut Hands { robot }, &mut stage, Consent::RobotMayMove).unwrap();
        assert_eq!(report.failed().collect::<Vec<_>>(), failed, "{report}");
    }
}

/// A computer that pauses for 50 ms now and then.
struct Jerky(VirtualTime, u32);

impl Stage for Jerky {
    fn next_tick(&mut self) -> Moment<protocol::time::Robot> {
        self.1 += 1;
        let skip = if self.1.is_multiple_of(400) { 50 } else { 1 };
        (1..skip).for_each(|_| {
            self.0.next_tick();
        });
        self.0.next_tick()
    }
}

#[test]
fn what_fails_while_the_computer_paused_is_not_charged_to_the_robot() {
    let robot = Ideal::new(1, Flaw::None);
    let mut stage = Jerky(stage(&robot), 0);
    let report = suite(1).run(&mut Hands { robot }, &mut stage, Consent::RobotMayMove).unwrap();
    assert!(report.passed(), "{report}");
    let paused = |f: &Finding| matches!(f.verdict, Verdict::NotTried { why: Why::Paused(_) });
    assert!(report.findings.iter().any(paused), "{report}");
}

/// A robot whose tip is somewhere else once the drives have been on for 0.1 s.
struct Runaway(Ideal, u32);

impl crate::robot::Robot for Runaway {
    fn describe(&self) -> Description {
        self.0.describe()
    }

    fn read(
        &mut self,
        now: Moment<protocol::time::Robot>,
    ) -> Result<crate::robot::Reading, RobotFault> {
        let mut reading = self.0.read(now)?;
        self.1 += u32::from(reading.powered);
        if self.1 > 100 {
            reading.arms[0].tip.iso.translation.vector.y += 0.2;
        }
        Ok(reading)
    }

    fn command(
        &mut self,
        order: &crate::robot::Order,
        now: Moment<protocol::time::Robot>,
    ) -> Result<(), RobotFault> {
        self.0.command(order, now)
    }
}

#[test]
fn a_robot_that_leaves_its_box_is_stopped_and_moved_no_more() {
    let robot = Ideal::new(1, Flaw::None);
    let mut stage = stage(&robot);
    let mut rig = Bare(Runaway(robot, 0));
    let report = suite(1).run(&mut rig, &mut stage, Consent::RobotMayMove).unwrap();
    let failed: Vec<Check> = report.failed().collect();
    let [left] = failed.as_slice() else { panic!("{report}") };
    assert_eq!(
        report.verdict(Check::Follows),
        Some(&Verdict::NotTried { why: Why::LeftSpace(*left) })
    );
}

#[test]
fn the_report_reads_as_a_table() {
    let text = tried(1, Flaw::WatchdogTooLong).to_string();
    assert!(text.contains("FAILED  150.000 ms"), "{text}");
    assert!(text.contains("to do: a robot needs a watchdog of its own"), "{text}");
    assert!(text.contains("not tried: it needs 'describe'"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 160), "{text}");
}

#[test]
fn the_book_explains_every_check() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/how-to/connect-your-robot.md");
    let page = std::fs::read_to_string(path).unwrap();
    for check in Check::ALL {
        assert!(page.contains(&format!("\n| `{check}` |")), "{check} has no row in {path}");
    }
}
