//! The shapes of waves.

/// One sample of everything that is recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waves {
    /// Since the start. Unit: s.
    pub t_s: f64,
    /// Electrocardiogram, lead II. Unit: mV. None while an electrode is off.
    pub ecg_mv: Option<f64>,
    /// Arterial pressure. Unit: mmHg.
    pub pressure_mmhg: f64,
    /// Plethysmogram of the finger in infrared light, its change as a share of the steady light. Unit: percent.
    pub pleth_ir_percent: f64,
    /// The same in red light.
    pub pleth_red_percent: f64,
    /// Volume of the lungs above rest. Unit: ml.
    pub volume_ml: f64,
    /// Carbon dioxide at the airway. Unit: mmHg.
    pub co2_mmhg: f64,
}

/// A deflection of the electrocardiogram: height in mV, time from R and width in s.
struct Bump {
    height_mv: f64,
    at_s: f64,
    width_s: f64,
}

/// Deflections that stand at a fixed time from R. Heights and widths of a textbook's lead II; assumed.
const AROUND_R: [Bump; 4] = [
    Bump { height_mv: 0.12, at_s: -0.16, width_s: 0.022 },
    Bump { height_mv: -0.10, at_s: -0.028, width_s: 0.009 },
    Bump { height_mv: 1.10, at_s: 0.0, width_s: 0.010 },
    Bump { height_mv: -0.22, at_s: 0.030, width_s: 0.010 },
];

/// The T wave at an interval of a second; it comes earlier with the square root of the interval (Bazett).
const T_WAVE: Bump = Bump { height_mv: 0.28, at_s: 0.30, width_s: 0.045 };

/// The electrocardiogram this long after one R and before the next, in a beat of this length. Unit: mV.
pub(super) fn ecg_mv(since_s: f64, to_next_s: f64, beat_s: f64) -> f64 {
    let bump = |bump: &Bump, at_s: f64, stretch: f64| {
        let off = (at_s - bump.at_s * stretch) / (bump.width_s * stretch);
        bump.height_mv * (-0.5 * off * off).exp()
    };
    let near = |at_s: f64| AROUND_R.iter().map(|b| bump(b, at_s, 1.0)).sum::<f64>();
    near(since_s) + near(-to_next_s) + bump(&T_WAVE, since_s, beat_s.sqrt())
}

/// Flow out of the heart this long after R, as a share of the stroke per second. Unit: 1/s.
///
/// Half a sine, and a little back through the closing valve, which makes the notch of the pressure.
pub(super) fn ejection_per_s(since_s: f64, beat_s: f64) -> f64 {
    // From R to the opening of the valve.
    const DELAY_S: f64 = 0.06;
    const BACK_S: f64 = 0.03;
    const BACK: f64 = 0.12;
    let (t, length) = (since_s - DELAY_S, 0.30 * beat_s.sqrt());
    let half_sine = |t: f64, length: f64| {
        std::f64::consts::FRAC_PI_2 / length * (std::f64::consts::PI * t / length).sin()
    };
    if (0.0..length).contains(&t) {
        (1.0 + BACK) * half_sine(t, length)
    } else if (length..length + BACK_S).contains(&t) {
        -BACK * half_sine(t - length, BACK_S)
    } else {
        0.0
    }
}

/// Share of a breath that is inspiration.
const INSPIRATION: f64 = 0.4;

/// Volume of the lungs at a phase of the breath from 0 to 1, as a share of the tidal volume.
pub(super) fn lung_share(phase: f64) -> f64 {
    if phase < INSPIRATION {
        0.5 - 0.5 * (std::f64::consts::PI * phase / INSPIRATION).cos()
    } else {
        // Passive: runs out, and is out at the end.
        let (left, end) = ((phase - INSPIRATION) / (1.0 - INSPIRATION), (-5.0_f64).exp());
        ((-5.0 * left).exp() - end) / (1.0 - end)
    }
}

/// Carbon dioxide at the airway as a share of that at the end of a breath: nothing on the way in, dead space, a steep
/// rise, a plateau that climbs to the end.
pub(super) fn co2_share(phase: f64, breath_s: f64) -> f64 {
    const DEAD_S: f64 = 0.2;
    const RISE_S: f64 = 0.1;
    const FALL_S: f64 = 0.06;
    if phase < INSPIRATION {
        return (-phase * breath_s / FALL_S).exp();
    }
    let (t, all) = ((phase - INSPIRATION) * breath_s, (1.0 - INSPIRATION) * breath_s);
    if t < DEAD_S {
        return 0.0;
    }
    (1.0 - (-(t - DEAD_S) / RISE_S).exp()) * (0.9 + 0.1 * t / all)
}
