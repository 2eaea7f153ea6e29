//! The tables and keys of a profile file, as they are written.

use serde::Deserialize;
use toml::Spanned;

use super::quantity::{
    Acceleration, Angle, AngularAcceleration, AngularJerk, AngularSpeed, Force, Jerk, Length,
    Quantity, Rate, Ratio, Speed, Time,
};

/// A quantity with its place in the file.
pub(super) type Q<D> = Spanned<Quantity<D>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    pub(super) schema: Spanned<u32>,
    pub(super) name: Spanned<String>,
    pub(super) rates: RawRates,
    pub(super) freshness: RawFreshness,
    pub(super) arms: Option<Spanned<RawArms>>,
    pub(super) base: Option<Spanned<RawBase>>,
    pub(super) engage: RawEngage,
    pub(super) reaction: RawReaction,
    pub(super) hand: RawHand,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRates {
    pub(super) command: Q<Rate>,
    pub(super) state: Q<Rate>,
    pub(super) picture: Q<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFreshness {
    pub(super) silence_soft: Q<Time>,
    pub(super) silence_hard: Q<Time>,
    pub(super) loop_age_soft: Q<Time>,
    pub(super) loop_age_hard: Q<Time>,
    pub(super) view_age_soft: Q<Time>,
    pub(super) view_age_hard: Q<Time>,
    pub(super) stale_displacement_max: Q<Length>,
    pub(super) loss_soft: Q<Ratio>,
    pub(super) recover_after: Q<Time>,
    pub(super) degraded_max: Q<Time>,
    pub(super) steering: Spanned<String>,
    pub(super) command_age: Option<RawCommandAge>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommandAge {
    pub(super) target: Q<Time>,
    pub(super) soft: Q<Time>,
    pub(super) hard: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArms {
    pub(super) count: Spanned<u32>,
    pub(super) motion: RawMotion,
    pub(super) workspace: RawWorkspace,
    #[serde(default)]
    pub(super) zone: Vec<RawZone>,
    pub(super) force: RawForce,
    pub(super) reach: RawReach,
    pub(super) port: Option<RawPort>,
    pub(super) jaw: Option<RawJaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are the keys of the file")]
pub(super) struct RawMotion {
    pub(super) speed_free_max: Q<Speed>,
    pub(super) speed_contact_max: Q<Speed>,
    pub(super) acceleration_max: Q<Acceleration>,
    pub(super) jerk_max: Q<Jerk>,
    pub(super) rotation_max: Q<AngularSpeed>,
    pub(super) rotation_acceleration_max: Q<AngularAcceleration>,
    pub(super) rotation_jerk_max: Q<AngularJerk>,
    pub(super) step_max: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorkspace {
    pub(super) min: [Q<Length>; 3],
    pub(super) max: [Q<Length>; 3],
    pub(super) breach_margin: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawZone {
    pub(super) name: Spanned<String>,
    pub(super) margin: Q<Length>,
    pub(super) sphere: Option<RawSphere>,
    #[serde(rename = "box")]
    pub(super) cuboid: Option<RawCuboid>,
    pub(super) half_space: Option<RawHalfSpace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSphere {
    pub(super) centre: [Q<Length>; 3],
    pub(super) radius: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCuboid {
    pub(super) min: [Q<Length>; 3],
    pub(super) max: [Q<Length>; 3],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHalfSpace {
    pub(super) point: [Q<Length>; 3],
    pub(super) normal: Spanned<[f64; 3]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForce {
    pub(super) soft: Q<Force>,
    pub(super) hard: Q<Force>,
    pub(super) hold_max: Option<Q<Force>>,
    pub(super) approach_speed_max: Q<Speed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReach {
    pub(super) joint_soft: Q<Ratio>,
    pub(super) joint_hard: Q<Ratio>,
    pub(super) dexterity_soft: Q<Ratio>,
    pub(super) dexterity_hard: Q<Ratio>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPort {
    pub(super) cone_max: Q<Angle>,
    pub(super) depth_min: Q<Length>,
    pub(super) depth_max: Q<Length>,
    pub(super) breach: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJaw {
    pub(super) open_max: Q<Angle>,
    pub(super) rate_max: Q<AngularSpeed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBase {
    pub(super) speed_max: Q<Speed>,
    pub(super) acceleration_max: Q<Acceleration>,
    pub(super) brake: Q<Acceleration>,
    pub(super) jerk_max: Q<Jerk>,
    pub(super) turn_max: Q<AngularSpeed>,
    pub(super) turn_acceleration_max: Q<AngularAcceleration>,
    pub(super) turn_jerk_max: Q<AngularJerk>,
    pub(super) obstacle_keep: Q<Length>,
    pub(super) obstacle_hard: Q<Length>,
    pub(super) bumper_hard: Q<Force>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEngage {
    pub(super) fresh_run: Q<Time>,
    pub(super) align_max: Q<Angle>,
    pub(super) start_displacement_max: Q<Length>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReaction {
    pub(super) lift: Option<Spanned<RawLift>>,
    pub(super) park_after: Option<Q<Time>>,
    pub(super) alarm_after: Q<Time>,
    pub(super) unrecorded_max: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLift {
    pub(super) after: Q<Time>,
    pub(super) distance: Q<Length>,
    pub(super) speed: Q<Speed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHand {
    pub(super) scale: Q<Ratio>,
    pub(super) dead_zone: Q<Ratio>,
    pub(super) tremor_cutoff: Q<Rate>,
    pub(super) speed_full: Q<Speed>,
    pub(super) turn_full: Q<AngularSpeed>,
    pub(super) view_down: Option<Q<Angle>>,
}
