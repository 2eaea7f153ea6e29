//! `farreach link`: a network between console and robot that is slow, loses packets or fails.

use core::fmt::Write as _;
use core::time::Duration;
use std::convert::Infallible;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

use sim::network::preset::{NAMES, Path, Stat};
use sim::network::relay::{Pair, Plan, Relay};
use sim::network::survey::survey;
use sim::network::{Chance, LinkPreset, OUTAGES_MAX, OutageSpec, When};

use crate::cli::{LinkArgs, duration};
use crate::exit::{Ending, Failure};
use crate::interrupt::Interrupt;
use crate::link_report::{LinkReport, status_line};
use crate::robot_side::next_port;

/// Networks that may follow the first.
const SWITCHES_MAX: usize = 64;

/// Probes for a line of the list: enough for a 99th percentile of two digits.
const LIST_PROBES: u32 = 20_000;

/// Lines of status go this far apart where nobody watches.
const QUIET_EVERY: Duration = Duration::from_secs(10);

/// What `--preset` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PresetChoice {
    /// One that is built in.
    BuiltIn(&'static str),
    /// A file.
    File(PathBuf),
}

impl FromStr for PresetChoice {
    type Err = Infallible;

    fn from_str(named: &str) -> Result<Self, Infallible> {
        let built_in = NAMES.iter().find(|name| **name == named);
        Ok(built_in.map_or_else(|| Self::File(named.into()), |name| Self::BuiltIn(name)))
    }
}

impl PresetChoice {
    /// The network.
    ///
    /// # Errors
    /// [`Failure`] if the file can not be read, or is no preset.
    pub(crate) fn load(&self) -> Result<LinkPreset, Failure> {
        let path = match self {
            Self::BuiltIn(name) => {
                return LinkPreset::builtin(name)
                    .ok_or_else(|| Failure::Internal(format!("the preset {name} is broken")));
            }
            Self::File(path) => path,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::NoPreset { path: path.clone(), error })?;
        LinkPreset::parse(&text).map_err(|error| Failure::Preset { path: path.clone(), error })
    }
}

/// What `--switch` says: from when on, and which network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Switch {
    at: Duration,
    to: PresetChoice,
}

impl FromStr for Switch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((at, to)) = text.split_once('=') else {
            return Err(format!("`{text}` has no `=`; write for example 30s=5g-driving"));
        };
        let Ok(to) = to.parse::<PresetChoice>();
        Ok(Self { at: duration(at)?, to })
    }
}

/// The faults that were asked for.
fn faults(args: &LinkArgs) -> Result<Vec<OutageSpec>, Failure> {
    let (begins, lengths) = (&args.blackout_at, &args.r#for);
    if begins.len() != lengths.len() {
        return Err(Failure::Usage(format!(
            "--blackout-at is given {} times and --for {} times: each blackout needs both, such as \
             --blackout-at 5s --for 300ms",
            begins.len(),
            lengths.len()
        )));
    }
    if begins.len() >= OUTAGES_MAX {
        return Err(Failure::Usage(format!(
            "--blackout-at is given {} times, and at most {} blackouts are possible; for a series of \
             them write a preset with [[both.outage]]",
            begins.len(),
            OUTAGES_MAX - 1
        )));
    }
    let blackouts = begins.iter().zip(lengths).map(|(at, length)| (*at, *length));
    let cut = args.cut_at.map(|at| (at, Duration::MAX));
    let once = |(at, length)| OutageSpec { when: When::Once { at, length }, lose: Chance::ALWAYS };
    Ok(blackouts.chain(cut).map(once).collect())
}

/// The plan of the relay.
fn plan(args: &LinkArgs, first: &PresetChoice) -> Result<Plan, Failure> {
    if args.switch.len() > SWITCHES_MAX {
        return Err(Failure::Usage(format!(
            "--switch is given {} times, and at most {SWITCHES_MAX} are possible",
            args.switch.len()
        )));
    }
    let mut then = Vec::new();
    for switch in &args.switch {
        then.push((switch.at, switch.to.load()?));
    }
    then.sort_by_key(|(at, _)| *at);
    Ok(Plan { preset: first.load()?, then, faults: faults(args)?, seed: args.seed })
}

/// The pairs of addresses, control first.
fn pairs(args: &LinkArgs, listen: SocketAddr, to: SocketAddr) -> Result<[Pair; 2], Failure> {
    let listen_media = args.listen_media.map_or_else(|| next_port(listen), Ok)?;
    let to_media = args.to_media.map_or_else(|| next_port(to), Ok)?;
    for (flag, address) in [("--to", to), ("--to-media", to_media)] {
        if address.port() == 0 {
            return Err(Failure::Usage(format!(
                "{flag} is {address}, and 0 is no port; name that of the robot, such as 4610"
            )));
        }
    }
    Ok([Pair { listen, to }, Pair { listen: listen_media, to: to_media }])
}

/// What is built in, with what a small survey finds.
fn list() -> String {
    let mut out = String::new();
    let _ =
        writeln!(out, "{:<17}{:>9}{:>9}{:>8}  what it is", "name", "rtt p50", "rtt p99", "lost");
    for preset in NAMES.iter().filter_map(|name| LinkPreset::builtin(name)) {
        let found = survey(&preset, 1, LIST_PROBES);
        let trip = found.of(Path::RoundTrip);
        let ms = |share| {
            let value = trip.stat(Stat::Percentile(share));
            value.map_or("--".to_owned(), |s| format!("{:.1} ms", s * 1e3))
        };
        let lost = trip.stat(Stat::Loss).map_or("--".to_owned(), |l| format!("{:.2} %", l * 1e2));
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{:<17}{:>9}{:>9}{lost:>8}  {}",
            preset.name,
            ms(0.5),
            ms(0.99),
            preset.about
        );
    }
    out
}

/// Runs `farreach link`.
#[expect(clippy::print_stdout, reason = "the list is this command's data")]
pub(crate) fn run(args: &LinkArgs) -> Result<Ending, Failure> {
    if args.list {
        print!("{}", list());
        return Ok(Ending::Ok);
    }
    let (Some(listen), Some(to), Some(preset)) = (args.listen, args.to, &args.preset) else {
        return Err(Failure::Usage("--listen, --to and --preset are needed".to_owned()));
    };
    let pairs = pairs(args, listen, to)?;
    let plan = plan(args, preset)?;
    let name = plan.preset.name.clone();
    let interrupt = Interrupt::listen()?;
    let relay = Relay::start(&pairs, plan)?;
    announce(&relay, &pairs, &name);
    watch(args, &interrupt, &relay);
    let stats = relay.end()?;
    let report = LinkReport::new(args.seed, &name, &stats);
    print!("{}", report.table());
    if let Some(path) = &args.json {
        report.write_json(path)?;
    }
    // Interrupting a relay that was to run until interrupted is its normal end.
    let cut_short = interrupt.is_raised() && args.duration.is_some();
    Ok(if cut_short { Ending::Interrupted } else { Ending::Ok })
}

#[expect(clippy::print_stderr, reason = "the command's word to its user")]
fn announce(relay: &Relay, pairs: &[Pair; 2], name: &str) {
    for ((what, at), pair) in ["control", "media"].iter().zip(relay.listening()).zip(pairs) {
        eprintln!("link {name}: {what} {at} to {}", pair.to);
    }
}

/// Prints a status line a second, or every ten seconds where nobody watches, until it is over.
#[expect(clippy::print_stderr, reason = "the command's word to its user")]
#[expect(clippy::disallowed_methods, reason = "the command waits for its user")]
fn watch(args: &LinkArgs, interrupt: &Interrupt, relay: &Relay) {
    let watched = std::io::stderr().is_terminal();
    let every = if watched { Duration::from_secs(1) } else { QUIET_EVERY };
    let began = Instant::now();
    let mut next = every;
    let mut warned = false;
    while relay.runs()
        && !interrupt.is_raised()
        && args.duration.is_none_or(|d| began.elapsed() < d)
    {
        if let (false, Some(why)) = (warned, relay.unprivileged()) {
            tracing::warn!("{why}");
            warned = true;
        }
        if began.elapsed() >= next {
            let line = status_line(&relay.stats());
            if watched {
                // The line before is written over, whatever its length.
                eprint!("\r\x1b[2K{line}");
                let _ = std::io::stderr().flush();
            } else {
                eprintln!("{line}");
            }
            next += every;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if watched {
        eprintln!();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    fn args(more: &[&str]) -> LinkArgs {
        let base = ["farreach", "link", "--listen", "127.0.0.1:4710", "--to", "127.0.0.1:4610"];
        let all = base.iter().chain(&["--preset", "lan"]).chain(more);
        match Cli::try_parse_from(all).unwrap().command {
            Command::Link(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn media_take_the_next_ports_unless_told_otherwise() {
        let of = |more: &[&str]| {
            let args = args(more);
            let pairs = pairs(&args, args.listen.unwrap(), args.to.unwrap());
            pairs.map(|p| p.map(|p| (p.listen.port(), p.to.port())))
        };
        assert_eq!(of(&[]).unwrap(), [(4710, 4610), (4711, 4611)]);
        let media = ["--listen-media", "127.0.0.1:9", "--to-media", "127.0.0.1:8"];
        assert_eq!(of(&media).unwrap(), [(4710, 4610), (9, 8)]);
        let zero = of(&["--to-media", "127.0.0.1:0"]).unwrap_err().to_string();
        assert_eq!(
            zero,
            "--to-media is 127.0.0.1:0, and 0 is no port; name that of the robot, such as 4610"
        );
    }

    #[test]
    fn each_blackout_needs_its_time_and_its_length() {
        let two = args(&["--blackout-at", "5s", "--for", "300ms", "--cut-at", "9s"]);
        let whens: Vec<_> = faults(&two).unwrap().iter().map(|f| f.when).collect();
        let (at, length) = (Duration::from_secs(5), Duration::from_millis(300));
        let cut = When::Once { at: Duration::from_secs(9), length: Duration::MAX };
        assert_eq!(whens, [When::Once { at, length }, cut]);
        let odd = faults(&args(&["--blackout-at", "5s"])).unwrap_err().to_string();
        assert_eq!(
            odd,
            "--blackout-at is given 1 times and --for 0 times: each blackout needs both, such as \
             --blackout-at 5s --for 300ms"
        );
    }

    #[test]
    fn switches_are_in_order_of_time_and_say_what_is_wrong() {
        let args = args(&["--switch", "30s=geo", "--switch", "5s=leo"]);
        let plan = plan(&args, args.preset.as_ref().unwrap()).unwrap();
        let then: Vec<_> =
            plan.then.iter().map(|(at, p)| (at.as_secs(), p.name.as_str())).collect();
        assert_eq!((plan.preset.name.as_str(), then), ("lan", vec![(5, "leo"), (30, "geo")]));
        let parse = |text: &str| text.parse::<Switch>().unwrap_err();
        assert_eq!(parse("30s"), "`30s` has no `=`; write for example 30s=5g-driving");
        assert_eq!(parse("30=geo"), "`30` has no unit; write for example 30s");
    }

    #[test]
    fn a_network_that_is_not_there_or_no_preset_says_so() {
        let load = |name: &str| {
            let Ok(choice) = name.parse::<PresetChoice>();
            choice.load().unwrap_err()
        };
        let absent = load("6g-moon");
        assert_eq!(absent.ending(), Ending::Usage);
        assert!(absent.to_string().contains("built in are those that `farreach link --list`"));
        let other = load(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/surgery.toml"));
        assert_eq!(other.ending(), Ending::Usage);
        assert!(other.to_string().contains("unknown field"), "{other}");
    }

    #[test]
    fn the_list_has_a_line_for_every_network() {
        let list = list();
        assert_eq!(list.lines().count(), NAMES.len() + 1);
        assert!(NAMES.iter().all(|name| list.contains(&format!("\n{name:<17}"))), "{list}");
    }
}
