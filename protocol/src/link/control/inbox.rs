//! Session messages out of the bytes of a stream, however they were cut.

use super::super::LinkError;
use super::super::messages::LENGTH_BYTES;
use crate::session::SESSION_MESSAGE_MAX;

/// What has arrived of the next message.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
}

impl Inbox {
    /// How many bytes are wanted next: never more than one message.
    ///
    /// # Errors
    /// [`LinkError::Length`] if a message is announced that is longer than one may be.
    pub(super) fn wants(&self) -> Result<usize, LinkError> {
        let Some(length) = self.length() else { return Ok(LENGTH_BYTES - self.bytes.len()) };
        if length > SESSION_MESSAGE_MAX {
            return Err(LinkError::Length { max: SESSION_MESSAGE_MAX, got: length });
        }
        Ok(LENGTH_BYTES + length - self.bytes.len())
    }

    /// Takes in what has come; at most as much as was wanted.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The message, once it is whole.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let whole = self.length()? + LENGTH_BYTES == self.bytes.len();
        if !whole {
            return None;
        }
        let message = self.bytes.split_off(LENGTH_BYTES);
        self.bytes.clear();
        Some(message)
    }

    /// True between two messages.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn length(&self) -> Option<usize> {
        let length = self.bytes.first_chunk::<LENGTH_BYTES>()?;
        Some(u32::from_le_bytes(*length) as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap();
        [&length.to_le_bytes()[..], message].concat()
    }

    proptest! {
        /// However a stream is cut, the messages that come out are those that went in.
        #[test]
        fn messages_come_out_as_they_went_in(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..SESSION_MESSAGE_MAX), 0..6),
            piece in 1_usize..300,
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|m| framed(m)).collect();
            let (mut inbox, mut got, mut rest) = (Inbox::default(), Vec::new(), &stream[..]);
            while !rest.is_empty() {
                let n = inbox.wants().unwrap().min(piece).min(rest.len());
                inbox.put(&rest[..n]);
                rest = &rest[n..];
                got.extend(inbox.take());
            }
            prop_assert_eq!(got, messages);
            prop_assert!(inbox.is_empty());
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_by_its_length() {
        let mut inbox = Inbox::default();
        inbox.put(&u32::try_from(SESSION_MESSAGE_MAX).unwrap().to_le_bytes());
        assert_eq!(inbox.wants(), Ok(SESSION_MESSAGE_MAX));
        let mut inbox = Inbox::default();
        inbox.put(&u32::MAX.to_le_bytes());
        let got = u32::MAX as usize;
        assert_eq!(inbox.wants(), Err(LinkError::Length { max: SESSION_MESSAGE_MAX, got }));
    }

    #[test]
    fn an_empty_message_is_a_message() {
        let mut inbox = Inbox::default();
        inbox.put(&[0; 4]);
        assert_eq!(inbox.take(), Some(Vec::new()));
        assert_eq!(inbox.wants(), Ok(LENGTH_BYTES));
    }
}
