//! Which held-out problems are used where not all of them are.

use std::collections::BTreeSet;

use crate::{
    data::Problem,
    random::{Stream, hash_text},
};

/// A sample of so many problems, in their order; all of them where `count` is 0 or more than there are.
///
/// The first ones of a file that is sorted by subject or difficulty would stand for themselves alone. The sample
/// depends on the problems' ids and nothing else, so that runs of other seeds and settings are measured on the same
/// problems, and a smaller sample is a part of every larger one.
pub fn held_out_sample(problems: Vec<Problem>, count: usize) -> Vec<Problem> {
    if count == 0 || count >= problems.len() {
        return problems;
    }
    let rank =
        |problem: &Problem| Stream::new(&[hash_text("held-out problems"), hash_text(&problem.id)]).next_u64();
    let mut ranked: Vec<(u64, usize)> =
        problems.iter().enumerate().map(|(place, problem)| (rank(problem), place)).collect();
    ranked.sort_unstable();
    let chosen: BTreeSet<usize> = ranked[..count].iter().map(|&(_, place)| place).collect();
    let places = problems.into_iter().enumerate();
    places.filter(|(place, _)| chosen.contains(place)).map(|(_, problem)| problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::testing::problem;

    fn sample(all: usize, count: usize) -> Vec<usize> {
        let problems = (0..all).map(|number| problem(&number.to_string(), "?", "1")).collect();
        held_out_sample(problems, count).iter().map(|problem| problem.id.parse().unwrap()).collect()
    }

    #[test]
    fn a_sample_is_of_the_whole_file_in_its_order() {
        let found = sample(1000, 100);
        assert_eq!(found.len(), 100);
        assert!(found.is_sorted());
        let later = found.iter().filter(|&&number| number >= 500).count();
        assert!((30..=70).contains(&later), "{later} of 100 are of the second half");
        assert_eq!(sample(5, 0), [0, 1, 2, 3, 4]);
        assert_eq!(sample(5, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_smaller_sample_is_a_part_of_a_larger_one_and_of_a_sample_of_it() {
        let (small, large) = (sample(200, 20), sample(200, 50));
        assert!(small.iter().all(|number| large.contains(number)));
        let problems = large.iter().map(|number| problem(&number.to_string(), "?", "1")).collect();
        let again: Vec<usize> =
            held_out_sample(problems, 20).iter().map(|problem| problem.id.parse().unwrap()).collect();
        assert_eq!(again, small);
    }

    #[test]
    fn problems_of_one_id_are_still_so_many() {
        let problems = (0..9).map(|_| problem("same", "?", "1")).collect();
        assert_eq!(held_out_sample(problems, 4).len(), 4);
    }
}
