//! What a run will cost: seconds by the rates that were measured, bytes on the disk by arithmetic. Pure.

use serde::{Deserialize, Serialize};

use crate::{config::RunConfig, eval::EvalConfig, model::ParameterCounts, storage::in_words};

/// How fast replies were sampled and read by the policy, and how long they were.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct MeasuredRates {
    /// Tokens sampled per second. Few rows at once are slower than the many of a step.
    pub tokens_per_second: f64,
    /// Seconds that a forward pass takes for a reply and its share of the prompt.
    pub forward_seconds: f64,
    /// Tokens of a reply to an original problem and to a recycled one, in the mean.
    pub tokens: [f64; 2],
    /// The share of replies that was cut off.
    pub cut_off: f64,
    /// The share of groups that an update learns from.
    pub teaching: f64,
}

/// What a run will cost, about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RunCosts {
    pub step_seconds: f64,
    /// An evaluation, as before the first step and after the last.
    pub evaluation_seconds: f64,
    /// All steps, and the evaluations before and after them.
    pub run_seconds: f64,
    /// One checkpoint on the disk.
    pub checkpoint_bytes: u64,
    /// All that lie there at one time, and the final model.
    pub kept_bytes: u64,
    pub free_bytes: Option<u64>,
}

/// A backward pass takes as long as two forward ones; with `train.activation_checkpointing` layers are computed again.
const BACKWARD: f64 = 2.0;

impl RunCosts {
    pub(super) fn new(
        rates: &MeasuredRates,
        config: &RunConfig,
        test_problems: usize,
        parameters: &ParameterCounts,
        free_bytes: Option<u64>,
    ) -> Self {
        let limit = config.train.sampling.max_new_tokens;
        let [step_tokens, step_seconds] = step(rates, config);
        let evaluation = |config: &EvalConfig| evaluation_seconds(rates, config, limit, test_problems);
        let evaluation_seconds = evaluation(&config.eval);
        let steps = match config.train.token_budget {
            0 => config.train.steps as f64,
            budget => (config.train.steps as f64).min((budget as f64 / step_tokens.max(1.0)).ceil()),
        };
        let on_the_way = match config.eval.every {
            0 => 0.0,
            every => (steps / every as f64).floor() * evaluation(&config.eval.on_the_way()),
        };
        let before = if config.eval.before { evaluation_seconds } else { 0.0 };
        let checkpoint_bytes = checkpoint_bytes(config, parameters);
        let kept = config.checkpoint.keep as u64 + 1;
        Self {
            step_seconds,
            evaluation_seconds,
            run_seconds: steps * step_seconds + before + on_the_way + evaluation_seconds,
            checkpoint_bytes,
            kept_bytes: kept * checkpoint_bytes + weights_bytes(config, parameters),
            free_bytes,
        }
    }

    /// In words, for people.
    pub(super) fn in_words(&self) -> String {
        let mut words = format!(
            "at most about {} a step, {} an evaluation, {} in all; a checkpoint takes {}",
            duration(self.step_seconds),
            duration(self.evaluation_seconds),
            duration(self.run_seconds),
            in_words(self.checkpoint_bytes)
        );
        if let Some(free) = self.free_bytes {
            words += &format!(", {} are free", in_words(free));
        }
        words
    }
}

/// Tokens that a step samples, and its seconds.
fn step(rates: &MeasuredRates, config: &RunConfig) -> [f64; 2] {
    let train = &config.train;
    let rows = [train.prompts_per_step, train.recycled_per_step]
        .map(|count| (count * train.samples_per_prompt) as f64);
    let tokens = rows[0] * rates.tokens[0] + rows[1] * rates.tokens[1];
    let again = if train.activation_checkpointing { 1.0 } else { 0.0 };
    let reference = if train.kl.is_on() { 1.0 } else { 0.0 };
    // Where a penalty holds the policy near its reference, groups that teach nothing have a gradient, too.
    let learning = if train.kl.is_on() { 1.0 } else { rates.teaching };
    let passes = (1.0 + BACKWARD + again + reference) * train.updates() as f64;
    let update = (rows[0] + rows[1]) * learning * rates.forward_seconds * passes;
    [tokens, tokens / rates.tokens_per_second.max(1e-9) + update]
}

/// Seconds of an evaluation; `limit` is that of a step's replies.
fn evaluation_seconds(rates: &MeasuredRates, config: &EvalConfig, limit: usize, problems: usize) -> f64 {
    // Replies that a step cuts off go on to the limit of the evaluation.
    let longer = config.max_new_tokens as f64 - limit as f64;
    let most = config.max_new_tokens as f64;
    let tokens = rates.tokens.map(|tokens| (tokens + rates.cut_off * longer).clamp(1.0, most));
    let samples = if config.judge_items > 0 { config.judge_samples } else { 0 };
    let answers = problems * (1 + samples + config.samples + config.vote_samples);
    let judged = config.replies(problems) - problems * (1 + config.samples);
    let seconds =
        (answers as f64 * tokens[0] + judged as f64 * tokens[1]) / rates.tokens_per_second.max(1e-9);
    if config.max_seconds > 0.0 { seconds.min(config.max_seconds) } else { seconds }
}

/// Weights as they are written: all of them, or the adapters alone, in f32.
fn weights_bytes(config: &RunConfig, parameters: &ParameterCounts) -> u64 {
    4 * if config.lora.is_on() { parameters.trainable } else { parameters.total }
}

/// The weights, two moments for each that learns, and what moves beside the policy.
fn checkpoint_bytes(config: &RunConfig, parameters: &ParameterCounts) -> u64 {
    let train = &config.train;
    let moving = u64::from(train.kl.is_on() && train.reference.moves()) + u64::from(train.ema_decay > 0.0);
    (1 + moving) * weights_bytes(config, parameters) + 8 * parameters.trainable
}

/// Seconds for people: `40 s`, `12 min`, `3.5 h`, `2.1 days`.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_for_people() {
        let all = [0.25, 3.4, 100.0, 600.0, 9000.0, 200_000.0].map(duration);
        assert_eq!(all, ["0.2 s", "3 s", "100 s", "10 min", "2.5 h", "2.3 days"]);
    }

    const PARAMETERS: ParameterCounts =
        ParameterCounts { total: 1000, trainable: 1000, largest: 800, reference: 1000 };

    fn config() -> RunConfig {
        let mut config = RunConfig::default();
        let train = &mut config.train;
        (train.steps, train.prompts_per_step, train.recycled_per_step, train.samples_per_prompt) =
            (10, 4, 2, 5);
        train.kl.coefficient = 0.0;
        train.sampling.max_new_tokens = 100;
        config.eval = EvalConfig {
            judge_items: 4,
            judge_samples: 2,
            max_new_tokens: 100,
            reflection_rounds: 0,
            ..EvalConfig::default()
        };
        config.checkpoint.keep = 2;
        config
    }

    const RATES: MeasuredRates = MeasuredRates {
        tokens_per_second: 100.0,
        forward_seconds: 0.1,
        tokens: [50.0, 20.0],
        cut_off: 0.0,
        teaching: 0.5,
    };

    fn costs(config: &RunConfig) -> RunCosts {
        RunCosts::new(&RATES, config, 10, &PARAMETERS, Some(1))
    }

    #[test]
    fn a_step_is_sampled_and_learnt_from_where_rewards_differ() {
        // 20 replies of 50 tokens and 10 of 20, at 100 a second; 3 passes for half of the 30 replies.
        let costs = costs(&config());
        assert!((costs.step_seconds - (12.0 + 30.0 * 0.5 * 0.3)).abs() < 1e-9, "{costs:?}");
        // 10 problems: one greedy answer and two samples each; 16 judge items in both sets.
        assert!((costs.evaluation_seconds - (15.0 + 16.0 * 0.2)).abs() < 1e-9, "{costs:?}");
        assert!(
            (costs.run_seconds - (10.0 * costs.step_seconds + 2.0 * costs.evaluation_seconds)).abs() < 1e-9
        );
    }

    #[test]
    fn budgets_penalties_and_longer_evaluations_count() {
        let mut config = config();
        config.train.token_budget = 2400;
        assert!(costs(&config).run_seconds < costs(&self::config()).run_seconds / 2.0);
        let mut held = self::config();
        held.train.kl.coefficient = 0.1;
        assert!(costs(&held).step_seconds > costs(&self::config()).step_seconds);
        let mut on_the_way = self::config();
        on_the_way.eval.every = 5;
        let [some, none] = [&on_the_way, &self::config()].map(|config| costs(config).run_seconds);
        assert!((some - none - 2.0 * costs(&on_the_way).evaluation_seconds).abs() < 1e-9);
        let mut unmeasured = self::config();
        unmeasured.eval.before = false;
        assert!(costs(&unmeasured).run_seconds < none);
        let mut bounded = self::config();
        bounded.eval.max_seconds = 5.0;
        assert_eq!(costs(&bounded).evaluation_seconds, 5.0);
        let mut longer = self::config();
        longer.eval.max_new_tokens = 200;
        let cut = MeasuredRates { cut_off: 0.5, ..RATES };
        let all = |config: &RunConfig| RunCosts::new(&cut, config, 10, &PARAMETERS, None).evaluation_seconds;
        assert!(all(&longer) > 1.5 * all(&self::config()));
    }

    #[test]
    fn a_checkpoint_has_weights_and_moments_and_of_adapters_nothing_else() {
        let full = costs(&config());
        assert_eq!((full.checkpoint_bytes, full.kept_bytes), (12_000, 3 * 12_000 + 4000));
        let mut adapters = config();
        adapters.lora.rank = 4;
        let few = ParameterCounts { trainable: 10, ..PARAMETERS };
        assert_eq!(RunCosts::new(&RATES, &adapters, 10, &few, None).checkpoint_bytes, 120);
        let mut averaged = config();
        averaged.train.ema_decay = 0.9;
        assert_eq!(costs(&averaged).checkpoint_bytes, 16_000);
    }
}
