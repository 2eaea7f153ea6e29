//! Where pictures come from: a camera, a scanner, or a simulated one.

use core::time::Duration;

use protocol::imaging::{Imaging, ImagingRefusal, ImagingState};
use protocol::picture::ViewSource;
use protocol::time::{Moment, Robot};

/// The colour of a picture, at half its resolution along both sides (4:2:0, BT.709, full range).
///
/// Shape of each plane: `width / 2` × `height / 2` bytes, row-major; 128 is grey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colour {
    /// Blueness.
    pub cb: Vec<u8>,
    /// Redness.
    pub cr: Vec<u8>,
}

/// A value that leaves colour out.
pub const NEUTRAL: u8 = 128;

impl Colour {
    /// The colour of a grey picture of this size.
    pub fn neutral(width: u16, height: u16) -> Self {
        let plane = vec![NEUTRAL; usize::from(width / 2) * usize::from(height / 2)];
        Self { cb: plane.clone(), cr: plane }
    }
}

/// One picture, captured and not yet encoded.
///
/// Shape: `width` × `height` bytes, row-major, 0 black to 255 white.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Width. Unit: pixel; even.
    pub width: u16,
    /// Height. Unit: pixel; even.
    pub height: u16,
    /// Brightness of the pixels.
    pub grey: Vec<u8>,
    /// Their colour; `None` for a source that has none, which costs nothing then.
    pub colour: Option<Colour>,
    /// How much of the body the picture shows from its first row to its last, for the ruler beside it; 0 if it is no
    /// section. Unit: micrometre.
    pub depth_um: u32,
}

impl Picture {
    /// A black picture. Both sides are made even, as the encoder needs.
    pub fn black(width: u16, height: u16) -> Self {
        let (width, height) = (width & !1, height & !1);
        let grey = vec![0; usize::from(width) * usize::from(height)];
        Self { width, height, grey, colour: None, depth_um: 0 }
    }
}

/// A source of pictures, called on the media thread.
pub trait PictureSource: Send {
    /// What its pictures show. A robot steers by the source that the profile names, and by no other.
    fn shows(&self) -> ViewSource;

    /// Width and height of all its pictures. Unit: pixel. Both even and at least 16, or the robot does not
    /// start.
    fn size(&self) -> (u16, u16);

    /// Captures a picture into `into`; false if the source has nothing to show, which is no error to
    /// report: the core counts for how long it lasts, and holds the robot.
    ///
    /// Bound: should return within `budget`; the caller counts the time it took as picture age.
    fn capture(&mut self, now: Moment<Robot>, budget: Duration, into: &mut Picture) -> bool;

    /// What the device is set to, and what it takes; `None`, as here, if its operator can set nothing.
    ///
    /// Asked before every picture, so it should cost nothing. What somebody sets at the device itself shows here,
    /// too, and the console is told. While it says `frozen`, nothing is captured: the picture that steers grows
    /// old, and the robot holds.
    fn imaging(&self) -> Option<ImagingState> {
        None
    }

    /// Sets the device like this, all of it, from the next picture on; or refuses and changes nothing, as here.
    ///
    /// Called on the media thread between two pictures, with values within the ranges that
    /// [`imaging`](Self::imaging) tells. A device that knows only steps takes the nearest: what `imaging` tells
    /// afterwards is in force. `frozen` may let it rest, for nothing is captured then. How long it takes counts as
    /// age of the picture.
    ///
    /// # Errors
    /// Why not.
    fn set_imaging(&mut self, _wanted: &Imaging) -> Result<(), ImagingRefusal> {
        Err(ImagingRefusal::Fixed)
    }
}
