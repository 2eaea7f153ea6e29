//! What the model remembers by itself, and the laws it judges the robot by.
//!
//! Nothing here asks the robot what it believes: the ledger is kept from what was delivered to the
//! robot and from the changes of its state. A law that were written with the robot's own flags would
//! be true of every robot.

use core::time::Duration;

use protocol::cause::Cause;
use protocol::state::OperatingState;
use protocol::time::Moment;
use robot_agent::core::authority::LEASE_MAX;
use robot_agent::core::conduct::{Decisive, Judged, Tested};
use robot_agent::core::machine::{Reset, State, Stop};

use super::wire::{Frame, Hand};

/// The laws that hold always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Law {
    /// P1.
    ReArm,
    /// P2.
    Authority,
    /// P3.
    Identity,
    /// P4.
    Bedside,
    /// P5.
    Epoch,
    /// P6.
    OneHolder,
    /// P7.
    Trip,
    /// P8.
    Lease,
    /// P9.
    Told,
}

impl Law {
    /// Every law.
    pub(crate) const ALL: [Self; 9] = [
        Self::ReArm,
        Self::Authority,
        Self::Identity,
        Self::Bedside,
        Self::Epoch,
        Self::OneHolder,
        Self::Trip,
        Self::Lease,
        Self::Told,
    ];

    /// The law in one sentence.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::ReArm => {
                "P1 only a full act since the last stop is followed, and no longer than it lasts"
            }
            Self::Authority => "P2 nothing follows a tick after authority was lost",
            Self::Identity => "P3 a frame that is not the holder's newest has no effect",
            Self::Bedside => "P4 what was stopped is let go only by whom it is for, in order",
            Self::Epoch => "P5 the epoch rises at every stop, grant, power-on and reset",
            Self::OneHolder => "P6 at most one operator holds authority",
            Self::Trip => "P7 a trip lands, and its first cause is kept",
            Self::Lease => "P8 only its holder keeps a lease alive",
            Self::Told => "P9 what is told of a step is what happened",
        }
    }
}

/// The laws that a step has broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Broken(u16);

impl Broken {
    /// Notes that `law` is broken unless `kept`.
    pub(crate) const fn expect(&mut self, law: Law, kept: bool) {
        if !kept {
            self.0 |= 1 << law as u8;
        }
    }

    /// One bit for each law.
    pub(crate) const fn bits(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }

    /// True if no law is broken.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds what another step has broken.
    pub(crate) const fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// True if `law` is broken.
    pub(crate) const fn has(self, law: Law) -> bool {
        self.0 & (1 << law as u8) != 0
    }
}

/// What has been lived through, for the stories that must be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Lived {
    /// The robot followed the first console.
    FollowedFirst,
    /// The robot followed the second console.
    FollowedSecond,
    /// A protective stop was acknowledged and reset.
    LeftPstop,
    /// An emergency stop was reset.
    LeftEstop,
    /// A fault was reset.
    LeftFault,
    /// The robot followed in this epoch.
    FollowedNow,
}

/// Who acted on the robot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actor<'a> {
    /// A stop asked for by a console; true if it is one that the holder has not asked for before.
    Stop(bool),
    /// The content of a frame.
    Frame(&'a Frame),
    /// An acknowledgement.
    Acknowledge {
        /// True if its sender holds authority, and had seen the newest stop.
        counts: bool,
    },
    /// A session ends.
    Close,
    /// A session begins.
    Grant,
    /// The emergency stop is pressed.
    Press,
    /// The emergency stop is released.
    Release,
    /// Somebody at the robot resets.
    Reset,
    /// Somebody at the robot switches the drives on.
    PowerOn,
    /// Somebody at the robot switches the drives off.
    PowerOff,
    /// Time passes.
    Tick(&'a Judged),
}

/// The session that holds authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its number.
    pub(crate) session: u32,
    /// Its console.
    pub(crate) console: usize,
}

/// The memory of the model.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and several may hold"
)]
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// Who holds authority.
    pub(crate) holder: Option<Holder>,
    /// Who held it has not been told that it is gone.
    pub(crate) untold: bool,
    /// Counts the grants of all lives of the robot.
    pub(crate) grants: u32,
    /// Counts the epochs of all lives of the robot.
    pub(crate) era: u32,
    /// Counts the stops of all lives of the robot, repeated ones included.
    pub(crate) stops: u32,
    /// When the holder was last heard of. Unit: second.
    pub(crate) heard_s: u64,
    /// The newest frame of the holder.
    pub(crate) newest_seq: u64,
    /// The newest stop that the holder has asked for.
    pub(crate) stop_asked: u32,
    /// The largest number of a closing that the holder has sent.
    pub(crate) count_max: u32,
    /// The deadman was seen released in this epoch.
    pub(crate) released: bool,
    /// Then it was held with the clutch open, and nothing else was seen since.
    pub(crate) open: bool,
    /// Then the clutch was closed, and no tick has passed since.
    pub(crate) closing: Option<u32>,
    /// The closing that is followed.
    pub(crate) followed: Option<u32>,
    /// A retreat was asked for since then.
    pub(crate) retreated: bool,
    /// The emergency stop is in.
    pub(crate) pressed: bool,
    /// A protective stop has not been ended.
    pub(crate) latched: bool,
    /// It has been acknowledged.
    pub(crate) acknowledged: bool,
    /// It was asked for again.
    pub(crate) restopped: bool,
    /// Somebody at the robot wants the drives off.
    pub(crate) power_off: bool,
    /// What has been lived through, a bit each.
    pub(crate) lived: u8,
}

impl Ledger {
    /// Notes that `lived` was lived through.
    pub(crate) const fn live(&mut self, lived: Lived) {
        self.lived |= 1 << lived as u8;
    }

    /// True if `lived` was lived through.
    pub(crate) const fn has_lived(&self, lived: Lived) -> bool {
        self.lived & (1 << lived as u8) != 0
    }

    /// True if `frame` was sent by whoever holds authority, under this grant.
    pub(crate) const fn is_holders(&self, frame: &Frame) -> bool {
        self.holder.is_some() && frame.grant == self.grants
    }

    /// True if `frame` may have an effect: the holder's, of this epoch, and newer than all before.
    pub(crate) const fn may_pass(&self, frame: &Frame) -> bool {
        self.is_holders(frame) && frame.era == self.era && frame.seq > self.newest_seq
    }

    /// True if the holder has been silent for too long.
    pub(crate) fn is_overdue(&self, now_s: u64) -> bool {
        self.holder.is_some() && Duration::from_secs(now_s - self.heard_s) > LEASE_MAX
    }

    /// Notes that authority was granted.
    pub(crate) const fn grant(&mut self, session: u32, console: usize, now_s: u64) {
        self.grants += 1;
        self.holder = Some(Holder { session, console });
        self.heard_s = now_s;
        self.newest_seq = 0;
        self.stop_asked = 0;
        self.count_max = 0;
        self.begin_act();
    }

    /// Notes what a frame that passed says of the act.
    pub(crate) fn hear(&mut self, frame: &Frame) {
        match frame.hand {
            Hand::Released => {
                self.released = true;
                self.open = false;
                self.closing = None;
            }
            Hand::Open => {
                self.open = self.released;
                self.closing = None;
            }
            Hand::Closed => {
                if self.open && frame.count > self.count_max {
                    self.closing = Some(frame.count);
                } else if self.closing != Some(frame.count) {
                    self.closing = None;
                }
                self.open = false;
                self.count_max = self.count_max.max(frame.count);
            }
            Hand::Retract => self.closing = None,
        }
    }

    const fn begin_act(&mut self) {
        self.released = false;
        self.open = false;
        self.closing = None;
    }

    /// Judges a step of the robot and notes what follows from it.
    pub(crate) fn settle(&mut self, before: &Decisive, actor: Actor, after: &Decisive) -> Broken {
        let mut broken = Broken::default();
        let (from, to) = (&before.state, &after.state);
        let changed = from.word() != to.word();
        let restopped = matches!(actor, Actor::Stop(true)) && self.latched;
        let same_epoch = before.epoch == after.epoch;
        broken.expect(Law::Epoch, raises_as_it_must(before, actor, after));
        match actor {
            Actor::Tick(judged) => self.judge_tick(before, judged, after, &mut broken),
            Actor::Frame(_) => broken.expect(Law::ReArm, self.may_go(from, actor, to)),
            _ => broken.expect(Law::Bedside, self.may_go(from, actor, to)),
        }
        if let Actor::Stop(true) = actor {
            broken.expect(Law::Trip, !to.word().powered() || is_unacknowledged(to));
        }
        broken.expect(Law::Trip, keeps_cause(from, to));
        let begins = !from.word().follows() && to.word().follows();
        if begins {
            self.followed = self.closing;
            self.retreated = false;
            broken.expect(Law::ReArm, self.closing.is_some());
            broken.expect(Law::Bedside, !self.latched && !self.power_off && !self.pressed);
            self.live(Lived::FollowedNow);
            match self.holder {
                Some(Holder { console: 0, .. }) => self.live(Lived::FollowedFirst),
                Some(_) => self.live(Lived::FollowedSecond),
                None => broken.expect(Law::Authority, false),
            }
        }
        if before.epoch != after.epoch || changed && is_stop(to) {
            self.era += 1;
            self.restopped = false;
            self.begin_act();
            self.lived &= !(1 << Lived::FollowedNow as u8);
            broken.expect(Law::ReArm, !(from.word().follows() && to.word().follows()));
        }
        if matches!(actor, Actor::Tick(_)) {
            self.closing = None;
            broken.expect(Law::Authority, !to.word().follows() || self.holder.is_some());
        }
        if let Actor::Frame(frame) = actor {
            self.retreated |= to.word().follows() && frame.hand == Hand::Retract;
        }
        if !to.word().follows() {
            self.retreated = false;
            self.followed = None;
        }
        self.note_stops(from, to, restopped);
        self.restopped = self.latched && (self.restopped || restopped && same_epoch);
        broken
    }

    fn note_stops(&mut self, from: &State, to: &State, restopped: bool) {
        let changed = from.word() != to.word();
        let was_latched = self.latched;
        self.latched = match to {
            State::Pstop { .. } | State::Standby { stopped_by: Some(_) } => true,
            State::Estop { .. } | State::Fault { .. } => false,
            State::Ready if matches!(from, State::Pstop { .. }) => {
                self.live(Lived::LeftPstop);
                false
            }
            _ => self.latched,
        };
        match (from, to) {
            (State::Estop { .. }, State::Init) => self.live(Lived::LeftEstop),
            (State::Fault { .. }, State::Init) => self.live(Lived::LeftFault),
            _ => {}
        }
        if (changed && is_stop(to)) || (self.latched && !was_latched) || restopped {
            self.stops += 1;
        }
        if restopped || !matches!(to, State::Pstop { .. }) {
            self.acknowledged = false;
        }
        if !to.word().powered() {
            self.power_off = false;
        }
    }

    /// Which changes others than the tick may make: all of them, written out.
    fn may_go(&self, from: &State, actor: Actor, to: &State) -> bool {
        use OperatingState as W;
        let follows = from.word().follows();
        let stays = from == to;
        match actor {
            Actor::Stop(false) | Actor::Close | Actor::Release => stays,
            Actor::Stop(true) => match from {
                State::Ready | State::Engaged | State::Degraded { .. } | State::Hold { .. } => {
                    is_unacknowledged(to) && to.cause() == Some(Cause::RemoteStop)
                }
                State::Pstop { .. } => is_unacknowledged(to),
                State::Standby { .. } => matches!(to, State::Standby { stopped_by: Some(_) }),
                State::Init | State::Estop { .. } | State::Fault { .. } => stays,
            },
            Actor::Frame(frame) if follows => match frame.hand {
                Hand::Released => to.word() == W::Hold,
                Hand::Open => to.word() == W::Ready,
                Hand::Closed if self.followed == Some(frame.count) && !self.retreated => stays,
                Hand::Closed => to.word() == W::Ready,
                Hand::Retract => stays || to.word() == W::Ready,
            },
            Actor::Frame(_) => stays,
            Actor::Acknowledge { counts } => match (from, to) {
                (State::Pstop { .. }, State::Pstop { reset: Reset::Acknowledged, .. }) => {
                    stays || counts
                }
                _ => stays,
            },
            Actor::Grant => {
                if follows {
                    to.word() == W::Hold
                } else {
                    stays
                }
            }
            Actor::Press => match from {
                State::Fault { .. } | State::Estop { .. } => stays,
                _ => to.word() == W::Estop,
            },
            Actor::Reset => match from {
                State::Pstop { .. } if self.acknowledged && !self.pressed => to.word() == W::Ready,
                State::Estop { .. } | State::Fault { .. } if !self.pressed => to.word() == W::Init,
                _ => stays,
            },
            Actor::PowerOn => match from {
                State::Standby { .. } if self.latched => is_unacknowledged(to),
                State::Standby { .. } => to.word() == W::Ready,
                _ => stays,
            },
            Actor::PowerOff => {
                if follows {
                    to.word() == W::Hold
                } else {
                    stays
                }
            }
            Actor::Tick(_) => false,
        }
    }

    /// Which changes a tick may make, and which it must.
    fn judge_tick(
        &self,
        before: &Decisive,
        judged: &Judged,
        after: &Decisive,
        broken: &mut Broken,
    ) {
        use OperatingState as W;
        let (from, to) = (&before.state, &after.state);
        let stop = judged.trip.map(|(_, stop)| stop);
        let emergency = self.pressed || stop == Some(Stop::Emergency);
        if self.pressed {
            broken.expect(Law::Trip, matches!(to.word(), W::Estop | W::Fault));
        }
        let landed = match stop {
            None | Some(Stop::Refuse) => true,
            Some(Stop::Hold) => !to.word().follows(),
            Some(Stop::Protective) => {
                !from.word().powered()
                    || matches!(to, State::Standby { stopped_by: Some(_) })
                    || matches!(to.word(), W::Pstop | W::Estop | W::Fault)
            }
            Some(Stop::Emergency) => matches!(to.word(), W::Estop | W::Fault),
            Some(Stop::Fault) => to.word() == W::Fault,
        };
        broken.expect(Law::Trip, landed);
        let off = self.power_off;
        let allowed = match (from, to) {
            _ if from == to => true,
            (_, State::Fault { .. }) => {
                stop == Some(Stop::Fault)
                    || (from.word() == W::Init && judged.tested == Tested::Failed)
            }
            (State::Fault { .. }, _) => false,
            (_, State::Estop { .. }) => emergency,
            (State::Estop { .. }, _) => false,
            (State::Init, State::Standby { stopped_by: None }) => judged.tested == Tested::Passed,
            (State::Init | State::Standby { .. }, _) => false,
            (State::Pstop { .. }, State::Standby { stopped_by: Some(_) }) => off,
            (State::Pstop { .. }, _) => false,
            (_, State::Pstop { .. }) => stop == Some(Stop::Protective),
            (_, State::Standby { stopped_by: Some(_) }) => off && stop == Some(Stop::Protective),
            (State::Hold { .. }, State::Standby { .. }) => true,
            (_, State::Standby { .. }) => off,
            (State::Engaged | State::Degraded { .. }, State::Hold { .. }) => true,
            (State::Engaged, State::Degraded { .. }) => judged.slowed,
            (State::Degraded { .. }, State::Engaged) => judged.recovered && !judged.slowed,
            (State::Ready | State::Hold { .. }, State::Engaged) => true,
            _ => false,
        };
        broken.expect(Law::Bedside, allowed);
        let begins = !from.word().follows() && to.word().follows();
        broken.expect(Law::ReArm, !begins || judged.in_the_way.is_empty());
    }
}

fn is_stop(state: &State) -> bool {
    matches!(
        state,
        State::Hold { .. } | State::Pstop { .. } | State::Estop { .. } | State::Fault { .. }
    )
}

/// True unless a stop, grant, power-on or reset has kept the epoch, or it fell.
fn raises_as_it_must(before: &Decisive, actor: Actor, after: &Decisive) -> bool {
    let (from, to) = (&before.state, &after.state);
    let changed = from.word() != to.word();
    let must = match actor {
        Actor::Grant => true,
        Actor::PowerOn => changed,
        Actor::Reset => changed && *to == State::Ready,
        _ => changed && is_stop(to),
    };
    after.epoch > before.epoch || (!must && after.epoch == before.epoch)
}

fn is_unacknowledged(state: &State) -> bool {
    matches!(state, State::Pstop { reset: Reset::Unacknowledged, .. })
}

/// True unless a stop that goes on has another cause than before.
fn keeps_cause(from: &State, to: &State) -> bool {
    match (from, to) {
        (State::Standby { stopped_by: Some(first) }, State::Standby { stopped_by }) => {
            *stopped_by == Some(*first)
        }
        (State::Standby { stopped_by: Some(first) }, State::Pstop { cause, .. }) => cause == first,
        (State::Pstop { cause, .. }, State::Standby { stopped_by }) => *stopped_by == Some(*cause),
        _ if from.word() == to.word() => from.cause() == to.cause(),
        _ => true,
    }
}

/// Seconds of the model as a moment of the robot.
pub(crate) fn moment(seconds: u64) -> Moment<protocol::time::Robot> {
    Moment::START.after(Duration::from_secs(seconds))
}
