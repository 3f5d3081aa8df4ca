//! pass@k: how likely any of k drawn answers is right, from more than k of them (arXiv 2107.03374).

use std::collections::BTreeMap;

use super::mean::measured_mean;
use crate::{data::Kind, rollout::RolloutGroup};

/// `1 − C(n − right, k) / C(n, k)`: the share of all choices of `k` among `n` answers that hold a right one. `None`
/// where there are fewer than `k` answers.
pub fn pass_at_k(n: usize, right: usize, k: usize) -> Option<f64> {
    if k == 0 || k > n || right > n {
        return None;
    }
    if n - right < k {
        return Some(1.0);
    }
    // C(n − right, k) / C(n, k), factor by factor: binomials themselves would overflow.
    let none: f64 = (n - right + 1..=n).map(|i| 1.0 - k as f64 / i as f64).product();
    Some(1.0 - none)
}

/// The mean of pass@k over the original problems among the groups, for every k that is measured. An answer is right
/// with a reward of 1; one whose reward could not be had is no answer.
pub(super) fn pass_at<'a>(
    groups: impl Iterator<Item = &'a RolloutGroup>,
    ks: &[usize],
) -> BTreeMap<usize, f64> {
    let original = groups.filter(|group| group.problem.kind == Kind::REASON);
    let counted = original.map(|group| AnswerCounts {
        all: group.rollouts.len(),
        right: group.rollouts.iter().filter(|rollout| rollout.verdict.is_correct()).count(),
    });
    mean_pass_at(&counted.collect::<Vec<_>>(), ks)
}

/// The answers to one problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerCounts {
    /// Those that have a reward.
    pub all: usize,
    pub right: usize,
}

/// The mean of pass@k over problems, for every k that some problem has answers enough for.
pub(super) fn mean_pass_at(problems: &[AnswerCounts], ks: &[usize]) -> BTreeMap<usize, f64> {
    let each = |k| problems.iter().filter_map(move |&AnswerCounts { all, right }| pass_at_k(all, right, k));
    ks.iter().filter_map(|&k| Some((k, measured_mean(each(k))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing::{group, problem, rollout};

    /// By looking at every choice of k answers.
    fn counted(n: usize, right: usize, k: usize) -> f64 {
        let choices = (0_u32..1 << n).filter(|choice| choice.count_ones() as usize == k);
        let (all, with) = choices.fold((0, 0), |(all, with), choice| {
            (all + 1, with + i32::from(choice & ((1 << right) - 1) != 0))
        });
        f64::from(with) / f64::from(all)
    }

    #[test]
    fn it_is_the_share_of_choices_with_a_right_answer() {
        for n in 1..=9 {
            for right in 0..=n {
                for k in 1..=n {
                    let found = pass_at_k(n, right, k).unwrap();
                    assert!((found - counted(n, right, k)).abs() < 1e-12, "{n} {right} {k}: {found}");
                }
            }
        }
        assert_eq!(pass_at_k(4, 2, 5), None);
        assert_eq!(pass_at_k(4, 2, 0), None);
        let many = pass_at_k(10_000, 100, 100).unwrap();
        assert!((many - 0.636).abs() < 1e-3, "{many}");
    }

    #[test]
    fn problems_count_alike_and_judge_items_do_not_count() {
        let of = |rewards: &[f64], kind: Kind| {
            let mut asked = problem("p", "?", "1");
            asked.kind = kind;
            group(asked, rewards.iter().map(|&reward| rollout(Some("1"), reward)).collect())
        };
        let groups = [
            of(&[1.0, 0.0, 0.0, 0.0], Kind::REASON),
            of(&[0.0; 4], Kind::REASON),
            of(&[0.9; 4], Kind::REASON),
            of(&[1.0; 4], Kind::POINTWISE),
        ];
        let found = pass_at(groups.iter(), &[1, 2, 8]);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [1, 2], "nobody drew eight answers");
        assert!((found[&1] - 0.25 / 3.0).abs() < 1e-12 && (found[&2] - 0.5 / 3.0).abs() < 1e-12);
        assert!(pass_at(groups[3..].iter(), &[1]).is_empty());
    }
}
