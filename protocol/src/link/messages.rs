//! Session messages on a stream: a length, then the message.
//!
//! The length is four bytes, little-endian, and judged before anything is read or allocated for it.

use bincode::{Decode, Encode};
use quinn::{RecvStream, SendStream};

use super::LinkError;
use crate::session::{self, SESSION_MESSAGE_MAX};

/// Bytes of the length before each message.
pub const LENGTH_BYTES: usize = 4;

/// Hands one message to the stream.
///
/// Not safe to cancel: half a message may have been written.
///
/// # Errors
/// [`LinkError::Malformed`] for a message above [`SESSION_MESSAGE_MAX`]; else why the stream ended.
pub async fn write_message<T: Encode>(
    stream: &mut SendStream,
    message: &T,
) -> Result<(), LinkError> {
    Ok(stream.write_all(&framed(message)?).await?)
}

/// A message with its length before it.
pub(super) fn framed<T: Encode>(message: &T) -> Result<Vec<u8>, LinkError> {
    let message = session::encode(message)?;
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(LENGTH_BYTES + message.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&message);
    Ok(bytes)
}

/// The next message; `None` if the other side finished the stream between two messages.
///
/// Not safe to cancel: half a message may have been read. Give each stream a reader of its own.
///
/// # Errors
/// [`LinkError::Length`], [`LinkError::Truncated`], [`LinkError::Malformed`]; after any of them the
/// stream means nothing more. Else why the stream ended.
pub async fn read_message<T: Decode<()>>(stream: &mut RecvStream) -> Result<Option<T>, LinkError> {
    let mut length = [0; LENGTH_BYTES];
    match stream.read_exact(&mut length).await {
        Ok(()) => {}
        Err(quinn::ReadExactError::FinishedEarly(0)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > SESSION_MESSAGE_MAX {
        return Err(LinkError::Length { max: SESSION_MESSAGE_MAX, got: length });
    }
    let mut message = [0; SESSION_MESSAGE_MAX];
    let message = message.get_mut(..length).ok_or(LinkError::Truncated)?;
    stream.read_exact(message).await?;
    Ok(Some(session::decode(message)?))
}
