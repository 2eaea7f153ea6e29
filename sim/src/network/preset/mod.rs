//! A named network: both directions, where its numbers are from, and what its sources measured.
//!
//! A preset without a source is a rumour. So each file names its sources, repeats what they published in a
//! form that a test compares with the model, and lists in words what nobody has published and was assumed.

mod published;
mod raw;
mod read;

pub use published::{Figure, Path, Stat};

use super::spec::LinkSpec;

/// No preset file is larger. Unit: byte.
pub const PRESET_MAX: usize = 32 * 1024;

/// No line of text in it is longer. Unit: character.
pub const LINE_MAX: usize = 240;

/// No name is longer. Unit: character.
pub const NAME_MAX: usize = 32;

/// Why a text is not a preset.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PresetError {
    /// Not TOML, an unknown or missing key, or a value with a wrong unit; shows line and column.
    #[error("{0}")]
    Syntax(Box<toml::de::Error>),
    /// A value outside what is allowed.
    #[error("line {line}, column {column}: {key} is {value}; {allowed}")]
    Range {
        /// Line of the value, from 1.
        line: usize,
        /// Column of the value, from 1.
        column: usize,
        /// The key, with its table.
        key: String,
        /// The value, in the usual unit.
        value: String,
        /// What would be allowed.
        allowed: String,
    },
    /// Too large to be a preset.
    #[error("a preset has at most {PRESET_MAX} bytes, this has {got}")]
    Size {
        /// Bytes that came.
        got: usize,
    },
}

/// Where numbers are from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its short name, as in the list of sources.
    pub tag: String,
    /// What it is, and which numbers were taken from it.
    pub what: String,
}

/// A named network.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkPreset {
    /// Name.
    pub name: String,
    /// One sentence.
    pub about: String,
    /// From the console to the robot.
    pub up: LinkSpec,
    /// From the robot to the console.
    pub down: LinkSpec,
    /// Where its numbers are from.
    pub sources: Vec<Source>,
    /// What its sources published: the model is held to it.
    pub published: Vec<Figure>,
    /// What nobody published and was assumed, a sentence each.
    pub assumed: Vec<String>,
}

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        /// The presets that are built in, by name.
        pub const NAMES: &[&str] = &[$($name),+];

        const TEXTS: &[&str] =
            &[$(include_str!(concat!("../../../../links/", $name, ".toml"))),+];
    };
}

built_in!(
    "lan",
    "fibre-150km",
    "fibre-3000km",
    "5g-campus",
    "5g-urban",
    "5g-driving",
    "4g-rural",
    "leo",
    "geo",
    "netfi-delay-100",
    "netfi-delay-300",
    "netfi-delay-500",
    "netfi-loss-10",
    "netfi-loss-30",
    "netfi-loss-50",
    "netfi-outage-10",
    "netfi-outage-30",
    "netfi-outage-50",
);

impl LinkPreset {
    /// The preset in `text`.
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        read::parse(text)
    }

    /// The text of the built-in preset with this name.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        let at = NAMES.iter().position(|n| *n == name)?;
        TEXTS.get(at).copied()
    }

    /// The built-in preset with this name; `None` if there is none.
    pub fn builtin(name: &str) -> Option<Self> {
        // That each can be read is tested.
        Self::builtin_text(name).and_then(|text| Self::parse(text).ok())
    }
}

#[cfg(test)]
mod tests;
