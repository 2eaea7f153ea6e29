//! The operator's act, and what it moves.

use super::*;

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

/// CONTACT-FORCE: the frame that closes the clutch moves nothing, also if it asks for a force.
#[test]
fn a_force_wanted_while_closing_does_not_move() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(5);
    b.deadman = 0.0;
    b.run(5);
    b.deadman = 1.0;
    b.run(260);
    b.engage_count += 1;
    b.mode = Mode::Follow;
    b.sends = false;
    let mut frame = b.command();
    if let Motion::Arms([arm, _]) = &mut frame.motion {
        arm.force_wanted_n = 5.0;
    }
    let now = b.now();
    b.stays_put(|b| {
        b.core.handle_command(&frame, now);
        b.run(30);
        assert_eq!(b.word(), OperatingState::Engaged);
    });
    frame.seq += 1;
    frame.t_input = Moment::from_ns(b.t_input + 1);
    frame.seen_state = b.seen_state;
    frame.seen_view = b.seen_view;
    let (now, z) = (b.now(), b.tip.position().z);
    b.core.handle_command(&frame, now);
    b.run(30);
    assert!(b.tip.position().z < z - 1e-5, "the next one does");
}

/// CLUTCH: the release that ends an epoch belongs to it; the next one begins with another release.
#[test]
fn a_release_that_ends_an_epoch_does_not_begin_the_next() {
    let mut b = Bench::engaged();
    let (now, epoch) = (b.now(), b.core.epoch());
    b.deadman = 0.0;
    let release = b.command();
    b.core.handle_command(&release, now);
    assert_eq!((b.word(), b.core.epoch()), (OperatingState::Hold, epoch + 1));
    b.deadman = 1.0;
    b.mode = Mode::Hold;
    b.run(400);
    b.close();
    b.run(50);
    assert_eq!(b.word(), OperatingState::Hold);
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// ENGAGE-JUMP: an arm that is turned away from its setpoint is not engaged.
#[test]
fn an_arm_that_is_not_aligned_is_not_engaged() {
    for (degrees, engages) in [(4.9, true), (5.1, false)] {
        let mut b = Bench::ready();
        b.obeys = false;
        let turn = UnitQuaternion::from_euler_angles(0.0, f64::to_radians(degrees), 0.0);
        b.tip.iso.rotation = turn * b.tip.iso.rotation;
        b.engage();
        assert_eq!(b.word() == OperatingState::Engaged, engages, "{degrees} degrees");
        assert_ne!(b.state.unwrap().blocking.contains(Cause::EngageJump), engages);
    }
}

/// The operator lifts the probe by asking for it, as far as the profile says, and follows again.
#[test]
fn a_retract_lifts_along_the_tool_and_ends_with_the_wish() {
    let mut b = Bench::engaged();
    let z = b.tip.position().z;
    b.retracts = true;
    b.run(500);
    assert_eq!(b.word(), OperatingState::Engaged);
    let lifted = b.tip.position().z - z;
    assert!(lifted > 0.008 && lifted < 0.0101, "{lifted} m in half a second at 20 mm/s");
    b.run(3_000);
    assert!((b.tip.position().z - z - 0.020).abs() < 1e-4);
    b.deadman = 0.0;
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::Deadman));
}

/// ENGAGE-JUMP: what the hand had moved when the clutch closed, within its tolerance, is its start.
#[test]
fn a_hand_that_starts_aside_moves_from_there() {
    let mut b = Bench::ready();
    b.run(5);
    b.deadman = 1.0;
    b.run(260);
    b.engage_count += 1;
    b.mode = Mode::Follow;
    b.hand = Vector3::new(0.000_4, 0.0, 0.0);
    b.stays_put(|b| b.run(300));
    assert_eq!(b.word(), OperatingState::Engaged);
    let x = b.tip.position().x;
    b.hand = Vector3::new(0.010_4, 0.0, 0.0);
    b.run(1_000);
    assert!((b.tip.position().x - x - 0.010).abs() < 1e-5);
}

/// CLUTCH: the frame that closes the clutch is the anchor, also if another one comes within its tick.
#[test]
fn a_clutch_that_closes_between_two_ticks_is_followed() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(260);
    b.engage_count += 1;
    b.mode = Mode::Follow;
    b.sends = false;
    let now = b.now();
    for _ in 0..3 {
        let frame = b.command();
        b.core.handle_command(&frame, now);
    }
    b.sends = true;
    b.hand = Vector3::new(0.01, 0.0, 0.0);
    let x = b.tip.position().x;
    b.run(1_000);
    assert_eq!(b.word(), OperatingState::Engaged);
    assert!((b.tip.position().x - x - 0.01).abs() < 1e-4, "{} m", b.tip.position().x - x);
}

/// CLUTCH: a tool that was lifted on demand is not driven back in by the same closing of the clutch.
#[test]
fn a_retreat_ends_the_engagement() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.0, 0.0, -0.01);
    b.run(1_000);
    b.retracts = true;
    b.run(1_500);
    assert_eq!(b.word(), OperatingState::Engaged);
    let z = b.tip.position().z;
    b.retracts = false;
    b.run(1);
    assert_eq!(b.word(), OperatingState::Ready);
    b.stays_put(|b| b.run(1_000));
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);
    b.run(500);
    assert!((b.tip.position().z - z).abs() < 1e-9, "the new closing begins where the tool is");
    b.hand = Vector3::new(0.0, 0.0, -0.005);
    b.run(500);
    assert_eq!(b.word(), OperatingState::Engaged, "the retreat before it is forgotten");
}

/// CLUTCH: an arm that is measured in motion is no arm at rest: engaging would take it up on the fly.
#[test]
fn nobody_engages_an_arm_that_is_measured_in_motion() {
    let mut b = Bench::ready();
    b.deadman = 1.0;
    b.run(260);
    b.obeys = false;
    b.engage_count += 1;
    b.mode = Mode::Follow;
    for _ in 0..3 {
        b.velocity = Vector3::new(0.05, 0.0, 0.0);
        b.run(1);
    }
    assert_eq!(b.word(), OperatingState::Ready);
    assert!(b.state.unwrap().blocking.contains(Cause::EngageJump));
}

/// SENSOR-FROZEN: a dead force sensor would have the force loop seek contact for ever.
#[test]
fn a_force_loop_with_a_dead_sensor_is_a_fault() {
    let mut b = Bench::engaged();
    b.lives = false;
    b.ms += 1;
    let mut frame = b.command();
    b.sends = false;
    let mut wanted = |b: &mut Bench| {
        let now = b.now();
        frame.seq += 1;
        frame.t_input = frame.t_input.after(Duration::from_millis(1));
        (frame.seen_state, frame.seen_view) = (b.seen_state, b.seen_view);
        if let Motion::Arms([arm, _]) = &mut frame.motion {
            arm.force_wanted_n = 5.0;
        }
        b.core.handle_command(&frame, now);
        b.run(1);
    };
    let z = b.tip.position().z;
    for _ in 0..1_000 {
        wanted(&mut b);
    }
    assert_eq!(b.core.state().cause(), Some(Cause::SensorFrozen));
    assert!(z - b.tip.position().z < 0.004, "{} m", z - b.tip.position().z);
}

/// DEADMAN: who presses again while the probe lifts waits with an open clutch, and is not refused.
#[test]
fn an_arm_that_lifts_by_itself_says_that_it_can_not_be_engaged_yet() {
    let mut b = Bench::engaged();
    b.deadman = 0.0;
    b.run(2_300);
    assert!(b.state.unwrap().blocking.contains(Cause::EngageJump), "it lifts");
    b.deadman = 1.0;
    b.mode = Mode::Hold;
    b.run(2_000);
    assert!(b.state.unwrap().blocking.is_empty(), "{:?}", b.state.unwrap().blocking);
    b.close();
    assert_eq!(b.word(), OperatingState::Engaged);
}
