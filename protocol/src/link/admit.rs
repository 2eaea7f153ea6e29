//! Admission: the robot's side of the handshake, and its last word.
//!
//! Problem: in TLS 1.3 a client is done before the server has judged its certificate. A console
//! would report "connected" and learn of the refusal on its first read, far from the cause. So the
//! robot says yes: once role and certificate are good it opens a one-way stream with the single byte
//! 1. A console is connected when it has read that byte, and a refusal comes instead of it.
//!
//! Every caller is bounded: it proves its address first (a forged one costs the robot one small
//! packet), the handshake ends in time, and what is not admitted is closed with a sentence.

use quinn::{Connection, Endpoint, Incoming};

use super::endpoint::{HANDSHAKE_MAX, HANDSHAKE_MAX_MS};
use super::error::Close;
use super::{LinkError, Peer, Role, peer_of};
use crate::frame::FrameError;

/// The byte that says "admitted".
pub(super) const ADMITTED: u8 = 1;

/// The next caller that has proven its address; `None` once the endpoint is closed.
///
/// Returns at once for each caller: give it to [`admit`] in a task of its own, so that a slow
/// handshake delays nobody.
pub async fn next(endpoint: &Endpoint) -> Option<Incoming> {
    loop {
        let incoming = endpoint.accept().await?;
        if incoming.remote_address_validated() {
            return Some(incoming);
        }
        // Fails only for an address that is already proven, which this one is not.
        let _ = incoming.retry();
    }
}

/// The connection and who is there, once the caller is known and its role is one of `allowed`.
///
/// Bound: [`HANDSHAKE_MAX_MS`].
///
/// # Errors
/// [`LinkError::Unproven`] if the caller did not come from [`next`] and was asked to prove its
/// address: it comes again by itself. Otherwise [`LinkError`]; the caller is told the same.
pub async fn admit(incoming: Incoming, allowed: &[Role]) -> Result<(Connection, Peer), LinkError> {
    let address = incoming.remote_address();
    if !incoming.remote_address_validated() {
        let _ = incoming.retry();
        return Err(LinkError::Unproven { address });
    }
    let handshake = async {
        let connection = incoming
            .accept()
            .map_err(LinkError::from)?
            .await
            .map_err(|e| LinkError::handshake(e, address, HANDSHAKE_MAX_MS))?;
        let peer = judge(&connection, allowed)?;
        let mut stream = connection.open_uni().await?;
        stream.write_all(&[ADMITTED]).await?;
        let _ = stream.finish();
        Ok((connection, peer))
    };
    tokio::time::timeout(HANDSHAKE_MAX, handshake)
        .await
        .unwrap_or(Err(LinkError::TimedOut { address, after_ms: HANDSHAKE_MAX_MS }))
}

fn judge(connection: &Connection, allowed: &[Role]) -> Result<Peer, LinkError> {
    judged(peer_of(connection).ok(), allowed).map_err(|(close, sentence, error)| {
        connection.close(close.code(), sentence.as_bytes());
        error
    })
}

/// The peer, if its role is one of `allowed`. Otherwise the code and the sentence to close with, and what
/// this side says of it.
pub(super) fn judged(
    peer: Option<Peer>,
    allowed: &[Role],
) -> Result<Peer, (Close, String, LinkError)> {
    let Some(peer) = peer else {
        return Err((Close::NoRole, "the certificate names no role".to_owned(), LinkError::NoRole));
    };
    if allowed.contains(&peer.role) {
        return Ok(peer);
    }
    let error = LinkError::WrongRole { peer, allowed: allowed.to_vec() };
    let sentence = error.to_string().replacen("the other side is", "you are", 1);
    Err((Close::WrongRole, sentence, error))
}

/// Waits for the robot's word that this console is admitted.
pub(super) async fn await_admission(connection: &Connection) -> Result<(), LinkError> {
    let mut stream = connection.accept_uni().await?;
    let mut word = [0];
    stream.read_exact(&mut word).await?;
    match word {
        [ADMITTED] => Ok(()),
        [got] => Err(FrameError::Undefined { field: "admission", got: u32::from(got) }.into()),
    }
}
