use proptest::prelude::*;

use super::*;
use crate::network::survey::survey;

const LAN: &str = include_str!("../../../../links/lan.toml");

#[test]
fn a_built_in_preset_goes_by_the_name_that_is_written_in_it() {
    for (name, text) in NAMES.iter().zip(TEXTS) {
        let preset = LinkPreset::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(preset.name, *name);
        assert_eq!(LinkPreset::builtin(name), Some(preset));
    }
    assert_eq!(LinkPreset::builtin("dial-up"), None);
}

/// No number without a source, and every source is used: in a figure, or in words.
#[test]
fn every_built_in_preset_has_sources() {
    for name in NAMES {
        let preset = LinkPreset::builtin(name).unwrap();
        assert!(!preset.sources.is_empty(), "{name}");
        assert!(!preset.published.is_empty() || name.starts_with("netfi-outage"), "{name}");
    }
}

fn error(from: &str, to: &str) -> String {
    assert!(LAN.contains(from), "{from}");
    LinkPreset::parse(&LAN.replacen(from, to, 1)).unwrap_err().to_string()
}

/// What is changed in the preset, into what, and what is said.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "\"lan\"",
        "\"My LAN\"",
        "line 1, column 8: name is \"My LAN\"; allowed are 1 to 32 of a to z, 0 to 9 and -",
    ),
    (
        "1 Gbit/s",
        "101 Gbit/s",
        "line 16, column 8: both.rate is 101000 Mbit/s; allowed is 1 kbit/s to 100 Gbit/s",
    ),
    (
        "queue = \"10 ms\"",
        "",
        "line 16, column 8: both.rate is 1000 Mbit/s; it needs a queue beside it, such as queue = \"100 ms\"",
    ),
    (
        "rate = \"1 Gbit/s\"",
        "",
        "line 17, column 9: both.queue is `10 ms`; it needs a rate beside it, such as rate = \"20 Mbit/s\"",
    ),
    (
        "queue = \"10 ms\"",
        "queue = \"100 B\"",
        "line 17, column 9: both.queue is `100 B`; it must hold 1528 B to 1000 MB, or nothing comes through",
    ),
    (
        "queue = \"10 ms\"",
        "queue = \"10\"",
        "line 17, column 9: both.queue is `10`; expected a time or a size such as \"100 ms\" or \"64 kB\"",
    ),
    (
        "share = \"0 %\"",
        "share = \"1 %\"",
        "line 21, column 13: both.delay.quantiles is 4 points; the first point must be at 0 % and the last at 100 %",
    ),
    (
        "\"0.5 ms\"",
        "\"0.15 ms\"",
        "line 21, column 13: both.delay.quantiles is 4 points; share and delay must not fall from one point to the next",
    ),
    (
        "\"6 ms\", source = \"F:angola\"",
        "\"6 ms\", source = \"F:x\"",
        "line 13, column 35: published.rtt_max is from `F:x`; its source must be one of the [[source]] tables",
    ),
    (
        "rtt_max",
        "rtt_most",
        "line 13, column 19: published.rtt_most is not a figure; keys are rtt, up or down with _min, _mean, _max, _jitter, _loss, _loss_max or a percentile such as _p99_9",
    ),
    (
        "[both]\n",
        "[both]\nloss = { }\n",
        "line 16, column 8: both.loss is not one law; give one of chance, gilbert_elliott and pareto",
    ),
    (
        "[both]\n",
        "[both]\noutage = [{ length = \"1 s\" }]\n",
        "line 16, column 11: both.outage is not told; give one of once_at, every, pause and pause_mean",
    ),
    (
        "[both]\n",
        "[both]\nduplicate = \"120 %\"\n",
        "line 16, column 13: both.duplicate is 120 %; allowed is 0 % to 100 %",
    ),
    (
        "[both]\n",
        "[up]\n",
        "line 1, column 1: the link is not told; give either [both], or [up] and [down]",
    ),
];

#[test]
fn what_is_wrong_is_told_with_its_place_its_value_and_what_would_do() {
    for (from, to, want) in WRONG.iter().copied() {
        let from_both = to == "[up]\n";
        let got = if from_both {
            let text = LAN.replace("[both", "[up");
            LinkPreset::parse(&text).unwrap_err().to_string()
        } else {
            error(from, to)
        };
        assert_eq!(got, want);
    }
}

#[test]
fn units_and_keys_are_checked_with_their_place() {
    let unit = error("\"0.1 ms\"", "\"0.1\"");
    assert!(unit.contains("line 22") && unit.contains("has no unit: expected a time"), "{unit}");
    let key = error("correlation", "corelation");
    assert!(key.contains("line 20") && key.contains("unknown field `corelation`"), "{key}");
    let size = LinkPreset::parse(&" ".repeat(PRESET_MAX + 1)).unwrap_err();
    assert_eq!(size, PresetError::Size { got: PRESET_MAX + 1 });
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,300}") {
        let _ = LinkPreset::parse(&text);
    }

    /// Files that are nearly right: a piece of a shipped one is cut out, doubled or replaced.
    #[test]
    fn no_mutilated_preset_makes_parser_or_model_panic(
        which in 0..NAMES.len(), at in any::<prop::sample::Index>(), length in 0..40_usize,
        put in "[-0-9a-z.%\"=\\[\\]{} ]{0,12}",
    ) {
        let text = TEXTS[which];
        let from = at.index(text.len());
        let to = (from + length).min(text.len());
        let text = format!("{}{put}{}", &text[..from], &text[to..]);
        if let Ok(preset) = LinkPreset::parse(&text) {
            survey(&preset, 1, 50);
        }
    }
}
