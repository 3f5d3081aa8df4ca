//! The advantage settings of a recipe, and the estimator that they name.

use std::sync::Arc;

use anyhow::{Result, ensure};

use super::{
    door::{Advantage, AdvantageScope, ScoredGroup, Spread},
    estimators::built_in,
};
use crate::error::input_error;

/// How rewards become advantages, as a recipe says it.
#[derive(Debug, Clone, PartialEq)]
pub struct AdvantageConfig {
    /// The name of an estimator (`train.advantage`).
    pub estimator: String,
    /// What the spread of rewards is taken over (`train.advantage_scope`); `None`: the estimator's own.
    pub scope: Option<AdvantageScope>,
    /// Added to the standard deviation of rewards (`train.advantage_epsilon`).
    pub epsilon: f64,
}

impl Default for AdvantageConfig {
    fn default() -> Self {
        Self { estimator: "group_norm".to_owned(), scope: None, epsilon: 1e-9 }
    }
}

/// An estimator with its settings.
#[derive(Clone)]
pub struct AdvantageRule {
    estimator: Arc<dyn Advantage>,
    spread: Spread,
}

impl AdvantageConfig {
    /// The estimator of this name among those of `extra` and the built-in ones; one of `extra` stands in for a
    /// built-in one of the same name.
    ///
    /// # Errors
    /// An input error when there is none, which lists those there are, and when the scope would change nothing.
    pub fn rule(&self, extra: &[Arc<dyn Advantage>]) -> Result<AdvantageRule> {
        let all: Vec<Arc<dyn Advantage>> = extra.iter().cloned().chain(built_in()).collect();
        // The name of the paper that has it.
        let name = if self.estimator == "dr_grpo" { "mean" } else { self.estimator.as_str() };
        let Some(estimator) = all.iter().find(|estimator| estimator.name() == name) else {
            let known: Vec<&str> = all.iter().map(|estimator| estimator.name()).collect();
            return Err(input_error(format!(
                "train.advantage = {:?}: unknown; take one of {}",
                self.estimator,
                known.join(", ")
            )));
        };
        let own = estimator.default_scope();
        if self.scope.is_some() && own.is_none() {
            return Err(input_error(
                "train.advantage_scope: this train.advantage divides by no spread; leave the scope out, or take \
                 group_norm, reinforce_plus_plus, batch_norm or gdpo",
            ));
        }
        let scope = self.scope.or(own).unwrap_or(AdvantageScope::Group);
        let spread = Spread { scope, epsilon: self.epsilon };
        Ok(AdvantageRule { estimator: estimator.clone(), spread })
    }
}

impl AdvantageRule {
    /// One advantage per reward, in the same order.
    ///
    /// # Errors
    /// When the estimator returns another number of them, or one that is not finite.
    pub fn advantages(&self, groups: &[ScoredGroup]) -> Result<Vec<Vec<f64>>> {
        let advantages = self.estimator.advantages(groups, self.spread);
        let fits = advantages.len() == groups.len()
            && advantages.iter().zip(groups).all(|(found, group)| found.len() == group.rewards.len());
        let name = self.estimator.name();
        ensure!(fits, "the advantage estimator {name:?} does not return one advantage per completion");
        let finite = advantages.iter().flatten().all(|advantage| advantage.is_finite());
        ensure!(finite, "the advantage estimator {name:?} returns an advantage that is not finite");
        Ok(advantages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::Kind, error::is_input_error};

    /// Returns what it was made with, whatever the rewards are.
    struct Constant(Vec<Vec<f64>>);

    impl Advantage for Constant {
        fn name(&self) -> &str {
            "constant"
        }

        fn advantages(&self, _: &[ScoredGroup], _: Spread) -> Vec<Vec<f64>> {
            self.0.clone()
        }
    }

    fn named(estimator: &str) -> AdvantageConfig {
        AdvantageConfig { estimator: estimator.to_owned(), ..AdvantageConfig::default() }
    }

    #[test]
    fn an_estimator_is_found_by_name_and_an_unknown_one_is_refused_with_those_there_are() {
        let groups = [ScoredGroup::new(Kind::REASON, vec![1.0, 0.0])];
        let constant =
            |values: &[f64]| -> [Arc<dyn Advantage>; 1] { [Arc::new(Constant(vec![values.to_vec()]))] };
        let of = |values: &[f64]| named("constant").rule(&constant(values)).unwrap().advantages(&groups);
        assert_eq!(of(&[3.0, 4.0]).unwrap(), [[3.0, 4.0]]);
        assert!(of(&[3.0]).unwrap_err().to_string().contains("one advantage per completion"));
        assert!(of(&[3.0, f64::NAN]).unwrap_err().to_string().contains("not finite"));
        assert_eq!(named("dr_grpo").rule(&[]).unwrap().advantages(&groups).unwrap(), [[0.5, -0.5]]);
        let error = named("constant").rule(&[]).err().unwrap();
        assert!(is_input_error(&error) && error.to_string().contains("group_norm, mean, rloo"));
    }

    #[test]
    fn a_scope_that_would_change_nothing_is_refused() {
        let scoped = |estimator| AdvantageConfig { scope: Some(AdvantageScope::Kind), ..named(estimator) };
        assert!(scoped("rloo").rule(&[]).err().unwrap().to_string().starts_with("train.advantage_scope"));
        assert!(scoped("batch_norm").rule(&[]).is_ok());
    }
}
