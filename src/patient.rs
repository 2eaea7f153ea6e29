//! `farreach patient`: waveforms and numerics of a simulated patient, as fast as the machine makes them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use sim::patient::{Monitor, Numerics, Patient, SAMPLES_PER_S, Script, Waves};

use crate::cli::PatientArgs;
use crate::exit::{Ending, Failure};

/// Longest run: a day. Beyond it the file of waves has more lines than anybody reads.
const DURATION_MAX_S: u64 = 86_400;

/// A line of the table for so many seconds.
const TABLE_EVERY_S: u64 = 5;

/// First line of the waves; the second names the columns.
const CSV_HEAD: &str = "# simulated, not measured on a patient; empty: can not be measured\n\
                        t_s,ecg_mv,pressure_mmhg,pleth_ir_percent,pleth_red_percent,volume_ml,co2_mmhg\n";

/// What `--json` writes.
#[derive(Debug, Serialize)]
struct PatientReport {
    farreach: &'static str,
    simulated: bool,
    seed: u64,
    duration_s: u64,
    samples_per_s: u32,
    seconds: Vec<Second>,
}

/// The numerics at the end of one second. Null: can not be measured.
#[derive(Debug, Serialize)]
struct Second {
    t_s: u64,
    ecg: &'static str,
    heart_per_min: Option<f64>,
    pulse_per_min: Option<f64>,
    spo2_percent: Option<f64>,
    perfusion_percent: Option<f64>,
    systolic_mmhg: Option<f64>,
    diastolic_mmhg: Option<f64>,
    mean_mmhg: Option<f64>,
    breaths_per_min: Option<f64>,
    co2_breaths_per_min: Option<f64>,
    end_tidal_mmhg: Option<f64>,
}

impl Second {
    fn of(t_s: u64, n: &Numerics) -> Self {
        // A monitor measures no better than that.
        let tenths = |x: Option<f64>| x.map(|x| (x * 10.0).round() / 10.0);
        Self {
            t_s,
            ecg: n.ecg.word(),
            heart_per_min: tenths(n.heart_per_min),
            pulse_per_min: tenths(n.pulse_per_min),
            spo2_percent: tenths(n.spo2_percent),
            perfusion_percent: tenths(n.perfusion_percent),
            systolic_mmhg: tenths(n.systolic_mmhg),
            diastolic_mmhg: tenths(n.diastolic_mmhg),
            mean_mmhg: tenths(n.mean_mmhg),
            breaths_per_min: tenths(n.breaths_per_min),
            co2_breaths_per_min: tenths(n.co2_breaths_per_min),
            end_tidal_mmhg: tenths(n.end_tidal_mmhg),
        }
    }
}

/// Where waves go, and what to call it in a complaint.
struct Sheet<'a> {
    to: Box<dyn Write>,
    path: &'a Path,
}

impl<'a> Sheet<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let to: Box<dyn Write> = if path == Path::new("-") {
            Box::new(BufWriter::new(io::stdout().lock()))
        } else {
            let file = File::create(path)
                .map_err(|error| Failure::Write { path: path.to_owned(), error })?;
            Box::new(BufWriter::new(file))
        };
        let mut sheet = Self { to, path };
        let head = sheet.to.write_all(CSV_HEAD.as_bytes());
        sheet.checked(head)?;
        Ok(sheet)
    }

    fn line(&mut self, w: &Waves) -> Result<(), Failure> {
        let ecg = w.ecg_mv.map_or_else(String::new, |mv| format!("{mv:.4}"));
        let written = writeln!(
            self.to,
            "{:.3},{ecg},{:.2},{:.4},{:.4},{:.1},{:.2}",
            w.t_s,
            w.pressure_mmhg,
            w.pleth_ir_percent,
            w.pleth_red_percent,
            w.volume_ml,
            w.co2_mmhg
        );
        self.checked(written)
    }

    fn close(mut self) -> Result<(), Failure> {
        let flushed = self.to.flush();
        self.checked(flushed)
    }

    /// Whoever reads the other end of a pipe may leave.
    fn checked(&self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::PipeClosed),
            Err(error) => Err(Failure::Write { path: self.path.to_owned(), error }),
            Ok(()) => Ok(()),
        }
    }
}

/// Runs `farreach patient`.
pub(crate) fn run(args: &PatientArgs) -> Result<Ending, Failure> {
    match simulate(args) {
        // `farreach patient --csv - | head` is no failure.
        Err(Failure::PipeClosed) => Ok(Ending::Ok),
        Err(failure) => Err(failure),
        Ok(()) => Ok(Ending::Ok),
    }
}

fn simulate(args: &PatientArgs) -> Result<(), Failure> {
    let seconds = args.duration.as_secs();
    if args.duration.subsec_nanos() != 0 || seconds > DURATION_MAX_S {
        return Err(Failure::Usage(format!(
            "--duration is {} s; write whole seconds, at most {DURATION_MAX_S} s",
            args.duration.as_secs_f64()
        )));
    }
    let mut patient = Patient::new(script(args)?, args.seed);
    let mut sheet = args.csv.as_deref().map(Sheet::open).transpose()?;
    let table = args.csv.is_none() && args.json.is_none();
    if table {
        print_line(HEAD)?;
    }
    let (mut monitor, mut rows) = (Monitor::new(), Vec::new());
    for t_s in 1..=seconds {
        for _ in 0..SAMPLES_PER_S {
            let waves = patient.step();
            monitor.take(&waves);
            if let Some(sheet) = &mut sheet {
                sheet.line(&waves)?;
            }
        }
        let numerics = monitor.numerics();
        if table && t_s.is_multiple_of(TABLE_EVERY_S) {
            print_line(&row(t_s, &numerics))?;
        }
        if args.json.is_some() {
            rows.push(Second::of(t_s, &numerics));
        }
    }
    if let Some(sheet) = sheet {
        sheet.close()?;
    }
    let Some(path) = &args.json else { return Ok(()) };
    let report = PatientReport {
        farreach: env!("CARGO_PKG_VERSION"),
        simulated: true,
        seed: args.seed,
        duration_s: seconds,
        samples_per_s: SAMPLES_PER_S,
        seconds: rows,
    };
    let text = serde_json::to_string_pretty(&report)
        .map_err(|error| Failure::Internal(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|error| Failure::Write { path: path.clone(), error })
}

fn script(args: &PatientArgs) -> Result<Script, Failure> {
    let Some(path) = &args.events else { return Ok(Script::default()) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::NoScript { path: path.clone(), error })?;
    Script::parse(&text).map_err(|error| Failure::Script { path: path.clone(), error })
}

const HEAD: &str = "Simulated patient, not measured on anybody. --: can not be measured.\n\
     \x20  s  ECG        HR  pulse  SpO2  pressure (mean)  breaths  EtCO2";

fn row(t_s: u64, n: &Numerics) -> String {
    let whole = |x: Option<f64>| x.map_or_else(|| "--".to_owned(), |x| format!("{x:.0}"));
    let pressure = format!("{}/{}", whole(n.systolic_mmhg), whole(n.diastolic_mmhg));
    format!(
        "{t_s:4}  {:8} {:>4}  {:>5}  {:>4}  {pressure:>8} {:>6}  {:>7}  {:>5}",
        n.ecg.word(),
        whole(n.heart_per_min),
        whole(n.pulse_per_min),
        whole(n.spo2_percent),
        format!("({})", whole(n.mean_mmhg)),
        whole(n.breaths_per_min),
        whole(n.end_tidal_mmhg),
    )
}

fn print_line(line: &str) -> Result<(), Failure> {
    let written = writeln!(io::stdout(), "{line}");
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::PipeClosed,
        _ => Failure::Write { path: "-".into(), error },
    })
}
