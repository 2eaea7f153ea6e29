//! Pictures: one one-way stream each, so that a lost packet delays one picture and not all.
//!
//! Problem: a picture that waits in the sender's buffer is old before it leaves, and the view age
//! that the robot enforces grows with every one. Buffering makes a slow link look like a dead one.
//! The rule: a picture is "taken" only when nothing of it waits for the link, and the caller encodes
//! the next one only then. [`PictureSender`] knows, because the link takes from it no more bytes than
//! the congestion window holds. On a slow link the picture rate falls, the age does not grow.

use quinn::{Connection, RecvStream, SendStream, VarInt};

use super::LinkError;
use super::transport::PICTURE_WINDOW;
use crate::picture::{HEADER_BYTES, PICTURE_MAX, PictureHeader};

/// The datagram that asks for a keyframe.
const KEYFRAME_REQUEST: u8 = 1;

/// A picture is handed over in pieces of this size; before each the room is looked at. Unit: byte.
///
/// The room grows by a few packets at a time, so a larger piece would miss some of it.
pub const PIECE_BYTES: usize = 4 * 1024;

/// Hands one picture to the link; returns once the link's buffer holds all of it.
///
/// The buffer is bounded by [`PICTURE_WINDOW`]. A flow of pictures goes through [`PictureSender`],
/// which keeps the buffer empty. A cancelled call resets the stream, and the other side drops the
/// picture.
///
/// # Errors
/// [`LinkError::Disagree`] if the header announces another length; else why the connection ended.
pub async fn send_picture(
    connection: &Connection,
    header: &PictureHeader,
    unit: &[u8],
) -> Result<(), LinkError> {
    write_picture(connection, header, unit, || {}).await
}

/// Writes a picture; calls `room` before each piece.
async fn write_picture(
    connection: &Connection,
    header: &PictureHeader,
    unit: &[u8],
    room: impl Fn(),
) -> Result<(), LinkError> {
    let expected = header.length as usize;
    if expected != unit.len() {
        return Err(LinkError::Disagree { expected, got: unit.len() });
    }
    let head = header.encode()?;
    let mut picture = Writing { stream: connection.open_uni().await?, whole: false };
    for piece in core::iter::once(head.as_slice()).chain(unit.chunks(PIECE_BYTES)) {
        room();
        picture.stream.write_all(piece).await?;
    }
    picture.whole = picture.stream.finish().is_ok();
    Ok(())
}

/// A stream that is reset unless all of the picture is on it. Left to itself the library finishes a
/// stream that is given up, and half a picture would look whole.
struct Writing {
    stream: SendStream,
    whole: bool,
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.whole {
            let _ = self.stream.reset(VarInt::from_u32(0));
        }
    }
}

/// Sends a flow of pictures and never lets one wait behind the link.
#[derive(Debug)]
pub struct PictureSender {
    connection: Connection,
}

impl PictureSender {
    /// For the pictures of this media connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Sends one picture; returns once the link has taken it: what is not yet acknowledged fits the
    /// congestion window, so nothing waits here. Encode the next picture only then.
    ///
    /// Not bounded in time: on a dead link it returns when the connection ends. Cancelled, it gives
    /// up the picture unless all of it had been handed over.
    ///
    /// # Errors
    /// As [`send_picture`].
    pub async fn send(&mut self, header: &PictureHeader, unit: &[u8]) -> Result<(), LinkError> {
        write_picture(&self.connection, header, unit, || self.make_room()).await
    }

    /// Lets the link take what fits the congestion window, and no more.
    fn make_room(&self) {
        let window = self.connection.stats().path.cwnd;
        self.connection.set_send_window(window.min(PICTURE_WINDOW));
    }
}

/// The next picture's stream; give it to [`read_picture`], in a task of its own if pictures are to be
/// read while an older one is still incomplete.
///
/// # Errors
/// Why the connection ended.
pub async fn next_picture(connection: &Connection) -> Result<RecvStream, LinkError> {
    Ok(connection.accept_uni().await?)
}

/// The picture on this stream.
///
/// Bound: [`PICTURE_MAX`], judged from the header before anything is allocated.
///
/// # Errors
/// [`LinkError::Malformed`] for a bad or oversized header, [`LinkError::Truncated`],
/// [`LinkError::Disagree`] for bytes behind the picture, [`LinkError::Stream`] if the sender gave
/// the picture up. All of these end this picture, not the connection.
pub async fn read_picture(mut stream: RecvStream) -> Result<(PictureHeader, Vec<u8>), LinkError> {
    let mut head = [0; HEADER_BYTES];
    stream.read_exact(&mut head).await?;
    let header = PictureHeader::decode(&head)?;
    let length = header.length as usize;
    if length > PICTURE_MAX {
        return Err(LinkError::Length { max: PICTURE_MAX, got: length });
    }
    let mut unit = vec![0; length];
    stream.read_exact(&mut unit).await?;
    match stream.read_chunk(1, true).await? {
        None => Ok((header, unit)),
        Some(_) => Err(LinkError::Disagree { expected: length, got: length.saturating_add(1) }),
    }
}

/// The next picture, whole: [`next_picture`], then [`read_picture`].
///
/// May be called several times at once; pictures then come in the order in which they are complete,
/// and [`Ordered`](super::order::Ordered) puts them right.
///
/// # Errors
/// As those two.
pub async fn receive_picture(
    connection: &Connection,
) -> Result<(PictureHeader, Vec<u8>), LinkError> {
    read_picture(next_picture(connection).await?).await
}

/// Asks the robot for a keyframe. May be lost, so ask again while none comes.
///
/// # Errors
/// [`LinkError::NoDatagrams`], or why the connection ended.
pub fn request_keyframe(connection: &Connection) -> Result<(), LinkError> {
    Ok(connection.send_datagram(vec![KEYFRAME_REQUEST].into())?)
}

/// True if this datagram of the media connection asks for a keyframe.
pub fn is_keyframe_request(datagram: &[u8]) -> bool {
    datagram == [KEYFRAME_REQUEST]
}
