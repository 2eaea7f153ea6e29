//! TLS for the link: 1.3 only, certificates on both sides, no resumption, no early data.
//!
//! Built by hand, because the convenience constructors of the QUIC library switch early data on:
//! bytes that anyone who captured them may play again, before the handshake proves who is there.
//! Without tickets there is nothing to resume, so certificates are judged on every connection; the
//! price is one round trip when connecting, and nobody steers while connecting.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::TLS13;

use super::{Identity, LinkError};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The robot's side: shows `identity`, requires a certificate of the same authority, speaks `protocol`.
///
/// # Errors
/// [`LinkError::Tls`] if the identity can not be used.
pub fn server(identity: &Identity, protocol: &str) -> Result<rustls::ServerConfig, LinkError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(identity.roots(), provider())
        .build()
        .map_err(|e| match e {
            VerifierBuilderError::InvalidCrl(e) => rustls::Error::InvalidCertRevocationList(e),
            _ => rustls::Error::General("no authority to trust".to_owned()),
        })?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain(), identity.key())?;
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    config.max_early_data_size = 0;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

/// The console's side: shows `identity`, trusts robots of the same authority, speaks `protocol`.
///
/// # Errors
/// [`LinkError::Tls`] if the identity can not be used.
pub fn client(identity: &Identity, protocol: &str) -> Result<rustls::ClientConfig, LinkError> {
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(identity.roots())
        .with_client_auth_cert(identity.chain(), identity.key())?;
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    config.enable_early_data = false;
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PROTOCOL;
    use crate::link::{Authority, Role};

    #[test]
    fn nothing_can_be_resumed_or_sent_early() {
        let authority = Authority::create("a").unwrap();
        let robot = server(&authority.issue(Role::Robot, "r", 1).unwrap(), PROTOCOL).unwrap();
        assert_eq!((robot.max_early_data_size, robot.send_tls13_tickets), (0, 0));
        assert!(!robot.session_storage.can_cache());
        let console = client(&authority.issue(Role::Operator, "o", 1).unwrap(), PROTOCOL).unwrap();
        assert!(!console.enable_early_data);
        assert_eq!(console.alpn_protocols, [PROTOCOL.as_bytes()]);
    }
}
