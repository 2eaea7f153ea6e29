//! What the threads share: short locks, held for moments, and never waited for by the hand thread.

use core::time::Duration;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use protocol::frame::StateFrame;
use protocol::host::HostClock;
use protocol::imaging::{Imaging, ImagingReport};
use protocol::profile::Profile;
use protocol::time::{Moment, Operator};
use tokio::sync::mpsc;

use super::error::Reason;
use super::line::Figures;
use super::lock;
use super::mailbox::Outlet;
use super::rings::{Speakers, ToHand};
use crate::core::OperatorCore;
use crate::core::stop::{StopPhase, UNCONFIRMED_AFTER};
use crate::devices::HandSample;

/// What goes to the control link, for the session stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Stop, with the number that the core gave it.
    Stop {
        /// The number.
        request: u32,
    },
    /// The operator has read why the robot stopped.
    Acknowledge {
        /// The epoch that was on the screen.
        epoch: u32,
    },
    /// The imaging device shall be set like this.
    Imaging {
        /// The number of the request.
        request: u32,
        /// How.
        wanted: Imaging,
    },
    /// Authority is given back.
    Release,
}

/// A STOP that was pressed and that the hand thread has not taken up yet.
///
/// Not in the ring: a ring can be full, and this must not be lost.
#[derive(Debug, Default)]
pub struct StopPress {
    pressed_ns: AtomicU64,
}

impl StopPress {
    /// STOP was pressed. The first press counts until it is taken up.
    pub fn press(&self, now: Moment<Operator>) {
        let _ = self.pressed_ns.compare_exchange(
            Moment::<Operator>::START.as_ns(),
            now.as_ns(),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
    }

    /// When it was pressed, once.
    pub fn take(&self) -> Option<Moment<Operator>> {
        let ns = self.pressed_ns.swap(Moment::<Operator>::START.as_ns(), Ordering::AcqRel);
        Some(Moment::from_ns(ns)).filter(|at| *at != Moment::START)
    }

    /// How far a press has come that is not taken up; `None` without one.
    pub fn phase(&self, now: Moment<Operator>) -> Option<StopPhase> {
        let since = Moment::from_ns(self.pressed_ns.load(Ordering::Acquire));
        if since == Moment::START {
            return None;
        }
        let waited = now.since(since).unwrap_or(Duration::ZERO);
        let late = waited > UNCONFIRMED_AFTER;
        Some(if late { StopPhase::Unconfirmed { since } } else { StopPhase::Sent { since } })
    }
}

/// Where the link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A session is being asked for.
    Connecting,
    /// Authority is held.
    Up,
    /// The link is gone; it is dialled again unless authority was given back.
    Lost(Reason),
}

/// How a path to the robot does.
#[derive(Debug, Clone, PartialEq)]
pub struct PathState {
    /// What people call it.
    pub name: String,
    /// The address of the robot that was called.
    pub called: SocketAddr,
    /// Where the robot is now; the same unless it has moved.
    pub robot: SocketAddr,
    /// How it does; `None` while it leads nowhere.
    pub figures: Option<Figures>,
}

/// A path that brings less than this share of the states leads nowhere.
const BROUGHT_MIN: f64 = 0.1;

impl PathState {
    /// True if it brings what the robot says.
    pub fn leads(&self) -> bool {
        let lost = self.figures.map(|figures| figures.lost_down.unwrap_or(0.0));
        lost.is_some_and(|lost| lost <= 1.0 - BROUGHT_MIN)
    }
}

/// What is known of the robot and the link to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// The link.
    pub link: Link,
    /// Name of the robot; empty before the first session.
    pub robot: String,
    /// True if nothing real can move.
    pub simulated: bool,
    /// The ways to the robot.
    pub paths: Vec<PathState>,
    /// What the robot said last of its imaging device in this session; `None` if it has not.
    pub imaging: Option<ImagingReport>,
}

impl Board {
    /// Where pictures are to be called that were said to be at `media`: with the robot, where that has moved,
    /// and on the first path that leads there.
    pub fn pictures_at(&self, media: SocketAddr) -> SocketAddr {
        // Somewhere else than the robot's control link: whoever said so knows.
        if !self.paths.iter().any(|path| path.called.ip() == media.ip()) {
            return media;
        }
        let first = self.paths.iter().find(|path| path.leads());
        first.map_or(media, |path| SocketAddr::new(path.robot.ip(), media.port()))
    }
}

/// What the hand thread tells everybody else, some fifty times a second.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The core, as it was.
    pub core: OperatorCore,
    /// What the hand did last.
    pub sample: HandSample,
    /// What the device is called.
    pub device: String,
    /// What the device says about itself.
    pub note: Option<String>,
    /// Since when the robot is in its state.
    pub state_since: Option<Moment<Operator>>,
    /// The first frame that told of the stop the robot is in: its readings belong to that stop.
    pub stopped: Option<StateFrame>,
    /// The link was lost while the robot followed, and has not come back.
    pub lost_following: bool,
    /// What the hand thread counted.
    pub counts: HandCounts,
}

/// What the hand thread counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HandCounts {
    /// Command frames that the link did not take.
    pub not_sent: u64,
    /// Ticks missed altogether.
    pub missed: u64,
    /// Events that found the ring full.
    pub unheard: u64,
}

/// The newest pictures that were presented, for their rate.
#[derive(Debug, Default)]
pub struct Meter {
    recent: VecDeque<Moment<Operator>>,
    depth_um: Option<u32>,
}

/// Presentations remembered: a second at twice the highest rate.
const METER_MAX: usize = 256;

impl Meter {
    /// A picture was presented.
    pub fn presented(&mut self, at: Moment<Operator>) {
        if self.recent.len() >= METER_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
    }

    /// A picture with this depth has arrived; 0 for one that shows none.
    pub const fn depth(&mut self, depth_um: u32) {
        self.depth_um = if depth_um == 0 { None } else { Some(depth_um) };
    }

    /// The depth that the newest picture shows. Unit: micrometre.
    pub const fn depth_um(&self) -> Option<u32> {
        self.depth_um
    }

    /// Pictures presented within the last second; `None` before the first.
    pub fn rate_hz(&self, now: Moment<Operator>) -> Option<f64> {
        self.recent.back()?;
        let last_second =
            |at: &&Moment<Operator>| now.since(**at).is_none_or(|d| d <= Duration::from_secs(1));
        Some(self.recent.iter().filter(last_second).count() as f64)
    }
}

/// Everything that is shared.
pub struct Shared {
    /// The operator's clock.
    pub clock: HostClock<Operator>,
    /// The limits.
    pub profile: Profile,
    /// To the hand thread.
    pub to_hand: Speakers<ToHand>,
    /// STOP on its way to the hand thread.
    pub stop: StopPress,
    /// Command frames handed to the link, to the frame: snapshots come too seldom to be compared
    /// with what a robot counts.
    pub commands_sent: AtomicU64,
    /// To the control link.
    pub words: mpsc::Sender<Word>,
    /// Requests to set the imaging device so far.
    pub imaging_asked: AtomicU32,
    /// Where the pictures go.
    pub outlet: Outlet,
    /// The robot and the link.
    pub board: Mutex<Board>,
    /// The presentations.
    pub meter: Mutex<Meter>,
    /// What the hand thread published last.
    pub published: Mutex<Arc<Snapshot>>,
}

impl Shared {
    /// What the hand thread published last.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&lock(&self.published))
    }

    /// A picture of this session was presented to the eye just now. It is of the source that steers: no
    /// other comes to an outlet.
    pub fn presented(&self, view: u64, number: u64) {
        let at = self.clock.now();
        self.to_hand.send(ToHand::Presented { view, at, number });
        lock(&self.meter).presented(at);
    }

    /// Says something to the robot. What does not fit is dropped: a stop is also in every command.
    pub fn say(&self, word: Word) {
        if self.words.try_send(word).is_err() {
            tracing::warn!("the control link is busy or gone; dropped {word:?}");
        }
    }

    /// Asks the robot to set its imaging device. The robot judges whether it can be.
    pub fn set_imaging(&self, wanted: Imaging) {
        let request = self.imaging_asked.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        self.say(Word::Imaging { request, wanted });
    }

    /// How far a STOP has come.
    pub fn stop_phase(&self, snapshot: &Snapshot, now: Moment<Operator>) -> StopPhase {
        self.stop.phase(now).unwrap_or_else(|| snapshot.core.stop_phase(now))
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! The shared half of a console, with the other ends in the hands of a test.

    use super::*;
    use crate::shell::rings::{Receiver, speaking_ring};
    use protocol::imaging::{ImagingRanges, ImagingState, Span};
    use protocol::profile::ULTRASOUND;

    /// The ends that threads would hold.
    pub(crate) struct Ends {
        pub(crate) shared: Arc<Shared>,
        pub(crate) heard: Receiver<ToHand>,
        pub(crate) words: mpsc::Receiver<Word>,
    }

    pub(crate) fn snapshot(profile: &Profile) -> Snapshot {
        Snapshot {
            core: OperatorCore::new(profile),
            sample: HandSample::gone(Moment::START),
            device: "practice pad".to_owned(),
            note: None,
            state_since: None,
            stopped: None,
            lost_following: false,
            counts: HandCounts::default(),
        }
    }

    /// Where the robot is called.
    pub(crate) const ROBOT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)), 4610);

    /// What a robot with a scanner says.
    pub(crate) fn imaging() -> ImagingReport {
        let span = |min, max| Span { min, max };
        let ranges = ImagingRanges {
            depth_um: span(50_000, 250_000),
            gain_cdb: span(-4_000, 4_000),
            focus_um: span(20_000, 200_000),
            frequency_khz: span(2_000, 6_000),
        };
        let now = Imaging {
            depth_um: 160_000,
            gain_cdb: -250,
            focus_um: 80_000,
            frequency_khz: 3_500,
            frozen: false,
        };
        let state = Some(ImagingState { now, ranges });
        ImagingReport { serial: 1, request: 0, state, refused: None }
    }

    pub(crate) fn board() -> Board {
        let figures = Figures {
            round_trip: Duration::from_millis(12),
            lost_up: Some(0.01),
            lost_down: None,
            first: Some(1.0),
        };
        let (name, robot) = ("wired".to_owned(), ROBOT);
        let paths = vec![PathState { name, called: robot, robot, figures: Some(figures) }];
        Board {
            link: Link::Up,
            robot: "arm7".to_owned(),
            simulated: true,
            paths,
            imaging: Some(imaging()),
        }
    }

    pub(crate) fn ends() -> Ends {
        let profile = Profile::parse(ULTRASOUND).unwrap();
        let (to_hand, heard) = speaking_ring(1024);
        let (words_tx, words) = mpsc::channel(4);
        let shared = Arc::new(Shared {
            clock: HostClock::start(),
            published: Mutex::new(Arc::new(snapshot(&profile))),
            profile,
            to_hand,
            stop: StopPress::default(),
            commands_sent: AtomicU64::new(0),
            words: words_tx,
            imaging_asked: AtomicU32::new(0),
            outlet: Outlet::default(),
            board: Mutex::new(board()),
            meter: Mutex::default(),
        });
        Ends { shared, heard, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment<Operator> {
        Moment::from_ns(ms * 1_000_000)
    }

    #[test]
    fn pictures_are_where_the_robot_is_on_the_first_path_that_leads_there() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let mut board = fixture::board();
        let second = "198.51.100.7:4610";
        let figures = board.paths[0].figures;
        board.paths.push(PathState {
            name: "5g".to_owned(),
            called: address(second),
            robot: address(second),
            figures,
        });
        let media = address("192.0.2.7:4611");
        assert_eq!(board.pictures_at(media), media);
        board.paths[0].robot = address("203.0.113.9:4610");
        assert_eq!(board.pictures_at(media), address("203.0.113.9:4611"), "it has moved");
        board.paths[0].figures.as_mut().unwrap().lost_down = Some(0.95);
        assert_eq!(board.pictures_at(media), address("198.51.100.7:4611"), "the first is silent");
        board.paths[1].figures = None;
        assert_eq!(board.pictures_at(media), media, "none leads there");
        let elsewhere = address("127.0.0.1:9000");
        assert_eq!(board.pictures_at(elsewhere), elsewhere);
    }

    #[test]
    fn the_first_press_counts_until_it_is_taken_up() {
        let stop = StopPress::default();
        assert_eq!((stop.take(), stop.phase(at(5))), (None, None));
        stop.press(at(10));
        stop.press(at(20));
        assert_eq!(stop.phase(at(210)), Some(StopPhase::Sent { since: at(10) }));
        assert_eq!(
            stop.phase(at(211)),
            Some(StopPhase::Unconfirmed { since: at(10) }),
            "a hand thread that hangs is no confirmation"
        );
        assert_eq!((stop.take(), stop.take()), (Some(at(10)), None));
    }

    #[test]
    fn the_rate_is_that_of_the_last_second_and_unknown_before_the_first_picture() {
        let mut meter = Meter::default();
        assert_eq!(meter.rate_hz(at(1)), None);
        for n in 0..400 {
            meter.presented(at(n * 25));
        }
        assert_eq!(meter.rate_hz(at(399 * 25)), Some(41.0));
        assert_eq!(meter.rate_hz(at(60_000)), Some(0.0));
    }
}
