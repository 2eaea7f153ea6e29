//! Which motions of the hand are an act of the operator: release, hold open, close.
//!
//! Problem: a button that is still held looks like a button that is pressed. The naive rule (follow
//! while the clutch is closed) moves the robot the moment a stop is cleared, a device reconnects or
//! the link returns, with a hand on the console that has not noticed. The rule here: authority rises
//! only through the full act, seen by the console *and* by the robot under one epoch:
//!
//! ```text
//! MustRelease ──release──▶ Released ──hold──▶ HeldOpen ──close──▶ Asked ──robot──▶ Heard ──▶ Following
//!      ▲                      │close             ▲                   │ follows ──────────────▲
//!      │ epoch, device, stop  └────────▶ MustOpen ───open────────────┘
//! ```
//!
//! [`Grip::next`] is total and has a row per fact. Releasing the deadman always wins. An epoch that
//! rose, a device that went away or a STOP lead to `MustRelease`, from everywhere.
//!
//! The displacement stays zero until the robot says that it follows: a lost first frame can then not
//! turn into a jump, and what the hand did before the robot listened is not caught up. It costs one
//! round trip of a still robot at each closing.

use core::time::Duration;

use protocol::time::{Moment, Operator};

use super::hand::Grasp;

/// The robot has had the closed clutch for this long and does not follow: it has refused.
///
/// The robot decides in the tick in which the frame arrives; 100 ms of state frames are 50 chances to
/// hear of it. Shorter would take one lost burst for a refusal.
pub const REFUSED_AFTER: Duration = Duration::from_millis(100);

/// No answer to a closing for this long: the closing is void.
///
/// Twice the largest loop age under which any robot engages. A closing that waited longer would be
/// an act about a world that the operator no longer sees.
pub const UNANSWERED_AFTER: Duration = Duration::from_millis(500);

/// Why the deadman must be released before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustReleaseWhy {
    /// The session has just begun, or there is none.
    Start,
    /// The robot stopped: the epoch rose.
    Epoch,
    /// The device went away or its clock is broken. What it says on its return may be stale.
    Device,
    /// The operator pressed STOP.
    Stop,
}

/// Why the clutch must be opened before it can be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustOpenWhy {
    /// The clutch was closed before the deadman was held.
    ClosedFirst,
    /// The clutch was closed before the robot had seen it open.
    TooSoon,
    /// The clutch was closed while the state of the robot was unknown.
    StateUnknown,
    /// The robot did not answer.
    Unanswered,
    /// The robot heard and did not follow.
    Refused,
    /// The robot followed and no longer does.
    Ended,
}

impl MustReleaseWhy {
    /// The identifier that every surface shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Start => "HAND-RELEASE-START",
            Self::Epoch => "HAND-RELEASE-STOPPED",
            Self::Device => "HAND-RELEASE-DEVICE",
            Self::Stop => "HAND-RELEASE-STOP",
        }
    }

    /// What happened and what to do, in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Start => {
                "The deadman has not been seen released in this session: release it, then hold it."
            }
            Self::Epoch => {
                "The robot has stopped: release the deadman, then hold it and engage again."
            }
            Self::Device => {
                "The hand device was away: let go of everything, then hold the deadman and engage again."
            }
            Self::Stop => "STOP was pressed here: release the deadman.",
        }
    }
}

impl MustOpenWhy {
    /// The identifier that every surface shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ClosedFirst => "HAND-OPEN-FIRST",
            Self::TooSoon => "HAND-OPEN-TOO-SOON",
            Self::StateUnknown => "HAND-OPEN-UNKNOWN",
            Self::Unanswered => "HAND-OPEN-UNANSWERED",
            Self::Refused => "HAND-OPEN-REFUSED",
            Self::Ended => "HAND-OPEN-ENDED",
        }
    }

    /// What happened and what to do, in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::ClosedFirst => {
                "The clutch was closed before the deadman was held: open the clutch, then close it."
            }
            Self::TooSoon => {
                "The clutch was closed before the robot had seen it open: open it for a moment longer."
            }
            Self::StateUnknown => {
                "The robot's state was unknown when the clutch closed: wait for it, then open and close the clutch."
            }
            Self::Unanswered => {
                "The robot did not answer when the clutch closed: check the link, then open and close the clutch."
            }
            Self::Refused => {
                "The robot refused to follow: read why on its state, then open and close the clutch."
            }
            Self::Ended => "The robot no longer follows: open and close the clutch.",
        }
    }
}

/// How far the operator's act has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grip {
    /// Nothing counts before the deadman is seen released.
    MustRelease {
        /// Why.
        why: MustReleaseWhy,
    },
    /// The deadman is not held.
    Released,
    /// The deadman is held, the clutch open.
    HeldOpen {
        /// Since when.
        since: Moment<Operator>,
        /// The first frame that said so.
        seq: u64,
    },
    /// The clutch is closed; the robot has not answered. The displacement is zero.
    Asked {
        /// Which closing of the session it is, from 1.
        count: u32,
        /// Since when.
        since: Moment<Operator>,
        /// The first frame that said so.
        seq: u64,
    },
    /// The robot has the closing and does not follow yet. The displacement is zero.
    Heard {
        /// Which closing of the session it is, from 1.
        count: u32,
        /// Since when.
        since: Moment<Operator>,
    },
    /// The robot follows the hand.
    Following {
        /// Which closing of the session it is, from 1.
        count: u32,
    },
    /// The deadman is held; the clutch must open before it can close.
    MustOpen {
        /// Why.
        why: MustOpenWhy,
    },
}

/// What the newest state frame says that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is no state frame, or only an old one.
    Unknown,
    /// The robot had taken this command and does not follow.
    Still {
        /// The newest command that the robot had accepted.
        echo_seq: u64,
    },
    /// The robot had taken this command and follows.
    Follows {
        /// The newest command that the robot had accepted.
        echo_seq: u64,
    },
}

/// One tick of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// What the hand does.
    pub grasp: Grasp,
    /// What the robot says.
    pub answer: Answer,
    /// The number of the frame that will carry the outcome.
    pub seq: u64,
    /// Closings of the session so far.
    pub closings: u32,
    /// The time.
    pub now: Moment<Operator>,
}

impl Grip {
    /// The grip of a session in which nothing has happened.
    pub const fn start() -> Self {
        Self::MustRelease { why: MustReleaseWhy::Start }
    }

    /// The grip one tick later. Total: every pair has a row.
    #[must_use]
    pub fn next(self, input: &Input) -> Self {
        let Input { grasp, answer, seq, closings, now } = *input;
        match (self, grasp) {
            (_, Grasp::Gone) => Self::MustRelease { why: MustReleaseWhy::Device },
            (_, Grasp::Released) => Self::Released,
            (Self::MustRelease { .. }, Grasp::Open | Grasp::Closed)
            | (Self::HeldOpen { .. }, Grasp::Open)
            | (Self::MustOpen { .. }, Grasp::Closed) => self,
            (
                Self::Released
                | Self::Asked { .. }
                | Self::Heard { .. }
                | Self::Following { .. }
                | Self::MustOpen { .. },
                Grasp::Open,
            ) => Self::HeldOpen { since: now, seq },
            (Self::Released, Grasp::Closed) => Self::MustOpen { why: MustOpenWhy::ClosedFirst },
            (Self::HeldOpen { seq: opened, .. }, Grasp::Closed) => match answer {
                Answer::Still { echo_seq } if echo_seq >= opened => {
                    Self::Asked { count: closings.saturating_add(1), since: now, seq }
                }
                Answer::Unknown => Self::MustOpen { why: MustOpenWhy::StateUnknown },
                Answer::Still { .. } | Answer::Follows { .. } => {
                    Self::MustOpen { why: MustOpenWhy::TooSoon }
                }
            },
            (Self::Asked { count, since, seq: asked }, Grasp::Closed) => match answer {
                Answer::Follows { echo_seq } if echo_seq >= asked => Self::Following { count },
                Answer::Still { echo_seq } if echo_seq >= asked => {
                    Self::Heard { count, since: now }
                }
                _ if passed(since, UNANSWERED_AFTER, now) => {
                    Self::MustOpen { why: MustOpenWhy::Unanswered }
                }
                _ => self,
            },
            (Self::Heard { count, since }, Grasp::Closed) => match answer {
                Answer::Follows { .. } => Self::Following { count },
                _ if passed(since, REFUSED_AFTER, now) => {
                    Self::MustOpen { why: MustOpenWhy::Refused }
                }
                _ => self,
            },
            (Self::Following { .. }, Grasp::Closed) => match answer {
                Answer::Still { .. } => Self::MustOpen { why: MustOpenWhy::Ended },
                // How long a robot may be followed blindly is the robot's to judge: its ages grow.
                Answer::Follows { .. } | Answer::Unknown => self,
            },
        }
    }

    /// The grip after something that only a release can clear. A device that was away stays the
    /// reason: what it says of the deadman is not believed before it says "released".
    #[must_use]
    pub const fn stopped(self, why: MustReleaseWhy) -> Self {
        match self {
            Self::MustRelease { why: MustReleaseWhy::Device } => self,
            _ => Self::MustRelease { why },
        }
    }

    /// True if the frame says that the clutch is closed.
    pub const fn asks_to_follow(self) -> bool {
        matches!(self, Self::Asked { .. } | Self::Heard { .. } | Self::Following { .. })
    }

    /// True if the hand moves the robot.
    pub const fn follows(self) -> bool {
        matches!(self, Self::Following { .. })
    }

    /// True if what the device says of the deadman may be passed on.
    pub const fn believes_deadman(self) -> bool {
        !matches!(self, Self::MustRelease { why: MustReleaseWhy::Device })
    }

    /// Identifier and sentence of what the hand has to do first; `None` if it is in order.
    pub const fn refusal(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::MustRelease { why } => Some((why.id(), why.sentence())),
            Self::MustOpen { why } => Some((why.id(), why.sentence())),
            Self::Released
            | Self::HeldOpen { .. }
            | Self::Asked { .. }
            | Self::Heard { .. }
            | Self::Following { .. } => None,
        }
    }
}

/// True once `span` has passed since `since`, and when the clock ran backwards.
fn passed(since: Moment<Operator>, span: Duration, now: Moment<Operator>) -> bool {
    now.since(since).is_none_or(|d| d > span)
}

#[cfg(test)]
#[path = "clutch_tests.rs"]
mod tests;
