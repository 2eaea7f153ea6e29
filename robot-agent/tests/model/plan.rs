//! What a run of the model explores, and the stories that it must be able to tell.

use protocol::cause::Cause;
use robot_agent::core::machine::Stop;

/// How a robot numbers its next life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// There is no next life.
    Never,
    /// Other epochs, other sessions: as in production.
    NewNumbers,
    /// The epochs of the life before, other sessions.
    SameEpochs,
    /// Epochs and sessions of the life before.
    SameNumbers,
}

/// What must be possible: a model in which it is not proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Story {
    /// The first console is followed.
    FirstFollowed,
    /// The second console is followed.
    SecondFollowed,
    /// The second console is followed after the first.
    HandedOver,
    /// DEGRADED heals.
    Healed,
    /// After a protective stop, acknowledged and reset, a console is followed.
    FollowedAfterPstop,
    /// After an emergency stop a console is followed.
    FollowedAfterEstop,
    /// After a fault a console is followed.
    FollowedAfterFault,
    /// The clutch is closed again within an epoch, and followed.
    Reclutched,
    /// A second console is refused.
    Refused,
    /// A lease ends by silence.
    Expired,
    /// The newest frame arrives again.
    Duplicate,
    /// A frame arrives after a newer one.
    Overtaken,
    /// A frame of an earlier epoch arrives.
    StaleFrame,
    /// A frame arrives that is not the holder's.
    StrangersFrame,
    /// A stop is heard.
    StopHeard,
    /// A stop is heard in a frame of an earlier epoch.
    StopOfAnOldEpochHeard,
}

impl Story {
    /// True if it is among those that are told.
    pub(crate) const fn is_in(self, told: u32) -> bool {
        told & 1 << self as u32 != 0
    }

    /// Every story.
    pub(crate) const ALL: [Self; 16] = [
        Self::FirstFollowed,
        Self::SecondFollowed,
        Self::HandedOver,
        Self::Healed,
        Self::FollowedAfterPstop,
        Self::FollowedAfterEstop,
        Self::FollowedAfterFault,
        Self::Reclutched,
        Self::Refused,
        Self::Expired,
        Self::Duplicate,
        Self::Overtaken,
        Self::StaleFrame,
        Self::StrangersFrame,
        Self::StopHeard,
        Self::StopOfAnOldEpochHeard,
    ];
}

/// What may happen in a run.
#[expect(clippy::struct_excessive_bools, reason = "each lets one kind of thing happen")]
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Its name.
    pub(crate) name: &'static str,
    /// Any frame of any kind may arrive at any time; none is kept apart while under way.
    pub(crate) anything: bool,
    /// The robot has passed its self-test and has its drives on.
    pub(crate) powered: bool,
    /// How many consoles there are: at most 2.
    pub(crate) consoles: usize,
    /// Frames that are under way at a time: at most [`WIRE_MAX`](super::world::WIRE_MAX).
    pub(crate) wire: usize,
    /// Consoles use the number of a closing again, and close the clutch out of order.
    pub(crate) dishonest: bool,
    /// Consoles stop and acknowledge.
    pub(crate) stops: bool,
    /// Somebody is at the robot.
    pub(crate) bedside: bool,
    /// What can trip.
    pub(crate) trips: &'static [(Cause, Stop)],
    /// Time passes.
    pub(crate) waits: bool,
    /// How the robot restarts.
    pub(crate) restart: Restart,
    /// What has been lived through is part of a state.
    pub(crate) remembers: bool,
    /// What must be possible.
    pub(crate) stories: &'static [Story],
    /// More states than this, those met again counted too, are a mistake in the plan.
    pub(crate) states_max: usize,
}
