//! Session messages: what is said once and must arrive, on the reliable stream of the control link.
//!
//! Commands and states never travel here; a lost session message is retransmitted, a lost frame is not.

use bincode::{Decode, Encode};

use crate::frame::{FrameError, codec};
use crate::imaging::{Imaging, ImagingReport};

/// Names one grant of authority. Random, so that a robot that restarts never accepts the frames of
/// an earlier session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(u128);

impl SessionId {
    /// The session with this number. The number must come from a good random source.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// As on the wire: 16 bytes, little-endian.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// From the wire.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }
}

/// What the operator side says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum OperatorMessage {
    /// The first message: who asks for authority, and under which profile.
    Hello {
        /// Name of the console, for the log.
        console: String,
        /// Hash of the profile in force at the console.
        profile: [u8; 32],
    },
    /// Stop now. Also carried by every command frame until confirmed.
    Stop {
        /// Counts the stops of this session; the first is 1.
        request: u32,
    },
    /// The operator has read why the robot stopped.
    Acknowledge {
        /// The epoch of the stop that is acknowledged.
        epoch: u32,
    },
    /// The operator gives authority back.
    Release,
    /// The first message on another path of a session that is held: the same console, once more.
    Join {
        /// The session.
        session: [u8; 16],
    },
    /// The imaging device shall be set like this, all of it.
    Imaging {
        /// Counts the requests of this console, from 1. Of two the newer one counts.
        request: u32,
        /// How.
        wanted: Imaging,
    },
}

/// What the robot side says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RobotMessage {
    /// Authority is granted.
    Welcome {
        /// The session, for every command frame.
        session: [u8; 16],
        /// The epoch to start under.
        epoch: u32,
        /// Name of the robot.
        robot: String,
        /// True if nothing real can move: only then may a practice device steer.
        simulated: bool,
    },
    /// Authority is refused.
    Refused {
        /// A code of [`Refusal`].
        code: u8,
    },
    /// This path belongs to the session.
    Joined,
    /// What the imaging device is set to.
    Imaging {
        /// The report.
        report: ImagingReport,
    },
}

/// Why a robot refuses a console. The number is also the application close code of the connection;
/// those below 16 belong to the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// Another operator holds authority.
    Taken = 16,
    /// The console runs another profile.
    Profile = 17,
    /// The certificate is for another role.
    Role = 18,
    /// The console did not begin with a valid hello.
    Hello = 19,
    /// The robot's control loop stands still.
    Stalled = 20,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 5] = [Self::Taken, Self::Profile, Self::Role, Self::Hello, Self::Stalled];

    /// The refusal with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|r| *r as u8 == code)
    }

    /// The identifier that every surface shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Taken => "E-AUTH-TAKEN",
            Self::Profile => "E-AUTH-PROFILE",
            Self::Role => "E-AUTH-ROLE",
            Self::Hello => "E-AUTH-HELLO",
            Self::Stalled => "E-AUTH-STALLED",
        }
    }

    /// What is wrong and what to do, in one sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Taken => {
                "another operator holds authority over this robot; ask them to release it first"
            }
            Self::Profile => {
                "this console runs another profile than the robot; start both with the same profile file"
            }
            Self::Role => {
                "only a certificate with the role operator may steer; issue one with `farreach keys issue --role operator`"
            }
            Self::Hello => {
                "the console did not introduce itself within the time allowed; check that both sides run the same version"
            }
            Self::Stalled => {
                "the robot's control loop stands still, so nobody can steer; free its computer of other work, or have the robot agent restarted"
            }
        }
    }
}

/// The largest session message. Unit: byte.
pub const SESSION_MESSAGE_MAX: usize = 1024;

/// The bytes of a message, without the length that frames it on the stream.
///
/// # Errors
/// [`FrameError::Length`] above [`SESSION_MESSAGE_MAX`].
pub fn encode<T: Encode>(message: &T) -> Result<Vec<u8>, FrameError> {
    let bytes = codec::encode_to_vec(message)?;
    if bytes.len() <= SESSION_MESSAGE_MAX {
        Ok(bytes)
    } else {
        Err(FrameError::Length { expected: SESSION_MESSAGE_MAX, got: bytes.len() })
    }
}

/// The message that these bytes hold.
///
/// # Errors
/// [`FrameError`] for anything that is not exactly one message.
pub fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, FrameError> {
    if bytes.len() > SESSION_MESSAGE_MAX {
        return Err(FrameError::Length { expected: SESSION_MESSAGE_MAX, got: bytes.len() });
    }
    codec::decode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_wire_and_trailing_bytes_do_not() {
        let hello = OperatorMessage::Hello { console: "room 4".into(), profile: [7; 32] };
        let mut bytes = encode(&hello).unwrap();
        assert_eq!(decode::<OperatorMessage>(&bytes), Ok(hello));
        bytes.push(0);
        assert!(decode::<OperatorMessage>(&bytes).is_err());
    }

    #[test]
    fn settings_survive_the_wire_and_what_is_no_setting_is_refused() {
        use crate::imaging::{ImagingRanges, ImagingRefusal, ImagingState, Knob, Span};
        let wanted = Imaging {
            depth_um: 120_000,
            gain_cdb: -250,
            focus_um: 60_000,
            frequency_khz: 3_500,
            frozen: true,
        };
        let asks = OperatorMessage::Imaging { request: 7, wanted };
        let bytes = encode(&asks).unwrap();
        assert_eq!(
            bytes,
            [
                5, 0, 0, 0, 7, 0, 0, 0, 192, 212, 1, 0, 6, 255, 255, 255, 96, 234, 0, 0, 172, 13,
                0, 0, 1
            ]
        );
        assert_eq!(decode(&bytes), Ok(asks));
        for frozen in 2..=u8::MAX {
            let mut bytes = bytes.clone();
            *bytes.last_mut().unwrap() = frozen;
            assert!(decode::<OperatorMessage>(&bytes).is_err(), "{frozen} is neither yes nor no");
        }
        assert!(decode::<OperatorMessage>(&bytes[..24]).is_err());

        let span = Span { min: 1, max: 2 };
        let ranges =
            ImagingRanges { depth_um: span, gain_cdb: span, focus_um: span, frequency_khz: span };
        let refusals = [
            None,
            Some(ImagingRefusal::Fixed),
            Some(ImagingRefusal::Device),
            Some(ImagingRefusal::Range { knob: Knob::Frequency, got: 3, min: 1, max: 2 }),
        ];
        for state in [None, Some(ImagingState { now: wanted, ranges })] {
            for refused in refusals {
                let report = ImagingReport { serial: 3, request: 7, state, refused };
                let says = RobotMessage::Imaging { report };
                assert_eq!(decode(&encode(&says).unwrap()), Ok(says));
            }
        }
    }

    #[test]
    fn a_length_field_can_not_make_the_decoder_allocate_what_it_names() {
        // Variant 0 (Hello), then a string that claims to be 2^63 bytes long.
        let mut bytes = vec![0, 0, 0, 0];
        bytes.extend_from_slice(&(1_u64 << 63).to_le_bytes());
        assert!(decode::<OperatorMessage>(&bytes).is_err());
    }

    #[test]
    fn an_oversized_message_is_refused_on_both_sides() {
        let hello = OperatorMessage::Hello { console: "x".repeat(2000), profile: [0; 32] };
        assert!(encode(&hello).is_err());
        let got = SESSION_MESSAGE_MAX + 1;
        let too_long = FrameError::Length { expected: SESSION_MESSAGE_MAX, got };
        assert_eq!(decode::<OperatorMessage>(&[0; SESSION_MESSAGE_MAX + 1]), Err(too_long));
        // Variant, length of the name, name, hash.
        let longest = SESSION_MESSAGE_MAX - 4 - 8 - 32;
        let named = |n| OperatorMessage::Hello { console: "x".repeat(n), profile: [0; 32] };
        let bytes = encode(&named(longest)).unwrap();
        assert_eq!(bytes.len(), SESSION_MESSAGE_MAX);
        assert_eq!(decode(&bytes), Ok(named(longest)));
        assert_eq!(encode(&named(longest + 1)), Err(too_long));
    }

    #[test]
    fn refusals_have_codes_of_their_own() {
        for r in Refusal::ALL {
            assert_eq!(Refusal::from_code(r as u8), Some(r));
            assert!(r.id().starts_with("E-AUTH-"));
            let (wrong, fix) = r.sentence().split_once("; ").unwrap();
            assert!(wrong.len() > 20 && fix.len() > 20, "{}", r.id());
        }
        assert_eq!(Refusal::from_code(0), None);
    }
}
