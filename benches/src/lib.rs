//! What runs a thousand times a second, set up so that it can be measured.
//!
//! [`Following`] is a robot core in the middle of its work: engaged, with commands, states and
//! pictures coming and going, against a robot that obeys at once. A bench of an idle core would
//! measure the branch that does nothing.

use core::time::Duration;

use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::frame::{ArmCommand, CommandFrame, Mode, Motion, StateFrame};
use protocol::pose::{Displacement, Pose};
use protocol::profile::{Profile, ProfileError, ULTRASOUND};
use protocol::session::SessionId;
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot};
use robot_agent::core::{Core, LocalEvent, SessionEvent, Tick};
use robot_agent::robot::{ArmReading, Description, Order, Reading};

const SESSION: SessionId = SessionId::new(1);
const STEP: Duration = Duration::from_millis(1);

/// A core that follows a hand in slow circles.
pub struct Following {
    core: Core,
    now: Moment<Robot>,
    arms: [ArmReading; ARMS],
    frame: CommandFrame,
    newest: Option<StateFrame>,
    ticks: u64,
    engaged_at: u64,
}

impl Following {
    /// A core that has just been engaged.
    ///
    /// # Errors
    /// [`ProfileError`] if the shipped profile is broken.
    pub fn engaged() -> Result<Self, ProfileError> {
        let description =
            Description { name: "bench".to_owned(), simulated: true, arms: 1, speed_max_m_s: 1.0 };
        let tip = Pose::new(Isometry3::new(
            Vector3::new(0.5, 0.0, 0.3),
            Vector3::new(core::f64::consts::PI, 0.0, 0.0),
        ));
        let mut it = Self {
            core: Core::new(Profile::parse(ULTRASOUND)?, &description, 1),
            now: Moment::from_ns(1_000_000_000),
            arms: [ArmReading { tip, ..ArmReading::absent() }, ArmReading::absent()],
            frame: frame(),
            newest: None,
            ticks: 0,
            engaged_at: 0,
        };
        for _ in 0..100 {
            it.tick();
        }
        it.core.handle_local(LocalEvent::PowerOn, it.now);
        let _ = it.core.handle_session(SessionEvent::Open { session: SESSION }, it.now);
        for ms in 0..400 {
            it.frame.deadman = if ms < 20 { 0.0 } else { 1.0 };
            it.step();
        }
        it.frame.engage_count = 1;
        it.engaged_at = it.ticks;
        it.frame.mode = Mode::Follow;
        for _ in 0..10 {
            it.step();
        }
        Ok(it)
    }

    /// What the core is doing; a bench asserts that it follows.
    pub fn state(&self) -> OperatingState {
        self.core.state().word()
    }

    /// A command arrives and the core ticks.
    pub fn step(&mut self) -> Tick {
        let angle = (self.ticks - self.engaged_at) as f64 * 1e-3;
        if let Motion::Arms([first, _]) = &mut self.frame.motion
            && self.frame.mode == Mode::Follow
        {
            first.displacement.translation =
                Vector3::new(0.02 * (1.0 - angle.cos()), 0.02 * angle.sin(), 0.0);
        }
        self.frame.seq += 1;
        self.frame.epoch = self.core.epoch();
        if let Some(state) = &self.newest {
            self.frame.seen_state = state.seq;
        }
        let frame = self.frame;
        self.core.handle_command(&frame, self.now);
        self.tick()
    }

    fn tick(&mut self) -> Tick {
        self.now = self.now.after(STEP);
        self.ticks += 1;
        if self.ticks.is_multiple_of(25) {
            self.core.handle_view(self.ticks / 25, self.now);
            self.frame.seen_view = self.ticks / 25;
        }
        let reading = Reading { at: self.now, powered: true, arms: self.arms };
        let tick = self.core.tick(self.now, Ok(reading), 0);
        if let (Order::Servo { tips: [tip, _] }, [arm, _]) = (tick.order, &mut self.arms) {
            arm.tip = tip;
        }
        if tick.frame.is_some() {
            self.newest = tick.frame;
        }
        tick
    }
}

/// A command frame as a console sends it.
pub fn frame() -> CommandFrame {
    let mut arm = ArmCommand::neutral();
    arm.displacement =
        Displacement { translation: Vector3::zeros(), rotation: UnitQuaternion::identity() };
    arm.force_wanted_n = 5.0;
    CommandFrame {
        session: SESSION,
        seq: 1,
        epoch: 1,
        engage_count: 0,
        t_input: Moment::from_ns(1),
        seen_state: 1,
        seen_view: 1,
        mode: Mode::Hold,
        deadman: 0.0,
        stop_request: 0,
        shown_state: OperatingState::Ready,
        motion: Motion::Arms([arm, ArmCommand::neutral()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_follows() {
        let mut it = Following::engaged().unwrap();
        for _ in 0..1_000 {
            assert!(it.step().followed.is_some());
        }
        assert_eq!(it.state(), OperatingState::Engaged);
    }
}
