use super::*;
use nalgebra::Vector3;
use protocol::ARMS;
use protocol::frame::{ArmCommand, Motion};
use protocol::picture::ViewSource;

use crate::core::authority::LEASE_MAX;

const ME: SessionId = SessionId::new(1);
const OTHER: SessionId = SessionId::new(2);
const NOW: Moment<Robot> = Moment::from_ns(1_000_000_000);
const PATIENCE: Patience =
    Patience { degraded_max: Duration::from_secs(5), park_after: Some(Duration::from_secs(10)) };
const QUIET: Judged = Judged {
    trip: None,
    slowed: false,
    recovered: false,
    in_the_way: CauseSet::EMPTY,
    at_rest: true,
    tested: Tested::Testing,
};

fn later(ms: u64) -> Moment<Robot> {
    NOW.after(Duration::from_millis(ms))
}

fn frame(c: &Conduct, seq: u64, deadman: f64, mode: Mode, engage_count: u32) -> CommandFrame {
    let mut arm = ArmCommand::neutral();
    arm.displacement.translation = Vector3::zeros();
    CommandFrame {
        session: ME,
        seq,
        epoch: c.epoch(),
        engage_count,
        t_input: Moment::from_ns(seq),
        seen_state: 1,
        seen_view: 1,
        view_source: ViewSource::Ultrasound,
        mode,
        deadman,
        stop_request: 0,
        shown_state: OperatingState::Ready,
        motion: Motion::Arms([arm; ARMS]),
    }
}

fn send(c: &mut Conduct, f: &CommandFrame) -> Outcome {
    let (admitted, first) = c.admit(f, NOW);
    if admitted { first.and(c.hear(f, NOW)) } else { first }
}

/// Powered, with authority.
fn ready() -> Conduct {
    let mut c = Conduct::new(7);
    c.decide(&Judged { tested: Tested::Passed, ..QUIET }, &PATIENCE, NOW);
    c.local(LocalEvent::PowerOn, NOW);
    c.session(SessionEvent::Open { session: ME }, NOW);
    assert_eq!(c.word(), OperatingState::Ready);
    c
}

fn act(c: &mut Conduct, seq: u64, count: u32) {
    for (n, (deadman, mode)) in
        [(0.0, Mode::Hold), (1.0, Mode::Hold), (1.0, Mode::Follow)].into_iter().enumerate()
    {
        let f = frame(c, seq + n as u64, deadman, mode, count);
        send(c, &f);
    }
}

fn engaged() -> Conduct {
    let mut c = ready();
    act(&mut c, 1, 1);
    assert_eq!(c.closing(), Some(3));
    let outcome = c.decide(&QUIET, &PATIENCE, NOW);
    assert!(outcome.engaged && c.word() == OperatingState::Engaged && c.closing().is_none());
    c
}

/// FRESH-RUN: a closing is decided on once: what is in the way then is not waited out.
#[test]
fn a_closing_is_decided_on_now_or_never() {
    let mut c = ready();
    act(&mut c, 1, 1);
    let in_the_way = CauseSet::EMPTY.with(Cause::FreshRun);
    assert!(!c.decide(&Judged { in_the_way, ..QUIET }, &PATIENCE, NOW).engaged);
    assert!(!c.decide(&QUIET, &PATIENCE, NOW).engaged);
    assert_eq!((c.word(), c.closing()), (OperatingState::Ready, None));
}

/// DEADMAN: what happens between closing and deciding undoes the closing.
#[test]
fn a_closing_is_undone_by_a_stop_a_release_an_opening_and_another_closing() {
    for (deadman, mode, count) in [
        (0.0, Mode::Follow, 1),
        (1.0, Mode::Hold, 1),
        (1.0, Mode::Follow, 2),
        (1.0, Mode::Retract, 1),
    ] {
        let mut c = ready();
        act(&mut c, 1, 1);
        let f = frame(&c, 4, deadman, mode, count);
        send(&mut c, &f);
        assert_eq!(c.closing(), None, "{deadman} {mode:?} {count}");
    }
    let mut c = ready();
    act(&mut c, 1, 1);
    let trip = Some((Cause::Speed, Stop::Protective));
    let outcome = c.decide(&Judged { trip, ..QUIET }, &PATIENCE, NOW);
    assert!(!outcome.engaged && outcome.renewed && c.word() == OperatingState::Pstop);
}

/// CLUTCH: what still has to be shown is told.
#[test]
fn the_clutch_is_seen_open_until_it_is_closed_and_decided_on() {
    let mut c = ready();
    assert!(c.clutch_unseen());
    act(&mut c, 1, 1);
    assert!(!c.clutch_unseen(), "it waits to be decided on");
    c.decide(&QUIET, &PATIENCE, NOW);
    assert!(c.clutch_unseen());
    let f = frame(&c, 9, 1.0, Mode::Hold, 1);
    let outcome = send(&mut c, &f);
    assert!(outcome.disengaged && !outcome.renewed, "the epoch goes on");
    assert!(!c.clutch_unseen());
}

#[test]
fn an_engagement_ends_with_its_count() {
    let mut c = engaged();
    let own = frame(&c, 5, 1.0, Mode::Follow, 1);
    assert!(c.is_engaged_by(&own));
    assert_eq!(send(&mut c, &own), Outcome::default());
    let another = frame(&c, 6, 1.0, Mode::Follow, 2);
    assert!(!c.is_engaged_by(&another));
    let outcome = send(&mut c, &another);
    assert!(outcome.disengaged && c.word() == OperatingState::Ready);
    assert!(!c.is_engaged_by(&own), "nothing is engaged where nothing follows");
}

/// Several changes are told as one, from the first state to the last, with the last cause.
#[test]
fn changes_add_up() {
    let mut c = engaged();
    let mut outcome =
        c.decide(&Judged { trip: Some((Cause::ViewAge, Stop::Hold)), ..QUIET }, &PATIENCE, NOW);
    outcome = outcome.and(c.local(LocalEvent::EstopPressed, NOW).1);
    let change = Change {
        from: OperatingState::Engaged,
        to: OperatingState::Estop,
        cause: Some(Cause::LocalEstop),
    };
    assert_eq!(outcome.change, Some(change));
    assert!(outcome.disengaged && outcome.renewed && !outcome.pressed);
    assert_eq!(outcome.and(Outcome::default()), outcome);
    assert_eq!(Outcome::default().and(outcome), outcome);
    let engaged = Outcome { engaged: true, ..Outcome::default() };
    assert!(!engaged.and(outcome).engaged, "it ended in the same step");
    assert!(outcome.and(engaged).engaged);
    let pressed = Outcome { pressed: true, ..Outcome::default() };
    assert!(pressed.and(outcome).pressed && outcome.and(pressed).pressed);
}

/// CONTACT-FORCE: the tool may lift its whole distance once per stop.
#[test]
fn pressing_too_hard_is_told_once_per_stop() {
    let press = Judged { trip: Some((Cause::ContactForce, Stop::Protective)), ..QUIET };
    let mut c = engaged();
    assert!(c.decide(&press, &PATIENCE, NOW).pressed);
    assert!(!c.decide(&press, &PATIENCE, NOW).pressed);
    let mut c = engaged();
    let speed = Judged { trip: Some((Cause::Speed, Stop::Protective)), ..QUIET };
    assert!(!c.decide(&speed, &PATIENCE, NOW).pressed);
    assert!(!c.decide(&press, &PATIENCE, NOW).pressed, "the first cause stays");
}

/// DEGRADED-TOO-LONG, and parking: at the limit not yet, beyond it at once.
#[test]
fn time_runs_out_just_beyond_its_limit() {
    let mut c = engaged();
    c.decide(&Judged { slowed: true, ..QUIET }, &PATIENCE, NOW);
    assert_eq!(c.word(), OperatingState::Degraded);
    c.decide(&Judged { slowed: true, ..QUIET }, &PATIENCE, later(5_000));
    assert_eq!(c.word(), OperatingState::Degraded);
    c.decide(&Judged { slowed: true, recovered: true, ..QUIET }, &PATIENCE, later(5_000));
    assert_eq!(c.word(), OperatingState::Degraded, "slowed is not recovered");
    let mut healed = c.clone();
    healed.decide(&Judged { recovered: true, ..QUIET }, &PATIENCE, later(5_000));
    assert_eq!(healed.word(), OperatingState::Engaged);
    c.decide(&Judged { slowed: true, ..QUIET }, &PATIENCE, later(5_001));
    assert_eq!((c.word(), c.state().cause()), (OperatingState::Hold, Some(Cause::DegradedTooLong)));
    let never = Patience { park_after: None, ..PATIENCE };
    c.decide(&QUIET, &never, later(999_000));
    c.decide(&QUIET, &PATIENCE, later(15_001));
    assert_eq!(c.word(), OperatingState::Hold);
    let mut backwards = c.clone();
    backwards.decide(&QUIET, &PATIENCE, NOW);
    assert_eq!(backwards.word(), OperatingState::Standby, "a broken clock does not wait");
    c.decide(&QUIET, &PATIENCE, later(15_002));
    assert_eq!(c.word(), OperatingState::Standby);
}

/// POWER-OFF: at rest, or after half a second.
#[test]
fn power_goes_off_at_rest_or_after_half_a_second() {
    let moving = Judged { at_rest: false, ..QUIET };
    let mut c = engaged();
    c.local(LocalEvent::PowerOff, NOW);
    assert_eq!((c.word(), c.state().cause()), (OperatingState::Hold, Some(Cause::PowerOff)));
    assert_eq!(c.blocking(), CauseSet::EMPTY.with(Cause::PowerOff));
    let mut rested = c.clone();
    rested.decide(&QUIET, &PATIENCE, NOW);
    assert_eq!(rested.word(), OperatingState::Standby);
    c.decide(&moving, &PATIENCE, later(500));
    assert_eq!(c.word(), OperatingState::Hold);
    let mut undone = c.clone();
    undone.local(LocalEvent::PowerOn, later(500));
    undone.decide(&moving, &PATIENCE, later(900));
    assert_eq!(undone.word(), OperatingState::Hold, "whoever asked for power again has it");
    c.decide(&moving, &PATIENCE, later(501));
    assert_eq!(c.word(), OperatingState::Standby);
    c.local(LocalEvent::PowerOn, later(502));
    c.decide(&moving, &PATIENCE, later(2_000));
    assert_eq!(c.word(), OperatingState::Ready, "a power-off is not remembered");
    c.local(LocalEvent::PowerOff, later(2_000));
    c.local(LocalEvent::EstopPressed, later(2_001));
    c.local(LocalEvent::EstopReleased, later(2_002));
    c.local(LocalEvent::Reset, later(2_003));
    c.decide(&Judged { tested: Tested::Passed, ..QUIET }, &PATIENCE, later(2_003));
    c.local(LocalEvent::PowerOn, later(2_004));
    c.decide(&QUIET, &PATIENCE, later(2_005));
    assert_eq!(c.word(), OperatingState::Ready, "nor beyond an emergency stop");
}

/// REMOTE-STOP: of its holder only, each number once, under any epoch, and from zero for the next holder.
#[test]
fn a_stop_counts_once_per_number_and_session() {
    let mut c = ready();
    c.session(SessionEvent::Stop { session: OTHER, request: 9 }, NOW);
    assert_eq!((c.word(), c.stop_requested()), (OperatingState::Ready, 0));
    let mut f = frame(&c, 1, 0.0, Mode::Hold, 0);
    (f.epoch, f.stop_request) = (0, 2);
    let outcome = send(&mut c, &f);
    assert_eq!(outcome.change.map(|ch| ch.to), Some(OperatingState::Pstop));
    assert_eq!(c.stop_requested(), 2);
    let epoch = c.epoch();
    c.session(SessionEvent::Acknowledge { session: ME, epoch }, NOW);
    c.session(SessionEvent::Stop { session: ME, request: 2 }, NOW);
    c.local(LocalEvent::Reset, NOW);
    assert_eq!(c.word(), OperatingState::Ready);
    c.session(SessionEvent::Close { session: ME }, NOW);
    assert!(!c.is_held());
    c.session(SessionEvent::Open { session: OTHER }, NOW);
    c.session(SessionEvent::Stop { session: OTHER, request: 1 }, NOW);
    assert_eq!((c.word(), c.stop_requested()), (OperatingState::Pstop, 1));
}

/// NOT-RESET: acknowledged by who holds authority, for this stop, then reset: in this order.
#[test]
fn only_the_holder_acknowledges_and_only_this_stop() {
    let mut c = ready();
    c.session(SessionEvent::Stop { session: ME, request: 1 }, NOW);
    let epoch = c.epoch();
    for (session, epoch) in [(OTHER, epoch), (ME, epoch - 1), (ME, epoch + 1)] {
        c.session(SessionEvent::Acknowledge { session, epoch }, NOW);
        c.local(LocalEvent::Reset, NOW);
        assert_eq!(c.word(), OperatingState::Pstop);
    }
    c.session(SessionEvent::Acknowledge { session: ME, epoch }, NOW);
    assert_eq!(c.word(), OperatingState::Pstop);
    let (cleared, outcome) = c.local(LocalEvent::Reset, NOW);
    assert!(!cleared && outcome.renewed, "the robot itself had no fault");
    assert_eq!(c.word(), OperatingState::Ready);
}

/// LOCAL-ESTOP: while it is pressed every tick presses it again.
#[test]
fn a_pressed_emergency_stop_outlasts_a_fault() {
    let mut c = ready();
    c.local(LocalEvent::EstopPressed, NOW);
    c.decide(&Judged { trip: Some((Cause::RobotFault, Stop::Fault)), ..QUIET }, &PATIENCE, NOW);
    assert_eq!(c.word(), OperatingState::Fault);
    assert!(!c.local(LocalEvent::Reset, NOW).0);
    c.local(LocalEvent::EstopReleased, NOW);
    assert!(c.local(LocalEvent::Reset, NOW).0);
    assert_eq!(c.word(), OperatingState::Init);
    c.local(LocalEvent::EstopPressed, NOW);
    assert_eq!(c.word(), OperatingState::Estop);
    c.local(LocalEvent::EstopReleased, NOW);
    assert!(c.local(LocalEvent::Reset, NOW).0);
    assert_eq!(c.word(), OperatingState::Init, "the self-test had not passed, and has to");
}

/// AUTHORITY: ended by silence, by a fault and by an emergency stop, and told; a malformed datagram of
/// somebody else counts for nobody.
#[test]
fn authority_ends_and_is_told() {
    let mut c = ready();
    c.session(SessionEvent::Malformed { session: OTHER }, NOW);
    assert_eq!(c.bad_run(), 0);
    c.session(SessionEvent::Malformed { session: ME }, NOW);
    c.note_bad();
    assert_eq!((c.bad_run(), c.counts().bad), (2, 2));
    c.expire(NOW.after(LEASE_MAX));
    assert!(c.is_held());
    c.expire(NOW.after(LEASE_MAX + Duration::from_nanos(1)));
    assert_eq!((c.is_held(), c.take_ended(), c.take_ended()), (false, Some(ME), None));
    for stop in [Stop::Fault, Stop::Emergency] {
        let mut c = ready();
        c.decide(&Judged { trip: Some((Cause::RobotFault, stop)), ..QUIET }, &PATIENCE, NOW);
        assert_eq!((c.is_held(), c.take_ended()), (false, Some(ME)));
    }
}

/// SELF-TEST: passed, failed, and what each state has against engaging.
#[test]
fn each_state_says_what_it_has_against_engaging() {
    let only = |c: &Conduct| c.blocking().iter().collect::<Vec<_>>();
    let mut c = Conduct::new(1);
    assert_eq!(only(&c), [Cause::SelfTest]);
    let mut failed = c.clone();
    failed.decide(&Judged { tested: Tested::Failed, ..QUIET }, &PATIENCE, NOW);
    assert_eq!((failed.word(), only(&failed)), (OperatingState::Fault, vec![Cause::SelfTest]));
    c.decide(&Judged { tested: Tested::Passed, ..QUIET }, &PATIENCE, NOW);
    assert_eq!(only(&c), [Cause::PowerOff]);
    c.session(SessionEvent::Open { session: ME }, NOW);
    c.session(SessionEvent::Stop { session: ME, request: 1 }, NOW);
    assert_eq!(only(&c), [Cause::PowerOff, Cause::NotReset]);
    c.local(LocalEvent::PowerOn, NOW);
    assert_eq!(only(&c), [Cause::NotReset]);
    c.local(LocalEvent::EstopPressed, NOW);
    assert_eq!(only(&c), [Cause::LocalEstop]);
    assert_eq!(only(&ready()), []);
    assert_eq!(only(&engaged()), []);
}

/// CLUTCH: what was shown before a stop counts for nothing after it, not even the release.
#[test]
fn a_stop_takes_the_whole_act() {
    let mut c = engaged();
    let trip = Some((Cause::ViewAge, Stop::Hold));
    assert!(c.decide(&Judged { trip, ..QUIET }, &PATIENCE, NOW).disengaged);
    for (seq, mode) in [(10, Mode::Hold), (11, Mode::Follow)] {
        let f = frame(&c, seq, 1.0, mode, 2);
        send(&mut c, &f);
    }
    assert_eq!(c.closing(), None, "the deadman was never released since");
    act(&mut c, 12, 3);
    assert!(c.decide(&QUIET, &PATIENCE, NOW).engaged);
}

/// AUTHORITY: a clutch that was closed and not yet decided on ends with its holder, and with the power.
#[test]
fn a_closing_of_the_last_holder_is_not_the_next_ones() {
    let mut c = ready();
    act(&mut c, 1, 1);
    c.session(SessionEvent::Close { session: ME }, NOW);
    c.session(SessionEvent::Open { session: OTHER }, NOW);
    assert_eq!(c.closing(), None);
    assert!(!c.decide(&QUIET, &PATIENCE, NOW).engaged);

    let mut c = ready();
    act(&mut c, 1, 1);
    c.local(LocalEvent::PowerOff, NOW);
    c.decide(&Judged { in_the_way: CauseSet::EMPTY, ..QUIET }, &PATIENCE, NOW);
    assert_eq!(c.word(), OperatingState::Standby, "power goes first, and nothing engages");
}

/// AUTHORITY: whoever connects during an emergency stop or a fault holds authority, and sees it end.
#[test]
fn authority_can_be_granted_while_stopped() {
    for trip in [(Cause::LocalEstop, Stop::Emergency), (Cause::RobotFault, Stop::Fault)] {
        let mut c = ready();
        c.decide(&Judged { trip: Some(trip), ..QUIET }, &PATIENCE, NOW);
        assert_eq!(c.take_ended(), Some(ME));
        let (grant, _) = c.session(SessionEvent::Open { session: OTHER }, NOW);
        assert_eq!(grant, Some(Ok(c.epoch())));
        c.decide(&Judged { trip: Some(trip), ..QUIET }, &PATIENCE, NOW);
        assert_eq!((c.is_held(), c.take_ended()), (true, None));
    }
}

/// NOT-RESET: an acknowledgement that was sent before another STOP is none of it.
#[test]
fn an_acknowledgement_of_before_does_not_count_for_a_second_stop() {
    let mut c = ready();
    c.session(SessionEvent::Stop { session: ME, request: 1 }, NOW);
    let epoch = c.epoch();
    c.session(SessionEvent::Stop { session: ME, request: 2 }, NOW);
    c.session(SessionEvent::Acknowledge { session: ME, epoch }, NOW);
    c.local(LocalEvent::Reset, NOW);
    assert_eq!(c.word(), OperatingState::Pstop);
}

/// POWER-OFF, AUTHORITY: nothing engages while the drives are to go off, while something stops, or for
/// nobody.
#[test]
fn a_closing_comes_too_late_for_what_has_begun_to_stop() {
    let mut c = ready();
    c.local(LocalEvent::PowerOff, NOW);
    act(&mut c, 1, 1);
    assert!(!c.decide(&Judged { at_rest: false, ..QUIET }, &PATIENCE, NOW).engaged);
    let mut c = ready();
    act(&mut c, 1, 1);
    let trip = Some((Cause::CmdSilence, Stop::Hold));
    assert!(!c.decide(&Judged { trip, ..QUIET }, &PATIENCE, NOW).engaged);
    let mut c = ready();
    act(&mut c, 1, 1);
    c.session(SessionEvent::Close { session: ME }, NOW);
    assert!(!c.decide(&QUIET, &PATIENCE, NOW).engaged);
}

/// What later decisions depend on is all there, and what is only counted is not.
#[test]
fn what_decides_is_told_and_what_is_counted_is_not() {
    let mut c = engaged();
    let d = c.decisive();
    assert_eq!((d.state, d.epoch, d.engaged), (State::Engaged, c.epoch(), 1));
    assert_eq!((d.lease, d.ended, d.closing), (Some((ME, 3, NOW)), None, None));
    assert_eq!(d.act.1, 1);
    let stranger = CommandFrame { session: OTHER, ..frame(&c, 9, 1.0, Mode::Follow, 1) };
    send(&mut c, &stranger);
    assert_eq!(c.decisive(), d, "it was counted, and that is all");
    c.local(LocalEvent::EstopPressed, NOW);
    let d = c.decisive();
    assert_eq!((d.lease, d.ended, d.estop_pressed), (None, Some(ME), true));
}
