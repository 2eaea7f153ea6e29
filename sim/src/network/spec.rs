//! What one direction of a link is like, as data.

use core::num::NonZeroU64;
use core::time::Duration;

use super::chance::Chance;
use super::quantile::Distribution;

/// Bytes of an IPv4 and a UDP header, which a packet has on the wire beside its own.
pub const HEADER_BYTES: u64 = 28;

/// Outages in a list, at most.
pub const OUTAGES_MAX: usize = 64;

/// Steps of the idle penalty, at most.
pub const IDLE_STEPS_MAX: usize = 16;

/// One direction of a link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkSpec {
    /// How long a packet is on its way.
    pub delay: DelaySpec,
    /// Which packets the medium loses.
    pub loss: LossSpec,
    /// How much fits through; `None` is without limit.
    pub rate: Option<RateSpec>,
    /// Times in which little or nothing comes through. The first [`OUTAGES_MAX`] count.
    pub outages: Vec<OutageSpec>,
    /// What the first packet after a silence pays, by the length of the silence, in ascending order. The
    /// first [`IDLE_STEPS_MAX`] count.
    pub idle: Vec<IdleStep>,
    /// Packets that others overtake.
    pub reorder: Option<ReorderSpec>,
    /// Packets that arrive twice.
    pub duplicate: Chance,
}

/// How long a packet is on its way.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DelaySpec {
    /// What delays are like, taken over time.
    pub distribution: Distribution,
    /// Time after which the correlation of two delays has fallen to about a third. Zero: every packet
    /// draws its own.
    pub correlation: Duration,
    /// Every packet is late by up to this much more, drawn for it alone, uniformly.
    pub jitter: Duration,
    /// Whether packets may overtake each other by their delays. If not, a late one holds those behind it,
    /// as a radio does that delivers in order.
    pub order: Order,
}

/// Whether delays may change the order of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// A late packet holds those behind it.
    #[default]
    Kept,
    /// Each goes its own way.
    Free,
}

/// Which packets the medium loses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum LossSpec {
    /// None.
    #[default]
    Never,
    /// Each with the same chance.
    Independent(Chance),
    /// Two states, each with a chance of its own (Gilbert 1960, Elliott 1963).
    GilbertElliott {
        /// How the state changes.
        states: TwoStates,
        /// Chance to lose a packet in the good state.
        good: Chance,
        /// Chance to lose a packet in the bad state.
        bad: Chance,
    },
    /// Two states, each with a distribution of how many packets are lost in a row. After every run, be it
    /// of none, one packet comes through.
    ParetoBursts {
        /// How the state changes.
        states: TwoStates,
        /// Runs that begin in the good state.
        good: Pareto,
        /// Runs that begin in the bad state.
        bad: Pareto,
    },
}

/// How the state of a two-state model changes, packet by packet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoStates {
    /// From good to bad.
    pub to_bad: Chance,
    /// From bad to good.
    pub to_good: Chance,
}

/// A Pareto distribution of the second kind (Lomax), from zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pareto {
    alpha: f64,
    lambda: f64,
}

impl Pareto {
    /// Shape `alpha`, above 1 so that there is a mean, and scale `lambda`, above 0; `None` for others.
    pub fn new(alpha: f64, lambda: f64) -> Option<Self> {
        let known = alpha > 1.0 && alpha.is_finite() && lambda > 0.0 && lambda.is_finite();
        known.then_some(Self { alpha, lambda })
    }

    /// The value below which a share `u` lies, `u` in `[0, 1)`.
    pub(super) fn quantile(self, u: f64) -> f64 {
        self.lambda * ((1.0 - u).powf(-self.alpha.recip()) - 1.0)
    }
}

/// How much fits through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSpec {
    /// Unit: bit per second.
    pub bits_per_s: NonZeroU64,
    /// What waits at most; the rest is dropped on arrival.
    pub queue: QueueLimit,
}

/// What waits at most, the packet that is being sent included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueLimit {
    /// Unit: byte on the wire.
    Bytes(u64),
    /// As much as the rate sends in this time.
    Time(Duration),
}

/// Times in which little or nothing comes through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutageSpec {
    /// When they are.
    pub when: When,
    /// Chance to be lost for each packet that would leave meanwhile. One that is not lost waits until the
    /// end.
    pub lose: Chance,
}

/// When outages are. A time of zero counts as a millisecond, so that there is an end to them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Once.
    Once {
        /// Since the start.
        at: Duration,
        /// How long it lasts.
        length: Duration,
    },
    /// Again and again, as by a schedule.
    Periodic {
        /// From one beginning to the next.
        every: Duration,
        /// The first beginning.
        at: Duration,
        /// How long it lasts; what is longer than the period lasts for ever.
        length: Duration,
    },
    /// Again and again, at random.
    Random {
        /// From an end to the next beginning.
        pause: Span,
        /// How long it lasts.
        length: Span,
    },
}

/// How a time is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Always the same.
    Fixed(Duration),
    /// Anything between two times.
    Uniform(Duration, Duration),
    /// Exponential, with this mean.
    Exponential(Duration),
}

/// What the first packet after a silence pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleStep {
    /// After a silence of at least this length.
    pub after: Duration,
    /// Delay beside all others.
    pub extra: Duration,
}

/// Packets that others overtake.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReorderSpec {
    /// Chance for each packet.
    pub chance: Chance,
    /// It is later than it would be by up to this much, uniformly, and holds nobody.
    pub by: Duration,
}
