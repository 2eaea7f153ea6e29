//! What moves: arms or a base, with every limit of it.

use toml::Spanned;

use super::file::Reader;
use super::quantity::Length;
use super::raw::{
    Q, RawArms, RawBase, RawCuboid, RawForce, RawHalfSpace, RawJaw, RawMotion, RawPort, RawReach,
    RawSphere, RawWorkspace, RawZone,
};
use super::{
    ArmLimits, BaseLimits, Body, Forces, JawLimits, Motion, PortLimits, ProfileError, ReachLimits,
    Shape, Workspace, ZONES_MAX, Zone,
};

/// How far a normal may be from unit length: what four decimals leave.
const NORMAL_TOLERANCE: f64 = 1e-3;

/// The body: exactly one of the two tables.
pub(super) fn body(
    r: &mut Reader<'_>,
    arms_table: Option<&Spanned<RawArms>>,
    base_table: Option<&Spanned<RawBase>>,
) -> Result<Body, ProfileError> {
    match (arms_table, base_table) {
        (Some(raw), None) => Ok(Body::Arms(arms(r, raw.get_ref())?)),
        (None, Some(raw)) => Ok(Body::Base(base(r, raw.get_ref())?)),
        (None, None) => Err(r.absent("arms", "a profile has the table [arms] or the table [base]")),
        (Some(_), Some(second)) => Err(r.error(
            second.span().start,
            "base",
            "present beside [arms]".to_owned(),
            "a profile has one of the two tables".to_owned(),
        )),
    }
}

fn arms(r: &mut Reader<'_>, raw: &RawArms) -> Result<ArmLimits, ProfileError> {
    let count = *raw.count.get_ref();
    r.note("arms.count", &count.to_string());
    if !(1..=crate::ARMS as u32).contains(&count) {
        return Err(r.error(
            raw.count.span().start,
            "arms.count",
            count.to_string(),
            format!("allowed is 1 to {}", crate::ARMS),
        ));
    }
    let motion = motion(r, &raw.motion)?;
    Ok(ArmLimits {
        count: count as usize,
        workspace: workspace(r, &raw.workspace)?,
        zones: zones(r, &raw.zone)?,
        force: forces(r, &raw.force, motion.speed_free_max_m_s)?,
        motion,
        reach: reach(r, &raw.reach)?,
        port: raw.port.as_ref().map(|p| port(r, p)).transpose()?,
        jaw: raw.jaw.as_ref().map(|j| jaw(r, j)).transpose()?,
    })
}

fn motion(r: &mut Reader<'_>, raw: &RawMotion) -> Result<Motion, ProfileError> {
    let m = Motion {
        speed_free_max_m_s: r.read(
            "arms.motion.speed_free_max",
            &raw.speed_free_max,
            "1 mm/s",
            "250 mm/s",
        )?,
        speed_contact_max_m_s: r.read(
            "arms.motion.speed_contact_max",
            &raw.speed_contact_max,
            "1 mm/s",
            "100 mm/s",
        )?,
        acceleration_max_m_s2: r.read(
            "arms.motion.acceleration_max",
            &raw.acceleration_max,
            "50 mm/s2",
            "5000 mm/s2",
        )?,
        jerk_max_m_s3: r.read("arms.motion.jerk_max", &raw.jerk_max, "1 m/s3", "500 m/s3")?,
        rotation_max_rad_s: r.read(
            "arms.motion.rotation_max",
            &raw.rotation_max,
            "1 deg/s",
            "90 deg/s",
        )?,
        rotation_acceleration_max_rad_s2: r.read(
            "arms.motion.rotation_acceleration_max",
            &raw.rotation_acceleration_max,
            "50 deg/s2",
            "5000 deg/s2",
        )?,
        rotation_jerk_max_rad_s3: r.read(
            "arms.motion.rotation_jerk_max",
            &raw.rotation_jerk_max,
            "1000 deg/s3",
            "500000 deg/s3",
        )?,
        step_max_m: r.read("arms.motion.step_max", &raw.step_max, "1 mm", "20 mm")?,
    };
    r.within_speed("arms.motion.speed_contact_max", &raw.speed_contact_max, m.speed_free_max_m_s)?;
    Ok(m)
}

fn corner(
    r: &mut Reader<'_>,
    key: &'static str,
    values: &[Q<Length>; 3],
) -> Result<[f64; 3], ProfileError> {
    let [x, y, z] = values;
    Ok([
        r.read(key, x, "-2000 mm", "2000 mm")?,
        r.read(key, y, "-2000 mm", "2000 mm")?,
        r.read(key, z, "-2000 mm", "2000 mm")?,
    ])
}

fn ordered(
    r: &Reader<'_>,
    keys: (&'static str, &'static str),
    min: &[Q<Length>; 3],
    max: &[Q<Length>; 3],
) -> Result<(), ProfileError> {
    min.iter().zip(max).try_for_each(|(low, high)| r.ordered(keys, low, high))
}

fn workspace(r: &mut Reader<'_>, raw: &RawWorkspace) -> Result<Workspace, ProfileError> {
    let min_m = corner(r, "arms.workspace.min", &raw.min)?;
    let max_m = corner(r, "arms.workspace.max", &raw.max)?;
    ordered(r, ("arms.workspace.min", "arms.workspace.max"), &raw.min, &raw.max)?;
    Ok(Workspace {
        min_m,
        max_m,
        breach_margin_m: r.read(
            "arms.workspace.breach_margin",
            &raw.breach_margin,
            "1 mm",
            "50 mm",
        )?,
    })
}

fn zones(r: &mut Reader<'_>, raw: &[RawZone]) -> Result<Vec<Zone>, ProfileError> {
    r.note("arms.zones", &raw.len().to_string());
    if let Some(extra) = raw.get(ZONES_MAX) {
        return Err(r.error(
            extra.margin.span().start,
            "arms.zone",
            format!("given {} times", raw.len()),
            format!("allowed are at most {ZONES_MAX} zones"),
        ));
    }
    raw.iter().map(|z| zone(r, z)).collect()
}

fn zone(r: &mut Reader<'_>, raw: &RawZone) -> Result<Zone, ProfileError> {
    let name = r.name("arms.zone.name", &raw.name)?;
    let margin_m = r.read("arms.zone.margin", &raw.margin, "0 mm", "100 mm")?;
    let shape = match (&raw.sphere, &raw.cuboid, &raw.half_space) {
        (Some(s), None, None) => sphere(r, s)?,
        (None, Some(b), None) => cuboid(r, b)?,
        (None, None, Some(h)) => half_space(r, h)?,
        _ => {
            return Err(r.error(
                raw.margin.span().start,
                "arms.zone",
                format!("`{name}` without a shape, or with several"),
                "a zone has exactly one of sphere, box and half_space".to_owned(),
            ));
        }
    };
    Ok(Zone { name, shape, margin_m })
}

fn sphere(r: &mut Reader<'_>, raw: &RawSphere) -> Result<Shape, ProfileError> {
    Ok(Shape::Sphere {
        centre_m: corner(r, "arms.zone.sphere.centre", &raw.centre)?,
        radius_m: r.read("arms.zone.sphere.radius", &raw.radius, "1 mm", "1000 mm")?,
    })
}

fn cuboid(r: &mut Reader<'_>, raw: &RawCuboid) -> Result<Shape, ProfileError> {
    let min_m = corner(r, "arms.zone.box.min", &raw.min)?;
    let max_m = corner(r, "arms.zone.box.max", &raw.max)?;
    ordered(r, ("arms.zone.box.min", "arms.zone.box.max"), &raw.min, &raw.max)?;
    Ok(Shape::Box { min_m, max_m })
}

fn half_space(r: &mut Reader<'_>, raw: &RawHalfSpace) -> Result<Shape, ProfileError> {
    let point_m = corner(r, "arms.zone.half_space.point", &raw.point)?;
    let normal = *raw.normal.get_ref();
    r.note("arms.zone.half_space.normal", &format!("{:016x?}", normal.map(f64::to_bits)));
    let length = normal.iter().map(|v| v * v).sum::<f64>().sqrt();
    // Written so that a length that is not a number is refused.
    if !((length - 1.0).abs() <= NORMAL_TOLERANCE) {
        return Err(r.error(
            raw.normal.span().start,
            "arms.zone.half_space.normal",
            format!("{normal:?}"),
            "it must have the length 1 and point to the allowed side".to_owned(),
        ));
    }
    Ok(Shape::HalfSpace { point_m, normal: normal.map(|v| v / length) })
}

fn forces(r: &mut Reader<'_>, raw: &RawForce, most_m_s: f64) -> Result<Forces, ProfileError> {
    let hold_max_n = match &raw.hold_max {
        Some(most) => {
            let read = r.read("arms.force.hold_max", most, "0 N", "10 N")?;
            r.ordered(("arms.force.hold_max", "arms.force.soft"), most, &raw.soft)?;
            Some(read)
        }
        None => None,
    };
    let f = Forces {
        soft_n: r.read("arms.force.soft", &raw.soft, "1 N", "29 N")?,
        hard_n: r.read("arms.force.hard", &raw.hard, "2 N", "30 N")?,
        hold_max_n,
        approach_speed_max_m_s: r.read(
            "arms.force.approach_speed_max",
            &raw.approach_speed_max,
            "1 mm/s",
            "40 mm/s",
        )?,
    };
    r.ordered(("arms.force.soft", "arms.force.hard"), &raw.soft, &raw.hard)?;
    r.within_speed("arms.force.approach_speed_max", &raw.approach_speed_max, most_m_s)?;
    Ok(f)
}

fn reach(r: &mut Reader<'_>, raw: &RawReach) -> Result<ReachLimits, ProfileError> {
    let limits = ReachLimits {
        joint_soft: r.read("arms.reach.joint_soft", &raw.joint_soft, "1 %", "30 %")?,
        joint_hard: r.read("arms.reach.joint_hard", &raw.joint_hard, "0.5 %", "20 %")?,
        dexterity_soft: r.read("arms.reach.dexterity_soft", &raw.dexterity_soft, "1 %", "50 %")?,
        dexterity_hard: r.read(
            "arms.reach.dexterity_hard",
            &raw.dexterity_hard,
            "0.5 %",
            "40 %",
        )?,
    };
    r.ordered(
        ("arms.reach.joint_hard", "arms.reach.joint_soft"),
        &raw.joint_hard,
        &raw.joint_soft,
    )?;
    r.ordered(
        ("arms.reach.dexterity_hard", "arms.reach.dexterity_soft"),
        &raw.dexterity_hard,
        &raw.dexterity_soft,
    )?;
    Ok(limits)
}

fn port(r: &mut Reader<'_>, raw: &RawPort) -> Result<PortLimits, ProfileError> {
    let limits = PortLimits {
        cone_max_rad: r.read("arms.port.cone_max", &raw.cone_max, "5 deg", "75 deg")?,
        depth_min_m: r.read("arms.port.depth_min", &raw.depth_min, "5 mm", "200 mm")?,
        depth_max_m: r.read("arms.port.depth_max", &raw.depth_max, "20 mm", "400 mm")?,
        breach_m: r.read("arms.port.breach", &raw.breach, "1 mm", "20 mm")?,
    };
    r.ordered(("arms.port.depth_min", "arms.port.depth_max"), &raw.depth_min, &raw.depth_max)?;
    Ok(limits)
}

fn jaw(r: &mut Reader<'_>, raw: &RawJaw) -> Result<JawLimits, ProfileError> {
    Ok(JawLimits {
        open_max_rad: r.read("arms.jaw.open_max", &raw.open_max, "5 deg", "120 deg")?,
        rate_max_rad_s: r.read("arms.jaw.rate_max", &raw.rate_max, "5 deg/s", "720 deg/s")?,
    })
}

fn base(r: &mut Reader<'_>, raw: &RawBase) -> Result<BaseLimits, ProfileError> {
    let limits = BaseLimits {
        speed_max_m_s: r.read("base.speed_max", &raw.speed_max, "50 mm/s", "1500 mm/s")?,
        acceleration_max_m_s2: r.read(
            "base.acceleration_max",
            &raw.acceleration_max,
            "50 mm/s2",
            "2000 mm/s2",
        )?,
        brake_m_s2: r.read("base.brake", &raw.brake, "200 mm/s2", "3000 mm/s2")?,
        jerk_max_m_s3: r.read("base.jerk_max", &raw.jerk_max, "500 mm/s3", "100 m/s3")?,
        turn_max_rad_s: r.read("base.turn_max", &raw.turn_max, "5 deg/s", "120 deg/s")?,
        turn_acceleration_max_rad_s2: r.read(
            "base.turn_acceleration_max",
            &raw.turn_acceleration_max,
            "10 deg/s2",
            "720 deg/s2",
        )?,
        turn_jerk_max_rad_s3: r.read(
            "base.turn_jerk_max",
            &raw.turn_jerk_max,
            "50 deg/s3",
            "10000 deg/s3",
        )?,
        obstacle_keep_m: r.read("base.obstacle_keep", &raw.obstacle_keep, "100 mm", "2000 mm")?,
        obstacle_hard_m: r.read("base.obstacle_hard", &raw.obstacle_hard, "20 mm", "1000 mm")?,
        bumper_hard_n: r.read("base.bumper_hard", &raw.bumper_hard, "5 N", "150 N")?,
    };
    r.ordered(
        ("base.obstacle_hard", "base.obstacle_keep"),
        &raw.obstacle_hard,
        &raw.obstacle_keep,
    )?;
    r.ordered(("base.acceleration_max", "base.brake"), &raw.acceleration_max, &raw.brake)?;
    Ok(limits)
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
