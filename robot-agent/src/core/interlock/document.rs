//! The table of interlocks as a document.

use core::fmt::Write as _;

use protocol::profile::Profile;

use super::{Active, Row, TABLE};
use crate::core::machine::Stop;

/// The table as a Markdown document with the limits of `profiles`. `SAFETY.md` holds it word for word.
pub fn document(profiles: &[Profile]) -> String {
    let mut out = String::from("| interlock | watches |");
    for p in profiles {
        // Writing to a String does not fail.
        let _ = write!(out, " {} |", p.name);
    }
    out.push_str(" stops with | when | ended by | limits from | hazards |\n|---|---|");
    out.push_str(&"---|".repeat(profiles.len() + 5));
    out.push('\n');
    for row in &TABLE {
        let _ = write!(out, "| {} | {} |", row.cause.id(), row.watches);
        for p in profiles {
            let _ = write!(out, " {} |", limits(row, p));
        }
        let _ = writeln!(
            out,
            " {} | {} | {} | {} | {} |",
            stops_with(row),
            when(row),
            row.cleared_by,
            row.source,
            row.hazards.join(" "),
        );
    }
    out
}

/// Which tests show each interlock, as a Markdown table.
pub fn proofs() -> String {
    let mut out = String::from("| interlock | watches | shown by |\n|---|---|---|\n");
    for row in &TABLE {
        let tests: Vec<_> = row.proven_by.iter().map(|t| format!("`{t}`")).collect();
        let _ = writeln!(out, "| {} | {} | {} |", row.cause.id(), row.watches, tests.join(", "));
    }
    out
}

/// Soft and hard limit, as in `140 / 200 ms`.
fn limits(row: &Row, profile: &Profile) -> String {
    let number = |limit: f64| format!("{}", (limit * row.unit.1 * 1e6).round() / 1e6);
    let (soft, hard) = ((row.soft)(profile).map(number), (row.hard)(profile).map(number));
    let text = match (soft, hard) {
        (Some(soft), Some(hard)) => format!("{soft} / {hard}"),
        (Some(soft), None) => format!("{soft} / –"),
        (None, Some(hard)) => hard,
        (None, None) => return "–".to_owned(),
    };
    format!("{text} {}", row.unit.0).trim_end().to_owned()
}

const fn stops_with(row: &Row) -> &'static str {
    match row.stop {
        Stop::Refuse => "refuses to engage",
        Stop::Hold => "HOLD",
        Stop::Protective => "PSTOP",
        Stop::Emergency => "ESTOP",
        Stop::Fault => "FAULT",
    }
}

const fn when(row: &Row) -> &'static str {
    match row.active {
        Active::Following => "following",
        Active::Powered => "powered",
        Active::Always => "always",
    }
}
