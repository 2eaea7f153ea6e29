//! The operator's STOP: asked, then proven by the robot, or said to be unproven.
//!
//! A page that says "stopped" when it has only asked is worse than one that says nothing. The phase
//! follows the robot's own confirmation; without it for 200 ms the operator is told to use the
//! emergency stop.

use core::time::Duration;

use protocol::frame::StateFrame;
use protocol::state::OperatingState;
use protocol::time::{Moment, Operator};

/// A stop that is not confirmed for this long is unconfirmed.
///
/// A round trip within every freshness limit is shorter; a person told later has waited in vain.
pub const UNCONFIRMED_AFTER: Duration = Duration::from_millis(200);

/// How far a stop has come, as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopPhase {
    /// No stop is under way.
    Idle,
    /// Asked; the robot has not confirmed yet.
    Sent {
        /// When it was asked.
        since: Moment<Operator>,
    },
    /// The robot has confirmed.
    Confirmed {
        /// From asking to the confirmation, at the console.
        took: Duration,
    },
    /// The robot has not confirmed within [`UNCONFIRMED_AFTER`]: use the emergency stop.
    Unconfirmed {
        /// When it was asked.
        since: Moment<Operator>,
    },
}

impl StopPhase {
    /// The word on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Sent { .. } => "sent",
            Self::Confirmed { .. } => "confirmed",
            Self::Unconfirmed { .. } => "unconfirmed",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Stop {
    Idle,
    Asked { request: u32, since: Moment<Operator> },
    Confirmed { took: Duration },
}

/// Follows the stops of one session.
#[derive(Debug, Clone)]
pub struct StopButton {
    stop: Stop,
    requests: u32,
}

impl Default for StopButton {
    fn default() -> Self {
        Self { stop: Stop::Idle, requests: 0 }
    }
}

impl StopButton {
    /// Asks for a stop; returns its number. Pressing again before the confirmation asks for the same
    /// stop: the operator's patience is counted from the first press.
    pub const fn press(&mut self, now: Moment<Operator>) -> u32 {
        if let Stop::Asked { request, .. } = self.stop {
            return request;
        }
        self.requests = self.requests.saturating_add(1);
        self.stop = Stop::Asked { request: self.requests, since: now };
        self.requests
    }

    /// A new session counts from 1. A stop that nobody has confirmed is asked again in it.
    pub const fn renumber(&mut self) {
        match self.stop {
            Stop::Asked { since, .. } => {
                self.requests = 1;
                self.stop = Stop::Asked { request: 1, since };
            }
            Stop::Idle | Stop::Confirmed { .. } => {
                self.requests = 0;
                self.stop = Stop::Idle;
            }
        }
    }

    /// Takes in what the robot confirms.
    pub fn handle_state(&mut self, frame: &StateFrame, now: Moment<Operator>) {
        match self.stop {
            // Equality: a larger number belongs to no stop of this session.
            Stop::Asked { request, since }
                if frame.stop_confirmed == request && !frame.state.follows() =>
            {
                let took = now.since(since).unwrap_or(Duration::ZERO);
                self.stop = Stop::Confirmed { took };
            }
            // Shown until the robot is back in use.
            Stop::Confirmed { .. }
                if frame.state == OperatingState::Ready || frame.state.follows() =>
            {
                self.stop = Stop::Idle;
            }
            Stop::Idle | Stop::Asked { .. } | Stop::Confirmed { .. } => {}
        }
    }

    /// The number that every command frame carries until the stop is confirmed; 0 for none.
    pub const fn request(&self) -> u32 {
        match self.stop {
            Stop::Asked { request, .. } => request,
            Stop::Idle | Stop::Confirmed { .. } => 0,
        }
    }

    /// How far it has come.
    pub fn phase(&self, now: Moment<Operator>) -> StopPhase {
        match self.stop {
            Stop::Idle => StopPhase::Idle,
            Stop::Confirmed { took } => StopPhase::Confirmed { took },
            Stop::Asked { since, .. } => {
                if now.since(since).is_none_or(|d| d > UNCONFIRMED_AFTER) {
                    StopPhase::Unconfirmed { since }
                } else {
                    StopPhase::Sent { since }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::session::tests::state_frame;

    fn at(ms: u64) -> Moment<Operator> {
        Moment::from_ns(ms * 1_000_000)
    }

    fn confirms(stop_confirmed: u32, state: OperatingState) -> StateFrame {
        StateFrame { stop_confirmed, state, ..state_frame() }
    }

    #[test]
    fn a_stop_is_confirmed_only_by_the_robot_and_only_by_its_own_number() {
        let mut stop = StopButton::default();
        assert_eq!((stop.request(), stop.phase(at(1))), (0, StopPhase::Idle));
        assert_eq!(stop.press(at(10)), 1);
        assert_eq!(stop.request(), 1);
        for (number, state) in
            [(0, OperatingState::Pstop), (2, OperatingState::Pstop), (1, OperatingState::Engaged)]
        {
            stop.handle_state(&confirms(number, state), at(20));
            assert_eq!(stop.phase(at(20)), StopPhase::Sent { since: at(10) });
        }
        stop.handle_state(&confirms(1, OperatingState::Pstop), at(44));
        let took = Duration::from_millis(34);
        assert_eq!(stop.phase(at(900)), StopPhase::Confirmed { took });
        assert_eq!(stop.request(), 0);
        stop.handle_state(&confirms(1, OperatingState::Ready), at(1000));
        assert_eq!(stop.phase(at(1000)), StopPhase::Idle);
        assert_eq!(stop.press(at(1001)), 2);
    }

    #[test]
    fn an_unconfirmed_stop_is_said_to_be_after_the_limit_not_at_it() {
        let mut stop = StopButton::default();
        stop.press(at(10));
        assert_eq!(stop.press(at(150)), 1, "pressing again is the same stop");
        assert_eq!(stop.phase(at(210)), StopPhase::Sent { since: at(10) });
        assert_eq!(stop.phase(at(211)), StopPhase::Unconfirmed { since: at(10) });
        stop.handle_state(&confirms(1, OperatingState::Pstop), at(400));
        let took = Duration::from_millis(390);
        assert_eq!(
            stop.phase(at(401)),
            StopPhase::Confirmed { took },
            "late is still a confirmation"
        );
    }

    #[test]
    fn a_stop_that_nobody_confirmed_is_asked_again_in_the_next_session() {
        let mut stop = StopButton::default();
        stop.press(at(10));
        stop.handle_state(&confirms(1, OperatingState::Pstop), at(20));
        stop.handle_state(&confirms(1, OperatingState::Ready), at(30));
        stop.press(at(40));
        stop.renumber();
        assert_eq!(stop.request(), 1);
        assert_eq!(stop.phase(at(41)), StopPhase::Sent { since: at(40) });
        stop.handle_state(&confirms(1, OperatingState::Pstop), at(50));
        stop.renumber();
        assert_eq!((stop.request(), stop.phase(at(60))), (0, StopPhase::Idle));
    }
}
