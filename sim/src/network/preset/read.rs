//! The preset as it stands in a TOML file, and the allowed range of every value.

use core::num::NonZeroU64;
use core::time::Duration;

use protocol::profile::quantity::{Dimension, Quantity, Ratio, Time};
use toml::Spanned;

use super::raw::{DataRate, DataSize, Q, RawDelay, RawLaw, RawLink, RawLoss, RawOutage, RawPreset};
use super::{Figure, LINE_MAX, LinkPreset, NAME_MAX, PRESET_MAX, PresetError, Source, published};
use crate::network::{
    Chance, DelaySpec, Distribution, HEADER_BYTES, HyperExponential, IDLE_STEPS_MAX, IdleStep,
    LinkSpec, LossSpec, OUTAGES_MAX, Order, OutageSpec, Pareto, Quantiles, QueueLimit, RateSpec,
    ReorderSpec, Span, TwoStates, When,
};

/// The longest time that a link may take or be out.
const LONGEST: &str = "3600 s";

/// A packet that every queue must have room for. Unit: byte, without headers.
const PACKET: u64 = 1500;

/// Reads values one by one, and says where a wrong one stands.
struct Reader<'a> {
    text: &'a str,
    /// The table that is read.
    table: String,
}

type Read<T> = Result<T, PresetError>;

impl Reader<'_> {
    fn error(
        &self,
        at: usize,
        key: &str,
        value: String,
        allowed: impl Into<String>,
    ) -> PresetError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let key = match (self.table.as_str(), key) {
            ("", key) => key.to_owned(),
            (table, "") => table.to_owned(),
            (table, key) => format!("{table}.{key}"),
        };
        PresetError::Range {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1,
            key,
            value,
            allowed: allowed.into(),
        }
    }

    fn read<D: Dimension>(&self, key: &str, value: &Q<D>, min: &str, max: &str) -> Read<f64> {
        let si = value.get_ref().si;
        let bound = |text: &str| Quantity::<D>::parse(text).map_or(f64::NAN, |q| q.si);
        let (low, high) = (bound(min), bound(max));
        // One part in a billion for the rounding of unit factors. NaN bounds refuse everything.
        let slack = 1e-9 * high.abs();
        if si >= low - slack && si <= high + slack {
            return Ok(si.clamp(low, high));
        }
        let allowed = format!("allowed is {min} to {max}");
        Err(self.error(value.span().start, key, Quantity::<D>::show(si), allowed))
    }

    fn time(&self, key: &str, value: &Q<Time>, min: &str) -> Read<Duration> {
        self.read(key, value, min, LONGEST).map(|s| Duration::from_secs_f64(s.max(0.0)))
    }

    fn time_or_zero(&self, key: &str, value: Option<&Q<Time>>) -> Read<Duration> {
        value.map_or(Ok(Duration::ZERO), |value| self.time(key, value, "0 s"))
    }

    fn chance(&self, key: &str, value: &Q<Ratio>) -> Read<Chance> {
        let share = self.read(key, value, "0 %", "100 %")?;
        Ok(Chance::new(share).unwrap_or(Chance::ALWAYS))
    }

    fn line(&self, key: &str, raw: &Spanned<String>) -> Read<String> {
        let text = raw.get_ref();
        if (1..=LINE_MAX).contains(&text.chars().count()) && !text.contains(char::is_control) {
            return Ok(text.clone());
        }
        let allowed = format!("allowed are 1 to {LINE_MAX} characters on one line");
        Err(self.error(raw.span().start, key, format!("{text:?}"), allowed))
    }

    fn name(&self, raw: &Spanned<String>) -> Read<String> {
        let text = raw.get_ref();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=NAME_MAX).contains(&text.len()) && text.chars().all(plain) {
            return Ok(text.clone());
        }
        let allowed = format!("allowed are 1 to {NAME_MAX} of a to z, 0 to 9 and -");
        Err(self.error(raw.span().start, "name", format!("{text:?}"), allowed))
    }

    fn link(&mut self, table: &str, raw: &RawLink) -> Read<LinkSpec> {
        let at = |part: &str| format!("{table}.{part}");
        self.table = at("delay");
        let delay = self.delay(&raw.delay)?;
        self.table = at("loss");
        let loss = raw.loss.as_ref().map_or(Ok(LossSpec::Never), |loss| self.loss(loss))?;
        table.clone_into(&mut self.table);
        let rate = self.rate(raw)?;
        let reorder = match &raw.reorder {
            None => None,
            Some(raw) => Some(ReorderSpec {
                chance: self.chance("reorder.chance", &raw.chance)?,
                by: self.time("reorder.by", &raw.by, "0 s")?,
            }),
        };
        let duplicate = raw.duplicate.as_ref();
        let duplicate = duplicate.map_or(Ok(Chance::NEVER), |raw| self.chance("duplicate", raw))?;
        let idle = self.idle(raw)?;
        self.table = at("outage");
        if let Some(beyond) = raw.outage.get(OUTAGES_MAX) {
            let allowed = format!("allowed are {OUTAGES_MAX}");
            return Err(self.error(beyond.span().start, "", "one too many".to_owned(), allowed));
        }
        let outages = raw.outage.iter().map(|o| self.outage(o)).collect::<Read<_>>()?;
        Ok(LinkSpec { delay, loss, rate, outages, idle, reorder, duplicate })
    }

    fn delay(&self, raw: &Spanned<RawDelay>) -> Read<DelaySpec> {
        let at = raw.span().start;
        let raw = raw.get_ref();
        let distribution = match (&raw.constant, &raw.quantiles, &raw.hyper_exponential) {
            (Some(constant), None, None) => {
                Distribution::Constant(self.time("constant", constant, "0 s")?)
            }
            (None, Some(points), None) => {
                let point = |p: &super::raw::RawQuantile| -> Read<(f64, Duration)> {
                    let share = self.read("quantiles.share", &p.share, "0 %", "100 %")?;
                    Ok((share, self.time("quantiles.delay", &p.delay, "0 s")?))
                };
                let read = points.get_ref().iter().map(point).collect::<Read<Vec<_>>>()?;
                let count = format!("{} points", read.len());
                let table = Quantiles::new(read).map_err(|e| {
                    self.error(points.span().start, "quantiles", count, e.to_string())
                })?;
                Distribution::Quantiles(table)
            }
            (None, None, Some(law)) => {
                let at = law.span().start;
                let law = law.get_ref();
                let least = self.time("hyper_exponential.least", &law.least, "0 s")?;
                let part = |p: &super::raw::RawPart| -> Read<(f64, Duration)> {
                    let share = self.read("hyper_exponential.share", &p.share, "0 %", "100 %")?;
                    Ok((share, self.time("hyper_exponential.mean", &p.mean, "0 s")?))
                };
                let parts = law.parts.iter().map(part).collect::<Read<Vec<_>>>()?;
                let count = format!("{} parts", parts.len());
                let law = HyperExponential::new(least, &parts)
                    .map_err(|e| self.error(at, "hyper_exponential", count, e.to_string()))?;
                Distribution::HyperExponential(law)
            }
            _ => {
                let allowed = "give one of constant, quantiles and hyper_exponential";
                return Err(self.error(at, "", "not one law".to_owned(), allowed));
            }
        };
        Ok(DelaySpec {
            distribution,
            correlation: self.time_or_zero("correlation", raw.correlation.as_ref())?,
            jitter: self.time_or_zero("jitter", raw.jitter.as_ref())?,
            order: raw.order.as_ref().map_or(Ok(Order::Kept), |word| self.order(word))?,
        })
    }

    fn order(&self, word: &Spanned<String>) -> Read<Order> {
        match word.get_ref().as_str() {
            "kept" => Ok(Order::Kept),
            "free" => Ok(Order::Free),
            other => {
                let allowed = "allowed is kept or free";
                Err(self.error(word.span().start, "order", format!("`{other}`"), allowed))
            }
        }
    }

    fn loss(&self, raw: &Spanned<RawLoss>) -> Read<LossSpec> {
        let at = raw.span().start;
        let raw = raw.get_ref();
        match (&raw.chance, &raw.gilbert_elliott, &raw.pareto) {
            (Some(chance), None, None) => Ok(LossSpec::Independent(self.chance("chance", chance)?)),
            (None, Some(raw), None) => Ok(LossSpec::GilbertElliott {
                states: TwoStates {
                    to_bad: self.chance("gilbert_elliott.to_bad", &raw.to_bad)?,
                    to_good: self.chance("gilbert_elliott.to_good", &raw.to_good)?,
                },
                good: self.chance("gilbert_elliott.good", &raw.good)?,
                bad: self.chance("gilbert_elliott.bad", &raw.bad)?,
            }),
            (None, None, Some(raw)) => Ok(LossSpec::ParetoBursts {
                states: TwoStates {
                    to_bad: self.chance("pareto.to_bad", &raw.to_bad)?,
                    to_good: self.chance("pareto.to_good", &raw.to_good)?,
                },
                good: self.pareto("pareto.good", &raw.good)?,
                bad: self.pareto("pareto.bad", &raw.bad)?,
            }),
            _ => {
                let allowed = "give one of chance, gilbert_elliott and pareto";
                Err(self.error(at, "", "not one law".to_owned(), allowed))
            }
        }
    }

    fn pareto(&self, key: &str, raw: &Spanned<RawLaw>) -> Read<Pareto> {
        let RawLaw { alpha, lambda } = *raw.get_ref();
        Pareto::new(alpha, lambda).ok_or_else(|| {
            let value = format!("alpha {alpha}, lambda {lambda}");
            self.error(raw.span().start, key, value, "alpha must be above 1 and lambda above 0")
        })
    }

    fn rate(&self, raw: &RawLink) -> Read<Option<RateSpec>> {
        let (rate, queue) = match (&raw.rate, &raw.queue) {
            (None, None) => return Ok(None),
            (Some(rate), Some(queue)) => (rate, queue),
            (Some(rate), None) => {
                let value = Quantity::<DataRate>::show(rate.get_ref().si);
                let allowed = "it needs a queue beside it, such as queue = \"100 ms\"";
                return Err(self.error(rate.span().start, "rate", value, allowed));
            }
            (None, Some(queue)) => {
                let value = format!("`{}`", queue.get_ref());
                let allowed = "it needs a rate beside it, such as rate = \"20 Mbit/s\"";
                return Err(self.error(queue.span().start, "queue", value, allowed));
            }
        };
        let bits_per_s = self.read("rate", rate, "1 kbit/s", "100 Gbit/s")? as u64;
        let bits_per_s = NonZeroU64::new(bits_per_s).unwrap_or(NonZeroU64::MIN);
        Ok(Some(RateSpec { bits_per_s, queue: self.queue(queue, bits_per_s)? }))
    }

    fn queue(&self, raw: &Spanned<String>, bits_per_s: NonZeroU64) -> Read<QueueLimit> {
        let text = raw.get_ref();
        let wrong =
            |allowed: String| self.error(raw.span().start, "queue", format!("`{text}`"), allowed);
        let (limit, bytes) = if let Ok(time) = Quantity::<Time>::parse(text) {
            let time = Duration::try_from_secs_f64(time.si).map_err(|e| wrong(e.to_string()))?;
            let bytes = time.as_secs_f64() * bits_per_s.get() as f64 / 8.0;
            (QueueLimit::Time(time), bytes)
        } else {
            let size = Quantity::<DataSize>::parse(text).map_err(|_| {
                wrong("expected a time or a size such as \"100 ms\" or \"64 kB\"".to_owned())
            })?;
            (QueueLimit::Bytes(size.si as u64), size.si)
        };
        let least = PACKET + HEADER_BYTES;
        if bytes >= least as f64 && bytes <= 1e9 {
            return Ok(limit);
        }
        Err(wrong(format!("it must hold {least} B to 1000 MB, or nothing comes through")))
    }

    fn idle(&self, raw: &RawLink) -> Read<Vec<IdleStep>> {
        let mut steps: Vec<IdleStep> = Vec::new();
        for step in &raw.idle {
            let at = step.after.span().start;
            let after = self.time("idle.after", &step.after, "1 ms")?;
            let extra = self.time("idle.extra", &step.extra, "0 s")?;
            let value = || Quantity::<Time>::show(after.as_secs_f64());
            if steps.len() >= IDLE_STEPS_MAX {
                let allowed = format!("allowed are {IDLE_STEPS_MAX} steps");
                return Err(self.error(at, "idle.after", value(), allowed));
            }
            if steps.last().is_some_and(|last| last.after >= after) {
                let allowed = "it must be above that of the step before";
                return Err(self.error(at, "idle.after", value(), allowed));
            }
            steps.push(IdleStep { after, extra });
        }
        Ok(steps)
    }

    fn outage(&self, raw: &Spanned<RawOutage>) -> Read<OutageSpec> {
        let at = raw.span().start;
        let raw = raw.get_ref();
        let unknown = |allowed: &str| self.error(at, "", "not told".to_owned(), allowed);
        let length = match (&raw.length, &raw.length_mean, &raw.length_max) {
            (Some(fixed), None, None) => Span::Fixed(self.time("length", fixed, "1 ms")?),
            (None, Some(mean), None) => {
                Span::Exponential(self.time("length_mean", mean, "1 ms")?)
            }
            (None, None, Some(max)) => {
                Span::Uniform(Duration::ZERO, self.time("length_max", max, "1 ms")?)
            }
            _ => return Err(unknown("give one of length, length_mean and length_max")),
        };
        let when = match (&raw.once_at, &raw.every, &raw.pause, &raw.pause_mean) {
            (Some(begin), None, None, None) => {
                let Span::Fixed(length) = length else {
                    return Err(unknown("one that comes once has a length"));
                };
                When::Once { at: self.time("once_at", begin, "0 s")?, length }
            }
            (None, Some(every), None, None) => {
                let Span::Fixed(length) = length else {
                    return Err(unknown("one that comes by a schedule has a length"));
                };
                let first = self.time_or_zero("first_at", raw.first_at.as_ref())?;
                When::Periodic { every: self.time("every", every, "10 ms")?, at: first, length }
            }
            (None, None, Some(pause), None) => {
                let pause = Span::Fixed(self.time("pause", pause, "10 ms")?);
                When::Random { pause, length }
            }
            (None, None, None, Some(mean)) => {
                let pause = Span::Exponential(self.time("pause_mean", mean, "10 ms")?);
                When::Random { pause, length }
            }
            _ => return Err(unknown("give one of once_at, every, pause and pause_mean")),
        };
        let lose = raw.lose.as_ref().map_or(Ok(Chance::ALWAYS), |r| self.chance("lose", r))?;
        Ok(OutageSpec { when, lose })
    }

    fn figures(&self, raw: &RawPreset, sources: &[Source]) -> Read<Vec<Figure>> {
        let mut figures = Vec::new();
        for (name, raw) in &raw.published {
            let at = raw.is.span().start;
            let Some((path, stat)) = published::key(name) else {
                let allowed = "keys are rtt, up or down with _min, _mean, _max, _jitter, _loss, \
                               _loss_max or a percentile such as _p99_9";
                return Err(self.error(at, name, "not a figure".to_owned(), allowed));
            };
            let value = published::value(stat, raw.is.get_ref())
                .map_err(|e| self.error(at, name, "no value".to_owned(), e))?;
            if !(0.0..=3600.0).contains(&value) {
                let value = format!("`{}`", raw.is.get_ref());
                return Err(self.error(at, name, value, "allowed is 0 to an hour, or a share"));
            }
            let source = raw.source.get_ref();
            if !sources.iter().any(|s| s.tag == *source) {
                let allowed = "its source must be one of the [[source]] tables";
                return Err(self.error(
                    raw.source.span().start,
                    name,
                    format!("from `{source}`"),
                    allowed,
                ));
            }
            figures.push(Figure { path, stat, value, source: source.clone() });
        }
        Ok(figures)
    }
}

/// The preset in `text`.
pub(super) fn parse(text: &str) -> Read<LinkPreset> {
    if text.len() > PRESET_MAX {
        return Err(PresetError::Size { got: text.len() });
    }
    let raw: RawPreset = toml::from_str(text).map_err(|e| PresetError::Syntax(Box::new(e)))?;
    let mut r = Reader { text, table: String::new() };
    let name = r.name(&raw.name)?;
    let about = r.line("about", &raw.about)?;
    let source = |s: &super::raw::RawSource| -> Read<Source> {
        let tag = r.line("source.tag", &s.tag)?;
        Ok(Source { tag, what: r.line("source.what", &s.what)? })
    };
    let sources = raw.source.iter().map(source).collect::<Read<Vec<_>>>()?;
    let assumed = raw.assumed.iter().map(|a| r.line("assumed", a)).collect::<Read<_>>()?;
    "published".clone_into(&mut r.table);
    let published = r.figures(&raw, &sources)?;
    r.table.clear();
    let (up, down) = match (&raw.both, &raw.up, &raw.down) {
        (Some(both), None, None) => {
            let both = r.link("both", both.get_ref())?;
            (both.clone(), both)
        }
        (None, Some(up), Some(down)) => {
            (r.link("up", up.get_ref())?, r.link("down", down.get_ref())?)
        }
        _ => {
            let allowed = "give either [both], or [up] and [down]";
            return Err(r.error(0, "the link", "not told".to_owned(), allowed));
        }
    };
    Ok(LinkPreset { name, about, up, down, sources, published, assumed })
}
