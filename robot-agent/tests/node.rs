//! A whole robot with real threads and real links, whose driver hangs or panics.
//!
//! Nothing here measures a time: each test waits for a fact, and gives up only after a minute.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]
#![allow(clippy::await_holding_lock, reason = "the driver, on another thread, hangs on that lock")]

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use protocol::ARMS;
use protocol::frame::{ArmCommand, CommandFrame, Mode, Motion};
use protocol::link::messages::{read_message, write_message};
use protocol::link::{Authority, Identity, Kind, LinkError, Role, connect};
use protocol::picture::ViewSource;
use protocol::profile::{Profile, SURGERY, ULTRASOUND};
use protocol::session::{OperatorMessage, Refusal, RobotMessage, SessionId};
use protocol::state::OperatingState;
use protocol::time::{Moment, Robot as RobotTime};
use quinn::{Connection, RecvStream, SendStream};
use robot_agent::picture::{Picture, PictureSource};
use robot_agent::robot::{Body, Description, Order, OwnLimits, Reading, Robot, RobotFault};
use robot_agent::shell::{NodeConfig, NodeError, RobotNode};

/// Nothing that is waited for here takes longer on a healthy machine, however slow.
const PATIENCE: Duration = Duration::from_mins(1);

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What a test does to the driver, and what the driver tells the test.
#[derive(Default)]
struct Strings {
    /// Reading waits for this lock.
    hangs: Mutex<()>,
    /// Reading takes three ticks.
    slow: AtomicBool,
    /// Reading panics.
    panics: AtomicBool,
    /// So does stopping.
    stop_panics: AtomicBool,
    /// It was told to stop.
    stopped: AtomicBool,
    /// Its own limits are wider than asked.
    wide: AtomicBool,
    /// The size of its pictures, if it is not a good one.
    size: Mutex<Option<(u16, u16)>>,
}

/// An arm that stands, and does with its driver what the test wants.
struct Puppet(Arc<Strings>);

impl Robot for Puppet {
    fn describe(&self) -> Description {
        Description {
            name: "puppet".to_owned(),
            simulated: true,
            body: Body::Arms { count: 1, speed_max_m_s: 0.5, ports: [None; ARMS] },
            watchdog: Duration::from_millis(30),
        }
    }

    fn read(&mut self, now: Moment<RobotTime>) -> Result<Reading, RobotFault> {
        drop(self.0.hangs.lock());
        if self.0.slow.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(3));
        }
        assert!(!self.0.panics.load(Ordering::Relaxed), "the driver's own mistake");
        Ok(Reading::resting(now))
    }

    fn command(&mut self, _order: &Order, _now: Moment<RobotTime>) -> Result<(), RobotFault> {
        Ok(())
    }

    fn stop(&mut self, _now: Moment<RobotTime>) -> Result<(), RobotFault> {
        self.0.stopped.store(true, Ordering::Relaxed);
        assert!(!self.0.stop_panics.load(Ordering::Relaxed), "its second mistake");
        Ok(())
    }

    fn limit(&mut self, wanted: &OwnLimits) -> Result<OwnLimits, RobotFault> {
        let wider = f64::from(u8::from(self.0.wide.load(Ordering::Relaxed)));
        Ok(OwnLimits { force_max_n: wanted.force_max_n + wider, ..*wanted })
    }
}

/// Nothing is shown, in pictures of this size.
struct Dark((u16, u16));

impl PictureSource for Dark {
    fn shows(&self) -> ViewSource {
        ViewSource::Ultrasound
    }

    fn size(&self) -> (u16, u16) {
        self.0
    }

    fn capture(&mut self, _now: Moment<RobotTime>, _budget: Duration, _into: &mut Picture) -> bool {
        false
    }
}

struct Site {
    strings: Arc<Strings>,
    node: RobotNode,
    operator: Identity,
    profile: Profile,
}

fn start(profile: &str, strings: &Arc<Strings>) -> Result<Site, NodeError> {
    start_watched(profile, strings, Duration::from_millis(100))
}

fn start_watched(
    profile: &str,
    strings: &Arc<Strings>,
    stall_max: Duration,
) -> Result<Site, NodeError> {
    let authority = Authority::create("test").unwrap();
    let profile = Profile::parse(profile).unwrap();
    let config = NodeConfig {
        profile: profile.clone(),
        identity: authority.issue(Role::Robot, "puppet", 1).unwrap(),
        control: vec![ANY],
        media: ANY,
        clock_base: None,
        stall_max,
        spins: false,
    };
    let strings = Arc::clone(strings);
    let size = *strings.size.lock().unwrap();
    let dark = Box::new(Dark(size.unwrap_or((32, 32))));
    let node = RobotNode::start(config, Box::new(Puppet(Arc::clone(&strings))), dark)?;
    let operator = authority.issue(Role::Operator, "ada", 1).unwrap();
    Ok(Site { strings, node, operator, profile })
}

fn site() -> Site {
    start(ULTRASOUND, &Arc::default()).unwrap()
}

/// A console that has said hello, and what it was answered.
struct Console {
    connection: Connection,
    _send: SendStream,
    recv: RecvStream,
    answer: Option<RobotMessage>,
}

async fn call(site: &Site) -> Console {
    let connection = connect(Kind::Control, site.node.control[0], &site.operator).await.unwrap();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let hello = OperatorMessage::Hello { console: "test".to_owned(), profile: site.profile.hash };
    write_message(&mut send, &hello).await.unwrap();
    let answer = read_message(&mut recv).await.unwrap();
    Console { connection, _send: send, recv, answer }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.unwrap() })
}

fn wait_until(fact: impl Fn() -> bool) {
    let began = Instant::now();
    while !fact() {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Commands of this console, as fast as they go.
async fn flood(console: &Console, count: u64) {
    let Some(RobotMessage::Welcome { session, epoch, .. }) = &console.answer else {
        assert_eq!(console.answer, None, "a console that was let in");
        return;
    };
    for seq in 1..=count {
        let frame = CommandFrame { seq, epoch: *epoch, ..command(SessionId::from_bytes(*session)) };
        let datagram = frame.encode().unwrap().to_vec().into();
        // Until the robot closes the connection, because its servo stands still.
        if console.connection.send_datagram_wait(datagram).await.is_err() {
            return;
        }
    }
}

fn command(session: SessionId) -> CommandFrame {
    CommandFrame {
        session,
        seq: 1,
        epoch: 0,
        engage_count: 0,
        t_input: Moment::from_ns(1),
        seen_state: 0,
        seen_view: 0,
        view_source: ViewSource::Ultrasound,
        mode: Mode::Hold,
        deadman: 0.0,
        stop_request: 0,
        shown_state: OperatingState::Standby,
        motion: Motion::Arms([ArmCommand::neutral(); ARMS]),
    }
}

const TAKEN: RobotMessage = RobotMessage::Refused { code: Refusal::Taken as u8 };

const STALLED: RobotMessage = RobotMessage::Refused { code: Refusal::Stalled as u8 };

/// SERVO-STALL: no state frame comes from a servo that hangs, so the control link says why; once it
/// works again, operators get in again.
#[test]
fn a_servo_that_hangs_ends_the_session_with_its_reason_and_refuses_the_next() {
    let site = site();
    block_on(async {
        // A machine so slow that the servo stalls by itself may refuse a while.
        let mut console = call(&site).await;
        while !matches!(console.answer, Some(RobotMessage::Welcome { .. })) {
            console = call(&site).await;
        }
        let hangs = site.strings.hangs.lock().unwrap();
        // More commands than the servo has room for, as from any console that goes on sending.
        flood(&console, 1_000).await;
        assert_eq!(read_message(&mut console.recv).await.unwrap(), Some(STALLED));
        let error = LinkError::from(console.connection.closed().await).to_string();
        assert!(error.contains("stands still"), "{error}");
        assert_eq!(call(&site).await.answer, Some(STALLED));
        drop(hangs);
        loop {
            let answer = call(&site).await.answer;
            assert_ne!(answer, Some(TAKEN), "its own authority is in nobody's way");
            if matches!(answer, Some(RobotMessage::Welcome { .. })) {
                break;
            }
        }
        assert!(site.node.failure().is_none());
    });
}

/// SERVO-OVERRUN: ticks that a slow driver costs are counted, and not caught up.
#[test]
fn a_slow_driver_costs_ticks_which_are_counted() {
    let site = site();
    site.strings.slow.store(true, Ordering::Relaxed);
    let before = site.node.summary();
    wait_until(|| site.node.summary().ticks >= before.ticks + 100);
    let after = site.node.summary();
    let (made, missed) = (after.ticks - before.ticks, after.ticks_missed - before.ticks_missed);
    assert!(missed >= made, "{missed} missed, {made} made");
}

/// ROBOT-FAULT: a driver that panics takes the node with it, and the robot is told to stop.
#[test]
fn a_driver_that_panics_ends_the_node_and_tells_the_robot_to_stop() {
    for stop_panics in [false, true] {
        // Writing down where it panicked may take longer than a stall; that has a reason of its own.
        let site = start_watched(ULTRASOUND, &Arc::default(), PATIENCE).unwrap();
        site.strings.stop_panics.store(stop_panics, Ordering::Relaxed);
        block_on(async {
            let console = call(&site).await;
            site.strings.panics.store(true, Ordering::Relaxed);
            let error = LinkError::from(console.connection.closed().await).to_string();
            assert!(error.contains("control loop has ended"), "{error}");
        });
        wait_until(|| site.node.failure().is_some());
        let failure = site.node.failure().unwrap();
        assert!(failure.to_string().contains("E-ROB-ENDED") && !failure.fix().is_empty());
        assert!(site.strings.stopped.load(Ordering::Relaxed));
        let again = block_on(connect(Kind::Control, site.node.control[0], &site.operator));
        assert!(again.is_err(), "the links are closed");
    }
}

#[test]
fn a_node_that_ends_in_order_tells_the_robot_to_stop_and_has_not_failed() {
    let Site { strings, node, .. } = site();
    assert!(node.failure().is_none());
    assert!(!strings.stopped.load(Ordering::Relaxed));
    drop(node);
    assert!(strings.stopped.load(Ordering::Relaxed));
}

#[test]
fn a_robot_that_does_not_fit_its_profile_is_refused_with_what_does_not_fit() {
    let refused = |profile: &str, strings| start(profile, &strings).map(drop).unwrap_err();
    let error = refused(SURGERY, Arc::default());
    assert_eq!(error.code(), "E-ROB-MISFIT");
    assert!(error.to_string().contains("2 arms and the robot has 1"), "{error}");
    let wide = Arc::new(Strings { wide: AtomicBool::new(true), ..Strings::default() });
    let error = refused(ULTRASOUND, wide);
    assert!(error.to_string().contains("20 N and read back"), "{error}");
    let text = ULTRASOUND.replacen("steering = \"ultrasound\"", "steering = \"endoscope\"", 1);
    let error = refused(&text, Arc::default());
    assert_eq!(error.code(), "E-ROB-PICTURE");
    assert!(error.to_string().contains("`endoscope`, and the robot shows `ultrasound`"), "{error}");
}

/// A robot whose pictures can not be encoded would be one that operators find with MEDIA-STALL.
#[test]
fn a_robot_whose_pictures_can_not_be_encoded_is_refused_with_their_size() {
    for size in [(0, 0), (33, 32), (32, 8)] {
        let strings = Strings { size: Mutex::new(Some(size)), ..Strings::default() };
        let error = start(ULTRASOUND, &Arc::new(strings)).map(drop).unwrap_err();
        assert_eq!(error.code(), "E-ROB-ENCODER");
        let wanted =
            format!("{} x {} pixels can not be encoded: both sides must be even", size.0, size.1);
        assert!(error.to_string().contains(&wanted), "{error}");
        assert!(error.fix().contains("a size that the sentence allows"));
    }
}
