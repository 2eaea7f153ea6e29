use core::num::NonZeroU64;

use proptest::prelude::*;

use super::super::quantile::{Distribution, HyperExponential, Quantiles};
use super::super::spec::{
    DelaySpec, LossSpec, OutageSpec, Pareto, QueueLimit, RateSpec, Span, TwoStates, When,
};
use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn constant(delay: Duration) -> LinkSpec {
    let distribution = Distribution::Constant(delay);
    LinkSpec { delay: DelaySpec { distribution, ..DelaySpec::default() }, ..LinkSpec::default() }
}

fn delivered(fate: Fate) -> Option<Duration> {
    match fate {
        Fate::Delivered { at, .. } => Some(at),
        Fate::Lost(_) => None,
    }
}

#[test]
fn a_bare_link_delivers_after_its_delay() {
    let mut link = LinkModel::new(&constant(ms(20)), 1);
    let want = Fate::Delivered { at: ms(25), again: None, queued: Duration::ZERO };
    assert_eq!(link.offer(ms(5), 100), want);
    assert_eq!(
        LinkModel::new(&LinkSpec::default(), 1).offer(ms(5), 100),
        Fate::Delivered { at: ms(5), again: None, queued: Duration::ZERO }
    );
}

#[test]
fn the_first_packet_after_a_silence_pays_and_holds_those_behind_it() {
    let idle = vec![
        IdleStep { after: ms(350), extra: ms(200) },
        IdleStep { after: ms(10_000), extra: ms(900) },
    ];
    let mut link = LinkModel::new(&LinkSpec { idle, ..constant(ms(10)) }, 1);
    let mut at = |t| delivered(link.offer(ms(t), 100)).unwrap();
    assert_eq!([at(0), at(300), at(700), at(710)], [ms(10), ms(310), ms(910), ms(910)]);
    assert_eq!([at(10_710), at(12_000)], [ms(11_620), ms(12_210)]);
}

#[test]
fn an_outage_loses_or_holds() {
    let when = When::Once { at: ms(100), length: ms(50) };
    let with = |lose| {
        let outages = vec![OutageSpec { when, lose }];
        let mut link = LinkModel::new(&LinkSpec { outages, ..constant(ms(10)) }, 1);
        [99, 100, 149, 150].map(|t| link.offer(ms(t), 100))
    };
    let lost = with(Chance::ALWAYS);
    assert_eq!(lost[1..3], [Fate::Lost(Reason::Outage); 2]);
    assert_eq!(lost.map(delivered), [Some(ms(109)), None, None, Some(ms(160))]);
    let held = with(Chance::NEVER);
    assert_eq!(held.map(delivered), [ms(109), ms(160), ms(160), ms(160)].map(Some));
}

#[test]
fn a_path_that_is_cut_stays_cut_whether_it_loses_or_holds() {
    for lose in [Chance::ALWAYS, Chance::NEVER] {
        let when = When::Once { at: ms(100), length: Duration::MAX };
        let outages = vec![OutageSpec { when, lose }];
        let mut link = LinkModel::new(&LinkSpec { outages, ..constant(ms(10)) }, 1);
        assert!(delivered(link.offer(ms(99), 1)).is_some());
        assert_eq!(link.offer(Duration::from_hours(9), 1), Fate::Lost(Reason::Outage));
    }
}

#[test]
fn a_full_queue_drops_and_what_waits_is_late() {
    let bits_per_s = NonZeroU64::new(1_000_000).unwrap();
    let rate = Some(RateSpec { bits_per_s, queue: QueueLimit::Time(ms(20)) });
    let mut link = LinkModel::new(&LinkSpec { rate, ..constant(ms(10)) }, 1);
    // 1222 bytes with headers take ten milliseconds.
    let fates = [0, 0, 0, 15].map(|t| link.offer(ms(t), 1222));
    assert_eq!(fates.map(delivered), [Some(ms(20)), Some(ms(30)), None, Some(ms(40))]);
    assert_eq!(fates[2], Fate::Lost(Reason::Queue));
    assert_eq!(link.wait(ms(16)), ms(14));
}

#[test]
fn a_link_that_follows_another_keeps_order_and_counts() {
    let mut slow = LinkModel::new(&constant(ms(500)), 1);
    slow.offer(ms(0), 10);
    let mut fast = LinkModel::new(&constant(ms(1)), 1).following(&slow);
    assert_eq!(delivered(fast.offer(ms(1), 10)), Some(ms(500)));
    assert_eq!(delivered(fast.offer(ms(600), 10)), Some(ms(601)));
    assert_eq!(fast.counts().offered, 3);
}

// --- laws ------------------------------------------------------------------------------------------

fn time(max_ms: u64) -> impl Strategy<Value = Duration> {
    prop_oneof![Just(Duration::ZERO), (0..=max_ms * 1_000).prop_map(Duration::from_micros)]
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0].prop_map(|c| Chance::new(c).unwrap())
}

fn distribution() -> impl Strategy<Value = Distribution> {
    let table = prop::collection::vec((0.001..0.999_f64, 0..300_000_u64), 0..6);
    let table = (table, 0..50_000_u64).prop_map(|(mut inner, least)| {
        inner.sort_by(|a, b| a.0.total_cmp(&b.0));
        inner.dedup_by(|a, b| a.0 == b.0);
        let mut delay = least;
        let mut points = vec![(0.0, Duration::from_micros(least))];
        for (share, more) in inner.into_iter().chain([(1.0, 1_000)]) {
            delay += more;
            points.push((share, Duration::from_micros(delay)));
        }
        Distribution::Quantiles(Quantiles::new(points).unwrap())
    });
    let law = (time(500), 0.0..=1.0_f64, time(200), time(200)).prop_map(|(least, share, a, b)| {
        let parts = [(share, a), (1.0 - share, b)];
        Distribution::HyperExponential(HyperExponential::new(least, &parts).unwrap())
    });
    prop_oneof![time(800).prop_map(Distribution::Constant), table, law]
}

fn loss() -> impl Strategy<Value = LossSpec> {
    let states =
        || (chance(), chance()).prop_map(|(to_bad, to_good)| TwoStates { to_bad, to_good });
    let pareto = || (1.01..9.0_f64, 0.01..50.0_f64).prop_map(|(a, l)| Pareto::new(a, l).unwrap());
    prop_oneof![
        Just(LossSpec::Never),
        chance().prop_map(LossSpec::Independent),
        (states(), chance(), chance())
            .prop_map(|(states, good, bad)| { LossSpec::GilbertElliott { states, good, bad } }),
        (states(), pareto(), pareto()).prop_map(|(states, good, bad)| LossSpec::ParetoBursts {
            states,
            good,
            bad
        }),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        time(3_000).prop_map(Span::Fixed),
        (time(3_000), time(3_000)).prop_map(|(a, b)| Span::Uniform(a, b)),
        time(3_000).prop_map(Span::Exponential),
    ]
}

fn outage() -> impl Strategy<Value = OutageSpec> {
    let when =
        prop_oneof![
            (time(2_000), time(500)).prop_map(|(at, length)| When::Once { at, length }),
            (time(2_000), time(2_000), time(3_000))
                .prop_map(|(every, at, length)| When::Periodic { every, at, length }),
            (span(), span()).prop_map(|(pause, length)| When::Random { pause, length }),
        ];
    (when, chance()).prop_map(|(when, lose)| OutageSpec { when, lose })
}

fn rate() -> impl Strategy<Value = Option<RateSpec>> {
    let queue = prop_oneof![
        (0..200_000_u64).prop_map(QueueLimit::Bytes),
        time(500).prop_map(QueueLimit::Time)
    ];
    let rate = (1_000..1_000_000_000_u64, queue)
        .prop_map(|(bits, queue)| RateSpec { bits_per_s: NonZeroU64::new(bits).unwrap(), queue });
    prop::option::of(rate)
}

prop_compose! {
    fn spec()(
        distribution in distribution(), correlation in time(500), jitter in time(20),
        free in any::<bool>(), loss in loss(), rate in rate(),
        outages in prop::collection::vec(outage(), 0..3),
        idle in prop::collection::vec((time(2_000), time(900)), 0..3),
        reorder in prop::option::of((chance(), time(50))), duplicate in chance(),
    ) -> LinkSpec {
        let order = if free { Order::Free } else { Order::Kept };
        LinkSpec {
            delay: DelaySpec { distribution, correlation, jitter, order },
            loss, rate, outages, duplicate,
            idle: idle.into_iter().map(|(after, extra)| IdleStep { after, extra }).collect(),
            reorder: reorder.map(|(chance, by)| ReorderSpec { chance, by }),
        }
    }
}

/// Gaps between packets, mostly short, and sizes.
fn traffic() -> impl Strategy<Value = Vec<(Duration, usize)>> {
    let gap = prop_oneof![
        20 => (0..3_000_u64).prop_map(Duration::from_micros),
        1 => (0..5_000_u64).prop_map(Duration::from_millis),
        1 => any::<u32>().prop_map(|s| Duration::from_secs(u64::from(s))),
    ];
    prop::collection::vec((gap, 0..1_500_usize), 1..300)
}

/// Each packet with when it was offered, its size and its fate.
fn run(link: &mut LinkModel, traffic: &[(Duration, usize)]) -> Vec<(Duration, usize, Fate)> {
    let mut now = Duration::ZERO;
    let offer = |(gap, bytes): &(Duration, usize)| {
        now += *gap;
        (now, *bytes, link.offer(now, *bytes))
    };
    traffic.iter().map(offer).collect()
}

proptest! {
    #[test]
    fn nothing_arrives_before_the_least_delay(spec in spec(), traffic in traffic(), seed: u64) {
        let mut link = LinkModel::new(&spec, seed);
        // A nanosecond for the rounding of a delay in seconds.
        let least = spec.delay.distribution.least().saturating_sub(Duration::from_nanos(2));
        for (now, _, fate) in run(&mut link, &traffic) {
            if let Fate::Delivered { at, again, queued } = fate {
                prop_assert!(at >= now + queued + least, "{now:?} {fate:?}");
                prop_assert!(again.is_none_or(|again| again >= at));
            }
        }
    }

    #[test]
    fn order_is_kept_unless_asked_otherwise(spec in spec(), traffic in traffic(), seed: u64) {
        let mut spec = spec;
        spec.reorder = None;
        spec.delay.order = Order::Kept;
        let fates = run(&mut LinkModel::new(&spec, seed), &traffic);
        let arrivals: Vec<_> = fates.iter().filter_map(|(_, _, fate)| delivered(*fate)).collect();
        prop_assert!(arrivals.is_sorted());
    }

    #[test]
    fn one_seed_is_one_run(spec in spec(), traffic in traffic(), seed: u64) {
        let of = |seed| run(&mut LinkModel::new(&spec, seed), &traffic);
        prop_assert_eq!(of(seed), of(seed));
    }

    /// Over any window: what arrives in it, but for the first packet, was sent in it.
    #[test]
    fn the_rate_is_never_exceeded(spec in spec(), traffic in traffic(), seed: u64) {
        let mut spec = spec;
        spec.reorder = None;
        spec.delay.order = Order::Kept;
        let Some(rate) = spec.rate else { return Ok(()) };
        let fates = run(&mut LinkModel::new(&spec, seed), &traffic);
        let arrivals: Vec<_> =
            fates.iter().filter_map(|(_, bytes, f)| Some((delivered(*f)?, *bytes))).collect();
        let bits = |bytes: usize| (bytes as f64 + HEADER) * 8.0;
        for from in 0..arrivals.len() {
            let mut sum = 0.0;
            for (at, bytes) in &arrivals[from + 1..] {
                sum += bits(*bytes);
                let window = at.saturating_sub(arrivals[from].0).as_secs_f64();
                // A nanosecond of rounding for each packet.
                let most = (window + 300e-9) * rate.bits_per_s.get() as f64;
                prop_assert!(sum <= most * (1.0 + 1e-9), "{sum} bits in {window} s");
            }
        }
    }

    /// What was let in and has not been sent is never more than the queue holds.
    #[test]
    fn the_queue_is_never_longer_than_its_limit(spec in spec(), traffic in traffic(), seed: u64) {
        let Some(rate) = spec.rate else { return Ok(()) };
        let mut link = LinkModel::new(&LinkSpec { loss: LossSpec::Never, ..spec.clone() }, seed);
        let limit = match rate.queue {
            QueueLimit::Bytes(bytes) => bytes as f64,
            QueueLimit::Time(time) => time.as_secs_f64() * rate.bits_per_s.get() as f64 / 8.0,
        };
        let mut inside: Vec<(Duration, f64)> = Vec::new();
        for (now, bytes, fate) in run(&mut link, &traffic) {
            let Fate::Delivered { queued, .. } = fate else { continue };
            let wire = bytes as f64 + HEADER;
            let time = Duration::from_secs_f64(wire * 8.0 / rate.bits_per_s.get() as f64);
            inside.retain(|(sent, _)| *sent > now);
            inside.push((now + queued + time, wire));
            // The packet that is being sent counts in part.
            let begun: f64 = inside.iter().map(|(_, w)| w).sum();
            let first = inside.first().map_or(0.0, |(_, w)| *w);
            prop_assert!(begun - first <= limit + 1.0, "{begun} bytes, limit {limit}");
        }
    }

    #[test]
    fn counts_add_up(spec in spec(), traffic in traffic(), seed: u64) {
        let mut link = LinkModel::new(&spec, seed);
        let fates = run(&mut link, &traffic);
        let counts = *link.counts();
        prop_assert_eq!(counts.offered, fates.len() as u64);
        prop_assert_eq!(counts.offered, counts.delivered + counts.lost());
        let twice = |f: &Fate| matches!(f, Fate::Delivered { again: Some(_), .. });
        prop_assert_eq!(counts.duplicated, fates.iter().filter(|f| twice(&f.2)).count() as u64);
        let arrived = fates.iter().filter(|f| delivered(f.2).is_some());
        prop_assert_eq!(counts.delivered_bytes, arrived.map(|f| f.1 as u64).sum::<u64>());
        prop_assert!(counts.reordered <= counts.delivered);
    }
}

const HEADER: f64 = 28.0;
