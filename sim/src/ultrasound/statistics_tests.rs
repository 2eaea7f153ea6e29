//! What the echoes of even tissue must obey, before compression: Rayleigh's distribution, and the loss that is set.

use super::*;
use crate::phantom::Placement;

/// A wide body of one medium without texture or wall that loses so much. Unit: dB per cm and MHz.
pub(super) fn losing(attenuation: f64) -> Phantom {
    Phantom::from_toml(&format!(
        "name = \"even\"\n[surface]\ncentre_m = [0.0, 0.0, 0.0]\nhalf_axes_m = [0.5, 0.5, 0.5]\n\
         exponent = 2.0\n[[medium]]\nname = \"liver\"\nimpedance = \"soft\"\necho_db = 0.0\n\
         attenuation_db_cm_mhz = {attenuation}\n",
    ))
    .unwrap()
}

/// Both probes, as they are set, with the samples around their focus.
fn probes() -> [(Probe, Settings, core::ops::Range<usize>); 2] {
    [
        (Probe::curved(), Settings::abdomen(), 130..270),
        (Probe::linear(), Settings::small_parts(), 110..260),
    ]
}

/// Echo powers of even tissue around the focus, from places so far apart that none knows of another: two and a half
/// times the reach of the point spread apart in the picture, five millimetres apart from picture to picture.
fn independent_powers(
    probe: Probe,
    settings: Settings,
    samples: core::ops::Range<usize>,
    seed: u64,
) -> Vec<f64> {
    let phantom = losing(0.5);
    let mut scanner = Scanner::new(probe, settings, 64, 64, seed).unwrap();
    let mut out = vec![0; 64 * 64];
    let mut powers = Vec::new();
    for picture in 0..12 {
        let y_m = f64::from(picture) * 0.005 - 0.03;
        let at = Placement { y_m, press_m: 0.006, ..Placement::default() };
        scanner.render(&phantom, &phantom.probe_pose(&at), 0.0, &mut out).unwrap();
        for beam in (24..104).step_by(8) {
            for sample in samples.clone().step_by(20) {
                powers.push(f64::from(scanner.power()[beam * SAMPLES + sample]));
            }
        }
    }
    powers
}

/// Kolmogorov and Smirnov's distance of an amplitude's sample from a Rayleigh distribution whose scale is taken from
/// the sample, in the form whose quantiles Stephens tabulated (J. Am. Stat. Assoc. 69, 1974, 730, for the exponential
/// distribution: an amplitude is Rayleigh-distributed where its square is exponential, and the distance is the same).
fn distance_from_rayleigh(powers: &[f64]) -> f64 {
    let n = powers.len() as f64;
    let mean = powers.iter().sum::<f64>() / n;
    let mut sorted = powers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let distance = sorted.iter().enumerate().fold(0.0_f64, |worst, (i, power)| {
        let expected = 1.0 - (-power / mean).exp();
        worst.max(expected - i as f64 / n).max((i as f64 + 1.0) / n - expected)
    });
    (distance - 0.2 / n) * (n.sqrt() + 0.26 + 0.5 / n.sqrt())
}

/// Beyond this one sample in twenty of a true Rayleigh distribution lies.
const CRITICAL: f64 = 1.094;

/// Fields that are looked at, and how many of them may lie beyond [`CRITICAL`]: of twenty true ones one does in the
/// mean, and more than three once in sixty times.
const FIELDS: u64 = 20;
const BEYOND_MAX: usize = 3;

#[test]
fn the_amplitude_of_even_tissue_is_rayleigh_distributed_with_both_probes() {
    for (probe, settings, samples) in probes() {
        let distances: Vec<f64> = (0..FIELDS)
            .map(|seed| {
                let powers = independent_powers(probe, settings, samples.clone(), seed);
                assert!(powers.len() >= 800, "{}", powers.len());
                distance_from_rayleigh(&powers)
            })
            .collect();
        let beyond = distances.iter().filter(|distance| **distance > CRITICAL).count();
        assert!(beyond <= BEYOND_MAX, "{beyond} with {:?}: {distances:?}", probe.array);
    }
}

#[test]
fn the_same_test_refuses_other_distributions() {
    let [(probe, settings, samples), _] = probes();
    let rayleigh = independent_powers(probe, settings, samples, 3);
    let mean = rayleigh.iter().sum::<f64>() / rayleigh.len() as f64;
    // An amplitude that is exponential where it should be Rayleigh: the same ranks, other values.
    let exponential: Vec<f64> = rayleigh.iter().map(|p| (p / mean).powi(2)).collect();
    assert!(distance_from_rayleigh(&exponential) > 3.0 * CRITICAL);
    // Compressed amplitudes, as a picture's greys are.
    let compressed: Vec<f64> = rayleigh.iter().map(|p| p.sqrt()).collect();
    assert!(distance_from_rayleigh(&compressed) > 3.0 * CRITICAL);
    // A mirror as strong as the scatterers behind each of them: Rician.
    let (mut noise, half) = (Noise::new(5), core::f64::consts::FRAC_1_SQRT_2);
    let rician: Vec<f64> = (0..rayleigh.len())
        .map(|_| (1.0 + half * noise.normal()).powi(2) + (half * noise.normal()).powi(2))
        .collect();
    assert!(distance_from_rayleigh(&rician) > 1.5 * CRITICAL);
    // Without the mirror it passes: the test refuses what is wrong, and not everything.
    let fair: Vec<f64> = (0..rayleigh.len()).map(|_| -(1.0 - noise.uniform()).ln()).collect();
    assert!(distance_from_rayleigh(&fair) < CRITICAL);
}

/// Slope of the echo level over depth, without time gain compensation and without what the table adds for focus and
/// ringing, one way. Unit: dB per cm and MHz. Least squares over the mean power of each depth.
fn slope(probe: Probe, settings: Settings, attenuation: f64) -> f64 {
    let settings = Settings { compensation_db_cm_mhz: 0.0, ..settings };
    let table = gain_table(&settings);
    let phantom = losing(attenuation);
    let mut scanner = Scanner::new(probe, settings, 64, 64, 3).unwrap();
    let mut out = vec![0; 64 * 64];
    let mut mean = vec![0.0_f64; SAMPLES];
    for picture in 0..12 {
        let y_m = f64::from(picture) * 0.005 - 0.03;
        // Just touching: a press would draw out what is near.
        let at = Placement { y_m, press_m: 0.0005, ..Placement::default() };
        scanner.render(&phantom, &phantom.probe_pose(&at), 0.0, &mut out).unwrap();
        for beam in scanner.power().chunks_exact(SAMPLES).skip(52).take(24) {
            for (sum, power) in mean.iter_mut().zip(beam) {
                *sum += f64::from(*power);
            }
        }
    }
    let points: Vec<(f64, f64)> = mean
        .iter()
        .zip(&table)
        .enumerate()
        .skip(SAMPLES / 10)
        .take(SAMPLES * 7 / 10)
        .map(|(i, (power, gain_db))| {
            let way_cm = (i as f64 + 0.5) * settings.depth_m * 100.0 / SAMPLES as f64;
            (way_cm, 10.0 * power.log10() - f64::from(*gain_db))
        })
        .collect();
    let n = points.len() as f64;
    let (mx, my) = points.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
    let fall = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
        / points.iter().map(|p| (p.0 - mx).powi(2)).sum::<f64>();
    -fall / (2.0 * settings.frequency_mhz)
}

#[test]
fn sound_is_lost_as_the_file_says_within_a_tenth() {
    let deep = Settings { depth_m: 0.12, focus_m: 0.06, ..Settings::abdomen() };
    let near = Settings::small_parts();
    let with = |settings: Settings, mhz| Settings { frequency_mhz: mhz, ..settings };
    for (probe, settings) in [
        (Probe::curved(), with(deep, 2.5)),
        (Probe::curved(), with(deep, 3.5)),
        (Probe::curved(), with(deep, 5.0)),
        (Probe::linear(), with(near, 5.0)),
        (Probe::linear(), with(near, 7.5)),
        (Probe::linear(), with(near, 10.0)),
    ] {
        for set in [0.3, 0.5, 0.7] {
            let got = slope(probe, settings, set);
            let off = (got / set - 1.0).abs();
            assert!(off < 0.1, "{got} and not {set} at {} MHz", settings.frequency_mhz);
        }
    }
}
