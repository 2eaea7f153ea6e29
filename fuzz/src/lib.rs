//! What must hold for every input, as plain functions: a fuzzer calls them with bytes it invents, and the
//! test below with the bytes it has kept.
//!
//! Each function takes bytes, does nothing that outlives it, and panics if an invariant is broken. An
//! invariant is computed from the input and from what the callee returned, never from the callee's own
//! verdict: a decoder is not asked whether it is right.
//!
//! - [`frames`], [`session`], [`pictures`]: what comes over the link.
//! - [`keys`], [`mod@profile`], [`models`]: files that people edit.
//! - [`page`]: what the browser says.
//! - [`robot`]: the robot's core, driven by bytes that are read as a program.

pub mod bytes;
pub mod frames;
pub mod keys;
pub mod models;
pub mod page;
pub mod pictures;
pub mod profile;
pub mod robot;
pub mod session;
pub mod text;

pub use frames::{command_frame, state_frame};
pub use keys::{certificate, key_files};
pub use models::model_files;
pub use page::page_messages;
pub use pictures::{picture_header, picture_order};
pub use profile::profile;
pub use robot::robot_session;
pub use session::session_messages;

// The page's messages are compiled from the operator's own file, which names its crate's devices.
pub(crate) use operator::devices;

/// What holds for every input, or panics.
pub type Target = fn(&[u8]);

/// Every target: its name, which is also the name of its corpus, and its function.
pub const TARGETS: [(&str, Target); 11] = [
    ("command_frame", command_frame),
    ("state_frame", state_frame),
    ("session_messages", session_messages),
    ("picture_header", picture_header),
    ("picture_order", picture_order),
    ("profile", profile),
    ("certificate", certificate),
    ("key_files", key_files),
    ("page_messages", page_messages),
    ("model_files", model_files),
    ("robot_session", robot_session),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use protocol::frame::{CommandFrame, StateFrame};
    use protocol::picture::PictureHeader;
    use protocol::profile::Profile;

    use super::*;

    fn inputs(of: &str) -> Vec<(String, Vec<u8>)> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(of);
        let entries = fs::read_dir(&directory).unwrap_or_else(|e| panic!("corpus/{of}: {e}"));
        let read = |path: std::path::PathBuf| (path.display().to_string(), fs::read(path).unwrap());
        entries.map(|entry| read(entry.unwrap().path())).collect()
    }

    #[test]
    fn every_corpus_file_still_passes() {
        for (name, target) in TARGETS {
            let inputs = inputs(name);
            assert!(!inputs.is_empty(), "corpus/{name} is empty");
            for (path, bytes) in inputs {
                // The name stands in the output of a failed test, above the broken invariant.
                println!("{path}");
                target(&bytes);
            }
        }
    }

    #[test]
    fn the_committed_corpus_is_small() {
        let mut total = 0;
        for (name, _) in TARGETS {
            let inputs = inputs(name);
            assert!(inputs.len() <= 200, "corpus/{name} has {} files", inputs.len());
            total += inputs.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        }
        assert!(total <= 300_000, "the corpus has {total} bytes");
    }

    /// A seed that has gone stale with the format it was written for teaches a fuzzer nothing.
    #[test]
    fn the_corpus_has_inputs_that_are_valid() {
        let count = |of: &str, valid: fn(&[u8]) -> bool| {
            inputs(of).iter().filter(|(_, bytes)| valid(bytes)).count()
        };
        assert!(count("command_frame", |b| CommandFrame::decode(b).is_ok()) >= 3);
        assert!(count("state_frame", |b| StateFrame::decode(b).is_ok()) >= 3);
        assert!(count("picture_header", |b| PictureHeader::decode(b).is_ok()) >= 2);
        let profile = |b: &[u8]| {
            let (_, text) = b.split_first().unwrap();
            Profile::parse(&String::from_utf8_lossy(text)).is_ok()
        };
        assert!(count("profile", profile) >= robot::shapes::SHIPPED.len());
    }

    /// Deeper than a fuzzer gets: a parser that follows every bracket would run out of stack.
    #[test]
    fn nesting_as_deep_as_a_file_may_be_is_refused_in_words() {
        let deep = |first: u8, open: &str, bytes: usize| {
            [&[first], open.repeat(bytes / open.len()).as_bytes()].concat()
        };
        // What `model_files` takes as a text of its own, by kind.
        let (arm, torso, urdf) = (0x81, 0x82, 0x80);
        let raw = u8::try_from(robot::shapes::SHIPPED.len()).unwrap();
        for open in ["[", "{a=", "a.", "a=[", "a={a="] {
            profile(&deep(raw, open, 64 * 1024));
            for model in [arm, torso] {
                model_files(&deep(model, open, 256 * 1024));
            }
        }
        model_files(&deep(urdf, "<a>", 256 * 1024));
        let flood_and_message = |open: &str| [&[0; 7][..], open.repeat(1_000).as_bytes()].concat();
        for open in ["[", "{\"a\":", "[{\"type\":"] {
            page_messages(&flood_and_message(open));
        }
    }

    #[test]
    fn every_target_stands_in_the_manifest() {
        let manifest = include_str!("../Cargo.toml");
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
