use super::*;
use crate::picture::ViewSource;
use crate::time::Moment;

/// A picture: view, pictures skipped before it, keyframe.
type Picture = (u64, u32, bool);

fn header((view, skipped, keyframe): Picture) -> PictureHeader {
    PictureHeader {
        source: ViewSource::Ultrasound,
        view,
        captured: Moment::START,
        encode_us: 0,
        width: 2,
        height: 2,
        depth_um: 0,
        keyframe,
        skipped,
        length: 0,
    }
}

fn push(ordered: &mut Ordered<Picture>, picture: Picture) -> Release<Picture> {
    ordered.push(&header(picture), picture)
}

fn views(release: &Release<Picture>) -> Vec<u64> {
    release.pictures.iter().map(|p| p.0).collect()
}

/// Every order of `items`.
fn permutations<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for at in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}

/// What holds for every arrival order: views rise, each released picture decodes, each picture is
/// released at most once, and no more wait than may.
fn check_laws(arrivals: &[Picture]) -> (Vec<Picture>, u32) {
    let mut ordered = Ordered::new();
    let (mut shown, mut asked): (Vec<Picture>, u32) = (Vec::new(), 0);
    for picture in arrivals {
        let release = push(&mut ordered, *picture);
        for p in release.pictures {
            let last = shown.last().map_or(0, |s| s.0);
            assert!(p.0 > last, "{arrivals:?}: {} after {last}", p.0);
            assert!(p.2 || p.0 - 1 - u64::from(p.1) == last, "{arrivals:?}: {} on {last}", p.0);
            shown.push(p);
        }
        asked += u32::from(release.keyframe_wanted);
        assert!(ordered.waiting.len() <= WAIT_MAX);
    }
    let seen = shown.len() as u64 + ordered.dropped() + ordered.waiting.len() as u64;
    assert_eq!(seen, arrivals.len() as u64, "{arrivals:?}");
    (shown, asked)
}

#[test]
fn every_order_of_a_small_window_ends_complete_and_in_order() {
    // With gaps where pictures were never sent: 2 and 5 were skipped before encoding.
    let sent: [Picture; 5] =
        [(1, 0, true), (3, 1, false), (4, 0, false), (6, 1, false), (7, 0, false)];
    for arrivals in permutations(&sent) {
        let (shown, asked) = check_laws(&arrivals);
        assert_eq!((shown.as_slice(), asked), (&sent[..], 0), "{arrivals:?}");
    }
}

#[test]
fn in_every_order_a_later_keyframe_is_shown_and_all_that_follows_it() {
    let sent: [Picture; 6] =
        [(1, 0, true), (2, 0, false), (3, 0, false), (4, 0, true), (5, 0, false), (6, 0, false)];
    for arrivals in permutations(&sent) {
        let (shown, asked) = check_laws(&arrivals);
        assert!(shown.ends_with(&sent[3..]), "{arrivals:?}: {shown:?}");
        assert_eq!(asked, 0, "{arrivals:?}");
    }
}

#[test]
fn with_any_one_picture_lost_every_order_keeps_the_laws() {
    let sent: Vec<Picture> = (1..=7).map(|v| (v, 0, v == 1)).collect();
    for lost in 0..sent.len() {
        let mut rest = sent.clone();
        rest.remove(lost);
        for arrivals in permutations(&rest) {
            let (shown, _) = check_laws(&arrivals);
            // What came before the lost one is shown, unless so much came ahead that the chain broke.
            assert!(shown.len() <= lost, "{arrivals:?}: {shown:?}");
        }
    }
}

#[test]
fn a_missing_picture_is_waited_for_while_four_later_ones_wait_not_five() {
    let mut ordered = Ordered::new();
    assert_eq!(views(&push(&mut ordered, (1, 0, true))), [1]);
    for view in 3..7 {
        let release = push(&mut ordered, (view, 0, false));
        assert_eq!((views(&release), release.keyframe_wanted), (vec![], false), "{view}");
    }
    assert_eq!(views(&push(&mut ordered, (2, 0, false))), [2, 3, 4, 5, 6]);

    for view in 8..12 {
        assert!(!push(&mut ordered, (view, 0, false)).keyframe_wanted);
    }
    assert!(push(&mut ordered, (12, 0, false)).keyframe_wanted);
    // The missing one is too late now, and nothing but a keyframe goes on.
    assert_eq!(views(&push(&mut ordered, (7, 0, false))), []);
    assert_eq!(views(&push(&mut ordered, (13, 0, true))), [13]);
    assert_eq!(views(&push(&mut ordered, (14, 0, false))), [14]);
}

#[test]
fn a_keyframe_that_arrives_after_its_successors_is_not_lost() {
    let mut ordered = Ordered::new();
    push(&mut ordered, (1, 0, true));
    for view in 3..12 {
        push(&mut ordered, (view, 0, false));
    }
    push(&mut ordered, (13, 0, false));
    push(&mut ordered, (14, 0, false));
    assert_eq!(views(&push(&mut ordered, (12, 0, true))), [12, 13, 14]);
}

#[test]
fn a_keyframe_is_asked_for_again_when_none_comes() {
    let mut ordered = Ordered::new();
    push(&mut ordered, (1, 0, true));
    let asks: Vec<u64> =
        (3..40).filter(|v| push(&mut ordered, (*v, 0, false)).keyframe_wanted).collect();
    assert_eq!(asks, [7, 15, 23, 31, 39]);
}

#[test]
fn without_a_first_keyframe_one_is_asked_for() {
    let mut ordered = Ordered::new();
    let asks: Vec<u64> =
        (5..12).filter(|v| push(&mut ordered, (*v, 0, false)).keyframe_wanted).collect();
    assert_eq!(asks, [9]);
}

#[test]
fn a_picture_comes_once_and_never_after_a_newer_one() {
    let mut ordered = Ordered::new();
    push(&mut ordered, (4, 0, true));
    for old in [(4, 0, true), (3, 0, true), (1, 0, false), (0, 0, true)] {
        assert_eq!(views(&push(&mut ordered, old)), []);
    }
    push(&mut ordered, (6, 0, false));
    push(&mut ordered, (6, 0, false));
    assert_eq!(ordered.dropped(), 5);
    assert_eq!(views(&push(&mut ordered, (5, 0, false))), [5, 6]);
}

#[test]
fn numbers_at_the_end_of_their_range_are_pictures_like_others() {
    let mut ordered = Ordered::new();
    push(&mut ordered, (1, u32::MAX, true));
    push(&mut ordered, (2, u32::MAX, false));
    assert_eq!(views(&push(&mut ordered, (u64::MAX, u32::MAX, true))), [u64::MAX]);
}
