//! A whole console without a page against a small robot, over real sockets of this machine.
#![cfg(feature = "shell")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails says where"
)]

mod robot;

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};

use operator::core::stop::StopPhase;
use operator::shell::{
    ConsoleConfig, ConsoleError, ConsoleNode, HandSource, LinkWord, Route, View,
};
use protocol::cause::Cause;
use protocol::frame::{BaseTwist, CommandFrame, Mode, Motion};
use protocol::link::{Authority, Role};
use protocol::picture::ViewSource;
use protocol::profile::{Profile, TELECARE, ULTRASOUND};
use protocol::session::{OperatorMessage, Refusal};
use protocol::state::OperatingState;
use protocol::time::Moment;

use robot::{Answer, Robot, Telling};

/// Nothing here takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(40);

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

#[expect(clippy::disallowed_methods, reason = "a test waits for other threads")]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..PATIENCE.as_millis() / 5 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("did not happen: {what}");
}

/// A robot that tells this, and what a console needs to reach it.
fn site(telling: Telling) -> (Robot, ConsoleConfig) {
    let authority = Authority::create("north").unwrap();
    let robot = Robot::start(&authority.issue(Role::Robot, "arm7", 1).unwrap(), telling);
    let config = ConsoleConfig {
        profile: Profile::parse(ULTRASOUND).unwrap(),
        identity: authority.issue(Role::Operator, "anna", 1).unwrap(),
        name: "room 4".to_owned(),
        routes: vec![Route::direct(robot.control)],
        media: robot.media,
        clock_base: None,
        hand: HandSource::Script { seed: 7 },
        view: View::Headless,
        spins: false,
    };
    (robot, config)
}

fn refusal(answer: Answer, simulated: bool) -> ConsoleError {
    let (_robot, config) = site(Telling { answer, simulated, ..Telling::default() });
    match ConsoleNode::start(config) {
        Err(error) => error,
        Ok(_) => panic!("the console started"),
    }
}

/// The commands of the first session heard so far.
fn commands(robot: &Robot) -> Vec<CommandFrame> {
    robot.heard().commands.clone()
}

#[test]
fn commands_arrive_in_order_and_name_the_last_picture_that_was_decoded() {
    let (robot, config) = site(Telling { pictures: 60, spoilt: Some(33), ..Telling::default() });
    let console = ConsoleNode::start(config).unwrap();
    assert_eq!(console.url(), None);
    assert_eq!(console.status().link, LinkWord::Up);
    wait_until("the last picture is seen", || {
        commands(&robot).last().is_some_and(|c| c.seen_view == 60 && c.seq > 300)
    });
    let commands = commands(&robot);
    let session = robot.heard().sessions[0];
    let mut before = (0, 0, 0);
    for command in &commands {
        let now = (command.seq, command.seen_state, command.seen_view);
        assert!(now.0 > before.0 && now.1 >= before.1 && now.2 >= before.2, "{before:?}, {now:?}");
        // The spoilt picture and what builds on it until the keyframe 41 were never seen.
        assert!(!(33..41).contains(&command.seen_view), "{}", command.seen_view);
        assert_eq!(command.session, session);
        before = now;
    }
    let last = commands.last().unwrap();
    assert!(last.seen_state > 0 && last.seen_state <= robot.heard().states);
    assert!(robot.heard().keyframes_asked > 0);
    let hello = OperatorMessage::Hello {
        console: "room 4".into(),
        profile: Profile::parse(ULTRASOUND).unwrap().hash,
    };
    assert_eq!(robot.heard().messages[0], hello);
    wait_until("the counts are told", || console.status().pictures_presented == 60 - 8);
    wait_until("so are the commands", || console.status().commands_sent >= last.seq);
    let status = console.status();
    assert_eq!(status.pictures_dropped, 8);
    assert_eq!((status.robot.as_str(), status.simulated), ("arm7", true));
    assert_eq!(status.state, Some(OperatingState::Ready));
    assert_eq!(status.view_age, None, "the robot has not followed");
}

#[test]
fn a_scripted_hand_engages_and_the_ages_of_the_run_are_counted_while_it_is_followed() {
    let (robot, config) = site(Telling { pictures: 4, follows: true, ..Telling::default() });
    let console = ConsoleNode::start(config).unwrap();
    wait_until("the robot follows", || console.status().state == Some(OperatingState::Engaged));
    wait_until("ages are counted", || console.status().loop_age.is_some_and(|a| a.count > 20));
    let ages = console.status().loop_age.unwrap();
    assert_eq!(ages.max, Duration::from_millis(30));
    assert!(ages.p50 <= ages.p95 && ages.p95 <= ages.p99 && ages.p99 <= ages.max);
    assert!(commands(&robot).iter().any(|c| c.mode == Mode::Follow && c.deadman > 0.5));
}

#[test]
fn a_stop_is_said_twice_confirmed_by_the_robot_and_acknowledged_with_its_epoch() {
    let (robot, config) = site(Telling::default());
    let console = ConsoleNode::start(config).unwrap();
    wait_until("the state is known", || console.status().state.is_some());
    assert_eq!(console.status().stop, StopPhase::Idle);
    console.request_stop();
    wait_until("the robot hears of it", || {
        commands(&robot).iter().any(|c| c.stop_request == 1)
            && robot.heard().messages.contains(&OperatorMessage::Stop { request: 1 })
    });
    let phase = console.status().stop;
    assert!(matches!(phase, StopPhase::Sent { .. } | StopPhase::Unconfirmed { .. }), "{phase:?}");
    robot.tell(|t| {
        t.state = OperatingState::Pstop;
        t.stopped_by = Some(Cause::RemoteStop);
        t.stop_confirmed = 1;
        t.epoch += 1;
    });
    wait_until("it is confirmed", || {
        matches!(console.status().stop, StopPhase::Confirmed { .. })
            && console.status().stopped_by == Some(Cause::RemoteStop)
    });
    let epoch = console.status().epoch;
    console.acknowledge();
    wait_until("it is acknowledged", || {
        robot.heard().messages.contains(&OperatorMessage::Acknowledge { epoch })
    });
    robot.tell(|t| {
        t.state = OperatingState::Ready;
        t.stopped_by = None;
    });
    wait_until("it is over", || console.status().stop == StopPhase::Idle);
    console.release();
    wait_until("authority is given back", || {
        robot.heard().messages.contains(&OperatorMessage::Release)
    });
    wait_until("and said so", || match console.status().link {
        LinkWord::Lost(reason) => reason.code == "RELEASED",
        _ => false,
    });
}

#[test]
fn a_lost_link_is_dialled_again_and_the_session_is_a_new_one() {
    let (robot, config) = site(Telling { pictures: 20, ..Telling::default() });
    let console = ConsoleNode::start(config).unwrap();
    wait_until("pictures are seen", || console.status().pictures_presented == 20);
    robot.hang_up();
    wait_until("there is a second session", || robot.heard().sessions.len() == 2);
    wait_until("and its commands", || {
        let heard = robot.heard();
        heard.commands.iter().filter(|c| c.session == heard.sessions[1]).count() > 50
    });
    let heard = robot.heard();
    let first = heard.commands.iter().find(|c| c.session == heard.sessions[1]).unwrap();
    assert_eq!(first.seen_view, 0, "nothing of the old connection is claimed in the new one");
    assert!(first.seq < heard.commands[heard.commands.len() - 1].seq);
    drop(heard);
    wait_until("and its pictures", || console.status().pictures_presented == 40);
    assert_eq!(console.status().link, LinkWord::Up);
}

#[test]
fn a_refusal_is_one_sentence_with_its_code() {
    let error = refusal(Answer::Refused(Refusal::Taken as u8), true);
    assert_eq!(
        error.to_string(),
        "another operator holds authority over this robot; ask them to release it first (E-AUTH-TAKEN)"
    );
    assert_eq!(error.code(), "E-AUTH-TAKEN");
    let error = refusal(Answer::Refused(Refusal::Profile as u8), true);
    assert_eq!(error.code(), "E-AUTH-PROFILE");
    let error = refusal(Answer::Refused(99), true);
    assert!(error.to_string().contains("unknown code 99"), "{error}");
}

#[test]
fn a_scripted_hand_never_steers_a_real_robot() {
    let error = refusal(Answer::Welcome, false);
    assert_eq!(
        error.to_string(),
        "the scripted hand steers only a simulated robot, and arm7 is a real one (E-CON-NOT-SIMULATED)"
    );
}

#[test]
fn pictures_of_another_source_are_counted_and_never_seen() {
    let telling = Telling { pictures: 12, source: ViewSource::Room, ..Telling::default() };
    let (robot, config) = site(telling);
    let console = ConsoleNode::start(config).unwrap();
    wait_until("they have come", || console.status().counters.views_other_source == 12);
    let heard = commands(&robot).len();
    wait_until("commands go on", || commands(&robot).len() > heard + 50);
    let status = console.status();
    assert_eq!((status.pictures_presented, status.pictures_dropped), (0, 0));
    for command in commands(&robot) {
        assert_eq!((command.view_source, command.seen_view), (ViewSource::Ultrasound, 0));
    }
}

/// INPUT-STALL: with no page there is no pad that anybody could hold, and the commands say so.
#[test]
fn a_console_for_a_base_asks_it_to_stand_while_nobody_holds_the_pad() {
    let (robot, config) = site(Telling::default());
    let config = ConsoleConfig {
        profile: Profile::parse(TELECARE).unwrap(),
        hand: HandSource::Pad,
        view: View::Page { listen: anywhere() },
        ..config
    };
    let _console = ConsoleNode::start(config).unwrap();
    wait_until("commands come", || commands(&robot).len() > 20);
    let stand = BaseTwist { linear_m_s: 0.0, angular_rad_s: 0.0 };
    for command in commands(&robot) {
        assert_eq!((command.motion, command.mode), (Motion::Base(stand), Mode::Hold));
        assert_eq!((command.view_source, command.t_input), (ViewSource::Drive, Moment::START));
    }
}

#[test]
fn a_page_that_others_could_reach_is_refused_before_the_robot_is_called() {
    let (robot, config) = site(Telling::default());
    let listen = "0.0.0.0:0".parse().unwrap();
    let config = ConsoleConfig { view: View::Page { listen }, hand: HandSource::Pad, ..config };
    let Err(error) = ConsoleNode::start(config) else { panic!("the console started") };
    assert_eq!(error.code(), "E-CON-LISTEN");
    assert!(robot.heard().sessions.is_empty() && robot.heard().messages.is_empty());
}

#[test]
fn a_console_with_a_page_says_where_it_is() {
    let (_robot, config) = site(Telling::default());
    let view = View::Page { listen: anywhere() };
    let config = ConsoleConfig { view, hand: HandSource::Pad, ..config };
    let console = ConsoleNode::start(config).unwrap();
    let url = console.url().unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.contains("/?token="), "{url}");
    assert_eq!(console.status().hand, "practice pad");
}
