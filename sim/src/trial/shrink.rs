//! The smallest script that still breaks a promise.

use super::script::{Fault, Script};

/// Runs that are spent at most.
const RUNS_MAX: u32 = 300;

/// Makes a script smaller for as long as `fails` says that it still fails: fewer faults, shorter, weaker.
pub fn shrink(script: &Script, fails: &mut dyn FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    let mut runs = 0;
    loop {
        let better = smaller(&best).into_iter().find(|candidate| {
            runs += 1;
            runs <= RUNS_MAX && fails(candidate)
        });
        match better {
            Some(better) => best = better,
            None => return best,
        }
    }
}

/// Scripts that are a step smaller, the smallest first.
fn smaller(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    for at in 0..script.faults.len() {
        let mut faults = script.faults.clone();
        faults.remove(at);
        all.push(Script { faults, ..*script });
    }
    for (at, fault) in script.faults.iter().enumerate() {
        let Fault { lasts_ms, amount, .. } = *fault;
        let least = fault.kind.about().amount.map_or(0.0, |amount| amount.min);
        let mut with = |changed: Fault| {
            let mut faults = script.faults.clone();
            if let Some(fault) = faults.get_mut(at) {
                *fault = changed;
            }
            all.push(Script { faults, ..*script });
        };
        for lasts_ms in [lasts_ms / 2, lasts_ms - lasts_ms / 10] {
            if (1..fault.lasts_ms).contains(&lasts_ms) {
                with(Fault { lasts_ms, ..*fault });
            }
        }
        let half = (amount / 2.0).max(least);
        if half < amount {
            with(Fault { amount: half, ..*fault });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{Hand, Kind};

    const fn fault(kind: Kind, at_ms: u32, lasts_ms: u32, amount: f64) -> Fault {
        Fault { kind, at_ms, lasts_ms, amount }
    }

    #[test]
    fn what_does_not_matter_goes_and_what_does_stays() {
        let script = Script {
            hand: Hand::User,
            faults: vec![
                fault(Kind::Estop, 1_000, 500, 0.0),
                fault(Kind::Loss, 2_000, 3_000, 50.0),
                fault(Kind::Blackout, 3_000, 800, 0.0),
                fault(Kind::GuardOpen, 4_000, 5, 0.0),
            ],
        };
        // Fails while 200 ms of darkness meet a loss of 10 %.
        let mut runs = 0;
        let small = shrink(&script, &mut |script| {
            runs += 1;
            let has = |kind, lasts_ms, amount| {
                script.faults.iter().any(|fault| {
                    fault.kind == kind && fault.lasts_ms >= lasts_ms && fault.amount >= amount
                })
            };
            has(Kind::Blackout, 200, 0.0) && has(Kind::Loss, 1, 10.0)
        });
        assert_eq!((small.hand, small.faults.len()), (Hand::User, 2), "{small:?}");
        let (loss, dark) = (small.faults[0], small.faults[1]);
        assert!((200..=222).contains(&dark.lasts_ms), "{dark:?}");
        assert!((1..=9).contains(&loss.lasts_ms) && loss.amount < 20.0, "{loss:?}");
        assert!(runs <= RUNS_MAX);
    }
}
