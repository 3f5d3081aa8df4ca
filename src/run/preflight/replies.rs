//! What the replies to some problems amount to, in numbers and first examples. Pure: groups in, facts out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    data::Problem,
    rollout::{FinishReason, Rollout, RolloutGroup},
    train::advantage::mean,
    verify::{Extractor, candidates},
};

/// Characters of a reply that are shown as an example.
const SHOWN: usize = 160;

/// The replies to some problems.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplyFacts {
    /// Problems that were asked, and how many of them have rewards that differ, are all right and all wrong.
    pub groups: usize,
    pub groups_with_spread: usize,
    pub groups_all_right: usize,
    pub groups_all_wrong: usize,
    /// Problems without a reference answer, and how many of them have rewards that are all equal.
    #[serde(default)]
    pub groups_unlabelled: usize,
    #[serde(default)]
    pub groups_unlabelled_flat: usize,
    /// Replies that have a reward, and those that none could be had for.
    pub replies: usize,
    pub unscored: usize,
    /// The mean reward.
    pub reward: f64,
    /// Replies that the token limit cut off.
    pub cut_off: usize,
    /// Replies without a readable answer, of all and of those that ended by themselves.
    pub unreadable: usize,
    pub unreadable_ended: usize,
    /// The beginning of the first of them, one that ended where there is one.
    pub first_unreadable: Option<String>,
    /// In how many of these replies each way of extraction that is not set would find an answer.
    pub found_by: BTreeMap<String, usize>,
    /// Tokens of a reply in the mean, and of the longest that ended by itself.
    pub mean_tokens: f64,
    pub longest_ended: usize,
}

impl ReplyFacts {
    /// The facts of these groups. `must_be_read` says of which problems an answer must be read from a reply: a reward
    /// from outside needs none. `extract` are the ways of extraction that are set.
    pub(super) fn of(
        groups: &[RolloutGroup],
        must_be_read: impl Fn(&Problem) -> bool,
        extract: &[Extractor],
    ) -> Self {
        let mut facts = Self { groups: groups.len(), ..Self::default() };
        let mut rewards = Vec::new();
        let mut tokens = Vec::new();
        for group in groups {
            let all = |holds: &dyn Fn(&Rollout) -> bool| {
                !group.rollouts.is_empty() && group.rollouts.iter().all(holds)
            };
            facts.groups_with_spread += usize::from(group.has_spread());
            if group.problem.lacks_answer() {
                facts.groups_unlabelled += 1;
                facts.groups_unlabelled_flat += usize::from(!group.has_spread());
            } else {
                facts.groups_all_right += usize::from(all(&|rollout| rollout.verdict.is_correct()));
                facts.groups_all_wrong += usize::from(all(&|rollout| rollout.verdict.reward <= 0.0));
            }
            facts.unscored += group.unscored.len();
            let must_be_read = must_be_read(&group.problem);
            for rollout in &group.rollouts {
                rewards.push(rollout.reward());
                tokens.push(rollout.completion.token_ids.len() as f64);
                facts.add(rollout, must_be_read, extract);
            }
        }
        facts.replies = rewards.len();
        if !rewards.is_empty() {
            (facts.reward, facts.mean_tokens) = (mean(&rewards), mean(&tokens));
        }
        facts
    }

    fn add(&mut self, rollout: &Rollout, must_be_read: bool, extract: &[Extractor]) {
        let ended = rollout.completion.finish_reason == FinishReason::Stop;
        if ended {
            self.longest_ended = self.longest_ended.max(rollout.completion.token_ids.len());
        } else {
            self.cut_off += 1;
        }
        if !must_be_read || rollout.verdict.extracted.is_some() {
            return;
        }
        self.unreadable += 1;
        self.unreadable_ended += usize::from(ended);
        if self.first_unreadable.is_none() || (ended && self.unreadable_ended == 1) {
            self.first_unreadable = Some(beginning(&rollout.text));
        }
        for extractor in Extractor::ALL.into_iter().filter(|way| !extract.contains(way)) {
            if candidates(&rollout.text, &[extractor]).any(|found| !found.text.is_empty()) {
                *self.found_by.entry(extractor.name().to_owned()).or_default() += 1;
            }
        }
    }

    /// Replies that ended by themselves.
    pub(super) fn ended(&self) -> usize {
        self.replies - self.cut_off
    }

    pub(super) fn share(&self, count: usize) -> f64 {
        count as f64 / self.replies.max(1) as f64
    }
}

/// A text's beginning on one line.
fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing::{group, problem, rollout};

    #[test]
    fn replies_are_counted_and_the_first_unreadable_one_that_ended_is_shown() {
        let mut cut = rollout(None, 0.0);
        cut.completion.finish_reason = FinishReason::Length;
        cut.text = "Let us see, and".to_owned();
        let mut prose = rollout(None, 0.0);
        prose.text = format!("The answer is\n7. {}", "x".repeat(300));
        let groups = [
            group(problem("a", "q", "7"), vec![rollout(Some("7"), 1.0), cut.clone(), prose]),
            group(problem("b", "q", "7"), vec![rollout(Some("7"), 1.0); 3]),
            group(problem("c", "q", "7"), vec![rollout(Some("8"), 0.0); 3]),
        ];
        let facts = ReplyFacts::of(&groups, |_| true, &[Extractor::Box]);
        assert_eq!((facts.groups, facts.groups_with_spread), (3, 1));
        assert_eq!((facts.groups_all_right, facts.groups_all_wrong), (1, 1));
        assert_eq!((facts.replies, facts.cut_off, facts.ended()), (9, 1, 8));
        assert_eq!((facts.unreadable, facts.unreadable_ended), (2, 1));
        let shown = facts.first_unreadable.unwrap();
        assert!(shown.starts_with("The answer is 7. xxx") && shown.ends_with("x…"), "{shown}");
        assert_eq!(facts.found_by.get("phrase"), Some(&1));
        assert!((facts.reward - 4.0 / 9.0).abs() < 1e-12);
        let open = group(problem("d", "q", ""), vec![rollout(Some("8"), 0.0); 3]);
        let facts = ReplyFacts::of(&[open], |_| true, &[Extractor::Box]);
        assert_eq!(
            (facts.groups_unlabelled, facts.groups_unlabelled_flat, facts.groups_all_wrong),
            (1, 1, 0)
        );
        // A reward from outside needs no readable answer.
        assert_eq!(ReplyFacts::of(&groups, |_| false, &[Extractor::Box]).unreadable, 0);
        assert_eq!(ReplyFacts::of(&[], |_| true, &[]), ReplyFacts::default());
    }
}
