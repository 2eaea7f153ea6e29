//! `--profile`: one of the profiles that are built in, by its name, or a file.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use protocol::profile::{Profile, SURGERY, SURGERY_LAN, TELECARE, ULTRASOUND};

use crate::exit::Failure;

/// The profiles that are built in. A file of the same name is meant by `./name`.
const BUILT_IN: [(&str, &str); 4] = [
    ("ultrasound", ULTRASOUND),
    ("surgery", SURGERY),
    ("surgery-lan", SURGERY_LAN),
    ("telecare", TELECARE),
];

/// What `--profile` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProfileChoice {
    /// One that is built in: its text.
    BuiltIn(&'static str),
    /// A file.
    File(PathBuf),
}

impl FromStr for ProfileChoice {
    type Err = Infallible;

    fn from_str(named: &str) -> Result<Self, Infallible> {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == named);
        Ok(built_in.map_or_else(|| Self::File(named.into()), |(_, text)| Self::BuiltIn(text)))
    }
}

impl ProfileChoice {
    /// The profile.
    ///
    /// # Errors
    /// [`Failure`] if the file can not be read, or is no profile.
    pub(crate) fn load(&self) -> Result<Profile, Failure> {
        let path = match self {
            Self::BuiltIn(text) => {
                return Profile::parse(text)
                    .map_err(|e| Failure::Internal(format!("a built-in profile is broken: {e}")));
            }
            Self::File(path) => path,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::NoProfile { path: path.clone(), error })?;
        Profile::parse(&text).map_err(|error| Failure::Profile { path: path.clone(), error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_profile_goes_by_the_name_that_is_written_in_it() {
        for (name, text) in BUILT_IN {
            let choice: ProfileChoice = name.parse().unwrap();
            assert_eq!(choice, ProfileChoice::BuiltIn(text));
            assert_eq!(choice.load().unwrap().name, name);
        }
    }

    #[test]
    fn anything_else_is_a_file() {
        for name in ["./surgery", "surgery.toml", "Surgery", ""] {
            assert_eq!(name.parse(), Ok(ProfileChoice::File(name.into())));
        }
    }
}
