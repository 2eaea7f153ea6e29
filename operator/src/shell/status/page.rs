//! What the page is told, some twenty times a second: the shapes of `console/types.js`.
//!
//! What is unknown is `null`. Nothing is ever zero because it is unknown, and nothing keeps the value
//! that it had before.

use serde::Serialize;

/// Everything that the page shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Always `status`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Monotonic time of this process, strictly rising. Unit: millisecond.
    pub t_ms: f64,
    /// `up`, `connecting` or `lost`.
    pub link: &'static str,
    /// Why it is lost.
    pub link_reason: Option<Reason>,
    /// True if nothing real can move.
    pub simulated: bool,
    /// The profile in force.
    pub profile: ProfileName,
    /// Name of the robot.
    pub robot: String,
    /// What the robot does.
    pub state: State,
    /// How far a STOP has come.
    pub stop: Stop,
    /// How old the world is that steers.
    pub ages: Ages,
    /// Where the view age goes.
    pub stages: Vec<Stage>,
    /// The estimate of the robot's clock.
    pub clock: Clock,
    /// The ways to the robot.
    pub paths: Vec<Path>,
    /// Contact force.
    pub force: Force,
    /// Every condition for motion.
    pub interlocks: Vec<Interlock>,
    /// Speed of the tip.
    pub speed: Speed,
    /// The limits enforced now.
    pub clamps: Vec<Clamped>,
    /// What the hand does.
    pub hand: Hand,
    /// Where the tip is.
    pub probe: Probe,
    /// What the base does; `None` for arms.
    pub base: Option<Base>,
    /// The pictures.
    pub pictures: Pictures,
    /// How they are set; `None` where nothing can be set, or nothing is known.
    pub imaging: Option<Imaging>,
    /// What must be noticed.
    pub alarms: Vec<Alarm>,
}

/// A code with its words, and the reading with its limit where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The code.
    pub code: &'static str,
    /// What happened.
    pub sentence: String,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
    /// What was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// The profile in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileName {
    /// Its name.
    pub name: String,
    /// The first digits of its hash.
    pub hash: String,
}

/// What the robot does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    /// The state's word, or `UNKNOWN`.
    pub word: &'static str,
    /// CRTK's word, or `UNKNOWN`.
    pub crtk: &'static str,
    /// For how long. Unit: millisecond.
    pub since_ms: Option<f64>,
    /// What stopped or slows it.
    pub reason: Option<Reason>,
    /// The robot's epoch.
    pub epoch: Option<u32>,
    /// True if the operator's act would engage: nothing but that act is missing.
    pub can_engage: bool,
    /// What is missing besides.
    pub why_not: Option<Reason>,
}

/// How far a STOP has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stop {
    /// `idle`, `sent`, `confirmed` or `unconfirmed`.
    pub phase: &'static str,
    /// From the press to the confirmation, or until now. Unit: millisecond.
    pub ms: Option<f64>,
}

/// Both ages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ages {
    /// Age of the picture that steers.
    pub view: Age,
    /// Age of the state that steers.
    #[serde(rename = "loop")]
    pub round_trip: Age,
    /// From the hand to the robot; `None` where the profile has no target for it.
    pub command: Option<CommandAge>,
}

/// How long commands take from the hand to the robot. Unit: millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CommandAge {
    /// 99 % of the last second, as the console reckons it, with the error of its clock estimate.
    pub p99_ms: Option<f64>,
    /// The newest, as the robot bounds it.
    pub now_ms: Option<f64>,
    /// What the 99 % are judged against, each second.
    pub target_ms: f64,
    /// Slower beyond it, by the robot's bound.
    pub soft_ms: f64,
    /// Stopped beyond it, by the robot's bound.
    pub hard_ms: f64,
    /// Seconds judged so far.
    pub seconds: u64,
    /// Those in which the target was met.
    pub met: u64,
}

/// One age, as the robot judged it. Unit: millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Age {
    /// Median of the last second.
    pub p50_ms: Option<f64>,
    /// 95 % of the last second.
    pub p95_ms: Option<f64>,
    /// The newest.
    pub now_ms: Option<f64>,
    /// Slower beyond it.
    pub soft_ms: Option<f64>,
    /// Stopped beyond it.
    pub hard_ms: Option<f64>,
}

/// A part of the view age.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// What it is called.
    pub name: &'static str,
    /// Median of the last second; negative if the clock estimate lies. Unit: millisecond.
    pub ms: Option<f64>,
}

/// Robot clock minus operator clock. Unit: millisecond.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clock {
    /// The estimate.
    pub offset_ms: Option<f64>,
    /// The true offset lies within this of it.
    pub error_ms: Option<f64>,
    /// True if a stage came out negative.
    pub suspect: bool,
}

/// A way to the robot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Path {
    /// What it is called.
    pub name: String,
    /// False while it leads nowhere.
    pub up: bool,
    /// Round trip. Unit: millisecond.
    pub round_trip_ms: Option<f64>,
    /// Lost on the way to the robot, of the last half second. Unit: percent.
    pub lost_up_percent: Option<f64>,
    /// Lost on the way from the robot, of the last half second. Unit: percent.
    pub lost_down_percent: Option<f64>,
    /// Arrived on this path before any other. Unit: percent.
    pub first_percent: Option<f64>,
}

/// Contact force along the tool axis, or on the bumper of a base. Unit: newton.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Force {
    /// Measured.
    pub normal_n: Option<f64>,
    /// Wanted by the hand; `None` where no tool presses by itself.
    pub wanted_n: Option<f64>,
    /// No further inward beyond it; `None` for a base.
    pub soft_n: Option<f64>,
    /// Stopped beyond it.
    pub hard_n: Option<f64>,
}

/// One condition for motion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interlock {
    /// Its code.
    pub id: &'static str,
    /// `ok`, `warn`, `fail` or `unknown`.
    pub state: &'static str,
    /// What was read.
    pub value: Option<String>,
    /// Its limit.
    pub limit: Option<String>,
    /// Who can mend it.
    pub owner: &'static str,
    /// How.
    pub fix: &'static str,
}

/// Speed of the fastest tip, or of the base. Unit: millimetre per second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// Measured.
    pub mm_s: Option<f64>,
    /// Allowed now.
    pub cap_mm_s: Option<f64>,
}

/// A limit that was enforced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clamped {
    /// Which.
    pub limit: &'static str,
    /// How much it took away.
    pub text: String,
}

/// What the hand does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hand {
    /// What the device is called; `practice pad` makes the page show its own.
    pub source: String,
    /// How far the deadman is pressed, 0 to 1.
    pub deadman: Option<f64>,
    /// `open`, `closed` or `unknown`.
    pub clutch: &'static str,
    /// How many arms it can move; 0 for a base.
    pub arms: usize,
    /// The arm that it moves, `left` or `right`; `None` where there are not two, or where each has a hand.
    pub arm: Option<&'static str>,
    /// True if the tools have jaws.
    pub jaw: bool,
    /// What the hand has to do first.
    pub note: String,
}

/// Where the tip is that the hand moves, along the axes of the base. Unit: millimetre.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// Forward.
    pub x_mm: Option<f64>,
    /// To the left.
    pub y_mm: Option<f64>,
    /// Up.
    pub z_mm: Option<f64>,
    /// How far its jaw is open; `None` for a tool without one. Unit: degree.
    pub jaw_deg: Option<f64>,
}

/// What a base does, and what is in its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Base {
    /// Speed asked for, forward positive. Unit: millimetre per second.
    pub wanted_mm_s: Option<f64>,
    /// Measured turn rate, counter-clockwise. Unit: degree per second.
    pub turn_deg_s: Option<f64>,
    /// Turn rate asked for. Unit: degree per second.
    pub wanted_turn_deg_s: Option<f64>,
    /// Nearest obstacle ahead. Unit: millimetre.
    pub ahead_mm: Option<f64>,
    /// Nearest obstacle behind. Unit: millimetre.
    pub behind_mm: Option<f64>,
}

/// The pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pictures {
    /// Presented so far.
    pub shown: Option<u64>,
    /// Dropped so far.
    pub dropped: Option<u64>,
    /// Presented in the last second.
    pub rate_hz: Option<f64>,
    /// Depth that the newest one shows.
    pub depth_mm: Option<f64>,
}

/// How the pictures are set, as the robot told it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Imaging {
    /// Depth of the picture. Unit: millimetre.
    pub depth_mm: Setting,
    /// Gain. Unit: decibel.
    pub gain_db: Setting,
    /// Depth of the focus. Unit: millimetre.
    pub focus_mm: Setting,
    /// Transmit frequency. Unit: megahertz.
    pub frequency_mhz: Setting,
    /// True while no new picture is captured.
    pub frozen: bool,
    /// Why the newest request of this console was refused.
    pub refused: Option<Reason>,
}

/// A setting and its range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Setting {
    /// What is in force.
    pub now: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// What must be noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// `high`, `medium` or `low`.
    pub priority: &'static str,
    /// The code.
    pub code: &'static str,
    /// In words.
    pub text: String,
}
