//! A robot that does as it is asked, and whatever can be wrong with it.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use protocol::ARMS;
use protocol::pose::Pose;
use protocol::time::{Moment, Robot};
use robot_agent::robot::{ArmReading, BaseReading, Order, Reading, RobotFault};

use super::shapes::Rig;

/// No sensor reads a faster tip. Unit: metre per second.
const SENSED_MAX_M_S: f64 = 50.0;

/// What is wrong with what is measured; several things may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flaws {
    fault: Option<RobotFault>,
    /// Something measured is not a number, or no rotation.
    broken: Option<u8>,
    unpowered: bool,
    /// The drives are on whatever is ordered.
    welded: bool,
    /// The scanner has stopped so long ago.
    range_age_ms: u8,
    /// The force sensor says zero, to the last bit.
    dead_force: bool,
    turns_rad_s: f64,
    /// On which arm the rest is.
    arm: usize,
    pressed_n: f64,
    fast_m_s: f64,
    away_m: Vector3<f64>,
    tilt_rad: f64,
    stuck: bool,
    joint: f64,
    dexterity: f64,
    beside_port_m: f64,
    guard_open: bool,
    /// How old the reading is; below zero it is of the future.
    age_ms: i16,
    bumper_n: f64,
    /// Stiffness of the tissue that the tool touches from where it was. Unit: newton per metre.
    stiffness_n_m: f64,
}

const SOUND: Flaws = Flaws {
    fault: None,
    broken: None,
    unpowered: false,
    welded: false,
    range_age_ms: 0,
    dead_force: false,
    turns_rad_s: 0.0,
    arm: 0,
    pressed_n: 0.0,
    fast_m_s: 0.0,
    away_m: Vector3::new(0.0, 0.0, 0.0),
    tilt_rad: 0.0,
    stuck: false,
    joint: 1.0,
    dexterity: 1.0,
    beside_port_m: 0.0,
    guard_open: false,
    age_ms: 0,
    bumper_n: 0.0,
    stiffness_n_m: 0.0,
};

/// The robot beside the patient.
pub(super) struct Plant {
    arms: [ArmReading; ARMS],
    count: usize,
    base: BaseReading,
    flaws: Flaws,
    /// Where the tissue begins that an arm touches.
    surface_m: Vector3<f64>,
    /// What a sensor repeats that has stopped.
    frozen: Option<([ArmReading; ARMS], BaseReading)>,
    powered: bool,
    ticks: u32,
}

impl Plant {
    pub(super) fn new(rig: &Rig) -> Self {
        let arms = core::array::from_fn(|n| {
            let (position, rotation) = rig.place_of(n);
            let tip = Pose::new(Isometry3::from_parts(Translation3::from(position), rotation));
            ArmReading { tip, ..ArmReading::absent() }
        });
        let base = BaseReading { ahead_m: 3.0, behind_m: 3.0, ..BaseReading::absent() };
        let (surface_m, frozen) = (Vector3::zeros(), None);
        let count = rig.arms;
        Self { arms, count, base, flaws: SOUND, surface_m, frozen, powered: false, ticks: 0 }
    }

    /// How far it has come from where it began: the first arm, or the base. Unit: metre.
    #[cfg(test)]
    pub(super) fn way_m(&self, rig: &Rig) -> f64 {
        if self.count == 0 {
            return (self.base.ahead_m - 3.0).abs();
        }
        (self.arms[0].tip.position() - rig.place_of(0).0).norm()
    }

    /// Something is wrong from now on, or nothing any more.
    pub(super) fn measure(&mut self, what: u8, amount: u8) {
        let (high, x) = (what & 0x80 != 0, f64::from(amount));
        if what & 0x40 != 0 {
            self.flaws.arm = usize::from(self.count == ARMS);
        }
        let arm = self.flaws.arm;
        let flaws = &mut self.flaws;
        match what & 0x1F {
            1 => flaws.fault = Some(if high { RobotFault::Silent } else { RobotFault::Drives }),
            2 => flaws.broken = Some(amount),
            3 => flaws.unpowered = !high,
            4 => flaws.pressed_n = (x - 64.0) / 4.0,
            5 => flaws.fast_m_s = x / if self.count == 0 { 128.0 } else { 1024.0 },
            6 => flaws.away_m = Vector3::new(x / 4e3, 0.0, if high { -0.3 } else { 0.0 }),
            7 => flaws.away_m = Vector3::new(x, x, x) / if high { 16e3 } else { -16e3 },
            8 => flaws.tilt_rad = x / 1e3,
            9 => flaws.stuck = !high,
            10 => flaws.joint = x / if high { 2550.0 } else { 255.0 },
            11 => flaws.dexterity = x / if high { 1000.0 } else { 255.0 },
            12 => flaws.beside_port_m = x / 16e3,
            13 => flaws.guard_open = !high,
            14 => flaws.age_ms = if high { -i16::from(amount) } else { i16::from(amount) / 4 },
            15 => flaws.bumper_n = x / 2.0,
            16 => {
                self.surface_m = self.arms[arm].tip.position();
                flaws.stiffness_n_m = x * 20.0;
            }
            17 => self.base.ahead_m = x / 100.0,
            18 => self.base.behind_m = x / 100.0,
            20 => flaws.welded = !high,
            21 => flaws.range_age_ms = amount,
            22 => flaws.dead_force = !high,
            23 => flaws.turns_rad_s = x / 64.0,
            19 => self.frozen = (!high).then_some((self.seen().arms, self.seen().base)),
            _ => (self.flaws, self.frozen) = (SOUND, None),
        }
    }

    /// What it reports now, and whether that is what a robot can measure.
    pub(super) fn read(&mut self, now: Moment<Robot>) -> (Result<Reading, RobotFault>, bool) {
        self.ticks += 1;
        if let Some(fault) = self.flaws.fault {
            return (Err(fault), false);
        }
        let mut reading = self.seen();
        let age_ns = i64::from(self.flaws.age_ms) * 1_000_000;
        reading.at = Moment::from_ns(now.as_ns().saturating_add_signed(age_ns.saturating_neg()));
        let range_age_ns = u64::from(self.flaws.range_age_ms) * 1_000_000;
        reading.base.ranged_at = Moment::from_ns(now.as_ns().saturating_sub(range_age_ns));
        if let Some((arms, base)) = self.frozen {
            (reading.arms, reading.base) = (arms, base);
        }
        if let Some(how) = self.flaws.broken {
            spoil(&mut reading, how, self.flaws.arm);
        }
        (Ok(reading), self.flaws.broken.is_none())
    }

    fn seen(&self) -> Reading {
        let flaws = &self.flaws;
        let mut reading = Reading::resting(Moment::START);
        reading.powered = (self.powered || flaws.welded) && !flaws.unpowered;
        reading.guard_open = flaws.guard_open;
        reading.base = self.base;
        reading.base.bumper_n = flaws.bumper_n;
        if self.count == 0 {
            reading.base.linear_m_s += flaws.fast_m_s;
            reading.base.angular_rad_s += flaws.turns_rad_s;
        }
        // A sensor that lives is never still to the last bit.
        let alive = 1e-9 * f64::from(self.ticks % 7);
        for (n, (seen, arm)) in reading.arms.iter_mut().zip(&self.arms).enumerate() {
            *seen = *arm;
            if n >= self.count {
                continue;
            }
            if n == flaws.arm {
                self.flawed(seen);
            }
            seen.tip.iso.translation.vector.x += alive;
            seen.force_n.z += alive;
            if n == flaws.arm && flaws.dead_force {
                seen.force_n = Vector3::zeros();
            }
        }
        reading
    }

    fn flawed(&self, arm: &mut ArmReading) {
        let flaws = &self.flaws;
        let into = arm.tip.iso.rotation * Vector3::z();
        let depth_m = (arm.tip.position() - self.surface_m).dot(&into).max(0.0);
        arm.force_n = into * -(flaws.pressed_n + flaws.stiffness_n_m * depth_m);
        arm.velocity_m_s.x += flaws.fast_m_s;
        arm.tip.iso.translation.vector += flaws.away_m;
        let tilt = UnitQuaternion::from_scaled_axis(Vector3::y() * flaws.tilt_rad);
        arm.tip.iso.rotation = tilt * arm.tip.iso.rotation;
        arm.reach.joint = flaws.joint;
        arm.reach.dexterity = flaws.dexterity;
        arm.beside_port_m = flaws.beside_port_m;
    }

    /// It does what it is asked, at once, unless it is stuck.
    pub(super) fn obey(&mut self, order: &Order, dt_s: f64) {
        self.powered = *order != Order::Off;
        for arm in &mut self.arms {
            arm.velocity_m_s = Vector3::zeros();
        }
        if self.flaws.stuck {
            return;
        }
        // Without power nothing follows, not even an error of what is measured.
        match if self.flaws.unpowered { &Order::Off } else { order } {
            Order::Servo { arms } => {
                for (arm, asked) in self.arms.iter_mut().zip(arms).take(self.count) {
                    let way_m = asked.tip.position() - arm.tip.position();
                    arm.velocity_m_s = (way_m / dt_s.max(1e-3)).cap_magnitude(SENSED_MAX_M_S);
                    (arm.tip, arm.jaw_rad) = (asked.tip, asked.jaw_rad);
                }
            }
            Order::Drive { linear_m_s, angular_rad_s } => {
                let base = &mut self.base;
                (base.linear_m_s, base.angular_rad_s) = (*linear_m_s, *angular_rad_s);
                base.ahead_m = (base.ahead_m - linear_m_s * dt_s).max(0.0);
                base.behind_m = (base.behind_m + linear_m_s * dt_s).max(0.0);
            }
            Order::Off | Order::Stand => {
                (self.base.linear_m_s, self.base.angular_rad_s) = (0.0, 0.0);
            }
        }
    }
}

/// Makes one number of a reading none, or a rotation no rotation.
fn spoil(reading: &mut Reading, how: u8, arm: usize) {
    let none = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e5][usize::from(how >> 6)];
    let arm = &mut reading.arms[arm];
    match how & 0x0F {
        0 => arm.force_n.x = none,
        1 => arm.tip.iso.translation.vector.y = none,
        2 => arm.velocity_m_s.z = none,
        3 => arm.torque_n_m.x = none,
        4 => arm.jaw_rad = none,
        5 => arm.reach.joint = none,
        6 => arm.reach.dexterity = none,
        7 => arm.beside_port_m = none,
        8 => reading.base.linear_m_s = none,
        9 => reading.base.ahead_m = none,
        10 => reading.base.bumper_n = none,
        _ => {
            let half = arm.tip.iso.rotation.into_inner() * 0.5;
            arm.tip.iso.rotation = UnitQuaternion::new_unchecked(half);
        }
    }
}
