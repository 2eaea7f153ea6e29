use core::time::Duration;

use super::*;

const MTU: u16 = 1452;

fn start() -> (Yielding, Instant) {
    #[expect(clippy::disallowed_methods, reason = "a test needs some first moment")]
    let now = Instant::now();
    (Yielding::new(now, MTU), now)
}

#[test]
fn a_mark_cuts_once_and_packets_sent_before_it_cut_no_more() {
    let (mut flow, now) = start();
    let (sent, later) = (now + Duration::from_millis(1), now + Duration::from_millis(30));
    let before = flow.window();
    flow.on_congestion_event(later, sent, false, 0);
    let after = flow.window();
    assert!(after < before, "{after}");
    flow.on_congestion_event(later, sent, false, 0);
    assert_eq!(flow.window(), after);
    flow.on_congestion_event(later + Duration::from_millis(30), later, false, 0);
    assert!(flow.window() < after);
}

#[test]
fn persistent_congestion_starts_anew_from_the_smallest_window() {
    let (mut flow, now) = start();
    flow.on_congestion_event(now, now, true, 20_000);
    assert_eq!(flow.window(), 4 * u64::from(MTU));
    assert!(matches!(flow.phase, Phase::Start { .. }));
}

#[test]
fn a_loss_that_is_not_persistent_changes_nothing_by_itself() {
    let (mut flow, now) = start();
    flow.phase = HOLD;
    let before = flow.window();
    flow.on_congestion_event(now, now, false, 2_000);
    assert_eq!(flow.window(), before);
}

#[test]
fn the_wanted_queue_shrinks_with_the_rate_and_the_round_trip_inside_its_limits() {
    let at_issue = target_s(TARGET_RATE, 0.0);
    assert_eq!(at_issue, TARGET_S);
    assert!(target_s(4.0 * TARGET_RATE, 0.0) < at_issue);
    assert!(target_s(TARGET_RATE, 0.1) < at_issue);
    for rate in [0.0, 1.0, 1e12, f64::INFINITY, f64::NAN] {
        for rest_s in [0.0, 0.6, f64::INFINITY] {
            let target_s = target_s(rate, rest_s);
            assert!((TARGET_MIN_S..=TARGET_MAX_S).contains(&target_s), "{rate} {rest_s}");
        }
    }
}

#[test]
fn the_smallest_window_carries_a_thumbnail_over_a_satellite() {
    let (mut flow, _) = start();
    flow.path = Some(Path { mean_s: 0.6, jitter_s: 0.0 });
    assert!(flow.floor() >= 0.6 * FLOOR_RATE);
}

#[test]
fn a_window_survives_any_smaller_packet_size() {
    let (mut flow, _) = start();
    flow.on_mtu_update(1200);
    assert!(flow.window() >= 4 * 1200);
    assert_eq!(flow.initial_window(), 12_000);
}
