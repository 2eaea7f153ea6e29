use std::fs;
use std::path::PathBuf;

use super::*;

/// A directory of its own for each test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let name = format!("farreach-keys-{test}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_saved_is_loaded_and_keys_are_readable_by_their_owner_only() {
    let scratch = Scratch::new("round");
    let dir = scratch.0.join("site").join("keys");
    let authority = Authority::create("north-hospital").unwrap();
    authority.save(&dir).unwrap();
    let loaded = Authority::load(&dir).unwrap();
    assert_eq!(loaded.name(), "north-hospital");

    let anna = loaded.issue(Role::Operator, "anna.berg", DAYS_DEFAULT).unwrap();
    anna.save(&dir).unwrap();
    assert_eq!(anna.file_stem(), "operator-anna.berg");
    let again = Identity::load(&dir.join("operator-anna.berg")).unwrap();
    assert_eq!(again.peer(), anna.peer());
    assert_eq!(again.leaf(), anna.leaf());
    #[cfg(unix)]
    for key in ["ca.key", "operator-anna.berg.key"] {
        assert_eq!(mode(&dir.join(key)), 0o600, "{key}");
    }
    let shown = format!("{authority:?} {anna:?}");
    assert!(!shown.contains("PRIVATE") && shown.contains("anna.berg"), "{shown}");
}

#[test]
fn an_identity_goes_to_another_machine_with_its_authority() {
    let scratch = Scratch::new("deploy");
    let authority = Authority::create("a").unwrap();
    let robot = authority.issue(Role::Robot, "r1", 1).unwrap();
    robot.save(&scratch.0).unwrap();
    assert_eq!(Identity::load(&scratch.0.join("robot-r1")).unwrap().peer(), robot.peer());
    let stranger = Authority::create("a").unwrap().issue(Role::Robot, "r2", 1).unwrap();
    let path = scratch.0.join(AUTHORITY_FILE);
    assert_eq!(stranger.save(&scratch.0), Err(KeyError::OtherAuthority { path }));
}

#[test]
fn nothing_is_ever_overwritten() {
    let scratch = Scratch::new("keep");
    let authority = Authority::create("a").unwrap();
    authority.save(&scratch.0).unwrap();
    let anna = authority.issue(Role::Operator, "anna", 1).unwrap();
    anna.save(&scratch.0).unwrap();
    let kept: Vec<_> = ["ca.pem", "ca.key", "operator-anna.pem", "operator-anna.key"]
        .map(|file| (scratch.0.join(file), fs::read(scratch.0.join(file)).unwrap()))
        .into();
    let other = Authority::create("b").unwrap();
    assert!(matches!(other.save(&scratch.0), Err(KeyError::Exists { .. })));
    let second = authority.issue(Role::Operator, "anna", 1).unwrap();
    assert!(matches!(second.save(&scratch.0), Err(KeyError::Exists { .. })));
    // One file of the two is enough to refuse, and then the other is not written.
    fs::remove_file(scratch.0.join("operator-anna.key")).unwrap();
    assert!(matches!(second.save(&scratch.0), Err(KeyError::Exists { .. })));
    assert!(!scratch.0.join("operator-anna.key").exists());
    for (path, bytes) in kept.iter().take(3) {
        assert_eq!(&fs::read(path).unwrap(), bytes, "{}", path.display());
    }
}

#[test]
fn what_can_not_be_loaded_names_its_file() {
    let scratch = Scratch::new("broken");
    let prefix = scratch.0.join("operator-anna");
    let file = |ending: &str| files::with_extension(&prefix, ending);
    let absent = Identity::load(&prefix).unwrap_err();
    assert_eq!(absent, KeyError::Read { path: file("pem"), kind: std::io::ErrorKind::NotFound });
    assert!(absent.to_string().contains("operator-anna.pem"));

    let authority = Authority::create("a").unwrap();
    let anna = authority.issue(Role::Operator, "anna", 1).unwrap();
    let bert = authority.issue(Role::Operator, "bert", 1).unwrap();
    anna.save(&scratch.0).unwrap();
    bert.save(&scratch.0).unwrap();
    let put = |ending: &str, text: &str| fs::write(file(ending), text).unwrap();

    put("key", bert.key_pem());
    assert_eq!(Identity::load(&prefix).unwrap_err(), KeyError::Mismatch { path: file("key") });
    put("key", "not a key");
    assert_eq!(Identity::load(&prefix).unwrap_err(), KeyError::NoKey { path: file("key") });
    put("key", anna.key_pem());
    put("pem", "not a certificate");
    assert_eq!(Identity::load(&prefix).unwrap_err(), KeyError::NoCertificate { path: file("pem") });
    put("pem", anna.authority_pem());
    assert_eq!(Identity::load(&prefix).unwrap_err(), KeyError::NoRole { path: file("pem") });
    put("pem", &"x".repeat(70_000));
    assert_eq!(
        Identity::load(&prefix).unwrap_err(),
        KeyError::Read { path: file("pem"), kind: std::io::ErrorKind::FileTooLarge }
    );
    put("pem", anna.certificate_pem());
    let root = scratch.0.join(AUTHORITY_FILE);
    fs::write(&root, Authority::create("a").unwrap().certificate_pem).unwrap();
    let error = Identity::load(&prefix).unwrap_err();
    assert_eq!(error, KeyError::Unsigned { path: file("pem"), authority: root.clone() });
    assert!(
        error.to_string().contains("operator-anna.pem") && error.to_string().contains("ca.pem")
    );
    fs::write(&root, anna.certificate_pem()).unwrap();
    assert_eq!(Identity::load(&prefix).unwrap_err(), KeyError::NotAnAuthority { path: root });
}

#[cfg(unix)]
#[test]
fn a_key_that_everybody_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("exposed");
    let authority = Authority::create("a").unwrap();
    authority.save(&scratch.0).unwrap();
    let path = scratch.0.join("ca.key");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Authority::load(&scratch.0).unwrap_err();
    assert_eq!(error, KeyError::Exposed { path, mode: 0o644 });
    assert!(error.fix().contains("chmod 600"));
}

#[test]
fn an_authority_with_the_key_of_another_is_refused() {
    let scratch = Scratch::new("swapped");
    let (a, b) = (Authority::create("a").unwrap(), Authority::create("a").unwrap());
    a.save(&scratch.0).unwrap();
    let path = scratch.0.join("ca.key");
    fs::write(&path, b.key.serialize_pem()).unwrap();
    assert_eq!(Authority::load(&scratch.0).unwrap_err(), KeyError::Mismatch { path });
}

#[test]
fn names_and_days_that_mean_nothing_are_refused() {
    let authority = Authority::create("a").unwrap();
    for name in ["", "../x", "a/b", ".x", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(Authority::create(name).unwrap_err(), KeyError::Name, "{name:?}");
        assert_eq!(authority.issue(Role::Robot, name, 1).unwrap_err(), KeyError::Name);
    }
    for days in [0, DAYS_MAX + 1, u32::MAX] {
        let error = authority.issue(Role::Robot, "r", days).unwrap_err();
        assert_eq!(error, KeyError::Days { got: days });
    }
    assert!(authority.issue_at(Role::Robot, "r", DAYS_MAX, Duration::MAX).is_ok());
}

#[test]
fn only_a_robot_carries_the_server_name() {
    let authority = Authority::create("a").unwrap();
    for role in Role::ALL {
        let identity = authority.issue(role, "x", 1).unwrap();
        let leaf = CertificateDer::from(identity.leaf());
        let certificate = EndEntityCert::try_from(&leaf).unwrap();
        let names: Vec<_> = certificate.valid_dns_names().collect();
        let expected: &[&str] = if role == Role::Robot { &[ROBOT_SERVER_NAME] } else { &[] };
        assert_eq!(names, expected, "{role}");
    }
}
