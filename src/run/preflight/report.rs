//! What a preflight found, as it is written to `preflight.json` and told.

use serde::{Deserialize, Serialize};

use super::{
    costs::duration,
    facts::PreflightFacts,
    findings::{PreflightFinding, findings, learns_nothing},
    replies::ReplyFacts,
};
use crate::config::RunConfig;

/// A run that takes longer than this, in seconds, is worth refusing where it cannot learn: what is over sooner is
/// started, and told what is wrong with it.
const WORTH_REFUSING: f64 = 300.0;

/// `preflight.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PreflightReport {
    pub facts: PreflightFacts,
    /// What will not work, the gravest first.
    pub findings: Vec<PreflightFinding>,
    /// Whether nothing can be learnt like this.
    pub learns_nothing: bool,
}

impl PreflightReport {
    /// The judgement of a recipe over what was measured.
    pub(super) fn new(facts: PreflightFacts, config: &RunConfig) -> Self {
        let findings = findings(&facts, config);
        Self { learns_nothing: learns_nothing(&facts), findings, facts }
    }

    /// Why the run is not worth starting, where it is not.
    pub fn refusal(&self) -> Option<String> {
        let takes = self.facts.costs.run_seconds;
        let first = self.findings.first().filter(|_| self.learns_nothing && takes > WORTH_REFUSING)?;
        Some(format!(
            "the run is not started, as it would learn nothing in about {}: {first} (preflight.refuse=false starts it \
             all the same)",
            duration(takes)
        ))
    }

    /// What was found, in a line.
    pub fn summary(&self) -> String {
        let ReplyFacts { replies, groups, groups_with_spread, reward, mean_tokens, .. } = self.facts.original;
        let mut parts = vec![format!(
            "{replies} replies to {groups} problems: reward {reward:.2}, {mean_tokens:.0} tokens each, \
             {groups_with_spread} groups with different rewards"
        )];
        if let Some(recycled) = &self.facts.recycled {
            parts.push(format!("{} judge and reflection problems made of them", recycled.made));
        }
        parts.push(self.facts.costs.in_words());
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::preflight::costs::RunCosts;

    #[test]
    fn what_learns_nothing_is_refused_where_it_takes_long_and_else_only_told() {
        let report = |learns_nothing: bool, run_seconds: f64| {
            let costs = RunCosts { run_seconds, ..RunCosts::default() };
            let facts = PreflightFacts { costs, ..PreflightFacts::default() };
            PreflightReport {
                facts,
                findings: vec![PreflightFinding::new("x", "it is so", "mend it")],
                learns_nothing,
            }
        };
        let refusal = report(true, 7000.0).refusal().unwrap();
        assert!(refusal.contains("117 min") && refusal.contains("it is so; mend it"), "{refusal}");
        assert!(refusal.contains("preflight.refuse=false"));
        assert_eq!(report(true, 100.0).refusal(), None);
        assert_eq!(report(false, 7000.0).refusal(), None);
    }
}
