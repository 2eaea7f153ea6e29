//! Two instruments and one hand: what a person at the pad does in surgery.

use operator::devices::Deflection;
use protocol::profile::SURGERY;

use super::*;
use crate::bedside::Simulated;
use crate::light::LightArms;
use crate::psm::PsmPlant;
use crate::task::{PegBoard, Score};
use crate::truth::Watched;
use crate::user::{Exercise, Target};

/// Deflection for a way that is left. Unit: 1/m. Half of full speed at 10 mm.
const PUSH: f64 = 50.0;

type Room = Theatre<Simulated<LightArms>>;

/// A practice pad that is pushed toward a place, as somebody would who sees it at once.
struct Aims {
    pad: PracticePad,
    report: PadReport,
}

impl Aims {
    fn new() -> Self {
        let mut pad = PracticePad::new();
        pad.set_simulated(true);
        let report = PadReport {
            held: false,
            x: 0.0,
            y: 0.0,
            z: 0.0,
            turn: 0.0,
            jaw: 0.0,
            arm: ArmSide::Left,
            force_n: 0.0,
            seq: 0,
            arrived: Moment::START,
        };
        Self { pad, report }
    }

    fn push(&mut self, asked: Deflection) {
        let Deflection { arm, x, y, z, jaw, .. } = asked;
        self.report = PadReport { arm, x, y, z, jaw, ..self.report };
    }

    fn hold(&mut self, t: &mut Room, held: bool) {
        self.push(Deflection::NONE);
        self.report.held = held;
        t.run(self, 500);
        assert_eq!(t.state().follows(), held);
    }

    /// Pushes the tip there, and opens or closes the jaw until it is as wanted, or closed on something.
    fn go(&mut self, t: &mut Room, target: &Target) {
        let view = t.profile().hand.view_axes().unwrap();
        let wanted_rad = target.jaw_rad.unwrap();
        let mut stalled_ms = 0;
        for _ in 0..30_000 {
            let tip = t.robot().truth().tips[0].unwrap();
            let way = view.inverse() * (target.at_m - tip.at_m);
            let open_rad = t.operator().newest_state().unwrap().arms[0].jaw_setpoint_rad;
            let jaw = (20.0 * (wanted_rad - open_rad)).clamp(-1.0, 1.0);
            stalled_ms = if way.norm() < 0.0008 && jaw.abs() < 0.2 { stalled_ms + 1 } else { 0 };
            if stalled_ms > 200 {
                self.push(Deflection::NONE);
                return t.run(self, 100);
            }
            let [x, y, z] = [way.x, way.y, -way.z].map(|m| (PUSH * m).clamp(-1.0, 1.0));
            self.push(Deflection { x, y, z, jaw, ..Deflection::NONE });
            t.run(self, 1);
        }
        panic!("{target:?} is not reached, the tip is at {:?}", t.robot().truth().tips[0]);
    }
}

impl HandDevice for Aims {
    fn name(&self) -> &str {
        self.pad.name()
    }

    fn sample(&mut self, now: Moment<Operator>) -> HandSample {
        self.report.seq += 1;
        self.report.arrived = now;
        self.pad.report(self.report);
        self.pad.sample(now)
    }

    fn observe(&mut self, state: &StateFrame, now: Moment<Operator>) {
        self.pad.observe(state, now);
    }
}

fn board() -> (Room, Aims) {
    let profile = Profile::parse(SURGERY).unwrap();
    let arms = LightArms::like(&PsmPlant::shipped(0).unwrap(), false, 0).over(PegBoard::new());
    let robot = Simulated::around(arms);
    let carrier = Transport::Frames.carrier(&LinkSpec::default(), &LinkSpec::default(), 1).unwrap();
    let mut t = Theatre::around(robot, &profile, Delays::default(), 1, carrier).unwrap();
    let mut hand = Aims::new();
    t.run(&mut hand, 100);
    (t, hand)
}

fn score(t: &Room) -> &Score {
    Watched::board(t.robot().inner()).unwrap().score()
}

fn jaws(t: &Room) -> [f64; 2] {
    t.operator().newest_state().unwrap().arms.map(|arm| arm.jaw_setpoint_rad)
}

/// The jaw that holds a ring is measured wider than it is asked to be, and a hand that says the wrong one of the two
/// would let the ring fall, or never be believed again.
#[test]
fn a_ring_is_carried_with_the_pad_and_a_stop_on_the_way_drops_nothing() {
    let (mut t, mut hand) = board();
    let start = t.robot().truth().tips[0].unwrap();
    let course = Exercise::Transfer.course_of(1, &start, 1);
    hand.hold(&mut t, true);
    for (n, target) in course.targets.iter().enumerate() {
        if n == 4 {
            assert_eq!((score(&t).picked, score(&t).transferred), (1, 0));
            hand.hold(&mut t, false);
            t.run(&mut hand, 1_000);
            hand.hold(&mut t, true);
        }
        hand.go(&mut t, target);
    }
    let score = score(&t);
    assert_eq!((score.transferred, score.dropped, score.slipped), (1, 0, 0), "{score:?}");
}

#[test]
fn shift_takes_the_right_arm_and_the_left_one_rests_with_its_jaw_as_it_is() {
    let (mut t, mut hand) = board();
    hand.hold(&mut t, true);
    hand.push(Deflection { jaw: 1.0, ..Deflection::NONE });
    t.run(&mut hand, 500);
    hand.push(Deflection { arm: ArmSide::Right, ..Deflection::NONE });
    t.run(&mut hand, 200);
    let (truth, before) = (t.robot().truth(), jaws(&t));
    assert!(before[0] > 0.2 && before[1] == 0.0, "{before:?}");
    hand.push(Deflection { arm: ArmSide::Right, x: -0.5, jaw: 1.0, ..Deflection::NONE });
    t.run(&mut hand, 500);
    let (now, after) = (t.robot().truth(), jaws(&t));
    let way = |n: usize| (now.tips[n].unwrap().at_m - truth.tips[n].unwrap().at_m).norm();
    assert!(way(0) < 0.000_2 && way(1) > 0.003, "{} m, {} m", way(0), way(1));
    assert_eq!(after[0], before[0]);
    assert!(after[1] > 0.2, "{after:?}");
}
