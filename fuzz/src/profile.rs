//! Profiles: files that people edit, and that limit a robot.

use protocol::profile::{PROFILE_MAX, Profile};

use crate::bytes::Bytes;
use crate::robot::shapes::{SHIPPED, assert_inside_what_code_allows};
use crate::text::{assert_speaks, edited};

/// A text is a profile within what the code allows, with a hash of its values alone, or it is refused
/// in words.
pub fn profile(bytes: &[u8]) {
    let mut program = Bytes::new(bytes);
    let choice = usize::from(program.u8());
    let text = match SHIPPED.get(choice % (SHIPPED.len() + 1)) {
        Some(shipped) => edited(shipped, &mut program),
        None => String::from_utf8_lossy(program.rest()).into_owned(),
    };
    match Profile::parse(&text) {
        Ok(profile) => {
            assert!(text.len() <= PROFILE_MAX);
            assert_inside_what_code_allows(&profile);
            assert!(profile.short_hash().len() == 8);
            let spaced = format!("# a comment\n{text}\n");
            if spaced.len() <= PROFILE_MAX {
                let same = Profile::parse(&spaced).expect("a comment changes nothing");
                assert_eq!(same, profile);
            }
        }
        Err(error) => assert_speaks(&error.to_string(), &text),
    }
}
