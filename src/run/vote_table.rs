//! What votes over several samples come to, in words: a line before and a line after.

use super::figures::{NOT_MEASURED, percent};
use crate::eval::{Scores, Votes};

/// The lines with the most samples, under a heading; none where nothing was voted on.
pub(super) fn lines(before: &Scores, after: &Scores) -> Vec<String> {
    let mut lines = Vec::new();
    for (when, scores) in [("before", before), ("after", after)] {
        let last = scores.votes.last();
        lines.extend(last.map(|votes| format!("  {when}: {}", in_words(votes, scores.own_reward_auc))));
    }
    if let Some(votes) = after.votes.last().or(before.votes.last()) {
        lines.insert(0, format!("votes over {} samples", votes.samples));
    }
    lines
}

/// `majority 40.0%, judged 42.5%, …, any 70.0%; 812 tokens sampled per problem, 24 more to judge; AUC of own rewards
/// 0.612`, the last of a policy that has own rewards.
fn in_words(votes: &Votes, own_reward_auc: Option<f64>) -> String {
    let ways = [
        ("majority", Some(votes.majority)),
        ("judged", Some(votes.judged)),
        ("weighted", votes.weighted),
        ("tournament", votes.tournament),
        ("self-rewarded", votes.self_rewarded),
        ("self-chosen", votes.self_chosen),
        ("any", Some(votes.any)),
    ];
    let ways = ways.map(|(name, value)| format!("{name} {}", percent(value))).join(", ");
    let tokens = |count: Option<f64>| count.map_or(NOT_MEASURED.to_owned(), |count| format!("{count:.0}"));
    let area = own_reward_auc.map(|area| format!("; AUC of own rewards {area:.3}")).unwrap_or_default();
    format!(
        "{ways}; {} tokens sampled per problem, {} more to judge{area}",
        tokens(votes.tokens),
        tokens(votes.judge_tokens)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_vote_is_told_with_its_cost_and_what_was_not_measured() {
        // As a file from before tokens were counted has it.
        let old = r#"{"samples": 2, "majority": 0.25, "judged": 0.5, "any": 0.75}"#;
        let old: Votes = serde_json::from_str(old).unwrap();
        let new = Votes {
            tournament: Some(0.625),
            tokens: Some(81.25),
            judge_tokens: Some(3.75),
            ..Votes { samples: 4, ..old }
        };
        let before = Scores { votes: vec![old], ..Scores::default() };
        let after = Scores { votes: vec![old, new], own_reward_auc: Some(0.75), ..Scores::default() };
        let unmeasured = "majority 25.0%, judged 50.0%, weighted n/a, tournament n/a, self-rewarded n/a, self-chosen n/a, any 75.0%; n/a tokens sampled per problem, n/a more to judge";
        let measured = "majority 25.0%, judged 50.0%, weighted n/a, tournament 62.5%, self-rewarded n/a, self-chosen n/a, any 75.0%; 81 tokens sampled per problem, 4 more to judge; AUC of own rewards 0.750";
        let expected =
            ["votes over 4 samples", &format!("  before: {unmeasured}"), &format!("  after: {measured}")];
        assert_eq!(lines(&before, &after), expected);
        assert_eq!(lines(&Scores::default(), &Scores::default()), [""; 0]);
    }
}
