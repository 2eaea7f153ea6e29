//! From the newest command to the setpoints of arms: anchors, targets, and what arms do by themselves.

use nalgebra::Vector3;
use protocol::ARMS;
use protocol::frame::{ArmCommand, ArmState, ClampSet, CommandFrame, Mode, Motion as HandMotion};
use protocol::pose::{Base, Displacement, Pose, Tip};
use protocol::profile::{ArmLimits, Profile, Shape, Zone};

use super::fit::Misfit;
use super::{BodyReadings, Step, Wish, worst};
use crate::core::frozen::Frozen;
use crate::core::governor::region::{self, Region};
use crate::core::governor::{ArmGovernor, Drive, Place, Task, caps};
use crate::robot::{ArmOrder, ArmReading, Body, Order, Port, Reading};

/// A setpoint that moves across its tool slower than this stands. Yielding along the tool does not
/// count: it goes on for as long as the tissue pushes. Unit: metre per second.
const STANDING_MAX_M_S: f64 = 0.001;

/// A hand this near to a jaw has met it. Unit: radian. Two degrees, as on the dVRK.
const JAW_MET_RAD: f64 = 0.035;

/// One engagement: from a closing of the clutch to its end.
#[derive(Debug, Clone, Copy)]
struct Engagement {
    count: u32,
    /// The frame that closed the clutch: it moves nothing, whatever it asks for.
    closed_by: u64,
    anchors: [Pose<Base, Tip>; ARMS],
    start: [Displacement; ARMS],
    jaws: [Grip; ARMS],
}

/// A jaw and the hand that may have it. The hand's opening is absolute, so the jaw waits until the hand
/// has come to where the jaw is: a console that says nothing of a jaw moves none.
#[derive(Debug, Clone, Copy)]
struct Grip {
    /// Where the jaw was when the clutch was closed. Unit: radian.
    anchor_rad: f64,
    /// What the hand said then. Unit: radian.
    start_rad: f64,
    /// The hand has been where the jaw was.
    met: bool,
}

impl Grip {
    /// A jaw that is open by `anchor_rad`, and a hand that says `start_rad`.
    fn new(anchor_rad: f64, start_rad: f64) -> Self {
        let mut grip = Self { anchor_rad, start_rad, met: false };
        grip.note(start_rad);
        grip
    }

    /// Takes in where the hand is now: it has met the jaw once it is there, or has passed it.
    fn note(&mut self, hand_rad: f64) {
        let (before, now) = (self.start_rad - self.anchor_rad, hand_rad - self.anchor_rad);
        self.met |= now.abs() <= JAW_MET_RAD || before.signum() != now.signum();
    }
}

/// One arm.
#[derive(Debug, Clone)]
struct Arm {
    governor: ArmGovernor,
    region: Region,
    port: Option<Port>,
    frozen: Frozen,
    /// The force loop has the tool: it goes by what the force sensor says.
    presses: bool,
}

/// The setpoints of all arms. An arm without a region is not there.
#[derive(Debug, Clone)]
pub(in crate::core) struct ArmMotion {
    arms: [Option<Arm>; ARMS],
    engagement: Option<Engagement>,
    stands: bool,
    pub(super) clamps: ClampSet,
    pub(super) speed_cap_m_s: f64,
}

impl ArmMotion {
    /// Setpoints at nowhere in particular until the first reading, and what makes them unusable.
    pub(super) fn new(limits: &ArmLimits, body: &Body) -> (Self, Option<Misfit>) {
        let ports = match body {
            Body::Arms { ports, .. } => *ports,
            Body::Base { .. } => [None; ARMS],
        };
        let mut misfit = None;
        let mut arms = [const { None }; ARMS];
        let places = arms.iter_mut().zip(ports).enumerate().take(body.arms());
        for (n, (slot, port)) in places {
            // Where the profile knows nothing of ports, none limits.
            let port = port.filter(|_| limits.port.is_some());
            match region_of(limits, port.as_ref()) {
                Some(region) => {
                    let governor = ArmGovernor::at(Pose::identity(), 0.0);
                    *slot = Some(Arm {
                        governor,
                        region,
                        port,
                        frozen: Frozen::default(),
                        presses: false,
                    });
                }
                None => misfit = misfit.or(Some(Misfit::NoRegion { arm: n })),
            }
        }
        let motion = Self {
            arms,
            engagement: None,
            stands: true,
            clamps: ClampSet::EMPTY,
            speed_cap_m_s: 0.0,
        };
        (motion, misfit)
    }

    fn arms(&self) -> impl Iterator<Item = &Arm> {
        self.arms.iter().flatten()
    }

    /// Each arm that is there, with what is measured of it.
    fn measured<'a>(
        &'a self,
        reading: &'a Reading,
    ) -> impl Iterator<Item = (&'a Arm, &'a ArmReading)> {
        self.arms.iter().zip(&reading.arms).filter_map(|(arm, r)| arm.as_ref().map(|a| (a, r)))
    }

    fn setpoint(&self, n: usize) -> Pose<Base, Tip> {
        let arm = self.arms.get(n).and_then(Option::as_ref);
        arm.map_or_else(Pose::identity, |a| a.governor.setpoint())
    }

    pub(super) const fn stands(&self) -> bool {
        self.stands
    }

    /// Binds the arms to the hand: the anchor is where the setpoint is now, and what the frame says
    /// of the hand counts as its start. So the frame that engages moves nothing.
    pub(super) fn engage(&mut self, frame: &CommandFrame) {
        let hands = match &frame.motion {
            HandMotion::Arms(arms) => *arms,
            HandMotion::Base(_) => [ArmCommand::neutral(); ARMS],
        };
        let said_rad = |n: usize| hands.get(n).map_or(0.0, |hand| hand.jaw_rad);
        self.engagement = Some(Engagement {
            count: frame.engage_count,
            closed_by: frame.seq,
            anchors: core::array::from_fn(|n| self.setpoint(n)),
            start: hands.map(|h| h.displacement),
            jaws: core::array::from_fn(|n| Grip::new(self.order(n).jaw_rad, said_rad(n))),
        });
        self.stands = false;
    }

    pub(super) fn disengage(&mut self) {
        self.engagement = None;
        self.settle();
    }

    pub(super) fn regrip(&mut self, reading: &Reading) {
        for (arm, measured) in self.arms.iter_mut().zip(&reading.arms) {
            if let Some(arm) = arm {
                arm.governor.regrip(&measured.tip);
                // The setpoint has leapt; no sensor had to follow it.
                arm.frozen = Frozen::default();
            }
        }
    }

    pub(super) fn settle(&mut self) {
        for arm in self.arms.iter_mut().flatten() {
            arm.governor.settle();
        }
    }

    /// True if every arm is turned as its setpoint is, within `angle_max_rad`, and rests.
    pub(super) fn is_aligned(&self, reading: &Reading, angle_max_rad: f64) -> bool {
        self.is_at_rest()
            && self
                .measured(reading)
                .all(|(a, r)| a.governor.setpoint().angle_to(&r.tip) <= angle_max_rad)
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.arms().all(|a| a.governor.is_at_rest())
    }

    pub(super) fn readings(&mut self, reading: &Reading, powered: bool) -> BodyReadings {
        let largest = |f: fn(&Arm, &ArmReading) -> f64| {
            worst(self.measured(reading).map(|(arm, r)| f(arm, r)))
        };
        let mut readings = BodyReadings {
            speed_m_s: largest(|_, r| r.velocity_m_s.norm()),
            outside_m: largest(|a, r| a.region.beyond_walls_m(&r.tip.position())),
            no_go_m: largest(|a, r| a.region.inside_zones_m(&r.tip.position())),
            beside_port_m: largest(beside_port_m),
            joint_used: largest(|_, r| 1.0 - r.reach.joint),
            singular: largest(|_, r| 1.0 - r.reach.dexterity),
            contact_n: largest(felt_n),
            ..BodyReadings::NOTHING
        };
        if powered {
            readings.tracking_m =
                largest(|a, r| (a.governor.setpoint().position() - r.tip.position()).norm());
            readings.tracking_rad = largest(|a, r| a.governor.setpoint().angle_to(&r.tip));
            let pairs = self.arms.iter_mut().zip(&reading.arms);
            readings.frozen_m = worst(pairs.filter_map(|(arm, r)| {
                arm.as_mut().map(|a| a.frozen.note(r, &a.governor.setpoint(), a.presses))
            }));
        }
        readings
    }

    /// Moves the setpoints for one tick; returns the order for the robot.
    pub(super) fn step(&mut self, step: &Step<'_>, limits: &ArmLimits, profile: &Profile) -> Order {
        self.clamps = ClampSet::EMPTY;
        if let Some(engagement) = &mut self.engagement {
            engagement.note(step.frame);
        }
        // Until the drives carry it, an arm is nowhere but where it is measured.
        if step.wish == Wish::Off || !step.reading.powered {
            self.rest(step.reading);
            return if step.wish == Wish::Off { Order::Off } else { self.orders() };
        }
        let mut slowest_m_s = f64::INFINITY;
        for n in 0..ARMS {
            let drive = self.drive(step, n);
            let presses =
                matches!(drive, Drive::Follow { force_wanted_n, .. } if force_wanted_n > 0.0);
            let (Some(Some(arm)), Some(measured)) =
                (self.arms.get_mut(n), step.reading.arms.get(n))
            else {
                continue;
            };
            arm.presses = presses;
            let contact_n = felt_n(arm, measured);
            let caps = caps(limits, &profile.freshness, contact_n, &measured.reach, step.seen_age);
            slowest_m_s = slowest_m_s.min(caps.speed_m_s);
            let place = Place {
                limits,
                lift: profile.reaction.lift.as_ref(),
                region: &arm.region,
                port: arm.port.as_ref(),
            };
            let task = Task { drive, contact_n, caps, place, dt_s: step.dt_s };
            let clamps = arm.governor.step(&task);
            self.clamps = self.clamps.union(clamps);
        }
        self.speed_cap_m_s = if step.wish == Wish::Follow { slowest_m_s } else { 0.0 };
        self.stands |= step.wish != Wish::Follow && is_standing(self.lateral_speed_m_s());
        self.orders()
    }

    /// The setpoints are where the arms are measured.
    fn rest(&mut self, reading: &Reading) {
        for (arm, measured) in self.arms.iter_mut().zip(&reading.arms) {
            if let Some(arm) = arm {
                arm.governor.rest(&measured.tip, measured.jaw_rad);
                arm.frozen = Frozen::default();
                arm.presses = false;
            }
        }
        self.stands = true;
        self.speed_cap_m_s = 0.0;
    }

    fn orders(&self) -> Order {
        Order::Servo { arms: core::array::from_fn(|n| self.order(n)) }
    }

    fn order(&self, n: usize) -> ArmOrder {
        let jaw = self.arms.get(n).and_then(Option::as_ref).map_or(0.0, |a| a.governor.jaw_rad());
        ArmOrder { tip: self.setpoint(n), jaw_rad: jaw }
    }

    /// Speed of the fastest setpoint across its tool. Unit: metre per second.
    fn lateral_speed_m_s(&self) -> f64 {
        worst(self.arms().map(|a| a.governor.lateral_speed_m_s()))
    }

    fn drive(&self, step: &Step<'_>, n: usize) -> Drive {
        match (step.wish, self.engagement, step.frame) {
            (Wish::Lift, ..) if self.stands => Drive::Lift,
            (Wish::Follow, Some(e), Some(frame)) if frame.engage_count == e.count => {
                match frame.mode {
                    Mode::Follow => follow(frame, &e, n, self.order(n).jaw_rad),
                    Mode::Retract => Drive::Lift,
                    Mode::Hold => Drive::Stand,
                }
            }
            _ => Drive::Stand,
        }
    }

    pub(super) fn states(&self, reading: &Reading) -> [ArmState; ARMS] {
        core::array::from_fn(|n| {
            match (self.arms.get(n).and_then(Option::as_ref), reading.arms.get(n)) {
                (Some(arm), Some(r)) => ArmState {
                    measured: r.tip,
                    setpoint: arm.governor.setpoint(),
                    force_n: r.force_n,
                    torque_n_m: r.torque_n_m,
                    jaw_rad: r.jaw_rad,
                    jaw_setpoint_rad: arm.governor.jaw_rad(),
                },
                _ => ArmState::absent(),
            }
        })
    }
}

/// Where the hand wants an arm whose jaw is asked to be open by `jaw_rad` now.
fn follow(frame: &CommandFrame, e: &Engagement, n: usize, jaw_rad: f64) -> Drive {
    let HandMotion::Arms(arms) = &frame.motion else { return Drive::Stand };
    match (arms.get(n), e.start.get(n), e.anchors.get(n)) {
        (Some(arm), Some(start), Some(anchor)) => Drive::Follow {
            target: since(start, arm).applied_to(anchor),
            force_wanted_n: if frame.seq == e.closed_by { 0.0 } else { arm.force_wanted_n },
            jaw_rad: if e.jaws.get(n).is_some_and(|g| g.met) { arm.jaw_rad } else { jaw_rad },
        },
        _ => Drive::Stand,
    }
}

impl Engagement {
    /// Takes in what the hand of this engagement says of the jaws.
    fn note(&mut self, frame: Option<&CommandFrame>) {
        let Some(frame) = frame.filter(|f| f.engage_count == self.count) else { return };
        if let (HandMotion::Arms(arms), Mode::Follow) = (&frame.motion, frame.mode)
            && frame.seq != self.closed_by
        {
            for (grip, arm) in self.jaws.iter_mut().zip(arms) {
                grip.note(arm.jaw_rad);
            }
        }
    }
}

/// The force that counts as contact: along the tool what the tissue pushes back, and of an instrument in
/// its port whatever its tip feels, because it can also pull, and lean on something. Unit: newton.
fn felt_n(arm: &Arm, reading: &ArmReading) -> f64 {
    let along_n = reading.contact_force_n();
    if arm.port.is_some() { worst([along_n, reading.force_n.norm()].into_iter()) } else { along_n }
}

/// True for a setpoint that moves across its tool as slowly as this. Unit: metre per second.
const fn is_standing(lateral_m_s: f64) -> bool {
    lateral_m_s < STANDING_MAX_M_S
}

/// The displacement of the hand since `start`.
fn since(start: &Displacement, arm: &ArmCommand) -> Displacement {
    Displacement {
        translation: arm.displacement.translation - start.translation,
        rotation: arm.displacement.rotation * start.rotation.inverse(),
    }
}

/// How far the shaft passes beside its port, or the tip is outside of what the port allows.
fn beside_port_m(arm: &Arm, reading: &ArmReading) -> f64 {
    if arm.port.is_some() {
        reading.beside_port_m.max(arm.region.beyond_port_m(&reading.tip.position()))
    } else {
        0.0
    }
}

/// Where a tip may be; `None` if that is nowhere.
fn region_of(limits: &ArmLimits, port: Option<&Port>) -> Option<Region> {
    let port = match (&limits.port, port) {
        (Some(limits), Some(port)) => Some(region::Port {
            centre: port.centre_m,
            axis: port.axis,
            cone_max_rad: limits.cone_max_rad,
            depth_min_m: limits.depth_min_m,
            depth_max_m: limits.depth_max_m,
        }),
        _ => None,
    };
    let zones: Vec<_> = limits.zones.iter().map(zone_of).collect();
    let (min, max) = (Vector3::from(limits.workspace.min_m), Vector3::from(limits.workspace.max_m));
    Region::new(min, max, port, &zones).ok()
}

fn zone_of(zone: &Zone) -> region::Zone {
    let shape = match zone.shape {
        Shape::Sphere { centre_m, radius_m } => {
            region::Shape::Sphere { centre: Vector3::from(centre_m), radius: radius_m }
        }
        Shape::Box { min_m, max_m } => {
            region::Shape::Box { min: Vector3::from(min_m), max: Vector3::from(max_m) }
        }
        Shape::HalfSpace { point_m, normal } => region::Shape::HalfSpace {
            point: Vector3::from(point_m),
            normal: Vector3::from(normal),
        },
    };
    region::Zone { shape, margin_m: zone.margin_m }
}

#[cfg(test)]
#[path = "arms_tests.rs"]
mod tests;
