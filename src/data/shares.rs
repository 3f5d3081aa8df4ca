//! In what shares problems are drawn from the data sets that they come from. Knows numbers; draws nothing.

use std::collections::BTreeMap;

/// The problems of one file among those of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct FileShare {
    /// What the file is called.
    pub name: String,
    /// What it counts beside the others; 1 where it is not said.
    pub weight: f64,
    /// How many of the set's problems are of it: they follow those of the file before.
    pub problems: usize,
}

/// In what shares problems are drawn.
#[derive(Debug, Clone, Copy)]
pub enum DrawShares<'a> {
    /// Every problem counts the same.
    Even,
    /// Each source by its weight, 1 where it is not named; problems without a source go by the empty name.
    Sources(&'a BTreeMap<String, f64>),
    /// Each file by its weight.
    Files(&'a [FileShare]),
}

/// A number of things taken from groups of these sizes: in proportion to the sizes, at least one of each group and at
/// most all of it. With fewer things than groups, the first groups give one each.
///
/// 10 of groups of 80, 19 and 1 are 8, 1 and 1.
pub(super) fn in_proportion(count: usize, sizes: &[usize]) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let exact = |size: usize| count as f64 * size as f64 / all as f64;
    let mut taken: Vec<usize> =
        sizes.iter().map(|&size| (exact(size) as usize).clamp(size.min(1), size)).collect();
    // How much more than it got a group should have.
    let lack = |taken: &[usize], group: usize| exact(sizes[group]) - taken[group] as f64;
    while taken.iter().sum::<usize>() < count.min(all) {
        let open = (0..sizes.len()).rev().filter(|&group| taken[group] < sizes[group]);
        let next = open.max_by(|&one, &other| lack(&taken, one).total_cmp(&lack(&taken, other)));
        taken[next.expect("a group has more")] += 1;
    }
    while taken.iter().sum::<usize>() > count {
        let full = (0..sizes.len()).filter(|&group| taken[group] > 1);
        let next = full
            .min_by(|&one, &other| lack(&taken, one).total_cmp(&lack(&taken, other)).then(other.cmp(&one)));
        // Of groups that have one each, the last gives it back.
        let next = next.or_else(|| taken.iter().rposition(|&taken| taken > 0));
        taken[next.expect("a group has some")] -= 1;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_give_in_proportion_and_one_at_least() {
        assert_eq!(in_proportion(10, &[80, 19, 1]), [8, 1, 1]);
        assert_eq!(in_proportion(6, &[4, 4, 4]), [2, 2, 2]);
        assert_eq!(in_proportion(7, &[4, 4, 4]), [3, 2, 2]);
        assert_eq!(in_proportion(5, &[1000, 1, 1]), [3, 1, 1]);
        assert_eq!(in_proportion(2, &[9, 9, 9]), [1, 1, 0]);
        assert_eq!(in_proportion(99, &[3, 0, 4]), [3, 0, 4]);
        assert_eq!(in_proportion(0, &[3, 4]), [0, 0]);
    }

    #[test]
    fn as_many_as_are_asked_for_are_taken() {
        for count in 0..=30 {
            for sizes in [vec![30], vec![1, 29], vec![7, 11, 12], vec![1, 1, 1, 27], vec![15, 15]] {
                let taken = in_proportion(count, &sizes);
                assert_eq!(taken.iter().sum::<usize>(), count, "{count} of {sizes:?}");
                assert!(
                    taken.iter().zip(&sizes).all(|(taken, size)| taken <= size),
                    "{taken:?} of {sizes:?}"
                );
                assert!(count < sizes.len() || !taken.contains(&0), "{taken:?} of {sizes:?}");
            }
        }
    }
}
