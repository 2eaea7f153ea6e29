//! From which state to which a tick may lead, and what must have happened for it.

use protocol::state::OperatingState as Word;

use super::books::{Act, Books};
use super::{Rule, Seen, Step};
use crate::theatre::Ticked;

/// Judges the way from the state before, under the epoch before, to the state after the tick.
pub(super) fn watch(
    books: &Books,
    step: &Step<'_>,
    ticked: &Ticked,
    (from, epoch): (Word, u32),
    all: &mut Seen,
) {
    let to = ticked.word;
    let stops = matches!(to, Word::Hold | Word::Pstop | Word::Estop | Word::Fault);
    if to != from && stops && ticked.epoch == epoch {
        all.push((Rule::Epoch, format!("{from} became {to} under epoch {epoch}")));
    }
    let granted = step.happening.said.iter().any(|(_, grant)| matches!(grant, Some(Ok(_))));
    if granted && ticked.epoch == epoch {
        all.push((Rule::Epoch, format!("a grant under epoch {epoch}, which goes on")));
    }
    if to.follows() && !from.follows() && books.act() != Act::Closed {
        all.push((Rule::Unasked, format!("{from} became {to}, the act: {:?}", books.act())));
    }
    // In one step more than one thing may be done: the last state is what counts.
    let asked = match (from, to) {
        (Word::Standby, Word::Ready | Word::Pstop) => books.powered_on,
        (Word::Estop | Word::Fault, Word::Init) => books.reset,
        (Word::Estop | Word::Fault, Word::Estop | Word::Fault) => true,
        (Word::Estop | Word::Fault, _) => false,
        (Word::Pstop, Word::Ready) => books.reset,
        (Word::Init, Word::Ready | Word::Hold | Word::Engaged | Word::Degraded) => false,
        _ => true,
    };
    if !asked {
        all.push((Rule::Bedside, format!("{from} became {to}, and nobody at the robot did it")));
    }
    if let Some(frame) = &ticked.tick.frame
        && (frame.state, frame.epoch) != (ticked.word, ticked.epoch)
    {
        let told = (frame.state, frame.epoch);
        all.push((Rule::Tells, format!("{to} {} is told as {} {}", ticked.epoch, told.0, told.1)));
    }
}
