//! Which commands count, and what they do at once.

use protocol::frame::command::DEADMAN_HELD_MIN;
use protocol::frame::{CommandFrame, Mode, Motion};
use protocol::state::OperatingState as Word;

use super::{Act, Memory, Now, Why, Witness};
use crate::robot::shapes::Rig;

impl Witness {
    /// Delivers a command, and judges what became of it.
    pub(in crate::robot) fn command(&mut self, rig: &mut Rig, frame: &CommandFrame, now: Now) {
        let accepted_before = rig.accepted();
        let (before, mut epoch) = (self.word, self.epoch);
        let mine = self.lease.filter(|l| l.session == frame.session);
        let stops = mine.is_some() && frame.stop_request > self.stop_requested;
        if stops && before.powered() {
            // A stop wins over its own frame: it ends the epoch that the frame was made under.
            epoch = epoch.wrapping_add(1);
        }
        let newer = mine.is_some_and(|l| frame.seq > l.newest_seq);
        let accepted = newer && frame.epoch == epoch;
        let meant = accepted && self.can_be_meant(rig, frame, (before.follows() && !stops, stops));
        rig.command(frame, now);
        assert_eq!(rig.accepted() - accepted_before, u64::from(accepted), "identity of {frame:?}");
        self.remote(rig, now);
        if stops {
            self.stop(frame.stop_request);
        }
        if newer {
            self.hear(frame, accepted, now);
        }
        if !meant && !stops {
            assert_eq!(self.word, before, "a frame that does not count has an effect");
        }
        if meant {
            self.take(frame, epoch, now);
        } else if accepted {
            self.bad = self.bad.saturating_add(1);
        }
    }

    /// False for a frame for another body, and for a hand that leaps.
    fn can_be_meant(
        &self,
        rig: &Rig,
        frame: &CommandFrame,
        (follows, stops): (bool, bool),
    ) -> bool {
        let (Motion::Arms(arms), Some(limits)) = (&frame.motion, rig.profile.arms()) else {
            return matches!(frame.motion, Motion::Base(_)) && rig.profile.base().is_some();
        };
        // Engaged, or about to be: the frame that closed the clutch is waiting for its tick.
        let leader = self.engaged_by.filter(|_| follows).or(self.act.closing.filter(|_| !stops));
        let (Some((before, _)), Some(leader)) = (&self.newest, &leader) else {
            return true;
        };
        let count = leader.engage_count;
        let Motion::Arms(were) = &before.motion else { return true };
        if frame.deadman < DEADMAN_HELD_MIN
            || frame.mode != Mode::Follow
            || (before.engage_count, frame.engage_count) != (count, count)
        {
            return true;
        }
        // Lost frames explain some way, refused ones none.
        let steps = (frame.seq - before.seq).saturating_sub(u64::from(self.bad)).clamp(1, 20);
        let allowed_m = limits.motion.step_max_m * steps as f64;
        arms.iter().zip(were).all(|(to, from)| {
            (to.displacement.translation - from.displacement.translation).norm() <= allowed_m
        })
    }

    /// The holder is heard.
    fn hear(&mut self, frame: &CommandFrame, accepted: bool, now: Now) {
        let Some(lease) = &mut self.lease else { return };
        let missed = match lease.heard_seq {
            0 => 0,
            heard => frame.seq.saturating_sub(heard).saturating_sub(1),
        };
        lease.heard_seq = lease.heard_seq.max(frame.seq);
        lease.heard = now;
        if accepted {
            lease.newest_seq = frame.seq;
            self.loss.note(missed, now);
        }
    }

    /// A frame counts that was made under `epoch`.
    fn take(&mut self, frame: &CommandFrame, epoch: u32, now: Now) {
        self.bad = 0;
        if self.sample.is_none_or(|(newest, _)| frame.t_input > newest) {
            self.sample = Some((frame.t_input, now));
        }
        let told = self.states.get(&frame.seen_state).map(|(_, word)| *word);
        if told.is_none_or(|word| word == frame.shown_state) {
            self.mistaken = None;
        } else if self.mistaken.is_none() {
            self.mistaken = Some(now);
        }
        self.newest = Some((*frame, now));
        self.transit.note(frame.t_input, self.loop_age(now), now);
        let returns = self.retracted && frame.mode == Mode::Follow;
        assert!(!(returns && self.word.follows()), "a tool that was lifted is led back in");
        self.retracted |= self.word.follows() && frame.mode == Mode::Retract;
        let held = frame.deadman >= DEADMAN_HELD_MIN;
        assert!(held || !self.word.follows(), "follows a released deadman");
        assert!(frame.mode != Mode::Hold || !self.word.follows(), "follows an open clutch");
        let engaged = self.engaged_by.is_none_or(|e| e.engage_count == frame.engage_count);
        assert!(engaged, "follows across a clutch that was opened unseen");
        if !held {
            self.green = None;
        }
        // What ends an epoch does not begin the act of the next.
        if self.epoch == epoch {
            self.take_act(frame);
        }
    }

    fn take_act(&mut self, frame: &CommandFrame) {
        let closing = self
            .act
            .closing
            .filter(|c| frame.mode == Mode::Follow && frame.engage_count == c.engage_count);
        self.act.closing = closing;
        if frame.deadman < DEADMAN_HELD_MIN {
            self.act = Act { released: true, ..Act::default() };
            return;
        }
        match frame.mode {
            Mode::Hold => self.act.open = self.act.released,
            Mode::Follow if self.act.open => {
                self.act.open = false;
                if frame.engage_count > self.counts_used {
                    self.act.closing = Some(*frame);
                }
            }
            Mode::Follow | Mode::Retract => {}
        }
        // A closing out of order uses its count as well.
        if frame.mode == Mode::Follow {
            self.counts_used = self.counts_used.max(frame.engage_count);
        }
    }

    /// The holder has asked to stop: it stops, and whoever acknowledged has to do it again.
    pub(super) fn stop(&mut self, request: u32) {
        self.stop_requested = request;
        assert!(!self.word.follows(), "a stop that does not stop");
        self.acknowledged = false;
        if self.word == Word::Standby && self.memory == Memory::None {
            self.memory = Memory::Stop(Why::Remote);
        }
    }
}
