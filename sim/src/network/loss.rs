//! Which packets the medium loses: a process in packets.

use super::chance::Chance;
use super::spec::{LossSpec, Pareto, TwoStates};
use crate::noise::Noise;

/// No run of losses is longer: an hour at the highest rate of commands.
const RUN_MAX: f64 = 3_600_000.0;

/// The state of the losses of a link.
#[derive(Debug, Clone)]
pub(super) struct LossProcess {
    spec: LossSpec,
    state: State,
}

/// Where a two-state model stands. One-state models stay good.
#[derive(Debug, Clone, Copy)]
struct State {
    is_bad: bool,
    run: Run,
}

/// Where a model of runs stands.
#[derive(Debug, Clone, Copy)]
enum Run {
    /// The last packet came through: the next draws how many are lost.
    Drawn,
    /// Packets that are still lost; the one after them comes through.
    Left(u32),
}

impl LossProcess {
    pub(super) const fn new(spec: LossSpec) -> Self {
        Self { spec, state: State { is_bad: false, run: Run::Drawn } }
    }

    /// Whether the next packet is lost.
    pub(super) fn loses(&mut self, noise: &mut Noise) -> bool {
        match self.spec {
            LossSpec::Never => false,
            LossSpec::Independent(chance) => chance.happens(noise),
            LossSpec::GilbertElliott { states, good, bad } => {
                self.change(states, noise);
                self.of_state(good, bad).happens(noise)
            }
            LossSpec::ParetoBursts { states, good, bad } => {
                self.change(states, noise);
                let law: Pareto = self.of_state(good, bad);
                let left = match self.state.run {
                    Run::Left(left) => left,
                    Run::Drawn => law.quantile(noise.uniform()).min(RUN_MAX) as u32,
                };
                self.state.run = left.checked_sub(1).map_or(Run::Drawn, Run::Left);
                left > 0
            }
        }
    }

    const fn of_state<T: Copy>(&self, good: T, bad: T) -> T {
        if self.state.is_bad { bad } else { good }
    }

    fn change(&mut self, states: TwoStates, noise: &mut Noise) {
        let leaves: Chance = self.of_state(states.to_bad, states.to_good);
        if leaves.happens(noise) {
            self.state.is_bad = !self.state.is_bad;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: u32 = 400_000;

    fn chance(share: f64) -> Chance {
        Chance::new(share).unwrap()
    }

    /// Share lost, and mean length of a run of losses.
    fn measure(spec: LossSpec) -> (f64, f64) {
        let (mut process, mut noise) = (LossProcess::new(spec), Noise::new(3));
        let (mut lost, mut runs, mut before) = (0_u32, 0_u32, false);
        for _ in 0..N {
            let loses = process.loses(&mut noise);
            lost += u32::from(loses);
            runs += u32::from(loses && !before);
            before = loses;
        }
        (f64::from(lost) / f64::from(N), f64::from(lost) / f64::from(runs.max(1)))
    }

    #[test]
    fn independent_losses_have_their_share_and_hardly_any_runs() {
        let (share, run) = measure(LossSpec::Independent(chance(0.02)));
        assert!((share - 0.02).abs() < 0.001 && (run - 1.0 / 0.98).abs() < 0.02, "{share} {run}");
        assert_eq!(measure(LossSpec::Never).0, 0.0);
        assert_eq!(measure(LossSpec::Independent(Chance::ALWAYS)).0, 1.0);
    }

    #[test]
    fn gilbert_elliott_loses_what_its_states_say() {
        let states = TwoStates { to_bad: chance(0.05), to_good: chance(0.25) };
        let spec = LossSpec::GilbertElliott { states, good: chance(0.02), bad: chance(0.6) };
        // The bad state has a sixth of the time.
        let want = 0.02 * 5.0 / 6.0 + 0.6 / 6.0;
        let (share, run) = measure(spec);
        assert!((share / want - 1.0).abs() < 0.03, "{share}");
        assert!(run > 1.5, "{run}");
    }

    #[test]
    fn a_run_of_pareto_length_is_followed_by_one_packet_that_comes_through() {
        let law = Pareto::new(4.43, 1.64).unwrap();
        let states = TwoStates { to_bad: Chance::NEVER, to_good: Chance::NEVER };
        let (share, run) = measure(LossSpec::ParetoBursts { states, good: law, bad: law });
        // The mean of the whole part of what the law draws, and the chance that it is not zero.
        let mean: f64 = (1..10_000).map(|k| (1.0 + f64::from(k) / 1.64).powf(-4.43)).sum();
        let some = (1.0 + 1.0 / 1.64_f64).powf(-4.43);
        assert!((share / (mean / (1.0 + mean)) - 1.0).abs() < 0.03, "{share}");
        assert!((run / (mean / some) - 1.0).abs() < 0.03, "{run}");
    }

    #[test]
    fn what_is_no_pareto_law_is_refused() {
        for (alpha, lambda) in [(1.0, 1.0), (f64::NAN, 1.0), (2.0, 0.0), (2.0, f64::INFINITY)] {
            assert_eq!(Pareto::new(alpha, lambda), None);
        }
    }
}
