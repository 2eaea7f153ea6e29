//! A gamepad, through gilrs.
//!
//! | control | does |
//! |---|---|
//! | right trigger, held from half | deadman |
//! | right bumper, held | clutch closed: the robot follows |
//! | left bumper, held | the right arm is moved instead of the left one |
//! | left stick | slide: right, up; a base: turn, drive |
//! | right stick | across: turn, along: tilt |
//! | d-pad up, down | contact force wanted, in steps of 0.5 N; where no tool presses by itself: in, out |
//! | d-pad left, right | closes, opens the jaw |
//! | B | STOP |
//!
//! The mapping is a pure function of [`RawPad`], so that it can be tested: nobody can forge an event
//! of gilrs. The dead zone is ours; the library's own filters are off, because two dead zones in a row
//! make a stick that jumps.
//!
//! A gamepad reports only changes, so a hand that keeps still looks like one that is gone; what tells
//! them apart is the system's word that the device was disconnected ([`Stamp::OnChange`]). A pad that drops off the radio
//! without that word is the reason why a wired one is recommended. After any disconnection the pad
//! gives nothing until it has been seen neutral, and a second pad is ignored: the chosen one stays.

use gilrs::{Axis, Button, EventType, GamepadId, Gilrs, GilrsBuilder};
use protocol::ARMS;
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};

use super::choice::Choice;
use super::{ArmSide, Clutch, Deflection, HandDevice, HandMotion, HandSample, Stamp};
use crate::core::session::force_max_n;
use crate::core::shaping;

/// What one press of the d-pad changes. Unit: newton.
pub const FORCE_STEP_N: f64 = 0.5;

/// The force wanted before anybody has chosen one. Unit: newton.
const FORCE_START_N: f64 = 5.0;

/// A trigger below this is released.
const TRIGGER_NEUTRAL_MAX: f64 = 0.1;

/// Events taken in one tick. A pad sends a few; a broken one must not hold up the tick.
const EVENTS_MAX: usize = 256;

/// Why there is no gamepad.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GamepadError {
    /// The library knows no gamepads on this system.
    #[error(
        "gamepads are not supported on this system; use a wired gamepad on Linux, or the practice pad with a simulated robot"
    )]
    Unsupported,
    /// The input devices can not be read.
    #[error(
        "the input devices can not be read ({cause}); install the rule `70-farreach.rules` in /usr/lib/udev/rules.d, run `udevadm control --reload` and `udevadm trigger`, and plug the gamepad in again"
    )]
    Unreadable {
        /// What the system said.
        cause: String,
    },
}

/// The controls of a gamepad, as the hardware says.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are buttons, and independent")]
pub struct RawPad {
    /// False while the system says that it is gone.
    pub connected: bool,
    /// Right trigger, 0 to 1.
    pub trigger: f64,
    /// Right bumper.
    pub bumper: bool,
    /// The B button.
    pub stop: bool,
    /// Left bumper.
    pub other_arm: bool,
    /// D-pad up.
    pub up: bool,
    /// D-pad down.
    pub down: bool,
    /// D-pad left.
    pub close: bool,
    /// D-pad right.
    pub open: bool,
    /// Left stick: right, up; −1 to 1.
    pub left: [f64; 2],
    /// Right stick: right, up; −1 to 1.
    pub right: [f64; 2],
    /// When it last reported.
    pub reported: Moment<Operator>,
}

impl RawPad {
    /// A pad that nobody touches.
    pub const fn untouched(reported: Moment<Operator>) -> Self {
        Self {
            connected: true,
            trigger: 0.0,
            bumper: false,
            stop: false,
            other_arm: false,
            up: false,
            down: false,
            close: false,
            open: false,
            left: [0.0, 0.0],
            right: [0.0, 0.0],
            reported,
        }
    }

    /// True if nothing that could move a robot is touched.
    pub fn is_neutral(&self, dead_zone: f64) -> bool {
        let at_rest = |stick| shaping::stick(stick, dead_zone) == [0.0, 0.0];
        self.connected
            && self.trigger <= TRIGGER_NEUTRAL_MAX
            && !(self.bumper || self.other_arm)
            && !(self.up || self.down || self.close || self.open)
            && at_rest(self.left)
            && at_rest(self.right)
    }

    /// What the hand does with it, with d-pad and left bumper left out.
    pub fn hand_sample(&self, dead_zone: f64) -> HandSample {
        let [x, y] = shaping::stick(self.left, dead_zone);
        let [across, tilt] = shaping::stick(self.right, dead_zone);
        HandSample {
            deadman: shaping::unit(self.trigger).max(0.0),
            clutch: if self.bumper { Clutch::Closed } else { Clutch::Open },
            // A stick pushed to the right turns clockwise, as a knob would.
            motion: HandMotion::Rate(Deflection { x, y, turn: -across, tilt, ..Deflection::NONE }),
            ..self.let_go()
        }
    }

    /// What it would say if nobody touched it.
    const fn let_go(&self) -> HandSample {
        HandSample {
            stamp: Stamp::OnChange(self.reported),
            connected: self.connected,
            ..HandSample::neutral(self.reported)
        }
    }

    /// What d-pad and left bumper ask for: up is inward, right is open.
    fn arm_and_d_pad(&self) -> Deflection {
        let either = |more: bool, less: bool| f64::from(i8::from(more) - i8::from(less));
        Deflection {
            arm: if self.other_arm { ArmSide::Right } else { ArmSide::Left },
            z: either(self.up, self.down),
            jaw: either(self.open, self.close),
            ..Deflection::NONE
        }
    }
}

/// What must be remembered of a pad between two ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PadMemory {
    dead_zone: f64,
    force_max_n: f64,
    has_two_arms: bool,
    force_wanted_n: f64,
    choice: Choice,
    before: RawPad,
    needs_neutral: bool,
    stop_pressed: bool,
}

impl PadMemory {
    /// Nothing is remembered; the pad must first be seen neutral.
    pub fn new(profile: &Profile) -> Self {
        Self {
            dead_zone: profile.hand.dead_zone,
            force_max_n: force_max_n(profile),
            has_two_arms: profile.arms().is_some_and(|arms| arms.count == ARMS),
            force_wanted_n: FORCE_START_N.min(force_max_n(profile)),
            choice: Choice::first(),
            before: RawPad::untouched(Moment::START),
            needs_neutral: true,
            stop_pressed: false,
        }
    }

    /// What the hand does, given what it did before.
    pub fn take(&mut self, raw: &RawPad) -> HandSample {
        if !raw.connected {
            self.needs_neutral = true;
        } else if raw.is_neutral(self.dead_zone) {
            self.needs_neutral = false;
        }
        // STOP takes nothing for granted: not even that the pad was seen neutral.
        self.stop_pressed |= raw.connected && raw.stop && !self.before.stop;
        let step = |pressed: bool, before: bool| {
            if raw.connected && pressed && !before { FORCE_STEP_N } else { 0.0 }
        };
        let change = step(raw.up, self.before.up) - step(raw.down, self.before.down);
        self.force_wanted_n = (self.force_wanted_n + change).clamp(0.0, self.force_max_n);
        self.before = *raw;
        if !raw.connected {
            return raw.let_go();
        }
        let force_wanted_n = self.force_wanted_n;
        if self.needs_neutral {
            return HandSample { force_wanted_n, ..raw.let_go() };
        }
        let mut sample = HandSample { force_wanted_n, ..raw.hand_sample(self.dead_zone) };
        if let HandMotion::Rate(asked) = &mut sample.motion {
            let more = raw.arm_and_d_pad();
            let arm = if self.has_two_arms { more.arm } else { ArmSide::Left };
            // With a force loop up and down are its force.
            let z = if self.force_max_n <= 0.0 { more.z } else { 0.0 };
            *asked = self.choice.take(Deflection { arm, z, jaw: more.jaw, ..*asked });
        }
        sample
    }

    /// True while the pad gives nothing because it has not been seen neutral.
    pub const fn needs_neutral(&self) -> bool {
        self.needs_neutral
    }

    /// True once for every press of STOP.
    pub const fn take_stop(&mut self) -> bool {
        core::mem::replace(&mut self.stop_pressed, false)
    }
}

/// A gamepad on this machine.
pub struct Gamepad {
    gilrs: Gilrs,
    chosen: Option<GamepadId>,
    name: String,
    raw: RawPad,
    memory: PadMemory,
}

impl Gamepad {
    /// The first gamepad that is plugged in, or the first that will be.
    ///
    /// # Errors
    /// [`GamepadError`], with what to do about it.
    pub fn open(profile: &Profile) -> Result<Self, GamepadError> {
        let gilrs =
            GilrsBuilder::new().with_default_filters(false).build().map_err(|e| match e {
                gilrs::Error::NotImplemented(_) => GamepadError::Unsupported,
                other => GamepadError::Unreadable { cause: other.to_string() },
            })?;
        let mut pad = Self {
            gilrs,
            chosen: None,
            name: "gamepad".into(),
            raw: RawPad { connected: false, ..RawPad::untouched(Moment::START) },
            memory: PadMemory::new(profile),
        };
        let first = pad.gilrs.gamepads().next().map(|(id, _)| id);
        if let Some(id) = first {
            pad.choose(id);
        }
        Ok(pad)
    }

    /// The controls as the hardware says, for the page that shows raw beside shaped.
    pub const fn raw(&self) -> &RawPad {
        &self.raw
    }

    fn choose(&mut self, id: GamepadId) {
        self.chosen = Some(id);
        let pad = self.gilrs.gamepad(id);
        self.name = match (pad.vendor_id(), pad.product_id()) {
            (Some(vendor), Some(product)) => {
                format!("{} {vendor:04x}:{product:04x}", pad.os_name())
            }
            _ => pad.os_name().into(),
        };
    }

    fn drain(&mut self, now: Moment<Operator>) {
        for _ in 0..EVENTS_MAX {
            let Some(event) = self.gilrs.next_event() else { break };
            if self.chosen.is_none() && event.event == EventType::Connected {
                self.choose(event.id);
            }
            if self.chosen == Some(event.id) {
                self.raw.reported = now;
                if event.event == EventType::Disconnected {
                    // Also when it is back within the same tick: the memory must have seen it go.
                    let gone = RawPad { connected: false, ..self.raw };
                    self.memory.take(&gone);
                }
            }
        }
    }

    fn read(&mut self) {
        let Some(pad) = self.chosen.map(|id| self.gilrs.gamepad(id)) else { return };
        let button = |b| pad.button_data(b).map_or(0.0, |d| f64::from(d.value()));
        let axis = |a| f64::from(pad.value(a));
        self.raw = RawPad {
            connected: pad.is_connected(),
            trigger: button(Button::RightTrigger2),
            bumper: pad.is_pressed(Button::RightTrigger),
            stop: pad.is_pressed(Button::East),
            up: pad.is_pressed(Button::DPadUp),
            down: pad.is_pressed(Button::DPadDown),
            close: pad.is_pressed(Button::DPadLeft),
            open: pad.is_pressed(Button::DPadRight),
            other_arm: pad.is_pressed(Button::LeftTrigger),
            left: [axis(Axis::LeftStickX), axis(Axis::LeftStickY)],
            right: [axis(Axis::RightStickX), axis(Axis::RightStickY)],
            reported: self.raw.reported,
        };
    }
}

impl HandDevice for Gamepad {
    fn name(&self) -> &str {
        &self.name
    }

    fn sample(&mut self, now: Moment<Operator>) -> HandSample {
        self.drain(now);
        self.read();
        self.memory.take(&self.raw)
    }

    fn take_stop(&mut self) -> bool {
        self.memory.take_stop()
    }

    fn note(&self) -> Option<&str> {
        match self.chosen {
            None => Some(
                "No gamepad is found: plug one in. If one is, it can not be read: install the rule 70-farreach.rules and plug it in again.",
            ),
            Some(_) if !self.raw.connected => {
                Some("The gamepad is gone: plug it in again and let go of its controls.")
            }
            Some(_) if self.memory.needs_neutral() => Some(
                "Let go of the gamepad: its trigger, bumper and sticks must be seen at rest first.",
            ),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hand::Grasp;
    use protocol::profile::{SURGERY, TELECARE, ULTRASOUND};

    fn profile() -> Profile {
        Profile::parse(ULTRASOUND).unwrap()
    }

    fn now() -> Moment<Operator> {
        Moment::from_ns(1_000_000_000)
    }

    fn rest() -> RawPad {
        RawPad::untouched(now())
    }

    fn memory() -> PadMemory {
        let mut memory = PadMemory::new(&profile());
        memory.take(&rest());
        memory
    }

    fn asked(sample: &HandSample) -> Deflection {
        let HandMotion::Rate(asked) = sample.motion else { panic!("a rate") };
        asked
    }

    fn grasp(memory: &mut PadMemory, raw: &RawPad) -> Grasp {
        memory.take(raw).grasp(now())
    }

    #[test]
    fn trigger_and_bumper_are_deadman_and_clutch() {
        let mut m = memory();
        let raw = |trigger, bumper| RawPad { trigger, bumper, ..rest() };
        for (trigger, bumper, want) in [
            (0.49, false, Grasp::Released),
            (0.49, true, Grasp::Released),
            (0.5, false, Grasp::Open),
            (1.0, true, Grasp::Closed),
            (f64::NAN, true, Grasp::Released),
        ] {
            assert_eq!(grasp(&mut m, &raw(trigger, bumper)), want);
        }
        assert!(m.take(&raw(0.7, true)).deadman > 0.69);
    }

    #[test]
    fn sticks_slide_turn_and_tilt_after_the_dead_zone() {
        let mut m = memory();
        let raw = RawPad { left: [1.0, 0.0], right: [0.0, -1.0], ..rest() };
        assert_eq!(
            m.take(&raw).motion,
            HandMotion::Rate(Deflection { x: 1.0, tilt: -1.0, ..Deflection::NONE })
        );
        let raw = RawPad { left: [0.0, 0.56], right: [1.0, 0.0], ..rest() };
        let Deflection { x, y, turn, .. } = asked(&m.take(&raw));
        assert!(x == 0.0 && (y - 0.5).abs() < 1e-9 && (turn + 1.0).abs() < 1e-9);
        let worn = RawPad { left: [0.08, -0.08], right: [0.1, 0.0], ..rest() };
        assert_eq!(m.take(&worn).motion, HandMotion::still());
    }

    /// C3: after a disconnection a pad that is still deflected or pressed gives nothing.
    #[test]
    fn a_pad_that_comes_back_pressed_gives_nothing_until_it_is_neutral() {
        let mut m = memory();
        let pressed = RawPad { trigger: 1.0, bumper: true, left: [1.0, 0.0], ..rest() };
        assert_eq!(grasp(&mut m, &pressed), Grasp::Closed);
        let gone = RawPad { connected: false, ..pressed };
        let sample = m.take(&gone);
        assert_eq!((sample.grasp(now()), sample.deadman), (Grasp::Gone, 0.0));
        assert_eq!(sample.motion, HandMotion::still());
        for held in [
            pressed,
            RawPad { bumper: false, left: [0.0, 0.0], ..pressed },
            RawPad { trigger: 0.0, left: [0.0, 0.0], ..pressed },
            RawPad { trigger: 0.0, bumper: false, ..pressed },
            RawPad { right: [0.0, 0.9], ..rest() },
            RawPad { up: true, ..rest() },
            RawPad { down: true, ..rest() },
            RawPad { close: true, ..rest() },
            RawPad { open: true, ..rest() },
            RawPad { other_arm: true, ..rest() },
        ] {
            assert_eq!(grasp(&mut m, &held), Grasp::Released);
            assert!(m.needs_neutral());
            assert_eq!(m.take(&held).motion, HandMotion::still());
        }
        m.take(&rest());
        assert_eq!(grasp(&mut m, &pressed), Grasp::Closed);
    }

    #[test]
    fn a_pad_starts_by_being_seen_neutral() {
        let mut m = PadMemory::new(&profile());
        let pressed = RawPad { trigger: 1.0, ..rest() };
        assert_eq!(grasp(&mut m, &pressed), Grasp::Released);
        assert_eq!(grasp(&mut m, &rest()), Grasp::Released);
        assert_eq!(grasp(&mut m, &pressed), Grasp::Open);
    }

    #[test]
    fn the_wanted_force_steps_once_per_press_and_stays_inside() {
        let mut m = memory();
        let up = RawPad { up: true, ..rest() };
        assert!((m.take(&up).force_wanted_n - 5.5).abs() < 1e-12);
        assert!((m.take(&up).force_wanted_n - 5.5).abs() < 1e-12, "held is one press");
        for _ in 0..50 {
            m.take(&rest());
            m.take(&up);
        }
        assert!((m.take(&rest()).force_wanted_n - 12.0).abs() < 1e-12);
        let down = RawPad { down: true, ..rest() };
        for _ in 0..50 {
            m.take(&down);
            m.take(&rest());
        }
        assert!(m.take(&rest()).force_wanted_n == 0.0);
    }

    #[test]
    fn where_no_tool_presses_by_itself_the_d_pad_moves_in_and_out() {
        for text in [SURGERY, TELECARE] {
            let mut m = PadMemory::new(&Profile::parse(text).unwrap());
            m.take(&rest());
            for (up, down, wanted) in
                [(true, false, 1.0), (false, true, -1.0), (true, true, 0.0), (false, false, 0.0)]
            {
                let sample = m.take(&RawPad { up, down, ..rest() });
                let z = asked(&sample).z;
                assert_eq!((z, sample.force_wanted_n), (wanted, 0.0));
            }
        }
        let mut m = memory();
        let z = asked(&m.take(&RawPad { up: true, ..rest() })).z;
        assert_eq!(z, 0.0, "with a force loop the axis is the robot's");
    }

    #[test]
    fn the_left_bumper_moves_the_right_arm_from_rest_and_the_d_pad_its_jaw() {
        let mut m = PadMemory::new(&Profile::parse(SURGERY).unwrap());
        m.take(&rest());
        let pushed = RawPad { left: [1.0, 0.0], ..rest() };
        assert_eq!(asked(&m.take(&pushed)), Deflection { x: 1.0, ..Deflection::NONE });
        let right = Deflection { arm: ArmSide::Right, ..Deflection::NONE };
        let over = RawPad { other_arm: true, ..rest() };
        assert_eq!(asked(&m.take(&RawPad { left: [1.0, 0.0], ..over })), right, "not at once");
        assert_eq!(asked(&m.take(&over)), right);
        for (close, open, jaw) in
            [(true, false, -1.0), (false, true, 1.0), (true, true, 0.0), (false, false, 0.0)]
        {
            let sample = m.take(&RawPad { close, open, ..over });
            assert_eq!(asked(&sample), Deflection { jaw, ..right });
        }
        assert_eq!(asked(&m.take(&pushed)), Deflection::NONE, "nor back at once");
    }

    #[test]
    fn where_there_is_one_arm_the_left_bumper_does_nothing() {
        let mut m = memory();
        let pushed = RawPad { left: [1.0, 0.0], other_arm: true, ..rest() };
        assert_eq!(asked(&m.take(&pushed)), Deflection { x: 1.0, ..Deflection::NONE });
    }

    /// INPUT-STALL: a hand that keeps still is no device that hangs, and one that is gone is.
    #[test]
    fn a_pad_that_is_connected_is_sampled_now_and_one_that_is_gone_is_not() {
        let later = now().after(core::time::Duration::from_secs(9));
        let mut m = PadMemory::new(&profile());
        let held = RawPad { trigger: 1.0, ..rest() };
        for raw in [held, rest(), held] {
            assert_eq!(m.take(&raw).sampled_at(later), Some(later));
            assert_eq!(m.take(&raw).stamp, Stamp::OnChange(now()));
        }
        assert_eq!(m.take(&RawPad { connected: false, ..held }).sampled_at(later), None);
    }

    #[test]
    fn stop_works_once_per_press_even_before_the_pad_was_neutral() {
        let mut m = PadMemory::new(&profile());
        let stop = RawPad { stop: true, trigger: 1.0, ..rest() };
        m.take(&stop);
        assert!(m.needs_neutral() && m.take_stop() && !m.take_stop());
        m.take(&stop);
        assert!(!m.take_stop());
        m.take(&rest());
        m.take(&stop);
        assert!(m.take_stop());
    }

    #[test]
    fn opening_never_panics_and_a_failure_says_what_to_do() {
        match Gamepad::open(&profile()) {
            Ok(mut pad) => {
                let sample = pad.sample(now());
                assert_eq!(sample.clutch, Clutch::Open);
                assert!(pad.note().is_some());
            }
            Err(e) => assert!(!e.to_string().is_empty()),
        }
        let e = GamepadError::Unreadable { cause: "not found".into() };
        assert!(e.to_string().contains("70-farreach.rules"));
    }
}
