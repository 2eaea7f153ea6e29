//! The profile as it stands in a TOML file, and the allowed range of every value.

use core::fmt::Write as _;
use core::time::Duration;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::quantity::{
    Acceleration, Angle, AngularSpeed, Dimension, Force, Length, Quantity, Rate, Ratio, Speed, Time,
};
use super::{
    Engage, Forces, Freshness, Hand, Motion, Profile, ProfileError, Rates, Reaction, Workspace,
};

type Q<D> = Spanned<Quantity<D>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    schema: Spanned<u32>,
    name: String,
    rates: RawRates,
    freshness: RawFreshness,
    motion: RawMotion,
    workspace: RawWorkspace,
    force: RawForce,
    engage: RawEngage,
    reaction: RawReaction,
    hand: RawHand,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRates {
    command: Q<Rate>,
    state: Q<Rate>,
    picture: Q<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFreshness {
    silence_soft: Q<Time>,
    silence_hard: Q<Time>,
    loop_age_soft: Q<Time>,
    loop_age_hard: Q<Time>,
    view_age_soft: Q<Time>,
    view_age_hard: Q<Time>,
    stale_displacement_max: Q<Length>,
    recover_after: Q<Time>,
    degraded_max: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are the keys of the file")]
struct RawMotion {
    speed_free_max: Q<Speed>,
    speed_contact_max: Q<Speed>,
    rotation_max: Q<AngularSpeed>,
    acceleration_max: Q<Acceleration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWorkspace {
    min: [Q<Length>; 3],
    max: [Q<Length>; 3],
    breach_margin: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForce {
    soft: Q<Force>,
    hard: Q<Force>,
    hold_max: Q<Force>,
    approach_speed_max: Q<Speed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEngage {
    fresh_run: Q<Time>,
    align_max: Q<Angle>,
    start_displacement_max: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReaction {
    retract_after: Q<Time>,
    retract_distance: Q<Length>,
    retract_speed: Q<Speed>,
    park_after: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHand {
    scale: Q<Ratio>,
    dead_zone: Q<Ratio>,
    tremor_cutoff: Q<Rate>,
    speed_full: Q<Speed>,
    turn_full: Q<AngularSpeed>,
}

/// Reads fields one by one: checks the range, remembers the canonical text that the hash covers.
struct Reader<'a> {
    text: &'a str,
    canonical: String,
}

impl Reader<'_> {
    /// The value in SI units, if it lies within `[min, max]` (written as in the file).
    fn read<D: Dimension>(
        &mut self,
        key: &'static str,
        value: &Q<D>,
        min: &str,
        max: &str,
    ) -> Result<f64, ProfileError> {
        let si = value.get_ref().si;
        // Writing to a String does not fail.
        let _ = writeln!(self.canonical, "{key}={:016x}", si.to_bits());
        let bound = |text: &str| Quantity::<D>::parse(text).map_or(f64::NAN, |q| q.si);
        let (low, high) = (bound(min), bound(max));
        // One part in a billion for the rounding of unit factors. NaN bounds refuse everything.
        let slack = 1e-9 * high.abs().max(low.abs());
        if si >= low - slack && si <= high + slack {
            return Ok(si);
        }
        Err(self.error(
            value.span().start,
            key,
            Quantity::<D>::show(si),
            format!("allowed is {min} to {max}"),
        ))
    }

    fn time(
        &mut self,
        key: &'static str,
        value: &Q<Time>,
        min: &str,
        max: &str,
    ) -> Result<Duration, ProfileError> {
        // The slack of the range may leave a rounded zero below zero.
        self.read(key, value, min, max).map(|s| Duration::from_secs_f64(s.max(0.0)))
    }

    /// Refuses a soft limit that is not below its hard limit.
    fn ordered<D: Dimension>(
        &self,
        keys: (&'static str, &'static str),
        soft: &Q<D>,
        hard: &Q<D>,
    ) -> Result<(), ProfileError> {
        if soft.get_ref().si < hard.get_ref().si {
            return Ok(());
        }
        Err(self.error(
            soft.span().start,
            keys.0,
            Quantity::<D>::show(soft.get_ref().si),
            format!("it must be below {} ({})", keys.1, Quantity::<D>::show(hard.get_ref().si)),
        ))
    }

    fn error(&self, at: usize, key: &'static str, value: String, allowed: String) -> ProfileError {
        let before = self.text.get(..at).unwrap_or(self.text);
        ProfileError::Range {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1,
            key,
            value,
            allowed,
        }
    }
}

/// The profile in `text`.
pub(super) fn parse(text: &str) -> Result<Profile, ProfileError> {
    if text.len() > super::PROFILE_MAX {
        return Err(ProfileError::Size { got: text.len() });
    }
    let raw: RawProfile = toml::from_str(text).map_err(|e| ProfileError::Syntax(Box::new(e)))?;
    let mut r = Reader { text, canonical: String::new() };
    if *raw.schema.get_ref() != super::SCHEMA {
        return Err(r.error(
            raw.schema.span().start,
            "schema",
            raw.schema.get_ref().to_string(),
            format!("this version reads schema {}", super::SCHEMA),
        ));
    }
    let rates = rates(&mut r, &raw.rates)?;
    let freshness = freshness(&mut r, &raw.freshness)?;
    let motion = motion(&mut r, &raw.motion)?;
    let workspace = workspace(&mut r, &raw.workspace)?;
    let force = forces(&mut r, &raw.force)?;
    let engage = engage(&mut r, &raw.engage)?;
    let reaction = reaction(&mut r, &raw.reaction)?;
    let hand = hand(&mut r, &raw.hand)?;
    r.canonical.push_str(&raw.name);
    Ok(Profile {
        hash: Sha256::digest(r.canonical.as_bytes()).into(),
        name: raw.name,
        rates,
        freshness,
        motion,
        workspace,
        force,
        engage,
        reaction,
        hand,
    })
}

fn rates(r: &mut Reader<'_>, raw: &RawRates) -> Result<Rates, ProfileError> {
    Ok(Rates {
        command_hz: r.read("rates.command", &raw.command, "20 Hz", "1000 Hz")?,
        state_hz: r.read("rates.state", &raw.state, "20 Hz", "1000 Hz")?,
        picture_hz: r.read("rates.picture", &raw.picture, "5 Hz", "120 Hz")?,
    })
}

fn freshness(r: &mut Reader<'_>, raw: &RawFreshness) -> Result<Freshness, ProfileError> {
    let f = Freshness {
        silence_soft: r.time("freshness.silence_soft", &raw.silence_soft, "2 ms", "300 ms")?,
        silence_hard: r.time("freshness.silence_hard", &raw.silence_hard, "5 ms", "500 ms")?,
        loop_age_soft: r.time("freshness.loop_age_soft", &raw.loop_age_soft, "2 ms", "400 ms")?,
        loop_age_hard: r.time("freshness.loop_age_hard", &raw.loop_age_hard, "5 ms", "500 ms")?,
        view_age_soft: r.time("freshness.view_age_soft", &raw.view_age_soft, "20 ms", "300 ms")?,
        view_age_hard: r.time("freshness.view_age_hard", &raw.view_age_hard, "40 ms", "400 ms")?,
        stale_displacement_max_m: r.read(
            "freshness.stale_displacement_max",
            &raw.stale_displacement_max,
            "0.1 mm",
            "20 mm",
        )?,
        recover_after: r.time("freshness.recover_after", &raw.recover_after, "100 ms", "10 s")?,
        degraded_max: r.time("freshness.degraded_max", &raw.degraded_max, "500 ms", "30 s")?,
    };
    r.ordered(("freshness.silence_soft", "silence_hard"), &raw.silence_soft, &raw.silence_hard)?;
    r.ordered(
        ("freshness.loop_age_soft", "loop_age_hard"),
        &raw.loop_age_soft,
        &raw.loop_age_hard,
    )?;
    r.ordered(
        ("freshness.view_age_soft", "view_age_hard"),
        &raw.view_age_soft,
        &raw.view_age_hard,
    )?;
    Ok(f)
}

fn motion(r: &mut Reader<'_>, raw: &RawMotion) -> Result<Motion, ProfileError> {
    Ok(Motion {
        speed_free_max_m_s: r.read(
            "motion.speed_free_max",
            &raw.speed_free_max,
            "1 mm/s",
            "250 mm/s",
        )?,
        speed_contact_max_m_s: r.read(
            "motion.speed_contact_max",
            &raw.speed_contact_max,
            "1 mm/s",
            "100 mm/s",
        )?,
        rotation_max_rad_s: r.read(
            "motion.rotation_max",
            &raw.rotation_max,
            "1 deg/s",
            "90 deg/s",
        )?,
        acceleration_max_m_s2: r.read(
            "motion.acceleration_max",
            &raw.acceleration_max,
            "50 mm/s2",
            "5000 mm/s2",
        )?,
    })
}

fn workspace(r: &mut Reader<'_>, raw: &RawWorkspace) -> Result<Workspace, ProfileError> {
    let mut corner = |key, values: &[Q<Length>; 3]| -> Result<[f64; 3], ProfileError> {
        let [x, y, z] = values;
        Ok([
            r.read(key, x, "-2000 mm", "2000 mm")?,
            r.read(key, y, "-2000 mm", "2000 mm")?,
            r.read(key, z, "-2000 mm", "2000 mm")?,
        ])
    };
    let min_m = corner("workspace.min", &raw.min)?;
    let max_m = corner("workspace.max", &raw.max)?;
    for (low, high) in raw.min.iter().zip(&raw.max) {
        r.ordered(("workspace.min", "workspace.max"), low, high)?;
    }
    Ok(Workspace {
        min_m,
        max_m,
        breach_margin_m: r.read("workspace.breach_margin", &raw.breach_margin, "1 mm", "50 mm")?,
    })
}

fn forces(r: &mut Reader<'_>, raw: &RawForce) -> Result<Forces, ProfileError> {
    let f = Forces {
        soft_n: r.read("force.soft", &raw.soft, "1 N", "29 N")?,
        hard_n: r.read("force.hard", &raw.hard, "2 N", "30 N")?,
        hold_max_n: r.read("force.hold_max", &raw.hold_max, "0 N", "10 N")?,
        approach_speed_max_m_s: r.read(
            "force.approach_speed_max",
            &raw.approach_speed_max,
            "1 mm/s",
            "40 mm/s",
        )?,
    };
    r.ordered(("force.soft", "force.hard"), &raw.soft, &raw.hard)?;
    r.ordered(("force.hold_max", "force.soft"), &raw.hold_max, &raw.soft)?;
    Ok(f)
}

fn engage(r: &mut Reader<'_>, raw: &RawEngage) -> Result<Engage, ProfileError> {
    Ok(Engage {
        fresh_run: r.time("engage.fresh_run", &raw.fresh_run, "50 ms", "5 s")?,
        align_max_rad: r.read("engage.align_max", &raw.align_max, "0.5 deg", "10 deg")?,
        start_displacement_max_m: r.read(
            "engage.start_displacement_max",
            &raw.start_displacement_max,
            "0.05 mm",
            "5 mm",
        )?,
    })
}

fn reaction(r: &mut Reader<'_>, raw: &RawReaction) -> Result<Reaction, ProfileError> {
    Ok(Reaction {
        retract_after: r.time("reaction.retract_after", &raw.retract_after, "0 s", "10 s")?,
        retract_distance_m: r.read(
            "reaction.retract_distance",
            &raw.retract_distance,
            "0 mm",
            "100 mm",
        )?,
        retract_speed_m_s: r.read(
            "reaction.retract_speed",
            &raw.retract_speed,
            "1 mm/s",
            "50 mm/s",
        )?,
        park_after: r.time("reaction.park_after", &raw.park_after, "5 s", "600 s")?,
    })
}

fn hand(r: &mut Reader<'_>, raw: &RawHand) -> Result<Hand, ProfileError> {
    Ok(Hand {
        scale: r.read("hand.scale", &raw.scale, "5 %", "100 %")?,
        dead_zone: r.read("hand.dead_zone", &raw.dead_zone, "0 %", "50 %")?,
        tremor_cutoff_hz: r.read("hand.tremor_cutoff", &raw.tremor_cutoff, "1 Hz", "30 Hz")?,
        speed_full_m_s: r.read("hand.speed_full", &raw.speed_full, "1 mm/s", "250 mm/s")?,
        turn_full_rad_s: r.read("hand.turn_full", &raw.turn_full, "1 deg/s", "90 deg/s")?,
    })
}
