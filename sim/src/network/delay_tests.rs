use super::super::quantile::{Distribution, Quantiles};
use super::super::spec::Order;
use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn spiky(correlation: Duration) -> DelaySpec {
    let points = [(0.0, 10), (0.5, 16), (0.95, 30), (0.99, 60), (0.999, 200), (1.0, 500)];
    let points = points.iter().map(|(p, d)| (*p, ms(*d))).collect();
    let distribution = Distribution::Quantiles(Quantiles::new(points).unwrap());
    DelaySpec { distribution, correlation, jitter: Duration::ZERO, order: Order::Kept }
}

fn delays(spec: &DelaySpec, every: Duration, n: u32) -> Vec<f64> {
    let (mut process, mut noise) = (DelayProcess::new(spec), Noise::new(5));
    (0..n).map(|i| process.at(every * i, &mut noise)).collect()
}

fn percentile(sorted: &[f64], p: f64) -> f64 {
    sorted[((sorted.len() as f64 * p) as usize).min(sorted.len() - 1)]
}

/// However often one asks: the reason for the process in this file.
#[test]
fn the_distribution_is_the_same_for_a_thousand_packets_a_second_and_for_one() {
    for (every, n) in [(ms(1), 8_000_000), (ms(20), 2_000_000), (ms(1000), 1_000_000)] {
        let mut got = delays(&spiky(ms(50)), every, n);
        got.sort_by(f64::total_cmp);
        for (p, want) in [(0.5, 16.0), (0.95, 30.0), (0.99, 60.0), (0.999, 200.0)] {
            let got = percentile(&got, p) * 1e3;
            // Two hours hold some dozens of the longest spikes only.
            let slack = if p > 0.99 { 0.12 } else { 0.06 };
            assert!((got / want - 1.0).abs() < slack, "every {every:?}: p{p} {got} ms, not {want}");
        }
    }
}

/// What the other way would give: a draw for each of a thousand packets a second, put in order, turns a
/// median of 16 ms into more than 50 ms.
#[test]
fn a_draw_for_each_packet_would_be_far_off_once_they_are_in_order() {
    let drawn = delays(&spiky(Duration::ZERO), Duration::ZERO, 1_000_000);
    let mut last = 0.0_f64;
    let in_order = (0..).zip(&drawn).map(|(i, delay)| {
        let sent = f64::from(i) * 1e-3;
        last = last.max(sent + delay);
        last - sent
    });
    let mut sorted: Vec<_> = in_order.collect();
    sorted.sort_by(f64::total_cmp);
    let median = percentile(&sorted, 0.5) * 1e3;
    assert!((50.0..60.0).contains(&median), "{median}");
}

#[test]
fn a_delay_never_falls_faster_than_time_passes() {
    let every = Duration::from_micros(700);
    let got = delays(&spiky(ms(50)), every, 400_000);
    for pair in got.windows(2) {
        assert!(pair[1] + every.as_secs_f64() >= pair[0] - 1e-9, "{pair:?}");
    }
}

#[test]
fn correlation_falls_to_about_a_third_in_the_stated_time() {
    for (correlation, lag) in [(ms(200), 200), (ms(50), 50)] {
        // Without a tail, whose few spikes would decide.
        let points = vec![(0.0, ms(1)), (0.5, ms(2)), (0.9, ms(3)), (1.0, ms(4))];
        let distribution = Distribution::Quantiles(Quantiles::new(points).unwrap());
        let got = delays(&DelaySpec { distribution, ..spiky(correlation) }, ms(1), 1_000_000);
        let mean = got.iter().sum::<f64>() / got.len() as f64;
        let product = |lag: usize| -> f64 {
            got.iter().zip(&got[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum()
        };
        let correlation = product(lag) / product(0);
        assert!((0.25..0.45).contains(&correlation), "{correlation}");
    }
}

#[test]
fn without_correlation_every_packet_draws_its_own() {
    let got = delays(&spiky(Duration::ZERO), Duration::ZERO, 200_000);
    let changed = got.windows(2).filter(|w| w[0] != w[1]).count();
    assert!(changed > 199_000);
    let mut sorted = got;
    sorted.sort_by(f64::total_cmp);
    assert!((percentile(&sorted, 0.95) * 1e3 - 30.0).abs() < 1.0);
}
