//! Certificates, which strangers show, and key files, which people copy around.

use std::sync::LazyLock;

use protocol::link::error::PEER_TEXT_MAX;
use protocol::link::role::NAME_MAX;
use protocol::link::{Authority, Identity, KeyError, Peer, PeerText, Role};
use rustls_pki_types::CertificateDer;

use crate::bytes::Bytes;
use crate::text::edited;

/// A peer that a certificate names is one that the authority could have named.
pub fn certificate(bytes: &[u8]) {
    let words = PeerText::new(bytes);
    assert!(words.as_str().len() <= PEER_TEXT_MAX && !words.to_string().is_empty());
    assert!(words.as_str().bytes().all(|b| (b' '..=b'~').contains(&b)), "not printable");
    if let Some(peer) = Peer::of_certificate(&CertificateDer::from(bytes)) {
        assert_is_named(&peer);
    }
}

fn assert_is_named(peer: &Peer) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    assert!((1..=NAME_MAX).contains(&peer.name.len()), "{peer:?}");
    assert!(peer.name.chars().all(allowed) && !peer.name.starts_with(['.', '_', '-']), "{peer:?}");
    assert!(Role::ALL.contains(&peer.role));
    assert_eq!(peer.uri(), format!("farreach://{}/{}", peer.role.word(), peer.name));
}

/// Made anew by every process, so that no private key stands in the corpus: an input spells what is
/// done to these files, and means the same for any key.
static FILES: LazyLock<[[String; 3]; 2]> = LazyLock::new(|| {
    ["one", "two"].map(|name| {
        let authority = Authority::create(name).expect("a good name");
        let identity = authority.issue(Role::Operator, "anna", 1).expect("a good name");
        [
            identity.certificate_pem().to_owned(),
            identity.key_pem().to_owned(),
            identity.authority_pem().to_owned(),
        ]
    })
});

/// Only files that belong together make an identity, and it is the one that the authority signed; all
/// others get a sentence and what to do.
pub fn key_files(bytes: &[u8]) {
    let mut program = Bytes::new(bytes);
    let choice = program.u8();
    let files = [0, 1, 2].map(|part: usize| {
        let [one, two] = &*FILES;
        let from = if choice >> part & 1 == 0 { one } else { two };
        // Also a file in the place of another.
        from[(part + usize::from(choice >> 6)) % 3].clone()
    });
    let edits = choice >> 3 & 0x07;
    let [certificate, key, authority] = core::array::from_fn(|part| {
        if edits >> part & 1 == 0 {
            files[part].clone()
        } else {
            edited(&files[part], &mut program)
        }
    });
    match Identity::from_pem(&certificate, &key, &authority) {
        Ok(identity) => {
            assert_is_named(identity.peer());
            assert_eq!(identity.peer(), &Peer { role: Role::Operator, name: "anna".into() });
            let leaf = CertificateDer::from(identity.leaf());
            assert_eq!(Peer::of_certificate(&leaf).as_ref(), Some(identity.peer()));
            assert!(!identity.roots().is_empty(), "an identity that trusts nobody");
            assert!(!format!("{identity:?}").contains("PRIVATE"), "a key in a log");
        }
        Err(error) => assert_helps(&error),
    }
}

fn assert_helps(error: &KeyError) {
    let sentence = error.to_string();
    assert!(!sentence.is_empty() && sentence.len() <= 500, "{sentence}");
    assert!(error.code().starts_with("E-KEY-") && !error.fix().is_empty());
}
