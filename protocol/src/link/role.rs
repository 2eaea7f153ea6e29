//! Roles: what a certificate allows its holder to be.
//!
//! The role is part of what the authority signed, as the URI `farreach://<role>/<name>` among the
//! certificate's alternative names, so nobody can pick one at connect time. A certificate with no
//! such name, with two, or with a malformed one has no role and gets nowhere.

use core::fmt;
use core::str::FromStr;

use rustls::pki_types::CertificateDer;

use super::LinkError;

/// The server name of every robot: the DNS name in a robot's certificate and in no other.
///
/// Consoles dial addresses, not names, so the name says what the holder is, not where it is.
pub const ROBOT_SERVER_NAME: &str = "robot.farreach";

/// The longest name of a peer. Unit: byte. Long enough for a host name, short enough for a log line.
pub const NAME_MAX: usize = 64;

const SCHEME: &str = "farreach://";

/// What the holder of a certificate may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Listens and moves.
    Robot,
    /// May ask for authority and steer.
    Operator,
    /// May watch.
    Observer,
    /// Stands beside the robot; always wins.
    Bedside,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Robot, Self::Operator, Self::Observer, Self::Bedside];

    /// The word used in certificates, file names, options and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Robot => "robot",
            Self::Operator => "operator",
            Self::Observer => "observer",
            Self::Bedside => "bedside",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a role: expected robot, operator, observer or bedside")]
pub struct NotARole;

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(word: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|r| r.word() == word).ok_or(NotARole)
    }
}

/// Who is at the other end, as the authority signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// What it may be.
    pub role: Role,
    /// Its name: 1 to [`NAME_MAX`] letters, digits, `.`, `_` or `-`, so it is safe in a log and in a
    /// file name.
    pub name: String,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role, self.name)
    }
}

impl Peer {
    /// The peer that this certificate names; `None` unless it names exactly one.
    ///
    /// Only a certificate that has been verified says anything about who is there.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
        let mut names = certificate.valid_uri_names().filter_map(|uri| uri.strip_prefix(SCHEME));
        let (only, more) = (names.next()?, names.next());
        let (role, name) = only.split_once('/')?;
        if more.is_some() || !is_name(name) {
            return None;
        }
        Some(Self { role: role.parse().ok()?, name: name.to_owned() })
    }

    /// The URI that carries this peer in a certificate.
    pub fn uri(&self) -> String {
        uri(self.role.word(), &self.name)
    }
}

/// Who is at the other end of a connection whose handshake is complete.
///
/// # Errors
/// [`LinkError::NoRole`] if its certificate names no role.
pub fn peer_of(connection: &quinn::Connection) -> Result<Peer, LinkError> {
    let identity = connection.peer_identity().ok_or(LinkError::NoRole)?;
    let chain =
        identity.downcast::<Vec<CertificateDer<'static>>>().map_err(|_| LinkError::NoRole)?;
    chain.first().and_then(Peer::of_certificate).ok_or(LinkError::NoRole)
}

/// True if `name` may name a peer or an authority.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let bare = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    bare && name.len() <= NAME_MAX && name.chars().all(allowed)
}

/// The URI for a word that is a role, or `authority`.
pub(super) fn uri(word: &str, name: &str) -> String {
    format!("{SCHEME}{word}/{name}")
}

/// The name of the authority whose certificate this is.
pub(super) fn authority_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate.valid_uri_names().filter_map(|uri| uri.strip_prefix(SCHEME));
    let (word, name) = names.next()?.split_once('/')?;
    (word == AUTHORITY_WORD && is_name(name)).then(|| name.to_owned())
}

/// Stands where a role stands in the certificate of an authority. No role, so an authority can not
/// be a peer.
pub(super) const AUTHORITY_WORD: &str = "authority";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::Authority;

    fn named(uris: &[&str]) -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::default();
        for uri in uris {
            params.subject_alt_names.push(rcgen::SanType::URI((*uri).try_into().unwrap()));
        }
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    #[test]
    fn words_are_roles_and_back() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert_eq!("Operator".parse::<Role>(), Err(NotARole));
        assert_eq!("authority".parse::<Role>(), Err(NotARole));
    }

    #[test]
    fn exactly_one_well_formed_name_is_a_peer() {
        let peer = |uris: &[&str]| Peer::of_certificate(&named(uris));
        let anna = Peer { role: Role::Operator, name: "anna".into() };
        assert_eq!(peer(&["farreach://operator/anna"]), Some(anna.clone()));
        assert_eq!(peer(&["https://x/", "farreach://operator/anna"]), Some(anna));
        let long = format!("farreach://robot/{}", "x".repeat(NAME_MAX + 1));
        for none in [
            &["farreach://operator/anna", "farreach://robot/anna"][..],
            &[],
            &["farreach://operator/"],
            &["farreach://operator"],
            &["farreach://surgeon/anna"],
            &["farreach://authority/anna"],
            &["farreach://operator/../robot"],
            &["farreach://operator/.anna"],
            &["farreach://operator/anna b"],
            &["FARREACH://operator/anna"],
            &[&long],
        ] {
            assert_eq!(peer(none), None, "{none:?}");
        }
    }

    proptest! {
        /// A hostile certificate is refused, never a panic: every byte of a good one replaced.
        #[test]
        fn a_damaged_certificate_never_panics(at in 0_usize..600, to in any::<u8>(), cut in 0_usize..600) {
            static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
                let authority = Authority::create("a").unwrap();
                authority.issue(Role::Operator, "anna", 1).unwrap().leaf().to_vec()
            });
            let mut bytes = GOOD.clone();
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = Peer::of_certificate(&CertificateDer::from(bytes.clone()));
            bytes.truncate(cut);
            let _ = Peer::of_certificate(&CertificateDer::from(bytes));
        }
    }
}
