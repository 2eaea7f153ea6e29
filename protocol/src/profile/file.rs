//! The profile as it stands in a TOML file, and the allowed range of every value.

use core::fmt::Write as _;
use core::time::Duration;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::body::body;
use super::quantity::{Dimension, Quantity, Speed, Time};
use super::raw::{
    Q, RawCommandAge, RawEngage, RawFreshness, RawHand, RawLift, RawProfile, RawRates, RawReaction,
};
use super::{
    Body, CommandAge, Engage, Freshness, Hand, Lift, NAME_MAX, Profile, ProfileError, Rates,
    Reaction,
};
use crate::picture::ViewSource;

/// Reads fields one by one: checks the range, remembers the canonical text that the hash covers.
pub(super) struct Reader<'a> {
    text: &'a str,
    canonical: String,
}

impl Reader<'_> {
    /// Puts a value into what the hash covers.
    pub(super) fn note(&mut self, key: &str, value: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.canonical, "{key}={value}");
    }

    /// A name that a page and a log can show on one line.
    pub(super) fn name(
        &mut self,
        key: &'static str,
        raw: &Spanned<String>,
    ) -> Result<String, ProfileError> {
        let text = raw.get_ref();
        self.note(key, text);
        // A line break would also let a name speak for other keys in what the hash covers.
        if (1..=NAME_MAX).contains(&text.chars().count()) && !text.contains(char::is_control) {
            return Ok(text.clone());
        }
        Err(self.error(
            raw.span().start,
            key,
            format!("{text:?}"),
            format!("allowed are 1 to {NAME_MAX} characters on one line"),
        ))
    }

    /// Refuses a file that lacks a table.
    pub(super) fn absent(&self, key: &'static str, why: &str) -> ProfileError {
        self.error(0, key, "missing".to_owned(), why.to_owned())
    }

    /// The value in SI units, if it lies within `[min, max]` (written as in the file).
    pub(super) fn read<D: Dimension>(
        &mut self,
        key: &'static str,
        value: &Q<D>,
        min: &str,
        max: &str,
    ) -> Result<f64, ProfileError> {
        let si = value.get_ref().si;
        self.note(key, &format!("{:016x}", si.to_bits()));
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

    pub(super) fn time(
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
    pub(super) fn ordered<D: Dimension>(
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

    /// Refuses a speed of a motion that the robot makes by itself above the one that it stops at: it
    /// would stop for obeying its own profile.
    pub(super) fn within_speed(
        &self,
        key: &'static str,
        speed: &Q<Speed>,
        most_m_s: f64,
    ) -> Result<(), ProfileError> {
        let si = speed.get_ref().si;
        // Written so that a speed that is not a number is refused.
        if si <= most_m_s * (1.0 + 1e-9) {
            return Ok(());
        }
        Err(self.error(
            speed.span().start,
            key,
            Quantity::<Speed>::show(si),
            format!(
                "it must be at most arms.motion.speed_free_max ({}): lower this one, or raise that",
                Quantity::<Speed>::show(most_m_s)
            ),
        ))
    }

    pub(super) fn error(
        &self,
        at: usize,
        key: &'static str,
        value: String,
        allowed: String,
    ) -> ProfileError {
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
    let name = r.name("name", &raw.name)?;
    let rates = rates(&mut r, &raw.rates)?;
    let body = body(&mut r, raw.arms.as_ref(), raw.base.as_ref())?;
    let freshness = freshness(&mut r, &raw.freshness, &body)?;
    let engage = engage(&mut r, &raw.engage)?;
    let reaction = reaction(&mut r, &raw.reaction, &body)?;
    let hand = hand(&mut r, &raw.hand, &body)?;
    Ok(Profile {
        hash: Sha256::digest(r.canonical.as_bytes()).into(),
        name,
        rates,
        freshness,
        body,
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

fn freshness(
    r: &mut Reader<'_>,
    raw: &RawFreshness,
    body: &Body,
) -> Result<Freshness, ProfileError> {
    // What is a step for a base is a wound for a tip.
    let (stale_min, stale_max) = match body {
        Body::Arms(_) => ("0.1 mm", "20 mm"),
        Body::Base(_) => ("1 mm", "200 mm"),
    };
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
            stale_min,
            stale_max,
        )?,
        loss_soft: r.read("freshness.loss_soft", &raw.loss_soft, "0.1 %", "20 %")?,
        recover_after: r.time("freshness.recover_after", &raw.recover_after, "100 ms", "10 s")?,
        degraded_max: r.time("freshness.degraded_max", &raw.degraded_max, "500 ms", "30 s")?,
        steering: steering(r, &raw.steering)?,
        command_age: raw.command_age.as_ref().map(|raw| command_age(r, raw)).transpose()?,
    };
    r.ordered(
        ("freshness.silence_soft", "freshness.silence_hard"),
        &raw.silence_soft,
        &raw.silence_hard,
    )?;
    r.ordered(
        ("freshness.loop_age_soft", "freshness.loop_age_hard"),
        &raw.loop_age_soft,
        &raw.loop_age_hard,
    )?;
    r.ordered(
        ("freshness.view_age_soft", "freshness.view_age_hard"),
        &raw.view_age_soft,
        &raw.view_age_hard,
    )?;
    Ok(f)
}

fn command_age(r: &mut Reader<'_>, raw: &RawCommandAge) -> Result<CommandAge, ProfileError> {
    let keys = [
        "freshness.command_age.target",
        "freshness.command_age.soft",
        "freshness.command_age.hard",
    ];
    let [target, soft, hard] = keys;
    let age = CommandAge {
        target: r.time(target, &raw.target, "200 us", "50 ms")?,
        soft: r.time(soft, &raw.soft, "1 ms", "100 ms")?,
        hard: r.time(hard, &raw.hard, "2 ms", "200 ms")?,
    };
    r.ordered((target, soft), &raw.target, &raw.soft)?;
    r.ordered((soft, hard), &raw.soft, &raw.hard)?;
    Ok(age)
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

fn steering(r: &mut Reader<'_>, raw: &Spanned<String>) -> Result<ViewSource, ProfileError> {
    let word = raw.get_ref();
    r.note("freshness.steering", word);
    ViewSource::from_word(word).ok_or_else(|| {
        let words: Vec<_> = ViewSource::ALL.iter().map(|s| s.word()).collect();
        r.error(
            raw.span().start,
            "freshness.steering",
            format!("`{word}`"),
            format!("allowed is one of {}", words.join(", ")),
        )
    })
}

fn reaction(r: &mut Reader<'_>, raw: &RawReaction, body: &Body) -> Result<Reaction, ProfileError> {
    let lift = match (&raw.lift, body) {
        (Some(raw), Body::Arms(arms)) => {
            Some(lift(r, raw.get_ref(), arms.motion.speed_free_max_m_s)?)
        }
        (Some(raw), Body::Base(_)) => {
            return Err(r.error(
                raw.span().start,
                "reaction.lift",
                "present beside [base]".to_owned(),
                "a base has no tool to lift".to_owned(),
            ));
        }
        (None, _) => None,
    };
    let park_after = match &raw.park_after {
        Some(after) => Some(r.time("reaction.park_after", after, "5 s", "600 s")?),
        None => None,
    };
    Ok(Reaction {
        lift,
        park_after,
        alarm_after: r.time("reaction.alarm_after", &raw.alarm_after, "500 ms", "60 s")?,
        unrecorded_max: r.time("reaction.unrecorded_max", &raw.unrecorded_max, "1 s", "60 s")?,
    })
}

fn lift(r: &mut Reader<'_>, raw: &RawLift, most_m_s: f64) -> Result<Lift, ProfileError> {
    let lift = Lift {
        after: r.time("reaction.lift.after", &raw.after, "0 s", "10 s")?,
        distance_m: r.read("reaction.lift.distance", &raw.distance, "1 mm", "100 mm")?,
        speed_m_s: r.read("reaction.lift.speed", &raw.speed, "1 mm/s", "50 mm/s")?,
    };
    r.within_speed("reaction.lift.speed", &raw.speed, most_m_s)?;
    Ok(lift)
}

fn hand(r: &mut Reader<'_>, raw: &RawHand, body: &Body) -> Result<Hand, ProfileError> {
    let speed_max = match body {
        Body::Arms(_) => "250 mm/s",
        Body::Base(_) => "1500 mm/s",
    };
    let view_down_rad = match (&raw.view_down, body) {
        (Some(down), Body::Arms(_)) => Some(r.read("hand.view_down", down, "0 deg", "90 deg")?),
        (Some(down), Body::Base(_)) => {
            return Err(r.error(
                down.span().start,
                "hand.view_down",
                "present beside [base]".to_owned(),
                "a base is driven, whatever its camera looks at".to_owned(),
            ));
        }
        (None, _) => None,
    };
    Ok(Hand {
        view_down_rad,
        scale: r.read("hand.scale", &raw.scale, "5 %", "100 %")?,
        dead_zone: r.read("hand.dead_zone", &raw.dead_zone, "0 %", "50 %")?,
        tremor_cutoff_hz: r.read("hand.tremor_cutoff", &raw.tremor_cutoff, "1 Hz", "30 Hz")?,
        speed_full_m_s: r.read("hand.speed_full", &raw.speed_full, "1 mm/s", speed_max)?,
        turn_full_rad_s: r.read("hand.turn_full", &raw.turn_full, "1 deg/s", "90 deg/s")?,
    })
}
