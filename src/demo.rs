//! `farreach demo`: robot, operator and console on one machine, with keys made for this run.
//!
//! Everything between them is real: certificates, QUIC, H.264, the interlocks. Both sides share one
//! clock here, which the protocol never uses: it lets the journal check every age that was judged
//! without it.

use core::time::Duration;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use operator::shell::{ConsoleConfig, ConsoleNode, Route, View};
use protocol::link::{Authority, Role};
use robot_agent::shell::RobotNode;

use crate::bedside;
use crate::cli::{DemoArgs, Hand};
use crate::exit::{Ending, Failure};
use crate::interrupt::Interrupt;
use crate::operator_side::{hand_source, status_line};
use crate::report::Report;
use crate::robot_side::{power_on, start, still_runs};

/// A headless demonstration that nobody gave a duration ends after this.
const HEADLESS_DEFAULT: Duration = Duration::from_secs(10);

/// Validity of the keys of one run. Unit: day.
const KEY_DAYS: u32 = 1;

/// Any free port of the loopback.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Runs `farreach demo`.
#[expect(clippy::print_stderr, reason = "the command's word to its user")]
#[expect(clippy::disallowed_methods, reason = "both clocks of the demonstration start here")]
pub(crate) fn run(args: &DemoArgs) -> Result<Ending, Failure> {
    let profile = args.profile.load()?;
    let interrupt = Interrupt::listen()?;
    let base = Instant::now();
    let authority = Authority::create("demo")?;
    let robot_key = authority.issue(Role::Robot, "demo", KEY_DAYS)?;
    let operator_key = authority.issue(Role::Operator, "demo", KEY_DAYS)?;
    let simulated = (args.phantom, args.seed);
    let robot =
        start(profile.clone(), robot_key, (vec![ANY], ANY), simulated, (Some(base), false))?;
    let robot = Arc::new(robot);
    power_on(&robot)?;
    let default = if args.headless { Hand::Script } else { Hand::Pad };
    let hand = args.hand.unwrap_or(default);
    let console = ConsoleNode::start(ConsoleConfig {
        profile: profile.clone(),
        identity: operator_key,
        name: "demo".to_owned(),
        routes: robot.control.iter().copied().map(Route::direct).collect(),
        media: robot.media_address,
        clock_base: Some(base),
        hand: hand_source(hand, args.seed),
        view: if args.headless { View::Headless } else { View::Page { listen: args.page } },
        // Both ends are on this machine, and the pictures, too.
        spins: false,
    })?;
    if let Some(url) = console.url() {
        eprintln!("Farreach, simulated. Not a medical device.\nOpen {url}");
        bedside::attach(&robot, &interrupt)?;
        eprintln!("{}; Ctrl-C ends", bedside::HELP);
    }
    let limit = args.duration.or(args.headless.then_some(HEADLESS_DEFAULT));
    let began = Instant::now();
    watch(&interrupt, &robot, &console, began, limit)?;
    let lasted = began.elapsed();
    // Summed up before the console leaves: its leaving is not part of the run.
    let (summary, status) = (robot.summary(), console.status());
    drop(console);
    let report =
        Report::new(&profile, (args.seed, hand == Hand::Script), lasted, &summary, &status);
    finish(&report, args, interrupt.is_raised())
}

#[expect(clippy::print_stdout, reason = "the table is this command's data")]
fn finish(report: &Report, args: &DemoArgs, interrupted: bool) -> Result<Ending, Failure> {
    print!("{}", report.table());
    if let Some(path) = &args.json {
        report.write_json(path)?;
    }
    match report.ending() {
        // Ending a demonstration that was to run until interrupted is its normal end.
        Ending::Ok if interrupted && args.duration.is_some() => Ok(Ending::Interrupted),
        ending => Ok(ending),
    }
}

/// Prints a status line a second until it is over; an error if the robot ends before.
#[expect(clippy::print_stderr, reason = "the status line is for the person who watches")]
#[expect(clippy::disallowed_methods, reason = "the command waits for its user")]
fn watch(
    interrupt: &Interrupt,
    robot: &RobotNode,
    console: &ConsoleNode,
    began: Instant,
    limit: Option<Duration>,
) -> Result<(), Failure> {
    let mut next = Duration::from_secs(1);
    while !interrupt.is_raised() && limit.is_none_or(|l| began.elapsed() < l) {
        still_runs(robot)?;
        if began.elapsed() >= next {
            let holds = robot.summary().holds;
            eprintln!("{:>4} s  {}  holds {holds}", next.as_secs(), status_line(&console.status()));
            next += Duration::from_secs(1);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
