//! The server over real sockets of this machine: who gets in, what every answer carries, who steers.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;

use protocol::picture::PictureHeader;
use protocol::state::OperatingState;
use serde_json::Value;
use tokio::sync::watch;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

use super::assets::ASSETS;
use super::page::Delivered;
use super::*;
use crate::core::session::tests::state_frame;
use crate::shell::lock;
use crate::shell::mailbox::{Picture, tests::picture};
use crate::shell::rings::ToHand;
use crate::shell::shared::Word;
use crate::shell::shared::fixture::{Ends, ends, snapshot};

/// No answer of a test takes longer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A server with its shared half in the hands of the test.
struct Site {
    ends: Ends,
    address: SocketAddr,
    token: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    fn open() -> Self {
        let listening = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = listening.url();
        let (before, token) = url.split_once("/?token=").unwrap();
        let address = before.strip_prefix("http://").unwrap().parse().unwrap();
        let ends = ends();
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::clone(&ends.shared);
        let thread = std::thread::spawn(move || run(listening, shared, stopping));
        Self { ends, address, token: token.to_owned(), stop, thread: Some(thread) }
    }

    fn host(&self) -> String {
        self.address.to_string()
    }

    /// The head and the body of the answer to a request with this first line and these headers.
    fn ask(&self, line: &str, headers: &[(&str, &str)]) -> (String, String) {
        let mut tcp = TcpStream::connect(self.address).unwrap();
        tcp.set_read_timeout(Some(ANSWER_MAX)).unwrap();
        let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.extend([name, ": ", value, "\r\n"]);
        }
        tcp.write_all(format!("{request}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (String, String) {
        self.ask(&format!("GET {path}"), &[("Host", &self.host())])
    }

    fn socket(&self) -> Page {
        let origin = format!("http://{}", self.address);
        self.socket_from(&origin, &self.token.clone()).unwrap()
    }

    fn socket_from(&self, origin: &str, token: &str) -> Result<Page, tungstenite::Error> {
        let mut request =
            format!("ws://{}/ws?token={token}", self.address).into_client_request().unwrap();
        request.headers_mut().insert("Origin", HeaderValue::from_str(origin).unwrap());
        let tcp = TcpStream::connect(self.address).unwrap();
        tcp.set_read_timeout(Some(ANSWER_MAX)).unwrap();
        match tungstenite::client(request, tcp) {
            Ok((socket, _)) => Ok(Page(socket)),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
            Err(other) => panic!("{other}"),
        }
    }

    /// What the hand thread would hear next.
    fn heard(&mut self) -> ToHand {
        wait_for(|| self.ends.heard.take())
    }

    fn deliver(&self, view: u64, keyframe: bool) {
        self.ends.shared.outlet.deliver(picture(view, keyframe));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test waits for other threads")]
fn wait_for<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    for _ in 0..ANSWER_MAX.as_millis() / 2 {
        if let Some(value) = ready() {
            return value;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("nothing came");
}

struct Page(WebSocket<TcpStream>);

impl Page {
    fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    fn status(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    /// The next status for which `is` is true.
    fn status_that(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..400 {
            let status = self.status();
            if is(&status) {
                return status;
            }
        }
        panic!("no such status");
    }

    fn view(&mut self) -> u64 {
        loop {
            if let Message::Binary(bytes) = self.0.read().unwrap() {
                assert_eq!(&bytes[..4], b"FRP1");
                return u64::from_le_bytes(bytes[8..16].try_into().unwrap());
            }
        }
    }

    fn present(&mut self, view: u64) {
        let text = format!(
            r#"{{"type":"presented","view":"{view}","decode_ms":1,"draw_ms":1,"queue":0}}"#
        );
        self.say(&text);
    }
}

fn status_line(head: &str) -> &str {
    head.lines().next().unwrap()
}

#[test]
fn the_page_needs_the_token_and_its_files_do_not() {
    let site = Site::open();
    let (head, body) = site.get(&format!("/?token={}", site.token));
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/html"), "{head}");
    assert!(body.contains("<title>Farreach console</title>"));
    let mut other = site.token.clone().into_bytes();
    other[31] = if other[31] == b'0' { b'1' } else { b'0' };
    let other = String::from_utf8(other).unwrap();
    let short = &site.token[..31];
    let twice = format!("{t}&token={t}", t = site.token);
    for query in [
        "",
        "?",
        "?token=",
        "?Token=1",
        &format!("?token={short}"),
        &format!("?token={other}"),
        &format!("?token={twice}"),
        &format!("?token={}0", site.token),
    ] {
        let (head, body) = site.get(&format!("/{query}"));
        assert!(head.starts_with("http/1.1 403"), "{query}: {head}");
        assert!(body.contains("the address that farreach printed"), "{body}");
    }
    for (name, kind, text) in ASSETS {
        let (head, body) = site.get(&format!("/{name}"));
        assert!(head.starts_with("http/1.1 200"), "{name}: {head}");
        assert!(head.contains(&format!("content-type: {kind}")), "{name}: {head}");
        assert_eq!(&body, text, "{name}");
    }
    assert!(status_line(&site.get("/nothing.js").0).contains("404"));
    assert!(status_line(&site.get("/../Cargo.toml").0).contains("404"));
    let host = site.host();
    assert!(status_line(&site.ask("POST /main.js", &[("Host", &host)]).0).contains("405"));
}

#[test]
fn every_file_of_the_page_is_served() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "index.html")
        .collect();
    files.sort();
    let mut served: Vec<_> = ASSETS.iter().map(|(name, _, _)| *name).collect();
    served.sort_unstable();
    assert_eq!(files, served);
}

#[test]
fn every_answer_carries_the_policy_refusals_included() {
    let site = Site::open();
    let host = site.host();
    let answers = [
        site.get(&format!("/?token={}", site.token)),
        site.get("/"),
        site.get("/main.js"),
        site.get("/nothing"),
        site.get("/ws"),
        site.get(&format!("/ws?token={}", site.token)),
        site.ask("POST /", &[("Host", &host)]),
        site.ask("GET /", &[("Host", "evil.example")]),
    ];
    let policy = format!("content-security-policy: {}", CONTENT_SECURITY_POLICY.to_lowercase());
    for (head, _) in &answers {
        for line in [
            policy.as_str(),
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
        ] {
            assert!(head.contains(line), "{line} is not in {head}");
        }
    }
    assert_eq!(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
}

#[test]
fn a_foreign_name_for_this_machine_is_refused() {
    let site = Site::open();
    let port = site.address.port();
    let path = format!("GET /?token={}", site.token);
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        assert!(status_line(&site.ask(&path, &[("Host", &host)]).0).contains("200"), "{host}");
    }
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        "127.0.0.1:1".to_owned(),
        String::new(),
    ] {
        assert!(status_line(&site.ask(&path, &[("Host", &host)]).0).contains("403"), "{host}");
    }
    let ours = site.host();
    let both = [("Host", ours.as_str()), ("Host", "evil.example")];
    assert!(!status_line(&site.ask(&path, &both).0).contains("200"));
    assert!(!status_line(&site.ask("GET /main.js", &[]).0).contains("200"), "no host at all");
}

#[test]
fn only_the_page_itself_may_open_the_socket() {
    let site = Site::open();
    let token = site.token.clone();
    let port = site.address.port();
    assert!(site.socket_from(&format!("http://localhost:{port}"), &token).is_ok());
    let refused = |origin: &str, token: &str| match site.socket_from(origin, token) {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 403, "{origin}"),
        Err(other) => panic!("{origin}: {other}"),
        Ok(_) => panic!("{origin} got in"),
    };
    let ours = format!("http://127.0.0.1:{port}");
    for origin in
        ["null", "http://evil.example", &format!("https://127.0.0.1:{port}"), "http://127.0.0.1"]
    {
        refused(origin, &token);
    }
    refused(&ours, "");
    refused(&ours, &"0".repeat(32));
}

#[test]
fn only_this_machine_is_served() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let error = listen(address.parse().unwrap()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("not a loopback address"), "{error}");
    }
}

#[test]
fn a_token_is_128_bits_and_its_own() {
    let (a, b) = (Token::random().unwrap(), Token::random().unwrap());
    let guard = Guard::new("127.0.0.1:80".parse().unwrap(), a);
    let url = guard.url();
    let token = url.split_once("token=").unwrap().1;
    assert_eq!(token.len(), 32);
    assert!(!b.is(token) && b.is(&b.clone_text()));
}

#[test]
fn a_status_comes_at_once_and_their_time_rises() {
    let site = Site::open();
    let mut page = site.socket();
    let mut last = f64::NEG_INFINITY;
    for _ in 0..5 {
        let status = page.status();
        assert_eq!(status["type"], "status");
        let t_ms = status["t_ms"].as_f64().unwrap();
        assert!(t_ms > last);
        last = t_ms;
    }
}

#[test]
fn an_oversized_message_ends_the_page_and_nobody_else() {
    let mut site = Site::open();
    let mut page = site.socket();
    page.status();
    assert!(matches!(site.heard(), ToHand::PageChanged { .. }));
    let _ = page.0.send(Message::text("x".repeat(5_000)));
    let ended = (0..400).any(|_| page.0.read().is_err());
    assert!(ended);
    let mut again = site.socket();
    again.status();
}

#[test]
fn what_is_not_understood_changes_nothing() {
    let mut site = Site::open();
    let mut page = site.socket();
    page.status();
    assert!(matches!(site.heard(), ToHand::PageChanged { .. }));
    for text in ["", "{", r#"{"type":"move"}"#, r#"{"type":"presented","view":7}"#] {
        page.say(text);
    }
    page.0.send(Message::binary(vec![1, 2, 3])).unwrap();
    page.say(r#"{"type":"pad","held":true,"x":0.5,"y":0,"z":0,"jaw":0,"arm":"left","turn":0,"force_n":5,"seq":1,"t_ms":1}"#);
    let ToHand::Pad(report) = site.heard() else { panic!("the pad") };
    assert!(report.held && report.seq == 1);
}

#[test]
fn only_a_picture_that_was_sent_to_this_page_can_be_presented_and_once() {
    let mut site = Site::open();
    let mut page = site.socket();
    page.status();
    assert!(matches!(site.heard(), ToHand::PageChanged { .. }));
    for view in 7..10 {
        site.deliver(view, view == 7);
        assert_eq!(page.view(), view);
    }
    // Never sent, repeated, passed over.
    for view in [6, 10, 9, 9, 8, 7] {
        page.present(view);
    }
    page.say(r#"{"type":"pad","held":false,"x":0,"y":0,"z":0,"jaw":0,"arm":"left","turn":0,"force_n":5,"seq":1,"t_ms":1}"#);
    let ToHand::Presented { view, number, at } = site.heard() else { panic!("a presentation") };
    assert_eq!((view, number), (9, 1));
    assert!(at <= site.ends.shared.clock.now());
    assert!(matches!(site.heard(), ToHand::Pad(_)), "nothing else was believed");
}

#[test]
fn what_was_delivered_counts_once_in_order_and_in_its_session() {
    let mut delivered = Delivered::default();
    for view in 1..=5 {
        delivered.sent(1, view);
    }
    assert_eq!(delivered.presented(6), None);
    assert_eq!(delivered.presented(3), Some((1, 2)));
    assert_eq!((delivered.presented(3), delivered.presented(2)), (None, None));
    delivered.sent(2, 1);
    assert_eq!(delivered.presented(4), None, "of the session before");
    assert_eq!(delivered.presented(1), Some((2, 0)));
}

#[test]
fn the_newest_page_steers_and_the_older_one_is_told_and_can_still_stop() {
    let mut site = Site::open();
    let profile = site.ends.shared.profile.clone();
    let mut known = snapshot(&profile);
    known.core.handle_state(&state_frame(), site.ends.shared.clock.now().after(ANSWER_MAX));
    *lock(&site.ends.shared.published) = Arc::new(known);
    let mut old = site.socket();
    assert_eq!(old.status()["state"]["reason"], Value::Null);
    let mut new = site.socket();
    new.status();
    let taken = old.status_that(|s| !s["state"]["reason"].is_null());
    assert_eq!(taken["state"]["reason"]["code"], "PAGE-TAKEN");
    assert_eq!(taken["state"]["can_engage"], false);
    site.deliver(3, true);
    assert_eq!(new.view(), 3);
    for _ in 0..2 {
        assert!(matches!(site.heard(), ToHand::PageChanged { .. }));
    }
    old.present(3);
    old.say(r#"{"type":"pad","held":true,"x":1,"y":0,"z":0,"jaw":0,"arm":"left","turn":0,"force_n":5,"seq":9,"t_ms":1}"#);
    old.say(r#"{"type":"acknowledge"}"#);
    old.say(KNOBS);
    old.say(r#"{"type":"stop"}"#);
    wait_for(|| site.ends.shared.stop.take());
    assert!(site.ends.heard.take().is_none() && site.ends.words.try_recv().is_err());
    // The stop is on every page before anything has taken it up.
    old.say(r#"{"type":"stop"}"#);
    new.status_that(|s| s["stop"]["phase"] == "sent");
}

/// STATE-MISMATCH: what stands on the page that steers goes to the core; a replaced page looks at an
/// old world, and a page that is gone shows nothing.
#[test]
fn what_the_page_that_steers_shows_is_heard() {
    let mut site = Site::open();
    let mut old = site.socket();
    old.status();
    assert!(matches!(site.heard(), ToHand::PageChanged { open: true, .. }));
    old.say(r#"{"type":"shown","word":"READY"}"#);
    let ToHand::Shown { word, at } = site.heard() else { panic!("a word") };
    assert_eq!(word, Some(OperatingState::Ready));
    assert!(at <= site.ends.shared.clock.now());
    let mut new = site.socket();
    new.status();
    assert!(matches!(site.heard(), ToHand::PageChanged { open: true, .. }));
    old.say(r#"{"type":"shown","word":"READY"}"#);
    old.say(r#"{"type":"stop"}"#);
    wait_for(|| site.ends.shared.stop.take());
    for text in [r#"{"type":"shown","word":"MOVING"}"#, r#"{"type":"shown","word":"UNKNOWN"}"#] {
        new.say(text);
    }
    assert!(matches!(site.heard(), ToHand::Shown { word: None, .. }), "and nothing before it");
    drop(new);
    assert!(matches!(site.heard(), ToHand::PageChanged { open: false, .. }));
}

#[test]
fn an_acknowledgement_is_of_the_epoch_that_the_page_shows() {
    let mut site = Site::open();
    let mut page = site.socket();
    assert_eq!(page.status()["state"]["epoch"], Value::Null);
    page.say(r#"{"type":"acknowledge"}"#);
    let profile = site.ends.shared.profile.clone();
    let mut known = snapshot(&profile);
    let frame = protocol::frame::StateFrame { epoch: 7, ..state_frame() };
    known.core.handle_state(&frame, site.ends.shared.clock.now().after(ANSWER_MAX));
    *lock(&site.ends.shared.published) = Arc::new(known);
    page.status_that(|s| s["state"]["epoch"] == 7);
    page.say(r#"{"type":"acknowledge"}"#);
    let word = wait_for(|| site.ends.words.try_recv().ok());
    assert_eq!(word, Word::Acknowledge { epoch: 7 });
}

/// What a page says of the knobs.
const KNOBS: &str = r#"{"type":"imaging","depth_mm":120,"gain_db":-2.5,"focus_mm":60,"frequency_mhz":3.5,"frozen":true}"#;

/// Each request has a number of its own: the robot knows by it which one is newer.
#[test]
fn settings_of_the_page_that_steers_go_to_the_robot_each_with_its_number() {
    let mut site = Site::open();
    let mut page = site.socket();
    assert_eq!(page.status()["imaging"]["depth_mm"]["now"], 160.0, "what the robot told");
    for number in 1..=2 {
        page.say(KNOBS);
        let word = wait_for(|| site.ends.words.try_recv().ok());
        let Word::Imaging { request, wanted } = word else { panic!("{word:?}") };
        assert_eq!((request, wanted.depth_um, wanted.frozen), (number, 120_000, true));
    }
    let told = page.status_that(|s| !s["imaging"].is_null());
    assert_eq!(told["imaging"]["depth_mm"]["now"], 160.0, "the robot has not said otherwise");
}

#[test]
fn a_page_that_does_not_read_blocks_nobody_and_can_stop() {
    let site = Site::open();
    let mut stuck = site.socket();
    stuck.status();
    wait_for(|| {
        let header = PictureHeader { length: 100_000, ..picture(1, true).header };
        for view in 1..=40 {
            let keyframe = view % 10 == 1;
            let header = PictureHeader { view, keyframe, ..header };
            let unit = vec![0; 100_000];
            site.ends.shared.outlet.deliver(Picture { header, unit, session: 1 });
        }
        (site.ends.shared.outlet.dropped() > 0).then_some(())
    });
    stuck.say(r#"{"type":"stop"}"#);
    wait_for(|| site.ends.shared.stop.take());
}

#[test]
fn there_is_an_end_to_pages() {
    let site = Site::open();
    let pages: Vec<_> = (0..8).map(|_| site.socket()).collect();
    let origin = format!("http://{}", site.address);
    match site.socket_from(&origin, &site.token) {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 503),
        _ => panic!("a ninth page got in"),
    }
    drop(pages);
    wait_for(|| site.socket_from(&origin, &site.token).ok());
}
