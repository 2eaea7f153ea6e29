//! The tables and keys of a preset file, as they are written.

use std::collections::BTreeMap;

use protocol::profile::quantity::{Dimension, Quantity, Ratio, Time};
use serde::Deserialize;
use toml::Spanned;

/// A quantity with its place in the file.
pub(super) type Q<D> = Spanned<Quantity<D>>;

/// How much fits through.
#[derive(Debug, Clone, Copy)]
pub(super) enum DataRate {}

impl Dimension for DataRate {
    const NAME: &'static str = "a data rate";
    const UNITS: &'static [(&'static str, f64)] =
        &[("Mbit/s", 1e6), ("kbit/s", 1e3), ("Gbit/s", 1e9)];
}

/// How much waits.
#[derive(Debug, Clone, Copy)]
pub(super) enum DataSize {}

impl Dimension for DataSize {
    const NAME: &'static str = "a size";
    const UNITS: &'static [(&'static str, f64)] = &[("kB", 1e3), ("B", 1.0), ("MB", 1e6)];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPreset {
    pub(super) name: Spanned<String>,
    pub(super) about: Spanned<String>,
    pub(super) both: Option<Spanned<RawLink>>,
    pub(super) up: Option<Spanned<RawLink>>,
    pub(super) down: Option<Spanned<RawLink>>,
    #[serde(default)]
    pub(super) source: Vec<RawSource>,
    #[serde(default)]
    pub(super) published: BTreeMap<String, RawFigure>,
    #[serde(default)]
    pub(super) assumed: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub(super) tag: Spanned<String>,
    pub(super) what: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFigure {
    pub(super) is: Spanned<String>,
    pub(super) source: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLink {
    pub(super) delay: Spanned<RawDelay>,
    pub(super) loss: Option<Spanned<RawLoss>>,
    pub(super) rate: Option<Q<DataRate>>,
    pub(super) queue: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) outage: Vec<Spanned<RawOutage>>,
    #[serde(default)]
    pub(super) idle: Vec<RawIdle>,
    pub(super) reorder: Option<RawReorder>,
    pub(super) duplicate: Option<Q<Ratio>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDelay {
    pub(super) constant: Option<Q<Time>>,
    pub(super) quantiles: Option<Spanned<Vec<RawQuantile>>>,
    pub(super) hyper_exponential: Option<Spanned<RawHyper>>,
    pub(super) correlation: Option<Q<Time>>,
    pub(super) jitter: Option<Q<Time>>,
    pub(super) order: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQuantile {
    pub(super) share: Q<Ratio>,
    pub(super) delay: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHyper {
    pub(super) least: Q<Time>,
    pub(super) parts: Vec<RawPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPart {
    pub(super) share: Q<Ratio>,
    pub(super) mean: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLoss {
    pub(super) chance: Option<Q<Ratio>>,
    pub(super) gilbert_elliott: Option<RawElliott>,
    pub(super) pareto: Option<RawPareto>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawElliott {
    pub(super) to_bad: Q<Ratio>,
    pub(super) to_good: Q<Ratio>,
    pub(super) good: Q<Ratio>,
    pub(super) bad: Q<Ratio>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPareto {
    pub(super) to_bad: Q<Ratio>,
    pub(super) to_good: Q<Ratio>,
    pub(super) good: Spanned<RawLaw>,
    pub(super) bad: Spanned<RawLaw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLaw {
    pub(super) alpha: f64,
    pub(super) lambda: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutage {
    pub(super) once_at: Option<Q<Time>>,
    pub(super) every: Option<Q<Time>>,
    pub(super) first_at: Option<Q<Time>>,
    pub(super) pause: Option<Q<Time>>,
    pub(super) pause_mean: Option<Q<Time>>,
    pub(super) length: Option<Q<Time>>,
    pub(super) length_mean: Option<Q<Time>>,
    pub(super) length_max: Option<Q<Time>>,
    pub(super) lose: Option<Q<Ratio>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdle {
    pub(super) after: Q<Time>,
    pub(super) extra: Q<Time>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReorder {
    pub(super) chance: Q<Ratio>,
    pub(super) by: Q<Time>,
}
