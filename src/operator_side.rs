//! `farreach operator`: a console for a robot somewhere else.

use core::time::Duration;
use std::time::Instant;

use operator::shell::{
    ConsoleConfig, ConsoleNode, ConsoleStatus, HandSource, LinkWord, Percentiles, Route, View,
};
use protocol::cause::Cause;
use protocol::link::Identity;
use protocol::state::OperatingState;

use crate::cli::{Hand, OperatorArgs};
use crate::exit::{Ending, Failure};
use crate::interrupt::Interrupt;
use crate::robot_side::next_port;

/// The hand that was asked for on the command line.
pub(crate) fn hand_source(hand: Hand, seed: u64) -> HandSource {
    match hand {
        Hand::Pad => HandSource::Pad,
        Hand::Script => HandSource::Script { seed },
        #[cfg(feature = "gamepad")]
        Hand::Gamepad => HandSource::Gamepad,
    }
}

/// One line that says how things stand. What is not known is `--`.
pub(crate) fn status_line(status: &ConsoleStatus) -> String {
    let age = |p: &Option<Percentiles>| {
        // Without word from the robot nothing is known, not even what was.
        p.as_ref().filter(|_| status.state.is_some()).map_or("--".to_owned(), |p| {
            format!("{:.0}/{:.0} ms", p.p50.as_secs_f64() * 1e3, p.p95.as_secs_f64() * 1e3)
        })
    };
    let force = status.contact_force_n.map_or("--".to_owned(), |n| format!("{n:.1} N"));
    let reason = status
        .stopped_by
        .map(Cause::id)
        .or_else(|| status.blocking.iter().next().map(Cause::id))
        .or(match &status.link {
            LinkWord::Lost(reason) => Some(reason.code),
            LinkWord::Connecting | LinkWord::Up => None,
        })
        .map_or(String::new(), |id| format!(" ({id})"));
    let way_in = status.way_in.and_then(|way| way.p99).filter(|_| status.state.is_some());
    let way_in = way_in.map_or(String::new(), |p99| {
        format!("  hand to robot p99 {:.2} ms", p99.as_secs_f64() * 1e3)
    });
    let missed = match status.hand_counts.missed {
        0 => String::new(),
        missed => format!(" ({missed} missed)"),
    };
    format!(
        "{:<9}{reason}  view age {}  loop age {}{way_in}  force {force}  pictures {}  commands {}{missed}",
        status.state.map_or("--", OperatingState::word),
        age(&status.view_age),
        age(&status.loop_age),
        status.pictures_presented,
        status.commands_sent,
    )
}

/// Runs `farreach operator`.
#[expect(clippy::print_stderr, reason = "the command's word to its user")]
#[expect(clippy::disallowed_methods, reason = "the command waits for its user")]
pub(crate) fn run(args: &OperatorArgs) -> Result<Ending, Failure> {
    let profile = args.profile.load()?;
    let identity = Identity::load(&args.keys)?;
    let interrupt = Interrupt::listen()?;
    let routes = args.robot.map_or_else(|| args.path.clone(), |robot| vec![Route::direct(robot)]);
    let first = routes.first().map(|route| route.robot);
    let media = args.robot_media.or(first.map(next_port).transpose()?);
    let media = media.ok_or_else(|| Failure::Usage("no way to the robot is given".to_owned()))?;
    let console = ConsoleNode::start(ConsoleConfig {
        profile,
        name: identity.peer().name.clone(),
        identity,
        routes,
        media,
        clock_base: None,
        hand: hand_source(args.hand, args.seed),
        view: if args.headless { View::Headless } else { View::Page { listen: args.page } },
        spins: args.spin.decide(),
    })?;
    if let Some(url) = console.url() {
        eprintln!("Farreach operator console. Not a medical device.\nOpen {url}");
    }
    let began = Instant::now();
    let mut next = Duration::from_secs(1);
    while !interrupt.is_raised() && args.duration.is_none_or(|d| began.elapsed() < d) {
        if began.elapsed() >= next {
            eprintln!("{:>4} s  {}", next.as_secs(), status_line(&console.status()));
            next += Duration::from_secs(1);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let lost = matches!(console.status().link, LinkWord::Lost(_));
    console.release();
    Ok(match (interrupt.is_raised(), lost) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::Unreachable,
        (false, false) => Ending::Ok,
    })
}
