//! `farreach robot` and `farreach operator` as two processes: who is let in, and what happens when
//! one of them, or the link between them, dies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "a test")]

#[path = "support/process.rs"]
mod process;

use std::net::SocketAddr;

use process::{Folder, Running, output, stderr};
use protocol::PROTOCOL;
use protocol::link::{Authority, Identity, Kind, LinkError, connect, endpoint};
use rustls::pki_types::CertificateDer;

struct Site {
    folder: Folder,
}

impl Site {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let made = output(&["keys", "new", &folder.path("keys")]);
        assert!(made.status.success(), "{}", stderr(&made));
        Self { folder }
    }

    fn key(&self, name: &str) -> String {
        self.folder.path(&format!("keys/{name}"))
    }

    fn robot(&self, more: &[&str]) -> (Running, SocketAddr, SocketAddr) {
        let keys = self.key("robot-one");
        let mut args = vec!["-v", "robot", "--keys", &keys, "--listen", "127.0.0.1:0"];
        args.extend(more);
        let mut robot = Running::start(&args);
        let line = robot.wait_for(&["robot ready for operators"]);
        let address = |word: &str| {
            let (_, rest) = line.split_once(word).unwrap();
            rest.split(',').next().unwrap().trim().parse().unwrap()
        };
        let addresses = (address("control "), address("media "));
        (robot, addresses.0, addresses.1)
    }

    fn operator(&self, key: &str, control: SocketAddr, media: SocketAddr) -> Vec<String> {
        ["operator", "--keys", &self.key(key), "--headless", "--hand", "script", "--robot"]
            .iter()
            .map(ToString::to_string)
            .chain([control.to_string(), "--robot-media".to_owned(), media.to_string()])
            .collect()
    }

    fn operate(&self, control: SocketAddr, media: SocketAddr) {
        let mut args = self.operator("operator-one", control, media);
        args.extend(["--duration".to_owned(), "1s".to_owned()]);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let done = output(&args);
        assert!(done.status.success(), "{}", stderr(&done));
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_robot_refuses_a_wrong_role_with_one_sentence_and_stays_up() {
    let site = Site::new("role");
    let (mut robot, control, media) = site.robot(&[]);
    for role in ["observer", "bedside"] {
        let args = site.operator(&format!("{role}-one"), control, media);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let refused = output(&args);
        assert_eq!(refused.status.code(), Some(7), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("E-LNK-ROLE"), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("fix:"), "{}", stderr(&refused));
        let line = robot.wait_for(&["refused", role]);
        assert!(line.contains("operator"), "{line}");
    }
    site.operate(control, media);
    assert!(robot.is_running());
}

#[test]
fn a_robot_refuses_a_client_without_certificate_and_one_of_another_version() {
    let site = Site::new("strangers");
    let (mut robot, control, media) = site.robot(&[]);
    let operator = Identity::load(site.key("operator-one").as_ref()).unwrap();
    let (bare, other) =
        block_on(async { (bare(&operator, control).await, other(&operator, control).await) });
    assert!(bare.contains("certificate"), "{bare}");
    assert!(other.contains(PROTOCOL), "{other}");
    robot.wait_for(&["refused", "certificate"]);
    robot.wait_for(&["refused", PROTOCOL]);
    site.operate(control, media);
    assert!(robot.is_running());
}

/// What a client without a certificate is told.
async fn bare(operator: &Identity, address: SocketAddr) -> String {
    let mut tls = rustls::ClientConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_protocol_versions(&[&rustls::version::TLS13])
    .unwrap()
    .with_root_certificates(operator.roots())
    .with_no_client_auth();
    tls.alpn_protocols = vec![Kind::Control.protocol().into()];
    call(tls, address).await
}

/// What a client of another protocol version is told.
async fn other(operator: &Identity, address: SocketAddr) -> String {
    let chain: Vec<CertificateDer<'static>> = operator.chain();
    let mut tls = rustls::ClientConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_protocol_versions(&[&rustls::version::TLS13])
    .unwrap()
    .with_root_certificates(operator.roots())
    .with_client_auth_cert(chain, operator.key())
    .unwrap();
    tls.alpn_protocols = vec![b"farreach/1".to_vec()];
    call(tls, address).await
}

async fn call(tls: rustls::ClientConfig, address: SocketAddr) -> String {
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    let endpoint = endpoint::caller(Kind::Control, address).unwrap();
    let config = quinn::ClientConfig::new(std::sync::Arc::new(crypto));
    let connecting = endpoint.connect_with(config, address, "robot.farreach").unwrap();
    let error: LinkError = match connecting.await {
        Ok(connection) => connection.closed().await.into(),
        Err(error) => error.into(),
    };
    error.to_string()
}

#[test]
fn an_operator_of_another_authority_is_refused() {
    let site = Site::new("authority");
    let (mut robot, control, _) = site.robot(&[]);
    let stranger = Authority::create("elsewhere").unwrap();
    let operator = stranger.issue("operator".parse().unwrap(), "mallory", 1).unwrap();
    let refused = block_on(connect(Kind::Control, control, &operator)).unwrap_err();
    assert_eq!(refused.code(), "E-LNK-AUTHORITY", "{refused}");
    assert!(robot.is_running());
}

#[test]
fn a_second_operator_is_told_that_authority_is_taken() {
    let site = Site::new("taken");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let args = site.operator("operator-one", control, media);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let first = Running::start(&args);
    robot.wait_for(&["holds authority"]);
    let second = output(&args);
    assert_eq!(second.status.code(), Some(7), "{}", stderr(&second));
    assert!(stderr(&second).contains("E-AUTH-TAKEN"), "{}", stderr(&second));
    drop(first);
}

/// CMD-SILENCE: an operator that is killed says no goodbye; the robot notices by itself.
#[test]
fn a_killed_operator_makes_the_robot_hold() {
    let site = Site::new("killed");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let args = site.operator("operator-one", control, media);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut operator = Running::start(&args);
    let (from, _) = robot.wait_from(0, &["-> ENGAGED"]);
    // A stroke of the scripted hand takes seconds: it is following now.
    operator.kill();
    robot.wait_from(from, &["-> HOLD", "CMD-SILENCE"]);
    // Nothing engages by itself; another operator may take over once the lease of the dead one is over.
    let held = robot.said().len();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(!robot.said()[held..].iter().any(|l| l.contains("-> ENGAGED")));
    assert!(robot.is_running());
}

/// CMD-SILENCE: control and media pass a link; when it ends, the robot notices as it would of any other.
#[test]
fn a_console_follows_through_a_link_and_its_end_makes_the_robot_hold() {
    let site = Site::new("link");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let (to, to_media) = (control.to_string(), media.to_string());
    let json = site.folder.path("link.json");
    let args = ["link", "--listen", "127.0.0.1:0", "--to", &to, "--to-media", &to_media];
    let more = ["--preset", "fibre-150km", "--json", &json];
    let args: Vec<_> = args.into_iter().chain(more).collect();
    let mut link = Running::start(&args);
    let mut listening = |word: &str| -> SocketAddr {
        let line = link.wait_for(&[word]);
        line.split_once(word).unwrap().1.split(' ').next().unwrap().parse().unwrap()
    };
    let (near, near_media) = (listening("control "), listening("media "));
    let args = site.operator("operator-one", near, near_media);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let _operator = Running::start(&args);
    // It follows only with pictures: both links are up.
    let (from, _) = robot.wait_from(0, &["-> ENGAGED"]);
    link.signal("INT");
    assert_eq!(link.end(), Some(0));
    robot.wait_from(from, &["-> HOLD", "CMD-SILENCE"]);
    let text = std::fs::read_to_string(&json).unwrap();
    let counts: serde_json::Value = serde_json::from_str(&text).unwrap();
    for way in ["up", "down"] {
        let of = |key: &str| counts[way][key].as_u64().unwrap();
        assert!(of("delivered") > 0, "{counts}");
        assert_eq!(of("offered"), of("delivered") + of("lost_queue"), "{counts}");
    }
    assert_eq!(counts["clients"], 2);
}

/// Commands and states go over two paths; when one ends, the session goes on over the other.
#[test]
fn a_session_outlives_one_of_its_paths() {
    let site = Site::new("paths");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let to = control.to_string();
    let args = ["link", "--listen", "127.0.0.1:0", "--to", &to, "--to-media", &media.to_string()];
    let mut link = Running::start(&[&args[..], &["--preset", "lan"]].concat());
    let line = link.wait_for(&["control 127.0.0.1:"]);
    let relayed = line.split_once("control ").unwrap().1.split([',', ' ']).next().unwrap();
    let (wired, mobile) = (format!("wired={control}"), format!("5g={relayed}"));
    let keys = site.key("operator-one");
    let mut args = vec!["operator", "--keys", &keys, "--headless", "--hand", "script"];
    let media = media.to_string();
    args.extend(["--path", &wired, "--path", &mobile, "--robot-media", &media]);
    let mut operator = Running::start(&args);
    operator.wait_for(&["the robot is reached on the path"]);
    robot.wait_for(&["the operator steers on 2 paths"]);
    robot.wait_for(&["ENGAGED"]);
    link.signal("INT");
    operator.wait_for(&["the path 5g is gone"]);
    robot.wait_for(&["a path of operator one has ended"]);
    let lost = |said: Vec<String>, word: &str| said.iter().any(|line| line.contains(word));
    assert!(!lost(operator.said(), "the control link has ended"), "{:?}", operator.said());
    assert!(!lost(robot.said(), "no longer holds authority"), "{:?}", robot.said());
}

/// A robot that is killed says no goodbye: its console shows its state as unknown, and asks it for
/// nothing more than an answer.
#[test]
fn a_killed_robot_is_unknown_to_its_console() {
    let site = Site::new("gone");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let args = site.operator("operator-one", control, media);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut operator = Running::start(&args);
    robot.wait_for(&["-> ENGAGED"]);
    let (from, _) = operator.wait_from(0, &[" s  ", "view age"]);
    robot.kill();
    operator.wait_from(from, &[" s  --"]);
    operator.wait_from(from, &["the control link has ended", "E-LNK-SILENT"]);
    assert!(operator.is_running(), "it goes on calling");
}

/// ROBOT-FAULT: an agent that was frozen for longer than the arm's own watchdog finds that the arm has
/// stopped itself. Nothing moves it before a reset, a self-test, power and an engage.
#[test]
fn an_agent_that_was_frozen_finds_its_arm_stopped() {
    let site = Site::new("frozen");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let args = site.operator("operator-one", control, media);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let _operator = Running::start(&args);
    robot.wait_for(&["-> ENGAGED"]);
    let from = robot.said().len();
    robot.signal("STOP");
    std::thread::sleep(std::time::Duration::from_millis(200));
    robot.signal("CONT");
    robot.wait_from(from, &["-> FAULT", "ROBOT-FAULT"]);
    robot.type_line("reset");
    robot.wait_from(from, &["INIT -> STANDBY"]);
    robot.type_line("power on");
    robot.wait_from(from, &["-> ENGAGED"]);
}

/// LOCAL-ESTOP: after release, reset and power-on the console finds its way back by itself, and only
/// a new engage moves the robot.
#[test]
fn an_emergency_stop_ends_the_session_and_the_console_calls_again() {
    let site = Site::new("estop");
    let (mut robot, control, media) = site.robot(&["--power-on"]);
    let args = site.operator("operator-one", control, media);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let _operator = Running::start(&args);
    robot.wait_for(&["-> ENGAGED"]);
    robot.type_line("estop");
    let (from, _) = robot.wait_from(0, &["-> ESTOP"]);
    robot.type_line("release");
    robot.type_line("reset");
    robot.wait_from(from, &["-> STANDBY"]);
    robot.type_line("power on");
    robot.wait_from(from, &["STANDBY -> READY"]);
    robot.wait_from(from, &["holds authority"]);
    robot.wait_from(from, &["-> ENGAGED"]);
}

#[test]
fn a_bad_profile_is_refused_with_its_place_its_value_and_what_is_allowed() {
    let site = Site::new("profile");
    let cases = [
        ("hard = \"20 N\"", "hard = \"35 N\"", ["force.hard is 35 N", "2 N to 30 N"]),
        ("hard = \"20 N\"", "hard = \"20 kg\"", ["`kg`", "a force in one of: N"]),
        ("silence_soft", "silence_sofd", ["silence_sofd", "expected one of"]),
    ];
    for (n, (from, to, expected)) in cases.into_iter().enumerate() {
        let path = site.folder.path(&format!("bad{n}.toml"));
        std::fs::write(&path, protocol::profile::ULTRASOUND.replacen(from, to, 1)).unwrap();
        let refused = output(&["robot", "--keys", &site.key("robot-one"), "--profile", &path]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        for part in expected.iter().chain(&["line ", "column "]) {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
    }
    let missing = output(&["robot", "--keys", &site.key("robot-one"), "--profile", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(2));
    for part in ["nowhere.toml", "ultrasound, surgery and telecare"] {
        assert!(stderr(&missing).contains(part), "{}", stderr(&missing));
    }
}

#[test]
fn a_profile_goes_by_its_name_and_one_that_no_robot_fits_is_refused() {
    let site = Site::new("misfit");
    let (robot, control, media) = site.robot(&["--profile", "ultrasound"]);
    site.operate(control, media);
    drop(robot);
    let odd = site.folder.path("odd.toml");
    let text = include_str!("../profiles/telecare.toml").replace("\"drive\" ", "\"room\" ");
    std::fs::write(&odd, text).unwrap();
    let refused = output(&["robot", "--keys", &site.key("robot-one"), "--profile", &odd]);
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    for part in ["no simulated robot is for the profile telecare", "room", "a base with drive"] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert!(!said.contains("robot ready"), "{said}");
}

#[test]
fn keys_are_never_overwritten_and_missing_ones_are_named() {
    let site = Site::new("keys");
    let again = output(&["keys", "new", &site.folder.path("keys")]);
    assert_eq!(again.status.code(), Some(7), "{}", stderr(&again));
    assert!(stderr(&again).contains("ca.pem"), "{}", stderr(&again));
    let dir = site.folder.path("keys");
    let more = output(&["keys", "issue", "--dir", &dir, "--role", "operator", "--name", "ada"]);
    assert!(more.status.success(), "{}", stderr(&more));
    let missing = output(&["robot", "--keys", &site.key("robot-two")]);
    assert_eq!(missing.status.code(), Some(7));
    assert!(stderr(&missing).contains("robot-two"), "{}", stderr(&missing));
}
