//! The system as a user meets it, in virtual time.

mod blackouts;
mod carriers;
mod faults;
mod instruments;
mod loss;
mod reactions;

use super::*;
use crate::network::{DelaySpec, Distribution};
use operator::devices::pad::{PadReport, PracticePad};
use operator::devices::script::ScriptedHand;
use operator::devices::{ArmSide, HandDevice, HandSample};
use protocol::cause::Cause;
use protocol::frame::StateFrame;

fn profile() -> Profile {
    Profile::parse(protocol::profile::ULTRASOUND).unwrap()
}

fn theatre(seed: u64) -> Theatre {
    Theatre::ready(&profile(), Delays::default(), seed).unwrap()
}

/// One way, where a network is tried. A round trip is twice that.
const ONE_WAY: Duration = Duration::from_millis(10);

/// The page of losses and outages holds `wanted` between the markers of this block, or gets it.
fn holds(block: &str, wanted: &str) {
    use std::io::{Read as _, Seek as _, Write as _};
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/reference/loss.md");
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    // Each block has a test of its own, and they run at the same time.
    file.lock().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    let (begin, end) = (format!("<!-- {block}:begin -->\n"), format!("<!-- {block}:end -->"));
    let (before, rest) = text.split_once(&begin).expect("the opening marker");
    let (got, after) = rest.split_once(&end).expect("the closing marker");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        file.rewind().unwrap();
        file.set_len(0).unwrap();
        file.write_all(format!("{before}{begin}{wanted}{end}{after}").as_bytes()).unwrap();
    } else {
        assert_eq!(got, wanted, "loss.md has drifted; run this again with UPDATE_PAGES=1");
    }
}

/// A direction that is so late, and nothing else.
fn one_way(delay: Duration) -> LinkSpec {
    let distribution = Distribution::Constant(delay);
    LinkSpec { delay: DelaySpec { distribution, ..DelaySpec::default() }, ..LinkSpec::default() }
}

/// The profile, but for how many lost commands make the robot slow, and after a while stop: here the link is tried.
fn patient() -> Profile {
    let mut profile = profile();
    profile.freshness.loss_soft = 0.2;
    profile
}

/// The same link both ways, and a hand that does nothing yet.
fn over(transport: Transport, profile: &Profile, link: &LinkSpec, seed: u64) -> (Theatre, Pointer) {
    let carrier = transport.carrier(link, link, seed).unwrap();
    let theatre = Theatre::ready_over(profile, Delays::default(), 1, carrier).unwrap();
    (theatre, Pointer::new())
}

/// A practice pad that reports sixty times a second what a pointer does.
struct Pointer {
    pad: PracticePad,
    held: bool,
    x: f64,
    y: f64,
    force_n: f64,
    seq: u64,
}

impl Pointer {
    fn new() -> Self {
        let mut pad = PracticePad::new();
        pad.set_simulated(true);
        Self { pad, held: false, x: 0.0, y: 0.0, force_n: 0.0, seq: 0 }
    }
}

impl HandDevice for Pointer {
    fn name(&self) -> &str {
        self.pad.name()
    }

    fn sample(&mut self, now: Moment<Operator>) -> HandSample {
        self.seq += 1;
        self.pad.report(PadReport {
            held: self.held,
            x: self.x,
            y: self.y,
            z: 0.0,
            turn: 0.0,
            jaw: 0.0,
            arm: ArmSide::Left,
            force_n: self.force_n,
            seq: self.seq,
            arrived: now,
        });
        self.pad.sample(now)
    }

    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        self.pad.observe(state, now);
    }
}

/// A theatre in which the pad has been pressed and steers to the right.
fn steering() -> (Theatre, Pointer) {
    let mut t = theatre(1);
    let mut hand = Pointer::new();
    t.run(&mut hand, 50);
    hand.held = true;
    hand.x = 0.5;
    t.run(&mut hand, 1_500);
    assert_eq!(t.state(), OperatingState::Engaged);
    (t, hand)
}

/// The pad is released and pressed again.
fn engage_again(t: &mut Theatre, hand: &mut Pointer) {
    hand.held = false;
    t.run(hand, 100);
    hand.held = true;
    t.run(hand, 800);
}

fn last_cause(t: &Theatre) -> Option<Cause> {
    t.record().transitions.last().and_then(|(_, t)| t.cause)
}

#[test]
fn a_scripted_scan_touches_the_body_and_stays_within_every_limit() {
    let mut t = theatre(1);
    let mut hand = ScriptedHand::new(&profile(), 1);
    t.run(&mut hand, 20_000);
    let r = t.record();
    let stops: Vec<_> = r.transitions.iter().filter_map(|(_, t)| t.cause).collect();
    assert!(stops.is_empty(), "nuisance stops: {stops:?}");
    assert!(r.followed > 12_000, "{} ticks followed", r.followed);
    assert!(r.in_contact > 10_000, "{} ticks in contact", r.in_contact);
    assert_eq!(r.stale, 0);
    assert!(r.force_max_n < profile().arms().unwrap().force.soft_n, "{} N", r.force_max_n);
    let engages = r.transitions.iter().filter(|(_, t)| t.to == OperatingState::Engaged).count();
    assert!(engages >= 4, "{engages} engages");
}

#[test]
fn one_seed_is_one_run() {
    let run = |seed| {
        let mut t = theatre(seed);
        let mut hand = ScriptedHand::new(&profile(), seed);
        t.run(&mut hand, 5_000);
        (t.tip().map(f64::to_bits), t.record().followed, t.record().force_max_n.to_bits())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn the_pad_steers_as_shown_and_its_release_stops_within_fifty_milliseconds() {
    let mut t = theatre(1);
    let mut hand = Pointer::new();
    t.run(&mut hand, 100);
    let lateral = t.robot().plant().tip().rotation * Vector3::x();
    let elevation = t.robot().plant().tip().rotation * Vector3::y();
    hand.held = true;
    t.run(&mut hand, 600);
    assert_eq!(t.state(), OperatingState::Engaged);
    let from = t.tip();
    hand.x = 1.0;
    t.run(&mut hand, 1_000);
    let way = t.tip() - from;
    assert!(way.dot(&lateral) > 0.015, "right is right in the picture: {way:?}");
    assert!(way.dot(&elevation).abs() < 0.002);
    hand.x = 0.0;
    t.run(&mut hand, 500);
    let from = t.tip();
    hand.y = 1.0;
    t.run(&mut hand, 1_000);
    assert!((t.tip() - from).dot(&elevation) > 0.015);
    assert!(t.robot().plant().twist().linear_m_s.norm() > 0.02);
    hand.held = false;
    t.run(&mut hand, 50);
    let (speed, stopped_at) = (t.robot().plant().twist().linear_m_s.norm(), t.tip());
    // The setpoint stands after 14 ms; what is left is the arm swinging in.
    assert!(speed < 0.003, "{speed} m/s after 50 ms");
    t.run(&mut hand, 500);
    let crept = t.tip() - stopped_at;
    assert!(crept.norm() < 0.000_2, "it crept on by {crept:?} m");
    assert_eq!((t.state(), last_cause(&t)), (OperatingState::Hold, Some(Cause::Deadman)));
}

#[test]
fn a_pad_pressed_with_a_force_brings_the_probe_down_and_holds_that_force() {
    let mut t = theatre(1);
    let mut hand = Pointer::new();
    hand.force_n = 6.0;
    t.run(&mut hand, 50);
    hand.held = true;
    t.run(&mut hand, 15_000);
    let force = t.operator().newest_state().unwrap().arms[0].contact_force_n();
    assert!((force - 6.0).abs() < 0.5, "{force} N");
    assert!(t.record().force_max_n < 9.0, "{} N at the most", t.record().force_max_n);
}

/// VIEW-AGE: a picture that freezes holds the robot, and only release and press move it again.
#[test]
fn a_frozen_picture_holds_until_released_and_engaged_again() {
    let (mut t, mut hand) = steering();
    t.faults.frozen_picture = true;
    t.run(&mut hand, 250);
    assert_eq!((t.state(), last_cause(&t)), (OperatingState::Hold, Some(Cause::ViewAge)));
    t.faults.frozen_picture = false;
    t.run(&mut hand, 200);
    let from = t.tip();
    t.run(&mut hand, 1_000);
    assert!((t.tip() - from).norm() < 0.000_2, "it moved by itself");
    assert_eq!(t.state(), OperatingState::Hold);
    engage_again(&mut t, &mut hand);
    assert_eq!(t.state(), OperatingState::Engaged);
    assert_eq!(t.record().stale, 0);
}

/// CMD-SILENCE: a dead operator is noticed by the robot alone.
#[test]
fn a_dead_operator_holds_the_robot() {
    let mut t = theatre(1);
    let mut hand = Pointer::new();
    t.run(&mut hand, 50);
    hand.held = true;
    t.run(&mut hand, 1_000);
    assert_eq!(t.state(), OperatingState::Engaged);
    t.faults.dead_operator = true;
    t.run(&mut hand, 160);
    assert_eq!((t.state(), last_cause(&t)), (OperatingState::Hold, Some(Cause::CmdSilence)));
}

/// VIEW-AGE: on a slow path the robot moves slower, not blindly; beyond the wall it does not move.
#[test]
fn distance_slows_and_then_forbids() {
    for (picture_ms, expected) in
        [(60, OperatingState::Engaged), (150, OperatingState::Ready), (250, OperatingState::Ready)]
    {
        let delays = Delays { picture: Duration::from_millis(picture_ms), ..Delays::default() };
        let mut t = Theatre::ready(&profile(), delays, 1).unwrap();
        let mut hand = Pointer::new();
        t.run(&mut hand, 50);
        hand.held = true;
        t.run(&mut hand, 1_000);
        assert_eq!(t.state(), expected, "{picture_ms} ms");
        if expected == OperatingState::Ready {
            let blocking = t.operator().newest_state().unwrap().blocking;
            assert!(blocking.contains(Cause::ViewAge), "{blocking:?}");
        }
    }
}
