//! The command line: every flag, with its default and its unit.

use core::ops::Range;
use core::time::Duration;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use operator::shell::Route;
use sim::Exam;

use crate::link::{PresetChoice, Switch};
use crate::profile::ProfileChoice;
use crate::spin::Spin;
use crate::trial::FaultsChoice;

/// Port of the control link unless told otherwise; the media link takes the next one.
pub(crate) const CONTROL_PORT: u16 = 4610;

/// Operate a robot in another hospital. Not a medical device: research and teaching only.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 ok, 1 internal error, 2 wrong usage or profile, 4 a limit of the run was \
                  exceeded, 6 the other side can not be reached, 7 refused, 8 ended by a safety stop, \
                  130 interrupted."
)]
pub(crate) struct Cli {
    /// Say more (twice: everything). `FARREACH_LOG` takes filter directives.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a simulated robot, an operator and the console page, all on this machine
    Demo(DemoArgs),
    /// Start a robot agent with the simulated robot that its profile is for
    Robot(RobotArgs),
    /// Start an operator console for a robot
    Operator(OperatorArgs),
    /// Relay UDP through a network that is slow, loses packets or fails, as measured ones do
    Link(LinkArgs),
    /// Run the whole system in virtual time with things that go wrong, and watch every promise: one seed
    Trial(TrialArgs),
    /// The same for many seeds: what each fault leads to, and the smallest script of each promise that breaks
    Trials(TrialsArgs),
    /// Write waveforms and numerics of a simulated patient
    Patient(PatientArgs),
    /// Issue certificates for robots, operators, observers and the bedside
    Keys(KeysArgs),
    /// Measure what Farreach costs on this machine
    Bench(BenchArgs),
}

/// Who or what steers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hand {
    /// The practice pad on the console page; simulated robots only
    Pad,
    /// A scripted hand that works, with pauses and clutches: scans, moves both instruments, or drives
    Script,
    /// A gamepad: right trigger is the deadman, right bumper the clutch
    #[cfg(feature = "gamepad")]
    Gamepad,
}

/// What the simulated probe looks into; it chooses the probe, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Phantom {
    /// A torso under a curved probe
    Abdomen,
    /// A neck under a linear probe
    Thyroid,
}

impl From<Phantom> for Exam {
    fn from(phantom: Phantom) -> Self {
        match phantom {
            Phantom::Abdomen => Self::Abdomen,
            Phantom::Thyroid => Self::Thyroid,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Without a page: pictures are decoded here and the scripted hand steers
    #[arg(long)]
    pub(crate) headless: bool,
    /// End after this time, such as 10s or 2m [default: until interrupted; headless: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
    /// Write the summary to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Who or what steers [default: pad; headless: script]
    #[arg(long, value_enum)]
    pub(crate) hand: Option<Hand>,
    /// Seed of the simulation and of the scripted hand
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Profile to use: `ultrasound`, `surgery`, `surgery-lan`, `telecare`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "ultrasound")]
    pub(crate) profile: ProfileChoice,
    /// What the simulated probe looks into [default: abdomen]
    #[arg(long, value_enum)]
    pub(crate) phantom: Option<Phantom>,
    /// Loopback address of the console page; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4680")]
    pub(crate) page: SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct RobotArgs {
    /// Key files of the robot, without their ending, such as keys/robot-theatre1
    #[arg(long, value_name = "PREFIX", env = "FARREACH_KEYS")]
    pub(crate) keys: PathBuf,
    /// Profile to use: `ultrasound`, `surgery`, `surgery-lan`, `telecare`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "ultrasound")]
    pub(crate) profile: ProfileChoice,
    /// Address of the control link; give one for each network that the robot is on
    #[arg(long, value_name = "ADDR", default_values_t = [SocketAddr::from(([0, 0, 0, 0], CONTROL_PORT))])]
    pub(crate) listen: Vec<SocketAddr>,
    /// Address of the media link [default: the port after the first control link]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen_media: Option<SocketAddr>,
    /// Stay awake around what the control link expects, instead of waking up for it
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) spin: Spin,
    /// What the simulated probe looks into [default: abdomen]
    #[arg(long, value_enum)]
    pub(crate) phantom: Option<Phantom>,
    /// Power the drives on as soon as the self-test has passed
    #[arg(long)]
    pub(crate) power_on: bool,
    /// Seed of the simulation
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// End after this time, such as 10s or 2m [default: until interrupted]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    /// Key files of the operator, without their ending, such as keys/operator-ada
    #[arg(long, value_name = "PREFIX", env = "FARREACH_KEYS")]
    pub(crate) keys: PathBuf,
    /// Address of the robot's control link
    #[arg(long, value_name = "ADDR", required_unless_present = "path")]
    pub(crate) robot: Option<SocketAddr>,
    /// A way to the robot, such as wired=192.0.2.7:4610 or 5g=198.51.100.7:4610@10.0.0.3 (from that address of
    /// this machine); give two, and commands go both ways
    #[arg(long, value_name = "NAME=ADDR[@FROM]", conflicts_with = "robot", value_parser = route)]
    pub(crate) path: Vec<Route>,
    /// Address of the robot's media link [default: the port after the first control link]
    #[arg(long, value_name = "ADDR")]
    pub(crate) robot_media: Option<SocketAddr>,
    /// Profile to use, which must be the robot's: `ultrasound`, `surgery`, `surgery-lan`, `telecare`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "ultrasound")]
    pub(crate) profile: ProfileChoice,
    /// Who or what steers
    #[arg(long, value_enum, default_value = "pad")]
    pub(crate) hand: Hand,
    /// Without a page: pictures are decoded here
    #[arg(long)]
    pub(crate) headless: bool,
    /// Loopback address of the console page; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4680")]
    pub(crate) page: SocketAddr,
    /// Stay awake before each sample of the hand, instead of waking up for it
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) spin: Spin,
    /// Seed of the scripted hand
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// End after this time, such as 10s or 2m [default: until interrupted]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// Address that the console connects to instead of the robot's control link
    #[arg(long, value_name = "ADDR", required_unless_present = "list")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of the robot's control link
    #[arg(long, value_name = "ADDR", required_unless_present = "list")]
    pub(crate) to: Option<SocketAddr>,
    /// The same for the media link [default: the port after that of --listen]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen_media: Option<SocketAddr>,
    /// Address of the robot's media link [default: the port after that of --to]
    #[arg(long, value_name = "ADDR")]
    pub(crate) to_media: Option<SocketAddr>,
    /// Network to be: a name that --list shows, or a file
    #[arg(long, value_name = "NAME|FILE", required_unless_present = "list")]
    pub(crate) preset: Option<PresetChoice>,
    /// Another network from this time on, such as 30s=5g-driving; may be repeated
    #[arg(long, value_name = "TIME=NAME|FILE")]
    pub(crate) switch: Vec<Switch>,
    /// Nothing comes through from this time on, for as long as --for says; may be repeated
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) blackout_at: Vec<Duration>,
    /// How long the blackout lasts; once for each --blackout-at
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) r#for: Vec<Duration>,
    /// Nothing comes through from this time on
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) cut_at: Option<Duration>,
    /// Seed of the network
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// End after this time, such as 10s or 2m [default: until interrupted]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
    /// Write the counts to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// List the networks that are built in, and end
    #[arg(long)]
    pub(crate) list: bool,
}

/// What lies between the two sides of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportName {
    /// Frames, each a packet of its own
    Frames,
    /// The packets of the real QUIC
    Quic,
}

/// What the robot of a trial is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlantName {
    /// Tips that lag behind their orders
    Light,
    /// Joints, masses, drives and contact
    Full,
}

/// What trials have in common.
#[derive(Debug, Args)]
pub(crate) struct StageArgs {
    /// Network between the two sides: a name that `farreach link --list` shows, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "lan")]
    pub(crate) link: PresetChoice,
    /// What the network carries
    #[arg(long, value_enum, default_value = "frames")]
    pub(crate) transport: TransportName,
    /// What the robot is made of
    #[arg(long, value_enum, default_value = "light")]
    pub(crate) plant: PlantName,
    /// Who works, whatever the seed or the script says: `script`, `user`, or `rings`, who carries rings over a peg board
    #[arg(long, value_name = "NAME")]
    pub(crate) hand: Option<sim::trial::Hand>,
    /// Virtual time of a trial, such as 16s
    #[arg(long, value_name = "TIME", default_value = "16s", value_parser = duration)]
    pub(crate) duration: Duration,
    /// Write what became of it to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TrialArgs {
    /// Seed of everything that is drawn by lot
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Profile to use: `ultrasound`, `surgery`, `surgery-lan`, `telecare`, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "ultrasound")]
    pub(crate) profile: ProfileChoice,
    /// What goes wrong: `seed` draws it, `none` is nothing, a file is a script
    #[arg(long, value_name = "seed|none|FILE", default_value = "seed")]
    pub(crate) faults: FaultsChoice,
    /// Write every step to this file: a row of CSV for each millisecond
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) stage: StageArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrialsArgs {
    /// Seeds from the first to before the last
    #[arg(long, value_name = "FIRST..LAST", default_value = "0..100", value_parser = seeds)]
    pub(crate) seeds: Range<u64>,
    /// Profile to use; may be repeated [default: ultrasound, surgery and telecare]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Vec<ProfileChoice>,
    /// Threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) jobs: Option<u32>,
    /// Write the smallest script of each trial that broke a promise to a file in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) stage: StageArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PatientArgs {
    /// Simulate whole seconds, such as 60s or 2m; as fast as this machine can, not in real time
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) duration: Duration,
    /// Seed of the patient
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// What happens to the patient, and when: a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Write the waveforms to this file as CSV; - is stdout
    #[arg(long, value_name = "FILE|-")]
    pub(crate) csv: Option<PathBuf>,
    /// Write the numerics of each second to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) command: BenchCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Round trips over the control link, beside those over a raw socket, all in the same run
    Link(BenchLinkArgs),
    /// Round trips over the control link while strangers flood its port, beside those without
    Flood(BenchFloodArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BenchFloodArgs {
    /// How often each is measured; figures are medians over rounds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// How long each is measured in each round, such as 10s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(crate) seconds: Duration,
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchLinkArgs {
    /// How often every variant is measured; figures are medians over rounds
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// How long each variant is measured in each round, such as 20s
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub(crate) seconds: Duration,
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

/// A role in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// May listen as a robot
    Robot,
    /// May ask for authority over a robot
    Operator,
    /// May watch
    Observer,
    /// May stop a robot from beside it
    Bedside,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make an authority and one certificate for each role
    New {
        /// Folder to write to; nothing in it is overwritten
        directory: PathBuf,
        /// Name of the authority
        #[arg(long, default_value = "farreach")]
        name: String,
    },
    /// Issue one more certificate from an authority
    Issue {
        /// Folder of the authority
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Role of the holder
        #[arg(long, value_enum)]
        role: RoleName,
        /// Name of the holder
        #[arg(long)]
        name: String,
        /// Validity
        #[arg(long, value_name = "DAYS", default_value_t = protocol::link::keys::DAYS_DEFAULT)]
        days: u32,
    },
}

/// A time with its unit: `500ms`, `10s`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "" => return Err(format!("`{text}` has no unit; write for example {text}s")),
        other => return Err(format!("`{other}` is no unit of time; use ms, s or m")),
    };
    let number: f64 =
        number.parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
    let duration = Duration::try_from_secs_f64(number * seconds)
        .map_err(|_| format!("`{text}` is too long"))?;
    if duration.is_zero() { Err(format!("`{text}` is no time at all")) } else { Ok(duration) }
}

/// Seeds `FIRST..LAST`, without the last.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let form = "write seeds as FIRST..LAST, such as 0..1000, which leaves 1000 out";
    let (first, last) = text.split_once("..").ok_or(form)?;
    let number =
        |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no seed; {form}"));
    let seeds = number(first)?..number(last)?;
    if seeds.is_empty() { Err(format!("{text} holds no seed; {form}")) } else { Ok(seeds) }
}

/// The longest name of a path: it stands in a row of the page.
const PATH_NAME_MAX: usize = 16;

/// Reads `NAME=ADDR` or `NAME=ADDR@FROM`.
fn route(text: &str) -> Result<Route, String> {
    let form = "write a path as NAME=ADDR or NAME=ADDR@FROM, such as wired=192.0.2.7:4610";
    let (name, way) = text.split_once('=').ok_or(form)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > PATH_NAME_MAX || !name.chars().all(plain) {
        return Err(format!(
            "the name {name:?} of a path must have 1 to {PATH_NAME_MAX} letters, digits, - or _"
        ));
    }
    let (robot, from) = way.split_once('@').map_or((way, None), |(to, from)| (to, Some(from)));
    let robot: SocketAddr =
        robot.parse().map_err(|_| format!("{robot:?} is no address with a port; {form}"))?;
    let from: Option<IpAddr> = from
        .map(|from| {
            from.parse().map_err(|_| format!("{from:?} is no address of a machine; {form}"))
        })
        .transpose()?;
    if from.is_some_and(|from| from.is_ipv4() != robot.is_ipv4()) {
        return Err(format!("{text}: both addresses must be of the same IP version"));
    }
    Ok(Route { name: name.to_owned(), robot, from })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_carry_their_unit() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("10").unwrap_err(), "`10` has no unit; write for example 10s");
        assert_eq!(duration("10h").unwrap_err(), "`h` is no unit of time; use ms, s or m");
        assert!(duration("0s").is_err() && duration("s").is_err() && duration("-1s").is_err());
        assert!(duration("99999999999999999999999s").is_err());
    }

    #[test]
    fn seeds_are_a_range() {
        assert_eq!(seeds("0..1000"), Ok(0..1000));
        for (wrong, says) in [("7", "FIRST..LAST"), ("5..5", "no seed"), ("9..x", "`x` is no seed")]
        {
            let error = seeds(wrong).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_path_has_a_name_an_address_and_perhaps_a_place_to_call_from() {
        let wired = route("wired=192.0.2.7:4610").unwrap();
        assert_eq!((wired.name.as_str(), wired.from), ("wired", None));
        let mobile = route("5g=198.51.100.7:4610@10.0.0.3").unwrap();
        assert_eq!(mobile.robot, "198.51.100.7:4610".parse().unwrap());
        assert_eq!(mobile.from, Some("10.0.0.3".parse().unwrap()));
        for (wrong, says) in [
            ("192.0.2.7:4610", "NAME=ADDR"),
            ("=192.0.2.7:4610", "1 to 16"),
            ("a b=192.0.2.7:4610", "letters"),
            ("wired=192.0.2.7", "no address with a port"),
            ("wired=192.0.2.7:4610@eth0", "no address of a machine"),
            ("wired=192.0.2.7:4610@::1", "same IP version"),
        ] {
            let error = route(wrong).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
