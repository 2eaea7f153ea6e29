//! `farreach trial`: one seed of the whole system in virtual time.

use core::fmt::Write as _;
use core::time::Duration;
use std::convert::Infallible;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use protocol::profile::Profile;
use sim::theatre::Transport;
use sim::trial::{self, AT_MAX_MS, Note, Outcome, Script, Setting, Stage, Substance};

use crate::cli::{PlantName, StageArgs, TransportName, TrialArgs};
use crate::exit::{Ending, Failure};
use crate::trial_report::{TrialReport, write_json};

/// What `--faults` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultsChoice {
    /// What the seed draws.
    Seed,
    /// Nothing goes wrong.
    None,
    /// A script.
    File(PathBuf),
}

impl FromStr for FaultsChoice {
    type Err = Infallible;

    fn from_str(named: &str) -> Result<Self, Infallible> {
        Ok(match named {
            "seed" => Self::Seed,
            "none" => Self::None,
            file => Self::File(file.into()),
        })
    }
}

impl FaultsChoice {
    fn load(&self, seed: u64, setting: &Setting) -> Result<Script, Failure> {
        let path = match self {
            Self::Seed => return Ok(Script::of_seed(seed, setting)),
            Self::None => {
                let hand = setting.hand.unwrap_or_default();
                return Ok(Script { hand, ..Script::default() });
            }
            Self::File(path) => path,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::NoFaults { path: path.clone(), error })?;
        let script =
            Script::parse(&text).map_err(|error| Failure::Faults { path: path.clone(), error })?;
        Ok(Script { hand: setting.hand.unwrap_or(script.hand), ..script })
    }
}

/// The setting that the flags ask for, and its robots.
pub(crate) fn set(args: &StageArgs, profile: Profile) -> Result<(Setting, Stage), Failure> {
    let most = Duration::from_millis(AT_MAX_MS.into());
    if args.duration > most {
        let asked = args.duration.as_secs_f64();
        let most = most.as_secs();
        return Err(Failure::Usage(format!(
            "--duration {asked} s is more than {most} s, the most"
        )));
    }
    let substance = match args.plant {
        PlantName::Light => Substance::Light,
        PlantName::Full => Substance::Full,
    };
    let stage = Stage::new(&profile, substance).map_err(Failure::Internal)?;
    let link = args.link.load()?;
    let transport = match args.transport {
        TransportName::Frames => Transport::Frames,
        TransportName::Quic => Transport::Quic,
    };
    let (link, length) = ((link.up, link.down), args.duration);
    let setting = Setting { profile, link, transport, length, hand: args.hand };
    Ok((setting, stage))
}

/// Runs `farreach trial`.
#[expect(clippy::print_stdout, reason = "the table is this command's data")]
pub(crate) fn run(args: &TrialArgs) -> Result<Ending, Failure> {
    let (setting, stage) = set(&args.stage, args.profile.load()?)?;
    let script = args.faults.load(args.seed, &setting)?;
    let mut record = args.record.as_deref().map(Recording::begin).transpose()?;
    let mut write = |note: &Note<'_>| {
        if let Some(record) = &mut record {
            record.row(note);
        }
    };
    let outcome =
        trial::run(&setting, &stage, args.seed, &script, &mut write).map_err(Failure::Usage)?;
    if let Some(record) = record {
        record.end()?;
    }
    let report = TrialReport::new(&setting, args.seed, &script, &outcome);
    print!("{}", report.table());
    if let Some(path) = &args.stage.json {
        write_json(&report, path)?;
    }
    Ok(ending(&outcome))
}

const fn ending(outcome: &Outcome) -> Ending {
    if outcome.violation.is_some() { Ending::Breached } else { Ending::Ok }
}

/// A row of CSV for each step.
struct Recording {
    path: PathBuf,
    file: BufWriter<File>,
    failed: Option<std::io::Error>,
    row: String,
}

/// The columns; lengths in millimetres, speeds in millimetres a second, forces in newtons.
const COLUMNS: &str = "t_ms,state,epoch,cause,following_seq,loop_age_ms,view_age_ms,\
    x1_mm,y1_mm,z1_mm,x2_mm,y2_mm,z2_mm,speed_mm_s,force_n,faults\n";

impl Recording {
    fn begin(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::Write { path: path.to_owned(), error };
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        file.write_all(COLUMNS.as_bytes()).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, failed: None, row: String::new() })
    }

    fn row(&mut self, note: &Note<'_>) {
        self.row.clear();
        let row = &mut self.row;
        let _ = write!(row, "{}", note.now_ms);
        match &note.happening.ticked {
            Some(ticked) => {
                let cause = ticked.tick.transition.and_then(|t| t.cause);
                let cause = cause.map_or("", |cause| cause.id());
                let _ = write!(row, ",{},{},{cause}", ticked.word, ticked.epoch);
                let followed = ticked.tick.followed;
                let age = |age: Option<Duration>| {
                    age.map_or(String::new(), |age| format!("{:.3}", age.as_secs_f64() * 1e3))
                };
                let seq = followed.map_or(String::new(), |f| f.seq.to_string());
                let loop_age = age(followed.and_then(|f| f.loop_age));
                let view_age = age(followed.and_then(|f| f.view_age));
                let _ = write!(row, ",{seq},{loop_age},{view_age}");
            }
            // The servo had no tick.
            None => row.push_str(",,,,,,"),
        }
        let base = note.truth.base.map(|base| [base.at_m.x, base.at_m.y, 0.0]);
        for (i, tip) in note.truth.tips.iter().enumerate() {
            let tip = tip.map(|tip| [tip.at_m.x, tip.at_m.y, tip.at_m.z]);
            match tip.or(base.filter(|_| i == 0)) {
                Some([x, y, z]) => {
                    let _ = write!(row, ",{:.4},{:.4},{:.4}", x * 1e3, y * 1e3, z * 1e3);
                }
                None => row.push_str(",,,"),
            }
        }
        let (speed, force) = (note.truth.speed_m_s() * 1e3, note.truth.force_n);
        let faults: Vec<_> = note.faults.iter().map(ToString::to_string).collect();
        let _ = writeln!(row, ",{speed:.3},{force:.3},{}", faults.join(" "));
        if self.failed.is_none() {
            self.failed = self.file.write_all(self.row.as_bytes()).err();
        }
    }

    fn end(mut self) -> Result<(), Failure> {
        let error = self.failed.take().or_else(|| self.file.flush().err());
        error.map_or(Ok(()), |error| Err(Failure::Write { path: self.path, error }))
    }
}
