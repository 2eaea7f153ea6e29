//! Key files: read with a bound, written once, never overwritten, keys readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::DAYS_MAX;

/// The largest file that is read. Unit: byte. A chain of twenty certificates is smaller.
const FILE_MAX: u64 = 65_536;

/// Why keys or certificates can not be made, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name can not name a peer.
    #[error(
        "a name has 1 to 64 letters, digits, `.`, `_` or `-`, and begins with a letter or digit"
    )]
    Name,
    /// The validity is out of range.
    #[error("a certificate lasts 1 to {DAYS_MAX} days, not {got}")]
    Days {
        /// What was asked for. Unit: day.
        got: u32,
    },
    /// A key or certificate could not be made.
    #[error("a key or certificate could not be made")]
    Generate,
    /// A file can not be read.
    #[error("can not read {}: {kind}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: ErrorKind,
    },
    /// A file can not be written.
    #[error("can not write {}: {kind}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: ErrorKind,
    },
    /// A file is there already and is not overwritten.
    #[error("{} exists and is not overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A key can be read by everybody.
    #[error("everybody on this machine can read the key {} (mode {mode:o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file holds no certificate.
    #[error("{} holds no certificate in PEM form", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no private key.
    #[error("{} holds no private key in PEM form", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A certificate names no role.
    #[error("the certificate {} names no role", path.display())]
    NoRole {
        /// The file.
        path: PathBuf,
    },
    /// A certificate is not that of an authority.
    #[error("{} is not the certificate of a farreach authority", path.display())]
    NotAnAuthority {
        /// The file.
        path: PathBuf,
    },
    /// The key is not the certificate's.
    #[error("the key {} does not belong to the certificate beside it", path.display())]
    Mismatch {
        /// The key.
        path: PathBuf,
    },
    /// The authority did not sign the certificate, or it was changed since.
    #[error(
        "the certificate {} was not signed by the authority {}, or was changed since",
        path.display(),
        authority.display()
    )]
    Unsigned {
        /// The certificate.
        path: PathBuf,
        /// The authority's.
        authority: PathBuf,
    },
    /// The directory belongs to another authority.
    #[error("{} is another authority than the one that issued this identity", path.display())]
    OtherAuthority {
        /// The authority's certificate there.
        path: PathBuf,
    },
}

impl KeyError {
    /// The code that every surface shows.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "E-KEY-NAME",
            Self::Days { .. } => "E-KEY-DAYS",
            Self::Generate => "E-KEY-GENERATE",
            Self::Read { .. } => "E-KEY-READ",
            Self::Write { .. } => "E-KEY-WRITE",
            Self::Exists { .. } => "E-KEY-EXISTS",
            Self::Exposed { .. } => "E-KEY-EXPOSED",
            Self::NoCertificate { .. } => "E-KEY-NO-CERT",
            Self::NoKey { .. } => "E-KEY-NO-KEY",
            Self::NoRole { .. } => "E-KEY-NO-ROLE",
            Self::NotAnAuthority { .. } => "E-KEY-NO-AUTHORITY",
            Self::Mismatch { .. } => "E-KEY-MISMATCH",
            Self::Unsigned { .. } => "E-KEY-UNSIGNED",
            Self::OtherAuthority { .. } => "E-KEY-AUTHORITY",
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Name => "choose a name such as `theatre-4` or `anna.berg`",
            Self::Days { .. } => "pass --days with a number in that range",
            Self::Generate => {
                "try again; if it fails again, this machine has no source of randomness"
            }
            Self::Read { .. } => {
                "check the path and who may read it; `farreach keys new` and `farreach keys issue` make the files"
            }
            Self::Write { .. } => "check that the directory can be written and is not full",
            Self::Exists { .. } => {
                "move the old files away first, or choose another name or directory"
            }
            Self::Exposed { .. } => "run `chmod 600` on it; if others had access, issue a new one",
            Self::NoCertificate { .. } | Self::NoKey { .. } | Self::NoRole { .. } => {
                "make the files with `farreach keys issue` and copy them unchanged"
            }
            Self::NotAnAuthority { .. } => {
                "copy the ca.pem that `farreach keys new` made to this place"
            }
            Self::Mismatch { .. } => {
                "copy both files from the same `farreach keys issue`, or issue them again"
            }
            Self::Unsigned { .. } => {
                "copy the certificate and the ca.pem from the same `farreach keys issue`, unchanged"
            }
            Self::OtherAuthority { .. } => "use one directory for each authority",
        }
    }
}

/// `prefix` with `.ending` put behind it. A dot in the name stays.
pub(super) fn with_extension(prefix: &Path, ending: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, KeyError> {
    let failed = |kind| KeyError::Read { path: path.to_owned(), kind };
    let file = File::open(path).map_err(|e| failed(e.kind()))?;
    text_of(file).map_err(failed)
}

/// The text of a key file.
pub(super) fn read_key(path: &Path) -> Result<String, KeyError> {
    let failed = |kind| KeyError::Read { path: path.to_owned(), kind };
    let file = File::open(path).map_err(|e| failed(e.kind()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(|e| failed(e.kind()))?.permissions().mode() & 0o777;
        // A group may be a service's own; everybody is nobody's.
        if mode & 0o007 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
    }
    text_of(file).map_err(failed)
}

fn text_of(file: File) -> Result<String, ErrorKind> {
    let mut text = String::new();
    let read = file.take(FILE_MAX + 1).read_to_string(&mut text).map_err(|e| e.kind())?;
    if read as u64 > FILE_MAX { Err(ErrorKind::FileTooLarge) } else { Ok(text) }
}

/// An error if one of the files is there.
pub(super) fn absent(paths: &[&Path]) -> Result<(), KeyError> {
    match paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(KeyError::Exists { path: path.to_path_buf() }),
        None => Ok(()),
    }
}

/// Makes the directory and those above it.
pub(super) fn make_directory(path: &Path) -> Result<(), KeyError> {
    fs::create_dir_all(path).map_err(|e| KeyError::Write { path: path.to_owned(), kind: e.kind() })
}

/// Writes a new file that everybody may read.
pub(super) fn write(path: &Path, text: &str) -> Result<(), KeyError> {
    create(path, text, OpenOptions::new().write(true).create_new(true))
}

/// Writes a new file that only its owner may read.
pub(super) fn write_key(path: &Path, text: &str) -> Result<(), KeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    create(path, text, &options)
}

fn create(path: &Path, text: &str, options: &OpenOptions) -> Result<(), KeyError> {
    let failed = |e: std::io::Error| match e.kind() {
        ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        kind => KeyError::Write { path: path.to_owned(), kind },
    };
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// The certificates in a PEM text: at least one, and every section whole.
pub(super) fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}

/// The first private key in a PEM text.
pub(super) fn private_key(pem: &str) -> Option<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()
}
