//! `farreach robot`: a robot agent with the simulated robot that its profile is for.

use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use protocol::link::Identity;
use protocol::profile::Profile;
use protocol::state::OperatingState;
use robot_agent::core::LocalEvent;
use robot_agent::shell::watchdog::STALL_MAX;
use robot_agent::shell::{NodeConfig, RobotNode};
use sim::Exam;
use sim::fleet::SimKind;

use crate::bedside;
use crate::cli::{Phantom, RobotArgs};
use crate::exit::{Ending, Failure};
use crate::interrupt::Interrupt;

/// Time for the self-test.
const SELF_TEST_MAX: Duration = Duration::from_secs(10);

/// The port after that of `address`, for the media link.
pub(crate) fn next_port(address: SocketAddr) -> Result<SocketAddr, Failure> {
    match address.port() {
        0 => Ok(address),
        port => {
            let next = port.checked_add(1).ok_or_else(|| {
                Failure::Usage(format!("{address} leaves no port for pictures; name one"))
            })?;
            Ok(SocketAddr::new(address.ip(), next))
        }
    }
}

/// Starts the simulated robot.
pub(crate) fn start(
    profile: Profile,
    identity: Identity,
    (control, media): (Vec<SocketAddr>, SocketAddr),
    (phantom, seed): (Option<Phantom>, u64),
    (clock_base, spins): (Option<Instant>, bool),
) -> Result<RobotNode, Failure> {
    let kind = SimKind::fitting(&profile).map_err(|e| Failure::Usage(e.to_string()))?;
    if phantom.is_some() && kind != SimKind::Arm7 {
        let name = &profile.name;
        return Err(Failure::Usage(format!(
            "--phantom is for a robot with a probe, and the robot of the profile {name} has none; leave it out, or take --profile ultrasound"
        )));
    }
    let exam = phantom.map_or_else(Exam::default, Exam::from);
    let (robot, pictures) = kind.with_pictures(&profile, exam, seed).map_err(Failure::Usage)?;
    let stall_max = STALL_MAX;
    let config = NodeConfig { profile, identity, control, media, clock_base, stall_max, spins };
    Ok(RobotNode::start(config, robot, pictures)?)
}

/// Waits for the self-test and powers the drives on, as somebody beside the robot would.
#[expect(clippy::disallowed_methods, reason = "the command waits for a thread it has started")]
pub(crate) fn power_on(robot: &RobotNode) -> Result<(), Failure> {
    let began = Instant::now();
    let wait_for = |state, otherwise: &str| {
        while robot.summary().state != Some(state) {
            still_runs(robot)?;
            if began.elapsed() > SELF_TEST_MAX {
                return Err(Failure::Internal(otherwise.to_owned()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    };
    wait_for(OperatingState::Standby, "the robot's self-test does not end")?;
    robot.local(LocalEvent::PowerOn);
    wait_for(OperatingState::Ready, "the robot's drives do not come on")
}

/// An error once the robot has ended by itself.
pub(crate) fn still_runs(robot: &RobotNode) -> Result<(), Failure> {
    robot.failure().map_or(Ok(()), |failure| Err(failure.into()))
}

/// Runs `farreach robot`.
#[expect(clippy::print_stderr, reason = "the command's word to its user")]
#[expect(clippy::disallowed_methods, reason = "the command waits for its user")]
pub(crate) fn run(args: &RobotArgs) -> Result<Ending, Failure> {
    let profile = args.profile.load()?;
    let identity = Identity::load(&args.keys)?;
    let interrupt = Interrupt::listen()?;
    let first = args.listen.first().copied();
    let media = args.listen_media.or(first.map(next_port).transpose()?);
    let media =
        media.ok_or_else(|| Failure::Usage("no address to listen on is given".to_owned()))?;
    let name = format!("{} {}", profile.name, profile.short_hash());
    let robot = Arc::new(start(
        profile,
        identity,
        (args.listen.clone(), media),
        (args.phantom, args.seed),
        (None, args.spin.decide()),
    )?);
    eprintln!(
        "robot ready for operators: control {}, media {}, profile {name}, simulated",
        robot.control.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" and "),
        robot.media_address
    );
    bedside::attach(&robot, &interrupt)?;
    eprintln!("{}", bedside::HELP);
    if args.power_on {
        power_on(&robot)?;
    }
    let began = Instant::now();
    while !interrupt.is_raised() && args.duration.is_none_or(|d| began.elapsed() < d) {
        still_runs(&robot)?;
        std::thread::sleep(Duration::from_millis(50));
    }
    let done = robot.summary();
    eprintln!(
        "{} ticks ({} missed), {} commands accepted, {} dropped",
        done.ticks, done.ticks_missed, done.commands_accepted, done.commands_dropped
    );
    Ok(if interrupt.is_raised() { Ending::Interrupted } else { Ending::Ok })
}
