//! What goes wrong in a trial, and when: drawn from a seed, or written by hand.

use core::fmt::Write as _;

use serde::Deserialize;

use super::Setting;
use super::fault::Kind;
use super::hand::{Hand, Task};
use crate::noise::Noise;

/// Faults that a script may have.
pub const FAULTS_MAX: usize = 32;

/// The latest that a fault may begin or end. Unit: ms.
pub const AT_MAX_MS: u32 = 600_000;

/// Faults of a random script begin between these, or in a long trial until so long before its end. Unit: ms. By the first
/// the robot follows, and at the end there is time to see what becomes of it.
const BEGINS_MS: (u32, u32) = (1_500, 6_000);
const BEFORE_END_MS: u32 = 10_000;

/// Least and most faults of a random script. They may overlap.
const FAULTS_OF_A_SEED: (u64, u64) = (1, 4);

/// One random script in so many has none: what gets done in it is the measure of what gets done in the others.
const UNDISTURBED: u64 = 16;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// When it begins, from the start of the trial. Unit: ms.
    pub at_ms: u32,
    /// How long it lasts. Unit: ms.
    pub lasts_ms: u32,
    /// How strong it is, in the unit of its kind; 0 without one.
    pub amount: f64,
}

impl Fault {
    /// When it is over. Unit: ms.
    pub const fn end_ms(&self) -> u32 {
        self.at_ms.saturating_add(self.lasts_ms)
    }
}

/// All that goes wrong in a trial, in the order in which it begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    /// Who works meanwhile.
    pub hand: Hand,
    /// The faults.
    pub faults: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    #[serde(default)]
    hand: Option<String>,
    #[serde(default)]
    fault: Vec<RawFault>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    kind: String,
    at_ms: u32,
    lasts_ms: u32,
    #[serde(default)]
    amount: Option<f64>,
}

impl Script {
    /// The script of this seed: one to four faults of any kind, which may overlap, or now and then none. Whose work is
    /// counted works in every second one.
    pub fn of_seed(seed: u64, setting: &Setting) -> Self {
        let (first, last) = BEGINS_MS;
        let length_ms = setting.length.as_millis() as u32;
        let last = last.max(length_ms.saturating_sub(BEFORE_END_MS));
        let mut noise = Noise::new(seed ^ 0xFA_17_5C_12_19_70_00_01);
        let (least, most) = FAULTS_OF_A_SEED;
        let count = least + noise.bits() % (most - least + 1);
        let mut faults: Vec<_> = (0..count).map(|_| random((first, last), &mut noise)).collect();
        faults.sort_by_key(|fault| (fault.at_ms, fault.kind));
        if noise.bits().is_multiple_of(UNDISTURBED) {
            faults.clear();
        }
        let in_turn = || {
            if seed.is_multiple_of(2) { Hand::Script } else { Task::of(&setting.profile).hand }
        };
        Self { hand: setting.hand.unwrap_or_else(in_turn), faults }
    }

    /// The script in `text`, which is TOML.
    ///
    /// # Errors
    /// A sentence that names the value, the limit and the fix.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw: RawScript = toml::from_str(text).map_err(|error| error.to_string())?;
        if raw.fault.len() > FAULTS_MAX {
            let count = raw.fault.len();
            return Err(format!("{count} faults; a script has at most {FAULTS_MAX}"));
        }
        let mut faults = raw.fault.iter().map(RawFault::check).collect::<Result<Vec<_>, _>>()?;
        faults.sort_by_key(|fault| (fault.at_ms, fault.kind));
        let hand = raw.hand.as_deref().map_or(Ok(Hand::default()), str::parse)?;
        Ok(Self { hand, faults })
    }

    /// The script as TOML, which [`parse`](Self::parse) reads.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        if self.hand != Hand::default() {
            let _ = write!(text, "hand = \"{}\"\n\n", self.hand);
        }
        for fault in &self.faults {
            let Fault { kind, at_ms, lasts_ms, amount } = fault;
            let _ = write!(
                text,
                "[[fault]]\nkind = \"{kind}\"\nat_ms = {at_ms}\nlasts_ms = {lasts_ms}\n"
            );
            if let Some(about) = kind.about().amount {
                let _ = writeln!(text, "amount = {amount:?} # {}", about.unit);
            }
            text.push('\n');
        }
        text
    }

    /// The faults that are in force at a moment.
    pub fn at(&self, now_ms: u32) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(move |fault| (fault.at_ms..fault.end_ms()).contains(&now_ms))
    }

    /// The last end of a fault. Unit: ms.
    pub fn end_ms(&self) -> u32 {
        self.faults.iter().map(Fault::end_ms).max().unwrap_or(0)
    }
}

impl RawFault {
    fn check(&self) -> Result<Fault, String> {
        let kind: Kind = self.kind.parse()?;
        let (at_ms, lasts_ms) = (self.at_ms, self.lasts_ms);
        if at_ms.saturating_add(lasts_ms) > AT_MAX_MS {
            return Err(format!(
                "{kind} at {at_ms} ms for {lasts_ms} ms ends after {AT_MAX_MS} ms, the most"
            ));
        }
        if lasts_ms == 0 {
            return Err(format!("{kind} at {at_ms} ms lasts 0 ms; write at least 1"));
        }
        let amount = match (kind.about().amount, self.amount) {
            (None, None) => 0.0,
            (None, Some(amount)) => {
                return Err(format!("{kind} has no amount; take `amount = {amount}` out"));
            }
            (Some(limits), None) => {
                return Err(format!(
                    "{kind} needs an amount, {} to {} {}",
                    limits.min, limits.max, limits.unit
                ));
            }
            (Some(limits), Some(amount)) => {
                if !(amount >= 0.0 && amount <= limits.max) {
                    return Err(format!(
                        "{kind}: amount {amount} is not within 0 to {} {}",
                        limits.max, limits.unit
                    ));
                }
                amount
            }
        };
        Ok(Fault { kind, at_ms, lasts_ms, amount })
    }
}

fn random((first, last): (u32, u32), noise: &mut Noise) -> Fault {
    let kinds = super::fault::KINDS;
    let at = (noise.bits() % kinds.len() as u64) as usize;
    let about = kinds.get(at).unwrap_or_else(|| Kind::Blackout.about());
    let at_ms = first + (noise.bits() % u64::from(last - first)) as u32;
    // Short ones are as likely as long ones: each octave has the same share.
    let octaves = |min: f64, max: f64, noise: &mut Noise| min * (max / min).powf(noise.uniform());
    let (least, most) = about.lasts_ms;
    let lasts_ms = octaves(f64::from(least), f64::from(most), noise).round() as u32;
    let amount = about.amount.map_or(0.0, |a| {
        let drawn = octaves(a.min, a.max, noise);
        // Three digits are enough to tell, and can be written down.
        let digits = 10_f64.powf(2.0 - drawn.log10().floor());
        ((drawn * digits).round() / digits).clamp(a.min, a.max)
    });
    Fault { kind: about.kind, at_ms, lasts_ms, amount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::tests::setting;
    use protocol::profile::{SURGERY, TELECARE};

    #[test]
    fn what_a_seed_draws_is_what_is_written_down() {
        let [surgery, telecare] = [SURGERY, TELECARE].map(setting);
        let mut kinds = std::collections::BTreeSet::new();
        let mut undisturbed = 0;
        for seed in 0..2_000 {
            let script = Script::of_seed(seed, &surgery);
            assert_eq!(script, Script::of_seed(seed, &surgery));
            assert_eq!(script.hand, if seed % 2 == 0 { Hand::Script } else { Hand::User });
            let drives = Script::of_seed(seed, &telecare);
            assert_eq!((drives.hand, &drives.faults), (Hand::Script, &script.faults));
            assert!(script.faults.len() <= 4);
            undisturbed += u32::from(script.faults.is_empty());
            assert_eq!(Script::parse(&script.to_toml()), Ok(script.clone()), "{seed}");
            kinds.extend(script.faults.iter().map(|fault| fault.kind));
        }
        assert_eq!(kinds.len(), super::super::fault::KINDS.len(), "every kind is drawn");
        assert!((90..160).contains(&undisturbed), "{undisturbed} of 2,000");
        assert_ne!(Script::of_seed(2, &surgery), Script::of_seed(4, &surgery));
        let (length, hand) = (core::time::Duration::from_mins(1), Some(Hand::Rings));
        let long = Setting { length, hand, ..surgery };
        assert_eq!(Script::of_seed(3, &long).hand, Hand::Rings);
        let begins = (0..200).flat_map(|seed| Script::of_seed(seed, &long).faults);
        let last_ms = begins.map(|fault| fault.at_ms).max().unwrap();
        assert!((45_000..50_000).contains(&last_ms), "{last_ms}");
    }

    #[test]
    fn a_wrong_script_says_what_is_wrong() {
        for (text, says) in [
            ("[[fault]]\nkind = \"fire\"\nat_ms = 1\nlasts_ms = 1", "no fault is called \"fire\""),
            ("[[fault]]\nkind = \"loss\"\nat_ms = 1\nlasts_ms = 1", "needs an amount, 1 to 60 %"),
            (
                "[[fault]]\nkind = \"loss\"\nat_ms = 1\nlasts_ms = 1\namount = 99",
                "amount 99 is not within 0 to 60 %",
            ),
            ("[[fault]]\nkind = \"loss\"\nat_ms = 1\nlasts_ms = 1\namount = nan", "not within"),
            ("[[fault]]\nkind = \"estop\"\nat_ms = 1\nlasts_ms = 1\namount = 2", "has no amount"),
            ("[[fault]]\nkind = \"estop\"\nat_ms = 1\nlasts_ms = 0", "at least 1"),
            ("[[fault]]\nkind = \"estop\"\nat_ms = 600000\nlasts_ms = 1", "ends after 600000 ms"),
            ("[[fault]]\nkind = \"estop\"\nat = 5", "at"),
            ("hand = \"robot\"", "it is \"script\", \"user\" or \"rings\""),
        ] {
            let error = Script::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        let many = "[[fault]]\nkind = \"estop\"\nat_ms = 1\nlasts_ms = 1\n".repeat(33);
        assert!(Script::parse(&many).unwrap_err().contains("at most 32"));
        assert_eq!(Script::parse(""), Ok(Script::default()));
    }
}
