//! After a blackout, and after a reader that hung, little is stale; and an address may change.

use std::sync::Arc;
use std::time::Duration;

use protocol::frame::command::COMMAND_BYTES;
use protocol::link::endpoint::{caller, client_config, connect_from, move_on, route_from};
use protocol::link::pictures::{PictureSender, receive_picture, send_picture};
use protocol::link::role::ROBOT_SERVER_NAME;
use protocol::link::transport::{FRAMES_QUEUED_MAX, FRAMES_UNREAD_MAX, KEEP_ALIVE};
use protocol::picture::PICTURE_MAX;
use quinn::TransportConfig;
use tokio::time::timeout;

use super::flows::picture;
use super::path::Path;
use super::*;

const TICK: Duration = Duration::from_millis(1);

fn frame(number: u64) -> Vec<u8> {
    let mut frame = vec![0; COMMAND_BYTES];
    frame[..8].copy_from_slice(&number.to_le_bytes());
    frame
}

fn number(frame: &[u8]) -> u64 {
    u64::from_le_bytes(frame[..8].try_into().unwrap())
}

/// Sends frames `1, 2, …`, one a tick, and cuts the path for `1..=LAST_CUT`; returns how many of
/// those arrive after all, once a fresh one has.
async fn stale_after_blackout(path: &Path, console: &Connection, robot: &Connection) -> usize {
    const LAST_CUT: u64 = 1000;
    path.cut();
    let sending = async {
        for seq in 1.. {
            if seq == LAST_CUT + 1 {
                path.mend();
            }
            console.send_datagram(frame(seq).into()).unwrap();
            tokio::time::sleep(TICK).await;
        }
    };
    let counting = async {
        let mut stale = 0;
        while number(&robot.read_datagram().await.unwrap()) <= LAST_CUT {
            stale += 1;
        }
        stale
    };
    tokio::select! {
        () = sending => unreachable!(),
        stale = counting => stale,
    }
}

#[tokio::test]
async fn after_a_second_of_blackout_at_most_the_queued_frames_are_stale() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let path = Path::to(robot.local_addr().unwrap()).await;
    let operator = site.issue(Role::Operator);
    let (admitted, connected) =
        tokio::join!(admit_operator(&robot), connect(Kind::Control, path.address, &operator));
    let stale = stale_after_blackout(&path, &connected.unwrap(), &admitted.unwrap().0).await;
    assert!(stale <= FRAMES_QUEUED_MAX, "{stale} stale frames");
}

/// The same with QUIC's defaults: what the numbers in `transport` prevent, and proof that the test
/// above would see it.
#[tokio::test]
async fn with_quics_defaults_the_same_blackout_delivers_a_burst_of_stale_frames() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let path = Path::to(robot.local_addr().unwrap()).await;
    let mut defaults = client_config(Kind::Control, &site.issue(Role::Operator)).unwrap();
    defaults.transport_config(Arc::new(TransportConfig::default()));
    let console = caller(Kind::Control, path.address).unwrap();
    let (admitted, connected) = tokio::join!(
        admit_operator(&robot),
        console.connect_with(defaults, path.address, ROBOT_SERVER_NAME).unwrap()
    );
    let stale = stale_after_blackout(&path, &connected.unwrap(), &admitted.unwrap().0).await;
    assert!(stale > 10 * FRAMES_QUEUED_MAX, "{stale} stale frames");
}

#[tokio::test]
async fn a_reader_that_hung_finds_a_few_frames_and_the_newest_among_them() {
    const SENT: u64 = 300;
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let (robot_end, console_end) = joined(&site, Kind::Control, &robot).await;
    for seq in 1..=SENT {
        console_end.send_datagram(frame(seq).into()).unwrap();
        tokio::time::sleep(TICK).await;
    }
    let mut found = Vec::new();
    while found.last() != Some(&SENT) {
        found.push(number(&robot_end.read_datagram().await.unwrap()));
    }
    assert!(found.len() <= FRAMES_UNREAD_MAX, "{found:?}");
}

#[tokio::test]
async fn a_console_that_changes_its_address_stays_connected() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let address = robot.local_addr().unwrap();
    let operator = site.issue(Role::Operator);
    let console = caller(Kind::Control, address).unwrap();
    let (admitted, connected) = tokio::join!(
        admit_operator(&robot),
        connect_from(&console, Kind::Control, address, &operator)
    );
    let (robot_end, console_end) = (admitted.unwrap().0, connected.unwrap());
    let before = robot_end.remote_address();
    console.rebind(std::net::UdpSocket::bind(anywhere()).unwrap()).unwrap();
    console_end.send_datagram(frame(1).into()).unwrap();
    assert_eq!(number(&robot_end.read_datagram().await.unwrap()), 1);
    assert_ne!(robot_end.remote_address(), before);
}

/// A console that only receives has nothing to say, and is heard all the same.
#[tokio::test]
async fn a_console_that_moves_on_is_heard_at_its_new_address_at_once() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let address = robot.local_addr().unwrap();
    assert_eq!(route_from(address), Some(address.ip()), "loopback leads to itself");
    let operator = site.issue(Role::Operator);
    let console = caller(Kind::Media, address).unwrap();
    let (admitted, connected) = tokio::join!(
        admit_operator(&robot),
        connect_from(&console, Kind::Media, address, &operator)
    );
    let (robot_end, _console_end) = (admitted.unwrap().0, connected.unwrap());
    let before = robot_end.remote_address();
    // Longer than acknowledgements of the handshake take, and shorter than what keeps the connection alive.
    tokio::time::sleep(100 * TICK).await;
    move_on(&console, address).unwrap();
    let moved = async {
        while robot_end.remote_address() == before {
            tokio::time::sleep(TICK).await;
        }
    };
    timeout(KEEP_ALIVE / 2, moved).await.unwrap();
}

#[tokio::test]
async fn a_sender_of_pictures_takes_no_more_than_the_link_while_nothing_comes_back() {
    const BYTES: usize = 4_000;
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (path, robot_end, console_end) = joined_over_path(&site, Kind::Media, &robot).await;
    path.cut();
    let window = robot_end.stats().path.cwnd as usize;
    let mut sender = PictureSender::new(robot_end);
    let mut taken = 0;
    loop {
        let (header, unit) = picture(taken as u64 + 1, BYTES);
        if timeout(100 * TICK, sender.send(&header, &unit)).await.is_err() {
            break;
        }
        taken += 1;
    }
    assert!(taken * BYTES <= window, "{taken} pictures in a window of {window}");
    // Nothing that was taken is lost. The one that waited was given up, and never looks whole.
    path.mend();
    let mut views = Vec::new();
    while views.len() < taken {
        match receive_picture(&console_end).await {
            Ok((header, _)) => views.push(header.view),
            Err(error) => assert_eq!(error, LinkError::Stream { code: 0 }),
        }
    }
    views.sort_unstable();
    assert_eq!(views, (1..=taken as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_picture_that_is_given_up_never_looks_whole() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (path, robot_end, console_end) = joined_over_path(&site, Kind::Media, &robot).await;
    path.cut();
    // Larger than the buffer, so it can not be complete.
    let (header, unit) = picture(1, PICTURE_MAX);
    assert!(timeout(100 * TICK, send_picture(&robot_end, &header, &unit)).await.is_err());
    path.mend();
    assert_eq!(receive_picture(&console_end).await, Err(LinkError::Stream { code: 0 }));
    let (header, unit) = picture(2, 10);
    send_picture(&robot_end, &header, &unit).await.unwrap();
    assert_eq!(receive_picture(&console_end).await, Ok((header, unit)));
}

#[tokio::test]
async fn a_handshake_that_stops_half_way_ends_in_time_on_both_sides() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let path = Path::to(robot.local_addr().unwrap()).await;
    let operator = site.issue(Role::Operator);
    let (admitted, connected) = tokio::join!(
        async {
            let caller = next(&robot).await.unwrap();
            path.cut();
            admit(caller, &[Role::Operator]).await
        },
        connect(Kind::Control, path.address, &operator)
    );
    assert_eq!(admitted.unwrap_err().code(), "E-LNK-TIMEOUT");
    assert_eq!(connected.unwrap_err().code(), "E-LNK-TIMEOUT");
    joined(&site, Kind::Control, &robot).await;
}

async fn joined_over_path(
    site: &Site,
    kind: Kind,
    robot: &Endpoint,
) -> (Path, Connection, Connection) {
    let path = Path::to(robot.local_addr().unwrap()).await;
    let operator = site.issue(Role::Operator);
    let (admitted, connected) =
        tokio::join!(admit_operator(robot), connect(kind, path.address, &operator));
    (path, admitted.unwrap().0, connected.unwrap())
}
