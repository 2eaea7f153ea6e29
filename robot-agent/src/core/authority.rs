//! Who may move the robot, and which frames are theirs: identity before content.
//!
//! A frame that fails identity (session, epoch, sequence) is invisible: dropped, counted, it refreshes
//! no timer and can cause no stop. Otherwise anybody who can replay a packet could keep a dead session
//! alive, or stop a surgery. Only then is the content looked at.

use core::time::Duration;

use protocol::frame::CommandFrame;
use protocol::session::SessionId;
use protocol::time::{Moment, Robot};

/// A session with no valid frame for this long has ended.
///
/// An engineering default. Shorter ends sessions in long outages that the
/// operator is still waiting out; longer keeps a dead console's place.
pub const LEASE_MAX: Duration = Duration::from_secs(5);

/// What became of the frames that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct FrameCounts {
    /// Passed identity.
    pub accepted: u64,
    /// No session, or another session's.
    pub other_session: u64,
    /// Made under another epoch.
    pub other_epoch: u64,
    /// Not newer than the newest accepted: duplicated or reordered.
    pub not_newer: u64,
    /// From the holder, and yet no command that can be meant.
    pub bad: u64,
    /// Never arrived, or arrived after a newer one.
    pub missed: u64,
}

/// Why a frame was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// No session, or another session's.
    OtherSession,
    /// Made under another epoch.
    OtherEpoch,
    /// Duplicated or reordered.
    NotNewer,
}

/// A grant of authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Whose.
    pub session: SessionId,
    /// The newest accepted.
    pub newest_seq: u64,
    /// The newest that came, under whatever epoch.
    heard_seq: u64,
    /// When its holder was last heard of.
    pub last_heard: Moment<Robot>,
}

/// The one grant of authority, and the gate that it opens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Authority {
    lease: Option<Lease>,
    /// What became of the frames that came.
    pub counts: FrameCounts,
    bad_run: u32,
    ended: Option<SessionId>,
}

impl Authority {
    /// Gives authority to `session`; false if somebody else holds it, or has lost it and not been told.
    pub fn grant(&mut self, session: SessionId, now: Moment<Robot>) -> bool {
        if self.lease.is_some() || self.ended.is_some() {
            return false;
        }
        self.lease = Some(Lease { session, newest_seq: 0, heard_seq: 0, last_heard: now });
        self.bad_run = 0;
        true
    }

    /// Takes authority back if `session` holds it.
    pub fn release(&mut self, session: SessionId) {
        if self.is_held_by(session) {
            self.lease = None;
        }
    }

    /// Takes authority back from whoever holds it.
    pub fn revoke(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.ended = Some(lease.session);
        }
    }

    /// The session whose authority has been taken back since the last call, if any: its console does
    /// not know yet, and must be told.
    pub const fn take_ended(&mut self) -> Option<SessionId> {
        self.ended.take()
    }

    /// The grant in force, and the session that has lost its own and has not been told.
    pub const fn leases(&self) -> (Option<Lease>, Option<SessionId>) {
        (self.lease, self.ended)
    }

    /// True while somebody holds authority.
    pub const fn is_held(&self) -> bool {
        self.lease.is_some()
    }

    /// True while `session` holds authority.
    pub fn is_held_by(&self, session: SessionId) -> bool {
        self.lease.is_some_and(|l| l.session == session)
    }

    /// Ends a lease that has not been heard of for [`LEASE_MAX`].
    pub fn expire(&mut self, now: Moment<Robot>) {
        if let Some(lease) = self.lease {
            // A last_heard in the future is a broken clock: no reason to keep authority.
            if now.since(lease.last_heard).is_none_or(|silence| silence > LEASE_MAX) {
                self.revoke();
            }
        }
    }

    /// Lets a frame pass if it is the holder's, of this epoch, and newer than all before.
    ///
    /// # Errors
    /// [`Dropped`]; the frame must then have no effect at all.
    pub fn admit(
        &mut self,
        frame: &CommandFrame,
        epoch: u32,
        now: Moment<Robot>,
    ) -> Result<(), Dropped> {
        let Some(lease) = self.lease.as_mut().filter(|l| l.session == frame.session) else {
            self.counts.other_session += 1;
            return Err(Dropped::OtherSession);
        };
        if frame.seq <= lease.newest_seq {
            self.counts.not_newer += 1;
            return Err(Dropped::NotNewer);
        }
        // Nothing is missed before the first frame of a session: nobody knows when it was sent.
        if lease.heard_seq != 0 {
            let missed = frame.seq.saturating_sub(lease.heard_seq).saturating_sub(1);
            self.counts.missed = self.counts.missed.saturating_add(missed);
        }
        lease.heard_seq = lease.heard_seq.max(frame.seq);
        if frame.epoch != epoch {
            // The holder is alive, and knows no better yet: the lease lives on, the frame does not.
            lease.last_heard = now;
            self.counts.other_epoch += 1;
            return Err(Dropped::OtherEpoch);
        }
        lease.newest_seq = frame.seq;
        lease.last_heard = now;
        self.counts.accepted += 1;
        Ok(())
    }

    /// Counts what comes from the holder and can not be meant: a datagram that is no command frame, a
    /// command that no hand can have given.
    pub fn note_bad(&mut self) {
        self.counts.bad += 1;
        self.bad_run = self.bad_run.saturating_add(1);
    }

    /// A good frame ends a run of bad ones.
    pub const fn note_good(&mut self) {
        self.bad_run = 0;
    }

    /// Bad frames since the last good one.
    pub const fn bad_run(&self) -> u32 {
        self.bad_run
    }

    /// Forgets the run of bad frames, at an engage.
    pub const fn forgive(&mut self) {
        self.bad_run = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ARMS;
    use protocol::frame::{ArmCommand, Mode, Motion};
    use protocol::picture::ViewSource;
    use protocol::state::OperatingState;

    const HOLDER: SessionId = SessionId::new(7);

    fn frame(session: SessionId, epoch: u32, seq: u64) -> CommandFrame {
        CommandFrame {
            session,
            seq,
            epoch,
            engage_count: 0,
            t_input: Moment::from_ns(1),
            seen_state: 0,
            seen_view: 0,
            view_source: ViewSource::Ultrasound,
            mode: Mode::Hold,
            deadman: 0.0,
            stop_request: 0,
            shown_state: OperatingState::Ready,
            motion: Motion::Arms([ArmCommand::neutral(); ARMS]),
        }
    }

    fn ms(ms: u64) -> Moment<Robot> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn one_operator_at_a_time() {
        let mut a = Authority::default();
        assert!(a.grant(HOLDER, ms(0)));
        assert!(!a.grant(SessionId::new(8), ms(1)));
        a.release(SessionId::new(8));
        assert!(a.is_held_by(HOLDER), "nobody releases another's authority");
        a.release(HOLDER);
        assert!(!a.is_held() && a.grant(SessionId::new(8), ms(2)));
        assert_eq!(a.take_ended(), None, "who gives it back knows");
        a.revoke();
        assert!(!a.is_held());
        assert_eq!(a.take_ended(), Some(SessionId::new(8)));
        assert_eq!(a.take_ended(), None, "told once");
    }

    #[test]
    fn frames_without_identity_are_dropped_and_counted() {
        let mut a = Authority::default();
        assert_eq!(a.admit(&frame(HOLDER, 1, 1), 1, ms(0)), Err(Dropped::OtherSession));
        a.grant(HOLDER, ms(0));
        assert_eq!(a.admit(&frame(SessionId::new(8), 1, 1), 1, ms(0)), Err(Dropped::OtherSession));
        assert_eq!(a.admit(&frame(HOLDER, 1, 5), 1, ms(0)), Ok(()));
        assert_eq!(a.admit(&frame(HOLDER, 1, 5), 1, ms(0)), Err(Dropped::NotNewer));
        assert_eq!(a.admit(&frame(HOLDER, 1, 4), 1, ms(0)), Err(Dropped::NotNewer));
        assert_eq!(a.admit(&frame(HOLDER, 0, 6), 1, ms(0)), Err(Dropped::OtherEpoch));
        assert_eq!(a.admit(&frame(HOLDER, 2, 6), 1, ms(0)), Err(Dropped::OtherEpoch));
        assert_eq!(a.admit(&frame(HOLDER, 1, 9), 1, ms(0)), Ok(()));
        let counts = FrameCounts {
            accepted: 2,
            other_session: 2,
            other_epoch: 2,
            not_newer: 2,
            bad: 0,
            missed: 2,
        };
        assert_eq!(a.counts, counts);
    }

    /// A number at the end of its range is newer than all before, and nothing is newer than it: the
    /// session falls silent, and the next one begins anew.
    #[test]
    fn numbers_do_not_wrap() {
        let mut a = Authority::default();
        a.grant(HOLDER, ms(0));
        assert_eq!(a.admit(&frame(HOLDER, 1, u64::MAX), 1, ms(0)), Ok(()));
        assert_eq!(a.admit(&frame(HOLDER, 1, 0), 1, ms(0)), Err(Dropped::NotNewer));
        assert_eq!(a.admit(&frame(HOLDER, 1, 1), 1, ms(0)), Err(Dropped::NotNewer));
        assert_eq!(a.counts.missed, 0, "before the first frame nothing is missed");
        a.release(HOLDER);
        a.grant(HOLDER, ms(0));
        assert_eq!(a.admit(&frame(HOLDER, 1, 1), 1, ms(0)), Ok(()));
        assert_eq!(a.admit(&frame(HOLDER, 1, u64::MAX), 1, ms(0)), Ok(()));
        assert_eq!(a.counts.missed, u64::MAX - 2);
        a.release(HOLDER);
        a.grant(HOLDER, ms(0));
        let _ = a.admit(&frame(HOLDER, 1, 1), 1, ms(0));
        let _ = a.admit(&frame(HOLDER, 1, u64::MAX), 1, ms(0));
        assert_eq!(a.counts.missed, u64::MAX, "a count saturates");
    }

    #[test]
    fn a_lease_lives_as_long_as_its_holder_is_heard() {
        let mut a = Authority::default();
        a.grant(HOLDER, ms(0));
        a.expire(ms(5_000));
        assert!(a.is_held());
        let _ = a.admit(&frame(HOLDER, 0, 1), 1, ms(5_000));
        a.expire(ms(10_000));
        assert!(a.is_held(), "a frame of an old epoch shows that the holder lives");
        let _ = a.admit(&frame(SessionId::new(8), 1, 2), 1, ms(10_000));
        a.expire(ms(10_001));
        assert!(!a.is_held(), "a stranger's frame does not");
    }

    #[test]
    fn a_clock_that_runs_backwards_ends_the_lease() {
        let mut a = Authority::default();
        a.grant(HOLDER, ms(10));
        a.expire(ms(9));
        assert!(!a.is_held());
    }

    #[test]
    fn a_run_of_bad_frames_ends_with_a_good_one() {
        let mut a = Authority::default();
        a.grant(HOLDER, ms(0));
        a.note_bad();
        a.note_bad();
        assert_eq!((a.bad_run(), a.counts.bad), (2, 2));
        let _ = a.admit(&frame(HOLDER, 1, 1), 1, ms(0));
        assert_eq!(a.bad_run(), 2, "who sent it says nothing of what is in it");
        a.note_good();
        assert_eq!(a.bad_run(), 0);
        a.note_bad();
        a.forgive();
        assert_eq!((a.bad_run(), a.counts.bad), (0, 3));
    }
}
