//! Late, lost, reordered, repeated, from the future: what steers must be young.

use super::*;

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

/// CMD-AGE: where the profile limits it, a command that took longer than the others slows and then holds, at the
/// limit and by no clock but each side's own.
#[test]
fn a_command_that_was_long_on_its_way_slows_then_holds() {
    let lan = Profile::parse(protocol::profile::SURGERY_LAN).unwrap();
    let limits = lan.freshness.command_age.clone().unwrap();
    let mut b = Bench::engaged_for(lan);
    b.run(200);
    // Every state is a tick old when its command arrives; 0.2 ms is for the drift of two crystals.
    let usual = Duration::from_micros(1_200);
    assert_eq!(b.state.unwrap().command_age, Some(usual));
    let mut late_by = Duration::ZERO;
    let mut late = |b: &mut Bench, total: Duration| {
        let more = total.checked_sub(usual + late_by).unwrap();
        late_by += more;
        b.t_input -= u64::try_from(more.as_nanos()).unwrap();
        b.run(3);
        assert_eq!(b.state.unwrap().command_age, Some(total));
    };
    let least = Duration::from_micros(1);
    late(&mut b, limits.soft);
    assert_eq!(b.word(), OperatingState::Engaged);
    late(&mut b, limits.soft + least);
    assert_eq!(b.word(), OperatingState::Degraded);
    late(&mut b, limits.hard);
    assert_eq!(b.word(), OperatingState::Degraded);
    late(&mut b, limits.hard + least);
    assert_eq!(b.word(), OperatingState::Hold);
    assert_eq!(b.core.state().cause(), Some(Cause::CmdAge));
    let (reading, limit) = b.changes.last().unwrap().figures.unwrap();
    assert!((reading - 0.010_001).abs() < 1e-12 && (limit - 0.010).abs() < 1e-12, "{reading}");
}

/// CMD-AGE: where the profile has no limit of it, the loop age is the only bound of a command's age.
#[test]
fn without_a_limit_of_its_own_a_late_command_is_judged_by_its_loop() {
    let mut b = Bench::engaged_for(surgery());
    b.run(200);
    b.t_input -= 12_000_000;
    b.run(3);
    assert!(b.state.unwrap().command_age.is_some_and(|age| age > Duration::from_millis(10)));
    assert_eq!(b.word(), OperatingState::Engaged);
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
    let mut ticks = 0;
    for _ in 0..300 {
        b.ms += 1;
        let now = b.now();
        let frame = b.command();
        b.core.handle_command(&frame, now);
        let tick = b.core.tick(now, b.reading(), &b.host);
        if let Some(followed) = tick.followed {
            ticks += 1;
            assert!(followed.view_age.unwrap() <= profile().freshness.view_age_hard);
            assert!(followed.loop_age.unwrap() <= profile().freshness.loop_age_hard);
        }
    }
    assert!(ticks > 150, "{ticks}");
    assert_eq!(b.word(), OperatingState::Hold);
}

/// VIEW-AGE: the newest picture of another source says nothing about the one that steers.
#[test]
fn a_picture_of_another_source_does_not_steer() {
    let mut b = Bench::engaged();
    b.view_source = ViewSource::Room;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::ViewAge)));
    assert_eq!(b.state.unwrap().view_age, None);

    let mut b = Bench::engaged();
    b.sees_views = false;
    for _ in 0..250 {
        let (view, now) = (b.ms, b.now());
        b.core.handle_view(ViewSource::Room, view, now);
        b.run(1);
    }
    assert_eq!(b.core.state().cause(), Some(Cause::ViewAge), "the room is fresh, the probe is not");
}

/// VIEW-AGE: a picture that is seen again and again grows old, however often it is captured.
#[test]
fn a_picture_that_is_repeated_grows_old() {
    let mut b = Bench::engaged();
    let first = b.seen_view;
    b.sees_views = false;
    for _ in 0..210 {
        let now = b.now();
        b.core.handle_view(ViewSource::Ultrasound, first, now);
        b.run(1);
    }
    assert_eq!(b.core.state().cause(), Some(Cause::ViewAge));
}

/// LOOP-AGE: a state that is named again and again grows old, too.
#[test]
fn a_state_that_is_repeated_grows_old() {
    let mut b = Bench::engaged();
    b.sees_states = false;
    b.run(100);
    let age = b.state.unwrap().loop_age.unwrap();
    assert!(age >= Duration::from_millis(98), "{age:?}");
    b.run(160);
    assert_eq!(b.core.state().cause(), Some(Cause::LoopAge));
}

/// LOOP-AGE: a state number that was never given out is no state.
#[test]
fn a_state_from_the_future_steers_nothing() {
    let mut b = Bench::engaged();
    b.sees_states = false;
    b.seen_state = u64::MAX;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::LoopAge)));
}

/// INPUT-STALL: fresh frames with an old sample of the hand are an old hand.
#[test]
fn a_console_that_repeats_an_old_sample_is_held() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.1, 0.0, 0.0);
    b.run(100);
    b.samples = false;
    b.run(150);
    assert_eq!(b.word(), OperatingState::Engaged, "a page samples its pad 60 times a second");
    b.run(2);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::InputStall)));
    b.samples = true;
    b.run(40);
    b.stays_put(|b| b.run(500));
    assert_eq!(b.word(), OperatingState::Hold);
}

/// INPUT-STALL: a sample that is older than one before is not a new one.
#[test]
fn a_sample_that_runs_backwards_is_an_old_one() {
    let mut b = Bench::engaged();
    b.samples = false;
    for _ in 0..152 {
        b.t_input -= 1;
        b.run(1);
    }
    assert_eq!(b.core.state().cause(), Some(Cause::InputStall));
}

/// CMD-SILENCE: a frame that is dropped refreshes nothing: duplicates, older ones, those of a stranger
/// and of another epoch do not keep a silent console alive.
#[test]
fn a_dropped_frame_refreshes_nothing() {
    let mut b = Bench::engaged();
    let last = b.command();
    let now = b.now();
    b.core.handle_command(&last, now);
    b.sends = false;
    for _ in 0..151 {
        let now = b.now();
        let older = CommandFrame { seq: last.seq - 1, ..last };
        let strange = CommandFrame { session: OTHER, seq: last.seq + b.ms, ..last };
        let bygone = CommandFrame { epoch: last.epoch - 1, seq: last.seq + b.ms, ..last };
        for frame in [last, older, strange, bygone] {
            b.core.handle_command(&frame, now);
        }
        b.run(1);
    }
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::CmdSilence)));
}

/// CMD-SILENCE: frames that overtake each other are followed in their own order, and the older ones are
/// dropped: shuffling a second of them moves the tip as if they had come in order.
#[test]
fn reordered_and_duplicated_frames_move_as_the_newest_says() {
    let mut b = Bench::engaged();
    b.hand = Vector3::new(0.03, 0.0, 0.0);
    b.run(1);
    b.sends = false;
    for _ in 0..200 {
        let mut frames: Vec<_> = (0..4).map(|_| b.command()).collect();
        frames.swap(0, 2);
        frames.swap(1, 3);
        frames.extend(frames.clone());
        let (now, counts) = (b.now(), b.core.counts());
        for frame in &frames {
            b.core.handle_command(frame, now);
        }
        assert_eq!(b.core.counts().not_newer - counts.not_newer, 6, "two of eight are newer");
        b.run(1);
    }
    b.sends = true;
    b.run(2_700);
    assert_eq!(b.word(), OperatingState::Engaged, "DEGRADED meanwhile: half were overtaken");
    assert!((b.tip.position().x - 0.53).abs() < 1e-4, "{:?}", b.tip.position());
}

/// LOSS: more than 2 % lost in a second slows; when the loss ends the robot recovers by itself.
#[test]
fn loss_slows_and_heals() {
    let mut b = Bench::engaged();
    for n in 0..1_000 {
        b.seq += u64::from(n % 50 == 0);
        b.run(1);
    }
    assert_eq!(b.word(), OperatingState::Engaged, "20 of 1020 are below 2 %");
    for n in 0..1_000 {
        b.seq += u64::from(n % 40 == 0);
        b.run(1);
    }
    assert_eq!(b.word(), OperatingState::Degraded);
    assert!(b.state.unwrap().soft.contains(Cause::Loss));
    b.run(1_600);
    assert_eq!(b.word(), OperatingState::Engaged);
}

/// STATE-MISMATCH: who shows READY while the robot follows, or the other way round, is confused.
#[test]
fn a_console_that_shows_another_state_is_held() {
    let mut b = Bench::engaged();
    b.shown = Some(OperatingState::Ready);
    b.run(100);
    assert_eq!(b.word(), OperatingState::Engaged);
    b.shown = None;
    b.run(1);
    b.shown = Some(OperatingState::Ready);
    b.run(101);
    assert_eq!(b.word(), OperatingState::Engaged, "it was right in between");
    b.run(1);
    assert_eq!(b.core.state().cause(), Some(Cause::StateMismatch));
}

/// STATE-MISMATCH: a console is right that shows what it was told, also if the robot has gone on.
#[test]
fn a_console_that_is_late_is_not_mistaken() {
    let mut b = Bench::engaged();
    b.sees_states = false;
    b.force_n = 13.0;
    b.run(120);
    assert_eq!(b.word(), OperatingState::Degraded);
    assert_eq!(b.seen_word, OperatingState::Engaged);
    b.sees_states = true;
    b.run(120);
    assert_eq!(b.word(), OperatingState::Degraded);
}

/// CLOCK-LOST: a computer that stood still holds, and nothing that was stamped before counts any more.
#[test]
fn a_clock_that_lost_its_meaning_holds_and_every_age_with_it() {
    let mut b = Bench::engaged();
    b.host.suspended = true;
    b.sees_states = false;
    b.sees_views = false;
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::ClockLost)));
    b.host.suspended = false;
    b.run(1);
    let told = b.state.unwrap();
    assert_eq!((told.loop_age, told.view_age), (None, None), "stamps of before are not ages");
    b.sees_states = true;
    b.sees_views = true;
    b.run(990);
    assert!(b.state.unwrap().blocking.contains(Cause::ClockLost));
    b.run(20);
    assert!(!b.state.unwrap().blocking.contains(Cause::ClockLost));
    b.engage();
    assert_eq!(b.word(), OperatingState::Engaged);

    b.reading_age_ms = 5;
    let before = b.now();
    b.core.tick(Moment::from_ns(before.as_ns() - 1), b.reading(), &Host::default());
    assert_eq!(b.core.state().cause(), Some(Cause::ClockLost), "it ran backwards");
}

/// BAD-FRAMES: a hand that leaps is not followed; the third leap in a row holds.
#[test]
fn a_hand_that_leaps_is_not_followed() {
    let mut b = Bench::engaged();
    b.sends = false;
    let leap = |b: &mut Bench, x: f64| {
        b.hand = Vector3::new(x, 0.0, 0.0);
        b.reached = b.hand;
        let (frame, now) = (b.command(), b.now());
        b.core.handle_command(&frame, now);
        b.run(1);
    };
    b.stays_put(|b| {
        leap(b, 0.0101);
        leap(b, 0.0401);
    });
    assert_eq!((b.word(), b.core.counts().bad), (OperatingState::Engaged, 2));
    leap(&mut b, 0.0);
    leap(&mut b, 0.010);
    assert_eq!(b.core.counts().bad, 2, "as far as a console may lead is no leap");
    b.seq += 2;
    leap(&mut b, 0.040);
    assert_eq!(b.core.counts().bad, 2, "nor is the same three frames later");
    for _ in 0..3 {
        leap(&mut b, 0.2);
    }
    b.run(1);
    assert_eq!((b.word(), b.core.state().cause()), (OperatingState::Hold, Some(Cause::BadFrames)));
}

/// BAD-FRAMES: a command for another kind of robot can not be meant.
#[test]
fn a_command_for_another_body_is_not_followed() {
    let mut b = Bench::engaged();
    b.sends = false;
    let twist = BaseTwist { linear_m_s: 0.5, angular_rad_s: 0.0 };
    for _ in 0..3 {
        let frame = CommandFrame { motion: Motion::Base(twist), ..b.command() };
        let now = b.now();
        b.core.handle_command(&frame, now);
    }
    b.stays_put(|b| b.run(1));
    assert_eq!(b.core.state().cause(), Some(Cause::BadFrames));
}

/// REMOTE-STOP: a stranger's frame stops nothing, also if it says STOP.
#[test]
fn a_dropped_frame_of_a_stranger_stops_nothing() {
    let mut b = Bench::engaged();
    b.stop_request = 7;
    let frame = CommandFrame { session: OTHER, ..b.command() };
    b.stop_request = 0;
    let now = b.now();
    b.core.handle_command(&frame, now);
    b.run(10);
    assert_eq!(b.word(), OperatingState::Engaged);
}
