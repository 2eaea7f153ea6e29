//! Networks that do what published ones do: a link as a pure function of its specification and a seed.
//!
//! Problem: a command line that says "50 ms, 1 % loss" describes no network anybody has measured. Delay
//! has a tail that decides about holds; losses come in bursts; a radio that slept wakes up late; a queue
//! that fills up makes everything old. Generic emulators draw each packet's delay for itself, which makes
//! either a reordering no radio does or, put in order, a tail many times the one asked for.
//!
//! - [`LinkSpec`]: one direction as data. [`LinkModel`]: what becomes of each packet offered to it.
//! - [`LinkPreset`]: both directions from a file, with the sources of its numbers and what they published.
//! - [`survey`]: what a preset is measured to do, over virtual hours; the tests hold it to its sources.
//! - `relay`: a link for real sockets; feature `relay`.
//!
//! The theatre runs a model in virtual time, the relay in real time: the same model, the same fates.
//!
//! Limits: a link knows nothing of other users but through its distributions. Both directions draw for
//! themselves, so that an outage of both is two outages. It carries no congestion signal.

mod chance;
mod delay;
mod loss;
mod model;
mod outage;
pub mod preset;
mod quantile;
mod queue;
#[cfg(feature = "relay")]
pub mod relay;
mod spec;
pub mod survey;

pub use chance::Chance;
pub use model::{Counts, Fate, LinkModel, Reason};

pub use preset::LinkPreset;
pub use quantile::{
    Distribution, HyperExponential, PARTS_MAX, POINTS_MAX, PartsError, QuantileError, Quantiles,
};
pub use spec::{
    DelaySpec, HEADER_BYTES, IDLE_STEPS_MAX, IdleStep, LinkSpec, LossSpec, OUTAGES_MAX, Order,
    OutageSpec, Pareto, QueueLimit, RateSpec, ReorderSpec, Span, TwoStates, When,
};
