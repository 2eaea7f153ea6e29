use super::*;
use proptest::prelude::*;

fn at(ms: u64) -> Moment<Operator> {
    Moment::from_ns(ms * 1_000_000)
}

const NOW_MS: u64 = 10_000;

fn grips() -> Vec<Grip> {
    let since = at(NOW_MS - 50);
    let mut all = vec![
        Grip::Released,
        Grip::HeldOpen { since, seq: 40 },
        Grip::Asked { count: 3, since, seq: 50 },
        Grip::Asked { count: 3, since: at(NOW_MS - 501), seq: 50 },
        Grip::Heard { count: 3, since },
        Grip::Heard { count: 3, since: at(NOW_MS - 101) },
        Grip::Following { count: 3 },
    ];
    for why in
        [MustReleaseWhy::Start, MustReleaseWhy::Epoch, MustReleaseWhy::Device, MustReleaseWhy::Stop]
    {
        all.push(Grip::MustRelease { why });
    }
    for why in [
        MustOpenWhy::ClosedFirst,
        MustOpenWhy::TooSoon,
        MustOpenWhy::StateUnknown,
        MustOpenWhy::Unanswered,
        MustOpenWhy::Refused,
        MustOpenWhy::Ended,
    ] {
        all.push(Grip::MustOpen { why });
    }
    all
}

fn answers() -> Vec<Answer> {
    let mut all = vec![Answer::Unknown];
    for echo_seq in [0, 39, 40, 49, 50, 60] {
        all.push(Answer::Still { echo_seq });
        all.push(Answer::Follows { echo_seq });
    }
    all
}

fn input(grasp: Grasp, answer: Answer) -> Input {
    Input { grasp, answer, seq: 60, closings: 3, now: at(NOW_MS) }
}

fn rank(grip: Grip) -> u8 {
    match grip {
        Grip::Following { .. } => 2,
        Grip::Asked { .. } | Grip::Heard { .. } => 1,
        _ => 0,
    }
}

/// CLUTCH: exhaustive. Asking begins only by closing an open clutch that the robot has seen open;
/// following begins only by the robot's word on that very closing.
#[test]
fn authority_rises_only_by_closing_and_then_by_the_robots_word() {
    for from in grips() {
        for grasp in Grasp::ALL {
            for answer in answers() {
                let to = from.next(&input(grasp, answer));
                let row = format!("{from:?} {grasp:?} {answer:?} -> {to:?}");
                if rank(to) <= rank(from) {
                    continue;
                }
                assert_eq!(grasp, Grasp::Closed, "{row}");
                match to {
                    Grip::Asked { count, since, seq } => {
                        assert!(matches!(from, Grip::HeldOpen { .. }), "{row}");
                        assert!(matches!(answer, Answer::Still { echo_seq } if echo_seq >= 40));
                        assert_eq!((count, since, seq), (4, at(NOW_MS), 60), "{row}");
                    }
                    Grip::Following { count } => {
                        assert!(matches!(answer, Answer::Follows { .. }), "{row}");
                        assert_eq!(count, 3, "{row}");
                        match from {
                            Grip::Asked { .. } => {
                                assert!(
                                    matches!(answer, Answer::Follows { echo_seq } if echo_seq >= 50)
                                );
                            }
                            Grip::Heard { .. } => {}
                            _ => panic!("{row}"),
                        }
                    }
                    _ => panic!("{row}"),
                }
            }
        }
    }
}

#[test]
fn releasing_always_wins_and_only_releasing_ends_must_release() {
    for from in grips() {
        for answer in answers() {
            assert_eq!(from.next(&input(Grasp::Released, answer)), Grip::Released);
            let gone = from.next(&input(Grasp::Gone, answer));
            assert_eq!(gone, Grip::MustRelease { why: MustReleaseWhy::Device });
            if let Grip::MustRelease { .. } = from {
                assert_eq!(from.next(&input(Grasp::Open, answer)), from);
                assert_eq!(from.next(&input(Grasp::Closed, answer)), from);
            }
        }
    }
}

#[test]
fn opening_ends_every_closing_and_every_must_open() {
    for from in grips().into_iter().filter(|g| !matches!(g, Grip::MustRelease { .. })) {
        for answer in answers() {
            let to = from.next(&input(Grasp::Open, answer));
            match from {
                Grip::HeldOpen { .. } => assert_eq!(to, from),
                _ => assert_eq!(to, Grip::HeldOpen { since: at(NOW_MS), seq: 60 }),
            }
        }
    }
}

#[test]
fn closings_that_lead_nowhere_say_why() {
    let why = |from: Grip, answer| match from.next(&input(Grasp::Closed, answer)) {
        Grip::MustOpen { why } => why,
        other => panic!("{other:?}"),
    };
    let since = at(NOW_MS - 50);
    let open = Grip::HeldOpen { since, seq: 40 };
    assert_eq!(why(Grip::Released, Answer::Still { echo_seq: 59 }), MustOpenWhy::ClosedFirst);
    assert_eq!(why(open, Answer::Unknown), MustOpenWhy::StateUnknown);
    assert_eq!(why(open, Answer::Still { echo_seq: 39 }), MustOpenWhy::TooSoon);
    assert_eq!(why(open, Answer::Follows { echo_seq: 59 }), MustOpenWhy::TooSoon);
    let asked = Grip::Asked { count: 1, since: at(NOW_MS - 501), seq: 50 };
    assert_eq!(why(asked, Answer::Unknown), MustOpenWhy::Unanswered);
    assert_eq!(why(asked, Answer::Still { echo_seq: 49 }), MustOpenWhy::Unanswered);
    assert_eq!(why(asked, Answer::Follows { echo_seq: 49 }), MustOpenWhy::Unanswered);
    let heard = Grip::Heard { count: 1, since: at(NOW_MS - 101) };
    assert_eq!(why(heard, Answer::Still { echo_seq: 59 }), MustOpenWhy::Refused);
    let following = Grip::Following { count: 1 };
    assert_eq!(why(following, Answer::Still { echo_seq: 59 }), MustOpenWhy::Ended);
}

#[test]
fn limits_hold_at_the_limit_and_not_after_it() {
    let answer = Answer::Still { echo_seq: 0 };
    let asked = |ms| Grip::Asked { count: 1, since: at(NOW_MS - ms), seq: 50 };
    assert_eq!(asked(500).next(&input(Grasp::Closed, answer)), asked(500));
    assert_ne!(asked(501).next(&input(Grasp::Closed, answer)), asked(501));
    let heard = |ms| Grip::Heard { count: 1, since: at(NOW_MS - ms) };
    assert_eq!(heard(100).next(&input(Grasp::Closed, answer)), heard(100));
    assert_ne!(heard(101).next(&input(Grasp::Closed, answer)), heard(101));
    let future = Grip::Heard { count: 1, since: at(NOW_MS + 1) };
    assert_ne!(future.next(&input(Grasp::Closed, answer)), future, "a clock that ran backwards");
}

#[test]
fn a_stop_needs_a_release_from_everywhere_and_a_lost_device_stays_the_reason() {
    for from in grips() {
        let to = from.stopped(MustReleaseWhy::Epoch);
        if from == (Grip::MustRelease { why: MustReleaseWhy::Device }) {
            assert_eq!(to, from);
            assert!(!to.believes_deadman());
        } else {
            assert_eq!(to, Grip::MustRelease { why: MustReleaseWhy::Epoch });
        }
        assert_eq!(rank(to), 0);
    }
}

#[test]
fn every_refusal_has_a_code_of_its_own_and_a_sentence() {
    let refusals: Vec<_> = grips().into_iter().filter_map(Grip::refusal).collect();
    let ids: std::collections::BTreeSet<_> = refusals.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 10);
    assert!(refusals.iter().all(|(id, s)| id.starts_with("HAND-") && s.ends_with('.')));
}

fn any_grasp() -> impl Strategy<Value = Grasp> {
    prop_oneof![
        1 => Just(Grasp::Gone), 2 => Just(Grasp::Released),
        4 => Just(Grasp::Open), 6 => Just(Grasp::Closed),
    ]
}

proptest! {
    /// CLUTCH: whatever hand and robot do, every following under an epoch has its own release, its
    /// own open clutch and its own closing, in this order, under this epoch.
    #[test]
    fn no_following_without_the_full_act_under_this_epoch(
        steps in proptest::collection::vec((any_grasp(), 0_u8..3, 0_u64..40, 0_u8..20), 1..200),
    ) {
        let mut grip = Grip::start();
        let (mut closings, mut now_ms) = (0, 1_000);
        let (mut released, mut opened) = (false, false);
        for (seq, (grasp, answer, gap_ms, stop)) in (1_u64..).zip(steps) {
            if stop == 0 {
                grip = grip.stopped(MustReleaseWhy::Epoch);
                (released, opened) = (false, false);
            }
            now_ms += gap_ms;
            let echo_seq = seq.saturating_sub(gap_ms / 10);
            let answer = match answer {
                0 => Answer::Unknown,
                1 => Answer::Still { echo_seq },
                _ => Answer::Follows { echo_seq },
            };
            grip = grip.next(&Input { grasp, answer, seq, closings, now: at(now_ms) });
            if let Grip::Asked { count, .. } = grip {
                closings = closings.max(count);
            }
            match grasp {
                Grasp::Gone => (released, opened) = (false, false),
                Grasp::Released => (released, opened) = (true, false),
                Grasp::Open => opened = released,
                Grasp::Closed => {}
            }
            if grip.asks_to_follow() {
                prop_assert!(released && opened, "{:?}", grip);
                prop_assert_eq!(grasp, Grasp::Closed);
            }
        }
    }
}
