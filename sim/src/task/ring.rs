//! One ring: where it is, what holds it there, and how it moves.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::ARMS;

use super::contact::{BESIDE_M, FORCE_MAX_N, PLAY_M, STIFFNESS_N_M, Scene, Under, spring};
use super::geometry::{
    BOARD_CENTRE_M, Group, Peg, RING_HEIGHT_M, RING_HOLE_RADIUS_M, RING_MASS_KG,
};
use super::score::{Score, TaskEvent};
use super::tool::{Reaction, Tool};

/// Unit: m/s².
const GRAVITY_M_S2: f64 = 9.81;

/// A ring that lay on the board counts as picked when it is lifted so far. Unit: m.
const LIFT_M: f64 = 2e-3;

/// A ring this far below the board has left it. Unit: m.
const GONE_M: f64 = 0.05;

/// A ring tilted by more than this (45°) catches no peg.
const UPRIGHT_MIN: f64 = 0.7;

/// No ring is thrown faster. Unit: m/s.
const THROW_MAX_M_S: f64 = 0.5;

/// Where a ring rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Around a peg, by its number.
    Peg(usize),
    /// On the board, around no peg.
    Board,
    /// Off the board, out of reach.
    Gone,
}

/// A jaw that holds the ring.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grip {
    arm: usize,
    /// Pose of the ring in the frame of the tip.
    ring: Isometry3<f64>,
}

/// What keeps the ring from moving, or does not.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lot {
    Rests(Seat),
    Held { first: Grip, second: Option<Grip>, course: Course },
    Falls { velocity_m_s: Vector3<f64>, course: Course },
}

/// What the score has to know of a ring in motion.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Course {
    from: Seat,
    from_z_m: f64,
    lifted: bool,
}

/// An instrument in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hand {
    pub(super) tool: Tool,
    /// The jaw became narrower than a wall in this step.
    pub(super) closes: bool,
    /// It holds a ring.
    pub(super) busy: bool,
}

/// What one step of a ring needs.
pub(super) struct Moment<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) hands: &'a mut [Hand; ARMS],
    pub(super) reactions: &'a mut [Reaction; ARMS],
    pub(super) score: &'a mut Score,
    pub(super) dt_s: f64,
}

/// A ring: a cylinder with a hole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    number: usize,
    pose: Isometry3<f64>,
    /// The peg inside it.
    around: Option<usize>,
    /// The group of the peg that it was on last.
    side: Group,
    lot: Lot,
}

impl Ring {
    /// At rest on the board around this peg.
    pub(super) fn on(peg: &Peg, number: usize) -> Self {
        let at = peg.foot_m + Vector3::z() * (0.5 * RING_HEIGHT_M);
        Self {
            number,
            pose: Isometry3::from_parts(Translation3::from(at), UnitQuaternion::identity()),
            around: Some(number),
            side: peg.group,
            lot: Lot::Rests(Seat::Peg(number)),
        }
    }

    /// Its middle, with z along the axis of its hole. Frame: base of the robot.
    pub const fn pose(&self) -> &Isometry3<f64> {
        &self.pose
    }

    /// Where it rests. None while it is held or falls.
    pub const fn seat(&self) -> Option<Seat> {
        match self.lot {
            Lot::Rests(seat) => Some(seat),
            Lot::Held { .. } | Lot::Falls { .. } => None,
        }
    }

    /// True if this arm holds it.
    pub fn is_held_by(&self, arm: usize) -> bool {
        match self.lot {
            Lot::Held { first, second, .. } => {
                first.arm == arm || second.is_some_and(|grip| grip.arm == arm)
            }
            Lot::Rests(_) | Lot::Falls { .. } => false,
        }
    }

    /// Moves it on.
    pub(super) fn step(&mut self, now: &mut Moment<'_>) {
        match self.lot {
            Lot::Rests(Seat::Gone) => {}
            Lot::Rests(from) => {
                if let Some(first) = self.new_grip(now) {
                    let course = Course { from, from_z_m: self.pose.translation.z, lifted: false };
                    // Carried from the next step on: in this one it still counts as part of a stack.
                    self.lot = Lot::Held { first, second: None, course };
                }
            }
            Lot::Held { .. } => self.hold(now),
            Lot::Falls { .. } => self.fall(now),
        }
    }

    /// The grip of a jaw that closes on it in this step.
    fn new_grip(&self, now: &mut Moment<'_>) -> Option<Grip> {
        let free = |(_, hand): &(usize, &mut Hand)| {
            hand.closes && !hand.busy && hand.tool.can_grip(&self.pose)
        };
        let (arm, hand) = now.hands.iter_mut().enumerate().find(free)?;
        hand.busy = true;
        Some(self.grip_of(arm, &hand.tool))
    }

    /// The grip of this arm on the ring where it is.
    fn grip_of(&self, arm: usize, tool: &Tool) -> Grip {
        Grip { arm, ring: tool.tip.inverse() * self.pose }
    }

    /// One step in the jaw of one arm or of both.
    fn hold(&mut self, now: &mut Moment<'_>) {
        let Lot::Held { first, second, mut course } = self.lot else { return };
        let second = second.or_else(|| self.new_grip(now));
        let tool_of = |grip: &Grip| now.hands.get(grip.arm).map(|hand| hand.tool);
        let open = |grip: &Grip| tool_of(grip).is_none_or(|tool| tool.lets_go());
        let second = second.filter(|grip| !open(grip));
        let (first, second) = if open(&first) {
            let Some(heir) = second.and_then(|g| Some(self.grip_of(g.arm, &tool_of(&g)?))) else {
                let velocity = tool_of(&first).map_or_else(Vector3::zeros, |t| t.velocity_m_s);
                return self.let_go(velocity, course);
            };
            now.score.count(self.number, TaskEvent::HandedOver);
            (heir, None)
        } else {
            (first, second)
        };
        let (Some(tool), helper) = (tool_of(&first), second.as_ref().and_then(tool_of)) else {
            return self.let_go(Vector3::zeros(), course);
        };
        let first = self.carry(first, &tool, now);
        let second =
            second.zip(helper).map(|(g, helper)| self.share(g, &helper, &first, &tool, now));
        let raised = self.pose.translation.z - course.from_z_m > LIFT_M;
        let off = match course.from {
            Seat::Peg(_) => self.around.is_none() && raised,
            Seat::Board | Seat::Gone => raised,
        };
        if off && !course.lifted {
            course.lifted = true;
            now.score.count(self.number, TaskEvent::Picked);
        }
        self.keep(first, &tool, second.zip(helper), course, now);
    }

    /// Keeps the grips that have not slid off.
    fn keep(
        &mut self,
        first: Grip,
        tool: &Tool,
        second: Option<(Grip, Tool)>,
        course: Course,
        now: &mut Moment<'_>,
    ) {
        let holds = |tool: &Tool| tool.still_grips(&self.pose);
        let (firm, helped) = (holds(tool), second.is_some_and(|(_, tool)| holds(&tool)));
        if !firm || (second.is_some() && !helped) {
            now.score.count(self.number, TaskEvent::Slipped);
        }
        let second = second.filter(|_| helped);
        self.lot = match (firm, second) {
            (true, second) => Lot::Held { first, second: second.map(|(grip, _)| grip), course },
            (false, Some((grip, tool))) => {
                Lot::Held { first: self.grip_of(grip.arm, &tool), second: None, course }
            }
            (false, None) => return self.let_go(tool.velocity_m_s, course),
        };
    }

    /// Goes where the jaw goes, as far as pegs and board let it; the grip slips where friction ends.
    fn carry(&mut self, grip: Grip, tool: &Tool, now: &mut Moment<'_>) -> Grip {
        let mut wanted = tool.tip * grip.ring;
        let blocked = now.scene.block(&wanted, self.around);
        self.around = blocked.around;
        let cap_n = tool.hold_n().min(FORCE_MAX_N);
        let (depth, most) = (blocked.out_m.norm(), cap_n / STIFFNESS_N_M);
        let mut out = blocked.out_m;
        let mut kept = grip;
        if depth > most {
            let slip = out * ((depth - most) / depth);
            wanted.translation.vector += slip;
            out -= slip;
            kept.ring = tool.tip.inverse() * wanted;
        }
        self.pose = wanted;
        self.pose.translation.vector += out;
        let force = spring(&out, &tool.velocity_m_s, cap_n);
        let weight = Vector3::z() * (-RING_MASS_KG * GRAVITY_M_S2);
        if let Some(reaction) = now.reactions.get_mut(grip.arm) {
            reaction.add(tool, &self.pose.translation.vector, &(force + weight));
            reaction.jaw_n_m += tool.jaw_n_m();
        }
        kept
    }

    /// A second jaw on the same ring: the arms pull at each other through it, until friction ends.
    fn share(
        &self,
        grip: Grip,
        helper: &Tool,
        first: &Grip,
        tool: &Tool,
        now: &mut Moment<'_>,
    ) -> Grip {
        let wanted = helper.tip * grip.ring;
        let mut apart = self.pose.translation.vector - wanted.translation.vector;
        let cap_n = helper.hold_n().min(tool.hold_n()).min(FORCE_MAX_N);
        let (off, most) = (apart.norm(), cap_n / STIFFNESS_N_M);
        let mut kept = grip;
        if off > most {
            apart *= most / off;
            let mut slipped = wanted;
            slipped.translation.vector = self.pose.translation.vector - apart;
            kept.ring = helper.tip.inverse() * slipped;
        }
        let force = spring(&apart, &(helper.velocity_m_s - tool.velocity_m_s), cap_n);
        let at = self.pose.translation.vector;
        if let Some(reaction) = now.reactions.get_mut(grip.arm) {
            reaction.add(helper, &at, &force);
            reaction.jaw_n_m += helper.jaw_n_m();
        }
        if let Some(reaction) = now.reactions.get_mut(first.arm) {
            reaction.add(tool, &at, &-force);
        }
        kept
    }

    fn let_go(&mut self, velocity_m_s: Vector3<f64>, course: Course) {
        // Around a peg it can only slide down.
        let thrown = if self.around.is_some() { Vector3::zeros() } else { velocity_m_s };
        self.lot = Lot::Falls { velocity_m_s: thrown.cap_magnitude(THROW_MAX_M_S), course };
    }

    /// One step in the air, or down a peg.
    fn fall(&mut self, now: &mut Moment<'_>) {
        let Lot::Falls { mut velocity_m_s, course } = self.lot else { return };
        velocity_m_s.z -= GRAVITY_M_S2 * now.dt_s;
        self.pose.translation.vector += velocity_m_s * now.dt_s;
        let blocked = now.scene.block(&self.pose, self.around);
        let upright = (self.pose.rotation * Vector3::z()).z.abs() >= UPRIGHT_MIN;
        self.around = blocked.around.filter(|_| upright || self.around.is_some());
        self.pose.translation.vector += blocked.out_m;
        if blocked.out_m != Vector3::zeros() || self.around.is_some() {
            (velocity_m_s.x, velocity_m_s.y) = (0.0, 0.0);
        }
        self.lot = Lot::Falls { velocity_m_s, course };
        match blocked.under {
            Under::Floor => self.land(course, now),
            Under::PegTop(peg) => self.leave_top(peg, upright, now.scene),
            Under::Nothing if self.pose.translation.z < BOARD_CENTRE_M.z - GONE_M => {
                self.rest(Seat::Gone, course, now);
            }
            Under::Nothing => {}
        }
    }

    /// A ring on the end of a peg does not stay: it slides over it if the peg is below its hole, else to the side.
    fn leave_top(&mut self, peg: usize, upright: bool, scene: &Scene<'_>) {
        let Some(peg) = scene.pegs.get(peg) else { return };
        let mut away = self.pose.translation.vector - peg.foot_m;
        away.z = 0.0;
        let toward = away.try_normalize(1e-9).unwrap_or_else(Vector3::x);
        let over = upright && away.norm() <= RING_HOLE_RADIUS_M;
        let to = if over { PLAY_M * 0.99 } else { BESIDE_M };
        self.pose.translation.vector += toward * to - away;
    }

    /// Lies flat where it came down.
    fn land(&mut self, course: Course, now: &mut Moment<'_>) {
        let ahead = self.pose.rotation * Vector3::x();
        let heading = ahead.y.atan2(ahead.x);
        self.pose.rotation = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), heading);
        let at = self.pose.translation.vector;
        if let Some(floor) = now.scene.floor_m(&at, self.around) {
            self.pose.translation.z = floor + 0.5 * RING_HEIGHT_M;
        }
        self.rest(self.around.map_or(Seat::Board, Seat::Peg), course, now);
    }

    fn rest(&mut self, seat: Seat, course: Course, now: &mut Moment<'_>) {
        self.lot = Lot::Rests(seat);
        let group = match seat {
            Seat::Peg(peg) => now.scene.pegs.get(peg).map(|peg| peg.group),
            Seat::Board | Seat::Gone => None,
        };
        match group {
            Some(group) if group != self.side => {
                self.side = group;
                now.score.count(self.number, TaskEvent::Placed);
            }
            // Back on a peg of its own side: nothing is gained and nothing lost.
            Some(_) => {}
            None if course.lifted || seat == Seat::Gone => {
                now.score.count(self.number, TaskEvent::Dropped);
            }
            None => {}
        }
    }
}
