//! What happens to a patient, from text.

use serde::Deserialize;
use thiserror::Error;

/// Most events of a script.
pub const EVENTS_MAX: usize = 256;

/// Longest text. Unit: bytes.
const BYTES_MAX: usize = 64 * 1024;

/// Latest event: a day. Unit: s.
const AT_MAX_S: f64 = 86_400.0;

/// Range of a bleeding. Unit: ml/min. More empties a body within two minutes.
const BLEEDING: (f64, f64) = (0.0, 3_000.0);

/// Range of a saturation. Unit: percent. Oximeters claim nothing below 70; below 50 nobody has calibrated any.
const SATURATION: (f64, f64) = (50.0, 100.0);

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EventKind {
    /// Blood is lost at this rate from now on; 0 ends it. Unit: ml/min.
    Bleeding(f64),
    /// The saturation of the blood that leaves the lungs goes there. Unit: percent.
    Desaturation(f64),
    /// The heart stands still after one more beat.
    Asystole,
    /// An electrode comes off.
    LeadOff,
    /// The electrode is back.
    LeadOn,
    /// The electrode is back, the heart beats, bleeding ends and is replaced, the lungs do their work.
    Recovery,
}

/// An event and its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Since the start. Unit: s.
    pub at_s: f64,
    /// What.
    pub kind: EventKind,
}

/// Events in the order of their times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    events: Vec<Event>,
}

/// Why a script was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// Too long a text.
    #[error("the script is {bytes} bytes long; at most {BYTES_MAX} are read: split it")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not TOML, or a key is missing or unknown.
    #[error("{0}: an event is [[event]] with at_s, kind and, for some kinds, amount")]
    Syntax(String),
    /// Too many events.
    #[error("the script has {got} events; at most {EVENTS_MAX} are read: leave some out")]
    Count {
        /// How many.
        got: usize,
    },
    /// A kind that is none.
    #[error(
        "event {number} has kind {got:?}; write bleeding, desaturation, asystole, lead-off, lead-on or recovery"
    )]
    Kind {
        /// Which event, from 1.
        number: usize,
        /// What it says.
        got: String,
    },
    /// A number out of range.
    #[error("event {number} has {key} = {got}; write a number from {min} to {max} {unit}")]
    Range {
        /// Which event, from 1.
        number: usize,
        /// Which key.
        key: &'static str,
        /// What it says.
        got: f64,
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
        /// Unit of the three.
        unit: &'static str,
    },
    /// An amount is needed.
    #[error(
        "event {number}, {kind}, has no amount; write amount = a number from {min} to {max}, {unit}"
    )]
    NoAmount {
        /// Which event, from 1.
        number: usize,
        /// Its kind.
        kind: &'static str,
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
        /// Unit of both.
        unit: &'static str,
    },
    /// An amount means nothing.
    #[error("event {number}, {kind}, has amount = {got}; it has none: remove the amount")]
    Amount {
        /// Which event, from 1.
        number: usize,
        /// Its kind.
        kind: String,
        /// What it says.
        got: f64,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    #[serde(default)]
    event: Vec<RawEvent>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    at_s: f64,
    kind: String,
    amount: Option<f64>,
}

impl Script {
    /// Reads a script; TOML, see the page of the simulator.
    ///
    /// # Errors
    /// [`ScriptError`] with what is wrong, what would be right, and where.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        if text.len() > BYTES_MAX {
            return Err(ScriptError::TooLong { bytes: text.len() });
        }
        let raw: RawScript =
            toml::from_str(text).map_err(|error| ScriptError::Syntax(first_line(&error, text)))?;
        if raw.event.len() > EVENTS_MAX {
            return Err(ScriptError::Count { got: raw.event.len() });
        }
        let read = |(n, raw): (usize, &RawEvent)| read(n + 1, raw);
        let mut events = raw.event.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        events.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        Ok(Self { events })
    }

    /// The events, the earliest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub(super) fn into_events(self) -> std::vec::IntoIter<Event> {
        self.events.into_iter()
    }
}

/// What the parser says, with its line.
fn first_line(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(0, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

fn read(number: usize, raw: &RawEvent) -> Result<Event, ScriptError> {
    let at_s = in_range(number, "at_s", raw.at_s, (0.0, AT_MAX_S), "s")?;
    let amount = |kind, (min, max): (f64, f64), unit| match raw.amount {
        Some(amount) => in_range(number, "amount", amount, (min, max), unit),
        None => Err(ScriptError::NoAmount { number, kind, min, max, unit }),
    };
    let kind = match raw.kind.as_str() {
        "bleeding" => EventKind::Bleeding(amount("bleeding", BLEEDING, "ml/min")?),
        "desaturation" => EventKind::Desaturation(amount("desaturation", SATURATION, "%")?),
        "asystole" => EventKind::Asystole,
        "lead-off" => EventKind::LeadOff,
        "lead-on" => EventKind::LeadOn,
        "recovery" => EventKind::Recovery,
        _ => return Err(ScriptError::Kind { number, got: raw.kind.chars().take(40).collect() }),
    };
    match (kind, raw.amount) {
        (EventKind::Bleeding(_) | EventKind::Desaturation(_), _) | (_, None) => {
            Ok(Event { at_s, kind })
        }
        (_, Some(got)) => Err(ScriptError::Amount { number, kind: raw.kind.clone(), got }),
    }
}

fn in_range(
    number: usize,
    key: &'static str,
    got: f64,
    (min, max): (f64, f64),
    unit: &'static str,
) -> Result<f64, ScriptError> {
    // NaN is in no range.
    if (min..=max).contains(&got) {
        Ok(got)
    } else {
        Err(ScriptError::Range { number, key, got, min, max, unit })
    }
}
