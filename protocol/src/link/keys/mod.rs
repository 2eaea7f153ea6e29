//! Keys and certificates: one authority per installation, one short-lived identity per device or person.
//!
//! Problem: mutual TLS is only as good as the keys that people really use, and people copy keys
//! around when making one is hard. So making them is one call, the files say what they are
//! (`operator-anna.pem`, `operator-anna.key`), keys are readable by their owner only, and no file is
//! ever overwritten. Everything is ECDSA P-256: every TLS stack and every smart card has it.
//!
//! The authority trusts nothing above it and signs leaves only. Its own ten years are a label:
//! rustls judges the days of a leaf, never those of a trust anchor, so what ends access is the leaf.
//!
//! This module alone reads the time of day, to write validity into certificates. Nothing that moves
//! a robot depends on it.

mod files;

use core::fmt;
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

pub use files::KeyError;

use super::role::{self, AUTHORITY_WORD, Peer, ROBOT_SERVER_NAME, Role};
use files::{certificates, private_key};

/// True if the first of `chain` is what one of `roots` has signed. Its days are for the handshake to judge:
/// who loads an old identity should hear that it is old.
fn is_signed(chain: &[CertificateDer<'_>], roots: &RootCertStore, role: Role) -> bool {
    let Some((leaf, between)) = chain.split_first() else { return false };
    let Ok(leaf) = EndEntityCert::try_from(leaf) else { return false };
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let usage = match role {
        Role::Robot => KeyUsage::server_auth(),
        Role::Operator | Role::Observer | Role::Bedside => KeyUsage::client_auth(),
    };
    let now = UnixTime::now();
    match leaf.verify_for_usage(algorithms.all, &roots.roots, between, now, usage, None, None) {
        Ok(_) => true,
        Err(error) => matches!(
            error,
            webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
        ),
    }
}

/// How long an issued certificate lasts when nobody says otherwise. Unit: day.
///
/// Long enough for a device to be re-issued at quarterly maintenance, short enough that a lost
/// device ends by itself. The same for an operator's card.
pub const DAYS_DEFAULT: u32 = 90;

/// The longest validity that is issued, and that of an authority. Unit: day.
pub const DAYS_MAX: u32 = 3650;

/// How long before its making a certificate becomes valid: room for two clocks that disagree.
pub const BACKDATED: Duration = Duration::from_mins(5);

/// The file of the authority's certificate.
pub const AUTHORITY_FILE: &str = "ca.pem";

const AUTHORITY_KEY_FILE: &str = "ca.key";
const DAY_S: u64 = 86_400;
/// The year 9000. Certificates can not name a moment after the year 9999.
const LAST_S: u64 = 221_845_392_000;

/// Issues identities. Whoever holds it decides who may steer.
pub struct Authority {
    name: String,
    certificate_pem: String,
    key: KeyPair,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Authority {
    /// A new authority, in memory only.
    ///
    /// # Errors
    /// [`KeyError::Name`] for a name that is not 1 to 64 letters, digits, `.`, `_` or `-`.
    pub fn create(name: &str) -> Result<Self, KeyError> {
        checked_name(name)?;
        let key = KeyPair::generate().map_err(|_| KeyError::Generate)?;
        let mut params = authority_params(name)?;
        set_days(&mut params, now_since_1970(), DAYS_MAX)?;
        let certificate_pem = params.self_signed(&key).map_err(|_| KeyError::Generate)?.pem();
        Ok(Self { name: name.to_owned(), certificate_pem, key })
    }

    /// The authority whose `ca.pem` and `ca.key` are in `directory`.
    ///
    /// # Errors
    /// [`KeyError`] that names the file.
    pub fn load(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join(AUTHORITY_FILE);
        let key_path = directory.join(AUTHORITY_KEY_FILE);
        let certificate_pem = files::read(&path)?;
        let key = KeyPair::from_pem(&files::read_key(&key_path)?)
            .map_err(|_| KeyError::NoKey { path: key_path.clone() })?;
        let chain =
            certificates(&certificate_pem).ok_or(KeyError::NoCertificate { path: path.clone() })?;
        let certificate = chain.first().ok_or(KeyError::NoCertificate { path: path.clone() })?;
        let name = role::authority_name(certificate)
            .ok_or(KeyError::NotAnAuthority { path: path.clone() })?;
        let public = EndEntityCert::try_from(certificate)
            .map_err(|_| KeyError::NoCertificate { path })?
            .subject_public_key_info();
        if rcgen::PublicKeyData::subject_public_key_info(&key) != public.as_ref() {
            return Err(KeyError::Mismatch { path: key_path });
        }
        Ok(Self { name, certificate_pem, key })
    }

    /// Writes `ca.pem` and `ca.key` into `directory`, which is made if it does not exist.
    ///
    /// # Errors
    /// [`KeyError::Exists`] rather than overwriting; [`KeyError::Write`].
    pub fn save(&self, directory: &Path) -> Result<(), KeyError> {
        let (certificate, key) =
            (directory.join(AUTHORITY_FILE), directory.join(AUTHORITY_KEY_FILE));
        files::absent(&[&certificate, &key])?;
        files::make_directory(directory)?;
        files::write_key(&key, &self.key.serialize_pem())?;
        files::write(&certificate, &self.certificate_pem)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A new identity with its own key, valid from five minutes ago until `days` from now.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Days`].
    pub fn issue(&self, role: Role, name: &str, days: u32) -> Result<Identity, KeyError> {
        self.issue_at(role, name, days, now_since_1970())
    }

    /// As [`Self::issue`], with the time of day as an argument: since 1970.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Days`].
    pub fn issue_at(
        &self,
        role: Role,
        name: &str,
        days: u32,
        since_1970: Duration,
    ) -> Result<Identity, KeyError> {
        checked_name(name)?;
        let mut params = leaf_params(role, name)?;
        set_days(&mut params, since_1970, days)?;
        let key = KeyPair::generate().map_err(|_| KeyError::Generate)?;
        let issuer = Issuer::new(authority_params(&self.name)?, &self.key);
        let leaf = params.signed_by(&key, &issuer).map_err(|_| KeyError::Generate)?;
        Identity::from_pem(&leaf.pem(), &key.serialize_pem(), &self.certificate_pem)
    }
}

/// A certificate with its key, and the authority that it trusts.
#[derive(Clone)]
pub struct Identity {
    certificate_pem: String,
    key_pem: String,
    authority_pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    roots: Arc<RootCertStore>,
    peer: Peer,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl Identity {
    /// The identity made of these PEM texts: a certificate chain, leaf first; its key; and the
    /// authority to trust.
    ///
    /// # Errors
    /// [`KeyError`]; the paths in it are the names of the parts.
    pub fn from_pem(certificate: &str, key: &str, authority: &str) -> Result<Self, KeyError> {
        Self::from_files(
            (Path::new("certificate"), certificate.to_owned()),
            (Path::new("key"), key.to_owned()),
            (Path::new("authority"), authority.to_owned()),
        )
    }

    /// The identity in `<prefix>.pem` and `<prefix>.key`, with the `ca.pem` beside them.
    ///
    /// # Errors
    /// [`KeyError`] that names the file.
    pub fn load(prefix: &Path) -> Result<Self, KeyError> {
        let certificate = files::with_extension(prefix, "pem");
        let key = files::with_extension(prefix, "key");
        let authority = prefix.with_file_name(AUTHORITY_FILE);
        Self::from_files(
            (&certificate, files::read(&certificate)?),
            (&key, files::read_key(&key)?),
            (&authority, files::read(&authority)?),
        )
    }

    fn from_files(
        (path, certificate_pem): (&Path, String),
        (key_path, key_pem): (&Path, String),
        (authority_path, authority_pem): (&Path, String),
    ) -> Result<Self, KeyError> {
        let chain = certificates(&certificate_pem)
            .ok_or_else(|| KeyError::NoCertificate { path: path.to_owned() })?;
        let peer = chain
            .first()
            .and_then(Peer::of_certificate)
            .ok_or_else(|| KeyError::NoRole { path: path.to_owned() })?;
        let key =
            private_key(&key_pem).ok_or_else(|| KeyError::NoKey { path: key_path.to_owned() })?;
        let provider = rustls::crypto::ring::default_provider();
        rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider)
            .map_err(|_| KeyError::Mismatch { path: key_path.to_owned() })?;
        let mut roots = RootCertStore::empty();
        let not_one = || KeyError::NotAnAuthority { path: authority_path.to_owned() };
        for root in certificates(&authority_pem).ok_or_else(not_one)? {
            role::authority_name(&root).ok_or_else(not_one)?;
            roots.add(root).map_err(|_| not_one())?;
        }
        if !is_signed(&chain, &roots, peer.role) {
            let (path, authority) = (path.to_owned(), authority_path.to_owned());
            return Err(KeyError::Unsigned { path, authority });
        }
        let (key, roots) = (Arc::new(key), Arc::new(roots));
        Ok(Self { certificate_pem, key_pem, authority_pem, chain, key, roots, peer })
    }

    /// Writes `<role>-<name>.pem`, `<role>-<name>.key` and, unless it is already there, `ca.pem`
    /// into `directory`, which is made if it does not exist.
    ///
    /// # Errors
    /// [`KeyError::Exists`] rather than overwriting; [`KeyError::OtherAuthority`] if the `ca.pem`
    /// there is another; [`KeyError::Write`].
    pub fn save(&self, directory: &Path) -> Result<(), KeyError> {
        let prefix = directory.join(self.file_stem());
        let certificate = files::with_extension(&prefix, "pem");
        let key = files::with_extension(&prefix, "key");
        let authority = directory.join(AUTHORITY_FILE);
        files::absent(&[&certificate, &key])?;
        files::make_directory(directory)?;
        if files::absent(&[&authority]).is_ok() {
            files::write(&authority, &self.authority_pem)?;
        } else if files::read(&authority)? != self.authority_pem {
            return Err(KeyError::OtherAuthority { path: authority });
        }
        files::write_key(&key, &self.key_pem)?;
        files::write(&certificate, &self.certificate_pem)
    }

    /// `<role>-<name>`: the name of its files, without the ending.
    pub fn file_stem(&self) -> String {
        format!("{}-{}", self.peer.role, self.peer.name)
    }

    /// Whom the certificate names.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The certificate itself, as DER.
    pub fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(&[], |leaf| leaf)
    }

    /// The certificate chain, leaf first, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The key, as PEM. Secret.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The authority that it trusts, as PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// The certificate chain, leaf first.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    /// The key. Secret.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    /// What it trusts: the authority and nothing else.
    pub fn roots(&self) -> Arc<RootCertStore> {
        self.roots.clone()
    }
}

fn checked_name(name: &str) -> Result<(), KeyError> {
    if role::is_name(name) { Ok(()) } else { Err(KeyError::Name) }
}

fn uri(word: &str, name: &str) -> Result<SanType, KeyError> {
    Ok(SanType::URI(role::uri(word, name).try_into().map_err(|_| KeyError::Name)?))
}

fn subject(text: String) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, text);
    subject
}

/// All that an authority's certificate says but its days. The same for the same name, so that a
/// loaded authority can issue without its certificate being parsed.
fn authority_params(name: &str) -> Result<CertificateParams, KeyError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(format!("farreach authority {name}"));
    params.subject_alt_names = vec![uri(AUTHORITY_WORD, name)?];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(role: Role, name: &str) -> Result<CertificateParams, KeyError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(format!("farreach {role} {name}"));
    params.subject_alt_names = vec![uri(role.word(), name)?];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    // A robot listens and nobody else does: the use and the DNS name each forbid the rest.
    if role == Role::Robot {
        let server_name = ROBOT_SERVER_NAME.try_into().map_err(|_| KeyError::Name)?;
        params.subject_alt_names.push(SanType::DnsName(server_name));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    } else {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    }
    Ok(params)
}

fn set_days(params: &mut CertificateParams, now: Duration, days: u32) -> Result<(), KeyError> {
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(KeyError::Days { got: days });
    }
    let start = rcgen::date_time_ymd(1970, 1, 1);
    let now_s = now.as_secs().min(LAST_S);
    params.not_before = start + Duration::from_secs(now_s.saturating_sub(BACKDATED.as_secs()));
    params.not_after = start + Duration::from_secs(now_s + u64::from(days) * DAY_S);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "certificates carry the time of day")]
fn now_since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests;
