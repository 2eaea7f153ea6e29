//! What must be true of a tick that follows the hand.

use core::time::Duration;

use protocol::frame::Mode;
use protocol::frame::command::DEADMAN_HELD_MIN;

use super::books::Books;
use super::{Rule, Seen, Step};
use crate::theatre::Ticked;

/// Servo ticks that may be missed within a second.
const OVERRUNS_MAX: u32 = 100;

/// Judges a tick after which the robot follows.
pub(super) fn watch(books: &Books, step: &Step<'_>, ticked: &Ticked, all: &mut Seen) {
    by_whom(books, step, all);
    by_what(books, step, ticked, all);
    if let Some(why) = not_well(step, ticked) {
        all.push((Rule::NotWell, why));
    }
    if books.stopped || books.left || books.is_pressed() {
        let what = if books.left { "gave authority back" } else { "asked to stop" };
        all.push((Rule::Stopped, format!("somebody {what}, and is followed")));
    }
}

fn by_whom(books: &Books, step: &Step<'_>, all: &mut Seen) {
    let Some(newest) = books.newest() else {
        all.push((Rule::NoCommand, "nobody has commanded anything".to_owned()));
        return;
    };
    if newest.deadman < DEADMAN_HELD_MIN || newest.mode == Mode::Hold {
        let (deadman, mode) = (newest.deadman, newest.mode);
        all.push((Rule::Deadman, format!("the newest command says {deadman}, {mode:?}")));
    }
    if newest.view_source != step.profile.freshness.steering {
        all.push((Rule::OtherPicture, format!("{:?}", newest.view_source)));
    }
}

fn by_what(books: &Books, step: &Step<'_>, ticked: &Ticked, all: &mut Seen) {
    let Some(newest) = books.newest() else { return };
    let limits = &step.profile.freshness;
    if let Some(followed) = ticked.tick.followed
        && followed.seq != newest.seq
    {
        let seen = format!("{} is followed, the newest is {}", followed.seq, newest.seq);
        all.push((Rule::NoCommand, seen));
    }
    let mut judge = |rule, age_ms: Option<u32>, limit: Duration| {
        // A tick is granted, and what a slow clock takes a thousand for.
        let limit_ms = limit.as_millis() as u32;
        if age_ms.is_none_or(|age_ms| age_ms > limit_ms + limit_ms / 500 + 1) {
            let age = age_ms.map_or("unknown".to_owned(), |age_ms| format!("{age_ms} ms"));
            all.push((rule, format!("{age}, at most {limit_ms} ms")));
        }
    };
    judge(Rule::Silence, Some(books.silence_ms(step.now_ms)), limits.silence_hard);
    judge(Rule::OldHand, Some(books.sample_ms(step.now_ms)), limits.silence_hard);
    judge(Rule::OldState, step.state_age_ms, limits.loop_age_hard);
    judge(Rule::OldPicture, step.view_age_ms, limits.view_age_hard);
}

fn not_well(step: &Step<'_>, ticked: &Ticked) -> Option<String> {
    match &ticked.reading {
        Err(fault) => return Some(fault.to_string()),
        Ok(reading) if reading.guard_open => return Some("the guard is open".to_owned()),
        Ok(reading) if !reading.is_sane() => return Some("a reading is no number".to_owned()),
        Ok(_) => {}
    }
    if ticked.unrecorded > step.profile.reaction.unrecorded_max {
        return Some(format!("nothing recorded for {:?}", ticked.unrecorded));
    }
    (ticked.overruns > OVERRUNS_MAX).then(|| format!("{} ticks missed", ticked.overruns))
}
