//! How much of a run's sampling goes to recycled problems: in which steps, and what share of the tokens.

use serde::{Deserialize, Serialize};

use crate::{data::Kind, rollout::RolloutGroup};

/// The tokens that a run has sampled so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SampledTokens {
    original: u64,
    recycled: u64,
    /// Recycled problems that were sampled.
    problems: u64,
}

impl SampledTokens {
    /// Counts the groups of a step.
    pub(super) fn add(&mut self, groups: &[RolloutGroup]) {
        for group in groups {
            let tokens = group.tokens() as u64;
            if group.problem.kind == Kind::REASON {
                self.original += tokens;
            } else {
                self.recycled += tokens;
                self.problems += 1;
            }
        }
    }

    /// How many recycled problems may be sampled so that `share` of all tokens, at most, are theirs. A problem counts
    /// as many as those before it did on average; before the first, one is tried as soon as anything was sampled.
    pub(super) fn affordable(&self, share: f64) -> usize {
        if share >= 1.0 {
            return usize::MAX;
        }
        let left = share / (1.0 - share) * self.original as f64 - self.recycled as f64;
        match self.problems {
            0 => usize::from(left > 0.0),
            problems => (left.max(0.0) * problems as f64 / self.recycled.max(1) as f64) as usize,
        }
    }
}

/// How often the groups of original problems have had no spread of rewards lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SpreadlessShare(f64);

/// What one step counts in the mean over steps.
const LATEST: f64 = 0.3;

impl SpreadlessShare {
    /// Notes the groups of a step.
    pub(super) fn add(&mut self, groups: &[RolloutGroup]) {
        let original = groups.iter().filter(|group| group.problem.kind == Kind::REASON);
        let (all, spread) =
            original.fold((0, 0), |(all, spread), group| (all + 1, spread + usize::from(group.has_spread())));
        if all > 0 {
            self.0 += LATEST * ((all - spread) as f64 / all as f64 - self.0);
        }
    }

    /// How many of so many places of original problems are handed over, where `share` is 1 for all that teach nothing.
    pub(super) fn places(self, of: usize, share: f64) -> usize {
        (self.0 * share * of as f64).round() as usize
    }
}

/// Whether a step draws recycled problems: each `every`-th from `start_step` on.
pub(super) fn is_due(step: u64, start_step: u64, every: u64) -> bool {
    step >= start_step && (step - start_step).is_multiple_of(every)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recycle::testing::{TestOutcome, group};

    /// A group of one completion of so many tokens.
    fn of_tokens(kind: Kind, tokens: usize) -> RolloutGroup {
        let mut group = group(1, kind, &[TestOutcome::Right(0)]);
        group.rollouts[0].completion.token_ids = vec![1; tokens];
        group
    }

    #[test]
    fn a_share_of_tokens_counts_tokens_and_not_problems() {
        let mut sampled = SampledTokens::default();
        assert_eq!([sampled.affordable(0.5), sampled.affordable(1.0)], [0, usize::MAX]);
        sampled.add(&[of_tokens(Kind::REASON, 90)]);
        assert_eq!([sampled.affordable(0.1), sampled.affordable(0.0)], [1, 0]);
        // 10 of 100 tokens are recycled now; problems take 5 each.
        sampled.add(&[of_tokens(Kind::POINTWISE, 5), of_tokens(Kind::REFLECTION, 5)]);
        assert_eq!([sampled.affordable(0.1), sampled.affordable(0.25), sampled.affordable(0.5)], [0, 4, 16]);
    }

    #[test]
    fn groups_without_spread_hand_over_their_places() {
        let equal = || group(1, Kind::REASON, &[TestOutcome::Right(0), TestOutcome::Right(0)]);
        let spread = || group(1, Kind::REASON, &[TestOutcome::Right(0), TestOutcome::Wrong(0)]);
        let mut share = SpreadlessShare::default();
        assert_eq!(share.places(40, 1.0), 0);
        (0..99).for_each(|_| share.add(&[equal(), spread(), spread(), equal()]));
        assert_eq!([share.places(40, 1.0), share.places(40, 0.5), share.places(40, 0.0)], [20, 10, 0]);
        share.add(&[equal(), of_tokens(Kind::POINTWISE, 1)]);
        assert_eq!(
            share.places(40, 1.0),
            26,
            "recycled groups do not count, and the latest step counts most"
        );
        let before = share;
        share.add(&[]);
        assert_eq!(share, before);
    }

    #[test]
    fn steps_are_counted_from_the_first_that_recycles() {
        let due: Vec<u64> = (1..=12).filter(|&step| is_due(step, 4, 3)).collect();
        assert_eq!(due, [4, 7, 10]);
        assert!((0..=5).all(|step| is_due(step, 0, 1)), "the default");
    }
}
