//! The whole core in virtual time, against a robot that obeys at once and a console that can fail.

use super::*;
use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use protocol::frame::{ArmCommand, Motion};
use protocol::pose::{Base, Displacement, Pose, Tip};

use crate::robot::ArmReading;

const ME: SessionId = SessionId::new(0xA);
const OTHER: SessionId = SessionId::new(0xB);

/// Robot, console and time, one millisecond at a time.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that can fail by itself")]
struct Bench {
    core: Core,
    ms: u64,
    tip: Pose<Base, Tip>,
    velocity: Vector3<f64>,
    force_n: f64,
    fault: Option<RobotFault>,
    powered: bool,
    obeys: bool,
    order: Order,
    state: Option<StateFrame>,
    seq: u64,
    engage_count: u32,
    deadman: f64,
    mode: Mode,
    hand: Vector3<f64>,
    sends: bool,
    sees_states: bool,
    sees_views: bool,
    seen_state: u64,
    seen_view: u64,
    stop_request: u32,
    changes: Vec<Transition>,
    ended: Vec<SessionId>,
}

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

impl Bench {
    /// Powered on, with authority granted.
    fn ready() -> Self {
        let description =
            Description { name: "bench".into(), simulated: true, arms: 1, speed_max_m_s: 1.0 };
        let mut b = Self {
            core: Core::new(profile(), &description, 100),
            ms: 1,
            tip: Pose::new(Isometry3::new(
                Vector3::new(0.5, 0.0, 0.3),
                Vector3::new(core::f64::consts::PI, 0.0, 0.0),
            )),
            velocity: Vector3::zeros(),
            force_n: 0.0,
            fault: None,
            powered: true,
            obeys: true,
            order: Order::Off,
            state: None,
            seq: 0,
            engage_count: 0,
            deadman: 0.0,
            mode: Mode::Hold,
            hand: Vector3::zeros(),
            sends: true,
            sees_states: true,
            sees_views: true,
            seen_state: 0,
            seen_view: 0,
            stop_request: 0,
            changes: Vec::new(),
            ended: Vec::new(),
        };
        b.sends = false;
        b.run(60);
        b.local(LocalEvent::PowerOn);
        assert_eq!(b.session(SessionEvent::Open { session: ME }), Some(Ok(b.core.epoch())));
        b.sends = true;
        b.run(10);
        assert_eq!(b.word(), OperatingState::Ready);
        b
    }

    /// Following the hand.
    fn engaged() -> Self {
        let mut b = Self::ready();
        b.engage();
        assert_eq!(b.word(), OperatingState::Engaged, "{:?}", b.state);
        b
    }

    fn engage(&mut self) {
        self.deadman = 0.0;
        self.mode = Mode::Hold;
        self.run(5);
        self.deadman = 1.0;
        self.run(260);
        self.close();
    }

    fn close(&mut self) {
        self.engage_count += 1;
        self.mode = Mode::Follow;
        self.hand = Vector3::zeros();
        self.run(2);
    }

    fn now(&self) -> Moment<Robot> {
        Moment::from_ns(self.ms * 1_000_000)
    }

    fn word(&self) -> OperatingState {
        self.core.state().word()
    }

    fn local(&mut self, event: LocalEvent) {
        let now = self.now();
        self.core.handle_local(event, now);
    }

    fn session(&mut self, event: SessionEvent) -> Option<Grant> {
        let now = self.now();
        self.core.handle_session(event, now)
    }

    fn command(&mut self) -> CommandFrame {
        self.seq += 1;
        let mut arm = ArmCommand::neutral();
        arm.displacement =
            Displacement { translation: self.hand, rotation: UnitQuaternion::identity() };
        CommandFrame {
            session: ME,
            seq: self.seq,
            epoch: self.state.map_or(self.core.epoch(), |s| s.epoch),
            engage_count: self.engage_count,
            t_input: Moment::from_ns(self.ms),
            seen_state: self.seen_state,
            seen_view: self.seen_view,
            mode: self.mode,
            deadman: self.deadman,
            stop_request: self.stop_request,
            shown_state: OperatingState::Ready,
            motion: Motion::Arms([arm, ArmCommand::neutral()]),
        }
    }

    fn reading(&self) -> Result<Reading, RobotFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let arm = ArmReading {
            tip: self.tip,
            velocity_m_s: self.velocity,
            force_n: Vector3::new(0.0, 0.0, self.force_n),
            ..ArmReading::absent()
        };
        Ok(Reading { at: self.now(), powered: self.powered, arms: [arm, ArmReading::absent()] })
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.ms += 1;
            let now = self.now();
            if self.ms.is_multiple_of(25) {
                self.core.handle_view(self.ms / 25, now);
                if self.sees_views {
                    self.seen_view = self.ms / 25;
                }
            }
            if self.sends {
                let frame = self.command();
                self.core.handle_command(&frame, now);
            }
            let tick = self.core.tick(now, self.reading(), 0);
            if let (Order::Servo { tips }, true) = (tick.order, self.obeys) {
                self.velocity = (tips[0].position() - self.tip.position()) / 1e-3;
                self.tip = tips[0];
            } else {
                self.velocity = Vector3::zeros();
            }
            self.order = tick.order;
            self.changes.extend(tick.transition);
            self.ended.extend(tick.ended);
            if let Some(frame) = tick.frame {
                // What can be encoded can be sent: every frame the core makes is one.
                assert_eq!(StateFrame::decode(&frame.encode().unwrap()).unwrap().seq, frame.seq);
                if self.sees_states {
                    self.seen_state = frame.seq;
                }
                self.state = Some(frame);
            }
        }
    }

    /// Nothing moves while all this happens.
    fn stays_put(&mut self, during: impl FnOnce(&mut Self)) {
        let before = self.tip;
        during(self);
        let moved = (self.tip.position() - before.position()).norm();
        assert!(moved < 1e-9, "moved {moved} m in {}", self.word());
    }
}

#[test]
fn it_tests_itself_then_waits_for_power_from_the_bedside() {
    let b = Bench::ready();
    let words: Vec<_> = b.changes.iter().map(|c| (c.from.word(), c.to.word())).collect();
    assert_eq!(words, [("INIT", "STANDBY"), ("STANDBY", "READY")]);
}

#[test]
fn the_frame_that_engages_moves_nothing_and_the_next_ones_do() {
    let mut b = Bench::ready();
    b.stays_put(Bench::engage);
    assert_eq!(b.word(), OperatingState::Engaged);
    let from = b.tip.position();
    b.hand = Vector3::new(0.02, 0.0, 0.0);
    b.run(1_000);
    assert!((b.tip.position() - from - Vector3::new(0.02, 0.0, 0.0)).norm() < 1e-4);
}

/// CLUTCH: a clutch that is closed without having been open does not engage.
#[test]
fn a_clutch_that_was_never_seen_open_does_not_engage() {
    let mut b = Bench::ready();
    b.run(5);
    b.deadman = 1.0;
    b.mode = Mode::Follow;
    b.engage_count = 1;
    b.hand = Vector3::new(0.05, 0.0, 0.0);
    b.stays_put(|b| b.run(500));
    assert_eq!(b.word(), OperatingState::Ready);
    assert!(b.state.unwrap().blocking.contains(Cause::Clutch));
}

#[test]
fn too_few_fresh_frames_or_a_moved_hand_do_not_engage() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(100);
    assert!(b.state.unwrap().blocking.contains(Cause::FreshRun));
    b.close();
    assert_eq!(b.word(), OperatingState::Ready);
    b.mode = Mode::Hold;
    b.run(260);
    assert!(b.state.unwrap().blocking.is_empty(), "{:?}", b.state.unwrap().blocking);
    b.engage_count += 1;
    b.mode = Mode::Follow;
    b.hand = Vector3::new(0.000_6, 0.0, 0.0);
    b.stays_put(|b| b.run(100));
    assert_eq!(b.word(), OperatingState::Ready);
    assert!(b.state.unwrap().blocking.contains(Cause::EngageJump));
    b.mode = Mode::Hold;
    b.run(5);
    assert!(!b.state.unwrap().blocking.contains(Cause::EngageJump), "opening forgives");
}

/// VIEW-AGE: a picture that freezes slows, then holds, whatever else is fresh.
#[test]
fn a_frozen_picture_slows_then_holds_and_nothing_resumes_by_itself() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.1, 0.0, 0.0);
    b.run(100);
    b.sees_views = false;
    b.run(145);
    assert_eq!(b.word(), OperatingState::Degraded);
    b.run(90);
    assert_eq!(b.word(), OperatingState::Hold);
    assert_eq!(b.core.state().cause(), Some(Cause::ViewAge));
    let (reading, limit) = b.changes.last().unwrap().figures.unwrap();
    assert!(reading > 0.200 && reading <= 0.202 && (limit - 0.2).abs() < 1e-12, "{reading}");
    b.sees_views = true;
    b.run(50);
    b.stays_put(|b| b.run(500));
    assert_eq!(b.word(), OperatingState::Hold, "the picture is back and the clutch still closed");
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// LOOP-AGE: a console that receives nothing is not obeyed, however fresh its frames are.
#[test]
fn a_console_that_hears_nothing_is_held() {
    let mut b = Bench::engaged();
    b.sees_states = false;
    b.run(252);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::LoopAge)));
}

/// CMD-SILENCE: silence holds one tick after its limit and not before.
#[test]
fn silence_holds_at_the_limit_not_after_it() {
    let mut b = Bench::engaged();
    b.sends = false;
    b.run(150);
    assert_eq!(b.word(), OperatingState::Degraded, "slower from 40 ms on");
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::CmdSilence)));
}

/// CMD-SILENCE, LOOP-AGE: what was on its way during a blackout moves nothing when it arrives.
#[test]
fn a_burst_of_stale_commands_after_a_blackout_moves_nothing() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.01, 0.0, 0.0);
    b.run(300);
    let backlog: Vec<_> = (0..2_000)
        .map(|i| {
            b.hand = Vector3::new(0.01 + 1e-5 * f64::from(i), 0.0, 0.0);
            b.command()
        })
        .collect();
    b.sends = false;
    b.run(2_000);
    assert_eq!(b.word(), OperatingState::Hold);
    let accepted = b.core.counts().accepted;
    b.stays_put(|b| {
        for frame in &backlog {
            let now = b.now();
            b.core.handle_command(frame, now);
        }
        b.run(1);
    });
    assert_eq!(b.core.counts().accepted, accepted, "all of an epoch that has ended");
}

/// DEADMAN: released, the tip stands within 50 ms.
#[test]
fn a_released_deadman_stops_within_fifty_milliseconds() {
    let mut b = Bench::engaged();
    b.force_n = 3.0;
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(400);
    assert!((b.velocity.norm() - 0.040).abs() < 1e-6, "{}", b.velocity.norm());
    b.deadman = 0.49;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::Deadman)));
    b.run(49);
    assert!(b.velocity.norm() < 1e-9);
    b.stays_put(|b| {
        b.deadman = 1.0;
        b.run(500);
    });
    assert_eq!(b.word(), OperatingState::Hold, "holding it again is not an engage");
}

#[test]
fn opening_the_clutch_keeps_the_epoch_and_closing_it_again_does_not_jump() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.02, 0.0, 0.0);
    b.run(800);
    let epoch = b.core.epoch();
    b.mode = Mode::Hold;
    b.run(50);
    assert_eq!((b.word(), b.core.epoch()), (OperatingState::Ready, epoch));
    b.stays_put(|b| {
        b.hand = Vector3::new(-0.3, 0.2, 0.1);
        b.run(50);
        b.close();
        b.run(50);
    });
    assert_eq!((b.word(), b.core.epoch()), (OperatingState::Engaged, epoch));
}

/// CLUTCH: opened and closed again while the frames in between were lost: no jump to a new origin.
#[test]
fn a_reclutch_that_nobody_saw_does_not_move() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.02, 0.0, 0.0);
    b.run(800);
    b.stays_put(|b| {
        b.engage_count += 1;
        b.hand = Vector3::zeros();
        b.run(300);
    });
    assert_eq!(b.word(), OperatingState::Ready);
}

/// AUTHORITY: one at a time; its end holds; the next operator starts under a new epoch.
#[test]
fn authority_is_one_at_a_time_and_its_end_holds() {
    let mut b = Bench::engaged();
    assert_eq!(b.session(SessionEvent::Open { session: OTHER }), Some(Err(Refusal::Taken)));
    b.session(SessionEvent::Close { session: OTHER });
    b.run(5);
    assert_eq!(b.word(), OperatingState::Engaged, "a stranger ends nothing");
    b.session(SessionEvent::Close { session: ME });
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::Authority)));
    let epoch = b.core.epoch();
    let granted = b.session(SessionEvent::Open { session: OTHER }).unwrap();
    assert_eq!(granted, Ok(epoch + 1));
    b.stays_put(|b| b.run(300));
}

#[test]
fn a_stop_from_afar_needs_acknowledgement_then_a_reset_at_the_bedside() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(300);
    b.session(SessionEvent::Stop { session: OTHER, request: 1 });
    b.run(1);
    assert_eq!(b.word(), OperatingState::Engaged, "a stranger stops nothing");
    b.session(SessionEvent::Stop { session: ME, request: 1 });
    b.run(1);
    assert_eq!(b.word(), OperatingState::Pstop);
    assert_eq!(b.state.unwrap().stop_confirmed, 0, "not before the arm has come to rest");
    b.run(60);
    assert_eq!(b.state.unwrap().stop_confirmed, 1);
    b.stays_put(|b| b.run(1_900));
    let z = b.tip.position().z;
    b.run(2_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4, "it stands first, and lifts later");
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Pstop, "a reset before the acknowledgement is nothing");
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch: epoch - 1 });
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Pstop, "an older stop was acknowledged");
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    assert_eq!((b.word(), b.core.epoch()), (OperatingState::Ready, epoch + 1));
    b.stays_put(|b| b.run(300));
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
}

#[test]
fn a_stop_flag_counts_under_any_epoch_and_once() {
    let mut b = Bench::engaged();
    b.stop_request = 1;
    let mut frame = b.command();
    frame.epoch -= 1;
    let now = b.now();
    b.core.handle_command(&frame, now);
    b.run(1);
    assert_eq!(
        (b.word(), b.core.state().cause()),
        (OperatingState::Pstop, Some(Cause::RemoteStop))
    );
    b.run(100);
    let epoch = b.core.epoch();
    b.session(SessionEvent::Acknowledge { session: ME, epoch });
    b.local(LocalEvent::Reset);
    b.run(20);
    assert_eq!(b.word(), OperatingState::Ready, "the same request does not stop twice");
}

/// CONTACT-FORCE: beyond the hard limit the probe lifts at once, along its axis, by its distance.
#[test]
fn too_much_force_stops_and_lifts_the_probe() {
    let mut b = Bench::engaged();
    b.force_n = 20.5;
    let z = b.tip.position().z;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Pstop);
    assert_eq!(b.core.state().cause(), Some(Cause::ContactForce));
    b.run(3_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4, "{}", b.tip.position().z - z);
}

/// WORKSPACE, SPEED: measured breaches stop until reset.
#[test]
fn a_measured_breach_stops_until_reset() {
    let mut b = Bench::engaged();
    b.tip =
        Pose::new(Isometry3::from_parts(Vector3::new(0.72, 0.0, 0.3).into(), b.tip.iso.rotation));
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Workspace)));
    let mut b = Bench::engaged();
    b.velocity = Vector3::new(0.0, 0.151, 0.0);
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Speed)));
}

/// ROBOT-FAULT: a fault, or a reading that is no number, takes the drives off; back through INIT.
#[test]
fn a_fault_takes_the_drives_off_and_only_a_reset_and_a_self_test_bring_them_back() {
    let mut b = Bench::engaged();
    b.fault = Some(RobotFault::Sensor);
    b.run(1);
    assert_eq!((b.word(), b.order), (OperatingState::Fault, Order::Off));
    b.fault = None;
    b.run(200);
    assert_eq!(b.word(), OperatingState::Fault);
    b.local(LocalEvent::PowerOn);
    assert_eq!(b.word(), OperatingState::Fault);
    b.local(LocalEvent::Reset);
    b.run(5);
    assert_eq!(b.word(), OperatingState::Init);
    b.run(60);
    assert_eq!(b.word(), OperatingState::Standby);
    let mut b = Bench::engaged();
    b.force_n = f64::NAN;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Fault);
}

/// LOCAL-ESTOP: brakes, then drives off; release, reset and power-on are three acts.
#[test]
fn an_emergency_stop_brakes_then_cuts_power_and_is_left_in_three_acts() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.2, 0.0, 0.0);
    b.run(300);
    b.local(LocalEvent::EstopPressed);
    b.run(1);
    assert_eq!(b.word(), OperatingState::Estop);
    assert!(matches!(b.order, Order::Servo { .. }), "it brakes under power first");
    b.run(100);
    assert_eq!(b.order, Order::Off);
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Estop, "still pressed");
    b.local(LocalEvent::EstopReleased);
    b.run(10);
    assert_eq!(b.word(), OperatingState::Estop, "released is not reset");
    b.local(LocalEvent::Reset);
    assert_eq!(b.word(), OperatingState::Standby);
    b.local(LocalEvent::PowerOn);
    assert_eq!(b.word(), OperatingState::Ready);
    assert_eq!(b.ended, [ME], "the console is told that it holds nothing any more");
}

/// AUTHORITY: a console that was silent for too long is told so when it comes back.
#[test]
fn a_lease_that_ends_by_silence_is_told() {
    let mut b = Bench::engaged();
    b.sends = false;
    b.run(5_010);
    assert_eq!(b.ended, [ME]);
    let accepted = b.core.counts().accepted;
    b.sends = true;
    b.run(100);
    assert_eq!(b.core.counts().accepted, accepted, "its frames are a stranger's now");
}

#[test]
fn a_soft_limit_for_too_long_holds() {
    let mut b = Bench::engaged();
    b.force_n = 13.0;
    b.run(4_990);
    assert_eq!(b.word(), OperatingState::Degraded);
    b.run(20);
    assert_eq!(b.core.state().cause(), Some(Cause::DegradedTooLong));
}

#[test]
fn degraded_heals_by_itself_after_the_recovery_time() {
    let mut b = Bench::engaged();
    b.force_n = 13.0;
    b.run(10);
    b.force_n = 3.0;
    b.run(490);
    assert_eq!(b.word(), OperatingState::Degraded);
    b.run(20);
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// BAD-FRAMES: the third malformed datagram in a row holds; a stranger's never do.
#[test]
fn malformed_frames_from_the_holder_hold() {
    let mut b = Bench::engaged();
    b.sends = false;
    for _ in 0..9 {
        b.session(SessionEvent::Malformed { session: OTHER });
    }
    b.session(SessionEvent::Malformed { session: ME });
    b.session(SessionEvent::Malformed { session: ME });
    b.run(1);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.session(SessionEvent::Malformed { session: ME });
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::BadFrames));
}

#[test]
fn a_held_probe_is_lifted_then_parked() {
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    let z = b.tip.position().z;
    b.run(1_990);
    assert!((b.tip.position().z - z).abs() < 1e-9);
    b.run(2_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4);
    b.run(6_100);
    assert_eq!((b.word(), b.order), (OperatingState::Standby, Order::Off));
}

/// VIEW-AGE: a picture number that the robot never gave out is no picture.
#[test]
fn a_picture_from_the_future_steers_nothing() {
    let mut b = Bench::engaged();
    b.sees_views = false;
    b.seen_view = u64::MAX;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::ViewAge)));
}

/// Every tick that followed was young enough: the audit that the demo counts stale motion with.
#[test]
fn what_was_followed_was_fresh() {
    let mut b = Bench::engaged();
    b.sees_views = false;
    for _ in 0..300 {
        b.ms += 1;
        let now = b.now();
        let frame = b.command();
        b.core.handle_command(&frame, now);
        let tick = b.core.tick(now, b.reading(), 0);
        if let Some(followed) = tick.followed {
            assert!(followed.view_age.unwrap() <= profile().freshness.view_age_hard);
            assert!(followed.loop_age.unwrap() <= profile().freshness.loop_age_hard);
        }
    }
    assert_eq!(b.word(), OperatingState::Hold);
}

/// DEADMAN: a release counts however short it was, also if all its frames come within one tick.
#[test]
fn a_release_that_is_over_within_one_tick_is_a_release() {
    let mut b = Bench::engaged();
    let now = b.now();
    for (deadman, mode) in [(0.0, Mode::Hold), (1.0, Mode::Hold)] {
        b.deadman = deadman;
        b.mode = mode;
        let frame = b.command();
        b.core.handle_command(&frame, now);
    }
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::Deadman)));
}

/// CLUTCH: a closing that is followed by a release within the same tick engages nothing.
#[test]
fn a_closing_that_is_let_go_within_one_tick_does_not_engage() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.mode = Mode::Hold;
    b.run(300);
    assert!(b.state.unwrap().blocking.is_empty());
    let now = b.now();
    b.engage_count = 1;
    for (deadman, mode) in [(1.0, Mode::Follow), (0.0, Mode::Hold), (1.0, Mode::Follow)] {
        b.deadman = deadman;
        b.mode = mode;
        let frame = b.command();
        b.core.handle_command(&frame, now);
    }
    b.sends = false;
    b.run(5);
    assert_eq!(b.word(), OperatingState::Ready);
}

/// TRACKING: an arm that stays behind stops before it can jump.
#[test]
fn an_arm_that_does_not_obey_stops_and_is_not_asked_again() {
    let mut b = Bench::engaged();
    b.obeys = false;
    b.hand = Vector3::new(0.1, 0.0, 0.0);
    b.run(1_000);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Pstop, Some(Cause::Tracking)));
    let Order::Servo { tips } = b.order else { panic!("{:?}", b.order) };
    let behind = (tips[0].position() - b.tip.position()).norm();
    assert!(behind < 0.018, "{behind} m behind");
    b.run(3_000);
    assert_eq!(b.order, Order::Servo { tips }, "it stands");
}

/// ROBOT-FAULT: drives that went off by themselves, and a pose that is none, are faults.
#[test]
fn drives_that_go_off_and_poses_that_are_none_are_faults() {
    let mut b = Bench::engaged();
    b.powered = false;
    b.run(499);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.run(3);
    assert_eq!(b.word(), OperatingState::Fault);
    let mut b = Bench::engaged();
    b.tip.iso.rotation =
        UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.0, 0.0, 0.0, 0.0));
    b.run(1);
    assert_eq!(b.word(), OperatingState::Fault);
}

/// LOCAL-ESTOP: it brakes under power whatever the direction.
#[test]
fn an_emergency_stop_brakes_along_the_tool_too() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.0, 0.0, 0.1);
    b.run(300);
    assert!(b.velocity.norm() > 0.05);
    b.local(LocalEvent::EstopPressed);
    let mut cut_at = f64::NAN;
    for _ in 0..600 {
        let speed = b.velocity.norm();
        b.run(1);
        if b.order == Order::Off {
            cut_at = speed;
            break;
        }
    }
    assert!(cut_at < 0.005, "the drives went off at {cut_at} m/s");
}

/// CONTACT-FORCE: it leaves each time, not only the first.
#[test]
fn over_force_lifts_again_after_a_reset() {
    let mut b = Bench::engaged();
    for round in 0..2 {
        let z = b.tip.position().z;
        b.force_n = 20.5;
        b.run(3_000);
        assert_eq!(b.word(), OperatingState::Pstop, "round {round}");
        assert!((b.tip.position().z - z - 0.020).abs() < 1e-4, "round {round}");
        b.force_n = 0.0;
        b.run(10);
        let epoch = b.core.epoch();
        b.session(SessionEvent::Acknowledge { session: ME, epoch });
        b.local(LocalEvent::Reset);
        b.run(10);
        assert_eq!(b.word(), OperatingState::Ready);
    }
}

/// Only a reset that ends a fault lets the robot clear its own.
#[test]
fn a_reset_that_is_refused_clears_nothing() {
    let mut b = Bench::engaged();
    let now = b.now();
    assert!(!b.core.handle_local(LocalEvent::Reset, now));
    b.local(LocalEvent::EstopPressed);
    b.run(1);
    assert!(!b.core.handle_local(LocalEvent::Reset, now), "still pressed");
    b.local(LocalEvent::EstopReleased);
    assert!(b.core.handle_local(LocalEvent::Reset, now));
}
