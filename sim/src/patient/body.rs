//! Heart, vessels and lungs, and what happens to them.

use super::script::{Event, EventKind, Script};
use super::waves::{Waves, co2_share, ecg_mv, ejection_per_s, lung_share};
use crate::noise::Noise;

/// Samples a second: what monitors record of an electrocardiogram at least.
pub const SAMPLES_PER_S: u32 = 250;

const DT_S: f64 = 1.0 / 250.0;

/// An adult at rest under anaesthesia; assumed. Units: ml, 1/min, ml, ml/mmHg, mmHg, mmHg.
const BLOOD_ML: f64 = 5_000.0;
const HEART_PER_MIN: f64 = 70.0;
const STROKE_ML: f64 = 70.0;
const COMPLIANCE_ML_MMHG: f64 = 1.4;
const MEAN_MMHG: f64 = 93.0;
const FILLING_MMHG: f64 = 7.0;

/// The ventilator: breaths a minute and the volume of one. Assumed.
const BREATHS_PER_MIN: f64 = 14.0;
const TIDAL_ML: f64 = 450.0;

/// Carbon dioxide at the end of a breath at rest. Unit: mmHg.
const END_TIDAL_MMHG: f64 = 38.0;

/// Saturation at rest. Unit: percent.
const SATURATION_PERCENT: f64 = 98.0;

/// Replacement of lost blood after recovery. Unit: ml/min. Assumed: two wide lines under pressure.
const REFILL_ML_MIN: f64 = 600.0;

/// How quickly reflexes, stores of oxygen and of carbon dioxide follow. Unit: s. Assumed.
const REFLEX_S: f64 = 8.0;
const OXYGEN_S: f64 = 15.0;
const CO2_S: f64 = 20.0;

/// From the lungs to the finger. Unit: s. Reported from 10 s to half a minute (recalled).
const LUNG_TO_FINGER_S: usize = 12;

/// From the heart to the finger. Unit: samples; 180 ms.
const PULSE_SAMPLES: usize = 45;

/// A patient. One seed and one script are one run.
#[derive(Debug, Clone)]
pub struct Patient {
    events: std::vec::IntoIter<Event>,
    next: Option<Event>,
    samples: u64,
    noise: Noise,
    // What the script has done.
    bleeding_ml_min: f64,
    refilling: bool,
    wanted_saturation: f64,
    standstill: bool,
    lead_off: bool,
    // Slow.
    lost_ml: f64,
    heart_per_min: f64,
    resistance: f64,
    saturation: f64,
    end_tidal_mmhg: f64,
    output_ml_s: f64,
    to_finger: [f64; LUNG_TO_FINGER_S],
    // The beat.
    since_r_s: f64,
    beat_s: f64,
    last_beat_s: f64,
    stroke_ml: f64,
    pressure_mmhg: f64,
    pulse: [f64; PULSE_SAMPLES],
    finger_mmhg: f64,
    finger_mean_mmhg: f64,
    // The breath.
    phase: f64,
}

impl Patient {
    /// At rest, with everything settled.
    pub fn new(script: Script, seed: u64) -> Self {
        let mut events = script.into_events();
        let next = events.next();
        let output_ml_s = HEART_PER_MIN * STROKE_ML / 60.0;
        Self {
            events,
            next,
            samples: 0,
            noise: Noise::new(seed),
            bleeding_ml_min: 0.0,
            refilling: false,
            wanted_saturation: SATURATION_PERCENT,
            standstill: false,
            lead_off: false,
            lost_ml: 0.0,
            heart_per_min: HEART_PER_MIN,
            resistance: (MEAN_MMHG - FILLING_MMHG) / output_ml_s,
            saturation: SATURATION_PERCENT,
            end_tidal_mmhg: END_TIDAL_MMHG,
            output_ml_s,
            to_finger: [SATURATION_PERCENT; LUNG_TO_FINGER_S],
            since_r_s: 0.5,
            beat_s: 60.0 / HEART_PER_MIN,
            last_beat_s: 60.0 / HEART_PER_MIN,
            stroke_ml: STROKE_ML,
            pressure_mmhg: MEAN_MMHG,
            pulse: [MEAN_MMHG; PULSE_SAMPLES],
            finger_mmhg: MEAN_MMHG,
            finger_mean_mmhg: MEAN_MMHG,
            phase: 0.0,
        }
    }

    /// Saturation of the blood that leaves the lungs: no monitor knows it. Unit: percent.
    pub const fn true_saturation_percent(&self) -> f64 {
        self.saturation
    }

    /// Blood that is missing. Unit: ml.
    pub const fn lost_ml(&self) -> f64 {
        self.lost_ml
    }

    /// The next sample, 4 ms after the last. No allocation; about 0.3 µs.
    pub fn step(&mut self) -> Waves {
        let t_s = self.samples as f64 * DT_S;
        while let Some(event) = self.next.filter(|event| event.at_s <= t_s) {
            self.happen(event.kind);
            self.next = self.events.next();
        }
        self.regulate();
        self.breathe();
        self.beat();
        self.flow();
        let waves = self.record(t_s);
        self.samples += 1;
        if self.samples.is_multiple_of(u64::from(SAMPLES_PER_S)) {
            self.to_finger.rotate_left(1);
            if let Some(newest) = self.to_finger.last_mut() {
                *newest = self.saturation;
            }
        }
        waves
    }

    fn happen(&mut self, kind: EventKind) {
        match kind {
            EventKind::Bleeding(ml_min) => {
                (self.bleeding_ml_min, self.refilling) = (ml_min, false);
            }
            EventKind::Desaturation(percent) => self.wanted_saturation = percent,
            EventKind::Asystole => self.standstill = true,
            EventKind::LeadOff => self.lead_off = true,
            EventKind::LeadOn => self.lead_off = false,
            EventKind::Recovery => {
                if self.standstill && self.beat_s.is_infinite() {
                    // Time for a P wave before the first R.
                    self.beat_s = self.since_r_s + 0.6;
                }
                (self.standstill, self.lead_off, self.refilling) = (false, false, true);
                (self.bleeding_ml_min, self.wanted_saturation) = (0.0, SATURATION_PERCENT);
            }
        }
    }

    /// What reflexes and stores do, slowly.
    fn regulate(&mut self) {
        let refill = if self.refilling { REFILL_ML_MIN } else { 0.0 };
        self.lost_ml += (self.bleeding_ml_min - refill) / 60.0 * DT_S;
        self.lost_ml = self.lost_ml.clamp(0.0, 0.6 * BLOOD_ML);
        let lost = self.lost_ml / BLOOD_ML;
        let hypoxia = (90.0 - self.saturation).max(0.0) * 0.8;
        let wanted = (HEART_PER_MIN * (1.0 + 2.0 * lost) + hypoxia).min(160.0);
        let toward =
            |now: &mut f64, wanted: f64, time_s: f64| *now += (wanted - *now) * DT_S / time_s;
        toward(&mut self.heart_per_min, wanted, REFLEX_S);
        let rest = HEART_PER_MIN * STROKE_ML / 60.0;
        let resistance = (MEAN_MMHG - FILLING_MMHG) / rest * (1.0 + 0.5 * lost);
        toward(&mut self.resistance, resistance, REFLEX_S);
        toward(&mut self.saturation, self.wanted_saturation, OXYGEN_S);
        let flow = if self.beat_s.is_finite() { self.stroke_ml / self.beat_s } else { 0.0 };
        toward(&mut self.output_ml_s, flow, 3.0);
        // What the blood does not bring, the lungs wash out.
        let share = (self.output_ml_s / rest).min(1.5);
        toward(&mut self.end_tidal_mmhg, END_TIDAL_MMHG * share.powf(0.5), CO2_S);
    }

    fn breathe(&mut self) {
        self.phase = (self.phase + BREATHS_PER_MIN / 60.0 * DT_S).fract();
    }

    fn beat(&mut self) {
        self.since_r_s += DT_S;
        if self.since_r_s < self.beat_s {
            return;
        }
        self.since_r_s -= self.beat_s;
        self.last_beat_s = 60.0 / self.heart_per_min;
        // Faster while breathing in, and never quite the same.
        let breath = 0.03 * (std::f64::consts::TAU * self.phase).sin();
        let vary = 1.0 - breath + 0.01 * self.noise.normal();
        self.beat_s = if self.standstill { f64::INFINITY } else { self.last_beat_s * vary };
        let lost = self.lost_ml / BLOOD_ML;
        self.stroke_ml = STROKE_ML * (1.0 - 1.9 * lost).max(0.08);
    }

    /// The artery and the finger.
    fn flow(&mut self) {
        let ejected = self.stroke_ml * ejection_per_s(self.since_r_s, self.last_beat_s);
        let drained = (self.pressure_mmhg - FILLING_MMHG) / self.resistance;
        self.pressure_mmhg += (ejected - drained) / COMPLIANCE_ML_MMHG * DT_S;
        self.pulse.rotate_left(1);
        if let Some(newest) = self.pulse.last_mut() {
            *newest = self.pressure_mmhg;
        }
        let arrived = self.pulse.first().copied().unwrap_or(self.pressure_mmhg);
        self.finger_mmhg += (arrived - self.finger_mmhg) * DT_S / 0.03;
        self.finger_mean_mmhg += (self.finger_mmhg - self.finger_mean_mmhg) * DT_S / 1.5;
    }

    fn record(&mut self, t_s: f64) -> Waves {
        let mut noisy = |size: f64| size * self.noise.normal();
        let lung = lung_share(self.phase);
        let ecg = ecg_mv(self.since_r_s, self.beat_s - self.since_r_s, self.last_beat_s)
            + 0.03 * (lung - 0.5)
            + noisy(0.008);
        // Vessels of the skin close when blood is missing.
        let open = (1.0 - 1.5 * self.lost_ml / BLOOD_ML).max(0.1);
        let infrared = 0.05 * open * (self.finger_mmhg - self.finger_mean_mmhg);
        let there = self.to_finger.first().copied().unwrap_or(self.saturation);
        Waves {
            t_s,
            ecg_mv: (!self.lead_off).then_some(ecg),
            pressure_mmhg: self.pressure_mmhg + noisy(0.1),
            pleth_ir_percent: infrared + noisy(0.003),
            pleth_red_percent: infrared * ratio_of(there) + noisy(0.003),
            volume_ml: TIDAL_ML * lung + noisy(2.0),
            co2_mmhg: (self.end_tidal_mmhg * co2_share(self.phase, 60.0 / BREATHS_PER_MIN)
                + noisy(0.1))
            .max(0.0),
        }
    }
}

/// Red over infrared at this saturation: the line that oximeters are taught with, S = 110 − 25 R.
fn ratio_of(saturation_percent: f64) -> f64 {
    (110.0 - saturation_percent) / 25.0
}

/// Saturation of this ratio.
pub(super) fn saturation_of(ratio: f64) -> f64 {
    (110.0 - 25.0 * ratio).clamp(0.0, 100.0)
}
