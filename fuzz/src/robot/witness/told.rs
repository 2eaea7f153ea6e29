//! What the console is told: what is so, and what can be told.

use protocol::frame::StateFrame;
use protocol::state::OperatingState as Word;
use robot_agent::core::Tick;
use robot_agent::robot::{Order, Reading};

use super::passage::{speed_m_s, stands};
use super::verdict::Verdict;
use super::{Given, Now, Witness, since};
use crate::robot::shapes::Rig;

impl Witness {
    /// Judges everything that a tick tells.
    pub(super) fn told(&mut self, rig: &Rig, given: &Given, v: &Verdict, outcome: &Tick, now: Now) {
        if !self.word.follows() && stands(rig, given) {
            self.confirmable = self.stop_requested;
        }
        if core::mem::take(&mut self.changed) {
            assert!(outcome.frame.is_some(), "a change that is not told at once");
            let change = outcome.transition.expect("a change");
            assert_eq!(change.to, self.word);
        }
        if let Some(frame) = &outcome.frame {
            self.told_frame(rig, given, outcome, frame, now);
            if frame.blocking.is_empty() && !self.word.follows() {
                assert!(matches!(self.word, Word::Ready | Word::Hold), "nothing in the way");
                assert!(!v.refuse.sure, "nothing in the way, and yet {v:?}");
                assert!(self.power_off.is_none(), "nothing in the way of a power-off");
                let green = self.green.and_then(|then| since(now, then));
                assert!(green.is_some_and(|green| green >= rig.profile.engage.fresh_run));
            }
        }
        if let Some(followed) = &outcome.followed {
            let (newest, _) = self.newest.expect("a command that was followed");
            assert!(self.hand_moves());
            assert_eq!((followed.seq, followed.t_input), (newest.seq, newest.t_input));
            assert_eq!(followed.seen_view, newest.seen_view);
            assert_eq!(followed.loop_age, self.loop_age(now));
            assert_eq!(followed.view_age, self.view_age(rig, now));
        }
        assert_eq!(outcome.followed.is_some(), self.hand_moves());
        let waited = since(now, self.since);
        let long = waited.is_none_or(|d| d > rig.profile.reaction.alarm_after);
        assert_eq!(outcome.calls, matches!(self.word, Word::Hold | Word::Pstop) && long);
    }

    fn told_frame(
        &mut self,
        rig: &Rig,
        given: &Given,
        outcome: &Tick,
        frame: &StateFrame,
        now: Now,
    ) {
        assert_eq!(frame.seq, self.newest_state + 1, "state frames are numbered without a gap");
        self.newest_state = frame.seq;
        self.states.insert(frame.seq, (now, self.word));
        assert_eq!((frame.state, frame.epoch, frame.t_robot), (self.word, self.epoch, now));
        let bytes = frame.encode().unwrap_or_else(|e| panic!("{e}: {frame:?}"));
        let read = StateFrame::decode(&bytes).expect("what was encoded can be decoded");
        assert_eq!((read.seq, read.state, read.epoch), (frame.seq, frame.state, frame.epoch));
        assert_eq!(
            frame.stopped_by.is_some(),
            matches!(self.word, Word::Hold | Word::Pstop | Word::Estop | Word::Fault)
        );
        assert_eq!(frame.echo_seq, self.newest.map_or(0, |(newest, _)| newest.seq));
        assert!(frame.stop_confirmed <= self.stop_requested, "a stop that nobody asked for");
        assert!(frame.stop_confirmed <= self.confirmable, "confirms before it stands");
        for (told, known) in [
            (frame.loop_age, self.loop_age(now)),
            (frame.view_age, self.view_age(rig, now)),
            (frame.command_age, self.transit.newest()),
        ] {
            // The core may have forgotten what the books have not; it must not know better.
            assert!(told.is_none() || told == known, "told {told:?}, true is {known:?}");
        }
        if let Some(measured) = &given.measured {
            self.told_measured(rig, outcome, frame, measured);
        }
    }

    fn told_measured(&self, rig: &Rig, outcome: &Tick, frame: &StateFrame, measured: &Reading) {
        assert!((frame.speed_m_s - speed_m_s(rig, measured)).abs() < 1e-12);
        for n in 0..rig.arms {
            let (told, arm) = (&frame.arms[n], &measured.arms[n]);
            assert_eq!((told.measured, told.force_n), (arm.tip, arm.force_n));
            assert_eq!((told.torque_n_m, told.jaw_rad), (arm.torque_n_m, arm.jaw_rad));
            if let Order::Servo { arms } = &outcome.order {
                let setpoint = (told.setpoint, told.jaw_setpoint_rad);
                assert_eq!(setpoint, (arms[n].tip, arms[n].jaw_rad), "another than is ordered");
            }
        }
        if rig.arms == 0 {
            let (told, base) = (&frame.base, &measured.base);
            assert_eq!(
                (told.linear_m_s, told.angular_rad_s),
                (base.linear_m_s, base.angular_rad_s)
            );
            assert_eq!((told.ahead_m, told.behind_m), (base.ahead_m, base.behind_m));
            let wanted = (told.wanted_linear_m_s, told.wanted_angular_rad_s);
            match &outcome.order {
                Order::Drive { linear_m_s, angular_rad_s } => {
                    assert_eq!(wanted, (*linear_m_s, *angular_rad_s));
                }
                _ => assert_eq!(wanted, (0.0, 0.0)),
            }
        }
    }
}
