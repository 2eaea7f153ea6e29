//! Small ways to go, and where the robot is on them.

use core::time::Duration;

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::pose::{Base, Pose, Tip};
use protocol::time::{Moment, Robot as RobotClock};

use super::Space;
use super::limits::{
    DRIVE_RAD_S, DRIVE_TIME, KEEP_M, LEVER_M, ROOM_SPARE_M, TICK, TURN_RAD_S, WAY_M,
};
use crate::robot::{ArmOrder, Body, Order, Reading, Shaft};

/// Longest gap between two readings that odometry bridges.
const ODOMETRY_GAP_MAX: Duration = Duration::from_millis(200);

/// Where a robot was read: the tips, or what a base has rolled and turned since the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Arms { count: usize, tips: [Pose<Base, Tip>; ARMS] },
    Base { along_m: f64, turned_rad: f64 },
}

impl Place {
    /// Nowhere yet.
    pub(super) fn start(body: &Body) -> Self {
        match body {
            Body::Arms { .. } => Self::Arms { count: body.arms(), tips: [Pose::identity(); ARMS] },
            Body::Base { .. } => Self::Base { along_m: 0.0, turned_rad: 0.0 },
        }
    }

    /// Where `reading` says that it is; `before` is the time of the reading before.
    pub(super) fn moved_to(&self, reading: &Reading, before: Option<Moment<RobotClock>>) -> Self {
        match self {
            Self::Arms { count, .. } => {
                Self::Arms { count: *count, tips: reading.arms.map(|arm| arm.tip) }
            }
            Self::Base { along_m, turned_rad } => {
                let dt_s = before
                    .and_then(|before| reading.at.since(before))
                    .map_or(0.0, |span| span.min(ODOMETRY_GAP_MAX).as_secs_f64());
                Self::Base {
                    along_m: along_m + reading.base.linear_m_s * dt_s,
                    turned_rad: turned_rad + reading.base.angular_rad_s * dt_s,
                }
            }
        }
    }

    /// The way from `from`, the longest of all arms; a turn counts as the way of a point [`LEVER_M`] off.
    /// Unit: metre.
    pub(super) fn way_m(&self, from: &Self) -> f64 {
        match (self, from) {
            (Self::Arms { count, tips }, Self::Arms { tips: from, .. }) => {
                tips.iter().zip(from).take(*count).fold(0.0, |longest: f64, (tip, from)| {
                    let way_m = (tip.position() - from.position()).norm();
                    longest.max(way_m + LEVER_M * tip.angle_to(from))
                })
            }
            (
                Self::Base { along_m, turned_rad },
                Self::Base { along_m: from_m, turned_rad: from_rad },
            ) => (along_m - from_m).abs() + LEVER_M * (turned_rad - from_rad).abs(),
            // One robot has one body.
            (Self::Arms { .. }, Self::Base { .. }) | (Self::Base { .. }, Self::Arms { .. }) => 0.0,
        }
    }

    /// How far a base has rolled since the start, forward positive; 0 for arms. Unit: metre.
    pub(super) const fn along_m(&self) -> f64 {
        match self {
            Self::Arms { .. } => 0.0,
            Self::Base { along_m, .. } => *along_m,
        }
    }
}

/// A small way to go: a straight line of each tip, or a straight drive.
#[derive(Debug, Clone, Copy)]
pub(super) enum Course {
    Arms { from: [ArmOrder; ARMS], along: [Vector3<f64>; ARMS], count: usize, speed_m_s: f64 },
    Base { speed_m_s: f64 },
}

impl Course {
    /// The way with most room from where `reading` says the robot is; `None` if there is too little.
    pub(super) fn from(
        reading: &Reading,
        body: &Body,
        space: &Space,
        place: &Place,
        speed_m_s: f64,
    ) -> Option<Self> {
        match (body, space) {
            (Body::Arms { ports, .. }, Space::Arms(boxes)) => {
                let from = reading.arms.map(|arm| ArmOrder { tip: arm.tip, jaw_rad: arm.jaw_rad });
                let mut along = [Vector3::zeros(); ARMS];
                let sites = from.iter().zip(boxes).zip(ports).take(body.arms());
                for (along, ((arm, cuboid), port)) in along.iter_mut().zip(sites) {
                    let rigid = port.is_some_and(|port| port.shaft == Shaft::Rigid);
                    let axes = if rigid { tool_axes(&arm.tip) } else { base_axes() };
                    *along = axes
                        .into_iter()
                        .map(|axis| (cuboid.room_m(&arm.tip.position(), &axis), axis))
                        .max_by(|(a, _), (b, _)| a.total_cmp(b))
                        .filter(|(room_m, _)| *room_m >= WAY_M + ROOM_SPARE_M)
                        .map(|(_, axis)| axis)?;
                }
                Some(Self::Arms { from, along, count: body.arms(), speed_m_s })
            }
            (Body::Base { .. }, Space::Base { radius_m }) => {
                let forward = place.along_m() <= 0.0;
                let free_m = if forward { reading.base.ahead_m } else { reading.base.behind_m };
                let way_m = speed_m_s * DRIVE_TIME.as_secs_f64();
                let fits = *radius_m >= 2.0 * way_m && free_m >= KEEP_M + 2.0 * way_m;
                fits.then_some(Self::Base {
                    speed_m_s: if forward { speed_m_s } else { -speed_m_s },
                })
            }
            _ => None,
        }
    }

    /// How many ticks the way takes.
    pub(super) fn ticks(&self) -> u32 {
        match self {
            Self::Arms { speed_m_s, .. } => {
                (WAY_M / (speed_m_s * TICK.as_secs_f64())).ceil().clamp(1.0, 60_000.0) as u32
            }
            Self::Base { .. } => super::limits::ticks(DRIVE_TIME),
        }
    }

    /// The order after `tick` ticks on the way.
    pub(super) fn order(&self, tick: u32) -> Order {
        match self {
            Self::Arms { speed_m_s, .. } => {
                let way_m = speed_m_s * TICK.as_secs_f64() * f64::from(tick.min(self.ticks()));
                self.servo(way_m, 0.0)
            }
            Self::Base { speed_m_s } => Order::Drive { linear_m_s: *speed_m_s, angular_rad_s: 0.0 },
        }
    }

    /// The order after `tick` ticks of turning on the spot; `back` turns a base the other way.
    pub(super) fn turn(&self, tick: u32, back: bool) -> Order {
        match self {
            Self::Arms { .. } => self.servo(0.0, TURN_RAD_S * TICK.as_secs_f64() * f64::from(tick)),
            Self::Base { .. } => Order::Drive {
                linear_m_s: 0.0,
                angular_rad_s: if back { -DRIVE_RAD_S } else { DRIVE_RAD_S },
            },
        }
    }

    /// The tips `way_m` along the way, turned by `turn_rad` about their own axes.
    pub(super) fn servo(&self, way_m: f64, turn_rad: f64) -> Order {
        let Self::Arms { from, along, count, .. } = self else {
            return Order::Drive { linear_m_s: 0.0, angular_rad_s: 0.0 };
        };
        let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), turn_rad);
        let mut arms = [neutral(); ARMS];
        for (order, (from, along)) in arms.iter_mut().zip(from.iter().zip(along)).take(*count) {
            let at = from.tip.position() + along * way_m;
            let rotation = from.tip.iso.rotation * turn;
            order.tip = Pose::new(Isometry3::from_parts(Translation3::from(at), rotation));
            order.jaw_rad = from.jaw_rad;
        }
        Order::Servo { arms }
    }

    /// Speed along the way that `reading` holds, of the arm `i` or of the base. Unit: metre per second.
    pub(super) fn speed_read_m_s(&self, reading: &Reading, i: usize) -> f64 {
        match self {
            Self::Arms { along, .. } => reading
                .arms
                .get(i)
                .zip(along.get(i))
                .map_or(f64::NAN, |(arm, along)| arm.velocity_m_s.dot(along)),
            Self::Base { speed_m_s } => reading.base.linear_m_s * speed_m_s.signum(),
        }
    }

    /// Way of arm `i` from its start along the course. Unit: metre.
    pub(super) fn way_read_m(&self, reading: &Reading, i: usize) -> f64 {
        match self {
            Self::Arms { from, along, .. } => reading
                .arms
                .get(i)
                .zip(from.get(i).zip(along.get(i)))
                .map_or(f64::NAN, |(arm, (from, along))| {
                    (arm.tip.position() - from.tip.position()).dot(along)
                }),
            Self::Base { .. } => f64::NAN,
        }
    }
}

/// How far `reading` is from the tips of `order`, the farthest arm. Unit: metre, radian.
pub(super) fn behind(reading: &Reading, order: &Order, count: usize) -> (f64, f64) {
    let Order::Servo { arms } = order else { return (0.0, 0.0) };
    reading.arms.iter().zip(arms).take(count).fold((0.0, 0.0), |(way_m, turn_rad), (arm, order)| {
        let off_m = (arm.tip.position() - order.tip.position()).norm();
        let off_rad = arm.tip.angle_to(&order.tip);
        (f64::max(way_m, off_m), f64::max(turn_rad, off_rad))
    })
}

/// What an arm that is not there is ordered.
pub(super) fn neutral() -> ArmOrder {
    ArmOrder { tip: Pose::identity(), jaw_rad: 0.0 }
}

/// Of axes with equal room the last is taken: up.
fn base_axes() -> [Vector3<f64>; 6] {
    let (x, y, z) = (Vector3::x(), Vector3::y(), Vector3::z());
    [-z, -y, y, -x, x, z]
}

/// Into and out of the body: the only ways that a rigid shaft leaves open without turning. Of equal room,
/// out is taken.
fn tool_axes(tip: &Pose<Base, Tip>) -> [Vector3<f64>; 6] {
    let axis = tip.iso.rotation * Vector3::z();
    [axis, axis, axis, axis, axis, -axis]
}
