//! Reading model files: text in, checked numbers out.
//!
//! A model is a file so that another robot or another patient needs no compiler. A file is also untrusted: one
//! NaN in a stiffness would travel through every step of the plant. So the text is bounded, unknown keys are
//! refused (a misspelt limit must not silently become a default), and every number is checked against a range
//! that is named in the refusal.

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::rigid::RigidError;

/// Longest model text accepted, in bytes. The shipped models are below 8 KiB; a mesh would not fit, on purpose.
pub const MODEL_BYTES_MAX: usize = 256 * 1024;

/// Why a model file was refused. Every variant says where.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The text is longer than [`MODEL_BYTES_MAX`].
    #[error(
        "the model is {bytes} bytes long; at most {bytes_max} are read: remove what is not a model"
    )]
    TooLong {
        /// Length of the text.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Not TOML, or a key is missing, unknown or of the wrong type. Line 0: the parser named no place.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line in the text, from 1.
        line: usize,
        /// What the parser expected there.
        message: String,
    },
    /// A number is outside its range, or not finite.
    #[error("{key} is {got}; expected a number from {min} to {max}")]
    Range {
        /// Path of the key, such as `joint[3].upper_rad`.
        key: String,
        /// The number in the file.
        got: f64,
        /// Least accepted.
        min: f64,
        /// Greatest accepted.
        max: f64,
    },
    /// A list has the wrong length.
    #[error("{key} has {got} entries; expected {min} to {max}")]
    Count {
        /// Path of the list.
        key: &'static str,
        /// Entries in the file.
        got: usize,
        /// Fewest accepted.
        min: usize,
        /// Most accepted.
        max: usize,
    },
    /// A direction has no length.
    #[error("{key} is a direction and may not be zero")]
    ZeroDirection {
        /// Path of the key.
        key: String,
    },
    /// A name refers to nothing in the file.
    #[error("{key} names \"{name}\", which the file does not define")]
    UnknownName {
        /// Path of the key.
        key: String,
        /// The name that was not found.
        name: String,
    },
    /// The numbers do not make bodies that can be simulated.
    #[error(transparent)]
    Rigid(#[from] RigidError),
}

/// The file as `T`, before its numbers are checked.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ModelError> {
    if text.len() > MODEL_BYTES_MAX {
        return Err(ModelError::TooLong { bytes: text.len(), bytes_max: MODEL_BYTES_MAX });
    }
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ModelError::Syntax {
            line: before.map_or(0, |head| head.matches('\n').count() + 1),
            message: error.message().to_owned(),
        }
    })
}

/// `value` when it lies in `min..=max`; NaN lies nowhere.
pub(crate) fn within(
    key: impl FnOnce() -> String,
    value: f64,
    min: f64,
    max: f64,
) -> Result<f64, ModelError> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(ModelError::Range { key: key(), got: value, min, max })
    }
}

/// All three of `values` when each lies in `min..=max`.
pub(crate) fn within3(
    key: &str,
    values: [f64; 3],
    min: f64,
    max: f64,
) -> Result<[f64; 3], ModelError> {
    for (i, value) in values.iter().enumerate() {
        within(|| format!("{key}[{i}]"), *value, min, max)?;
    }
    Ok(values)
}

/// `got` when it lies in `min..=max`.
pub(crate) fn count(
    key: &'static str,
    got: usize,
    min: usize,
    max: usize,
) -> Result<usize, ModelError> {
    if (min..=max).contains(&got) { Ok(got) } else { Err(ModelError::Count { key, got, min, max }) }
}
