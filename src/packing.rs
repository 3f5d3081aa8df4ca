//! Greedy packing: items stay in their order, and each pack takes as many as its limit allows. Knows sizes; knows
//! nothing of what has them.

use std::ops::Range;

/// Neighbouring items that need something in common, as the completions of one prompt do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Family {
    /// The size of what they have in common. It counts once in every pack that holds some of them.
    pub shared: usize,
    /// The size of each item without it.
    pub sizes: Vec<usize>,
}

/// Packs items whose sizes add up to at most `limit`; an item that is larger has a pack of its own.
///
/// Sizes `[3, 4, 5, 9, 1]` under a limit of 8 give `[0..2, 2..3, 3..4, 4..5]`.
pub(crate) fn packed(sizes: impl IntoIterator<Item = usize>, limit: usize) -> Vec<Range<usize>> {
    packed_families(sizes.into_iter().map(|size| Family { shared: 0, sizes: vec![size] }), limit)
}

/// Packs items of families: those of one family stay together where they fit into a pack, and what they share
/// counts once in each pack. The ranges are over all items in order.
///
/// Families `10 + [1, 2, 3]` and `10 + [4, 4]` under a limit of 20: together they are 34, so that each has a
/// pack: `[0..3, 3..5]`. Under a limit of 15 neither fits, and both are cut: `[0..2, 2..3, 3..4, 4..5]`.
pub(crate) fn packed_families(families: impl IntoIterator<Item = Family>, limit: usize) -> Vec<Range<usize>> {
    let (mut packs, mut start, mut next, mut total) = (Vec::new(), 0, 0, 0);
    for Family { shared, sizes } in families {
        let whole = shared + sizes.iter().sum::<usize>();
        if next > start && total + whole > limit {
            packs.push(start..next);
            (start, total) = (next, 0);
        }
        total += shared;
        for size in sizes {
            if next > start && total + size > limit {
                packs.push(start..next);
                (start, total) = (next, shared);
            }
            total += size;
            next += 1;
        }
    }
    packs.extend((next > start).then_some(start..next));
    packs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families(all: &[(usize, &[usize])]) -> Vec<Family> {
        all.iter().map(|&(shared, sizes)| Family { shared, sizes: sizes.to_vec() }).collect()
    }

    #[test]
    fn a_pack_takes_what_fits_and_one_item_at_least() {
        assert_eq!(packed([3, 4, 5, 9, 1], 8), [0..2, 2..3, 3..4, 4..5]);
        assert_eq!(packed([4, 4, 4, 4, 4], 8), [0..2, 2..4, 4..5]);
        assert_eq!(packed([2, 2], 0), [0..1, 1..2]);
        assert_eq!(packed([0, 0, 1], 0), [0..2, 2..3]);
        assert!(packed([], 8).is_empty());
    }

    #[test]
    fn families_stay_together_where_they_fit() {
        // 10 + 1 + 2 + 3 = 16, 10 + 4 + 4 = 18, and 10 + 9 + 9 + 9 = 37.
        let all = families(&[(10, &[1, 2, 3]), (10, &[4, 4]), (10, &[9, 9, 9])]);
        let ends = |limit| -> Vec<usize> {
            packed_families(all.clone(), limit).iter().map(|pack| pack.end).collect()
        };
        assert_eq!(ends(100), [8]);
        assert_eq!(ends(34), [5, 7, 8]);
        assert_eq!(ends(20), [3, 5, 6, 7, 8]);
        assert_eq!(ends(1), [1, 2, 3, 4, 5, 6, 7, 8]);
        let first_two = families(&[(10, &[1, 2, 3]), (10, &[4, 4])]);
        assert_eq!(packed_families(first_two, 15), [0..2, 2..3, 3..4, 4..5]);
    }
}
