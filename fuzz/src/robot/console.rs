//! A console that says what it is told to, under the session, epoch and numbers that it has heard of.

use nalgebra::{UnitQuaternion, Vector3};
use protocol::frame::{ArmCommand, BaseTwist, CommandFrame, Mode, Motion, StateFrame};
use protocol::picture::ViewSource;
use protocol::pose::Displacement;
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::Moment;

use super::SESSIONS;
use super::shapes::Rig;

/// The farthest that a hand comes between two samples. Unit: metre.
const SAMPLE_M: f64 = 0.008;

/// What it knows, and what the hand does.
pub(super) struct Console {
    pub(super) session: SessionId,
    epoch: u32,
    seq: u64,
    t_input: u64,
    /// What each sample adds to the time of the device: a hung one adds nothing, a broken one goes back.
    pub(super) sampled: i8,
    seen_state: u64,
    told: OperatingState,
    /// What it shows instead of what it was told.
    pub(super) shows: Option<OperatingState>,
    pub(super) source: ViewSource,
    pub(super) seen_view: u64,
    pub(super) count: u32,
    pub(super) deadman: f64,
    pub(super) mode: Mode,
    /// Where the hand goes, and how far it has come: no hand leaps, unless it is told to.
    pub(super) hand_m: Vector3<f64>,
    pub(super) reached_m: Vector3<f64>,
    pub(super) turn_rad: Vector3<f64>,
    pub(super) twist: BaseTwist,
    pub(super) jaw_rad: f64,
    pub(super) force_n: f64,
    /// It steers a base.
    pub(super) drives: bool,
    pub(super) lag_state: u8,
    pub(super) lag_view: u8,
}

/// A base that is asked to stand.
pub(super) const STILL: BaseTwist = BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 };

impl Console {
    pub(super) fn new(rig: &Rig) -> Self {
        Self {
            session: SESSIONS[0],
            epoch: 0,
            seq: 0,
            t_input: 1_000,
            sampled: 1,
            seen_state: 0,
            told: OperatingState::Init,
            shows: None,
            source: rig.profile.freshness.steering,
            seen_view: 0,
            count: 0,
            deadman: 0.0,
            mode: Mode::Hold,
            hand_m: Vector3::zeros(),
            reached_m: Vector3::zeros(),
            turn_rad: Vector3::zeros(),
            twist: STILL,
            jaw_rad: 0.0,
            force_n: 0.0,
            drives: rig.arms == 0,
            lag_state: 0,
            lag_view: 0,
        }
    }

    /// It has been given authority.
    pub(super) fn granted(&mut self, session: SessionId, epoch: u32) {
        (self.session, self.epoch) = (session, epoch);
    }

    /// A state has arrived.
    pub(super) fn hear(&mut self, frame: &StateFrame) {
        (self.epoch, self.seen_state, self.told) = (frame.epoch, frame.seq, frame.state);
    }

    /// So many commands are never heard.
    pub(super) fn lose(&mut self, count: u8) {
        self.seq += u64::from(count);
    }

    /// The next command.
    pub(super) fn frame(&mut self) -> CommandFrame {
        self.seq += 1;
        let past_ns = 1_000_000 * i64::from(self.sampled);
        self.t_input = self.t_input.saturating_add_signed(past_ns);
        self.reached_m += (self.hand_m - self.reached_m).cap_magnitude(SAMPLE_M);
        let arm = ArmCommand {
            displacement: Displacement {
                translation: self.reached_m,
                rotation: UnitQuaternion::from_scaled_axis(self.turn_rad),
            },
            jaw_rad: self.jaw_rad,
            force_wanted_n: self.force_n,
        };
        let lag = u64::from(self.lag_state);
        CommandFrame {
            session: self.session,
            seq: self.seq,
            epoch: self.epoch,
            engage_count: self.count,
            t_input: Moment::from_ns(self.t_input),
            seen_state: self.seen_state.saturating_sub(lag),
            seen_view: self.seen_view.saturating_sub(u64::from(self.lag_view)),
            view_source: self.source,
            mode: self.mode,
            deadman: self.deadman,
            stop_request: 0,
            shown_state: self.shows.unwrap_or(self.told),
            motion: if self.drives { Motion::Base(self.twist) } else { Motion::Arms([arm, arm]) },
        }
    }
}
