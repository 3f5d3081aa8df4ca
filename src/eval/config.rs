//! The `[eval]` part of a recipe: what is measured, when, and how much of it.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::best_by::BestBy;
use crate::{error::input_error, rollout::Sampling};

/// What a run is measured by before its first step, on the way, and after its last step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalConfig {
    /// Steps between evaluations during training; 0: none.
    pub every: u64,
    /// Whether the start is measured before the first step.
    pub before: bool,
    /// Held-out problems used, a sample of them that is the same in every run; 0: all.
    pub problems: usize,
    /// Seconds that an evaluation may take: as many held-out problems are used as are answered in that time. Measured
    /// once per run; 0: no bound.
    pub max_seconds: f64,
    /// Judge items of each kind, made from the starting model's own answers to held-out problems.
    pub judge_items: usize,
    /// Whether judging by log-odds is measured once more behind the model's own greedy answer to the problem.
    pub judge_working: bool,
    /// Samples per held-out problem from which the judge items are made.
    pub judge_samples: usize,
    /// Tokens of an answer or a judge's reply, at most.
    pub max_new_tokens: usize,
    /// Rounds of judging and reflecting, at most.
    pub reflection_rounds: usize,
    /// Samples per held-out problem for the accuracy by votes; 0 leaves that out.
    pub vote_samples: usize,
    /// Answers drawn per held-out problem for pass@k, beside the greedy one. With 0, pass@1 is of the greedy answer.
    pub samples: usize,
    /// The k of pass@k; left empty: 1 and `samples`.
    pub k: Vec<usize>,
    /// How answers are drawn for pass@k and for votes.
    pub temperature: f64,
    /// As `train.top_p`, for the same answers.
    pub top_p: f64,
    /// As `train.top_k`, for the same answers.
    pub top_k: usize,
    /// The figure by which the model in `best/` is chosen, and by which a run ends early.
    pub best_by: BestBy,
    /// The run ends after so many evaluations in a row without a gain; 0: never.
    pub patience: u64,
    /// A gain is more than this above the last gain, in shares of 1.
    pub min_gain: f64,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self {
            every: 0,
            before: true,
            problems: 0,
            max_seconds: 0.0,
            judge_items: 200,
            judge_working: false,
            judge_samples: 4,
            max_new_tokens: 768,
            reflection_rounds: 2,
            vote_samples: 0,
            samples: 0,
            k: Vec::new(),
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            best_by: BestBy::default(),
            patience: 0,
            min_gain: 0.0,
        }
    }
}

impl EvalConfig {
    /// # Errors
    /// Names the first setting that is out of range, or has no effect.
    pub fn check(&self) -> Result<()> {
        let complaint = self.out_of_range().or_else(|| self.without_effect());
        complaint.map_or(Ok(()), |complaint| Err(input_error(format!("eval.{complaint}"))))
    }

    /// Whether the policy is measured after this step.
    pub fn is_due(&self, step: u64) -> bool {
        step > 0 && self.every > 0 && step.is_multiple_of(self.every)
    }

    /// The k of pass@k, in ascending order.
    pub fn pass_at(&self) -> Vec<usize> {
        let mut all = if self.k.is_empty() { vec![1, self.samples.max(1)] } else { self.k.clone() };
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How answers are drawn for pass@k and votes.
    pub fn drawing(&self) -> Sampling {
        let Self { temperature, top_p, top_k, max_new_tokens, .. } = *self;
        Sampling { temperature, top_p, top_k, ..Sampling::greedy(max_new_tokens) }
    }

    /// What is measured on the way: without reflection and votes, which take most of the time.
    #[must_use]
    pub fn on_the_way(&self) -> Self {
        Self { reflection_rounds: 0, vote_samples: 0, ..self.clone() }
    }

    /// Replies that an evaluation of so many problems takes, at most.
    pub fn replies(&self, problems: usize) -> usize {
        let per_problem = 1 + self.samples + 2 * (self.reflection_rounds + self.vote_samples);
        // Two kinds of items under two sets of wordings, one item of a kind per problem.
        problems * per_problem + 4 * self.judge_items.min(problems)
    }

    /// How many of `all` problems can be measured in `max_seconds`, one at least.
    pub fn problems_within(&self, all: usize, seconds_per_reply: f64) -> usize {
        let fits = |&count: &usize| self.replies(count) as f64 * seconds_per_reply <= self.max_seconds;
        (1..=all).rev().find(fits).unwrap_or(1)
    }

    fn out_of_range(&self) -> Option<String> {
        let at_least_one = [("judge_samples", self.judge_samples), ("max_new_tokens", self.max_new_tokens)];
        if let Some((name, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return Some(format!("{name} = 0: must be at least 1"));
        }
        let not_negative = [("max_seconds", self.max_seconds), ("min_gain", self.min_gain)];
        if let Some((name, value)) =
            not_negative.iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0))
        {
            return Some(format!("{name} = {value}: must be a number of 0 or more"));
        }
        let Self { temperature, top_p, samples, .. } = *self;
        if !(temperature.is_finite() && temperature > 0.0) {
            return Some(format!(
                "temperature = {temperature}: must be a number above 0; at 0 all answers would be the greedy one"
            ));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Some(format!("top_p = {top_p}: must be above 0 and at most 1"));
        }
        let beyond = self.k.iter().find(|k| !(1..=samples).contains(k)).filter(|_| samples > 0)?;
        Some(format!("k has {beyond}: must be 1 to eval.samples = {samples}"))
    }

    fn without_effect(&self) -> Option<String> {
        let Self { every, samples, patience, best_by, .. } = *self;
        if samples == 0 && !self.k.is_empty() {
            return Some(format!("k = {:?}: has no effect without eval.samples", self.k));
        }
        let default = Self::default();
        if self.judge_items == 0 && self.judge_working {
            return Some("judge_working = true has no effect with eval.judge_items = 0".to_owned());
        }
        let drawn_by = |config: &Self| (config.temperature, config.top_p, config.top_k);
        if samples + self.vote_samples == 0 && drawn_by(self) != drawn_by(&default) {
            return Some(
                "temperature, top_p and top_k have no effect without eval.samples or eval.vote_samples"
                    .to_owned(),
            );
        }
        if every == 0 && patience > 0 {
            return Some(format!("patience = {patience}: has no effect without eval.every"));
        }
        if patience == 0 && self.min_gain > 0.0 {
            return Some(format!("min_gain = {}: has no effect without eval.patience", self.min_gain));
        }
        let name = best_by.name();
        if every == 0 && best_by != default.best_by {
            return Some(format!("best_by = {name}: has no effect without eval.every"));
        }
        match best_by {
            BestBy::PassAt(k) if !self.pass_at().contains(&k) => Some(format!(
                "best_by = {name}: is not measured; name {k} in eval.k, or set eval.samples = {k}"
            )),
            by if by.is_of_judging() && self.judge_items == 0 => {
                Some(format!("best_by = {name}: is not measured with eval.judge_items = 0"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let config: EvalConfig = toml::from_str(text).unwrap();
        config.check().err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn what_cannot_be_and_what_changes_nothing_is_refused_by_name() {
        for (text, named) in [
            ("judge_samples = 0", "eval.judge_samples = 0"),
            ("max_seconds = -1.0", "eval.max_seconds = -1"),
            ("max_seconds = inf", "eval.max_seconds = inf"),
            ("samples = 4\ntemperature = 0.0", "eval.temperature = 0"),
            ("samples = 4\ntop_p = 0.0", "eval.top_p = 0"),
            ("samples = 4\nk = [1, 8]", "eval.k has 8: must be 1 to eval.samples = 4"),
            ("samples = 4\nk = [0]", "eval.k has 0"),
            ("k = [1]", "eval.k = [1]: has no effect without eval.samples"),
            ("temperature = 0.5", "no effect without eval.samples or eval.vote_samples"),
            ("patience = 3", "eval.patience = 3: has no effect without eval.every"),
            ("every = 2\nmin_gain = 0.1", "eval.min_gain = 0.1: has no effect without eval.patience"),
            ("best_by = 'judge_accuracy'", "has no effect without eval.every"),
            ("every = 2\nbest_by = 'judge_accuracy'\njudge_items = 0", "eval.judge_items = 0"),
            ("every = 2\nbest_by = 'pass@8'", "eval.best_by = pass@8: is not measured"),
        ] {
            assert!(refusal(text).contains(named), "{text}: {}", refusal(text));
        }
        for text in [
            "",
            "every = 2\nbest_by = 'pass@1'",
            "every = 2\nbest_by = 'pass@8'\nsamples = 8",
            "every = 2\npatience = 1\nmin_gain = 0.01",
            "vote_samples = 4\ntemperature = 0.5",
        ] {
            assert_eq!(refusal(text), "", "{text}");
        }
        assert!(toml::from_str::<EvalConfig>("best_by = 'accuracy'").is_err());
    }

    #[test]
    fn it_is_due_at_multiples_and_never_before_the_first_step() {
        let due = |every: u64| -> Vec<u64> {
            (0..8).filter(|&step| EvalConfig { every, ..EvalConfig::default() }.is_due(step)).collect()
        };
        assert_eq!((due(0), due(3)), (vec![], vec![3, 6]));
    }

    #[test]
    fn the_k_are_one_and_all_samples_unless_they_are_named() {
        let k = |text: &str| toml::from_str::<EvalConfig>(text).unwrap().pass_at();
        assert_eq!((k(""), k("samples = 8")), (vec![1], vec![1, 8]));
        assert_eq!(k("samples = 8\nk = [4, 2, 4]"), [2, 4]);
    }

    #[test]
    fn a_bound_in_seconds_leaves_as_many_problems_as_it_has_time_for() {
        let config: EvalConfig =
            toml::from_str("max_seconds = 60.0\njudge_items = 10\nreflection_rounds = 1").unwrap();
        // Three replies per problem, and four for each of the first ten.
        assert_eq!((config.replies(5), config.replies(100)), (35, 340));
        assert_eq!(config.problems_within(1000, 0.5), 26);
        assert_eq!(config.problems_within(20, 0.5), 20);
        assert_eq!(config.problems_within(1000, 60.0), 1);
    }
}
