//! What flows once the link is up: frames, messages and pictures, and what hostile sizes do.

use protocol::frame::command::COMMAND_BYTES;
use protocol::frame::state::STATE_BYTES;
use protocol::frame::{DATAGRAM_OVERHEAD, STATE_WIRE_MAX};
use protocol::link::messages::{read_message, write_message};
use protocol::link::order::Ordered;
use protocol::link::pictures::{
    PictureSender, is_keyframe_request, receive_picture, request_keyframe, send_picture,
};
use protocol::picture::{HEADER_BYTES, PICTURE_MAX, PictureHeader, ViewSource};
use protocol::session::{OperatorMessage, RobotMessage, SESSION_MESSAGE_MAX};
use protocol::time::Moment;
use quinn::{RecvStream, SendStream};

use super::*;

/// A picture with bytes that depend on its number.
pub(crate) fn picture(view: u64, bytes: usize) -> (PictureHeader, Vec<u8>) {
    let unit: Vec<u8> = (0..bytes).map(|i| (i as u64 * 31 + view) as u8).collect();
    let header = PictureHeader {
        source: ViewSource::Ultrasound,
        view,
        captured: Moment::from_ns(view),
        encode_us: 1,
        width: 640,
        height: 480,
        depth_um: 0,
        keyframe: view == 1,
        skipped: 0,
        length: bytes as u32,
    };
    (header, unit)
}

/// A session stream: the robot's reading end, then the console's writing end.
async fn stream(robot: &Connection, console: &Connection) -> (RecvStream, SendStream) {
    let (mut send, _) = console.open_bi().await.unwrap();
    // A stream exists for the other side once something is on it.
    write_message(&mut send, &OperatorMessage::Release).await.unwrap();
    let (_, mut receive) = robot.accept_bi().await.unwrap();
    assert_eq!(read_message(&mut receive).await, Ok(Some(OperatorMessage::Release)));
    (receive, send)
}

#[tokio::test]
async fn a_command_and_a_state_fit_one_datagram() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let (robot_end, console_end) = joined(&site, Kind::Control, &robot).await;
    assert!(console_end.max_datagram_size().unwrap() >= COMMAND_BYTES);
    assert!(robot_end.max_datagram_size().unwrap() >= STATE_BYTES);
    const { assert!(STATE_BYTES + DATAGRAM_OVERHEAD <= STATE_WIRE_MAX) };
    console_end.send_datagram(vec![7; COMMAND_BYTES].into()).unwrap();
    assert_eq!(robot_end.read_datagram().await.unwrap(), vec![7; COMMAND_BYTES]);
    robot_end.send_datagram(vec![8; STATE_BYTES].into()).unwrap();
    assert_eq!(console_end.read_datagram().await.unwrap(), vec![8; STATE_BYTES]);
}

#[tokio::test]
async fn messages_arrive_whole_and_the_end_between_two_is_an_end() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let (robot_end, console_end) = joined(&site, Kind::Control, &robot).await;
    let (mut receive, mut send) = stream(&robot_end, &console_end).await;
    let hello = OperatorMessage::Hello { console: "room 4".into(), profile: [7; 32] };
    for message in [&hello, &OperatorMessage::Stop { request: 3 }] {
        write_message(&mut send, message).await.unwrap();
    }
    send.finish().unwrap();
    assert_eq!(read_message(&mut receive).await, Ok(Some(hello)));
    assert_eq!(read_message(&mut receive).await, Ok(Some(OperatorMessage::Stop { request: 3 })));
    assert_eq!(read_message::<OperatorMessage>(&mut receive).await, Ok(None));
}

#[tokio::test]
async fn a_length_bomb_half_a_message_and_nonsense_are_each_refused() {
    let site = Site::new();
    let robot = site.listen(Kind::Control);
    let (robot_end, console_end) = joined(&site, Kind::Control, &robot).await;
    let cases: [(&[u8], &str); 5] = [
        (&u32::MAX.to_le_bytes(), "E-LNK-LENGTH"),
        (&(SESSION_MESSAGE_MAX as u32 + 1).to_le_bytes(), "E-LNK-LENGTH"),
        (&[4, 0], "E-LNK-TRUNCATED"),
        (&[4, 0, 0, 0, 3], "E-LNK-TRUNCATED"),
        (&[4, 0, 0, 0, 9, 9, 9, 9], "E-LNK-MALFORMED"),
    ];
    for (bytes, code) in cases {
        let (mut receive, mut send) = stream(&robot_end, &console_end).await;
        send.write_all(bytes).await.unwrap();
        send.finish().unwrap();
        let error = read_message::<RobotMessage>(&mut receive).await.unwrap_err();
        assert_eq!(error.code(), code, "{bytes:?}");
    }
    let (_, mut send) = stream(&robot_end, &console_end).await;
    let long = OperatorMessage::Hello { console: "x".repeat(2000), profile: [0; 32] };
    assert_eq!(write_message(&mut send, &long).await.unwrap_err().code(), "E-LNK-MALFORMED");
}

#[tokio::test]
async fn pictures_arrive_as_they_were_sent_the_largest_too() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (robot_end, console_end) = joined(&site, Kind::Media, &robot).await;
    for (view, bytes) in [(1, 0), (2, 1), (3, 20_000), (4, PICTURE_MAX)] {
        let (header, unit) = picture(view, bytes);
        let (sent, received) =
            tokio::join!(send_picture(&robot_end, &header, &unit), receive_picture(&console_end));
        sent.unwrap();
        assert!(received.unwrap() == (header, unit), "{bytes}");
    }
}

#[tokio::test]
async fn a_flow_of_pictures_arrives_complete_and_in_order() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (robot_end, console_end) = joined(&site, Kind::Media, &robot).await;
    let mut sender = PictureSender::new(robot_end);
    let sending = async {
        for view in 1..=100 {
            let (header, unit) = picture(view, 30_000);
            sender.send(&header, &unit).await.unwrap();
        }
    };
    let receiving = async {
        let (mut ordered, mut views) = (Ordered::new(), Vec::new());
        while views.len() < 100 {
            let (header, _) = receive_picture(&console_end).await.unwrap();
            let release = ordered.push(&header, header.view);
            assert!(!release.keyframe_wanted);
            views.extend(release.pictures);
        }
        views
    };
    let ((), views) = tokio::join!(sending, receiving);
    assert_eq!(views, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_sender_on_a_lost_connection_says_so() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (robot_end, console_end) = joined(&site, Kind::Media, &robot).await;
    let mut sender = PictureSender::new(robot_end);
    console_end.close(5_u32.into(), b"done");
    let (header, unit) = picture(1, 50_000);
    let error = loop {
        if let Err(error) = sender.send(&header, &unit).await {
            break error;
        }
    };
    assert_eq!(error.code(), "E-LNK-CLOSED");
}

#[tokio::test]
async fn a_picture_with_a_bad_header_is_refused_before_anything_is_allocated() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (robot_end, console_end) = joined(&site, Kind::Media, &robot).await;
    let good = picture(1, 4).0.encode().unwrap();
    let mut oversize = good;
    oversize[HEADER_BYTES - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    let whole = [good.as_slice(), &[0; 4]].concat();
    let cases: [(Vec<u8>, &str); 5] = [
        (oversize.to_vec(), "E-LNK-MALFORMED"),
        (good[..10].to_vec(), "E-LNK-TRUNCATED"),
        (whole[..40].to_vec(), "E-LNK-TRUNCATED"),
        ([whole.as_slice(), &[0]].concat(), "E-LNK-LENGTH"),
        ([&[9], &whole[1..]].concat(), "E-LNK-MALFORMED"),
    ];
    for (bytes, code) in cases {
        let mut stream = robot_end.open_uni().await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream.finish().unwrap();
        assert_eq!(receive_picture(&console_end).await.unwrap_err().code(), code);
    }
    // None of them ended the connection.
    let (header, unit) = picture(2, 4);
    send_picture(&robot_end, &header, &unit).await.unwrap();
    assert_eq!(receive_picture(&console_end).await, Ok((header, unit)));
    let lie = send_picture(&robot_end, &header, &[0; 5]).await;
    assert_eq!(lie, Err(LinkError::Disagree { expected: 4, got: 5 }));
}

#[tokio::test]
async fn a_keyframe_request_reaches_the_robot() {
    let site = Site::new();
    let robot = site.listen(Kind::Media);
    let (robot_end, console_end) = joined(&site, Kind::Media, &robot).await;
    request_keyframe(&console_end).unwrap();
    assert!(is_keyframe_request(&robot_end.read_datagram().await.unwrap()));
    for other in [&[][..], &[0], &[1, 1]] {
        assert!(!is_keyframe_request(other));
    }
}
