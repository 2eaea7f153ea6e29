//! What a monitor makes of the waves. It knows nothing else.

use super::body::saturation_of;
use super::detect::{Cycles, Looks};
use super::waves::Waves;

/// A beat can be as short as 0.27 s and as long as 3 s.
const BEAT_S: (f64, f64) = (0.27, 3.0);
/// A breath can be as short as 1 s and as long as 20 s.
const BREATH_S: (f64, f64) = (1.0, 20.0);

const R_WAVE: Looks =
    Looks { level: 0.6, height_min: 0.3, interval_s: BEAT_S, learn_s: 1.2, memory_s: 2.5 };
const PRESSURE: Looks =
    Looks { level: 0.5, height_min: 4.0, interval_s: BEAT_S, learn_s: 1.2, memory_s: 2.0 };
const PLETH: Looks =
    Looks { level: 0.5, height_min: 0.1, interval_s: BEAT_S, learn_s: 1.2, memory_s: 2.0 };
const BREATH: Looks =
    Looks { level: 0.5, height_min: 60.0, interval_s: BREATH_S, learn_s: 5.0, memory_s: 12.0 };
const CO2: Looks =
    Looks { level: 0.5, height_min: 2.0, interval_s: BREATH_S, learn_s: 5.0, memory_s: 12.0 };

/// What is to be said of the electrocardiogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EcgStatus {
    /// Beats are found.
    Beats,
    /// The lead is on, and there is no beat.
    NoBeat,
    /// An electrode is off.
    LeadOff,
}

impl EcgStatus {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Beats => "beats",
            Self::NoBeat => "no beat",
            Self::LeadOff => "lead off",
        }
    }
}

/// Numbers of a monitor. None: can not be measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numerics {
    /// Since the start. Unit: s.
    pub t_s: f64,
    /// What is to be said of the electrocardiogram.
    pub ecg: EcgStatus,
    /// Beats of the electrocardiogram. Unit: 1/min.
    pub heart_per_min: Option<f64>,
    /// Beats at the finger. Unit: 1/min.
    pub pulse_per_min: Option<f64>,
    /// Saturation. Unit: percent.
    pub spo2_percent: Option<f64>,
    /// Height of the beats at the finger, in infrared light. Unit: percent.
    pub perfusion_percent: Option<f64>,
    /// Arterial pressure. Unit: mmHg.
    pub systolic_mmhg: Option<f64>,
    /// Unit: mmHg.
    pub diastolic_mmhg: Option<f64>,
    /// Unit: mmHg. Measured without beats, too.
    pub mean_mmhg: Option<f64>,
    /// Breaths by the volume of the lungs. Unit: 1/min.
    pub breaths_per_min: Option<f64>,
    /// Breaths by the capnogram. Unit: 1/min.
    pub co2_breaths_per_min: Option<f64>,
    /// Carbon dioxide at the end of a breath. Unit: mmHg.
    pub end_tidal_mmhg: Option<f64>,
}

/// A monitor at the bedside.
#[derive(Debug, Clone)]
pub struct Monitor {
    ecg: Cycles,
    pressure: Cycles,
    infrared: Cycles,
    volume: Cycles,
    co2: Cycles,
    /// Lowest and highest red light of this beat.
    red: (f64, f64),
    /// Red over infrared, averaged over beats.
    ratio: Option<f64>,
    mean_mmhg: Option<f64>,
    lead_off: bool,
    t_s: f64,
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new()
    }
}

impl Monitor {
    /// One that has seen nothing.
    pub const fn new() -> Self {
        Self {
            ecg: Cycles::new(R_WAVE),
            pressure: Cycles::new(PRESSURE),
            infrared: Cycles::new(PLETH),
            volume: Cycles::new(BREATH),
            co2: Cycles::new(CO2),
            red: (f64::MAX, f64::MIN),
            ratio: None,
            mean_mmhg: None,
            lead_off: false,
            t_s: 0.0,
        }
    }

    /// Takes a sample. No allocation.
    pub fn take(&mut self, waves: &Waves) {
        let dt_s = 1.0 / f64::from(super::SAMPLES_PER_S);
        self.t_s = waves.t_s;
        self.lead_off = waves.ecg_mv.is_none();
        match waves.ecg_mv {
            Some(ecg) => {
                self.ecg.take(ecg, dt_s);
            }
            None => self.ecg.reset(),
        }
        self.pressure.take(waves.pressure_mmhg, dt_s);
        let mean = self.mean_mmhg.get_or_insert(waves.pressure_mmhg);
        *mean += (waves.pressure_mmhg - *mean) * dt_s / 2.0;
        self.red =
            (self.red.0.min(waves.pleth_red_percent), self.red.1.max(waves.pleth_red_percent));
        if let Some(beat) = self.infrared.take(waves.pleth_ir_percent, dt_s) {
            let ratio = (self.red.1 - self.red.0) / (beat.high - beat.low);
            self.red = (f64::MAX, f64::MIN);
            // Over some six beats, as oximeters do.
            let kept = self.ratio.get_or_insert(ratio);
            *kept += (ratio - *kept) / 6.0;
        }
        if self.infrared.rate_per_min().is_none() {
            self.ratio = None;
        }
        self.volume.take(waves.volume_ml, dt_s);
        self.co2.take(waves.co2_mmhg, dt_s);
    }

    /// What it shows now.
    pub fn numerics(&self) -> Numerics {
        let heart_per_min = self.ecg.rate_per_min();
        let pulse_per_min = self.infrared.rate_per_min();
        let ecg = match (self.lead_off, heart_per_min) {
            (true, _) => EcgStatus::LeadOff,
            (false, Some(_)) => EcgStatus::Beats,
            (false, None) => EcgStatus::NoBeat,
        };
        Numerics {
            t_s: self.t_s,
            ecg,
            heart_per_min,
            pulse_per_min,
            spo2_percent: self.ratio.filter(|_| pulse_per_min.is_some()).map(saturation_of),
            perfusion_percent: self.infrared.mean(|beat| beat.high - beat.low),
            systolic_mmhg: self.pressure.mean(|beat| beat.high),
            diastolic_mmhg: self.pressure.mean(|beat| beat.low),
            mean_mmhg: self.pressure.mean(|beat| beat.mean).or(self.mean_mmhg),
            breaths_per_min: self.volume.rate_per_min(),
            co2_breaths_per_min: self.co2.rate_per_min(),
            end_tidal_mmhg: self.co2.mean(|breath| breath.high),
        }
    }
}
