//! Each way in that must be shut: the sentence on both sides, and the listener goes on.

use std::sync::Arc;
use std::time::Duration;

use protocol::PROTOCOL;
use protocol::link::endpoint::caller;
use protocol::link::role::ROBOT_SERVER_NAME;
use protocol::link::{Whose, peer_of, tls};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, ConnectionError};

use super::*;

/// Issued so that its last day was the day before yesterday.
fn expired(authority: &Authority, role: Role) -> Identity {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let three_days_ago = now.checked_sub(Duration::from_hours(72)).unwrap();
    authority.issue_at(role, "late", 1, three_days_ago).unwrap()
}

/// The certificate and key of one identity that trusts the authority of another, too.
fn trusting(identity: &Identity, trusted: &Identity) -> Identity {
    let both = [identity.authority_pem(), trusted.authority_pem()].concat();
    Identity::from_pem(identity.certificate_pem(), identity.key_pem(), &both).unwrap()
}

/// What robot and console say when this console calls, and that an operator gets in afterwards.
async fn refused(site: &Site, robot: &Endpoint, console: &Identity) -> (LinkError, LinkError) {
    let address = robot.local_addr().unwrap();
    let (admitted, connected) =
        tokio::join!(admit_operator(robot), connect(Kind::Control, address, console));
    let sides = (admitted.unwrap_err(), connected.unwrap_err());
    joined(site, Kind::Control, robot).await;
    for error in [&sides.0, &sides.1] {
        assert!(error.code().starts_with("E-LNK-") && !error.fix().is_empty());
        assert_eq!(error.to_string().lines().count(), 1);
    }
    sides
}

/// The same for a console that builds its TLS itself. A client that does not wait for admission
/// learns why it was refused when the connection is closed.
async fn refused_client(
    site: &Site,
    robot: &Endpoint,
    config: rustls::ClientConfig,
) -> (LinkError, LinkError) {
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()));
    let address = robot.local_addr().unwrap();
    let endpoint = caller(Kind::Control, address).unwrap();
    let connecting = endpoint.connect_with(config, address, ROBOT_SERVER_NAME).unwrap();
    let (admitted, lost) = tokio::join!(admit_operator(robot), async {
        match connecting.await {
            Ok(connection) => connection.closed().await,
            Err(error) => error,
        }
    });
    joined(site, Kind::Control, robot).await;
    (admitted.unwrap_err(), lost.into())
}

#[tokio::test]
async fn an_operator_is_admitted_and_both_sides_know_each_other() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let operator = site.issue(Role::Operator);
    let address = robot.local_addr().unwrap();
    let (admitted, connected) =
        tokio::join!(admit_operator(&robot), connect(Kind::Control, address, &operator));
    assert_eq!(admitted.unwrap().1, Peer { role: Role::Operator, name: "anna".into() });
    let there = peer_of(&connected.unwrap()).unwrap();
    assert_eq!(there, Peer { role: Role::Robot, name: "theatre-4".into() });
}

#[tokio::test]
async fn both_ip_versions_reach_a_robot_that_listens_on_both() {
    let site = Site::new();
    let Ok(robot) = listen(Kind::Control, "[::]:0".parse().unwrap(), &site.robot) else {
        return; // No IPv6 on this machine.
    };
    let port = robot.local_addr().unwrap().port();
    let operator = site.issue(Role::Operator);
    for ip in ["127.0.0.1", "::1"] {
        let address = SocketAddr::new(ip.parse().unwrap(), port);
        let (admitted, connected) =
            tokio::join!(admit_operator(&robot), connect(Kind::Control, address, &operator));
        assert!(admitted.is_ok() && connected.is_ok(), "{ip}");
    }
}

#[tokio::test]
async fn a_console_without_a_certificate_is_refused() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut bare = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(site.robot.roots())
        .with_no_client_auth();
    bare.alpn_protocols = vec![PROTOCOL.into()];
    let (robot_says, console_says) = refused_client(&site, &robot, bare).await;
    assert_eq!(robot_says, LinkError::NoCertificate(Whose::Theirs));
    assert_eq!(console_says, LinkError::NoCertificate(Whose::Ours));
    assert_eq!(robot_says.code(), "E-LNK-NO-CERT");
    assert_eq!(robot_says.to_string(), "the other side showed no certificate");
}

#[tokio::test]
async fn a_console_of_another_authority_is_refused_even_if_that_has_the_same_name() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    for name in ["south", "north"] {
        let stranger = Authority::create(name).unwrap().issue(Role::Operator, "anna", 1).unwrap();
        // It trusts this robot, so that the robot is the one that judges.
        let sides = refused(&site, &robot, &trusting(&stranger, &site.robot)).await;
        assert_eq!(sides.0, LinkError::OtherAuthority(Whose::Theirs), "{name}");
        assert_eq!(sides.1, LinkError::OtherAuthority(Whose::Ours), "{name}");
        // It trusts its own authority only, so the console judges first.
        let sides = refused(&site, &robot, &stranger).await;
        assert_eq!(sides.0, LinkError::OtherAuthority(Whose::Ours), "{name}");
        assert_eq!(sides.1, LinkError::OtherAuthority(Whose::Theirs), "{name}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused_on_either_side() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let sides = refused(&site, &robot, &expired(&site.authority, Role::Operator)).await;
    assert_eq!(sides.0, LinkError::Expired(Whose::Theirs));
    assert_eq!(sides.1, LinkError::Expired(Whose::Ours));

    let old = listen(Kind::Control, anywhere(), &expired(&site.authority, Role::Robot)).unwrap();
    let operator = site.issue(Role::Operator);
    let address = old.local_addr().unwrap();
    let (admitted, connected) =
        tokio::join!(admit_operator(&old), connect(Kind::Control, address, &operator));
    assert_eq!(admitted.unwrap_err(), LinkError::Expired(Whose::Ours));
    assert_eq!(connected.unwrap_err(), LinkError::Expired(Whose::Theirs));
}

#[tokio::test]
async fn an_operator_can_not_pose_as_a_robot_nor_a_robot_as_an_operator() {
    let site = Site::new();
    let operator = site.issue(Role::Operator);
    let false_robot = listen(Kind::Control, anywhere(), &operator).unwrap();
    let address = false_robot.local_addr().unwrap();
    let (admitted, connected) =
        tokio::join!(admit_operator(&false_robot), connect(Kind::Control, address, &operator));
    assert_eq!(admitted.unwrap_err(), LinkError::OtherUse(Whose::Ours));
    assert_eq!(connected.unwrap_err(), LinkError::OtherUse(Whose::Theirs));

    let robot = site.listen(Kind::Control);
    let sides = refused(&site, &robot, &site.robot).await;
    assert_eq!(sides.0, LinkError::OtherUse(Whose::Theirs));
    assert_eq!(sides.1, LinkError::OtherUse(Whose::Ours));
}

#[tokio::test]
async fn another_role_is_refused_with_a_sentence() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    for role in [Role::Observer, Role::Bedside] {
        let sides = refused(&site, &robot, &site.issue(role)).await;
        let peer = Peer { role, name: "anna".into() };
        assert_eq!(sides.0, LinkError::WrongRole { peer, allowed: vec![Role::Operator] });
        assert_eq!(
            sides.1.to_string(),
            format!(
                "the other side refused this side's role: you are {role} anna, and only operator may do this"
            )
        );
        assert_eq!((sides.0.code(), sides.1.code()), ("E-LNK-ROLE", "E-LNK-ROLE"));
    }
}

#[tokio::test]
async fn another_protocol_is_refused_and_both_sides_say_what_they_speak() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let operator = site.issue(Role::Operator);
    let before = tls::client(&operator, "farreach/1").unwrap();
    let next = tls::client(&operator, "farreach/3").unwrap();
    let none = {
        let mut config = tls::client(&operator, "").unwrap();
        config.alpn_protocols.clear();
        config
    };
    for config in [before, next, none] {
        let sides = refused_client(&site, &robot, config).await;
        for error in [sides.0, sides.1] {
            assert_eq!(error, LinkError::OtherVersion);
            let said = format!("this side speaks {PROTOCOL} ");
            assert!(error.to_string().contains(&said), "{error}");
        }
    }
    // A console that calls the control port for pictures is told the same.
    let address = robot.local_addr().unwrap();
    let (admitted, connected) =
        tokio::join!(admit_operator(&robot), connect(Kind::Media, address, &operator));
    assert_eq!(admitted.unwrap_err(), LinkError::OtherVersion);
    assert_eq!(connected.unwrap_err(), LinkError::OtherVersion);
}

#[tokio::test]
async fn nothing_can_be_sent_early_on_a_second_connection() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let operator = site.issue(Role::Operator);
    // A console that would resume and send early if it could: the robot must not let it.
    let mut eager = tls::client(&operator, PROTOCOL).unwrap();
    eager.enable_early_data = true;
    eager.resumption = rustls::client::Resumption::in_memory_sessions(8);
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(eager).unwrap()));
    let address = robot.local_addr().unwrap();
    let endpoint = caller(Kind::Control, address).unwrap();
    for attempt in 0..2 {
        let connecting = endpoint.connect_with(config.clone(), address, ROBOT_SERVER_NAME).unwrap();
        let Err(connecting) = connecting.into_0rtt() else {
            panic!("attempt {attempt} sends early")
        };
        let (admitted, connected) = tokio::join!(admit_operator(&robot), connecting);
        let connection = connected.unwrap();
        // All that the robot had to say has arrived once its admission has.
        connection.accept_uni().await.unwrap().read_to_end(8).await.unwrap();
        assert_eq!(admitted.unwrap().1.role, Role::Operator);
    }
}

#[tokio::test]
async fn a_call_that_nobody_answers_ends_in_time() {
    let site = Site::new();
    // Bound, so that it is nobody else's, and silent.
    let silent = std::net::UdpSocket::bind(anywhere()).unwrap();
    let address = silent.local_addr().unwrap();
    let error = connect(Kind::Control, address, &site.issue(Role::Operator)).await.unwrap_err();
    assert_eq!(error, LinkError::TimedOut { address, after_ms: 5000 });
    assert!(error.to_string().contains(&address.to_string()));
}

#[tokio::test]
async fn an_address_in_use_is_named_with_its_fix() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let address = robot.local_addr().unwrap();
    let error = listen(Kind::Control, address, &site.robot).unwrap_err();
    assert_eq!(error.to_string(), format!("address already in use: {address}"));
    assert!(error.fix().contains("pass --listen"));
    let elsewhere = "192.0.2.1:0".parse().unwrap();
    assert_eq!(listen(Kind::Media, elsewhere, &site.robot).unwrap_err().code(), "E-LNK-BIND");
}

#[tokio::test]
async fn every_caller_must_prove_its_address() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let operator = site.issue(Role::Operator);
    let address = robot.local_addr().unwrap();
    let (first, connected) = tokio::join!(
        async {
            let asked = admit(robot.accept().await.unwrap(), &[Role::Operator]).await;
            (asked, admit(robot.accept().await.unwrap(), &[Role::Operator]).await)
        },
        connect(Kind::Control, address, &operator)
    );
    assert!(connected.is_ok() && first.1.is_ok());
    assert_eq!(first.0.unwrap_err().code(), "E-LNK-UNPROVEN");
}

#[tokio::test]
async fn the_other_sides_last_words_are_short_and_printable() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let (robot_end, console_end) = joined(&site, Kind::Control, &robot).await;
    let words = [b"bye\x1b[2J".as_slice(), &[b'x'; 600]].concat();
    robot_end.close(7_u32.into(), &words);
    let LinkError::Closed { code, reason } = console_end.closed().await.into() else {
        panic!("not closed by the robot");
    };
    assert_eq!((code, reason.as_str().len()), (7, 200));
    assert!(reason.as_str().starts_with("bye?[2Jxxx"));
    assert_eq!(LinkError::from(robot_end.closed().await), LinkError::ClosedHere);
}

#[tokio::test]
async fn a_robot_that_says_goodbye_before_admission_is_heard() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let operator = site.issue(Role::Operator);
    let address = robot.local_addr().unwrap();
    let (lost, connected) = tokio::join!(
        async {
            let connection = next(&robot).await.unwrap().await.unwrap();
            connection.close(9_u32.into(), b"shutting down");
            connection.closed().await
        },
        connect(Kind::Control, address, &operator)
    );
    assert_eq!(lost, ConnectionError::LocallyClosed);
    let error = connected.unwrap_err();
    assert_eq!(error.to_string(), "closed by the other side (code 9): shutting down");
}
