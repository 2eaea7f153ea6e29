//! The discipline of engaging: a deliberate act, under the current epoch, that can not jump.
//!
//! Naive: follow whenever the clutch is closed. Then a taped clutch, a console that kept its button
//! pressed through a stop, or a backlog of old frames moves the robot the moment the link returns.
//! Here the act is spelt out: deadman seen *released* since the last stop, then held with the clutch
//! *open*, everything green for a while, then the clutch *closed* with a new count and the hand still
//! at its start. Each step is seen in frames of the current epoch only.

use core::time::Duration;

use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{CommandFrame, Mode, Motion};
use protocol::time::{Moment, Robot};

/// How far the operator's act has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The deadman has not been seen released since the last stop.
    AwaitRelease,
    /// Released; the clutch has not been seen open with the deadman held.
    AwaitOpen,
    /// The clutch is open and the deadman held.
    Open,
    /// The clutch is closed; nothing more can come of it until it opens.
    Closed,
}

/// Watches the operator's act.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Discipline {
    step: Step,
    count: u32,
}

impl Default for Discipline {
    fn default() -> Self {
        Self { step: Step::AwaitRelease, count: 0 }
    }
}

impl Discipline {
    /// Begins again: after every stop and every grant.
    pub const fn restart(&mut self) {
        self.step = Step::AwaitRelease;
    }

    /// Forgets the counts of an earlier session.
    pub const fn forget(&mut self) {
        self.step = Step::AwaitRelease;
        self.count = 0;
    }

    /// How far the act has come, and the largest count that a clutch has been closed with.
    pub const fn progress(&self) -> (Step, u32) {
        (self.step, self.count)
    }

    /// True once the clutch has been seen open in the right order.
    pub fn has_seen_open(&self) -> bool {
        self.step == Step::Open
    }

    /// Takes in a frame that has passed identity; true if it closes the clutch with a new count and
    /// everything before it came in order. Whether the robot then engages is not decided here.
    pub fn observe(&mut self, frame: &CommandFrame) -> bool {
        if frame.deadman < DEADMAN_HELD_MIN {
            self.step = Step::AwaitOpen;
            return false;
        }
        match (self.step, frame.mode) {
            (Step::AwaitOpen | Step::Open | Step::Closed, Mode::Hold) => {
                self.step = Step::Open;
                false
            }
            (Step::Open, Mode::Follow) => {
                let new = frame.engage_count > self.count;
                self.step = Step::Closed;
                self.count = self.count.max(frame.engage_count);
                new
            }
            // A closing out of order is a closing: its count is used.
            (Step::AwaitRelease | Step::AwaitOpen | Step::Closed, Mode::Follow) => {
                self.count = self.count.max(frame.engage_count);
                false
            }
            (Step::AwaitRelease, Mode::Hold) | (_, Mode::Retract) => false,
        }
    }
}

/// True if the hand is still where it was when the clutch closed.
pub fn starts_still(frame: &CommandFrame, displacement_max_m: f64, angle_max_rad: f64) -> bool {
    match &frame.motion {
        Motion::Arms(arms) => arms.iter().all(|arm| {
            let (distance_m, angle_rad) = arm.displacement.size();
            distance_m <= displacement_max_m && angle_rad <= angle_max_rad
        }),
        Motion::Base(twist) => twist.linear_m_s == 0.0 && twist.angular_rad_s == 0.0,
    }
}

/// How long something has been true without a break.
#[derive(Debug, Clone, Copy, Default)]
pub struct Run {
    since: Option<Moment<Robot>>,
}

impl Run {
    /// Notes whether it is true now; returns for how long it has been.
    pub fn note(&mut self, holds: bool, now: Moment<Robot>) -> Duration {
        match (holds, self.since) {
            (false, _) => {
                self.since = None;
                Duration::ZERO
            }
            (true, None) => {
                self.since = Some(now);
                Duration::ZERO
            }
            (true, Some(since)) => now.since(since).unwrap_or(Duration::ZERO),
        }
    }

    /// Begins again.
    pub const fn restart(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Vector3;
    use protocol::ARMS;
    use protocol::frame::{ArmCommand, BaseTwist};
    use protocol::picture::ViewSource;
    use protocol::session::SessionId;
    use protocol::state::OperatingState;

    fn frame(deadman: f64, mode: Mode, engage_count: u32) -> CommandFrame {
        CommandFrame {
            session: SessionId::new(1),
            seq: 1,
            epoch: 1,
            engage_count,
            t_input: Moment::from_ns(1),
            seen_state: 1,
            seen_view: 1,
            view_source: ViewSource::Ultrasound,
            mode,
            deadman,
            stop_request: 0,
            shown_state: OperatingState::Ready,
            motion: Motion::Arms([ArmCommand::neutral(); ARMS]),
        }
    }

    const RELEASED: (f64, Mode, u32) = (0.0, Mode::Hold, 0);
    const OPEN: (f64, Mode, u32) = (1.0, Mode::Hold, 0);

    fn acts(frames: &[(f64, Mode, u32)]) -> Vec<bool> {
        let mut d = Discipline::default();
        frames.iter().map(|(l, m, c)| d.observe(&frame(*l, *m, *c))).collect()
    }

    #[test]
    fn the_full_act_engages() {
        let acts = acts(&[RELEASED, OPEN, (1.0, Mode::Follow, 1)]);
        assert_eq!(acts, [false, false, true]);
    }

    /// CLUTCH: no sequence of frames engages unless it contains release, open, close in this order.
    #[test]
    fn nothing_but_the_full_act_engages() {
        let alphabet = [
            (0.0, Mode::Hold),
            (0.0, Mode::Follow),
            (0.49, Mode::Follow),
            (0.5, Mode::Hold),
            (1.0, Mode::Follow),
            (1.0, Mode::Retract),
        ];
        for code in 0..6_usize.pow(6) {
            let mut d = Discipline::default();
            let (mut released, mut open, mut rest) = (false, false, code);
            for count in 1..=6 {
                let (level, mode) = alphabet[rest % 6];
                rest /= 6;
                let act = d.observe(&frame(level, mode, count));
                let held = level >= 0.5;
                if act {
                    assert!(released && open && held && mode == Mode::Follow, "{code}");
                }
                if held && mode == Mode::Follow {
                    assert_eq!(act, released && open, "{code}");
                    open = false;
                } else if held && mode == Mode::Hold && released {
                    open = true;
                } else if !held {
                    released = true;
                    open = false;
                }
            }
        }
    }

    #[test]
    fn a_clutch_held_closed_through_a_stop_does_nothing_until_released() {
        let mut d = Discipline::default();
        for (l, m, c) in [RELEASED, OPEN, (1.0, Mode::Follow, 1)] {
            d.observe(&frame(l, m, c));
        }
        d.restart();
        assert!(!d.has_seen_open());
        for _ in 0..5 {
            assert!(!d.observe(&frame(1.0, Mode::Follow, 2)));
            assert!(!d.observe(&frame(1.0, Mode::Hold, 2)));
        }
        d.observe(&frame(0.0, Mode::Hold, 2));
        d.observe(&frame(1.0, Mode::Hold, 2));
        assert!(d.has_seen_open());
        assert!(!d.clone().observe(&frame(1.0, Mode::Follow, 2)), "that count is used");
        assert!(d.observe(&frame(1.0, Mode::Follow, 3)));
    }

    #[test]
    fn an_engage_count_is_used_once() {
        let mut d = Discipline::default();
        for (l, m, c) in [RELEASED, OPEN, (1.0, Mode::Follow, 3), (1.0, Mode::Hold, 3)] {
            d.observe(&frame(l, m, c));
        }
        assert!(!d.observe(&frame(1.0, Mode::Follow, 3)));
        d.observe(&frame(1.0, Mode::Hold, 3));
        assert!(!d.observe(&frame(1.0, Mode::Follow, 2)));
        d.observe(&frame(1.0, Mode::Hold, 2));
        assert!(d.observe(&frame(1.0, Mode::Follow, 4)));
        d.forget();
        for (l, m, c) in [RELEASED, OPEN] {
            d.observe(&frame(l, m, c));
        }
        assert!(d.observe(&frame(1.0, Mode::Follow, 1)), "a new session counts anew");
    }

    #[test]
    fn a_hand_that_has_moved_does_not_start_still() {
        let mut f = frame(1.0, Mode::Follow, 1);
        assert!(starts_still(&f, 0.0005, 0.01));
        let mut arm = ArmCommand::neutral();
        arm.displacement.translation = Vector3::new(0.0, 0.0005, 0.0);
        f.motion = Motion::Arms([ArmCommand::neutral(), arm]);
        assert!(starts_still(&f, 0.0005, 0.01));
        assert!(!starts_still(&f, 0.00049, 0.01));
        arm.displacement.translation = Vector3::zeros();
        arm.displacement.rotation = nalgebra::UnitQuaternion::from_euler_angles(0.02, 0.0, 0.0);
        f.motion = Motion::Arms([arm, ArmCommand::neutral()]);
        assert!(!starts_still(&f, 0.0005, 0.019) && starts_still(&f, 0.0005, 0.021));
        f.motion = Motion::Base(BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.1 });
        assert!(!starts_still(&f, 1.0, 1.0));
        f.motion = Motion::Base(BaseTwist { linear_m_s: 0.1, angular_rad_s: 0.0 });
        assert!(!starts_still(&f, 1.0, 1.0));
        f.motion = Motion::Base(BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 });
        assert!(starts_still(&f, 0.0, 0.0));
    }

    #[test]
    fn a_run_is_counted_from_when_it_began_and_ends_at_a_break() {
        let mut run = Run::default();
        let at = |ms: u64| Moment::from_ns(ms * 1_000_000);
        assert_eq!(run.note(true, at(10)), Duration::ZERO);
        assert_eq!(run.note(true, at(30)), Duration::from_millis(20));
        assert_eq!(run.note(false, at(31)), Duration::ZERO);
        assert_eq!(run.note(true, at(40)), Duration::ZERO);
        assert_eq!(run.note(true, at(41)), Duration::from_millis(1));
        run.restart();
        assert_eq!(run.note(true, at(50)), Duration::ZERO);
    }
}
