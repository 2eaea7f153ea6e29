//! The shell around the core: threads, clocks, sockets, the console server, the decoder.
//!
//! | thread | owns | talks to |
//! |---|---|---|
//! | [`hand`] | the core, the hand device and the [`mod@line`] to the robot: commands out at the profile's rate, states in | nobody waits for it, it waits for nobody |
//! | [`media`] | the media connection: pictures in, put in order | hand, view |
//! | view: [`server`] or [`player`] | the page's socket, or a decoder | hand (what was presented), media (keyframes) |
//!
//! Everybody speaks to the hand thread through one ring and hears from it through a snapshot that it
//! publishes in the slack after a tick. A page that hangs, a decoder that is slow and a link that is
//! gone can therefore not delay a command; they make the ages grow that the robot judges.

mod error;
pub mod hand;
pub mod line;
pub mod mailbox;
pub mod media;
mod node;
pub mod player;
pub mod rings;
pub mod server;
pub mod shared;
pub mod status;

pub use error::{ConsoleError, Reason};
pub use line::Route;
pub use node::{ConsoleConfig, ConsoleNode, HandSource, View};
pub use status::{ConsoleStatus, LinkWord, Percentiles};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A thread that panicked has left plain data behind, which is as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
