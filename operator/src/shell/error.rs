//! Why a console could not start or lost its robot: one sentence, one code, one fix.

use std::net::SocketAddr;

use protocol::link::LinkError;
use protocol::session::Refusal;

/// Why a console could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// A link could not be made.
    #[error("{0} ({code})", code = .0.code())]
    Link(#[from] LinkError),
    /// The robot refuses this console.
    #[error("{sentence} ({code})", sentence = .0.sentence(), code = .0.id())]
    Refused(Refusal),
    /// The robot refuses this console for a reason that this version does not know.
    #[error("the robot refuses this console with the unknown code {code} (E-CON-REFUSED)")]
    RefusedUnknown {
        /// The code.
        code: u8,
    },
    /// The robot did not answer the hello.
    #[error("the robot did not answer the hello within {after_ms} ms (E-CON-SILENT)")]
    Silent {
        /// How long this side waited. Unit: millisecond.
        after_ms: u64,
    },
    /// The robot ended the session stream instead of answering the hello.
    #[error("the robot ended the session instead of answering the hello (E-CON-NO-ANSWER)")]
    NoAnswer,
    /// A hand that may steer only a simulated robot, and the robot is a real one.
    #[error(
        "the scripted hand steers only a simulated robot, and {robot} is a real one (E-CON-NOT-SIMULATED)"
    )]
    NotSimulated {
        /// Name of the robot.
        robot: String,
    },
    /// The console page would be reachable from other machines.
    #[error(
        "the console page is served on this machine only, and {address} is not a loopback address (E-CON-LISTEN)"
    )]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Something else is served where the console page was to be.
    #[error(
        "the console page can not be served on {address}: the address is in use (E-CON-PAGE-IN-USE)"
    )]
    PageInUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The gamepad can not be used.
    #[cfg(feature = "gamepad")]
    #[error("{0} (E-CON-GAMEPAD)")]
    Gamepad(#[from] crate::devices::gamepad::GamepadError),
    /// The system has no random numbers for the token of the page.
    #[error("the system gives no random numbers for the page's token (E-CON-RANDOM)")]
    Random,
    /// The decoder can not be set up.
    #[error("the H.264 decoder can not be set up: {0} (E-CON-DECODER)")]
    Decoder(openh264::Error),
    /// A thread or a socket could not be made.
    #[error("the system refused {what}: {error} (E-CON-SYSTEM)")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// A thread ended before it had started its work.
    #[error("the console's {thread} thread ended while it started (E-CON-THREAD)")]
    Thread {
        /// Which.
        thread: &'static str,
    },
}

impl ConsoleError {
    /// The code that every surface shows.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Link(error) => error.code(),
            Self::Refused(refusal) => refusal.id(),
            Self::RefusedUnknown { .. } => "E-CON-REFUSED",
            Self::Silent { .. } => "E-CON-SILENT",
            Self::NoAnswer => "E-CON-NO-ANSWER",
            Self::NotSimulated { .. } => "E-CON-NOT-SIMULATED",
            Self::NotLoopback { .. } => "E-CON-LISTEN",
            Self::PageInUse { .. } => "E-CON-PAGE-IN-USE",
            #[cfg(feature = "gamepad")]
            Self::Gamepad(_) => "E-CON-GAMEPAD",
            Self::Random => "E-CON-RANDOM",
            Self::Decoder(_) => "E-CON-DECODER",
            Self::System { .. } => "E-CON-SYSTEM",
            Self::Thread { .. } => "E-CON-THREAD",
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Link(error) => error.fix(),
            Self::Refused(_) => "do what the sentence says, then connect again",
            Self::RefusedUnknown { .. } => "install the same version on both sides",
            Self::Silent { .. } | Self::NoAnswer => {
                "check the robot agent's log and that both sides run the same version"
            }
            Self::NotSimulated { .. } => "steer a real robot with a gamepad or a haptic device",
            Self::NotLoopback { .. } => {
                "listen on 127.0.0.1, and forward the port over ssh to reach it from elsewhere"
            }
            Self::PageInUse { .. } => {
                "end the other console, or pass --page 127.0.0.1:0 for any free port"
            }
            #[cfg(feature = "gamepad")]
            Self::Gamepad(_) => "plug the gamepad in, or choose another hand",
            Self::Random | Self::Decoder(_) | Self::Thread { .. } => "restart this machine",
            Self::System { .. } => "free the resource that the sentence names, then start again",
        }
    }
}

/// Why something is as it is: the words that every surface shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The code.
    pub code: &'static str,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What to do.
    pub fix: String,
}

impl From<&LinkError> for Reason {
    fn from(error: &LinkError) -> Self {
        Self {
            code: error.code(),
            sentence: sentence(&error.to_string()),
            fix: sentence(error.fix()),
        }
    }
}

impl From<&ConsoleError> for Reason {
    fn from(error: &ConsoleError) -> Self {
        let text = error.to_string();
        // The code stands beside the sentence on every surface that shows a reason.
        let text = text.trim_end_matches(&format!(" ({})", error.code())).to_owned();
        Self { code: error.code(), sentence: sentence(&text), fix: sentence(error.fix()) }
    }
}

/// With a capital and a full stop, as sentences stand on a page.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_sentence_with_its_code() {
        let error = ConsoleError::Refused(Refusal::Taken);
        assert_eq!(
            error.to_string(),
            "another operator holds authority over this robot; ask them to release it first (E-AUTH-TAKEN)"
        );
        assert_eq!(error.code(), "E-AUTH-TAKEN");
    }

    #[test]
    fn a_reason_is_a_sentence_without_the_code_in_it() {
        let reason = Reason::from(&ConsoleError::Silent { after_ms: 5 });
        assert_eq!(reason.sentence, "The robot did not answer the hello within 5 ms.");
        assert_eq!(reason.code, "E-CON-SILENT");
        let reason = Reason::from(&LinkError::Silent);
        assert!(reason.sentence.starts_with("The other") && reason.fix.ends_with('.'));
    }
}
