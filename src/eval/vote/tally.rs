//! Counts votes: what each way of electing an answer comes to over all problems, and what it costs.

use super::{
    ballot::{counted, elected, highest, majority},
    figures::Votes,
    opinion::{Opinion, Opinions},
    tournament::Preferences,
};
use crate::{
    eval::{mean::measured_mean, own_reward::vote_weight},
    rollout::Rollout,
};

/// The samples of one problem, with everything that the model says of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Polled<'a> {
    pub rollouts: &'a [Rollout],
    pub opinions: Opinions,
    /// `None` where the sampler tells no probabilities.
    pub preferences: Option<Preferences>,
    /// The policy's own reward for each sample, if it has one; `None` where there are no own rewards.
    pub own_rewards: Option<Vec<Option<f64>>>,
}

impl Polled<'_> {
    /// The problem with its first samples alone.
    fn first(&self, samples: usize) -> &[Rollout] {
        &self.rollouts[..self.rollouts.len().min(samples)]
    }

    /// The most frequent of the answers that the model trusts; where it trusts none, of all.
    fn judged(&self, rollouts: &[Rollout]) -> Option<usize> {
        let is_trusted = |answer: &str| self.opinions.get(answer).is_some_and(|opinion| opinion.is_trusted);
        elected(rollouts, |_, answer| is_trusted(answer).then_some(1.0)).or_else(|| majority(rollouts))
    }

    fn weighted(&self, rollouts: &[Rollout]) -> Option<usize> {
        elected(rollouts, |_, answer| self.opinions.get(answer)?.weight)
    }

    fn self_rewarded(&self, rollouts: &[Rollout], own: &[Option<f64>]) -> Option<usize> {
        let weight = |sample: usize, _: &str| own[sample].map(vote_weight).filter(|weight| *weight > 0.0);
        elected(rollouts, weight).or_else(|| majority(rollouts))
    }

    /// The sample with the highest own reward.
    fn self_chosen(&self, rollouts: &[Rollout], own: &[Option<f64>]) -> Option<usize> {
        highest(rollouts, |sample, _| own[sample]).or_else(|| majority(rollouts))
    }

    /// What a cost of judging each different answer once adds up to.
    fn spent(&self, rollouts: &[Rollout], cost: impl Fn(&Opinion) -> usize) -> f64 {
        let asked = counted(rollouts).into_iter().filter_map(|(answer, _)| self.opinions.get(answer));
        asked.map(cost).sum::<usize>() as f64
    }
}

/// What votes over the first samples come to.
pub(super) fn tally(polled: &[Polled<'_>], samples: usize) -> Votes {
    // Whether a figure can be measured is the same for all problems.
    let measured = |value: &dyn Fn(&Polled<'_>, &[Rollout]) -> Option<f64>| {
        let all: Option<Vec<f64>> =
            polled.iter().map(|polled| value(polled, polled.first(samples))).collect();
        measured_mean(all?.into_iter())
    };
    let average = |value: &dyn Fn(&Polled<'_>, &[Rollout]) -> f64| {
        measured(&|polled, rollouts| Some(value(polled, rollouts)))
    };
    let accuracy = |value: &dyn Fn(&Polled<'_>, &[Rollout]) -> f64| average(value).unwrap_or(0.0);
    // Nobody elected is nothing right.
    let given =
        |place: Option<usize>, rollouts: &[Rollout]| place.map_or(0.0, |at| rollouts[at].verdict.reward);
    let is_weighted =
        polled.iter().flat_map(|polled| polled.opinions.values()).any(|opinion| opinion.weight.is_some());
    Votes {
        samples,
        majority: accuracy(&|_, rollouts| given(majority(rollouts), rollouts)),
        judged: accuracy(&|polled, rollouts| given(polled.judged(rollouts), rollouts)),
        weighted: is_weighted
            .then(|| accuracy(&|polled, rollouts| given(polled.weighted(rollouts), rollouts))),
        tournament: measured(&|polled, rollouts| {
            Some(given(polled.preferences.as_ref()?.winner(rollouts), rollouts))
        }),
        self_rewarded: measured(&|polled, rollouts| {
            Some(given(polled.self_rewarded(rollouts, polled.own_rewards.as_ref()?), rollouts))
        }),
        self_chosen: measured(&|polled, rollouts| {
            Some(given(polled.self_chosen(rollouts, polled.own_rewards.as_ref()?), rollouts))
        }),
        any: accuracy(&|_, rollouts| best(rollouts)),
        tokens: average(&|_, rollouts| tokens(rollouts)),
        judge_tokens: average(&|polled, rollouts| polled.spent(rollouts, |opinion| opinion.reply_tokens)),
        judge_prompt_tokens: average(&|polled, rollouts| {
            polled.spent(rollouts, |opinion| opinion.prompt_tokens)
        }),
        tournament_prompt_tokens: measured(&|polled, rollouts| {
            Some(polled.preferences.as_ref()?.prompt_tokens(rollouts) as f64)
        }),
    }
}

fn best(rollouts: &[Rollout]) -> f64 {
    rollouts.iter().map(|rollout| rollout.verdict.reward).fold(0.0, f64::max)
}

fn tokens(rollouts: &[Rollout]) -> f64 {
    rollouts.iter().map(|rollout| rollout.completion.token_ids.len()).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing;

    /// Right is "7"; an empty answer cannot be read.
    fn samples(answers: &[&str]) -> Vec<Rollout> {
        let rollout = |&answer: &&str| {
            testing::rollout(
                Some(answer).filter(|answer| !answer.is_empty()),
                f64::from(u8::from(answer == "7")),
            )
        };
        answers.iter().map(rollout).collect()
    }

    fn vote(answers: &[&str], trusted: &[&str], number: usize) -> [f64; 3] {
        let rollouts = samples(answers);
        let trust = |&answer: &&str| (answer.to_owned(), Opinion { is_trusted: true, ..Opinion::default() });
        let opinions = trusted.iter().map(trust).collect();
        let votes = tally(&[Polled { rollouts: &rollouts, opinions, ..Polled::default() }], number);
        let unmeasured = [votes.weighted, votes.tournament, votes.self_rewarded, votes.self_chosen];
        assert_eq!(unmeasured, [None; 4], "the sampler tells no probabilities");
        [votes.majority, votes.judged, votes.any]
    }

    #[test]
    fn votes_count_as_much_as_the_model_trusts_the_answer() {
        let weighted = |answers: &[&str], weights: [(&str, f64); 2]| {
            let opinions = weights.into_iter().map(|(answer, weight)| {
                (answer.to_owned(), Opinion { weight: Some(weight), ..Opinion::default() })
            });
            let (rollouts, opinions) = (samples(answers), opinions.collect());
            let polled = Polled { rollouts: &rollouts, opinions, ..Polled::default() };
            tally(&[polled], answers.len()).weighted.unwrap()
        };
        assert_eq!(weighted(&["8", "8", "7"], [("8", 0.3), ("7", 0.7)]), 1.0);
        assert_eq!(weighted(&["8", "8", "7"], [("8", 0.4), ("7", 0.7)]), 0.0);
        assert_eq!(weighted(&["8", "7"], [("8", 0.5), ("7", 0.5)]), 0.0, "the earlier of equals");
    }

    #[test]
    fn the_majority_wins_and_the_judge_can_overrule_it() {
        assert_eq!(vote(&["8", "7", "7"], &[], 3), [1.0, 1.0, 1.0]);
        assert_eq!(vote(&["8", "8", "7"], &["7"], 3), [0.0, 1.0, 1.0]);
        assert_eq!(vote(&["8", "7", "7"], &["8"], 3), [1.0, 0.0, 1.0]);
    }

    #[test]
    fn only_the_first_samples_count_ties_go_to_the_earlier_and_unread_answers_have_no_vote() {
        assert_eq!(vote(&["8", "7", "7"], &[], 1), [0.0, 0.0, 0.0]);
        assert_eq!(vote(&["7", "8"], &[], 2), [1.0, 1.0, 1.0]);
        assert_eq!(vote(&["", "", "7"], &[], 3), [1.0, 1.0, 1.0]);
        assert_eq!(vote(&["", ""], &["7"], 2), [0.0, 0.0, 0.0]);
    }

    fn by_own_rewards(answers: &[&str], own: &[Option<f64>]) -> Votes {
        let rollouts = samples(answers);
        let own_rewards = Some(own.to_vec());
        tally(&[Polled { rollouts: &rollouts, own_rewards, ..Polled::default() }], answers.len())
    }

    #[test]
    fn each_sample_counts_as_much_as_the_policy_rewards_it_itself() {
        let elected = |own: [Option<f64>; 3]| by_own_rewards(&["8", "8", "7"], &own).self_rewarded;
        assert_eq!(elected([Some(0.2), Some(0.3), Some(0.6)]), Some(1.0));
        assert_eq!(elected([Some(0.4), Some(0.3), Some(0.6)]), Some(0.0));
        assert_eq!(elected([None, Some(0.3), Some(0.6)]), Some(1.0), "one that was cut off has no vote");
        assert_eq!(elected([Some(0.0), Some(-1.0), None]), Some(0.0), "where all are 0, the majority wins");
        assert_eq!(
            elected([Some(0.6), Some(0.6), Some(9.0)]),
            Some(0.0),
            "none counts more than a right answer"
        );
    }

    #[test]
    fn the_sample_that_the_policy_rewards_most_is_chosen_alone() {
        let chosen = |answers: &[&str], own: &[Option<f64>]| by_own_rewards(answers, own).self_chosen;
        assert_eq!(chosen(&["8", "8", "7"], &[Some(0.4), Some(0.3), Some(0.6)]), Some(1.0));
        assert_eq!(chosen(&["8", "7"], &[Some(1.2), Some(1.1)]), Some(0.0), "above 1, too");
        assert_eq!(chosen(&["8", "7"], &[Some(0.5), Some(0.5)]), Some(0.0), "the earlier of equals");
        assert_eq!(
            chosen(&["", "7"], &[Some(0.9), Some(0.1)]),
            Some(1.0),
            "one without an answer is not chosen"
        );
        assert_eq!(
            chosen(&["8", "7", "7"], &[None, None, None]),
            Some(1.0),
            "without any, the majority wins"
        );
    }

    #[test]
    fn the_first_samples_and_the_verdicts_on_their_answers_are_what_votes_cost() {
        let mut rollouts = samples(&["8", "", "7", "8"]);
        rollouts
            .iter_mut()
            .zip([5, 9, 7, 4])
            .for_each(|(r, tokens)| r.completion.token_ids = vec![1; tokens]);
        let opinion = |answer: &str, reply_tokens, prompt_tokens| {
            (answer.to_owned(), Opinion { reply_tokens, prompt_tokens, ..Opinion::default() })
        };
        let opinions = Opinions::from([opinion("8", 3, 50), opinion("7", 6, 51)]);
        let silent = Polled { rollouts: &rollouts[1..2], ..Polled::default() };
        let polled = [Polled { rollouts: &rollouts, opinions, ..Polled::default() }, silent];
        let costs = |samples| {
            let votes = tally(&polled, samples);
            [votes.tokens, votes.judge_tokens, votes.judge_prompt_tokens].map(Option::unwrap)
        };
        assert_eq!(costs(1), [(5.0 + 9.0) / 2.0, 3.0 / 2.0, 50.0 / 2.0]);
        assert_eq!(costs(2), [(14.0 + 9.0) / 2.0, 3.0 / 2.0, 50.0 / 2.0]);
        assert_eq!(costs(4), [(25.0 + 9.0) / 2.0, 9.0 / 2.0, 101.0 / 2.0]);
    }
}
