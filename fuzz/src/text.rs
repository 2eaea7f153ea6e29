//! Edits of a text that is valid: a fuzzer that had to invent a whole profile would never get past its
//! first missing key.

use crate::bytes::Bytes;

/// No input edits more often: beyond it nothing new comes, only time goes.
const EDITS_MAX: usize = 16;

/// `shipped` after the edits that `program` spells: each names a line and what becomes of it.
pub fn edited(shipped: &str, program: &mut Bytes<'_>) -> String {
    let mut lines: Vec<String> = shipped.lines().map(str::to_owned).collect();
    for _ in 0..EDITS_MAX {
        if program.is_empty() || lines.is_empty() {
            break;
        }
        let kind = program.u8();
        let at = usize::from(program.u16()) % lines.len();
        match kind % 7 {
            0 => lines[at] = text(program),
            1 => lines[at] = with_value(&lines[at], &text(program)),
            2 => drop(lines.remove(at)),
            3 => lines.insert(at, lines[at].clone()),
            4 => lines.insert(at, text(program)),
            5 => {
                let to = usize::from(program.u16()) % lines.len();
                lines.swap(at, to);
            }
            _ => lines[at] = spliced(&lines[at], program),
        }
    }
    lines.join("\n")
}

/// A length, then that many bytes as text.
pub fn text(program: &mut Bytes<'_>) -> String {
    let length = usize::from(program.u8());
    String::from_utf8_lossy(program.take(length)).into_owned()
}

/// The line with what stands behind its `=` replaced, or between the first quotes where it has no `=`.
fn with_value(line: &str, value: &str) -> String {
    match line.split_once('=') {
        Some((key, _)) => format!("{key}= {value}"),
        None => line.split('"').take(1).chain([value, ""]).collect::<Vec<_>>().join("\""),
    }
}

/// The line with some of its characters replaced.
fn spliced(line: &str, program: &mut Bytes<'_>) -> String {
    let (at, gone) = (usize::from(program.u8()), usize::from(program.u8()));
    let head: String = line.chars().take(at).collect();
    let tail: String = line.chars().skip(at.saturating_add(gone)).collect();
    format!("{head}{}{tail}", text(program))
}

/// Fails unless an error says something, and not more than a screen that grew with its input can hold.
///
/// A parser that quotes the line it stumbled over, and marks the place below it, says at most twice the
/// input and a sentence.
pub fn assert_speaks(error: &str, input: &str) {
    assert!(!error.trim().is_empty(), "an error without words");
    let most = 2_000 + 4 * input.len();
    assert!(error.len() <= most, "{} bytes of error for {} of input", error.len(), input.len());
}
